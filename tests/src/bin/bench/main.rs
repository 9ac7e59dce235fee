//! What the split costs, against the same program drawing directly. To be run with nothing else running:
//!
//!     cargo run --release -p glxrun-tests --bin bench -- all            every table of docs/performance.md, in twelve minutes
//!     cargo run --release -p glxrun-tests --bin bench -- frames [...]   frames a second (options: see frames.rs)
//!     cargo run --release -p glxrun-tests --bin bench -- calls          single calls, and start-up
//!     cargo run --release -p glxrun-tests --bin bench -- latency        from a key press to a pixel
//!     cargo run --release -p glxrun-tests --bin bench -- soak [--minutes N]   a long run (30 minutes)
//!
//! Tables are Markdown on standard output.

mod calls;
mod frames;
mod latency;
mod soak;

use std::process::Command;

use anyhow::{Result, bail};
use glxrun_tests::{XServer, artifacts};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = arguments.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
    match name {
        "all" => {
            println!("### Frames a second\n");
            frames::run(&words("--seconds 0.8"))?;
            println!("\n### Scenes of 10 ms and more\n");
            frames::run(&[words("--heavy --rounds 5 --seconds 1 --arm"), vec![String::new()]].concat())?;
            println!("\n### Single calls\n");
            calls::run()?;
            println!("\n### Key press to pixel\n");
            latency::run(rest)
        }
        "frames" => frames::run(rest),
        "calls" => calls::run(),
        "latency" => latency::run(rest),
        "soak" => soak::run(rest),
        other => bail!("{other:?} is no benchmark: all, frames, calls, latency or soak"),
    }
}

/// A command line's words.
fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// The back ends that are measured: their names, and what names them to glxrun with that 3D side.
fn backends(three_d: &XServer) -> [(&'static str, String); 2] {
    [("GLX", three_d.display()), ("EGL", "egl:software".to_owned())]
}

/// A program on a server, without anything of ours, swaps unsynchronised.
fn on(server: &XServer, mut command: Command) -> Command {
    server.apply(&mut command);
    command.env_remove("LD_PRELOAD").env("vblank_mode", "0").env("__GL_SYNC_TO_VBLANK", "0");
    command
}

/// The same by glxrun, with flags for it.
fn split(two_d: &XServer, three_d: &str, flags: &[&str], program: &str) -> Result<Command> {
    let mut command = glxrun(two_d, three_d, flags)?;
    command.arg("--").arg(program_path(program)?);
    Ok(command)
}

/// glxrun on both sides, with flags, and no program yet.
fn glxrun(two_d: &XServer, three_d: &str, flags: &[&str]) -> Result<Command> {
    let mut command = Command::new(artifacts::program("glxrun")?);
    command.args(["-d", three_d]).args(flags);
    Ok(on(two_d, command))
}

/// An example's path, or a name on the PATH.
fn program_path(program: &str) -> Result<std::ffi::OsString> {
    Ok(artifacts::program(program).map_or_else(|_| program.into(), Into::into))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    quantile(&mut values, 0.5)
}

/// The value below which that part of all lies. Sorts them.
fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
}
