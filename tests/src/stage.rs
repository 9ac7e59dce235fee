//! The displays that a test runs a program on, direct and split.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::artifacts;
use crate::image::Tolerance;
use crate::screen::Screen;
use crate::server::XServer;

/// What renders in split runs: `GLXRUN_TEST_BACKEND`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// GLX on a second Xvfb.
    Glx,
    /// An Xorg of glxrun's own, with the dummy driver.
    Xorg,
    /// An EGL device, as `-d` names it; no 3D X server. CI's is `egl:software`.
    Egl(&'static str),
}

impl Backend {
    /// The back end that this run of the tests is for.
    pub fn from_env() -> Result<Self> {
        match std::env::var("GLXRUN_TEST_BACKEND").as_deref() {
            Err(_) | Ok("glx") => Ok(Self::Glx),
            Ok("xorg") => Ok(Self::Xorg),
            Ok(device) if device.starts_with("egl") => Ok(Self::Egl(device.to_owned().leak())),
            Ok(other) => bail!("GLXRUN_TEST_BACKEND is {other:?}; it may be glx, xorg or egl:software"),
        }
    }
}

/// What renders in direct runs, where that is not what the environment of the tests gives: `GLXRUN_TEST_REFERENCE`.
pub struct Reference(Vec<(String, String)>);

impl Reference {
    /// The reference of this run of the tests.
    pub fn from_env() -> Result<Self> {
        let text = std::env::var("GLXRUN_TEST_REFERENCE").unwrap_or_default();
        let variables = text.split_whitespace().map(|word| {
            let (name, value) = word
                .split_once('=')
                .with_context(|| format!("GLXRUN_TEST_REFERENCE has {word:?}, not NAME=VALUE"))?;
            Ok((name.to_owned(), value.to_owned()))
        });
        Ok(Self(variables.collect::<Result<_>>()?))
    }

    /// Whether another rasteriser draws the reference than what is tested.
    pub fn is_other(&self) -> bool {
        !self.0.is_empty()
    }

    /// How far split runs may differ from direct ones.
    pub fn tolerance(&self) -> Tolerance {
        if self.is_other() { Tolerance::OTHER_RASTERISER } else { Tolerance::EXACT }
    }
}

/// The X server of the 2D side: `GLXRUN_TEST_2D`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwoD {
    /// Xvfb without the GLX extension.
    Xvfb,
    /// Xvfb with GLX.
    XvfbGlx,
    /// Xvfb without GLX that keeps its screen in a file.
    XvfbFramebuffer,
    /// TigerVNC's Xvnc without GLX.
    Xvnc,
}

impl TwoD {
    /// The 2D side that this run of the tests is for.
    pub fn from_env() -> Result<Self> {
        match std::env::var("GLXRUN_TEST_2D").as_deref() {
            Err(_) | Ok("xvfb") => Ok(Self::Xvfb),
            Ok("xvfb-glx") => Ok(Self::XvfbGlx),
            Ok("xvfb-framebuffer") => Ok(Self::XvfbFramebuffer),
            Ok("xvnc") => Ok(Self::Xvnc),
            Ok(other) => {
                bail!("GLXRUN_TEST_2D is {other:?}; it may be xvfb, xvfb-glx, xvfb-framebuffer or xvnc")
            }
        }
    }

    /// Starts such a server with a screen of 1920x1080. TigerVNC has no screens of depth 30: there an Xvfb stands in.
    pub fn start(self, depth: u8) -> Result<XServer> {
        match self {
            Self::Xvnc if depth == 30 => Self::Xvfb.start(depth),
            Self::Xvfb => XServer::xvfb().without_glx().depth(depth).start(),
            Self::XvfbGlx => XServer::xvfb().depth(depth).start(),
            Self::XvfbFramebuffer => XServer::xvfb().without_glx().with_framebuffer().depth(depth).start(),
            Self::Xvnc => XServer::xvnc().without_glx().depth(depth).start(),
        }
    }
}

/// The servers of one test.
pub struct Stage {
    backend: Backend,
    // Always there: with the EGL back end it only is the reference.
    three_d: XServer,
    // Where the 3D server has another depth than the 2D side.
    reference: Option<XServer>,
    two_d: XServer,
}

impl Stage {
    /// Servers as the environment asks for, with root windows 24 bits deep.
    pub fn start() -> Result<Self> {
        Self::with_depth(24)
    }

    /// The same with a 2D side of another depth; the 3D side always has 24.
    pub fn with_depth(depth: u8) -> Result<Self> {
        Self::on(TwoD::from_env()?, depth)
    }

    /// The same with a 2D side of a certain kind.
    pub fn on(two_d: TwoD, depth: u8) -> Result<Self> {
        let reference = (depth != 24).then(|| XServer::xvfb().depth(depth).start()).transpose()?;
        let three_d = XServer::xvfb().start()?;
        Ok(Self { backend: Backend::from_env()?, three_d, reference, two_d: two_d.start(depth)? })
    }

