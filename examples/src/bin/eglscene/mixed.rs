//! Cases with more than one of something: windows, threads, APIs, lives.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use glxrun_examples::draw::Cube;
use glxrun_examples::egl::consts::*;
use glxrun_examples::egl::{Context, Egl, Native, Surface};
use glxrun_examples::gl::Gl;
use glxrun_examples::glx::{self, Glx};
use glxrun_examples::hold::Pace;
use glxrun_examples::load::{Load, Loader};
use glxrun_examples::xlib::{WindowSpec, XDisplay};
use glxrun_examples::{Error, Result, check};
use x11_dl::glx::GLX_WINDOW_BIT;

use crate::app::{App, Window};
use crate::cases::spin;

/// A thread that draws a frame when told to, and says how that went.
struct Painter {
    orders: Sender<u32>,
    done: Receiver<Result<()>>,
    thread: thread::JoinHandle<()>,
}

impl Painter {
    /// `work` draws the frames of `orders` and answers each.
    fn new(work: impl FnOnce(Receiver<u32>, &Sender<Result<()>>) -> Result<()> + Send + 'static) -> Self {
        let (orders, receiver) = channel();
        let (sender, done) = channel();
        let thread = thread::spawn(move || {
            if let Err(error) = work(receiver, &sender) {
                // Nobody listens once the program has failed.
                let _ = sender.send(Err(error));
            }
        });
        Self { orders, done, thread }
    }

    fn frame(&self, number: u32) -> Result<()> {
        self.orders.send(number).map_err(|_| {
            self.done.recv().map_or_else(Error::from, |r| match r {
                Err(error) => error,
                Ok(()) => "the drawing thread ended".into(),
            })
        })?;
        self.done.recv()?
    }

    fn end(self) -> Result<()> {
        drop(self.orders);
        self.thread.join().map_err(|_| Error::from("a drawing thread panicked"))
    }
}

fn egl_painter(app: &App, window: Window, context: Context, offset: u32) -> Painter {
    let (egl, gl, size) = (app.egl.clone(), app.gl, app.size.signed());
    Painter::new(move |orders, done| {
        egl.make_current(window.surface, window.surface, context)?;
        let cube = Cube::new(&gl)?;
        for frame in orders {
            cube.draw(&gl, frame + offset, size)?;
            done.send(egl.swap(window.surface))?;
        }
        egl.make_current(Surface::NONE, Surface::NONE, Context::NONE)?;
        check(egl.functions().release_thread() != 0, || "eglReleaseThread failed".into())
    })
}

pub fn windows(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let mut painters = Vec::new();
    for index in 0..2 {
        let window = app.window_at(config, (index * app.size.signed().0, 0))?;
        let context = app.egl.create_context(config, app.wanted.api, Context::NONE)?;
        painters.push(egl_painter(app, window, context, index as u32 * 20));
    }
    for frame in 0..app.frames {
        painters.iter().try_for_each(|painter| painter.frame(frame))?;
        app.frame_done(frame)?;
    }
    app.hold()?;
    painters.into_iter().try_for_each(Painter::end)
}

pub fn one_after_another(app: &mut App) -> Result<()> {
    let (first, context) = app.start()?;
    let second = app.window_at(app.config()?, (app.size.signed().0, 0))?;
    let cube = Cube::new(&app.gl)?;
    for frame in 0..app.frames {
        for (window, offset) in [(first, 0), (second, 20)] {
            app.egl.make_current(window.surface, window.surface, context)?;
            cube.draw(&app.gl, frame + offset, app.size.signed())?;
            app.egl.swap(window.surface)?;
        }
        // Only what the thread draws to can be swapped (EGL 1.5, 3.10.1).
        check(app.egl.try_swap(first.surface) == 0, || "a surface that is not current was swapped".into())?;
        let error = app.egl.functions().get_error();
        check(error == BAD_SURFACE, || format!("that swap's error is {error:#06x}"))?;
        app.frame_done(frame)?;
    }
    app.hold()
}

/// Each API has a window, a Display and a thread; both are current at once.
pub fn two_apis(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window_at(config, (0, 0))?;
    let context = app.egl.create_context(config, app.wanted.api, Context::NONE)?;
    let with_egl = egl_painter(app, window, context, 0);
    let with_glx = glx_painter(app)?;
    for frame in 0..app.frames {
        with_egl.frame(frame)?;
        with_glx.frame(frame)?;
        app.frame_done(frame)?;
    }
    app.hold()?;
    with_egl.end()?;
    with_glx.end()
}

