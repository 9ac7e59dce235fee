//! GLX as the program calls it: the rows, and what each call means.
//!
//! GLX 1.0 to 1.4 and the extensions that we advertise (see [`strings`]). A handler finds out which of our objects
//! the call is about, checks what the specification asks for, and has the 3D side do the work.

pub mod config;
pub mod context;
pub mod current;
pub mod display;
pub mod drawable;
pub mod error;
mod events;
mod font;
mod import;
pub mod offer;
pub mod pixmap;
mod proc_address;
mod query;
mod renderer;
pub mod strings;
pub mod swap;
pub mod swap_events;
pub mod swaps;
mod sync;
mod texture;
mod visual;

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_ulong, c_void};

pub use x11_dl::xlib::XID;
use x11_dl::xlib::{Display, XVisualInfo};

use crate::interpose::{Library, interpose};

/// A config, as an opaque handle: the address of a [`config::Config`].
pub type GLXFBConfig = *mut c_void;
/// A context, as an opaque handle: the 3D side's own.
pub type GLXContext = *mut c_void;
/// The type of what glXGetProcAddress returns.
pub type GLFunction = Option<unsafe extern "C" fn()>;
type Bool = c_int;

interpose! {
    from Library::Glx;

    // GLX 1.0
    fn glXChooseVisual(dpy: *mut Display, screen: c_int, attribs: *mut c_int) -> *mut XVisualInfo => visual::choose;
    fn glXCreateContext(dpy: *mut Display, visual: *mut XVisualInfo, share: GLXContext, direct: Bool) -> GLXContext => context::create;
    fn glXDestroyContext(dpy: *mut Display, ctx: GLXContext) -> () => context::destroy;
    fn glXMakeCurrent(dpy: *mut Display, drawable: XID, ctx: GLXContext) -> Bool => current::make_current;
    fn glXCopyContext(dpy: *mut Display, source: GLXContext, target: GLXContext, mask: c_ulong) -> () => context::copy;
    watch fn glXSwapBuffers(dpy: *mut Display, drawable: XID) -> () => swap::swap_buffers;
    fn glXCreateGLXPixmap(dpy: *mut Display, visual: *mut XVisualInfo, pixmap: XID) -> XID => pixmap::create_for_visual;
    fn glXDestroyGLXPixmap(dpy: *mut Display, pixmap: XID) -> () => pixmap::destroy;
    fn glXQueryExtension(dpy: *mut Display, error_base: *mut c_int, event_base: *mut c_int) -> Bool => query::extension;
    fn glXQueryVersion(dpy: *mut Display, major: *mut c_int, minor: *mut c_int) -> Bool => query::version;
    fn glXIsDirect(dpy: *mut Display, ctx: GLXContext) -> Bool => context::is_direct;
    fn glXGetConfig(dpy: *mut Display, visual: *mut XVisualInfo, attribute: c_int, value: *mut c_int) -> c_int => visual::get_config;
    fn glXGetCurrentContext() -> GLXContext => current::context;
    fn glXGetCurrentDrawable() -> XID => current::draw;
    fn glXWaitGL() -> () => current::wait_gl;
    fn glXWaitX() -> () => current::wait_x;
    fn glXUseXFont(font: XID, first: c_int, count: c_int, list: c_int) -> () => font::use_x_font;

    // GLX 1.1 and 1.2
    fn glXQueryExtensionsString(dpy: *mut Display, screen: c_int) -> *const c_char => strings::extensions;
    fn glXQueryServerString(dpy: *mut Display, screen: c_int, name: c_int) -> *const c_char => strings::server;
    fn glXGetClientString(dpy: *mut Display, name: c_int) -> *const c_char => strings::client;
    fn glXGetCurrentDisplay() -> *mut Display => current::display;

    // GLX 1.3
    fn glXChooseFBConfig(dpy: *mut Display, screen: c_int, attribs: *const c_int, count: *mut c_int) -> *mut GLXFBConfig => config::choose;
    fn glXGetFBConfigAttrib(dpy: *mut Display, config: GLXFBConfig, attribute: c_int, value: *mut c_int) -> c_int => config::get_attribute;
    fn glXGetFBConfigs(dpy: *mut Display, screen: c_int, count: *mut c_int) -> *mut GLXFBConfig => config::all;
    fn glXGetVisualFromFBConfig(dpy: *mut Display, config: GLXFBConfig) -> *mut XVisualInfo => visual::of_config;
    fn glXCreateWindow(dpy: *mut Display, config: GLXFBConfig, window: XID, attribs: *const c_int) -> XID => drawable::create_window;
    fn glXDestroyWindow(dpy: *mut Display, window: XID) -> () => drawable::destroy_window;
    fn glXCreatePixmap(dpy: *mut Display, config: GLXFBConfig, pixmap: XID, attribs: *const c_int) -> XID => pixmap::create;
    fn glXDestroyPixmap(dpy: *mut Display, pixmap: XID) -> () => pixmap::destroy;
    fn glXCreatePbuffer(dpy: *mut Display, config: GLXFBConfig, attribs: *const c_int) -> XID => drawable::create_pbuffer;
    fn glXDestroyPbuffer(dpy: *mut Display, pbuffer: XID) -> () => drawable::destroy_pbuffer;
    fn glXQueryDrawable(dpy: *mut Display, drawable: XID, attribute: c_int, value: *mut c_uint) -> () => drawable::query;
    fn glXCreateNewContext(dpy: *mut Display, config: GLXFBConfig, render_type: c_int, share: GLXContext, direct: Bool) -> GLXContext => context::create_new;
    fn glXMakeContextCurrent(dpy: *mut Display, draw: XID, read: XID, ctx: GLXContext) -> Bool => current::make_context_current;
    fn glXGetCurrentReadDrawable() -> XID => current::read;
    fn glXQueryContext(dpy: *mut Display, ctx: GLXContext, attribute: c_int, value: *mut c_int) -> c_int => context::query;
    fn glXSelectEvent(dpy: *mut Display, drawable: XID, mask: c_ulong) -> () => events::select;
    fn glXGetSelectedEvent(dpy: *mut Display, drawable: XID, mask: *mut c_ulong) -> () => events::selected;

    // GLX 1.4 and ARB_get_proc_address
    watch fn glXGetProcAddress(name: *const c_uchar) -> GLFunction => proc_address::get;
    watch fn glXGetProcAddressARB(name: *const c_uchar) -> GLFunction => proc_address::get;

    // ARB_create_context
    fn glXCreateContextAttribsARB(dpy: *mut Display, config: GLXFBConfig, share: GLXContext, direct: Bool, attribs: *const c_int) -> GLXContext => context::create_attribs;

    // EXT_swap_control, SGI_swap_control, MESA_swap_control
    fn glXSwapIntervalEXT(dpy: *mut Display, drawable: XID, interval: c_int) -> () => swap::interval_ext;
    fn glXSwapIntervalSGI(interval: c_int) -> c_int => swap::interval_sgi;
    fn glXSwapIntervalMESA(interval: c_uint) -> c_int => swap::interval_mesa;
    fn glXGetSwapIntervalMESA() -> c_int => swap::get_interval_mesa;

    // OML_sync_control
    fn glXGetSyncValuesOML(dpy: *mut Display, drawable: XID, ust: *mut i64, msc: *mut i64, sbc: *mut i64) -> Bool => sync::values;
    fn glXGetMscRateOML(dpy: *mut Display, drawable: XID, numerator: *mut i32, denominator: *mut i32) -> Bool => sync::rate;
    fn glXSwapBuffersMscOML(dpy: *mut Display, drawable: XID, target: i64, divisor: i64, remainder: i64) -> i64 => sync::swap;
    fn glXWaitForMscOML(dpy: *mut Display, drawable: XID, target: i64, divisor: i64, remainder: i64, ust: *mut i64, msc: *mut i64, sbc: *mut i64) -> Bool => sync::wait_for_msc;
    fn glXWaitForSbcOML(dpy: *mut Display, drawable: XID, target: i64, ust: *mut i64, msc: *mut i64, sbc: *mut i64) -> Bool => sync::wait_for_sbc;

    // SGI_video_sync
    fn glXGetVideoSyncSGI(count: *mut c_uint) -> c_int => sync::get_video_sync;
    fn glXWaitVideoSyncSGI(divisor: c_int, remainder: c_int, count: *mut c_uint) -> c_int => sync::wait_video_sync;

    // MESA_copy_sub_buffer
    fn glXCopySubBufferMESA(dpy: *mut Display, drawable: XID, x: c_int, y: c_int, width: c_int, height: c_int) -> () => swap::copy_sub_buffer;

    // SGI_make_current_read
    fn glXMakeCurrentReadSGI(dpy: *mut Display, draw: XID, read: XID, ctx: GLXContext) -> Bool => current::make_context_current;
    fn glXGetCurrentReadDrawableSGI() -> XID => current::read;

    // SGIX_fbconfig
    fn glXGetFBConfigAttribSGIX(dpy: *mut Display, config: GLXFBConfig, attribute: c_int, value: *mut c_int) -> c_int => config::get_attribute;
    fn glXChooseFBConfigSGIX(dpy: *mut Display, screen: c_int, attribs: *mut c_int, count: *mut c_int) -> *mut GLXFBConfig => config::choose_sgix;
    fn glXCreateGLXPixmapWithConfigSGIX(dpy: *mut Display, config: GLXFBConfig, pixmap: XID) -> XID => pixmap::create_sgix;
    fn glXCreateContextWithConfigSGIX(dpy: *mut Display, config: GLXFBConfig, render_type: c_int, share: GLXContext, direct: Bool) -> GLXContext => context::create_new;
    fn glXGetVisualFromFBConfigSGIX(dpy: *mut Display, config: GLXFBConfig) -> *mut XVisualInfo => visual::of_config;
    fn glXGetFBConfigFromVisualSGIX(dpy: *mut Display, visual: *mut XVisualInfo) -> GLXFBConfig => visual::to_config;

    // SGIX_pbuffer
    fn glXCreateGLXPbufferSGIX(dpy: *mut Display, config: GLXFBConfig, width: c_uint, height: c_uint, attribs: *mut c_int) -> XID => drawable::create_pbuffer_sgix;
    fn glXDestroyGLXPbufferSGIX(dpy: *mut Display, pbuffer: XID) -> () => drawable::destroy_pbuffer;
    fn glXQueryGLXPbufferSGIX(dpy: *mut Display, pbuffer: XID, attribute: c_int, value: *mut c_uint) -> () => drawable::query;
    fn glXSelectEventSGIX(dpy: *mut Display, drawable: XID, mask: c_ulong) -> () => events::select;
    fn glXGetSelectedEventSGIX(dpy: *mut Display, drawable: XID, mask: *mut c_ulong) -> () => events::selected;

    // EXT_import_context
    fn glXGetCurrentDisplayEXT() -> *mut Display => current::display;
    fn glXQueryContextInfoEXT(dpy: *mut Display, ctx: GLXContext, attribute: c_int, value: *mut c_int) -> c_int => import::query_info;
    fn glXGetContextIDEXT(ctx: GLXContext) -> XID => import::context_id;
    fn glXImportContextEXT(dpy: *mut Display, id: XID) -> GLXContext => import::import;
    fn glXFreeContextEXT(dpy: *mut Display, ctx: GLXContext) -> () => import::free;

    // EXT_texture_from_pixmap
    fn glXBindTexImageEXT(dpy: *mut Display, drawable: XID, buffer: c_int, attribs: *const c_int) -> () => texture::bind;
    fn glXReleaseTexImageEXT(dpy: *mut Display, drawable: XID, buffer: c_int) -> () => texture::release;

    // MESA_query_renderer
    fn glXQueryRendererIntegerMESA(dpy: *mut Display, screen: c_int, renderer: c_int, attribute: c_int, value: *mut c_uint) -> Bool => renderer::integer;
    fn glXQueryRendererStringMESA(dpy: *mut Display, screen: c_int, renderer: c_int, attribute: c_int) -> *const c_char => renderer::string;
    fn glXQueryCurrentRendererIntegerMESA(attribute: c_int, value: *mut c_uint) -> Bool => renderer::current_integer;
    fn glXQueryCurrentRendererStringMESA(attribute: c_int) -> *const c_char => renderer::current_string;
}