    /// Servers as the environment asks for, but for what renders.
    pub fn rendered_by(backend: Backend) -> Result<Self> {
        Ok(Self { backend, ..Self::start()? })
    }

    /// Servers with two screens each, Xvfb on both sides.
    pub fn with_two_screens() -> Result<Self> {
        let three_d = XServer::xvfb().two_screens().start()?;
        let two_d = XServer::xvfb().without_glx().two_screens().start()?;
        Ok(Self { backend: Backend::from_env()?, three_d, reference: None, two_d })
    }

    /// The server that direct runs draw and show on.
    pub fn reference(&self) -> &XServer {
        self.reference.as_ref().unwrap_or(&self.three_d)
    }

    /// The server that renders in split runs.
    pub fn three_d(&self) -> &XServer {
        &self.three_d
    }

    /// The server that shows the windows of split runs.
    pub fn two_d(&self) -> &XServer {
        &self.two_d
    }

    /// The same, to end it in the middle of a test.
    pub fn two_d_mut(&mut self) -> &mut XServer {
        &mut self.two_d
    }

    /// A look at the windows of direct runs.
    pub fn reference_screen(&self) -> Result<Screen> {
        Screen::connect(self.reference())
    }

    /// A look at the windows of split runs.
    pub fn two_d_screen(&self) -> Result<Screen> {
        Screen::connect(&self.two_d)
    }

    /// A command that runs a program direct. A name without a slash is an example's if there is one, else on the PATH.
    pub fn direct(&self, program: &str) -> Result<Command> {
        let mut command = Command::new(resolve(program)?);
        clean(&mut command);
        self.apply_reference(&mut command)?;
        Ok(command)
    }

    /// Makes a command draw direct, on the reference's display and with its drivers.
    pub fn apply_reference(&self, command: &mut Command) -> Result<()> {
        self.reference().apply(command);
        command.envs(Reference::from_env()?.0);
        Ok(())
    }

    /// A command that runs the same program split, by glxrun with `options`.
    pub fn split(&self, options: &[&str], program: &str) -> Result<Command> {
        let mut command = self.glxrun()?;
        command.args(options).arg("--").arg(resolve(program)?);
        Ok(command)
    }

    /// glxrun with its 3D side named, on the 2D side, and nothing more.
    pub fn glxrun(&self) -> Result<Command> {
        let mut command = glxrun()?;
        self.two_d.apply(&mut command);
        match self.backend {
            Backend::Xorg => command.arg("--xorg=dummy"),
            _ => command.args(["-d", &self.three_d_name()]),
        };
        Ok(command)
    }

    /// What names the 3D side in settings.
    pub fn three_d_name(&self) -> String {
        match self.backend {
            Backend::Glx => self.three_d.display(),
            Backend::Xorg => String::new(),
            Backend::Egl(device) => device.to_owned(),
        }
    }
}

/// Frames of one window, as `glxrun --stats` tells them at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Finished by the program.
    pub rendered: u64,
    /// Put on the window by the 2D side's X server.
    pub delivered: u64,
    /// Skipped.
    pub dropped: u64,
}

impl Counts {
    /// The counts of every window in glxrun's summary, from its standard error.
    pub fn of_windows(stderr: &str) -> Vec<Counts> {
        stderr.lines().filter_map(Self::parse).collect()
    }

    /// The counts of the only window that has any.
    pub fn only_window(stderr: &str) -> Result<Counts> {
        let counts = Self::of_windows(stderr);
        let [only] = counts[..] else { bail!("not one window's counts in:\n{stderr}") };
        Ok(only)
    }

    /// Reads `...: rendered 20 frames, delivered 18, dropped 2...`.
    fn parse(line: &str) -> Option<Self> {
        let number = |after: &str| line.split_once(after)?.1.split([' ', ',']).next()?.parse().ok();
        line.contains(" frames, delivered ").then_some(())?;
        Some(Self {
            rendered: number("rendered ")?,
            delivered: number("delivered ")?,
            dropped: number("dropped ")?,
        })
    }
}

/// glxrun without arguments, in an environment that says nothing about displays.
pub fn glxrun() -> Result<Command> {
    let mut command = Command::new(artifacts::program("glxrun")?);
    clean(&mut command);
    Ok(command)
}

/// Removes what the shell that runs the tests may have set for itself.
pub fn clean(command: &mut Command) {
    for name in ["DISPLAY", "XAUTHORITY", "LD_PRELOAD", "LIBGL_ALWAYS_INDIRECT", "WAYLAND_DISPLAY"] {
        command.env_remove(name);
    }
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GLXRUN_") {
            command.env_remove(name);
        }
    }
}

fn resolve(program: &str) -> Result<std::ffi::OsString> {
    let built = artifacts::directory()?.join(program);
    // Only our own programs: a directory of build products has other things with short names.
    let ours = ["scene", "engine", "eglscene", "states", "colours", "clears"].contains(&program);
    Ok(if ours { built.into() } else { OsStr::new(program).to_owned() })
}
