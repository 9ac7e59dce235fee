//! The two sides of a run: taken as named, or started, and checked before the program starts.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use glxrun_contract::settings::{Mode, Settings, Sink, View};
use rustix::process::{Pid, WaitStatus};

use crate::desktop::Desktop;
use crate::display::{self, Server, display_variable};
use crate::failure::Failure;
use crate::scratch::Scratch;
use crate::session::Found;
use crate::signals::Signals;
use crate::xserver::{Purpose, XServer};
use crate::{Variable, devices, say, xauth, xorg};

/// Size of the screen of a private 3D side. Nothing is shown there: pbuffers have sizes of their own.
const SMALL: &str = "64x64";

/// What the program will run on.
pub struct Sides {
    two: Server,
    /// What names the 3D side: an X display or an EGL device.
    three: Option<String>,
    /// The device that Vulkan programs are to see, as the layer is told of it; None: all.
    vulkan_device: Option<String>,
    /// The 2D side, if we started it.
    desktop: Option<Desktop>,
    /// The 3D side's X server, if we started it.
    renderer: Option<XServer>,
    authority: Option<PathBuf>,
    /// What leads to the sides of the session that was joined.
    joined: Vec<Variable>,
}

/// Where the 2D side comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is the X server of this name.
    Named(String),
    /// We start it.
    Own,
    /// We start it, for programs that come and go.
    Session,
}

impl Origin {
    /// Of an ordinary run: what DISPLAY names, unless that is nothing or a view is asked for.
    pub fn of(settings: &Settings) -> Result<Origin> {
        let named = if settings.view == View::None { display_variable()? } else { None };
        Ok(named.map_or(Origin::Own, Origin::Named))
    }
}

/// What names a private 3D side that is started for the run.
pub const PRIVATE: &str = "xvfb";
/// The variable that tells the library of the 2D side's screen.
const FRAMEBUFFER: &str = "GLXRUN_FRAMEBUFFER";
/// The variable that tells the Vulkan layer of the 3D side's device.
const VULKAN_DEVICE: &str = "GLXRUN_VULKAN_DEVICE";

impl Sides {
    /// Finds or starts both sides and checks that they can work together.
    pub fn prepare(
        settings: &Settings,
        origin: Origin,
        scratch: &Scratch,
        signals: &mut Signals,
    ) -> Result<Sides, Failure> {
        let split = settings.mode == Mode::Split;
        if settings.xorg.is_some() && settings.display3d.is_some() {
            Err(anyhow!(
                "a 3D side is named (-d, GLXRUN_DISPLAY3D) and another is to be started (--xorg, GLXRUN_XORG); leave one out"
            ))?;
        }
        // Before anything is started: drivers may do what they like to this process.
        let (device, mut vulkan_device) = match &settings.display3d {
            Some(name) if name != PRIVATE && split && devices::is_device(name) => {
                (None, devices::check(name, signals)?)
            }
            None if split && settings.xorg.is_none() => match devices::default(signals)? {
                Some((name, identity)) => (Some(name), identity),
                None => (None, None),
            },
            _ => (None, None),
        };
        let (desktop, two) = match origin {
            Origin::Named(name) => {
                if split && settings.sink == Sink::Framebuffer && std::env::var_os(FRAMEBUFFER).is_none() {
                    say!(
                        "--sink framebuffer is for an Xvfb that glxrun starts, but DISPLAY names {name}, whose X server \
                         gets the frames. Unset DISPLAY, or name the file of its screen in {FRAMEBUFFER}"
                    );
                }
                (None, Server { name, cookie: None })
            }
            Origin::Own | Origin::Session => {
                let desktop = Desktop::start(settings, origin == Origin::Session, scratch, signals)?;
                let two = desktop.server().clone();
                (Some(desktop), two)
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
        let mut renderer = None;
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
                let server = match &settings.xorg {
                    Some(gpu) => xorg::start(gpu, settings.size, matching(depth), scratch, signals)?,
                    None => {
                        vulkan_device = Some(devices::SOFTWARE.to_owned());
                        start_three(matching(depth), scratch, signals)?
                    }
                };
                let name = server.server().name.clone();
                renderer = Some(server);
                Some(name)
            }
        };
        let authority = if desktop.is_none() && renderer.is_none() {
            None
        } else {
            // Ours first: the first entry that matches a display is taken, and an old one may name the same number.
            let mut entries: Vec<u8> = desktop.iter().flat_map(Desktop::entry).collect();
            entries.extend(renderer.iter().flat_map(XServer::entry));
            entries.extend(xauth::existing());
            let file = scratch.file("Xauthority");
            xauth::write(&file, &entries)?;
            Some(file)
        };
        Ok(Sides { two, three, vulkan_device, desktop, renderer, authority, joined: Vec::new() })
    }

