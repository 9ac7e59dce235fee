//! Many large frames, many windows, many changes: nothing grows, no frame is lost. `make soak` is the long version.

use glxrun_tests::faults::full;
use glxrun_tests::soak::{Soak, Soaker};
use glxrun_tests::{Result, Stage};

fn soak(options: &[&str], what: &str, how_much: &str) -> Result<Soak> {
    let stage = Stage::start()?;
    let mut command = stage.glxrun()?;
    command.arg("--stats").args(options);
    Soaker::compile()?.run(command, &[stage.two_d(), stage.three_d()], what, how_much)
}

#[test]
fn large_frames_with_spoiling() -> Result<()> {
    // Memory that the driver takes by and by is not ours to judge, and two more slots of 8 MiB may come late: a leak would be one at each frame.
    soak(&[], "steady", "4")?.check(24 << 10)
}

#[test]
fn large_frames_when_every_one_is_shown() -> Result<()> {
    soak(&["--spoil", "off"], "steady", "4")?.check(24 << 10)
}

#[test]
fn windows_contexts_and_threads_that_come_and_go() -> Result<()> {
    soak(&[], "changes", "8")?.check(6 << 10)
}

/// 10,000 windows; in CI 800. A surface left behind for each would be tens of MiB.
#[test]
fn many_windows_one_after_the_other() -> Result<()> {
    soak(&[], "windows", if full() { "10000" } else { "800" })?.check(6 << 10)
}
