//! Which device a user means.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::{Device, Machine};

/// What `egl...` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// `egl`: the first device that is a GPU.
    FirstGpu,
    /// `egl:software`: the first device that renders on the CPU.
    Software,
    /// `egl:2`: by place in EGL's list.
    Index(usize),
    /// `egl:/dev/dri/renderD128`: by DRM node.
    Node(PathBuf),
    /// `egl:0000:01:00.0` or `egl:01:00.0`: by PCI address.
    Pci(String),
    /// `egl:GPU-...`: by NVIDIA's UUID, or its beginning.
    Uuid(String),
}

/// What may follow `egl`, for messages.
const FORMS: &str =
    "egl, egl:software, egl:INDEX, egl:/dev/dri/..., egl:PCI-ADDRESS (0000:01:00.0) or egl:GPU-UUID";

impl FromStr for Choice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let wrong = || format!("{name:?} names no EGL device; allowed are {FORMS}");
        let what = match name.strip_prefix("egl") {
            Some("") => return Ok(Self::FirstGpu),
            Some(rest) => rest.strip_prefix(':').ok_or_else(wrong)?,
            None => return Err(wrong()),
        };
        if what == "software" {
            return Ok(Self::Software);
        }
        if what.starts_with('/') {
            return Ok(Self::Node(what.into()));
        }
        if what.starts_with("GPU-") && what.len() > 4 {
            return Ok(Self::Uuid(what.to_ascii_lowercase()));
        }
        if !what.is_empty() && what.bytes().all(|byte| byte.is_ascii_digit()) {
            return what.parse().map(Self::Index).map_err(|_| wrong());
        }
        normal_pci(what).map(Self::Pci).ok_or_else(wrong)
    }
}

/// A PCI address as domain:bus:device.function with four, two, two and one hexadecimal digits.
///
/// The domain may be left out, and may be of eight digits as NVIDIA's tools print it.
pub fn normal_pci(text: &str) -> Option<String> {
    let (slot, function) = text.rsplit_once('.')?;
    let mut parts = slot.rsplit(':');
    let hex = |text: &str| u32::from_str_radix(text, 16).ok();
    let device = hex(parts.next()?)?;
    let bus = hex(parts.next()?)?;
    let domain = parts.next().map_or(Some(0), hex)?;
    if parts.next().is_some() {
        return None;
    }
    Some(format!("{domain:04x}:{bus:02x}:{device:02x}.{:x}", hex(function)?))
}

/// Why no device is the one that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// All devices render on the CPU.
    NoGpu {
        /// NVIDIA_VISIBLE_DEVICES, where it hides GPUs that are there.
        hidden_by: Option<String>,
    },
    /// None renders on the CPU.
    NoSoftware,
    /// None is like this.
    NoSuch {
        /// What was asked for, in words.
        wanted: String,
        /// The names of those that are there.
        there: Vec<String>,
    },
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGpu { hidden_by: Some(value) } => write!(
                f,
                "NVIDIA_VISIBLE_DEVICES={value} hides the GPUs that are here. Set it to all, name one with \
                 -d egl:INDEX, or render in software with -d egl:software"
            ),
            Self::NoGpu { hidden_by: None } => f.write_str(
                "EGL finds no GPU here, only software. Give the container one (docker run --gpus all -e \
                 NVIDIA_DRIVER_CAPABILITIES=all, or --device /dev/dri), or render in software with -d egl:software",
            ),
            Self::NoSoftware => f.write_str(
                "EGL has no software device here. Install libegl-mesa0 and libgl1-mesa-dri, or name a GPU with -d \
                 (glxrun --list-devices shows them)",
            ),
            Self::NoSuch { wanted, there } => write!(
                f,
                "there is no EGL device with {wanted}; there {} {}. See glxrun --list-devices",
                if there.len() == 1 { "is" } else { "are" },
                there.join(", ")
            ),
        }
    }
}

/// The device that is asked for. `visible` is NVIDIA_VISIBLE_DEVICES, which says what a bare `egl` may take.
pub fn choose<'a>(
    devices: &'a [Device],
    choice: &Choice,
    visible: Option<&str>,
    machine: &Machine,
) -> Result<&'a Device, Refusal> {
    let no_such =
        |wanted: String| Refusal::NoSuch { wanted, there: devices.iter().map(Device::name).collect() };
    match choice {
        Choice::FirstGpu => {
            let gpus = || devices.iter().filter(|device| !device.software);
            let hidden_by = || visible.filter(|_| gpus().next().is_some()).map(str::to_owned);
            let allowed = visible.map_or_else(|| gpus().collect(), |list| visible_of(devices, list));
            allowed.first().copied().ok_or_else(|| Refusal::NoGpu { hidden_by: hidden_by() })
        }
        Choice::Software => devices.iter().find(|device| device.software).ok_or(Refusal::NoSoftware),
        Choice::Index(index) => devices.get(*index).ok_or_else(|| no_such(format!("the index {index}"))),
        Choice::Node(path) => devices
            .iter()
            .find(|device| device.has_node(path, machine))
            .ok_or_else(|| no_such(format!("the node {}", path.display()))),
        Choice::Pci(address) => devices
            .iter()
            .find(|device| device.pci.as_ref() == Some(address))
            .ok_or_else(|| no_such(format!("the PCI address {address}"))),
        Choice::Uuid(uuid) => devices
            .iter()
            .find(|device| device.uuid.as_ref().is_some_and(|own| own.to_ascii_lowercase().starts_with(uuid)))
            .ok_or_else(|| no_such(format!("the UUID {uuid}"))),
    }
}

/// The GPUs that NVIDIA_VISIBLE_DEVICES leaves: indices in the order of PCI addresses, or UUIDs. GPUs of other makers
/// are not its business.
///
/// NVIDIA's container runtime reads the same variable and shows a container only those GPUs, numbered anew; so a list
/// that would leave none of them has been applied already.
fn visible_of<'a>(devices: &'a [Device], list: &str) -> Vec<&'a Device> {
    let gpus = || devices.iter().filter(|device| !device.software);
    let list = list.trim();
    if list.is_empty() || list == "all" {
        return gpus().collect();
    }
    let hidden = matches!(list, "none" | "void");
    let mut nvidia: Vec<&Device> = gpus().filter(|device| device.nvidia).collect();
    nvidia.sort_by_key(|device| device.pci.clone());
    let named = |device: &Device| {
        list.split(',').map(str::trim).any(|entry| match entry.parse::<usize>() {
            Ok(index) => nvidia.get(index).is_some_and(|other| other.handle == device.handle),
            Err(_) => device.uuid.as_ref().is_some_and(|uuid| !entry.is_empty() && uuid.starts_with(entry)),
        })
    };
    let applied = !hidden && !nvidia.iter().any(|device| named(device));
    gpus().filter(|device| !device.nvidia || (!hidden && (applied || named(device)))).collect()
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
