//! The thread that waits for a context's transfers and hands them on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use glxrun_contract::fail;
use glxrun_display::{Remote, Reservation, Window};
use parking_lot::{Condvar, Mutex};

use super::pool::Pool;
use super::stages::{Stage, Stages};
use crate::interpose::Inside;
use crate::render::fence::{Fence, Waited};
use crate::render::{Backend, ConfigIndex, ContextRequest, RawContext, Surface, attributes};
use crate::runtime::Runtime;

/// Transfers that the GPU may have before it before the program's thread waits for it.
const AHEAD: usize = 2;
/// How long a wait for the GPU lasts at a time.
const WAIT: Duration = Duration::from_millis(100);

/// A transfer that the GPU was told to make.
pub struct Issued {
    /// Signalled once it is made.
    pub fence: Fence,
    /// Where it goes.
    pub window: Arc<Window>,
    /// The frame's place in the order.
    pub room: Reservation,
    /// Its pixels.
    pub pixels: Arc<dyn Remote>,
    /// Width and height in pixels.
    pub size: (u16, u16),
}

#[derive(Default)]
struct Shared {
    /// Transfers that were issued and not handed on.
    waiting: Mutex<usize>,
    changed: Condvar,
    stopping: AtomicBool,
}

/// However the thread ends, nobody waits for it afterwards.
struct LetGo(Arc<Shared>);

impl Drop for LetGo {
    fn drop(&mut self) {
        *self.0.waiting.lock() = 0;
        self.0.changed.notify_all();
    }
}

/// The thread's handle.
pub struct Reader {
    shared: Arc<Shared>,
    issued: Mutex<Option<Sender<Issued>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Disconnected once the thread is done.
    ended: Receiver<()>,
}

impl Reader {
    /// Starts the thread, with a context of its own that shares with the program's. None if that fails, which is then told.
    pub fn start(
        share: RawContext,
        config: ConfigIndex,
        pool: Arc<Pool>,
        stages: Arc<Stages>,
    ) -> Option<Self> {
        let (sender, receiver) = unbounded();
        let (ready, is_ready) = bounded(1);
        let (alive, ended) = bounded::<()>(0);
        let shared = Arc::new(Shared::default());
        let its = shared.clone();
        let serve = move || {
            let let_go = LetGo(its);
            let _inside = Inside::enter();
            prompt();
            let context = Own::new(share, config);
            // Who asked waits for this.
            let _ = ready.send(context.is_some());
            if let Some(_context) = context {
                serve(&let_go.0, receiver, &stages);
                // While there is a context: drivers end badly with buffers in memory of another API's.
                pool.clear();
            }
            // Disconnects.
            drop(alive);
        };
        let spawned = thread::Builder::new()
            .name("glxrun-read".into())
            .stack_size(512 * 1024)
            .spawn(move || crate::signals::blocked(serve));
        let thread = spawned.inspect_err(|error| {
            log::warn!(
                "cannot start a thread for transfers ({error}); frames are read in the program's thread"
            );
        });
        let thread = Mutex::new(Some(thread.ok()?));
        is_ready.recv().is_ok_and(|ready| ready).then(|| Self {
            shared,
            issued: Mutex::new(Some(sender)),
            thread,
            ended,
        })
    }

    /// Waits while the GPU is too far behind.
    pub fn throttle(&self) {
        let mut waiting = self.shared.waiting.lock();
        while *waiting >= AHEAD {
            self.shared.changed.wait(&mut waiting);
        }
    }

    /// Hands a transfer over. False if the thread has ended.
    pub fn send(&self, issued: Issued) -> bool {
        *self.shared.waiting.lock() += 1;
        let sent = self.issued.lock().as_ref().is_some_and(|sender| sender.send(issued).is_ok());
        if !sent {
            let mut waiting = self.shared.waiting.lock();
            *waiting = waiting.saturating_sub(1);
        }
        sent
    }

