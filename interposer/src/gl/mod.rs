//! OpenGL as the program calls it: only what names or reads a buffer of the default framebuffer, makes a frame or may
//! notice a new window size. Framebuffer 0 is a real one, so everything else goes to the driver untouched.

mod alpha;
pub mod api;
pub mod buffers;
mod clears;
pub mod conditional;
pub mod features;
pub mod flip;
mod handlers;
pub mod lists;
pub mod opaque;
mod queries;
pub mod state;
pub mod viewports;

use std::ffi::{c_double, c_float, c_int, c_uchar, c_uint, c_void};

use crate::interpose::{Library, interpose};

interpose! {
    from Library::Gl;

    fn glFlush() -> () => handlers::flush;
    fn glFinish() -> () => handlers::finish;

    fn glClear(mask: c_uint) -> () => handlers::clear;
    fn glClearBufferfv(buffer: c_uint, index: c_int, value: *const c_float) -> () => clears::floats;
    fn glClearBufferiv(buffer: c_uint, index: c_int, value: *const c_int) -> () => clears::integers;
    fn glClearBufferuiv(buffer: c_uint, index: c_int, value: *const c_uint) -> () => clears::unsigned;
    fn glClearNamedFramebufferfv(framebuffer: c_uint, buffer: c_uint, index: c_int, value: *const c_float) -> () => clears::named_floats;
    fn glClearNamedFramebufferiv(framebuffer: c_uint, buffer: c_uint, index: c_int, value: *const c_int) -> () => clears::named_integers;
    fn glClearNamedFramebufferuiv(framebuffer: c_uint, buffer: c_uint, index: c_int, value: *const c_uint) -> () => clears::named_unsigned;
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

    fn glBeginConditionalRender(query: c_uint, mode: c_uint) -> () => conditional::begin;
    fn glBeginConditionalRenderNV(query: c_uint, mode: c_uint) -> () => conditional::begin_nv;
    fn glEndConditionalRender() -> () => conditional::end;
    fn glEndConditionalRenderNV() -> () => conditional::end_nv;

    fn glGetIntegerv(name: c_uint, values: *mut c_int) -> () => queries::get_integer;
    fn glGetInteger64v(name: c_uint, values: *mut i64) -> () => queries::get_integer64;
    fn glGetBooleanv(name: c_uint, values: *mut c_uchar) -> () => queries::get_boolean;
    fn glGetFloatv(name: c_uint, values: *mut c_float) -> () => queries::get_float;
    fn glGetDoublev(name: c_uint, values: *mut c_double) -> () => queries::get_double;
    fn glGetFramebufferParameteriv(target: c_uint, name: c_uint, values: *mut c_int) -> () => queries::framebuffer_parameter;
    fn glGetNamedFramebufferParameteriv(framebuffer: c_uint, name: c_uint, values: *mut c_int) -> () => queries::named_framebuffer_parameter;
    fn glGetFramebufferAttachmentParameteriv(target: c_uint, attachment: c_uint, name: c_uint, values: *mut c_int) -> () => queries::attachment_parameter;
    fn glGetNamedFramebufferAttachmentParameteriv(framebuffer: c_uint, attachment: c_uint, name: c_uint, values: *mut c_int) -> () => queries::named_attachment_parameter;
    fn glNewList(name: c_uint, mode: c_uint) -> () => lists::new_list;
    fn glEndList() -> () => lists::end_list;
    fn glCallList(name: c_uint) -> () => lists::call_list;
    fn glCallLists(count: c_int, kind: c_uint, names: *const c_void) -> () => lists::call_lists;
    fn glDeleteLists(first: c_uint, count: c_int) -> () => lists::delete_lists;
    fn glPushAttrib(mask: c_uint) -> () => queries::push_attrib;
    fn glPopAttrib() -> () => queries::pop_attrib;
    fn glReadPixels(x: c_int, y: c_int, width: c_int, height: c_int, format: c_uint, kind: c_uint, pixels: *mut c_void) -> () => queries::read_pixels;
    fn glBlitFramebuffer(x0: c_int, y0: c_int, x1: c_int, y1: c_int, u0: c_int, v0: c_int, u1: c_int, v1: c_int, mask: c_uint, filter: c_uint) -> () => queries::blit_framebuffer;

    fn glReadnPixels(x: c_int, y: c_int, width: c_int, height: c_int, format: c_uint, kind: c_uint, size: c_int, pixels: *mut c_void) -> () => opaque::readn_pixels;
    fn glReadnPixelsARB(x: c_int, y: c_int, width: c_int, height: c_int, format: c_uint, kind: c_uint, size: c_int, pixels: *mut c_void) -> () => opaque::readn_pixels_arb;
    fn glReadnPixelsEXT(x: c_int, y: c_int, width: c_int, height: c_int, format: c_uint, kind: c_uint, size: c_int, pixels: *mut c_void) -> () => opaque::readn_pixels_ext;
    fn glReadnPixelsKHR(x: c_int, y: c_int, width: c_int, height: c_int, format: c_uint, kind: c_uint, size: c_int, pixels: *mut c_void) -> () => opaque::readn_pixels_khr;
    fn glCopyPixels(x: c_int, y: c_int, width: c_int, height: c_int, kind: c_uint) -> () => opaque::copy_pixels;
    fn glCopyTexImage1D(target: c_uint, level: c_int, format: c_uint, x: c_int, y: c_int, width: c_int, border: c_int) -> () => opaque::copy_image_1d;
    fn glCopyTexImage2D(target: c_uint, level: c_int, format: c_uint, x: c_int, y: c_int, width: c_int, height: c_int, border: c_int) -> () => opaque::copy_image_2d;
    fn glCopyTexSubImage1D(target: c_uint, level: c_int, to: c_int, x: c_int, y: c_int, width: c_int) -> () => opaque::copy_part_1d;
    fn glCopyTexSubImage2D(target: c_uint, level: c_int, to_x: c_int, to_y: c_int, x: c_int, y: c_int, width: c_int, height: c_int) -> () => opaque::copy_part_2d;
    fn glCopyTexSubImage3D(target: c_uint, level: c_int, to_x: c_int, to_y: c_int, to_z: c_int, x: c_int, y: c_int, width: c_int, height: c_int) -> () => opaque::copy_part_3d;
    fn glCopyTextureSubImage1D(texture: c_uint, level: c_int, to: c_int, x: c_int, y: c_int, width: c_int) -> () => opaque::copy_texture_1d;
    fn glCopyTextureSubImage2D(texture: c_uint, level: c_int, to_x: c_int, to_y: c_int, x: c_int, y: c_int, width: c_int, height: c_int) -> () => opaque::copy_texture_2d;
    fn glCopyTextureSubImage3D(texture: c_uint, level: c_int, to_x: c_int, to_y: c_int, to_z: c_int, x: c_int, y: c_int, width: c_int, height: c_int) -> () => opaque::copy_texture_3d;
    fn glBlitFramebufferEXT(x0: c_int, y0: c_int, x1: c_int, y1: c_int, u0: c_int, v0: c_int, u1: c_int, v1: c_int, mask: c_uint, filter: c_uint) -> () => opaque::blit_ext;
    fn glBlitNamedFramebuffer(read: c_uint, draw: c_uint, x0: c_int, y0: c_int, x1: c_int, y1: c_int, u0: c_int, v0: c_int, u1: c_int, v1: c_int, mask: c_uint, filter: c_uint) -> () => opaque::blit_named;
}

/// The driver's glFinish.
pub fn finish_real() {
    if let Some(finish) = real::glFinish.get() {
        let _inside = crate::interpose::Inside::enter();
        // SAFETY: legal at any time with a context current.
        unsafe { finish() };
    }
}
