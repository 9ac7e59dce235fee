//! GLX_MESA_query_renderer: the 3D side tells about itself, where it is a GLX one.

use std::ffi::{c_char, c_int, c_uint};

use x11_dl::xlib::Display;

use super::display::AppDisplay;
use super::real;
use crate::interpose::Inside;
use crate::runtime::Runtime;

/// The 3D side's Display and screen, for a Display of the program's.
fn display_3d(dpy: *mut Display) -> Option<(*mut Display, c_int)> {
    AppDisplay::of(dpy)?;
    Some(Runtime::get().backend?.display()).filter(|(display, _)| !display.is_null())
}

/// Whether the current context is one of GLX's own.
fn is_glx() -> bool {
    Runtime::get().backend.is_some_and(|backend| !backend.display().0.is_null())
}

/// glXQueryRendererIntegerMESA.
pub unsafe fn integer(
    dpy: *mut Display,
    _screen: c_int,
    renderer: c_int,
    attribute: c_int,
    value: *mut c_uint,
) -> c_int {
    let Some((display, screen)) = display_3d(dpy) else { return 0 };
    let _inside = Inside::enter();
    let real = real::glXQueryRendererIntegerMESA.get();
    // SAFETY: the 3D side's Display and the program's place for the values.
    real.map_or(0, |query| unsafe { query(display, screen, renderer, attribute, value) })
}

/// glXQueryRendererStringMESA.
pub unsafe fn string(dpy: *mut Display, _screen: c_int, renderer: c_int, attribute: c_int) -> *const c_char {
    let Some((display, screen)) = display_3d(dpy) else { return std::ptr::null() };
    let _inside = Inside::enter();
    let real = real::glXQueryRendererStringMESA.get();
    // SAFETY: the 3D side's Display.
    real.map_or(std::ptr::null(), |query| unsafe { query(display, screen, renderer, attribute) })
}

/// glXQueryCurrentRendererIntegerMESA.
pub unsafe fn current_integer(attribute: c_int, value: *mut c_uint) -> c_int {
    if !is_glx() {
        return 0;
    }
    let _inside = Inside::enter();
    // SAFETY: the program's own arguments.
    real::glXQueryCurrentRendererIntegerMESA.get().map_or(0, |query| unsafe { query(attribute, value) })
}

/// glXQueryCurrentRendererStringMESA.
pub unsafe fn current_string(attribute: c_int) -> *const c_char {
    if !is_glx() {
        return std::ptr::null();
    }
    let _inside = Inside::enter();
    let real = real::glXQueryCurrentRendererStringMESA.get();
    // SAFETY: the program's own argument.
    real.map_or(std::ptr::null(), |query| unsafe { query(attribute) })
}
