//! The connection as all threads share it: who may read it, what an event means, what happens when it is lost.
//!
//! Locks, in the order in which they may nest: `dispatch`, `windows`, a window's state; then `in_flight`, `ready`,
//! `retired` and `messages`, one at a time; x11rb's own come last. A round trip is made with `dispatch` locked in
//! [`Server::watch`](crate::Server::watch) only, where events have to wait, and with a buffer's own lock while it is
//! attached.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use rustix::event::{EventfdFlags, eventfd};
use x11rb::connection::{Connection as _, SequenceNumber};
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xproto::{
    ClientMessageEvent, ConnectionExt as _, EXPOSE_EVENT, EventMask, ExposeEvent, Rectangle,
};
use x11rb::rust_connection::RustConnection;

use crate::changes::Part;
use crate::connect::Stream;
use crate::error::Error;
use crate::framebuffer::Framebuffer;
use crate::memory::Carrier;
use crate::shared::Shared;
use crate::tap::Tap;
use crate::window::Window;

/// A connection, and what its threads tell each other.
pub(crate) struct Link {
    pub connection: RustConnection<Stream>,
    /// The display's name, for messages.
    pub display: String,
    /// How frames travel, once that has been tried.
    pub carrier: OnceLock<Carrier>,
    /// The screen that frames can be written to.
    pub framebuffer: OnceLock<Framebuffer>,
    /// The reader that gets a copy of frames.
    pub tap: OnceLock<Tap>,
    /// Whether windows are tracked, so that only what changed is sent.
    pub tracking: OnceLock<bool>,
    /// The factor of gamma correction, where frames get any.
    pub gamma: OnceLock<f32>,
    dead: AtomicBool,
    abandoned: AtomicBool,
    stopping: AtomicBool,
    /// Held while events are taken and applied, so that they are applied in their order.
    pub dispatch: Mutex<()>,
    pub windows: Mutex<HashMap<u32, Watched>>,
    in_flight: Mutex<Vec<InFlight>>,
    ready: Mutex<VecDeque<Arc<Shared>>>,
    retired: Mutex<Vec<u32>>,
    /// Messages to send, and the windows whose makers get them.
    messages: Mutex<Vec<(u32, ClientMessageEvent)>>,
    /// Wakes the poster's poll.
    pub wake: OwnedFd,
    /// Whether the poster waits, or is about to: only then is `wake` worth a system call.
    pub sleeping: AtomicBool,
}

/// A window that we hear about.
pub(crate) struct Watched {
    pub shared: Arc<Shared>,
    /// The handle that the program has, if it still has it.
    pub window: Weak<Window>,
}

/// A ShmPutImage whose completion or error is still to come.
struct InFlight {
    sequence: SequenceNumber,
    segment: u32,
    window: Arc<Shared>,
    /// The frame's.
    number: u64,
}

impl Link {
    pub fn new(connection: RustConnection<Stream>, display: String) -> std::io::Result<Link> {
        Ok(Link {
            connection,
            display,
            carrier: OnceLock::new(),
            framebuffer: OnceLock::new(),
            tap: OnceLock::new(),
            tracking: OnceLock::new(),
            gamma: OnceLock::new(),
            dead: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            dispatch: Mutex::new(()),
            windows: Mutex::default(),
            in_flight: Mutex::default(),
            ready: Mutex::default(),
            retired: Mutex::default(),
            messages: Mutex::default(),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            sleeping: AtomicBool::new(false),
        })
    }

    /// The carrier for new buffers.
    pub fn carrier(&self) -> Carrier {
        self.carrier.get().copied().unwrap_or(Carrier::Socket)
    }

    /// Whether windows are tracked.
    pub fn tracks(&self) -> bool {
        self.tracking.get().copied().unwrap_or(false)
    }

    pub fn is_alive(&self) -> bool {
        !self.dead.load(Ordering::Acquire)
    }

    /// Err(Dead) once the connection is lost: nothing may be sent any more, since x11rb may be in any state.
    pub fn alive(&self) -> Result<(), Error> {
        if self.is_alive() { Ok(()) } else { Err(Error::Dead) }
    }

