//! `--record`: a video of the biggest window, made of the frames that the library posts.
//!
//! A thread takes frames from the tap (`glxrun_contract::tap`) at most as often as the screen is refreshed, and hands them
//! to ffmpeg, each with the time at which it was posted. The video's rate therefore varies: a constant one would have to repeat
//! frames that ffmpeg has no time for, and call them later than they were. Nobody waits for ffmpeg but this thread;
//! meanwhile frames overtake each other in the tap.

mod matroska;
mod sources;
mod video;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use glxrun_contract::counters::now;
use glxrun_contract::settings::{Mode, Settings};
use glxrun_contract::tap::Frame;
use rustix::event::Timespec;
use rustix::process::{Pid, Signal, kill_process};

use crate::scratch::Scratch;
use crate::task::{Ended, Watcher};
use crate::{program, say, shot};
use sources::Sources;
use video::{Encoder, Video};

/// How long another size must last before another file is begun, in nanoseconds.
const SETTLES: u64 = 300_000_000;
/// What was shorter than this before another size, in nanoseconds, is not kept.
const BRIEF: u64 = 500_000_000;
/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(10);
/// How long the end may take altogether.
const END: Duration = Duration::from_secs(90);

/// A recording in progress.
pub struct Recording {
    watcher: Watcher,
    ffmpeg: Arc<AtomicI32>,
}

/// Refuses what could not be recorded later.
pub fn check(settings: &Settings) -> Result<()> {
    let Some(file) = &settings.record else { return Ok(()) };
    ensure!(
        program::is_installed("ffmpeg"),
        "--record needs ffmpeg, which is not installed. Install it (apt-get install ffmpeg)"
    );
    ensure!(
        settings.mode == Mode::Split,
        "--record takes frames on their way from side to side; with --mode direct there are none"
    );
    shot::check(file).context("--record")
}

impl Recording {
    /// Starts if the settings ask for it; gives the socket for the library.
    pub fn start(settings: &Settings, scratch: &Scratch) -> Result<Option<(Recording, PathBuf)>> {
        let Some(file) = settings.record.clone() else { return Ok(None) };
        let file = std::path::absolute(file).context("cannot tell the current directory")?;
        let socket = scratch.file("tap");
        let interval = (1e9 / settings.refresh_rate) as u64;
        let sources = Sources::new(&socket, interval).context("cannot listen for frames")?;
        let ffmpeg = Arc::new(AtomicI32::new(0));
        let log = scratch.file("ffmpeg.log");
        let encoder = Encoder::start(&file, &log)?;
        ffmpeg.store(encoder.process().as_raw_pid(), Ordering::Relaxed);
        let recorder = Recorder {
            sources,
            interval,
            encoder: Some(encoder),
            file,
            log,
            part: 0,
            video: None,
            other: None,
            ffmpeg: ffmpeg.clone(),
            window: 0,
        };
        let watcher =
            Watcher::start(move |ended| recorder.record(&ended)).context("cannot start a thread")?;
        Ok(Some((Recording { watcher, ffmpeg }, socket)))
    }

    /// Tells it that the program has ended. The file is finished when this returns.
    pub fn finish(self) {
        let deadline = Instant::now() + END;
        let late = move |ffmpeg: &AtomicI32| {
            if let Some(pid) = Pid::from_raw(ffmpeg.load(Ordering::Relaxed)) {
                let _ = kill_process(pid, Signal::KILL);
            }
        };
        let ffmpeg = self.ffmpeg;
        self.watcher.finish_by(deadline, move || late(&ffmpeg));
    }
}

struct Recorder {
    sources: Sources,
    interval: u64,
    file: PathBuf,
    log: PathBuf,
    /// Files begun so far.
    part: u32,
    /// For the next file, where it is known before its first frame.
    encoder: Option<Encoder>,
    video: Option<Video>,
    /// Since when frames have had another size than the video's.
    other: Option<u64>,
    ffmpeg: Arc<AtomicI32>,
    /// The window that is recorded.
    window: u32,
}

