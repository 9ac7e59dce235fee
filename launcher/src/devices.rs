//! EGL devices: which one renders, and the list that `--list-devices` prints.

use std::ffi::CStr;

use anyhow::{Result, anyhow, bail};
use glxrun_devices::{Cause, Choice, Description, Device, Egl, Machine, Refusal, Symbols, choose, is_egl};
use libloading::os::unix::{Library, RTLD_LAZY, RTLD_LOCAL};

use crate::display::LIMIT;
use crate::failure::Failure;
use crate::signals::Signals;
use crate::{say, task};

/// EGL and its devices.
struct Devices {
    symbols: Symbols,
    egl: Egl,
    list: Vec<Device>,
    machine: Machine,
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Devices {
    fn open() -> Result<Self, Cause> {
        let machine = Machine::default();
        // SAFETY: libEGL's constructors are safe to run.
        let library = unsafe { Library::open(Some("libEGL.so.1"), RTLD_LAZY | RTLD_LOCAL) };
        let library = library.map_err(|_| Cause::NoLibrary)?;
        let symbols = Symbols::new(move |name: &CStr| {
            // SAFETY: an address that is only used as the function that has this name.
            let found = unsafe { library.get::<*mut std::ffi::c_void>(name) };
            found.map_or(std::ptr::null_mut(), |symbol| symbol.into_raw())
        });
        let explain = |unusable| machine.explain(unusable, variable);
        let egl = Egl::new(&symbols).map_err(explain)?;
        let list = egl.devices(&machine).map_err(explain)?;
        Ok(Self { symbols, egl, list, machine })
    }

    fn choose(&self, choice: &Choice) -> Result<&Device, Refusal> {
        choose(&self.list, choice, variable("NVIDIA_VISIBLE_DEVICES").as_deref(), &self.machine)
    }

    fn describe(&self, device: &Device) -> Result<Description, i32> {
        self.egl.describe(&self.symbols, device)
    }

    /// A GPU that is there, though EGL does not see it: why.
    fn hidden_gpu(&self) -> Option<Cause> {
        self.machine.driver_mismatch().or_else(|| self.machine.nvidia_not_registered(variable))
    }

    /// The device that renders where none is named, and a word on why it is not a GPU; that word alone where there is no
    /// other device.
    fn default(&self) -> Result<(&Device, Option<String>), String> {
        let software = |why: String| match self.choose(&Choice::Software) {
            Ok(device) => Ok((device, Some(why))),
            Err(_) => Err(why),
        };
        match self.choose(&Choice::FirstGpu) {
            Ok(gpu) => match self.egl.try_start(&self.symbols, gpu) {
                Ok(()) => Ok((gpu, None)),
                Err(error) => software(self.machine.does_not_start(gpu, error).to_string()),
            },
            Err(refusal @ Refusal::NoGpu { hidden_by: Some(_) }) => software(refusal.to_string()),
            Err(_) => {
                software(self.hidden_gpu().map_or("EGL finds no GPU".to_owned(), |cause| cause.to_string()))
            }
        }
    }
}

/// What Vulkan knows a device by: `software`, a PCI address or NVIDIA's UUID. None where EGL tells nothing of that kind.
fn identity(device: &Device) -> Option<String> {
    if device.software {
        return Some(SOFTWARE.to_owned());
    }
    device.pci.clone().or_else(|| device.uuid.clone())
}

/// [`identity`] of what renders on the CPU.
pub const SOFTWARE: &str = "software";

/// Checks the device that `-d egl...` names, and tells its [`identity`].
pub fn check(name: &str, signals: &mut Signals) -> Result<Option<String>, Failure> {
    let choice: Choice = name.parse().map_err(|error| anyhow!("-d {error}"))?;
    let checked = task::within(LIMIT, signals, move || -> Result<Option<String>> {
        let devices = Devices::open()?;
        let device = match devices.choose(&choice) {
            Ok(device) => device,
            Err(refusal) => match devices.hidden_gpu().filter(|_| choice == Choice::FirstGpu) {
                Some(cause) => bail!(cause),
                None => bail!(refusal),
            },
        };
        let started = devices.egl.try_start(&devices.symbols, device);
        started.map_err(|error| anyhow!(devices.machine.does_not_start(device, error)))?;
        Ok(identity(device))
    })?;
    let silent = || Err(anyhow!("it does not answer within {} seconds", LIMIT.as_secs()));
    checked
        .unwrap_or_else(silent)
        .map_err(|error| anyhow!("cannot use the 3D side {name} (-d): {error:#}").into())
}

/// The device for a run that names no 3D side, as `-d` would name it, and its [`identity`]; None where EGL has none. Software is
/// announced.
pub fn default(signals: &mut Signals) -> Result<Option<(String, Option<String>)>, Failure> {
    let found = task::within(LIMIT, signals, || {
        let devices = Devices::open().map_err(|cause| cause.to_string())?;
        let (device, why) = devices.default()?;
        Ok(((format!("egl:{}", device.index), identity(device)), why))
    })?;
    Ok(match found.unwrap_or_else(|| Err("EGL does not answer".to_owned())) {
        Ok((device, None)) => Some(device),
        Ok((device, Some(why))) => {
            say!("no 3D side named (-d): rendering in software on {}: {why}", device.0);
            Some(device)
        }
        Err(why) => {
            say!("no 3D side named (-d): rendering in software on a private Xvfb: {why}");
            None
        }
    })
}

/// A device as lists show it.
pub struct Row {
    /// As `-d` names it.
    pub name: String,
    /// It renders where no 3D side is named.
    pub default: bool,
    /// It renders on the CPU.
    pub software: bool,
    /// Renderer and driver; the EGL error where it does not start.
    pub started: Result<Description, i32>,
    pci: Option<String>,
    node: Option<String>,
}

/// All devices, each started for a moment. May wait for as long as drivers like.
pub fn rows() -> Result<Vec<Row>, Cause> {
    let devices = Devices::open()?;
    let default = devices.default().ok().map(|(device, _)| device.index);
    let row = |device: &Device| Row {
        name: format!("egl:{}", device.index),
        default: default == Some(device.index),
        software: device.software,
        started: devices.describe(device),
        pci: device.pci.clone(),
        node: device.node.as_ref().map(|node| node.display().to_string()).or_else(|| device.uuid.clone()),
    };
    Ok(devices.list.iter().map(row).collect())
}

/// The text of `--list-devices`.
pub fn list() -> Result<String, Failure> {
    let mut rows = vec![["", "DEVICE", "RENDERER", "DRIVER", "PCI ADDRESS", "NODE"].map(str::to_owned)];
    let devices = self::rows().map_err(|cause| anyhow!(cause))?;
    let default = devices.iter().any(|device| device.default);
    for device in devices {
        let (renderer, driver) = match device.started {
            Ok(description) => (description.renderer, description.version),
            Err(error) => (format!("does not start (EGL error {error:#x})"), "-".to_owned()),
        };
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let mark = if device.default { "*" } else { "" };
        rows.push([
            mark.to_owned(),
            device.name,
            renderer,
            driver,
            or_none(device.pci),
            or_none(device.node),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text += match default {
        true => "* is what a run without -d takes\n",
        false => "A run without -d renders in software on a private Xvfb.\n",
    };
    Ok(text)
}

/// Whether `-d` names an EGL device.
pub fn is_device(name: &str) -> bool {
    is_egl(name)
}
