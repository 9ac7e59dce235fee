//! GL's pixel formats for the 2D side's pixel layouts.

use glxrun_display::Layout;

use crate::gl::api;

/// How GL transfers pixels of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The format of glReadPixels and glDrawPixels.
    pub format: u32,
    /// Their type.
    pub kind: u32,
    /// GL's byte order within a pixel must be reversed (GL_PACK_SWAP_BYTES).
    pub swap_bytes: bool,
    /// Red and blue come out swapped (OpenGL ES without BGRA reads).
    pub swap_red_blue: bool,
}

impl Format {
    /// The format for a layout; `bgra` tells whether the context can transfer BGRA.
    pub fn of(layout: &Layout, bgra: bool) -> Self {
        let red_first = layout.red_mask & 1 == 1;
        // Packed types are in this machine's byte order; byte types in memory order.
        let foreign = layout.big_endian != cfg!(target_endian = "big");
        let packed = |format, kind| Self { format, kind, swap_bytes: foreign, swap_red_blue: false };
        match (layout.bits_per_pixel, layout.depth) {
            (16, 15) => packed(api::BGRA, api::UNSIGNED_SHORT_1_5_5_5_REV),
            (16, _) => packed(api::RGB, api::UNSIGNED_SHORT_5_6_5),
            (32, 30) if red_first => packed(api::RGBA, api::UNSIGNED_INT_2_10_10_10_REV),
            (32, 30) => packed(api::BGRA, api::UNSIGNED_INT_2_10_10_10_REV),
            (24, _) => Self {
                format: if red_first { api::RGB } else { api::BGR },
                kind: api::UNSIGNED_BYTE,
                swap_bytes: false,
                swap_red_blue: false,
            },
            _ if foreign => {
                packed(if red_first { api::RGBA } else { api::BGRA }, api::UNSIGNED_INT_8_8_8_8_REV)
            }
            _ => Self {
                format: if red_first || !bgra { api::RGBA } else { api::BGRA },
                kind: api::UNSIGNED_BYTE,
                swap_bytes: false,
                swap_red_blue: !red_first && !bgra,
            },
        }
    }
    /// The same with red and blue the other way round, to be put right later; None where GL cannot do it, or would have
    /// to already.
    pub fn reversed(self) -> Option<Self> {
        let format = match (self.format, self.kind) {
            (api::BGRA, api::UNSIGNED_BYTE) => api::RGBA,
            (api::RGBA, api::UNSIGNED_BYTE) if !self.swap_red_blue => api::BGRA,
            _ => return None,
        };
        Some(Self { format, swap_red_blue: true, ..self })
    }
}

impl Format {
    /// Whether it is of four bytes a pixel in memory order: what every GL can read.
    pub fn is_bytes_with_alpha(&self) -> bool {
        self.kind == api::UNSIGNED_BYTE && matches!(self.format, api::RGBA | api::BGRA)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(depth: u8, bits_per_pixel: u8, red_mask: u32) -> Layout {
        Layout {
            depth,
            bits_per_pixel,
            scanline_pad: 32,
            red_mask,
            green_mask: 0xff00,
            blue_mask: 0xff,
            big_endian: cfg!(target_endian = "big"),
        }
    }

    #[test]
    fn usual_layouts() {
        let format = |depth, bits, red| {
            let format = Format::of(&layout(depth, bits, red), true);
            (format.format, format.kind)
        };
        assert_eq!(format(24, 32, 0xff_0000), (api::BGRA, api::UNSIGNED_BYTE));
        assert_eq!(format(32, 32, 0xff), (api::RGBA, api::UNSIGNED_BYTE));
        assert_eq!(format(16, 16, 0xf800), (api::RGB, api::UNSIGNED_SHORT_5_6_5));
        assert_eq!(format(30, 32, 0x3ff0_0000), (api::BGRA, api::UNSIGNED_INT_2_10_10_10_REV));
    }

    #[test]
    fn without_bgra_red_and_blue_are_swapped_later() {
        let format = Format::of(&layout(24, 32, 0xff_0000), false);
        assert_eq!((format.format, format.swap_red_blue), (api::RGBA, true));
        assert_eq!(format.reversed(), None);
    }

    #[test]
    fn only_bytes_have_two_orders() {
        let reversed = |depth, bits, red| {
            let format = Format::of(&layout(depth, bits, red), true).reversed();
            format.map(|format| (format.format, format.swap_red_blue))
        };
        assert_eq!(reversed(24, 32, 0xff_0000), Some((api::RGBA, true)));
        assert_eq!(reversed(32, 32, 0xff), Some((api::BGRA, true)));
        for (depth, bits, red) in [(16, 16, 0xf800), (30, 32, 0x3ff0_0000), (24, 24, 0xff_0000)] {
            assert_eq!(reversed(depth, bits, red), None);
        }
    }
}
