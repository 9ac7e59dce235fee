//! Which way frames can take to a server: tried once per connection, with a few pixels.
//!
//! Asking for the extension is not enough. A server in another container may be told of a System V segment that there
//! is another one by the same number, and one of another user may not map ours. So the server draws from the memory,
//! and what it drew is compared.

use std::sync::Arc;

use glxrun_contract::settings::Transport;
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::errors::ReplyError;
use x11rb::protocol::shm::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ConnectionExt as _, CreateGCAux, ImageFormat};

use crate::error::Error;
use crate::link::Link;
use crate::memory::{Buffer, Carrier};
use crate::screen::layout;

/// Pixels in the test image.
const WIDTH: u16 = 64;

/// The best way that works, among those wanted. `root` is a window on the server.
pub(crate) fn choose(link: &Arc<Link>, wanted: Transport, root: u32, depth: u8) -> Carrier {
    let display = &link.display;
    let candidates: &[Carrier] = match wanted {
        Transport::Auto | Transport::Memfd => &[Carrier::Memfd, Carrier::SysV],
        Transport::SysV => &[Carrier::SysV],
        Transport::PutImage => &[],
    };
    let mut chosen = Carrier::Socket;
    for &carrier in candidates {
        let result = supports(link, carrier).and_then(|()| try_out(link, carrier, root, depth));
        match result {
            Ok(()) => {
                chosen = carrier;
                break;
            }
            Err(reason) if Some(carrier) == forced(wanted) => {
                log::warn!(
                    "the 2D side {display} does not take frames by {}: {reason}; trying others",
                    name(carrier)
                );
            }
            Err(reason) => {
                log::info!("the 2D side {display} does not take frames by {}: {reason}", name(carrier))
            }
        }
    }
    log::info!("frames reach the 2D side {display} by {}", name(chosen));
    chosen
}

fn forced(wanted: Transport) -> Option<Carrier> {
    match wanted {
        Transport::Auto => None,
        Transport::Memfd => Some(Carrier::Memfd),
        Transport::SysV => Some(Carrier::SysV),
        Transport::PutImage => Some(Carrier::Socket),
    }
}

pub(crate) fn name(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Memfd => "memfd",
        Carrier::SysV => "sysv",
        Carrier::Socket => "putimage",
    }
}

/// What can be known without trying.
fn supports(link: &Link, carrier: Carrier) -> Result<(), String> {
    // A descriptor cannot travel over TCP, and a segment's number means something else on another machine.
    if !link.connection.stream().local {
        return Err("it is connected by TCP".to_owned());
    }
    let text = |error: Error| error.to_string();
    let extension = link.connection.extension_information(shm::X11_EXTENSION_NAME);
    if link.settle(extension.map_err(ReplyError::from)).map_err(text)?.is_none() {
        return Err("it has no MIT-SHM extension".to_owned());
    }
    let version =
        link.connection.shm_query_version().map_err(ReplyError::from).and_then(|cookie| cookie.reply());
    let version = link.settle(version).map_err(text)?;
    let version = (version.major_version, version.minor_version);
    if carrier == Carrier::Memfd && version < (1, 2) {
        return Err(format!("its MIT-SHM is of version {}.{}, not 1.2", version.0, version.1));
    }
    Ok(())
}

/// Lets the server draw from a buffer and compares.
fn try_out(link: &Arc<Link>, carrier: Carrier, root: u32, depth: u8) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    let layout = layout(link.connection.setup(), depth).ok_or("its root window has no pixel format")?;
    let length = layout.stride(WIDTH);
    let buffer = Buffer::new(link, carrier, length).map_err(|error| error.to_string())?;
    // SAFETY: nobody else has the buffer yet.
    let pixels = unsafe { buffer.bytes_mut(length) };
    // Something that another segment does not hold by chance.
    let seed = std::process::id() ^ (glxrun_contract::counters::now() as u32);
    for (index, byte) in pixels.iter_mut().enumerate() {
        *byte = (seed.wrapping_add(index as u32).wrapping_mul(2_654_435_761) >> 24) as u8;
    }
    let segment = buffer.attach(true).map_err(text)?.ok_or("it does not attach our memory")?;
    let drawn = draw(link, segment, root, depth);
    let drawn = link.settle(drawn).map_err(text)?;
    let bits = if depth >= 32 { u32::MAX } else { (1 << depth) - 1 };
    let bytes = usize::from(layout.bits_per_pixel / 8);
    let value = |pixel: &[u8]| {
        let fold = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
        bits & if layout.big_endian { pixel.iter().fold(0, fold) } else { pixel.iter().rev().fold(0, fold) }
    };
    let equal = bytes == 0 || drawn.chunks(bytes).map(value).eq(pixels.chunks(bytes).map(value));
    if equal { Ok(()) } else { Err("it sees other memory than ours".to_owned()) }
}

fn draw(link: &Link, segment: u32, root: u32, depth: u8) -> Result<Vec<u8>, ReplyError> {
    let connection = &link.connection;
    let id = || {
        connection.generate_id().map_err(|_| ReplyError::from(x11rb::errors::ConnectionError::UnknownError))
    };
    let (pixmap, gc) = (id()?, id()?);
    connection.create_pixmap(depth, pixmap, root, WIDTH, 1)?;
    connection.create_gc(gc, pixmap, &CreateGCAux::new().graphics_exposures(0))?;
    let put = connection.shm_put_image(
        pixmap,
        gc,
        WIDTH,
        1,
        0,
        0,
        WIDTH,
        1,
        0,
        0,
        depth,
        ImageFormat::Z_PIXMAP.into(),
        false,
        segment,
        0,
    )?;
    let reply = connection.get_image(ImageFormat::Z_PIXMAP, pixmap, 0, 0, WIDTH, 1, !0)?;
    connection.free_gc(gc)?;
    connection.free_pixmap(pixmap)?;
    put.check()?;
    Ok(reply.reply()?.data)
}
