//! When presented images are shown: one thread for each surface, so that no thread of the program waits.
//!
//! A present waits here for its copy, then for its turn. With FIFO and MAILBOX that is a refresh of the 2D side's clock, at
//! most one present for each; in MAILBOX a newer present replaces one that waits. IMMEDIATE ones are shown at once. A
//! frame-rate cap (`--fps`) holds for all. An image is the program's again when its frame is handed over, so a program
//! that is too fast waits in vkAcquireNextImageKHR.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ash::vk;
use glxrun_contract::clock::Clock;
use glxrun_contract::counters::now;
use glxrun_contract::records::{Moment, Record};
use glxrun_contract::settings::Spoil;
use glxrun_display::{BlockedSignals, FrameWatcher, Loan, Window};
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::runtime::Runtime;
use crate::swapchain::Swapchain;

/// A present whose copy is under way or done.
pub struct Pending {
    pub swapchain: Arc<Swapchain>,
    /// Which of its images.
    pub index: u32,
    pub mode: vk::PresentModeKHR,
    /// The frame's memory, which the GPU writes to; None: it is copied to the image's staging memory.
    pub loan: Option<Loan>,
    pub record: Record,
}

/// Shows what is presented to a surface.
pub struct Presenter {
    window: Option<Arc<Window>>,
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Who may wait for frames to be shown.
    swapchains: Mutex<Vec<Weak<Swapchain>>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// A present is being shown.
    is_showing: bool,
    has_thread: bool,
    stopped: bool,
    pace: Pace,
}

struct Waiting {
    pending: Pending,
    is_copied: bool,
    /// A newer one is shown in its place.
    is_replaced: bool,
}

/// Which ticks have had their frame.
#[derive(Debug, Default)]
struct Pace {
    refresh: Option<u64>,
    cap: Option<u64>,
}

impl Pace {
    /// When a present may be shown, in the time of [`now`].
    fn due(&self, now: u64, refreshes: Option<Clock>, cap: Option<Clock>) -> u64 {
        let next = |clock: Option<Clock>, last: Option<u64>| {
            let (clock, last) = clock.zip(last)?;
            (clock.tick_at(now) <= last).then(|| clock.time_of(last + 1))
        };
        next(refreshes, self.refresh).max(next(cap, self.cap)).unwrap_or(0)
    }

    /// One is shown.
    fn note(&mut self, now: u64, refreshes: Clock, cap: Option<Clock>) {
        self.refresh = Some(refreshes.tick_at(now));
        self.cap = cap.map(|cap| cap.tick_at(now));
    }
}

/// How the settings have frames shown.
struct Rules {
    refreshes: Clock,
    cap: Option<Clock>,
    may_skip: bool,
}

impl Rules {
    fn get() -> Rules {
        let runtime = Runtime::get();
        let fps = runtime.settings.fps;
        Rules {
            refreshes: runtime.refreshes(),
            cap: (fps > 0.0).then(|| Clock::new(fps)),
            may_skip: runtime.settings.spoil == Spoil::On && fps == 0.0,
        }
    }

    /// The clock that a mode heeds.
    fn clock(&self, mode: vk::PresentModeKHR) -> Option<Clock> {
        let at_once =
            mode == vk::PresentModeKHR::IMMEDIATE || (mode == vk::PresentModeKHR::MAILBOX && !self.may_skip);
        (!at_once).then_some(self.refreshes)
    }
}

impl Presenter {
    pub fn new(window: Option<Arc<Window>>) -> Arc<Presenter> {
        let presenter = Arc::new(Presenter {
            window,
            queue: Mutex::default(),
            changed: Condvar::new(),
            swapchains: Mutex::default(),
        });
        if let Some(window) = &presenter.window {
            let watcher: Weak<dyn FrameWatcher> = Arc::<Presenter>::downgrade(&presenter);
            window.watch_frames(watcher);
        }
        presenter
    }

    /// A swapchain of the surface's may wait for frames.
    pub fn watch(&self, swapchain: &Arc<Swapchain>) {
        let mut swapchains = self.swapchains.lock();
        swapchains.retain(|known| known.strong_count() > 0);
        swapchains.push(Arc::downgrade(swapchain));
    }

    /// Takes a present, whose copy has been submitted. Never waits.
    pub fn enqueue(self: &Arc<Self>, pending: Pending) {
        let rules = Rules::get();
        let mut queue = self.queue.lock();
        if pending.mode == vk::PresentModeKHR::MAILBOX && rules.may_skip {
            let older = queue.waiting.iter_mut();
            older
                .filter(|older| older.pending.mode == vk::PresentModeKHR::MAILBOX)
                .for_each(|older| older.is_replaced = true);
        }
        queue.waiting.push_back(Waiting { pending, is_copied: false, is_replaced: false });
        if !queue.has_thread {
            let _blocked = BlockedSignals::new();
            let presenter = self.clone();
            let thread = std::thread::Builder::new().name("glxrun-vulkan".to_owned());
            match thread.stack_size(256 << 10).spawn(move || presenter.run(&rules)) {
                Ok(_) => queue.has_thread = true,
                Err(error) => {
                    log::error!("a thread cannot be started ({error}): a Vulkan window stays as it is");
                    let waiting = std::mem::take(&mut queue.waiting);
                    drop(queue);
                    waiting.into_iter().for_each(|waiting| self.drop_frame(waiting.pending));
                    return;
                }
            }
        }
        self.changed.notify_all();
    }

