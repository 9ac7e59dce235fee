//! What exists once per process: settings, 2D sides, the program's objects by handle.
//!
//! It is made when the program makes its first instance. A forked child forgets it, as no driver's objects survive a fork,
//! and starts anew with its own first instance.

use std::collections::HashMap;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Once};

use glxrun_contract::clock::Clock;
use glxrun_contract::counters::Entry;
use glxrun_contract::frames::Frames;
use glxrun_contract::settings::{Mode, Settings};
use glxrun_display::Server;
use parking_lot::{Mutex, RwLock};

use crate::device::Device;
use crate::instance::Instance;
use crate::surface::Surface;
use crate::swapchain::Swapchain;

static RUNTIME: AtomicPtr<Runtime> = AtomicPtr::new(std::ptr::null_mut());

/// The process's state; never freed.
pub struct Runtime {
    pub settings: Settings,
    pub frames: Frames,
    /// Instances by the loader's key.
    pub instances: RwLock<HashMap<usize, Arc<Instance>>>,
    /// Devices by the loader's key.
    pub devices: RwLock<HashMap<usize, Arc<Device>>>,
    /// Our surfaces by handle.
    pub surfaces: RwLock<HashMap<u64, Arc<Surface>>>,
    /// Our swapchains by handle.
    pub swapchains: RwLock<HashMap<u64, Arc<Swapchain>>>,
    /// In direct mode: counters of the driver's surfaces and swapchains by handle.
    pub watched: Mutex<HashMap<u64, Entry>>,
    /// 2D sides by display name; None where our own connection failed, which has been told.
    sides: Mutex<HashMap<String, Option<Arc<Server>>>>,
    /// Counters by display name and window: a window whose surface is made anew keeps them.
    entries: Mutex<HashMap<(String, u32), Entry>>,
}

impl Runtime {
    /// The runtime, made at the first call.
    pub fn get() -> &'static Runtime {
        if let Some(runtime) = Runtime::existing() {
            return runtime;
        }
        let (settings, problems) = Settings::from_env();
        glxrun_contract::logger::start(settings.log);
        let runtime = Box::into_raw(Box::new(Runtime {
            frames: Frames::open(&settings),
            settings,
            instances: RwLock::default(),
            devices: RwLock::default(),
            surfaces: RwLock::default(),
            swapchains: RwLock::default(),
            watched: Mutex::default(),
            sides: Mutex::default(),
            entries: Mutex::default(),
        }));
        // No lock, which a fork in another thread would copy as it is held.
        let null = std::ptr::null_mut();
        let made = RUNTIME.compare_exchange(null, runtime, Ordering::AcqRel, Ordering::Acquire);
        match made {
            Ok(_) => {
                problems.iter().for_each(|problem| log::warn!("{problem}"));
                watch_process();
                // SAFETY: published, so never freed.
                unsafe { &*runtime }
            }
            Err(other) => {
                // SAFETY: ours, and nobody else has seen it.
                drop(unsafe { Box::from_raw(runtime) });
                // SAFETY: a published runtime is never freed.
                unsafe { &*other }
            }
        }
    }

    /// The runtime, if the program has made an instance.
    pub fn existing() -> Option<&'static Runtime> {
        // SAFETY: a published runtime is never freed.
        unsafe { RUNTIME.load(Ordering::Acquire).as_ref() }
    }

    /// Whether the program draws by itself and we only count its frames.
    pub fn is_direct(&self) -> bool {
        self.settings.mode == Mode::Direct
    }

    /// The clock of the 2D side's refreshes.
    pub fn refreshes(&self) -> Clock {
        Clock::new(self.settings.refresh_rate)
    }

    /// The 2D side of a display name, connected to at first sight.
    pub fn side(&self, name: &str) -> Option<Arc<Server>> {
        let mut sides = self.sides.lock();
        let connect = || Server::of_program(name, &self.settings);
        sides.entry(name.to_owned()).or_insert_with(connect).clone()
    }

    /// The counters of a window's frames.
    pub fn entry(&self, display: &str, window: u32) -> Entry {
        let mut entries = self.entries.lock();
        entries.entry((display.to_owned(), window)).or_insert_with(|| self.frames.entry(window)).clone()
    }

    /// The instance that a dispatchable handle belongs to.
    pub fn instance(key: usize) -> Option<Arc<Instance>> {
        Runtime::existing()?.instances.read().get(&key).cloned()
    }

    /// The device that a dispatchable handle belongs to.
    pub fn device(key: usize) -> Option<Arc<Device>> {
        Runtime::existing()?.devices.read().get(&key).cloned()
    }

    /// One of our surfaces; None for a driver's.
    pub fn surface(handle: ash::vk::SurfaceKHR) -> Option<Arc<Surface>> {
        use ash::vk::Handle;
        Runtime::existing()?.surfaces.read().get(&handle.as_raw()).cloned()
    }

    /// One of our swapchains; None for a driver's.
    pub fn swapchain(handle: ash::vk::SwapchainKHR) -> Option<Arc<Swapchain>> {
        use ash::vk::Handle;
        Runtime::existing()?.swapchains.read().get(&handle.as_raw()).cloned()
    }
}

/// Has a forked child start clean, and the last frames delivered before the process exits.
fn watch_process() {
    extern "C" fn child() {
        RUNTIME.store(std::ptr::null_mut(), Ordering::Release);
    }
    extern "C" fn exit() {
        let Some(runtime) = Runtime::existing() else { return };
        let surfaces = runtime.surfaces.try_read().map(|all| all.values().cloned().collect::<Vec<_>>());
        surfaces.into_iter().flatten().for_each(|surface| surface.finish());
    }
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: functions that live as long as the process (the library is linked nodelete).
        unsafe {
            libc::pthread_atfork(None, None, Some(child));
            libc::atexit(exit);
        }
    });
}
