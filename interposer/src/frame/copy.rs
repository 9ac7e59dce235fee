//! Copies between buffers on the 3D side, in the program's context with its state put back.

use crate::gl::api;
use crate::gl::features::Features;
use crate::gl::state::BlitGuard;
use crate::glx::current::Current;
use crate::glx::drawable::Drawable;
use crate::interpose::Inside;
use crate::render::Surface;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Copies the whole back buffer of the current drawable to its front buffer.
pub fn back_to_front(current: &Current) {
    part_to_front(current, [0, 0, i32::MAX, i32::MAX]);
}

/// Copies a rectangle (left, bottom, right, top) of the current drawable's back buffer to its front buffer, as far as it lies
/// inside.
pub fn part_to_front(current: &Current, part: [i32; 4]) {
    let Some((surface, read)) = current.surfaces() else { return };
    let _inside = Inside::enter();
    let elsewhere = !Arc::ptr_eq(&surface, &read);
    if elsewhere && current.bind(&surface, &surface).is_err() {
        return;
    }
    to_front(current.context.features(), &surface, part);
    if elsewhere {
        current.rebind();
    }
}

/// As [`back_to_front`], for the surface that is bound in this thread to draw to and to read from.
pub fn surface_to_front(features: &Features, surface: &Surface) {
    to_front(features, surface, [0, 0, i32::MAX, i32::MAX]);
}

/// The back and front buffers of a double-buffered surface, each pair.
fn halves(surface: &Surface) -> &'static [(u32, u32)] {
    if surface.is_stereo() {
        &[(api::BACK_LEFT, api::FRONT_LEFT), (api::BACK_RIGHT, api::FRONT_RIGHT)]
    } else {
        &[(api::BACK, api::FRONT)]
    }
}

fn to_front(features: &Features, surface: &Surface, [left, bottom, right, top]: [i32; 4]) {
    let part = [left.max(0), bottom.max(0), right.min(surface.width.into()), top.min(surface.height.into())];
    // OpenGL ES has no front buffer to name.
    if !features.es
        && part[0] < part[2]
        && part[1] < part[3]
        && let Some(guard) = BlitGuard::new(features)
    {
        for (back, front) in halves(surface) {
            guard.copy(*back, part, *front, part);
        }
    }
}

/// Resolves the samples of `buffer` of the surface that is bound to read from into the back buffer of the one that is
/// bound to draw to, of the same size.
pub fn resolve(features: &Features, buffer: u32, surface: &Surface) {
    if let Some(guard) = BlitGuard::new(features) {
        let whole = [0, 0, surface.width.into(), surface.height.into()];
        guard.copy(buffer, whole, api::BACK, whole);
    }
}

/// Copies what the surfaces of a resized window have in common; `new` is bound to draw to, `old` to read from. X
/// keeps a window's upper left corner, GL counts rows from below.
pub fn overlap(current: &Current, drawable: &Drawable, old: &Surface, new: &Surface) {
    let _inside = Inside::enter();
    let Some(guard) = BlitGuard::new(current.context.features()) else { return };
    let width = i32::from(old.width.min(new.width));
    let height = i32::from(old.height.min(new.height));
    let upper_left = |surface: &Surface| {
        let top = i32::from(surface.height);
        [0, top - height, width, top]
    };
    let double_buffered = drawable.config().is_some_and(|config| config.is_double_buffered());
    let names_front = !current.context.features().es;
    for &(back, front) in halves(new) {
        if double_buffered {
            guard.copy(back, upper_left(old), back, upper_left(new));
        }
        if !double_buffered || (names_front && drawable.front_used.load(Relaxed)) {
            guard.copy(front, upper_left(old), front, upper_left(new));
        }
    }
}
