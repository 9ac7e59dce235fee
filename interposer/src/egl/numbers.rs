//! EGL's numbers (egl.h, eglext.h).

use std::ffi::{c_int, c_uint};

pub const DONT_CARE: c_int = -1;
pub const NONE: c_int = 0x3038;

pub const SUCCESS: c_int = 0x3000;
pub const NOT_INITIALIZED: c_int = 0x3001;
pub const BAD_ALLOC: c_int = 0x3003;
pub const BAD_ATTRIBUTE: c_int = 0x3004;
pub const BAD_CONFIG: c_int = 0x3005;
pub const BAD_DISPLAY: c_int = 0x3008;
pub const BAD_MATCH: c_int = 0x3009;
pub const BAD_NATIVE_PIXMAP: c_int = 0x300A;
pub const BAD_NATIVE_WINDOW: c_int = 0x300B;
pub const BAD_PARAMETER: c_int = 0x300C;
pub const BAD_ACCESS: c_int = 0x3002;
pub const BAD_SURFACE: c_int = 0x300D;

pub const ALPHA_SIZE: c_int = 0x3021;
pub const BLUE_SIZE: c_int = 0x3022;
pub const GREEN_SIZE: c_int = 0x3023;
pub const RED_SIZE: c_int = 0x3024;
pub const DEPTH_SIZE: c_int = 0x3025;
pub const STENCIL_SIZE: c_int = 0x3026;
pub const CONFIG_ID: c_int = 0x3028;
pub const NATIVE_RENDERABLE: c_int = 0x302D;
pub const NATIVE_VISUAL_ID: c_int = 0x302E;
pub const NATIVE_VISUAL_TYPE: c_int = 0x302F;
pub const SAMPLES: c_int = 0x3031;
pub const SAMPLE_BUFFERS: c_int = 0x3032;
pub const SURFACE_TYPE: c_int = 0x3033;
pub const MIN_SWAP_INTERVAL: c_int = 0x303B;
pub const MAX_SWAP_INTERVAL: c_int = 0x303C;
pub const MATCH_NATIVE_PIXMAP: c_int = 0x3041;

pub const PBUFFER_BIT: c_int = 0x0001;
pub const PIXMAP_BIT: c_int = 0x0002;
pub const WINDOW_BIT: c_int = 0x0004;
pub const SWAP_BEHAVIOR_PRESERVED_BIT: c_int = 0x0400;

pub const HEIGHT: c_int = 0x3056;
pub const WIDTH: c_int = 0x3057;
pub const LARGEST_PBUFFER: c_int = 0x3058;
pub const DRAW: c_int = 0x3059;
pub const READ: c_int = 0x305A;
pub const CORE_NATIVE_ENGINE: c_int = 0x305B;
pub const TEXTURE_FORMAT: c_int = 0x3080;
pub const TEXTURE_TARGET: c_int = 0x3081;
pub const MIPMAP_TEXTURE: c_int = 0x3082;
pub const MIPMAP_LEVEL: c_int = 0x3083;
pub const BACK_BUFFER: c_int = 0x3084;
pub const SINGLE_BUFFER: c_int = 0x3085;
pub const RENDER_BUFFER: c_int = 0x3086;
pub const GL_COLORSPACE: c_int = 0x309D;
pub const GL_COLORSPACE_SRGB: c_int = 0x3089;
pub const SWAP_BEHAVIOR: c_int = 0x3093;
pub const BUFFER_PRESERVED: c_int = 0x3094;
pub const BUFFER_DESTROYED: c_int = 0x3095;
pub const BUFFER_AGE_EXT: c_int = 0x313D;
pub const PRESENT_OPAQUE_EXT: c_int = 0x31DF;

pub const VENDOR: c_int = 0x3053;
pub const EXTENSIONS: c_int = 0x3055;

pub const OPENGL_API: c_uint = 0x30A2;
pub const PLATFORM_X11: c_uint = 0x31D5;
pub const PLATFORM_X11_SCREEN: c_int = 0x31D6;
pub const PLATFORM_XCB: c_uint = 0x31DC;
pub const PLATFORM_XCB_SCREEN: c_int = 0x31DE;
pub const PLATFORM_DEVICE: c_uint = 0x313F;
