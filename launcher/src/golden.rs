//! `glxrun golden`: pictures of frames by number, recorded once and checked ever after, of programs that know nothing of it.
//!
//! The program runs split on servers of its own. Its library holds each of the frames ([`crate::hold`]) while the window's
//! picture is taken, so that the picture is of that frame and no other, and then lets it go on.

mod page;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, Parser};
use glxrun_contract::records;

use crate::cli::{self, Cli};
use crate::compare::images::{Difference, Tolerance, difference_picture};
use crate::compare::{check_writable, junit, parse_tolerance, parse_words, trial};
use crate::failure::Failure;
use crate::launch::{Launch, Plan};
use crate::picture::Picture;
use crate::signals::Signals;
use crate::{hold, say};

/// Record pictures of a program's frames, or check that they still look the same.
#[derive(Debug, Parser)]
#[command(name = "glxrun golden", bin_name = "glxrun golden", disable_version_flag = true, args_override_self = true, after_help = AFTER)]
pub enum Order {
    /// Save pictures of frames in DIR as frame-N.png
    Record {
        /// The frames, with commas between them
        #[arg(long, value_delimiter = ',', default_value = "60", value_name = "N,...", value_parser = clap::value_parser!(u64).range(1..))]
        frames: Vec<u64>,
        #[command(flatten)]
        program: Program,
    },
    /// Compare frames with the pictures in DIR
    Check {
        /// What may differ: nothing, channels by up to N of 255, or structure down to a similarity S (0 to 1)
        #[arg(long, value_name = "exact|N|ssim:S", default_value = "exact", value_parser = parse_tolerance)]
        tolerance: Tolerance,
        /// Where what was seen, differences and a page go if a frame fails
        #[arg(long, value_name = "FOLDER", default_value = "golden-report")]
        report: PathBuf,
        /// Write the outcome as JUnit XML
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
        #[command(flatten)]
        program: Program,
    },
}

