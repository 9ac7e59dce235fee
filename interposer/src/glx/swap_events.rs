//! GLX_INTEL_swap_event: a BufferSwapComplete event for each swap, in the program's own event queue.
//!
//! A 2D side without GLX sends no event with GLX's code, not even on request. So our connection sends a ClientMessage,
//! and where Xlib turns that message into an XEvent, on the program's Display, it becomes GLX's event. Its destination is a
//! window that nobody sees, made by the program's own connection: a message to a window goes to its maker.
//!
//! Programs that take their events from XCB instead of Xlib see the message, of a type and for a window unknown to them.

use std::ffi::{c_int, c_ulong};
use std::sync::Arc;

use glxrun_display::Server;
use parking_lot::Mutex;
use x11_dl::xlib::{self, Display, XEvent};

use super::display::AppDisplay;
use crate::interpose::Inside;
use crate::x11::Xlib;

/// GLX_BufferSwapComplete, relative to the first event.
const BUFFER_SWAP_COMPLETE: c_int = 1;
/// GLX_COPY_COMPLETE_INTEL: the frame has been copied to the window.
const COPY_COMPLETE: c_int = 0x8181;
const MESSAGE: &str = "_GLXRUN_SWAP_COMPLETE";

/// GLXBufferSwapComplete of glxext.h.
#[repr(C)]
struct SwapComplete {
    kind: c_int,
    serial: c_ulong,
    send_event: c_int,
    display: *mut Display,
    drawable: c_ulong,
    event_type: c_int,
    ust: i64,
    msc: i64,
    sbc: i64,
}

const _: () = assert!(size_of::<SwapComplete>() <= size_of::<XEvent>());

type WireToEvent = unsafe extern "C" fn(*mut Display, *mut XEvent, *mut xlib::xEvent) -> c_int;

/// A Display whose messages we turn into events.
struct Receiver {
    dpy: usize,
    atom: u32,
    window: u32,
    first_event: u8,
    before: Option<WireToEvent>,
}

/// Only locked for moments: Xlib calls us with its Display locked.
static RECEIVERS: Mutex<Vec<Receiver>> = Mutex::new(Vec::new());

/// Who is sent events about a drawable.
pub struct Listener {
    server: Arc<Server>,
    /// The window whose maker the program's Display is.
    window: u32,
    atom: u32,
    drawable: u32,
}

impl Listener {
    /// The program's Display is to get events about a drawable.
    pub fn new(display: &AppDisplay, drawable: u32) -> Option<Self> {
        let (window, atom) = receiver(display)?;
        Some(Self { server: display.side.server.clone(), window, atom, drawable })
    }

    /// Sends an event: the swap `sbc` was done at `ust` microseconds, during the refresh `msc`.
    pub fn tell(&self, ust: u64, msc: u64, sbc: u64) {
        let data = [(ust >> 32) as u32, ust as u32, (msc >> 32) as u32, msc as u32, sbc as u32];
        self.server.message(self.window, self.drawable, self.atom, data);
    }
}

/// The window and the message type by which a Display gets events, made at the first call.
fn receiver(display: &AppDisplay) -> Option<(u32, u32)> {
    let dpy = display.dpy();
    let known = |receivers: &[Receiver]| {
        let known = receivers.iter().find(|receiver| receiver.dpy == dpy as usize)?;
        Some((known.window, known.atom))
    };
    if let Some(known) = known(&RECEIVERS.lock()) {
        return Some(known);
    }
    let atom = display.side.server.atom(MESSAGE).ok()?;
    let xlib = Xlib::get().ok()?;
    let _inside = Inside::enter();
    // SAFETY: the program's live Display, with arguments that XCreateWindow takes for a window without pixels; all zeroes
    // are valid attributes, of which only the one named is used.
    let window = unsafe {
        let root = (xlib.XDefaultRootWindow)(dpy);
        let mut attributes: xlib::XSetWindowAttributes = std::mem::zeroed();
        attributes.override_redirect = 1;
        let (class, mask) = (xlib::InputOnly as u32, xlib::CWOverrideRedirect);
        (xlib.XCreateWindow)(
            dpy,
            root,
            -1,
            -1,
            1,
            1,
            0,
            0,
            class,
            std::ptr::null_mut(),
            mask,
            &raw mut attributes,
        )
    } as u32;
    display.sync();
    // SAFETY: as above, with a function of the type that Xlib calls.
    let before = unsafe { (xlib.XESetWireToEvent)(dpy, xlib::ClientMessage, Some(to_event)) };
    let first_event = display.side.codes.first_event;
    RECEIVERS.lock().push(Receiver { dpy: dpy as usize, atom, window, first_event, before });
    Some((window, atom))
}

/// The program closes a Display.
pub fn closed(dpy: *mut Display) {
    RECEIVERS.lock().retain(|receiver| receiver.dpy != dpy as usize);
}

/// Called by Xlib for each ClientMessage that arrives; gives whether there is an event for the program.
unsafe extern "C" fn to_event(dpy: *mut Display, event: *mut XEvent, wire: *mut xlib::xEvent) -> c_int {
    let known = RECEIVERS
        .lock()
        .iter()
        .find(|receiver| receiver.dpy == dpy as usize)
        .map(|receiver| (receiver.before, receiver.atom, receiver.first_event));
    let Some((Some(before), atom, first_event)) = known else { return 0 };
    // SAFETY: Xlib's own arguments, for the function that it would call.
    let is_event = unsafe { before(dpy, event, wire) };
    // SAFETY: that function has filled the event in, as a ClientMessage.
    let message = unsafe { (*event).client_message };
    if is_event == 0 || message.message_type != c_ulong::from(atom) || message.format != 32 {
        return is_event;
    }
    let word = |index: usize| message.data.get_long(index) as u32;
    let long = |high: usize| i64::from(word(high)) << 32 | i64::from(word(high + 1));
    let swap = SwapComplete {
        kind: c_int::from(first_event) + BUFFER_SWAP_COMPLETE,
        serial: message.serial,
        send_event: 0,
        display: dpy,
        drawable: message.window,
        event_type: COPY_COMPLETE,
        ust: long(0),
        msc: long(2),
        sbc: word(4).into(),
    };
    // SAFETY: an XEvent has room for it, as asserted above.
    unsafe { event.cast::<SwapComplete>().write(swap) };
    1
}
