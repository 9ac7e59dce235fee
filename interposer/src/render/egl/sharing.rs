//! One drawable in several threads: who has its pbuffers, and how pixels of the others get there.
//!
//! GLX lets any number of threads have a drawable current; EGL answers EGL_BAD_ACCESS. So the first thread has the
//! drawable's own pbuffers and every other thread a stand-in of the same size. What one has drawn reaches the others in
//! [`Parcel`]s: sent when it flushes, finishes or leaves, opened when the receiver next clears, sets a viewport, reads,
//! flushes or swaps. So threads that synchronise as OpenGL asks them to see each other's pixels.
//!
//! A parcel counts only where its sender has drawn, told by comparison with what was there before: a colour that
//! nobody draws with at first, later what was sent last. One thread is the *shower*, the one that swaps (at first the
//! one with the drawable's own pbuffers): all that is drawn must reach it; others get the next parcel only once they
//! have opened the last, so that a thread that sleeps costs nothing.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use crate::render::pairs::surface::Pair;

/// A thread, by a number of our own.
pub type Thread = u64;

/// This thread's number.
pub fn this_thread() -> Thread {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! { static MINE: Cell<Thread> = const { Cell::new(0) } }
    MINE.with(|mine| {
        if mine.get() == 0 {
            mine.set(NEXT.fetch_add(1, Relaxed));
        }
        mine.get()
    })
}

/// Whether any drawable ever was in two threads at once; before, nobody need look for parcels.
static EVER: AtomicBool = AtomicBool::new(false);

/// Whether any drawable ever was in two threads at once.
#[inline]
pub fn ever() -> bool {
    EVER.load(Relaxed)
}

/// The thread that used the 3D side first; 0 before.
static FIRST: AtomicU64 = AtomicU64::new(0);

/// Called by the thread that uses the 3D side first.
pub fn note_first_thread() {
    FIRST.store(this_thread(), Relaxed);
}

/// Whether threads without a drawable may swap it, so that what is flushed must be kept for them: another thread has
/// used the 3D side before, or has swapped so already.
#[inline]
pub fn may_be_swapped_from_outside() -> bool {
    OUTSIDE.load(Relaxed) || FIRST.load(Relaxed) != this_thread()
}

/// Whether any drawable ever was swapped by a thread that did not have it, while another had.
static OUTSIDE: AtomicBool = AtomicBool::new(false);

/// Whether any drawable ever was swapped by a thread that did not have it, while another had.
#[inline]
pub fn ever_outside() -> bool {
    OUTSIDE.load(Relaxed)
}

/// What a thread that swaps a drawable without having it finds.
pub enum Outside {
    /// Its pbuffers, which no thread has.
    Free,
    /// What the thread that has it flushed last.
    Flushed(Arc<Pair>),
    /// Nothing; that thread has been asked to make the frame.
    Asked,
}

/// Pixels on their way to another thread.
#[derive(Clone)]
pub struct Parcel {
    /// Pbuffers that no thread has current; the back one holds a whole picture.
    pub carrier: Arc<Pair>,
    /// What of it counts, as left, bottom, right and top.
    pub rectangles: Vec<[i32; 4]>,
    /// The buffer that it is for: GL_FRONT_LEFT, GL_BACK_LEFT or with stereo one of the right eye's.
    pub buffer: u32,
}

impl Parcel {
    fn whole(&self) -> Self {
        let rectangles = vec![[0, 0, self.carrier.width.into(), self.carrier.height.into()]];
        Self { rectangles, ..self.clone() }
    }
}

/// Parcels that wait for the shower at most.
const PARCELS: usize = 16;

/// A thread that has the drawable current.
struct Participant {
    thread: Thread,
    parcels: Vec<Parcel>,
    /// It has missed some of what the shower drew.
    behind: bool,
}

#[derive(Default)]
struct State {
    owner: Option<Thread>,
    lent: bool,
    shower: Option<Thread>,
    participants: Vec<Participant>,
    /// What the last one left behind, where that is not in the drawable's own pbuffers.
    left: Option<Parcel>,
    swaps: u64,
    /// The thread that shows the frames has swapped by itself.
    swaps_itself: bool,
    /// A thread without the drawable has swapped it.
    swapped_outside: bool,
    /// What the thread that shows the frames flushed last, for those that swap without having the drawable.
    flushed: Option<Arc<Pair>>,
    /// How often it has flushed what might be swapped so.
    flushes: u32,
    /// It is to make the frame of another thread's swap.
    asked: bool,
}

/// The state that the threads of one drawable share.
#[derive(Default)]
pub struct Sharing(Mutex<State>);

impl Sharing {
    /// A thread makes the drawable current: whether it gets the drawable's own pbuffers.
    pub fn enter(&self, thread: Thread) -> bool {
        let mut state = self.0.lock();
        let owner = *state.owner.get_or_insert(thread);
        state.shower.get_or_insert(thread);
        if owner != thread {
            EVER.store(true, Relaxed);
        }
        if !state.participants.iter().any(|other| other.thread == thread) {
            let parcels = state.left.take().into_iter().collect();
            state.participants.push(Participant { thread, parcels, behind: true });
        }
        owner == thread
    }

