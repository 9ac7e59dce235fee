//! EGL as a program on X11 uses it: displays, configs, contexts and surfaces as plain handles.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr::{null, null_mut};
use std::sync::Arc;

use x11_dl::xlib;

use crate::gl::functions;
use crate::load::Loader;
use crate::xlib::XDisplay;
use crate::{Result, check};

type Handle = *mut c_void;

functions! {
    /// EGL functions, loaded once per process.
    EglFunctions
    scalar {
        bind_api = "eglBindAPI" (api: c_uint) -> c_uint;
        get_error = "eglGetError" () -> c_int;
        release_thread = "eglReleaseThread" () -> c_uint;
        wait_client = "eglWaitClient" () -> c_uint;
        wait_native = "eglWaitNative" (engine: c_int) -> c_uint;
    }
    pointer {
        choose_config = "eglChooseConfig" (display: Handle, list: *const c_int, configs: *mut Handle, size: c_int,
            count: *mut c_int) -> c_uint;
        copy_buffers = "eglCopyBuffers" (display: Handle, surface: Handle, pixmap: usize) -> c_uint;
        create_context = "eglCreateContext" (display: Handle, config: Handle, share: Handle, list: *const c_int)
            -> Handle;
        create_pbuffer_surface = "eglCreatePbufferSurface" (display: Handle, config: Handle, list: *const c_int)
            -> Handle;
        create_pixmap_surface = "eglCreatePixmapSurface" (display: Handle, config: Handle, pixmap: usize,
            list: *const c_int) -> Handle;
        create_window_surface = "eglCreateWindowSurface" (display: Handle, config: Handle, window: usize,
            list: *const c_int) -> Handle;
        create_platform_window_surface = "eglCreatePlatformWindowSurfaceEXT" (display: Handle, config: Handle,
            window: *const c_void, list: *const c_int) -> Handle;
        destroy_surface = "eglDestroySurface" (display: Handle, surface: Handle) -> c_uint;
        get_config_attrib = "eglGetConfigAttrib" (display: Handle, config: Handle, name: c_int, value: *mut c_int)
            -> c_uint;
        get_current_surface = "eglGetCurrentSurface" (which: c_int) -> Handle;
        get_display = "eglGetDisplay" (native: *mut c_void) -> Handle;
        get_platform_display = "eglGetPlatformDisplayEXT" (platform: c_uint, native: *mut c_void, list: *const c_int)
            -> Handle;
        initialize = "eglInitialize" (display: Handle, major: *mut c_int, minor: *mut c_int) -> c_uint;
        make_current = "eglMakeCurrent" (display: Handle, draw: Handle, read: Handle, context: Handle) -> c_uint;
        query_context = "eglQueryContext" (display: Handle, context: Handle, name: c_int, value: *mut c_int) -> c_uint;
        query_string = "eglQueryString" (display: Handle, name: c_int) -> *const c_char;
        query_surface = "eglQuerySurface" (display: Handle, surface: Handle, name: c_int, value: *mut c_int) -> c_uint;
        swap_buffers = "eglSwapBuffers" (display: Handle, surface: Handle) -> c_uint;
        swap_interval = "eglSwapInterval" (display: Handle, interval: c_int) -> c_uint;
        terminate = "eglTerminate" (display: Handle) -> c_uint;
    }
}

