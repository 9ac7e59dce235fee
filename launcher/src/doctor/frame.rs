//! The test frame: a small OpenGL program, run by glxrun like any other. It draws a pattern, reads it back where it was
//! rendered, swaps, and reads it again from its window on the 2D side.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};
use x11_dl::{glx, xlib};

use crate::display::Server;
use crate::picture::Picture;

/// Pixels of the frame.
const WIDTH: u16 = 128;
const HEIGHT: u16 = 96;
/// Pixels of a square of the pattern. Its colours are those that every depth shows exactly.
const SQUARE: u16 = 16;
/// How long a frame may take to its window.
const ARRIVAL: Duration = Duration::from_secs(5);

/// What the test frame told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Frame {
    /// GL_RENDERER; None where it did not come to that.
    pub renderer: Option<String>,
    /// GL_VERSION.
    pub version: Option<String>,
    /// The 3D side that glxrun chose or was told.
    pub side: Option<String>,
    /// In words what went wrong.
    pub problem: Option<String>,
}

/// Draws the frame on DISPLAY.
pub fn draw() -> Frame {
    let mut frame =
        Frame { renderer: None, version: None, side: std::env::var("GLXRUN_DISPLAY3D").ok(), problem: None };
    frame.problem = attempt(&mut frame).err().map(|error| format!("{error:#}"));
    frame
}

fn attempt(frame: &mut Frame) -> Result<()> {
    let xlib = xlib::Xlib::open().map_err(|error| anyhow!("libX11.so.6 cannot be loaded: {error}"))?;
    let glx = glx::Glx::open().map_err(|error| anyhow!("libGL.so.1 cannot be loaded: {error}"))?;
    let owner = owner(glx.glXSwapBuffers as *const c_void).unwrap_or_default();
    ensure!(owner.ends_with("/libglxrun.so"), "glXSwapBuffers leads to {owner}, not to libglxrun.so");
    let name = std::env::var("DISPLAY").context("DISPLAY is unset")?;
    // SAFETY: Xlib's and GLX' functions, loaded with the types of their headers; the display and what is made on it are
    // used until they are destroyed at the end of `on_display`.
    unsafe {
        (xlib.XSetErrorHandler)(Some(note_error));
        let display = (xlib.XOpenDisplay)(null());
        ensure!(!display.is_null(), "the 2D side {name} cannot be opened");
        let result = on_display(&xlib, &glx, display, &name, frame);
        (xlib.XCloseDisplay)(display);
        result
    }
}

