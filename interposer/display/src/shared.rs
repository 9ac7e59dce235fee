//! What the handle, the slots and the poster share of a window; see [`crate::window`].

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use glxrun_contract::counters::Entry;
use glxrun_contract::records::{Moment, Record};
use glxrun_contract::settings::Spoil;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::changes::{Changes, Part};
use crate::framebuffer::Place;
use crate::gamma::Curves;
use crate::image::Image;
use crate::link::Link;
use crate::memory::{Buffer, roomy};
use crate::on_screen::OnScreen;
use crate::remote::Reservation;
use crate::screen::Layout;
use crate::slot::Slot;
use crate::state::{Fate, Frame, Next, Posted, State, Written};
use crate::tracking::{self, Sent};
use crate::window::FrameWatcher;

/// How long [`Shared::finish`] waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a program that leaves the poster and the server no time to run waits for them.
const COURTESY: Duration = Duration::from_millis(5);
/// Frames that are not yet delivered, with spoil off: one in flight, one that is queued or being written.
pub(crate) const PENDING: usize = 2;
/// The same of remote ones: two in flight, one that is queued, one that is being made.
const REMOTE: usize = 4;

/// What the handle, the slots and the poster share of a window.
pub(crate) struct Shared {
    pub id: u32,
    pub root: u32,
    pub visual: u32,
    pub layout: Layout,
    /// A graphics context for the window's root and depth.
    pub gc: u32,
    pub link: Arc<Link>,
    /// The correction that frames get, if any.
    pub gamma: Option<Arc<Curves>>,
    pub counters: Entry,
    spoil: Spoil,
    /// Width in the upper half, height in the lower.
    size: AtomicU32,
    gone: AtomicBool,
    pub state: Mutex<State>,
    /// A frame left the state of being pending.
    freed: Condvar,
    pub watchers: Mutex<Vec<Weak<dyn FrameWatcher>>>,
    /// Where in the framebuffer the window is whole, and the state of affairs at which that was last asked.
    place: Mutex<(Option<Place>, Option<u64>)>,
}

impl Shared {
    #[allow(clippy::too_many_arguments, reason = "each is a fact about the window, set once")]
    pub fn new(
        link: Arc<Link>,
        id: u32,
        root: u32,
        visual: u32,
        layout: Layout,
        gc: u32,
        size: (u16, u16),
        counters: Entry,
        spoil: Spoil,
    ) -> Shared {
        Shared {
            id,
            root,
            visual,
            layout,
            gc,
            gamma: link.gamma.get().map(|factor| Arc::new(Curves::new(*factor, layout))),
            link,
            counters,
            spoil,
            size: AtomicU32::new(pack(size)),
            gone: AtomicBool::new(false),
            state: Mutex::default(),
            freed: Condvar::new(),
            watchers: Mutex::default(),
            place: Mutex::default(),
        }
    }

    pub fn size(&self) -> (u16, u16) {
        let size = self.size.load(Ordering::Acquire);
        ((size >> 16) as u16, size as u16)
    }

    pub fn set_size(&self, width: u16, height: u16) {
        self.size.store(pack((width, height)), Ordering::Release);
    }

    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Begins a frame, whose pixels may be `away`: with spoil off once fewer than `most` are pending, with spoil on at once, or
    /// nearly so where somebody is starved. None if no frame will be delivered any more.
    pub fn begin(&self, most: usize, away: bool) -> Option<(u64, MutexGuard<'_, State>)> {
        if !self.link.is_alive() {
            return None;
        }
        let mut state = self.state.lock();
        while self.spoil == Spoil::Off && !state.over && state.pending() >= most {
            self.freed.wait(&mut state);
        }
        if state.is_starved() {
            let until = Instant::now() + COURTESY;
            while state.is_starved() && !self.freed.wait_until(&mut state, until).timed_out() {}
            state.overtaken = 0;
        }
        if state.over {
            return None;
        }
        Some((state.begin(away), state))
    }

    pub fn acquire(self: &Arc<Self>, width: u16, height: u16) -> Option<Slot> {
        let length = self.layout.stride(width) * usize::from(height);
        if length == 0 {
            return None;
        }
        let mut unfit = Vec::new();
        let (number, free) = {
            let (number, mut state) = self.begin(PENDING, false)?;
            (number, state.take_free(length, &mut unfit))
        };
        drop(unfit);
        match self.buffer(free, length) {
            Ok(buffer) => {
                let frame = Frame { number, buffer, width, height, sent: 0, record: Record::default() };
                Some(Slot::new(self.clone(), frame))
            }
            Err(error) => {
                log::warn!("no memory for a frame of {width}x{height} pixels: {error}");
                self.end(number, |_, _| {});
                None
            }
        }
    }