#[allow(missing_docs, reason = "the names and values of the EGL registry")]
pub mod consts {
    pub const ALPHA_SIZE: i32 = 0x3021;
    pub const BLUE_SIZE: i32 = 0x3022;
    pub const GREEN_SIZE: i32 = 0x3023;
    pub const RED_SIZE: i32 = 0x3024;
    pub const DEPTH_SIZE: i32 = 0x3025;
    pub const STENCIL_SIZE: i32 = 0x3026;
    pub const NATIVE_VISUAL_ID: i32 = 0x302E;
    pub const SAMPLES: i32 = 0x3031;
    pub const SURFACE_TYPE: i32 = 0x3033;
    pub const NONE: i32 = 0x3038;
    pub const RENDERABLE_TYPE: i32 = 0x3040;
    pub const EXTENSIONS: i32 = 0x3055;
    pub const HEIGHT: i32 = 0x3056;
    pub const WIDTH: i32 = 0x3057;
    pub const DRAW: i32 = 0x3059;
    pub const READ: i32 = 0x305A;
    pub const CORE_NATIVE_ENGINE: i32 = 0x305B;
    pub const BACK_BUFFER: i32 = 0x3084;
    pub const SINGLE_BUFFER: i32 = 0x3085;
    pub const RENDER_BUFFER: i32 = 0x3086;
    pub const CONTEXT_MAJOR_VERSION: i32 = 0x3098;
    pub const CONTEXT_MINOR_VERSION: i32 = 0x30FB;
    pub const OPENGL_ES_API: u32 = 0x30A0;
    pub const OPENGL_API: u32 = 0x30A2;
    pub const BUFFER_AGE: i32 = 0x313D;
    pub const PLATFORM_X11: u32 = 0x31D5;
    pub const PLATFORM_XCB: u32 = 0x31DC;
    pub const PBUFFER_BIT: i32 = 1;
    pub const PIXMAP_BIT: i32 = 2;
    pub const WINDOW_BIT: i32 = 4;
    pub const OPENGL_BIT: i32 = 8;
    pub const OPENGL_ES3_BIT: i32 = 0x40;
    pub const BAD_NATIVE_WINDOW: i32 = 0x300B;
    pub const BAD_SURFACE: i32 = 0x300D;
}
use consts::*;

/// What a program gives EGL to say which X server it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Native {
    /// `eglGetDisplay` with an Xlib Display.
    Legacy,
    /// `eglGetDisplay(EGL_DEFAULT_DISPLAY)`.
    Default,
    /// The X11 platform with an Xlib Display.
    X11,
    /// The XCB platform with the Display's connection.
    Xcb,
    /// The XCB platform with a connection of its own.
    XcbAlone,
}

impl Native {
    /// All, with the names they have on the command line.
    pub const ALL: [(&str, Self); 5] = [
        ("legacy", Self::Legacy),
        ("default", Self::Default),
        ("x11", Self::X11),
        ("xcb", Self::Xcb),
        ("xcbalone", Self::XcbAlone),
    ];
}

/// The GL that contexts have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Desktop OpenGL 3.2.
    Gl,
    /// OpenGL ES 3.0.
    Es,
}

/// A config.
#[derive(Clone, Copy)]
pub struct Config(Handle);

/// A context.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Context(Handle);

/// A surface.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Surface(Handle);

// SAFETY: EGL's handles belong to the process, not to a thread.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Send for Surface {}

impl Context {
    /// No context.
    pub const NONE: Self = Self(null_mut());
}

impl Surface {
    /// No surface.
    pub const NONE: Self = Self(null_mut());
}

/// The config that a program asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The GL of its contexts.
    pub api: Api,
    /// Bits of alpha.
    pub alpha: i32,
    /// Samples of a pixel.
    pub samples: i32,
    /// Bits of EGL_SURFACE_TYPE.
    pub surfaces: i32,
}

/// An initialised EGL display on an X display.
#[derive(Clone)]
pub struct Egl {
    functions: EglFunctions,
    /// The X display.
    pub x: Arc<XDisplay>,
    /// The native display, where that is not `x`.
    alone: Option<XcbConnection>,
    raw: Handle,
    native: Native,
}

// SAFETY: EGL's functions may be called from every thread, and so may those of the X display.
unsafe impl Send for Egl {}

/// A connection to DISPLAY that Xlib knows nothing of. It stays open until the process ends.
#[derive(Clone, Copy)]
struct XcbConnection {
    raw: *mut c_void,
    get_input_focus: unsafe extern "C" fn(*mut c_void) -> c_uint,
    get_input_focus_reply: unsafe extern "C" fn(*mut c_void, c_uint, *mut *mut c_void) -> *mut c_void,
}

