//! A swap is no OpenGL call: whatever state the context is in, it shows the frame, and the state is as it was. The table
//! names each state that reading a frame back could need to change, with a value that is not the default.

use glxrun_examples::draw;
use glxrun_examples::gl::Gl;
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::Context;
use glxrun_examples::{Result, check};

use crate::app::{Api, App};

/// How a state gets its value; what it was before is the way back.
enum Set {
    /// glPixelStorei.
    Store(i32),
    /// glPixelTransferf.
    Transfer(f32),
    /// glEnable, or glDisable if it is on by default.
    Toggle,
    /// Other calls, there and back.
    Calls(fn(&Things), fn(&Things)),
}
use Set::*;

/// The kinds of context that have a state.
type Has = &'static [Api];
const ALL: Has = &[Api::Compatibility, Api::Core, Api::Es];
const DESKTOP: Has = &[Api::Compatibility, Api::Core];
const COMPAT: Has = &[Api::Compatibility];

struct State {
    label: &'static str,
    name: u32,
    has: Has,
    set: Set,
}

macro_rules! states {
    ($($name:ident: $has:ident, $set:expr;)*) => {
        &[$( State { label: stringify!($name), name: $name, has: $has, set: $set } ),*]
    };
}

static STATES: &[State] = states! {
    PACK_SWAP_BYTES: DESKTOP, Store(1);
    PACK_LSB_FIRST: DESKTOP, Store(1);
    PACK_ROW_LENGTH: ALL, Store(1000);
    PACK_SKIP_ROWS: ALL, Store(7);
    PACK_SKIP_PIXELS: ALL, Store(3);
    PACK_ALIGNMENT: ALL, Store(8);
    PACK_SKIP_IMAGES: DESKTOP, Store(2);
    PACK_IMAGE_HEIGHT: DESKTOP, Store(9);
    PACK_INVERT_MESA: DESKTOP, Store(1);
    UNPACK_SWAP_BYTES: DESKTOP, Store(1);
    UNPACK_LSB_FIRST: DESKTOP, Store(1);
    UNPACK_ROW_LENGTH: ALL, Store(1000);
    UNPACK_SKIP_ROWS: ALL, Store(7);
    UNPACK_SKIP_PIXELS: ALL, Store(3);
    UNPACK_ALIGNMENT: ALL, Store(8);
    UNPACK_SKIP_IMAGES: ALL, Store(2);
    UNPACK_IMAGE_HEIGHT: ALL, Store(9);
    MAP_COLOR: COMPAT, Transfer(1.0);
    MAP_STENCIL: COMPAT, Transfer(1.0);
    INDEX_SHIFT: COMPAT, Transfer(1.0);
    INDEX_OFFSET: COMPAT, Transfer(1.0);
    RED_SCALE: COMPAT, Transfer(0.25);
    RED_BIAS: COMPAT, Transfer(0.5);
    GREEN_SCALE: COMPAT, Transfer(0.25);
    GREEN_BIAS: COMPAT, Transfer(0.5);
    BLUE_SCALE: COMPAT, Transfer(0.25);
    BLUE_BIAS: COMPAT, Transfer(0.5);
    ALPHA_SCALE: COMPAT, Transfer(0.25);
    ALPHA_BIAS: COMPAT, Transfer(0.5);
    DEPTH_SCALE: COMPAT, Transfer(0.25);
    DEPTH_BIAS: COMPAT, Transfer(0.5);
    ZOOM_X: COMPAT, Calls(|t| t.gl.pixel_zoom(2.0, -1.0), |t| t.gl.pixel_zoom(1.0, 1.0));
    PIXEL_MAP_R_TO_R_SIZE: COMPAT,
        Calls(|t| t.gl.pixel_map(PIXEL_MAP_R_TO_R, &[0.5, 0.0]), |t| t.gl.pixel_map(PIXEL_MAP_R_TO_R, &[0.0]));
    PIXEL_PACK_BUFFER_BINDING: ALL,
        Calls(|t| t.gl.bind_buffer(PIXEL_PACK_BUFFER, t.buffer), |t| t.gl.bind_buffer(PIXEL_PACK_BUFFER, 0));
    PIXEL_UNPACK_BUFFER_BINDING: ALL,
        Calls(|t| t.gl.bind_buffer(PIXEL_UNPACK_BUFFER, t.buffer), |t| t.gl.bind_buffer(PIXEL_UNPACK_BUFFER, 0));
    ARRAY_BUFFER_BINDING: ALL,
        Calls(|t| t.gl.bind_buffer(ARRAY_BUFFER, t.buffer), |t| t.gl.bind_buffer(ARRAY_BUFFER, 0));
    DRAW_FRAMEBUFFER_BINDING: ALL, Calls(
        |t| t.gl.bind_framebuffer(DRAW_FRAMEBUFFER, t.framebuffer),
        |t| t.gl.bind_framebuffer(DRAW_FRAMEBUFFER, 0)
    );
    READ_FRAMEBUFFER_BINDING: ALL, Calls(
        |t| t.gl.bind_framebuffer(READ_FRAMEBUFFER, t.incomplete),
        |t| t.gl.bind_framebuffer(READ_FRAMEBUFFER, 0)
    );
    RENDERBUFFER_BINDING: ALL, Calls(
        |t| t.gl.bind_renderbuffer(RENDERBUFFER, t.renderbuffer),
        |t| t.gl.bind_renderbuffer(RENDERBUFFER, 0)
    );
    TEXTURE_BINDING_2D: ALL,
        Calls(|t| t.gl.bind_texture(TEXTURE_2D, t.texture), |t| t.gl.bind_texture(TEXTURE_2D, 0));
    ACTIVE_TEXTURE: ALL, Calls(|t| t.gl.active_texture(TEXTURE0 + 3), |t| t.gl.active_texture(TEXTURE0));
    VERTEX_ARRAY_BINDING: ALL,
        Calls(|t| t.gl.bind_vertex_array(t.vertex_array), |t| t.gl.bind_vertex_array(0));
    CURRENT_PROGRAM: ALL, Calls(|t| t.gl.use_program(t.program), |t| t.gl.use_program(0));
    SCISSOR_TEST: ALL, Toggle;
    SCISSOR_BOX: ALL, Calls(
        |t| (t.gl.scissor(1, 1, 2, 3), t.gl.enable(SCISSOR_TEST)).1,
        |t| t.gl.disable(SCISSOR_TEST)
    );
    VIEWPORT: ALL, Calls(|t| t.gl.viewport(1, 1, 2, 3), |t| t.gl.viewport(0, 0, 9, 9));
    FRAMEBUFFER_SRGB: DESKTOP, Toggle;
    RASTERIZER_DISCARD: ALL, Toggle;
    STENCIL_TEST: ALL, Toggle;
    DEPTH_TEST: ALL, Toggle;
    CULL_FACE: ALL, Toggle;
    BLEND: ALL, Toggle;
    DITHER: ALL, Toggle;
    COLOR_LOGIC_OP: DESKTOP, Toggle;
    ALPHA_TEST: COMPAT, Toggle;
    LIGHTING: COMPAT, Toggle;
    FOG: COMPAT, Toggle;
    MULTISAMPLE: DESKTOP, Toggle;
    SAMPLE_ALPHA_TO_COVERAGE: ALL, Toggle;
    SAMPLE_COVERAGE: ALL, Toggle;
    SAMPLE_MASK: DESKTOP, Toggle;
    COLOR_WRITEMASK: ALL, Calls(|t| t.gl.color_mask(0, 1, 0, 0), |t| t.gl.color_mask(1, 1, 1, 1));
    DEPTH_WRITEMASK: ALL, Calls(|t| t.gl.depth_mask(0), |t| t.gl.depth_mask(1));
    STENCIL_WRITEMASK: ALL, Calls(|t| t.gl.stencil_mask(3), |t| t.gl.stencil_mask(u32::MAX));
    POLYGON_MODE: DESKTOP,
        Calls(|t| t.gl.polygon_mode(FRONT_AND_BACK, LINE), |t| t.gl.polygon_mode(FRONT_AND_BACK, FILL));
    CLAMP_READ_COLOR: DESKTOP,
        Calls(|t| t.gl.clamp_color(CLAMP_READ_COLOR, 0), |t| t.gl.clamp_color(CLAMP_READ_COLOR, FIXED_ONLY));
    READ_BUFFER: ALL, Calls(|t| t.gl.read_buffer(NONE), |t| t.gl.read_buffer(BACK));
    DRAW_BUFFER0: ALL, Calls(|t| t.gl.draw_to(&[NONE]), |t| t.gl.draw_to(&[BACK]));
    DRAW_BUFFER1: COMPAT, Calls(|t| t.gl.draw_to(&[NONE, BACK_LEFT]), |t| t.gl.draw_buffer(BACK));
    DRAW_BUFFER: DESKTOP, Calls(|t| t.gl.draw_buffer(NONE), |t| t.gl.draw_buffer(BACK));
};

