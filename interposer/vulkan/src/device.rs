//! Devices and their queues.

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_void};
use std::sync::Arc;

use ash::vk::{self, Handle};
use glxrun_contract::vulkan::DEVICE_EXTENSIONS;
use parking_lot::{Mutex, MutexGuard, RwLock};

use crate::chain::Cut;
use crate::extensions::names;
use crate::features;
use crate::host::Imports;
use crate::instance::Instance;
use crate::loader::{self, NextDevice};
use crate::runtime::Runtime;

/// A device of the program's.
pub struct Device {
    /// The functions of the next layer.
    pub next: ash::Device,
    pub loader: NextDevice,
    pub memory: vk::PhysicalDeviceMemoryProperties,
    /// The extensions of ours that the program has enabled.
    enabled: Vec<&'static CStr>,
    /// It can be asked about surfaces of ours.
    pub has_surfaces: bool,
    /// It can have swapchains of ours.
    pub shows_windows: bool,
    /// Families of the queues that the program has got.
    families: RwLock<HashMap<u64, u32>>,
    /// The queue on which acquired images are signalled. The lock keeps its users apart.
    signals: Option<(vk::Queue, Mutex<()>)>,
    /// `vkQueueSubmit2`, where there is one.
    submit2: Option<vk::PFN_vkQueueSubmit2>,
    /// The driver's `vkQueuePresentKHR`, where there is one.
    pub queue_present: Option<vk::PFN_vkQueuePresentKHR>,
    /// Memory of the 2D side that the device can write to.
    pub imports: Imports,
}

/// A device's function of the next layer by its name; None for a device that is not known, or without the function.
///
/// # Safety
/// `F` is the type of the function that has this name.
pub unsafe fn next<F: Copy>(device: vk::Device, name: &CStr) -> Option<F> {
    // SAFETY: the caller's contract.
    Runtime::device(loader::key(device)).and_then(|known| unsafe { known.function(name) })
}

impl Device {
    /// A function of the next layer by its name.
    ///
    /// # Safety
    /// `F` is the type of the function that has this name.
    pub unsafe fn function<F: Copy>(&self, name: &CStr) -> Option<F> {
        // SAFETY: the caller's contract.
        unsafe { loader::device_function(self.loader.get_device_proc_addr, self.handle(), name) }
    }

    pub fn handle(&self) -> vk::Device {
        self.next.handle()
    }

    /// Whether the program has enabled an extension of ours.
    pub fn has(&self, extension: &CStr) -> bool {
        self.enabled.contains(&extension)
    }

    /// The family of a queue that the program has got.
    pub fn family(&self, queue: vk::Queue) -> u32 {
        self.families.read().get(&queue.as_raw()).copied().unwrap_or(0)
    }

    /// To be held while a queue is used: the program keeps its own uses apart, but ours are added to one queue.
    pub fn using(&self, queue: vk::Queue) -> Option<MutexGuard<'_, ()>> {
        let (shared, lock) = self.signals.as_ref()?;
        (*shared == queue).then(|| lock.lock())
    }

    /// The same for all queues.
    pub fn using_all(&self) -> Option<MutexGuard<'_, ()>> {
        self.signals.as_ref().map(|(_, lock)| lock.lock())
    }

    /// Signals a semaphore and a fence, each if it is not null, once what was submitted to that queue before is done.
    pub fn signal(&self, semaphore: vk::Semaphore, fence: vk::Fence) -> Result<(), vk::Result> {
        let Some((queue, lock)) = &self.signals else { return Err(vk::Result::ERROR_DEVICE_LOST) };
        let semaphores = [semaphore];
        let mut submission = vk::SubmitInfo::default();
        if semaphore != vk::Semaphore::null() {
            submission = submission.signal_semaphores(&semaphores);
        }
        let _using = lock.lock();
        // SAFETY: handles of the device; the queue's users are kept apart.
        unsafe { self.next.queue_submit(*queue, &[submission], fence) }
    }

    /// Memory for `requirements` of the first type that has all `properties`; allocated, or why not.
    pub fn allocate(
        &self,
        requirements: vk::MemoryRequirements,
        properties: &[vk::MemoryPropertyFlags],
    ) -> Result<vk::DeviceMemory, vk::Result> {
        let index = properties
            .iter()
            .find_map(|wanted| self.memory_type(requirements.memory_type_bits, *wanted))
            .ok_or(vk::Result::ERROR_OUT_OF_DEVICE_MEMORY)?;
        let info =
            vk::MemoryAllocateInfo::default().allocation_size(requirements.size).memory_type_index(index);
        // SAFETY: a type of the device's.
        unsafe { self.next.allocate_memory(&info, None) }
    }

    /// The first of these memory types that has all `properties`.
    pub fn memory_type(&self, types: u32, properties: vk::MemoryPropertyFlags) -> Option<u32> {
        let known = &self.memory.memory_types[..self.memory.memory_type_count as usize];
        let fits = |(index, kind): &(u32, &vk::MemoryType)| {
            types & (1 << index) != 0 && kind.property_flags.contains(properties)
        };
        (0..).zip(known).find(fits).map(|(index, _)| index)
    }

    /// Makes an object of ours a dispatchable one of the loader's.
    pub fn adopt<T: Handle + Copy>(&self, object: T) -> Result<T, vk::Result> {
        if let Some(set) = self.loader.set_loader_data {
            // SAFETY: an object of this device's, which begins with room for the loader's pointer.
            unsafe { set(self.handle(), object.as_raw() as *mut c_void) }.result()?;
        }
        Ok(object)
    }
}

