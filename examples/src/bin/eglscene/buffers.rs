//! Cases about the front and the back buffer, and about copies of them.

use glxrun_examples::draw::{self, Cube};
use glxrun_examples::egl::consts::*;
use glxrun_examples::egl::{Context, Wanted};
use glxrun_examples::gl::Gl;
use glxrun_examples::gl::consts::*;
use glxrun_examples::{Result, check};
use x11_dl::xlib;

use crate::app::App;

fn selected(gl: &Gl, name: u32, value: u32) -> Result<()> {
    let actual = gl.integer(name);
    check(actual == value as i32, || format!("{name:#x} is {actual:#x}, not {value:#x}"))
}

/// Fills a rectangle of whatever buffers are selected with one colour.
fn fill(gl: &Gl, (x, y): (i32, i32), [r, g, b]: [f32; 3]) {
    gl.enable(SCISSOR_TEST);
    gl.scissor(x, y, 40, 30);
    gl.clear_color(r, g, b, 1.0);
    gl.clear(COLOR_BUFFER_BIT);
    gl.disable(SCISSOR_TEST);
}

pub fn front(app: &mut App) -> Result<()> {
    app.start()?;
    let gl = app.gl;
    let cube = Cube::new(&gl)?;
    gl.draw_buffer(FRONT);
    selected(&gl, DRAW_BUFFER, FRONT)?;
    for frame in 0..app.frames {
        // Three layers that intersect; each must meet the depths that the earlier ones left.
        cube.draw(&gl, frame, app.size.signed())?;
        gl.flush();
        cube.draw_turned(&gl, frame + 10, 1.3)?;
        gl.flush();
        cube.draw_turned(&gl, frame + 30, 0.8)?;
        gl.finish();
        app.frame_done(frame)?;
    }
    gl.check_errors("drawing to the front buffer")?;
    app.hold()
}

pub fn buffers(app: &mut App) -> Result<()> {
    let (window, context) = app.start()?;
    let (egl, gl) = (app.egl.clone(), app.gl);
    let cube = Cube::new(&gl)?;
    let size = app.size.signed();
    selected(&gl, DOUBLEBUFFER, 1)?;
    for frame in (0..app.frames).step_by(4) {
        selected(&gl, DRAW_BUFFER, BACK)?;
        selected(&gl, READ_BUFFER, BACK)?;
        cube.draw(&gl, frame, size)?;
        egl.swap(window.surface)?;
        app.frame_done(frame)?;

        // To the front for a moment, shown when the context goes.
        gl.draw_buffer(FRONT_LEFT);
        draw::clear(&gl, frame + 3);
        fill(&gl, (10, 10), [1.0, 0.0, 0.5]);
        egl.release()?;
        app.frame_done(frame + 1)?;
        egl.make_current(window.surface, window.surface, context)?;
        selected(&gl, DRAW_BUFFER, FRONT_LEFT)?;
        gl.draw_buffer(BACK);

        // To both at once: seen at once, and after a swap of what else is in the back.
        cube.draw(&gl, frame + 5, size)?;
        gl.draw_buffer(FRONT_AND_BACK);
        selected(&gl, DRAW_BUFFER, FRONT_AND_BACK)?;
        draw::clear(&gl, frame + 7);
        fill(&gl, (60, 20), [0.0, 1.0, 0.25]);
        gl.draw_buffers(&[FRONT_LEFT, BACK_LEFT]);
        fill(&gl, (160, 20), [0.25, 0.5, 1.0]);
        gl.finish();
        app.frame_done(frame + 2)?;
        gl.draw_buffer(BACK);
        fill(&gl, (110, 20), [0.5, 0.5, 0.0]);
        // Nothing of the front buffer's is new: no frame.
        gl.flush();
        egl.swap(window.surface)?;
        app.frame_done(frame + 3)?;

        gl.check_errors("selecting buffers")?;
        gl.draw_buffer(FRONT_RIGHT);
        check(gl.get_error() == INVALID_OPERATION, || "there is a right buffer".into())?;
    }
    app.hold()
}

