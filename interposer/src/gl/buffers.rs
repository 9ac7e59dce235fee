//! The buffers of the default framebuffer by name: the driver's own, or a back end's stand-ins for them.
//!
//! The rest of the library names GL_FRONT and GL_BACK and selects them here. With the GLX back end that is a GL call;
//! a back end whose surfaces have one buffer ([`Buffers`]) binds another surface instead.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::api::{self, get_integer, gl};
use super::features::Features;
use super::lists;
use crate::egl;
use crate::glx::{current, swap};
use crate::interpose::Inside;
use crate::render::{Buffers, Lending, Moment, News};
use crate::runtime::Runtime;

/// Whether the back end stands in for buffers, so that nobody else pays for the question.
static EMULATES: AtomicBool = AtomicBool::new(false);

/// Called by a back end that has [`Buffers`], when it is opened, and with the first window of EGL's.
pub fn emulate() {
    EMULATES.store(true, Relaxed);
}

/// The stand-ins, where the context that is current in this thread needs them.
#[inline]
pub fn emulated() -> Option<&'static dyn Buffers> {
    if !EMULATES.load(Relaxed) {
        return None;
    }
    match lending() {
        Some(buffers) => Some(buffers),
        None => egl::buffers::here(),
    }
}

/// The back end's stand-ins, where the context that is current in this thread needs them.
fn lending() -> Option<&'static dyn Lending> {
    Runtime::existing()?.backend?.buffers()
}

/// What the current context draws to in the default framebuffer, which must be bound: names without those of GL_NONE
/// at the end.
pub fn drawn(features: &Features) -> Vec<u32> {
    if let Some(buffers) = emulated() {
        return buffers.drawn();
    }
    let count = if features.draw_buffers { get_integer(api::MAX_DRAW_BUFFERS).clamp(1, 16) } else { 1 };
    let mut names: Vec<u32> = if count == 1 {
        vec![get_integer(api::DRAW_BUFFER) as u32]
    } else {
        (0..count as u32).map(|index| get_integer(api::DRAW_BUFFER0 + index) as u32).collect()
    };
    while names.len() > 1 && names.last() == Some(&api::NONE) {
        names.pop();
    }
    names
}

/// What the current context reads from in the default framebuffer, which must be bound.
pub fn selected_to_read() -> u32 {
    emulated().map_or_else(|| get_integer(api::READ_BUFFER) as u32, |buffers| buffers.read())
}

/// Selects buffers by the driver's names; the default framebuffer must be bound.
pub fn name_for_driver(draw: &[u32], read: u32) {
    match draw {
        [name] => gl!(real glDrawBuffer(*name)),
        names => gl!(real glDrawBuffers(names.len() as i32, names.as_ptr())),
    }
    gl!(real glReadBuffer(read));
}

/// Copies rectangles (left, bottom, right, top) of `buffers` (GL_COLOR_BUFFER_BIT, ...) from the pbuffer that is bound to read from
/// to the one that is bound to draw to; then `draw` and `read` are selected. The default framebuffer must be bound.
pub fn copy_bound(rectangles: &[[i32; 4]], buffers: u32, draw: &[u32], read: u32) {
    gl!(real glReadBuffer(api::BACK));
    gl!(real glDrawBuffer(api::BACK));
    for &[x0, y0, x1, y1] in rectangles {
        gl!(glBlitFramebuffer(x0, y0, x1, y1, x0, y0, x1, y1, buffers, api::NEAREST));
    }
    name_for_driver(draw, read);
}

/// Buffers that we select for a while in place of the program's.
pub struct Borrowed {
    emulated: Option<&'static dyn Lending>,
    /// OpenGL ES, whose default framebuffer has one buffer, and which knows glDrawBuffers only.
    es: bool,
    draw: Option<Vec<u32>>,
    read: Option<u32>,
}

impl Borrowed {
    /// Selects a buffer to read from. The default framebuffer must be bound, now and when this goes.
    pub fn read(buffer: u32) -> Self {
        let mut borrowed = Self { emulated: lending(), es: false, draw: None, read: None };
        match borrowed.emulated {
            Some(buffers) => buffers.borrow_read(buffer),
            None => {
                let selected = get_integer(api::READ_BUFFER) as u32;
                if selected != buffer {
                    gl!(real glReadBuffer(buffer));
                    borrowed.read = Some(selected);
                }
            }
        }
        borrowed
    }

    /// For [`Self::select`]. The default framebuffer must be bound, now and when this goes.
    pub fn both(features: &Features) -> Self {
        match lending() {
            Some(buffers) => Self { emulated: Some(buffers), es: false, draw: None, read: None },
            None => Self {
                emulated: None,
                es: features.es,
                draw: Some(drawn(features)),
                read: Some(get_integer(api::READ_BUFFER) as u32),
            },
        }
    }

    /// Selects buffers to read from and to draw to.
    pub fn select(&self, read: u32, draw: u32) {
        match self.emulated {
            Some(buffers) => {
                buffers.borrow_read(read);
                buffers.borrow_draw(draw);
            }
            None if self.es => {
                gl!(real glReadBuffer(api::BACK));
                gl!(real glDrawBuffers(1, [api::BACK].as_ptr()));
            }
            None => {
                gl!(real glReadBuffer(read));
                gl!(real glDrawBuffer(draw));
            }
        }
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(buffers) = self.emulated {
            return buffers.give_back();
        }
        match self.draw.as_deref() {
            None => {}
            Some([buffer]) if !self.es => gl!(real glDrawBuffer(*buffer)),
            Some(buffers) => gl!(real glDrawBuffers(buffers.len() as i32, buffers.as_ptr())),
        }
        if let Some(read) = self.read {
            gl!(real glReadBuffer(read));
        }
    }
}

/// Brings together what threads have drawn to one drawable (see [`Backend::exchange`]).
///
/// [`Backend::exchange`]: crate::render::Backend::exchange
#[inline]
pub fn exchange(moment: Moment) {
    // In the midst of a display list our own calls would become part of it.
    if !EMULATES.load(Relaxed) || lists::is_compiling() {
        return;
    }
    let Some(backend) = Runtime::existing().and_then(|runtime| runtime.backend) else { return };
    let news = backend.exchange(moment);
    if news == News::default() {
        return;
    }
    let Some(current) = current::get() else { return };
    if news.front {
        current::mark_front(&current);
    }
    if news.swap {
        swap::make_frame(&current);
    }
}

/// The program selects buffers of the default framebuffer to draw to, by glDrawBuffers where `list`; gives the names
/// to pass to the driver.
pub fn select_draw(names: &[u32], list: bool) -> Vec<u32> {
    match emulated() {
        Some(buffers) => {
            let _inside = Inside::enter();
            buffers.select_draw(names, list)
        }
        None => names.to_vec(),
    }
}

/// The program selects a buffer of the default framebuffer to read from; gives the name to pass to the driver.
pub fn select_read(name: u32) -> u32 {
    match emulated() {
        Some(buffers) => {
            let _inside = Inside::enter();
            buffers.select_read(name)
        }
        None => name,
    }
}
