//! The pictures: each is fully determined by a frame number and a size, so that two runs can be compared pixel by pixel.

use std::f32::consts::TAU;

use crate::Result;
use crate::gl::Gl;
use crate::gl::consts::*;

const VERTEX_SHADER_TEXT: &str = "#version 150
#extension GL_ARB_explicit_attrib_location : require
layout(location = 0) in vec3 position;
layout(location = 1) in vec4 color;
uniform mat4 matrix;
out vec4 shade;
void main() { shade = color; gl_Position = matrix * vec4(position, 1.0); }
";

const FRAGMENT_SHADER_TEXT: &str = "#version 150
#extension GL_ARB_explicit_attrib_location : require
in vec4 shade;
layout(location = 0) out vec4 pixel;
void main() { pixel = shade; }
";

/// A shader's text for the current context: OpenGL ES 3 has another header.
fn dialect(gl: &Gl, text: &str) -> String {
    const DESKTOP: &str = "#version 150\n#extension GL_ARB_explicit_attrib_location : require\n";
    const ES: &str = "#version 300 es\nprecision highp float;\n";
    let is_es = gl.string(VERSION).starts_with("OpenGL ES");
    if is_es { text.replace(DESKTOP, ES) } else { text.to_owned() }
}

/// The background of frame `frame`, RGBA from 0 to 1 in steps of 1/255; neighbouring frames differ in every channel.
pub fn background(frame: u32) -> [f32; 4] {
    [37, 91, 53, 29].map(|step| (frame.wrapping_mul(step) % 256) as f32 / 255.0)
}

/// Clears colour, depth and stencil to the frame's background.
pub fn clear(gl: &Gl, frame: u32) {
    let [r, g, b, a] = background(frame);
    gl.clear_color(r, g, b, a);
    gl.clear(COLOR_BUFFER_BIT | DEPTH_BUFFER_BIT | STENCIL_BUFFER_BIT);
}

/// A cube with six coloured faces, drawn with shaders, so in every profile from OpenGL 3.2 and OpenGL ES 3.0 on.
pub struct Cube {
    program: u32,
    array: u32,
}

impl Cube {
    /// Makes the cube's objects in the current context.
    pub fn new(gl: &Gl) -> Result<Self> {
        let program = gl.program(&dialect(gl, VERTEX_SHADER_TEXT), &dialect(gl, FRAGMENT_SHADER_TEXT))?;
        let array = gl.vertex_array(&cube_vertices(), &[3, 4])?;
        Ok(Self { program, array })
    }

    /// Clears, then draws the cube as it is turned in frame `frame`, under depth test, into the rectangle from (0, 0).
    pub fn draw(&self, gl: &Gl, frame: u32, size: (i32, i32)) -> Result<()> {
        gl.viewport(0, 0, size.0, size.1);
        clear(gl, frame);
        self.draw_turned(gl, frame, 1.0)
    }

    /// Draws only the cube, `scale` times its usual size, with the viewport and buffers as they are.
    pub fn draw_turned(&self, gl: &Gl, frame: u32, scale: f32) -> Result<()> {
        gl.enable(DEPTH_TEST);
        gl.depth_func(LESS);
        gl.use_program(self.program);
        gl.uniform_matrix(self.program, "matrix", &turned(frame, scale))?;
        gl.bind_vertex_array(self.array);
        gl.draw_arrays(TRIANGLES, 0, 36);
        gl.bind_vertex_array(0);
        gl.use_program(0);
        gl.check_errors("drawing the cube")
    }
}

/// Position and colour of the 36 vertices; the faces differ in alpha too.
fn cube_vertices() -> Vec<f32> {
    let mut vertices = Vec::new();
    for face in 0..6_usize {
        let (axis, sign) = (face / 2, if face % 2 == 0 { 1.0 } else { -1.0 });
        for (u, v) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
            let mut position = [0.0; 3];
            position[axis] = sign;
            position[(axis + 1) % 3] = u;
            position[(axis + 2) % 3] = v;
            vertices.extend(position);
            // A gradient over each face: flat colours would hide rounding and row-order mistakes.
            let bit = |n: usize| if (face + 1) >> n & 1 == 1 { 0.9 } else { 0.2 };
            vertices.extend([bit(0) + 0.05 * u, bit(1) + 0.05 * v, bit(2), 0.25 + face as f32 / 10.0]);
        }
    }
    vertices
}

