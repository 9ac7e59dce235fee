//! `glxrun session`: holds both sides, for a container's entry point or a desk that is worked at; runs of glxrun join it.

mod join;
mod orphans;
mod place;
mod ready;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Arg, value_parser};
use glxrun_contract::records;
use glxrun_contract::settings::{Session, Settings};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::failure::Failure;
use crate::launch::Plan;
use crate::run::Running;
use crate::scratch::Scratch;
use crate::sides::{Origin, Sides};
use crate::signals::{Signals, Wake};
use crate::supervise::{pass_on, reap};
use crate::{cli, library, program, record, say};
pub use join::{DEFAULT, Found, find, look_up, named};
use place::Place;
use ready::Ready;

const ABOUT: &str = "\
Hold both sides: glxrun PROGRAM, by the same user, joins them where DISPLAY is
unset. A side that dies is started again.

With a program, the session lasts as long as the program, and its exit status is
the program's. Without one it ends at SIGTERM, SIGINT, SIGHUP or SIGQUIT, with 0.
All that was started in it ends with it; it may be a container's first process.";

const MORE: &str = "\
All options of glxrun count too, such as --view, --size, -d; glxrun help lists
them. --session NAME gives the session a name, so that there can be several.";

/// Its command line, as clap reads it.
pub fn command() -> clap::Command {
    clap::Command::new("glxrun session")
        .about(ABOUT)
        .after_help(MORE)
        .override_usage("glxrun session [options] [-- program [arguments]]")
        .disable_help_subcommand(true)
        .args_override_self(true)
        .arg(
            Arg::new("ready-fd")
                .long("ready-fd")
                .value_name("N")
                .value_parser(value_parser!(i32))
                .help("descriptor that is told when the sides are up: lines of NAME=VALUE, then its end"),
        )
        .arg(
            Arg::new("ready-file")
                .long("ready-file")
                .value_name("PATH")
                .value_parser(value_parser!(PathBuf))
                .help("file with these lines, which exists while the sides are up"),
        )
        .args(cli::options().map(|option| option.hide(true)))
        .arg(cli::program().hide(true))
}

/// `glxrun session`.
pub fn run(words: Vec<OsString>) -> Result<u8, Failure> {
    let line = std::iter::once("glxrun session".into()).chain(words);
    let mut matches = match cli::read(command(), line)? {
        Ok(matches) => matches,
        Err(help) => return Ok(cli::print(&help)),
    };
    let descriptor = matches.remove_one("ready-fd");
    let ready = Ready::new(descriptor, matches.remove_one("ready-file"))?;
    let (settings, flags) = cli::settings(&matches)?;
    let program = cli::program_of(&mut matches);
    hold(settings, flags, program, ready)
}

fn hold(
    settings: Settings,
    flags: Vec<crate::Variable>,
    program: Option<(OsString, Vec<OsString>)>,
    mut ready: Ready,
) -> Result<u8, Failure> {
    let mut signals = Signals::new().context("cannot handle signals")?;
    if let Some((program, _)) = &program {
        program::check(program)?;
    }
    let library = library::find(settings.library.as_deref())?;
    let name = match &settings.session {
        Some(Session::Named(name)) => name.as_str(),
        Some(Session::None) => return Err(anyhow::anyhow!("a session cannot be called \"none\"").into()),
        None => DEFAULT,
    };
    record::check(&settings)?;
    let place = Place::take(name)?;
    let scratch = Scratch::new()?;
    orphans::adopt();
    let mut sides = Sides::prepare(&settings, Origin::Session, &scratch, &mut signals)?;
    let answer = join::answer(sides.two(), sides.variables(), sides.view());
    say!("the session {name} is up: display {}", sides.two().name);
    ready.tell(&sides.variables());
    let running = match program {
        Some((program, args)) => {
            let (display, output) = (None, None);
            let plan = Plan { program, args, display, variables: flags, output, records: records::USUAL };
            Some(Running::start(&settings, plan, &library, &sides, &scratch, &signals)?)
        }
        None => None,
    };
    let end = serve(&place, &answer, running.as_ref(), &mut sides, &mut ready, &mut signals);
    ready.take_back();
    if let Some(running) = running {
        running.finish();
    }
    orphans::end(&sides.processes());
    drop(sides);
    orphans::end(&[]);
    end
}

/// Until the program ends, or a signal ends the session.
fn serve(
    place: &Place,
    answer: &[crate::Variable],
    running: Option<&Running>,
    sides: &mut Sides,
    ready: &mut Ready,
    signals: &mut Signals,
) -> Result<u8, Failure> {
    let mut whole = true;
    loop {
        if let Some(status) = reap(running.map(Running::app), sides) {
            return Ok(status);
        }
        let due = match sides.repair(signals) {
            Err(Failure::Interrupted(signal)) => match running {
                // The program is to hear of it, and its end ends the session.
                Some(running) => {
                    running.signal(signal);
                    continue;
                }
                None => return Ok(0),
            },
            due => due?,
        };
        if whole != sides.are_whole() {
            whole = !whole;
            if whole { ready.tell(&sides.variables()) } else { ready.take_back() }
        }
        match signals.wait(Some(place.knock()), due).context("cannot wait")? {
            Wake::Signals(received) => {
                for origin in received {
                    match running {
                        Some(running) => pass_on(running.app(), &origin).context("cannot stop")?,
                        None if matches!(origin.signal, SIGTERM | SIGINT | SIGHUP | SIGQUIT)
                            && !signals.inherited().ignores(origin.signal) =>
                        {
                            return Ok(0);
                        }
                        None => {}
                    }
                }
            }
            Wake::Ready => place.answer(answer),
            Wake::TimedOut => {}
        }
    }
}
