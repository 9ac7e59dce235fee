//! Surfaces of windows and pixmaps, and the pbuffers that stand for them.
//!
//! A pbuffer cannot change its size, so a window that does gets another one behind the same handle. The handle is
//! therefore ours (an address that no surface of the driver's can have); the program's own pbuffers keep the driver's.

use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering::Relaxed};

use glxrun_display::Window;
use parking_lot::Mutex;

use super::config::Config;
use super::display::{AppDisplay, pairs};
use super::native::Native;
use super::numbers as egl;
use super::pixmap::{self, Pixmap};
use super::{EGLAttrib, EGLBoolean, EGLConfig, EGLDisplay, EGLSurface, NativeDrawable, driver, error};
use crate::frame::pacing::Pacer;
use crate::gl::selection::Half;
use crate::gl::{api, buffers};
use crate::interpose::passes;
use crate::render::pairs::surface::buffers_of;
use crate::runtime::{Runtime, is_direct};

/// What a surface shows up in.
pub enum Target {
    /// A window.
    Window {
        /// On the 2D side.
        window: Arc<Window>,
        /// EGL_RENDER_BUFFER is EGL_SINGLE_BUFFER: what is drawn is seen after a flush.
        single: bool,
    },
    /// A pixmap.
    Pixmap(Pixmap),
}

/// A pbuffer of the driver's. Destroyed when dropped.
pub struct Pbuffer {
    raw: usize,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    display: Arc<AppDisplay>,
    generation: u32,
}

impl Pbuffer {
    fn new(
        display: &Arc<AppDisplay>,
        config: EGLConfig,
        size: (u16, u16),
        attributes: &[c_int],
    ) -> Option<Arc<Self>> {
        let (width, height) = (size.0.max(1), size.1.max(1));
        let mut list = vec![egl::WIDTH, width.into(), egl::HEIGHT, height.into()];
        list.extend(attributes);
        list.push(egl::NONE);
        let raw = driver!(eglCreatePbufferSurface(display.handle(), config, list.as_ptr())) as usize;
        let generation = display.generation.load(Relaxed);
        (raw != 0).then(|| Arc::new(Self { raw, width, height, display: display.clone(), generation }))
    }

    /// The display that it was made on.
    pub fn display(&self) -> &AppDisplay {
        &self.display
    }

    /// The driver's handle.
    pub fn raw(&self) -> EGLSurface {
        self.raw as EGLSurface
    }

    fn has_size_of(&self, other: &Self) -> bool {
        (self.width, self.height) == (other.width, other.height)
    }
}

impl Drop for Pbuffer {
    fn drop(&mut self) {
        // After eglTerminate the handle may be another surface's.
        if self.display.generation.load(Relaxed) == self.generation {
            driver!(eglDestroySurface(self.display.handle(), self.raw()));
        }
    }
}

/// A surface of a window or a pixmap.
pub struct Surface {
    /// Its display.
    pub display: Arc<AppDisplay>,
    /// The native display of its window or pixmap.
    pub native: Arc<Native>,
    /// What it shows up in.
    pub target: Target,
    config: usize,
    /// What the program asked of it and a pbuffer can have, for the next one.
    attributes: Vec<c_int>,
    pbuffer: Mutex<Arc<Pbuffer>>,
    /// What a window shows, once the program has named its front buffer.
    front: Mutex<Option<Arc<Pbuffer>>>,
    /// GL_DEPTH_BUFFER_BIT and GL_STENCIL_BUFFER_BIT for what the config has.
    pub depth_or_stencil: u32,
    /// For a multisampled one: the GL format to resolve its samples to.
    pub resolved_format: Option<u32>,
    /// EGL_SWAP_BEHAVIOR as the program set it; the content is kept anyway.
    pub swap_behavior: AtomicI32,
    /// Whether the pbuffer holds the last frame: a swap has happened since it was made.
    pub has_frame: AtomicBool,
    /// eglSwapInterval's; 1 at first (EGL 1.5, 3.10.3).
    pub interval: AtomicI32,
    /// Limits the rate of swaps.
    pub pacer: Mutex<Pacer>,
    /// Whether a warning about its size has been given.
    refused: AtomicU32,
}

