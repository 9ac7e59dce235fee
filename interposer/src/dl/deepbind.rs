//! Would a library opened with RTLD_DEEPBIND bypass us?
//!
//! Such a library looks symbols up in itself and its dependencies first, so its own calls of `glXSwapBuffers` or
//! `dlsym` would reach libGL and libc without passing our exports. Clearing the flag for all libraries would break
//! those that need it (plugins with private copies of common symbols), so the file is read first: the flag goes
//! only where the library, or one that it needs, calls a function of our table.

use std::collections::HashSet;
use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use object::read::elf::{Dyn, ElfFile64, FileHeader};
use object::{Endianness, Object, ObjectSymbol, elf};

use crate::interpose;

/// Whether `file`, as given to dlopen, or a library that it needs, calls what we interpose. A file that cannot be
/// found or read counts as one that does: a lost picture is worse than a lost RTLD_DEEPBIND.
pub fn bypasses_us(file: &CStr) -> bool {
    let name = Path::new(OsStr::from_bytes(file.to_bytes()));
    let mut seen = HashSet::new();
    calls_us(name, None, &mut seen)
}

fn calls_us(name: &Path, needed_by: Option<&Path>, seen: &mut HashSet<PathBuf>) -> bool {
    let Some(path) = locate(name, needed_by) else { return true };
    if !seen.insert(path.clone()) {
        return false;
    }
    let Ok(data) = std::fs::read(&path) else { return true };
    let Ok(object) = ElfFile64::<Endianness>::parse(&*data) else { return true };
    let calls = object.dynamic_symbols().filter(|symbol| symbol.is_undefined()).any(|symbol| {
        symbol
            .name_bytes()
            .is_ok_and(|name| CString::new(name).is_ok_and(|name| interpose::find(&name).is_some()))
    });
    calls
        || needed(&object)
            .iter()
            .filter(|name| !is_system(name))
            .any(|name| calls_us(Path::new(OsStr::from_bytes(name)), path.parent(), seen))
}

/// Libraries that call no GL and are in everybody's list; the GL and X libraries themselves, whose handles are
/// covered by the identity of what dlsym finds in them.
fn is_system(soname: &[u8]) -> bool {
    const SYSTEM: [&[u8]; 7] =
        [b"libc.so", b"libm.so", b"libpthread.so", b"libdl.so", b"librt.so", b"libgcc_s.so", b"ld-linux"];
    SYSTEM.iter().any(|system| soname.starts_with(system))
        || CString::new(soname).is_ok_and(|soname| interpose::Library::any_provides(&soname))
}

/// The DT_NEEDED entries.
fn needed<'data>(object: &ElfFile64<'data, Endianness>) -> Vec<&'data [u8]> {
    let (header, endian, data) = (object.elf_header(), object.endian(), object.data());
    let read = || -> object::Result<Vec<&'data [u8]>> {
        let sections = header.sections(endian, data)?;
        let Some((entries, link)) = sections.dynamic(endian, data)? else { return Ok(Vec::new()) };
        let strings = sections.strings(endian, data, link)?;
        entries
            .iter()
            .filter(|entry| entry.tag(endian) == elf::DT_NEEDED)
            .map(|entry| entry.string(endian, strings))
            .collect()
    };
    read().unwrap_or_default()
}

/// Where a library's file is: the path given, else beside the one that needs it, LD_LIBRARY_PATH, the usual folders.
fn locate(name: &Path, needed_by: Option<&Path>) -> Option<PathBuf> {
    if name.as_os_str().as_bytes().contains(&b'/') {
        return name.exists().then(|| name.to_owned());
    }
    let listed = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let usual = [
        concat!("/lib/", env!("GLXRUN_MULTIARCH")),
        concat!("/usr/lib/", env!("GLXRUN_MULTIARCH")),
        "/lib64",
        "/usr/lib64",
        "/usr/local/lib",
        "/lib",
        "/usr/lib",
    ];
    needed_by
        .map(Path::to_owned)
        .into_iter()
        .chain(std::env::split_paths(&listed))
        .chain(usual.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|path| path.exists())
}
