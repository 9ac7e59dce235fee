//! Settings: their values, and how text from a flag or an environment variable becomes one.
//!
//! [`TABLE`] has a row per setting. Everything else derives from it: [`Settings::from_env`] for the library,
//! [`Settings::gather`] and the flags for the launcher, and [`page()`], the text of `docs/settings.md`.

mod page;
mod parse;
mod table;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

pub use page::page;
pub use table::TABLE;

/// What happens to a finished frame while an older one of the same window still waits to be posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoil {
    /// The newer frame replaces the waiting one; the program never waits for the 2D side.
    On,
    /// Every frame is delivered; the program waits for a free slot.
    Off,
}

/// How pixels reach the 2D side's X server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// The first of the others that the server accepts, in their order here.
    Auto,
    /// Shared memory passed as a file descriptor (MIT-SHM 1.2 `AttachFd`).
    Memfd,
    /// A System V shared memory segment (MIT-SHM `Attach`).
    SysV,
    /// The core protocol's `PutImage`, through the socket.
    PutImage,
}

/// How pixels get from a rendered surface into a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readback {
    /// What is found to be the quickest during a drawable's first frames.
    Auto,
    /// By glReadPixels in the order of bytes that the window has, in the program's thread.
    Direct,
    /// Through pixel buffers: the program's thread only starts the transfer.
    Pbo,
    /// Through memory of CUDA's, copied by the GPU; through pixel buffers where that is not to be had.
    Cuda,
}

/// How a stereo window's two pictures become one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stereo {
    /// The left eye's alone.
    Left,
    /// The right eye's alone.
    Right,
    /// The left eye's red, the right eye's green and blue.
    RedCyan,
    /// The left eye's green, the right eye's red and blue.
    GreenMagenta,
    /// The left eye's red and green, the right eye's blue.
    BlueYellow,
    /// Rows take turns, the top one is the left eye's.
    Interleaved,
    /// Columns take turns, the first one is the left eye's.
    Columns,
    /// Pixels take turns in both directions, the top left one is the left eye's.
    Checkerboard,
    /// Both, each half as wide, the left eye's on the left.
    SideBySide,
    /// Both, each half as high, the left eye's at the top.
    TopBottom,
}

/// What backs a drawable without alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opaque {
    /// A surface without alpha.
    Exact,
    /// A surface with alpha, which software renderers read quicker.
    Fast,
}

/// Where frames are put on the 2D side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// The X server.
    Auto,
    /// The X server, by whichever [`Transport`].
    Shm,
    /// The screen of an Xvfb, straight into the file that it keeps it in.
    Framebuffer,
}

/// How much of a frame is sent to the 2D side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// What differs from the frame before, where that is cheaper.
    Auto,
    /// All of it.
    Off,
}

/// Where what happens to each frame is noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// In a file that the launcher makes.
    Auto,
    /// Nowhere.
    Off,
    /// In this file.
    File(PathBuf),
}

/// Whether rendering is moved to the 3D side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Render on the 3D side, show on the 2D side.
    Split,
    /// Leave the program alone and only count its swaps, to compare with.
    Direct,
}

/// The least important kind of message that the library writes to stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Failures of glxrun itself.
    Error,
    /// Also odd things in its surroundings that it works around.
    Warn,
    /// Also what was found and chosen at the start.
    Info,
    /// Also each decision on the way.
    Debug,
}

/// How people look at a 2D side that the launcher starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Not at all.
    None,
    /// With a VNC viewer.
    Vnc,
    /// With a browser.
    Web,
}

/// Which window manager a 2D side that the launcher starts gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowManager {
    /// One that is installed, where people look or programs come and go.
    Auto,
    /// None.
    None,
    /// This program.
    Named(String),
}

/// Which session a run joins where DISPLAY is unset, or what a session is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Session {
    /// None.
    None,
    /// The one of this name.
    Named(String),
}

/// A size in pixels, each side 1 to 32767 (the X protocol's limit for a window).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u16,
    /// Pixels from top to bottom.
    pub height: u16,
}

/// A picture of the 2D side to be taken while the program runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// The PNG file to write.
    pub file: PathBuf,
    /// When to take it.
    pub moment: Moment,
}

