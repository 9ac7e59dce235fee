//! What can be done with a surface of ours.

use ash::vk;

use super::Surface;
use crate::chain;
use crate::extensions::fill;
use crate::format::{self, Format};
use crate::instance::Instance;

/// The present modes, all of which any swapchain can be switched to.
pub const MODES: [vk::PresentModeKHR; 4] = [
    vk::PresentModeKHR::FIFO,
    vk::PresentModeKHR::FIFO_RELAXED,
    vk::PresentModeKHR::MAILBOX,
    vk::PresentModeKHR::IMMEDIATE,
];

/// PCI's number of the vendor whose list does not begin with sRGB.
const NVIDIA: u32 = 0x10de;

/// Images that a swapchain has at least: one to be drawn while one is shown.
pub const LEAST_IMAGES: u32 = 2;

impl Surface {
    /// Formats of images for the window that this device can render to.
    pub fn formats(&self, instance: &Instance, device: vk::PhysicalDevice) -> Vec<Format> {
        let Some(window) = &self.window else { return Vec::new() };
        let needed = vk::FormatFeatureFlags::COLOR_ATTACHMENT;
        let can = |format: &Format| {
            // SAFETY: a device of the instance's.
            let properties =
                unsafe { instance.next.get_physical_device_format_properties(device, format.format) };
            properties.optimal_tiling_features.contains(needed)
        };
        let mut formats: Vec<Format> = format::of(&window.layout()).into_iter().filter(can).collect();
        // Programs that take the first look as they do with the driver's own list.
        // SAFETY: as above.
        let vendor = unsafe { instance.next.get_physical_device_properties(device) }.vendor_id;
        if vendor != NVIDIA {
            formats.sort_by_key(|format| (format.finish.swap_red_blue, !format.is_srgb()));
        }
        formats
    }

    /// What swapchains of the surface can be like.
    pub fn capabilities(
        &self,
        instance: &Instance,
        device: vk::PhysicalDevice,
    ) -> Result<vk::SurfaceCapabilitiesKHR, vk::Result> {
        let (width, height) = self.size_now().ok_or(vk::Result::ERROR_SURFACE_LOST_KHR)?;
        let extent = vk::Extent2D { width: width.into(), height: height.into() };
        let mut usage = vk::ImageUsageFlags::COLOR_ATTACHMENT
            | vk::ImageUsageFlags::TRANSFER_SRC
            | vk::ImageUsageFlags::TRANSFER_DST
            | vk::ImageUsageFlags::SAMPLED
            | vk::ImageUsageFlags::INPUT_ATTACHMENT;
        let is_storage = |format: &Format| {
            // SAFETY: a device of the instance's.
            let properties =
                unsafe { instance.next.get_physical_device_format_properties(device, format.format) };
            properties.optimal_tiling_features.contains(vk::FormatFeatureFlags::STORAGE_IMAGE)
        };
        if self.formats(instance, device).iter().any(is_storage) {
            usage |= vk::ImageUsageFlags::STORAGE;
        }
        let has_alpha = self.window.as_ref().is_some_and(|window| window.depth() == 32);
        let alpha = if has_alpha {
            vk::CompositeAlphaFlagsKHR::PRE_MULTIPLIED
        } else {
            vk::CompositeAlphaFlagsKHR::OPAQUE
        };
        Ok(vk::SurfaceCapabilitiesKHR {
            min_image_count: LEAST_IMAGES,
            max_image_count: 0,
            current_extent: extent,
            min_image_extent: extent,
            max_image_extent: extent,
            max_image_array_layers: 1,
            supported_transforms: vk::SurfaceTransformFlagsKHR::IDENTITY,
            current_transform: vk::SurfaceTransformFlagsKHR::IDENTITY,
            supported_composite_alpha: alpha | vk::CompositeAlphaFlagsKHR::INHERIT,
            supported_usage_flags: usage,
        })
    }

    /// Fills in the structures of VK_EXT_surface_maintenance1 and others in a chain behind capabilities.
    ///
    /// # Safety
    /// The chain is that of a `VkSurfaceCapabilities2KHR`.
    pub unsafe fn extend_capabilities(&self, most: u32, chain: *mut std::ffi::c_void) {
        // SAFETY: the caller's contract.
        unsafe {
            let kind = vk::StructureType::SURFACE_PRESENT_SCALING_CAPABILITIES_EXT;
            if let Some(scaling) = chain::find_mut::<vk::SurfacePresentScalingCapabilitiesEXT>(chain, kind) {
                scaling.supported_present_scaling = vk::PresentScalingFlagsEXT::ONE_TO_ONE;
                scaling.supported_present_gravity_x = vk::PresentGravityFlagsEXT::MIN;
                scaling.supported_present_gravity_y = vk::PresentGravityFlagsEXT::MIN;
                scaling.min_scaled_image_extent = vk::Extent2D { width: 1, height: 1 };
                scaling.max_scaled_image_extent = vk::Extent2D { width: most, height: most };
            }
            let kind = vk::StructureType::SURFACE_PRESENT_MODE_COMPATIBILITY_EXT;
            if let Some(modes) = chain::find_mut::<vk::SurfacePresentModeCompatibilityEXT>(chain, kind) {
                let _ = fill(&MODES, &mut modes.present_mode_count, modes.p_present_modes);
            }
            let kind = vk::StructureType::SURFACE_PROTECTED_CAPABILITIES_KHR;
            if let Some(protected) = chain::find_mut::<vk::SurfaceProtectedCapabilitiesKHR>(chain, kind) {
                protected.supports_protected = vk::FALSE;
            }
        }
    }
}
