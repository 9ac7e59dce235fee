//! Turns rows in a buffer upside down, on the GPU: GL's are bottom-up, X's are top-down. Red and blue may change places on the way.
//!
//! By a compute shader, which all of the GPU works on. A blit with the same effect takes ten times as long on GPUs that are made
//! for computing, whose graphics pipeline is narrow.

use std::ffi::{c_char, c_int, c_uint};
use std::ptr;

use super::api::{self, get_integer, gl};
use super::conditional::Unconditional;
use super::features::Features;

/// Invocations in a group: words of a row.
const GROUP: c_uint = 256;
const SOURCE: &[u8] = b"#version 430
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly buffer From { uint from[]; };
layout(std430, binding = 1) writeonly buffer To { uint to[]; };
layout(location = 0) uniform uint words;
layout(location = 1) uniform uint rows;
layout(location = 2) uniform uint swap;
void main() {
    uint x = gl_GlobalInvocationID.x, y = gl_WorkGroupID.y;
    if (x >= words) return;
    uint p = from[y * words + x];
    if (swap != 0u) p = p & 0xff00ff00u | p >> 16 & 0xffu | (p & 0xffu) << 16;
    to[(rows - 1u - y) * words + x] = p;
}
";

/// What a context needs for it, kept from frame to frame: a program, and a buffer with the rows as GL gives them. They go
/// with the context.
#[derive(Debug, Default)]
pub struct Flip {
    /// None before the first use; 0 if it cannot be made.
    program: Option<c_uint>,
    /// The name of the buffer, and its size in bytes.
    buffer: (c_uint, usize),
}

impl Flip {
    /// Whether the current context can do it now.
    pub fn is_possible(features: &Features) -> bool {
        // The program in use must not be changed while vertices are recorded.
        features.compute && get_integer(api::TRANSFORM_FEEDBACK_ACTIVE) == 0
    }

    /// A buffer to read at least `size` bytes into; `new_name` gives names of buffers.
    pub fn buffer(&mut self, size: usize, new_name: impl FnOnce() -> c_uint) -> c_uint {
        let (name, capacity) = self.buffer;
        if capacity < size {
            if name != 0 {
                gl!(glDeleteBuffers(1, &raw const name));
            }
            self.buffer = (new_name(), size);
            let _bound = super::state::PackBuffer::bind(self.buffer.0);
            gl!(glBufferStorage(api::PIXEL_PACK_BUFFER, size as isize, ptr::null(), 0));
        }
        self.buffer.0
    }

    /// Copies `rows` rows of `stride` bytes, a multiple of 4, from the buffer to the one of that name; `swap`: the first and the third
    /// of each four bytes change places. False if it cannot.
    pub fn copy(&mut self, to: c_uint, stride: usize, rows: usize, swap: bool) -> bool {
        let program = *self.program.get_or_insert_with(|| compile().unwrap_or_default());
        let (Ok(words), Ok(rows)) = (c_uint::try_from(stride / 4), c_uint::try_from(rows)) else {
            return false;
        };
        if program == 0 {
            return false;
        }
        let _unconditional = Unconditional::new();
        let _used = Used::save();
        let length = (stride * rows as usize) as isize;
        gl!(glUseProgram(program));
        gl!(glUniform1ui(0, words));
        gl!(glUniform1ui(1, rows));
        gl!(glUniform1ui(2, swap.into()));
        gl!(glBindBufferRange(api::SHADER_STORAGE_BUFFER, 0, self.buffer.0, 0, length));
        gl!(glBindBufferRange(api::SHADER_STORAGE_BUFFER, 1, to, 0, length));
        // What a shader has read of the buffer before may be in a cache.
        gl!(glMemoryBarrier(api::ALL_BARRIER_BITS));
        gl!(glDispatchCompute(words.div_ceil(GROUP), rows, 1));
        gl!(glMemoryBarrier(api::ALL_BARRIER_BITS));
        true
    }
}

fn compile() -> Option<c_uint> {
    let (create_program, create_shader) = (api::glCreateProgram.get()?, api::glCreateShader.get()?);
    // SAFETY: a context with compute shaders is current.
    let (program, shader) = unsafe { (create_program(), create_shader(api::COMPUTE_SHADER)) };
    let (text, length) = (SOURCE.as_ptr().cast::<c_char>(), SOURCE.len() as c_int);
    gl!(glShaderSource(shader, 1, &raw const text, &raw const length));
    gl!(glCompileShader(shader));
    gl!(glAttachShader(program, shader));
    gl!(glLinkProgram(program));
    gl!(glDeleteShader(shader));
    let mut linked = 0;
    gl!(glGetProgramiv(program, api::LINK_STATUS, &raw mut linked));
    if linked == 0 {
        log::warn!("the driver does not link the shader that turns frames upright");
        gl!(glDeleteProgram(program));
        return None;
    }
    Some(program)
}

/// The program in use and the buffers bound for shaders, put back when this goes.
struct Used {
    program: c_uint,
    generic: c_uint,
    /// Name, offset and size in bytes (0 and 0: all of it), by index.
    bound: [(c_uint, i64, i64); 2],
}

impl Used {
    fn save() -> Self {
        let bound = [0, 1].map(|index| {
            let mut name = 0;
            let (mut start, mut size) = (0, 0);
            gl!(glGetIntegeri_v(api::SHADER_STORAGE_BUFFER_BINDING, index, &raw mut name));
            gl!(glGetInteger64i_v(api::SHADER_STORAGE_BUFFER_START, index, &raw mut start));
            gl!(glGetInteger64i_v(api::SHADER_STORAGE_BUFFER_SIZE, index, &raw mut size));
            (name as c_uint, start, size)
        });
        Self {
            program: get_integer(api::CURRENT_PROGRAM) as c_uint,
            generic: get_integer(api::SHADER_STORAGE_BUFFER_BINDING) as c_uint,
            bound,
        }
    }
}

impl Drop for Used {
    fn drop(&mut self) {
        for (index, (name, start, size)) in (0..).zip(self.bound) {
            if size == 0 {
                gl!(glBindBufferBase(api::SHADER_STORAGE_BUFFER, index, name));
            } else {
                gl!(glBindBufferRange(
                    api::SHADER_STORAGE_BUFFER,
                    index,
                    name,
                    start as isize,
                    size as isize
                ));
            }
        }
        gl!(glBindBuffer(api::SHADER_STORAGE_BUFFER, self.generic));
        gl!(glUseProgram(self.program));
    }
}
