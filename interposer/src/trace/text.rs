//! What calls look like in a trace: names for enums, lists for attributes, strings in quotes, addresses and XIDs in
//! hexadecimal.
//!
//! A value is told by its type as the row writes it, and where that says too little (an attribute is an int in GLX),
//! by its name there.

use std::ffi::{CStr, c_char, c_double, c_float, c_int, c_uchar, c_uint, c_void};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Argument;
use super::line::Line;
use super::names::{BITS, EGL, GL, Names};
use super::sink::ROOM;

/// A value of a row's type, as 64 bits.
pub trait Raw: Copy {
    /// The bits of a number, the address of a pointer.
    fn raw(self) -> u64;
}

macro_rules! raw {
    ($($type:ty: |$value:ident| $bits:expr),* $(,)?) => {
        $(impl Raw for $type { fn raw(self) -> u64 { let $value = self; $bits } })*
    };
}
raw! {
    (): |_value| 0,
    i32: |value| value as u64,
    u32: |value| value.into(),
    u64: |value| value,
    i64: |value| value as u64,
    usize: |value| value as u64,
    isize: |value| value as u64,
    c_float: |value| c_double::from(value).to_bits(),
    c_double: |value| value.to_bits(),
}

impl<T> Raw for *mut T {
    fn raw(self) -> u64 {
        self as usize as u64
    }
}

impl<T> Raw for *const T {
    fn raw(self) -> u64 {
        self as usize as u64
    }
}

impl Raw for Option<unsafe extern "C" fn()> {
    fn raw(self) -> u64 {
        self.map_or(0, |function| function as usize as u64)
    }
}

impl Raw for Option<crate::x11::io_errors::IoErrorHandler> {
    fn raw(self) -> u64 {
        self.map_or(0, |function| function as usize as u64)
    }
}

/// Longest list of attributes that is shown, in pairs.
const MOST_PAIRS: usize = 48;

/// Writes when and where a call is made, the call and its arguments.
pub fn call(line: &mut Line, function: &str, arguments: &[Argument]) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // SAFETY: asks for a number.
    let thread = unsafe { libc::syscall(libc::SYS_gettid) };
    line.text(format_args!("{}.{:06} {thread} {function}(", now.as_secs(), now.subsec_micros()));
    let mut count = 0;
    for (index, argument) in arguments.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        line.text(format_args!("{separator}{}=", argument.name));
        value(line, function, argument, count);
        if argument.name == "count" {
            count = argument.value as usize;
        }
    }
    line.byte(b')');
}

/// What a call returned and put where its arguments lead, and how long it took, in [`ROOM`] bytes at most.
pub fn outcome(
    function: &str,
    arguments: &[Argument],
    kind: &'static str,
    answer: u64,
    took: Duration,
) -> Line {
    let mut line = Line::new();
    line.text(format_args!(" = "));
    match kind {
        "()" => line.text(format_args!("void")),
        _ => value(&mut line, function, &Argument { name: "", kind, value: answer }, 0),
    }
    for argument in arguments {
        put(&mut line, argument);
    }
    let mut duration = Line::new();
    duration.text(format_args!(" <{}.{:06}>", took.as_secs(), took.subsec_micros()));
    line.cut(ROOM - duration.len());
    line.append(&duration);
    line
}

/// Writes an argument, or what a call returned. `count` is the length of a list that says so in an argument before.
fn value(line: &mut Line, function: &str, argument: &Argument, count: usize) {
    let Argument { name, kind, value } = *argument;
    let names = Names::of(function);
    match (kind, name) {
        ("GLenum", _) => GL.write(line, value),
        ("EGLenum", _) => EGL.write(line, value),
        ("GLbitfield", _) => bits(line, value),
        ("c_float" | "c_double", _) => line.text(format_args!("{}", c_double::from_bits(value))),
        ("*const c_char" | "*const c_uchar", _) => string(line, value as *const c_char),
        // An extension's structure begins with its name.
        ("*mut Extension", _) if value != 0 => {
            // SAFETY: the program passes such a structure.
            string(line, unsafe { *(value as *const *const c_char) });
        }
        ("*const GLenum", "buffers") => enums(line, value as *const c_uint, count),
        ("*const c_int" | "*mut c_int" | "*const EGLint", "attribs") => {
            let list = value as *const c_int;
            // SAFETY: reads up to the list's end, as the function itself does.
            attributes(line, function, names, value != 0, |index| unsafe { i64::from(*list.add(index)) });
        }
        ("*const EGLAttrib", "attribs") => {
            let list = value as *const isize;
            // SAFETY: as above.
            attributes(line, function, names, value != 0, |index| unsafe { *list.add(index) as i64 });
        }
        ("c_int" | "EGLint", "attribute" | "name" | "which") => names.write(line, value),
        ("EGLint", "") if function == "eglGetError" => names.write(line, value),
        (
            "c_int" | "Bool" | "EGLint" | "GLint" | "EGLBoolean" | "c_uint" | "GLuint" | "u32" | "Cookie",
            _,
        ) => {
            line.text(format_args!("{}", value as i64));
        }
        _ => line.text(format_args!("{value:#x}")),
    }
}

