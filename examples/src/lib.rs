//! What the example programs share: they open a display, load OpenGL in the way under test, choose a config, open a
//! window, draw a scene that is fully determined by a frame number, and hold the last picture until told to go.
//!
//! The programs are written as applications are: nothing in here knows of glxrun. Run by themselves on a display with
//! GLX they show the reference picture; run by `glxrun` they must show the same.

pub mod args;
pub mod draw;
pub mod egl;
pub mod gl;
pub mod glx;
pub mod hold;
pub mod image;
pub mod load;
pub mod setup;
pub mod timing;
pub mod xlib;

/// Any error, as text for the user: the examples only print it.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A result whose error is only ever printed.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Fails with `message` unless `condition` holds: the programs' own checks, which decide their exit status.
pub fn check(condition: bool, message: impl FnOnce() -> String) -> Result<()> {
    if condition { Ok(()) } else { Err(message().into()) }
}

/// What tells pixels (4 bytes each, `width` a row) that two runs of a program read back: their hash, and after a `~` the
/// average colours of 4 x 4 parts, in hexadecimal, which another rasteriser must come near to.
pub fn digest(bytes: &[u8], width: usize) -> String {
    const PARTS: usize = 4;
    let height = bytes.len() / (width * 4).max(1);
    let mut text = format!("{:016x} ~", hash(bytes));
    for part in 0..PARTS * PARTS {
        let span = |index: usize, whole: usize| {
            let first = (index * whole / PARTS).min(whole.saturating_sub(1));
            first..((index + 1) * whole / PARTS).max(first + 1).min(whole)
        };
        let (rows, columns) = (span(part / PARTS, height), span(part % PARTS, width));
        let count = (rows.len() * columns.len()).max(1);
        for channel in 0..4 {
            let pixels = rows.clone().flat_map(|y| columns.clone().map(move |x| (y * width + x) * 4));
            let sum: usize = pixels.map(|at| usize::from(bytes[at + channel])).sum();
            text.push_str(&format!("{:02x}", sum / count));
        }
    }
    text
}

/// Four bytes for each pixel of an X server, one for each channel, for [`digest`].
pub fn pixel_bytes(pixels: Vec<u32>, depth: i32) -> Vec<u8> {
    let channels = |pixel: u32| match depth {
        16 => [pixel << 3 & 0xf8, pixel >> 3 & 0xfc, pixel >> 8 & 0xf8, 0].map(|channel| channel as u8),
        _ => pixel.to_ne_bytes(),
    };
    pixels.into_iter().flat_map(channels).collect()
}

/// A short hash of pixels, to compare what two runs of a program read back (64-bit FNV-1a).
pub fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
