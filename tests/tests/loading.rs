//! However a program gets at OpenGL's functions, it gets ours, and what is not ours stays as it was.

use std::path::{Path, PathBuf};
use std::process::Command;

use glxrun_tests::lockstep::wait_until_same;
use glxrun_tests::program::Ended;
use glxrun_tests::{Program, Result, Stage, XServer, artifacts, c, compare_frames, ensure};
use tempfile::TempDir;

macro_rules! loading {
    ($($name:ident: $way:literal;)*) => {
        $( #[test] fn $name() -> Result<()> {
            let frames = compare_frames(&Stage::start()?, "scene", &["spin", "--load", $way])?;
            ensure!(frames > 0, "no frame was compared");
            Ok(())
        } )*
    };
}

loading! {
    dlopen_and_dlsym: "dlsym";
    dlopen_with_deepbind: "deepbind";
    glx_get_proc_address: "procaddress";
    glx_get_proc_address_arb: "procaddressarb";
    libglx_and_libopengl: "glvnd";
    dlsym_by_dlvsym: "dlvsym";
}

/// Runs a program that prints `ready` and holds its picture, direct and split, and compares the pictures. Gives what the
/// split run left.
fn same_picture(stage: &Stage, direct: Command, split: Command) -> Result<Ended> {
    let (mut direct, mut split) = (Program::start(direct)?, Program::start(split)?);
    direct.line_where(|line| line == "ready")?;
    split.line_where(|line| line == "ready")?;
    wait_until_same(&stage.reference_screen()?, &stage.two_d_screen()?)?;
    direct.finish()?.success()?;
    split.finish()?.success()
}

fn program_shows_the_same(program: &Path, arguments: &[&Path]) -> Result<()> {
    let stage = Stage::start()?;
    let name = program.to_string_lossy();
    let (mut direct, mut split) = (stage.direct(&name)?, stage.split(&[], &name)?);
    direct.args(arguments);
    split.args(arguments);
    same_picture(&stage, direct, split)?;
    Ok(())
}

const LINKED_TO_GL: [&str; 2] = ["-l:libGL.so.1", "-l:libX11.so.6"];

#[test]
fn linked_to_libgl() -> Result<()> {
    let directory = TempDir::new()?;
    let program = directory.path().join("linked");
    c::compile("linked.c", &program, &LINKED_TO_GL)?;
    program_shows_the_same(&program, &[])
}

#[test]
fn linked_to_libglx_and_libopengl() -> Result<()> {
    let directory = TempDir::new()?;
    let program = directory.path().join("linked");
    c::compile("linked.c", &program, &["-l:libGLX.so.0", "-l:libOpenGL.so.0", "-l:libX11.so.6"])?;
    program_shows_the_same(&program, &[])
}

#[test]
fn linked_to_a_copy_of_libgl_beside_the_program() -> Result<()> {
    let directory = TempDir::new()?;
    std::fs::copy(system_library("libGL.so.1")?, directory.path().join("libGL.so.1"))?;
    let program = directory.path().join("linked");
    c::compile("linked.c", &program, &[LINKED_TO_GL[0], LINKED_TO_GL[1], "-Wl,-rpath,$ORIGIN"])?;
    program_shows_the_same(&program, &[])
}

/// Where the dynamic loader finds a library, as it tells it for a program of its own.
fn system_library(name: &str) -> Result<PathBuf> {
    let directory = TempDir::new()?;
    let program = directory.path().join("probe");
    c::compile("linked.c", &program, &LINKED_TO_GL)?;
    let output = Program::run({
        let mut command = Command::new("ldd");
        command.arg(&program);
        command
    })?
    .success()?
    .stdout;
    let line = output.lines().find(|line| line.trim().starts_with(name));
    let path = line.and_then(|line| line.split_whitespace().nth(2));
    path.map(PathBuf::from).ok_or_else(|| glxrun_tests::anyhow!("ldd names no {name}:\n{output}"))
}

#[test]
fn a_plugin_whose_runpath_is_its_own_directory() -> Result<()> {
    let directory = TempDir::new()?;
    let path = |name: &str| directory.path().join(name);
    let library = ["-shared", "-fPIC", "-Wl,-rpath,$ORIGIN"];
    c::compile(
        "linked.c",
        &path("libdrawing.so"),
        &[&library[..], &["-DENTRY=draw"], &LINKED_TO_GL].concat(),
    )?;
    c::compile("plugin.c", &path("libplugin.so"), &library)?;
    c::compile("host.c", &path("host"), &[])?;
    program_shows_the_same(&path("host"), &[&path("libplugin.so")])
}