/// The front buffer holds what was swapped. (Mesa's software EGL, run direct, finds nothing there.)
pub fn front_read(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let gl = app.gl;
    let cube = Cube::new(&gl)?;
    let (width, height) = app.size.signed();
    for frame in 0..app.frames {
        cube.draw(&gl, frame, (width, height))?;
        let drawn = gl.read_pixels(0, 0, width, height);
        app.egl.swap(window.surface)?;
        gl.clear_color(0.5, 0.5, 0.5, 0.5);
        gl.clear(COLOR_BUFFER_BIT);
        gl.read_buffer(FRONT);
        check(gl.read_pixels(0, 0, width, height) == drawn, || {
            format!("frame {frame}: the front buffer is not what was swapped")
        })?;
        gl.read_buffer(BACK);
        let back = gl.read_pixels(0, 0, 1, 1);
        // A half may be rounded either way.
        check(back[..3].iter().all(|value| (127..=128).contains(value)), || {
            format!("frame {frame}: the back buffer is {back:?}")
        })?;
        app.frame_done(frame)?;
    }
    gl.check_errors("reading the front buffer")?;
    app.hold()
}

/// What is drawn to the only buffer is seen after glFlush and glFinish. (Mesa's software EGL, run direct, gives such a
/// window two buffers.)
pub fn single_buffer(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window_of(config, (0, 0), SINGLE_BUFFER)?;
    let (egl, gl) = (app.egl.clone(), app.gl);
    let context = egl.create_context(config, app.wanted.api, Context::NONE)?;
    egl.make_current(window.surface, window.surface, context)?;
    let told = egl.surface_attribute(window.surface, RENDER_BUFFER)?;
    let by_context = egl.context_attribute(context, RENDER_BUFFER)?;
    check((told, by_context) == (SINGLE_BUFFER, SINGLE_BUFFER), || {
        format!("EGL_RENDER_BUFFER is {told:#x} of the surface, {by_context:#x} of the context")
    })?;
    if app.wanted.api == glxrun_examples::egl::Api::Gl {
        selected(&gl, DOUBLEBUFFER, 0)?;
        selected(&gl, DRAW_BUFFER, FRONT)?;
    }
    for frame in 0..app.frames {
        gl.viewport(0, 0, app.size.signed().0, app.size.signed().1);
        draw::clear(&gl, frame);
        if frame % 2 == 0 {
            gl.flush()
        } else {
            gl.finish()
        }
        // Only what X has by now counts.
        egl.functions().wait_client();
        shows(app, window.x, frame)?;
        app.frame_done(frame)?;
    }
    gl.check_errors("drawing to the only buffer")?;
    app.hold()
}

/// eglCopyBuffers: what is drawn goes to a pixmap, and the window keeps what it shows. (Mesa's software EGL swaps.)
pub fn copy_buffers(app: &mut App) -> Result<()> {
    app.wanted = Wanted { surfaces: WINDOW_BIT | PIXMAP_BIT, ..app.wanted };
    let (window, _) = app.start()?;
    let (egl, gl) = (app.egl.clone(), app.gl);
    let size = (app.size.0, app.size.1);
    let pixmap = app.display().create_pixmap(size, app.display().root_depth());
    gl.viewport(0, 0, app.size.signed().0, app.size.signed().1);
    draw::clear(&gl, 0);
    egl.swap(window.surface)?;
    app.frame_done(0)?;
    for frame in 1..app.frames {
        draw::clear(&gl, frame);
        egl.copy_buffers(window.surface, pixmap)?;
        shows(app, pixmap, frame)?;
        egl.functions().wait_client();
        shows(app, window.x, 0)?;
        app.frame_done(frame)?;
    }
    let small = app.display().create_pixmap((size.0 + 1, size.1), app.display().root_depth());
    let refused = egl.copy_buffers(window.surface, small);
    check(refused.is_err(), || "a copy to a pixmap of another size".into())?;
    app.hold()
}

/// X finds the background of `frame` in a drawable.
fn shows(app: &App, drawable: xlib::Drawable, frame: u32) -> Result<()> {
    let [r, g, b, _] = draw::background(frame).map(|value| (value * 255.0).round() as u8);
    let expected = u32::from_be_bytes([0, r, g, b]);
    let seen = app.display().pixels(drawable, (app.size.0, app.size.1), 24)?;
    let wrong = seen.iter().find(|pixel| **pixel & 0xff_ffff != expected);
    check(wrong.is_none(), || format!("frame {frame}: X sees {wrong:06x?}, drawn was {expected:06x}"))
}
