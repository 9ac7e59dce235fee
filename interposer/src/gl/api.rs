//! The driver's GL functions that we call ourselves, and GL's numbers.

#![allow(non_upper_case_globals, reason = "these are the C names")]

use std::ffi::{c_char, c_float, c_int, c_uchar, c_uint, c_void};

use crate::interpose::{Library, Real, c_name};

macro_rules! functions {
    ($(fn $name:ident($($type:ty),*) $(-> $ret:ty)?;)*) => {
        $(pub static $name: Real<unsafe extern "C" fn($($type),*) $(-> $ret)?> =
            Real::new(Library::Gl, c_name!($name));)*
    };
}

functions! {
    fn glGetIntegerv(c_uint, *mut c_int);
    fn glGetFloatv(c_uint, *mut c_float);
    fn glGetString(c_uint) -> *const c_uchar;
    fn glGetStringi(c_uint, c_uint) -> *const c_uchar;
    fn glIsEnabled(c_uint) -> c_uchar;
    fn glEnable(c_uint);
    fn glDisable(c_uint);
    fn glEnablei(c_uint, c_uint);
    fn glDisablei(c_uint, c_uint);
    fn glColorMask(c_uchar, c_uchar, c_uchar, c_uchar);
    fn glColorMaski(c_uint, c_uchar, c_uchar, c_uchar, c_uchar);
    fn glGetBooleani_v(c_uint, c_uint, *mut c_uchar);
    fn glClear(c_uint);
    fn glClearColor(c_float, c_float, c_float, c_float);
    fn glPixelStorei(c_uint, c_int);
    fn glPixelTransferf(c_uint, c_float);
    fn glReadPixels(c_int, c_int, c_int, c_int, c_uint, c_uint, *mut c_void);
    fn glDrawPixels(c_int, c_int, c_uint, c_uint, *const c_void);
    fn glPixelZoom(c_float, c_float);
    fn glWindowPos2i(c_int, c_int);
    fn glBindBuffer(c_uint, c_uint);
    fn glGenBuffers(c_int, *mut c_uint);
    fn glDeleteBuffers(c_int, *const c_uint);
    fn glBufferStorage(c_uint, isize, *const c_void, c_uint);
    fn glMapBufferRange(c_uint, isize, isize, c_uint) -> *mut c_void;
    fn glBindBufferBase(c_uint, c_uint, c_uint);
    fn glBindBufferRange(c_uint, c_uint, c_uint, isize, isize);
    fn glGetIntegeri_v(c_uint, c_uint, *mut c_int);
    fn glGetInteger64i_v(c_uint, c_uint, *mut i64);
    fn glUseProgram(c_uint);
    fn glUniform1ui(c_int, c_uint);
    fn glDispatchCompute(c_uint, c_uint, c_uint);
    fn glMemoryBarrier(c_uint);
    fn glCreateProgram() -> c_uint;
    fn glCreateShader(c_uint) -> c_uint;
    fn glShaderSource(c_uint, c_int, *const *const c_char, *const c_int);
    fn glCompileShader(c_uint);
    fn glAttachShader(c_uint, c_uint);
    fn glLinkProgram(c_uint);
    fn glDeleteShader(c_uint);
    fn glDeleteProgram(c_uint);
    fn glGetProgramiv(c_uint, c_uint, *mut c_int);
    fn glFenceSync(c_uint, c_uint) -> *mut c_void;
    fn glClientWaitSync(*mut c_void, c_uint, u64) -> c_uint;
    fn glDeleteSync(*mut c_void);
    fn glCreateMemoryObjectsEXT(c_int, *mut c_uint);
    fn glDeleteMemoryObjectsEXT(c_int, *const c_uint);
    fn glMemoryObjectParameterivEXT(c_uint, c_uint, *const c_int);
    fn glImportMemoryFdEXT(c_uint, u64, c_uint, c_int);
    fn glBufferStorageMemEXT(c_uint, isize, c_uint, u64);
    fn glGetUnsignedBytei_vEXT(c_uint, c_uint, *mut c_uchar);
    fn glBindFramebuffer(c_uint, c_uint);
    fn glBlitFramebuffer(c_int, c_int, c_int, c_int, c_int, c_int, c_int, c_int, c_uint, c_uint);
    fn glGenFramebuffers(c_int, *mut c_uint);
    fn glDeleteFramebuffers(c_int, *const c_uint);
    fn glGenRenderbuffers(c_int, *mut c_uint);
    fn glDeleteRenderbuffers(c_int, *const c_uint);
    fn glBindRenderbuffer(c_uint, c_uint);
    fn glRenderbufferStorage(c_uint, c_uint, c_int, c_int);
    fn glFramebufferRenderbuffer(c_uint, c_uint, c_uint, c_uint);
    fn glTexImage2D(c_uint, c_int, c_int, c_int, c_int, c_int, c_uint, c_uint, *const c_void);
    fn glTexSubImage2D(c_uint, c_int, c_int, c_int, c_int, c_int, c_uint, c_uint, *const c_void);
    fn glGetTexLevelParameteriv(c_uint, c_int, c_uint, *mut c_int);
    fn glGenLists(c_int) -> c_uint;
    fn glNewList(c_uint, c_uint);
    fn glEndList();
    fn glBitmap(c_int, c_int, c_float, c_float, c_float, c_float, *const c_uchar);
}

