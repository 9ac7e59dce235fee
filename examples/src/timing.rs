//! The GLX extensions about when swaps happen: GLX_OML_sync_control, GLX_SGI_video_sync, GLX_INTEL_swap_event,
//! GLX_EXT_buffer_age, GLX_MESA_copy_sub_buffer.

use std::ffi::{c_int, c_uint, c_ulong, c_void};
use std::sync::Arc;

use x11_dl::xlib::{Display, XEvent};

use crate::gl::functions;
use crate::load::{Load, Loader};
use crate::xlib::XDisplay;
use crate::{Result, check};

functions! {
    /// Their functions, and GLX's that go with them.
    Functions
    scalar {}
    pointer {
        get_sync_values = "glXGetSyncValuesOML"
            (dpy: *mut Display, drawable: c_ulong, ust: *mut i64, msc: *mut i64, sbc: *mut i64) -> c_int;
        get_msc_rate = "glXGetMscRateOML"
            (dpy: *mut Display, drawable: c_ulong, numerator: *mut i32, denominator: *mut i32) -> c_int;
        swap_buffers_msc = "glXSwapBuffersMscOML"
            (dpy: *mut Display, drawable: c_ulong, target: i64, divisor: i64, remainder: i64) -> i64;
        wait_for_msc = "glXWaitForMscOML" (dpy: *mut Display, drawable: c_ulong, target: i64, divisor: i64,
            remainder: i64, ust: *mut i64, msc: *mut i64, sbc: *mut i64) -> c_int;
        wait_for_sbc = "glXWaitForSbcOML" (dpy: *mut Display, drawable: c_ulong, target: i64, ust: *mut i64,
            msc: *mut i64, sbc: *mut i64) -> c_int;
        get_video_sync = "glXGetVideoSyncSGI" (count: *mut c_uint) -> c_int;
        wait_video_sync = "glXWaitVideoSyncSGI" (divisor: c_int, remainder: c_int, count: *mut c_uint) -> c_int;
        copy_sub_buffer = "glXCopySubBufferMESA"
            (dpy: *mut Display, drawable: c_ulong, x: c_int, y: c_int, width: c_int, height: c_int);
        swap_interval = "glXSwapIntervalEXT" (dpy: *mut Display, drawable: c_ulong, interval: c_int);
        query_drawable = "glXQueryDrawable"
            (dpy: *mut Display, drawable: c_ulong, name: c_int, value: *mut c_uint);
        select_event = "glXSelectEvent" (dpy: *mut Display, drawable: c_ulong, mask: c_ulong);
        query_extension = "glXQueryExtension"
            (dpy: *mut Display, error_base: *mut c_int, event_base: *mut c_int) -> c_int;
    }
}

const SWAP_COMPLETE_MASK: c_ulong = 0x0400_0000;
/// GLX_BufferSwapComplete, from the first event.
const SWAP_COMPLETE: c_int = 1;

/// What glXGetSyncValuesOML and its kin tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Time in microseconds.
    pub ust: i64,
    /// Number of a refresh.
    pub msc: i64,
    /// Swaps that are done.
    pub sbc: i64,
}

/// GLXBufferSwapComplete of glxext.h.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SwapEvent {
    /// The event's code.
    pub kind: c_int,
    serial: c_ulong,
    /// Not 0 if another client sent it.
    pub send_event: c_int,
    display: *mut Display,
    /// The window.
    pub drawable: c_ulong,
    /// How the swap was done.
    pub event_type: c_int,
    /// When.
    pub moment: [i64; 3],
}

/// These extensions on one display.
pub struct Timing {
    functions: Functions,
    display: Arc<XDisplay>,
}

impl Timing {
    /// Loads the functions.
    pub fn new(display: Arc<XDisplay>) -> Result<Self> {
        Ok(Self { functions: Functions::load(&Loader::open(Load::ProcAddress)?)?, display })
    }

    fn dpy(&self) -> *mut Display {
        self.display.raw()
    }

    /// glXGetSyncValuesOML.
    pub fn now(&self, drawable: c_ulong) -> Result<Moment> {
        let (mut ust, mut msc, mut sbc) = (-1, -1, -1);
        // SAFETY: the display is open and the pointers are to locals.
        let done =
            unsafe { (self.functions.get_sync_values)(self.dpy(), drawable, &mut ust, &mut msc, &mut sbc) };
        check(done != 0, || "glXGetSyncValuesOML fails".into())?;
        Ok(Moment { ust, msc, sbc })
    }

