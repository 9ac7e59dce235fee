//! Tells `glxrun --version` which commit it was built from, where git knows.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"])
        && Path::new(&log).exists()
    {
        println!("cargo::rerun-if-changed={log}");
    }
    let commit = git(&["describe", "--always", "--tags"]).map(|commit| format!(" ({commit})"));
    println!("cargo::rustc-env=GLXRUN_BUILD={}", commit.unwrap_or_default());
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
