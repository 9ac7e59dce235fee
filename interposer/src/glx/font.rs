//! glXUseXFont: display lists of a server font's characters (GLX 1.4, 3.3.13).
//!
//! The font lives on the 2D side, so its bitmaps come from there, over our own connection.

use std::ffi::c_int;

use super::XID;
use super::current;
use super::error::{Code, minor};
use crate::gl::api::{self, gl};
use crate::gl::state::UnpackGuard;
use crate::interpose::Inside;
use crate::runtime::Runtime;

/// The core error BadFont.
const BAD_FONT: u8 = 7;

/// glXUseXFont.
pub unsafe fn use_x_font(font: XID, first: c_int, count: c_int, list: c_int) {
    let Some(current) = current::get() else { return };
    if count <= 0 || first < 0 {
        return;
    }
    // The font may not have reached the server yet.
    current.display.sync();
    let glyphs = match current.display.side.server.glyphs(font as u32, first as u32, count as u32) {
        Ok(glyphs) => glyphs,
        Err(error) => {
            log::debug!("no glyphs of font {font:#x}: {error}");
            current.display.raise(Code::X(BAD_FONT), font, minor::USE_X_FONT);
            return;
        }
    };
    // Mesa's client library, unlike others, puts glyphs one row higher; its programs look like that.
    let raise = Runtime::get().backend.is_some_and(|backend| backend.identity().vendor.contains("Mesa"));
    let lower = if raise { 1.0 } else { 0.0 };
    let _inside = Inside::enter();
    let _guard = UnpackGuard::new(current.context.features(), 1);
    for (list, glyph) in (list as u32..).zip(&glyphs) {
        gl!(glNewList(list, api::COMPILE));
        gl!(glBitmap(
            glyph.width.into(),
            glyph.height.into(),
            glyph.x_origin,
            glyph.y_origin - lower,
            glyph.advance,
            0.0,
            glyph.bitmap.as_ptr()
        ));
        gl!(glEndList());
    }
}