/// These come last, since they are what makes a front buffer needed.
static FRONT_STATES: &[State] = states! {
    READ_BUFFER: DESKTOP, Calls(|t| t.gl.read_buffer(FRONT), |t| t.gl.read_buffer(BACK));
    DRAW_BUFFER: DESKTOP, Calls(|t| t.gl.draw_buffer(FRONT), |t| t.gl.draw_buffer(BACK));
};

/// Objects to bind.
struct Things {
    gl: Gl,
    buffer: u32,
    framebuffer: u32,
    incomplete: u32,
    renderbuffer: u32,
    texture: u32,
    vertex_array: u32,
    program: u32,
}

impl Things {
    fn new(gl: Gl) -> Result<Self> {
        // Of the least version, which every kind of context takes.
        let program = gl.program(
            "#version 100\nvoid main() { gl_Position = vec4(0.0); }",
            "#version 100\nvoid main() { gl_FragColor = vec4(1.0); }",
        )?;
        let texture = gl.texture(8, 8, None)?;
        let framebuffer = gl.new_framebuffer();
        gl.bind_framebuffer(DRAW_FRAMEBUFFER, framebuffer);
        gl.framebuffer_texture_2d(DRAW_FRAMEBUFFER, COLOR_ATTACHMENT0, TEXTURE_2D, texture, 0);
        gl.bind_framebuffer(DRAW_FRAMEBUFFER, 0);
        gl.bind_texture(TEXTURE_2D, 0);
        // It also makes the buffer, too small for any frame.
        let vertex_array = gl.vertex_array(&[0.0; 2], &[2])?;
        let buffer = u32::try_from(gl.integer(ARRAY_BUFFER_BINDING))?;
        gl.bind_vertex_array(0);
        gl.bind_buffer(ARRAY_BUFFER, 0);
        gl.check_errors("making objects")?;
        let (incomplete, renderbuffer) = (gl.new_framebuffer(), gl.new_renderbuffer());
        Ok(Self { gl, buffer, framebuffer, incomplete, renderbuffer, texture, vertex_array, program })
    }
}

