//! Sets every OpenGL state that reading a frame may have to change, swaps, and looks whether each is as it was.
//!
//! `states compat|core|es2|es3 [--samples N]`; it prints what differs and ends with 1 then. Run direct it tests itself.

use std::process::ExitCode;

use glxrun_examples::args::Args;
use glxrun_examples::gl::Gl;
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::{Context, Glx, Wanted};
use glxrun_examples::load::Loader;
use glxrun_examples::setup::{self, Setup};
use glxrun_examples::{Result, check};

/// Kinds of context that a state is there in: compatibility, core, ES 2, ES 3.
const COMPAT: u8 = 1;
const CORE: u8 = 2;
const ES2: u8 = 4;
const ES3: u8 = 8;
const DESKTOP: u8 = COMPAT | CORE;
const MODERN: u8 = DESKTOP | ES3;
const ALL: u8 = MODERN | ES2;
/// Desktop contexts with GL_MESA_pack_invert, whose rows can be read top-down.
const INVERTS: u8 = 16;

/// How a state is read.
#[derive(Clone, Copy)]
enum Get {
    /// glGetFloatv, up to four values.
    Value(u32),
    /// glIsEnabled.
    Enabled(u32),
    /// glIsEnabledi.
    EnabledAt(u32, u32),
    /// glGetBooleani_v, four values.
    FlagsAt(u32, u32),
    /// glGetIntegeri_v.
    ValueAt(u32, u32),
}

struct State {
    name: &'static str,
    kinds: u8,
    get: Get,
}

const fn state(name: &'static str, kinds: u8, get: Get) -> State {
    State { name, kinds, get }
}

