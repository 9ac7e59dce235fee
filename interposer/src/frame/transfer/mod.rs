//! Frames that are read while the program goes on: its thread only tells the GPU to copy a surface into a buffer.
//!
//! ```text
//!  program's thread            "glxrun-read"           "glxrun-2d"
//!  glReadPixels into a buffer
//!  fence, flush ------------> waits for the fence
//!                             posts the frame -------> fetches it when its turn has come: by the CPU from a
//!                                                      mapped buffer, by the GPU where CUDA knows the buffer
//! ```
//!
//! So the newest frame always arrives, also if the program does nothing afterwards, and one that is overtaken is never
//! fetched. Buffers and the thread belong to a context; when it is destroyed, or the process ends, what windows may still
//! need is fetched before the driver's memory goes.

mod pool;
mod reader;
mod stages;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Once, Weak};
use std::time::{Duration, Instant};

use glxrun_display::{Remote, Reservation, Rows, Window};
use once_cell::sync::OnceCell;
use parking_lot::Mutex;

use super::pixels::Format;
use super::strategy::{Source, Way};
use crate::gl::api::{self, gl};
use crate::gl::flip::Flip;
use crate::gl::state::{self, PackGuard};
use crate::interpose::Inside;
use crate::render::fence::Fence;
use crate::render::{ConfigIndex, RawContext};
use crate::runtime::Runtime;
use pool::{Buffer, Pool};
use reader::{Issued, Reader};
use stages::{Stage, Stages};

/// How long the GPU may take for what is under way when its results are about to be lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// The transfers of one context.
#[derive(Default)]
pub struct Transfers {
    /// Buffers cannot be made.
    given_up: AtomicBool,
    pool: Arc<Pool>,
    stages: Arc<Stages>,
    reader: OnceCell<Option<Reader>>,
    flip: Mutex<Flip>,
    /// Where frames went.
    windows: Mutex<Vec<Weak<Window>>>,
}

impl Transfers {
    /// Whether frames can be sent: starts the thread at first, for a context and a config of its surfaces. Not in a context
    /// that is being destroyed.
    pub fn is_possible(self: &Arc<Self>, context: RawContext, config: ConfigIndex) -> bool {
        let start = || {
            static WATCHED: Once = Once::new();
            WATCHED.call_once(watch_exit);
            let mut all = Runtime::get().transfers.lock();
            all.retain(|known| known.strong_count() > 0);
            all.push(Arc::downgrade(self));
            drop(all);
            Reader::start(context, config, self.pool.clone(), self.stages.clone())
        };
        self.reader.get_or_init(start).is_some() && !self.given_up.load(Relaxed) && !self.pool.is_closed()
    }

    /// A frame's place in the order; waits as [`Window::reserve`] does, and for a GPU that is too far behind. None if the frame
    /// is to be dropped.
    pub fn room(&self, window: &Window) -> Option<Reservation> {
        let start = Instant::now();
        if let Some(Some(reader)) = self.reader.get() {
            reader.throttle();
        }
        let room = window.reserve();
        self.stages.note(Stage::Room, start.elapsed());
        room
    }

    /// Tells the GPU to copy `size` pixels of what is read for a frame of the window. False if it cannot.
    pub fn send(
        &self,
        source: &Source,
        window: &Arc<Window>,
        way: Way,
        size: (u16, u16),
        room: Reservation,
    ) -> bool {
        let Some(Some(reader)) = self.reader.get() else { return false };
        let start = Instant::now();
        let issued = self.issue(source, window, way, size, room);
        issued.is_some_and(|issued| {
            self.remember(window);
            let sent = reader.send(issued);
            self.stages.note(Stage::Issue, start.elapsed());
            sent
        })
    }

