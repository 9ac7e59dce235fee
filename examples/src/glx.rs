//! GLX as an object: the loaded functions together with the display they are used on.

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};
use std::ptr::{null, null_mut};
use std::sync::Arc;

use x11_dl::glx::*;
use x11_dl::xlib::{Display, Pixmap, Window, XVisualInfo};

use crate::gl::functions;
use crate::load::Loader;
use crate::xlib::XDisplay;
use crate::{Result, check};

functions! {
    /// GLX functions, loaded once per process.
    GlxFunctions
    scalar {
        wait_gl = "glXWaitGL" ();
        wait_x = "glXWaitX" ();
        get_current_drawable = "glXGetCurrentDrawable" () -> c_ulong;
        get_current_read_drawable = "glXGetCurrentReadDrawable" () -> c_ulong;
        use_x_font = "glXUseXFont" (font: c_ulong, first: c_int, count: c_int, base: c_int);
    }
    pointer {
        choose_fb_config = "glXChooseFBConfig"
            (dpy: *mut Display, screen: c_int, attributes: *const c_int, count: *mut c_int) -> *mut GLXFBConfig;
        choose_visual = "glXChooseVisual"
            (dpy: *mut Display, screen: c_int, attributes: *const c_int) -> *mut XVisualInfo;
        copy_context = "glXCopyContext" (dpy: *mut Display, from: GLXContext, to: GLXContext, mask: c_ulong);
        create_context = "glXCreateContext"
            (dpy: *mut Display, visual: *const XVisualInfo, share: GLXContext, direct: c_int) -> GLXContext;
        create_context_attribs = "glXCreateContextAttribsARB" (dpy: *mut Display, config: GLXFBConfig,
            share: GLXContext, direct: c_int, attributes: *const c_int) -> GLXContext;
        create_new_context = "glXCreateNewContext" (dpy: *mut Display, config: GLXFBConfig, kind: c_int,
            share: GLXContext, direct: c_int) -> GLXContext;
        create_pbuffer = "glXCreatePbuffer"
            (dpy: *mut Display, config: GLXFBConfig, attributes: *const c_int) -> c_ulong;
        create_pixmap = "glXCreatePixmap"
            (dpy: *mut Display, config: GLXFBConfig, pixmap: Pixmap, attributes: *const c_int) -> c_ulong;
        create_window = "glXCreateWindow"
            (dpy: *mut Display, config: GLXFBConfig, window: Window, attributes: *const c_int) -> c_ulong;
        destroy_context = "glXDestroyContext" (dpy: *mut Display, context: GLXContext);
        destroy_pbuffer = "glXDestroyPbuffer" (dpy: *mut Display, pbuffer: c_ulong);
        destroy_pixmap = "glXDestroyPixmap" (dpy: *mut Display, pixmap: c_ulong);
        destroy_window = "glXDestroyWindow" (dpy: *mut Display, window: c_ulong);
        get_config = "glXGetConfig"
            (dpy: *mut Display, visual: *const XVisualInfo, name: c_int, value: *mut c_int) -> c_int;
        get_fb_configs = "glXGetFBConfigs"
            (dpy: *mut Display, screen: c_int, count: *mut c_int) -> *mut GLXFBConfig;
        get_fb_config_attrib = "glXGetFBConfigAttrib"
            (dpy: *mut Display, config: GLXFBConfig, name: c_int, value: *mut c_int) -> c_int;
        get_current_context = "glXGetCurrentContext" () -> GLXContext;
        get_visual = "glXGetVisualFromFBConfig" (dpy: *mut Display, config: GLXFBConfig) -> *mut XVisualInfo;
        make_context_current = "glXMakeContextCurrent"
            (dpy: *mut Display, draw: c_ulong, read: c_ulong, context: GLXContext) -> c_int;
        make_current = "glXMakeCurrent" (dpy: *mut Display, drawable: c_ulong, context: GLXContext) -> c_int;
        query_drawable = "glXQueryDrawable"
            (dpy: *mut Display, drawable: c_ulong, name: c_int, value: *mut c_uint);
        query_extension = "glXQueryExtension"
            (dpy: *mut Display, error_base: *mut c_int, event_base: *mut c_int) -> c_int;
        query_extensions_string = "glXQueryExtensionsString" (dpy: *mut Display, screen: c_int) -> *const c_char;
        query_version = "glXQueryVersion" (dpy: *mut Display, major: *mut c_int, minor: *mut c_int) -> c_int;
        swap_buffers = "glXSwapBuffers" (dpy: *mut Display, drawable: c_ulong);
    }
}

