//! X displays as the launcher sees them: can one be opened, what does it offer, are two the same.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, CreateWindowAux, WindowClass};
use x11rb::reexports::x11rb_protocol::parse_display::parse_display;
use x11rb::rust_connection::{DefaultStream, RustConnection};

use crate::failure::Failure;
use crate::signals::Signals;
use crate::task;
use crate::xauth::{self, Cookie};

/// How long an X server may take to answer.
pub const LIMIT: Duration = Duration::from_secs(10);

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
        let Some(cookie) = &self.cookie else {
            return RustConnection::connect(Some(&self.name))
                .map(|(connection, _)| connection)
                .map_err(|error| anyhow!("{}", error.to_string().trim()));
        };
        let display = parse_display(Some(&self.name))?;
        let mut last = None;
        for address in display.connect_instruction() {
            match DefaultStream::connect(&address) {
                Ok((stream, _)) => {
                    let (name, data) = (xauth::PROTOCOL.to_vec(), cookie.0.to_vec());
                    let screen = display.screen.into();
                    return Ok(RustConnection::connect_to_stream_with_auth_info(stream, screen, name, data)?);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(|| anyhow!("no address"), Into::into))
    }

    /// The screen that the name selects.
    pub fn screen(&self) -> Result<usize> {
        Ok(parse_display(Some(&self.name))?.screen.into())
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
    first
        .create_window(0, id, root, 0, 0, width, height, 0, WindowClass::INPUT_ONLY, 0, &attributes)?
        .check()?;
    let found = second.get_geometry(id)?.reply().is_ok_and(|it| (it.width, it.height) == (width, height));
    first.destroy_window(id)?.check()?;
    Ok(found)
}
