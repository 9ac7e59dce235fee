//! The library to preload: finding it, and the value of LD_PRELOAD.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use object::read::elf::{Dyn, ElfFile64, FileHeader};
use object::{Endianness, ReadCache, elf};

use crate::Variable;
use crate::scratch::Scratch;
use crate::trust;

const NAME: &str = "libglxrun.so";

/// The absolute path of the library, without symbolic links: the one named, else the first that exists beside glxrun, in
/// `../lib/glxrun` and in `../lib`. One that another user could change is refused.
pub fn find(named: Option<&Path>) -> Result<PathBuf> {
    let path = match named {
        Some(path) => std::path::absolute(path).context("cannot tell the current directory")?,
        None => search()?,
    };
    let unusable = || format!("cannot use the library {}", path.display());
    check(&path).with_context(unusable)?;
    // What is judged is what is preloaded: a link could lead elsewhere by then.
    let real = path.canonicalize().with_context(unusable)?;
    trust::check(&real).with_context(unusable)?;
    Ok(real)
}

fn search() -> Result<PathBuf> {
    let glxrun = std::env::current_exe().context("cannot tell where glxrun is installed")?;
    let dir = glxrun.parent().unwrap_or(Path::new("/"));
    let places = [dir.to_owned(), dir.join("../lib/glxrun"), dir.join("../lib")];
    if let Some(found) = places.iter().map(|place| place.join(NAME)).find(|path| path.exists()) {
        return Ok(found);
    }
    bail!(
        "{NAME} is not beside glxrun in {0}, nor in {0}/../lib/glxrun or {0}/../lib. \
         Install it there or name it with --library",
        dir.display()
    )
}

/// Byte offsets in an ELF header: class, byte order, type, machine.
const HEADER: usize = 20;
const CLASS_AND_ORDER: std::ops::Range<usize> = 4..6;
const TYPE: std::ops::Range<usize> = 16..18;
const MACHINE: std::ops::Range<usize> = 18..20;
const SHARED_OBJECT: u16 = 3;

fn check(path: &Path) -> Result<()> {
    let header = |path: &Path| -> std::io::Result<Vec<u8>> {
        let mut header = Vec::with_capacity(HEADER);
        File::open(path)?.take(HEADER as u64).read_to_end(&mut header)?;
        header.resize(HEADER, 0);
        Ok(header)
    };
    let library = header(path)?;
    let ourselves = header(Path::new("/proc/self/exe")).context("cannot read /proc/self/exe")?;
    ensure!(
        library.starts_with(b"\x7fELF") && library[TYPE] == SHARED_OBJECT.to_ne_bytes(),
        "it is not an ELF shared object"
    );
    ensure!(
        library[CLASS_AND_ORDER] == ourselves[CLASS_AND_ORDER] && library[MACHINE] == ourselves[MACHINE],
        "it was built for another machine than glxrun"
    );
    let soname = soname(File::open(path)?).unwrap_or_default();
    ensure!(soname == NAME.as_bytes(), "it is another library: {:?}", String::from_utf8_lossy(&soname));
    Ok(())
}

/// The DT_SONAME, empty where there is none.
fn soname(file: File) -> object::Result<Vec<u8>> {
    // Reads what is asked for, not the whole file.
    let data = ReadCache::new(file);
    let elf = ElfFile64::<Endianness, _>::parse(&data)?;
    let (header, endian) = (elf.elf_header(), elf.endian());
    let sections = header.sections(endian, &data)?;
    let Some((entries, link)) = sections.dynamic(endian, &data)? else { return Ok(Vec::new()) };
    let strings = sections.strings(endian, &data, link)?;
    let entry = entries.iter().find(|entry| entry.tag(endian) == elf::DT_SONAME);
    entry.map_or(Ok(Vec::new()), |entry| Ok(entry.string(endian, strings)?.to_vec()))
}

/// LD_PRELOAD with the library first and what is preloaded already behind it.
pub fn preload(library: &Path, scratch: &Scratch) -> Result<Variable> {
    let mut list = if plain(library) { library.to_owned() } else { scratch.link(NAME, library)? };
    if !plain(&list) {
        bail!(
            "the paths {} and {} both hold a space, ':' or '$', which LD_PRELOAD cannot name",
            library.display(),
            list.display()
        );
    }
    if let Some(existing) = std::env::var_os("LD_PRELOAD").filter(|existing| !existing.is_empty()) {
        let mut both = OsString::from(std::mem::take(&mut list));
        both.push(":");
        both.push(existing);
        list = both.into();
    }
    Ok(("LD_PRELOAD".into(), list.into()))
}

/// Whether ld.so takes the path as it is: space and colon separate entries, `$` begins a substitution.
fn plain(path: &Path) -> bool {
    !path.as_os_str().as_bytes().iter().any(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b':' | b'$'))
}
