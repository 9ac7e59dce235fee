//! EGLDisplays of programs on X11. The program holds the driver's own handle of a display on the 3D side, so whatever
//! we do not know of EGL works on it; what we know of it is kept here by that handle.

use std::collections::HashMap;
use std::ffi::{c_char, c_int};
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use glxrun_display::Window;
use parking_lot::{Mutex, RwLock};
use x11_dl::xlib::Display;

use super::config::{self, Configs};
use super::context::Context;
use super::native::{Native, platform_of};
use super::numbers as egl;
use super::surface::Surface;
use super::{EGLAttrib, EGLBoolean, EGLDisplay, EGLenum, NativeDisplay, TRUE, driver, error, platform};
use crate::runtime::Runtime;

/// What is known of the process's EGL.
#[derive(Default)]
pub struct State {
    displays: RwLock<HashMap<usize, Arc<AppDisplay>>>,
    /// EGL does not work on the 3D side.
    failed: AtomicBool,
    /// In direct mode: the windows of surfaces.
    pub windows: Mutex<HashMap<usize, u32>>,
}

impl State {
    /// The windows that frames go to, of one of the program's X Displays.
    pub fn windows_of(&self, dpy: *mut Display) -> Vec<Arc<Window>> {
        let displays = self.displays.read();
        let surfaces = displays.values().flat_map(|display| {
            display
                .surfaces
                .read()
                .values()
                .filter(|surface| surface.native.is(dpy))
                .cloned()
                .collect::<Vec<_>>()
        });
        surfaces.filter_map(|surface| surface.window().cloned()).collect()
    }
}

/// An EGLDisplay of the program's on X11.
pub struct AppDisplay {
    handle: usize,
    /// The X Display of ours behind it, by address; 0 on a device.
    xlib: usize,
    /// The native displays that it stands for, the newest last. On a device, which has one display, there may be many.
    natives: RwLock<Vec<Arc<Native>>>,
    configs: Mutex<Option<Arc<Configs>>>,
    /// Surfaces of windows and pixmaps by the program's handle.
    pub surfaces: RwLock<HashMap<usize, Arc<Surface>>>,
    /// What is known of contexts, by their handles.
    pub contexts: RwLock<HashMap<usize, Arc<Context>>>,
    /// Extension strings as the program sees them.
    pub strings: Mutex<HashMap<c_int, usize>>,
    /// Whether the program has called eglInitialize, and not eglTerminate since.
    pub initialized: AtomicBool,
    /// Grows with each eglTerminate, which ends the driver's objects.
    pub generation: AtomicU32,
}

impl AppDisplay {
    /// What is known of an EGLDisplay; None for one that is not of X11.
    pub fn find(dpy: EGLDisplay) -> Option<Arc<Self>> {
        Runtime::existing()?.egl.displays.read().get(&(dpy as usize)).cloned()
    }

    /// The driver's handle.
    pub fn handle(&self) -> EGLDisplay {
        self.handle as EGLDisplay
    }

    /// The X Display behind it; null on a device.
    pub fn xlib(&self) -> *mut Display {
        self.xlib as *mut Display
    }

    /// Its native displays, the newest first.
    pub fn natives(&self) -> Vec<Arc<Native>> {
        self.natives.read().iter().rev().cloned().collect()
    }

    /// Its configs, as the program sees them.
    pub fn configs(&self) -> Option<Arc<Configs>> {
        let native = self.natives.read().last().cloned()?;
        let mut configs = self.configs.lock();
        if configs.is_none() {
            *configs = config::read(self, &native).map(Arc::new);
        }
        configs.clone()
    }

    /// A surface of a window or a pixmap by the program's handle.
    pub fn surface(&self, handle: super::EGLSurface) -> Option<Arc<Surface>> {
        self.surfaces.read().get(&(handle as usize)).cloned()
    }

    /// Ends what the program had on it, and initialises it.
    fn start_anew(&self) -> bool {
        self.end();
        platform::initialize(self.handle())
    }

    /// eglTerminate: our surfaces go with the driver's objects. A device's display is not the program's alone (GLX may
    /// render there too), so it lives on.
    pub fn end(&self) -> EGLBoolean {
        // A device's one display may stand for several native ones, which the program initialised and ends one by one.
        if self.natives.read().len() <= 1 {
            self.initialized.store(false, Relaxed);
        }
        let surfaces = std::mem::take(&mut *self.surfaces.write());
        drop(surfaces);
        if self.xlib == 0 {
            return TRUE;
        }
        self.generation.fetch_add(1, Relaxed);
        self.contexts.write().clear();
        *self.configs.lock() = None;
        driver!(eglTerminate(self.handle()))
    }

    fn add(&self, native: Native) {
        let mut natives = self.natives.write();
        natives.retain(|known| known.key() != native.key());
        natives.push(Arc::new(native));
        drop(natives);
        *self.configs.lock() = None;
    }
}

