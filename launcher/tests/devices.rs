//! EGL devices: the list, the default, and what is said of devices that cannot be used. Where no GPU is, Mesa's
//! software device stands for all.

mod common;

use common::{EGL_DRIVERS, Outcome, Runs, Stage, Xvfb};

/// Runs glxrun with this machine's EGL drivers.
fn with_egl(stage: &Stage, args: &[&str]) -> Outcome {
    stage.glxrun().env_remove(EGL_DRIVERS).args(args).run()
}

#[test]
fn devices_are_listed_with_the_default_marked() {
    let stage = Stage::new();
    let outcome = with_egl(&stage, &["--list-devices"]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    for column in ["DEVICE", "RENDERER", "DRIVER", "PCI ADDRESS", "NODE"] {
        assert!(lines[0].contains(column), "{}", outcome.stdout);
    }
    assert!(outcome.stdout.contains("llvmpipe"), "no software device: apt-get install libegl-mesa0");
    assert_eq!(lines.iter().filter(|line| line.starts_with("*  egl:")).count(), 1, "{}", outcome.stdout);
    stage.assert_clean(&[]);
}

#[test]
fn where_all_gpus_are_hidden_software_is_the_default() {
    let stage = Stage::new();
    let mut command = stage.glxrun();
    command.env_remove(EGL_DRIVERS).env("NVIDIA_VISIBLE_DEVICES", "none");
    let list = command.arg("--list-devices").run().stdout;
    let marked = list.lines().find(|line| line.starts_with('*') && line.contains("egl:"));
    assert!(marked.is_none_or(|line| !line.contains("NVIDIA")), "{list}");
}

#[test]
fn every_name_of_a_device_reaches_the_library() {
    let stage = Stage::new();
    for name in ["egl:software", "egl:0"] {
        let outcome = with_egl(&stage, &["-d", name, "sh", "-c", "echo $GLXRUN_DISPLAY3D"]);
        assert_eq!((outcome.stdout.trim(), outcome.stderr.as_str()), (name, ""));
    }
    let mut command = stage.glxrun();
    command.env_remove(EGL_DRIVERS).env("GLXRUN_DISPLAY3D", "egl:software");
    let outcome = command.args(["sh", "-c", "echo $GLXRUN_DISPLAY3D"]).run();
    assert_eq!(outcome.stdout.trim(), "egl:software");
}

#[test]
fn a_device_renders_where_no_3d_side_is_named() {
    let stage = Stage::new();
    let outcome = with_egl(&stage, &["sh", "-c", "echo $GLXRUN_DISPLAY3D"]);
    assert!(outcome.stdout.starts_with("egl:"), "{} {}", outcome.stdout, outcome.stderr);
    // Software is announced; a GPU is not.
    let list = with_egl(&stage, &["--list-devices"]).stdout;
    let takes_software = list.lines().any(|line| line.starts_with('*') && line.contains("llvmpipe"));
    assert_eq!(
        outcome.stderr.contains("rendering in software on egl:"),
        takes_software,
        "{}",
        outcome.stderr
    );
}

#[test]
fn names_that_lead_to_no_device_are_told() {
    let stage = Stage::new();
    let two = Xvfb::without_glx();
    for (name, parts) in [
        ("egl:99", &["egl:99 (-d)", "index 99", "there", "--list-devices"][..]),
        ("egl:GPU-11111111-2222", &["UUID gpu-11111111-2222", "--list-devices"]),
        ("egl:0000:77:00.0", &["PCI address 0000:77:00.0", "--list-devices"]),
        ("egl:/dev/dri/renderD250", &["node /dev/dri/renderD250", "--list-devices"]),
        ("egl:card", &["egl:card", "egl:INDEX"]),
        ("egl:", &["egl:INDEX"]),
    ] {
        let mut command = stage.glxrun();
        command.env_remove(EGL_DRIVERS).env("DISPLAY", &two.display);
        command.args(["-d", name, "echo", "ran"]).run().assert_refused(125, parts);
    }
}

#[test]
fn hidden_gpus_and_missing_drivers_are_told() {
    let stage = Stage::new();
    let none = stage.glxrun().args(["-d", "egl", "echo", "ran"]).run();
    none.assert_refused(125, &["-d", "__EGL_VENDOR_LIBRARY_FILENAMES=/dev/null", "unset it"]);
    let mut command = stage.glxrun();
    command.env(EGL_DRIVERS, stage.path("missing.json")).args(["--list-devices"]);
    command.run().assert_refused(125, &["missing.json leads to no EGL driver"]);
    stage.assert_clean(&[]);
}

#[test]
fn a_bare_egl_means_a_gpu() {
    let stage = Stage::new();
    let list = with_egl(&stage, &["--list-devices"]).stdout;
    let outcome = with_egl(&stage, &["-d", "egl", "echo", "ran"]);
    if list.lines().any(|line| line.contains("egl:") && !line.contains("llvmpipe")) {
        assert_eq!(outcome.stdout, "ran\n", "{}", outcome.stderr);
    } else {
        outcome.assert_refused(125, &["finds no GPU here", "--gpus all", "egl:software"]);
    }
}
