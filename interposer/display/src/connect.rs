//! Opening the connection.
//!
//! x11rb's own stream writes without MSG_NOSIGNAL, so a server that dies would end the program by SIGPIPE. This
//! stream does not, and knows whether file descriptors can be passed. It also tries Linux' abstract socket, as
//! libxcb does: inside a container it may be the only one in reach.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, sendmsg, sockopt};
use x11rb::connection::RequestConnection;
use x11rb::cookie::VoidCookie;
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::reexports::x11rb_protocol;
use x11rb::rust_connection::{DefaultStream, PollMode, RustConnection};
use x11rb::utils::RawFdContainer;
use x11rb_protocol::parse_display::{ConnectAddress, ParsedDisplay, parse_display};
use x11rb_protocol::xauth::{Family, get_auth};

use crate::error::ConnectError;
use crate::packets::Checked;

/// A connected socket that never raises SIGPIPE.
#[derive(Debug)]
pub(crate) struct Stream {
    inner: Checked,
    /// Whether the server is at the other end of a Unix socket: on this machine, and able to receive descriptors.
    pub local: bool,
    /// Bytes that can be written at once, without waiting, whenever the socket is writable at all.
    pub portion: usize,
}

/// Bytes of a send buffer to ask for. Linux gives what its administrator allows, usually much less.
const SEND_BUFFER: usize = 1 << 20;
/// Bytes that any socket takes at once.
const PORTION: usize = 16 << 10;

/// Connects and sets up; gives the connection and the number of the screen that the name asks for.
pub(crate) fn connect(display: &str) -> Result<(RustConnection<Stream>, usize), ConnectError> {
    let name = |reason: String| ConnectError::Name { display: display.to_owned(), reason };
    let refused = |reason: String| ConnectError::Refused { display: display.to_owned(), reason };
    // "unix:9" is Xlib's way to ask for the local socket; x11rb's parser does not know it.
    let plain = display.strip_prefix("unix:").map(|number| format!(":{number}"));
    let parsed =
        parse_display(Some(plain.as_deref().unwrap_or(display))).map_err(|error| name(error.to_string()))?;
    let (stream, family, address) = open(&parsed).map_err(|error| refused(unreachable(&error)))?;
    // As Xlib does: a cookie that cannot be read is no reason not to try without one.
    let (auth, data) = get_auth(family, &address, parsed.display).ok().flatten().unwrap_or_default();
    let screen = usize::from(parsed.screen);
    let connection = RustConnection::connect_to_stream_with_auth_info(stream, screen, auth, data)
        .map_err(|error| refused(turned_away(&error, screen)))?;
    connection.stream().inner.begin();
    Ok((connection, screen))
}

/// Why no socket could be connected, in words.
fn unreachable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => "no X server listens there".to_owned(),
        _ => error.to_string(),
    }
}

/// Why a server that answered does not let us in, in words.
fn turned_away(error: &x11rb::errors::ConnectError, screen: usize) -> String {
    use x11rb::errors::ConnectError as E;
    match error {
        E::SetupFailed(answer) => {
            format!("its server says {:?}", String::from_utf8_lossy(&answer.reason).trim())
        }
        E::SetupAuthenticate(answer) => {
            format!("its server says {:?}", String::from_utf8_lossy(&answer.reason).trim())
        }
        E::InvalidScreen => format!("it has no screen {screen}"),
        other => other.to_string(),
    }
}

/// The first address of the display that answers, with the name that its cookie is filed under.
fn open(display: &ParsedDisplay) -> io::Result<(Stream, Family, Vec<u8>)> {
    let mut first_error = None;
    for address in display.connect_instruction() {
        let opened = match &address {
            ConnectAddress::Socket(path) => UnixStream::connect(path)
                .or_else(|error| abstract_socket(path).map_err(|_| error))
                .and_then(local),
            ConnectAddress::Hostname(host, port) => TcpStream::connect((*host, *port)).and_then(remote),
            _ => continue,
        };
        match opened {
            Ok(opened) => return Ok(opened),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable)))
}

