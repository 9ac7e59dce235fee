//! Xlib as far as it must know of GLX: is the extension there, what is in a GLX pixmap, which Display goes away.
//!
//! Windows are not watched here: our own connection hears from the server of every change, whoever made it.

mod client;
mod extensions;
pub mod grab;
pub mod io_errors;
mod pixels;

use std::ffi::{c_char, c_int, c_uint, c_ulong, c_void};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use once_cell::sync::OnceCell;
use parking_lot::{Mutex, RwLock};
use x11_dl::xlib::{Display, GC, XErrorEvent, XID, XImage};

use crate::egl;
use crate::glx::display::AppDisplay;
use crate::interpose::{Library, Real, interpose};
use io_errors::IoErrorHandler;

mod core_rows {
    use super::*;

    interpose! {
        from Library::X11;

        fn XQueryExtension(dpy: *mut Display, name: *const c_char, opcode: *mut c_int, event: *mut c_int, error: *mut c_int) -> c_int => super::extensions::query;
        fn XListExtensions(dpy: *mut Display, count: *mut c_int) -> *mut *mut c_char => super::extensions::list;
        fn XCloseDisplay(dpy: *mut Display) -> c_int => super::close_display;
        fn XGrabServer(dpy: *mut Display) -> c_int => super::grab::server;
        fn XSetIOErrorHandler(handler: Option<IoErrorHandler>) -> Option<IoErrorHandler> => super::io_errors::set;
        fn XGetImage(dpy: *mut Display, drawable: XID, x: c_int, y: c_int, width: c_uint, height: c_uint, planes: c_ulong, format: c_int) -> *mut XImage => super::pixels::get_image;
        fn XGetSubImage(dpy: *mut Display, drawable: XID, x: c_int, y: c_int, width: c_uint, height: c_uint, planes: c_ulong, format: c_int, image: *mut XImage, to_x: c_int, to_y: c_int) -> *mut XImage => super::pixels::get_sub_image;
        fn XCopyArea(dpy: *mut Display, source: XID, target: XID, gc: GC, x: c_int, y: c_int, width: c_uint, height: c_uint, to_x: c_int, to_y: c_int) -> c_int => super::pixels::copy_area;
        fn XCopyPlane(dpy: *mut Display, source: XID, target: XID, gc: GC, x: c_int, y: c_int, width: c_uint, height: c_uint, to_x: c_int, to_y: c_int, plane: c_ulong) -> c_int => super::pixels::copy_plane;
    }
}

mod shm_rows {
    use super::*;

    interpose! {
        from Library::Xext;

        fn XShmGetImage(dpy: *mut Display, drawable: XID, image: *mut XImage, x: c_int, y: c_int, planes: c_ulong) -> c_int => super::pixels::shm_get_image;
    }
}

mod xcb_rows {
    use super::*;

    interpose! {
        from Library::X11Xcb;

        fn XGetXCBConnection(dpy: *mut Display) -> *mut c_void => super::get_xcb_connection;
    }
}

pub use client::Client;
pub use core_rows::{ROWS, real};
pub use shm_rows::ROWS as SHM_ROWS;
pub use xcb_rows::ROWS as XCB_ROWS;

/// libX11, loaded at our first use of it.
pub struct Xlib(x11_dl::xlib::Xlib);

// SAFETY: a table of function pointers.
unsafe impl Send for Xlib {}
// SAFETY: as for Send.
unsafe impl Sync for Xlib {}

impl Xlib {
    /// The library, or why it cannot be loaded.
    pub fn get() -> Result<&'static Self, String> {
        static XLIB: OnceCell<Result<Xlib, String>> = OnceCell::new();
        XLIB.get_or_init(|| x11_dl::xlib::Xlib::open().map(Xlib).map_err(|error| error.to_string()))
            .as_ref()
            .map_err(Clone::clone)
    }
}

