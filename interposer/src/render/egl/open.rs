//! Opening a device, and why that may fail.

use glxrun_devices::{Cause, Choice, Device, Display, Egl, Machine, Refusal, Symbols, choose};

use super::api;
use crate::interpose::Library;
use crate::render::Identity;
use crate::render::renderer::Hardware;

/// Why no EGL device can be the 3D side; each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The name means nothing.
    #[error("{0}")]
    Name(String),
    /// EGL has no devices, or its driver does not fit.
    #[error("{0}")]
    Cause(#[from] Cause),
    /// It has devices, but none that was asked for.
    #[error("{0}")]
    Refusal(#[from] Refusal),
    /// NVIDIA's driver does not survive a fork: the child's objects would have the numbers of its siblings'.
    #[error(
        "EGL device {0} cannot be used in a process that was forked, without exec, from one that uses OpenGL, and there \
         is no software device to take its place: install libegl-mesa0"
    )]
    Forked(String),
    /// It has no configs that we can use.
    #[error("EGL device {0} offers no config for OpenGL on pbuffers. Name another with -d")]
    NoConfigs(String),
}

/// An initialised display of a device.
pub struct Opened {
    /// The display.
    pub display: Display,
    /// The device's name, for messages.
    pub device: String,
    /// What the system knows of it.
    pub hardware: Hardware,
    extensions: String,
    vendor: String,
}

impl Opened {
    /// Whether the display has an extension.
    pub fn has(&self, name: &str) -> bool {
        self.extensions.split_whitespace().any(|extension| extension == name)
    }

    /// What it can do in GLX's terms.
    pub fn identity(&self) -> Identity {
        Identity { extensions: glx_extensions(|name| self.has(name)), vendor: self.vendor.clone() }
    }
}

/// The GLX extensions that a display's EGL extensions can stand for.
fn glx_extensions(has: impl Fn(&str) -> bool) -> Vec<String> {
    // EGL_KHR_create_context is part of EGL 1.5, and all that it has these do.
    let always = [
        "GLX_ARB_create_context",
        "GLX_ARB_create_context_profile",
        "GLX_EXT_create_context_es_profile",
        "GLX_EXT_create_context_es2_profile",
        "GLX_MESA_query_renderer",
        "GLX_OML_swap_method",
        "GLX_SGIS_multisample",
        "GLX_SGIX_visual_select_group",
    ];
    let backed = [
        ("GLX_ARB_context_flush_control", "EGL_KHR_context_flush_control"),
        ("GLX_ARB_create_context_no_error", "EGL_KHR_create_context_no_error"),
        ("GLX_ARB_create_context_robustness", "EGL_EXT_create_context_robustness"),
        ("GLX_ARB_fbconfig_float", "EGL_EXT_pixel_format_float"),
        ("GLX_ARB_framebuffer_sRGB", "EGL_KHR_gl_colorspace"),
        ("GLX_EXT_framebuffer_sRGB", "EGL_KHR_gl_colorspace"),
        ("GLX_EXT_no_config_context", "EGL_KHR_no_config_context"),
    ];
    let backed = backed.into_iter().filter(|(_, egl)| has(egl)).map(|(glx, _)| glx);
    always.into_iter().chain(backed).map(str::to_owned).collect()
}

/// Opens the device that `name` (`egl...`) means; `forked` tells that a parent of this process did so before.
pub fn open(name: &str, forked: bool) -> Result<Opened, OpenError> {
    let choice: Choice = name.parse().map_err(OpenError::Name)?;
    let machine = Machine::default();
    let variable = |name: &str| std::env::var(name).ok();
    if Library::Egl.symbol(c"eglQueryString").is_null() {
        return Err(Cause::NoLibrary.into());
    }
    let explain = |unusable| machine.explain(unusable, variable);
    let egl = Egl::new(&Symbols::new(|name| Library::Egl.symbol(name))).map_err(explain)?;
    let devices = egl.devices(&machine).map_err(explain)?;
    let visible = variable("NVIDIA_VISIBLE_DEVICES");
    let device = choose(&devices, &choice, visible.as_deref(), &machine).map_err(|refusal| {
        // A GPU that is there but that EGL does not see: its driver tells why.
        let cause = || machine.driver_mismatch().or_else(|| machine.nvidia_not_registered(variable));
        match refusal {
            Refusal::NoGpu { hidden_by: None } => {
                cause().map_or(OpenError::Refusal(refusal), OpenError::Cause)
            }
            refusal => refusal.into(),
        }
    })?;
    let device = if forked { after_fork(&devices, device)? } else { device };
    let display = if forked { egl.second_display(device) } else { egl.display(device) };
    start(&egl, device, display, &machine)
}

/// The device for a forked child: NVIDIA's driver gives it no surfaces, Mesa's only needs another display.
fn after_fork<'a>(devices: &'a [Device], chosen: &'a Device) -> Result<&'a Device, OpenError> {
    if !chosen.nvidia {
        return Ok(chosen);
    }
    let software = devices.iter().find(|device| device.software);
    let software = software.ok_or_else(|| OpenError::Forked(chosen.name()))?;
    log::warn!(
        "{} cannot be used in a process that was forked, without exec, from one that uses OpenGL: this one renders in \
         software on {}",
        chosen.name(),
        software.name()
    );
    Ok(software)
}

fn start(egl: &Egl, device: &Device, display: Display, machine: &Machine) -> Result<Opened, OpenError> {
    egl.initialize(display).map_err(|error| machine.does_not_start(device, error))?;
    let string = |name| egl.string(display, name).unwrap_or_default();
    Ok(Opened {
        display,
        device: device.name(),
        hardware: Hardware {
            pci: device.pci.as_deref().and_then(|address| machine.pci_numbers(address)),
            software: device.software,
        },
        extensions: string(api::EXTENSIONS),
        vendor: string(api::VENDOR),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forked_child_leaves_nvidia_s_device_alone() {
        let device = |index: usize, nvidia: bool| Device {
            index,
            handle: 0,
            software: !nvidia,
            nvidia,
            node: None,
            pci: None,
            uuid: None,
        };
        let devices = [device(0, true), device(1, false)];
        assert_eq!(after_fork(&devices, &devices[0]).ok(), Some(&devices[1]));
        assert_eq!(after_fork(&devices, &devices[1]).ok(), Some(&devices[1]));
        assert!(matches!(after_fork(&devices[..1], &devices[0]), Err(OpenError::Forked(_))));
    }

    #[test]
    fn what_egl_lacks_is_not_offered() {
        let list = glx_extensions(|name| name == "EGL_KHR_no_config_context");
        assert!(list.iter().any(|name| name == "GLX_EXT_no_config_context"));
        assert!(list.iter().any(|name| name == "GLX_EXT_create_context_es2_profile"));
        assert!(!list.iter().any(|name| name == "GLX_ARB_create_context_robustness"));
    }
}
