//! GLX_EXT_texture_from_pixmap: an X pixmap's picture in a texture.
//!
//! The pixmap is on the 2D side and the texture on the 3D side, so binding copies: what the X server has worked off by
//! then is in the texture, and nothing later is until the pixmap is bound again, which is what the extension
//! promises. Rows keep X's order, the top one at texture coordinate 0 (GLX_Y_INVERTED_EXT).

use std::ffi::{c_int, c_uint};
use std::sync::Arc;

use glxrun_display::{Image, Layout};
use x11_dl::xlib::Display;

use super::XID;
use super::config::{Config, pairs};
use super::current::{self, Current};
use super::display::AppDisplay;
use super::drawable::{Drawable, Kind};
use super::error::{Code, GlxError, core, minor};
use super::pixmap::PixmapTarget;
use crate::frame::front;
use crate::frame::pixels::Format;
use crate::gl::api::{self, get_integer, gl};
use crate::gl::features::Features;
use crate::gl::state::UnpackGuard;
use crate::interpose::Inside;
use crate::render::attributes as attr;

/// What a GLXPixmap was made to be bound as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texture {
    /// GLX_TEXTURE_FORMAT_EXT: none, RGB or RGBA.
    pub format: c_int,
    /// GLX_TEXTURE_TARGET_EXT: 2D or rectangle.
    pub target: c_int,
    /// GLX_MIPMAP_TEXTURE_EXT.
    pub mipmap: bool,
}

impl Texture {
    /// A pixmap that cannot be bound.
    pub const NONE: Self =
        Self { format: attr::TEXTURE_FORMAT_NONE, target: attr::TEXTURE_2D, mipmap: false };

    /// Reads glXCreatePixmap's attributes; the error where a config cannot do what they ask for.
    pub fn of(list: *const c_int, config: &Config) -> Result<Self, Code> {
        let mut texture = Self::NONE;
        for (attribute, value) in pairs(list) {
            match attribute {
                attr::TEXTURE_FORMAT => texture.format = value,
                attr::TEXTURE_TARGET => texture.target = value,
                attr::MIPMAP_TEXTURE => texture.mipmap = value != 0,
                _ => {}
            }
        }
        if !matches!(texture.target, attr::TEXTURE_2D | attr::TEXTURE_RECTANGLE) {
            return Err(Code::X(core::BAD_VALUE));
        }
        match texture.format {
            attr::TEXTURE_FORMAT_NONE | attr::TEXTURE_FORMAT_RGB => Ok(texture),
            attr::TEXTURE_FORMAT_RGBA if has_alpha(config) => Ok(texture),
            attr::TEXTURE_FORMAT_RGBA => Err(Code::X(core::BAD_MATCH)),
            _ => Err(Code::X(core::BAD_VALUE)),
        }
    }

    /// An attribute as glXQueryDrawable tells it.
    pub fn attribute(self, attribute: c_int) -> c_int {
        match attribute {
            attr::TEXTURE_FORMAT => self.format,
            attr::TEXTURE_TARGET => self.target,
            _ => self.mipmap.into(),
        }
    }

    fn gl_target(self) -> c_uint {
        if self.target == attr::TEXTURE_RECTANGLE { api::TEXTURE_RECTANGLE } else { api::TEXTURE_2D }
    }
}

/// Whether pixmaps of a config have alpha.
fn has_alpha(config: &Config) -> bool {
    config.depth == 32 && config.attributes.value(attr::ALPHA_SIZE) > 0
}

/// The attributes of a config that tell how its pixmaps can be bound; None for others.
pub fn attribute(config: &Config, has_pixmaps: bool, attribute: c_int) -> Option<c_int> {
    Some(match attribute {
        attr::BIND_TO_TEXTURE_RGB | attr::BIND_TO_MIPMAP_TEXTURE => has_pixmaps.into(),
        attr::BIND_TO_TEXTURE_RGBA => (has_pixmaps && has_alpha(config)).into(),
        attr::BIND_TO_TEXTURE_TARGETS if has_pixmaps => attr::TEXTURE_2D_BIT | attr::TEXTURE_RECTANGLE_BIT,
        attr::BIND_TO_TEXTURE_TARGETS => 0,
        attr::Y_INVERTED => 1,
        _ => return None,
    })
}

/// A call's GLXPixmap, if it is one that can be bound.
fn bindable(display: &AppDisplay, xid: XID, buffer: c_int) -> Result<Arc<Drawable>, Code> {
    let id = u32::try_from(xid).map_err(|_| Code::from(GlxError::BadPixmap))?;
    let found = display.side.drawables.read().get(&id).cloned();
    let drawable = found.ok_or(GlxError::BadPixmap)?;
    match &drawable.kind {
        Kind::Pixmap(target) if target.texture.format == attr::TEXTURE_FORMAT_NONE => {
            Err(Code::X(core::BAD_MATCH))
        }
        Kind::Pixmap(_) if buffer != attr::FRONT_LEFT => Err(Code::X(core::BAD_VALUE)),
        Kind::Pixmap(_) => Ok(drawable),
        _ => Err(GlxError::BadPixmap.into()),
    }
}

