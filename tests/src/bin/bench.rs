//! What the split costs: `clears` direct and split, alternately, with ratios.
//!
//! `cargo run --release -p glxrun-tests --bin bench [OPTIONS]`, with nothing else running. Options: `--rounds N`,
//! `--seconds S`, `--cube`, `--sizes WxH,...`, `--alphas N,...`, and `--arm FLAGS` for each set of flags of glxrun to measure
//! (none: its defaults), such as `--arm "--readback direct"`.
//!
//! Arms: `direct` draws and shows on the 3D side's server; `split` shows every frame (`--spoil off`) on a server
//! without GLX; `VirtualGL` is an arm where VGL_LIB names its libvglfaker.so. Each size and alpha size is measured in rounds
//! A B A B; the table gives medians, and of the ratio to the same round's direct the median, least and most.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use glxrun_tests::{Program, XServer, artifacts};

struct Options {
    rounds: usize,
    seconds: String,
    cube: bool,
    sizes: Vec<String>,
    alphas: Vec<String>,
    arms: Vec<String>,
}

/// What a run gave: frames a second, and CPU ms a frame in the program.
#[derive(Clone, Copy)]
struct Figure {
    rate: f64,
    cpu: f64,
}

fn main() -> Result<()> {
    let options = options()?;
    let three_d = XServer::xvfb().start()?;
    let two_d = XServer::xvfb().without_glx().with_framebuffer().start()?;
    let vgl = std::env::var("VGL_LIB").ok();
    println!(
        "| size | alpha bits | arm | frames/s | of direct | least to most | CPU ms a frame in the program |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (size, alpha) in
        options.sizes.iter().flat_map(|size| options.alphas.iter().map(move |alpha| (size, alpha)))
    {
        let mut figures: BTreeMap<String, Vec<Figure>> = BTreeMap::new();
        for _ in 0..options.rounds {
            let mut measure = |arm: String, command| -> Result<()> {
                figures.entry(arm).or_default().push(run(command, size, alpha, &options)?);
                Ok(())
            };
            measure("direct".to_owned(), direct(&three_d)?)?;
            for arm in &options.arms {
                measure(format!("split {arm}").trim_end().to_owned(), split(&three_d, &two_d, arm)?)?;
            }
            if let Some(library) = &vgl {
                measure("VirtualGL".to_owned(), virtual_gl(&three_d, &two_d, library)?)?;
            }
        }
        let direct = figures["direct"].clone();
        for (arm, figures) in &figures {
            let rate = median(figures.iter().map(|figure| figure.rate));
            let cpu = median(figures.iter().map(|figure| figure.cpu));
            let ratios = || figures.iter().zip(&direct).map(|(figure, direct)| figure.rate / direct.rate);
            let (ratio, least, most) =
                (median(ratios()), ratios().fold(f64::MAX, f64::min), ratios().fold(0.0, f64::max));
            println!(
                "| {size} | {alpha} | {arm} | {rate:.0} | {ratio:.2} | {least:.2} to {most:.2} | {cpu:.2} |"
            );
        }
    }
    Ok(())
}

fn options() -> Result<Options> {
    let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    let mut options = Options {
        rounds: 5,
        seconds: "3".to_owned(),
        cube: false,
        sizes: list("640x480,1280x720,1920x1080"),
        alphas: list("0,8"),
        arms: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--rounds" => options.rounds = value()?.parse().context("--rounds takes a number")?,
            "--seconds" => options.seconds = value()?,
            "--cube" => options.cube = true,
            "--sizes" => options.sizes = list(&value()?),
            "--alphas" => options.alphas = list(&value()?),
            "--arm" => options.arms.push(value()?),
            other => {
                bail!("{other} is not an option; the head of tests/src/bin/bench.rs names those there are")
            }
        }
    }
    if options.arms.is_empty() {
        options.arms.push(String::new());
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

fn split(three_d: &XServer, two_d: &XServer, flags: &str) -> Result<Command> {
    let mut command = Command::new(artifacts::program("glxrun")?);
    command.args(["--spoil", "off", "-d", &three_d.display()]).args(flags.split_whitespace());
    command.arg("--").arg(artifacts::program("clears")?);
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

fn run(mut command: Command, size: &str, alpha: &str, options: &Options) -> Result<Figure> {
    command.args(["--size", size, "--alpha", alpha, "--seconds", &options.seconds]);
    if options.cube {
        command.arg("--cube");
    }
    let output = Program::run(command)?.success()?.stdout;
    let words: Vec<&str> = output.split_whitespace().collect();
    match words.as_slice() {
        [rate, "fps", cpu, "ms", ..] => Ok(Figure { rate: rate.parse()?, cpu: cpu.parse()? }),
        _ => bail!("clears printed {output:?}"),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
