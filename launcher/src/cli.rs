//! The command line. Its flags and help come from the table of settings.
//!
//! Options end where the program begins: what follows its name is the program's own, whatever it looks like.

use std::ffi::OsString;
use std::io::Write;

use anyhow::anyhow;
use clap::builder::ValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command};
use glxrun_contract::settings::{Audience, Setting, Settings, TABLE};

use crate::Variable;
use crate::commands;
use crate::failure::Failure;

/// What the command line asks for.
pub enum Cli {
    /// Print this text and end.
    Print(String),
    /// Print the EGL devices and end.
    ListDevices,
    /// Do a command of glxrun's own with these words.
    Command(&'static commands::Command, Vec<OsString>),
    /// Run a program.
    Run(Box<Order>),
}

/// A program to run, and how.
#[derive(Debug)]
pub struct Order {
    /// From flags and environment.
    pub settings: Settings,
    /// The settings given by flags that concern the library, as the variables it reads.
    pub flags: Vec<Variable>,
    /// The program as it was named.
    pub program: OsString,
    /// The program's arguments.
    pub args: Vec<OsString>,
}

/// Reads the command line and the environment.
pub fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Cli, Failure> {
    let line: Vec<OsString> = line.into_iter().collect();
    if let Some(command) = line.get(1).and_then(commands::named) {
        return Ok(Cli::Command(command, line[2..].to_vec()));
    }
    let mut matches = match read(command(), line)? {
        Ok(matches) => matches,
        Err(text) => return Ok(Cli::Print(text)),
    };
    if matches.get_flag(LIST_DEVICES) {
        return Ok(Cli::ListDevices);
    }
    let (settings, flags) = settings(&matches)?;
    let Some((program, args)) = program_of(&mut matches) else {
        return Err(anyhow!("no program to run. {USAGE}; more with glxrun --help").into());
    };
    Ok(Cli::Run(Box::new(Order { settings, flags, program, args })))
}

/// Reads a command line; the inner error is a text that it asks for, such as help.
pub fn read(
    command: Command,
    line: impl IntoIterator<Item = OsString>,
) -> Result<Result<ArgMatches, String>, Failure> {
    match command.try_get_matches_from(line) {
        Ok(matches) => Ok(Ok(matches)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Err(error.to_string()))
        }
        Err(error) => Err(own_words(&error)),
    }
}

/// Reads the words after the name of a command that is described by a type; the inner error is its help.
pub fn command_line<T: clap::Parser>(words: Vec<OsString>) -> Result<Result<T, String>, Failure> {
    let line = std::iter::once(OsString::new()).chain(words);
    Ok(match read(T::command(), line)? {
        Ok(mut matches) => Ok(T::from_arg_matches_mut(&mut matches).map_err(|error| anyhow!("{error}"))?),
        Err(text) => Err(text),
    })
}

/// Prints a text that was asked for, and gives the exit status.
pub fn print(text: &str) -> u8 {
    let _ = std::io::stdout().write_all(text.as_bytes());
    0
}

/// The settings of flags and environment, and those given by flags that concern the library, as variables.
pub fn settings(matches: &ArgMatches) -> Result<(Settings, Vec<Variable>), Failure> {
    let flag = |setting: &Setting| setting.flag.and_then(|flag| matches.get_one::<OsString>(flag).cloned());
    let settings = Settings::gather(flag, |setting| std::env::var_os(setting.env))
        .map_err(|problem| anyhow!("{problem}"))?;
    let flags = TABLE
        .iter()
        .filter(|setting| setting.audience != Audience::Launcher)
        .filter_map(|setting| Some((setting.env.into(), flag(setting)?)))
        .collect();
    Ok((settings, flags))
}

/// The program of a command line and its arguments.
pub fn program_of(matches: &mut ArgMatches) -> Option<(OsString, Vec<OsString>)> {
    let mut words = matches.remove_many::<OsString>("program").into_iter().flatten();
    Some((words.next()?, words.collect()))
}

/// Version and build.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), env!("GLXRUN_BUILD"));

/// What is wrong with a command line.
fn own_words(error: &clap::Error) -> Failure {
    let text = error.to_string();
    anyhow!("{}", text.strip_prefix("error: ").unwrap_or(&text).trim_end()).into()
}

const LIST_DEVICES: &str = "list-devices";

const USAGE: &str = "Usage: glxrun [options] [--] program [arguments]";

/// The options of the table of settings.
pub fn options() -> impl Iterator<Item = Arg> {
    TABLE.iter().filter_map(|setting| {
        let flag = setting.flag?;
        let arg = Arg::new(flag)
            .long(flag)
            .value_name(setting.metavar)
            .value_parser(ValueParser::os_string())
            .allow_negative_numbers(true);
        let arg = setting.short.into_iter().fold(arg, Arg::short);
        Some(match setting.bare {
            Some(bare) => arg.num_args(0..=1).require_equals(true).default_missing_value(bare),
            None => arg,
        })
    })
}

/// The program and all that follows it.
pub fn program() -> Arg {
    Arg::new("program").num_args(0..).trailing_var_arg(true).value_parser(ValueParser::os_string())
}

/// The options and the program, as clap reads them.
pub fn command() -> Command {
    Command::new("glxrun")
        .version(VERSION)
        .args(options())
        .arg(Arg::new(LIST_DEVICES).long(LIST_DEVICES).action(ArgAction::SetTrue))
        .arg(program())
        .args_override_self(true)
        .override_usage("glxrun [options] [--] program [arguments]")
        .override_help(help(Pages::Common))
}