/// The cube's matrix in frame `frame`, column by column: turned about two axes, off the centre so that a picture upside
/// down or mirrored is another one, seen without perspective.
fn turned(frame: u32, scale: f32) -> [f32; 16] {
    let (sa, ca) = (TAU * (frame % 50) as f32 / 50.0 + 0.4).sin_cos();
    let (sb, cb) = (TAU * (frame % 100) as f32 / 100.0 + 0.7).sin_cos();
    let s = 0.45 * scale;
    [
        s * ca,
        s * sa * sb,
        -s * sa * cb * 0.5,
        0.0, //
        0.0,
        s * cb,
        s * sb * 0.5,
        0.0, //
        s * sa,
        -s * ca * sb,
        s * ca * cb * 0.5,
        0.0, //
        0.1,
        0.15,
        0.0,
        1.0,
    ]
}

/// Draws frame `frame` of a pyramid in immediate mode, as programs did in the nineties.
pub fn pyramid(gl: &Gl, frame: u32, size: (i32, i32)) -> Result<()> {
    gl.viewport(0, 0, size.0, size.1);
    clear(gl, frame);
    gl.enable(DEPTH_TEST);
    set_legacy_matrices(gl, frame);
    pyramid_triangles(gl);
    gl.check_errors("drawing the pyramid")
}

/// The matrices of frame `frame` for [`pyramid_triangles`].
pub fn set_legacy_matrices(gl: &Gl, frame: u32) {
    gl.matrix_mode(PROJECTION);
    gl.load_identity();
    gl.ortho(-1.8, 1.5, -1.6, 1.7, -3.0, 3.0);
    gl.matrix_mode(MODELVIEW);
    gl.load_identity();
    gl.rotatef(20.0, 1.0, 0.0, 0.0);
    gl.rotatef((frame * 7 % 360) as f32 + 13.0, 0.0, 1.0, 0.0);
}

/// The pyramid's four sides, without matrices: what goes into a display list.
pub fn pyramid_triangles(gl: &Gl) {
    let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
    gl.begin(TRIANGLES);
    for side in 0..4 {
        let ((x0, z0), (x1, z1)) = (corners[side], corners[(side + 1) % 4]);
        gl.color3f(0.2, 0.3 + 0.2 * side as f32, 0.9 - 0.2 * side as f32);
        gl.vertex3f(0.0, 1.2, 0.0);
        gl.color3f(0.9, 0.1, 0.2 * side as f32);
        gl.vertex3f(x0, -0.8, z0);
        gl.color4f(0.1, 0.9, 0.3, 0.5);
        gl.vertex3f(x1, -0.8, z1);
    }
    gl.end();
}

/// A picture of its own for frame `frame`: RGBA rows for a texture.
pub fn pattern(frame: u32, width: usize, height: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let tile = (x / 4 + y / 4 + frame as usize) % 3;
            pixels.extend([(x * 255 / width) as u8, (y * 255 / height) as u8, (tile * 127) as u8, 255]);
        }
    }
    pixels
}

const QUAD_VERTEX_SHADER_TEXT: &str = "#version 150
#extension GL_ARB_explicit_attrib_location : require
layout(location = 0) in vec2 position;
out vec2 place;
void main() { place = position * 0.5 + 0.5; gl_Position = vec4(position * 0.8, 0.0, 1.0); }
";

const QUAD_FRAGMENT_SHADER_TEXT: &str = "#version 150
#extension GL_ARB_explicit_attrib_location : require
in vec2 place;
uniform sampler2D picture;
layout(location = 0) out vec4 pixel;
void main() { pixel = texture(picture, place); }
";

/// A rectangle in the middle of the window that shows a texture.
pub struct Quad {
    program: u32,
    array: u32,
}

impl Quad {
    /// Makes the rectangle's objects in the current context.
    pub fn new(gl: &Gl) -> Result<Self> {
        let program =
            gl.program(&dialect(gl, QUAD_VERTEX_SHADER_TEXT), &dialect(gl, QUAD_FRAGMENT_SHADER_TEXT))?;
        let corners = [-1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0];
        Ok(Self { program, array: gl.vertex_array(&corners, &[2])? })
    }

    /// Draws `texture` over what is there.
    pub fn draw(&self, gl: &Gl, texture: u32) -> Result<()> {
        gl.disable(DEPTH_TEST);
        gl.use_program(self.program);
        gl.uniform_1i(gl.uniform_location(self.program, "picture")?, 0);
        gl.active_texture(TEXTURE0);
        gl.bind_texture(TEXTURE_2D, texture);
        gl.bind_vertex_array(self.array);
        gl.draw_arrays(TRIANGLES, 0, 6);
        gl.bind_vertex_array(0);
        gl.use_program(0);
        gl.check_errors("drawing the picture")
    }
}
