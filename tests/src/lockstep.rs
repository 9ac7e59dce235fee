//! The proof that split is direct: the same program run both ways at once, one frame at a time, all windows compared
//! after each.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::image::{Image, Tolerance};
use crate::program::{Program, deadline};
use crate::screen::Screen;
use crate::stage::{Reference, Stage};

/// Runs an example with `arguments` direct and split, in lock step (`--step`), and compares what all its windows show after each
/// frame, what it says about itself, and how it ends. Gives the number of frames compared.
pub fn compare_frames(stage: &Stage, program: &str, arguments: &[&str]) -> Result<u32> {
    compare_frames_as(stage, program, arguments, &[])
}

/// As [`compare_frames`], with options for glxrun.
pub fn compare_frames_as(stage: &Stage, program: &str, arguments: &[&str], options: &[&str]) -> Result<u32> {
    let (mut direct, mut split) = (stage.direct(program)?, stage.split(options, program)?);
    direct.args(arguments).arg("--step");
    split.args(arguments).arg("--step");
    let (mut direct, mut split) = (Program::start(direct)?, Program::start(split)?);
    let (direct_screen, split_screen) = (stage.reference_screen()?, stage.two_d_screen()?);
    let mut frames = 0;
    loop {
        let line = direct.line_where(counts).context("direct run")?;
        let split_line = split.line_where(counts).context("split run")?;
        ensure!(
            same_line(&line, &split_line)?,
            "direct printed {line:?}, split {split_line:?}\n{}",
            split.report()
        );
        let is_last = line == "ready";
        if is_last || line.starts_with("frame ") {
            wait_until_same(&direct_screen, &split_screen)
                .with_context(|| format!("at {line:?} of {}", split.report()))?;
        }
        if is_last {
            break;
        }
        if line.starts_with("frame ") {
            frames += 1;
            direct.say("")?;
            split.say("")?;
        }
    }
    direct.finish()?.success().context("direct run")?;
    split.finish()?.success().context("split run")?;
    Ok(frames)
}

/// Whether a line of the examples' output must be the same in both runs; others tell of what may differ, such as an
/// extension that the direct display lacks.
fn counts(line: &str) -> bool {
    ["frame ", "ready", "hash ", "refused "].iter().any(|word| line.starts_with(word))
}

/// Whether both runs say the same. What they read back is compared as closely as the pictures are: with another rasteriser
/// as the reference only the average colours that follow a hash count.
fn same_line(direct: &str, split: &str) -> Result<bool> {
    if direct == split || !Reference::from_env()?.is_other() || !direct.starts_with("hash ") {
        return Ok(direct == split);
    }
    let averages = |line: &str| -> Vec<u8> {
        let words = line.split(' ').filter_map(|word| word.strip_prefix('~'));
        let digits: Vec<u8> = words.flat_map(str::bytes).collect();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        digits.chunks(2).filter_map(byte).collect()
    };
    let (direct, split) = (averages(direct), averages(split));
    // An edge that is a pixel off weighs more in the average of a small part than in a picture.
    let most = 2 * Tolerance::OTHER_RASTERISER.channel;
    let near = direct.iter().zip(&split).all(|(direct, split)| direct.abs_diff(*split) <= most);
    Ok(near && !direct.is_empty() && direct.len() == split.len())
}

/// Waits until the windows of two screens show the same. Frames of a split run arrive a little after the program's swap,
/// and no event tells when, so this looks again until the deadline.
pub fn wait_until_same(direct: &Screen, split: &Screen) -> Result<()> {
    let tolerance = Reference::from_env()?.tolerance();
    let expected = pictures(direct)?;
    ensure!(!expected.is_empty(), "the direct run has no window");
    let start = Instant::now();
    loop {
        let shown = pictures(split)?;
        let agrees = |(expected, shown): (&Image, &Image)| expected.agrees(shown, tolerance);
        if expected.len() == shown.len() && expected.iter().zip(&shown).all(agrees) {
            return Ok(());
        }
        // A wrong picture is final long before a test as a whole is overdue.
        if start.elapsed() > deadline() / 6 {
            let place = save(&expected, &shown)?;
            compare(&expected, &shown, tolerance)
                .with_context(|| format!("pictures in {}", place.display()))?;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn pictures(screen: &Screen) -> Result<Vec<Image>> {
    screen.windows()?.into_iter().map(|window| screen.picture(window)).collect()
}

fn compare(expected: &[Image], shown: &[Image], tolerance: Tolerance) -> Result<()> {
    ensure!(expected.len() == shown.len(), "direct has {} windows, split {}", expected.len(), shown.len());
    for (index, (expected, shown)) in expected.iter().zip(shown).enumerate() {
        expected.ensure_agrees(shown, tolerance).with_context(|| format!("window {index}"))?;
    }
    Ok(())
}

/// Saves the pictures for a look at what went wrong.
fn save(expected: &[Image], shown: &[Image]) -> Result<PathBuf> {
    let test = std::thread::current().name().unwrap_or("test").replace("::", "-");
    let place = std::env::temp_dir().join(format!("glxrun-tests-{}", std::process::id())).join(test);
    std::fs::create_dir_all(&place)?;
    for (name, images) in [("direct", expected), ("split", shown)] {
        for (index, image) in images.iter().enumerate() {
            image.save(&place.join(format!("{name}-{index}.png")))?;
        }
    }
    Ok(place)
}
