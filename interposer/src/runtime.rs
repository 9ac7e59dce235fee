//! What exists once per process: settings, the 3D side, what we know of the program's displays and contexts.
//!
//! Nothing of it is made before the program's first GL call: a program that never uses GL must not notice us.
//! A forked child starts clean: it forgets the parent's runtime (connections and threads do not survive a fork)
//! and makes its own at its own first GL call.

use std::collections::HashMap;
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Weak};

use glxrun_contract::counters::Entry;
use glxrun_contract::frames::Frames;
use glxrun_contract::settings::{Mode, Problem, Settings};
use once_cell::sync::OnceCell;
use parking_lot::{Mutex, RwLock};

use crate::egl;
use crate::frame::choice::Choices;
use crate::frame::cuda;
use crate::frame::ending;
use crate::frame::orders::Orders;
use crate::frame::transfer::Transfers;
use crate::glx::config::{self, Config};
use crate::glx::context::Context;
use crate::glx::display::{AppDisplay, Side2d};
use crate::render::Backend;
use crate::render::egl::EglBackend;
use crate::render::glx::{GlxBackend, OpenError};

/// The environment as it was when the library was loaded; programs may clear theirs.
static SETTINGS: OnceCell<(Settings, Vec<Problem>)> = OnceCell::new();
static DIRECT: AtomicBool = AtomicBool::new(false);
static RUNTIME: AtomicPtr<Runtime> = AtomicPtr::new(std::ptr::null_mut());
/// Held while a runtime is made, and across a fork.
static MAKING: Mutex<()> = Mutex::new(());

/// Reads the environment. Called by the library's constructor.
pub fn snapshot_environment() {
    let (settings, _) = SETTINGS.get_or_init(Settings::from_env);
    DIRECT.store(settings.mode == Mode::Direct, Ordering::Relaxed);
    crate::interpose::start(settings);
}

/// The settings.
pub fn settings() -> &'static Settings {
    &SETTINGS.get_or_init(Settings::from_env).0
}

/// Whether the program draws by itself (`GLXRUN_MODE=direct`) and we only watch its swaps.
#[inline]
pub fn is_direct() -> bool {
    DIRECT.load(Ordering::Relaxed)
}

/// The process's state; never freed.
pub struct Runtime {
    /// The 3D side; None where it could not be used, which has then been reported.
    pub backend: Option<&'static dyn Backend>,
    /// Its configs as the program sees them, by screen.
    configs: RwLock<Vec<&'static [Config]>>,
    /// Contexts by handle.
    pub contexts: RwLock<HashMap<usize, Arc<Context>>>,
    /// The program's Displays by address.
    pub displays: RwLock<HashMap<usize, Arc<AppDisplay>>>,
    /// 2D sides by display name; None where our own connection failed, which has been reported.
    pub sides: Mutex<HashMap<String, Option<Arc<Side2d>>>>,
    /// What is known of the program's EGL displays.
    pub egl: egl::State,
    /// In direct mode: counters of the windows that the program swaps.
    pub watched: Mutex<HashMap<u32, Entry>>,
    /// In which byte order frames are cheapest to read.
    pub orders: Orders,
    /// Which way of reading frames is quickest.
    pub choices: Choices,
    /// Contexts' transfers, to be ended before the process.
    pub transfers: Mutex<Vec<Weak<Transfers>>>,
    /// NVIDIA's CUDA.
    pub cuda: cuda::Starter,
    /// Where frames are counted and recorded.
    pub frames: Frames,
}

