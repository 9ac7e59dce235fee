//! The rate of swaps: swap intervals and the frame-rate cap.

use std::thread;
use std::time::{Duration, Instant};

/// Spaces the swaps of one drawable.
#[derive(Debug, Default)]
pub struct Pacer {
    next: Option<Instant>,
}

impl Pacer {
    /// When the next swap may return, `period` after the last; None if that is past.
    ///
    /// A swap that comes late starts a new rhythm instead of making up for lost time.
    pub fn next(&mut self, now: Instant, period: Duration) -> Option<Instant> {
        let due = self.next.map_or(now, |last| last + period);
        let wait = due > now;
        self.next = Some(if wait { due } else { now });
        wait.then_some(due)
    }
}

/// The time between swaps that an interval (in refreshes) and a cap (frames a second, 0 for none) ask for.
pub fn period(interval: i32, refresh_rate: f64, cap: f64) -> Option<Duration> {
    // A negative interval (EXT_swap_control_tear) means its amount.
    let refreshes = f64::from(interval.unsigned_abs()) / refresh_rate;
    let capped = if cap > 0.0 { 1.0 / cap } else { 0.0 };
    let seconds = refreshes.max(capped);
    (seconds > 0.0).then(|| Duration::from_secs_f64(seconds))
}

/// Sleeps until then.
pub fn sleep_until(due: Instant) {
    while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        thread::sleep(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_and_caps_give_the_longer_period() {
        assert_eq!(period(0, 60.0, 0.0), None);
        assert_eq!(period(1, 50.0, 0.0), Some(Duration::from_millis(20)));
        assert_eq!(period(2, 50.0, 100.0), Some(Duration::from_millis(40)));
        assert_eq!(period(1, 100.0, 20.0), Some(Duration::from_millis(50)));
        assert_eq!(period(-1, 50.0, 0.0), Some(Duration::from_millis(20)));
    }

    #[test]
    fn a_late_swap_starts_a_new_rhythm() {
        let (start, period) = (Instant::now(), Duration::from_millis(10));
        let mut pacer = Pacer::default();
        assert_eq!(pacer.next(start, period), None);
        assert_eq!(pacer.next(start, period), Some(start + period));
        assert_eq!(pacer.next(start + period, period), Some(start + 2 * period));
        let late = start + 10 * period;
        assert_eq!(pacer.next(late, period), None);
        assert_eq!(pacer.next(late, period), Some(late + period));
    }
}