    /// Waits until all transfers have been handed on, up to that time.
    pub fn settle(&self, timeout: Duration) {
        let until = Instant::now() + timeout;
        let mut waiting = self.shared.waiting.lock();
        while *waiting > 0 && !self.shared.changed.wait_until(&mut waiting, until).timed_out() {}
    }

    /// Ends the thread, and with it its context and the buffers that are not in use. Waits for that, up to that time.
    pub fn stop(&self, timeout: Duration) {
        self.shared.stopping.store(true, Relaxed);
        *self.issued.lock() = None;
        if let Some(thread) = self.thread.lock().take()
            && thread.thread().id() != thread::current().id()
            && self.ended.recv_timeout(timeout) == Err(RecvTimeoutError::Disconnected)
        {
            let _ = thread.join();
        }
    }
}

/// Has short sleeps of this thread end when they should.
fn prompt() {
    // SAFETY: a number for this thread.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
}

/// How long the GPU lately let us wait. Each look at a fence takes locks that the program's thread needs too, so most of that
/// time is slept through.
#[derive(Default)]
struct Usual {
    wait: Duration,
    slept: Duration,
}

impl Usual {
    /// Waits that are not worth it.
    const SHORT: Duration = Duration::from_micros(100);
    /// The GPU may suddenly have less to do.
    const LONGEST: Duration = Duration::from_millis(1);

    fn sleep(&mut self) {
        self.slept = (self.wait * 3 / 4).min(Self::LONGEST);
        if self.slept < Self::SHORT {
            self.slept = Duration::ZERO;
        } else {
            thread::sleep(self.slept);
        }
    }

    /// The GPU was done after `took`, or before if it was so when we woke.
    fn note(&mut self, took: Duration) {
        let overslept = !self.slept.is_zero() && took < self.slept + Duration::from_micros(20);
        self.wait = if overslept { took / 2 } else { took };
    }
}

fn serve(shared: &Shared, issued: Receiver<Issued>, stages: &Stages) {
    let mut usual = Usual::default();
    while let Ok(issued) = issued.recv() {
        fail::point("glxrun-read");
        let Issued { fence, window, room, pixels, size: (width, height) } = issued;
        let start = Instant::now();
        usual.sleep();
        let waited = loop {
            match fence.wait(WAIT) {
                Waited::TimedOut if shared.stopping.load(Relaxed) => break Waited::TimedOut,
                Waited::TimedOut => {}
                waited => break waited,
            }
        };
        if waited == Waited::Done {
            usual.note(start.elapsed());
            stages.note(Stage::Gpu, start.elapsed());
            room.post(pixels, width, height);
        } else {
            log::debug!(
                "a frame of window {:#x} is lost: the GPU is not done with it ({waited:?})",
                window.id()
            );
            room.lose();
        }
        drop(fence);
        let mut waiting = shared.waiting.lock();
        *waiting = waiting.saturating_sub(1);
        drop(waiting);
        shared.changed.notify_all();
    }
}

/// A context of our own in a program's share group, current in this thread on a pbuffer of one pixel.
struct Own {
    backend: &'static dyn Backend,
    context: RawContext,
    _surface: Arc<Surface>,
}

impl Own {
    fn new(share: RawContext, config: ConfigIndex) -> Option<Self> {
        let backend = Runtime::get().backend?;
        let request = ContextRequest {
            config: Some(config),
            share: Some(share),
            render_type: attributes::RGBA_TYPE,
            attributes: None,
        };
        let made = backend.create_surface(config, 1, 1).and_then(|surface| {
            let context = backend.create_context(&request)?;
            let own = Self { backend, context, _surface: surface.clone() };
            backend.make_current(Some((&surface, &surface)), context)?;
            Ok(own)
        });
        made.inspect_err(|failure| {
            log::debug!("no context for transfers ({failure}): frames are read in the program's thread");
        })
        .ok()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.backend.release();
        self.backend.destroy_context(self.context);
    }
}
