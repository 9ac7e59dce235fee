//! A test's own eyes on an X server: which windows there are, and what they show.

use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use glxrun_display::check;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::*;
use x11rb::rust_connection::{DefaultStream, RustConnection};

use crate::image::{Format, Image};
use crate::program::{Program, deadline};
use crate::server::XServer;

/// A connection to an X server, for looking only.
pub struct Screen {
    connection: RustConnection,
    root: Window,
    // Of all the server's screens.
    roots: Vec<Window>,
}

impl Screen {
    /// Connects to a server of this test.
    pub fn connect(server: &XServer) -> Result<Self> {
        let socket = UnixStream::connect(format!("/tmp/.X11-unix/X{}", server.number()))?;
        let (stream, _) = DefaultStream::from_unix_stream(socket)?;
        let (protocol, cookie) = match server.cookie() {
            Some(cookie) => (b"MIT-MAGIC-COOKIE-1".to_vec(), cookie.to_vec()),
            None => Default::default(),
        };
        let connection = RustConnection::connect_to_stream_with_auth_info(stream, 0, protocol, cookie)?;
        let roots: Vec<Window> = connection.setup().roots.iter().map(|screen| screen.root).collect();
        let root = *roots.first().context("the server has no screen")?;
        let watch = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        for root in &roots {
            check(&connection, connection.change_window_attributes(*root, &watch)?)?;
        }
        Ok(Self { connection, root, roots })
    }

    /// The first screen's root window.
    pub fn root(&self) -> Window {
        self.root
    }

    /// The connection, for requests that this type has no method for.
    pub fn connection(&self) -> &RustConnection {
        &self.connection
    }

    /// The mapped top-level windows, screen by screen, lowest first.
    pub fn windows(&self) -> Result<Vec<Window>> {
        let mut windows = Vec::new();
        for root in &self.roots {
            for window in self.connection.query_tree(*root)?.reply()?.children {
                // A window may vanish between the two requests.
                let Ok(attributes) = self.connection.get_window_attributes(window)?.reply() else { continue };
                if attributes.map_state == MapState::VIEWABLE && attributes.class == WindowClass::INPUT_OUTPUT
                {
                    windows.push(window);
                }
            }
        }
        Ok(windows)
    }

    /// What the window's title bar would say.
    pub fn title(&self, window: Window) -> Result<String> {
        let name = self.connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 1000)?;
        Ok(name.reply().map(|name| String::from_utf8_lossy(&name.value).into_owned()).unwrap_or_default())
    }

    /// Waits until a top-level window is mapped, whatever its title.
    pub fn first_window(&self) -> Result<Window> {
        self.wait_for("a mapped window", || Ok(self.windows()?.first().copied()))
    }

    /// Waits until a top-level window whose title contains `title` is mapped.
    pub fn window_titled(&self, title: &str) -> Result<Window> {
        self.wait_for(&format!("a window titled {title:?}"), || {
            for window in self.windows()? {
                if self.title(window)?.contains(title) {
                    return Ok(Some(window));
                }
            }
            Ok(None)
        })
    }

    /// Asks `look` now and after each event of a top-level window, until it finds something.
    pub fn wait_for<T>(&self, what: &str, look: impl Fn() -> Result<Option<T>>) -> Result<T> {
        let start = Instant::now();
        loop {
            if let Some(found) = look()? {
                return Ok(found);
            }
            if self.connection.poll_for_event()?.is_some() {
                continue;
            }
            let Some(rest) = deadline().checked_sub(start.elapsed()) else {
                bail!("{what}: not there within the deadline")
            };
            let stream = self.connection.stream();
            poll(&mut [PollFd::new(stream, PollFlags::IN)], Some(&Timespec::try_from(rest)?))?;
        }
    }

    /// Width and height of a window, pixels.
    pub fn size(&self, window: Window) -> Result<(u16, u16)> {
        let geometry = self.connection.get_geometry(window)?.reply()?;
        Ok((geometry.width, geometry.height))
    }

    /// What a window shows now, its child windows included.
    pub fn picture(&self, window: Window) -> Result<Image> {
        let geometry = self.connection.get_geometry(window)?.reply()?;
        self.part(window, (0, 0), (geometry.width, geometry.height))
    }

    /// The pixel of the first screen at that place, 0 to 255.
    pub fn pixel8(&self, x: i16, y: i16) -> Result<[u8; 4]> {
        Ok(self.part(self.root, (x, y), (1, 1))?.pixel8(0, 0))
    }

    /// A part of what a window shows now.
    fn part(&self, window: Window, (x, y): (i16, i16), (width, height): (u16, u16)) -> Result<Image> {
        let geometry = self.connection.get_geometry(window)?;
        let attributes = self.connection.get_window_attributes(window)?.reply()?;
        let format = self.format(attributes.visual, geometry.reply()?.depth)?;
        // Only the planes that the depth has: the server zeroes the rest.
        let planes = if format.depth >= 32 { u32::MAX } else { (1 << format.depth) - 1 };
        let reply = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, window, x, y, width, height, planes)?
            .reply()
            .with_context(|| format!("GetImage of window {window:#x}, {width}x{height} at {x}, {y}"))?;
        Ok(Image { width, height, format, data: reply.data })
    }

    fn format(&self, visual: Visualid, depth: u8) -> Result<Format> {
        let setup = self.connection.setup();
        ensure!(setup.image_byte_order == ImageOrder::LSB_FIRST, "big-endian X servers are not handled");
        let pixmaps = setup.pixmap_formats.iter().find(|format| format.depth == depth);
        let bits_per_pixel = pixmaps.context("no pixmap format for the depth")?.bits_per_pixel;
        let depths = setup.roots.iter().flat_map(|root| &root.allowed_depths);
        let found = depths.flat_map(|depth| &depth.visuals).find(|found| found.visual_id == visual);
        let visual = found.context("the window's visual is not in the server's list")?;
        Ok(Format { depth, bits_per_pixel, masks: [visual.red_mask, visual.green_mask, visual.blue_mask] })
    }
}

/// Starts a program, gives what its window shows once that stays as it is, and ends it.
pub fn still_picture(command: Command, screen: &Screen) -> Result<(Image, String)> {
    let program = Program::start(command)?;
    let window = screen.first_window()?;
    // Nothing tells from outside when the held frame is there: look until the picture stays.
    let (start, mut last, mut unchanged) = (Instant::now(), screen.picture(window)?, 0);
    while unchanged < 5 {
        std::thread::sleep(Duration::from_millis(50));
        let now = screen.picture(window)?;
        unchanged = if now == last && !now.is_uniform() { unchanged + 1 } else { 0 };
        last = now;
        ensure!(start.elapsed() < deadline(), "no still picture from {}", program.report());
    }
    program.signal(Signal::TERM)?;
    Ok((last, program.wait()?.stderr))
}
