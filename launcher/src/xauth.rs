//! Cookies: who may connect to the servers that we start.
//!
//! The format is libXau's: entries of family, address, display number, protocol name and data, each a big-endian
//! u16 length and that many bytes, after a big-endian u16 family.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The protocol that a cookie is for.
pub const PROTOCOL: &[u8] = b"MIT-MAGIC-COOKIE-1";

/// FamilyLocal of X11/Xauth.h: the address is a host name, for connections that stay on the host.
const FAMILY_LOCAL: u16 = 256;

/// A server's secret.
#[derive(Clone)]
pub struct Cookie(pub [u8; 16]);

impl Cookie {
    /// A fresh one.
    pub fn new() -> Result<Cookie> {
        let mut bytes = [0; 16];
        let mut random = std::fs::File::open("/dev/urandom").context("cannot open /dev/urandom")?;
        random.read_exact(&mut bytes).context("cannot read /dev/urandom")?;
        Ok(Cookie(bytes))
    }

    /// As 32 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// From what [`Cookie::to_hex`] gave.
    pub fn from_hex(text: &str) -> Option<Cookie> {
        let bytes: Option<Vec<u8>> = text
            .as_bytes()
            .chunks(2)
            .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
            .collect();
        Some(Cookie(bytes?.try_into().ok()?))
    }

    /// The entry that lets clients on this host connect to display `number`.
    pub fn entry(&self, number: u32) -> Vec<u8> {
        let host = rustix::system::uname();
        let number = number.to_string();
        let mut entry = FAMILY_LOCAL.to_be_bytes().to_vec();
        for field in [host.nodename().to_bytes(), number.as_bytes(), PROTOCOL, &self.0] {
            entry.extend((field.len() as u16).to_be_bytes());
            entry.extend(field);
        }
        entry
    }
}

/// Writes an authority file, mode 0600.
pub fn write(path: &Path, entries: &[u8]) -> Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(entries))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The entries that the user has already; empty where there are none.
pub fn existing() -> Vec<u8> {
    let file = match std::env::var_os("XAUTHORITY") {
        Some(file) => PathBuf::from(file),
        None => PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".Xauthority"),
    };
    std::fs::read(file).unwrap_or_default()
}