/// Calls a driver function if it is there; the program's GL must be current and have it.
macro_rules! gl {
    ($name:ident($($arg:expr),* $(,)?)) => {
        if let Some(function) = $crate::gl::api::$name.get() {
            // SAFETY: the arguments are right for the function and a context is current, or GL ignores the call.
            unsafe { function($($arg),*) };
        }
    };
    (real $name:ident($($arg:expr),* $(,)?)) => {
        if let Some(function) = $crate::gl::real::$name.get() {
            // SAFETY: as above.
            unsafe { function($($arg),*) };
        }
    };
}
pub(crate) use gl;

pub const NONE: c_uint = 0;
/// GL_ARB_compute_shader.
pub const COMPUTE_SHADER: c_uint = 0x91B9;
pub const LINK_STATUS: c_uint = 0x8B82;
pub const CURRENT_PROGRAM: c_uint = 0x8B8D;
pub const TRANSFORM_FEEDBACK_ACTIVE: c_uint = 0x8E24;
pub const SHADER_STORAGE_BUFFER: c_uint = 0x90D2;
pub const SHADER_STORAGE_BUFFER_BINDING: c_uint = 0x90D3;
pub const SHADER_STORAGE_BUFFER_START: c_uint = 0x90D4;
pub const SHADER_STORAGE_BUFFER_SIZE: c_uint = 0x90D5;
pub const ALL_BARRIER_BITS: c_uint = 0xFFFF_FFFF;

/// GL_ARB_sync, GL_ARB_buffer_storage, GL_EXT_memory_object_fd.
pub const SYNC_GPU_COMMANDS_COMPLETE: c_uint = 0x9117;
pub const ALREADY_SIGNALED: c_uint = 0x911A;
pub const TIMEOUT_EXPIRED: c_uint = 0x911B;
pub const CONDITION_SATISFIED: c_uint = 0x911C;
pub const MAP_READ_BIT: c_uint = 0x0001;
pub const MAP_PERSISTENT_BIT: c_uint = 0x0040;
pub const MAP_COHERENT_BIT: c_uint = 0x0080;
pub const CLIENT_STORAGE_BIT: c_uint = 0x0200;
pub const DEDICATED_MEMORY_OBJECT: c_uint = 0x9581;
pub const HANDLE_TYPE_OPAQUE_FD: c_uint = 0x9586;
pub const NUM_DEVICE_UUIDS: c_uint = 0x9596;
pub const DEVICE_UUID: c_uint = 0x9597;

pub const RENDERER: c_uint = 0x1F01;
pub const STEREO: c_uint = 0x0C33;
pub const FRONT_LEFT: c_uint = 0x0400;
pub const FRONT_RIGHT: c_uint = 0x0401;
pub const FRONT: c_uint = 0x0404;
pub const BACK_LEFT: c_uint = 0x0402;
pub const BACK_RIGHT: c_uint = 0x0403;
pub const BACK: c_uint = 0x0405;
pub const LEFT: c_uint = 0x0406;
pub const RIGHT: c_uint = 0x0407;
pub const FRONT_AND_BACK: c_uint = 0x0408;

pub const COLOR: c_uint = 0x1800;

pub const VERSION: c_uint = 0x1F02;
pub const EXTENSIONS: c_uint = 0x1F03;
pub const NUM_EXTENSIONS: c_uint = 0x821D;
pub const CONTEXT_PROFILE_MASK: c_uint = 0x9126;
pub const CONTEXT_COMPATIBILITY_PROFILE_BIT: c_int = 2;

pub const LIST_INDEX: c_uint = 0x0B33;
pub const DRAW_BUFFER: c_uint = 0x0C01;
pub const READ_BUFFER: c_uint = 0x0C02;
pub const DOUBLEBUFFER: c_uint = 0x0C32;
pub const DRAW_BUFFER0: c_uint = 0x8825;
pub const MAX_DRAW_BUFFERS: c_uint = 0x8824;
pub const SCISSOR_TEST: c_uint = 0x0C11;
pub const DITHER: c_uint = 0x0BD0;
pub const FRAMEBUFFER_SRGB: c_uint = 0x8DB9;
pub const SAMPLE_BUFFERS: c_uint = 0x80A8;
pub const RASTERIZER_DISCARD: c_uint = 0x8C89;
pub const COLOR_CLEAR_VALUE: c_uint = 0x0C22;
pub const COLOR_WRITEMASK: c_uint = 0x0C23;
pub const ALPHA_BITS: c_uint = 0x0D55;
pub const FRAMEBUFFER_ATTACHMENT_ALPHA_SIZE: c_uint = 0x8215;
pub const DEPTH_BUFFER_BIT: c_uint = 0x100;
pub const STENCIL_BUFFER_BIT: c_uint = 0x400;
pub const COLOR_BUFFER_BIT: c_uint = 0x4000;
pub const NEAREST: c_uint = 0x2600;

