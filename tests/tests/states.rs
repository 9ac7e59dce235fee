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
    for options in [&[][..], &["--opaque", "fast"], &["--readback", "direct"], &["--readback", "pbo"]] {
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
const CALLS: [(&str, &str); 66] = [
    ("glAttachShader", "no state: objects of ours"),
    ("glBindBufferBase", "SHADER_STORAGE_BUFFER_BINDING, also of points 0 and 1"),
    ("glBindBufferRange", "as glBindBufferBase"),
    ("glCompileShader", "no state: objects of ours"),
    ("glCreateProgram", "no state: objects of ours"),
    ("glCreateShader", "no state: objects of ours"),
    ("glDeleteProgram", "no state: objects of ours"),
    ("glDeleteShader", "no state: objects of ours"),
    ("glDispatchCompute", "no state"),
    ("glGetInteger64i_v", "no state"),
    ("glGetIntegeri_v", "no state"),
    ("glGetProgramiv", "no state"),
    ("glLinkProgram", "no state: objects of ours"),
    ("glMemoryBarrier", "no state"),
    ("glMemoryObjectParameterivEXT", "no state: objects of ours"),
    ("glShaderSource", "no state: objects of ours"),
    ("glUniform1ui", "no state: a program of ours"),
    ("glUseProgram", "CURRENT_PROGRAM"),
    ("glBufferStorage", "no state: objects of ours"),
    ("glBufferStorageMemEXT", "no state: objects of ours"),
    ("glClientWaitSync", "no state; only in contexts of ours"),
    ("glCreateMemoryObjectsEXT", "no state: objects of ours"),
    ("glDeleteBuffers", "no state: objects of ours, not bound"),
    ("glDeleteMemoryObjectsEXT", "no state: objects of ours"),
    ("glDeleteSync", "no state: objects of ours"),
    ("glFenceSync", "no state: objects of ours"),
    ("glFlush", "no state"),
    ("glGenBuffers", "no state: objects of ours"),
    ("glImportMemoryFdEXT", "no state: objects of ours"),
    ("glMapBufferRange", "no state: objects of ours"),
    ("glBeginConditionalRender", "that it is on: `scene conditional`"),
    ("glBeginConditionalRenderNV", "no call of ours: the program's own"),
    ("glBindBuffer", "PIXEL_PACK_BUFFER_BINDING, PIXEL_UNPACK_BUFFER_BINDING"),
    ("glBindRenderbuffer", "RENDERBUFFER_BINDING"),
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
    let mut files: Vec<_> = ["alpha", "api", "buffers", "conditional", "flip", "state"]
        .map(|name| source.join(format!("gl/{name}.rs")))
        .into();
    files.push(source.join("render/fence.rs"));
    for folder in ["frame", "frame/transfer"] {
        for entry in std::fs::read_dir(source.join(folder))? {
            files.push(entry?.path());
        }
    }
    files.retain(|file| file.is_file());
    let mut called = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file)?;
        // The macro's calls, and functions that are asked for to use what they give.
        let by_macro = text.split("gl!(").skip(1);
        let by_name = text.split("api::").skip(1).filter(|rest| {
            rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')
                .trim_start()
                .starts_with(".get()")
        });
        for call in by_macro.chain(by_name) {
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
