//! `--shot`: a picture of the 2D side while the program runs.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use glxrun_contract::counters::CounterFile;
use glxrun_contract::settings::{self, Moment, Settings};

use crate::display::{self, Server};
use crate::picture::Picture;
use crate::say;
use crate::task::{Ended, Watcher};

/// How often the counters are looked at.
const TICK: Duration = Duration::from_millis(5);

/// Waits for the moment and takes the picture.
pub struct Shot(Watcher);

/// Refuses a file that could not be written later.
pub fn check(shot: &settings::Shot) -> Result<()> {
    let dir = shot.file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    ensure!(
        dir.is_dir(),
        "cannot write the picture {}: {} is no directory",
        shot.file.display(),
        dir.display()
    );
    Ok(())
}

impl Shot {
    /// Starts if the settings ask for it.
    pub fn start(settings: &Settings, counters: &CounterFile, server: &Server) -> Option<Shot> {
        let shot = settings.shot.clone()?;
        let (counters, server) = (counters.clone(), server.clone());
        Watcher::start(move |ended| match wait(shot.moment, &counters, &ended) {
            Ok(()) => take(server, shot.file),
            Err(why) => say!("no picture {}: the program ended {why}", shot.file.display()),
        })
        .map(Shot)
    }

    /// Tells it that the program has ended. A picture that is being taken is finished.
    pub fn finish(self) {
        self.0.finish();
    }
}

/// Waits for the moment; an error says what the program's end has come before.
fn wait(moment: Moment, counters: &CounterFile, ended: &Ended) -> Result<(), String> {
    let (frames, seconds) = match moment {
        Moment::Seconds(seconds) => (1, seconds),
        Moment::Frame(frame) => (frame, 0.0),
    };
    let delivered = || counters.entries().any(|entry| entry.delivered.load(Ordering::Acquire) >= frames);
    let mut over = false;
    while !delivered() {
        if over {
            return Err(format!("before frame {frames} was delivered"));
        }
        // Frames may have come with the end, so look once more.
        over = ended.within(TICK);
    }
    let due = Instant::now() + Duration::from_secs_f64(seconds);
    while !over {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        over = ended.within(left);
    }
    Err(match moment {
        Moment::Seconds(seconds) => format!("less than {seconds} s after its first frame"),
        Moment::Frame(frame) => {
            format!("as soon as frame {frame} was delivered; --pause-at-frame {frame} keeps it")
        }
    })
}

fn take(server: Server, file: PathBuf) {
    let path = file.clone();
    let picture = std::thread::spawn(move || -> Result<Picture> {
        let connection = server.connect()?;
        Picture::of_root(&connection, server.screen()?)
    });
    let deadline = Instant::now() + display::LIMIT;
    while !picture.is_finished() && Instant::now() < deadline {
        std::thread::sleep(TICK);
    }
    let picture = if picture.is_finished() { picture.join().ok() } else { None };
    let saved = picture.context("the 2D side does not answer").flatten().and_then(|picture| {
        picture.save(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(picture)
    });
    match saved {
        Ok(Picture { width, height, .. }) => say!("saved {} ({width}x{height})", file.display()),
        Err(error) => say!("no picture {}: {error:#}", file.display()),
    }
}
