//! What the launcher's tests share: a private TMPDIR for each test, X servers that end with it, and a look at what
//! is left of a run.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt as _, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub const GLXRUN: &str = env!("CARGO_BIN_EXE_glxrun");

/// One test's surroundings.
pub struct Stage {
    tmp: TempDir,
}

impl Stage {
    pub fn new() -> Stage {
        let tmp = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(tmp.path().join("tmp")).expect("a directory");
        Stage { tmp }
    }

    /// A path for the test's own files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.tmp.path().join(name)
    }

    /// The TMPDIR of what runs on this stage.
    pub fn tmpdir(&self) -> PathBuf {
        self.path("tmp")
    }

    /// glxrun without displays, settings or authority in its environment.
    pub fn glxrun(&self) -> Command {
        self.dress(Command::new(GLXRUN))
    }

    /// Gives a command this stage's environment.
    pub fn dress(&self, mut command: Command) -> Command {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GLXRUN_") {
                command.env_remove(name);
            }
        }
        for name in ["DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "LD_PRELOAD"] {
            command.env_remove(name);
        }
        command.env("TMPDIR", self.tmpdir()).env("HOME", self.tmp.path());
        // A shell that put the tests in the background has them ignore the keyboard's signals.
        let listen = || {
            for signal in [libc::SIGINT, libc::SIGQUIT] {
                // SAFETY: async-signal-safe, and SIG_DFL is a valid disposition.
                unsafe { libc::signal(signal, libc::SIG_DFL) };
            }
            Ok(())
        };
        // SAFETY: the closure only calls signal(2).
        unsafe { command.pre_exec(listen) };
        // As on a machine without EGL drivers: the X servers are what most tests are about.
        command.env(EGL_DRIVERS, "/dev/null");
        // The launcher's tests are not the library's: any shared object can be preloaded.
        command.env("GLXRUN_LIBRARY", harmless_library());
        command
    }

    /// Writes an executable file.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path(name);
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
        path
    }

    /// Processes that were started with a path in this stage's TMPDIR, as our servers are.
    pub fn servers(&self) -> Vec<Pid> {
        let tmp = self.tmpdir().to_string_lossy().into_owned();
        let processes = fs::read_dir("/proc").expect("/proc").filter_map(|entry| {
            let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            String::from_utf8_lossy(&line).contains(&tmp).then(|| Pid::from_raw(pid)).flatten()
        });
        processes.collect()
    }

    /// The server of this stage that has `display`.
    pub fn server(&self, display: &str) -> Pid {
        let has = |pid: &Pid| {
            let line = fs::read_to_string(format!("/proc/{}/cmdline", pid.as_raw_pid())).unwrap_or_default();
            line.split('\0').any(|arg| arg == display)
        };
        self.servers().into_iter().find(has).expect("a server of that display")
    }

    /// Nothing is left: no server, no file in TMPDIR, no socket or lock of these displays.
    pub fn assert_clean(&self, displays: &[&str]) {
        assert_eq!(self.servers(), [], "processes are left");
        let files: Vec<_> =
            fs::read_dir(self.tmpdir()).expect("TMPDIR").flatten().map(|e| e.path()).collect();
        assert_eq!(files, [] as [PathBuf; 0], "files are left");
        assert_no_sockets(displays);
    }
}

pub fn assert_no_sockets(displays: &[&str]) {
    for display in displays {
        let number = display.strip_prefix(':').expect("a local display");
        // Another test's server may have taken the number by now.
        let holder = fs::read_to_string(format!("/tmp/.X{number}-lock")).unwrap_or_default();
        if holder.trim().parse().ok().and_then(state).is_some() {
            continue;
        }
        for file in [format!("/tmp/.X11-unix/X{number}"), format!("/tmp/.X{number}-lock")] {
            assert!(fs::symlink_metadata(&file).is_err(), "{file} is left");
        }
    }
}

/// libglvnd's variable for EGL's drivers, which are files.
pub const EGL_DRIVERS: &str = "__EGL_VENDOR_LIBRARY_FILENAMES";

/// A shared object that is named like the library and holds nothing.
pub fn harmless_library() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build_harmless_library).clone()
}

fn build_harmless_library() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libglxrun.so");
    // Tests in other processes may be at it too: the last of equal files stays.
    let own = path.with_extension(std::process::id().to_string());
    let built = Command::new("cc")
        .args(["-shared", "-nostdlib", "-Wl,-soname,libglxrun.so", "-x", "c", "/dev/null", "-o"])
        .arg(&own)
        .status();
    assert!(built.is_ok_and(|status| status.success()), "cc makes a library (apt-get install gcc)");
    fs::rename(&own, &path).expect("a library");
    path
}

