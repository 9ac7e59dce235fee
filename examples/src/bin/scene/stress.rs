//! Cases that do a lot: many threads at once, and one thing many times over.

use std::fs;
use std::sync::{Arc, Mutex};
use std::thread;

use glxrun_examples::args::Size;
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::{Config, Context};
use glxrun_examples::hold::say;
use glxrun_examples::{Result, check};

use crate::app::{App, Window};

const THREADS: u32 = 30;
const CYCLES: u32 = 500;

/// Pseudo-random numbers, the same in each run.
struct Dice(u32);

impl Dice {
    fn roll(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % below
    }
}

/// A colour of its own for each thread and frame, as GL takes it and as X shows it.
fn colour(thread: u32, frame: u32) -> ([f32; 3], u32) {
    let bytes = [8 * thread, (frame * 29) % 256, 200 - 6 * thread];
    (bytes.map(|byte| byte as f32 / 255.0), bytes[0] << 16 | bytes[1] << 8 | bytes[2])
}

/// What one thread does with its window; gives what it must show at last.
fn resize_and_draw(app: &App, config: Config, window: Window, thread: u32) -> Result<(u32, Size)> {
    let context = app.context(config, Context::NONE)?;
    app.glx.make_current(window.drawable, context)?;
    let (mut dice, mut size) = (Dice(thread), app.size);
    for frame in 0..app.frames {
        if dice.roll(3) == 0 {
            size = Size(1 + dice.roll(200), 1 + dice.roll(200));
            app.display().resize(window.x, (size.0, size.1));
        }
        let (width, height) = size.signed();
        app.gl.viewport(0, 0, width, height);
        let ([red, green, blue], _) = colour(thread, frame);
        app.gl.clear_color(red, green, blue, 1.0);
        app.gl.clear(COLOR_BUFFER_BIT);
        app.gl.check_errors("clearing")?;
        app.glx.swap(window.drawable);
    }
    app.glx.make_current(0, Context::NONE)?;
    app.glx.destroy_context(context);
    Ok((colour(thread, app.frames - 1).1, size))
}

/// Threads with a window each that they resize at random and draw to; at last each shows its last picture whole.
pub fn thirty_threads(app: &mut App) -> Result<()> {
    app.size = Size(120, 90);
    let config = app.config()?;
    let depth = app.glx.visual(config).map_or(24, |visual| visual.depth);
    let place = |thread: u32| ((thread % 6) as i32 * 210, (thread / 6) as i32 * 210);
    let windows = (0..THREADS)
        .map(|thread| app.window_at(config, None, place(thread), app.size))
        .collect::<Result<Vec<_>>>()?;
    let shown = Arc::new(Mutex::new(Vec::new()));
    let app = &*app;
    thread::scope(|scope| {
        for (thread, window) in (0..).zip(&windows) {
            let shown = shown.clone();
            scope.spawn(move || {
                let result = resize_and_draw(app, config, *window, thread);
                shown.lock().map(|mut shown| shown.push((thread, *window, result))).unwrap_or(());
            });
        }
    });
    let shown = std::mem::take(&mut *shown.lock().map_err(|_| "a thread panicked")?);
    check(shown.len() == windows.len(), || format!("only {} threads came to their end", shown.len()))?;
    for (thread, window, result) in shown {
        let (colour, size) = result.map_err(|error| format!("thread {thread}: {error}"))?;
        let pixels = app.display().pixels(window.x, (size.0, size.1), depth)?;
        let wrong = pixels.iter().filter(|pixel| **pixel & 0xff_ffff != colour).count();
        check(wrong == 0, || format!("thread {thread}: {wrong} pixels of {size:?} are not {colour:#x}"))?;
    }
    say("ready")
}

/// Open descriptors, threads and resident memory (KiB) of this process.
fn resources() -> Result<[u64; 3]> {
    let count = |path| Ok::<_, std::io::Error>(fs::read_dir(path)?.count() as u64);
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let resident = line.trim().trim_end_matches(" kB").parse()?;
    Ok([count("/proc/self/fd")?, count("/proc/self/task")?, resident])
}

/// A window, a context, a pbuffer and a pixmap made, drawn to and destroyed, over and over: nothing grows.
pub fn cycles(app: &mut App) -> Result<()> {
    const WARM_UP: u32 = 100;
    let config = app.config_with_pbuffers()?;
    let mut before = [0; 3];
    for cycle in 0..CYCLES {
        if cycle == WARM_UP {
            before = resources()?;
        }
        let window = app.window(config)?;
        let context = app.context(config, Context::NONE)?;
        let pbuffer = app.glx.create_pbuffer(config, app.size.signed())?;
        for drawable in [pbuffer, window.drawable] {
            app.glx.make_current(drawable, context)?;
            app.gl.clear(COLOR_BUFFER_BIT);
            app.glx.swap(drawable);
        }
        app.glx.make_current(0, Context::NONE)?;
        app.glx.destroy_context(context);
        app.glx.destroy_pbuffer(pbuffer);
        app.display().destroy_window(window.x);
        app.display().sync();
    }
    let after = resources()?;
    say(&format!("resources {before:?} {after:?}"))?;
    check(after[0] <= before[0] + 3, || format!("descriptors grew from {} to {}", before[0], after[0]))?;
    check(after[1] <= before[1], || format!("threads grew from {} to {}", before[1], after[1]))?;
    // A leaked surface of each cycle would be some 120 MB.
    check(after[2] <= before[2] + 30_000, || format!("memory grew from {} to {} KiB", before[2], after[2]))
}
