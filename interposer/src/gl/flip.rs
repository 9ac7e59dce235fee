//! A copy of the default framebuffer with the top row first, made on the GPU.

use std::ffi::{c_int, c_uint};

use super::api::{self, get_integer, gl, is_enabled};
use super::buffers::Borrowed;
use super::features::Features;
use super::state::{bind, set_scissor};

/// A framebuffer object of one context with a renderbuffer, kept from frame to frame. They go with the context.
#[derive(Debug, Default)]
pub struct Flipped {
    framebuffer: c_uint,
    renderbuffer: c_uint,
    format: c_uint,
    size: (c_int, c_int),
}

impl Flipped {
    /// Copies `buffer` of the default framebuffer, its samples resolved, upside down into a renderbuffer of that internal
    /// format; gives the framebuffer object to read it from. None where GL has no blits.
    pub fn copy(
        &mut self,
        features: &Features,
        buffer: c_uint,
        format: c_uint,
        (width, height): (c_int, c_int),
    ) -> Option<c_uint> {
        if !features.framebuffers || features.es {
            return None;
        }
        if self.framebuffer == 0 {
            gl!(glGenFramebuffers(1, &raw mut self.framebuffer));
            gl!(glGenRenderbuffers(1, &raw mut self.renderbuffer));
        }
        let draw = bind(features, api::DRAW_FRAMEBUFFER, api::DRAW_FRAMEBUFFER_BINDING, self.framebuffer);
        if (self.format, self.size) != (format, (width, height)) {
            self.store(format, (width, height));
        }
        let read = bind(features, api::READ_FRAMEBUFFER, api::READ_FRAMEBUFFER_BINDING, 0);
        {
            let _borrowed = Borrowed::read(buffer);
            let scissor = is_enabled(api::SCISSOR_TEST);
            let srgb = features.srgb_control && is_enabled(api::FRAMEBUFFER_SRGB);
            if scissor {
                set_scissor(features.viewports, false);
            }
            if srgb {
                gl!(glDisable(api::FRAMEBUFFER_SRGB));
            }
            gl!(glBlitFramebuffer(
                0,
                0,
                width,
                height,
                0,
                height,
                width,
                0,
                api::COLOR_BUFFER_BIT,
                api::NEAREST
            ));
            if scissor {
                set_scissor(features.viewports, true);
            }
            if srgb {
                gl!(glEnable(api::FRAMEBUFFER_SRGB));
            }
        }
        for (target, bound) in [(api::DRAW_FRAMEBUFFER, draw), (api::READ_FRAMEBUFFER, read)] {
            if let Some(bound) = bound {
                gl!(glBindFramebuffer(target, bound));
            }
        }
        Some(self.framebuffer)
    }

    /// Gives the renderbuffer a size; the framebuffer object is bound to draw to.
    fn store(&mut self, format: c_uint, (width, height): (c_int, c_int)) {
        let bound = get_integer(api::RENDERBUFFER_BINDING) as c_uint;
        gl!(glBindRenderbuffer(api::RENDERBUFFER, self.renderbuffer));
        gl!(glRenderbufferStorage(api::RENDERBUFFER, format, width, height));
        gl!(glBindRenderbuffer(api::RENDERBUFFER, bound));
        gl!(glFramebufferRenderbuffer(
            api::DRAW_FRAMEBUFFER,
            api::COLOR_ATTACHMENT0,
            api::RENDERBUFFER,
            self.renderbuffer
        ));
        (self.format, self.size) = (format, (width, height));
    }
}
