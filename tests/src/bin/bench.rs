//! What the split costs: `clears` direct and split, alternately, with ratios.
//!
//! `cargo run --release -p glxrun-tests --bin bench [--rounds N] [--seconds S] [--cube]`, with nothing else running.
//!
//! Arms: `direct` draws and shows on the 3D side's server; `split` shows every frame (`--spoil off`) on a server
//! without GLX; `VirtualGL` is an arm where VGL_LIB names its libvglfaker.so. Each size and alpha size is measured in rounds
//! A B A B; the table gives medians and the ratio to direct.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use glxrun_tests::{Program, XServer, artifacts};

const SIZES: [&str; 3] = ["640x480", "1280x720", "1920x1080"];

struct Options {
    rounds: usize,
    seconds: String,
    cube: bool,
}

fn main() -> Result<()> {
    let options = options()?;
    let three_d = XServer::xvfb().start()?;
    let two_d = XServer::xvfb().without_glx().start()?;
    let vgl = std::env::var("VGL_LIB").ok();
    println!("| size | alpha bits | arm | frames/s | of direct | CPU ms a frame in the program |");
    println!("|---|---|---|---|---|---|");
    for size in SIZES {
        for alpha in ["0", "8"] {
            let mut figures: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
            for _ in 0..options.rounds {
                figures.entry("direct").or_default().push(run(direct(&three_d)?, size, alpha, &options)?);
                figures.entry("split").or_default().push(run(
                    split(&three_d, &two_d)?,
                    size,
                    alpha,
                    &options,
                )?);
                if let Some(library) = &vgl {
                    let command = virtual_gl(&three_d, &two_d, library)?;
                    figures.entry("VirtualGL").or_default().push(run(command, size, alpha, &options)?);
                }
            }
            let direct = median(figures["direct"].iter().map(|figure| figure.0));
            for (arm, figures) in &figures {
                let rate = median(figures.iter().map(|figure| figure.0));
                let cpu = median(figures.iter().map(|figure| figure.1));
                println!("| {size} | {alpha} | {arm} | {rate:.0} | {:.2} | {cpu:.2} |", rate / direct);
            }
        }
    }
    Ok(())
}

fn options() -> Result<Options> {
    let mut options = Options { rounds: 5, seconds: "3".to_owned(), cube: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--rounds" => options.rounds = value()?.parse().context("--rounds takes a number")?,
            "--seconds" => options.seconds = value()?,
            "--cube" => options.cube = true,
            other => bail!("{other} is not an option: --rounds N, --seconds S, --cube"),
        }
    }
    Ok(options)
}

fn clears(server: &XServer, mut command: Command) -> Command {
    server.apply(&mut command);
    command.env_remove("LD_PRELOAD").env("vblank_mode", "0").env("__GL_SYNC_TO_VBLANK", "0");
    command
}

fn direct(three_d: &XServer) -> Result<Command> {
    Ok(clears(three_d, Command::new(artifacts::program("clears")?)))
}

fn split(three_d: &XServer, two_d: &XServer) -> Result<Command> {
    let mut command = Command::new(artifacts::program("glxrun")?);
    command.args(["--spoil", "off", "-d", &three_d.display(), "--"]).arg(artifacts::program("clears")?);
    Ok(clears(two_d, command))
}

fn virtual_gl(three_d: &XServer, two_d: &XServer, library: &str) -> Result<Command> {
    let mut command = clears(two_d, Command::new(artifacts::program("clears")?));
    let folder = Path::new(library).parent().context("VGL_LIB names no file")?;
    command
        .env("LD_PRELOAD", library)
        .env("LD_LIBRARY_PATH", folder)
        .env("VGL_DISPLAY", three_d.display())
        .env("VGL_SPOIL", "0")
        .env("VGL_READBACK", "sync");
    Ok(command)
}

/// Frames a second and CPU ms a frame.
fn run(mut command: Command, size: &str, alpha: &str, options: &Options) -> Result<(f64, f64)> {
    command.args(["--size", size, "--alpha", alpha, "--seconds", &options.seconds]);
    if options.cube {
        command.arg("--cube");
    }
    let output = Program::run(command)?.success()?.stdout;
    let words: Vec<&str> = output.split_whitespace().collect();
    match words.as_slice() {
        [rate, "fps", cpu, "ms", ..] => Ok((rate.parse()?, cpu.parse()?)),
        _ => bail!("clears printed {output:?}"),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
