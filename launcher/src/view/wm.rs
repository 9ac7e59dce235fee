//! The window manager of a 2D side that we start.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use glxrun_contract::settings::WindowManager;
use glxrun_display::check;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, CreateWindowAux, EventMask, MapState, WindowClass};

use crate::display::{RustConnection, Server};
use crate::failure::Failure;
use crate::helper::Helper;
use crate::scratch::Scratch;
use crate::signals::Signals;
use crate::{Variable, program, say, task};

/// What `auto` takes: the first that is installed.
const KNOWN: [&str; 8] =
    ["openbox", "icewm", "jwm", "fluxbox", "xfwm4", "marco", "metacity", "matchbox-window-manager"];
/// How long it may take to come up. After that programs are started all the same.
const START: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);
/// How long it may take to map a window before it is asked once more.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// The program to start, if any. `wanted`: whether `auto` means one.
pub fn choose(setting: &WindowManager, wanted: bool) -> Result<Option<String>> {
    match setting {
        WindowManager::None => Ok(None),
        WindowManager::Auto if !wanted => Ok(None),
        WindowManager::Auto => {
            let found = KNOWN.into_iter().find(|name| program::is_installed(name));
            Ok(found.map(str::to_owned))
        }
        WindowManager::Named(name) if program::is_installed(name) => Ok(Some(name.clone())),
        WindowManager::Named(name) => Err(anyhow!(
            "the window manager {name} (--wm) is not installed. Install it (apt-get install {name}), or leave it \
             out with --wm none"
        )),
    }
}

/// Starts it on `server` and waits until it manages the screen.
pub fn start(
    name: &str,
    server: &Server,
    variables: Vec<Variable>,
    scratch: &Scratch,
    signals: &mut Signals,
) -> Result<Helper, Failure> {
    let what = format!("the window manager {name}");
    let owned = name.to_owned();
    let recipe = move || {
        let mut command = Command::new(&owned);
        command.envs(variables.clone()).stdin(Stdio::null());
        Ok(command)
    };
    let helper = Helper::start(what, scratch.file("wm.log"), recipe)?;
    let server = server.clone();
    if let Some(Err(why)) = task::within(START + START, signals, move || wait(&server))? {
        say!("{} is not ready: {why:#}", helper.what());
    }
    Ok(helper)
}

/// Waits until it maps windows. It takes hold of them early in its start, but what asks to be mapped before its end may be
/// forgotten, as openbox does: so a window of ours asks until it is mapped.
fn wait(server: &Server) -> Result<()> {
    let connection = server.connect()?;
    let screen = connection.setup().roots.first().context("the X server has no screen")?;
    let deadline = Instant::now() + START;
    let redirects = |connection: &RustConnection| -> Result<bool> {
        let selected = connection.get_window_attributes(screen.root)?.reply()?.all_event_masks;
        Ok(selected.contains(EventMask::SUBSTRUCTURE_REDIRECT))
    };
    while !redirects(&connection)? {
        ensure!(Instant::now() < deadline, "it does not take over the screen");
        std::thread::sleep(PAUSE);
    }
    let window = connection.generate_id()?;
    let inherit = x11rb::COPY_FROM_PARENT;
    let (class, values) = (WindowClass::INPUT_OUTPUT, CreateWindowAux::new());
    let made = connection.create_window(0, window, screen.root, 0, 0, 1, 1, 0, class, inherit, &values)?;
    check(&connection, made)?;
    let is_mapped = || -> Result<bool> {
        Ok(connection.get_window_attributes(window)?.reply()?.map_state != MapState::UNMAPPED)
    };
    let mut asked = None;
    while !is_mapped()? {
        ensure!(Instant::now() < deadline, "it maps no windows");
        if asked.is_none_or(|asked: Instant| asked.elapsed() >= ASK_AGAIN) {
            check(&connection, connection.map_window(window)?)?;
            asked = Some(Instant::now());
        }
        std::thread::sleep(PAUSE);
    }
    check(&connection, connection.destroy_window(window)?)?;
    Ok(())
}
