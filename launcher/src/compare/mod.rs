//! `glxrun compare`: what does the split cost?
//!
//! The program runs in several arms (direct, split in its varieties, VirtualGL), one run of each in every round. In each of
//! them the same library sees its swap calls, so that one clock and one definition hold for all. [`trial`] is one run,
//! [`figures`] are made of it, [`statistics`] says what the rounds' ratios mean, and [`report`] is what all outputs show.

mod arms;
mod condition;
mod course;
mod csv;
mod figures;
mod html;
pub mod images;
pub mod junit;
mod latency;
mod machine;
mod plots;
mod report;
mod statistics;
mod table;
pub mod trial;
mod usage;

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;

use crate::failure::Failure;
use crate::say;
use crate::signals::Signals;
use arms::Arm;
use condition::Condition;
pub use course::ended;
use images::Tolerance;
use report::Report;

/// Run a program direct and split, in turn, and tell what the split costs.
#[derive(Debug, Parser)]
#[command(name = "glxrun compare", bin_name = "glxrun compare", disable_version_flag = true, args_override_self = true, after_help = AFTER)]
pub struct Options {
    /// The arms, with commas between them: names, `all`, or NAME='OPTIONS' for glxrun with these options.
    #[arg(long, value_delimiter = ',', default_value = "direct,split", value_name = "ARM,...")]
    arms: Vec<String>,
    /// The 3D side of arms that name none. An X display is also where the arm direct runs
    #[arg(short = 'd', long, value_name = "SIDE")]
    display3d: Option<String>,
    /// Size of the screens that are started
    #[arg(long, value_name = "WxH")]
    size: Option<String>,
    /// Options of glxrun for all split arms, such as '--spoil off --damage auto'
    #[arg(long, value_name = "OPTIONS", default_value = "", allow_hyphen_values = true)]
    options: String,
    /// Show the windows on DISPLAY instead of on servers that are started for each run
    #[arg(long)]
    here: bool,
    /// Rounds; in each every arm runs once
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Seconds of each run that count; `all` is up to the program's own end
    #[arg(long, default_value = "3", value_name = "SECONDS|all", value_parser = parse_measure)]
    seconds: Measure,
    /// Seconds after the first frame that do not count
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS", value_parser = parse_seconds)]
    warmup: f64,
    /// Instead of --seconds: count up to frame N of a window
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    until_frame: Option<u64>,
    /// Seconds that the first frame may take
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS", value_parser = parse_seconds)]
    timeout: f64,
    /// Compare the arms' pictures of one frame: exactly, with channels up to N of 255 apart, or by similarity (0 to 1)
    #[arg(long, value_name = "exact|N|ssim:S", num_args = 0..=1, require_equals = true, default_missing_value = "exact", value_parser = parse_tolerance)]
    check_images: Option<Tolerance>,
    /// The frame of the pictures
    #[arg(long, default_value_t = 60, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    frame: u64,
    /// Write the report as JSON; - is standard output, instead of the table
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write every frame's times as CSV
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Keep what the program writes in each run: FOLDER/ARM-ROUND.txt
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Write a page with graphs and pictures
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the outcome as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Also measure the time from an input event to a change of the window's pixels: motion or key:NAME
    #[arg(long, value_name = "motion|key:NAME", value_parser = latency::parse_input)]
    latency: Option<latency::Input>,
    /// Where in the window the pixels change with that input; its middle if not given
    #[arg(long, value_name = "X,Y", requires = "latency", allow_hyphen_values = true, value_parser = latency::parse_place)]
    latency_at: Option<(i16, i16)>,
    /// Exit status 1 if this holds, such as 'split.fps < 0.9*direct.fps'; may be given several times
    #[arg(long, value_name = "CONDITION")]
    fail_if: Vec<String>,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

const AFTER: &str = "\
Arms:
  direct       the driver's own GLX or EGL, without a split
  split        glxrun, as it is without options
  glx          glxrun, rendering through GLX on a second X server
  egl          glxrun, rendering on an EGL device
  framebuffer  glxrun, frames written into the Xvfb's screen
  vglrun       VirtualGL, every frame shown
  all          all of these that can run here, but split
Ratios are to the first arm. Settings of glxrun in the environment hold for split arms.

Exit status: 0 if every arm was measured; 1 if a --fail-if condition holds or pictures differ (--check-images);
2 if an arm could not be measured, or not in every round; 125 if glxrun itself failed, 126 and 127 if the program
cannot be run or found.";

/// What counts of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Measure {
    Seconds(f64),
    All,
}

/// The longest time that can be asked for.
const DAY: f64 = 86400.0;

/// Reads a number of seconds up to a day.
pub fn parse_seconds(text: &str) -> Result<f64> {
    let seconds: f64 = text
        .parse()
        .ok()
        .filter(|s: &f64| (0.0..=DAY).contains(s))
        .context("it must be a number of seconds")?;
    Ok(seconds)
}

fn parse_measure(text: &str) -> Result<Measure> {
    if text == "all" {
        return Ok(Measure::All);
    }
    let seconds = parse_seconds(text).context("it must be a number of seconds, or all")?;
    ensure!(seconds >= 0.1, "it must be at least 0.1 s, or all");
    Ok(Measure::Seconds(seconds))
}

