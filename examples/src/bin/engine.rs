//! Starts OpenGL the way a game engine's player does: everything is loaded at run time, every name is asked of
//! glXGetProcAddress, the newest core profile is tried first, the main thread owns the window, another renders, a third
//! uploads textures through a shared context, and the window goes to full screen and back.
//!
//! `engine [--size WxH] [--frames N] [--samples N] [--alpha] [--vsync N] [--script STEP,...] [--step]`; a STEP is
//! `FRAME:WxH`, `FRAME:fullscreen` or `FRAME:window`, done before that frame. Without `--script` the program goes through
//! two sizes and a full-screen toggle. The last picture is held until standard input ends.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use glxrun_examples::args::{Args, Size};
use glxrun_examples::draw::{self, Cube, Quad};
use glxrun_examples::gl::consts::*;
use glxrun_examples::gl::{Fence, Gl};
use glxrun_examples::glx::{Config, Context, Glx};
use glxrun_examples::hold::{Pace, say};
use glxrun_examples::load::{Load, Loader};
use glxrun_examples::setup;
use glxrun_examples::xlib::{WindowSpec, XDisplay};
use glxrun_examples::{Error, Result, check};
use x11_dl::glx::*;
use x11_dl::{xlib, xrandr};

const GLX_X_RENDERABLE: i32 = 0x8012;

fn main() -> ExitCode {
    setup::main("engine", run)
}

fn run() -> Result<()> {
    let mut args = Args::from_env();
    let size = args.option("--size", Size(640, 480))?;
    let frames = args.option("--frames", 60_u32)?;
    let samples = args.option("--samples", 0)?;
    let vsync = args.option("--vsync", 1)?;
    let script = args.option("--script", "10:800x600,20:fullscreen,35:window,45:333x222".to_owned())?;
    let script =
        script.split(',').filter(|step| !step.is_empty()).map(parse_step).collect::<Result<Vec<_>>>()?;
    let mut pace = Pace::new(args.switch("--step"))?;
    args.finish()?;

    let display = Arc::new(XDisplay::open(None)?);
    let desktop = desktop_size(&display)?;
    say(&format!("desktop {}x{}", desktop.0, desktop.1))?;
    let loader = Loader::open(Load::ProcAddress)?;
    let glx = Glx::new(&loader, display.clone())?;
    let config = choose_config(&glx, samples)?;
    let visual = glx.visual(config).ok_or("the chosen config has no visual")?;
    let mut window = PlayerWindow::open(display.clone(), visual, size, desktop)?;

    let rendering = newest_context(&glx, config, Context::NONE)?;
    let loading = newest_context(&glx, config, rendering.0)?;
    let gl = Gl::load(&loader)?;
    let (upload_order, upload_orders) = channel();
    let (uploaded, uploads) = channel();
    let upload_thread = {
        let (glx, pbuffer) = (glx.clone(), glx.create_pbuffer(config, (1, 1))?);
        thread::spawn(move || upload(&glx, &gl, pbuffer, loading.0, &upload_orders, &uploaded))
    };
    let (frame_order, frame_orders) = channel();
    let (drawn, draws) = channel();
    let render_thread = {
        let (glx, x) = (glx.clone(), window.x);
        thread::spawn(move || -> Result<()> {
            glx.make_current(x, rendering.0)?;
            // Refused where the extension is missing; an engine goes on without.
            if let Err(error) = glx.swap_interval(&loader, x, vsync) {
                say(&format!("no swap interval: {error}"))?;
            }
            say(&format!(
                "OpenGL {} ({}.{} core asked for)",
                gl.string(VERSION),
                rendering.1.0,
                rendering.1.1
            ))?;
            render(&glx, &gl, x, &frame_orders, &upload_order, &uploads, &drawn)?;
            glx.make_current(0, Context::NONE)
        })
    };
    for frame in 0..frames {
        for (_, step) in script.iter().filter(|(at, _)| *at == frame) {
            window.apply(*step)?;
        }
        // The events are the main thread's, as in every engine; their content is not needed here.
        while display.next_event().is_some() {}
        if frame_order.send((frame, window.size)).is_err() || draws.recv().is_err() {
            break;
        }
        pace.frame(&display, frame)?;
    }
    let finished = !render_thread.is_finished();
    if finished {
        pace.hold(&display)?;
    }
    drop(frame_order);
    render_thread.join().map_err(|_| Error::from("the render thread panicked"))??;
    upload_thread.join().map_err(|_| Error::from("the upload thread panicked"))??;
    glx.destroy_context(loading.0);
    glx.destroy_context(rendering.0);
    display.destroy_window(window.x);
    display.sync();
    Ok(())
}

