//! Frames for a reader beside the program: see [`glxrun_contract::tap`].
//!
//! The poster's thread copies a frame when it sends it, so that the program never waits. It copies at most as many a second
//! as the reader asks for; when the last frame of a burst was not copied, it is sent again a little later, so that the
//! reader gets it too.

use std::collections::HashMap;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use glxrun_contract::counters::now;
use glxrun_contract::tap::{HELLO, Shape, Writer};
use parking_lot::Mutex;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use crate::screen::Layout;

/// The windows that the reader knows.
#[derive(Debug)]
pub(crate) struct Tap {
    socket: PathBuf,
    /// None: this window's connection failed, which has been told.
    windows: Mutex<HashMap<u32, Option<Tapped>>>,
}

#[derive(Debug)]
struct Tapped {
    stream: UnixStream,
    writer: Writer,
    /// Size of the frame that was copied last.
    copied: (u16, u16),
    /// When the next one may be copied; 0: none has been.
    next: u64,
    /// A newer frame was not copied: when it is to be sent again.
    due: Option<u64>,
}

impl Tap {
    pub fn new(socket: PathBuf) -> Tap {
        Tap { socket, windows: Mutex::default() }
    }

    /// A frame of a window is about to be shown: `pixels` are rows of `layout`'s stride.
    pub fn frame(&self, window: u32, layout: &Layout, width: u16, height: u16, pixels: &[u8]) {
        let shape = Shape {
            width: width.into(),
            height: height.into(),
            stride: layout.stride(width) as u32,
            bits_per_pixel: layout.bits_per_pixel.into(),
            masks: [layout.red_mask, layout.green_mask, layout.blue_mask],
        };
        let mut windows = self.windows.lock();
        let entry = windows.entry(window).or_insert_with(|| self.open(window, &shape));
        let Some(tapped) = entry else { return };
        if !tapped.writer.fits(&shape) {
            let larger = Writer::new(shape.length()).and_then(|(writer, file)| {
                hello(&tapped.stream, window, &file)?;
                Ok(writer)
            });
            match larger {
                Ok(writer) => (tapped.writer, tapped.next) = (writer, 0),
                Err(error) => {
                    log::debug!("frames of window 0x{window:x} are not tapped any more: {error}");
                    *entry = None;
                    return;
                }
            }
        }
        tapped.writer.tell_size(shape.width, shape.height);
        let now = now();
        // A first frame, or one of another size, may be all that comes for a while.
        let fresh = tapped.next == 0 || tapped.copied != (width, height);
        match tapped.writer.interval() {
            None if !fresh => tapped.due = None,
            Some(_) if !fresh && now < tapped.next => tapped.due = Some(tapped.next),
            interval => {
                tapped.writer.write(now, &shape, pixels);
                let interval = interval.unwrap_or(0);
                // In step with the interval, so that the rate is kept on average, but never two at once.
                tapped.next = (tapped.next + interval).max(now + interval / 2).max(1);
                (tapped.copied, tapped.due) = ((width, height), None);
            }
        }
    }

    fn open(&self, window: u32, shape: &Shape) -> Option<Tapped> {
        let opened = Writer::new(shape.length()).and_then(|(writer, file)| {
            let stream = UnixStream::connect(&self.socket)?;
            hello(&stream, window, &file)?;
            Ok(Tapped { stream, writer, copied: (0, 0), next: 0, due: None })
        });
        opened.inspect_err(|error| log::debug!("frames of window 0x{window:x} are not tapped: {error}")).ok()
    }

    /// The window is no longer drawn to.
    pub fn forget(&self, window: u32) {
        if let Some(Some(tapped)) = self.windows.lock().remove(&window) {
            // A forked child may hold a copy of the descriptor.
            let _ = tapped.stream.shutdown(std::net::Shutdown::Both);
        }
    }

    /// The windows whose newest frame is to be sent again now.
    pub fn take_due(&self) -> Vec<u32> {
        let now = now();
        let mut windows = self.windows.lock();
        let due = windows.iter_mut().filter_map(|(window, tapped)| {
            let tapped = tapped.as_mut().filter(|tapped| tapped.due.is_some_and(|due| due <= now))?;
            tapped.due = None;
            Some(*window)
        });
        due.collect()
    }

    /// When the next frame is to be sent again, in nanoseconds from now.
    pub fn next_due(&self) -> Option<u64> {
        let windows = self.windows.lock();
        let due = windows.values().filter_map(|tapped| tapped.as_ref()?.due).min();
        due.map(|due| due.saturating_sub(now()))
    }
}

/// Introduces a window, or brings larger memory for it.
fn hello(stream: &UnixStream, window: u32, file: &OwnedFd) -> std::io::Result<()> {
    let mut message = HELLO.to_vec();
    message.extend(window.to_ne_bytes());
    let descriptors = [file.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    sendmsg(stream, &[IoSlice::new(&message)], &mut control, flags)?;
    Ok(())
}
