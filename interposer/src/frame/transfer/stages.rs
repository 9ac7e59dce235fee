//! What each stage of a transfer takes, told in the log: which one is the bottleneck.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Transfers from one message to the next.
const EACH: u64 = 1000;

/// The stages, in their order.
#[derive(Clone, Copy, Debug)]
pub enum Stage {
    /// In the program's thread.
    Issue,
    /// Until the GPU is done with what was drawn and with the transfer.
    Gpu,
    /// Into shared memory or onto the screen.
    Fetch,
}

/// Times since the last message.
#[derive(Debug, Default)]
pub struct Stages {
    /// In ns.
    spent: [AtomicU64; 3],
    counts: [AtomicU64; 3],
}

impl Stages {
    /// Notes what a stage took.
    pub fn note(&self, stage: Stage, took: Duration) {
        let index = stage as usize;
        self.spent[index].fetch_add(took.as_nanos() as u64, Relaxed);
        let count = self.counts[index].fetch_add(1, Relaxed) + 1;
        if matches!(stage, Stage::Issue) && count >= EACH {
            let mean = |index: usize| {
                let count = self.counts[index].swap(0, Relaxed).max(1);
                self.spent[index].swap(0, Relaxed) as f64 / count as f64 / 1e6
            };
            log::debug!(
                "frames took {:.3} ms to issue, {:.3} ms until the GPU was done, {:.3} ms to fetch",
                mean(0),
                mean(1),
                mean(2)
            );
        }
    }
}
