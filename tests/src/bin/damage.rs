//! Counts the frames that reach a window, as any client sees them: from the server's DAMAGE reports.
//!
//! `damage`, on DISPLAY: waits for the first window that is mapped on the root window, counts what is drawn into it until
//! it is destroyed, and prints frames (drawn pixels in sizes of the window) and frames a second.

use std::time::Instant;

use anyhow::{Context, Result};
use glxrun_display::check;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask};

/// Frames that are not counted: the program's first ones.
const WARM_UP: f64 = 30.0;

fn main() -> Result<()> {
    let (connection, screen) = x11rb::connect(None)?;
    let root = connection.setup().roots.get(screen).context("no screen")?.root;
    connection.damage_query_version(1, 1)?.reply()?;
    let events = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
    check(&connection, connection.change_window_attributes(root, &events)?)?;
    println!("ready");
    let window = loop {
        if let Event::MapNotify(event) = connection.wait_for_event()? {
            break event.window;
        }
    };
    let geometry = connection.get_geometry(window)?.reply()?;
    let whole = f64::from(geometry.width) * f64::from(geometry.height);
    let damage = connection.generate_id()?;
    check(&connection, connection.damage_create(damage, window, ReportLevel::RAW_RECTANGLES)?)?;
    let (mut pixels, mut span) = (0.0, None::<(Instant, Instant)>);
    loop {
        match connection.wait_for_event()? {
            Event::DamageNotify(event) => {
                pixels += f64::from(event.area.width) * f64::from(event.area.height);
                if pixels >= WARM_UP * whole {
                    let now = Instant::now();
                    span = Some((span.map_or(now, |(start, _)| start), now));
                }
            }
            Event::DestroyNotify(event) if event.window == window => break,
            _ => {}
        }
    }
    let frames = pixels / whole - WARM_UP;
    let seconds = span.map_or(0.0, |(start, end)| end.duration_since(start).as_secs_f64());
    println!("{frames:.0} frames, {:.0} a second", frames / seconds);
    Ok(())
}
