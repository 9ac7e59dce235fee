//! Extension strings: what pbuffers cannot honour goes, what we do ourselves comes.

use std::ffi::{CString, c_char, c_int};
use std::sync::OnceLock;

use super::display::{AppDisplay, NO_DISPLAY, driver_string};
use super::numbers::EXTENSIONS;
use super::platform::{self, string};
use super::{EGLDisplay, error, lifetime};

/// Extensions of displays that name windows or pixmaps, or the server's clock, in ways that we do not translate.
const LACKING: [&str; 18] = [
    "EGL_ANGLE_sync_control_rate",
    "EGL_CHROMIUM_sync_control",
    "EGL_EXT_surface_compression",
    "EGL_KHR_image",
    "EGL_KHR_image_pixmap",
    "EGL_KHR_lock_surface",
    "EGL_KHR_lock_surface2",
    "EGL_KHR_lock_surface3",
    "EGL_KHR_mutable_render_buffer",
    "EGL_KHR_partial_update",
    "EGL_KHR_stream_producer_eglsurface",
    "EGL_KHR_surfaceless_pixmap",
    "EGL_NOK_swap_region",
    "EGL_NOK_swap_region2",
    "EGL_NOK_texture_from_pixmap",
    "EGL_NV_native_query",
    "EGL_NV_post_convert_rounding",
    "EGL_NV_post_sub_buffer",
];

/// Extensions of displays that we provide whatever the driver has.
const OURS: [&str; 3] =
    ["EGL_EXT_buffer_age", "EGL_EXT_swap_buffers_with_damage", "EGL_KHR_swap_buffers_with_damage"];

/// Client extensions that we provide whatever the driver has: its devices may be all that it knows.
const OURS_OF_CLIENT: [&str; 5] = [
    "EGL_EXT_client_extensions",
    "EGL_EXT_platform_base",
    "EGL_EXT_platform_x11",
    "EGL_EXT_platform_xcb",
    "EGL_KHR_platform_x11",
];

/// The driver's list as the program is to see it.
fn offered(theirs: &str, ours: &[&'static str], lacking: &[&str]) -> String {
    let mut list: Vec<&str> = theirs.split_whitespace().filter(|name| !lacking.contains(name)).collect();
    for &name in ours {
        if !list.contains(&name) {
            list.push(name);
        }
    }
    list.join(" ")
}

/// eglQueryString.
pub unsafe fn query(dpy: EGLDisplay, name: c_int) -> *const c_char {
    if lifetime::refuses(dpy) {
        return std::ptr::null();
    }
    let theirs = driver_string(dpy, name);
    if name != EXTENSIONS {
        return error::theirs(theirs);
    }
    if dpy == NO_DISPLAY {
        return client_extensions(theirs);
    }
    let Some(display) = AppDisplay::find(dpy) else { return error::theirs(theirs) };
    if theirs.is_null() {
        return error::theirs(theirs);
    }
    let mut strings = display.strings.lock();
    let text = strings.entry(name).or_insert_with(|| leak(&offered(&string(theirs), &OURS, &LACKING)));
    error::theirs(*text as *const c_char)
}

/// The client's extensions. Without a 3D side, or a driver that has such a list, they are the driver's own.
fn client_extensions(theirs: *const c_char) -> *const c_char {
    static TEXT: OnceLock<usize> = OnceLock::new();
    let list = string(theirs);
    let lacks = |name: &&str| !list.split_whitespace().any(|known| known == *name);
    if theirs.is_null() || !OURS_OF_CLIENT.iter().any(lacks) || !platform::is_possible() {
        return error::theirs(theirs);
    }
    let text = TEXT.get_or_init(|| leak(&offered(&list, &OURS_OF_CLIENT, &[])));
    error::theirs(*text as *const c_char)
}

/// A string that lives as long as the process, as EGL's do.
fn leak(text: &str) -> usize {
    CString::new(text).unwrap_or_default().into_raw() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pbuffers_cannot_honour_is_not_offered() {
        let list = offered("EGL_KHR_fence_sync EGL_KHR_image_pixmap EGL_EXT_buffer_age", &OURS, &LACKING);
        let names: Vec<&str> = list.split(' ').collect();
        assert!(names.contains(&"EGL_KHR_fence_sync"));
        assert!(!names.contains(&"EGL_KHR_image_pixmap"));
        assert_eq!(names.iter().filter(|name| **name == "EGL_EXT_buffer_age").count(), 1);
        assert!(names.contains(&"EGL_KHR_swap_buffers_with_damage"));
    }
}
