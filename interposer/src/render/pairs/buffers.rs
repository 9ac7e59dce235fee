//! The back end's [`Buffers`]: each call is about this thread's binding.

use super::here;
use crate::interpose::Inside;
use crate::render::{Buffers, Lending};

/// Pairs of pbuffers as front and back buffers.
pub struct PairBuffers;

impl Buffers for PairBuffers {
    fn select_draw(&self, names: &[u32], list: bool) -> Vec<u32> {
        let _inside = Inside::enter();
        here::with(|here| here.select_draw(names, list)).unwrap_or_else(|| names.to_vec())
    }

    fn select_read(&self, name: u32) -> u32 {
        let _inside = Inside::enter();
        here::with(|here| here.select_read(name)).unwrap_or(name)
    }

    fn drawn(&self) -> Vec<u32> {
        here::with(|here| here.context.selection.lock().drawn().to_vec()).unwrap_or_default()
    }

    fn read(&self) -> u32 {
        here::with(|here| here.context.selection.lock().read()).unwrap_or(0)
    }

    fn is_stereo(&self) -> bool {
        here::with(|here| here.kind().stereo).unwrap_or(false)
    }

    fn clear_others(&self, clear: &dyn Fn()) {
        let _inside = Inside::enter();
        here::with(|here| here.clear_others(clear));
    }

    fn is_double(&self) -> bool {
        here::with(|here| here.kind().double).unwrap_or(false)
    }

    fn before_read(&self) {
        let _inside = Inside::enter();
        here::with(super::here::Here::before_read);
    }

    fn push(&self, mask: u32) {
        here::with(|here| here.context.selection.lock().push(mask));
    }

    fn pop(&self) {
        let _inside = Inside::enter();
        here::with(super::here::Here::pop);
    }
}

impl Lending for PairBuffers {
    fn borrow_draw(&self, name: u32) {
        let _inside = Inside::enter();
        here::with(|here| here.borrow_draw(name));
    }

    fn borrow_read(&self, name: u32) {
        let _inside = Inside::enter();
        here::with(|here| here.borrow_read(name));
    }

    fn give_back(&self) {
        let _inside = Inside::enter();
        here::with(super::here::Here::give_back);
    }
}
