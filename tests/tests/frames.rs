//! How many frames arrive, and which: spoiling may skip frames but never the last, and without it none is skipped.

use glxrun_tests::lockstep::wait_until_same;
use glxrun_tests::stage::{Counts, glxrun};
use glxrun_tests::{Program, Result, Stage, artifacts, ensure};

/// Runs `scene` at full speed with options for glxrun, and gives the counts of its only window once the picture has been
/// compared with the direct run's.
fn full_speed(options: &[&str], arguments: &[&str]) -> Result<Counts> {
    let stage = Stage::start()?;
    let (mut direct, mut split) =
        (stage.direct("scene")?, stage.split(&[options, &["--stats"]].concat(), "scene")?);
    direct.args(arguments);
    split.args(arguments);
    let (mut direct, mut split) = (Program::start(direct)?, Program::start(split)?);
    direct.line_where(|line| line == "ready")?;
    split.line_where(|line| line == "ready")?;
    wait_until_same(&stage.reference_screen()?, &stage.two_d_screen()?)?;
    direct.finish()?.success()?;
    Counts::only_window(&split.finish()?.success()?.stderr)
}

#[test]
fn without_spoiling_every_frame_is_delivered() -> Result<()> {
    for size in ["64x64", "640x480"] {
        let counts = full_speed(&["--spoil", "off"], &["spin", "--size", size, "--frames", "200"])?;
        ensure!(counts == Counts { rendered: 200, delivered: 200, dropped: 0 }, "{size}: {counts:?}");
    }
    Ok(())
}

#[test]
fn with_spoiling_the_last_frame_is_shown_and_every_frame_is_accounted_for() -> Result<()> {
    let counts = full_speed(&["--spoil", "on"], &["spin", "--size", "1280x720", "--frames", "200"])?;
    ensure!(counts.rendered == 200 && counts.delivered >= 1, "{counts:?}");
    ensure!(counts.delivered + counts.dropped == counts.rendered, "{counts:?}");
    Ok(())
}

#[test]
fn drawing_to_the_front_makes_frames_too() -> Result<()> {
    let counts = full_speed(&["--spoil", "off"], &["singlebuffer", "--frames", "20"])?;
    ensure!(counts.rendered >= 20 && counts.delivered == counts.rendered, "{counts:?}");
    Ok(())
}

#[test]
fn a_frame_rate_cap_drops_nothing_of_what_is_shown_last() -> Result<()> {
    let counts = full_speed(&["--fps", "100"], &["spin", "--size", "64x64", "--frames", "50"])?;
    ensure!(counts.rendered == 50 && counts.delivered >= 1, "{counts:?}");
    Ok(())
}

/// A program that draws by itself on its display is only watched, however it found the functions.
#[test]
fn direct_mode_counts_swaps() -> Result<()> {
    let stage = Stage::start()?;
    for way in ["dlsym", "procaddress", "procaddressarb"] {
        let mut command = glxrun()?;
        stage.apply_reference(&mut command)?;
        command.args(["--mode", "direct", "--stats", "--"]).arg(artifacts::program("scene")?);
        command.args(["spin", "--frames", "20", "--load", way]);
        let counts = Counts::only_window(&Program::run(command)?.success()?.stderr)?;
        ensure!(counts.rendered == 20, "{way}: {counts:?}");
    }
    Ok(())
}
