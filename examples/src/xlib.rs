//! The little of Xlib that the examples need, with raw pointers kept inside.

use std::ffi::{CString, c_int, c_long, c_uint};
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};
use std::sync::Mutex;

use x11_dl::xlib;

use crate::{Result, check};

/// A connection to an X server, usable from every thread. It is closed when the process ends, or by [`XDisplay::close`].
pub struct XDisplay {
    xlib: xlib::Xlib,
    raw: *mut xlib::Display,
    screen: c_int,
}

// SAFETY: XInitThreads is called before the first connection, which makes Xlib lock its displays.
unsafe impl Send for XDisplay {}
// SAFETY: as above.
unsafe impl Sync for XDisplay {}

/// What a window is to be like.
pub struct WindowSpec<'a> {
    /// Its visual, a copy of what GLX named.
    pub visual: xlib::XVisualInfo,
    /// The parent, or `None` for the root window.
    pub parent: Option<xlib::Window>,
    /// Position in the parent, pixels.
    pub position: (i32, i32),
    /// Width and height, pixels.
    pub size: (u32, u32),
    /// What the title bar says.
    pub title: &'a str,
}

/// X errors that arrived while they were collected: error code, major and minor opcode of the request.
static COLLECTED: Mutex<Vec<(u8, u8, u8)>> = Mutex::new(Vec::new());

unsafe extern "C" fn collect(_display: *mut xlib::Display, event: *mut xlib::XErrorEvent) -> c_int {
    // SAFETY: Xlib passes a valid event.
    let event = unsafe { &*event };
    if let Ok(mut errors) = COLLECTED.lock() {
        errors.push((event.error_code, event.request_code, event.minor_code));
    }
    0
}

impl XDisplay {
    /// From now on X errors do not end the program; [`XDisplay::take_errors`] tells them.
    pub fn collect_errors(&self) {
        // SAFETY: the handler has the signature that Xlib asks for, and lives as long as the program.
        unsafe { (self.xlib.XSetErrorHandler)(Some(collect)) };
    }

    /// The X errors since the last call: error code, major and minor opcode. Waits for the server first.
    pub fn take_errors(&self) -> Vec<(u8, u8, u8)> {
        self.sync();
        COLLECTED.lock().map(|mut errors| std::mem::take(&mut *errors)).unwrap_or_default()
    }

    /// Connects to the display `name`, or to that of the environment.
    pub fn open(name: Option<&str>) -> Result<Self> {
        let xlib = xlib::Xlib::open()?;
        // SAFETY: the first Xlib call of the process or a repeated one; both are allowed.
        unsafe { (xlib.XInitThreads)() };
        let owned = name.map(CString::new).transpose()?;
        // SAFETY: a C string, or null for the environment's display.
        let raw = unsafe { (xlib.XOpenDisplay)(owned.as_ref().map_or(null(), |name| name.as_ptr())) };
        let shown = name.map_or_else(|| std::env::var("DISPLAY").unwrap_or_default(), str::to_owned);
        check(!raw.is_null(), || format!("cannot open the X display {shown:?}"))?;
        // SAFETY: the display is open.
        let screen = unsafe { (xlib.XDefaultScreen)(raw) };
        Ok(Self { xlib, raw, screen })
    }

    /// Uses another than the default screen from now on.
    pub fn on_screen(self, screen: c_int) -> Result<Self> {
        // SAFETY: the display is open.
        let screens = unsafe { (self.xlib.XScreenCount)(self.raw) };
        check((0..screens).contains(&screen), || format!("no screen {screen} of {screens}"))?;
        Ok(Self { screen, ..self })
    }

    /// The pointer that GLX wants.
    pub fn raw(&self) -> *mut xlib::Display {
        self.raw
    }

    /// Closes the connection.
    ///
    /// # Safety
    /// Nothing uses this display any more, in any thread.
    pub unsafe fn close(&self) {
        // SAFETY: promised by the caller.
        unsafe { (self.xlib.XCloseDisplay)(self.raw) };
    }

