//! The Vulkan layer: where it is, and the variables by which the Vulkan loader of a program finds it.
//!
//! Its manifest, made for each run, is found by XDG_DATA_DIRS, which every version of the loader heeds and which can be added to.
//! The layer is to be the last before the driver, so that overlays and the validation layer see its windows. Implicit layers
//! come in the order in which they are found, and before explicit ones. So ours is implicit, at the end of the list, unless
//! VK_INSTANCE_LAYERS names explicit ones: then it is one of those, the last. That is not the rule, because the loader
//! warns programs that listen to it of each layer that the variable names.

use std::ffi::{OsStr, OsString};
use std::fs::{create_dir_all, write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use glxrun_contract::vulkan::{Extension, INSTANCE_EXTENSIONS, LAYER, LIBRARY};
use serde_json::json;

use crate::Variable;
use crate::scratch::Scratch;
use crate::trust;

/// What XDG_DATA_DIRS is where it is unset.
const DATA_DIRS: &str = "/usr/local/share:/usr/share";
/// The layer that belongs to this libglxrun.so, if it is installed. The error names what another user could change.
pub fn find(library: &Path) -> Result<Option<PathBuf>> {
    let layer = library.with_file_name(LIBRARY);
    let Ok(real) = layer.canonicalize() else { return Ok(None) };
    trust::check(&real).with_context(|| format!("cannot use the Vulkan layer {}", layer.display()))?;
    Ok(Some(real))
}

/// The variables that put the layer between a program and its Vulkan driver.
pub fn variables(layer: &Path, scratch: &Scratch) -> Result<Vec<Variable>> {
    let data = scratch.file("share");
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let explicit = set("VK_INSTANCE_LAYERS");
    let kind = if explicit.is_some() { "explicit" } else { "implicit" };
    let folder = data.join(format!("vulkan/{kind}_layer.d"));
    let manifest = folder.join("glxrun.json");
    create_dir_all(&folder)
        .and_then(|()| write(&manifest, self::manifest(layer)))
        .with_context(|| format!("cannot make {}", manifest.display()))?;
    let mut variables: Vec<Variable> =
        vec![("XDG_DATA_DIRS".into(), behind(set("XDG_DATA_DIRS"), DATA_DIRS, data.as_os_str()))];
    if explicit.is_some() {
        let name = OsStr::from_bytes(LAYER.to_bytes());
        variables.push(("VK_INSTANCE_LAYERS".into(), behind(explicit, "", name)));
        // Where it is set, explicit layers are looked for there alone.
        let paths = set("VK_LAYER_PATH");
        variables
            .extend(paths.map(|paths| ("VK_LAYER_PATH".into(), behind(Some(paths), "", folder.as_os_str()))));
    }
    Ok(variables)
}

/// A list with one more at its end.
fn behind(list: Option<OsString>, default: &str, last: &OsStr) -> OsString {
    let mut list = list.unwrap_or_else(|| default.into());
    if !list.is_empty() {
        list.push(":");
    }
    list.push(last);
    list
}

/// The layer's manifest, as the loader wants it. It lists no extensions of devices: the loader would have the layer believe that
/// they are the driver's.
fn manifest(layer: &Path) -> String {
    let listed = |extensions: &[Extension]| -> Vec<_> {
        let one = |(name, version): &Extension| json!({"name": name.to_string_lossy(), "spec_version": version.to_string()});
        extensions.iter().map(one).collect()
    };
    let manifest = json!({
        "file_format_version": "1.1.2",
        "layer": {
            "name": LAYER.to_string_lossy(),
            "type": "GLOBAL",
            "library_path": layer.to_string_lossy(),
            // The loader leaves out implicit layers that are older than what the program asks for.
            "api_version": "1.4.999",
            "implementation_version": "1",
            "description": "Windows of Vulkan programs, shown by glxrun",
            "disable_environment": {"DISABLE_GLXRUN_VULKAN": "1"},
            "instance_extensions": listed(INSTANCE_EXTENSIONS),
        }
    });
    manifest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_added_to() {
        assert_eq!(behind(None, "", "x".as_ref()), "x");
        assert_eq!(behind(None, DATA_DIRS, "x".as_ref()), "/usr/local/share:/usr/share:x");
        assert_eq!(behind(Some("a:b".into()), DATA_DIRS, "x".as_ref()), "a:b:x");
    }
}
