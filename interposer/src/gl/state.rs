//! The program's GL state around our own calls: saved, set to what we need, put back when the guard goes.
//!
//! No guard calls glGetError: an error that the program has not fetched yet must still be there afterwards.

use std::ffi::{c_float, c_int, c_uint};

use super::api::{self, get_float, get_integer, gl, is_enabled, set_enabled};
use super::buffers::Borrowed;
use super::conditional::Unconditional;
use super::features::Features;

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A buffer of the default framebuffer.
    Default(c_uint),
    /// A framebuffer object's only colour attachment.
    Object(c_uint),
}

/// What is set for a readback into client memory.
pub struct PackGuard {
    store: Vec<(c_uint, c_int)>,
    transfer: Vec<(c_uint, c_float)>,
    _buffer: Option<PackBuffer>,
    /// The framebuffer to bind again, and to what.
    framebuffer: Option<c_uint>,
    target: c_uint,
    borrowed: Option<Borrowed>,
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
    /// Prepares glReadPixels of `source` into client memory: rows padded to 4 bytes, top-down where `invert` (which needs
    /// [`Features::pack_invert`]), bytes swapped where `swap`.
    pub fn new(features: &Features, source: Source, invert: bool, swap: bool) -> Self {
        Self::into_buffer(features, source, invert, swap, 0)
    }

    /// The same into the pixel buffer of that name; 0 is client memory.
    pub fn into_buffer(features: &Features, source: Source, invert: bool, swap: bool, name: c_uint) -> Self {
        let mut store = vec![(api::PACK_ALIGNMENT, 4)];
        if features.pack_rows {
            store.extend([(api::PACK_ROW_LENGTH, 0), (api::PACK_SKIP_ROWS, 0), (api::PACK_SKIP_PIXELS, 0)]);
        }
        if !features.es {
            store.extend([(api::PACK_SWAP_BYTES, swap.into()), (api::PACK_LSB_FIRST, 0)]);
        }
        if let Some(name) = features.pack_invert {
            store.push((name, invert.into()));
        }
        let store = set_store(store);
        let transfer = if features.pixel_transfer { set_transfer() } else { Vec::new() };
        let buffer_binding = features.pixel_buffers.then(|| PackBuffer::bind(name));
        let (framebuffer, buffer) = match source {
            // OpenGL ES knows the default framebuffer's only buffer as GL_BACK.
            Source::Default(_) if features.es => (0, Some(api::BACK)),
            Source::Default(buffer) => (0, Some(buffer)),
            Source::Object(framebuffer) => (framebuffer, None),
        };
        let framebuffer = bind(features, api::READ_FRAMEBUFFER, api::READ_FRAMEBUFFER_BINDING, framebuffer);
        let borrowed = buffer.filter(|_| features.names_buffers()).map(Borrowed::read);
        let target = if features.one_framebuffer { api::FRAMEBUFFER } else { api::READ_FRAMEBUFFER };
        Self { store, transfer, _buffer: buffer_binding, framebuffer, target, borrowed }
    }
}

impl PackGuard {
    /// Has rows be `length` pixels apart. Needs [`Features::pack_rows`].
    pub fn set_row_length(&mut self, length: c_int) {
        // The value to put back is noted already if it was not 0.
        if !self.store.iter().any(|(name, _)| *name == api::PACK_ROW_LENGTH) {
            self.store.push((api::PACK_ROW_LENGTH, 0));
        }
        gl!(glPixelStorei(api::PACK_ROW_LENGTH, length));
    }
}

impl Drop for PackGuard {
    fn drop(&mut self) {
        // While the default framebuffer is bound.
        self.borrowed = None;
        if let Some(framebuffer) = self.framebuffer {
            gl!(glBindFramebuffer(self.target, framebuffer));
        }
        for &(name, value) in &self.transfer {
            gl!(glPixelTransferf(name, value));
        }
        for &(name, value) in &self.store {
            gl!(glPixelStorei(name, value));
        }
    }
}

/// A pixel buffer bound to read into; what was bound is bound again when this goes.
pub struct PackBuffer(Option<c_uint>);

impl PackBuffer {
    /// Binds one; 0 binds none.
    pub fn bind(name: c_uint) -> Self {
        let bound = get_integer(api::PIXEL_PACK_BUFFER_BINDING) as c_uint;
        if bound == name {
            return Self(None);
        }
        gl!(glBindBuffer(api::PIXEL_PACK_BUFFER, name));
        Self(Some(bound))
    }
}

