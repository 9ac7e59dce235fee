//! What tests of faults and of load share: the program that meets them, `c/faults.c`, and how it is seen to go on.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::c;
use crate::program::{Ended, Program, deadline};
use crate::screen::Screen;
use crate::server::XServer;
use crate::stage::{Counts, Stage, glxrun};

/// Ways for the program to draw: by GLX, and by EGL on X11.
pub const APIS: [&[&str]; 2] = [&[], &["egl"]];

/// Whether tests take the time that only `make torture` has: `GLXRUN_TEST_FULL=1`.
pub fn full() -> bool {
    std::env::var_os("GLXRUN_TEST_FULL").is_some_and(|value| value == "1")
}

/// The program, compiled for a test.
pub struct Faults(TempDir);

impl Faults {
    /// Compiles it.
    pub fn compile() -> Result<Self> {
        let place = tempfile::tempdir()?;
        let libraries = ["-l:libGL.so.1", "-l:libEGL.so.1", "-l:libX11.so.6", "-lpthread", "-ldl"];
        c::compile("faults.c", &place.path().join("faults"), &libraries)?;
        Ok(Self(place))
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.0.path().join("faults")
    }

    /// It, direct.
    pub fn direct(&self, stage: &Stage, arguments: &[&str]) -> Result<Command> {
        let mut command = stage.direct(&self.path().to_string_lossy())?;
        command.args(arguments);
        Ok(command)
    }

    /// It, split, by glxrun with `options`.
    pub fn split(&self, stage: &Stage, options: &[&str], arguments: &[&str]) -> Result<Command> {
        let mut command = stage.split(options, &self.path().to_string_lossy())?;
        command.args(arguments);
        Ok(command)
    }

    /// It, split, between servers that are not the stage's.
    pub fn between(
        &self,
        three_d: &str,
        two_d: &XServer,
        options: &[&str],
        words: &[&str],
    ) -> Result<Command> {
        let mut command = glxrun()?;
        two_d.apply(&mut command);
        command.args(["-d", three_d]).args(options).arg("--").arg(self.path()).args(words);
        Ok(command)
    }
}

/// How it ended, in a shell's numbers: glxrun passes a signal on as a status.
pub fn status(ended: &Ended) -> i32 {
    let status = ended.status;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// Starts the program where it swaps without end, and waits for its first frames.
pub fn endless(command: Command) -> Result<Program> {
    let mut program = Program::start(command)?;
    program.line_where(|line| line == "ready")?;
    Ok(program)
}

/// Between two looks at a screen: nothing tells a test of a frame, but for what it may test.
const PAUSE: Duration = Duration::from_millis(2);

/// Waits until the pixel at (10, 10) of the screen has had another colour twice: frames arrive.
pub fn wait_for_frames(screen: &Screen, program: &Program) -> Result<()> {
    let start = Instant::now();
    let (mut last, mut changes) = (screen.pixel8(10, 10)?, 0);
    while changes < 2 {
        ensure!(start.elapsed() < deadline(), "no frames arrive: {}", program.report());
        let now = screen.pixel8(10, 10)?;
        changes += i32::from(now != last);
        last = now;
        sleep(PAUSE);
    }
    Ok(())
}

/// The colour that the program's frame of that number has.
pub fn colour(number: u32) -> [u8; 3] {
    [number % 2 * 255, number / 2 % 2 * 255, number % 16 * 17].map(|value| value as u8)
}

/// Waits until the screen has the colour of a frame at that place.
pub fn wait_for_frame(screen: &Screen, program: &Program, place: (i16, i16), number: u32) -> Result<()> {
    let (start, wanted) = (Instant::now(), colour(number));
    loop {
        let pixel = screen.pixel8(place.0, place.1)?;
        if pixel[..3] == wanted {
            return Ok(());
        }
        ensure!(
            start.elapsed() < deadline(),
            "{place:?} shows {pixel:?}, not {wanted:?}: {}",
            program.report()
        );
        sleep(PAUSE);
    }
}

/// Runs the program to its last frame, waits until the window shows that, and gives the counts of the window made last.
///
/// A picture alone proves nothing, since some drivers draw on the 2D side by themselves: the counts must say so too, for
/// which glxrun needs `--stats`.
pub fn shows_the_last_frame(screen: &Screen, command: Command, last: u32) -> Result<Counts> {
    let mut program = Program::start(command)?;
    program.line_where(|line| line == "drawn")?;
    wait_for_frame(screen, &program, (10, 10), last)?;
    let ended = program.finish()?.success()?;
    let counts = Counts::of_windows(&ended.stderr).last().copied();
    counts.filter(|counts| counts.delivered > 0).with_context(|| format!("nothing was delivered: {ended:?}"))
}
