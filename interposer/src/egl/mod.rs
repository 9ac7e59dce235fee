//! EGL as a program on X11 calls it: the rows, and what each call means.
//!
//! The program's EGLDisplay, contexts, configs, pbuffers, images and syncs are the driver's own, made on the 3D side, so
//! most of EGL passes us by. What is ours is what names something of the 2D side: native displays, the visuals of
//! configs, and surfaces of windows and pixmaps, for each of which a pbuffer stands in ([`surface`]). Displays of other
//! platforms (devices, surfaceless, GBM, Wayland) are unknown here and go straight to the driver.

mod api;
pub mod buffers;
mod config;
mod context;
pub mod current;
pub mod display;
mod error;
mod lifetime;
mod native;
mod numbers;
mod pixmap;
mod platform;
mod proc_address;
mod query;
mod strings;
mod surface;
mod swap;

use std::ffi::{c_char, c_int, c_uint, c_void};

pub use display::State;

use crate::interpose::{Library, interpose};

/// The driver's display, by its handle.
pub type EGLDisplay = *mut c_void;
/// The driver's config, by its handle.
pub type EGLConfig = *mut c_void;
/// The driver's context, by its handle.
pub type EGLContext = *mut c_void;
/// The driver's surface, by its handle, or one of ours.
pub type EGLSurface = *mut c_void;
type EGLBoolean = c_uint;
type EGLenum = c_uint;
type EGLint = c_int;
type EGLAttrib = isize;
/// EGLNativeDisplayType.
type NativeDisplay = *mut c_void;
/// EGLNativeWindowType and EGLNativePixmapType: an XID here, a pointer on other platforms.
type NativeDrawable = usize;

const TRUE: EGLBoolean = 1;
const FALSE: EGLBoolean = 0;

