//! EGL's functions and numbers (egl.h, eglext.h), as far as we use them.

#![allow(non_upper_case_globals, reason = "these are the C names")]

use std::ffi::{c_int, c_uint, c_void};

use crate::interpose::{Library, Real, c_name};

/// EGLDisplay, EGLConfig, EGLContext and EGLSurface.
pub type Handle = *mut c_void;

macro_rules! functions {
    ($(fn $name:ident($($type:ty),*) -> $ret:ty;)*) => {
        $(pub static $name: Real<unsafe extern "C" fn($($type),*) -> $ret> =
            Real::new(Library::Egl, c_name!($name));)*
    };
}

functions! {
    fn eglBindAPI(c_uint) -> c_uint;
    fn eglCreateContext(Handle, Handle, Handle, *const c_int) -> Handle;
    fn eglCreatePbufferSurface(Handle, Handle, *const c_int) -> Handle;
    fn eglDestroyContext(Handle, Handle) -> c_uint;
    fn eglDestroySurface(Handle, Handle) -> c_uint;
    fn eglGetConfigAttrib(Handle, Handle, c_int, *mut c_int) -> c_uint;
    fn eglGetConfigs(Handle, *mut Handle, c_int, *mut c_int) -> c_uint;
    fn eglGetError() -> c_int;
    fn eglMakeCurrent(Handle, Handle, Handle, Handle) -> c_uint;
    fn eglQueryAPI() -> c_uint;
}

/// Calls an EGL function; its type's nothing (0, null) where it is missing.
macro_rules! egl {
    ($name:ident($($arg:expr),* $(,)?)) => {
        match $crate::render::egl::api::$name.get() {
            // SAFETY: the arguments are handles of our display, live or null, and pointers to locals.
            Some(function) => unsafe { function($($arg),*) },
            None => $crate::interpose::Nothing::NOTHING,
        }
    };
}
pub(super) use egl;

pub const OPENGL_API: c_uint = 0x30A2;
pub const OPENGL_ES_API: c_uint = 0x30A0;

pub const BAD_ALLOC: c_int = 0x3003;
pub const BAD_ATTRIBUTE: c_int = 0x3004;
pub const BAD_CONFIG: c_int = 0x3005;
pub const BAD_CONTEXT: c_int = 0x3006;
pub const BAD_MATCH: c_int = 0x3009;

pub const NONE: c_int = 0x3038;
pub const VENDOR: c_int = 0x3053;
pub const EXTENSIONS: c_int = 0x3055;

pub const ALPHA_SIZE: c_int = 0x3021;
pub const BLUE_SIZE: c_int = 0x3022;
pub const GREEN_SIZE: c_int = 0x3023;
pub const RED_SIZE: c_int = 0x3024;
pub const DEPTH_SIZE: c_int = 0x3025;
pub const STENCIL_SIZE: c_int = 0x3026;
pub const CONFIG_CAVEAT: c_int = 0x3027;
pub const MAX_PBUFFER_HEIGHT: c_int = 0x302A;
pub const MAX_PBUFFER_PIXELS: c_int = 0x302B;
pub const MAX_PBUFFER_WIDTH: c_int = 0x302C;
pub const SAMPLES: c_int = 0x3031;
pub const SURFACE_TYPE: c_int = 0x3033;
pub const COLOR_BUFFER_TYPE: c_int = 0x303F;
pub const RENDERABLE_TYPE: c_int = 0x3040;
pub const SLOW_CONFIG: c_int = 0x3050;
pub const NON_CONFORMANT_CONFIG: c_int = 0x3051;
/// EGL_EXT_pixel_format_float.
pub const COLOR_COMPONENT_TYPE: c_int = 0x3339;
pub const COLOR_COMPONENT_TYPE_FLOAT: c_int = 0x333B;

pub const PBUFFER_BIT: c_int = 1;
pub const OPENGL_BIT: c_int = 8;
pub const RGB_BUFFER: c_int = 0x308E;

pub const HEIGHT: c_int = 0x3056;
pub const WIDTH: c_int = 0x3057;
/// EGL_KHR_gl_colorspace.
pub const GL_COLORSPACE: c_int = 0x309D;
pub const GL_COLORSPACE_SRGB: c_int = 0x3089;

pub const CONTEXT_MAJOR_VERSION: c_int = 0x3098;
pub const CONTEXT_MINOR_VERSION: c_int = 0x30FB;
pub const CONTEXT_FLAGS: c_int = 0x30FC;
pub const CONTEXT_OPENGL_PROFILE_MASK: c_int = 0x30FD;
pub const CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY: c_int = 0x31BD;
pub const NO_RESET_NOTIFICATION: c_int = 0x31BE;
pub const LOSE_CONTEXT_ON_RESET: c_int = 0x31BF;
/// EGL_KHR_create_context_no_error.
pub const CONTEXT_OPENGL_NO_ERROR: c_int = 0x31B3;
/// EGL_KHR_context_flush_control.
pub const CONTEXT_RELEASE_BEHAVIOR: c_int = 0x2097;
/// EGL_EXT_create_context_robustness, for OpenGL ES.
pub const CONTEXT_OPENGL_ROBUST_ACCESS_EXT: c_int = 0x30BF;
pub const CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_EXT: c_int = 0x3138;

/// The error of the last call in this thread.
pub fn error() -> c_int {
    egl!(eglGetError())
}