    /// The XCB connection that it runs over (libX11-xcb).
    pub fn xcb_connection(&self) -> Result<*mut std::ffi::c_void> {
        let library = x11_dl::xlib_xcb::Xlib_xcb::open()?;
        // SAFETY: the display is open.
        let connection = unsafe { (library.XGetXCBConnection)(self.raw) };
        Ok(connection.cast())
    }

    /// The screen in use.
    pub fn screen(&self) -> c_int {
        self.screen
    }

    /// The screen's root window.
    pub fn root(&self) -> xlib::Window {
        // SAFETY: the display and the screen are valid.
        unsafe { (self.xlib.XRootWindow)(self.raw, self.screen) }
    }

    /// Depth of the root window, bits.
    pub fn root_depth(&self) -> i32 {
        // SAFETY: the display and the screen are valid.
        unsafe { (self.xlib.XDefaultDepth)(self.raw, self.screen()) }
    }

    /// Creates a window with a black background that reports structure changes, keys and exposures. It is not mapped.
    pub fn create_window(&self, spec: &WindowSpec) -> Result<xlib::Window> {
        let parent = spec.parent.unwrap_or_else(|| self.root());
        let title = CString::new(spec.title)?;
        // SAFETY: all zero is a valid value of this plain C struct.
        let mut attributes: xlib::XSetWindowAttributes = unsafe { MaybeUninit::zeroed().assume_init() };
        attributes.event_mask = xlib::StructureNotifyMask | xlib::KeyPressMask | xlib::ExposureMask;
        let mask = xlib::CWBorderPixel | xlib::CWBackPixel | xlib::CWColormap | xlib::CWEventMask;
        // SAFETY: the visual is one of this display's, and the pointers live for the calls.
        unsafe {
            attributes.colormap =
                (self.xlib.XCreateColormap)(self.raw, self.root(), spec.visual.visual, xlib::AllocNone);
            let window = (self.xlib.XCreateWindow)(
                self.raw,
                parent,
                spec.position.0,
                spec.position.1,
                spec.size.0,
                spec.size.1,
                0,
                spec.visual.depth,
                xlib::InputOutput as c_uint,
                spec.visual.visual,
                mask,
                &mut attributes,
            );
            (self.xlib.XStoreName)(self.raw, window, title.as_ptr());
            let mut protocols = self.atom("WM_DELETE_WINDOW")?;
            (self.xlib.XSetWMProtocols)(self.raw, window, &mut protocols, 1);
            Ok(window)
        }
    }

    /// Maps the window and waits until the server says it is.
    pub fn map(&self, window: xlib::Window) {
        // SAFETY: the display is open, and the event is written before it is read.
        unsafe {
            (self.xlib.XMapWindow)(self.raw, window);
            let mut event = MaybeUninit::<xlib::XEvent>::uninit();
            loop {
                (self.xlib.XWindowEvent)(self.raw, window, xlib::StructureNotifyMask, event.as_mut_ptr());
                if event.assume_init_ref().get_type() == xlib::MapNotify {
                    return;
                }
            }
        }
    }

    /// Maps the window; nothing is flushed or waited for.
    pub fn request_map(&self, window: xlib::Window) {
        // SAFETY: the display is open; a wrong window is the server's error.
        unsafe { (self.xlib.XMapWindow)(self.raw, window) };
    }

    /// Unmaps the window and waits until the server has done so.
    pub fn unmap(&self, window: xlib::Window) {
        // SAFETY: as above.
        unsafe {
            (self.xlib.XUnmapWindow)(self.raw, window);
            (self.xlib.XSync)(self.raw, 0);
        }
    }

    /// Resizes the window; nothing is flushed or waited for.
    pub fn resize(&self, window: xlib::Window, size: (u32, u32)) {
        // SAFETY: the display is open; a wrong window is the server's error.
        unsafe { (self.xlib.XResizeWindow)(self.raw, window, size.0, size.1) };
    }

    /// Moves and resizes the window; nothing is flushed or waited for.
    pub fn move_resize(&self, window: xlib::Window, position: (i32, i32), size: (u32, u32)) {
        // SAFETY: as for resize.
        unsafe { (self.xlib.XMoveResizeWindow)(self.raw, window, position.0, position.1, size.0, size.1) };
    }