/// The moment of a [`Shot`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// This many seconds after the first frame was delivered.
    Seconds(f64),
    /// As soon as some window has this many delivered frames.
    Frame(u64),
}

/// All settings, each with its default unless flag or environment say otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// X display name of the 3D side. None in the launcher: it starts a private Xvfb.
    pub display3d: Option<String>,
    /// The GPU that an Xorg of the launcher's is to drive as the 3D side: `auto`, `dummy`, or what names one. None starts
    /// no Xorg.
    pub xorg: Option<String>,
    /// Size of an Xvfb that the launcher starts as the 2D side.
    pub size: Size,
    /// How people look at a 2D side that the launcher starts.
    pub view: View,
    /// The address that the view is reached at.
    pub listen: IpAddr,
    /// TCP port of a VNC view; 0 is a free one.
    pub vnc_port: u16,
    /// TCP port of a web view; 0 is a free one.
    pub web_port: u16,
    /// File whose first line is the view's password; None: a random one.
    pub password_file: Option<PathBuf>,
    /// The window manager of a 2D side that the launcher starts.
    pub wm: WindowManager,
    /// The session to join or to hold; None: the default one, if it is running.
    pub session: Option<Session>,
    /// What happens to a frame that a newer one overtakes.
    pub spoil: Spoil,
    /// Frame-rate cap of each window in frames per second; 0 is none.
    pub fps: f64,
    /// The refresh rate in Hz that swap intervals count in.
    pub refresh_rate: f64,
    /// How frames reach the 2D side's X server.
    pub transport: Transport,
    /// How pixels get into a frame.
    pub readback: Readback,
    /// What backs drawables without alpha.
    pub opaque: Opaque,
    /// Samples a pixel that every config is to have; None leaves the choice to the program.
    pub samples: Option<u32>,
    /// Only configs with alpha are offered.
    pub force_alpha: bool,
    /// How frames of stereo windows are shown.
    pub stereo: Stereo,
    /// Colours are raised to the power of 1/gamma before they are shown; 1 leaves them.
    pub gamma: f64,
    /// Parts that each frame is read and sent in, at least 1.
    pub bands: u16,
    /// How much of a frame is sent.
    pub damage: Damage,
    /// Where frames are put.
    pub sink: Sink,
    /// The file of the screen that DISPLAY's Xvfb has.
    pub framebuffer: Option<PathBuf>,
    /// Seconds between two lines of frame rates; None prints nothing.
    pub stats: Option<f64>,
    /// Whether rendering is moved to the 3D side.
    pub mode: Mode,
    /// The swap that delivers this frame of a window does not return; 0 is never.
    pub pause_at_frame: u64,
    /// A picture to take of the 2D side.
    pub shot: Option<Shot>,
    /// A video to make of the biggest window.
    pub record: Option<PathBuf>,
    /// Socket of a reader that gets a copy of frames.
    pub tap: Option<PathBuf>,
    /// Whether windows of Vulkan programs are shown by glxrun's layer.
    pub vulkan: bool,
    /// The device that Vulkan programs see, `software` or a PCI address; None: all.
    pub vulkan_device: Option<String>,
    /// The library to preload; None searches for it beside the launcher.
    pub library: Option<PathBuf>,
    /// What the library tells on stderr.
    pub log: LogLevel,
    /// The file that the library writes the program's calls to; `-` is stderr.
    pub trace: Option<PathBuf>,
    /// The counters file (see [`crate::counters`]) that the library writes to.
    pub counters: Option<PathBuf>,
    /// The file of frame records (see [`crate::records`]) that the library writes to, which the launcher makes.
    pub records: Records,
    /// Frames of each window that stay until the launcher lets them go.
    pub hold_frames: Vec<u64>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            display3d: None,
            xorg: None,
            size: Size { width: 1280, height: 1024 },
            view: View::None,
            listen: Ipv4Addr::LOCALHOST.into(),
            vnc_port: 0,
            web_port: 0,
            password_file: None,
            wm: WindowManager::Auto,
            session: None,
            spoil: Spoil::On,
            fps: 0.0,
            refresh_rate: 60.0,
            transport: Transport::Auto,
            readback: Readback::Auto,
            opaque: Opaque::Exact,
            samples: None,
            force_alpha: false,
            stereo: Stereo::RedCyan,
            gamma: 1.0,
            bands: 1,
            damage: Damage::Off,
            sink: Sink::Auto,
            framebuffer: None,
            stats: None,
            mode: Mode::Split,
            pause_at_frame: 0,
            shot: None,
            record: None,
            tap: None,
            vulkan: true,
            vulkan_device: None,
            library: None,
            log: LogLevel::Warn,
            trace: None,
            counters: None,
            records: Records::Auto,
            hold_frames: Vec::new(),
        }
    }
}

