//! An independent count of what `glxrun compare` tells.
//!
//! `cargo run --release -p glxrun-tests --bin witness -- [--split SIDE] [--seconds S] [--rounds N] PROGRAM [ARGUMENT]...` has compare run
//! the program on an X server of this one's (`--here`), where it listens to DAMAGE on each window by itself. Per run it prints
//! and checks:
//!
//! - frames: delivered frames by compare's records against the area that the X server has seen painted, in windows (within 2 %);
//! - rate: where the program prints its own rate (glxgears, glmark2, clears), that against the recorded frames of the same time
//!   (within 3 %).

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail, ensure};
use glxrun_tests::{XServer, artifacts};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask};
use x11rb::rust_connection::RustConnection;

/// A window that was painted into.
#[derive(Clone, Debug, Default)]
struct Window {
    id: u32,
    /// Whether the report of what a fresh DAMAGE object starts with has come: the whole window, painted or not.
    begun: bool,
    /// How often as much as the whole window was painted, and its size in pixels.
    painted: f64,
    size: f64,
}

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1).peekable();
    let (mut side, mut seconds, mut rounds) = ("egl:software".to_owned(), "4".to_owned(), "2".to_owned());
    while let Some(word) = words.next_if(|word| word.starts_with("--")) {
        let value = words.next().with_context(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--split" => side = value,
            "--seconds" => seconds = value,
            "--rounds" => rounds = value,
            _ => bail!("unknown option {word}"),
        }
    }
    let program: Vec<String> = words.collect();
    ensure!(!program.is_empty(), "no program");
    let server = XServer::xvfb().start()?;
    let windows = Arc::new(Mutex::new(Vec::new()));
    let over = Arc::new(AtomicBool::new(false));
    let listener = {
        let (windows, over, display) = (windows.clone(), over.clone(), server.display());
        std::thread::spawn(move || listen(&display, &windows, &over))
    };
    let folder = tempfile::tempdir()?;
    let csv = folder.path().join("frames.csv");
    let mut command = std::process::Command::new(artifacts::program("glxrun")?);
    server.apply(&mut command);
    command.args(["compare", "--here", "--arms", "direct,split"]);
    // Every frame is shown, wholly and in one piece, so that the painted area counts frames.
    command.args(["--options", "--spoil off --damage off", "--rounds", &rounds, "--seconds", &seconds]);
    command.arg("--csv").arg(&csv).arg("--output").arg(folder.path()).arg("--");
    command.args(&program);
    // The direct arm is on DISPLAY whatever -d names, so the split arm's side comes by the environment.
    command.env("GLXRUN_DISPLAY3D", &side);
    let status = command.status().context("cannot run glxrun")?;
    over.store(true, Ordering::Relaxed);
    let heard = listener.join().map_err(|_| anyhow::anyhow!("the listener panicked"))?;
    heard?;
    println!("compare ended with {status}");
    let windows = windows.lock().map_err(|_| anyhow::anyhow!("the listener panicked"))?.clone();
    check(&csv, folder.path(), &windows)
}