const RASTERIZER_DISCARD: u32 = 0x8C89;
const FRAMEBUFFER_SRGB: u32 = 0x8DB9;
const DITHER: u32 = 0x0BD0;
const READ_FRAMEBUFFER: u32 = 0x8CA8;
const DRAW_FRAMEBUFFER: u32 = 0x8CA9;
const PIXEL_PACK_BUFFER: u32 = 0x88EB;
const SHADER_STORAGE_BUFFER: u32 = 0x90D2;
const SHADER_STORAGE_BUFFER_BINDING: u32 = 0x90D3;
const PIXEL_UNPACK_BUFFER: u32 = 0x88EC;
const PACK: [(&str, u32, i32, u8); 7] = [
    ("PACK_ALIGNMENT", 0x0D05, 2, ALL),
    ("PACK_ROW_LENGTH", 0x0D02, 77, MODERN),
    ("PACK_SKIP_ROWS", 0x0D03, 3, MODERN),
    ("PACK_SKIP_PIXELS", 0x0D04, 5, MODERN),
    ("PACK_SWAP_BYTES", 0x0D00, 1, DESKTOP),
    ("PACK_LSB_FIRST", 0x0D01, 1, DESKTOP),
    ("PACK_INVERT_MESA", PACK_INVERT_MESA, 1, INVERTS),
];
const UNPACK: [(&str, u32, i32, u8); 6] = [
    ("UNPACK_ALIGNMENT", 0x0CF5, 2, ALL),
    ("UNPACK_ROW_LENGTH", 0x0CF2, 78, MODERN),
    ("UNPACK_SKIP_ROWS", 0x0CF3, 4, MODERN),
    ("UNPACK_SKIP_PIXELS", 0x0CF4, 6, MODERN),
    ("UNPACK_SWAP_BYTES", 0x0CF0, 1, DESKTOP),
    ("UNPACK_LSB_FIRST", 0x0CF1, 1, DESKTOP),
];
const TRANSFER: [(&str, u32, f32); 9] = [
    ("MAP_COLOR", 0x0D10, 1.0),
    ("RED_SCALE", 0x0D14, 0.5),
    ("RED_BIAS", 0x0D15, 0.25),
    ("GREEN_SCALE", 0x0D18, 0.75),
    ("GREEN_BIAS", 0x0D19, 0.125),
    ("BLUE_SCALE", 0x0D1A, 2.0),
    ("BLUE_BIAS", 0x0D1B, 0.5),
    ("ALPHA_SCALE", 0x0D1C, 0.25),
    ("ALPHA_BIAS", 0x0D1D, 0.75),
];
const OTHERS: [State; 24] = [
    state("CURRENT_PROGRAM", MODERN, Get::Value(0x8B8D)),
    state("SHADER_STORAGE_BUFFER_BINDING", DESKTOP, Get::Value(SHADER_STORAGE_BUFFER_BINDING)),
    state("SHADER_STORAGE_BUFFER_BINDING 0", DESKTOP, Get::ValueAt(SHADER_STORAGE_BUFFER_BINDING, 0)),
    state("SHADER_STORAGE_BUFFER_BINDING 1", DESKTOP, Get::ValueAt(SHADER_STORAGE_BUFFER_BINDING, 1)),
    state("RENDERBUFFER_BINDING", ALL, Get::Value(0x8CA7)),
    state("PIXEL_PACK_BUFFER_BINDING", MODERN, Get::Value(0x88ED)),
    state("PIXEL_UNPACK_BUFFER_BINDING", MODERN, Get::Value(0x88EF)),
    state("READ_FRAMEBUFFER_BINDING", MODERN, Get::Value(0x8CAA)),
    state("DRAW_FRAMEBUFFER_BINDING", ALL, Get::Value(0x8CA6)),
    state("READ_BUFFER", MODERN, Get::Value(0x0C02)),
    state("DRAW_BUFFER", DESKTOP, Get::Value(0x0C01)),
    state("DRAW_BUFFER0", MODERN, Get::Value(0x8825)),
    state("DRAW_BUFFER1", MODERN, Get::Value(0x8826)),
    state("ZOOM_X", COMPAT, Get::Value(0x0D16)),
    state("CURRENT_RASTER_POSITION", COMPAT, Get::Value(0x0B07)),
    state("COLOR_CLEAR_VALUE", ALL, Get::Value(COLOR_CLEAR_VALUE)),
    state("COLOR_WRITEMASK", ALL, Get::Value(0x0C23)),
    state("COLOR_WRITEMASK of buffer 1", DESKTOP, Get::FlagsAt(0x0C23, 1)),
    state("SCISSOR_TEST", ALL, Get::Enabled(SCISSOR_TEST)),
    state("SCISSOR_TEST of viewport 1", DESKTOP, Get::EnabledAt(SCISSOR_TEST, 1)),
    state("SCISSOR_BOX", ALL, Get::Value(0x0C10)),
    state("FRAMEBUFFER_SRGB", DESKTOP, Get::Enabled(FRAMEBUFFER_SRGB)),
    state("RASTERIZER_DISCARD", MODERN, Get::Enabled(RASTERIZER_DISCARD)),
    state("DITHER", ALL, Get::Enabled(DITHER)),
];

fn states() -> impl Iterator<Item = State> {
    let stores = PACK.iter().chain(&UNPACK).map(|(name, id, _, kinds)| state(name, *kinds, Get::Value(*id)));
    let transfer = TRANSFER.iter().map(|(name, id, _)| state(name, COMPAT, Get::Value(*id)));
    stores.chain(transfer).chain(OTHERS)
}

/// Functions beside those of [`Gl`].
struct More {
    is_enabled: unsafe extern "C" fn(u32) -> u8,
    is_enabled_at: unsafe extern "C" fn(u32, u32) -> u8,
    enable_at: unsafe extern "C" fn(u32, u32),
    disable_at: unsafe extern "C" fn(u32, u32),
    flags_at: unsafe extern "C" fn(u32, u32, *mut u8),
    color_mask_at: unsafe extern "C" fn(u32, u8, u8, u8, u8),
    pixel_transfer: unsafe extern "C" fn(u32, f32),
    pixel_zoom: unsafe extern "C" fn(f32, f32),
    bind_framebuffer: unsafe extern "C" fn(u32, u32),
    bind_renderbuffer: unsafe extern "C" fn(u32, u32),
    gen_renderbuffers: unsafe extern "C" fn(i32, *mut u32),
    gen_framebuffers: unsafe extern "C" fn(i32, *mut u32),
    framebuffer_texture: unsafe extern "C" fn(u32, u32, u32, u32, i32),
    value_at: unsafe extern "C" fn(u32, u32, *mut i32),
    bind_buffer_base: unsafe extern "C" fn(u32, u32, u32),
    bind_buffer_range: unsafe extern "C" fn(u32, u32, u32, isize, isize),
}

