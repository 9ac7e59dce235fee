//! GLX's numbers (glx.h, glxext.h) and the attributes of a config.

use std::ffi::c_int;

pub const USE_GL: c_int = 1;
pub const BUFFER_SIZE: c_int = 2;
pub const LEVEL: c_int = 3;
pub const RGBA: c_int = 4;
pub const DOUBLEBUFFER: c_int = 5;
pub const STEREO: c_int = 6;
pub const AUX_BUFFERS: c_int = 7;
pub const RED_SIZE: c_int = 8;
pub const GREEN_SIZE: c_int = 9;
pub const BLUE_SIZE: c_int = 10;
pub const ALPHA_SIZE: c_int = 11;
pub const DEPTH_SIZE: c_int = 12;
pub const STENCIL_SIZE: c_int = 13;
pub const ACCUM_RED_SIZE: c_int = 14;
pub const ACCUM_GREEN_SIZE: c_int = 15;
pub const ACCUM_BLUE_SIZE: c_int = 16;
pub const ACCUM_ALPHA_SIZE: c_int = 17;
pub const CONFIG_CAVEAT: c_int = 0x20;
pub const X_VISUAL_TYPE: c_int = 0x22;
pub const TRANSPARENT_TYPE: c_int = 0x23;
pub const TRANSPARENT_INDEX_VALUE: c_int = 0x24;
pub const TRANSPARENT_RED_VALUE: c_int = 0x25;
pub const TRANSPARENT_GREEN_VALUE: c_int = 0x26;
pub const TRANSPARENT_BLUE_VALUE: c_int = 0x27;
pub const TRANSPARENT_ALPHA_VALUE: c_int = 0x28;
pub const DONT_CARE: c_int = -1;
pub const NONE: c_int = 0x8000;
pub const SLOW_CONFIG: c_int = 0x8001;
pub const TRUE_COLOR: c_int = 0x8002;
pub const VISUAL_ID: c_int = 0x800B;
pub const SCREEN: c_int = 0x800C;
pub const NON_CONFORMANT_CONFIG: c_int = 0x800D;
pub const DRAWABLE_TYPE: c_int = 0x8010;
pub const RENDER_TYPE: c_int = 0x8011;
pub const X_RENDERABLE: c_int = 0x8012;
pub const FBCONFIG_ID: c_int = 0x8013;
pub const RGBA_TYPE: c_int = 0x8014;
pub const COLOR_INDEX_TYPE: c_int = 0x8015;
pub const MAX_PBUFFER_WIDTH: c_int = 0x8016;
pub const MAX_PBUFFER_HEIGHT: c_int = 0x8017;
pub const MAX_PBUFFER_PIXELS: c_int = 0x8018;
pub const OPTIMAL_PBUFFER_WIDTH_SGIX: c_int = 0x8019;
pub const OPTIMAL_PBUFFER_HEIGHT_SGIX: c_int = 0x801A;
pub const PRESERVED_CONTENTS: c_int = 0x801B;
pub const LARGEST_PBUFFER: c_int = 0x801C;
pub const WIDTH: c_int = 0x801D;
pub const HEIGHT: c_int = 0x801E;
pub const EVENT_MASK: c_int = 0x801F;
pub const VISUAL_SELECT_GROUP_SGIX: c_int = 0x8028;
pub const PBUFFER_HEIGHT: c_int = 0x8040;
pub const PBUFFER_WIDTH: c_int = 0x8041;
pub const SWAP_METHOD_OML: c_int = 0x8060;
pub const SAMPLE_BUFFERS: c_int = 100_000;
pub const SAMPLES: c_int = 100_001;
pub const FLOAT_COMPONENTS_NV: c_int = 0x20B0;
pub const FRAMEBUFFER_SRGB_CAPABLE: c_int = 0x20B2;
pub const BIND_TO_TEXTURE_RGB: c_int = 0x20D0;
pub const BIND_TO_TEXTURE_RGBA: c_int = 0x20D1;
pub const BIND_TO_MIPMAP_TEXTURE: c_int = 0x20D2;
pub const BIND_TO_TEXTURE_TARGETS: c_int = 0x20D3;
pub const Y_INVERTED: c_int = 0x20D4;
pub const TEXTURE_FORMAT: c_int = 0x20D5;
pub const TEXTURE_TARGET: c_int = 0x20D6;
pub const MIPMAP_TEXTURE: c_int = 0x20D7;
pub const TEXTURE_FORMAT_NONE: c_int = 0x20D8;
pub const TEXTURE_FORMAT_RGB: c_int = 0x20D9;
pub const TEXTURE_FORMAT_RGBA: c_int = 0x20DA;
pub const TEXTURE_2D: c_int = 0x20DC;
pub const TEXTURE_RECTANGLE: c_int = 0x20DD;
pub const FRONT_LEFT: c_int = 0x20DE;
pub const TEXTURE_2D_BIT: c_int = 2;
pub const TEXTURE_RECTANGLE_BIT: c_int = 4;
pub const SWAP_INTERVAL: c_int = 0x20F1;
pub const MAX_SWAP_INTERVAL: c_int = 0x20F2;
pub const LATE_SWAPS_TEAR: c_int = 0x20F3;
pub const BACK_BUFFER_AGE: c_int = 0x20F4;

