//! Where each frame of a window is; see [`crate::window`].

use std::collections::VecDeque;
use std::sync::Arc;

use glxrun_contract::records::{Moment, Record};
use glxrun_contract::settings::Spoil;

use crate::framebuffer::Place;
use crate::memory::{Buffer, fits};
use crate::remote::Remote;
use crate::screen::Layout;
use crate::tracking::Tracking;

/// Buffers that a window keeps when nothing is going on.
const KEPT: usize = 4;
/// Frames replaced in a row from which on whoever should have sent one of them is taken to be starved.
const STARVED: u32 = 8;
/// Remote frames in flight with spoil off, so that the server finds the next one when it is done with the first.
const SEVERAL: usize = 2;

/// A frame in memory of ours.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Its place in the order in which the program made the window's frames.
    pub number: u64,
    pub buffer: Arc<Buffer>,
    pub width: u16,
    pub height: u16,
    pub record: Record,
    /// Rows that have been sent before it was posted.
    pub sent: u16,
}

impl Frame {
    /// The pixels of a posted frame, finished: rows of `layout`'s stride.
    ///
    /// # Safety
    /// No slot has the buffer: the frame is queued, in flight, or the newest one while the window's state is locked.
    pub unsafe fn pixels(&self, layout: &Layout) -> &[u8] {
        // SAFETY: the caller's contract.
        unsafe { self.upper(self.height, layout) }
    }

    /// As [`pixels`](Self::pixels), of the first rows only.
    ///
    /// # Safety
    /// No slot writes to these rows.
    pub unsafe fn upper(&self, rows: u16, layout: &Layout) -> &[u8] {
        let stride = layout.stride(self.width);
        let length = stride * usize::from(rows);
        // SAFETY: only slots write, says the caller, and finishing is done once it returns.
        unsafe {
            self.buffer.finish(length, stride);
            self.buffer.bytes(length)
        }
    }
}

/// A frame whose pixels have still to be fetched.
#[derive(Clone)]
pub(crate) struct Away {
    /// As a [`Frame`]'s.
    pub number: u64,
    pub pixels: Arc<dyn Remote>,
    pub width: u16,
    pub height: u16,
    pub record: Record,
}

/// A frame that the program has written to the screen itself; the server has still to be told.
#[derive(Clone)]
pub(crate) struct Written {
    /// As a [`Frame`]'s.
    pub number: u64,
    pub place: Place,
    pub record: Record,
}

/// A frame whose upper rows can be sent while the others are still being made.
struct Growing {
    frame: Frame,
    ready: u16,
}

/// Rows of a growing frame.
#[derive(Clone)]
pub(crate) struct Band {
    pub frame: Frame,
    pub top: u16,
    pub bottom: u16,
}

/// What the poster is to send.
pub(crate) enum Next {
    Frame(Posted),
    Band(Band),
}

/// A frame that was posted.
#[derive(Clone)]
pub(crate) enum Posted {
    Here(Frame),
    Away(Away),
    Written(Written),
}

impl Posted {
    pub fn number(&self) -> u64 {
        match self {
            Posted::Here(frame) => frame.number,
            Posted::Away(frame) => frame.number,
            Posted::Written(frame) => frame.number,
        }
    }

    /// Where what becomes of it is noted.
    pub fn record(&self) -> &Record {
        match self {
            Posted::Here(frame) => &frame.record,
            Posted::Away(frame) => &frame.record,
            Posted::Written(frame) => &frame.record,
        }
    }

    fn is_in(&self, buffer: &Arc<Buffer>) -> bool {
        matches!(self, Posted::Here(frame) if Arc::ptr_eq(&frame.buffer, buffer))
    }
}

/// A frame that is being sent.
struct Flight {
    frame: Posted,
    /// It has been sent before.
    repeats: bool,
}

/// A frame that is being made.
struct Made {
    number: u64,
    /// Its pixels are made elsewhere, and posted without the program's doing.
    away: bool,
    /// It is written straight to the screen.
    on_screen: bool,
}

