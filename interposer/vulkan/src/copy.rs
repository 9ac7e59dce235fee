//! The copy of a presented image into memory that the CPU sees.

use ash::vk;

use crate::device::Device;
use crate::swapchain::Swapchain;

/// What records copies for the queues of one family.
pub struct Commands {
    pool: vk::CommandPool,
    /// One for each image: it is recorded anew when its last run is over.
    buffers: Vec<vk::CommandBuffer>,
}

impl Commands {
    /// For so many images.
    pub fn new(device: &Device, family: u32, count: u32) -> Result<Commands, vk::Result> {
        let info = vk::CommandPoolCreateInfo::default()
            .flags(vk::CommandPoolCreateFlags::RESET_COMMAND_BUFFER)
            .queue_family_index(family);
        // SAFETY: objects of ours.
        unsafe {
            let pool = device.next.create_command_pool(&info, None)?;
            let info = vk::CommandBufferAllocateInfo::default()
                .command_pool(pool)
                .level(vk::CommandBufferLevel::PRIMARY)
                .command_buffer_count(count);
            let buffers = device.next.allocate_command_buffers(&info);
            let adopted =
                buffers.and_then(|buffers| buffers.into_iter().map(|buffer| device.adopt(buffer)).collect());
            match adopted {
                Ok(buffers) => Ok(Commands { pool, buffers }),
                Err(error) => {
                    device.next.destroy_command_pool(pool, None);
                    Err(error)
                }
            }
        }
    }

    /// Destroys them. None may be under way.
    pub fn destroy(self, device: &Device) {
        // SAFETY: ours, and unused from here on; its buffers go with it.
        unsafe { device.next.destroy_command_pool(self.pool, None) };
    }

    /// Records the copy of an image to a buffer whose rows are `row` pixels apart.
    pub fn record(
        &self,
        swapchain: &Swapchain,
        index: u32,
        to: vk::Buffer,
        row: u32,
    ) -> Result<vk::CommandBuffer, vk::Result> {
        let (device, commands) = (&swapchain.device.next, self.buffers[index as usize]);
        let image = swapchain.images[index as usize].image;
        let whole = vk::ImageSubresourceRange {
            aspect_mask: vk::ImageAspectFlags::COLOR,
            base_mip_level: 0,
            level_count: 1,
            base_array_layer: 0,
            layer_count: 1,
        };
        let barrier = vk::ImageMemoryBarrier::default()
            .image(image)
            .subresource_range(whole)
            .src_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
            .dst_queue_family_index(vk::QUEUE_FAMILY_IGNORED);
        let before = barrier
            .old_layout(vk::ImageLayout::PRESENT_SRC_KHR)
            .new_layout(vk::ImageLayout::TRANSFER_SRC_OPTIMAL)
            .src_access_mask(vk::AccessFlags::MEMORY_WRITE)
            .dst_access_mask(vk::AccessFlags::TRANSFER_READ);
        let after = barrier
            .old_layout(vk::ImageLayout::TRANSFER_SRC_OPTIMAL)
            .new_layout(vk::ImageLayout::PRESENT_SRC_KHR)
            .src_access_mask(vk::AccessFlags::TRANSFER_READ)
            .dst_access_mask(vk::AccessFlags::empty());
        let visible = vk::BufferMemoryBarrier::default()
            .buffer(to)
            .size(vk::WHOLE_SIZE)
            .src_access_mask(vk::AccessFlags::TRANSFER_WRITE)
            .dst_access_mask(vk::AccessFlags::HOST_READ)
            .src_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
            .dst_queue_family_index(vk::QUEUE_FAMILY_IGNORED);
        let region = vk::BufferImageCopy {
            buffer_offset: 0,
            buffer_row_length: row,
            buffer_image_height: 0,
            image_subresource: vk::ImageSubresourceLayers {
                aspect_mask: vk::ImageAspectFlags::COLOR,
                mip_level: 0,
                base_array_layer: 0,
                layer_count: 1,
            },
            image_offset: vk::Offset3D::default(),
            image_extent: vk::Extent3D {
                width: swapchain.extent.width,
                height: swapchain.extent.height,
                depth: 1,
            },
        };
        let none = vk::DependencyFlags::empty();
        let transfer = vk::PipelineStageFlags::TRANSFER;
        let once = vk::CommandBufferBeginInfo::default().flags(vk::CommandBufferUsageFlags::ONE_TIME_SUBMIT);
        // SAFETY: the commands' last run is over, since the image was acquired after it; all handles are ours.
        unsafe {
            device.begin_command_buffer(commands, &once)?;
            let all = vk::PipelineStageFlags::ALL_COMMANDS;
            device.cmd_pipeline_barrier(commands, all, transfer, none, &[], &[], &[before]);
            let layout = vk::ImageLayout::TRANSFER_SRC_OPTIMAL;
            device.cmd_copy_image_to_buffer(commands, image, layout, to, &[region]);
            let host = vk::PipelineStageFlags::HOST | vk::PipelineStageFlags::BOTTOM_OF_PIPE;
            device.cmd_pipeline_barrier(commands, transfer, host, none, &[], &[visible], &[after]);
            device.end_command_buffer(commands)?;
        }
        Ok(commands)
    }
}

