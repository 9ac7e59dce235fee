//! The 3D side: where rendering happens.
//!
//! The folders above decide what a call of the program means; a [`Backend`] makes contexts and pbuffers and makes
//! them current, in the terms of GLX. There are two: [`glx`], pbuffers on a GPU-backed X server, and [`egl`], pbuffers
//! of an EGL device, which needs no X server at all.

pub mod attributes;
pub mod egl;
pub mod fence;
pub mod glx;
pub mod renderer;
pub mod worker;

use std::fmt;
use std::sync::Arc;

use attributes::Attributes;

/// A rendering context of the back end (a `GLXContext` or an `EGLContext`), as the program holds it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RawContext(pub usize);

/// A config of the 3D side, by its place in [`Backend::configs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigIndex(pub usize);

/// Why the 3D side refused: the X or GLX error it raised, the code relative to the extension's error base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A core protocol error (BadMatch, BadAlloc, ...), by its code.
    X(u8),
    /// A GLX error (GLXBadFBConfig, ...), relative to the error base.
    Glx(u8),
    /// It failed without an error.
    Silent,
    /// The 3D side is lost, which has been told.
    Lost,
}

impl Failure {
    /// How loud a message about it may be: a lost 3D side makes everything fail, and has been told.
    pub fn level(self) -> log::Level {
        if self == Self::Lost { log::Level::Debug } else { log::Level::Warn }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X(code) => write!(f, "X error {code}"),
            Self::Glx(code) => write!(f, "GLX error {code}"),
            Self::Silent => f.write_str("no reason given"),
            Self::Lost => f.write_str("the 3D side is lost"),
        }
    }
}

/// What a new context is to be.
#[derive(Debug)]
pub struct ContextRequest<'a> {
    /// The config; None for GLX_EXT_no_config_context.
    pub config: Option<ConfigIndex>,
    /// A context to share objects with.
    pub share: Option<RawContext>,
    /// The render type of glXCreateNewContext; not used with attributes.
    pub render_type: i32,
    /// glXCreateContextAttribsARB's list without the terminator, or None for the older functions.
    pub attributes: Option<&'a [i32]>,
}

/// A drawable of the 3D side that stands for one of the program's: a pbuffer. Destroyed when dropped.
pub struct Surface {
    /// The back end's name for it.
    pub id: usize,
    /// Width in pixels, at least 1.
    pub width: u16,
    /// Height in pixels, at least 1.
    pub height: u16,
    /// The config it was made with.
    pub config: ConfigIndex,
    backend: &'static dyn Backend,
}

impl fmt::Debug for Surface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Surface({:#x}, {}x{})", self.id, self.width, self.height)
    }
}

impl Drop for Surface {
    fn drop(&mut self) {
        self.backend.destroy_surface(self.id);
    }
}

/// Strings that a back end tells about itself.
#[derive(Debug, Default)]
pub struct Identity {
    /// GLX extensions of the client library and the server, both.
    pub extensions: Vec<String>,
    /// The vendor, as the program is to see it.
    pub vendor: String,
}

/// When threads that draw to one drawable may meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A drawing probably begins (glClear, glViewport), or pixels are read.
    Draw,
    /// glFlush, glFinish, glXWaitGL.
    Flush,
    /// A swap, before the frame is read.
    Swap,
    /// A swap, after it.
    Swapped,
    /// The thread goes to another drawable.
    Leave,
}

/// What a thread hears of others when they meet at a drawable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The front buffer got something.
    pub front: bool,
    /// A thread that does not have the drawable current has swapped it; this one is to make the frame.
    pub swap: bool,
}

/// What a thread can read of a surface that it does not have current, to show it.
#[derive(Debug)]
pub enum Shown {
    /// The surface.
    Itself,
    /// A copy of what the thread that has it current flushed last.
    Copy(Arc<Surface>),
    /// Nothing: that thread makes the frame at its next call.
    Later,
}

/// A 3D side.
pub trait Backend: Send + Sync {
    /// All configs that can make pbuffers, in the server's order.
    fn configs(&self) -> &[Attributes];

    /// Extensions and vendor.
    fn identity(&self) -> &Identity;

    /// Makes a context.
    fn create_context(&self, request: &ContextRequest) -> Result<RawContext, Failure>;

