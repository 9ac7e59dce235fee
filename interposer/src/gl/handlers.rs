//! What the hooked GL calls mean. Each does the driver's call with the program's own arguments; what is ours comes
//! before or after it, and only if a context of ours is current in the thread.

use std::ffi::{c_float, c_int, c_uint};

use super::api::{self, get_integer, gl};
use crate::egl;
use crate::frame::front;
use crate::glx::current::{self, Current};
use crate::interpose::Inside;

/// What was drawn to a buffer that is seen at once is shown. A thread has a context of GLX current, or of EGL, or none.
fn flushed() {
    if let Some(current) = current::get() {
        front::show(&current);
    } else if let Some(current) = egl::current::get() {
        current.show();
    }
}

pub unsafe fn flush() {
    gl!(real glFlush());
    flushed();
}

pub unsafe fn finish() {
    gl!(real glFinish());
    flushed();
}

fn resized(width: c_int, height: c_int) {
    if let Some(current) = current::get() {
        current.viewport_is((width, height));
    } else if let Some(current) = egl::current::get() {
        current.viewport_is((width, height));
    }
}

pub unsafe fn viewport(x: c_int, y: c_int, width: c_int, height: c_int) {
    resized(width, height);
    gl!(real glViewport(x, y, width, height));
}

pub unsafe fn viewport_indexed(index: c_uint, x: c_float, y: c_float, width: c_float, height: c_float) {
    resized(width as c_int, height as c_int);
    gl!(real glViewportIndexedf(index, x, y, width, height));
}

pub unsafe fn viewport_indexed_v(index: c_uint, values: *const c_float) {
    if !values.is_null() {
        // SAFETY: four floats, says GL.
        let (width, height) = unsafe { (*values.add(2), *values.add(3)) };
        resized(width as c_int, height as c_int);
    }
    gl!(real glViewportIndexedfv(index, values));
}

pub unsafe fn viewport_array(first: c_uint, count: c_int, values: *const c_float) {
    if !values.is_null() && count > 0 {
        // SAFETY: four floats a viewport, says GL.
        let (width, height) = unsafe { (*values.add(2), *values.add(3)) };
        resized(width as c_int, height as c_int);
    }
    gl!(real glViewportArrayv(first, count, values));
}

fn names_front(buffer: c_uint) -> bool {
    matches!(
        buffer,
        api::FRONT_LEFT | api::FRONT_RIGHT | api::FRONT | api::LEFT | api::RIGHT | api::FRONT_AND_BACK
    )
}

/// The buffers of a glDrawBuffers call.
///
/// # Safety
/// `buffers` points to `count` values, or is null.
unsafe fn any_front(count: c_int, buffers: *const c_uint) -> bool {
    if buffers.is_null() || count <= 0 {
        return false;
    }
    // SAFETY: the caller's contract.
    unsafe { std::slice::from_raw_parts(buffers, count as usize) }.iter().any(|&buffer| names_front(buffer))
}

/// The program is about to draw to the front buffer of the default framebuffer.
fn draws_to_front() {
    front::note_use();
    if let Some(current) = current::get() {
        front::restore(&current);
        current::mark_front(&current);
    }
}

fn is_bound(current: &Current, binding: c_uint) -> bool {
    let _inside = Inside::enter();
    !current.context.features().framebuffers || get_integer(binding) == 0
}

/// Whether the default framebuffer is what glDrawBuffer is about.
fn default_is_drawn() -> bool {
    current::get().is_some_and(|current| is_bound(&current, api::DRAW_FRAMEBUFFER_BINDING))
}

pub unsafe fn draw_buffer(buffer: c_uint) {
    if names_front(buffer) && default_is_drawn() {
        draws_to_front();
    }
    gl!(real glDrawBuffer(buffer));
}

pub unsafe fn draw_buffers(count: c_int, buffers: *const c_uint) {
    // SAFETY: GL's contract for the arguments.
    if unsafe { any_front(count, buffers) } && default_is_drawn() {
        draws_to_front();
    }
    gl!(real glDrawBuffers(count, buffers));
}

pub unsafe fn draw_buffers_arb(count: c_int, buffers: *const c_uint) {
    // SAFETY: GL's contract for the arguments.
    if unsafe { any_front(count, buffers) } && default_is_drawn() {
        draws_to_front();
    }
    gl!(real glDrawBuffersARB(count, buffers));
}

pub unsafe fn draw_buffers_ati(count: c_int, buffers: *const c_uint) {
    // SAFETY: GL's contract for the arguments.
    if unsafe { any_front(count, buffers) } && default_is_drawn() {
        draws_to_front();
    }
    gl!(real glDrawBuffersATI(count, buffers));
}

pub unsafe fn named_draw_buffer(framebuffer: c_uint, buffer: c_uint) {
    if framebuffer == 0 && names_front(buffer) {
        draws_to_front();
    }
    gl!(real glNamedFramebufferDrawBuffer(framebuffer, buffer));
}

pub unsafe fn named_draw_buffers(framebuffer: c_uint, count: c_int, buffers: *const c_uint) {
    // SAFETY: GL's contract for the arguments.
    if framebuffer == 0 && unsafe { any_front(count, buffers) } {
        draws_to_front();
    }
    gl!(real glNamedFramebufferDrawBuffers(framebuffer, count, buffers));
}

pub unsafe fn ext_draw_buffer(framebuffer: c_uint, buffer: c_uint) {
    if framebuffer == 0 && names_front(buffer) {
        draws_to_front();
    }
    gl!(real glFramebufferDrawBufferEXT(framebuffer, buffer));
}

pub unsafe fn ext_draw_buffers(framebuffer: c_uint, count: c_int, buffers: *const c_uint) {
    // SAFETY: GL's contract for the arguments.
    if framebuffer == 0 && unsafe { any_front(count, buffers) } {
        draws_to_front();
    }
    gl!(real glFramebufferDrawBuffersEXT(framebuffer, count, buffers));
}

/// The program is about to read the front buffer: it must hold the last frame.
fn reads_front() {
    if let Some(current) = current::get() {
        front::restore(&current);
    }
}

pub unsafe fn read_buffer(buffer: c_uint) {
    if names_front(buffer)
        && current::get().is_some_and(|current| is_bound(&current, api::READ_FRAMEBUFFER_BINDING))
    {
        reads_front();
    }
    gl!(real glReadBuffer(buffer));
}

pub unsafe fn named_read_buffer(framebuffer: c_uint, buffer: c_uint) {
    if framebuffer == 0 && names_front(buffer) {
        reads_front();
    }
    gl!(real glNamedFramebufferReadBuffer(framebuffer, buffer));
}

pub unsafe fn ext_read_buffer(framebuffer: c_uint, buffer: c_uint) {
    if framebuffer == 0 && names_front(buffer) {
        reads_front();
    }
    gl!(real glFramebufferReadBufferEXT(framebuffer, buffer));
}
