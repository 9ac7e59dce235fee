//! GLX_OML_sync_control and GLX_SGI_video_sync: refreshes of the clock that swap intervals count, and swaps.
//!
//! UST is CLOCK_MONOTONIC in microseconds, as with Mesa; MSC the number of a refresh (`glxrun_contract::clock`); SBC see
//! [`Swaps`](super::swaps::Swaps).

use std::ffi::{c_int, c_uint};
use std::sync::Arc;

use glxrun_contract::counters::now;
use x11_dl::xlib::Display;

use super::XID;
use super::current;
use super::display::AppDisplay;
use super::drawable::Drawable;
use super::error::{GlxError, minor};
use super::swap;
use crate::frame::pacing::{awaited, refreshes, sleep_until};
use crate::render::attributes as attr;

/// A drawable of the program's; the error is raised for what is none.
fn find(dpy: *mut Display, xid: XID) -> Option<(Arc<AppDisplay>, Arc<Drawable>)> {
    let display = AppDisplay::of(dpy)?;
    let drawable = Drawable::find(&display, xid);
    if drawable.is_none() {
        display.raise(GlxError::BadDrawable, xid, minor::GET_DRAWABLE_ATTRIBUTES);
    }
    Some((display, drawable?))
}

/// Writes the three counters where the program wants them: the time of the refresh `msc`, that, and `sbc`.
fn tell(msc: u64, sbc: u64, places: [*mut i64; 3]) {
    let ust = refreshes().time_of(msc) / 1000;
    for (value, place) in [ust, msc, sbc].into_iter().zip(places) {
        // SAFETY: the program passes places for the values (null is tolerated).
        if let Some(place) = unsafe { place.as_mut() } {
            *place = value as i64;
        }
    }
}

/// Waits for a refresh as OML_sync_control describes it; gives its number. None for numbers that it forbids.
fn wait(target: i64, divisor: i64, remainder: i64) -> Option<u64> {
    let [target, divisor, remainder] = [target, divisor, remainder].map(u64::try_from);
    let (target, divisor, remainder) = (target.ok()?, divisor.ok()?, remainder.ok()?);
    if divisor > 0 && remainder >= divisor {
        return None;
    }
    let clock = refreshes();
    let due = awaited(clock.tick_at(now()), target, divisor, remainder);
    sleep_until(clock.time_of(due));
    Some(clock.tick_at(now()))
}

/// glXGetSyncValuesOML.
pub unsafe fn values(dpy: *mut Display, xid: XID, ust: *mut i64, msc: *mut i64, sbc: *mut i64) -> c_int {
    let Some((_, drawable)) = find(dpy, xid) else { return 0 };
    tell(refreshes().tick_at(now()), drawable.swaps_done(), [ust, msc, sbc]);
    1
}

/// glXGetMscRateOML.
pub unsafe fn rate(dpy: *mut Display, xid: XID, numerator: *mut i32, denominator: *mut i32) -> c_int {
    if find(dpy, xid).is_none() {
        return 0;
    }
    let (above, below) = refreshes().rate();
    for (value, place) in [(above, numerator), (below, denominator)] {
        // SAFETY: the program passes places for the values (null is tolerated).
        if let Some(place) = unsafe { place.as_mut() } {
            *place = i32::try_from(value).unwrap_or(i32::MAX);
        }
    }
    1
}

/// glXSwapBuffersMscOML: the wait comes before the swap, in the program's thread. Gives the swap's number, or -1.
pub unsafe fn swap(dpy: *mut Display, xid: XID, target: i64, divisor: i64, remainder: i64) -> i64 {
    let Some((display, drawable)) = find(dpy, xid) else { return -1 };
    if wait(target, divisor, remainder).is_none() {
        return -1;
    }
    swap::swap_drawable(&display, xid);
    drawable.swaps.made() as i64
}

/// glXWaitForMscOML.
#[allow(clippy::too_many_arguments, reason = "GLX's own signature")]
pub unsafe fn wait_for_msc(
    dpy: *mut Display,
    xid: XID,
    target: i64,
    divisor: i64,
    remainder: i64,
    ust: *mut i64,
    msc: *mut i64,
    sbc: *mut i64,
) -> c_int {
    let Some((_, drawable)) = find(dpy, xid) else { return 0 };
    let Some(reached) = wait(target, divisor, remainder) else { return 0 };
    tell(reached, drawable.swaps_done(), [ust, msc, sbc]);
    1
}

/// glXWaitForSbcOML: for a target of 0, until all swaps so far are done.
pub unsafe fn wait_for_sbc(
    dpy: *mut Display,
    xid: XID,
    target: i64,
    ust: *mut i64,
    msc: *mut i64,
    sbc: *mut i64,
) -> c_int {
    let Some((_, drawable)) = find(dpy, xid) else { return 0 };
    let Ok(target) = u64::try_from(target) else { return 0 };
    let target = if target == 0 { drawable.swaps.made() } else { target };
    let Some(done) = drawable.wait_for_swap(target) else { return 0 };
    tell(refreshes().tick_at(now()), done, [ust, msc, sbc]);
    1
}

/// glXGetVideoSyncSGI.
pub unsafe fn get_video_sync(count: *mut c_uint) -> c_int {
    if current::get().is_none() {
        return attr::BAD_CONTEXT;
    }
    tell_count(refreshes().tick_at(now()), count)
}

/// glXWaitVideoSyncSGI.
pub unsafe fn wait_video_sync(divisor: c_int, remainder: c_int, count: *mut c_uint) -> c_int {
    if divisor <= 0 || remainder < 0 {
        return attr::BAD_VALUE;
    }
    if current::get().is_none() {
        return attr::BAD_CONTEXT;
    }
    let reached = wait(0, divisor.into(), (remainder % divisor).into());
    reached.map_or(attr::BAD_VALUE, |reached| tell_count(reached, count))
}

fn tell_count(reached: u64, count: *mut c_uint) -> c_int {
    // SAFETY: the program passes a place for the count (null is tolerated).
    if let Some(count) = unsafe { count.as_mut() } {
        // The counter is one of 32 bits that wraps (SGI_video_sync).
        *count = reached as c_uint;
    }
    attr::SUCCESS
}
