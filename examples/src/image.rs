//! Other ways than XGetImage to read a drawable: into an image that is there already, and through shared memory.

use std::ffi::{c_char, c_int, c_uint, c_ulong, c_void};
use std::mem::ManuallyDrop;
use std::ptr::null_mut;

use libloading::Library;
use x11_dl::xlib;

use crate::xlib::XDisplay;
use crate::{Result, check};

/// `XShmSegmentInfo`.
#[repr(C)]
struct Segment {
    seg: c_ulong,
    id: c_int,
    address: *mut c_char,
    read_only: c_int,
}

type Create = unsafe extern "C" fn(
    *mut xlib::Display,
    *mut xlib::Visual,
    c_uint,
    c_int,
    *mut c_char,
    *mut Segment,
    c_uint,
    c_uint,
) -> *mut xlib::XImage;
type Attach = unsafe extern "C" fn(*mut xlib::Display, *mut Segment) -> c_int;
type Get =
    unsafe extern "C" fn(*mut xlib::Display, c_ulong, *mut xlib::XImage, c_int, c_int, c_ulong) -> c_int;
type GetSub = unsafe extern "C" fn(
    *mut xlib::Display,
    c_ulong,
    c_int,
    c_int,
    c_uint,
    c_uint,
    c_ulong,
    c_int,
    *mut xlib::XImage,
    c_int,
    c_int,
) -> *mut xlib::XImage;

/// A drawable's pixel values, read by XShmGetImage and then, over them, by XGetSubImage: an error if the two differ.
/// Top row first, without the bits that the depth does not use.
pub fn pixels_by_shm(
    display: &XDisplay,
    drawable: xlib::Drawable,
    size: (u32, u32),
    depth: i32,
) -> Result<Vec<u32>> {
    let mask = if depth >= 32 { u32::MAX } else { (1 << depth) - 1 };
    // SAFETY: the libraries have only ordinary constructors and stay open; the functions have these signatures.
    let (create, attach, get, detach, get_sub) = unsafe {
        let ext = ManuallyDrop::new(Library::new("libXext.so.6")?);
        let x11 = ManuallyDrop::new(Library::new("libX11.so.6")?);
        (
            *ext.get::<Create>(c"XShmCreateImage")?,
            *ext.get::<Attach>(c"XShmAttach")?,
            *ext.get::<Get>(c"XShmGetImage")?,
            *ext.get::<Attach>(c"XShmDetach")?,
            *x11.get::<GetSub>(c"XGetSubImage")?,
        )
    };
    let mut segment = Segment { seg: 0, id: -1, address: null_mut(), read_only: 0 };
    // SAFETY: a live display; the image's data is the segment, as large as the image asks for; both go at the end.
    unsafe {
        let dpy = display.raw();
        let image = create(
            dpy,
            null_mut(),
            depth as c_uint,
            xlib::ZPixmap,
            null_mut(),
            &raw mut segment,
            size.0,
            size.1,
        );
        check(!image.is_null(), || "XShmCreateImage failed".into())?;
        let bytes = ((*image).bytes_per_line * (*image).height) as usize;
        segment.id = libc::shmget(libc::IPC_PRIVATE, bytes, libc::IPC_CREAT | 0o600);
        segment.address = libc::shmat(segment.id, std::ptr::null(), 0).cast();
        (*image).data = segment.address;
        attach(dpy, &raw mut segment);
        display.sync();
        libc::shmctl(segment.id, libc::IPC_RMID, null_mut());
        let value = |x: u32, y: u32| xlib_pixel(image, x, y) & mask;
        let all = || (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y))).map(|(x, y)| value(x, y));
        let got = get(dpy, drawable, image, 0, 0, !0);
        check(got != 0, || "XShmGetImage failed".into())?;
        let shared: Vec<u32> = all().collect();
        std::ptr::write_bytes(segment.address, 0, bytes);
        let sub = get_sub(dpy, drawable, 0, 0, size.0, size.1, !0, xlib::ZPixmap, image, 0, 0);
        check(!sub.is_null(), || "XGetSubImage failed".into())?;
        check(all().eq(shared.iter().copied()), || "XShmGetImage and XGetSubImage differ".into())?;
        detach(dpy, &raw mut segment);
        display.sync();
        libc::shmdt(segment.address.cast::<c_void>());
        // Not the image's own to free.
        (*image).data = null_mut();
        libc::free(image.cast());
        Ok(shared)
    }
}

/// XGetPixel, which is a macro: the image knows its function.
///
/// # Safety
/// A live image, and a place in it.
unsafe fn xlib_pixel(image: *mut xlib::XImage, x: u32, y: u32) -> u32 {
    // SAFETY: the caller's contract.
    unsafe { (*image).funcs.get_pixel.map_or(0, |get| get(image, x as c_int, y as c_int) as u32) }
}
