//! From a surface into a frame slot, in the calling thread: glReadPixels in the slot's own pixel format.

use glxrun_display::Layout;

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
pub fn read_from(features: &Features, source: Source, target: Target) {
    let Target { pixels, width, height, stride, layout } = target;
    let format = Format::of(&layout, features.read_bgra);
    if features.es && !format.is_bytes_with_alpha() {
        return read_converted(features, source, Target { pixels, width, height, stride, layout });
    }
    {
        let _guard = PackGuard::new(features, source, features.pack_invert.is_some(), format.swap_bytes);
        gl!(glReadPixels(
            0,
            0,
            width.into(),
            height.into(),
            format.format,
            format.kind,
            pixels.as_mut_ptr().cast()
        ));
    }
    if features.pack_invert.is_none() {
        flip(pixels, stride);
    }
    if format.swap_red_blue {
        for pixel in pixels.chunks_exact_mut(4) {
            pixel.swap(0, 2);
        }
    }
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

/// Turns an image upside down in place.
pub fn flip(pixels: &mut [u8], stride: usize) {
    let rows = pixels.len() / stride.max(1);
    let (upper, lower) = pixels.split_at_mut(rows / 2 * stride);
    let lower_rows = lower.rchunks_exact_mut(stride);
    for (upper, lower) in upper.chunks_exact_mut(stride).zip(lower_rows) {
        upper.swap_with_slice(lower);
    }
}

#[cfg(test)]
mod tests {
    use super::flip;

    #[test]
    fn rows_change_places() {
        let mut even = *b"aabbccdd";
        flip(&mut even, 2);
        assert_eq!(&even, b"ddccbbaa");
        let mut odd = *b"abc";
        flip(&mut odd, 1);
        assert_eq!(&odd, b"cba");
    }
}
