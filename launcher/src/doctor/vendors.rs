//! Which drivers are registered with libglvnd and the Vulkan loader, and whether their libraries can be loaded.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_LAZY, RTLD_LOCAL};
use serde::Deserialize;

use super::gpu::{Place, split};
use super::report::Check;

/// A vendor file, as far as it matters here.
#[derive(Deserialize)]
struct Vendor {
    /// Loaders ignore a file without one.
    #[serde(rename = "file_format_version")]
    _version: String,
    #[serde(rename = "ICD")]
    icd: Icd,
}

#[derive(Deserialize)]
struct Icd {
    library_path: String,
}

/// Where an API's drivers are registered.
struct Registry {
    name: &'static str,
    api: &'static str,
    /// Variables that name files, stronger first; then directories.
    files: &'static [&'static str],
    directories: &'static [&'static str],
    usual: &'static [&'static str],
}

const EGL: Registry = Registry {
    name: "egl-vendors",
    api: "EGL",
    files: &["__EGL_VENDOR_LIBRARY_FILENAMES"],
    directories: &["__EGL_VENDOR_LIBRARY_DIRS"],
    usual: &["/etc/glvnd/egl_vendor.d", "/usr/share/glvnd/egl_vendor.d"],
};

const VULKAN: Registry = Registry {
    name: "vulkan-vendors",
    api: "Vulkan",
    files: &["VK_DRIVER_FILES", "VK_ICD_FILENAMES"],
    directories: &[],
    usual: &["/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/usr/share/vulkan/icd.d"],
};

/// A driver that is registered, or why its file does not do that.
struct Entry {
    file: PathBuf,
    library: Result<String, String>,
}

/// What cannot be loaded, with the loader's words. The libraries are asked for by name, in a process of its own.
pub type Unloadable = BTreeMap<String, String>;

/// The drivers that are registered.
pub struct Vendors<'a> {
    place: &'a Place,
    egl: Vec<Entry>,
    vulkan: Vec<Entry>,
}

/// Libraries that a GLX program needs, and the packages that have them.
const GLX: [(&str, &str); 2] = [("libGL.so.1", "libgl1"), ("libX11.so.6", "libx11-6")];
const CUDA: &str = "libcuda.so.1";