/// Memory of the driver's that the CPU reads, for one image.
pub struct Staging {
    pub buffer: vk::Buffer,
    memory: vk::DeviceMemory,
    mapping: *const u8,
    /// In bytes.
    length: usize,
    /// The CPU's caches must be told of what the GPU has written.
    invalidate: bool,
}

// SAFETY: the mapping belongs to the value and is not tied to a thread.
unsafe impl Send for Staging {}

impl Staging {
    /// Room for so many bytes.
    pub fn new(device: &Device, length: usize) -> Result<Staging, vk::Result> {
        let info =
            vk::BufferCreateInfo::default().size(length as u64).usage(vk::BufferUsageFlags::TRANSFER_DST);
        let visible = vk::MemoryPropertyFlags::HOST_VISIBLE;
        let cached = visible | vk::MemoryPropertyFlags::HOST_CACHED;
        let coherent = visible | vk::MemoryPropertyFlags::HOST_COHERENT;
        let mut staging = Staging {
            buffer: vk::Buffer::null(),
            memory: vk::DeviceMemory::null(),
            mapping: std::ptr::null(),
            length,
            invalidate: true,
        };
        // SAFETY: objects of ours.
        let made = unsafe {
            staging.buffer = device.next.create_buffer(&info, None)?;
            let requirements = device.next.get_buffer_memory_requirements(staging.buffer);
            let kinds = [cached | coherent, cached, coherent];
            let types = requirements.memory_type_bits;
            staging.invalidate = device.memory_type(types, cached | coherent).is_none()
                && device.memory_type(types, cached).is_some();
            device.allocate(requirements, &kinds).and_then(|memory| {
                staging.memory = memory;
                device.next.bind_buffer_memory(staging.buffer, memory, 0)?;
                let flags = vk::MemoryMapFlags::empty();
                let mapping = device.next.map_memory(memory, 0, vk::WHOLE_SIZE, flags)?;
                staging.mapping = mapping.cast();
                Ok(())
            })
        };
        if let Err(error) = made {
            staging.destroy(device);
            return Err(error);
        }
        Ok(staging)
    }

    /// What the GPU has written.
    pub fn bytes(&self, device: &Device) -> &[u8] {
        if self.invalidate {
            let range = vk::MappedMemoryRange::default().memory(self.memory).size(vk::WHOLE_SIZE);
            // SAFETY: memory of ours, which is mapped.
            let _ = unsafe { device.next.invalidate_mapped_memory_ranges(&[range]) };
        }
        // SAFETY: mapped for as long as the value lives; the GPU's copy is over.
        unsafe { std::slice::from_raw_parts(self.mapping, self.length) }
    }

    /// Frees it. No copy may be under way.
    pub fn destroy(self, device: &Device) {
        // SAFETY: ours, and unused from here on.
        unsafe {
            device.next.destroy_buffer(self.buffer, None);
            device.next.free_memory(self.memory, None);
        }
    }
}
