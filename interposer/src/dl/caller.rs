//! Who calls: the program, or a driver that was loaded for something else.
//!
//! A driver's own questions must be answered by the X server itself. Calls that come back from inside a driver call of ours are known
//! by that ([`Inside`](crate::interpose::Inside)), but NVIDIA's library of OpenGL is its Vulkan driver as well: there it
//! opens a Display of its own and sends GLX requests to a server that is said to have GLX. So the stack is looked at, which is
//! cheap enough for questions that are asked once.

use std::ffi::{CStr, c_int, c_void};

use super::object::soname_of;

/// `struct _Unwind_Context` of the C++ ABI.
#[repr(C)]
struct Context([u8; 0]);

unsafe extern "C" {
    fn _Unwind_Backtrace(
        visit: unsafe extern "C" fn(*mut Context, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIP(context: *mut Context) -> usize;
}

/// `_URC_NO_REASON` goes on, `_URC_NORMAL_STOP` ends.
const GO_ON: c_int = 0;
const STOP: c_int = 4;
/// Frames that are looked at: ours and those of X libraries come before the caller's.
const FRAMES: u32 = 24;

struct Walk {
    left: u32,
    caller: Option<&'static CStr>,
}

unsafe extern "C" fn visit(context: *mut Context, data: *mut c_void) -> c_int {
    // SAFETY: the unwinder passes its context and what `caller` gave it.
    let (walk, address) = unsafe { (&mut *data.cast::<Walk>(), _Unwind_GetIP(context)) };
    if walk.left == 0 || address == 0 {
        return STOP;
    }
    walk.left -= 1;
    match soname_of(address as *const c_void) {
        Some(soname) if is_between(soname) => GO_ON,
        soname => {
            walk.caller = soname;
            STOP
        }
    }
}

/// The library that called an X library or us on this thread; None for the program itself.
fn caller() -> Option<&'static CStr> {
    let mut walk = Walk { left: FRAMES, caller: None };
    // SAFETY: `visit` gets the value that it expects, which outlives the call.
    unsafe { _Unwind_Backtrace(visit, (&raw mut walk).cast()) };
    walk.caller
}

/// Libraries that pass a question on.
fn is_between(soname: &CStr) -> bool {
    let name = soname.to_bytes();
    [&b"libglxrun.so"[..], b"libX11", b"libXext", b"libxcb"].iter().any(|known| name.starts_with(known))
}

/// Whether a call on this thread is a driver's, whoever loaded that.
pub fn is_driver() -> bool {
    caller().is_some_and(|soname| {
        let name = soname.to_bytes();
        [&b"libGLX_"[..], b"libEGL_", b"libnvidia-"].iter().any(|known| name.starts_with(known))
    })
}
