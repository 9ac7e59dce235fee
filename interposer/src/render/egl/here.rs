//! What is bound in this thread: a context, the pairs to draw to and to read from, and which half of each.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::api::{self, Handle, egl};
use super::context::{EglContext, failure};
use super::exchange::Drawn;
use super::seats;
use super::surface::Pair;
use crate::gl::api::{self as gl_api, get_integer, gl};
use crate::gl::features::Features;
use crate::gl::selection::{Half, read_half};
use crate::gl::state::DefaultFramebuffer;
use crate::render::{Failure, worker};

/// This thread's binding.
pub struct Here {
    display: usize,
    /// The context.
    pub context: Arc<EglContext>,
    /// The surface to draw to and the one to read from.
    pairs: Option<(Arc<Pair>, Arc<Pair>)>,
    /// The halves that are bound, as EGLSurfaces.
    bound: (usize, usize),
    /// Buffers that we need bound for a while in place of the program's selection.
    lent: (Option<Half>, Option<Half>),
}

thread_local! {
    // Without a destructor: exit(3) ends thread-locals before it calls a program's exit handlers, which may draw.
    static HERE: ManuallyDrop<RefCell<Option<Here>>> = const { ManuallyDrop::new(RefCell::new(None)) };
    static END: End = const { End };
}

struct End;

impl Drop for End {
    fn drop(&mut self) {
        // SAFETY: they take nothing.
        let is_main_thread = unsafe { libc::gettid() == libc::getpid() };
        if is_main_thread {
            return;
        }
        // The thread ends. What it had current must not stay so in EGL for ever, for others to fail at.
        if let Some(display) = with(|here| here.display) {
            release(display);
        }
        seats::keep(&[]);
    }
}

/// Does something with this thread's binding; None where nothing is bound.
pub fn with<T>(action: impl FnOnce(&mut Here) -> T) -> Option<T> {
    HERE.with(|here| here.try_borrow_mut().ok()?.as_mut().map(action))
}

/// In a forked child: nothing is bound, and what the parent had is not touched.
pub fn forget() {
    HERE.with(|here| drop(here.try_borrow_mut().map(|mut here| std::mem::forget(here.take()))));
}

fn make_current(display: usize, draw: usize, read: usize, context: usize) -> Result<(), Failure> {
    match egl!(eglMakeCurrent(display as Handle, draw as Handle, read as Handle, context as Handle)) {
        0 => Err(failure(api::error())),
        _ => Ok(()),
    }
}

/// Binds a context with pairs or with none.
pub fn bind(
    display: usize,
    context: Arc<EglContext>,
    pairs: Option<(Arc<Pair>, Arc<Pair>)>,
) -> Result<(), Failure> {
    if let Some((draw, _)) = &pairs {
        context.selection.lock().start(draw.config.double);
    }
    let mut new = Here { display, context, pairs, bound: (0, 0), lent: (None, None) };
    let (draw, read) = new.wanted()?;
    make_current(display, draw, read, new.context.handle)?;
    new.bound = (draw, read);
    new.settle_read_name();
    // Made by its first use, which registers its destructor; too late for one in a thread that ends.
    let _ = END.try_with(|_| ());
    let old = HERE.with(|here| here.try_borrow_mut().ok().and_then(|mut here| here.replace(new)));
    // Surfaces that were destroyed meanwhile go now that they are no longer current.
    drop(old);
    Ok(())
}

/// Binds nothing.
pub fn release(display: usize) {
    egl!(eglMakeCurrent(display as Handle, api::NO, api::NO, api::NO));
    drop(HERE.with(|here| here.try_borrow_mut().ok().and_then(|mut here| here.take())));
}

/// Runs `work` with nothing bound in this thread, so that another may bind what was; then binds it again.
pub fn unbound(display: usize, work: &mut dyn FnMut()) {
    let has = with(|_| ()).is_some();
    if has {
        egl!(eglMakeCurrent(display as Handle, api::NO, api::NO, api::NO));
    }
    work();
    if has {
        with(|here| {
            let (draw, read) = here.bound;
            if let Err(failure) = make_current(display, draw, read, here.context.handle) {
                log::error!("cannot bind the program's context again: {failure}");
            }
        });
    }
}

/// Runs `work` with other pairs bound to this thread's context, to draw to and to read from.
pub fn rebinding<T>((draw, read): (&Arc<Pair>, &Arc<Pair>), work: impl FnOnce() -> T) -> Result<T, Failure> {
    let before =
        with(|here| (here.display, here.context.clone(), here.pairs.clone())).ok_or(Failure::Silent)?;
    let (display, context, pairs) = before;
    let same = |(bound_draw, bound_read): &(Arc<Pair>, Arc<Pair>)| {
        Arc::ptr_eq(bound_draw, draw) && Arc::ptr_eq(bound_read, read)
    };
    if pairs.as_ref().is_some_and(same) {
        return Ok(work());
    }
    bind(display, context.clone(), Some((draw.clone(), read.clone())))?;
    let result = work();
    bind(display, context, pairs)?;
    Ok(result)
}

