//! What files and variables tell of a GPU and its driver.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use glxrun_devices::Machine;
use rustix::fs::{Access, access};

use super::report::Check;

/// Where files are looked for, and variables.
pub struct Place {
    root: PathBuf,
    variable: fn(&str) -> Option<String>,
    /// What the devices crate knows of the same files.
    pub machine: Machine,
}

impl Place {
    /// A machine whose files are below `root`.
    pub fn at(root: &Path, variable: fn(&str) -> Option<String>) -> Place {
        Place { root: root.to_owned(), variable, machine: Machine::at(root.to_owned()) }
    }

    /// Whether these are the files that programs here see.
    pub fn is_here(&self) -> bool {
        self.root == Path::new("/")
    }

    /// The file of an absolute path.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// A variable, if it is set and not empty.
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// Names of the files in a directory that `wanted` takes, sorted; none where it cannot be read.
    pub fn names(&self, directory: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let entries = fs::read_dir(self.path(directory)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| wanted(name)).collect();
        names.sort();
        names
    }

    /// Version of the NVIDIA kernel module, where one is loaded.
    pub fn nvidia(&self) -> Option<String> {
        self.machine.nvidia_module()
    }

    fn nvidia_nodes(&self) -> Vec<String> {
        self.names("/dev", |name| numbered(name, "nvidia"))
    }

    fn render_nodes(&self) -> Vec<String> {
        self.names("/dev/dri", |name| numbered(name, "renderD"))
    }

    /// Whether there is any sign of a GPU.
    pub fn has_gpu(&self) -> bool {
        self.nvidia().is_some() || !self.nvidia_nodes().is_empty() || !self.render_nodes().is_empty()
    }
}

/// Whether a name is a prefix and a number.
fn numbered(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// How a container gets an NVIDIA GPU.
const GIVE_NVIDIA: &str = "give the container one: docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all \
                           (Kubernetes: limits: nvidia.com/gpu: 1)";

/// The device nodes, and whether this user may open them.
pub fn nodes(place: &Place) -> Check {
    const NAME: &str = "gpu-nodes";
    let nvidia = place.nvidia_nodes();
    let render = place.render_nodes();
    let control = place.path("/dev/nvidiactl").exists();
    if nvidia.is_empty() && render.is_empty() {
        return match place.nvidia() {
            Some(module) => Check::warning(
                NAME,
                format!(
                    "the NVIDIA kernel module {module} is loaded, but there is no /dev/nvidia0 or other GPU node here"
                ),
                GIVE_NVIDIA,
            ),
            None => Check::warning(
                NAME,
                "there is neither /dev/nvidia0 nor /dev/dri/renderD128 here, so rendering is in software",
                format!(
                    "nothing, if the machine has no GPU; else {GIVE_NVIDIA}; other makers' GPUs: --device /dev/dri"
                ),
            ),
        };
    }
    if !nvidia.is_empty() && !control {
        return Check::warning(
            NAME,
            format!(
                "/dev/{} is here, but not /dev/nvidiactl, without which NVIDIA's driver does not start",
                nvidia[0]
            ),
            GIVE_NVIDIA,
        );
    }
    let mut paths: Vec<String> = nvidia.iter().map(|name| format!("/dev/{name}")).collect();
    paths.extend(control.then(|| "/dev/nvidiactl".to_owned()));
    paths.extend(render.iter().map(|name| format!("/dev/dri/{name}")));
    let closed = |path: &&String| access(place.path(path), Access::READ_OK | Access::WRITE_OK).is_err();
    let Some(closed) = paths.iter().find(closed) else { return Check::ok(NAME, paths.join(", ")) };
    let (user, group) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    let (mode, owner, owners) = fs::metadata(place.path(closed))
        .map(|node| (node.mode() & 0o777, node.uid(), node.gid()))
        .unwrap_or_default();
    Check::warning(
        NAME,
        format!(
            "user {user} (group {group}) may not open {closed}, whose mode is {mode:04o}, owner {owner}, group {owners}"
        ),
        if mode & 0o060 == 0o060 {
            format!("run as a member of group {owners}: docker run --group-add {owners}")
        } else {
            format!("chmod 0666 {closed} on the host, or run as user {owner}")
        },
    )
}

/// Whether NVIDIA's container toolkit was asked for what OpenGL needs.
pub fn capabilities(place: &Place) -> Check {
    const NAME: &str = "gpu-capabilities";
    const FIX: &str = "run the container with -e NVIDIA_DRIVER_CAPABILITIES=all, or graphics,compute,utility";
    let set = place.variable("NVIDIA_DRIVER_CAPABILITIES");
    let here = place.nvidia().is_some() || !place.nvidia_nodes().is_empty();
    let libraries = !place.machine.nvidia_libraries().is_empty();
    match set {
        // Images set it for whatever machine they come to.
        _ if !here => Check::ok(NAME, "no NVIDIA GPU is here, so NVIDIA_DRIVER_CAPABILITIES does not matter"),
        None if libraries => {
            Check::ok(NAME, "NVIDIA_DRIVER_CAPABILITIES is unset, yet NVIDIA's graphics libraries are here")
        }
        None => Check::warning(
            NAME,
            "NVIDIA_DRIVER_CAPABILITIES is unset, which means compute and utility, and no libEGL_nvidia.so is here",
            FIX,
        ),
        Some(value) => {
            let has = |wanted: &str| value.split(',').any(|word| word.trim() == wanted);
            if has("all") || has("graphics") {
                Check::ok(NAME, format!("NVIDIA_DRIVER_CAPABILITIES={value}"))
            } else {
                Check::warning(
                    NAME,
                    format!(
                        "NVIDIA_DRIVER_CAPABILITIES={value} lacks graphics, without which the container gets no OpenGL"
                    ),
                    FIX,
                )
            }
        }
    }
}

/// Whether kernel module and libraries are of one version.
pub fn driver(place: &Place) -> Check {
    const NAME: &str = "gpu-driver";
    if let Some(cause) = place.machine.driver_mismatch() {
        let (evidence, fix) = split(&cause.to_string());
        return Check::warning(NAME, evidence, fix);
    }
    Check::ok(
        NAME,
        match place.nvidia() {
            Some(module) if place.machine.nvidia_libraries().is_empty() => {
                format!("NVIDIA kernel module {module}; none of its libraries is here")
            }
            Some(module) => format!("NVIDIA kernel module and libraries are of version {module}"),
            None => "no NVIDIA kernel module is loaded".to_owned(),
        },
    )
}

/// A message's first sentence, and what to do.
pub fn split(message: &str) -> (String, String) {
    match message.split_once(". ") {
        Some((evidence, fix)) => {
            let mut letters = fix.chars();
            let first = letters.next().map(|letter| letter.to_lowercase().collect::<String>());
            (evidence.to_owned(), first.unwrap_or_default() + letters.as_str())
        }
        None => (message.to_owned(), "see glxrun --list-devices".to_owned()),
    }
}

#[cfg(test)]
#[path = "gpu_tests.rs"]
mod tests;
