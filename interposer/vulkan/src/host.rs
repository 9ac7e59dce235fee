//! Memory of the 2D side that the GPU writes to: VK_EXT_external_memory_host.
//!
//! A frame's memory is imported once, as a buffer, and forgotten when it is unmapped or the device ends.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use ash::vk;
use glxrun_display::Loan;
use parking_lot::Mutex;

use crate::device::Device;
use crate::instance::Instance;
use crate::loader::{self, NextDevice};

/// What of the 2D side's memory a device knows.
pub struct Imports {
    pointer_properties: Option<vk::PFN_vkGetMemoryHostPointerPropertiesEXT>,
    /// What addresses and lengths must be multiples of, in bytes.
    alignment: u64,
    /// By the mapping's address. None: it cannot be imported.
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    buffers: HashMap<usize, Option<Imported>>,
    /// The device has ended: handles mean nothing any more.
    ended: bool,
}

#[derive(Clone, Copy)]
struct Imported {
    memory: vk::DeviceMemory,
    buffer: vk::Buffer,
}

/// Ends an import; dropped before its memory is unmapped.
struct Import {
    address: usize,
    known: Weak<Mutex<Known>>,
    functions: ash::Device,
}

impl Drop for Import {
    fn drop(&mut self) {
        let Some(known) = self.known.upgrade() else { return };
        let mut known = known.lock();
        if let Some(Some(import)) = known.buffers.remove(&self.address)
            && !known.ended
        {
            import.destroy(&self.functions);
        }
    }
}

impl Imported {
    fn destroy(self, functions: &ash::Device) {
        // SAFETY: ours, and no copy to it is under way: a frame's memory outlives its copy.
        unsafe {
            functions.destroy_buffer(self.buffer, None);
            functions.free_memory(self.memory, None);
        }
    }
}

impl Imports {
    /// For a new device, which has the extension if `enabled`.
    pub fn new(
        instance: &Instance,
        physical: vk::PhysicalDevice,
        next: &NextDevice,
        device: vk::Device,
        enabled: bool,
    ) -> Imports {
        let name = c"vkGetMemoryHostPointerPropertiesEXT";
        // SAFETY: the type is that of this function.
        let pointer_properties =
            unsafe { loader::device_function(next.get_device_proc_addr, device, name) }.filter(|_| enabled);
        let mut host = vk::PhysicalDeviceExternalMemoryHostPropertiesEXT::default();
        let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut host);
        if let Some(get) = instance.functions.properties2.filter(|_| enabled) {
            // SAFETY: a device of the instance's, which has the extension.
            unsafe { get(physical, &mut properties) };
        }
        Imports {
            pointer_properties,
            alignment: host.min_imported_host_pointer_alignment.max(1),
            known: Arc::default(),
        }
    }

    /// The device ends.
    pub fn end_with(&self, functions: &ash::Device) {
        let mut known = self.known.lock();
        known.ended = true;
        for import in known.buffers.drain().filter_map(|(_, import)| import) {
            import.destroy(functions);
        }
    }
}

impl Device {
    /// The buffer that is a lent frame's memory; None where the driver cannot write there.
    pub fn import(&self, loan: &Loan) -> Option<vk::Buffer> {
        let imports = &self.imports;
        imports.pointer_properties?;
        let (start, length) = loan.mapping();
        let address = start as usize;
        let mut known = imports.known.lock();
        if known.ended {
            return None;
        }
        if let Some(import) = known.buffers.get(&address) {
            return import.map(|import| import.buffer);
        }
        let imported = self.import_mapping(start, length as u64);
        if imported.is_none() {
            log::debug!("the GPU cannot write to a frame's memory: frames are copied once more");
        }
        known.buffers.insert(address, imported);
        drop(known);
        let import = Import { address, known: Arc::downgrade(&imports.known), functions: self.next.clone() };
        loan.attach(Box::new(import));
        imported.map(|import| import.buffer)
    }

    fn import_mapping(&self, start: *mut u8, length: u64) -> Option<Imported> {
        let alignment = self.imports.alignment;
        if !(start as u64).is_multiple_of(alignment) || !length.is_multiple_of(alignment) {
            return None;
        }
        let kind = vk::ExternalMemoryHandleTypeFlags::HOST_ALLOCATION_EXT;
        let mut properties = vk::MemoryHostPointerPropertiesEXT::default();
        // SAFETY: memory of ours, mapped for as long as it is imported.
        unsafe {
            (self.imports.pointer_properties?)(self.handle(), kind, start.cast(), &mut properties)
                .result()
                .ok()?;
        }
        let mut external = vk::ExternalMemoryBufferCreateInfo::default().handle_types(kind);
        let info = vk::BufferCreateInfo::default()
            .size(length)
            .usage(vk::BufferUsageFlags::TRANSFER_DST)
            .push_next(&mut external);
        // SAFETY: a buffer of ours.
        let buffer = unsafe { self.next.create_buffer(&info, None) }.ok()?;
        let memory = self.bind_mapping(buffer, start, length, properties.memory_type_bits);
        if memory.is_none() {
            // SAFETY: ours, and unused.
            unsafe { self.next.destroy_buffer(buffer, None) };
        }
        Some(Imported { memory: memory?, buffer })
    }

    fn bind_mapping(
        &self,
        buffer: vk::Buffer,
        start: *mut u8,
        length: u64,
        types: u32,
    ) -> Option<vk::DeviceMemory> {
        // SAFETY: the buffer is ours.
        let requirements = unsafe { self.next.get_buffer_memory_requirements(buffer) };
        let visible = vk::MemoryPropertyFlags::HOST_VISIBLE | vk::MemoryPropertyFlags::HOST_COHERENT;
        let types = types & requirements.memory_type_bits;
        let cached = visible | vk::MemoryPropertyFlags::HOST_CACHED;
        let index = self.memory_type(types, cached).or_else(|| self.memory_type(types, visible))?;
        if requirements.size > length {
            return None;
        }
        let mut import = vk::ImportMemoryHostPointerInfoEXT::default()
            .handle_type(vk::ExternalMemoryHandleTypeFlags::HOST_ALLOCATION_EXT)
            .host_pointer(start.cast());
        let info = vk::MemoryAllocateInfo::default()
            .allocation_size(length)
            .memory_type_index(index)
            .push_next(&mut import);
        // SAFETY: as for the properties; the types allow it.
        unsafe {
            let memory = self.next.allocate_memory(&info, None).ok()?;
            if self.next.bind_buffer_memory(buffer, memory, 0).is_err() {
                self.next.free_memory(memory, None);
                return None;
            }
            Some(memory)
        }
    }
}
