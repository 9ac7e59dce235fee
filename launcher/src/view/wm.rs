//! The window manager of a 2D side that we start.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use glxrun_contract::settings::WindowManager;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt};

use crate::display::Server;
use crate::failure::Failure;
use crate::helper::Helper;
use crate::scratch::Scratch;
use crate::signals::Signals;
use crate::{Variable, program, task};

/// What `auto` takes: the first that is installed.
const KNOWN: [&str; 8] =
    ["openbox", "icewm", "jwm", "fluxbox", "xfwm4", "marco", "metacity", "matchbox-window-manager"];
/// How long it may take to take over the screen. Not all of them say when they have.
const START: Duration = Duration::from_secs(3);

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
    task::within(START, signals, move || wait(&server))?;
    Ok(helper)
}

/// Waits until the root window tells of a window manager, as EWMH has it.
fn wait(server: &Server) -> Result<()> {
    let connection = server.connect()?;
    let root = connection.setup().roots.first().map_or(0, |screen| screen.root);
    let check = connection.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK")?.reply()?.atom;
    let deadline = Instant::now() + START;
    while Instant::now() < deadline {
        let property = connection.get_property(false, root, check, AtomEnum::WINDOW, 0, 1)?.reply()?;
        if property.value_len > 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
