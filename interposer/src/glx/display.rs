//! The program's Displays and the 2D sides behind them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::{CStr, c_int};
use std::sync::Arc;

use glxrun_display::Server;
use parking_lot::{Mutex, MutexGuard, RwLock};
use x11_dl::xlib::Display;

use super::config::{AppScreen, Config};
use super::drawable::Drawable;
use super::error::{self, Code, Codes};
use super::swap_events;
use crate::runtime::{Runtime, settings};
use crate::x11::{self, Client, Xlib};

/// A 2D side: our own connection to its X server, shared by all of the program's Displays on it.
pub struct Side2d {
    /// The connection.
    pub server: Arc<Server>,
    /// GLX's codes there.
    pub codes: Codes,
    /// The program's drawables by XID.
    pub drawables: RwLock<HashMap<u32, Arc<Drawable>>>,
}

impl Side2d {
    fn connect(name: &str) -> Option<Arc<Self>> {
        let server = Server::of_program(name, settings())?;
        let codes = server.extension("GLX").unwrap_or_else(|| server.extensions_end());
        let codes = Codes {
            major_opcode: codes.major_opcode,
            first_event: codes.first_event,
            first_error: codes.first_error,
        };
        Some(Arc::new(Self { server, codes, drawables: RwLock::default() }))
    }

    /// The 2D side of a display name, connected to at first sight, and again once the connection was lost: there may be
    /// another server of that name by now. Who has the lost one keeps it.
    pub fn of_name(name: String) -> Option<Arc<Self>> {
        let mut sides = Runtime::get().sides.lock();
        match sides.entry(name) {
            Entry::Occupied(mut entry) => {
                let is_lost = entry.get().as_ref().is_some_and(|side| !side.server.is_alive());
                if is_lost && let Some(side) = Self::connect(entry.key()) {
                    entry.insert(Some(side));
                }
                entry.get().clone()
            }
            Entry::Vacant(entry) => {
                let side = Self::connect(entry.key());
                entry.insert(side).clone()
            }
        }
    }

    /// The 2D side that DISPLAY names; None without a 3D side.
    pub fn of_environment() -> Option<Arc<Self>> {
        Runtime::get().backend?;
        Self::of_name(std::env::var("DISPLAY").ok()?)
    }

    /// Its screens, as GLX knows them.
    pub fn screens(&self) -> Vec<AppScreen> {
        let has_pixmaps = |depth: &u8| self.server.bits_per_pixel(*depth).is_some();
        let depths: Vec<u8> = (1..=32).filter(has_pixmaps).collect();
        (0..)
            .zip(self.server.screens())
            .map(|(number, screen)| {
                AppScreen::new(number, screen, depths.clone(), Runtime::get().configs(number))
            })
            .collect()
    }

    /// Forgets drawables whose windows are gone; their surfaces go with the last thread that has them current.
    pub fn sweep(&self) {
        self.drawables.write().retain(|_, drawable| !drawable.is_gone());
    }
}

/// Which config each visual stands for, from what the program chose.
#[derive(Default)]
pub struct Choices {
    /// By screen and visual: the config last chosen with it.
    by_visual: HashMap<(c_int, u32), &'static Config>,
    /// By address of an XVisualInfo that the program was given, with its visual.
    by_address: HashMap<usize, (u32, &'static Config)>,
    /// The configs that fit the program's last query with attributes.
    queried: Vec<usize>,
}

impl Choices {
    /// Addresses that are kept; programs that list hundreds of visuals free them again.
    const ADDRESSES: usize = 1024;

    /// Notes the answer to a query with attributes.
    pub fn queried(&mut self, found: &[&'static Config]) {
        self.queried = found.iter().map(|config| config.index).collect();
    }

    /// Notes that an XVisualInfo for `config` goes to the program. The visual stands for the config from now on if the
    /// program asked for such a config; one that only goes through a list of all does not choose.
    pub fn given(&mut self, address: usize, screen: c_int, visual: u32, config: &'static Config) {
        if self.by_address.len() >= Self::ADDRESSES {
            self.by_address.clear();
        }
        self.by_address.insert(address, (visual, config));
        if self.queried.contains(&config.index) {
            self.by_visual.insert((screen, visual), config);
        }
    }

    /// The config of the XVisualInfo at `address`, or else the one last chosen with its visual.
    pub fn config(&self, address: usize, screen: c_int, visual: u32) -> Option<&'static Config> {
        let given = self.by_address.get(&address).filter(|(id, _)| *id == visual).map(|(_, config)| *config);
        given.or_else(|| self.last(screen, visual))
    }