    /// The sides of a session; another 3D side, if one is named.
    pub fn join(session: Found, settings: &Settings, signals: &mut Signals) -> Result<Sides, Failure> {
        let Found { name, two, mut variables, view } = session;
        let open = two.ask(signals, |server, connection| display::root_depth(server, &connection))?;
        open.map_err(|error| {
            anyhow!(
                "cannot open the 2D side of the session {name}, display {}: {error:#}; --session none does without \
                 the session",
                two.name
            )
        })?;
        if settings.view != View::None {
            say!(
                "joining the session {name}{}",
                view.map(|view| format!(", seen at {view}")).unwrap_or_default()
            );
        }
        if settings.xorg.is_some() {
            Err(anyhow!(
                "the session {name} has a 3D side, so --xorg starts none. Give --xorg to glxrun session, or do without the \
             session (--session none)"
            ))?;
        }
        let mut vulkan_device = None;
        if let Some(three) = &settings.display3d {
            if devices::is_device(three) {
                vulkan_device = devices::check(three, signals)?;
            } else {
                check_three(&Server { name: three.clone(), cookie: None }, &two, signals)?;
            }
            variables.retain(|(name, _)| name != "GLXRUN_DISPLAY3D" && name != VULKAN_DEVICE);
        }
        let three = settings.display3d.clone();
        Ok(Sides {
            two,
            three,
            vulkan_device,
            desktop: None,
            renderer: None,
            authority: None,
            joined: variables,
        })
    }

    /// The 2D side.
    pub fn two(&self) -> &Server {
        &self.two
    }

    /// Process ids of the X servers on both sides, where they run on this machine.
    pub fn server_pids(&self) -> Vec<i32> {
        let three = self.three.iter().filter(|name| !devices::is_device(name));
        let three = three.map(|name| Server { name: name.clone(), cookie: None });
        let ours =
            self.desktop.iter().map(Desktop::x_process).chain(self.renderer.iter().map(XServer::process));
        let mut pids: Vec<i32> = ours.map(Pid::as_raw_pid).collect();
        pids.extend(std::iter::once(self.two.clone()).chain(three).filter_map(|server| server.pid()));
        pids.sort_unstable();
        pids.dedup();
        pids
    }

    /// The variables that lead the program and the library to both sides.
    pub fn variables(&self) -> Vec<Variable> {
        let mut variables = self.joined.clone();
        variables.push(("DISPLAY".into(), self.two.name.clone().into()));
        variables.extend(self.three.iter().map(|three| ("GLXRUN_DISPLAY3D".into(), three.into())));
        let device = self.vulkan_device.as_ref();
        variables.extend(device.map(|device| (VULKAN_DEVICE.into(), device.into())));
        let framebuffer = self.desktop.as_ref().and_then(Desktop::framebuffer);
        variables.extend(framebuffer.map(|file| (FRAMEBUFFER.into(), file.into())));
        variables.extend(self.authority.iter().map(|file| ("XAUTHORITY".into(), file.into())));
        if self.desktop.is_some() {
            // A glxrun that the program runs is to use this 2D side, not to start another one to look at.
            variables.push(("GLXRUN_VIEW".into(), "none".into()));
        }
        variables
    }

    /// Where the 2D side can be looked at.
    pub fn view(&self) -> Option<&str> {
        self.desktop.as_ref().and_then(Desktop::address)
    }

    /// The processes that we started.
    pub fn processes(&self) -> Vec<Pid> {
        let two = self.desktop.iter().flat_map(Desktop::processes);
        two.chain(self.renderer.iter().map(XServer::process)).collect()
    }

    /// Whether all that we started runs, as far as is known.
    pub fn are_whole(&self) -> bool {
        self.desktop.as_ref().is_none_or(Desktop::is_whole)
            && self.renderer.as_ref().is_none_or(XServer::is_running)
    }

    /// Starts again what has ended and is due. Gives the time when something will be.
    pub fn repair(&mut self, signals: &mut Signals) -> Result<Option<Instant>, Failure> {
        let two = self.desktop.as_mut().map_or(Ok(None), |desktop| desktop.repair(signals))?;
        let three = self.renderer.as_mut().map_or(Ok(None), |server| server.repair(signals))?;
        Ok([two, three].into_iter().flatten().min())
    }

    /// Takes note of a process that has ended, and says so if it was one of ours.
    pub fn process_ended(&mut self, pid: Pid, status: WaitStatus) {
        let two = self.desktop.as_mut().and_then(|desktop| desktop.note_end(pid, status));
        let three = || self.renderer.as_mut().and_then(|server| server.note_end(pid, status));
        if let Some(news) = two.or_else(three) {
            say!("{news}");
        }
    }

    /// Says which of our servers ended before the program did, as far as that has not been said.
    pub fn program_ended(&mut self) {
        let servers = self.desktop.iter_mut().map(Desktop::xserver).chain(&mut self.renderer);
        for news in servers.filter_map(XServer::find_end) {
            say!("{news}");
        }
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

/// The depth of a 3D side that offers configs for the windows of a 2D side of `depth`.
fn matching(depth: u8) -> u8 {
    if matches!(depth, 16 | 30) { depth } else { 24 }
}

/// A private 3D side with a screen of this depth.
fn start_three(depth: u8, scratch: &Scratch, signals: &mut Signals) -> Result<XServer, Failure> {
    let purpose = Purpose::xvfb("3D side", "3d", &format!("{SMALL}x{depth}"), true);
    let xvfb = XServer::start(&purpose, scratch, signals)?;
    let glx = xvfb.server().ask(signals, |_, connection| display::has_glx(&connection))?;
    if !glx.context("cannot open the 3D side's Xvfb")? {
        let words = xvfb.last_words();
        Err(anyhow!(
            "the 3D side's Xvfb offers no GLX{words}. Install Mesa's drivers (apt-get install libgl1-mesa-dri)"
        ))?;
    }
    Ok(xvfb)
}
