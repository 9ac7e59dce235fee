//! Programs that end, fork and close at bad moments, and servers that do: a program fares as it would direct, or goes on.
//!
//! The program is `c/faults.c`. Whatever hangs fails by the harness's deadline.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use glxrun_tests::program::{Ended, deadline};
use glxrun_tests::stage::{Counts, glxrun};
use glxrun_tests::{Program, Result, Screen, Stage, XServer, artifacts, c, ensure};
use rustix::process::{Signal, kill_process};
use tempfile::TempDir;

/// The program, compiled for this test.
struct Faults {
    place: TempDir,
}

impl Faults {
    fn compile() -> Result<Self> {
        let place = tempfile::tempdir()?;
        let libraries = ["-l:libGL.so.1", "-l:libX11.so.6", "-lpthread", "-ldl"];
        c::compile("faults.c", &place.path().join("faults"), &libraries)?;
        Ok(Self { place })
    }

    fn path(&self) -> PathBuf {
        self.place.path().join("faults")
    }

    fn direct(&self, stage: &Stage, arguments: &[&str]) -> Result<Command> {
        let mut command = stage.direct(&self.path().to_string_lossy())?;
        command.args(arguments);
        Ok(command)
    }

    fn split(&self, stage: &Stage, options: &[&str], arguments: &[&str]) -> Result<Command> {
        let mut command = stage.split(options, &self.path().to_string_lossy())?;
        command.args(arguments);
        Ok(command)
    }
}

/// How it ended, in a shell's numbers: glxrun passes a signal on as a status.
fn status(ended: &Ended) -> i32 {
    let status = ended.status;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// Runs a case direct and split, and compares what it printed and how it ended.
fn same_as_direct(case: &str) -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let direct = Program::run(faults.direct(&stage, &[case])?)?;
    let split = Program::run(faults.split(&stage, &[], &[case])?)?;
    ensure!(
        split.stdout == direct.stdout && status(&split) == status(&direct),
        "{split:?}\n is not\n{direct:?}"
    );
    ensure!(!split.stderr.contains("panicked"), "{split:?}");
    Ok(())
}

macro_rules! same_as_direct {
    ($($name:ident: $case:literal;)*) => {
        $( #[test] fn $name() -> Result<()> { same_as_direct($case) } )*
    };
}

same_as_direct! {
    a_fork_before_opengl: "fork-before";
    a_fork_and_exec_between: "fork-between";
    a_fork_after_opengl: "fork-after";
    a_forked_child_that_exits: "fork-and-exit";
    an_exec_with_a_context_current: "exec";
    threads_that_end_with_a_context_current: "thread-ends";
    an_exit_while_another_thread_swaps: "exit-elsewhere";
    libgl_closed_and_opened_again: "dlclose";
    an_exit_handler_that_draws: "atexit";
    a_signal_handler_that_draws_and_exits: "signal";
    an_abort: "abort";
}

/// Split only: under Mesa's own GLX the program ends at the second display.
#[test]
fn a_display_closed_with_a_context_current() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let ended = Program::run(faults.split(&stage, &[], &["close-display"])?)?.success()?;
    ensure!(ended.stdout == "closed\nclosed\nclosed\nend\n", "{ended:?}");
    Ok(())
}

/// GLXBadDrawable (GLX 1.4, 3.3.10 and 3.3.11) through the program's own handler, and the program goes on.
#[test]
fn drawables_that_are_none() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let ended = Program::run(faults.split(&stage, &[], &["dangling"])?)?.success()?;
    let bad = "error GLX+2 of request GLX";
    let swaps = format!("swap none\n{bad}\nswap one that never was\n{bad}\nswap one that is gone\n{bad}\n");
    ensure!(ended.stdout.starts_with(&swaps), "{ended:?}");
    for name in ["one that never was", "one that is gone"] {
        let current = format!("make current {name}\n{bad}\ngives 0\n");
        ensure!(ended.stdout.contains(&current), "{name}: {ended:?}");
    }
    ensure!(ended.stdout.ends_with("after the window's end\nend\n"), "{ended:?}");
    Ok(())
}