impl Settings {
    /// The library's settings, read from the environment. A bad value is left at its default and reported.
    ///
    /// Only rows that concern the library are looked at; a variable that is set but empty counts as unset.
    pub fn from_env() -> (Settings, Vec<Problem>) {
        Settings::for_library(|setting| std::env::var_os(setting.env))
    }

    fn for_library(value: impl Fn(&Setting) -> Option<OsString>) -> (Settings, Vec<Problem>) {
        let mut settings = Settings::default();
        let mut problems = Vec::new();
        for setting in TABLE.iter().filter(|setting| setting.audience != Audience::Launcher) {
            let Some(text) = value(setting).filter(|text| !text.is_empty()) else { continue };
            if let Err(problem) = setting.set(&mut settings, &text, Source::Environment) {
                problems.push(Problem { fallback: Some(setting.default), ..problem });
            }
        }
        (settings, problems)
    }

    /// The launcher's settings: a flag wins over the environment, the first bad value is an error.
    ///
    /// `flag` and `env` give the text that the command line and the environment hold for a row. An empty
    /// environment variable counts as unset.
    pub fn gather(
        flag: impl Fn(&Setting) -> Option<OsString>,
        env: impl Fn(&Setting) -> Option<OsString>,
    ) -> Result<Settings, Problem> {
        let mut settings = Settings::default();
        for setting in TABLE {
            if let Some(text) = flag(setting) {
                setting.set(&mut settings, &text, Source::Flag)?;
            } else if let Some(text) = env(setting).filter(|text| !text.is_empty()) {
                setting.set(&mut settings, &text, Source::Environment)?;
            }
        }
        Ok(settings)
    }
}

/// Who reads a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Only the launcher.
    Launcher,
    /// Only the preloaded library; the launcher sets it.
    Library,
    /// Both.
    Both,
}

/// A row of [`TABLE`].
pub struct Setting {
    /// The name in prose and in the documentation's headings.
    pub name: &'static str,
    /// The launcher's long flag without its dashes; None: the setting has no flag.
    pub flag: Option<&'static str>,
    /// The launcher's one-letter flag.
    pub short: Option<char>,
    /// The environment variable.
    pub env: &'static str,
    /// What stands for the value in a usage line, e.g. `on|off` or `WxH`.
    pub metavar: &'static str,
    /// The value that the flag means when it is given without one; None: a value is required.
    pub bare: Option<&'static str>,
    /// The allowed values in words, as they follow "must be".
    pub allowed: &'static str,
    /// The default in words.
    pub default: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// The rest of what the documentation says; may be empty.
    pub detail: &'static str,
    /// Whether `glxrun --help`, which is to fit one screen, shows it; `glxrun help` shows all.
    pub common: bool,
    /// Who reads it.
    pub audience: Audience,
    parse: fn(&mut Settings, &OsStr) -> Option<()>,
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A flag of the launcher.
    Flag,
    /// An environment variable.
    Environment,
}

impl Setting {
    /// Parses `text` into this row's field of `settings`, which is left as it was on error.
    pub fn set(&self, settings: &mut Settings, text: &OsStr, source: Source) -> Result<(), Problem> {
        (self.parse)(settings, text).ok_or_else(|| Problem {
            given: match (source, self.flag) {
                (Source::Flag, Some(flag)) => format!("--{flag} {}", text.display()),
                _ => format!("{}={}", self.env, text.display()),
            },
            allowed: self.allowed,
            fallback: None,
        })
    }
}

/// A value that a setting does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    given: String,
    allowed: &'static str,
    fallback: Option<&'static str>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the value must be {}", self.given, self.allowed)?;
        match self.fallback {
            Some(default) => write!(f, "; using the default ({default})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests;
