//! What every case starts from: options, display, loaded functions, windows.

use std::sync::Arc;

use glxrun_examples::args::{Args, Size};
use glxrun_examples::egl::consts::*;
use glxrun_examples::egl::{Api, Config, Context, Egl, Native, Surface, Wanted};
use glxrun_examples::gl::Gl;
use glxrun_examples::hold::Pace;
use glxrun_examples::load::{Load, Loader};
use glxrun_examples::xlib::{WindowSpec, XDisplay};
use glxrun_examples::{Result, check};
use x11_dl::xlib;

pub struct App {
    pub gl: Gl,
    pub egl: Egl,
    pub pace: Pace,
    pub title: String,
    pub size: Size,
    pub frames: u32,
    pub wanted: Wanted,
}

/// A mapped window and its surface.
#[derive(Clone, Copy)]
pub struct Window {
    pub x: xlib::Window,
    pub surface: Surface,
}

impl App {
    pub fn new(case: &str, mut args: Args) -> Result<Self> {
        let size = args.option("--size", Size(320, 240))?;
        let frames = args.option("--frames", 10)?;
        let wanted = Wanted {
            api: if args.switch("--es") { Api::Es } else { Api::Gl },
            alpha: args.option("--alpha", 0)?,
            samples: args.option("--samples", 0)?,
            surfaces: WINDOW_BIT,
        };
        let native: String = args.option("--native", "legacy".to_owned())?;
        let native = Native::ALL.iter().find(|(name, _)| *name == native).ok_or("unknown --native")?.1;
        let pace = Pace::new(args.switch("--step"))?;
        args.finish()?;
        let loader = Loader::open(Load::Egl)?;
        let egl = Egl::new(&loader, Arc::new(XDisplay::open(None)?), native)?;
        let gl = Gl::load(&loader)?;
        Ok(Self { gl, egl, pace, title: format!("eglscene {case}"), size, frames, wanted })
    }

    pub fn display(&self) -> &XDisplay {
        &self.egl.x
    }

    pub fn config(&self) -> Result<Config> {
        self.egl.choose(&self.wanted)
    }

    /// A mapped top-level window at a place, and a surface of it.
    pub fn window_at(&self, config: Config, position: (i32, i32)) -> Result<Window> {
        self.window_of(config, position, BACK_BUFFER)
    }

    /// The same with a render buffer (EGL_BACK_BUFFER, EGL_SINGLE_BUFFER).
    pub fn window_of(&self, config: Config, position: (i32, i32), buffer: i32) -> Result<Window> {
        let visual = self.egl.visual(config)?;
        let spec = WindowSpec {
            visual,
            parent: None,
            position,
            size: (self.size.0, self.size.1),
            title: &self.title,
        };
        let x = self.display().create_window(&spec)?;
        self.display().map(x);
        // EGL may talk to the server over another connection.
        self.display().sync();
        Ok(Window { x, surface: self.egl.create_window(config, x, buffer)? })
    }

    /// A window and a context for it, current.
    pub fn start(&self) -> Result<(Window, Context)> {
        let config = self.config()?;
        let window = self.window_at(config, (0, 0))?;
        let context = self.egl.create_context(config, self.wanted.api, Context::NONE)?;
        self.egl.make_current(window.surface, window.surface, context)?;
        let buffer = self.egl.surface_attribute(window.surface, RENDER_BUFFER)?;
        check(buffer == BACK_BUFFER, || format!("EGL_RENDER_BUFFER is {buffer:#x}"))?;
        Ok((window, context))
    }

    /// To be called when a frame is complete.
    pub fn frame_done(&mut self, number: u32) -> Result<()> {
        self.pace.frame(&self.egl.x, number)
    }

    /// Holds the last frame.
    pub fn hold(&mut self) -> Result<()> {
        self.pace.hold(&self.egl.x)
    }
}
