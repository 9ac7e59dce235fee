//! The tap: how a reader beside the program, such as a recorder, gets the frames of its windows as they are posted.
//!
//! The reader listens at a Unix socket. The library connects to it once for each window, and the connection's end is the
//! window's. What it sends is memory: a [`HELLO`] with the window's XID, and a memfd as the message's descriptor. When
//! frames outgrow the memory, another such message brings a larger one.
//!
//! ```text
//! offset 0       Header   4096 bytes
//! offset 4096    area 0   `capacity` bytes of pixels, then areas 1 and 2
//! ```
//!
//! The library writes a frame into an area that is neither the latest one nor being read, so that neither side ever waits for
//! the other. Frames that nobody reads in time are overwritten: a reader sees the newest.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::Ordering::{Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags};

/// What a message starts with; the window's XID follows, 4 bytes in native order.
pub const HELLO: [u8; 8] = *b"glxrunT1";
/// Bytes of a message.
pub const MESSAGE: usize = HELLO.len() + 4;

const AREAS: usize = 3;
const HEADER: usize = 4096;
/// Nothing in the memory is larger: a window of 32767x32767 pixels is not recorded.
const MOST: usize = 1 << 30;

/// How the pixels of a frame lie in memory: rows from the top, `stride` bytes each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from one row to the next.
    pub stride: u32,
    /// Bits a pixel takes, in native byte order.
    pub bits_per_pixel: u32,
    /// Which bits of a pixel are red, green and blue.
    pub masks: [u32; 3],
}

impl Shape {
    /// Bytes of a frame.
    pub fn length(&self) -> usize {
        self.stride as usize * self.height as usize
    }
}

#[repr(C)]
struct Header {
    capacity: AtomicU64,
    /// An area's number plus one; 0: none yet.
    latest: AtomicU32,
    /// An area's number plus one; 0: none. Written by the reader.
    reading: AtomicU32,
    /// Whether frames are not wanted at present. Written by the reader.
    unwanted: AtomicU32,
    /// The least time between two frames in nanoseconds. Written by the reader.
    interval: AtomicU64,
    /// Size of the window's latest frame, written here or not: width in the upper half.
    size: AtomicU64,
    areas: [Area; AREAS],
}

#[repr(C)]
struct Area {
    /// CLOCK_MONOTONIC in nanoseconds.
    time: AtomicU64,
    shape: [AtomicU32; 7],
}

impl Area {
    fn set(&self, time: u64, shape: &Shape) {
        self.time.store(time, Relaxed);
        let [red, green, blue] = shape.masks;
        let words = [shape.width, shape.height, shape.stride, shape.bits_per_pixel, red, green, blue];
        for (place, word) in self.shape.iter().zip(words) {
            place.store(word, Relaxed);
        }
    }

    fn get(&self) -> (u64, Shape) {
        let [width, height, stride, bits_per_pixel, masks @ ..] =
            [0, 1, 2, 3, 4, 5, 6].map(|index: usize| self.shape[index].load(Relaxed));
        (self.time.load(Relaxed), Shape { width, height, stride, bits_per_pixel, masks })
    }
}

/// A mapping of the whole memory.
#[derive(Debug)]
struct Memory {
    base: NonNull<u8>,
    length: usize,
    capacity: usize,
}

// SAFETY: the header is atomics only; who touches an area's bytes when is the protocol of `Writer` and `Reader`.
unsafe impl Send for Memory {}

impl Memory {
    fn length(capacity: usize) -> usize {
        HEADER + AREAS * capacity
    }

    fn map(file: &impl AsFd, capacity: usize) -> io::Result<Memory> {
        let length = Memory::length(capacity);
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a new mapping, of a file that is as long as the mapping and is sealed so that it stays so.
        let base = unsafe { rustix::mm::mmap(std::ptr::null_mut(), length, protection, flags, file, 0) }?;
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Memory { base, length, capacity })
    }

    fn header(&self) -> &Header {
        // SAFETY: the mapping is page-aligned, longer than a header, and any bits are valid atomics.
        unsafe { self.base.cast().as_ref() }
    }

    fn area(&self, index: usize) -> NonNull<u8> {
        // SAFETY: the mapping holds AREAS areas behind the header, and callers give an index below that.
        unsafe { self.base.add(HEADER + index * self.capacity) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: exactly what was mapped; every reference into it borrows `self`.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.length) };
    }
}

/// The library's end of a window's memory.
#[derive(Debug)]
pub struct Writer {
    memory: Memory,
}

