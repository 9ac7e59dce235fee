//! A drawable's surface: a pair of pbuffers, the back one and, once it is needed, the front one; with stereo a pair for each
//! eye.

use std::sync::atomic::AtomicBool;

use once_cell::sync::OnceCell;

use super::Driver;
use crate::gl::api;
use crate::gl::selection::{Half, Kind};
use crate::render::egl::sharing::Sharing;
use crate::render::{ConfigIndex, Failure};

/// GL_DEPTH_BUFFER_BIT and GL_STENCIL_BUFFER_BIT for what a config has.
pub const fn buffers_of(depth: bool, stencil: bool) -> u32 {
    (if depth { api::DEPTH_BUFFER_BIT } else { 0 }) | (if stencil { api::STENCIL_BUFFER_BIT } else { 0 })
}

/// What pbuffers of a config are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The EGLConfig or GLXFBConfig.
    pub handle: usize,
    /// Surfaces encode sRGB when GL_FRAMEBUFFER_SRGB is on.
    pub srgb: bool,
    /// There is a front and a back buffer.
    pub double: bool,
    /// Each eye has buffers of its own.
    pub stereo: bool,
    /// It has a depth or a stencil buffer.
    pub depth_or_stencil: u32,
    /// It has several samples a pixel.
    pub multisampled: bool,
}

/// One pbuffer; destroyed when dropped, or once no thread has it current.
pub struct Pbuffer {
    driver: Driver,
    /// The driver's handle.
    pub handle: usize,
    /// It is somebody else's to destroy.
    lent: bool,
}

impl Pbuffer {
    fn new(driver: Driver, config: &Config, size: (u16, u16)) -> Result<Self, Failure> {
        driver.create_pbuffer(config, size).map(|handle| Self { driver, handle, lent: false })
    }
}

impl Drop for Pbuffer {
    fn drop(&mut self) {
        if !self.lent {
            self.driver.destroy_pbuffer(self.handle);
        }
    }
}

/// The pbuffers of one surface.
pub struct Pair {
    driver: Driver,
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
        driver: Driver,
        config: Config,
        index: ConfigIndex,
        size: (u16, u16),
    ) -> Result<Self, Failure> {
        let back = Pbuffer::new(driver, &config, size)?;
        Ok(Self::of(driver, config, index, size, back))
    }

    /// A surface whose back half there is already, and is not ours to destroy.
    pub fn around(
        driver: Driver,
        config: Config,
        index: ConfigIndex,
        size: (u16, u16),
        handle: usize,
    ) -> Self {
        Self::of(driver, config, index, size, Pbuffer { driver, handle, lent: true })
    }

    fn of(
        driver: Driver,
        config: Config,
        index: ConfigIndex,
        (width, height): (u16, u16),
        back: Pbuffer,
    ) -> Self {
        let (sharing, others, apart) = Default::default();
        Self { driver, config, index, width, height, sharing, back, others, apart }
    }

    /// Another pair of the same kind and size.
    pub fn alike(&self) -> Result<Self, Failure> {
        Self::new(self.driver, self.config, self.index, (self.width, self.height))
    }

    /// Which buffers it has.
    pub fn kind(&self) -> Kind {
        Kind { double: self.config.double, stereo: self.config.stereo }
    }

    /// The pbuffer of a half; all but the back one are made when they are first asked for.
    pub fn half(&self, half: Half) -> Result<usize, Failure> {
        let place = match half {
            Half::Back => return Ok(self.back.handle),
            Half::Front => 0,
            Half::BackRight => 1,
            Half::FrontRight => 2,
        };
        let make = || Pbuffer::new(self.driver, &self.config, (self.width, self.height));
        self.others[place].get_or_try_init(make).map(|pbuffer| pbuffer.handle)
    }
}
