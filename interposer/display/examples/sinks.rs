//! Frames a second by sink, by what changes from frame to frame and by `--damage`, and how many of another client's looks
//! at the window show two frames in one picture: `cargo run --release -p glxrun-display --example sinks`.
//!
//! It starts an Xvfb of its own. Each frame is filled in the program's thread and delivered (spoil off), as with a renderer
//! that costs nothing. Looks are taken in a run of their own, as they cost the server time.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use glxrun_contract::counters::Entry;
use glxrun_display::{Damage, Options, Server, Spoil, Transport};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, CreateWindowAux, ImageFormat, WindowClass};
use x11rb::rust_connection::RustConnection;

/// Ends the server in any case.
struct Xvfb(Child);

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a frame changes of the one before.
#[derive(Clone, Copy, Debug)]
enum Change {
    Everything,
    OneTile,
    Nothing,
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir_in("/dev/shm")?;
    let mut xvfb = Xvfb(
        Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1920x1080x24", "-noreset"])
            .args(["-extension", "GLX", "-extension", "Composite", "-fbdir"])
            .arg(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?,
    );
    let mut number = String::new();
    BufReader::new(xvfb.0.stdout.take().ok_or("no pipe")?).read_line(&mut number)?;
    let display = format!(":{}", number.trim());
    let file = directory.path().join("Xvfb_screen0");
    println!("| size | changes | sink | damage | frames/s | torn looks |\n|---|---|---|---|---|---|");
    for (width, height) in [(640, 480), (1280, 720), (1920, 1080)] {
        for change in [Change::Everything, Change::OneTile, Change::Nothing] {
            for straight in [false, true] {
                for damage in [Damage::Off, Damage::Auto] {
                    let file = straight.then_some(file.as_path());
                    let (rate, _) = run(&display, file, damage, change, (width, height), false)?;
                    let torn = match change {
                        Change::Everything => {
                            let (_, (torn, looks)) =
                                run(&display, file, damage, change, (width, height), true)?;
                            format!("{torn} of {looks}")
                        }
                        _ => String::new(),
                    };
                    let sink = if straight { "framebuffer" } else { "shm" };
                    println!("| {width}x{height} | {change:?} | {sink} | {damage:?} | {rate:.0} | {torn} |");
                }
            }
        }
    }
    Ok(())
}

fn run(
    display: &str,
    file: Option<&std::path::Path>,
    damage: Damage,
    change: Change,
    (width, height): (u16, u16),
    look: bool,
) -> Result<(f64, (u32, u32)), Box<dyn Error>> {
    let (program, screen) = RustConnection::connect(Some(display))?;
    let root = program.setup().roots[screen].root;
    let server = Server::connect(display, Options { transport: Transport::Auto, spoil: Spoil::Off, damage })?;
    if let Some(file) = file {
        server.use_framebuffer(file)?;
    }
    let id = program.generate_id()?;
    let class = WindowClass::INPUT_OUTPUT;
    program.create_window(0, id, root, 0, 0, width, height, 0, class, 0, &CreateWindowAux::new())?;
    program.map_window(id)?.check()?;
    let window = server.watch(id, Entry::private(id))?;
    let done = Arc::new(AtomicBool::new(false));
    // The window goes with this connection.
    let program = Arc::new(program);
    let looking = {
        let (done, program) = (done.clone(), program.clone());
        std::thread::spawn(move || {
            let (mut torn, mut looks) = (0, 0);
            while look && !done.load(Ordering::Relaxed) {
                let image = program.get_image(ImageFormat::Z_PIXMAP, id, 0, 0, width, height, !0);
                let Ok(Ok(image)) = image.map(|cookie| cookie.reply()) else { continue };
                looks += 1;
                torn += u32::from(image.data.chunks(4).any(|pixel| pixel[..3] != image.data[..3]));
            }
            (torn, looks)
        })
    };
    let (mut frames, start) = (0u32, Instant::now());
    while start.elapsed() < Duration::from_secs(1) {
        let mut slot = window.acquire(width, height).ok_or("the window is gone")?;
        let pixels = slot.pixels_mut();
        match change {
            Change::Everything => pixels.fill(frames as u8),
            Change::OneTile | Change::Nothing => pixels.fill(1),
        }
        if matches!(change, Change::OneTile) {
            pixels[..128].fill(frames as u8);
        }
        window.post(slot);
        frames += 1;
    }
    window.finish();
    let rate = f64::from(frames) / start.elapsed().as_secs_f64();
    done.store(true, Ordering::Relaxed);
    Ok((rate, looking.join().map_err(|_| "the looking thread panicked")?))
}
