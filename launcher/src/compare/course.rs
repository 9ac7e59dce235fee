//! The course of a comparison: rounds, arms, and what became of each run.

use std::ffi::OsString;
use std::fs::File;

use anyhow::{Context, Result, ensure};

use super::arms::{self, Arm, Kind};
use super::figures::{self, Figures};
use super::images::Difference;
use super::latency;
use super::machine::Machine;
use super::report::{ArmReport, ImageCheck, Report, Run};
use super::trial::{self, End, Trial};
use super::usage::Gpus;
use super::{Options, figures::MAIN};
use crate::cli::{self, Cli, Order};
use crate::failure::Failure;
use crate::launch::{Launch, Plan};
use crate::signals::Signals;
use crate::{Variable, devices, hold, library, say, sides};

/// An arm with what it takes to run it.
struct Runner {
    report: ArmReport,
    order: Order,
    display: Option<String>,
}

/// Runs all rounds and takes the pictures that were asked for.
pub fn run(options: &Options, arms: Vec<Arm>, signals: &mut Signals) -> Result<Report, Failure> {
    ensure_some(&arms)?;
    crate::program::check(&options.program[0])?;
    let gpus = Gpus::open();
    let machine = Machine::here(&gpus);
    let base = arms[0].name.clone();
    let here = if options.here {
        Some(crate::display::display_variable()?.context("--here needs DISPLAY")?)
    } else {
        None
    };
    let three = match settings_side(options)? {
        Some(named) => named,
        None => devices::default(signals)?.map_or_else(|| sides::PRIVATE.to_owned(), |(name, _)| name),
    };
    let mut runners = arms
        .into_iter()
        .map(|arm| Runner::new(arm, options, &three, here.as_deref()))
        .collect::<Result<Vec<_>>>()?;
    for round in 1..=options.rounds {
        // Every second round the other way round, so that none is always the one after which the machine is warm.
        let mut turn: Vec<usize> = (0..runners.len()).collect();
        if round % 2 == 0 {
            turn.reverse();
        }
        for index in turn {
            runners[index].round(round, options, &gpus, signals)?;
        }
    }
    let mut report = Report {
        command: options.program.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        machine,
        rounds: options.rounds as usize,
        span: options.span_words(),
        arms: Vec::new(),
        base,
        definitions: &figures::ROWS,
        conditions: Vec::new(),
        images: Vec::new(),
    };
    if options.needs_pictures() {
        for runner in &mut runners {
            runner.take_picture(options, signals)?;
        }
    }
    report.arms = runners.into_iter().map(|runner| runner.report).collect();
    report.conclude();
    check_images(options, &mut report);
    Ok(report)
}

fn ensure_some(arms: &[Arm]) -> Result<()> {
    ensure!(!arms.is_empty(), "--arms names no arm");
    Ok(())
}

/// The 3D side that options or environment name.
fn settings_side(options: &Options) -> Result<Option<String>, Failure> {
    Ok(parse_order(options, &[])?.settings.display3d)
}

/// What glxrun would make of the options for an arm.
fn parse_order(options: &Options, of_arm: &[String]) -> Result<Order, Failure> {
    let mut line: Vec<OsString> = vec!["glxrun".into()];
    for (flag, value) in [("-d", &options.display3d), ("--size", &options.size)] {
        line.extend(value.iter().flat_map(|value| [flag.into(), value.into()]));
    }
    // Without records there is nothing to compare.
    line.extend(["--records", "auto"].map(OsString::from));
    line.extend(options.options.split_whitespace().map(OsString::from));
    line.extend(of_arm.iter().map(OsString::from));
    line.push("--".into());
    line.extend(options.program.iter().cloned());
    match cli::parse(line)? {
        Cli::Run(order) => Ok(*order),
        _ => Err(anyhow::anyhow!("{:?} are no options to run a program with", of_arm.join(" ")).into()),
    }
}

impl Runner {
    fn new(arm: Arm, options: &Options, three: &str, here: Option<&str>) -> Result<Runner> {
        let mut of_arm = match (arm.kind, &arm.options[..]) {
            (Kind::Direct | Kind::VirtualGl, _) => vec!["--mode".to_owned(), "direct".to_owned()],
            (_, [flag, side]) if flag == "-d" && side == "egl" && three.starts_with("egl") => {
                vec!["-d".to_owned(), three.to_owned()]
            }
            (_, [flag, side]) if flag == "-d" && side == sides::PRIVATE && three.starts_with(':') => {
                vec!["-d".to_owned(), three.to_owned()]
            }
            (_, own) => own.to_vec(),
        };
        if arm.kind == Kind::Split && !of_arm.iter().any(|word| word == "-d" || word == "--display3d") {
            of_arm.splice(0..0, ["-d".to_owned(), three.to_owned()]);
        }
        let mut order = parse_order(options, &of_arm)
            .map_err(|failure| anyhow::anyhow!("arm {}: {failure}", arm.name))?;
        let is_x_display = !devices::is_device(three) && three != sides::PRIVATE;
        let display = match arm.kind {
            Kind::Direct if is_x_display => Some(three.to_owned()),
            _ => here.map(str::to_owned),
        };
        if arm.kind == Kind::VirtualGl {
            through_virtualgl(&mut order, three)?;
        }
        let mut report = ArmReport::new(arm);
        report.place = match (report.arm.kind, &display) {
            (Kind::Direct, Some(display)) => format!("; on {display}"),
            (Kind::Direct, None) => "; on an Xvfb with GLX".to_owned(),
            (_, Some(display)) => format!("; 3D side {}, shown on {display}", side_of(&order, three)),
            (_, None) => format!("; 3D side {}, shown on an Xvfb", side_of(&order, three)),
        };
        Ok(Runner { report, order, display })
    }

