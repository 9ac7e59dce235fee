//! What a device says of itself: its renderer and driver, from a context made and destroyed for the question.

use std::ffi::{c_int, c_uint, c_void};

use crate::egl::{Symbols, function, text};
use crate::{Device, Egl};

type BindApi = unsafe extern "C" fn(c_uint) -> c_uint;
type CreateContext = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void, *const c_int) -> *mut c_void;
type MakeCurrent = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void, *mut c_void) -> c_uint;
type OfDisplay = unsafe extern "C" fn(*mut c_void) -> c_uint;
type GetString = unsafe extern "C" fn(c_uint) -> *const std::ffi::c_char;

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// GL_RENDERER.
    pub renderer: String,
    /// GL_VERSION, which ends with the driver's own.
    pub version: String,
}

impl Egl {
    /// Asks a device; the EGL error where it cannot be initialised, and 0 where it makes no context for OpenGL. For
    /// processes that use EGL for nothing else: the display is terminated.
    pub fn describe(&self, symbols: &Symbols, device: &Device) -> Result<Description, i32> {
        self.started(symbols, device, |display| ask(symbols, display)).and_then(|told| told.ok_or(0))
    }

    /// Whether a device can be initialised; the EGL error where not. As [`Self::describe`], but quicker.
    pub fn try_start(&self, symbols: &Symbols, device: &Device) -> Result<(), i32> {
        self.started(symbols, device, |_| ())
    }

    fn started<T>(
        &self,
        symbols: &Symbols,
        device: &Device,
        work: impl FnOnce(*mut c_void) -> T,
    ) -> Result<T, i32> {
        let display = self.display(device);
        self.initialize(display)?;
        let result = work(display.raw());
        // SAFETY: EGL's function of this type, on the display that was initialised above.
        unsafe {
            if let Some(terminate) = function::<OfDisplay>(symbols.find(c"eglTerminate")) {
                terminate(display.raw());
            }
        }
        Ok(result)
    }
}

fn ask(symbols: &Symbols, display: *mut c_void) -> Option<Description> {
    const OPENGL_API: c_uint = 0x30A2;
    const NONE: c_int = 0x3038;
    const RENDERER: c_uint = 0x1F01;
    const VERSION: c_uint = 0x1F02;
    let no = std::ptr::null_mut();
    // SAFETY: the names and types are those of EGL's and GL's headers; the display is initialised.
    unsafe {
        let bind: BindApi = function(symbols.find(c"eglBindAPI"))?;
        let create: CreateContext = function(symbols.find(c"eglCreateContext"))?;
        let make_current: MakeCurrent = function(symbols.find(c"eglMakeCurrent"))?;
        let get_string: GetString = function(symbols.extension(c"glGetString"))?;
        bind(OPENGL_API);
        let context = create(display, no, no, [NONE].as_ptr());
        // Neither config nor surface: EGL_KHR_no_config_context, EGL_KHR_surfaceless_context.
        if context.is_null() || make_current(display, no, no, context) == 0 {
            return None;
        }
        let description =
            Description { renderer: text(get_string(RENDERER))?, version: text(get_string(VERSION))? };
        make_current(display, no, no, no);
        Some(description)
    }
}
