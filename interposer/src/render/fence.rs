//! Fences: when a GPU is done with what a program's context was told to do.
//!
//! Inserted in the program's thread, waited for in a thread of ours with a context of the same share group. EGL's own fences
//! could be waited for without a context, but NVIDIA's driver takes as long to make one as the GPU is busy.

use std::time::{Duration, Instant};

use crate::gl::api::{self, gl};
use crate::interpose::Inside;

/// From one look to the next. The driver's own waiting keeps a CPU busy.
const PAUSE: Duration = Duration::from_micros(30);

/// A fence (GL_ARB_sync). To be dropped where a context of the share group is current.
#[derive(Debug)]
pub struct Fence(usize);

/// What waiting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The GPU is done.
    Done,
    /// It is not.
    TimedOut,
    /// It cannot be waited for.
    Failed,
}

impl Fence {
    /// Inserts a fence after all that the current context was told, and sends it all to the GPU. None if the driver refuses.
    pub fn insert() -> Option<Self> {
        let insert = api::glFenceSync.get()?;
        // SAFETY: a context with GL_ARB_sync is current.
        let sync = unsafe { insert(api::SYNC_GPU_COMMANDS_COMPLETE, 0) } as usize;
        gl!(real glFlush());
        (sync != 0).then_some(Self(sync))
    }

    /// Waits. A context of the share group is current.
    pub fn wait(&self, timeout: Duration) -> Waited {
        let _inside = Inside::enter();
        let Some(look) = api::glClientWaitSync.get() else { return Waited::Failed };
        let until = Instant::now() + timeout;
        loop {
            // SAFETY: a fence of the share group of the current context.
            match unsafe { look(self.0 as *mut _, 0, 0) } {
                api::ALREADY_SIGNALED | api::CONDITION_SATISFIED => return Waited::Done,
                api::TIMEOUT_EXPIRED if Instant::now() < until => std::thread::sleep(PAUSE),
                api::TIMEOUT_EXPIRED => return Waited::TimedOut,
                _ => return Waited::Failed,
            }
        }
    }
}

impl Drop for Fence {
    fn drop(&mut self) {
        let _inside = Inside::enter();
        gl!(glDeleteSync(self.0 as *mut _));
    }
}
