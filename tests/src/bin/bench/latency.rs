//! From a key press (XTEST) to the pixel that it changes (XGetImage), by a program that draws when it hears of the key.
//!
//! Options: `--arm FLAGS` for each further set of flags of glxrun to measure, beside none.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use glxrun_display::check;
use glxrun_tests::{Program, Screen, XServer};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    ConnectionExt as _, ImageFormat, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
};
use x11rb::protocol::xtest::ConnectionExt as _;

use crate::{backends, on, program_path, quantile, split};

/// Alternating rounds, and key presses in each.
const ROUNDS: usize = 5;
const PRESSES: u32 = 100;
/// A key that every keyboard has: "a", as X servers number it.
const KEY: u8 = 38;

pub fn run(arguments: &[String]) -> Result<()> {
    let mut sets = vec![""];
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let flags = arguments.next().filter(|_| argument == "--arm");
        sets.push(flags.with_context(|| format!("{argument}: the only option is --arm FLAGS"))?);
    }
    let three_d = XServer::xvfb().start()?;
    let two_d = XServer::xvfb().without_glx().with_framebuffer().start()?;
    println!("| size | arm | p50 (ms) | p95 | p99 | p50 of direct | p95 of direct |");
    println!("|---|---|---|---|---|---|---|");
    for size in ["300x300", "1280x720", "1920x1080"] {
        let mut arms = vec![("direct".to_owned(), None)];
        for (name, device) in backends(&three_d) {
            arms.extend(sets.iter().map(|flags| {
                (format!("split, {name} {flags}").trim_end().to_owned(), Some((device.clone(), *flags)))
            }));
        }
        let mut times = vec![Vec::new(); arms.len()];
        for _ in 0..ROUNDS {
            for ((_, device), times) in arms.iter().zip(&mut times) {
                let (server, command) = match device {
                    None => (&three_d, on(&three_d, Command::new(program_path("clears")?))),
                    Some((device, flags)) => {
                        let flags: Vec<&str> = flags.split_whitespace().collect();
                        (&two_d, split(&two_d, device, &flags, "clears")?)
                    }
                };
                times.extend(presses(server, command, size)?);
            }
        }
        let quantiles: Vec<[f64; 3]> =
            times.iter_mut().map(|times| [0.5, 0.95, 0.99].map(|part| quantile(times, part))).collect();
        for ((arm, _), [p50, p95, p99]) in arms.iter().zip(&quantiles) {
            let [direct50, direct95, _] = quantiles[0];
            println!(
                "| {size} | {arm} | {p50:.2} | {p95:.2} | {p99:.2} | {:.2} | {:.2} |",
                p50 / direct50,
                p95 / direct95
            );
        }
    }
    Ok(())
}

/// Starts the program and gives the time in ms that each key press took to show.
fn presses(server: &XServer, mut command: Command, size: &str) -> Result<Vec<f64>> {
    command.args(["--size", size, "--on-key", "--seconds", "600"]);
    let mut program = Program::start(command)?;
    program.line_where(|line| line == "ready")?;
    let screen = Screen::connect(server)?;
    let (window, connection) = (screen.window_titled("clears")?, screen.connection());
    check(connection, connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?)?;
    let (width, height) = screen.size(window)?;
    let look = || -> Result<Vec<u8>> {
        // Between its strips, where each frame has another colour.
        let (x, y) = (width as i16 / 2 + width as i16 * 3 / 32, height as i16 / 2);
        Ok(connection.get_image(ImageFormat::Z_PIXMAP, window, x, y, 1, 1, !0)?.reply()?.data)
    };
    let mut times = Vec::new();
    for press in 0..PRESSES {
        // Not in step with anything.
        std::thread::sleep(Duration::from_micros(3000 + u64::from(press * 7919 % 5000)));
        let (before, start) = (look()?, Instant::now());
        for kind in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            connection.xtest_fake_input(kind, KEY, 0, x11rb::NONE, 0, 0, 0)?;
        }
        connection.flush()?;
        while look()? == before {
            if start.elapsed() > Duration::from_secs(5) {
                bail!("a key press changes nothing: {}", program.report());
            }
        }
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    ensure!(program.is_running()?, "it has ended: {}", program.report());
    Ok(times)
}
