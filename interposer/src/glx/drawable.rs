//! Drawables: what a program draws to, and the surface on the 3D side that stands for it.

use std::ffi::{c_int, c_uint};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use glxrun_display::Window;
use parking_lot::Mutex;
use x11_dl::xlib::Display;

use super::config::{Config, pairs};
use super::display::AppDisplay;
use super::error::{Code, GlxError, core, minor};
use super::pixmap::PixmapTarget;
use super::swap_events::Listener;
use super::swaps::Swaps;
use super::{GLXFBConfig, XID, current};
use crate::frame::pacing::Pacer;
use crate::render::attributes as attr;
use crate::render::{Failure, Surface};
use crate::runtime::Runtime;

/// What kind of drawable it is.
pub enum Kind {
    /// A window, named by itself or by a GLXWindow.
    Window(Arc<Window>),
    /// A pbuffer.
    Pbuffer {
        /// GLX_LARGEST_PBUFFER was asked for.
        largest: bool,
        /// GLX_PRESERVED_CONTENTS was asked for.
        preserved: bool,
    },
    /// A GLXPixmap.
    Pixmap(PixmapTarget),
}

/// The surface of a drawable and how it came to be.
struct Backing {
    config: &'static Config,
    surface: Arc<Surface>,
    /// The surface before a resize, until the overlap has been copied from it.
    previous: Option<Arc<Surface>>,
    /// Whether its back buffer holds the last frame: a swap has happened since it was made.
    has_frame: bool,
    /// A surface without samples of the same size, to read frames of a multisampled one from.
    resolved: Option<Arc<Surface>>,
}

impl Backing {
    fn new(config: &'static Config, surface: Arc<Surface>) -> Self {
        Self { config, surface, previous: None, has_frame: false, resolved: None }
    }
}

/// One drawable of the program's.
pub struct Drawable {
    /// The name that the program uses.
    pub xid: u32,
    /// What it is.
    pub kind: Kind,
    creator: usize,
    /// The config it was made with; None for a plain window, which takes that of its context.
    config: Option<&'static Config>,
    backing: Mutex<Option<Backing>>,
    /// Frames a swap waits for: GLX_SWAP_INTERVAL_EXT, in refreshes.
    pub swap_interval: AtomicI32,
    /// Limits the rate of swaps.
    pub pacer: Mutex<Pacer>,
    /// Whether the program has named the front buffer, so that it must hold the last frame after a swap.
    pub front_used: AtomicBool,
    /// Whether the program has drawn to the front buffer of a double-buffered drawable. From then on any flush may
    /// follow such drawing: display lists and glPopAttrib select it without our seeing it.
    pub front_drawn: AtomicBool,
    /// Whether a swap has happened.
    pub swapped: AtomicBool,
    /// The event mask of glXSelectEvent.
    pub event_mask: AtomicU64,
    /// Its swaps, counted.
    pub swaps: Arc<Swaps>,
}

impl Drawable {
    /// A drawable of any kind; its surface is made when it is first needed.
    pub fn new(display: &AppDisplay, xid: u32, kind: Kind, config: Option<&'static Config>) -> Arc<Self> {
        Arc::new(Self {
            xid,
            kind,
            creator: display.dpy() as usize,
            config,
            backing: Mutex::new(None),
            swap_interval: AtomicI32::new(0),
            pacer: Mutex::default(),
            front_used: AtomicBool::new(false),
            front_drawn: AtomicBool::new(false),
            swapped: AtomicBool::new(false),
            event_mask: AtomicU64::new(0),
            swaps: Arc::default(),
        })
    }

    /// The drawable that a program means by an XID: one of ours, else an X window, which is then watched.
    pub fn find(display: &AppDisplay, xid: XID) -> Option<Arc<Self>> {
        let side = &display.side;
        let id = u32::try_from(xid).ok()?;
        if let Some(drawable) = side.drawables.read().get(&id)
            && !drawable.is_gone()
        {
            return Some(drawable.clone());
        }
        // The window may not have reached the server yet.
        display.sync();
        let window = match side.server.watch(id, Runtime::get().frames.entry(id)) {
            Ok(window) => window,
            Err(error) => {
                log::debug!("{xid:#x} is no window to draw to: {error}");
                return None;
            }
        };
        side.sweep();
        let drawable = Self::new(display, id, Kind::Window(window), None);
        Some(side.drawables.write().entry(id).or_insert(drawable).clone())
    }

    /// The Display it was made with, by address.
    pub fn creator(&self) -> usize {
        self.creator
    }

    /// The window that its frames go to.
    pub fn window(&self) -> Option<&Arc<Window>> {
        match &self.kind {
            Kind::Window(window) => Some(window),
            _ => None,
        }
    }

    /// Whether it is a window that was destroyed.
    pub fn is_gone(&self) -> bool {
        self.window().is_some_and(|window| window.is_gone())
    }

