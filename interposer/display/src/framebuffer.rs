//! The framebuffer sink: frames written straight into the screen of an Xvfb, which keeps it in a file (`-fbdir`).
//!
//! The server knows nothing of such a write until DAMAGE's DamageAdd tells it and everyone who watches. It may be done only
//! while the window is *whole*: on the screen with all its pixels, none of them covered by another window or a
//! child. A CopyArea of the whole window tells: it reports what it could not copy. From then on we listen to the window, its
//! children and all its ancestors; whatever happens to one of them, the next frame goes through the server, which clips, and
//! the question is asked anew.
//!
//! News arrives some 40 us late. What was written into a window that was no longer whole is found by sequence numbers,
//! and that place on the screen is exposed again: whoever owns it by then draws it anew.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::damage::ConnectionExt as _;
use x11rb::protocol::shape::ConnectionExt as _;
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask, ImageFormat,
    Rectangle, WindowClass,
};

use crate::changes::Part;
use crate::connect::check;
use crate::error::Error;
use crate::link::Link;
use crate::remote::{Mapping, Registered, Remote, Rows};
use crate::screen::Layout;
use crate::shared::Shared;

/// What must be heard of a window that is written to.
pub(crate) const WATCHED: [EventMask; 3] =
    [EventMask::STRUCTURE_NOTIFY, EventMask::SUBSTRUCTURE_NOTIFY, EventMask::VISIBILITY_CHANGE];

/// The pixels of a screen, in a file that its server maps too.
struct Pixels {
    start: NonNull<u8>,
    length: usize,
    /// Bytes before the first pixel, and from one row to the next.
    offset: usize,
    stride: usize,
    width: u16,
    height: u16,
    depth: u8,
    registered: Registered,
}

// SAFETY: the mapping belongs to the value and is not tied to a thread.
unsafe impl Send for Pixels {}
// SAFETY: its bytes are only copied to and from; another process writes to them at any time anyway.
unsafe impl Sync for Pixels {}

impl Pixels {
    /// Maps the file: an XWD header (big-endian words), a colour map, the rows.
    fn open(path: &Path) -> Result<Pixels, String> {
        let text = |error: std::io::Error| error.to_string();
        let file = File::options().read(true).write(true).open(path).map_err(text)?;
        let length = file.metadata().map_err(text)?.len() as usize;
        if length < 100 {
            return Err("it is too short".to_owned());
        }
        // SAFETY: a new mapping of a file, as long as the file is.
        let start = unsafe {
            mmap(null_mut(), length, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, &file, 0)
        };
        let start = start.map_err(|error| error.to_string())?;
        let start = NonNull::new(start.cast::<u8>()).ok_or("it cannot be mapped")?;
        let mut header = [0; 100];
        // SAFETY: the mapping is at least that long.
        unsafe { std::ptr::copy_nonoverlapping(start.as_ptr(), header.as_mut_ptr(), header.len()) };
        let word = |index: usize| {
            let bytes = header[index * 4..].first_chunk().copied().unwrap_or_default();
            u32::from_be_bytes(bytes) as usize
        };
        let pixels = Pixels {
            start,
            length,
            offset: word(0).saturating_add(word(19).saturating_mul(12)),
            stride: word(12),
            width: word(4).try_into().unwrap_or(0),
            height: word(5).try_into().unwrap_or(0),
            depth: word(3).try_into().unwrap_or(0),
            registered: Registered::default(),
        };
        let end = pixels.stride.saturating_mul(pixels.height.into()).saturating_add(pixels.offset);
        let little = word(7) == 0;
        let whole = end <= length && pixels.stride >= usize::from(pixels.width) * 4 && pixels.width > 0;
        if word(1) != 7
            || word(2) != 2
            || word(11) != 32
            || !whole
            || little != cfg!(target_endian = "little")
        {
            return Err("it is not the screen of an Xvfb with 32 bits a pixel".to_owned());
        }
        Ok(pixels)
    }

    /// Where a row starts that begins at `x`, `y` and has `length` bytes; None if it is not on the screen.
    fn row(&self, x: u16, y: u16, length: usize) -> Option<*mut u8> {
        let inside = usize::from(x) * 4 + length <= usize::from(self.width) * 4 && y < self.height;
        let place = self.offset + usize::from(y) * self.stride + usize::from(x) * 4;
        // SAFETY: `open` has seen that all rows of the screen lie in the mapping.
        inside.then(|| unsafe { self.start.as_ptr().add(place) })
    }

