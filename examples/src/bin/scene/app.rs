//! What every case starts from: options, display, loaded functions, windows.

use std::sync::Arc;

use glxrun_examples::args::{Args, Size, Sizes};
use glxrun_examples::gl::Gl;
use glxrun_examples::glx::{Config, Context, Glx, Wanted};
use glxrun_examples::hold::Pace;
use glxrun_examples::load::{Load, Loader};
use glxrun_examples::xlib::{WindowSpec, XDisplay};
use glxrun_examples::{Result, check};
use x11_dl::glx::{GLX_PBUFFER_BIT, GLX_SCREEN, GLX_WINDOW_BIT, GLXDrawable};
use x11_dl::xlib;

pub struct App {
    pub gl: Gl,
    pub glx: Glx,
    pub loader: Loader,
    pub pace: Pace,
    pub title: String,
    pub size: Size,
    pub sizes: Option<Sizes>,
    pub frames: u32,
    pub wanted: Wanted,
    pub display2: Option<String>,
    pub api: Api,
    pub glx_window: bool,
}

/// Which kind of context a case draws with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// What glXCreateNewContext gives.
    Compatibility,
    /// A core profile.
    Core,
    /// OpenGL ES.
    Es,
}

/// A mapped window to draw into.
#[derive(Clone, Copy)]
pub struct Window {
    /// The X window.
    pub x: xlib::Window,
    /// What GLX draws to: the X window itself or a GLXWindow.
    pub drawable: GLXDrawable,
}

impl App {
    pub fn new(case: &str, mut args: Args) -> Result<Self> {
        let size = args.option("--size", Size(320, 240))?;
        let sizes = args.optional("--sizes")?;
        let frames = args.option("--frames", 10)?;
        let wanted = Wanted {
            double: true,
            alpha: args.option("--alpha", 0)?,
            depth: args.option("--depth", 24)?,
            stencil: args.option("--stencil", 8)?,
            samples: args.option("--samples", 0)?,
            visual_depth: args.optional("--visual-depth")?,
            drawables: GLX_WINDOW_BIT,
        };
        let display2 = args.optional("--display2")?;
        let (core, es, glx_window) =
            (args.switch("--core"), args.switch("--es"), args.switch("--glx-window"));
        let api = if es {
            Api::Es
        } else if core {
            Api::Core
        } else {
            Api::Compatibility
        };
        let screen = args.optional("--screen")?;
        let pace = Pace::new(args.switch("--step"))?;
        let way = Load::by_name(&args.option("--load", "procaddress".to_owned())?)?;
        args.finish()?;
        let loader = Loader::open(way)?;
        let mut display = XDisplay::open(None)?;
        if let Some(screen) = screen {
            display = display.on_screen(screen)?;
        }
        let glx = Glx::new(&loader, Arc::new(display))?;
        let gl = Gl::load(&loader)?;
        let title = format!("scene {case}");
        Ok(Self { gl, glx, loader, pace, title, size, sizes, frames, wanted, display2, api, glx_window })
    }

    pub fn display(&self) -> &XDisplay {
        &self.glx.display
    }

    pub fn config(&self) -> Result<Config> {
        let config = self.glx.choose(&self.wanted)?;
        // Mesa's configs do not tell, but their visuals do.
        let told = self.glx.known_attribute(config, GLX_SCREEN);
        let (of_visual, wanted) =
            (self.glx.visual(config).map(|visual| visual.screen), self.display().screen());
        for screen in [told, of_visual].into_iter().flatten() {
            check(screen == wanted, || format!("a config of screen {screen} was chosen on screen {wanted}"))?;
        }
        Ok(config)
    }

    /// As `config`, for windows and pbuffers both.
    pub fn config_with_pbuffers(&self) -> Result<Config> {
        self.glx.choose(&Wanted { drawables: GLX_WINDOW_BIT | GLX_PBUFFER_BIT, ..self.wanted })
    }

    pub fn context(&self, config: Config, share: Context) -> Result<Context> {
        match self.api {
            Api::Compatibility => self.glx.create_context(config, share),
            Api::Core => self.glx.create_core_context(config, share, (3, 2)),
            Api::Es => self.glx.create_es_context(config, share, (3, 0)),
        }
    }

    /// A mapped top-level window of the wanted size in the display's corner.
    pub fn window(&self, config: Config) -> Result<Window> {
        self.window_at(config, None, (0, 0), self.size)
    }

    pub fn window_at(
        &self,
        config: Config,
        parent: Option<xlib::Window>,
        position: (i32, i32),
        size: Size,
    ) -> Result<Window> {
        let visual = self.glx.visual(config).ok_or("the config has no visual")?;
        let spec = WindowSpec { visual, parent, position, size: (size.0, size.1), title: &self.title };
        let x = self.display().create_window(&spec)?;
        self.display().map(x);
        let drawable = if self.glx_window { self.glx.create_window(config, x) } else { x };
        Ok(Window { x, drawable })
    }

    /// A window and a context for it, current.
    pub fn start(&self) -> Result<(Window, Context)> {
        let config = self.config()?;
        let window = self.window(config)?;
        let context = self.context(config, Context::NONE)?;
        self.glx.make_current(window.drawable, context)?;
        Ok((window, context))
    }

    /// To be called when a frame is complete.
    pub fn frame_done(&mut self, number: u32) -> Result<()> {
        self.pace.frame(&self.glx.display, number)
    }

    /// Holds the last frame.
    pub fn hold(&mut self) -> Result<()> {
        self.pace.hold(&self.glx.display)
    }
}
