//! Whether Vulkan programs would have windows: the loader that they load, and glxrun's layer. Their drivers are looked at with
//! the other vendors' files.

use std::ffi::OsStr;
use std::path::Path;

use super::probes::Probes;
use super::report::Check;
use super::vendors::Unloadable;
use crate::failure::Failure;
use crate::vulkan;

const LOADER: &str = "libvulkan.so.1";

/// What is to be said of the loader: it is loaded by a child.
pub fn loader(probes: &mut Probes) -> Result<Check, Failure> {
    let loaded = probes.ask::<Unloadable>("load", &[OsStr::new(LOADER)])?;
    let why = match loaded {
        Ok(unloadable) => unloadable.get(LOADER).cloned(),
        Err(why) => Some(why),
    };
    Ok(match why {
        None => Check::ok("vulkan-loader", format!("{LOADER} can be loaded")),
        Some(why) => Check::warning(
            "vulkan-loader",
            format!("{LOADER} cannot be loaded ({why}), so Vulkan programs do not start"),
            "install it if there are any (apt-get install libvulkan1)",
        ),
    })
}

/// What is to be said of the layer that belongs to this libglxrun.so.
pub fn layer(library: &Path) -> Check {
    match vulkan::find(library) {
        Ok(Some(layer)) => Check::ok("vulkan-layer", layer.display().to_string()),
        Ok(None) => Check::warning(
            "vulkan-layer",
            format!(
                "there is no Vulkan layer beside {}, so Vulkan programs are left alone",
                library.display()
            ),
            "install glxrun whole: libglxrun_vulkan.so belongs beside libglxrun.so",
        ),
        Err(error) => Check::failure(
            "vulkan-layer",
            format!("{error:#}"),
            "take that right away, or leave Vulkan programs alone (GLXRUN_VULKAN=off)",
        ),
    }
}