pub const FRAMEBUFFER: c_uint = 0x8D40;
pub const DRAW_FRAMEBUFFER: c_uint = 0x8CA9;
pub const READ_FRAMEBUFFER: c_uint = 0x8CA8;
pub const DRAW_FRAMEBUFFER_BINDING: c_uint = 0x8CA6;
pub const READ_FRAMEBUFFER_BINDING: c_uint = 0x8CAA;
pub const RENDERBUFFER: c_uint = 0x8D41;
pub const RENDERBUFFER_BINDING: c_uint = 0x8CA7;
pub const COLOR_ATTACHMENT0: c_uint = 0x8CE0;
pub const RGB8: c_uint = 0x8051;
pub const RGBA8: c_uint = 0x8058;
pub const RGB10_A2: c_uint = 0x8059;
pub const RGB565: c_uint = 0x8D62;
pub const SRGB8: c_uint = 0x8C41;
pub const SRGB8_ALPHA8: c_uint = 0x8C43;
pub const PIXEL_PACK_BUFFER: c_uint = 0x88EB;
pub const PIXEL_PACK_BUFFER_BINDING: c_uint = 0x88ED;
pub const PIXEL_UNPACK_BUFFER: c_uint = 0x88EC;
pub const PIXEL_UNPACK_BUFFER_BINDING: c_uint = 0x88EF;

pub const TEXTURE_2D: c_uint = 0x0DE1;
pub const TEXTURE_RECTANGLE: c_uint = 0x84F5;

pub const UNPACK_SWAP_BYTES: c_uint = 0x0CF0;
pub const UNPACK_LSB_FIRST: c_uint = 0x0CF1;
pub const UNPACK_ROW_LENGTH: c_uint = 0x0CF2;
pub const UNPACK_SKIP_ROWS: c_uint = 0x0CF3;
pub const UNPACK_SKIP_PIXELS: c_uint = 0x0CF4;
pub const UNPACK_ALIGNMENT: c_uint = 0x0CF5;
pub const PACK_SWAP_BYTES: c_uint = 0x0D00;
pub const PACK_LSB_FIRST: c_uint = 0x0D01;
pub const PACK_ROW_LENGTH: c_uint = 0x0D02;
pub const PACK_SKIP_ROWS: c_uint = 0x0D03;
pub const PACK_SKIP_PIXELS: c_uint = 0x0D04;
pub const PACK_ALIGNMENT: c_uint = 0x0D05;
pub const PACK_INVERT_MESA: c_uint = 0x8758;
pub const PACK_REVERSE_ROW_ORDER_ANGLE: c_uint = 0x93A4;

pub const MAP_COLOR: c_uint = 0x0D10;
pub const RED_SCALE: c_uint = 0x0D14;
pub const RED_BIAS: c_uint = 0x0D15;
pub const GREEN_SCALE: c_uint = 0x0D18;
pub const GREEN_BIAS: c_uint = 0x0D19;
pub const BLUE_SCALE: c_uint = 0x0D1A;
pub const BLUE_BIAS: c_uint = 0x0D1B;
pub const ALPHA_SCALE: c_uint = 0x0D1C;
pub const ALPHA_BIAS: c_uint = 0x0D1D;

pub const UNSIGNED_BYTE: c_uint = 0x1401;
pub const UNSIGNED_SHORT_5_6_5: c_uint = 0x8363;
pub const UNSIGNED_SHORT_1_5_5_5_REV: c_uint = 0x8366;
pub const UNSIGNED_INT_8_8_8_8_REV: c_uint = 0x8367;
pub const UNSIGNED_INT_2_10_10_10_REV: c_uint = 0x8368;
pub const ALPHA: c_uint = 0x1906;
pub const LUMINANCE_ALPHA: c_uint = 0x190A;
pub const ABGR: c_uint = 0x8000;
pub const RGB: c_uint = 0x1907;
pub const RGBA: c_uint = 0x1908;
pub const BGR: c_uint = 0x80E0;
pub const BGRA: c_uint = 0x80E1;

pub const LIST_BASE: c_uint = 0x0B32;
pub const COMPILE: c_uint = 0x1300;
pub const COMPILE_AND_EXECUTE: c_uint = 0x1301;

/// An integer of the current context's state.
pub fn get_integer(name: c_uint) -> c_int {
    let mut value = [0; 4];
    gl!(glGetIntegerv(name, value.as_mut_ptr()));
    value[0]
}

/// A float of the current context's state.
pub fn get_float(name: c_uint) -> c_float {
    let mut value = [0.0; 4];
    gl!(glGetFloatv(name, value.as_mut_ptr()));
    value[0]
}

/// Whether a capability is enabled.
pub fn is_enabled(capability: c_uint) -> bool {
    // SAFETY: legal with a context current.
    glIsEnabled.get().is_some_and(|is_enabled| unsafe { is_enabled(capability) } != 0)
}

/// Enables or disables a capability.
pub fn set_enabled(capability: c_uint, enabled: bool) {
    if enabled {
        gl!(glEnable(capability));
    } else {
        gl!(glDisable(capability));
    }
}
