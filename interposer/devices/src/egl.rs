//! The few EGL functions that devices are asked with, and the devices.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::path::{Path, PathBuf};

use crate::diagnosis::Machine;

const EXTENSIONS: c_int = 0x3055;
/// EGL_EXT_platform_device.
const PLATFORM_DEVICE: c_uint = 0x313F;
/// EGL_EXT_device_drm.
const DRM_DEVICE_FILE: c_int = 0x3233;
/// EGL_EXT_device_drm_render_node.
const DRM_RENDER_NODE_FILE: c_int = 0x3377;
/// EGL_EXT_device_persistent_id.
const DEVICE_UUID: c_int = 0x335C;

type GetProcAddress = unsafe extern "C" fn(*const c_char) -> *mut c_void;
type QueryString = unsafe extern "C" fn(*mut c_void, c_int) -> *const c_char;
type GetError = unsafe extern "C" fn() -> c_int;
type Initialize = unsafe extern "C" fn(*mut c_void, *mut c_int, *mut c_int) -> c_uint;
type QueryDevices = unsafe extern "C" fn(c_int, *mut *mut c_void, *mut c_int) -> c_uint;
type QueryDeviceString = unsafe extern "C" fn(*mut c_void, c_int) -> *const c_char;
type QueryDeviceBinary = unsafe extern "C" fn(*mut c_void, c_int, c_int, *mut c_void, *mut c_int) -> c_uint;
type GetPlatformDisplay = unsafe extern "C" fn(c_uint, *mut c_void, *const c_int) -> *mut c_void;

/// Why EGL has no devices to offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// libEGL is not the one of EGL 1.0 to 1.5: a function is missing.
    NotEgl,
    /// It offers no device platform (EGL_EXT_device_enumeration, EGL_EXT_platform_device).
    NoDevicePlatform,
    /// It knows no device at all.
    NoDevices,
}

/// EGL as far as devices go.
pub struct Egl {
    query_string: QueryString,
    get_error: GetError,
    initialize: Initialize,
    query_devices: QueryDevices,
    query_device_string: QueryDeviceString,
    query_device_binary: Option<QueryDeviceBinary>,
    get_platform_display: GetPlatformDisplay,
}

/// A device of EGL's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its place in EGL's list, from 0.
    pub index: usize,
    /// The EGLDeviceEXT.
    pub handle: usize,
    /// It renders on the CPU.
    pub software: bool,
    /// It is NVIDIA's, which NVIDIA_VISIBLE_DEVICES may hide.
    pub nvidia: bool,
    /// Its DRM node, /dev/dri/..., where it has one that EGL tells.
    pub node: Option<PathBuf>,
    /// Its PCI address, such as 0000:00:06.0.
    pub pci: Option<String>,
    /// Its UUID as NVIDIA's tools write it, GPU-........-....-....-....-............
    pub uuid: Option<String>,
}

/// An EGLDisplay that [`Egl::display`] gave.
#[derive(Clone, Copy, Debug)]
pub struct Display(*mut c_void);

impl Display {
    /// The handle.
    pub fn raw(self) -> *mut c_void {
        self.0
    }
}

/// Turns an address into a function pointer.
///
/// # Safety
/// The address is that of a function of type `F`, or null.
pub unsafe fn function<F: Copy>(address: *mut c_void) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>(), "F is a function pointer") };
    // SAFETY: the caller's contract.
    (!address.is_null()).then(|| unsafe { std::mem::transmute_copy::<*mut c_void, F>(&address) })
}

pub fn text(string: *const c_char) -> Option<String> {
    // SAFETY: EGL gives static C strings or null.
    (!string.is_null()).then(|| unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned())
}

/// Where EGL's functions are.
pub struct Symbols {
    symbol: Box<dyn Fn(&CStr) -> *mut c_void>,
}

impl Symbols {
    /// From a function that finds symbols of libEGL.so.1 by name (null for what is not there).
    pub fn new(symbol: impl Fn(&CStr) -> *mut c_void + 'static) -> Self {
        Self { symbol: Box::new(symbol) }
    }

