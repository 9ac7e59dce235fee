//! NVIDIA's CUDA, where it is installed: memory that GL reads frames into and that the GPU's copy engine empties straight
//! into shared memory or onto the screen, so that no CPU touches a pixel.
//!
//! libcuda is loaded once frames are seen to come from an NVIDIA GPU, and initialised (a quarter of a second) in a thread of
//! its own. The program may use CUDA too: we have a context of our own, which is current in a thread of the program's for
//! the length of a call at most.

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr::{NonNull, null_mut};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use glxrun_display::{Registration, Rows};
use libloading::os::unix::{Library, RTLD_LAZY, RTLD_LOCAL};
use parking_lot::{Condvar, Mutex, RwLock};

use crate::runtime::Runtime;

/// CUDA's handles: contexts and streams.
type Handle = *mut c_void;

/// CUmemLocation.
#[repr(C)]
#[derive(Clone, Copy)]
struct Location {
    kind: c_int,
    id: c_int,
}

/// CUmemAllocationProp.
#[repr(C)]
struct Properties {
    kind: c_int,
    handle_types: c_int,
    location: Location,
    windows: *mut c_void,
    flags: [u8; 8],
}

/// CUmemAccessDesc.
#[repr(C)]
struct Access {
    location: Location,
    flags: c_int,
}

/// CUDA_MEMCPY2D.
#[repr(C)]
struct Copy2D {
    source_x: usize,
    source_y: usize,
    source_kind: c_int,
    source_host: *const c_void,
    source_device: u64,
    source_array: Handle,
    source_pitch: usize,
    target_x: usize,
    target_y: usize,
    target_kind: c_int,
    target_host: *mut c_void,
    target_device: u64,
    target_array: Handle,
    target_pitch: usize,
    width: usize,
    height: usize,
}

const HOST: c_int = 1;
const DEVICE: c_int = 2;
const PINNED: c_int = 1;
const POSIX_DESCRIPTOR: c_int = 1;
const READ_WRITE: c_int = 3;
const NON_BLOCKING: c_uint = 1;
const NOT_READY: c_int = 600;
/// Registered for all contexts.
const PORTABLE: c_uint = 1;

/// Frames before it is started.
const WORTH_STARTING: u64 = 20;
/// What the fastest bus carries: PCI Express 5 with 16 lanes.
const BYTES_A_NANOSECOND: u64 = 60;
/// What a sleep may last longer than it should.
const SHORT: Duration = Duration::from_micros(60);

macro_rules! functions {
    ($(fn $field:ident = $name:literal($($type:ty),*);)*) => {
        /// libcuda's functions; each gives 0 or an error.
        struct Api { $($field: unsafe extern "C" fn($($type),*) -> c_int,)* }

        impl Api {
            /// The functions, if the library and all of them are there.
            fn load() -> Option<Self> {
                // SAFETY: libcuda may be loaded by anyone at any time.
                let library = unsafe { Library::open(Some("libcuda.so.1"), RTLD_LAZY | RTLD_LOCAL) }.ok()?;
                // It stays loaded: its functions are called until the process ends.
                let handle = library.into_raw();
                let find = |name: &CStr| {
                    // SAFETY: a live handle.
                    let address = unsafe { crate::dl::symbol(handle, name) };
                    (!address.is_null()).then_some(address)
                };
                Some(Self {
                    // SAFETY: the function of that name has that type (cuda.h).
                    $($field: unsafe { std::mem::transmute::<
                        *mut c_void, unsafe extern "C" fn($($type),*) -> c_int
                    >(find($name)?) },)*
                })
            }
        }
    };
}

