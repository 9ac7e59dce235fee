//! The current context of each thread, and the drawables that go with it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use x11_dl::xlib::Display;

use super::context::Context;
use super::display::AppDisplay;
use super::drawable::{Drawable, Kind};
use super::error::{Code, GlxError, core, minor};
use super::{GLXContext, XID};
use crate::egl;
use crate::frame;
use crate::gl;
use crate::gl::viewports::{News, Viewports};
use crate::render::{Failure, Moment, Surface};
use crate::runtime::Runtime;
use crate::slot::Slot;

/// What is current in a thread.
pub struct Current {
    /// The Display of the call that made it current.
    pub display: Arc<AppDisplay>,
    /// The context.
    pub context: Arc<Context>,
    /// The drawable to draw to; None for a surfaceless context.
    pub draw: Option<Arc<Drawable>>,
    /// The drawable to read from.
    pub read: Option<Arc<Drawable>>,
    /// Their surfaces that are bound on the 3D side.
    bound: RefCell<Option<(Arc<Surface>, Arc<Surface>)>>,
    /// Whether the program may have drawn to the front buffer since the last frame from there.
    pub front_dirty: Cell<bool>,
    viewports: Viewports,
}

thread_local! {
    static CURRENT: Slot<Current> = const { Slot::new() };
}

/// What is current in this thread.
#[inline]
pub fn get() -> Option<Rc<Current>> {
    CURRENT.with(Slot::get)
}

fn set(current: Option<Current>) {
    CURRENT.with(|slot| slot.set(current));
}

/// In a forked child: nothing is current, and what the parent had is not touched.
pub fn forget() {
    CURRENT.with(Slot::forget);
}

impl Current {
    /// The bound draw and read surfaces.
    pub fn surfaces(&self) -> Option<(Arc<Surface>, Arc<Surface>)> {
        self.bound.borrow().clone()
    }

    /// Whether the drawable that is drawn to has a back buffer.
    pub fn is_double_buffered(&self) -> bool {
        self.draw.as_ref().and_then(|draw| draw.config()).is_some_and(|config| config.is_double_buffered())
    }

    /// Binds surfaces on the 3D side; the program's bindings are restored by [`Self::rebind`].
    pub fn bind(&self, draw: &Surface, read: &Surface) -> Result<(), Failure> {
        let backend = Runtime::get().backend.ok_or(Failure::Silent)?;
        backend.bind_for_a_while((draw, read), self.context.raw)
    }

    /// Binds the program's surfaces again.
    pub fn rebind(&self) {
        if let (Some((draw, read)), Some(backend)) = (self.surfaces(), Runtime::get().backend)
            && let Err(failure) = backend.make_current(Some((&draw, &read)), self.context.raw)
        {
            log::log!(failure.level(), "cannot bind the program's surfaces again: {failure}");
        }
    }

    /// A viewport of a new size usually follows a window's: the surface must have it before anything is drawn.
    pub fn viewport_is(&self, size: (i32, i32)) {
        let news = self.viewports.note(size);
        if news == News::Same {
            return;
        }
        self.display.catch_up(false);
        let window = self.draw.as_ref().and_then(|draw| draw.window());
        let differs = |(width, height): (u16, u16)| (i32::from(width), i32::from(height)) != size;
        if news == News::New && window.is_some_and(|window| differs(window.size())) {
            // The program may have heard of a resize by another client before us.
            self.display.side.server.sync();
        }
        self.follow_size();
    }

    /// Whether it is these that a program makes current with a Display of that address.
    fn is(&self, dpy: *mut Display, draw: XID, read: XID, ctx: GLXContext) -> bool {
        let is = |drawable: &Option<Arc<Drawable>>, xid: XID| match drawable {
            Some(drawable) => XID::from(drawable.xid) == xid && !drawable.is_gone(),
            None => xid == 0,
        };
        self.context.raw.0 == ctx as usize
            && self.display.is_open_at(dpy)
            && is(&self.draw, draw)
            && is(&self.read, read)
    }

