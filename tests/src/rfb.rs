//! A VNC client of the tests' own: RFC 6143 with VNC authentication and raw pixels.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, bail, ensure};
use des::Des;
use des::cipher::{BlockCipherEncrypt, KeyInit};

use crate::program::deadline;

/// X's keysym of the escape key.
pub const ESCAPE: u32 = 0xff1b;

/// A client that has been let in.
pub struct Viewer {
    stream: TcpStream,
    /// Pixels from left to right, and from top to bottom.
    pub size: (u16, u16),
}

/// How a client says who it is.
#[derive(Clone, Copy, Debug)]
pub enum Login<'a> {
    /// By a password.
    Password(&'a str),
    /// Not at all (security type None), whether or not the server offers that.
    Nothing,
}

impl Viewer {
    /// Connects; an error if the server does not let it in.
    pub fn connect(address: SocketAddr, login: Login) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, deadline())?;
        stream.set_read_timeout(Some(deadline()))?;
        let mut viewer = Self { stream, size: (0, 0) };
        let version: [u8; 12] = viewer.read()?;
        ensure!(version.starts_with(b"RFB 003."), "not an RFB server");
        viewer.write(b"RFB 003.008\n")?;
        let [kinds] = viewer.read()?;
        let mut offered = vec![0; kinds.into()];
        viewer.stream.read_exact(&mut offered)?;
        match login {
            Login::Nothing => {
                ensure!(!offered.contains(&1), "the server offers to do without a password");
                viewer.write(&[1])?;
            }
            Login::Password(password) => {
                ensure!(offered.contains(&2), "VNC authentication is not offered, but {offered:?}");
                viewer.write(&[2])?;
                let challenge: [u8; 16] = viewer.read()?;
                viewer.write(&respond(password, challenge))?;
            }
        }
        let result = u32::from_be_bytes(viewer.read()?);
        ensure!(result == 0, "the server refuses: {result}");
        // Shared with others.
        viewer.write(&[1])?;
        let [a, b, c, d] = viewer.read()?;
        viewer.size = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let _format: [u8; 16] = viewer.read()?;
        let name = u32::from_be_bytes(viewer.read()?);
        viewer.skip(name as usize)?;
        // 32 bits a pixel, little-endian, 8 bits a colour, blue lowest; then raw pixels only.
        viewer.write(&[0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0])?;
        viewer.write(&[2, 0, 0, 1, 0, 0, 0, 0])?;
        Ok(viewer)
    }

    /// The whole screen: rows of 0xRRGGBB, from the top.
    pub fn screen(&mut self) -> Result<Vec<u32>> {
        let (width, height) = self.size;
        let [a, b] = width.to_be_bytes();
        let [c, d] = height.to_be_bytes();
        self.write(&[3, 0, 0, 0, 0, 0, a, b, c, d])?;
        let mut pixels = vec![0; usize::from(width) * usize::from(height)];
        let mut left = pixels.len();
        while left > 0 {
            match self.read()? {
                [0u8] => {
                    let [_padding, a, b] = self.read()?;
                    for _ in 0..u16::from_be_bytes([a, b]) {
                        left = left.saturating_sub(self.rectangle(&mut pixels)?);
                    }
                }
                [2] => {}
                [3] => {
                    let [_, _, _, a, b, c, d] = self.read()?;
                    self.skip(u32::from_be_bytes([a, b, c, d]) as usize)?;
                }
                [kind] => bail!("a message of type {kind}"),
            }
        }
        Ok(pixels)
    }

    /// Reads a rectangle into `pixels` and gives the number of its pixels.
    fn rectangle(&mut self, pixels: &mut [u32]) -> Result<usize> {
        let head: [u8; 12] = self.read()?;
        let number = |at: usize| usize::from(u16::from_be_bytes([head[at], head[at + 1]]));
        let (x, y, width, height) = (number(0), number(2), number(4), number(6));
        ensure!(head[8..] == [0; 4], "an encoding that was not asked for: {:?}", &head[8..]);
        let mut row = vec![0; width * 4];
        for line in y..y + height {
            self.stream.read_exact(&mut row)?;
            let start = line * usize::from(self.size.0) + x;
            let target = pixels.get_mut(start..start + width).context("a rectangle beyond the screen")?;
            for (pixel, bytes) in target.iter_mut().zip(row.as_chunks::<4>().0) {
                *pixel = u32::from_le_bytes(*bytes) & 0xff_ffff;
            }
        }
        Ok(width * height)
    }

    /// Moves the pointer.
    pub fn point(&mut self, x: u16, y: u16) -> Result<()> {
        let ([a, b], [c, d]) = (x.to_be_bytes(), y.to_be_bytes());
        self.write(&[5, 0, a, b, c, d])
    }

    /// Presses and releases a key, given by its keysym.
    pub fn press(&mut self, keysym: u32) -> Result<()> {
        let [a, b, c, d] = keysym.to_be_bytes();
        self.write(&[4, 1, 0, 0, a, b, c, d])?;
        self.write(&[4, 0, 0, 0, a, b, c, d])
    }

    fn read<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).context("the VNC server says no more")?;
        Ok(bytes)
    }

    fn skip(&mut self, length: usize) -> Result<()> {
        Ok(self.stream.read_exact(&mut vec![0; length])?)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }
}

/// The challenge, encrypted with the password.
fn respond(password: &str, challenge: [u8; 16]) -> Vec<u8> {
    let mut key = [0; 8];
    for (key, byte) in key.iter_mut().zip(password.bytes()) {
        *key = byte.reverse_bits();
    }
    let cipher = Des::new(&key.into());
    let mut response = Vec::new();
    for half in challenge.as_chunks::<8>().0 {
        let mut block = (*half).into();
        cipher.encrypt_block(&mut block);
        response.extend_from_slice(&block);
    }
    response
}
