//! What is current in each thread, as far as it has surfaces of ours. GLX keeps its own (`glx::current`): a thread has
//! a context of the one or of the other.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::rc::Rc;
use std::sync::Arc;

use super::context::Context;
use super::display::AppDisplay;
use super::numbers as egl;
use super::surface::{Pbuffer, Surface, Target};
use super::{EGLBoolean, EGLContext, EGLDisplay, EGLSurface, TRUE, driver, error};
use crate::frame;
use crate::frame::readback::{self, Target as Pixels};
use crate::gl::api::{self, gl};
use crate::gl::features::Features;
use crate::gl::selection::{Half, Kind};
use crate::gl::state::{Resolved, Source};
use crate::gl::viewports::{News, Viewports};
use crate::glx;
use crate::interpose::Inside;
use crate::slot::Slot;

/// The pbuffers of surfaces of ours that are bound to draw to and to read from.
type Bound = (Option<Arc<Pbuffer>>, Option<Arc<Pbuffer>>);

/// A context that is current in a thread with at least one surface of ours, or on a display that has them.
pub struct Current {
    /// Its display.
    pub display: Arc<AppDisplay>,
    context: usize,
    /// The program's handles.
    handles: (usize, usize),
    /// What is drawn to, if it is ours.
    pub draw: Option<Arc<Surface>>,
    /// What is read from, if it is ours.
    pub read: Option<Arc<Surface>>,
    /// Their pbuffers that are bound.
    bound: RefCell<Bound>,
    /// What is known of the context.
    pub known: Arc<Context>,
    /// Whether the front buffer may have been drawn to since it was last shown.
    pub front_dirty: Cell<bool>,
    viewports: Viewports,
}

thread_local! {
    static CURRENT: Slot<Current> = const { Slot::new() };
}

/// What is current in this thread; None without a surface of ours.
#[inline]
pub fn get() -> Option<Rc<Current>> {
    CURRENT.with(Slot::get)
}

fn set(current: Option<Current>) {
    CURRENT.with(|slot| slot.set(current));
}

/// In a forked child: nothing is current, and what the parent had is not touched.
pub fn forget() {
    CURRENT.with(Slot::forget);
}

/// Whether EGL has a context current in this thread, of whichever display. With an EGL device as the 3D side it may be
/// what GLX made current.
pub fn has_context() -> bool {
    !driver!(api eglGetCurrentContext()).is_null()
}

/// Whether a surface is what this thread draws to.
pub fn draws_to(surface: &Arc<Surface>) -> Option<Rc<Current>> {
    get().filter(|current| current.draw.as_ref().is_some_and(|draw| Arc::ptr_eq(draw, surface)))
}

/// The pbuffers that a context's selection of buffers means.
fn wanted(known: &Context, draw: &Option<Arc<Surface>>, read: &Option<Arc<Surface>>) -> Bound {
    let selection = known.selection.lock();
    let draw = draw.as_ref().map(|draw| draw.half(selection.draw_half(Kind::mono(draw.is_double()))));
    (draw, read.as_ref().map(|read| read.half(selection.read_half(Kind::mono(read.is_double())))))
}

impl Current {
    /// What the context's GL can do.
    pub fn features(&self) -> &Features {
        self.known.features()
    }

    /// Whether it is this context, which a program names with its display.
    pub fn is_of(&self, dpy: EGLDisplay, ctx: EGLContext) -> bool {
        self.display.handle() == dpy && self.context == ctx as usize
    }

    /// Whether it has a surface of ours.
    pub fn has_surfaces(&self) -> bool {
        self.draw.is_some() || self.read.is_some()
    }

    /// Hears of what became of its windows.
    pub fn catch_up(&self, thorough: bool) {
        for surface in [&self.draw, &self.read].into_iter().flatten() {
            surface.native.catch_up(thorough);
            if self.handles.0 == self.handles.1 {
                return;
            }
        }
    }

    /// A viewport of a new size usually follows a window's: the pbuffer must have it before anything is drawn.
    pub fn viewport_is(&self, size: (i32, i32)) {
        let news = self.viewports.note(size);
        if news == News::Same {
            return;
        }
        self.catch_up(false);
        if let Some(draw) = self.draw.as_ref().filter(|_| news == News::New) {
            let (width, height) = draw.size();
            if (i32::from(width), i32::from(height)) != size {
                // The program may have heard of a resize by another client before us.
                draw.native.side.server.sync();
            }
        }
        self.follow_size();
    }

