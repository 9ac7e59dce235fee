//! Native displays: what a program gives EGL to say which X server it means.

use std::ffi::{CStr, c_int, c_void};
use std::sync::Arc;

use x11_dl::xlib::Display;

use super::numbers as egl;
use super::{EGLenum, NativeDisplay};
use crate::dl;
use crate::glx::display::Side2d;
use crate::x11::{self, Client, Xlib};
use crate::xcb;

/// How the program talks to its X server.
enum Link {
    Xlib(Client),
    Xcb(usize),
    /// The driver's own connection to DISPLAY.
    Default,
}

/// A native display of a program on X11.
pub struct Native {
    link: Link,
    /// The 2D side that it means.
    pub side: Arc<Side2d>,
    /// Its screen there.
    pub screen: usize,
    platform: EGLenum,
    address: usize,
}

impl Native {
    /// The native display of an eglGetPlatformDisplay call; None for other platforms, or if the 2D side does not let
    /// us in. `screen` is the one that the attributes name.
    pub fn of_platform(platform: EGLenum, native: NativeDisplay, screen: Option<c_int>) -> Option<Self> {
        let (link, name, default_screen) = match platform {
            egl::PLATFORM_X11 if !native.is_null() => {
                let dpy = native.cast::<Display>();
                if x11::is_own(dpy) {
                    return None;
                }
                let xlib = Xlib::get().ok()?;
                // SAFETY: a live Display of the program's.
                let name = unsafe { CStr::from_ptr((xlib.XDisplayString)(dpy)) };
                // SAFETY: as above.
                let screen = unsafe { (xlib.XDefaultScreen)(dpy) };
                (Link::Xlib(Client::new(dpy)), Some(name.to_string_lossy().into_owned()), screen)
            }
            egl::PLATFORM_XCB if !native.is_null() => match x11::display_of(native) {
                Some(dpy) => return Self::of_platform(egl::PLATFORM_X11, dpy.cast(), screen),
                None => (Link::Xcb(native as usize), None, 0),
            },
            egl::PLATFORM_X11 | egl::PLATFORM_XCB => (Link::Default, None, 0),
            _ => return None,
        };
        let name = name.or_else(|| std::env::var("DISPLAY").ok())?;
        let side = Side2d::of_name(name)?;
        let screen = usize::try_from(screen.unwrap_or(default_screen)).ok()?;
        (screen < side.server.screens().len()).then_some(())?;
        Some(Self { link, side, screen, platform, address: native as usize })
    }

    /// What tells native displays apart: platform, address and screen.
    pub fn key(&self) -> (EGLenum, usize, usize) {
        (self.platform, self.address, self.screen)
    }

    /// Whether it is this Display.
    pub fn is(&self, dpy: *mut Display) -> bool {
        matches!(&self.link, Link::Xlib(client) if client.dpy() == dpy)
    }

    /// The program closes its Display.
    pub fn close(&self) {
        if let Link::Xlib(client) = &self.link {
            client.close();
        }
    }

    /// Has the server work off what the program asked of it, and hears of it.
    pub fn sync(&self) {
        match &self.link {
            Link::Xlib(client) => client.sync(&self.side.server),
            Link::Xcb(connection) => {
                xcb::round_trip(*connection as *mut c_void);
                self.side.server.pump();
            }
            Link::Default => self.side.server.sync(),
        }
    }

    /// As [`Self::sync`], where there may be news. `thorough` costs a round trip with programs that use XCB.
    pub fn catch_up(&self, thorough: bool) {
        match &self.link {
            Link::Xlib(client) => client.catch_up(&self.side.server, thorough),
            Link::Xcb(_) if thorough => self.sync(),
            _ => self.side.server.pump(),
        }
    }
}

/// The platform of an eglGetDisplay call, if it is X11: EGL_PLATFORM says, or what the pointer points to.
pub fn platform_of(native: NativeDisplay) -> Option<EGLenum> {
    if native.is_null() {
        let named = std::env::var("EGL_PLATFORM").ok();
        return match named.as_deref() {
            None | Some("" | "x11") => std::env::var_os("DISPLAY").map(|_| egl::PLATFORM_X11),
            Some("xcb") => Some(egl::PLATFORM_XCB),
            Some(_) => None,
        };
    }
    is_x11_display(native).then_some(egl::PLATFORM_X11)
}

/// Whether a pointer is an Xlib Display: those of Wayland and GBM begin with a pointer into their library, a Display
/// holds Xlib's allocator of XIDs at a public place. (libglvnd guesses the same way.)
fn is_x11_display(native: NativeDisplay) -> bool {
    const PAGE: usize = 4096;
    if (native as usize) < PAGE || !(native as usize).is_multiple_of(align_of::<usize>()) {
        return false;
    }
    // SAFETY: EGL's contract: a pointer to a native display of some platform, all of which begin with a pointer.
    let first = unsafe { *native.cast::<*const c_void>() };
    let foreign = dl::owner(first).is_some_and(|owner| {
        owner.to_bytes().starts_with(b"libwayland") || owner.to_bytes().starts_with(b"libgbm")
    });
    if foreign {
        return false;
    }
    // SAFETY: no Wayland or GBM display, so one of X11 (other platforms' are as large).
    let allocator = unsafe { x11::resource_allocator(native.cast()) };
    dl::owner(allocator).is_some_and(|owner| owner == c"libX11.so.6")
}
