//! Where lines go: a file of this process's own, or stderr.
//!
//! The first process that traces gets the file that was named, one that runs beside it a file with its process id
//! appended; a lock on the file (flock(2)) tells. Threads take their places in it by one atomic addition.

use std::ffi::{CString, c_int};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use super::ON;
use super::line::{CAPACITY, Line};

/// Bytes that a line keeps free for the outcome of its call.
pub const ROOM: usize = 112;

/// A trace being written.
struct Sink {
    fd: c_int,
    /// None: not a file of ours but stderr, where nothing can be put in later.
    file: Option<File>,
}

/// The file behind a [`Sink`].
struct File {
    /// Device and inode: a program may close descriptors that it does not know and get ours for a file of its own.
    identity: (libc::dev_t, libc::ino_t),
    /// Where the next line goes.
    end: AtomicU64,
}

static SINK: AtomicPtr<Sink> = AtomicPtr::new(std::ptr::null_mut());
/// Set while the sink is made: a lock that a forked child can break.
static MAKING: AtomicBool = AtomicBool::new(false);

/// Writes the line of a call that is about to be made, and gives the place for its outcome.
pub fn begin(line: &mut Line) -> Option<u64> {
    let _errno = Errno::keep();
    let sink = sink()?;
    let file = sink.file.as_ref()?;
    line.cut(CAPACITY - ROOM - 1);
    let length = line.len();
    line.text(format_args!(" = ?"));
    line.pad(length + ROOM);
    line.byte(b'\n');
    let offset = file.end.fetch_add(line.len() as u64, Ordering::Relaxed);
    sink.write(line.bytes(), offset);
    line.cut(length);
    Some(offset + length as u64)
}

/// Writes the outcome of a call into its line.
pub fn end(place: Option<u64>, line: &mut Line, outcome: &Line) {
    let _errno = Errno::keep();
    let Some(sink) = sink() else { return };
    match place {
        Some(offset) => sink.write(outcome.bytes(), offset),
        // The call may have forked: a child's file has no line that began in its parent's.
        None if sink.file.is_none() => {
            line.append(outcome);
            line.byte(b'\n');
            sink.write(line.bytes(), 0);
        }
        None => {}
    }
}

/// In a forked child: the file is the parent's, and so is the lock on it.
pub fn forget() {
    // A thread that held it does not exist in this process.
    MAKING.store(false, Ordering::Release);
    let sink = SINK.swap(std::ptr::null_mut(), Ordering::AcqRel);
    // SAFETY: a published sink is never freed.
    if let Some(sink) = unsafe { sink.as_ref() }
        && sink.is_ours()
        && sink.file.is_some()
    {
        // SAFETY: our own descriptor, by which nothing else goes from here on.
        unsafe { libc::close(sink.fd) };
    }
}

/// The sink, opened at the first call. None after a failure, which has been reported and has ended the trace.
fn sink() -> Option<&'static Sink> {
    if let Some(sink) = made() {
        return Some(sink);
    }
    while MAKING.swap(true, Ordering::Acquire) {
        std::thread::yield_now();
    }
    let sink = made().or_else(make);
    MAKING.store(false, Ordering::Release);
    sink
}

fn made() -> Option<&'static Sink> {
    // SAFETY: a published sink is never freed.
    unsafe { SINK.load(Ordering::Acquire).as_ref() }
}

fn make() -> Option<&'static Sink> {
    let path = crate::runtime::settings().trace.as_deref().filter(|_| ON.load(Ordering::Relaxed))?;
    match Sink::open(path) {
        Ok(sink) => {
            let sink: &'static Sink = Box::leak(Box::new(sink));
            SINK.store(std::ptr::from_ref(sink).cast_mut(), Ordering::Release);
            Some(sink)
        }
        Err(error) => {
            stop(&format!("cannot open the trace file {}: {error}", path.display()));
            None
        }
    }
}

/// Ends the trace for a reason.
fn stop(reason: &str) {
    if ON.swap(false, Ordering::Relaxed) {
        glxrun_contract::logger::start(crate::runtime::settings().log);
        log::warn!("{reason}. Calls are not traced from here on");
    }
}

impl Sink {
    fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self { fd: libc::STDERR_FILENO, file: None });
        }
        match open_and_lock(path)? {
            Some(sink) => Ok(sink),
            None => {
                let mut own = path.as_os_str().to_owned();
                own.push(format!(".{}", std::process::id()));
                let taken = || io::Error::other(format!("so is {}", own.display()));
                open_and_lock(Path::new(&own))?.ok_or_else(taken)
            }
        }
    }

    /// Whether the descriptor still leads to what was opened.
    fn is_ours(&self) -> bool {
        let Some(file) = &self.file else { return true };
        status(self.fd).is_ok_and(|now| (now.st_dev, now.st_ino) == file.identity)
    }

    /// Writes to a file at `offset`, to stderr at its end.
    fn write(&self, bytes: &[u8], offset: u64) {
        if !self.is_ours() {
            return stop("the program has closed the trace file");
        }
        // SAFETY: writes of a live buffer to a descriptor that is ours, or to stderr.
        let written = unsafe {
            match self.file {
                Some(_) => libc::pwrite(self.fd, bytes.as_ptr().cast(), bytes.len(), offset as libc::off_t),
                None => libc::write(self.fd, bytes.as_ptr().cast(), bytes.len()),
            }
        };
        if self.file.is_some() && written < bytes.len() as isize {
            stop(&format!("cannot write to the trace file: {}", io::Error::last_os_error()));
        }
    }
}

/// Opens a regular file and locks it; None where another process has it.
fn open_and_lock(path: &Path) -> io::Result<Option<Sink>> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    // Not with other descriptors, which programs count on to begin at 3.
    const LEAST: c_int = 64;
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY;
    // SAFETY: a C string; the descriptors are this function's until they are in a sink.
    unsafe {
        let low = check(libc::open(name.as_ptr(), flags, 0o600))?;
        let fd = match check(libc::fcntl(low, libc::F_DUPFD_CLOEXEC, LEAST)) {
            Ok(high) => {
                libc::close(low);
                high
            }
            // The process may have no more than so many.
            Err(_) => low,
        };
        let locked = || {
            let found = status(fd)?;
            if found.st_mode & libc::S_IFMT != libc::S_IFREG {
                return Err(io::Error::other("it is no regular file"));
            }
            match check(libc::flock(fd, libc::LOCK_EX | libc::LOCK_NB)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
            // Looked at again, since the size may have grown before the lock was ours.
            let end = AtomicU64::new(status(fd)?.st_size as u64);
            Ok(Some(File { identity: (found.st_dev, found.st_ino), end }))
        };
        match locked() {
            Ok(Some(file)) => Ok(Some(Sink { fd, file: Some(file) })),
            other => {
                libc::close(fd);
                other.map(|_| None)
            }
        }
    }
}

fn status(fd: c_int) -> io::Result<libc::stat> {
    // SAFETY: all zeroes is a valid stat, which the call fills.
    unsafe {
        let mut status: libc::stat = std::mem::zeroed();
        check(libc::fstat(fd, &raw mut status))?;
        Ok(status)
    }
}

fn check(answer: c_int) -> io::Result<c_int> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

/// Keeps the program's errno across calls of ours.
struct Errno(c_int);

impl Errno {
    fn keep() -> Self {
        // SAFETY: errno of this thread.
        Self(unsafe { *libc::__errno_location() })
    }
}

impl Drop for Errno {
    fn drop(&mut self) {
        // SAFETY: errno of this thread.
        unsafe { *libc::__errno_location() = self.0 };
    }
}
