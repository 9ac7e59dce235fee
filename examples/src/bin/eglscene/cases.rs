//! Cases about one window, and what else can be drawn to.

use glxrun_examples::draw::{self, Cube};
use glxrun_examples::egl::consts::*;
use glxrun_examples::egl::{Context, Wanted};
use glxrun_examples::gl::consts::{BACK, COLOR_BUFFER_BIT, FRAMEBUFFER, NEAREST, READ_BUFFER, SCISSOR_TEST};
use glxrun_examples::hold::say;
use glxrun_examples::{Result, check, digest};

use crate::app::App;

pub fn spin(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let cube = Cube::new(&app.gl)?;
    for frame in 0..app.frames {
        cube.draw(&app.gl, frame, app.size.signed())?;
        app.egl.swap(window.surface)?;
        app.frame_done(frame)?;
    }
    app.hold()
}

pub fn resize(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let cube = Cube::new(&app.gl)?;
    cube.draw(&app.gl, 0, app.size.signed())?;
    app.egl.swap(window.surface)?;
    app.frame_done(0)?;
    for (frame, size) in
        (1..).zip([(100, 80), (333, 47), (17, 13), (401, 299), (1, 1), (640, 480), (222, 333)])
    {
        app.display().resize(window.x, size);
        // Asking has Mesa look at the window's size.
        let width = app.egl.surface_attribute(window.surface, WIDTH)?;
        let height = app.egl.surface_attribute(window.surface, HEIGHT)?;
        let told = (width as u32, height as u32);
        check(told == size, || format!("EGL says {told:?} of a window of {size:?}"))?;
        cube.draw(&app.gl, frame, (width, height))?;
        app.egl.swap(window.surface)?;
        app.frame_done(frame)?;
    }
    app.hold()
}

/// A stripe a frame. Where a buffer still holds the frame before, only that is drawn.
pub fn age(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let has_age = app.egl.has("EGL_EXT_buffer_age");
    let (width, height) = app.size.signed();
    let gl = app.gl;
    gl.viewport(0, 0, width, height);
    gl.enable(SCISSOR_TEST);
    for frame in 0..app.frames {
        let age = if has_age { app.egl.surface_attribute(window.surface, BUFFER_AGE)? } else { 0 };
        check(frame > 0 || age == 0, || format!("a new surface has a buffer of age {age}"))?;
        // The stripes of frames that this buffer does not hold.
        let first = if age == 0 { 0 } else { (frame + 1).saturating_sub(age.unsigned_abs()) };
        for stripe in first..=frame {
            let [r, g, b, a] = draw::background(stripe + 1);
            gl.scissor(width * stripe as i32 / app.frames as i32, 0, width / app.frames as i32, height);
            gl.clear_color(r, g, b, a);
            gl.clear(COLOR_BUFFER_BIT);
        }
        if age == 0 {
            let drawn = width * (frame + 1) as i32 / app.frames as i32;
            gl.scissor(drawn, 0, width - drawn, height);
            gl.clear_color(0.0, 0.0, 0.0, 1.0);
            gl.clear(COLOR_BUFFER_BIT);
        }
        app.egl.swap(window.surface)?;
        app.frame_done(frame)?;
    }
    app.hold()
}

pub fn interval(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let cube = Cube::new(&app.gl)?;
    for frame in 0..app.frames {
        app.egl.swap_interval(frame as i32 % 3)?;
        cube.draw(&app.gl, frame, app.size.signed())?;
        app.egl.swap(window.surface)?;
        app.frame_done(frame)?;
    }
    app.hold()
}

pub fn pbuffer(app: &mut App) -> Result<()> {
    app.wanted = Wanted { surfaces: WINDOW_BIT | PBUFFER_BIT, ..app.wanted };
    let (window, context) = app.start()?;
    let (egl, gl) = (app.egl.clone(), app.gl);
    let (width, height) = app.size.signed();
    let pbuffer = egl.create_pbuffer(app.config()?, (width, height))?;
    egl.make_current(pbuffer, pbuffer, context)?;
    let cube = Cube::new(&gl)?;
    for frame in 0..app.frames {
        egl.make_current(pbuffer, pbuffer, context)?;
        cube.draw(&gl, frame, (width, height))?;
        say(&format!("hash {frame} {}", digest(&gl.read_pixels(0, 0, width, height), width as usize)))?;
        // No effect (EGL 1.5, 3.10.1).
        egl.swap(pbuffer)?;
        egl.make_current(window.surface, pbuffer, context)?;
        gl.blit_framebuffer(0, 0, width, height, 0, 0, width, height, COLOR_BUFFER_BIT, NEAREST);
        egl.swap(window.surface)?;
        app.frame_done(frame)?;
    }
    gl.check_errors("blitting")?;
    app.hold()?;
    egl.make_current(window.surface, window.surface, context)?;
    egl.destroy(pbuffer)
}

