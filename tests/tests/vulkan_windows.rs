//! What happens to a Vulkan program's windows: sizes, ends, several at once, beside OpenGL, in a forked child, with other
//! drivers. The program is tests/c/vulkan.c, which draws windows of one colour.

use std::process::Command;

use glxrun_tests::stage::{Counts, glxrun};
use glxrun_tests::{Context, Program, Result, Screen, TwoD, XServer, c, ensure};
use tempfile::TempDir;

const SUCCESS: i32 = 0;
const TIMEOUT: i32 = 2;
const DEVICE_LOST: i32 = -4;
const SUBOPTIMAL: i32 = 1_000_001_003;
const SURFACE_LOST: i32 = -1_000_000_000;

/// The program on a 2D side, and a look at that.
struct Play {
    program: Program,
    screen: Screen,
    server: XServer,
    _folder: TempDir,
}

impl Play {
    fn start(words: &[&str]) -> Result<Play> {
        Play::on(TwoD::Xvfb.start(24)?, words, |_, _| Ok(()))
    }

    fn on(
        server: XServer,
        words: &[&str],
        prepare: impl FnOnce(&mut Command, &TempDir) -> Result<()>,
    ) -> Result<Play> {
        let folder = tempfile::tempdir()?;
        let program = folder.path().join("vulkan");
        c::compile("vulkan.c", &program, &["-lvulkan", "-lxcb", "-lX11"])?;
        let mut command = glxrun()?;
        server.apply(&mut command);
        prepare(&mut command, &folder)?;
        command.args(["-d", "egl:software", "--stats", "--spoil", "off", "--"]).arg(program).args(words);
        let program = Program::start(command)?;
        Ok(Play { program, screen: Screen::connect(&server)?, server, _folder: folder })
    }

    /// The numbers of the answer to a command, which begins with `word`.
    fn say(&mut self, command: &str, word: &str) -> Result<Vec<i32>> {
        self.program.say(command)?;
        let answer = self.program.line()?;
        let mut words = answer.split_whitespace();
        ensure!(words.next() == Some(word), "{command:?} was answered with {answer:?}");
        words.map(|word| word.parse().context("a number")).collect()
    }

    /// Draws a colour, which gives those two results.
    fn draw(&mut self, colour: [u8; 3], results: [i32; 2]) -> Result<()> {
        let [red, green, blue] = colour;
        let drawn = self.say(&format!("draw {red} {green} {blue}"), "drawn")?;
        ensure!(drawn == results, "drawn {drawn:?}, not {results:?}");
        Ok(())
    }

    /// Waits until all windows show a colour on all of themselves.
    fn shows(&self, colour: [u8; 3], windows: usize) -> Result<()> {
        self.shows_nearly(colour, windows, 0)
    }

    fn shows_nearly(&self, colour: [u8; 3], windows: usize, tolerance: u8) -> Result<()> {
        let start = std::time::Instant::now();
        loop {
            let all = self.screen.windows()?;
            let fits = |window: &u32| -> Result<bool> {
                let picture = self.screen.picture(*window)?;
                let pixel = picture.pixel8(picture.width / 2, picture.height / 2);
                let near = (0..3).all(|channel| pixel[channel].abs_diff(colour[channel]) <= tolerance);
                Ok(near && picture.is_uniform())
            };
            let fitting = all.iter().map(fits).collect::<Result<Vec<bool>>>()?;
            if fitting.iter().filter(|fits| **fits).count() == windows {
                return Ok(());
            }
            // Nothing tells of the frame's arrival from outside.
            std::thread::sleep(std::time::Duration::from_millis(10));
            let limit = glxrun_tests::program::deadline();
            ensure!(
                start.elapsed() < limit,
                "not {windows} windows of {colour:?}: {}",
                self.program.report()
            );
        }
    }

    /// Ends the program, which must end well; gives what was counted.
    fn finish(self) -> Result<Vec<Counts>> {
        Ok(Counts::of_windows(&self.program.finish()?.success()?.stderr))
    }
}

