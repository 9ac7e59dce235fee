//! Draws another picture for each eye, on a screen that need not know of it: an orange bar for the left eye, a blue one beside it
//! for the right eye, and a white line below that is drawn for both at once.
//!
//! Before it shows them it reads each buffer back, and fails if one holds what it should not. `--mono` draws in a window without
//! stereo instead, of whichever config comes first: a grey field and a white triangle. `--size WIDTHxHEIGHT` is the window's,
//! `--frames N` how often it draws. At last it prints `ready` and holds the picture.

use std::ffi::c_int;
use std::process::ExitCode;
use std::sync::Arc;

use glxrun_examples::args::{Args, Size};
use glxrun_examples::gl::Gl;
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::Glx;
use glxrun_examples::hold::{Pace, say};
use glxrun_examples::load::{Load, Loader};
use glxrun_examples::setup::{self, Setup};
use glxrun_examples::xlib::XDisplay;
use glxrun_examples::{Result, check};
use x11_dl::glx::{GLX_ALPHA_SIZE, GLX_DEPTH_SIZE, GLX_DOUBLEBUFFER, GLX_RED_SIZE, GLX_SAMPLES, GLX_STEREO};

const GREY: [u8; 3] = [51; 3];
const ORANGE: [u8; 3] = [255, 102, 0];
const BLUE: [u8; 3] = [0, 102, 255];
const WHITE: [u8; 3] = [255; 3];

fn main() -> ExitCode {
    setup::main("stereo", run)
}

fn run() -> Result<()> {
    let mut args = Args::from_env();
    let mono = args.switch("--mono");
    let Size(width, height) = args.option("--size", Size(64, 48))?;
    let frames: u32 = args.option("--frames", 3)?;
    args.finish()?;
    let setup = setup(!mono)?;
    let (window, _) = setup.current_window("stereo", (width, height))?;
    let attribute = |name: c_int| setup.glx.attribute(setup.config, name);
    say(&format!(
        "stereo {} samples {} alpha {}",
        attribute(GLX_STEREO),
        attribute(GLX_SAMPLES),
        attribute(GLX_ALPHA_SIZE)
    ))?;
    let picture = Picture { gl: &setup.gl, width: width as i32, height: height as i32 };
    check((setup.gl.integer(STEREO) != 0) != mono, || "GL_STEREO is not the config's".into())?;
    for frame in 0..frames {
        if mono {
            picture.draw_mono();
        } else {
            picture.draw(frame)?;
        }
        setup.glx.swap(window);
    }
    if !mono {
        picture.check_front()?;
    }
    check(setup.gl.get_error() == 0, || "OpenGL has an error".into())?;
    Pace::new(false)?.hold(&setup.glx.display)
}

/// The first config with or without stereo, as programs choose one.
fn setup(stereo: bool) -> Result<Setup> {
    let loader = Loader::open(Load::ProcAddress)?;
    let glx = Glx::new(&loader, Arc::new(XDisplay::open(None)?))?;
    let gl = Gl::load(&loader)?;
    let wanted = [[GLX_DOUBLEBUFFER, 1], [GLX_RED_SIZE, 8], [GLX_DEPTH_SIZE, 1], [GLX_STEREO, stereo.into()]];
    let configs = glx.choose_configs(wanted.as_flattened());
    let config = *configs.first().ok_or("no such config")?;
    Ok(Setup { loader, glx, gl, config })
}

/// What is drawn, `width` x `height` pixels; bars are a quarter as wide.
struct Picture<'a> {
    gl: &'a Gl,
    width: i32,
    height: i32,
}

impl Picture<'_> {
    fn clear(&self, [red, green, blue]: [u8; 3]) {
        let [red, green, blue] = [red, green, blue].map(|value| f32::from(value) / 255.0);
        self.gl.clear_color(red, green, blue, 1.0);
        self.gl.clear(COLOR_BUFFER_BIT | DEPTH_BUFFER_BIT);
    }

    fn rectangle(&self, [left, bottom, right, top]: [f32; 4], [red, green, blue]: [u8; 3]) {
        let [red, green, blue] = [red, green, blue].map(|value| f32::from(value) / 255.0);
        self.gl.color3f(red, green, blue);
        self.gl.begin(QUADS);
        for (x, y) in [(left, bottom), (right, bottom), (right, top), (left, top)] {
            self.gl.vertex2f(x, y);
        }
        self.gl.end();
    }

    fn draw(&self, frame: u32) -> Result<()> {
        let gl = self.gl;
        gl.viewport(0, 0, self.width, self.height);
        gl.draw_buffer(BACK);
        self.clear(GREY);
        self.expect("both cleared", BACK_LEFT, [GREY; 3])?;
        self.expect("both cleared", BACK_RIGHT, [GREY; 3])?;
        gl.draw_buffer(BACK_LEFT);
        self.rectangle([-0.75, -0.5, -0.25, 0.75], ORANGE);
        gl.draw_buffer(BACK_RIGHT);
        self.rectangle([0.25, -0.5, 0.75, 0.75], BLUE);
        gl.draw_buffer(BACK);
        self.rectangle([-1.0, -1.0, 1.0, -0.75], WHITE);
        self.expect("left", BACK_LEFT, [ORANGE, GREY, WHITE])?;
        self.expect("right", BACK_RIGHT, [GREY, BLUE, WHITE])?;
        self.expect("what GL_BACK reads", BACK, [ORANGE, GREY, WHITE])?;
        if frame > 0 {
            self.check_front()?;
        }
        Ok(())
    }

    fn draw_mono(&self) {
        self.gl.viewport(0, 0, self.width, self.height);
        self.clear([128; 3]);
        self.gl.color3f(1.0, 1.0, 1.0);
        self.gl.begin(TRIANGLES);
        for (x, y) in [(0.0, -0.9), (0.9, -0.7), (0.3, 0.9)] {
            self.gl.vertex2f(x, y);
        }
        self.gl.end();
    }

    /// The front buffers hold the last frame.
    fn check_front(&self) -> Result<()> {
        self.expect("front left", FRONT_LEFT, [ORANGE, GREY, WHITE])?;
        self.expect("front right", FRONT_RIGHT, [GREY, BLUE, WHITE])
    }

    /// Compares what a buffer holds in the left bar, the right bar and the line.
    fn expect(&self, what: &str, buffer: u32, expected: [[u8; 3]; 3]) -> Result<()> {
        self.gl.read_buffer(buffer);
        let (quarter, middle) = (self.width / 4, self.height / 2);
        let places = [(quarter, middle), (3 * quarter, middle), (self.width / 2, 1)];
        for ((x, y), expected) in places.into_iter().zip(expected) {
            let pixel = self.gl.read_pixels(x, y, 1, 1);
            check(pixel[..3] == expected, || {
                format!("{what}: {:?} at {x},{y} instead of {expected:?}", &pixel[..3])
            })?;
        }
        Ok(())
    }
}
