//! Stereo windows: two pictures, one for each eye, become one frame as `--stereo` says.
//!
//! Colours are told apart by the masks of the window's pixels, so that no format needs a case of its own.

use glxrun_contract::settings::Stereo;
use glxrun_display::Layout;

use super::readback::Target;
use crate::gl::api;
use crate::runtime::settings;

/// Whether a frame is made of both eyes' pictures.
pub fn is_composed() -> bool {
    !matches!(settings().stereo, Stereo::Left | Stereo::Right)
}

/// The buffer whose picture is shown of those that `buffer` (GL_FRONT or GL_BACK) stands for: one eye's, or both.
pub fn shown(buffer: u32) -> u32 {
    match settings().stereo {
        Stereo::Left => eyes(buffer).0,
        Stereo::Right => eyes(buffer).1,
        _ => buffer,
    }
}

/// The left and the right eye's buffer.
fn eyes(buffer: u32) -> (u32, u32) {
    match buffer {
        api::FRONT => (api::FRONT_LEFT, api::FRONT_RIGHT),
        api::BACK => (api::BACK_LEFT, api::BACK_RIGHT),
        eye => (eye, eye),
    }
}

/// Makes a frame of both eyes' pictures, each of the target's size; `read` gets that of one buffer.
pub fn compose(buffer: u32, target: Target, mut read: impl FnMut(u32, Target)) {
    let Target { pixels, width, height, stride, layout } = target;
    let (left, right) = eyes(buffer);
    let mut other = vec![0; pixels.len()];
    read(left, Target { pixels: &mut *pixels, width, height, stride, layout });
    read(right, Target { pixels: &mut other, width, height, stride, layout });
    combine(settings().stereo, pixels, &other, (width, height, stride), &layout);
}

/// Combines the left eye's picture with the right eye's, in place; rows of `stride` bytes, top-down.
fn combine(
    mode: Stereo,
    left: &mut [u8],
    right: &[u8],
    (width, height, stride): (u16, u16, usize),
    layout: &Layout,
) {
    let size = usize::from(layout.bits_per_pixel / 8).clamp(1, 4);
    let (width, height) = (usize::from(width), usize::from(height));
    let pixel = |x: usize, y: usize| y * stride + x * size..y * stride + (x + 1) * size;
    // For anaglyphs: the colours that the right eye sees.
    let colours = match mode {
        Stereo::RedCyan => layout.green_mask | layout.blue_mask,
        Stereo::GreenMagenta => layout.red_mask | layout.blue_mask,
        Stereo::BlueYellow => layout.blue_mask,
        _ => 0,
    };
    let mask = bytes_of(colours, size, layout.big_endian);
    let source = left.to_vec();
    for y in 0..height {
        for x in 0..width {
            let place = pixel(x, y);
            let (from_right, from) = match mode {
                Stereo::Left => (false, place.clone()),
                Stereo::Right => (true, place.clone()),
                Stereo::RedCyan | Stereo::GreenMagenta | Stereo::BlueYellow => {
                    let bytes = left[place.clone()].iter_mut().zip(&right[place]).zip(mask);
                    for ((left, right), mask) in bytes {
                        *left = *left & !mask | right & mask;
                    }
                    continue;
                }
                Stereo::Interleaved => (y % 2 == 1, place.clone()),
                Stereo::Columns => (x % 2 == 1, place.clone()),
                Stereo::Checkerboard => ((x + y) % 2 == 1, place.clone()),
                Stereo::SideBySide => half(x, width, |x| pixel(x, y)),
                Stereo::TopBottom => half(y, height, |y| pixel(x, y)),
            };
            left[place].copy_from_slice(if from_right { &right[from] } else { &source[from] });
        }
    }
}

/// For a place along a side of two halves: whether it is in the second one, and where its pixel is in the whole picture.
fn half<T>(place: usize, length: usize, pixel: impl Fn(usize) -> T) -> (bool, T) {
    let middle = length.div_ceil(2);
    let second = place >= middle;
    let within = if second { place - middle } else { place };
    (second, pixel((within * 2).min(length - 1)))
}

/// A mask as it lies in memory.
fn bytes_of(mask: u32, size: usize, big_endian: bool) -> [u8; 4] {
    let mut bytes = [0; 4];
    if big_endian {
        bytes[..size].copy_from_slice(&mask.to_be_bytes()[4 - size..]);
    } else {
        bytes[..size].copy_from_slice(&mask.to_le_bytes()[..size]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(bits_per_pixel: u8, masks: [u32; 3], big_endian: bool) -> Layout {
        let [red_mask, green_mask, blue_mask] = masks;
        Layout { depth: 24, bits_per_pixel, scanline_pad: 32, red_mask, green_mask, blue_mask, big_endian }
    }

    const USUAL: [u32; 3] = [0xff_0000, 0xff00, 0xff];

    /// Of 4x4 pixels of one byte each: letters for the left eye, digits for the right one.
    fn pattern(mode: Stereo) -> String {
        let mut left = *b"abcdefghijklmnop";
        let right = *b"0123456789ABCDEF";
        combine(mode, &mut left, &right, (4, 4, 4), &layout(8, [0xff, 0, 0], false));
        String::from_utf8_lossy(&left).into_owned()
    }

    #[test]
    fn eyes_take_turns() {
        assert_eq!(pattern(Stereo::Left), "abcdefghijklmnop");
        assert_eq!(pattern(Stereo::Right), "0123456789ABCDEF");
        assert_eq!(pattern(Stereo::Interleaved), "abcd4567ijklCDEF");
        assert_eq!(pattern(Stereo::Columns), "a1c3e5g7i9kBmDoF");
        assert_eq!(pattern(Stereo::Checkerboard), "a1c34f6hi9kBCnEp");
    }

    #[test]
    fn halves_hold_every_second_pixel() {
        assert_eq!(pattern(Stereo::SideBySide), "ac02eg46ik8AmoCE");
        assert_eq!(pattern(Stereo::TopBottom), "abcdijkl012389AB");
    }

    #[test]
    fn anaglyphs_part_the_colours_in_both_byte_orders() {
        for (mode, expected) in [
            (Stereo::RedCyan, [0x11, 0xbb, 0xcc]),
            (Stereo::GreenMagenta, [0xaa, 0x22, 0xcc]),
            (Stereo::BlueYellow, [0x11, 0x22, 0xcc]),
        ] {
            let [red, green, blue] = expected;
            let mut left = [0x33, 0x22, 0x11, 7];
            combine(mode, &mut left, &[0xcc, 0xbb, 0xaa, 9], (1, 1, 4), &layout(32, USUAL, false));
            assert_eq!(left, [blue, green, red, 7], "{mode:?}");
            let mut left = [7, 0x11, 0x22, 0x33];
            combine(mode, &mut left, &[9, 0xaa, 0xbb, 0xcc], (1, 1, 4), &layout(32, USUAL, true));
            assert_eq!(left, [7, red, green, blue], "{mode:?}");
        }
    }
}
