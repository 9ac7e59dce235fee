//! Frame records: each frame's moments, split and direct, in a file that is read after the program's end.

use std::process::Command;

use glxrun_contract::records::{Frame, Moment, Reader, RecordFile};
use glxrun_tests::{Program, Result, Stage, artifacts, ensure};

/// Runs `engine` for 40 frames with the library preloaded by hand; its frames' records.
fn engine(stage: &Stage, variables: &[(&str, &str)], direct: bool) -> Result<Vec<Frame>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("records");
    let file = RecordFile::create(&path, 64)?;
    let mut command = Command::new(artifacts::program("engine")?);
    let server = if direct { stage.reference() } else { stage.two_d() };
    server.apply(&mut command);
    command.args(["--frames", "40", "--vsync", "0", "--script", "20:300x200"]);
    command.env("LD_PRELOAD", artifacts::directory()?.join("libglxrun.so"));
    command.env("GLXRUN_DISPLAY3D", stage.three_d_name()).env("GLXRUN_RECORDS", &path);
    command.envs(variables.iter().copied());
    Program::run(command)?.success()?;
    let mut reader = Reader::new(file);
    let frames = reader.read(true);
    ensure!(reader.lost == 0, "{} records are lost", reader.lost);
    let numbers: Vec<u64> = frames.iter().map(|frame| frame.number).collect();
    ensure!(numbers == (1..=40).collect::<Vec<_>>(), "the frames are {numbers:?}");
    ensure!(
        frames.iter().all(|frame| frame.window == frames[0].window && frame.pid == frames[0].pid),
        "{frames:?}"
    );
    Ok(frames)
}

fn in_order(frame: &Frame, moments: &[Moment]) -> Result<()> {
    let times: Vec<_> = moments.iter().map(|moment| frame.at(*moment)).collect();
    ensure!(
        times.iter().all(Option::is_some) && times.is_sorted(),
        "{moments:?} were at {times:?} of {frame:?}"
    );
    Ok(())
}

#[test]
fn each_delivered_frame_has_all_its_moments_in_order() -> Result<()> {
    let frames = engine(&Stage::start()?, &[("GLXRUN_SPOIL", "off")], false)?;
    // The program may end before the last ones are on the screen.
    for frame in &frames[..36] {
        in_order(
            frame,
            &[Moment::Entered, Moment::Slot, Moment::Read, Moment::Taken, Moment::Sent, Moment::Done],
        )?;
        in_order(frame, &[Moment::Entered, Moment::Left])?;
        ensure!(frame.at(Moment::Dropped).is_none(), "{frame:?}");
    }
    Ok(())
}

#[test]
fn a_frame_is_delivered_or_dropped_never_both() -> Result<()> {
    let frames = engine(&Stage::start()?, &[("GLXRUN_SPOIL", "on")], false)?;
    for frame in &frames[..36] {
        let ends = [frame.at(Moment::Done), frame.at(Moment::Dropped)];
        ensure!(ends.iter().flatten().count() == 1, "{frame:?}");
    }
    Ok(())
}

#[test]
fn in_direct_mode_swaps_are_timed_and_nothing_else() -> Result<()> {
    let frames = engine(&Stage::start()?, &[("GLXRUN_MODE", "direct")], true)?;
    for frame in &frames {
        in_order(frame, &[Moment::Entered, Moment::Done, Moment::Left])?;
        ensure!(frame.times.iter().filter(|time| **time != 0).count() == 3, "{frame:?}");
    }
    Ok(())
}
