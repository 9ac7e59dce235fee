//! Readback strategies: the ways in which a frame's pixels get from a surface to its window.

use std::sync::Arc;
use std::time::{Duration, Instant};

use glxrun_contract::records::Record;
use glxrun_contract::settings::Readback;
use glxrun_display::{Slot, Window};

use super::choice::Next;
use super::direct::Direct;
use super::readback::Target;
use super::transfer::Transfers;
use crate::gl::features::Features;
use crate::gl::flip::Flip;
use crate::gl::state;
use crate::render::{ConfigIndex, RawContext};
use crate::runtime::{Runtime, settings};

/// What is read: of the current read surface or a framebuffer object, which has the frame's size.
pub struct Source<'a> {
    /// What the current context can do.
    pub features: &'a Features,
    /// The buffer or framebuffer object.
    pub from: state::Source,
    /// The config of the surface that the program drew to.
    pub config: ConfigIndex,
}

/// The surface that a program draws to in the calling thread.
pub trait Drawn {
    /// What the current context can do.
    fn features(&self) -> &Features;
    /// Width and height in pixels.
    fn size(&self) -> (u16, u16);
    /// The surface's config, or what stands for it in measurements.
    fn config(&self) -> ConfigIndex;
    /// The context and its transfers; None where it cannot have any.
    fn transfers(&self) -> Option<(&Arc<Transfers>, RawContext)>;
    /// Runs `read` with the surface, its samples resolved, bound to read from; the lowest row is the first.
    fn read(&self, read: &mut dyn FnMut(&Source));
}

/// The ways there are, the cheapest to set up first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In the program's thread.
    Direct,
    /// Through mapped buffers.
    Pbo,
    /// Through memory of CUDA's.
    Cuda,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Direct, Self::Pbo, Self::Cuda];

    fn strategy(self) -> &'static dyn Strategy {
        match self {
            Self::Direct => &Direct,
            Self::Pbo => &Buffered(Self::Pbo),
            Self::Cuda => &Buffered(Self::Cuda),
        }
    }
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way; so long it took in the program's thread, without waiting for room.
    After(Duration),
    /// It was dropped.
    Dropped,
    /// It cannot go this way.
    Impossible,
}

/// A way to send a frame. The context is current in the calling thread; its state is as before afterwards.
pub trait Strategy: Sync {
    /// Whether it can be used there.
    fn is_there(&self, drawn: &dyn Drawn) -> bool;
    /// Sends what is drawn as a frame of the window.
    fn send(&self, drawn: &dyn Drawn, window: &Arc<Window>, record: &Record) -> Sent;
}

/// Sends what is drawn as a frame of the window, as the settings ask. False if it was dropped.
pub fn send(drawn: &dyn Drawn, window: &Arc<Window>, record: &Record) -> bool {
    let wanted = match settings().readback {
        Readback::Auto => automatic(drawn, window, record),
        Readback::Direct => Way::Direct.strategy().send(drawn, window, record),
        Readback::Pbo => first_of(&[Way::Pbo], drawn, window, record),
        Readback::Cuda => first_of(&[Way::Cuda, Way::Pbo], drawn, window, record),
    };
    match wanted {
        Sent::After(_) => true,
        Sent::Dropped => false,
        Sent::Impossible => matches!(Way::Direct.strategy().send(drawn, window, record), Sent::After(_)),
    }
}

fn first_of(ways: &[Way], drawn: &dyn Drawn, window: &Arc<Window>, record: &Record) -> Sent {
    let there = ways.iter().map(|way| way.strategy()).find(|strategy| strategy.is_there(drawn));
    there.map_or(Sent::Impossible, |strategy| strategy.send(drawn, window, record))
}

/// The quickest way, found out during the first frames. Where the CPU renders there is nothing to overlap.
fn automatic(drawn: &dyn Drawn, window: &Arc<Window>, record: &Record) -> Sent {
    if drawn.features().software {
        return Way::Direct.strategy().send(drawn, window, record);
    }
    let choices = &Runtime::get().choices;
    let (config, size) = (drawn.config(), drawn.size());
    match choices.next(config, size, |way| way.strategy().is_there(drawn)) {
        Next::Use(way) => way.strategy().send(drawn, window, record),
        Next::Measure(way) => {
            let sent = way.strategy().send(drawn, window, record);
            if let Sent::After(cost) = sent {
                choices.note(config, size, way, cost);
            }
            sent
        }
    }
}

/// Where a readback into a slot goes.
pub fn target_of(slot: &mut Slot) -> Target<'_> {
    let (width, height, stride, layout) = (slot.width(), slot.height(), slot.stride(), slot.layout());
    Target { pixels: slot.pixels_mut(), width, height, stride, layout }
}

/// Into a buffer on the GPU's side, from where other threads take it.
struct Buffered(Way);

impl Strategy for Buffered {
    fn is_there(&self, drawn: &dyn Drawn) -> bool {
        let features = drawn.features();
        // Gamma correction is the CPU's.
        if settings().gamma != 1.0 {
            return false;
        }
        let possible = match self.0 {
            Way::Cuda => {
                features.shared_memory.is_some_and(|uuid| Runtime::get().cuda.is_ready(uuid))
                    && Flip::is_possible(features)
            }
            _ => features.mapped_buffers,
        };
        possible
            && drawn
                .transfers()
                .is_some_and(|(transfers, context)| transfers.is_possible(context, drawn.config()))
    }

    fn send(&self, drawn: &dyn Drawn, window: &Arc<Window>, record: &Record) -> Sent {
        let Some((transfers, _)) = drawn.transfers() else { return Sent::Impossible };
        let Some(mut room) = transfers.room(window) else { return Sent::Dropped };
        room.set_record(record.clone());
        let start = Instant::now();
        let (mut room, mut sent) = (Some(room), false);
        let mut issue = |source: &Source| {
            if let Some(room) = room.take() {
                sent = transfers.send(source, window, self.0, drawn.size(), room);
            }
        };
        drawn.read(&mut issue);
        if sent {
            return Sent::After(start.elapsed());
        }
        transfers.give_up(self.0);
        Sent::Impossible
    }
}
