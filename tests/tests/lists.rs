//! Attribute lists of any content: the same answers and the same errors as direct, and nothing is read beyond a list's end.
//!
//! The program is `c/lists.c`, whose lists follow from a seed. PROPTEST_CASES says how many each test makes (500).

use std::path::{Path, PathBuf};

use glxrun_tests::stage::Backend;
use glxrun_tests::{Program, Result, Stage, c, ensure};
use tempfile::TempDir;

fn compile(place: &TempDir) -> Result<PathBuf> {
    let path = place.path().join("lists");
    c::compile("lists.c", &path, &["-l:libGL.so.1", "-l:libEGL.so.1", "-l:libX11.so.6"])?;
    Ok(path)
}

fn cases() -> String {
    std::env::var("PROPTEST_CASES").unwrap_or_else(|_| "500".to_owned())
}

/// What it prints, direct and split.
fn both(stage: &Stage, program: &Path, words: [&str; 2]) -> Result<[Vec<String>; 2]> {
    let (program, cases) = (program.to_string_lossy(), cases());
    let words = [words[0], words[1], &cases];
    let mut direct = stage.direct(&program)?;
    direct.args(words);
    let mut split = stage.split(&[], &program)?;
    split.args(words);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (direct, split) = (Program::run(direct)?.success()?, Program::run(split)?.success()?);
    let outputs = [lines(&direct.stdout), lines(&split.stdout)];
    ensure!(outputs.iter().all(|output| output.last().is_some_and(|line| line == "end")), "cut short");
    Ok(outputs)
}

fn compare(words: [&str; 2], as_compared: fn(&str) -> &str) -> Result<()> {
    let (stage, place) = (Stage::start()?, tempfile::tempdir()?);
    let [direct, split] = both(&stage, &compile(&place)?, words)?;
    ensure!(direct.len() == split.len(), "{} lines, not {}", split.len(), direct.len());
    for (direct, split) in direct.iter().zip(&split) {
        ensure!(as_compared(split) == as_compared(direct), "split: {split}\ndirect: {direct}");
    }
    Ok(())
}

/// EGL devices have no accumulation buffers and other drivers' views of several faults in one list: there only whether a
/// call works is compared, and of those that choose configs nothing.
fn outcome(line: &str) -> &str {
    let outcomes = ["context: made", "context: none", "pbuffer: made", "pbuffer: none", "window: made"];
    outcomes.into_iter().find(|outcome| line.contains(outcome)).unwrap_or_default()
}

#[test]
fn of_glx() -> Result<()> {
    let as_compared: fn(&str) -> &str = match Backend::from_env()? {
        Backend::Egl(_) => outcome,
        Backend::Glx | Backend::Xorg => |line| line,
    };
    compare(["glx", "1"], as_compared)?;
    compare(["glx", "20"], as_compared)
}

#[test]
fn of_egl() -> Result<()> {
    compare(["egl", "1"], |line| line)?;
    compare(["egl", "20"], |line| line)
}

/// What Mesa's own GLX crashes at.
#[test]
fn that_are_missing_or_ask_for_negative_sizes() -> Result<()> {
    let (stage, place) = (Stage::start()?, tempfile::tempdir()?);
    let program = compile(&place)?;
    for api in ["glx", "egl"] {
        let mut split = stage.split(&[], &program.to_string_lossy())?;
        split.args([api, "3", &cases(), "all"]);
        let ended = Program::run(split)?.success()?;
        ensure!(ended.stdout.ends_with("end\n"), "{ended:?}");
    }
    Ok(())
}
