//! Frames whose pixels are somewhere else when they are posted, such as in a buffer on a GPU.
//!
//! They are fetched when their turn has come, by the thread that sends frames, straight to where they are needed: into
//! shared memory or onto the screen. So a frame that a newer one overtakes is never fetched at all.

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};

use glxrun_contract::records::{Moment, Record};
use parking_lot::Mutex;

use crate::shared::Shared;
use crate::state::{Away, Frame, Posted};

/// The pixels of one frame, wherever they are. They stay there until the value is dropped.
pub trait Remote: Send + Sync {
    /// Copies them to `rows`, the top row first. False if they are lost. Called in any thread, and more than once where
    /// a frame has to be shown again; it must not wait for whoever posts frames.
    fn fetch(&self, rows: &Rows) -> bool;
}

/// Something that must end before memory is unmapped, such as a driver's registration of it.
pub type Registration = Box<dyn Send + Sync>;

/// What must end before a mapping is unmapped.
#[derive(Default)]
pub(crate) struct Registered {
    /// Of [`Rows::register`], once there was a try.
    once: OnceLock<Option<Registration>>,
    /// Further ones.
    others: Mutex<Vec<Registration>>,
}

impl Registered {
    /// One more.
    pub fn attach(&self, registration: Registration) {
        self.others.lock().push(registration);
    }

    /// To be called before the memory is unmapped.
    pub fn end(&mut self) {
        self.once.take();
        self.others.get_mut().clear();
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registered({})", self.once.get().is_some_and(Option::is_some))
    }
}

/// A mapping of ours, as far as a driver may want to register it.
#[derive(Clone, Copy)]
pub(crate) struct Mapping<'a> {
    pub start: NonNull<u8>,
    /// In bytes.
    pub length: usize,
    pub registered: &'a Registered,
}

/// Where a frame goes: rows in memory that nobody else in this process uses meanwhile.
pub struct Rows<'a> {
    start: NonNull<u8>,
    stride: usize,
    length: usize,
    count: usize,
    mapping: Mapping<'a>,
    memory: PhantomData<&'a mut [u8]>,
}

impl<'a> Rows<'a> {
    /// `count` rows of `length` bytes, `stride` bytes apart, the first one at `start`.
    ///
    /// # Safety
    /// All of them lie in the mapping, which lives as long as the value, and nobody else in this process refers to them
    /// meanwhile.
    pub(crate) unsafe fn new(
        mapping: Mapping<'a>,
        start: NonNull<u8>,
        stride: usize,
        length: usize,
        count: usize,
    ) -> Rows<'a> {
        Rows { start, stride, length, count, mapping, memory: PhantomData }
    }

    /// The first byte of the top row. It and all others may be written to while the value lives.
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// Bytes from one row to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Bytes of a row.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Rows.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Writes row `y`, of which `row` may have less or more bytes than there is room for.
    pub fn write(&self, y: usize, row: &[u8]) {
        if y < self.count {
            let length = row.len().min(self.length);
            // SAFETY: who made the value says that the row lies in the mapping and is ours to write.
            unsafe {
                let place = self.start.as_ptr().add(y * self.stride);
                std::ptr::copy_nonoverlapping(row.as_ptr(), place, length);
            }
        }
    }

    /// Has the mapping that the rows lie in registered by `make`, which gets its start and its length in bytes; once for
    /// each mapping, whatever comes of it. Whether it is registered.
    pub fn register(&self, make: impl FnOnce(NonNull<u8>, usize) -> Option<Registration>) -> bool {
        let Mapping { start, length, registered } = self.mapping;
        registered.once.get_or_init(|| make(start, length)).is_some()
    }
}

impl Shared {
    /// Fetches a remote frame that is in flight into a buffer. None if its pixels are lost.
    pub fn fetch(&self, away: &Away) -> Option<Frame> {
        let (stride, height) = (self.layout.stride(away.width), usize::from(away.height));
        let mut unfit = Vec::new();
        let free = self.state.lock().take_free(stride * height, &mut unfit);
        drop(unfit);
        let buffer = self.buffer(free, stride * height).inspect_err(|error| {
            log::warn!("no memory for a frame of {}x{} pixels: {error}", away.width, away.height);
        });
        let buffer = buffer.ok()?;
        let mapping = buffer.mapping();
        // SAFETY: the rows lie in the buffer, which is neither free nor a frame's.
        let rows = unsafe { Rows::new(mapping, mapping.start, stride, stride, height) };
        let fetched = away.pixels.fetch(&rows);
        let Away { number, width, height, record, .. } = away.clone();
        let frame = Frame { number, buffer, width, height, sent: 0, record };
        let mut state = self.state.lock();
        if !fetched || !state.arrive(&frame) {
            let there = state.in_flight(away.number);
            state.release(Posted::Here(frame));
            // Perhaps somebody else was quicker.
            return match there {
                Some(Posted::Here(frame)) => Some(frame),
                _ => None,
            };
        }
        Some(frame)
    }

    /// Fetches all remote frames that may still be needed: their pixels are about to be lost.
    pub fn bring_in(&self) {
        if !self.link.is_alive() {
            return;
        }
        let away = self.state.lock().away();
        for away in away {
            self.fetch(&away);
        }
    }
}

/// Room for a frame of a window whose pixels are still being made; from [`Window::reserve`](crate::Window::reserve).
/// Dropped without being used, it is free again.
pub struct Reservation {
    window: Arc<Shared>,
    /// None once used.
    number: Option<u64>,
    record: Record,
}

impl Reservation {
    pub(crate) fn new(window: Arc<Shared>, number: u64) -> Reservation {
        Reservation { window, number: Some(number), record: Record::default() }
    }

    /// Has what becomes of the frame noted there, beginning with its room's being there.
    pub fn set_record(&mut self, record: Record) {
        record.note(Moment::Slot);
        self.record = record;
    }

    /// The frame's pixels are lost: it is counted as dropped.
    pub fn lose(self) {
        self.record.note(Moment::Dropped);
        self.window.drop_one();
    }

    /// Hands the frame over, `width` x `height` pixels in the window's layout, to be shown in the window's top left corner.
    /// Never waits. As with [`Window::post`](crate::Window::post), it replaces one that is queued where spoiling is on.
    pub fn post(mut self, pixels: Arc<dyn Remote>, width: u16, height: u16) {
        if let Some(number) = self.number.take() {
            let record = std::mem::take(&mut self.record);
            self.window.post(Posted::Away(Away { number, pixels, width, height, record }));
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(number) = self.number.take() {
            self.window.unreserve(number);
        }
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reservation({:?})", self.window)
    }
}
