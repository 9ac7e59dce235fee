//! Which frame a swap is about: what notes the beginning and the end of swaps in the frames' records.
//!
//! A swap function says [`Swap::enter`] first; the frame that is made in its course, if any, is [`begin`]'s.

use std::cell::{Cell, RefCell};

use glxrun_contract::counters::{Entry, now};
use glxrun_contract::records::{Moment, Record};
use glxrun_contract::settings::Records;
use glxrun_display::Window;

use super::ending;
use crate::runtime::settings;

thread_local! {
    /// When this thread entered the swap that it is in; 0 outside of swaps.
    static ENTERED: Cell<u64> = const { Cell::new(0) };
    /// The frame of that swap.
    static FRAME: RefCell<Option<Record>> = const { RefCell::new(None) };
}

/// A call of a swap function, from its creation to its end.
pub struct Swap {
    is_recorded: bool,
}

impl Swap {
    /// The swap begins.
    #[inline]
    pub fn enter() -> Swap {
        ending::hold();
        let is_recorded = is_recorded();
        if is_recorded {
            ENTERED.set(now());
        }
        Swap { is_recorded }
    }
}

impl Drop for Swap {
    #[inline]
    fn drop(&mut self) {
        if self.is_recorded {
            ENTERED.set(0);
            // A program may swap in a destructor of a thread-local, when ours is gone.
            if let Ok(Some(record)) = FRAME.try_with(RefCell::take) {
                record.note(Moment::Left);
            }
        }
    }
}

/// Whether the launcher has named a file.
fn is_recorded() -> bool {
    matches!(settings().records, Records::File(_))
}

/// Begins the record of a window's frame `number`.
pub fn begin(window: &Window, number: u64) -> Record {
    begun(|entered| window.record(number, entered))
}

/// The same for a frame that the driver has put on its window, in direct mode.
pub fn begin_watched(entry: &Entry, number: u64) -> Record {
    begun(|entered| entry.record(number, entered))
}

fn begun(begin: impl FnOnce(u64) -> Record) -> Record {
    if !is_recorded() {
        return Record::default();
    }
    let entered = ENTERED.get();
    if entered == 0 {
        // A flush of the front buffer: the program goes on at once.
        let record = begin(now());
        record.note(Moment::Left);
        return record;
    }
    let record = begin(entered);
    let _ = FRAME.try_with(|frame| frame.replace(Some(record.clone())));
    record
}
