//! The manual page and the shells' completions, made from the same tables as the command line itself.

use std::ffi::OsString;
use std::io::Write;

use anyhow::Context;
use clap::builder::{PossibleValuesParser, ValueHint};
use clap::{Arg, Command, Parser};
use clap_complete::Shell;
use clap_mangen::Man;
use glxrun_contract::settings::{Setting, TABLE};

use crate::failure::Failure;
use crate::{cli, commands};

/// Print completions for a shell.
///
/// For bash, put them in ~/.local/share/bash-completion/completions/glxrun; for zsh, as _glxrun in a directory of $fpath;
/// for fish, in ~/.config/fish/completions/glxrun.fish.
#[derive(Parser)]
#[command(name = "glxrun completions")]
pub struct Completions {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

/// Runs `glxrun completions`; `words` follow its name.
pub fn completions(words: Vec<OsString>) -> Result<u8, Failure> {
    let mut text = Vec::new();
    match cli::command_line::<Completions>(words)? {
        Ok(Completions { shell }) => clap_complete::generate(shell, &mut described(), "glxrun", &mut text),
        Err(help) => text = help.into_bytes(),
    }
    let _ = std::io::stdout().write_all(&text);
    Ok(0)
}

/// Runs `glxrun man`; `words` follow its name.
pub fn man(words: Vec<OsString>) -> Result<u8, Failure> {
    commands::none("man", &words)?;
    let mut page = Vec::new();
    roff(&mut page).context("cannot write the manual page")?;
    let _ = std::io::stdout().write_all(&page);
    Ok(0)
}

fn roff(page: &mut Vec<u8>) -> std::io::Result<()> {
    let command = described();
    let man = Man::new(command.clone()).date("").source(format!("glxrun {}", env!("CARGO_PKG_VERSION")));
    man.render_title(page)?;
    man.render_name_section(page)?;
    page.extend_from_slice(
        b".SH SYNOPSIS\n\\fBglxrun\\fR [\\fIoptions\\fR] [\\fB\\-\\-\\fR] \\fIprogram\\fR [\\fIarguments\\fR]\n.br\n\
          \\fBglxrun\\fR \\fIcommand\\fR [\\fIarguments\\fR]\n",
    );
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    page.extend_from_slice(b".SH COMMANDS\n");
    for command in commands::ALL {
        let name = format!("{} {}", command.name, command.usage);
        writeln!(page, ".TP\n\\fBglxrun {}\\fR\n{}.", escaped(name.trim_end()), escaped(command.summary))?;
        for argument in (command.line)().get_arguments().filter(|argument| !argument.is_hide_set()) {
            let Some(flag) = argument.get_long() else { continue };
            let value = argument.get_value_names().filter(|_| argument.get_action().takes_values());
            let value = value.map(|names| format!(" {}", names[0])).unwrap_or_default();
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            writeln!(
                page,
                ".RS\n.TP\n\\fB\\-\\-{}\\fR{}\n{}.\n.RE",
                escaped(flag),
                escaped(&value),
                escaped(&help)
            )?;
        }
    }
    page.extend_from_slice(
        b".SH ENVIRONMENT\nEach option has a variable too; an option wins over its variable.\n",
    );
    for setting in TABLE {
        writeln!(page, ".TP\n\\fB{}\\fR\n{}.", setting.env, escaped(&sentence(setting)))?;
    }
    page.extend_from_slice(EXIT_STATUS.as_bytes());
    page.extend_from_slice(b".SH SEE ALSO\n\\fBXvfb\\fR(1), \\fBXorg\\fR(1), \\fBld.so\\fR(8)\n");
    Ok(())
}

const EXIT_STATUS: &str = ".SH EXIT STATUS\nThe program's; or\n.TP\n128+\\fIN\\fR\nif signal \\fIN\\fR ended it,\n\
                           .TP\n125\nif glxrun itself failed,\n.TP\n126\nif the program cannot be run,\n\
                           .TP\n127\nif it was not found.\n";

/// Text in which roff finds nothing of its own.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

/// A setting's variable in a sentence.
fn sentence(setting: &Setting) -> String {
    match setting.flag {
        Some(flag) => format!("The value of --{flag}"),
        None => format!("{} [{}]", setting.help, setting.default),
    }
}

/// The command line with all that is said of it.
fn described() -> Command {
    let arguments = cli::command().get_arguments().cloned().map(describe).collect::<Vec<_>>();
    let subcommands =
        commands::ALL.iter().map(|command| shown(&(command.line)(), command.name).about(command.summary));
    Command::new("glxrun")
        .version(env!("CARGO_PKG_VERSION"))
        .about("run an OpenGL program: rendered on the 3D side, shown on the 2D side")
        .long_about(
            "Runs an unmodified OpenGL program so that it renders on one side, the 3D side (a GPU by EGL with no X server, \
             an X server with a GPU, or software), and its windows are on another, the 2D side: the X display that \
             DISPLAY names, which needs no GLX, or an Xvfb that glxrun starts where DISPLAY is unset. Nothing needs \
             privileges. Where no 3D side is named, the first GPU that EGL knows renders; without one, software does.",
        )
        .args(arguments)
        .disable_help_subcommand(true)
        .subcommands(subcommands)
}

/// A command under another name, without what is hidden, which completions would show. Of that, only the options of a run
/// are for people.
fn shown(command: &Command, name: &str) -> Command {
    let kept = |argument: &&Arg| !argument.is_hide_set() || setting(argument).is_some();
    let described = |argument: Arg| match setting(&argument) {
        Some(_) => describe(argument.hide(false)),
        None => argument,
    };
    let about = command.get_about().cloned().unwrap_or_default();
    Command::new(name.to_owned())
        .about(about)
        .args(command.get_arguments().filter(kept).cloned().map(described).collect::<Vec<_>>())
        .subcommands(command.get_subcommands().map(|below| shown(below, below.get_name())))
}

/// The row of the table that an option is from.
fn setting(argument: &Arg) -> Option<&'static Setting> {
    TABLE.iter().find(|setting| setting.flag == Some(argument.get_id().as_str()))
}

