//! glXGetProcAddress.

use std::ffi::{CStr, c_uchar};

use super::GLFunction;
use crate::interpose::{self, Inside, Library};
use crate::trace;

/// glXGetProcAddress and glXGetProcAddressARB: ours for the rows of the table, else the driver's. A GLX function
/// that we do not have is one that we do not offer: the driver's would be told of Displays that it does not know.
pub unsafe fn get(name: *const c_uchar) -> GLFunction {
    if name.is_null() {
        return None;
    }
    // SAFETY: the program passes a C string.
    let name = unsafe { CStr::from_ptr(name.cast()) };
    // In direct mode only the swap is watched, unless all is traced; inside a driver call nothing is.
    if interpose::passes() && (interpose::is_inside() || name != c"glXSwapBuffers" && !trace::is_on()) {
        // SAFETY: the driver's answer is a function's address or null.
        return unsafe {
            std::mem::transmute::<*mut std::ffi::c_void, GLFunction>(interpose::proc_address(name))
        };
    }
    if let Some(row) = interpose::find(name)
        && matches!(row.library, Library::Gl | Library::Glx)
    {
        // SAFETY: the address of a function; the program casts it to the right type.
        return unsafe { std::mem::transmute::<*const std::ffi::c_void, GLFunction>(row.ours) };
    }
    if name.to_bytes().starts_with(b"glX") {
        return None;
    }
    let _inside = Inside::enter();
    // SAFETY: the driver's answer is a function's address or null.
    unsafe { std::mem::transmute::<*mut std::ffi::c_void, GLFunction>(interpose::proc_address(name)) }
}