impl More {
    fn load(loader: &Loader) -> Result<Self> {
        // SAFETY: these are the functions' types.
        unsafe {
            Ok(Self {
                is_enabled: function(loader, "glIsEnabled")?,
                is_enabled_at: function(loader, "glIsEnabledi")?,
                enable_at: function(loader, "glEnablei")?,
                disable_at: function(loader, "glDisablei")?,
                flags_at: function(loader, "glGetBooleani_v")?,
                color_mask_at: function(loader, "glColorMaski")?,
                pixel_transfer: function(loader, "glPixelTransferf")?,
                pixel_zoom: function(loader, "glPixelZoom")?,
                bind_framebuffer: function(loader, "glBindFramebuffer")?,
                bind_renderbuffer: function(loader, "glBindRenderbuffer")?,
                gen_renderbuffers: function(loader, "glGenRenderbuffers")?,
                gen_framebuffers: function(loader, "glGenFramebuffers")?,
                framebuffer_texture: function(loader, "glFramebufferTexture2D")?,
                value_at: function(loader, "glGetIntegeri_v")?,
                bind_buffer_base: function(loader, "glBindBufferBase")?,
                bind_buffer_range: function(loader, "glBindBufferRange")?,
            })
        }
    }
}

/// The function of that name.
///
/// # Safety
/// `F` is its type.
unsafe fn function<F: Copy>(loader: &Loader, name: &str) -> Result<F> {
    const { assert!(size_of::<F>() == size_of::<*const std::ffi::c_void>(), "F is a function") };
    let address = loader.require(name)?;
    // SAFETY: the caller's contract.
    Ok(unsafe { std::mem::transmute_copy(&address) })
}

/// A context with things to bind.
struct App {
    gl: Gl,
    more: More,
    kind: u8,
    framebuffer: u32,
    renderbuffer: u32,
    buffer: u32,
    program: u32,
}

impl App {
    fn is(&self, kinds: u8) -> bool {
        self.kind & kinds != 0
    }

    fn new(gl: Gl, more: More, kind: u8) -> Result<Self> {
        let version = if kind == CORE { "#version 330\n" } else { "" };
        let kind = if kind & DESKTOP != 0 && gl.knows(PACK_INVERT_MESA) { kind | INVERTS } else { kind };
        let mut app = Self { gl, more, kind, framebuffer: 0, renderbuffer: 0, buffer: 0, program: 0 };
        let vertex = format!("{version}void main() {{ gl_Position = vec4(0.0); }}");
        app.program = gl.program(&vertex, &format!("{version}void main() {{}}"))?;
        let texture = gl.texture(64, 64, None)?;
        // SAFETY: places for a name each, and objects of this context.
        unsafe {
            (app.more.gen_framebuffers)(1, &raw mut app.framebuffer);
            (app.more.gen_renderbuffers)(1, &raw mut app.renderbuffer);
            (app.more.bind_framebuffer)(0x8D40, app.framebuffer);
            (app.more.framebuffer_texture)(0x8D40, 0x8CE0, TEXTURE_2D, texture, 0);
            (app.more.bind_framebuffer)(0x8D40, 0);
            if app.is(MODERN) {
                (gl.gen_buffers)(1, &raw mut app.buffer);
                gl.bind_buffer(PIXEL_PACK_BUFFER, app.buffer);
                (gl.buffer_data)(PIXEL_PACK_BUFFER, 1 << 20, std::ptr::null(), 0x88E1);
                gl.bind_buffer(PIXEL_PACK_BUFFER, 0);
            }
        }
        gl.check_errors("making objects")?;
        Ok(app)
    }

