//! Delivered frames a second, and CPU time a frame in the program: `clears` direct and split, alternately, with ratios.
//!
//! Options: `--rounds N`, `--seconds S`, `--sizes WxH,...`, `--alphas N,...`, `--backends GLX,EGL`, `--arm FLAGS` for each set of
//! flags of glxrun to measure in place of the usual ones, `--heavy` for a scene that takes at least 10 ms a frame direct, `--json FILE`.
//!
//! Arms: `direct` draws and shows on the 3D side's server; the others show every frame (`--spoil off`) on a server
//! without GLX that keeps its screen in a file; `VirtualGL` is an arm where VGL_LIB names its libvglfaker.so. Each size and alpha size is
//! measured in rounds A B A B; the table gives medians, and of the ratio to the same round's direct the median, least and most.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use glxrun_tests::{Program, XServer, artifacts};

use crate::{backends, median, on, split};

/// Sets of flags that are measured by default, for windows with alpha and without.
const WITH_ALPHA: [&str; 3] = ["", "--sink framebuffer", "--bands 4"];
const WITHOUT: [&str; 4] =
    ["", "--opaque fast", "--opaque fast --sink framebuffer", "--opaque fast --bands 4"];

struct Options {
    rounds: usize,
    seconds: String,
    heavy: bool,
    sizes: Vec<String>,
    alphas: Vec<String>,
    backends: Vec<String>,
    arms: Vec<String>,
    json: Option<String>,
}

/// What a run gave: frames a second, and CPU ms a frame in the program.
#[derive(Clone, Copy)]
struct Figure {
    rate: f64,
    cpu: f64,
}

/// A way to run the program, and what it gave in each round.
struct Arm<'a> {
    name: String,
    command: Box<dyn Fn() -> Result<Command> + 'a>,
    figures: Vec<Figure>,
}

pub fn run(arguments: &[String]) -> Result<()> {
    let options = options(arguments)?;
    let three_d = XServer::xvfb().start()?;
    let two_d = XServer::xvfb().without_glx().with_framebuffer().start()?;
    println!(
        "| size | alpha bits | arm | frames/s | of direct | least to most | CPU ms a frame in the program |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut json = Vec::new();
    for (size, alpha) in
        options.sizes.iter().flat_map(|size| options.alphas.iter().map(move |alpha| (size, alpha)))
    {
        let cubes = if options.heavy { cubes_for_10_ms(&three_d, size, alpha)? } else { 0 };
        let mut arms = arms(&three_d, &two_d, alpha, &options)?;
        for _ in 0..options.rounds {
            for arm in &mut arms {
                let figure = measure((arm.command)()?, size, alpha, &options.seconds, cubes)?;
                arm.figures.push(figure);
            }
        }
        let direct = arms[0].figures.clone();
        for Arm { name, figures, .. } in &arms {
            let rate = median(figures.iter().map(|figure| figure.rate));
            let cpu = median(figures.iter().map(|figure| figure.cpu));
            let ratios = || figures.iter().zip(&direct).map(|(figure, direct)| figure.rate / direct.rate);
            let (ratio, least, most) =
                (median(ratios()), ratios().fold(f64::MAX, f64::min), ratios().fold(0.0, f64::max));
            println!(
                "| {size} | {alpha} | {name} | {rate:.0} | {ratio:.2} | {least:.2} to {most:.2} | {cpu:.2} |"
            );
            json.push(format!(
                "{{\"size\":\"{size}\",\"alpha\":{alpha},\"arm\":\"{name}\",\"heavy\":{},\"rate\":{rate:.1},\"ratio\":{ratio:.3},\
                 \"least\":{least:.3},\"most\":{most:.3},\"cpu_ms\":{cpu:.3}}}",
                options.heavy
            ));
        }
    }
    if let Some(file) = &options.json {
        std::fs::write(file, format!("[\n{}\n]\n", json.join(",\n")))?;
    }
    Ok(())
}

fn arms<'a>(
    three_d: &'a XServer,
    two_d: &'a XServer,
    alpha: &str,
    options: &Options,
) -> Result<Vec<Arm<'a>>> {
    let usual = if alpha == "0" { &WITHOUT[..] } else { &WITH_ALPHA };
    let flags: Vec<String> = match &options.arms[..] {
        [] => usual.iter().map(ToString::to_string).collect(),
        given => given.to_vec(),
    };
    let program = || artifacts::program("clears");
    let direct = move || Ok(on(three_d, Command::new(program()?)));
    let mut arms = vec![Arm { name: "direct".to_owned(), command: Box::new(direct), figures: Vec::new() }];
    for (name, device) in
        backends(three_d).into_iter().filter(|(name, _)| options.backends.iter().any(|wanted| wanted == name))
    {
        for flags in &flags {
            let (device, words) = (device.clone(), flags.clone());
            let command = move || {
                let words: Vec<&str> =
                    ["--spoil", "off"].into_iter().chain(words.split_whitespace()).collect();
                split(two_d, &device, &words, "clears")
            };
            let name = format!("{name} {flags}").trim_end().to_owned();
            arms.push(Arm { name, command: Box::new(command), figures: Vec::new() });
        }
    }
    if let Ok(library) = std::env::var("VGL_LIB") {
        let name = three_d.display();
        let command = move || virtual_gl(on(two_d, Command::new(program()?)), &name, &library);
        arms.push(Arm { name: "VirtualGL".to_owned(), command: Box::new(command), figures: Vec::new() });
    }
    Ok(arms)
}

