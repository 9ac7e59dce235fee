//! The clock that stands in for a screen's refreshes.
//!
//! No screen of the 2D side refreshes. The clock ticks on multiples of its period since the start of CLOCK_MONOTONIC: it
//! cannot drift, and all windows of all programs agree on the number of each refresh.

const SECOND: u128 = 1_000_000_000;

/// Regular ticks. Times are CLOCK_MONOTONIC in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Ticks in 1000 seconds.
    millihertz: u64,
}

impl Clock {
    /// A clock of so many ticks a second, to the thousandth.
    pub fn new(hertz: f64) -> Self {
        Self { millihertz: ((hertz * 1000.0).round() as u64).max(1) }
    }

    /// The last tick at that time.
    pub fn tick_at(self, time: u64) -> u64 {
        (u128::from(time) * u128::from(self.millihertz) / (1000 * SECOND)) as u64
    }

    /// The time of a tick; the end of time for one that is too far away.
    pub fn time_of(self, tick: u64) -> u64 {
        let time = (u128::from(tick) * 1000 * SECOND).div_ceil(u128::from(self.millihertz));
        u64::try_from(time).unwrap_or(u64::MAX)
    }

    /// Ticks a second as a fraction in lowest terms.
    pub fn rate(self) -> (u64, u64) {
        let divisor = gcd(self.millihertz, 1000);
        (self.millihertz / divisor, 1000 / divisor)
    }
}

fn gcd(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { gcd(other, one % other) }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    const MS: u64 = 1_000_000;

    #[test]
    fn ticks_and_times_agree() {
        for clock in [Clock::new(60.0), Clock::new(59.94), Clock::new(0.5), Clock::new(1e6)] {
            for tick in [0, 1, 59, 60, 123_456_789] {
                let time = clock.time_of(tick);
                assert_eq!(clock.tick_at(time), tick, "{clock:?}");
                assert!(tick == 0 || clock.tick_at(time - 1) == tick - 1, "{clock:?}");
            }
        }
        assert_eq!(Clock::new(50.0).time_of(3), 60 * MS);
        assert_eq!(Clock::new(1e-9).time_of(u64::MAX), u64::MAX);
        assert_eq!((Clock::new(60.0).rate(), Clock::new(59.94).rate()), ((60, 1), (2997, 50)));
    }
}
