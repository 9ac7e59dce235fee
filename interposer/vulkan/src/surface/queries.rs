//! The functions that ask about surfaces. Those about a driver's surface are passed on.

use std::ffi::{c_ulong, c_void};
use std::sync::Arc;

use ash::vk;

use super::answers::MODES;
use super::{MISSING, Surface};
use crate::device;
use crate::extensions::{fill, fill_in};
use crate::format::Format;
use crate::instance::Instance;
use crate::loader;
use crate::next::Next;
use crate::runtime::Runtime;

/// One of our surfaces, with the instance that a device is of.
fn ours(device: vk::PhysicalDevice, surface: vk::SurfaceKHR) -> Option<(Arc<Surface>, Arc<Instance>)> {
    Runtime::surface(surface).zip(Runtime::instance(loader::key(device)))
}

/// Functions of the next layer; none without one.
fn next<F: Copy>(device: vk::PhysicalDevice, member: impl FnOnce(&Next) -> Option<F>) -> Option<F> {
    Runtime::instance(loader::key(device)).and_then(|instance| member(&instance.functions))
}

/// Whether queues of a family can present: those that can copy.
fn presents(device: vk::PhysicalDevice, family: u32) -> bool {
    let Some(instance) = Runtime::instance(loader::key(device)) else { return false };
    // SAFETY: a device of the instance's.
    let families = unsafe { instance.next.get_physical_device_queue_family_properties(device) };
    let copies = vk::QueueFlags::GRAPHICS | vk::QueueFlags::COMPUTE | vk::QueueFlags::TRANSFER;
    families.get(family as usize).is_some_and(|family| family.queue_flags.intersects(copies))
}

/// `vkGetPhysicalDeviceXlibPresentationSupportKHR`.
pub unsafe extern "system" fn supports_xlib(
    device: vk::PhysicalDevice,
    family: u32,
    _display: *mut c_void,
    _visual: c_ulong,
) -> vk::Bool32 {
    presents(device, family).into()
}

/// `vkGetPhysicalDeviceXcbPresentationSupportKHR`.
pub unsafe extern "system" fn supports_xcb(
    device: vk::PhysicalDevice,
    family: u32,
    _connection: *mut c_void,
    _visual: u32,
) -> vk::Bool32 {
    presents(device, family).into()
}

/// `vkGetPhysicalDeviceSurfaceSupportKHR`.
pub unsafe extern "system" fn support(
    device: vk::PhysicalDevice,
    family: u32,
    surface: vk::SurfaceKHR,
    supported: *mut vk::Bool32,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        let Some((ours, instance)) = ours(device, surface) else {
            let next = next(device, |next| next.surface_support);
            return next.map_or(MISSING, |next| next(device, family, surface, supported));
        };
        *supported = (presents(device, family) && !ours.formats(&instance, device).is_empty()).into();
        vk::Result::SUCCESS
    }
}

/// `vkGetPhysicalDeviceSurfaceCapabilitiesKHR`.
pub unsafe extern "system" fn capabilities(
    device: vk::PhysicalDevice,
    surface: vk::SurfaceKHR,
    capabilities: *mut vk::SurfaceCapabilitiesKHR,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        let Some((ours, instance)) = ours(device, surface) else {
            let next = next(device, |next| next.surface_capabilities);
            return next.map_or(MISSING, |next| next(device, surface, capabilities));
        };
        match ours.capabilities(&instance, device) {
            Ok(answer) => {
                *capabilities = answer;
                vk::Result::SUCCESS
            }
            Err(error) => error,
        }
    }
}

/// `vkGetPhysicalDeviceSurfaceCapabilities2KHR`.
pub unsafe extern "system" fn capabilities2(
    device: vk::PhysicalDevice,
    info: *const vk::PhysicalDeviceSurfaceInfo2KHR,
    capabilities: *mut vk::SurfaceCapabilities2KHR,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        let Some((ours, instance)) = ours(device, (*info).surface) else {
            let next = next(device, |next| next.surface_capabilities2);
            return next.map_or(MISSING, |next| next(device, info, capabilities));
        };
        match ours.capabilities(&instance, device) {
            Ok(answer) => {
                (*capabilities).surface_capabilities = answer;
                let limits = instance.next.get_physical_device_properties(device).limits;
                ours.extend_capabilities(limits.max_image_dimension2_d, (*capabilities).p_next);
                vk::Result::SUCCESS
            }
            Err(error) => error,
        }
    }
}

