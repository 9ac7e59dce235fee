//! glClearBuffer of surfaces that have but one buffer.
//!
//! Mesa's EGL pbuffers have one, which programs may name GL_BACK; but glClearBuffer looks for a buffer of that very
//! name, finds none and clears nothing (22.3). By the name GL_BACK_LEFT it does find it, so that is what is selected
//! while the call lasts.

use std::ffi::{c_float, c_int, c_uint};

use super::api::{self, get_integer, gl};
use super::buffers;
use crate::egl;
use crate::glx::current;
use crate::interpose::Inside;
use crate::render::Moment;

/// Whether framebuffer 0 of the current context is an EGL pbuffer that stands for more.
fn has_one_buffer() -> bool {
    match current::get() {
        Some(current) => buffers::emulated().is_some() && !current.context.features().es,
        None => egl::current::get().is_some_and(|current| !current.features().es),
    }
}

/// Runs a clear of a colour buffer with the buffer under the name by which it is found. `named` is the framebuffer of a
/// call that names one; the others mean the one that is bound.
fn clear(buffer: c_uint, named: Option<c_uint>, run: impl FnOnce()) {
    buffers::exchange(Moment::Draw);
    if buffer != api::COLOR || named.is_some_and(|framebuffer| framebuffer != 0) || !has_one_buffer() {
        return run();
    }
    let inside = Inside::enter();
    let bound = get_integer(api::DRAW_FRAMEBUFFER_BINDING) as c_uint;
    if bound != 0 && named.is_none() {
        drop(inside);
        return run();
    }
    if bound != 0 {
        gl!(glBindFramebuffer(api::DRAW_FRAMEBUFFER, 0));
    }
    let back = get_integer(api::DRAW_BUFFER) as c_uint == api::BACK;
    if back {
        gl!(real glDrawBuffers(1, [api::BACK_LEFT].as_ptr()));
    }
    run();
    if back {
        gl!(real glDrawBuffer(api::BACK));
    }
    if bound != 0 {
        gl!(glBindFramebuffer(api::DRAW_FRAMEBUFFER, bound));
    }
}

/// The handlers of glClearBuffer and glClearNamedFramebuffer.
macro_rules! clears {
    ($($handler:ident: $real:ident, $named:ident: $named_real:ident, $type:ty;)*) => { $(
        pub unsafe fn $handler(buffer: c_uint, index: c_int, value: *const $type) {
            clear(buffer, None, || gl!(real $real(buffer, index, value)));
        }

        pub unsafe fn $named(framebuffer: c_uint, buffer: c_uint, index: c_int, value: *const $type) {
            clear(buffer, Some(framebuffer), || gl!(real $named_real(framebuffer, buffer, index, value)));
        }
    )* };
}

clears! {
    floats: glClearBufferfv, named_floats: glClearNamedFramebufferfv, c_float;
    integers: glClearBufferiv, named_integers: glClearNamedFramebufferiv, c_int;
    unsigned: glClearBufferuiv, named_unsigned: glClearNamedFramebufferuiv, c_uint;
}
