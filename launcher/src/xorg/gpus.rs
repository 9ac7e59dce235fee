//! The GPUs that an X server could drive, from sysfs and from what NVIDIA's kernel module tells.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// A PCI address. Text has all parts in hexadecimal, as in sysfs; xorg.conf wants them in decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PciAddress {
    domain: u32,
    bus: u32,
    device: u32,
    function: u32,
}

impl PciAddress {
    /// From `0000:01:00.0`, `01:00.0`, or with eight digits of the domain as NVIDIA's tools write it.
    pub fn parse(text: &str) -> Option<PciAddress> {
        let normal = glxrun_devices::normal_pci(text)?;
        let mut parts = normal.split([':', '.']).map(|part| u32::from_str_radix(part, 16).ok());
        let mut next = || parts.next().flatten();
        Some(PciAddress { domain: next()?, bus: next()?, device: next()?, function: next()? })
    }

    /// The BusID of xorg.conf: `PCI:bus@domain:device:function`, decimal (xorg.conf(5), section DEVICE).
    pub fn bus_id(&self) -> String {
        format!("PCI:{}@{}:{}:{}", self.bus, self.domain, self.device, self.function)
    }
}

impl fmt::Display for PciAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:02x}:{:02x}.{:x}", self.domain, self.bus, self.device, self.function)
    }
}

/// Xorg's driver for a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// NVIDIA's own, which comes with its driver.
    Nvidia,
    /// For every kernel driver with mode setting.
    Modesetting,
    /// No GPU: rendering is in software.
    Dummy,
}

impl Driver {
    /// Its name in xorg.conf.
    pub fn name(self) -> &'static str {
        match self {
            Driver::Nvidia => "nvidia",
            Driver::Modesetting => "modesetting",
            Driver::Dummy => "dummy",
        }
    }
}

/// A GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Where it is.
    pub address: PciAddress,
    /// Xorg's driver for it.
    pub driver: Driver,
    /// NVIDIA's name of it, GPU-....
    pub uuid: Option<String>,
    /// Whether this container may use it: its device node is here.
    pub here: bool,
    /// Whether it is split by MIG, which leaves it no graphics.
    pub split: bool,
}

/// The kernel drivers of GPUs that modesetting works with.
const KERNEL_DRIVERS: [&str; 7] = ["amdgpu", "i915", "nouveau", "radeon", "virtio-pci", "vmwgfx", "xe"];
/// PCI class of display controllers, the upper 8 of 24 bits.
const DISPLAY: u32 = 0x03;

/// All GPUs of the machine whose files are below `root`, in the order of their addresses.
pub fn all(root: &Path) -> Vec<Gpu> {
    let path = |path: &str| root.join(path);
    let nvidia = Nvidia::read(root);
    let names = |directory: PathBuf| {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect::<Vec<_>>()
    };
    let mut gpus = BTreeMap::new();
    for name in names(path("sys/bus/pci/devices")) {
        let device = path("sys/bus/pci/devices").join(&name);
        let class = fs::read_to_string(device.join("class")).unwrap_or_default();
        let class = u32::from_str_radix(class.trim().trim_start_matches("0x"), 16).unwrap_or(0);
        let Some(address) = PciAddress::parse(&name).filter(|_| class >> 16 == DISPLAY) else { continue };
        let module = fs::read_link(device.join("driver")).ok();
        let module = module.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
        let card = names(device.join("drm")).into_iter().find(|name| name.starts_with("card"));
        match module {
            // Only what its module shows to this container; see below.
            Some("nvidia") => {}
            Some(module) if KERNEL_DRIVERS.contains(&module) => {
                let here = card.is_some_and(|card| path("dev/dri").join(card).exists());
                let driver = Driver::Modesetting;
                gpus.insert(address, Gpu { address, driver, uuid: None, here, split: false });
            }
            _ => {}
        }
    }
    gpus.extend(nvidia.gpus.into_iter().map(|gpu| (gpu.address, gpu)));
    gpus.into_values().collect()
}

/// What NVIDIA's kernel module tells.
struct Nvidia {
    gpus: Vec<Gpu>,
}

impl Nvidia {
    /// `/proc/driver/nvidia/gpus/ADDRESS/information` of each; in a container, of those that were given to it.
    fn read(root: &Path) -> Nvidia {
        let proc = root.join("proc/driver/nvidia");
        let entries = fs::read_dir(proc.join("gpus")).into_iter().flatten().flatten();
        let gpu = |entry: fs::DirEntry| {
            let address = PciAddress::parse(entry.file_name().to_str()?)?;
            let text = fs::read_to_string(entry.path().join("information")).unwrap_or_default();
            let field = |name: &str| {
                let value =
                    text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix(':'))?;
                Some(value.trim().to_owned()).filter(|value| !value.is_empty())
            };
            let minor = field("Device Minor");
            let here =
                minor.as_ref().is_some_and(|minor| root.join("dev").join(format!("nvidia{minor}")).exists());
            let instances = |minor: String| {
                let mig = proc.join(format!("capabilities/gpu{minor}/mig"));
                let entries = fs::read_dir(mig).into_iter().flatten().flatten();
                entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("gi"))
            };
            let split = minor.is_some_and(instances);
            Some(Gpu { address, driver: Driver::Nvidia, uuid: field("GPU UUID"), here, split })
        };
        Nvidia { gpus: entries.filter_map(gpu).collect() }
    }
}

/// The GPU that a user means by `wanted`: None the first, else an index among them, a PCI address or a UUID. The error
/// is a sentence.
pub fn choose<'a>(gpus: &'a [Gpu], wanted: Option<&str>) -> Result<&'a Gpu, String> {
    let list = || {
        let names = gpus.iter().map(|gpu| gpu.address.to_string());
        names.collect::<Vec<_>>().join(", ")
    };
    let found = match wanted {
        None => {
            let usable = gpus.iter().find(|gpu| gpu.here && !gpu.split);
            usable.or_else(|| gpus.iter().find(|gpu| gpu.here)).or_else(|| gpus.first())
        }
        Some(wanted) => gpus.iter().enumerate().find_map(|(index, gpu)| {
            let by_index = wanted.parse() == Ok(index);
            let by_address = PciAddress::parse(wanted) == Some(gpu.address);
            let by_uuid =
                wanted.starts_with("GPU-") && gpu.uuid.as_ref().is_some_and(|uuid| uuid.starts_with(wanted));
            (by_index || by_address || by_uuid).then_some(gpu)
        }),
    };
    let gpu = match (found, wanted) {
        (Some(gpu), _) => gpu,
        (None, _) if gpus.is_empty() => {
            return Err("there is no GPU here that an X server could drive. Give the container one (docker run --gpus \
                        all -e NVIDIA_DRIVER_CAPABILITIES=all, or --device /dev/dri), or try Xorg in software with \
                        --xorg=dummy"
                .to_owned());
        }
        (None, wanted) => {
            return Err(format!(
                "there is no GPU {:?} here; there {} {}",
                wanted.unwrap_or_default(),
                if gpus.len() == 1 { "is" } else { "are" },
                list()
            ));
        }
    };
    if gpu.split {
        return Err(format!(
            "the GPU {} is split by MIG, which does no graphics. Name another GPU, or have MIG switched off",
            gpu.address
        ));
    }
    if !gpu.here {
        return Err(format!(
            "the GPU {} is in this machine, but its device node is not in this container. Give it to the container \
             (docker run --gpus all, or --device /dev/dri)",
            gpu.address
        ));
    }
    Ok(gpu)
}

#[cfg(test)]
#[path = "gpus_tests.rs"]
mod tests;
