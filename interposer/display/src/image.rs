//! Pixels to and from drawables, as requests that are over when the function returns.

use x11rb::connection::RequestConnection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{ConnectionExt as _, CreateGCAux, ImageFormat};

use crate::error::Error;
use crate::link::Link;
use crate::screen::{Layout, layout};
use crate::server::Server;

/// Bytes of a PutImage request's header, with a big request's longer length.
const HEADER: usize = 28;
/// Bytes written at a time. A socket that is writable at all takes so many without waiting, so that nobody who wants
/// to send something else has to wait for a server that does not read.
const PORTION: usize = 64 << 10;

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
        link.alive()?;
        let reply = link
            .connection
            .get_image(ImageFormat::Z_PIXMAP, drawable, x, y, width, height, !0)
            .map_err(ReplyError::from)
            .and_then(|cookie| cookie.reply());
        let reply = self.settle(reply)?;
        let stride = self.layout(reply.depth)?.stride(width);
        Ok(Image { width, height, depth: reply.depth, stride, data: reply.data })
    }

    /// Copies an image into a drawable of its depth, at `x`, `y`. The server has done so when this returns.
    pub fn put_image(&self, drawable: u32, image: &Image, x: i16, y: i16) -> Result<(), Error> {
        let link = self.link();
        link.alive()?;
        let layout = self.layout(image.depth)?;
        if image.stride != layout.stride(image.width)
            || image.data.len() < image.stride * usize::from(image.height)
        {
            return Err(Error::Unsupported(format!("an image with rows of {} bytes", image.stride)));
        }
        let gc = self.generate_id()?;
        let made = link
            .connection
            .create_gc(gc, drawable, &CreateGCAux::new().graphics_exposures(0))
            .map_err(ReplyError::from)
            .and_then(|cookie| cookie.check());
        self.settle(made)?;
        let put = put_rows(link, drawable, gc, layout, (image.width, image.height), (x, y), &image.data);
        let _ = link.connection.free_gc(gc);
        self.pump();
        put
    }

    pub(crate) fn layout(&self, depth: u8) -> Result<Layout, Error> {
        layout(self.setup(), depth).ok_or_else(|| Error::Unsupported(format!("images of depth {depth}")))
    }
}

/// Writes an image into a drawable through the socket, and waits until the server has done it.
pub(crate) fn put_rows(
    link: &Link,
    drawable: u32,
    gc: u32,
    layout: Layout,
    (width, height): (u16, u16),
    (x, y): (i16, i16),
    pixels: &[u8],
) -> Result<(), Error> {
    let stride = layout.stride(width);
    let most = link.connection.maximum_request_bytes().saturating_sub(HEADER);
    if stride == 0 || stride > most {
        return Err(Error::Unsupported(format!("rows of {stride} bytes in a request")));
    }
    let rows = (PORTION.min(most) / stride).max(1);
    let mut last = None;
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
        last = Some(link.settle(cookie.map_err(ReplyError::from))?);
        top += count;
    }
    last.map_or(Ok(()), |cookie| link.settle(cookie.check()))
}
