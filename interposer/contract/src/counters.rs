//! Frame counters that outlive the program that counts.
//!
//! Frames a second are only worth telling if they are right also when a program ends by `_exit` or a signal. So the
//! library counts in a file that the launcher made and mapped: nothing has to be flushed or sent at the end, and a
//! count costs one atomic addition. Without a file the same counters live on the heap.
//!
//! The file is a [table](crate::table) of [`WindowCounters`]; a zero `pid` marks a free one.

use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use rustix::time::{ClockId, clock_gettime};

use crate::records::{Record, RecordFile};
use crate::table::{Atomics, Format, Table};

const FORMAT: Format =
    Format { magic: *b"glxrunFC", version: 1, most: CAPACITY, name: "counters file", entries: "windows" };
/// Windows that a file has room for; more are counted on the heap of their process.
const CAPACITY: usize = 1024;

/// The frame counts of one window of one process.
///
/// Written by the library, read by the launcher in another process, without locks: each number is right by itself.
/// Times are CLOCK_MONOTONIC in nanoseconds, 0 while there was no such frame.
#[repr(C, align(128))]
#[derive(Debug, Default)]
pub struct WindowCounters {
    /// Process that the window's frames come from; 0 in an entry of the file that nobody has claimed.
    pub pid: AtomicU64,
    /// XID of the window on the 2D side.
    pub window: AtomicU64,
    /// Frames that the program finished: swaps, and flushes of the front buffer.
    pub rendered: AtomicU64,
    /// Frames that the 2D side's X server has put on the window.
    pub delivered: AtomicU64,
    /// Frames that were rendered and will never be delivered.
    pub dropped: AtomicU64,
    /// Time of the first rendered frame.
    pub first_rendered: AtomicU64,
    /// Time of the latest rendered frame.
    pub last_rendered: AtomicU64,
    /// Time of the first delivered frame.
    pub first_delivered: AtomicU64,
    /// Time of the latest delivered frame.
    pub last_delivered: AtomicU64,
    claimed: AtomicU64,
}

// SAFETY: atomics only, repr(C), aligned to 128 bytes.
unsafe impl Atomics for WindowCounters {}

impl WindowCounters {
    /// Counts a frame that the program finished; gives its number, from 1.
    pub fn count_rendered(&self) -> u64 {
        count(&self.rendered, &self.first_rendered, &self.last_rendered)
    }

    /// Counts a frame that the X server has put on the window; gives its number, from 1.
    pub fn count_delivered(&self) -> u64 {
        count(&self.delivered, &self.first_delivered, &self.last_delivered)
    }

    /// Counts a rendered frame that will never be delivered; gives its number, from 1.
    pub fn count_dropped(&self) -> u64 {
        self.dropped.fetch_add(1, Release).wrapping_add(1)
    }

    /// Frames that were rendered, and neither delivered nor dropped so far. It may be too high for a moment, not too low.
    pub fn on_their_way(&self) -> u64 {
        // A damaged file may hold any number.
        let done = self.delivered.load(Acquire).saturating_add(self.dropped.load(Acquire));
        self.rendered.load(Acquire).saturating_sub(done)
    }
}

fn count(frames: &AtomicU64, first: &AtomicU64, last: &AtomicU64) -> u64 {
    let now = now();
    if first.load(Relaxed) == 0 {
        let _ = first.compare_exchange(0, now, Relaxed, Relaxed);
    }
    last.store(now, Relaxed);
    // Release: who sees the new count also sees its times.
    frames.fetch_add(1, Release).wrapping_add(1)
}

/// CLOCK_MONOTONIC in nanoseconds, the clock of [`WindowCounters`]' times.
pub fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// A handle to the counters of one window, in a shared file or on the heap, and to the file of frame records if there
/// is one.
#[derive(Clone, Debug)]
pub struct Entry {
    place: Place,
    records: Option<RecordFile>,
}

#[derive(Clone, Debug)]
enum Place {
    Shared { table: Arc<Table<WindowCounters>>, index: usize },
    Private(Arc<WindowCounters>),
}

impl Entry {
    /// Counters that only this process sees.
    pub fn private(window: u32) -> Entry {
        let counters = WindowCounters::default();
        counters.claimed.store(1, Relaxed);
        counters.window.store(window.into(), Relaxed);
        counters.pid.store(std::process::id().into(), Relaxed);
        Entry { place: Place::Private(Arc::new(counters)), records: None }
    }

    /// The same counters; the window's frames are also recorded, if `records` is a file.
    pub fn recorded_in(self, records: Option<RecordFile>) -> Entry {
        Entry { records, ..self }
    }

    /// Begins the record of frame `number` of the window, whose swap was entered at `entered` ([`now`]).
    pub fn record(&self, number: u64, entered: u64) -> Record {
        match &self.records {
            Some(file) => file.begin(&self.pid, &self.window, number, entered),
            None => Record::default(),
        }
    }
}

impl Deref for Entry {
    type Target = WindowCounters;

    fn deref(&self) -> &WindowCounters {
        match &self.place {
            Place::Shared { table, index } => &table.entries()[*index],
            Place::Private(counters) => counters,
        }
    }
}

/// The counters file, mapped. It stays mapped while one of its entries is in use.
#[derive(Clone, Debug)]
pub struct CounterFile(Arc<Table<WindowCounters>>);

impl CounterFile {
    /// Makes the file, readable and writable by its owner only. It must not exist yet.
    pub fn create(path: &Path) -> io::Result<CounterFile> {
        Ok(CounterFile(Arc::new(Table::create(path, &FORMAT, CAPACITY)?)))
    }

    /// Opens a file that [`CounterFile::create`] made. An error of kind `InvalidData` says what is wrong with one
    /// that is damaged, short or of another version.
    pub fn open(path: &Path) -> io::Result<CounterFile> {
        Ok(CounterFile(Arc::new(Table::open(path, &FORMAT)?)))
    }

    /// Takes a fresh entry for a window of this process; None once the file is full.
    ///
    /// The entry is never given back: it keeps its counts when the window or the process is gone.
    pub fn claim(&self, window: u32) -> Option<Entry> {
        let free = |entry: &WindowCounters| entry.claimed.compare_exchange(0, 1, Relaxed, Relaxed).is_ok();
        let index = self.0.entries().iter().position(free)?;
        let entry = &self.0.entries()[index];
        entry.window.store(window.into(), Relaxed);
        // Release: who sees the process also sees the window.
        entry.pid.store(std::process::id().into(), Release);
        Some(Entry { place: Place::Shared { table: self.0.clone(), index }, records: None })
    }

    /// The entries that were claimed, by whatever process, in the order of their claims.
    pub fn entries(&self) -> impl Iterator<Item = &WindowCounters> {
        self.0.entries().iter().filter(|entry| entry.pid.load(Acquire) != 0)
    }
}

#[cfg(test)]
mod tests;
