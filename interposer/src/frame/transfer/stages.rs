//! What each stage of a transfer takes, told in the log: which one is the bottleneck.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Transfers from one message to the next.
const EACH: u64 = 500;

/// The stages, in their order.
#[derive(Clone, Copy, Debug)]
pub enum Stage {
    /// Waiting until there is room for a frame, in the program's thread.
    Room,
    /// Having the GPU read into a buffer, in the program's thread.
    Read,
    /// Having it turn the rows round, in the program's thread.
    Turn,
    /// A fence, and sending all that to the GPU, in the program's thread.
    Flush,
    /// All from `Read` to the thread's being told of it, in the program's thread.
    Issue,
    /// Until the GPU is done with what was drawn and with the transfer.
    Gpu,
    /// Into shared memory or onto the screen.
    Fetch,
}

const ALL: [(Stage, &str); 7] = [
    (Stage::Room, "waiting for room"),
    (Stage::Read, "reading"),
    (Stage::Turn, "turning"),
    (Stage::Flush, "flushing"),
    (Stage::Issue, "all of issuing"),
    (Stage::Gpu, "waiting for the GPU"),
    (Stage::Fetch, "fetching"),
];

/// Times since the last message.
#[derive(Debug, Default)]
pub struct Stages {
    /// In ns.
    spent: [AtomicU64; ALL.len()],
    counts: [AtomicU64; ALL.len()],
}

impl Stages {
    /// Notes what a stage took.
    pub fn note(&self, stage: Stage, took: Duration) {
        let index = stage as usize;
        self.spent[index].fetch_add(took.as_nanos() as u64, Relaxed);
        let count = self.counts[index].fetch_add(1, Relaxed) + 1;
        if matches!(stage, Stage::Issue) && count >= EACH {
            self.tell();
        }
    }

    /// Tells the mean of each stage, and begins anew.
    fn tell(&self) {
        let mut text = String::new();
        for (stage, name) in ALL {
            let count = self.counts[stage as usize].swap(0, Relaxed).max(1);
            let mean = self.spent[stage as usize].swap(0, Relaxed) as f64 / count as f64 / 1e6;
            // Writing to a string cannot fail.
            let _ = write!(text, ", {name} {mean:.3}");
        }
        log::debug!("ms a frame{text}");
    }
}
