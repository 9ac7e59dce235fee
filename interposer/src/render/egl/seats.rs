//! This thread's seats at drawables: the drawable's own pbuffers, or a stand-in while another thread has them.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::sharing::{Base, this_thread};
use crate::gl::selection::Half;
use crate::render::pairs::here;
use crate::render::pairs::surface::Pair;
use crate::render::{Failure, worker};

/// A drawable that this thread has current, or had until a moment ago.
pub struct Seat {
    /// The drawable's own pbuffers.
    pub own: Arc<Pair>,
    /// Those that this thread draws to.
    pub pair: Arc<Pair>,
    /// What each half held before this thread drew; None where that is not known.
    pub base: [Option<Base>; 4],
    /// Swaps that have been taken note of.
    pub swaps: u64,
}

/// Where the base of a half is kept.
pub fn place(half: Half) -> usize {
    match half {
        Half::Back => 0,
        Half::Front => 1,
        Half::BackRight => 2,
        Half::FrontRight => 3,
    }
}

thread_local! {
    // Without a destructor, as `here`'s, whose end leaves the seats.
    static SEATS: ManuallyDrop<RefCell<Vec<Seat>>> = const { ManuallyDrop::new(RefCell::new(Vec::new())) };
}

/// Does something with this thread's seats; None while something else does.
pub fn with<T>(action: impl FnOnce(&mut Vec<Seat>) -> T) -> Option<T> {
    SEATS.with(|seats| seats.try_borrow_mut().ok().map(|mut seats| action(&mut seats)))
}

/// The pbuffers to bind for a drawable of which this thread may have a seat.
pub fn seated(own: &Arc<Pair>) -> Arc<Pair> {
    let found =
        with(|seats| seats.iter().find(|seat| Arc::ptr_eq(&seat.own, own)).map(|seat| seat.pair.clone()));
    found.flatten().unwrap_or_else(|| own.clone())
}

/// Whether what this thread draws to is one of these drawables, or nothing.
pub fn draws_to_one_of(kept: &[Arc<Pair>]) -> bool {
    let Some(Some(drawn)) = here::with(|here| here.draw_pair()) else { return true };
    kept.iter().any(|own| Arc::ptr_eq(&seated(own), &drawn))
}

/// Takes a seat at a drawable; gives the pbuffers to bind. `stand_in` makes others, with what they read back as.
pub fn take(
    own: &Arc<Pair>,
    stand_in: impl FnOnce(&Pair) -> Result<(Arc<Pair>, Option<Base>), Failure>,
) -> Result<Arc<Pair>, Failure> {
    /// BadAccess.
    const ACCESS: Failure = Failure::X(10);
    let known =
        with(|seats| seats.iter().find(|seat| Arc::ptr_eq(&seat.own, own)).map(|seat| seat.pair.clone()));
    if let Some(pair) = known.flatten() {
        return Ok(pair);
    }
    if worker::is_here() && own.sharing.is_lent() {
        return Ok(own.clone());
    }
    if worker::is_here() && !own.sharing.is_free() {
        // A stand-in without the program's pixels is of no use to it.
        return Err(ACCESS);
    }
    let owns = own.sharing.enter(this_thread());
    let (pair, base) = match owns {
        true => (own.clone(), [const { None }; 4]),
        false => {
            let (pair, base) = stand_in(own)?;
            (pair, [base, None, None, None])
        }
    };
    let seat = Seat { own: own.clone(), pair: pair.clone(), base, swaps: own.sharing.swaps() };
    with(|seats| seats.push(seat));
    Ok(pair)
}

/// Leaves all drawables but those.
pub fn keep(kept: &[Arc<Pair>]) {
    let left = with(|seats| {
        let (stay, left) = std::mem::take(seats)
            .into_iter()
            .partition(|seat| kept.iter().any(|kept| Arc::ptr_eq(kept, &seat.own)));
        *seats = stay;
        left
    });
    let left: Vec<Seat> = left.unwrap_or_default();
    for seat in left {
        seat.own.sharing.leave(this_thread());
    }
}

/// In a forked child: forgets the seats without touching what is the parent's.
pub fn forget() {
    with(|seats| std::mem::forget(std::mem::take(seats)));
}
