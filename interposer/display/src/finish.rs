//! What is left to do to a frame's pixels once they are in a slot, done off the program's thread.
//!
//! A renderer hands pixels over in the form that is cheapest for it: red and blue may be the wrong way round (it is
//! cheaper to let Mesa read alpha-less surfaces as RGBA than as the BGRA that X wants), rows may be bottom-up.

use crate::simd;

/// Steps from what a slot holds to what its layout says, taken before the frame is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finish {
    /// Rows are bottom-up.
    pub flip: bool,
    /// Red and blue (the first and third of each four bytes) are the wrong way round. Only for 32 bits a pixel.
    pub swap_red_blue: bool,
}

impl Finish {
    /// Does it, in place, to rows of `stride` bytes, a multiple of 4 where red and blue change places.
    pub fn run(self, pixels: &mut [u8], stride: usize) {
        if stride == 0 {
            return;
        }
        match (self.flip, self.swap_red_blue) {
            (false, false) => {}
            (false, true) => simd::swap_red_blue(pixels),
            (true, swap) => {
                let rows = pixels.len() / stride;
                let (upper, rest) = pixels.split_at_mut(rows / 2 * stride);
                let (middle, lower) = rest.split_at_mut(if rows % 2 == 1 { stride } else { 0 });
                if swap {
                    simd::swap_red_blue(middle);
                }
                let lower = lower.rchunks_exact_mut(stride);
                for (upper, lower) in upper.chunks_exact_mut(stride).zip(lower) {
                    // While both are in the cache.
                    upper.swap_with_slice(lower);
                    if swap {
                        simd::swap_red_blue(upper);
                        simd::swap_red_blue(lower);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Finish;

    fn finished(flip: bool, swap_red_blue: bool, text: &str, stride: usize) -> String {
        let mut pixels = text.as_bytes().to_vec();
        Finish { flip, swap_red_blue }.run(&mut pixels, stride);
        String::from_utf8(pixels).expect("text")
    }

    #[test]
    fn each_step_and_both() {
        assert_eq!(finished(false, false, "abcdefghijkl", 4), "abcdefghijkl");
        assert_eq!(finished(true, false, "abcdefghijkl", 4), "ijklefghabcd");
        assert_eq!(finished(false, true, "abcdefghijkl", 4), "cbadgfehkjil");
        assert_eq!(finished(true, true, "abcdefghijkl", 4), "kjilgfehcbad");
        assert_eq!(finished(true, true, "abcdefgh", 4), "gfehcbad");
        assert_eq!(finished(true, false, "aabbccdde", 3), "ddebccaab");
        assert_eq!(finished(true, true, "", 4), "");
        assert_eq!(finished(true, true, "", 0), "");
    }
}