fn describe(argument: Arg) -> Arg {
    let Some(setting) = setting(&argument) else {
        return match argument.get_id().as_str() {
            "program" => argument
                .value_name("program")
                .value_hint(ValueHint::CommandWithArguments)
                .help("The program, and its arguments"),
            _ => argument.help("Print the EGL devices that -d can name, and end"),
        };
    };
    let detail = if setting.detail.is_empty() { String::new() } else { format!(" {}", setting.detail) };
    let long = format!(
        "{}.{} Value: {}. Default: {}.",
        capitalised(setting.help),
        detail.replace('`', ""),
        setting.allowed,
        setting.default
    );
    let argument = argument.help(setting.help).long_help(long);
    let words: Vec<&str> = setting.metavar.split('|').collect();
    let plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    match setting.metavar {
        _ if words.len() > 1 && words.iter().all(plain) => {
            argument.value_parser(PossibleValuesParser::new(words)).hide_possible_values(true)
        }
        metavar if metavar.starts_with("FILE") || metavar == "PATH" => {
            argument.value_hint(ValueHint::FilePath)
        }
        _ => argument.value_hint(ValueHint::Other),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_page_has_every_option_variable_and_command() {
        let mut page = Vec::new();
        roff(&mut page).expect("a page");
        let page = String::from_utf8(page).expect("text");
        for setting in TABLE {
            let flag = setting.flag.map(|flag| format!("\\-\\-{}", flag.replace('-', "\\-")));
            assert!(flag.is_none_or(|flag| page.contains(&flag)), "no {:?}", setting.flag);
            assert!(page.contains(setting.env), "no {}", setting.env);
        }
        for command in commands::ALL {
            assert!(page.contains(&format!("glxrun {}", escaped(command.name))), "no {}", command.name);
        }
        assert!(
            page.contains(".TH glxrun 1") && page.contains(".SH \"EXIT STATUS\"")
                || page.contains(".SH EXIT STATUS")
        );
    }

    #[test]
    fn every_shell_completes_every_option_and_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut described(), "glxrun", &mut text);
            let text = String::from_utf8(text).expect("text");
            for flag in TABLE.iter().filter_map(|setting| setting.flag) {
                assert!(text.contains(flag), "{shell}: no {flag}");
            }
            for command in commands::ALL {
                assert!(text.contains(command.name), "{shell}: no {}", command.name);
            }
            assert!(text.contains("putimage"), "{shell}: no values");
        }
    }

    #[test]
    fn roff_finds_nothing_of_its_own() {
        assert_eq!(escaped(".SH a-b\\c"), "\\&.SH a\\-b\\ec");
    }
}
