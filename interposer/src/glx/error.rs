//! GLX's errors, delivered as the X server's GLX extension would: through the program's own error handler.

use std::ffi::{c_int, c_uchar};

use x11_dl::xlib::{Display, XErrorEvent};

use crate::render::Failure;
use crate::x11;

/// The errors of GLX (GLX 1.4 protocol, glxproto.h), relative to the extension's error base.
#[allow(clippy::enum_variant_names, reason = "the names are those of the GLX specification")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum GlxError {
    BadContext = 0,
    BadDrawable = 2,
    BadPixmap = 3,
    BadFBConfig = 9,
    BadPbuffer = 10,
    BadWindow = 12,
}

/// Core X errors that GLX calls raise.
pub mod core {
    /// BadValue.
    pub const BAD_VALUE: u8 = 2;
    /// BadWindow.
    pub const BAD_WINDOW: u8 = 3;
    /// BadPixmap.
    pub const BAD_PIXMAP: u8 = 4;
    /// BadMatch.
    pub const BAD_MATCH: u8 = 8;
    /// BadAccess.
    pub const BAD_ACCESS: u8 = 10;
    /// BadAlloc.
    pub const BAD_ALLOC: u8 = 11;
}

/// Minor opcodes of the GLX requests that a failing call would have sent (glxproto.h).
pub mod minor {
    pub const CREATE_CONTEXT: u8 = 3;
    pub const DESTROY_CONTEXT: u8 = 4;
    pub const MAKE_CURRENT: u8 = 5;
    pub const COPY_CONTEXT: u8 = 10;
    pub const SWAP_BUFFERS: u8 = 11;
    pub const USE_X_FONT: u8 = 12;
    pub const CREATE_GLX_PIXMAP: u8 = 13;
    pub const VENDOR_PRIVATE: u8 = 16;
    pub const GET_FB_CONFIGS: u8 = 21;
    pub const CREATE_PIXMAP: u8 = 22;
    pub const DESTROY_PIXMAP: u8 = 23;
    pub const CREATE_NEW_CONTEXT: u8 = 24;
    pub const QUERY_CONTEXT: u8 = 25;
    pub const MAKE_CONTEXT_CURRENT: u8 = 26;
    pub const CREATE_PBUFFER: u8 = 27;
    pub const DESTROY_PBUFFER: u8 = 28;
    pub const GET_DRAWABLE_ATTRIBUTES: u8 = 29;
    pub const CHANGE_DRAWABLE_ATTRIBUTES: u8 = 30;
    pub const CREATE_WINDOW: u8 = 31;
    pub const DELETE_WINDOW: u8 = 32;
    pub const CREATE_CONTEXT_ATTRIBS: u8 = 34;
}

/// The extension's codes on a 2D side: its own where it has GLX, else ones that nothing else uses there.
#[derive(Clone, Copy, Debug)]
pub struct Codes {
    /// Major opcode of the requests.
    pub major_opcode: u8,
    /// First event.
    pub first_event: u8,
    /// First error.
    pub first_error: u8,
}

/// An error code as it appears in an XErrorEvent.
#[derive(Clone, Copy, Debug)]
pub enum Code {
    /// A core error.
    X(u8),
    /// One of GLX's, relative to its base.
    Glx(u8),
}

impl From<GlxError> for Code {
    fn from(error: GlxError) -> Self {
        Self::Glx(error as u8)
    }
}

impl From<Failure> for Code {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::X(code) => Self::X(code),
            Failure::Glx(code) => Self::Glx(code),
            Failure::Silent | Failure::Lost => Self::X(core::BAD_ALLOC),
        }
    }
}

/// Calls the program's X error handler.
///
/// # Safety
/// `dpy` is a live Display of the program's, not locked by this thread.
pub unsafe fn deliver(dpy: *mut Display, codes: Codes, code: Code, resource: u64, minor: u8) {
    const ERROR: c_int = 0;
    let mut event = XErrorEvent {
        type_: ERROR,
        display: dpy,
        resourceid: resource,
        serial: x11::last_request(dpy),
        error_code: match code {
            Code::X(code) => code,
            Code::Glx(relative) => codes.first_error.wrapping_add(relative),
        } as c_uchar,
        request_code: codes.major_opcode,
        minor_code: minor,
    };
    if let Some(handler) = x11::error_handler() {
        // SAFETY: the handler that Xlib would call, with an event of the form that Xlib gives it.
        unsafe { handler(dpy, &raw mut event) };
    }
}
