//! `scene CASE [options]`: one small OpenGL program per way of using GLX, each with a picture that is fully determined,
//! held until standard input ends. It exits with 0 if its own checks passed, so run by hand it tells whether an OpenGL
//! stack does what GLX promises; run twice, its pictures can be compared.

mod answers;
mod app;
mod contexts;
mod drawables;
mod formats;
mod frames;
mod lists;
mod processes;
mod states;
mod stress;
mod textures;
mod timing;
mod xcb;

use std::process::ExitCode;

use app::App;
use glxrun_examples::Result;
use glxrun_examples::args::Args;
use glxrun_examples::setup;

type Case = fn(&mut App) -> Result<()>;

const CASES: &[(&str, Case, &str)] = &[
    ("spin", frames::spin, "a turning cube, swapped"),
    ("front", frames::front, "drawing into GL_FRONT under depth test, glFlush and glFinish"),
    (
        "buffers",
        frames::buffers,
        "naming the buffers: both at once, pushed and popped, refused, read after a swap",
    ),
    (
        "frontread",
        frames::front_read,
        "GL_FRONT holds what was swapped (Mesa's software GLX fails here by itself)",
    ),
    (
        "conditional",
        frames::conditional,
        "a swap within conditional rendering (Mesa's software GLX fails here by itself)",
    ),
    ("destalpha", frames::dest_alpha, "blending by the alpha that is in the window (with --alpha 8)"),
    ("readback", frames::readback, "what glReadPixels gives is what was drawn; prints its hash"),
    ("opaque", frames::opaque, "a window without alpha has none, whatever is drawn and however it is read"),
    ("resize", frames::resize, "XResizeWindow without XSync, then glViewport, draw, swap"),
    (
        "follow",
        frames::follow,
        "waits until somebody resizes its window, then draws and swaps once; --frames times",
    ),
    ("getimage", frames::get_image, "what XGetImage gives after a swap; prints its hash"),
    ("singlebuffer", frames::single_buffer, "a config with one buffer, glFlush"),
    ("stencil", frames::stencil, "stencil and scissor tests"),
    ("legacy", frames::legacy, "glXChooseVisual, immediate mode, a display list"),
    ("threads", contexts::threads, "two threads with a context each take turns on one window"),
    (
        "threadrects",
        contexts::thread_rectangles,
        "threads that come and go draw over the main thread's picture",
    ),
    ("handover", contexts::handed_over, "one thread has the window current, another draws and swaps"),
    (
        "sharedwindow",
        contexts::shared_on_window,
        "a loader thread on the window that the main thread draws to",
    ),
    ("swapelsewhere", contexts::swapped_elsewhere, "one thread draws, others swap"),
    ("endedthreads", contexts::ended_threads, "threads end with the context current"),
    ("sharedctx", contexts::shared, "a second context uploads textures in another thread"),
    ("copycontext", contexts::copy, "glXCopyContext"),
    ("churn", contexts::churn, "a new context and a new size for each picture, and nothing piles up"),
    ("usexfont", contexts::x_font, "text by glXUseXFont"),
    ("pixmap", drawables::pixmap, "a GLXPixmap, seen by XGetImage and XCopyArea"),
    ("texture", textures::texture, "a pixmap that X draws, as a texture"),
    ("compositor", textures::compositor, "another window's pixmap as a texture (needs Composite)"),
    ("pbuffer", drawables::pbuffer, "a pbuffer, read and blitted to the window"),
    ("readdraw", drawables::read_draw, "draw and read drawables that differ"),
    ("subwindow", drawables::subwindow, "OpenGL in a child window that has a child itself"),
    ("unflushed", drawables::unflushed, "requests to the server right before each swap"),
    ("multiwindow", drawables::multi_window, "one context, three windows"),
    ("destroyfirst", drawables::destroy_first, "a window destroyed before its context"),
    ("twodisplays", drawables::two_displays, "two connections in one process (--display2 NAME)"),
    (
        "lists",
        lists::lists,
        "GL_FRONT selected by display lists and glPopAttrib; flush and swap while compiling",
    ),
    (
        "states",
        states::states,
        "every OpenGL state that a swap might touch is as it was (--core is 4.5, --es 3.0)",
    ),
    (
        "synccontrol",
        timing::sync_control,
        "swaps at refreshes, and waits for refreshes and swaps (split only)",
    ),
    ("swapevents", timing::swap_events, "an X event for each swap (split only)"),
    ("bufferage", timing::buffer_age, "the back buffer holds the last frame (split only)"),
    ("copysubbuffer", timing::copy_sub_buffer, "glXCopySubBufferMESA: a part of the back buffer is shown"),
    (
        "formats",
        formats::formats,
        "pbuffers of float, 10-bit, sRGB and multisampled configs hold what these promise",
    ),
    ("errors", answers::errors, "calls with wrong arguments; prints the GLX or X errors"),
    ("xcb", xcb::queries, "GLX's queries by XCB; prints the vendor"),
    ("visuals", answers::visuals, "what visuals are like, before and after all configs are listed"),
    ("thirtythreads", stress::thirty_threads, "30 threads resize a window each at random"),
    ("cycles", stress::cycles, "windows, contexts and pbuffers made and destroyed 500 times"),
    ("fork", processes::fork, "a child process without exec draws in a window of its own"),
    ("exec", processes::exec, "a child process runs another program that draws"),
];

fn usage() -> String {
    let mut text = String::from("usage: scene CASE [options]\n\n");
    for (name, _, about) in CASES {
        text.push_str(&format!("  {name:14}{about}\n"));
    }
    text + "
  --size WxH        window size (default 320x240)     --frames N   frames to draw (default 10)
  --sizes WxH,...   sizes that `resize` goes through  --step       print `frame N`, wait for a line after each
  --alpha N --depth N --stencil N --samples N         the config (default 0 24 8 0)
  --visual-depth N  depth of the window's visual      --glx-window draw through glXCreateWindow
  --core            a 3.2 core-profile context        --es             an OpenGL ES 3.0 context
  --screen N        another than the default screen   --display2 NAME  for `twodisplays`
  --load WAY        dlsym, deepbind, procaddress, procaddressarb, glvnd or dlvsym (default procaddress)
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
    setup::main("scene", run)
}