    /// Waits until all presents are shown, as far as that will be; not for longer than it takes to lose patience.
    pub fn drain(&self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        let mut queue = self.queue.lock();
        while queue.has_thread && (queue.is_showing || !queue.waiting.is_empty()) {
            if self.changed.wait_until(&mut queue, deadline).timed_out() {
                return;
            }
        }
    }

    /// Ends the thread, once nothing waits any more.
    pub fn stop(&self) {
        self.queue.lock().stopped = true;
        self.changed.notify_all();
    }

    fn run(&self, rules: &Rules) {
        let mut queue = self.queue.lock();
        loop {
            let Some(first) = queue.waiting.front() else {
                if queue.stopped {
                    return;
                }
                self.changed.wait(&mut queue);
                continue;
            };
            if !first.is_copied {
                let (swapchain, index) = (first.pending.swapchain.clone(), first.pending.index);
                let copied = MutexGuard::unlocked(&mut queue, || swapchain.wait_for_copy(index));
                match copied {
                    // Only this thread takes presents away.
                    Ok(()) => queue.waiting.iter_mut().take(1).for_each(|first| first.is_copied = true),
                    Err(error) => self.take(&mut queue, |pending| self.lose(pending, error)),
                }
                continue;
            }
            if first.is_replaced {
                self.take(&mut queue, |pending| self.drop_frame(pending));
                continue;
            }
            let time = now();
            let due = queue.pace.due(time, rules.clock(first.pending.mode), rules.cap);
            if due > time {
                self.changed.wait_for(&mut queue, Duration::from_nanos(due - time));
                continue;
            }
            queue.pace.note(time, rules.refreshes, rules.cap);
            self.take(&mut queue, |pending| self.show(pending));
        }
    }

    /// Takes the first present and does that with it, without the lock.
    fn take(&self, queue: &mut MutexGuard<'_, Queue>, then: impl FnOnce(Pending)) {
        let Some(first) = queue.waiting.pop_front() else { return };
        queue.is_showing = true;
        MutexGuard::unlocked(queue, || then(first.pending));
        queue.is_showing = false;
        self.changed.notify_all();
    }

    /// Hands a frame over to the 2D side.
    fn show(&self, pending: Pending) {
        let Pending { swapchain, index, loan, record, .. } = pending;
        let Some(window) = &self.window else { return };
        let is_lent = loan.is_some();
        let (width, height) = (swapchain.extent.width as u16, swapchain.extent.height as u16);
        let slot = match loan {
            Some(loan) => loan.begin(),
            None => window.acquire(width, height),
        };
        match slot {
            Some(mut slot) => {
                slot.set_record(record);
                if !is_lent {
                    swapchain.fetch(index, slot.pixels_mut());
                }
                slot.finish_later(swapchain.format.finish);
                window.post(slot);
            }
            None => {
                record.note(Moment::Dropped);
                window.drop_one();
            }
        }
        swapchain.free(index, None);
    }

    /// A present is not shown.
    fn drop_frame(&self, pending: Pending) {
        pending.record.note(Moment::Dropped);
        if let Some(window) = &self.window {
            window.drop_one();
        }
        let Pending { swapchain, index, loan, .. } = pending;
        drop(loan);
        swapchain.free(index, None);
    }

    /// A present whose copy failed.
    fn lose(&self, pending: Pending, error: vk::Result) {
        pending.record.note(Moment::Dropped);
        if let Some(window) = &self.window {
            window.drop_one();
        }
        // The GPU may still write to its memory, which is not used again.
        std::mem::forget(pending.loan);
        pending.swapchain.free(pending.index, Some(error));
    }
}

impl FrameWatcher for Presenter {
    fn frames_done(&self, _on_their_way: u64) {
        let swapchains: Vec<_> = self.swapchains.lock().iter().filter_map(Weak::upgrade).collect();
        swapchains.iter().for_each(|swapchain| swapchain.wake());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn one_frame_for_each_refresh() {
        let clock = Clock::new(50.0);
        let mut pace = Pace::default();
        assert_eq!(pace.due(1005 * MS, Some(clock), None), 0);
        pace.note(1005 * MS, clock, None);
        assert_eq!(pace.due(1006 * MS, Some(clock), None), 1020 * MS);
        assert_eq!(pace.due(1006 * MS, None, None), 0);
        assert_eq!(pace.due(1020 * MS, Some(clock), None), 0);
        assert_eq!(pace.due(1123 * MS, Some(clock), None), 0);
    }

    #[test]
    fn the_later_of_refresh_and_cap_counts() {
        let (clock, cap) = (Clock::new(50.0), Clock::new(10.0));
        let mut pace = Pace::default();
        pace.note(1005 * MS, clock, Some(cap));
        assert_eq!(pace.due(1006 * MS, Some(clock), Some(cap)), 1100 * MS);
        assert_eq!(pace.due(1006 * MS, None, Some(cap)), 1100 * MS);
    }
}
