//! Cases about child processes of a program that has drawn.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use glxrun_examples::draw::Cube;
use glxrun_examples::glx::Context;
use glxrun_examples::xlib::{WindowSpec, XDisplay};
use glxrun_examples::{Result, check};

use crate::app::App;

/// The child opens a display of its own, and both draw in turns.
pub fn fork(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let cube = Cube::new(&app.gl)?;
    cube.draw(&app.gl, 0, app.size.signed())?;
    app.glx.swap(window.drawable);
    app.frame_done(0)?;
    let (orders, order) = std::io::pipe()?;
    let (mut done, told) = std::io::pipe()?;
    // SAFETY: the only other threads are those of OpenGL and Xlib, whose objects the child leaves alone.
    let child = unsafe { libc::fork() };
    check(child >= 0, || "fork failed".into())?;
    if child == 0 {
        drop((order, done));
        let status = match draw_in_child(app, orders, told) {
            Ok(()) => 0,
            Err(error) => {
                eprintln!("scene: the child: {error}");
                1
            }
        };
        // SAFETY: ends this process without the parent's exit handlers.
        unsafe { libc::_exit(status) };
    }
    drop((orders, told));
    let mut order = order;
    for frame in 1..app.frames {
        cube.draw(&app.gl, frame, app.size.signed())?;
        app.glx.swap(window.drawable);
        order.write_all(&[0])?;
        done.read_exact(&mut [0]).map_err(|_| "the child gave up")?;
        app.frame_done(frame)?;
    }
    app.hold()?;
    drop(order);
    let mut status = 0;
    // SAFETY: the pointer is to a local.
    unsafe { libc::waitpid(child, &mut status, 0) };
    check(status == 0, || format!("the child ended with {status:#x}"))
}

/// Draws a frame for each byte of `orders` and answers it with one, until there are no more.
fn draw_in_child(app: &App, mut orders: PipeReader, mut told: PipeWriter) -> Result<()> {
    let glx = app.glx.on(Arc::new(XDisplay::open(None)?))?;
    let config = glx.choose(&app.wanted)?;
    let visual = glx.visual(config).ok_or("the config has no visual")?;
    let (position, size) = ((app.size.0 as i32 + 10, 0), (app.size.0, app.size.1));
    let window =
        glx.display.create_window(&WindowSpec { visual, parent: None, position, size, title: "child" })?;
    glx.display.map(window);
    let context = glx.create_context(config, Context::NONE)?;
    glx.make_current(window, context)?;
    let cube = Cube::new(&app.gl)?;
    let mut frame = 50;
    while orders.read(&mut [0])? == 1 {
        cube.draw(&app.gl, frame, app.size.signed())?;
        glx.swap(window);
        glx.display.sync();
        told.write_all(&[0])?;
        frame += 1;
    }
    Ok(())
}

/// The child is this program again, with a smaller window on top.
pub fn exec(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let cube = Cube::new(&app.gl)?;
    cube.draw(&app.gl, 0, app.size.signed())?;
    app.glx.swap(window.drawable);
    app.frame_done(0)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["legacy", "--size", "100x80", "--frames", "4"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().ok_or("no pipe")?;
    let line = BufReader::new(output).lines().next().ok_or("the child gave up")??;
    check(line == "ready", || format!("the child said {line:?}"))?;
    for frame in 1..app.frames {
        cube.draw(&app.gl, frame, app.size.signed())?;
        app.glx.swap(window.drawable);
        app.frame_done(frame)?;
    }
    app.hold()?;
    drop(child.stdin.take());
    let status = child.wait()?;
    check(status.success(), || format!("the child ended with {status}"))
}
