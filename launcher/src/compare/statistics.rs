//! What the rounds say about a ratio of two arms, and how sure that is.
//!
//! In each round every arm runs once, so that what disturbs the machine for a while disturbs all arms of the round. A round
//! gives one ratio; the rounds' ratios are independent looks at the true one. Their logarithms are averaged, with Student's
//! interval around the mean.
//!
//! The interval is one of 99 %: of a hundred comparisons of an arm with itself one may claim a difference, not one in twenty.

use serde::Serialize;

/// Student's t for 99 %, two-sided, by degrees of freedom from 1; the last one serves for all more.
const T: [f64; 20] = [
    63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.250, 3.169, 3.106, 3.055, 3.012, 2.977, 2.947,
    2.921, 2.898, 2.878, 2.861, 2.845,
];

/// An interval that is wider than this to one side tells too little: 5 %.
const NOISY: f64 = 0.05;

/// A ratio of two arms' figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// The geometric mean of the rounds' ratios.
    pub mean: f64,
    /// Ends of the 99 % interval; None for one round, which says nothing about chance.
    pub interval: Option<(f64, f64)>,
}

/// What the interval says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval is above 1.
    Higher,
    /// The whole interval is below 1.
    Lower,
    /// 1 is in the interval, and so is nothing further away than 5 %.
    Same,
    /// 1 is in the interval, which is so wide that a difference may hide in it.
    Noisy,
    /// There was one round only.
    Unknown,
}

impl Ratio {
    /// The interval in words; bounds that say nothing are not spelled out.
    pub fn range(&self) -> Option<String> {
        let (low, high) = self.interval?;
        let low = if low < 0.01 { "almost 0".to_owned() } else { format!("{low:.3}") };
        let high = if high > 100.0 { "more than 100".to_owned() } else { format!("{high:.3}") };
        Some(format!("{low} to {high}"))
    }

    /// Of pairs of positive figures, one pair a round; None without any.
    pub fn of(pairs: &[(f64, f64)]) -> Option<Ratio> {
        let logs: Vec<f64> =
            pairs.iter().filter(|(a, b)| *a > 0.0 && *b > 0.0).map(|(a, b)| (a / b).ln()).collect();
        if logs.is_empty() {
            return None;
        }
        let rounds = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / rounds;
        let interval = (logs.len() > 1).then(|| {
            let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (rounds - 1.0);
            let half = T[(logs.len() - 2).min(T.len() - 1)] * (variance / rounds).sqrt();
            ((mean - half).exp(), (mean + half).exp())
        });
        Some(Ratio { mean: mean.exp(), interval })
    }

    /// What it says about the two arms.
    pub fn verdict(&self) -> Verdict {
        match self.interval {
            None => Verdict::Unknown,
            Some((low, _)) if low > 1.0 => Verdict::Higher,
            Some((_, high)) if high < 1.0 => Verdict::Lower,
            Some((low, high)) if high <= 1.0 + NOISY && low >= 1.0 / (1.0 + NOISY) => Verdict::Same,
            Some(_) => Verdict::Noisy,
        }
    }
}

/// The middle one of some numbers, or the mean of the two in the middle.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

/// The value that `percent` of sorted numbers do not exceed (nearest rank).
pub fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look like chance, the same in every run: xorshift, then the sum of twelve for a bell curve.
    struct Chance(u64);

    impl Chance {
        fn uniform(&mut self) -> f64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }

        fn normal(&mut self) -> f64 {
            (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
        }
    }

    /// How many of `tries` comparisons of an arm with itself claim a difference. Rates vary by `spread` from run to run, and with
    /// a trend and outliers as a shared machine has them.
    fn false_alarms(tries: usize, rounds: usize, spread: f64, seed: u64) -> usize {
        let mut chance = Chance(seed);
        let mut run = |round: usize| {
            let outlier = if chance.uniform() < 0.05 { 0.7 } else { 1.0 };
            1000.0 * (1.0 - 0.02 * round as f64) * (spread * chance.normal()).exp() * outlier
        };
        (0..tries)
            .filter(|_| {
                let pairs: Vec<(f64, f64)> = (0..rounds).map(|round| (run(round), run(round))).collect();
                let verdict = Ratio::of(&pairs).map(|ratio| ratio.verdict());
                matches!(verdict, Some(Verdict::Higher | Verdict::Lower))
            })
            .count()
    }

    #[test]
    fn an_arm_differs_from_itself_in_less_than_one_of_twenty_tries() {
        for rounds in [2, 3, 5, 10] {
            for spread in [0.003, 0.03, 0.2] {
                let alarms = false_alarms(2000, rounds, spread, 0x9e37_79b9_7f4a_7c15 + rounds as u64);
                assert!(alarms < 40, "{alarms} of 2000 with {rounds} rounds and {spread}");
                // The promise: at least 19 of 20. In nearly all sets of twenty tries.
                let broken = (1..=200).filter(|seed| false_alarms(20, rounds, spread, *seed) > 1).count();
                assert!(broken < 8, "{broken} of 200 sets with {rounds} rounds and {spread}");
            }
        }
    }

    #[test]
    fn a_real_difference_is_found() {
        let mut chance = Chance(7);
        let found = (0..200).filter(|_| {
            let pairs: Vec<(f64, f64)> =
                (0..5).map(|_| (900.0 + 9.0 * chance.normal(), 1000.0 + 9.0 * chance.normal())).collect();
            Ratio::of(&pairs).map(|ratio| ratio.verdict()) == Some(Verdict::Lower)
        });
        assert!(found.count() > 195);
    }

    #[test]
    fn verdicts() {
        let verdict = |low, high| Ratio { mean: 1.0, interval: Some((low, high)) }.verdict();
        assert_eq!(verdict(1.01, 1.2), Verdict::Higher);
        assert_eq!(verdict(0.5, 0.99), Verdict::Lower);
        assert_eq!(verdict(0.97, 1.02), Verdict::Same);
        assert_eq!(verdict(0.8, 1.02), Verdict::Noisy);
        let range = |low, high| Ratio { mean: 1.0, interval: Some((low, high)) }.range().expect("a range");
        assert_eq!(
            (range(0.5, 1.0), range(1e-9, 1e9)),
            ("0.500 to 1.000".into(), "almost 0 to more than 100".into())
        );
        assert_eq!(Ratio::of(&[(2.0, 1.0)]), Some(Ratio { mean: 2.0, interval: None }));
        assert_eq!(Ratio::of(&[(0.0, 1.0)]), None);
        let same = Ratio::of(&[(1.0, 2.0); 3]).and_then(|ratio| ratio.interval).expect("an interval");
        assert!((same.0 - 0.5).abs() < 1e-12 && (same.1 - 0.5).abs() < 1e-12);
    }

    #[test]
    fn medians_and_percentiles() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0]), Some(2.5));
        assert_eq!(median([]), None);
        let numbers: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((percentile(&numbers, 50.0), percentile(&numbers, 99.0)), (Some(50.0), Some(99.0)));
        assert_eq!((percentile(&[7.0], 99.0), percentile(&[], 50.0)), (Some(7.0), None));
    }
}
