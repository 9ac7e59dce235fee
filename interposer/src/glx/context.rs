//! Contexts: made on the 3D side; the program holds the 3D side's own handle.

use std::ffi::{c_int, c_ulong};
use std::sync::Arc;

use once_cell::sync::OnceCell;
use x11_dl::xlib::{Display, XVisualInfo};

use super::config::{Config, pairs};
use super::current;
use super::display::AppDisplay;
use super::error::{Code, GlxError, core, minor};
use super::{GLXContext, GLXFBConfig, visual};
use crate::frame::transfer::Transfers;
use crate::gl::conditional::Condition;
use crate::gl::features::Features;
use crate::gl::lists::Lists;
use crate::render::attributes as attr;
use crate::render::{ContextRequest, RawContext};
use crate::runtime::Runtime;

/// A context of the program's.
pub struct Context {
    /// The 3D side's context, whose address is the program's handle.
    pub raw: RawContext,
    /// Its config; None with GLX_EXT_no_config_context.
    pub config: Option<&'static Config>,
    /// Its screen.
    pub screen: c_int,
    render_type: c_int,
    features: OnceCell<Features>,
    /// The display lists of its share group that are more than the driver's.
    pub lists: Arc<Lists>,
    /// Frames that are read while it goes on.
    pub transfers: Arc<Transfers>,
    /// Whether it renders conditionally.
    pub condition: Condition,
}

impl Context {
    /// The context behind a handle, unless it was destroyed.
    pub fn find(handle: GLXContext) -> Option<Arc<Self>> {
        Runtime::get().contexts.read().get(&(handle as usize)).cloned()
    }

    /// A context that another process made (GLX_EXT_import_context).
    pub fn imported(raw: RawContext, screen: c_int) -> Self {
        Self {
            raw,
            config: None,
            screen,
            render_type: attr::RGBA_TYPE,
            features: OnceCell::new(),
            lists: Arc::default(),
            transfers: Arc::default(),
            condition: Condition::default(),
        }
    }

    /// What its GL can do. The context must be current in this thread.
    pub fn features(&self) -> &Features {
        self.features.get_or_init(Features::of_current)
    }

    /// The config of a drawable that has none of its own, when this context draws to it.
    pub fn config_for_window(&self, display: &AppDisplay, visual: u32) -> Option<&'static Config> {
        self.config.or_else(|| display.screen(self.screen)?.default_config(visual))
    }
}

/// What glXCreate*Context* functions have in common.
struct New<'a> {
    config: Option<&'static Config>,
    share: GLXContext,
    screen: c_int,
    render_type: c_int,
    attributes: Option<&'a [c_int]>,
    minor: u8,
}

/// Makes a context. Indirect ones are made direct: the 3D side is reached through its driver.
fn make(display: &AppDisplay, new: &New) -> GLXContext {
    let fail = |code: Code, resource| {
        display.raise(code, resource, new.minor);
        std::ptr::null_mut()
    };
    let runtime = Runtime::get();
    let Some(backend) = runtime.backend else { return std::ptr::null_mut() };
    if !new.share.is_null() && Context::find(new.share).is_none() {
        return fail(GlxError::BadContext.into(), new.share as u64);
    }
    let request = ContextRequest {
        config: new.config.map(|config| config.backing),
        share: (!new.share.is_null()).then_some(RawContext(new.share as usize)),
        render_type: new.render_type,
        attributes: new.attributes,
    };
    match backend.create_context(&request) {
        Ok(raw) => {
            let context = Context {
                raw,
                config: new.config,
                screen: new.screen,
                render_type: new.render_type,
                features: OnceCell::new(),
                condition: Condition::default(),
                lists: Context::find(new.share).map_or_else(Arc::default, |share| share.lists.clone()),
                transfers: Arc::default(),
            };
            runtime.contexts.write().insert(raw.0, Arc::new(context));
            raw.0 as GLXContext
        }
        Err(failure) => {
            log::debug!("the 3D side makes no context: {failure}");
            fail(failure.into(), 0)
        }
    }
}

/// glXCreateContext.
pub unsafe fn create(
    dpy: *mut Display,
    visual: *mut XVisualInfo,
    share: GLXContext,
    _direct: c_int,
) -> GLXContext {
    let Some(display) = AppDisplay::of(dpy) else { return std::ptr::null_mut() };
    let Some(config) = visual::config_of(&display, visual) else {
        display.raise(Code::X(core::BAD_VALUE), 0, minor::CREATE_CONTEXT);
        return std::ptr::null_mut();
    };
    // SAFETY: config_of has read it.
    let screen = unsafe { (*visual).screen };
    let new = New {
        config: Some(config),
        share,
        screen,
        render_type: attr::RGBA_TYPE,
        attributes: None,
        minor: minor::CREATE_CONTEXT,
    };
    make(&display, &new)
}