/// A device as it is asked of the driver: the program's wishes less what the driver lacks, and ours.
struct Wishes {
    extensions: Vec<*const c_char>,
    queues: Vec<vk::DeviceQueueCreateInfo<'static>>,
    /// Priorities that `queues` point to.
    priorities: Vec<Vec<f32>>,
    /// Where acquired images are signalled: family and index.
    signals: Option<(u32, u32)>,
    /// Structures of ours that the driver does not know.
    strange: Vec<vk::StructureType>,
    imports: bool,
}

impl Wishes {
    /// # Safety
    /// `info` is a valid one.
    unsafe fn new(instance: &Instance, device: vk::PhysicalDevice, info: &vk::DeviceCreateInfo) -> Wishes {
        // SAFETY: the caller's contract.
        let asked = unsafe { names(info.pp_enabled_extension_names, info.enabled_extension_count) };
        // SAFETY: a device of the instance's.
        let listed = unsafe { instance.next.enumerate_device_extension_properties(device) };
        let listed = listed.unwrap_or_default();
        let driver_has = |name: &CStr| listed.iter().any(|known| known.extension_name_as_c_str() == Ok(name));
        let is_ours = |name: &CStr| DEVICE_EXTENSIONS.iter().any(|(own, _)| *own == name);
        let mut extensions: Vec<*const c_char> = asked
            .iter()
            .filter(|name| !is_ours(name) || driver_has(name))
            .map(|name| name.as_ptr())
            .collect();
        let memory = [vk::KHR_EXTERNAL_MEMORY_NAME, vk::EXT_EXTERNAL_MEMORY_HOST_NAME];
        let needed = if instance.is_1_1 { &memory[1..] } else { &memory[..] };
        let imports = instance.knows_external_memory && needed.iter().all(|name| driver_has(name));
        if imports {
            extensions.extend(needed.iter().filter(|name| !asked.contains(name)).map(|name| name.as_ptr()));
        }
        let strange = features::STRUCTURES.into_iter().zip([
            vk::KHR_PRESENT_ID_NAME,
            vk::KHR_PRESENT_WAIT_NAME,
            vk::EXT_SWAPCHAIN_MAINTENANCE1_NAME,
        ]);
        let strange = strange.filter(|(_, name)| !driver_has(name)).map(|(kind, _)| kind).collect();
        let mut wishes = Wishes {
            extensions,
            queues: Vec::new(),
            priorities: Vec::new(),
            signals: None,
            strange,
            imports,
        };
        // SAFETY: the caller's contract.
        unsafe { wishes.add_queue(instance, device, info) };
        wishes
    }

