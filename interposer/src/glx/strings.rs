//! Extension, version and vendor strings.

use std::ffi::{CStr, CString, c_char, c_int};

use once_cell::sync::Lazy;
use x11_dl::xlib::Display;

use super::display::AppDisplay;
use crate::render::Identity;
use crate::render::attributes as attr;
use crate::runtime::Runtime;

/// Extensions that we provide whatever the 3D side has.
const OURS: [&str; 17] = [
    "GLX_ARB_get_proc_address",
    "GLX_ARB_multisample",
    "GLX_EXT_buffer_age",
    "GLX_EXT_swap_control",
    "GLX_EXT_swap_control_tear",
    "GLX_EXT_texture_from_pixmap",
    "GLX_EXT_visual_info",
    "GLX_EXT_visual_rating",
    "GLX_INTEL_swap_event",
    "GLX_MESA_copy_sub_buffer",
    "GLX_MESA_swap_control",
    "GLX_OML_sync_control",
    "GLX_SGI_make_current_read",
    "GLX_SGI_swap_control",
    "GLX_SGI_video_sync",
    "GLX_SGIX_fbconfig",
    "GLX_SGIX_pbuffer",
];

/// Extensions that we provide where the 3D side has them: pbuffers honour all that they promise.
const IF_RENDERED: [&str; 19] = [
    "GLX_ARB_context_flush_control",
    "GLX_ARB_create_context",
    "GLX_ARB_create_context_no_error",
    "GLX_ARB_create_context_profile",
    "GLX_ARB_create_context_robustness",
    "GLX_ARB_fbconfig_float",
    "GLX_ARB_framebuffer_sRGB",
    "GLX_ATI_pixel_format_float",
    "GLX_EXT_create_context_es2_profile",
    "GLX_EXT_create_context_es_profile",
    "GLX_EXT_fbconfig_packed_float",
    "GLX_EXT_framebuffer_sRGB",
    "GLX_EXT_import_context",
    "GLX_EXT_no_config_context",
    "GLX_MESA_query_renderer",
    "GLX_NV_float_buffer",
    "GLX_OML_swap_method",
    "GLX_SGIS_multisample",
    "GLX_SGIX_visual_select_group",
];

/// What the program is told; static, as GLX promises.
struct Strings {
    extensions: CString,
    vendor: CString,
}

static STRINGS: Lazy<Strings> = Lazy::new(|| {
    let none = Identity::default();
    let identity = Runtime::get().backend.map_or(&none, |backend| backend.identity());
    Strings {
        extensions: c_string(&offered(&identity.extensions).join(" ")),
        vendor: c_string(&identity.vendor),
    }
});

fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

/// The extensions that we offer, sorted.
pub fn offered(rendered: &[String]) -> Vec<&'static str> {
    let backed = IF_RENDERED.iter().filter(|name| rendered.iter().any(|rendered| rendered == *name));
    let mut list: Vec<_> = OURS.iter().chain(backed).copied().collect();
    list.sort_unstable();
    list
}

/// glXQueryExtensionsString.
pub unsafe fn extensions(dpy: *mut Display, screen: c_int) -> *const c_char {
    match AppDisplay::of(dpy) {
        Some(display) if display.screen(screen).is_some() => STRINGS.extensions.as_ptr(),
        _ => std::ptr::null(),
    }
}

/// glXQueryServerString.
pub unsafe fn server(dpy: *mut Display, screen: c_int, name: c_int) -> *const c_char {
    match AppDisplay::of(dpy) {
        Some(display) if display.screen(screen).is_some() => string(name),
        _ => std::ptr::null(),
    }
}

/// glXGetClientString. Programs may ask before they have a Display.
pub unsafe fn client(_dpy: *mut Display, name: c_int) -> *const c_char {
    match Runtime::get().backend {
        Some(_) => string(name),
        None => std::ptr::null(),
    }
}

fn string(name: c_int) -> *const c_char {
    of_server(name).map_or(std::ptr::null(), CStr::as_ptr)
}

