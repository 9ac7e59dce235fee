//! The driver's EGL functions that only we call: the program's calls of them pass us by.

#![allow(non_upper_case_globals, reason = "these are the C names")]

use std::ffi::{c_char, c_int, c_uint, c_void};

use crate::interpose::{Library, Real, c_name};

macro_rules! functions {
    ($(fn $name:ident($($type:ty),*) -> $ret:ty;)*) => {
        $(pub static $name: Real<unsafe extern "C" fn($($type),*) -> $ret> =
            Real::new(Library::Egl, c_name!($name));)*
    };
}

functions! {
    fn eglBindAPI(c_uint) -> c_uint;
    fn eglGetCurrentContext() -> *mut c_void;
    fn eglQueryDevicesEXT(c_int, *mut *mut c_void, *mut c_int) -> c_uint;
    fn eglQueryDeviceStringEXT(*mut c_void, c_int) -> *const c_char;
}
