//! Frame records: what happened to each frame of a program, and when.
//!
//! Rates say how many frames there were; to tell where their time went, the library notes the [`Moment`]s of each frame. It
//! does so in a ring in a file that the launcher made and both have mapped: a note is a clock read and a store, nothing is
//! flushed or sent, and what was noted is there however the program ends. The launcher reads along ([`Reader`]), or
//! afterwards, if the ring has room for the whole run.
//!
//! The file is a [table](crate::table) of records of 128 bytes. A frame takes the next ticket, from 1 on; its record is entry
//! `(ticket - 1) % capacity`, and stays until the ring comes round. Whoever notes something checks the ticket first, and
//! whoever reads checks it before and after. Times are CLOCK_MONOTONIC in nanoseconds, 0 for what did not happen.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

use crate::counters::now;
use crate::table::{Atomics, Format, Table};

const FORMAT: Format = Format {
    magic: *b"glxrunFR",
    version: 1,
    most: 1 << 20,
    name: "file of frame records",
    entries: "frames",
};

/// Frames that a file has room for unless a longer past is needed: some seconds of a quick program.
pub const USUAL: usize = 4096;

/// What can happen to a frame, in the usual order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Moment {
    /// The program called its swap function, or flushed the front buffer.
    Entered,
    /// There was memory for the frame; with `--spoil off` the program may have waited for it.
    Slot,
    /// The pixels have been read back and the frame was handed to the thread that posts.
    Read,
    /// The swap returned to the program.
    Left,
    /// The posting thread turned to the frame.
    Taken,
    /// All was done to the pixels, and the X server has been told of them.
    Sent,
    /// The X server has put the frame on the window. In direct mode: the driver's swap returned.
    Done,
    /// The frame will never be on the window.
    Dropped,
}

/// How many moments there are.
const MOMENTS: usize = 8;

#[repr(C, align(128))]
#[derive(Debug)]
struct Line {
    ticket: AtomicU64,
    pid: AtomicU64,
    window: AtomicU64,
    number: AtomicU64,
    times: [AtomicU64; MOMENTS],
}

// SAFETY: atomics only, repr(C), aligned to 128 bytes.
unsafe impl Atomics for Line {}

/// What the header's own numbers are.
#[derive(Clone, Copy)]
#[repr(usize)]
enum Own {
    /// The newest ticket.
    Newest,
    /// When the program was started.
    Started,
    /// The frame that is held, and the one up to which frames have been let go.
    Held,
    Released,
}

/// The file, mapped.
#[derive(Clone, Debug)]
pub struct RecordFile(Arc<Table<Line>>);

impl RecordFile {
    /// Makes the file with room for `capacity` frames (at least 1, at most 2^20), readable and writable by its owner only. It
    /// must not exist yet.
    pub fn create(path: &Path, capacity: usize) -> io::Result<RecordFile> {
        let capacity = capacity.clamp(1, FORMAT.most);
        Ok(RecordFile(Arc::new(Table::create(path, &FORMAT, capacity)?)))
    }

