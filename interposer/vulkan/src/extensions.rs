//! Extensions that the layer has itself, whatever the driver has.

use std::ffi::{CStr, c_char};

use ash::vk;
use glxrun_contract::vulkan::{DEVICE_EXTENSIONS, Extension, LAYER};

use crate::loader;
use crate::runtime::Runtime;

/// Extensions of drivers with functions that take swapchains, which drivers must not get from us.
pub const HIDDEN: &[&CStr] = &[
    vk::GOOGLE_DISPLAY_TIMING_NAME,
    vk::EXT_DISPLAY_CONTROL_NAME,
    vk::NV_LOW_LATENCY2_NAME,
    vk::AMD_DISPLAY_NATIVE_HDR_NAME,
    vk::KHR_SHARED_PRESENTABLE_IMAGE_NAME,
    c"VK_KHR_present_id2",
    c"VK_KHR_present_wait2",
    c"VK_EXT_present_timing",
    c"VK_KHR_swapchain_maintenance1",
];

/// The names of an array of a create info.
///
/// # Safety
/// `count` strings, which live as long as they are used.
pub unsafe fn names<'a>(array: *const *const c_char, count: u32) -> Vec<&'a CStr> {
    if array.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller's contract.
    unsafe {
        std::slice::from_raw_parts(array, count as usize).iter().map(|name| CStr::from_ptr(*name)).collect()
    }
}

/// Extensions as they are listed.
pub fn properties(extensions: &[Extension]) -> Vec<vk::ExtensionProperties> {
    let listed = |&(name, version): &Extension| {
        let mut properties = vk::ExtensionProperties { spec_version: version, ..Default::default() };
        let bytes = name.to_bytes_with_nul();
        for (place, byte) in properties.extension_name.iter_mut().zip(bytes) {
            *place = *byte as c_char;
        }
        properties
    };
    extensions.iter().map(listed).collect()
}

/// Writes a list where the program wants it, in Vulkan's way: only the length without `to`, else as many as there is room for.
///
/// # Safety
/// `count` is valid, and `to` is null or has room for `count` values.
pub unsafe fn fill<T: Copy>(list: &[T], count: *mut u32, to: *mut T) -> vk::Result {
    // SAFETY: the caller's contract.
    unsafe { fill_in(list, count, to, |value, place| *place = *value) }
}

/// The same for structures of the program's, which keep their types and chains: `set` writes a value of the list to one.
///
/// # Safety
/// As [`fill`].
pub unsafe fn fill_in<T, S>(list: &[T], count: *mut u32, to: *mut S, set: impl Fn(&T, &mut S)) -> vk::Result {
    // SAFETY: the caller's contract.
    unsafe {
        if to.is_null() {
            *count = list.len() as u32;
            return vk::Result::SUCCESS;
        }
        let room = list.len().min(*count as usize);
        for (index, value) in list.iter().take(room).enumerate() {
            set(value, &mut *to.add(index));
        }
        *count = room as u32;
        if room < list.len() { vk::Result::INCOMPLETE } else { vk::Result::SUCCESS }
    }
}

/// All of a list that a driver gives in that way.
pub fn all<T: Clone>(
    empty: T,
    mut list: impl FnMut(*mut u32, *mut T) -> vk::Result,
) -> Result<Vec<T>, vk::Result> {
    loop {
        let mut count = 0;
        list(&mut count, std::ptr::null_mut()).result()?;
        let mut values = vec![empty.clone(); count as usize];
        match list(&mut count, values.as_mut_ptr()) {
            vk::Result::INCOMPLETE => {}
            vk::Result::SUCCESS => {
                values.truncate(count as usize);
                return Ok(values);
            }
            error => return Err(error),
        }
    }
}

/// `vkEnumerateDeviceExtensionProperties`.
pub unsafe extern "system" fn enumerate_of_device(
    device: vk::PhysicalDevice,
    layer: *const c_char,
    count: *mut u32,
    properties: *mut vk::ExtensionProperties,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        if !layer.is_null() && CStr::from_ptr(layer) == LAYER {
            return fill(&self::properties(DEVICE_EXTENSIONS), count, properties);
        }
        let Some(instance) = Runtime::instance(loader::key(device)) else {
            return vk::Result::ERROR_INITIALIZATION_FAILED;
        };
        let next = instance.next.fp_v1_0().enumerate_device_extension_properties;
        if !layer.is_null() {
            return next(device, layer, count, properties);
        }
        let drivers = all(Default::default(), |count, to| next(device, layer, count, to));
        match drivers {
            Ok(mut list) => {
                let ours = |listed: &vk::ExtensionProperties| {
                    let name = listed.extension_name_as_c_str().unwrap_or_default();
                    HIDDEN.contains(&name) || DEVICE_EXTENSIONS.iter().any(|(own, _)| *own == name)
                };
                list.retain(|listed| !ours(listed));
                list.extend(self::properties(DEVICE_EXTENSIONS));
                fill(&list, count, properties)
            }
            Err(error) => error,
        }
    }
}