/// Runs a program that swaps without end, in a window of this size, up to its first frames.
fn endless(stage: &Stage, faults: &Faults, options: &[&str], size: [&str; 2]) -> Result<Program> {
    let mut program = Program::start(faults.split(stage, options, &["for-ever", size[0], size[1]])?)?;
    program.line_where(|line| line == "ready")?;
    Ok(program)
}

/// Waits until the pixel at (10, 10) of the screen has had another colour twice: frames arrive.
fn wait_for_frames(screen: &Screen, program: &Program) -> Result<()> {
    let start = Instant::now();
    let mut last = screen.picture(screen.root())?.pixel(10, 10);
    let mut changes = 0;
    while changes < 2 {
        ensure!(start.elapsed() < deadline(), "no frames arrive: {}", program.report());
        let now = screen.picture(screen.root())?.pixel(10, 10);
        changes += i32::from(now != last);
        last = now;
    }
    Ok(())
}

#[test]
fn the_2d_side_is_killed_between_frames() -> Result<()> {
    let faults = Faults::compile()?;
    for (spoil, size) in [("on", ["300", "200"]), ("off", ["1500", "1000"])] {
        let mut stage = Stage::start()?;
        let program = endless(&stage, &faults, &["--spoil", spoil], size)?;
        wait_for_frames(&stage.two_d_screen()?, &program)?;
        stage.two_d_mut().kill()?;
        // Xlib's own answers to a lost connection: exit status 1 when it reads, SIGPIPE when it writes.
        let ended = program.wait()?;
        ensure!([1, 141].contains(&status(&ended)), "{ended:?}");
    }
    Ok(())
}

/// The 3D side's X server is ours alone, so the program outlives it.
#[test]
fn the_3d_side_is_killed_between_frames() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let mut three_d = XServer::xvfb().start()?;
    let mut command = glxrun()?;
    stage.two_d().apply(&mut command);
    command.args(["-d", &three_d.display(), "--"]).arg(faults.path()).arg("for-ever");
    let mut program = Program::start(command)?;
    program.line_where(|line| line == "ready")?;
    wait_for_frames(&stage.two_d_screen()?, &program)?;
    three_d.kill()?;
    // Mesa draws to pbuffers without its server, so frames may well go on; else the loss is told.
    wait_for_frames(&stage.two_d_screen()?, &program).or_else(|error| {
        let told = program.stderr().contains("the connection to the 3D side's X server");
        if told { Ok(()) } else { Err(error) }
    })?;
    ensure!(program.is_running()?, "{}", program.report());
    program.signal(Signal::TERM)?;
    let ended = program.wait()?;
    ensure!(status(&ended) == 143, "{ended:?}");
    Ok(())
}

/// A stopped X server holds the program up at most, as it would direct; afterwards frames arrive again.
#[test]
fn the_2d_side_stops_reading_for_a_while() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for spoil in ["on", "off"] {
        let program = endless(&stage, &faults, &["--spoil", spoil], ["300", "200"])?;
        let screen = stage.two_d_screen()?;
        wait_for_frames(&screen, &program)?;
        kill_process(stage.two_d().pid(), Signal::STOP)?;
        // Long enough to fill whatever queues; a longer stop has nothing more to fill.
        std::thread::sleep(Duration::from_secs(2));
        kill_process(stage.two_d().pid(), Signal::CONT)?;
        wait_for_frames(&screen, &program)?;
        program.signal(Signal::TERM)?;
        ensure!(status(&program.wait()?) == 143);
    }
    Ok(())
}

/// Runs `draw`, five frames or, with `grow`, twenty, and waits until the window shows the last.
fn draws(stage: &Stage, faults: &Faults, options: &[&str], arguments: &[&str]) -> Result<()> {
    let options = [&["--stats=60", "--spoil", "off"], options].concat();
    shows_the_last_frame(&stage.two_d_screen()?, faults.split(stage, &options, arguments)?)
}

