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

use glxrun_examples::Result;
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::{Context, Wanted};
use glxrun_examples::hold::say;
use glxrun_examples::setup::{self, Setup};

fn main() -> ExitCode {
    setup::main("colours", run)
}

struct Colours {
    setup: Setup,
    context: Context,
    windows: Vec<(u64, (u32, u32))>,
}

fn run() -> Result<()> {
    let setup = Setup::new(&Wanted::default())?;
    let context = setup.glx.create_context(setup.config, Context::NONE)?;
    let mut colours = Colours { setup, context, windows: Vec::new() };
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
        self.setup.gl.viewport(0, 0, width as i32, height as i32);
        let [_, red, green, blue] = colour.to_be_bytes().map(|value| f32::from(value) / 255.0);
        self.setup.gl.clear_color(red, green, blue, 1.0);
        self.setup.gl.clear(COLOR_BUFFER_BIT);
        self.setup.glx.swap(window);
        Ok(())
    }

    fn resize(&mut self, size: (u32, u32)) -> Result<()> {
        let (window, known) = self.windows.last_mut().ok_or("no window")?;
        *known = size;
        self.setup.glx.display.resize(*window, size);
        self.setup.glx.display.wait_for_size(*window, size);
        Ok(())
    }

    fn open(&mut self, size: (u32, u32)) -> Result<()> {
        let window = self.setup.window("colours", size)?;
        self.windows.push((window, size));
        self.setup.glx.make_current(window, self.context)
    }

    fn close(&mut self) -> Result<()> {
        let (window, _) = self.windows.pop().ok_or("no window")?;
        match self.windows.last() {
            Some((next, _)) => self.setup.glx.make_current(*next, self.context)?,
            None => self.setup.glx.make_current(0, Context::NONE)?,
        }
        self.setup.glx.display.destroy_window(window);
        self.setup.glx.display.sync();
        Ok(())
    }
}