    /// Whether the bound surfaces are those of the drawables, of the right sizes.
    fn fits(&self) -> bool {
        match (&self.draw, &self.read, &*self.bound.borrow()) {
            (Some(draw), Some(read), Some((bound_draw, bound_read))) => {
                draw.fits(bound_draw) && (Arc::ptr_eq(draw, read) || read.fits(bound_read))
            }
            _ => false,
        }
    }

    /// Follows windows that changed their size: new surfaces, what overlaps copied, bound in this thread.
    pub fn follow_size(&self) {
        if self.fits() {
            return;
        }
        let (Some(draw), Some(read)) = (&self.draw, &self.read) else { return };
        draw.fit();
        read.fit();
        let Some((bound_draw, bound_read)) = self.surfaces() else { return };
        let (Some(new_draw), Some(new_read)) = (draw.existing_surface(), read.existing_surface()) else {
            return;
        };
        if Arc::ptr_eq(&bound_draw, &new_draw) && Arc::ptr_eq(&bound_read, &new_read) {
            return;
        }
        self.viewports.resized();
        if !Arc::ptr_eq(&bound_draw, &new_draw)
            && let Some(previous) = draw.take_previous()
            && self.bind(&new_draw, &previous).is_ok()
        {
            frame::copy::overlap(self, draw, &previous, &new_draw);
        }
        self.bound.replace(Some((new_draw, new_read)));
        self.rebind();
    }
}

/// glXMakeCurrent.
pub unsafe fn make_current(dpy: *mut Display, drawable: XID, ctx: GLXContext) -> i32 {
    make(dpy, drawable, drawable, ctx, minor::MAKE_CURRENT)
}

/// glXMakeContextCurrent and glXMakeCurrentReadSGI.
pub unsafe fn make_context_current(dpy: *mut Display, draw: XID, read: XID, ctx: GLXContext) -> i32 {
    make(dpy, draw, read, ctx, minor::MAKE_CONTEXT_CURRENT)
}

fn make(dpy: *mut Display, draw: XID, read: XID, ctx: GLXContext, minor: u8) -> i32 {
    // What is current already: programs do this for every frame, or more often, so it must cost nothing.
    if !ctx.is_null()
        && let Some(current) = get().filter(|current| current.is(dpy, draw, read, ctx))
    {
        current.display.follow();
        current.follow_size();
        return 1;
    }
    let Some(display) = AppDisplay::of(dpy) else { return 0 };
    let Some(backend) = Runtime::get().backend else { return 0 };
    if ctx.is_null() {
        if draw != 0 || read != 0 {
            display.raise(Code::X(core::BAD_MATCH), 0, minor);
            return 0;
        }
        if let Some(current) = get() {
            leave(&current);
        }
        backend.release();
        set(None);
        return 1;
    }
    match enter(&display, draw, read, ctx) {
        Ok(()) => 1,
        Err((code, resource)) => {
            display.raise(code, resource, minor);
            0
        }
    }
}

/// What a change of the current drawable or context owes to the drawable that is left.
fn leave(current: &Current) {
    frame::front::show(current);
}

