//! The `glxrun` command: finds or starts a 3D side and a 2D side, runs a program on them with libglxrun.so
//! preloaded, and leaves nothing behind.
//!
//! The course of a run is [`run`] below and [`Launch::start`], from top to bottom; each step has its module. Whatever is started or made
//! on the way is owned by a value whose drop ends or removes it, so every return cleans up.

mod cli;
mod commands;
mod compare;
mod devices;
mod display;
mod doctor;
mod failure;
mod golden;
mod hold;
mod launch;
mod library;
mod pages;
mod picture;
mod program;
mod scratch;
mod shot;
mod sides;
mod signals;
mod stats;
mod supervise;
mod task;
mod top;
mod xauth;
mod xvfb;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use glxrun_contract::records;

use cli::{Cli, Order};
use failure::Failure;
use launch::{Launch, Plan};
use shot::Shot;
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
    if let Some(shot) = &settings.shot {
        shot::check(shot)?;
    }
    let display = sides::display_variable()?;
    let plan = Plan { program, args, display, variables: flags, output: None, records: records::USUAL };
    let mut launch = Launch::start(&settings, plan, &mut signals)?;
    let stats = Stats::start(&settings, &launch.counters);
    let shot = Shot::start(&settings, &launch.counters, launch.sides.two());
    let status = supervise::until_exit(launch.app, &mut launch.sides, &mut signals)?;
    if let Some(shot) = shot {
        shot.finish();
    }
    if let Some(stats) = stats {
        stats.finish();
    }
    Ok(status)
}

/// An environment variable for the program.
type Variable = (OsString, OsString);
