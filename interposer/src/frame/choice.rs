//! Which way of reading frames is quickest, measured during the first ones.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

use super::strategy::Way;
use crate::render::ConfigIndex;

/// Frames that each way is tried for; the quickest counts.
const ROUNDS: u32 = 3;
/// Frames after which a way is judged though none of its frames was fetched.
const PATIENCE: u32 = 30;

/// By config and size: to the next power of two of pixels.
type Key = (usize, u32);

fn key(config: ConfigIndex, (width, height): (u16, u16)) -> Key {
    (config.0, (u32::from(width) * u32::from(height)).next_power_of_two().trailing_zeros())
}

/// What frames cost, by way.
#[derive(Debug, Default)]
pub struct Choices(Mutex<HashMap<Key, [Cost; Way::ALL.len()]>>);

/// What a way costs.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    frames: u32,
    /// In the program's thread.
    issue: Option<Duration>,
    fetched: u32,
    /// In the thread that fetches frames.
    fetch: Option<Duration>,
}

impl Cost {
    fn is_known(&self, way: Way) -> bool {
        let fetched = way == Way::Direct || self.fetched >= ROUNDS || self.frames >= PATIENCE;
        self.frames >= ROUNDS && fetched
    }

    /// What limits the rate of frames.
    fn period(&self) -> Duration {
        self.issue.unwrap_or(Duration::MAX).max(self.fetch.unwrap_or_default())
    }
}

/// What to do with the next frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This way has been found to be the quickest of those there are.
    Use(Way),
    /// Not enough is known of this one yet.
    Measure(Way),
}

impl Choices {
    /// The way for the next frame, one of those `there`.
    pub fn next(&self, config: ConfigIndex, size: (u16, u16), there: impl Fn(Way) -> bool) -> Next {
        let costs = self.0.lock().get(&key(config, size)).copied().unwrap_or_default();
        let ways = || Way::ALL.into_iter().filter(|way| there(*way));
        let unknown = ways().find(|way| !costs[*way as usize].is_known(*way));
        unknown.map_or_else(
            || Next::Use(ways().min_by_key(|way| costs[*way as usize].period()).unwrap_or(Way::Direct)),
            Next::Measure,
        )
    }

    /// Notes what a frame cost in the program's thread.
    pub fn note(&self, config: ConfigIndex, size: (u16, u16), way: Way, cost: Duration) {
        let mut costs = self.0.lock();
        let cost_of = &mut costs.entry(key(config, size)).or_default()[way as usize];
        cost_of.frames += 1;
        cost_of.issue = Some(cost_of.issue.map_or(cost, |best| best.min(cost)));
        if cost_of.is_known(way) {
            log::debug!("config {} at {size:?}: {way:?} {cost_of:?}", config.0);
        }
    }

    /// Notes what fetching a frame cost.
    pub fn note_fetch(&self, config: ConfigIndex, size: (u16, u16), way: Way, cost: Duration) {
        let mut costs = self.0.lock();
        let cost_of = &mut costs.entry(key(config, size)).or_default()[way as usize];
        if cost_of.fetched < ROUNDS {
            cost_of.fetched += 1;
            cost_of.fetch = Some(cost_of.fetch.map_or(cost, |best| best.min(cost)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: ConfigIndex = ConfigIndex(7);
    const SIZE: (u16, u16) = (640, 480);

    /// Measures until a choice is made, given what each way costs in its two threads in ms.
    fn chosen(costs: [(u64, u64); 3], there: &[Way]) -> Way {
        let choices = Choices::default();
        for _ in 0..50 {
            match choices.next(CONFIG, SIZE, |way| there.contains(&way)) {
                Next::Use(way) => return way,
                Next::Measure(way) => {
                    let (issue, fetch) = costs[way as usize];
                    choices.note(CONFIG, SIZE, way, Duration::from_millis(issue));
                    if way != Way::Direct {
                        choices.note_fetch(CONFIG, SIZE, way, Duration::from_millis(fetch));
                    }
                }
            }
        }
        panic!("no choice was made")
    }

    #[test]
    fn the_quickest_is_used() {
        assert_eq!(chosen([(9, 0), (1, 7), (1, 2)], &Way::ALL), Way::Cuda);
        assert_eq!(chosen([(9, 0), (1, 7), (1, 2)], &[Way::Direct, Way::Pbo]), Way::Pbo);
        assert_eq!(chosen([(1, 0), (2, 7), (2, 2)], &Way::ALL), Way::Direct);
    }

    #[test]
    fn what_comes_later_is_tried_then() {
        let choices = Choices::default();
        while let Next::Measure(way) = choices.next(CONFIG, SIZE, |way| way != Way::Cuda) {
            choices.note(CONFIG, SIZE, way, Duration::from_millis(3));
        }
        assert_eq!(choices.next(CONFIG, SIZE, |_| true), Next::Measure(Way::Cuda));
    }

    #[test]
    fn frames_that_are_never_fetched_do_not_hold_up_the_choice() {
        let choices = Choices::default();
        let mut frames = 0;
        while let Next::Measure(way) = choices.next(CONFIG, SIZE, |_| true) {
            choices.note(CONFIG, SIZE, way, Duration::from_millis(3));
            frames += 1;
            assert!(frames < 100);
        }
    }
}
