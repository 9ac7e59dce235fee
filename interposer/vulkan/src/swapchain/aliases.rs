//! Images that the program makes itself for the memory of a swapchain's (VK_KHR_swapchain with Vulkan 1.1).

use ash::vk;

use crate::chain::{self, Cut};
use crate::loader;
use crate::runtime::Runtime;

/// `vkCreateImage`.
pub unsafe extern "system" fn create_image(
    device: vk::Device,
    info: *const vk::ImageCreateInfo,
    allocator: *const vk::AllocationCallbacks,
    image: *mut vk::Image,
) -> vk::Result {
    let Some(known) = Runtime::device(loader::key(device)) else { return vk::Result::ERROR_DEVICE_LOST };
    // SAFETY: the program passes what the specification says.
    unsafe {
        let kind = vk::StructureType::IMAGE_SWAPCHAIN_CREATE_INFO_KHR;
        let asked = chain::find::<vk::ImageSwapchainCreateInfoKHR>((*info).p_next, kind);
        let Some(swapchain) = asked.and_then(|asked| Runtime::swapchain(asked.swapchain)) else {
            return (known.next.fp_v1_0().create_image)(device, info, allocator, image);
        };
        match swapchain.image_info.make(&known) {
            Ok(made) => {
                *image = made;
                vk::Result::SUCCESS
            }
            Err(error) => error,
        }
    }
}

/// `vkBindImageMemory2` and its KHR twin.
pub unsafe extern "system" fn bind_image_memory2(
    device: vk::Device,
    count: u32,
    infos: *const vk::BindImageMemoryInfo,
) -> vk::Result {
    let Some(known) = Runtime::device(loader::key(device)) else { return vk::Result::ERROR_DEVICE_LOST };
    // SAFETY: the program passes what the specification says.
    unsafe {
        let next = [c"vkBindImageMemory2", c"vkBindImageMemory2KHR"]
            .iter()
            .find_map(|name| known.function::<vk::PFN_vkBindImageMemory2>(name));
        let Some(next) = next else { return vk::Result::ERROR_EXTENSION_NOT_PRESENT };
        let kind = vk::StructureType::BIND_IMAGE_MEMORY_SWAPCHAIN_INFO_KHR;
        let mut cuts = Vec::new();
        let mut infos = std::slice::from_raw_parts(infos, count as usize).to_vec();
        for info in &mut infos {
            let asked = chain::find::<vk::BindImageMemorySwapchainInfoKHR>(info.p_next, kind);
            let Some(asked) = asked else { continue };
            let Some(swapchain) = Runtime::swapchain(asked.swapchain) else { continue };
            let Some(image) = swapchain.images.get(asked.image_index as usize) else { continue };
            info.memory = image.memory;
            info.memory_offset = 0;
            cuts.push(Cut::new(&mut info.p_next, &[kind]));
        }
        let result = next(device, count, infos.as_ptr());
        // Before what they point into.
        drop(cuts);
        result
    }
}