    /// Opens a file that [`RecordFile::create`] made. An error of kind `InvalidData` says what is wrong with one that is
    /// damaged, short or of another version.
    pub fn open(path: &Path) -> io::Result<RecordFile> {
        let table = Table::open(path, &FORMAT)?;
        if table.entries().is_empty() {
            let what = "a file of frame records without room for a frame";
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(RecordFile(Arc::new(table)))
    }

    fn own(&self, which: Own) -> &AtomicU64 {
        &self.0.header().own[which as usize]
    }

    fn line(&self, ticket: u64) -> &Line {
        let lines = self.0.entries();
        &lines[(ticket.wrapping_sub(1) % lines.len() as u64) as usize]
    }

    /// Notes that the program is being started now.
    pub fn start(&self) {
        self.own(Own::Started).store(now(), Release);
    }

    /// When the program was started; 0 if that was not noted.
    pub fn started(&self) -> u64 {
        self.own(Own::Started).load(Acquire)
    }

    /// Begins the record of a frame.
    pub(crate) fn begin(&self, pid: &AtomicU64, window: &AtomicU64, number: u64, entered: u64) -> Record {
        let ticket = self.own(Own::Newest).fetch_add(1, Relaxed).wrapping_add(1);
        let line = self.line(ticket);
        line.ticket.store(0, Relaxed);
        line.times.iter().for_each(|time| time.store(0, Release));
        line.pid.store(pid.load(Relaxed), Relaxed);
        line.window.store(window.load(Relaxed), Relaxed);
        line.number.store(number, Relaxed);
        line.times[Moment::Entered as usize].store(entered, Relaxed);
        // Release: who sees the ticket sees the rest.
        line.ticket.store(ticket, Release);
        Record(Some((self.clone(), ticket)))
    }

    /// Waits while frame `number` is held, until [`RecordFile::release`] lets it go or `limit` has passed.
    pub fn hold(&self, number: u64, limit: Duration) {
        let end = now().saturating_add(limit.as_nanos() as u64);
        self.own(Own::Held).store(number, Release);
        while self.own(Own::Released).load(Acquire) < number && now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The frame that was held last; 0 before the first.
    pub fn held(&self) -> u64 {
        self.own(Own::Held).load(Acquire)
    }

    /// Lets frames up to `number` go.
    pub fn release(&self, number: u64) {
        self.own(Own::Released).store(number, Release);
    }
}

/// The record of one frame, to be added to from whatever thread. Without a file it does nothing.
#[derive(Clone, Debug, Default)]
pub struct Record(Option<(RecordFile, u64)>);

impl Record {
    /// Notes that `moment` is now, unless it was before.
    pub fn note(&self, moment: Moment) {
        if self.0.is_some() {
            self.note_at(moment, now());
        }
    }

    /// The same for a moment that was at `time` ([`now`]).
    pub fn note_at(&self, moment: Moment, time: u64) {
        let Some((file, ticket)) = &self.0 else { return };
        let line = file.line(*ticket);
        if line.ticket.load(Acquire) == *ticket {
            let _ = line.times[moment as usize].compare_exchange(0, time, Release, Relaxed);
        }
    }
}

/// What was noted of one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Process that the frame came from.
    pub pid: u64,
    /// XID of its window.
    pub window: u64,
    /// Which of the window's frames it is, from 1.
    pub number: u64,
    /// By [`Moment`]; 0 for what did not happen.
    pub times: [u64; MOMENTS],
}

impl Frame {
    /// When `moment` was, in nanoseconds; None if it was not.
    pub fn at(&self, moment: Moment) -> Option<u64> {
        Some(self.times[moment as usize]).filter(|time| *time != 0)
    }

    /// Whether nothing will be noted any more.
    fn is_settled(&self) -> bool {
        let over = self.at(Moment::Done).or(self.at(Moment::Dropped));
        over.is_some() && self.at(Moment::Left).is_some()
    }
}

/// Reads along, each frame once, in the order of their tickets.
#[derive(Debug)]
pub struct Reader {
    file: RecordFile,
    /// The ticket to read next.
    next: u64,
    /// Frames that the ring had overwritten before they were read.
    pub lost: u64,
}

impl Reader {
    /// Begins with the oldest frame that is there.
    pub fn new(file: RecordFile) -> Reader {
        Reader { file, next: 1, lost: 0 }
    }

    /// The frames that are over and have not been given yet; with `all` also those that are not over. So is a frame that has
    /// half a ring of newer ones behind it: it may never be over.
    pub fn read(&mut self, all: bool) -> Vec<Frame> {
        // A damaged file may hold any number.
        let newest = self.file.own(Own::Newest).load(Acquire).min(u64::MAX - 1);
        let capacity = self.file.0.entries().len() as u64;
        let oldest = newest.saturating_sub(capacity) + 1;
        let patience = capacity / 2;
        if self.next < oldest {
            self.lost += oldest - self.next;
            self.next = oldest;
        }
        let mut frames = Vec::new();
        while self.next <= newest {
            match self.frame(self.next) {
                Some(frame) if all || frame.is_settled() || newest - self.next >= patience => {
                    frames.push(frame)
                }
                // Begun, but not written yet or not over.
                None if newest - self.next >= patience => self.lost += 1,
                None if all => {}
                _ => break,
            }
            self.next += 1;
        }
        frames
    }

    /// A consistent copy; None if the record is another frame's or incomplete.
    fn frame(&self, ticket: u64) -> Option<Frame> {
        let line = self.file.line(ticket);
        if line.ticket.load(Acquire) != ticket {
            return None;
        }
        let frame = Frame {
            pid: line.pid.load(Relaxed),
            window: line.window.load(Relaxed),
            number: line.number.load(Relaxed),
            times: std::array::from_fn(|moment| line.times[moment].load(Acquire)),
        };
        (line.ticket.load(Acquire) == ticket).then_some(frame)
    }
}

#[cfg(test)]
mod tests;