/// `vkGetPhysicalDeviceSurfaceCapabilities2EXT` (VK_EXT_display_surface_counter): there are no counters.
pub unsafe extern "system" fn capabilities2_ext(
    device: vk::PhysicalDevice,
    surface: vk::SurfaceKHR,
    capabilities: *mut vk::SurfaceCapabilities2EXT,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        let Some((ours, instance)) = ours(device, surface) else {
            let next = next(device, |next| next.surface_capabilities2_ext);
            return next.map_or(MISSING, |next| next(device, surface, capabilities));
        };
        match ours.capabilities(&instance, device) {
            Ok(answer) => {
                *capabilities = vk::SurfaceCapabilities2EXT {
                    s_type: (*capabilities).s_type,
                    p_next: (*capabilities).p_next,
                    min_image_count: answer.min_image_count,
                    max_image_count: answer.max_image_count,
                    current_extent: answer.current_extent,
                    min_image_extent: answer.min_image_extent,
                    max_image_extent: answer.max_image_extent,
                    max_image_array_layers: answer.max_image_array_layers,
                    supported_transforms: answer.supported_transforms,
                    current_transform: answer.current_transform,
                    supported_composite_alpha: answer.supported_composite_alpha,
                    supported_usage_flags: answer.supported_usage_flags,
                    supported_surface_counters: vk::SurfaceCounterFlagsEXT::empty(),
                    ..Default::default()
                };
                vk::Result::SUCCESS
            }
            Err(error) => error,
        }
    }
}

fn listed(format: &Format) -> vk::SurfaceFormatKHR {
    vk::SurfaceFormatKHR { format: format.format, color_space: vk::ColorSpaceKHR::SRGB_NONLINEAR }
}

/// `vkGetPhysicalDeviceSurfaceFormatsKHR`.
pub unsafe extern "system" fn formats(
    device: vk::PhysicalDevice,
    surface: vk::SurfaceKHR,
    count: *mut u32,
    formats: *mut vk::SurfaceFormatKHR,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        let Some((ours, instance)) = ours(device, surface) else {
            let next = next(device, |next| next.surface_formats);
            return next.map_or(MISSING, |next| next(device, surface, count, formats));
        };
        let list: Vec<_> = ours.formats(&instance, device).iter().map(listed).collect();
        fill(&list, count, formats)
    }
}

/// `vkGetPhysicalDeviceSurfaceFormats2KHR`.
pub unsafe extern "system" fn formats2(
    device: vk::PhysicalDevice,
    info: *const vk::PhysicalDeviceSurfaceInfo2KHR,
    count: *mut u32,
    formats: *mut vk::SurfaceFormat2KHR,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        let Some((ours, instance)) = ours(device, (*info).surface) else {
            let next = next(device, |next| next.surface_formats2);
            return next.map_or(MISSING, |next| next(device, info, count, formats));
        };
        fill_in(&ours.formats(&instance, device), count, formats, |format, to| {
            to.surface_format = listed(format)
        })
    }
}

/// `vkGetPhysicalDeviceSurfacePresentModesKHR`.
pub unsafe extern "system" fn present_modes(
    device: vk::PhysicalDevice,
    surface: vk::SurfaceKHR,
    count: *mut u32,
    modes: *mut vk::PresentModeKHR,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        if ours(device, surface).is_some() {
            return fill(&MODES, count, modes);
        }
        let next = next(device, |next| next.surface_present_modes);
        next.map_or(MISSING, |next| next(device, surface, count, modes))
    }
}

/// `vkGetPhysicalDevicePresentRectanglesKHR`.
pub unsafe extern "system" fn rectangles(
    device: vk::PhysicalDevice,
    surface: vk::SurfaceKHR,
    count: *mut u32,
    rectangles: *mut vk::Rect2D,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        let Some((ours, instance)) = ours(device, surface) else {
            let next = next(device, |next| next.present_rectangles);
            return next.map_or(MISSING, |next| next(device, surface, count, rectangles));
        };
        match ours.capabilities(&instance, device) {
            Ok(answer) => {
                let whole = vk::Rect2D { offset: vk::Offset2D::default(), extent: answer.current_extent };
                fill(&[whole], count, rectangles)
            }
            Err(error) => error,
        }
    }
}

/// `vkGetDeviceGroupPresentCapabilitiesKHR`: each device of a group shows what it has rendered itself.
pub unsafe extern "system" fn group_present_capabilities(
    device: vk::Device,
    capabilities: *mut vk::DeviceGroupPresentCapabilitiesKHR,
) -> vk::Result {
    if Runtime::device(loader::key(device)).is_none() {
        return vk::Result::ERROR_DEVICE_LOST;
    }
    // SAFETY: the program's place for the answer.
    unsafe {
        (*capabilities).present_mask = [0; vk::MAX_DEVICE_GROUP_SIZE];
        (*capabilities).present_mask[0] = 1;
        (*capabilities).modes = vk::DeviceGroupPresentModeFlagsKHR::LOCAL;
    }
    vk::Result::SUCCESS
}

/// `vkGetDeviceGroupSurfacePresentModesKHR`.
pub unsafe extern "system" fn group_present_modes(
    device: vk::Device,
    surface: vk::SurfaceKHR,
    modes: *mut vk::DeviceGroupPresentModeFlagsKHR,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        if Runtime::surface(surface).is_some() {
            *modes = vk::DeviceGroupPresentModeFlagsKHR::LOCAL;
            return vk::Result::SUCCESS;
        }
        let name = c"vkGetDeviceGroupSurfacePresentModesKHR";
        let next = device::next::<vk::PFN_vkGetDeviceGroupSurfacePresentModesKHR>(device, name);
        next.map_or(MISSING, |next| next(device, surface, modes))
    }
}
