//! GLX_MESA_query_renderer: the 3D side tells about itself.

use std::ffi::{c_char, c_int, c_uint};

use x11_dl::xlib::Display;

use super::display::AppDisplay;
use super::real;
use crate::interpose::Inside;
use crate::runtime::Runtime;

/// glXQueryRendererIntegerMESA.
pub unsafe fn integer(
    dpy: *mut Display,
    _screen: c_int,
    renderer: c_int,
    attribute: c_int,
    value: *mut c_uint,
) -> c_int {
    let (Some(_), Some(backend)) = (AppDisplay::of(dpy), Runtime::get().backend) else { return 0 };
    let (display, screen) = backend.display();
    let _inside = Inside::enter();
    let real = real::glXQueryRendererIntegerMESA.get();
    // SAFETY: the 3D side's Display and the program's place for the values.
    real.map_or(0, |query| unsafe { query(display, screen, renderer, attribute, value) })
}

/// glXQueryRendererStringMESA.
pub unsafe fn string(dpy: *mut Display, _screen: c_int, renderer: c_int, attribute: c_int) -> *const c_char {
    let (Some(_), Some(backend)) = (AppDisplay::of(dpy), Runtime::get().backend) else {
        return std::ptr::null();
    };
    let (display, screen) = backend.display();
    let _inside = Inside::enter();
    let real = real::glXQueryRendererStringMESA.get();
    // SAFETY: the 3D side's Display.
    real.map_or(std::ptr::null(), |query| unsafe { query(display, screen, renderer, attribute) })
}

/// glXQueryCurrentRendererIntegerMESA.
pub unsafe fn current_integer(attribute: c_int, value: *mut c_uint) -> c_int {
    let _inside = Inside::enter();
    // SAFETY: the program's own arguments.
    real::glXQueryCurrentRendererIntegerMESA.get().map_or(0, |query| unsafe { query(attribute, value) })
}

/// glXQueryCurrentRendererStringMESA.
pub unsafe fn current_string(attribute: c_int) -> *const c_char {
    let _inside = Inside::enter();
    let real = real::glXQueryCurrentRendererStringMESA.get();
    // SAFETY: the program's own argument.
    real.map_or(std::ptr::null(), |query| unsafe { query(attribute) })
}
