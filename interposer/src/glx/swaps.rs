//! The swaps of a drawable, counted, for who waits for them or wants an event for each (GLX_OML_sync_control's SBC,
//! GLX_INTEL_swap_event).
//!
//! A swap is done once its frame is on the window, or has been dropped for a newer one. The 2D side counts frames by window,
//! so a frame of the front buffer may be taken for a swap that is still on its way; it never makes one seem done.

use std::sync::atomic::{AtomicU64, Ordering};

use glxrun_contract::counters::now;
use glxrun_display::{FrameWatcher, Window};
use parking_lot::{Condvar, Mutex};

use super::swap_events::Listener;
use crate::frame::pacing::refreshes;

/// See the module.
#[derive(Default)]
pub struct Swaps {
    made: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    done: u64,
    listener: Option<Listener>,
}

impl Swaps {
    /// Swaps that the program has made.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Acquire)
    }

    /// A swap has been made; its frame is counted as rendered by now.
    pub fn count(&self, window: Option<&Window>) {
        self.made.fetch_add(1, Ordering::Release);
        let mut state = self.state.lock();
        if state.listener.is_some() {
            self.update(&mut state, on_their_way(window));
        }
        // Another thread may wait for a swap that had not been made.
        self.changed.notify_all();
    }

    /// Swaps that are done.
    pub fn done(&self, window: Option<&Window>) -> u64 {
        let mut state = self.state.lock();
        self.update(&mut state, on_their_way(window));
        state.done
    }

    /// Who wants an event for each swap from now on.
    pub fn listen(&self, listener: Option<Listener>, window: Option<&Window>) {
        let mut state = self.state.lock();
        self.update(&mut state, on_their_way(window));
        state.listener = listener;
    }

    /// Waits until so many swaps are done; gives how many are. None once that cannot be any more.
    pub fn wait(&self, target: u64, window: Option<&Window>) -> Option<u64> {
        let mut state = self.state.lock();
        loop {
            self.update(&mut state, on_their_way(window));
            if state.done >= target {
                return Some(state.done);
            }
            if window.is_some_and(|window| window.is_gone() || !window.server().is_alive()) {
                return None;
            }
            self.changed.wait(&mut state);
        }
    }

    fn update(&self, state: &mut State, on_their_way: u64) {
        let done = self.made().saturating_sub(on_their_way);
        for swap in state.done + 1..=done {
            if let Some(listener) = &state.listener {
                let time = now();
                listener.tell(time / 1000, refreshes().tick_at(time), swap);
            }
        }
        state.done = state.done.max(done);
    }
}

impl FrameWatcher for Swaps {
    fn frames_done(&self, on_their_way: u64) {
        self.update(&mut self.state.lock(), on_their_way);
        self.changed.notify_all();
    }
}

/// Frames that are neither shown nor dropped. What has no window has none.
fn on_their_way(window: Option<&Window>) -> u64 {
    window.map_or(0, |window| window.counters().on_their_way())
}
