use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::doctor::report::Verdict;
use crate::doctor::vendors::{Unloadable, Vendors};

/// A machine made of files.
struct Fake(tempfile::TempDir);

impl Fake {
    fn new(files: &[(&str, &str)]) -> Fake {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            fs::write(path, text).expect("a file");
        }
        Fake(root)
    }

    fn place(&self, variable: fn(&str) -> Option<String>) -> Place {
        Place::at(self.0.path(), variable)
    }
}

fn unset(_: &str) -> Option<String> {
    None
}

fn compute(name: &str) -> Option<String> {
    (name == "NVIDIA_DRIVER_CAPABILITIES").then(|| "compute,utility".to_owned())
}

const MODULE: (&str, &str) = ("sys/module/nvidia/version", "580.159.04\n");
const NODE: (&str, &str) = ("dev/nvidia0", "");
const CONTROL: (&str, &str) = ("dev/nvidiactl", "");
const EGL_LIBRARY: (&str, &str) = ("usr/lib/x86_64-linux-gnu/libEGL_nvidia.so.580.159.04", "");
const NVIDIA_JSON: (&str, &str) = (
    "usr/share/glvnd/egl_vendor.d/10_nvidia.json",
    r#"{"file_format_version": "1.0.0", "ICD": {"library_path": "libEGL_nvidia.so.0"}}"#,
);

