//! GLX asked by XCB, as toolkits do without Xlib.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::mem::ManuallyDrop;
use std::ptr::null_mut;

use glxrun_examples::hold::say;
use glxrun_examples::{Result, check};
use libloading::Library;

use crate::app::App;

#[repr(C)]
#[derive(Clone, Copy)]
struct Cookie(c_uint);

type Connect = unsafe extern "C" fn(*const c_char, *mut c_int) -> *mut c_void;
type HasError = unsafe extern "C" fn(*mut c_void) -> c_int;
type Ask = unsafe extern "C" fn(*mut c_void, u32) -> Cookie;
type AskTwo = unsafe extern "C" fn(*mut c_void, u32, u32) -> Cookie;
type Reply = unsafe extern "C" fn(*mut c_void, Cookie, *mut *mut c_void) -> *mut u32;

const VENDOR: u32 = 1;

/// The version, the server's strings and the configs are those that Xlib's GLX tells; the connection survives it.
pub fn queries(app: &mut App) -> Result<()> {
    // SAFETY: ordinary libraries that stay open, and the functions' own signatures; replies are read within their length
    // (the second word, in words after the first eight) and freed.
    unsafe {
        let xcb = ManuallyDrop::new(Library::new("libxcb.so.1")?);
        let glx = ManuallyDrop::new(Library::new("libxcb-glx.so.0")?);
        let connection = xcb.get::<Connect>(c"xcb_connect")?(std::ptr::null(), null_mut());
        let reply = |name: &CStr, cookie: Cookie| -> Result<Vec<u32>> {
            let words = glx.get::<Reply>(name)?(connection, cookie, null_mut());
            check(!words.is_null(), || format!("no {}", name.to_string_lossy()))?;
            let all = std::slice::from_raw_parts(words, 8 + *words.add(1) as usize).to_vec();
            libc::free(words.cast());
            Ok(all)
        };
        let version = glx.get::<AskTwo>(c"xcb_glx_query_version")?(connection, 1, 4);
        let version = reply(c"xcb_glx_query_version_reply", version)?;
        check(version[2..4] == [1, 4], || format!("GLX {}.{}", version[2], version[3]))?;
        let vendor = glx.get::<AskTwo>(c"xcb_glx_query_server_string")?(connection, 0, VENDOR);
        let vendor = reply(c"xcb_glx_query_server_string_reply", vendor)?;
        let text: Vec<u8> = vendor[8..].iter().flat_map(|word| word.to_ne_bytes()).collect();
        let text = text.get(..vendor[3] as usize).ok_or("the string is longer than its reply")?;
        say(&format!("hash vendor {}", String::from_utf8_lossy(text).trim_end_matches('\0')))?;
        let configs = glx.get::<Ask>(c"xcb_glx_get_fb_configs")?(connection, 0);
        let configs = reply(c"xcb_glx_get_fb_configs_reply", configs)?;
        let count = app.glx.all_configs().len();
        check(configs[2] as usize == count, || format!("{} configs instead of {count}", configs[2]))?;
        check(configs.len() == 8 + (configs[2] * configs[3] * 2) as usize, || {
            "configs of another length".into()
        })?;
        let visuals = glx.get::<Ask>(c"xcb_glx_get_visual_configs")?(connection, 0);
        let visuals = reply(c"xcb_glx_get_visual_configs_reply", visuals)?;
        check(visuals[2] > 0 && visuals[8] != 0, || "no visuals".into())?;
        let error = xcb.get::<HasError>(c"xcb_connection_has_error")?(connection);
        check(error == 0, || format!("the connection is broken: {error}"))
    }
}