    /// The config it was made with, or of the context that it last had.
    pub fn config(&self) -> Option<&'static Config> {
        self.config.or_else(|| self.backing.lock().as_ref().map(|backing| backing.config))
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u16, u16) {
        match &self.kind {
            Kind::Window(window) => window.size(),
            Kind::Pixmap(target) => (target.width, target.height),
            Kind::Pbuffer { .. } => {
                self.backing.lock().as_ref().map_or((0, 0), |b| (b.surface.width, b.surface.height))
            }
        }
    }

    /// The surface to draw to with a context of `config`, made if need be.
    pub fn surface(&self, config: &'static Config) -> Result<Arc<Surface>, Failure> {
        let config = self.config.unwrap_or(config);
        let mut backing = self.backing.lock();
        if let Some(backing) = &*backing
            && backing.config.backing == config.backing
        {
            return Ok(backing.surface.clone());
        }
        let (width, height) = match &self.kind {
            Kind::Window(window) => window.size(),
            Kind::Pixmap(target) => (target.width, target.height),
            Kind::Pbuffer { .. } => return Err(Failure::Silent),
        };
        let backend = Runtime::get().backend.ok_or(Failure::Silent)?;
        let surface = backend.create_surface(config.backing, width, height)?;
        *backing = Some(Backing::new(config, surface.clone()));
        Ok(surface)
    }

    /// The surface that it has by now.
    pub fn existing_surface(&self) -> Option<Arc<Surface>> {
        self.backing.lock().as_ref().map(|backing| backing.surface.clone())
    }

    /// Whether a surface is the drawable's, and of its size.
    pub fn fits(&self, surface: &Arc<Surface>) -> bool {
        let sized = self.window().is_none_or(|window| {
            let (width, height) = window.size();
            (surface.width, surface.height) == (width.max(1), height.max(1))
        });
        sized && self.backing.lock().as_ref().is_some_and(|backing| Arc::ptr_eq(&backing.surface, surface))
    }

    /// Gives a window whose size changed a surface of the new size.
    pub fn fit(&self) {
        let Kind::Window(window) = &self.kind else { return };
        let (width, height) = window.size();
        let mut backing = self.backing.lock();
        let Some(backing) = &mut *backing else { return };
        if (backing.surface.width, backing.surface.height) == (width.max(1), height.max(1)) {
            return;
        }
        let Some(backend) = Runtime::get().backend else { return };
        match backend.create_surface(backing.config.backing, width, height) {
            Ok(surface) => {
                backing.previous = Some(std::mem::replace(&mut backing.surface, surface));
                (backing.has_frame, backing.resolved) = (false, None);
            }
            Err(failure) => {
                log::log!(
                    failure.level(),
                    "no surface of {width}x{height} pixels for window {:#x}: {failure}",
                    self.xid
                );
            }
        }
    }

    /// For a multisampled drawable: a surface of its size without samples, and None for others.
    pub fn resolved_surface(&self) -> Option<Arc<Surface>> {
        let mut backing = self.backing.lock();
        let backing = backing.as_mut()?;
        let config = backing.config.without_samples()?;
        if backing.resolved.is_none() {
            let (width, height) = (backing.surface.width, backing.surface.height);
            match Runtime::get().backend?.create_surface(config, width, height) {
                Ok(surface) => backing.resolved = Some(surface),
                Err(failure) => {
                    log::log!(failure.level(), "no surface to resolve {width}x{height} samples: {failure}")
                }
            }
        }
        backing.resolved.clone()
    }

    /// A swap has been made; its frame is counted as rendered by now.
    pub fn note_swap(&self) {
        if let Some(backing) = &mut *self.backing.lock() {
            backing.has_frame = true;
        }
        self.swaps.count(self.window().map(|window| &**window));
    }

    /// Swaps whose frames are shown or dropped.
    pub fn swaps_done(&self) -> u64 {
        self.swaps.done(self.window().map(|window| &**window))
    }

    /// Waits until so many swaps are done, and gives how many are; None once that cannot be any more.
    pub fn wait_for_swap(&self, target: u64) -> Option<u64> {
        self.follow_frames();
        self.swaps.wait(target, self.window().map(|window| &**window))
    }

    /// Who gets an event for each swap from now on.
    pub fn listen(&self, listener: Option<Listener>) {
        if listener.is_some() {
            self.follow_frames();
        }
        self.swaps.listen(listener, self.window().map(|window| &**window));
    }

    /// Has the 2D side tell of frames that are done with, from now on.
    fn follow_frames(&self) {
        if let Some(window) = self.window() {
            // Named first: only so does the weak reference become one to the trait.
            let swaps: Weak<Swaps> = Arc::downgrade(&self.swaps);
            window.watch_frames(swaps);
        }
    }

    /// GLX_BACK_BUFFER_AGE_EXT, in frames; 0 if nothing is known of the back buffer's content. Our swap leaves it alone, so
    /// it is the last frame.
    fn back_buffer_age(&self) -> c_uint {
        let double = self.config().is_some_and(|config| config.is_double_buffered());
        let has_frame = self.backing.lock().as_ref().is_some_and(|backing| backing.has_frame);
        (double && has_frame).into()
    }

    /// The surface before the last resize, once.
    pub fn take_previous(&self) -> Option<Arc<Surface>> {
        self.backing.lock().as_mut()?.previous.take()
    }
}