/// Binds other pbuffers in place of a drawable's.
pub fn reseat(old: &Arc<Pair>, new: &Arc<Pair>) -> Result<(), Failure> {
    let bound =
        with(|here| (here.display, here.context.clone(), here.pairs.clone())).ok_or(Failure::Silent)?;
    let (display, context, pairs) = bound;
    let moved = |pair: Arc<Pair>| if Arc::ptr_eq(&pair, old) { new.clone() } else { pair };
    bind(display, context, pairs.map(|(draw, read)| (moved(draw), moved(read))))
}

impl Here {
    /// What this thread draws to; None for a context without surfaces or without the blits that parcels need: OpenGL ES
    /// has none between multisampled buffers.
    pub fn drawn(&mut self) -> Option<Drawn> {
        let (pair, _) = self.pairs.clone()?;
        let blits = self.features().framebuffers && !(self.context.es && pair.config.multisampled);
        let half = match self.context.es {
            _ if !blits => return None,
            true => Half::Back,
            false => self.context.selection.lock().draw_half(pair.config.double),
        };
        Some(Drawn { pair, half, features: self.features().clone() })
    }

    /// The pbuffers to draw to.
    pub fn draw_pair(&self) -> Option<Arc<Pair>> {
        self.pairs.as_ref().map(|(draw, _)| draw.clone())
    }

    /// Whether a surface is bound in this thread.
    pub fn holds(&self, pair: &Pair) -> bool {
        let is = |other: &Arc<Pair>| std::ptr::eq(Arc::as_ptr(other), pair);
        self.pairs.as_ref().is_some_and(|(draw, read)| is(draw) || is(read))
    }

    /// Whether surfaces are bound, not only a context.
    pub fn has_surfaces(&self) -> bool {
        self.pairs.is_some()
    }

    /// Whether there is a front and a back buffer to draw to.
    pub fn is_double(&self) -> bool {
        self.pairs.as_ref().is_some_and(|(draw, _)| draw.config.double)
    }

    /// The EGLSurfaces that are to be bound.
    fn wanted(&self) -> Result<(usize, usize), Failure> {
        let Some((draw, read)) = &self.pairs else { return Ok((0, 0)) };
        if self.context.es {
            return Ok((draw.half(Half::Back)?, read.half(Half::Back)?));
        }
        let selection = self.context.selection.lock();
        let draw_half = self.lent.0.unwrap_or_else(|| selection.draw_half(draw.config.double));
        let read_half = self.lent.1.unwrap_or_else(|| selection.read_half(read.config.double));
        Ok((draw.half(draw_half)?, read.half(read_half)?))
    }

    /// Binds what the selection and our own needs ask for.
    fn switch(&mut self) {
        let result = self.wanted().and_then(|wanted| self.bind_halves(wanted));
        if let Err(failure) = result {
            log::warn!("cannot bind the front or back buffer: {failure}");
        }
    }

    fn bind_halves(&mut self, (draw, read): (usize, usize)) -> Result<(), Failure> {
        if self.bound != (draw, read) {
            make_current(self.display, draw, read, self.context.handle)?;
            self.bound = (draw, read);
            self.settle_read_name();
        }
        Ok(())
    }

    /// Mesa keeps the read buffer's name with the surface: a surface that is new to the context reads from its buffer
    /// even where the program selected none.
    fn settle_read_name(&self) {
        if self.context.es || self.pairs.is_none() || self.lent.1.is_some() {
            return;
        }
        if self.context.selection.lock().read() == gl_api::NONE && self.reads_default() {
            gl!(real glReadBuffer(gl_api::NONE));
        }
    }

    fn reads_default(&self) -> bool {
        !self.features().framebuffers || get_integer(gl_api::READ_FRAMEBUFFER_BINDING) == 0
    }

    fn features(&self) -> &Features {
        self.context.features.get_or_init(Features::of_current)
    }

    /// The program selects buffers to draw to; gives the names for the driver. Depth and stencil buffers, of which
    /// each half has its own, follow the program from one to the other.
    pub fn select_draw(&mut self, names: &[u32], list: bool) -> Vec<u32> {
        let double = self.is_double();
        let change = |selection: &mut crate::gl::selection::Selection| {
            let before = (selection.draw_half(double), selection.draws_both(double));
            let native = selection.select_draw(names, list, double);
            (before, selection.draw_half(double), native)
        };
        let (before, after, native) = change(&mut self.context.selection.lock());
        self.follow(before, after);
        native
    }