/// Cubes to draw one over the other, for a frame that takes 10 ms or more direct.
fn cubes_for_10_ms(three_d: &XServer, size: &str, alpha: &str) -> Result<u32> {
    let mut cubes = 4;
    loop {
        let command = on(three_d, Command::new(artifacts::program("clears")?));
        let ms = 1000.0 / measure(command, size, alpha, "0.5", cubes)?.rate;
        if ms >= 11.0 {
            return Ok(cubes);
        }
        cubes = (f64::from(cubes) * (13.0 / ms).clamp(1.3, 4.0)).ceil() as u32;
    }
}

fn options(arguments: &[String]) -> Result<Options> {
    let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    let mut options = Options {
        rounds: 7,
        seconds: "1.5".to_owned(),
        heavy: false,
        sizes: list("640x480,1280x720,1920x1080"),
        alphas: list("8,0"),
        backends: list("GLX,EGL"),
        arms: Vec::new(),
        json: None,
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().cloned().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--rounds" => options.rounds = value()?.parse().context("--rounds takes a number")?,
            "--seconds" => options.seconds = value()?,
            "--heavy" => options.heavy = true,
            "--sizes" => options.sizes = list(&value()?),
            "--alphas" => options.alphas = list(&value()?),
            "--backends" => options.backends = list(&value()?),
            "--arm" => options.arms.push(value()?),
            "--json" => options.json = Some(value()?),
            other => {
                bail!(
                    "{other} is not an option; the head of tests/src/bin/bench/frames.rs names those there are"
                )
            }
        }
    }
    Ok(options)
}

fn virtual_gl(mut command: Command, three_d: &str, library: &str) -> Result<Command> {
    let folder = Path::new(library).parent().context("VGL_LIB names no file")?;
    command
        .env("LD_PRELOAD", library)
        .env("LD_LIBRARY_PATH", folder)
        .env("VGL_DISPLAY", three_d)
        .env("VGL_SPOIL", "0")
        .env("VGL_READBACK", "sync");
    Ok(command)
}

fn measure(mut command: Command, size: &str, alpha: &str, seconds: &str, cubes: u32) -> Result<Figure> {
    command.args(["--size", size, "--alpha", alpha, "--seconds", seconds, "--cubes", &cubes.to_string()]);
    let output = Program::run(command)?.success()?.stdout;
    let words: Vec<&str> = output.split_whitespace().collect();
    match words.as_slice() {
        [rate, "fps", cpu, "ms", ..] => Ok(Figure { rate: rate.parse()?, cpu: cpu.parse()? }),
        _ => bail!("clears printed {output:?}"),
    }
}