impl Surface {
    /// The program's handle.
    pub fn handle(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// The driver's config that it was made with.
    pub fn config(&self) -> EGLConfig {
        self.config as EGLConfig
    }

    /// The pbuffer that it has by now.
    pub fn pbuffer(&self) -> Arc<Pbuffer> {
        self.pbuffer.lock().clone()
    }

    /// Whether it has a front and a back buffer.
    pub fn is_double(&self) -> bool {
        matches!(self.target, Target::Window { single: false, .. })
    }

    /// EGL_RENDER_BUFFER. Pixmaps have one buffer (EGL 1.5, 3.5.6).
    pub fn render_buffer(&self) -> c_int {
        if self.is_double() { egl::BACK_BUFFER } else { egl::SINGLE_BUFFER }
    }

    /// The pbuffer that stands for a buffer; the front one is made when it is first asked for.
    pub fn half(&self, half: Half) -> Arc<Pbuffer> {
        let back = self.pbuffer();
        let Some(window) = self.window().filter(|_| half == Half::Front && self.is_double()) else {
            return back;
        };
        let mut front = self.front.lock();
        if let Some(front) = front.as_ref().filter(|front| front.has_size_of(&back)) {
            return front.clone();
        }
        let size = (back.width, back.height);
        let Some(new) = Pbuffer::new(&self.display, self.config(), size, &self.attributes) else {
            log::warn!("no front buffer for window {:#x}: its back buffer is used", window.id());
            return back;
        };
        // The last frame was swapped when nobody needed the front buffer yet.
        if let Some(image) = window.last_frame() {
            pixmap::upload(&new, self.config(), &image, &window.layout());
        }
        *front = Some(new.clone());
        new
    }

    /// Whether the program has named the front buffer.
    pub fn has_front(&self) -> bool {
        self.front.lock().is_some()
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u16, u16) {
        match &self.target {
            Target::Window { window, .. } => window.size(),
            Target::Pixmap(pixmap) => (pixmap.width, pixmap.height),
        }
    }

    /// The window that its frames go to.
    pub fn window(&self) -> Option<&Arc<Window>> {
        match &self.target {
            Target::Window { window, .. } => Some(window),
            Target::Pixmap(_) => None,
        }
    }

    /// Gives a window whose size changed a pbuffer of the new size.
    pub fn fit(&self) {
        let Target::Window { window, .. } = &self.target else { return };
        let (width, height) = window.size();
        let mut pbuffer = self.pbuffer.lock();
        if (pbuffer.width, pbuffer.height) == (width.max(1), height.max(1)) {
            return;
        }
        match Pbuffer::new(&self.display, self.config(), (width, height), &self.attributes) {
            Some(new) => {
                *pbuffer = new;
                self.has_frame.store(false, Relaxed);
            }
            None => {
                let size = u32::from(width) << 16 | u32::from(height);
                if self.refused.swap(size, Relaxed) != size {
                    log::warn!("no surface of {width}x{height} pixels for window {:#x}", window.id());
                }
            }
        }
    }
}

/// An attribute of a config of the driver's.
fn attribute(display: &AppDisplay, config: EGLConfig, attribute: c_int) -> c_int {
    let mut value = 0;
    driver!(eglGetConfigAttrib(display.handle(), config, attribute, &raw mut value));
    value
}

/// GL_DEPTH_BUFFER_BIT and GL_STENCIL_BUFFER_BIT for what a config has.
fn depth_or_stencil(display: &AppDisplay, config: EGLConfig) -> u32 {
    let has = |name| attribute(display, config, name) > 0;
    buffers_of(has(egl::DEPTH_SIZE), has(egl::STENCIL_SIZE))
}

/// The GL format of a multisampled config's colours; None for one without samples.
fn resolved_format(display: &AppDisplay, config: EGLConfig, attributes: &[c_int]) -> Option<u32> {
    let get = |name| attribute(display, config, name);
    if get(egl::SAMPLES) == 0 {
        return None;
    }
    let srgb = attributes.chunks_exact(2).any(|pair| pair == [egl::GL_COLORSPACE, egl::GL_COLORSPACE_SRGB]);
    Some(match (get(egl::RED_SIZE), get(egl::ALPHA_SIZE) > 0, srgb) {
        (10, ..) => api::RGB10_A2,
        (5, ..) => api::RGB565,
        (_, true, true) => api::SRGB8_ALPHA8,
        (_, false, true) => api::SRGB8,
        (_, true, false) => api::RGBA8,
        (_, false, false) => api::RGB8,
    })
}

/// A surface to be made.
struct New {
    display: Arc<AppDisplay>,
    config: EGLConfig,
    attributes: Vec<(c_int, c_int)>,
}

impl New {
    /// Makes it for a target, or fails.
    fn make(self, native: Arc<Native>, target: Target) -> EGLSurface {
        let size = match &target {
            Target::Window { window, .. } => window.size(),
            Target::Pixmap(pixmap) => (pixmap.width, pixmap.height),
        };
        let for_pbuffer = |name: &c_int| {
            !matches!(*name, egl::RENDER_BUFFER | egl::PRESENT_OPAQUE_EXT | egl::SWAP_BEHAVIOR)
        };
        let attributes: Vec<c_int> = self
            .attributes
            .iter()
            .filter(|(name, _)| for_pbuffer(name))
            .flat_map(|&(name, value)| [name, value])
            .collect();
        let Some(pbuffer) = Pbuffer::new(&self.display, self.config, size, &attributes) else {
            return error::theirs(std::ptr::null_mut());
        };
        let surface = Arc::new(Surface {
            display: self.display.clone(),
            native,
            target,
            config: self.config as usize,
            front: Mutex::default(),
            depth_or_stencil: depth_or_stencil(&self.display, self.config),
            resolved_format: resolved_format(&self.display, self.config, &attributes),
            attributes,
            pbuffer: Mutex::new(pbuffer),
            swap_behavior: AtomicI32::new(egl::BUFFER_DESTROYED),
            has_frame: AtomicBool::new(false),
            interval: AtomicI32::new(1),
            pacer: Mutex::default(),
            refused: AtomicU32::new(0),
        });
        if let Target::Pixmap(pixmap) = &surface.target {
            pixmap.fill(&surface.pbuffer(), self.config);
        }
        buffers::emulate();
        let handle = surface.handle();
        self.display.surfaces.write().insert(handle, surface);
        error::succeed();
        handle as EGLSurface
    }