impl Deref for Xlib {
    type Target = x11_dl::xlib::Xlib;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// The public beginning of a Display (`_XPrivDisplay` of Xlib.h), which macros of every program's binary rely on.
#[repr(C)]
struct PublicDisplay {
    ext_data: *mut c_void,
    private1: *mut c_void,
    fd: c_int,
    private2: c_int,
    proto_major_version: c_int,
    proto_minor_version: c_int,
    vendor: *mut c_char,
    private3: XID,
    private4: XID,
    private5: XID,
    private6: c_int,
    resource_alloc: *mut c_void,
    byte_order: c_int,
    bitmap_unit: c_int,
    bitmap_pad: c_int,
    bitmap_bit_order: c_int,
    nformats: c_int,
    pixmap_format: *mut c_void,
    private8: c_int,
    release: c_int,
    private9: *mut c_void,
    private10: *mut c_void,
    qlen: c_int,
    last_request_read: c_ulong,
    request: c_ulong,
}

/// The serial number of the last request that Xlib queued (NextRequest - 1), without a lock or a call.
#[inline]
pub fn last_request(dpy: *mut Display) -> u64 {
    // SAFETY: callers pass live Displays, whose beginning is public and fixed; the counter may move meanwhile.
    unsafe { (&raw const (*dpy.cast::<PublicDisplay>()).request).read_volatile() }
}

/// Xlib's allocator of XIDs, as a Display names it.
///
/// # Safety
/// `dpy` points to memory as large as the public part of a Display.
pub unsafe fn resource_allocator(dpy: *mut Display) -> *const c_void {
    // SAFETY: the caller's contract.
    unsafe { (*dpy.cast::<PublicDisplay>()).resource_alloc }
}

/// Displays of ours, to 3D sides: our hooks leave them alone.
static OWN: RwLock<Vec<usize>> = RwLock::new(Vec::new());

/// Notes a Display as ours.
pub fn add_own(dpy: *mut Display) {
    OWN.write().push(dpy as usize);
}

/// Forgets a Display of ours that was closed.
pub fn remove_own(dpy: *mut Display) {
    OWN.write().retain(|&own| own != dpy as usize);
}

/// Whether a Display is one of our own to a 3D side.
pub fn is_own(dpy: *mut Display) -> bool {
    OWN.read().contains(&(dpy as usize))
}

/// Our own Displays.
pub fn own_displays() -> Vec<*mut Display> {
    OWN.read().iter().map(|&dpy| dpy as *mut Display).collect()
}

/// An X error handler (XSetErrorHandler).
pub type ErrorHandler = unsafe extern "C" fn(*mut Display, *mut XErrorEvent) -> c_int;

/// The handler that Xlib would call for an error now.
pub fn error_handler() -> Option<ErrorHandler> {
    // _XErrorFunction is a variable: its "function pointer" is its address.
    type Variable = unsafe extern "C" fn();
    static VARIABLE: Real<Variable> = Real::new(Library::X11, c"_XErrorFunction");
    if let Some(variable) = VARIABLE.get() {
        // SAFETY: libX11 exports it as a pointer to a function of this type, or null.
        let handler = unsafe { (variable as *const Option<ErrorHandler>).read_volatile() };
        if handler.is_some() {
            return handler;
        }
    }
    let xlib = Xlib::get().ok()?;
    // SAFETY: Xlib's own setter, which gives the old handler; it is put back at once.
    unsafe {
        let handler = (xlib.XSetErrorHandler)(None);
        (xlib.XSetErrorHandler)(handler);
        handler
    }
}

/// Whether the program took the XCB connection of any Display: asked often, and mostly not.
static XCB_USED: AtomicBool = AtomicBool::new(false);
/// Displays whose XCB connection the program took, and that connection.
static XCB: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

/// Whether the program may send requests on a Display through XCB.
pub fn uses_xcb(dpy: *mut Display) -> bool {
    XCB_USED.load(Relaxed) && XCB.lock().iter().any(|(display, _)| *display == dpy as usize)
}

/// The Display of an XCB connection that the program got from Xlib.
pub fn display_of(connection: *mut c_void) -> Option<*mut Display> {
    let known = XCB.lock();
    known.iter().find(|(_, other)| *other == connection as usize).map(|(dpy, _)| *dpy as *mut Display)
}

unsafe fn get_xcb_connection(dpy: *mut Display) -> *mut c_void {
    let Some(real) = xcb_rows::real::XGetXCBConnection.get() else { return std::ptr::null_mut() };
    // SAFETY: the program's own argument.
    let connection = unsafe { real(dpy) };
    if is_own(dpy) {
        return connection;
    }
    let pair = (dpy as usize, connection as usize);
    let mut known = XCB.lock();
    if !known.contains(&pair) {
        known.push(pair);
        XCB_USED.store(true, Relaxed);
    }
    connection
}

unsafe fn close_display(dpy: *mut Display) -> c_int {
    // Frames, like requests, come before the end: the program may end at once, and the window be another's.
    pixels::settled(dpy, 0, true);
    AppDisplay::closed(dpy);
    egl::display::closed(dpy);
    XCB.lock().retain(|(display, _)| *display != dpy as usize);
    // SAFETY: the program's own argument.
    real::XCloseDisplay.get().map_or(0, |real| unsafe { real(dpy) })
}
