//! The sizes of a context's glViewport calls: a new one usually follows a window's new size.

use std::cell::RefCell;

/// Widths and heights since the window last changed its size, the latest first.
#[derive(Debug, Default)]
pub struct Viewports(RefCell<Vec<(i32, i32)>>);

/// What a viewport's size says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It is the one before.
    Same,
    /// It was used before.
    Known,
    /// It is new.
    New,
}

impl Viewports {
    /// Notes a viewport's size.
    pub fn note(&self, size: (i32, i32)) -> News {
        const KEPT: usize = 8;
        let mut sizes = self.0.borrow_mut();
        if sizes.first() == Some(&size) {
            return News::Same;
        }
        let seen = sizes.iter().position(|known| *known == size).map(|place| sizes.remove(place));
        sizes.insert(0, size);
        sizes.truncate(KEPT);
        if seen.is_some() { News::Known } else { News::New }
    }

    /// The window has changed its size: earlier viewports say nothing any more.
    pub fn resized(&self) {
        self.0.borrow_mut().truncate(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_new_once_until_the_window_is_resized() {
        let viewports = Viewports::default();
        assert_eq!(viewports.note((1, 2)), News::New);
        assert_eq!(viewports.note((1, 2)), News::Same);
        assert_eq!(viewports.note((3, 4)), News::New);
        assert_eq!(viewports.note((1, 2)), News::Known);
        viewports.resized();
        assert_eq!(viewports.note((3, 4)), News::New);
    }
}
