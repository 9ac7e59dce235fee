//! Frames: when and how pixels leave a surface on the 3D side for a window on the 2D side.

pub mod copy;
pub mod front;
pub mod pacing;
pub mod pixels;
pub mod readback;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use glxrun_display::{Slot, Window};

use crate::gl::api;
use crate::gl::features::Features;
use crate::glx::current::Current;
use crate::glx::drawable::Drawable;
use crate::interpose::Inside;
use crate::render::Surface;
use crate::runtime::{Runtime, settings};

fn target_of(slot: &mut Slot) -> readback::Target<'_> {
    let (width, height, stride, layout) = (slot.width(), slot.height(), slot.stride(), slot.layout());
    readback::Target { pixels: slot.pixels_mut(), width, height, stride, layout }
}

/// Sends a buffer of the current drawable to its window.
pub fn send(current: &Current, window: &Window, buffer: u32) {
    let number = window.counters().count_rendered();
    let Some((surface, read)) = current.surfaces() else { return };
    let Some(mut slot) = window.acquire(surface.width, surface.height) else {
        window.counters().count_dropped();
        return;
    };
    {
        let _inside = Inside::enter();
        let elsewhere = !Arc::ptr_eq(&surface, &read);
        if elsewhere && current.bind(&surface, &surface).is_err() {
            return;
        }
        readback::read(current.context.features(), buffer, target_of(&mut slot));
        if elsewhere {
            current.rebind();
        }
    }
    window.post(slot);
    hold(window, number);
}

/// Sends a surface that is not current in this thread: the 3D worker reads it.
pub fn send_from_worker(window: &Window, surface: &Arc<Surface>, double_buffered: bool) {
    let number = window.counters().count_rendered();
    let Some(backend) = Runtime::get().backend else { return };
    let Some(mut slot) = window.acquire(surface.width, surface.height) else {
        window.counters().count_dropped();
        return;
    };
    let buffer = if double_buffered { api::BACK } else { api::FRONT };
    let read = move || -> Slot {
        let _inside = Inside::enter();
        readback::read(&Features::of_current(), buffer, target_of(&mut slot));
        slot
    };
    match backend.worker().run(surface, read) {
        Some(slot) => window.post(slot),
        None => {
            window.counters().count_dropped();
        }
    }
    hold(window, number);
}

/// With `--pause-at-frame`, the frame's picture stays: its swap does not return.
fn hold(window: &Window, number: u64) {
    if settings().pause_at_frame == number {
        window.finish();
        pause();
    }
}

/// Stops this thread until the process ends.
pub fn pause() -> ! {
    loop {
        std::thread::park();
    }
}

/// After a swap: the front buffer holds the frame too, if the program ever named it.
pub fn keep_front(current: &Current, drawable: &Drawable) {
    drawable.swapped.store(true, Relaxed);
    if drawable.front_used.load(Relaxed) {
        let _inside = Inside::enter();
        copy::back_to_front(current);
    }
}
