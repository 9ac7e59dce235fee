//! Cases about GLX_EXT_texture_from_pixmap: pixmaps that X draws, in textures.

use std::ffi::{c_int, c_ulong, c_void};

use glxrun_examples::draw::{self, Quad};
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::{Config, Context};
use glxrun_examples::hold::say;
use glxrun_examples::load::Loader;
use glxrun_examples::xlib::{Composite, WindowSpec};
use glxrun_examples::{Result, check, digest};
use x11_dl::glx::{GLX_PIXMAP_BIT, GLX_WINDOW_BIT, GLXDrawable};
use x11_dl::xlib::{Display, Pixmap};

use crate::app::App;

const BIND_TO_TEXTURE_RGB: c_int = 0x20D0;
const BIND_TO_TEXTURE_RGBA: c_int = 0x20D1;
const BIND_TO_TEXTURE_TARGETS: c_int = 0x20D3;
const Y_INVERTED: c_int = 0x20D4;
const TEXTURE_FORMAT: c_int = 0x20D5;
const TEXTURE_TARGET: c_int = 0x20D6;
const FORMAT_RGB: c_int = 0x20D9;
const FORMAT_RGBA: c_int = 0x20DA;
const TARGET_2D: c_int = 0x20DC;
const FRONT_LEFT: c_int = 0x20DE;
const TARGET_2D_BIT: i32 = 2;

type Bind = unsafe extern "C" fn(*mut Display, c_ulong, c_int, *const c_int);
type Release = unsafe extern "C" fn(*mut Display, c_ulong, c_int);

/// The extension's functions.
struct Binding {
    bind: Bind,
    release: Release,
}

impl Binding {
    fn load(app: &App) -> Result<Self> {
        let has = app.glx.extensions().split(' ').any(|name| name == "GLX_EXT_texture_from_pixmap");
        check(has, || "no GLX_EXT_texture_from_pixmap".into())?;
        let get = |name| Loader::require(&app.loader, name);
        // SAFETY: the functions have these signatures (GLX_EXT_texture_from_pixmap).
        Ok(unsafe {
            Self {
                bind: std::mem::transmute::<*const c_void, Bind>(get("glXBindTexImageEXT")?),
                release: std::mem::transmute::<*const c_void, Release>(get("glXReleaseTexImageEXT")?),
            }
        })
    }

    /// A GLXPixmap to bind to 2D textures.
    fn pixmap(&self, app: &App, config: Config, pixmap: Pixmap) -> Result<GLXDrawable> {
        let format = if app.wanted.alpha > 0 { FORMAT_RGBA } else { FORMAT_RGB };
        let attributes = [TEXTURE_FORMAT, format, TEXTURE_TARGET, TARGET_2D, 0];
        let drawable = app.glx.create_pixmap_with(config, pixmap, &attributes);
        for (name, expected) in [(TEXTURE_FORMAT, format), (TEXTURE_TARGET, TARGET_2D)] {
            let told = app.glx.drawable_attribute(drawable, name) as c_int;
            // Mesa's software GLX does not tell.
            check(told == expected || told == 0, || {
                format!("attribute {name:#x} of the pixmap is {told:#x}")
            })?;
        }
        Ok(drawable)
    }

    fn bind(&self, app: &App, pixmap: GLXDrawable) {
        // SAFETY: a live display; the attribute list is none.
        unsafe { (self.bind)(app.display().raw(), pixmap, FRONT_LEFT, std::ptr::null()) };
    }

    fn release(&self, app: &App, pixmap: GLXDrawable) {
        // SAFETY: a live display.
        unsafe { (self.release)(app.display().raw(), pixmap, FRONT_LEFT) };
    }
}

