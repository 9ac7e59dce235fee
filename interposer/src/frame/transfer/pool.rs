//! Buffers of a context that frames are read into on the GPU's side, and how their pixels get from there to rows.

use std::ffi::c_uint;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use glxrun_display::Rows;
use parking_lot::{Mutex, RwLock};

use crate::frame::cuda;
use crate::frame::strategy::Way;
use crate::gl::api::{self, gl};
use crate::gl::features::Features;
use crate::gl::state::PackBuffer;

/// Free buffers that are kept.
const KEPT: usize = 6;

/// Where a buffer's memory is, for threads without a context.
enum Memory {
    /// Mapped here for good.
    Mapped(NonNull<u8>),
    /// CUDA's too, with the GL's name of it.
    Cuda(cuda::Memory, c_uint),
}

/// A buffer object.
pub struct Buffer {
    name: c_uint,
    capacity: usize,
    memory: Memory,
}

// SAFETY: the mapping is the process's, not a thread's; who reads from it when is the pool's rule.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// Makes one of `capacity` bytes in the current context. None if that fails.
    fn new(features: &Features, way: Way, capacity: usize) -> Option<Self> {
        let name = new_name(features);
        let size = isize::try_from(capacity).ok()?;
        let _bound = PackBuffer::bind(name);
        let memory = match way {
            Way::Cuda => {
                let (memory, descriptor) = cuda::Memory::new(features.shared_memory?, capacity)?;
                let mut object = 0;
                gl!(glCreateMemoryObjectsEXT(1, &raw mut object));
                // Otherwise NVIDIA's driver may write it compressed, which CUDA does not know of: one sector in four is right.
                let dedicated = 1;
                gl!(glMemoryObjectParameterivEXT(object, api::DEDICATED_MEMORY_OBJECT, &raw const dedicated));
                // GL closes the descriptor.
                gl!(glImportMemoryFdEXT(
                    object,
                    memory.size() as u64,
                    api::HANDLE_TYPE_OPAQUE_FD,
                    std::os::fd::IntoRawFd::into_raw_fd(descriptor)
                ));
                gl!(glBufferStorageMemEXT(api::PIXEL_PACK_BUFFER, size, object, 0));
                Memory::Cuda(memory, object)
            }
            Way::Direct | Way::Pbo => {
                let access = api::MAP_READ_BIT | api::MAP_PERSISTENT_BIT | api::MAP_COHERENT_BIT;
                gl!(glBufferStorage(
                    api::PIXEL_PACK_BUFFER,
                    size,
                    std::ptr::null(),
                    access | api::CLIENT_STORAGE_BIT
                ));
                // SAFETY: the buffer is bound and has been given storage that may be mapped like this.
                let start = api::glMapBufferRange.get().map_or(std::ptr::null_mut(), |map| unsafe {
                    map(api::PIXEL_PACK_BUFFER, 0, size, access)
                });
                Memory::Mapped(NonNull::new(start.cast())?)
            }
        };
        Some(Self { name, capacity, memory })
    }

    /// The GL's name.
    pub fn name(&self) -> c_uint {
        self.name
    }

    fn way(&self) -> Way {
        match self.memory {
            Memory::Mapped(_) => Way::Pbo,
            Memory::Cuda(..) => Way::Cuda,
        }
    }

    /// Copies rows of `stride` bytes out of it; `flip`: the first one is the lowest.
    fn copy(&self, stride: usize, flip: bool, rows: &Rows) -> bool {
        if stride * rows.count() > self.capacity {
            return false;
        }
        match &self.memory {
            Memory::Mapped(start) => {
                // SAFETY: the mapping has that many bytes, which the GPU has written and nobody writes to now.
                let bytes = unsafe { std::slice::from_raw_parts(start.as_ptr(), stride * rows.count()) };
                let last = rows.count().wrapping_sub(1);
                for (y, row) in bytes.chunks_exact(stride).enumerate() {
                    rows.write(if flip { last - y } else { y }, row);
                }
                true
            }
            // What is upside down is turned round on the GPU.
            Memory::Cuda(memory, _) => !flip && memory.copy(stride, rows),
        }
    }
}

/// A name for a buffer. Where programs may make up their own, they start from 1, so ours are from the other end.
pub fn new_name(features: &Features) -> c_uint {
    static NEXT: AtomicU32 = AtomicU32::new(0xF7A0_0001);
    if features.free_names {
        return NEXT.fetch_add(1, Relaxed);
    }
    let mut name = 0;
    gl!(glGenBuffers(1, &raw mut name));
    name
}

/// The buffers of one context.
#[derive(Default)]
pub struct Pool {
    free: Mutex<Vec<Buffer>>,
    /// To be deleted where the context is current.
    retired: Mutex<Vec<Buffer>>,
    /// Whether the memory may be gone. Locked to read while somebody copies.
    closed: RwLock<bool>,
}

impl Pool {
    /// A buffer of at least `length` bytes. The context is current in the calling thread.
    pub fn take(&self, features: &Features, way: Way, length: usize) -> Option<Buffer> {
        self.delete_retired();
        loop {
            let Some(buffer) = self.free.lock().pop() else { break };
            let is_waste = buffer.capacity > length.saturating_mul(4).max(1 << 20);
            if buffer.way() == way && buffer.capacity >= length && !is_waste {
                return Some(buffer);
            }
            self.retired.lock().push(buffer);
        }
        // With some slack: a window that is being enlarged does not need new ones for every pixel.
        let step = (length.next_power_of_two() / 8).max(64 << 10);
        Buffer::new(features, way, length.next_multiple_of(step))
    }

    /// A buffer is no longer needed.
    pub fn give_back(&self, buffer: Buffer) {
        let mut free = self.free.lock();
        if free.len() < KEPT {
            free.push(buffer);
        } else {
            drop(free);
            self.retired.lock().push(buffer);
        }
    }

    /// Deletes all buffers that are not in use. A context of the share group is current.
    pub fn clear(&self) {
        let free = std::mem::take(&mut *self.free.lock());
        self.retired.lock().extend(free);
        self.delete_retired();
    }

    fn delete_retired(&self) {
        for buffer in std::mem::take(&mut *self.retired.lock()) {
            gl!(glDeleteBuffers(1, &raw const buffer.name));
            if let Memory::Cuda(_, object) = &buffer.memory {
                gl!(glDeleteMemoryObjectsEXT(1, &raw const *object));
            }
        }
    }

    /// Copies a buffer's pixels, unless its memory is gone.
    pub fn copy(&self, buffer: &Buffer, stride: usize, flip: bool, rows: &Rows) -> bool {
        let closed = self.closed.read();
        !*closed && buffer.copy(stride, flip, rows)
    }

    /// Whether nothing can be copied any more.
    pub fn is_closed(&self) -> bool {
        self.closed.try_read().is_none_or(|closed| *closed)
    }

    /// From now on nobody touches the memory. Waits for who does, up to that time.
    pub fn close(&self, timeout: Duration) {
        if let Some(mut closed) = self.closed.try_write_until(Instant::now() + timeout) {
            *closed = true;
        }
    }
}
