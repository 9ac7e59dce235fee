//! The GLX back end: pbuffers on a GPU-backed X server, through the driver's own GLX.
//!
//! One Display, opened by us and never shown to the program. Its X errors stay here: an error that the driver or the
//! server raises for a request of ours is kept for the caller instead of reaching the program's error handler, which
//! is process-wide and usually ends the process.

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int, c_ulong};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use once_cell::sync::OnceCell;
use parking_lot::RwLock;
use x11_dl::xlib::{Display, XErrorEvent, xError};

use super::attributes::{self as attr, Attributes};
use super::pairs::buffers::PairBuffers;
use super::pairs::surface::{self, Config, Pair};
use super::pairs::{Context, Driver, here};
use super::worker::Worker;
use super::{Backend, ConfigIndex, ContextRequest, Failure, Identity, Lending, RawContext, Surface};
use crate::gl::selection::Half;
use crate::glx::real;
use crate::interpose::Inside;
use crate::x11::{self, Xlib, io_errors};

/// Why the 3D side cannot be used; each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// GLXRUN_DISPLAY3D is not set.
    #[error("no 3D side: GLXRUN_DISPLAY3D names no X display. Start the program with `glxrun`, or set it")]
    Unnamed,
    /// libX11 is missing.
    #[error("cannot load libX11.so.6 ({0}). Install libx11-6")]
    NoXlib(String),
    /// The X server does not answer.
    #[error(
        "cannot open the 3D side's display {0:?}. Check that its X server runs and that XAUTHORITY lets us in"
    )]
    Unreachable(String),
    /// The X server has no GLX, or no GLX client library is installed.
    #[error(
        "the 3D side's display {0:?} has no GLX. Name one with -d that has, or install libgl1 and a driver"
    )]
    NoGlx(String),
    /// GLX offers no config for pbuffers.
    #[error(
        "GLX on the 3D side's display {0:?} offers no config for pbuffers. Check its driver with glxinfo"
    )]
    NoConfigs(String),
    /// Both sides are one display.
    #[error("the 3D side and the 2D side are the same display {0:?}. Name another 3D display with -d")]
    SameDisplay(String),
}

/// The back end.
pub struct GlxBackend {
    display: *mut Display,
    screen: c_int,
    xlib: &'static Xlib,
    configs: Vec<Attributes>,
    /// How many of them are the driver's.
    natives: usize,
    handles: Vec<*mut std::ffi::c_void>,
    identity: Identity,
    /// Surfaces with stereo that the driver does not have, by their left back buffer.
    pairs: RwLock<HashMap<usize, Arc<Pair>>>,
    /// The contexts, as they select buffers of those.
    contexts: RwLock<HashMap<usize, Arc<Context>>>,
    error_base: u32,
    worker: OnceCell<Worker>,
}

// SAFETY: the Display has locks (XInitThreads precedes its opening); the rest is read-only after construction.
unsafe impl Send for GlxBackend {}
// SAFETY: as for Send.
unsafe impl Sync for GlxBackend {}

/// The X error last raised on the 3D Display, code + 1; 0 for none. One connection, one place: callers clear it
/// before a request and look after a round trip.
static LAST_ERROR: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn keep_error(_: *mut Display, _: *mut XErrorEvent, wire: *mut xError) -> c_int {
    // SAFETY: Xlib passes the error as it came over the wire; its second byte is the code.
    let code = unsafe { *wire.cast::<u8>().add(1) };
    LAST_ERROR.store(u32::from(code) + 1, Relaxed);
    // Zero: not for the program's error handler.
    0
}