/// Preloads the library under test by hand together with `hooks`, in the order that `order` puts them.
fn beside_another_preload(order: impl Fn(&str, &str) -> String) -> Result<()> {
    let stage = Stage::start()?;
    let directory = TempDir::new()?;
    let hooks = directory.path().join("libhooks.so");
    c::compile("hooks.c", &hooks, &["-shared", "-fPIC"])?;
    let ours = artifacts::directory()?.join("libglxrun.so");
    let direct = stage.direct("scene")?;
    let mut split = stage.direct("scene")?;
    stage.two_d().apply(&mut split);
    split.env("GLXRUN_DISPLAY3D", stage.three_d_name());
    split.env("LD_PRELOAD", order(&ours.to_string_lossy(), &hooks.to_string_lossy()));
    let (mut direct, mut split) = (direct, split);
    for command in [&mut direct, &mut split] {
        command.args(["legacy", "--load", "dlsym"]);
    }
    let ended = same_picture(&stage, direct, split)?;
    ensure!(ended.stderr.contains("hooks: some lookups, some allocations"), "stderr: {}", ended.stderr);
    Ok(())
}

#[test]
fn another_preload_before_ours() -> Result<()> {
    beside_another_preload(|ours, hooks| format!("{hooks}:{ours}"))
}

#[test]
fn another_preload_after_ours() -> Result<()> {
    beside_another_preload(|ours, hooks| format!("{ours}:{hooks}"))
}

#[test]
fn a_library_that_only_borrows_names_of_opengl_keeps_its_functions() -> Result<()> {
    let stage = Stage::start()?;
    let directory = TempDir::new()?;
    let (library, user) = (directory.path().join("libEGL.so"), directory.path().join("user"));
    c::compile("foreign.c", &library, &["-shared", "-fPIC", "-Wl,-soname,libEGL.so"])?;
    c::compile("foreign_user.c", &user, &[])?;
    let mut command = stage.split(&[], &user.to_string_lossy())?;
    command.arg(&library);
    Program::run(command)?.success()?;
    Ok(())
}

/// Runs one of the Python programs direct and split: both have to print the same. Gives that.
fn prints_the_same(script: &str) -> Result<String> {
    let stage = Stage::start()?;
    let (mut direct, mut split) = (stage.direct("python3")?, stage.split(&[], "python3")?);
    for command in [&mut direct, &mut split] {
        command.arg(c::source(script));
    }
    let (direct, split) = (Program::run(direct)?.success()?, Program::run(split)?.success()?);
    ensure!(direct.stdout == split.stdout, "direct:\n{}split:\n{}", direct.stdout, split.stdout);
    Ok(split.stdout)
}

#[test]
fn python_ctypes() -> Result<()> {
    let told = prints_the_same("ctypes_gl.py")?;
    ensure!(told.contains("GLX: 1"), "{told}");
    Ok(())
}

#[test]
fn a_thread_has_one_context_of_glx_or_egl() -> Result<()> {
    let told = prints_the_same("contexts.py")?;
    ensure!(told.contains("beside it 0 0x3002") && told.contains("EGL current 1 1"), "{told}");
    Ok(())
}

/// Such a program leaves nobody who could still send its frame.
#[test]
fn a_frame_comes_before_the_end_of_its_display() -> Result<()> {
    let stage = Stage::start()?;
    let (mut direct, mut split) = (stage.direct("python3")?, stage.split(&[], "python3")?);
    for command in [&mut direct, &mut split] {
        command.arg(c::source("foreign_window.py"));
    }
    same_picture(&stage, direct, split)?;
    Ok(())
}

/// Direct, such a program's frames go by the connection that has the server.
#[test]
fn a_program_that_grabs_the_server_draws_on() -> Result<()> {
    for arguments in [&[][..], &["--xcb"]] {
        let stage = Stage::start()?;
        let (mut direct, mut split) = (stage.direct("python3")?, stage.split(&[], "python3")?);
        for command in [&mut direct, &mut split] {
            command.arg(c::source("grabbed.py")).args(arguments);
        }
        same_picture(&stage, direct, split)?;
    }
    Ok(())
}

/// NVIDIA's Vulkan driver is its library of OpenGL, and asks whether the server has GLX: that must not be our GLX.
#[test]
fn a_driver_hears_of_the_servers_own_glx() -> Result<()> {
    let stage = Stage::start()?;
    let folder = TempDir::new()?;
    let (driver, program) = (folder.path().join("libGLX_test.so.0"), folder.path().join("program"));
    let soname = "-Wl,-soname,libGLX_test.so.0";
    c::compile("driver.c", &driver, &["-DDRIVER", "-shared", "-fPIC", soname, "-lX11"])?;
    let (driver, rpath) = (driver.display().to_string(), format!("-Wl,-rpath,{}", folder.path().display()));
    c::compile("driver.c", &program, &[&driver, &rpath, "-lX11"])?;
    let without_glx = XServer::xvfb().without_glx().start()?;
    let mut command = stage.glxrun()?;
    without_glx.apply(&mut command);
    command.arg("--").arg(&program);
    let said = Program::run(command)?.success()?.stdout;
    ensure!(said == "program 1 driver 0 thread 0\n", "{said}");
    Ok(())
}
