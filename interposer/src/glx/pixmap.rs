//! GLXPixmaps: an X pixmap on the 2D side and a pbuffer on the 3D side, kept equal.
//!
//! The pbuffer is filled from the pixmap when it is first made current and at glXWaitX; the pixmap is written at
//! glFlush, glFinish, glXWaitGL, a swap and a change of the current drawable, and before XGetImage and XCopyArea.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use glxrun_display::{Error as DisplayError, Image, Layout, Server};
use x11_dl::xlib::{Display, XVisualInfo};

use super::config::Config;
use super::current::{self, Current};
use super::display::AppDisplay;
use super::drawable::{Kind, register, unregister};
use super::error::{Code, GlxError, core, minor};
use super::texture::Texture;
use super::{GLXFBConfig, XID, visual};
use crate::frame::{self, front, readback};
use crate::gl::{self, api};
use crate::render::attributes as attr;
use crate::runtime::Runtime;

/// The X pixmap behind a GLXPixmap.
pub struct PixmapTarget {
    /// Its XID.
    pub pixmap: u32,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// What it can be bound as.
    pub texture: Texture,
    layout: Layout,
    server: Arc<Server>,
    filled: AtomicBool,
}

/// How many GLXPixmaps were ever made: programs without any need no look at their XGetImage calls.
static MADE: AtomicUsize = AtomicUsize::new(0);

impl PixmapTarget {
    /// What the pixmap shows.
    pub fn image(&self) -> Result<Image, DisplayError> {
        self.server.get_image(self.pixmap, 0, 0, self.width, self.height)
    }

    /// How its pixels are laid out.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Fills the surface from the pixmap if that has not been done.
    pub fn fill_once(&self, current: &Current) {
        if !self.filled.swap(true, Relaxed) {
            self.refill(current);
        }
    }

    /// Fills the surface from the pixmap.
    pub fn refill(&self, current: &Current) {
        let Some((surface, _)) = current.surfaces() else { return };
        let Some(backend) = Runtime::get().backend else { return };
        let image = match self.image() {
            Ok(image) => image,
            Err(error) => return log::debug!("cannot read pixmap {:#x}: {error}", self.pixmap),
        };
        let (layout, double_buffered) = (self.layout, current.is_double_buffered());
        gl::finish_real();
        backend.worker().run(&surface, move || {
            front::upload(&image, &layout, api::FRONT);
            if double_buffered {
                front::upload(&image, &layout, api::BACK);
            }
        });
    }

    /// Writes a buffer of the current surface to the pixmap. The X server has it when this returns.
    pub fn write_back(&self, current: &Current, buffer: u32) {
        let stride = self.layout.stride(self.width);
        let mut data = vec![0; stride * usize::from(self.height)];
        let target = readback::Target {
            pixels: &mut data,
            width: self.width,
            height: self.height,
            stride,
            layout: self.layout,
        };
        frame::read_current(current, buffer, target);
        let image = Image { width: self.width, height: self.height, depth: self.layout.depth, stride, data };
        if let Err(error) = self.server.put_image(self.pixmap, &image, 0, 0) {
            log::debug!("cannot write pixmap {:#x}: {error}", self.pixmap);
        }
    }
}

/// The pixmap that an X request means by an XID, up to date with what this thread has drawn. The XID may be that of
/// the X pixmap or of the GLXPixmap.
pub fn settled(display: &AppDisplay, xid: XID) -> XID {
    if MADE.load(Relaxed) == 0 {
        return xid;
    }
    let found = display.side.drawables.read().values().find_map(|drawable| match &drawable.kind {
        Kind::Pixmap(target) if XID::from(target.pixmap) == xid || XID::from(drawable.xid) == xid => {
            Some((drawable.clone(), target.pixmap))
        }
        _ => None,
    });
    let Some((drawable, pixmap)) = found else { return xid };
    if let Some(current) = current::draws_to(&drawable) {
        front::show(&current);
    }
    pixmap.into()
}

fn make(display: &AppDisplay, config: &'static Config, pixmap: XID, texture: Texture, minor: u8) -> XID {
    let fail = |code: Code| {
        display.raise(code, pixmap, minor);
        0
    };
    display.sync();
    let server = &display.side.server;
    let Ok(geometry) = server.geometry(pixmap as u32) else { return fail(Code::X(core::BAD_PIXMAP)) };
    if server.is_window(pixmap as u32) {
        return fail(Code::X(core::BAD_PIXMAP));
    }
    // The visual's depth, or as many bits as the config's colours have: drivers take both.
    if ![c_int::from(config.depth), config.attributes.value(attr::BUFFER_SIZE)]
        .contains(&geometry.depth.into())
    {
        return fail(Code::X(core::BAD_MATCH));
    }
    let Ok(layout) = server.layout(geometry.depth) else { return fail(Code::X(core::BAD_MATCH)) };
    let target = PixmapTarget {
        pixmap: pixmap as u32,
        width: geometry.width,
        height: geometry.height,
        texture,
        layout,
        server: server.clone(),
        filled: AtomicBool::new(false),
    };
    MADE.fetch_add(1, Relaxed);
    register(display, Kind::Pixmap(target), config).unwrap_or_else(|| fail(Code::X(core::BAD_ALLOC)))
}

/// glXCreatePixmap.
pub unsafe fn create(dpy: *mut Display, config: GLXFBConfig, pixmap: XID, attribs: *const c_int) -> XID {
    make_with_config(dpy, config, pixmap, attribs, minor::CREATE_PIXMAP)
}

/// glXCreateGLXPixmapWithConfigSGIX.
pub unsafe fn create_sgix(dpy: *mut Display, config: GLXFBConfig, pixmap: XID) -> XID {
    make_with_config(dpy, config, pixmap, std::ptr::null(), minor::CREATE_PIXMAP)
}

fn make_with_config(
    dpy: *mut Display,
    config: GLXFBConfig,
    pixmap: XID,
    attribs: *const c_int,
    minor: u8,
) -> XID {
    let Some(display) = AppDisplay::of(dpy) else { return 0 };
    let fail = |code: Code| {
        display.raise(code, 0, minor);
        0
    };
    let Some(config) = Config::from_handle(config) else { return fail(GlxError::BadFBConfig.into()) };
    match Texture::of(attribs, config) {
        Ok(texture) => make(&display, config, pixmap, texture, minor),
        Err(code) => fail(code),
    }
}

/// glXCreateGLXPixmap.
pub unsafe fn create_for_visual(dpy: *mut Display, visual: *mut XVisualInfo, pixmap: XID) -> XID {
    let Some(display) = AppDisplay::of(dpy) else { return 0 };
    match visual::config_of(&display, visual) {
        Some(config) => make(&display, config, pixmap, Texture::NONE, minor::CREATE_GLX_PIXMAP),
        None => {
            display.raise(Code::X(core::BAD_VALUE), 0, minor::CREATE_GLX_PIXMAP);
            0
        }
    }
}

/// glXDestroyPixmap and glXDestroyGLXPixmap.
pub unsafe fn destroy(dpy: *mut Display, pixmap: XID) {
    let kind = |kind: &Kind| matches!(kind, Kind::Pixmap(_));
    unregister(dpy, pixmap, kind, GlxError::BadPixmap, minor::DESTROY_PIXMAP);
}
