//! The tests that pass direct and not split, each with the reason: `tests/conformance/differences.txt`.
//!
//! A line is `NAME | ARMS | REASON`, the arms separated by spaces or `all`; `#` begins a comment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

use crate::run::Arm;

/// The file.
const TEXT: &str = include_str!("../../../conformance/differences.txt");

/// The known differences, by test.
pub struct Differences {
    lines: BTreeMap<String, String>,
}

/// The folder of the expected results.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

impl Differences {
    /// Reads the file.
    pub fn read() -> Result<Self> {
        let mut lines = BTreeMap::new();
        for line in TEXT.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let mut parts = line.split('|').map(str::trim);
            let (Some(name), Some(arms), Some(reason)) = (parts.next(), parts.next(), parts.next()) else {
                bail!("differences.txt: not NAME | ARMS | REASON: {line}");
            };
            ensure!(!reason.is_empty(), "differences.txt: no reason for {name}");
            lines.insert(name.to_owned(), arms.to_owned());
        }
        Ok(Self { lines })
    }

    /// Whether a test is known not to pass in an arm.
    pub fn has(&self, name: &str, arm: Arm) -> bool {
        self.lines
            .get(name)
            .is_some_and(|arms| arms.split(' ').any(|word| word == "all" || word == arm.to_string()))
    }

    /// The names of all tests in the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.keys().map(String::as_str)
    }
}
