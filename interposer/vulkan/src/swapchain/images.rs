//! The images of a swapchain, and what belongs to each.

use ash::vk;

use crate::copy::Staging;
use crate::device::Device;
use crate::format::Format;

/// How a swapchain's images are made, so that the program can make others for the same memory.
pub struct Recipe {
    flags: vk::ImageCreateFlags,
    usage: vk::ImageUsageFlags,
    sharing: vk::SharingMode,
    families: Vec<u32>,
    layers: u32,
    format: vk::Format,
    extent: vk::Extent2D,
    /// Formats of views, where there may be others than the image's.
    views: Vec<vk::Format>,
}

impl Recipe {
    /// As a create info asks for.
    ///
    /// # Safety
    /// `info` is a valid one.
    pub unsafe fn new(info: &vk::SwapchainCreateInfoKHR, format: Format) -> Recipe {
        // One layer of memory may be two images.
        let mut flags = vk::ImageCreateFlags::ALIAS;
        let mut views = Vec::new();
        if info.flags.contains(vk::SwapchainCreateFlagsKHR::MUTABLE_FORMAT) {
            flags |= vk::ImageCreateFlags::MUTABLE_FORMAT | vk::ImageCreateFlags::EXTENDED_USAGE;
            let kind = vk::StructureType::IMAGE_FORMAT_LIST_CREATE_INFO;
            // SAFETY: a valid chain, and as many formats as it says.
            unsafe {
                let list = crate::chain::find::<vk::ImageFormatListCreateInfo>(info.p_next, kind);
                if let Some(list) = list.filter(|list| list.view_format_count > 0) {
                    views = std::slice::from_raw_parts(list.p_view_formats, list.view_format_count as usize)
                        .to_vec();
                }
            }
        }
        let families = match info.image_sharing_mode {
            // SAFETY: as many families as it says.
            vk::SharingMode::CONCURRENT => unsafe {
                let count = info.queue_family_index_count as usize;
                std::slice::from_raw_parts(info.p_queue_family_indices, count).to_vec()
            },
            _ => Vec::new(),
        };
        Recipe {
            flags,
            usage: info.image_usage | vk::ImageUsageFlags::TRANSFER_SRC,
            sharing: info.image_sharing_mode,
            families,
            layers: info.image_array_layers,
            format: format.format,
            extent: info.image_extent,
            views,
        }
    }

    /// Makes an image, without memory.
    pub fn make(&self, device: &Device) -> Result<vk::Image, vk::Result> {
        let mut list = vk::ImageFormatListCreateInfo::default().view_formats(&self.views);
        let mut info = vk::ImageCreateInfo::default()
            .flags(self.flags)
            .image_type(vk::ImageType::TYPE_2D)
            .format(self.format)
            .extent(vk::Extent3D { width: self.extent.width, height: self.extent.height, depth: 1 })
            .mip_levels(1)
            .array_layers(self.layers)
            .samples(vk::SampleCountFlags::TYPE_1)
            .tiling(vk::ImageTiling::OPTIMAL)
            .usage(self.usage)
            .sharing_mode(self.sharing)
            .queue_family_indices(&self.families)
            .initial_layout(vk::ImageLayout::UNDEFINED);
        if !self.views.is_empty() {
            info = info.push_next(&mut list);
        }
        // SAFETY: an image of ours, or one that goes to the program.
        unsafe { device.next.create_image(&info, None) }
    }
}

/// One of a swapchain's images.
pub struct Image {
    pub image: vk::Image,
    pub memory: vk::DeviceMemory,
    /// Signalled when its copy is done.
    pub copied: vk::Fence,
    /// Where it is copied to if a frame's memory cannot be written to by the GPU; made when needed.
    pub staging: parking_lot::Mutex<Option<Staging>>,
}

impl Image {
    /// Makes an image with memory of its own.
    pub fn new(device: &Device, recipe: &Recipe) -> Result<Image, vk::Result> {
        let mut made = Image {
            image: recipe.make(device)?,
            memory: vk::DeviceMemory::null(),
            copied: vk::Fence::null(),
            staging: parking_lot::Mutex::default(),
        };
        let complete = made.complete(device);
        complete.inspect_err(|_| made.destroy(device))?;
        Ok(made)
    }

    fn complete(&mut self, device: &Device) -> Result<(), vk::Result> {
        // SAFETY: the image is ours and has no memory yet.
        unsafe {
            let requirements = device.next.get_image_memory_requirements(self.image);
            let kinds = [vk::MemoryPropertyFlags::DEVICE_LOCAL, vk::MemoryPropertyFlags::empty()];
            self.memory = device.allocate(requirements, &kinds)?;
            device.next.bind_image_memory(self.image, self.memory, 0)?;
            self.copied = device.next.create_fence(&vk::FenceCreateInfo::default(), None)?;
        }
        Ok(())
    }

    /// Destroys all of it. No copy may be under way.
    pub fn destroy(&self, device: &Device) {
        if let Some(staging) = self.staging.lock().take() {
            staging.destroy(device);
        }
        // SAFETY: ours, and unused from here on.
        unsafe {
            device.next.destroy_fence(self.copied, None);
            device.next.destroy_image(self.image, None);
            device.next.free_memory(self.memory, None);
        }
    }
}
