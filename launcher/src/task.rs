//! Work beside the main thread.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::failure::Failure;
use crate::signals::Signals;

/// Does `work` in a thread; None when it takes longer than `limit`, or panics. It is then left behind.
///
/// For what may hang where no time limit can be set, such as the start of an X connection. Signals interrupt it.
pub fn within<T: Send + 'static>(
    limit: Duration,
    signals: &mut Signals,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>, Failure> {
    let (finished, working) = UnixStream::pair().context("cannot make a socket pair")?;
    let (send, receive) = channel();
    std::thread::Builder::new()
        .spawn(move || {
            let _ = send.send(work());
            drop(working);
        })
        .context("cannot start a thread")?;
    signals.wait_for(finished.as_fd(), limit)?;
    Ok(receive.try_recv().ok())
}

/// A thread that watches something until it is told that the program has ended.
pub struct Watcher {
    ended: Sender<()>,
    thread: JoinHandle<()>,
}

impl Watcher {
    /// Starts it. `watch` ends soon after the receiver reports that the sender is gone.
    pub fn start(watch: impl FnOnce(Ended) + Send + 'static) -> Option<Watcher> {
        let (ended, receive) = channel();
        let thread = std::thread::Builder::new().spawn(move || watch(Ended(receive))).ok()?;
        Some(Watcher { ended, thread })
    }

    /// [`finish`](Self::finish), but if it lasts until `deadline`, `late` is done to hurry it.
    pub fn finish_by(self, deadline: Instant, late: impl FnOnce()) {
        drop(self.ended);
        while !self.thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        if !self.thread.is_finished() {
            late();
        }
        let _ = self.thread.join();
    }

    /// Tells it that the program has ended and waits for it.
    pub fn finish(self) {
        drop(self.ended);
        let _ = self.thread.join();
    }
}

/// News of the program's end.
pub struct Ended(Receiver<()>);

impl Ended {
    /// Waits; true once the program has ended.
    pub fn within(&self, time: Duration) -> bool {
        !matches!(self.0.recv_timeout(time), Err(std::sync::mpsc::RecvTimeoutError::Timeout))
    }
}
