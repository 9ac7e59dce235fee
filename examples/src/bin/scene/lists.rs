//! Display lists and the attribute stack: they change what is drawn to without a call that names it, and while a list is
//! being compiled nothing that a swap or flush does by itself may end up in it.

use glxrun_examples::draw;
use glxrun_examples::gl::Gl;
use glxrun_examples::gl::consts::*;
use glxrun_examples::{Result, check};

use crate::app::App;

/// What a list that got more than the program's own calls would change.
const TRANSFER_STATES: [u32; 16] = [
    DRAW_BUFFER,
    READ_BUFFER,
    MAP_COLOR,
    MAP_STENCIL,
    INDEX_SHIFT,
    INDEX_OFFSET,
    RED_SCALE,
    RED_BIAS,
    GREEN_SCALE,
    GREEN_BIAS,
    BLUE_SCALE,
    BLUE_BIAS,
    ALPHA_SCALE,
    ALPHA_BIAS,
    SCISSOR_TEST,
    COLOR_WRITEMASK,
];

/// Four windows' worth of frames in one window: each step draws over a part of what was there.
pub fn lists(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window(config)?;
    let context = app.glx.create_context(config, glxrun_examples::glx::Context::NONE)?;
    app.glx.make_current(window.drawable, context)?;
    let gl = app.gl;
    draw::clear(&gl, 0);
    app.glx.swap(window.drawable);
    app.frame_done(0)?;

    // A list selects GL_FRONT, draws and selects GL_BACK.
    let list = gl.gen_lists(1);
    gl.new_list(list, COMPILE);
    gl.draw_buffer(FRONT);
    patch(&gl, 1);
    gl.draw_buffer(BACK);
    gl.end_list();
    gl.call_list(list);
    gl.flush();
    app.frame_done(1)?;

    // A list selects GL_FRONT and leaves it so.
    let list = gl.gen_lists(1);
    gl.new_list(list, COMPILE);
    gl.draw_buffer(FRONT);
    gl.end_list();
    gl.call_list(list);
    patch(&gl, 2);
    gl.flush();
    app.frame_done(2)?;

    // glPopAttrib goes back to GL_FRONT.
    gl.push_attrib(COLOR_BUFFER_BIT);
    gl.draw_buffer(BACK);
    gl.flush();
    gl.pop_attrib();
    patch(&gl, 3);
    gl.flush();
    app.frame_done(3)?;

    // glFlush shows GL_FRONT while lists are compiled, and is no part of them.
    for (frame, mode) in [(4, COMPILE), (5, COMPILE_AND_EXECUTE)] {
        gl.draw_buffer(FRONT);
        gl.read_buffer(BACK);
        patch(&gl, frame);
        let list = gl.gen_lists(1);
        gl.new_list(list, mode);
        gl.flush();
        gl.end_list();
        app.frame_done(frame)?;
        call_changes_nothing(&gl, list)?;
    }

    // So does glXSwapBuffers with the back buffer.
    for (frame, mode) in [(6, COMPILE), (7, COMPILE_AND_EXECUTE)] {
        gl.draw_buffer(BACK);
        gl.read_buffer(FRONT);
        draw::clear(&gl, frame);
        let list = gl.gen_lists(1);
        gl.new_list(list, mode);
        app.glx.swap(window.drawable);
        gl.end_list();
        app.frame_done(frame)?;
        call_changes_nothing(&gl, list)?;
    }
    gl.check_errors("display lists")?;
    app.hold()
}

/// Clears a part of the buffer to the background of another frame.
fn patch(gl: &Gl, frame: u32) {
    gl.enable(SCISSOR_TEST);
    gl.scissor(30 * frame as i32, 20, 25, 50);
    draw::clear(gl, frame);
    gl.disable(SCISSOR_TEST);
}

/// Calls `list` in a state unlike that in which it was compiled.
fn call_changes_nothing(gl: &Gl, list: u32) -> Result<()> {
    gl.push_attrib(u32::MAX);
    for (name, value) in [(MAP_COLOR, 1.0), (RED_SCALE, 0.25), (GREEN_BIAS, 0.5), (ALPHA_BIAS, 0.125)] {
        gl.pixel_transferf(name, value);
    }
    gl.enable(SCISSOR_TEST);
    gl.color_mask(1, 0, 1, 0);
    for (draw, read) in [(FRONT, FRONT), (BACK, BACK), (NONE, NONE)] {
        gl.draw_buffer(draw);
        gl.read_buffer(read);
        let before = TRANSFER_STATES.map(|name| gl.floats(name));
        gl.call_list(list);
        let after = TRANSFER_STATES.map(|name| gl.floats(name));
        for (name, (before, after)) in TRANSFER_STATES.iter().zip(before.iter().zip(&after)) {
            check(before == after, || {
                format!("state {name:#06x} was {before:?}, after calling a list {after:?}")
            })?;
        }
    }
    gl.pop_attrib();
    Ok(())
}
