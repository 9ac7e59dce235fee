//! What the library says by itself when what it was given cannot work: one message, with what to do, and the program
//! meets a display without GLX. (The launcher refuses most of this earlier.)

use std::process::Command;

use glxrun_tests::program::Ended;
use glxrun_tests::stage::glxrun;
use glxrun_tests::{Program, Result, Stage, XServer, artifacts, ensure};

/// Runs `scene spin` with the library preloaded by hand on the 2D side, in an environment of `settings`.
fn preloaded(two_d: &XServer, settings: &[(&str, &str)]) -> Result<Ended> {
    let mut command = Command::new(artifacts::program("scene")?);
    command.args(["spin", "--frames", "3"]);
    two_d.apply(&mut command);
    command.env("LD_PRELOAD", artifacts::directory()?.join("libglxrun.so"));
    for name in [
        "GLXRUN_DISPLAY3D",
        "GLXRUN_LOG",
        "GLXRUN_FPS",
        "GLXRUN_SPOIL",
        "GLXRUN_TRANSPORT",
        "GLXRUN_COUNTERS",
    ] {
        command.env_remove(name);
    }
    command.envs(settings.iter().copied());
    Program::run(command)
}

/// Checks that the only line from us contains all of `words`, and that the program then saw no GLX.
fn told_once(ended: &Ended, words: &[&str]) -> Result<()> {
    let ours: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("glxrun: ")).collect();
    ensure!(ours.len() == 1, "not one message: {ended:?}");
    ensure!(words.iter().all(|word| ours[0].contains(word)), "{:?} lacks one of {words:?}", ours[0]);
    ensure!(ended.stderr.contains("scene: this display has no GLX"), "{ended:?}");
    ensure!(ended.status.code() == Some(1), "{ended:?}");
    Ok(())
}

#[test]
fn no_3d_side_is_named() -> Result<()> {
    let stage = Stage::start()?;
    told_once(&preloaded(stage.two_d(), &[])?, &["GLXRUN_DISPLAY3D", "glxrun"])
}

#[test]
fn the_3d_side_cannot_be_reached() -> Result<()> {
    let stage = Stage::start()?;
    told_once(&preloaded(stage.two_d(), &[("GLXRUN_DISPLAY3D", ":987")])?, &[":987", "XAUTHORITY"])
}

#[test]
fn the_3d_side_refuses_us() -> Result<()> {
    let stage = Stage::start()?;
    let closed = XServer::xvfb().authorised().start()?;
    let name = closed.display();
    told_once(&preloaded(stage.two_d(), &[("GLXRUN_DISPLAY3D", &name)])?, &[&name, "XAUTHORITY"])
}

#[test]
fn the_3d_side_has_no_glx() -> Result<()> {
    let stage = Stage::start()?;
    let bare = XServer::xvfb().without_glx().start()?;
    let name = bare.display();
    told_once(&preloaded(stage.two_d(), &[("GLXRUN_DISPLAY3D", &name)])?, &[&name, "GLX"])
}

#[test]
fn both_sides_are_the_same_display() -> Result<()> {
    let stage = Stage::start()?;
    for name in [stage.two_d().display(), format!("{}.0", stage.two_d().display())] {
        told_once(&preloaded(stage.two_d(), &[("GLXRUN_DISPLAY3D", &name)])?, &["same display", "-d"])?;
    }
    Ok(())
}

#[test]
fn an_egl_device_that_is_not_there_is_told() -> Result<()> {
    let stage = Stage::start()?;
    for (name, words) in [
        ("egl:99", ["index 99", "--list-devices"]),
        ("egl:GPU-1234", ["UUID gpu-1234", "--list-devices"]),
        ("egl:0000:99:00.0", ["0000:99:00.0", "--list-devices"]),
        ("egl:/dev/dri/renderD250", ["/dev/dri/renderD250", "--list-devices"]),
        ("egl:card", ["egl:card", "egl:INDEX"]),
    ] {
        told_once(&preloaded(stage.two_d(), &[("GLXRUN_DISPLAY3D", name)])?, &words)?;
    }
    Ok(())
}

#[test]
fn missing_egl_drivers_are_told() -> Result<()> {
    let stage = Stage::start()?;
    let directory = tempfile::tempdir()?;
    let empty = directory.path().join("empty.json");
    std::fs::write(&empty, "")?;
    for drivers in [empty.to_string_lossy().into_owned(), "/nonexistent.json".to_owned()] {
        let settings = [("GLXRUN_DISPLAY3D", "egl"), ("__EGL_VENDOR_LIBRARY_FILENAMES", &drivers)];
        told_once(&preloaded(stage.two_d(), &settings)?, &[&drivers, "leads to no EGL driver"])?;
    }
    Ok(())
}

#[test]
fn bad_settings_are_told_once_each_and_the_defaults_used() -> Result<()> {
    let stage = Stage::start()?;
    let name = stage.three_d_name();
    let bad = [("GLXRUN_DISPLAY3D", name.as_str()), ("GLXRUN_SPOIL", "perhaps"), ("GLXRUN_FPS", "-1")];
    let ended = preloaded(stage.two_d(), &bad)?.success()?;
    for (name, value, allowed) in [("GLXRUN_SPOIL", "perhaps", "on or off"), ("GLXRUN_FPS", "-1", "default")]
    {
        let lines: Vec<_> = ended.stderr.lines().filter(|line| line.contains(name)).collect();
        ensure!(lines.len() == 1, "{name} is not told once: {}", ended.stderr);
        ensure!(lines[0].starts_with("glxrun: "), "{}", lines[0]);
        ensure!(lines[0].contains(value) && lines[0].contains(allowed), "{}", lines[0]);
    }
    Ok(())
}

#[test]
fn the_2d_side_dies_and_the_program_ends_as_on_any_lost_display() -> Result<()> {
    let mut stage = Stage::start()?;
    let mut command = stage.split(&[], "scene")?;
    command.args(["spin", "--frames", "3"]);
    let mut program = Program::start(command)?;
    program.line_where(|line| line == "ready")?;
    stage.two_d_mut().kill()?;
    let ended = program.wait()?;
    // Xlib's own answer to a lost connection is exit status 1, not a signal.
    ensure!(ended.status.code() == Some(1), "{ended:?}");
    Ok(())
}

/// Nobody but us talks to the 3D side's X server, so its end is ours to bear: the program goes on with its windows.
#[test]
fn the_3d_side_dies_and_the_program_goes_on() -> Result<()> {
    let stage = Stage::start()?;
    let mut three_d = XServer::xvfb().start()?;
    let mut command = glxrun()?;
    stage.two_d().apply(&mut command);
    command.args(["-d", &three_d.display(), "--"]).arg(artifacts::program("scene")?);
    command.args(["resize", "--step"]);
    let mut program = Program::start(command)?;
    program.say("\n")?;
    program.line_where(|line| line == "frame 2")?;
    three_d.kill()?;
    // What it draws needs new surfaces, which the lost server would have had to make.
    program.say("")?;
    program.line_where(|line| line == "frame 3")?;
    let ended = program.finish()?;
    ensure!(ended.status.code() == Some(0) && ended.stdout.ends_with("ready\n"), "{ended:?}");
    let lost = format!("glxrun: the connection to the 3D side's X server {} is lost", three_d.display());
    let ours: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("glxrun: ")).collect();
    ensure!(ours.len() == 1 && ours[0].starts_with(&lost), "not told once: {}", ended.stderr);
    Ok(())
}
