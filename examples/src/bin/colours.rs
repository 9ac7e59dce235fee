//! Shows what it is told to: each line of standard input is a command, after which it prints `done`.
//!
//! - `fill RRGGBB`: the current window in one colour, swapped
//! - `resize WIDTH HEIGHT`: the current window gets another size, which the next `fill` uses
//! - `open WIDTH HEIGHT`: another window, which is the current one from then on
//! - `close`: the current window is destroyed, and the one before it is current again
//!
//! It starts without a window and ends with its input.

use std::io::BufRead;
use std::process::ExitCode;
use std::sync::Arc;

use glxrun_examples::Result;
use glxrun_examples::gl::Gl;
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::{Config, Context, Glx, Wanted};
use glxrun_examples::hold::say;
use glxrun_examples::load::{Load, Loader};
use glxrun_examples::xlib::{WindowSpec, XDisplay};
use x11_dl::glx::GLX_WINDOW_BIT;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("colours: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Colours {
    glx: Glx,
    gl: Gl,
    config: Config,
    context: Context,
    windows: Vec<(u64, (u32, u32))>,
}

fn run() -> Result<()> {
    let loader = Loader::open(Load::ProcAddress)?;
    let glx = Glx::new(&loader, Arc::new(XDisplay::open(None)?))?;
    let gl = Gl::load(&loader)?;
    let wanted = Wanted {
        double: true,
        alpha: 0,
        depth: 24,
        stencil: 0,
        samples: 0,
        visual_depth: None,
        drawables: GLX_WINDOW_BIT,
    };
    let config = glx.choose(&wanted)?;
    let context = glx.create_context(config, Context::NONE)?;
    let mut colours = Colours { glx, gl, config, context, windows: Vec::new() };
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["fill", colour] => colours.fill(u32::from_str_radix(colour, 16)?)?,
            ["resize", width, height] => colours.resize((width.parse()?, height.parse()?))?,
            ["open", width, height] => colours.open((width.parse()?, height.parse()?))?,
            ["close"] => colours.close()?,
            _ => return Err(format!("what is {line:?}?").into()),
        }
        say("done")?;
    }
    Ok(())
}

impl Colours {
    fn fill(&mut self, colour: u32) -> Result<()> {
        let (window, (width, height)) = *self.windows.last().ok_or("no window")?;
        self.gl.viewport(0, 0, width as i32, height as i32);
        let [_, red, green, blue] = colour.to_be_bytes().map(|value| f32::from(value) / 255.0);
        self.gl.clear_color(red, green, blue, 1.0);
        self.gl.clear(COLOR_BUFFER_BIT);
        self.glx.swap(window);
        Ok(())
    }

    fn resize(&mut self, size: (u32, u32)) -> Result<()> {
        let (window, known) = self.windows.last_mut().ok_or("no window")?;
        *known = size;
        self.glx.display.resize(*window, size);
        self.glx.display.wait_for_size(*window, size);
        Ok(())
    }

    fn open(&mut self, size: (u32, u32)) -> Result<()> {
        let visual = self.glx.visual(self.config).ok_or("the config has no visual")?;
        let spec = WindowSpec { visual, parent: None, position: (0, 0), size, title: "colours" };
        let window = self.glx.display.create_window(&spec)?;
        self.glx.display.map(window);
        self.windows.push((window, size));
        self.glx.make_current(window, self.context)
    }

    fn close(&mut self) -> Result<()> {
        let (window, _) = self.windows.pop().ok_or("no window")?;
        match self.windows.last() {
            Some((next, _)) => self.glx.make_current(*next, self.context)?,
            None => self.glx.make_current(0, Context::NONE)?,
        }
        self.glx.display.destroy_window(window);
        self.glx.display.sync();
        Ok(())
    }
}