functions! {
    fn init = c"cuInit"(c_uint);
    fn device_count = c"cuDeviceGetCount"(*mut c_int);
    fn device = c"cuDeviceGet"(*mut c_int, c_int);
    fn uuid = c"cuDeviceGetUuid"(*mut [u8; 16], c_int);
    fn create_context = c"cuCtxCreate_v2"(*mut Handle, c_uint, c_int);
    fn push = c"cuCtxPushCurrent_v2"(Handle);
    fn pop = c"cuCtxPopCurrent_v2"(*mut Handle);
    fn create_stream = c"cuStreamCreate"(*mut Handle, c_uint);
    fn query = c"cuStreamQuery"(Handle);
    fn granularity = c"cuMemGetAllocationGranularity"(*mut usize, *const Properties, c_uint);
    fn create = c"cuMemCreate"(*mut u64, usize, *const Properties, u64);
    fn release = c"cuMemRelease"(u64);
    fn export = c"cuMemExportToShareableHandle"(*mut c_int, u64, c_int, u64);
    fn reserve = c"cuMemAddressReserve"(*mut u64, usize, usize, u64, u64);
    fn free_address = c"cuMemAddressFree"(u64, usize);
    fn map = c"cuMemMap"(u64, usize, usize, u64, u64);
    fn unmap = c"cuMemUnmap"(u64, usize);
    fn set_access = c"cuMemSetAccess"(u64, usize, *const Access, usize);
    fn register = c"cuMemHostRegister_v2"(*mut c_void, usize, c_uint);
    fn unregister = c"cuMemHostUnregister"(*mut c_void);
    fn copy = c"cuMemcpy2DAsync_v2"(*const Copy2D, Handle);
}

/// A GPU by CUDA, ready for use.
struct Cuda {
    api: Api,
    uuid: [u8; 16],
    device: c_int,
    context: Handle,
    stream: Handle,
    granularity: usize,
    /// Whether it must not be called any more. Locked to read during calls.
    ended: RwLock<bool>,
}

// SAFETY: CUDA's handles belong to the process; its functions may be called in any thread.
unsafe impl Send for Cuda {}
// SAFETY: as above.
unsafe impl Sync for Cuda {}

impl Cuda {
    /// Opens the GPU that has this UUID. The error says which step failed.
    fn open(uuid: [u8; 16]) -> Result<Self, String> {
        let api = Api::load().ok_or("libcuda.so.1 cannot be loaded")?;
        super::transfer::watch_exit();
        let ok = |step: &str, error: c_int| match error {
            0 => Ok(()),
            error => Err(format!("{step} failed with CUDA error {error}")),
        };
        let mut count = 0;
        // SAFETY: places for what is asked, which outlive the calls.
        unsafe {
            ok("cuInit", (api.init)(0))?;
            // Its handlers for the process's end are there by now, and would end it while we go on.
            super::transfer::watch_exit();
            ok("cuDeviceGetCount", (api.device_count)(&raw mut count))?;
        }
        let is_it = |device: &c_int| {
            let mut its = [0; 16];
            // SAFETY: as above.
            unsafe { (api.uuid)(&raw mut its, *device) == 0 && its == uuid }
        };
        let device = (0..count)
            .filter_map(|index| {
                let mut device = 0;
                // SAFETY: as above.
                (unsafe { (api.device)(&raw mut device, index) } == 0).then_some(device)
            })
            .find(is_it)
            .ok_or("CUDA does not have the GPU that renders")?;
        let (mut context, mut stream, mut granularity) = (null_mut(), null_mut(), 0);
        // SAFETY: as above.
        unsafe {
            // It becomes current in this thread, which ends.
            ok("cuCtxCreate", (api.create_context)(&raw mut context, 0, device))?;
            ok("cuStreamCreate", (api.create_stream)(&raw mut stream, NON_BLOCKING))?;
            let properties = properties(device);
            ok(
                "cuMemGetAllocationGranularity",
                (api.granularity)(&raw mut granularity, &raw const properties, 0),
            )?;
        }
        Ok(Self {
            api,
            uuid,
            device,
            context,
            stream,
            granularity: granularity.max(1),
            ended: RwLock::new(false),
        })
    }

