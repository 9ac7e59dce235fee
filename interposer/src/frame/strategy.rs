//! Readback strategies: the ways in which a frame's pixels get from a surface into a slot.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use glxrun_contract::settings::Readback;
use glxrun_display::Slot;
use parking_lot::Mutex;

use super::readback::{self, Target};
use crate::gl;
use crate::gl::features::Features;
use crate::gl::state;
use crate::render::ConfigIndex;
use crate::runtime::{Runtime, settings};

/// What is read: a buffer of the current read surface, which has the slot's size.
pub struct Source<'a> {
    /// What the current context can do.
    pub features: &'a Features,
    /// The buffer or framebuffer object.
    pub from: state::Source,
    /// The config of the surface that the program drew to.
    pub config: ConfigIndex,
}

/// A way to fill a slot. The context is current in the calling thread; its state is as before afterwards.
pub trait Strategy: Sync {
    /// Fills the slot, or leaves what can be done elsewhere to the slot's [`glxrun_display::Finish`].
    fn fill(&self, source: &Source, slot: &mut Slot);
}

/// The strategy that the settings ask for.
pub fn chosen() -> &'static dyn Strategy {
    match settings().readback {
        Readback::Auto => &Cheapest,
        Readback::Direct => &Direct,
    }
}

/// Where a readback into a slot goes.
pub fn target_of(slot: &mut Slot) -> Target<'_> {
    let (width, height, stride, layout) = (slot.width(), slot.height(), slot.stride(), slot.layout());
    Target { pixels: slot.pixels_mut(), width, height, stride, layout }
}

/// glReadPixels straight into the slot, in the slot's byte order.
struct Direct;

impl Strategy for Direct {
    fn fill(&self, source: &Source, slot: &mut Slot) {
        let finish = readback::start(source.features, source.from, &mut target_of(slot), false);
        slot.finish_later(finish);
    }
}

/// glReadPixels straight into the slot, in the byte order that this config's surfaces are cheapest to read in.
struct Cheapest;

impl Strategy for Cheapest {
    fn fill(&self, source: &Source, slot: &mut Slot) {
        let orders = &Runtime::get().orders;
        let pixels = u32::from(slot.width()) * u32::from(slot.height());
        let measured = pixels >= WORTH_MEASURING && readback::has_two_orders(source.features, &slot.layout());
        let next = if measured { orders.next(source.config) } else { Next::Use { reversed: false } };
        let reversed = match next {
            Next::Use { reversed } | Next::Measure { reversed } => reversed,
        };
        let measure = matches!(next, Next::Measure { .. });
        if measure {
            // So that only the reading is measured.
            gl::finish_real();
        }
        let start = Instant::now();
        let finish = readback::start(source.features, source.from, &mut target_of(slot), reversed);
        if measure {
            orders.note(source.config, reversed, start.elapsed() / pixels.div_ceil(1024));
        }
        slot.finish_later(finish);
    }
}

/// Pixels of a frame from which the order of its bytes matters.
const WORTH_MEASURING: u32 = 128 * 128;
/// Frames that are read in each order; the quickest counts.
const ROUNDS: u8 = 3;

/// What reading costs in each byte order, by config. For an alpha-less one Mesa converts on the way, to RGBA at two
/// thirds of the price of BGRA; for one with alpha BGRA is a plain copy, and RGBA costs ten times as much.
#[derive(Debug, Default)]
pub struct Orders(Mutex<HashMap<usize, Costs>>);

/// Of the slot's own order, then of the other.
#[derive(Clone, Copy, Debug, Default)]
struct Costs {
    frames: [u8; 2],
    quickest: [Option<Duration>; 2],
}

/// What to do with the next frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// This order has been found to be the cheaper one.
    Use { reversed: bool },
    /// Nothing is known yet.
    Measure { reversed: bool },
}

impl Orders {
    fn next(&self, config: ConfigIndex) -> Next {
        let costs = self.0.lock().get(&config.0).copied().unwrap_or_default();
        let [native, reversed] = costs.frames;
        if reversed < ROUNDS {
            return Next::Measure { reversed: reversed < native };
        }
        Next::Use { reversed: costs.quickest[1] < costs.quickest[0] }
    }

    /// Notes the cost of a frame, by pixel.
    fn note(&self, config: ConfigIndex, reversed: bool, cost: Duration) {
        let mut costs = self.0.lock();
        let costs = costs.entry(config.0).or_default();
        let order = usize::from(reversed);
        costs.frames[order] += 1;
        let quickest = costs.quickest[order].map_or(cost, |best| best.min(cost));
        costs.quickest[order] = Some(quickest);
        if costs.frames == [ROUNDS; 2] {
            log::debug!("config {}: reading costs {:?} per 1024 pixels", config.0, costs.quickest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigIndex, Duration, Next, Orders};

    fn settled(native: u64, reversed: u64) -> Next {
        let (orders, config) = (Orders::default(), ConfigIndex(7));
        for round in 0..6 {
            let Next::Measure { reversed: other } = orders.next(config) else {
                panic!("settled after {round} frames")
            };
            assert_eq!(other, round % 2 == 1, "the orders take turns");
            // The first frame of each is an outlier.
            let outlier = if round < 2 { 1000 } else { 0 };
            orders.note(config, other, Duration::from_nanos(outlier + if other { reversed } else { native }));
        }
        assert_eq!(orders.next(ConfigIndex(8)), Next::Measure { reversed: false }, "another config");
        orders.next(config)
    }

    #[test]
    fn the_cheaper_order_is_used_once_both_are_known() {
        assert_eq!(settled(300, 200), Next::Use { reversed: true });
        assert_eq!(settled(100, 900), Next::Use { reversed: false });
        assert_eq!(settled(100, 100), Next::Use { reversed: false });
    }
}