/// The outcome of a run, in text.
pub struct Outcome {
    pub status: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Outcome {
        Outcome {
            status: output.status.code(),
            signal: output.status.signal(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    /// glxrun failed by itself, with one line on stderr that holds all of `parts`.
    pub fn assert_refused(&self, status: i32, parts: &[&str]) {
        assert_eq!(self.status, Some(status), "stderr: {}", self.stderr);
        assert_eq!(self.stdout, "", "the program ran");
        let told: Vec<&str> =
            self.stderr.lines().filter(|line| !line.contains("rendering in software")).collect();
        let [line] = told[..] else { panic!("not one line: {}", self.stderr) };
        assert!(line.starts_with("glxrun: "), "{line}");
        for part in parts {
            assert!(line.contains(part), "{line:?} does not say {part:?}");
        }
    }
}

pub trait Runs {
    /// Runs to the end.
    fn run(&mut self) -> Outcome;
    /// Starts with stdin and stdout as pipes, stderr as a pipe too.
    fn start(&mut self) -> Running;
}

impl Runs for Command {
    fn run(&mut self) -> Outcome {
        self.stdin(Stdio::null()).output().expect("it can be started").into()
    }

    fn start(&mut self) -> Running {
        self.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.spawn().expect("it can be started");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        Running { child, stdout, stderr, told: String::new() }
    }
}

/// A process whose output is read line by line; ended on drop.
pub struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
    /// What has been read of stderr.
    told: String,
}

impl Running {
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The next line of stdout, without its end.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("stdout");
        line.trim_end().to_owned()
    }

    /// Reads stderr up to a line that contains `part`.
    #[allow(dead_code, reason = "not every test program listens")]
    pub fn listen(&mut self, part: &str) {
        let mut line = String::new();
        while !line.contains(part) {
            line.clear();
            let length = self.stderr.read_line(&mut line).expect("stderr");
            self.told += &line;
            assert!(length > 0, "it ended without {part:?}: {}", self.told);
        }
    }

    pub fn kill(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the process is there");
    }

    /// Waits for the end; the outcome's stdout is what has not been read, its stderr is all.
    pub fn end(mut self) -> Outcome {
        let mut stdout = Vec::new();
        self.stdout.read_to_end(&mut stdout).expect("stdout");
        let mut stderr = std::mem::take(&mut self.told).into_bytes();
        self.stderr.read_to_end(&mut stderr).expect("stderr");
        let status = self.child.wait().expect("its end");
        Output { status, stdout, stderr }.into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Kindly, so that a test that fails leaves nothing either.
        if let Ok(None) = self.child.try_wait() {
            let _ = kill_process(self.pid(), Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

/// An Xvfb of the test's own.
pub struct Xvfb {
    child: Child,
    pub display: String,
}

impl Xvfb {
    pub fn start(args: &[&str]) -> Xvfb {
        let command = Command::new("Xvfb")
            .args(["-displayfd", "1", "-noreset"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = command.unwrap_or_else(|error| panic!("Xvfb: {error}; apt-get install xvfb"));
        let mut number = String::new();
        BufReader::new(child.stdout.as_mut().expect("a pipe"))
            .read_line(&mut number)
            .expect("a display number");
        Xvfb { child, display: format!(":{}", number.trim()) }
    }

    /// Without access control: one with GLX, as a 3D side.
    pub fn with_glx() -> Xvfb {
        Xvfb::start(&["-ac", "-screen", "0", "64x64x24", "+extension", "GLX"])
    }

    /// Without access control: one without GLX, as a 2D side.
    pub fn without_glx() -> Xvfb {
        Xvfb::start(&["-ac", "-screen", "0", "320x240x24", "-extension", "GLX"])
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

/// Waits until something is true, for things that send no event.
pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !is() {
        assert!(Instant::now() < limit, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The one-letter state of a process in /proc; None once it is gone.
pub fn state(pid: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Whether a program is installed; panics with what to do if not.
pub fn tool(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is needed; apt-get install {package}"))
}

/// `name` on `display`, e.g. xdpyinfo's text.
pub fn ask(stage: &Stage, name: &str, display: &str, args: &[&dyn AsRef<OsStr>]) -> Outcome {
    let mut command = stage.dress(Command::new(tool(name, "x11-utils")));
    command.args(["-display", display]).args(args).run()
}

pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
