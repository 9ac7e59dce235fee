//! `vkQueuePresentKHR`: the copy of an image begins on the program's queue, and the present is the presenter's.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ash::vk;
use glxrun_contract::counters::now;
use glxrun_contract::records::{Moment, Record};

use crate::chain;
use crate::copy::{Commands, Staging};
use crate::device::Device;
use crate::loader;
use crate::presenter::Pending;
use crate::runtime::Runtime;
use crate::swapchain::Swapchain;

/// What a present says of one swapchain.
struct Request {
    index: u32,
    /// VK_KHR_present_id's; 0: none.
    id: u64,
    /// Signalled when nothing that was handed over is used any more.
    fence: vk::Fence,
    /// When the program called.
    entered: u64,
}

/// `vkQueuePresentKHR`.
pub unsafe extern "system" fn present(queue: vk::Queue, info: *const vk::PresentInfoKHR) -> vk::Result {
    let entered = now();
    let Some(device) = Runtime::device(loader::key(queue)) else { return vk::Result::ERROR_DEVICE_LOST };
    // SAFETY: the program passes what the specification says: as many of each as is said.
    unsafe {
        let info = &*info;
        let count = info.swapchain_count as usize;
        let handles = std::slice::from_raw_parts(info.p_swapchains, count);
        let indices = std::slice::from_raw_parts(info.p_image_indices, count);
        let ours: Vec<_> = handles.iter().map(|handle| Runtime::swapchain(*handle)).collect();
        if ours.iter().all(Option::is_none) {
            return forward(&device, queue, info);
        }
        let waits = match info.wait_semaphore_count {
            0 => &[],
            count => std::slice::from_raw_parts(info.p_wait_semaphores, count as usize),
        };
        let kind = vk::StructureType::PRESENT_ID_KHR;
        let ids = chain::find::<vk::PresentIdKHR>(info.p_next, kind);
        let kind = vk::StructureType::SWAPCHAIN_PRESENT_FENCE_INFO_EXT;
        let fences = chain::find::<vk::SwapchainPresentFenceInfoEXT>(info.p_next, kind);
        let kind = vk::StructureType::SWAPCHAIN_PRESENT_MODE_INFO_EXT;
        let modes = chain::find::<vk::SwapchainPresentModeInfoEXT>(info.p_next, kind);

        let mut worst = wait(&device, queue, waits);
        for (place, swapchain) in ours.iter().enumerate() {
            let result = match swapchain {
                Some(swapchain) => {
                    let ids = ids.filter(|ids| !ids.p_present_ids.is_null());
                    let request = Request {
                        index: indices[place],
                        id: ids.map_or(0, |ids| *ids.p_present_ids.add(place)),
                        fence: fences.map_or(vk::Fence::null(), |fences| *fences.p_fences.add(place)),
                        entered,
                    };
                    if let Some(modes) = modes {
                        let mode = *modes.p_present_modes.add(place);
                        swapchain.mode.store(mode.as_raw(), Ordering::Relaxed);
                    }
                    swapchain.present(queue, &request)
                }
                None => {
                    let mut alone = *info;
                    // What was waited for has been waited for.
                    alone.wait_semaphore_count = 0;
                    alone.swapchain_count = 1;
                    alone.p_swapchains = &handles[place];
                    alone.p_image_indices = &indices[place];
                    alone.p_results = std::ptr::null_mut();
                    alone.p_next = std::ptr::null();
                    forward(&device, queue, &alone)
                }
            };
            if !info.p_results.is_null() {
                *info.p_results.add(place) = result;
            }
            worst = if worst.as_raw() < 0 || result == vk::Result::SUCCESS { worst } else { result };
        }
        worst
    }
}

/// Has all that comes on a queue wait for semaphores.
fn wait(device: &Device, queue: vk::Queue, semaphores: &[vk::Semaphore]) -> vk::Result {
    if semaphores.is_empty() {
        return vk::Result::SUCCESS;
    }
    let stages = vec![vk::PipelineStageFlags::ALL_COMMANDS; semaphores.len()];
    let submission = vk::SubmitInfo::default().wait_semaphores(semaphores).wait_dst_stage_mask(&stages);
    let _using = device.using(queue);
    // SAFETY: the program's semaphores; it keeps its own uses of the queue apart.
    let waited = unsafe { device.next.queue_submit(queue, &[submission], vk::Fence::null()) };
    waited.err().unwrap_or(vk::Result::SUCCESS)
}

