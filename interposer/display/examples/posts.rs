//! Frames a second that an X server takes, by transport and size:
//! `cargo run --release -p glxrun-display --example posts -- [DISPLAY]` (default: an Xvfb is not started; DISPLAY's).
//!
//! Each frame is filled in the program's thread and delivered (spoil off), as with a renderer that costs nothing.

use std::time::{Duration, Instant};

use glxrun_contract::counters::Entry;
use glxrun_display::{Damage, Options, Server, Spoil, Transport};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, CreateWindowAux, WindowClass};
use x11rb::rust_connection::RustConnection;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let display = std::env::args().nth(1).map_or_else(|| std::env::var("DISPLAY"), Ok)?;
    let (program, screen) = RustConnection::connect(Some(&display))?;
    let root = &program.setup().roots[screen];
    println!("{:>9} {:>10} {:>10} {:>12}", "transport", "size", "frames/s", "us in post");
    for transport in [Transport::Memfd, Transport::SysV, Transport::PutImage] {
        let server =
            Server::connect(&display, Options { transport, spoil: Spoil::Off, damage: Damage::Off })?;
        for (width, height) in [(64, 64), (640, 480), (1280, 720), (1920, 1080)] {
            let id = program.generate_id()?;
            let values = CreateWindowAux::new();
            let class = WindowClass::INPUT_OUTPUT;
            program.create_window(0, id, root.root, 0, 0, width, height, 0, class, 0, &values)?;
            program.map_window(id)?.check()?;
            let window = server.watch(id, Entry::private(id))?;
            let (mut frames, mut posting) = (0u32, Duration::ZERO);
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(1) {
                let mut slot = window.acquire(width, height).ok_or("the window is gone")?;
                slot.pixels_mut().fill(frames as u8);
                let before = Instant::now();
                window.post(slot);
                posting += before.elapsed();
                frames += 1;
            }
            window.finish();
            let rate = f64::from(frames) / start.elapsed().as_secs_f64();
            let post = posting.as_secs_f64() * 1e6 / f64::from(frames);
            let name = format!("{:?}", server.transport());
            println!("{name:>9} {:>10} {rate:>10.0} {post:>12.2}", format!("{width}x{height}"));
            program.destroy_window(id)?.check()?;
        }
    }
    Ok(())
}
