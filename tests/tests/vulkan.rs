//! Vulkan programs: windows that glxrun's layer shows, with lavapipe as the driver and, direct, as the reference.

use std::process::Command;

use glxrun_tests::screen::still_picture;
use glxrun_tests::stage::{Counts, glxrun};
use glxrun_tests::{Program, Result, Screen, Tolerance, TwoD, XServer, c, ensure};
use rustix::process::Signal;

/// glxrun on a 2D side, rendering in software.
fn split(two_d: &XServer) -> Result<Command> {
    let mut command = glxrun()?;
    two_d.apply(&mut command);
    command.args(["-d", "egl:software"]);
    Ok(command)
}

/// What the window of a program shows at frame 3, with the driver's own windows and with ours, is the same.
fn looks_as_direct(two_d: TwoD, program: &[&str]) -> Result<()> {
    const HOLD: [&str; 4] = ["--pause-at-frame", "3", "--spoil", "off"];
    let reference = XServer::xvfb().start()?;
    let mut direct = glxrun()?;
    reference.apply(&mut direct);
    direct.args(["--mode", "direct"]).args(HOLD).arg("--").args(program);
    let (direct, _) = still_picture(direct, &Screen::connect(&reference)?)?;

    let server = two_d.start(24)?;
    let mut command = split(&server)?;
    command.arg("--stats").args(HOLD).arg("--").args(program);
    let (split, stderr) = still_picture(command, &Screen::connect(&server)?)?;
    direct.ensure_agrees(&split, Tolerance::EXACT)?;
    let counts = Counts::only_window(&stderr)?;
    ensure!((counts.rendered, counts.delivered) == (3, 3), "{counts:?}");
    Ok(())
}

#[test]
fn a_cube_by_xcb_looks_as_direct() -> Result<()> {
    looks_as_direct(TwoD::Xvfb, &["vkcube"])?;
    looks_as_direct(TwoD::XvfbGlx, &["vkcube"])
}

#[test]
fn a_cube_in_c_plus_plus_looks_as_direct() -> Result<()> {
    looks_as_direct(TwoD::Xvfb, &["vkcubepp"])
}

#[test]
fn frames_are_counted() -> Result<()> {
    let server = TwoD::Xvfb.start(24)?;
    for mode in ["0", "1", "2", "3"] {
        let mut command = split(&server)?;
        command.args(["--stats", "--spoil", "off", "vkcube", "--c", "40", "--present_mode", mode]);
        let counts = Counts::only_window(&Program::run(command)?.success()?.stderr)?;
        ensure!((counts.rendered, counts.delivered) == (40, 40), "mode {mode}: {counts:?}");
    }
    Ok(())
}

#[test]
fn newer_frames_replace_older_ones_where_the_program_asks_for_that() -> Result<()> {
    let server = TwoD::Xvfb.start(24)?;
    let mut command = split(&server)?;
    // Long enough a refresh that frames must be replaced, however slow the machine is.
    command.args(["--stats", "--refresh-rate", "2", "vkcube", "--c", "100", "--present_mode", "1"]);
    let counts = Counts::only_window(&Program::run(command)?.success()?.stderr)?;
    ensure!(counts.rendered == 100 && counts.delivered + counts.dropped == 100, "{counts:?}");
    ensure!(counts.dropped > 0 && counts.delivered > 0, "{counts:?}");
    Ok(())
}

/// The validation layer before and behind ours.
#[test]
fn the_validation_layer_has_nothing_to_say() -> Result<()> {
    let server = TwoD::Xvfb.start(24)?;
    for mode in ["0", "2"] {
        for before in [true, false] {
            let mut command = split(&server)?;
            if before {
                command.env("VK_INSTANCE_LAYERS", "VK_LAYER_KHRONOS_validation");
            }
            command.args(["--", "vkcube", "--c", "20", "--present_mode", mode]);
            if !before {
                command.arg("--validate");
            }
            let ended = Program::run(command)?.success()?;
            let said = format!("{}{}", ended.stdout, ended.stderr).to_lowercase();
            ensure!(!said.contains("validation") && !said.contains("warning"), "{said}");
        }
    }
    Ok(())
}

#[test]
fn a_window_is_described() -> Result<()> {
    let server = TwoD::Xvfb.start(24)?;
    let mut command = split(&server)?;
    command.args(["--", "vulkaninfo"]);
    let said = Program::run(command)?.success()?.stdout;
    for words in [
        "VK_KHR_xcb_surface",
        "VK_KHR_xlib_surface",
        "FORMAT_B8G8R8A8_SRGB",
        "FORMAT_B8G8R8A8_UNORM",
        "PRESENT_MODE_FIFO_KHR",
        "PRESENT_MODE_MAILBOX_KHR",
        "PRESENT_MODE_IMMEDIATE_KHR",
        "VK_KHR_present_wait",
        "VK_EXT_swapchain_maintenance1",
    ] {
        ensure!(said.contains(words), "no {words} in:\n{said}");
    }
    Ok(())
}

