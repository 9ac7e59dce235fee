//! GLX_MESA_query_renderer: the 3D side's GLX tells about itself, or its back end does.

use std::ffi::{c_char, c_int, c_uint};

use x11_dl::xlib::Display;

use super::display::AppDisplay;
use super::real;
use crate::interpose::Inside;
use crate::render::renderer::Renderer;
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

/// The back end's own answers, where it is no GLX one.
fn told() -> Option<&'static Renderer> {
    Runtime::get().backend?.renderer()
}

/// Stores a back end's numbers; whether there are any.
unsafe fn store(renderer: Option<&Renderer>, attribute: c_int, value: *mut c_uint) -> c_int {
    let Some(numbers) = renderer.and_then(|renderer| renderer.integers(attribute)) else { return 0 };
    if value.is_null() {
        return 0;
    }
    // SAFETY: the program's place has room for the numbers of the attribute that it asks for.
    unsafe { std::ptr::copy_nonoverlapping(numbers.as_ptr(), value, numbers.len()) };
    1
}

fn text(renderer: Option<&'static Renderer>, attribute: c_int) -> *const c_char {
    renderer.and_then(|renderer| renderer.string(attribute)).map_or(std::ptr::null(), |text| text.as_ptr())
}

/// Whether a question is for the back end: of a screen and of the only renderer.
fn asks_backend(dpy: *mut Display, screen: c_int, renderer: c_int) -> bool {
    !is_glx() && renderer == 0 && AppDisplay::of(dpy).is_some_and(|display| display.screen(screen).is_some())
}

/// glXQueryRendererIntegerMESA.
pub unsafe fn integer(
    dpy: *mut Display,
    screen: c_int,
    renderer: c_int,
    attribute: c_int,
    value: *mut c_uint,
) -> c_int {
    if asks_backend(dpy, screen, renderer) {
        // SAFETY: the program's place.
        return unsafe { store(told(), attribute, value) };
    }
    let Some((display, screen)) = display_3d(dpy) else { return 0 };
    let _inside = Inside::enter();
    let real = real::glXQueryRendererIntegerMESA.get();
    // SAFETY: the 3D side's Display and the program's place for the values.
    real.map_or(0, |query| unsafe { query(display, screen, renderer, attribute, value) })
}

/// glXQueryRendererStringMESA.
pub unsafe fn string(dpy: *mut Display, screen: c_int, renderer: c_int, attribute: c_int) -> *const c_char {
    if asks_backend(dpy, screen, renderer) {
        return text(told(), attribute);
    }
    let Some((display, screen)) = display_3d(dpy) else { return std::ptr::null() };
    let _inside = Inside::enter();
    let real = real::glXQueryRendererStringMESA.get();
    // SAFETY: the 3D side's Display.
    real.map_or(std::ptr::null(), |query| unsafe { query(display, screen, renderer, attribute) })
}

/// The renderer of the current context, if there is one.
fn of_current() -> Option<&'static Renderer> {
    super::current::get().and_then(|_| told())
}

/// glXQueryCurrentRendererIntegerMESA.
pub unsafe fn current_integer(attribute: c_int, value: *mut c_uint) -> c_int {
    if !is_glx() {
        // SAFETY: the program's place.
        return unsafe { store(of_current(), attribute, value) };
    }
    let _inside = Inside::enter();
    // SAFETY: the program's own arguments.
    real::glXQueryCurrentRendererIntegerMESA.get().map_or(0, |query| unsafe { query(attribute, value) })
}

/// glXQueryCurrentRendererStringMESA.
pub unsafe fn current_string(attribute: c_int) -> *const c_char {
    if !is_glx() {
        return text(of_current(), attribute);
    }
    let _inside = Inside::enter();
    let real = real::glXQueryCurrentRendererStringMESA.get();
    // SAFETY: the program's own argument.
    real.map_or(std::ptr::null(), |query| unsafe { query(attribute) })
}
