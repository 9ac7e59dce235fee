//! A line in the making: in place, since a traced call must not allocate where the program's own would not.

use std::fmt::{self, Write};

/// Room for a line, in bytes; a longer one is cut.
pub const CAPACITY: usize = 2048;

/// Text of at most [`CAPACITY`] bytes.
pub struct Line {
    bytes: [u8; CAPACITY],
    length: usize,
}

impl Line {
    /// No text.
    pub fn new() -> Self {
        Self { bytes: [0; CAPACITY], length: 0 }
    }

    /// The text so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The length in bytes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Leaves the first `length` bytes at most.
    pub fn cut(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Makes the text `length` bytes long, by spaces at its end or by leaving out what is too much.
    pub fn pad(&mut self, length: usize) {
        while self.length < length.min(CAPACITY) {
            self.byte(b' ');
        }
        self.cut(length);
    }

    /// Adds another line's text.
    pub fn append(&mut self, other: &Self) {
        other.bytes().iter().for_each(|&byte| self.byte(byte));
    }

    /// Adds a byte.
    pub fn byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    /// Adds formatted text.
    pub fn text(&mut self, text: fmt::Arguments<'_>) {
        // Never fails: what does not fit is left out.
        let _ = self.write_fmt(text);
    }

    /// Adds a string in quotes, `most` bytes of it. Bytes that are not printable ASCII are written as `\xNN`.
    pub fn quoted(&mut self, string: &[u8], most: usize) {
        self.byte(b'"');
        for &byte in string.iter().take(most) {
            match byte {
                b'"' | b'\\' => self.text(format_args!("\\{}", char::from(byte))),
                b' '..=b'~' => self.byte(byte),
                other => self.text(format_args!("\\x{other:02x}")),
            }
        }
        self.byte(b'"');
        if string.len() > most {
            self.text(format_args!("..."));
        }
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.byte(byte));
        Ok(())
    }
}
