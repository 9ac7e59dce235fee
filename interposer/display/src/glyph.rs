//! Bitmaps of a server font's characters, for glXUseXFont.

/// A character as a bitmap, in glBitmap's terms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glyph {
    /// Width of the bitmap in pixels.
    pub width: u16,
    /// Height of the bitmap in pixels.
    pub height: u16,
    /// The origin's place in the bitmap, from its left edge.
    pub x_origin: f32,
    /// The origin's place in the bitmap, from its lower edge.
    pub y_origin: f32,
    /// From this character's origin to the next one's.
    pub advance: f32,
    /// Rows from the bottom up, each padded to a byte, the leftmost pixel in the highest bit.
    pub bitmap: Vec<u8>,
}
