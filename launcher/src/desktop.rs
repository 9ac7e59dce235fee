//! A 2D side that we start: an X server, a view of it, a window manager.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, anyhow};
use glxrun_contract::settings::{Mode, Settings, Sink, View as Kind};
use rustix::process::{Pid, WaitStatus};
use tempfile::TempDir;

use crate::display::Server;
use crate::failure::Failure;
use crate::helper::Helper;
use crate::scratch::{self, Scratch};
use crate::signals::Signals;
use crate::view::{Plan, View, wm};
use crate::xserver::{Purpose, XServer};
use crate::{Variable, say, xauth};

/// Ports tried for a view when other programs take them at the same moment.
const ATTEMPTS: u32 = 20;

/// The 2D side. What needs the server comes before it, so that it ends before it.
pub struct Desktop {
    wm: Option<Helper>,
    view: Option<View>,
    server: XServer,
    /// Where the server's screen is, if it is a file. Removed after the server has ended.
    framebuffer: Option<TempDir>,
}

impl Desktop {
    /// Starts it. `lasting`: programs come and go on it, as in a session.
    pub fn start(
        settings: &Settings,
        lasting: bool,
        scratch: &Scratch,
        signals: &mut Signals,
    ) -> Result<Desktop, Failure> {
        let manager = wm::choose(&settings.wm, lasting || settings.view != Kind::None)?;
        let mut plan = Plan::new(settings, scratch)?;
        for _ in 0..ATTEMPTS {
            match Desktop::try_start(settings, manager.as_deref(), plan.as_ref(), scratch, signals) {
                Err(failure)
                    if plan.as_mut().map_or(Ok(false), |plan| plan.retries(&failure, settings))? => {}
                result => return result,
            }
        }
        Err(anyhow!("each port that was free for the view has been taken by others").into())
    }

    fn try_start(
        settings: &Settings,
        manager: Option<&str>,
        plan: Option<&Plan>,
        scratch: &Scratch,
        signals: &mut Signals,
    ) -> Result<Desktop, Failure> {
        let split = settings.mode == Mode::Split;
        let framebuffer =
            if split && settings.sink == Sink::Framebuffer { Some(scratch::in_memory()?) } else { None };
        let (program, options) = x_server(settings, plan, framebuffer.as_ref());
        // The 2D side needs no GLX, and a program that got past us would draw there unnoticed.
        let purpose = Purpose { side: "2D side", stem: "2d", program, options, glx: !split };
        let server = XServer::start(&purpose, scratch, signals)?;

        let authority = scratch.file("helpers.Xauthority");
        xauth::write(&authority, &server.entry())?;
        let variables: Vec<Variable> = vec![
            ("DISPLAY".into(), server.server().name.clone().into()),
            ("XAUTHORITY".into(), authority.into()),
        ];
        let mut desktop = Desktop { wm: None, view: None, server, framebuffer };
        if let Some(manager) = manager {
            let server = desktop.server.server().clone();
            desktop.wm = Some(wm::start(manager, &server, variables.clone(), scratch, signals)?);
        }
        if let Some(plan) = plan {
            desktop.view = Some(plan.start(variables, scratch, signals)?);
        }
        Ok(desktop)
    }

    /// How to connect to it.
    pub fn server(&self) -> &Server {
        self.server.server()
    }

    /// The process of its X server.
    pub fn x_process(&self) -> Pid {
        self.server.process()
    }

    /// Its X server.
    pub fn xserver(&mut self) -> &mut XServer {
        &mut self.server
    }

    /// Entries for an authority file.
    pub fn entry(&self) -> Vec<u8> {
        self.server.entry()
    }

    /// The file that the X server keeps its screen in.
    pub fn framebuffer(&self) -> Option<PathBuf> {
        self.framebuffer.as_ref().map(|directory| directory.path().join("Xvfb_screen0"))
    }

    /// Where it can be looked at.
    pub fn address(&self) -> Option<&str> {
        self.view.as_ref().map(|view| view.address.as_str())
    }

    /// The processes that it consists of.
    pub fn processes(&self) -> impl Iterator<Item = Pid> {
        let helpers = self.view.iter().flat_map(|view| &view.helpers).chain(&self.wm);
        helpers.map(Helper::process).chain([self.server.process()])
    }

    /// Whether all of them run, as far as is known.
    pub fn is_whole(&self) -> bool {
        let mut helpers = self.view.iter().flat_map(|view| &view.helpers).chain(&self.wm);
        self.server.is_running() && helpers.all(Helper::is_running)
    }

    fn helpers(&mut self) -> impl Iterator<Item = &mut Helper> {
        self.view.iter_mut().flat_map(|view| &mut view.helpers).chain(&mut self.wm)
    }

    /// Takes note that a process has ended; gives a sentence if it was one of these.
    pub fn note_end(&mut self, pid: Pid, status: WaitStatus) -> Option<String> {
        let server = self.server.note_end(pid, status);
        server.or_else(|| self.helpers().find_map(|helper| helper.note_end(pid, status)))
    }

    /// Starts again what has ended and is due. Gives the time when something will be.
    pub fn repair(&mut self, signals: &mut Signals) -> Result<Option<Instant>, Failure> {
        if let Some(due) = self.server.repair(signals)? {
            return Ok(Some(due));
        }
        let mut next = None;
        for helper in self.helpers() {
            if helper.due().is_some_and(|due| due <= Instant::now()) {
                match helper.restart() {
                    Ok(()) => say!("{} has been started again", helper.what()),
                    Err(error) => say!("{error:#}"),
                }
            }
            next = [next, helper.due()].into_iter().flatten().min();
        }
        Ok(next)
    }
}

/// The X server's program and its options.
fn x_server(
    settings: &Settings,
    plan: Option<&Plan>,
    framebuffer: Option<&TempDir>,
) -> (&'static str, Vec<OsString>) {
    let (width, height) = (settings.size.width, settings.size.height);
    let (program, screen) = match plan.and_then(Plan::xvnc) {
        Some(mut options) => {
            let size = ["-geometry", &format!("{width}x{height}"), "-depth", "24"].map(OsString::from);
            options.extend(size);
            ("Xvnc", options)
        }
        None => ("Xvfb", ["-screen", "0", &format!("{width}x{height}x24")].map(OsString::from).to_vec()),
    };
    // Composite can have windows live elsewhere than in the screen.
    let file = framebuffer.iter().flat_map(|directory| {
        ["-fbdir".into(), directory.path().into(), "-extension".into(), "Composite".into()]
    });
    (program, screen.into_iter().chain(file).collect())
}
