//! Swaps as fast as it can for some seconds and tells how fast that was: the load of the benchmark.
//!
//! `clears [--size WxH] [--seconds S] [--alpha N] [--cubes N] [--light] [--rate N] [--threads] [--on-key]`: clears of all
//! buffers and of a few rectangles, and N shaded cubes one over the other; with `--light` one clear of the colour buffer; no more than N frames a second; with `--on-key` a frame is drawn when
//! a key is pressed, and not before, once it has said `ready`. Prints one line: frames a second, CPU time a frame of this
//! process in ms, alpha bits, time in a swap in ms; with `--threads` the same CPU time by thread.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use glxrun_examples::Result;
use glxrun_examples::args::{Args, Size};
use glxrun_examples::draw::{self, Cube};
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::Wanted;
use glxrun_examples::hold::say;
use glxrun_examples::setup::{self, Setup};
use glxrun_examples::xlib::XDisplay;
use x11_dl::xlib;

/// Frames before the clock starts: connections, threads and buffers are made in them.
const WARM_UP: u32 = 30;

fn main() -> ExitCode {
    setup::main("clears", run)
}

fn run() -> Result<()> {
    let mut args = Args::from_env();
    let size = args.option("--size", Size(640, 480))?;
    let seconds = Duration::from_secs_f64(args.option("--seconds", 3.0)?);
    let alpha = args.option("--alpha", 0)?;
    let cubes: u32 = args.option("--cubes", 0)?;
    let light = args.switch("--light");
    let rate = args.option("--rate", 0.0)?;
    let threads = args.switch("--threads");
    let on_key = args.switch("--on-key");
    args.finish()?;
    let setup = Setup::new(&Wanted { alpha, ..Wanted::default() })?;
    let (window, _) = setup.current_window("clears", (size.0, size.1))?;
    let Setup { glx, gl, .. } = &setup;
    let cube = if cubes > 0 { Some(Cube::new(gl)?) } else { None };

    let mut frame = 0;
    let draw = |frame: u32| -> Result<Duration> {
        let (width, height) = size.signed();
        gl.viewport(0, 0, width, height);
        match &cube {
            Some(cube) => {
                for turn in 0..cubes {
                    cube.draw(gl, frame + turn, (width, height))?;
                }
            }
            None if light => {
                let [r, g, b, a] = draw::background(frame);
                gl.clear_color(r, g, b, a);
                gl.clear(COLOR_BUFFER_BIT);
            }
            None => draw::clear(gl, frame),
        }
        gl.enable(SCISSOR_TEST);
        for strip in 0..if light { 0 } else { 8 } {
            gl.scissor(strip * width / 8, frame as i32 * 3 % height, width / 16, height / 8);
            gl.clear_color(strip as f32 / 8.0, 1.0, 0.0, 1.0);
            gl.clear(COLOR_BUFFER_BIT);
        }
        gl.disable(SCISSOR_TEST);
        let start = Instant::now();
        glx.swap(window);
        Ok(start.elapsed())
    };
    while frame < WARM_UP {
        draw(frame)?;
        frame += 1;
    }
    let (start, cpu, cpu_by_thread) = (Instant::now(), cpu_time(), thread_times());
    let mut swapping = Duration::ZERO;
    if on_key {
        say("ready")?;
    }
    while start.elapsed() < seconds {
        if on_key && !wait_for_key(&glx.display) {
            continue;
        }
        swapping += draw(frame)?;
        frame += 1;
        if rate > 0.0 {
            let due = start + Duration::from_secs_f64(f64::from(frame - WARM_UP) / rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
    let (elapsed, cpu) = (start.elapsed(), cpu_time() - cpu);
    // So that no frame is lost on its way.
    glx.functions().wait_gl();
    let frames = f64::from(frame - WARM_UP);
    say(&format!(
        "{:.1} fps {:.3} ms alpha {} swap {:.3} ms",
        frames / elapsed.as_secs_f64(),
        cpu.as_secs_f64() * 1e3 / frames,
        gl.integer(ALPHA_BITS),
        swapping.as_secs_f64() * 1e3 / frames
    ))?;
    for (thread, time) in thread_times().iter().filter(|_| threads) {
        let before = cpu_by_thread.get(thread).copied().unwrap_or_default();
        say(&format!("  {thread} {:.3} ms", (*time - before).as_secs_f64() * 1e3 / frames))?;
    }
    Ok(())
}

/// CPU time by thread: its number and name.
fn thread_times() -> BTreeMap<String, Duration> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let time = |task: std::fs::DirEntry| {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let spent = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        let spent = spent.split_whitespace().next()?.parse().ok()?;
        Some((format!("{} {}", task.file_name().display(), name.trim()), Duration::from_nanos(spent)))
    };
    tasks.filter_map(time).collect()
}

/// Waits for a key press for a moment.
fn wait_for_key(display: &XDisplay) -> bool {
    while let Some(event) = display.next_event() {
        if event.get_type() == xlib::KeyPress {
            return true;
        }
    }
    let mut wait = libc::pollfd { fd: display.fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry is passed.
    unsafe { libc::poll(&raw mut wait, 1, 50) };
    false
}

/// User and system time of this process.
fn cpu_time() -> Duration {
    // SAFETY: all zeroes is a valid rusage, which the call fills.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let duration = |time: libc::timeval| {
        Duration::new(time.tv_sec.unsigned_abs(), time.tv_usec.unsigned_abs() as u32 * 1000)
    };
    duration(usage.ru_utime) + duration(usage.ru_stime)
}