impl XcbConnection {
    fn open() -> Result<Self> {
        type Connect = unsafe extern "C" fn(*const c_char, *mut c_int) -> *mut c_void;
        // SAFETY: libxcb's constructors do nothing; the functions have these signatures (a cookie is passed as the number that it
        // holds), and null names DISPLAY.
        let connection = unsafe {
            let library = libloading::Library::new("libxcb.so.1")?;
            let connect = *library.get::<Connect>(b"xcb_connect")?;
            let get_input_focus = *library.get(b"xcb_get_input_focus")?;
            let get_input_focus_reply = *library.get(b"xcb_get_input_focus_reply")?;
            std::mem::forget(library);
            Self { raw: connect(null(), null_mut()), get_input_focus, get_input_focus_reply }
        };
        check(!connection.raw.is_null(), || "xcb_connect failed".into())?;
        Ok(connection)
    }

    /// Waits until the server is done with all requests, as XSync does.
    fn sync(self) {
        // SAFETY: the connection stays open; the reply is ours to free, and may be null.
        unsafe {
            let cookie = (self.get_input_focus)(self.raw);
            libc::free((self.get_input_focus_reply)(self.raw, cookie, null_mut()));
        }
    }
}

impl Egl {
    /// Initialises EGL on an X display.
    pub fn new(loader: &Loader, x: Arc<XDisplay>, native: Native) -> Result<Self> {
        let functions = EglFunctions::load(loader)?;
        let list = [NONE];
        let alone = if native == Native::XcbAlone { Some(XcbConnection::open()?) } else { None };
        // SAFETY: a live native display of the platform named, and a terminated list.
        let raw = unsafe {
            match native {
                Native::Legacy => (functions.get_display)(x.raw().cast()),
                Native::Default => (functions.get_display)(null_mut()),
                Native::X11 => (functions.get_platform_display)(PLATFORM_X11, x.raw().cast(), list.as_ptr()),
                Native::Xcb => {
                    (functions.get_platform_display)(PLATFORM_XCB, x.xcb_connection()?, list.as_ptr())
                }
                Native::XcbAlone => {
                    let connection = alone.map_or(null_mut(), |connection| connection.raw);
                    (functions.get_platform_display)(PLATFORM_XCB, connection, list.as_ptr())
                }
            }
        };
        check(!raw.is_null(), || "no EGL display".into())?;
        // SAFETY: a display and places for the version.
        let initialised = unsafe { (functions.initialize)(raw, null_mut(), null_mut()) };
        let egl = Self { functions, x, alone, raw, native };
        egl.check(initialised, "eglInitialize")?;
        Ok(egl)
    }

    fn check(&self, success: c_uint, place: &str) -> Result<()> {
        let error = self.functions.get_error();
        check(success != 0, || format!("{place} failed with {error:#06x}"))?;
        check(error == 0x3000, || format!("{place} succeeded and left {error:#06x}"))
    }

    /// The functions that need no display.
    pub fn functions(&self) -> &EglFunctions {
        &self.functions
    }

    /// Whether the display has an extension.
    pub fn has(&self, extension: &str) -> bool {
        // SAFETY: a live display; the answer is null or a static C string.
        let list = unsafe {
            let text = (self.functions.query_string)(self.raw, EXTENSIONS);
            if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
        };
        list.split(' ').any(|name| name == extension)
    }