    fn read(&self, get: Get) -> [f32; 4] {
        let flag = |value: u8| [f32::from(value), 0.0, 0.0, 0.0];
        // SAFETY: numbers, and room for the values.
        unsafe {
            match get {
                Get::Value(name) => self.gl.floats(name),
                Get::Enabled(what) => flag((self.more.is_enabled)(what)),
                Get::EnabledAt(what, index) => flag((self.more.is_enabled_at)(what, index)),
                Get::FlagsAt(name, index) => {
                    let mut flags = [0; 4];
                    (self.more.flags_at)(name, index, flags.as_mut_ptr());
                    flags.map(f32::from)
                }
                Get::ValueAt(name, index) => {
                    let mut value = 0;
                    (self.more.value_at)(name, index, &raw mut value);
                    [value as f32, 0.0, 0.0, 0.0]
                }
            }
        }
    }

    fn snapshot(&self) -> Result<Vec<(&'static str, [f32; 4])>> {
        let there = states().filter(|state| self.is(state.kinds));
        let all = there
            .map(|state| {
                let value = self.read(state.get);
                self.gl.check_errors(state.name)?;
                Ok((state.name, value))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(all)
    }

    /// Sets everything to what it is not by default. In round 1 a framebuffer object is bound. The scissor test is
    /// on for all viewports in round 0, for all but viewport 1 in round 1, for viewport 1 only in round 2.
    fn disturb(&self, round: u32) -> Result<()> {
        let (gl, more) = (&self.gl, &self.more);
        for (_, id, value, kinds) in PACK.iter().chain(&UNPACK) {
            if self.is(*kinds) {
                gl.pixel_storei(*id, *value);
            }
        }
        gl.clear_color(0.5, 0.25, 0.125, 0.75);
        gl.scissor(1, 2, 3, 4);
        gl.color_mask(1, 0, 1, 0);
        gl.disable(DITHER);
        if round != 2 {
            gl.enable(SCISSOR_TEST);
        }
        // SAFETY: numbers only.
        unsafe {
            (more.bind_renderbuffer)(0x8D41, self.renderbuffer);
            if self.is(COMPAT) {
                TRANSFER.iter().for_each(|(_, id, value)| (more.pixel_transfer)(*id, *value));
                (more.pixel_zoom)(2.0, 3.0);
                gl.window_pos2i(7, 8);
            }
            if self.is(DESKTOP) {
                gl.draw_buffer(if round == 2 { ZERO } else { BACK });
                gl.read_buffer(if round == 2 { ZERO } else { BACK });
                gl.enable(FRAMEBUFFER_SRGB);
                (more.color_mask_at)(1, 0, 1, 0, 1);
                match round {
                    1 => (more.disable_at)(SCISSOR_TEST, 1),
                    2 => (more.enable_at)(SCISSOR_TEST, 1),
                    _ => {}
                }
            }
            if self.is(MODERN) {
                gl.enable(RASTERIZER_DISCARD);
                gl.bind_buffer(PIXEL_PACK_BUFFER, self.buffer);
                gl.bind_buffer(PIXEL_UNPACK_BUFFER, self.buffer);
                gl.use_program(self.program);
            }
            if self.is(DESKTOP) {
                (more.bind_buffer_base)(SHADER_STORAGE_BUFFER, 0, self.buffer);
                (more.bind_buffer_range)(SHADER_STORAGE_BUFFER, 1, self.buffer, 256, 1024);
                gl.bind_buffer(SHADER_STORAGE_BUFFER, self.buffer);
            }
            if round == 1 && self.is(MODERN) {
                (more.bind_framebuffer)(READ_FRAMEBUFFER, self.framebuffer);
                (more.bind_framebuffer)(DRAW_FRAMEBUFFER, self.framebuffer);
            } else if round == 1 {
                (more.bind_framebuffer)(0x8D40, self.framebuffer);
            }
        }
        gl.check_errors("setting states")
    }

    /// A small readback of the program's own.
    fn read_pixels(&self) -> Result<()> {
        let mut room = vec![0u8; 1 << 16];
        let place = if self.is(MODERN) {
            // An offset into the buffer: rows that are inverted go downwards from there, for Mesa.
            std::ptr::without_provenance_mut(1 << 16)
        } else {
            room.as_mut_ptr()
        };
        // SAFETY: a few rows; there is room, in the bound buffer or in memory.
        unsafe { (self.gl.read_pixels_raw)(0, 0, 8, 8, RGBA, UNSIGNED_BYTE, place.cast()) };
        drop(room);
        Ok(())
    }
}

fn context(glx: &Glx, config: glxrun_examples::glx::Config, kind: u8) -> Result<Context> {
    match kind {
        COMPAT => glx.create_context(config, Context::NONE),
        CORE => glx.create_core_context(config, Context::NONE, (4, 3)),
        ES2 => glx.create_es_context(config, Context::NONE, (2, 0)),
        _ => glx.create_es_context(config, Context::NONE, (3, 0)),
    }
}

fn differences(before: &[(&'static str, [f32; 4])], after: &[(&'static str, [f32; 4])]) -> String {
    let pairs = before.iter().zip(after).filter(|(before, after)| before.1 != after.1);
    pairs.map(|(before, after)| format!("  {}: {:?} became {:?}\n", before.0, before.1, after.1)).collect()
}

fn run() -> Result<()> {
    let mut args = Args::from_env();
    let kind = match args.word().as_deref() {
        Some("compat") => COMPAT,
        Some("core") => CORE,
        Some("es2") => ES2,
        Some("es3") => ES3,
        _ => return Err("usage: states compat|core|es2|es3 [--samples N]".into()),
    };
    let samples = args.option("--samples", 0)?;
    args.finish()?;
    let setup = Setup::new(&Wanted { stencil: 8, samples, ..Wanted::default() })?;
    let window = setup.window("states", (150, 140))?;
    let Setup { loader, glx, gl, config } = setup;
    for round in 0..3 {
        for front in [false, true] {
            let fresh = context(&glx, config, kind)?;
            glx.make_current(window, fresh)?;
            let app = App::new(gl, More::load(&loader)?, kind)?;
            if front && app.is(DESKTOP) {
                // From here on each swap keeps the front buffer as well.
                gl.draw_buffer(FRONT);
                gl.draw_buffer(BACK);
            }
            let default = app.snapshot()?;
            app.disturb(round)?;
            let before = app.snapshot()?;
            if round == 0 {
                let kept = default.iter().zip(&before).filter(|(default, now)| default.1 == now.1);
                let kept: Vec<_> =
                    kept.map(|(default, _)| default.0).filter(|name| !UNSET.contains(name)).collect();
                check(kept.is_empty(), || format!("{kept:?} are as by default: nothing would be noticed"))?;
            }
            for step in ["a swap", "another swap", "a readback", "a flush", "a last swap"] {
                match step {
                    "a readback" if round != 2 => app.read_pixels()?,
                    "a flush" => gl.flush(),
                    _ => {
                        // An error that the program has not fetched yet.
                        gl.enable(0xFFFF);
                        glx.swap(window);
                        let error = gl.get_error();
                        check(error == 0x0500, || {
                            format!("the program's error became {error:#x} by {step}")
                        })?;
                    }
                }
                gl.check_errors(step)?;
                let after = app.snapshot()?;
                check(before == after, || {
                    format!("round {round}, front {front}: after {step}\n{}", differences(&before, &after))
                })?;
            }
            glx.make_current(0, Context::NONE)?;
            glx.destroy_context(fresh);
        }
    }
    Ok(())
}

/// What only other rounds change.
const UNSET: [&str; 7] = [
    "READ_FRAMEBUFFER_BINDING",
    "DRAW_FRAMEBUFFER_BINDING",
    "READ_BUFFER",
    "DRAW_BUFFER",
    "DRAW_BUFFER0",
    "DRAW_BUFFER1",
    "SCISSOR_TEST of viewport 1",
];

fn main() -> ExitCode {
    setup::main("states", run)
}
