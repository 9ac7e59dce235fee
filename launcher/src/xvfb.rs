//! Xvfb servers of our own: started with a cookie, ended with the run.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use rustix::io::{Errno, FdFlags};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};

use crate::display::Server;
use crate::failure::Failure;
use crate::scratch::Scratch;
use crate::signals::Signals;
use crate::xauth::{self, Cookie};

/// How long a server may take to come up.
const START: Duration = Duration::from_secs(15);
/// How long a server may take to end when asked to.
const END: Duration = Duration::from_secs(5);
/// Display numbers to choose from: above those that people and display managers use.
const NUMBERS: std::ops::Range<u32> = 100..1000;
/// Numbers tried when other servers take them at the same moment.
const ATTEMPTS: u32 = 20;
const SOCKETS: &str = "/tmp/.X11-unix";

/// What a server is for.
pub struct Purpose {
    /// In messages: "2D side" or "3D side".
    pub side: &'static str,
    /// A file name stem for its files.
    pub stem: &'static str,
    /// Size and depth of its screen, as `-screen` takes them.
    pub screen: String,
    /// Whether it has the GLX extension.
    pub glx: bool,
    /// The directory in which it keeps its screen as a file, for others to write to. It then has no Composite extension, by
    /// which windows could live elsewhere.
    pub framebuffer: Option<PathBuf>,
}

/// A running server; ended, and cleaned up after, on drop.
pub struct Xvfb {
    server: Server,
    number: u32,
    pid: Pid,
    side: &'static str,
    log: PathBuf,
    socket: Option<u64>,
    ended: bool,
}

impl Xvfb {
    /// Starts a server on a free display number and waits until it accepts connections.
    pub fn start(purpose: &Purpose, scratch: &Scratch, signals: &mut Signals) -> Result<Xvfb, Failure> {
        let span = NUMBERS.end - NUMBERS.start;
        let free = (0..span)
            .map(|step| NUMBERS.start + (std::process::id() + step) % span)
            .filter(|number| !socket(*number).exists() && !lock(*number).exists());
        for number in free.take(ATTEMPTS as usize) {
            if let Some(xvfb) = Xvfb::start_as(number, purpose, scratch, signals)? {
                return Ok(xvfb);
            }
        }
        Err(anyhow!(
            "no free display number for the {}'s Xvfb; is {SOCKETS} full of dead sockets?",
            purpose.side
        )
        .into())
    }