    /// glXGetMscRateOML.
    pub fn rate(&self, drawable: c_ulong) -> Result<(i32, i32)> {
        let (mut numerator, mut denominator) = (0, 0);
        // SAFETY: as in `now`.
        let done =
            unsafe { (self.functions.get_msc_rate)(self.dpy(), drawable, &mut numerator, &mut denominator) };
        check(done != 0, || "glXGetMscRateOML fails".into())?;
        Ok((numerator, denominator))
    }

    /// glXSwapBuffersMscOML: the swap's number, or -1.
    pub fn swap(&self, drawable: c_ulong, [target, divisor, remainder]: [i64; 3]) -> i64 {
        // SAFETY: the display is open.
        unsafe { (self.functions.swap_buffers_msc)(self.dpy(), drawable, target, divisor, remainder) }
    }

    /// glXWaitForMscOML; None if it fails.
    pub fn wait_for_msc(&self, drawable: c_ulong, [target, divisor, remainder]: [i64; 3]) -> Option<Moment> {
        let (mut ust, mut msc, mut sbc) = (-1, -1, -1);
        let places = (&raw mut ust, &raw mut msc, &raw mut sbc);
        // SAFETY: as in `now`.
        let done = unsafe {
            let wait = self.functions.wait_for_msc;
            wait(self.dpy(), drawable, target, divisor, remainder, places.0, places.1, places.2)
        };
        (done != 0).then_some(Moment { ust, msc, sbc })
    }

    /// glXWaitForSbcOML; None if it fails.
    pub fn wait_for_sbc(&self, drawable: c_ulong, target: i64) -> Option<Moment> {
        let (mut ust, mut msc, mut sbc) = (-1, -1, -1);
        // SAFETY: as in `now`.
        let done = unsafe {
            (self.functions.wait_for_sbc)(self.dpy(), drawable, target, &mut ust, &mut msc, &mut sbc)
        };
        (done != 0).then_some(Moment { ust, msc, sbc })
    }

    /// glXGetVideoSyncSGI, or its error.
    pub fn video_sync(&self) -> Result<u32, c_int> {
        let mut count = 0;
        // SAFETY: the pointer is to a local.
        let error = unsafe { (self.functions.get_video_sync)(&mut count) };
        if error == 0 { Ok(count) } else { Err(error) }
    }

    /// glXWaitVideoSyncSGI, or its error.
    pub fn wait_video_sync(&self, divisor: c_int, remainder: c_int) -> Result<u32, c_int> {
        let mut count = 0;
        // SAFETY: the pointer is to a local.
        let error = unsafe { (self.functions.wait_video_sync)(divisor, remainder, &mut count) };
        if error == 0 { Ok(count) } else { Err(error) }
    }

    /// glXCopySubBufferMESA.
    pub fn copy_sub_buffer(&self, drawable: c_ulong, (x, y): (i32, i32), (width, height): (i32, i32)) {
        // SAFETY: the display is open.
        unsafe { (self.functions.copy_sub_buffer)(self.dpy(), drawable, x, y, width, height) }
    }

    /// glXSwapIntervalEXT.
    pub fn set_interval(&self, drawable: c_ulong, interval: i32) {
        // SAFETY: the display is open.
        unsafe { (self.functions.swap_interval)(self.dpy(), drawable, interval) }
    }

    /// glXQueryDrawable.
    pub fn attribute(&self, drawable: c_ulong, name: c_int) -> u32 {
        let mut value = u32::MAX;
        // SAFETY: the display is open and the pointer is to a local.
        unsafe { (self.functions.query_drawable)(self.dpy(), drawable, name, &mut value) }
        value
    }

    /// glXSelectEvent, for an event after each swap or for none.
    pub fn select_swaps(&self, drawable: c_ulong, wanted: bool) {
        // SAFETY: the display is open.
        unsafe {
            let mask = if wanted { SWAP_COMPLETE_MASK } else { 0 };
            (self.functions.select_event)(self.dpy(), drawable, mask);
        }
    }

    /// The swap that an event tells of, if it is of GLX's code for that.
    pub fn swap_event(&self, event: &XEvent) -> Option<SwapEvent> {
        let (mut error, mut base) = (0, 0);
        // SAFETY: the display is open and the pointers are to locals.
        unsafe { (self.functions.query_extension)(self.dpy(), &mut error, &mut base) };
        let is_swap = event.get_type() == base + SWAP_COMPLETE;
        // SAFETY: an event of that code is a GLXBufferSwapComplete, which an XEvent has room for.
        is_swap.then(|| unsafe { *std::ptr::from_ref(event).cast::<SwapEvent>() })
    }
}
