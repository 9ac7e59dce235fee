//! Piglit as the judge: what passes when a program draws by itself must pass under glxrun.
//!
//! `make conformance`, or `cargo run -p glxrun-tests --bin conformance -- [OPTIONS]`. Each test runs direct and then split,
//! with both back ends, on a 2D side without and with GLX. A test that passes direct and not split fails the run, unless
//! `tests/conformance/differences.txt` names it with its reason; a line there that is no longer true fails a full run.
//! `tests/conformance/results.txt` is what a full run gave.

mod differences;
mod plan;
mod report;
mod run;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::{Context, Result};
use clap::Parser;

use differences::Differences;
use plan::Test;
use run::{Arm, Outcome, Sides};

/// Runs piglit's tests direct and split, and compares.
#[derive(Parser)]
struct Options {
    /// Only the few minutes' worth that CI runs; split only what passes direct
    #[arg(long)]
    quick: bool,
    /// Only tests whose names contain one of these
    names: Vec<String>,
    /// How many tests run at a time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Seconds after which a test counts as hanging
    #[arg(long, default_value_t = 60)]
    limit: u64,
    /// The EGL device of the EGL back end, as `glxrun -d` names it
    #[arg(long, default_value = "egl:software")]
    egl: String,
    /// Leave out the GLX back end
    #[arg(long)]
    egl_only: bool,
    /// With windows of EGL, direct programs are drawn by another driver than split ones: what the latter's own GLX fails too
    /// does not count
    #[arg(long)]
    other_driver: bool,
    /// Where piglit's test programs are
    #[arg(long, default_value = plan::PROGRAMS)]
    programs: PathBuf,
    /// What `piglit print-cmd quick_gl` printed, for machines without piglit's Python part
    #[arg(long)]
    list: Option<PathBuf>,
    /// Write tests/conformance/results.txt
    #[arg(long)]
    bless: bool,
}

/// The outcomes of one test, by arm.
type Outcomes = BTreeMap<Arm, Outcome>;

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let arms: Vec<Arm> = Arm::ALL.into_iter().filter(|arm| !options.egl_only || !arm.is_glx()).collect();
    let tests = plan::tests(&options)?;
    let results = run_all(&options, &arms, &tests)?;
    let differences = Differences::read()?;
    let whole = !options.quick && options.names.is_empty() && !options.egl_only;
    if options.bless && whole {
        report::write(&results)?;
    }
    Ok(report::judge(&results, &differences, &arms, whole, options.other_driver))
}

/// Runs the tests on `jobs` threads, each with X servers of its own.
fn run_all(options: &Options, arms: &[Arm], tests: &[Test]) -> Result<BTreeMap<String, Outcomes>> {
    let waiting = Mutex::new(tests.iter().enumerate());
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            let mut sides = Sides::start(options)?;
            loop {
                let Some((number, test)) = waiting.lock().ok().and_then(|mut tests| tests.next()) else {
                    return Ok(());
                };
                let outcomes = sides.run(test, arms, options.quick)?;
                report::progress(number + 1, tests.len(), test, &outcomes);
                if let Ok(mut results) = results.lock() {
                    results.insert(test.name.clone(), outcomes);
                }
            }
        };
        let workers: Vec<_> = (0..options.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread that runs tests panicked")))
        })
    })?;
    results.into_inner().ok().context("a thread that runs tests panicked")
}