/// Columns of a terminal that the help is made for.
const COLUMNS: usize = 80;
/// The column where descriptions begin.
const INDENT: usize = 28;

/// Which options a help text has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// Those that fit one screen.
    Common,
    /// All.
    All,
}

/// The text of `glxrun --help` or `glxrun help`.
pub fn help(pages: Pages) -> String {
    let mut help = format!(
        "Run an OpenGL program: rendered on the 3D side, shown on the 2D side.\n{USAGE}\n       glxrun command [arguments]\n\n\
         The program's windows are on DISPLAY, the 2D side, which needs no GLX. Where\n\
         DISPLAY is unset, glxrun joins a session, or starts an Xvfb for the program.\n\n"
    );
    for setting in TABLE.iter().filter(|setting| setting.common || pages == Pages::All) {
        let Some(flag) = setting.flag else { continue };
        let short = setting.short.map_or("    ".to_owned(), |short| format!("-{short}, "));
        let value = match setting.bare {
            Some(_) => format!("[={}]", setting.metavar),
            None => format!(" {}", setting.metavar),
        };
        entry(
            &mut help,
            &format!("{short}--{flag}{value}"),
            &format!("{} [{}]", setting.help, setting.default),
        );
    }
    entry(&mut help, "    --list-devices", "print the EGL devices that -d can name, and end");
    entry(&mut help, "-h, --help", "print this and end; glxrun help lists all options");
    entry(&mut help, "-V, --version", "print version and build, and end");
    help += "\nCommands:\n";
    for command in commands::ALL.iter().filter(|command| command.common || pages == Pages::All) {
        // One line each on the screen that newcomers see.
        let usage = if pages == Pages::All { command.usage } else { "" };
        entry(&mut help, format!("{} {usage}", command.name).trim_end(), command.summary);
    }
    help += "\nEach option has a variable too, such as GLXRUN_FPS for --fps.\n\
             Exit status: the program's; 128+N if signal N ended it; 125 if glxrun failed;\n\
             126 if the program cannot be run, 127 if it was not found.\n";
    help
}

/// An option and its description, in two columns where the option is short enough.
fn entry(help: &mut String, option: &str, text: &str) {
    let mut line = format!("  {option}");
    if line.len() + 2 > INDENT {
        *help += &line;
        help.push('\n');
        line.clear();
    }
    line += &" ".repeat(INDENT - line.len());
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.len() + 1 + word.len() > COLUMNS {
            *help += &line;
            help.push('\n');
            line = " ".repeat(INDENT);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line += word;
        empty = false;
    }
    *help += &line;
    help.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(words: &[&str]) -> Order {
        match parse(std::iter::once("glxrun").chain(words.iter().copied()).map(OsString::from)) {
            Ok(Cli::Run(order)) => *order,
            _ => panic!("{words:?} is no order"),
        }
    }

    #[test]
    fn the_program_keeps_its_own_options() {
        for words in [
            &["-d", ":9", "app", "--fps", "1", "-d", "x", "--", "-h"][..],
            &["-d", ":9", "--", "app", "--fps", "1", "-d", "x", "--", "-h"],
            &["-d:9", "app", "--fps", "1", "-d", "x", "--", "-h"],
        ] {
            let order = order(words);
            assert_eq!(order.program, "app");
            assert_eq!(order.args, ["--fps", "1", "-d", "x", "--", "-h"]);
            assert_eq!(order.settings.display3d.as_deref(), Some(":9"));
            assert_eq!(order.settings.fps, 0.0);
            assert_eq!(order.flags, [("GLXRUN_DISPLAY3D".into(), ":9".into())]);
        }
        assert_eq!(order(&["--", "--help"]).program, "--help");
    }

    #[test]
    fn a_bare_stats_does_not_take_the_program() {
        let bare = order(&["--stats", "7"]);
        assert_eq!((bare.settings.stats, bare.program), (Some(2.0), "7".into()));
        assert_eq!(order(&["--stats=7", "app"]).settings.stats, Some(7.0));
    }

    #[test]
    fn the_last_of_a_repeated_flag_counts() {
        assert_eq!(order(&["--fps", "1", "--fps", "2", "app"]).settings.fps, 2.0);
    }

    #[test]
    fn help_fits_one_screen() {
        let help = help(Pages::Common);
        assert!((24..=40).contains(&help.lines().count()), "{} lines:\n{help}", help.lines().count());
    }

    #[test]
    fn all_options_and_commands_are_in_the_long_help() {
        let help = help(Pages::All);
        assert!(help.lines().all(|line| line.chars().count() <= COLUMNS), "{help}");
        for setting in TABLE {
            assert!(setting.flag.is_none_or(|flag| help.contains(&format!("--{flag}"))), "{}", setting.name);
        }
    }

    #[test]
    fn a_command_is_the_first_word_only() {
        let parse = |words: &[&str]| parse(words.iter().map(OsString::from));
        assert!(
            matches!(parse(&["glxrun", "help", "x"]), Ok(Cli::Command(command, words)) if command.name == "help" && words == ["x"])
        );
        for line in [&["glxrun", "--", "help"][..], &["glxrun", "--fps", "1", "help"]] {
            assert!(matches!(parse(line), Ok(Cli::Run(order)) if order.program == "help"));
        }
    }
}
