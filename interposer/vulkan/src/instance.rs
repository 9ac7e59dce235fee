//! Instances: made by the next layer or the driver, and known to us.

use std::ffi::{CStr, c_char};

use ash::vk;
use glxrun_contract::vulkan::{INSTANCE_EXTENSIONS, LAYER};

use crate::extensions::{self, names};
use crate::loader::{self, NextInstance};
use crate::next::Next;
use crate::runtime::Runtime;

/// An instance of the program's.
pub struct Instance {
    /// The functions of the next layer.
    pub next: ash::Instance,
    /// Further ones.
    pub functions: Next,
    pub loader: NextInstance,
    /// Its windows are shown by us: it has an X11 surface extension.
    pub shows_windows: bool,
    /// The program has asked for Vulkan 1.1 or later.
    pub is_1_1: bool,
    /// It can tell of a GPU's identity and of external memory: Vulkan 1.1, or the extensions.
    pub knows_external_memory: bool,
}

impl Instance {
    pub fn handle(&self) -> vk::Instance {
        self.next.handle()
    }

    /// Whether we answer for it: not in direct mode, where frames are only counted.
    pub fn is_ours(&self) -> bool {
        self.shows_windows && !Runtime::get().is_direct()
    }
}

/// Instance extensions that importing the 2D side's memory takes with Vulkan 1.0.
const FOR_MEMORY: [&CStr; 2] =
    [vk::KHR_GET_PHYSICAL_DEVICE_PROPERTIES2_NAME, vk::KHR_EXTERNAL_MEMORY_CAPABILITIES_NAME];

/// `vkCreateInstance`.
pub unsafe extern "system" fn create(
    info: *const vk::InstanceCreateInfo,
    allocator: *const vk::AllocationCallbacks,
    instance: *mut vk::Instance,
) -> vk::Result {
    // SAFETY: the loader passes what the specification says, with its own structures in the chain.
    unsafe {
        let Some(next) = loader::next_instance((*info).p_next) else {
            return vk::Result::ERROR_INITIALIZATION_FAILED;
        };
        let name = c"vkCreateInstance";
        let Some(create): Option<vk::PFN_vkCreateInstance> =
            loader::instance_function(next.get_instance_proc_addr, vk::Instance::null(), name)
        else {
            return vk::Result::ERROR_INITIALIZATION_FAILED;
        };
        let asked = names((*info).pp_enabled_extension_names, (*info).enabled_extension_count);
        let has = |name: &CStr| asked.contains(&name);
        let shows_windows = has(vk::KHR_XLIB_SURFACE_NAME) || has(vk::KHR_XCB_SURFACE_NAME);
        let version = (*info).p_application_info.as_ref().map_or(0, |application| application.api_version);
        let is_1_1 = version >= vk::API_VERSION_1_1;

        let mut wanted: Vec<*const c_char> = asked.iter().map(|name| name.as_ptr()).collect();
        if shows_windows && !is_1_1 {
            wanted.extend(FOR_MEMORY.iter().filter(|name| !has(name)).map(|name| name.as_ptr()));
        }
        let mut more = *info;
        more.enabled_extension_count = wanted.len() as u32;
        more.pp_enabled_extension_names = wanted.as_ptr();
        let mut knows_external_memory = shows_windows;
        let mut result = create(&more, allocator, instance);
        if result == vk::Result::ERROR_EXTENSION_NOT_PRESENT && wanted.len() > asked.len() {
            knows_external_memory = false;
            loader::rewind((*info).p_next, &next);
            result = create(info, allocator, instance);
        }
        if result != vk::Result::SUCCESS {
            return result;
        }
        let get = next.get_instance_proc_addr;
        let made = *instance;
        let made = Instance {
            next: ash::Instance::load_with(
                |name| get(made, name.as_ptr()).map_or(std::ptr::null(), |function| function as *const _),
                made,
            ),
            functions: Next::new(get, made, is_1_1),
            loader: next,
            shows_windows,
            is_1_1,
            knows_external_memory,
        };
        let key = loader::key(made.handle());
        Runtime::get().instances.write().insert(key, made.into());
        result
    }
}

/// `vkDestroyInstance`.
pub unsafe extern "system" fn destroy(instance: vk::Instance, allocator: *const vk::AllocationCallbacks) {
    if instance == vk::Instance::null() {
        return;
    }
    let key = loader::key(instance);
    let known = Runtime::existing().and_then(|runtime| runtime.instances.write().remove(&key));
    if let Some(known) = known {
        // SAFETY: passed on.
        unsafe { (known.next.fp_v1_0().destroy_instance)(instance, allocator) };
    }
}

/// `vkEnumerateInstanceExtensionProperties`, for the extensions of this layer alone.
pub unsafe extern "system" fn enumerate_extensions(
    layer: *const c_char,
    count: *mut u32,
    properties: *mut vk::ExtensionProperties,
) -> vk::Result {
    // SAFETY: the loader passes what the specification says.
    unsafe {
        if layer.is_null() || CStr::from_ptr(layer) != LAYER {
            return vk::Result::ERROR_LAYER_NOT_PRESENT;
        }
        extensions::fill(&extensions::properties(INSTANCE_EXTENSIONS), count, properties)
    }
}