/// # Safety
/// `display` is an open display of `xlib`.
unsafe fn on_display(
    xlib: &xlib::Xlib,
    glx: &glx::Glx,
    display: *mut xlib::Display,
    name: &str,
    frame: &mut Frame,
) -> Result<()> {
    let (mut error, mut event) = (0, 0);
    // SAFETY: an open display, pointers to locals; the attributes end with 0; a visual and a window that were made just
    // before; GL functions of the current context, with buffers of the size that they are told.
    unsafe {
        ensure!((glx.glXQueryExtension)(display, &mut error, &mut event) != 0, "GLX is not offered here");
        let screen = (xlib.XDefaultScreen)(display);
        let mut attributes = [glx::GLX_RGBA, glx::GLX_DOUBLEBUFFER, glx::GLX_RED_SIZE, 1, 0];
        let visual = (glx.glXChooseVisual)(display, screen, attributes.as_mut_ptr());
        ensure!(!visual.is_null(), "GLX offers no double-buffered RGB visual here");
        let context = (glx.glXCreateContext)(display, visual, null_mut(), 1);
        ensure!(!context.is_null(), "no OpenGL context could be made");
        let root = (xlib.XRootWindow)(display, screen);
        let mut wanted: xlib::XSetWindowAttributes = std::mem::zeroed();
        wanted.colormap = (xlib.XCreateColormap)(display, root, (*visual).visual, xlib::AllocNone);
        wanted.override_redirect = 1;
        let mask = xlib::CWColormap | xlib::CWBorderPixel | xlib::CWOverrideRedirect;
        let (width, height) = (WIDTH.into(), HEIGHT.into());
        #[rustfmt::skip]
        let window = (xlib.XCreateWindow)(display, root, 0, 0, width, height, 0, (*visual).depth,
            xlib::InputOutput as c_uint, (*visual).visual, mask, &mut wanted);
        (xlib.XMapRaised)(display, window);
        (xlib.XSync)(display, 0);
        let current = (glx.glXMakeCurrent)(display, window, context);
        ensure!(current != 0 && first_error().is_none(), "the context cannot be made current{}", x_error());
        let gl = Gl::load(glx)?;
        frame.renderer = gl.text(RENDERER);
        frame.version = gl.text(VERSION);
        let drawn = gl.draw_pattern();
        if let Some(difference) = difference(&drawn) {
            bail!("the frame was not drawn as it should be: {difference}");
        }
        (glx.glXSwapBuffers)(display, window);
        let arrived = arrive(name, window as u32);
        (glx.glXMakeCurrent)(display, 0, null_mut());
        (glx.glXDestroyContext)(display, context);
        (xlib.XDestroyWindow)(display, window);
        (xlib.XSync)(display, 0);
        arrived?;
        ensure!(first_error().is_none(), "the X server reported an error{}", x_error());
        Ok(())
    }
}