#[test]
fn a_program_is_ended_by_its_signal() -> Result<()> {
    let server = TwoD::Xvfb.start(24)?;
    let mut command = split(&server)?;
    command.args(["--", "vkcube"]);
    let program = Program::start(command)?;
    Screen::connect(&server)?.first_window()?;
    program.signal(Signal::TERM)?;
    ensure!(program.wait()?.status.code() == Some(128 + 15), "another status");
    Ok(())
}

#[test]
fn a_program_of_sdl() -> Result<()> {
    let server = TwoD::Xvfb.start(24)?;
    let mut command = split(&server)?;
    command.args(["--stats", "--", "/usr/libexec/installed-tests/SDL2/testvulkan"]);
    let program = Program::start(command)?;
    let screen = Screen::connect(&server)?;
    let window = screen.first_window()?;
    // Its colour changes with time.
    let start = std::time::Instant::now();
    while screen.picture(window)?.pixel8(99, 99)[..3] == [0, 0, 0] {
        std::thread::sleep(std::time::Duration::from_millis(20));
        ensure!(start.elapsed() < glxrun_tests::program::deadline(), "{}", program.report());
    }
    program.signal(Signal::TERM)?;
    let counts = Counts::only_window(&program.wait()?.stderr)?;
    ensure!(counts.delivered > 0, "{counts:?}");
    Ok(())
}

#[test]
fn a_program_of_glfw() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("glfw");
    c::compile("vulkan_glfw.c", &program, &["-lvulkan", "-lglfw"])?;
    for two_d in [TwoD::Xvfb, TwoD::XvfbGlx] {
        let server = two_d.start(24)?;
        let mut command = split(&server)?;
        command.args(["--stats", "--pause-at-frame", "3", "--spoil", "off", "--"]).arg(&program);
        let (picture, stderr) = still_colour(command, &Screen::connect(&server)?)?;
        ensure!(picture == [255, 128, 0], "{picture:?}");
        ensure!(Counts::only_window(&stderr)?.delivered >= 1, "{stderr}");
    }
    Ok(())
}

/// The colour that a program's window comes to have all over, other than black.
fn still_colour(command: Command, screen: &Screen) -> Result<([u8; 3], String)> {
    let program = Program::start(command)?;
    let window = screen.first_window()?;
    let start = std::time::Instant::now();
    loop {
        let picture = screen.picture(window)?;
        let pixel = picture.pixel8(9, 9);
        if picture.is_uniform() && pixel[..3] != [0, 0, 0] {
            program.signal(Signal::TERM)?;
            return Ok(([pixel[0], pixel[1], pixel[2]], program.wait()?.stderr));
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        ensure!(start.elapsed() < glxrun_tests::program::deadline(), "{}", program.report());
    }
}

/// Pictures of frames, recorded and found again.
#[test]
fn golden_frames_of_a_cube() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pictures = folder.path().join("pictures");
    for (word, said) in
        [("record", "frame-9.png (500x500)"), ("check", "all 2 frames are as they were recorded")]
    {
        let mut command = glxrun()?;
        command.args(["golden", word]);
        if word == "record" {
            command.args(["--frames", "2,9"]);
        }
        command.args(["--timeout", "50"]).arg(&pictures);
        command.args(["--options", "-d egl:software --size 640x640", "vkcube"]);
        let ended = Program::run(command)?;
        ensure!(ended.status.code() == Some(0) && ended.stderr.contains(said), "{}", ended.stderr);
    }
    Ok(())
}

#[test]
fn a_cube_is_compared_with_itself_direct() -> Result<()> {
    let mut command = glxrun()?;
    command.args(["compare", "--rounds", "1", "--until-frame", "30", "--warmup", "0", "--frame", "9"]);
    command.args(["--check-images", "-d", "egl:software", "vkcube"]);
    let ended = Program::run(command)?.success()?;
    ensure!(ended.stdout.contains("the pictures are equal"), "{}", ended.stdout);
    Ok(())
}

#[test]
fn a_video_of_a_cube() -> Result<()> {
    let server = TwoD::Xvfb.start(24)?;
    let folder = tempfile::tempdir()?;
    let video = folder.path().join("cube.mp4");
    let mut command = split(&server)?;
    command.arg("--record").arg(&video).args(["vkcube", "--c", "60"]);
    Program::run(command)?.success()?;
    ensure!(std::fs::metadata(&video)?.len() > 1000, "the video is empty");
    Ok(())
}
