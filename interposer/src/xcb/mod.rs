//! XCB as far as toolkits ask it for GLX (Qt's xcb plugin does), on servers that may have none.
//!
//! A request of an extension that the server lacks makes libxcb shut the connection down, so GLX's queries are answered
//! here ([`answers`]).

mod answers;

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

use parking_lot::Mutex;

use crate::glx::display::{AppDisplay, Side2d};
use crate::interpose::{Inside, Library, Nothing, Real, interpose};
use crate::trace::Raw;
use crate::x11;

/// `xcb_extension_t`.
#[repr(C)]
pub struct Extension {
    name: *const c_char,
    global_id: c_int,
}

/// `xcb_query_extension_reply_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ExtensionReply {
    response_type: u8,
    pad0: u8,
    sequence: u16,
    length: u32,
    present: u8,
    major_opcode: u8,
    first_event: u8,
    first_error: u8,
}

/// A cookie: the request's sequence number.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Cookie {
    sequence: c_uint,
}

impl Nothing for Cookie {
    const NOTHING: Self = Self { sequence: 0 };
}

impl Raw for Cookie {
    fn raw(self) -> u64 {
        self.sequence.into()
    }
}

mod core_rows {
    use super::*;

    interpose! {
        from Library::Xcb;

        fn xcb_get_extension_data(connection: *mut c_void, extension: *mut Extension) -> *const ExtensionReply => super::extension_data;
        fn xcb_grab_server(connection: *mut c_void) -> Cookie => crate::x11::grab::xcb_server;
        fn xcb_grab_server_checked(connection: *mut c_void) -> Cookie => crate::x11::grab::xcb_server_checked;
    }
}

mod glx_rows {
    use super::*;

    interpose! {
        from Library::XcbGlx;

        fn xcb_glx_query_version(connection: *mut c_void, major: u32, minor: u32) -> Cookie => super::answers::query_version;
        fn xcb_glx_query_version_unchecked(connection: *mut c_void, major: u32, minor: u32) -> Cookie => super::answers::query_version;
        fn xcb_glx_query_version_reply(connection: *mut c_void, cookie: Cookie, error: *mut *mut c_void) -> *mut c_void => super::answers::reply;
        fn xcb_glx_query_server_string(connection: *mut c_void, screen: u32, name: u32) -> Cookie => super::answers::query_server_string;
        fn xcb_glx_query_server_string_unchecked(connection: *mut c_void, screen: u32, name: u32) -> Cookie => super::answers::query_server_string;
        fn xcb_glx_query_server_string_reply(connection: *mut c_void, cookie: Cookie, error: *mut *mut c_void) -> *mut c_void => super::answers::reply;
        fn xcb_glx_get_visual_configs(connection: *mut c_void, screen: u32) -> Cookie => super::answers::get_visual_configs;
        fn xcb_glx_get_visual_configs_unchecked(connection: *mut c_void, screen: u32) -> Cookie => super::answers::get_visual_configs;
        fn xcb_glx_get_visual_configs_reply(connection: *mut c_void, cookie: Cookie, error: *mut *mut c_void) -> *mut c_void => super::answers::reply;
        fn xcb_glx_get_fb_configs(connection: *mut c_void, screen: u32) -> Cookie => super::answers::get_fb_configs;
        fn xcb_glx_get_fb_configs_unchecked(connection: *mut c_void, screen: u32) -> Cookie => super::answers::get_fb_configs;
        fn xcb_glx_get_fb_configs_reply(connection: *mut c_void, cookie: Cookie, error: *mut *mut c_void) -> *mut c_void => super::answers::reply;
    }
}

pub use core_rows::{ROWS, real};
pub use glx_rows::ROWS as GLX_ROWS;

/// Our answers by connection; libxcb's own live as long as the connection, ours as long as the process.
static ANSWERS: Mutex<Option<HashMap<usize, &'static ExtensionReply>>> = Mutex::new(None);

/// xcb_get_extension_data.
unsafe fn extension_data(connection: *mut c_void, extension: *mut Extension) -> *const ExtensionReply {
    let Some(real) = real::xcb_get_extension_data.get() else { return std::ptr::null() };
    // SAFETY: the program's own arguments.
    let answer = unsafe { real(connection, extension) };
    // SAFETY: an extension's name is a static C string.
    let is_glx = !extension.is_null() && unsafe { CStr::from_ptr((*extension).name) } == c"GLX";
    // SAFETY: libxcb gives a reply or null.
    let Some(actual) = (unsafe { answer.as_ref() }) else { return answer };
    if !is_glx || is_third_dimension(connection) || crate::dl::is_driver() {
        return answer;
    }
    let Some(codes) = side_of(connection).map(|side| side.codes) else {
        // No 3D side: GLX is absent, also where the server has it.
        return absent();
    };
    if actual.present != 0 {
        return answer;
    }
    let mut answers = ANSWERS.lock();
    let reply = answers.get_or_insert_default().entry(connection as usize).or_insert_with(|| {
        Box::leak(Box::new(ExtensionReply {
            present: 1,
            major_opcode: codes.major_opcode,
            first_event: codes.first_event,
            first_error: codes.first_error,
            ..*actual
        }))
    });
    std::ptr::from_ref(*reply)
}

fn absent() -> *const ExtensionReply {
    static ABSENT: ExtensionReply = ExtensionReply {
        response_type: 1,
        pad0: 0,
        sequence: 0,
        length: 0,
        present: 0,
        major_opcode: 0,
        first_event: 0,
        first_error: 0,
    };
    &raw const ABSENT
}

/// Whether a connection is that of a Display of our own on the 3D side.
fn is_third_dimension(connection: *mut c_void) -> bool {
    type Get = unsafe extern "C" fn(*mut x11_dl::xlib::Display) -> *mut c_void;
    static GET: Real<Get> = Real::new(Library::X11Xcb, c"XGetXCBConnection");
    let Some(get) = GET.get() else { return false };
    // SAFETY: our own live Displays.
    x11::own_displays().into_iter().any(|dpy| unsafe { get(dpy) } == connection)
}

/// The 2D side of a connection: its Display's where it came from Xlib, else DISPLAY's.
fn side_of(connection: *mut c_void) -> Option<std::sync::Arc<Side2d>> {
    match x11::display_of(connection) {
        Some(dpy) => AppDisplay::of(dpy).map(|display| display.side.clone()),
        None => Side2d::of_environment(),
    }
}

fn input_focus(connection: *mut c_void) -> Cookie {
    type Send = unsafe extern "C" fn(*mut c_void) -> Cookie;
    static SEND: Real<Send> = Real::new(Library::Xcb, c"xcb_get_input_focus");
    let _inside = Inside::enter();
    // SAFETY: the program's live connection.
    SEND.get().map_or(Cookie::NOTHING, |send| unsafe { send(connection) })
}

/// Waits until the server has worked off what was sent on a connection of the program's.
pub fn round_trip(connection: *mut c_void) {
    let cookie = input_focus(connection);
    let _inside = Inside::enter();
    if let Some(reply) = input_focus_reply() {
        // SAFETY: the cookie of that request; the reply is malloc'ed for us to free.
        unsafe { libc::free(reply(connection, cookie, std::ptr::null_mut())) };
    }
}

type Reply = unsafe extern "C" fn(*mut c_void, Cookie, *mut *mut c_void) -> *mut c_void;

fn input_focus_reply() -> Option<Reply> {
    static REPLY: Real<Reply> = Real::new(Library::Xcb, c"xcb_get_input_focus_reply");
    REPLY.get()
}
