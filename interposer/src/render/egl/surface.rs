//! A drawable's surface: a pair of pbuffers, the back one and, once it is needed, the front one.

use once_cell::sync::OnceCell;

use super::api::{self, Handle, egl};
use super::config::Config;
use super::context::failure;
use super::sharing::Sharing;
use crate::gl::selection::Half;
use crate::render::{ConfigIndex, Failure};

/// GL_DEPTH_BUFFER_BIT and GL_STENCIL_BUFFER_BIT for what a config has.
pub const fn buffers_of(depth: bool, stencil: bool) -> u32 {
    (if depth { 0x100 } else { 0 }) | (if stencil { 0x400 } else { 0 })
}

/// One pbuffer; destroyed when dropped, or once no thread has it current.
pub struct Pbuffer {
    display: usize,
    /// The EGLSurface.
    pub handle: usize,
}

impl Pbuffer {
    fn new(display: usize, config: &Config, width: u16, height: u16) -> Result<Self, Failure> {
        let mut list = vec![api::WIDTH, width.into(), api::HEIGHT, height.into()];
        if config.srgb {
            list.extend([api::GL_COLORSPACE, api::GL_COLORSPACE_SRGB]);
        }
        list.push(api::NONE);
        let handle = egl!(eglCreatePbufferSurface(display as Handle, config.handle as Handle, list.as_ptr()));
        match handle.is_null() {
            true => Err(failure(api::error())),
            false => Ok(Self { display, handle: handle as usize }),
        }
    }
}

impl Drop for Pbuffer {
    fn drop(&mut self) {
        egl!(eglDestroySurface(self.display as Handle, self.handle as Handle));
    }
}

/// The pbuffers of one surface.
pub struct Pair {
    display: usize,
    /// What they are made with.
    pub config: Config,
    /// Its place in the list.
    pub index: ConfigIndex,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Which threads have them.
    pub sharing: Sharing,
    back: Pbuffer,
    front: OnceCell<Pbuffer>,
}

impl Pair {
    /// Makes the back half.
    pub fn new(
        display: usize,
        config: Config,
        index: ConfigIndex,
        (width, height): (u16, u16),
    ) -> Result<Self, Failure> {
        let back = Pbuffer::new(display, &config, width, height)?;
        let sharing = Sharing::default();
        Ok(Self { display, config, index, width, height, sharing, back, front: OnceCell::new() })
    }

    /// Another pair of the same kind and size.
    pub fn alike(&self) -> Result<Self, Failure> {
        Self::new(self.display, self.config, self.index, (self.width, self.height))
    }

    /// The EGLSurface of a half; the front one is made when it is first asked for.
    pub fn half(&self, half: Half) -> Result<usize, Failure> {
        if half == Half::Back || !self.config.double {
            return Ok(self.back.handle);
        }
        let make = || Pbuffer::new(self.display, &self.config, self.width, self.height);
        self.front.get_or_try_init(make).map(|front| front.handle)
    }
}