    /// The config, if it can make surfaces of a kind (a bit of EGL_SURFACE_TYPE).
    fn check(&self, kind: c_int) -> Result<(), c_int> {
        if !self.display.initialized.load(Relaxed) {
            return Err(egl::NOT_INITIALIZED);
        }
        let configs = self.display.configs().ok_or(egl::BAD_DISPLAY)?;
        let config: &Config = configs.find(self.config).ok_or(egl::BAD_CONFIG)?;
        if config.surface_type & kind == 0 { Err(egl::BAD_MATCH) } else { Ok(()) }
    }

    fn window(self, id: usize) -> EGLSurface {
        let buffers = [egl::BACK_BUFFER, egl::SINGLE_BUFFER];
        if self.attributes.iter().any(|(name, value)| *name == egl::RENDER_BUFFER && !buffers.contains(value))
        {
            return fail(egl::BAD_ATTRIBUTE);
        }
        match self.watch(id) {
            Ok((native, window)) => {
                let single = self.attributes.contains(&(egl::RENDER_BUFFER, egl::SINGLE_BUFFER));
                self.make(native, Target::Window { window, single })
            }
            Err(code) => fail(code),
        }
    }

    /// The window behind an XID, on the native display that has it.
    fn watch(&self, id: usize) -> Result<(Arc<Native>, Arc<Window>), c_int> {
        self.check(egl::WINDOW_BIT)?;
        let id = u32::try_from(id).map_err(|_| egl::BAD_NATIVE_WINDOW)?;
        for native in self.display.natives() {
            // The window may not have reached the server yet.
            native.sync();
            match native.side.server.watch(id, Runtime::get().frames.entry(id)) {
                Ok(window) if self.is_taken(&window) => return Err(egl::BAD_ALLOC),
                Ok(window) => return Ok((native, window)),
                Err(error) => log::debug!("{id:#x} is no window to draw to: {error}"),
            }
        }
        Err(egl::BAD_NATIVE_WINDOW)
    }

