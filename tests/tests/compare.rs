//! `glxrun compare` as a user runs it: what it measures of programs that behave, and what it says of those that do not.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use glxrun_tests::program::Ended;
use glxrun_tests::stage::{Backend, glxrun};
use glxrun_tests::{Context, Program, Result, artifacts, ensure};

/// Runs of less than a second.
const SHORT: [&str; 8] = ["--rounds", "2", "--seconds", "0.4", "--warmup", "0.2", "--size", "640x480"];

fn compare() -> Result<Command> {
    let mut command = glxrun()?;
    let side = match Backend::from_env()? {
        Backend::Glx | Backend::Xorg => "xvfb",
        Backend::Egl(device) => device,
    };
    command.args(["compare", "-d", side, "--options", "--spoil off"]).args(SHORT);
    Ok(command)
}

fn example(name: &str) -> Result<String> {
    Ok(artifacts::program(name)?.to_string_lossy().into_owned())
}

/// The outcome of comparing what a shell makes of `script`, in which `$clears` draws for a minute.
fn of_script(options: &[&str], script: &str) -> Result<Ended> {
    let mut command = compare()?;
    command.args(options).args(["sh", "-c", script]);
    command.env("clears", format!("{} --size 200x150 --seconds 60", example("clears")?));
    Program::run(command)
}

fn assert_says(ended: &Ended, status: i32, parts: &[&str]) -> Result<()> {
    ensure!(ended.status.code() == Some(status), "{}\n{}\n{}", ended.status, ended.stdout, ended.stderr);
    for part in parts {
        ensure!(ended.stdout.contains(part), "nothing of {part:?} in:\n{}\n{}", ended.stdout, ended.stderr);
    }
    Ok(())
}

/// A figure of an arm in the JSON report.
fn figure(json: &serde_json::Value, arm: usize, name: &str) -> Result<f64> {
    let value = json["arms"][arm]["figures"][name].as_f64();
    value.with_context(|| format!("no {name} of arm {arm} in {json:#}"))
}

/// Lines of a CSV file, cut at the commas.
fn rows(file: &Path) -> Result<Vec<Vec<String>>> {
    let text = std::fs::read_to_string(file)?;
    Ok(text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect())
}

#[test]
fn figures_agree_with_the_frames_they_are_made_of() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (json, csv) = (directory.path().join("report.json"), directory.path().join("frames.csv"));
    let mut command = compare()?;
    command.arg("--json").arg(&json).arg("--csv").arg(&csv);
    command.args(["--fail-if", "split.fps < 0.0001*direct.fps", &example("clears")?, "--seconds", "60"]);
    let ended = Program::run(command)?;
    assert_says(&ended, 0, &["frame time, median, ms", "direct", "split", "passed: not (split.fps <"])?;
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&json)?)?;
    let rows = rows(&csv)?;
    for (index, arm) in ["direct", "split"].iter().enumerate() {
        for (round, run) in report["arms"][index]["runs"].as_array().context("runs")?.iter().enumerate() {
            let [from, to] = [0, 1].map(|end| run["measured"][end].as_f64().unwrap_or(0.0));
            let of_run = rows.iter().filter(|row| row[0] == *arm && row[1] == (round + 1).to_string());
            let done = of_run.filter_map(|row| row[12].parse::<f64>().ok());
            let mut done: Vec<f64> = done.filter(|time| *time > from && *time <= to).collect();
            done.sort_by(f64::total_cmp);
            let span = done.last().context("frames")? - done[0];
            let rate = (done.len() - 1) as f64 * 1e3 / span;
            let told = run["figures"]["fps"].as_f64().context("fps")?;
            ensure!((rate / told - 1.0).abs() < 0.001, "{arm} {round}: {rate} in the frames, {told} told");
        }
        for name in ["fps", "rendered", "p50", "p99", "low", "swap", "app_cpu", "app_memory", "startup"] {
            ensure!(figure(&report, index, name)? > 0.0, "{name}");
        }
    }
    ensure!(
        figure(&report, 1, "readback")? > 0.0 && report["arms"][0]["figures"]["readback"].is_null(),
        "stages"
    );
    ensure!(report["arms"][1]["ratios"]["fps"]["interval"].is_array(), "no interval");
    Ok(())
}

#[test]
fn a_condition_that_holds_is_status_1() -> Result<()> {
    let ended = of_script(&["--arms", "split", "--fail-if", "split.fps > 0"], "$clears")?;
    assert_says(&ended, 1, &["FAILED: split.fps > 0"])
}

#[test]
fn an_end_before_anything_counted_is_told() -> Result<()> {
    let mut command = compare()?;
    command.args(["--arms", "split,direct", &example("engine")?, "--frames", "3", "--vsync", "0"]);
    command.args(["--script", ""]);
    let ended = Program::run(command)?;
    let parts =
        ["FAILED: round 1: the program ended with status 0 by itself, after 3 frames. Its last words: "];
    assert_says(&ended, 2, &parts)?;
    ensure!(!ended.stdout.contains("frames/s"), "a figure that was made up:\n{}", ended.stdout);
    Ok(())
}

#[test]
fn a_program_that_never_swaps_is_told_and_ended() -> Result<()> {
    let ended =
        of_script(&["--timeout", "0.5", "--fail-if", "split.fps < 1"], "echo hello; exec sleep 1000")?;
    let parts =
        ["FAILED: round 1: no frame came in 0.5 s", "Its last words: hello", "UNKNOWN: split.fps < 1"];
    assert_says(&ended, 2, &parts)
}

