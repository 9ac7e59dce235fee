//! Direct mode: the driver shows the windows, and their frames are counted.

use std::time::Duration;

use ash::vk::{self, Handle};
use glxrun_contract::counters::{Entry, now};
use glxrun_contract::records::Moment;

use crate::client::Client;
use crate::device;
use crate::loader;
use crate::runtime::Runtime;

/// How long a driver may take to put a presented image on a window: nothing tells of that.
const SHOWN: Duration = Duration::from_millis(300);

/// Notes which window a surface is.
fn note(surface: vk::SurfaceKHR, client: Client, window: u32) {
    let runtime = Runtime::get();
    let display = client.display_name().unwrap_or_default();
    runtime.watched.lock().insert(surface.as_raw(), runtime.entry(&display, window));
}

/// `vkCreateXlibSurfaceKHR`.
pub unsafe extern "system" fn create_xlib(
    instance: vk::Instance,
    info: *const vk::XlibSurfaceCreateInfoKHR,
    allocator: *const vk::AllocationCallbacks,
    surface: *mut vk::SurfaceKHR,
) -> vk::Result {
    let next = Runtime::instance(loader::key(instance)).and_then(|known| known.functions.create_xlib_surface);
    let Some(next) = next else { return vk::Result::ERROR_EXTENSION_NOT_PRESENT };
    // SAFETY: passed on.
    unsafe {
        let result = next(instance, info, allocator, surface);
        if result == vk::Result::SUCCESS {
            note(*surface, Client::Xlib((*info).dpy.cast()), (*info).window as u32);
        }
        result
    }
}

/// `vkCreateXcbSurfaceKHR`.
pub unsafe extern "system" fn create_xcb(
    instance: vk::Instance,
    info: *const vk::XcbSurfaceCreateInfoKHR,
    allocator: *const vk::AllocationCallbacks,
    surface: *mut vk::SurfaceKHR,
) -> vk::Result {
    let next = Runtime::instance(loader::key(instance)).and_then(|known| known.functions.create_xcb_surface);
    let Some(next) = next else { return vk::Result::ERROR_EXTENSION_NOT_PRESENT };
    // SAFETY: passed on.
    unsafe {
        let result = next(instance, info, allocator, surface);
        if result == vk::Result::SUCCESS {
            note(*surface, Client::Xcb((*info).connection.cast()), (*info).window);
        }
        result
    }
}

/// `vkCreateSwapchainKHR`.
pub unsafe extern "system" fn create_swapchain(
    device: vk::Device,
    info: *const vk::SwapchainCreateInfoKHR,
    allocator: *const vk::AllocationCallbacks,
    swapchain: *mut vk::SwapchainKHR,
) -> vk::Result {
    // SAFETY: passed on; the type is that of this function.
    unsafe {
        let next = device::next::<vk::PFN_vkCreateSwapchainKHR>(device, c"vkCreateSwapchainKHR");
        let Some(next) = next else { return vk::Result::ERROR_EXTENSION_NOT_PRESENT };
        let result = next(device, info, allocator, swapchain);
        if result == vk::Result::SUCCESS {
            let mut watched = Runtime::get().watched.lock();
            if let Some(entry) = watched.get(&(*info).surface.as_raw()).cloned() {
                watched.insert((*swapchain).as_raw(), entry);
            }
        }
        result
    }
}

/// `vkQueuePresentKHR`.
pub unsafe extern "system" fn present(queue: vk::Queue, info: *const vk::PresentInfoKHR) -> vk::Result {
    let entered = now();
    let Some(known) = Runtime::device(loader::key(queue)) else { return vk::Result::ERROR_DEVICE_LOST };
    let Some(next) = known.queue_present else { return vk::Result::ERROR_DEVICE_LOST };
    // SAFETY: passed on.
    unsafe {
        let result = next(queue, info);
        let swapchains = std::slice::from_raw_parts((*info).p_swapchains, (*info).swapchain_count as usize);
        for swapchain in swapchains {
            let entry = Runtime::get().watched.lock().get(&swapchain.as_raw()).cloned();
            if let Some(entry) = entry.filter(|_| result.as_raw() >= 0) {
                count(&entry, entered, || {
                    let _ = known.next.queue_wait_idle(queue);
                });
            }
        }
        result
    }
}

/// Counts a frame that the driver has put on a window.
fn count(entry: &Entry, entered: u64, finish: impl FnOnce()) {
    entry.count_delivered();
    let number = entry.count_rendered();
    let record = entry.record(number, entered);
    record.note(Moment::Done);
    let frames = &Runtime::get().frames;
    if frames.is_held(number) {
        finish();
        std::thread::sleep(SHOWN);
        frames.hold(number);
    }
    record.note(Moment::Left);
}
