//! Pixels to and from drawables, as requests that are over when the function returns.

use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::errors::ReplyError;
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xproto::{ConnectionExt as _, CreateGCAux, ImageFormat};

use crate::connect::check;
use crate::error::Error;
use crate::link::Link;
use crate::memory::{Buffer, Carrier, fits, roomy};
use crate::screen::{Layout, layout};
use crate::server::Server;

/// Bytes of a PutImage request's header, with a big request's longer length.
const HEADER: usize = 28;
/// Bytes from which an image is worth sharing memory.
const WORTH_SHARING: usize = 64 << 10;

/// Pixels in main memory, ZPixmap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Bits of a pixel that count; the server's layout for that depth applies.
    pub depth: u8,
    /// Bytes from one row to the next.
    pub stride: usize,
    /// `height` rows of `stride` bytes, the top one first.
    pub data: Vec<u8>,
}

impl Server {
    /// The pixels of a rectangle of a drawable (GetImage). For a window, the rectangle must be on the screen.
    pub fn get_image(&self, drawable: u32, x: i16, y: i16, width: u16, height: u16) -> Result<Image, Error> {
        let link = self.link();
        let depth = self.geometry(drawable)?.depth;
        let stride = self.layout(depth)?.stride(width);
        let length = stride * usize::from(height);
        let staged = self.staged(length, |buffer, segment| {
            let reply = link
                .connection
                .shm_get_image(drawable, x, y, width, height, !0, ImageFormat::Z_PIXMAP.into(), segment, 0)
                .map_err(ReplyError::from)
                .and_then(|cookie| cookie.reply());
            self.settle(reply)?;
            // SAFETY: the staging buffer is locked, and the server is done with it.
            Ok(unsafe { buffer.bytes(length) }.to_vec())
        });
        let data = match staged {
            Some(data) => data?,
            None => {
                let reply = link
                    .connection
                    .get_image(ImageFormat::Z_PIXMAP, drawable, x, y, width, height, !0)
                    .map_err(ReplyError::from)
                    .and_then(|cookie| cookie.reply());
                let mut data = self.settle(reply)?.data;
                // The protocol pads the data to four bytes.
                data.truncate(length);
                data
            }
        };
        Ok(Image { width, height, depth, stride, data })
    }

    /// Copies an image into a drawable of its depth, at `x`, `y`. The server has done so when this returns.
    pub fn put_image(&self, drawable: u32, image: &Image, x: i16, y: i16) -> Result<(), Error> {
        let link = self.link();
        link.alive()?;
        let layout = self.layout(image.depth)?;
        let length = image.stride * usize::from(image.height);
        if image.stride != layout.stride(image.width) || image.data.len() < length {
            return Err(Error::Unsupported(format!("an image with rows of {} bytes", image.stride)));
        }
        let gc = link.connection.generate_id()?;
        let made = link
            .connection
            .create_gc(gc, drawable, &CreateGCAux::new().graphics_exposures(0))
            .map_err(ReplyError::from)
            .and_then(|cookie| check(&link.connection, cookie));
        self.settle(made)?;
        let size = (image.width, image.height);
        let put = self
            .staged(length, |buffer, segment| {
                // SAFETY: the staging buffer is locked, and the server is done with it.
                unsafe { buffer.bytes_mut(length) }.copy_from_slice(&image.data[..length]);
                link.settle(put_shared(link, drawable, gc, layout, size, (x, y), segment))
            })
            .unwrap_or_else(|| put_rows(link, drawable, gc, layout, size, (x, y), &image.data).map(|_| ()));
        if let Ok(cookie) = link.connection.free_gc(gc) {
            cookie.ignore_error();
        }
        self.pump();
        put
    }

    /// Runs `work` with memory shared with the server; None if there is none, or the image too small to be worth it.
    fn staged<T>(
        &self,
        length: usize,
        work: impl FnOnce(&Buffer, u32) -> Result<T, Error>,
    ) -> Option<Result<T, Error>> {
        let link = self.link();
        if length < WORTH_SHARING || link.carrier() == Carrier::Socket {
            return None;
        }
        let mut staging = self.staging.lock();
        if !staging.as_ref().is_some_and(|buffer| fits(buffer.length(), length)) {
            *staging = Buffer::new(link, link.carrier(), roomy(length)).ok();
            link.detach_retired();
        }
        let buffer = staging.as_ref()?;
        match buffer.attach(false) {
            Ok(segment) => Some(work(buffer, segment?)),
            Err(error) => Some(Err(error)),
        }
    }

    /// How pixels of a depth lie in images.
    pub fn layout(&self, depth: u8) -> Result<Layout, Error> {
        layout(self.setup(), depth).ok_or_else(|| Error::Unsupported(format!("images of depth {depth}")))
    }
}

/// Has the server copy an image from shared memory, and waits until it has done it.
fn put_shared(
    link: &Link,
    drawable: u32,
    gc: u32,
    layout: Layout,
    (width, height): (u16, u16),
    (x, y): (i16, i16),
    segment: u32,
) -> Result<(), ReplyError> {
    let format = ImageFormat::Z_PIXMAP.into();
    let put = link.connection.shm_put_image(
        drawable,
        gc,
        width,
        height,
        0,
        0,
        width,
        height,
        x,
        y,
        layout.depth,
        format,
        false,
        segment,
        0,
    )?;
    check(&link.connection, put)
}

/// Writes an image into a drawable through the socket, and waits until the server has done it. Gives the sequence numbers
/// of the requests.
pub(crate) fn put_rows(
    link: &Link,
    drawable: u32,
    gc: u32,
    layout: Layout,
    (width, height): (u16, u16),
    (x, y): (i16, i16),
    pixels: &[u8],
) -> Result<Vec<u64>, Error> {
    let stride = layout.stride(width);
    let most = link.connection.maximum_request_bytes().saturating_sub(HEADER);
    if stride == 0 || stride > most {
        return Err(Error::Unsupported(format!("rows of {stride} bytes in a request")));
    }
    // No more at a time than the socket takes at once: nobody who wants to send something else has to wait for a
    // server that does not read.
    let rows = (link.connection.stream().portion.min(most) / stride).max(1);
    let (mut sent, mut last) = (Vec::new(), None);
    let mut top = 0;
    for portion in pixels[..stride * usize::from(height)].chunks(rows * stride) {
        let count = (portion.len() / stride) as u16;
        link.connection.stream().wait_writable();
        link.alive()?;
        let cookie = link.connection.put_image(
            ImageFormat::Z_PIXMAP,
            drawable,
            gc,
            width,
            count,
            x,
            y.wrapping_add_unsigned(top),
            0,
            layout.depth,
            portion,
        );
        // Replacing the previous cookie leaves its error, if there is one, to the event queue.
        let cookie = link.settle(cookie.map_err(ReplyError::from))?;
        sent.push(cookie.sequence_number());
        last = Some(cookie);
        top += count;
    }
    if let Some(cookie) = last {
        link.settle(check(&link.connection, cookie))?;
    }
    Ok(sent)
}
