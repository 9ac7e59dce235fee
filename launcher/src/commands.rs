//! The commands of glxrun beside running a program: `glxrun NAME ...`.
//!
//! A command's name counts as the first word only, so `glxrun -- NAME` runs a program of that name.

use std::ffi::OsString;
use std::io::Write;

use anyhow::anyhow;
use clap::CommandFactory;

use crate::failure::Failure;
use crate::{cli, compare, doctor, golden, pages, session, shot, top, xorg};

/// A command.
pub struct Command {
    /// The first word of the command line.
    pub name: &'static str,
    /// What follows the name, for help.
    pub usage: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Whether `glxrun --help`, which is to fit one screen, shows it; `glxrun help` shows all.
    pub common: bool,
    /// Its own options and arguments, for the manual page and completions.
    pub line: fn() -> clap::Command,
    /// Does it with the words after its name; gives the exit status.
    pub run: fn(Vec<OsString>) -> Result<u8, Failure>,
}

/// All of them, in the order in which help lists them.
pub const ALL: &[Command] = &[
    Command {
        name: "compare",
        usage: "PROGRAM",
        summary: "run a program direct and split, and compare",
        common: true,
        line: compare::Options::command,
        run: compare::run,
    },
    Command {
        name: "completions",
        usage: "SHELL",
        summary: "print completions for bash, zsh or fish",
        common: false,
        line: pages::Completions::command,
        run: pages::completions,
    },
    Command {
        name: "doctor",
        usage: "[--json]",
        summary: "check whether programs would work here",
        common: true,
        line: doctor::Doctor::command,
        run: doctor::run,
    },
    Command {
        name: "golden",
        usage: "record|check DIR PROGRAM",
        summary: "save pictures of frames, or check against them",
        common: true,
        line: golden::Order::command,
        run: golden::run,
    },
    Command {
        name: "help",
        usage: "",
        summary: "list all options and commands",
        common: true,
        line: || clap::Command::new("help"),
        run: help,
    },
    Command {
        name: "man",
        usage: "",
        summary: "print the manual page",
        common: false,
        line: || clap::Command::new("man"),
        run: pages::man,
    },
    Command {
        name: "session",
        usage: "[options] [-- program]",
        summary: "hold both sides, for other runs to join",
        common: true,
        line: session::command,
        run: session::run,
    },
    Command {
        name: "shot",
        usage: "FILE.png",
        summary: "picture of a running session or a display",
        common: true,
        line: shot::Words::command,
        run: shot::command,
    },
    Command {
        name: "top",
        usage: "",
        summary: "show what runs under glxrun, live",
        common: true,
        line: top::Options::command,
        run: top::run,
    },
    Command {
        name: "xorg-conf",
        usage: "[GPU]",
        summary: "print a configuration for Xorg on a GPU",
        common: false,
        line: xorg::XorgConf::command,
        run: xorg::print_config,
    },
];

/// The command that `name` is, if any.
pub fn named(name: &OsString) -> Option<&'static Command> {
    ALL.iter().find(|command| name == command.name)
}

fn help(words: Vec<OsString>) -> Result<u8, Failure> {
    none("help", &words)?;
    let _ = std::io::stdout().write_all(cli::help(cli::Pages::All).as_bytes());
    Ok(0)
}

/// Refuses words after a command that takes none.
pub fn none(command: &str, words: &[OsString]) -> Result<(), Failure> {
    match words.first() {
        None => Ok(()),
        Some(word) => Err(anyhow!(
            "glxrun {command} takes no arguments, not {word:?}; glxrun COMMAND --help tells about a command"
        )
        .into()),
    }
}
