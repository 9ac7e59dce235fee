//! `glxrun doctor`: all well, and one fault after another, each of which it must name, with what to do.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use glxrun_display::check;
use glxrun_tests::stage::glxrun;
use glxrun_tests::{Context, Program, Result, TwoD, XServer, c, ensure};
use rustix::process::{Signal, getuid, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt, CreateWindowAux, EventMask, StackMode,
    WindowClass,
};

/// What doctor said, from its JSON.
struct Said {
    status: Option<i32>,
    report: Value,
}

impl Said {
    /// Runs `glxrun doctor --json` with more arguments.
    fn of(mut command: Command, args: &[&str]) -> Result<Said> {
        command.args(["doctor", "--json"]).args(args);
        let ended = Program::run(command)?;
        let report =
            serde_json::from_str(&ended.stdout).with_context(|| format!("no JSON:\n{}", ended.stderr))?;
        Ok(Said { status: ended.status.code(), report })
    }

    /// A check by its name.
    fn check(&self, name: &str) -> Result<&Value> {
        let checks = self.report["checks"].as_array().context("no checks")?;
        checks.iter().find(|check| check["name"] == name).with_context(|| format!("no {name}: {self}"))
    }

    /// A check has come out like this, and says all of these parts.
    fn says(&self, name: &str, verdict: &str, parts: &[&str]) -> Result<()> {
        let check = self.check(name)?;
        ensure!(check["verdict"] == verdict, "{name} is no {verdict}: {self}");
        let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
        ensure!(verdict == "ok" || !text("fix").is_empty(), "{name} has no fix: {self}");
        let text = text("evidence") + " -> " + &text("fix");
        for part in parts {
            ensure!(text.contains(part), "{name} does not say {part:?}: {text}");
        }
        Ok(())
    }

    /// A program would work, or not, and the exit status says so too.
    fn works(&self, works: bool) -> Result<()> {
        ensure!(self.report["works"] == works, "{self}");
        ensure!(self.status == Some(if works { 0 } else { 1 }), "status {:?}", self.status);
        Ok(())
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.report)
    }
}

/// glxrun on a 2D side.
fn on(server: &XServer) -> Result<Command> {
    let mut command = glxrun()?;
    server.apply(&mut command);
    Ok(command)
}

fn two_d() -> Result<XServer> {
    TwoD::Xvfb.start(24)
}

/// glxrun with a variable set.
fn with(variable: &str, value: impl AsRef<std::ffi::OsStr>) -> Result<Command> {
    let mut command = glxrun()?;
    command.env(variable, value);
    Ok(command)
}

/// A directory in which shared objects of C lie.
fn library(name: &str, code: &str) -> Result<TempDir> {
    let directory = TempDir::new()?;
    let source = directory.path().join("library.c");
    fs::write(&source, code)?;
    c::compile(&source.display().to_string(), &directory.path().join(name), &["-shared", "-fPIC"])?;
    Ok(directory)
}

