//! A long run at 1920x1080: memory, descriptors, threads, and the sum of all frames.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use glxrun_tests::{XServer, soak};

use crate::{backends, split};

pub fn run(arguments: &[String]) -> Result<()> {
    let minutes: f64 = match arguments {
        [] => 30.0,
        [flag, value] if flag == "--minutes" => value.parse().context("--minutes takes a number")?,
        _ => bail!("soak takes --minutes N"),
    };
    let three_d = XServer::xvfb().start()?;
    let two_d = XServer::xvfb().without_glx().start()?;
    println!(
        "| back end | spoil | minutes | rendered | delivered | dropped | memory, first and last (MiB) | descriptors | threads |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    // Each way gets its share of the time.
    let arms = backends(&three_d)
        .into_iter()
        .flat_map(|(name, device)| ["on", "off"].map(|spoil| (name, device.clone(), spoil)));
    let seconds = minutes * 60.0 / 4.0;
    for (name, device, spoil) in arms {
        let mut command = split(&two_d, &device, &["--stats", "--spoil", spoil], "clears")?;
        command.args(["--size", "1920x1080", "--seconds", &seconds.to_string()]);
        let pause = Duration::from_secs_f64((seconds / 100.0).clamp(0.05, 5.0));
        let soak = soak::run(command, pause, Duration::from_secs_f64(seconds * 0.95))?;
        let (first, last) = (soak.samples.first(), soak.samples.last());
        let mib = |sample: Option<&soak::Sample>| sample.map_or(0.0, |sample| sample.memory as f64 / 1024.0);
        let last_of = last.map_or((0, 0), |sample| (sample.descriptors, sample.threads));
        let counts = soak.counts;
        println!(
            "| {name} | {spoil} | {:.1} | {} | {} | {} | {:.1}, {:.1} | {} | {} |",
            seconds / 60.0,
            counts.rendered,
            counts.delivered,
            counts.dropped,
            mib(first),
            mib(last),
            last_of.0,
            last_of.1
        );
        soak.check(6 << 10)?;
    }
    Ok(())
}
