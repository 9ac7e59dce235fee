//! Frames: when and how pixels leave a surface on the 3D side for a window on the 2D side.

pub mod choice;
pub mod convert;
pub mod copy;
pub mod cuda;
pub mod direct;
pub mod ending;
pub mod front;
pub mod orders;
pub mod pacing;
pub mod pixels;
pub mod readback;
pub mod stereo;
pub mod strategy;
pub mod transfer;
pub mod watch;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use glxrun_contract::records::{Moment, Record};
use glxrun_display::{Slot, Window};

use crate::gl::api::{self, get_integer};
use crate::gl::features::Features;
use crate::gl::state::{self, Resolved};
use crate::glx::config::Config;
use crate::glx::current::Current;
use crate::glx::drawable::Drawable;
use crate::interpose::Inside;
use crate::render::{ConfigIndex, RawContext, Surface};
use crate::runtime::Runtime;
use strategy::{Drawn, Source};
use transfer::Transfers;

/// Reads a buffer of the current draw surface, whatever is bound to read from; samples are resolved first.
pub fn read_current(current: &Current, buffer: u32, target: readback::Target) {
    let Some(here) = Here::new(current, buffer) else { return };
    let mut target = Some(target);
    here.read(&mut |source| {
        if let Some(target) = target.take() {
            readback::read_from(source.features, source.from, target);
        }
    });
}

/// A buffer of the surface that this thread draws to.
struct Here<'a> {
    current: &'a Current,
    buffer: u32,
    draw: Arc<Surface>,
    bound_read: Arc<Surface>,
}

impl<'a> Here<'a> {
    fn new(current: &'a Current, buffer: u32) -> Option<Self> {
        let (draw, bound_read) = current.surfaces()?;
        Some(Self { current, buffer, draw, bound_read })
    }
}

impl Drawn for Here<'_> {
    fn features(&self) -> &Features {
        self.current.context.features()
    }

    fn size(&self) -> (u16, u16) {
        (self.draw.width, self.draw.height)
    }

    fn config(&self) -> ConfigIndex {
        self.draw.config
    }

    fn transfers(&self) -> Option<(&Arc<Transfers>, RawContext)> {
        let context = &self.current.context;
        Some((&context.transfers, context.raw))
    }

    fn read(&self, read: &mut dyn FnMut(&Source)) {
        let Self { current, buffer, draw, bound_read } = self;
        let _inside = Inside::enter();
        let features = current.context.features();
        if let Some(format) = format_to_resolve_to(current) {
            return with_resolved(current, (*buffer, format), (draw, bound_read), read);
        }
        // OpenGL ES 2 has no blits, but resolves by itself when it reads.
        let drawable = current.draw.as_ref().filter(|_| features.framebuffers);
        let resolved = drawable.and_then(|drawable| drawable.resolved_surface());
        let mut elsewhere = !Arc::ptr_eq(draw, bound_read);
        let mut buffer = *buffer;
        if let Some(resolved) = resolved
            && current.bind(&resolved, draw).is_ok()
        {
            elsewhere = true;
            copy::resolve(features, buffer, draw);
            buffer = api::BACK;
            if let Err(failure) = current.bind(&resolved, &resolved) {
                log::log!(failure.level(), "cannot read resolved samples: {failure}");
            }
        } else if elsewhere && let Err(failure) = current.bind(draw, draw) {
            log::log!(failure.level(), "cannot read what is drawn to: {failure}");
        }
        read(&Source { features, from: state::Source::Default(buffer), config: draw.config });
        if elsewhere {
            current.rebind();
        }
    }
}

/// Where samples can only be resolved into a framebuffer object: its format.
fn format_to_resolve_to(current: &Current) -> Option<u32> {
    let mixes = Runtime::get().backend.is_none_or(|backend| backend.mixes_configs());
    let config = current.draw.as_ref().filter(|_| !mixes)?.config()?;
    config.resolved_format().filter(|_| current.context.features().framebuffers)
}

