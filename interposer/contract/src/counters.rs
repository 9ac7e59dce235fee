//! Frame counters that outlive the program that counts.
//!
//! Frames a second are only worth telling if they are right also when a program ends by `_exit` or a signal. So the
//! library counts in a file that the launcher made and mapped: nothing has to be flushed or sent at the end, and a
//! count costs one atomic addition. Without a file the same counters live on the heap.
//!
//! ```text
//! offset 0    Header           128 bytes: magic, version, capacity
//! offset 128  WindowCounters   128 bytes, capacity times; a zero `pid` marks a free one
//! ```
//!
//! All numbers are native-endian `u64`: the file never leaves the machine, nor outlives the launcher.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use rustix::mm::{MapFlags, ProtFlags};
use rustix::time::{ClockId, clock_gettime};

const MAGIC: u64 = u64::from_le_bytes(*b"glxrunFC");
const VERSION: u64 = 1;
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
        self.dropped.fetch_add(1, Release) + 1
    }

    /// Frames that were rendered, and neither delivered nor dropped so far. It may be too high for a moment, not too low.
    pub fn on_their_way(&self) -> u64 {
        let done = self.delivered.load(Acquire) + self.dropped.load(Acquire);
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
    frames.fetch_add(1, Release) + 1
}

/// CLOCK_MONOTONIC in nanoseconds, the clock of [`WindowCounters`]' times.
pub fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// A handle to the counters of one window, in a shared file or on the heap.
#[derive(Clone, Debug)]
pub struct Entry(Place);

#[derive(Clone, Debug)]
enum Place {
    Shared { mapping: Arc<Mapping>, index: usize },
    Private(Arc<WindowCounters>),
}

impl Entry {
    /// Counters that only this process sees.
    pub fn private(window: u32) -> Entry {
        let counters = WindowCounters::default();
        counters.claimed.store(1, Relaxed);
        counters.window.store(window.into(), Relaxed);
        counters.pid.store(std::process::id().into(), Relaxed);
        Entry(Place::Private(Arc::new(counters)))
    }
}

impl Deref for Entry {
    type Target = WindowCounters;

    fn deref(&self) -> &WindowCounters {
        match &self.0 {
            Place::Shared { mapping, index } => &mapping.entries()[*index],
            Place::Private(counters) => counters,
        }
    }
}

/// The counters file, mapped. It stays mapped while one of its entries is in use.
#[derive(Clone, Debug)]
pub struct CounterFile(Arc<Mapping>);

impl CounterFile {
    /// Makes the file, readable and writable by its owner only. It must not exist yet.
    pub fn create(path: &Path) -> io::Result<CounterFile> {
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        // Written, not just sized: a page of a sparse file that finds the disk full is a SIGBUS in the program.
        file.write_all(&vec![0; Mapping::length(CAPACITY)])?;
        let mapping = Mapping::new(&file, CAPACITY)?;
        let header = mapping.header();
        header.version.store(VERSION, Relaxed);
        header.capacity.store(CAPACITY as u64, Relaxed);
        header.magic.store(MAGIC, Release);
        Ok(CounterFile(Arc::new(mapping)))
    }

    /// Opens a file that [`CounterFile::create`] made. An error of kind `InvalidData` says what is wrong with one
    /// that is damaged, short or of another version.
    pub fn open(path: &Path) -> io::Result<CounterFile> {
        let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let length = file.metadata()?.len();
        if length < Mapping::length(0) as u64 {
            return Err(invalid(format!("a counters file of {length} bytes is too short")));
        }
        let (magic, version, capacity) = {
            let mapping = Mapping::new(&file, 0)?;
            let header = mapping.header();
            (header.magic.load(Acquire), header.version.load(Relaxed), header.capacity.load(Relaxed))
        };
        if magic != MAGIC {
            return Err(invalid("not a counters file of glxrun".to_owned()));
        }
        if version != VERSION {
            return Err(invalid(format!("a counters file of version {version}, not {VERSION}")));
        }
        if capacity > CAPACITY as u64 || length < Mapping::length(capacity as usize) as u64 {
            return Err(invalid(format!("a counters file of {length} bytes cannot hold {capacity} windows")));
        }
        Ok(CounterFile(Arc::new(Mapping::new(&file, capacity as usize)?)))
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
        Some(Entry(Place::Shared { mapping: self.0.clone(), index }))
    }

    /// The entries that were claimed, by whatever process, in the order of their claims.
    pub fn entries(&self) -> impl Iterator<Item = &WindowCounters> {
        self.0.entries().iter().filter(|entry| entry.pid.load(Acquire) != 0)
    }
}

#[repr(C, align(128))]
struct Header {
    magic: AtomicU64,
    version: AtomicU64,
    capacity: AtomicU64,
}

/// A shared mapping of a header and `capacity` entries.
///
/// Another process may cut the file short while it is mapped, which ends in SIGBUS on access; the private directory
/// it lies in is what rules that out.
#[derive(Debug)]
struct Mapping {
    base: NonNull<Header>,
    capacity: usize,
}

// SAFETY: the mapping is only read and written through atomics, and unmapped by its last owner.
unsafe impl Send for Mapping {}
// SAFETY: as for Send.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn length(capacity: usize) -> usize {
        size_of::<Header>() + capacity * size_of::<WindowCounters>()
    }

    fn new(file: &File, capacity: usize) -> io::Result<Mapping> {
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a fresh mapping at an address of the kernel's choice touches no memory of ours.
        let base = unsafe {
            rustix::mm::mmap(std::ptr::null_mut(), Mapping::length(capacity), protection, flags, file, 0)
        }?;
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Mapping { base, capacity })
    }

    fn header(&self) -> &Header {
        // SAFETY: the mapping is page-aligned, at least a header long, and any bits are valid atomics.
        unsafe { self.base.as_ref() }
    }

    fn entries(&self) -> &[WindowCounters] {
        // SAFETY: `capacity` entries follow the header (`new` mapped them), aligned since the header's size is a
        // multiple of their alignment, and any bits are valid atomics.
        unsafe { std::slice::from_raw_parts(self.base.add(1).cast().as_ptr(), self.capacity) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly what `new` mapped; every reference into it borrows `self`.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), Mapping::length(self.capacity)) };
    }
}

#[cfg(test)]
mod tests;
