//! Swaps and swap intervals.

use std::ffi::{c_int, c_uint};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use x11_dl::xlib::Display;

use super::current::{self, Current};
use super::display::AppDisplay;
use super::drawable::{Drawable, Kind, MAX_SWAP_INTERVAL};
use super::error::{Code, GlxError, core, minor};
use super::{XID, real};
use crate::frame::{self, front, pacing};
use crate::gl::{api, buffers};
use crate::interpose::passes;
use crate::render::Moment;
use crate::render::attributes as attr;
use crate::runtime::{is_direct, settings};
use crate::x11::Xlib;

/// glXSwapBuffers.
pub unsafe fn swap_buffers(dpy: *mut Display, xid: XID) {
    if passes() {
        // SAFETY: the program's own arguments.
        return unsafe { watch_real_swap(dpy, xid) };
    }
    let Some(display) = AppDisplay::of(dpy) else { return };
    let here = current::get().filter(|current| {
        Arc::ptr_eq(&current.display, &display)
            && current.draw.as_ref().is_some_and(|draw| XID::from(draw.xid) == xid)
    });
    match here {
        Some(current) => swap_current(&current),
        None => swap_elsewhere(&display, xid),
    }
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
    buffers::exchange(Moment::Swapped);
    current.front_dirty.set(front::is_selected(current));
    current.display.catch_up(true);
    current.follow_size();
    pace(drawable);
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
        frame::send_from_worker(window, &surface, buffer);
        pace(&drawable);
    }
}

/// Waits as the swap interval and the frame-rate cap ask.
fn pace(drawable: &Drawable) {
    let settings = settings();
    let interval = drawable.swap_interval.load(Relaxed);
    if let Some(period) = pacing::period(interval, settings.refresh_rate, settings.fps)
        && let Some(due) = drawable.pacer.lock().next(Instant::now(), period)
    {
        pacing::sleep_until(due);
    }
}

/// The driver's own swap; in direct mode it is counted.
///
/// # Safety
/// The arguments are those of a glXSwapBuffers call.
unsafe fn watch_real_swap(dpy: *mut Display, xid: XID) {
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
    if interval < 0 {
        display.raise(Code::X(core::BAD_VALUE), 0, minor::CHANGE_DRAWABLE_ATTRIBUTES);
        return;
    }
    drawable.swap_interval.store(interval.min(MAX_SWAP_INTERVAL), Relaxed);
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
        .and_then(|current| current.draw.as_ref().map(|draw| draw.swap_interval.load(Relaxed)))
        .unwrap_or(0)
}
