//! Cases about drawables: pixmaps, pbuffers, child windows, several windows, several connections.

use std::sync::Arc;

use glxrun_examples::args::Size;
use glxrun_examples::draw::{self, Cube};
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::{Context, Wanted};
use glxrun_examples::hold::say;
use glxrun_examples::image::pixels_by_shm;
use glxrun_examples::xlib::{WindowSpec, XDisplay};
use glxrun_examples::{Result, check, digest, pixel_bytes};
use x11_dl::glx::{GLX_HEIGHT, GLX_PIXMAP_BIT, GLX_WIDTH, GLX_WINDOW_BIT};

use crate::app::{App, Window};

/// Draws into a pixmap; what the server then has of it is hashed and copied to the window.
pub fn pixmap(app: &mut App) -> Result<()> {
    let bits = GLX_WINDOW_BIT | GLX_PIXMAP_BIT;
    app.wanted = Wanted { drawables: bits, double: false, ..app.wanted };
    let config = app.config()?;
    let window = app.window(config)?;
    let depth = app.glx.visual(config).map_or(24, |visual| visual.depth);
    let size = (app.size.0, app.size.1);
    let pixmap = app.display().create_pixmap(size, depth);
    let drawable = app.glx.create_pixmap(config, pixmap);
    let context = app.context(config, Context::NONE)?;
    app.glx.make_current(drawable, context)?;
    let cube = Cube::new(&app.gl)?;
    for frame in 0..app.frames {
        cube.draw(&app.gl, frame, app.size.signed())?;
        // The two ways by which GLX lets X see what OpenGL drew.
        if frame % 2 == 0 {
            app.glx.functions().wait_gl()
        } else {
            app.gl.finish()
        }
        // Every other frame by other requests, which must see what was drawn as well.
        let values = match frame % 4 {
            0 | 1 => app.display().pixels(pixmap, size, depth)?,
            _ => pixels_by_shm(app.display(), pixmap, size, depth)?,
        };
        let pixels = pixel_bytes(values, depth);
        say(&format!("hash {frame} {}", digest(&pixels, size.0 as usize)))?;
        app.display().copy_area(pixmap, window.x, size, (0, 0));
        app.frame_done(frame)?;
    }
    app.hold()?;
    app.glx.make_current(0, Context::NONE)?;
    app.glx.destroy_context(context);
    app.glx.destroy_pixmap(drawable);
    app.display().free_pixmap(pixmap);
    Ok(())
}

