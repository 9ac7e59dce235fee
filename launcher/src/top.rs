//! `glxrun top`: what the programs that run under glxrun are doing now.
//!
//! Every run leaves its counters and records in a private directory ([`crate::scratch`]); those of this user's runs are
//! looked for in the places where glxrun makes them. A run that has ended without cleaning up is told by its lock.

mod runs;
mod screen;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use anyhow::Context;
use clap::Parser;

use crate::compare::{parse_seconds, parse_words};
use crate::failure::Failure;
use runs::Runs;

/// Show the programs that run under glxrun: their frames, where the frames' time goes, drops.
#[derive(Debug, Parser)]
#[command(
    name = "glxrun top",
    bin_name = "glxrun top",
    disable_version_flag = true,
    args_override_self = true
)]
pub struct Options {
    /// Seconds between two looks
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS", value_parser = parse_seconds)]
    interval: f64,
    /// Print one look as lines and end; so it is also where the output is no terminal
    #[arg(long)]
    once: bool,
}

/// The shortest time between two looks.
const SHORTEST: Duration = Duration::from_millis(100);

/// The command.
pub fn run(words: Vec<OsString>) -> Result<u8, Failure> {
    let Some(options) = parse_words::<Options>("glxrun top", words)? else { return Ok(0) };
    let interval = Duration::from_secs_f64(options.interval).max(SHORTEST);
    let mut runs = Runs::default();
    runs.look();
    if options.once || !std::io::stdout().is_terminal() {
        std::thread::sleep(interval);
        runs.look();
        let lines: Vec<String> =
            screen::cells(&runs).into_iter().map(|cells| cells.join("\t") + "\n").collect();
        let text = if lines.is_empty() {
            format!("{NOTHING}\n")
        } else {
            screen::HEAD.join("\t") + "\n" + &lines.concat()
        };
        let _ = std::io::stdout().write_all(text.as_bytes());
        return Ok(0);
    }
    screen::show(&mut runs, interval).context("cannot draw on the terminal")?;
    Ok(0)
}

/// What is shown while nothing runs.
const NOTHING: &str = "no program of this user runs under glxrun";
