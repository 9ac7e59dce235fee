//! One run of one arm: the program is started, watched for its time, and ended.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use glxrun_contract::counters;
use glxrun_contract::records::{Frame, Moment, Reader};
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;

use super::usage::{self, GpuUse, Gpus, Sample};
use crate::failure::Failure;
use crate::launch::Launch;
use crate::signals::{Signals, Wake};
use crate::supervise;

/// How often the program is looked at.
const TICK: Duration = Duration::from_millis(20);
/// How often memory and the GPU are.
const SAMPLE: Duration = Duration::from_millis(250);
/// How long a program may take to end when it is asked to.
const END: Duration = Duration::from_secs(3);
/// Records that are kept between two looks: at 20 ms, 800,000 frames a second.
pub const RECORDS: usize = 16384;

/// For how long to watch.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// After the first frame, what is not measured.
    pub warmup: Duration,
    /// After that, what is; None: up to the program's end.
    pub measure: Option<Duration>,
    /// Instead of the time: up to this frame of a window.
    pub until_frame: Option<u64>,
    /// How long the first frame, or with `until_frame` a next one, may take.
    pub patience: Duration,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Everything was seen, and the program was told to end.
    Complete,
    /// The program ended by itself, with this exit status.
    Exited(u8),
    /// No frame came for as long as one may take.
    Silent,
}

/// What was seen.
pub struct Trial {
    /// How it ended.
    pub end: End,
    /// All frames, in the order in which they began.
    pub frames: Vec<Frame>,
    /// Frames whose records were lost.
    pub lost: u64,
    /// When the program was started.
    pub started: u64,
    /// The part that is measured: from, to.
    pub measured: (u64, u64),
    /// What was used, at the beginning and the end of that part; with the most memory seen.
    pub usage: Option<(Sample, Sample)>,
    /// The GPU's use meanwhile.
    pub gpu: Vec<GpuUse>,
    /// The last lines that the program wrote.
    pub words: Vec<String>,
    /// What was seen of input's latency, in ms, or why nothing was; None if it was not asked for.
    pub latencies: Option<Result<Vec<f64>, String>>,
}

impl Trial {
    /// How many frames each window rendered, the most first: process, window, frames.
    pub fn windows(&self) -> Vec<(u64, u64, u64)> {
        windows(&self.frames)
    }

    /// The frames of the window that had most.
    pub fn main_window(&self) -> Vec<Frame> {
        let Some((pid, window, _)) = self.windows().first().copied() else { return Vec::new() };
        self.frames.iter().filter(|frame| (frame.pid, frame.window) == (pid, window)).copied().collect()
    }
}

/// How many of the frames each window had, the most first: process, window, frames.
fn windows(frames: &[Frame]) -> Vec<(u64, u64, u64)> {
    let mut counts = BTreeMap::new();
    for frame in frames {
        *counts.entry((frame.pid, frame.window)).or_insert(0) += 1;
    }
    let mut windows: Vec<_> =
        counts.into_iter().map(|((pid, window), frames)| (pid, window, frames)).collect();
    windows.sort_by_key(|(.., frames)| std::cmp::Reverse(*frames));
    windows
}

/// Watches a program that was just started, then ends it. `then` is done with it, and the window with most frames, at the end of the measured time, while it
/// still runs.
pub fn watch(
    launch: &mut Launch,
    output: &mut File,
    span: &Span,
    gpus: &Gpus,
    signals: &mut Signals,
    then: impl FnOnce(&Launch, u32) -> Option<Result<Vec<f64>, String>>,
) -> Result<Trial, Failure> {
    let mut watch = Watch::new(launch);
    let end = watch.course(launch, span, gpus, signals)?;
    let mut latencies = None;
    if end == End::Complete
        && let Some((_, window, _)) = windows(&watch.frames).first()
    {
        latencies = then(launch, *window as u32);
    }
    if !matches!(end, End::Exited(_)) {
        end_program(launch, signals)?;
    }
    watch.frames.extend(watch.reader.read(true));
    let first = watch.frames.first().map_or(0, |frame| frame.times[0]);
    let last = watch.frames.iter().flat_map(|frame| frame.times).max().unwrap_or(first);
    let from = watch.from.unwrap_or_else(|| first.saturating_add(span.warmup.as_nanos() as u64));
    let usage = watch.begin.zip(watch.latest).map(|(begin, latest)| {
        let with_most = |sample: Sample, (app, servers): (u64, u64)| Sample {
            app: usage::Use { memory: app, ..sample.app },
            servers: usage::Use { memory: servers, ..sample.servers },
            ..sample
        };
        (begin, with_most(latest, watch.most))
    });
    Ok(Trial {
        end,
        lost: watch.reader.lost,
        frames: watch.frames,
        started: launch.records.started(),
        measured: (from, watch.to.unwrap_or(last)),
        usage,
        gpu: watch.gpu,
        words: last_lines(output).unwrap_or_default(),
        latencies,
    })
}

/// What has been seen so far.
struct Watch {
    reader: Reader,
    frames: Vec<Frame>,
    servers: Vec<i32>,
    /// When the first frame was shown, and what counts.
    first: Option<u64>,
    from: Option<u64>,
    to: Option<u64>,
    begin: Option<Sample>,
    latest: Option<Sample>,
    /// The most memory of the program and of the servers.
    most: (u64, u64),
    gpu: Vec<GpuUse>,
    sampled: Instant,
}

