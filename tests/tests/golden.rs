//! `glxrun golden`: pictures of frames by number, recorded and checked.

use std::path::Path;
use std::process::Command;

use glxrun_tests::program::Ended;
use glxrun_tests::stage::{Backend, glxrun};
use glxrun_tests::{Context, Image, Program, Result, Tolerance, artifacts, ensure};

/// golden with a program whose frames are the same in each run.
fn golden(words: &[&str], frames: &str) -> Result<Ended> {
    let side = match Backend::from_env()? {
        Backend::Glx | Backend::Xorg => "xvfb",
        Backend::Egl(device) => device,
    };
    let mut command: Command = glxrun()?;
    command.arg("golden").args(words).args(["--options", &format!("-d {side} --size 640x480")]);
    // The folder is the last of `words`.
    command.arg(artifacts::program("engine")?);
    command.args(["--frames", frames, "--vsync", "0", "--script", "", "--size", "320x200"]);
    Program::run(command)
}

fn status(ended: &Ended, wanted: i32, said: &str) -> Result<()> {
    ensure!(
        ended.status.code() == Some(wanted) && ended.stderr.contains(said),
        "{}: {}",
        ended.status,
        ended.stderr
    );
    Ok(())
}

/// The words of a command line before its program: options, then the folder.
fn words<'a>(first: &'a str, options: &[&'a str], folder: &'a Path) -> Result<Vec<&'a str>> {
    let folder = folder.to_str().context("a folder in UTF-8")?;
    Ok([&[first], options, &["--timeout", "50", folder]].concat())
}

#[test]
fn frames_are_recorded_and_pass() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pictures = folder.path().join("pictures");
    // --options comes behind the folder, but before the program.
    status(
        &golden(&words("record", &["--frames", "20,5"], &pictures)?, "1000000")?,
        0,
        "frame-20.png (320x200)",
    )?;
    let (first, second) = (pictures.join("frame-5.png"), pictures.join("frame-20.png"));
    let (first, second) = (Image::load(&first)?, Image::load(&second)?);
    ensure!(
        !first.agrees(&second, Tolerance::EXACT) && (first.width, first.height) == (320, 200),
        "not two frames"
    );
    let junit = folder.path().join("junit.xml");
    let options = ["--junit", junit.to_str().context("a path")?];
    let ended = golden(&words("check", &options, &pictures)?, "1000000")?;
    status(&ended, 0, "all 2 frames are as they were recorded")?;
    let cases = std::fs::read_to_string(&junit)?;
    ensure!(cases.contains("name=\"frame 5\"") && cases.contains("failures=\"0\""), "{cases}");
    Ok(())
}

#[test]
fn a_changed_picture_fails_with_a_report() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (pictures, report) = (folder.path().join("pictures"), folder.path().join("report"));
    status(&golden(&words("record", &["--frames", "5"], &pictures)?, "1000000")?, 0, "saved")?;
    let file = pictures.join("frame-5.png");
    let mut image = Image::load(&file)?;
    // One channel of a pixel, by two.
    image.data[(9 * 320 + 7) * 4] ^= 2;
    image.save(&file)?;

    let report_text = report.to_str().context("a path")?;
    let ended = golden(&words("check", &["--report", report_text], &pictures)?, "1000000")?;
    status(&ended, 1, "frame 5 differs: 1 of 64000 pixels differ")?;
    for name in ["frame-5-golden.png", "frame-5-seen.png", "frame-5-difference.png", "index.html"] {
        ensure!(report.join(name).is_file(), "no {name}");
    }
    for tolerance in ["2", "ssim:0.99"] {
        let ended = golden(&words("check", &["--tolerance", tolerance], &pictures)?, "1000000")?;
        status(&ended, 0, "all 1 frames are as they were recorded")?;
    }
    Ok(())
}

#[test]
fn a_program_that_ends_before_a_frame_is_told() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pictures = folder.path().join("pictures");
    let ended = golden(&words("record", &["--frames", "2,50"], &pictures)?, "4")?;
    status(&ended, 2, "1 of 2 frames were recorded: the program ended with status 0 after frame 4")?;
    std::fs::copy(pictures.join("frame-2.png"), pictures.join("frame-30.png"))?;
    let ended = golden(&words("check", &[], &pictures)?, "4")?;
    status(&ended, 2, "frame 30 was not seen: the program ended with status 0")
}

#[test]
fn a_folder_without_pictures_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    status(&golden(&words("check", &[], folder.path())?, "4")?, 125, "make them with glxrun golden record")
}