const CONTEXT_MAJOR_VERSION: c_int = 0x2091;
const CONTEXT_MINOR_VERSION: c_int = 0x2092;
const CONTEXT_PROFILE_MASK: c_int = 0x9126;
const CONTEXT_CORE_PROFILE: c_int = 1;
const CONTEXT_ES_PROFILE: c_int = 4;

/// A rendering context. Whoever holds it destroys it through [`Glx::destroy_context`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Context(pub GLXContext);

impl Context {
    /// No context: to share with nothing, or to release the current one.
    pub const NONE: Context = Context(null_mut());
}

// SAFETY: GLX contexts are handles that any thread may make current, one at a time.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

/// A frame-buffer configuration.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Config(pub GLXFBConfig);

// SAFETY: configs are constant data of the display.
unsafe impl Send for Config {}
// SAFETY: as above.
unsafe impl Sync for Config {}

/// What a config must be like.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Two colour buffers.
    pub double: bool,
    /// Bits of alpha, exactly.
    pub alpha: i32,
    /// Bits of depth, at least.
    pub depth: i32,
    /// Bits of stencil, at least.
    pub stencil: i32,
    /// Samples a pixel, exactly; 0 for no multisampling.
    pub samples: i32,
    /// Depth of the visual; `None` prefers the root window's and takes any.
    pub visual_depth: Option<i32>,
    /// GLX_WINDOW_BIT, GLX_PIXMAP_BIT, GLX_PBUFFER_BIT.
    pub drawables: c_int,
}

/// A double-buffered window without alpha, stencil or multisampling, with 24 bits of depth.
impl Default for Wanted {
    fn default() -> Self {
        Self {
            double: true,
            alpha: 0,
            depth: 24,
            stencil: 0,
            samples: 0,
            visual_depth: None,
            drawables: GLX_WINDOW_BIT,
        }
    }
}

/// GLX on one display.
#[derive(Clone)]
pub struct Glx {
    functions: Arc<GlxFunctions>,
    /// The connection.
    pub display: Arc<XDisplay>,
}

impl Glx {
    /// Loads the functions and asks the display whether it has GLX at all.
    pub fn new(loader: &Loader, display: Arc<XDisplay>) -> Result<Self> {
        let glx = Self { functions: Arc::new(GlxFunctions::load(loader)?), display };
        glx.check_extension()?;
        Ok(glx)
    }

    /// The same functions on another connection.
    pub fn on(&self, display: Arc<XDisplay>) -> Result<Self> {
        let glx = Self { functions: self.functions.clone(), display };
        glx.check_extension()?;
        Ok(glx)
    }

    fn check_extension(&self) -> Result<()> {
        self.error_base().map(drop)
    }

    /// The code of GLX's first error; an error if the display has no GLX.
    pub fn error_base(&self) -> Result<i32> {
        let (mut error, mut event) = (0, 0);
        // SAFETY: the display is open and the pointers are to locals.
        let has = unsafe { (self.functions.query_extension)(self.dpy(), &mut error, &mut event) };
        check(has != 0, || "this display has no GLX".into())?;
        Ok(error)
    }

    fn dpy(&self) -> *mut Display {
        self.display.raw()
    }

    /// The functions themselves, for calls without a pointer among their arguments.
    pub fn functions(&self) -> &GlxFunctions {
        &self.functions
    }

    /// Major and minor version of GLX.
    pub fn version(&self) -> (i32, i32) {
        let (mut major, mut minor) = (0, 0);
        // SAFETY: the pointers are to locals.
        unsafe { (self.functions.query_version)(self.dpy(), &mut major, &mut minor) };
        (major, minor)
    }

    /// The extensions that this display supports, separated by blanks.
    pub fn extensions(&self) -> String {
        // SAFETY: the answer is null or a static C string.
        unsafe {
            let text = (self.functions.query_extensions_string)(self.dpy(), self.display.screen());
            if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
        }
    }

    /// All configs that `attributes` (pairs of name and value, without the final 0) choose, best first.
    pub fn choose_configs(&self, attributes: &[c_int]) -> Vec<Config> {
        let attributes: Vec<c_int> = attributes.iter().copied().chain([0]).collect();
        let mut count = 0;
        // SAFETY: the list ends with 0; the answer has `count` entries and is freed here.
        unsafe {
            let list = (self.functions.choose_fb_config)(
                self.dpy(),
                self.display.screen(),
                attributes.as_ptr(),
                &mut count,
            );
            self.take_configs(list, count)
        }
    }

