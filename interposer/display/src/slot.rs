//! Memory for one frame, lent to whoever renders.

use std::fmt;
use std::sync::Arc;

use glxrun_contract::records::{Moment, Record};

use crate::finish::Finish;
use crate::screen::Layout;
use crate::shared::Shared;
use crate::state::{Frame, Posted};

/// Memory for one frame of a window; from [`Window::acquire`](crate::Window::acquire). Dropped without being posted,
/// it is free again.
pub struct Slot {
    window: Arc<Shared>,
    /// None once posted.
    frame: Option<Frame>,
    width: u16,
    height: u16,
    finish: Finish,
    /// Rows may have been sent.
    grows: bool,
}

impl Slot {
    pub(crate) fn new(window: Arc<Shared>, frame: Frame) -> Slot {
        Slot {
            window,
            width: frame.width,
            height: frame.height,
            frame: Some(frame),
            finish: Finish::default(),
            grows: false,
        }
    }

    pub(crate) fn post(mut self) {
        if let Some(frame) = self.frame.take() {
            if !self.grows {
                self.note_unfinished(&frame);
            }
            self.window.post(Posted::Here(frame));
        }
    }

    fn note_unfinished(&self, frame: &Frame) {
        frame.buffer.set_unfinished(self.finish, self.window.gamma.clone());
    }

    /// What is still to be done to the pixels when the slot is posted; nothing unless this is called.
    pub fn finish_later(&mut self, finish: Finish) {
        self.finish = finish;
    }

    /// Has what becomes of the frame noted there, beginning with the slot's being there.
    pub fn set_record(&mut self, record: Record) {
        record.note(Moment::Slot);
        if let Some(frame) = &mut self.frame {
            frame.record = record;
        }
    }

    /// The upper `rows` rows can be shown before the rest is there, which an observer may see; [`finish_later`](Self::finish_later)
    /// has been called where need be, and does not flip. Of no effect where that gains nothing. The last rows come by
    /// [`Window::post`](crate::Window::post): not all can be shown before.
    pub fn show_upper(&mut self, rows: u16) {
        if let Some(frame) = self.frame.as_ref().filter(|frame| rows < frame.height && !self.finish.flip) {
            if !self.grows {
                self.note_unfinished(frame);
            }
            self.grows = true;
            self.window.grow(frame, rows);
        }
    }

    /// `count` rows from `top` on, as of [`pixels_mut`](Self::pixels_mut): those that are not shown yet.
    pub fn rows_mut(&mut self, top: u16, count: u16) -> &mut [u8] {
        let (stride, rows) = (self.stride(), count.min(self.height.saturating_sub(top)));
        match &self.frame {
            // SAFETY: as in `pixels_mut`; of rows that are shown the caller keeps off.
            Some(frame) => unsafe {
                frame.buffer.part_mut(stride * usize::from(top), stride * usize::from(rows))
            },
            None => &mut [],
        }
    }

    /// Width in pixels, as asked for.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Height in pixels, as asked for.
    pub fn height(&self) -> u16 {
        self.height
    }

    /// Bytes from one row to the next.
    pub fn stride(&self) -> usize {
        self.window.layout.stride(self.width)
    }

    /// How a pixel lies in memory.
    pub fn layout(&self) -> Layout {
        self.window.layout
    }

    /// `height` rows of `stride` bytes, the top one first. What is in there is whatever was.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        let length = self.stride() * usize::from(self.height);
        match &self.frame {
            // SAFETY: a buffer that a slot holds is in no other slot, and its window neither reads nor sends it.
            Some(frame) => unsafe { frame.buffer.bytes_mut(length) },
            None => &mut [],
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(frame) = self.frame.take() {
            self.window.give_back(frame);
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot({:?}, {}x{})", self.window, self.width, self.height)
    }
}