/// Opens a Display of our own to a 3D side's X server; its errors stay here.
pub fn open_display(name: &str) -> Result<(&'static Xlib, *mut Display), OpenError> {
    let _inside = Inside::enter();
    let xlib = Xlib::get().map_err(OpenError::NoXlib)?;
    let unreachable = || OpenError::Unreachable(name.to_owned());
    let c_name = CString::new(name).map_err(|_| unreachable())?;
    // SAFETY: XInitThreads may be called at any time; it makes the Displays opened from now on lockable.
    let display = unsafe {
        (xlib.XInitThreads)();
        (xlib.XOpenDisplay)(c_name.as_ptr())
    };
    if display.is_null() {
        return Err(unreachable());
    }
    // SAFETY: a live Display; codes are 0 to 255.
    unsafe {
        for code in 0..256 {
            (xlib.XESetWireToError)(display, code, Some(keep_error));
        }
    }
    x11::add_own(display);
    io_errors::watch(display);
    Ok((xlib, display))
}

impl GlxBackend {
    /// Opens the 3D display and reads its configs. The result lives as long as the process.
    pub fn open(name: &str) -> Result<&'static Self, OpenError> {
        let _inside = Inside::enter();
        let (xlib, display) = open_display(name)?;
        let no_glx = || OpenError::NoGlx(name.to_owned());
        let (mut error_base, mut event_base) = (0, 0);
        let query = real::glXQueryExtension.get().ok_or_else(no_glx)?;
        // SAFETY: a live Display and out parameters.
        if unsafe { query(display, &raw mut error_base, &raw mut event_base) } == 0 {
            return Err(no_glx());
        }
        // SAFETY: a live Display.
        let screen = unsafe { (xlib.XDefaultScreen)(display) };
        let (mut configs, mut handles) = read_configs(xlib, display, screen).unwrap_or_default();
        if configs.is_empty() {
            return Err(OpenError::NoConfigs(name.to_owned()));
        }
        let natives = configs.len();
        add_stereo(&mut configs, &mut handles);
        let identity = read_identity(display, screen);
        Ok(Box::leak(Box::new(Self {
            display,
            screen,
            xlib,
            natives,
            configs,
            handles,
            identity,
            pairs: RwLock::default(),
            contexts: RwLock::default(),
            error_base: error_base as u32,
            worker: OnceCell::new(),
        })))
    }

    fn handle(&self, config: ConfigIndex) -> *mut std::ffi::c_void {
        self.handles[config.0]
    }

    /// Before a call into the driver that may fail: it must not meet a lost connection.
    fn enter(&self) -> Result<Inside, Failure> {
        if io_errors::is_lost() { Err(Failure::Lost) } else { Ok(Inside::enter()) }
    }

    /// A pbuffer of `width` x `height` pixels.
    pub fn create_pbuffer(&self, config: usize, (width, height): (u16, u16)) -> Result<usize, Failure> {
        let _inside = self.enter()?;
        let create = real::glXCreatePbuffer.get().ok_or(Failure::Silent)?;
        let list = [
            attr::PBUFFER_WIDTH,
            width.into(),
            attr::PBUFFER_HEIGHT,
            height.into(),
            attr::PRESERVED_CONTENTS,
            1,
            0,
        ];
        LAST_ERROR.store(0, Relaxed);
        // SAFETY: our Display, its config, a terminated list.
        let id = unsafe { create(self.display, config as *mut _, list.as_ptr()) };
        if id == 0 {
            self.sync();
            return Err(self.failure().unwrap_or(Failure::Silent));
        }
        Ok(id as usize)
    }

    /// Destroys a pbuffer of ours, once.
    pub fn destroy_pbuffer(&self, id: usize) {
        if io_errors::is_lost() {
            return;
        }
        let _inside = Inside::enter();
        if let Some(destroy) = real::glXDestroyPbuffer.get() {
            // SAFETY: a pbuffer of ours that is destroyed once, by its Surface.
            unsafe { destroy(self.display, id as c_ulong) };
        }
    }

    /// glXMakeContextCurrent with pbuffers of ours and a context; 0 is none.
    pub fn bind(&self, draw: usize, read: usize, context: usize) -> Result<(), Failure> {
        let _inside = self.enter()?;
        let make_current = real::glXMakeContextCurrent.get().ok_or(Failure::Silent)?;
        LAST_ERROR.store(0, Relaxed);
        // SAFETY: our Display, live pbuffers of it or none, a live context or none.
        match unsafe { make_current(self.display, draw as c_ulong, read as c_ulong, context as *mut _) } {
            0 => {
                self.sync();
                Err(self.failure().unwrap_or(Failure::Silent))
            }
            _ => Ok(()),
        }
    }

    fn pair_of(&self, surface: &Surface) -> Option<Arc<Pair>> {
        self.pairs.read().get(&surface.id).cloned()
    }

    /// What pbuffers of a config are made with.
    fn config(&self, index: ConfigIndex) -> Config {
        let value = |attribute| self.configs[index.0].value(attribute);
        Config {
            handle: self.handle(index) as usize,
            srgb: false,
            double: value(attr::DOUBLEBUFFER) != 0,
            stereo: value(attr::STEREO) != 0,
            depth_or_stencil: surface::buffers_of(value(attr::DEPTH_SIZE) > 0, value(attr::STENCIL_SIZE) > 0),
            multisampled: value(attr::SAMPLES) > 1,
        }
    }

    /// Whether surfaces of a config have stereo though the driver has none.
    fn is_made_up(&self, index: ConfigIndex) -> bool {
        index.0 >= self.natives
    }

    fn sync(&self) {
        // SAFETY: our own live Display.
        unsafe { (self.xlib.XSync)(self.display, 0) };
    }

    /// The error raised since `LAST_ERROR` was cleared.
    fn failure(&self) -> Option<Failure> {
        let code = LAST_ERROR.swap(0, Relaxed).checked_sub(1)?;
        Some(match code.checked_sub(self.error_base) {
            Some(relative) if relative < 14 => Failure::Glx(relative as u8),
            _ => Failure::X(code as u8),
        })
    }
}

