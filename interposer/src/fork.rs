//! fork(2): a child starts clean.
//!
//! Threads and connections stay with the parent, so the child forgets all of our state without touching it (a
//! connection closed or a context destroyed here would be closed for the parent too).

use crate::{egl, frame, glx, render, runtime, trace};

extern "C" fn prepare() {
    runtime::across_fork::prepare();
}

extern "C" fn parent() {
    runtime::across_fork::parent();
}

extern "C" fn child() {
    runtime::across_fork::child();
    glx::current::forget();
    egl::current::forget();
    render::egl::forget();
    trace::forget();
    frame::ending::forget();
}

/// Registers the handlers. Called by the library's constructor.
pub fn watch() {
    // SAFETY: three functions that live as long as the process (the library is linked nodelete).
    unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) };
}