fn abstract_socket(path: &str) -> io::Result<UnixStream> {
    UnixStream::connect_addr(&SocketAddr::from_abstract_name(path)?)
}

fn local(socket: UnixStream) -> io::Result<(Stream, Family, Vec<u8>)> {
    let (inner, (family, address)) = DefaultStream::from_unix_stream(socket)?;
    // For frames that have to go through the socket: the fewer turns they take, the better.
    let _ = sockopt::set_socket_send_buffer_size(&inner, SEND_BUFFER);
    // A Unix socket is writable while at most a quarter of its buffer is in use, by the kernel's own accounts.
    let portion = sockopt::socket_send_buffer_size(&inner).unwrap_or(0) / 2;
    let inner = Checked::new(inner);
    Ok((Stream { inner, local: true, portion: portion.max(PORTION) }, family, address))
}

fn remote(socket: TcpStream) -> io::Result<(Stream, Family, Vec<u8>)> {
    socket.set_nodelay(true)?;
    let (inner, (family, address)) = DefaultStream::from_tcp_stream(socket)?;
    Ok((Stream { inner: Checked::new(inner), local: false, portion: PORTION }, family, address))
}

impl Stream {
    /// Whether there is something to read: bytes, or the end of the connection.
    pub fn has_input(&self) -> bool {
        const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
        let mut descriptors = [PollFd::new(self, PollFlags::IN)];
        poll(&mut descriptors, Some(&NOW)).is_ok_and(|ready| ready > 0)
    }

    /// Waits until `portion` bytes can be written without waiting, or the connection ends.
    pub fn wait_writable(&self) {
        let mut descriptors = [PollFd::new(self, PollFlags::OUT)];
        while poll(&mut descriptors, None) == Err(Errno::INTR) {}
    }

    /// Ends the connection, for whoever waits on it too.
    pub fn shut_down(&self) {
        let _ = rustix::net::shutdown(self, Shutdown::Both);
    }

    fn send(&self, parts: &[IoSlice<'_>], descriptors: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        let borrowed: Vec<_> = descriptors.iter().map(|descriptor| descriptor.as_fd()).collect();
        let rights = SendAncillaryMessage::ScmRights(&borrowed);
        let mut space = vec![MaybeUninit::uninit(); if borrowed.is_empty() { 0 } else { rights.size() }];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !borrowed.is_empty() && !control.push(rights) {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let written = loop {
            match sendmsg(self, parts, &mut control, SendFlags::NOSIGNAL) {
                Err(Errno::INTR) => {}
                result => break result?,
            }
        };
        descriptors.clear();
        Ok(written)
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> i32 {
        self.inner.as_raw_fd()
    }
}

impl x11rb::rust_connection::Stream for Stream {
    fn poll(&self, mode: PollMode) -> io::Result<()> {
        self.inner.poll(mode)
    }

    fn read(&self, buffer: &mut [u8], descriptors: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.inner.read(buffer, descriptors)
    }

    fn write(&self, buffer: &[u8], descriptors: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.send(&[IoSlice::new(buffer)], descriptors)
    }

    fn write_vectored(
        &self,
        parts: &[IoSlice<'_>],
        descriptors: &mut Vec<RawFdContainer>,
    ) -> io::Result<usize> {
        self.send(parts, descriptors)
    }
}

/// Waits until the server has done a request that has no reply, one round trip; its error, if there is one. For any
/// connection on which events come.
///
/// Not by x11rb's own `check` alone: an event that tells the request's own sequence number, and comes before the
/// question, makes x11rb 0.14 believe that it has asked already, and it then waits for ever.
pub fn check<C: RequestConnection>(connection: &C, cookie: VoidCookie<'_, C>) -> Result<(), ReplyError> {
    connection.get_input_focus()?.reply()?;
    cookie.check()
}