impl Recorder {
    fn record(mut self, ended: &Ended) {
        let mut frame = Frame::default();
        let mut told = Instant::now();
        let pause = Timespec { tv_sec: 0, tv_nsec: (self.interval / 4).clamp(500_000, 20_000_000) as i64 };
        loop {
            // Frames may have come with the end, so look once more.
            let over = ended.within(Duration::ZERO);
            self.sources.wait(if over { Timespec::default() } else { pause });
            if let Err(error) = self.take(&mut frame, over) {
                say!("recording ends: {error:#}");
                self.ffmpeg.store(0, Ordering::Relaxed);
                return;
            }
            if over {
                break;
            }
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                self.tell_progress();
            }
        }
        match self.video.take() {
            Some(video) => end(video, now()),
            None => say!("nothing is recorded in {}: no frame was shown", self.file.display()),
        }
        self.ffmpeg.store(0, Ordering::Relaxed);
    }

    /// Takes the chosen window's newest frame, if there is one.
    fn take(&mut self, frame: &mut Frame, over: bool) -> Result<()> {
        let Some(source) = self.sources.choose() else { return Ok(()) };
        if source.window != self.window {
            // Another window's frame with the same time is another frame.
            frame.time = 0;
        }
        let fresh = source.read(frame);
        if fresh {
            self.window = source.window;
        }
        let Some(video) = &mut self.video else {
            return if fresh { self.begin(frame) } else { Ok(()) };
        };
        if fresh && frame.time < video.latest() {
            // What a smaller window showed before the biggest one was closed, perhaps by the program's end.
            self.other = None;
        } else if fresh && (frame.shape.width, frame.shape.height) == video.size {
            self.other = None;
            video.add(frame);
        } else if fresh {
            self.other.get_or_insert_with(now);
        }
        let Some(since) = self.other.filter(|since| now() >= since + SETTLES && !over) else {
            return Ok(());
        };
        self.other = None;
        if let Some(video) = self.video.take() {
            if since.saturating_sub(video.begin) < BRIEF {
                // The same file again: that was how the window came up.
                self.part -= 1;
            } else {
                end(video, since);
            }
        }
        self.begin(frame)
    }

    fn begin(&mut self, frame: &Frame) -> Result<()> {
        self.part += 1;
        let file = numbered(&self.file, self.part);
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => Encoder::start(&file, &self.log)?,
        };
        self.ffmpeg.store(encoder.process().as_raw_pid(), Ordering::Relaxed);
        let video = Video::begin(encoder, frame);
        let (width, height) = video.size;
        say!("recording window {:#x} ({width}x{height}) in {}", self.window, file.display());
        self.video = Some(video);
        Ok(())
    }

    fn tell_progress(&self) {
        let Some(video) = &self.video else { return };
        let size = video.file().metadata().map_or(0, |meta| meta.len());
        say!(
            "recording {}: {:.0} s, {} frames, {:.1} MiB",
            video.file().display(),
            video.seconds(now()),
            video.frames,
            size as f64 / f64::from(1 << 20)
        );
    }
}

fn end(video: Video, time: u64) {
    let ((width, height), seconds, name) = (video.size, video.seconds(time), video.file().to_owned());
    let frames = video.frames;
    match video.end(time) {
        Ok(()) => say!("saved {} ({width}x{height}, {seconds:.1} s, {frames} frames)", name.display()),
        Err(error) => say!("no video {}: {error:#}", name.display()),
    }
}

/// The file itself, then FILE-2.mp4 and so on.
fn numbered(file: &Path, part: u32) -> PathBuf {
    if part <= 1 {
        return file.to_owned();
    }
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{part}."));
    name.push(file.extension().unwrap_or_default());
    file.with_file_name(name)
}