/// What became of a frame that was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It waits for its turn.
    Queued,
    /// It is queued, and a frame that waited is dropped.
    Replaces,
    /// It is dropped.
    Dropped,
}

#[derive(Default)]
pub(crate) struct State {
    free: Vec<Arc<Buffer>>,
    numbers: u64,
    /// Frames that are being made: slots and reservations that are out.
    made: Vec<Made>,
    queued: VecDeque<Posted>,
    growing: Option<Growing>,
    flights: VecDeque<Flight>,
    newest: Option<Posted>,
    pub tracking: Tracking,
    /// The newest frame has to be sent again.
    pub again: bool,
    /// Whether the window is written to on the screen, where a frame must not meet an earlier one that the server has.
    pub on_screen: bool,
    /// Frames that were replaced since one was taken.
    pub overtaken: u32,
    /// Whether the poster has been told of a queued frame and has not yet looked.
    announced: bool,
    /// No frame will be delivered any more.
    pub over: bool,
}

impl State {
    /// Frames that are not yet delivered.
    pub fn pending(&self) -> usize {
        self.made.len() + self.queued.len() + self.flights.len()
    }

    /// Whether frame after frame was replaced, and none was taken.
    pub fn is_starved(&self) -> bool {
        self.overtaken >= STARVED && !self.over
    }

    /// Whether no frame waits or is being sent, but for those that were begun after `number`.
    pub fn is_idle(&self, number: u64) -> bool {
        let made = self.made.iter().any(|made| made.away && made.number <= number);
        !made && self.queued.is_empty() && self.flights.is_empty()
    }

    /// The number of the frame that was begun last.
    pub fn last(&self) -> u64 {
        self.numbers
    }

    pub fn newest(&self) -> Option<&Posted> {
        self.newest.as_ref()
    }

    /// The program begins a frame; gives its number.
    pub fn begin(&mut self, away: bool) -> u64 {
        self.numbers += 1;
        self.made.push(Made { number: self.numbers, away, on_screen: false });
        self.numbers
    }

    /// Whether a frame that was begun may be written to the screen now: none that goes another way is to come after it.
    pub fn may_write(&mut self, number: u64) -> bool {
        let written = |frame: &Posted| matches!(frame, Posted::Written(_));
        let flights = self.flights.iter().map(|flight| &flight.frame);
        let alone = self.made.iter().all(|made| made.on_screen || made.number == number);
        let may = alone && self.queued.iter().chain(flights).all(written);
        if let Some(made) = self.made.iter_mut().find(|made| made.number == number) {
            made.on_screen = may;
        }
        may
    }

    /// Where the newest frame was written to the screen, if it was.
    pub fn written(&self) -> Option<Place> {
        match self.newest {
            Some(Posted::Written(Written { place, .. })) => Some(place),
            _ => None,
        }
    }

    /// A frame that was begun is posted or given up. Gives how many of its rows have been sent.
    pub fn end(&mut self, number: u64) -> u16 {
        self.made.retain(|made| made.number != number);
        let growing = self.growing.take_if(|growing| growing.frame.number == number);
        growing.map_or(0, |growing| growing.frame.sent)
    }

    /// The upper `ready` rows of a frame that is being made are done. One frame at a time grows.
    pub fn grow(&mut self, frame: &Frame, ready: u16) {
        if self.over {
            return;
        }
        let growing = self.growing.get_or_insert_with(|| Growing { frame: frame.clone(), ready });
        if growing.frame.number == frame.number {
            growing.ready = ready;
        }
    }

    /// The rows to send now of a frame that is being made: all earlier ones are shown.
    fn band(&self) -> Option<Band> {
        let Growing { frame, ready } = self.growing.as_ref()?;
        let first = self.made.iter().all(|made| made.number >= frame.number);
        let alone = first && self.queued.is_empty() && self.flights.is_empty() && !self.over;
        (alone && *ready > frame.sent).then(|| Band { frame: frame.clone(), top: frame.sent, bottom: *ready })
    }

