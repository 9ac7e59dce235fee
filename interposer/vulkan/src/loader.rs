//! How the Vulkan loader and a layer meet: `vk_layer.h`, version 2 of the interface.

use std::ffi::{CStr, c_char, c_void};

use ash::vk;

/// `PFN_GetPhysicalDeviceProcAddr`, and those for instances and devices.
pub type GetInstanceProcAddr =
    unsafe extern "system" fn(vk::Instance, *const c_char) -> vk::PFN_vkVoidFunction;
/// `PFN_vkGetDeviceProcAddr`.
pub type GetDeviceProcAddr = unsafe extern "system" fn(vk::Device, *const c_char) -> vk::PFN_vkVoidFunction;
/// `PFN_vkSetDeviceLoaderData`.
pub type SetDeviceLoaderData = unsafe extern "system" fn(vk::Device, *mut c_void) -> vk::Result;

/// `VkNegotiateLayerInterface`.
#[repr(C)]
pub struct Negotiation {
    kind: i32,
    next: *mut c_void,
    version: u32,
    get_instance_proc_addr: Option<GetInstanceProcAddr>,
    get_device_proc_addr: Option<GetDeviceProcAddr>,
    get_physical_device_proc_addr: Option<GetInstanceProcAddr>,
}

impl Negotiation {
    /// `LAYER_NEGOTIATE_INTERFACE_STRUCT`.
    const KIND: i32 = 1;
    /// The version that has this structure.
    const VERSION: u32 = 2;

    /// Answers the loader.
    pub fn answer(
        &mut self,
        instance: GetInstanceProcAddr,
        device: GetDeviceProcAddr,
        physical: GetInstanceProcAddr,
    ) -> vk::Result {
        if self.kind != Self::KIND || self.version < Self::VERSION {
            return vk::Result::ERROR_INITIALIZATION_FAILED;
        }
        self.version = Self::VERSION;
        self.get_instance_proc_addr = Some(instance);
        self.get_device_proc_addr = Some(device);
        self.get_physical_device_proc_addr = Some(physical);
        vk::Result::SUCCESS
    }
}

/// `VkLayerFunction`.
const LINK: i32 = 0;
const DATA_CALLBACK: i32 = 1;

/// `VkLayerInstanceCreateInfo` and `VkLayerDeviceCreateInfo`, whose unions are one pointer here.
#[repr(C)]
struct LoaderInfo {
    kind: vk::StructureType,
    next: *mut c_void,
    function: i32,
    value: *mut c_void,
}

/// `VkLayerInstanceLink`.
#[repr(C)]
struct InstanceLink {
    next: *mut InstanceLink,
    get_instance_proc_addr: GetInstanceProcAddr,
    get_physical_device_proc_addr: Option<GetInstanceProcAddr>,
}

/// `VkLayerDeviceLink`.
#[repr(C)]
struct DeviceLink {
    next: *mut DeviceLink,
    get_instance_proc_addr: GetInstanceProcAddr,
    get_device_proc_addr: GetDeviceProcAddr,
}

/// The next layer or the driver, as an instance is made.
#[derive(Clone, Copy)]
pub struct NextInstance {
    /// The rest of the chain's links, an address: see [`rewind`].
    rest: usize,
    pub get_instance_proc_addr: GetInstanceProcAddr,
    pub get_physical_device_proc_addr: Option<GetInstanceProcAddr>,
}

/// The same as a device is made.
#[derive(Clone, Copy)]
pub struct NextDevice {
    pub get_instance_proc_addr: GetInstanceProcAddr,
    pub get_device_proc_addr: GetDeviceProcAddr,
    /// To be called with each dispatchable object that a layer makes.
    pub set_loader_data: Option<SetDeviceLoaderData>,
}