fn insert(display: &AppDisplay, drawable: Arc<Drawable>) -> XID {
    let xid = drawable.xid;
    display.side.drawables.write().insert(xid, drawable);
    xid.into()
}

/// Registers a GLX drawable under a fresh XID: one of our own connection, which no other client can use.
pub fn register(display: &AppDisplay, kind: Kind, config: &'static Config) -> Option<XID> {
    let xid = display.side.server.generate_id().ok()?;
    Some(insert(display, Drawable::new(display, xid, kind, Some(config))))
}

/// Forgets a GLX drawable of a `kind`; `error` is raised if the XID is none.
pub fn unregister(dpy: *mut Display, xid: XID, kind: impl Fn(&Kind) -> bool, error: GlxError, minor: u8) {
    let Some(display) = AppDisplay::of(dpy) else { return };
    display.catch_up(true);
    let id = xid as u32;
    let mut drawables = display.side.drawables.write();
    // A plain window has no config of its own, and is not GLX's to destroy.
    let fits = drawables.get(&id).is_some_and(|drawable| drawable.config.is_some() && kind(&drawable.kind));
    let removed = fits.then(|| drawables.remove(&id)).flatten();
    drop(drawables);
    // A GLXWindow goes with its X window.
    if removed.is_none_or(|removed| removed.is_gone()) {
        display.raise(error, xid, minor);
    }
}

/// glXCreateWindow.
pub unsafe fn create_window(
    dpy: *mut Display,
    config: GLXFBConfig,
    window: XID,
    _attribs: *const c_int,
) -> XID {
    let Some(display) = AppDisplay::of(dpy) else { return 0 };
    let fail = |code: Code, resource| {
        display.raise(code, resource, minor::CREATE_WINDOW);
        0
    };
    let Some(config) = Config::from_handle(config) else { return fail(GlxError::BadFBConfig.into(), 0) };
    let id = window as u32;
    display.sync();
    let Ok(watched) = display.side.server.watch(id, Runtime::get().frames.entry(id)) else {
        return fail(Code::X(core::BAD_WINDOW), window);
    };
    if watched.depth() != config.depth && watched.layout().bits_per_pixel < 24 {
        return fail(Code::X(core::BAD_MATCH), window);
    }
    // A window has one GLXWindow at a time (GLX 1.4, 3.3.4).
    let taken = display.side.drawables.read().values().any(|drawable| {
        drawable.config.is_some() && drawable.window().is_some_and(|window| Arc::ptr_eq(window, &watched))
    });
    if taken {
        return fail(Code::X(core::BAD_ALLOC), window);
    }
    register(&display, Kind::Window(watched), config)
        .unwrap_or_else(|| fail(Code::X(core::BAD_ALLOC), window))
}

/// glXDestroyWindow.
pub unsafe fn destroy_window(dpy: *mut Display, window: XID) {
    let kind = |kind: &Kind| matches!(kind, Kind::Window(_));
    unregister(dpy, window, kind, GlxError::BadWindow, minor::DELETE_WINDOW);
}

/// glXCreatePbuffer.
pub unsafe fn create_pbuffer(dpy: *mut Display, config: GLXFBConfig, attribs: *const c_int) -> XID {
    let (mut width, mut height) = (0, 0);
    for (attribute, value) in pairs(attribs) {
        match attribute {
            attr::PBUFFER_WIDTH => width = value,
            attr::PBUFFER_HEIGHT => height = value,
            _ => {}
        }
    }
    new_pbuffer(dpy, config, width, height, attribs)
}

/// glXCreateGLXPbufferSGIX.
pub unsafe fn create_pbuffer_sgix(
    dpy: *mut Display,
    config: GLXFBConfig,
    width: c_uint,
    height: c_uint,
    attribs: *mut c_int,
) -> XID {
    new_pbuffer(dpy, config, width as c_int, height as c_int, attribs)
}