    /// The first config that fits.
    pub fn choose(&self, wanted: &Wanted) -> Result<Config> {
        let renderable = if wanted.api == Api::Es { OPENGL_ES3_BIT } else { OPENGL_BIT };
        // What a screen of depth 16 can show.
        let bits = if self.x.root_depth() == 16 { 5 } else { 8 };
        let list = [
            [RED_SIZE, bits],
            [GREEN_SIZE, bits],
            [BLUE_SIZE, bits],
            [ALPHA_SIZE, wanted.alpha],
            [DEPTH_SIZE, 24],
            [STENCIL_SIZE, 8],
            [SAMPLES, wanted.samples],
            [SURFACE_TYPE, wanted.surfaces],
            [RENDERABLE_TYPE, renderable],
            [NONE, NONE],
        ];
        let mut configs = [null_mut(); 64];
        let mut count = 0;
        // SAFETY: a terminated list and an array as large as said.
        let chosen = unsafe {
            (self.functions.choose_config)(
                self.raw,
                list.as_ptr().cast(),
                configs.as_mut_ptr(),
                64,
                &mut count,
            )
        };
        self.check(chosen, "eglChooseConfig")?;
        let found = configs.iter().take(usize::try_from(count)?);
        let fits = |config: &&Handle| self.attribute(Config(**config), ALPHA_SIZE) == wanted.alpha;
        let config = found.copied().collect::<Vec<_>>();
        let config = config.iter().find(fits).ok_or_else(|| format!("no config for {wanted:?}"))?;
        Ok(Config(*config))
    }

    /// An attribute of a config.
    pub fn attribute(&self, config: Config, name: c_int) -> i32 {
        let mut value = 0;
        // SAFETY: a place for the value.
        unsafe { (self.functions.get_config_attrib)(self.raw, config.0, name, &mut value) };
        value
    }

    /// The visual that windows of a config need.
    pub fn visual(&self, config: Config) -> Result<xlib::XVisualInfo> {
        let id = self.attribute(config, NATIVE_VISUAL_ID);
        let visual = self.x.visual_by_id(id as xlib::VisualID);
        visual.ok_or_else(|| format!("the X server has no visual {id:#x}, which EGL names").into())
    }

    /// A context of `api`, sharing objects with another or with none.
    pub fn create_context(&self, config: Config, api: Api, share: Context) -> Result<Context> {
        self.functions.bind_api(if api == Api::Es { OPENGL_ES_API } else { OPENGL_API });
        let (major, minor) = if api == Api::Es { (3, 0) } else { (3, 2) };
        let list = [CONTEXT_MAJOR_VERSION, major, CONTEXT_MINOR_VERSION, minor, NONE];
        // SAFETY: live handles and a terminated list.
        let context = unsafe { (self.functions.create_context)(self.raw, config.0, share.0, list.as_ptr()) };
        self.check(c_uint::from(!context.is_null()), "eglCreateContext")?;
        Ok(Context(context))
    }

    /// A surface of a window that draws to a `buffer` (EGL_BACK_BUFFER, EGL_SINGLE_BUFFER), made in the way that goes with
    /// the native display.
    pub fn create_window(&self, config: Config, window: xlib::Window, buffer: i32) -> Result<Surface> {
        let list = [RENDER_BUFFER, buffer, NONE];
        let short = window as u32;
        // SAFETY: live handles, pointers to what the platform asks for, a terminated list.
        let surface = unsafe {
            let platform = self.functions.create_platform_window_surface;
            match self.native {
                Native::Legacy | Native::Default => {
                    (self.functions.create_window_surface)(self.raw, config.0, window as usize, list.as_ptr())
                }
                Native::X11 => platform(self.raw, config.0, (&raw const window).cast(), list.as_ptr()),
                Native::Xcb | Native::XcbAlone => {
                    platform(self.raw, config.0, (&raw const short).cast(), list.as_ptr())
                }
            }
        };
        self.surface(surface, "a window surface")
    }

    /// A surface of a pixmap.
    pub fn create_pixmap(&self, config: Config, pixmap: xlib::Pixmap) -> Result<Surface> {
        // SAFETY: live handles; a null list is empty.
        let surface =
            unsafe { (self.functions.create_pixmap_surface)(self.raw, config.0, pixmap as usize, null()) };
        self.surface(surface, "a pixmap surface")
    }

    /// A pbuffer.
    pub fn create_pbuffer(&self, config: Config, size: (i32, i32)) -> Result<Surface> {
        let list = [WIDTH, size.0, HEIGHT, size.1, NONE];
        // SAFETY: live handles and a terminated list.
        let surface = unsafe { (self.functions.create_pbuffer_surface)(self.raw, config.0, list.as_ptr()) };
        self.surface(surface, "a pbuffer")
    }

