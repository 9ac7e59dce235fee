//! From a surface into a frame slot, in the calling thread: glReadPixels in the slot's own pixel format.

use glxrun_display::{Finish, Layout};

use super::pixels::Format;
use crate::gl::api::gl;
use crate::gl::features::Features;
use crate::gl::state::PackGuard;

/// Where a readback goes: `height` rows of `stride` bytes, top-down.
pub struct Target<'a> {
    /// At least `stride * height` bytes.
    pub pixels: &'a mut [u8],
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Bytes from one row to the next: the width's, rounded up to 4.
    pub stride: usize,
    /// How a pixel lies in memory.
    pub layout: Layout,
}

/// Reads `buffer` of the current read surface, which has the target's size.
pub fn read(features: &Features, buffer: u32, mut target: Target) {
    let finish = start(features, buffer, &mut target, false);
    finish.run(target.pixels, target.stride);
}

/// As [`read`], but leaves to the caller what needs no GL. With `reversed` red and blue are read the wrong way round, where
/// there are [two orders](has_two_orders).
pub fn start(features: &Features, buffer: u32, target: &mut Target, reversed: bool) -> Finish {
    let mut format = Format::of(&target.layout, features.read_bgra);
    if reversed {
        format = format.reversed().unwrap_or(format);
    }
    let _guard = PackGuard::new(features, buffer, features.pack_invert, format.swap_bytes);
    gl!(glReadPixels(
        0,
        0,
        target.width.into(),
        target.height.into(),
        format.format,
        format.kind,
        target.pixels.as_mut_ptr().cast()
    ));
    Finish { flip: !features.pack_invert, swap_red_blue: format.swap_red_blue }
}

/// Whether pixels of this layout can be read with red first and with blue first.
pub fn has_two_orders(features: &Features, layout: &Layout) -> bool {
    Format::of(layout, features.read_bgra).reversed().is_some()
}
