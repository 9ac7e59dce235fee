//! What can go wrong on the 2D side, as values: none of it ends the program.

use x11rb::errors::{ConnectionError, ReplyError, ReplyOrIdError};

/// Why a 2D side's X server could not be connected to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The display's name is not of the form `[host]:number[.screen]`.
    #[error("{display:?} is not the name of an X display: {reason}")]
    Name {
        /// The name as given.
        display: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no server, or it refuses us.
    #[error("the X display {display} cannot be opened: {reason}")]
    Refused {
        /// The name as given.
        display: String,
        /// What the system or the server said.
        reason: String,
    },
}

/// Why a request to the 2D side failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The connection is lost, as [`Server::is_alive`](crate::Server::is_alive) tells.
    #[error("the connection to the 2D side is lost")]
    Dead,
    /// The server answered with an error.
    #[error("X error {code} (request {major}.{minor}, resource 0x{resource:x})")]
    X {
        /// Error code, as the core protocol or an extension numbers it: 3 is BadWindow, 9 BadDrawable.
        code: u8,
        /// The resource or value that the server refused.
        resource: u32,
        /// Major opcode of the request.
        major: u8,
        /// Minor opcode of the request.
        minor: u16,
    },
    /// The server has no more resource identifiers for us.
    #[error("the 2D side has no resource identifiers left")]
    NoIds,
    /// The request cannot be made to this server.
    #[error("the 2D side cannot do this: {0}")]
    Unsupported(String),
}

/// Why a window cannot receive frames.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WatchError {
    /// There is no such window on this server.
    #[error("there is no window 0x{0:x}")]
    BadWindow(u32),
    /// The window is InputOnly: it has no pixels.
    #[error("window 0x{0:x} is InputOnly")]
    InputOnly(u32),
    /// The connection is lost.
    #[error("the connection to the 2D side is lost")]
    Dead,
    /// Anything else, such as a server out of memory.
    #[error(transparent)]
    Other(Error),
}

impl From<ReplyError> for Error {
    fn from(error: ReplyError) -> Error {
        match error {
            ReplyError::ConnectionError(error) => error.into(),
            ReplyError::X11Error(error) => Error::X {
                code: error.error_code,
                resource: error.bad_value,
                major: error.major_opcode,
                minor: error.minor_opcode,
            },
        }
    }
}

impl From<ConnectionError> for Error {
    fn from(error: ConnectionError) -> Error {
        match error {
            ConnectionError::IoError(_) => Error::Dead,
            other => Error::Unsupported(other.to_string()),
        }
    }
}

impl From<ReplyOrIdError> for Error {
    fn from(error: ReplyOrIdError) -> Error {
        match error {
            ReplyOrIdError::IdsExhausted => Error::NoIds,
            ReplyOrIdError::ConnectionError(error) => error.into(),
            ReplyOrIdError::X11Error(error) => ReplyError::X11Error(error).into(),
        }
    }
}
