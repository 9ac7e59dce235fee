//! How two pictures differ.

use serde::Serialize;

use crate::picture::Picture;

/// How one picture differs from another of the same size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Pixels that differ at all.
    pub pixels: usize,
    /// Of how many.
    pub of: usize,
    /// The most that a channel differs, of 255.
    pub most: u8,
    /// The mean over all channels, of 255.
    pub mean: f64,
    /// Structural similarity, 1 for equal pictures.
    pub ssim: f64,
}

/// What difference is let pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// None.
    Exact,
    /// Channels may differ by so much, of 255.
    Channel(u8),
    /// Structural similarity is at least this.
    Ssim(f64),
}

impl Difference {
    /// Compares two pictures; None if their sizes differ.
    pub fn of(a: &Picture, b: &Picture) -> Option<Difference> {
        if (a.width, a.height) != (b.width, b.height) {
            return None;
        }
        let mut difference =
            Difference { pixels: 0, of: a.rgb().len() / 3, most: 0, mean: 0.0, ssim: ssim(a, b) };
        let mut sum = 0_u64;
        for (a, b) in a.rgb().as_chunks::<3>().0.iter().zip(b.rgb().as_chunks::<3>().0) {
            if a != b {
                difference.pixels += 1;
                for (a, b) in a.iter().zip(b) {
                    let by = a.abs_diff(*b);
                    difference.most = difference.most.max(by);
                    sum += u64::from(by);
                }
            }
        }
        difference.mean = sum as f64 / (difference.of.max(1) * 3) as f64;
        Some(difference)
    }

    /// Whether it is let pass.
    pub fn is_within(&self, tolerance: Tolerance) -> bool {
        match tolerance {
            Tolerance::Exact => self.pixels == 0,
            Tolerance::Channel(most) => self.most <= most,
            Tolerance::Ssim(least) => self.ssim >= least,
        }
    }

    /// It in words.
    pub fn words(&self) -> String {
        if self.pixels == 0 {
            return "the pictures are equal".to_owned();
        }
        format!(
            "{} of {} pixels differ ({:.2} %), by up to {} of 255 (mean {:.3}); similarity (SSIM) {:.4}",
            self.pixels,
            self.of,
            100.0 * self.pixels as f64 / self.of as f64,
            self.most,
            self.mean,
            self.ssim
        )
    }
}

/// Where two pictures of one size differ: black where they are equal, brighter the more they differ, never dim.
pub fn difference_picture(a: &Picture, b: &Picture) -> Option<Picture> {
    if (a.width, a.height) != (b.width, b.height) {
        return None;
    }
    let visible = |by: u8| if by == 0 { 0 } else { 64 + (u16::from(by) * 191 / 255) as u8 };
    let rgb = a.rgb().iter().zip(b.rgb()).map(|(a, b)| visible(a.abs_diff(*b))).collect();
    Some(Picture::new(a.width, a.height, rgb))
}

/// The mean structural similarity of luma over windows of 8x8 pixels, every fourth pixel (Wang, Bovik, Sheikh and Simoncelli,
/// 2004, with a flat window).
fn ssim(a: &Picture, b: &Picture) -> f64 {
    const WINDOW: usize = 8;
    const STEP: usize = 4;
    const C1: f64 = (0.01 * 255.0) * (0.01 * 255.0);
    const C2: f64 = (0.03 * 255.0) * (0.03 * 255.0);
    let (width, height) = (usize::from(a.width), usize::from(a.height));
    let luma = |picture: &Picture| -> Vec<f64> {
        let pixels = picture.rgb().as_chunks::<3>().0;
        pixels
            .iter()
            .map(|[r, g, b]| 0.299 * f64::from(*r) + 0.587 * f64::from(*g) + 0.114 * f64::from(*b))
            .collect()
    };
    let (a, b) = (luma(a), luma(b));
    let starts = |length: usize| (0..=length.saturating_sub(WINDOW)).step_by(STEP);
    let (mut sum, mut windows) = (0.0, 0_u32);
    for y in starts(height) {
        for x in starts(width) {
            let (mut count, mut sa, mut sb, mut saa, mut sbb, mut sab) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
            for row in y..(y + WINDOW).min(height) {
                for at in row * width + x..row * width + (x + WINDOW).min(width) {
                    let (a, b) = (a[at], b[at]);
                    count += 1.0;
                    sa += a;
                    sb += b;
                    saa += a * a;
                    sbb += b * b;
                    sab += a * b;
                }
            }
            let (ma, mb) = (sa / count, sb / count);
            let (va, vb, cov) = (saa / count - ma * ma, sbb / count - mb * mb, sab / count - ma * mb);
            sum += (2.0 * ma * mb + C1) * (2.0 * cov + C2) / ((ma * ma + mb * mb + C1) * (va + vb + C2));
            windows += 1;
        }
    }
    if windows == 0 { 1.0 } else { sum / f64::from(windows) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u16, height: u16, colour: impl Fn(usize, usize) -> [u8; 3]) -> Picture {
        let pixels = (0..usize::from(height)).flat_map(|y| (0..usize::from(width)).map(move |x| (x, y)));
        Picture::new(width, height, pixels.flat_map(|(x, y)| colour(x, y)).collect())
    }

    fn checks(x: usize, y: usize) -> [u8; 3] {
        if (x / 3 + y / 5).is_multiple_of(2) { [250, 240, 10] } else { [10, 60, 200] }
    }

    #[test]
    fn equal_pictures_and_one_pixel() {
        let a = picture(40, 30, checks);
        let equal = Difference::of(&a, &a).expect("one size");
        assert!(equal.is_within(Tolerance::Exact) && equal.is_within(Tolerance::Ssim(1.0)), "{equal:?}");
        let b = picture(40, 30, |x, y| if (x, y) == (7, 8) { [10, 60, 203] } else { checks(x, y) });
        let one = Difference::of(&a, &b).expect("one size");
        assert_eq!((one.pixels, one.of, one.most), (1, 1200, 3));
        assert!(!one.is_within(Tolerance::Exact) && one.is_within(Tolerance::Channel(3)));
        assert!(!one.is_within(Tolerance::Channel(2)) && one.is_within(Tolerance::Ssim(0.999)));
        let seen = difference_picture(&a, &b).expect("one size");
        assert_eq!(seen.rgb().iter().filter(|value| **value != 0).count(), 1);
        assert!(Difference::of(&a, &picture(30, 40, checks)).is_none());
    }

    #[test]
    fn similarity_hears_structure() {
        let a = picture(64, 64, checks);
        let lighter = picture(64, 64, |x, y| checks(x, y).map(|value| value.saturating_add(5)));
        let shifted = picture(64, 64, |x, y| checks(x + 3, y));
        let similarity = |b| Difference::of(&a, b).expect("one size").ssim;
        assert!(similarity(&lighter) > 0.98, "{}", similarity(&lighter));
        assert!(similarity(&shifted) < 0.2, "{}", similarity(&shifted));
        assert!(similarity(&picture(64, 64, |_, _| [0; 3])) < 0.2);
    }
}
