//! Would a library opened with RTLD_DEEPBIND bypass us?
//!
//! Such a library looks symbols up in itself and its dependencies first, so its own calls of `glXSwapBuffers` or
//! `dlsym` would reach libGL and libc without passing our exports. Clearing the flag for all libraries would break
//! those that need it (plugins with private copies of common symbols), so the file is read first: the flag goes
//! only where the library, or one that it needs, calls a function of our table.

use std::collections::HashSet;
use std::ffi::{CStr, CString, OsStr};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use object::read::elf::{Dyn, ElfFile64, FileHeader};
use object::{Endianness, Object, ObjectSymbol, elf};

use crate::interpose;

/// Bytes of the largest library that is read.
const MOST: u64 = 1 << 30;

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
    let Some(found) = read(&path).as_deref().and_then(look) else { return true };
    found.calls_us
        || found
            .needs
            .iter()
            .filter(|name| !is_system(name))
            .any(|name| calls_us(Path::new(OsStr::from_bytes(name)), path.parent(), seen))
}

/// The file's content. What is no plain file may have no end, or have us wait for one.
fn read(path: &Path) -> Option<Vec<u8>> {
    let file = std::fs::File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).ok()?;
    let meta = file.metadata().ok().filter(|meta| meta.is_file() && meta.len() <= MOST)?;
    let mut data = Vec::new();
    data.try_reserve_exact(meta.len() as usize).ok()?;
    file.take(meta.len()).read_to_end(&mut data).ok()?;
    Some(data)
}

/// What a library's file says.
struct Found {
    /// It calls what we interpose.
    calls_us: bool,
    /// The names of the libraries that it needs.
    needs: Vec<Vec<u8>>,
}

/// Reads a file's content, which may be anything.
fn look(data: &[u8]) -> Option<Found> {
    let object = ElfFile64::<Endianness>::parse(data).ok()?;
    let calls_us = object.dynamic_symbols().filter(|symbol| symbol.is_undefined()).any(|symbol| {
        symbol
            .name_bytes()
            .is_ok_and(|name| CString::new(name).is_ok_and(|name| interpose::find(&name).is_some()))
    });
    Some(Found { calls_us, needs: needed(&object).into_iter().map(<[u8]>::to_vec).collect() })
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

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};
    use std::sync::LazyLock;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// A small library that is everywhere, and one that calls what we interpose.
    fn samples() -> [Vec<u8>; 2] {
        let sample = |name: &str| {
            let path = locate(Path::new(name), None).unwrap_or_else(|| panic!("no {name} here"));
            read(&path).expect("it can be read")
        };
        // libGL.so.1 calls functions of libGLX.so.0 and libGLdispatch.so.0.
        [sample("libdl.so.2"), sample("libGL.so.1")]
    }

    static SAMPLES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(samples);

    proptest! {
        /// Whatever is wrong with a file, we neither panic nor read beyond it, and come to an end.
        #[test]
        fn damaged_libraries_are_read_or_given_up(
            which in 0..2usize,
            bytes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
            words in vec((0..200usize, prop_oneof![any::<u64>(), 0..100_000u64, Just(u64::MAX)]), 0..6),
            from_end in vec((1..300usize, any::<u64>()), 0..6),
            length in proptest::option::weighted(0.2, any::<prop::sample::Index>()),
        ) {
            let mut data = SAMPLES[which].clone();
            for (place, byte) in bytes {
                let place = place.index(data.len());
                data[place] = byte;
            }
            // The ELF header and what follows; section headers, which come last.
            for (place, word) in words {
                data[place * 8..][..8].copy_from_slice(&word.to_le_bytes());
            }
            for (place, word) in from_end {
                let start = data.len() - place * 8;
                data[start..][..8].copy_from_slice(&word.to_le_bytes());
            }
            if let Some(length) = length {
                data.truncate(length.index(data.len()));
            }
            if let Some(found) = look(&data) {
                prop_assert!(found.needs.iter().map(Vec::len).sum::<usize>() <= data.len() * found.needs.len());
            }
        }

        #[test]
        fn any_bytes_are_no_library(data in vec(any::<u8>(), 0..500)) {
            prop_assert!(look(&data).is_none());
        }
    }

    #[test]
    fn special_files_count_as_ones_that_call_us() {
        let fifo: PathBuf = std::env::temp_dir().join(format!("glxrun-test-fifo-{}", std::process::id()));
        let name = CString::new(fifo.as_os_str().as_bytes()).expect("no zero byte");
        // SAFETY: a valid path.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        let found = [name.as_c_str(), c"/dev/zero", c"/dev/null", c"/", c"/nowhere/at/all"].map(bypasses_us);
        std::fs::remove_file(&fifo).expect("the fifo is ours");
        assert_eq!(found, [true; 5]);
    }

    #[test]
    fn libraries_without_gl_keep_the_flag() {
        assert!(!bypasses_us(c"libz.so.1"));
    }
}
