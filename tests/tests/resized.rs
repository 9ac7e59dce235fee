//! A window whose size another client changes, as window managers do: once the program has heard of it, its next frame has
//! the new size.

use std::time::{Duration, Instant};

use glxrun_tests::program::deadline;
use glxrun_tests::{Image, Program, Result, Stage, ensure};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConfigureWindowAux, ConnectionExt};

const RESIZES: u32 = 50;

#[test]
fn the_first_frame_after_a_configure_notify_fills_the_window() -> Result<()> {
    let stage = Stage::start()?;
    let mut command = stage.split(&[], "scene")?;
    command.args(["follow", "--size", "100x100", "--frames", &RESIZES.to_string()]);
    let mut program = Program::start(command)?;
    program.line_where(|line| line == "ready")?;
    let screen = stage.two_d_screen()?;
    let window = screen.first_window()?;
    for frame in 0..RESIZES {
        // Larger and smaller in turns, never twice the same.
        let (width, height) = (20 + frame * 149 % 300, 20 + frame * 83 % 200);
        let size = ConfigureWindowAux::new().width(width).height(height);
        screen.connection().configure_window(window, &size)?;
        screen.connection().flush()?;
        // The program swaps once for each size, so a wrong frame stays.
        let start = Instant::now();
        while !shows(&screen.picture(window)?, frame) {
            ensure!(
                start.elapsed() < deadline() / 6,
                "frame {frame} at {width}x{height} does not fill the window: {:?} in {}",
                marks(&screen.picture(window)?),
                program.report()
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    program.line_where(|line| line == "ready")?;
    program.finish()?.success()?;
    Ok(())
}

/// The corners from the top left clockwise, and the middle.
fn marks(picture: &Image) -> [[u8; 4]; 5] {
    let (right, bottom) = (picture.width - 1, picture.height - 1);
    [(0, 0), (right, 0), (right, bottom), (0, bottom), (right / 2, bottom / 2)]
        .map(|(x, y)| picture.pixel8(x, y))
}

fn shows(picture: &Image, frame: u32) -> bool {
    // As the example's `draw::background`.
    let [red, green, blue] = [37, 91, 53].map(|step| (frame * step % 256) as u8);
    let background = [red, green, blue, 255];
    let expected = [background, [255, 0, 0, 255], background, [0, 255, 0, 255], background];
    marks(picture) == expected
}
