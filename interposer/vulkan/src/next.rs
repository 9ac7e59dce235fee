//! An instance's functions of the next layer or the driver that `ash::Instance` lacks.
//!
//! All are looked up while the instance is made: later a loader answers the last layer with the functions of the first one.

use std::ffi::CStr;

use ash::vk;

use crate::loader::{GetInstanceProcAddr, instance_function};

/// Rows of members, the types of functions and their names.
macro_rules! functions {
    ($($member:ident: $function:ty = $name:literal;)*) => {
        /// The functions, each where there is one.
        pub struct Next {
            /// `vkGetPhysicalDeviceProperties2`, or its KHR twin with Vulkan 1.0.
            pub properties2: Option<vk::PFN_vkGetPhysicalDeviceProperties2>,
            /// `vkGetPhysicalDeviceFeatures2`, likewise.
            pub features2: Option<vk::PFN_vkGetPhysicalDeviceFeatures2>,
            /// `vkEnumeratePhysicalDeviceGroups`, likewise.
            pub groups: Option<vk::PFN_vkEnumeratePhysicalDeviceGroups>,
            $(#[doc = $name] pub $member: Option<$function>,)*
        }

        impl Next {
            /// Looks them up for an instance that has just been made.
            ///
            /// # Safety
            /// `get` is the next layer's function.
            pub unsafe fn new(get: GetInstanceProcAddr, instance: vk::Instance, is_1_1: bool) -> Next {
                let either = |core: &'static CStr, extension: &'static CStr| {
                    if is_1_1 { core } else { extension }
                };
                // SAFETY: each type is that of the function of this name.
                unsafe {
                    Next {
                        properties2: instance_function(get, instance, either(
                            c"vkGetPhysicalDeviceProperties2",
                            c"vkGetPhysicalDeviceProperties2KHR",
                        )),
                        features2: instance_function(get, instance, either(
                            c"vkGetPhysicalDeviceFeatures2",
                            c"vkGetPhysicalDeviceFeatures2KHR",
                        )),
                        groups: instance_function(get, instance, either(
                            c"vkEnumeratePhysicalDeviceGroups",
                            c"vkEnumeratePhysicalDeviceGroupsKHR",
                        )),
                        $($member: CStr::from_bytes_with_nul(concat!($name, "\0").as_bytes())
                            .ok()
                            .and_then(|name| instance_function(get, instance, name)),)*
                    }
                }
            }
        }
    };
}

functions! {
    create_xlib_surface: vk::PFN_vkCreateXlibSurfaceKHR = "vkCreateXlibSurfaceKHR";
    create_xcb_surface: vk::PFN_vkCreateXcbSurfaceKHR = "vkCreateXcbSurfaceKHR";
    destroy_surface: vk::PFN_vkDestroySurfaceKHR = "vkDestroySurfaceKHR";
    surface_support: vk::PFN_vkGetPhysicalDeviceSurfaceSupportKHR = "vkGetPhysicalDeviceSurfaceSupportKHR";
    surface_capabilities: vk::PFN_vkGetPhysicalDeviceSurfaceCapabilitiesKHR = "vkGetPhysicalDeviceSurfaceCapabilitiesKHR";
    surface_capabilities2: vk::PFN_vkGetPhysicalDeviceSurfaceCapabilities2KHR = "vkGetPhysicalDeviceSurfaceCapabilities2KHR";
    surface_capabilities2_ext: vk::PFN_vkGetPhysicalDeviceSurfaceCapabilities2EXT = "vkGetPhysicalDeviceSurfaceCapabilities2EXT";
    surface_formats: vk::PFN_vkGetPhysicalDeviceSurfaceFormatsKHR = "vkGetPhysicalDeviceSurfaceFormatsKHR";
    surface_formats2: vk::PFN_vkGetPhysicalDeviceSurfaceFormats2KHR = "vkGetPhysicalDeviceSurfaceFormats2KHR";
    surface_present_modes: vk::PFN_vkGetPhysicalDeviceSurfacePresentModesKHR = "vkGetPhysicalDeviceSurfacePresentModesKHR";
    present_rectangles: vk::PFN_vkGetPhysicalDevicePresentRectanglesKHR = "vkGetPhysicalDevicePresentRectanglesKHR";
}
