//! Where the things under test are: glxrun, its library, the example programs. Built with cargo when that is needed, so
//! that the tests of this crate can be run alone from a fresh clone.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, ensure};

/// The directory that holds `glxrun`, `libglxrun.so`, `libglxrun_vulkan.so`, `scene`, `eglscene`, `engine` and `colours`, all up to date.
pub fn directory() -> Result<&'static Path> {
    static DIRECTORY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = DIRECTORY.get_or_init(|| find_or_build().map_err(|error| format!("{error:#}")));
    built.as_deref().map_err(|error| anyhow!("{error}"))
}

/// The path of a built program, such as `glxrun` or `scene`.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = directory()?.join(name);
    ensure!(path.is_file(), "{} was not built", path.display());
    Ok(path)
}

fn find_or_build() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("GLXRUN_TEST_BIN_DIR") {
        return Ok(given.into());
    }
    // A test runs as target/PROFILE/deps/NAME, a program as target/PROFILE/NAME; what cargo builds is in the latter.
    let own = std::env::current_exe()?;
    let folder = own.parent().context("this program lies in no directory")?;
    let directory = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    let directory = directory.context("this program lies outside of a target directory")?;
    build_once_per_run(directory)?;
    Ok(directory.to_owned())
}

/// nextest runs each test in a process of its own: the first of a run builds, the others find how that went.
fn build_once_per_run(directory: &Path) -> Result<()> {
    let lock = File::create(directory.join("glxrun-tests.lock"))?;
    lock.lock()?;
    let note = directory.join("glxrun-tests.run");
    let run = std::env::var("NEXTEST_RUN_ID").unwrap_or_default();
    let noted = std::fs::read_to_string(&note).unwrap_or_default();
    if let Some((_, failure)) = noted.split_once('\n').filter(|(noted, _)| !run.is_empty() && *noted == run) {
        ensure!(failure.is_empty(), "{failure}");
        return Ok(());
    }
    let outcome = build(directory);
    let failure = outcome.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default();
    std::fs::write(&note, format!("{run}\n{failure}"))?;
    outcome
}

fn build(directory: &Path) -> Result<()> {
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--profile", profile]);
    for package in ["glxrun-launcher", "glxrun-interposer", "glxrun-vulkan", "glxrun-examples"] {
        command.args(["--package", package]);
    }
    command.arg("--manifest-path").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"));
    command.env("CARGO_TARGET_DIR", directory.parent().context("no target directory")?);
    let output = command.output().context("cannot run cargo")?;
    ensure!(
        output.status.success(),
        "building what is to be tested failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