/// A config for windows and for pixmaps that textures can be made of.
fn config(app: &mut App) -> Result<Config> {
    app.wanted.drawables = GLX_WINDOW_BIT | GLX_PIXMAP_BIT;
    let config = app.config()?;
    let bindable = if app.wanted.alpha > 0 { BIND_TO_TEXTURE_RGBA } else { BIND_TO_TEXTURE_RGB };
    check(app.glx.attribute(config, bindable) == 1, || "the config's pixmaps cannot be bound".into())?;
    let targets = app.glx.attribute(config, BIND_TO_TEXTURE_TARGETS);
    check(targets & TARGET_2D_BIT != 0, || format!("they can be bound only to {targets:#x}"))?;
    say(&format!("inverted {}", app.glx.attribute(config, Y_INVERTED)))?;
    Ok(config)
}

/// What X draws for a frame: stripes whose places and colours change.
fn paint(app: &App, drawable: c_ulong, frame: u32) {
    let (width, height) = (app.size.0, app.size.1);
    app.display().fill(drawable, 0xff_20_40_60, (0, 0), (width, height));
    let step = frame.wrapping_mul(37);
    let colour = u64::from(0x80_ff_30_00 | (step & 0xff));
    app.display().fill(drawable, colour, ((step % width) as i32, 3), (width / 4, height / 5));
    app.display().fill(drawable, 0x40_00_a0_ff, (2, (step % height) as i32), (width / 2, 7));
}

/// A pixmap that X draws again for each frame, bound again each time; bound once more, unchanged, its picture stays.
pub fn texture(app: &mut App) -> Result<()> {
    let config = config(app)?;
    let window = app.window(config)?;
    let context = app.context(config, Context::NONE)?;
    app.glx.make_current(window.drawable, context)?;
    let binding = Binding::load(app)?;
    let size = (app.size.0, app.size.1);
    let depth = app.glx.visual(config).map_or(24, |visual| visual.depth);
    let pixmap = app.display().create_pixmap(size, depth);
    let drawable = binding.pixmap(app, config, pixmap)?;
    let quad = Quad::new(&app.gl)?;
    let texture = app.gl.texture(0, 0, None)?;
    let (width, height) = app.size.signed();
    for frame in 0..app.frames {
        paint(app, pixmap, frame);
        app.gl.bind_texture(TEXTURE_2D, texture);
        binding.bind(app, drawable);
        let mut seen = Vec::new();
        for _ in 0..2 {
            draw::clear(&app.gl, frame);
            quad.draw(&app.gl, texture)?;
            seen.push(digest(&app.gl.read_pixels(0, 0, width, height), app.size.0 as usize));
            binding.release(app, drawable);
            app.gl.bind_texture(TEXTURE_2D, texture);
            binding.bind(app, drawable);
        }
        check(seen[0] == seen[1], || format!("frame {frame} looks different when bound again"))?;
        say(&format!("hash {frame} {}", seen[0]))?;
        binding.release(app, drawable);
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()?;
    app.glx.destroy_pixmap(drawable);
    app.display().free_pixmap(pixmap);
    Ok(())
}

/// What a compositor does: another window is redirected, and its pixmap drawn as a texture.
pub fn compositor(app: &mut App) -> Result<()> {
    let config = config(app)?;
    let window = app.window(config)?;
    let context = app.context(config, Context::NONE)?;
    app.glx.make_current(window.drawable, context)?;
    let binding = Binding::load(app)?;
    let visual = app.glx.visual(config).ok_or("the config has no visual")?;
    let spec = WindowSpec {
        visual,
        parent: None,
        position: (app.size.0 as i32 + 20, 0),
        size: (app.size.0, app.size.1),
        title: "client",
    };
    let client = app.display().create_window(&spec)?;
    let composite = Composite::load()?;
    composite.redirect(app.display(), client);
    app.display().map(client);
    let pixmap = composite.pixmap(app.display(), client);
    let drawable = binding.pixmap(app, config, pixmap)?;
    let quad = Quad::new(&app.gl)?;
    let texture = app.gl.texture(0, 0, None)?;
    for frame in 0..app.frames {
        paint(app, client, frame);
        app.gl.bind_texture(TEXTURE_2D, texture);
        binding.bind(app, drawable);
        draw::clear(&app.gl, frame);
        quad.draw(&app.gl, texture)?;
        binding.release(app, drawable);
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()?;
    app.glx.destroy_pixmap(drawable);
    Ok(())
}
