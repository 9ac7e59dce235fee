//! What the GL of a context can do, as far as we use it: a call that a context does not know would leave an error
//! for the program to find.

use std::ffi::{CStr, c_uchar, c_uint};

use super::api::{self, get_integer};
use crate::interpose::Inside;

/// Asked once, when a context is first current.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// OpenGL ES, not desktop GL.
    pub es: bool,
    /// Major version.
    pub major: u32,
    /// Minor version.
    pub minor: u32,
    /// Framebuffer objects with separate draw and read bindings, and blits.
    pub framebuffers: bool,
    /// Pixel pack and unpack buffers.
    pub pixel_buffers: bool,
    /// The parameter that has rows read top-down: of GL_MESA_pack_invert or GL_ANGLE_pack_reverse_row_order.
    pub pack_invert: Option<u32>,
    /// One framebuffer binding for both drawing and reading (OpenGL ES 2).
    pub one_framebuffer: bool,
    /// Rows can be read with a length of their own (GL_PACK_ROW_LENGTH and its kind).
    pub pack_rows: bool,
    /// The fixed-function pixel path: scale, bias, maps.
    pub pixel_transfer: bool,
    /// Several draw buffers.
    pub draw_buffers: bool,
    /// GL_FRAMEBUFFER_SRGB may be switched.
    pub srgb_control: bool,
    /// Several viewports, each with a scissor test of its own.
    pub viewports: bool,
    /// Reads in BGRA order.
    pub read_bgra: bool,
    /// Buffers that stay mapped while GL writes to them (GL_ARB_buffer_storage), and fences.
    pub mapped_buffers: bool,
    /// Buffers in memory of another API (GL_EXT_memory_object_fd): the GPU's UUID.
    pub shared_memory: Option<[u8; 16]>,
    /// Compute shaders, with all that goes with them in OpenGL 4.3.
    pub compute: bool,
    /// Names of buffers may be of the program's own making (all but core profiles).
    pub free_names: bool,
    /// The CPU renders.
    pub software: bool,
}

impl Features {
    /// Whether the default framebuffer is what `binding` (GL_DRAW_FRAMEBUFFER_BINDING, ...) tells of in the current context,
    /// which has these features.
    pub fn default_is_bound(&self, binding: c_uint) -> bool {
        let _inside = Inside::enter();
        !self.framebuffers || get_integer(binding) == 0
    }

    /// Of the context that is current in this thread.
    pub fn of_current() -> Self {
        let _inside = Inside::enter();
        let version = string(api::VERSION);
        let (es, major, minor) = parse_version(&version);
        let extensions = extensions(major);
        let has = |name: &str| extensions.iter().any(|extension| extension == name);
        let at_least = |wanted: (u32, u32)| (major, minor) >= wanted;
        let compatibility = !es
            && (!at_least((3, 1))
                || has("GL_ARB_compatibility")
                || (at_least((3, 2))
                    && get_integer(api::CONTEXT_PROFILE_MASK) & api::CONTEXT_COMPATIBILITY_PROFILE_BIT != 0));
        Self {
            es,
            major,
            minor,
            framebuffers: at_least((3, 0)) || has("GL_ARB_framebuffer_object"),
            pixel_buffers: if es {
                at_least((3, 0))
            } else {
                at_least((2, 1)) || has("GL_ARB_pixel_buffer_object")
            },
            pack_invert: if has("GL_MESA_pack_invert") {
                Some(api::PACK_INVERT_MESA)
            } else {
                has("GL_ANGLE_pack_reverse_row_order").then_some(api::PACK_REVERSE_ROW_ORDER_ANGLE)
            },
            one_framebuffer: es && major == 2,
            pack_rows: !es || major >= 3 || has("GL_NV_pack_subimage"),
            pixel_transfer: compatibility,
            draw_buffers: if es { at_least((3, 0)) } else { at_least((2, 0)) },
            srgb_control: if es {
                has("GL_EXT_sRGB_write_control")
            } else {
                at_least((3, 0)) || has("GL_ARB_framebuffer_sRGB") || has("GL_EXT_framebuffer_sRGB")
            },
            viewports: !es && (at_least((4, 1)) || has("GL_ARB_viewport_array")),
            read_bgra: !es || has("GL_EXT_read_format_bgra"),
            mapped_buffers: !es
                && (at_least((4, 4)) || has("GL_ARB_buffer_storage"))
                && (at_least((3, 2)) || has("GL_ARB_sync")),
            shared_memory: (has("GL_EXT_memory_object_fd") && !es).then(device).flatten(),
            compute: !es && at_least((4, 3)),
            free_names: es || compatibility,
            software: is_software(&string(api::RENDERER)),
        }
    }