fn glx_painter(app: &App) -> Result<Painter> {
    let loader = Loader::open(Load::Dlsym)?;
    let glx = Glx::new(&loader, Arc::new(XDisplay::open(None)?))?;
    let wanted = glx::Wanted {
        double: true,
        alpha: 0,
        depth: 24,
        stencil: 8,
        samples: 0,
        visual_depth: None,
        drawables: GLX_WINDOW_BIT,
    };
    let config = glx.choose(&wanted)?;
    let visual = glx.visual(config).ok_or("the config has no visual")?;
    let (size, signed) = ((app.size.0, app.size.1), app.size.signed());
    let spec = WindowSpec { visual, parent: None, position: (signed.0, 0), size, title: &app.title };
    let window = glx.display.create_window(&spec)?;
    glx.display.map(window);
    let context = glx.create_context(config, glx::Context::NONE)?;
    let gl = Gl::load(&loader)?;
    Ok(Painter::new(move |orders, done| {
        glx.make_current(window, context)?;
        let cube = Cube::new(&gl)?;
        for frame in orders {
            cube.draw(&gl, frame + 20, signed)?;
            glx.swap(window);
            glx.display.sync();
            done.send(Ok(()))?;
        }
        glx.make_current(0, glx::Context::NONE)
    }))
}

pub fn again(app: &mut App) -> Result<()> {
    for life in 0..2 {
        let (window, _) = app.start()?;
        let cube = Cube::new(&app.gl)?;
        for frame in 0..app.frames {
            cube.draw(&app.gl, frame + life * 7, app.size.signed())?;
            app.egl.swap(window.surface)?;
            app.frame_done(frame)?;
        }
        if life == 0 {
            app.egl.make_current(Surface::NONE, Surface::NONE, Context::NONE)?;
            app.egl.terminate()?;
            app.display().destroy_window(window.x);
            app.egl.initialize_again()?;
        }
    }
    app.hold()
}

pub fn reopen(app: &mut App) -> Result<()> {
    for life in 0..5 {
        let loader = Loader::open(Load::Egl)?;
        let egl = Egl::new(&loader, Arc::new(XDisplay::open(None)?), Native::Legacy)?;
        let mut guest = App { egl, pace: Pace::new(false)?, title: app.title.clone(), ..*app };
        let (window, _) = guest.start()?;
        let cube = Cube::new(&guest.gl)?;
        cube.draw(&guest.gl, life, guest.size.signed())?;
        guest.egl.swap(window.surface)?;
        guest.frame_done(life)?;
        guest.egl.make_current(Surface::NONE, Surface::NONE, Context::NONE)?;
        guest.egl.terminate()?;
        // SAFETY: the display was the guest's alone, and EGL has let it go.
        unsafe { guest.egl.x.close() };
    }
    spin(app)
}

/// Each picture is drawn by a thread of its own with the one context, which is current when the thread ends.
pub fn ended_threads(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window_at(config, (0, 0))?;
    let context = app.egl.create_context(config, app.wanted.api, Context::NONE)?;
    let size = app.size.signed();
    for frame in 0..app.frames {
        let (egl, gl) = (app.egl.clone(), app.gl);
        let drawn = thread::spawn(move || -> Result<()> {
            egl.make_current(window.surface, window.surface, context)?;
            Cube::new(&gl)?.draw(&gl, frame, size)?;
            egl.swap(window.surface)
        });
        drawn.join().map_err(|_| "a drawing thread panicked")??;
        app.frame_done(frame)?;
    }
    app.hold()
}

/// A swap to a window that is gone does not end the program, and another window works after it.
pub fn destroy_first(app: &mut App) -> Result<()> {
    let (window, context) = app.start()?;
    let cube = Cube::new(&app.gl)?;
    cube.draw(&app.gl, 0, app.size.signed())?;
    app.egl.swap(window.surface)?;
    app.frame_done(0)?;
    app.display().collect_errors();
    app.display().destroy_window(window.x);
    app.display().sync();
    cube.draw(&app.gl, 1, app.size.signed())?;
    // Mesa draws nowhere, others say EGL_BAD_NATIVE_WINDOW (EGL 1.5, 3.10.1).
    if app.egl.try_swap(window.surface) == 0 {
        let error = app.egl.functions().get_error();
        check(error == BAD_NATIVE_WINDOW, || format!("that swap's error is {error:#06x}"))?;
    }
    app.egl.make_current(Surface::NONE, Surface::NONE, Context::NONE)?;
    app.egl.destroy(window.surface)?;
    let other = app.window_at(app.config()?, (0, 0))?;
    app.egl.make_current(other.surface, other.surface, context)?;
    for frame in 2..app.frames {
        cube.draw(&app.gl, frame, app.size.signed())?;
        app.egl.swap(other.surface)?;
        app.frame_done(frame)?;
    }
    app.hold()
}
