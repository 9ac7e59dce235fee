//! A long run: large frames in both back ends, with and without spoiling; then windows, contexts and threads that come and
//! go. Memory, descriptors, threads, segments and objects stay flat, and frames add up.

use anyhow::{Context, Result, bail};
use glxrun_tests::XServer;
use glxrun_tests::soak::{Sample, Soaker};

use crate::{backends, glxrun};

pub fn run(arguments: &[String]) -> Result<()> {
    let minutes: f64 = match arguments {
        [] => 30.0,
        [flag, value] if flag == "--minutes" => value.parse().context("--minutes takes a number")?,
        _ => bail!("soak takes --minutes N"),
    };
    let three_d = XServer::xvfb().start()?;
    let two_d = XServer::xvfb().without_glx().start()?;
    let soaker = Soaker::compile()?;
    println!(
        "| back end | what | spoil | minutes | rendered | delivered | dropped | memory (MiB) | descriptors | threads | segments \
         | GL objects | X resources |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let arms: Vec<_> = backends(&three_d)
        .into_iter()
        .flat_map(|(name, device)| {
            [("steady", "on"), ("steady", "off"), ("changes", "on")]
                .map(|(what, spoil)| (name, device.clone(), what, spoil))
        })
        .collect();
    // Each way gets its share of the time.
    let seconds = minutes * 60.0 / arms.len() as f64;
    for (name, device, what, spoil) in &arms {
        let command = glxrun(&two_d, device, &["--stats=3600", "--spoil", spoil])?;
        let soak = soaker.run(command, &[&two_d, &three_d], what, &seconds.to_string())?;
        let sum = |count: fn(&glxrun_tests::stage::Counts) -> u64| soak.counts.iter().map(count).sum::<u64>();
        let ends = |what: fn(&Sample) -> u64| {
            let of = |sample: Option<&Sample>| sample.map_or(0, what);
            // The first look comes before all buffers are there.
            format!("{}, {}", of(soak.samples.get(soak.samples.len() / 4)), of(soak.samples.last()))
        };
        println!(
            "| {name} | {what} | {spoil} | {:.1} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            seconds / 60.0,
            sum(|counts| counts.rendered),
            sum(|counts| counts.delivered),
            sum(|counts| counts.dropped),
            ends(|sample| sample.memory / 1024),
            ends(|sample| sample.descriptors),
            ends(|sample| sample.threads),
            ends(|sample| sample.segments),
            ends(|sample| sample.objects),
            ends(|sample| sample.resources),
        );
        soak.check(8 << 10)?;
    }
    println!(
        "\nEach pair: after a quarter of the time, and at its end. Nothing grew, and all frames are accounted for."
    );
    Ok(())
}
