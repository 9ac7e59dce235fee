//! A file that several processes map: a header and a table of entries, all of them atomics.
//!
//! ```text
//! offset 0    Header   128 bytes
//! offset 128  entries  capacity times
//! ```
//!
//! All numbers are native-endian `u64`: such a file never leaves the machine.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::marker::PhantomData;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use rustix::mm::{MapFlags, ProtFlags};

/// Which kind of file it is.
pub struct Format {
    /// The first eight bytes.
    pub magic: [u8; 8],
    /// Of the layout.
    pub version: u64,
    /// The most entries that a file may have.
    pub most: usize,
    /// What it is called in messages, e.g. "counters file".
    pub name: &'static str,
    /// What its entries are of, in the plural.
    pub entries: &'static str,
}

/// What every file begins with; the rest of it belongs to the kind of file.
#[repr(C, align(128))]
pub struct Header {
    magic: AtomicU64,
    version: AtomicU64,
    capacity: AtomicU64,
    /// For the kind of file; 0 in a fresh one.
    pub own: [AtomicU64; 8],
}

/// What entries are made of.
///
/// # Safety
/// The type is `repr(C)`, consists of atomics only, and its alignment is at most 128 bytes.
pub unsafe trait Atomics {}

/// The file, mapped.
///
/// Another process may cut the file short while it is mapped, which ends in SIGBUS on access; the private directory
/// it lies in is what rules that out.
#[derive(Debug)]
pub struct Table<E> {
    base: NonNull<Header>,
    capacity: usize,
    entries: PhantomData<E>,
}

// SAFETY: the mapping is only read and written through atomics, and unmapped by its last owner.
unsafe impl<E: Atomics> Send for Table<E> {}
// SAFETY: as for Send.
unsafe impl<E: Atomics> Sync for Table<E> {}

impl<E: Atomics> Table<E> {
    /// Makes a file of zeroes, readable and writable by its owner only. It must not exist yet.
    pub fn create(path: &Path, format: &Format, capacity: usize) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        // Written, not just sized: a page of a sparse file that finds the disk full is a SIGBUS in the program.
        file.write_all(&vec![0; Self::length(capacity)])?;
        let table = Self::map(&file, capacity)?;
        let header = table.header();
        header.version.store(format.version, Relaxed);
        header.capacity.store(capacity as u64, Relaxed);
        header.magic.store(u64::from_le_bytes(format.magic), Release);
        Ok(table)
    }

    /// Opens a file that [`Table::create`] made. An error of kind `InvalidData` says what is wrong with one that is
    /// damaged, short or of another version.
    pub fn open(path: &Path, format: &Format) -> io::Result<Self> {
        let Format { name, entries, most, .. } = format;
        let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let length = file.metadata()?.len();
        if length < Self::length(0) as u64 {
            return Err(invalid(format!("a {name} of {length} bytes is too short")));
        }
        let (magic, version, capacity) = {
            let table = Self::map(&file, 0)?;
            let header = table.header();
            (header.magic.load(Acquire), header.version.load(Relaxed), header.capacity.load(Relaxed))
        };
        if magic != u64::from_le_bytes(format.magic) {
            return Err(invalid(format!("not a {name} of glxrun")));
        }
        if version != format.version {
            return Err(invalid(format!("a {name} of version {version}, not {}", format.version)));
        }
        if capacity > *most as u64 || length < Self::length(capacity as usize) as u64 {
            return Err(invalid(format!("a {name} of {length} bytes cannot hold {capacity} {entries}")));
        }
        Self::map(&file, capacity as usize)
    }

    fn length(capacity: usize) -> usize {
        size_of::<Header>() + capacity * size_of::<E>()
    }

    fn map(file: &File, capacity: usize) -> io::Result<Self> {
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a fresh mapping at an address of the kernel's choice touches no memory of ours.
        let base = unsafe {
            rustix::mm::mmap(std::ptr::null_mut(), Self::length(capacity), protection, flags, file, 0)
        }?;
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { base, capacity, entries: PhantomData })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        // SAFETY: the mapping is page-aligned, at least a header long, and any bits are valid atomics.
        unsafe { self.base.as_ref() }
    }

    /// The entries.
    pub fn entries(&self) -> &[E] {
        // SAFETY: `capacity` entries follow the header (`map` mapped them), aligned since the header's size is a
        // multiple of their alignment, and any bits are valid atomics.
        unsafe { std::slice::from_raw_parts(self.base.add(1).cast().as_ptr(), self.capacity) }
    }
}

impl<E> Drop for Table<E> {
    fn drop(&mut self) {
        let length = size_of::<Header>() + self.capacity * size_of::<E>();
        // SAFETY: exactly what `map` mapped; every reference into it borrows `self`.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), length) };
    }
}