/// glXCreateNewContext.
pub unsafe fn create_new(
    dpy: *mut Display,
    config: GLXFBConfig,
    render_type: c_int,
    share: GLXContext,
    _direct: c_int,
) -> GLXContext {
    let Some(display) = AppDisplay::of(dpy) else { return std::ptr::null_mut() };
    let fail = |code: Code| {
        display.raise(code, 0, minor::CREATE_NEW_CONTEXT);
        std::ptr::null_mut()
    };
    let Some(config) = Config::from_handle(config) else { return fail(GlxError::BadFBConfig.into()) };
    match render_type {
        attr::RGBA_TYPE => {}
        attr::COLOR_INDEX_TYPE => return fail(Code::X(core::BAD_MATCH)),
        // Float types (ARB_fbconfig_float, EXT_fbconfig_packed_float) are for the 3D side to judge.
        0x20B9 | 0x20B1 => {}
        _ => return fail(Code::X(core::BAD_VALUE)),
    }
    let new = New {
        config: Some(config),
        share,
        screen: config.screen,
        render_type,
        attributes: None,
        minor: minor::CREATE_NEW_CONTEXT,
    };
    make(&display, &new)
}

/// glXCreateContextAttribsARB. The 3D side judges the attributes.
pub unsafe fn create_attribs(
    dpy: *mut Display,
    config: GLXFBConfig,
    share: GLXContext,
    _direct: c_int,
    attribs: *const c_int,
) -> GLXContext {
    let Some(display) = AppDisplay::of(dpy) else { return std::ptr::null_mut() };
    let config = match Config::from_handle(config) {
        None if !config.is_null() => {
            display.raise(GlxError::BadFBConfig, 0, minor::CREATE_CONTEXT_ATTRIBS);
            return std::ptr::null_mut();
        }
        found => found,
    };
    let mut screen = config.map_or(display.default_screen().number, |config| config.screen);
    let mut render_type = attr::RGBA_TYPE;
    let mut list = Vec::new();
    for (attribute, value) in pairs(attribs) {
        match attribute {
            // Our screens are not the 3D side's.
            attr::SCREEN => {
                screen = value;
                continue;
            }
            attr::RENDER_TYPE => render_type = value,
            _ => {}
        }
        list.extend([attribute, value]);
    }
    if config.is_none()
        && let Some(backend) = Runtime::get().backend
    {
        list.extend([attr::SCREEN, backend.display().1]);
    }
    let attributes = Some(list.as_slice());
    let new = New { config, share, screen, render_type, attributes, minor: minor::CREATE_CONTEXT_ATTRIBS };
    make(&display, &new)
}

/// glXDestroyContext. The 3D side destroys a context that is current once it no longer is.
pub unsafe fn destroy(dpy: *mut Display, ctx: GLXContext) {
    let Some(display) = AppDisplay::of(dpy) else { return };
    let runtime = Runtime::get();
    let removed = runtime.contexts.write().remove(&(ctx as usize));
    match (removed, runtime.backend) {
        (Some(context), Some(backend)) => {
            context.transfers.close();
            backend.destroy_context(context.raw);
        }
        _ if ctx.is_null() => {}
        // Destroyed before, and still current: it goes when it no longer is.
        _ if current::get().is_some_and(|current| current.context.raw.0 == ctx as usize) => {}
        _ => display.raise(GlxError::BadContext, ctx as u64, minor::DESTROY_CONTEXT),
    }
}

/// glXCopyContext.
pub unsafe fn copy(dpy: *mut Display, source: GLXContext, target: GLXContext, mask: c_ulong) {
    let Some(display) = AppDisplay::of(dpy) else { return };
    let (Some(from), Some(to)) = (Context::find(source), Context::find(target)) else {
        display.raise(GlxError::BadContext, 0, minor::COPY_CONTEXT);
        return;
    };
    let Some(backend) = Runtime::get().backend else { return };
    if let Err(failure) = backend.copy_context(from.raw, to.raw, mask) {
        display.raise(failure, 0, minor::COPY_CONTEXT);
    }
}

/// glXIsDirect.
pub unsafe fn is_direct(dpy: *mut Display, ctx: GLXContext) -> c_int {
    let Some(display) = AppDisplay::of(dpy) else { return 0 };
    if Context::find(ctx).is_none() {
        display.raise(GlxError::BadContext, ctx as u64, 6);
        return 0;
    }
    1
}

/// glXQueryContext.
pub unsafe fn query(dpy: *mut Display, ctx: GLXContext, attribute: c_int, value: *mut c_int) -> c_int {
    let Some(display) = AppDisplay::of(dpy) else { return attr::BAD_CONTEXT };
    let Some(context) = Context::find(ctx) else {
        display.raise(GlxError::BadContext, ctx as u64, minor::QUERY_CONTEXT);
        return attr::BAD_CONTEXT;
    };
    let answer = match attribute {
        attr::FBCONFIG_ID => context.config.map_or(0, |config| config.attributes.value(attr::FBCONFIG_ID)),
        attr::RENDER_TYPE => context.render_type,
        attr::SCREEN => context.screen,
        // GLX_SHARE_CONTEXT_EXT and GLX_VISUAL_ID_EXT of EXT_import_context.
        0x800B => context
            .config
            .and_then(|config| config.attribute(display.screen(context.screen)?, attr::VISUAL_ID))
            .unwrap_or(0),
        0x800A => 0,
        _ => return attr::BAD_ATTRIBUTE,
    };
    // SAFETY: the program passes a place for the value (null is tolerated).
    if let Some(value) = unsafe { value.as_mut() } {
        *value = answer;
    }
    attr::SUCCESS
}