    /// Leaves the half `before` (and whether both were drawn to) for `after`.
    fn follow(&mut self, (before, both): (Half, bool), after: Half) {
        if both {
            self.mirror();
        }
        if before != after {
            self.carry(before, after);
            self.switch();
        }
    }

    /// The program selects a buffer to read from; gives the name for the driver.
    pub fn select_read(&mut self, name: u32) -> u32 {
        let double = self.pairs.as_ref().is_some_and(|(_, read)| read.config.double);
        let native = self.context.selection.lock().select_read(name, double);
        self.switch();
        native
    }

    /// glPopAttrib: the selection of before.
    pub fn pop(&mut self) {
        let double = self.is_double();
        let (before, after) = {
            let mut selection = self.context.selection.lock();
            let before = (selection.draw_half(double), selection.draws_both(double));
            selection.pop();
            (before, selection.draw_half(double))
        };
        self.follow(before, after);
        self.switch();
    }

    /// Copies depth and stencil of the surface that is drawn to from one half to the other.
    fn carry(&mut self, from: Half, to: Half) {
        let Some((draw, _)) = &self.pairs else { return };
        let buffers = draw.config.depth_or_stencil;
        // The worker draws whole pictures into surfaces whose depth belongs to the program.
        if buffers != 0 && !worker::is_here() {
            self.copy_half(from, to, buffers);
        }
    }

    /// With both halves selected the back one is drawn to; here the front one gets the same colours.
    pub fn mirror(&mut self) {
        if self.is_double() && self.context.selection.lock().draws_both(true) {
            self.copy_half(Half::Back, Half::Front, gl_api::COLOR_BUFFER_BIT);
            self.switch();
        }
    }

    /// Copies buffers of the surface that is drawn to between its halves; leaves these bound.
    fn copy_half(&mut self, from: Half, to: Half, buffers: u32) {
        let Some((draw, _)) = self.pairs.clone() else { return };
        let halves = draw.half(to).and_then(|to| Ok((to, draw.half(from)?)));
        if halves.and_then(|halves| self.bind_halves(halves)).is_err() {
            return;
        }
        let (width, height) = (draw.width.into(), draw.height.into());
        let Some(_guard) = DefaultFramebuffer::new(self.features()) else { return };
        let (native_draw, native_read) = {
            let selection = self.context.selection.lock();
            (selection.native_draw(true), selection.native_read())
        };
        gl!(real glReadBuffer(gl_api::BACK));
        gl!(real glDrawBuffer(gl_api::BACK));
        gl!(glBlitFramebuffer(0, 0, width, height, 0, 0, width, height, buffers, gl_api::NEAREST));
        self.name_for_driver(&native_draw, native_read);
    }

    /// Selects buffers by the driver's names; the default framebuffer must be bound.
    fn name_for_driver(&self, draw: &[u32], read: u32) {
        match draw {
            [name] => gl!(real glDrawBuffer(*name)),
            names => gl!(real glDrawBuffers(names.len() as i32, names.as_ptr())),
        }
        gl!(real glReadBuffer(read));
    }

    /// Binds the half that a name means, for us to draw to; the default framebuffer must be bound.
    pub fn borrow_draw(&mut self, name: u32) {
        let half = read_half(name, self.is_double());
        self.lent.0 = Some(half);
        self.switch();
        gl!(real glDrawBuffer(gl_api::BACK));
    }

    /// Binds the half that a name means, for us to read from; the default framebuffer must be bound.
    pub fn borrow_read(&mut self, name: u32) {
        let double = self.pairs.as_ref().is_some_and(|(_, read)| read.config.double);
        let half = read_half(name, double);
        if half == Half::Front {
            self.mirror();
        }
        self.lent.1 = Some(half);
        self.switch();
        gl!(real glReadBuffer(gl_api::BACK));
    }

    /// Puts the program's selection back; the default framebuffer must still be bound.
    pub fn give_back(&mut self) {
        let (drew, read) = std::mem::take(&mut self.lent);
        self.switch();
        let (native_draw, native_read) = {
            let selection = self.context.selection.lock();
            (selection.native_draw(self.is_double()), selection.native_read())
        };
        if drew.is_some() {
            self.name_for_driver(&native_draw, native_read);
        } else if read.is_some() && native_read != gl_api::BACK {
            gl!(real glReadBuffer(native_read));
        }
    }

    /// The program reads pixels: what both halves were to get must be in the front one too.
    pub fn before_read(&mut self) {
        let reads_front = {
            let selection = self.context.selection.lock();
            selection.draws_both(self.is_double()) && selection.read_half(true) == Half::Front
        };
        if reads_front {
            self.mirror();
        }
    }
}
