//! What a program asks of its surfaces, and sets.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::display::AppDisplay;
use super::numbers as egl;
use super::surface::Surface;
use super::{EGLBoolean, EGLDisplay, EGLSurface, current, driver, error};

fn find(dpy: EGLDisplay, surface: EGLSurface) -> Option<Arc<Surface>> {
    AppDisplay::find(dpy)?.surface(surface)
}

/// The driver's handle for a surface of the program's.
fn raw(dpy: EGLDisplay, surface: EGLSurface) -> EGLSurface {
    find(dpy, surface).map_or(surface, |surface| surface.pbuffer().raw())
}

/// eglQuerySurface.
pub unsafe fn surface(
    dpy: EGLDisplay,
    handle: EGLSurface,
    attribute: c_int,
    value: *mut c_int,
) -> EGLBoolean {
    let Some(surface) = find(dpy, handle) else {
        return error::theirs(driver!(eglQuerySurface(dpy, handle, attribute, value)));
    };
    let answer = match attribute {
        egl::WIDTH | egl::HEIGHT => {
            surface.native.catch_up(true);
            // What is drawn from now on has that size.
            if let Some(current) = current::draws_to(&surface) {
                current.follow_size();
            }
            let (width, height) = surface.size();
            if attribute == egl::WIDTH { width.into() } else { height.into() }
        }
        egl::RENDER_BUFFER => surface.render_buffer(),
        egl::SWAP_BEHAVIOR => surface.swap_behavior.load(Relaxed),
        egl::BUFFER_AGE_EXT => {
            if current::draws_to(&surface).is_none() {
                return error::fail(egl::BAD_SURFACE);
            }
            // A pbuffer still holds what was read from it: the last frame.
            surface.has_frame.load(Relaxed).into()
        }
        // Only pbuffers have these; the value stays (EGL 1.5, 3.5.6).
        egl::LARGEST_PBUFFER
        | egl::TEXTURE_FORMAT
        | egl::TEXTURE_TARGET
        | egl::MIPMAP_TEXTURE
        | egl::MIPMAP_LEVEL => return error::succeed(),
        _ => return error::theirs(driver!(eglQuerySurface(dpy, surface.pbuffer().raw(), attribute, value))),
    };
    // SAFETY: the program passes a place for the value.
    match unsafe { value.as_mut() } {
        Some(value) => {
            *value = answer;
            error::succeed()
        }
        None => error::fail(egl::BAD_PARAMETER),
    }
}

/// eglSurfaceAttrib.
pub unsafe fn set_attribute(
    dpy: EGLDisplay,
    handle: EGLSurface,
    attribute: c_int,
    value: c_int,
) -> EGLBoolean {
    if attribute == egl::SWAP_BEHAVIOR
        && let Some(surface) = find(dpy, handle)
    {
        if !matches!(value, egl::BUFFER_PRESERVED | egl::BUFFER_DESTROYED) {
            return error::fail(egl::BAD_ATTRIBUTE);
        }
        surface.swap_behavior.store(value, Relaxed);
        return error::succeed();
    }
    error::theirs(driver!(eglSurfaceAttrib(dpy, raw(dpy, handle), attribute, value)))
}

/// eglBindTexImage.
pub unsafe fn bind_tex_image(dpy: EGLDisplay, handle: EGLSurface, buffer: c_int) -> EGLBoolean {
    error::theirs(driver!(eglBindTexImage(dpy, raw(dpy, handle), buffer)))
}

/// eglReleaseTexImage.
pub unsafe fn release_tex_image(dpy: EGLDisplay, handle: EGLSurface, buffer: c_int) -> EGLBoolean {
    error::theirs(driver!(eglReleaseTexImage(dpy, raw(dpy, handle), buffer)))
}