/// Waits until the window shows the pattern.
fn arrive(display: &str, window: u32) -> Result<()> {
    let server = Server { name: display.to_owned(), cookie: None };
    let connection = server.connect().context("a second connection to the 2D side")?;
    let deadline = Instant::now() + ARRIVAL;
    loop {
        let picture = Picture::of_window(&connection, window).context("the window cannot be read")?;
        let Some(difference) = difference(&picture.rgb) else { return Ok(()) };
        if Instant::now() >= deadline {
            bail!("the frame was drawn, but its window does not show it: {difference}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The pattern's colour at a pixel, from the top left corner.
fn pattern(x: u16, y: u16) -> [u8; 3] {
    // Neither symmetric nor periodic, so that a flip, a shift and swapped channels show.
    let number = (x / SQUARE) * 3 + (y / SQUARE) * 5 + (x / SQUARE) * (y / SQUARE);
    [0, 1, 2].map(|channel| if number >> channel & 1 != 0 { 255 } else { 0 })
}

/// The first pixel that is not the pattern's, in words.
fn difference(rgb: &[u8]) -> Option<String> {
    let pixels = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y)));
    let mut seen = rgb.chunks_exact(3);
    pixels.into_iter().find_map(|(x, y)| {
        let (seen, wanted) = (seen.next(), pattern(x, y));
        (seen != Some(&wanted[..])).then(|| format!("pixel {x},{y} is {seen:?}, not {wanted:?}"))
    })
}

const VERSION: c_uint = 0x1F02;
const RENDERER: c_uint = 0x1F01;

/// The few functions of OpenGL that the frame needs.
struct Gl {
    get_string: GetString,
    enable: OfName,
    scissor: Scissor,
    clear_color: ClearColor,
    clear: OfName,
    read_pixels: ReadPixels,
}

type GetString = unsafe extern "C" fn(c_uint) -> *const c_char;
type OfName = unsafe extern "C" fn(c_uint);
type Scissor = unsafe extern "C" fn(c_int, c_int, c_int, c_int);
type ClearColor = unsafe extern "C" fn(f32, f32, f32, f32);
type ReadPixels = unsafe extern "C" fn(c_int, c_int, c_int, c_int, c_uint, c_uint, *mut c_void);

impl Gl {
    /// # Safety
    /// Their types are those of GL's headers.
    unsafe fn load(glx: &glx::Glx) -> Result<Gl> {
        macro_rules! function {
            ($name:literal, $type:ty) => {{
                // SAFETY: a C string.
                let found = unsafe { (glx.glXGetProcAddress)($name.as_ptr().cast()) };
                let found = found.with_context(|| format!("there is no {}", $name.to_string_lossy()))?;
                // SAFETY: the function of this name has this type.
                unsafe { std::mem::transmute::<unsafe extern "C" fn(), $type>(found) }
            }};
        }
        Ok(Gl {
            get_string: function!(c"glGetString", GetString),
            enable: function!(c"glEnable", OfName),
            scissor: function!(c"glScissor", Scissor),
            clear_color: function!(c"glClearColor", ClearColor),
            clear: function!(c"glClear", OfName),
            read_pixels: function!(c"glReadPixels", ReadPixels),
        })
    }

    fn text(&self, name: c_uint) -> Option<String> {
        // SAFETY: a context is current; GL gives a static C string or null.
        unsafe {
            let text = (self.get_string)(name);
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        }
    }

    /// Draws the pattern; gives what was rendered, 3 bytes a pixel, rows from the top without padding.
    fn draw_pattern(&self) -> Vec<u8> {
        const SCISSOR_TEST: c_uint = 0x0C11;
        const COLOR_BUFFER_BIT: c_uint = 0x4000;
        const RGBA: c_uint = 0x1908;
        const UNSIGNED_BYTE: c_uint = 0x1401;
        let (width, height, square) = (c_int::from(WIDTH), c_int::from(HEIGHT), c_int::from(SQUARE));
        let mut rgba = vec![0; usize::from(WIDTH) * usize::from(HEIGHT) * 4];
        // SAFETY: a context is current, and `rgba` has room for its frame.
        unsafe {
            (self.enable)(SCISSOR_TEST);
            for y in (0..HEIGHT).step_by(SQUARE.into()) {
                for x in (0..WIDTH).step_by(SQUARE.into()) {
                    let [red, green, blue] = pattern(x, y).map(|channel| f32::from(channel) / 255.0);
                    (self.scissor)(x.into(), height - square - c_int::from(y), square, square);
                    (self.clear_color)(red, green, blue, 1.0);
                    (self.clear)(COLOR_BUFFER_BIT);
                }
            }
            (self.read_pixels)(0, 0, width, height, RGBA, UNSIGNED_BYTE, rgba.as_mut_ptr().cast());
        }
        let rows = rgba.chunks_exact(usize::from(WIDTH) * 4).rev();
        rows.flat_map(|row| row.chunks_exact(4).flat_map(|pixel| &pixel[..3])).copied().collect()
    }
}

/// The first X error: its code, and its request's major and minor opcode, 8 bits each.
static X_ERROR: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn note_error(_: *mut xlib::Display, event: *mut xlib::XErrorEvent) -> c_int {
    // SAFETY: Xlib passes an event.
    let event = unsafe { &*event };
    let bytes = [0, event.error_code, event.request_code, event.minor_code];
    let _ = X_ERROR.compare_exchange(0, u32::from_be_bytes(bytes), Ordering::Relaxed, Ordering::Relaxed);
    0
}

fn first_error() -> Option<[u8; 4]> {
    Some(X_ERROR.load(Ordering::Relaxed)).filter(|error| *error != 0).map(u32::to_be_bytes)
}

fn x_error() -> String {
    first_error().map_or_else(String::new, |[_, code, major, minor]| {
        format!(": X error {code}, request {major}.{minor}")
    })
}

/// The file that an address belongs to.
fn owner(address: *const c_void) -> Option<String> {
    // SAFETY: zeroes are a valid Dl_info: null pointers.
    let mut info: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: dladdr takes any address, and fills in a C string where it knows it.
    unsafe {
        (libc::dladdr(address, &raw mut info) != 0 && !info.dli_fname.is_null())
            .then(|| CStr::from_ptr(info.dli_fname).to_string_lossy().into_owned())
    }
}