    /// A frame is posted.
    pub fn post(&mut self, frame: Posted, spoil: Spoil) -> Fate {
        frame.record().note(Moment::Read);
        if self.over {
            frame.record().note(Moment::Dropped);
            return Fate::Dropped;
        }
        let number = frame.number();
        let mut fate = Fate::Queued;
        let is_newest = self.newest.as_ref().is_none_or(|newest| newest.number() < number);
        if spoil == Spoil::On {
            if !is_newest {
                // Made at the same time as a newer one, and done later.
                frame.record().note(Moment::Dropped);
                self.release(frame);
                return Fate::Dropped;
            }
            if let Some(replaced) = self.queued.pop_back() {
                self.newest = None;
                replaced.record().note(Moment::Dropped);
                self.release(replaced);
                self.overtaken += 1;
                fate = Fate::Replaces;
            }
        }
        if is_newest {
            self.newest = Some(frame.clone());
        }
        let place = self.queued.partition_point(|queued| queued.number() < number);
        self.queued.insert(place, frame);
        fate
    }

    /// Whether the buffer must keep its content: it has the newest frame, the one that is shown, or one that is sent.
    fn is_kept(&self, buffer: &Arc<Buffer>) -> bool {
        let is_shown = |frame: &Frame| Arc::ptr_eq(&frame.buffer, buffer);
        self.newest.as_ref().is_some_and(|newest| newest.is_in(buffer))
            || self.tracking.shown().is_some_and(is_shown)
            || self.flights.iter().any(|flight| flight.frame.is_in(buffer))
    }

    /// A free buffer for `length` bytes. Free ones of the wrong size go to `unfit`.
    pub fn take_free(&mut self, length: usize, unfit: &mut Vec<Arc<Buffer>>) -> Option<Arc<Buffer>> {
        // The last freed first: it is the one most likely in a cache.
        for index in (0..self.free.len()).rev() {
            if self.is_kept(&self.free[index]) {
                continue;
            }
            let buffer = self.free.remove(index);
            if fits(buffer.length(), length) {
                return Some(buffer);
            }
            unfit.push(buffer);
        }
        None
    }

    /// A frame is no longer needed, unless it is kept.
    pub fn release(&mut self, frame: Posted) {
        if let Posted::Here(Frame { buffer, .. }) = frame {
            self.put_back(buffer);
        }
    }

    /// A buffer is no longer needed, unless it is kept.
    pub fn put_back(&mut self, buffer: Arc<Buffer>) {
        if self.over {
            return;
        }
        self.free.push(buffer);
        if self.free.len() > KEPT
            && let Some(index) = (0..self.free.len()).find(|&index| !self.is_kept(&self.free[index]))
        {
            self.free.remove(index);
        }
    }

    /// Whether a frame may be sent now: none that was begun before it is still being made, and the server is not to
    /// have an earlier one.
    fn is_due(&self, spoil: Spoil) -> bool {
        let most = match self.queued.front() {
            None if !self.again => return false,
            Some(Posted::Away(_)) if spoil == Spoil::Off && !self.on_screen => SEVERAL,
            _ => 1,
        };
        let overtakes =
            |frame: &Posted| spoil == Spoil::Off && self.made.iter().any(|made| made.number < frame.number());
        !self.over && self.flights.len() < most && !self.queued.front().is_some_and(overtakes)
    }

    /// Whether the poster must be told that there is a frame to send.
    pub fn announce(&mut self, spoil: Spoil) -> bool {
        let due = !self.announced && (self.is_due(spoil) || self.band().is_some());
        self.announced |= due;
        due
    }

    /// The frame to send now, which is in flight from here on.
    pub fn next(&mut self, spoil: Spoil) -> Option<Next> {
        self.announced = false;
        if !self.is_due(spoil) {
            let band = self.band()?;
            if let Some(growing) = &mut self.growing {
                growing.frame.sent = band.bottom;
            }
            return Some(Next::Band(band));
        }
        let queued = self.queued.pop_front();
        self.overtaken = 0;
        // With nothing queued, the newest is the one that was sent last.
        let repeats = queued.is_none();
        self.again = false;
        let mut frame = queued.or_else(|| self.newest.clone())?;
        if let (true, Posted::Here(frame)) = (repeats, &mut frame) {
            frame.sent = 0;
        }
        frame.record().note(Moment::Taken);
        self.flights.push_back(Flight { frame: frame.clone(), repeats });
        Some(Next::Frame(frame))
    }

