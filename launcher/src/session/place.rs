//! Where a session is found: a socket in a directory that only this user can enter.
//!
//! The directory is `glxrun` in XDG_RUNTIME_DIR where that is private, else `/tmp/glxrun-UID`; who looks for a session
//! looks in both, so that no variable has to be passed on. A locked file says that a session lives, so that
//! what a killed one left is no obstacle. Whoever connects is sent the variables that lead to the session's sides, once
//! they are up.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::net::sockopt::socket_peercred;
use rustix::process::getuid;

use crate::{Variable, scratch};

/// How long a session may take to come up, or to answer.
const ANSWER: Duration = Duration::from_secs(60);
/// The end of a whole answer.
const END: &[u8] = b"END";

/// The directories in which a session may be, the one for new ones first.
fn directories() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|dir| scratch::is_private(dir)).map(|dir| dir.join("glxrun"));
    runtime.into_iter().chain([PathBuf::from(format!("/tmp/glxrun-{}", getuid().as_raw()))]).collect()
}

/// Fails unless the directory is ours alone, and no link.
fn check(directory: &Path) -> Result<()> {
    let meta = directory.symlink_metadata()?;
    let private = meta.is_dir() && meta.uid() == getuid().as_raw() && meta.permissions().mode() & 0o077 == 0;
    ensure!(private, "{} is not a directory of this user alone (mode 700)", directory.display());
    Ok(())
}

/// A session's place while it lives; given up on drop.
pub struct Place {
    listener: UnixListener,
    socket: PathBuf,
    lock: PathBuf,
    _locked: File,
}

impl Place {
    /// Takes the place of the session `name`. From here on who looks for it waits for an answer.
    pub fn take(name: &str) -> Result<Place> {
        let directory = directories().remove(0);
        let lock = directory.join(format!("{name}.lock"));
        let Some(locked) = take_lock(&lock).with_context(|| format!("cannot lock {}", lock.display()))?
        else {
            bail!("a session {name:?} is running already; another name (--session) makes another session");
        };
        let socket = directory.join(format!("{name}.socket"));
        let _ = std::fs::remove_file(&socket);
        let listener =
            UnixListener::bind(&socket).with_context(|| format!("cannot listen at {}", socket.display()))?;
        listener.set_nonblocking(true).context("cannot set up a socket")?;
        Ok(Place { listener, socket, lock, _locked: locked })
    }

    /// Becomes readable when somebody looks for the session.
    pub fn knock(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// Answers all who look for it.
    pub fn answer(&self, variables: &[Variable]) {
        let mut text = Vec::new();
        for (name, value) in variables {
            text.extend([name.as_bytes(), b"=", value.as_bytes(), b"\0"].concat());
        }
        text.extend(END);
        // The answer fits into the socket's buffer; who does not read it harms nobody.
        while let Ok((mut stream, _)) = self.listener.accept() {
            let _ = stream.set_nonblocking(true).and_then(|()| stream.write_all(&text));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
        let _ = std::fs::remove_file(&self.lock);
        // Unless other sessions are there.
        let _ = self.lock.parent().map(std::fs::remove_dir);
    }
}

/// The file, made if need be, and locked; None if another process has it locked.
fn take_lock(path: &Path) -> Result<Option<File>> {
    loop {
        make(path.parent().unwrap_or(Path::new("/")))?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = match options.custom_flags(OFlags::NOFOLLOW.bits() as i32).open(path) {
            Ok(file) => file,
            // Another session has ended and removed the directory.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        // Its last owner may have removed it meanwhile, and then it locks nobody out.
        let ours = file.metadata()?.ino();
        if path.symlink_metadata().is_ok_and(|meta| meta.ino() == ours) {
            return Ok(Some(file));
        }
    }
}

/// Makes the directory unless it is there, and checks it.
fn make(directory: &Path) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("cannot make the directory {}", directory.display()))
        }
        _ => check(directory),
    }
}

/// The variables of the session `name`; None if it does not run. Waits until it is up.
pub fn look_up(name: &str) -> Result<Option<Vec<Variable>>> {
    for directory in directories() {
        let socket = directory.join(format!("{name}.socket"));
        if check(&directory).is_err() {
            continue;
        }
        let Ok(mut stream) = UnixStream::connect(&socket) else { continue };
        let peer = socket_peercred(&stream).context("cannot tell whose session it is")?;
        ensure!(peer.uid == getuid(), "{} is another user's", socket.display());
        stream.set_read_timeout(Some(ANSWER)).context("cannot set up a socket")?;
        let mut text = Vec::new();
        let read = stream.read_to_end(&mut text);
        ensure!(
            read.is_ok() && text.ends_with(END),
            "the session {name:?} (process {}) has ended or does not answer; --session none does without it",
            peer.pid
        );
        text.truncate(text.len() - END.len());
        let entries = text.split(|byte| *byte == 0).filter_map(|entry| {
            let equals = entry.iter().position(|byte| *byte == b'=')?;
            let text = |bytes: &[u8]| std::ffi::OsString::from_vec(bytes.to_vec());
            Some((text(&entry[..equals]), text(&entry[equals + 1..])))
        });
        return Ok(Some(entries.collect()));
    }
    Ok(None)
}
