//! Where the EGL of programs on X11 is rendered: which display of the driver's stands behind theirs.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{null, null_mut};

use x11_dl::xlib::Display;

use super::numbers as egl;
use super::{EGLDisplay, driver};
use crate::interpose::Inside;
use crate::render::glx::open_display;
use crate::runtime::{Runtime, settings};

/// A display of the driver's, initialised.
pub struct Rendering {
    /// Its handle.
    pub display: EGLDisplay,
    /// The X Display of ours behind it; null on a device.
    pub xlib: *mut Display,
}

/// Whether there is a 3D side. Without one, or with one that cannot be used, which has then been told, EGL is the
/// program's own.
pub fn is_possible() -> bool {
    Runtime::get().backend.is_some()
}

/// Opens a display on the 3D side. None where that cannot be, which has then been told.
///
/// With an X server as the 3D side it is EGL's X11 platform there, on a connection of its own, and where that does
/// not work a device. With `egl...` as the 3D side it is the device that the back end has opened.
pub fn open() -> Option<Rendering> {
    let backend = Runtime::get().backend?;
    if let Some(display) = backend.egl_display() {
        return Some(Rendering { display: display as EGLDisplay, xlib: null_mut() });
    }
    let name = settings().display3d.as_deref()?;
    if let Some(rendering) = x11(name) {
        // Mesa's software renderer answers for X servers that NVIDIA's EGL does not know, its GLX does.
        let nvidia = backend.identity().vendor.contains("NVIDIA");
        if !nvidia || string(driver!(eglQueryString(rendering.display, egl::VENDOR))).contains("NVIDIA") {
            return Some(rendering);
        }
        if let Some(device) = device(Wanted::Gpu) {
            log::info!(
                "EGL on the 3D side's display {name:?} is not the GPU's: EGL programs use the GPU's device"
            );
            return Some(device);
        }
        return Some(rendering);
    }
    let found = device(Wanted::Any);
    match &found {
        Some(_) => {
            log::info!("EGL does not work on the 3D side's display {name:?}: EGL programs use an EGL device")
        }
        None => log::error!(
            "EGL works neither on the 3D side's display {name:?} nor on a device. Check it with eglinfo, or install \
             libegl1 and a driver. The program's EGL stays on its own display"
        ),
    }
    found
}

fn x11(name: &str) -> Option<Rendering> {
    let (xlib, dpy) = open_display(name).map_err(|error| log::warn!("{error}")).ok()?;
    let display = platform_display(egl::PLATFORM_X11, dpy.cast());
    if initialize(display) {
        return Some(Rendering { display, xlib: dpy });
    }
    let _inside = Inside::enter();
    // SAFETY: our own Display, which nobody else has seen.
    unsafe { (xlib.XCloseDisplay)(dpy) };
    crate::x11::remove_own(dpy);
    None
}

/// Which devices will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// The first that is no software renderer, else any.
    Any,
    /// One that is no software renderer.
    Gpu,
}

impl Wanted {
    /// The devices to try, best first, by whether each is a software renderer.
    fn order(self, software: &[bool]) -> Vec<usize> {
        let those = |wanted: bool| (0..software.len()).filter(move |&index| software[index] == wanted);
        match self {
            Self::Any => those(false).chain(those(true)).collect(),
            Self::Gpu => those(false).collect(),
        }
    }
}

fn device(wanted: Wanted) -> Option<Rendering> {
    const ROOM: usize = 64;
    let mut devices = [null_mut::<c_void>(); ROOM];
    let mut count: c_int = 0;
    if driver!(api eglQueryDevicesEXT(ROOM as c_int, devices.as_mut_ptr(), &raw mut count)) == 0 {
        return None;
    }
    let devices = &devices[..usize::try_from(count).unwrap_or(0).min(ROOM)];
    let software: Vec<bool> = devices
        .iter()
        .map(|&device| {
            let extensions = string(driver!(api eglQueryDeviceStringEXT(device, egl::EXTENSIONS)));
            extensions.split(' ').any(|name| name == "EGL_MESA_device_software")
        })
        .collect();
    wanted.order(&software).into_iter().find_map(|index| {
        let display = platform_display(egl::PLATFORM_DEVICE, devices[index]);
        initialize(display).then_some(Rendering { display, xlib: null_mut() })
    })
}

fn platform_display(platform: u32, native: *mut c_void) -> EGLDisplay {
    let display = driver!(eglGetPlatformDisplayEXT(platform, native, null()));
    if display.is_null() { driver!(eglGetPlatformDisplay(platform, native, null())) } else { display }
}

/// eglInitialize.
pub fn initialize(display: EGLDisplay) -> bool {
    !display.is_null() && driver!(eglInitialize(display, null_mut(), null_mut())) != 0
}

/// A string of the driver's.
pub fn string(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: EGL gives static C strings.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    #[test]
    fn a_gpu_comes_before_a_software_renderer() {
        assert_eq!(Wanted::Any.order(&[true, false, false]), [1, 2, 0]);
        assert_eq!(Wanted::Gpu.order(&[true]), []);
    }
}
