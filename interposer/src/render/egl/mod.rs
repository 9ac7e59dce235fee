//! The EGL back end: pbuffers of an EGL device, with no X server at all.
//!
//! GLX promises more than EGL has: a front and a back buffer, and a drawable that several threads may have current.
//! [`surface`] makes pairs of pbuffers, [`gl::selection`](crate::gl::selection) knows which half a program means, [`here`] binds it; [`sharing`],
//! [`seats`] and [`exchange`] give further threads stand-ins and bring their pixels together.

pub mod api;
mod buffers;
mod config;
mod context;
mod exchange;
mod here;
mod open;
mod seats;
mod sharing;
mod surface;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use once_cell::sync::OnceCell;
use parking_lot::RwLock;

use super::attributes::{self, Attributes};
use super::renderer::{Hardware, Renderer};
use super::worker::Worker;
use super::{
    Backend, ConfigIndex, ContextRequest, Failure, Identity, Lending, Moment, News, RawContext, Shown,
    Surface, worker,
};
use crate::interpose::Inside;
use crate::runtime::Runtime;
use api::{Handle, egl};
use buffers::PairBuffers;
use config::Config;
use context::EglContext;
pub use open::OpenError;
use sharing::{Base, Outside};
use surface::Pair;

/// Whether this process has opened a device, or was forked from one that had.
static OPENED: AtomicBool = AtomicBool::new(false);

/// In a forked child: nothing is bound, and what the parent had is not touched.
pub fn forget() {
    here::forget();
    seats::forget();
}

/// The back end.
pub struct EglBackend {
    display: usize,
    attributes: Vec<Attributes>,
    configs: Vec<Config>,
    identity: Identity,
    /// Contexts need no config (EGL_KHR_no_config_context), so that they go with any surface.
    no_config: bool,
    contexts: RwLock<HashMap<usize, Arc<EglContext>>>,
    worker: OnceCell<Worker>,
    hardware: Hardware,
    renderer: OnceCell<Option<Renderer>>,
}

impl EglBackend {
    /// Opens the device that `name` means. The result lives as long as the process.
    pub fn open(name: &str) -> Result<&'static Self, OpenError> {
        let _inside = Inside::enter();
        sharing::note_first_thread();
        let opened = open::open(name, OPENED.swap(true, Relaxed))?;
        let display = opened.display.raw();
        let (attributes, configs) = config::read(display, opened.has("EGL_KHR_gl_colorspace"));
        if configs.is_empty() {
            return Err(OpenError::NoConfigs(opened.device));
        }
        crate::gl::buffers::emulate();
        Ok(Box::leak(Box::new(Self {
            display: display as usize,
            attributes,
            configs,
            no_config: opened.has("EGL_KHR_no_config_context"),
            identity: opened.identity(),
            contexts: RwLock::default(),
            worker: OnceCell::new(),
            hardware: opened.hardware,
            renderer: OnceCell::new(),
        })))
    }

    fn context(&self, context: RawContext) -> Result<Arc<EglContext>, Failure> {
        // One that is current stays usable though it was destroyed.
        let current = here::with(|here| (here.context.handle == context.0).then(|| here.context.clone()));
        if let Some(current) = current.flatten() {
            return Ok(current);
        }
        // GLXBadContext.
        self.contexts.read().get(&context.0).cloned().ok_or(Failure::Glx(0))
    }

    fn handle(&self) -> Handle {
        self.display as Handle
    }
}

/// The pair of a surface, which owns one count of it.
fn pair_of(surface: &Surface) -> Arc<Pair> {
    let pair = surface.id as *const Pair;
    // SAFETY: a Surface of this back end holds a pointer of Arc::into_raw until it is dropped.
    unsafe {
        Arc::increment_strong_count(pair);
        Arc::from_raw(pair)
    }
}

/// A surface of a pair, which lives with it.
fn surface_of(pair: &Arc<Pair>) -> Option<Arc<Surface>> {
    let backend = Runtime::existing()?.backend?;
    let id = Arc::into_raw(pair.clone()) as usize;
    Some(Arc::new(Surface { id, width: pair.width, height: pair.height, config: pair.index, backend }))
}

/// Pbuffers for a thread that finds the drawable's own taken, and what they hold.
fn stand_in(own: &Pair) -> Result<(Arc<Pair>, Option<Base>), Failure> {
    let pair = Arc::new(own.alike()?);
    let base = exchange::fill(&pair);
    Ok((pair, base))
}

impl Backend for EglBackend {
    fn configs(&self) -> &[Attributes] {
        &self.attributes
    }

    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn create_context(&self, request: &ContextRequest) -> Result<RawContext, Failure> {
        let _inside = Inside::enter();
        let config = match (self.no_config, request.config) {
            (false, Some(config)) => self.configs[config.0].handle as Handle,
            _ => std::ptr::null_mut(),
        };
        let is_float =
            |config: ConfigIndex| self.attributes[config.0].value(attributes::FLOAT_COMPONENTS_NV) != 0;
        let knows_float = self.identity.extensions.iter().any(|name| name == "GLX_ARB_fbconfig_float");
        let float = knows_float.then(|| request.config.is_some_and(is_float));
        let shared = request.share.map(|shared| self.context(shared)).transpose()?;
        let context = context::create(self.handle(), config, float, request, shared.as_deref())?;
        let raw = RawContext(context.handle);
        self.contexts.write().insert(raw.0, Arc::new(context));
        Ok(raw)
    }