    /// Waits until the window has the size, as the server's ConfigureNotify events tell it.
    pub fn wait_for_size(&self, window: xlib::Window, size: (u32, u32)) {
        if self.size(window) != size {
            while self.next_size(window) != size {}
        }
    }

    /// Waits for the window's next ConfigureNotify event and gives the size it tells. Nothing is asked of the server.
    pub fn next_size(&self, window: xlib::Window) -> (u32, u32) {
        let mut event = MaybeUninit::<xlib::XEvent>::uninit();
        loop {
            // SAFETY: the display is open, and the event is written before it is read.
            let event = unsafe {
                (self.xlib.XWindowEvent)(self.raw, window, xlib::StructureNotifyMask, event.as_mut_ptr());
                event.assume_init()
            };
            if event.get_type() == xlib::ConfigureNotify {
                let configure = xlib::XConfigureEvent::from(event);
                return (configure.width as u32, configure.height as u32);
            }
        }
    }

    /// Takes the window from, or gives it back to, a window manager's care.
    pub fn set_override_redirect(&self, window: xlib::Window, on: bool) {
        // SAFETY: all zero is a valid value of this plain C struct; the display is open.
        unsafe {
            let mut attributes: xlib::XSetWindowAttributes = MaybeUninit::zeroed().assume_init();
            attributes.override_redirect = c_int::from(on);
            (self.xlib.XChangeWindowAttributes)(self.raw, window, xlib::CWOverrideRedirect, &mut attributes);
        }
    }

    /// Destroys the window.
    pub fn destroy_window(&self, window: xlib::Window) {
        // SAFETY: the display is open; a wrong window is the server's error.
        unsafe { (self.xlib.XDestroyWindow)(self.raw, window) };
    }

    /// Waits until the server has done all that was asked.
    pub fn sync(&self) {
        // SAFETY: the display is open.
        unsafe { (self.xlib.XSync)(self.raw, xlib::False) };
    }

    /// Sends what is buffered, without waiting.
    pub fn flush(&self) {
        // SAFETY: the display is open.
        unsafe { (self.xlib.XFlush)(self.raw) };
    }

    /// Width and height of a drawable, from the server.
    pub fn size(&self, drawable: xlib::Drawable) -> (u32, u32) {
        let (mut root, mut x, mut y) = (0, 0, 0);
        let (mut width, mut height, mut border, mut depth) = (0, 0, 0, 0);
        // SAFETY: every pointer is to a local of the right type.
        unsafe {
            (self.xlib.XGetGeometry)(
                self.raw,
                drawable,
                &mut root,
                &mut x,
                &mut y,
                &mut width,
                &mut height,
                &mut border,
                &mut depth,
            );
        }
        (width, height)
    }

    /// A pixmap of the root window's screen.
    pub fn create_pixmap(&self, size: (u32, u32), depth: i32) -> xlib::Pixmap {
        // SAFETY: the display is open.
        unsafe { (self.xlib.XCreatePixmap)(self.raw, self.root(), size.0, size.1, depth as c_uint) }
    }

    /// Frees a pixmap.
    pub fn free_pixmap(&self, pixmap: xlib::Pixmap) {
        // SAFETY: the display is open.
        unsafe { (self.xlib.XFreePixmap)(self.raw, pixmap) };
    }

    /// Copies `size` pixels from the top left corner of `from` to `position` in `to`.
    pub fn copy_area(
        &self,
        from: xlib::Drawable,
        to: xlib::Drawable,
        size: (u32, u32),
        position: (i32, i32),
    ) {
        // SAFETY: the display is open and the graphics context made here is freed here.
        unsafe {
            let gc = (self.xlib.XCreateGC)(self.raw, to, 0, null_mut());
            (self.xlib.XCopyArea)(self.raw, from, to, gc, 0, 0, size.0, size.1, position.0, position.1);
            (self.xlib.XFreeGC)(self.raw, gc);
        }
    }