    /// All configs of the screen.
    pub fn all_configs(&self) -> Vec<Config> {
        let mut count = 0;
        // SAFETY: the answer has `count` entries and is freed here.
        unsafe {
            let list = (self.functions.get_fb_configs)(self.dpy(), self.display.screen(), &mut count);
            self.take_configs(list, count)
        }
    }

    /// Copies and frees a list of configs.
    ///
    /// # Safety
    /// `list` is null or an answer of GLX with `count` entries, and is not used again.
    unsafe fn take_configs(&self, list: *mut GLXFBConfig, count: c_int) -> Vec<Config> {
        if list.is_null() {
            return Vec::new();
        }
        // SAFETY: promised by the caller.
        unsafe {
            let configs = std::slice::from_raw_parts(list, usize::try_from(count).unwrap_or(0));
            let configs = configs.iter().map(|config| Config(*config)).collect();
            self.display.free(list);
            configs
        }
    }

    /// A config's attribute, 0 where GLX does not know it.
    pub fn attribute(&self, config: Config, name: c_int) -> i32 {
        self.known_attribute(config, name).unwrap_or(0)
    }

    /// A config's attribute, if GLX knows it.
    pub fn known_attribute(&self, config: Config, name: c_int) -> Option<i32> {
        let mut value = 0;
        // SAFETY: the config is this display's and the pointer is to a local.
        let error = unsafe { (self.functions.get_fb_config_attrib)(self.dpy(), config.0, name, &mut value) };
        (error == 0).then_some(value)
    }

    /// The config's visual, if windows can have it.
    pub fn visual(&self, config: Config) -> Option<XVisualInfo> {
        // SAFETY: the answer is null or allocated for us; the copy points at Xlib's own visual, which stays.
        unsafe {
            let info = (self.functions.get_visual)(self.dpy(), config.0);
            if info.is_null() {
                return None;
            }
            let visual = *info;
            self.display.free(info);
            Some(visual)
        }
    }

    /// The first config that is as wanted.
    pub fn choose(&self, wanted: &Wanted) -> Result<Config> {
        let attributes = [
            (GLX_DRAWABLE_TYPE, wanted.drawables),
            (GLX_RENDER_TYPE, GLX_RGBA_BIT),
            (GLX_X_VISUAL_TYPE, GLX_TRUE_COLOR),
            (GLX_DOUBLEBUFFER, c_int::from(wanted.double)),
            (GLX_ALPHA_SIZE, wanted.alpha),
            (GLX_DEPTH_SIZE, wanted.depth),
            (GLX_STENCIL_SIZE, wanted.stencil),
            (GLX_SAMPLES, wanted.samples),
        ];
        let attributes: Vec<c_int> = attributes.iter().flat_map(|(name, value)| [*name, *value]).collect();
        let depth = wanted.visual_depth.unwrap_or(self.display.root_depth());
        let exact = |config: &Config| {
            self.attribute(*config, GLX_ALPHA_SIZE) == wanted.alpha
                && self.attribute(*config, GLX_SAMPLES) == wanted.samples
                && self.attribute(*config, GLX_DOUBLEBUFFER) == c_int::from(wanted.double)
        };
        let of_depth = |config: &Config| self.visual(*config).is_some_and(|visual| visual.depth == depth);
        let configs: Vec<_> = self.choose_configs(&attributes).into_iter().filter(exact).collect();
        let mut found = configs.iter().find(|config| of_depth(config));
        if wanted.visual_depth.is_none() {
            found = found.or_else(|| configs.iter().find(|config| self.visual(**config).is_some()));
        }
        found.copied().ok_or_else(|| format!("no config is like {wanted:?}").into())
    }

    /// The visual that GLX 1.2's glXChooseVisual picks for `attributes` (without the final 0).
    pub fn choose_visual(&self, attributes: &[c_int]) -> Result<XVisualInfo> {
        let info = self.choose_visual_to_keep(attributes)?;
        let visual = *info;
        // SAFETY: glXChooseVisual made it, and it is not used again.
        unsafe { self.display.free(std::ptr::from_ref(info).cast_mut()) };
        Ok(visual)
    }

