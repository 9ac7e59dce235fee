//! Small C programs and libraries of the tests, compiled when a test needs them: for what depends on how a program was
//! linked, which Rust's own programs do not vary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::program::spawn;

/// The path of a file in the tests' folder `c`.
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("c").join(name)
}

/// Compiles `source` to `output` with more arguments for gcc, such as the libraries to link.
pub fn compile(name: &str, output: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("gcc");
    command.args(["-O1", "-Wall", "-o"]).arg(output).arg(source(name)).args(arguments);
    let output = spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let output = output.wait_with_output()?;
    ensure!(output.status.success(), "gcc {name}:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
