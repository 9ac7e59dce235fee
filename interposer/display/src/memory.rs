//! Memory for pixels that the X server can be made to map: sealed memfds, System V segments, or plain memory.

use std::io;
use std::os::fd::OwnedFd;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};
use x11rb::connection::Connection as _;
use x11rb::protocol::shm::ConnectionExt as _;

use crate::connect::check;
use crate::error::Error;
use crate::finish::Finish;
use crate::gamma::Curves;
use crate::link::Link;
use crate::remote::{Mapping, Registered, Registration};

/// How a buffer's pixels get to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// The server maps our memfd, passed by MIT-SHM 1.2 AttachFd.
    Memfd,
    /// The server maps our System V segment, by MIT-SHM Attach.
    SysV,
    /// Plain memory that is written to the socket.
    Socket,
}

/// What the server knows of a buffer.
#[derive(Debug)]
enum Segment {
    /// Nothing yet: the descriptor is kept until the server has it.
    Memfd(OwnedFd),
    /// Nothing yet: the segment's shmid.
    SysV(i32),
    /// The server has mapped it under this resource id.
    Attached(u32),
    /// Nothing, for good.
    Unshared,
}

/// What is to be done to a frame, and to how many of its bytes it has been.
#[derive(Debug, Default)]
struct Unfinished {
    finish: Finish,
    gamma: Option<Arc<Curves>>,
    done: usize,
}

/// A mapping of fixed length, zeroed at first. Dropping it unmaps it here and, by and by, at the server.
#[derive(Debug)]
pub(crate) struct Buffer {
    start: NonNull<u8>,
    length: usize,
    sysv: bool,
    segment: Mutex<Segment>,
    /// What is to be done to the pixels of the frame in here. Locked while it is done.
    unfinished: Mutex<Unfinished>,
    registered: Registered,
    link: Arc<Link>,
}

