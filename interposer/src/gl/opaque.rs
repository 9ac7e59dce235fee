//! Drawables without alpha that are backed by surfaces with alpha (`--opaque fast`), which software renderers read
//! several times quicker.
//!
//! The program must not find the alpha: queries of its size say 0, and before pixels are read or copied from such a
//! drawable its alpha is set to 1, as a drawable without alpha has it. What differs is blending with destination alpha, and
//! that is why this is not the default.

use std::ffi::{c_int, c_uint, c_void};
use std::sync::Arc;

use glxrun_contract::settings::Opaque;

use super::alpha::AlphaGuard;
use super::api::{self, get_integer, gl};
use super::buffers;
use crate::glx::current;
use crate::glx::drawable::Drawable;
use crate::interpose::Inside;
use crate::runtime::settings;

/// Whether drawables without alpha are backed by surfaces with alpha.
#[inline]
pub fn is_fast() -> bool {
    settings().opaque == Opaque::Fast
}

fn hides_alpha(drawable: Option<&Arc<Drawable>>) -> bool {
    drawable.and_then(|drawable| drawable.config()).is_some_and(|config| config.hides_alpha)
}

/// Whether a framebuffer's alpha is there and must not be seen: the one that is drawn to, or read from.
pub fn is_hidden(binding: c_uint) -> bool {
    is_fast()
        && current::get().is_some_and(|current| {
            let drawable =
                if binding == api::READ_FRAMEBUFFER_BINDING { &current.read } else { &current.draw };
            hides_alpha(drawable.as_ref()) && current.context.features().default_is_bound(binding)
        })
}

/// Whether the alpha of framebuffer 0 is there and must not be seen.
pub fn is_hidden_in_default() -> bool {
    is_fast() && current::get().is_some_and(|current| hides_alpha(current.draw.as_ref()))
}

/// Sets the alpha that is about to be read to 1, if it is hidden.
#[inline]
pub fn settle() {
    if is_fast() {
        settle_now(None);
    }
}

/// `framebuffer` is the one that is read, where the call names it.
#[cold]
fn settle_now(framebuffer: Option<c_uint>) {
    let Some(current) = current::get() else { return };
    if !hides_alpha(current.read.as_ref()) {
        return;
    }
    let is_default = match framebuffer {
        Some(name) => name == 0,
        None => current.context.features().default_is_bound(api::READ_FRAMEBUFFER_BINDING),
    };
    let Some((draw, read)) = current.surfaces() else { return };
    let _inside = Inside::enter();
    let features = current.context.features();
    // What is drawn while a display list is compiled would become part of it.
    if !is_default || (features.pixel_transfer && get_integer(api::LIST_INDEX) != 0) {
        return;
    }
    let elsewhere = !Arc::ptr_eq(&draw, &read);
    if elsewhere && current.bind(&read, &read).is_err() {
        return;
    }
    let buffer = if features.default_is_bound(api::READ_FRAMEBUFFER_BINDING) && features.names_buffers() {
        buffers::selected_to_read()
    } else if current.is_double_buffered() {
        api::BACK
    } else {
        api::FRONT
    };
    AlphaGuard::new(features, buffer).set_to_one();
    if elsewhere {
        current.rebind();
    }
}

/// Whether pixels of this format have alpha.
fn has_alpha(format: c_uint) -> bool {
    matches!(format, api::ALPHA | api::RGBA | api::LUMINANCE_ALPHA | api::ABGR | api::BGRA)
}

/// Before pixels of this format are read.
#[inline]
pub fn settle_for(format: c_uint) {
    if has_alpha(format) {
        settle();
    }
}

/// The handlers of glReadnPixels and its aliases.
macro_rules! bounded_reads {
    ($($handler:ident: $real:ident;)*) => { $(
        #[allow(clippy::too_many_arguments, reason = "GL's own signature")]
        pub unsafe fn $handler(
            x: c_int, y: c_int, width: c_int, height: c_int, format: c_uint, kind: c_uint, size: c_int, pixels: *mut c_void,
        ) {
            settle_for(format);
            gl!(real $real(x, y, width, height, format, kind, size, pixels));
        }
    )* };
}

