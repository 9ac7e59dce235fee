//! Conditional rendering (OpenGL 4.6, 10.9) discards blits and clears, ours too: it is ended around them and begun anew.

use std::ffi::c_uint;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use super::api::gl;
use crate::glx::current;

/// Whether the program ever began it, so that nobody else pays for the question.
static EVER: AtomicBool = AtomicBool::new(false);

/// The query and the mode with which a context renders conditionally; 0 if it does not.
#[derive(Debug, Default)]
pub struct Condition(AtomicU64);

fn set(value: u64) {
    if let Some(current) = current::get() {
        current.context.condition.0.store(value, Relaxed);
    }
}

pub unsafe fn begin(query: c_uint, mode: c_uint) {
    EVER.store(true, Relaxed);
    set(u64::from(query) << 32 | u64::from(mode));
    gl!(real glBeginConditionalRender(query, mode));
}

pub unsafe fn begin_nv(query: c_uint, mode: c_uint) {
    EVER.store(true, Relaxed);
    set(u64::from(query) << 32 | u64::from(mode));
    gl!(real glBeginConditionalRenderNV(query, mode));
}

pub unsafe fn end() {
    set(0);
    gl!(real glEndConditionalRender());
}

pub unsafe fn end_nv() {
    set(0);
    gl!(real glEndConditionalRenderNV());
}

/// Rendering without a condition, until this goes.
pub struct Unconditional(u64);

impl Unconditional {
    /// Ends the current context's conditional rendering for a while.
    pub fn new() -> Self {
        let condition = match EVER.load(Relaxed) {
            true => current::get().map_or(0, |current| current.context.condition.0.load(Relaxed)),
            false => 0,
        };
        if condition != 0 {
            gl!(real glEndConditionalRender());
        }
        Self(condition)
    }
}

impl Drop for Unconditional {
    fn drop(&mut self) {
        if self.0 != 0 {
            gl!(real glBeginConditionalRender((self.0 >> 32) as c_uint, self.0 as c_uint));
        }
    }
}