pub fn states(app: &mut App) -> Result<()> {
    let config = app.config()?;
    let window = app.window(config)?;
    let context = match app.api {
        Api::Core => app.glx.create_core_context(config, Context::NONE, (4, 5))?,
        _ => app.context(config, Context::NONE)?,
    };
    app.glx.make_current(window.drawable, context)?;
    let gl = app.gl;
    let things = Things::new(gl)?;
    let of_api = |state: &&State| state.has.contains(&app.api);
    let once: Vec<_> = STATES.iter().chain(FRONT_STATES).filter(of_api).collect();
    // Of all these only one needs an extension, which is Mesa's own.
    let unknown: &[u32] = if gl.knows(PACK_INVERT_MESA) { &[] } else { &[PACK_INVERT_MESA] };
    let known: Vec<_> = once.iter().filter(|state| !unknown.contains(&state.name)).collect();
    // Once more after the front buffer was used.
    let rounds = [once.clone(), once.clone()].concat();
    for (frame, state) in (0..).zip(rounds) {
        picture(&gl, frame, app.size.signed());
        if unknown.contains(&state.name) {
            app.glx.swap(window.drawable);
            app.frame_done(frame)?;
            continue;
        }
        let default = gl.floats(state.name);
        set(&things, state);
        gl.check_errors(state.label)?;
        let before: Vec<_> = known.iter().map(|state| gl.floats(state.name)).collect();
        check(gl.floats(state.name) != default, || format!("{} cannot be set", state.label))?;
        app.glx.swap(window.drawable);
        gl.check_errors("a swap")?;
        for (other, before) in known.iter().zip(before) {
            let after = gl.floats(other.name);
            let labels = (state.label, other.label);
            check(before == after, || format!("a swap with {labels:?} changed {before:?} to {after:?}"))?;
        }
        reset(&things, state, default[0]);
        gl.check_errors(state.label)?;
        app.frame_done(frame)?;
    }
    gl.enable(u32::MAX);
    app.glx.swap(window.drawable);
    check(gl.get_error() == INVALID_ENUM, || "a swap took the program's own OpenGL error".into())?;
    picture(&gl, 0, app.size.signed());
    app.glx.swap(window.drawable);
    app.hold()
}

/// The frame's background with a patch in a corner, without anything that a kind of context lacks.
fn picture(gl: &Gl, frame: u32, (width, height): (i32, i32)) {
    draw::clear(gl, frame);
    gl.enable(SCISSOR_TEST);
    gl.scissor(0, 0, width / 3, height / 3);
    draw::clear(gl, frame + 100);
    gl.disable(SCISSOR_TEST);
}

fn set(things: &Things, state: &State) {
    let gl = &things.gl;
    match state.set {
        Store(value) => gl.pixel_storei(state.name, value),
        Transfer(value) => gl.pixel_transferf(state.name, value),
        Toggle => toggle(gl, state.name, gl.floats(state.name)[0] == 0.0),
        Calls(set, _) => set(things),
    }
}

fn reset(things: &Things, state: &State, default: f32) {
    let gl = &things.gl;
    match state.set {
        Store(_) => gl.pixel_storei(state.name, default as i32),
        Transfer(_) => gl.pixel_transferf(state.name, default),
        Toggle => toggle(gl, state.name, default != 0.0),
        Calls(_, reset) => reset(things),
    }
}

fn toggle(gl: &Gl, name: u32, on: bool) {
    if on { gl.enable(name) } else { gl.disable(name) }
}
