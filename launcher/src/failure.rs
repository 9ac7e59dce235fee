//! Why a run did not happen, and the exit status that says so, as `env` and `timeout` have it.

use std::ffi::OsString;

use crate::say;

/// A run that ended without the program's own exit status.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// glxrun could not do its part.
    #[error("{0:#}")]
    Own(#[from] anyhow::Error),
    /// The program exists, but cannot be run.
    #[error("cannot run {program:?}: {why}")]
    NotExecutable { program: OsString, why: std::io::Error },
    /// There is no such program.
    #[error("cannot find the program {program:?}: {why}")]
    NotFound { program: OsString, why: &'static str },
    /// This signal came before the program was started.
    #[error("ended by signal {0} before the program was started")]
    Interrupted(i32),
    /// This signal ended glxrun while it watched the program, which has been ended too.
    #[error("ended by signal {0}")]
    Stopped(i32),
}

impl Failure {
    /// Prints the reason.
    pub fn report(&self) {
        say!("{self}");
    }

    /// glxrun's exit status.
    pub fn status(&self) -> u8 {
        match self {
            Failure::Own(_) => 125,
            Failure::NotExecutable { .. } => 126,
            Failure::NotFound { .. } => 127,
            Failure::Interrupted(signal) | Failure::Stopped(signal) => 128 + *signal as u8,
        }
    }
}