type Configs = (Vec<Attributes>, Vec<*mut std::ffi::c_void>);

/// The configs that can make pbuffers.
fn read_configs(xlib: &Xlib, display: *mut Display, screen: c_int) -> Option<Configs> {
    let (get_configs, get_attribute, get_visual) = (
        real::glXGetFBConfigs.get()?,
        real::glXGetFBConfigAttrib.get()?,
        real::glXGetVisualFromFBConfig.get()?,
    );
    let mut count = 0;
    // SAFETY: a live Display and an out parameter.
    let list = unsafe { get_configs(display, screen, &raw mut count) };
    if list.is_null() {
        return None;
    }
    // SAFETY: GLX returned an array of `count` handles.
    let handles = unsafe { std::slice::from_raw_parts(list, count.max(0) as usize) };
    let mut found = Configs::default();
    for &handle in handles {
        let get = |attribute: c_int| {
            let mut value = 0;
            // SAFETY: a handle of this Display and an out parameter.
            let status = unsafe { get_attribute(display, handle, attribute, &raw mut value) };
            (status == attr::SUCCESS).then_some((attribute, value))
        };
        let mut attributes: Attributes =
            attr::QUERIED.iter().filter_map(|&attribute| get(attribute)).collect();
        if attributes.value(attr::DRAWABLE_TYPE) & attr::PBUFFER_BIT == 0 {
            continue;
        }
        // SAFETY: as above; the visual is freed once read.
        unsafe {
            let visual = get_visual(display, handle);
            if !visual.is_null() {
                attributes.native_depth = (*visual).depth as u8;
                (xlib.XFree)(visual.cast());
            }
        }
        found.0.push(attributes);
        found.1.push(handle);
    }
    // SAFETY: the array is Xlib's to free.
    unsafe { (xlib.XFree)(list.cast()) };
    Some(found)
}

