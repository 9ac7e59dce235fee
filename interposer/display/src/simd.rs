//! The inner loops over pixels, with the widest instructions that the machine has.

/// Swaps the first and third of each four bytes. Bytes after the last four stay.
pub(crate) fn swap_red_blue(pixels: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the machine has AVX2.
            return unsafe { x86::swap_avx2(pixels) };
        }
        if std::arch::is_x86_feature_detected!("ssse3") {
            // SAFETY: the machine has SSSE3.
            return unsafe { x86::swap_ssse3(pixels) };
        }
    }
    swap_plain(pixels);
}

/// In a form that compilers turn into the vector instructions which a target always has: on AArch64 that is NEON, so that it
/// needs no loop of its own.
fn swap_plain(pixels: &mut [u8]) {
    for pixel in pixels.as_chunks_mut::<4>().0 {
        let value = u32::from_le_bytes(*pixel);
        let swapped = value & 0xff00_ff00 | (value & 0xff) << 16 | value >> 16 & 0xff;
        *pixel = swapped.to_le_bytes();
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_loadu_si128, _mm_setr_epi8, _mm_shuffle_epi8, _mm_storeu_si128,
        _mm256_broadcastsi128_si256, _mm256_loadu_si256, _mm256_shuffle_epi8, _mm256_storeu_si256,
    };

    #[target_feature(enable = "ssse3")]
    fn order() -> __m128i {
        _mm_setr_epi8(2, 1, 0, 3, 6, 5, 4, 7, 10, 9, 8, 11, 14, 13, 12, 15)
    }

    #[target_feature(enable = "avx2")]
    pub fn swap_avx2(pixels: &mut [u8]) {
        let order = _mm256_broadcastsi128_si256(order());
        let (blocks, rest) = pixels.as_chunks_mut::<32>();
        for block in blocks {
            let place = block.as_mut_ptr().cast::<__m256i>();
            // SAFETY: a block is 32 bytes; neither access needs them aligned.
            unsafe { _mm256_storeu_si256(place, _mm256_shuffle_epi8(_mm256_loadu_si256(place), order)) };
        }
        super::swap_plain(rest);
    }

    #[target_feature(enable = "ssse3")]
    pub fn swap_ssse3(pixels: &mut [u8]) {
        let order = order();
        let (blocks, rest) = pixels.as_chunks_mut::<16>();
        for block in blocks {
            let place = block.as_mut_ptr().cast::<__m128i>();
            // SAFETY: a block is 16 bytes; neither access needs them aligned.
            unsafe { _mm_storeu_si128(place, _mm_shuffle_epi8(_mm_loadu_si128(place), order)) };
        }
        super::swap_plain(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::{swap_plain, swap_red_blue};

    /// Every length and alignment around a block, by each loop that this machine can run.
    #[test]
    fn all_loops_agree() {
        let mut loops: Vec<fn(&mut [u8])> = vec![swap_red_blue];
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("ssse3") {
            // SAFETY: the machine has SSSE3.
            loops.push(|pixels| unsafe { super::x86::swap_ssse3(pixels) });
        }
        let source: Vec<u8> = (0..200u32).map(|n| (n * 37) as u8).collect();
        for swap in loops {
            for (start, end) in (0..9).flat_map(|start| (start..200).map(move |end| (start, end))) {
                let (mut one, mut other) = (source.clone(), source.clone());
                swap(&mut one[start..end]);
                swap_plain(&mut other[start..end]);
                assert_eq!(one, other, "{start}..{end}");
            }
        }
        let mut pixels = *b"abcdefghi";
        swap_red_blue(&mut pixels);
        assert_eq!(&pixels, b"cbadgfehi");
    }
}