    /// Whether a frame in flight has been sent before.
    pub fn is_repeated(&self, number: u64) -> bool {
        self.flights.iter().any(|flight| flight.repeats && flight.frame.number() == number)
    }

    /// The sending of a frame is over; it was `delivered` or not. True if it had not been sent before.
    pub fn land(&mut self, number: u64, delivered: bool) -> bool {
        let index = self.flights.iter().position(|flight| flight.frame.number() == number);
        let Some(Flight { frame, repeats }) = index.and_then(|index| self.flights.remove(index)) else {
            return false;
        };
        if !repeats {
            frame.record().note(if delivered { Moment::Done } else { Moment::Dropped });
            self.release(frame);
        }
        !repeats
    }

    /// Remote frames that wait, are being sent or may have to be sent again.
    pub fn away(&self) -> Vec<Away> {
        let all =
            self.queued.iter().chain(self.flights.iter().map(|flight| &flight.frame)).chain(&self.newest);
        let mut away: Vec<Away> = Vec::new();
        for frame in all {
            if let Posted::Away(frame) = frame
                && !away.iter().any(|known| known.number == frame.number)
            {
                away.push(frame.clone());
            }
        }
        away
    }

    /// A frame that was away is here now; false if it is needed no more.
    pub fn arrive(&mut self, frame: &Frame) -> bool {
        let all = self
            .queued
            .iter_mut()
            .chain(self.flights.iter_mut().map(|flight| &mut flight.frame))
            .chain(&mut self.newest);
        let mut needed = false;
        for known in all.filter(|known| known.number() == frame.number) {
            needed = true;
            if let Posted::Away(_) = known {
                *known = Posted::Here(frame.clone());
            }
        }
        needed
    }

    /// What a frame in flight is by now.
    pub fn in_flight(&self, number: u64) -> Option<Posted> {
        self.flights.iter().map(|flight| &flight.frame).find(|frame| frame.number() == number).cloned()
    }

    /// Takes all away; gives how many frames are lost.
    pub fn empty(&mut self) -> (usize, State) {
        let flights = self.flights.iter().filter(|flight| !flight.repeats).map(|flight| &flight.frame);
        let lost =
            self.queued.iter().chain(flights).inspect(|frame| frame.record().note(Moment::Dropped)).count();
        let (made, numbers) = (std::mem::take(&mut self.made), self.numbers);
        let old = std::mem::replace(self, State { made, numbers, over: true, ..State::default() });
        (lost, old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::Rows;

    struct Nothing;

    impl Remote for Nothing {
        fn fetch(&self, _: &Rows) -> bool {
            false
        }
    }

    fn post(state: &mut State, spoil: Spoil) -> Fate {
        let number = state.begin(true);
        let _ = state.end(number);
        let pixels = Arc::new(Nothing);
        state.post(
            Posted::Away(Away { number, pixels, width: 1, height: 1, record: Record::default() }),
            spoil,
        )
    }

    #[test]
    fn who_is_overtaken_by_frame_after_frame_is_starved_until_one_is_taken() {
        let mut state = State::default();
        assert_eq!(post(&mut state, Spoil::On), Fate::Queued);
        for replaced in 0..STARVED {
            assert!(!state.is_starved(), "after {replaced}");
            assert_eq!(post(&mut state, Spoil::On), Fate::Replaces);
        }
        assert!(state.is_starved());
        assert!(matches!(state.next(Spoil::On), Some(Next::Frame(frame)) if frame.number() == state.last()));
        assert!(!state.is_starved());
        assert_eq!(post(&mut state, Spoil::On), Fate::Queued);
    }
}
