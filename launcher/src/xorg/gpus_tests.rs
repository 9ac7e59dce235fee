use super::*;

/// A machine made of files: text, or a link where the text begins with `->`.
fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        match text.strip_prefix("->") {
            Some(target) => std::os::unix::fs::symlink(target, path).expect("a link"),
            None => fs::write(path, text).expect("a file"),
        }
    }
    root
}

const H100: &str = "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 112\n\
                    GPU UUID: \t GPU-c0f2f31d-af48-3659-9107-3bdf0e0dad02\nVideo BIOS: \t 96.00.74.00.01\n\
                    Bus Type: \t PCIe\nDMA Size: \t 52 bits\nBus Location: \t 0000:0a:00.0\nDevice Minor: \t 3\n";

fn h100(uuid: &str, minor: u32) -> String {
    H100.replace("c0f2f31d", uuid).replace("Minor: \t 3", &format!("Minor: \t {minor}"))
}

#[test]
fn addresses_are_hexadecimal_and_bus_ids_decimal() {
    for (address, bus_id) in [
        ("0000:01:00.0", "PCI:1@0:0:0"),
        ("0000:0a:00.0", "PCI:10@0:0:0"),
        ("0000:c1:1f.7", "PCI:193@0:31:7"),
        ("10de:3b:00.0", "PCI:59@4318:0:0"),
        ("00000001:3B:00.0", "PCI:59@1:0:0"),
        ("3b:00.0", "PCI:59@0:0:0"),
    ] {
        assert_eq!(PciAddress::parse(address).expect("an address").bus_id(), bus_id, "{address}");
    }
    for wrong in ["", "01:00", "gpu", "1:2:3:4.5", "0000:0g:00.0"] {
        assert_eq!(PciAddress::parse(wrong), None, "{wrong}");
    }
}

/// A cloud machine with NVIDIA GPUs above bus 9, of which a container was given the second, in domain 1.
#[test]
fn of_several_gpus_the_one_that_the_container_was_given() {
    let first = h100("11111111", 0);
    let second = h100("22222222", 1);
    let root = machine(&[
        ("sys/bus/pci/devices/0000:00:1f.0/class", "0x060100\n"),
        ("sys/bus/pci/devices/0000:0f:00.0/class", "0x030200\n"),
        ("sys/bus/pci/devices/0000:0f:00.0/driver", "->../../../bus/pci/drivers/nvidia"),
        ("sys/bus/pci/devices/0001:1a:00.0/class", "0x030200\n"),
        ("sys/bus/pci/devices/0001:1a:00.0/driver", "->../../../bus/pci/drivers/nvidia"),
        ("proc/driver/nvidia/gpus/0000:0f:00.0/information", &first),
        ("proc/driver/nvidia/gpus/0001:1a:00.0/information", &second),
        ("dev/nvidia1", ""),
        ("dev/nvidiactl", ""),
    ]);
    let gpus = all(root.path());
    assert_eq!(gpus.len(), 2);
    let gpu = choose(&gpus, None).expect("a GPU");
    assert_eq!((gpu.address.bus_id().as_str(), gpu.driver), ("PCI:26@1:0:0", Driver::Nvidia));
    for name in ["1", "0001:1a:00.0", "GPU-22222222", "GPU-22222222-af48-3659-9107-3bdf0e0dad02"] {
        assert_eq!(choose(&gpus, Some(name)), Ok(gpu), "{name}");
    }
    let absent = choose(&gpus, Some("0")).expect_err("not given");
    assert!(
        absent.contains("0000:0f:00.0") && absent.contains("device node is not in this container"),
        "{absent}"
    );
    let unknown = choose(&gpus, Some("7")).expect_err("no such");
    assert!(unknown.contains("\"7\"") && unknown.contains("0000:0f:00.0, 0001:1a:00.0"), "{unknown}");
}

#[test]
fn a_desktop_with_an_integrated_gpu_and_a_sound_card() {
    let root = machine(&[
        ("sys/bus/pci/devices/0000:00:02.0/class", "0x030000\n"),
        ("sys/bus/pci/devices/0000:00:02.0/driver", "->../../../bus/pci/drivers/i915"),
        ("sys/bus/pci/devices/0000:00:02.0/drm/card1/dev", "226:1\n"),
        ("sys/bus/pci/devices/0000:00:02.0/drm/renderD128/dev", "226:128\n"),
        ("sys/bus/pci/devices/0000:00:1f.3/class", "0x040380\n"),
        ("sys/bus/pci/devices/0000:00:1f.3/driver", "->../../../bus/pci/drivers/snd_hda_intel"),
        ("dev/dri/card1", ""),
    ]);
    let gpus = all(root.path());
    let gpu = choose(&gpus, None).expect("a GPU");
    assert_eq!((gpu.address.bus_id().as_str(), gpu.driver.name()), ("PCI:0@0:2:0", "modesetting"));
}

#[test]
fn a_gpu_that_mig_splits_has_no_graphics() {
    let first = h100("11111111", 0);
    let second = h100("22222222", 1);
    let files = [
        ("proc/driver/nvidia/gpus/0000:0f:00.0/information", first.as_str()),
        ("proc/driver/nvidia/capabilities/gpu0/mig/gi1/access", "DeviceFileMinor: 3\n"),
        ("dev/nvidia0", ""),
        ("proc/driver/nvidia/gpus/0000:1a:00.0/information", second.as_str()),
        ("proc/driver/nvidia/capabilities/gpu1/mig/config", "DeviceFileMinor: 1\n"),
        ("dev/nvidia1", ""),
    ];
    let only = machine(&files[..3]);
    let refusal = choose(&all(only.path()), None).expect_err("split").to_owned();
    assert!(refusal.contains("0000:0f:00.0 is split by MIG"), "{refusal}");
    let both = machine(&files);
    let gpus = all(both.path());
    assert_eq!(choose(&gpus, None).expect("the other").address.bus_id(), "PCI:26@0:0:0");
}

#[test]
fn where_no_gpu_is() {
    let root = machine(&[("sys/bus/pci/devices/0000:00:00.0/class", "0x060000\n")]);
    let refusal = choose(&all(root.path()), None).expect_err("none");
    assert!(refusal.contains("no GPU here") && refusal.contains("--xorg=dummy"), "{refusal}");
}