    /// Fills a rectangle of a drawable with one pixel value.
    pub fn fill(&self, drawable: xlib::Drawable, pixel: u64, position: (i32, i32), size: (u32, u32)) {
        // SAFETY: as for copy_area.
        unsafe {
            let gc = (self.xlib.XCreateGC)(self.raw, drawable, 0, null_mut());
            (self.xlib.XSetForeground)(self.raw, gc, pixel);
            (self.xlib.XFillRectangle)(self.raw, drawable, gc, position.0, position.1, size.0, size.1);
            (self.xlib.XFreeGC)(self.raw, gc);
        }
    }

    /// The drawable's pixel values, top row first, without the bits that its depth does not use.
    pub fn pixels(&self, drawable: xlib::Drawable, size: (u32, u32), depth: i32) -> Result<Vec<u32>> {
        let mask = if depth >= 32 { u32::MAX } else { (1 << depth) - 1 };
        // SAFETY: the image is checked for null, read within its size, and destroyed here.
        unsafe {
            let image = (self.xlib.XGetImage)(self.raw, drawable, 0, 0, size.0, size.1, !0, xlib::ZPixmap);
            check(!image.is_null(), || "XGetImage failed".into())?;
            let mut pixels = Vec::new();
            for y in 0..size.1 as c_int {
                for x in 0..size.0 as c_int {
                    pixels.push((self.xlib.XGetPixel)(image, x, y) as u32 & mask);
                }
            }
            (self.xlib.XDestroyImage)(image);
            Ok(pixels)
        }
    }

    /// The atom called `name`.
    pub fn atom(&self, name: &str) -> Result<xlib::Atom> {
        let name = CString::new(name)?;
        // SAFETY: a C string and an open display.
        Ok(unsafe { (self.xlib.XInternAtom)(self.raw, name.as_ptr(), xlib::False) })
    }

    /// Whether a window manager that speaks EWMH says that it runs (_NET_SUPPORTING_WM_CHECK on the root window).
    pub fn has_window_manager(&self) -> Result<bool> {
        let property = self.atom("_NET_SUPPORTING_WM_CHECK")?;
        let (mut kind, mut format, mut count, mut rest, mut data) = (0, 0, 0, 0, null_mut());
        // SAFETY: the pointers are to locals, and the data is freed here if there is any.
        unsafe {
            (self.xlib.XGetWindowProperty)(
                self.raw,
                self.root(),
                property,
                0,
                1,
                xlib::False,
                xlib::AnyPropertyType as u64,
                &mut kind,
                &mut format,
                &mut count,
                &mut rest,
                &mut data,
            );
            if !data.is_null() {
                (self.xlib.XFree)(data.cast());
            }
        }
        Ok(count > 0)
    }

    /// Asks the window manager to set or clear the window's full-screen state (EWMH _NET_WM_STATE).
    pub fn request_fullscreen(&self, window: xlib::Window, on: bool) -> Result<()> {
        // SAFETY: all zero is a valid client message.
        let mut message: xlib::XClientMessageEvent = unsafe { MaybeUninit::zeroed().assume_init() };
        message.type_ = xlib::ClientMessage;
        message.window = window;
        message.message_type = self.atom("_NET_WM_STATE")?;
        message.format = 32;
        message.data.set_long(0, c_long::from(on));
        message.data.set_long(1, self.atom("_NET_WM_STATE_FULLSCREEN")? as c_long);
        let mut event = xlib::XEvent { client_message: message };
        let mask = xlib::SubstructureRedirectMask | xlib::SubstructureNotifyMask;
        // SAFETY: the event lives for the call.
        unsafe { (self.xlib.XSendEvent)(self.raw, self.root(), xlib::False, mask, &mut event) };
        Ok(())
    }

    /// The next event, if one has arrived.
    pub fn next_event(&self) -> Option<xlib::XEvent> {
        // SAFETY: XNextEvent writes the event, and does not block since one is pending.
        unsafe {
            if (self.xlib.XPending)(self.raw) == 0 {
                return None;
            }
            let mut event = MaybeUninit::<xlib::XEvent>::uninit();
            (self.xlib.XNextEvent)(self.raw, event.as_mut_ptr());
            Some(event.assume_init())
        }
    }

