//! What GLX_MESA_query_renderer asks of a 3D side that is no GLX server: answered from what its contexts say.

use std::ffi::{CString, c_int};
use std::sync::Arc;

use super::{Backend, ConfigIndex, ContextRequest, Surface, attributes};
use crate::gl::features::{self, parse_version};

/// GLX_MESA_query_renderer's attributes (glxext.h).
mod glx {
    use std::ffi::c_int;

    pub const VENDOR_ID: c_int = 0x8183;
    pub const DEVICE_ID: c_int = 0x8184;
    pub const VERSION: c_int = 0x8185;
    pub const ACCELERATED: c_int = 0x8186;
    pub const VIDEO_MEMORY: c_int = 0x8187;
    pub const UNIFIED_MEMORY_ARCHITECTURE: c_int = 0x8188;
    pub const PREFERRED_PROFILE: c_int = 0x8189;
    pub const OPENGL_CORE_PROFILE_VERSION: c_int = 0x818A;
    pub const OPENGL_COMPATIBILITY_PROFILE_VERSION: c_int = 0x818B;
    pub const OPENGL_ES_PROFILE_VERSION: c_int = 0x818C;
    pub const OPENGL_ES2_PROFILE_VERSION: c_int = 0x818D;

    pub const CONTEXT_MAJOR_VERSION: c_int = 0x2091;
    pub const CONTEXT_MINOR_VERSION: c_int = 0x2092;
    pub const CONTEXT_PROFILE_MASK: c_int = 0x9126;
    pub const CORE_PROFILE_BIT: c_int = 1;
    pub const COMPATIBILITY_PROFILE_BIT: u32 = 2;
    pub const ES_PROFILE_BIT: c_int = 4;
}

/// What is known of a device beside what GL tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hardware {
    /// PCI vendor and device; None for software, which the extension tells as all ones.
    pub pci: Option<(u32, u32)>,
    /// It renders on a CPU.
    pub software: bool,
}

/// What a 3D side answers.
#[derive(Debug, Default)]
pub struct Renderer {
    hardware: Hardware,
    vendor: CString,
    name: CString,
    /// Megabytes.
    memory: u32,
    /// The driver's version.
    version: [u32; 3],
    core: [u32; 2],
    compatibility: [u32; 2],
    es: [u32; 2],
    es2: [u32; 2],
}

impl Renderer {
    /// Asks `backend`, in its worker's thread; None where it makes no contexts.
    pub fn ask(backend: &'static dyn Backend, hardware: Hardware) -> Option<Self> {
        let surface = backend.create_surface(ConfigIndex(0), 1, 1).ok()?;
        let seen = surface.clone();
        backend.worker().run(&surface, move || look(backend, &seen, hardware))?
    }

    /// The numbers of an attribute; None where there is no such attribute.
    pub fn integers(&self, attribute: c_int) -> Option<Vec<u32>> {
        let (vendor, device) = self.hardware.pci.unwrap_or((u32::MAX, u32::MAX));
        let values: &[u32] = match attribute {
            glx::VENDOR_ID => &[vendor],
            glx::DEVICE_ID => &[device],
            glx::VERSION => &self.version,
            glx::ACCELERATED => &[u32::from(!self.hardware.software)],
            glx::VIDEO_MEMORY => &[self.memory],
            glx::UNIFIED_MEMORY_ARCHITECTURE => &[u32::from(self.hardware.software)],
            glx::PREFERRED_PROFILE => match self.core {
                [0, _] => &[glx::COMPATIBILITY_PROFILE_BIT],
                _ => &[glx::CORE_PROFILE_BIT as u32],
            },
            glx::OPENGL_CORE_PROFILE_VERSION => &self.core,
            glx::OPENGL_COMPATIBILITY_PROFILE_VERSION => &self.compatibility,
            glx::OPENGL_ES_PROFILE_VERSION => &self.es,
            glx::OPENGL_ES2_PROFILE_VERSION => &self.es2,
            _ => return None,
        };
        Some(values.to_vec())
    }

    /// The string of an attribute, as long-lived as this.
    pub fn string(&self, attribute: c_int) -> Option<&CString> {
        match attribute {
            glx::VENDOR_ID => Some(&self.vendor),
            glx::DEVICE_ID => Some(&self.name),
            _ => None,
        }
    }
}

