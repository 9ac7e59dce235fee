//! Real X servers for the tests, and a client of theirs that stands for the program whose windows receive frames.

#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod proxy;

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use glxrun_contract::counters::Entry;
use glxrun_display::{Damage, Layout, Options, Server, Slot, Spoil, Transport, Window};
use parking_lot::Mutex;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    ColormapAlloc, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, ImageFormat, WindowClass,
};
use x11rb::rust_connection::RustConnection;

pub const TRANSPORTS: [Transport; 3] = [Transport::Memfd, Transport::SysV, Transport::PutImage];

/// An Xvfb of our own; it ends when dropped.
pub struct Xvfb {
    child: Child,
    pub display: String,
}

impl Xvfb {
    /// Starts one with a screen of this depth, without GLX.
    pub fn start(depth: u8, more: &[&str]) -> Xvfb {
        let screen = format!("1280x1100x{depth}");
        let mut child = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &screen, "-extension", "GLX", "-noreset"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb does not start: apt-get install xvfb");
        let mut number = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut number)
            .expect("Xvfb tells its display");
        assert!(!number.is_empty(), "Xvfb ended at once");
        Xvfb { child, display: format!(":{}", number.trim()) }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Connects as the interposer does.
    pub fn connect(&self, transport: Transport, spoil: Spoil) -> Arc<Server> {
        self.connect_with(Options { transport, spoil, damage: Damage::Off })
    }

    pub fn connect_with(&self, options: Options) -> Arc<Server> {
        Server::connect(&self.display, options).expect("our own Xvfb answers")
    }

    pub fn signal(&self, signal: i32) {
        // SAFETY: the process is our child, and not yet waited for.
        unsafe { libc::kill(self.child.id() as i32, signal) };
    }

    /// Ends the server without warning.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program's own connection.
pub struct Client {
    pub connection: RustConnection,
}

impl Client {
    pub fn new(server: &Xvfb) -> Client {
        let (connection, _) = RustConnection::connect(Some(&server.display)).expect("our own Xvfb answers");
        Client { connection }
    }

    /// Makes and maps a window, and waits until it is there.
    pub fn window(&self, depth: u8, width: u16, height: u16) -> u32 {
        let window = self.connection.generate_id().expect("ids");
        self.window_with_id(window, depth, width, height);
        window
    }

    pub fn window_with_id(&self, window: u32, depth: u8, width: u16, height: u16) {
        let connection = &self.connection;
        let screen = &connection.setup().roots[0];
        let of_depth = screen.allowed_depths.iter().find(|known| known.depth == depth).expect("the depth");
        let visual = of_depth.visuals.first().expect("a visual").visual_id;
        let colormap = connection.generate_id().expect("ids");
        connection.create_colormap(ColormapAlloc::NONE, colormap, screen.root, visual).expect("sent");
        let values = CreateWindowAux::new().colormap(colormap).border_pixel(0).background_pixel(0);
        connection
            .create_window(
                depth,
                window,
                screen.root,
                0,
                0,
                width,
                height,
                0,
                WindowClass::INPUT_OUTPUT,
                visual,
                &values,
            )
            .expect("sent")
            .check()
            .expect("a window");
        connection.map_window(window).expect("sent");
        self.sync();
    }

    pub fn resize(&self, window: u32, width: u32, height: u32) {
        self.connection
            .configure_window(window, &ConfigureWindowAux::new().width(width).height(height))
            .expect("sent");
        self.sync();
    }

    pub fn destroy(&self, window: u32) {
        self.connection.destroy_window(window).expect("sent");
        self.sync();
    }

    /// XSync.
    pub fn sync(&self) {
        self.connection.get_input_focus().expect("sent").reply().expect("a reply");
    }

    /// The window's pixels as the server has them, ZPixmap.
    pub fn pixels(&self, window: u32, width: u16, height: u16) -> Vec<u8> {
        self.connection
            .get_image(ImageFormat::Z_PIXMAP, window, 0, 0, width, height, !0)
            .expect("sent")
            .reply()
            .expect("pixels")
            .data
    }
}

/// Watches a window with counters of its own.
pub fn watch(server: &Arc<Server>, window: u32) -> Arc<Window> {
    server.watch(window, Entry::private(window)).expect("the window is there")
}

/// A picture that depends on `seed` and differs in each pixel.
pub fn paint(slot: &mut Slot, seed: u32) {
    let stride = slot.stride();
    let width = usize::from(slot.width()) * usize::from(slot.layout().bits_per_pixel) / 8;
    for (y, row) in slot.pixels_mut().chunks_mut(stride).enumerate() {
        for (x, byte) in row[..width].iter_mut().enumerate() {
            *byte = ((seed + (x as u32) * 31 + (y as u32) * 57).wrapping_mul(2_654_435_761) >> 24) as u8;
        }
    }
}

/// Posts a frame with the picture of `seed`; gives its pixels.
pub fn post(window: &Window, width: u16, height: u16, seed: u32) -> Vec<u8> {
    let mut slot = window.acquire(width, height).expect("a slot");
    paint(&mut slot, seed);
    let pixels = slot.pixels_mut().to_vec();
    window.counters().count_rendered();
    window.post(slot);
    pixels
}

/// The bits that count of each pixel in an image, row by row.
pub fn values(layout: Layout, width: u16, data: &[u8]) -> Vec<u32> {
    let bits = if layout.depth == 32 { u32::MAX } else { (1 << layout.depth) - 1 };
    let bytes = usize::from(layout.bits_per_pixel) / 8;
    let value = |pixel: &[u8]| bits & pixel.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
    data.chunks(layout.stride(width))
        .flat_map(|row| row[..usize::from(width) * bytes].chunks(bytes).map(value).collect::<Vec<_>>())
        .collect()
}

/// Delivered and dropped frames.
pub fn counts(window: &Window) -> (u64, u64) {
    let load = |count: &std::sync::atomic::AtomicU64| count.load(std::sync::atomic::Ordering::Acquire);
    (load(&window.counters().delivered), load(&window.counters().dropped))
}

/// Warnings that name a display, logged since [`collect_warnings`] gave `since`.
pub fn warnings(display: &str, since: usize) -> Vec<String> {
    let all = LOG.0.lock();
    all[since..]
        .iter()
        .filter(|line| line.split([' ', ':', ',']).any(|word| word == &display[1..]))
        .cloned()
        .collect()
}

/// Starts to collect warnings; gives the place in the log. To be called once the test's server runs: other tests of
/// this process may have had a display of the same number before.
pub fn collect_warnings() -> usize {
    // Another test may have done so.
    let _ = log::set_logger(&LOG);
    log::set_max_level(log::LevelFilter::Debug);
    LOG.0.lock().len()
}

static LOG: Log = Log(Mutex::new(Vec::new()));

struct Log(Mutex<Vec<String>>);

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.level() <= log::Level::Warn {
            self.0.lock().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// System V segments that this process made and that still exist.
pub fn segments() -> HashSet<String> {
    let table = std::fs::read_to_string("/proc/sysvipc/shm").expect("the kernel's table");
    let ours = std::process::id().to_string();
    let fields = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    table
        .lines()
        .skip(1)
        .map(fields)
        .filter(|fields| fields[4] == ours)
        .map(|fields| fields[1].clone())
        .collect()
}