    fn launch(&self, extra: &[Variable], output: File, signals: &mut Signals) -> Result<Launch, Failure> {
        let mut variables = self.order.flags.clone();
        variables.extend(extra.iter().cloned());
        let plan = Plan {
            program: self.order.program.clone(),
            args: self.order.args.clone(),
            display: self.display.clone(),
            variables,
            output: Some(output),
            records: trial::RECORDS,
        };
        Launch::start(&self.order.settings, plan, signals)
    }

    /// Runs it once. What becomes of the program is noted; an error ends the comparison.
    fn round(
        &mut self,
        round: u32,
        options: &Options,
        gpus: &Gpus,
        signals: &mut Signals,
    ) -> Result<(), Failure> {
        let name = self.report.arm.name.clone();
        if !self.report.failures.is_empty() {
            // What failed once is not tried again and again.
            self.report.runs.push(None);
            return Ok(());
        }
        let mut output = options.output_of(&name, round)?;
        let shared = output.try_clone().context("cannot share a file")?;
        let launch = match self.launch(&[], shared, signals) {
            // The arm has no sides to run on; others may.
            Err(Failure::Own(error)) => {
                say!("round {round} of {}: {name} cannot run: {error:#}", options.rounds);
                self.report.failures.push(format!("it cannot run: {error:#}"));
                self.report.runs.push(None);
                return Ok(());
            }
            launch => launch?,
        };
        let mut launch = launch;
        let trial =
            trial::watch(&mut launch, &mut output, &options.span(), gpus, signals, |launch, window| {
                latencies(options, launch, window)
            })?;
        drop(launch);
        if let Some(Err(why)) = &trial.latencies {
            self.note(format!("input to pixel: {why}"));
        }
        let figures = self.judge(round, options, &trial);
        match figures.get(MAIN) {
            None if !figures.is_empty() => {
                say!("round {round} of {}: {name} has no rate, but a latency", options.rounds)
            }
            Some(fps) => say!("round {round} of {}: {name} {fps:.1} frames/s", options.rounds),
            None => say!("round {round} of {}: {name} was not measured", options.rounds),
        }
        let since_start = |time: u64| time.saturating_sub(trial.started) as f64 / 1e6;
        let measured = (since_start(trial.measured.0), since_start(trial.measured.1));
        self.report.runs.push(Some(Run { figures, measured, trial }));
        Ok(())
    }

    /// The run's figures, if they mean anything; what there is to say about it is noted.
    fn judge(&mut self, round: u32, options: &Options, trial: &Trial) -> Figures {
        let windows = trial.windows();
        let seen = trial.frames.len();
        let early = match trial.end {
            End::Exited(status) => {
                let whole =
                    options.seconds == super::Measure::All && options.until_frame.is_none() && status == 0;
                (!whole).then(|| format!("the program {} by itself, after {seen} frames", ended(status)))
            }
            End::Silent if seen == 0 => Some(format!(
                "no frame came in {} s: the program swaps no window through GLX or EGL, or not in time (--timeout)",
                options.timeout
            )),
            End::Silent => Some(format!(
                "no further frame was shown for {} s, after {seen} frames (--timeout)",
                options.timeout
            )),
            End::Complete => None,
        };
        let figures = figures::of(trial);
        let failure = match (early, &figures) {
            (Some(early), Err(_)) => Some(early),
            (Some(early), Ok(_)) if trial.end == End::Exited(0) => {
                // It had its time, if not all of it.
                self.note(format!("{early}; what it did up to then counts"));
                None
            }
            (Some(early), Ok(_)) => Some(early),
            (None, Err(why)) => Some(why.clone()),
            (None, Ok(_)) => None,
        };
        if windows.len() > 1 {
            let others: Vec<String> = windows[1..]
                .iter()
                .map(|(pid, window, frames)| format!("{frames} of window {window:#x} of process {pid}"))
                .collect();
            self.note(format!(
                "it draws to {} windows; figures are of the one with most frames ({}), without {}",
                windows.len(),
                windows[0].2,
                others.join(", ")
            ));
        }
        if trial.lost > 0 {
            self.note(format!("{} frames came too quickly to be recorded", trial.lost));
        }
        match failure {
            Some(failure) => {
                let words = match &trial.words[..] {
                    [] => String::new(),
                    words => format!(". Its last words: {}", words.join(" | ")),
                };
                self.report.failures.push(format!("round {round}: {failure}{words}"));
                Figures::new()
            }
            None => figures.unwrap_or_default(),
        }
    }

