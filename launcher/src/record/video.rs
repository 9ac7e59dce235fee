//! One video file, made by ffmpeg from frames of one size.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use glxrun_contract::tap::{Frame, Shape};
use rustix::process::{Pid, Signal, WaitStatus, kill_process};

use super::matroska::{self, UNIT};
use crate::child::{last_words, wait_for_status};

/// How long ffmpeg may take for what it has been given, once that is all.
const END: Duration = Duration::from_secs(60);

/// An ffmpeg that waits for frames. It takes a while to come up, and frames that come meanwhile are lost.
pub struct Encoder {
    file: PathBuf,
    log: PathBuf,
    process: Pid,
    pipe: Option<ChildStdin>,
}

impl Encoder {
    /// Starts ffmpeg, which is to write `file`. What it says goes to `log`.
    pub fn start(file: &Path, log: &Path) -> Result<Encoder> {
        let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new("ffmpeg");
        command.args([
            "-nostdin",
            "-hide_banner",
            "-loglevel",
            "error",
            "-y",
            "-f",
            "matroska",
            "-i",
            "pipe:0",
        ]);
        // The format has whole pairs of pixels only. Players take these colours to be BT.709, so they are.
        let filter = "scale=out_color_matrix=bt709:out_range=tv,pad=ceil(iw/2)*2:ceil(ih/2)*2,format=yuv420p";
        command.args(["-vf", filter, "-colorspace", "bt709", "-color_primaries", "bt709"]);
        command.args(["-color_trc", "bt709", "-color_range", "tv"]);
        // The least that the encoder can do: the program needs the processor too.
        command.args(["-c:v", "libx264", "-preset", "ultrafast", "-crf", "18"]);
        // Times as they are, not those of a constant rate. (-fps_mode is what -vsync is called since ffmpeg 5.1.)
        command.args([
            "-vsync",
            "vfr",
            "-enc_time_base",
            "1:1000",
            "-video_track_timescale",
            "90000",
            "-f",
            "mp4",
        ]);
        command.arg(file).stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output);
        command.env_remove("LD_PRELOAD");
        // What a terminal sends to our group, or an end of ours, does not end it: it finishes the file at the pipe's end.
        // SAFETY: between fork and exec, only a system call is made.
        unsafe { command.pre_exec(|| Ok(rustix::process::setsid().map(|_| ())?)) };
        let mut child = command.spawn().context("cannot start ffmpeg")?;
        let (process, pipe) = (Pid::from_child(&child), child.stdin.take());
        Ok(Encoder { file: file.to_owned(), log: log.to_owned(), process, pipe })
    }

    /// Its process, which can be ended if nothing else helps.
    pub fn process(&self) -> Pid {
        self.process
    }

    fn wait(&self) -> Result<WaitStatus> {
        let deadline = Instant::now() + END;
        loop {
            if let Some(status) = wait_for_status(self.process) {
                return Ok(status);
            }
            ensure!(Instant::now() < deadline, "ffmpeg does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        if self.pipe.take().is_some() {
            // It was not finished, or not even begun.
            let _ = kill_process(self.process, Signal::KILL);
            let _ = self.wait();
        }
    }
}

/// A file in the making.
pub struct Video {
    encoder: Encoder,
    /// Width and height of its frames in pixels.
    pub size: (u32, u32),
    /// When its first frame was posted, in CLOCK_MONOTONIC's nanoseconds.
    pub begin: u64,
    /// Frames that it has.
    pub frames: u64,
    /// The latest frame, as ffmpeg takes it, and its time.
    pixels: Vec<u8>,
    last: u64,
}

impl Video {
    /// Gives ffmpeg a first frame.
    pub fn begin(encoder: Encoder, first: &Frame) -> Video {
        let size = (first.shape.width, first.shape.height);
        let mut video = Video { encoder, size, begin: first.time, frames: 0, pixels: Vec::new(), last: 0 };
        if let Some(pipe) = &mut video.encoder.pipe {
            // If ffmpeg has ended, `end` tells what it said.
            let _ = matroska::write_head(pipe, size.0, size.1);
        }
        video.add(first);
        video
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.encoder.file
    }

    /// When its newest frame was posted, in CLOCK_MONOTONIC's nanoseconds.
    pub fn latest(&self) -> u64 {
        self.begin.saturating_add(self.last.saturating_mul(UNIT))
    }

    /// Seconds that it lasts up to a time of CLOCK_MONOTONIC in nanoseconds.
    pub fn seconds(&self, time: u64) -> f64 {
        time.saturating_sub(self.begin) as f64 / 1e9
    }

    /// Adds a frame of the same size. Waits while ffmpeg is busy.
    pub fn add(&mut self, frame: &Frame) {
        convert(&frame.shape, &frame.pixels, &mut self.pixels);
        self.write(frame.time);
    }

    fn write(&mut self, time: u64) {
        let time = time.saturating_sub(self.begin) / UNIT;
        // No two frames at once.
        let time = if self.frames == 0 { time } else { time.max(self.last + 1) };
        if let Some(pipe) = &mut self.encoder.pipe
            && matroska::write_frame(pipe, time, &self.pixels).is_ok()
        {
            (self.last, self.frames) = (time, self.frames + 1);
        }
    }

    /// Finishes the file: its last frame lasts until `time`, of CLOCK_MONOTONIC in nanoseconds.
    pub fn end(mut self, time: u64) -> Result<()> {
        if time.saturating_sub(self.begin) / UNIT > self.last {
            self.write(time);
        }
        drop(self.encoder.pipe.take());
        let status = self.encoder.wait()?;
        ensure!(status.exit_status() == Some(0), "ffmpeg has failed{}", last_words(&self.encoder.log));
        Ok(())
    }
}

/// Puts the pixels of a frame into `to`, as rows without padding of blue, green, red and one byte that does not count.
fn convert(shape: &Shape, pixels: &[u8], to: &mut Vec<u8>) {
    to.clear();
    let bytes = (shape.bits_per_pixel / 8) as usize;
    let row = shape.width as usize * bytes;
    for line in pixels.chunks_exact(shape.stride as usize) {
        let line = &line[..row];
        if bytes == 4 && shape.masks == [0xff_0000, 0xff00, 0xff] {
            to.extend_from_slice(line);
            continue;
        }
        for pixel in line.chunks_exact(bytes) {
            let mut value = [0; 4];
            value[..bytes.min(4)].copy_from_slice(&pixel[..bytes.min(4)]);
            let value = u32::from_le_bytes(value);
            let [red, green, blue] = shape.masks.map(|mask| crate::picture::channel(value, mask));
            to.extend([blue, green, red, 255]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_of_all_depths_become_bytes() {
        let converted = |bits_per_pixel, masks, stride, pixels: &[u8]| {
            let shape = Shape { width: 1, height: 2, stride, bits_per_pixel, masks };
            let mut to = vec![9; 3];
            convert(&shape, pixels, &mut to);
            to
        };
        let bgrx =
            converted(32, [0xff0000, 0xff00, 0xff], 8, &[1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8, 0, 0, 0, 0]);
        assert_eq!(bgrx, [1, 2, 3, 4, 5, 6, 7, 8]);
        let rgbx = converted(32, [0xff, 0xff00, 0xff0000], 4, &[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(rgbx, [3, 2, 1, 255, 7, 6, 5, 255]);
        let rgb565 = converted(16, [0xf800, 0x7e0, 0x1f], 4, &[0x00, 0xf8, 0, 0, 0x1f, 0x00, 0, 0]);
        assert_eq!(rgb565, [0, 0, 255, 255, 255, 0, 0, 255]);
    }
}
