//! The library exports what interposer/exports.txt lists, nothing more: each name takes over a function of the program's.

use std::collections::BTreeSet;
use std::process::Command;

use glxrun_tests::{Program, Result, artifacts, ensure};

#[test]
fn the_exported_names_are_those_of_the_list() -> Result<()> {
    let mut nm = Command::new("nm");
    nm.args(["-D", "--defined-only", "--format=posix"]).arg(artifacts::directory()?.join("libglxrun.so"));
    let output = Program::run(nm)?.success()?.stdout;
    let exported: BTreeSet<&str> = output.lines().filter_map(|line| line.split(' ').next()).collect();
    let listed: BTreeSet<&str> = include_str!("../../interposer/exports.txt").lines().collect();
    let added: Vec<_> = exported.difference(&listed).collect();
    let missing: Vec<_> = listed.difference(&exported).collect();
    ensure!(
        added.is_empty() && missing.is_empty(),
        "libglxrun.so and interposer/exports.txt differ: the library has besides {added:?} and lacks {missing:?}"
    );
    Ok(())
}
