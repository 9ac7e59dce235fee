//! Contexts: the driver's own, and what is known of them beside.

use std::ffi::c_int;
use std::sync::Arc;

use once_cell::sync::OnceCell;
use parking_lot::Mutex;

use super::display::AppDisplay;
use super::numbers as egl;
use super::{EGLBoolean, EGLConfig, EGLContext, EGLDisplay, current, driver, error, lifetime};
use crate::gl::features::Features;
use crate::gl::lists::Lists;
use crate::gl::selection::Selection;

/// What is known of a context.
#[derive(Default)]
pub struct Context {
    features: OnceCell<Features>,
    /// The buffers of windows that the program has selected in it.
    pub selection: Mutex<Selection>,
    /// The display lists of its share group that are more than the driver's.
    pub lists: Arc<Lists>,
}

impl Context {
    /// What is known of a context of a display, from now on.
    pub fn of(display: &AppDisplay, handle: usize) -> Arc<Self> {
        if let Some(known) = display.contexts.read().get(&handle) {
            return known.clone();
        }
        display.contexts.write().entry(handle).or_default().clone()
    }

    /// What its GL can do. The context must be current in this thread.
    pub fn features(&self) -> &Features {
        self.features.get_or_init(Features::of_current)
    }
}

/// eglCreateContext.
pub unsafe fn create(
    dpy: EGLDisplay,
    config: EGLConfig,
    share: EGLContext,
    attribs: *const c_int,
) -> EGLContext {
    if lifetime::refuses(dpy) {
        return std::ptr::null_mut();
    }
    let made = driver!(eglCreateContext(dpy, config, share, attribs));
    if !made.is_null()
        && !share.is_null()
        && let Some(display) = AppDisplay::find(dpy)
    {
        let lists = Context::of(&display, share as usize).lists.clone();
        display.contexts.write().insert(made as usize, Arc::new(Context { lists, ..Context::default() }));
    }
    error::theirs(made)
}

/// eglDestroyContext. Its handle may come back as another context's.
pub unsafe fn destroy(dpy: EGLDisplay, ctx: EGLContext) -> EGLBoolean {
    if let Some(display) = AppDisplay::find(dpy) {
        display.contexts.write().remove(&(ctx as usize));
    }
    error::theirs(driver!(eglDestroyContext(dpy, ctx)))
}

/// eglQueryContext. Which buffer a context draws to is a matter of the surface that it has (EGL 1.5, 3.7.4).
pub unsafe fn query(dpy: EGLDisplay, ctx: EGLContext, attribute: c_int, value: *mut c_int) -> EGLBoolean {
    let answer = error::theirs(driver!(eglQueryContext(dpy, ctx, attribute, value)));
    if answer != 0
        && attribute == egl::RENDER_BUFFER
        && let Some(current) = current::get().filter(|current| current.is_of(dpy, ctx))
        && let Some(draw) = &current.draw
        // SAFETY: the driver has just written there, or there is none.
        && let Some(value) = unsafe { value.as_mut() }
    {
        *value = draw.render_buffer();
    }
    answer
}