/// Resolves a buffer into a framebuffer object of a format while `read` runs.
fn with_resolved(
    current: &Current,
    (buffer, format): (u32, u32),
    (draw, bound_read): (&Arc<Surface>, &Arc<Surface>),
    read: &mut dyn FnMut(&Source),
) {
    let features = current.context.features();
    let elsewhere = !Arc::ptr_eq(draw, bound_read);
    if elsewhere && let Err(failure) = current.bind(draw, draw) {
        log::log!(failure.level(), "cannot read what is drawn to: {failure}");
    }
    let size = (draw.width.into(), draw.height.into());
    if let Some(resolved) = Resolved::new(features, buffer, format, size) {
        read(&Source { features, from: state::Source::Object(resolved.framebuffer), config: draw.config });
    }
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
pub fn send(current: &Current, window: &Arc<Window>, buffer: u32) {
    let Some(here) = Here::new(current, buffer) else { return };
    let buffer = if here.draw.is_stereo() { stereo::shown(buffer) } else { buffer };
    let here = Here { buffer, ..here };
    if compiles_list(current) {
        crate::gl::finish_real();
        let config = current.draw.as_ref().and_then(|draw| draw.config());
        return send_from_worker(window, &here.draw, buffer, config);
    }
    if here.draw.is_stereo() && stereo::is_composed() {
        let read = |eye: u32, target: readback::Target| read_current(current, eye, target);
        deliver(window, (here.draw.width, here.draw.height), |target| stereo::compose(buffer, target, read));
        return;
    }
    send_drawn(&here, window);
}

/// Sends what is drawn as a frame of a window. False if it is dropped.
fn send_drawn(drawn: &dyn Drawn, window: &Arc<Window>) -> bool {
    make(window, |record| strategy::send(drawn, window, record))
}

/// Makes a frame of a window, counted and recorded; `send` tells whether it is on its way, else it is dropped.
fn make(window: &Window, send: impl FnOnce(&Record) -> bool) -> bool {
    let number = window.counters().count_rendered();
    let record = watch::begin(window, number);
    let sent = !ending::is_after_drivers() && send(&record);
    if sent {
        hold(window, number);
    } else {
        record.note(Moment::Dropped);
        window.drop_one();
    }
    sent
}

/// Makes a frame of a window: `read` puts its pixels, `width` x `height` of them, where it is told. It is not called
/// for a frame that is dropped; then the answer is false.
pub fn deliver(window: &Window, (width, height): (u16, u16), read: impl FnOnce(readback::Target)) -> bool {
    deliver_slot(window, width, height, |slot| read(strategy::target_of(slot)))
}

fn deliver_slot(window: &Window, width: u16, height: u16, fill: impl FnOnce(&mut Slot)) -> bool {
    make(window, |record| {
        let Some(mut slot) = window.acquire(width, height) else { return false };
        slot.set_record(record.clone());
        fill(&mut slot);
        window.post(slot);
        true
    })
}

/// Sends a surface that is not current in this thread, of a drawable with `config`: the 3D worker reads it.
pub fn send_from_worker(
    window: &Window,
    surface: &Arc<Surface>,
    buffer: u32,
    config: Option<&'static Config>,
) {
    let Some(backend) = Runtime::get().backend else { return };
    let format = config.and_then(Config::resolved_format);
    let size = (surface.width.into(), surface.height.into());
    make(window, |record| {
        let Some(mut slot) = window.acquire(surface.width, surface.height) else { return false };
        slot.set_record(record.clone());
        let (config, is_stereo) = (surface.config, surface.is_stereo());
        let buffer = if is_stereo { stereo::shown(buffer) } else { buffer };
        let read = move || -> Slot {
            let _inside = Inside::enter();
            let features = Features::of_current();
            if is_stereo && stereo::is_composed() {
                let read = |eye: u32, target: readback::Target| readback::read(&features, eye, target);
                stereo::compose(buffer, strategy::target_of(&mut slot), read);
                return slot;
            }
            let resolved = format.and_then(|format| Resolved::new(&features, buffer, format, size));
            let from = match &resolved {
                Some(resolved) => state::Source::Object(resolved.framebuffer),
                None => state::Source::Default(buffer),
            };
            orders::fill(&Source { features: &features, from, config }, &mut slot);
            slot
        };
        let read = backend.worker().run(surface, read);
        read.map(|slot| window.post(slot)).is_some()
    });
}

/// With `--pause-at-frame`, the frame's picture stays: its swap does not return.
fn hold(window: &Window, number: u64) {
    let frames = &Runtime::get().frames;
    if frames.is_held(number) {
        window.finish();
        frames.hold(number);
    }
}

/// In direct mode: counts a swap that the program's driver has done. `finish` waits until the server has the frame.
pub fn watched(window: u32, finish: impl FnOnce()) {
    let runtime = Runtime::get();
    let number = {
        let mut watched = runtime.watched.lock();
        let counters = watched.entry(window).or_insert_with(|| runtime.frames.entry(window));
        counters.count_delivered();
        let number = counters.count_rendered();
        watch::begin_watched(counters, number).note(Moment::Done);
        number
    };
    if runtime.frames.is_held(number) {
        finish();
        runtime.frames.hold(number);
    }
}

/// After a swap: the front buffer holds the frame too, if the program ever named it.
pub fn keep_front(current: &Current, drawable: &Drawable) {
    drawable.swapped.store(true, Relaxed);
    // A stereo window shows no picture from which the front buffers could be made later.
    let is_stereo = drawable.existing_surface().is_some_and(|surface| surface.is_stereo());
    if !drawable.front_used.load(Relaxed) && !is_stereo {
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
