//! An X server dies, stops, is full or comes back: a program ends as Xlib has it end or goes on, and is told why.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread::sleep;
use std::time::{Duration, Instant};

use glxrun_tests::faults::{
    APIS, Faults, endless, full, shows_the_last_frame, status, wait_for_frame, wait_for_frames,
};
use glxrun_tests::program::deadline;
use glxrun_tests::{Program, Result, Screen, Stage, XServer, artifacts, ensure};
use rustix::process::{Signal, kill_process};

/// Ways for frames, and sizes for a frame that a socket has room for and for one that it has none for.
const WAYS: [(&str, &str, [&str; 2]); 4] = [
    ("auto", "on", ["300", "200"]),
    ("auto", "off", ["1500", "1000"]),
    ("putimage", "on", ["1500", "1000"]),
    ("putimage", "off", ["300", "200"]),
];

/// Xlib's own answers to a lost connection: exit status 1 when it reads, SIGPIPE when it writes.
const LOST: [i32; 2] = [1, 141];

/// The server is stopped, so that frames are on their way, and killed then.
#[test]
fn the_2d_side_is_killed_in_the_middle_of_a_frame() -> Result<()> {
    let faults = Faults::compile()?;
    for api in APIS {
        for (transport, spoil, size) in WAYS {
            let mut stage = Stage::start()?;
            let options = ["--transport", transport, "--spoil", spoil];
            let program = endless(faults.split(&stage, &options, &[api, &["for-ever"], &size].concat())?)?;
            wait_for_frames(&stage.two_d_screen()?, &program)?;
            kill_process(stage.two_d().pid(), Signal::STOP)?;
            // More than enough for the frames that fit on the way.
            sleep(Duration::from_millis(200));
            ensure!(program.is_running()?, "{}", program.report());
            stage.two_d_mut().kill()?;
            let ended = program.wait()?;
            ensure!(LOST.contains(&status(&ended)), "{ended:?}");
            ensure!(!ended.stderr.contains("panicked"), "{ended:?}");
        }
    }
    Ok(())
}

/// The 3D side's X server is ours alone, so the program outlives it.
#[test]
fn the_3d_side_is_killed_between_frames() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for api in APIS {
        let mut three_d = XServer::xvfb().start()?;
        let words = [api, &["for-ever"]].concat();
        let program = endless(faults.between(&three_d.display(), stage.two_d(), &[], &words)?)?;
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
    }
    Ok(())
}

/// A stopped X server holds the program up at most, as it would direct; afterwards frames arrive again.
#[test]
fn the_2d_side_stops_reading_for_a_while() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    // Whatever queues is full after one.
    let pause = Duration::from_secs(if full() { 10 } else { 1 });
    let mut programs = Vec::new();
    for (transport, spoil, size) in WAYS {
        for api in APIS {
            let options = ["--transport", transport, "--spoil", spoil];
            programs.push(endless(faults.split(&stage, &options, &[api, &["for-ever"], &size].concat())?)?);
        }
    }
    let screen = stage.two_d_screen()?;
    kill_process(stage.two_d().pid(), Signal::STOP)?;
    sleep(pause);
    kill_process(stage.two_d().pid(), Signal::CONT)?;
    // The one whose window is on top; then the next, which comes to light.
    while let Some(program) = programs.pop() {
        wait_for_frames(&screen, &program)?;
        program.signal(Signal::TERM)?;
        let ended = program.wait()?;
        ensure!(status(&ended) == 143, "{ended:?}");
    }
    Ok(())
}

/// A 2D side under a number that servers which look for one do not come to.
fn numbered() -> Result<XServer> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id().wrapping_mul(4).wrapping_add(COUNT.fetch_add(1, Relaxed));
    let display = format!(":{}", 20_000 + own % 20_000);
    XServer::xvfb().without_glx().args(&[&display]).start()
}

/// Another server under the same number, as when a VNC session is restarted.
fn restarted(mut two_d: XServer) -> Result<XServer> {
    let display = two_d.display();
    two_d.kill()?;
    drop(two_d);
    XServer::xvfb().without_glx().args(&[&display]).start()
}

#[test]
fn the_2d_side_comes_back_under_its_number() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let name = stage.three_d_name();
    for api in APIS {
        let two_d = numbered()?;
        let display = two_d.display();
        let program = endless(faults.between(&name, &two_d, &[], &[api, &["for-ever"]].concat())?)?;
        let two_d = restarted(two_d)?;
        ensure!(two_d.display() == display);
        let ended = program.wait()?;
        ensure!(LOST.contains(&status(&ended)), "{ended:?}");
        let told: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("glxrun: ")).collect();
        let news = format!("the connection to the 2D side {display} is lost");
        ensure!(told.len() <= 1 && told.iter().all(|line| line.contains(&news)), "{ended:?}");
        // All is as before for the next program.
        let command = faults.between(&name, &two_d, &["--stats=60"], &[api, &["draw"]].concat())?;
        shows_the_last_frame(&Screen::connect(&two_d)?, command, 4)?;
    }
    Ok(())
}

/// A program that outlives the loss of its windows opens others on the new server.
#[test]
fn a_program_that_goes_on_finds_the_2d_side_that_came_back() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for api in APIS {
        let two_d = numbered()?;
        let words = [api, &["reconnect"]].concat();
        let mut program = endless(faults.between(&stage.three_d_name(), &two_d, &["--stats=60"], &words)?)?;
        let two_d = restarted(two_d)?;
        program.say("go on")?;
        program.line_where(|line| line == "drawn")?;
        wait_for_frame(&Screen::connect(&two_d)?, &program, (10, 10), 4)?;
        program.finish()?.success()?;
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
    for api in APIS {
        ensure!(others.pop().is_some(), "no connection at all");
        // The server has taken note of the end of that one once it takes another.
        let start = Instant::now();
        while x11rb::connect(Some(&small.display())).is_err() {
            ensure!(start.elapsed() < deadline(), "no place became free");
        }
        let mut command = preloaded(&stage, &small.display(), &faults.path())?;
        command.args(api).arg("draw");
        let ended = Program::run(command)?;
        let ours: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("glxrun: ")).collect();
        // Either the free place was taken by the program, and that is told, or Xlib was refused by the one before it.
        // Without us there is no GLX on that server, and EGL draws by itself.
        let draws_by_itself = !api.is_empty() && ended.status.success();
        ensure!(draws_by_itself || ended.status.code() == Some(100), "{ended:?}");
        ensure!(ours.len() <= 1, "{ended:?}");
        ensure!(ours.iter().all(|line| line.contains(&small.display())), "{ended:?}");
        // As many as before.
        others.extend(std::iter::from_fn(|| x11rb::connect(Some(&small.display())).ok()));
    }
    Ok(())
}
