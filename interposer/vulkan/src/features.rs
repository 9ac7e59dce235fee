//! Features of the extensions that are answered here.

use std::ffi::c_void;

use ash::vk;

use crate::chain;
use crate::loader;
use crate::runtime::Runtime;

/// The structures by which features of ours are asked about and enabled.
pub const STRUCTURES: [vk::StructureType; 3] = [
    vk::StructureType::PHYSICAL_DEVICE_PRESENT_ID_FEATURES_KHR,
    vk::StructureType::PHYSICAL_DEVICE_PRESENT_WAIT_FEATURES_KHR,
    vk::StructureType::PHYSICAL_DEVICE_SWAPCHAIN_MAINTENANCE_1_FEATURES_EXT,
];

/// A structure of ours: all three have one member.
#[repr(C)]
struct Feature {
    kind: vk::StructureType,
    next: *mut c_void,
    is_enabled: vk::Bool32,
}

/// `vkGetPhysicalDeviceFeatures2` and its KHR twin.
pub unsafe extern "system" fn get(device: vk::PhysicalDevice, features: *mut vk::PhysicalDeviceFeatures2) {
    // SAFETY: the program passes what the specification says.
    unsafe {
        let Some(instance) = Runtime::instance(loader::key(device)) else { return };
        if let Some(next) = instance.functions.features2 {
            next(device, features);
        }
        for kind in STRUCTURES {
            if let Some(feature) = chain::find_mut::<Feature>((*features).p_next, kind) {
                feature.is_enabled = vk::TRUE;
            }
        }
    }
}
