//! Signals: those sent to glxrun, and those that the program should find as glxrun found them.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use libc::c_int;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::*;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use crate::failure::Failure;

/// The signals that end a process by default and are passed on to the program.
const ENDING: [c_int; 7] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM];
/// Others that are passed on.
const OTHERS: [c_int; 3] = [SIGWINCH, SIGCONT, SIGTSTP];

/// A queue of the signals that glxrun receives, from its creation on.
pub struct Signals {
    delivery: SignalDelivery<UnixStream, WithOrigin>,
    inherited: Inherited,
}

/// Why [`Signals::wait`] returned.
pub enum Wake {
    /// These signals came; SIGCHLD is among them.
    Signals(Vec<Origin>),
    /// The other descriptor is readable or closed.
    Ready,
    /// The deadline has passed.
    TimedOut,
}

impl Signals {
    /// Begins to receive. To be called before any thread is started.
    pub fn new() -> io::Result<Signals> {
        let inherited = Inherited::record();
        let (read, write) = UnixStream::pair()?;
        let all = ENDING.into_iter().chain(OTHERS).chain([SIGCHLD]);
        let delivery = SignalDelivery::with_pipe(read, write, WithOrigin::default(), all.clone())?;
        unblock(all)?;
        Ok(Signals { delivery, inherited })
    }

    /// The state of signals that glxrun was started with.
    pub fn inherited(&self) -> Inherited {
        self.inherited
    }

    /// Waits for signals, for `other`, or until `deadline`, whichever comes first.
    pub fn wait(&mut self, other: Option<BorrowedFd>, deadline: Option<Instant>) -> io::Result<Wake> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let timeout = left.and_then(|left| Timespec::try_from(left).ok());
            let mut fds = vec![PollFd::new(self.delivery.get_read(), PollFlags::IN)];
            fds.extend(other.iter().map(|fd| PollFd::new(fd, PollFlags::IN)));
            match poll(&mut fds, timeout.as_ref()) {
                Ok(0) => return Ok(Wake::TimedOut),
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            // Signals first: a server that has closed its pipe may have been interrupted with us.
            if !fds[0].revents().is_empty() {
                return Ok(Wake::Signals(self.delivery.pending().collect()));
            }
            return Ok(Wake::Ready);
        }
    }

    /// The first of these that would end this process, had it not been caught.
    pub fn first_ending(&self, received: &[Origin]) -> Option<i32> {
        let ends = |signal: &i32| ENDING.contains(signal) && !self.inherited.ignores(*signal);
        received.iter().map(|origin| origin.signal).find(ends)
    }

    /// Waits for `fd` while no program is running yet: a signal that ends a process ends the run. False after
    /// `limit`.
    pub fn wait_for(&mut self, fd: BorrowedFd, limit: Duration) -> Result<bool, Failure> {
        self.wait_or_pause(Some(fd), limit)
    }

    /// Waits for some time while no program is running yet: a signal that ends a process ends the run.
    pub fn pause(&mut self, time: Duration) -> Result<(), Failure> {
        self.wait_or_pause(None, time).map(|_| ())
    }

    fn wait_or_pause(&mut self, fd: Option<BorrowedFd>, limit: Duration) -> Result<bool, Failure> {
        let deadline = Instant::now() + limit;
        loop {
            match self.wait(fd, Some(deadline)).context("cannot wait")? {
                Wake::Ready => return Ok(true),
                Wake::TimedOut => return Ok(false),
                Wake::Signals(signals) => {
                    for Origin { signal, .. } in signals {
                        if ENDING.contains(&signal) && !self.inherited.ignores(signal) {
                            return Err(Failure::Interrupted(signal));
                        } else if signal == SIGTSTP {
                            stop_ourselves().context("cannot stop")?;
                        }
                    }
                }
            }
        }
    }
}

/// Whether the program, in the same process group, has not got a signal yet that we got.
///
/// What a terminal generates goes to the whole foreground group. Only its hang-up first goes to the session's
/// leader alone.
pub fn is_ours_alone(origin: &Origin) -> bool {
    let by_terminal = matches!(origin.signal, SIGINT | SIGQUIT | SIGTSTP | SIGWINCH | SIGHUP | SIGCONT)
        && matches!(origin.cause, Cause::Kernel);
    let hangup = matches!(origin.signal, SIGHUP | SIGCONT);
    !by_terminal || (hangup && leads_session())
}

fn leads_session() -> bool {
    rustix::process::getsid(None).is_ok_and(|leader| leader == rustix::process::getpid())
}

/// Stops this process as SIGTSTP does by default, until SIGCONT.
pub fn stop_ourselves() -> io::Result<()> {
    let mut ours = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: zeroes are a valid sigaction: SIG_DFL, no flags, an empty mask.
    let default: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live sigactions.
    check(unsafe { libc::sigaction(SIGTSTP, &default, ours.as_mut_ptr()) })?;
    // SAFETY: plain call. Not SIGSTOP: the kernel discards SIGTSTP where nobody could continue us.
    check(unsafe { libc::raise(SIGTSTP) })?;
    // SAFETY: sigaction has filled in `ours`.
    check(unsafe { libc::sigaction(SIGTSTP, ours.as_ptr(), std::ptr::null_mut()) })
}

fn check(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Lets signals through that glxrun may have been started with blocked.
fn unblock(signals: impl Iterator<Item = c_int>) -> io::Result<()> {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigemptyset initialises what it is given; the others are given an initialised set.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        check(libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), std::ptr::null_mut()))
    }
}

/// The ignored signals and the signal mask of a moment, to be restored in a child process.
#[derive(Clone, Copy)]
pub struct Inherited {
    /// Bit `n - 1` is set where signal `n` was ignored.
    ignored: u64,
    mask: libc::sigset_t,
}

const LAST_SIGNAL: c_int = 64;

impl Inherited {
    fn record() -> Inherited {
        let mut ignored = 0;
        for signal in 1..=LAST_SIGNAL {
            if is_ignored(signal) {
                ignored |= 1 << (signal - 1);
            }
        }
        // Rust's runtime ignores SIGPIPE before main.
        if !PIPE_WAS_IGNORED.load(Ordering::Relaxed) {
            ignored &= !(1 << (SIGPIPE - 1));
        }
        let mut mask = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: a null set changes nothing; the old mask is written to `mask`, which zeroes have initialised.
        let mask = unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), mask.as_mut_ptr());
            mask.assume_init()
        };
        Inherited { ignored, mask }
    }

    /// Whether glxrun was started with this signal ignored.
    pub fn ignores(&self, signal: c_int) -> bool {
        self.ignored & (1 << (signal - 1)) != 0
    }

    /// Makes the signals of a child process what they were. Async-signal-safe.
    pub fn restore(&self) -> io::Result<()> {
        for signal in (1..=LAST_SIGNAL).filter(|signal| self.ignores(*signal)) {
            // SAFETY: SIG_IGN is a valid disposition; a signal that cannot be changed is left alone.
            unsafe { libc::signal(signal, libc::SIG_IGN) };
        }
        // SAFETY: `mask` was filled in by the same call.
        check(unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.mask, std::ptr::null_mut()) })
    }
}

fn is_ignored(signal: c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: a null action changes nothing; zeroes have initialised what the old one is written to.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

static PIPE_WAS_IGNORED: AtomicBool = AtomicBool::new(false);

extern "C" fn record_pipe() {
    PIPE_WAS_IGNORED.store(is_ignored(SIGPIPE), Ordering::Relaxed);
}

// SAFETY: the loader calls each pointer in this section once before main; `record_pipe` needs nothing of Rust's
// runtime.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = record_pipe;
