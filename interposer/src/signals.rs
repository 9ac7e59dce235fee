//! Signals belong to the program: our threads take none.

use glxrun_display::BlockedSignals;

/// Runs `body` with all signals blocked in this thread.
pub fn blocked<T>(body: impl FnOnce() -> T) -> T {
    let _blocked = BlockedSignals::new();
    body()
}
