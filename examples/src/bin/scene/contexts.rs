//! Cases about contexts: in threads, shared, copied, with fonts.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use glxrun_examples::draw::{self, Cube, Quad};
use glxrun_examples::gl::consts::*;
use glxrun_examples::gl::{Fence, Gl};
use glxrun_examples::glx::Context;
use glxrun_examples::hold::say;
use glxrun_examples::{Error, Result, check};
use x11_dl::glx::{GLX_HEIGHT, GLX_WIDTH};

use crate::app::App;

/// Two threads, each with a context of its own on the same window: one draws the cube, the other then draws a rectangle
/// over it in the same buffers and swaps.
pub fn threads(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window(config)?;
    let first = app.context(config, Context::NONE)?;
    let second = app.context(config, Context::NONE)?;
    let (glx, gl, size) = (app.glx.clone(), app.gl, app.size.signed());
    let (order, orders) = channel::<u32>();
    let (done, dones) = channel::<Result<()>>();
    let worker = thread::spawn(move || {
        let start = || {
            glx.make_current(window.drawable, first)?;
            Cube::new(&gl)
        };
        let cube = match start() {
            Ok(cube) => cube,
            Err(error) => return done.send(Err(error)).unwrap_or(()),
        };
        for frame in orders {
            let drawn = cube.draw(&gl, frame, size);
            gl.finish();
            if done.send(drawn).is_err() {
                break;
            }
        }
        // Released before the process ends, as a careful program does.
        glx.make_current(0, Context::NONE).unwrap_or(());
    });
    app.glx.make_current(window.drawable, second)?;
    let quad = Quad::new(&gl)?;
    let texture = gl.texture(16, 16, Some(&draw::pattern(3, 16, 16)))?;
    for frame in 0..app.frames {
        order.send(frame)?;
        dones.recv()??;
        gl.viewport(0, 0, size.0 / 2, size.1 / 2);
        quad.draw(&gl, texture)?;
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()?;
    drop(order);
    worker.join().map_err(|_| Error::from("the drawing thread panicked"))
}

/// Runs `body` in a thread of its own, to its end. The thread ends with its context current.
fn in_thread(body: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    thread::spawn(body).join().map_err(|_| Error::from("a drawing thread panicked"))?
}

/// Threads that come and go each draw a rectangle over what is there; the main thread, which had the window all along,
/// reads and shows what they drew.
pub fn thread_rectangles(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window(config)?;
    let context = app.context(config, Context::NONE)?;
    app.glx.make_current(window.drawable, context)?;
    let (gl, size) = (app.gl, app.size.signed());
    let cube = Cube::new(&gl)?;
    for frame in 0..app.frames {
        cube.draw(&gl, frame, size)?;
        gl.flush();
        for place in 0..3 {
            let other = app.context(config, Context::NONE)?;
            let glx = app.glx.clone();
            in_thread(move || {
                glx.make_current(window.drawable, other)?;
                gl.enable(SCISSOR_TEST);
                gl.scissor(20 + 60 * place, 30 + 20 * place, 40, 30);
                gl.clear_color(0.2 * place as f32, 1.0, 0.0, 1.0);
                gl.clear(COLOR_BUFFER_BIT);
                gl.flush();
                Ok(())
            })?;
        }
        let read = gl.read_pixels(25, 35, 1, 1);
        check(read == [0, 255, 0, 255], || format!("a thread's rectangle reads back as {read:?}"))?;
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()
}

/// The main thread makes the window current and never draws; another draws and swaps.
pub fn handed_over(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window(config)?;
    let first = app.context(config, Context::NONE)?;
    let second = app.context(config, first)?;
    app.glx.make_current(window.drawable, first)?;
    let (glx, gl, size) = (app.glx.clone(), app.gl, app.size.signed());
    let (order, orders) = channel::<u32>();
    let (done, dones) = channel::<Result<()>>();
    let worker = thread::spawn(move || {
        let mut cube = None;
        for frame in orders {
            let mut draw = || {
                if cube.is_none() {
                    glx.make_current(window.drawable, second)?;
                    cube = Some(Cube::new(&gl)?);
                }
                cube.as_ref().map_or(Ok(()), |cube| cube.draw(&gl, frame, size))?;
                glx.swap(window.drawable);
                Ok(())
            };
            if done.send(draw()).is_err() {
                break;
            }
        }
        glx.make_current(0, Context::NONE).unwrap_or(());
    });
    for frame in 0..app.frames {
        order.send(frame)?;
        dones.recv()??;
        app.frame_done(frame)?;
    }
    app.hold()?;
    drop(order);
    worker.join().map_err(|_| Error::from("the drawing thread panicked"))
}

/// A thread draws and finishes; the main thread, which does not have the window current, swaps it. Every third picture is
/// swapped by yet another thread, every third when no thread has the window current. (Mesa's software GLX, run direct, swaps
/// nothing.)
pub fn swapped_elsewhere(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window(config)?;
    let context = app.context(config, Context::NONE)?;
    let (glx, gl, size) = (app.glx.clone(), app.gl, app.size.signed());
    let (order, orders) = channel::<u32>();
    let (done, dones) = channel::<Result<Vec<u8>>>();
    let worker = thread::spawn(move || {
        let mut cube = None;
        for frame in orders {
            let mut draw = || {
                glx.make_current(window.drawable, context)?;
                if cube.is_none() {
                    cube = Some(Cube::new(&gl)?);
                }
                cube.as_ref().map_or(Ok(()), |cube| cube.draw(&gl, frame, size))?;
                gl.finish();
                let drawn = gl.read_pixels(0, 0, size.0, size.1);
                if frame % 3 == 2 {
                    glx.make_current(0, Context::NONE)?;
                }
                Ok(drawn)
            };
            if done.send(draw()).is_err() {
                break;
            }
        }
        glx.make_current(0, Context::NONE).unwrap_or(());
    });
    for frame in 0..app.frames {
        order.send(frame)?;
        let drawn = dones.recv()??;
        let glx = app.glx.clone();
        match frame % 3 {
            1 => in_thread(move || {
                glx.swap(window.drawable);
                Ok(())
            })?,
            _ => glx.swap(window.drawable),
        }
        let seen = app.display().pixels(window.x, (app.size.0, app.size.1), 24)?;
        let rows = drawn.chunks_exact(4 * app.size.0 as usize).rev().flat_map(|row| row.chunks_exact(4));
        let same = rows.zip(&seen).all(|(drawn, seen)| drawn[..3] == seen.to_be_bytes()[1..]);
        check(same, || format!("frame {frame}: the window does not show what was drawn"))?;
        app.frame_done(frame)?;
    }
    app.hold()?;
    drop(order);
    worker.join().map_err(|_| Error::from("the drawing thread panicked"))
}

/// Each picture is drawn by a thread of its own with the one context, which is current when the thread ends.
pub fn ended_threads(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window(config)?;
    let context = app.context(config, Context::NONE)?;
    let size = app.size.signed();
    for frame in 0..app.frames {
        let (glx, gl) = (app.glx.clone(), app.gl);
        in_thread(move || {
            glx.make_current(window.drawable, context)?;
            Cube::new(&gl)?.draw(&gl, frame, size)?;
            glx.swap(window.drawable);
            Ok(())
        })?;
        app.frame_done(frame)?;
    }
    app.hold()
}

/// As [`shared`], with the loader thread's context on the window that the main thread draws to.
pub fn shared_on_window(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window(config)?;
    let context = app.context(config, Context::NONE)?;
    let loading = app.context(config, context)?;
    app.glx.make_current(window.drawable, context)?;
    let (glx, gl) = (app.glx.clone(), app.gl);
    let (order, orders) = channel();
    let (done, dones) = channel();
    let worker = thread::spawn(move || -> Result<()> {
        glx.make_current(window.drawable, loading)?;
        load_textures(&gl, &orders, &done)?;
        glx.make_current(0, Context::NONE)
    });
    draw_textures(app, window.drawable, &order, &dones)?;
    app.hold()?;
    drop(order);
    worker.join().map_err(|_| "the loading thread panicked")?
}

/// A loader thread with a context in the same share group, on a pbuffer, fills a texture for every frame.
pub fn shared(app: &mut App) -> Result<()> {
    let config = app.config_with_pbuffers()?;
    let window = app.window(config)?;
    let context = app.context(config, Context::NONE)?;
    let loading = app.context(config, context)?;
    let pbuffer = app.glx.create_pbuffer(config, (8, 8))?;
    let (width, height) =
        (app.glx.drawable_attribute(pbuffer, GLX_WIDTH), app.glx.drawable_attribute(pbuffer, GLX_HEIGHT));
    check((width, height) == (8, 8), || format!("the pbuffer is {width}x{height}, not 8x8"))?;
    let (glx, gl) = (app.glx.clone(), app.gl);
    let (order, orders) = channel();
    let (done, dones) = channel();
    let worker = thread::spawn(move || -> Result<()> {
        glx.make_current(pbuffer, loading)?;
        load_textures(&gl, &orders, &done)?;
        glx.make_current(0, Context::NONE)
    });
    app.glx.make_current(window.drawable, context)?;
    draw_textures(app, window.drawable, &order, &dones)?;
    app.hold()?;
    drop(order);
    worker.join().map_err(|_| "the loading thread panicked")??;
    app.glx.make_current(0, Context::NONE)?;
    app.glx.destroy_context(context);
    app.glx.destroy_context(loading);
    app.glx.destroy_pbuffer(pbuffer);
    Ok(())
}

/// Draws and swaps a frame with each texture that the loader thread has filled.
fn draw_textures(
    app: &mut App,
    drawable: u64,
    order: &Sender<u32>,
    dones: &Receiver<(u32, Fence)>,
) -> Result<()> {
    let gl = app.gl;
    let quad = Quad::new(&gl)?;
    let size = app.size.signed();
    for frame in 0..app.frames {
        order.send(frame)?;
        let (texture, fence) = dones.recv().map_err(|_| "the loading thread gave up")?;
        gl.wait_fence(fence)?;
        gl.viewport(0, 0, size.0, size.1);
        draw::clear(&gl, frame);
        quad.draw(&gl, texture)?;
        app.glx.swap(drawable);
        app.frame_done(frame)?;
    }
    Ok(())
}

fn load_textures(gl: &Gl, orders: &Receiver<u32>, done: &Sender<(u32, Fence)>) -> Result<()> {
    let textures = [gl.texture(64, 48, None)?, gl.texture(64, 48, None)?];
    for frame in orders {
        let texture = textures[frame as usize % 2];
        gl.bind_texture(TEXTURE_2D, texture);
        gl.update_texture(64, 48, &draw::pattern(frame, 64, 48))?;
        let fence = gl.fence();
        gl.flush();
        gl.check_errors("uploading a texture")?;
        if done.send((texture, fence)).is_err() {
            break;
        }
    }
    Ok(())
}

/// The clear colour set in one context arrives in another, or the copy is refused with an X error as Mesa does for
/// direct contexts.
pub fn copy(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window(config)?;
    let from = app.glx.create_context(config, Context::NONE)?;
    let to = app.glx.create_context(config, Context::NONE)?;
    let gl = app.gl;
    app.display().collect_errors();
    for frame in 0..app.frames {
        let [r, g, b, a] = draw::background(frame + 1);
        app.glx.make_current(window.drawable, from)?;
        gl.clear_color(r, g, b, a);
        app.glx.make_current(0, Context::NONE)?;
        app.glx.copy_context(from, to, COLOR_BUFFER_BIT.into());
        let errors = app.display().take_errors();
        app.glx.make_current(window.drawable, to)?;
        let copied = gl.floats(COLOR_CLEAR_VALUE);
        if let Some((code, ..)) = errors.first() {
            say(&format!("refused {frame} error {code}"))?;
        } else {
            check(copied == [r, g, b, a], || format!("the clear colour was not copied: {copied:?}"))?;
        }
        gl.clear(COLOR_BUFFER_BIT);
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()
}

/// Text in a font of the X server, as bitmaps in display lists.
pub fn x_font(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window(config)?;
    let context = app.glx.create_context(config, Context::NONE)?;
    app.glx.make_current(window.drawable, context)?;
    let gl = app.gl;
    let font = app.display().load_font("fixed")?;
    // The letters only: a blank has no bits, and Mesa's lists for such glyphs raise GL_OUT_OF_MEMORY.
    let (first, count) = (33, 94);
    let base = gl.gen_lists(128);
    app.glx.functions().use_x_font(font, first, count, i32::try_from(base)? + first);
    gl.check_errors("glXUseXFont")?;
    check(gl.is_list(base + 65) != 0, || "glXUseXFont made no display list".into())?;
    let size = app.size.signed();
    for frame in 0..app.frames {
        gl.viewport(0, 0, size.0, size.1);
        draw::clear(&gl, frame);
        gl.color3f(1.0, 1.0, 0.5);
        gl.window_pos2i(10, 20);
        gl.list_base(base);
        let text = format!("Frame-{frame}:quick-brown-fox");
        // SAFETY: the string's bytes are the lists' names, counted from the base.
        unsafe { (gl.call_lists)(text.len() as i32, UNSIGNED_BYTE, text.as_ptr().cast()) };
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    gl.check_errors("drawing text")?;
    app.hold()
}

/// A context for each picture, which is destroyed as soon as it has swapped; the window changes its size in between. The
/// pictures stay, and neither threads nor open files pile up.
pub fn churn(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window(config)?;
    let (width, height) = app.size.signed();
    let mut first = None;
    for frame in 0..app.frames {
        let grown = frame as i32 % 5 * 16;
        let size = (width + grown, height + grown);
        app.display().resize(window.x, (size.0 as u32, size.1 as u32));
        app.display().sync();
        let context = app.context(config, Context::NONE)?;
        app.glx.make_current(window.drawable, context)?;
        let cube = Cube::new(&app.gl)?;
        for turn in 0..6 {
            cube.draw(&app.gl, frame + turn, size)?;
            app.glx.swap(window.drawable);
        }
        app.glx.make_current(0, Context::NONE)?;
        app.glx.destroy_context(context);
        let count = |what: &str| std::fs::read_dir(format!("/proc/self/{what}")).map(Iterator::count);
        let now = (count("task")?, count("fd")?);
        if frame == 5 {
            first = Some(now);
        }
        let most = first.unwrap_or(now);
        check(now.0 <= most.0 && now.1 <= most.1 + 2, || {
            format!("{} threads and {} files were {most:?} at first", now.0, now.1)
        })?;
        app.frame_done(frame)?;
    }
    app.hold()
}
