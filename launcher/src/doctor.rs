//! `glxrun doctor`: would a program work here, and if not, what is to be done?
//!
//! Files and variables are looked at first ([`gpu`], [`vendors`], [`surroundings`]), then the 2D side is asked
//! ([`screen`]) and each possible 3D side draws a frame ([`frame`]). What may hang is asked by a child process with a
//! time limit ([`probes`]): this program again, with `--probe`.

mod frame;
mod gpu;
mod probes;
mod rendering;
mod report;
mod screen;
mod surroundings;
mod vendors;
mod vulkan;

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use glxrun_contract::settings::Settings;
use serde::{Deserialize, Serialize};

use crate::display;
use crate::failure::Failure;
use crate::scratch::Scratch;
use crate::signals::Signals;
use crate::xserver::{Purpose, XServer};
use crate::{Variable, cli, devices, library, xauth};
use gpu::Place;
use probes::Probes;
use report::{Check, Report};
use vendors::{Unloadable, Vendors};

/// Check whether OpenGL programs would work here, and say what to do if not.
///
/// Looks at device nodes, drivers, both sides and shared memory, and draws a test frame. Ends with 0 if a program would
/// work, with 1 if not.
#[derive(Parser)]
#[command(name = "glxrun doctor")]
pub struct Doctor {
    /// The 3D side to check, as for a run; without it, what a run without it would take
    #[arg(short = 'd', long = "display3d", value_name = "SIDE")]
    display3d: Option<OsString>,
    /// Have an Xorg started as the 3D side, as for a run
    #[arg(long, value_name = "GPU", num_args = 0..=1, require_equals = true, default_missing_value = "auto")]
    xorg: Option<OsString>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// How long one probe may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    limit: u64,
    /// Look for the files of drivers, keyboards and fonts below this directory
    #[arg(long, value_name = "DIRECTORY", default_value = "/", hide = true)]
    root: PathBuf,
    /// Answer one question, as a child of doctor's
    #[arg(long, hide = true)]
    probe: Option<Probe>,
    /// What the question is about
    #[arg(hide = true, requires = "probe")]
    words: Vec<OsString>,
}

/// The questions that a child process answers, in JSON on its standard output.
#[derive(Clone, Copy, ValueEnum)]
enum Probe {
    /// Which of these libraries cannot be loaded?
    Load,
    /// Which EGL devices are there?
    Devices,
    /// What is the X server of DISPLAY like?
    Screen,
    /// Does a frame arrive?
    Frame,
}

/// An EGL device, as the probe tells of it.
#[derive(Serialize, Deserialize)]
struct Device {
    name: String,
    default: bool,
    software: bool,
    /// Renderer and driver, or why it does not start.
    started: Result<(String, String), String>,
}

/// Runs the command; `words` follow its name.
pub fn run(words: Vec<OsString>) -> Result<u8, Failure> {
    let doctor = match cli::command_line::<Doctor>(words)? {
        Ok(doctor) => doctor,
        Err(help) => {
            print(&help);
            return Ok(0);
        }
    };
    if let Some(probe) = doctor.probe {
        print(&answer(probe, &doctor.words)?);
        return Ok(0);
    }
    let report = Report::new(cli::VERSION, examine(&doctor)?);
    print(&if doctor.json { report.json()? } else { report.text() });
    Ok(if report.works { 0 } else { 1 })
}

fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn answer(probe: Probe, words: &[OsString]) -> anyhow::Result<String> {
    Ok(match probe {
        Probe::Load => serde_json::to_string(&vendors::try_to_load(words))?,
        Probe::Devices => serde_json::to_string(&egl_devices().map_err(|cause| cause.to_string()))?,
        Probe::Screen => {
            let name = std::env::var("DISPLAY").context("DISPLAY is unset or no text")?;
            serde_json::to_string(&screen::ask(&name))?
        }
        Probe::Frame => serde_json::to_string(&frame::draw())?,
    })
}

fn egl_devices() -> Result<Vec<Device>, glxrun_devices::Cause> {
    let device = |row: devices::Row| Device {
        name: row.name,
        default: row.default,
        software: row.software,
        started: match row.started {
            Ok(description) => Ok((description.renderer, description.version)),
            Err(error) => Err(format!("EGL error {error:#x}")),
        },
    };
    Ok(devices::rows()?.into_iter().map(device).collect())
}