/// Reads what a difference of pictures may be.
pub fn parse_tolerance(text: &str) -> Result<Tolerance> {
    let wrong = "it must be exact, a number from 0 to 255, or ssim:S with S from 0 to 1";
    if text == "exact" {
        return Ok(Tolerance::Exact);
    }
    if let Some(least) = text.strip_prefix("ssim:") {
        let least: f64 = least.parse().ok().filter(|s: &f64| (0.0..=1.0).contains(s)).context(wrong)?;
        return Ok(Tolerance::Ssim(least));
    }
    Ok(Tolerance::Channel(text.parse().context(wrong)?))
}

/// The command.
pub fn run(words: Vec<OsString>) -> Result<u8, Failure> {
    let Some(options) = parse_words::<Options>("glxrun compare", words)? else { return Ok(0) };
    let arms = Arm::parse_all(&options.arms, options.here)?;
    let known = |arm: &str, figure: &str| -> Result<()> {
        let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
        ensure!(names.contains(&arm), "there is no arm {arm:?}; there are {}", names.join(", "));
        let figures = figures::ROWS.iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
        ensure!(figures::named(figure).is_some(), "there is no figure {figure:?}; there are {figures}");
        Ok(())
    };
    let conditions: Vec<Condition> =
        options.fail_if.iter().map(|text| Condition::parse(text, &known)).collect::<Result<_>>()?;
    for file in [&options.json, &options.csv, &options.html, &options.junit].into_iter().flatten() {
        check_writable(file)?;
    }
    let mut signals = Signals::new().context("cannot handle signals")?;
    let mut report = course::run(&options, arms, &mut signals)?;
    report.conditions = conditions
        .iter()
        .map(|condition| {
            let holds = condition.holds(&|arm, name| report.figure(arm, name));
            let told =
                holds.map_err(|error| say!("--fail-if {:?} cannot be told: {error}", condition.text()));
            (condition.text().to_owned(), told.ok())
        })
        .collect();
    write(&options, &report)?;
    Ok(match (report.has_failed(), report.is_incomplete()) {
        (true, _) => 1,
        (_, true) => 2,
        _ => 0,
    })
}

/// Reads a command's words. None after help, which is printed.
pub fn parse_words<T: Parser>(name: &str, words: Vec<OsString>) -> Result<Option<T>> {
    match T::try_parse_from(std::iter::once(name.into()).chain(words)) {
        Ok(options) => Ok(Some(options)),
        Err(error) if error.use_stderr() => {
            let text = error.to_string();
            Err(anyhow!("{}", text.strip_prefix("error: ").unwrap_or(&text).trim_end()))
        }
        Err(help) => {
            let _ = std::io::stdout().write_all(help.to_string().as_bytes());
            Ok(None)
        }
    }
}

/// All outputs that were asked for.
fn write(options: &Options, report: &Report) -> Result<()> {
    let put = |file: &Path, text: &str| {
        if file == Path::new("-") {
            let _ = std::io::stdout().write_all(text.as_bytes());
            return Ok(());
        }
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    };
    if let Some(file) = &options.csv {
        put(file, &csv::frames(report))?;
    }
    if let Some(file) = &options.html {
        put(file, &html::page(report, options.frame).context("cannot make the page")?)?;
    }
    if let Some(file) = &options.junit {
        put(file, &junit::text(report).context("cannot make the JUnit file")?)?;
    }
    if let Some(file) = &options.json {
        let mut text = serde_json::to_string_pretty(report).context("cannot make JSON of the report")?;
        text.push('\n');
        put(file, &text)?;
    }
    if options.json.as_deref() != Some(Path::new("-")) {
        put(Path::new("-"), &table::text(report))?;
    }
    Ok(())
}

/// Refuses a file that could not be written at the end.
pub fn check_writable(file: &Path) -> Result<()> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    ensure!(
        dir.is_dir() && !file.is_dir(),
        "cannot write {}: {} is no directory, or that is one",
        file.display(),
        dir.display()
    );
    Ok(())
}

impl Options {
    /// Where what the program writes goes in a run.
    fn output_of(&self, arm: &str, round: u32) -> Result<File> {
        let Some(folder) = &self.output else {
            return tempfile::tempfile().context("cannot make a temporary file");
        };
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let file = folder.join(format!("{arm}-{round}.txt"));
        let opened = File::options().read(true).write(true).create(true).truncate(true).open(&file);
        opened.with_context(|| format!("cannot write {}", file.display()))
    }

    /// Whether runs are needed of which pictures are taken.
    fn needs_pictures(&self) -> bool {
        self.check_images.is_some() || self.html.is_some()
    }

    /// For how long a run is watched.
    fn span(&self) -> trial::Span {
        let measure = match self.seconds {
            Measure::Seconds(seconds) => Some(Duration::from_secs_f64(seconds)),
            Measure::All => None,
        };
        trial::Span {
            warmup: Duration::from_secs_f64(self.warmup),
            measure,
            until_frame: self.until_frame,
            patience: Duration::from_secs_f64(self.timeout),
        }
    }

    /// The same in words.
    fn span_words(&self) -> String {
        let end = match (self.until_frame, self.seconds) {
            (Some(frame), _) => format!("up to frame {frame}"),
            (None, Measure::Seconds(seconds)) => format!("for {seconds} s"),
            (None, Measure::All) => "up to the program's end".to_owned(),
        };
        format!("from {} s after the first frame {end}", self.warmup)
    }
}
