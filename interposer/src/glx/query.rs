//! Is GLX there, and which version?

use std::ffi::c_int;

use x11_dl::xlib::Display;

use super::display::AppDisplay;

/// glXQueryExtension.
pub unsafe fn extension(dpy: *mut Display, error_base: *mut c_int, event_base: *mut c_int) -> c_int {
    let Some(display) = AppDisplay::of(dpy) else { return 0 };
    let codes = display.side.codes;
    // SAFETY: the program passes places for the two (null is tolerated).
    unsafe {
        if let Some(error_base) = error_base.as_mut() {
            *error_base = codes.first_error.into();
        }
        if let Some(event_base) = event_base.as_mut() {
            *event_base = codes.first_event.into();
        }
    }
    1
}

/// glXQueryVersion: 1.4.
pub unsafe fn version(dpy: *mut Display, major: *mut c_int, minor: *mut c_int) -> c_int {
    if AppDisplay::of(dpy).is_none() {
        return 0;
    }
    // SAFETY: the program passes places for the two (null is tolerated).
    unsafe {
        if let Some(major) = major.as_mut() {
            *major = 1;
        }
        if let Some(minor) = minor.as_mut() {
            *minor = 4;
        }
    }
    1
}
