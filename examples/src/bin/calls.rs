//! What single calls cost: a load of the benchmark.
//!
//! `calls [--count N]` makes each call N times in each of five batches, in a window of 64x64, and prints a line for each: its
//! name, ns a call in the quickest batch, X requests that the program's connection sent per 1000 calls, and how often
//! the thread waited for something per 1000 calls, which a round trip to an X server would make it do.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use glxrun_examples::Result;
use glxrun_examples::args::Args;
use glxrun_examples::gl::consts::*;
use glxrun_examples::glx::Wanted;
use glxrun_examples::hold::say;
use glxrun_examples::setup::{self, Setup};

const BATCHES: u32 = 5;

fn main() -> ExitCode {
    setup::main("calls", run)
}

fn run() -> Result<()> {
    let mut args = Args::from_env();
    let count: u32 = args.option("--count", 100_000)?;
    args.finish()?;
    let setup = Setup::new(&Wanted::default())?;
    let (window, context) = setup.current_window("calls", (64, 64))?;
    let Setup { glx, gl, .. } = &setup;
    gl.viewport(0, 0, 64, 64);
    for _ in 0..30 {
        gl.clear(COLOR_BUFFER_BIT);
        glx.swap(window);
    }
    glx.display.sync();

    let measure = |name: &str, count: u32, call: &dyn Fn() -> Result<()>| -> Result<()> {
        let (requests, waits) = (glx.display.requests(), waits());
        let mut quickest = f64::MAX;
        for _ in 0..BATCHES {
            let start = Instant::now();
            for _ in 0..count {
                call()?;
            }
            quickest = quickest.min(start.elapsed().as_nanos() as f64 / f64::from(count));
        }
        let per_1000 = |number: u64| number as f64 * 1000.0 / f64::from(count * BATCHES);
        let (requests, waits) = (glx.display.requests() - requests, self::waits() - waits);
        say(&format!("{name} {quickest:.1} {:.2} {:.2}", per_1000(requests), per_1000(waits)))
    };
    measure("glViewport", count, &|| {
        gl.viewport(0, 0, 64, 64);
        Ok(())
    })?;
    measure("glFlush", count, &|| {
        gl.flush();
        Ok(())
    })?;
    measure("glXGetCurrentContext", count, &|| {
        black_box(glx.current_context());
        Ok(())
    })?;
    measure("glGetIntegerv", count, &|| {
        black_box(gl.integer(MAX_TEXTURE_SIZE));
        Ok(())
    })?;
    measure("glXMakeCurrent", count, &|| glx.make_current(window, context))?;
    measure("glXSwapBuffers", count / 100, &|| {
        gl.clear(COLOR_BUFFER_BIT);
        glx.swap(window);
        Ok(())
    })
}

/// How often this thread has waited.
fn waits() -> u64 {
    // SAFETY: all zeroes is a valid rusage, which the call fills.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
        usage.ru_nvcsw.unsigned_abs()
    }
}