/// Size of the first monitor that RandR says is on; players refuse to start on a desktop of 0 x 0.
fn desktop_size(display: &XDisplay) -> Result<Size> {
    let randr = xrandr::Xrandr::open()?;
    // SAFETY: the display is open; what RandR allocates is checked for null and freed here.
    unsafe {
        let resources = (randr.XRRGetScreenResourcesCurrent)(display.raw(), display.root());
        check(!resources.is_null(), || "RandR has no screen resources".into())?;
        let count = usize::try_from((*resources).ncrtc)?;
        let mut size = Size(0, 0);
        for index in 0..count {
            let crtc = (randr.XRRGetCrtcInfo)(display.raw(), resources, *(*resources).crtcs.add(index));
            if crtc.is_null() {
                continue;
            }
            if size == Size(0, 0) && (*crtc).mode != 0 {
                size = Size((*crtc).width, (*crtc).height);
            }
            (randr.XRRFreeCrtcInfo)(crtc);
        }
        (randr.XRRFreeScreenResources)(resources);
        check(size.0 > 0 && size.1 > 0, || format!("Desktop is {} x {}", size.0, size.1))?;
        Ok(size)
    }
}

/// Asks for everything at its least, then looks at each config's multisampling itself.
fn choose_config(glx: &Glx, samples: i32) -> Result<Config> {
    const DONT_CARE: i32 = -1;
    let attributes = [
        (GLX_X_RENDERABLE, 1),
        (GLX_DRAWABLE_TYPE, GLX_WINDOW_BIT),
        (GLX_RENDER_TYPE, GLX_RGBA_BIT),
        (GLX_X_VISUAL_TYPE, GLX_TRUE_COLOR),
        (GLX_RED_SIZE, 4),
        (GLX_GREEN_SIZE, 4),
        (GLX_BLUE_SIZE, 4),
        (GLX_ALPHA_SIZE, DONT_CARE),
        (GLX_DEPTH_SIZE, 16),
        (GLX_STENCIL_SIZE, DONT_CARE),
        (GLX_DOUBLEBUFFER, 1),
        (GLX_SAMPLE_BUFFERS, DONT_CARE),
        (GLX_SAMPLES, DONT_CARE),
    ];
    let attributes: Vec<i32> = attributes.iter().flat_map(|(name, value)| [*name, *value]).collect();
    let configs = glx.choose_configs(&attributes);
    check(!configs.is_empty(), || "no config has a window, RGBA and four bits a colour".into())?;
    let suits = |config: &&Config| {
        let buffers = glx.attribute(**config, GLX_SAMPLE_BUFFERS);
        let count = glx.attribute(**config, GLX_SAMPLES);
        // Of the root window's depth: a player composites with nothing.
        let plain = glx.visual(**config).is_some_and(|visual| visual.depth == glx.display.root_depth());
        plain && count == samples && buffers == i32::from(samples > 0)
    };
    let found = configs.iter().find(suits).copied();
    found.ok_or_else(|| format!("none of {} configs has {samples} samples", configs.len()).into())
}

/// The newest core context that the driver gives, and its version.
fn newest_context(glx: &Glx, config: Config, share: Context) -> Result<(Context, (i32, i32))> {
    glx.display.collect_errors();
    for version in [(4, 6), (4, 5), (4, 4), (4, 3), (4, 2), (4, 1), (4, 0), (3, 3), (3, 2)] {
        // A version that is not there is answered with null, an X error, or both.
        let context = glx.create_core_context(config, share, version);
        if let (Ok(context), true) = (context, glx.display.take_errors().is_empty()) {
            return Ok((context, version));
        }
    }
    Err("no core profile from 3.2 on".into())
}

