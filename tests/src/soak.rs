//! A long run: does memory stay flat, are descriptors given back, is every frame accounted for?

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::program::Program;
use crate::stage::Counts;

/// What a process has.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Since the start.
    pub at: Duration,
    /// Resident memory in KiB, that shared with the X server included.
    pub memory: u64,
    /// Open descriptors.
    pub descriptors: usize,
    /// Threads.
    pub threads: usize,
}

/// What a run gave.
#[derive(Debug)]
pub struct Soak {
    /// Of the program, at regular times.
    pub samples: Vec<Sample>,
    /// Its frames.
    pub counts: Counts,
}

/// Runs glxrun with a program to its end, with `--stats` among its options, and looks at the program every `pause`. What counts
/// are the last `lasting` of it: before, it starts.
pub fn run(glxrun: Command, pause: Duration, lasting: Duration) -> Result<Soak> {
    let launcher = Program::start(glxrun)?;
    let (start, mut samples) = (Instant::now(), Vec::new());
    while launcher.is_running()? {
        std::thread::sleep(pause);
        if let Ok(sample) = sample(launcher.pid().as_raw_nonzero().get(), start.elapsed()) {
            samples.push(sample);
        }
    }
    let end = start.elapsed();
    samples.retain(|sample| sample.at + lasting >= end);
    let stderr = launcher.wait()?.success()?.stderr;
    Ok(Soak { samples, counts: Counts::only_window(&stderr)? })
}

/// Looks at the only child of the launcher that renders.
fn sample(launcher: i32, at: Duration) -> Result<Sample> {
    let children = std::fs::read_to_string(format!("/proc/{launcher}/task/{launcher}/children"))?;
    let is_program = |pid: &&str| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        !name.starts_with("Xvfb")
    };
    let pid = children.split_whitespace().find(is_program).context("no program yet")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    let count = |folder: &str| std::fs::read_dir(format!("/proc/{pid}/{folder}")).map(Iterator::count);
    Ok(Sample {
        at,
        memory: field("VmRSS:").context("no VmRSS")?,
        descriptors: count("fd")?,
        threads: count("task")?,
    })
}

impl Soak {
    /// An error unless nothing grew after the first quarter and all frames are accounted for. Memory may by `slack` KiB.
    pub fn check(&self, slack: u64) -> Result<()> {
        let Counts { rendered, delivered, dropped } = self.counts;
        ensure!(rendered == delivered + dropped, "{:?} does not add up", self.counts);
        ensure!(delivered > 0, "nothing was delivered");
        ensure!(self.samples.len() >= 8, "only {} looks at the program", self.samples.len());
        let (early, late) = self.samples.split_at(self.samples.len() / 4);
        let most = |samples: &[Sample], what: fn(&Sample) -> u64| samples.iter().map(what).max().unwrap_or(0);
        for (name, what, slack) in [
            ("memory", (|sample| sample.memory) as fn(&Sample) -> u64, slack),
            ("descriptors", |sample| sample.descriptors as u64, 0),
            ("threads", |sample| sample.threads as u64, 0),
        ] {
            let (before, after) = (most(early, what), most(late, what));
            ensure!(after <= before + slack, "{name} grew from {before} to {after}");
        }
        Ok(())
    }
}