/// Has the driver present.
unsafe fn forward(device: &Device, queue: vk::Queue, info: &vk::PresentInfoKHR) -> vk::Result {
    let _using = device.using(queue);
    // SAFETY: passed on.
    device.queue_present.map_or(vk::Result::ERROR_DEVICE_LOST, |next| unsafe { next(queue, info) })
}

impl Swapchain {
    /// Presents an image on a queue. It is free again, or will be, whatever the answer.
    fn present(self: &Arc<Self>, queue: vk::Queue, request: &Request) -> vk::Result {
        let condition = self.condition();
        let Some(window) = self.surface.window.as_ref().filter(|_| condition.as_raw() >= 0) else {
            self.queue(None);
            self.free(request.index, None);
            return self.signal(queue, request.fence, condition);
        };
        let number = window.counters().count_rendered();
        let record = window.record(number, request.entered);
        self.queue((request.id != 0).then_some((request.id, number)));
        let result = match self.begin_copy(queue, request.index, &record) {
            Ok(pending) => {
                self.surface.presenter.enqueue(pending);
                condition
            }
            Err(error) => {
                record.note(Moment::Dropped);
                window.drop_one();
                let lost = (error == vk::Result::ERROR_DEVICE_LOST).then_some(error);
                self.free(request.index, lost);
                error
            }
        };
        let result = self.signal(queue, request.fence, result);
        let frames = &Runtime::get().frames;
        if frames.is_held(number) {
            self.surface.finish();
            frames.hold(number);
        }
        record.note(Moment::Left);
        result
    }

    /// Signals a fence behind all that is on a queue.
    fn signal(&self, queue: vk::Queue, fence: vk::Fence, result: vk::Result) -> vk::Result {
        if fence == vk::Fence::null() {
            return result;
        }
        let _using = self.device.using(queue);
        // SAFETY: the program's fence; it keeps its own uses of the queue apart.
        let signalled = unsafe { self.device.next.queue_submit(queue, &[], fence) };
        signalled.err().unwrap_or(result)
    }

    /// Submits the copy of an image.
    fn begin_copy(
        self: &Arc<Self>,
        queue: vk::Queue,
        index: u32,
        record: &Record,
    ) -> Result<Pending, vk::Result> {
        let device = &self.device;
        let lost = vk::Result::ERROR_SURFACE_LOST_KHR;
        let window = self.surface.window.as_ref().ok_or(lost)?;
        let (width, height) = (self.extent.width as u16, self.extent.height as u16);
        let layout = window.layout();
        let stride = layout.stride(width);
        let loan = window.lend(width, height).ok_or(lost)?;
        let mut staging = self.images[index as usize].staging.lock();
        let (buffer, loan) = match device.import(&loan) {
            Some(buffer) => (buffer, Some(loan)),
            None => {
                if staging.is_none() {
                    *staging = Some(Staging::new(device, stride * usize::from(height))?);
                }
                let made = staging.as_ref().map(|staging| staging.buffer);
                (made.ok_or(vk::Result::ERROR_OUT_OF_HOST_MEMORY)?, None)
            }
        };
        drop(staging);
        let row = (stride * 8 / usize::from(layout.bits_per_pixel)) as u32;
        let family = device.family(queue);
        let mut commands = self.commands.lock();
        let commands = match commands.entry(family) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Commands::new(device, family, self.images.len() as u32)?),
        };
        let recorded = [commands.record(self, index, buffer, row)?];
        let submission = vk::SubmitInfo::default().command_buffers(&recorded);
        let copied = self.images[index as usize].copied;
        // SAFETY: the fence's last use is over, since the image was acquired after it; the program keeps its own uses of
        // the queue apart.
        unsafe {
            device.next.reset_fences(&[copied])?;
            let _using = device.using(queue);
            device.next.queue_submit(queue, &[submission], copied)?;
        }
        Ok(Pending {
            swapchain: self.clone(),
            index,
            mode: vk::PresentModeKHR::from_raw(self.mode.load(Ordering::Relaxed)),
            loan,
            record: record.clone(),
        })
    }

    /// Waits until an image has been copied.
    pub fn wait_for_copy(&self, index: u32) -> Result<(), vk::Result> {
        let copied = [self.images[index as usize].copied];
        // SAFETY: a fence of ours, which the copy signals.
        unsafe { self.device.next.wait_for_fences(&copied, true, u64::MAX) }
    }

    /// Copies what the GPU has brought into an image's staging memory.
    pub fn fetch(&self, index: u32, pixels: &mut [u8]) {
        if let Some(staging) = &*self.images[index as usize].staging.lock() {
            let bytes = staging.bytes(&self.device);
            let length = bytes.len().min(pixels.len());
            pixels[..length].copy_from_slice(&bytes[..length]);
        }
    }
}