    /// A function that the library exports.
    pub fn find(&self, name: &CStr) -> *mut c_void {
        (self.symbol)(name)
    }

    /// A function of an extension or of OpenGL (eglGetProcAddress).
    pub fn extension(&self, name: &CStr) -> *mut c_void {
        // SAFETY: EGL's function of this type, with a C string.
        unsafe {
            match function::<GetProcAddress>(self.find(c"eglGetProcAddress")) {
                Some(lookup) => lookup(name.as_ptr()),
                None => std::ptr::null_mut(),
            }
        }
    }
}

impl Egl {
    /// EGL, if it has what devices need.
    pub fn new(symbols: &Symbols) -> Result<Self, Unusable> {
        // SAFETY: the names and types are those of EGL's headers.
        unsafe {
            let required = Unusable::NotEgl;
            let query_string: QueryString = function(symbols.find(c"eglQueryString")).ok_or(required)?;
            let client = text(query_string(std::ptr::null_mut(), EXTENSIONS)).unwrap_or_default();
            let has = |name: &str| client.split_whitespace().any(|extension| extension == name);
            let enumerates = has("EGL_EXT_device_enumeration") || has("EGL_EXT_device_base");
            if !enumerates || !has("EGL_EXT_platform_device") {
                return Err(Unusable::NoDevicePlatform);
            }
            let missing = Unusable::NoDevicePlatform;
            Ok(Self {
                query_string,
                get_error: function(symbols.find(c"eglGetError")).ok_or(required)?,
                initialize: function(symbols.find(c"eglInitialize")).ok_or(required)?,
                query_devices: function(symbols.extension(c"eglQueryDevicesEXT")).ok_or(missing)?,
                query_device_string: function(symbols.extension(c"eglQueryDeviceStringEXT"))
                    .ok_or(missing)?,
                query_device_binary: function(symbols.extension(c"eglQueryDeviceBinaryEXT")),
                get_platform_display: function(symbols.extension(c"eglGetPlatformDisplayEXT"))
                    .ok_or(missing)?,
            })
        }
    }

    /// All devices, in EGL's order.
    pub fn devices(&self, machine: &Machine) -> Result<Vec<Device>, Unusable> {
        let mut count = 0;
        // SAFETY: a query of the number alone.
        let asked = unsafe { (self.query_devices)(0, std::ptr::null_mut(), &raw mut count) };
        if asked == 0 || count <= 0 {
            return Err(Unusable::NoDevices);
        }
        let mut handles = vec![std::ptr::null_mut(); count as usize];
        // SAFETY: an array of `count` places.
        let told = unsafe { (self.query_devices)(count, handles.as_mut_ptr(), &raw mut count) };
        if told == 0 {
            return Err(Unusable::NoDevices);
        }
        handles.truncate(count.max(0) as usize);
        Ok(handles
            .into_iter()
            .enumerate()
            .map(|(index, handle)| self.device(index, handle, machine))
            .collect())
    }

    fn device(&self, index: usize, handle: *mut c_void, machine: &Machine) -> Device {
        // SAFETY: a device that EGL has just given.
        let string = |name: c_int| text(unsafe { (self.query_device_string)(handle, name) });
        let extensions = string(EXTENSIONS).unwrap_or_default();
        let has = |name: &str| extensions.split_whitespace().any(|extension| extension == name);
        let software = has("EGL_MESA_device_software");
        let mut node = None;
        // Mesa's software device claims a node that it does not have.
        if !software {
            let render =
                has("EGL_EXT_device_drm_render_node").then(|| string(DRM_RENDER_NODE_FILE)).flatten();
            let primary = || has("EGL_EXT_device_drm").then(|| string(DRM_DEVICE_FILE)).flatten();
            node = render.or_else(primary).map(PathBuf::from);
        }
        let uuid = has("EGL_EXT_device_persistent_id").then(|| self.uuid(handle)).flatten();
        let pci = node
            .as_deref()
            .and_then(|node| machine.pci_of_node(node))
            .or_else(|| machine.pci_of_nvidia(uuid.as_deref()?));
        let nvidia = has("EGL_NV_device_cuda");
        while self.pending_error() {}
        Device { index, handle: handle as usize, software, nvidia, node, pci, uuid }
    }