    /// Whether this is a forked child's copy, whose locks and socket belong to the parent.
    pub fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    /// Makes everything a no-op, without a lock or a system call.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
        self.dead.store(true, Ordering::Release);
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Ends the poster's thread and drops what the connection still holds.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.dead.store(true, Ordering::Release);
        self.connection.stream().shut_down();
        self.wake_poster();
    }

    /// Notes what a result says about the connection.
    pub fn settle<T>(&self, result: Result<T, ReplyError>) -> Result<T, Error> {
        if let Err(ReplyError::ConnectionError(error)) = &result {
            self.note(error);
        }
        result.map_err(Error::from)
    }

    fn note(&self, error: &ConnectionError) {
        if matches!(error, ConnectionError::IoError(_)) {
            self.die(error);
        }
    }

    /// The connection is lost: says so once, and lets go everyone who waits. No lock of ours may be held, but for
    /// `dispatch`.
    pub fn die(&self, reason: &dyn fmt::Display) {
        if self.dead.swap(true, Ordering::AcqRel) {
            return;
        }
        log::warn!(
            "the connection to the 2D side {} is lost ({reason}): its windows show no more frames",
            self.display
        );
        let windows = std::mem::take(&mut *self.windows.lock());
        for watched in windows.values() {
            watched.shared.vanish(false);
        }
        self.forget_frames();
        self.wake_poster();
    }

    /// Drops the references to windows that would otherwise keep them and us alive in a circle.
    pub fn forget_frames(&self) {
        let in_flight = std::mem::take(&mut *self.in_flight.lock());
        let ready = std::mem::take(&mut *self.ready.lock());
        drop((in_flight, ready));
    }

    /// Applies all events that have arrived. Does not wait for the server.
    pub fn pump(&self) {
        if self.is_alive() {
            let _order = self.dispatch.lock();
            self.drain();
        }
    }

    /// [`pump`](Self::pump) for a caller that holds `dispatch`.
    pub fn drain(&self) {
        while self.is_alive() {
            // Another thread may be reading the socket while it waits for a reply, and then x11rb reads nothing here.
            // But that thread puts what it read into x11rb's queue before it lets others look there: once the socket
            // has been seen empty, one more look at the queue finds everything.
            let unread = self.connection.stream().has_input();
            let mut idle = true;
            loop {
                match self.connection.poll_for_event_with_sequence() {
                    Ok(Some((event, sequence))) => self.apply(event, sequence),
                    Ok(None) => break,
                    Err(ConnectionError::ParseError(error)) => {
                        log::debug!("an X event is malformed: {error}")
                    }
                    Err(error) => return self.die(&error),
                }
                idle = false;
            }
            if !unread {
                return;
            }
            if idle {
                std::thread::yield_now();
            }
        }
    }

    fn apply(&self, event: Event, sequence: SequenceNumber) {
        // A window manager's synthetic events tell nothing that the server's own do not.
        if event.sent_event() {
            return;
        }
        if let Some(framebuffer) = self.framebuffer.get() {
            match &event {
                Event::GraphicsExposure(event) => framebuffer.copied(event.drawable, false),
                Event::ConfigureNotify(_)
                | Event::MapNotify(_)
                | Event::UnmapNotify(_)
                | Event::ReparentNotify(_)
                | Event::CirculateNotify(_)
                | Event::GravityNotify(_)
                | Event::DestroyNotify(_)
                | Event::VisibilityNotify(_)
                | Event::ShapeNotify(_)
                    if framebuffer.disturbed(sequence) =>
                {
                    self.wake_poster()
                }
                _ => {}
            }
        }
        match event {
            Event::ShmCompletion(event) => {
                self.complete(|frame| frame.segment == event.shmseg, true);
            }
            Event::ConfigureNotify(event) if event.event == event.window => {
                let shared = self.windows.lock().get(&event.window).map(|watched| watched.shared.clone());
                if let Some(shared) = shared
                    && shared.size() != (event.width, event.height)
                {
                    shared.set_size(event.width, event.height);
                    self.drawn_into(event.window, sequence, None);
                }
            }
            Event::DamageNotify(event) => {
                let Rectangle { x, y, width, height } = event.area;
                // What reaches beyond the window is no part of a frame.
                let place = u16::try_from(x).ok().zip(u16::try_from(y).ok());
                let place = place.map(|(x, y)| Part { x, y, width, height });
                self.drawn_into(event.drawable, sequence, place);
            }
            Event::Expose(event) => self.drawn_into(event.window, sequence, None),
            Event::DestroyNotify(event) if event.event == event.window => {
                let watched = self.windows.lock().remove(&event.window);
                if let Some(tap) = self.tap.get() {
                    tap.forget(event.window);
                }
                if let Some(watched) = watched {
                    watched.shared.vanish(true);
                }
            }
            Event::Error(error) => {
                log::debug!(
                    "the 2D side {} answered request {}.{} on 0x{:x} with X error {}",
                    self.display,
                    error.major_opcode,
                    error.minor_opcode,
                    error.bad_value,
                    error.error_code
                );
                self.complete(|frame| frame.sequence == sequence, false);
            }
            _ => {}
        }
    }

    /// The content of a window has changed while the server was at request `sequence` of ours.
    fn drawn_into(&self, window: u32, sequence: SequenceNumber, place: Option<Part>) {
        let shared = self.windows.lock().get(&window).map(|watched| watched.shared.clone());
        if let Some(shared) = shared.filter(|shared| shared.drawn_into(sequence, place)) {
            self.submit(shared);
        }
    }

    /// The server is done with a frame.
    fn complete(&self, which: impl Fn(&InFlight) -> bool, delivered: bool) {
        let frame = {
            let mut in_flight = self.in_flight.lock();
            in_flight.iter().position(which).map(|index| in_flight.swap_remove(index))
        };
        if let Some(frame) = frame {
            self.completed(frame.window, frame.number, delivered);
        }
    }

    /// A window's frame is no longer in flight: the next one may go.
    pub fn completed(&self, window: Arc<Shared>, number: u64, delivered: bool) {
        let more = window.complete(number, delivered);
        window.tell_watchers();
        if more {
            self.submit(window);
        }
    }

    /// Sends a request that will be answered by a completion event or an error, and remembers whose it is.
    pub fn send_frame(
        &self,
        window: &Arc<Shared>,
        number: u64,
        segment: u32,
        send: impl FnOnce() -> Result<SequenceNumber, ConnectionError>,
    ) -> Result<(), ConnectionError> {
        // Held while sending, so that no other thread handles the answer before the frame is in the list.
        let mut in_flight = self.in_flight.lock();
        let sequence = send()?;
        in_flight.push(InFlight { sequence, segment, window: window.clone(), number });
        Ok(())
    }

    /// A window has a frame that can be sent.
    pub fn submit(&self, window: Arc<Shared>) {
        self.ready.lock().push_back(window);
        self.wake_poster();
    }

    /// The next window with a frame to send.
    pub fn next_ready(&self) -> Option<Arc<Shared>> {
        self.ready.lock().pop_front()
    }

    /// A segment is no longer used. The poster detaches it: only its thread may wait for a socket that is full.
    pub fn retire(&self, segment: u32) {
        if self.is_alive() {
            self.retired.lock().push(segment);
            self.wake_poster();
        }
    }

    /// Detaches the segments that were retired.
    pub fn detach_retired(&self) {
        let retired = std::mem::take(&mut *self.retired.lock());
        for segment in retired {
            let _ = self.connection.shm_detach(segment);
        }
    }

    /// Sends a message to the client that made the window `to`. The poster does, as it detaches segments.
    pub fn message(&self, to: u32, message: ClientMessageEvent) {
        if self.is_alive() {
            self.messages.lock().push((to, message));
            self.wake_poster();
        }
    }

    /// Sends the messages that wait.
    pub fn send_messages(&self) {
        let messages = std::mem::take(&mut *self.messages.lock());
        for (to, message) in messages {
            let _ = self.connection.send_event(false, to, EventMask::NO_EVENT, message);
        }
    }

    /// Repairs what was written to the screen where it should not have been.
    pub fn expose_spoiled(&self) {
        let Some(framebuffer) = self.framebuffer.get().filter(|framebuffer| framebuffer.has_spoiled()) else {
            return;
        };
        match framebuffer.expose_spoiled(self) {
            Ok(windows) => {
                for window in windows {
                    let shared = self.windows.lock().get(&window).map(|watched| watched.shared.clone());
                    let Some(shared) = shared else { continue };
                    if shared.written().is_some() {
                        // We have no copy of that frame: the program is to draw it again, as others are.
                        let (width, height) = shared.size();
                        let event = ExposeEvent { window, width, height, ..ExposeEvent::default() };
                        let event = ExposeEvent { response_type: EXPOSE_EVENT, ..event };
                        let _ = self.connection.send_event(false, window, EventMask::EXPOSURE, event);
                    } else if shared.repeat() {
                        self.submit(shared);
                    }
                }
            }
            Err(error) => self.note(&error),
        }
    }

    /// Sends frames again that the tap has not had.
    pub fn repeat_tapped(&self) {
        for window in self.tap.get().map(Tap::take_due).unwrap_or_default() {
            let shared = self.windows.lock().get(&window).map(|watched| watched.shared.clone());
            if let Some(shared) = shared.filter(|shared| shared.repeat()) {
                self.submit(shared);
            }
        }
    }

    /// Whether the poster has something to do, beside events.
    pub fn has_work(&self) -> bool {
        self.is_stopping()
            || !self.is_alive()
            || !self.ready.lock().is_empty()
            || !self.retired.lock().is_empty()
            || !self.messages.lock().is_empty()
            || self.framebuffer.get().is_some_and(Framebuffer::has_spoiled)
    }

    fn wake_poster(&self) {
        if self.sleeping.load(Ordering::SeqCst) {
            let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("display", &self.display).field("alive", &self.is_alive()).finish()
    }
}
