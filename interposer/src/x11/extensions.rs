//! Extension queries: the program must find GLX where the 2D side has none, and must not where no 3D side is.

use std::ffi::{CStr, c_char, c_int};

use x11_dl::xlib::Display;

use super::real;
use crate::dl;
use crate::glx::display::AppDisplay;

const GLX: &CStr = c"GLX";

/// XQueryExtension.
pub unsafe fn query(
    dpy: *mut Display,
    name: *const c_char,
    opcode: *mut c_int,
    event: *mut c_int,
    error: *mut c_int,
) -> c_int {
    // SAFETY: the program passes a C string.
    let asks_for_glx = !name.is_null() && unsafe { CStr::from_ptr(name) } == GLX;
    if !asks_for_glx || super::is_own(dpy) || dl::is_driver() {
        // SAFETY: the program's own arguments.
        return real::XQueryExtension
            .get()
            .map_or(0, |real| unsafe { real(dpy, name, opcode, event, error) });
    }
    let Some(display) = AppDisplay::of(dpy) else { return 0 };
    let codes = display.side.codes;
    let answers = [(opcode, codes.major_opcode), (event, codes.first_event), (error, codes.first_error)];
    for (place, value) in answers {
        // SAFETY: the program passes places for the three (null is tolerated).
        if let Some(place) = unsafe { place.as_mut() } {
            *place = value.into();
        }
    }
    1
}

/// XListExtensions, with GLX. A program that has no GL library loaded sees its server's own list.
pub unsafe fn list(dpy: *mut Display, count: *mut c_int) -> *mut *mut c_char {
    let Some(real) = real::XListExtensions.get() else { return std::ptr::null_mut() };
    // SAFETY: the program's own arguments.
    let names = unsafe { real(dpy, count) };
    if names.is_null()
        || count.is_null()
        || super::is_own(dpy)
        || !dl::has_gl()
        || dl::is_driver()
        || AppDisplay::of(dpy).is_none()
    {
        return names;
    }
    // SAFETY: Xlib gave an array of that many C strings.
    let listed = unsafe { std::slice::from_raw_parts(names, (*count).max(0) as usize) };
    // SAFETY: as above.
    let mut all: Vec<&CStr> = listed.iter().map(|&name| unsafe { CStr::from_ptr(name) }).collect();
    if all.contains(&GLX) {
        return names;
    }
    all.push(GLX);
    let Some(extended) = allocate(&all) else { return names };
    // SAFETY: the old list is Xlib's to free; the new one has been copied from it; `count` is the program's place.
    unsafe {
        if let Ok(xlib) = super::Xlib::get() {
            (xlib.XFreeExtensionList)(names);
        }
        *count = all.len() as c_int;
    }
    extended
}

/// A list that XFreeExtensionList can free: an array, and one block of strings that begins one byte before the
/// first (XFreeExtensionList frees `list[0] - 1` and `list`).
fn allocate(names: &[&CStr]) -> Option<*mut *mut c_char> {
    let length: usize = 1 + names.iter().map(|name| name.to_bytes_with_nul().len()).sum::<usize>();
    // SAFETY: sizes as computed; every string is written inside the block.
    unsafe {
        let array = libc::malloc(std::mem::size_of_val(names)).cast::<*mut c_char>();
        let block = libc::malloc(length).cast::<c_char>();
        if array.is_null() || block.is_null() {
            libc::free(array.cast());
            libc::free(block.cast());
            return None;
        }
        let mut place = block.add(1);
        for (index, name) in names.iter().enumerate() {
            let bytes = name.to_bytes_with_nul();
            std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), place, bytes.len());
            array.add(index).write(place);
            place = place.add(bytes.len());
        }
        Some(array)
    }
}
