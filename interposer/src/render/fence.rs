//! Fences: when a GPU is done with what a program's context was told to do.
//!
//! Inserted in the program's thread, waited for in a thread of ours. EGL's need no context there; GL's need one of the
//! program's share group.

use std::time::Duration;

use super::egl::api::{self as egl_api, Handle, egl};
use crate::gl::api::{self, gl};
use crate::interpose::Inside;

/// Whose fence it is.
#[derive(Debug)]
enum Kind {
    /// EGL_SYNC_FENCE of an EGLDisplay.
    Egl { display: usize, sync: usize },
    /// GL_ARB_sync's.
    Gl(usize),
}

/// A fence. Destroyed when dropped.
#[derive(Debug)]
pub struct Fence(Kind);

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
    /// Inserts a fence after all that the current context was told, and sends it all to the GPU. An EGLDisplay makes it
    /// EGL's; the context is then one of that display, `es` if it is an OpenGL ES one. None if the driver refuses.
    pub fn insert(display: Option<usize>, es: bool) -> Option<Self> {
        let kind = match display {
            Some(display) => {
                // Which API is bound is the program's own state in this thread.
                let bound = egl!(eglQueryAPI());
                let wanted = if es { egl_api::OPENGL_ES_API } else { egl_api::OPENGL_API };
                if bound != wanted {
                    egl!(eglBindAPI(wanted));
                }
                let sync =
                    egl!(eglCreateSync(display as Handle, egl_api::SYNC_FENCE, std::ptr::null())) as usize;
                if bound != wanted {
                    egl!(eglBindAPI(bound));
                }
                (sync != 0).then_some(Kind::Egl { display, sync })
            }
            None => {
                // SAFETY: a context with GL_ARB_sync is current.
                let sync = api::glFenceSync
                    .get()
                    .map_or(0, |insert| unsafe { insert(api::SYNC_GPU_COMMANDS_COMPLETE, 0) } as usize);
                (sync != 0).then_some(Kind::Gl(sync))
            }
        };
        gl!(real glFlush());
        kind.map(Self)
    }

    /// Waits. For GL's, a context of the share group is current.
    pub fn wait(&self, timeout: Duration) -> Waited {
        let _inside = Inside::enter();
        let nanoseconds = timeout.as_nanos() as u64;
        match self.0 {
            Kind::Egl { display, sync } => {
                match egl!(eglClientWaitSync(display as Handle, sync as Handle, 0, nanoseconds)) {
                    egl_api::CONDITION_SATISFIED => Waited::Done,
                    egl_api::TIMEOUT_EXPIRED => Waited::TimedOut,
                    _ => Waited::Failed,
                }
            }
            Kind::Gl(sync) => {
                let Some(wait) = api::glClientWaitSync.get() else { return Waited::Failed };
                // SAFETY: a fence of the share group of the current context.
                match unsafe { wait(sync as *mut _, 0, nanoseconds) } {
                    api::ALREADY_SIGNALED | api::CONDITION_SATISFIED => Waited::Done,
                    api::TIMEOUT_EXPIRED => Waited::TimedOut,
                    _ => Waited::Failed,
                }
            }
        }
    }
}

impl Drop for Fence {
    fn drop(&mut self) {
        let _inside = Inside::enter();
        match self.0 {
            Kind::Egl { display, sync } => _ = egl!(eglDestroySync(display as Handle, sync as Handle)),
            Kind::Gl(sync) => gl!(glDeleteSync(sync as *mut _)),
        }
    }
}
