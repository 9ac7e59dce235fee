//! The file that `--trace` names: made before the program runs, so that one that cannot be is told of at once.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::fs::OFlags;

use crate::Variable;

/// Makes the file, empty and for its owner only, and gives the variable that leads the library to it, whatever the
/// program's working directory is.
pub fn prepare(file: Option<&Path>) -> Result<Option<Variable>> {
    let Some(file) = file.filter(|file| file.as_os_str() != "-") else { return Ok(None) };
    let place = std::path::absolute(file).context("cannot tell the current directory")?;
    let failed = || format!("cannot write the trace to {}. Name another file after --trace", file.display());
    // A pipe without a reader would hold everything up, and one whose reader leaves would end the program.
    if fs::metadata(&place).is_ok_and(|found| !found.is_file()) {
        bail!(
            "cannot write the trace to {}: it is no regular file. Name another after --trace, or - for stderr",
            file.display()
        );
    }
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .mode(0o600)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(&place)
        .with_context(failed)?;
    opened.set_len(0).with_context(failed)?;
    opened.set_permissions(Permissions::from_mode(0o600)).with_context(failed)?;
    Ok(Some(("GLXRUN_TRACE".into(), place.into())))
}
