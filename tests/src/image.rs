//! Pictures of windows and what can be said about two of them.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// How an X server lays out the pixels of a drawable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Bits that count, 16, 24, 30 or 32.
    pub depth: u8,
    /// Bits a pixel takes, 16 or 32.
    pub bits_per_pixel: u8,
    /// Which bits of a pixel are red, green and blue.
    pub masks: [u32; 3],
}

impl Format {
    /// Bits of alpha: what depth 32 has beside its colours.
    fn alpha_mask(&self) -> u32 {
        if self.depth == 32 { !(self.masks[0] | self.masks[1] | self.masks[2]) } else { 0 }
    }
}

/// How far two pictures may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// What each channel may differ by, in 255ths.
    pub channel: u8,
    /// Edges may be a pixel off: a pixel also agrees if each picture's lies between the darkest and the lightest of the
    /// nine around it in the other.
    pub edges: bool,
    /// Of so many pixels one may be quite another; 0 for none.
    pub one_in: u32,
}

impl Tolerance {
    /// None: every bit must be the same.
    pub const EXACT: Self = Self { channel: 0, edges: false, one_in: 0 };
    /// What another rasteriser needs: it interpolates and rounds in its own way, and decides ties at edges differently.
    /// A step of five bits, which windows of depth 16 have, is nine. Where three faces meet, a pixel may be of the third:
    /// NVIDIA and llvmpipe differ in one or two pixels of a picture there, in 85 of 76719 where they take their samples at
    /// other places.
    pub const OTHER_RASTERISER: Self = Self { channel: 9, edges: true, one_in: 500 };

    /// How many pixels of a picture may be quite others.
    fn strays(self, picture: &Image) -> usize {
        let pixels = u32::from(picture.width) * u32::from(picture.height);
        pixels.checked_div(self.one_in).unwrap_or(0) as usize
    }
}

/// A picture as the X server gave it: rows from the top, each padded to four bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// Pixels a row.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// What the bytes mean.
    pub format: Format,
    /// The bytes.
    pub data: Vec<u8>,
}

/// Opaque, in the scale of [`Image::pixel`].
const FULL: u16 = u16::MAX;

impl Image {
    fn stride(&self) -> usize {
        (usize::from(self.width) * usize::from(self.format.bits_per_pixel)).div_ceil(32) * 4
    }

    fn raw(&self, x: u16, y: u16) -> u32 {
        let bytes = usize::from(self.format.bits_per_pixel / 8);
        let at = usize::from(y) * self.stride() + usize::from(x) * bytes;
        let mut value = [0; 4];
        value[..bytes].copy_from_slice(&self.data[at..at + bytes]);
        u32::from_le_bytes(value)
    }

    /// Red, green, blue and alpha, each from 0 to 65535 whatever the depth; alpha is full where there is none.
    pub fn pixel(&self, x: u16, y: u16) -> [u16; 4] {
        let raw = self.raw(x, y);
        let [red, green, blue] = self.format.masks.map(|mask| channel(raw, mask));
        let alpha = self.format.alpha_mask();
        [red, green, blue, if alpha == 0 { FULL } else { channel(raw, alpha) }]
    }

    /// The same, 0 to 255.
    pub fn pixel8(&self, x: u16, y: u16) -> [u8; 4] {
        self.pixel(x, y).map(|value| (value >> 8) as u8)
    }

    /// Whether all pixels have one colour, as a window that nobody drew to.
    pub fn is_uniform(&self) -> bool {
        let first = self.pixel(0, 0);
        self.positions().all(|(x, y)| self.pixel(x, y) == first)
    }

    fn positions(&self) -> impl Iterator<Item = (u16, u16)> + use<> {
        let (width, height) = (self.width, self.height);
        (0..height).flat_map(move |y| (0..width).map(move |x| (x, y)))
    }

    /// Whether both show the same within `tolerance`. Alpha counts where both have it.
    pub fn agrees(&self, other: &Image, tolerance: Tolerance) -> bool {
        self == other
            || ((self.width, self.height) == (other.width, other.height)
                && self.differing(other, tolerance).nth(tolerance.strays(self)).is_none())
    }

    fn differing(&self, other: &Image, tolerance: Tolerance) -> impl Iterator<Item = (u16, u16)> {
        self.positions().filter(move |(x, y)| !self.pixel_agrees(other, *x, *y, tolerance))
    }

