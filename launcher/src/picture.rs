//! Pixels of an X server to a PNG.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, ImageFormat, ImageOrder, Setup, VisualClass, Visualid, Window};

use crate::display::RustConnection;

/// Bytes of the largest picture that is read from a file: more than any screen has.
const MOST: usize = 1 << 30;

/// A picture of 8 bits each of red, green and blue, rows from the top, without padding.
pub struct Picture {
    /// Pixels from left to right.
    pub width: u16,
    /// Pixels from top to bottom.
    pub height: u16,
    /// 3 bytes a pixel.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// Of these pixels: three bytes each, red first.
    pub fn new(width: u16, height: u16, rgb: Vec<u8>) -> Picture {
        Picture { width, height, rgb }
    }

    /// Three bytes a pixel, red first, rows from the top.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// What the root window of `screen` shows where `window` is, as far as that is on the screen.
    pub fn on_screen(connection: &RustConnection, screen: usize, window: Window) -> Result<Picture> {
        let root = connection.setup().roots.get(screen).context("the X server has no such screen")?.root;
        let (inner, outer) = (connection.get_geometry(window)?, connection.get_geometry(root)?);
        let corner = connection.translate_coordinates(window, root, 0, 0)?;
        let (inner, outer, corner) = (inner.reply()?, outer.reply()?, corner.reply()?);
        let cut = |at: i16, length: u16, whole: u16| {
            let (from, to) = (i32::from(at).max(0), (i32::from(at) + i32::from(length)).min(whole.into()));
            (from as i16, (to - from).max(0) as u16)
        };
        let (x, width) = cut(corner.dst_x, inner.width, outer.width);
        let (y, height) = cut(corner.dst_y, inner.height, outer.height);
        ensure!(width > 0 && height > 0, "the window is not on the screen");
        Picture::of_part(connection, root, (x, y, width, height))
    }

    /// What the root window of `screen` shows.
    pub fn of_root(connection: &RustConnection, screen: usize) -> Result<Picture> {
        let screen = connection.setup().roots.get(screen).context("the X server has no such screen")?;
        Picture::of_window(connection, screen.root)
    }

    /// What a window shows, and what covers it.
    pub fn of_window(connection: &RustConnection, window: Window) -> Result<Picture> {
        // Not a root window's size in the setup: RANDR may have changed it since.
        let size = connection.get_geometry(window)?.reply()?;
        Picture::of_part(connection, window, (0, 0, size.width, size.height))
    }

    /// A part of what a window shows: left, top, width, height.
    fn of_part(
        connection: &RustConnection,
        window: Window,
        (x, y, width, height): (i16, i16, u16, u16),
    ) -> Result<Picture> {
        let setup = connection.setup();
        let image =
            connection.get_image(ImageFormat::Z_PIXMAP, window, x, y, width, height, u32::MAX)?.reply()?;
        let format = setup.pixmap_formats.iter().find(|format| format.depth == image.depth);
        let format = format.context("the X server does not describe its pixels")?;
        let masks = masks(setup, image.visual).context("the window's visual is not TrueColor")?;
        let layout = Layout {
            bits_per_pixel: format.bits_per_pixel.into(),
            scanline_pad: format.scanline_pad.into(),
            big_endian: setup.image_byte_order == ImageOrder::MSB_FIRST,
            masks,
        };
        Ok(Picture { width, height, rgb: layout.to_rgb(&image.data, width.into(), height.into())? })
    }

    /// Reads a PNG file of 8 bits a channel; transparency is left out.
    pub fn load(file: &Path) -> Result<Picture> {
        let file = File::open(file)?;
        ensure!(file.metadata()?.is_file(), "it is no plain file");
        let mut reader = png::Decoder::new(BufReader::new(file)).read_info()?;
        // A few bytes may claim any size.
        let size = reader.output_buffer_size().filter(|size| *size <= MOST);
        let mut data = vec![0; size.context("the picture is too large")?];
        let info = reader.next_frame(&mut data)?;
        ensure!(info.bit_depth == png::BitDepth::Eight, "its channels are not of 8 bits");
        let rgb = match info.color_type {
            png::ColorType::Rgb => data,
            png::ColorType::Rgba => {
                data.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect()
            }
            other => anyhow::bail!("its pixels are {other:?}, not RGB"),
        };
        let size = |length: u32| u16::try_from(length).context("the picture is too large");
        Ok(Picture { width: size(info.width)?, height: size(info.height)?, rgb })
    }

    /// Writes the PNG file.
    pub fn save(&self, file: &Path) -> Result<()> {
        self.encode(BufWriter::new(File::create(file)?))
    }

    /// Writes it as PNG.
    pub fn encode(&self, to: impl std::io::Write) -> Result<()> {
        let mut encoder = png::Encoder::new(to, self.width.into(), self.height.into());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgb)?;
        Ok(writer.finish()?)
    }
}

/// Masks of red, green and blue of a visual.
fn masks(setup: &Setup, id: Visualid) -> Option<[u32; 3]> {
    let depths = setup.roots.iter().flat_map(|screen| &screen.allowed_depths);
    let visual = depths.flat_map(|depth| &depth.visuals).find(|visual| visual.visual_id == id)?;
    (visual.class == VisualClass::TRUE_COLOR).then_some([
        visual.red_mask,
        visual.green_mask,
        visual.blue_mask,
    ])
}

/// How a ZPixmap image lies in memory.
struct Layout {
    bits_per_pixel: usize,
    scanline_pad: usize,
    big_endian: bool,
    masks: [u32; 3],
}