/// The loader's structure about `function` in a chain.
///
/// # Safety
/// The chain is that of a create info.
unsafe fn find<'a>(
    mut chain: *const c_void,
    kind: vk::StructureType,
    function: i32,
) -> Option<&'a mut LoaderInfo> {
    // SAFETY: structures of a valid chain.
    while let Some(base) = unsafe { chain.cast::<vk::BaseInStructure>().as_ref() } {
        if base.s_type == kind {
            // SAFETY: the loader's, who lets layers write to it.
            let info = unsafe { &mut *chain.cast_mut().cast::<LoaderInfo>() };
            if info.function == function {
                return Some(info);
            }
        }
        chain = base.p_next.cast();
    }
    None
}

/// The next layer's functions, and moves the chain on for it.
///
/// # Safety
/// The chain is that of a `VkInstanceCreateInfo` from the loader.
pub unsafe fn next_instance(chain: *const c_void) -> Option<NextInstance> {
    // SAFETY: the caller's contract, and the loader's for the link.
    unsafe {
        let info = find(chain, vk::StructureType::LOADER_INSTANCE_CREATE_INFO, LINK)?;
        let link = info.value.cast::<InstanceLink>().as_ref()?;
        info.value = link.next.cast();
        Some(NextInstance {
            rest: link.next as usize,
            get_instance_proc_addr: link.get_instance_proc_addr,
            get_physical_device_proc_addr: link.get_physical_device_proc_addr,
        })
    }
}

/// Puts the chain back to where [`next_instance`] left it: those below have moved it on.
///
/// # Safety
/// The chain is the one that `next` comes from.
pub unsafe fn rewind(chain: *const c_void, next: &NextInstance) {
    // SAFETY: the caller's contract.
    if let Some(info) = unsafe { find(chain, vk::StructureType::LOADER_INSTANCE_CREATE_INFO, LINK) } {
        info.value = next.rest as *mut c_void;
    }
}

/// The same for a device.
///
/// # Safety
/// The chain is that of a `VkDeviceCreateInfo` from the loader.
pub unsafe fn next_device(chain: *const c_void) -> Option<NextDevice> {
    let kind = vk::StructureType::LOADER_DEVICE_CREATE_INFO;
    // SAFETY: the caller's contract, and the loader's for link and callback.
    unsafe {
        let set_loader_data = find(chain, kind, DATA_CALLBACK)
            .and_then(|info| std::mem::transmute::<*mut c_void, Option<SetDeviceLoaderData>>(info.value));
        let info = find(chain, kind, LINK)?;
        let link = info.value.cast::<DeviceLink>().as_ref()?;
        info.value = link.next.cast();
        Some(NextDevice {
            get_instance_proc_addr: link.get_instance_proc_addr,
            get_device_proc_addr: link.get_device_proc_addr,
            set_loader_data,
        })
    }
}

/// What instances, devices, queues and their kin have in common with the object they come from: the loader's table, whose
/// address is their first word.
pub fn key<T: vk::Handle>(handle: T) -> usize {
    let object = handle.as_raw() as *const usize;
    // SAFETY: dispatchable handles are addresses of objects that begin with the loader's pointer; programs may not
    // pass null.
    unsafe { object.as_ref() }.copied().unwrap_or(0)
}

/// A function of the next layer by its name, as what it is.
///
/// # Safety
/// `F` is the type of the function that has this name.
pub unsafe fn instance_function<F: Copy>(
    get: GetInstanceProcAddr,
    instance: vk::Instance,
    name: &CStr,
) -> Option<F> {
    // SAFETY: a function of this kind; the caller knows its type.
    unsafe { get(instance, name.as_ptr()).map(|function| std::mem::transmute_copy(&function)) }
}

/// The same of a device.
///
/// # Safety
/// As [`instance_function`].
pub unsafe fn device_function<F: Copy>(get: GetDeviceProcAddr, device: vk::Device, name: &CStr) -> Option<F> {
    // SAFETY: as above.
    unsafe { get(device, name.as_ptr()).map(|function| std::mem::transmute_copy(&function)) }
}