    /// Notes something once; a later round's numbers would be others.
    fn note(&mut self, note: String) {
        let beginning =
            |text: &str| text.split(|letter: char| letter.is_ascii_digit()).next().unwrap_or("").to_owned();
        if self.report.notes.iter().all(|other| beginning(other) != beginning(&note)) {
            self.report.notes.push(note);
        }
    }

    /// Runs it once more, up to the frame of the picture.
    fn take_picture(&mut self, options: &Options, signals: &mut Signals) -> Result<(), Failure> {
        if !self.report.failures.is_empty() {
            return Ok(());
        }
        let output = tempfile::tempfile().context("cannot make a temporary file")?;
        let mut launch = self.launch(&[hold::frames(&[options.frame])], output, signals)?;
        let mut picture = None;
        let limit = options.span().patience;
        let taken = hold::each(&mut launch, &[options.frame], limit, signals, |_, shot| {
            picture = Some(shot);
            Ok(())
        })?;
        trial::finish(&mut launch, signals)?;
        self.report.picture = picture;
        if let Err(why) = taken {
            self.note(format!("no picture of frame {}: {why}", options.frame));
        }
        Ok(())
    }
}

/// Times from input to pixel, where they are asked for.
fn latencies(options: &Options, launch: &Launch, window: u32) -> Option<Result<Vec<f64>, String>> {
    let input = options.latency.clone()?;
    let server = launch.sides.two().clone();
    let wanted = latency::Wanted { input, at: options.latency_at };
    let measured = server
        .connect()
        .and_then(|connection| latency::measure(&connection, server.screen()?, window, &wanted));
    Some(measured.map_err(|error| format!("{error:#}")))
}

/// How a program ended.
pub fn ended(status: u8) -> String {
    match status {
        129.. => match signal_hook::low_level::signal_name(i32::from(status) - 128) {
            Some(name) => format!("was ended by {name} (status {status})"),
            None => format!("ended with status {status}"),
        },
        _ => format!("ended with status {status}"),
    }
}

/// What renders for an arm.
fn side_of(order: &Order, three: &str) -> String {
    let side = order.settings.display3d.clone().unwrap_or_else(|| three.to_owned());
    if side == sides::PRIVATE { "an Xvfb with GLX".to_owned() } else { side }
}

/// Has VirtualGL run the program, with our library in front of VirtualGL's.
fn through_virtualgl(order: &mut Order, three: &str) -> Result<()> {
    // vglrun puts its own libraries in front of what is there, so the order is made right behind it.
    const IN_FRONT: &str = "own=$1; shift; LD_PRELOAD=$own:$LD_PRELOAD exec \"$@\"";
    let vglrun = arms::vglrun().context("vglrun is gone")?;
    let library = library::find(order.settings.library.as_deref())?;
    let side = match three.strip_prefix("egl:").and_then(|rest| rest.parse::<u32>().ok()) {
        Some(index) => format!("egl{index}"),
        None if devices::is_device(three) => "egl".to_owned(),
        None => three.to_owned(),
    };
    let program = std::mem::replace(&mut order.program, vglrun);
    let words = ["-d", &side, "-c", "proxy", "-sp", "sh", "-c", IN_FRONT, "sh"].map(OsString::from);
    order.args =
        words.into_iter().chain([library.into(), program]).chain(std::mem::take(&mut order.args)).collect();
    Ok(())
}

/// Compares the arms' pictures with the base's.
fn check_images(options: &Options, report: &mut Report) {
    let Some(tolerance) = options.check_images else { return };
    let Some(base) = report.arm(&report.base) else { return };
    let checks = report.arms.iter().filter(|arm| arm.arm.name != report.base).map(|arm| {
        let difference =
            base.picture.as_ref().zip(arm.picture.as_ref()).and_then(|(base, own)| Difference::of(base, own));
        let passed = difference.is_some_and(|difference| difference.is_within(tolerance));
        let words = match (&difference, &base.picture, &arm.picture) {
            (Some(difference), ..) if passed => difference.words(),
            (Some(difference), ..) => format!(
                "{}. Programs that draw by the clock differ from run to run: compare an arm with itself (--arms split,split) to tell",
                difference.words()
            ),
            (None, Some(base), Some(own)) => format!(
                "the pictures are {}x{} and {}x{} pixels large",
                own.width, own.height, base.width, base.height
            ),
            _ => "there are no two pictures".to_owned(),
        };
        ImageCheck { arm: arm.arm.name.clone(), frame: options.frame, difference, passed, words }
    });
    report.images = checks.collect();
}
