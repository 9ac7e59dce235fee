//! The loaded objects of this process: which one owns an address, what it calls itself, what libc exports.
//!
//! Everything here reads the dynamic loader's own structures in place: no allocation, and no lock but the one
//! that `dl_iterate_phdr` takes, because `dlsym` goes through this module.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use libc::dl_phdr_info;

const DT_HASH_GNU: usize = 0x6fff_fef5;
const DT_STRTAB: usize = 5;
const DT_SYMTAB: usize = 6;
const DT_SONAME: usize = 14;

/// One entry of an object's dynamic section (elf(5), Elf64_Dyn).
#[repr(C)]
struct Dyn {
    tag: usize,
    value: usize,
}

/// An object's dynamic section, ended by an entry with tag DT_NULL.
#[derive(Clone, Copy)]
struct Dynamic {
    entries: *const Dyn,
    base: usize,
}

impl Dynamic {
    fn get(self, tag: usize) -> Option<usize> {
        let mut entry = self.entries;
        // SAFETY: the loader mapped this array and it ends with DT_NULL (0).
        unsafe {
            while (*entry).tag != 0 {
                if (*entry).tag == tag {
                    return Some((*entry).value);
                }
                entry = entry.add(1);
            }
        }
        None
    }

    /// An entry that holds an address. glibc relocates these in place, except in a few read-only sections.
    fn address(self, tag: usize) -> Option<usize> {
        self.get(tag).map(|value| if value < self.base { value + self.base } else { value })
    }

    fn soname(self) -> Option<&'static CStr> {
        let strings = self.address(DT_STRTAB)?;
        let offset = self.get(DT_SONAME)?;
        // SAFETY: DT_SONAME is an offset into the string table of a loaded object.
        Some(unsafe { CStr::from_ptr((strings + offset) as *const c_char) })
    }

    /// Looks a symbol up by the GNU hash table (the first version of it, any version being the same function).
    fn symbol(self, name: &CStr) -> Option<*const c_void> {
        let (strings, symbols, hash) =
            (self.address(DT_STRTAB)?, self.address(DT_SYMTAB)?, self.address(DT_HASH_GNU)? as *const u32);
        let wanted = name
            .to_bytes()
            .iter()
            .fold(5381u32, |hash, &byte| hash.wrapping_mul(33).wrapping_add(byte.into()));
        // SAFETY: the layout of DT_GNU_HASH: four words, a Bloom filter of 64-bit words, buckets, chains.
        unsafe {
            let (buckets, first, bloom) = (*hash as usize, *hash.add(1) as usize, *hash.add(2) as usize);
            let bucket = hash.add(4 + bloom * 2);
            let chain = bucket.add(buckets);
            let mut index = *bucket.add(wanted as usize % buckets) as usize;
            if index == 0 {
                return None;
            }
            loop {
                let link = *chain.add(index - first);
                let symbol = (symbols as *const libc::Elf64_Sym).add(index);
                let symbol_name = CStr::from_ptr((strings + (*symbol).st_name as usize) as *const c_char);
                if link | 1 == wanted | 1 && symbol_name == name {
                    return Some((self.base + (*symbol).st_value as usize) as *const c_void);
                }
                if link & 1 == 1 {
                    return None;
                }
                index += 1;
            }
        }
    }
}

fn dynamic_of(info: &dl_phdr_info) -> Option<Dynamic> {
    let base = info.dlpi_addr as usize;
    // SAFETY: dl_iterate_phdr hands out the object's own program headers.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let header = headers.iter().find(|header| header.p_type == libc::PT_DYNAMIC)?;
    Some(Dynamic { entries: (base + header.p_vaddr as usize) as *const Dyn, base })
}

/// Calls `visit` with each loaded object until it returns true.
fn each_object<F: FnMut(&dl_phdr_info) -> bool>(mut visit: F) -> bool {
    unsafe extern "C" fn callback<F: FnMut(&dl_phdr_info) -> bool>(
        info: *mut dl_phdr_info,
        _size: usize,
        data: *mut c_void,
    ) -> c_int {
        // SAFETY: `data` is the closure below, `info` is valid during the call.
        unsafe { (*data.cast::<F>())(&*info).into() }
    }
    // SAFETY: the callback and its data live across the call.
    unsafe { libc::dl_iterate_phdr(Some(callback::<F>), (&raw mut visit).cast()) != 0 }
}

/// The addresses [start, end) that the object containing `address` is loaded at.
pub fn range_of(address: *const c_void) -> (usize, usize) {
    let mut range = (0, 0);
    each_object(|info| {
        range = extent(info);
        contains(info, address as usize)
    });
    range
}

fn extent(info: &dl_phdr_info) -> (usize, usize) {
    // SAFETY: as in dynamic_of.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let loads = headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let end = loads.clone().map(|load| load.p_vaddr + load.p_memsz).max().unwrap_or(0);
    let start = loads.map(|load| load.p_vaddr).min().unwrap_or(0);
    (info.dlpi_addr as usize + start as usize, info.dlpi_addr as usize + end as usize)
}

