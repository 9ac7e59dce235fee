//! Setting the alpha of a whole buffer of the default framebuffer to 1, with the program's state put back.

use std::ffi::{c_float, c_uchar, c_uint};

use super::api::{self, gl, is_enabled, set_enabled};
use super::buffers::Borrowed;
use super::features::Features;
use super::state::{bind_default, set_scissor};

/// What is set to change nothing but the alpha of a buffer of the default framebuffer.
pub struct AlphaGuard<'a> {
    features: &'a Features,
    framebuffer: c_uint,
    borrowed: Option<Borrowed>,
    scissor: bool,
    discard: bool,
    mask: [c_uchar; 4],
    colour: [c_float; 4],
}

impl<'a> AlphaGuard<'a> {
    /// Prepares clears of the alpha of `buffer`.
    pub fn new(features: &'a Features, buffer: c_uint) -> Self {
        let framebuffer = bind_default(features, api::DRAW_FRAMEBUFFER, api::DRAW_FRAMEBUFFER_BINDING);
        let borrowed = (!features.es).then(|| Borrowed::both(features));
        if let Some(borrowed) = &borrowed {
            borrowed.select(buffer, buffer);
        }
        let mut guard = Self {
            features,
            framebuffer,
            borrowed,
            scissor: is_enabled(api::SCISSOR_TEST),
            discard: features.major >= 3 && is_enabled(api::RASTERIZER_DISCARD),
            mask: [0; 4],
            colour: [0.0; 4],
        };
        gl!(real glGetFloatv(api::COLOR_CLEAR_VALUE, guard.colour.as_mut_ptr()));
        gl!(glClearColor(0.0, 0.0, 0.0, 1.0));
        if guard.has_masks() {
            gl!(glGetBooleani_v(api::COLOR_WRITEMASK, 0, guard.mask.as_mut_ptr()));
        } else {
            gl!(real glGetBooleanv(api::COLOR_WRITEMASK, guard.mask.as_mut_ptr()));
        }
        guard.set_mask([0, 0, 0, 1]);
        if guard.scissor {
            set_scissor(features.viewports, false);
        }
        if guard.discard {
            gl!(glDisable(api::RASTERIZER_DISCARD));
        }
        guard
    }

    /// Sets the alpha of each pixel to 1.
    pub fn set_to_one(&self) {
        gl!(glClear(api::COLOR_BUFFER_BIT));
    }

    /// Whether each draw buffer has a colour mask of its own.
    fn has_masks(&self) -> bool {
        !self.features.es && self.features.major >= 3
    }

    fn set_mask(&self, [red, green, blue, alpha]: [c_uchar; 4]) {
        if self.has_masks() {
            gl!(glColorMaski(0, red, green, blue, alpha));
        } else {
            gl!(glColorMask(red, green, blue, alpha));
        }
    }
}

impl Drop for AlphaGuard<'_> {
    fn drop(&mut self) {
        let [red, green, blue, alpha] = self.colour;
        gl!(glClearColor(red, green, blue, alpha));
        self.set_mask(self.mask);
        if self.scissor {
            set_scissor(self.features.viewports, true);
        }
        if self.discard {
            set_enabled(api::RASTERIZER_DISCARD, true);
        }
        // While the default framebuffer is bound.
        self.borrowed = None;
        if self.framebuffer != 0 {
            let target = if self.features.one_framebuffer { api::FRAMEBUFFER } else { api::DRAW_FRAMEBUFFER };
            gl!(glBindFramebuffer(target, self.framebuffer));
        }
    }
}
