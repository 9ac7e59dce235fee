//! The password of a view, and the file by which a VNC server is told of it.
//!
//! VNC's own authentication takes 8 bytes of a password. The servers read it from a file that holds it encrypted with a
//! key that everybody knows (`vncpasswd` writes such files): its mode is what protects it.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use des::Des;
use des::cipher::{BlockCipherEncrypt, KeyInit};

use crate::say;

/// Bytes of a password that VNC looks at.
pub const LENGTH: usize = 8;

/// RFB's fixed key, with the bits of each byte in the order that DES has them.
const KEY: [u8; 8] = [0x17, 0x52, 0x6b, 0x06, 0x23, 0x4e, 0x58, 0x07];

/// What a random password is made of: nothing that is easily taken for something else.
const ALPHABET: &[u8; 56] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

/// Bytes of a password file that are looked at.
const MOST: u64 = 1 << 16;

/// A password, cut to what VNC looks at.
#[derive(Clone)]
pub struct Password(Vec<u8>);

impl Password {
    /// The first line of a file.
    pub fn read(file: &Path) -> Result<Password> {
        let name = file.display();
        let mut content = Vec::new();
        std::fs::File::open(file)
            .and_then(|file| file.take(MOST).read_to_end(&mut content))
            .with_context(|| format!("cannot read the password file {name}"))?;
        let mode = file.metadata().map_or(0, |meta| meta.permissions().mode());
        if mode & 0o004 != 0 {
            say!("every user of this machine can read the password file {name}; chmod 600 keeps it private");
        }
        let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        ensure!(!line.is_empty(), "the password file {name} has an empty first line");
        ensure!(
            !line.contains(&0),
            "the password in {name} holds a zero byte, which VNC cannot tell from its end"
        );
        if line.len() > LENGTH {
            say!(
                "VNC looks at the first {LENGTH} bytes of a password; the rest of that in {name} counts for nothing"
            );
        }
        Ok(Password(line[..line.len().min(LENGTH)].to_owned()))
    }

    /// A random one.
    pub fn random() -> Result<Password> {
        let mut random = std::fs::File::open("/dev/urandom").context("cannot open /dev/urandom")?;
        let mut password = Vec::new();
        while password.len() < LENGTH {
            let mut byte = [0];
            random.read_exact(&mut byte).context("cannot read /dev/urandom")?;
            // Bytes above the last whole multiple would favour the alphabet's beginning.
            if usize::from(byte[0]) < 256 / ALPHABET.len() * ALPHABET.len() {
                password.push(ALPHABET[usize::from(byte[0]) % ALPHABET.len()]);
            }
        }
        Ok(Password(password))
    }

    /// The password as text, to be told to the user.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// Writes the file that VNC servers read, mode 0600.
    pub fn save(&self, file: &Path) -> Result<()> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        made.and_then(|mut made| made.write_all(&self.obscured()))
            .with_context(|| format!("cannot write {}", file.display()))
    }

    fn obscured(&self) -> [u8; LENGTH] {
        let mut block = [0; LENGTH];
        block[..self.0.len()].copy_from_slice(&self.0);
        let mut block = block.into();
        Des::new(&KEY.map(u8::reverse_bits).into()).encrypt_block(&mut block);
        block.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_what_vncpasswd_writes() {
        let obscured = Password(b"password".to_vec()).obscured();
        assert_eq!(obscured, [0xdb, 0xd8, 0x3c, 0xfd, 0x72, 0x7a, 0x14, 0x58]);
    }

    #[test]
    fn random_passwords_are_of_full_length_and_differ() {
        let [first, second] =
            [Password::random(), Password::random()].map(|password| password.expect("one").text());
        assert_eq!((first.len(), second.len()), (LENGTH, LENGTH));
        assert_ne!(first, second);
    }
}