    /// Runs `work` with our context current in this thread; not when the process ends.
    fn with<T>(&self, work: impl FnOnce(&Api) -> T) -> Option<T> {
        // Not while a writer waits, which would then wait for us: calls do not nest.
        let ended = self.ended.try_read()?;
        if *ended {
            return None;
        }
        // SAFETY: a live context; what was current is so again afterwards.
        if unsafe { (self.api.push)(self.context) } != 0 {
            return None;
        }
        let result = work(&self.api);
        let mut popped = null_mut();
        // SAFETY: as above.
        unsafe { (self.api.pop)(&raw mut popped) };
        Some(result)
    }

    /// Waits for a copy of so many bytes, in `with`. CUDA's own waiting keeps a CPU busy, or takes half as long again; this sleeps
    /// while the bus is certainly busy, and then looks.
    fn wait(&self, bytes: usize) -> bool {
        let busy = Duration::from_nanos(bytes as u64 / BYTES_A_NANOSECOND);
        if busy > SHORT {
            thread::sleep(busy - SHORT);
        }
        loop {
            // SAFETY: a live stream.
            match unsafe { (self.api.query)(self.stream) } {
                0 => return true,
                NOT_READY => std::hint::spin_loop(),
                _ => return false,
            }
        }
    }

    /// Registers memory of ours, so that the GPU can copy to it by itself.
    fn register(&'static self, start: NonNull<u8>, length: usize) -> Option<Registration> {
        let began = Instant::now();
        // SAFETY: the mapping lives until the registration is dropped.
        let error = self.with(|api| unsafe { (api.register)(start.as_ptr().cast(), length, PORTABLE) })?;
        log::debug!("CUDA registers {length} bytes: {error}, in {:?}", began.elapsed());
        (error == 0).then(|| Box::new(Registered { cuda: self, start: start.as_ptr() as usize }) as _)
    }
}

fn properties(device: c_int) -> Properties {
    Properties {
        kind: PINNED,
        handle_types: POSIX_DESCRIPTOR,
        location: Location { kind: 1, id: device },
        windows: null_mut(),
        flags: [0; 8],
    }
}

/// Memory that CUDA knows; dropped before it is unmapped.
struct Registered {
    cuda: &'static Cuda,
    start: usize,
}

impl Drop for Registered {
    fn drop(&mut self) {
        // SAFETY: registered once, and not yet unmapped.
        self.cuda.with(|api| unsafe { (api.unregister)(self.start as *mut _) });
    }
}

/// Memory on the GPU that GL may have as a buffer too.
pub struct Memory {
    cuda: &'static Cuda,
    address: u64,
    size: usize,
}

impl Memory {
    /// At least `length` bytes on the GPU of that UUID, and a descriptor to import them with. None where CUDA is not ready.
    pub fn new(uuid: [u8; 16], length: usize) -> Option<(Self, OwnedFd)> {
        let cuda = Runtime::get().cuda.get(uuid)?;
        let size = length.next_multiple_of(cuda.granularity);
        let properties = properties(cuda.device);
        let access = Access { location: properties.location, flags: READ_WRITE };
        let (mut handle, mut address, mut descriptor) = (0, 0, -1);
        cuda.with(|api| {
            // SAFETY: places for what is asked, which outlive the calls.
            unsafe {
                if (api.create)(&raw mut handle, size, &raw const properties, 0) != 0 {
                    return None;
                }
                let exported = (api.export)(&raw mut descriptor, handle, POSIX_DESCRIPTOR, 0) == 0;
                let reserved = (api.reserve)(&raw mut address, size, 0, 0, 0) == 0;
                let mapped = reserved && (api.map)(address, size, 0, handle, 0) == 0;
                // What is mapped or exported keeps the memory.
                (api.release)(handle);
                let usable = mapped && (api.set_access)(address, size, &raw const access, 1) == 0;
                if mapped && !usable {
                    (api.unmap)(address, size);
                }
                if reserved && !usable {
                    (api.free_address)(address, size);
                }
                let descriptor = exported.then(|| OwnedFd::from_raw_fd(descriptor));
                let memory = usable.then_some(Self { cuda, address, size });
                memory.zip(descriptor)
            }
        })?
    }

