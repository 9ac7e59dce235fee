//! Names and tags that programs give to objects: a driver would take handles of ours for its own.

use ash::vk;

use crate::device;
use crate::runtime::Runtime;

/// Whether a handle is a surface or a swapchain of ours.
fn is_ours(handle: u64) -> bool {
    Runtime::existing().is_some_and(|runtime| {
        runtime.surfaces.read().contains_key(&handle) || runtime.swapchains.read().contains_key(&handle)
    })
}

/// Rows of functions, their types, their names and what tells the object in what they are passed.
macro_rules! functions {
    ($($function:ident: $kind:ty, $info:ty, $name:literal, $of:expr;)*) => {$(
        #[doc = concat!("`", $name, "`.")]
        pub unsafe extern "system" fn $function(device: vk::Device, info: *const $info) -> vk::Result {
            let object: fn(&$info) -> u64 = $of;
            // SAFETY: the program passes what the specification says; the type is that of this function.
            unsafe {
                if is_ours(object(&*info)) {
                    return vk::Result::SUCCESS;
                }
                let name = std::ffi::CStr::from_bytes_with_nul(concat!($name, "\0").as_bytes()).ok();
                let next = name.and_then(|name| device::next::<$kind>(device, name));
                next.map_or(vk::Result::SUCCESS, |next| next(device, info))
            }
        }
    )*};
}

functions! {
    set_name: vk::PFN_vkSetDebugUtilsObjectNameEXT, vk::DebugUtilsObjectNameInfoEXT,
        "vkSetDebugUtilsObjectNameEXT", |info| info.object_handle;
    set_tag: vk::PFN_vkSetDebugUtilsObjectTagEXT, vk::DebugUtilsObjectTagInfoEXT,
        "vkSetDebugUtilsObjectTagEXT", |info| info.object_handle;
    mark_name: vk::PFN_vkDebugMarkerSetObjectNameEXT, vk::DebugMarkerObjectNameInfoEXT,
        "vkDebugMarkerSetObjectNameEXT", |info| info.object;
    mark_tag: vk::PFN_vkDebugMarkerSetObjectTagEXT, vk::DebugMarkerObjectTagInfoEXT,
        "vkDebugMarkerSetObjectTagEXT", |info| info.object;
}
