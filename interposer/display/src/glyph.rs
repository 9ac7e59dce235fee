//! Bitmaps of a server font's characters, for glXUseXFont.
//!
//! The core protocol has no request for them: the characters are drawn into a pixmap of depth 1, each in a cell of
//! its own, and that is read back.

use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{
    Charinfo, ConnectionExt as _, CreateGCAux, ImageFormat, ImageOrder, QueryFontReply, Rectangle, Setup,
};

use crate::error::Error;
use crate::server::Server;

/// A character as a bitmap, in glBitmap's terms. One that the font does not have is empty and advances by 0.
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

/// The tallest pixmap to draw into.
const TALLEST: usize = 16384;

impl Server {
    /// The characters `first` to `first + count - 1` of a font, by their 16-bit codes.
    pub fn glyphs(&self, font: u32, first: u32, count: u32) -> Result<Vec<Glyph>, Error> {
        let link = self.link();
        link.alive()?;
        let metrics =
            link.connection.query_font(font).map_err(ReplyError::from).and_then(|cookie| cookie.reply());
        let metrics = self.settle(metrics)?;
        let codes: Vec<u32> = (first..first.saturating_add(count)).collect();
        let Some(cell) = Cell::around(codes.iter().filter_map(|&code| metric(&metrics, code))) else {
            return Ok(vec![Glyph::default(); codes.len()]);
        };
        let mut glyphs = Vec::with_capacity(codes.len());
        for codes in codes.chunks((TALLEST / usize::from(cell.height)).max(1)) {
            let sheet = self.draw_sheet(font, &metrics, cell, codes);
            let sheet =
                Sheet { cell, bits: self.settle(sheet)?, order: BitOrder::of(self.setup(), cell.width) };
            let cells = codes.iter().enumerate();
            glyphs.extend(cells.map(|(index, &code)| {
                metric(&metrics, code).map_or_else(Glyph::default, |info| sheet.glyph(index, info))
            }));
        }
        Ok(glyphs)
    }

    /// The characters one below the other, as XYPixmap data of one plane.
    fn draw_sheet(
        &self,
        font: u32,
        metrics: &QueryFontReply,
        cell: Cell,
        codes: &[u32],
    ) -> Result<Vec<u8>, ReplyError> {
        let connection = &self.link().connection;
        let none_left = |_| ReplyError::from(x11rb::errors::ConnectionError::UnknownError);
        let pixmap = connection.generate_id().map_err(none_left)?;
        let gc = connection.generate_id().map_err(none_left)?;
        let (width, height) = (cell.width, cell.height * codes.len() as u16);
        let root = self.screens()[self.default_screen()].root;
        connection.create_pixmap(1, pixmap, root, width, height)?;
        let values = CreateGCAux::new().font(font).foreground(0).background(0).graphics_exposures(0);
        let made = connection.create_gc(gc, pixmap, &values)?;
        connection.poly_fill_rectangle(pixmap, gc, &[Rectangle { x: 0, y: 0, width, height }])?;
        connection.change_gc(gc, &x11rb::protocol::xproto::ChangeGCAux::new().foreground(1))?;
        for (index, &code) in codes.iter().enumerate() {
            if metric(metrics, code).is_some() {
                // One text item: a string of one character, no offset.
                let item = [1, 0, (code >> 8) as u8, code as u8];
                let baseline = index as i16 * cell.height as i16 + cell.ascent;
                connection.poly_text16(pixmap, gc, cell.left, baseline, &item)?;
            }
        }
        let image = connection.get_image(ImageFormat::XY_PIXMAP, pixmap, 0, 0, width, height, 1)?;
        connection.free_gc(gc)?;
        connection.free_pixmap(pixmap)?;
        made.check()?;
        Ok(image.reply()?.data)
    }
}

/// The metrics of a character, if the font has it: QueryFont's rules for `char-infos`.
fn metric(font: &QueryFontReply, code: u32) -> Option<Charinfo> {
    if code > 0xffff {
        return None;
    }
    let (row, column) = (code >> 8, code & 0xff);
    let rows = u32::from(font.min_byte1)..=u32::from(font.max_byte1);
    let (low, high) = (u32::from(font.min_char_or_byte2), u32::from(font.max_char_or_byte2));
    let linear = font.min_byte1 == 0 && font.max_byte1 == 0;
    let index = if linear {
        (low..=high).contains(&code).then(|| code - low)?
    } else {
        (rows.contains(&row) && (low..=high).contains(&column))
            .then(|| (row - rows.start()) * (high - low + 1) + column - low)?
    };
    let info = match font.char_infos.as_slice() {
        [] => font.min_bounds,
        infos => *infos.get(index as usize)?,
    };
    // A character with all metrics zero does not exist.
    let extents =
        [info.left_side_bearing, info.right_side_bearing, info.character_width, info.ascent, info.descent];
    (extents != [0; 5]).then_some(info)
}

