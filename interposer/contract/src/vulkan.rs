//! The Vulkan layer as its manifest, which the launcher writes, and its code describe it.

use std::ffi::CStr;

/// The layer's file, beside libglxrun.so.
pub const LIBRARY: &str = "libglxrun_vulkan.so";

/// The layer's name.
pub const LAYER: &CStr = c"VK_LAYER_GLXRUN_windows";

/// An extension's name and the version of its specification.
pub type Extension = (&'static CStr, u32);

/// The instance extensions that the layer has itself, whatever the driver has.
pub const INSTANCE_EXTENSIONS: &[Extension] = &[
    (c"VK_KHR_surface", 25),
    (c"VK_KHR_xlib_surface", 6),
    (c"VK_KHR_xcb_surface", 6),
    (c"VK_KHR_get_surface_capabilities2", 1),
    (c"VK_EXT_surface_maintenance1", 1),
];

/// The device extensions of the same kind, which the layer adds to those of a device.
pub const DEVICE_EXTENSIONS: &[Extension] = &[
    (c"VK_KHR_swapchain", 70),
    (c"VK_KHR_swapchain_mutable_format", 1),
    (c"VK_KHR_incremental_present", 2),
    (c"VK_KHR_present_id", 1),
    (c"VK_KHR_present_wait", 1),
    (c"VK_EXT_swapchain_maintenance1", 1),
];