    /// Whether the default framebuffer's buffers can be named (glReadBuffer, glDrawBuffer).
    pub fn names_buffers(&self) -> bool {
        !self.es || self.major >= 3
    }
}

/// The UUID of the GPU behind the current context.
fn device() -> Option<[u8; 16]> {
    if get_integer(api::NUM_DEVICE_UUIDS) != 1 {
        return None;
    }
    let mut uuid = [0; 16];
    let get = api::glGetUnsignedBytei_vEXT.get()?;
    // SAFETY: GL_DEVICE_UUID_EXT has 16 bytes.
    unsafe { get(api::DEVICE_UUID, 0, uuid.as_mut_ptr()) };
    Some(uuid)
}

/// Whether GL_RENDERER names one of Mesa's software renderers.
fn is_software(renderer: &str) -> bool {
    ["llvmpipe", "softpipe", "Software Rasterizer", "SWR"].iter().any(|name| renderer.contains(name))
}

/// glGetString of the context that is current in this thread; empty where it has none.
pub fn string(name: u32) -> String {
    // SAFETY: legal with a context current.
    to_string(api::glGetString.get().map_or(std::ptr::null(), |get| unsafe { get(name) }))
}

fn to_string(text: *const c_uchar) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: GL gives static C strings.
    unsafe { CStr::from_ptr(text.cast()) }.to_string_lossy().into_owned()
}

/// GL_VERSION: "4.5 (Core Profile) Mesa ...", "OpenGL ES 3.2 ...", "OpenGL ES-CM 1.1 ..."; whether it is
/// OpenGL ES, major, minor.
pub fn parse_version(version: &str) -> (bool, u32, u32) {
    let es = version.starts_with("OpenGL ES");
    let digits = version.find(|c: char| c.is_ascii_digit()).map_or("", |start| &version[start..]);
    let mut numbers = digits.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    (es, numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Memory of the current context's GPU in megabytes, where its driver tells (GL_NVX_gpu_memory_info).
pub fn video_memory() -> Option<u32> {
    const DEDICATED_VIDEO_MEMORY: u32 = 0x9047;
    let (_, major, _) = parse_version(&string(api::VERSION));
    let told = extensions(major).iter().any(|name| name == "GL_NVX_gpu_memory_info");
    told.then(|| get_integer(DEDICATED_VIDEO_MEMORY).max(0) as u32 / 1024)
}

fn extensions(major: u32) -> Vec<String> {
    if major >= 3
        && let Some(get) = api::glGetStringi.get()
    {
        let count = get_integer(api::NUM_EXTENSIONS).max(0) as u32;
        // SAFETY: indices below GL_NUM_EXTENSIONS.
        return (0..count).map(|index| to_string(unsafe { get(api::EXTENSIONS, index) })).collect();
    }
    string(api::EXTENSIONS).split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_software, parse_version};

    #[test]
    fn renderers() {
        assert!(is_software("llvmpipe (LLVM 15.0.6, 256 bits)"));
        assert!(!is_software("NVIDIA H100 80GB HBM3/PCIe/SSE2"));
    }

    #[test]
    fn versions_of_drivers() {
        assert_eq!(parse_version("4.5 (Core Profile) Mesa 22.3.6"), (false, 4, 5));
        assert_eq!(parse_version("4.6.0 NVIDIA 580.159"), (false, 4, 6));
        assert_eq!(parse_version("OpenGL ES 3.2 Mesa 22.3.6"), (true, 3, 2));
        assert_eq!(parse_version("OpenGL ES-CM 1.1 Mesa 22.3.6"), (true, 1, 1));
        assert_eq!(parse_version(""), (false, 0, 0));
    }
}