impl Drop for PackBuffer {
    fn drop(&mut self) {
        if let Some(bound) = self.0 {
            gl!(glBindBuffer(api::PIXEL_PACK_BUFFER, bound));
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

/// The default framebuffer bound for a blit, which heeds the scissor and sRGB encoding, and with NVIDIA's driver
/// GL_RASTERIZER_DISCARD too; these are off meanwhile.
pub struct DefaultFramebuffer {
    draw: c_uint,
    read: c_uint,
    scissor: bool,
    viewports: bool,
    srgb: bool,
    discard: bool,
    _unconditional: Unconditional,
}

impl DefaultFramebuffer {
    /// Prepares blits; None where the context has none.
    pub fn new(features: &Features) -> Option<Self> {
        if !features.framebuffers {
            return None;
        }
        let guard = Self {
            draw: bind_default(features, api::DRAW_FRAMEBUFFER, api::DRAW_FRAMEBUFFER_BINDING),
            read: bind_default(features, api::READ_FRAMEBUFFER, api::READ_FRAMEBUFFER_BINDING),
            scissor: is_enabled(api::SCISSOR_TEST),
            viewports: features.viewports,
            srgb: features.srgb_control && is_enabled(api::FRAMEBUFFER_SRGB),
            discard: discards(features),
            _unconditional: Unconditional::new(),
        };
        if guard.scissor {
            set_scissor(guard.viewports, false);
        }
        if guard.srgb {
            gl!(glDisable(api::FRAMEBUFFER_SRGB));
        }
        if guard.discard {
            gl!(glDisable(api::RASTERIZER_DISCARD));
        }
        Some(guard)
    }
}

impl Drop for DefaultFramebuffer {
    fn drop(&mut self) {
        if self.draw != 0 {
            gl!(glBindFramebuffer(api::DRAW_FRAMEBUFFER, self.draw));
        }
        if self.read != 0 {
            gl!(glBindFramebuffer(api::READ_FRAMEBUFFER, self.read));
        }
        if self.scissor {
            set_scissor(self.viewports, true);
        }
        if self.srgb {
            set_enabled(api::FRAMEBUFFER_SRGB, true);
        }
        if self.discard {
            set_enabled(api::RASTERIZER_DISCARD, true);
        }
    }
}

/// Whether GL_RASTERIZER_DISCARD is on.
fn discards(features: &Features) -> bool {
    features.major >= 3 && is_enabled(api::RASTERIZER_DISCARD)
}

/// What is set for a blit between buffers of the default framebuffer.
pub struct BlitGuard {
    // Put back in this order: buffers are selected in the framebuffer that is bound.
    borrowed: Borrowed,
    _framebuffer: DefaultFramebuffer,
}

impl BlitGuard {
    /// Prepares blits; None where the context has none.
    pub fn new(features: &Features) -> Option<Self> {
        let framebuffer = DefaultFramebuffer::new(features)?;
        if features.es && get_integer(api::SAMPLE_BUFFERS) != 0 {
            // OpenGL ES only blits to buffers without samples.
            return None;
        }
        Some(Self { borrowed: Borrowed::both(features), _framebuffer: framebuffer })
    }

    /// Copies a rectangle (left, bottom, right, top) of the read drawable's `from` to the draw drawable's `to`.
    pub fn copy(&self, from: c_uint, source: [c_int; 4], to: c_uint, target: [c_int; 4]) {
        self.borrowed.select(from, to);
        let ([x0, y0, x1, y1], [u0, v0, u1, v1]) = (source, target);
        gl!(glBlitFramebuffer(x0, y0, x1, y1, u0, v0, u1, v1, api::COLOR_BUFFER_BIT, api::NEAREST));
    }

    /// Copies rectangles of all `buffers` (GL_COLOR_BUFFER_BIT, ...) between equal places.
    pub fn copy_rectangles(&self, from: c_uint, to: c_uint, rectangles: &[[c_int; 4]], buffers: c_uint) {
        self.borrowed.select(from, to);
        for &[x0, y0, x1, y1] in rectangles {
            gl!(glBlitFramebuffer(x0, y0, x1, y1, x0, y0, x1, y1, buffers, api::NEAREST));
        }
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

/// Turns the scissor test of blits and clears on or off: that of the first viewport, where there are several.
pub fn set_scissor(viewports: bool, enabled: bool) {
    match (viewports, enabled) {
        (false, enabled) => set_enabled(api::SCISSOR_TEST, enabled),
        (true, true) => gl!(glEnablei(api::SCISSOR_TEST, 0)),
        (true, false) => gl!(glDisablei(api::SCISSOR_TEST, 0)),
    }
}

/// Binds the default framebuffer; gives the binding to put back, 0 if it was bound.
pub fn bind_default(features: &Features, target: c_uint, binding: c_uint) -> c_uint {
    bind(features, target, binding, 0).unwrap_or(0)
}

/// Binds a framebuffer; gives the binding to put back, None if it was bound.
fn bind(features: &Features, target: c_uint, binding: c_uint, framebuffer: c_uint) -> Option<c_uint> {
    let (target, binding) = match features.one_framebuffer {
        true => (api::FRAMEBUFFER, api::DRAW_FRAMEBUFFER_BINDING),
        false if features.framebuffers => (target, binding),
        false => return None,
    };
    let bound = get_integer(binding) as c_uint;
    if bound == framebuffer {
        return None;
    }
    gl!(glBindFramebuffer(target, framebuffer));
    Some(bound)
}

/// A framebuffer object with one renderbuffer of its own, to resolve the default framebuffer's samples into. It lives for
/// one frame, so that the program meets none of its names.
pub struct Resolved<'a> {
    features: &'a Features,
    /// The framebuffer object.
    pub framebuffer: c_uint,
    renderbuffer: c_uint,
}

impl<'a> Resolved<'a> {
    /// Resolves `buffer` of the default framebuffer. None where GL has no blits.
    pub fn new(features: &'a Features, buffer: c_uint, format: c_uint, size: (c_int, c_int)) -> Option<Self> {
        if !features.framebuffers {
            return None;
        }
        let mut resolved = Self { features, framebuffer: 0, renderbuffer: 0 };
        gl!(glGenFramebuffers(1, &raw mut resolved.framebuffer));
        gl!(glGenRenderbuffers(1, &raw mut resolved.renderbuffer));
        let renderbuffer = get_integer(api::RENDERBUFFER_BINDING) as c_uint;
        gl!(glBindRenderbuffer(api::RENDERBUFFER, resolved.renderbuffer));
        gl!(glRenderbufferStorage(api::RENDERBUFFER, format, size.0, size.1));
        gl!(glBindRenderbuffer(api::RENDERBUFFER, renderbuffer));
        resolved.blit(buffer, size);
        Some(resolved)
    }

    fn blit(&self, buffer: c_uint, (width, height): (c_int, c_int)) {
        let _unconditional = Unconditional::new();
        let draw = get_integer(api::DRAW_FRAMEBUFFER_BINDING) as c_uint;
        let read = bind(self.features, api::READ_FRAMEBUFFER, api::READ_FRAMEBUFFER_BINDING, 0);
        let read_buffer = get_integer(api::READ_BUFFER) as c_uint;
        let scissor = is_enabled(api::SCISSOR_TEST);
        let srgb = self.features.srgb_control && is_enabled(api::FRAMEBUFFER_SRGB);
        gl!(real glReadBuffer(buffer));
        gl!(glBindFramebuffer(api::DRAW_FRAMEBUFFER, self.framebuffer));
        gl!(glFramebufferRenderbuffer(
            api::DRAW_FRAMEBUFFER,
            api::COLOR_ATTACHMENT0,
            api::RENDERBUFFER,
            self.renderbuffer
        ));
        let on: Vec<c_uint> =
            [(api::FRAMEBUFFER_SRGB, srgb), (api::RASTERIZER_DISCARD, discards(self.features))]
                .into_iter()
                .filter_map(|(capability, enabled)| enabled.then_some(capability))
                .collect();
        on.iter().for_each(|capability| set_enabled(*capability, false));
        if scissor {
            set_scissor(self.features.viewports, false);
        }
        gl!(glBlitFramebuffer(0, 0, width, height, 0, 0, width, height, api::COLOR_BUFFER_BIT, api::NEAREST));
        on.iter().for_each(|capability| set_enabled(*capability, true));
        if scissor {
            set_scissor(self.features.viewports, true);
        }
        gl!(glBindFramebuffer(api::DRAW_FRAMEBUFFER, draw));
        gl!(real glReadBuffer(read_buffer));
        if let Some(read) = read {
            gl!(glBindFramebuffer(api::READ_FRAMEBUFFER, read));
        }
    }
}

impl Drop for Resolved<'_> {
    fn drop(&mut self) {
        gl!(glDeleteFramebuffers(1, &raw const self.framebuffer));
        gl!(glDeleteRenderbuffers(1, &raw const self.renderbuffer));
    }
}
