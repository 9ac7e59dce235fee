//! Cases about what a frame is: swaps, front-buffer drawing, one buffer, sizes, what can be read back.

use glxrun_examples::args::{Size, Sizes};
use glxrun_examples::draw::{self, Cube};
use glxrun_examples::gl::Gl;
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::{Context, Wanted};
use glxrun_examples::hold::say;
use glxrun_examples::{Result, check, digest, pixel_bytes};
use x11_dl::glx::{GLX_DEPTH_SIZE, GLX_DOUBLEBUFFER, GLX_RED_SIZE, GLX_RGBA};

use crate::app::{App, Window};

pub fn spin(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let cube = Cube::new(&app.gl)?;
    for frame in 0..app.frames {
        cube.draw(&app.gl, frame, app.size.signed())?;
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()
}

pub fn front(app: &mut App) -> Result<()> {
    app.start()?;
    let gl = app.gl;
    let cube = Cube::new(&gl)?;
    gl.draw_buffer(FRONT);
    gl.read_buffer(FRONT);
    check(gl.integer(DRAW_BUFFER) == FRONT as i32, || "GL_DRAW_BUFFER is not GL_FRONT".into())?;
    check(gl.integer(READ_BUFFER) == FRONT as i32, || "GL_READ_BUFFER is not GL_FRONT".into())?;
    let size = app.size.signed();
    for frame in 0..app.frames {
        // Three layers that intersect; each must meet the depths that the earlier ones left.
        cube.draw(&gl, frame, size)?;
        gl.flush();
        cube.draw_turned(&gl, frame + 10, 1.3)?;
        gl.flush();
        cube.draw_turned(&gl, frame + 30, 0.8)?;
        gl.finish();
        check_corner(app, frame)?;
        app.frame_done(frame)?;
    }
    app.hold()
}

/// Draws a rectangle of one colour to whatever buffers are selected.
fn fill(gl: &Gl, (x, y): (i32, i32), [r, g, b]: [f32; 3]) {
    gl.enable(SCISSOR_TEST);
    gl.scissor(x, y, 40, 30);
    gl.clear_color(r, g, b, 1.0);
    gl.clear(COLOR_BUFFER_BIT);
    gl.disable(SCISSOR_TEST);
}

pub fn buffers(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let gl = app.gl;
    let cube = Cube::new(&gl)?;
    let size = app.size.signed();
    let selected = |name: u32, value: u32| {
        let actual = gl.integer(name);
        check(actual == value as i32, || format!("{name:#x} is {actual:#x}, not {value:#x}"))
    };
    let refused = |error: u32| {
        let actual = gl.get_error();
        check(actual == error, || format!("error {actual:#x}, not {error:#x}"))?;
        selected(DRAW_BUFFER, BACK)
    };
    selected(DOUBLEBUFFER, 1)?;
    for frame in (0..app.frames).step_by(4) {
        selected(DRAW_BUFFER, BACK)?;
        selected(READ_BUFFER, BACK)?;
        cube.draw(&gl, frame, size)?;
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;

        // To the front for a moment; what was selected before comes back by itself.
        gl.push_attrib(COLOR_BUFFER_BIT);
        gl.draw_buffer(FRONT_LEFT);
        selected(DRAW_BUFFER, FRONT_LEFT)?;
        draw::clear(&gl, frame + 3);
        fill(&gl, (10, 10), [1.0, 0.0, 0.5]);
        gl.pop_attrib();
        selected(DRAW_BUFFER, BACK)?;
        gl.flush();
        app.frame_done(frame + 1)?;

        // To both at once: seen at once, and after a swap of what else is in the back.
        cube.draw(&gl, frame + 5, size)?;
        gl.draw_buffer(FRONT_AND_BACK);
        selected(DRAW_BUFFER, FRONT_AND_BACK)?;
        draw::clear(&gl, frame + 7);
        fill(&gl, (60, 20), [0.0, 1.0, 0.25]);
        gl.draw_buffers(&[FRONT_LEFT, BACK_LEFT]);
        selected(DRAW_BUFFER, FRONT_LEFT)?;
        fill(&gl, (160, 20), [0.25, 0.5, 1.0]);
        gl.finish();
        app.frame_done(frame + 2)?;
        gl.draw_buffers(&[BACK_LEFT]);
        selected(DRAW_BUFFER, BACK_LEFT)?;
        gl.draw_buffer(BACK);
        fill(&gl, (110, 20), [0.5, 0.5, 0.0]);
        app.glx.swap(window.drawable);
        app.frame_done(frame + 3)?;

        gl.check_errors("selecting buffers")?;
        gl.draw_buffer(FRONT_RIGHT);
        refused(INVALID_OPERATION)?;
        gl.draw_buffers(&[FRONT]);
        refused(INVALID_ENUM)?;
        gl.draw_buffers(&[BACK_LEFT, BACK_LEFT]);
        refused(INVALID_OPERATION)?;
    }
    app.hold()
}

pub fn front_read(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let gl = app.gl;
    let cube = Cube::new(&gl)?;
    let (width, height) = app.size.signed();
    for frame in 0..app.frames {
        cube.draw(&gl, frame, (width, height))?;
        let drawn = gl.read_pixels(0, 0, width, height);
        app.glx.swap(window.drawable);
        // Drawn over before the front is looked at: it must have a place of its own.
        gl.clear_color(0.5, 0.5, 0.5, 0.5);
        gl.clear(COLOR_BUFFER_BIT);
        gl.read_buffer(FRONT);
        let shown = gl.read_pixels(0, 0, width, height);
        let different = drawn.iter().zip(&shown).position(|(drawn, shown)| drawn != shown);
        check(different.is_none(), || {
            let place = different.unwrap_or(0) / 4 * 4;
            let (drawn, shown) = (&drawn[place..place + 4], &shown[place..place + 4]);
            format!("frame {frame}: pixel {} of the front is {shown:?}, swapped was {drawn:?}", place / 4)
        })?;
        gl.read_buffer(BACK);
        app.frame_done(frame)?;
    }
    app.hold()
}

/// A swap is no OpenGL command: the condition under which these are discarded is none for it, and stays.
pub fn conditional(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let gl = app.gl;
    let cube = Cube::new(&gl)?;
    let (width, height) = app.size.signed();
    let nothing_passed = gl.new_query();
    // From here on the front buffer is kept.
    gl.read_buffer(FRONT);
    for frame in 0..app.frames {
        gl.read_buffer(BACK);
        cube.draw(&gl, frame, (width, height))?;
        let drawn = gl.read_pixels(0, 0, width, height);
        gl.begin_query(SAMPLES_PASSED, nothing_passed);
        gl.end_query(SAMPLES_PASSED);
        gl.begin_conditional_render(nothing_passed, QUERY_WAIT);
        app.glx.swap(window.drawable);
        gl.read_buffer(FRONT);
        let shown = gl.read_pixels(0, 0, width, height);
        gl.clear_color(0.5, 0.5, 0.5, 0.5);
        gl.read_buffer(BACK);
        let before = gl.read_pixels(0, 0, 1, 1);
        gl.clear(COLOR_BUFFER_BIT);
        let after = gl.read_pixels(0, 0, 1, 1);
        gl.end_conditional_render();
        check(drawn == shown, || format!("frame {frame}: the front buffer is not what was swapped"))?;
        check(before == after, || format!("frame {frame}: the swap has ended conditional rendering"))?;
        gl.check_errors("conditional rendering")?;
        app.frame_done(frame)?;
    }
    app.hold()
}

pub fn dest_alpha(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let gl = app.gl;
    let alpha_bits = gl.integer(ALPHA_BITS);
    check(alpha_bits == app.wanted.alpha, || format!("GL_ALPHA_BITS is {alpha_bits}"))?;
    let cube = Cube::new(&gl)?;
    let (width, height) = app.size.signed();
    for frame in 0..app.frames {
        gl.viewport(0, 0, width, height);
        gl.disable(BLEND);
        draw::clear(&gl, frame);
        // Stripes of alpha 0, 1/3, 2/3 and 1 that the blended cube shows through.
        gl.enable(SCISSOR_TEST);
        for stripe in 0..4 {
            gl.scissor(stripe * width / 4, 0, width / 4, height);
            gl.clear_color(0.1, 0.2, 0.3, stripe as f32 / 3.0);
            gl.clear(COLOR_BUFFER_BIT);
        }
        gl.disable(SCISSOR_TEST);
        gl.enable(BLEND);
        gl.blend_func(DST_ALPHA, ONE_MINUS_DST_ALPHA);
        cube.draw_turned(&gl, frame, 1.5)?;
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()
}

pub fn readback(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let cube = Cube::new(&app.gl)?;
    let (width, height) = app.size.signed();
    for frame in 0..app.frames {
        cube.draw(&app.gl, frame, (width, height))?;
        check_corner(app, frame)?;
        let pixels = app.gl.read_pixels(0, 0, width, height);
        say(&format!("hash {frame} {}", digest(&pixels, width as usize)))?;
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.gl.check_errors("reading back")?;
    app.hold()
}

/// What is drawn has little alpha, and there is state that a careless look at the alpha would disturb; it reads back as 1
/// in every way that there is.
pub fn opaque(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let gl = app.gl;
    check(gl.integer(ALPHA_BITS) == 0, || format!("GL_ALPHA_BITS is {}", gl.integer(ALPHA_BITS)))?;
    let bits = gl.floats(ALPHA_BITS)[0];
    check(bits == 0.0, || format!("GL_ALPHA_BITS is {bits} as a float"))?;
    let (width, height) = app.size.signed();
    let texture = gl.texture(16, 16, None)?;
    for frame in 0..app.frames {
        gl.clear_color(0.1 * frame as f32, 0.5, 0.25, 0.125);
        gl.clear(COLOR_BUFFER_BIT);
        gl.scissor(3, 2, width / 2, height / 2);
        gl.enable(SCISSOR_TEST);
        gl.color_mask(1, 0, 1, 0);
        let read = gl.read_pixels(0, 0, width, height);
        gl.bind_texture(TEXTURE_2D, texture);
        gl.copy_tex_image_2d(TEXTURE_2D, 0, RGBA, 0, 0, width, height, 0);
        let mut copied = vec![0; read.len()];
        // SAFETY: room for the whole texture, whose size is the window's.
        unsafe { (gl.get_tex_image)(TEXTURE_2D, 0, RGBA, UNSIGNED_BYTE, copied.as_mut_ptr().cast()) };
        for pixels in [&read, &copied] {
            check(pixels.chunks(4).all(|pixel| pixel[3] == 255), || {
                format!("frame {frame}: alpha is not 1")
            })?;
        }
        say(&format!("hash {frame} {} {}", digest(&read, width as usize), digest(&copied, width as usize)))?;
        check(gl.floats(COLOR_CLEAR_VALUE)[3] == 0.125, || "the clear colour has changed".into())?;
        // Through the scissor and the mask that were set before.
        gl.clear_color(1.0, 1.0, 0.0, 0.0);
        gl.clear(COLOR_BUFFER_BIT);
        gl.disable(SCISSOR_TEST);
        gl.color_mask(1, 1, 1, 1);
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    gl.check_errors("reading in all ways")?;
    app.hold()
}

/// The bottom left pixel is background: it must read back as it was cleared, alpha as 1 where the window has none.
fn check_corner(app: &App, frame: u32) -> Result<()> {
    let read = app.gl.read_pixels(0, 0, 1, 1);
    let mut expected = draw::background(frame).map(|value| (value * 255.0).round() as u8);
    if app.wanted.alpha == 0 {
        expected[3] = 255;
    }
    // Five and six bits a channel cannot hold eight.
    let tolerance = if app.display().root_depth() == 16 { 5 } else { 0 };
    let near = read.iter().zip(expected).all(|(read, expected)| read.abs_diff(expected) <= tolerance);
    check(near, || format!("frame {frame}: read {read:?} in the corner, cleared to {expected:?}"))
}

pub fn resize(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let cube = Cube::new(&app.gl)?;
    let sizes = app.sizes.clone().unwrap_or_else(|| {
        Sizes(
            [(100, 80), (333, 47), (17, 13), (401, 299), (1, 1), (640, 480), (222, 333)]
                .map(to_size)
                .to_vec(),
        )
    });
    // A first frame as it is: Mesa's software GLX looks at a window's size when it has swapped, not before the first swap.
    cube.draw(&app.gl, 0, app.size.signed())?;
    app.glx.swap(window.drawable);
    app.frame_done(0)?;
    for (frame, size) in (1..).zip(sizes.0) {
        app.display().resize(window.x, (size.0, size.1));
        cube.draw(&app.gl, frame, size.signed())?;
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()
}

/// Like a program under a window manager: it hears of a new size by ConfigureNotify, draws in that size, and swaps once. The
/// bottom left pixel is green, the top right one red.
pub fn follow(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let gl = app.gl;
    let mut size = (app.size.0, app.size.1);
    say("ready")?;
    for frame in 0..app.frames {
        let known = size;
        while size == known {
            size = app.display().next_size(window.x);
        }
        let (width, height) = (size.0 as i32, size.1 as i32);
        gl.viewport(0, 0, width, height);
        draw::clear(&gl, frame);
        gl.enable(SCISSOR_TEST);
        for (x, y, [r, g, b]) in [(0, 0, [0.0, 1.0, 0.0]), (width - 1, height - 1, [1.0, 0.0, 0.0])] {
            gl.scissor(x, y, 1, 1);
            gl.clear_color(r, g, b, 1.0);
            gl.clear(COLOR_BUFFER_BIT);
        }
        gl.disable(SCISSOR_TEST);
        app.glx.swap(window.drawable);
    }
    app.hold()
}

/// The X server's picture of the window is the frame as soon as the program itself asks for it.
pub fn get_image(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let cube = Cube::new(&app.gl)?;
    let depth = app.display().root_depth();
    for frame in 0..app.frames {
        cube.draw(&app.gl, frame, app.size.signed())?;
        app.glx.swap(window.drawable);
        let pixels = app.display().pixels(window.x, (app.size.0, app.size.1), depth)?;
        let pixels = pixel_bytes(pixels, depth);
        say(&format!("hash {frame} {}", digest(&pixels, app.size.0 as usize)))?;
        app.frame_done(frame)?;
    }
    app.hold()
}

fn to_size((width, height): (u32, u32)) -> Size {
    Size(width, height)
}

pub fn single_buffer(app: &mut App) -> Result<()> {
    app.wanted = Wanted { double: false, ..app.wanted };
    app.start()?;
    let gl = app.gl;
    check(gl.integer(DOUBLEBUFFER) == 0, || "GL_DOUBLEBUFFER is set".into())?;
    check(gl.integer(DRAW_BUFFER) == FRONT as i32, || "GL_DRAW_BUFFER is not GL_FRONT".into())?;
    let cube = Cube::new(&gl)?;
    for frame in 0..app.frames {
        cube.draw(&gl, frame, app.size.signed())?;
        gl.flush();
        app.frame_done(frame)?;
    }
    app.hold()
}

pub fn stencil(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let gl = app.gl;
    let cube = Cube::new(&gl)?;
    for frame in 0..app.frames {
        gl.disable(STENCIL_TEST);
        draw::clear(&gl, frame);
        gl.enable(STENCIL_TEST);
        gl.stencil_func(ALWAYS, 1, 0xff);
        gl.stencil_op(KEEP, KEEP, REPLACE);
        gl.color_mask(0, 0, 0, 0);
        cube.draw_turned(&gl, frame, 0.7)?;
        gl.color_mask(1, 1, 1, 1);
        gl.clear(DEPTH_BUFFER_BIT);
        gl.stencil_func(EQUAL, 0, 0xff);
        cube.draw_turned(&gl, frame + 20, 1.6)?;
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()
}

pub fn legacy(app: &mut App) -> Result<()> {
    let attributes = [GLX_RGBA, GLX_DOUBLEBUFFER, GLX_RED_SIZE, 1, GLX_DEPTH_SIZE, 1];
    let visual = app.glx.choose_visual(&attributes)?;
    let spec = glxrun_examples::xlib::WindowSpec {
        visual,
        parent: None,
        position: (0, 0),
        size: (app.size.0, app.size.1),
        title: &app.title,
    };
    let x = app.display().create_window(&spec)?;
    app.display().map(x);
    let window = Window { x, drawable: x };
    let context = app.glx.create_visual_context(&visual, Context::NONE)?;
    app.glx.make_current(window.drawable, context)?;
    let gl = app.gl;
    let list = gl.gen_lists(1);
    gl.new_list(list, COMPILE);
    draw::pyramid_triangles(&gl);
    gl.end_list();
    for frame in 0..app.frames {
        // Even frames draw at once, odd ones through the display list.
        if frame % 2 == 0 {
            draw::pyramid(&gl, frame, app.size.signed())?;
        } else {
            gl.viewport(0, 0, app.size.signed().0, app.size.signed().1);
            draw::clear(&gl, frame);
            gl.enable(DEPTH_TEST);
            draw::set_legacy_matrices(&gl, frame);
            gl.call_list(list);
        }
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    gl.check_errors("the last frame")?;
    app.hold()
}
