//! Signals belong to the program: our threads take none.

/// Runs `body` with all signals blocked in this thread.
pub fn blocked<T>(body: impl FnOnce() -> T) -> T {
    // SAFETY: all zeroes is a valid sigset_t; the calls fill and use it.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
    }
    body()
}