    /// Follows windows that changed their size, and the selection of buffers: other pbuffers, bound in this thread.
    pub fn follow_size(&self) {
        for surface in [&self.draw, &self.read].into_iter().flatten() {
            surface.fit();
        }
        let new = wanted(&self.known, &self.draw, &self.read);
        let is_same = |new: &Option<Arc<Pbuffer>>, old: &Option<Arc<Pbuffer>>| match (new, old) {
            (Some(new), Some(old)) => Arc::ptr_eq(new, old),
            _ => true,
        };
        let same = {
            let bound = self.bound.borrow();
            is_same(&new.0, &bound.0) && is_same(&new.1, &bound.1)
        };
        if !same {
            // The old ones may be destroyed once they are no longer bound.
            let _old = self.bound.replace(new);
            self.viewports.resized();
            self.rebind();
            self.settle_read_name();
        }
    }

    /// The driver's handles of what is bound.
    fn raw(&self) -> (EGLSurface, EGLSurface) {
        let bound = self.bound.borrow();
        let raw = |pbuffer: &Option<Arc<Pbuffer>>, handle: usize| {
            pbuffer.as_ref().map_or(handle as EGLSurface, |pbuffer| pbuffer.raw())
        };
        (raw(&bound.0, self.handles.0), raw(&bound.1, self.handles.1))
    }

    /// Binds surfaces of the driver's to the context.
    pub fn bind(&self, draw: EGLSurface, read: EGLSurface) -> bool {
        driver!(eglMakeCurrent(self.display.handle(), draw, read, self.context as EGLContext)) != 0
    }

    /// Binds the program's surfaces (again).
    pub fn rebind(&self) {
        let (draw, read) = self.raw();
        if !self.bind(draw, read) {
            log::error!("cannot bind the program's EGL surfaces again");
        }
    }

    /// Reads a buffer of what is drawn to, whatever is bound to read from.
    pub fn read_pixels(&self, half: Half, target: Pixels) {
        let Some(draw) = &self.draw else { return };
        let wanted = draw.half(half).raw();
        let elsewhere = self.raw() != (wanted, wanted) && self.bind(wanted, wanted);
        {
            let _inside = Inside::enter();
            let features = self.features();
            let format = self.draw.as_ref().and_then(|draw| draw.resolved_format);
            let size = (i32::from(target.width), i32::from(target.height));
            match format.and_then(|format| Resolved::new(features, api::BACK, format, size)) {
                Some(from) => readback::read_from(features, Source::Object(from.framebuffer), target),
                None => readback::read(features, api::BACK, target),
            }
        }
        if elsewhere {
            self.rebind();
        }
    }

    /// The size of what is bound to draw to, if it is ours.
    pub fn size(&self) -> Option<(u16, u16)> {
        self.bound.borrow().0.as_ref().map(|pbuffer| (pbuffer.width, pbuffer.height))
    }

    /// Shows what was drawn to a buffer that is seen at once: a surface's only one, or a window's front buffer.
    pub fn show(&self) {
        match self.draw.as_ref().map(|draw| &draw.target) {
            Some(Target::Window { window, single: true }) if !window.is_gone() => {
                self.send(window, Half::Back);
            }
            Some(Target::Window { window, .. }) if self.front_dirty.get() && !window.is_gone() => {
                // As at a swap: what the program asked of the server before comes before the frame.
                self.catch_up(true);
                self.mirror();
                self.send(window, Half::Front);
                self.front_dirty.set(self.draws_front());
            }
            Some(Target::Pixmap(pixmap)) => pixmap.write_back(self),
            _ => {}
        }
    }

    /// Makes a frame of a window from a buffer of what is drawn to.
    pub fn send(&self, window: &glxrun_display::Window, half: Half) {
        let Some(size) = self.size() else { return };
        if !frame::deliver(window, size, |target| self.read_pixels(half, target)) {
            // What was drawn is to reach the GPU all the same: other contexts may use it.
            let _inside = Inside::enter();
            gl!(real glFlush());
        }
    }

    /// Releases the context while `work` runs, which needs the surface in another thread.
    pub fn without<T>(&self, work: impl FnOnce() -> T) -> T {
        let none = std::ptr::null_mut();
        driver!(eglMakeCurrent(self.display.handle(), none, none, none));
        let result = work();
        self.rebind();
        result
    }
}

