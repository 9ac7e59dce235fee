//! From a surface into a frame slot, in the calling thread: glReadPixels in the slot's own pixel format.

use std::ffi::c_int;

use glxrun_display::{Finish, Layout, Rows, Slot};

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
    read_rows(&format, (0, target.height.into()), target.width, target.pixels.as_mut_ptr());
    Finish { flip: features.pack_invert.is_none(), swap_red_blue: format.swap_red_blue }
}

/// glReadPixels of `count` rows from `y` on, counted from below.
fn read_rows(format: &Format, (y, count): (c_int, c_int), width: u16, to: *mut u8) {
    gl!(glReadPixels(0, y, width.into(), count, format.format, format.kind, to.cast()));
}

/// Whether a slot's rows can be read in their order, with nothing left to do but to swap red and blue.
pub fn is_upright(features: &Features, layout: &Layout) -> bool {
    let format = Format::of(layout, features.read_bgra);
    features.pack_invert.is_some() && (!features.es || format.is_bytes_with_alpha())
}

/// Whether pixels can be read into rows of any stride, with nothing left to do.
pub fn is_plain(features: &Features, layout: &Layout) -> bool {
    let format = Format::of(layout, features.read_bgra);
    is_upright(features, layout) && features.pack_rows && layout.bits_per_pixel == 32 && !format.swap_red_blue
}

/// Reads into rows of a window's size and `layout`, where that [`is_plain`].
pub fn onto(features: &Features, source: Source, rows: &Rows, layout: &Layout) {
    let format = Format::of(layout, features.read_bgra);
    let mut guard = PackGuard::new(features, source, true, format.swap_bytes);
    guard.set_row_length((rows.stride() / 4) as c_int);
    read_rows(&format, (0, rows.count() as c_int), (rows.length() / 4) as u16, rows.start().as_ptr());
}

/// Reads into a slot in `bands` parts from the top down, where that [`is_upright`], and shows each when it is there.
pub fn in_bands(features: &Features, source: Source, slot: &mut Slot, reversed: bool, bands: u16) {
    let mut format = Format::of(&slot.layout(), features.read_bgra);
    if reversed {
        format = format.reversed().unwrap_or(format);
    }
    slot.finish_later(Finish { flip: false, swap_red_blue: format.swap_red_blue });
    let _guard = PackGuard::new(features, source, true, format.swap_bytes);
    let (width, height) = (slot.width(), slot.height());
    let each = height.div_ceil(bands.max(1)).max(1);
    let mut top = 0;
    while top < height {
        let count = each.min(height - top);
        let below = height - top - count;
        read_rows(&format, (below.into(), count.into()), width, slot.rows_mut(top, count).as_mut_ptr());
        top += count;
        slot.show_upper(top);
    }
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
