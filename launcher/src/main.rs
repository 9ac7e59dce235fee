//! The `glxrun` command: finds or starts a 3D side and a 2D side, runs a program on them with libglxrun.so
//! preloaded, and leaves nothing behind.
//!
//! The course of a run is [`run()`] below, from top to bottom; each step has its module. Whatever is started or made
//! on the way is owned by a value whose drop ends or removes it, so every return cleans up.

mod child;
mod cli;
mod commands;
mod compare;
mod desktop;
mod devices;
mod display;
mod doctor;
mod failure;
mod golden;
mod helper;
mod hold;
mod launch;
mod library;
mod pages;
mod picture;
mod program;
mod record;
mod run;
mod scratch;
mod session;
mod shot;
mod sides;
mod signals;
mod stats;
mod supervise;
mod task;
mod top;
mod trace;
mod trust;
mod view;
mod vulkan;
mod xauth;
mod xorg;
mod xserver;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use glxrun_contract::records;

use cli::{Cli, Order};
use failure::Failure;
use launch::Plan;
use run::Running;
use scratch::Scratch;
use sides::{Origin, Sides};
use signals::Signals;

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
        shot::check(&shot.file)?;
    }
    record::check(&settings)?;

    let scratch = Scratch::new()?;
    let mut sides = match session::find(&settings)? {
        Some(session) => Sides::join(session, &settings, &mut signals)?,
        None => Sides::prepare(&settings, Origin::of(&settings)?, &scratch, &mut signals)?,
    };
    let plan = Plan { program, args, display: None, variables: flags, output: None, records: records::USUAL };
    let running = Running::start(&settings, plan, &library, &sides, &scratch, &signals)?;
    let status = supervise::until_exit(running.app(), &mut sides, &mut signals)?;
    running.finish();
    Ok(status)
}

/// An environment variable for the program.
type Variable = (OsString, OsString);
