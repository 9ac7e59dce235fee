//! What an X server says about its screens and about the shape of its pixels.

use x11rb::protocol::xproto::{ImageOrder, Setup, VisualClass};

/// A screen of the server, in protocol order: `DISPLAY`'s `.N` is an index into [`Server::screens`].
///
/// [`Server::screens`]: crate::Server::screens
#[derive(Clone, Debug)]
pub struct Screen {
    /// XID of the root window.
    pub root: u32,
    /// The root window's visual.
    pub root_visual: u32,
    /// The root window's depth.
    pub root_depth: u8,
    /// Width in pixels when the connection was made.
    pub width: u16,
    /// Height in pixels when the connection was made.
    pub height: u16,
    /// All visuals of all depths.
    pub visuals: Vec<Visual>,
}

/// A visual: VISUALTYPE of the core protocol, and the depth it is listed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visual {
    /// VISUALID.
    pub id: u32,
    /// Bits of a pixel that count.
    pub depth: u8,
    /// Visual class as the protocol numbers it: 4 is TrueColor, 5 DirectColor.
    pub class: u8,
    /// Bits of a colour channel in a colormap entry.
    pub bits_per_rgb: u8,
    /// Entries of a colormap.
    pub colormap_entries: u16,
    /// The red bits of a pixel.
    pub red_mask: u32,
    /// The green bits of a pixel.
    pub green_mask: u32,
    /// The blue bits of a pixel.
    pub blue_mask: u32,
}

/// Where a drawable is and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Root window of the drawable's screen.
    pub root: u32,
    /// Bits of a pixel that count.
    pub depth: u8,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
}

/// How a pixel lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bits of a pixel that count.
    pub depth: u8,
    /// Bits that a pixel takes.
    pub bits_per_pixel: u8,
    /// Each row starts at a multiple of this many bits (32 on every server in use).
    pub scanline_pad: u8,
    /// The red bits of a pixel, 0 where no visual is known.
    pub red_mask: u32,
    /// The green bits of a pixel.
    pub green_mask: u32,
    /// The blue bits of a pixel.
    pub blue_mask: u32,
    /// Whether a pixel's most significant byte comes first.
    pub big_endian: bool,
}

impl Layout {
    /// Bytes from one row to the next in an image of this width.
    pub fn stride(&self, width: u16) -> usize {
        let bits = usize::from(width) * usize::from(self.bits_per_pixel);
        bits.next_multiple_of(usize::from(self.scanline_pad).max(8)) / 8
    }
}

/// The layout of a depth's pixels, without masks: `pixmap-formats` of the setup.
pub(crate) fn layout(setup: &Setup, depth: u8) -> Option<Layout> {
    let format = setup.pixmap_formats.iter().find(|format| format.depth == depth)?;
    Some(Layout {
        depth,
        bits_per_pixel: format.bits_per_pixel,
        scanline_pad: format.scanline_pad,
        red_mask: 0,
        green_mask: 0,
        blue_mask: 0,
        big_endian: setup.image_byte_order == ImageOrder::MSB_FIRST,
    })
}

pub(crate) fn screens(setup: &Setup) -> Vec<Screen> {
    let visuals = |screen: &x11rb::protocol::xproto::Screen| {
        let of_depth = |depth: &x11rb::protocol::xproto::Depth| {
            let bits = depth.depth;
            let visual = move |visual: &x11rb::protocol::xproto::Visualtype| Visual {
                id: visual.visual_id,
                depth: bits,
                class: class_number(visual.class),
                bits_per_rgb: visual.bits_per_rgb_value,
                colormap_entries: visual.colormap_entries,
                red_mask: visual.red_mask,
                green_mask: visual.green_mask,
                blue_mask: visual.blue_mask,
            };
            depth.visuals.iter().map(visual).collect::<Vec<_>>()
        };
        screen.allowed_depths.iter().flat_map(of_depth).collect()
    };
    let screen = |screen: &x11rb::protocol::xproto::Screen| Screen {
        root: screen.root,
        root_visual: screen.root_visual,
        root_depth: screen.root_depth,
        width: screen.width_in_pixels,
        height: screen.height_in_pixels,
        visuals: visuals(screen),
    };
    setup.roots.iter().map(screen).collect()
}

fn class_number(class: VisualClass) -> u8 {
    class.into()
}
