//! Surfaces of X pixmaps: the pixmap on the 2D side and a pbuffer on the 3D side, kept equal.
//!
//! The pbuffer is filled from the pixmap when the surface is made and at eglWaitNative; the pixmap is written at glFlush,
//! glFinish, eglWaitClient, eglWaitGL, a swap and a change of what is current.

use std::ptr::{null, null_mut};
use std::sync::Arc;
use std::thread;

use glxrun_display::{Image, Layout, Server};

use super::current::Current;
use super::numbers as egl;
use super::surface::Pbuffer;
use super::{EGLConfig, driver};
use crate::frame::{front, readback};
use crate::gl::api;
use crate::gl::selection::Half;

/// An X pixmap.
pub struct Pixmap {
    id: u32,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    layout: Layout,
    server: Arc<Server>,
}

impl Pixmap {
    /// The pixmap behind an XID, if there is one.
    pub fn new(server: &Arc<Server>, id: u32) -> Option<Self> {
        let geometry = server.geometry(id).ok()?;
        let layout = server.layout(geometry.depth).ok()?;
        Some(Self { id, width: geometry.width, height: geometry.height, layout, server: server.clone() })
    }

    /// Draws the pixmap's content into a pbuffer that is current nowhere.
    pub fn fill(&self, pbuffer: &Pbuffer, config: EGLConfig) {
        let image = match self.server.get_image(self.id, 0, 0, self.width, self.height) {
            Ok(image) => image,
            Err(error) => return log::debug!("cannot read pixmap {:#x}: {error}", self.id),
        };
        upload(pbuffer, config, &image, &self.layout);
    }

    /// Writes what is drawn to into the pixmap. The X server has it when this returns.
    pub fn write_back(&self, current: &Current) {
        let stride = self.layout.stride(self.width);
        let mut data = vec![0; stride * usize::from(self.height)];
        current.read_pixels(
            Half::Back,
            readback::Target {
                pixels: &mut data,
                width: self.width,
                height: self.height,
                stride,
                layout: self.layout,
            },
        );
        let image = Image { width: self.width, height: self.height, depth: self.layout.depth, stride, data };
        if let Err(error) = self.server.put_image(self.id, &image, 0, 0) {
            log::debug!("cannot write pixmap {:#x}: {error}", self.id);
        }
    }
}

/// Draws an image into a pbuffer that is current nowhere. No context of ours is ever current in a thread of the program,
/// so a thread of our own does it, with a context of its own.
pub fn upload(pbuffer: &Pbuffer, config: EGLConfig, image: &Image, layout: &Layout) {
    let config = config as usize;
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("glxrun-pixmap".into()).spawn_scoped(scope, || {
            crate::signals::blocked(|| draw(pbuffer, config as EGLConfig, image, layout));
        });
        if let Err(error) = worker {
            log::warn!("cannot start a thread to fill an EGL surface: {error}");
        }
    });
}

fn draw(pbuffer: &Pbuffer, config: EGLConfig, image: &Image, layout: &Layout) {
    let dpy = pbuffer.display().handle();
    driver!(api eglBindAPI(egl::OPENGL_API));
    let context = driver!(eglCreateContext(dpy, config, null_mut(), null()));
    if context.is_null() || driver!(eglMakeCurrent(dpy, pbuffer.raw(), pbuffer.raw(), context)) == 0 {
        log::warn!(
            "the 3D side's EGL has no desktop OpenGL for a surface's config: what was in it before is not drawn on"
        );
    } else {
        front::upload(image, layout, api::BACK);
        driver!(eglMakeCurrent(dpy, null_mut(), null_mut(), null_mut()));
    }
    if !context.is_null() {
        driver!(eglDestroyContext(dpy, context));
    }
    driver!(eglReleaseThread());
}
