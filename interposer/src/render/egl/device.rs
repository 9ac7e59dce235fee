//! Pbuffers of an EGL device, and what is bound: EGL's calls for [`crate::render::pairs`].

use super::api::{self, Handle, egl};
use super::context::failure;
use crate::render::Failure;
use crate::render::pairs::surface::Config;

/// eglMakeCurrent; 0 is none.
pub fn make_current(display: usize, draw: usize, read: usize, context: usize) -> Result<(), Failure> {
    match egl!(eglMakeCurrent(display as Handle, draw as Handle, read as Handle, context as Handle)) {
        0 => Err(failure(api::error())),
        _ => Ok(()),
    }
}

/// A pbuffer of `width` x `height` pixels.
pub fn create_pbuffer(
    display: usize,
    config: &Config,
    (width, height): (u16, u16),
) -> Result<usize, Failure> {
    let mut list = vec![api::WIDTH, width.into(), api::HEIGHT, height.into()];
    if config.srgb {
        list.extend([api::GL_COLORSPACE, api::GL_COLORSPACE_SRGB]);
    }
    list.push(api::NONE);
    let handle = egl!(eglCreatePbufferSurface(display as Handle, config.handle as Handle, list.as_ptr()));
    if handle.is_null() { Err(failure(api::error())) } else { Ok(handle as usize) }
}

/// Destroys a pbuffer, at once or when it is no longer current.
pub fn destroy_pbuffer(display: usize, handle: usize) {
    egl!(eglDestroySurface(display as Handle, handle as Handle));
}