    /// Fetches an error that a query left, so that nobody else finds it.
    fn pending_error(&self) -> bool {
        const SUCCESS: c_int = 0x3000;
        // SAFETY: no arguments.
        unsafe { (self.get_error)() != SUCCESS }
    }

    fn uuid(&self, handle: *mut c_void) -> Option<String> {
        let query = self.query_device_binary?;
        let mut bytes = [0_u8; 16];
        let mut size = 0;
        // SAFETY: 16 bytes of space, as is said.
        let known = unsafe {
            query(handle, DEVICE_UUID, bytes.len() as c_int, bytes.as_mut_ptr().cast(), &raw mut size)
        };
        (known != 0 && size == 16).then(|| format_uuid(&bytes))
    }

    /// The EGLDisplay of a device, not initialised; null where EGL gives none. The same for each call.
    pub fn display(&self, device: &Device) -> Display {
        self.display_with(device, std::ptr::null())
    }

    /// Another EGLDisplay of a device, for a forked child: what the parent initialised works with threads that did not
    /// survive the fork. EGL tells displays apart by their attributes, and to Mesa an empty list is not none.
    pub fn second_display(&self, device: &Device) -> Display {
        const NONE: c_int = 0x3038;
        self.display_with(device, [NONE].as_ptr())
    }

    fn display_with(&self, device: &Device, attributes: *const c_int) -> Display {
        let handle = device.handle as *mut c_void;
        // SAFETY: a device of this EGL, a terminated list or none.
        Display(unsafe { (self.get_platform_display)(PLATFORM_DEVICE, handle, attributes) })
    }

    /// Initialises a display; the EGL error on failure.
    pub fn initialize(&self, display: Display) -> Result<(i32, i32), i32> {
        let (mut major, mut minor) = (0, 0);
        // SAFETY: a display of `Self::display` and out parameters.
        unsafe {
            match (self.initialize)(display.0, &raw mut major, &raw mut minor) {
                0 => Err((self.get_error)()),
                _ => Ok((major, minor)),
            }
        }
    }

    /// A string of an initialised display (EGL_VENDOR, EGL_VERSION, EGL_EXTENSIONS).
    pub fn string(&self, display: Display, name: i32) -> Option<String> {
        // SAFETY: an initialised display.
        text(unsafe { (self.query_string)(display.0, name) })
    }
}

impl Device {
    /// How messages name it.
    pub fn name(&self) -> String {
        let detail = match (&self.pci, &self.node, &self.uuid) {
            _ if self.software => "software".to_owned(),
            (Some(pci), ..) => pci.clone(),
            (_, Some(node), _) => node.display().to_string(),
            (.., Some(uuid)) => uuid.clone(),
            _ => "no address known".to_owned(),
        };
        format!("egl:{} ({detail})", self.index)
    }

    /// Whether a path leads to its DRM node or to the node's other kind (card or renderD).
    pub fn has_node(&self, path: &Path, machine: &Machine) -> bool {
        let canonical = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if self.node.as_deref().is_some_and(|node| canonical(node) == canonical(path)) {
            return true;
        }
        let pci = machine.pci_of_node(path);
        pci.is_some() && pci == self.pci
    }
}

fn format_uuid(bytes: &[u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("GPU-{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_written_as_nvidia_does() {
        let bytes =
            [0xc0, 0xf2, 0xf3, 0x1d, 0xaf, 0x48, 0x36, 0x59, 0x91, 0x07, 0x3b, 0xdf, 0x0e, 0x0d, 0xad, 0x02];
        assert_eq!(format_uuid(&bytes), "GPU-c0f2f31d-af48-3659-9107-3bdf0e0dad02");
    }

    #[test]
    fn a_library_without_egl_is_told_apart() {
        assert_eq!(Egl::new(&Symbols::new(|_| std::ptr::null_mut())).err(), Some(Unusable::NotEgl));
    }
}