/// Where the driver has no stereo, adds configs with it: those of the colours that screens have, without what few programs
/// want besides.
fn add_stereo(configs: &mut Vec<Attributes>, handles: &mut Vec<*mut std::ffi::c_void>) {
    let value = |attributes: &Attributes, attribute| attributes.value(attribute);
    if configs.iter().any(|attributes| value(attributes, attr::STEREO) != 0) {
        return;
    }
    let is_plain = |attributes: &Attributes| {
        let colours = [attr::RED_SIZE, attr::GREEN_SIZE, attr::BLUE_SIZE].map(|size| value(attributes, size));
        let nothing = [attr::SAMPLES, attr::ACCUM_RED_SIZE, attr::AUX_BUFFERS, attr::FLOAT_COMPONENTS_NV];
        colours == [8; 3]
            && value(attributes, attr::DOUBLEBUFFER) != 0
            && nothing.iter().all(|attribute| value(attributes, *attribute) == 0)
    };
    let mut id = configs.iter().map(|attributes| value(attributes, attr::FBCONFIG_ID)).max().unwrap_or(0);
    let plain: Vec<_> = (0..configs.len()).filter(|index| is_plain(&configs[*index])).collect();
    for index in plain {
        id += 1;
        configs.push(configs[index].clone().with(attr::STEREO, 1).with(attr::FBCONFIG_ID, id));
        handles.push(handles[index]);
    }
}

/// Whether glXCreateContextAttribsARB's list asks for OpenGL ES.
fn is_es(attributes: Option<&[c_int]>) -> bool {
    const PROFILE_MASK: c_int = 0x9126;
    const ES_PROFILE_BIT: c_int = 4;
    let pairs = attributes.unwrap_or_default().chunks_exact(2);
    pairs.filter(|pair| pair[0] == PROFILE_MASK).any(|pair| pair[1] == ES_PROFILE_BIT)
}

fn read_identity(display: *mut Display, screen: c_int) -> Identity {
    let text = |string: *const c_char| {
        // SAFETY: GLX gives static strings or null.
        (!string.is_null()).then(|| unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned())
    };
    let mut identity = Identity::default();
    if let Some(get) = real::glXQueryExtensionsString.get() {
        // SAFETY: a live Display.
        let list = text(unsafe { get(display, screen) }).unwrap_or_default();
        identity.extensions.extend(list.split_whitespace().map(str::to_owned));
    }
    if let Some(get) = real::glXGetClientString.get() {
        // SAFETY: a live Display.
        identity.vendor = text(unsafe { get(display, attr::VENDOR) }).unwrap_or_default();
    }
    identity
}

impl Backend for GlxBackend {
    fn configs(&self) -> &[Attributes] {
        &self.configs
    }

    /// Mesa's GLX in an X server refuses it, which NVIDIA's client does not expect: the next glXMakeContextCurrent fails
    /// with GLXBadContextTag. Mesa's own client does not ask the server.
    fn mixes_configs(&self) -> bool {
        !self.identity.vendor.contains("NVIDIA")
    }

    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn create_context(&self, request: &ContextRequest) -> Result<RawContext, Failure> {
        let _inside = self.enter()?;
        let share = request.share.map_or(0, |context| context.0) as *mut std::ffi::c_void;
        let config = request.config.map_or(std::ptr::null_mut(), |config| self.handle(config));
        LAST_ERROR.store(0, Relaxed);
        let context = match request.attributes {
            Some(list) => {
                let create = real::glXCreateContextAttribsARB.get().ok_or(Failure::Silent)?;
                let list: Vec<c_int> = list.iter().copied().chain([0, 0]).collect();
                // SAFETY: our Display, its config, a live context or null, a terminated list.
                unsafe { create(self.display, config, share, 1, list.as_ptr()) }
            }
            None => {
                let create = real::glXCreateNewContext.get().ok_or(Failure::Silent)?;
                // SAFETY: as above.
                unsafe { create(self.display, config, request.render_type, share, 1) }
            }
        };
        if context.is_null() {
            self.sync();
            return Err(self.failure().unwrap_or(Failure::Silent));
        }
        let handle = context as usize;
        let record = Context { handle, es: is_es(request.attributes), ..Context::default() };
        self.contexts.write().insert(handle, Arc::new(record));
        Ok(RawContext(handle))
    }

