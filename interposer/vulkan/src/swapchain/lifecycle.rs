//! Making swapchains, and their end.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::time::{Duration, Instant};

use ash::vk::{self, Handle};
use parking_lot::{Condvar, Mutex};

use super::images::Recipe;
use super::{Image, State, Swapchain};
use crate::chain;
use crate::device::{Device, next};
use crate::extensions::fill;
use crate::loader;
use crate::runtime::Runtime;
use crate::surface::Surface;

/// How long the end of a swapchain waits for its frames: the program may keep the X server from taking them.
const PATIENCE: Duration = Duration::from_secs(10);

/// `vkCreateSwapchainKHR`.
pub unsafe extern "system" fn create(
    device: vk::Device,
    info: *const vk::SwapchainCreateInfoKHR,
    allocator: *const vk::AllocationCallbacks,
    swapchain: *mut vk::SwapchainKHR,
) -> vk::Result {
    let Some(device) = Runtime::device(loader::key(device)) else { return vk::Result::ERROR_DEVICE_LOST };
    // SAFETY: the program passes what the specification says.
    unsafe {
        let Some(surface) = Runtime::surface((*info).surface) else {
            let next = device.function::<vk::PFN_vkCreateSwapchainKHR>(c"vkCreateSwapchainKHR");
            return next.map_or(vk::Result::ERROR_EXTENSION_NOT_PRESENT, |next| {
                next(device.handle(), info, allocator, swapchain)
            });
        };
        if let Some(old) = Runtime::swapchain((*info).old_swapchain) {
            old.retire();
        }
        match make(device, surface, &*info) {
            Ok(made) => {
                let made = Arc::new(made);
                let handle = Arc::as_ptr(&made) as u64;
                made.surface.presenter.watch(&made);
                Runtime::get().swapchains.write().insert(handle, made);
                *swapchain = vk::SwapchainKHR::from_raw(handle);
                vk::Result::SUCCESS
            }
            Err(error) => error,
        }
    }
}

/// # Safety
/// `info` is a valid one.
unsafe fn make(
    device: Arc<Device>,
    surface: Arc<Surface>,
    info: &vk::SwapchainCreateInfoKHR,
) -> Result<Swapchain, vk::Result> {
    let window = surface.live_window().ok_or(vk::Result::ERROR_SURFACE_LOST_KHR)?;
    let format =
        crate::format::of(&window.layout()).into_iter().find(|known| known.format == info.image_format);
    let format = format.ok_or(vk::Result::ERROR_INITIALIZATION_FAILED)?;
    // A frame's size is an X window's.
    let extent = info.image_extent;
    if extent.width.max(extent.height) > u32::from(u16::MAX) || extent.width.min(extent.height) == 0 {
        return Err(vk::Result::ERROR_INITIALIZATION_FAILED);
    }
    // SAFETY: the caller's contract.
    let (recipe, has_scaling) = unsafe {
        let kind = vk::StructureType::SWAPCHAIN_PRESENT_SCALING_CREATE_INFO_EXT;
        let scaling = chain::find::<vk::SwapchainPresentScalingCreateInfoEXT>(info.p_next, kind);
        let has_scaling = scaling.is_some_and(|scaling| !scaling.scaling_behavior.is_empty());
        (Recipe::new(info, format), has_scaling)
    };
    // With fewer, a program whose frames replace one another would wait for a refresh.
    let replaces = info.present_mode == vk::PresentModeKHR::MAILBOX;
    let count = info.min_image_count.max(if replaces { 4 } else { 2 });
    let mut images = Vec::with_capacity(count as usize);
    for _ in 0..count {
        match Image::new(&device, &recipe) {
            Ok(image) => images.push(image),
            Err(error) => {
                images.iter().for_each(|image: &Image| image.destroy(&device));
                return Err(error);
            }
        }
    }
    Ok(Swapchain {
        device,
        extent,
        format,
        image_info: recipe,
        images,
        mode: AtomicI32::new(info.present_mode.as_raw()),
        has_scaling,
        state: Mutex::new(State {
            free: (0..count).collect::<VecDeque<u32>>(),
            queued: 0,
            retired: false,
            lost: None,
            presents: VecDeque::new(),
            shown: 0,
        }),
        changed: Condvar::new(),
        commands: Mutex::new(HashMap::new()),
        surface,
    })
}

impl Swapchain {
    /// Another one takes its place: no more images can be acquired.
    fn retire(&self) {
        self.state.lock().retired = true;
        self.changed.notify_all();
    }

    /// Destroys what it has of the driver's, once nothing of that is used.
    fn end(&self) {
        if !self.wait_until_idle(Instant::now() + PATIENCE) {
            log::debug!("frames of a swapchain are still on their way at its end; its images are not freed");
            return;
        }
        for image in &self.images {
            image.destroy(&self.device);
        }
        for commands in self.commands.lock().drain().map(|(_, commands)| commands) {
            commands.destroy(&self.device);
        }
    }
}

/// `vkDestroySwapchainKHR`.
pub unsafe extern "system" fn destroy(
    device: vk::Device,
    swapchain: vk::SwapchainKHR,
    allocator: *const vk::AllocationCallbacks,
) {
    let Some(runtime) = Runtime::existing() else { return };
    let ours = runtime.swapchains.write().remove(&swapchain.as_raw());
    if let Some(ours) = ours {
        ours.end();
        return;
    }
    // SAFETY: passed on; the type is that of this function.
    unsafe {
        if let Some(next) = next::<vk::PFN_vkDestroySwapchainKHR>(device, c"vkDestroySwapchainKHR") {
            next(device, swapchain, allocator);
        }
    }
}

/// `vkGetSwapchainImagesKHR`.
pub unsafe extern "system" fn get_images(
    device: vk::Device,
    swapchain: vk::SwapchainKHR,
    count: *mut u32,
    images: *mut vk::Image,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        if let Some(ours) = Runtime::swapchain(swapchain) {
            let list: Vec<vk::Image> = ours.images.iter().map(|image| image.image).collect();
            return fill(&list, count, images);
        }
        let next = next::<vk::PFN_vkGetSwapchainImagesKHR>(device, c"vkGetSwapchainImagesKHR");
        next.map_or(vk::Result::ERROR_DEVICE_LOST, |next| next(device, swapchain, count, images))
    }
}

/// `vkSetHdrMetadataEXT`: windows of ours have no use for it.
pub unsafe extern "system" fn set_hdr_metadata(
    device: vk::Device,
    count: u32,
    swapchains: *const vk::SwapchainKHR,
    metadata: *const vk::HdrMetadataEXT,
) {
    // SAFETY: as many of both as `count`; the type is that of this function.
    unsafe {
        let Some(next) = next::<vk::PFN_vkSetHdrMetadataEXT>(device, c"vkSetHdrMetadataEXT") else { return };
        for index in 0..count as usize {
            if Runtime::swapchain(*swapchains.add(index)).is_none() {
                next(device, 1, swapchains.add(index), metadata.add(index));
            }
        }
    }
}
