//! When swaps may return: the refreshes that swap intervals count, and the frame-rate cap.
//!
//! GLX_OML_sync_control and its kin make the numbers of the refreshes visible.

use std::thread;
use std::time::Duration;

use glxrun_contract::clock::Clock;
use glxrun_contract::counters::now;
use parking_lot::Mutex;

use crate::runtime::settings;

/// The clock of the 2D side's refreshes.
pub fn refreshes() -> Clock {
    Clock::new(settings().refresh_rate)
}

/// The tick that a wait for `target`, or one after it that leaves `remainder` when divided by `divisor`, ends at
/// (GLX_OML_sync_control). `now` is the last tick.
pub fn awaited(now: u64, target: u64, divisor: u64, remainder: u64) -> u64 {
    if now < target {
        return target;
    }
    let Some(past) = now.checked_rem(divisor) else { return now };
    let next = now - past + remainder;
    if next > now { next } else { next + divisor }
}

/// Spaces the swaps of one drawable.
#[derive(Debug, Default)]
pub struct Pacer {
    refreshed: Option<u64>,
    capped: Option<u64>,
}

impl Pacer {
    /// When a swap made now may return, with a swap interval in refreshes (a negative one means its amount) and a cap in frames a
    /// second, 0 for none. None if at once.
    fn next(&mut self, now: u64, refreshes: Clock, interval: i32, cap: f64) -> Option<u64> {
        let refreshed = match interval.unsigned_abs() {
            0 => None,
            interval => step(&mut self.refreshed, refreshes, now, interval.into()),
        };
        let capped = if cap > 0.0 { step(&mut self.capped, Clock::new(cap), now, 1) } else { None };
        refreshed.max(capped)
    }
}

/// The time of the tick that comes `ticks` after the `last` one that was waited for, and notes it. One who comes later does not
/// wait, and is back in step with the clock at the next tick.
fn step(last: &mut Option<u64>, clock: Clock, now: u64, ticks: u64) -> Option<u64> {
    let current = clock.tick_at(now);
    let due = last.map_or(current, |last| last.saturating_add(ticks)).max(current);
    *last = Some(due);
    (due > current).then(|| clock.time_of(due))
}

/// Waits after a swap as the swap interval and the frame-rate cap ask.
pub fn pace(pacer: &Mutex<Pacer>, interval: i32) {
    let settings = settings();
    if interval == 0 && settings.fps == 0.0 {
        return;
    }
    let due = pacer.lock().next(now(), refreshes(), interval, settings.fps);
    if let Some(due) = due {
        sleep_until(due);
    }
}

/// Sleeps until a time of CLOCK_MONOTONIC, in nanoseconds.
pub fn sleep_until(due: u64) {
    while let Some(left) = due.checked_sub(now()).filter(|left| *left > 0) {
        thread::sleep(Duration::from_nanos(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn waits_end_at_the_next_tick_that_fits() {
        assert_eq!(awaited(5, 9, 0, 0), 9);
        assert_eq!(awaited(5, 9, 4, 3), 9);
        assert_eq!(awaited(9, 9, 0, 0), 9);
        assert_eq!(awaited(9, 0, 1, 0), 10);
        assert_eq!(awaited(9, 0, 4, 3), 11);
        assert_eq!(awaited(11, 0, 4, 3), 15);
        assert_eq!(awaited(12, 0, 4, 0), 16);
    }

    /// When swaps at these times, in ms, may return.
    fn paced(interval: i32, cap: f64, times: &[u64]) -> Vec<Option<u64>> {
        let mut pacer = Pacer::default();
        let next = |time: &u64| pacer.next(time * MS, Clock::new(50.0), interval, cap);
        times.iter().map(next).map(|due| due.map(|due| due / MS)).collect()
    }

    #[test]
    fn swaps_in_time_follow_the_clock() {
        assert_eq!(paced(1, 0.0, &[1005, 1006, 1021, 1045]), [None, Some(1020), Some(1040), Some(1060)]);
        assert_eq!(paced(-2, 0.0, &[1005, 1006]), [None, Some(1040)]);
        assert_eq!(paced(0, 0.0, &[1005, 1006]), [None, None]);
    }

    #[test]
    fn a_late_swap_does_not_wait_and_the_next_is_in_step_again() {
        assert_eq!(paced(1, 0.0, &[1005, 1123, 1124, 1141]), [None, None, Some(1140), Some(1160)]);
    }

    #[test]
    fn the_longer_of_interval_and_cap_counts() {
        assert_eq!(paced(1, 10.0, &[1005, 1006, 1101]), [None, Some(1100), Some(1200)]);
        assert_eq!(paced(5, 100.0, &[1005, 1006]), [None, Some(1100)]);
        assert_eq!(paced(0, 10.0, &[1005, 1006]), [None, Some(1100)]);
    }
}