pub const WINDOW_BIT: c_int = 1;
pub const PIXMAP_BIT: c_int = 2;
pub const PBUFFER_BIT: c_int = 4;
pub const RGBA_BIT: c_int = 1;

pub const VENDOR: c_int = 1;
pub const VERSION: c_int = 2;
pub const EXTENSIONS: c_int = 3;

/// Return values of glXGetConfig and glXGetFBConfigAttrib.
pub const SUCCESS: c_int = 0;
pub const BAD_SCREEN: c_int = 1;
pub const BAD_ATTRIBUTE: c_int = 2;
pub const BAD_VISUAL: c_int = 4;
pub const BAD_CONTEXT: c_int = 5;
pub const BAD_VALUE: c_int = 6;

/// Every attribute that is asked of the 3D side's configs.
pub const QUERIED: [c_int; 43] = [
    BUFFER_SIZE,
    LEVEL,
    DOUBLEBUFFER,
    STEREO,
    AUX_BUFFERS,
    RED_SIZE,
    GREEN_SIZE,
    BLUE_SIZE,
    ALPHA_SIZE,
    DEPTH_SIZE,
    STENCIL_SIZE,
    ACCUM_RED_SIZE,
    ACCUM_GREEN_SIZE,
    ACCUM_BLUE_SIZE,
    ACCUM_ALPHA_SIZE,
    CONFIG_CAVEAT,
    X_VISUAL_TYPE,
    TRANSPARENT_TYPE,
    TRANSPARENT_INDEX_VALUE,
    TRANSPARENT_RED_VALUE,
    TRANSPARENT_GREEN_VALUE,
    TRANSPARENT_BLUE_VALUE,
    TRANSPARENT_ALPHA_VALUE,
    VISUAL_ID,
    DRAWABLE_TYPE,
    RENDER_TYPE,
    X_RENDERABLE,
    FBCONFIG_ID,
    MAX_PBUFFER_WIDTH,
    MAX_PBUFFER_HEIGHT,
    MAX_PBUFFER_PIXELS,
    OPTIMAL_PBUFFER_WIDTH_SGIX,
    OPTIMAL_PBUFFER_HEIGHT_SGIX,
    VISUAL_SELECT_GROUP_SGIX,
    SWAP_METHOD_OML,
    SAMPLE_BUFFERS,
    SAMPLES,
    FLOAT_COMPONENTS_NV,
    FRAMEBUFFER_SRGB_CAPABLE,
    BIND_TO_TEXTURE_RGB,
    BIND_TO_TEXTURE_RGBA,
    BIND_TO_MIPMAP_TEXTURE,
    BIND_TO_TEXTURE_TARGETS,
];

/// The attributes of a config; those that its maker does not know are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    values: Vec<(c_int, c_int)>,
    /// Depth in bits of the config's visual on the 3D side, 0 without one.
    pub native_depth: u8,
}

impl Attributes {
    /// The value of an attribute, where it is known.
    pub fn get(&self, attribute: c_int) -> Option<c_int> {
        self.values.iter().find(|(name, _)| *name == attribute).map(|(_, value)| *value)
    }

    /// The value of an attribute, 0 where it is unknown.
    pub fn value(&self, attribute: c_int) -> c_int {
        self.get(attribute).unwrap_or(0)
    }
}

impl Attributes {
    /// The same with another value for an attribute.
    pub fn with(mut self, attribute: c_int, value: c_int) -> Self {
        self.values.retain(|(name, _)| *name != attribute);
        self.values.push((attribute, value));
        self
    }
}

impl FromIterator<(c_int, c_int)> for Attributes {
    fn from_iter<T: IntoIterator<Item = (c_int, c_int)>>(values: T) -> Self {
        Self { values: values.into_iter().collect(), native_depth: 0 }
    }
}
