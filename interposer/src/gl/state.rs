//! The program's GL state around our own calls: saved, set to what we need, put back when the guard goes.
//!
//! No guard calls glGetError: an error that the program has not fetched yet must still be there afterwards.

use std::ffi::{c_float, c_int, c_uchar, c_uint};

use super::api::{self, get_float, get_integer, gl, is_enabled, set_enabled};
use super::features::Features;

/// What is set for a readback into client memory.
pub struct PackGuard {
    store: Vec<(c_uint, c_int)>,
    transfer: Vec<(c_uint, c_float)>,
    buffer: c_uint,
    framebuffer: c_uint,
    /// To put back, if it was another.
    read_buffer: Option<c_uint>,
}

/// Scale and bias of the fixed-function pixel path and their neutral values.
const TRANSFER: [(c_uint, c_float); 9] = [
    (api::MAP_COLOR, 0.0),
    (api::RED_SCALE, 1.0),
    (api::RED_BIAS, 0.0),
    (api::GREEN_SCALE, 1.0),
    (api::GREEN_BIAS, 0.0),
    (api::BLUE_SCALE, 1.0),
    (api::BLUE_BIAS, 0.0),
    (api::ALPHA_SCALE, 1.0),
    (api::ALPHA_BIAS, 0.0),
];

impl PackGuard {
    /// Prepares glReadPixels of `buffer` of the default framebuffer: rows padded to 4 bytes, in client memory,
    /// top-down where `invert` (which needs GL_MESA_pack_invert), bytes swapped where `swap`.
    pub fn new(features: &Features, buffer: c_uint, invert: bool, swap: bool) -> Self {
        let mut store = vec![(api::PACK_ALIGNMENT, 4)];
        if features.pack_rows() {
            store.extend([(api::PACK_ROW_LENGTH, 0), (api::PACK_SKIP_ROWS, 0), (api::PACK_SKIP_PIXELS, 0)]);
        }
        if !features.es {
            store.extend([(api::PACK_SWAP_BYTES, swap.into()), (api::PACK_LSB_FIRST, 0)]);
        }
        if features.pack_invert {
            store.push((api::PACK_INVERT_MESA, invert.into()));
        }
        let store = set_store(store);
        let transfer = if features.pixel_transfer { set_transfer() } else { Vec::new() };
        let buffer_binding = if features.pixel_buffers {
            let binding = get_integer(api::PIXEL_PACK_BUFFER_BINDING) as c_uint;
            if binding != 0 {
                gl!(glBindBuffer(api::PIXEL_PACK_BUFFER, 0));
            }
            binding
        } else {
            0
        };
        let framebuffer = bind_default(features, api::READ_FRAMEBUFFER, api::READ_FRAMEBUFFER_BINDING);
        let read_buffer = features.names_buffers().then(|| get_integer(api::READ_BUFFER) as c_uint);
        let read_buffer = read_buffer.filter(|&actual| actual != buffer);
        if read_buffer.is_some() {
            gl!(real glReadBuffer(buffer));
        }
        Self { store, transfer, buffer: buffer_binding, framebuffer, read_buffer }
    }
}

impl Drop for PackGuard {
    fn drop(&mut self) {
        if let Some(read_buffer) = self.read_buffer {
            gl!(real glReadBuffer(read_buffer));
        }
        if self.framebuffer != 0 {
            gl!(glBindFramebuffer(api::READ_FRAMEBUFFER, self.framebuffer));
        }
        if self.buffer != 0 {
            gl!(glBindBuffer(api::PIXEL_PACK_BUFFER, self.buffer));
        }
        for &(name, value) in &self.transfer {
            gl!(glPixelTransferf(name, value));
        }
        for &(name, value) in &self.store {
            gl!(glPixelStorei(name, value));
        }
    }
}

/// What is set for glBitmap or glDrawPixels from client memory with tightly packed rows.
pub struct UnpackGuard {
    store: Vec<(c_uint, c_int)>,
    buffer: c_uint,
}