/// The display for a native one; None where the program's own call is to be made.
fn of_native(platform: EGLenum, native: NativeDisplay, screen: Option<c_int>) -> Option<EGLDisplay> {
    let runtime = Runtime::get();
    // Without a 3D side no connection of ours is made to the 2D side either.
    if !platform::is_possible() || runtime.egl.failed.load(Relaxed) {
        return None;
    }
    let native = Native::of_platform(platform, native, screen)?;
    let mut displays = runtime.egl.displays.write();
    // The same native display is the same EGLDisplay (EGL 1.5, 3.2).
    let known = displays
        .values()
        .find(|display| display.natives.read().iter().any(|known| known.key() == native.key()));
    if let Some(known) = known {
        known.add(native);
        return Some(known.handle());
    }
    // One that is left over from a native display that was closed can be used again.
    let unused = displays.values().find(|display| display.natives.read().is_empty());
    if let Some(unused) = unused.filter(|unused| unused.start_anew()) {
        unused.add(native);
        return Some(unused.handle());
    }
    let Some(rendering) = platform::open() else {
        // That has been told, once.
        runtime.egl.failed.store(true, Relaxed);
        return None;
    };
    let display = displays.entry(rendering.display as usize).or_insert_with(|| {
        Arc::new(AppDisplay {
            handle: rendering.display as usize,
            xlib: rendering.xlib as usize,
            natives: RwLock::default(),
            configs: Mutex::default(),
            surfaces: RwLock::default(),
            contexts: RwLock::default(),
            strings: Mutex::default(),
            initialized: AtomicBool::new(false),
            generation: AtomicU32::new(0),
        })
    });
    display.add(native);
    Some(display.handle())
}

/// eglGetDisplay.
pub unsafe fn get(native: NativeDisplay) -> EGLDisplay {
    match platform_of(native).and_then(|platform| of_native(platform, native, None)) {
        Some(display) => {
            error::succeed();
            display
        }
        None => error::theirs(driver!(eglGetDisplay(native))),
    }
}

/// eglGetPlatformDisplay.
pub unsafe fn get_platform(
    platform: EGLenum,
    native: NativeDisplay,
    attribs: *const EGLAttrib,
) -> EGLDisplay {
    match of_native_with(platform, native, pairs(attribs, |value| value as c_int)) {
        Some(display) => display,
        None => error::theirs(driver!(eglGetPlatformDisplay(platform, native, attribs))),
    }
}

/// eglGetPlatformDisplayEXT.
pub unsafe fn get_platform_ext(
    platform: EGLenum,
    native: NativeDisplay,
    attribs: *const c_int,
) -> EGLDisplay {
    match of_native_with(platform, native, pairs(attribs, |value| value)) {
        Some(display) => display,
        None => error::theirs(driver!(eglGetPlatformDisplayEXT(platform, native, attribs))),
    }
}

fn of_native_with(
    platform: EGLenum,
    native: NativeDisplay,
    attributes: Vec<(c_int, c_int)>,
) -> Option<EGLDisplay> {
    if !matches!(platform, egl::PLATFORM_X11 | egl::PLATFORM_XCB) {
        return None;
    }
    let names_screen = |name: &c_int| matches!(*name, egl::PLATFORM_X11_SCREEN | egl::PLATFORM_XCB_SCREEN);
    let screen = attributes.iter().find(|(name, _)| names_screen(name)).map(|(_, value)| *value);
    let display = of_native(platform, native, screen)?;
    error::succeed();
    Some(display)
}

/// The pairs of an attribute list that ends with EGL_NONE; a null list is empty.
pub fn pairs<T: Copy>(list: *const T, convert: impl Fn(T) -> c_int) -> Vec<(c_int, c_int)> {
    let mut found = Vec::new();
    let mut place = list;
    // SAFETY: EGL's lists hold pairs up to the terminator.
    unsafe {
        while !place.is_null() && convert(*place) != egl::NONE {
            found.push((convert(*place), convert(*place.add(1))));
            place = place.add(2);
        }
    }
    found
}

/// The program closes a Display: it must not be asked anything any more.
pub fn closed(dpy: *mut Display) {
    let Some(runtime) = Runtime::existing() else { return };
    for display in runtime.egl.displays.read().values() {
        let had = display.natives.read().iter().any(|native| native.is(dpy));
        if had {
            // Mesa's order: programs close the X connection after eglTerminate, or never.
            let surfaces: Vec<_> = {
                let mut surfaces = display.surfaces.write();
                let gone = |surface: &Arc<Surface>| surface.native.is(dpy);
                let keys: Vec<usize> =
                    surfaces.iter().filter(|(_, surface)| gone(surface)).map(|(&key, _)| key).collect();
                keys.iter().filter_map(|key| surfaces.remove(key)).collect()
            };
            drop(surfaces);
            display.natives.write().retain(|native| {
                let goes = native.is(dpy);
                if goes {
                    native.close();
                }
                !goes
            });
        }
    }
}

/// The driver's string of a display, or of the client for a null one.
pub fn driver_string(dpy: EGLDisplay, name: c_int) -> *const c_char {
    driver!(eglQueryString(dpy, name))
}

/// No display (EGL_NO_DISPLAY).
pub const NO_DISPLAY: EGLDisplay = null_mut();
