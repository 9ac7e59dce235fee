//! The X server of the 3D side dies: the program must not die with it.
//!
//! Xlib calls one process-wide handler for a lost connection, and the default one ends the process. Ours takes what
//! is about Displays of our own and passes the rest to the program's, which XSetIOErrorHandler therefore sets here.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering::SeqCst};

use x11_dl::xlib::Display;

use super::real;
use crate::interpose::{Library, Real};

/// An IO error handler (XSetIOErrorHandler).
pub type IoErrorHandler = unsafe extern "C" fn(*mut Display) -> c_int;

/// Whether our handler is set.
static WATCHED: AtomicBool = AtomicBool::new(false);
/// Whether it was lost.
static LOST: AtomicBool = AtomicBool::new(false);
/// The program's handler, and Xlib's default: function addresses.
static PROGRAM: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
static DEFAULT: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

fn address(handler: Option<IoErrorHandler>) -> *mut c_void {
    handler.map_or(std::ptr::null_mut(), |handler| handler as *mut c_void)
}

fn handler(address: *mut c_void) -> Option<IoErrorHandler> {
    // SAFETY: the statics hold addresses that `address` made, or null.
    unsafe { std::mem::transmute::<*mut c_void, Option<IoErrorHandler>>(address) }
}

/// Whether the connection to the 3D side's server was lost.
pub fn is_lost() -> bool {
    LOST.load(SeqCst)
}

/// From now on a loss of this Display's connection is ours.
pub fn watch(dpy: *mut Display) {
    type Exit = unsafe extern "C" fn(*mut Display, *mut c_void);
    type SetExit = unsafe extern "C" fn(*mut Display, Exit, *mut c_void);
    // libX11 1.7; before it, Xlib exits whatever a handler does.
    static SET_EXIT: Real<SetExit> = Real::new(Library::X11, c"XSetIOErrorExitHandler");
    if let Some(set_exit) = SET_EXIT.get() {
        // SAFETY: a live Display and a function that lives as long as the process.
        unsafe { set_exit(dpy, do_not_exit, std::ptr::null_mut()) };
    }
    LOST.store(false, SeqCst);
    WATCHED.store(true, SeqCst);
    let Some(set) = real::XSetIOErrorHandler.get() else { return };
    // SAFETY: Xlib's own setter. Setting none first makes the second call tell the default.
    unsafe {
        let before = address(set(None));
        let default = address(set(Some(on_loss)));
        DEFAULT.store(default, SeqCst);
        // In a forked child ours may be set already.
        if before != address(Some(on_loss)) {
            PROGRAM.store(before, SeqCst);
        }
    }
}

unsafe extern "C" fn do_not_exit(_: *mut Display, _: *mut c_void) {}

unsafe extern "C" fn on_loss(dpy: *mut Display) -> c_int {
    if super::is_own(dpy) {
        if !LOST.swap(true, SeqCst) {
            log::error!(
                "the connection to the 3D side's X server {} is lost; nothing more can be rendered",
                crate::runtime::settings().display3d.as_deref().unwrap_or_default()
            );
        }
        return 0;
    }
    // SAFETY: the handler that Xlib would have called, with its own argument.
    handler(PROGRAM.load(SeqCst)).map_or(0, |program| unsafe { program(dpy) })
}

/// XSetIOErrorHandler.
pub unsafe fn set(new: Option<IoErrorHandler>) -> Option<IoErrorHandler> {
    if !WATCHED.load(SeqCst) {
        // SAFETY: the program's own argument.
        return real::XSetIOErrorHandler.get().and_then(|set| unsafe { set(new) });
    }
    let new = if new.is_some() { address(new) } else { DEFAULT.load(SeqCst) };
    handler(PROGRAM.swap(new, SeqCst))
}
