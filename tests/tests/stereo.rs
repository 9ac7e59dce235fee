//! Stereo windows, and what the user forces on all windows: samples, alpha, gamma.

use std::time::{Duration, Instant};

use glxrun_tests::program::deadline;
use glxrun_tests::{Image, Program, Result, Stage, ensure};

type Colour = [u8; 3];

const GREY: Colour = [51; 3];
const ORANGE: Colour = [255, 102, 0];
const BLUE: Colour = [0, 102, 255];
const WHITE: Colour = [255; 3];

/// What the example `stereo` shows with options, and what it says first.
fn shown(stage: &Stage, options: &[&str], arguments: &[&str]) -> Result<(Image, String)> {
    let mut command = stage.split(options, "stereo")?;
    command.args(arguments);
    let mut program = Program::start(command)?;
    let said = program.line_where(|line| line.starts_with("stereo "))?;
    program.line_where(|line| line == "ready")?;
    let screen = stage.two_d_screen()?;
    let window = screen.first_window()?;
    // No event tells of a frame's arrival.
    let start = Instant::now();
    let picture = loop {
        let picture = screen.picture(window)?;
        if !picture.is_uniform() {
            break picture;
        }
        ensure!(start.elapsed() < deadline(), "no frame is shown: {}", program.report());
        std::thread::sleep(Duration::from_millis(5));
    };
    program.finish()?.success()?;
    Ok((picture, said))
}

fn colour(picture: &Image, x: u16, y: u16) -> Colour {
    let [red, green, blue, _] = picture.pixel8(x, y);
    [red, green, blue]
}

/// Each eye's bar is where the other eye sees grey; the line at the bottom is both eyes'. The window has 64x48 pixels.
fn shows(mode: &str, expected: &[(u16, u16, Colour)]) -> Result<()> {
    let stage = Stage::start()?;
    let (picture, said) = shown(&stage, &["--stereo", mode], &[])?;
    ensure!(said.starts_with("stereo 1 "), "{said}");
    for &(x, y, expected) in expected {
        let actual = colour(&picture, x, y);
        ensure!(actual == expected, "{mode}: {actual:?} instead of {expected:?} at {x},{y}");
    }
    Ok(())
}

#[test]
fn one_eye() -> Result<()> {
    shows("left", &[(16, 24, ORANGE), (48, 24, GREY), (32, 46, WHITE)])?;
    shows("right", &[(16, 24, GREY), (48, 24, BLUE), (32, 46, WHITE)])
}

#[test]
fn anaglyphs() -> Result<()> {
    // The left eye's colours of the left bar, the right eye's of the right one.
    shows("redcyan", &[(16, 24, [255, 51, 51]), (48, 24, [51, 102, 255]), (32, 46, WHITE), (32, 3, GREY)])?;
    shows("greenmagenta", &[(16, 24, [51, 102, 51]), (48, 24, [0, 51, 255]), (32, 46, WHITE)])?;
    shows("blueyellow", &[(16, 24, [255, 102, 51]), (48, 24, [51, 51, 255]), (32, 46, WHITE)])
}

#[test]
fn eyes_take_turns() -> Result<()> {
    shows("interleaved", &[(16, 24, ORANGE), (16, 25, GREY), (48, 24, GREY), (48, 25, BLUE)])?;
    shows("columns", &[(16, 24, ORANGE), (17, 24, GREY), (48, 24, GREY), (49, 24, BLUE)])?;
    shows(
        "checkerboard",
        &[(16, 24, ORANGE), (17, 24, GREY), (17, 25, ORANGE), (49, 24, BLUE), (48, 24, GREY)],
    )
}

#[test]
fn halves() -> Result<()> {
    shows("sidebyside", &[(8, 24, ORANGE), (24, 24, GREY), (40, 24, GREY), (56, 24, BLUE)])?;
    shows("topbottom", &[(16, 12, ORANGE), (48, 12, GREY), (16, 36, GREY), (48, 36, BLUE)])
}

#[test]
fn windows_without_stereo_do_not_notice() -> Result<()> {
    let (picture, said) = shown(&Stage::start()?, &["--stereo", "sidebyside"], &["--mono"])?;
    ensure!(said.starts_with("stereo 0 samples 0 "), "{said}");
    ensure!(colour(&picture, 3, 3) == [128; 3], "{:?}", colour(&picture, 3, 3));
    Ok(())
}

/// How many pixels are neither the field's nor the triangle's colour.
fn on_edges(picture: &Image) -> usize {
    let places = (0..64).flat_map(|x| (0..48).map(move |y| (x, y)));
    places.filter(|&(x, y)| ![[128; 3], WHITE].contains(&colour(picture, x, y))).count()
}

#[test]
fn forced_samples_smooth_edges() -> Result<()> {
    let stage = Stage::start()?;
    let (plain, _) = shown(&stage, &[], &["--mono"])?;
    ensure!(on_edges(&plain) == 0, "{} pixels are smooth already", on_edges(&plain));
    let (smooth, said) = shown(&stage, &["--samples", "4"], &["--mono"])?;
    ensure!(said.starts_with("stereo 0 samples 4 "), "{said}");
    ensure!(on_edges(&smooth) > 20, "{} pixels are smooth", on_edges(&smooth));
    Ok(())
}

#[test]
fn forced_alpha_is_there_and_the_window_is_like_any_other() -> Result<()> {
    let stage = Stage::start()?;
    let (picture, said) = shown(&stage, &["--force-alpha"], &["--mono"])?;
    ensure!(said.ends_with(" alpha 8"), "{said}");
    ensure!(colour(&picture, 3, 3) == [128; 3], "{:?}", colour(&picture, 3, 3));
    ensure!(picture.format.depth == 24, "the window has depth {}", picture.format.depth);
    Ok(())
}

/// 255 times 128/255 to the power of 1/2 and of 2; white stays.
#[test]
fn gamma_brightens_and_darkens_what_is_shown() -> Result<()> {
    let stage = Stage::start()?;
    for (factor, expected) in [("2", 181), ("0.5", 64), ("1", 128)] {
        for readback in ["auto", "pbo"] {
            let (picture, _) = shown(&stage, &["--gamma", factor, "--readback", readback], &["--mono"])?;
            ensure!(colour(&picture, 3, 3) == [expected; 3], "{factor}: {:?}", colour(&picture, 3, 3));
            ensure!(colour(&picture, 35, 40) == WHITE, "{factor}: {:?}", colour(&picture, 35, 40));
        }
    }
    // Stereo pictures are read by the example itself, which finds what it drew.
    let (picture, _) = shown(&stage, &["--gamma", "2", "--stereo", "left"], &[])?;
    ensure!(colour(&picture, 48, 24) == [114; 3], "{:?}", colour(&picture, 48, 24));
    Ok(())
}
