//! What people look at: compare's page in a browser, and `glxrun top`.

use std::path::{Path, PathBuf};
use std::process::Command;

use glxrun_tests::stage::{Backend, glxrun};
use glxrun_tests::{Context, Image, Program, Result, artifacts, ensure};

fn side() -> Result<&'static str> {
    Ok(match Backend::from_env()? {
        Backend::Glx | Backend::Xorg => "xvfb",
        Backend::Egl(device) => device,
    })
}

/// A page about `clears`, whose pictures have stripes of pure green at the left and of pure yellow elsewhere.
fn page(folder: &Path) -> Result<PathBuf> {
    let file = folder.join("report.html");
    let mut command = glxrun()?;
    command.args(["compare", "-d", side()?, "--rounds", "2", "--seconds", "0.5", "--warmup", "0.2"]);
    command.args([
        "--size",
        "640x480",
        "--options",
        "--spoil off",
        "--check-images",
        "--frame",
        "33",
        "--html",
    ]);
    command.arg(&file).arg(artifacts::program("clears")?).args(["--seconds", "60"]);
    let ended = Program::run(command)?.success()?;
    ensure!(ended.stdout.contains("the pictures are equal"), "{}", ended.stdout);
    Ok(file)
}

/// What Chromium shows of a file.
fn screenshot(folder: &Path, file: &Path, dark: bool) -> Result<Image> {
    let picture = folder.join(format!("page-{dark}.png"));
    let mut command = Command::new("chromium");
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--window-size=1000,3400",
    ]);
    command.arg(format!("--user-data-dir={}", folder.join(format!("chromium-{dark}")).display()));
    command.arg(format!("--screenshot={}", picture.display()));
    // No network: everything must be in the file.
    command.args(["--proxy-server=127.0.0.1:1", "--host-resolver-rules=MAP * ~NOTFOUND"]);
    command.arg(format!("--blink-settings=preferredColorScheme={}", if dark { 0 } else { 1 }));
    command.arg(format!("file://{}", file.display())).env("HOME", folder).env_remove("DISPLAY");
    Program::run(command)?.success()?;
    Image::load(&picture)
}

/// How many pixels of a part of the picture have exactly this colour.
fn count(image: &Image, columns: std::ops::Range<u16>, colour: u32) -> usize {
    let wanted = [(colour >> 16) as u8, (colour >> 8) as u8, colour as u8];
    let rows = 0..image.height;
    rows.flat_map(|y| columns.clone().map(move |x| (x, y)))
        .filter(|(x, y)| image.pixel8(*x, *y)[..3] == wanted)
        .count()
}

#[test]
fn the_page_shows_graphs_and_both_pictures_in_light_and_dark() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = page(folder.path())?;
    let text = std::fs::read_to_string(&file)?;
    ensure!(
        !text.contains("http") && text.matches("src=\"data:image/png").count() == 3,
        "addresses or pictures"
    );
    for (dark, paper, first, second, stage) in
        [(false, 0xffffff, 0x2a6fc9, 0xc4570a, 0x13805a), (true, 0x0d1117, 0x6cabff, 0xf0974f, 0x4cc79a)]
    {
        let shown = screenshot(folder.path(), &file, dark)?;
        let all = 0..shown.width;
        ensure!(count(&shown, 0..20, paper) > 10_000, "the paper is not {paper:06x}");
        // Lines of a graph, dots and keys; a stage's bar.
        for (colour, least) in [(first, 300), (second, 300), (stage, 300)] {
            let found = count(&shown, all.clone(), colour);
            ensure!(found >= least, "{found} pixels of {colour:06x}");
        }
        // Three pictures beside each other: the base's, the arm's, and where they differ, which is nowhere.
        for (columns, colour) in [(20..340, 0x00ff00), (340..660, 0x00ff00), (660..980, 0x000000)] {
            let found = count(&shown, columns.clone(), colour);
            ensure!(found > 50, "{found} pixels of {colour:06x} in columns {columns:?}");
        }
    }
    Ok(())
}

#[test]
fn latency_is_told_of_a_picture_that_changes_on_input() -> Result<()> {
    let mut command = glxrun()?;
    command.args(["compare", "-d", side()?, "--rounds", "1", "--seconds", "0.2", "--warmup", "0.2"]);
    command.args(["--size", "640x480", "--latency", "key:space"]);
    command.arg(artifacts::program("clears")?).args(["--on-key", "--seconds", "600"]);
    let ended = Program::run(command)?.success()?;
    let line = ended.stdout.lines().find(|line| line.contains("input to pixel, median, ms"));
    let numbers =
        line.with_context(|| ended.stdout.clone())?.split_whitespace().filter_map(|word| word.parse().ok());
    let numbers: Vec<f64> = numbers.collect();
    ensure!(numbers.len() == 2 && numbers.iter().all(|ms| *ms > 0.0 && *ms < 1000.0), "{numbers:?}");
    Ok(())
}

#[test]
fn latency_of_a_picture_that_moves_by_itself_is_not_made_up() -> Result<()> {
    let mut command = glxrun()?;
    command.args([
        "compare",
        "-d",
        side()?,
        "--arms",
        "split",
        "--rounds",
        "1",
        "--seconds",
        "0.3",
        "--warmup",
        "0.1",
    ]);
    command
        .args(["--options", "--spoil off", "--latency", "motion"])
        .arg(artifacts::program("clears")?)
        .args(["--cubes", "1", "--seconds", "60"]);
    let ended = Program::run(command)?.success()?;
    ensure!(ended.stdout.contains("input to pixel: the picture changes without input"), "{}", ended.stdout);
    ensure!(!ended.stdout.contains("input to pixel, median"), "{}", ended.stdout);
    Ok(())
}

#[test]
fn top_shows_what_runs_and_only_that() -> Result<()> {
    let mut command = glxrun()?;
    command
        .args(["-d", side()?, "--spoil", "off"])
        .arg(artifacts::program("clears")?)
        .args(["--seconds", "600"]);
    let program = Program::start(command)?;
    let glxrun = program.pid().as_raw_pid().to_string();
    // The child of glxrun, once it draws.
    let mine = |text: &str| -> Option<Vec<String>> {
        let rows = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
        rows.filter(|row| row.len() == 10 && row[9].ends_with("clears --seconds 600")).find(|row| {
            let parent = std::fs::read_to_string(format!("/proc/{}/stat", row[0])).unwrap_or_default();
            parent.rsplit(") ").next().is_some_and(|rest| rest.split(' ').nth(1) == Some(&glxrun))
        })
    };
    let look = || -> Result<String> {
        let mut top = glxrun_tests::stage::glxrun()?;
        top.args(["top", "--once", "--interval", "0.3"]);
        Ok(Program::run(top)?.success()?.stdout)
    };
    let start = std::time::Instant::now();
    let row = loop {
        let text = look()?;
        if let Some(row) = mine(&text).filter(|row| row[2] != "0.0" && row[3] != "0.0") {
            break row;
        }
        ensure!(start.elapsed() < glxrun_tests::program::deadline(), "it is not there:\n{text}");
    };
    for cell in &row[2..9] {
        ensure!(cell.parse::<f64>().is_ok(), "{row:?}");
    }
    drop(program);
    ensure!(!look()?.contains("clears --seconds 600\n") || mine(&look()?).is_none(), "it has ended");
    Ok(())
}