    fn pixel_agrees(&self, other: &Image, x: u16, y: u16, tolerance: Tolerance) -> bool {
        let channels = if self.format.alpha_mask() != 0 && other.format.alpha_mask() != 0 { 4 } else { 3 };
        let channel = u16::from(tolerance.channel) * 257;
        let (one, two) = (self.pixel(x, y), other.pixel(x, y));
        let near = one.into_iter().zip(two).take(channels).all(|(one, two)| one.abs_diff(two) <= channel);
        let among = |pixel: [u16; 4], picture: &Image| {
            let ranges = picture.ranges_around(x, y);
            let mut pairs = pixel.into_iter().zip(ranges).take(channels);
            pairs.all(|(value, (least, most))| {
                value.saturating_add(channel) >= least && value.saturating_sub(channel) <= most
            })
        };
        near || (tolerance.edges && among(one, other) && among(two, self))
    }

    /// The least and the most of each channel in the pixel and its neighbours.
    fn ranges_around(&self, x: u16, y: u16) -> [(u16, u16); 4] {
        let mut ranges = [(u16::MAX, 0); 4];
        for y in y.saturating_sub(1)..=(y + 1).min(self.height - 1) {
            for x in x.saturating_sub(1)..=(x + 1).min(self.width - 1) {
                for (range, value) in ranges.iter_mut().zip(self.pixel(x, y)) {
                    *range = (range.0.min(value), range.1.max(value));
                }
            }
        }
        ranges
    }

    /// As [`Image::agrees`], failing with the number of pixels that do not and the first of them.
    pub fn ensure_agrees(&self, other: &Image, tolerance: Tolerance) -> Result<()> {
        if self == other {
            return Ok(());
        }
        let (a, b) = ((self.width, self.height), (other.width, other.height));
        ensure!(a == b, "sizes differ: {}x{} and {}x{}", a.0, a.1, b.0, b.1);
        let differing: Vec<_> = self.differing(other, tolerance).collect();
        let Some(&(x, y)) = differing.first().filter(|_| differing.len() > tolerance.strays(self)) else {
            return Ok(());
        };
        bail!(
            "{} of {} pixels differ, first at ({x}, {y}): {:?} and {:?}",
            differing.len(),
            u32::from(self.width) * u32::from(self.height),
            self.pixel8(x, y),
            other.pixel8(x, y)
        )
    }

    /// Structural similarity of the two pictures' luma, 1 for equal ones (Wang et al. 2004, windows of 8x8 every 4).
    pub fn ssim(&self, other: &Image) -> Result<f64> {
        ensure!((self.width, self.height) == (other.width, other.height), "sizes differ");
        let (a, b) = (self.luma(), other.luma());
        let (width, height) = (usize::from(self.width), usize::from(self.height));
        let (mut sum, mut windows) = (0.0, 0.0);
        for top in (0..height.saturating_sub(7).max(1)).step_by(4) {
            for left in (0..width.saturating_sub(7).max(1)).step_by(4) {
                let rows = top..(top + 8).min(height);
                let columns = left..(left + 8).min(width);
                let at = rows.flat_map(|y| columns.clone().map(move |x| y * width + x));
                sum += window_ssim(at.map(|index| (a[index], b[index])));
                windows += 1.0;
            }
        }
        Ok(sum / windows)
    }

    fn luma(&self) -> Vec<f64> {
        let of = |[red, green, blue, _]: [u8; 4]| {
            0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue)
        };
        self.positions().map(|(x, y)| of(self.pixel8(x, y))).collect()
    }

    /// Reads a PNG file of 8 bits a channel; alpha is left out.
    pub fn load(path: &Path) -> Result<Image> {
        let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
        let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info()?;
        let mut data = vec![0; reader.output_buffer_size().context("too large")?];
        let info = reader.next_frame(&mut data)?;
        let channels = match info.color_type {
            png::ColorType::Rgb => 3,
            png::ColorType::Rgba => 4,
            other => bail!("{}: pixels of {other:?}", path.display()),
        };
        let format = Format { depth: 24, bits_per_pixel: 32, masks: [0xff, 0xff00, 0xff_0000] };
        let data = data.chunks_exact(channels).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 0]).collect();
        Ok(Image { width: info.width.try_into()?, height: info.height.try_into()?, format, data })
    }

    /// Writes a PNG file, with alpha where the picture has it.
    pub fn save(&self, path: &Path) -> Result<()> {
        let file = std::fs::File::create(path).with_context(|| path.display().to_string())?;
        let mut encoder =
            png::Encoder::new(std::io::BufWriter::new(file), self.width.into(), self.height.into());
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let bytes: Vec<u8> = self.positions().flat_map(|(x, y)| self.pixel8(x, y)).collect();
        encoder.write_header()?.write_image_data(&bytes)?;
        Ok(())
    }
}