impl Writer {
    /// Memory for frames of up to `capacity` bytes, and the descriptor to send.
    pub fn new(capacity: usize) -> io::Result<(Writer, OwnedFd)> {
        let capacity = capacity.next_multiple_of(HEADER);
        if capacity > MOST {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let file = memfd_create("glxrun-tap", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, Memory::length(capacity) as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW)?;
        let memory = Memory::map(&file, capacity)?;
        memory.header().capacity.store(capacity as u64, Release);
        Ok((Writer { memory }, file))
    }

    /// Whether a frame has room.
    pub fn fits(&self, shape: &Shape) -> bool {
        shape.length() <= self.memory.capacity
    }

    /// The least time between two frames in nanoseconds; None while frames are not wanted.
    pub fn interval(&self) -> Option<u64> {
        let header = self.memory.header();
        (header.unwanted.load(Relaxed) == 0).then(|| header.interval.load(Relaxed))
    }

    /// Tells the window's size, of which the reader may choose a window.
    pub fn tell_size(&self, width: u32, height: u32) {
        self.memory.header().size.store(u64::from(width) << 32 | u64::from(height), Relaxed);
    }

    /// Writes a frame, posted at `time`, over an older one.
    pub fn write(&mut self, time: u64, shape: &Shape, pixels: &[u8]) {
        let length = shape.length();
        if length > self.memory.capacity || pixels.len() < length {
            return;
        }
        let header = self.memory.header();
        // The reader may only turn to the latest one meanwhile, which is not written to either.
        let taken = [header.latest.load(SeqCst), header.reading.load(SeqCst)];
        let Some(index) = (0..AREAS).find(|index| !taken.contains(&(*index as u32 + 1))) else { return };
        header.areas[index].set(time, shape);
        // SAFETY: the area holds `capacity` bytes, and no reader looks at one that is neither latest nor being read.
        unsafe { std::ptr::copy_nonoverlapping(pixels.as_ptr(), self.memory.area(index).as_ptr(), length) };
        header.latest.store(index as u32 + 1, SeqCst);
    }
}

/// The reader's end of a window's memory.
#[derive(Debug)]
pub struct Reader {
    memory: Memory,
}

/// A frame that was read.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// When it was posted: CLOCK_MONOTONIC in nanoseconds.
    pub time: u64,
    /// What `pixels` means.
    pub shape: Shape,
    /// [`Shape::length`] bytes.
    pub pixels: Vec<u8>,
}

impl Reader {
    /// Maps what was received. An error of kind `InvalidData` for what is no such memory, or could be cut short.
    pub fn new(file: OwnedFd) -> io::Result<Reader> {
        let seals = fcntl_get_seals(&file)?;
        let file = File::from(file);
        let length = file.metadata()?.len();
        let capacity = length.saturating_sub(HEADER as u64) / AREAS as u64;
        let whole = capacity as usize <= MOST && Memory::length(capacity as usize) as u64 == length;
        if !whole || capacity == 0 || !seals.contains(SealFlags::SHRINK) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Reader { memory: Memory::map(&file, capacity as usize)? })
    }

    /// Asks for frames at least `interval` nanoseconds apart, or for none.
    pub fn want(&self, interval: Option<u64>) {
        let header = self.memory.header();
        if let Some(interval) = interval {
            header.interval.store(interval, Relaxed);
        }
        header.unwanted.store(interval.is_none().into(), Relaxed);
    }

    /// Width and height of the window's latest frame in pixels.
    pub fn size(&self) -> (u32, u32) {
        let size = self.memory.header().size.load(Relaxed);
        ((size >> 32) as u32, size as u32)
    }

    /// Reads the latest frame into `frame` if it is another one than that; tells whether it was.
    pub fn read(&self, frame: &mut Frame) -> bool {
        let header = self.memory.header();
        let index = loop {
            let latest = header.latest.load(SeqCst);
            header.reading.store(latest, SeqCst);
            if header.latest.load(SeqCst) == latest {
                break latest;
            }
        };
        let found = match (index as usize).checked_sub(1).filter(|index| *index < AREAS) {
            Some(index) => self.copy(index, frame),
            None => false,
        };
        header.reading.store(0, SeqCst);
        found
    }

    fn copy(&self, index: usize, frame: &mut Frame) -> bool {
        let (time, shape) = self.memory.header().areas[index].get();
        // The numbers are another process's.
        let row = u64::from(shape.width) * u64::from(shape.bits_per_pixel).div_ceil(8);
        let whole = row <= u64::from(shape.stride) && shape.length() <= self.memory.capacity;
        if time == frame.time || !whole || shape.length() == 0 {
            return false;
        }
        (frame.time, frame.shape) = (time, shape);
        frame.pixels.resize(shape.length(), 0);
        // SAFETY: the area holds that many bytes. A writer that keeps to the protocol leaves it alone; one that does not
        // spoils pixels, nothing else.
        unsafe {
            std::ptr::copy_nonoverlapping(
                self.memory.area(index).as_ptr(),
                frame.pixels.as_mut_ptr(),
                shape.length(),
            );
        }
        true
    }
}

const _: () = assert!(size_of::<Header>() <= HEADER);

#[cfg(test)]
mod tests;