    /// Whether there is a surface of the window. Another server's may have the same XID, also one that took the place of a lost one.
    fn is_taken(&self, new: &Arc<Window>) -> bool {
        let surfaces = self.display.surfaces.read();
        surfaces.values().any(
            |surface| matches!(&surface.target, Target::Window { window, .. } if Arc::ptr_eq(window, new)),
        )
    }

    fn pixmap(self, id: usize) -> EGLSurface {
        let found = self.check(egl::PIXMAP_BIT).and_then(|()| {
            let id = u32::try_from(id).map_err(|_| egl::BAD_NATIVE_PIXMAP)?;
            let of = |native: Arc<Native>| {
                native.sync();
                Pixmap::new(&native.side.server, id).map(|pixmap| (native, pixmap))
            };
            self.display.natives().into_iter().find_map(of).ok_or(egl::BAD_NATIVE_PIXMAP)
        });
        match found {
            Ok((native, pixmap)) => self.make(native, Target::Pixmap(pixmap)),
            Err(code) => fail(code),
        }
    }
}

fn fail(code: c_int) -> EGLSurface {
    log::debug!("no EGL surface: error {code:#x}");
    error::fail(code);
    std::ptr::null_mut()
}

/// The XID that eglCreatePlatform...Surface is given a pointer to. It is a Window or a Pixmap, of 64 bits, with the X11
/// platform and an `xcb_window_t` with XCB's; Qt passes the latter for the former. XIDs have 29 bits.
///
/// # Safety
/// `pointer` is null or points to at least 32 bits.
unsafe fn id_at(pointer: *const c_void) -> usize {
    const { assert!(cfg!(target_endian = "little"), "the low half comes first") };
    // SAFETY: the caller's contract.
    if pointer.is_null() { 0 } else { unsafe { *pointer.cast::<u32>() as usize } }
}

/// In direct mode: notes which window a surface of the driver's belongs to, so that its swaps can be counted.
fn note(surface: EGLSurface, window: usize) -> EGLSurface {
    // XIDs of clients are larger than this, and pointers (windows of other platforms) do not fit.
    const FIRST_XID: u32 = 1 << 16;
    if is_direct()
        && !surface.is_null()
        && let Ok(window) = u32::try_from(window)
        && window >= FIRST_XID
    {
        Runtime::get().egl.windows.lock().insert(surface as usize, window);
    }
    surface
}

/// eglCreateWindowSurface.
pub unsafe fn create_window(
    dpy: EGLDisplay,
    config: EGLConfig,
    window: NativeDrawable,
    attribs: *const c_int,
) -> EGLSurface {
    match AppDisplay::find(dpy).filter(|_| !passes()) {
        Some(display) => New { display, config, attributes: pairs(attribs, |value| value) }.window(window),
        None => note(error::theirs(driver!(eglCreateWindowSurface(dpy, config, window, attribs))), window),
    }
}

/// eglCreatePlatformWindowSurface.
pub unsafe fn create_platform_window(
    dpy: EGLDisplay,
    config: EGLConfig,
    window: *mut c_void,
    attribs: *const EGLAttrib,
) -> EGLSurface {
    match AppDisplay::find(dpy).filter(|_| !passes()) {
        Some(display) => {
            // SAFETY: EGL's contract for the argument.
            let id = unsafe { id_at(window) };
            New { display, config, attributes: pairs(attribs, |value| value as c_int) }.window(id)
        }
        None => {
            let surface =
                error::theirs(driver!(eglCreatePlatformWindowSurface(dpy, config, window, attribs)));
            note_platform(surface, window)
        }
    }
}

/// eglCreatePlatformWindowSurfaceEXT.
pub unsafe fn create_platform_window_ext(
    dpy: EGLDisplay,
    config: EGLConfig,
    window: *mut c_void,
    attribs: *const c_int,
) -> EGLSurface {
    match AppDisplay::find(dpy).filter(|_| !passes()) {
        Some(display) => {
            // SAFETY: EGL's contract for the argument.
            let id = unsafe { id_at(window) };
            New { display, config, attributes: pairs(attribs, |value| value) }.window(id)
        }
        None => {
            let surface =
                error::theirs(driver!(eglCreatePlatformWindowSurfaceEXT(dpy, config, window, attribs)));
            note_platform(surface, window)
        }
    }
}

fn note_platform(surface: EGLSurface, window: *const c_void) -> EGLSurface {
    if surface.is_null() || window.is_null() || !is_direct() {
        return surface;
    }
    // SAFETY: the driver has made a surface of what it points to, on every platform at least 32 bits.
    note(surface, unsafe { id_at(window) })
}

/// eglCreatePixmapSurface.
pub unsafe fn create_pixmap(
    dpy: EGLDisplay,
    config: EGLConfig,
    pixmap: NativeDrawable,
    attribs: *const c_int,
) -> EGLSurface {
    match AppDisplay::find(dpy) {
        Some(display) => New { display, config, attributes: pairs(attribs, |value| value) }.pixmap(pixmap),
        None => error::theirs(driver!(eglCreatePixmapSurface(dpy, config, pixmap, attribs))),
    }
}

/// eglCreatePlatformPixmapSurface.
pub unsafe fn create_platform_pixmap(
    dpy: EGLDisplay,
    config: EGLConfig,
    pixmap: *mut c_void,
    attribs: *const EGLAttrib,
) -> EGLSurface {
    match AppDisplay::find(dpy) {
        Some(display) => {
            // SAFETY: EGL's contract for the argument.
            let id = unsafe { id_at(pixmap) };
            New { display, config, attributes: pairs(attribs, |value| value as c_int) }.pixmap(id)
        }
        None => error::theirs(driver!(eglCreatePlatformPixmapSurface(dpy, config, pixmap, attribs))),
    }
}

/// eglCreatePlatformPixmapSurfaceEXT.
pub unsafe fn create_platform_pixmap_ext(
    dpy: EGLDisplay,
    config: EGLConfig,
    pixmap: *mut c_void,
    attribs: *const c_int,
) -> EGLSurface {
    match AppDisplay::find(dpy) {
        Some(display) => {
            // SAFETY: EGL's contract for the argument.
            let id = unsafe { id_at(pixmap) };
            New { display, config, attributes: pairs(attribs, |value| value) }.pixmap(id)
        }
        None => error::theirs(driver!(eglCreatePlatformPixmapSurfaceEXT(dpy, config, pixmap, attribs))),
    }
}

/// eglDestroySurface. One that is current lives on until it no longer is.
pub unsafe fn destroy(dpy: EGLDisplay, surface: EGLSurface) -> EGLBoolean {
    if is_direct() {
        Runtime::get().egl.windows.lock().remove(&(surface as usize));
    } else if !passes()
        && let Some(display) = AppDisplay::find(dpy)
        && let Some(gone) = { display.surfaces.write().remove(&(surface as usize)) }
    {
        drop(gone);
        return error::succeed();
    }
    error::theirs(driver!(eglDestroySurface(dpy, surface)))
}