impl UnpackGuard {
    /// Rows are padded to `alignment` bytes.
    pub fn new(features: &Features, alignment: c_int) -> Self {
        let store = set_store(vec![
            (api::UNPACK_ALIGNMENT, alignment),
            (api::UNPACK_ROW_LENGTH, 0),
            (api::UNPACK_SKIP_ROWS, 0),
            (api::UNPACK_SKIP_PIXELS, 0),
            (api::UNPACK_SWAP_BYTES, 0),
            (api::UNPACK_LSB_FIRST, 0),
        ]);
        let mut buffer = 0;
        if features.pixel_buffers {
            buffer = get_integer(api::PIXEL_UNPACK_BUFFER_BINDING) as c_uint;
            if buffer != 0 {
                gl!(glBindBuffer(api::PIXEL_UNPACK_BUFFER, 0));
            }
        }
        Self { store, buffer }
    }
}

impl Drop for UnpackGuard {
    fn drop(&mut self) {
        if self.buffer != 0 {
            gl!(glBindBuffer(api::PIXEL_UNPACK_BUFFER, self.buffer));
        }
        for &(name, value) in &self.store {
            gl!(glPixelStorei(name, value));
        }
    }
}

/// What is set for a blit between buffers of the default framebuffer. Blits heed the scissor and sRGB encoding.
pub struct BlitGuard<'a> {
    features: &'a Features,
    draw_framebuffer: c_uint,
    read_framebuffer: c_uint,
    draw_buffers: Vec<c_uint>,
    read_buffer: c_uint,
    scissor: bool,
    srgb: bool,
}

impl<'a> BlitGuard<'a> {
    /// Prepares blits; None where the context has none.
    pub fn new(features: &'a Features) -> Option<Self> {
        if !features.framebuffers || features.es {
            return None;
        }
        let draw_framebuffer = bind_default(features, api::DRAW_FRAMEBUFFER, api::DRAW_FRAMEBUFFER_BINDING);
        let read_framebuffer = bind_default(features, api::READ_FRAMEBUFFER, api::READ_FRAMEBUFFER_BINDING);
        let guard = Self {
            features,
            draw_framebuffer,
            read_framebuffer,
            draw_buffers: draw_buffers(features),
            read_buffer: get_integer(api::READ_BUFFER) as c_uint,
            scissor: is_enabled(api::SCISSOR_TEST),
            srgb: features.srgb_control && is_enabled(api::FRAMEBUFFER_SRGB),
        };
        if guard.scissor {
            set_scissor(features, false);
        }
        if guard.srgb {
            gl!(glDisable(api::FRAMEBUFFER_SRGB));
        }
        Some(guard)
    }

    /// Copies a rectangle (left, bottom, right, top) of the read drawable's `from` to the draw drawable's `to`.
    pub fn copy(&self, from: c_uint, source: [c_int; 4], to: c_uint, target: [c_int; 4]) {
        gl!(real glReadBuffer(from));
        gl!(real glDrawBuffer(to));
        let ([x0, y0, x1, y1], [u0, v0, u1, v1]) = (source, target);
        gl!(glBlitFramebuffer(x0, y0, x1, y1, u0, v0, u1, v1, api::COLOR_BUFFER_BIT, api::NEAREST));
    }
}

impl Drop for BlitGuard<'_> {
    fn drop(&mut self) {
        select_draw_buffers(&self.draw_buffers);
        gl!(real glReadBuffer(self.read_buffer));
        if self.draw_framebuffer != 0 {
            gl!(glBindFramebuffer(api::DRAW_FRAMEBUFFER, self.draw_framebuffer));
        }
        if self.read_framebuffer != 0 {
            gl!(glBindFramebuffer(api::READ_FRAMEBUFFER, self.read_framebuffer));
        }
        if self.scissor {
            set_scissor(self.features, true);
        }
        if self.srgb {
            set_enabled(api::FRAMEBUFFER_SRGB, true);
        }
    }
}

/// What is set to change nothing but the alpha of a buffer of the default framebuffer.
pub struct AlphaGuard<'a> {
    features: &'a Features,
    framebuffer: c_uint,
    draw_buffers: Vec<c_uint>,
    scissor: bool,
    discard: bool,
    mask: [c_uchar; 4],
    colour: [c_float; 4],
}

