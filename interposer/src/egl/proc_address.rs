//! eglGetProcAddress.

use std::ffi::{CStr, c_char};

use super::driver;
use crate::glx::GLFunction;
use crate::interpose::{self, Library};

/// eglGetProcAddress: ours for the rows of the table, else the driver's.
pub unsafe fn get(name: *const c_char) -> GLFunction {
    if !name.is_null()
        // SAFETY: the program passes a C string.
        && let Some(row) = interpose::find(unsafe { CStr::from_ptr(name) })
        && matches!(row.library, Library::Gl | Library::Egl)
    {
        // SAFETY: the address of a function; the program casts it to the right type.
        return unsafe { std::mem::transmute::<*const std::ffi::c_void, GLFunction>(row.ours) };
    }
    driver!(eglGetProcAddress(name))
}
