//! The two sides of a run: taken as named, or started, and checked before the program starts.

use anyhow::{Context, Result, anyhow, bail};
use glxrun_contract::settings::{Mode, Settings, Sink};
use rustix::process::{Pid, WaitStatus};
use tempfile::TempDir;

use crate::display::{self, Server};
use crate::failure::Failure;
use crate::scratch::{self, Scratch};
use crate::signals::Signals;
use crate::xvfb::{Purpose, Xvfb};
use crate::{Variable, devices, say, xauth};

/// Size of the screen of a private 3D side. Nothing is shown there: pbuffers have sizes of their own.
const SMALL: &str = "64x64";

/// What the program will run on.
pub struct Sides {
    two: Server,
    /// What names the 3D side: an X display or an EGL device.
    three: Option<String>,
    /// Those that we started.
    servers: Vec<Xvfb>,
    authority: Option<std::path::PathBuf>,
    /// Where the 2D side's screen is. Removed after the server has ended.
    framebuffer: Option<TempDir>,
}

/// What names a private 3D side that is started for the run.
pub const PRIVATE: &str = "xvfb";
/// The variable that tells the library of the 2D side's screen.
const FRAMEBUFFER: &str = "GLXRUN_FRAMEBUFFER";

impl Sides {
    /// Finds or starts both sides and checks that they can work together.
    ///
    /// `display` is the 2D side's name; None starts one.
    pub fn prepare(
        settings: &Settings,
        display: Option<String>,
        scratch: &Scratch,
        signals: &mut Signals,
    ) -> Result<Sides, Failure> {
        let split = settings.mode == Mode::Split;
        // Before anything is started: drivers may do what they like to this process.
        let device = match &settings.display3d {
            Some(name) if name == PRIVATE => None,
            Some(name) if split && devices::is_device(name) => {
                devices::check(name, signals).map(|()| None)?
            }
            None if split => devices::default(signals)?,
            _ => None,
        };
        let mut servers = Vec::new();
        let mut framebuffer = None;
        let two = match display {
            Some(name) => {
                if split && settings.sink == Sink::Framebuffer && std::env::var_os(FRAMEBUFFER).is_none() {
                    say!(
                        "--sink framebuffer is for an Xvfb that glxrun starts, but DISPLAY names {name}, whose X server \
                         gets the frames. Unset DISPLAY, or name the file of its screen in {FRAMEBUFFER}"
                    );
                }
                Server { name, cookie: None }
            }
            None => {
                let screen = format!("{}x{}x24", settings.size.width, settings.size.height);
                // The 2D side needs no GLX, and a program that got past us would draw there unnoticed.
                if split && settings.sink == Sink::Framebuffer {
                    framebuffer = Some(scratch::in_memory()?);
                }
                let directory = framebuffer.as_ref().map(|directory| directory.path().to_owned());
                let purpose =
                    Purpose { side: "2D side", stem: "2d", screen, glx: !split, framebuffer: directory };
                servers.push(Xvfb::start(&purpose, scratch, signals)?);
                servers[0].server().clone()
            }
        };
        let depth = two.ask(signals, |server, connection| display::root_depth(server, &connection))?;
        let depth = depth.map_err(|error| {
            anyhow!(
                "cannot open the 2D side, display {} (DISPLAY): {error:#}. Check that an X server runs there and \
                 that XAUTHORITY lets you in, or unset DISPLAY to start an Xvfb",
                two.name
            )
        })?;
        let three = match (split, &settings.display3d) {
            (false, _) => None,
            (true, Some(name)) if name != PRIVATE => {
                if !devices::is_device(name) {
                    check_three(&Server { name: name.clone(), cookie: None }, &two, signals)?;
                }
                Some(name.clone())
            }
            (true, None) if device.is_some() => device,
            (true, _) => {
                let xvfb = start_three(depth, scratch, signals)?;
                let name = xvfb.server().name.clone();
                servers.push(xvfb);
                Some(name)
            }
        };
        let authority = if servers.is_empty() {
            None
        } else {
            // Ours first: the first entry that matches a display is taken, and an old one may name the same number.
            let mut entries: Vec<u8> = servers.iter().flat_map(Xvfb::entry).collect();
            entries.extend(xauth::existing());
            let file = scratch.file("Xauthority");
            xauth::write(&file, &entries)?;
            Some(file)
        };
        Ok(Sides { two, three, servers, authority, framebuffer })
    }

