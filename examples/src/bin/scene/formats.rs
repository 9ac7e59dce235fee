//! Pbuffers of unusual formats: each holds what its config promises, more than eight bits of a channel can.

use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::{Config, Context};
use glxrun_examples::hold::say;
use glxrun_examples::{Result, check};
use x11_dl::glx::*;

use crate::app::App;

/// glxext.h: GLX_ARB_fbconfig_float and GLX_ARB_framebuffer_sRGB.
const RGBA_FLOAT_BIT: i32 = 4;
const RGBA_FLOAT_TYPE: i32 = 0x20B9;
const FRAMEBUFFER_SRGB_CAPABLE: i32 = 0x20B2;

struct Format {
    name: &'static str,
    /// What the config must have, beside pbuffers.
    wanted: &'static [(i32, i32)],
    render_type: i32,
    /// What is cleared to, with sRGB encoding if `encoded`.
    cleared: [f32; 4],
    encoded: bool,
    /// What must be read back, and how far it may be off.
    read: [f32; 4],
    within: f32,
}

const TEN_BITS: &[(i32, i32)] =
    &[(GLX_RENDER_TYPE, GLX_RGBA_BIT), (GLX_RED_SIZE, 10), (GLX_GREEN_SIZE, 10), (GLX_BLUE_SIZE, 10)];

const FORMATS: [Format; 4] = [
    Format {
        name: "float",
        wanted: &[(GLX_RENDER_TYPE, RGBA_FLOAT_BIT), (GLX_ALPHA_SIZE, 16)],
        render_type: RGBA_FLOAT_TYPE,
        cleared: [2.5, -1.0, 0.125, 100.0],
        encoded: false,
        read: [2.5, -1.0, 0.125, 100.0],
        within: 0.0,
    },
    Format {
        name: "ten-bits",
        wanted: TEN_BITS,
        render_type: GLX_RGBA_TYPE,
        // None of these is near a 255th.
        cleared: [514.0 / 1023.0, 2.0 / 1023.0, 1021.0 / 1023.0, 1.0],
        encoded: false,
        read: [514.0 / 1023.0, 2.0 / 1023.0, 1021.0 / 1023.0, 1.0],
        within: 0.0005,
    },
    Format {
        name: "srgb",
        wanted: &[(GLX_RENDER_TYPE, GLX_RGBA_BIT), (FRAMEBUFFER_SRGB_CAPABLE, 1), (GLX_RED_SIZE, 8)],
        render_type: GLX_RGBA_TYPE,
        cleared: [0.5, 0.0, 1.0, 1.0],
        encoded: true,
        // The encoding of a half (OpenGL 4.6, 17.3.7).
        read: [0.735, 0.0, 1.0, 1.0],
        within: 0.005,
    },
    Format {
        name: "multisampled",
        wanted: &[(GLX_RENDER_TYPE, GLX_RGBA_BIT), (GLX_SAMPLE_BUFFERS, 1), (GLX_SAMPLES, 4)],
        render_type: GLX_RGBA_TYPE,
        cleared: [0.2, 0.4, 0.6, 1.0],
        encoded: false,
        read: [0.2, 0.4, 0.6, 1.0],
        within: 0.002,
    },
];

/// Prints `format NAME: ok`, or that there is no such config.
pub fn formats(app: &mut App) -> Result<()> {
    for format in &FORMATS {
        let all = format.wanted.iter().chain(&[(GLX_DRAWABLE_TYPE, GLX_PBUFFER_BIT)]);
        let attributes: Vec<i32> = all.flat_map(|(name, value)| [*name, *value]).collect();
        let Some(config) = app.glx.choose_configs(&attributes).first().copied() else {
            say(&format!("format {}: no config", format.name))?;
            continue;
        };
        hold_what_they_promise(app, config, format).map_err(|error| format!("{}: {error}", format.name))?;
        say(&format!("format {}: ok", format.name))?;
    }
    app.hold()
}

fn hold_what_they_promise(app: &App, config: Config, format: &Format) -> Result<()> {
    for &(name, value) in format.wanted.iter().filter(|(name, _)| *name != GLX_RENDER_TYPE) {
        let told = app.glx.attribute(config, name);
        check(told >= value, || format!("attribute {name:#x} of the config is {told}"))?;
    }
    let gl = app.gl;
    let pbuffer = app.glx.create_pbuffer(config, (16, 16))?;
    let context = app.glx.create_context_of_type(config, format.render_type, Context::NONE)?;
    app.glx.make_current(pbuffer, context)?;
    if format.encoded {
        gl.enable(FRAMEBUFFER_SRGB);
    }
    let [r, g, b, a] = format.cleared;
    gl.clear_color(r, g, b, a);
    gl.clear(COLOR_BUFFER_BIT);
    let mut read = [0.0_f32; 4];
    // SAFETY: one pixel of four floats.
    unsafe { (gl.read_pixels_raw)(3, 3, 1, 1, RGBA, FLOAT, read.as_mut_ptr().cast()) };
    gl.check_errors("reading back")?;
    let near = read.iter().zip(format.read).all(|(read, wanted)| (read - wanted).abs() <= format.within);
    check(near, || format!("read {read:?}, not {:?}", format.read))?;
    app.glx.make_current(0, Context::NONE)?;
    app.glx.destroy_context(context);
    app.glx.destroy_pbuffer(pbuffer);
    Ok(())
}