/// A string of the server's, which is the client's too.
pub fn of_server(name: c_int) -> Option<&'static CStr> {
    match name {
        attr::VENDOR => Some(&STRINGS.vendor),
        attr::VERSION => Some(c"1.4"),
        attr::EXTENSIONS => Some(&STRINGS.extensions),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The functions of each extension (Khronos' glx.xml); none where it is about attributes only.
    const FUNCTIONS: [(&str, &[&str]); 37] = [
        ("GLX_ARB_context_flush_control", &[]),
        ("GLX_ARB_create_context", &["glXCreateContextAttribsARB"]),
        ("GLX_ARB_create_context_no_error", &[]),
        ("GLX_ARB_create_context_profile", &[]),
        ("GLX_ARB_create_context_robustness", &[]),
        ("GLX_ARB_fbconfig_float", &[]),
        ("GLX_ARB_framebuffer_sRGB", &[]),
        ("GLX_ARB_get_proc_address", &["glXGetProcAddressARB"]),
        ("GLX_ARB_multisample", &[]),
        ("GLX_ATI_pixel_format_float", &[]),
        ("GLX_EXT_create_context_es2_profile", &[]),
        ("GLX_EXT_create_context_es_profile", &[]),
        ("GLX_EXT_fbconfig_packed_float", &[]),
        ("GLX_EXT_framebuffer_sRGB", &[]),
        (
            "GLX_EXT_import_context",
            &[
                "glXFreeContextEXT",
                "glXGetContextIDEXT",
                "glXGetCurrentDisplayEXT",
                "glXImportContextEXT",
                "glXQueryContextInfoEXT",
            ],
        ),
        ("GLX_EXT_no_config_context", &[]),
        ("GLX_EXT_swap_control", &["glXSwapIntervalEXT"]),
        ("GLX_EXT_texture_from_pixmap", &["glXBindTexImageEXT", "glXReleaseTexImageEXT"]),
        ("GLX_EXT_visual_info", &[]),
        ("GLX_EXT_visual_rating", &[]),
        (
            "GLX_MESA_query_renderer",
            &[
                "glXQueryCurrentRendererIntegerMESA",
                "glXQueryCurrentRendererStringMESA",
                "glXQueryRendererIntegerMESA",
                "glXQueryRendererStringMESA",
            ],
        ),
        ("GLX_MESA_swap_control", &["glXGetSwapIntervalMESA", "glXSwapIntervalMESA"]),
        ("GLX_NV_float_buffer", &[]),
        ("GLX_OML_swap_method", &[]),
        ("GLX_SGI_make_current_read", &["glXGetCurrentReadDrawableSGI", "glXMakeCurrentReadSGI"]),
        ("GLX_SGI_swap_control", &["glXSwapIntervalSGI"]),
        ("GLX_SGIS_multisample", &[]),
        (
            "GLX_SGIX_fbconfig",
            &[
                "glXChooseFBConfigSGIX",
                "glXCreateContextWithConfigSGIX",
                "glXCreateGLXPixmapWithConfigSGIX",
                "glXGetFBConfigAttribSGIX",
                "glXGetFBConfigFromVisualSGIX",
                "glXGetVisualFromFBConfigSGIX",
            ],
        ),
        (
            "GLX_SGIX_pbuffer",
            &[
                "glXCreateGLXPbufferSGIX",
                "glXDestroyGLXPbufferSGIX",
                "glXGetSelectedEventSGIX",
                "glXQueryGLXPbufferSGIX",
                "glXSelectEventSGIX",
            ],
        ),
        ("GLX_SGIX_visual_select_group", &[]),
        ("GLX_EXT_buffer_age", &[]),
        ("GLX_EXT_swap_control_tear", &[]),
        ("GLX_INTEL_swap_event", &[]),
        ("GLX_MESA_copy_sub_buffer", &["glXCopySubBufferMESA"]),
        (
            "GLX_OML_sync_control",
            &[
                "glXGetMscRateOML",
                "glXGetSyncValuesOML",
                "glXSwapBuffersMscOML",
                "glXWaitForMscOML",
                "glXWaitForSbcOML",
            ],
        ),
        ("GLX_SGI_video_sync", &["glXGetVideoSyncSGI", "glXWaitVideoSyncSGI"]),
        ("GLX_VERSION_1_4", &["glXGetProcAddress"]),
    ];

    #[test]
    fn every_function_of_what_is_offered_is_there() {
        for name in OURS.iter().chain(&IF_RENDERED) {
            let known = FUNCTIONS.iter().find(|(extension, _)| extension == name);
            assert!(known.is_some(), "{name}: which functions does it have?");
        }
        for (extension, functions) in FUNCTIONS {
            for function in functions {
                let c_name = CString::new(*function).unwrap_or_default();
                assert!(crate::interpose::find(&c_name).is_some(), "{extension} without {function}");
            }
        }
    }

    #[test]
    fn what_the_3d_side_lacks_is_not_offered() {
        let list = offered(&["GLX_ARB_create_context".into(), "GLX_EXT_stereo_tree".into()]);
        assert!(list.contains(&"GLX_ARB_create_context"));
        assert!(list.contains(&"GLX_SGI_swap_control"));
        assert!(!list.contains(&"GLX_EXT_stereo_tree"));
        assert!(!list.contains(&"GLX_ARB_create_context_profile"));
        assert!(list.is_sorted());
    }
}
