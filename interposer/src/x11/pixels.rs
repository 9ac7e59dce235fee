//! Requests of the program that read or copy pixels which GL may have drawn.

use std::ffi::{c_int, c_uint, c_ulong};

use x11_dl::xlib::{Display, GC, XID, XImage};

use super::{real, shm_rows};
use crate::glx::pixmap;
use crate::runtime::Runtime;

/// A drawable of an X request that reads what GL drew: its frames are on the screen, its pixmap is up to date. With
/// `around`, frames of all windows are, since a window's picture includes its children.
pub fn settled(dpy: *mut Display, xid: XID, around: bool) -> XID {
    // Only a Display that GLX or EGL has seen can have drawables of ours.
    let Some(runtime) = Runtime::existing() else { return xid };
    let mut windows = runtime.egl.windows_of(dpy);
    let display = runtime.displays.read().get(&(dpy as usize)).cloned();
    if let Some(display) = &display {
        let drawables = display.side.drawables.read();
        windows.extend(drawables.values().filter_map(|drawable| drawable.window().cloned()));
    }
    for window in windows.iter().filter(|window| around || XID::from(window.id()) == xid) {
        window.finish();
    }
    display.map_or(xid, |display| pixmap::settled(&display, xid))
}

/// XGetImage.
#[allow(clippy::too_many_arguments, reason = "XGetImage has as many")]
pub unsafe fn get_image(
    dpy: *mut Display,
    drawable: XID,
    x: c_int,
    y: c_int,
    width: c_uint,
    height: c_uint,
    planes: c_ulong,
    format: c_int,
) -> *mut XImage {
    let drawable = settled(dpy, drawable, true);
    let Some(real) = real::XGetImage.get() else { return std::ptr::null_mut() };
    // SAFETY: the program's own arguments.
    unsafe { real(dpy, drawable, x, y, width, height, planes, format) }
}

/// XCopyArea.
#[allow(clippy::too_many_arguments, reason = "XCopyArea has as many")]
pub unsafe fn copy_area(
    dpy: *mut Display,
    source: XID,
    target: XID,
    gc: GC,
    x: c_int,
    y: c_int,
    width: c_uint,
    height: c_uint,
    to_x: c_int,
    to_y: c_int,
) -> c_int {
    let (source, target) = (settled(dpy, source, false), settled(dpy, target, false));
    let Some(real) = real::XCopyArea.get() else { return 0 };
    // SAFETY: the program's own arguments.
    unsafe { real(dpy, source, target, gc, x, y, width, height, to_x, to_y) }
}

/// XGetSubImage.
#[allow(clippy::too_many_arguments, reason = "XGetSubImage has as many")]
pub unsafe fn get_sub_image(
    dpy: *mut Display,
    drawable: XID,
    x: c_int,
    y: c_int,
    width: c_uint,
    height: c_uint,
    planes: c_ulong,
    format: c_int,
    image: *mut XImage,
    to_x: c_int,
    to_y: c_int,
) -> *mut XImage {
    let drawable = settled(dpy, drawable, true);
    let Some(real) = real::XGetSubImage.get() else { return std::ptr::null_mut() };
    // SAFETY: the program's own arguments.
    unsafe { real(dpy, drawable, x, y, width, height, planes, format, image, to_x, to_y) }
}

/// XCopyPlane.
#[allow(clippy::too_many_arguments, reason = "XCopyPlane has as many")]
pub unsafe fn copy_plane(
    dpy: *mut Display,
    source: XID,
    target: XID,
    gc: GC,
    x: c_int,
    y: c_int,
    width: c_uint,
    height: c_uint,
    to_x: c_int,
    to_y: c_int,
    plane: c_ulong,
) -> c_int {
    let (source, target) = (settled(dpy, source, false), settled(dpy, target, false));
    let Some(real) = real::XCopyPlane.get() else { return 0 };
    // SAFETY: the program's own arguments.
    unsafe { real(dpy, source, target, gc, x, y, width, height, to_x, to_y, plane) }
}

/// XShmGetImage.
pub unsafe fn shm_get_image(
    dpy: *mut Display,
    drawable: XID,
    image: *mut XImage,
    x: c_int,
    y: c_int,
    planes: c_ulong,
) -> c_int {
    let drawable = settled(dpy, drawable, true);
    let Some(real) = shm_rows::real::XShmGetImage.get() else { return 0 };
    // SAFETY: the program's own arguments.
    unsafe { real(dpy, drawable, image, x, y, planes) }
}