impl Runtime {
    /// The runtime, made at the first call.
    pub fn get() -> &'static Self {
        let runtime = RUNTIME.load(Ordering::Acquire);
        // SAFETY: a published runtime is never freed.
        if let Some(runtime) = unsafe { runtime.as_ref() } {
            return runtime;
        }
        let _making = MAKING.lock();
        // SAFETY: as above.
        if let Some(runtime) = unsafe { RUNTIME.load(Ordering::Acquire).as_ref() } {
            return runtime;
        }
        let runtime: &'static Self = Box::leak(Box::new(Self::new()));
        RUNTIME.store(std::ptr::from_ref(runtime).cast_mut(), Ordering::Release);
        runtime
    }

    /// The runtime, if the program has made a GL call.
    pub fn existing() -> Option<&'static Self> {
        // SAFETY: a published runtime is never freed.
        unsafe { RUNTIME.load(Ordering::Acquire).as_ref() }
    }

    fn new() -> Self {
        let (settings, problems) = SETTINGS.get_or_init(Settings::from_env);
        glxrun_contract::logger::start(settings.log);
        for problem in problems {
            log::warn!("{problem}");
        }
        ending::before_drivers();
        let backend = if settings.mode == Mode::Direct { None } else { open_backend(settings) };
        Self {
            backend,
            configs: RwLock::default(),
            contexts: RwLock::default(),
            displays: RwLock::default(),
            sides: Mutex::default(),
            egl: egl::State::default(),
            watched: Mutex::default(),
            orders: Orders::default(),
            choices: Choices::default(),
            transfers: Mutex::default(),
            cuda: cuda::Starter::default(),
            frames: Frames::open(settings),
        }
    }

    /// The configs of a screen of the program's.
    pub fn configs(&self, screen: c_int) -> &'static [Config] {
        let mut tables = self.configs.write();
        let number = screen.max(0) as usize;
        while tables.len() <= number {
            let native = self.backend.map_or(&[][..], |backend| backend.configs());
            let next = tables.len() as c_int;
            tables.push(config::build(native, next, settings()));
        }
        tables[number]
    }

    /// The configs of all screens that have been looked at.
    pub fn all_configs(&self) -> Vec<&'static [Config]> {
        self.configs.read().clone()
    }
}

fn open_backend(settings: &Settings) -> Option<&'static dyn Backend> {
    let opened: Result<&'static dyn Backend, String> = match settings.display3d.as_deref() {
        None => Err(OpenError::Unnamed.to_string()),
        Some(name) if glxrun_devices::is_egl(name) => {
            EglBackend::open(name).map(|egl| egl as _).map_err(|error| error.to_string())
        }
        Some(name) if same_as_program(name) => Err(OpenError::SameDisplay(name.to_owned()).to_string()),
        Some(name) => GlxBackend::open(name).map(|glx| glx as _).map_err(|error| error.to_string()),
    };
    opened.inspect_err(|error| log::error!("{error}. OpenGL is not available to this program")).ok()
}

/// Whether the program's DISPLAY is the same X server: both would then wait for each other.
fn same_as_program(name: &str) -> bool {
    let server = |name: &str| {
        let (host, rest) = name.rsplit_once(':')?;
        let number: u32 = rest.split('.').next()?.parse().ok()?;
        let host = host.strip_suffix('/').map_or(host, |host| host);
        Some((if matches!(host, "unix" | "localhost") { "" } else { host }.to_owned(), number))
    };
    let program = std::env::var("DISPLAY").unwrap_or_default();
    server(name).is_some_and(|name| server(&program) == Some(name))
}

/// Fork support: see [`crate::fork`].
pub mod across_fork {
    use std::cell::RefCell;

    use parking_lot::MutexGuard;

    use super::{MAKING, Ordering, RUNTIME};

    thread_local! {
        static HELD: RefCell<Option<MutexGuard<'static, ()>>> = const { RefCell::new(None) };
    }

    /// Before the fork, in the parent: no runtime may be half made.
    pub fn prepare() {
        // A thread that ends has no thread-locals any more; it makes no runtime either.
        drop(HELD.try_with(|held| held.replace(Some(MAKING.lock()))));
    }

    /// After the fork, in the parent.
    pub fn parent() {
        drop(HELD.try_with(RefCell::take));
    }

    /// After the fork, in the child: the parent's runtime is forgotten, not dropped.
    pub fn child() {
        parent();
        RUNTIME.store(std::ptr::null_mut(), Ordering::Release);
    }
}
