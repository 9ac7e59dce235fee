//! eglGetError where a handler of ours answered instead of the driver.
//!
//! EGL's error is that of the thread's last call. The driver keeps it for the calls that it saw; for ours it is kept
//! here, and the driver's older one is taken away, so that whichever is set is the newer.

use std::cell::Cell;
use std::ffi::c_int;

use super::numbers::SUCCESS;
use super::{EGLBoolean, FALSE, TRUE, driver};

thread_local! {
    static LAST: Cell<c_int> = const { Cell::new(SUCCESS) };
}

/// eglGetError.
pub unsafe fn get() -> c_int {
    let ours = LAST.replace(SUCCESS);
    match driver!(eglGetError()) {
        SUCCESS | 0 => ours,
        theirs => theirs,
    }
}

/// A call of ours failed.
pub fn fail(code: c_int) -> EGLBoolean {
    driver!(eglGetError());
    LAST.set(code);
    FALSE
}

/// A call of ours succeeded, and the driver does not know of it.
pub fn succeed() -> EGLBoolean {
    driver!(eglGetError());
    LAST.set(SUCCESS);
    TRUE
}

/// The driver has answered, and has set its own error.
pub fn theirs<T>(answer: T) -> T {
    LAST.set(SUCCESS);
    answer
}