#[test]
fn windows_by_xlib_and_by_xcb() -> Result<()> {
    for kind in ["xlib", "xcb"] {
        for mode in ["0", "1", "2"] {
            let mut play = Play::start(&[kind, "1", mode])?;
            for colour in [[255, 0, 0], [10, 200, 30], [1, 2, 3]] {
                play.draw(colour, [SUCCESS, SUCCESS])?;
                play.shows(colour, 1)?;
            }
            let counts = play.finish()?;
            ensure!(counts.len() == 1 && counts[0].delivered == 3, "{kind}, mode {mode}: {counts:?}");
        }
    }
    Ok(())
}

#[test]
fn windows_of_other_depths() -> Result<()> {
    for (depth, tolerance) in [(16, 9), (30, 1)] {
        let server = TwoD::Xvfb.start(depth)?;
        let mut play = Play::on(server, &["xlib", "1", "2"], |_, _| Ok(()))?;
        play.draw([200, 100, 50], [SUCCESS, SUCCESS])?;
        play.shows_nearly([200, 100, 50], 1, tolerance)?;
        play.finish()?;
    }
    Ok(())
}

#[test]
fn a_window_resized_two_hundred_times() -> Result<()> {
    let mut play = Play::start(&["xlib", "1", "0"])?;
    play.draw([9, 9, 9], [SUCCESS, SUCCESS])?;
    for turn in 1..=200 {
        let (width, height) = (100 + turn * 7 % 300, 50 + turn * 13 % 200);
        play.say(&format!("size {width} {height}"), "size")?;
        play.draw([turn as u8, 0, 0], [SUBOPTIMAL, SUBOPTIMAL])?;
        ensure!(play.say("swapchain", "swapchain")? == [width, height], "another size in turn {turn}");
        play.draw([turn as u8, 1, 2], [SUCCESS, SUCCESS])?;
    }
    play.shows([200, 1, 2], 1)?;
    let counts = play.finish()?;
    ensure!(counts.len() == 1 && counts[0].delivered == 401, "{counts:?}");
    Ok(())
}

#[test]
fn a_minimised_window_is_drawn_to() -> Result<()> {
    let mut play = Play::start(&["xcb", "1", "2"])?;
    play.draw([9, 9, 9], [SUCCESS, SUCCESS])?;
    play.say("unmap", "unmap")?;
    for _ in 0..10 {
        play.draw([0, 255, 0], [SUCCESS, SUCCESS])?;
    }
    play.say("map", "map")?;
    play.draw([0, 0, 255], [SUCCESS, SUCCESS])?;
    play.shows([0, 0, 255], 1)?;
    play.finish()?;
    Ok(())
}

#[test]
fn a_window_destroyed_before_its_surface() -> Result<()> {
    for kind in ["xlib", "xcb"] {
        let mut play = Play::start(&[kind, "1", "2"])?;
        play.draw([9, 9, 9], [SUCCESS, SUCCESS])?;
        play.say("destroy", "destroy")?;
        play.draw([9, 9, 9], [SURFACE_LOST, SURFACE_LOST])?;
        ensure!(play.say("swapchain", "swapchain")? == [SURFACE_LOST]);
        play.finish()?;
    }
    Ok(())
}

#[test]
fn eight_swapchains_in_one_present() -> Result<()> {
    let mut play = Play::start(&["xlib", "8", "2", "new"])?;
    for colour in [[255, 0, 0], [0, 255, 0], [0, 0, 255]] {
        play.draw(colour, [SUCCESS, SUCCESS])?;
        play.shows(colour, 8)?;
    }
    let counts = play.finish()?;
    ensure!(counts.len() == 8 && counts.iter().all(|window| window.delivered == 3), "{counts:?}");
    Ok(())
}

#[test]
fn a_forked_child_draws_to_a_window_of_its_own() -> Result<()> {
    let mut play = Play::start(&["xcb", "1", "2"])?;
    play.draw([255, 0, 0], [SUCCESS, SUCCESS])?;
    ensure!(play.say("fork", "fork")? == [0], "the child failed");
    play.draw([0, 255, 0], [SUCCESS, SUCCESS])?;
    play.shows([0, 255, 0], 1)?;
    let counts = play.finish()?;
    ensure!(counts.len() == 2 && counts.iter().any(|window| window.delivered == 1), "{counts:?}");
    Ok(())
}

