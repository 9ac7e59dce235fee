//! XGrabServer: while one connection has the server, no other is served, and frames come by a connection of ours.
//!
//! A program that draws directly goes on drawing with the server grabbed, for GL's requests go by its own connection, and even makes
//! windows and contexts meanwhile. So a process with OpenGL is not given the server: it would wait for us, and we for the
//! server. The requests' places in its stream are taken by NoOperation; an ungrab without a grab has no effect.

use std::ffi::{c_int, c_void};

use x11_dl::xlib::Display;

use super::{Xlib, is_own, real};
use crate::dl;
use crate::interpose::{Inside, Library, Nothing, Real};
use crate::runtime::Runtime;
use crate::xcb::{self, Cookie};

/// Whether frames may have to come while the server is grabbed.
fn would_block() -> bool {
    dl::has_gl() && Runtime::existing().is_none_or(|runtime| runtime.backend.is_some())
}

/// XGrabServer.
pub unsafe fn server(dpy: *mut Display) -> c_int {
    if !is_own(dpy)
        && would_block()
        && let Ok(xlib) = Xlib::get()
    {
        let _inside = Inside::enter();
        // SAFETY: the program's live Display.
        return unsafe { (xlib.XNoOp)(dpy) };
    }
    // SAFETY: the program's own argument.
    real::XGrabServer.get().map_or(0, |real| unsafe { real(dpy) })
}

type Send = unsafe extern "C" fn(*mut c_void) -> Cookie;

fn by_xcb(connection: *mut c_void, nothing: &Real<Send>, real: &Real<Send>) -> Cookie {
    let send = if would_block() { nothing.get() } else { real.get() };
    let _inside = Inside::enter();
    // SAFETY: the program's live connection.
    send.map_or(Cookie::NOTHING, |send| unsafe { send(connection) })
}

/// xcb_grab_server.
pub unsafe fn xcb_server(connection: *mut c_void) -> Cookie {
    static NOTHING: Real<Send> = Real::new(Library::Xcb, c"xcb_no_operation");
    by_xcb(connection, &NOTHING, &xcb::real::xcb_grab_server)
}

/// xcb_grab_server_checked.
pub unsafe fn xcb_server_checked(connection: *mut c_void) -> Cookie {
    static NOTHING: Real<Send> = Real::new(Library::Xcb, c"xcb_no_operation_checked");
    by_xcb(connection, &NOTHING, &xcb::real::xcb_grab_server_checked)
}
