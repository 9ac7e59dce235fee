//! Swapchains: images of the driver's, and who has which.
//!
//! ```text
//!  free ──acquire──▶ the program's ──present──▶ queued ──shown or replaced──▶ free
//! ```
//!
//! An image is copied before it is free again, so none is ever held by a screen.

mod acquire;
mod aliases;
mod images;
mod lifecycle;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::time::Instant;

use ash::vk;
use parking_lot::{Condvar, Mutex};

use crate::copy::Commands;
use crate::device::Device;
use crate::format::Format;
use crate::surface::Surface;

pub use acquire::{acquire, acquire2, release, wait_for_present};
pub use aliases::{bind_image_memory2, create_image};
pub use images::Image;
pub use lifecycle::{create, destroy, get_images, set_hdr_metadata};

/// A swapchain of the program's.
pub struct Swapchain {
    pub device: Arc<Device>,
    pub surface: Arc<Surface>,
    pub extent: vk::Extent2D,
    pub format: Format,
    /// How its images were made.
    pub image_info: images::Recipe,
    pub images: Vec<Image>,
    /// The present mode: a `VkPresentModeKHR`.
    pub mode: AtomicI32,
    /// The program has said how images of another size than the window's are shown.
    pub has_scaling: bool,
    state: Mutex<State>,
    changed: Condvar,
    /// What copies images, by queue family.
    pub commands: Mutex<HashMap<u32, Commands>>,
}

/// Where the images are.
struct State {
    free: VecDeque<u32>,
    /// Images that were presented and are not free yet.
    queued: usize,
    /// Another one has taken its place.
    retired: bool,
    /// What has gone wrong for good.
    lost: Option<vk::Result>,
    /// Identifiers of presents that the window may not show yet, and the numbers of their frames; both rise.
    presents: VecDeque<(u64, u64)>,
    /// The highest identifier of those that it shows.
    shown: u64,
}

impl Swapchain {
    /// An image is presented: it is the presenter's.
    pub fn queue(&self, id: Option<(u64, u64)>) {
        let mut state = self.state.lock();
        state.queued += 1;
        state.presents.extend(id);
        self.changed.notify_all();
    }

    /// An image can be acquired again.
    pub fn free(&self, index: u32, error: Option<vk::Result>) {
        let mut state = self.state.lock();
        state.queued -= 1;
        state.free.push_back(index);
        state.lost = state.lost.or(error);
        self.changed.notify_all();
    }

    /// Who waits is to look again: frames have arrived.
    pub fn wake(&self) {
        // With the lock, so that nobody is between looking and waiting.
        let _state = self.state.lock();
        self.changed.notify_all();
    }

    /// What keeps it from showing anything, or from fitting the window.
    pub fn condition(&self) -> vk::Result {
        if let Some(lost) = self.state.lock().lost {
            return lost;
        }
        let Some(window) = self.surface.live_window() else { return vk::Result::ERROR_SURFACE_LOST_KHR };
        window.server().pump();
        if window.is_gone() {
            return vk::Result::ERROR_SURFACE_LOST_KHR;
        }
        let (width, height) = window.size();
        let fits = self.extent == vk::Extent2D { width: width.into(), height: height.into() };
        if fits || self.has_scaling { vk::Result::SUCCESS } else { vk::Result::SUBOPTIMAL_KHR }
    }

    /// Waits until no image is queued, or until then; whether that came true.
    pub fn wait_until_idle(&self, deadline: Instant) -> bool {
        let mut state = self.state.lock();
        while state.queued > 0 {
            if self.changed.wait_until(&mut state, deadline).timed_out() {
                return state.queued == 0;
            }
        }
        true
    }
}