impl<'a> Vendors<'a> {
    /// Reads the vendor files.
    pub fn read(place: &'a Place) -> Vendors<'a> {
        Vendors { place, egl: entries(place, &EGL), vulkan: entries(place, &VULKAN) }
    }

    /// The libraries that are to be loaded, for a try.
    pub fn libraries(&self) -> Vec<String> {
        let registered = self.egl.iter().chain(&self.vulkan).filter_map(|entry| entry.library.clone().ok());
        let fixed = GLX.iter().map(|(library, _)| (*library).to_owned()).chain([CUDA.to_owned()]);
        registered.chain(fixed).chain([self.glx_vendor()]).collect()
    }

    /// The library of GLX' driver: the one that a variable names, else NVIDIA's or Mesa's.
    fn glx_vendor(&self) -> String {
        let nvidia = !self.place.machine.nvidia_libraries().is_empty();
        let usual = if nvidia { "nvidia" } else { "mesa" };
        let vendor = self.place.variable(GLX_VENDOR).unwrap_or_else(|| usual.to_owned());
        format!("libGLX_{vendor}.so.0")
    }

    /// A check per API, and one for CUDA.
    pub fn checks(&self, unloadable: &Unloadable) -> Vec<Check> {
        vec![
            self.glx(unloadable),
            self.registered(&EGL, &self.egl, unloadable),
            self.registered(&VULKAN, &self.vulkan, unloadable),
            self.cuda(unloadable),
        ]
    }

    fn glx(&self, unloadable: &Unloadable) -> Check {
        const NAME: &str = "glx-vendors";
        for (library, package) in GLX {
            if let Some(why) = unloadable.get(library) {
                return Check::failure(
                    NAME,
                    format!("{library} cannot be loaded: {why}"),
                    format!("apt-get install {package}"),
                );
            }
        }
        let library = self.glx_vendor();
        match (unloadable.get(&library), self.place.variable(GLX_VENDOR)) {
            (None, _) => Check::ok(NAME, format!("libGL.so.1 and {library} can be loaded")),
            (Some(why), Some(value)) => Check::warning(
                NAME,
                format!("{GLX_VENDOR}={value}, but {library} cannot be loaded: {why}"),
                format!("unset {GLX_VENDOR}, or install that driver"),
            ),
            (Some(why), None) => Check::warning(
                NAME,
                format!("GLX' driver {library} cannot be loaded, so only EGL devices can render: {why}"),
                "apt-get install libglx-mesa0, or give the container NVIDIA's graphics libraries \
                 (NVIDIA_DRIVER_CAPABILITIES=all)",
            ),
        }
    }

    fn registered(&self, registry: &Registry, entries: &[Entry], unloadable: &Unloadable) -> Check {
        let (name, api) = (registry.name, registry.api);
        let variable = registry
            .files
            .iter()
            .chain(registry.directories)
            .copied()
            .find_map(|variable| self.place.variable(variable).map(|value| (variable, value)));
        let mut good = Vec::new();
        for Entry { file, library } in entries {
            let file = file.display();
            let problem = match library {
                Err(why) => format!("{file}: {why}"),
                // An image may register it for the machines that have it.
                Ok(library) if library.contains("nvidia") && self.place.nvidia().is_none() => continue,
                Ok(library) => match unloadable.get(library) {
                    Some(why) => format!("{file} names {library}, which cannot be loaded: {why}"),
                    None => {
                        good.push(format!("{library} ({file})"));
                        continue;
                    }
                },
            };
            let fix = match &variable {
                Some((variable, _)) => format!("correct {variable}, or unset it"),
                None => format!("install that driver's libraries, or remove {file}"),
            };
            return Check::warning(name, problem, fix);
        }
        if let (true, Some((variable, value))) = (good.is_empty(), &variable) {
            let evidence = format!("{variable}={value} leads to no {api} driver");
            return Check::warning(name, evidence, format!("correct {variable}, or unset it"));
        }
        if let (Some(module), None) = (self.place.nvidia(), &variable)
            && !entries.iter().any(|entry| entry.file.to_string_lossy().contains("nvidia"))
        {
            return Check::warning(
                name,
                format!(
                    "the NVIDIA kernel module {module} is loaded, but NVIDIA's {api} is not registered in {}",
                    registry.usual.join(", ")
                ),
                "run the container with --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all, or install the driver's libraries",
            );
        }
        match (good.is_empty(), registry.name == EGL.name) {
            (false, _) => Check::ok(name, good.join(", ")),
            (true, true) if !entries.is_empty() => Check::warning(
                name,
                "no EGL driver that this machine could use is registered",
                "apt-get install libegl-mesa0, or for NVIDIA see gpu-nodes",
            ),
            (true, true) => {
                let (evidence, fix) = split(&glxrun_devices::Cause::NoVendorFile.to_string());
                Check::warning(name, evidence, fix)
            }
            (true, false) => Check::ok(name, "no Vulkan driver is registered; OpenGL programs need none"),
        }
    }

    fn cuda(&self, unloadable: &Unloadable) -> Check {
        const NAME: &str = "libcuda";
        match (unloadable.get(CUDA), self.place.nvidia()) {
            (None, _) if self.place.is_here() => Check::ok(NAME, "libcuda.so.1 can be loaded"),
            (None, _) => Check::ok(NAME, "not tried"),
            (Some(why), Some(_)) => Check::warning(
                NAME,
                format!("{CUDA} cannot be loaded, so frames cannot be copied by CUDA: {why}"),
                "run the container with NVIDIA_DRIVER_CAPABILITIES=all, or graphics,compute,utility",
            ),
            (Some(_), None) => Check::ok(NAME, "libcuda.so.1 is not here, and no NVIDIA GPU either"),
        }
    }
}

const GLX_VENDOR: &str = "__GLX_VENDOR_LIBRARY_NAME";

fn entries(place: &Place, registry: &Registry) -> Vec<Entry> {
    let named = |variables: &[&str]| variables.iter().find_map(|name| place.variable(name)).map(parts);
    let files: Vec<PathBuf> = match named(registry.files) {
        Some(files) => files.iter().map(|file| place.path(file)).collect(),
        None => {
            let usual = || registry.usual.iter().map(|directory| (*directory).to_owned()).collect();
            let directories = named(registry.directories).unwrap_or_else(usual);
            let in_directory = |directory: &String| {
                let names = place.names(directory, |name| name.ends_with(".json"));
                let path = place.path(directory);
                names.into_iter().map(move |name| path.join(name)).collect::<Vec<_>>()
            };
            directories.iter().flat_map(in_directory).collect()
        }
    };
    files.into_iter().map(|file| Entry { library: read(&file), file }).collect()
}

/// The parts of a value that colons separate.
fn parts(value: String) -> Vec<String> {
    value.split(':').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The library that a vendor file names, as the loader is to be asked for it.
fn read(file: &Path) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("it cannot be read: {error}"))?;
    let vendor: Vendor =
        serde_json::from_str(&text).map_err(|error| format!("it is no vendor file: {error}"))?;
    let library = vendor.icd.library_path;
    // A path is relative to the file.
    let relative = library.contains('/') && !library.starts_with('/');
    let directory = file.parent().unwrap_or(Path::new("/"));
    Ok(if relative { directory.join(library).display().to_string() } else { library })
}

/// The libraries among these that cannot be loaded.
pub fn try_to_load(libraries: &[impl AsRef<OsStr>]) -> Unloadable {
    let try_one = |library: &OsStr| {
        // SAFETY: running the constructors of drivers is what this is for.
        let loaded = unsafe { Library::open(Some(library), RTLD_LAZY | RTLD_LOCAL) };
        let why = loaded.err()?;
        let words = std::error::Error::source(&why).map_or_else(|| why.to_string(), ToString::to_string);
        Some((library.to_string_lossy().into_owned(), words))
    };
    libraries.iter().filter_map(|library| try_one(library.as_ref())).collect()
}
