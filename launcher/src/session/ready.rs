//! How a session says that it is up: to a descriptor, once, and in a file that is there while it is.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::{BorrowedFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rustix::io::{FdFlags, fcntl_setfd};

use crate::{Variable, say};

/// Whom to tell.
pub struct Ready {
    descriptor: Option<File>,
    file: Option<PathBuf>,
}

impl Ready {
    /// To be called before this process opens anything, so that a descriptor that was not passed on is found out.
    pub fn new(descriptor: Option<i32>, file: Option<PathBuf>) -> Result<Ready> {
        let descriptor = descriptor.map(open).transpose()?;
        if let Some(file) = &file {
            let directory = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
            ensure!(directory.is_dir(), "--ready-file: {} is no directory", directory.display());
            let _ = std::fs::remove_file(file);
        }
        Ok(Ready { descriptor, file })
    }

    /// The session is up: a line for each variable.
    pub fn tell(&mut self, variables: &[Variable]) {
        let lines =
            variables.iter().map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes(), b"\n"].concat());
        let text: Vec<u8> = lines.flatten().collect();
        if let Some(file) = &self.file {
            // All of it at once.
            let mut early: OsString = file.into();
            early.push(".new");
            let written = std::fs::write(&early, &text).and_then(|()| std::fs::rename(&early, file));
            if let Err(error) = written {
                say!("cannot write {} (--ready-file): {error}", file.display());
            }
        }
        if let Some(mut descriptor) = self.descriptor.take() {
            // Who has gone away need not be told.
            let _ = descriptor.write_all(&text);
        }
    }

    /// The session is not up.
    pub fn take_back(&self) {
        if let Some(file) = &self.file {
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        self.take_back();
    }
}

fn open(number: i32) -> Result<File> {
    ensure!(number >= 0, "--ready-fd {number}: there is no such descriptor");
    // SAFETY: if it is not open, the call below fails with EBADF and it is not used any further.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let told = rustix::io::fcntl_getfd(borrowed);
    told.with_context(|| format!("--ready-fd {number}: glxrun was started without that descriptor"))?;
    if number <= 2 {
        return Ok(File::from(
            rustix::io::fcntl_dupfd_cloexec(borrowed, 3).context("cannot copy a descriptor")?,
        ));
    }
    fcntl_setfd(borrowed, FdFlags::CLOEXEC).context("cannot set up a descriptor")?;
    // SAFETY: it is open, was passed to us for this, and nothing else in this process uses it.
    Ok(unsafe { File::from_raw_fd(number) })
}
