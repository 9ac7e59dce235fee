//! Which of piglit's tests are run.
//!
//! Of piglit's `quick_gl` profile: all GLX and EGL tests; of the others those that piglit itself runs in a window, while
//! it runs the rest off screen (`-fbo`), where the window system has no part; and of that rest those whose names say
//! that they are about reading, copying or selecting buffers, here in a window too. All but the GLX and EGL tests run
//! twice: in a window of GLX's, and in one of EGL's (`x11_egl@NAME`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::Options;

/// Where Debian has piglit's test programs.
pub const PROGRAMS: &str = "/usr/lib/x86_64-linux-gnu/piglit/bin";

/// Parts of the names of tests that are about the buffers of a window, whatever piglit runs them in.
const ABOUT_BUFFERS: [&str; 14] = [
    "readpix",
    "drawpix",
    "copypix",
    "copytex",
    "drawbuffer",
    "draw-buffers",
    "read-front",
    "readbuffer",
    "getframebuffer",
    "get-framebuffer",
    "fragcoord",
    "scissor",
    "fcc-front",
    "pbo-read",
];

/// Parts of names that CI runs, besides all GLX and EGL tests.
const QUICK: [&str; 6] =
    ["opengl 1.0@", "read-front", "default_fb-clear", "window-stencil", "fbo-sys", "draw-buffers"];

/// Tests that draw to GL_FRONT, left out with EGL's windows: a surface with a back buffer has no other there (EGL 1.5,
/// 2.2.2), though Mesa's windows do.
const OF_FRONT_BUFFERS: [&str; 5] = [
    "fcc-front-buffer-distraction",
    "gl-1.0-drawbuffer-modes",
    "front-invalidate-back",
    "fbo-sys-blit",
    "fbo-sys-sub-blit",
];

/// Windows of a multisampling test, by the numbers of samples that nobody has here: piglit skips them.
const ABSENT: [&str; 3] = ["samples=6", "samples=16", "samples=32"];

/// What the names of tests in windows of EGL's begin with.
pub const BY_EGL: &str = "x11_egl@";

/// One of piglit's tests.
#[derive(Clone, Debug)]
pub struct Test {
    /// Piglit's name for it.
    pub name: String,
    /// Its program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What makes its window and context, for PIGLIT_PLATFORM.
    pub platform: &'static str,
}

impl Test {
    /// Reads a line of `piglit print-cmd`: `NAME ::: PROGRAM ARGUMENTS`.
    fn parse(line: &str) -> Option<Self> {
        let (name, command) = line.split_once(" ::: ")?;
        let mut words = command.split_whitespace();
        let program = Path::new(words.next()?).file_name()?.to_str()?.to_owned();
        let arguments = words.map(str::to_owned).filter(|word| word != "-fbo").collect();
        Some(Self { name: name.trim().to_owned(), program, arguments, platform: "mixed_glx_egl" })
    }

    fn is_about_window_system(&self) -> bool {
        self.name.starts_with("glx@") || self.name.starts_with("spec@egl") || self.program.starts_with("egl")
    }

    fn contains_any(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.name.contains(part))
    }

    /// `off_screen` tells that piglit runs it off screen.
    fn is_chosen(&self, off_screen: bool) -> bool {
        // What a test prints about samples that no config has is no news.
        if self.name.starts_with("wgl@") || self.contains_any(&ABSENT) {
            return false;
        }
        self.is_about_window_system() || !off_screen || self.contains_any(&ABOUT_BUFFERS)
    }
}

/// The tests that the options ask for, in piglit's order.
pub fn tests(options: &Options) -> Result<Vec<Test>> {
    let list = match &options.list {
        Some(path) => {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
        }
        None => printed()?,
    };
    let chosen = |line: &str| Test::parse(line).filter(|test| test.is_chosen(line.contains(" -fbo")));
    let mut tests: Vec<Test> = list.lines().filter_map(chosen).collect();
    // Debian builds some of piglit's programs not.
    tests.retain(|test| options.programs.join(&test.program).is_file());
    let in_windows =
        tests.iter().filter(|test| !test.is_about_window_system() && !test.contains_any(&OF_FRONT_BUFFERS));
    let by_egl: Vec<Test> = in_windows
        .map(|test| Test { name: format!("{BY_EGL}{}", test.name), platform: "x11_egl", ..test.clone() })
        .collect();
    tests.extend(by_egl);
    if options.quick {
        tests.retain(|test| test.is_about_window_system() || test.contains_any(&QUICK));
    }
    if !options.names.is_empty() {
        tests.retain(|test| options.names.iter().any(|part| test.name.contains(part)));
    }
    ensure!(!tests.is_empty(), "no test of piglit's has such a name");
    Ok(tests)
}

/// Piglit's own list.
fn printed() -> Result<String> {
    let output = match Command::new("piglit").args(["print-cmd", "quick_gl"]).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!("piglit is not installed; run: apt-get install -y --no-install-recommends piglit")
        }
        Err(error) => return Err(error).context("cannot run piglit"),
    };
    ensure!(output.status.success(), "piglit print-cmd failed:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
