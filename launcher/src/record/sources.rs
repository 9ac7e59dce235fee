//! The windows whose frames are offered, and which of them is recorded: the biggest, the first of equals.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use glxrun_contract::tap::{Frame, HELLO, MESSAGE, Reader};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

/// Who listens to the library.
pub struct Sources {
    listener: UnixListener,
    windows: Vec<Source>,
    /// Nanoseconds between two frames.
    interval: u64,
}

/// A window.
pub struct Source {
    stream: UnixStream,
    /// Its XID.
    pub window: u32,
    reader: Option<Reader>,
    wanted: Option<bool>,
}

impl Sources {
    /// Listens at `socket`.
    pub fn new(socket: &Path, interval: u64) -> io::Result<Sources> {
        let listener = UnixListener::bind(socket)?;
        listener.set_nonblocking(true)?;
        Ok(Sources { listener, windows: Vec::new(), interval })
    }

    /// Waits until there is news of windows, or for `timeout`, and takes note of it.
    pub fn wait(&mut self, timeout: Timespec) {
        let mut fds = vec![PollFd::new(&self.listener, PollFlags::IN)];
        fds.extend(self.windows.iter().map(|source| PollFd::new(&source.stream, PollFlags::IN)));
        if poll(&mut fds, Some(&timeout)).is_err() {
            return;
        }
        while let Ok((stream, _)) = self.listener.accept() {
            self.windows.push(Source { stream, window: 0, reader: None, wanted: None });
        }
        self.windows.retain_mut(Source::listen);
    }

    /// The window to record, of those that have a frame; the others are told that theirs are not wanted.
    pub fn choose(&mut self) -> Option<&Source> {
        let mut chosen: Option<(usize, u64)> = None;
        for (index, source) in self.windows.iter().enumerate() {
            let (width, height) = source.reader.as_ref().map_or((0, 0), Reader::size);
            let area = u64::from(width) * u64::from(height);
            if area > chosen.map_or(0, |(_, most)| most) {
                chosen = Some((index, area));
            }
        }
        let chosen = chosen?.0;
        let interval = self.interval;
        for (index, source) in self.windows.iter_mut().enumerate() {
            let wanted = index == chosen;
            if source.wanted != Some(wanted)
                && let Some(reader) = &source.reader
            {
                reader.want(wanted.then_some(interval));
                source.wanted = Some(wanted);
            }
        }
        self.windows.get(chosen)
    }
}

impl Source {
    /// Reads the window's latest frame if it is another one than `frame`.
    pub fn read(&self, frame: &mut Frame) -> bool {
        self.reader.as_ref().is_some_and(|reader| reader.read(frame))
    }

    /// Takes what has been sent; false once the window is gone.
    fn listen(&mut self) -> bool {
        loop {
            match receive(&self.stream) {
                Ok(Some((window, memory))) => {
                    self.window = window;
                    self.reader = Reader::new(memory).ok();
                    self.wanted = None;
                }
                Ok(None) => return false,
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }
}

/// A message: a window and its memory. None at the end.
fn receive(stream: &UnixStream) -> io::Result<Option<(u32, OwnedFd)>> {
    let mut message = [0; MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(stream.as_fd(), &mut [IoSliceMut::new(&mut message)], &mut control, flags)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let memory = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    let (hello, window) = message.split_at(HELLO.len());
    match (memory, <[u8; 4]>::try_from(window)) {
        (Some(memory), Ok(window)) if received.bytes == MESSAGE && hello == HELLO => {
            Ok(Some((u32::from_ne_bytes(window), memory)))
        }
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
