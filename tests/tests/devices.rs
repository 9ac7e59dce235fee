//! What a user reads where no EGL device can be used: one sentence that names the cause and what to do. Machines are faked
//! by the files that they have (`c/fake_machine.c`) and by what their EGL answers (`c/fake_egl.c`).

use std::fs;
use std::process::Command;

use glxrun_tests::stage::glxrun;
use glxrun_tests::{Context, Program, Result, XServer, c, ensure};
use tempfile::TempDir;

const MODULE: (&str, &str) = ("sys/module/nvidia/version", "580.159.04\n");
const OTHER_LIBRARY: (&str, &str) = ("usr/lib/x86_64-linux-gnu/libEGL_nvidia.so.550.1.2", "");
const LIBRARY: (&str, &str) = ("usr/lib/x86_64-linux-gnu/libEGL_nvidia.so.580.159.04", "");
const MESA: (&str, &str) = ("usr/share/glvnd/egl_vendor.d/50_mesa.json", "{}");
const NVIDIA: (&str, &str) = ("usr/share/glvnd/egl_vendor.d/10_nvidia.json", "{}");

/// A machine with these files, whose EGL behaves in this way.
struct Machine {
    place: TempDir,
    egl: &'static str,
}

impl Machine {
    fn new(egl: &'static str, files: &[(&str, &str)]) -> Result<Self> {
        let place = TempDir::new()?;
        c::compile("fake_machine.c", &place.path().join("machine.so"), &["-shared", "-fPIC", "-ldl"])?;
        let library = place.path().join("libEGL.so.1");
        c::compile("fake_egl.c", &library, &["-shared", "-fPIC", "-Wl,-soname,libEGL.so.1"])?;
        for (path, text) in files {
            let path = place.path().join("root").join(path);
            fs::create_dir_all(path.parent().context("a parent")?)?;
            fs::write(path, text)?;
        }
        Ok(Self { place, egl })
    }

    /// glxrun on this machine.
    fn glxrun(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = glxrun()?;
        let place = self.place.path();
        command.env("LD_PRELOAD", place.join("machine.so")).env("FAKE_ROOT", place.join("root"));
        command.env("FAKE_EGL", self.egl).env("LD_LIBRARY_PATH", place);
        command.env_remove("__EGL_VENDOR_LIBRARY_FILENAMES").env_remove("__EGL_VENDOR_LIBRARY_DIRS");
        command.args(arguments);
        Ok(command)
    }

    /// `-d egl` is refused with one line that has all of `parts`; without `-d` software renders, and the line says why.
    fn tells(&self, parts: &[&str]) -> Result<()> {
        let ended = Program::run(self.glxrun(&["-d", "egl", "echo", "ran"])?)?;
        ensure!(ended.status.code() == Some(125) && ended.stdout.is_empty(), "{ended:?}");
        ensure!(ended.stderr.lines().count() == 1, "{}", ended.stderr);
        for part in ["glxrun: cannot use the 3D side egl (-d): "].iter().chain(parts) {
            ensure!(ended.stderr.contains(part), "no {part:?} in: {}", ended.stderr);
        }
        let two = XServer::xvfb().without_glx().start()?;
        let mut command = self.glxrun(&["echo", "ran"])?;
        two.apply(&mut command);
        let ended = Program::run(command)?.success()?;
        let said =
            ended.stderr.lines().find(|line| line.contains("rendering in software")).unwrap_or_default();
        ensure!(ended.stdout == "ran\n" && said.contains(parts[0]), "{ended:?}");
        Ok(())
    }
}

#[test]
fn libraries_of_another_version_than_the_kernel_module() -> Result<()> {
    // Such a driver finds no device, or finds one that does not start.
    for egl in ["no-devices", "does-not-start"] {
        let machine = Machine::new(egl, &[MODULE, MESA, NVIDIA, OTHER_LIBRARY])?;
        machine.tells(&["kernel module is version 580.159.04", "550.1.2", "must be equal", "--gpus all"])?;
    }
    Ok(())
}

#[test]
fn no_vendor_file() -> Result<()> {
    Machine::new("no-platform", &[])?.tells(&["no EGL driver is registered", "Install libegl-mesa0"])
}

#[test]
fn no_vendor_file_of_nvidia() -> Result<()> {
    let machine = Machine::new("no-platform", &[MODULE, MESA, LIBRARY])?;
    machine.tells(&["NVIDIA's EGL is not registered", "580.159.04", "10_nvidia.json", "--gpus all"])
}

#[test]
fn no_device() -> Result<()> {
    let machine = Machine::new("no-devices", &[MESA])?;
    machine.tells(&["EGL's drivers find no device here", "/dev/dri or /dev/nvidia"])
}

#[test]
fn no_device_platform() -> Result<()> {
    Machine::new("no-platform", &[MESA])?.tells(&["offers no device platform", "Install libegl1"])
}

#[test]
fn a_device_that_does_not_start() -> Result<()> {
    let machine = Machine::new("does-not-start", &[MODULE, NVIDIA, LIBRARY])?;
    machine.tells(&["egl:0 (/dev/dri/card0) does not start (EGL error 0x3001)", "may open its nodes"])
}

#[test]
fn a_gpu_that_is_hidden() -> Result<()> {
    let machine = Machine::new("does-not-start", &[MODULE, NVIDIA, LIBRARY])?;
    let mut command = machine.glxrun(&["-d", "egl", "echo", "ran"])?;
    command.env("NVIDIA_VISIBLE_DEVICES", "none");
    let ended = Program::run(command)?;
    ensure!(ended.status.code() == Some(125), "{ended:?}");
    ensure!(ended.stderr.contains("NVIDIA_VISIBLE_DEVICES"), "{}", ended.stderr);
    Ok(())
}
