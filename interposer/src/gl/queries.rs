//! What a program asks about the buffers of the default framebuffer, and calls that read or keep what it has selected
//! there. Where the driver's framebuffer has these buffers itself, everything goes to the driver.

use std::ffi::{c_double, c_float, c_int, c_uchar, c_uint, c_void};

use super::api::{self, gl};
use super::handlers::default_is_bound;
use super::{buffers, lists, opaque};
use crate::render::{Buffers, Moment};

/// The answer about a default framebuffer, of which `binding` tells whether it is bound.
fn about(binding: c_uint, answer: impl FnOnce(&dyn Buffers) -> c_uint) -> Option<c_uint> {
    let buffers = buffers::emulated()?;
    default_is_bound(binding).then(|| answer(buffers))
}

/// The value of a state variable that is not the driver's to know.
fn state(name: c_uint) -> Option<c_uint> {
    match name {
        api::ALPHA_BITS => opaque::is_hidden(api::DRAW_FRAMEBUFFER_BINDING).then_some(0),
        api::DRAW_BUFFER => drawn(0),
        api::READ_BUFFER => about(api::READ_FRAMEBUFFER_BINDING, |buffers| buffers.read()),
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

pub unsafe fn framebuffer_parameter(target: c_uint, name: c_uint, values: *mut c_int) {
    let ours =
        (name == api::DOUBLEBUFFER).then(|| about(binding(target), |buffers| buffers.is_double().into()));
    match ours.flatten() {
        // SAFETY: GL's contract for the arguments.
        Some(value) => unsafe { write(values, value as c_int) },
        None => gl!(real glGetFramebufferParameteriv(target, name, values)),
    }
}

pub unsafe fn named_framebuffer_parameter(framebuffer: c_uint, name: c_uint, values: *mut c_int) {
    match buffers::emulated() {
        Some(buffers) if framebuffer == 0 && name == api::DOUBLEBUFFER => {
            // SAFETY: GL's contract for the arguments.
            unsafe { write(values, buffers.is_double().into()) };
        }
        _ => gl!(real glGetNamedFramebufferParameteriv(framebuffer, name, values)),
    }
}

/// An attachment of the default framebuffer, as the driver knows it: both halves are alike.
fn attachment(name: c_uint) -> c_uint {
    match name {
        api::FRONT | api::FRONT_LEFT | api::BACK => api::BACK_LEFT,
        other => other,
    }
}

pub unsafe fn attachment_parameter(target: c_uint, name: c_uint, parameter: c_uint, values: *mut c_int) {
    let name = about(binding(target), |_| attachment(name)).unwrap_or(name);
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
    let ours = framebuffer == 0 && buffers::emulated().is_some();
    let name = if ours { attachment(name) } else { name };
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
