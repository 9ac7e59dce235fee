//! X displays as the launcher sees them: can one be opened, what does it offer, are two the same.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail, ensure};
use glxrun_display::{Checked, check};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, CreateWindowAux, WindowClass};
use x11rb::reexports::x11rb_protocol::parse_display::{ConnectAddress, ParsedDisplay, parse_display};
use x11rb::reexports::x11rb_protocol::xauth::{Family, get_auth};
use x11rb::rust_connection::DefaultStream;

use crate::failure::Failure;
use crate::signals::Signals;
use crate::task;
use crate::xauth::{self, Cookie};

/// A connection to a server that is not believed everything.
pub type RustConnection = x11rb::rust_connection::RustConnection<Checked>;

/// How long an X server may take to answer.
pub const LIMIT: Duration = Duration::from_secs(10);
/// TCP port of display 0; with it, the highest display number is bounded.
const TCP_BASE: u16 = 6000;

/// An X display and, where it is ours, the cookie for it.
#[derive(Clone)]
pub struct Server {
    /// The display's name, e.g. `:9.0`.
    pub name: String,
    /// For a server that we started; other cookies are looked up in the user's authority file.
    pub cookie: Option<Cookie>,
}

impl Server {
    /// Connects. May wait for ever.
    pub fn connect(&self) -> Result<RustConnection> {
        let display = self.parse()?;
        let (stream, (family, address)) = open(&display)?;
        // As Xlib does: a cookie that cannot be read is no reason not to try without one.
        let (name, data) = match &self.cookie {
            Some(cookie) => (xauth::PROTOCOL.to_vec(), cookie.0.to_vec()),
            None => get_auth(family, &address, display.display).ok().flatten().unwrap_or_default(),
        };
        let stream = Checked::new(stream);
        let connected =
            RustConnection::connect_to_stream_with_auth_info(stream, display.screen.into(), name, data);
        let connection = connected.map_err(|error| anyhow!("{}", one_line(&error.to_string())))?;
        connection.stream().begin();
        Ok(connection)
    }

    /// The server's process id, where it runs on this machine and in sight.
    pub fn pid(&self) -> Option<i32> {
        let (stream, _) = open(&self.parse().ok()?).ok()?;
        // SAFETY: the descriptor is the stream's, which is alive.
        let socket = unsafe { BorrowedFd::borrow_raw(stream.as_raw_fd()) };
        let peer = rustix::net::sockopt::socket_peercred(socket).ok()?;
        // A server in a PID namespace out of sight has number 0.
        Some(peer.pid.as_raw_pid()).filter(|pid| *pid > 0)
    }

    /// The screen that the name selects.
    pub fn screen(&self) -> Result<usize> {
        Ok(self.parse()?.screen.into())
    }

    fn parse(&self) -> Result<ParsedDisplay> {
        // x11rb takes what follows `unix:` for a path only.
        let local = self.name.strip_prefix("unix").filter(|rest| !rest.contains('/'));
        let display = parse_display(Some(local.unwrap_or(&self.name)))?;
        ensure!(display.display <= u16::MAX - TCP_BASE, "there is no display number {}", display.display);
        Ok(display)
    }

    /// Does `ask` with a fresh connection, within [`LIMIT`].
    pub fn ask<T: Send + 'static>(
        &self,
        signals: &mut Signals,
        ask: impl FnOnce(&Server, RustConnection) -> Result<T> + Send + 'static,
    ) -> Result<Result<T>, Failure> {
        let server = self.clone();
        let answer = task::within(LIMIT, signals, move || {
            let connection = server.connect()?;
            ask(&server, connection)
        })?;
        Ok(answer.unwrap_or_else(|| Err(anyhow!("it does not answer within {} seconds", LIMIT.as_secs()))))
    }
}

/// DISPLAY; an empty one counts as unset.
pub fn display_variable() -> Result<Option<String>> {
    match std::env::var_os("DISPLAY").filter(|name| !name.is_empty()).map(|name| name.into_string()) {
        None => Ok(None),
        Some(Ok(name)) => Ok(Some(name)),
        Some(Err(name)) => bail!("DISPLAY={}: the value must be the name of an X display", name.display()),
    }
}

/// The first address of the display that answers.
fn open(display: &ParsedDisplay) -> Result<(DefaultStream, (Family, Vec<u8>))> {
    let mut first = None;
    for address in display.connect_instruction() {
        let opened = match &address {
            // In a container, Linux' abstract socket may be the only one in reach.
            ConnectAddress::Socket(path) => UnixStream::connect(path)
                .or_else(|error| {
                    UnixStream::connect_addr(&SocketAddr::from_abstract_name(path)?).map_err(|_| error)
                })
                .and_then(DefaultStream::from_unix_stream),
            address => DefaultStream::connect(address),
        };
        match opened {
            Ok(opened) => return Ok(opened),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.map_or_else(|| anyhow!("the name leads to no address"), Into::into))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Depth of the root window of the server's screen.
pub fn root_depth(server: &Server, connection: &RustConnection) -> Result<u8> {
    let screen = connection.setup().roots.get(server.screen()?);
    Ok(screen.context("there is no such screen")?.root_depth)
}

/// Whether the server has the GLX extension.
pub fn has_glx(connection: &RustConnection) -> Result<bool> {
    Ok(connection.query_extension(b"GLX")?.reply()?.present)
}

/// Whether two connections lead to the same server.
///
/// Names do not tell: `:9`, `unix:9` and `localhost:9` may be one server or, through ssh, two. So the first
/// connection makes a window, never mapped, of a size that no other has, and the second looks for it.
pub fn is_same(first: &RustConnection, second: &RustConnection) -> Result<bool> {
    let root = first.setup().roots.first().context("there is no screen")?.root;
    let id = first.generate_id()?;
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (width, height) = (1 + time.subsec_nanos() % 30_000, 1 + std::process::id() % 30_000);
    let (width, height) = (width as u16, height as u16);
    let attributes = CreateWindowAux::new().override_redirect(1);
    let class = WindowClass::INPUT_ONLY;
    check(first, first.create_window(0, id, root, 0, 0, width, height, 0, class, 0, &attributes)?)?;
    let found = second.get_geometry(id)?.reply().is_ok_and(|it| (it.width, it.height) == (width, height));
    check(first, first.destroy_window(id)?)?;
    Ok(found)
}
