//! The OpenGL functions that the examples call, as one table filled by a [`Loader`].

use std::ffi::{CString, c_char, c_void};

use crate::load::Loader;
use crate::{Result, check};

/// Declares a struct of function pointers and its loader. Functions without pointer arguments become safe methods: given
/// any numbers, OpenGL reports an error instead of misbehaving, and without a context it does nothing.
macro_rules! functions {
    ($(#[$doc:meta])* $table:ident
     scalar { $( $safe:ident = $safe_name:literal ( $($sa:ident : $st:ty),* ) $(-> $sr:ty)? ; )* }
     pointer { $( $raw:ident = $raw_name:literal ( $($ra:ident : $rt:ty),* ) $(-> $rr:ty)? ; )* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        #[allow(missing_docs, reason = "each field is the OpenGL function of the same name")]
        pub struct $table {
            $( $safe: unsafe extern "C" fn($($st),*) $(-> $sr)?, )*
            $( pub $raw: unsafe extern "C" fn($($rt),*) $(-> $rr)?, )*
        }

        #[allow(missing_docs, reason = "each method is the OpenGL function of the same name")]
        #[allow(clippy::too_many_arguments, reason = "OpenGL's own signatures")]
        impl $table {
            /// Looks every function up, and names the first that is missing.
            pub fn load(loader: &Loader) -> Result<Self> {
                Ok(Self {
                    // SAFETY: a non-null address found under an OpenGL function's name has that function's type.
                    $( $safe: unsafe { std::mem::transmute::<*const c_void, unsafe extern "C" fn($($st),*) $(-> $sr)?>(loader.require($safe_name)?) }, )*
                    // SAFETY: as above.
                    $( $raw: unsafe { std::mem::transmute::<*const c_void, unsafe extern "C" fn($($rt),*) $(-> $rr)?>(loader.require($raw_name)?) }, )*
                })
            }

            $( pub fn $safe(&self, $($sa: $st),*) $(-> $sr)? {
                // SAFETY: the function takes only numbers; OpenGL answers wrong ones with an error.
                unsafe { (self.$safe)($($sa),*) }
            } )*
        }
    };
}
pub(crate) use functions;

functions! {
    /// OpenGL functions, loaded once per process.
    Gl
    scalar {
        active_texture = "glActiveTexture" (unit: u32);
        attach_shader = "glAttachShader" (program: u32, shader: u32);
        begin = "glBegin" (mode: u32);
        begin_conditional_render = "glBeginConditionalRender" (query: u32, mode: u32);
        begin_query = "glBeginQuery" (target: u32, query: u32);
        bind_buffer = "glBindBuffer" (target: u32, buffer: u32);
        bind_framebuffer = "glBindFramebuffer" (target: u32, framebuffer: u32);
        bind_renderbuffer = "glBindRenderbuffer" (target: u32, renderbuffer: u32);
        bind_texture = "glBindTexture" (target: u32, texture: u32);
        bind_vertex_array = "glBindVertexArray" (array: u32);
        blend_func = "glBlendFunc" (source: u32, destination: u32);
        blit_framebuffer = "glBlitFramebuffer"
            (x0: i32, y0: i32, x1: i32, y1: i32, tx0: i32, ty0: i32, tx1: i32, ty1: i32, mask: u32, filter: u32);
        call_list = "glCallList" (list: u32);
        clamp_color = "glClampColor" (target: u32, clamp: u32);
        clear = "glClear" (mask: u32);
        clear_color = "glClearColor" (r: f32, g: f32, b: f32, a: f32);
        clear_depth = "glClearDepth" (depth: f64);
        clear_stencil = "glClearStencil" (value: i32);
        color3f = "glColor3f" (r: f32, g: f32, b: f32);
        color4f = "glColor4f" (r: f32, g: f32, b: f32, a: f32);
        color_mask = "glColorMask" (r: u8, g: u8, b: u8, a: u8);
        compile_shader = "glCompileShader" (shader: u32);
        copy_pixels = "glCopyPixels" (x: i32, y: i32, width: i32, height: i32, kind: u32);
        copy_tex_image_2d = "glCopyTexImage2D"
            (target: u32, level: i32, format: u32, x: i32, y: i32, width: i32, height: i32, border: i32);
        create_program = "glCreateProgram" () -> u32;
        create_shader = "glCreateShader" (kind: u32) -> u32;
        depth_func = "glDepthFunc" (func: u32);
        depth_mask = "glDepthMask" (on: u8);
        disable = "glDisable" (what: u32);
        draw_arrays = "glDrawArrays" (mode: u32, first: i32, count: i32);
        draw_buffer = "glDrawBuffer" (buffer: u32);
        pop_attrib = "glPopAttrib" ();
        push_attrib = "glPushAttrib" (mask: u32);
        enable = "glEnable" (what: u32);
        enable_vertex_attrib_array = "glEnableVertexAttribArray" (index: u32);
        end = "glEnd" ();
        end_conditional_render = "glEndConditionalRender" ();
        end_query = "glEndQuery" (target: u32);
        end_list = "glEndList" ();
        finish = "glFinish" ();
        flush = "glFlush" ();
        framebuffer_texture_2d = "glFramebufferTexture2D"
            (target: u32, attachment: u32, kind: u32, texture: u32, level: i32);
        gen_lists = "glGenLists" (count: i32) -> u32;
        get_error = "glGetError" () -> u32;
        is_list = "glIsList" (list: u32) -> u8;
        link_program = "glLinkProgram" (program: u32);
        list_base = "glListBase" (base: u32);
        load_identity = "glLoadIdentity" ();
        matrix_mode = "glMatrixMode" (mode: u32);
        new_list = "glNewList" (list: u32, mode: u32);
        ortho = "glOrtho" (left: f64, right: f64, bottom: f64, top: f64, near: f64, far: f64);
        pixel_storei = "glPixelStorei" (name: u32, value: i32);
        pixel_transferf = "glPixelTransferf" (name: u32, value: f32);
        pixel_zoom = "glPixelZoom" (x: f32, y: f32);
        polygon_mode = "glPolygonMode" (face: u32, mode: u32);
        read_buffer = "glReadBuffer" (buffer: u32);
        rotatef = "glRotatef" (angle: f32, x: f32, y: f32, z: f32);
        scissor = "glScissor" (x: i32, y: i32, width: i32, height: i32);
        stencil_func = "glStencilFunc" (func: u32, reference: i32, mask: u32);
        stencil_mask = "glStencilMask" (mask: u32);
        stencil_op = "glStencilOp" (stencil: u32, depth: u32, pass: u32);
        tex_parameteri = "glTexParameteri" (target: u32, name: u32, value: i32);
        uniform_1i = "glUniform1i" (location: i32, value: i32);
        use_program = "glUseProgram" (program: u32);
        vertex2f = "glVertex2f" (x: f32, y: f32);
        vertex3f = "glVertex3f" (x: f32, y: f32, z: f32);
        viewport = "glViewport" (x: i32, y: i32, width: i32, height: i32);
        window_pos2i = "glWindowPos2i" (x: i32, y: i32);
    }
    pointer {
        draw_buffers_raw = "glDrawBuffers" (count: i32, buffers: *const u32);
        buffer_data = "glBufferData" (target: u32, size: isize, data: *const c_void, usage: u32);
        call_lists = "glCallLists" (count: i32, kind: u32, lists: *const c_void);
        client_wait_sync = "glClientWaitSync" (sync: *const c_void, flags: u32, timeout_ns: u64) -> u32;
        delete_sync = "glDeleteSync" (sync: *const c_void);
        draw_buffers = "glDrawBuffers" (count: i32, buffers: *const u32);
        fence_sync_raw = "glFenceSync" (condition: u32, flags: u32) -> *const c_void;
        gen_buffers = "glGenBuffers" (count: i32, names: *mut u32);
        gen_queries = "glGenQueries" (count: i32, names: *mut u32);
        gen_framebuffers = "glGenFramebuffers" (count: i32, names: *mut u32);
        gen_renderbuffers = "glGenRenderbuffers" (count: i32, names: *mut u32);
        gen_textures = "glGenTextures" (count: i32, names: *mut u32);
        gen_vertex_arrays = "glGenVertexArrays" (count: i32, names: *mut u32);
        get_floatv = "glGetFloatv" (name: u32, values: *mut f32);
        get_integerv = "glGetIntegerv" (name: u32, values: *mut i32);
        get_program_info_log = "glGetProgramInfoLog" (program: u32, size: i32, length: *mut i32, log: *mut c_char);
        get_programiv = "glGetProgramiv" (program: u32, name: u32, value: *mut i32);
        get_string = "glGetString" (name: u32) -> *const c_char;
        get_tex_image = "glGetTexImage" (target: u32, level: i32, format: u32, kind: u32, pixels: *mut c_void);
        get_uniform_location = "glGetUniformLocation" (program: u32, name: *const c_char) -> i32;
        pixel_mapfv = "glPixelMapfv" (map: u32, count: i32, values: *const f32);
        read_pixels_raw = "glReadPixels"
            (x: i32, y: i32, width: i32, height: i32, format: u32, kind: u32, pixels: *mut c_void);
        shader_source = "glShaderSource" (shader: u32, count: i32, text: *const *const c_char, length: *const i32);
        tex_image_2d = "glTexImage2D" (target: u32, level: i32, internal: i32, width: i32, height: i32, border: i32,
            format: u32, kind: u32, pixels: *const c_void);
        tex_sub_image_2d = "glTexSubImage2D" (target: u32, level: i32, x: i32, y: i32, width: i32, height: i32,
            format: u32, kind: u32, pixels: *const c_void);
        uniform_matrix_4fv = "glUniformMatrix4fv" (location: i32, count: i32, transpose: u8, values: *const f32);
        vertex_attrib_pointer = "glVertexAttribPointer"
            (index: u32, size: i32, kind: u32, normalized: u8, stride: i32, offset: *const c_void);
    }
}

#[allow(missing_docs, reason = "the names and values of the OpenGL registry")]
pub mod consts {
    pub const POINTS: u32 = 0;
    pub const TRIANGLES: u32 = 4;
    pub const QUADS: u32 = 7;
    pub const LESS: u32 = 0x0201;
    pub const EQUAL: u32 = 0x0202;
    pub const ALWAYS: u32 = 0x0207;
    pub const ONE: u32 = 1;
    pub const ZERO: u32 = 0;
    pub const DST_ALPHA: u32 = 0x0304;
    pub const ONE_MINUS_DST_ALPHA: u32 = 0x0305;
    pub const FRONT_LEFT: u32 = 0x0400;
    pub const FRONT_RIGHT: u32 = 0x0401;
    pub const BACK_LEFT: u32 = 0x0402;
    pub const BACK_RIGHT: u32 = 0x0403;
    pub const FRONT: u32 = 0x0404;
    pub const BACK: u32 = 0x0405;
    pub const FRONT_AND_BACK: u32 = 0x0408;
    pub const INVALID_ENUM: u32 = 0x0500;
    pub const INVALID_OPERATION: u32 = 0x0502;
    pub const DEPTH_TEST: u32 = 0x0B71;
    pub const STENCIL_TEST: u32 = 0x0B90;
    pub const SCISSOR_TEST: u32 = 0x0C11;
    pub const BLEND: u32 = 0x0BE2;
    pub const DRAW_BUFFER: u32 = 0x0C01;
    pub const READ_BUFFER: u32 = 0x0C02;
    pub const COLOR_CLEAR_VALUE: u32 = 0x0C22;
    pub const DOUBLEBUFFER: u32 = 0x0C32;
    pub const STEREO: u32 = 0x0C33;
    pub const ALPHA_BITS: u32 = 0x0D55;
    pub const VIEWPORT: u32 = 0x0BA2;
    pub const PACK_ALIGNMENT: u32 = 0x0D05;
    pub const UNPACK_ALIGNMENT: u32 = 0x0CF5;
    pub const TEXTURE_2D: u32 = 0x0DE1;
    pub const COMPILE: u32 = 0x1300;
    pub const UNSIGNED_BYTE: u32 = 0x1401;
    pub const FLOAT: u32 = 0x1406;
    pub const KEEP: u32 = 0x1E00;
    pub const REPLACE: u32 = 0x1E01;
    pub const MODELVIEW: u32 = 0x1700;
    pub const PROJECTION: u32 = 0x1701;
    pub const COLOR: u32 = 0x1800;
    pub const RGBA: u32 = 0x1908;
    pub const RGBA8: u32 = 0x8058;
    pub const VERSION: u32 = 0x1F02;
    pub const NEAREST: u32 = 0x2600;
    pub const TEXTURE_MAG_FILTER: u32 = 0x2800;
    pub const TEXTURE_MIN_FILTER: u32 = 0x2801;
    pub const DEPTH_BUFFER_BIT: u32 = 0x0100;
    pub const STENCIL_BUFFER_BIT: u32 = 0x0400;
    pub const COLOR_BUFFER_BIT: u32 = 0x4000;
    pub const MAX_TEXTURE_SIZE: u32 = 0x0d33;
    pub const FRAMEBUFFER: u32 = 0x8D40;
    pub const TEXTURE0: u32 = 0x84C0;
    pub const ARRAY_BUFFER: u32 = 0x8892;
    pub const STATIC_DRAW: u32 = 0x88E4;
    pub const FRAGMENT_SHADER: u32 = 0x8B30;
    pub const VERTEX_SHADER: u32 = 0x8B31;
    pub const LINK_STATUS: u32 = 0x8B82;
    pub const SYNC_GPU_COMMANDS_COMPLETE: u32 = 0x9117;
    pub const SYNC_FLUSH_COMMANDS_BIT: u32 = 1;
    pub const TIMEOUT_EXPIRED: u32 = 0x911B;
    pub const WAIT_FAILED: u32 = 0x911D;
    pub const NONE: u32 = 0;
    pub const POLYGON_MODE: u32 = 0x0B40;
    pub const CULL_FACE: u32 = 0x0B44;
    pub const LIGHTING: u32 = 0x0B50;
    pub const FOG: u32 = 0x0B60;
    pub const DEPTH_WRITEMASK: u32 = 0x0B72;
    pub const STENCIL_WRITEMASK: u32 = 0x0B98;
    pub const ALPHA_TEST: u32 = 0x0BC0;
    pub const DITHER: u32 = 0x0BD0;
    pub const COLOR_LOGIC_OP: u32 = 0x0BF2;
    pub const SCISSOR_BOX: u32 = 0x0C10;
    pub const COLOR_WRITEMASK: u32 = 0x0C23;
    pub const PIXEL_MAP_R_TO_R: u32 = 0x0C76;
    pub const PIXEL_MAP_R_TO_R_SIZE: u32 = 0x0CB6;
    pub const UNPACK_SWAP_BYTES: u32 = 0x0CF0;
    pub const UNPACK_LSB_FIRST: u32 = 0x0CF1;
    pub const UNPACK_ROW_LENGTH: u32 = 0x0CF2;
    pub const UNPACK_SKIP_ROWS: u32 = 0x0CF3;
    pub const UNPACK_SKIP_PIXELS: u32 = 0x0CF4;
    pub const PACK_SWAP_BYTES: u32 = 0x0D00;
    pub const PACK_LSB_FIRST: u32 = 0x0D01;
    pub const PACK_ROW_LENGTH: u32 = 0x0D02;
    pub const PACK_SKIP_ROWS: u32 = 0x0D03;
    pub const PACK_SKIP_PIXELS: u32 = 0x0D04;
    pub const MAP_COLOR: u32 = 0x0D10;
    pub const MAP_STENCIL: u32 = 0x0D11;
    pub const INDEX_SHIFT: u32 = 0x0D12;
    pub const INDEX_OFFSET: u32 = 0x0D13;
    pub const RED_SCALE: u32 = 0x0D14;
    pub const RED_BIAS: u32 = 0x0D15;
    pub const ZOOM_X: u32 = 0x0D16;
    pub const GREEN_SCALE: u32 = 0x0D18;
    pub const GREEN_BIAS: u32 = 0x0D19;
    pub const BLUE_SCALE: u32 = 0x0D1A;
    pub const BLUE_BIAS: u32 = 0x0D1B;
    pub const ALPHA_SCALE: u32 = 0x0D1C;
    pub const ALPHA_BIAS: u32 = 0x0D1D;
    pub const DEPTH_SCALE: u32 = 0x0D1E;
    pub const DEPTH_BIAS: u32 = 0x0D1F;
    pub const COMPILE_AND_EXECUTE: u32 = 0x1301;
    pub const LINE: u32 = 0x1B01;
    pub const FILL: u32 = 0x1B02;
    pub const PACK_SKIP_IMAGES: u32 = 0x806B;
    pub const PACK_IMAGE_HEIGHT: u32 = 0x806C;
    pub const UNPACK_SKIP_IMAGES: u32 = 0x806D;
    pub const UNPACK_IMAGE_HEIGHT: u32 = 0x806E;
    pub const TEXTURE_BINDING_2D: u32 = 0x8069;
    pub const MULTISAMPLE: u32 = 0x809D;
    pub const SAMPLE_ALPHA_TO_COVERAGE: u32 = 0x809E;
    pub const SAMPLE_COVERAGE: u32 = 0x80A0;
    pub const ACTIVE_TEXTURE: u32 = 0x84E0;
    pub const VERTEX_ARRAY_BINDING: u32 = 0x85B5;
    pub const QUERY_WAIT: u32 = 0x8E13;
    pub const SAMPLES_PASSED: u32 = 0x8914;
    pub const PACK_INVERT_MESA: u32 = 0x8758;
    pub const DRAW_BUFFER0: u32 = 0x8825;
    pub const DRAW_BUFFER1: u32 = 0x8826;
    pub const ARRAY_BUFFER_BINDING: u32 = 0x8894;
    pub const PIXEL_PACK_BUFFER: u32 = 0x88EB;
    pub const PIXEL_UNPACK_BUFFER: u32 = 0x88EC;
    pub const PIXEL_PACK_BUFFER_BINDING: u32 = 0x88ED;
    pub const PIXEL_UNPACK_BUFFER_BINDING: u32 = 0x88EF;
    pub const CLAMP_READ_COLOR: u32 = 0x891C;
    pub const FIXED_ONLY: u32 = 0x891D;
    pub const CURRENT_PROGRAM: u32 = 0x8B8D;
    pub const RASTERIZER_DISCARD: u32 = 0x8C89;
    pub const DRAW_FRAMEBUFFER_BINDING: u32 = 0x8CA6;
    pub const RENDERBUFFER_BINDING: u32 = 0x8CA7;
    pub const READ_FRAMEBUFFER: u32 = 0x8CA8;
    pub const DRAW_FRAMEBUFFER: u32 = 0x8CA9;
    pub const READ_FRAMEBUFFER_BINDING: u32 = 0x8CAA;
    pub const COLOR_ATTACHMENT0: u32 = 0x8CE0;
    pub const RENDERBUFFER: u32 = 0x8D41;
    pub const FRAMEBUFFER_SRGB: u32 = 0x8DB9;
    pub const SAMPLE_MASK: u32 = 0x8E51;
}
use consts::*;

impl Gl {
    /// Pixels of the current read buffer as RGBA bytes, bottom row first, four bytes a pixel without padding.
    pub fn read_pixels(&self, x: i32, y: i32, width: i32, height: i32) -> Vec<u8> {
        let mut pixels = vec![0_u8; usize::try_from(width * height * 4).unwrap_or(0)];
        self.pixel_storei(PACK_ALIGNMENT, 1);
        // SAFETY: at alignment 1 the call writes width * height * 4 bytes, which is the buffer's size.
        unsafe {
            (self.read_pixels_raw)(x, y, width, height, RGBA, UNSIGNED_BYTE, pixels.as_mut_ptr().cast())
        };
        pixels
    }

    /// Selects buffers to draw the outputs of a fragment shader to.
    pub fn draw_buffers(&self, buffers: &[u32]) {
        // SAFETY: the count is the slice's.
        unsafe { (self.draw_buffers_raw)(buffers.len() as i32, buffers.as_ptr()) };
    }

    /// One integer of the context's state. `name` must be one whose value is a single integer.
    pub fn integer(&self, name: u32) -> i32 {
        // Sixteen, the largest state there is, so that a name with more values cannot overrun.
        let mut values = [0; 16];
        // SAFETY: no state has more than sixteen values.
        unsafe { (self.get_integerv)(name, values.as_mut_ptr()) };
        values[0]
    }

    /// Whether the context has a state of that name. No error may be pending.
    pub fn knows(&self, name: u32) -> bool {
        self.integer(name);
        self.get_error() == 0
    }

    /// Four floats of the context's state, such as the clear colour. Where there are fewer, the rest is 0; whole
    /// numbers and booleans come as floats too.
    pub fn floats(&self, name: u32) -> [f32; 4] {
        let mut values = [0.0; 16];
        // SAFETY: no state has more than sixteen values.
        unsafe { (self.get_floatv)(name, values.as_mut_ptr()) };
        [values[0], values[1], values[2], values[3]]
    }

    /// One name from a glGen function.
    fn one(generate: unsafe extern "C" fn(i32, *mut u32)) -> u32 {
        let mut name = 0;
        // SAFETY: only called with glGen functions, which write as many names as they are asked for.
        unsafe { generate(1, &mut name) };
        name
    }

    /// A new buffer's name.
    pub fn new_buffer(&self) -> u32 {
        Self::one(self.gen_buffers)
    }

    /// A new query's name.
    pub fn new_query(&self) -> u32 {
        Self::one(self.gen_queries)
    }

    /// A new framebuffer's name.
    pub fn new_framebuffer(&self) -> u32 {
        Self::one(self.gen_framebuffers)
    }

    /// A new renderbuffer's name.
    pub fn new_renderbuffer(&self) -> u32 {
        Self::one(self.gen_renderbuffers)
    }

    /// Which buffers the fragment shader's outputs go to (glDrawBuffers).
    pub fn draw_to(&self, buffers: &[u32]) {
        // SAFETY: the count is the slice's.
        unsafe { (self.draw_buffers)(buffers.len() as i32, buffers.as_ptr()) };
    }

    /// A table of pixel transfer (glPixelMapfv).
    pub fn pixel_map(&self, map: u32, values: &[f32]) {
        // SAFETY: the count is the slice's.
        unsafe { (self.pixel_mapfv)(map, values.len() as i32, values.as_ptr()) };
    }

    /// A string such as [`VERSION`], empty without a context.
    pub fn string(&self, name: u32) -> String {
        // SAFETY: the answer is null or a static C string.
        unsafe {
            let text = (self.get_string)(name);
            if text.is_null() {
                String::new()
            } else {
                std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned()
            }
        }
    }

    /// A new framebuffer object without attachments.
    pub fn framebuffer(&self) -> u32 {
        let mut framebuffer = 0;
        // SAFETY: writes one name.
        unsafe { (self.gen_framebuffers)(1, &mut framebuffer) };
        framebuffer
    }

    /// Fails if an OpenGL error is pending; `place` says after what.
    pub fn check_errors(&self, place: &str) -> Result<()> {
        let error = self.get_error();
        check(error == 0, || format!("OpenGL error {error:#06x} after {place}"))
    }

    /// A linked program of a vertex and a fragment shader.
    pub fn program(&self, vertex: &str, fragment: &str) -> Result<u32> {
        let program = self.create_program();
        for (kind, text) in [(VERTEX_SHADER, vertex), (FRAGMENT_SHADER, fragment)] {
            let shader = self.create_shader(kind);
            let text = CString::new(text)?;
            // SAFETY: one C string; a null length means it ends at its NUL.
            unsafe { (self.shader_source)(shader, 1, &text.as_ptr(), std::ptr::null()) };
            self.compile_shader(shader);
            self.attach_shader(program, shader);
        }
        self.link_program(program);
        let mut linked = 0;
        // SAFETY: LINK_STATUS writes one integer.
        unsafe { (self.get_programiv)(program, LINK_STATUS, &mut linked) };
        let mut log = vec![0_u8; 2000];
        let mut length = 0;
        // SAFETY: the size passed is the buffer's.
        unsafe { (self.get_program_info_log)(program, 2000, &mut length, log.as_mut_ptr().cast()) };
        log.truncate(usize::try_from(length)?);
        check(linked == 1, || format!("shader program: {}", String::from_utf8_lossy(&log)))?;
        Ok(program)
    }

    /// Sets a mat4 uniform, column by column. A name the program lacks is ignored, as in OpenGL.
    pub fn uniform_matrix(&self, program: u32, name: &str, matrix: &[f32; 16]) -> Result<()> {
        let location = self.uniform_location(program, name)?;
        // SAFETY: one matrix of sixteen floats.
        unsafe { (self.uniform_matrix_4fv)(location, 1, 0, matrix.as_ptr()) };
        Ok(())
    }

    /// Where the uniform `name` is, -1 if the program has none.
    pub fn uniform_location(&self, program: u32, name: &str) -> Result<i32> {
        let name = CString::new(name)?;
        // SAFETY: `name` is a C string.
        Ok(unsafe { (self.get_uniform_location)(program, name.as_ptr()) })
    }

    /// A vertex array over a new buffer of `vertices`, whose attributes have `sizes[i]` floats each, interleaved. It is
    /// left bound.
    pub fn vertex_array(&self, vertices: &[f32], sizes: &[usize]) -> Result<u32> {
        let (mut array, mut buffer) = (0, 0);
        // SAFETY: each call writes one name.
        unsafe {
            (self.gen_vertex_arrays)(1, &mut array);
            (self.gen_buffers)(1, &mut buffer);
        }
        self.bind_vertex_array(array);
        self.bind_buffer(ARRAY_BUFFER, buffer);
        let bytes = isize::try_from(size_of_val(vertices))?;
        // SAFETY: the slice has `bytes` bytes.
        unsafe { (self.buffer_data)(ARRAY_BUFFER, bytes, vertices.as_ptr().cast(), STATIC_DRAW) };
        let stride = i32::try_from(sizes.iter().sum::<usize>() * size_of::<f32>())?;
        let mut offset = 0;
        for (index, size) in sizes.iter().enumerate() {
            let (index, floats) = (u32::try_from(index)?, i32::try_from(*size)?);
            // SAFETY: with an array buffer bound the last argument is an offset into it.
            unsafe { (self.vertex_attrib_pointer)(index, floats, FLOAT, 0, stride, offset as *const c_void) };
            self.enable_vertex_attrib_array(index);
            offset += size * size_of::<f32>();
        }
        Ok(array)
    }

    /// A texture of `width` by `height` without filtering, filled from RGBA bytes or left undefined. It is left bound.
    pub fn texture(&self, width: usize, height: usize, pixels: Option<&[u8]>) -> Result<u32> {
        if let Some(pixels) = pixels {
            check(pixels.len() == width * height * 4, || "a texture needs four bytes a pixel".into())?;
        }
        let mut texture = 0;
        // SAFETY: writes one name.
        unsafe { (self.gen_textures)(1, &mut texture) };
        self.bind_texture(TEXTURE_2D, texture);
        for filter in [TEXTURE_MIN_FILTER, TEXTURE_MAG_FILTER] {
            self.tex_parameteri(TEXTURE_2D, filter, NEAREST as i32);
        }
        let (width, height) = (i32::try_from(width)?, i32::try_from(height)?);
        let data = pixels.map_or(std::ptr::null(), |pixels| pixels.as_ptr().cast());
        // SAFETY: `data` is null or has the four bytes a pixel checked above.
        unsafe {
            (self.tex_image_2d)(TEXTURE_2D, 0, RGBA8 as i32, width, height, 0, RGBA, UNSIGNED_BYTE, data)
        };
        Ok(texture)
    }

    /// Replaces the bound texture's pixels from (0, 0) by rows of RGBA bytes.
    pub fn update_texture(&self, width: usize, height: usize, pixels: &[u8]) -> Result<()> {
        check(pixels.len() == width * height * 4, || "a texture needs four bytes a pixel".into())?;
        let (width, height) = (i32::try_from(width)?, i32::try_from(height)?);
        // SAFETY: the slice has the four bytes a pixel that the call reads.
        unsafe {
            (self.tex_sub_image_2d)(
                TEXTURE_2D,
                0,
                0,
                0,
                width,
                height,
                RGBA,
                UNSIGNED_BYTE,
                pixels.as_ptr().cast(),
            );
        }
        Ok(())
    }

    /// A fence after the commands so far, for [`Gl::wait_fence`] in any context that shares with this one.
    pub fn fence(&self) -> Fence {
        // SAFETY: numbers only; the result is an opaque handle.
        Fence(unsafe { (self.fence_sync_raw)(SYNC_GPU_COMMANDS_COMPLETE, 0) })
    }

    /// Waits until `fence` has passed, and frees it.
    pub fn wait_fence(&self, fence: Fence) -> Result<()> {
        // SAFETY: the fence is live: `Fence` is consumed here, and only here.
        let outcome = unsafe { (self.client_wait_sync)(fence.0, SYNC_FLUSH_COMMANDS_BIT, 10_000_000_000) };
        // SAFETY: as above.
        unsafe { (self.delete_sync)(fence.0) };
        check(outcome != WAIT_FAILED && outcome != TIMEOUT_EXPIRED, || {
            format!("fence wait gave {outcome:#x}")
        })
    }
}

/// A sync object that some context made and another waits for.
pub struct Fence(*const c_void);

// SAFETY: sync objects belong to the share group, not to a thread.
unsafe impl Send for Fence {}
