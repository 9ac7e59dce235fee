//! However a run with a program that is rendering ends, nothing of it stays: no process, socket, lock, file or shared
//! memory. glxrun starts both X servers itself here.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use glxrun_tests::program::deadline;
use glxrun_tests::stage::glxrun;
use glxrun_tests::{Context, Program, Result, anyhow, artifacts, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// What is to be known of a run while it lasts.
struct Run {
    program: Program,
    /// Its only place for files.
    place: TempDir,
    app: Pid,
    /// The display of the 2D side and that of the 3D side.
    displays: [String; 2],
    /// The processes of the run.
    pids: BTreeSet<i32>,
}

impl Run {
    /// Starts a program with options for glxrun.
    fn start(options: &[&str], program: &[&str]) -> Result<Self> {
        let place = TempDir::new()?;
        let mut command = glxrun()?;
        command
            .env("TMPDIR", place.path())
            .env_remove("XDG_RUNTIME_DIR")
            // Without EGL's drivers, so that the 3D side is an X server of glxrun's own too.
            .env("__EGL_VENDOR_LIBRARY_FILENAMES", "/dev/null")
            .args(options)
            .args(["--", "sh", "-c"]);
        command.arg("echo $$ $DISPLAY $GLXRUN_DISPLAY3D; exec \"$@\"").arg("sh").args(program);
        let mut program = Program::start(command)?;
        let line = program.line()?;
        let [app, two_d, three_d] = line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(anyhow!("not a process id and two displays: {line:?}"));
        };
        let app = Pid::from_raw(app.parse()?).context("no process id")?;
        let displays = [two_d.to_owned(), three_d.to_owned()];
        Ok(Self { program, place, app, displays, pids: BTreeSet::new() })
    }

    /// Notes the processes of the run, once the program is known to run.
    fn look(&mut self) -> Result<()> {
        self.pids = self.processes()?;
        ensure!(self.pids.len() >= 4, "glxrun, the program and two servers, but only {:?}", self.pids);
        Ok(())
    }

    /// The processes that have this run's place in their arguments or environment.
    fn processes(&self) -> Result<BTreeSet<i32>> {
        let place = self.place.path().to_string_lossy().into_owned();
        let mut found = BTreeSet::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            let told = ["cmdline", "environ"]
                .map(|file| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default());
            if told.iter().any(|told| String::from_utf8_lossy(told).contains(&place)) {
                found.insert(pid);
            }
        }
        Ok(found)
    }

    /// The process that runs one of the X servers.
    fn server(&self, display: &str) -> Result<Pid> {
        let is_it = |pid: &&i32| {
            let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split('\0').any(|argument| argument == display)
        };
        let pid = self.pids.iter().find(is_it).with_context(|| format!("no server of {display}"))?;
        Pid::from_raw(*pid).context("no process id")
    }

    /// Waits until the program has put frames on its window: then its shared memory is there.
    fn wait_for_frames(&mut self) -> Result<()> {
        let start = Instant::now();
        while !self.program.stderr().contains("delivered") {
            ensure!(start.elapsed() < deadline(), "no frames: {}", self.program.report());
            std::thread::sleep(Duration::from_millis(5));
        }
        self.look()
    }

    /// Waits for the end, and checks the exit status and that nothing is left.
    fn leaves_nothing(self, status: i32) -> Result<()> {
        let (place, displays, pids, app) = (self.place, self.displays, self.pids, self.app);
        let ended = self.program.finish()?;
        ensure!(ended.status.code() == Some(status), "the status is not {status}: {ended:?}");
        for pid in &pids {
            ensure!(
                !fs::exists(format!("/proc/{pid}"))?,
                "process {pid} is left (the program was {app:?}): {ended:?}"
            );
        }
        let files: Vec<_> = fs::read_dir(place.path())?.flatten().map(|entry| entry.path()).collect();
        ensure!(files.is_empty(), "{files:?} are left");
        for display in displays {
            let number = display.trim_start_matches(':');
            // Another test's server may have taken the number by now.
            let holder = fs::read_to_string(format!("/tmp/.X{number}-lock")).unwrap_or_default();
            if holder
                .trim()
                .parse::<i32>()
                .is_ok_and(|pid| fs::exists(format!("/proc/{pid}")).unwrap_or(false))
            {
                continue;
            }
            for file in [format!("/tmp/.X11-unix/X{number}"), format!("/tmp/.X{number}-lock")] {
                ensure!(fs::symlink_metadata(&file).is_err(), "{file} is left");
            }
        }
        let segments = segments_of(&pids)?;
        ensure!(segments.is_empty(), "segments of shared memory are left:\n{}", segments.join("\n"));
        Ok(())
    }
}

/// The lines of the kernel's list of System V shared memory whose creator is one of `pids`.
fn segments_of(pids: &BTreeSet<i32>) -> Result<Vec<String>> {
    let list = fs::read_to_string("/proc/sysvipc/shm")?;
    // key, id, permissions, size, creator, last user...
    let creator = |line: &str| line.split_whitespace().nth(4).and_then(|pid| pid.parse().ok());
    Ok(list
        .lines()
        .filter(|line| creator(line).is_some_and(|pid| pids.contains(&pid)))
        .map(str::to_owned)
        .collect())
}

/// Runs the test for both ways of sharing memory with the X server.
fn for_each_transport(test: impl Fn(&[&str]) -> Result<()>) -> Result<()> {
    ["auto", "sysv"].iter().try_for_each(|transport| test(&["--stats=0.1", "--transport", transport]))
}

#[test]
fn after_an_exit() -> Result<()> {
    for_each_transport(|options| {
        let scene = artifacts::program("scene")?;
        let mut run = Run::start(options, &[&scene.to_string_lossy(), "spin", "--frames", "20"])?;
        run.program.line_where(|line| line == "ready")?;
        run.look()?;
        run.leaves_nothing(0)
    })
}

#[test]
fn after_term_to_glxrun() -> Result<()> {
    for_each_transport(|options| {
        let mut run = Run::start(options, &["glxgears"])?;
        run.wait_for_frames()?;
        run.program.signal(Signal::TERM)?;
        run.leaves_nothing(143)
    })
}

#[test]
fn after_kill_9_of_the_program() -> Result<()> {
    for_each_transport(|options| {
        let mut run = Run::start(options, &["glxgears"])?;
        run.wait_for_frames()?;
        kill_process(run.app, Signal::KILL)?;
        run.leaves_nothing(137)
    })
}

#[test]
fn after_the_2d_side_has_died_first() -> Result<()> {
    for_each_transport(|options| {
        let mut run = Run::start(options, &["glxgears"])?;
        run.wait_for_frames()?;
        kill_process(run.server(&run.displays[0])?, Signal::KILL)?;
        // Xlib's own answer to a lost connection.
        run.leaves_nothing(1)
    })
}
