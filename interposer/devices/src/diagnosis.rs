//! Why EGL fails on this machine, from what the system tells of drivers.

use std::fs;
use std::path::{Path, PathBuf};

use crate::choice::normal_pci;
use crate::{Device, Unusable};

/// The files that tell of GPUs and drivers, below a root that tests replace.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
}

/// Why EGL cannot be used; each message names the cause and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// libEGL.so.1 is not installed.
    #[error("cannot load libEGL.so.1, so no EGL device can be used. Install libegl1")]
    NoLibrary,
    /// libEGL has no device platform.
    #[error(
        "libEGL.so.1 offers no device platform (EGL_EXT_platform_device). Install libegl1 1.3 or newer and a driver \
         for it: libegl-mesa0, or NVIDIA's"
    )]
    NoDevicePlatform,
    /// The variable that names vendor files leads to none.
    #[error(
        "{variable}={value} leads to no EGL driver, so there is no device. Correct it, or unset it to use those in \
         /usr/share/glvnd/egl_vendor.d"
    )]
    VendorVariable {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// No vendor file is there.
    #[error(
        "no EGL driver is registered: there is no file in /usr/share/glvnd/egl_vendor.d. Install libegl-mesa0, or for \
         NVIDIA run the container with --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all"
    )]
    NoVendorFile,
    /// NVIDIA's kernel module is there, NVIDIA's vendor file is not.
    #[error(
        "the NVIDIA kernel module {module} is loaded, but NVIDIA's EGL is not registered: no 10_nvidia.json in \
         /usr/share/glvnd/egl_vendor.d. Run the container with --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all, or \
         install the driver's libraries"
    )]
    NoNvidiaVendorFile {
        /// Version of the module.
        module: String,
    },
    /// Kernel module and libraries differ.
    #[error(
        "the NVIDIA kernel module is version {module}, but the libraries are version {library} ({path}); they must be \
         equal. Restart the machine after a driver update, or in a container use the host's libraries (docker run \
         --gpus all)"
    )]
    DriverMismatch {
        /// Version of the module.
        module: String,
        /// Version of the libraries.
        library: String,
        /// One of them.
        path: String,
    },
    /// Drivers are there, yet they find no device.
    #[error("EGL's drivers find no device here. Check that the container may use /dev/dri or /dev/nvidia*")]
    NoDevices,
    /// A device that cannot be initialised.
    #[error(
        "EGL device {device} does not start (EGL error {error:#x}). Check that this user may open its nodes (/dev/dri, \
         /dev/nvidia*), or name another with -d (glxrun --list-devices shows them)"
    )]
    DoesNotStart {
        /// The device.
        device: String,
        /// EGL's error.
        error: i32,
    },
}

/// libglvnd's variables that say where vendor files are, stronger first.
const VENDOR_VARIABLES: [&str; 2] = ["__EGL_VENDOR_LIBRARY_FILENAMES", "__EGL_VENDOR_LIBRARY_DIRS"];
const VENDOR_DIRS: [&str; 2] = ["etc/glvnd/egl_vendor.d", "usr/share/glvnd/egl_vendor.d"];
/// Where NVIDIA's libraries are found: Debian's folder, Red Hat's, and those of container images.
const LIBRARY_DIRS: [&str; 6] = [
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "usr/lib64",
    "usr/lib",
    "usr/local/nvidia/lib64",
    "usr/local/lib",
];

impl Default for Machine {
    fn default() -> Self {
        Self::at("/".into())
    }
}

impl Machine {
    /// A machine whose files are below `root`.
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The PCI address of a DRM node, from sysfs.
    pub fn pci_of_node(&self, node: &Path) -> Option<String> {
        let link = self.path("sys/class/drm").join(node.file_name()?).join("device");
        normal_pci(fs::canonicalize(link).ok()?.file_name()?.to_str()?)
    }

    /// Vendor and device numbers of what is at a PCI address, from sysfs.
    pub fn pci_numbers(&self, address: &str) -> Option<(u32, u32)> {
        let number = |name: &str| {
            let text = fs::read_to_string(self.path("sys/bus/pci/devices").join(address).join(name)).ok()?;
            u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()
        };
        Some((number("vendor")?, number("device")?))
    }

