//! Swaps, swap intervals, and copies of a part of the back buffer.

use std::ffi::{c_int, c_uint};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use x11_dl::xlib::Display;

use super::current::{self, Current};
use super::display::AppDisplay;
use super::drawable::{Drawable, Kind, MAX_SWAP_INTERVAL};
use super::error::{GlxError, minor};
use super::{XID, real};
use crate::frame::pacing::pace;
use crate::frame::watch::Swap;
use crate::frame::{self, front};
use crate::gl::{api, buffers};
use crate::interpose::passes;
use crate::render::attributes as attr;
use crate::render::{Moment, Shown};
use crate::runtime::{Runtime, is_direct};
use crate::x11::Xlib;

/// glXSwapBuffers.
pub unsafe fn swap_buffers(dpy: *mut Display, xid: XID) {
    if passes() {
        // SAFETY: the program's own arguments.
        return unsafe { watch_real_swap(dpy, xid) };
    }
    if let Some(display) = AppDisplay::of(dpy) {
        swap_drawable(&display, xid);
    }
}

/// Swaps a drawable, wherever it is current.
pub fn swap_drawable(display: &Arc<AppDisplay>, xid: XID) {
    let _swap = Swap::enter();
    match current_on(display, xid) {
        Some(current) => swap_current(&current),
        None => swap_elsewhere(display, xid),
    }
}

/// What is current in this thread, if it draws to that drawable.
fn current_on(display: &Arc<AppDisplay>, xid: XID) -> Option<Rc<Current>> {
    current::get().filter(|current| {
        Arc::ptr_eq(&current.display, display)
            && current.draw.as_ref().is_some_and(|draw| XID::from(draw.xid) == xid)
    })
}

/// The usual swap: of the drawable that this thread draws to.
fn swap_current(current: &Current) {
    let Some(drawable) = &current.draw else { return };
    if !current.is_double_buffered() {
        // Without a back buffer a swap is a flush (GLX 1.4, 3.3.10).
        front::show(current);
        return;
    }
    buffers::exchange(Moment::Swap);
    make_frame(current);
    pace(&drawable.pacer, drawable.swap_interval.load(Relaxed));
}

/// Makes a frame of the back buffer of what this thread draws to.
pub fn make_frame(current: &Current) {
    let Some(drawable) = &current.draw else { return };
    // What the program asked of the server before comes before the frame.
    current.display.catch_up(true);
    match &drawable.kind {
        Kind::Window(window) => {
            if !window.is_gone() {
                frame::send(current, window, api::BACK);
            }
            frame::keep_front(current, drawable);
        }
        Kind::Pixmap(target) => {
            target.write_back(current, api::BACK);
            frame::keep_front(current, drawable);
        }
        Kind::Pbuffer { .. } => {
            drawable.front_used.store(true, Relaxed);
            frame::keep_front(current, drawable);
        }
    }
    drawable.note_swap();
    buffers::exchange(Moment::Swapped);
    current.front_dirty.set(front::is_selected(current));
    current.follow_size();
}

/// A drawable that is current in another thread, or in none.
fn swap_elsewhere(display: &AppDisplay, xid: XID) {
    let Some(drawable) = Drawable::find(display, xid) else {
        display.raise(GlxError::BadDrawable, xid, minor::SWAP_BUFFERS);
        return;
    };
    if let (Some(window), Some(surface)) = (drawable.window(), drawable.existing_surface()) {
        let double_buffered = drawable.config().is_some_and(|config| config.is_double_buffered());
        let buffer = if double_buffered { api::BACK } else { api::FRONT };
        display.catch_up(true);
        let backend = Runtime::get().backend;
        let shown = match backend.map_or(Shown::Itself, |backend| backend.to_show(&surface)) {
            Shown::Itself => Some(surface),
            Shown::Copy(copy) => Some(copy),
            Shown::Later => None,
        };
        if let Some(shown) = shown {
            frame::send_from_worker(window, &shown, buffer, drawable.config());
            drawable.note_swap();
        }
        pace(&drawable.pacer, drawable.swap_interval.load(Relaxed));
    }
}