#[test]
fn a_crash_in_one_arm_leaves_the_other_ones_figures() -> Result<()> {
    let script = "[ \"$GLXRUN_MODE\" = direct ] && exec $clears; echo oops >&2; kill -SEGV $$";
    let ended = of_script(&[], script)?;
    let crashed = "FAILED: round 1: the program was ended by SIGSEGV (status 139) by itself, after 0 frames. Its last words: oops";
    assert_says(&ended, 2, &[crashed, "delivered, frames/s"])?;
    ensure!(!ended.stdout.contains("split and direct"), "a ratio without a figure:\n{}", ended.stdout);
    Ok(())
}

#[test]
fn children_are_measured_and_ended_with_the_program() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let note = directory.path().join("child");
    let script = format!("$clears & echo $! > {}; wait", note.display());
    let ended = of_script(&["--arms", "split", "--rounds", "1"], &script)?;
    assert_says(&ended, 0, &["CPU of the program"])?;
    let child = std::fs::read_to_string(&note)?;
    let stat =
        std::fs::read_to_string(Path::new("/proc").join(child.trim()).join("stat")).unwrap_or_default();
    // Who collects the dead is not glxrun's to say.
    ensure!(stat.is_empty() || stat.contains(") Z "), "process {child} is left: {stat}");
    Ok(())
}

#[test]
fn a_program_that_leaves_only_children_is_told() -> Result<()> {
    let ended = of_script(&["--arms", "split"], "$clears & sleep 0.1; exit 7")?;
    assert_says(&ended, 2, &["FAILED: round 1: the program ended with status 7 by itself, after "])
}

#[test]
fn of_two_windows_the_one_with_most_frames_counts() -> Result<()> {
    let ended = of_script(&["--arms", "split"], "$clears & $clears; wait")?;
    assert_says(&ended, 0, &["it draws to 2 windows; figures are of the one with most frames"])
}

#[test]
fn pictures_of_the_same_frame_are_compared() -> Result<()> {
    let mut command = compare()?;
    command.args([
        "--check-images",
        "--frame",
        "20",
        "--rounds",
        "1",
        &example("engine")?,
        "--frames",
        "100000",
    ]);
    command.args(["--vsync", "0", "--script", ""]);
    let ended = Program::run(command)?;
    assert_says(&ended, 0, &["picture of frame 20, split and direct: the pictures are equal"])?;

    // A program of which no two runs show the same.
    let script = "exec $clears --size $((200 + $$ % 97))x100";
    let ended = of_script(&["--check-images", "--frame", "20", "--rounds", "1"], script)?;
    assert_says(&ended, 1, &["FAILED: picture of frame 20"])
}

/// With stand-ins for VirtualGL's launcher and library: the program's swaps go through it, and are timed in front of it.
#[test]
fn virtualgl_is_an_arm_where_it_is_installed() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (library, note) = (directory.path().join("libvglfaker.so"), directory.path().join("swapped"));
    let flags = ["-shared", "-fPIC", "-Wl,-soname,libvglfaker.so,--no-as-needed", "-ldl", "-l:libGL.so.1"];
    glxrun_tests::c::compile("virtualgl.c", &library, &flags)?;
    let script = format!(
        "#!/bin/sh\nwhile [ \"$1\" != sh ]; do shift; done\nLD_PRELOAD={}:$LD_PRELOAD exec \"$@\"\n",
        library.display()
    );
    let vglrun = directory.path().join("vglrun");
    std::fs::write(&vglrun, script)?;
    std::fs::set_permissions(&vglrun, std::fs::Permissions::from_mode(0o755))?;
    let mut command = compare()?;
    command.args(["--arms", "direct,vglrun", &example("clears")?, "--seconds", "60"]);
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH")?);
    command.env("PATH", path).env("VIRTUALGL_NOTE", &note);
    let ended = Program::run(command)?;
    assert_says(&ended, 0, &["VirtualGL, every frame shown", "in the swap call"])?;
    ensure!(note.exists(), "no swap went through the library that stands for VirtualGL");
    Ok(())
}

#[test]
fn wrong_command_lines_are_refused_before_anything_runs() -> Result<()> {
    for (options, wanted) in [
        (&["--arms", "splti", "true"][..], "there is no arm \"splti\"; there are direct, split"),
        (&["--fail-if", "split.speed < 3", "true"], "there is no figure \"speed\"; there are fps, rendered"),
        (&["--fail-if", "splat.fps < 3", "true"], "there is no arm \"splat\"; there are direct, split"),
        (&["--seconds", "0", "true"], "it must be at least 0.1 s, or all"),
        (&["--csv", "/nowhere/at/all", "true"], "cannot write /nowhere/at/all"),
        (&["--options", "--spoil maybe", "true"], "--spoil maybe: the value must be on or off"),
        (&[], "PROGRAM"),
    ] {
        let mut command = glxrun()?;
        command.arg("compare").args(options);
        let ended = Program::run(command)?;
        ensure!(ended.status.code() == Some(125), "{options:?}: {}", ended.status);
        ensure!(
            ended.stderr.starts_with("glxrun: ") && ended.stderr.contains(wanted),
            "{options:?}: {}",
            ended.stderr
        );
    }
    let mut command = glxrun()?;
    command.args(["compare", "/no/such/program"]);
    ensure!(Program::run(command)?.status.code() == Some(127), "a program that is not there");
    Ok(())
}