    /// The next event, waited for.
    pub fn wait_for_event(&self) -> xlib::XEvent {
        let mut event = MaybeUninit::<xlib::XEvent>::uninit();
        // SAFETY: XNextEvent writes the event.
        unsafe {
            (self.xlib.XNextEvent)(self.raw, event.as_mut_ptr());
            event.assume_init()
        }
    }

    /// Requests that were sent on this connection, or wait to be.
    pub fn requests(&self) -> u64 {
        // SAFETY: the display is open.
        unsafe { (self.xlib.XNextRequest)(self.raw) - 1 }
    }

    /// The connection's socket, for poll().
    pub fn fd(&self) -> c_int {
        // SAFETY: the display is open.
        unsafe { (self.xlib.XConnectionNumber)(self.raw) }
    }

    /// The server's font called `name`.
    pub fn load_font(&self, name: &str) -> Result<xlib::Font> {
        let name = CString::new(name)?;
        // SAFETY: a C string and an open display.
        Ok(unsafe { (self.xlib.XLoadFont)(self.raw, name.as_ptr()) })
    }

    /// Frees what an Xlib or GLX call allocated.
    ///
    /// # Safety
    /// `data` came from such a call, is not null, and is not used again.
    pub unsafe fn free<T>(&self, data: *mut T) {
        // SAFETY: promised by the caller.
        unsafe { (self.xlib.XFree)(data.cast()) };
    }

    /// A visual by its id, if the server has it.
    pub fn visual_by_id(&self, id: xlib::VisualID) -> Option<xlib::XVisualInfo> {
        self.visuals().into_iter().find(|visual| visual.visualid == id)
    }

    /// The visuals of the screen.
    pub fn visuals(&self) -> Vec<xlib::XVisualInfo> {
        // SAFETY: all zero is a valid value of this plain C struct.
        let mut template: xlib::XVisualInfo = unsafe { MaybeUninit::zeroed().assume_init() };
        template.screen = self.screen;
        let mut count = 0;
        // SAFETY: the list is checked for null and freed here; the copies point at Xlib's own visuals, which stay.
        unsafe {
            let list =
                (self.xlib.XGetVisualInfo)(self.raw, xlib::VisualScreenMask, &mut template, &mut count);
            if list.is_null() {
                return Vec::new();
            }
            let visuals = std::slice::from_raw_parts(list, usize::try_from(count).unwrap_or(0)).to_vec();
            self.free(list);
            visuals
        }
    }
}

/// The Composite extension, of which x11-dl knows nothing.
pub struct Composite {
    redirect: unsafe extern "C" fn(*mut xlib::Display, xlib::Window, c_int),
    name_pixmap: unsafe extern "C" fn(*mut xlib::Display, xlib::Window) -> xlib::Pixmap,
}

impl Composite {
    /// Loads libXcomposite.
    pub fn load() -> Result<Self> {
        // SAFETY: the library has only ordinary constructors, the functions have these signatures, and it stays open.
        unsafe {
            let library = std::mem::ManuallyDrop::new(libloading::Library::new("libXcomposite.so.1")?);
            Ok(Self {
                redirect: *library.get(c"XCompositeRedirectWindow")?,
                name_pixmap: *library.get(c"XCompositeNameWindowPixmap")?,
            })
        }
    }

    /// Has a window drawn to a pixmap of its own instead of the screen.
    pub fn redirect(&self, display: &XDisplay, window: xlib::Window) {
        const MANUAL: c_int = 1;
        // SAFETY: a live display.
        unsafe { (self.redirect)(display.raw, window, MANUAL) };
    }

    /// The pixmap that a redirected, mapped window is drawn to.
    pub fn pixmap(&self, display: &XDisplay, window: xlib::Window) -> xlib::Pixmap {
        // SAFETY: a live display.
        unsafe { (self.name_pixmap)(display.raw, window) }
    }
}