/// Draws into a pbuffer, reads it, and shows it by a blit.
pub fn pbuffer(app: &mut App) -> Result<()> {
    let config = app.config_with_pbuffers()?;
    let window = app.window(config)?;
    let size = app.size.signed();
    let pbuffer = app.glx.create_pbuffer(config, size)?;
    let reported =
        (app.glx.drawable_attribute(pbuffer, GLX_WIDTH), app.glx.drawable_attribute(pbuffer, GLX_HEIGHT));
    check(reported == (app.size.0, app.size.1), || format!("the pbuffer is {reported:?}"))?;
    let context = app.context(config, Context::NONE)?;
    app.glx.make_current(pbuffer, context)?;
    let cube = Cube::new(&app.gl)?;
    for frame in 0..app.frames {
        app.glx.make_current(pbuffer, context)?;
        cube.draw(&app.gl, frame, size)?;
        say(&format!("hash {frame} {}", digest(&app.gl.read_pixels(0, 0, size.0, size.1), size.0 as usize)))?;
        app.glx.make_draw_read_current(window.drawable, pbuffer, context)?;
        app.gl.blit_framebuffer(0, 0, size.0, size.1, 0, 0, size.0, size.1, COLOR_BUFFER_BIT, NEAREST);
        app.gl.check_errors("the blit from the pbuffer")?;
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()?;
    app.glx.make_current(0, Context::NONE)?;
    app.glx.destroy_pbuffer(pbuffer);
    Ok(())
}

/// Draws to a window and reads from a pbuffer: half by a blit, half by glCopyPixels.
pub fn read_draw(app: &mut App) -> Result<()> {
    let config = app.config_with_pbuffers()?;
    let window = app.window(config)?;
    let (width, height) = app.size.signed();
    let pbuffer = app.glx.create_pbuffer(config, (width, height))?;
    let context = app.glx.create_context(config, Context::NONE)?;
    app.glx.make_current(pbuffer, context)?;
    let gl = app.gl;
    let cube = Cube::new(&gl)?;
    for frame in 0..app.frames {
        app.glx.make_current(pbuffer, context)?;
        cube.draw(&gl, frame, (width, height))?;
        app.glx.make_draw_read_current(window.drawable, pbuffer, context)?;
        let functions = app.glx.functions();
        let current = (functions.get_current_drawable(), functions.get_current_read_drawable());
        check(current == (window.drawable, pbuffer), || format!("current drawables are {current:x?}"))?;
        draw::clear(&gl, frame + 128);
        let half = width / 2;
        gl.blit_framebuffer(0, 0, half, height, 0, 0, half, height, COLOR_BUFFER_BIT, NEAREST);
        gl.disable(DEPTH_TEST);
        // Bottom to top by a third, so that a flipped copy shows.
        gl.window_pos2i(half, height / 3);
        gl.copy_pixels(half, 0, width - half, height - height / 3, COLOR);
        gl.check_errors("copying between drawables")?;
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()
}

/// OpenGL in a child of the top-level window, itself covered in part by a child that X fills.
pub fn subwindow(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let top = app.window(config)?;
    let Size(width, height) = app.size;
    let inner = Size((width / 2).max(1), (height / 2).max(1));
    let child = app.window_at(config, Some(top.x), (width as i32 / 4, height as i32 / 4), inner)?;
    let grandchild_size = Size((width / 8).max(1), (height / 8).max(1));
    let grandchild = app.window_at(config, Some(child.x), (5, 3), grandchild_size)?;
    let context = app.context(config, Context::NONE)?;
    app.glx.make_current(child.drawable, context)?;
    let cube = Cube::new(&app.gl)?;
    app.display().fill(top.x, 0x20_40_60, (0, 0), (width, height));
    app.display().fill(grandchild.x, 0xff_80_00, (0, 0), (grandchild_size.0, grandchild_size.1));
    for frame in 0..app.frames {
        cube.draw(&app.gl, frame, inner.signed())?;
        app.glx.swap(child.drawable);
        app.frame_done(frame)?;
    }
    app.hold()
}

/// Requests to the server just before each swap, which nothing has flushed: X fills the window, which is mapped only then.
pub fn unflushed(app: &mut App) -> Result<()> {
    let (window, context) = app.start()?;
    app.glx.make_current(window.drawable, context)?;
    let cube = Cube::new(&app.gl)?;
    for frame in 0..app.frames {
        app.display().unmap(window.x);
        cube.draw(&app.gl, frame, app.size.signed())?;
        app.display().request_map(window.x);
        app.display().fill(window.x, 0xff_ff_ff, (0, 0), (app.size.0 / 2, app.size.1));
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()
}

/// One context draws three windows in turn, each with a picture of its own.
pub fn multi_window(app: &mut App) -> Result<()> {
    // Without GLXWindows Mesa forgets the back buffer of a window that is not current.
    app.glx_window = true;
    let config = app.config()?;
    let Size(width, height) = app.size;
    let mut windows = Vec::new();
    for index in 0..3_i32 {
        let size = Size(width + 10 * index as u32, height);
        windows.push((app.window_at(config, None, (index * (width as i32 + 30), index * 20), size)?, size));
    }
    let context = app.context(config, Context::NONE)?;
    app.glx.make_current(windows[0].0.drawable, context)?;
    let cube = Cube::new(&app.gl)?;
    for frame in 0..app.frames {
        for (index, (window, size)) in (0..).zip(&windows) {
            app.glx.make_current(window.drawable, context)?;
            cube.draw(&app.gl, frame + 10 * index, size.signed())?;
        }
        // Swapped after all have been drawn: each back buffer must have kept its picture.
        for (window, _) in &windows {
            app.glx.swap(window.drawable);
        }
        app.frame_done(frame)?;
    }
    app.hold()
}

/// Destroys the window while its context is current, then goes on with a new one.
pub fn destroy_first(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let context = app.context(config, Context::NONE)?;
    app.display().collect_errors();
    for frame in 0..app.frames {
        let window = app.window(config)?;
        app.glx.make_current(window.drawable, context)?;
        let cube = Cube::new(&app.gl)?;
        cube.draw(&app.gl, frame, app.size.signed())?;
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
        if frame + 1 == app.frames {
            break;
        }
        app.display().destroy_window(window.x);
        app.display().sync();
        // Drawing to a window that is gone is undefined: X and OpenGL errors may come, but no harm.
        draw::clear(&app.gl, frame);
        app.glx.swap(window.drawable);
        app.gl.finish();
        while app.gl.get_error() != 0 {}
    }
    app.hold()?;
    app.glx.make_current(0, Context::NONE)?;
    app.glx.destroy_context(context);
    Ok(())
}

/// Two connections in one process, each with a window and a context.
pub fn two_displays(app: &mut App) -> Result<()> {
    let Size(width, height) = app.size;
    let second = app.glx.on(Arc::new(XDisplay::open(app.display2.as_deref())?))?;
    // Beside the first window, or in the corner of another display.
    let second_x = if app.display2.is_some() { 0 } else { width as i32 + 10 };
    let mut scenes = Vec::new();
    for (glx, x) in [(app.glx.clone(), 0), (second, second_x)] {
        let config = glx.choose(&app.wanted)?;
        let visual = glx.visual(config).ok_or("the config has no visual")?;
        let spec =
            WindowSpec { visual, parent: None, position: (x, 0), size: (width, height), title: &app.title };
        let window = glx.display.create_window(&spec)?;
        glx.display.map(window);
        let context = glx.create_context(config, Context::NONE)?;
        glx.make_current(window, context)?;
        scenes.push((Cube::new(&app.gl)?, glx, Window { x: window, drawable: window }, context));
    }
    for frame in 0..app.frames {
        for (index, (cube, glx, window, context)) in (0..).zip(&scenes) {
            glx.make_current(window.drawable, *context)?;
            cube.draw(&app.gl, frame + 25 * index, app.size.signed())?;
            glx.swap(window.drawable);
            glx.display.sync();
        }
        app.frame_done(frame)?;
    }
    app.hold()
}