/// glXBindTexImageEXT.
pub unsafe fn bind(dpy: *mut Display, xid: XID, buffer: c_int, _attribs: *const c_int) {
    let Some(display) = AppDisplay::of(dpy) else { return };
    let fail = |code| display.raise(code, xid, minor::VENDOR_PRIVATE);
    let drawable = match bindable(&display, xid, buffer) {
        Ok(drawable) => drawable,
        Err(code) => return fail(code),
    };
    let Some(current) = current::get() else { return fail(GlxError::BadContext.into()) };
    if let Some(drawing) = current::draws_to(&drawable) {
        front::show(&drawing);
    }
    display.sync();
    if let Kind::Pixmap(target) = &drawable.kind {
        match target.image() {
            Ok(image) => upload(&current, target, image),
            Err(error) => log::debug!("cannot read pixmap {:#x}: {error}", target.pixmap),
        }
    }
}

/// glXReleaseTexImageEXT. The texture keeps the picture, which the extension leaves undefined.
pub unsafe fn release(dpy: *mut Display, xid: XID, buffer: c_int) {
    let Some(display) = AppDisplay::of(dpy) else { return };
    if let Err(code) = bindable(&display, xid, buffer) {
        display.raise(code, xid, minor::VENDOR_PRIVATE);
    }
}

/// Puts a pixmap's picture into the texture that the program has bound, with all other state as it was.
fn upload(current: &Current, pixmap: &PixmapTarget, mut image: Image) {
    let _inside = Inside::enter();
    let features = current.context.features();
    if features.pixel_transfer && get_integer(api::LIST_INDEX) != 0 {
        return log::debug!(
            "a pixmap is not bound while a display list is compiled: it would become part of it"
        );
    }
    let with_alpha = pixmap.texture.format == attr::TEXTURE_FORMAT_RGBA;
    let (internal, format) = if features.es {
        if pixmap.layout().bits_per_pixel != 32 {
            return log::debug!("OpenGL ES has no format for pixmaps of this depth");
        }
        to_rgba(&mut image, &pixmap.layout(), with_alpha);
        (
            api::RGBA,
            Format { format: api::RGBA, kind: api::UNSIGNED_BYTE, swap_bytes: false, swap_red_blue: false },
        )
    } else {
        (if with_alpha { api::RGBA8 } else { api::RGB8 }, Format::of(&pixmap.layout(), true))
    };
    let _guard = (!features.es).then(|| UnpackGuard::new(features, 4));
    if format.swap_bytes {
        gl!(glPixelStorei(api::UNPACK_SWAP_BYTES, 1));
    }
    let target = pixmap.texture.gl_target();
    let (width, height) = (c_int::from(image.width), c_int::from(image.height));
    let pixels = image.data.as_ptr().cast();
    if holds(features, target, [width, height, internal as c_int]) {
        gl!(glTexSubImage2D(target, 0, 0, 0, width, height, format.format, format.kind, pixels));
    } else {
        gl!(glTexImage2D(target, 0, internal as c_int, width, height, 0, format.format, format.kind, pixels));
    }
}

/// Whether the bound texture has a level 0 of this width, height and internal format, which then need not be made.
fn holds(features: &Features, target: c_uint, wanted: [c_int; 3]) -> bool {
    const TEXTURE_WIDTH: c_uint = 0x1000;
    const TEXTURE_HEIGHT: c_uint = 0x1001;
    const TEXTURE_INTERNAL_FORMAT: c_uint = 0x1003;
    let get = |name| {
        let mut value = 0;
        gl!(glGetTexLevelParameteriv(target, 0, name, &raw mut value));
        value
    };
    !features.es && [TEXTURE_WIDTH, TEXTURE_HEIGHT, TEXTURE_INTERNAL_FORMAT].map(get) == wanted
}

/// Puts 32-bit pixels into the byte order red, green, blue, alpha.
fn to_rgba(image: &mut Image, layout: &Layout, with_alpha: bool) {
    let channel = |value: u32, mask: u32| ((value & mask) >> mask.trailing_zeros().min(31)) as u8;
    for pixel in image.data.chunks_exact_mut(4) {
        let bytes = [pixel[0], pixel[1], pixel[2], pixel[3]];
        let value = if layout.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        let alpha = if with_alpha {
            channel(value, !(layout.red_mask | layout.green_mask | layout.blue_mask))
        } else {
            u8::MAX
        };
        pixel.copy_from_slice(&[
            channel(value, layout.red_mask),
            channel(value, layout.green_mask),
            channel(value, layout.blue_mask),
            alpha,
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_of_either_byte_order_become_rgba() {
        let layout = |big_endian| Layout {
            depth: 32,
            bits_per_pixel: 32,
            scanline_pad: 32,
            red_mask: 0xff_0000,
            green_mask: 0xff00,
            blue_mask: 0xff,
            big_endian,
        };
        for (big_endian, bytes) in [(false, [1, 2, 3, 4]), (true, [4, 3, 2, 1])] {
            let image = || Image { width: 1, height: 1, depth: 32, stride: 4, data: bytes.to_vec() };
            let mut seen = image();
            to_rgba(&mut seen, &layout(big_endian), true);
            assert_eq!(seen.data, [3, 2, 1, 4]);
            let mut seen = image();
            to_rgba(&mut seen, &layout(big_endian), false);
            assert_eq!(seen.data, [3, 2, 1, 255]);
        }
    }
}
