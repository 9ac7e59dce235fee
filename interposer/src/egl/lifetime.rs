//! eglInitialize and eglTerminate as the program knows them.
//!
//! The driver's display is initialised when we open it, and a device's may be GLX's too and is never terminated. So
//! whether a display is initialised is kept here: before eglInitialize and after eglTerminate its functions fail with
//! EGL_NOT_INITIALIZED (EGL 1.5, 3.2), as a program expects that asks for such an error.

use std::ffi::{c_char, c_int};
use std::sync::atomic::Ordering::Relaxed;

use super::display::AppDisplay;
use super::{EGLAttrib, EGLBoolean, EGLConfig, EGLDisplay, EGLSurface, FALSE, TRUE, driver, error};
use crate::interpose::Nothing;

/// Whether a call on a display must fail because it is not initialised; the error is then set.
pub fn refuses(dpy: EGLDisplay) -> bool {
    let refuses = AppDisplay::find(dpy).is_some_and(|display| !display.initialized.load(Relaxed));
    if refuses {
        error::fail(super::numbers::NOT_INITIALIZED);
    }
    refuses
}

/// eglInitialize.
pub unsafe fn initialize(dpy: EGLDisplay, major: *mut c_int, minor: *mut c_int) -> EGLBoolean {
    let answer = driver!(eglInitialize(dpy, major, minor));
    if answer == TRUE
        && let Some(display) = AppDisplay::find(dpy)
    {
        display.initialized.store(true, Relaxed);
    }
    error::theirs(answer)
}

/// eglTerminate.
pub unsafe fn terminate(dpy: EGLDisplay) -> EGLBoolean {
    match AppDisplay::find(dpy) {
        Some(display) if display.end() == TRUE => error::succeed(),
        Some(_) => error::theirs(FALSE),
        None => error::theirs(driver!(eglTerminate(dpy))),
    }
}

/// Handlers of functions that are the driver's but for displays that are not initialised.
macro_rules! passed_on {
    ($($handler:ident: $real:ident($($arg:ident: $type:ty),*) -> $ret:ty;)*) => { $(
        #[doc = concat!(stringify!($real), ".")]
        pub unsafe fn $handler(dpy: EGLDisplay, $($arg: $type),*) -> $ret {
            if refuses(dpy) {
                return <$ret as Nothing>::NOTHING;
            }
            error::theirs(driver!($real(dpy, $($arg),*)))
        }
    )* };
}

passed_on! {
    create_pbuffer: eglCreatePbufferSurface(config: EGLConfig, attribs: *const c_int) -> EGLSurface;
    query_attribute: eglQueryDisplayAttribEXT(attribute: c_int, value: *mut EGLAttrib) -> EGLBoolean;
    query_attribute_khr: eglQueryDisplayAttribKHR(attribute: c_int, value: *mut EGLAttrib) -> EGLBoolean;
    driver_name: eglGetDisplayDriverName() -> *const c_char;
    driver_config: eglGetDisplayDriverConfig() -> *mut c_char;
}