fn contains(info: &dl_phdr_info, address: usize) -> bool {
    let (start, end) = extent(info);
    (start..end).contains(&address)
}

/// Whether the object that contains `first` was loaded before the one that contains `second`.
pub fn comes_before(first: usize, second: usize) -> bool {
    let mut before = false;
    each_object(|info| {
        let contains = |address: usize| contains(info, address);
        before = contains(first) && !contains(second);
        before || contains(second)
    });
    before
}

/// A function of libc's own symbol table (libdl's before glibc 2.34), whoever else exports that name.
pub fn libc_symbol(name: &CStr) -> Option<*const c_void> {
    let mut found = None;
    each_object(|info| {
        let Some(dynamic) = dynamic_of(info) else { return false };
        let soname = dynamic.soname();
        if soname == Some(c"libc.so.6") || soname == Some(c"libdl.so.2") {
            found = dynamic.symbol(name);
        }
        found.is_some()
    });
    found
}

/// Whether an object is loaded whose DT_SONAME satisfies `wanted`.
pub fn any_loaded(wanted: impl Fn(&CStr) -> bool) -> bool {
    each_object(|info| dynamic_of(info).and_then(Dynamic::soname).is_some_and(&wanted))
}

/// `struct dl_find_object` of `<dlfcn.h>`, glibc 2.35; room is left for what later versions append.
#[repr(C)]
struct FoundObject {
    flags: u64,
    map_start: *mut c_void,
    map_end: *mut c_void,
    link_map: *mut LinkMap,
    rest: [u64; 12],
}

/// The public part of `struct link_map` (`<link.h>`).
#[repr(C)]
struct LinkMap {
    base: usize,
    name: *const c_char,
    dynamic: *const Dyn,
}

/// The DT_SONAME of the object that contains `address`.
pub fn soname_of(address: *const c_void) -> Option<&'static CStr> {
    let map = link_map_of(address)?;
    // SAFETY: the loader gave a live link_map.
    let (entries, base) = unsafe { ((*map).dynamic, (*map).base) };
    (!entries.is_null()).then_some(Dynamic { entries, base })?.soname()
}

fn link_map_of(address: *const c_void) -> Option<*const LinkMap> {
    // dladdr1 takes the loader's lock; _dl_find_object does not, but glibc has it only since 2.35.
    static FIND_OBJECT: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
    const ABSENT: *mut c_void = std::ptr::dangling_mut();
    let mut find_object = FIND_OBJECT.load(Relaxed);
    if find_object.is_null() {
        find_object = libc_symbol(c"_dl_find_object").map_or(ABSENT, <*const c_void>::cast_mut);
        FIND_OBJECT.store(find_object, Relaxed);
    }
    if find_object != ABSENT {
        type FindObject = unsafe extern "C" fn(*const c_void, *mut FoundObject) -> c_int;
        // SAFETY: the address is glibc's _dl_find_object, whose signature this is.
        let find_object: FindObject = unsafe { std::mem::transmute(find_object) };
        // SAFETY: all zeroes is a valid FoundObject.
        let mut found: FoundObject = unsafe { std::mem::zeroed() };
        // SAFETY: `found` is large enough for every known version of the structure.
        return (unsafe { find_object(address, &raw mut found) } == 0).then_some(found.link_map.cast_const());
    }
    const RTLD_DL_LINKMAP: c_int = 2;
    type Dladdr1 =
        unsafe extern "C" fn(*const c_void, *mut libc::Dl_info, *mut *const LinkMap, c_int) -> c_int;
    // SAFETY: all zeroes is a valid Dl_info.
    let mut info: libc::Dl_info = unsafe { std::mem::zeroed() };
    let mut map = std::ptr::null();
    let dladdr1 = libc_symbol(c"dladdr1")?;
    // SAFETY: the address is glibc's dladdr1, whose signature this is.
    let dladdr1: Dladdr1 = unsafe { std::mem::transmute(dladdr1) };
    // SAFETY: out parameters of the right types.
    let found = unsafe { dladdr1(address, &raw mut info, &raw mut map, RTLD_DL_LINKMAP) } != 0;
    (found && !map.is_null()).then_some(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libc_owns_its_functions() {
        let getpid = libc_symbol(c"getpid").expect("libc exports getpid");
        assert_eq!(soname_of(getpid), Some(c"libc.so.6"));
        assert_eq!(libc_symbol(c"no_such_function_in_libc"), None);
    }

    #[test]
    fn the_test_binary_owns_its_code() {
        let own = libc_owns_its_functions as *const c_void;
        let (start, end) = range_of(own);
        assert!((start..end).contains(&(own as usize)));
        assert!(any_loaded(|soname| soname == c"libc.so.6"));
        assert!(!any_loaded(|soname| soname == c"libnothing.so.0"));
    }
}
