//! Acquiring images, giving them back, and waiting until what was presented is shown.

use std::time::{Duration, Instant};

use ash::vk;

use super::Swapchain;
use crate::device;
use crate::runtime::Runtime;

/// When a wait of so many nanoseconds ends; None: never.
fn deadline(timeout: u64) -> Option<Instant> {
    // Half a thousand years are for ever too.
    let timeout = Some(timeout).filter(|timeout| *timeout < 1 << 62)?;
    Instant::now().checked_add(Duration::from_nanos(timeout))
}

impl Swapchain {
    /// Takes an image, waiting for one as long as `timeout` nanoseconds.
    fn take(&self, timeout: u64) -> Result<u32, vk::Result> {
        let deadline = deadline(timeout);
        let mut state = self.state.lock();
        loop {
            if state.retired {
                return Err(vk::Result::ERROR_OUT_OF_DATE_KHR);
            }
            if let Some(lost) = state.lost {
                return Err(lost);
            }
            if let Some(index) = state.free.pop_front() {
                return Ok(index);
            }
            if timeout == 0 {
                return Err(vk::Result::NOT_READY);
            }
            match deadline {
                None => self.changed.wait(&mut state),
                Some(deadline) => {
                    if self.changed.wait_until(&mut state, deadline).timed_out() && state.free.is_empty() {
                        return Err(vk::Result::TIMEOUT);
                    }
                }
            }
        }
    }

    fn acquire(
        &self,
        timeout: u64,
        semaphore: vk::Semaphore,
        fence: vk::Fence,
    ) -> Result<(u32, vk::Result), vk::Result> {
        let condition = self.condition();
        if condition.as_raw() < 0 {
            return Err(condition);
        }
        let index = self.take(timeout)?;
        if let Err(error) = self.device.signal(semaphore, fence) {
            self.state.lock().free.push_front(index);
            return Err(error);
        }
        Ok((index, condition))
    }

    /// Whether the window shows the frame of a present whose identifier is this one or higher. That is so as well if a
    /// newer frame has taken its place.
    fn is_shown(&self, id: u64) -> bool {
        let counters = self.surface.window.as_ref().map(|window| window.counters());
        let done = counters.map_or(u64::MAX, |counters| {
            let rendered = counters.rendered.load(std::sync::atomic::Ordering::Acquire);
            rendered.saturating_sub(counters.on_their_way())
        });
        let mut state = self.state.lock();
        while let Some((id, _)) = state.presents.front().copied().filter(|(_, number)| *number <= done) {
            state.shown = state.shown.max(id);
            state.presents.pop_front();
        }
        state.shown >= id
    }

    fn wait_for_present(&self, id: u64, timeout: u64) -> vk::Result {
        let deadline = deadline(timeout);
        loop {
            if self.is_shown(id) {
                return vk::Result::SUCCESS;
            }
            let condition = self.condition();
            if condition.as_raw() < 0 {
                return condition;
            }
            let mut state = self.state.lock();
            if state.retired && state.presents.back().is_none_or(|(last, _)| *last < id) {
                return vk::Result::ERROR_OUT_OF_DATE_KHR;
            }
            // A wake between the look and here is not missed for long.
            let step = Instant::now() + Duration::from_millis(5);
            let until = deadline.map_or(step, |deadline| deadline.min(step));
            self.changed.wait_until(&mut state, until);
            drop(state);
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return if self.is_shown(id) { vk::Result::SUCCESS } else { vk::Result::TIMEOUT };
            }
        }
    }
}

/// `vkAcquireNextImageKHR`.
pub unsafe extern "system" fn acquire(
    device: vk::Device,
    swapchain: vk::SwapchainKHR,
    timeout: u64,
    semaphore: vk::Semaphore,
    fence: vk::Fence,
    index: *mut u32,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        if let Some(ours) = Runtime::swapchain(swapchain) {
            return match ours.acquire(timeout, semaphore, fence) {
                Ok((taken, result)) => {
                    *index = taken;
                    result
                }
                Err(error) => error,
            };
        }
        let next = device::next::<vk::PFN_vkAcquireNextImageKHR>(device, c"vkAcquireNextImageKHR");
        next.map_or(vk::Result::ERROR_DEVICE_LOST, |next| {
            next(device, swapchain, timeout, semaphore, fence, index)
        })
    }
}

/// `vkAcquireNextImage2KHR`.
pub unsafe extern "system" fn acquire2(
    device: vk::Device,
    info: *const vk::AcquireNextImageInfoKHR,
    index: *mut u32,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        let asked = &*info;
        if Runtime::swapchain(asked.swapchain).is_some() {
            return acquire(device, asked.swapchain, asked.timeout, asked.semaphore, asked.fence, index);
        }
        let next = device::next::<vk::PFN_vkAcquireNextImage2KHR>(device, c"vkAcquireNextImage2KHR");
        next.map_or(vk::Result::ERROR_DEVICE_LOST, |next| next(device, info, index))
    }
}

/// `vkReleaseSwapchainImagesEXT`: acquired images come back without being presented.
pub unsafe extern "system" fn release(
    device: vk::Device,
    info: *const vk::ReleaseSwapchainImagesInfoEXT,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        let asked = &*info;
        if let Some(ours) = Runtime::swapchain(asked.swapchain) {
            let indices = std::slice::from_raw_parts(asked.p_image_indices, asked.image_index_count as usize);
            ours.state.lock().free.extend(indices);
            ours.changed.notify_all();
            return vk::Result::SUCCESS;
        }
        let next =
            device::next::<vk::PFN_vkReleaseSwapchainImagesEXT>(device, c"vkReleaseSwapchainImagesEXT");
        next.map_or(vk::Result::ERROR_DEVICE_LOST, |next| next(device, info))
    }
}

/// `vkWaitForPresentKHR`.
pub unsafe extern "system" fn wait_for_present(
    device: vk::Device,
    swapchain: vk::SwapchainKHR,
    id: u64,
    timeout: u64,
) -> vk::Result {
    if let Some(ours) = Runtime::swapchain(swapchain) {
        return ours.wait_for_present(id, timeout);
    }
    // SAFETY: passed on; the type is that of this function.
    unsafe {
        let next = device::next::<vk::PFN_vkWaitForPresentKHR>(device, c"vkWaitForPresentKHR");
        next.map_or(vk::Result::ERROR_DEVICE_LOST, |next| next(device, swapchain, id, timeout))
    }
}
