//! Which buffers of the default framebuffer the program has selected in a context, by GLX's rules.
//!
//! GLX promises a front and a back buffer behind one framebuffer; an EGL pbuffer has one buffer, which drivers let
//! programs name GL_BACK. So the names that the program uses are kept here and answered from here; they decide which
//! half of a pair is bound, and the driver is told GL_BACK.

use super::api;

/// A half of a pair of pbuffers. With one buffer only, that one is the back half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// What is drawn before a swap; the only half of a single-buffered surface.
    Back,
    /// What the window shows.
    Front,
}

/// A name that desktop drivers answer with GL_INVALID_OPERATION on a surface without stereo.
const REFUSED: u32 = api::FRONT_RIGHT;

/// The selection of one context. A new one is told its first surface by [`Selection::start`].
#[derive(Clone, Debug, Default)]
pub struct Selection {
    draw: Vec<u32>,
    read: u32,
    /// glPushAttrib's stack.
    saved: Vec<(u32, Vec<u32>, u32)>,
}

/// The halves that a name means for drawing: back, front.
fn halves(name: u32, double: bool) -> Option<(bool, bool)> {
    match (name, double) {
        (api::NONE, _) => Some((false, false)),
        (api::BACK | api::BACK_LEFT, true) => Some((true, false)),
        (api::FRONT | api::FRONT_LEFT, _) => Some((false, true)),
        (api::LEFT | api::FRONT_AND_BACK, double) => Some((double, true)),
        _ => None,
    }
}

impl Selection {
    /// The initial selection, made when the context is first bound to a surface (OpenGL 4.6, 17.4.1).
    pub fn start(&mut self, double: bool) {
        if self.draw.is_empty() {
            self.read = if double { api::BACK } else { api::FRONT };
            self.draw = vec![self.read];
        }
    }

    /// glDrawBuffer, or glDrawBuffers where `list`. The names to give the driver: ours, or those that it refuses as
    /// the program's are to be refused.
    pub fn select_draw(&mut self, names: &[u32], list: bool, double: bool) -> Vec<u32> {
        let plural = |name: &u32| {
            matches!(*name, api::FRONT | api::LEFT | api::RIGHT | api::FRONT_AND_BACK)
                || (*name == api::BACK && names.len() > 1)
        };
        if list && (names.is_empty() || names.iter().any(plural)) {
            // GL_INVALID_ENUM and its kind, from the driver itself.
            return names.to_vec();
        }
        let named: Vec<u32> = names.iter().copied().filter(|name| *name != api::NONE).collect();
        let twice = named.iter().enumerate().any(|(place, name)| named[..place].contains(name));
        if twice || names.iter().any(|name| halves(*name, double).is_none()) {
            let known = |name: u32| halves(name, true).is_some();
            // A name that this surface lacks but others have must be refused too, though the driver has it.
            return names.iter().map(|&name| if known(name) && !twice { REFUSED } else { name }).collect();
        }
        self.draw = names.to_vec();
        self.native_draw(double)
    }

    /// glReadBuffer. The name to give the driver.
    pub fn select_read(&mut self, name: u32, double: bool) -> u32 {
        if halves(name, double).is_none() {
            return if halves(name, true).is_some() { REFUSED } else { name };
        }
        self.read = name;
        self.native_read()
    }

    /// What the program has selected to draw to, as it named it.
    pub fn drawn(&self) -> &[u32] {
        &self.draw
    }

    /// What the program has selected to read from.
    pub fn read(&self) -> u32 {
        self.read
    }

    /// The half to draw to; the back one where both are.
    pub fn draw_half(&self, double: bool) -> Half {
        match self.drawn_halves(double) {
            (false, true) if double => Half::Front,
            _ => Half::Back,
        }
    }

    /// Whether both halves are drawn to: the back one is, and copied. So outputs of a fragment shader that differ reach
    /// only the back half each by itself.
    pub fn draws_both(&self, double: bool) -> bool {
        double && self.drawn_halves(double) == (true, true)
    }

    /// Whether the back and the front half are drawn to.
    fn drawn_halves(&self, double: bool) -> (bool, bool) {
        let all = self.draw.iter().filter_map(|name| halves(*name, double));
        all.fold((false, false), |(back, front), (to_back, to_front)| (back || to_back, front || to_front))
    }

    /// The half to read from.
    pub fn read_half(&self, double: bool) -> Half {
        read_half(self.read, double)
    }

    /// The driver's names for the draw selection: those in another half than the one that is drawn to are left out.
    pub fn native_draw(&self, double: bool) -> Vec<u32> {
        let half = self.draw_half(double);
        let here = |name: u32| match halves(name, double) {
            Some((back, front)) if double => {
                if half == Half::Back {
                    back
                } else {
                    front
                }
            }
            Some((back, front)) => back || front,
            None => false,
        };
        let native = if self.draw.len() == 1 { api::BACK } else { api::BACK_LEFT };
        self.draw.iter().map(|&name| if here(name) { native } else { api::NONE }).collect()
    }

