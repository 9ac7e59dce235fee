//! Programs run with a deadline: whatever is awaited of them either comes or fails the test, with what they printed.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal};

/// How long one awaited thing may take. Never part of what a test asserts; only an end to waiting.
pub fn deadline() -> Duration {
    let seconds = std::env::var("GLXRUN_TEST_DEADLINE").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(60))
}

/// The Debian package that a program belongs to, for the message that asks for it.
fn package_of(program: &str) -> &str {
    match program {
        "Xvfb" => "xvfb",
        "Xvnc" => "tigervnc-standalone-server",
        "glxinfo" | "glxgears" | "glxheads" | "glxdemo" | "eglinfo" => "mesa-utils",
        "es2_info" | "es2gears_x11" => "mesa-utils mesa-utils-extra",
        "glmark2-es2" => "glmark2-es2-x11",
        "xwininfo" | "xprop" | "xdpyinfo" => "x11-utils",
        "gcc" => "gcc libc6-dev",
        other => other,
    }
}

/// Starts `command`; a program that is not installed is an error that says how to install it.
pub fn spawn(command: &mut Command) -> Result<Child> {
    let name = command.get_program().to_string_lossy().into_owned();
    die_with_us(command);
    command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            anyhow!("{name} is not installed; run: apt-get install -y {}", package_of(&name))
        }
        _ => anyhow!("cannot start {name}: {error}"),
    })
}

/// Has the program ended by the kernel if the test dies without cleaning up, as after a nextest timeout.
fn die_with_us(command: &mut Command) {
    // SAFETY: only one system call is made between fork and exec.
    unsafe {
        command.pre_exec(|| Ok(rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?));
    }
}

/// Opens a handle that becomes readable when the process ends.
pub fn pidfd(child: &Child) -> Result<OwnedFd> {
    let pid = Pid::from_child(child);
    rustix::process::pidfd_open(pid, PidfdFlags::empty()).context("pidfd_open")
}

