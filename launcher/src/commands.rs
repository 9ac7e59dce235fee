//! The commands of glxrun beside running a program: `glxrun NAME ...`.
//!
//! A command's name counts as the first word only, so `glxrun -- NAME` runs a program of that name.

use std::ffi::OsString;
use std::io::Write;

use anyhow::anyhow;

use crate::failure::Failure;
use crate::{cli, compare, doctor, golden, session, shot, top};

/// A command.
pub struct Command {
    /// The first word of the command line.
    pub name: &'static str,
    /// What follows the name, for help.
    pub usage: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Does it with the words after its name; gives the exit status.
    pub run: fn(Vec<OsString>) -> Result<u8, Failure>,
}

/// All of them, in the order in which help lists them.
pub const ALL: &[Command] = &[
    Command {
        name: "compare",
        usage: "PROGRAM",
        summary: "run a program direct and split, and compare",
        run: compare::run,
    },
    Command {
        name: "doctor",
        usage: "[--json]",
        summary: "check whether programs would work here",
        run: doctor::run,
    },
    Command {
        name: "golden",
        usage: "record|check DIR PROGRAM",
        summary: "save pictures of frames, or check against them",
        run: golden::run,
    },
    Command { name: "top", usage: "", summary: "show what runs under glxrun, live", run: top::run },
    Command { name: "help", usage: "", summary: "list all options and commands", run: help },
    Command {
        name: "session",
        usage: "[options] [-- program]",
        summary: "hold both sides, for other runs to join",
        run: session::run,
    },
    Command {
        name: "shot",
        usage: "FILE.png",
        summary: "picture of a running session or a display",
        run: shot::command,
    },
];

/// The command that `name` is, if any.
pub fn named(name: &OsString) -> Option<&'static Command> {
    ALL.iter().find(|command| name == command.name)
}

fn help(words: Vec<OsString>) -> Result<u8, Failure> {
    if let Some(word) = words.first() {
        return Err(anyhow!(
            "glxrun help takes no arguments, not {word:?}; glxrun COMMAND --help tells about a command"
        )
        .into());
    }
    let _ = std::io::stdout().write_all(cli::help(cli::Pages::All).as_bytes());
    Ok(0)
}