/// A box that each of the characters fits in.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cell {
    width: u16,
    height: u16,
    /// The origin, from the left edge.
    left: i16,
    /// The origin, from the top edge.
    ascent: i16,
}

impl Cell {
    fn around(infos: impl Iterator<Item = Charinfo>) -> Option<Cell> {
        let edges = |info: Charinfo| {
            [info.left_side_bearing.saturating_neg(), info.right_side_bearing, info.ascent, info.descent]
        };
        let furthest = |a: [i16; 4], b: [i16; 4]| std::array::from_fn(|edge| a[edge].max(b[edge]));
        let [left, right, ascent, descent] = infos.map(edges).reduce(furthest)?;
        // At least a pixel: a font may hold nothing but spaces.
        let width = i32::from(left) + i32::from(right);
        let height = i32::from(ascent) + i32::from(descent);
        Some(Cell {
            width: width.clamp(1, 0x7fff) as u16,
            height: height.clamp(1, 0x7fff) as u16,
            left,
            ascent,
        })
    }
}

/// How one-plane image data lies in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
struct BitOrder {
    stride: usize,
    /// Bits of a unit.
    unit: usize,
    leftmost_highest: bool,
    big_endian: bool,
}

impl BitOrder {
    fn of(setup: &Setup, width: u16) -> BitOrder {
        let pad = usize::from(setup.bitmap_format_scanline_pad).max(8);
        BitOrder {
            stride: usize::from(width).next_multiple_of(pad) / 8,
            unit: usize::from(setup.bitmap_format_scanline_unit).max(8),
            leftmost_highest: setup.bitmap_format_bit_order == ImageOrder::MSB_FIRST,
            big_endian: setup.image_byte_order == ImageOrder::MSB_FIRST,
        }
    }

    fn bit(&self, data: &[u8], x: usize, y: usize) -> bool {
        let (unit, place) = (x / self.unit, x % self.unit);
        let bit = if self.leftmost_highest { self.unit - 1 - place } else { place };
        let byte = if self.big_endian { self.unit / 8 - 1 - bit / 8 } else { bit / 8 };
        data.get(y * self.stride + unit * (self.unit / 8) + byte)
            .is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }
}

/// Characters drawn one below the other.
struct Sheet {
    cell: Cell,
    bits: Vec<u8>,
    order: BitOrder,
}

impl Sheet {
    fn glyph(&self, index: usize, info: Charinfo) -> Glyph {
        let width = (i32::from(info.right_side_bearing) - i32::from(info.left_side_bearing)).max(0) as usize;
        let height = (i32::from(info.ascent) + i32::from(info.descent)).max(0) as usize;
        let left = (self.cell.left + info.left_side_bearing) as usize;
        let top = index * usize::from(self.cell.height) + (self.cell.ascent - info.ascent) as usize;
        let row_bytes = width.div_ceil(8);
        let mut bitmap = vec![0; row_bytes * height];
        for y in 0..height {
            for x in 0..width {
                if self.order.bit(&self.bits, left + x, top + height - 1 - y) {
                    bitmap[y * row_bytes + x / 8] |= 0x80 >> (x % 8);
                }
            }
        }
        Glyph {
            width: width as u16,
            height: height as u16,
            x_origin: -f32::from(info.left_side_bearing),
            y_origin: f32::from(info.descent),
            advance: f32::from(info.character_width),
            bitmap,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_found_in_every_order() {
        let order =
            |unit, leftmost_highest, big_endian| BitOrder { stride: 4, unit, leftmost_highest, big_endian };
        // Pixel 9 of a row, as each kind of server stores it.
        for (order, data) in [
            (order(32, false, false), [0, 2, 0, 0]),
            (order(32, true, true), [0, 0x40, 0, 0]),
            (order(32, true, false), [0, 0, 0x40, 0]),
            (order(16, false, true), [2, 0, 0, 0]),
            (order(8, true, false), [0, 0x40, 0, 0]),
        ] {
            let set: Vec<usize> = (0..32).filter(|&x| order.bit(&data, x, 0)).collect();
            assert_eq!(set, [9], "{order:?}");
        }
    }

    #[test]
    fn a_font_of_rows_is_indexed_by_row_and_column() {
        let info = |width| Charinfo { character_width: width, ..Charinfo::default() };
        let font = QueryFontReply {
            min_byte1: 1,
            max_byte1: 2,
            min_char_or_byte2: 0x10,
            max_char_or_byte2: 0x11,
            char_infos: vec![info(1), info(2), info(3), info(0)],
            ..QueryFontReply::default()
        };
        let width = |code| metric(&font, code).map(|info| info.character_width);
        assert_eq!([0x110, 0x111, 0x210].map(width), [Some(1), Some(2), Some(3)]);
        assert_eq!([0x211, 0x212, 0x10f, 0x310, 0x10, 0x1_0110].map(width), [None; 6]);
    }
}
