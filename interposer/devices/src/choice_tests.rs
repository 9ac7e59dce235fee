use super::*;

fn device(index: usize, pci: Option<&str>, uuid: Option<&str>) -> Device {
    Device {
        index,
        handle: 100 + index,
        software: pci.is_none(),
        nvidia: uuid.is_some(),
        node: None,
        pci: pci.map(str::to_owned),
        uuid: uuid.map(str::to_owned),
    }
}

fn machine() -> Machine {
    Machine::at("/nonexistent".into())
}

fn two_gpus() -> Vec<Device> {
    vec![
        device(0, Some("0000:41:00.0"), Some("GPU-bbbbbbbb-0000-0000-0000-000000000000")),
        device(1, Some("0000:01:00.0"), Some("GPU-aaaaaaaa-0000-0000-0000-000000000000")),
        device(2, None, None),
    ]
}

fn index(devices: &[Device], name: &str, visible: Option<&str>) -> Result<usize, Refusal> {
    let choice = name.parse().expect("a good name");
    choose(devices, &choice, visible, &machine()).map(|device| device.index)
}

#[test]
fn every_form_finds_its_device() {
    let devices = two_gpus();
    for (name, expected) in [
        ("egl", 0),
        ("egl:1", 1),
        ("egl:software", 2),
        ("egl:01:00.0", 1),
        ("egl:00000000:01:00.0", 1),
        ("egl:0000:41:00.0", 0),
        ("egl:GPU-aaaaaaaa-0000-0000-0000-000000000000", 1),
        ("egl:GPU-aaaaaaaa", 1),
    ] {
        assert_eq!(index(&devices, name, None), Ok(expected), "{name}");
    }
}

#[test]
fn names_that_mean_nothing_are_refused_with_the_allowed_forms() {
    for name in ["egl:", "egl:x", "eglx", "egl:-1", "egl:1.2.3", "egl:GPU-", "egl:99999999999999999999999"] {
        let error = name.parse::<Choice>().expect_err(name);
        assert!(error.contains(name) && error.contains("egl:INDEX"), "{error}");
    }
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let devices = two_gpus();
    for (name, part) in [
        ("egl:7", "index 7"),
        ("egl:GPU-cc", "UUID gpu-cc"),
        ("egl:02:00.0", "PCI address 0000:02:00.0"),
        ("egl:/dev/dri/renderD200", "node /dev/dri/renderD200"),
    ] {
        let message = index(&devices, name, None).expect_err(name).to_string();
        assert!(message.contains(part) && message.contains("egl:1 (0000:01:00.0)"), "{message}");
        assert!(message.contains("--list-devices"), "{message}");
    }
}

#[test]
fn without_a_gpu_a_bare_egl_says_what_to_do() {
    let software = [device(0, None, None)];
    let message = index(&software, "egl", None).expect_err("no GPU").to_string();
    assert!(message.contains("--gpus all") && message.contains("egl:software"), "{message}");
    assert_eq!(index(&two_gpus()[..2], "egl:software", None), Err(Refusal::NoSoftware));
}

#[test]
fn nvidia_visible_devices_decides_what_a_bare_egl_takes() {
    let devices = two_gpus();
    for (list, expected) in [
        ("all", 0),
        ("", 0),
        // NVIDIA numbers by PCI address.
        ("0", 1),
        ("1", 0),
        ("GPU-aaaaaaaa-0000-0000-0000-000000000000", 1),
        ("GPU-aaaa,GPU-bbbb", 0),
        // Of a host with more GPUs: the container runtime has chosen already.
        ("5", 0),
    ] {
        assert_eq!(index(&devices, "egl", Some(list)), Ok(expected), "{list:?}");
    }
    let hidden = index(&devices, "egl", Some("none")).expect_err("hidden").to_string();
    assert!(hidden.contains("NVIDIA_VISIBLE_DEVICES=none"), "{hidden}");
    assert_eq!(index(&devices, "egl:0", Some("none")), Ok(0), "an index is explicit");
}
