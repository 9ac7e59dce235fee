//! libglxrun.so: the library that `glxrun` preloads into an OpenGL program.
//!
//! Calls go down this list, never up:
//!
//! - [`dl`], [`interpose`]: how the program's calls reach us, however it looks GL up;
//! - [`glx`], [`egl`], [`gl`], [`x11`], [`xcb`]: what a call means;
//! - [`render`]: where it is drawn (the 3D side);
//! - [`frame`]: when and how pixels leave;
//! - the `glxrun-display` crate: how they reach a screen (the 2D side).
//!
//! [`runtime`] holds what exists once per process, [`fork`] lets a forked child start clean.

#![recursion_limit = "512"]
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod dl;
mod egl;
mod fork;
mod frame;
mod gl;
mod glx;
mod interpose;
mod render;
mod runtime;
mod signals;
mod slot;
mod trace;
mod x11;
mod xcb;

/// Runs when the library is loaded, into every program: almost nothing.
#[ctor::ctor(unsafe)]
fn start() {
    runtime::snapshot_environment();
    fork::watch();
}
