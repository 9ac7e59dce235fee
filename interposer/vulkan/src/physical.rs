//! Which GPUs the program sees: the one that the 3D side is, where the launcher has told which that is.

use ash::vk;

use crate::extensions::{all, fill, fill_in};
use crate::instance::Instance;
use crate::loader;
use crate::runtime::Runtime;

impl Instance {
    /// Whether a device is the 3D side's: one that renders on the CPU, or has this PCI address or UUID.
    fn is_chosen(&self, device: vk::PhysicalDevice, wanted: &str) -> bool {
        // SAFETY: a device of this instance, as the program or the driver gave it.
        let properties = unsafe { self.next.get_physical_device_properties(device) };
        let on_cpu = properties.device_type == vk::PhysicalDeviceType::CPU;
        if wanted == "software" {
            return on_cpu;
        }
        if on_cpu || !self.knows_external_memory {
            return false;
        }
        let mut place = vk::PhysicalDevicePCIBusInfoPropertiesEXT::default();
        let mut identity = vk::PhysicalDeviceIDProperties::default();
        let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut identity);
        // SAFETY: the extension is asked for first, so that the structure is one that the driver knows.
        let has_place = unsafe { self.next.enumerate_device_extension_properties(device) }
            .unwrap_or_default()
            .iter()
            .any(|listed| listed.extension_name_as_c_str() == Ok(vk::EXT_PCI_BUS_INFO_NAME));
        if has_place {
            properties = properties.push_next(&mut place);
        }
        let Some(get) = self.functions.properties2 else { return false };
        // SAFETY: as above.
        unsafe { get(device, &mut properties) };
        let address = format!(
            "{:04x}:{:02x}:{:02x}.{:x}",
            place.pci_domain, place.pci_bus, place.pci_device, place.pci_function
        );
        (has_place && wanted == address) || wanted.eq_ignore_ascii_case(&uuid(&identity.device_uuid))
    }

    /// Those of these devices that the program is to see: all where none is the 3D side's.
    fn seen(&self, devices: Vec<vk::PhysicalDevice>) -> Vec<vk::PhysicalDevice> {
        let Some(wanted) = &Runtime::get().settings.vulkan_device else { return devices };
        let chosen: Vec<_> =
            devices.iter().copied().filter(|device| self.is_chosen(*device, wanted)).collect();
        if chosen.is_empty() {
            log::info!("Vulkan has no device {wanted:?}, the 3D side's: the program sees all that there are");
            return devices;
        }
        chosen
    }
}

/// NVIDIA's UUIDs in the form that its tools print.
fn uuid(bytes: &[u8; 16]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| digits[from..to].concat();
    format!("GPU-{}-{}-{}-{}-{}", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 16))
}

/// `vkEnumeratePhysicalDevices`.
pub unsafe extern "system" fn enumerate(
    instance: vk::Instance,
    count: *mut u32,
    devices: *mut vk::PhysicalDevice,
) -> vk::Result {
    let Some(known) = Runtime::instance(loader::key(instance)) else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    let next = known.next.fp_v1_0().enumerate_physical_devices;
    // SAFETY: passed on; room for the list is the program's to see to.
    unsafe {
        match all(vk::PhysicalDevice::null(), |count, to| next(instance, count, to)) {
            Ok(list) => fill(&known.seen(list), count, devices),
            Err(error) => error,
        }
    }
}

/// `vkEnumeratePhysicalDeviceGroups` and its KHR twin.
pub unsafe extern "system" fn enumerate_groups(
    instance: vk::Instance,
    count: *mut u32,
    groups: *mut vk::PhysicalDeviceGroupProperties,
) -> vk::Result {
    let Some(known) = Runtime::instance(loader::key(instance)) else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: passed on; room for the list is the program's to see to.
    unsafe {
        let Some(next) = known.functions.groups else { return vk::Result::ERROR_INITIALIZATION_FAILED };
        let empty = vk::PhysicalDeviceGroupProperties::default();
        let mut list = match all(empty, |count, to| next(instance, count, to)) {
            Ok(list) => list,
            Err(error) => return error,
        };
        let devices = |group: &vk::PhysicalDeviceGroupProperties| {
            group.physical_devices[..group.physical_device_count as usize].to_vec()
        };
        let seen = known.seen(list.iter().flat_map(&devices).collect());
        list.retain(|group| devices(group).iter().any(|device| seen.contains(device)));
        fill_in(&list, count, groups, |from, to| {
            to.physical_device_count = from.physical_device_count;
            to.physical_devices = from.physical_devices;
            to.subset_allocation = from.subset_allocation;
        })
    }
}
