//! `--stats`: frame rates while the program runs, a summary at its end.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use glxrun_contract::counters::{self, CounterFile, WindowCounters};
use glxrun_contract::settings::Settings;

use crate::say;
use crate::task::{Ended, Watcher};

/// Prints, every few seconds, a line for each window that had frames.
pub struct Stats {
    watcher: Watcher,
    counters: CounterFile,
}

impl Stats {
    /// Starts if the settings ask for it.
    pub fn start(settings: &Settings, counters: &CounterFile) -> Option<Stats> {
        let interval = Duration::from_secs_f64(settings.stats?);
        let shared = counters.clone();
        let watcher = Watcher::start(move |ended| watch(&shared, interval, &ended))?;
        Some(Stats { watcher, counters: counters.clone() })
    }

    /// Prints the summary.
    pub fn finish(self) {
        self.watcher.finish();
        let several = has_several_processes(&self.counters);
        let mut lines = self.counters.entries().filter_map(|entry| summary(entry, several)).peekable();
        if lines.peek().is_none() {
            say!("no frames were rendered");
        }
        lines.for_each(|line| say!("{line}"));
    }
}

/// Frames of a window up to some moment.
#[derive(Clone, Copy, Default, PartialEq)]
struct Frames {
    rendered: u64,
    delivered: u64,
    dropped: u64,
}

impl Frames {
    fn of(entry: &WindowCounters) -> Frames {
        Frames {
            rendered: get(&entry.rendered),
            delivered: get(&entry.delivered),
            dropped: get(&entry.dropped),
        }
    }
}

fn watch(file: &CounterFile, interval: Duration, ended: &Ended) {
    let mut before: HashMap<usize, Frames> = HashMap::new();
    let mut since = Instant::now();
    while !ended.within(interval) {
        let seconds = since.elapsed().as_secs_f64();
        since = Instant::now();
        let several = has_several_processes(file);
        for (index, entry) in file.entries().enumerate() {
            let now = Frames::of(entry);
            let before = before.insert(index, now).unwrap_or_default();
            if now != before {
                // A window that appeared meanwhile had less time.
                let age = counters::now().saturating_sub(get(&entry.first_rendered)) as f64 / 1e9;
                say!("{}: {}", name(entry, several), rates(before, now, seconds.min(age.max(0.001))));
            }
        }
    }
}

fn rates(before: Frames, now: Frames, seconds: f64) -> String {
    format!(
        "rendered {:.1} fps, delivered {:.1} fps, dropped {}",
        now.rendered.saturating_sub(before.rendered) as f64 / seconds,
        now.delivered.saturating_sub(before.delivered) as f64 / seconds,
        now.dropped.saturating_sub(before.dropped)
    )
}

/// A window's whole run; None if it had no frame.
fn summary(entry: &WindowCounters, several: bool) -> Option<String> {
    let Frames { rendered, delivered, dropped } = Frames::of(entry);
    if rendered == 0 && delivered == 0 {
        return None;
    }
    let mut line = format!(
        "{}: rendered {rendered} frames, delivered {delivered}, dropped {dropped}",
        name(entry, several)
    );
    let (first, last) =
        (get(&entry.first_rendered), get(&entry.last_rendered).max(get(&entry.last_delivered)));
    if let (Some(rendered), Some(delivered)) = (
        rate(rendered, first, get(&entry.last_rendered)),
        rate(delivered, get(&entry.first_delivered), get(&entry.last_delivered)),
    ) {
        let seconds = last.saturating_sub(first) as f64 / 1e9;
        let _ = write!(line, " in {seconds:.1} s ({rendered:.0} fps rendered, {delivered:.0} delivered)");
    }
    Some(line)
}

/// Frames per second between the first and the last of `frames`, at these times in nanoseconds.
fn rate(frames: u64, first: u64, last: u64) -> Option<f64> {
    let span = last.checked_sub(first).filter(|span| *span > 0 && first > 0)?;
    Some(frames.saturating_sub(1) as f64 * 1e9 / span as f64)
}

/// The window, and its process where windows of several are counted.
fn name(entry: &WindowCounters, several: bool) -> String {
    let window = get(&entry.window);
    if several { format!("{window:#x} of process {}", get(&entry.pid)) } else { format!("{window:#x}") }
}

fn has_several_processes(counters: &CounterFile) -> bool {
    let mut pids = counters.entries().map(|entry| get(&entry.pid));
    let first = pids.next();
    pids.any(|pid| Some(pid) != first)
}

fn get(count: &AtomicU64) -> u64 {
    count.load(Ordering::Acquire)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_summary_tells_counts_and_rates() {
        let entry = WindowCounters::default();
        let set = |count: &AtomicU64, value| count.store(value, Ordering::Relaxed);
        assert_eq!(summary(&entry, false), None);
        set(&entry.window, 0x400002);
        set(&entry.pid, 77);
        set(&entry.rendered, 1);
        assert_eq!(
            summary(&entry, true).as_deref(),
            Some("0x400002 of process 77: rendered 1 frames, delivered 0, dropped 0")
        );
        set(&entry.rendered, 2468);
        set(&entry.delivered, 2460);
        set(&entry.dropped, 8);
        set(&entry.first_rendered, 1_000_000_000);
        set(&entry.last_rendered, 3_099_000_000);
        set(&entry.first_delivered, 1_001_000_000);
        set(&entry.last_delivered, 3_101_000_000);
        assert_eq!(
            summary(&entry, false).as_deref(),
            Some(
                "0x400002: rendered 2468 frames, delivered 2460, dropped 8 in 2.1 s \
                 (1175 fps rendered, 1171 delivered)"
            )
        );
    }

    proptest! {
        /// A program that writes where it should not may leave any numbers.
        #[test]
        fn wild_counts_make_words(numbers in any::<[u64; 9]>(), counts in any::<[u64; 6]>()) {
            let entry = WindowCounters::default();
            let places = [
                &entry.pid,
                &entry.window,
                &entry.rendered,
                &entry.delivered,
                &entry.dropped,
                &entry.first_rendered,
                &entry.last_rendered,
                &entry.first_delivered,
                &entry.last_delivered,
            ];
            places.iter().zip(numbers).for_each(|(place, number)| place.store(number, Ordering::Relaxed));
            prop_assert!(summary(&entry, true).is_some_and(|line| line.contains("rendered")));
            let [a, b, c, d, e, f] = counts;
            let (before, now) =
                (Frames { rendered: a, delivered: b, dropped: c }, Frames { rendered: d, delivered: e, dropped: f });
            prop_assert!(!rates(before, now, 1.0).contains('-'));
        }
    }

    #[test]
    fn rates_are_of_the_time_since_the_last_line() {
        let before = Frames { rendered: 100, delivered: 90, dropped: 10 };
        let now = Frames { rendered: 350, delivered: 330, dropped: 20 };
        assert_eq!(rates(before, now, 2.5), "rendered 100.0 fps, delivered 96.0 fps, dropped 10");
    }
}
