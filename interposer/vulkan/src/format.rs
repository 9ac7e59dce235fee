//! Formats of swapchains: those whose pixels a window can be given as they are, but for the order of bytes.

use ash::vk;
use glxrun_display::{Finish, Layout};

/// A format of swapchain images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub format: vk::Format,
    /// What is left to do to the pixels of a frame.
    pub finish: Finish,
}

impl Format {
    /// Whether the driver converts what is drawn from linear to sRGB.
    pub fn is_srgb(self) -> bool {
        matches!(self.format, vk::Format::B8G8R8A8_SRGB | vk::Format::R8G8B8A8_SRGB)
    }
}

const KEPT: Finish = Finish { flip: false, swap_red_blue: false };
const SWAPPED: Finish = Finish { flip: false, swap_red_blue: true };

/// Formats for windows whose pixels lie like this, the best first.
pub fn of(layout: &Layout) -> Vec<Format> {
    let masks = (layout.red_mask, layout.green_mask, layout.blue_mask);
    let formats: &[(vk::Format, Finish)] = match (layout.bits_per_pixel, masks, layout.big_endian) {
        (32, (0xff_0000, 0xff00, 0xff), false) => &[
            (vk::Format::B8G8R8A8_UNORM, KEPT),
            (vk::Format::B8G8R8A8_SRGB, KEPT),
            (vk::Format::R8G8B8A8_UNORM, SWAPPED),
            (vk::Format::R8G8B8A8_SRGB, SWAPPED),
        ],
        (32, (0xff, 0xff00, 0xff_0000), false) => &[
            (vk::Format::R8G8B8A8_UNORM, KEPT),
            (vk::Format::R8G8B8A8_SRGB, KEPT),
            (vk::Format::B8G8R8A8_UNORM, SWAPPED),
            (vk::Format::B8G8R8A8_SRGB, SWAPPED),
        ],
        (32, (0x3ff0_0000, 0xf_fc00, 0x3ff), false) => &[(vk::Format::A2R10G10B10_UNORM_PACK32, KEPT)],
        (32, (0x3ff, 0xf_fc00, 0x3ff0_0000), false) => &[(vk::Format::A2B10G10R10_UNORM_PACK32, KEPT)],
        (16, (0xf800, 0x7e0, 0x1f), false) => &[(vk::Format::R5G6B5_UNORM_PACK16, KEPT)],
        _ => &[],
    };
    formats.iter().map(|&(format, finish)| Format { format, finish }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_get_what_their_pixels_are() {
        let layout = |depth, bits, red, green, blue| Layout {
            depth,
            bits_per_pixel: bits,
            scanline_pad: 32,
            red_mask: red,
            green_mask: green,
            blue_mask: blue,
            big_endian: false,
        };
        let first = |layout: &Layout| of(layout).first().map(|format| format.format);
        let usual = layout(24, 32, 0xff_0000, 0xff00, 0xff);
        assert_eq!(first(&usual), Some(vk::Format::B8G8R8A8_UNORM));
        assert!(of(&usual).iter().any(|format| format.finish.swap_red_blue));
        let deep = layout(30, 32, 0x3ff0_0000, 0xf_fc00, 0x3ff);
        assert_eq!(first(&deep), Some(vk::Format::A2R10G10B10_UNORM_PACK32));
        assert_eq!(first(&layout(16, 16, 0xf800, 0x7e0, 0x1f)), Some(vk::Format::R5G6B5_UNORM_PACK16));
        assert_eq!(first(&layout(8, 8, 0, 0, 0)), None);
        assert_eq!(first(&Layout { big_endian: true, ..usual }), None);
    }
}
