//! The thread that sends frames and listens to the server, so that no thread of the program has to.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use glxrun_contract::fail;
use glxrun_contract::records::Moment;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xproto::ImageFormat;

use crate::changes::{Changes, Part};
use crate::error::Error;
use crate::image;
use crate::link::Link;
use crate::screen::Layout;
use crate::shared::Shared;
use crate::signals::BlockedSignals;
use crate::state::{Band, Frame, Next, Posted, Written};
use crate::tap::Tap;

/// Enough for x11rb and a logger; a program's default stack may be huge.
const STACK: usize = 256 << 10;

/// Starts the thread.
pub(crate) fn start(link: Arc<Link>) -> std::io::Result<JoinHandle<()>> {
    let _blocked = BlockedSignals::new();
    std::thread::Builder::new().name("glxrun-2d".to_owned()).stack_size(STACK).spawn(move || {
        if catch_unwind(AssertUnwindSafe(|| run(&link))).is_err() {
            link.die(&"a bug in glxrun: its thread glxrun-2d panicked");
        }
    })
}

fn run(link: &Link) {
    while !link.is_stopping() && link.is_alive() {
        link.pump();
        link.detach_retired();
        link.expose_spoiled();
        link.repeat_tapped();
        while let Some(window) = link.next_ready() {
            fail::point("glxrun-2d");
            match window.next_frame() {
                None => continue,
                Some(Next::Frame(frame)) => {
                    let number = frame.number();
                    if let Err(error) = send_posted(link, &window, frame) {
                        log::debug!("a frame for window 0x{:x} is lost: {error}", window.id);
                        link.completed(window.clone(), number, false);
                    }
                }
                Some(Next::Band(band)) => {
                    if let Err(error) = send_band(link, &window, &band) {
                        log::debug!("rows for window 0x{:x} are lost: {error}", window.id);
                    }
                }
            }
            if window.has_more() {
                link.submit(window);
            }
        }
        link.send_messages();
        if let Err(error) = link.connection.flush() {
            link.die(&error);
        }
        // A reply that another thread or we waited for may have brought events along, and then the socket is silent.
        link.pump();
        link.sleeping.store(true, Ordering::SeqCst);
        if !link.has_work() {
            sleep(link);
        }
        link.sleeping.store(false, Ordering::SeqCst);
    }
}

/// Waits for the server or for a thread of the program.
fn sleep(link: &Link) {
    let mut descriptors =
        [PollFd::new(link.connection.stream(), PollFlags::IN), PollFd::new(&link.wake, PollFlags::IN)];
    let due = link.tap.get().and_then(Tap::next_due);
    let timeout = due.map(|nanoseconds| Timespec { tv_sec: 0, tv_nsec: nanoseconds.min(999_999_999) as i64 });
    if poll(&mut descriptors, timeout.as_ref()).is_ok() && !descriptors[1].revents().is_empty() {
        let _ = rustix::io::read(&link.wake, &mut [0; 8]);
    }
}

/// Sends a frame that is in flight by now, fetching it first if need be. An error means that no answer will come.
fn send_posted(link: &Link, window: &Arc<Shared>, frame: Posted) -> Result<(), Error> {
    let away = match frame {
        Posted::Here(frame) => return send(link, window, &frame),
        Posted::Written(written) => return tell_written(link, window, &written),
        Posted::Away(away) => away,
    };
    // What is compared with later frames, or read by others too, must be in memory of ours.
    if !link.tracks()
        && link.tap.get().is_none()
        && let Some(framebuffer) = link.framebuffer.get()
        && let Some(place) = framebuffer.takes(link, window, (away.width, away.height))
    {
        let told = framebuffer.fetch(link, window, place, away.pixels.as_ref());
        if let Some(told) = link.settle(told.map_err(ReplyError::from))? {
            window.sent(vec![(told, Part { x: 0, y: 0, width: away.width, height: away.height })]);
            away.record.note(Moment::Sent);
            return shown(link, window, away.number);
        }
    }
    let lost = || Error::Unsupported("a frame whose pixels are lost".to_owned());
    send(link, window, &window.fetch(&away).ok_or_else(lost)?)
}

/// Tells the server of a frame that the program has written to the screen itself.
fn tell_written(link: &Link, window: &Arc<Shared>, frame: &Written) -> Result<(), Error> {
    let told = link
        .framebuffer
        .get()
        .map_or(Ok(None), |framebuffer| framebuffer.written(link, window.id, frame.place));
    match link.settle(told.map_err(ReplyError::from))? {
        Some(_) => {
            frame.record.note(Moment::Sent);
            shown(link, window, frame.number)
        }
        None => Err(Error::Unsupported("the window is no longer where it was written to".to_owned())),
    }
}

/// A frame has been written to the screen, and the request that tells of it only waits to be flushed.
fn shown(link: &Link, window: &Arc<Shared>, number: u64) -> Result<(), Error> {
    link.settle(link.connection.flush().map_err(ReplyError::from))?;
    link.pump();
    link.completed(window.clone(), number, true);
    Ok(())
}