    fn surface(&self, surface: Handle, what: &str) -> Result<Surface> {
        self.check(c_uint::from(!surface.is_null()), what)?;
        Ok(Surface(surface))
    }

    /// Destroys a surface.
    pub fn destroy(&self, surface: Surface) -> Result<()> {
        // SAFETY: a live display; a wrong surface is EGL's error.
        let destroyed = unsafe { (self.functions.destroy_surface)(self.raw, surface.0) };
        self.check(destroyed, "eglDestroySurface")
    }

    /// Makes a context current, drawing to one surface and reading from another; checks that EGL says so.
    pub fn make_current(&self, draw: Surface, read: Surface, context: Context) -> Result<()> {
        // SAFETY: live handles or none.
        let made = unsafe { (self.functions.make_current)(self.raw, draw.0, read.0, context.0) };
        self.check(made, "eglMakeCurrent")?;
        for (which, surface) in [(DRAW, draw), (READ, read)] {
            // SAFETY: a number.
            let current = unsafe { (self.functions.get_current_surface)(which) };
            check(current == surface.0, || "eglGetCurrentSurface names another surface".into())?;
        }
        Ok(())
    }

    /// An attribute of a surface.
    pub fn surface_attribute(&self, surface: Surface, name: c_int) -> Result<i32> {
        let mut value = 0;
        // SAFETY: a place for the value.
        let asked = unsafe { (self.functions.query_surface)(self.raw, surface.0, name, &mut value) };
        self.check(asked, "eglQuerySurface")?;
        Ok(value)
    }

    /// An attribute of a context.
    pub fn context_attribute(&self, context: Context, name: c_int) -> Result<i32> {
        let mut value = 0;
        // SAFETY: a place for the value.
        let asked = unsafe { (self.functions.query_context)(self.raw, context.0, name, &mut value) };
        self.check(asked, "eglQueryContext")?;
        Ok(value)
    }

    /// Makes nothing current.
    pub fn release(&self) -> Result<()> {
        self.make_current(Surface::NONE, Surface::NONE, Context::NONE)
    }

    /// eglCopyBuffers.
    pub fn copy_buffers(&self, surface: Surface, pixmap: xlib::Pixmap) -> Result<()> {
        // SAFETY: a live display; a wrong surface or pixmap is EGL's error.
        let copied = unsafe { (self.functions.copy_buffers)(self.raw, surface.0, pixmap as usize) };
        self.check(copied, "eglCopyBuffers")
    }

    /// eglSwapBuffers.
    pub fn swap(&self, surface: Surface) -> Result<()> {
        self.check(self.try_swap(surface), "eglSwapBuffers")
    }

    /// eglSwapBuffers, which may fail; its error is left for eglGetError.
    pub fn try_swap(&self, surface: Surface) -> c_uint {
        // SAFETY: a live display; a wrong surface is EGL's error.
        let swapped = unsafe { (self.functions.swap_buffers)(self.raw, surface.0) };
        // A driver shows the frame by requests of this connection, which XSync of the other one does not wait for.
        if let Some(connection) = self.alone {
            connection.sync();
        }
        swapped
    }

    /// eglSwapInterval.
    pub fn swap_interval(&self, interval: i32) -> Result<()> {
        // SAFETY: a live display.
        self.check(unsafe { (self.functions.swap_interval)(self.raw, interval) }, "eglSwapInterval")
    }

    /// eglTerminate.
    pub fn terminate(&self) -> Result<()> {
        // SAFETY: a live display.
        self.check(unsafe { (self.functions.terminate)(self.raw) }, "eglTerminate")
    }

    /// eglInitialize of a display that was terminated.
    pub fn initialize_again(&self) -> Result<()> {
        // SAFETY: the display's handle stays valid after eglTerminate (EGL 1.5, 3.2).
        let initialised = unsafe { (self.functions.initialize)(self.raw, null_mut(), null_mut()) };
        self.check(initialised, "eglInitialize")
    }
}