/// eglMakeCurrent.
pub unsafe fn make_current(
    dpy: EGLDisplay,
    draw: EGLSurface,
    read: EGLSurface,
    ctx: EGLContext,
) -> EGLBoolean {
    // One thread has one context. Of an EGL device's, GLVND cannot tell which API made it current.
    if !ctx.is_null() && glx::current::get().is_some() {
        return error::fail(egl::BAD_ACCESS);
    }
    let previous = get();
    let display = AppDisplay::find(dpy);
    if let Some(current) = &previous {
        let same = current.display.handle() == dpy
            && current.context == ctx as usize
            && current.handles == (draw as usize, read as usize);
        if same {
            current.show();
            current.catch_up(true);
            current.follow_size();
            return error::succeed();
        }
        current.show();
    }
    let find = |handle: EGLSurface| display.as_ref().and_then(|display| display.surface(handle));
    let (draw_surface, read_surface) = (find(draw), find(read));
    for surface in [&draw_surface, &read_surface].into_iter().flatten() {
        surface.native.catch_up(true);
        surface.fit();
    }
    let known = match &display {
        Some(display) if !ctx.is_null() => Context::of(display, ctx as usize),
        _ => Arc::default(),
    };
    if let Some(draw) = &draw_surface {
        known.selection.lock().start(Kind::mono(draw.is_double()));
    }
    let bound = wanted(&known, &draw_surface, &read_surface);
    let raw =
        |pbuffer: &Option<Arc<Pbuffer>>, handle| pbuffer.as_ref().map_or(handle, |pbuffer| pbuffer.raw());
    if driver!(eglMakeCurrent(dpy, raw(&bound.0, draw), raw(&bound.1, read), ctx)) == 0 {
        return error::theirs(0);
    }
    let ours = draw_surface.is_some() || read_surface.is_some();
    set(display.filter(|_| ours).map(|display| Current {
        display,
        context: ctx as usize,
        handles: (draw as usize, read as usize),
        draw: draw_surface,
        read: read_surface,
        bound: RefCell::new(bound),
        known,
        front_dirty: Cell::new(false),
        viewports: Viewports::default(),
    }));
    if let Some(current) = get().filter(|current| current.has_surfaces()) {
        current.front_dirty.set(current.draws_front());
        current.settle_read_name();
    }
    error::theirs(TRUE)
}

/// eglReleaseThread.
pub unsafe fn release_thread() -> EGLBoolean {
    if let Some(current) = get() {
        current.show();
    }
    let released = driver!(eglReleaseThread());
    set(None);
    error::theirs(released)
}

/// eglGetCurrentSurface.
pub unsafe fn surface(which: c_int) -> EGLSurface {
    let theirs = driver!(eglGetCurrentSurface(which));
    error::theirs(());
    let Some(current) = get() else { return theirs };
    let (draw, read) = current.raw();
    match which {
        egl::DRAW if theirs == draw => current.handles.0 as EGLSurface,
        egl::READ if theirs == read => current.handles.1 as EGLSurface,
        _ => theirs,
    }
}

/// What GL has drawn is there for X requests that follow.
fn settle() {
    if let Some(current) = get() {
        current.show();
        if let Some(Target::Window { window, .. }) = current.draw.as_ref().map(|draw| &draw.target) {
            window.finish();
        }
    }
}

/// eglWaitClient.
pub unsafe fn wait_client() -> EGLBoolean {
    let answer = driver!(eglWaitClient());
    settle();
    error::theirs(answer)
}

/// eglWaitGL.
pub unsafe fn wait_gl() -> EGLBoolean {
    let answer = driver!(eglWaitGL());
    settle();
    error::theirs(answer)
}

/// eglWaitNative: what X has drawn is there for GL calls that follow.
pub unsafe fn wait_native(engine: c_int) -> EGLBoolean {
    let answer = driver!(eglWaitNative(engine));
    if let Some(current) = get().filter(|_| engine == egl::CORE_NATIVE_ENGINE) {
        current.catch_up(true);
        current.follow_size();
        if let Some(surface) = &current.draw
            && let Target::Pixmap(pixmap) = &surface.target
        {
            surface.native.sync();
            current.without(|| pixmap.fill(&surface.pbuffer(), surface.config()));
        }
    }
    error::theirs(answer)
}
