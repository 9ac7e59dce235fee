//! Memory for a frame whose turn has not come yet.
//!
//! A [`Slot`] is a frame that has begun, of which there may only be so many with spoil off. A renderer that is told to begin
//! a frame before it may be shown, such as a queue of presented images, is lent the memory first, and has the frame begun
//! when it is due.

use std::fmt;
use std::sync::Arc;

use glxrun_contract::records::Record;

use crate::memory::Buffer;
use crate::remote::{Registration, Rows};
use crate::shared::{PENDING, Shared};
use crate::slot::Slot;
use crate::state::Frame;

/// Memory for one frame of a window; from [`Window::lend`](crate::Window::lend). Dropped, it is free again.
pub struct Loan {
    window: Arc<Shared>,
    /// None once it is a slot's.
    buffer: Option<Arc<Buffer>>,
    /// The same buffer, for its mapping's sake.
    held: Arc<Buffer>,
    width: u16,
    height: u16,
}

impl Loan {
    pub(crate) fn new(window: Arc<Shared>, buffer: Arc<Buffer>, width: u16, height: u16) -> Loan {
        Loan { window, held: buffer.clone(), buffer: Some(buffer), width, height }
    }

    /// The frame's rows, the top one first, with whatever was in there.
    pub fn rows(&self) -> Rows<'_> {
        let (stride, mapping) = (self.window.layout.stride(self.width), self.held.mapping());
        // SAFETY: a buffer that is lent is in no slot and no frame's, and was made or chosen for rows like these.
        unsafe { Rows::new(mapping, mapping.start, stride, stride, self.height.into()) }
    }

    /// The address and the length in bytes of the whole mapping that the rows lie in, which stays as it is while the
    /// window uses it.
    pub fn mapping(&self) -> (*mut u8, usize) {
        let mapping = self.held.mapping();
        (mapping.start.as_ptr(), mapping.length)
    }

    /// Has `registration` dropped before the mapping is unmapped.
    pub fn attach(&self, registration: Registration) {
        self.held.attach_registration(registration);
    }

    /// Begins the frame. With spoil off it waits as [`Window::acquire`](crate::Window::acquire) does. None if the window is
    /// gone or the connection is lost.
    pub fn begin(mut self) -> Option<Slot> {
        let buffer = self.buffer.take()?;
        self.window.begin_lent(buffer, self.width, self.height)
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.window.put_back(buffer);
        }
    }
}

impl Shared {
    /// See [`Window::lend`](crate::Window::lend).
    pub fn lend(self: &Arc<Self>, width: u16, height: u16) -> Option<Loan> {
        let length = self.layout.stride(width) * usize::from(height);
        if length == 0 || !self.link.is_alive() {
            return None;
        }
        let mut unfit = Vec::new();
        let free = {
            let mut state = self.state.lock();
            if state.over {
                return None;
            }
            state.take_free(length, &mut unfit)
        };
        drop(unfit);
        let buffer = self.buffer(free, length).inspect_err(|error| {
            log::warn!("no memory for a frame of {width}x{height} pixels: {error}");
        });
        Some(Loan::new(self.clone(), buffer.ok()?, width, height))
    }

    /// A frame begins whose memory was lent.
    fn begin_lent(self: &Arc<Self>, buffer: Arc<Buffer>, width: u16, height: u16) -> Option<Slot> {
        let (number, _) = self.begin(PENDING, false)?;
        let frame = Frame { number, buffer, width, height, sent: 0, record: Record::default() };
        Some(Slot::new(self.clone(), frame))
    }

    /// Memory that was lent comes back unused.
    fn put_back(&self, buffer: Arc<Buffer>) {
        if !self.link.is_abandoned() {
            self.state.lock().put_back(buffer);
        }
    }
}

impl fmt::Debug for Loan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loan({:?}, {}x{})", self.window, self.width, self.height)
    }
}
