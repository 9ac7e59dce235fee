//! Which functions are ours: where the loader asks for a function by its name.

use std::ffi::{CStr, c_char};

use ash::vk;

use crate::loader::{self, Negotiation};
use crate::runtime::Runtime;
use crate::{device, direct, extensions, features, instance, names, physical, present, surface, swapchain};

/// Whose function an entry is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The layer's itself, whatever the program does.
    Layer,
    /// An instance's that shows windows.
    Instance,
    /// A device's that shows windows.
    Device,
    /// The same, where the program has enabled an extension.
    Extension(&'static CStr),
}

type Function = unsafe extern "system" fn();

/// Rows of names, owners and functions.
macro_rules! entries {
    ($find:ident: $($name:literal $owner:expr => $function:expr;)*) => {
        fn $find(name: &CStr) -> Option<(Owner, Function)> {
            use Owner::*;
            match name.to_bytes() {
                // SAFETY: the loader calls each by the type that its name has.
                $($name => Some(($owner, unsafe {
                    std::mem::transmute::<*const (), Function>($function as *const ())
                })),)*
                _ => None,
            }
        }
    };
}

const SWAPCHAIN: Owner = Owner::Extension(vk::KHR_SWAPCHAIN_NAME);
const PRESENT_WAIT: Owner = Owner::Extension(vk::KHR_PRESENT_WAIT_NAME);
const MAINTENANCE1: Owner = Owner::Extension(vk::EXT_SWAPCHAIN_MAINTENANCE1_NAME);

entries! {
    find:
    b"vkGetInstanceProcAddr" Layer => get_instance_proc_addr;
    b"vkGetDeviceProcAddr" Layer => get_device_proc_addr;
    b"vkCreateInstance" Layer => instance::create;
    b"vkDestroyInstance" Layer => instance::destroy;
    b"vkEnumerateInstanceExtensionProperties" Layer => instance::enumerate_extensions;
    b"vkCreateDevice" Layer => device::create;
    b"vkDestroyDevice" Layer => device::destroy;

    b"vkEnumerateDeviceExtensionProperties" Instance => extensions::enumerate_of_device;
    b"vkEnumeratePhysicalDevices" Instance => physical::enumerate;
    b"vkEnumeratePhysicalDeviceGroups" Instance => physical::enumerate_groups;
    b"vkEnumeratePhysicalDeviceGroupsKHR" Instance => physical::enumerate_groups;
    b"vkGetPhysicalDeviceFeatures2" Instance => features::get;
    b"vkGetPhysicalDeviceFeatures2KHR" Instance => features::get;
    b"vkCreateXlibSurfaceKHR" Instance => surface::create_xlib;
    b"vkCreateXcbSurfaceKHR" Instance => surface::create_xcb;
    b"vkDestroySurfaceKHR" Instance => surface::destroy;
    b"vkGetPhysicalDeviceXlibPresentationSupportKHR" Instance => surface::supports_xlib;
    b"vkGetPhysicalDeviceXcbPresentationSupportKHR" Instance => surface::supports_xcb;
    b"vkGetPhysicalDeviceSurfaceSupportKHR" Instance => surface::support;
    b"vkGetPhysicalDeviceSurfaceCapabilitiesKHR" Instance => surface::capabilities;
    b"vkGetPhysicalDeviceSurfaceCapabilities2KHR" Instance => surface::capabilities2;
    b"vkGetPhysicalDeviceSurfaceCapabilities2EXT" Instance => surface::capabilities2_ext;
    b"vkGetPhysicalDeviceSurfaceFormatsKHR" Instance => surface::formats;
    b"vkGetPhysicalDeviceSurfaceFormats2KHR" Instance => surface::formats2;
    b"vkGetPhysicalDeviceSurfacePresentModesKHR" Instance => surface::present_modes;
    b"vkGetPhysicalDevicePresentRectanglesKHR" Instance => surface::rectangles;

    b"vkGetDeviceQueue" Device => device::get_queue;
    b"vkGetDeviceQueue2" Device => device::get_queue2;
    b"vkQueueSubmit" Device => device::submit;
    b"vkQueueSubmit2" Device => device::submit2;
    b"vkQueueSubmit2KHR" Device => device::submit2;
    b"vkQueueBindSparse" Device => device::bind_sparse;
    b"vkQueueWaitIdle" Device => device::queue_wait_idle;
    b"vkDeviceWaitIdle" Device => device::wait_idle;
    b"vkCreateImage" Device => swapchain::create_image;
    b"vkBindImageMemory2" Device => swapchain::bind_image_memory2;
    b"vkBindImageMemory2KHR" Device => swapchain::bind_image_memory2;
    b"vkSetDebugUtilsObjectNameEXT" Device => names::set_name;
    b"vkSetDebugUtilsObjectTagEXT" Device => names::set_tag;
    b"vkDebugMarkerSetObjectNameEXT" Device => names::mark_name;
    b"vkDebugMarkerSetObjectTagEXT" Device => names::mark_tag;
    b"vkSetHdrMetadataEXT" Device => swapchain::set_hdr_metadata;
    b"vkCreateSwapchainKHR" SWAPCHAIN => swapchain::create;
    b"vkDestroySwapchainKHR" SWAPCHAIN => swapchain::destroy;
    b"vkGetSwapchainImagesKHR" SWAPCHAIN => swapchain::get_images;
    b"vkAcquireNextImageKHR" SWAPCHAIN => swapchain::acquire;
    b"vkAcquireNextImage2KHR" SWAPCHAIN => swapchain::acquire2;
    b"vkQueuePresentKHR" SWAPCHAIN => present::present;
    b"vkGetDeviceGroupPresentCapabilitiesKHR" SWAPCHAIN => surface::group_present_capabilities;
    b"vkGetDeviceGroupSurfacePresentModesKHR" SWAPCHAIN => surface::group_present_modes;
    b"vkWaitForPresentKHR" PRESENT_WAIT => swapchain::wait_for_present;
    b"vkReleaseSwapchainImagesEXT" MAINTENANCE1 => swapchain::release;
}

