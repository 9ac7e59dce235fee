//! Frames: when and how pixels leave a surface on the 3D side for a window on the 2D side.

pub mod convert;
pub mod copy;
pub mod front;
pub mod pacing;
pub mod pixels;
pub mod readback;
pub mod strategy;
pub mod watch;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use glxrun_contract::records::Moment;
use glxrun_display::{Slot, Window};

use crate::gl::api::{self, get_integer};
use crate::gl::features::Features;
use crate::glx::current::Current;
use crate::glx::drawable::Drawable;
use crate::interpose::Inside;
use crate::render::Surface;
use crate::runtime::{Runtime, settings};
use strategy::Source;

/// Reads a buffer of the current draw surface, whatever is bound to read from; samples are resolved first.
pub fn read_current(current: &Current, buffer: u32, target: readback::Target) {
    with_readable(current, buffer, |source| readback::read(source.features, source.buffer, target));
}

/// Binds the current draw surface, its samples resolved, to read from while `read` runs.
fn with_readable(current: &Current, buffer: u32, read: impl FnOnce(&Source)) {
    let Some((draw, bound_read)) = current.surfaces() else { return };
    let _inside = Inside::enter();
    let features = current.context.features();
    let resolved = current.draw.as_ref().and_then(|drawable| drawable.resolved_surface());
    let mut elsewhere = !Arc::ptr_eq(&draw, &bound_read);
    let mut buffer = buffer;
    if let Some(resolved) = resolved
        && current.bind(&resolved, &draw).is_ok()
    {
        elsewhere = true;
        copy::resolve(features, buffer, &draw);
        buffer = api::BACK;
        if let Err(failure) = current.bind(&resolved, &resolved) {
            log::log!(failure.level(), "cannot read resolved samples: {failure}");
        }
    } else if elsewhere && let Err(failure) = current.bind(&draw, &draw) {
        log::log!(failure.level(), "cannot read what is drawn to: {failure}");
    }
    read(&Source { features, buffer, config: draw.config });
    if elsewhere {
        current.rebind();
    }
}

/// Whether the program is compiling a display list: our calls would become part of it.
fn compiles_list(current: &Current) -> bool {
    let _inside = Inside::enter();
    current.context.features().pixel_transfer && get_integer(api::LIST_INDEX) != 0
}

/// Sends a buffer of the current drawable to its window.
pub fn send(current: &Current, window: &Window, buffer: u32) {
    let Some((surface, _)) = current.surfaces() else { return };
    if compiles_list(current) {
        crate::gl::finish_real();
        return send_from_worker(window, &surface, buffer);
    }
    deliver_slot(window, surface.width, surface.height, |slot| {
        with_readable(current, buffer, |source| strategy::chosen().fill(source, slot));
    });
}

/// Makes a frame of a window: `read` puts its pixels, `width` x `height` of them, where it is told. It is not called
/// for a frame that is dropped; then the answer is false.
pub fn deliver(window: &Window, width: u16, height: u16, read: impl FnOnce(readback::Target)) -> bool {
    deliver_slot(window, width, height, |slot| read(strategy::target_of(slot)))
}

fn deliver_slot(window: &Window, width: u16, height: u16, fill: impl FnOnce(&mut Slot)) -> bool {
    let number = window.counters().count_rendered();
    let record = watch::begin(window, number);
    let Some(mut slot) = window.acquire(width, height) else {
        window.counters().count_dropped();
        record.note(Moment::Dropped);
        return false;
    };
    slot.set_record(record);
    fill(&mut slot);
    window.post(slot);
    hold(window, number);
    true
}

/// Sends a surface that is not current in this thread: the 3D worker reads it.
pub fn send_from_worker(window: &Window, surface: &Arc<Surface>, buffer: u32) {
    let number = window.counters().count_rendered();
    let record = watch::begin(window, number);
    let Some(backend) = Runtime::get().backend else { return };
    let Some(mut slot) = window.acquire(surface.width, surface.height) else {
        window.counters().count_dropped();
        record.note(Moment::Dropped);
        return;
    };
    slot.set_record(record);
    let config = surface.config;
    let read = move || -> Slot {
        let _inside = Inside::enter();
        let features = Features::of_current();
        strategy::chosen().fill(&Source { features: &features, buffer, config }, &mut slot);
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
    if is_held(number) {
        window.finish();
        pause(number);
    }
}

/// Whether frame `number` is to stay for a while, or for good.
fn is_held(number: u64) -> bool {
    let settings = settings();
    settings.pause_at_frame == number || settings.hold_frames.contains(&number)
}

/// In direct mode: counts a swap that the program's driver has done. `finish` waits until the server has the frame.
pub fn watched(window: u32, finish: impl FnOnce()) {
    let runtime = Runtime::get();
    let number = {
        let mut watched = runtime.watched.lock();
        let counters = watched.entry(window).or_insert_with(|| runtime.counters(window));
        counters.count_delivered();
        let number = counters.count_rendered();
        watch::begin_watched(counters, number).note(Moment::Done);
        number
    };
    if is_held(number) {
        finish();
        pause(number);
    }
}

/// The longest that a frame is held which nobody lets go: whoever looks at it may have ended.
const HOLD: Duration = Duration::from_secs(60);

/// Stops this thread: at a frame that is to be held until the launcher lets it go, else until the process ends.
fn pause(number: u64) {
    if settings().pause_at_frame != number {
        if let Some(records) = Runtime::get().records() {
            records.hold(number, HOLD);
        }
        return;
    }
    loop {
        std::thread::park();
    }
}

/// After a swap: the front buffer holds the frame too, if the program ever named it.
pub fn keep_front(current: &Current, drawable: &Drawable) {
    drawable.swapped.store(true, Relaxed);
    if !drawable.front_used.load(Relaxed) {
        return;
    }
    if compiles_list(current) {
        if let (Some((surface, _)), Some(backend)) = (current.surfaces(), Runtime::get().backend) {
            let whole = surface.clone();
            backend.worker().run(&surface, move || {
                let _inside = Inside::enter();
                copy::surface_to_front(&Features::of_current(), &whole);
                crate::gl::finish_real();
            });
        }
        return;
    }
    let _inside = Inside::enter();
    copy::back_to_front(current);
}