impl Watch {
    fn new(launch: &Launch) -> Watch {
        Watch {
            reader: Reader::new(launch.records.clone()),
            frames: Vec::new(),
            servers: launch.sides.server_pids(),
            first: None,
            from: None,
            to: None,
            begin: None,
            latest: None,
            most: (0, 0),
            gpu: Vec::new(),
            sampled: Instant::now(),
        }
    }

    fn course(
        &mut self,
        launch: &mut Launch,
        span: &Span,
        gpus: &Gpus,
        signals: &mut Signals,
    ) -> Result<End, Failure> {
        let began = Instant::now();
        let mut news = began;
        loop {
            let status = turn(launch, signals)?;
            let fresh = self.reader.read(false);
            if !fresh.is_empty() {
                news = Instant::now();
            }
            self.frames.extend(fresh);
            if let Some(status) = status {
                return Ok(End::Exited(status));
            }
            let now = counters::now();
            self.first = self.first.or_else(|| self.first_shown());
            if self.from.is_none()
                && let Some(first) = self.first
                && now >= first.saturating_add(span.warmup.as_nanos() as u64)
            {
                let sample = self.sample(launch);
                self.begin = Some(sample);
                self.from = Some(sample.time);
            }
            if let Some(from) = self.from {
                if self.sampled.elapsed() >= SAMPLE {
                    self.sample(launch);
                    self.gpu.extend(gpus.busiest());
                }
                let time_is_up =
                    span.measure.is_some_and(|time| now >= from.saturating_add(time.as_nanos() as u64));
                if span.until_frame.is_none() && time_is_up {
                    self.to = Some(self.sample(launch).time);
                    return Ok(End::Complete);
                }
            }
            if let Some(frame) = span.until_frame
                && self.frames.iter().rev().take(64).any(|seen| seen.number >= frame)
            {
                self.sample(launch);
                return Ok(End::Complete);
            }
            // Frames may come and never be shown.
            let in_vain = self.first.is_none() && began.elapsed() >= span.patience;
            let waits = span.until_frame.is_some() || span.measure.is_none();
            if in_vain || (waits && news.elapsed() >= span.patience) {
                return Ok(if self.first.is_none() || span.until_frame.is_some() {
                    End::Silent
                } else {
                    End::Complete
                });
            }
        }
    }

    /// When the first frame was shown.
    fn first_shown(&self) -> Option<u64> {
        self.frames.iter().find_map(|frame| frame.at(Moment::Done))
    }

    fn sample(&mut self, launch: &Launch) -> Sample {
        let others: HashSet<i32> = self.frames.iter().map(|frame| frame.pid as i32).collect();
        let sample = Sample::take(launch.app.as_raw_pid(), &others, &self.servers);
        self.most = (self.most.0.max(sample.app.memory), self.most.1.max(sample.servers.memory));
        self.latest = Some(sample);
        self.sampled = Instant::now();
        sample
    }
}

/// Waits for a tick; the program's exit status if it has ended. A signal to end ends the program, and the comparison.
pub fn turn(launch: &mut Launch, signals: &mut Signals) -> Result<Option<u8>, Failure> {
    let wake = signals.wait(None, Some(Instant::now() + TICK)).context("cannot wait for the program")?;
    let status = supervise::reap(Some(launch.app), &mut launch.sides);
    if let Wake::Signals(received) = wake
        && let Some(ending) = signals.first_ending(&received)
    {
        if status.is_none() {
            end_program(launch, signals)?;
        }
        return Err(Failure::Stopped(ending));
    }
    Ok(status)
}

/// Ends the program if it still runs.
pub fn finish(launch: &mut Launch, signals: &mut Signals) -> Result<(), Failure> {
    if supervise::reap(Some(launch.app), &mut launch.sides).is_none()
        && std::fs::exists(format!("/proc/{}", launch.app)).unwrap_or(false)
    {
        end_program(launch, signals)?;
    }
    Ok(())
}

/// Ends the program and everything below it, first kindly.
fn end_program(launch: &mut Launch, signals: &mut Signals) -> Result<(), Failure> {
    let family = usage::family(launch.app.as_raw_pid());
    let tell = |signal| {
        for pid in family.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            let _ = kill_process(pid, signal);
        }
    };
    tell(Signal::TERM);
    // A stopped one would not hear it.
    tell(Signal::CONT);
    let deadline = Instant::now() + END;
    while supervise::reap(Some(launch.app), &mut launch.sides).is_none() {
        if Instant::now() >= deadline {
            tell(Signal::KILL);
        }
        signals.wait(None, Some(Instant::now() + TICK)).context("cannot wait for the program")?;
    }
    // What it left behind would go on drawing while the next arm is measured. Its parent is gone, so it is looked for again by
    // number; numbers are not reused that soon.
    let rest = &family[1..];
    rest.iter().filter_map(|pid| Pid::from_raw(*pid)).for_each(|pid| _ = kill_process(pid, Signal::KILL));
    while rest.iter().any(|pid| usage::runs(*pid)) && Instant::now() < deadline + END {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// The end of what the program wrote, to be told when it failed.
fn last_lines(output: &mut File) -> std::io::Result<Vec<String>> {
    const LINES: usize = 6;
    const BYTES: u64 = 4096;
    let length = output.metadata()?.len();
    output.seek(std::io::SeekFrom::Start(length.saturating_sub(BYTES)))?;
    let mut bytes = Vec::new();
    output.take(BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines: Vec<String> = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    Ok(lines[lines.len().saturating_sub(LINES)..].to_vec())
}