    /// None if another server took the number meanwhile.
    fn start_as(
        number: u32,
        purpose: &Purpose,
        scratch: &Scratch,
        signals: &mut Signals,
    ) -> Result<Option<Xvfb>, Failure> {
        let side = purpose.side;
        let cookie = Cookie::new()?;
        let auth = scratch.file(&format!("{}.Xauthority", purpose.stem));
        xauth::write(&auth, &cookie.entry(number))?;
        let log = scratch.file(&format!("{}.log", purpose.stem));
        let (pipe, write) =
            rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).context("cannot make a pipe")?;
        let pid = match spawn(number, purpose, &auth, &log, write) {
            Ok(pid) => pid,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let why = if side == "2D side" { "DISPLAY is unset" } else { "no display is named with -d" };
                return Err(anyhow!(
                    "Xvfb is needed for the {side} ({why}), but it is not installed. \
                    Install it (apt-get install xvfb)"
                )
                .into());
            }
            Err(error) => return Err(anyhow::Error::new(error).context("cannot start Xvfb").into()),
        };
        let server = Server { name: format!(":{number}"), cookie: Some(cookie) };
        let mut xvfb = Xvfb { server, number, pid, side, log, socket: None, ended: false };

        // The server writes its number and a newline; an end without it is the server's.
        if !signals.wait_for(pipe.as_fd(), START)? {
            return Err(anyhow!(
                "the {side}'s Xvfb did not come up in {} seconds{}",
                START.as_secs(),
                xvfb.last_words()
            )
            .into());
        }
        let mut told = String::new();
        let _ = File::from(pipe).take(16).read_to_string(&mut told);
        if told.trim() == number.to_string() {
            xvfb.socket = socket(number).symlink_metadata().ok().map(|meta| meta.ino());
            return Ok(Some(xvfb));
        }
        let words = xvfb.last_words();
        if words.contains("already running") || words.contains("already active") {
            return Ok(None);
        }
        Err(anyhow!("the {side}'s Xvfb ended at its start{words}").into())
    }

    /// How to connect to it.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// The entry for it in an authority file.
    pub fn entry(&self) -> Vec<u8> {
        self.server.cookie.iter().flat_map(|cookie| cookie.entry(self.number)).collect()
    }

    /// Takes note that the process has ended, if it is this one's; gives a sentence about it.
    pub fn note_end(&mut self, pid: Pid, status: WaitStatus) -> Option<String> {
        if pid != self.pid {
            return None;
        }
        self.ended = true;
        let how = match status.terminating_signal() {
            Some(signal) => format!(" by signal {signal}"),
            None => self.last_words(),
        };
        Some(format!("the {}'s Xvfb ({}) has ended{how}", self.side, self.server.name))
    }

    /// Whether the process has ended, or is about to: at once after a program that its end took along, that may
    /// not have been reported yet. Gives a sentence about it.
    pub fn find_end(&mut self) -> Option<String> {
        if self.ended || listens(&socket(self.number)) {
            return None;
        }
        let (pid, status) = self.wait_until(Instant::now() + END)?;
        self.note_end(pid, status)
    }

    fn wait_until(&self, deadline: Instant) -> Option<(Pid, WaitStatus)> {
        loop {
            match waitpid(Some(self.pid), WaitOptions::NOHANG) {
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
                end => return end.ok().flatten(),
            }
        }
    }

    /// The last line that it wrote, as the end of a sentence.
    pub fn last_words(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let line = log.lines().map(|line| line.replace("(EE)", "")).rfind(|line| !line.trim().is_empty());
        line.map(|line| format!(": {}", line.trim())).unwrap_or_default()
    }

    /// Ends the process, first kindly.
    fn end(&mut self) {
        if self.ended {
            return;
        }
        let _ = kill_process(self.pid, Signal::TERM);
        if self.wait_until(Instant::now() + END).is_none() {
            let _ = kill_process(self.pid, Signal::KILL);
            let _ = waitpid(Some(self.pid), WaitOptions::empty());
        }
        self.ended = true;
    }

    /// Removes what a server that was killed could not, unless it is another's by now.
    fn clean(&self) {
        let socket = socket(self.number);
        if self.socket.is_some() && socket.symlink_metadata().ok().map(|meta| meta.ino()) == self.socket {
            let _ = std::fs::remove_file(socket);
        }
        // With -displayfd servers write no lock, but not all versions may agree.
        let lock = lock(self.number);
        let holder = std::fs::read_to_string(&lock).ok().and_then(|pid| pid.trim().parse().ok());
        if holder == Some(self.pid.as_raw_pid()) {
            let _ = std::fs::remove_file(lock);
        }
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        self.end();
        self.clean();
    }
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

fn spawn(number: u32, purpose: &Purpose, auth: &Path, log: &Path, ready: OwnedFd) -> io::Result<Pid> {
    let log = File::create(log)?;
    let parent = rustix::process::getpid();
    let mut command = Command::new("Xvfb");
    command
        // A number of our choice: with -displayfd alone, a server takes over the socket of one that runs in another
        // container with the same /tmp/.X11-unix.
        .arg(format!(":{number}"))
        .args(["-displayfd", &ready.as_raw_fd().to_string()])
        .args(["-screen", "0", &purpose.screen])
        .args(["-nolisten", "tcp", "-noreset", "+extension", "RANDR"])
        .args([if purpose.glx { "+extension" } else { "-extension" }, "GLX"])
        .args(purpose.framebuffer.iter().flat_map(|directory| {
            [OsStr::new("-fbdir"), directory.as_os_str(), OsStr::new("-extension"), OsStr::new("Composite")]
        }))
        .arg("-auth")
        .arg(auth)
        .env_remove("LD_PRELOAD")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let prepare = move || {
        // A session of its own: what a terminal sends to our group must not end the server before the program.
        rustix::process::setsid()?;
        // An X server that finds SIGUSR1 ignored sends it to its parent.
        // SAFETY: SIG_DFL is a valid disposition.
        unsafe { libc::signal(libc::SIGUSR1, libc::SIG_DFL) };
        rustix::io::fcntl_setfd(&ready, FdFlags::empty())?;
        rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
        if rustix::process::getppid() != Some(parent) {
            // glxrun was killed before it could be watched.
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(())
    };
    // SAFETY: between fork and exec, `prepare` only makes system calls.
    unsafe { command.pre_exec(prepare) };
    let child = command.spawn()?;
    Pid::from_raw(child.id() as i32).ok_or(io::ErrorKind::InvalidData.into())
}
