//! Names of enums. The lists are Khronos' own, cut to what can stand in an argument of a row; a test renews them from the
//! registry's XML and holds them against it.

use super::line::Line;

/// A list of names: lines of a value in hexadecimal and a name.
pub struct Names(&'static str);

/// OpenGL's.
pub static GL: Names = Names(include_str!("names/gl.txt"));
/// GLX's.
pub static GLX: Names = Names(include_str!("names/glx.txt"));
/// EGL's.
pub static EGL: Names = Names(include_str!("names/egl.txt"));
/// The strings that GLX has of itself, whose numbers are also those of attributes.
static GLX_STRINGS: Names = Names("0x1 GLX_VENDOR\n0x2 GLX_VERSION\n0x3 GLX_EXTENSIONS\n");

/// The bits of glClear and glPushAttrib.
pub const BITS: [(u64, &str); 21] = [
    (0x1, "GL_CURRENT_BIT"),
    (0x2, "GL_POINT_BIT"),
    (0x4, "GL_LINE_BIT"),
    (0x8, "GL_POLYGON_BIT"),
    (0x10, "GL_POLYGON_STIPPLE_BIT"),
    (0x20, "GL_PIXEL_MODE_BIT"),
    (0x40, "GL_LIGHTING_BIT"),
    (0x80, "GL_FOG_BIT"),
    (0x100, "GL_DEPTH_BUFFER_BIT"),
    (0x200, "GL_ACCUM_BUFFER_BIT"),
    (0x400, "GL_STENCIL_BUFFER_BIT"),
    (0x800, "GL_VIEWPORT_BIT"),
    (0x1000, "GL_TRANSFORM_BIT"),
    (0x2000, "GL_ENABLE_BIT"),
    (0x4000, "GL_COLOR_BUFFER_BIT"),
    (0x8000, "GL_HINT_BIT"),
    (0x1_0000, "GL_EVAL_BIT"),
    (0x2_0000, "GL_LIST_BIT"),
    (0x4_0000, "GL_TEXTURE_BIT"),
    (0x8_0000, "GL_SCISSOR_BIT"),
    (0x2000_0000, "GL_MULTISAMPLE_BIT"),
];

impl Names {
    /// The names that a function's arguments have.
    pub fn of(function: &str) -> &'static Self {
        match function {
            "glXQueryServerString" | "glXGetClientString" => &GLX_STRINGS,
            _ if function.starts_with("egl") => &EGL,
            _ => &GLX,
        }
    }

    /// Writes a value's name, or the value in hexadecimal where it has none.
    pub fn write(&self, line: &mut Line, value: u64) {
        match self.find(value) {
            Some(name) => line.text(format_args!("{name}")),
            None => line.text(format_args!("{value:#x}")),
        }
    }

    fn find(&self, value: u64) -> Option<&'static str> {
        self.entries().find(|(number, _)| *number == value).map(|(_, name)| name)
    }

    /// All values and names.
    pub fn entries(&self) -> impl Iterator<Item = (u64, &'static str)> + use<> {
        self.0.lines().filter_map(|line| {
            let (value, name) = line.split_once(' ')?;
            Some((u64::from_str_radix(value.strip_prefix("0x")?, 16).ok()?, name))
        })
    }
}
