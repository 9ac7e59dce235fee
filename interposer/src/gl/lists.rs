//! Display lists that select buffers of the default framebuffer, where the driver cannot: a selection there is a change
//! of surfaces, which no list holds.
//!
//! Such a list is kept in pieces: while the program compiles one, each selection ends the driver's list and begins
//! another, and glCallList runs the pieces with the selections in between. Lists without selections are the driver's
//! alone.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{c_int, c_uint, c_void};
use std::mem::ManuallyDrop;

use parking_lot::Mutex;

use super::api::{self, get_integer, gl};
use super::{buffers, handlers, queries};
use crate::egl;
use crate::glx::current;

/// A step of a list in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A list of the driver's.
    Piece(c_uint),
    /// Another list in pieces.
    List(c_uint),
    /// glDrawBuffer.
    Draw(c_uint),
    /// glDrawBuffers.
    DrawList(Vec<c_uint>),
    /// glReadBuffer.
    Read(c_uint),
    /// What glPushAttrib saves of the selection.
    Push(c_uint),
    /// What glPopAttrib puts back of it.
    Pop,
}

impl Step {
    /// Whether it is more than the driver's own.
    fn selects(&self) -> bool {
        !matches!(self, Self::Piece(_) | Self::Push(_) | Self::Pop)
    }
}

/// The lists in pieces of a share group, by name.
#[derive(Default)]
pub struct Lists(Mutex<HashMap<c_uint, Vec<Step>>>);

impl Lists {
    fn steps(&self, name: c_uint) -> Option<Vec<Step>> {
        self.0.lock().get(&name).cloned()
    }

    fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// Forgets lists; the driver deletes their further pieces.
    fn remove(&self, names: impl Iterator<Item = c_uint>) {
        for name in names {
            let steps = self.0.lock().remove(&name).unwrap_or_default();
            for step in steps {
                if let Step::Piece(piece) = step
                    && piece != name
                {
                    gl!(real glDeleteLists(piece, 1));
                }
            }
        }
    }
}

/// The list that this thread compiles.
struct Compiling {
    name: c_uint,
    mode: c_uint,
    steps: Vec<Step>,
    piece: c_uint,
    /// For each glPushAttrib in the list: whether the selection changed since.
    pushed: Vec<bool>,
}

thread_local! {
    // Without a destructor: exit handlers may call OpenGL when thread-locals have ended.
    static COMPILING: ManuallyDrop<RefCell<Option<Compiling>>> = const { ManuallyDrop::new(RefCell::new(None)) };
}

/// Whether this thread compiles a list that may come in pieces.
pub fn is_compiling() -> bool {
    COMPILING.with(|compiling| compiling.borrow().is_some())
}

fn with<T>(action: impl FnOnce(&mut Compiling) -> T) -> Option<T> {
    COMPILING.with(|compiling| compiling.borrow_mut().as_mut().map(action))
}

/// Takes a selection into the list that is being compiled; false if there is none.
pub fn take(step: Step) -> bool {
    let Some((mode, piece)) = with(|compiling| (compiling.mode, compiling.piece)) else { return false };
    gl!(real glEndList());
    let paused = COMPILING.with(|compiling| compiling.take());
    if mode == api::COMPILE_AND_EXECUTE {
        run(&step);
    }
    // SAFETY: legal outside of a list.
    let next = api::glGenLists.get().map_or(0, |generate| unsafe { generate(1) });
    COMPILING.with(|compiling| *compiling.borrow_mut() = paused);
    with(|compiling| {
        compiling.steps.extend([Step::Piece(piece), step]);
        compiling.piece = next;
        compiling.pushed.iter_mut().for_each(|changed| *changed = true);
    });
    gl!(real glNewList(next, mode));
    true
}

fn run(step: &Step) {
    match step {
        Step::Piece(piece) => gl!(real glCallList(*piece)),
        // SAFETY: any name is legal.
        Step::List(name) => unsafe { call_list(*name) },
        // SAFETY: what the program has called with this value.
        Step::Draw(buffer) => unsafe { handlers::draw_buffer(*buffer) },
        // SAFETY: as many values as are said.
        Step::DrawList(names) => unsafe { handlers::draw_buffers(names.len() as c_int, names.as_ptr()) },
        // SAFETY: what the program has called with this value.
        Step::Read(buffer) => unsafe { handlers::read_buffer(*buffer) },
        Step::Push(mask) => queries::save_selection(*mask),
        Step::Pop => queries::restore_selection(),
    }
}

/// glPushAttrib while a list is compiled.
pub fn push(mask: c_uint) {
    with(|compiling| {
        compiling.steps.push(Step::Push(mask));
        compiling.pushed.push(false);
    });
}

/// glPopAttrib while a list is compiled, which has taken the driver's call.
pub fn pop() {
    match with(|compiling| compiling.pushed.pop()) {
        Some(Some(false)) => {
            with(|compiling| compiling.steps.push(Step::Pop));
        }
        _ => {
            take(Step::Pop);
        }
    }
}