    /// The driver's name for the read selection.
    pub fn native_read(&self) -> u32 {
        if self.read == api::NONE { api::NONE } else { api::BACK }
    }

    /// glPushAttrib.
    pub fn push(&mut self, mask: u32) {
        /// GL_MAX_ATTRIB_STACK_DEPTH of the drivers; more is an overflow that saves nothing.
        const DEPTH: usize = 16;
        if self.saved.len() < DEPTH {
            self.saved.push((mask, self.draw.clone(), self.read));
        }
    }

    /// glPopAttrib.
    pub fn pop(&mut self) {
        const COLOR_BUFFER: u32 = 0x4000;
        const PIXEL_MODE: u32 = 0x20;
        let Some((mask, draw, read)) = self.saved.pop() else { return };
        if mask & COLOR_BUFFER != 0 {
            self.draw = draw;
        }
        if mask & PIXEL_MODE != 0 {
            self.read = read;
        }
    }
}

/// The half that a name means for reading.
pub fn read_half(name: u32, double: bool) -> Half {
    match name {
        api::FRONT | api::FRONT_LEFT | api::LEFT | api::FRONT_AND_BACK if double => Half::Front,
        _ => Half::Back,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(double: bool) -> Selection {
        let mut selection = Selection::default();
        selection.start(double);
        selection
    }

    #[test]
    fn the_first_surface_decides_the_first_selection() {
        assert_eq!(started(true).drawn(), [api::BACK]);
        let mut single = started(false);
        assert_eq!((single.drawn(), single.read()), (&[api::FRONT][..], api::FRONT));
        single.start(true);
        assert_eq!(single.drawn(), [api::FRONT], "a later surface changes nothing");
        assert_eq!(single.draw_half(true), Half::Front);
    }

    #[test]
    fn names_select_halves_and_the_driver_hears_back() {
        let mut selection = started(true);
        for (name, half, both) in [
            (api::FRONT, Half::Front, false),
            (api::FRONT_LEFT, Half::Front, false),
            (api::BACK_LEFT, Half::Back, false),
            (api::FRONT_AND_BACK, Half::Back, true),
            (api::LEFT, Half::Back, true),
        ] {
            assert_eq!(selection.select_draw(&[name], false, true), [api::BACK], "{name:#x}");
            assert_eq!((selection.draw_half(true), selection.draws_both(true)), (half, both), "{name:#x}");
            assert_eq!(selection.drawn(), [name]);
        }
        assert_eq!(selection.select_draw(&[api::NONE], false, true), [api::NONE]);
        assert_eq!(selection.select_read(api::FRONT, true), api::BACK);
        assert_eq!((selection.read(), selection.read_half(true)), (api::FRONT, Half::Front));
    }

    #[test]
    fn lists_with_both_halves_are_drawn_to_the_back_one_and_copied() {
        let mut selection = started(true);
        let list = [api::NONE, api::FRONT_LEFT, api::BACK_LEFT];
        assert_eq!(selection.select_draw(&list, true, true), [api::NONE, api::NONE, api::BACK_LEFT]);
        assert_eq!((selection.draw_half(true), selection.draws_both(true)), (Half::Back, true));
        assert_eq!(selection.drawn(), list);
        let front = [api::NONE, api::FRONT_LEFT];
        assert_eq!(selection.select_draw(&front, true, true), [api::NONE, api::BACK_LEFT]);
        assert_eq!((selection.draw_half(true), selection.draws_both(true)), (Half::Front, false));
    }

    #[test]
    fn what_gl_refuses_is_refused_and_changes_nothing() {
        let mut selection = started(true);
        assert_eq!(selection.select_draw(&[api::FRONT], true, true), [api::FRONT]);
        assert_eq!(selection.select_draw(&[api::FRONT_RIGHT], false, true), [api::FRONT_RIGHT]);
        assert_eq!(selection.select_draw(&[0x8CE0], false, true), [0x8CE0]);
        let twice = [api::BACK_LEFT, api::BACK_LEFT];
        assert_eq!(selection.select_draw(&twice, true, true), twice);
        assert_eq!(selection.drawn(), [api::BACK]);
        let mut single = started(false);
        assert_eq!(single.select_draw(&[api::BACK], false, false), [REFUSED]);
        assert_eq!(single.select_read(api::BACK, false), REFUSED);
        assert_eq!(single.drawn(), [api::FRONT]);
    }

    #[test]
    fn attributes_are_pushed_and_popped() {
        let mut selection = started(true);
        selection.push(0x4000);
        selection.select_draw(&[api::FRONT], false, true);
        selection.select_read(api::FRONT, true);
        selection.pop();
        assert_eq!((selection.drawn(), selection.read()), (&[api::BACK][..], api::FRONT));
        selection.pop();
    }
}
