//! `keys [--size WxH]`: a window that changes its colour at each key press, by drawing and swapping once. Prints `ready`
//! when its first frame is drawn; ends when standard input does. A load of the benchmark.

use std::process::ExitCode;
use std::sync::Arc;

use glxrun_examples::Result;
use glxrun_examples::args::{Args, Size};
use glxrun_examples::gl::Gl;
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::{Context, Glx, Wanted};
use glxrun_examples::hold::say;
use glxrun_examples::load::{Load, Loader};
use glxrun_examples::xlib::{WindowSpec, XDisplay};
use x11_dl::glx::GLX_WINDOW_BIT;
use x11_dl::xlib;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keys: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut args = Args::from_env();
    let size = args.option("--size", Size(300, 300))?;
    args.finish()?;
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
    let visual = glx.visual(config).ok_or("the config has no visual")?;
    let spec = WindowSpec { visual, parent: None, position: (0, 0), size: (size.0, size.1), title: "keys" };
    let window = glx.display.create_window(&spec)?;
    glx.display.map(window);
    let context = glx.create_context(config, Context::NONE)?;
    glx.make_current(window, context)?;
    let draw = |number: u32| {
        gl.clear_color(if number.is_multiple_of(2) { 0.0 } else { 1.0 }, 0.5, 0.0, 1.0);
        gl.clear(COLOR_BUFFER_BIT);
        glx.swap(window);
    };
    // The first frames are slower: threads and buffers are made in them.
    (0..20).for_each(draw);
    glx.display.sync();
    say("ready")?;
    let mut presses = 0;
    loop {
        while let Some(event) = glx.display.next_event() {
            if event.get_type() == xlib::KeyPress {
                presses += 1;
                draw(presses + 19);
            }
        }
        let mut wait = [0, glx.display.fd()].map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
        // SAFETY: the array has the two entries that are passed.
        if unsafe { libc::poll(wait.as_mut_ptr(), 2, -1) } > 0 && wait[0].revents != 0 {
            return Ok(());
        }
    }
}