// SAFETY: the mapping belongs to the buffer and is not tied to a thread; who may touch its bytes when is the rule of
// `bytes` and `bytes_mut`.
unsafe impl Send for Buffer {}
// SAFETY: as above; all else is behind a mutex or never changes.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// Maps `length` bytes. Where shared memory is not to be had, it is plain memory: frames still arrive.
    pub fn new(link: &Arc<Link>, carrier: Carrier, length: usize) -> io::Result<Buffer> {
        let shared = match carrier {
            Carrier::Memfd => memfd(length),
            Carrier::SysV => system_v(length),
            Carrier::Socket => plain(length),
        };
        let (start, segment) = shared.or_else(|error| {
            log::info!(
                "no shared memory for a frame of {length} bytes ({error}): it goes through the socket"
            );
            plain(length)
        })?;
        let sysv = matches!(segment, Segment::SysV(_));
        Ok(Buffer {
            start,
            length,
            sysv,
            segment: Mutex::new(segment),
            unfinished: Mutex::default(),
            registered: Registered::default(),
            link: link.clone(),
        })
    }

    /// Bytes mapped.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The mapping, for whoever writes to it past us.
    pub fn mapping(&self) -> Mapping<'_> {
        Mapping { start: self.start, length: self.length, registered: &self.registered }
    }

    /// Has `registration` dropped before the memory is unmapped.
    pub fn attach_registration(&self, registration: Registration) {
        self.registered.attach(registration);
    }

    /// The first `length` bytes.
    ///
    /// # Safety
    /// Nobody writes to them meanwhile, in this process.
    pub unsafe fn bytes(&self, length: usize) -> &[u8] {
        // SAFETY: the mapping holds self.length initialised bytes and lives as long as self; the caller rules out
        // writers.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), length.min(self.length)) }
    }

    /// The first `length` bytes, to write.
    ///
    /// # Safety
    /// Nobody else reads or writes them meanwhile, in this process.
    #[allow(clippy::mut_from_ref, reason = "the bytes lie outside the buffer's own value; see Safety")]
    pub unsafe fn bytes_mut(&self, length: usize) -> &mut [u8] {
        // SAFETY: the caller's contract.
        unsafe { self.part_mut(0, length) }
    }

    /// Notes what is to be done to the frame in here.
    pub fn set_unfinished(&self, finish: Finish, gamma: Option<Arc<Curves>>) {
        *self.unfinished.lock() = Unfinished { finish, gamma, done: 0 };
    }

    /// Does what is to be done to the first `length` bytes, rows of `stride` bytes, as far as that has not been done.
    ///
    /// # Safety
    /// The bytes are a posted frame's: nobody writes to them, and who reads them calls this first.
    pub unsafe fn finish(&self, length: usize, stride: usize) {
        let mut unfinished = self.unfinished.lock();
        let Unfinished { finish, gamma, done } = &mut *unfinished;
        if (*finish != Finish::default() || gamma.is_some()) && *done < length {
            // SAFETY: the caller's contract; other callers wait for the lock.
            let part = unsafe { self.part_mut(*done, length - *done) };
            finish.run(part, stride);
            if let Some(curves) = gamma {
                curves.correct(part);
            }
            *done = length;
        }
    }

    /// The `length` bytes from `start` on, to write.
    ///
    /// # Safety
    /// As of [`bytes_mut`](Self::bytes_mut).
    #[allow(clippy::mut_from_ref, reason = "the bytes lie outside the buffer's own value; see Safety")]
    pub unsafe fn part_mut(&self, start: usize, length: usize) -> &mut [u8] {
        let start = start.min(self.length);
        let length = length.min(self.length - start);
        // SAFETY: so many initialised bytes are in the mapping, which lives as long as self; the caller rules out other
        // users.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().add(start), length) }
    }

    /// The server's name for the buffer; None if the server does not share it. The first call is a round trip.
    pub fn attach(&self, read_only: bool) -> Result<Option<u32>, Error> {
        let mut segment = self.segment.lock();
        match &*segment {
            Segment::Attached(id) => return Ok(Some(*id)),
            Segment::Unshared => return Ok(None),
            Segment::Memfd(_) | Segment::SysV(_) => {}
        }
        let id = self.link.connection.generate_id()?;
        let attached = match std::mem::replace(&mut *segment, Segment::Unshared) {
            Segment::Memfd(descriptor) => self.link.connection.shm_attach_fd(id, descriptor, read_only),
            Segment::SysV(shmid) => self.link.connection.shm_attach(id, shmid as u32, read_only),
            Segment::Attached(_) | Segment::Unshared => return Ok(None),
        };
        match self
            .link
            .settle(attached.map_err(Into::into).and_then(|cookie| check(&self.link.connection, cookie)))
        {
            Ok(()) => {
                *segment = Segment::Attached(id);
                Ok(Some(id))
            }
            Err(Error::X { code, .. }) => {
                log::info!(
                    "the 2D side {} does not attach shared memory (X error {code})",
                    self.link.display
                );
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.registered.end();
        if let Segment::Attached(id) = *self.segment.get_mut() {
            self.link.retire(id);
        }
        if self.sysv {
            // SAFETY: `start` is what shmat gave, and nobody uses the buffer any more.
            unsafe { libc::shmdt(self.start.as_ptr().cast()) };
        } else {
            // SAFETY: `start` and `length` are those of an mmap, and nobody uses the buffer any more.
            let _ = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
        }
    }
}

/// Bytes to map for `length` bytes of pixels: with slack, so that a window that is being enlarged does not need a new
/// buffer for every pixel. Pages that are never touched cost nothing.
pub(crate) fn roomy(length: usize) -> usize {
    (length + length / 2).next_multiple_of(64 << 10)
}

/// Whether a buffer of `capacity` bytes is neither too small for `length` bytes nor a waste.
pub(crate) fn fits(capacity: usize, length: usize) -> bool {
    capacity >= length && capacity <= roomy(length).saturating_mul(3)
}

type Mapped = (NonNull<u8>, Segment);

fn memfd(length: usize) -> io::Result<Mapped> {
    let descriptor = memfd_create("glxrun-frame", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&descriptor, length as u64)?;
    // So that the server need not fear a SIGBUS from a file cut short under it.
    fcntl_add_seals(&descriptor, SealFlags::SHRINK | SealFlags::GROW)?;
    // SAFETY: a new mapping, of a file that is as long as the mapping and stays so.
    let start = unsafe {
        mmap(null_mut(), length, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, &descriptor, 0)?
    };
    Ok((not_null(start.cast())?, Segment::Memfd(descriptor)))
}

fn system_v(length: usize) -> io::Result<Mapped> {
    // SAFETY: no pointers.
    let shmid = unsafe { libc::shmget(libc::IPC_PRIVATE, length, libc::IPC_CREAT | 0o600) };
    if shmid < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a new mapping, at an address of the kernel's choice.
    let start = unsafe { libc::shmat(shmid, null_mut(), 0) };
    let error = io::Error::last_os_error();
    // Linux lets the server attach a segment marked for removal as long as we have it attached, so that it goes away
    // with us, whatever happens.
    // SAFETY: IPC_RMID takes no buffer.
    unsafe { libc::shmctl(shmid, libc::IPC_RMID, null_mut()) };
    if start as isize == -1 {
        return Err(error);
    }
    Ok((not_null(start.cast())?, Segment::SysV(shmid)))
}

fn plain(length: usize) -> io::Result<Mapped> {
    // SAFETY: a new anonymous mapping.
    let start =
        unsafe { mmap_anonymous(null_mut(), length, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)? };
    Ok((not_null(start.cast())?, Segment::Unshared))
}

fn not_null(start: *mut u8) -> io::Result<NonNull<u8>> {
    NonNull::new(start).ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))
}
