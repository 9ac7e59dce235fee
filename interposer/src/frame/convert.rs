//! From RGBA bytes into other pixel layouts, where GL cannot: OpenGL ES reads only RGBA (and BGRA) bytes.

use glxrun_display::Layout;

/// Converts rows of RGBA bytes without padding into rows of `stride` bytes of a layout.
pub fn from_rgba(rgba: &[u8], width: u16, layout: &Layout, stride: usize, pixels: &mut [u8]) {
    let size = usize::from(layout.bits_per_pixel / 8).clamp(1, 4);
    let masks = [layout.red_mask, layout.green_mask, layout.blue_mask];
    let rows = rgba.chunks_exact((usize::from(width) * 4).max(1));
    for (source, target) in rows.zip(pixels.chunks_mut(stride.max(1))) {
        for (from, to) in source.chunks_exact(4).zip(target.chunks_exact_mut(size)) {
            let value =
                masks.iter().zip(from).fold(0, |value, (&mask, &channel)| value | place(channel, mask));
            if layout.big_endian {
                to.copy_from_slice(&value.to_be_bytes()[4 - size..]);
            } else {
                to.copy_from_slice(&value.to_le_bytes()[..size]);
            }
        }
    }
}

/// A channel of 8 bits where a mask has it, rounded as GL rounds.
fn place(channel: u8, mask: u32) -> u32 {
    if mask == 0 {
        return 0;
    }
    let most = u64::from(mask >> mask.trailing_zeros());
    let scaled = (u64::from(channel) * most + 127) / 255;
    (scaled as u32) << mask.trailing_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(bits_per_pixel: u8, masks: [u32; 3], big_endian: bool) -> Layout {
        let [red_mask, green_mask, blue_mask] = masks;
        Layout { depth: 16, bits_per_pixel, scanline_pad: 32, red_mask, green_mask, blue_mask, big_endian }
    }

    #[test]
    fn five_six_five() {
        let layout = layout(16, [0xf800, 0x07e0, 0x001f], false);
        let mut pixels = [9; 8];
        from_rgba(
            &[255, 0, 255, 0, 8, 130, 0, 255, 0, 0, 0, 0, 255, 255, 255, 0],
            2,
            &layout,
            4,
            &mut pixels,
        );
        assert_eq!(pixels, [0x1f, 0xf8, 0x00, 0x0c, 0, 0, 0xff, 0xff]);
    }

    #[test]
    fn three_bytes_and_both_byte_orders() {
        let masks = [0xff_0000, 0xff00, 0xff];
        let mut pixels = [0; 4];
        from_rgba(&[1, 2, 3, 4], 1, &layout(24, masks, false), 4, &mut pixels);
        assert_eq!(pixels, [3, 2, 1, 0]);
        from_rgba(&[1, 2, 3, 4], 1, &layout(32, masks, true), 4, &mut pixels);
        assert_eq!(pixels, [0, 1, 2, 3]);
    }
}