fn shows_the_last_frame(screen: &Screen, command: Command) -> Result<()> {
    let mut program = Program::start(command)?;
    program.line_where(|line| line == "drawn")?;
    let grown = program.report().contains("grow");
    let last = if grown { [255, 255, 51] } else { [0, 0, 68] };
    let start = Instant::now();
    loop {
        let pixel = screen.picture(screen.root())?.pixel8(10, 10);
        if pixel[..3] == last {
            break;
        }
        ensure!(start.elapsed() < deadline(), "it shows {pixel:?}, not {last:?}: {}", program.report());
    }
    let counts = Counts::only_window(&program.finish()?.success()?.stderr)?;
    // A picture alone proves nothing: some drivers draw on the 2D side by themselves. The news that a frame is there
    // may be later than the frame.
    ensure!(counts.delivered > 0 && counts.dropped == 0, "{counts:?}");
    Ok(())
}

#[test]
fn without_memfd() -> Result<()> {
    draws(&Stage::start()?, &Faults::compile()?, &[], &["draw", "deny-memfd-now"])
}

/// Neither a memfd nor a System V segment: frames go through the socket.
#[test]
fn without_any_shared_memory() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for transport in ["auto", "memfd", "sysv"] {
        let arguments = ["draw", "deny-memfd-now", "deny-shmget-now"];
        draws(&stage, &faults, &["--transport", transport], &arguments)?;
    }
    Ok(())
}

/// Shared memory is refused once frames flow, as when a limit is reached.
#[test]
fn shared_memory_runs_out() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for transport in ["memfd", "sysv"] {
        let arguments = ["draw", "grow", "deny-memfd-later", "deny-shmget-later"];
        draws(&stage, &faults, &["--transport", transport], &arguments)?;
    }
    Ok(())
}

/// No descriptor is left for a new one.
#[test]
fn descriptors_run_out() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    draws(&stage, &faults, &[], &["draw", "grow", "no-descriptors-later"])
}

/// A System V segment of mode 0600 is not for a server of another user.
#[test]
fn a_2d_side_of_another_user() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let other = XServer::xvfb().without_glx().user(65534).start()?;
    for transport in ["auto", "memfd", "sysv", "putimage"] {
        let mut command = glxrun()?;
        other.apply(&mut command);
        command.args([
            "--stats=60",
            "--spoil",
            "off",
            "--transport",
            transport,
            "-d",
            &stage.three_d_name(),
            "--",
        ]);
        command.arg(faults.path()).arg("draw");
        shows_the_last_frame(&Screen::connect(&other)?, command)?;
    }
    Ok(())
}

/// The library preloaded by hand, without the launcher's own connections and checks.
fn preloaded(stage: &Stage, display: &str, program: &Path) -> Result<Command> {
    let mut command = stage.direct(&program.to_string_lossy())?;
    command.env("DISPLAY", display);
    command.env("LD_PRELOAD", artifacts::directory()?.join("libglxrun.so"));
    command.env("GLXRUN_DISPLAY3D", stage.three_d_name());
    Ok(command)
}

/// The program's own connection is the last that the server takes.
#[test]
fn the_2d_side_takes_no_more_connections() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let small = XServer::xvfb().without_glx().args(&["-maxclients", "64"]).start()?;
    let mut others = Vec::new();
    while let Ok(other) = x11rb::connect(Some(&small.display())) {
        others.push(other);
    }
    ensure!(others.pop().is_some(), "no connection at all");
    // The server has taken note of the end of that one once it takes another.
    let start = Instant::now();
    while x11rb::connect(Some(&small.display())).is_err() {
        ensure!(start.elapsed() < deadline(), "no place became free");
    }
    let mut command = preloaded(&stage, &small.display(), &faults.path())?;
    command.arg("draw");
    let ended = Program::run(command)?;
    let ours: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("glxrun: ")).collect();
    // Either the free place was taken by the program, and we are told, or Xlib was refused by the one before it.
    ensure!(ended.status.code() == Some(100) && ours.len() <= 1, "{ended:?}");
    ensure!(ours.iter().all(|line| line.contains(&small.display())), "{ended:?}");
    Ok(())
}