/// Makes all checks.
fn examine(doctor: &Doctor) -> Result<Vec<Check>, Failure> {
    let mut signals = Signals::new().context("cannot handle signals")?;
    let place = Place::at(&doctor.root, |name| std::env::var(name).ok());
    let scratch = Scratch::new()?;
    let limit = Duration::from_secs(doctor.limit);
    let mut checks = Vec::new();

    let named = settings(doctor, &mut checks);
    checks.push(gpu::nodes(&place));
    checks.push(gpu::capabilities(&place));
    checks.push(gpu::driver(&place));
    let vendors = Vendors::read(&place);
    {
        let mut probes = Probes {
            scratch: &scratch,
            signals: &mut signals,
            limit,
            variables: Vec::new(),
            said: String::new(),
        };
        let unloadable = unloadable(&place, &vendors, &mut probes)?;
        checks.extend(vendors.checks(&unloadable));
        checks.push(vulkan::loader(&mut probes)?);
    }
    checks.push(surroundings::shared_memory(&place));
    checks.push(surroundings::limits());
    let display = display::display_variable();
    checks.push(surroundings::keyboard(&place, matches!(display, Ok(None))));
    checks.push(surroundings::fonts(&place));

    // Both ends before the frames, with the children asked between them.
    let two = match display {
        Ok(Some(_)) => None,
        Ok(None) => match xvfb("2D side", "2d", "1280x1024x24", false, &scratch, &mut signals) {
            Ok(xvfb) => Some(xvfb),
            Err(interrupted @ Failure::Interrupted(_)) => return Err(interrupted),
            Err(failure) => {
                let (evidence, fix) = gpu::split(&failure.to_string());
                checks.push(Check::failure("2d-side", evidence, fix));
                return Ok(checks);
            }
        },
        Err(error) => {
            checks.push(Check::failure("2d-side", error.to_string(), "correct DISPLAY, or unset it"));
            return Ok(checks);
        }
    };
    let variables = two.as_ref().map(|two| lead_to(&[two], &scratch)).transpose()?.unwrap_or_default();
    let mut probes =
        Probes { scratch: &scratch, signals: &mut signals, limit, variables, said: String::new() };
    let before = checks.len();
    match probes.ask::<Vec<Check>>("screen", &[])? {
        Ok(found) => checks.extend(found),
        Err(why) => checks.push(Check::failure(
            "2d-side",
            format!("the 2D side {}: {why}", display_name(two.as_ref())),
            "is its X server stopped or hung? Start it anew, or unset DISPLAY to have an Xvfb started",
        )),
    }
    if checks[before..].iter().any(|check| check.verdict == report::Verdict::Failure) {
        return Ok(checks);
    }
    checks.extend(rendering::checks(named.as_deref(), two.as_ref(), place.has_gpu(), &mut probes)?);
    Ok(checks)
}

/// The 3D side that is asked for, if any, from flags and environment, as the option that asks a run for it; checks all settings
/// and the library on the way.
fn settings(doctor: &Doctor, checks: &mut Vec<Check>) -> Option<String> {
    let flag = |setting: &glxrun_contract::settings::Setting| match setting.env {
        "GLXRUN_DISPLAY3D" => doctor.display3d.clone(),
        "GLXRUN_XORG" => doctor.xorg.clone(),
        _ => None,
    };
    let settings = Settings::gather(flag, |setting| std::env::var_os(setting.env));
    let settings = settings.unwrap_or_else(|problem| {
        checks.push(Check::failure("settings", problem.to_string(), "correct it, or leave it out"));
        Settings::default()
    });
    match library::find(settings.library.as_deref()) {
        Ok(path) => {
            checks.push(Check::ok("library", path.display().to_string()));
            checks.push(vulkan::layer(&path));
        }
        Err(error) => {
            let (evidence, fix) = gpu::split(&format!("{error:#}"));
            checks.push(Check::failure("library", evidence, fix));
        }
    }
    let named = settings.display3d.map(|name| format!("{DISPLAY3D}{name}"));
    named.or_else(|| settings.xorg.map(|gpu| format!("--xorg={gpu}")))
}

/// The option that names a 3D side, up to the name.
const DISPLAY3D: &str = "--display3d=";

fn unloadable(place: &Place, vendors: &Vendors, probes: &mut Probes) -> Result<Unloadable, Failure> {
    if !place.is_here() {
        return Ok(Unloadable::new());
    }
    // Each by itself: one that crashes must not take the others' answers along.
    let mut all = Unloadable::new();
    for library in vendors.libraries() {
        match probes.ask::<Unloadable>("load", &[OsStr::new(&library)])? {
            Ok(found) => all.extend(found),
            Err(why) => drop(all.insert(library, why)),
        }
    }
    Ok(all)
}

/// Starts an Xvfb of our own, as a run would.
fn xvfb(
    side: &'static str,
    stem: &'static str,
    screen: &str,
    glx: bool,
    scratch: &Scratch,
    signals: &mut Signals,
) -> Result<XServer, Failure> {
    XServer::start(&Purpose::xvfb(side, stem, screen, glx), scratch, signals)
}

/// The variables that lead to the first of these servers, and let into all.
fn lead_to(servers: &[&XServer], scratch: &Scratch) -> Result<Vec<Variable>, Failure> {
    let mut entries: Vec<u8> = servers.iter().flat_map(|server| server.entry()).collect();
    entries.extend(xauth::existing());
    let file = scratch.file("Xauthority");
    xauth::write(&file, &entries)?;
    Ok(vec![("DISPLAY".into(), servers[0].server().name.clone().into()), ("XAUTHORITY".into(), file.into())])
}

fn display_name(two: Option<&XServer>) -> String {
    match two {
        Some(xvfb) => format!("{} (an Xvfb that doctor started)", xvfb.server().name),
        None => format!("{} (DISPLAY)", std::env::var("DISPLAY").unwrap_or_default()),
    }
}
