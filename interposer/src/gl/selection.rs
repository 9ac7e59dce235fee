//! Which buffers of the default framebuffer the program has selected in a context, by GLX's rules.
//!
//! GLX promises a front and a back buffer behind one framebuffer; an EGL pbuffer has one buffer, which drivers let
//! programs name GL_BACK. So the names that the program uses are kept here and answered from here; they decide which
//! half of a pair is bound, and the driver is told GL_BACK.

use super::api;

/// One of a surface's pbuffers. Without a second buffer, the back one is all there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// What is drawn before a swap; the only one of a single-buffered surface. The left eye's, with stereo.
    Back,
    /// What the window shows. The left eye's, with stereo.
    Front,
    /// The right eye's back buffer.
    BackRight,
    /// The right eye's front buffer.
    FrontRight,
}

impl Half {
    /// All, in the order in which they are drawn to first where several are selected.
    pub const ALL: [Self; 4] = [Self::Back, Self::Front, Self::BackRight, Self::FrontRight];
}

/// A set of halves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Halves(u8);

impl Halves {
    const fn of(halves: &[Half]) -> Self {
        let (mut set, mut place) = (0, 0);
        while place < halves.len() {
            set |= 1 << halves[place] as u8;
            place += 1;
        }
        Self(set)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn without_right(self) -> Self {
        Self(self.0 & Self::of(&[Half::Back, Half::Front]).0)
    }

    /// Whether a half is among them.
    pub fn has(self, half: Half) -> bool {
        self.0 & 1 << half as u8 != 0
    }

    /// They, in the order of [`Half::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Half> {
        Half::ALL.into_iter().filter(move |half| self.has(*half))
    }

    /// The first one.
    pub fn first(self) -> Option<Half> {
        self.iter().next()
    }

    /// Whether there are several.
    pub fn are_several(self) -> bool {
        self.0.count_ones() > 1
    }
}

/// Which buffers a surface has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// A front and a back buffer.
    pub double: bool,
    /// Buffers for the right eye.
    pub stereo: bool,
}

impl Kind {
    /// Of a surface without stereo.
    pub const fn mono(double: bool) -> Self {
        Self { double, stereo: false }
    }
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

/// The halves that a name means for drawing.
fn halves(name: u32, kind: Kind) -> Option<Halves> {
    use Half::{Back, BackRight, Front, FrontRight};
    // Of a surface without a second buffer the back half is the front buffer.
    let (front, front_right) = if kind.double { (Front, FrontRight) } else { (Back, BackRight) };
    let halves = match name {
        api::NONE => Halves::default(),
        api::BACK if kind.double => Halves::of(&[Back, BackRight]),
        api::BACK_LEFT if kind.double => Halves::of(&[Back]),
        api::BACK_RIGHT if kind.double && kind.stereo => Halves::of(&[BackRight]),
        api::FRONT => Halves::of(&[front, front_right]),
        api::FRONT_LEFT => Halves::of(&[front]),
        api::FRONT_RIGHT if kind.stereo => Halves::of(&[front_right]),
        api::LEFT if kind.double => Halves::of(&[Back, front]),
        api::LEFT => Halves::of(&[front]),
        api::RIGHT if kind.stereo && kind.double => Halves::of(&[BackRight, front_right]),
        api::RIGHT if kind.stereo => Halves::of(&[front_right]),
        api::FRONT_AND_BACK if kind.double => Halves::of(&[Back, front, BackRight, front_right]),
        api::FRONT_AND_BACK => Halves::of(&[front, front_right]),
        _ => return None,
    };
    Some(if kind.stereo { halves } else { halves.without_right() })
}

/// Whether some surfaces have what the name means.
fn is_known(name: u32) -> bool {
    halves(name, Kind::mono(true)).is_some()
}

impl Selection {
    /// The initial selection, made when the context is first bound to a surface (OpenGL 4.6, 17.4.1).
    pub fn start(&mut self, kind: Kind) {
        if self.draw.is_empty() {
            self.read = if kind.double { api::BACK } else { api::FRONT };
            self.draw = vec![self.read];
        }
    }

