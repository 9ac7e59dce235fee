//! A swap leaves the program's OpenGL state as it was.

use std::collections::BTreeSet;
use std::path::Path;

use glxrun_tests::{Program, Result, Stage, ensure};

/// Runs `states` direct, which tests the test, and split.
fn are_kept(arguments: &[&str]) -> Result<()> {
    let stage = Stage::start()?;
    let mut direct = stage.direct("states")?;
    direct.args(arguments);
    Program::run(direct)?.success()?;
    for options in [&[][..], &["--opaque", "fast"], &["--readback", "direct"]] {
        let mut split = stage.split(options, "states")?;
        split.args(arguments);
        Program::run(split)?.success()?;
    }
    Ok(())
}

#[test]
fn of_compatibility_contexts() -> Result<()> {
    are_kept(&["compat"])
}

#[test]
fn of_core_contexts() -> Result<()> {
    are_kept(&["core"])
}

#[test]
fn of_es_2_contexts() -> Result<()> {
    are_kept(&["es2"])
}

#[test]
fn of_es_3_contexts() -> Result<()> {
    are_kept(&["es3"])
}

#[test]
fn of_multisampled_windows() -> Result<()> {
    are_kept(&["compat", "--samples", "4"])?;
    are_kept(&["core", "--samples", "4"])
}

/// The driver's functions that are called around a frame in the program's context, each with what the example `states`
/// watches of it. A new one needs its state there first.
const CALLS: [(&str, &str); 36] = [
    ("glBeginConditionalRender", "that it is on: `scene conditional`"),
    ("glBeginConditionalRenderNV", "no call of ours: the program's own"),
    ("glBindBuffer", "PIXEL_PACK_BUFFER_BINDING, PIXEL_UNPACK_BUFFER_BINDING"),
    ("glBindRenderbuffer", "no state of the program\'s; only in contexts of ours"),
    ("glBindFramebuffer", "READ_FRAMEBUFFER_BINDING, DRAW_FRAMEBUFFER_BINDING"),
    ("glBlitFramebuffer", "no state"),
    ("glClear", "no state"),
    ("glClearColor", "COLOR_CLEAR_VALUE"),
    ("glColorMask", "COLOR_WRITEMASK"),
    ("glColorMaski", "COLOR_WRITEMASK, of buffer 1 too"),
    ("glDisable", "SCISSOR_TEST, of viewport 1 too, FRAMEBUFFER_SRGB, RASTERIZER_DISCARD, DITHER"),
    ("glDisablei", "SCISSOR_TEST, of viewport 1 too"),
    ("glDrawBuffer", "DRAW_BUFFER"),
    ("glDrawBuffers", "DRAW_BUFFER0, DRAW_BUFFER1"),
    ("glDrawPixels", "no state; only in contexts of ours"),
    ("glEnable", "as glDisable"),
    ("glEnablei", "as glDisablei"),
    ("glEndConditionalRender", "as glBeginConditionalRender"),
    ("glEndConditionalRenderNV", "as glBeginConditionalRenderNV"),
    ("glFinish", "no state"),
    ("glGetBooleani_v", "no state"),
    ("glGetBooleanv", "no state"),
    ("glGetFloatv", "no state"),
    ("glGetIntegerv", "no state"),
    ("glPixelStorei", "PACK_* and UNPACK_*"),
    ("glPixelTransferf", "MAP_COLOR, *_SCALE, *_BIAS"),
    ("glPixelZoom", "ZOOM_X; only in contexts of ours"),
    ("glReadBuffer", "READ_BUFFER"),
    ("glReadPixels", "no state"),
    ("glDeleteFramebuffers", "no state: objects of ours"),
    ("glDeleteRenderbuffers", "no state: objects of ours"),
    ("glFramebufferRenderbuffer", "no state: objects of ours"),
    ("glGenFramebuffers", "no state: objects of ours"),
    ("glGenRenderbuffers", "no state: objects of ours"),
    ("glRenderbufferStorage", "no state: objects of ours"),
    ("glWindowPos2i", "CURRENT_RASTER_POSITION; only in contexts of ours"),
];

#[test]
fn all_that_frames_call_is_watched() -> Result<()> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interposer/src");
    let mut files: Vec<_> = ["alpha", "api", "buffers", "conditional", "state"]
        .map(|name| source.join(format!("gl/{name}.rs")))
        .into();
    for entry in std::fs::read_dir(source.join("frame"))? {
        files.push(entry?.path());
    }
    let mut called = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file)?;
        for call in text.split("gl!(").skip(1) {
            let name: String = call
                .trim_start_matches("real ")
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if name.starts_with("gl") {
                called.insert(name);
            }
        }
    }
    let listed: BTreeSet<String> = CALLS.iter().map(|(name, _)| (*name).to_owned()).collect();
    ensure!(
        called == listed,
        "called but not in the list: {:?}; in the list but not called: {:?}",
        called.difference(&listed).collect::<Vec<_>>(),
        listed.difference(&called).collect::<Vec<_>>()
    );
    Ok(())
}
