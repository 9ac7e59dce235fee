//! OpenGL as the program calls it: only what names a buffer of the default framebuffer, makes a frame or may notice
//! a new window size. Framebuffer 0 is a real one, so everything else goes to the driver untouched.

pub mod api;
pub mod features;
mod handlers;
pub mod state;
pub mod viewports;

use std::ffi::{c_float, c_int, c_uint};

use crate::interpose::{Library, interpose};

interpose! {
    from Library::Gl;

    fn glFlush() -> () => handlers::flush;
    fn glFinish() -> () => handlers::finish;

    fn glViewport(x: c_int, y: c_int, width: c_int, height: c_int) -> () => handlers::viewport;
    fn glViewportIndexedf(index: c_uint, x: c_float, y: c_float, width: c_float, height: c_float) -> () => handlers::viewport_indexed;
    fn glViewportIndexedfv(index: c_uint, values: *const c_float) -> () => handlers::viewport_indexed_v;
    fn glViewportArrayv(first: c_uint, count: c_int, values: *const c_float) -> () => handlers::viewport_array;

    fn glDrawBuffer(buffer: c_uint) -> () => handlers::draw_buffer;
    fn glDrawBuffers(count: c_int, buffers: *const c_uint) -> () => handlers::draw_buffers;
    fn glDrawBuffersARB(count: c_int, buffers: *const c_uint) -> () => handlers::draw_buffers_arb;
    fn glDrawBuffersATI(count: c_int, buffers: *const c_uint) -> () => handlers::draw_buffers_ati;
    fn glNamedFramebufferDrawBuffer(framebuffer: c_uint, buffer: c_uint) -> () => handlers::named_draw_buffer;
    fn glNamedFramebufferDrawBuffers(framebuffer: c_uint, count: c_int, buffers: *const c_uint) -> () => handlers::named_draw_buffers;
    fn glFramebufferDrawBufferEXT(framebuffer: c_uint, buffer: c_uint) -> () => handlers::ext_draw_buffer;
    fn glFramebufferDrawBuffersEXT(framebuffer: c_uint, count: c_int, buffers: *const c_uint) -> () => handlers::ext_draw_buffers;
    fn glReadBuffer(buffer: c_uint) -> () => handlers::read_buffer;
    fn glNamedFramebufferReadBuffer(framebuffer: c_uint, buffer: c_uint) -> () => handlers::named_read_buffer;
    fn glFramebufferReadBufferEXT(framebuffer: c_uint, buffer: c_uint) -> () => handlers::ext_read_buffer;
}

/// The driver's glFinish.
pub fn finish_real() {
    if let Some(finish) = real::glFinish.get() {
        let _inside = crate::interpose::Inside::enter();
        // SAFETY: legal at any time with a context current.
        unsafe { finish() };
    }
}
