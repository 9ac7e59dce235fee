//! What a program finds around it that has nothing to do with GPUs: memory to share, limits, keyboards, fonts.

use std::path::Path;

use rustix::fs::{MemfdFlags, ftruncate, memfd_create, statvfs};
use rustix::process::{Resource, getrlimit};

use super::gpu::Place;
use super::report::Check;

/// Bytes of a frame of 3840x2160.
const FRAME: u64 = 3840 * 2160 * 4;
/// Files that a program and glxrun have open at least.
const FILES: u64 = 64;

/// Memory that frames are passed in, and what is in /dev/shm.
pub fn shared_memory(place: &Place) -> Check {
    const NAME: &str = "shared-memory";
    // Beyond the limit of file sizes the kernel would end this process.
    let size = FRAME.min(getrlimit(Resource::Fsize).current.unwrap_or(FRAME));
    let made = memfd_create("glxrun-doctor", MemfdFlags::CLOEXEC).and_then(|file| ftruncate(file, size));
    if let Err(error) = made {
        return Check::warning(
            NAME,
            format!("no memory file (memfd) of {} MiB can be made: {error}", FRAME >> 20),
            "allow memfd_create in the container's seccomp profile, and raise its memory limit",
        );
    }
    let frames = "frames need no /dev/shm";
    match statvfs(place.path("/dev/shm")) {
        Ok(shm) => {
            let (size, free) = (shm.f_blocks * shm.f_frsize, shm.f_bavail * shm.f_frsize);
            let seen = format!("/dev/shm has {} MiB, {} free; {frames}", size >> 20, free >> 20);
            if free >= FRAME {
                Check::ok(NAME, seen)
            } else {
                Check::warning(
                    NAME,
                    seen,
                    "for --sink framebuffer and programs that use it (Chromium): docker run --shm-size 512m",
                )
            }
        }
        Err(error) => Check::warning(
            NAME,
            format!("there is no /dev/shm ({error}); {frames}, --sink framebuffer and Chromium want it"),
            "mount a tmpfs there: docker run --tmpfs /dev/shm",
        ),
    }
}

/// Limits of this process that a program would run into (setrlimit).
pub fn limits() -> Check {
    const NAME: &str = "limits";
    let limit = |resource| getrlimit(resource).current;
    let low = [
        ("file size (ulimit -f)", "bytes", limit(Resource::Fsize), FRAME),
        ("address space (ulimit -v)", "bytes", limit(Resource::As), 2 << 30),
        ("open files (ulimit -n)", "files", limit(Resource::Nofile), FILES),
    ];
    let too_low = low.iter().find(|(_, _, limit, least)| limit.is_some_and(|limit| limit < *least));
    match too_low {
        Some((what, unit, limit, least)) => Check::warning(
            NAME,
            format!(
                "the limit of {what} is {} {unit}; frames and drivers may need {least}",
                limit.unwrap_or(0)
            ),
            "raise it with ulimit or docker run --ulimit",
        ),
        None => Check::ok(NAME, "file size, address space and open files suffice"),
    }
}

/// What an X server that glxrun starts needs to make a keyboard. `needed` tells whether it starts one.
pub fn keyboard(place: &Place, needed: bool) -> Check {
    const NAME: &str = "keyboard";
    let rules = "/usr/share/X11/xkb/rules/evdev";
    let compilers = ["/usr/bin/xkbcomp", "/usr/local/bin/xkbcomp", "/bin/xkbcomp"];
    let missing = if !place.path(rules).exists() {
        Some((rules, "xkb-data"))
    } else if !compilers.iter().any(|path| place.path(path).exists()) {
        Some((compilers[0], "x11-xkb-utils"))
    } else {
        None
    };
    match missing {
        None => Check::ok(NAME, "xkbcomp and the keyboard descriptions in /usr/share/X11/xkb are here"),
        Some((file, package)) if needed => Check::failure(
            NAME,
            format!("{file} is missing, without which Xvfb does not start"),
            format!("apt-get install {package}"),
        ),
        Some((file, _)) => {
            Check::ok(NAME, format!("{file} is missing, but the X server of DISPLAY has its own"))
        }
    }
}

/// Whether toolkits find a font.
pub fn fonts(place: &Place) -> Check {
    const NAME: &str = "fonts";
    const PLACES: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];
    match PLACES.iter().find_map(|directory| find_font(&place.path(directory), 6)) {
        Some(font) => Check::ok(NAME, format!("such as {font}")),
        None => Check::warning(
            NAME,
            "there is no font below /usr/share/fonts, so text that programs draw themselves is missing or boxes",
            "apt-get install fonts-dejavu-core",
        ),
    }
}

/// A font file in a directory or up to `depth` levels below.
fn find_font(directory: &Path, depth: u8) -> Option<String> {
    let entries: Vec<_> = std::fs::read_dir(directory).ok()?.flatten().collect();
    let names = entries.iter().filter_map(|entry| entry.file_name().into_string().ok());
    const ENDS: [&str; 6] = [".ttf", ".otf", ".ttc", ".pfb", ".pcf.gz", ".pcf"];
    let font = names.into_iter().find(|name| ENDS.iter().any(|end| name.ends_with(end)));
    font.or_else(|| {
        let below = entries.iter().filter(|entry| depth > 0 && entry.path().is_dir());
        below.into_iter().find_map(|entry| find_font(&entry.path(), depth - 1))
    })
}
