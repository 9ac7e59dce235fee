//! Shared memory is refused, runs out or is not to be had from the start: frames take another way, and none is lost.

use glxrun_tests::faults::{APIS, Faults, shows_the_last_frame, wait_for_frame};
use glxrun_tests::stage::Counts;
use glxrun_tests::{Program, Result, Screen, Stage, XServer, ensure};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

/// What the program's frames 4 and 19 are, its last ones without and with `grow`.
const LAST: [u32; 2] = [4, 19];

/// Runs `draw` with words and waits until the window shows its last frame.
fn draws(stage: &Stage, faults: &Faults, transport: &str, words: &[&str]) -> Result<()> {
    let options = ["--stats=60", "--spoil", "off", "--transport", transport];
    for api in APIS {
        let command = faults.split(stage, &options, &[api, &["draw"], words].concat())?;
        let last = LAST[usize::from(words.contains(&"grow"))];
        let counts = shows_the_last_frame(&stage.two_d_screen()?, command, last)?;
        ensure!(counts.dropped == 0, "{transport} {words:?}: {counts:?}");
    }
    Ok(())
}

/// As a container's seccomp profile may have it.
#[test]
fn without_memfd() -> Result<()> {
    draws(&Stage::start()?, &Faults::compile()?, "auto", &["deny-memfd-now"])
}

/// Neither a memfd nor a System V segment: frames go through the socket.
#[test]
fn without_any_shared_memory() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for transport in ["auto", "memfd", "sysv"] {
        draws(&stage, &faults, transport, &["deny-memfd-now", "deny-shmget-now"])?;
    }
    Ok(())
}

/// Shared memory is refused once frames flow, as when a limit is reached.
#[test]
fn shared_memory_is_refused_later() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for transport in ["memfd", "sysv"] {
        draws(&stage, &faults, transport, &["grow", "deny-memfd-later", "deny-shmget-later"])?;
    }
    Ok(())
}

/// ENOSPC, from the start and once frames flow.
#[test]
fn no_space_is_left() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for transport in ["memfd", "sysv"] {
        draws(&stage, &faults, transport, &["full-memfd-now", "full-shmget-now"])?;
        draws(&stage, &faults, transport, &["grow", "full-memfd-later", "full-shmget-later"])?;
    }
    Ok(())
}

/// No descriptor is left for a new one (EMFILE).
#[test]
fn descriptors_run_out() -> Result<()> {
    draws(&Stage::start()?, &Faults::compile()?, "auto", &["grow", "no-descriptors-later"])
}

/// A System V segment of mode 0600 is not for a server of another user.
#[test]
fn a_2d_side_of_another_user() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let other = XServer::xvfb().without_glx().user(65534).start()?;
    for transport in ["auto", "memfd", "sysv", "putimage"] {
        let options = ["--stats=60", "--spoil", "off", "--transport", transport];
        let command = faults.between(&stage.three_d_name(), &other, &options, &["draw"])?;
        let counts = shows_the_last_frame(&Screen::connect(&other)?, command, LAST[0])?;
        ensure!(counts.dropped == 0, "{transport}: {counts:?}");
    }
    Ok(())
}

/// The 2D side has no MIT-SHM at all.
#[test]
fn a_2d_side_without_shared_memory() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let poor = XServer::xvfb().without_glx().args(&["-extension", "MIT-SHM"]).start()?;
    for transport in ["auto", "memfd", "sysv"] {
        let options = ["--stats=60", "--spoil", "off", "--transport", transport];
        let command = faults.between(&stage.three_d_name(), &poor, &options, &["draw"])?;
        let counts = shows_the_last_frame(&Screen::connect(&poor)?, command, LAST[0])?;
        ensure!(counts.dropped == 0, "{transport}: {counts:?}");
    }
    Ok(())
}

/// The X server has no descriptor left once frames flow: it answers AttachFd with an error.
#[test]
fn a_2d_side_that_rejects_memfds() -> Result<()> {
    let faults = Faults::compile()?;
    for api in APIS {
        let stage = Stage::start()?;
        let screen = stage.two_d_screen()?;
        let options = ["--stats=60", "--spoil", "off", "--log", "info", "--transport", "memfd"];
        let mut program = Program::start(faults.split(&stage, &options, &[api, &["step"]].concat())?)?;
        draw_four(&mut program)?;
        no_more_descriptors(stage.two_d().pid())?;
        program.say("larger")?;
        program.line_where(|line| line == "larger")?;
        draw_four(&mut program)?;
        wait_for_frame(&screen, &program, (1100, 600), 7)?;
        let ended = program.finish()?.success()?;
        ensure!(ended.stderr.contains("does not attach shared memory"), "{ended:?}");
        ensure!(Counts::only_window(&ended.stderr)?.dropped == 0, "{ended:?}");
    }
    Ok(())
}

fn draw_four(program: &mut Program) -> Result<()> {
    for _ in 0..4 {
        program.say("frame")?;
        program.line_where(|line| line == "swapped")?;
    }
    Ok(())
}

/// From now on the process gets no new descriptor.
fn no_more_descriptors(process: Pid) -> Result<()> {
    let entry = |number: u64| format!("/proc/{}/fd/{number}", process.as_raw_nonzero());
    let is_used = |number: &u64| std::fs::symlink_metadata(entry(*number)).is_ok();
    let limit = (0..).find(|number| !is_used(number));
    prlimit(Some(process), Resource::Nofile, Rlimit { current: limit, maximum: limit })?;
    Ok(())
}
