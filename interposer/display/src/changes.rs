//! Where two frames differ, in tiles.

/// Width and height of a tile in pixels.
const TILE: usize = 64;
/// Parts of a frame; with more of them it goes as a whole.
const MOST: usize = 64;

/// A rectangle of a frame, in pixels from its top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub height: u16,
}

impl Part {
    /// Whether another one lies in it.
    pub fn contains(&self, other: Part) -> bool {
        let within = |start: u16, length: u16, other_start: u16, other_length: u16| {
            other_start >= start
                && u32::from(other_start) + u32::from(other_length) <= u32::from(start) + u32::from(length)
        };
        within(self.x, self.width, other.x, other.width) && within(self.y, self.height, other.y, other.height)
    }
}

/// How a frame differs from the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Changes {
    /// Not at all.
    Nothing,
    /// In these rectangles, which do not overlap.
    Parts(Vec<Part>),
    /// In so much of it that it is cheaper to send it whole.
    Everything,
}

/// The shape of both frames: rows of `stride` bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub width: u16,
    pub height: u16,
    pub stride: usize,
    /// A whole number of bytes.
    pub bytes_per_pixel: usize,
}

/// Compares two frames of the same shape. Comparing reads both once, sending reads and writes one: more than half of
/// the tiles is everything.
pub(crate) fn compare(old: &[u8], new: &[u8], shape: Shape) -> Changes {
    let Shape { width, height, stride, bytes_per_pixel } = shape;
    let row_length = usize::from(width) * bytes_per_pixel;
    let columns = usize::from(width).div_ceil(TILE);
    let bands = usize::from(height).div_ceil(TILE);
    let allowed = columns * bands / 2;
    let mut found = 0;
    let mut parts: Vec<Part> = Vec::new();
    let mut changed = vec![false; columns];
    for band in 0..bands {
        changed.fill(false);
        let mut in_band = 0;
        let rows = band * TILE..usize::from(height).min((band + 1) * TILE);
        for row in rows.clone() {
            let bytes = row * stride..row * stride + row_length;
            let (Some(old), Some(new)) = (old.get(bytes.clone()), new.get(bytes)) else {
                return Changes::Everything;
            };
            if in_band == 0 && old == new {
                continue;
            }
            let tiles = old.chunks(TILE * bytes_per_pixel).zip(new.chunks(TILE * bytes_per_pixel));
            for (changed, (old, new)) in changed.iter_mut().zip(tiles) {
                if !*changed && old != new {
                    *changed = true;
                    in_band += 1;
                }
            }
            if in_band == columns {
                break;
            }
        }
        found += in_band;
        if found > allowed {
            return Changes::Everything;
        }
        add_band(&mut parts, &changed, (width, rows.start as u16, rows.len() as u16));
        if parts.len() > MOST {
            return Changes::Everything;
        }
    }
    if parts.is_empty() { Changes::Nothing } else { Changes::Parts(parts) }
}

/// Adds the runs of changed tiles of a band to `parts`; a run just below an equal one makes that taller.
fn add_band(parts: &mut Vec<Part>, changed: &[bool], (width, top, height): (u16, u16, u16)) {
    let mut column = 0;
    for run in changed.chunk_by(|one, other| one == other) {
        let (left, right) = (column * TILE, (column + run.len()) * TILE);
        column += run.len();
        if !run[0] {
            continue;
        }
        let run_width = usize::from(width).min(right) - left;
        let (x, y, run_width) = (left as u16, top, run_width as u16);
        let above =
            parts.iter_mut().find(|part| part.x == x && part.width == run_width && part.y + part.height == y);
        match above {
            Some(part) => part.height += height,
            None => parts.push(Part { x, y, width: run_width, height }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Changes, Part, Shape, compare};

    const SHAPE: Shape = Shape { width: 300, height: 200, stride: 1204, bytes_per_pixel: 4 };

    /// What a frame looks like in which these pixels are other than before.
    fn changes(pixels: &[(usize, usize)]) -> Changes {
        let old = vec![7; SHAPE.stride * 200];
        let mut new = old.clone();
        pixels.iter().for_each(|(x, y)| new[y * SHAPE.stride + x * 4 + 2] = 8);
        compare(&old, &new, SHAPE)
    }

    fn rectangle(x: u16, y: u16, width: u16, height: u16) -> Part {
        Part { x, y, width, height }
    }

    #[test]
    fn tiles_become_rectangles() {
        assert_eq!(changes(&[]), Changes::Nothing);
        assert_eq!(changes(&[(0, 0)]), Changes::Parts(vec![rectangle(0, 0, 64, 64)]));
        assert_eq!(changes(&[(299, 199)]), Changes::Parts(vec![rectangle(256, 192, 44, 8)]));
        assert_eq!(
            changes(&[(63, 63), (64, 0), (200, 10), (10, 64), (100, 127)]),
            Changes::Parts(vec![rectangle(0, 0, 128, 128), rectangle(192, 0, 64, 64)])
        );
        // What lies between the rows belongs to no pixel.
        assert_eq!(changes(&[(300, 5)]), Changes::Nothing);
    }

    #[test]
    fn more_than_half_is_everything() {
        let tiles: Vec<_> = (0..5).flat_map(|x| (0..4).map(move |y| (x * 64, y * 64))).take(11).collect();
        assert!(matches!(changes(&tiles[..10]), Changes::Parts(_)));
        assert_eq!(changes(&tiles), Changes::Everything);
    }

    #[test]
    fn no_change_is_missed() {
        for (x, y) in (0..300).step_by(7).flat_map(|x| (0..200).step_by(3).map(move |y| (x, y))) {
            let Changes::Parts(parts) = changes(&[(x, y)]) else { panic!("({x}, {y}) is missed") };
            let inside = |part: &Part| {
                (part.x as usize..part.x as usize + part.width as usize).contains(&x)
                    && (part.y as usize..part.y as usize + part.height as usize).contains(&y)
            };
            assert!(parts.len() == 1 && inside(&parts[0]), "({x}, {y}): {parts:?}");
        }
    }
}
