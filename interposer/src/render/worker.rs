//! A thread with contexts of its own, for surfaces that are not current in the thread that needs their pixels.
//!
//! No context of ours is ever current in a thread of the program; where one is needed (to fill a surface from an X
//! pixmap, to read a surface that another thread draws to) it is this thread's.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use once_cell::sync::OnceCell;

use super::{Backend, ConfigIndex, ContextRequest, RawContext, Surface, attributes};

/// Work on one surface, run with it current; what it gives tells the result once the surface is current no more.
type Job = Box<dyn FnOnce() -> Reply + Send>;
type Reply = Box<dyn FnOnce() + Send>;

struct Request {
    surface: Arc<Surface>,
    job: Job,
}

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is a worker, not one of the program's.
pub fn is_here() -> bool {
    HERE.with(Cell::get)
}

/// The worker of one back end; its thread starts with the first job.
pub struct Worker {
    backend: &'static dyn Backend,
    requests: OnceCell<Option<Sender<Request>>>,
}

impl Worker {
    /// A worker that has not started.
    pub fn new(backend: &'static dyn Backend) -> Self {
        Self { backend, requests: OnceCell::new() }
    }

    /// Runs `job` in the worker's thread with `surface` current and waits for its result. None where the thread or
    /// a context could not be made, or the job panicked.
    pub fn run<T: Send + 'static>(
        &self,
        surface: &Arc<Surface>,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let requests = self.requests.get_or_init(|| self.start()).as_ref()?;
        let (reply, result) = bounded(1);
        let job = Box::new(move || {
            let result = job();
            Box::new(move || {
                // The other end waits unless it has gone, and then nobody needs the result.
                let _ = reply.send(result);
            }) as Reply
        });
        let mut request = Some(Request { surface: surface.clone(), job });
        let mut answer = None;
        self.backend.lend(surface, &mut || {
            answer = request
                .take()
                .and_then(|request| requests.send(request).ok())
                .and_then(|()| result.recv().ok());
        });
        answer
    }

    fn start(&self) -> Option<Sender<Request>> {
        let (sender, receiver) = unbounded();
        let backend = self.backend;
        let started = thread::Builder::new()
            .name("glxrun-3d".into())
            .stack_size(512 * 1024)
            .spawn(move || crate::signals::blocked(|| serve(backend, &receiver)));
        match started {
            Ok(_) => Some(sender),
            Err(error) => {
                log::warn!("cannot start the 3D worker thread ({error}); some surfaces will not be read");
                None
            }
        }
    }
}

fn serve(backend: &'static dyn Backend, requests: &Receiver<Request>) {
    HERE.with(|here| here.set(true));
    let mut contexts: HashMap<usize, RawContext> = HashMap::new();
    while let Ok(Request { surface, job }) = requests.recv() {
        let Some(context) = context_for(backend, &mut contexts, surface.config) else { continue };
        if let Err(failure) = backend.make_current(Some((&surface, &surface)), context) {
            log::debug!("the 3D worker cannot bind {surface:?}: {failure}");
            continue;
        }
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
        backend.release();
        match done {
            Ok(reply) => reply(),
            Err(_) => log::error!("a job of the 3D worker panicked"),
        }
    }
}

fn context_for(
    backend: &'static dyn Backend,
    contexts: &mut HashMap<usize, RawContext>,
    config: ConfigIndex,
) -> Option<RawContext> {
    if let Some(context) = contexts.get(&config.0) {
        return Some(*context);
    }
    let request = ContextRequest {
        config: Some(config),
        share: None,
        render_type: attributes::RGBA_TYPE,
        attributes: None,
    };
    match backend.create_context(&request) {
        Ok(context) => {
            contexts.insert(config.0, context);
            Some(context)
        }
        Err(failure) => {
            log::log!(failure.level(), "the 3D side gives no context for the worker thread: {failure}");
            None
        }
    }
}
