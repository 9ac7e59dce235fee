//! The lengths that a server claims, looked at before they are believed.
//!
//! x11rb makes room for a packet as soon as its first 32 bytes are there, up to the 16 GiB that a length can say. A server
//! that lies, or a stream that lost its place, would so end the program for want of memory.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use parking_lot::Mutex;
use x11rb::rust_connection::{DefaultStream, PollMode, Stream};
use x11rb::utils::RawFdContainer;

/// Bytes of the longest packet that is believed: more than the picture of any window that a GPU can draw.
const MOST: u64 = 1 << 30;
/// Bytes of a packet without what its length field adds.
const HEAD: usize = 32;
/// Where the length field ends, in 4-byte units and the server's byte order, which is ours.
const LENGTH_END: usize = 8;
const REPLY: u8 = 1;
const GENERIC_EVENT: u8 = 35;

/// A socket to a server whose packets' lengths are looked at.
#[derive(Debug)]
pub struct Checked {
    inner: DefaultStream,
    /// None until the connection is set up: what the server sends before that has a form and a limit of its own.
    packets: Mutex<Option<Packets>>,
}

impl Checked {
    /// A socket that nothing has been read from.
    pub fn new(inner: DefaultStream) -> Checked {
        Checked { inner, packets: Mutex::new(None) }
    }

    /// The connection is set up: from now on packets come.
    pub fn begin(&self) {
        *self.packets.lock() = Some(Packets::default());
    }
}

impl Stream for Checked {
    fn poll(&self, mode: PollMode) -> io::Result<()> {
        self.inner.poll(mode)
    }

    fn read(&self, buffer: &mut [u8], descriptors: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        let count = self.inner.read(buffer, descriptors)?;
        if let Some(packets) = &mut *self.packets.lock() {
            packets.pass(&buffer[..count])?;
        }
        Ok(count)
    }

    fn write(&self, buffer: &[u8], descriptors: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.inner.write(buffer, descriptors)
    }

    fn write_vectored(
        &self,
        parts: &[IoSlice<'_>],
        descriptors: &mut Vec<RawFdContainer>,
    ) -> io::Result<usize> {
        self.inner.write_vectored(parts, descriptors)
    }
}

impl AsFd for Checked {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl AsRawFd for Checked {
    fn as_raw_fd(&self) -> i32 {
        self.inner.as_raw_fd()
    }
}

/// Follows the borders of packets (X11 protocol, "Request Format" and what follows) through the bytes as they are read.
#[derive(Debug, Default)]
pub(crate) struct Packets {
    /// The first bytes of the packet that is being read.
    start: [u8; LENGTH_END],
    /// How many of its bytes have been read, at most as many as `start` holds.
    read: usize,
    /// How many are left of a packet whose length is known.
    left: u64,
}

impl Packets {
    /// Takes note of the next bytes. An error says that a length cannot be true; the stream is then of no more use.
    pub fn pass(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.left > 0 {
                let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                bytes = &bytes[count..];
                self.left -= count as u64;
                continue;
            }
            let count = (LENGTH_END - self.read).min(bytes.len());
            self.start[self.read..self.read + count].copy_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            self.read += count;
            if self.read == LENGTH_END {
                self.read = 0;
                let length = length(&self.start);
                if length > MOST {
                    let what = format!("the server announces a packet of {length} bytes");
                    return Err(io::Error::new(io::ErrorKind::InvalidData, what));
                }
                self.left = length - LENGTH_END as u64;
            }
        }
        Ok(())
    }
}

fn length(start: &[u8; LENGTH_END]) -> u64 {
    let [kind, _, _, _, units @ ..] = *start;
    let more = if kind == REPLY || kind & 0x7f == GENERIC_EVENT { u32::from_ne_bytes(units) } else { 0 };
    HEAD as u64 + 4 * u64::from(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u8, more: u32, units: u32) -> Vec<u8> {
        let mut packet = vec![kind, 0, 0, 0];
        packet.extend(units.to_ne_bytes());
        packet.resize(HEAD + 4 * more as usize, 0xff);
        packet
    }

    #[test]
    fn borders_are_found_however_the_bytes_come() {
        // An error and an event have no length field; what is there means something else.
        let stream =
            [packet(REPLY, 3, 3), packet(0, 0, !0), packet(22, 0, !0), packet(163, 1, 1), packet(1, 0, 0)];
        let stream = stream.concat();
        for size in 1..stream.len() {
            let mut packets = Packets::default();
            for bytes in stream.chunks(size) {
                packets.pass(bytes).expect("all lengths are true");
            }
            assert_eq!((packets.read, packets.left), (0, 0), "in pieces of {size}");
        }
    }

    #[test]
    fn a_length_that_cannot_be_is_refused_with_the_first_bytes() {
        for kind in [REPLY, GENERIC_EVENT, GENERIC_EVENT | 0x80] {
            let mut packets = Packets::default();
            packets.pass(&packet(REPLY, 0, 0)).expect("a short one");
            assert!(packets.pass(&packet(kind, 0, !0)[..LENGTH_END]).is_err());
        }
    }
}