    /// A queue more, of our own, if a family of the program's has one to spare; else one is shared.
    ///
    /// # Safety
    /// `info` is a valid one.
    unsafe fn add_queue(
        &mut self,
        instance: &Instance,
        device: vk::PhysicalDevice,
        info: &vk::DeviceCreateInfo,
    ) {
        if info.queue_create_info_count == 0 {
            return;
        }
        // SAFETY: as the specification says of a create info; a device of the instance's.
        let (queues, families) = unsafe {
            let queues = info.p_queue_create_infos.cast::<vk::DeviceQueueCreateInfo<'static>>();
            (
                std::slice::from_raw_parts(queues, info.queue_create_info_count as usize),
                instance.next.get_physical_device_queue_family_properties(device),
            )
        };
        self.queues = queues.to_vec();
        let plain = |queue: &&mut vk::DeviceQueueCreateInfo| queue.flags.is_empty();
        let room = |queue: &vk::DeviceQueueCreateInfo| {
            families
                .get(queue.queue_family_index as usize)
                .is_some_and(|family| queue.queue_count < family.queue_count)
        };
        if let Some(queue) = self.queues.iter_mut().filter(plain).find(|queue| room(queue)) {
            // SAFETY: as above.
            let priorities =
                unsafe { std::slice::from_raw_parts(queue.p_queue_priorities, queue.queue_count as usize) };
            self.priorities.push([priorities, &[1.0]].concat());
            self.signals = Some((queue.queue_family_index, queue.queue_count));
            queue.queue_count += 1;
            queue.p_queue_priorities = self.priorities[0].as_ptr();
            return;
        }
        self.signals = self.queues.iter_mut().find(plain).map(|queue| (queue.queue_family_index, 0));
    }
}

/// `vkCreateDevice`.
pub unsafe extern "system" fn create(
    physical: vk::PhysicalDevice,
    info: *const vk::DeviceCreateInfo,
    allocator: *const vk::AllocationCallbacks,
    device: *mut vk::Device,
) -> vk::Result {
    // SAFETY: the loader passes what the specification says, with its own structures in the chain.
    unsafe {
        let failed = vk::Result::ERROR_INITIALIZATION_FAILED;
        let Some(instance) = Runtime::instance(loader::key(physical)) else { return failed };
        let Some(next) = loader::next_device((*info).p_next) else { return failed };
        let create: Option<vk::PFN_vkCreateDevice> =
            loader::instance_function(next.get_instance_proc_addr, instance.handle(), c"vkCreateDevice");
        let Some(create) = create else { return failed };
        let asked = names((*info).pp_enabled_extension_names, (*info).enabled_extension_count);
        let shows_windows = instance.is_ours() && asked.contains(&vk::KHR_SWAPCHAIN_NAME);
        let wishes = Wishes::new(&instance, physical, &*info);
        let mut ours = *info;
        let _cut;
        let made = if shows_windows {
            ours.enabled_extension_count = wishes.extensions.len() as u32;
            ours.pp_enabled_extension_names = wishes.extensions.as_ptr();
            ours.queue_create_info_count = wishes.queues.len() as u32;
            ours.p_queue_create_infos = wishes.queues.as_ptr().cast();
            _cut = Cut::new(&mut ours.p_next, &wishes.strange);
            create(physical, &ours, allocator, device)
        } else {
            create(physical, info, allocator, device)
        };
        if made != vk::Result::SUCCESS {
            return made;
        }
        let get = next.get_device_proc_addr;
        let handle = *device;
        let functions = ash::Device::load_with(
            |name| get(handle, name.as_ptr()).map_or(std::ptr::null(), |function| function as *const _),
            handle,
        );
        let mut known = Device {
            imports: Imports::new(&instance, physical, &next, handle, wishes.imports),
            next: functions,
            loader: next,
            memory: instance.next.get_physical_device_memory_properties(physical),
            enabled: DEVICE_EXTENSIONS
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| asked.contains(name))
                .collect(),
            has_surfaces: instance.is_ours(),
            shows_windows,
            families: RwLock::default(),
            signals: None,
            submit2: [c"vkQueueSubmit2", c"vkQueueSubmit2KHR"]
                .iter()
                .find_map(|name| loader::device_function(next.get_device_proc_addr, handle, name)),
            queue_present: loader::device_function(next.get_device_proc_addr, handle, c"vkQueuePresentKHR"),
        };
        if let Some((family, index)) = wishes.signals.filter(|_| shows_windows) {
            let queue = known.next.get_device_queue(family, index);
            known.signals = known.adopt(queue).ok().map(|queue| (queue, Mutex::new(())));
        }
        Runtime::get().devices.write().insert(loader::key(handle), Arc::new(known));
        made
    }
}

