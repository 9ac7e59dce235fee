//! The program's own connection to the X server, as far as we need it: what display it is on, and a round trip, after which
//! the server has what the program asked for before.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::mem::MaybeUninit;
use std::sync::OnceLock;

use libloading::os::unix::Library;

/// The program's connection, which lives at least as long as its surfaces are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// `Display*`.
    Xlib(*mut c_void),
    /// `xcb_connection_t*`.
    Xcb(*mut c_void),
}

// SAFETY: Vulkan lets programs ask about a surface in any thread, and XCB locks by itself.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

/// What we use of X libraries. The program has loaded them, so these are its own.
struct Libraries {
    get_input_focus: unsafe extern "C" fn(*mut c_void) -> c_uint,
    get_input_focus_reply: unsafe extern "C" fn(*mut c_void, c_uint, *mut *mut c_void) -> *mut c_void,
    get_file_descriptor: unsafe extern "C" fn(*mut c_void) -> c_int,
    /// Xlib's.
    display_string: Option<unsafe extern "C" fn(*mut c_void) -> *const c_char>,
    sync: Option<unsafe extern "C" fn(*mut c_void, c_int) -> c_int>,
    xcb_connection: Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>,
}

impl Libraries {
    fn get() -> Option<&'static Libraries> {
        static LIBRARIES: OnceLock<Option<Libraries>> = OnceLock::new();
        LIBRARIES.get_or_init(Libraries::load).as_ref()
    }

    fn load() -> Option<Libraries> {
        let open = |name: &str| {
            // SAFETY: libraries of X, whose constructors are harmless. They stay loaded.
            unsafe { Library::new(name) }.ok().map(|library| &*Box::leak(Box::new(library)))
        };
        let xcb = open("libxcb.so.1")?;
        let (xlib, both) = (open("libX11.so.6"), open("libX11-xcb.so.1"));
        // SAFETY: the types are those of xcb.h, Xlib.h and Xlib-xcb.h.
        unsafe {
            Some(Libraries {
                get_input_focus: *xcb.get(b"xcb_get_input_focus\0").ok()?,
                get_input_focus_reply: *xcb.get(b"xcb_get_input_focus_reply\0").ok()?,
                get_file_descriptor: *xcb.get(b"xcb_get_file_descriptor\0").ok()?,
                display_string: xlib
                    .and_then(|xlib| xlib.get(b"XDisplayString\0").ok().map(|symbol| *symbol)),
                sync: xlib.and_then(|xlib| xlib.get(b"XSync\0").ok().map(|symbol| *symbol)),
                xcb_connection: both
                    .and_then(|both| both.get(b"XGetXCBConnection\0").ok().map(|symbol| *symbol)),
            })
        }
    }
}

impl Client {
    /// The display's name.
    pub fn display_name(self) -> Option<String> {
        let of_environment = || std::env::var("DISPLAY").ok();
        let Some(libraries) = Libraries::get() else { return of_environment() };
        match self {
            Client::Xlib(display) => {
                // SAFETY: a live Display of the program's, whose name is a string.
                let name = libraries.display_string.map(|name| unsafe { CStr::from_ptr(name(display)) });
                name.map(|name| name.to_string_lossy().into_owned()).or_else(of_environment)
            }
            Client::Xcb(connection) => {
                // SAFETY: a live connection of the program's.
                let descriptor = unsafe { (libraries.get_file_descriptor)(connection) };
                let named = of_environment();
                match display_of_socket(descriptor) {
                    // DISPLAY says the same, and perhaps the screen too.
                    Some(socket) if named.as_ref().is_none_or(|name| !is_number(name, &socket)) => {
                        Some(socket)
                    }
                    _ => named,
                }
            }
        }
    }

    /// Returns once the server has handled all that the program has asked for.
    pub fn round_trip(self) {
        let Some(libraries) = Libraries::get() else { return };
        let connection = match self {
            Client::Xcb(connection) => connection,
            // SAFETY: a live Display of the program's. XCB first sends what Xlib holds back.
            Client::Xlib(display) => match libraries.xcb_connection {
                // SAFETY: as above.
                Some(of) => unsafe { of(display) },
                None => {
                    // SAFETY: as above.
                    let _ = libraries.sync.map(|sync| unsafe { sync(display, 0) });
                    return;
                }
            },
        };
        // SAFETY: a live connection; the reply, if any, is ours to free, as malloc made it.
        unsafe {
            let cookie = (libraries.get_input_focus)(connection);
            libc::free((libraries.get_input_focus_reply)(connection, cookie, std::ptr::null_mut()));
        }
    }
}

/// The name of the display whose Unix socket this is connected to.
fn display_of_socket(descriptor: c_int) -> Option<String> {
    let mut address = MaybeUninit::<libc::sockaddr_un>::zeroed();
    let mut length = size_of::<libc::sockaddr_un>() as libc::socklen_t;
    // SAFETY: room for `length` bytes of an address; all zero is a valid one.
    let address = unsafe {
        if libc::getpeername(descriptor, address.as_mut_ptr().cast(), &mut length) != 0 {
            return None;
        }
        address.assume_init()
    };
    if i32::from(address.sun_family) != libc::AF_UNIX {
        return None;
    }
    let path: Vec<u8> = address.sun_path.iter().map(|byte| *byte as u8).collect();
    // An abstract socket's name begins with a zero.
    let path = path.strip_prefix(b"\0").unwrap_or(&path);
    let path = path.split(|byte| *byte == 0).next()?;
    let number = path.strip_prefix(b"/tmp/.X11-unix/X")?;
    let number = std::str::from_utf8(number).ok().filter(|number| number.parse::<u32>().is_ok())?;
    Some(format!(":{number}"))
}

/// Whether `name` is the local display `:N`, with a screen or without.
fn is_number(name: &str, socket: &str) -> bool {
    let local = name.strip_prefix("unix").unwrap_or(name);
    local == socket || local.strip_prefix(socket).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::is_number;

    #[test]
    fn names_of_one_display() {
        assert!(is_number(":1", ":1") && is_number(":1.0", ":1") && is_number("unix:1", ":1"));
        assert!(!is_number(":10", ":1") && !is_number("host:1", ":1"));
    }
}
