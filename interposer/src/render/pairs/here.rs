//! What is bound in this thread: a context, the pairs to draw to and to read from, and which half of each.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::surface::Pair;
use super::{Context, Driver};
use crate::gl::api::{self as gl_api, gl};
use crate::gl::buffers::{copy_bound, name_for_driver};
use crate::gl::features::Features;
use crate::gl::selection::{Half, Halves, Kind, read_half};
use crate::gl::state::{DefaultFramebuffer, PackGuard, Source};
use crate::render::egl::exchange::Drawn;
use crate::render::egl::seats;
use crate::render::egl::sharing::{self, Base};
use crate::render::{Failure, worker};

/// This thread's binding.
pub struct Here {
    driver: Driver,
    /// The context.
    pub context: Arc<Context>,
    /// The surface to draw to and the one to read from.
    pairs: Option<(Arc<Pair>, Arc<Pair>)>,
    /// The halves that are bound, as the driver names them.
    bound: (usize, usize),
    /// Buffers that we need bound for a while in place of the program's selection.
    lent: (Option<Half>, Option<Half>),
    /// Where both eyes are drawn to and had been apart: what the left one's buffer held before, to tell what has been drawn.
    base: Option<Base>,
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
        if let Some(driver) = with(|here| here.driver) {
            release(driver);
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

/// Binds a context with pairs or with none.
pub fn bind(
    driver: Driver,
    context: Arc<Context>,
    pairs: Option<(Arc<Pair>, Arc<Pair>)>,
) -> Result<(), Failure> {
    if let Some((draw, _)) = &pairs {
        context.selection.lock().start(draw.kind());
    }
    let mut new = Here { driver, context, pairs, bound: (0, 0), lent: (None, None), base: None };
    let (draw, read) = new.wanted()?;
    driver.make_current(draw, read, new.context.handle)?;
    new.bound = (draw, read);
    new.settle_read_name();
    // Made by its first use, which registers its destructor; too late for one in a thread that ends.
    let _ = END.try_with(|_| ());
    let old = HERE.with(|here| here.try_borrow_mut().ok().and_then(|mut here| here.replace(new)));
    // Surfaces that were destroyed meanwhile go now that they are no longer current.
    drop(old);
    with(|here| {
        if here.kind().stereo {
            let drawn = here.drawn_halves();
            here.note_eyes(drawn);
        }
    });
    Ok(())
}

/// Binds nothing.
pub fn release(driver: Driver) {
    if let Err(failure) = driver.make_current(0, 0, 0) {
        log::debug!("nothing cannot be bound: {failure}");
    }
    leave();
}

/// Something else has been bound, not by us.
pub fn leave() {
    drop(HERE.with(|here| here.try_borrow_mut().ok().and_then(|mut here| here.take())));
}

/// Runs `work` with nothing bound in this thread, so that another may bind what was; then binds it again.
pub fn unbound(driver: Driver, work: &mut dyn FnMut()) {
    let has = with(|_| ()).is_some();
    if has && let Err(failure) = driver.make_current(0, 0, 0) {
        log::debug!("nothing cannot be bound: {failure}");
    }
    work();
    if has {
        with(|here| {
            let (draw, read) = here.bound;
            if let Err(failure) = driver.make_current(draw, read, here.context.handle) {
                log::error!("cannot bind the program's context again: {failure}");
            }
        });
    }
}

/// Runs `work` with other pairs bound to this thread's context, to draw to and to read from.
pub fn rebinding<T>((draw, read): (&Arc<Pair>, &Arc<Pair>), work: impl FnOnce() -> T) -> Result<T, Failure> {
    let before =
        with(|here| (here.driver, here.context.clone(), here.pairs.clone())).ok_or(Failure::Silent)?;
    let (driver, context, pairs) = before;
    let same = |(bound_draw, bound_read): &(Arc<Pair>, Arc<Pair>)| {
        Arc::ptr_eq(bound_draw, draw) && Arc::ptr_eq(bound_read, read)
    };
    if pairs.as_ref().is_some_and(same) {
        return Ok(work());
    }
    bind(driver, context.clone(), Some((draw.clone(), read.clone())))?;
    let result = work();
    bind(driver, context, pairs)?;
    Ok(result)
}

/// Binds other pbuffers in place of a drawable's.
pub fn reseat(old: &Arc<Pair>, new: &Arc<Pair>) -> Result<(), Failure> {
    let bound =
        with(|here| (here.driver, here.context.clone(), here.pairs.clone())).ok_or(Failure::Silent)?;
    let (driver, context, pairs) = bound;
    let moved = |pair: Arc<Pair>| if Arc::ptr_eq(&pair, old) { new.clone() } else { pair };
    bind(driver, context, pairs.map(|(draw, read)| (moved(draw), moved(read))))
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
            false => self.context.selection.lock().draw_half(pair.kind()),
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

    /// Which buffers there are to draw to.
    pub fn kind(&self) -> Kind {
        self.pairs.as_ref().map_or(Kind::mono(false), |(draw, _)| draw.kind())
    }

    fn read_kind(&self) -> Kind {
        self.pairs.as_ref().map_or(Kind::mono(false), |(_, read)| read.kind())
    }

    /// The halves that the program has selected to draw to.
    fn drawn_halves(&self) -> Halves {
        self.context.selection.lock().drawn_halves(self.kind())
    }

    /// The pbuffers that are to be bound.
    fn wanted(&self) -> Result<(usize, usize), Failure> {
        let Some((draw, read)) = &self.pairs else { return Ok((0, 0)) };
        if self.context.es {
            return Ok((draw.half(Half::Back)?, read.half(Half::Back)?));
        }
        let selection = self.context.selection.lock();
        let draw_half = self.lent.0.unwrap_or_else(|| selection.draw_half(draw.kind()));
        let read_half = self.lent.1.unwrap_or_else(|| selection.read_half(read.kind()));
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
            self.driver.make_current(draw, read, self.context.handle)?;
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
        if self.context.selection.lock().read() == gl_api::NONE
            && self.features().default_is_bound(gl_api::READ_FRAMEBUFFER_BINDING)
        {
            gl!(real glReadBuffer(gl_api::NONE));
        }
    }

    fn features(&self) -> &Features {
        self.context.features.get_or_init(Features::of_current)
    }

    /// The program selects buffers to draw to; gives the names for the driver. Depth and stencil buffers, of which
    /// each half has its own, follow the program from one to the other.
    pub fn select_draw(&mut self, names: &[u32], list: bool) -> Vec<u32> {
        let (kind, before) = (self.kind(), self.drawn_halves());
        let native = self.context.selection.lock().select_draw(names, list, kind);
        self.follow(before);
        native
    }

    /// Leaves the halves that were drawn to until now for those that are selected.
    fn follow(&mut self, before: Halves) {
        let after = self.drawn_halves();
        if before == after {
            return;
        }
        self.mirror_to(before);
        let first = |halves: Halves| halves.first().unwrap_or(Half::Back);
        if first(before) != first(after) {
            self.carry(first(before), first(after));
        }
        self.switch();
        self.note_eyes(after);
    }

    /// With stereo: what is drawn to both eyes must not take what only one has to the other.
    fn note_eyes(&mut self, drawn: Halves) {
        self.base = None;
        let (Some(first), Some((draw, _))) = (drawn.first(), self.pairs.clone()) else { return };
        if !self.kind().stereo {
            return;
        }
        if !drawn.are_several() {
            draw.apart.store(true, Relaxed);
        } else if draw.apart.load(Relaxed) {
            self.base = self.picture(first).map(Base::Picture);
        }
    }

    /// The program selects a buffer to read from; gives the name for the driver.
    pub fn select_read(&mut self, name: u32) -> u32 {
        let native = self.context.selection.lock().select_read(name, self.read_kind());
        self.switch();
        native
    }

    /// glPopAttrib: the selection of before.
    pub fn pop(&mut self) {
        let before = self.drawn_halves();
        self.context.selection.lock().pop();
        self.follow(before);
        self.switch();
    }

    /// Copies depth and stencil of the surface that is drawn to from one half to the other.
    fn carry(&mut self, from: Half, to: Half) {
        let Some((draw, _)) = &self.pairs else { return };
        let buffers = draw.config.depth_or_stencil;
        // The worker draws whole pictures into surfaces whose depth belongs to the program.
        if buffers != 0 && !worker::is_here() {
            self.copy_half(from, to, buffers, None);
        }
    }

    /// With several halves selected the first one is drawn to; here the others get the same colours.
    pub fn mirror(&mut self) {
        let drawn = self.drawn_halves();
        self.mirror_to(drawn);
        if self.base.is_some() {
            self.note_eyes(drawn);
        }
    }

    /// The same for halves that are, or were, selected.
    fn mirror_to(&mut self, drawn: Halves) {
        let (Some(first), true) = (drawn.first(), drawn.are_several()) else { return };
        let Some((draw, _)) = self.pairs.clone() else { return };
        let changed = self.base.take().and_then(|base| {
            let picture = self.picture(first)?;
            let rectangles = sharing::drawn(&base, &picture, draw.width.into());
            self.base = Some(base);
            Some(rectangles)
        });
        for half in drawn.iter().skip(1) {
            self.copy_half(first, half, gl_api::COLOR_BUFFER_BIT, changed.as_deref());
        }
        self.switch();
    }

    /// Clears by `clear` all halves that the program has selected but the first, which it clears itself, where the default
    /// framebuffer is what it draws to.
    pub fn clear_others(&mut self, clear: &dyn Fn()) {
        let drawn = self.drawn_halves();
        if !drawn.are_several() || !self.features().default_is_bound(gl_api::DRAW_FRAMEBUFFER_BINDING) {
            return;
        }
        let Some((draw, _)) = self.pairs.clone() else { return };
        for half in drawn.iter().skip(1) {
            let bound = draw.half(half).and_then(|half| self.bind_halves((half, self.bound.1)));
            if bound.is_ok() {
                clear();
            }
        }
        self.switch();
    }

    /// What a half of the surface that is drawn to holds: RGBA, bottom row first.
    fn picture(&mut self, half: Half) -> Option<Vec<u8>> {
        let (draw, _) = self.pairs.clone()?;
        let half = draw.half(half).ok()?;
        self.bind_halves((half, half)).ok()?;
        let mut pixels = vec![0; usize::from(draw.width) * usize::from(draw.height) * 4];
        {
            let _framebuffer = DefaultFramebuffer::new(self.features())?;
            let native = self.context.selection.lock().native_read();
            gl!(real glReadBuffer(gl_api::BACK));
            {
                let _store = PackGuard::new(self.features(), Source::Default(gl_api::BACK), false, false);
                gl!(glReadPixels(
                    0,
                    0,
                    draw.width.into(),
                    draw.height.into(),
                    gl_api::RGBA,
                    gl_api::UNSIGNED_BYTE,
                    pixels.as_mut_ptr().cast()
                ));
            }
            gl!(real glReadBuffer(native));
        }
        self.switch();
        Some(pixels)
    }

    /// Copies buffers of the surface that is drawn to between its halves, all of them or rectangles; leaves these bound.
    fn copy_half(&mut self, from: Half, to: Half, buffers: u32, rectangles: Option<&[[i32; 4]]>) {
        let Some((draw, _)) = self.pairs.clone() else { return };
        let halves = draw.half(to).and_then(|to| Ok((to, draw.half(from)?)));
        if halves.and_then(|halves| self.bind_halves(halves)).is_err() {
            return;
        }
        let whole = [[0, 0, draw.width.into(), draw.height.into()]];
        let Some(_guard) = DefaultFramebuffer::new(self.features()) else { return };
        let (native_draw, native_read) = {
            let selection = self.context.selection.lock();
            (selection.native_draw(self.kind()), selection.native_read())
        };
        copy_bound(rectangles.unwrap_or(&whole), buffers, &native_draw, native_read);
    }

    /// Binds the half that a name means, for us to draw to; the default framebuffer must be bound.
    pub fn borrow_draw(&mut self, name: u32) {
        let half = read_half(name, self.kind());
        self.lent.0 = Some(half);
        self.switch();
        gl!(real glDrawBuffer(gl_api::BACK));
    }

    /// Binds the half that a name means, for us to read from; the default framebuffer must be bound.
    pub fn borrow_read(&mut self, name: u32) {
        let half = read_half(name, self.read_kind());
        self.settle(half);
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
            (selection.native_draw(self.kind()), selection.native_read())
        };
        if drew.is_some() {
            name_for_driver(&native_draw, native_read);
        } else if read.is_some() && native_read != gl_api::BACK {
            gl!(real glReadBuffer(native_read));
        }
    }

    /// The program reads pixels.
    pub fn before_read(&mut self) {
        let half = self.context.selection.lock().read_half(self.read_kind());
        self.settle(half);
    }

    /// A half that is about to be read holds all that was drawn to it.
    fn settle(&mut self, half: Half) {
        if self.drawn_halves().iter().skip(1).any(|drawn| drawn == half) {
            self.mirror();
        }
    }
}
