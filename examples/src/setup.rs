//! How the programs that show no way of their own to get at OpenGL begin and end.

use std::process::ExitCode;
use std::sync::Arc;

use crate::Result;
use crate::gl::Gl;
use crate::glx::{Config, Context, Glx, Wanted};
use crate::load::{Load, Loader};
use crate::xlib::{WindowSpec, XDisplay};

/// Runs a program: its error goes to standard error after its name, and is its exit status 1.
pub fn main(name: &str, run: impl FnOnce() -> Result<()>) -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// GLX on the display that DISPLAY names, its functions by glXGetProcAddress, and a config.
pub struct Setup {
    /// Where the functions are from.
    pub loader: Loader,
    /// GLX.
    pub glx: Glx,
    /// OpenGL.
    pub gl: Gl,
    /// The config of windows and contexts.
    pub config: Config,
}

impl Setup {
    /// Opens the display and chooses a config.
    pub fn new(wanted: &Wanted) -> Result<Self> {
        let loader = Loader::open(Load::ProcAddress)?;
        let glx = Glx::new(&loader, Arc::new(XDisplay::open(None)?))?;
        let gl = Gl::load(&loader)?;
        let config = glx.choose(wanted)?;
        Ok(Self { loader, glx, gl, config })
    }

    /// A mapped window of `size` pixels, in the root window's corner.
    pub fn window(&self, title: &str, size: (u32, u32)) -> Result<u64> {
        let visual = self.glx.visual(self.config).ok_or("the config has no visual")?;
        let spec = WindowSpec { visual, parent: None, position: (0, 0), size, title };
        let window = self.glx.display.create_window(&spec)?;
        self.glx.display.map(window);
        Ok(window)
    }

    /// A window as [`window`](Self::window)'s, with a new context current that draws to it.
    pub fn current_window(&self, title: &str, size: (u32, u32)) -> Result<(u64, Context)> {
        let window = self.window(title, size)?;
        let context = self.glx.create_context(self.config, Context::NONE)?;
        self.glx.make_current(window, context)?;
        Ok((window, context))
    }
}
