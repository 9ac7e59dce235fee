//! The end of a process whose other threads still draw.
//!
//! exit(3) lets other threads run on while libraries free what they draw with (libglvnd's EGL its tables of functions). Direct,
//! such a thread mostly waits for the X server then and sees nothing of it. Ours does not wait, so it is held where it swaps: for a
//! while, since a handler of the program may wait for it.
//!
//! Handlers run in the reverse of their order: one of the program's that is older than the drivers' runs after those, and so do
//! the destructors of its libraries. Mesa still takes a swap then, but may crash where pixels are read (direct too), so frames are
//! dropped from there on.

use std::cell::Cell;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::thread::sleep;
use std::time::Duration;

use glxrun_contract::counters::now;

use crate::runtime::is_direct;

/// How long a thread is held.
const HELD: Duration = Duration::from_millis(200);
/// How long the process's end waits for a thread that drew so shortly before, at most.
const AWAITED: Duration = Duration::from_millis(50);

thread_local! {
    /// Its address tells threads apart.
    static HERE: Cell<u8> = const { Cell::new(0) };
}

/// The thread that ends the process; 0 before.
static ENDING: AtomicUsize = AtomicUsize::new(0);
/// Which thread swapped last, and when.
static SWAPPER: AtomicUsize = AtomicUsize::new(0);
static SWAPPED: AtomicU64 = AtomicU64::new(0);
/// Threads that were held.
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Whether the drivers' handlers have run.
static AFTER_DRIVERS: AtomicBool = AtomicBool::new(false);

fn this_thread() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

/// A thread of the program is about to swap.
pub fn hold() {
    if is_direct() {
        return;
    }
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // SAFETY: a function that lives as long as the process (the library is linked nodelete).
        let _ = unsafe { libc::atexit(at_exit) };
    });
    let (this, ending) = (this_thread(), ENDING.load(SeqCst));
    if ending != 0 && ending != this {
        COUNT.fetch_add(1, SeqCst);
        sleep(HELD);
    }
    SWAPPER.store(this, SeqCst);
    SWAPPED.store(now(), SeqCst);
}

/// Drivers are about to be loaded.
pub fn before_drivers() {
    // SAFETY: a function that lives as long as the process (the library is linked nodelete).
    let _ = unsafe { libc::atexit(after_drivers) };
}

extern "C" fn after_drivers() {
    AFTER_DRIVERS.store(true, SeqCst);
}

/// Whether the process ends and the drivers have done so, so that pixels must not be read any more.
pub fn is_after_drivers() -> bool {
    AFTER_DRIVERS.load(SeqCst)
}

extern "C" fn at_exit() {
    ENDING.store(this_thread(), SeqCst);
    let is_drawing = || {
        let since = now().saturating_sub(SWAPPED.load(SeqCst));
        SWAPPER.load(SeqCst) != this_thread() && u128::from(since) < AWAITED.as_nanos()
    };
    while is_drawing() && COUNT.load(SeqCst) == 0 {
        sleep(Duration::from_millis(1));
    }
}

/// In a forked child: the threads that drew are the parent's.
pub fn forget() {
    SWAPPED.store(0, SeqCst);
}