fn enter(display: &Arc<AppDisplay>, draw: XID, read: XID, ctx: GLXContext) -> Result<(), (Code, u64)> {
    let backend = Runtime::get().backend.ok_or((Failure::Silent.into(), 0))?;
    let previous = get();
    // One thread has one context. Of an EGL device's, GLVND cannot tell which API made it current.
    if previous.is_none() && backend.display().0.is_null() && egl::current::has_context() {
        return Err((Code::X(core::BAD_ACCESS), 0));
    }
    let context = Context::find(ctx).ok_or((GlxError::BadContext.into(), ctx as u64))?;
    if (draw == 0) != (read == 0) {
        return Err((Code::X(core::BAD_MATCH), 0));
    }
    let find = |xid: XID| {
        let bad = || (GlxError::BadDrawable.into(), xid);
        if xid == 0 { Ok(None) } else { Drawable::find(display, xid).map(Some).ok_or_else(bad) }
    };
    display.catch_up(true);
    let (draw, read) = (find(draw)?, find(read)?);
    if let Some(previous) = &previous {
        leave(previous);
    }
    let surface = |drawable: &Drawable| {
        let visual = drawable.window().map_or(0, |window| window.visual());
        let config = context.config_for_window(display, visual).or_else(|| drawable.config());
        let config = config.ok_or((Code::X(core::BAD_MATCH), u64::from(drawable.xid)))?;
        drawable.fit();
        drawable.surface(config).map_err(|failure| (failure.into(), u64::from(drawable.xid)))
    };
    let surfaces = match (&draw, &read) {
        (Some(draw), Some(read)) => Some((surface(draw)?, surface(read)?)),
        _ => None,
    };
    let bound = surfaces.as_ref().map(|(draw, read)| (&**draw, &**read));
    backend.make_current(bound, context.raw).map_err(|failure| (failure.into(), 0))?;
    for drawable in [&draw, &read].into_iter().flatten() {
        // A surface made afresh holds the latest; older ones belong to other threads.
        drawable.take_previous();
    }
    let current = Current {
        display: display.clone(),
        context,
        draw,
        read,
        bound: RefCell::new(surfaces),
        front_dirty: Cell::new(false),
        viewports: Viewports::default(),
    };
    current.context.features();
    if let Some(Kind::Pixmap(target)) = current.draw.as_ref().map(|draw| &draw.kind) {
        target.fill_once(&current);
    }
    current.front_dirty.set(frame::front::is_selected(&current));
    set(Some(current));
    Ok(())
}

/// glXGetCurrentContext.
pub unsafe fn context() -> GLXContext {
    get().map_or(std::ptr::null_mut(), |current| current.context.raw.0 as GLXContext)
}

/// glXGetCurrentDrawable.
pub unsafe fn draw() -> XID {
    get().and_then(|current| current.draw.as_ref().map(|draw| draw.xid.into())).unwrap_or(0)
}

/// glXGetCurrentReadDrawable.
pub unsafe fn read() -> XID {
    get().and_then(|current| current.read.as_ref().map(|read| read.xid.into())).unwrap_or(0)
}

/// glXGetCurrentDisplay.
pub unsafe fn display() -> *mut Display {
    get().map_or(std::ptr::null_mut(), |current| current.display.dpy())
}

/// glXWaitGL: what GL has drawn is there for X requests that follow.
pub unsafe fn wait_gl() {
    if let Some(current) = get() {
        gl::finish_real();
        gl::buffers::exchange(Moment::Flush);
        frame::front::show(&current);
        if let Some(window) = current.draw.as_ref().and_then(|draw| draw.window()) {
            window.finish();
        }
    }
}

/// glXWaitX: what X has drawn is there for GL calls that follow.
pub unsafe fn wait_x() {
    if let Some(current) = get() {
        current.display.sync();
        current.follow_size();
        if let Some(Kind::Pixmap(target)) = current.draw.as_ref().map(|draw| &draw.kind) {
            target.refill(&current);
        }
    }
}

/// Whether a drawable is what this thread draws to.
pub fn draws_to(drawable: &Drawable) -> Option<Rc<Current>> {
    get()
        .filter(|current| current.draw.as_ref().is_some_and(|draw| std::ptr::eq(Arc::as_ptr(draw), drawable)))
}

/// Whether this thread draws to a drawable, or reads from it.
pub fn has(drawable: &Arc<Drawable>) -> bool {
    let is = |other: &Option<Arc<Drawable>>| other.as_ref().is_some_and(|other| Arc::ptr_eq(other, drawable));
    get().is_some_and(|current| is(&current.draw) || is(&current.read))
}

/// Marks the front buffer as drawn to.
pub fn mark_front(current: &Current) {
    current.front_dirty.set(true);
    if let Some(draw) = &current.draw {
        draw.front_used.store(true, Relaxed);
        draw.front_drawn.store(true, Relaxed);
    }
}
