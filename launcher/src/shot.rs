//! Pictures of the 2D side: `--shot` while a program runs, `glxrun shot` at any time.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use glxrun_contract::counters::CounterFile;
use glxrun_contract::settings::{Moment, Settings};

use crate::display::{self, Server};
use crate::failure::Failure;
use crate::picture::Picture;
use crate::task::{Ended, Watcher};
use crate::{cli, say, session};

/// How often the counters are looked at.
const TICK: Duration = Duration::from_millis(5);

/// Waits for the moment and takes the picture.
pub struct Shot(Watcher);

/// Refuses a file that could not be written later.
pub fn check(file: &Path) -> Result<()> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    ensure!(dir.is_dir(), "cannot write the picture {}: {} is no directory", file.display(), dir.display());
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
    if let Err(error) = save(server, &file) {
        say!("no picture {}: {error:#}", file.display());
    }
}

/// Saves what the server shows now.
fn save(server: Server, file: &Path) -> Result<()> {
    let picture = std::thread::spawn(move || -> Result<Picture> {
        let connection = server.connect()?;
        Picture::of_root(&connection, server.screen()?)
    });
    let deadline = Instant::now() + display::LIMIT;
    while !picture.is_finished() && Instant::now() < deadline {
        std::thread::sleep(TICK);
    }
    let picture = if picture.is_finished() { picture.join().ok() } else { None };
    let picture = picture.context("the X server does not answer")??;
    picture.save(file).with_context(|| format!("cannot write {}", file.display()))?;
    say!("saved {} ({}x{})", file.display(), picture.width, picture.height);
    Ok(())
}

/// Save a picture of what a running session shows.
#[derive(Parser)]
#[command(name = "glxrun shot", override_usage = "glxrun shot [options] FILE.png")]
pub struct Words {
    /// The PNG file to write
    #[arg(value_name = "FILE.png")]
    file: PathBuf,
    /// The session [default: the one called "default"]
    #[arg(long, value_name = "NAME", conflicts_with = "display")]
    session: Option<String>,
    /// The X display, instead of a session's; without a session, DISPLAY counts
    #[arg(long, value_name = "NAME")]
    display: Option<String>,
}

/// `glxrun shot`.
pub fn command(words: Vec<OsString>) -> std::result::Result<u8, Failure> {
    let words = match cli::command_line::<Words>(words)? {
        Ok(words) => words,
        Err(help) => return Ok(cli::print(&help)),
    };
    check(&words.file)?;
    let server = match (words.display, words.session) {
        (Some(name), _) => Server { name, cookie: None },
        (None, Some(name)) => session::named(&name)?.two,
        (None, None) => match session::look_up(session::DEFAULT)? {
            Some(session) => session.two,
            None => Server {
                name: display::display_variable()?.context(
                    "no session is running, and DISPLAY is unset. Name the display with --display, or start a \
                     session with glxrun session",
                )?,
                cookie: None,
            },
        },
    };
    let name = server.name.clone();
    save(server, &words.file).with_context(|| format!("no picture of display {name}"))?;
    Ok(0)
}
