//! Swaps, swap intervals, and copies to pixmaps.

use std::ffi::c_int;
use std::sync::atomic::Ordering::Relaxed;

use super::config::MAX_SWAP_INTERVAL;
use super::current;
use super::display::AppDisplay;
use super::numbers as egl;
use super::pixmap::Pixmap;
use super::surface::Target;
use super::{EGLBoolean, EGLDisplay, EGLSurface, NativeDrawable, driver, error};
use crate::frame;
use crate::frame::pacing::pace;
use crate::frame::watch::Swap;
use crate::gl::selection::Half;
use crate::interpose::{is_inside, passes};
use crate::runtime::{Runtime, is_direct};

/// eglSwapBuffers.
pub unsafe fn buffers(dpy: EGLDisplay, surface: EGLSurface) -> EGLBoolean {
    let _swap = (!is_inside()).then(Swap::enter);
    match ours(dpy, surface) {
        Some(answer) => answer,
        None => watched(surface, driver!(eglSwapBuffers(dpy, surface))),
    }
}

/// eglSwapBuffersWithDamageKHR. The damage is a hint: the whole frame is shown.
pub unsafe fn with_damage_khr(
    dpy: EGLDisplay,
    surface: EGLSurface,
    rects: *const c_int,
    count: c_int,
) -> EGLBoolean {
    let _swap = (!is_inside()).then(Swap::enter);
    match ours(dpy, surface) {
        Some(answer) => answer,
        None => watched(surface, driver!(eglSwapBuffersWithDamageKHR(dpy, surface, rects, count))),
    }
}

/// eglSwapBuffersWithDamageEXT.
pub unsafe fn with_damage_ext(
    dpy: EGLDisplay,
    surface: EGLSurface,
    rects: *const c_int,
    count: c_int,
) -> EGLBoolean {
    let _swap = (!is_inside()).then(Swap::enter);
    match ours(dpy, surface) {
        Some(answer) => answer,
        None => watched(surface, driver!(eglSwapBuffersWithDamageEXT(dpy, surface, rects, count))),
    }
}

/// The swap of a surface of ours; None for others, which the driver swaps.
fn ours(dpy: EGLDisplay, handle: EGLSurface) -> Option<EGLBoolean> {
    if passes() {
        return None;
    }
    let display = AppDisplay::find(dpy)?;
    let current = current::get();
    // The usual one needs no look into the table.
    let here = current.as_ref().and_then(|current| current.draw.as_ref());
    let here = here.filter(|draw| draw.handle() == handle as usize);
    let (Some(current), Some(surface)) = (current.as_ref(), here) else {
        // EGL 1.5, 3.10.1: the surface must be what the thread draws to.
        return display.surface(handle).map(|_| error::fail(egl::BAD_SURFACE));
    };
    // What the program asked of the server before comes before the frame.
    current.catch_up(true);
    match &surface.target {
        Target::Window { window, .. } if window.is_gone() => {
            return Some(error::fail(egl::BAD_NATIVE_WINDOW));
        }
        Target::Window { window, .. } => {
            current.send(window, Half::Back);
            current.keep_front();
        }
        // EGL 1.5, 3.10.1: no effect but the flush.
        Target::Pixmap(pixmap) => pixmap.write_back(current),
    }
    surface.has_frame.store(true, Relaxed);
    current.follow_size();
    pace(&surface.pacer, surface.interval.load(Relaxed));
    Some(error::succeed())
}

/// Counts a swap that the driver has done, in direct mode.
fn watched(surface: EGLSurface, answer: EGLBoolean) -> EGLBoolean {
    if is_direct() && answer != 0 {
        let runtime = Runtime::get();
        let window = runtime.egl.windows.lock().get(&(surface as usize)).copied();
        if let Some(window) = window {
            frame::watched(window, || {
                driver!(eglWaitClient());
            });
        }
    }
    error::theirs(answer)
}

/// eglSwapInterval.
pub unsafe fn interval(dpy: EGLDisplay, interval: c_int) -> EGLBoolean {
    let current = current::get().filter(|current| current.display.handle() == dpy);
    match current.as_ref().and_then(|current| current.draw.as_ref()) {
        Some(draw) => {
            draw.interval.store(interval.clamp(0, MAX_SWAP_INTERVAL), Relaxed);
            error::succeed()
        }
        None => error::theirs(driver!(eglSwapInterval(dpy, interval))),
    }
}

/// eglCopyBuffers: of what this thread draws to, into a pixmap of the program's server.
pub unsafe fn copy(dpy: EGLDisplay, handle: EGLSurface, target: NativeDrawable) -> EGLBoolean {
    let Some(display) = AppDisplay::find(dpy) else {
        return error::theirs(driver!(eglCopyBuffers(dpy, handle, target)));
    };
    let current = current::get();
    let here = current.as_ref().and_then(|current| current.draw.as_ref());
    let here = here.filter(|draw| draw.handle() == handle as usize);
    let (Some(current), Some(surface)) = (current.as_ref(), here) else {
        let known = display.surface(handle).is_some();
        log::debug!("eglCopyBuffers of a surface that is not drawn to (a window's or pixmap's: {known})");
        return error::fail(egl::BAD_SURFACE);
    };
    surface.native.sync();
    let pixmap = u32::try_from(target).ok().and_then(|id| Pixmap::new(&surface.native.side.server, id));
    match pixmap {
        Some(pixmap) if (pixmap.width, pixmap.height) == surface.size() => {
            pixmap.write_back(current);
            error::succeed()
        }
        Some(_) => error::fail(egl::BAD_MATCH),
        None => error::fail(egl::BAD_NATIVE_PIXMAP),
    }
}
