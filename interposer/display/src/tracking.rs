//! What a window shows by now, so that of the next frame only what differs need be sent (`--damage auto`).
//!
//! That holds while nobody but us draws into the window. A DAMAGE object tells of others: it is emptied right after each
//! of our frames, so what fills it outside of our own requests is theirs. Exposures and changes of size count as well.
//! After any of these the next frame goes as a whole; if the news came too late, the last frame is sent once more.

use crate::changes::{self, Changes, Shape};
use crate::screen::Layout;
use crate::window::Frame;

/// Frames that go untracked after one that changed wholly: doubled each time, up to this.
const LONGEST_PAUSE: u32 = 64;

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
    /// The sequence number of the request that made it. It starts full, and the server tells so.
    pub since: u64,
    /// Sequence numbers, first and last, of the requests that sent the last two frames, the newest last.
    sent: [(u64, u64); 2],
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
    pub fn sent(&mut self, first: u64, last: u64) -> bool {
        self.sent = [self.sent[1], (first, last)];
        self.partial && self.stale
    }

    /// The window's content has changed while the server was at our request `sequence`, by others unless that is
    /// one of those that send frames. True if the last frame must be sent again: it went in parts, and afterwards.
    pub fn drawn_into(&mut self, sequence: u64) -> bool {
        let ours = self.sent.iter().any(|(first, last)| (*first..=*last).contains(&sequence));
        if ours || sequence <= self.since || self.shown.is_none() {
            return false;
        }
        self.stale = true;
        self.partial && sequence < self.sent[1].0
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