#[test]
fn presents_are_waited_for_and_images_given_back() -> Result<()> {
    for mode in ["0", "1", "2"] {
        let mut play = Play::start(&["xcb", "1", mode, "new"])?;
        for turn in 1..=5 {
            play.draw([turn * 40, 0, 0], [SUCCESS, SUCCESS])?;
            ensure!(play.say("wait", "wait")? == [SUCCESS], "mode {mode}");
            play.shows([turn * 40, 0, 0], 1)?;
            let images = if mode == "1" { 4 } else { 3 };
            ensure!(play.say("held", "held")? == [images, TIMEOUT], "mode {mode}");
        }
        play.finish()?;
    }
    Ok(())
}

#[test]
fn opengl_and_vulkan_in_one_process() -> Result<()> {
    let mut play = Play::start(&["xlib", "1", "2"])?;
    play.draw([255, 0, 0], [SUCCESS, SUCCESS])?;
    play.say("gl", "gl")?;
    play.shows([0, 0, 255], 1)?;
    play.draw([0, 255, 0], [SUCCESS, SUCCESS])?;
    play.shows([0, 255, 0], 1)?;
    play.shows([0, 0, 255], 1)?;
    let counts = play.finish()?;
    ensure!(counts.len() == 2 && counts.iter().all(|window| window.delivered > 0), "{counts:?}");
    Ok(())
}

#[test]
fn a_server_that_ends_loses_surfaces_and_not_the_program() -> Result<()> {
    let mut play = Play::on(TwoD::Xvfb.start(24)?, &["xcb", "1", "2"], |_, _| Ok(()))?;
    play.draw([255, 0, 0], [SUCCESS, SUCCESS])?;
    play.server.kill()?;
    loop {
        play.program.say("draw 1 2 3")?;
        let answer = play.program.line()?;
        if answer == format!("drawn {SURFACE_LOST} {SURFACE_LOST}") {
            break;
        }
        ensure!(answer.starts_with("drawn 0 "), "{answer}");
    }
    ensure!(play.program.finish()?.status.code() == Some(0), "the program did not end well");
    Ok(())
}

/// Puts the tests' layer between glxrun's and the driver.
fn other_driver(command: &mut Command, folder: &TempDir) -> Result<()> {
    let layer = folder.path().join("libtest_layer.so");
    c::compile("vulkan_layer.c", &layer, &["-shared", "-fPIC"])?;
    let manifest = format!(
        r#"{{"file_format_version": "1.1.2", "layer": {{"name": "VK_LAYER_TEST_driver", "type": "GLOBAL",
        "library_path": "{}", "api_version": "1.3.0", "implementation_version": "1", "description": "another driver"}}}}"#,
        layer.display()
    );
    std::fs::write(folder.path().join("layer.json"), manifest)?;
    command.env("VK_LAYER_PATH", folder.path());
    command.env("VK_INSTANCE_LAYERS", "VK_LAYER_GLXRUN_windows:VK_LAYER_TEST_driver");
    Ok(())
}

#[test]
fn drivers_that_cannot_import_memory() -> Result<()> {
    let mut play = Play::on(TwoD::Xvfb.start(24)?, &["xcb", "2", "2"], |command, folder| {
        command.env("TEST_NO_IMPORT", "1");
        other_driver(command, folder)
    })?;
    for colour in [[255, 0, 0], [0, 255, 0], [0, 0, 255]] {
        play.draw(colour, [SUCCESS, SUCCESS])?;
        play.shows(colour, 2)?;
    }
    let counts = play.finish()?;
    ensure!(counts.len() == 2 && counts.iter().all(|window| window.delivered == 3), "{counts:?}");
    Ok(())
}

#[test]
fn a_lost_device_is_told_of_and_ends_nothing() -> Result<()> {
    let mut play = Play::on(TwoD::Xvfb.start(24)?, &["xcb", "1", "2"], |command, folder| {
        command.env("TEST_LOST_AFTER", "30");
        other_driver(command, folder)
    })?;
    loop {
        play.program.say("draw 255 0 0")?;
        let answer = play.program.line()?;
        if answer.contains(&DEVICE_LOST.to_string()) {
            break;
        }
        ensure!(answer == "drawn 0 0", "{answer}");
    }
    play.shows([255, 0, 0], 1)?;
    play.program.finish()?;
    Ok(())
}
