//! A Display of the program's as a client of the 2D side: has the server, and have we, seen all that was asked?

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use glxrun_display::Server;
use x11_dl::xlib::Display;

use super::{Xlib, last_request, uses_xcb};
use crate::interpose::Inside;

/// A live Display of the program's.
pub struct Client {
    dpy: usize,
    /// Xlib's request counter when our connection last heard of everything that the program had done.
    synced: AtomicU64,
    /// The program closed it; its address may not be used any more.
    closed: AtomicBool,
}

impl Client {
    /// A Display that we have not looked at yet.
    pub fn new(dpy: *mut Display) -> Self {
        Self { dpy: dpy as usize, synced: AtomicU64::new(0), closed: AtomicBool::new(false) }
    }

    /// The Xlib Display.
    pub fn dpy(&self) -> *mut Display {
        self.dpy as *mut Display
    }

    /// The program closes the Display.
    pub fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    /// Whether the program has closed the Display.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    /// Has the server work off all that the program asked of it, then hears of it on our own connection `server`:
    /// windows made, resized, gone.
    pub fn sync(&self, server: &Server) {
        if self.is_closed() {
            return;
        }
        if let Ok(xlib) = Xlib::get() {
            let _inside = Inside::enter();
            // SAFETY: a live Display of the program's.
            unsafe { (xlib.XSync)(self.dpy(), 0) };
        }
        self.synced.store(last_request(self.dpy()), Relaxed);
        server.pump();
    }

    /// As [`Self::sync`], but only if the program sent requests since. `thorough` also covers requests that went
    /// through XCB, which Xlib's counter does not count; that costs a round trip for programs that use it.
    pub fn catch_up(&self, server: &Server, thorough: bool) {
        if !self.follow(server, thorough) && !self.is_closed() {
            // Another client may have resized the window.
            server.pump();
        }
    }

    /// As [`Self::catch_up`], but what other clients did shows only once the poster's thread has heard of it. Gives whether
    /// it synced.
    pub fn follow(&self, server: &Server, thorough: bool) -> bool {
        if self.is_closed() {
            return false;
        }
        let moved = last_request(self.dpy()) != self.synced.load(Relaxed);
        // With a server that is gone, Xlib ends the program or calls its handler, as for a program that draws directly.
        let behind = moved || !server.is_alive() || (thorough && uses_xcb(self.dpy()));
        if behind {
            self.sync(server);
        }
        behind
    }
}
