//! `--xorg`: an Xorg of glxrun's own as the 3D side. Without a GPU, Xorg's dummy driver shows that all but the driver works.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Command;

use glxrun_tests::stage::glxrun;
use glxrun_tests::{Backend, Program, Result, Stage, XServer, artifacts, compare_frames, ensure};
use rustix::process::getuid;
use tempfile::TempDir;

#[test]
fn shows_what_a_program_shows_direct() -> Result<()> {
    let stage = Stage::rendered_by(Backend::Xorg)?;
    let frames = compare_frames(&stage, "scene", &["spin", "--size", "321x239", "--frames", "30"])?;
    ensure!(frames == 30, "{frames} frames of 30 were compared");
    Ok(())
}

#[test]
fn it_is_an_xorg_and_it_ends_with_the_program() -> Result<()> {
    let place = TempDir::new()?;
    let mut command = glxrun()?;
    command.env("TMPDIR", place.path()).env_remove("XDG_RUNTIME_DIR");
    command.args(["--xorg=dummy", "sh", "-c", "xdpyinfo -display $GLXRUN_DISPLAY3D; echo $GLXRUN_DISPLAY3D"]);
    let ended = Program::run(command)?.success()?;
    ensure!(
        ended.stdout.contains("X.Org version: 21.") || ended.stdout.contains("X.Org version: 1."),
        "{}",
        ended.stdout
    );
    ensure!(ended.stdout.contains("GLX"), "{}", ended.stdout);
    let display = ended.stdout.lines().last().unwrap_or_default();
    let number = display.strip_prefix(':').unwrap_or_default();
    ensure!(!number.is_empty(), "no display: {}", ended.stdout);
    ensure!(!fs::exists(format!("/tmp/.X11-unix/X{number}"))?, "its socket is left");
    ensure!(!fs::exists(format!("/tmp/.X{number}-lock"))?, "its lock is left");
    ensure!(fs::read_dir(place.path())?.next().is_none(), "files are left in TMPDIR");
    Ok(())
}

#[test]
fn an_ordinary_user_needs_no_rights() -> Result<()> {
    const NOBODY: u32 = 65534;
    let place = TempDir::new()?;
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755))?;
    for name in ["glxrun", "libglxrun.so"] {
        fs::copy(artifacts::program(name)?, place.path().join(name))?;
    }
    let tmp = place.path().join("tmp");
    fs::create_dir(&tmp)?;
    let mut command = Command::new(place.path().join("glxrun"));
    command.env("TMPDIR", &tmp).env_remove("XDG_RUNTIME_DIR").env_remove("DISPLAY");
    if getuid().is_root() {
        chown(&tmp, Some(NOBODY), Some(NOBODY))?;
        command.uid(NOBODY).gid(NOBODY);
    }
    command.args(["--xorg=dummy", "glxinfo", "-B"]);
    let ended = Program::run(command)?.success()?;
    ensure!(ended.stdout.contains("OpenGL renderer string: llvmpipe"), "{}", ended.stdout);
    Ok(())
}

#[test]
fn failures_are_told_in_one_sentence() -> Result<()> {
    let two = XServer::xvfb().without_glx().start()?;
    for (arguments, parts) in [
        (&["--xorg=0000:77:00.0"][..], &["(--xorg)", "no GPU"][..]),
        (&["--xorg=dummy", "-d", "egl:software"], &["leave one out"]),
        // More memory than the dummy driver can have.
        (&["--xorg=dummy", "--size", "32767x32767"], &["(--xorg)", "Xorg"]),
    ] {
        let mut command = glxrun()?;
        two.apply(&mut command);
        command.args(arguments).arg("true");
        let ended = Program::run(command)?;
        ensure!(ended.status.code() == Some(125), "{arguments:?}: {:?} {}", ended.status, ended.stderr);
        ensure!(
            ended.stderr.lines().count() == 1 && ended.stderr.starts_with("glxrun: "),
            "{}",
            ended.stderr
        );
        for part in parts {
            ensure!(ended.stderr.contains(part), "{part:?} is not in {}", ended.stderr);
        }
    }
    Ok(())
}

#[test]
fn the_configuration_can_be_had() -> Result<()> {
    let root = TempDir::new()?;
    let gpu = root.path().join("proc/driver/nvidia/gpus/0001:0a:00.0");
    fs::create_dir_all(&gpu)?;
    fs::write(gpu.join("information"), "Model: \t\t NVIDIA H100\nDevice Minor: \t 0\n")?;
    fs::create_dir(root.path().join("dev"))?;
    fs::write(root.path().join("dev/nvidia0"), "")?;
    let mut command = glxrun()?;
    command.args(["xorg-conf", "--size", "1920x1080", "--root"]).arg(root.path());
    let text = Program::run(command)?.success()?.stdout;
    for part in ["\"nvidia\"", "\"PCI:10@1:0:0\"", "Virtual 1920 1080", "AllowEmptyInitialConfiguration"] {
        ensure!(text.contains(part), "no {part} in\n{text}");
    }
    let mut command = glxrun()?;
    command.args(["xorg-conf", "dummy"]);
    ensure!(Program::run(command)?.success()?.stdout.contains("\"dummy\""), "no dummy");
    Ok(())
}

#[test]
fn doctor_tries_it() -> Result<()> {
    let mut command = glxrun()?;
    command.args(["doctor", "--xorg=dummy"]);
    let ended = Program::run(command)?;
    ensure!(ended.status.code() == Some(0), "{} {}", ended.stdout, ended.stderr);
    ensure!(ended.stdout.contains("on --xorg=dummy, posted and read back equal"), "{}", ended.stdout);
    let mut command = glxrun()?;
    command.env("GLXRUN_XORG", "0000:77:00.0").arg("doctor");
    let ended = Program::run(command)?;
    ensure!(ended.status.code() == Some(1), "{} {}", ended.stdout, ended.stderr);
    ensure!(ended.stdout.contains("cannot start Xorg on a GPU (--xorg)"), "{}", ended.stdout);
    Ok(())
}
