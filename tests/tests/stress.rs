//! Many threads at once, and the same many times over.

use glxrun_tests::{Program, Result, Stage};

fn holds(case: &[&str]) -> Result<()> {
    let stage = Stage::start()?;
    let mut command = stage.split(&[], "scene")?;
    command.args(case);
    Program::run(command)?.success()?;
    Ok(())
}

#[test]
fn thirty_threads_resize_their_windows_at_random() -> Result<()> {
    holds(&["thirtythreads", "--frames", "25"])
}

#[test]
fn five_hundred_cycles_leave_nothing_behind() -> Result<()> {
    holds(&["cycles"])
}
