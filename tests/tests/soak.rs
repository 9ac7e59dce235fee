//! A few thousand large frames: memory stays flat, nothing is lost. `bench soak --minutes 30` is the long version.

use std::time::Duration;

use glxrun_tests::{Result, Stage, artifacts, soak};

fn frames(options: &[&str]) -> Result<()> {
    let stage = Stage::start()?;
    let mut command = stage.glxrun()?;
    command.arg("--stats").args(options).arg("--").arg(artifacts::program("clears")?);
    command.args(["--size", "1920x1080", "--seconds", "4"]);
    // Memory that the driver takes by and by is not ours to judge; a slot would be 8 MiB, and more at each frame.
    soak::run(command, Duration::from_millis(100), Duration::from_millis(3500))?.check(6 << 10)
}

#[test]
fn memory_stays_flat_with_spoiling() -> Result<()> {
    frames(&[])
}

#[test]
fn memory_stays_flat_when_every_frame_is_shown() -> Result<()> {
    frames(&["--spoil", "off"])
}