#[track_caller]
fn assert_says(check: &Check, verdict: Verdict, parts: &[&str]) {
    assert_eq!(check.verdict, verdict, "{check:?}");
    let text = format!("{} {}", check.evidence, check.fix.as_deref().unwrap_or_default());
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

#[test]
fn a_container_that_was_given_no_gpu() {
    let module = Fake::new(&[MODULE]);
    let seen = nodes(&module.place(unset));
    assert_says(
        &seen,
        Verdict::Warning,
        &["580.159.04 is loaded", "no /dev/nvidia0", "--gpus all", "nvidia.com/gpu"],
    );
    let nothing = Fake::new(&[]);
    assert_says(&nodes(&nothing.place(unset)), Verdict::Warning, &["neither", "in software", "--gpus all"]);
    let half = Fake::new(&[MODULE, NODE]);
    assert_says(
        &nodes(&half.place(unset)),
        Verdict::Warning,
        &["/dev/nvidia0 is here, but not /dev/nvidiactl"],
    );
}

#[test]
fn nodes_are_listed_by_kind() {
    let all = Fake::new(&[
        MODULE,
        NODE,
        CONTROL,
        ("dev/nvidia-uvm", ""),
        ("dev/dri/renderD128", ""),
        ("dev/dri/card0", ""),
    ]);
    let seen = nodes(&all.place(unset));
    assert_says(&seen, Verdict::Ok, &[]);
    assert_eq!(seen.evidence, "/dev/nvidia0, /dev/nvidiactl, /dev/dri/renderD128");
}

#[test]
fn a_node_that_is_closed_to_this_user() {
    let fake = Fake::new(&[("dev/dri/renderD128", "")]);
    let node = fake.0.path().join("dev/dri/renderD128");
    fs::set_permissions(&node, fs::Permissions::from_mode(0o400)).expect("a mode");
    if rustix::process::getuid().is_root() {
        // Root may open all: what an ordinary user is told is shown by the end-to-end tests.
        assert_says(&nodes(&fake.place(unset)), Verdict::Ok, &["renderD128"]);
    } else {
        assert_says(
            &nodes(&fake.place(unset)),
            Verdict::Warning,
            &["may not open /dev/dri/renderD128", "0400"],
        );
    }
}

#[test]
fn capabilities_without_graphics() {
    let gpu = Fake::new(&[MODULE, NODE, CONTROL]);
    assert_says(
        &capabilities(&gpu.place(compute)),
        Verdict::Warning,
        &["=compute,utility lacks graphics", "=all"],
    );
    assert_says(
        &capabilities(&gpu.place(unset)),
        Verdict::Warning,
        &["unset, which means compute and utility"],
    );
    let complete = Fake::new(&[MODULE, NODE, CONTROL, EGL_LIBRARY]);
    assert_says(&capabilities(&complete.place(unset)), Verdict::Ok, &["graphics libraries are here"]);
    let all = |name: &str| (name == "NVIDIA_DRIVER_CAPABILITIES").then(|| "utility, graphics".to_owned());
    assert_says(&capabilities(&gpu.place(all)), Verdict::Ok, &["utility, graphics"]);
    let nothing = Fake::new(&[]);
    for variable in [unset, compute] {
        assert_says(&capabilities(&nothing.place(variable)), Verdict::Ok, &["no NVIDIA GPU is here"]);
    }
}

#[test]
fn a_kernel_module_and_libraries_of_two_versions() {
    let old = Fake::new(&[MODULE, ("usr/lib/x86_64-linux-gnu/libEGL_nvidia.so.550.1.2", "")]);
    assert_says(
        &driver(&old.place(unset)),
        Verdict::Warning,
        &["580.159.04", "550.1.2", "restart the machine"],
    );
    let equal = Fake::new(&[MODULE, EGL_LIBRARY]);
    assert_says(&driver(&equal.place(unset)), Verdict::Ok, &["of version 580.159.04"]);
    assert_says(&driver(&Fake::new(&[MODULE]).place(unset)), Verdict::Ok, &["none of its libraries"]);
    assert_says(&driver(&Fake::new(&[]).place(unset)), Verdict::Ok, &["no NVIDIA kernel module"]);
}

/// The checks of vendor files by name: GLX, EGL, Vulkan, CUDA.
fn vendors(place: &Place, unloadable: &[(&str, &str)]) -> [Check; 4] {
    let unloadable: Unloadable =
        unloadable.iter().map(|(library, why)| ((*library).to_owned(), (*why).to_owned())).collect();
    Vendors::read(place).checks(&unloadable).try_into().expect("four checks")
}

#[test]
fn drivers_that_are_not_registered() {
    let mesa = (
        "usr/share/glvnd/egl_vendor.d/50_mesa.json",
        r#"{"file_format_version": "1.0.0", "ICD": {"library_path": "libEGL_mesa.so.0"}}"#,
    );
    let fake = Fake::new(&[MODULE, mesa]);
    let [_, egl, vulkan, _] = vendors(&fake.place(unset), &[]);
    assert_says(
        &egl,
        Verdict::Warning,
        &["NVIDIA's EGL is not registered in /etc/glvnd/egl_vendor.d", "--gpus all"],
    );
    assert_says(&vulkan, Verdict::Warning, &["NVIDIA's Vulkan is not registered"]);
    let [_, egl, vulkan, _] = vendors(&Fake::new(&[]).place(unset), &[]);
    assert_says(&egl, Verdict::Warning, &["no EGL driver is registered", "install libegl-mesa0"]);
    assert_says(&vulkan, Verdict::Ok, &["no Vulkan driver"]);
    let [_, egl, ..] = vendors(&Fake::new(&[MODULE, mesa, NVIDIA_JSON]).place(unset), &[]);
    assert_says(&egl, Verdict::Ok, &["libEGL_nvidia.so.0", "libEGL_mesa.so.0"]);
}

#[test]
fn drivers_whose_libraries_cannot_be_loaded() {
    let fake = Fake::new(&[MODULE, NVIDIA_JSON]);
    let why = [
        ("libEGL_nvidia.so.0", "cannot open shared object file"),
        ("libGLX_mesa.so.0", "no such thing"),
        ("libcuda.so.1", "not here"),
    ];
    let [glx, egl, _, cuda] = vendors(&fake.place(unset), &why);
    assert_says(
        &glx,
        Verdict::Warning,
        &["libGLX_mesa.so.0 cannot be loaded", "only EGL devices", "no such thing"],
    );
    assert_says(
        &egl,
        Verdict::Warning,
        &["10_nvidia.json names libEGL_nvidia.so.0", "cannot open shared object"],
    );
    assert_says(
        &cuda,
        Verdict::Warning,
        &["libcuda.so.1 cannot be loaded", "CUDA", "NVIDIA_DRIVER_CAPABILITIES"],
    );
    let image = Fake::new(&[NVIDIA_JSON]);
    let [_, egl, _, cuda] = vendors(&image.place(unset), &why);
    assert_says(&egl, Verdict::Warning, &["no EGL driver that this machine could use is registered"]);
    assert_says(&cuda, Verdict::Ok, &["no NVIDIA GPU either"]);
    let [glx, ..] = vendors(&fake.place(unset), &[("libGL.so.1", "gone")]);
    assert_says(&glx, Verdict::Failure, &["libGL.so.1 cannot be loaded: gone", "apt-get install libgl1"]);
}

#[test]
fn vendor_files_that_are_none() {
    let broken = Fake::new(&[("usr/share/glvnd/egl_vendor.d/50_mesa.json", "{\"ICD\": ")]);
    let [_, egl, ..] = vendors(&broken.place(unset), &[]);
    assert_says(&egl, Verdict::Warning, &["50_mesa.json: it is no vendor file: EOF", "remove"]);
    let old =
        Fake::new(&[("usr/share/glvnd/egl_vendor.d/50_mesa.json", r#"{"ICD": {"library_path": "x"}}"#)]);
    let [_, egl, ..] = vendors(&old.place(unset), &[]);
    assert_says(&egl, Verdict::Warning, &["missing field `file_format_version`"]);
    let variable = |name: &str| (name == "VK_DRIVER_FILES").then(|| "/none.json".to_owned());
    let [_, _, vulkan, _] = vendors(&broken.place(variable), &[]);
    assert_says(&vulkan, Verdict::Warning, &["none.json: it cannot be read", "correct VK_DRIVER_FILES"]);
}
