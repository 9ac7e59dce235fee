//! What a window shows by now, so that of the next frame only what differs need be sent (`--damage auto`).
//!
//! That holds while nobody but us draws into the window. A DAMAGE object tells of all drawing, and at which request of ours
//! the server was: the first news at a request that sends a part of a frame, of a place within that part, is ours; all else
//! is others'. Exposures and changes of size count as well. After any of these the next frame goes as a whole; if the
//! news came too late, the last frame is sent once more.

use crate::changes::{self, Changes, Part, Shape};
use crate::screen::Layout;
use crate::state::Frame;

/// Frames that go untracked after one that changed wholly: doubled each time, up to this.
const LONGEST_PAUSE: u32 = 64;

/// A request that sends a part of a frame: its sequence number, and the part.
pub(crate) type Sent = (u64, Part);

/// A window's frames as they were sent.
#[derive(Debug, Default)]
pub(crate) struct Tracking {
    /// The last frame sent, while it is tracked.
    shown: Option<Frame>,
    /// Others have drawn over it.
    stale: bool,
    /// Frames that still go untracked, and how many the last time.
    pause: u32,
    paused: u32,
    /// The DAMAGE object.
    pub damage: Option<u32>,
    /// The sequence number of the request that made it. It starts with the whole window, and the server tells so.
    pub since: u64,
    /// The requests that sent the last two frames, the newest last, as far as no news of them has come.
    sent: [Vec<Sent>; 2],
    /// The first of those of the newest.
    first: u64,
    /// The last frame went in parts.
    partial: bool,
}

impl Tracking {
    /// The frame to compare the next one with; None if the next one goes as a whole.
    pub fn reference(&self, frame: &Frame) -> Option<Frame> {
        let same = |shown: &&Frame| (shown.width, shown.height) == (frame.width, frame.height);
        self.shown.as_ref().filter(same).filter(|_| !self.stale).cloned()
    }

    /// Decides how the next frame goes, given how it differs from the reference (None without one), and whether it
    /// is tracked from then on.
    pub fn decide(&mut self, frame: &Frame, changes: Option<Changes>) -> (Changes, bool) {
        // Others may have drawn while the frames were compared.
        let changes = changes.filter(|_| !self.stale);
        let (changes, tracked) = match changes {
            Some(Changes::Everything) => {
                self.paused = (self.paused * 2).clamp(1, LONGEST_PAUSE);
                self.pause = self.paused;
                (Changes::Everything, false)
            }
            Some(changes) => {
                self.paused = 0;
                (changes, true)
            }
            None if self.pause > 0 => {
                self.pause -= 1;
                (Changes::Everything, false)
            }
            None => (Changes::Everything, true),
        };
        self.shown = tracked.then(|| frame.clone());
        if changes == Changes::Everything {
            self.stale = false;
        }
        self.partial = matches!(changes, Changes::Parts(_));
        (changes, tracked)
    }

    /// Notes the requests that sent the frame. True if it must be sent again: it went in parts, and meanwhile others were
    /// found to have drawn before.
    pub fn sent(&mut self, requests: Vec<Sent>) -> bool {
        self.first = requests.first().map_or(self.first, |(sequence, _)| *sequence);
        self.sent.swap(0, 1);
        self.sent[1] = requests;
        self.partial && self.stale
    }

    /// The window's content has changed while the server was at our request `sequence`: in `place`, or nobody knows where.
    /// True if the last frame must be sent again: it went in parts, and after others had drawn.
    pub fn drawn_into(&mut self, sequence: u64, place: Option<Part>) -> bool {
        let ours =
            |(number, part): &Sent| *number == sequence && place.is_some_and(|place| part.contains(place));
        for requests in &mut self.sent {
            if let Some(index) = requests.iter().position(ours) {
                requests.swap_remove(index);
                return false;
            }
        }
        if sequence <= self.since || self.shown.is_none() {
            return false;
        }
        self.stale = true;
        self.partial && sequence < self.first
    }

    /// The frame that the window shows.
    pub fn shown(&self) -> Option<&Frame> {
        self.shown.as_ref()
    }
}

/// Compares a frame with the one that is shown.
///
/// # Safety
/// No slot has the buffer of either.
pub(crate) unsafe fn compare(shown: &Frame, frame: &Frame, layout: &Layout) -> Changes {
    let shape = Shape {
        width: frame.width,
        height: frame.height,
        stride: layout.stride(frame.width),
        bytes_per_pixel: usize::from(layout.bits_per_pixel / 8),
    };
    // SAFETY: the caller's contract.
    let (old, new) = unsafe { (shown.pixels(layout), frame.pixels(layout)) };
    changes::compare(old, new, shape)
}
