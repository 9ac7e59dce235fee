//! What threads that share a drawable do when they meet: send what they have drawn, open what has arrived.

use std::cell::Cell;
use std::sync::Arc;

use super::seats::{self, Seat, place};
use super::sharing::{self, Base, Parcel, UNTOUCHED, this_thread};
use super::surface_of;
use crate::gl::api::{self, gl};
use crate::gl::features::Features;
use crate::gl::selection::Half;
use crate::gl::state::{BlitGuard, PackGuard, Source};
use crate::render::pairs::here;
use crate::render::pairs::surface::Pair;
use crate::render::{Failure, Moment};
use crate::runtime::Runtime;

/// What this thread draws to, the drawable's own pbuffers, and the swaps of it that were noted.
fn seat() -> Option<(Drawn, Arc<Pair>, u64)> {
    let drawn = here::with(here::Here::drawn)??;
    let (own, swaps) = seats::with(|seats| {
        let seat = seats.iter().find(|seat| Arc::ptr_eq(&seat.pair, &drawn.pair))?;
        Some((seat.own.clone(), seat.swaps))
    })??;
    Some((drawn, own, swaps))
}

/// Whether this thread is to make a frame of what it has drawn, since another thread has swapped the drawable without
/// having it. What is flushed is kept for such swaps, so that the other thread can make them itself.
pub fn is_asked_to_swap(moment: Moment) -> bool {
    if !sharing::may_be_swapped_from_outside() || matches!(moment, Moment::Swapped | Moment::Leave) {
        return false;
    }
    // Threads that load textures flush often and draw nothing.
    let drew = DREW.replace(moment == Moment::Draw);
    let expected = moment == Moment::Swap || (moment == Moment::Flush && drew);
    if !expected && !sharing::ever_outside() {
        return false;
    }
    let Some((drawn, own, _)) = seat() else { return false };
    match moment {
        Moment::Swap => own.sharing.swaps_itself(),
        Moment::Flush if drawn.half == Half::Back && own.sharing.keeps_flushed(this_thread()) => {
            if let Err(failure) = keep_flushed(&own, &drawn) {
                log::debug!("what was flushed is not kept for other threads: {failure}");
            }
        }
        _ => {}
    }
    own.sharing.take_asked(this_thread())
}

thread_local! {
    /// Whether a drawing has probably begun since the last flush.
    static DREW: Cell<bool> = const { Cell::new(false) };
}

/// Keeps what this thread has drawn for threads that swap without having the drawable.
fn keep_flushed(own: &Arc<Pair>, drawn: &Drawn) -> Result<(), Failure> {
    let pair = &drawn.pair;
    let fits =
        |old: &Arc<Pair>| Arc::strong_count(old) == 1 && (old.width, old.height) == (pair.width, pair.height);
    let carrier = match own.sharing.take_flushed().filter(fits) {
        Some(unused) => unused,
        None => Arc::new(pair.alike()?),
    };
    copy_to(&carrier, drawn)?;
    own.sharing.keep_flushed(carrier);
    Ok(())
}

/// What a thread does at this moment; gives whether the front buffer got something from another thread.
pub fn at(moment: Moment) -> bool {
    if !sharing::ever() {
        return false;
    }
    let Some((drawn, own, swaps)) = seat() else { return false };
    let shows = own.sharing.shows(this_thread());
    let late = swaps != own.sharing.swaps();
    match moment {
        Moment::Swapped => {
            own.sharing.swapped();
            note_swaps(&own);
            false
        }
        Moment::Swap => {
            own.sharing.show(this_thread());
            note_swaps(&own);
            let drawn = move_in(&own, drawn);
            open(&own, &drawn)
        }
        Moment::Leave if shows => {
            if !Arc::ptr_eq(&own, &drawn.pair) {
                bequeath(&own, &drawn);
            }
            false
        }
        Moment::Leave => {
            send(&own, &drawn);
            false
        }
        Moment::Draw | Moment::Flush => {
            let renewed = late && !shows;
            if moment == Moment::Flush || renewed {
                send(&own, &drawn);
            }
            if renewed {
                refill(&own, &drawn.pair);
            }
            open(&own, &drawn)
        }
    }
}

/// The thread that shows the frames gets the drawable's own pbuffers, once nobody else has them.
fn move_in(own: &Arc<Pair>, drawn: Drawn) -> Drawn {
    if Arc::ptr_eq(own, &drawn.pair) || !own.sharing.is_free() {
        return drawn;
    }
    bequeath(own, &drawn);
    own.sharing.leave(this_thread());
    own.sharing.enter(this_thread());
    own.sharing.show(this_thread());
    if here::reseat(&drawn.pair, own).is_ok() {
        with_seat(own, |seat| seat.pair = own.clone());
        return Drawn { pair: own.clone(), ..drawn };
    }
    drawn
}

/// What this thread draws to.
pub struct Drawn {
    /// The pbuffers.
    pub pair: Arc<Pair>,
    /// The selected half of them.
    pub half: Half,
    /// What the context can do.
    pub features: Features,
}

impl Drawn {
    fn buffer(&self) -> u32 {
        match self.half {
            Half::Back => api::BACK_LEFT,
            Half::Front => api::FRONT_LEFT,
            Half::BackRight => api::BACK_RIGHT,
            Half::FrontRight => api::FRONT_RIGHT,
        }
    }
}

fn with_seat<T>(own: &Arc<Pair>, action: impl FnOnce(&mut Seat) -> T) -> Option<T> {
    seats::with(|seats| seats.iter_mut().find(|seat| Arc::ptr_eq(&seat.own, own)).map(action)).flatten()
}

fn note_swaps(own: &Arc<Pair>) {
    with_seat(own, |seat| seat.swaps = own.sharing.swaps());
}

