//! What a program's process has from us: threads that take none of its signals, descriptors that no program of its own inherits.

use std::fs;
use std::path::PathBuf;

use glxrun_tests::{Context, Program, Result, Stage, c, ensure};
use tempfile::TempDir;

/// The program, compiled for this test: `c/process.c`.
fn compile(place: &TempDir) -> Result<String> {
    let path = place.path().join("process");
    c::compile("process.c", &path, &["-l:libGL.so.1", "-l:libX11.so.6", "-lpthread"])?;
    Ok(path.to_string_lossy().into_owned())
}

/// Starts it, and gives the folder of its process in /proc once it has drawn.
fn start(stage: &Stage, program: &str, options: &[&str]) -> Result<(Program, PathBuf)> {
    let mut program = Program::start(stage.split(options, program)?)?;
    let ready = program.line_where(|line| line.starts_with("ready "))?;
    let id = ready.split_whitespace().nth(1).context("it tells its process")?.to_owned();
    Ok((program, PathBuf::from("/proc").join(id)))
}

fn finish(mut program: Program) -> Result<()> {
    program.say("\n")?;
    let ended = program.finish()?.success()?;
    ensure!(ended.stdout.ends_with("end\n"), "{ended:?}");
    Ok(())
}

/// proc(5): SigBlk of /proc/PID/task/TID/status, a bit for each signal from 1 on.
#[test]
fn our_threads_block_all_signals() -> Result<()> {
    // What cannot be blocked, and the two that the C library keeps for itself.
    const NEVER: u64 = 1 << 8 | 1 << 18 | 1 << 31 | 1 << 32;
    let (stage, place) = (Stage::start()?, tempfile::tempdir()?);
    let path = compile(&place)?;
    for readback in ["direct", "pbo"] {
        let (program, process) = start(&stage, &path, &["--readback", readback])?;
        let mut ours = Vec::new();
        for task in fs::read_dir(process.join("task"))? {
            let task = task?.path();
            let name = fs::read_to_string(task.join("comm"))?.trim().to_owned();
            if !name.starts_with("glxrun-") {
                continue;
            }
            let status = fs::read_to_string(task.join("status"))?;
            let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).context("a mask")?;
            let mask = u64::from_str_radix(mask.trim(), 16)?;
            ensure!(mask | NEVER == u64::MAX, "{name} blocks {mask:x} only");
            ours.push(name);
        }
        ensure!(ours.iter().any(|name| name == "glxrun-2d"), "no thread of ours in {ours:?}");
        ensure!(readback != "pbo" || ours.iter().any(|name| name == "glxrun-read"), "not by pbo: {ours:?}");
        finish(program)?;
    }
    Ok(())
}

/// proc(5): the flags in /proc/PID/fdinfo, octal.
#[test]
fn descriptors_are_closed_on_exec() -> Result<()> {
    const CLOEXEC: u32 = 0o2_000_000;
    let (stage, place) = (Stage::start()?, tempfile::tempdir()?);
    let path = compile(&place)?;
    let trace = place.path().join("calls.txt").to_string_lossy().into_owned();
    for options in [&["--readback", "pbo"][..], &["--transport", "putimage"], &["--trace", &trace]] {
        let (program, process) = start(&stage, &path, options)?;
        let mut count = 0;
        for descriptor in fs::read_dir(process.join("fd"))? {
            let descriptor = descriptor?;
            let number = descriptor.file_name().to_string_lossy().parse::<u32>()?;
            let info = fs::read_to_string(process.join("fdinfo").join(number.to_string()))?;
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).context("flags")?;
            let flags = u32::from_str_radix(flags.trim(), 8)?;
            let what = fs::read_link(descriptor.path())?;
            // Whoever started the tests may have left some open, and with it everything below.
            let from_above =
                fs::read_link(format!("/proc/self/fd/{number}")).is_ok_and(|theirs| theirs == what);
            ensure!(
                number < 3 || from_above || flags & CLOEXEC != 0,
                "{options:?}: {number} is {}",
                what.display()
            );
            count += 1;
        }
        ensure!(count > 5, "{options:?}: only {count} descriptors");
        finish(program)?;
    }
    Ok(())
}
