//! A frame that is written straight to a window's place on the server's screen.

use std::fmt;
use std::sync::Arc;

use glxrun_contract::records::{Moment, Record};

use crate::remote::Rows;
use crate::screen::Layout;
use crate::shared::Shared;
use crate::state::{Posted, Written};

/// The place of a window, to write one frame to; from [`Window::acquire_on_screen`](crate::Window::acquire_on_screen). Dropped
/// without being posted, it counts for nothing.
pub struct OnScreen {
    window: Arc<Shared>,
    /// None once posted.
    frame: Option<Written>,
}

impl OnScreen {
    pub(crate) fn new(window: Arc<Shared>, frame: Written) -> OnScreen {
        OnScreen { window, frame: Some(frame) }
    }

    /// As [`Slot::set_record`](crate::Slot::set_record).
    pub fn set_record(&mut self, record: Record) {
        record.note(Moment::Slot);
        if let Some(frame) = &mut self.frame {
            frame.record = record;
        }
    }

    /// How a pixel lies in memory.
    pub fn layout(&self) -> Layout {
        self.window.layout
    }

    /// The rows to write. They can be seen at once, before the server and its clients are told.
    pub fn rows(&mut self) -> Option<Rows<'_>> {
        let place = self.frame.as_ref()?.place;
        self.window.link.framebuffer.get()?.rows(place)
    }

    /// The frame is written.
    pub fn post(mut self) {
        if let Some(frame) = self.frame.take() {
            self.window.post(Posted::Written(frame));
        }
    }
}

impl Drop for OnScreen {
    fn drop(&mut self) {
        if let Some(frame) = self.frame.take() {
            frame.record.note(Moment::Dropped);
            self.window.unreserve(frame.number);
        }
    }
}

impl fmt::Debug for OnScreen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OnScreen({:?})", self.window)
    }
}