fn new_pbuffer(
    dpy: *mut Display,
    config: GLXFBConfig,
    width: c_int,
    height: c_int,
    attribs: *const c_int,
) -> XID {
    let Some(display) = AppDisplay::of(dpy) else { return 0 };
    let fail = |code: Code| {
        display.raise(code, 0, minor::CREATE_PBUFFER);
        0
    };
    let Some(config) = Config::from_handle(config) else { return fail(GlxError::BadFBConfig.into()) };
    let flag = |wanted: c_int, default: bool| {
        pairs(attribs).filter(|(name, _)| *name == wanted).last().map_or(default, |(_, value)| value != 0)
    };
    let largest = flag(attr::LARGEST_PBUFFER, false);
    let preserved = flag(attr::PRESERVED_CONTENTS, true);
    if width < 0 || height < 0 {
        return fail(Code::X(core::BAD_VALUE));
    }
    let limit = |attribute| match config.attributes.value(attribute) {
        0 => c_int::from(u16::MAX),
        limit => limit.min(u16::MAX.into()),
    };
    let (widest, highest) = (limit(attr::MAX_PBUFFER_WIDTH), limit(attr::MAX_PBUFFER_HEIGHT));
    if !largest && (width > widest || height > highest) {
        return fail(Code::X(core::BAD_ALLOC));
    }
    let Some(backend) = Runtime::get().backend else { return 0 };
    let (width, height) = (width.min(widest) as u16, height.min(highest) as u16);
    let surface = match backend.create_surface(config.backing, width, height) {
        Ok(surface) => surface,
        Err(failure) => return fail(failure.into()),
    };
    let Ok(xid) = display.side.server.generate_id() else { return fail(Code::X(core::BAD_ALLOC)) };
    let drawable = Drawable::new(&display, xid, Kind::Pbuffer { largest, preserved }, Some(config));
    *drawable.backing.lock() = Some(Backing::new(config, surface));
    insert(&display, drawable)
}

/// glXDestroyPbuffer.
pub unsafe fn destroy_pbuffer(dpy: *mut Display, pbuffer: XID) {
    let kind = |kind: &Kind| matches!(kind, Kind::Pbuffer { .. });
    unregister(dpy, pbuffer, kind, GlxError::BadPbuffer, minor::DESTROY_PBUFFER);
}

/// The largest swap interval that we accept.
pub const MAX_SWAP_INTERVAL: c_int = 1000;

/// glXQueryDrawable.
pub unsafe fn query(dpy: *mut Display, xid: XID, attribute: c_int, value: *mut c_uint) {
    let Some(display) = AppDisplay::of(dpy) else { return };
    let Some(drawable) = Drawable::find(&display, xid) else {
        display.raise(GlxError::BadDrawable, xid, minor::GET_DRAWABLE_ATTRIBUTES);
        return;
    };
    display.catch_up(true);
    let (width, height) = drawable.size();
    let answer = match attribute {
        attr::WIDTH => width.into(),
        attr::HEIGHT => height.into(),
        attr::PRESERVED_CONTENTS => match drawable.kind {
            Kind::Pbuffer { preserved, .. } => preserved.into(),
            _ => 0,
        },
        attr::LARGEST_PBUFFER => match drawable.kind {
            Kind::Pbuffer { largest, .. } => largest.into(),
            _ => 0,
        },
        attr::FBCONFIG_ID => {
            drawable.config().map_or(0, |config| config.attributes.value(attr::FBCONFIG_ID) as c_uint)
        }
        attr::EVENT_MASK => drawable.event_mask.load(Relaxed) as c_uint,
        attr::SCREEN => drawable.config().map_or(0, |config| config.screen as c_uint),
        attr::DRAWABLE_TYPE => match drawable.kind {
            Kind::Window(_) => attr::WINDOW_BIT as c_uint,
            Kind::Pbuffer { .. } => attr::PBUFFER_BIT as c_uint,
            Kind::Pixmap(_) => attr::PIXMAP_BIT as c_uint,
        },
        attr::SWAP_INTERVAL => drawable.swap_interval.load(Relaxed).unsigned_abs(),
        attr::LATE_SWAPS_TEAR => (drawable.swap_interval.load(Relaxed) < 0).into(),
        attr::BACK_BUFFER_AGE if current::has(&drawable) => drawable.back_buffer_age(),
        attr::BACK_BUFFER_AGE => {
            // Only who draws to it may ask (GLX_EXT_buffer_age).
            display.raise(GlxError::BadDrawable, xid, minor::GET_DRAWABLE_ATTRIBUTES);
            return;
        }
        attr::Y_INVERTED => 1,
        attr::TEXTURE_FORMAT | attr::TEXTURE_TARGET | attr::MIPMAP_TEXTURE => match &drawable.kind {
            Kind::Pixmap(target) => target.texture.attribute(attribute) as c_uint,
            _ => 0,
        },
        attr::MAX_SWAP_INTERVAL => MAX_SWAP_INTERVAL as c_uint,
        _ => 0,
    };
    // SAFETY: the program passes a place for the value (null is tolerated).
    if let Some(value) = unsafe { value.as_mut() } {
        *value = answer;
    }
}