    fn destroy_context(&self, context: RawContext) {
        self.contexts.write().remove(&context.0);
        let _inside = Inside::enter();
        if let Some(destroy) = real::glXDestroyContext.get() {
            // SAFETY: a context of this back end that the caller has not destroyed before.
            unsafe { destroy(self.display, context.0 as *mut _) };
        }
    }

    fn create_surface(
        &'static self,
        config: ConfigIndex,
        width: u16,
        height: u16,
    ) -> Result<Arc<Surface>, Failure> {
        let (width, height) = (width.max(1), height.max(1));
        let id = if self.is_made_up(config) {
            let pair = Pair::new(Driver::Glx(self), self.config(config), config, (width, height))?;
            crate::gl::buffers::emulate();
            let id = pair.half(Half::Back)?;
            self.pairs.write().insert(id, Arc::new(pair));
            id
        } else {
            self.create_pbuffer(self.handle(config) as usize, (width, height))?
        };
        Ok(Arc::new(Surface { id, width, height, config, backend: self }))
    }

    fn destroy_surface(&self, id: usize) {
        let pair = self.pairs.write().remove(&id);
        if pair.is_none() {
            self.destroy_pbuffer(id);
        }
    }

    fn make_current(
        &'static self,
        surfaces: Option<(&Surface, &Surface)>,
        context: RawContext,
    ) -> Result<(), Failure> {
        let Some((draw, read)) = surfaces else {
            here::leave();
            return self.bind(0, 0, context.0);
        };
        let (draw_pair, read_pair) = (self.pair_of(draw), self.pair_of(read));
        if draw_pair.is_none() && read_pair.is_none() {
            self.bind(draw.id, read.id, context.0)?;
            here::leave();
            return Ok(());
        }
        let known = self.contexts.read().get(&context.0).cloned();
        let current =
            || here::with(|here| here.context.clone()).filter(|current| current.handle == context.0);
        // One that another process made is not known.
        let imported = || Arc::new(Context { handle: context.0, ..Context::default() });
        let record = known.or_else(current).unwrap_or_else(imported);
        let pair = |pair: Option<Arc<Pair>>, surface: &Surface| {
            let size = (surface.width, surface.height);
            pair.unwrap_or_else(|| {
                let config = self.config(surface.config);
                Arc::new(Pair::around(Driver::Glx(self), config, surface.config, size, surface.id))
            })
        };
        here::bind(Driver::Glx(self), record, Some((pair(draw_pair, draw), pair(read_pair, read))))
    }

    fn bind_for_a_while(
        &'static self,
        surfaces: (&Surface, &Surface),
        context: RawContext,
    ) -> Result<(), Failure> {
        // While what several buffers are drawn in is bound.
        here::with(here::Here::mirror);
        self.make_current(Some(surfaces), context)
    }

    fn buffers(&self) -> Option<&dyn Lending> {
        here::with(|here| !here.context.es && here.has_surfaces()).unwrap_or(false).then_some(&PairBuffers)
    }

    fn release(&self) {
        let _inside = Inside::enter();
        here::leave();
        if let Some(make_current) = real::glXMakeContextCurrent.get() {
            // SAFETY: our Display; no context.
            unsafe { make_current(self.display, 0, 0, std::ptr::null_mut()) };
        }
    }

    fn copy_context(&self, source: RawContext, target: RawContext, mask: u64) -> Result<(), Failure> {
        let _inside = self.enter()?;
        let copy = real::glXCopyContext.get().ok_or(Failure::Silent)?;
        LAST_ERROR.store(0, Relaxed);
        // SAFETY: our Display and two contexts of it.
        unsafe { copy(self.display, source.0 as *mut _, target.0 as *mut _, mask as c_ulong) };
        self.sync();
        self.failure().map_or(Ok(()), Err)
    }

    fn display(&self) -> (*mut Display, i32) {
        (self.display, self.screen)
    }

    fn worker(&'static self) -> &'static Worker {
        self.worker.get_or_init(|| Worker::new(self))
    }
}
