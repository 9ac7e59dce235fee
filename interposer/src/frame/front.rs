//! The front buffer: single-buffered drawables, and programs that draw to GL_FRONT.
//!
//! There, glFlush, glFinish, glXWaitGL and a change of the current drawable make a frame. A double-buffered surface's
//! front buffer is kept equal to the window only once a program has named it; before, nobody can tell.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::pixels::Format;
use crate::gl::api::{self, get_integer, gl};
use crate::gl::buffers::{self, Borrowed};
use crate::gl::features::Features;
use crate::gl::state::UnpackGuard;
use crate::glx::current::Current;
use crate::glx::drawable::Kind;
use crate::interpose::Inside;
use crate::runtime::Runtime;
use glxrun_display::{Image, Layout};

/// Whether any context of this process ever named the front buffer, so that a display list or glPopAttrib may select
/// it without our seeing it.
static EVER_USED: AtomicBool = AtomicBool::new(false);

/// Notes that the program named the front buffer.
pub fn note_use() {
    EVER_USED.store(true, Relaxed);
}

/// Whether the current context draws to the front buffer of the default framebuffer.
pub fn is_selected(current: &Current) -> bool {
    if !current.is_double_buffered() {
        return true;
    }
    let features = current.context.features();
    if !EVER_USED.load(Relaxed) || features.es {
        return false;
    }
    let _inside = Inside::enter();
    if features.framebuffers && get_integer(api::DRAW_FRAMEBUFFER_BINDING) != 0 {
        return current.front_dirty.get();
    }
    let selected = buffers::drawn(features);
    selected.iter().any(|name| {
        matches!(
            *name,
            api::FRONT | api::FRONT_LEFT | api::FRONT_RIGHT | api::LEFT | api::RIGHT | api::FRONT_AND_BACK
        )
    })
}

/// Makes a frame from the front buffer if it may have been drawn to.
pub fn show(current: &Current) {
    let Some(drawable) = &current.draw else { return };
    let selected = is_selected(current);
    let dirty = current.front_dirty.replace(selected) || drawable.front_drawn.load(Relaxed);
    if !dirty && !selected {
        return;
    }
    let shown = || {
        let surface = drawable.existing_surface();
        surface.is_none_or(|surface| Runtime::get().backend.is_none_or(|backend| backend.is_shown(&surface)))
    };
    match &drawable.kind {
        Kind::Window(window) if shown() => {
            // As at a swap: what the program asked of the server before comes before the frame.
            current.display.catch_up(true);
            super::send(current, window, api::FRONT);
        }
        Kind::Window(_) => {}
        Kind::Pixmap(target) => target.write_back(current, api::FRONT),
        Kind::Pbuffer { .. } => {}
    }
}

/// At a program's first use of the front buffer: puts the last frame there, which was swapped before we kept it.
pub fn restore(current: &Current) {
    let Some(drawable) = &current.draw else { return };
    if drawable.front_used.swap(true, Relaxed) || !drawable.swapped.load(Relaxed) {
        return;
    }
    let (Some(window), Some((surface, _))) = (drawable.window(), current.surfaces()) else { return };
    if surface.is_stereo() {
        return;
    }
    let (Some(image), Some(backend)) = (window.last_frame(), Runtime::get().backend) else { return };
    let layout = window.layout();
    crate::gl::finish_real();
    backend.worker().run(&surface, move || upload(&image, &layout, api::FRONT));
}

/// Draws an image into `buffer` of the surface that is current, upper left corner to upper left corner. For the 3D
/// worker's contexts, whose state is ours.
pub fn upload(image: &Image, layout: &Layout, buffer: u32) {
    let _inside = Inside::enter();
    let features = Features::of_current();
    let format = Format::of(layout, true);
    let guard = UnpackGuard::new(&features, 4);
    gl!(glDisable(api::DITHER));
    let selected = Borrowed::both(&features);
    selected.select(buffer, buffer);
    if format.swap_bytes {
        gl!(glPixelStorei(api::UNPACK_SWAP_BYTES, 1));
    }
    // Top-down rows: start at the top and step downwards.
    gl!(glPixelZoom(1.0, -1.0));
    gl!(glWindowPos2i(0, image.height.into()));
    gl!(glDrawPixels(
        image.width.into(),
        image.height.into(),
        format.format,
        format.kind,
        image.data.as_ptr().cast()
    ));
    drop((guard, selected));
    gl!(real glFinish());
}
