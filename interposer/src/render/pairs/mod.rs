//! Surfaces whose buffers are pbuffers, a pbuffer for each: front and back on EGL devices, whose pbuffers have one buffer, and
//! both eyes' where the driver has no stereo.
//!
//! [`surface`] makes them, [`gl::selection`](crate::gl::selection) knows which of them a program means, [`here`] binds it, [`buffers`] is what the rest of
//! the library asks.

pub mod buffers;
pub mod here;
pub mod surface;

use once_cell::sync::OnceCell;
use parking_lot::Mutex;

use super::Failure;
use super::egl::device;
use super::glx::GlxBackend;
use crate::gl::features::Features;
use crate::gl::selection::Selection;
use surface::Config;

/// A context and which buffers the program has selected in it.
#[derive(Default)]
pub struct Context {
    /// The driver's handle.
    pub handle: usize,
    /// OpenGL ES, whose framebuffer has no front buffer to name.
    pub es: bool,
    /// It raises no errors (GLX_ARB_create_context_no_error).
    pub no_error: bool,
    /// The selected buffers. Locked by the thread in which the context is current.
    pub selection: Mutex<Selection>,
    /// What its GL can do; asked when it is current.
    pub features: OnceCell<Features>,
}

/// Who makes the pbuffers and binds them; 0 is none of a kind.
#[derive(Clone, Copy)]
pub enum Driver {
    /// EGL, on this EGLDisplay.
    Egl(usize),
    /// GLX.
    Glx(&'static GlxBackend),
}

impl Driver {
    fn make_current(self, draw: usize, read: usize, context: usize) -> Result<(), Failure> {
        match self {
            Self::Egl(display) => device::make_current(display, draw, read, context),
            Self::Glx(backend) => backend.bind(draw, read, context),
        }
    }

    fn create_pbuffer(self, config: &Config, size: (u16, u16)) -> Result<usize, Failure> {
        match self {
            Self::Egl(display) => device::create_pbuffer(display, config, size),
            Self::Glx(backend) => backend.create_pbuffer(config.handle, size),
        }
    }

    fn destroy_pbuffer(self, handle: usize) {
        match self {
            Self::Egl(display) => device::destroy_pbuffer(display, handle),
            Self::Glx(backend) => backend.destroy_pbuffer(handle),
        }
    }
}