/// Adds up what is painted, in the order in which windows are made, until `over` and no event is left.
fn listen(display: &str, windows: &Mutex<Vec<Window>>, over: &AtomicBool) -> Result<()> {
    let (connection, screen) = RustConnection::connect(Some(display))?;
    let root = connection.setup().roots[screen].root;
    let attributes = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
    connection.change_window_attributes(root, &attributes)?;
    connection.damage_query_version(1, 1)?.reply()?;
    connection.flush()?;
    let mut places: HashMap<u32, usize> = HashMap::new();
    loop {
        let Some(event) = connection.poll_for_event()? else {
            if over.load(Ordering::Relaxed) {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
            continue;
        };
        let Ok(mut windows) = windows.lock() else { return Ok(()) };
        match event {
            Event::MapNotify(event) => {
                // Errors of windows that are gone again come as events.
                let damage = connection.generate_id()?;
                connection.damage_create(damage, event.window, ReportLevel::RAW_RECTANGLES)?;
                connection.flush()?;
                places.insert(event.window, windows.len());
                windows.push(Window { id: event.window, ..Window::default() });
            }
            Event::DamageNotify(event) => {
                if let Some(place) = places.get(&event.drawable) {
                    let window = &mut windows[*place];
                    if !std::mem::replace(&mut window.begun, true) {
                        continue;
                    }
                    window.size = f64::from(event.geometry.width) * f64::from(event.geometry.height);
                    window.painted +=
                        f64::from(event.area.width) * f64::from(event.area.height) / window.size;
                }
            }
            _ => {}
        }
    }
}

/// A run's frames, from the CSV: ms of entry, whether delivered.
struct Run {
    name: String,
    window: u32,
    entered: Vec<f64>,
    delivered: usize,
}

fn check(csv: &Path, outputs: &Path, windows: &[Window]) -> Result<()> {
    let text = std::fs::read_to_string(csv).context("compare wrote no frames")?;
    let mut runs: Vec<Run> = Vec::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let name = format!("{}-{}", cells[0], cells[1]);
        let window = u32::from_str_radix(cells[3].trim_start_matches("0x"), 16)?;
        if runs.last().is_none_or(|run| run.name != name || run.window != window) {
            runs.push(Run { name, window, entered: Vec::new(), delivered: 0 });
        }
        let run = runs.last_mut().context("a run")?;
        run.entered.push(cells[6].parse()?);
        run.delivered += usize::from(!cells[12].is_empty());
    }
    // Rounds turn the order round; the servers' windows come in the order of the runs.
    let mut order: Vec<&Run> = runs.iter().collect();
    order.sort_by_key(|run| {
        let round: usize = run.name.rsplit('-').next().and_then(|round| round.parse().ok()).unwrap_or(0);
        let second = run.name.starts_with("split") == (round % 2 == 1);
        (round, second)
    });
    let mut failed = false;
    let mut rest = windows.iter();
    for run in order {
        let window = rest.find(|window| window.id == run.window && window.painted > 10.0);
        let painted = window.map_or(0.0, |window| window.painted);
        let off = painted / run.delivered as f64 - 1.0;
        let mut line = format!(
            "{}: {} delivered, {painted:.1} painted ({:+.2} %)",
            run.name,
            run.delivered,
            off * 100.0
        );
        failed |= off.abs() > 0.02;
        let output = std::fs::read_to_string(outputs.join(format!("{}.txt", run.name))).unwrap_or_default();
        if let Some((told, recorded)) = own_rate(&output, &run.entered) {
            let off = recorded / told - 1.0;
            line += &format!(
                "; the program says {told:.1} frames/s, the records {recorded:.1} ({:+.2} %)",
                off * 100.0
            );
            failed |= off.abs() > 0.03;
        }
        println!("{line}");
    }
    ensure!(!failed, "counts differ by more than they may");
    Ok(())
}

/// The rate that a program prints, and that of its recorded frames in the same time.
fn own_rate(output: &str, entered: &[f64]) -> Option<(f64, f64)> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    // glxgears: "14510 frames in 5.0 seconds = 2901.882 FPS", from its first frame on.
    let gears: Vec<(f64, f64)> = output
        .lines()
        .filter_map(|line| {
            let (frames, rest) = line.split_once(" frames in ")?;
            let rate = number(rest.split_once("= ")?.1.split(' ').next()?)?;
            Some((number(frames)?, number(frames)? / rate))
        })
        .collect();
    if !gears.is_empty() {
        let (frames, seconds) = gears.iter().fold((0.0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        let end = entered.first()? + seconds * 1e3;
        return Some((frames / seconds, entered.iter().filter(|time| **time < end).count() as f64 / seconds));
    }
    // The others tell of a time that ends with the last frame: clears, and a single scene of glmark2.
    let (told, warm_up) = output.lines().find_map(|line| match line.split_once("FPS: ") {
        Some((_, rest)) => Some((number(rest.split(' ').next()?)?, 0)),
        None => Some((number(line.split_once(" fps ")?.0)?, 30)),
    })?;
    let warm = &entered[entered.len().min(warm_up)..];
    let span = (warm.last()? - warm.first()?) / 1e3;
    Some((told, (warm.len() - 1) as f64 / span))
}