/// `vkDestroyDevice`.
pub unsafe extern "system" fn destroy(device: vk::Device, allocator: *const vk::AllocationCallbacks) {
    if device == vk::Device::null() {
        return;
    }
    let key = loader::key(device);
    let known = Runtime::existing().and_then(|runtime| runtime.devices.write().remove(&key));
    if let Some(known) = known {
        known.imports.end_with(&known.next);
        // SAFETY: passed on.
        unsafe { (known.next.fp_v1_0().destroy_device)(device, allocator) };
    }
}

/// `vkGetDeviceQueue`.
pub unsafe extern "system" fn get_queue(device: vk::Device, family: u32, index: u32, queue: *mut vk::Queue) {
    let Some(known) = Runtime::device(loader::key(device)) else { return };
    // SAFETY: passed on; the program's place for the answer.
    unsafe {
        (known.next.fp_v1_0().get_device_queue)(device, family, index, queue);
        known.families.write().insert((*queue).as_raw(), family);
    }
}

/// `vkGetDeviceQueue2`.
pub unsafe extern "system" fn get_queue2(
    device: vk::Device,
    info: *const vk::DeviceQueueInfo2,
    queue: *mut vk::Queue,
) {
    let Some(known) = Runtime::device(loader::key(device)) else { return };
    // SAFETY: passed on; the program's place for the answer.
    unsafe {
        (known.next.fp_v1_1().get_device_queue2)(device, info, queue);
        known.families.write().insert((*queue).as_raw(), (*info).queue_family_index);
    }
}

/// `vkQueueSubmit`.
pub unsafe extern "system" fn submit(
    queue: vk::Queue,
    count: u32,
    submissions: *const vk::SubmitInfo,
    fence: vk::Fence,
) -> vk::Result {
    let Some(known) = Runtime::device(loader::key(queue)) else { return vk::Result::ERROR_DEVICE_LOST };
    let _using = known.using(queue);
    // SAFETY: passed on.
    unsafe { (known.next.fp_v1_0().queue_submit)(queue, count, submissions, fence) }
}

/// `vkQueueSubmit2` and its KHR twin.
pub unsafe extern "system" fn submit2(
    queue: vk::Queue,
    count: u32,
    submissions: *const vk::SubmitInfo2,
    fence: vk::Fence,
) -> vk::Result {
    let Some(known) = Runtime::device(loader::key(queue)) else { return vk::Result::ERROR_DEVICE_LOST };
    let Some(next) = known.submit2 else { return vk::Result::ERROR_DEVICE_LOST };
    let _using = known.using(queue);
    // SAFETY: passed on.
    unsafe { next(queue, count, submissions, fence) }
}

/// `vkQueueBindSparse`.
pub unsafe extern "system" fn bind_sparse(
    queue: vk::Queue,
    count: u32,
    bindings: *const vk::BindSparseInfo,
    fence: vk::Fence,
) -> vk::Result {
    let Some(known) = Runtime::device(loader::key(queue)) else { return vk::Result::ERROR_DEVICE_LOST };
    let _using = known.using(queue);
    // SAFETY: passed on.
    unsafe { (known.next.fp_v1_0().queue_bind_sparse)(queue, count, bindings, fence) }
}

/// `vkQueueWaitIdle`.
pub unsafe extern "system" fn queue_wait_idle(queue: vk::Queue) -> vk::Result {
    let Some(known) = Runtime::device(loader::key(queue)) else { return vk::Result::ERROR_DEVICE_LOST };
    let _using = known.using(queue);
    // SAFETY: passed on.
    unsafe { (known.next.fp_v1_0().queue_wait_idle)(queue) }
}

/// `vkDeviceWaitIdle`.
pub unsafe extern "system" fn wait_idle(device: vk::Device) -> vk::Result {
    let Some(known) = Runtime::device(loader::key(device)) else { return vk::Result::ERROR_DEVICE_LOST };
    let _using = known.using_all();
    // SAFETY: passed on.
    unsafe { (known.next.fp_v1_0().device_wait_idle)(device) }
}