bounded_reads! {
    readn_pixels: glReadnPixels;
    readn_pixels_arb: glReadnPixelsARB;
    readn_pixels_ext: glReadnPixelsEXT;
    readn_pixels_khr: glReadnPixelsKHR;
}

/// Handlers of copies from the read framebuffer: its alpha is settled, then the driver copies.
macro_rules! copies {
    ($($handler:ident: $real:ident($($arg:ident: $type:ty),*);)*) => { $(
        #[allow(clippy::too_many_arguments, reason = "GL's own signature")]
        pub unsafe fn $handler($($arg: $type),*) {
            settle();
            gl!(real $real($($arg),*));
        }
    )* };
}

copies! {
    copy_pixels: glCopyPixels(x: c_int, y: c_int, width: c_int, height: c_int, kind: c_uint);
    copy_image_1d: glCopyTexImage1D(target: c_uint, level: c_int, format: c_uint, x: c_int, y: c_int, width: c_int, border: c_int);
    copy_image_2d: glCopyTexImage2D(target: c_uint, level: c_int, format: c_uint, x: c_int, y: c_int, width: c_int, height: c_int, border: c_int);
    copy_part_1d: glCopyTexSubImage1D(target: c_uint, level: c_int, to: c_int, x: c_int, y: c_int, width: c_int);
    copy_part_2d: glCopyTexSubImage2D(target: c_uint, level: c_int, to_x: c_int, to_y: c_int, x: c_int, y: c_int, width: c_int, height: c_int);
    copy_part_3d: glCopyTexSubImage3D(target: c_uint, level: c_int, to_x: c_int, to_y: c_int, to_z: c_int, x: c_int, y: c_int, width: c_int, height: c_int);
    copy_texture_1d: glCopyTextureSubImage1D(texture: c_uint, level: c_int, to: c_int, x: c_int, y: c_int, width: c_int);
    copy_texture_2d: glCopyTextureSubImage2D(texture: c_uint, level: c_int, to_x: c_int, to_y: c_int, x: c_int, y: c_int, width: c_int, height: c_int);
    copy_texture_3d: glCopyTextureSubImage3D(texture: c_uint, level: c_int, to_x: c_int, to_y: c_int, to_z: c_int, x: c_int, y: c_int, width: c_int, height: c_int);
}

/// The handlers of glBlitFramebuffer and its alias.
macro_rules! blits {
    ($($handler:ident: $real:ident;)*) => { $(
        #[allow(clippy::too_many_arguments, reason = "GL's own signature")]
        pub unsafe fn $handler(
            x0: c_int, y0: c_int, x1: c_int, y1: c_int, u0: c_int, v0: c_int, u1: c_int, v1: c_int, mask: c_uint, filter: c_uint,
        ) {
            if mask & api::COLOR_BUFFER_BIT != 0 {
                settle();
            }
            gl!(real $real(x0, y0, x1, y1, u0, v0, u1, v1, mask, filter));
        }
    )* };
}

blits! {
    blit_ext: glBlitFramebufferEXT;
}

#[allow(clippy::too_many_arguments, reason = "GL's own signature")]
pub unsafe fn blit_named(
    read: c_uint,
    draw: c_uint,
    x0: c_int,
    y0: c_int,
    x1: c_int,
    y1: c_int,
    u0: c_int,
    v0: c_int,
    u1: c_int,
    v1: c_int,
    mask: c_uint,
    filter: c_uint,
) {
    if mask & api::COLOR_BUFFER_BIT != 0 && is_fast() {
        settle_now(Some(read));
    }
    gl!(real glBlitNamedFramebuffer(read, draw, x0, y0, x1, y1, u0, v0, u1, v1, mask, filter));
}