impl Layout {
    fn to_rgb(&self, data: &[u8], width: usize, height: usize) -> Result<Vec<u8>> {
        ensure!(
            matches!(self.bits_per_pixel, 16 | 24 | 32),
            "pixels of {} bits are not known",
            self.bits_per_pixel
        );
        ensure!(matches!(self.scanline_pad, 8 | 16 | 32), "rows of {} bits are not known", self.scanline_pad);
        ensure!(width > 0 && height > 0, "there are no pixels");
        let bytes = self.bits_per_pixel / 8;
        let stride = (width * self.bits_per_pixel).next_multiple_of(self.scanline_pad) / 8;
        ensure!(data.len() >= stride * height, "the X server sent too few pixels");
        let mut rgb = Vec::with_capacity(width * height * 3);
        for row in data.chunks_exact(stride).take(height) {
            for pixel in row.chunks_exact(bytes).take(width) {
                let join = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
                let value = if self.big_endian {
                    pixel.iter().fold(0, join)
                } else {
                    pixel.iter().rev().fold(0, join)
                };
                rgb.extend(self.masks.map(|mask| channel(value, mask)));
            }
        }
        Ok(rgb)
    }
}

/// One colour of a pixel, rounded to 8 bits.
pub fn channel(pixel: u32, mask: u32) -> u8 {
    if mask == 0 {
        return 0;
    }
    let shift = mask.trailing_zeros();
    let (value, most) = (u64::from((pixel & mask) >> shift), u64::from(mask >> shift));
    ((value * 255 + most / 2) / most) as u8
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const RGB888: [u32; 3] = [0xff0000, 0xff00, 0xff];

    fn rgb(bits_per_pixel: usize, big_endian: bool, masks: [u32; 3], data: &[u8], width: usize) -> Vec<u8> {
        let layout = Layout { bits_per_pixel, scanline_pad: 32, big_endian, masks };
        layout.to_rgb(data, width, 1).expect("a known format")
    }

    #[test]
    fn depths_and_byte_orders() {
        assert_eq!(rgb(32, false, RGB888, &[3, 2, 1, 0], 1), [1, 2, 3]);
        assert_eq!(rgb(32, true, RGB888, &[0xff, 1, 2, 3], 1), [1, 2, 3]);
        assert_eq!(rgb(24, false, RGB888, &[3, 2, 1, 6, 5, 4, 0, 0], 2), [1, 2, 3, 4, 5, 6]);
        let rgb565 = [0xf800, 0x7e0, 0x1f];
        assert_eq!(rgb(16, false, rgb565, &[0x00, 0xf8, 0xff, 0xff], 2), [255, 0, 0, 255, 255, 255]);
        assert_eq!(rgb(16, false, rgb565, &[0x10, 0x84, 0, 0], 1), [132, 130, 132]);
        let rgb30 = [0x3ff << 20, 0x3ff << 10, 0x3ff];
        let pixel = (1023_u32 << 20 | 512 << 10 | 4).to_le_bytes();
        assert_eq!(rgb(32, false, rgb30, &pixel, 1), [255, 128, 1]);
    }

    proptest! {
        #[test]
        fn pixels_of_any_server(
            data in vec(any::<u8>(), 0..600),
            size in (0..40usize, 0..40usize),
            bits_per_pixel in prop_oneof![Just(32), Just(24), Just(16), 0..300usize],
            scanline_pad in prop_oneof![Just(32), Just(8), 0..300usize],
            big_endian: bool,
            masks: [u32; 3],
        ) {
            let layout = Layout { bits_per_pixel, scanline_pad, big_endian, masks };
            if let Ok(rgb) = layout.to_rgb(&data, size.0, size.1) {
                prop_assert_eq!(rgb.len(), size.0 * size.1 * 3);
            }
        }

        #[test]
        fn damaged_files_are_read_or_refused(
            size in (1..20u16, 1..20u16),
            bytes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            length in proptest::option::of(any::<prop::sample::Index>()),
        ) {
            let picture = Picture::new(size.0, size.1, vec![7; usize::from(size.0) * usize::from(size.1) * 3]);
            let mut data = Vec::new();
            picture.encode(&mut data).expect("memory");
            for (place, byte) in bytes {
                let place = place.index(data.len());
                data[place] = byte;
            }
            if let Some(length) = length {
                data.truncate(length.index(data.len()));
            }
            let dir = tempfile::tempdir().expect("a directory");
            std::fs::write(dir.path().join("a.png"), data).expect("a file");
            if let Ok(read) = Picture::load(&dir.path().join("a.png")) {
                prop_assert_eq!(read.rgb.len(), usize::from(read.width) * usize::from(read.height) * 3);
            }
        }
    }

    #[test]
    fn a_file_that_claims_to_be_huge() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a.png");
        for (width, height) in [(65535, 65535), (1 << 31, 1), (1 << 30, 1 << 30)] {
            let mut encoder = png::Encoder::new(File::create(&path).expect("a file"), width, height);
            encoder.set_color(png::ColorType::Rgb);
            drop(encoder.write_header().map(|mut writer| writer.write_chunk(png::chunk::IDAT, &[0; 20])));
            assert!(Picture::load(&path).is_err(), "{width}x{height}");
        }
        assert!(Picture::load(Path::new("/dev/zero")).is_err());
    }

    #[test]
    fn short_data_is_an_error() {
        let layout = Layout { bits_per_pixel: 32, scanline_pad: 32, big_endian: false, masks: RGB888 };
        assert!(layout.to_rgb(&[0; 7], 2, 1).is_err());
    }
}