fn channel(raw: u32, mask: u32) -> u16 {
    let (value, most) = ((raw & mask) >> mask.trailing_zeros(), mask >> mask.trailing_zeros());
    (u64::from(value) * u64::from(FULL) / u64::from(most)) as u16
}

fn window_ssim(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut n, mut a, mut b, mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (x, y) in pairs {
        n += 1.0;
        a += x;
        b += y;
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    let (a, b) = (a / n, b / n);
    let (var_a, var_b, covariance) = (aa / n - a * a, bb / n - b * b, ab / n - a * b);
    let (c1, c2) = (6.5025, 58.5225);
    ((2.0 * a * b + c1) * (2.0 * covariance + c2)) / ((a * a + b * b + c1) * (var_a + var_b + c2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(format: Format, pixels: &[u32]) -> Image {
        let bytes = usize::from(format.bits_per_pixel / 8);
        let data = pixels.iter().flat_map(|pixel| pixel.to_le_bytes()[..bytes].to_vec()).collect();
        Image { width: pixels.len() as u16, height: 1, format, data }
    }

    const RGB: Format = Format { depth: 24, bits_per_pixel: 32, masks: [0xff0000, 0xff00, 0xff] };
    const ARGB: Format = Format { depth: 32, ..RGB };
    const RGB565: Format = Format { depth: 16, bits_per_pixel: 16, masks: [0xf800, 0x07e0, 0x001f] };

    #[test]
    fn channels_scale_to_the_same_range_at_every_depth() {
        assert_eq!(picture(RGB, &[0xff8000]).pixel8(0, 0), [255, 128, 0, 255]);
        assert_eq!(picture(ARGB, &[0x40ff8000]).pixel8(0, 0), [255, 128, 0, 64]);
        assert_eq!(picture(RGB565, &[0xf81f, 0x07e0]).pixel8(0, 0), [255, 0, 255, 255]);
    }

    #[test]
    fn a_difference_names_the_first_pixel_and_the_count() {
        let error = picture(RGB, &[1, 2, 3, 4])
            .ensure_agrees(&picture(RGB, &[1, 9, 3, 9]), Tolerance::EXACT)
            .unwrap_err()
            .to_string();
        assert_eq!(error, "2 of 4 pixels differ, first at (1, 0): [0, 0, 2, 255] and [0, 0, 9, 255]");
    }

    #[test]
    fn alpha_counts_only_where_both_have_it() {
        assert!(picture(RGB, &[0x010203]).agrees(&picture(ARGB, &[0x40010203]), Tolerance::EXACT));
        assert!(!picture(ARGB, &[0x41010203]).agrees(&picture(ARGB, &[0x40010203]), Tolerance::EXACT));
    }

    #[test]
    fn another_rasteriser_may_move_edges_by_a_pixel_and_no_more() {
        let edge = |at: usize| {
            let pixels: Vec<u32> = (0..8).map(|x| if x < at { 0x102030 } else { 0xe0d0c0 }).collect();
            picture(RGB, &pixels)
        };
        assert!(edge(4).agrees(&edge(5), Tolerance::OTHER_RASTERISER));
        assert!(!edge(4).agrees(&edge(5), Tolerance { edges: false, ..Tolerance::OTHER_RASTERISER }));
        assert!(!edge(4).agrees(&edge(6), Tolerance::OTHER_RASTERISER));
        // One pixel that stands alone is a mistake, not an edge; a large picture may have one.
        let dot = |length: usize| {
            let dotted: Vec<u32> = (0..length).map(|x| if x == 1 { 0xff } else { 1 }).collect();
            picture(RGB, &dotted).agrees(&picture(RGB, &vec![1; length]), Tolerance::OTHER_RASTERISER)
        };
        assert!(!dot(3) && !dot(499) && dot(500));
    }

    #[test]
    fn similarity_is_one_for_equal_pictures_and_small_for_others() {
        let ramp: Vec<u32> = (0..64).map(|x| x * 0x030201).collect();
        let back: Vec<u32> = ramp.iter().rev().copied().collect();
        let (ramp, back) = (picture(RGB, &ramp), picture(RGB, &back));
        assert!((ramp.ssim(&ramp).unwrap() - 1.0).abs() < 1e-9);
        assert!(ramp.ssim(&back).unwrap() < 0.5);
    }
}