/// The upload thread: fills textures and hands each over with a fence.
fn upload(
    glx: &Glx,
    gl: &Gl,
    pbuffer: GLXDrawable,
    context: Context,
    orders: &Receiver<u32>,
    done: &Sender<(u32, Fence)>,
) -> Result<()> {
    glx.make_current(pbuffer, context)?;
    for frame in orders {
        let texture = gl.texture(32, 32, Some(&draw::pattern(frame, 32, 32)))?;
        let fence = gl.fence();
        gl.finish();
        gl.check_errors("uploading a texture")?;
        if done.send((texture, fence)).is_err() {
            break;
        }
    }
    glx.make_current(0, Context::NONE)?;
    glx.destroy_pbuffer(pbuffer);
    Ok(())
}

/// The render thread: a cube, and over it the texture that the upload thread gives every fifth frame.
fn render(
    glx: &Glx,
    gl: &Gl,
    window: GLXDrawable,
    frames: &Receiver<(u32, Size)>,
    upload_order: &Sender<u32>,
    uploads: &Receiver<(u32, Fence)>,
    done: &Sender<()>,
) -> Result<()> {
    let (cube, quad) = (Cube::new(gl)?, Quad::new(gl)?);
    let mut texture = 0;
    for (frame, size) in frames {
        if frame % 5 == 0 {
            upload_order.send(frame)?;
            let (uploaded, fence) = uploads.recv().map_err(|_| "the upload thread gave up")?;
            gl.wait_fence(fence)?;
            texture = uploaded;
        }
        cube.draw(gl, frame, size.signed())?;
        gl.viewport(0, 0, size.signed().0 / 3, size.signed().1 / 3);
        quad.draw(gl, texture)?;
        glx.swap(window);
        gl.check_errors("a frame")?;
        if done.send(()).is_err() {
            break;
        }
    }
    Ok(())
}

/// What a script changes about the window.
#[derive(Clone, Copy)]
enum Step {
    Resize(Size),
    Fullscreen(bool),
}

fn parse_step(text: &str) -> Result<(u32, Step)> {
    let (frame, what) =
        text.split_once(':').ok_or("a step is FRAME:WxH, FRAME:fullscreen or FRAME:window")?;
    let step = match what {
        "fullscreen" => Step::Fullscreen(true),
        "window" => Step::Fullscreen(false),
        size => Step::Resize(size.parse()?),
    };
    Ok((frame.parse()?, step))
}

/// The player's window, and what it does to change its size.
struct PlayerWindow {
    display: Arc<XDisplay>,
    x: xlib::Window,
    size: Size,
    windowed: Size,
    desktop: Size,
    has_manager: bool,
}

impl PlayerWindow {
    fn open(display: Arc<XDisplay>, visual: xlib::XVisualInfo, size: Size, desktop: Size) -> Result<Self> {
        let spec =
            WindowSpec { visual, parent: None, position: (0, 0), size: (size.0, size.1), title: "engine" };
        let x = display.create_window(&spec)?;
        display.map(x);
        let has_manager = display.has_window_manager()?;
        Ok(Self { display, x, size, windowed: size, desktop, has_manager })
    }

    /// Makes the change and waits until the window has its new size.
    fn apply(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Resize(size) => {
                self.windowed = size;
                self.size = size;
                self.display.resize(self.x, (size.0, size.1));
            }
            Step::Fullscreen(on) => {
                self.size = if on { self.desktop } else { self.windowed };
                if self.has_manager {
                    self.display.request_fullscreen(self.x, on)?;
                } else {
                    // With no one to ask, the window takes the whole screen itself.
                    self.display.set_override_redirect(self.x, on);
                    self.display.move_resize(self.x, (0, 0), (self.size.0, self.size.1));
                }
            }
        }
        self.display.wait_for_size(self.x, (self.size.0, self.size.1));
        Ok(())
    }
}
