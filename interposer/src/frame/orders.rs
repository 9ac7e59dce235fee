//! glReadPixels straight into a slot, in the byte order that a config's surfaces are cheapest to read in.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use glxrun_contract::settings::Readback;
use glxrun_display::{Layout, Slot};
use parking_lot::Mutex;

use super::readback;
use super::strategy::{Source, target_of};
use crate::gl;
use crate::gl::features::Features;
use crate::render::ConfigIndex;
use crate::runtime::{Runtime, settings};

/// Fills a slot, or leaves what can be done elsewhere to the slot's [`glxrun_display::Finish`].
pub fn fill(source: &Source, slot: &mut Slot) {
    let Source { features, from, config } = *source;
    let pixels = u32::from(slot.width()) * u32::from(slot.height());
    let reversed = match next(features, &slot.layout(), config, pixels) {
        Next::Use { reversed } => {
            let bands = settings().bands;
            if bands > 1 && readback::is_upright(features, &slot.layout()) {
                return readback::in_bands(features, from, slot, reversed, bands);
            }
            let finish = readback::start(features, from, &mut target_of(slot), reversed);
            return slot.finish_later(finish);
        }
        Next::Measure { reversed } => reversed,
    };
    // So that only the reading is measured.
    gl::finish_real();
    let start = Instant::now();
    let finish = readback::start(features, from, &mut target_of(slot), reversed);
    Runtime::get().orders.note(config, reversed, start.elapsed() / pixels.div_ceil(1024));
    slot.finish_later(finish);
}

/// Whether a frame of so many pixels is to be read in the slot's own order.
pub fn is_native(features: &Features, layout: &Layout, config: ConfigIndex, pixels: u32) -> bool {
    next(features, layout, config, pixels) == Next::Use { reversed: false }
}

fn next(features: &Features, layout: &Layout, config: ConfigIndex, pixels: u32) -> Next {
    let measured = settings().readback != Readback::Direct
        && pixels >= WORTH_MEASURING
        && readback::has_two_orders(features, layout);
    if measured { Runtime::get().orders.next(config) } else { Next::Use { reversed: false } }
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
