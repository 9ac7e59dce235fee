//! Gamma correction: the colours of a frame brightened or darkened on its way to the screen.

use crate::screen::Layout;

/// What becomes of each colour of the pixels of a layout.
#[derive(Debug)]
pub(crate) struct Curves {
    channels: [Channel; 3],
    layout: Layout,
}

impl Curves {
    /// Raises each colour, as a fraction of the most that its bits can say, to the power of 1/`factor`: above 1 it gets brighter.
    pub fn new(factor: f32, layout: Layout) -> Curves {
        let channels =
            [layout.red_mask, layout.green_mask, layout.blue_mask].map(|mask| Channel::new(factor, mask));
        Curves { channels, layout }
    }

    /// Does it. Bits that are no colour's stay. `pixels` is whole rows, whose padding may change.
    pub fn correct(&self, pixels: &mut [u8]) {
        let size = usize::from(self.layout.bits_per_pixel / 8).clamp(1, 4);
        for pixel in pixels.chunks_exact_mut(size) {
            let mut bytes = [0; 4];
            let value = if self.layout.big_endian {
                bytes[4 - size..].copy_from_slice(pixel);
                u32::from_be_bytes(bytes)
            } else {
                bytes[..size].copy_from_slice(pixel);
                u32::from_le_bytes(bytes)
            };
            let corrected = self.channels.iter().fold(value, |value, channel| channel.correct(value));
            if self.layout.big_endian {
                pixel.copy_from_slice(&corrected.to_be_bytes()[4 - size..]);
            } else {
                pixel.copy_from_slice(&corrected.to_le_bytes()[..size]);
            }
        }
    }
}

/// One colour of a layout, with what becomes of each of its values.
#[derive(Debug)]
struct Channel {
    mask: u32,
    shift: u32,
    curve: Vec<u32>,
}

impl Channel {
    fn new(factor: f32, mask: u32) -> Self {
        // A mask of 0 has no bits to shift.
        let shift = if mask == 0 { 0 } else { mask.trailing_zeros() };
        let most = mask >> shift;
        let corrected = |value: u32| {
            let fraction = value as f32 / most.max(1) as f32;
            ((fraction.powf(1.0 / factor) * most as f32).round() as u32).min(most) << shift
        };
        Self { mask, shift, curve: (0..=most).map(corrected).collect() }
    }

    fn correct(&self, pixel: u32) -> u32 {
        let value = (pixel & self.mask) >> self.shift;
        pixel & !self.mask | self.curve.get(value as usize).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(bits_per_pixel: u8, masks: [u32; 3], big_endian: bool) -> Layout {
        let [red_mask, green_mask, blue_mask] = masks;
        Layout { depth: 24, bits_per_pixel, scanline_pad: 32, red_mask, green_mask, blue_mask, big_endian }
    }

    fn correct(factor: f32, pixels: &mut [u8], layout: &Layout) {
        Curves::new(factor, *layout).correct(pixels);
    }

    #[test]
    fn eight_bits_in_both_byte_orders_and_alpha_stays() {
        let masks = [0xff_0000, 0xff00, 0xff];
        let mut pixels = [0, 128, 255, 77];
        correct(2.0, &mut pixels, &layout(32, masks, false));
        assert_eq!(pixels, [0, 181, 255, 77]);
        let mut pixels = [77, 255, 128, 0];
        correct(2.0, &mut pixels, &layout(32, masks, true));
        assert_eq!(pixels, [77, 255, 181, 0]);
        correct(0.5, &mut pixels, &layout(32, masks, true));
        assert_eq!(pixels, [77, 255, 128, 0], "0.5 undoes 2");
    }

    #[test]
    fn five_six_five_and_three_bytes() {
        let mut pixels = (8_u16 << 11 | 32 << 5 | 31).to_le_bytes();
        correct(2.0, &mut pixels, &layout(16, [0xf800, 0x07e0, 0x001f], false));
        assert_eq!(u16::from_le_bytes(pixels), 16 << 11 | 45 << 5 | 31);
        let mut pixels = [64, 0, 255];
        correct(2.0, &mut pixels, &layout(24, [0xff_0000, 0xff00, 0xff], false));
        assert_eq!(pixels, [128, 0, 255]);
    }

    #[test]
    fn layouts_without_colours_are_left_alone() {
        let mut pixels = [1, 2, 3, 4];
        correct(2.0, &mut pixels, &layout(32, [0; 3], false));
        assert_eq!(pixels, [1, 2, 3, 4]);
    }
}
