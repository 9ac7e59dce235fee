//! X servers of our own: started with a cookie, ended with the run, and started again under the same number where that is
//! wanted.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use rustix::io::Errno;
use rustix::process::{Pid, WaitStatus};

use crate::child::{Backoff, Child, END};
use crate::display::Server;
use crate::failure::Failure;
use crate::scratch::Scratch;
use crate::signals::Signals;
use crate::xauth::Cookie;
use crate::{say, xauth};

/// How long a server may take to come up.
const START: Duration = Duration::from_secs(15);
/// Display numbers to choose from: above those that people and display managers use.
const NUMBERS: std::ops::Range<u32> = 100..1000;
/// Numbers tried when other servers take them at the same moment.
const ATTEMPTS: u32 = 20;
const SOCKETS: &str = "/tmp/.X11-unix";

/// What a server is for, and how it is started.
#[derive(Clone)]
pub struct Purpose {
    /// In messages: "2D side" or "3D side".
    pub side: &'static str,
    /// A file name stem for its files.
    pub stem: &'static str,
    /// The program: Xvfb or Xvnc.
    pub program: &'static str,
    /// Its options, beside those that all servers get: a screen at least.
    pub options: Vec<OsString>,
    /// Whether it has the GLX extension.
    pub glx: bool,
}

impl Purpose {
    /// An Xvfb, with a screen as `-screen` takes it.
    pub fn xvfb(side: &'static str, stem: &'static str, screen: &str, glx: bool) -> Purpose {
        let options = ["-screen", "0", screen].map(OsString::from).to_vec();
        Purpose { side, stem, program: "Xvfb", options, glx }
    }
}

/// A running server; ended, and cleaned up after, on drop.
pub struct XServer {
    purpose: Purpose,
    server: Server,
    number: u32,
    auth: PathBuf,
    log: PathBuf,
    process: Child,
    socket: Option<u64>,
    backoff: Backoff,
}

impl XServer {
    /// Starts a server on a free display number and waits until it accepts connections.
    pub fn start(purpose: &Purpose, scratch: &Scratch, signals: &mut Signals) -> Result<XServer, Failure> {
        let span = NUMBERS.end - NUMBERS.start;
        let free = (0..span)
            .map(|step| NUMBERS.start + (std::process::id() + step) % span)
            .filter(|number| !socket(*number).exists() && !lock(*number).exists());
        let auth = scratch.file(&format!("{}.Xauthority", purpose.stem));
        let log = scratch.file(&format!("{}.log", purpose.stem));
        for number in free.take(ATTEMPTS as usize) {
            let cookie = Cookie::new()?;
            xauth::write(&auth, &cookie.entry(number))?;
            if let Some(process) = run(number, purpose, &auth, &log, signals)? {
                let server = Server { name: format!(":{number}"), cookie: Some(cookie) };
                let (purpose, backoff) = (purpose.clone(), Backoff::new());
                let socket = inode(&socket(number));
                return Ok(XServer { purpose, server, number, auth, log, process, socket, backoff });
            }
        }
        Err(anyhow!(
            "no free display number for the {}'s {}; is {SOCKETS} full of dead sockets?",
            purpose.side,
            purpose.program
        )
        .into())
    }

    /// How to connect to it.
    pub fn server(&self) -> &Server {
        &self.server
    }

    fn what(&self) -> String {
        what(&self.purpose, self.number)
    }

    /// The entry for it in an authority file.
    pub fn entry(&self) -> Vec<u8> {
        self.server.cookie.iter().flat_map(|cookie| cookie.entry(self.number)).collect()
    }

    /// Its process id.
    pub fn process(&self) -> Pid {
        self.process.pid()
    }

    /// Whether it runs, as far as is known.
    pub fn is_running(&self) -> bool {
        !self.process.has_ended()
    }

    /// Takes note that the process has ended, if it is this one's; gives a sentence about it.
    pub fn note_end(&mut self, pid: Pid, status: WaitStatus) -> Option<String> {
        let news = self.process.note_end(pid, status);
        if news.is_some() {
            self.backoff.failed();
        }
        news
    }

    /// Whether the process has ended, or is about to: at once after a program that its end took along, that may
    /// not have been reported yet. Gives a sentence about it.
    pub fn find_end(&mut self) -> Option<String> {
        if self.process.has_ended() || listens(&socket(self.number)) {
            return None;
        }
        self.process.wait_until(Instant::now() + END)
    }

    /// When it is to be started again, if it has ended.
    fn due(&self) -> Option<Instant> {
        self.backoff.due()
    }

    /// Starts it again if it has ended and that is due. Gives the time when it will be.
    pub fn repair(&mut self, signals: &mut Signals) -> Result<Option<Instant>, Failure> {
        if self.due().is_some_and(|due| due <= Instant::now()) {
            match self.restart(signals) {
                Ok(()) => say!("{} has been started again", self.what()),
                Err(Failure::Interrupted(signal)) => return Err(Failure::Interrupted(signal)),
                Err(failure) => say!("{failure}"),
            }
        }
        Ok(self.due())
    }

