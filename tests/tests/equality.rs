//! A split program shows, pixel for pixel, what it shows when run direct: over a hundred frames, at odd sizes, on every
//! depth of the 2D side, with and without alpha.

use glxrun_tests::stage::Backend;
use glxrun_tests::{Result, Stage, compare_frames, ensure};

/// Compares `frames` frames of `scene spin` at `size` on a 2D side of `depth`, with further arguments.
fn spin(depth: u8, size: &str, frames: u32, arguments: &[&str]) -> Result<()> {
    let stage = Stage::with_depth(depth)?;
    let count = frames.to_string();
    let mut all = vec!["spin", "--size", size, "--frames", &count];
    all.extend(arguments);
    if depth == 30 && Backend::from_env()? == Backend::Glx {
        // Mesa's GLX has ten bits without alpha on a screen of that depth only, which the 3D side's is not.
        all.extend(["--alpha", "2"]);
    }
    let compared = compare_frames(&stage, "scene", &all)?;
    ensure!(compared == frames, "{compared} frames of {frames} were compared");
    Ok(())
}

macro_rules! equality {
    ($($name:ident: depth $depth:literal, $size:literal x $frames:literal $(, $argument:literal)*;)*) => {
        $( #[test] fn $name() -> Result<()> { spin($depth, $size, $frames, &[$($argument),*]) } )*
    };
}

equality! {
    depth_24_at_1x1: depth 24, "1x1" x 100;
    depth_24_at_17x13: depth 24, "17x13" x 100;
    depth_24_at_641x479: depth 24, "641x479" x 100;
    depth_24_at_1920x1080: depth 24, "1920x1080" x 100;

    depth_24_with_alpha_at_1x1: depth 24, "1x1" x 100, "--alpha", "8";
    depth_24_with_alpha_at_17x13: depth 24, "17x13" x 100, "--alpha", "8";
    depth_24_with_alpha_at_641x479: depth 24, "641x479" x 100, "--alpha", "8";
    depth_24_with_alpha_at_1920x1080: depth 24, "1920x1080" x 100, "--alpha", "8";

    depth_32_at_1x1: depth 24, "1x1" x 100, "--alpha", "8", "--visual-depth", "32";
    depth_32_at_17x13: depth 24, "17x13" x 100, "--alpha", "8", "--visual-depth", "32";
    depth_32_at_641x479: depth 24, "641x479" x 100, "--alpha", "8", "--visual-depth", "32";
    depth_32_at_1920x1080: depth 24, "1920x1080" x 100, "--alpha", "8", "--visual-depth", "32";

    depth_16_at_1x1: depth 16, "1x1" x 100;
    depth_16_at_17x13: depth 16, "17x13" x 100;
    depth_16_at_641x479: depth 16, "641x479" x 100;
    depth_16_at_1920x1080: depth 16, "1920x1080" x 100;

    depth_30_at_641x479: depth 30, "641x479" x 100;
    depth_30_at_17x13: depth 30, "17x13" x 100;

    multisampled: depth 24, "321x239" x 30, "--samples", "4";
    multisampled_without_stencil: depth 24, "321x239" x 30, "--samples", "4", "--stencil", "0";
    core_profile: depth 24, "321x239" x 30, "--core";
    glx_window: depth 24, "321x239" x 30, "--glx-window";
}
