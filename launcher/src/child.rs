//! Helper processes of a run, such as X servers: they end with it, whatever becomes of glxrun, and have a log for
//! their last words.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::io::FdFlags;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};

/// How long a process may take to end when asked to.
pub const END: Duration = Duration::from_secs(5);

/// A process that we started; ended on drop.
pub struct Child {
    pid: Pid,
    what: String,
    log: PathBuf,
    ended: bool,
}

impl Child {
    /// Starts it with its output going to `log` and `keep` open in it; standard input is as `command` says. `what`
    /// names it in sentences.
    ///
    /// To be called in the main thread: it is sent SIGTERM when the thread that started it ends.
    pub fn spawn(
        mut command: Command,
        what: String,
        log: PathBuf,
        keep: Option<OwnedFd>,
    ) -> io::Result<Child> {
        let output = File::create(&log)?;
        let parent = rustix::process::getpid();
        command.env_remove("LD_PRELOAD").current_dir("/").stdout(output.try_clone()?).stderr(output);
        let prepare = move || {
            // A session of its own: what a terminal sends to our group must not end it before the program.
            rustix::process::setsid()?;
            // An X server that finds SIGUSR1 ignored sends it to its parent.
            // SAFETY: SIG_DFL is a valid disposition.
            unsafe { libc::signal(libc::SIGUSR1, libc::SIG_DFL) };
            if let Some(keep) = &keep {
                rustix::io::fcntl_setfd(keep, FdFlags::empty())?;
            }
            rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
            if rustix::process::getppid() != Some(parent) {
                // glxrun was killed before it could be watched.
                return Err(io::ErrorKind::Interrupted.into());
            }
            Ok(())
        };
        // SAFETY: between fork and exec, `prepare` only makes system calls.
        unsafe { command.pre_exec(prepare) };
        let pid = Pid::from_child(&command.spawn()?);
        Ok(Child { pid, what, log, ended: false })
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether it has ended, as far as is known.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Takes note that the process has ended, if it is this one; gives a sentence about it.
    pub fn note_end(&mut self, pid: Pid, status: WaitStatus) -> Option<String> {
        if pid != self.pid || self.ended {
            return None;
        }
        self.ended = true;
        let how = match status.terminating_signal() {
            Some(signal) => format!(" by signal {signal}"),
            None => self.last_words(),
        };
        Some(format!("{} has ended{how}", self.what))
    }

    /// Looks whether it ends until `deadline`; gives a sentence about it.
    pub fn wait_until(&mut self, deadline: Instant) -> Option<String> {
        while !self.ended {
            match waitpid(Some(self.pid), WaitOptions::NOHANG) {
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
                end => {
                    let (pid, status) = end.ok().flatten()?;
                    return self.note_end(pid, status);
                }
            }
        }
        None
    }

    /// The last line that it wrote, as the end of a sentence.
    pub fn last_words(&self) -> String {
        last_words(&self.log)
    }

    /// Ends the process, first kindly.
    pub fn end(&mut self) {
        if self.ended {
            return;
        }
        let _ = kill_process(self.pid, Signal::TERM);
        if self.wait_until(Instant::now() + END).is_none() && !self.ended {
            let _ = kill_process(self.pid, Signal::KILL);
            let _ = waitpid(Some(self.pid), WaitOptions::empty());
        }
        self.ended = true;
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// The last line of a log, as the end of a sentence.
pub fn last_words(log: &Path) -> String {
    let log = std::fs::read(log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let line = log.lines().map(|line| line.replace("(EE)", "")).rfind(|line| !line.trim().is_empty());
    line.map(|line| format!(": {}", line.trim())).unwrap_or_default()
}

/// Ends that were collected and are nobody's so far. The main thread collects all children; other threads that have some
/// find them here.
static COLLECTED: Mutex<Vec<(Pid, WaitStatus)>> = Mutex::new(Vec::new());

/// Keeps the end of a process for [`wait_for_status`].
pub fn collected(pid: Pid, status: WaitStatus) {
    let mut collected = COLLECTED.lock().unwrap_or_else(PoisonError::into_inner);
    // Nobody asks for orphans, of which there may be many.
    let excess = collected.len().saturating_sub(255);
    collected.drain(..excess);
    collected.push((pid, status));
}

/// How a child of ours ended; None while it runs. Can be called in any thread.
pub fn wait_for_status(pid: Pid) -> Option<WaitStatus> {
    // With the lock held, so that the main thread has kept what it has collected.
    let mut collected = COLLECTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(index) = collected.iter().position(|(known, _)| *known == pid) {
        return Some(collected.swap_remove(index).1);
    }
    waitpid(Some(pid), WaitOptions::NOHANG).ok().flatten().map(|(_, status)| status)
}

/// When something that ends may be started again: soon at first, later and later if it does not last.
pub struct Backoff {
    failures: u32,
    started: Instant,
    due: Option<Instant>,
}

impl Backoff {
    /// What lasts this long counts as well.
    const LASTS: Duration = Duration::from_secs(10);
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(30);

    /// For something that has just been started.
    pub fn new() -> Backoff {
        Backoff { failures: 0, started: Instant::now(), due: None }
    }

    /// It has ended, or has not come up. Gives the time to wait.
    pub fn failed(&mut self) -> Duration {
        if self.started.elapsed() >= Backoff::LASTS {
            self.failures = 0;
        }
        let wait = Backoff::FIRST.saturating_mul(1 << self.failures.min(16)).min(Backoff::LONGEST);
        self.failures += 1;
        self.due = Some(Instant::now() + wait);
        wait
    }

    /// It is being started.
    pub fn starts(&mut self) {
        self.started = Instant::now();
        self.due = None;
    }

    /// When it is to be started again, if it has ended.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_last_is_started_less_and_less_often() {
        let mut backoff = Backoff::new();
        let waits: Vec<u128> = (0..11)
            .map(|_| {
                let wait = backoff.failed();
                backoff.starts();
                wait.as_millis()
            })
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
        assert_eq!(backoff.due(), None);
    }
}