/// Writes what a call has put where an argument leads: one number, the first where there may be more.
fn put(line: &mut Line, argument: &Argument) {
    let Argument { name, kind, value } = *argument;
    let address = value as *const c_void;
    if address.is_null() || name == "attribs" {
        return;
    }
    // SAFETY: a place for a number of that type, which the call has just filled or could have.
    unsafe {
        match kind {
            "*mut c_int" | "*mut EGLint" | "*mut i32" => {
                line.text(format_args!(", {name}={}", *address.cast::<c_int>()))
            }
            "*mut c_uint" => line.text(format_args!(", {name}={}", *address.cast::<c_uint>())),
            "*mut c_uchar" => line.text(format_args!(", {name}={}", *address.cast::<c_uchar>())),
            "*mut c_float" => line.text(format_args!(", {name}={}", *address.cast::<c_float>())),
            "*mut c_double" => line.text(format_args!(", {name}={}", *address.cast::<c_double>())),
            "*mut i64" => line.text(format_args!(", {name}={}", *address.cast::<i64>())),
            "*mut c_ulong" => line.text(format_args!(", {name}={:#x}", *address.cast::<u64>())),
            _ => {}
        }
    }
}

fn string(line: &mut Line, string: *const c_char) {
    if string.is_null() {
        return line.text(format_args!("null"));
    }
    // SAFETY: a C string of the program's or of the function that returned it.
    line.quoted(unsafe { CStr::from_ptr(string) }.to_bytes(), 64);
}

fn enums(line: &mut Line, list: *const c_uint, count: usize) {
    line.byte(b'[');
    for index in 0..if list.is_null() { 0 } else { count.min(MOST_PAIRS) } {
        if index > 0 {
            line.text(format_args!(", "));
        }
        // SAFETY: the program says that there are so many.
        GL.write(line, u64::from(unsafe { *list.add(index) }));
    }
    line.byte(b']');
}

/// Writes a list of attributes with their values.
fn attributes(line: &mut Line, function: &str, names: &Names, exists: bool, read: impl Fn(usize) -> i64) {
    const EGL_NONE: i64 = 0x3038;
    /// GLX_USE_GL, GLX_RGBA, GLX_DOUBLEBUFFER, GLX_STEREO: true if they are in the list of a glXChooseVisual.
    const ALONE: [i64; 4] = [1, 4, 5, 6];
    if !exists {
        return line.text(format_args!("null"));
    }
    let end = if std::ptr::eq(names, &raw const EGL) { EGL_NONE } else { 0 };
    let mut index = 0;
    line.byte(b'[');
    for pair in 0..MOST_PAIRS {
        let attribute = read(index);
        if attribute == end {
            break;
        }
        if pair > 0 {
            line.text(format_args!(", "));
        }
        names.write(line, attribute as u64);
        index += 1;
        if function == "glXChooseVisual" && ALONE.contains(&attribute) {
            continue;
        }
        line.text(format_args!("={}", read(index)));
        index += 1;
    }
    line.byte(b']');
}

/// Writes a mask of buffers or of groups of attributes.
fn bits(line: &mut Line, mask: u64) {
    const ALL: u64 = 0xffff_ffff;
    if mask == ALL {
        return line.text(format_args!("GL_ALL_ATTRIB_BITS"));
    }
    let mut rest = mask;
    let mut separator = "";
    for (bit, name) in BITS {
        if rest & bit != 0 {
            line.text(format_args!("{separator}{name}"));
            separator = "|";
            rest &= !bit;
        }
    }
    if rest != 0 || mask == 0 {
        line.text(format_args!("{separator}{rest:#x}"));
    }
}