    /// The config last chosen with a visual.
    pub fn last(&self, screen: c_int, visual: u32) -> Option<&'static Config> {
        self.by_visual.get(&(screen, visual)).copied()
    }
}

/// A Display of the program's that GLX has seen.
pub struct AppDisplay {
    client: Client,
    /// The 2D side that it connects to.
    pub side: Arc<Side2d>,
    screens: Vec<AppScreen>,
    default_screen: usize,
    choices: Mutex<Choices>,
}

impl AppDisplay {
    /// The state of a Display, made at first sight. None without a 3D side or for a Display that is not the
    /// program's; GLX is then absent.
    pub fn of(dpy: *mut Display) -> Option<Arc<Self>> {
        let runtime = Runtime::get();
        runtime.backend?;
        if dpy.is_null() || x11::is_own(dpy) {
            return None;
        }
        if let Some(display) = runtime.displays.read().get(&(dpy as usize)) {
            return Some(display.clone());
        }
        let xlib = Xlib::get().ok()?;
        // SAFETY: a live Display of the program's.
        let name = unsafe { CStr::from_ptr((xlib.XDisplayString)(dpy)) }.to_string_lossy().into_owned();
        let side = Side2d::of_name(name)?;
        let screens = side.screens();
        // SAFETY: as above.
        let default_screen = unsafe { (xlib.XDefaultScreen)(dpy) };
        let default_screen = (default_screen.max(0) as usize).min(screens.len().checked_sub(1)?);
        let display = Arc::new(Self {
            client: Client::new(dpy),
            side,
            screens,
            default_screen,
            choices: Mutex::default(),
        });
        // A race of two first calls ends with one of the two; the other is dropped.
        Some(runtime.displays.write().entry(dpy as usize).or_insert(display).clone())
    }

    /// The program closes a Display: its GLX resources go, as its X resources do.
    pub fn closed(dpy: *mut Display) {
        let Some(runtime) = Runtime::existing() else { return };
        swap_events::closed(dpy);
        let Some(display) = runtime.displays.write().remove(&(dpy as usize)) else { return };
        display.client.close();
        display.side.drawables.write().retain(|_, drawable| drawable.creator() != dpy as usize);
        let mut sides = runtime.sides.lock();
        let others = runtime.displays.read().values().any(|other| Arc::ptr_eq(&other.side, &display.side));
        if !others {
            sides.retain(|_, side| side.as_ref().is_none_or(|side| !Arc::ptr_eq(side, &display.side)));
        }
    }

    /// The Xlib Display.
    pub fn dpy(&self) -> *mut Display {
        self.client.dpy()
    }

    /// Whether the Xlib Display is at that address, and has not been closed.
    pub fn is_open_at(&self, dpy: *mut Display) -> bool {
        self.dpy() == dpy && !self.client.is_closed()
    }

    /// A screen by number.
    pub fn screen(&self, number: c_int) -> Option<&AppScreen> {
        self.screens.get(usize::try_from(number).ok()?)
    }

    /// The screen of the display's name.
    pub fn default_screen(&self) -> &AppScreen {
        &self.screens[self.default_screen]
    }

    /// What the program chose so far.
    pub fn choices(&self) -> MutexGuard<'_, Choices> {
        self.choices.lock()
    }

    /// Has the server work off all that the program asked of it, then hears of it: windows made, resized, gone.
    pub fn sync(&self) {
        self.client.sync(&self.side.server);
    }

    /// As [`Self::sync`], but only if the program sent requests since (see [`Client::catch_up`]).
    pub fn catch_up(&self, thorough: bool) {
        self.client.catch_up(&self.side.server, thorough);
    }

    /// As [`Self::catch_up`], without a system call where the program has sent nothing (see [`Client::follow`]).
    pub fn follow(&self) {
        self.client.follow(&self.side.server, true);
    }

    /// Delivers an error to the program's X error handler.
    pub fn raise(&self, code: impl Into<Code>, resource: u64, minor: u8) {
        if !self.client.is_closed() {
            // SAFETY: our callers are GLX calls on this live Display.
            unsafe { error::deliver(self.dpy(), self.side.codes, code.into(), resource, minor) };
        }
    }
}