/// A vendor file that names a library.
fn vendor(directory: &Path, library: &str) -> Result<std::path::PathBuf> {
    let file = directory.join("vendor.json");
    fs::write(
        &file,
        format!(r#"{{"file_format_version": "1.0.0", "ICD": {{"library_path": "{library}"}}}}"#),
    )?;
    Ok(file)
}

#[test]
fn all_is_well_here_without_any_x_server() -> Result<()> {
    let said = Said::of(glxrun()?, &[])?;
    said.works(true)?;
    said.says("frame", "ok", &["drawn by", "posted and read back equal"])?;
    said.says("frame GLX", "ok", &["private Xvfb", "posted and read back equal"])?;
    said.says("2d-shared-memory", "ok", &["by descriptor"])?;
    said.says("2d-side", "ok", &["1280x1024, depth 24"])?;
    said.says("renderer egl:0", "ok", &[])?;
    said.says("vulkan-loader", "ok", &["libvulkan.so.1"])?;
    said.says("vulkan-layer", "ok", &["libglxrun_vulkan.so"])?;
    Ok(())
}

#[test]
fn people_are_told_in_lines() -> Result<()> {
    let mut command = glxrun()?;
    command.arg("doctor");
    let ended = Program::run(command)?;
    ensure!(ended.status.code() == Some(0) && ended.stderr.is_empty(), "{}", ended.stderr);
    ensure!(ended.stdout.contains("\nok       frame             drawn by "), "{}", ended.stdout);
    ensure!(ended.stdout.contains("\nA program would work here ("), "{}", ended.stdout);
    Ok(())
}

#[test]
fn nothing_is_left_behind() -> Result<()> {
    let place = TempDir::new()?;
    let mut command = with("TMPDIR", place.path())?;
    command.env_remove("XDG_RUNTIME_DIR");
    Said::of(command, &[])?.works(true)?;
    ensure!(fs::read_dir(place.path())?.next().is_none(), "files are left in TMPDIR");
    Ok(())
}

#[test]
fn both_kinds_of_3d_side_can_be_named() -> Result<()> {
    let (two, three) = (two_d()?, XServer::xvfb().start()?);
    let said = Said::of(on(&two)?, &["-d", &three.display()])?;
    said.works(true)?;
    said.says("frame", "ok", &[&format!("on {}", three.display())])?;
    let mut command = on(&two)?;
    command.env("GLXRUN_DISPLAY3D", "egl:software");
    let said = Said::of(command, &[])?;
    said.works(true)?;
    said.says("frame", "ok", &["on egl:software"])
}

#[test]
fn other_depths_work_too() -> Result<()> {
    let two = TwoD::Xvfb.start(16)?;
    let said = Said::of(on(&two)?, &["-d", "egl:software"])?;
    said.says("2d-side", "ok", &["depth 16"])?;
    said.says("frame", "ok", &["posted and read back equal"])
}

#[test]
fn a_2d_server_that_is_not_there() -> Result<()> {
    let said = Said::of(with("DISPLAY", ":4711")?, &[])?;
    said.works(false)?;
    said.says("2d-side", "failure", &["the display :4711 cannot be opened", "unset DISPLAY"])?;
    let said = Said::of(with("DISPLAY", "no name")?, &[])?;
    said.works(false)?;
    said.says("2d-side", "failure", &["no name"])
}

#[test]
fn a_2d_server_that_lets_nobody_in() -> Result<()> {
    let two = XServer::xvfb().authorised().start()?;
    let said = Said::of(with("DISPLAY", two.display())?, &[])?;
    said.works(false)?;
    said.says("2d-side", "failure", &["cannot be opened", "XAUTHORITY"])
}

#[test]
fn a_2d_server_that_hangs() -> Result<()> {
    let two = two_d()?;
    kill_process(two.pid(), Signal::STOP)?;
    let said = Said::of(on(&two)?, &["--limit", "2"])?;
    kill_process(two.pid(), Signal::CONT)?;
    said.works(false)?;
    said.says("2d-side", "failure", &[&two.display(), "no answer within 2 seconds", "stopped or hung"])
}

#[test]
fn a_2d_server_without_shared_memory() -> Result<()> {
    let two = XServer::xvfb().without_glx().args(&["-extension", "MIT-SHM"]).start()?;
    let said = Said::of(on(&two)?, &[])?;
    said.works(true)?;
    said.says("2d-shared-memory", "warning", &["through the socket", "no MIT-SHM extension"])?;
    said.says("frame", "ok", &["posted and read back equal"])
}

#[test]
fn a_2d_server_with_few_extensions() -> Result<()> {
    let two = XServer::xvfb().without_glx().args(&["-extension", "DAMAGE", "-extension", "RANDR"]).start()?;
    let said = Said::of(on(&two)?, &[])?;
    said.works(true)?;
    said.says("2d-extensions", "warning", &["lacks DAMAGE (for --damage", "RANDR (for"])
}

#[test]
fn no_xvfb_to_start() -> Result<()> {
    let said = Said::of(with("PATH", "/nonexistent")?, &[])?;
    said.works(false)?;
    said.says("2d-side", "failure", &["Xvfb is needed", "apt-get install xvfb"])
}

#[test]
fn a_3d_side_that_is_not_there() -> Result<()> {
    let two = two_d()?;
    for (name, parts) in [
        ("egl:99", &["index 99", "--list-devices"][..]),
        ("egl:card", &["egl:INDEX"]),
        (":4711", &["cannot open the 3D side, display :4711"]),
        (&two.display(), &["must be two X servers"]),
    ] {
        let said = Said::of(on(&two)?, &["-d", name])?;
        said.works(false)?;
        said.says("frame", "failure", parts)?;
        // That another one works is told too.
        said.says("frame egl:0", "ok", &[])?;
    }
    Ok(())
}

#[test]
fn a_3d_server_that_hangs() -> Result<()> {
    let (two, three) = (two_d()?, XServer::xvfb().start()?);
    kill_process(three.pid(), Signal::STOP)?;
    let said = Said::of(on(&two)?, &["-d", &three.display(), "--limit", "2"])?;
    kill_process(three.pid(), Signal::CONT)?;
    said.works(false)?;
    said.says("frame", "failure", &["no answer within 2 seconds"])
}

#[test]
fn a_3d_server_without_glx() -> Result<()> {
    let (two, three) = (two_d()?, XServer::xvfb().without_glx().start()?);
    let said = Said::of(on(&two)?, &["-d", &three.display()])?;
    said.works(false)?;
    said.says("frame", "failure", &["no GLX extension"])
}

#[test]
fn no_library() -> Result<()> {
    let said = Said::of(with("GLXRUN_LIBRARY", "/nonexistent.so")?, &[])?;
    said.works(false)?;
    said.says("library", "failure", &["/nonexistent.so", "No such file"])
}

#[test]
fn another_library() -> Result<()> {
    let directory = library("libglxrun.so", "int nothing;")?;
    let file = directory.path().join("libglxrun.so");
    let said = Said::of(with("GLXRUN_LIBRARY", &file)?, &[])?;
    said.works(false)?;
    said.says("library", "failure", &["it is another library"])
}

#[test]
fn a_setting_with_a_bad_value() -> Result<()> {
    let said = Said::of(with("GLXRUN_FPS", "many")?, &[])?;
    said.works(false)?;
    said.says("settings", "failure", &["GLXRUN_FPS=many", "frames per second"])
}

#[test]
fn egl_vendors_that_a_variable_hides() -> Result<()> {
    let said = Said::of(with("__EGL_VENDOR_LIBRARY_FILENAMES", "/nonexistent.json")?, &[])?;
    // A private Xvfb renders then.
    said.works(true)?;
    said.says("egl-vendors", "warning", &["/nonexistent.json", "correct __EGL_VENDOR_LIBRARY_FILENAMES"])?;
    said.says("egl-devices", "warning", &["leads to no EGL driver", "unset it"])?;
    said.says("frame", "ok", &["posted and read back equal"])?;
    let empty = TempDir::new()?;
    let said = Said::of(with("__EGL_VENDOR_LIBRARY_DIRS", empty.path())?, &[])?;
    said.says("egl-vendors", "warning", &["__EGL_VENDOR_LIBRARY_DIRS=", "leads to no EGL driver"])
}

#[test]
fn an_egl_driver_that_cannot_be_loaded() -> Result<()> {
    let place = TempDir::new()?;
    let file = vendor(place.path(), "libEGL_gone.so.0")?;
    let said = Said::of(with("__EGL_VENDOR_LIBRARY_FILENAMES", file)?, &[])?;
    said.says(
        "egl-vendors",
        "warning",
        &["vendor.json names libEGL_gone.so.0, which cannot be loaded", "cannot open shared object file"],
    )
}

#[test]
fn an_egl_driver_that_crashes() -> Result<()> {
    let place = library(
        "libEGL_crash.so",
        "void abort(void); __attribute__((constructor)) void go(void) { abort(); }",
    )?;
    let file = vendor(place.path(), &place.path().join("libEGL_crash.so").display().to_string())?;
    let said = Said::of(with("__EGL_VENDOR_LIBRARY_FILENAMES", file)?, &[])?;
    said.works(false)?;
    said.says("egl-vendors", "warning", &["libEGL_crash.so", "ended by signal 6"])?;
    said.says("frame", "failure", &["signal 6"])
}

#[test]
fn an_egl_driver_that_hangs() -> Result<()> {
    let place = library(
        "libEGL_hang.so",
        "int pause(void); __attribute__((constructor)) void go(void) { for (;;) pause(); }",
    )?;
    let file = vendor(place.path(), &place.path().join("libEGL_hang.so").display().to_string())?;
    let said = Said::of(with("__EGL_VENDOR_LIBRARY_FILENAMES", file)?, &["--limit", "2"])?;
    said.works(false)?;
    said.says("egl-vendors", "warning", &["libEGL_hang.so", "no answer within 2 seconds"])?;
    said.says("frame", "failure", &["no answer within 2 seconds"])
}

#[test]
fn a_vulkan_driver_that_cannot_be_loaded() -> Result<()> {
    let place = TempDir::new()?;
    let file = vendor(place.path(), "./libvulkan_gone.so")?;
    let said = Said::of(with("VK_DRIVER_FILES", file)?, &[])?;
    said.works(true)?;
    said.says("vulkan-vendors", "warning", &["libvulkan_gone.so, which cannot be loaded", "VK_DRIVER_FILES"])
}

#[test]
fn a_glx_vendor_that_is_not_there() -> Result<()> {
    let said = Said::of(with("__GLX_VENDOR_LIBRARY_NAME", "gone")?, &["-d", "egl:software"])?;
    said.says("glx-vendors", "warning", &["__GLX_VENDOR_LIBRARY_NAME=gone", "libGLX_gone.so.0", "unset"])
}

#[test]
fn a_libgl_that_is_none() -> Result<()> {
    let place = TempDir::new()?;
    fs::write(
        place.path().join("libGL.so.1"),
        "not a library, but long enough to hold the header of one: ...",
    )?;
    let two = two_d()?;
    let mut command = on(&two)?;
    command.env("LD_LIBRARY_PATH", place.path());
    let said = Said::of(command, &[])?;
    said.works(false)?;
    said.says("glx-vendors", "failure", &["libGL.so.1 cannot be loaded", "apt-get install libgl1"])
}

#[test]
fn a_frame_that_does_not_arrive() -> Result<()> {
    let two = two_d()?;
    // A window over all others, which comes back on top whenever one is mapped.
    let (connection, screen) = x11rb::connect(Some(&two.display()))?;
    let root = connection.setup().roots[screen].root;
    let watch = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
    connection.change_window_attributes(root, &watch)?;
    let window = connection.generate_id()?;
    let attributes = CreateWindowAux::new().override_redirect(1).background_pixel(0x123456);
    let copy = x11rb::COPY_FROM_PARENT;
    connection.create_window(
        0,
        window,
        root,
        0,
        0,
        400,
        400,
        0,
        WindowClass::INPUT_OUTPUT,
        copy,
        &attributes,
    )?;
    check(&connection, connection.map_window(window)?)?;
    std::thread::spawn(move || {
        while let Ok(event) = connection.wait_for_event() {
            if matches!(event, Event::MapNotify(mapped) if mapped.window != window) {
                let above = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
                if connection.configure_window(window, &above).is_err() || connection.flush().is_err() {
                    break;
                }
            }
        }
    });
    let said = Said::of(on(&two)?, &["-d", "egl:software"])?;
    said.works(false)?;
    said.says("frame", "failure", &["its window does not show it", "pixel 16,0 is"])
}

#[test]
fn limits_that_are_too_low() -> Result<()> {
    let mut command = Command::new("sh");
    let glxrun = glxrun()?;
    command.args(["-c", "ulimit -f 20000; exec \"$@\"", "sh"]).arg(glxrun.get_program());
    for (name, value) in glxrun.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let said = Said::of(command, &[])?;
    said.says("limits", "warning", &["file size (ulimit -f)", "--ulimit"])
}

#[test]
fn a_machine_whose_files_are_missing() -> Result<()> {
    let root = TempDir::new()?;
    fs::create_dir_all(root.path().join("sys/module/nvidia"))?;
    fs::write(root.path().join("sys/module/nvidia/version"), "580.159.04\n")?;
    let mut command = with("NVIDIA_DRIVER_CAPABILITIES", "compute,utility")?;
    command.env_remove("NVIDIA_VISIBLE_DEVICES");
    let said = Said::of(command, &["--root", &root.path().display().to_string()])?;
    said.says("gpu-nodes", "warning", &["module 580.159.04 is loaded", "--gpus all", "nvidia.com/gpu"])?;
    said.says(
        "gpu-capabilities",
        "warning",
        &["=compute,utility lacks graphics", "NVIDIA_DRIVER_CAPABILITIES=all"],
    )?;
    said.says("egl-vendors", "warning", &["NVIDIA's EGL is not registered"])?;
    said.says("shared-memory", "warning", &["no /dev/shm", "--tmpfs /dev/shm"])?;
    said.says("keyboard", "failure", &["rules/evdev is missing", "apt-get install xkb-data"])?;
    said.says("fonts", "warning", &["no font below /usr/share/fonts", "fonts-dejavu-core"])?;
    said.works(false)?;
    fs::create_dir_all(root.path().join("usr/share/X11/xkb/rules"))?;
    fs::write(root.path().join("usr/share/X11/xkb/rules/evdev"), "")?;
    let said = Said::of(glxrun()?, &["--root", &root.path().display().to_string()])?;
    said.says("keyboard", "failure", &["xkbcomp is missing", "apt-get install x11-xkb-utils"])?;
    // An X server that runs has what it needs.
    let two = two_d()?;
    let said = Said::of(on(&two)?, &["--root", &root.path().display().to_string()])?;
    said.says("keyboard", "ok", &[])
}

#[test]
fn a_gpu_that_is_not_used() -> Result<()> {
    let root = TempDir::new()?;
    fs::create_dir_all(root.path().join("dev/dri"))?;
    fs::write(root.path().join("dev/dri/renderD128"), "")?;
    // Where there is a GPU, it is hidden.
    let mut command = with("NVIDIA_VISIBLE_DEVICES", "none")?;
    command.env("GLXRUN_SIZE", "640x480");
    let said = Said::of(command, &["--root", &root.path().display().to_string()])?;
    said.says("software", "warning", &["a GPU is here, but a run renders on the CPU", "in software on egl:"])
}

#[test]
fn a_device_node_that_is_closed() -> Result<()> {
    const NOBODY: u32 = 65534;
    let root = TempDir::new()?;
    fs::create_dir_all(root.path().join("dev/dri"))?;
    let node = root.path().join("dev/dri/renderD128");
    fs::write(&node, "")?;
    fs::set_permissions(&node, fs::Permissions::from_mode(0o060))?;
    let original = glxrun()?;
    let copy = root.path().join("glxrun");
    fs::copy(original.get_program(), &copy)?;
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755))?;
    let tmp = root.path().join("tmp");
    fs::create_dir(&tmp)?;
    let mut command = Command::new(&copy);
    command.env("TMPDIR", &tmp).env_remove("XDG_RUNTIME_DIR").env_remove("DISPLAY");
    if getuid().is_root() {
        chown(&tmp, Some(NOBODY), Some(NOBODY))?;
        command.uid(NOBODY).gid(NOBODY);
    }
    let said = Said::of(command, &["--root", &root.path().display().to_string()])?;
    said.says("gpu-nodes", "warning", &["may not open /dev/dri/renderD128", "mode is 0060", "--group-add"])
}

#[test]
fn bad_command_lines() -> Result<()> {
    for (args, part) in [(&["--what"][..], "--what"), (&["--limit", "0"], "--limit"), (&["x"], "--probe")] {
        let mut command = glxrun()?;
        command.arg("doctor").args(args);
        let ended = Program::run(command)?;
        ensure!(ended.status.code() == Some(125), "{args:?}: {:?}", ended.status);
        ensure!(ended.stderr.starts_with("glxrun: ") && ended.stderr.contains(part), "{}", ended.stderr);
    }
    Ok(())
}
