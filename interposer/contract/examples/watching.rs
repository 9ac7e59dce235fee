//! What recording a frame costs: all notes of a frame, as a program's thread and the posting thread make them.
//!
//! `cargo run --release -p glxrun-contract --example watching`

use std::time::Instant;

use glxrun_contract::counters::{Entry, now};
use glxrun_contract::records::{Moment, RecordFile, USUAL};

const FRAMES: u32 = 1_000_000;

fn main() -> std::io::Result<()> {
    let path = std::env::temp_dir().join(format!("glxrun-watching-{}", std::process::id()));
    let file = RecordFile::create(&path, USUAL)?;
    std::fs::remove_file(&path)?;
    let entry = Entry::private(1).recorded_in(Some(file));
    let start = Instant::now();
    for number in 1..=u64::from(FRAMES) {
        let record = entry.record(number, now());
        for moment in [Moment::Slot, Moment::Read, Moment::Left, Moment::Taken, Moment::Sent, Moment::Done] {
            record.note(moment);
        }
    }
    println!("{} ns a frame", (start.elapsed() / FRAMES).as_nanos());
    Ok(())
}
