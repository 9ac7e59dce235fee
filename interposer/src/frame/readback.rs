//! From a surface into a frame slot, in the calling thread: glReadPixels in the slot's own pixel format.

use glxrun_display::{Finish, Layout};

use super::convert;
use super::pixels::Format;
use crate::gl::api::gl;
use crate::gl::features::Features;
use crate::gl::state::{PackGuard, Source};

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
pub fn read(features: &Features, buffer: u32, target: Target) {
    read_from(features, Source::Default(buffer), target);
}

/// As [`read`], of whatever the current context can read.
pub fn read_from(features: &Features, source: Source, mut target: Target) {
    let finish = start(features, source, &mut target, false);
    finish.run(target.pixels, target.stride);
}

/// As [`read_from`], but leaves to the caller what needs no GL. With `reversed` red and blue are read the wrong way round,
/// where there are [two orders](has_two_orders).
pub fn start(features: &Features, source: Source, target: &mut Target, reversed: bool) -> Finish {
    let mut format = Format::of(&target.layout, features.read_bgra);
    if features.es && !format.is_bytes_with_alpha() {
        let Target { width, height, stride, layout, .. } = *target;
        read_converted(
            features,
            source,
            Target { pixels: &mut *target.pixels, width, height, stride, layout },
        );
        return Finish::default();
    }
    if reversed {
        format = format.reversed().unwrap_or(format);
    }
    let _guard = PackGuard::new(features, source, features.pack_invert.is_some(), format.swap_bytes);
    gl!(glReadPixels(
        0,
        0,
        target.width.into(),
        target.height.into(),
        format.format,
        format.kind,
        target.pixels.as_mut_ptr().cast()
    ));
    Finish { flip: features.pack_invert.is_none(), swap_red_blue: format.swap_red_blue }
}

/// Whether pixels of this layout can be read with red first and with blue first.
pub fn has_two_orders(features: &Features, layout: &Layout) -> bool {
    Format::of(layout, features.read_bgra).reversed().is_some()
}

/// Reads as RGBA bytes, and has the CPU make the layout of them.
fn read_converted(features: &Features, source: Source, target: Target) {
    let Target { pixels, width, height, stride, layout } = target;
    let mut rgba = vec![0; usize::from(width) * usize::from(height) * 4];
    // RGBA bytes in memory order.
    let bytes = Layout {
        depth: 32,
        bits_per_pixel: 32,
        red_mask: 0xff,
        green_mask: 0xff00,
        blue_mask: 0xff_0000,
        big_endian: cfg!(target_endian = "big"),
        ..layout
    };
    let whole = Target { pixels: &mut rgba, width, height, stride: usize::from(width) * 4, layout: bytes };
    read_from(features, source, whole);
    convert::from_rgba(&rgba, width, &layout, stride, pixels);
}
