//! Surfaces: windows of the program's, made known by Xlib or XCB.

mod answers;
mod queries;

use std::ffi::c_void;
use std::sync::Arc;

use ash::vk::{self, Handle};
use glxrun_display::Window;

use crate::client::Client;
use crate::loader;
use crate::presenter::Presenter;
use crate::runtime::Runtime;

pub use queries::{
    capabilities, capabilities2, capabilities2_ext, formats, formats2, group_present_capabilities,
    group_present_modes, present_modes, rectangles, support, supports_xcb, supports_xlib,
};

/// A window that can be presented to.
pub struct Surface {
    /// The window; None if it did not exist when the surface was made.
    pub window: Option<Arc<Window>>,
    client: Client,
    /// Shows what is presented, one frame after the other.
    pub presenter: Arc<Presenter>,
}

impl Surface {
    /// The window, unless it is gone or its server is.
    pub fn live_window(&self) -> Option<&Arc<Window>> {
        self.window.as_ref().filter(|window| !window.is_gone() && window.server().is_alive())
    }

    /// The window's size once the server has done what the program has asked for.
    fn size_now(&self) -> Option<(u16, u16)> {
        self.live_window()?;
        self.client.round_trip();
        self.window.as_ref()?.server().pump();
        self.live_window().map(|window| window.size())
    }

    /// Waits until all that was presented is on the window, as far as that will be.
    pub fn finish(&self) {
        self.presenter.drain();
        if let Some(window) = self.live_window() {
            window.finish();
        }
    }
}

impl Drop for Surface {
    fn drop(&mut self) {
        self.presenter.stop();
    }
}

/// Makes a surface of a window, and gives its handle. None if there is no connection to its display.
fn make(client: Client, window: u32) -> Option<vk::SurfaceKHR> {
    let runtime = Runtime::get();
    let display = client.display_name()?;
    let side = runtime.side(&display)?;
    // The program may not have sent the request yet that makes the window.
    client.round_trip();
    let watched = side.watch(window, runtime.entry(&display, window));
    let watched = watched.inspect_err(|error| log::warn!("window 0x{window:x} cannot be drawn to: {error}"));
    let window = watched.ok();
    let presenter = Presenter::new(window.clone());
    let surface = Arc::new(Surface { window, client, presenter });
    let handle = Arc::as_ptr(&surface) as u64;
    runtime.surfaces.write().insert(handle, surface);
    Some(vk::SurfaceKHR::from_raw(handle))
}

/// `vkCreateXlibSurfaceKHR`.
pub unsafe extern "system" fn create_xlib(
    instance: vk::Instance,
    info: *const vk::XlibSurfaceCreateInfoKHR,
    allocator: *const vk::AllocationCallbacks,
    surface: *mut vk::SurfaceKHR,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        let client = Client::Xlib((*info).dpy.cast::<c_void>());
        if let Some(made) = make(client, (*info).window as u32) {
            *surface = made;
            return vk::Result::SUCCESS;
        }
        let next =
            Runtime::instance(loader::key(instance)).and_then(|known| known.functions.create_xlib_surface);
        next.map_or(MISSING, |next| next(instance, info, allocator, surface))
    }
}

/// `vkCreateXcbSurfaceKHR`.
pub unsafe extern "system" fn create_xcb(
    instance: vk::Instance,
    info: *const vk::XcbSurfaceCreateInfoKHR,
    allocator: *const vk::AllocationCallbacks,
    surface: *mut vk::SurfaceKHR,
) -> vk::Result {
    // SAFETY: the program passes what the specification says.
    unsafe {
        let client = Client::Xcb((*info).connection.cast::<c_void>());
        if let Some(made) = make(client, (*info).window) {
            *surface = made;
            return vk::Result::SUCCESS;
        }
        let next =
            Runtime::instance(loader::key(instance)).and_then(|known| known.functions.create_xcb_surface);
        next.map_or(MISSING, |next| next(instance, info, allocator, surface))
    }
}

const MISSING: vk::Result = vk::Result::ERROR_EXTENSION_NOT_PRESENT;

/// `vkDestroySurfaceKHR`.
pub unsafe extern "system" fn destroy(
    instance: vk::Instance,
    surface: vk::SurfaceKHR,
    allocator: *const vk::AllocationCallbacks,
) {
    let Some(runtime) = Runtime::existing() else { return };
    let ours = runtime.surfaces.write().remove(&surface.as_raw());
    if let Some(ours) = ours {
        ours.finish();
        return;
    }
    let next = Runtime::instance(loader::key(instance)).and_then(|known| known.functions.destroy_surface);
    if let Some(next) = next {
        // SAFETY: passed on.
        unsafe { next(instance, surface, allocator) };
    }
}
