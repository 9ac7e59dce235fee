//! `eglscene CASE [options]`: what `scene` is for GLX, for EGL on X11. One small program per way of using it, each with a
//! picture that is fully determined.

mod app;
mod buffers;
mod cases;
mod mixed;

use std::process::ExitCode;

use app::App;
use glxrun_examples::Result;
use glxrun_examples::args::Args;
use glxrun_examples::setup;

type Case = fn(&mut App) -> Result<()>;

const CASES: [(&str, Case, &str); 19] = [
    ("spin", cases::spin, "a turning cube, swapped"),
    ("resize", cases::resize, "XResizeWindow without XSync, then glViewport, draw, swap"),
    ("age", cases::age, "redraws by EGL_EXT_buffer_age what changed, where there is that extension"),
    ("interval", cases::interval, "swaps at several swap intervals"),
    ("pbuffer", cases::pbuffer, "a pbuffer, read and blitted to the window"),
    ("pixmap", cases::pixmap, "a pixmap surface, seen by XGetImage and XCopyArea"),
    ("front", buffers::front, "drawing into GL_FRONT under depth test, glFlush and glFinish"),
    ("buffers", buffers::buffers, "drawing to the front, the back and both, with swaps in between"),
    ("frontread", buffers::front_read, "what is in the front buffer after a swap"),
    ("singlebuffer", buffers::single_buffer, "a window surface with EGL_SINGLE_BUFFER"),
    ("copybuffers", buffers::copy_buffers, "eglCopyBuffers to a pixmap"),
    ("framebuffer", cases::framebuffer, "swaps while a framebuffer object is bound; what glReadPixels gives"),
    ("windows", mixed::windows, "two windows, each with a context in a thread of its own"),
    ("oneafter", mixed::one_after_another, "two windows, one context"),
    ("twoapis", mixed::two_apis, "GLX in one thread, EGL in another"),
    ("endedthreads", mixed::ended_threads, "threads end with the context current"),
    ("again", mixed::again, "eglTerminate, then all again"),
    ("reopen", mixed::reopen, "a connection closed after eglTerminate, and another opened, several times"),
    ("destroyfirst", mixed::destroy_first, "a window destroyed before its surface"),
];

fn usage() -> String {
    let mut text = String::from("usage: eglscene CASE [options]\n\n");
    for (name, _, about) in CASES {
        text.push_str(&format!("  {name:14}{about}\n"));
    }
    text + "
  --size WxH     window size (default 320x240)      --frames N  frames to draw (default 10)
  --alpha N --samples N  the config (default 0 0)   --step      print `frame N`, wait for a line after each
  --es           OpenGL ES 3.0 instead of OpenGL 3.2
  --native WAY   legacy, default, x11, xcb or xcbalone: the native display EGL is given (default legacy)
"
}

fn run() -> Result<()> {
    let mut args = Args::from_env();
    if args.switch("--help") {
        print!("{}", usage());
        return Ok(());
    }
    let name = args.word().ok_or_else(usage)?;
    let (_, case, _) = CASES.iter().find(|(known, ..)| *known == name).ok_or_else(usage)?;
    case(&mut App::new(&name, args)?)
}

fn main() -> ExitCode {
    setup::main("eglscene", run)
}
