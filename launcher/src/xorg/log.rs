//! One sentence from the log of an Xorg that did not start.

/// What a line of the log means: a part of it, and what is told. `{}` stands for the line.
const MEANINGS: [(&str, &str); 13] = [
    (
        "Failed to load module \"nvidia\" (module does not exist",
        "NVIDIA's driver for Xorg (nvidia_drv.so) is not installed. In a container, run it with -e \
         NVIDIA_DRIVER_CAPABILITIES=all, which includes display; or use -d egl, which needs no Xorg",
    ),
    (
        "Failed to load module \"dummy\" (module does not exist",
        "Xorg's dummy driver is not installed. Install it (apt-get install xserver-xorg-video-dummy)",
    ),
    (
        "API mismatch",
        "the NVIDIA kernel module and NVIDIA's driver for Xorg are of different versions. Restart the machine after a \
         driver update, or in a container use the host's libraries (docker run --gpus all)",
    ),
    (
        "Failed to initialize the NVIDIA kernel module",
        "NVIDIA's driver for Xorg cannot reach the kernel module. Check with glxrun doctor that the device nodes are \
         here and that the versions are equal; or use -d egl",
    ),
    (
        "Failed to initialize the NVIDIA GPU",
        "NVIDIA's driver does not start this GPU. Is another X server using it, or is it split by MIG? Or use -d egl",
    ),
    (
        "ABI class",
        "a driver was built for another version of Xorg ({}). Install the one that goes with this Xorg, or use -d egl",
    ),
    (
        "Cannot open virtual console",
        "Xorg's driver wants a virtual console, which this user has not ({}). Use -d egl, which needs none, or run as \
         root with --device /dev/tty7",
    ),
    (
        "Cannot open /dev/tty0",
        "Xorg's driver wants a virtual console, which this container has not ({}). Use -d egl, which needs none, or \
         run as root with --device /dev/tty0",
    ),
    (
        "open /dev/dri",
        "Xorg may not open the GPU's device node ({}). Give the container --device /dev/dri and the user its group",
    ),
    (
        "drmSetMaster failed",
        "another server drives this GPU already ({}). End it, name another GPU, or use -d egl",
    ),
    ("Cannot establish any listening sockets", "another X server has taken the display number"),
    (
        "no screens found",
        "Xorg found no screen: no driver of its takes this GPU. Use -d egl, or see the log with --log info",
    ),
    ("Permission denied", "Xorg lacks a permission ({}). Use -d egl, which needs none, or run as root"),
];

/// Lines that are errors to Xorg and mean nothing here.
const HARMLESS: [&str; 6] = [
    "config directory",
    "dbus-core",
    "module \"mouse\"",
    "module \"kbd\"",
    "Please also check the log",
    "Server terminated",
];

/// Why it did not start.
pub fn sentence(log: &str) -> String {
    let errors = || {
        let lines = log.lines().filter_map(|line| line.split_once("(EE)"));
        let lines = lines.map(|(_, text)| text.trim_end_matches("(EE)").trim());
        lines.filter(|line| !line.is_empty() && !HARMLESS.iter().any(|part| line.contains(part)))
    };
    for (part, meaning) in MEANINGS {
        // NVIDIA's module tells some things in lines of other kinds.
        let found = errors().find(|line| line.contains(part));
        if let Some(line) =
            found.or_else(|| log.lines().find(|line| line.contains(part) && line.contains("NVIDIA")))
        {
            return meaning.replace("{}", line.trim());
        }
    }
    match errors().next_back() {
        Some(line) => format!("Xorg says: {line}"),
        None => "Xorg says nothing about it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From Xorg 21.1 on Debian 12, without NVIDIA's driver.
    const NO_DRIVER: &str = r#"
	(WW) warning, (EE) error, (NI) not implemented, (??) unknown.
[ 13224.099] (EE) Unable to locate/open config directory: "/tmp/empty"
[ 13224.104] (EE) dbus-core: error connecting to system bus: org.freedesktop.DBus.Error.FileNotFound
[ 13224.105] (WW) Warning, couldn't open module nvidia
[ 13224.105] (EE) Failed to load module "nvidia" (module does not exist, 0)
[ 13224.105] (EE) Failed to load module "mouse" (module does not exist, 0)
[ 13224.105] (EE) No drivers available.
[ 13224.105] (EE) 
Fatal server error:
[ 13224.105] (EE) no screens found(EE) 
[ 13224.105] (EE) Please also check the log file at "/tmp/log" for additional information.
[ 13224.105] (EE) Server terminated with error (1). Closing log file.
"#;

    #[test]
    fn a_missing_driver_comes_before_its_consequences() {
        let said = sentence(NO_DRIVER);
        assert!(said.contains("nvidia_drv.so") && said.contains("-d egl"), "{said}");
        let said = sentence(&NO_DRIVER.replace("nvidia", "dummy"));
        assert!(said.contains("apt-get install xserver-xorg-video-dummy"), "{said}");
        let said = sentence("[ 1.0] (EE) no screens found(EE) \n");
        assert!(said.contains("found no screen"), "{said}");
    }

    #[test]
    fn an_ordinary_user_without_a_console() {
        let said =
            sentence("[ 1.2] (EE) xf86OpenConsole: Cannot open virtual console 7 (Permission denied)\n");
        assert!(said.contains("virtual console 7 (Permission denied)") && said.contains("-d egl"), "{said}");
        let said =
            sentence("[ 1.2] (EE) parse_vt_settings: Cannot open /dev/tty0 (No such file or directory)\n");
        assert!(said.contains("this container has not") && said.contains("/dev/tty0 (No such"), "{said}");
    }

    #[test]
    fn versions_that_differ() {
        let log = "[ 5.0] (EE) NVIDIA: API mismatch: the NVIDIA kernel module is version 580.159.04,\n\
                   [ 5.0] (EE) NVIDIA(0): Failed to initialize the NVIDIA kernel module. Please see the\n\
                   [ 5.0] (EE) no screens found(EE)\n";
        assert!(sentence(log).contains("different versions"), "{}", sentence(log));
        let log = "[ 5.0] (EE) NVIDIA: Failed to initialize the NVIDIA kernel module. Please see the\n";
        assert!(sentence(log).contains("cannot reach the kernel module"), "{}", sentence(log));
        let log = "[ 5.0] (EE) module ABI major version (24) doesn't match the server's version (25), ABI class: X.Org Video Driver\n";
        assert!(sentence(log).contains("another version of Xorg"), "{}", sentence(log));
    }

    #[test]
    fn what_is_not_known_is_quoted() {
        let log = "[ 1.0] (EE) something new(EE)\n[ 1.0] (EE) Server terminated with error (1).\n";
        assert_eq!(sentence(log), "Xorg says: something new");
        assert_eq!(sentence(""), "Xorg says nothing about it");
    }
}