/// Sends rows of a frame that is still being made. The server tells nothing of them, only of the last ones.
fn send_band(link: &Link, window: &Arc<Shared>, Band { frame, top, bottom }: &Band) -> Result<(), Error> {
    // SAFETY: the slot does not write to rows that can be sent.
    let pixels = unsafe { frame.upper(*bottom, &window.layout) };
    let part = Part { x: 0, y: *top, width: frame.width, height: bottom - top };
    match frame.buffer.attach(true)? {
        Some(segment) => {
            let sent = put(link, window, frame, segment, &part, false);
            link.settle(sent.map_err(ReplyError::from))?;
        }
        None => {
            put_part(link, window, frame, pixels, &part)?;
        }
    }
    link.settle(link.connection.flush().map_err(ReplyError::from))
}

/// Sends a part of a frame through the socket; gives the requests.
fn put_part(
    link: &Link,
    window: &Shared,
    frame: &Frame,
    pixels: &[u8],
    part: &Part,
) -> Result<Vec<u64>, Error> {
    let (place, size) = ((part.x as i16, part.y as i16), (part.width, part.height));
    let pixels = cut(window.layout, frame.width, pixels, part);
    image::put_rows(link, window.id, window.gc, window.layout, size, place, &pixels)
}

/// Sends a frame that is in flight by now. An error means that no answer will come.
fn send(link: &Link, window: &Arc<Shared>, frame: &Frame) -> Result<(), Error> {
    // SAFETY: a buffer in flight is in no slot.
    let pixels = unsafe { frame.pixels(&window.layout) };
    if let Some(tap) = link.tap.get() {
        tap.frame(window.id, &window.layout, frame.width, frame.height, pixels);
    }
    let (changes, tracked) = window.plan(frame);
    let parts = match changes {
        Changes::Everything => {
            vec![Part { x: 0, y: frame.sent, width: frame.width, height: frame.height - frame.sent }]
        }
        Changes::Parts(parts) => parts,
        Changes::Nothing => {
            frame.record.note(Moment::Sent);
            link.completed(window.clone(), frame.number, true);
            return Ok(());
        }
    };
    if tracked {
        window.damage(|| make_damage(link, window.id))?;
    }
    if let Some(framebuffer) = link.framebuffer.get()
        && let Some(place) = framebuffer.takes(link, window, (frame.width, frame.height))
    {
        let told = framebuffer.write(link, window, place, pixels, &parts);
        let told = link.settle(told.map_err(ReplyError::from))?;
        window.sent(parts.iter().map(|part| (told, *part)).collect());
        frame.record.note(Moment::Sent);
        return shown(link, window, frame.number);
    }
    let mut requests = Vec::with_capacity(parts.len());
    let Some(segment) = frame.buffer.attach(true)? else {
        for part in &parts {
            let sent = put_part(link, window, frame, pixels, part)?;
            requests.extend(sent.into_iter().map(|sequence| (sequence, *part)));
        }
        window.sent(requests);
        frame.record.note(Moment::Sent);
        link.completed(window.clone(), frame.number, true);
        return Ok(());
    };
    // Before the requests: the answer may come while they are being sent.
    frame.record.note(Moment::Sent);
    let sent = link.send_frame(window, frame.number, segment, || {
        let mut newest = 0;
        for (index, part) in parts.iter().enumerate() {
            let is_last = index + 1 == parts.len();
            let sequence = put(link, window, frame, segment, part, is_last)?;
            requests.push((sequence, *part));
            newest = sequence;
        }
        Ok(newest)
    });
    link.settle(sent.map_err(ReplyError::from))?;
    window.sent(requests);
    if let Some(framebuffer) = link.framebuffer.get() {
        // Perhaps the next one need not go this way.
        if let Err(error) = link.settle(framebuffer.ask(link, window)) {
            log::debug!("window 0x{:x} cannot be found in the framebuffer: {error}", window.id);
        }
    }
    Ok(())
}

/// Has the server copy a part of a frame into its window, and tell of it once it has done so if `tell`.
fn put(
    link: &Link,
    window: &Shared,
    frame: &Frame,
    segment: u32,
    part: &Part,
    tell: bool,
) -> Result<u64, ConnectionError> {
    let cookie = link.connection.shm_put_image(
        window.id,
        window.gc,
        frame.width,
        frame.height,
        part.x,
        part.y,
        part.width,
        part.height,
        part.x as i16,
        part.y as i16,
        window.layout.depth,
        ImageFormat::Z_PIXMAP.into(),
        tell,
        segment,
        0,
    )?;
    Ok(cookie.sequence_number())
}

/// A part of a frame as an image of its own.
fn cut<'a>(layout: Layout, width: u16, pixels: &'a [u8], part: &Part) -> Cow<'a, [u8]> {
    let stride = layout.stride(width);
    let rows = pixels.chunks(stride).skip(part.y.into()).take(part.height.into());
    if part.width == width {
        return Cow::Borrowed(&pixels[usize::from(part.y) * stride..][..usize::from(part.height) * stride]);
    }
    let pixel = usize::from(layout.bits_per_pixel / 8);
    let (left, length) = (usize::from(part.x) * pixel, usize::from(part.width) * pixel);
    let mut image = Vec::with_capacity(layout.stride(part.width) * usize::from(part.height));
    for row in rows {
        image.extend_from_slice(&row[left..left + length]);
        image.resize(image.len().next_multiple_of(layout.stride(part.width)), 0);
    }
    Cow::Owned(image)
}

/// Has the server tell of all that is drawn into a window.
fn make_damage(link: &Link, window: u32) -> Result<(u32, u64), Error> {
    let damage = link.connection.generate_id()?;
    let made = link.connection.damage_create(damage, window, ReportLevel::RAW_RECTANGLES)?;
    Ok((damage, made.sequence_number()))
}
