//! `--record`: the video holds what was shown, at the times at which it was shown.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use glxrun_tests::{Context, Program, Result, Stage, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

/// A decoded frame: its time in seconds, and the colour of its middle as 0xRRGGBB.
#[derive(Clone, Copy, Debug)]
struct Decoded {
    time: f64,
    colour: u32,
}

/// A video file.
#[derive(Debug)]
struct Video {
    size: (u32, u32),
    seconds: f64,
    frames: Vec<Decoded>,
}

impl Video {
    fn read(file: &Path) -> Result<Self> {
        let stream = probe(file, "stream=width,height,duration")?;
        let [width, height, seconds] = stream.trim().split(',').collect::<Vec<_>>()[..] else {
            glxrun_tests::bail!("{stream}")
        };
        let size = (width.parse()?, height.parse()?);
        let times = probe(file, "frame=pts_time")?;
        let times = times.lines().filter_map(|line| line.trim_matches(',').parse::<f64>().ok());
        let decoder = ["-v", "error", "-i"];
        let output = Command::new("ffmpeg")
            .args(decoder)
            .arg(file)
            .args(["-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
            .output()
            .context("ffmpeg (apt-get install ffmpeg)")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let (width, height) = (size.0 as usize, size.1 as usize);
        let middle = (height / 2 * width + width / 2) * 3;
        let colours = output
            .stdout
            .chunks_exact(width * height * 3)
            .map(|frame| u32::from_be_bytes([0, frame[middle], frame[middle + 1], frame[middle + 2]]));
        let frames: Vec<Decoded> =
            times.zip(colours).map(|(time, colour)| Decoded { time, colour }).collect();
        Ok(Self { size, seconds: seconds.parse()?, frames })
    }

    /// When it shows these colours: the moments at which each begins. All other frames are errors.
    fn changes(&self, colours: &[u32]) -> Result<Vec<f64>> {
        let mut changes = Vec::new();
        for frame in &self.frames {
            let current = changes.len().checked_sub(1).and_then(|index: usize| colours.get(index));
            let next = colours.get(changes.len());
            if current.is_some_and(|colour| near(*colour, frame.colour)) {
                continue;
            }
            ensure!(next.is_some_and(|colour| near(*colour, frame.colour)), "{frame:x?} in {self:x?}");
            changes.push(frame.time);
        }
        ensure!(changes.len() == colours.len(), "colours are missing: {self:x?}");
        Ok(changes)
    }
}

fn near(one: u32, other: u32) -> bool {
    one.to_be_bytes().iter().zip(other.to_be_bytes()).all(|(one, other)| one.abs_diff(other) <= 8)
}

fn probe(file: &Path, entries: &str) -> Result<String> {
    let mut command = Command::new("ffprobe");
    command
        .args(["-v", "error", "-select_streams", "v", "-show_entries", entries, "-of", "csv=p=0"])
        .arg(file);
    let output = command.output().context("ffprobe (apt-get install ffmpeg)")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// The example `colours`, recorded.
struct Run {
    _stage: Stage,
    directory: TempDir,
    program: Program,
}

impl Run {
    fn start(options: &[&str]) -> Result<Self> {
        let stage = Stage::start()?;
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("run.mp4");
        let mut all = options.to_vec();
        all.extend(["--record", file.to_str().context("a plain path")?]);
        let program = Program::start(stage.split(&all, "colours")?)?;
        Ok(Self { _stage: stage, directory, program })
    }

    fn say(&mut self, line: &str) -> Result<()> {
        self.program.say(line)?;
        ensure!(self.program.line()? == "done");
        Ok(())
    }

    /// Has a colour shown for some time; gives the moment at which it was there.
    fn show(&mut self, colour: u32, milliseconds: u64) -> Result<Instant> {
        self.say(&format!("fill {colour:06x}"))?;
        let shown = Instant::now();
        // The content of the video, not a wait for something.
        std::thread::sleep(Duration::from_millis(milliseconds));
        Ok(shown)
    }
}

#[test]
fn the_video_shows_the_colours_at_their_times() -> Result<()> {
    let mut run = Run::start(&[])?;
    run.say("open 320 240")?;
    let colours = [0xff0000, 0x00c000, 0x2040ff, 0xffffff];
    let mut shown = Vec::new();
    for colour in colours {
        shown.push(run.show(colour, 400)?);
    }
    let Run { program, directory, .. } = run;
    let ended = program.finish()?.success()?;
    ensure!(ended.stderr.contains("glxrun: saved "), "{}", ended.stderr);
    let video = Video::read(&directory.path().join("run.mp4"))?;
    ensure!(video.size == (320, 240), "{video:?}");
    let changes = video.changes(&colours)?;
    for (index, pair) in shown.windows(2).enumerate() {
        let expected = (pair[1] - pair[0]).as_secs_f64();
        let recorded = changes[index + 1] - changes[index];
        // A wide limit: the machine may be busy between the swap and our clock.
        ensure!((expected - recorded).abs() < 0.2, "{expected} against {recorded} in {video:x?}");
    }
    ensure!(video.seconds >= 1.5, "the last colour lasts too: {video:x?}");
    Ok(())
}

#[test]
fn a_program_that_is_killed_leaves_a_whole_video() -> Result<()> {
    for signal in [Signal::KILL, Signal::TERM] {
        let mut run = Run::start(&[])?;
        run.say("open 101 77")?;
        for colour in [0xff0000, 0x0000ff] {
            run.show(colour, 300)?;
        }
        let app = rustix::process::Pid::from_raw(app_of(run.program.pid())?).context("a process")?;
        rustix::process::kill_process(app, signal)?;
        let Run { program, directory, .. } = run;
        let ended = program.wait()?;
        ensure!(ended.status.code() == Some(128 + signal.as_raw()), "{ended:?}");
        let video = Video::read(&directory.path().join("run.mp4"))?;
        ensure!(video.size == (102, 78), "whole pairs of pixels: {video:?}");
        video.changes(&[0xff0000, 0x0000ff])?;
    }
    Ok(())
}

/// The program that glxrun runs: its child of that name.
fn app_of(glxrun: rustix::process::Pid) -> Result<i32> {
    let file = format!("/proc/{0}/task/{0}/children", glxrun.as_raw_pid());
    for child in std::fs::read_to_string(file)?.split_whitespace() {
        if std::fs::read_to_string(format!("/proc/{child}/comm"))?.trim() == "colours" {
            return Ok(child.parse()?);
        }
    }
    glxrun_tests::bail!("glxrun has no program")
}

#[test]
fn another_size_begins_another_file_once_it_lasts() -> Result<()> {
    let mut run = Run::start(&[])?;
    run.say("open 320 240")?;
    run.show(0xff0000, 700)?;
    run.say("resize 400 300")?;
    run.show(0x00c000, 50)?;
    run.say("resize 200 100")?;
    run.show(0x0000ff, 700)?;
    let first = run.directory.path().join("run.mp4");
    ensure!(!run.directory.path().join("run-3.mp4").exists());
    let Run { program, directory, .. } = run;
    let ended = program.finish()?.success()?;
    ensure!(ended.stderr.matches("glxrun: saved ").count() == 2, "{}", ended.stderr);
    let first = Video::read(&first)?;
    ensure!(first.size == (320, 240), "{first:?}");
    first.changes(&[0xff0000])?;
    let second = Video::read(&directory.path().join("run-2.mp4"))?;
    ensure!(second.size == (200, 100), "{second:?}");
    second.changes(&[0x0000ff])?;
    Ok(())
}

#[test]
fn the_biggest_window_is_recorded() -> Result<()> {
    let mut run = Run::start(&[])?;
    // As of a program with a splash screen, and then a tool window.
    run.say("open 64 64")?;
    run.show(0xffff00, 100)?;
    run.say("open 320 240")?;
    run.show(0xff0000, 700)?;
    run.say("open 100 100")?;
    run.show(0x00c000, 300)?;
    run.say("close")?;
    run.show(0x0000ff, 300)?;
    let Run { program, directory, .. } = run;
    let ended = program.finish()?.success()?;
    let video = Video::read(&directory.path().join("run.mp4"))?;
    ensure!(video.size == (320, 240), "{video:?}\n{}", ended.stderr);
    video.changes(&[0xff0000, 0x0000ff])?;
    ensure!(!directory.path().join("run-2.mp4").exists(), "{}", ended.stderr);
    Ok(())
}

#[test]
fn what_cannot_be_recorded_is_told() -> Result<()> {
    let stage = Stage::start()?;
    let directory = tempfile::tempdir()?;
    for (options, part) in [
        (&["--record", "x.avi"][..], "must be FILE.mp4"),
        (&["--record", "/nowhere/x.mp4"], "/nowhere is no directory"),
        (&["--mode", "direct", "--record", "x.mp4"], "--mode direct"),
    ] {
        let mut command = stage.glxrun()?;
        command.current_dir(&directory).args(options).args(["--", "true"]);
        let ended = Program::run(command)?;
        ensure!(ended.status.code() == Some(125) && ended.stderr.contains(part), "{ended:?}");
    }
    let mut command = stage.glxrun()?;
    command.current_dir(&directory).args(["--record", "x.mp4", "--", "true"]);
    let ended = Program::run(command)?;
    ensure!(ended.status.code() == Some(0) && ended.stderr.contains("no frame was shown"), "{ended:?}");
    ensure!(!directory.path().join("x.mp4").exists());
    Ok(())
}
