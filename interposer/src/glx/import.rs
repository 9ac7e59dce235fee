//! GLX_EXT_import_context: offered where the 3D side has it, whose contexts these are.

use std::ffi::c_int;
use std::sync::Arc;

use x11_dl::xlib::Display;

use super::context::{self, Context};
use super::display::AppDisplay;
use super::{GLXContext, XID, real};
use crate::interpose::Inside;
use crate::render::RawContext;
use crate::runtime::Runtime;

/// glXQueryContextInfoEXT.
pub unsafe fn query_info(dpy: *mut Display, ctx: GLXContext, attribute: c_int, value: *mut c_int) -> c_int {
    // SAFETY: the same contract.
    unsafe { context::query(dpy, ctx, attribute, value) }
}

/// glXGetContextIDEXT.
pub unsafe fn context_id(ctx: GLXContext) -> XID {
    let glx = Runtime::get().backend.is_some_and(|backend| !backend.display().0.is_null());
    if !glx || Context::find(ctx).is_none() {
        return 0;
    }
    let _inside = Inside::enter();
    // SAFETY: a live context of the 3D side.
    real::glXGetContextIDEXT.get().map_or(0, |get| unsafe { get(ctx) })
}

/// glXImportContextEXT.
pub unsafe fn import(dpy: *mut Display, id: XID) -> GLXContext {
    let Some(display) = AppDisplay::of(dpy) else { return std::ptr::null_mut() };
    let runtime = Runtime::get();
    let (Some(backend), Some(import)) = (runtime.backend, real::glXImportContextEXT.get()) else {
        return std::ptr::null_mut();
    };
    if backend.display().0.is_null() {
        return std::ptr::null_mut();
    }
    let _inside = Inside::enter();
    // SAFETY: the 3D side's Display.
    let ctx = unsafe { import(backend.display().0, id) };
    if !ctx.is_null() {
        let context = Context::imported(RawContext(ctx as usize), display.default_screen().number);
        runtime.contexts.write().insert(ctx as usize, Arc::new(context));
    }
    ctx
}

/// glXFreeContextEXT.
pub unsafe fn free(_dpy: *mut Display, ctx: GLXContext) {
    let runtime = Runtime::get();
    let removed = runtime.contexts.write().remove(&(ctx as usize));
    if let (Some(context), Some(backend), Some(free)) =
        (removed, runtime.backend, real::glXFreeContextEXT.get())
    {
        context.transfers.close();
        let _inside = Inside::enter();
        // SAFETY: a context of the 3D side, freed once.
        unsafe { free(backend.display().0, ctx) };
    }
}
