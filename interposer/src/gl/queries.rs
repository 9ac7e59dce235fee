//! What a program asks about the buffers of the default framebuffer, and calls that read or keep what it has selected
//! there. Where the driver's framebuffer has these buffers itself, everything goes to the driver.

use std::ffi::{c_double, c_float, c_int, c_uchar, c_uint, c_void};

use super::api::{self, gl};
use super::handlers::default_is_bound;
use super::{buffers, lists, opaque};
use crate::render::{Buffers, Moment};

/// The answer about a default framebuffer, of which `binding` tells whether it is bound.
fn about<T>(binding: c_uint, answer: impl FnOnce(&dyn Buffers) -> T) -> Option<T> {
    let buffers = buffers::emulated()?;
    default_is_bound(binding).then(|| answer(buffers))
}

/// The value of a state variable that is not the driver's to know.
fn state(name: c_uint) -> Option<c_uint> {
    match name {
        api::ALPHA_BITS => opaque::is_hidden(api::DRAW_FRAMEBUFFER_BINDING).then_some(0),
        api::DRAW_BUFFER => drawn(0),
        api::READ_BUFFER => about(api::READ_FRAMEBUFFER_BINDING, |buffers| buffers.read()),
        api::STEREO => about(api::DRAW_FRAMEBUFFER_BINDING, |buffers| buffers.is_stereo().into()),
        api::DOUBLEBUFFER => about(api::DRAW_FRAMEBUFFER_BINDING, |buffers| buffers.is_double().into()),
        _ => drawn(name.checked_sub(api::DRAW_BUFFER0).filter(|index| *index < 16)?),
    }
}

fn drawn(index: c_uint) -> Option<c_uint> {
    about(api::DRAW_FRAMEBUFFER_BINDING, |buffers| {
        buffers.drawn().get(index as usize).copied().unwrap_or(api::NONE)
    })
}

/// Writes an answer where the program wants it.
///
/// # Safety
/// `place` may be written, or is null.
unsafe fn write<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: the caller's contract.
        unsafe { place.write(value) };
    }
}

pub unsafe fn get_integer(name: c_uint, values: *mut c_int) {
    match state(name) {
        // SAFETY: GL's contract for the arguments.
        Some(value) => unsafe { write(values, value as c_int) },
        None => gl!(real glGetIntegerv(name, values)),
    }
}

pub unsafe fn get_integer64(name: c_uint, values: *mut i64) {
    match state(name) {
        // SAFETY: GL's contract for the arguments.
        Some(value) => unsafe { write(values, value.into()) },
        None => gl!(real glGetInteger64v(name, values)),
    }
}

pub unsafe fn get_boolean(name: c_uint, values: *mut c_uchar) {
    match state(name) {
        // SAFETY: GL's contract for the arguments.
        Some(value) => unsafe { write(values, (value != 0).into()) },
        None => gl!(real glGetBooleanv(name, values)),
    }
}

pub unsafe fn get_float(name: c_uint, values: *mut c_float) {
    match state(name) {
        // SAFETY: GL's contract for the arguments.
        Some(value) => unsafe { write(values, value as c_float) },
        None => gl!(real glGetFloatv(name, values)),
    }
}

pub unsafe fn get_double(name: c_uint, values: *mut c_double) {
    match state(name) {
        // SAFETY: GL's contract for the arguments.
        Some(value) => unsafe { write(values, value.into()) },
        None => gl!(real glGetDoublev(name, values)),
    }
}

/// What binds the framebuffer of a target.
fn binding(target: c_uint) -> c_uint {
    if target == api::READ_FRAMEBUFFER {
        api::READ_FRAMEBUFFER_BINDING
    } else {
        api::DRAW_FRAMEBUFFER_BINDING
    }
}

/// A parameter of the default framebuffer that is not the driver's to know.
fn parameter(buffers: &dyn Buffers, name: c_uint) -> Option<c_int> {
    match name {
        api::DOUBLEBUFFER => Some(buffers.is_double().into()),
        api::STEREO => Some(buffers.is_stereo().into()),
        _ => None,
    }
}