entries! {
    find_direct:
    b"vkCreateXlibSurfaceKHR" Instance => direct::create_xlib;
    b"vkCreateXcbSurfaceKHR" Instance => direct::create_xcb;
    b"vkCreateSwapchainKHR" SWAPCHAIN => direct::create_swapchain;
    b"vkQueuePresentKHR" SWAPCHAIN => direct::present;
}

/// Functions that exist only where an extension or a version has them: ours then, too.
fn is_optional(owner: Owner, name: &CStr) -> bool {
    let bytes = name.to_bytes();
    owner == Owner::Device && (bytes.ends_with(b"2") || bytes.ends_with(b"KHR") || bytes.ends_with(b"EXT"))
}

/// Where the loader begins.
///
/// # Safety
/// Called by the Vulkan loader with a structure of its own.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn vkNegotiateLoaderLayerInterfaceVersion(
    negotiation: *mut Negotiation,
) -> vk::Result {
    // SAFETY: the caller's contract.
    match unsafe { negotiation.as_mut() } {
        Some(negotiation) => {
            negotiation.answer(get_instance_proc_addr, get_device_proc_addr, get_physical_device_proc_addr)
        }
        None => vk::Result::ERROR_INITIALIZATION_FAILED,
    }
}

/// `vkGetInstanceProcAddr`.
unsafe extern "system" fn get_instance_proc_addr(
    instance: vk::Instance,
    name: *const c_char,
) -> vk::PFN_vkVoidFunction {
    // SAFETY: the loader passes a name.
    let text = unsafe { CStr::from_ptr(name) };
    let entry = find(text);
    if let Some((Owner::Layer, function)) = entry {
        return Some(function);
    }
    if instance == vk::Instance::null() {
        return None;
    }
    let known = Runtime::instance(loader::key(instance))?;
    // SAFETY: passed on.
    let next = unsafe { (known.loader.get_instance_proc_addr)(instance, name) };
    if known.shows_windows && !known.is_ours() {
        return next.and(find_direct(text).map(|(_, function)| function)).or(next);
    }
    let Some((owner, function)) = entry.filter(|_| known.is_ours()) else { return next };
    if next.is_none() && is_optional(owner, text) {
        return None;
    }
    Some(function)
}

/// `vk_layerGetPhysicalDeviceProcAddr`: functions that a loader may not know.
unsafe extern "system" fn get_physical_device_proc_addr(
    instance: vk::Instance,
    name: *const c_char,
) -> vk::PFN_vkVoidFunction {
    let known = Runtime::instance(loader::key(instance))?;
    // SAFETY: the loader passes a name.
    let text = unsafe { CStr::from_ptr(name) };
    if text.to_bytes().starts_with(b"vkGetPhysicalDevice")
        && known.is_ours()
        && let Some((Owner::Instance, function)) = find(text)
    {
        return Some(function);
    }
    // SAFETY: passed on.
    known.loader.get_physical_device_proc_addr.and_then(|next| unsafe { next(instance, name) })
}

/// `vkGetDeviceProcAddr`.
unsafe extern "system" fn get_device_proc_addr(
    device: vk::Device,
    name: *const c_char,
) -> vk::PFN_vkVoidFunction {
    let known = Runtime::device(loader::key(device))?;
    // SAFETY: the loader passes a name.
    let text = unsafe { CStr::from_ptr(name) };
    // SAFETY: passed on.
    let next = unsafe { (known.loader.get_device_proc_addr)(device, name) };
    if Runtime::get().is_direct() && !matches!(find(text), Some((Owner::Layer, _))) {
        return next.and(find_direct(text).map(|(_, function)| function)).or(next);
    }
    match find(text) {
        Some((Owner::Layer, function)) => Some(function),
        Some((owner @ Owner::Device, function)) if known.shows_windows => {
            if next.is_none() && is_optional(owner, text) { None } else { Some(function) }
        }
        // Without the extension too if the driver answers: it does not know surfaces of ours.
        Some((Owner::Extension(extension), function)) if known.has_surfaces => {
            if known.has(extension) || next.is_some() { Some(function) } else { None }
        }
        _ => next,
    }
}
