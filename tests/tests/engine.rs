//! A program that starts as a game engine's player does: finds a config, renders in a thread, uploads in another, goes
//! to full screen and back.

use glxrun_tests::{Program, Result, Stage, XServer, compare_frames, ensure};

#[test]
fn shows_what_it_shows_direct_through_resizes_and_full_screen() -> Result<()> {
    let frames = compare_frames(&Stage::start()?, "engine", &["--frames", "50"])?;
    ensure!(frames == 50, "{frames} frames of 50 were compared");
    Ok(())
}

#[test]
fn finds_a_multisampled_config() -> Result<()> {
    let arguments = ["--samples", "4", "--script", "5:fullscreen,10:window", "--frames", "15"];
    ensure!(compare_frames(&Stage::start()?, "engine", &arguments)? == 15, "not all frames were compared");
    Ok(())
}

#[test]
fn swap_control_and_the_newest_core_profile_are_there() -> Result<()> {
    let stage = Stage::start()?;
    let mut command = stage.split(&[], "engine")?;
    command.args(["--frames", "5", "--script", ""]);
    let output = Program::run(command)?.success()?.stdout;
    ensure!(!output.contains("no swap interval"), "no GLX_EXT_swap_control:\n{output}");
    ensure!(output.contains("OpenGL 4."), "no core profile of version 4:\n{output}");
    Ok(())
}

/// The example's own promise: without a desktop it refuses, as the engines do that it stands for.
#[test]
fn needs_glx_or_glxrun() -> Result<()> {
    let server = XServer::xvfb().without_glx().start()?;
    let mut command = std::process::Command::new(glxrun_tests::artifacts::program("engine")?);
    server.apply(&mut command);
    let ended = Program::run(command)?;
    ensure!(!ended.status.success(), "it ran on a display without GLX");
    ensure!(ended.stderr.contains("this display has no GLX"), "stderr: {}", ended.stderr);
    Ok(())
}
