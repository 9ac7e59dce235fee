//! The 2D side, asked directly: what its X server is like and how frames can reach it.

use std::sync::Mutex;

use anyhow::{Context, Result};
use glxrun_contract::settings::{Damage, Spoil, Transport};
use glxrun_display::{Options, Server};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::ConnectionExt;

use super::report::Check;
use crate::display;

/// Extensions that something works better with, and what.
const EXTENSIONS: [(&str, &str); 5] = [
    ("DAMAGE", "--damage auto and --sink framebuffer"),
    ("RANDR", "programs that look for screen modes, such as Unity's"),
    ("XFIXES", "cursors and --sink framebuffer"),
    ("SHAPE", "--sink framebuffer"),
    ("XKEYBOARD", "keyboard layouts"),
];

/// Asks the display of this name. May wait for ever.
pub fn ask(name: &str) -> Vec<Check> {
    attempt(name).unwrap_or_else(|error| {
        vec![Check::failure(
            "2d-side",
            format!("the display {name} cannot be opened: {error:#}"),
            "start an X server there, check that XAUTHORITY lets you in, or unset DISPLAY to have an Xvfb started",
        )]
    })
}

fn attempt(name: &str) -> Result<Vec<Check>> {
    let server = display::Server { name: name.to_owned(), cookie: None };
    let connection = server.connect()?;
    let setup = connection.setup();
    let screen = setup.roots.get(server.screen()?).context("there is no such screen")?;
    let vendor = String::from_utf8_lossy(&setup.vendor);
    let size = connection.get_geometry(screen.root)?.reply()?;
    let seen = format!(
        "display {name}, {}x{}, depth {}, by {vendor} {}",
        size.width, size.height, screen.root_depth, setup.release_number
    );
    let mut checks = vec![if matches!(screen.root_depth, 16 | 24 | 30 | 32) {
        Check::ok("2d-side", seen)
    } else {
        Check::failure("2d-side", seen, "use an X server of depth 24")
    }];
    checks.push(extensions(name, &connection)?);
    drop(connection);
    checks.push(transport(name));
    Ok(checks)
}

fn extensions(display: &str, connection: &impl ConnectionExt) -> Result<Check> {
    let list = connection.list_extensions()?.reply()?;
    let has = |name: &str| list.names.iter().any(|found| found.name == name.as_bytes());
    let missing: Vec<_> = EXTENSIONS.iter().filter(|(name, _)| !has(name)).collect();
    Ok(if missing.is_empty() {
        Check::ok("2d-extensions", EXTENSIONS.map(|(name, _)| name).join(", "))
    } else {
        let lacks = missing.iter().map(|(name, purpose)| format!("{name} (for {purpose})"));
        Check::warning(
            "2d-extensions",
            format!("the display {display} lacks {}", lacks.collect::<Vec<_>>().join(", ")),
            "start its X server without -extension for these, or use a newer server",
        )
    })
}

/// How frames travel, tried by the code that the library uses.
fn transport(display: &str) -> Check {
    const NAME: &str = "2d-shared-memory";
    let _ = log::set_logger(&REASONS);
    log::set_max_level(log::LevelFilter::Info);
    let options = Options { transport: Transport::Auto, spoil: Spoil::On, damage: Damage::Off };
    let server = match Server::connect(display, options) {
        Ok(server) => server,
        Err(error) => return Check::failure(NAME, error.to_string(), "see 2d-side"),
    };
    let reasons = REASONS.0.lock().map(|reasons| reasons.join("; ")).unwrap_or_default();
    match server.transport() {
        Transport::Auto | Transport::Memfd => {
            Check::ok(NAME, "frames are passed as shared memory by descriptor (MIT-SHM AttachFd)")
        }
        Transport::SysV => Check::warning(
            NAME,
            format!("frames go by System V shared memory: {reasons}"),
            "use an X server with MIT-SHM 1.2, such as Xvfb 1.16 or newer",
        ),
        Transport::PutImage => Check::warning(
            NAME,
            format!("frames go through the socket, which is slow: {reasons}"),
            "use an X server on this machine, reached by its Unix socket, with the MIT-SHM extension",
        ),
    }
}

/// Collects why a way was not taken, which the display crate says in its log.
struct Reasons(Mutex<Vec<String>>);

static REASONS: Reasons = Reasons(Mutex::new(Vec::new()));

impl log::Log for Reasons {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }

    fn log(&self, record: &log::Record) {
        let text = record.args().to_string();
        if let (Some((_, reason)), Ok(mut reasons)) =
            (text.split_once("does not take frames "), self.0.lock())
        {
            reasons.push(format!("not {reason}"));
        }
    }

    fn flush(&self) {}
}
