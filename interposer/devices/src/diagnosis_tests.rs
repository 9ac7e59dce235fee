use super::*;

/// A machine made of files.
fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
    let root = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    let machine = Machine::at(root.path().to_owned());
    (root, machine)
}

const MESA: (&str, &str) = ("usr/share/glvnd/egl_vendor.d/50_mesa.json", "{}");
const MODULE: (&str, &str) = ("sys/module/nvidia/version", "580.159.04\n");

fn unset(_: &str) -> Option<String> {
    None
}

#[test]
fn the_module_s_version_is_read_from_either_file() {
    let (_root, new) = machine(&[MODULE]);
    assert_eq!(new.nvidia_module().as_deref(), Some("580.159.04"));
    let text = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release Build  (x@y)\nGCC 12.2.0\n";
    let (_root, old) = machine(&[("proc/driver/nvidia/version", text)]);
    assert_eq!(old.nvidia_module().as_deref(), Some("570.86.10"));
}

#[test]
fn libraries_that_do_not_match_the_module_are_named() {
    let (_root, machine) = machine(&[MODULE, MESA, ("usr/lib64/libEGL_nvidia.so.550.1.2", "")]);
    let message = machine.explain(Unusable::NoDevices, unset).to_string();
    for part in ["580.159.04", "550.1.2", "libEGL_nvidia.so.550.1.2", "--gpus all"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn libraries_that_match_are_not_blamed() {
    let files =
        [MODULE, MESA, ("usr/lib64/libEGL_nvidia.so.580.159.04", ""), ("usr/lib64/libEGL_nvidia.so.0", "")];
    let (_root, machine) = machine(&files);
    assert_eq!(machine.driver_mismatch(), None);
    let cause = machine.explain(Unusable::NoDevices, unset);
    assert_eq!(cause, Cause::NoNvidiaVendorFile { module: "580.159.04".into() });
}

#[test]
fn missing_vendor_files_are_told() {
    let (_root, none) = machine(&[]);
    assert_eq!(none.explain(Unusable::NoDevicePlatform, unset), Cause::NoVendorFile);
    let (_root, mesa) = machine(&[MESA]);
    assert_eq!(mesa.explain(Unusable::NoDevicePlatform, unset), Cause::NoDevicePlatform);
    assert_eq!(mesa.explain(Unusable::NoDevices, unset), Cause::NoDevices);
    let set = |name: &str| (name == "__EGL_VENDOR_LIBRARY_FILENAMES").then(|| "/none.json".to_owned());
    let message = mesa.explain(Unusable::NoDevicePlatform, set).to_string();
    assert!(message.contains("__EGL_VENDOR_LIBRARY_FILENAMES=/none.json"), "{message}");
}

#[test]
fn pci_numbers_come_from_sysfs() {
    let place = "sys/bus/pci/devices/0000:00:06.0";
    let (vendor, device) = (format!("{place}/vendor"), format!("{place}/device"));
    let (_root, machine) = machine(&[(&vendor, "0x10de\n"), (&device, "0x2330\n")]);
    assert_eq!(machine.pci_numbers("0000:00:06.0"), Some((0x10de, 0x2330)));
    assert_eq!(machine.pci_numbers("0000:00:07.0"), None);
}

#[test]
fn pci_addresses_come_from_sysfs_and_from_nvidia() {
    let uuid = "GPU-c0f2f31d-af48-3659-9107-3bdf0e0dad02";
    let (root, machine) =
        machine(&[("proc/driver/nvidia/gpus/0000:00:06.0/information", &format!("GPU UUID: \t {uuid}\n"))]);
    assert_eq!(machine.pci_of_nvidia(uuid).as_deref(), Some("0000:00:06.0"));
    assert_eq!(machine.pci_of_nvidia("GPU-other"), None);
    let device = root.path().join("sys/devices/pci0000:00/0000:00:02.0");
    let card = root.path().join("sys/class/drm/renderD128");
    fs::create_dir_all(&device).expect("folders");
    fs::create_dir_all(&card).expect("folders");
    std::os::unix::fs::symlink(&device, card.join("device")).expect("a link");
    assert_eq!(machine.pci_of_node(Path::new("/dev/dri/renderD128")).as_deref(), Some("0000:00:02.0"));
}