interpose! {
    from Library::Egl;

    fn eglGetError() -> EGLint => error::get;
    fn eglGetProcAddress(name: *const c_char) -> crate::glx::GLFunction => proc_address::get;
    fn eglQueryString(dpy: EGLDisplay, name: EGLint) -> *const c_char => strings::query;

    fn eglGetDisplay(native: NativeDisplay) -> EGLDisplay => display::get;
    fn eglGetPlatformDisplay(platform: EGLenum, native: *mut c_void, attribs: *const EGLAttrib) -> EGLDisplay => display::get_platform;
    fn eglGetPlatformDisplayEXT(platform: EGLenum, native: *mut c_void, attribs: *const EGLint) -> EGLDisplay => display::get_platform_ext;
    fn eglInitialize(dpy: EGLDisplay, major: *mut EGLint, minor: *mut EGLint) -> EGLBoolean => lifetime::initialize;
    fn eglTerminate(dpy: EGLDisplay) -> EGLBoolean => lifetime::terminate;
    fn eglQueryDisplayAttribEXT(dpy: EGLDisplay, attribute: EGLint, value: *mut EGLAttrib) -> EGLBoolean => lifetime::query_attribute;
    fn eglQueryDisplayAttribKHR(dpy: EGLDisplay, attribute: EGLint, value: *mut EGLAttrib) -> EGLBoolean => lifetime::query_attribute_khr;
    fn eglGetDisplayDriverName(dpy: EGLDisplay) -> *const c_char => lifetime::driver_name;
    fn eglGetDisplayDriverConfig(dpy: EGLDisplay) -> *mut c_char => lifetime::driver_config;
    fn eglReleaseThread() -> EGLBoolean => current::release_thread;

    fn eglGetConfigs(dpy: EGLDisplay, configs: *mut EGLConfig, size: EGLint, count: *mut EGLint) -> EGLBoolean => config::all;
    fn eglChooseConfig(dpy: EGLDisplay, attribs: *const EGLint, configs: *mut EGLConfig, size: EGLint, count: *mut EGLint) -> EGLBoolean => config::choose;
    fn eglGetConfigAttrib(dpy: EGLDisplay, config: EGLConfig, attribute: EGLint, value: *mut EGLint) -> EGLBoolean => config::get_attribute;

    watch fn eglCreateWindowSurface(dpy: EGLDisplay, config: EGLConfig, window: NativeDrawable, attribs: *const EGLint) -> EGLSurface => surface::create_window;
    watch fn eglCreatePlatformWindowSurface(dpy: EGLDisplay, config: EGLConfig, window: *mut c_void, attribs: *const EGLAttrib) -> EGLSurface => surface::create_platform_window;
    watch fn eglCreatePlatformWindowSurfaceEXT(dpy: EGLDisplay, config: EGLConfig, window: *mut c_void, attribs: *const EGLint) -> EGLSurface => surface::create_platform_window_ext;
    fn eglCreatePixmapSurface(dpy: EGLDisplay, config: EGLConfig, pixmap: NativeDrawable, attribs: *const EGLint) -> EGLSurface => surface::create_pixmap;
    fn eglCreatePlatformPixmapSurface(dpy: EGLDisplay, config: EGLConfig, pixmap: *mut c_void, attribs: *const EGLAttrib) -> EGLSurface => surface::create_platform_pixmap;
    fn eglCreatePlatformPixmapSurfaceEXT(dpy: EGLDisplay, config: EGLConfig, pixmap: *mut c_void, attribs: *const EGLint) -> EGLSurface => surface::create_platform_pixmap_ext;
    fn eglCreatePbufferSurface(dpy: EGLDisplay, config: EGLConfig, attribs: *const EGLint) -> EGLSurface => lifetime::create_pbuffer;
    watch fn eglDestroySurface(dpy: EGLDisplay, surface: EGLSurface) -> EGLBoolean => surface::destroy;

    fn eglQuerySurface(dpy: EGLDisplay, surface: EGLSurface, attribute: EGLint, value: *mut EGLint) -> EGLBoolean => query::surface;
    fn eglSurfaceAttrib(dpy: EGLDisplay, surface: EGLSurface, attribute: EGLint, value: EGLint) -> EGLBoolean => query::set_attribute;
    fn eglBindTexImage(dpy: EGLDisplay, surface: EGLSurface, buffer: EGLint) -> EGLBoolean => query::bind_tex_image;
    fn eglReleaseTexImage(dpy: EGLDisplay, surface: EGLSurface, buffer: EGLint) -> EGLBoolean => query::release_tex_image;

    fn eglMakeCurrent(dpy: EGLDisplay, draw: EGLSurface, read: EGLSurface, ctx: EGLContext) -> EGLBoolean => current::make_current;
    fn eglGetCurrentSurface(which: EGLint) -> EGLSurface => current::surface;
    fn eglCreateContext(dpy: EGLDisplay, config: EGLConfig, share: EGLContext, attribs: *const EGLint) -> EGLContext => context::create;
    fn eglDestroyContext(dpy: EGLDisplay, ctx: EGLContext) -> EGLBoolean => context::destroy;
    fn eglQueryContext(dpy: EGLDisplay, ctx: EGLContext, attribute: EGLint, value: *mut EGLint) -> EGLBoolean => context::query;
    fn eglWaitClient() -> EGLBoolean => current::wait_client;
    fn eglWaitGL() -> EGLBoolean => current::wait_gl;
    fn eglWaitNative(engine: EGLint) -> EGLBoolean => current::wait_native;

    watch fn eglSwapBuffers(dpy: EGLDisplay, surface: EGLSurface) -> EGLBoolean => swap::buffers;
    watch fn eglSwapBuffersWithDamageKHR(dpy: EGLDisplay, surface: EGLSurface, rects: *const EGLint, count: EGLint) -> EGLBoolean => swap::with_damage_khr;
    watch fn eglSwapBuffersWithDamageEXT(dpy: EGLDisplay, surface: EGLSurface, rects: *const EGLint, count: EGLint) -> EGLBoolean => swap::with_damage_ext;
    fn eglSwapInterval(dpy: EGLDisplay, interval: EGLint) -> EGLBoolean => swap::interval;
    fn eglCopyBuffers(dpy: EGLDisplay, surface: EGLSurface, target: NativeDrawable) -> EGLBoolean => swap::copy;
}

/// The driver's answer to a call of ours or of the program's, made so that what the driver does inside is not ours.
macro_rules! driver {
    ($name:ident($($arg:expr),* $(,)?)) => {{
        let _inside = $crate::interpose::Inside::enter();
        match $crate::egl::real::$name.get() {
            // SAFETY: the program's own arguments, or handles of the driver's and places that live across the call.
            Some(function) => unsafe { function($($arg),*) },
            None => $crate::interpose::Nothing::NOTHING,
        }
    }};
    (api $name:ident($($arg:expr),* $(,)?)) => {{
        let _inside = $crate::interpose::Inside::enter();
        match $crate::egl::api::$name.get() {
            // SAFETY: as above.
            Some(function) => unsafe { function($($arg),*) },
            None => $crate::interpose::Nothing::NOTHING,
        }
    }};
}
pub(crate) use driver;