    pub fn acquire_on_screen(self: &Arc<Self>, size: (u16, u16)) -> Option<OnScreen> {
        let link = &self.link;
        // What is compared with later frames, or read by others too, must be in memory of ours.
        let framebuffer = link.framebuffer.get().filter(|_| !link.tracks() && link.tap.get().is_none())?;
        framebuffer.takes(link, self, size)?;
        let number = self.begin(PENDING, false)?.0;
        // Only now: there may have been a wait. Whatever happens from here on is found when the server is told.
        let place = framebuffer.takes(link, self, size).filter(|_| self.state.lock().may_write(number));
        if place.is_none() {
            self.end(number, |_, _| {});
        }
        Some(OnScreen::new(self.clone(), Written { number, place: place?, record: Record::default() }))
    }

    /// Where the newest frame was written to the screen, if it was.
    pub fn written(&self) -> Option<Place> {
        self.state.lock().written()
    }

    /// That buffer, or a new one for `length` bytes.
    pub fn buffer(&self, free: Option<Arc<Buffer>>, length: usize) -> std::io::Result<Arc<Buffer>> {
        let new = || Buffer::new(&self.link, self.link.carrier(), roomy(length)).map(Arc::new);
        free.map_or_else(new, Ok)
    }

    pub fn reserve(self: &Arc<Self>) -> Option<Reservation> {
        let (number, _) = self.begin(REMOTE, true)?;
        Some(Reservation::new(self.clone(), number))
    }

    /// A slot or a reservation comes back, used or not; `then` is told how many of its rows have been sent.
    fn end(self: &Arc<Self>, number: u64, then: impl FnOnce(&mut State, u16)) {
        if self.link.is_abandoned() {
            return;
        }
        let mut state = self.state.lock();
        let sent = state.end(number);
        then(&mut state, sent);
        self.freed.notify_all();
        self.announce(state);
    }

    /// Tells the poster if there is something to send.
    fn announce(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let announce = state.announce(self.spoil);
        drop(state);
        if announce {
            self.link.submit(self.clone());
        }
    }

    pub fn give_back(self: &Arc<Self>, frame: Frame) {
        frame.record.note(Moment::Dropped);
        self.end(frame.number, |state, _| state.release(Posted::Here(frame)));
    }

    pub fn unreserve(self: &Arc<Self>, number: u64) {
        self.end(number, |_, _| {});
    }

    /// The upper rows of a slot are done.
    pub fn grow(self: &Arc<Self>, frame: &Frame, ready: u16) {
        // With what is on the screen comparisons and the screen's own file are at odds.
        if self.link.is_abandoned() || self.link.tracks() || self.link.framebuffer.get().is_some() {
            return;
        }
        let mut state = self.state.lock();
        state.grow(frame, ready);
        self.announce(state);
    }

    pub fn post(self: &Arc<Self>, mut frame: Posted) {
        let mut fate = Fate::Queued;
        self.end(frame.number(), |state, sent| {
            if let Posted::Here(frame) = &mut frame {
                frame.sent = sent;
            }
            fate = state.post(frame, self.spoil);
        });
        if fate != Fate::Queued {
            self.drop_one();
        }
    }

    pub fn drop_one(&self) {
        self.counters.count_dropped();
        self.tell_watchers();
    }

    /// The frame to send now, which is in flight from here on.
    pub fn next_frame(&self) -> Option<Next> {
        let mut state = self.state.lock();
        let was_starved = state.is_starved();
        let next = state.next(self.spoil);
        if was_starved && !state.is_starved() {
            self.freed.notify_all();
        }
        next
    }

    /// Whether the poster should be told of another frame, which can be sent while others are in flight.
    pub fn has_more(&self) -> bool {
        self.state.lock().announce(self.spoil)
    }

    /// The frame in flight is done with; tells whether the poster should be told of the next one.
    pub fn complete(&self, number: u64, delivered: bool) -> bool {
        let mut state = self.state.lock();
        // A repetition has been counted, and its buffer is free or kept already.
        if state.land(number, delivered) {
            if delivered {
                self.counters.count_delivered();
            } else {
                self.counters.count_dropped();
            }
        }
        self.freed.notify_all();
        state.announce(self.spoil)
    }

    /// No more frames: the window is `gone`, or the connection is lost. Frees everything and lets go who waits.
    pub fn vanish(&self, gone: bool) {
        if gone {
            self.gone.store(true, Ordering::Release);
        }
        let mut state = self.state.lock();
        let (lost, old) = state.empty();
        (0..lost).for_each(|_| _ = self.counters.count_dropped());
        self.freed.notify_all();
        drop(state);
        drop(old);
        self.tell_watchers();
    }