/// What is run, and how.
#[derive(Args, Debug)]
pub struct Program {
    /// Options of glxrun for the run, such as '-d egl --size 800x600'
    #[arg(long, value_name = "OPTIONS", default_value = "", allow_hyphen_values = true)]
    options: String,
    /// Seconds that each frame may take
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS", value_parser = crate::compare::parse_seconds)]
    timeout: f64,
    /// The folder of pictures
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

const AFTER: &str = "\
A frame's number counts the swaps of a window, from 1. Programs that draw by the clock show something else in each
run; have them draw by frames, or allow for it by --tolerance.

Exit status: 0 if all frames were recorded or passed; 1 if one differs; 2 if the program did not come to one;
125 if glxrun itself failed, 126 and 127 if the program cannot be run or found.";

/// What became of a frame.
struct Outcome {
    number: u64,
    /// Why it failed; None if it passed.
    failure: Option<String>,
    /// Whether its picture differs, as opposed to not being there.
    differs: bool,
}

/// The command.
pub fn run(words: Vec<OsString>) -> Result<u8, Failure> {
    let Some(order) = parse_words::<Order>("glxrun golden", words)? else { return Ok(0) };
    match order {
        Order::Record { frames, program } => record(frames, &program),
        Order::Check { tolerance, report, junit, program } => {
            check(tolerance, &report, junit.as_deref(), &program)
        }
    }
}

fn record(mut frames: Vec<u64>, program: &Program) -> Result<u8, Failure> {
    frames.sort_unstable();
    frames.dedup();
    let dir = &program.dir;
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make the folder {}", dir.display()))?;
    let mut saved = Vec::new();
    let outcome = see(program, &frames, |number, picture| {
        let file = file_of(dir, number);
        picture.save(&file).with_context(|| format!("cannot write {}", file.display()))?;
        say!("saved {} ({}x{})", file.display(), picture.width, picture.height);
        saved.push(number);
        Ok(())
    })?;
    if let Err(why) = outcome {
        say!("{} of {} frames were recorded: {why}", saved.len(), frames.len());
        return Ok(2);
    }
    Ok(0)
}

fn check(
    tolerance: Tolerance,
    report: &Path,
    junit: Option<&Path>,
    program: &Program,
) -> Result<u8, Failure> {
    let golden = recorded(&program.dir)?;
    if let Some(file) = junit {
        check_writable(file)?;
    }
    let frames: Vec<u64> = golden.keys().copied().collect();
    let mut outcomes: Vec<Outcome> = Vec::new();
    let ended = see(program, &frames, |number, seen| {
        let outcome = judge(&golden[&number], &seen, tolerance);
        if let Some(why) = &outcome {
            keep(report, number, &golden[&number], &seen)?;
            say!("frame {number} differs: {why}");
        }
        outcomes.push(Outcome { number, differs: outcome.is_some(), failure: outcome });
        Ok(())
    })?;
    if let Err(why) = ended {
        let missing =
            frames.iter().filter(|number| outcomes.iter().all(|outcome| outcome.number != **number));
        let missing: Vec<u64> = missing.copied().collect();
        for number in missing {
            say!("frame {number} was not seen: {why}");
            outcomes.push(Outcome {
                number,
                failure: Some(format!("it was not seen: {why}")),
                differs: false,
            });
        }
    }
    if let Some(file) = junit {
        let cases = outcomes.iter().map(|outcome| {
            (format!("frame {}", outcome.number), outcome.failure.as_deref().unwrap_or_default())
        });
        let text = junit::cases("glxrun golden", cases)?;
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.failure.is_some()).collect();
    if failed.iter().any(|outcome| outcome.differs) {
        let file = report.join("index.html");
        let page = page::text(&program.program[0].to_string_lossy(), &outcomes)?;
        std::fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
        say!("{} of {} frames failed; see {}", failed.len(), frames.len(), file.display());
        return Ok(1);
    }
    if failed.is_empty() {
        say!("all {} frames are as they were recorded", frames.len());
    }
    Ok(if failed.is_empty() { 0 } else { 2 })
}

/// Why a picture does not pass; None if it does.
fn judge(golden: &Picture, seen: &Picture, tolerance: Tolerance) -> Option<String> {
    match Difference::of(golden, seen) {
        None => Some(format!(
            "it is {}x{} pixels large, not {}x{}",
            seen.width, seen.height, golden.width, golden.height
        )),
        Some(difference) if difference.is_within(tolerance) => None,
        Some(difference) => Some(difference.words()),
    }
}

/// Saves a failed frame for people: what was recorded, what was seen, where they differ.
fn keep(report: &Path, number: u64, golden: &Picture, seen: &Picture) -> Result<()> {
    std::fs::create_dir_all(report)
        .with_context(|| format!("cannot make the folder {}", report.display()))?;
    let difference = difference_picture(golden, seen);
    let pictures = [("golden", Some(golden)), ("seen", Some(seen)), ("difference", difference.as_ref())];
    for (name, picture) in pictures.into_iter().filter_map(|(name, picture)| Some((name, picture?))) {
        let file = report.join(format!("frame-{number}-{name}.png"));
        picture.save(&file).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Runs the program and gives the frames' pictures to `take`. The inner error says why it ended before the last.
fn see(
    program: &Program,
    frames: &[u64],
    take: impl FnMut(u64, Picture) -> Result<()>,
) -> Result<Result<(), String>, Failure> {
    let mut line: Vec<OsString> = vec!["glxrun".into()];
    line.extend(["--records", "auto"].map(OsString::from));
    line.extend(program.options.split_whitespace().map(OsString::from));
    line.push("--".into());
    line.extend(program.program.iter().cloned());
    let Cli::Run(order) = cli::parse(line)? else {
        return Err(
            anyhow!("--options {:?}: these are no options to run a program with", program.options).into()
        );
    };
    let mut signals = Signals::new().context("cannot handle signals")?;
    let mut variables = order.flags;
    variables.push(hold::frames(frames));
    let plan = Plan {
        program: order.program,
        args: order.args,
        display: None,
        variables,
        output: None,
        records: records::USUAL,
    };
    let mut launch = Launch::start(&order.settings, plan, &mut signals)?;
    let limit = Duration::from_secs_f64(program.timeout);
    let outcome = hold::each(&mut launch, frames, limit, &mut signals, take)?;
    trial::finish(&mut launch, &mut signals)?;
    Ok(outcome)
}

fn file_of(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("frame-{number}.png"))
}

/// The recorded pictures, by frame.
fn recorded(dir: &Path) -> Result<BTreeMap<u64, Picture>> {
    let entries =
        std::fs::read_dir(dir).with_context(|| format!("cannot read the folder {}", dir.display()))?;
    let mut pictures = BTreeMap::new();
    for entry in entries {
        let name = entry.with_context(|| format!("cannot read the folder {}", dir.display()))?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("frame-")?.strip_suffix(".png"));
        let Some(number) = number.and_then(|number| number.parse().ok()) else { continue };
        let file = file_of(dir, number);
        let picture = Picture::load(&file).with_context(|| format!("cannot read {}", file.display()))?;
        pictures.insert(number, picture);
    }
    ensure!(
        !pictures.is_empty(),
        "there are no pictures frame-N.png in {}; make them with glxrun golden record {}",
        dir.display(),
        dir.display()
    );
    Ok(pictures)
}