    /// Destroys a context, at once or when it is no longer current (GLX 1.4, 3.3.7).
    fn destroy_context(&self, context: RawContext);

    /// Makes a pbuffer of `width` x `height` pixels (0 counts as 1).
    fn create_surface(
        &'static self,
        config: ConfigIndex,
        width: u16,
        height: u16,
    ) -> Result<Arc<Surface>, Failure>;

    /// Called by [`Surface`]'s drop.
    fn destroy_surface(&self, id: usize);

    /// Makes a context current in this thread, with both surfaces or with none.
    fn make_current(
        &self,
        surfaces: Option<(&Surface, &Surface)>,
        context: RawContext,
    ) -> Result<(), Failure>;

    /// As [`Self::make_current`], for a while: the program's own surfaces stay reserved for this thread.
    fn bind_for_a_while(&self, surfaces: (&Surface, &Surface), context: RawContext) -> Result<(), Failure> {
        self.make_current(Some(surfaces), context)
    }

    /// Makes no context current in this thread.
    fn release(&self);

    /// Runs `work` while another thread may make `surface` current that this one may have current.
    fn lend(&self, _surface: &Surface, work: &mut dyn FnMut()) {
        work();
    }

    /// Where threads that draw to one drawable have surfaces of their own: brings their pixels together.
    fn exchange(&self, _moment: Moment) -> News {
        News::default()
    }

    /// A thread that does not have `surface` current swaps it: what it can show.
    fn to_show(&self, _surface: &Surface) -> Shown {
        Shown::Itself
    }

    /// Whether what this thread draws to a surface is what its window is to show.
    fn is_shown(&self, _surface: &Surface) -> bool {
        true
    }

    /// The stand-ins for front and back buffers, where surfaces have but one buffer and the context that is current in
    /// this thread may name both. None where framebuffer 0 has what GLX promises.
    fn buffers(&self) -> Option<&dyn Lending> {
        None
    }

    /// Whether a context may be current with surfaces of another config than its own, as GLX allows for similar ones.
    fn mixes_configs(&self) -> bool {
        true
    }

    /// glXCopyContext.
    fn copy_context(&self, source: RawContext, target: RawContext, mask: u64) -> Result<(), Failure>;

    /// The X Display of the 3D side, which our hooks must leave alone, and its screen; null where there is none.
    fn display(&self) -> (*mut x11_dl::xlib::Display, i32);

    /// The EGLDisplay of the 3D side, for programs that use EGL; None where it is no EGL device.
    fn egl_display(&self) -> Option<usize> {
        None
    }

    /// What GLX_MESA_query_renderer asks; None where the 3D side's own GLX answers, or nobody can.
    fn renderer(&'static self) -> Option<&'static renderer::Renderer> {
        None
    }

    /// The thread that reads and writes surfaces which are not current in the calling thread.
    fn worker(&'static self) -> &'static worker::Worker;
}

/// Stands in for the front and back buffers of framebuffer 0, for the context that is current in the calling thread.
/// Names are GL's (GL_FRONT, GL_BACK_LEFT, ...).
pub trait Buffers: Send + Sync {
    /// The program selects buffers to draw to (by glDrawBuffers where `list`): the names to pass to the driver.
    fn select_draw(&self, names: &[u32], list: bool) -> Vec<u32>;
    /// The program selects a buffer to read from: the name to pass to the driver.
    fn select_read(&self, name: u32) -> u32;
    /// What the program has selected to draw to.
    fn drawn(&self) -> Vec<u32>;
    /// What the program has selected to read from.
    fn read(&self) -> u32;
    /// GL_DOUBLEBUFFER.
    fn is_double(&self) -> bool;
    /// The program is about to read from framebuffer 0.
    fn before_read(&self);
    /// glPushAttrib.
    fn push(&self, mask: u32);
    /// glPopAttrib, after the driver's.
    fn pop(&self);
}

/// Buffers that we use for a while in place of those that the program has selected. Framebuffer 0 is bound meanwhile.
pub trait Lending: Buffers {
    /// Binds a buffer for us to draw to, until [`Self::give_back`].
    fn borrow_draw(&self, name: u32);
    /// Binds a buffer for us to read from, until [`Self::give_back`].
    fn borrow_read(&self, name: u32);
    /// Binds what the program has selected.
    fn give_back(&self);
}
