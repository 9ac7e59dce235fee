//! A drawable's surface: a pair of pbuffers, the back one and, once it is needed, the front one; with stereo a pair for each
//! eye.

use std::sync::atomic::AtomicBool;

use once_cell::sync::OnceCell;

use super::api::{self, Handle, egl};
use super::config::Config;
use super::context::failure;
use super::selection::{Half, Kind};
use super::sharing::Sharing;
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
    /// The others, by [`Half`].
    others: [OnceCell<Pbuffer>; 3],
    /// Whether the eyes may have been drawn to apart since they last were made equal.
    pub apart: AtomicBool,
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
        let (others, apart) = (Default::default(), AtomicBool::new(false));
        Ok(Self { display, config, index, width, height, sharing, back, others, apart })
    }

    /// Another pair of the same kind and size.
    pub fn alike(&self) -> Result<Self, Failure> {
        Self::new(self.display, self.config, self.index, (self.width, self.height))
    }

    /// Which buffers it has.
    pub fn kind(&self) -> Kind {
        Kind { double: self.config.double, stereo: self.config.stereo }
    }

    /// The EGLSurface of a half; all but the back one are made when they are first asked for.
    pub fn half(&self, half: Half) -> Result<usize, Failure> {
        let place = match half {
            Half::Back => return Ok(self.back.handle),
            Half::Front => 0,
            Half::BackRight => 1,
            Half::FrontRight => 2,
        };
        let make = || Pbuffer::new(self.display, &self.config, self.width, self.height);
        self.others[place].get_or_try_init(make).map(|pbuffer| pbuffer.handle)
    }
}