    /// glDrawBuffer, or glDrawBuffers where `list`. The names to give the driver: ours, or those that it refuses as
    /// the program's are to be refused.
    pub fn select_draw(&mut self, names: &[u32], list: bool, kind: Kind) -> Vec<u32> {
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
        if twice || names.iter().any(|name| halves(*name, kind).is_none()) {
            // A name that this surface lacks but others have must be refused too, though the driver has it.
            return names.iter().map(|&name| if is_known(name) && !twice { REFUSED } else { name }).collect();
        }
        self.draw = names.to_vec();
        self.native_draw(kind)
    }

    /// glReadBuffer. The name to give the driver.
    pub fn select_read(&mut self, name: u32, kind: Kind) -> u32 {
        if halves(name, kind).is_none() {
            return if is_known(name) { REFUSED } else { name };
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

    /// The half to draw to; the first one where there are several.
    pub fn draw_half(&self, kind: Kind) -> Half {
        self.drawn_halves(kind).first().unwrap_or(Half::Back)
    }

    /// The halves that are drawn to, one by one: the first is, and copied to the others. So outputs of a fragment shader that
    /// differ reach only the first half each by itself.
    pub fn drawn_halves(&self, kind: Kind) -> Halves {
        self.draw.iter().filter_map(|name| halves(*name, kind)).fold(Halves::default(), Halves::and)
    }

    /// Whether several halves are drawn to.
    pub fn draws_several(&self, kind: Kind) -> bool {
        self.drawn_halves(kind).are_several()
    }

    /// The half to read from.
    pub fn read_half(&self, kind: Kind) -> Half {
        read_half(self.read, kind)
    }

    /// The driver's names for the draw selection: those in another half than the one that is drawn to are left out.
    pub fn native_draw(&self, kind: Kind) -> Vec<u32> {
        let half = self.draw_half(kind);
        let here = |name: u32| halves(name, kind).is_some_and(|halves| halves.has(half));
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

/// The half that a name means for reading (OpenGL 4.6, table 17.6 and 18.2.1): of several the front and left one.
pub fn read_half(name: u32, kind: Kind) -> Half {
    let halves = halves(name, kind).unwrap_or_default();
    let first = [Half::Front, Half::Back, Half::FrontRight, Half::BackRight];
    first.into_iter().find(|half| halves.has(*half)).unwrap_or(Half::Back)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINGLE: Kind = Kind::mono(false);
    const DOUBLE: Kind = Kind::mono(true);
    const STEREO: Kind = Kind { double: true, stereo: true };

    fn started(kind: Kind) -> Selection {
        let mut selection = Selection::default();
        selection.start(kind);
        selection
    }

    #[test]
    fn the_first_surface_decides_the_first_selection() {
        assert_eq!(started(DOUBLE).drawn(), [api::BACK]);
        let mut single = started(SINGLE);
        assert_eq!((single.drawn(), single.read()), (&[api::FRONT][..], api::FRONT));
        single.start(DOUBLE);
        assert_eq!(single.drawn(), [api::FRONT], "a later surface changes nothing");
        assert_eq!(single.draw_half(DOUBLE), Half::Front);
    }

    #[test]
    fn names_select_halves_and_the_driver_hears_back() {
        let mut selection = started(DOUBLE);
        for (name, half, both) in [
            (api::FRONT, Half::Front, false),
            (api::FRONT_LEFT, Half::Front, false),
            (api::BACK_LEFT, Half::Back, false),
            (api::FRONT_AND_BACK, Half::Back, true),
            (api::LEFT, Half::Back, true),
        ] {
            assert_eq!(selection.select_draw(&[name], false, DOUBLE), [api::BACK], "{name:#x}");
            assert_eq!(
                (selection.draw_half(DOUBLE), selection.draws_several(DOUBLE)),
                (half, both),
                "{name:#x}"
            );
            assert_eq!(selection.drawn(), [name]);
        }
        assert_eq!(selection.select_draw(&[api::NONE], false, DOUBLE), [api::NONE]);
        assert_eq!(selection.select_read(api::FRONT, DOUBLE), api::BACK);
        assert_eq!((selection.read(), selection.read_half(DOUBLE)), (api::FRONT, Half::Front));
    }

    #[test]
    fn lists_with_both_halves_are_drawn_to_the_back_one_and_copied() {
        let mut selection = started(DOUBLE);
        let list = [api::NONE, api::FRONT_LEFT, api::BACK_LEFT];
        assert_eq!(selection.select_draw(&list, true, DOUBLE), [api::NONE, api::NONE, api::BACK_LEFT]);
        assert_eq!((selection.draw_half(DOUBLE), selection.draws_several(DOUBLE)), (Half::Back, true));
        assert_eq!(selection.drawn(), list);
        let front = [api::NONE, api::FRONT_LEFT];
        assert_eq!(selection.select_draw(&front, true, DOUBLE), [api::NONE, api::BACK_LEFT]);
        assert_eq!((selection.draw_half(DOUBLE), selection.draws_several(DOUBLE)), (Half::Front, false));
    }

    #[test]
    fn what_gl_refuses_is_refused_and_changes_nothing() {
        let mut selection = started(DOUBLE);
        assert_eq!(selection.select_draw(&[api::FRONT], true, DOUBLE), [api::FRONT]);
        assert_eq!(selection.select_draw(&[api::FRONT_RIGHT], false, DOUBLE), [api::FRONT_RIGHT]);
        assert_eq!(selection.select_draw(&[0x8CE0], false, DOUBLE), [0x8CE0]);
        let twice = [api::BACK_LEFT, api::BACK_LEFT];
        assert_eq!(selection.select_draw(&twice, true, DOUBLE), twice);
        assert_eq!(selection.drawn(), [api::BACK]);
        let mut single = started(SINGLE);
        assert_eq!(single.select_draw(&[api::BACK], false, SINGLE), [REFUSED]);
        assert_eq!(single.select_read(api::BACK, SINGLE), REFUSED);
        assert_eq!(single.drawn(), [api::FRONT]);
    }

    #[test]
    fn stereo_surfaces_have_four_buffers() {
        let mut selection = started(STEREO);
        use Half::{Back, BackRight, Front, FrontRight};
        for (name, drawn, read) in [
            (api::BACK, &[Back, BackRight][..], Back),
            (api::BACK_LEFT, &[Back], Back),
            (api::BACK_RIGHT, &[BackRight], BackRight),
            (api::FRONT, &[Front, FrontRight], Front),
            (api::FRONT_RIGHT, &[FrontRight], FrontRight),
            (api::LEFT, &[Back, Front], Front),
            (api::RIGHT, &[BackRight, FrontRight], FrontRight),
            (api::FRONT_AND_BACK, &[Back, Front, BackRight, FrontRight], Front),
        ] {
            assert_eq!(selection.select_draw(&[name], false, STEREO), [api::BACK], "{name:#x}");
            assert_eq!(selection.drawn_halves(STEREO).iter().collect::<Vec<_>>(), drawn, "{name:#x}");
            assert_eq!(selection.select_read(name, STEREO), api::BACK);
            assert_eq!(selection.read_half(STEREO), read, "{name:#x}");
        }
        let lists = [api::BACK_LEFT, api::BACK_RIGHT];
        assert_eq!(selection.select_draw(&lists, true, STEREO), [api::BACK_LEFT, api::NONE]);
        assert_eq!(selection.drawn_halves(STEREO).iter().collect::<Vec<_>>(), [Back, BackRight]);
    }

    #[test]
    fn attributes_are_pushed_and_popped() {
        let mut selection = started(DOUBLE);
        selection.push(0x4000);
        selection.select_draw(&[api::FRONT], false, DOUBLE);
        selection.select_read(api::FRONT, DOUBLE);
        selection.pop();
        assert_eq!((selection.drawn(), selection.read()), (&[api::BACK][..], api::FRONT));
        selection.pop();
    }
}