    /// The rows of a place; None if it is not on the screen.
    fn rows(&self, place: Place) -> Option<Rows<'_>> {
        let length = usize::from(place.width) * 4;
        let first = self.row(place.x, place.y, length)?;
        self.row(place.x, place.y.checked_add(place.height.checked_sub(1)?)?, length)?;
        let mapping = Mapping { start: self.start, length: self.length, registered: &self.registered };
        // SAFETY: `row` has seen that the first and the last row are in the mapping; nobody else in this process refers
        // to them, but for copies to and from them in the same thread.
        Some(unsafe { Rows::new(mapping, NonNull::new(first)?, self.stride, length, place.height.into()) })
    }

    fn write(&self, x: u16, y: u16, row: &[u8]) {
        if let Some(place) = self.row(x, y, row.len()) {
            // SAFETY: `row` has seen that so many bytes are there; nobody else in this process refers to them.
            unsafe { std::ptr::copy_nonoverlapping(row.as_ptr(), place, row.len()) };
        }
    }

    fn read(&self, x: u16, y: u16, length: usize) -> Option<Vec<u8>> {
        let place = self.row(x, y, length)?;
        let mut row = vec![0; length];
        // SAFETY: as in `write`.
        unsafe { std::ptr::copy_nonoverlapping(place, row.as_mut_ptr(), length) };
        Some(row)
    }
}

impl Drop for Pixels {
    fn drop(&mut self) {
        self.registered.end();
        // SAFETY: `start` and `length` are those of an mmap, and nobody uses it any more.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// Where a window was found to be whole, in pixels of the screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    generation: u64,
    x: u16,
    y: u16,
    pub width: u16,
    pub height: u16,
}

/// What was last written for a window.
struct Write {
    /// The request that told of it; the highest number while it is being written.
    told: u64,
    place: Place,
}

/// A screen that can be written to, and what is known of its windows.
pub(crate) struct Framebuffer {
    pixels: Pixels,
    root: u32,
    /// An XFixes region to tell of damage with.
    region: u32,
    /// Counts whatever happens to a window that we listen to.
    generation: AtomicU64,
    /// By window.
    writes: Mutex<HashMap<u32, Write>>,
    /// Places that were written to when they no longer belonged to our window, and that window.
    spoiled: Mutex<Vec<(u32, Place)>>,
    /// The pixmap of the last CopyArea that we asked, and whether all was there.
    copied: Mutex<Option<(u32, bool)>>,
}

impl Framebuffer {
    /// Maps a screen's file and checks that the server can be told of changes.
    pub fn open(link: &Link, path: &Path, root: u32, layout: Layout) -> Result<Framebuffer, String> {
        let pixels = Pixels::open(path)?;
        if layout.bits_per_pixel != 32 || layout.depth != pixels.depth {
            return Err("the file is another screen's".to_owned());
        }
        let text = |error: Error| error.to_string();
        let redirected = link.connection.extension_information("Composite");
        if link.settle(redirected.map_err(ReplyError::from)).map_err(text)?.is_some() {
            return Err(
                "its server has the Composite extension (-extension Composite turns it off), by which \
                        windows may live elsewhere"
                    .to_owned(),
            );
        }
        link.settle(prepare(link, root)).map_err(text).map(|region| Framebuffer {
            pixels,
            root,
            region,
            generation: AtomicU64::new(0),
            writes: Mutex::default(),
            spoiled: Mutex::default(),
            copied: Mutex::new(None),
        })
    }

    /// Something happened to a window that we listen to, while the server was at request `sequence` of ours. True if
    /// a place has to be exposed again.
    pub fn disturbed(&self, sequence: u64) -> bool {
        self.generation.fetch_add(1, Ordering::AcqRel);
        let late: Vec<_> = {
            let writes = self.writes.lock();
            let late =
                |(window, write): (&u32, &Write)| (sequence < write.told).then_some((*window, write.place));
            writes.iter().filter_map(late).collect()
        };
        let any = !late.is_empty();
        self.spoiled.lock().extend(late);
        any
    }

