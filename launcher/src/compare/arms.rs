//! The arms of a comparison: the ways in which the program is run.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

/// A way to run the program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Arm {
    /// Its name, which `--fail-if` uses.
    pub name: String,
    /// What runs the program.
    pub kind: Kind,
    /// glxrun's options for it, beside those for all arms.
    pub options: Vec<String>,
}

/// What runs the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The driver's own GLX or EGL; glxrun's library only watches.
    Direct,
    /// glxrun.
    Split,
    /// VirtualGL; glxrun's library only watches.
    VirtualGl,
}

/// The arms that have names: what each is, in words, and its options.
const NAMED: [(&str, Kind, &[&str], &str); 6] = [
    ("direct", Kind::Direct, &[], "the driver's own GLX or EGL, without a split"),
    ("split", Kind::Split, &[], "glxrun, as it is without options"),
    ("glx", Kind::Split, &["-d", "xvfb"], "glxrun, rendering through GLX on a second X server"),
    ("egl", Kind::Split, &["-d", "egl"], "glxrun, rendering on an EGL device"),
    ("framebuffer", Kind::Split, &["--sink", "framebuffer"], "glxrun, frames written into the Xvfb's screen"),
    ("vglrun", Kind::VirtualGl, &[], "VirtualGL, every frame shown"),
];

impl Arm {
    /// Reads one of `--arms`' words: a name, or `NAME=OPTIONS`.
    pub fn parse(word: &str) -> Result<Arm> {
        let (name, options) = match word.split_once('=') {
            Some((name, options)) => (name.trim(), Some(options)),
            None => (word.trim(), None),
        };
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        ensure!(
            plain && name.starts_with(|first: char| first.is_ascii_alphabetic()),
            "--arms: {name:?} is no name for an arm; it may have letters, digits and _ and begins with a letter"
        );
        let named = NAMED.iter().find(|(known, ..)| *known == name);
        if let Some(options) = options {
            let kind = named.map_or(Kind::Split, |(_, kind, ..)| *kind);
            ensure!(
                kind == Kind::Split,
                "--arms: {name} takes no options; give an arm of glxrun another name"
            );
            let options = options.split_whitespace().map(str::to_owned).collect();
            return Ok(Arm { name: name.to_owned(), kind, options });
        }
        let Some((_, kind, options, _)) = named else {
            let known: Vec<&str> = NAMED.iter().map(|(name, ..)| *name).collect();
            bail!(
                "--arms: there is no arm {name:?}; there are {} and all, and NAME='OPTIONS' makes one of glxrun's options",
                known.join(", ")
            );
        };
        Ok(Arm {
            name: name.to_owned(),
            kind: *kind,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
        })
    }

    /// Reads the words of `--arms`, and gives arms of equal names different ones: split, split2, ...
    pub fn parse_all(words: &[String], named_display: bool) -> Result<Vec<Arm>> {
        let mut arms: Vec<Arm> = Vec::new();
        let mut add = |mut arm: Arm| {
            let wanted = arm.name.clone();
            for number in 2.. {
                if arms.iter().all(|other| other.name != arm.name) {
                    break;
                }
                arm.name = format!("{wanted}{number}");
            }
            arms.push(arm);
        };
        for word in words {
            if word == "all" {
                // Beside those that were named already.
                let more = all(named_display)?.into_iter().filter(|arm| !words.contains(&arm.name));
                more.for_each(&mut add);
            } else {
                add(Arm::parse(word)?);
            }
        }
        if arms.iter().any(|arm| arm.kind == Kind::VirtualGl) {
            vglrun().context(
                "the arm vglrun needs VirtualGL, whose vglrun is neither on PATH nor in /opt/VirtualGL/bin. \
                 Install it (https://virtualgl.org) or leave the arm out",
            )?;
        }
        Ok(arms)
    }

    /// What it is, in words.
    pub fn describe(&self) -> String {
        let known = NAMED.iter().find(|(name, kind, options, _)| {
            self.name.starts_with(name) && *kind == self.kind && self.options == *options
        });
        match known {
            Some((.., words)) => (*words).to_owned(),
            None => format!("glxrun {}", self.options.join(" ")),
        }
    }
}

/// What can run here: both back ends and both sinks, and VirtualGL where it is installed. `named_display`: the windows are on a
/// display of the user's, where there is no file of the screen.
fn all(named_display: bool) -> Result<Vec<Arm>> {
    let there = |name: &str| match name {
        "split" => false,
        "framebuffer" => !named_display,
        "vglrun" => vglrun().is_some(),
        _ => true,
    };
    NAMED.iter().map(|(name, ..)| *name).filter(|name| there(name)).map(Arm::parse).collect()
}

/// VirtualGL's launcher.
pub fn vglrun() -> Option<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).chain([PathBuf::from("/opt/VirtualGL/bin")]);
    dirs.map(|dir| dir.join("vglrun")).find(|file| file.is_file()).map(OsString::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arms(words: &[&str]) -> Result<Vec<Arm>> {
        Arm::parse_all(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), false)
    }

    #[test]
    fn names_options_and_repetitions() {
        let arms = arms(&["direct", "split", "split", "fast=--opaque fast  --spoil off"]).expect("arms");
        let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
        assert_eq!(names, ["direct", "split", "split2", "fast"]);
        assert_eq!(arms[2].describe(), "glxrun, as it is without options");
        assert_eq!(arms[3].options, ["--opaque", "fast", "--spoil", "off"]);
        assert_eq!(arms[3].describe(), "glxrun --opaque fast --spoil off");
    }

    #[test]
    fn all_are_those_that_were_not_named() {
        let names: Vec<String> =
            arms(&["split", "direct", "all"]).expect("arms").into_iter().map(|arm| arm.name).collect();
        assert_eq!(names[..5], ["split", "direct", "glx", "egl", "framebuffer"]);
    }

    #[test]
    fn unknown_arms_are_refused_with_what_there_is() {
        let error = |word| arms(&[word]).expect_err("no arm").to_string();
        assert!(error("splti").contains("there are direct, split, glx, egl, framebuffer, vglrun and all"));
        assert!(error("a-b").contains("letters, digits and _"));
        assert!(error("direct=--fps 3").contains("takes no options"));
        assert!(error("").contains("no name"));
    }
}
