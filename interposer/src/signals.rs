//! Signals belong to the program: our threads take none.

use glxrun_display::BlockedSignals;

/// Runs `body` with all signals blocked in this thread, and for the rest of its life: at its end, too, it takes none.
pub fn blocked<T>(body: impl FnOnce() -> T) -> T {
    std::mem::forget(BlockedSignals::new());
    body()
}
