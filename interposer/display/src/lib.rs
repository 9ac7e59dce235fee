//! The 2D side: how finished frames reach the windows of an X server.
//!
//! This crate knows X11 and pixels, and nothing of GL, so that whatever renders can post through it. It speaks the X
//! protocol itself, over a connection of its own (no libX11, no libxcb): what a program or a library of it does to
//! Xlib cannot reach us, nor can we reach into the program's own connection.
//!
//! ```text
//!  program's thread                    Server's thread "glxrun-2d"              X server
//!  Window::acquire -> Slot
//!  fill the pixels
//!  Window::post ---- queued frame ---> ShmPutImage ---------------------------> window
//!                                      slot is free again <------- completion event
//! ```
//!
//! - [`Server`] is the connection to one X server; everything else hangs on it.
//! - [`Window`] is a window that receives frames; its size follows the server by itself.
//! - [`Remote`] is a frame that is still elsewhere when it is posted: `reserve` and `Reservation::post` in place of `acquire` and
//!   `post`, and the poster's thread fetches it.
//! - [`Loan`] is memory for a frame that is begun later.
//! - [`Slot`] is memory for one frame, shared with the server where possible (see [`Transport`]).
//!
//! Nothing here ends the program: a server that dies, a window that vanishes and a request that fails are states to
//! ask for ([`Server::is_alive`], [`Window::is_gone`]) or an [`Error`].

mod changes;
mod connect;
mod error;
mod extension;
mod finish;
mod framebuffer;
mod gamma;
mod glyph;
mod image;
mod link;
mod loan;
mod memory;
mod on_screen;
mod packets;
mod poster;
mod program;
mod remote;
mod screen;
mod server;
mod shared;
mod signals;
mod simd;
mod slot;
mod state;
mod tap;
mod tracking;
mod transport;
mod window;

pub use connect::check;
pub use error::{ConnectError, Error, WatchError};
pub use extension::ExtensionCodes;
pub use finish::Finish;
pub use glxrun_contract::settings::{Damage, Spoil, Transport};
pub use glyph::Glyph;
pub use image::Image;
pub use loan::Loan;
pub use on_screen::OnScreen;
pub use packets::Checked;
pub use remote::{Registration, Remote, Reservation, Rows};
pub use screen::{Geometry, Layout, Screen, Visual};
pub use server::{Options, Server};
pub use signals::BlockedSignals;
pub use slot::Slot;
pub use window::{FrameWatcher, Window};