    /// The PCI address of an NVIDIA GPU by its UUID, from its kernel module.
    pub fn pci_of_nvidia(&self, uuid: &str) -> Option<String> {
        let gpus = fs::read_dir(self.path("proc/driver/nvidia/gpus")).ok()?;
        let entry = gpus.flatten().find(|gpu| {
            fs::read_to_string(gpu.path().join("information")).is_ok_and(|text| text.contains(uuid))
        })?;
        normal_pci(entry.file_name().to_str()?)
    }

    /// Version of the NVIDIA kernel module that is loaded.
    pub fn nvidia_module(&self) -> Option<String> {
        if let Ok(version) = fs::read_to_string(self.path("sys/module/nvidia/version")) {
            return Some(version.trim().to_owned());
        }
        let text = fs::read_to_string(self.path("proc/driver/nvidia/version")).ok()?;
        text.split_whitespace().find(|word| is_version(word)).map(str::to_owned)
    }

    /// NVIDIA's EGL libraries that are installed, with their versions.
    pub fn nvidia_libraries(&self) -> Vec<(PathBuf, String)> {
        let extra = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
        let named = extra.split(':').filter(|dir| !dir.is_empty()).map(|dir| self.path(dir));
        let usual = LIBRARY_DIRS.iter().map(|dir| self.path(dir));
        let mut found = Vec::new();
        for entry in named.chain(usual).filter_map(|dir| fs::read_dir(dir).ok()).flatten().flatten() {
            let name = entry.file_name();
            let version = name.to_str().and_then(|name| name.strip_prefix("libEGL_nvidia.so."));
            if let Some(version) = version.filter(|version| is_version(version)) {
                found.push((entry.path(), version.to_owned()));
            }
        }
        found
    }

    /// A kernel module and libraries of different versions.
    pub fn driver_mismatch(&self) -> Option<Cause> {
        let module = self.nvidia_module()?;
        let libraries = self.nvidia_libraries();
        if libraries.iter().any(|(_, version)| *version == module) {
            return None;
        }
        let (path, library) = libraries.into_iter().next()?;
        Some(Cause::DriverMismatch { module, library, path: path.display().to_string() })
    }

    /// Why a device does not start, after the EGL error that says so.
    pub fn does_not_start(&self, device: &Device, error: i32) -> Cause {
        let mismatch = device.nvidia.then(|| self.driver_mismatch()).flatten();
        mismatch.unwrap_or_else(|| Cause::DoesNotStart { device: device.name(), error })
    }

    fn vendor_files(&self) -> Vec<String> {
        let dirs = VENDOR_DIRS.iter().filter_map(|dir| fs::read_dir(self.path(dir)).ok());
        let names = dirs.flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name.ends_with(".json")).collect()
    }

    /// NVIDIA's kernel module is loaded, yet its EGL is not registered with libglvnd.
    pub fn nvidia_not_registered(&self, variable: impl Fn(&str) -> Option<String>) -> Option<Cause> {
        let module = self.nvidia_module()?;
        let named = VENDOR_VARIABLES.iter().any(|name| variable(name).is_some_and(|value| !value.is_empty()));
        let registered = self.vendor_files().iter().any(|name| name.contains("nvidia"));
        (!named && !registered).then_some(Cause::NoNvidiaVendorFile { module })
    }

    /// Why EGL has no devices: the first cause that this machine shows. `variable` reads the environment.
    pub fn explain(&self, unusable: Unusable, variable: impl Fn(&str) -> Option<String>) -> Cause {
        if let Some(mismatch) = self.driver_mismatch() {
            return mismatch;
        }
        for name in VENDOR_VARIABLES {
            if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
                return Cause::VendorVariable { variable: name, value };
            }
        }
        if self.vendor_files().is_empty() {
            return Cause::NoVendorFile;
        }
        self.nvidia_not_registered(variable).unwrap_or(match unusable {
            Unusable::NotEgl => Cause::NoLibrary,
            Unusable::NoDevicePlatform => Cause::NoDevicePlatform,
            Unusable::NoDevices => Cause::NoDevices,
        })
    }
}

/// Such as 580.159.04.
fn is_version(word: &str) -> bool {
    word.contains('.')
        && word.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
#[path = "diagnosis_tests.rs"]
mod tests;
