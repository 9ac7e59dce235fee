//! X servers of a test: Xvfb and Xvnc, on a display number that the server picks itself, ended when dropped.

use std::io::{BufRead, BufReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use crate::program::{deadline, end, ended_within, pidfd, spawn};

/// What an X server is to be like.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    program: &'static str,
    size: (u16, u16),
    depth: u8,
    authorised: bool,
    framebuffer: bool,
    user: Option<u32>,
    arguments: Vec<String>,
}

impl ServerOptions {
    /// Width and height of the screen, pixels.
    pub fn size(mut self, width: u16, height: u16) -> Self {
        self.size = (width, height);
        self
    }

    /// Depth of the root window, bits.
    pub fn depth(mut self, depth: u8) -> Self {
        self.depth = depth;
        self
    }

    /// The server does not have GLX.
    pub fn without_glx(self) -> Self {
        self.args(&["-extension", "GLX"])
    }

    /// The server (an Xvfb) has a second screen like the first.
    pub fn two_screens(self) -> Self {
        let (width, height) = self.size;
        let mode = format!("{width}x{height}x{}", self.depth);
        self.args(&["-screen", "1", &mode])
    }

    /// Only clients with the cookie of [`XServer::authority`] may connect; else all may.
    pub fn authorised(mut self) -> Self {
        self.authorised = true;
        self
    }

    /// The server keeps its screen in a file that frames can be written to.
    pub fn with_framebuffer(mut self) -> Self {
        self.framebuffer = true;
        self.args(&["-extension", "Composite"])
    }

    /// The server runs as another user, of this number; for tests that run as root.
    pub fn user(mut self, user: u32) -> Self {
        self.user = Some(user);
        self
    }

    /// More arguments for the server.
    pub fn args(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(ToString::to_string));
        self
    }

    /// Starts the server and waits until it says its display number.
    pub fn start(self) -> Result<XServer> {
        XServer::start(self)
    }
}

/// A running X server.
pub struct XServer {
    child: Child,
    pidfd: OwnedFd,
    number: u32,
    size: (u16, u16),
    depth: u8,
    directory: TempDir,
    /// Where its screen is, in memory.
    framebuffer: Option<TempDir>,
    cookie: Option<[u8; 16]>,
}

impl XServer {
    /// An Xvfb with one screen of 1920x1080, 24 bits deep, with GLX.
    pub fn xvfb() -> ServerOptions {
        Self::options("Xvfb")
    }

    /// TigerVNC's Xvnc, which listens on no port.
    pub fn xvnc() -> ServerOptions {
        Self::options("Xvnc")
    }

    fn options(program: &'static str) -> ServerOptions {
        ServerOptions {
            program,
            size: (1920, 1080),
            depth: 24,
            authorised: false,
            framebuffer: false,
            user: None,
            arguments: Vec::new(),
        }
    }

    fn start(options: ServerOptions) -> Result<Self> {
        let directory = TempDir::new()?;
        let authority = directory.path().join("Xauthority");
        let (width, height) = options.size;
        let mut command = Command::new(options.program);
        // The number is told on a descriptor that the server inherits: its standard output.
        command.args(["-displayfd", "1", "-nolisten", "tcp", "-noreset"]).args(&options.arguments);
        match options.program {
            "Xvnc" => {
                let socket = directory.path().join("vnc");
                command.args([
                    "-geometry",
                    &format!("{width}x{height}"),
                    "-depth",
                    &options.depth.to_string(),
                ]);
                command.args(["-SecurityTypes", "None", "-rfbport", "-1", "-rfbunixpath"]).arg(socket);
            }
            _ => {
                command.args(["-screen", "0", &format!("{width}x{height}x{}", options.depth)]);
            }
        }
        let cookie = if options.authorised { Some(random_cookie()?) } else { None };
        match cookie {
            Some(cookie) => {
                write_authority(&authority, "", &cookie)?;
                command.arg("-auth").arg(&authority);
            }
            None => {
                command.arg("-ac");
            }
        }
        let framebuffer = options.framebuffer.then(|| tempfile::tempdir_in("/dev/shm")).transpose()?;
        if let Some(framebuffer) = &framebuffer {
            command.arg("-fbdir").arg(framebuffer.path());
        }
        if let Some(user) = options.user {
            ensure!(rustix::process::geteuid().is_root(), "only root can start a server as another user");
            command.uid(user);
        }
        let log = std::fs::File::create(directory.path().join("log"))?;
        let mut child = spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log))?;
        let pidfd = pidfd(&child)?;
        let output = child.stdout.take().context("no stdout")?;
        let mut server = Self {
            child,
            pidfd,
            number: 0,
            size: options.size,
            depth: options.depth,
            directory,
            framebuffer,
            cookie,
        };
        // From here on `server` ends the process in every case.
        server.number = read_number(output).with_context(|| server.log())?;
        if let Some(cookie) = &server.cookie {
            write_authority(&authority, &server.number.to_string(), cookie)?;
        }
        Ok(server)
    }

    /// The display's name, such as `:7`.
    pub fn display(&self) -> String {
        format!(":{}", self.number)
    }

    /// The display's number.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Size of its screen, pixels.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Depth of its root window, bits.
    pub fn depth(&self) -> u8 {
        self.depth
    }

    /// The file that XAUTHORITY must name, if the server asks for a cookie.
    pub fn authority(&self) -> Option<PathBuf> {
        self.cookie.map(|_| self.directory.path().join("Xauthority"))
    }

    /// The cookie that the server asks for.
    pub fn cookie(&self) -> Option<[u8; 16]> {
        self.cookie
    }

    /// Sets DISPLAY and XAUTHORITY of a command so that it runs on this server, and where its screen is.
    pub fn apply(&self, command: &mut Command) {
        command.env("DISPLAY", self.display());
        if let Some(framebuffer) = &self.framebuffer {
            command.env("GLXRUN_FRAMEBUFFER", framebuffer.path().join("Xvfb_screen0"));
        }
        match self.authority() {
            Some(file) => command.env("XAUTHORITY", file),
            None => command.env_remove("XAUTHORITY"),
        };
    }

    /// Ends the server at once, as a crash would.
    pub fn kill(&mut self) -> Result<()> {
        rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL)?;
        self.child.wait()?;
        Ok(())
    }

    /// Whether it has not ended.
    pub fn is_running(&self) -> Result<bool> {
        Ok(!ended_within(&self.pidfd, Duration::ZERO)?)
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for XServer {
    fn drop(&mut self) {
        end(&mut self.child, &self.pidfd);
    }
}

/// Reads the display number that the server writes once it accepts connections.
fn read_number(output: std::process::ChildStdout) -> Result<u32> {
    let timeout = Timespec::try_from(deadline())?;
    let fd = output.as_fd();
    ensure!(poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&timeout))? > 0, "the X server did not start");
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    if line.trim().is_empty() {
        bail!("the X server ended before it was ready");
    }
    Ok(line.trim().parse()?)
}

fn random_cookie() -> Result<[u8; 16]> {
    use std::io::Read;
    let mut cookie = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut cookie)?;
    Ok(cookie)
}

/// Writes an Xauthority file with one entry that is good for every host (family 65535, "wild").
fn write_authority(path: &Path, number: &str, cookie: &[u8; 16]) -> Result<()> {
    let mut bytes = vec![0xff, 0xff];
    for field in [b"".as_slice(), number.as_bytes(), b"MIT-MAGIC-COOKIE-1", cookie] {
        bytes.extend(u16::try_from(field.len())?.to_be_bytes());
        bytes.extend(field);
    }
    Ok(std::fs::write(path, bytes)?)
}