    /// The 2D side.
    pub fn two(&self) -> &Server {
        &self.two
    }

    /// Process ids of the X servers on both sides, where they run on this machine.
    pub fn server_pids(&self) -> Vec<i32> {
        let three = self.three.iter().filter(|name| !devices::is_device(name));
        let three = three.map(|name| Server { name: name.clone(), cookie: None });
        let mut pids: Vec<i32> = self.servers.iter().map(Xvfb::pid).collect();
        pids.extend(std::iter::once(self.two.clone()).chain(three).filter_map(|server| server.pid()));
        pids.sort_unstable();
        pids.dedup();
        pids
    }

    /// The variables that lead the program and the library to both sides.
    pub fn variables(&self) -> Vec<Variable> {
        let mut variables = vec![("DISPLAY".into(), self.two.name.clone().into())];
        variables.extend(self.three.iter().map(|three| ("GLXRUN_DISPLAY3D".into(), three.into())));
        let file = |directory: &TempDir| directory.path().join("Xvfb_screen0");
        variables
            .extend(self.framebuffer.iter().map(|directory| (FRAMEBUFFER.into(), file(directory).into())));
        variables.extend(self.authority.iter().map(|file| ("XAUTHORITY".into(), file.into())));
        variables
    }

    /// Takes note of a process that has ended, and says so if it was one of our servers.
    pub fn process_ended(&mut self, pid: Pid, status: WaitStatus) {
        if let Some(news) = self.servers.iter_mut().find_map(|server| server.note_end(pid, status)) {
            say!("{news}");
        }
    }

    /// Says which of our servers ended before the program did, as far as that has not been said.
    pub fn program_ended(&mut self) {
        for news in self.servers.iter_mut().filter_map(Xvfb::find_end) {
            say!("{news}");
        }
    }
}

/// DISPLAY; an empty one counts as unset.
pub fn display_variable() -> Result<Option<String>> {
    match std::env::var_os("DISPLAY").filter(|name| !name.is_empty()).map(|name| name.into_string()) {
        None => Ok(None),
        Some(Ok(name)) => Ok(Some(name)),
        Some(Err(name)) => bail!("DISPLAY={}: the value must be the name of an X display", name.display()),
    }
}

const ANOTHER: &str = "Name another display with -d, or leave it out to render in software";

/// A 3D side that the user named: it can be opened, has GLX and is not the 2D side.
fn check_three(three: &Server, two: &Server, signals: &mut Signals) -> Result<(), Failure> {
    let second = two.clone();
    let answer = three.ask(signals, move |_, connection| {
        let same = display::is_same(&second.connect().context("the 2D side")?, &connection)?;
        Ok((same, display::has_glx(&connection)?))
    })?;
    let name = &three.name;
    match answer {
        Err(error) => Err(anyhow!("cannot open the 3D side, display {name} (-d): {error:#}. {ANOTHER}"))?,
        Ok((true, _)) => Err(anyhow!(
            "{name} is the 3D side (-d) and, as {}, the 2D side (DISPLAY) too, but they must be two X servers. {ANOTHER}",
            two.name
        ))?,
        Ok((_, false)) => Err(anyhow!(
            "the 3D side, display {name} (-d), has no GLX extension, so nothing can be rendered there. {ANOTHER}"
        ))?,
        Ok((false, true)) => Ok(()),
    }
}

/// A private 3D side whose screen has the depth of the 2D side's windows, so that it offers matching configs.
fn start_three(depth: u8, scratch: &Scratch, signals: &mut Signals) -> Result<Xvfb, Failure> {
    let depth = if matches!(depth, 16 | 30) { depth } else { 24 };
    let purpose = Purpose {
        side: "3D side",
        stem: "3d",
        screen: format!("{SMALL}x{depth}"),
        glx: true,
        framebuffer: None,
    };
    let xvfb = Xvfb::start(&purpose, scratch, signals)?;
    let glx = xvfb.server().ask(signals, |_, connection| display::has_glx(&connection))?;
    if !glx.context("cannot open the 3D side's Xvfb")? {
        let words = xvfb.last_words();
        Err(anyhow!(
            "the 3D side's Xvfb offers no GLX{words}. Install Mesa's drivers (apt-get install libgl1-mesa-dri)"
        ))?;
    }
    Ok(xvfb)
}
