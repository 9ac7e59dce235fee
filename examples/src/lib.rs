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

/// A short hash of pixels, to compare what two runs of a program read back (64-bit FNV-1a).
pub fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