    fn issue(
        &self,
        source: &Source,
        window: &Arc<Window>,
        way: Way,
        size: (u16, u16),
        room: Reservation,
    ) -> Option<Issued> {
        let _inside = Inside::enter();
        let layout = window.layout();
        let stride = layout.stride(size.0);
        let features = source.features;
        let length = stride * usize::from(size.1);
        let buffer = self.pool.take(features, way, length)?;
        // The CPU turns rows round on the way; CUDA's copies cannot.
        let mut flip = (way == Way::Cuda).then(|| self.flip.lock());
        let name = flip
            .as_mut()
            .map_or_else(|| buffer.name(), |flip| flip.buffer(length, || pool::new_name(features)));
        let mut format = Format::of(&layout, features.read_bgra);
        if flip.is_some() && matches!(source.from, state::Source::Default(_)) {
            // NVIDIA's windows with alpha are read in a third of the time in this order, those without in the same.
            format = format.reversed().filter(|reversed| reversed.format == api::RGBA).unwrap_or(format);
        }
        let start = Instant::now();
        {
            let _guard = PackGuard::into_buffer(features, source.from, false, format.swap_bytes, name);
            gl!(glReadPixels(
                0,
                0,
                size.0.into(),
                size.1.into(),
                format.format,
                format.kind,
                std::ptr::null_mut()
            ));
        }
        self.stages.note(Stage::Read, start.elapsed());
        let start = Instant::now();
        if let Some(flip) = &mut flip
            && !flip.copy(buffer.name(), stride, size.1.into(), format.swap_red_blue)
        {
            self.pool.give_back(buffer);
            return None;
        }
        self.stages.note(Stage::Turn, start.elapsed());
        let pixels = Transfer {
            buffer: Some(buffer),
            pool: self.pool.clone(),
            stages: self.stages.clone(),
            stride,
            flip: way != Way::Cuda,
            config: source.config,
            way,
            size,
        };
        let start = Instant::now();
        let fence = Fence::insert()?;
        self.stages.note(Stage::Flush, start.elapsed());
        Some(Issued { fence, window: window.clone(), room, pixels: Arc::new(pixels), size })
    }

    /// A way turned out to be impossible.
    pub fn give_up(&self, way: Way) {
        match way {
            Way::Cuda => Runtime::get().cuda.give_up(),
            Way::Direct | Way::Pbo => {
                log::info!("pixel buffers cannot be used for frames: the program's thread reads them");
                self.given_up.store(true, Relaxed);
            }
        }
    }

    fn remember(&self, window: &Arc<Window>) {
        let mut windows = self.windows.lock();
        if !windows.iter().any(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(window))) {
            windows.retain(|known| known.strong_count() > 0);
            windows.push(Arc::downgrade(window));
        }
    }

    /// The driver's memory is about to go: fetches what is still needed of it, and ends the thread.
    pub fn close(&self) {
        if let Some(Some(reader)) = self.reader.get() {
            self.save(reader, PATIENCE);
        }
    }

    fn save(&self, reader: &Reader, patience: Duration) {
        reader.settle(patience);
        let windows: Vec<_> = self.windows.lock().iter().filter_map(Weak::upgrade).collect();
        windows.iter().for_each(|window| window.bring_in());
        self.pool.close(patience);
        reader.stop(patience);
    }
}

/// Has drivers find nobody in their memory when the process ends: the handlers that they have by now run after ours. To be
/// called again when another driver is loaded.
pub fn watch_exit() {
    extern "C" fn at_exit() {
        // A forked child has none of its parent's.
        let Some(runtime) = Runtime::existing() else { return };
        let patience = Duration::from_secs(1);
        let Some(all) = runtime.transfers.try_lock_for(patience).map(|all| all.clone()) else { return };
        for transfers in all.iter().filter_map(Weak::upgrade) {
            if let Some(Some(reader)) = transfers.reader.get() {
                transfers.save(reader, patience);
            }
        }
        runtime.cuda.end(patience);
    }
    // SAFETY: a function that lives as long as the process (the library is linked nodelete).
    unsafe { libc::atexit(at_exit) };
}

/// A frame in a buffer.
struct Transfer {
    /// None once given back.
    buffer: Option<Buffer>,
    pool: Arc<Pool>,
    stages: Arc<Stages>,
    stride: usize,
    flip: bool,
    config: ConfigIndex,
    way: Way,
    size: (u16, u16),
}

impl Remote for Transfer {
    fn fetch(&self, rows: &Rows) -> bool {
        let start = Instant::now();
        let fetched =
            self.buffer.as_ref().is_some_and(|buffer| self.pool.copy(buffer, self.stride, self.flip, rows));
        if fetched {
            let took = start.elapsed();
            self.stages.note(Stage::Fetch, took);
            Runtime::get().choices.note_fetch(self.config, self.size, self.way, took);
        }
        fetched
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.pool.give_back(buffer);
        }
    }
}
