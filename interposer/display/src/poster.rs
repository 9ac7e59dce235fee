//! The thread that sends frames and listens to the server, so that no thread of the program has to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, poll};
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xproto::ImageFormat;

use crate::error::Error;
use crate::image;
use crate::link::Link;
use crate::window::{Frame, Shared};

/// Enough for x11rb and a logger; a program's default stack may be huge.
const STACK: usize = 256 << 10;

/// Starts the thread.
pub(crate) fn start(link: Arc<Link>) -> std::io::Result<JoinHandle<()>> {
    let _blocked = BlockedSignals::new();
    std::thread::Builder::new().name("glxrun-2d".to_owned()).stack_size(STACK).spawn(move || {
        if catch_unwind(AssertUnwindSafe(|| run(&link))).is_err() {
            link.die(&"a bug in glxrun: its thread glxrun-2d panicked");
        }
    })
}

fn run(link: &Link) {
    while !link.is_stopping() && link.is_alive() {
        link.pump();
        link.detach_retired();
        while let Some(window) = link.next_ready() {
            if let Some(frame) = window.next_frame()
                && let Err(error) = send(link, &window, &frame)
            {
                log::debug!("a frame for window 0x{:x} is lost: {error}", window.id);
                link.completed(window, false);
            }
        }
        if let Err(error) = link.connection.flush() {
            link.die(&error);
        }
        // A reply that another thread or we waited for may have brought events along, and then the socket is silent.
        link.pump();
        link.sleeping.store(true, Ordering::SeqCst);
        if !link.has_work() {
            sleep(link);
        }
        link.sleeping.store(false, Ordering::SeqCst);
    }
}

/// Waits for the server or for a thread of the program.
fn sleep(link: &Link) {
    let mut descriptors =
        [PollFd::new(link.connection.stream(), PollFlags::IN), PollFd::new(&link.wake, PollFlags::IN)];
    if poll(&mut descriptors, None).is_ok() && !descriptors[1].revents().is_empty() {
        let _ = rustix::io::read(&link.wake, &mut [0; 8]);
    }
}

/// Sends a frame that is in flight by now. An error means that no answer will come.
fn send(link: &Link, window: &Arc<Shared>, frame: &Frame) -> Result<(), Error> {
    let Frame { buffer, width, height } = frame;
    // SAFETY: a buffer in flight is in no slot.
    let pixels = unsafe { frame.pixels(&window.layout) };
    let Some(segment) = buffer.attach(true)? else {
        image::put_rows(link, window.id, window.gc, window.layout, (*width, *height), (0, 0), pixels)?;
        link.completed(window.clone(), true);
        return Ok(());
    };
    let sent = link.send_frame(window, segment, || {
        link.connection
            .shm_put_image(
                window.id,
                window.gc,
                *width,
                *height,
                0,
                0,
                *width,
                *height,
                0,
                0,
                window.layout.depth,
                ImageFormat::Z_PIXMAP.into(),
                true,
                segment,
                0,
            )
            .map(|cookie| cookie.sequence_number())
    });
    link.settle(sent.map_err(ReplyError::from))
}

/// All signals blocked in this thread, and so in those it starts: handlers of the program run in its own threads.
struct BlockedSignals(libc::sigset_t);

impl BlockedSignals {
    fn new() -> BlockedSignals {
        // SAFETY: both sets are plain data, filled in before use.
        unsafe {
            let mut all = std::mem::zeroed();
            let mut old = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
            BlockedSignals(old)
        }
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        // SAFETY: the set is the one that was in force.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, std::ptr::null_mut()) };
    }
}