/// In the worker's thread, which lets go of what is current afterwards.
fn look(backend: &'static dyn Backend, surface: &Arc<Surface>, hardware: Hardware) -> Option<Renderer> {
    const VENDOR: u32 = 0x1F00;
    const RENDERER: u32 = 0x1F01;
    let text = |name| CString::new(features::string(name)).unwrap_or_default();
    let told = features::string(crate::gl::api::VERSION);
    let (name, vendor) = (text(RENDERER), text(VENDOR));
    let memory = features::video_memory().unwrap_or_else(system_memory);
    let version_of = |major, minor, profile| version_of(backend, surface, (major, minor), profile);
    Some(Renderer {
        hardware,
        vendor,
        name,
        memory,
        version: driver_version(&told),
        compatibility: pair(&told),
        core: version_of(3, 2, glx::CORE_PROFILE_BIT),
        es: version_of(1, 1, glx::ES_PROFILE_BIT),
        es2: version_of(2, 0, glx::ES_PROFILE_BIT),
    })
}

fn pair(version: &str) -> [u32; 2] {
    let (_, major, minor) = parse_version(version);
    [major, minor]
}

/// The newest version that a context has which is asked for at least this one; 0.0 where there is none.
fn version_of(
    backend: &'static dyn Backend,
    surface: &Arc<Surface>,
    (major, minor): (c_int, c_int),
    profile: c_int,
) -> [u32; 2] {
    let attributes = [
        glx::CONTEXT_MAJOR_VERSION,
        major,
        glx::CONTEXT_MINOR_VERSION,
        minor,
        glx::CONTEXT_PROFILE_MASK,
        profile,
    ];
    let request = ContextRequest {
        config: Some(surface.config),
        share: None,
        render_type: attributes::RGBA_TYPE,
        attributes: Some(&attributes),
    };
    let Ok(context) = backend.create_context(&request) else { return [0, 0] };
    let version = match backend.make_current(Some((surface, surface)), context) {
        Ok(()) => pair(&features::string(crate::gl::api::VERSION)),
        Err(_) => [0, 0],
    };
    backend.release();
    backend.destroy_context(context);
    version
}

/// The driver's own version, which is the last of the versions in GL_VERSION.
fn driver_version(version: &str) -> [u32; 3] {
    let mut words = version.split([' ', '-']).filter(|word| word.contains('.'));
    let mut numbers = words.next_back().unwrap_or_default().split('.').map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| numbers.next().unwrap_or(0))
}

/// All of this machine's memory, megabytes: what software renders in.
fn system_memory() -> u32 {
    // SAFETY: both only return a number.
    let (pages, size) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    u32::try_from(pages.max(0).saturating_mul(size.max(0)) >> 20).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_version_is_the_driver_s() {
        assert_eq!(driver_version("4.5 (Compatibility Profile) Mesa 22.3.6"), [22, 3, 6]);
        assert_eq!(driver_version("4.6.0 NVIDIA 580.159.04"), [580, 159, 4]);
        assert_eq!(driver_version("4.6 (Core Profile) Mesa 24.0.0-devel"), [24, 0, 0]);
        assert_eq!(driver_version(""), [0, 0, 0]);
    }

    #[test]
    fn software_has_no_pci_numbers_and_shares_the_machine_s_memory() {
        let hardware = Hardware { pci: None, software: true };
        let renderer = Renderer { hardware, core: [4, 5], compatibility: [3, 1], ..Renderer::default() };
        let values = [
            (glx::VENDOR_ID, [u32::MAX]),
            (glx::ACCELERATED, [0]),
            (glx::UNIFIED_MEMORY_ARCHITECTURE, [1]),
            (glx::PREFERRED_PROFILE, [1]),
        ];
        for (attribute, expected) in values {
            assert_eq!(renderer.integers(attribute).as_deref(), Some(&expected[..]), "{attribute:#x}");
        }
        assert_eq!(renderer.integers(glx::OPENGL_CORE_PROFILE_VERSION), Some(vec![4, 5]));
        assert_eq!(renderer.integers(7), None);
        assert!(renderer.string(glx::VERSION).is_none());
    }
}