    /// Tells of frames that are done with. The state must not be locked.
    pub fn tell_watchers(&self) {
        let watchers: Vec<_> = self.watchers.lock().iter().filter_map(Weak::upgrade).collect();
        for watcher in watchers {
            watcher.frames_done(self.counters.on_their_way());
        }
    }

    /// Where the window was found to be whole.
    pub fn place(&self) -> Option<Place> {
        self.place.lock().0
    }

    /// Notes that it is whole.
    pub fn set_place(&self, place: Place) {
        self.place.lock().0 = Some(place);
        self.state.lock().on_screen = true;
    }

    /// Whether it must be asked anew where the window is whole, since something has happened; it is then not known any
    /// more.
    pub fn ask_again(&self, generation: u64) -> bool {
        let mut place = self.place.lock();
        let changed = place.1 != Some(generation);
        if changed {
            *place = (None, Some(generation));
            self.state.lock().on_screen = false;
        }
        changed
    }

    /// The newest frame has to be sent again. True if the poster should be told.
    pub fn repeat(&self) -> bool {
        let mut state = self.state.lock();
        state.again = state.newest().is_some();
        state.announce(self.spoil)
    }

    /// How the frame in flight differs from what the window shows, and whether it is tracked from then on.
    pub fn plan(&self, frame: &Frame) -> (Changes, bool) {
        if !self.link.tracks() || !self.layout.bits_per_pixel.is_multiple_of(8) {
            return (Changes::Everything, false);
        }
        let reference = {
            let mut state = self.state.lock();
            if state.is_repeated(frame.number) {
                return state.tracking.decide(frame, None);
            }
            state.tracking.reference(frame)
        };
        // SAFETY: the one is in flight and the other one is kept, so that neither is in a slot.
        let changes = reference.map(|shown| unsafe { tracking::compare(&shown, frame, &self.layout) });
        self.state.lock().tracking.decide(frame, changes)
    }

    /// Notes the requests that sent the frame in flight.
    pub fn sent(&self, requests: Vec<Sent>) {
        let mut state = self.state.lock();
        state.again |= state.tracking.sent(requests);
    }

    /// Has the window's DAMAGE object made by `make` unless there is one; that gives its XID and the request's sequence number.
    pub fn damage<E>(&self, make: impl FnOnce() -> Result<(u32, u64), E>) -> Result<(), E> {
        if self.state.lock().tracking.damage.is_none() {
            let (damage, since) = make()?;
            let tracking = &mut self.state.lock().tracking;
            (tracking.damage, tracking.since) = (Some(damage), since);
        }
        Ok(())
    }

    /// The DAMAGE object, to be destroyed.
    pub fn take_damage(&self) -> Option<u32> {
        self.state.lock().tracking.damage.take()
    }

    /// The window's content has changed, in `place` if that is known, while the server was at request `sequence` of ours. True if the poster should
    /// be told that the last frame has to be sent again.
    pub fn drawn_into(&self, sequence: u64, place: Option<Part>) -> bool {
        let mut state = self.state.lock();
        state.again |= state.tracking.drawn_into(sequence, place);
        state.again && state.announce(self.spoil)
    }

    pub fn last_frame(&self) -> Option<Image> {
        if !self.link.is_alive() {
            return None;
        }
        let mut state = self.state.lock();
        if let Some(place) = state.written() {
            let data = self.link.framebuffer.get()?.read(place)?;
            let (width, height, depth) = (place.width, place.height, self.layout.depth);
            return Some(Image { width, height, depth, stride: usize::from(width) * 4, data });
        }
        if let Some(Posted::Away(away)) = state.newest().cloned() {
            drop(state);
            self.fetch(&away)?;
            state = self.state.lock();
        }
        let Some(Posted::Here(newest)) = state.newest() else { return None };
        let stride = self.layout.stride(newest.width);
        // SAFETY: no slot has the newest frame's buffer while the state is locked.
        let pixels = unsafe { newest.pixels(&self.layout) };
        Some(Image {
            width: newest.width,
            height: newest.height,
            depth: self.layout.depth,
            stride,
            data: pixels.to_vec(),
        })
    }

    pub fn finish(&self) {
        // Not for a lost connection: its end empties the queue, and counts what was in there.
        if self.link.is_abandoned() {
            return;
        }
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state.lock();
        let last = state.last();
        while !state.is_idle(last) {
            if self.freed.wait_until(&mut state, deadline).timed_out() {
                log::debug!("the server has not taken a frame for window 0x{:x} in {PATIENCE:?}", self.id);
                return;
            }
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = self.size();
        write!(f, "Shared(0x{:x}, {width}x{height})", self.id)
    }
}

fn pack((width, height): (u16, u16)) -> u32 {
    u32::from(width) << 16 | u32::from(height)
}