    /// Starts it again, after its end, under the same number and with the same cookie.
    fn restart(&mut self, signals: &mut Signals) -> Result<(), Failure> {
        self.clean();
        self.backoff.starts();
        match run(self.number, &self.purpose, &self.auth, &self.log, signals) {
            Ok(Some(process)) => {
                self.process = process;
                self.socket = inode(&socket(self.number));
                Ok(())
            }
            Ok(None) => {
                self.backoff.failed();
                Err(anyhow!("another X server has taken display {}", self.server.name).into())
            }
            Err(failure) => {
                self.backoff.failed();
                Err(failure)
            }
        }
    }

    /// The last line that it wrote, as the end of a sentence.
    pub fn last_words(&self) -> String {
        self.process.last_words()
    }

    /// Removes what a server that was killed could not, unless it is another's by now.
    fn clean(&self) {
        let socket = socket(self.number);
        if self.socket.is_some() && inode(&socket) == self.socket {
            let _ = std::fs::remove_file(socket);
        }
        // With -displayfd servers write no lock, but not all versions may agree.
        let lock = lock(self.number);
        let holder = std::fs::read_to_string(&lock).ok().and_then(|pid| pid.trim().parse().ok());
        if holder == Some(self.process.pid().as_raw_pid()) {
            let _ = std::fs::remove_file(lock);
        }
    }
}

impl Drop for XServer {
    fn drop(&mut self) {
        self.process.end();
        self.clean();
    }
}

fn what(purpose: &Purpose, number: u32) -> String {
    format!("the {}'s {} (:{number})", purpose.side, purpose.program)
}

/// Runs a server and waits until it is up. None if another one has taken the number meanwhile.
fn run(
    number: u32,
    purpose: &Purpose,
    auth: &Path,
    log: &Path,
    signals: &mut Signals,
) -> Result<Option<Child>, Failure> {
    let Purpose { side, program, .. } = purpose;
    let (pipe, write) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).context("cannot make a pipe")?;
    let mut process = match spawn(number, purpose, auth, log, write) {
        Ok(process) => process,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let why = if *side == "2D side" { "DISPLAY is unset" } else { "no display is named with -d" };
            return Err(anyhow!(
                "{program} is needed for the {side} ({why}), but it is not installed. \
                 Install it (apt-get install xvfb)"
            )
            .into());
        }
        Err(error) => {
            return Err(anyhow::Error::new(error).context(format!("cannot start {program}")).into());
        }
    };

    // The server writes its number and a newline; an end without it is the server's.
    if !signals.wait_for(pipe.as_fd(), START)? {
        return Err(anyhow!(
            "the {side}'s {program} did not come up in {} seconds{}",
            START.as_secs(),
            process.last_words()
        )
        .into());
    }
    let mut told = String::new();
    let _ = File::from(pipe).take(16).read_to_string(&mut told);
    if told.trim() == number.to_string() {
        return Ok(Some(process));
    }
    process.end();
    let words = process.last_words();
    if words.contains("already running") || words.contains("already active") {
        return Ok(None);
    }
    Err(anyhow!("the {side}'s {program} ended at its start{words}").into())
}

fn spawn(number: u32, purpose: &Purpose, auth: &Path, log: &Path, ready: OwnedFd) -> io::Result<Child> {
    let mut command = Command::new(purpose.program);
    command
        // A number of our choice: with -displayfd alone, a server takes over the socket of one that runs in another
        // container with the same /tmp/.X11-unix.
        .arg(format!(":{number}"))
        .args(["-displayfd", &ready.as_raw_fd().to_string()])
        .args(&purpose.options)
        .args(["-nolisten", "tcp", "-noreset", "+extension", "RANDR"])
        .args([if purpose.glx { "+extension" } else { "-extension" }, "GLX"])
        .arg("-auth")
        .arg(auth)
        .stdin(Stdio::null());
    Child::spawn(command, what(purpose, number), log.to_owned(), Some(ready))
}

fn inode(file: &Path) -> Option<u64> {
    file.symlink_metadata().ok().map(|meta| meta.ino())
}

fn socket(number: u32) -> PathBuf {
    Path::new(SOCKETS).join(format!("X{number}"))
}

/// Whether a server holds the socket. Never waits.
fn listens(socket: &Path) -> bool {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let connected = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .and_then(|stream| connect(&stream, &SocketAddrUnix::new(socket)?));
    !matches!(connected, Err(Errno::CONNREFUSED | Errno::NOENT))
}

fn lock(number: u32) -> PathBuf {
    PathBuf::from(format!("/tmp/.X{number}-lock"))
}
