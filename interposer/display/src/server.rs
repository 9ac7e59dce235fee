//! The connection to one X server of the 2D side, as the program's threads use it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use glxrun_contract::counters::Entry;
use glxrun_contract::settings::{Damage, Spoil, Transport};
use parking_lot::Mutex;
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::errors::ReplyError;
use x11rb::protocol::damage::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, CreateGCAux, EventMask,
    GetGeometryReply, GetWindowAttributesReply, Setup, WindowClass,
};

use crate::connect;
use crate::error::{ConnectError, Error, WatchError};
use crate::extension;
use crate::framebuffer::{self, Framebuffer};
use crate::link::{Link, Watched};
use crate::memory::{Buffer, Carrier};
use crate::poster;
use crate::screen::{Geometry, Layout, Screen, screens};
use crate::shared::Shared;
use crate::tap::Tap;
use crate::transport;
use crate::window::{Window, no_window};

/// How frames are handled on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How pixels travel.
    pub transport: Transport,
    /// What happens to a frame while an older one still waits.
    pub spoil: Spoil,
    /// Whether only what changed of a frame is sent.
    pub damage: Damage,
}

/// Our own connection to one X server of the 2D side. All of it may be used from any thread.
#[derive(Debug)]
pub struct Server {
    link: Arc<Link>,
    options: Options,
    screens: Vec<Screen>,
    default_screen: usize,
    extensions: Mutex<extension::Known>,
    /// Graphics contexts by root and depth, made when first needed; they go with the connection.
    gcs: Mutex<HashMap<(u32, u8), u32>>,
    poster: Mutex<Option<JoinHandle<()>>>,
    /// Memory through which images are copied.
    pub(crate) staging: Mutex<Option<Buffer>>,
}

