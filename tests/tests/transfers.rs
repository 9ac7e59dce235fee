//! Frames that are read while the program goes on (`--readback pbo`, which works on the CPU too): the same pictures, none lost,
//! whatever ends in the midst of it.

use glxrun_tests::stage::Counts;
use glxrun_tests::{Context, Program, Result, Stage, TwoD, ensure, lockstep};

const OPTIONS: [&str; 2] = ["--readback", "pbo"];

fn cases(stage: &Stage, options: &[&str], cases: &[&[&str]]) -> Result<()> {
    for case in cases {
        lockstep::compare_frames_as(stage, "scene", case, options)?;
    }
    Ok(())
}

#[test]
fn pictures_are_the_same() -> Result<()> {
    cases(
        &Stage::start()?,
        &OPTIONS,
        &[
            &["spin", "--size", "641x479"],
            &["spin", "--samples", "4"],
            &["spin", "--core"],
            &["spin", "--es"],
            &["front"],
            &["readback", "--size", "17x13", "--alpha", "8"],
            &["resize"],
            &["singlebuffer"],
            &["getimage", "--frames", "10"],
            &["lists"],
        ],
    )
}

#[test]
fn pictures_are_the_same_from_threads_and_in_many_windows() -> Result<()> {
    cases(
        &Stage::start()?,
        &OPTIONS,
        &[
            &["threads"],
            &["handover"],
            &["sharedwindow"],
            &["sharedctx"],
            &["multiwindow"],
            &["subwindow"],
            &["twodisplays"],
            &["destroyfirst"],
            &["fork"],
            &["churn", "--frames", "15"],
        ],
    )
}

#[test]
fn pictures_are_the_same_without_spoiling() -> Result<()> {
    let options = [&OPTIONS[..], &["--spoil", "off"]].concat();
    cases(&Stage::start()?, &options, &[&["spin"], &["resize"], &["churn", "--frames", "8"]])
}

#[test]
fn pictures_are_the_same_where_only_changes_are_sent() -> Result<()> {
    let options = [&OPTIONS[..], &["--damage", "auto"]].concat();
    cases(&Stage::start()?, &options, &[&["spin"], &["front"], &["multiwindow"]])
}

#[test]
fn pictures_are_the_same_at_depth_16() -> Result<()> {
    cases(&Stage::with_depth(16)?, &OPTIONS, &[&["spin"], &["legacy"], &["resize"]])
}

#[test]
fn straight_into_the_screen() -> Result<()> {
    let options = [&OPTIONS[..], &["--sink", "framebuffer"]].concat();
    cases(
        &Stage::on(TwoD::XvfbFramebuffer, 24)?,
        &options,
        &[
            &["spin", "--size", "641x479"],
            &["front"],
            &["resize"],
            &["subwindow"],
            &["multiwindow"],
            &["twodisplays"],
            &["destroyfirst"],
            &["churn", "--frames", "15"],
        ],
    )
}

/// Runs `spin` at full speed, then idle; gives its counts once the window shows the last frame.
fn last_of(frames: &str, more: &[&str]) -> Result<Counts> {
    let stage = Stage::start()?;
    let options = [&OPTIONS[..], more, &["--stats"]].concat();
    let (mut direct, mut split) = (stage.direct("scene")?, stage.split(&options, "scene")?);
    for command in [&mut direct, &mut split] {
        command.args(["spin", "--size", "1280x720", "--frames", frames]);
    }
    let (mut direct, mut split) = (Program::start(direct)?, Program::start(split)?);
    direct.line_where(|line| line == "ready")?;
    split.line_where(|line| line == "ready")?;
    lockstep::wait_until_same(&stage.reference_screen()?, &stage.two_d_screen()?)?;
    direct.finish()?.success()?;
    Counts::only_window(&split.finish()?.success()?.stderr)
}

#[test]
fn the_last_frame_of_a_program_that_then_idles_is_shown() -> Result<()> {
    for frames in ["1", "2", "100"] {
        let counts = last_of(frames, &[])?;
        ensure!(counts.delivered + counts.dropped == counts.rendered, "{frames}: {counts:?}");
    }
    Ok(())
}

#[test]
fn without_spoiling_every_frame_is_delivered() -> Result<()> {
    let counts = last_of("100", &["--spoil", "off"])?;
    ensure!(counts == Counts { rendered: 100, delivered: 100, dropped: 0 }, "{counts:?}");
    Ok(())
}

#[test]
fn a_2d_server_that_dies_in_the_midst_holds_nobody_up() -> Result<()> {
    for spoil in ["on", "off"] {
        let mut stage = Stage::start()?;
        let options = [&OPTIONS[..], &["--spoil", spoil]].concat();
        let mut split = stage.split(&options, "clears")?;
        split.args(["--seconds", "3"]);
        let split = Program::start(split)?;
        stage.two_d_screen()?.first_window().with_context(|| split.report())?;
        stage.two_d_mut().kill()?;
        // Xlib ends the program, or it goes on without a window; either way it ends by itself.
        split.wait()?;
    }
    Ok(())
}