    /// A thread lets go of the drawable. If it showed the frames, the owner does so from now on, or whoever comes next.
    pub fn leave(&self, thread: Thread) {
        let mut state = self.0.lock();
        state.participants.retain(|other| other.thread != thread);
        if state.owner == Some(thread) {
            state.owner = None;
            state.flushed = None;
        }
        if state.shower == Some(thread) {
            state.shower = state.owner.or_else(|| state.participants.first().map(|other| other.thread));
        }
    }

    /// Whether no thread has the drawable's own pbuffers.
    pub fn is_free(&self) -> bool {
        self.0.lock().owner.is_none()
    }

    /// The owner lets the worker have the pbuffers for a while, or takes them back.
    pub fn lend(&self, lent: bool) {
        self.0.lock().lent = lent;
    }

    /// Whether the owner has lent the pbuffers.
    pub fn is_lent(&self) -> bool {
        self.0.lock().lent
    }

    /// Whether this thread shows the frames.
    pub fn shows(&self, thread: Thread) -> bool {
        self.0.lock().shower == Some(thread)
    }

    /// This thread swaps: it shows the frames from now on.
    pub fn show(&self, thread: Thread) {
        self.0.lock().shower = Some(thread);
    }

    /// This thread swaps what it has itself.
    pub fn swaps_itself(&self) {
        let mut state = self.0.lock();
        state.swaps_itself = true;
        state.asked = false;
    }

    /// A thread that does not have the drawable swaps it.
    pub fn swap_from_outside(&self, thread: Thread) -> Outside {
        let mut state = self.0.lock();
        if state.lent || state.owner.is_none_or(|owner| owner == thread) {
            return Outside::Free;
        }
        OUTSIDE.store(true, Relaxed);
        state.swapped_outside = true;
        match &state.flushed {
            Some(flushed) => Outside::Flushed(flushed.clone()),
            None => {
                state.asked = true;
                Outside::Asked
            }
        }
    }

    /// Whether what `thread` flushes is to be kept for others to swap: it is that which is shown, and either they have
    /// swapped before, or nobody has and they might. A thread that flushes again and again without any swap draws for
    /// itself.
    pub fn keeps_flushed(&self, thread: Thread) -> bool {
        const WITHOUT_A_SWAP: u32 = 50;
        let mut state = self.0.lock();
        state.flushes = state.flushes.saturating_add(1);
        let expected = !state.swaps_itself && state.flushes <= WITHOUT_A_SWAP;
        state.shower == Some(thread) && (state.swapped_outside || expected)
    }

    /// What was kept, to be written anew.
    pub fn take_flushed(&self) -> Option<Arc<Pair>> {
        self.0.lock().flushed.take()
    }

    /// Keeps what the thread that shows the frames has flushed.
    pub fn keep_flushed(&self, copy: Arc<Pair>) {
        self.0.lock().flushed = Some(copy);
    }

    /// Whether `thread` is to make the frame of another thread's swap. Asked once.
    pub fn take_asked(&self, thread: Thread) -> bool {
        let mut state = self.0.lock();
        state.shower == Some(thread) && std::mem::take(&mut state.asked)
    }

    /// Counts a swap, after which what the back buffer holds is nobody's promise.
    pub fn swapped(&self) {
        self.0.lock().swaps += 1;
    }

    /// How many swaps there were.
    pub fn swaps(&self) -> u64 {
        self.0.lock().swaps
    }

    /// Whether any other thread would take a parcel of this one now.
    pub fn is_awaited(&self, thread: Thread) -> bool {
        let mut state = self.0.lock();
        let (shower, shows) = (state.shower, state.shower == Some(thread));
        let mut awaited = false;
        for other in state.participants.iter_mut().filter(|other| other.thread != thread) {
            let takes = other.parcels.is_empty() || shower == Some(other.thread);
            awaited |= takes;
            other.behind |= shows && !takes;
        }
        awaited
    }

    /// Sends a parcel to the other threads.
    pub fn send(&self, thread: Thread, parcel: &Parcel) {
        let mut state = self.0.lock();
        let (shower, shows) = (state.shower, state.shower == Some(thread));
        for other in state.participants.iter_mut().filter(|other| other.thread != thread) {
            if !other.parcels.is_empty() && shower != Some(other.thread) {
                continue;
            }
            if other.parcels.len() >= PARCELS {
                other.parcels.remove(0);
            }
            let whole = shows && std::mem::take(&mut other.behind);
            other.parcels.push(if whole { parcel.whole() } else { parcel.clone() });
        }
    }

    /// Leaves a whole picture to whoever has the drawable, or has it next.
    pub fn bequeath(&self, thread: Thread, parcel: &Parcel) {
        let mut state = self.0.lock();
        let mut heirs = state.participants.iter_mut().filter(|other| other.thread != thread);
        match heirs.next() {
            Some(heir) => heir.parcels.push(parcel.whole()),
            None => state.left = Some(parcel.whole()),
        }
    }