pub unsafe fn framebuffer_parameter(target: c_uint, name: c_uint, values: *mut c_int) {
    match about(binding(target), |buffers| parameter(buffers, name)).flatten() {
        // SAFETY: GL's contract for the arguments.
        Some(value) => unsafe { write(values, value) },
        None => gl!(real glGetFramebufferParameteriv(target, name, values)),
    }
}

pub unsafe fn named_framebuffer_parameter(framebuffer: c_uint, name: c_uint, values: *mut c_int) {
    let ours = buffers::emulated().filter(|_| framebuffer == 0);
    match ours.and_then(|buffers| parameter(buffers, name)) {
        // SAFETY: GL's contract for the arguments.
        Some(value) => unsafe { write(values, value) },
        None => gl!(real glGetNamedFramebufferParameteriv(framebuffer, name, values)),
    }
}

/// An attachment of the default framebuffer, as the driver knows it: all buffers are alike.
fn attachment(buffers: &dyn Buffers, name: c_uint) -> c_uint {
    match name {
        api::FRONT | api::FRONT_LEFT | api::BACK => api::BACK_LEFT,
        api::FRONT_RIGHT | api::BACK_RIGHT if buffers.is_stereo() => api::BACK_LEFT,
        other => other,
    }
}

pub unsafe fn attachment_parameter(target: c_uint, name: c_uint, parameter: c_uint, values: *mut c_int) {
    let name = about(binding(target), |buffers| attachment(buffers, name)).unwrap_or(name);
    gl!(real glGetFramebufferAttachmentParameteriv(target, name, parameter, values));
    if parameter == api::FRAMEBUFFER_ATTACHMENT_ALPHA_SIZE && opaque::is_hidden(binding(target)) {
        // SAFETY: GL's contract for the arguments.
        unsafe { write(values, 0) };
    }
}

pub unsafe fn named_attachment_parameter(
    framebuffer: c_uint,
    name: c_uint,
    parameter: c_uint,
    values: *mut c_int,
) {
    let ours = buffers::emulated().filter(|_| framebuffer == 0);
    let name = ours.map_or(name, |buffers| attachment(buffers, name));
    gl!(real glGetNamedFramebufferAttachmentParameteriv(framebuffer, name, parameter, values));
    let alpha = parameter == api::FRAMEBUFFER_ATTACHMENT_ALPHA_SIZE;
    if framebuffer == 0 && alpha && opaque::is_hidden_in_default() {
        // SAFETY: GL's contract for the arguments.
        unsafe { write(values, 0) };
    }
}

/// What glPushAttrib saves besides the driver's own state.
pub fn save_selection(mask: c_uint) {
    if let Some(buffers) = buffers::emulated() {
        buffers.push(mask);
    }
}

/// What glPopAttrib puts back besides the driver's own state.
pub fn restore_selection() {
    if let Some(buffers) = buffers::emulated() {
        buffers.pop();
    }
}

pub unsafe fn push_attrib(mask: c_uint) {
    if lists::is_compiling() {
        lists::push(mask);
    } else {
        save_selection(mask);
    }
    gl!(real glPushAttrib(mask));
}

pub unsafe fn pop_attrib() {
    gl!(real glPopAttrib());
    if lists::is_compiling() {
        lists::pop();
    } else {
        restore_selection();
    }
}

fn before_read() {
    buffers::exchange(Moment::Draw);
    if let Some(buffers) = buffers::emulated() {
        buffers.before_read();
    }
}

pub unsafe fn read_pixels(
    x: c_int,
    y: c_int,
    width: c_int,
    height: c_int,
    format: c_uint,
    kind: c_uint,
    pixels: *mut c_void,
) {
    before_read();
    opaque::settle_for(format);
    gl!(real glReadPixels(x, y, width, height, format, kind, pixels));
}

#[allow(clippy::too_many_arguments, reason = "glBlitFramebuffer has as many")]
pub unsafe fn blit_framebuffer(
    x0: c_int,
    y0: c_int,
    x1: c_int,
    y1: c_int,
    u0: c_int,
    v0: c_int,
    u1: c_int,
    v1: c_int,
    mask: c_uint,
    filter: c_uint,
) {
    before_read();
    if mask & api::COLOR_BUFFER_BIT != 0 {
        opaque::settle();
    }
    gl!(real glBlitFramebuffer(x0, y0, x1, y1, u0, v0, u1, v1, mask, filter));
}