impl<'a> AlphaGuard<'a> {
    /// Prepares clears of the alpha of `buffer`.
    pub fn new(features: &'a Features, buffer: c_uint) -> Self {
        let mut guard = Self {
            features,
            framebuffer: bind_default(features, api::DRAW_FRAMEBUFFER, api::DRAW_FRAMEBUFFER_BINDING),
            draw_buffers: if features.es { Vec::new() } else { draw_buffers(features) },
            scissor: is_enabled(api::SCISSOR_TEST),
            discard: features.major >= 3 && is_enabled(api::RASTERIZER_DISCARD),
            mask: [0; 4],
            colour: [0.0; 4],
        };
        if !features.es {
            gl!(real glDrawBuffer(buffer));
        }
        gl!(real glGetFloatv(api::COLOR_CLEAR_VALUE, guard.colour.as_mut_ptr()));
        gl!(glClearColor(0.0, 0.0, 0.0, 1.0));
        if guard.has_masks() {
            gl!(glGetBooleani_v(api::COLOR_WRITEMASK, 0, guard.mask.as_mut_ptr()));
        } else {
            gl!(real glGetBooleanv(api::COLOR_WRITEMASK, guard.mask.as_mut_ptr()));
        }
        guard.set_mask([0, 0, 0, 1]);
        if guard.scissor {
            set_scissor(features, false);
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
            set_scissor(self.features, true);
        }
        if self.discard {
            set_enabled(api::RASTERIZER_DISCARD, true);
        }
        if !self.features.es {
            select_draw_buffers(&self.draw_buffers);
        }
        if self.framebuffer != 0 {
            gl!(glBindFramebuffer(api::DRAW_FRAMEBUFFER, self.framebuffer));
        }
    }
}

/// Turns the scissor test of blits and clears on or off: that of the first viewport, where there are several.
fn set_scissor(features: &Features, enabled: bool) {
    match (features.viewports, enabled) {
        (false, enabled) => set_enabled(api::SCISSOR_TEST, enabled),
        (true, true) => gl!(glEnablei(api::SCISSOR_TEST, 0)),
        (true, false) => gl!(glDisablei(api::SCISSOR_TEST, 0)),
    }
}

/// The buffers that are drawn to, as glDrawBuffers takes them.
fn draw_buffers(features: &Features) -> Vec<c_uint> {
    let count = if features.draw_buffers { get_integer(api::MAX_DRAW_BUFFERS).clamp(1, 16) } else { 1 };
    let mut draw_buffers: Vec<c_uint> = if count == 1 {
        vec![get_integer(api::DRAW_BUFFER) as c_uint]
    } else {
        (0..count as c_uint).map(|index| get_integer(api::DRAW_BUFFER0 + index) as c_uint).collect()
    };
    while draw_buffers.len() > 1 && draw_buffers.last() == Some(&api::NONE) {
        draw_buffers.pop();
    }
    draw_buffers
}

fn select_draw_buffers(buffers: &[c_uint]) {
    match buffers {
        [buffer] => gl!(real glDrawBuffer(*buffer)),
        buffers => gl!(real glDrawBuffers(buffers.len() as c_int, buffers.as_ptr())),
    }
}

/// Sets pixel store parameters; gives those that differed, with the values to put back.
fn set_store(wanted: Vec<(c_uint, c_int)>) -> Vec<(c_uint, c_int)> {
    let mut changed = wanted;
    changed.retain_mut(|(name, value)| {
        let actual = get_integer(*name);
        let differs = actual != *value;
        if differs {
            gl!(glPixelStorei(*name, *value));
            *value = actual;
        }
        differs
    });
    changed
}

fn set_transfer() -> Vec<(c_uint, c_float)> {
    let mut changed = Vec::new();
    for (name, neutral) in TRANSFER {
        let actual = get_float(name);
        if actual != neutral {
            gl!(glPixelTransferf(name, neutral));
            changed.push((name, actual));
        }
    }
    changed
}

/// Binds the default framebuffer; gives the binding to put back, 0 if it was bound.
fn bind_default(features: &Features, target: c_uint, binding: c_uint) -> c_uint {
    if !features.framebuffers {
        return 0;
    }
    let bound = get_integer(binding) as c_uint;
    if bound != 0 {
        gl!(glBindFramebuffer(target, 0));
    }
    bound
}