    /// The parcels that have arrived for a thread, oldest first.
    pub fn take(&self, thread: Thread) -> Vec<Parcel> {
        let mut state = self.0.lock();
        let mine = state.participants.iter_mut().find(|other| other.thread == thread);
        mine.map(|mine| std::mem::take(&mut mine.parcels)).unwrap_or_default()
    }
}

/// The colour that stand-ins are filled with, which nobody draws with: red, green, blue and alpha.
pub const UNTOUCHED: [u8; 4] = [0x9b, 0x37, 0xc1, 0x5d];

/// What a stand-in held before this thread drew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// [`UNTOUCHED`] everywhere, as it reads back: the corner of an untouched picture, RGBA.
    Filled([u8; 4]),
    /// A picture, RGBA, bottom row first.
    Picture(Vec<u8>),
}

/// The parts of a picture (RGBA, `width` pixels a row, bottom row first) that differ from what was there, as
/// rectangles: left, bottom, right, top. Equal runs of neighbouring rows make one.
pub fn drawn(base: &Base, picture: &[u8], width: usize) -> Vec<[i32; 4]> {
    let mut done: Vec<[i32; 4]> = Vec::new();
    let mut open: Vec<[i32; 4]> = Vec::new();
    let stride = width * 4;
    for (y, row) in picture.chunks_exact(stride.max(1)).enumerate() {
        let before = match base {
            Base::Filled(_) => None,
            Base::Picture(picture) => picture.get(y * stride..(y + 1) * stride),
        };
        let runs = runs_of(row, |x| match (base, before) {
            (Base::Filled(colour), _) => colour[..] != row[x * 4..x * 4 + 4],
            (_, Some(before)) => before[x * 4..x * 4 + 4] != row[x * 4..x * 4 + 4],
            (_, None) => true,
        });
        let y = y as i32;
        let (mut kept, mut next) = (Vec::new(), Vec::new());
        for (left, right) in runs {
            match open.iter().position(|rectangle| rectangle[0] == left && rectangle[2] == right) {
                Some(place) => {
                    let mut rectangle = open.swap_remove(place);
                    rectangle[3] = y + 1;
                    kept.push(rectangle);
                }
                None => next.push([left, y, right, y + 1]),
            }
        }
        done.append(&mut open);
        open.append(&mut kept);
        open.append(&mut next);
    }
    done.append(&mut open);
    done
}

/// Runs of pixels of a row for which `differs` holds, as first and one past the last.
fn runs_of(row: &[u8], differs: impl Fn(usize) -> bool) -> Vec<(i32, i32)> {
    let mut runs = Vec::new();
    let mut start = None;
    let width = row.len() / 4;
    for x in 0..=width {
        let changed = x < width && differs(x);
        match (start, changed) {
            (None, true) => start = Some(x),
            (Some(first), false) => {
                runs.push((first as i32, x as i32));
                start = None;
            }
            _ => {}
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thread_owns_and_shows_until_another_swaps() {
        let sharing = Sharing::default();
        assert!(sharing.enter(1) && !sharing.enter(2) && sharing.enter(1));
        assert!(sharing.shows(1) && !sharing.shows(2));
        sharing.show(2);
        assert!(sharing.shows(2));
        sharing.leave(2);
        assert!(sharing.shows(1), "the owner shows again");
        sharing.leave(1);
        assert!(sharing.is_free() && sharing.enter(2) && sharing.shows(2));
    }

    #[test]
    fn a_swap_from_outside_finds_nothing_or_asks_the_owner() {
        let sharing = Sharing::default();
        assert!(matches!(sharing.swap_from_outside(2), Outside::Free));
        sharing.enter(1);
        assert!(sharing.keeps_flushed(1), "nobody has swapped yet");
        assert!(matches!(sharing.swap_from_outside(2), Outside::Asked));
        assert!(!sharing.take_asked(2) && sharing.take_asked(1) && !sharing.take_asked(1));
        sharing.swaps_itself();
        assert!(sharing.keeps_flushed(1), "others have swapped before");
        let alone = Sharing::default();
        alone.enter(1);
        alone.swaps_itself();
        assert!(!alone.keeps_flushed(1));
    }

    fn picture(rows: &[&str]) -> Vec<u8> {
        rows.iter().flat_map(|row| row.bytes()).flat_map(|byte| [byte; 4]).collect()
    }

    #[test]
    fn what_was_drawn_is_found_as_rectangles() {
        let base = Base::Filled([b'.'; 4]);
        assert_eq!(drawn(&base, &picture(&["....", "...."]), 4), [] as [[i32; 4]; 0]);
        assert_eq!(drawn(&base, &picture(&["xxxx", "xyzx"]), 4), [[0, 0, 4, 2]]);
        let mut found = drawn(&base, &picture(&["x..x", "x...", ".xx."]), 4);
        found.sort_unstable();
        assert_eq!(found, [[0, 0, 1, 2], [1, 2, 3, 3], [3, 0, 4, 1]]);
        let before = Base::Picture(picture(&["abcd"]));
        assert_eq!(drawn(&before, &picture(&["abXd"]), 4), [[2, 0, 3, 1]]);
    }
}
