//! The `glxrun` command: finds or starts a 3D side and a 2D side, runs a program on them with libglxrun.so
//! preloaded, and leaves nothing behind.
//!
//! The course of a run is [`run`] below, from top to bottom; each step has its module. Whatever is started or made
//! on the way is owned by a value whose drop ends or removes it, so every return cleans up.

mod cli;
mod commands;
mod devices;
mod display;
mod doctor;
mod failure;
mod library;
mod picture;
mod program;
mod scratch;
mod shot;
mod sides;
mod signals;
mod stats;
mod supervise;
mod task;
mod xauth;
mod xvfb;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use glxrun_contract::counters::CounterFile;
use glxrun_contract::settings::Settings;

use cli::{Cli, Order};
use failure::Failure;
use scratch::Scratch;
use shot::Shot;
use sides::Sides;
use signals::Signals;
use stats::Stats;

/// Prints a line to stderr, marked as glxrun's. A reader that has gone away is no reason to fail.
macro_rules! say {
    ($($text:tt)*) => {{
        let line = format!("glxrun: {}\n", format_args!($($text)*));
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }};
}
pub(crate) use say;

fn main() -> ExitCode {
    let status = match cli::parse(std::env::args_os()) {
        Ok(Cli::Print(text)) => {
            let _ = std::io::stdout().write_all(text.as_bytes());
            Ok(0)
        }
        Ok(Cli::ListDevices) => devices::list().map(|text| {
            let _ = std::io::stdout().write_all(text.as_bytes());
            0
        }),
        Ok(Cli::Command(command, words)) => (command.run)(words),
        Ok(Cli::Run(order)) => run(*order),
        Err(failure) => Err(failure),
    };
    ExitCode::from(status.unwrap_or_else(|failure| {
        failure.report();
        failure.status()
    }))
}

/// Runs the program and gives the exit status that glxrun passes on.
fn run(Order { settings, flags, program, args }: Order) -> Result<u8, Failure> {
    let mut signals = Signals::new().context("cannot handle signals")?;
    program::check(&program)?;
    let library = library::find(settings.library.as_deref())?;
    if let Some(shot) = &settings.shot {
        shot::check(shot)?;
    }

    let scratch = Scratch::new()?;
    let mut sides = Sides::prepare(&settings, &scratch, &mut signals)?;

    let mut variables = flags;
    variables.push(library::preload(&library, &scratch)?);
    variables.extend(sides.variables());
    variables.extend(scratch.runtime_dir()?);
    let counters = counters(&settings, &scratch)?;
    if counters.is_some() {
        variables.push(("GLXRUN_COUNTERS".into(), scratch.counters().into()));
    }

    let app = program::spawn(&program, &args, variables, signals.inherited())?;
    let stats = counters.as_ref().and_then(|counters| Stats::start(&settings, counters));
    let shot = counters.as_ref().and_then(|counters| Shot::start(&settings, counters, sides.two()));
    let status = supervise::until_exit(app, &mut sides, &mut signals)?;
    if let Some(shot) = shot {
        shot.finish();
    }
    if let Some(stats) = stats {
        stats.finish();
    }
    Ok(status)
}

/// The counters file, where something will read it.
fn counters(settings: &Settings, scratch: &Scratch) -> Result<Option<CounterFile>, Failure> {
    if settings.stats.is_none() && settings.shot.is_none() {
        return Ok(None);
    }
    let path = scratch.counters();
    let file = CounterFile::create(&path);
    Ok(Some(file.with_context(|| format!("cannot make the counters file {}", path.display()))?))
}

/// An environment variable for the program.
type Variable = (OsString, OsString);
