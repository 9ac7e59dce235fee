//! The front and back buffers of windows, as a program names them in desktop GL.
//!
//! A window has a pbuffer, which has one buffer; drivers let desktop GL name it GL_BACK. Once a program names GL_FRONT, the
//! window gets a second pbuffer, which holds what the window shows: to draw to the front buffer is to have that one
//! bound. Depth and stencil buffers, of which each has its own, follow the program from one to the other. What is
//! drawn to GL_FRONT_AND_BACK goes to the back buffer and is copied.

use std::rc::Rc;

use super::current::{self, Current};
use crate::gl::api::{self, get_integer, gl};
use crate::gl::buffers::copy_bound;
use crate::gl::selection::{Half, Kind, Selection};
use crate::gl::state::DefaultFramebuffer;
use crate::interpose::Inside;
use crate::render::Buffers;

/// The [`Buffers`] of whatever EGL has current in the calling thread.
struct Windows;

/// The stand-ins, if desktop GL is current with surfaces of ours.
pub fn here() -> Option<&'static dyn Buffers> {
    get().map(|_| &Windows as &dyn Buffers)
}

fn get() -> Option<Rc<Current>> {
    current::get().filter(|current| current.has_surfaces() && !current.features().es)
}

impl Buffers for Windows {
    fn select_draw(&self, names: &[u32], list: bool) -> Vec<u32> {
        let Some(current) = get().filter(|current| current.draw.is_some()) else { return names.to_vec() };
        let kind = current.kind();
        current.reselect(|selection| selection.select_draw(names, list, kind))
    }

    fn select_read(&self, name: u32) -> u32 {
        let Some(current) = get() else { return name };
        let Some(read) = &current.read else { return name };
        current.reselect(|selection| selection.select_read(name, Kind::mono(read.is_double())))
    }

    fn drawn(&self) -> Vec<u32> {
        match get().filter(|current| current.draw.is_some()) {
            Some(current) => current.known.selection.lock().drawn().to_vec(),
            None => vec![get_integer(api::DRAW_BUFFER) as u32],
        }
    }

    fn read(&self) -> u32 {
        match get().filter(|current| current.read.is_some()) {
            Some(current) => current.known.selection.lock().read(),
            None => get_integer(api::READ_BUFFER) as u32,
        }
    }

    fn is_double(&self) -> bool {
        match get().filter(|current| current.draw.is_some()) {
            Some(current) => current.is_double(),
            None => get_integer(api::DOUBLEBUFFER) != 0,
        }
    }

    fn is_stereo(&self) -> bool {
        false
    }

    /// What is cleared is copied to the other buffer like all that is drawn.
    fn clear_others(&self, _clear: &dyn Fn()) {}

    fn before_read(&self) {
        let Some(current) = get() else { return };
        let reads_front = current.known.selection.lock().read_half(Kind::mono(true)) == Half::Front;
        if reads_front {
            current.mirror();
        }
    }

    fn push(&self, mask: u32) {
        if let Some(current) = get() {
            current.known.selection.lock().push(mask);
        }
    }

    fn pop(&self) {
        if let Some(current) = get() {
            current.reselect(Selection::pop);
        }
    }
}

impl Current {
    /// Whether there is a front and a back buffer to draw to.
    pub fn is_double(&self) -> bool {
        self.draw.as_ref().is_some_and(|draw| draw.is_double())
    }

    fn kind(&self) -> Kind {
        Kind::mono(self.is_double())
    }

    /// Changes the selection; what it says is bound, and takes depth and stencil along.
    fn reselect<T>(&self, change: impl FnOnce(&mut Selection) -> T) -> T {
        let _inside = Inside::enter();
        let kind = self.kind();
        let (before, both, after, result) = {
            let mut selection = self.known.selection.lock();
            let (before, both) = (selection.draw_half(kind), selection.draws_several(kind));
            let result = change(&mut selection);
            (before, both, selection.draw_half(kind), result)
        };
        if both {
            self.copy(Half::Back, Half::Front, api::COLOR_BUFFER_BIT);
        }
        if before != after {
            let buffers = self.draw.as_ref().map_or(0, |draw| draw.depth_or_stencil);
            self.copy(before, after, buffers);
        }
        if self.draws_front() {
            self.front_dirty.set(true);
        }
        self.follow_size();
        result
    }

    /// Whether the front buffer of a window with two is drawn to.
    pub fn draws_front(&self) -> bool {
        let selection = self.known.selection.lock();
        selection.drawn_halves(self.kind()).has(Half::Front)
    }

    /// With both buffers selected the back one is drawn to; here the front one gets the same colours.
    pub fn mirror(&self) {
        let both = self.known.selection.lock().draws_several(self.kind());
        if both {
            self.copy(Half::Back, Half::Front, api::COLOR_BUFFER_BIT);
        }
    }

    /// After a swap: the front buffer holds the frame too, if the program ever named it.
    pub fn keep_front(&self) {
        if self.draw.as_ref().is_some_and(|draw| draw.has_front()) {
            self.copy(Half::Back, Half::Front, api::COLOR_BUFFER_BIT);
        }
        self.front_dirty.set(self.draws_front());
    }

    /// Copies buffers (GL_COLOR_BUFFER_BIT, ...) of what is drawn to from one half to the other.
    fn copy(&self, from: Half, to: Half, buffers: u32) {
        let Some(draw) = self.draw.as_ref().filter(|_| buffers != 0) else { return };
        let _inside = Inside::enter();
        let (from, to) = (draw.half(from), draw.half(to));
        if self.bind(to.raw(), from.raw())
            && let Some(_guard) = DefaultFramebuffer::new(self.features())
        {
            let whole = [0, 0, to.width.into(), to.height.into()];
            let selection = self.known.selection.lock();
            copy_bound(&[whole], buffers, &selection.native_draw(self.kind()), selection.native_read());
        }
        self.rebind();
    }

    /// Mesa keeps the read buffer's name with the surface: one that is new to the context reads from its buffer even
    /// where the program selected none.
    pub fn settle_read_name(&self) {
        if self.read.is_none() || self.known.selection.lock().read() != api::NONE {
            return;
        }
        let _inside = Inside::enter();
        let features = self.features();
        if !features.es && features.default_is_bound(api::READ_FRAMEBUFFER_BINDING) {
            gl!(real glReadBuffer(api::NONE));
        }
    }
}