/// The pixels of a buffer of what is bound, RGBA, bottom row first.
fn read(features: &Features, buffer: u32, width: u16, height: u16) -> Vec<u8> {
    let mut pixels = vec![0; usize::from(width) * usize::from(height) * 4];
    let _guard = PackGuard::new(features, Source::Default(buffer), false, false);
    gl!(glReadPixels(
        0,
        0,
        width.into(),
        height.into(),
        api::RGBA,
        api::UNSIGNED_BYTE,
        pixels.as_mut_ptr().cast()
    ));
    pixels
}

/// Sends what this thread has drawn since it last did.
fn send(own: &Arc<Pair>, drawn: &Drawn) {
    if !own.sharing.is_awaited(this_thread()) {
        return;
    }
    let Some(picture) = picture(drawn) else { return };
    let (width, height) = (drawn.pair.width, drawn.pair.height);
    let rectangles = with_seat(own, |seat| match &seat.base[place(drawn.half)] {
        Some(base) => sharing::drawn(base, &picture, width.into()),
        None if own.sharing.shows(this_thread()) => vec![[0, 0, width.into(), height.into()]],
        // What this thread drew cannot be told from what others did: from now on it can.
        None => Vec::new(),
    });
    let rectangles = rectangles.unwrap_or_default();
    if !rectangles.is_empty() {
        match pack(drawn, rectangles) {
            Ok(parcel) => own.sharing.send(this_thread(), &parcel),
            Err(failure) => log::warn!("other threads do not see what this one drew: {failure}"),
        }
    }
    with_seat(own, |seat| seat.base[place(drawn.half)] = Some(Base::Picture(picture)));
}

/// What this thread's pbuffers hold.
fn picture(drawn: &Drawn) -> Option<Vec<u8>> {
    let Drawn { pair, features, .. } = drawn;
    let read = || read(features, drawn.buffer(), pair.width, pair.height);
    here::rebinding((pair, pair), read).ok()
}

/// Leaves all that this thread's pbuffers hold to the others.
fn bequeath(own: &Arc<Pair>, drawn: &Drawn) {
    match pack(drawn, Vec::new()) {
        Ok(parcel) => own.sharing.bequeath(this_thread(), &parcel),
        Err(failure) => log::warn!("what this thread drew is lost to others: {failure}"),
    }
}

/// Copies a whole picture to pbuffers that no thread has current; `rectangles` say what of it counts.
fn pack(drawn: &Drawn, rectangles: Vec<[i32; 4]>) -> Result<Parcel, Failure> {
    let carrier = Arc::new(drawn.pair.alike()?);
    copy_to(&carrier, drawn)?;
    Ok(Parcel { carrier, rectangles, buffer: drawn.buffer() })
}

/// Copies what this thread's pbuffers hold to others, which no thread has current.
fn copy_to(carrier: &Arc<Pair>, drawn: &Drawn) -> Result<(), Failure> {
    let Drawn { pair, features, .. } = drawn;
    let buffers = api::COLOR_BUFFER_BIT | pair.config.depth_or_stencil;
    let whole = [0, 0, pair.width.into(), pair.height.into()];
    here::rebinding((carrier, pair), || {
        if let Some(guard) = BlitGuard::new(features) {
            guard.copy_rectangles(drawn.buffer(), api::BACK_LEFT, &[whole], buffers);
        }
        // Another context reads it next.
        gl!(real glFinish());
    })
}

/// Opens the parcels that have arrived. What they bring is not this thread's own drawing.
fn open(own: &Arc<Pair>, drawn: &Drawn) -> bool {
    let parcels = own.sharing.take(this_thread());
    for parcel in &parcels {
        let buffers = api::COLOR_BUFFER_BIT | drawn.pair.config.depth_or_stencil;
        let done = here::rebinding((&drawn.pair, &parcel.carrier), || {
            if let Some(guard) = BlitGuard::new(&drawn.features) {
                guard.copy_rectangles(api::BACK_LEFT, parcel.buffer, &parcel.rectangles, buffers);
            }
        });
        if let Err(failure) = done {
            log::debug!("a parcel cannot be opened: {failure}");
        }
    }
    if !parcels.is_empty() {
        let base = match own.sharing.shows(this_thread()) {
            true => None,
            false => picture(drawn).map(Base::Picture),
        };
        with_seat(own, |seat| seat.base[place(drawn.half)] = base);
    }
    parcels.iter().any(|parcel| matches!(parcel.buffer, api::FRONT_LEFT | api::FRONT_RIGHT))
}

/// After a swap the back buffer is nobody's promise: what is drawn from now on is told from what was.
fn refill(own: &Arc<Pair>, pair: &Arc<Pair>) {
    let base = fill(pair);
    with_seat(own, |seat| {
        seat.base[place(Half::Back)] = base;
        seat.swaps = own.sharing.swaps();
    });
}

/// Fills the back half with a colour that nobody draws with; None where the worker could not.
pub fn fill(pair: &Arc<Pair>) -> Option<Base> {
    let surface = surface_of(pair)?;
    let backend = Runtime::existing()?.backend?;
    let [red, green, blue, alpha] = UNTOUCHED.map(|value| f32::from(value) / 255.0);
    let corner = backend.worker().run(&surface, move || {
        gl!(glDisable(api::DITHER));
        gl!(glClearColor(red, green, blue, alpha));
        gl!(glClear(api::COLOR_BUFFER_BIT | api::DEPTH_BUFFER_BIT | api::STENCIL_BUFFER_BIT));
        let corner = read(&Features::of_current(), api::BACK, 1, 1);
        gl!(real glFinish());
        corner
    })?;
    corner.try_into().ok().map(Base::Filled)
}
