//! The call trace of `--trace FILE`: one line for each call that the program makes to a function of the table.
//!
//! ```text
//! 1795532378.123456 4711 glXGetConfig(dpy=0x55d0, visual=0x55f8, attribute=GLX_DEPTH_SIZE, value=0x7ffe) = 0, value=24 <0.000002>
//! ```
//!
//! That is: seconds since 1970, the thread, the call with its arguments, what it returned and put where pointers lead
//! to, and the seconds that it took. Lines stand in the order in which calls begin. A call's line is in the file before
//! the call is made, ending in `= ?`, and gets its end when the call returns: the call that a program crashed, ended or
//! hangs in is there too. Each is one write(2), so that nothing is lost however the program ends, and the file can
//! be read at any time.
//!
//! What a driver calls while it works for us is not the program's doing and is left out.

mod line;
mod names;
mod sink;
mod text;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use line::Line;
pub use text::Raw;

static ON: AtomicBool = AtomicBool::new(false);

/// Whether this call is to be traced: one load and a jump that is not taken, as long as there is no trace.
#[inline]
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed) && !crate::interpose::is_inside()
}

/// Starts the trace, if one is wanted; its file is opened by the first call.
pub fn start(file: Option<&Path>) {
    ON.store(file.is_some(), Ordering::Relaxed);
}

/// In a forked child: the parent's file is the parent's.
pub fn forget() {
    sink::forget();
}

/// An argument of a call: its name and type as the row has them, and its value.
pub struct Argument {
    /// The name in the row.
    pub name: &'static str,
    /// The type in the row.
    pub kind: &'static str,
    /// The value; a pointer's is the address.
    pub value: u64,
}

/// Makes a call and its line. `kind` is the type of what it returns, as the row has it.
#[cold]
#[inline(never)]
pub fn call<R: Raw>(
    name: &'static str,
    arguments: &[Argument],
    kind: &'static str,
    make: impl FnOnce() -> R,
) -> R {
    let mut line = Line::new();
    text::call(&mut line, name, arguments);
    let place = sink::begin(&mut line);
    let start = Instant::now();
    let answer = make();
    let took = start.elapsed();
    let outcome = text::outcome(name, arguments, kind, answer.raw(), took);
    sink::end(place, &mut line, &outcome);
    answer
}

#[cfg(test)]
mod tests;