/// Waits until the process of `pidfd` has ended; `false` if it still runs after `limit`.
pub fn ended_within(pidfd: &OwnedFd, limit: Duration) -> Result<bool> {
    let timeout = Timespec::try_from(limit)?;
    let mut fds = [PollFd::new(pidfd, PollFlags::IN)];
    loop {
        match poll(&mut fds, Some(&timeout)) {
            Ok(count) => return Ok(count > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What a program left behind when it ended.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

impl Ended {
    /// Fails unless the program exited with 0.
    pub fn success(self) -> Result<Self> {
        ensure!(self.status.success(), "{}\nstdout:\n{}\nstderr:\n{}", self.status, self.stdout, self.stderr);
        Ok(self)
    }
}

/// A running program whose output is read line by line. It is ended when this is dropped.
pub struct Program {
    name: String,
    child: Child,
    pidfd: OwnedFd,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    /// Disconnected once both outputs have ended.
    outputs: Receiver<()>,
    reaped: bool,
}

impl Program {
    /// Starts `command` with all three standard streams connected to the test.
    pub fn start(mut command: Command) -> Result<Self> {
        let name = format!("{command:?}");
        // A group of its own, so that what a killed launcher leaves behind can be ended too.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(&mut command)?;
        let (stdout, stderr) = (Arc::new(Mutex::new(String::new())), Arc::new(Mutex::new(String::new())));
        let (line, lines) = channel();
        let out = child.stdout.take().context("no stdout")?;
        let err = child.stderr.take().context("no stderr")?;
        let (open, outputs) = channel();
        read_lines(out, stdout.clone(), open.clone(), move |text| drop(line.send(text)));
        read_lines(err, stderr.clone(), open, |_| {});
        let (pidfd, stdin) = (pidfd(&child)?, child.stdin.take());
        Ok(Self { name, child, pidfd, stdin, lines, stdout, stderr, outputs, reaped: false })
    }

    /// Runs `command` to its end with an empty standard input.
    pub fn run(command: Command) -> Result<Ended> {
        Self::start(command)?.finish()
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The next line of its standard output. An end of the output, or none before the deadline, is an error.
    pub fn line(&mut self) -> Result<String> {
        match self.lines.recv_timeout(deadline()) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => bail!("no line within the deadline from {}", self.report()),
            Err(RecvTimeoutError::Disconnected) => {
                // Its output has ended, so it is about to end; its status belongs into the message.
                ended_within(&self.pidfd, Duration::from_secs(5))?;
                let status = self.child.try_wait()?;
                bail!(
                    "output ended ({}) from {}",
                    status.map_or("still runs".into(), |s| s.to_string()),
                    self.report()
                )
            }
        }
    }

    /// Reads lines until one satisfies `wanted`, and gives that one.
    pub fn line_where(&mut self, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let start = Instant::now();
        loop {
            let line = self.line()?;
            if wanted(&line) {
                return Ok(line);
            }
            ensure!(start.elapsed() < deadline(), "the awaited line did not come from {}", self.report());
        }
    }

    /// Writes a line to its standard input.
    pub fn say(&mut self, line: &str) -> Result<()> {
        let stdin = self.stdin.as_mut().context("its standard input is closed")?;
        let written = writeln!(stdin, "{line}").and_then(|()| stdin.flush());
        written.with_context(|| format!("writing to {}", self.report()))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(rustix::process::pidfd_send_signal(&self.pidfd, signal)?)
    }

    /// Whether it has not ended yet.
    pub fn is_running(&self) -> Result<bool> {
        Ok(!ended_within(&self.pidfd, Duration::ZERO)?)
    }

    /// What it has printed on standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.lock().map(|text| text.clone()).unwrap_or_default()
    }

    /// Closes its standard input and waits for its end.
    pub fn finish(mut self) -> Result<Ended> {
        self.stdin = None;
        self.wait()
    }

    /// Closes its standard input and waits for its end; None if it still runs after `limit`, and then it is ended.
    pub fn finish_within(mut self, limit: Duration) -> Result<Option<Ended>> {
        self.stdin = None;
        if ended_within(&self.pidfd, limit)? { self.wait().map(Some) } else { Ok(None) }
    }

    /// Waits for its end, with its standard input as it is.
    pub fn wait(mut self) -> Result<Ended> {
        if !ended_within(&self.pidfd, deadline())? {
            bail!("still runs after the deadline: {}", self.report());
        }
        // A process that it left behind may hold its output open, and what comes then is not its own.
        if self.outputs.recv_timeout(deadline()) == Err(RecvTimeoutError::Timeout) {
            bail!("it ended, yet something holds its output open: {}", self.report());
        }
        self.reaped = true;
        let status = self.child.wait()?;
        let stdout = self.stdout.lock().map(|text| text.clone()).unwrap_or_default();
        Ok(Ended { status, stdout, stderr: self.stderr() })
    }

    /// The command and what it printed, for messages.
    pub fn report(&self) -> String {
        let stdout = self.stdout.lock().map(|text| text.clone()).unwrap_or_default();
        format!("{}\nstdout:\n{stdout}\nstderr:\n{}", self.name, self.stderr())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stdin = None;
        if self.reaped {
            return;
        }
        ask_to_end(&self.pidfd);
        // With its leader not yet waited for, the group's number is still ours: end what it may have left too.
        rustix::process::kill_process_group(self.pid(), Signal::KILL).unwrap_or(());
        self.child.wait().map(drop).unwrap_or(());
    }
}

/// Asks a process to end, and waits a while until it has.
fn ask_to_end(pidfd: &OwnedFd) {
    rustix::process::pidfd_send_signal(pidfd, Signal::TERM).unwrap_or(());
    ended_within(pidfd, Duration::from_secs(10)).map(drop).unwrap_or(());
}

/// Ends a process politely, and by force if it does not listen.
pub fn end(child: &mut Child, pidfd: &OwnedFd) {
    if let Ok(Some(_)) = child.try_wait() {
        return;
    }
    ask_to_end(pidfd);
    child.kill().unwrap_or(());
    child.wait().map(drop).unwrap_or(());
}

fn read_lines(
    stream: impl Read + Send + 'static,
    all: Arc<Mutex<String>>,
    open: Sender<()>,
    each: impl Fn(String) + Send + 'static,
) {
    std::thread::spawn(move || {
        // Dropped, and so told, when the stream has ended.
        let _open = open;
        let mut stream = BufReader::new(stream);
        let mut bytes = Vec::new();
        while stream.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Ok(mut all) = all.lock() {
                all.push_str(&text);
            }
            each(text.trim_end_matches('\n').to_owned());
            bytes.clear();
        }
    });
}