impl Server {
    /// Connects to a display by its name (`:1`, `host:0.1`), with the cookie that `XAUTHORITY` or `~/.Xauthority` holds,
    /// and finds out which transport works.
    pub fn connect(display_name: &str, options: Options) -> Result<Arc<Server>, ConnectError> {
        let (connection, default_screen) = connect::connect(display_name)?;
        connection.prefetch_maximum_request_bytes();
        let screens = screens(connection.setup());
        let refused = |reason: String| ConnectError::Refused { display: display_name.to_owned(), reason };
        let link =
            Link::new(connection, display_name.to_owned()).map_err(|error| refused(error.to_string()))?;
        let link = Arc::new(link);
        let root = screens.get(default_screen).ok_or_else(|| refused("it has no such screen".to_owned()))?;
        let carrier = transport::choose(&link, options.transport, root.root, root.root_depth);
        let _ = link.carrier.set(carrier);
        let _ = link.tracking.set(options.damage == Damage::Auto && has_damage(&link));
        link.connection.maximum_request_bytes();
        Ok(Arc::new(Server {
            link,
            options,
            screens,
            default_screen,
            extensions: Mutex::default(),
            gcs: Mutex::default(),
            poster: Mutex::new(None),
            staging: Mutex::new(None),
        }))
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    pub(crate) fn setup(&self) -> &Setup {
        self.link.connection.setup()
    }

    pub(crate) fn extensions(&self) -> &Mutex<extension::Known> {
        &self.extensions
    }

    /// Ends a round trip: events that came along with its reply are applied, since the socket is silent about them.
    pub(crate) fn settle<T>(&self, result: Result<T, ReplyError>) -> Result<T, Error> {
        let result = self.link.settle(result);
        self.link.pump();
        result
    }

    /// Whether the connection still stands. Once false, it stays so, and everything returns at once.
    pub fn is_alive(&self) -> bool {
        self.link.is_alive()
    }

    /// The display's name as given to [`connect`](Self::connect).
    pub fn display_name(&self) -> &str {
        &self.link.display
    }

    /// From now on frames go straight into the server's screen, an Xvfb's `-fbdir` file, while a window is wholly visible
    /// there. To be called before any window is watched. The error says in words why that cannot be.
    pub fn use_framebuffer(&self, file: &Path) -> Result<(), String> {
        let screen = self.screens.first().ok_or("the server has no screen")?;
        let layout = self.layout(screen.root_depth).map_err(|error| error.to_string())?;
        let framebuffer = Framebuffer::open(&self.link, file, screen.root, layout)?;
        self.link.framebuffer.set(framebuffer).map_err(|_| "one is in use already".to_owned())
    }

    /// From now on a reader that listens at this socket gets frames too (see [`glxrun_contract::tap`]).
    pub fn use_tap(&self, socket: &Path) {
        let _ = self.link.tap.set(Tap::new(socket.to_owned()));
    }

    /// The colours of frames of windows that are watched from now on are raised to the power of 1/`factor`, unless they come as a
    /// [`Remote`](crate::Remote).
    pub fn use_gamma(&self, factor: f32) {
        let _ = self.link.gamma.set(factor);
    }

    /// How frames travel: never `Auto`.
    pub fn transport(&self) -> Transport {
        match self.link.carrier() {
            Carrier::Memfd => Transport::Memfd,
            Carrier::SysV => Transport::SysV,
            Carrier::Socket => Transport::PutImage,
        }
    }

    /// The server's screens, in protocol order.
    pub fn screens(&self) -> &[Screen] {
        &self.screens
    }

    /// The index of the screen that the display's name asks for.
    pub fn default_screen(&self) -> usize {
        self.default_screen
    }

    /// Bits that a pixel of this depth takes in an image; None if the server has no such depth.
    pub fn bits_per_pixel(&self, depth: u8) -> Option<u8> {
        self.layout(depth).ok().map(|layout| layout.bits_per_pixel)
    }

    /// A resource identifier that nothing has yet.
    pub fn generate_id(&self) -> Result<u32, Error> {
        self.link.alive()?;
        let id = self.link.connection.generate_id();
        // It may have asked the server, and then an event may have come along.
        self.link.pump();
        Ok(id?)
    }

    /// Applies all events that have arrived, and does not wait for the server. When it returns, what the server had
    /// sent by now shows in each window's [`size`](Window::size) and [`is_gone`](Window::is_gone).
    pub fn pump(&self) {
        self.link.pump();
    }

    /// A round trip, then [`pump`](Self::pump): all that the server did before is known.
    pub fn sync(&self) {
        if self.link.is_alive() {
            let reply = self
                .link
                .connection
                .get_input_focus()
                .map_err(ReplyError::from)
                .and_then(|cookie| cookie.reply());
            let _ = self.settle(reply);
        }
    }

    /// Whether an XID is a window's (GetWindowAttributes).
    pub fn is_window(&self, id: u32) -> bool {
        if self.link.alive().is_err() {
            return false;
        }
        let reply = self.link.connection.get_window_attributes(id).map_err(ReplyError::from);
        self.settle(reply.and_then(|cookie| cookie.reply())).is_ok()
    }

    /// A drawable's geometry (GetGeometry).
    pub fn geometry(&self, drawable: u32) -> Result<Geometry, Error> {
        self.link.alive()?;
        let reply = self
            .link
            .connection
            .get_geometry(drawable)
            .map_err(ReplyError::from)
            .and_then(|cookie| cookie.reply());
        let reply = self.settle(reply)?;
        Ok(Geometry { root: reply.root, depth: reply.depth, width: reply.width, height: reply.height })
    }

    /// The atom of that name (InternAtom).
    pub fn atom(&self, name: &str) -> Result<u32, Error> {
        self.link.alive()?;
        let reply = self.link.connection.intern_atom(false, name.as_bytes()).map_err(ReplyError::from);
        Ok(self.settle(reply.and_then(|cookie| cookie.reply()))?.atom)
    }

    /// Sends a ClientMessage of type `kind` about `window` to the client that made the window `to`. Does not wait.
    pub fn message(&self, to: u32, window: u32, kind: u32, data: [u32; 5]) {
        self.link.message(to, ClientMessageEvent::new(32, window, kind, data));
    }

    /// Starts watching a window, of whichever client: its size and its end are known from here on, and it can receive
    /// frames. While a handle to the window lives, watching it again gives the same one (and ignores `counters`),
    /// unless the window was destroyed and its XID is another's now. A few round trips.
    pub fn watch(self: &Arc<Self>, window: u32, counters: Entry) -> Result<Arc<Window>, WatchError> {
        // Whether the window that we know by this XID has been destroyed meanwhile.
        self.sync();
        if !self.link.is_alive() {
            return Err(WatchError::Dead);
        }
        self.start_poster()?;
        let watched = {
            // Events from now on wait until the window is registered.
            let _order = self.link.dispatch.lock();
            if let Some(known) = self.known(window) {
                return Ok(known);
            }
            self.register(window, counters)
        };
        self.link.pump();
        if self.link.is_alive() { watched } else { Err(WatchError::Dead) }
    }

    fn known(&self, window: u32) -> Option<Arc<Window>> {
        let mut windows = self.link.windows.lock();
        let known = windows.get(&window).and_then(|watched| watched.window.upgrade());
        if known.is_none() {
            // Its last handle is just being dropped: whose entry is no longer there does not unselect either.
            windows.remove(&window);
        }
        known
    }

    /// Selects, asks, and enters the window; called with `dispatch` locked.
    fn register(self: &Arc<Self>, id: u32, counters: Entry) -> Result<Arc<Window>, WatchError> {
        let wrong = |error: Error| match error {
            Error::X { code: 3 | 9, .. } => WatchError::BadWindow(id),
            Error::Dead => WatchError::Dead,
            other => WatchError::Other(other),
        };
        let (attributes, geometry) = self.link.settle(self.select(id)).map_err(wrong)?;
        if attributes.class == WindowClass::INPUT_ONLY {
            self.unselect(id);
            return Err(WatchError::InputOnly(id));
        }
        let layout = self.window_layout(attributes.visual, geometry.depth).map_err(wrong)?;
        let gc = self.gc(geometry.root, geometry.depth, id).map_err(wrong)?;
        let size = (geometry.width, geometry.height);
        let shared = Arc::new(Shared::new(
            self.link.clone(),
            id,
            geometry.root,
            attributes.visual,
            layout,
            gc,
            size,
            counters,
            self.options.spoil,
        ));
        let entry = Watched { shared: shared.clone(), window: no_window() };
        self.link.windows.lock().insert(id, entry);
        let window = Arc::new(Window::new(shared, self.clone()));
        if let Some(entry) = self.link.windows.lock().get_mut(&id) {
            entry.window = Arc::downgrade(&window);
        }
        Ok(window)
    }

    fn select(&self, id: u32) -> Result<(GetWindowAttributesReply, GetGeometryReply), ReplyError> {
        let connection = &self.link.connection;
        let mut events = EventMask::STRUCTURE_NOTIFY;
        if self.link.tracks() {
            events |= EventMask::EXPOSURE;
        }
        if self.link.framebuffer.get().is_some() {
            events = framebuffer::WATCHED.iter().fold(events, |events, more| events | *more);
        }
        let events = ChangeWindowAttributesAux::new().event_mask(events);
        let selected = connection.change_window_attributes(id, &events)?;
        let attributes = connection.get_window_attributes(id)?;
        let geometry = connection.get_geometry(id)?;
        selected.check()?;
        Ok((attributes.reply()?, geometry.reply()?))
    }

    fn window_layout(&self, visual: u32, depth: u8) -> Result<Layout, Error> {
        let layout = self.layout(depth)?;
        let found = self.screens.iter().flat_map(|screen| &screen.visuals).find(|known| known.id == visual);
        Ok(found.map_or(layout, |visual| Layout {
            red_mask: visual.red_mask,
            green_mask: visual.green_mask,
            blue_mask: visual.blue_mask,
            ..layout
        }))
    }

    /// A graphics context for drawables like this one.
    fn gc(&self, root: u32, depth: u8, drawable: u32) -> Result<u32, Error> {
        if let Some(&gc) = self.gcs.lock().get(&(root, depth)) {
            return Ok(gc);
        }
        let gc = self.link.connection.generate_id()?;
        let made = self
            .link
            .connection
            .create_gc(gc, drawable, &CreateGCAux::new().graphics_exposures(0))
            .map_err(ReplyError::from)
            .and_then(|cookie| connect::check(&self.link.connection, cookie));
        self.link.settle(made)?;
        self.gcs.lock().insert((root, depth), gc);
        Ok(gc)
    }

    fn start_poster(&self) -> Result<(), WatchError> {
        let mut poster = self.poster.lock();
        if poster.is_none() {
            let started = poster::start(self.link.clone());
            *poster = Some(started.map_err(|error| {
                WatchError::Other(Error::Unsupported(format!("a thread cannot be started: {error}")))
            })?);
        }
        Ok(())
    }

    /// The last handle to a window is gone.
    pub(crate) fn unwatch(&self, window: &Arc<Shared>) {
        if !self.link.is_alive() {
            return;
        }
        let mut windows = self.link.windows.lock();
        if !windows.get(&window.id).is_some_and(|entry| Arc::ptr_eq(&entry.shared, window)) {
            return;
        }
        windows.remove(&window.id);
        if let Some(framebuffer) = self.link.framebuffer.get() {
            framebuffer.forget(window.id);
        }
        if let Some(tap) = self.link.tap.get() {
            tap.forget(window.id);
        }
        if let Some(damage) = window.take_damage() {
            let _ = self.link.connection.damage_destroy(damage);
        }
        // Still locked: a new watch of the same XID selects after this.
        self.unselect(window.id);
    }

    fn unselect(&self, id: u32) {
        let events = ChangeWindowAttributesAux::new().event_mask(EventMask::NO_EVENT);
        if self.link.connection.change_window_attributes(id, &events).is_ok() {
            let _ = self.link.connection.flush();
        }
    }

    /// In a forked child: forgets the connection without touching the socket, which is the parent's, nor any lock,
    /// which a thread that the child does not have may hold. What hangs on it does nothing from here on.
    pub fn abandon(self: Arc<Self>) {
        self.link.abandon();
        std::mem::forget(self);
    }
}

/// Whether the server has the DAMAGE extension, which it then knows that we use.
fn has_damage(link: &Link) -> bool {
    let extension = link.connection.extension_information(damage::X11_EXTENSION_NAME);
    let known = link.settle(extension.map_err(ReplyError::from)).ok().flatten().is_some();
    let version = link.connection.damage_query_version(1, 1).map_err(ReplyError::from);
    known && link.settle(version.and_then(|cookie| cookie.reply())).is_ok()
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.link.is_abandoned() {
            return;
        }
        self.link.stop();
        if let Some(poster) = self.poster.get_mut().take() {
            let _ = poster.join();
        }
        self.link.forget_frames();
    }
}
