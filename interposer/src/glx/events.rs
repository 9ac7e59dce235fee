//! Drawable events. Our surfaces are never clobbered, so that mask is only remembered; swaps are told of.

use std::ffi::c_ulong;
use std::sync::atomic::Ordering::Relaxed;

use x11_dl::xlib::Display;

use super::XID;
use super::display::AppDisplay;
use super::drawable::Drawable;
use super::error::{GlxError, minor};
use super::swap_events::Listener;

/// GLX_PBUFFER_CLOBBER_MASK (GLX 1.4, 3.3.11).
const PBUFFER_CLOBBER: c_ulong = 0x0800_0000;
/// GLX_BUFFER_SWAP_COMPLETE_INTEL_MASK (GLX_INTEL_swap_event).
const SWAP_COMPLETE: c_ulong = 0x0400_0000;

/// glXSelectEvent.
pub unsafe fn select(dpy: *mut Display, xid: XID, mask: c_ulong) {
    let Some(display) = AppDisplay::of(dpy) else { return };
    let Some(drawable) = Drawable::find(&display, xid) else {
        display.raise(GlxError::BadDrawable, xid, minor::CHANGE_DRAWABLE_ATTRIBUTES);
        return;
    };
    drawable.event_mask.store(mask & (PBUFFER_CLOBBER | SWAP_COMPLETE), Relaxed);
    // The event names the X window, not the GLXWindow, as with Mesa.
    let named = drawable.window().map_or(drawable.xid, |window| window.id());
    let listener = (mask & SWAP_COMPLETE != 0).then(|| Listener::new(&display, named)).flatten();
    drawable.listen(listener);
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
