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
pub mod selection;
pub mod state;
pub mod viewports;

use std::ffi::{c_double, c_float, c_int, c_uchar, c_uint, c_void};

use crate::interpose::{Library, interpose};

type GLenum = c_uint;
type GLbitfield = c_uint;

interpose! {
    from Library::Gl;

    fn glFlush() -> () => handlers::flush;
    fn glFinish() -> () => handlers::finish;

    fn glClear(mask: GLbitfield) -> () => handlers::clear;
    fn glClearBufferfv(buffer: GLenum, index: c_int, value: *const c_float) -> () => clears::floats;
    fn glClearBufferiv(buffer: GLenum, index: c_int, value: *const c_int) -> () => clears::integers;
    fn glClearBufferuiv(buffer: GLenum, index: c_int, value: *const c_uint) -> () => clears::unsigned;
    fn glClearNamedFramebufferfv(framebuffer: c_uint, buffer: GLenum, index: c_int, value: *const c_float) -> () => clears::named_floats;
    fn glClearNamedFramebufferiv(framebuffer: c_uint, buffer: GLenum, index: c_int, value: *const c_int) -> () => clears::named_integers;
    fn glClearNamedFramebufferuiv(framebuffer: c_uint, buffer: GLenum, index: c_int, value: *const c_uint) -> () => clears::named_unsigned;
    fn glViewport(x: c_int, y: c_int, width: c_int, height: c_int) -> () => handlers::viewport;
    fn glViewportIndexedf(index: c_uint, x: c_float, y: c_float, width: c_float, height: c_float) -> () => handlers::viewport_indexed;
    fn glViewportIndexedfv(index: c_uint, values: *const c_float) -> () => handlers::viewport_indexed_v;
    fn glViewportArrayv(first: c_uint, count: c_int, values: *const c_float) -> () => handlers::viewport_array;

    fn glDrawBuffer(buffer: GLenum) -> () => handlers::draw_buffer;
    fn glDrawBuffers(count: c_int, buffers: *const GLenum) -> () => handlers::draw_buffers;
    fn glDrawBuffersARB(count: c_int, buffers: *const GLenum) -> () => handlers::draw_buffers_arb;
    fn glDrawBuffersATI(count: c_int, buffers: *const GLenum) -> () => handlers::draw_buffers_ati;
    fn glNamedFramebufferDrawBuffer(framebuffer: c_uint, buffer: GLenum) -> () => handlers::named_draw_buffer;
    fn glNamedFramebufferDrawBuffers(framebuffer: c_uint, count: c_int, buffers: *const GLenum) -> () => handlers::named_draw_buffers;
    fn glFramebufferDrawBufferEXT(framebuffer: c_uint, buffer: GLenum) -> () => handlers::ext_draw_buffer;
    fn glFramebufferDrawBuffersEXT(framebuffer: c_uint, count: c_int, buffers: *const GLenum) -> () => handlers::ext_draw_buffers;
    fn glReadBuffer(buffer: GLenum) -> () => handlers::read_buffer;
    fn glNamedFramebufferReadBuffer(framebuffer: c_uint, buffer: GLenum) -> () => handlers::named_read_buffer;
    fn glFramebufferReadBufferEXT(framebuffer: c_uint, buffer: GLenum) -> () => handlers::ext_read_buffer;

    fn glBeginConditionalRender(query: c_uint, mode: GLenum) -> () => conditional::begin;
    fn glBeginConditionalRenderNV(query: c_uint, mode: GLenum) -> () => conditional::begin_nv;
    fn glEndConditionalRender() -> () => conditional::end;
    fn glEndConditionalRenderNV() -> () => conditional::end_nv;

    fn glGetIntegerv(name: GLenum, values: *mut c_int) -> () => queries::get_integer;
    fn glGetInteger64v(name: GLenum, values: *mut i64) -> () => queries::get_integer64;
    fn glGetBooleanv(name: GLenum, values: *mut c_uchar) -> () => queries::get_boolean;
    fn glGetFloatv(name: GLenum, values: *mut c_float) -> () => queries::get_float;
    fn glGetDoublev(name: GLenum, values: *mut c_double) -> () => queries::get_double;
    fn glGetFramebufferParameteriv(target: GLenum, name: GLenum, values: *mut c_int) -> () => queries::framebuffer_parameter;
    fn glGetNamedFramebufferParameteriv(framebuffer: c_uint, name: GLenum, values: *mut c_int) -> () => queries::named_framebuffer_parameter;
    fn glGetFramebufferAttachmentParameteriv(target: GLenum, attachment: GLenum, name: GLenum, values: *mut c_int) -> () => queries::attachment_parameter;
    fn glGetNamedFramebufferAttachmentParameteriv(framebuffer: c_uint, attachment: GLenum, name: GLenum, values: *mut c_int) -> () => queries::named_attachment_parameter;
    fn glNewList(name: c_uint, mode: GLenum) -> () => lists::new_list;
    fn glEndList() -> () => lists::end_list;
    fn glCallList(name: c_uint) -> () => lists::call_list;
    fn glCallLists(count: c_int, kind: GLenum, names: *const c_void) -> () => lists::call_lists;
    fn glDeleteLists(first: c_uint, count: c_int) -> () => lists::delete_lists;
    fn glPushAttrib(mask: GLbitfield) -> () => queries::push_attrib;
    fn glPopAttrib() -> () => queries::pop_attrib;
    fn glReadPixels(x: c_int, y: c_int, width: c_int, height: c_int, format: GLenum, kind: GLenum, pixels: *mut c_void) -> () => queries::read_pixels;
    fn glBlitFramebuffer(x0: c_int, y0: c_int, x1: c_int, y1: c_int, u0: c_int, v0: c_int, u1: c_int, v1: c_int, mask: GLbitfield, filter: GLenum) -> () => queries::blit_framebuffer;

    fn glReadnPixels(x: c_int, y: c_int, width: c_int, height: c_int, format: GLenum, kind: GLenum, size: c_int, pixels: *mut c_void) -> () => opaque::readn_pixels;
    fn glReadnPixelsARB(x: c_int, y: c_int, width: c_int, height: c_int, format: GLenum, kind: GLenum, size: c_int, pixels: *mut c_void) -> () => opaque::readn_pixels_arb;
    fn glReadnPixelsEXT(x: c_int, y: c_int, width: c_int, height: c_int, format: GLenum, kind: GLenum, size: c_int, pixels: *mut c_void) -> () => opaque::readn_pixels_ext;
    fn glReadnPixelsKHR(x: c_int, y: c_int, width: c_int, height: c_int, format: GLenum, kind: GLenum, size: c_int, pixels: *mut c_void) -> () => opaque::readn_pixels_khr;
    fn glCopyPixels(x: c_int, y: c_int, width: c_int, height: c_int, kind: GLenum) -> () => opaque::copy_pixels;
    fn glCopyTexImage1D(target: GLenum, level: c_int, format: GLenum, x: c_int, y: c_int, width: c_int, border: c_int) -> () => opaque::copy_image_1d;
    fn glCopyTexImage2D(target: GLenum, level: c_int, format: GLenum, x: c_int, y: c_int, width: c_int, height: c_int, border: c_int) -> () => opaque::copy_image_2d;
    fn glCopyTexSubImage1D(target: GLenum, level: c_int, to: c_int, x: c_int, y: c_int, width: c_int) -> () => opaque::copy_part_1d;
    fn glCopyTexSubImage2D(target: GLenum, level: c_int, to_x: c_int, to_y: c_int, x: c_int, y: c_int, width: c_int, height: c_int) -> () => opaque::copy_part_2d;
    fn glCopyTexSubImage3D(target: GLenum, level: c_int, to_x: c_int, to_y: c_int, to_z: c_int, x: c_int, y: c_int, width: c_int, height: c_int) -> () => opaque::copy_part_3d;
    fn glCopyTextureSubImage1D(texture: c_uint, level: c_int, to: c_int, x: c_int, y: c_int, width: c_int) -> () => opaque::copy_texture_1d;
    fn glCopyTextureSubImage2D(texture: c_uint, level: c_int, to_x: c_int, to_y: c_int, x: c_int, y: c_int, width: c_int, height: c_int) -> () => opaque::copy_texture_2d;
    fn glCopyTextureSubImage3D(texture: c_uint, level: c_int, to_x: c_int, to_y: c_int, to_z: c_int, x: c_int, y: c_int, width: c_int, height: c_int) -> () => opaque::copy_texture_3d;
    fn glBlitFramebufferEXT(x0: c_int, y0: c_int, x1: c_int, y1: c_int, u0: c_int, v0: c_int, u1: c_int, v1: c_int, mask: GLbitfield, filter: GLenum) -> () => opaque::blit_ext;
    fn glBlitNamedFramebuffer(read: c_uint, draw: c_uint, x0: c_int, y0: c_int, x1: c_int, y1: c_int, u0: c_int, v0: c_int, u1: c_int, v1: c_int, mask: GLbitfield, filter: GLenum) -> () => opaque::blit_named;
}

/// The driver's glFinish.
pub fn finish_real() {
    if let Some(finish) = real::glFinish.get() {
        let _inside = crate::interpose::Inside::enter();
        // SAFETY: legal at any time with a context current.
        unsafe { finish() };
    }
}