/// Does something with the lists of the current context; None where the driver knows all.
fn in_group<T>(action: impl FnOnce(&Lists) -> T) -> Option<T> {
    buffers::emulated()?;
    match current::get() {
        Some(current) => Some(action(&current.context.lists)),
        None => egl::current::get().map(|current| action(&current.known.lists)),
    }
}

pub unsafe fn new_list(name: c_uint, mode: c_uint) {
    if buffers::emulated().is_some() && name != 0 && !is_compiling() {
        let compiling = Compiling { name, mode, steps: Vec::new(), piece: name, pushed: Vec::new() };
        COMPILING.with(|place| *place.borrow_mut() = Some(compiling));
    }
    gl!(real glNewList(name, mode));
}

pub unsafe fn end_list() {
    gl!(real glEndList());
    let Some(compiled) = COMPILING.with(|compiling| compiling.take()) else { return };
    let Compiling { name, mut steps, piece, .. } = compiled;
    in_group(|lists| {
        // What the name meant before goes only now, as GL has it.
        lists.remove(std::iter::once(name));
        if steps.iter().any(Step::selects) {
            steps.push(Step::Piece(piece));
            lists.0.lock().insert(name, steps);
        }
    });
}

pub unsafe fn call_list(name: c_uint) {
    let steps = in_group(|lists| lists.steps(name)).flatten();
    match steps {
        None => gl!(real glCallList(name)),
        Some(_) if is_compiling() => {
            take(Step::List(name));
        }
        Some(steps) => steps.iter().for_each(run),
    }
}

pub unsafe fn call_lists(count: c_int, kind: c_uint, names: *const c_void) {
    let any = in_group(|lists| !lists.is_empty()).unwrap_or(false);
    // SAFETY: GL's contract for the arguments.
    match any.then(|| unsafe { decode(count, kind, names) }).flatten() {
        Some(names)
            if in_group(|lists| names.iter().any(|name| lists.steps(*name).is_some())) == Some(true) =>
        {
            for name in names {
                // SAFETY: any name is legal.
                unsafe { call_list(name) };
            }
        }
        _ => gl!(real glCallLists(count, kind, names)),
    }
}

pub unsafe fn delete_lists(first: c_uint, count: c_int) {
    in_group(|lists| {
        if !lists.is_empty() {
            lists.remove((first..).take(count.max(0) as usize));
        }
    });
    gl!(real glDeleteLists(first, count));
}

/// The names of a glCallLists call, with the list base; None for a type that GL does not know.
///
/// # Safety
/// `names` points to `count` values of that type, or is null.
unsafe fn decode(count: c_int, kind: c_uint, names: *const c_void) -> Option<Vec<c_uint>> {
    let size = match kind {
        // GL_BYTE, GL_UNSIGNED_BYTE
        0x1400 | 0x1401 => 1,
        // GL_SHORT, GL_UNSIGNED_SHORT, GL_2_BYTES
        0x1402 | 0x1403 | 0x1407 => 2,
        // GL_3_BYTES
        0x1408 => 3,
        // GL_INT, GL_UNSIGNED_INT, GL_FLOAT, GL_4_BYTES
        0x1404..=0x1406 | 0x1409 => 4,
        _ => return None,
    };
    if names.is_null() || count <= 0 {
        return None;
    }
    // SAFETY: the caller's contract.
    let bytes = unsafe { std::slice::from_raw_parts(names.cast::<u8>(), count as usize * size) };
    let base = get_integer(api::LIST_BASE) as c_uint;
    Some(bytes.chunks_exact(size).map(|bytes| base.wrapping_add(offset(kind, bytes))).collect())
}

/// One value of a glCallLists call.
fn offset(kind: c_uint, bytes: &[u8]) -> c_uint {
    let big_endian = || bytes.iter().fold(0, |value, byte| value << 8 | c_uint::from(*byte));
    match (kind, bytes) {
        (0x1400, &[byte]) => byte as i8 as c_uint,
        (0x1402, &[a, b]) => i16::from_ne_bytes([a, b]) as c_uint,
        (0x1403, &[a, b]) => u16::from_ne_bytes([a, b]).into(),
        (0x1404 | 0x1405, &[a, b, c, d]) => c_uint::from_ne_bytes([a, b, c, d]),
        (0x1406, &[a, b, c, d]) => f32::from_ne_bytes([a, b, c, d]) as i64 as c_uint,
        // Bytes, and GL_2_BYTES and its kind: the highest first.
        _ => big_endian(),
    }
}

#[cfg(test)]
mod tests {
    use super::offset;

    #[test]
    fn every_type_of_name_is_read() {
        assert_eq!(offset(0x1401, &[200]), 200);
        assert_eq!(offset(0x1400, &[0xff]), u32::MAX);
        assert_eq!(offset(0x1403, &0x1234_u16.to_ne_bytes()), 0x1234);
        assert_eq!(offset(0x1405, &0x1234_5678_u32.to_ne_bytes()), 0x1234_5678);
        assert_eq!(offset(0x1406, &7.9_f32.to_ne_bytes()), 7);
        assert_eq!(offset(0x1407, &[1, 2]), 0x102);
        assert_eq!(offset(0x1408, &[1, 2, 3]), 0x1_0203);
    }
}
