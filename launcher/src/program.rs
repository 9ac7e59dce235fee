//! The program to run: whether it can be, and running it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use rustix::fs::{Access, access};
use rustix::process::Pid;

use crate::Variable;
use crate::failure::Failure;
use crate::signals::Inherited;

/// Looks for `program` as execvp(3) does, so that one that cannot run is told before any server is started. Gives its path.
pub fn check(program: &OsStr) -> Result<PathBuf, Failure> {
    if program.as_bytes().contains(&b'/') {
        return match runnable(Path::new(program)) {
            Ok(()) => Ok(program.into()),
            Err(error) if missing(&error) => {
                Err(Failure::NotFound { program: program.into(), why: "no such file" })
            }
            Err(error) => Err(Failure::NotExecutable { program: program.into(), why: error }),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let mut refused = None;
    for dir in std::env::split_paths(&path).filter(|_| !program.is_empty()) {
        // An empty entry of PATH is the current directory.
        let dir = if dir.as_os_str().is_empty() { PathBuf::from(".") } else { dir };
        let file = dir.join(program);
        match runnable(&file) {
            Ok(()) => return Ok(file),
            Err(error) if missing(&error) => {}
            Err(error) => refused = Some(error),
        }
    }
    Err(match refused {
        Some(error) => Failure::NotExecutable { program: program.into(), why: error },
        None => Failure::NotFound { program: program.into(), why: "it is in no directory of PATH" },
    })
}

/// Whether there is a program of this name, or at this path, that can be run.
pub fn is_installed(name: &str) -> bool {
    check(OsStr::new(name)).is_ok()
}

fn runnable(file: &Path) -> io::Result<()> {
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(access(file, Access::EXEC_OK)?)
}

fn missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Starts the program in our process group, with its output going to `output` if that is given, with the signal dispositions and mask that glxrun was started with.
pub fn spawn(
    program: &OsStr,
    args: &[OsString],
    variables: Vec<Variable>,
    output: Option<File>,
    inherited: Inherited,
) -> Result<Pid, Failure> {
    let mut command = Command::new(program);
    command.args(args).envs(variables);
    if let Some(output) = output {
        let both = output.try_clone().context("cannot share a file")?;
        command.stdin(Stdio::null()).stdout(output).stderr(both);
    }
    // SAFETY: between fork and exec, `restore` only makes async-signal-safe calls.
    unsafe { command.pre_exec(move || inherited.restore()) };
    match command.spawn() {
        Ok(child) => Pid::from_raw(child.id() as i32).context("no process id").map_err(Failure::Own),
        // `check` has seen the file, so what is missing is the interpreter that it names.
        Err(error) if missing(&error) => {
            Err(Failure::NotFound { program: program.into(), why: "its interpreter is missing" })
        }
        Err(error) => Err(Failure::NotExecutable { program: program.into(), why: error }),
    }
}
