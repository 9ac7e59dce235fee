//! What the hooked GL calls mean. Each does the driver's call with the program's own arguments; what is ours comes
//! before or after it, and only if a context of ours is current in the thread.

use std::ffi::{c_float, c_int, c_uint};

use super::api::{self, gl};
use super::{buffers, lists};
use crate::egl;
use crate::frame::front;
use crate::glx::current;
use crate::render::Moment;

/// What was drawn to a buffer that is seen at once is shown. A thread has a context of GLX current, or of EGL, or none.
fn flushed() {
    buffers::exchange(Moment::Flush);
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

pub unsafe fn clear(mask: c_uint) {
    buffers::exchange(Moment::Draw);
    if mask & api::COLOR_BUFFER_BIT != 0
        && let Some(buffers) = buffers::emulated()
        && !lists::is_compiling()
    {
        buffers.clear_others(&|| gl!(real glClear(api::COLOR_BUFFER_BIT)));
    }
    gl!(real glClear(mask));
}

fn resized(width: c_int, height: c_int) {
    buffers::exchange(Moment::Draw);
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

/// Whether a default framebuffer of ours is what `binding` tells of.
pub fn default_is_bound(binding: c_uint) -> bool {
    match current::get() {
        Some(current) => current.context.features().default_is_bound(binding),
        None => egl::current::get().is_some_and(|current| current.features().default_is_bound(binding)),
    }
}

/// Whether the default framebuffer is what glDrawBuffer is about.
fn default_is_drawn() -> bool {
    default_is_bound(api::DRAW_FRAMEBUFFER_BINDING)
}

/// Whether the default framebuffer is what glReadBuffer is about.
fn default_is_read() -> bool {
    default_is_bound(api::READ_FRAMEBUFFER_BINDING)
}

/// glDrawBuffer of whatever is bound: the name to pass to the driver.
fn drawn(buffer: c_uint) -> c_uint {
    let ours = names_front(buffer) || buffers::emulated().is_some();
    if ours && default_is_drawn() { default_drawn(buffer) } else { buffer }
}

/// glDrawBuffer of the default framebuffer: the name to pass to the driver.
fn default_drawn(buffer: c_uint) -> c_uint {
    if names_front(buffer) {
        draws_to_front();
    }
    buffers::select_draw(&[buffer], false).first().copied().unwrap_or(buffer)
}

/// glDrawBuffers of the default framebuffer: the names to pass to the driver.
///
/// # Safety
/// `buffers` points to `count` values, at least one.
unsafe fn default_drawn_list(count: c_int, buffers: *const c_uint) -> Vec<c_uint> {
    // SAFETY: the caller's contract.
    let names = unsafe { std::slice::from_raw_parts(buffers, count as usize) };
    if names.iter().any(|&name| names_front(name)) {
        draws_to_front();
    }
    buffers::select_draw(names, true)
}

fn has_values(count: c_int, buffers: *const c_uint) -> bool {
    !buffers.is_null() && count > 0
}

/// As [`default_drawn_list`], for whatever is bound; None where the program's own list is right.
///
/// # Safety
/// `buffers` points to `count` values, or is null.
unsafe fn drawn_list(count: c_int, buffers: *const c_uint) -> Option<Vec<c_uint>> {
    // SAFETY: the caller's contract.
    let ours = unsafe { any_front(count, buffers) } || buffers::emulated().is_some();
    // SAFETY: as above.
    (ours && has_values(count, buffers) && default_is_drawn())
        .then(|| unsafe { default_drawn_list(count, buffers) })
}

pub unsafe fn draw_buffer(buffer: c_uint) {
    if lists::take(lists::Step::Draw(buffer)) {
        return;
    }
    let buffer = drawn(buffer);
    gl!(real glDrawBuffer(buffer));
}

pub unsafe fn draw_buffers(count: c_int, buffers: *const c_uint) {
    if lists::is_compiling() && has_values(count, buffers) {
        // SAFETY: GL's contract for the arguments.
        let names = unsafe { std::slice::from_raw_parts(buffers, count as usize) };
        lists::take(lists::Step::DrawList(names.to_vec()));
        return;
    }
    // SAFETY: GL's contract for the arguments.
    let list = unsafe { drawn_list(count, buffers) };
    gl!(real glDrawBuffers(count, list.as_ref().map_or(buffers, |list| list.as_ptr())));
}

pub unsafe fn draw_buffers_arb(count: c_int, buffers: *const c_uint) {
    // SAFETY: GL's contract for the arguments.
    let list = unsafe { drawn_list(count, buffers) };
    gl!(real glDrawBuffersARB(count, list.as_ref().map_or(buffers, |list| list.as_ptr())));
}

pub unsafe fn draw_buffers_ati(count: c_int, buffers: *const c_uint) {
    // SAFETY: GL's contract for the arguments.
    let list = unsafe { drawn_list(count, buffers) };
    gl!(real glDrawBuffersATI(count, list.as_ref().map_or(buffers, |list| list.as_ptr())));
}

pub unsafe fn named_draw_buffer(framebuffer: c_uint, buffer: c_uint) {
    let buffer = if framebuffer == 0 { default_drawn(buffer) } else { buffer };
    gl!(real glNamedFramebufferDrawBuffer(framebuffer, buffer));
}

pub unsafe fn ext_draw_buffer(framebuffer: c_uint, buffer: c_uint) {
    let buffer = if framebuffer == 0 { default_drawn(buffer) } else { buffer };
    gl!(real glFramebufferDrawBufferEXT(framebuffer, buffer));
}

pub unsafe fn named_draw_buffers(framebuffer: c_uint, count: c_int, buffers: *const c_uint) {
    // SAFETY: GL's contract for the arguments.
    let list = (framebuffer == 0 && has_values(count, buffers))
        .then(|| unsafe { default_drawn_list(count, buffers) });
    let buffers = list.as_ref().map_or(buffers, |list| list.as_ptr());
    gl!(real glNamedFramebufferDrawBuffers(framebuffer, count, buffers));
}

pub unsafe fn ext_draw_buffers(framebuffer: c_uint, count: c_int, buffers: *const c_uint) {
    // SAFETY: GL's contract for the arguments.
    let list = (framebuffer == 0 && has_values(count, buffers))
        .then(|| unsafe { default_drawn_list(count, buffers) });
    let buffers = list.as_ref().map_or(buffers, |list| list.as_ptr());
    gl!(real glFramebufferDrawBuffersEXT(framebuffer, count, buffers));
}

/// glReadBuffer of the default framebuffer: the name to pass to the driver.
fn default_read(buffer: c_uint) -> c_uint {
    // A front buffer that is read must hold the last frame.
    if names_front(buffer)
        && let Some(current) = current::get()
    {
        front::restore(&current);
    }
    buffers::select_read(buffer)
}

pub unsafe fn read_buffer(buffer: c_uint) {
    if lists::take(lists::Step::Read(buffer)) {
        return;
    }
    let ours = names_front(buffer) || buffers::emulated().is_some();
    let buffer = if ours && default_is_read() { default_read(buffer) } else { buffer };
    gl!(real glReadBuffer(buffer));
}

pub unsafe fn named_read_buffer(framebuffer: c_uint, buffer: c_uint) {
    let buffer = if framebuffer == 0 { default_read(buffer) } else { buffer };
    gl!(real glNamedFramebufferReadBuffer(framebuffer, buffer));
}

pub unsafe fn ext_read_buffer(framebuffer: c_uint, buffer: c_uint) {
    let buffer = if framebuffer == 0 { default_read(buffer) } else { buffer };
    gl!(real glFramebufferReadBufferEXT(framebuffer, buffer));
}
