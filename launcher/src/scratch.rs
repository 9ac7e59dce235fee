//! A private directory for a run: cookies, server messages, the counters file. It goes with the run.

use std::fs::Permissions;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::process::getuid;
use tempfile::TempDir;

use crate::Variable;

/// What the directories' names begin with.
pub const PREFIX: &str = "glxrun-";
/// The names of files in them.
pub const COUNTERS: &str = "counters";
pub const RECORDS: &str = "records";
pub const ABOUT: &str = "about";

/// The directory, mode 0700, removed on drop.
pub struct Scratch(TempDir);

impl Scratch {
    /// Makes it in XDG_RUNTIME_DIR where that is as private as it should be, else in TMPDIR or /tmp.
    pub fn new() -> Result<Scratch> {
        if let Some(runtime) = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)
            && is_private(&runtime)
            && let Ok(scratch) = Scratch::within(&runtime)
        {
            return Ok(scratch);
        }
        let tmp = std::path::absolute(std::env::temp_dir()).context("cannot tell the current directory")?;
        Scratch::within(&tmp).with_context(|| {
            format!("cannot make a directory in {}; name another with TMPDIR", tmp.display())
        })
    }

    fn within(parent: &Path) -> std::io::Result<Scratch> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).permissions(Permissions::from_mode(0o700));
        builder.tempdir_in(parent).map(Scratch)
    }

    /// A path in the directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Where the counters file is.
    pub fn counters(&self) -> PathBuf {
        self.file(COUNTERS)
    }

    /// Where the file of frame records is.
    pub fn records(&self) -> PathBuf {
        self.file(RECORDS)
    }

    /// Where it is said which program runs.
    pub fn about(&self) -> PathBuf {
        self.file(ABOUT)
    }

    /// Makes a symbolic link to `target` and gives its path.
    pub fn link(&self, name: &str, target: &Path) -> Result<PathBuf> {
        let link = self.file(name);
        symlink(target, &link).with_context(|| format!("cannot make the link {}", link.display()))?;
        Ok(link)
    }

    /// A private XDG_RUNTIME_DIR for the program, where it has none.
    pub fn runtime_dir(&self) -> Result<Option<Variable>> {
        if std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|dir| !dir.is_empty()) {
            return Ok(None);
        }
        let dir = self.file("runtime");
        let made = std::fs::DirBuilder::new().mode(0o700).create(&dir);
        made.with_context(|| format!("cannot make the directory {}", dir.display()))?;
        Ok(Some(("XDG_RUNTIME_DIR".into(), dir.into())))
    }
}

/// A private directory, mode 0700, whose files are in memory where that can be; removed on drop.
pub fn in_memory() -> Result<TempDir> {
    let made = |scratch: Scratch| scratch.0;
    Scratch::within(Path::new("/dev/shm")).map(made).or_else(|_| Scratch::new().map(made))
}

/// Whether it is an absolute path to a directory that is ours alone.
pub fn is_private(dir: &Path) -> bool {
    let ours = |meta: std::fs::Metadata| {
        meta.is_dir() && meta.uid() == getuid().as_raw() && meta.permissions().mode() & 0o077 == 0
    };
    dir.is_absolute() && dir.metadata().is_ok_and(ours)
}