/// glXCopySubBufferMESA: a part of the back buffer, its origin at the lower left, goes to the front buffer and is shown.
/// Only a drawable that this thread draws to has contents that it could mean.
pub unsafe fn copy_sub_buffer(dpy: *mut Display, xid: XID, x: c_int, y: c_int, width: c_int, height: c_int) {
    let Some(display) = AppDisplay::of(dpy) else { return };
    let Some(current) = current_on(&display, xid).filter(|current| current.is_double_buffered()) else {
        if Drawable::find(&display, xid).is_none() {
            display.raise(GlxError::BadDrawable, xid, minor::SWAP_BUFFERS);
        }
        return;
    };
    let Some(drawable) = &current.draw else { return };
    buffers::exchange(Moment::Flush);
    front::restore(&current);
    frame::copy::part_to_front(&current, [x, y, x.saturating_add(width), y.saturating_add(height)]);
    display.catch_up(true);
    match &drawable.kind {
        Kind::Window(window) if !window.is_gone() => frame::send(&current, window, api::FRONT),
        Kind::Pixmap(target) => target.write_back(&current, api::FRONT),
        Kind::Window(_) | Kind::Pbuffer { .. } => {}
    }
}

/// The driver's own swap; in direct mode it is counted.
///
/// # Safety
/// The arguments are those of a glXSwapBuffers call.
unsafe fn watch_real_swap(dpy: *mut Display, xid: XID) {
    let _swap = is_direct().then(Swap::enter);
    if let Some(real) = real::glXSwapBuffers.get() {
        // SAFETY: the caller's contract.
        unsafe { real(dpy, xid) };
    }
    if !is_direct() {
        return;
    }
    frame::watched(xid as u32, || {
        if let Ok(xlib) = Xlib::get() {
            // SAFETY: the program's live Display.
            unsafe { (xlib.XSync)(dpy, 0) };
        }
    });
}

/// glXSwapIntervalEXT.
pub unsafe fn interval_ext(dpy: *mut Display, xid: XID, interval: c_int) {
    let Some(display) = AppDisplay::of(dpy) else { return };
    let Some(drawable) = Drawable::find(&display, xid) else {
        display.raise(GlxError::BadDrawable, xid, minor::CHANGE_DRAWABLE_ATTRIBUTES);
        return;
    };
    // A negative one allows late swaps to tear (GLX_EXT_swap_control_tear); ours never wait, and never tear.
    drawable.swap_interval.store(interval.clamp(-MAX_SWAP_INTERVAL, MAX_SWAP_INTERVAL), Relaxed);
}

/// Sets the interval of the drawable that this thread draws to.
fn set_current_interval(interval: c_int) -> c_int {
    match current::get().and_then(|current| current.draw.clone()) {
        Some(draw) => {
            draw.swap_interval.store(interval.min(MAX_SWAP_INTERVAL), Relaxed);
            attr::SUCCESS
        }
        None => attr::BAD_CONTEXT,
    }
}

/// glXSwapIntervalSGI: at least 1.
pub unsafe fn interval_sgi(interval: c_int) -> c_int {
    if interval <= 0 { attr::BAD_VALUE } else { set_current_interval(interval) }
}

/// glXSwapIntervalMESA: 0 turns synchronisation off.
pub unsafe fn interval_mesa(interval: c_uint) -> c_int {
    c_int::try_from(interval).map_or(attr::BAD_VALUE, set_current_interval)
}

/// glXGetSwapIntervalMESA.
pub unsafe fn get_interval_mesa() -> c_int {
    current::get()
        .and_then(|current| current.draw.as_ref().map(|draw| draw.swap_interval.load(Relaxed).abs()))
        .unwrap_or(0)
}