    fn destroy_context(&self, context: RawContext) {
        let _inside = Inside::enter();
        if self.contexts.write().remove(&context.0).is_some() {
            egl!(eglDestroyContext(self.handle(), context.0 as Handle));
        }
    }

    fn create_surface(
        &'static self,
        config: ConfigIndex,
        width: u16,
        height: u16,
    ) -> Result<Arc<Surface>, Failure> {
        let _inside = Inside::enter();
        let (width, height) = (width.max(1), height.max(1));
        let pair = Pair::new(self.display, self.configs[config.0], config, (width, height))?;
        let id = Arc::into_raw(Arc::new(pair)) as usize;
        Ok(Arc::new(Surface { id, width, height, config, backend: self }))
    }

    fn destroy_surface(&self, id: usize) {
        let _inside = Inside::enter();
        // SAFETY: the count that the Surface held since Arc::into_raw.
        drop(unsafe { Arc::from_raw(id as *const Pair) });
    }

    fn make_current(
        &self,
        surfaces: Option<(&Surface, &Surface)>,
        context: RawContext,
    ) -> Result<(), Failure> {
        let _inside = Inside::enter();
        let context = self.context(context)?;
        let own = surfaces.map(|(draw, read)| (pair_of(draw), pair_of(read)));
        let kept: Vec<Arc<Pair>> = own.iter().flat_map(|(draw, read)| [draw.clone(), read.clone()]).collect();
        if !seats::draws_to_one_of(&kept) {
            exchange::at(Moment::Leave);
        }
        let seated = match &own {
            Some((draw, read)) => Some((seats::take(draw, stand_in)?, seats::take(read, stand_in)?)),
            None => None,
        };
        here::bind(self.display, context, seated)?;
        seats::keep(&kept);
        exchange::at(Moment::Draw);
        Ok(())
    }

    fn bind_for_a_while(
        &self,
        (draw, read): (&Surface, &Surface),
        context: RawContext,
    ) -> Result<(), Failure> {
        let _inside = Inside::enter();
        // While the pair that both halves are drawn in is bound.
        here::with(here::Here::mirror);
        let pairs = (seats::seated(&pair_of(draw)), seats::seated(&pair_of(read)));
        here::bind(self.display, self.context(context)?, Some(pairs))
    }

    fn release(&self) {
        let _inside = Inside::enter();
        exchange::at(Moment::Leave);
        here::release(self.display);
        seats::keep(&[]);
    }

    fn lend(&self, surface: &Surface, work: &mut dyn FnMut()) {
        let _inside = Inside::enter();
        let pair = pair_of(surface);
        match here::with(|here| here.holds(&pair)) {
            Some(true) if !worker::is_here() => {
                pair.sharing.lend(true);
                here::unbound(self.display, work);
                pair.sharing.lend(false);
            }
            _ => work(),
        }
    }

    fn exchange(&self, moment: Moment) -> News {
        let _inside = Inside::enter();
        News { swap: exchange::is_asked_to_swap(moment), front: exchange::at(moment) }
    }

    fn to_show(&self, surface: &Surface) -> Shown {
        let pair = pair_of(surface);
        match pair.sharing.swap_from_outside(sharing::this_thread()) {
            Outside::Free => Shown::Itself,
            Outside::Flushed(copy) => surface_of(&copy).map_or(Shown::Later, Shown::Copy),
            Outside::Asked => Shown::Later,
        }
    }

    fn is_shown(&self, surface: &Surface) -> bool {
        !sharing::ever() || pair_of(surface).sharing.shows(sharing::this_thread())
    }

    fn buffers(&self) -> Option<&dyn Lending> {
        let desktop = here::with(|here| !here.context.es && here.has_surfaces()).unwrap_or(false);
        desktop.then_some(&PairBuffers)
    }

    fn copy_context(&self, _source: RawContext, _target: RawContext, _mask: u64) -> Result<(), Failure> {
        // EGL has no such call, as GLX drivers have none for direct contexts: BadMatch.
        Err(Failure::X(8))
    }

    fn egl_display(&self) -> Option<usize> {
        Some(self.display)
    }

    fn display(&self) -> (*mut x11_dl::xlib::Display, i32) {
        (std::ptr::null_mut(), 0)
    }

    fn renderer(&'static self) -> Option<&'static Renderer> {
        self.renderer.get_or_init(|| Renderer::ask(self, self.hardware)).as_ref()
    }

    fn worker(&'static self) -> &'static Worker {
        self.worker.get_or_init(|| Worker::new(self))
    }
}
