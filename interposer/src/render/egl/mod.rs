//! The EGL back end: pbuffers of an EGL device, with no X server at all.
//!
//! GLX promises more than EGL has: a front and a back buffer, and a drawable that several threads may have current.
//! [`surface`] makes pairs of pbuffers, [`selection`] knows which half a program means, [`here`] binds it.

pub mod api;
mod buffers;
mod config;
mod context;
mod here;
mod open;
mod selection;
mod surface;

use std::collections::HashMap;
use std::sync::Arc;

use once_cell::sync::OnceCell;
use parking_lot::RwLock;

use super::attributes::Attributes;
use super::worker::Worker;
use super::{Backend, Buffers, ConfigIndex, ContextRequest, Failure, Identity, RawContext, Surface, worker};
use crate::interpose::Inside;
use api::{Handle, egl};
use buffers::PairBuffers;
use config::Config;
use context::EglContext;
use surface::Pair;

pub use here::forget;
pub use open::OpenError;

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
}

impl EglBackend {
    /// Opens the device that `name` means. The result lives as long as the process.
    pub fn open(name: &str) -> Result<&'static Self, OpenError> {
        let _inside = Inside::enter();
        let opened = open::open(name)?;
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
        })))
    }

    fn context(&self, context: RawContext) -> Result<Arc<EglContext>, Failure> {
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
        let context = context::create(self.handle(), config, request)?;
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
        let pair = Pair::new(self.display, self.configs[config.0], width, height)?;
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
        let pairs = surfaces.map(|(draw, read)| (pair_of(draw), pair_of(read)));
        here::bind(self.display, self.context(context)?, pairs)
    }

    fn release(&self) {
        let _inside = Inside::enter();
        here::release(self.display);
    }

    fn lend(&self, surface: &Surface, work: &mut dyn FnMut()) {
        let _inside = Inside::enter();
        let pair = pair_of(surface);
        match here::with(|here| here.holds(&pair)) {
            Some(true) if !worker::is_here() => here::unbound(self.display, work),
            _ => work(),
        }
    }

    fn buffers(&self) -> Option<&dyn Buffers> {
        let desktop = here::with(|here| !here.context.es && here.has_surfaces()).unwrap_or(false);
        desktop.then_some(&PairBuffers)
    }

    fn copy_context(&self, _source: RawContext, _target: RawContext, _mask: u64) -> Result<(), Failure> {
        // EGL has no such call, as GLX drivers have none for direct contexts: BadMatch.
        Err(Failure::X(8))
    }

    fn display(&self) -> (*mut x11_dl::xlib::Display, i32) {
        (std::ptr::null_mut(), 0)
    }

    fn worker(&'static self) -> &'static Worker {
        self.worker.get_or_init(|| Worker::new(self))
    }
}