    /// A window is no longer watched.
    pub fn forget(&self, window: u32) {
        self.writes.lock().remove(&window);
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// The answer to a CopyArea.
    pub fn copied(&self, pixmap: u32, whole: bool) {
        let mut copied = self.copied.lock();
        if let Some((asked, so_far)) = &mut *copied
            && *asked == pixmap
        {
            *so_far &= whole;
        }
    }

    /// Whether a window found whole at that place still is, as far as we have heard.
    pub fn is_current(&self, place: Place) -> bool {
        place.generation == self.generation.load(Ordering::Acquire)
    }

    /// Whether places have to be exposed again.
    pub fn has_spoiled(&self) -> bool {
        !self.spoiled.lock().is_empty()
    }

    /// Whether a frame of `size` can be written straight into the screen now.
    pub fn takes(&self, link: &Link, window: &Shared, size: (u16, u16)) -> Option<Place> {
        link.pump();
        let place = window.place().filter(|place| self.is_current(*place))?;
        (size == (place.width, place.height)).then_some(place)
    }

    /// Writes parts of a frame and tells the server; gives the sequence number of the request that told.
    pub fn write(
        &self,
        link: &Link,
        window: &Shared,
        place: Place,
        pixels: &[u8],
        parts: &[Part],
    ) -> Result<u64, ConnectionError> {
        self.writes.lock().insert(window.id, Write { told: u64::MAX, place });
        let stride = window.layout.stride(place.width);
        for part in parts {
            let (left, length) = (usize::from(part.x) * 4, usize::from(part.width) * 4);
            let rows = pixels.chunks(stride).skip(part.y.into()).take(part.height.into());
            for (y, row) in (place.y + part.y..).zip(rows) {
                self.pixels.write(place.x + part.x, y, &row[left..left + length]);
            }
        }
        self.tell(link, window.id, place, parts)
    }

    /// Has a remote frame fetched straight onto the screen; gives the sequence number of the request that told, or None if its
    /// pixels are lost.
    pub fn fetch(
        &self,
        link: &Link,
        window: &Shared,
        place: Place,
        pixels: &dyn Remote,
    ) -> Result<Option<u64>, ConnectionError> {
        self.writes.lock().insert(window.id, Write { told: u64::MAX, place });
        let fetched = self.pixels.rows(place).is_some_and(|rows| pixels.fetch(&rows));
        let whole = Part { x: 0, y: 0, width: place.width, height: place.height };
        // Even if it failed, something may have been written.
        let told = self.tell(link, window.id, place, &[whole])?;
        Ok(fetched.then_some(told))
    }

    /// The rows of a window's place, for the program to write to.
    pub fn rows(&self, place: Place) -> Option<Rows<'_>> {
        self.pixels.rows(place)
    }

    /// What is at a place, in rows without padding; None if it may be another's by now.
    pub fn read(&self, place: Place) -> Option<Vec<u8>> {
        let rows = place.y..place.y.checked_add(place.height)?;
        let rows: Option<Vec<_>> =
            rows.map(|y| self.pixels.read(place.x, y, usize::from(place.width) * 4)).collect();
        rows.filter(|_| self.is_current(place)).map(|rows| rows.concat())
    }

    /// Tells the server of a frame that the program has written to a place; gives the sequence number of the request that told.
    /// None if the place may have been another's meanwhile, which is then put right.
    pub fn written(&self, link: &Link, window: u32, place: Place) -> Result<Option<u64>, ConnectionError> {
        // From here on late news is found by the sequence number; what came before has made the place an old one.
        self.writes.lock().insert(window, Write { told: u64::MAX, place });
        link.pump();
        if !self.is_current(place) {
            self.writes.lock().remove(&window);
            self.spoiled.lock().push((window, place));
            return Ok(None);
        }
        let whole = Part { x: 0, y: 0, width: place.width, height: place.height };
        self.tell(link, window, place, &[whole]).map(Some)
    }

    /// Tells the server that parts of a window were written to.
    fn tell(&self, link: &Link, window: u32, place: Place, parts: &[Part]) -> Result<u64, ConnectionError> {
        let rectangles: Vec<_> = parts
            .iter()
            .map(|part| Rectangle {
                x: part.x as i16,
                y: part.y as i16,
                width: part.width,
                height: part.height,
            })
            .collect();
        link.connection.xfixes_set_region(self.region, &rectangles)?;
        let told = link.connection.damage_add(window, self.region)?.sequence_number();
        self.writes.lock().insert(window, Write { told, place });
        Ok(told)
    }

    /// Asks the server whether a window is whole, and where; some round trips. To be called when its frames do not go
    /// into the screen: nothing happens unless something has changed since it was last asked.
    pub fn ask(&self, link: &Link, window: &Shared) -> Result<(), ReplyError> {
        link.pump();
        let generation = self.generation.load(Ordering::Acquire);
        if window.layout.depth != self.pixels.depth
            || window.root != self.root
            || !window.ask_again(generation)
        {
            return Ok(());
        }
        self.listen(link, window.id)?;
        let connection = &link.connection;
        let geometry = connection.get_geometry(window.id)?;
        let origin = connection.translate_coordinates(window.id, self.root, 0, 0)?;
        let (geometry, origin) = (geometry.reply()?, origin.reply()?);
        let (width, height) = (geometry.width, geometry.height);
        let whole = self.is_whole(link, window.id, (width, height))?;
        link.pump();
        let calm = self.generation.load(Ordering::Acquire) == generation;
        let (Ok(x), Ok(y)) = (u16::try_from(origin.dst_x), u16::try_from(origin.dst_y)) else {
            return Ok(());
        };
        let inside = u32::from(x) + u32::from(width) <= u32::from(self.pixels.width)
            && u32::from(y) + u32::from(height) <= u32::from(self.pixels.height);
        let place = Place { generation, x, y, width, height };
        if whole && calm && inside && self.is_the_screen(link, window, place)? {
            window.set_place(place);
        }
        Ok(())
    }

