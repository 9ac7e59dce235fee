//! What is current in a thread: a shared value in a thread-local that outlives other thread-locals.

use std::cell::Cell;
use std::ptr::null;
use std::rc::Rc;

/// Holds one `Rc`, or nothing. A plain pointer has no destructor, so it can be read while a thread ends; a thread
/// that ends with a value keeps it, as GLX says of a current context.
pub struct Slot<T>(Cell<*const T>);

impl<T> Slot<T> {
    /// With nothing in it.
    pub const fn new() -> Self {
        Self(Cell::new(null()))
    }

    /// What it holds.
    #[inline]
    pub fn get(&self) -> Option<Rc<T>> {
        let held = self.0.get();
        if held.is_null() {
            return None;
        }
        // SAFETY: the pointer came from Rc::into_raw and holds a count of its own; the Cell keeps it in its thread.
        unsafe {
            Rc::increment_strong_count(held);
            Some(Rc::from_raw(held))
        }
    }

    /// Puts a value in place of what it holds.
    pub fn set(&self, value: Option<T>) {
        let new = value.map_or(null(), |value| Rc::into_raw(Rc::new(value)));
        let old = self.0.replace(new);
        if !old.is_null() {
            // SAFETY: the count that the slot held.
            drop(unsafe { Rc::from_raw(old) });
        }
    }

    /// In a forked child: nothing is held, and what the parent had is not touched.
    pub fn forget(&self) {
        self.0.set(null());
    }
}