    /// Bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Has the GPU copy rows of `stride` bytes to `rows`; waits for it.
    pub fn copy(&self, stride: usize, rows: &Rows) -> bool {
        // Where registering fails, CUDA copies through memory of its own.
        rows.register(|start, length| self.cuda.register(start, length));
        let copy = Copy2D {
            source_x: 0,
            source_y: 0,
            source_kind: DEVICE,
            source_host: std::ptr::null(),
            source_device: self.address,
            source_array: null_mut(),
            source_pitch: stride,
            target_x: 0,
            target_y: 0,
            target_kind: HOST,
            target_host: rows.start().as_ptr().cast(),
            target_device: 0,
            target_array: null_mut(),
            target_pitch: rows.stride(),
            width: stride.min(rows.length()),
            height: rows.count(),
        };
        let copied = self.cuda.with(|api| {
            // SAFETY: the memory has that many rows, and `rows` are ours to write until this returns.
            unsafe {
                (api.copy)(&raw const copy, self.cuda.stream) == 0 && self.cuda.wait(copy.width * copy.height)
            }
        });
        copied == Some(true)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: mapped once, and nobody copies from it any more.
        self.cuda.with(|api| unsafe {
            (api.unmap)(self.address, self.size);
            (api.free_address)(self.address, self.size);
        });
    }
}

/// The process's CUDA.
#[derive(Default)]
pub struct Starter {
    /// How often it was asked for.
    asked: AtomicU64,
    /// Whether it is being started.
    starting: Mutex<bool>,
    changed: Condvar,
    opened: OnceLock<Option<&'static Cuda>>,
    given_up: AtomicBool,
}

impl Starter {
    fn get(&self, uuid: [u8; 16]) -> Option<&'static Cuda> {
        self.opened.get().copied().flatten().filter(|cuda| cuda.uuid == uuid)
    }

    /// Whether memory can be had on the GPU with this UUID. Asked for each frame, it starts CUDA once there have been a few, in a
    /// thread of its own: a program that ends after the first ones would only have to wait for it.
    pub fn is_ready(&'static self, uuid: [u8; 16]) -> bool {
        if self.asked.fetch_add(1, Relaxed) == WORTH_STARTING {
            self.start(uuid);
        }
        !self.given_up.load(Relaxed) && self.get(uuid).is_some()
    }

    /// It does not work after all.
    pub fn give_up(&self) {
        log::info!("CUDA's memory cannot be used for frames: they go through pixel buffers");
        self.given_up.store(true, Relaxed);
    }

    fn start(&'static self, uuid: [u8; 16]) {
        *self.starting.lock() = true;
        let open = move || {
            let _inside = crate::interpose::Inside::enter();
            let opened = Cuda::open(uuid)
                .inspect_err(|reason| log::info!("CUDA is not used for frames: {reason}"))
                .ok();
            // CUDA's own handlers for the process's end are there by now.
            super::transfer::watch_exit();
            let _ = self.opened.set(opened.map(|cuda| &*Box::leak(Box::new(cuda))));
            *self.starting.lock() = false;
            self.changed.notify_all();
        };
        let thread = thread::Builder::new().name("glxrun-cuda".into());
        if let Err(error) = thread.spawn(move || crate::signals::blocked(open)) {
            log::info!("CUDA is not used for frames: no thread to start it in ({error})");
            *self.starting.lock() = false;
        }
    }

    /// The process ends, and CUDA with it: nothing of it is called from here on, and what is left goes with the process.
    /// Waits for calls under way, up to that time.
    pub fn end(&self, timeout: Duration) {
        let until = Instant::now() + timeout;
        {
            let mut starting = self.starting.lock();
            while *starting && !self.changed.wait_until(&mut starting, until).timed_out() {}
        }
        if let Some(Some(cuda)) = self.opened.get()
            && let Some(mut ended) = cuda.ended.try_write_until(until)
        {
            *ended = true;
        }
    }
}