    /// Listens to all ancestors of a window, and for its shape. All else of the window itself we hear anyway.
    fn listen(&self, link: &Link, window: u32) -> Result<(), ReplyError> {
        match link.connection.shape_select_input(window, true) {
            // Without the extension there are no shapes.
            Ok(_) | Err(ConnectionError::UnsupportedExtension) => {}
            Err(error) => return Err(error.into()),
        }
        let mut child = window;
        while child != self.root {
            let parent = link.connection.query_tree(child)?.reply()?.parent;
            if parent == x11rb::NONE {
                break;
            }
            if !link.windows.lock().contains_key(&parent) {
                let events = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
                check(&link.connection, link.connection.change_window_attributes(parent, &events)?)?;
            }
            child = parent;
        }
        Ok(())
    }

    /// Whether every pixel of a window is on the screen.
    fn is_whole(&self, link: &Link, window: u32, (width, height): (u16, u16)) -> Result<bool, ReplyError> {
        let connection = &link.connection;
        let id = || connection.generate_id().map_err(|_| ReplyError::from(ConnectionError::UnknownError));
        let (pixmap, gc) = (id()?, id()?);
        *self.copied.lock() = Some((pixmap, true));
        connection.create_pixmap(self.pixels.depth, pixmap, window, width, height)?;
        connection.create_gc(gc, pixmap, &CreateGCAux::new().graphics_exposures(1))?;
        let copied = connection.copy_area(window, pixmap, gc, 0, 0, 0, 0, width, height)?;
        connection.free_gc(gc)?;
        connection.free_pixmap(pixmap)?;
        check(connection, copied)?;
        link.pump();
        Ok(self.copied.lock().take().is_some_and(|(_, whole)| whole))
    }

    /// Whether the file is this server's screen: a row of the window is there.
    fn is_the_screen(&self, link: &Link, window: &Shared, place: Place) -> Result<bool, ReplyError> {
        let row = place.height / 2;
        let image = link.connection.get_image(
            ImageFormat::Z_PIXMAP,
            window.id,
            0,
            row as i16,
            place.width,
            1,
            (1 << self.pixels.depth) - 1,
        )?;
        let image = image.reply()?.data;
        let length = usize::from(place.width) * 4;
        let (Some(there), Some(image)) =
            (self.pixels.read(place.x, place.y + row, length), image.get(..length))
        else {
            return Ok(false);
        };
        // The highest byte belongs to no channel.
        let channels =
            |pixel: &[u8]| u32::from_ne_bytes([pixel[0], pixel[1], pixel[2], pixel[3]]) & 0xff_ffff;
        let same = there.chunks(4).map(channels).eq(image.chunks(4).map(channels));
        if !same {
            log::info!("what window 0x{:x} shows is not in the framebuffer's file", window.id);
        }
        Ok(same)
    }

    /// Exposes the places again that were written to when they no longer belonged to our windows; gives these windows.
    pub fn expose_spoiled(&self, link: &Link) -> Result<Vec<u32>, ConnectionError> {
        let spoiled = std::mem::take(&mut *self.spoiled.lock());
        for (_, Place { x, y, width, height, .. }) in &spoiled {
            let Ok(cover) = link.connection.generate_id() else { break };
            // Covered by a window that paints nothing, and uncovered.
            let values = CreateWindowAux::new().override_redirect(1);
            let (x, y) = (*x as i16, *y as i16);
            let class = WindowClass::INPUT_OUTPUT;
            link.connection
                .create_window(0, cover, self.root, x, y, *width, *height, 0, class, 0, &values)?;
            link.connection.map_window(cover)?;
            link.connection.destroy_window(cover)?;
        }
        Ok(spoiled.into_iter().map(|(window, _)| window).collect())
    }
}

/// Makes the region and hides the cursor: Xvfb paints it into the screen, where we would paint over it, and it would
/// then put back what it had found there. Other clients never see it in the pixels anyway.
fn prepare(link: &Link, root: u32) -> Result<u32, ReplyError> {
    let connection = &link.connection;
    connection.damage_query_version(1, 1)?.reply()?;
    connection.xfixes_query_version(5, 0)?.reply()?;
    let region = connection.generate_id().map_err(|_| ReplyError::from(ConnectionError::UnknownError))?;
    connection.xfixes_create_region(region, &[])?;
    check(connection, connection.xfixes_hide_cursor(root)?)?;
    Ok(region)
}
