//! What single calls cost over direct ones, and how much longer programs take to start.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use glxrun_tests::{Program, XServer, artifacts};

use crate::{backends, median, on, program_path, split};

/// Alternating runs of `calls`; the quickest counts, as what slows a call down is something else.
const ROUNDS: usize = 5;
/// Alternating starts of each program.
const STARTS: usize = 21;

/// ns a call, X requests and waits per 1000 calls.
type Figures = [f64; 3];

pub fn run() -> Result<()> {
    let three_d = XServer::xvfb().start()?;
    let two_d = XServer::xvfb().without_glx().start()?;
    let mut arms = vec![("direct", None)];
    arms.extend(backends(&three_d).map(|(name, device)| (name, Some(device))));
    let mut best: BTreeMap<(String, &str), Figures> = BTreeMap::new();
    let mut names = Vec::new();
    for _ in 0..ROUNDS {
        for (arm, device) in &arms {
            let command = match device {
                None => on(&three_d, Command::new(program_path("calls")?)),
                Some(device) => split(&two_d, device, &[], "calls")?,
            };
            for line in Program::run(command)?.success()?.stdout.lines() {
                let (name, figures) = parse(line).with_context(|| format!("calls printed {line:?}"))?;
                if !names.contains(&name) {
                    names.push(name.clone());
                }
                let known = best.entry((name, arm)).or_insert([f64::MAX; 3]);
                for (known, new) in known.iter_mut().zip(figures) {
                    *known = known.min(new);
                }
            }
        }
    }
    println!(
        "| call | direct (ns) | GLX back end (ns over direct) | EGL back end | X requests per 1000 calls: direct, GLX, EGL | waits per 1000 calls |"
    );
    println!("|---|---|---|---|---|---|");
    for name in names {
        let of = |arm: &'static str| best.get(&(name.clone(), arm)).copied().unwrap_or([f64::NAN; 3]);
        let (direct, glx, egl) = (of("direct"), of("GLX"), of("EGL"));
        println!(
            "| {name} | {:.0} | {:+.0} | {:+.0} | {:.1}, {:.1}, {:.1} | {:.1}, {:.1}, {:.1} |",
            direct[0],
            glx[0] - direct[0],
            egl[0] - direct[0],
            direct[1],
            glx[1],
            egl[1],
            direct[2],
            glx[2],
            egl[2]
        );
    }
    println!();
    start_up(&three_d, &two_d)
}

fn parse(line: &str) -> Option<(String, Figures)> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let figures: Vec<f64> = words.map_while(|word| word.parse().ok()).collect();
    Some((name, figures.try_into().ok()?))
}

/// Start to end, in ms: direct; with our library preloaded, as glxrun does it; by glxrun.
fn start_up(three_d: &XServer, two_d: &XServer) -> Result<()> {
    println!(
        "| program | back end | direct (ms) | library over direct (ms) | with glxrun's own start (ms over direct) |"
    );
    println!("|---|---|---|---|---|");
    for (name, device) in backends(three_d) {
        for (program, arguments) in [("true", &[][..]), ("glxinfo", &["-B"])] {
            let mut times: [Vec<f64>; 3] = Default::default();
            for _ in 0..STARTS {
                let mut direct = on(three_d, Command::new(program));
                direct.args(arguments);
                let mut preloaded = on(two_d, Command::new(program));
                preloaded.args(arguments).env("LD_PRELOAD", artifacts::program("libglxrun.so")?);
                preloaded.env("GLXRUN_DISPLAY3D", &device);
                let mut launched = split(two_d, &device, &[], program)?;
                launched.args(arguments);
                for (times, command) in times.iter_mut().zip([direct, preloaded, launched]) {
                    times.push(time(command)?);
                }
            }
            let [direct, preloaded, launched] = times.map(|times| median(times.into_iter()));
            println!(
                "| {program} {} | {name} | {direct:.1} | {:+.1} | {:+.1} |",
                arguments.join(" "),
                preloaded - direct,
                launched - direct
            );
        }
    }
    Ok(())
}

fn time(mut command: Command) -> Result<f64> {
    let start = Instant::now();
    let output = command.output()?;
    let elapsed = start.elapsed().as_secs_f64() * 1e3;
    anyhow::ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(elapsed)
}
