//! Cases about what GLX answers rather than what it draws: errors for wrong calls, and what visuals are like.

use glxrun_examples::draw::Cube;
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::{Context, Wanted};
use glxrun_examples::hold::say;
use glxrun_examples::xlib::WindowSpec;
use glxrun_examples::{Result, check};
use x11_dl::glx::*;

use crate::app::App;

/// Prints `error CALL CODE` for each wrong call: `GLX+N` counts from GLX's first error, others are the core protocol's.
pub fn errors(app: &mut App) -> Result<()> {
    app.wanted =
        Wanted { drawables: GLX_WINDOW_BIT | GLX_PIXMAP_BIT | GLX_PBUFFER_BIT, double: false, ..app.wanted };
    let config = app.config()?;
    let window = app.window(config)?.x;
    let glx = app.glx.clone();
    let depth = glx.visual(config).map_or(24, |visual| visual.depth);
    let glx_window = glx.create_window(config, window);
    let pixmap = glx.create_pixmap(config, app.display().create_pixmap((20, 30), depth));
    let pbuffer = glx.create_pbuffer(config, (20, 30))?;
    let context = app.context(config, Context::NONE)?;
    let unknown = 0x0123_4567;
    let base = glx.error_base()?;
    app.display().collect_errors();
    let told = |call: &str, result: String| {
        let errors = app.display().take_errors().into_iter().map(|(code, ..)| match i32::from(code) - base {
            of_glx @ 0.. => format!(" GLX+{of_glx}"),
            _ => format!(" X{code}"),
        });
        say(&format!("error {call}{}{result}", errors.collect::<String>()))
    };
    for (kind, drawable) in [("pixmap", pixmap), ("pbuffer", pbuffer), ("unknown", unknown)] {
        glx.destroy_window(drawable);
        told(&format!("glXDestroyWindow {kind}"), String::new())?;
    }
    for (kind, drawable) in [("window", glx_window), ("pbuffer", pbuffer), ("unknown", unknown)] {
        glx.destroy_pixmap(drawable);
        told(&format!("glXDestroyPixmap {kind}"), String::new())?;
    }
    for (kind, drawable) in [("window", glx_window), ("pixmap", pixmap), ("unknown", unknown)] {
        glx.destroy_pbuffer(drawable);
        told(&format!("glXDestroyPbuffer {kind}"), String::new())?;
    }
    for (kind, drawable) in [("window", window), ("unknown", unknown)] {
        glx.create_pixmap(config, drawable);
        told(&format!("glXCreatePixmap {kind}"), String::new())?;
    }
    let done = glx.make_current(unknown, context).is_ok();
    told("glXMakeCurrent unknown", format!(" {done}"))?;
    // All of them are still there.
    for drawable in [glx_window, pixmap, pbuffer] {
        glx.make_current(drawable, context)?;
    }
    glx.make_current(0, Context::NONE)?;
    glx.destroy_window(glx_window);
    glx.destroy_pixmap(pixmap);
    glx.destroy_pbuffer(pbuffer);
    told("none", String::new())
}

const ATTRIBUTES: [i32; 9] = [
    GLX_USE_GL,
    GLX_RGBA,
    GLX_DOUBLEBUFFER,
    GLX_BUFFER_SIZE,
    GLX_ALPHA_SIZE,
    GLX_DEPTH_SIZE,
    GLX_STENCIL_SIZE,
    GLX_ACCUM_RED_SIZE,
    GLX_SAMPLES,
];

/// What glXGetConfig says of every visual.
fn descriptions(app: &App) -> Vec<(u64, [Result<i32, i32>; 9])> {
    let describe = |visual| ATTRIBUTES.map(|name| app.glx.visual_attribute(&visual, name));
    app.display().visuals().into_iter().map(|visual| (visual.visualid, describe(visual))).collect()
}

/// A visual is what it was when all configs have been listed, as toolkits do; and of two that were chosen with and without
/// GLX_DOUBLEBUFFER each stays what was asked for, even if there are not as many visuals as kinds of them.
pub fn visuals(app: &mut App) -> Result<()> {
    let glx = app.glx.clone();
    let before = descriptions(app);
    let configs = glx.all_configs();
    let with_visual = configs.iter().filter(|config| glx.visual(**config).is_some()).count();
    check(with_visual > 1, || format!("{with_visual} of {} configs have a visual", configs.len()))?;
    for (was, is) in before.iter().zip(descriptions(app)) {
        check(*was == is, || format!("listing the configs changed visual {was:x?} to {is:x?}"))?;
    }

    let single = glx.choose_visual_to_keep(&[GLX_RGBA, GLX_RED_SIZE, 8])?;
    let double =
        glx.choose_visual_to_keep(&[GLX_RGBA, GLX_DOUBLEBUFFER, GLX_RED_SIZE, 8, GLX_DEPTH_SIZE, 24])?;
    let mut parts = Vec::new();
    for (buffers, visual) in [(1, single), (2, double)] {
        let told = glx.visual_attribute(visual, GLX_DOUBLEBUFFER);
        check(told == Ok(buffers - 1), || format!("GLX_DOUBLEBUFFER with {buffers} buffers: {told:?}"))?;
        let spec = WindowSpec {
            visual: *visual,
            parent: None,
            position: ((app.size.0 as i32 + 10) * (buffers - 1), 0),
            size: (app.size.0, app.size.1),
            title: &app.title,
        };
        let window = app.display().create_window(&spec)?;
        app.display().map(window);
        parts.push((buffers, window, glx.create_visual_context(visual, Context::NONE)?));
    }
    for frame in 0..app.frames {
        for (buffers, window, context) in &parts {
            glx.make_current(*window, *context)?;
            let double = app.gl.integer(DOUBLEBUFFER);
            check(double == buffers - 1, || format!("GL_DOUBLEBUFFER with {buffers} buffers: {double}"))?;
            Cube::new(&app.gl)?.draw(&app.gl, frame + *buffers as u32, app.size.signed())?;
            match buffers {
                1 => app.gl.flush(),
                _ => glx.swap(*window),
            }
        }
        app.frame_done(frame)?;
    }
    app.hold()
}
