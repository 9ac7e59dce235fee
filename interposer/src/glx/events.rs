//! Drawable events. Our surfaces are never clobbered, so a mask is only remembered.

use std::ffi::c_ulong;
use std::sync::atomic::Ordering::Relaxed;

use x11_dl::xlib::Display;

use super::XID;
use super::display::AppDisplay;
use super::drawable::Drawable;
use super::error::{GlxError, minor};

/// GLX_PBUFFER_CLOBBER_MASK, the one event that a drawable may select (GLX 1.4, 3.3.11).
const PBUFFER_CLOBBER: c_ulong = 0x0800_0000;

/// glXSelectEvent.
pub unsafe fn select(dpy: *mut Display, xid: XID, mask: c_ulong) {
    let Some(display) = AppDisplay::of(dpy) else { return };
    match Drawable::find(&display, xid) {
        Some(drawable) => drawable.event_mask.store(mask & PBUFFER_CLOBBER, Relaxed),
        None => display.raise(GlxError::BadDrawable, xid, minor::CHANGE_DRAWABLE_ATTRIBUTES),
    }
}

/// glXGetSelectedEvent.
pub unsafe fn selected(dpy: *mut Display, xid: XID, mask: *mut c_ulong) {
    let Some(display) = AppDisplay::of(dpy) else { return };
    let Some(drawable) = Drawable::find(&display, xid) else {
        display.raise(GlxError::BadDrawable, xid, minor::GET_DRAWABLE_ATTRIBUTES);
        return;
    };
    // SAFETY: the program passes a place for the mask (null is tolerated).
    if let Some(mask) = unsafe { mask.as_mut() } {
        *mask = drawable.event_mask.load(Relaxed) as c_ulong;
    }
}
