//! Signals are the program's: threads of ours have them blocked.

/// All signals blocked in this thread, and so in those it starts: handlers of the program run in its own threads.
pub struct BlockedSignals(libc::sigset_t);

impl BlockedSignals {
    /// From here on, until the value is dropped.
    #[allow(clippy::new_without_default, reason = "it does something")]
    pub fn new() -> BlockedSignals {
        // SAFETY: both sets are plain data, filled in before use.
        unsafe {
            let mut all = std::mem::zeroed();
            let mut old = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
            BlockedSignals(old)
        }
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        // SAFETY: the set is the one that was in force.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, std::ptr::null_mut()) };
    }
}