    /// The same, not copied: GLX may know by the address what was asked for. It is never freed.
    pub fn choose_visual_to_keep(&self, attributes: &[c_int]) -> Result<&'static XVisualInfo> {
        let attributes: Vec<c_int> = attributes.iter().copied().chain([0]).collect();
        // SAFETY: the list ends with 0; the answer is null or allocated for us.
        let info = unsafe {
            (self.functions.choose_visual)(self.dpy(), self.display.screen(), attributes.as_ptr()).as_ref()
        };
        info.ok_or_else(|| "glXChooseVisual finds no visual".into())
    }

    /// What glXGetConfig says of a visual's attribute, or its error.
    pub fn visual_attribute(&self, visual: &XVisualInfo, name: c_int) -> Result<i32, c_int> {
        let mut value = 0;
        // SAFETY: the visual is this display's and the pointer is to a local.
        let error = unsafe { (self.functions.get_config)(self.dpy(), visual, name, &mut value) };
        if error == 0 { Ok(value) } else { Err(error) }
    }

    fn checked(&self, context: GLXContext, call: &str) -> Result<Context> {
        check(!context.is_null(), || format!("{call} gave no context"))?;
        Ok(Context(context))
    }

    /// A context for a config (glXCreateNewContext).
    pub fn create_context(&self, config: Config, share: Context) -> Result<Context> {
        self.create_context_of_type(config, GLX_RGBA_TYPE, share)
    }

    /// The same with a render type, such as GLX_RGBA_TYPE.
    pub fn create_context_of_type(&self, config: Config, kind: i32, share: Context) -> Result<Context> {
        // SAFETY: the config is this display's, the context null or live.
        let context = unsafe { (self.functions.create_new_context)(self.dpy(), config.0, kind, share.0, 1) };
        self.checked(context, "glXCreateNewContext")
    }

    /// A context for a visual (glXCreateContext, GLX 1.0).
    pub fn create_visual_context(&self, visual: &XVisualInfo, share: Context) -> Result<Context> {
        // SAFETY: the visual is this display's, the context null or live.
        let context = unsafe { (self.functions.create_context)(self.dpy(), visual, share.0, 1) };
        self.checked(context, "glXCreateContext")
    }

    /// A core-profile context of a version (glXCreateContextAttribsARB).
    pub fn create_core_context(
        &self,
        config: Config,
        share: Context,
        version: (i32, i32),
    ) -> Result<Context> {
        self.create_profile_context(config, share, version, CONTEXT_CORE_PROFILE)
    }

    /// An OpenGL ES context of a version (GLX_EXT_create_context_es2_profile).
    pub fn create_es_context(&self, config: Config, share: Context, version: (i32, i32)) -> Result<Context> {
        self.create_profile_context(config, share, version, CONTEXT_ES_PROFILE)
    }

    fn create_profile_context(
        &self,
        config: Config,
        share: Context,
        version: (i32, i32),
        profile: c_int,
    ) -> Result<Context> {
        let attributes = [
            CONTEXT_MAJOR_VERSION,
            version.0,
            CONTEXT_MINOR_VERSION,
            version.1,
            CONTEXT_PROFILE_MASK,
            profile,
            0,
        ];
        // SAFETY: the config is this display's, the context null or live, the list ends with 0.
        let context = unsafe {
            (self.functions.create_context_attribs)(self.dpy(), config.0, share.0, 1, attributes.as_ptr())
        };
        self.checked(context, "glXCreateContextAttribsARB")
    }

    /// Makes the context current with one drawable (glXMakeCurrent); 0 and [`Context::NONE`] release.
    pub fn make_current(&self, drawable: GLXDrawable, context: Context) -> Result<()> {
        // SAFETY: the display is open; wrong ids are answered with an X error.
        let done = unsafe { (self.functions.make_current)(self.dpy(), drawable, context.0) };
        check(done != 0, || "glXMakeCurrent failed".into())
    }

    /// Makes the context current with a draw and a read drawable (glXMakeContextCurrent).
    pub fn make_draw_read_current(
        &self,
        draw: GLXDrawable,
        read: GLXDrawable,
        context: Context,
    ) -> Result<()> {
        // SAFETY: as for make_current.
        let done = unsafe { (self.functions.make_context_current)(self.dpy(), draw, read, context.0) };
        check(done != 0, || "glXMakeContextCurrent failed".into())
    }

    /// The calling thread's context, [`Context::NONE`] if it has none.
    pub fn current_context(&self) -> Context {
        // SAFETY: no arguments.
        Context(unsafe { (self.functions.get_current_context)() })
    }

    /// Swaps the drawable's buffers.
    pub fn swap(&self, drawable: GLXDrawable) {
        // SAFETY: the display is open; wrong ids are answered with an X error.
        unsafe { (self.functions.swap_buffers)(self.dpy(), drawable) };
    }

    /// Destroys the context, now or when it is no longer current.
    pub fn destroy_context(&self, context: Context) {
        // SAFETY: the context is live; the caller drops its handle.
        unsafe { (self.functions.destroy_context)(self.dpy(), context.0) };
    }

    /// A GLXWindow for an X window.
    pub fn create_window(&self, config: Config, window: Window) -> GLXDrawable {
        // SAFETY: the config is this display's; no attributes are defined.
        unsafe { (self.functions.create_window)(self.dpy(), config.0, window, null()) }
    }

    /// Destroys a GLXWindow.
    pub fn destroy_window(&self, window: GLXDrawable) {
        // SAFETY: the display is open.
        unsafe { (self.functions.destroy_window)(self.dpy(), window) };
    }

    /// A GLXPixmap for an X pixmap.
    pub fn create_pixmap(&self, config: Config, pixmap: Pixmap) -> GLXDrawable {
        self.create_pixmap_with(config, pixmap, &[0])
    }

    /// A GLXPixmap with attributes, a list that ends with 0.
    pub fn create_pixmap_with(&self, config: Config, pixmap: Pixmap, attributes: &[c_int]) -> GLXDrawable {
        // SAFETY: the config is this display's; the list ends with 0.
        unsafe { (self.functions.create_pixmap)(self.dpy(), config.0, pixmap, attributes.as_ptr()) }
    }

    /// Destroys a GLXPixmap.
    pub fn destroy_pixmap(&self, pixmap: GLXDrawable) {
        // SAFETY: the display is open.
        unsafe { (self.functions.destroy_pixmap)(self.dpy(), pixmap) };
    }

    /// A pbuffer.
    pub fn create_pbuffer(&self, config: Config, size: (i32, i32)) -> Result<GLXDrawable> {
        let attributes = [GLX_PBUFFER_WIDTH, size.0, GLX_PBUFFER_HEIGHT, size.1, 0];
        // SAFETY: the config is this display's and the list ends with 0.
        let pbuffer = unsafe { (self.functions.create_pbuffer)(self.dpy(), config.0, attributes.as_ptr()) };
        check(pbuffer != 0, || "glXCreatePbuffer failed".into())?;
        Ok(pbuffer)
    }

    /// Destroys a pbuffer.
    pub fn destroy_pbuffer(&self, pbuffer: GLXDrawable) {
        // SAFETY: the display is open.
        unsafe { (self.functions.destroy_pbuffer)(self.dpy(), pbuffer) };
    }

    /// A drawable's attribute (glXQueryDrawable), such as GLX_WIDTH.
    pub fn drawable_attribute(&self, drawable: GLXDrawable, name: c_int) -> u32 {
        let mut value = 0;
        // SAFETY: the pointer is to a local; a wrong drawable is answered with an X error.
        unsafe { (self.functions.query_drawable)(self.dpy(), drawable, name, &mut value) };
        value
    }

    /// Copies the parts of a context's state that `mask` (as of glPushAttrib) names.
    pub fn copy_context(&self, from: Context, to: Context, mask: c_ulong) {
        // SAFETY: both contexts are live.
        unsafe { (self.functions.copy_context)(self.dpy(), from.0, to.0, mask) };
    }

    /// Sets the swap interval of a drawable (GLX_EXT_swap_control). An error if the extension is missing.
    pub fn swap_interval(&self, loader: &Loader, drawable: GLXDrawable, interval: i32) -> Result<()> {
        let has = self.extensions().split(' ').any(|name| name == "GLX_EXT_swap_control");
        check(has, || "no GLX_EXT_swap_control".into())?;
        type SwapInterval = unsafe extern "C" fn(*mut Display, c_ulong, c_int);
        let address = loader.require("glXSwapIntervalEXT")?;
        // SAFETY: the function has this signature (GLX_EXT_swap_control) and the display is open.
        unsafe {
            let set = std::mem::transmute::<*const c_void, SwapInterval>(address);
            set(self.dpy(), drawable, interval);
        }
        Ok(())
    }
}
