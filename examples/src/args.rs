//! Command lines of the examples: `--name value`, `--switch` and words.

use std::str::FromStr;

use crate::{Error, Result};

/// What is left of a command line while options are taken from it.
pub struct Args {
    rest: Vec<String>,
}

impl Args {
    /// The process's arguments, without the program's name.
    pub fn from_env() -> Self {
        Self { rest: std::env::args().skip(1).collect() }
    }

    /// Whether the switch `name` is there.
    pub fn switch(&mut self, name: &str) -> bool {
        let before = self.rest.len();
        self.rest.retain(|argument| argument != name);
        self.rest.len() != before
    }

    /// The value that follows the option `name`, or `default`.
    pub fn option<T: FromStr>(&mut self, name: &str, default: T) -> Result<T>
    where
        T::Err: std::fmt::Display,
    {
        self.optional(name).map(|value| value.unwrap_or(default))
    }

    /// The value that follows the option `name`, if it is there.
    pub fn optional<T: FromStr>(&mut self, name: &str) -> Result<Option<T>>
    where
        T::Err: std::fmt::Display,
    {
        let Some(at) = self.rest.iter().position(|argument| argument == name) else { return Ok(None) };
        let text = self.rest.get(at + 1).cloned().ok_or_else(|| format!("{name} needs a value"))?;
        self.rest.drain(at..at + 2);
        text.parse().map(Some).map_err(|error| format!("{name} {text}: {error}").into())
    }

    /// The first word that is not an option.
    pub fn word(&mut self) -> Option<String> {
        let at = self.rest.iter().position(|argument| !argument.starts_with('-'))?;
        Some(self.rest.remove(at))
    }

    /// Fails if anything is left.
    pub fn finish(self) -> Result<()> {
        match self.rest.first() {
            None => Ok(()),
            Some(argument) => Err(format!("unknown argument {argument:?}").into()),
        }
    }
}

/// Width and height in pixels, written `640x480`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u32, pub u32);

impl Size {
    /// As OpenGL wants it.
    pub fn signed(self) -> (i32, i32) {
        (self.0 as i32, self.1 as i32)
    }
}

impl FromStr for Size {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
        match parts {
            Some((width @ 1..=32767, height @ 1..=32767)) => Ok(Size(width, height)),
            _ => Err("a size is written WIDTHxHEIGHT, such as 640x480".into()),
        }
    }
}

/// Sizes separated by commas.
#[derive(Clone, Debug)]
pub struct Sizes(pub Vec<Size>);

impl FromStr for Sizes {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.split(',').map(Size::from_str).collect::<Result<_>>().map(Sizes)
    }
}