/// The left half of the pixmap is drawn by GL, the right half by X; each must see what the other has drawn. (Mesa's
/// software EGL, run direct, shows neither to the other.)
pub fn pixmap(app: &mut App) -> Result<()> {
    const COLOURS: [u32; 2] = [0x20_4080, 0x80_2040];
    app.wanted = Wanted { surfaces: WINDOW_BIT | PIXMAP_BIT, ..app.wanted };
    let config = app.config()?;
    let window = app.window_at(config, (0, 0))?;
    let context = app.egl.create_context(config, app.wanted.api, Context::NONE)?;
    let (egl, gl) = (app.egl.clone(), app.gl);
    let (width, height) = (app.size.0, app.size.1);
    let (half, signed) = ((width / 2) as i32, app.size.signed());
    let pixmap = app.display().create_pixmap((width, height), app.display().root_depth());
    app.display().fill(pixmap, COLOURS[0].into(), (0, 0), (width, height));
    let surface = egl.create_pixmap(config, pixmap)?;
    egl.make_current(surface, surface, context)?;
    gl.viewport(0, 0, signed.0, signed.1);
    for frame in 0..app.frames {
        let by_x = COLOURS[frame as usize % 2];
        let [r, g, b, a] = gl.read_pixels(half, signed.1 / 2, 1, 1)[..] else {
            return Err("no pixel".into());
        };
        let read = u32::from_be_bytes([0, r, g, b]);
        check(read == by_x && a == 255, || {
            format!("frame {frame}: GL reads {read:06x} where X drew {by_x:06x}")
        })?;
        gl.enable(SCISSOR_TEST);
        gl.scissor(0, 0, half, signed.1);
        draw::clear(&gl, frame);
        gl.disable(SCISSOR_TEST);
        egl.functions().wait_client();
        let [r, g, b, _] = draw::background(frame).map(|value| (value * 255.0).round() as u8);
        let expected = [u32::from_be_bytes([0, r, g, b]), by_x];
        let seen = app.display().pixels(pixmap, (width, height), 24)?;
        let seen = [seen[0], seen[half as usize]];
        check(seen == expected, || format!("frame {frame}: X sees {seen:06x?}, drawn was {expected:06x?}"))?;
        app.display().copy_area(pixmap, window.x, (width, height), (0, 0));
        // X draws between two frames of GL's.
        let next = COLOURS[(frame as usize + 1) % 2];
        app.display().fill(pixmap, next.into(), (half, 0), (width - half as u32, height));
        egl.functions().wait_native(CORE_NATIVE_ENGINE);
        app.frame_done(frame)?;
    }
    gl.check_errors("the last frame")?;
    app.hold()
}

/// The frame is what framebuffer 0 holds, whatever is bound.
pub fn framebuffer(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let gl = app.gl;
    let cube = Cube::new(&gl)?;
    let (width, height) = app.size.signed();
    let framebuffer = gl.framebuffer();
    for frame in 0..app.frames {
        gl.bind_framebuffer(FRAMEBUFFER, 0);
        cube.draw(&gl, frame, (width, height))?;
        say(&format!("hash {frame} {}", digest(&gl.read_pixels(0, 0, width, height), width as usize)))?;
        check(
            gl.integer(READ_BUFFER) == BACK as i32 || app.wanted.api == glxrun_examples::egl::Api::Gl,
            || "GL_READ_BUFFER is not GL_BACK".into(),
        )?;
        gl.bind_framebuffer(FRAMEBUFFER, framebuffer);
        app.egl.swap(window.surface)?;
        app.frame_done(frame)?;
    }
    gl.check_errors("the last frame")?;
    app.hold()
}
