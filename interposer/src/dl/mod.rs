//! `dlsym`, `dlvsym` and `dlopen` as the program sees them.
//!
//! Programs find GL in many ways besides linking: `dlopen` + `dlsym`, `dlsym` itself obtained through `dlvsym`,
//! plugins opened with `RTLD_DEEPBIND`. These three exports make all of them meet the interposition table.
//!
//! Each is a *tail jump*: glibc finds out who calls by the return address (for `RTLD_NEXT`, `RTLD_DEFAULT` and
//! `RUNPATH=$ORIGIN`), so a wrapper that called the real function would make every caller look like libglxrun.
//! The deciding code below therefore runs first, and then either jumps on with the caller's own arguments and
//! return address or returns our function. It neither locks nor allocates nor logs: `std` itself comes this way.

mod caller;
mod deepbind;
mod object;

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

use crate::interpose::{self, Row};

/// `RTLD_NEXT` of `<dlfcn.h>`.
const NEXT: usize = usize::MAX;

type Dlsym = unsafe extern "C" fn(*mut c_void, *const c_char) -> *mut c_void;

/// What a trampoline does next: jump to `address` with the caller's arguments, or return it (`answer` = 1).
/// Two machine words, returned in registers, which is what the assembly below reads.
#[repr(C)]
pub struct Decision {
    address: *const c_void,
    answer: usize,
}

impl Decision {
    fn jump(address: *const c_void) -> Self {
        Self { address, answer: 0 }
    }

    fn answer(address: *const c_void) -> Self {
        Self { address, answer: 1 }
    }
}

/// libc's own functions, read from its symbol table (we export these names, so linking to them binds to us), and
/// the ones that come after us in the search order: libc's, or those of another preloaded library.
static LIBC_DLSYM: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
static NEXT_DLSYM: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
static NEXT_DLVSYM: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
static NEXT_DLOPEN: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
/// Where libglxrun.so is mapped: [start, end).
static OWN_START: AtomicUsize = AtomicUsize::new(0);
static OWN_END: AtomicUsize = AtomicUsize::new(0);

/// Finds the real functions. Every result is the same whoever computes it, so racing threads do no harm.
fn boot() {
    if !NEXT_DLOPEN.load(Relaxed).is_null() {
        return;
    }
    let (start, end) = object::range_of(boot as *const c_void);
    OWN_START.store(start, Relaxed);
    OWN_END.store(end, Relaxed);
    let Some(dlsym) = object::libc_symbol(c"dlsym") else {
        // Without libc's dlsym nothing in this process can work; say so once, without std.
        let message = b"glxrun: cannot find dlsym in libc.so.6; this C library is not supported (glibc is)\n";
        // SAFETY: a plain write of a static buffer.
        unsafe { libc::write(2, message.as_ptr().cast(), message.len()) };
        std::process::abort();
    };
    LIBC_DLSYM.store(dlsym.cast_mut(), Relaxed);
    // SAFETY: the address is libc's dlsym, whose signature this is.
    let dlsym: Dlsym = unsafe { std::mem::transmute(dlsym) };
    let next = |name: &CStr| {
        // SAFETY: a call of dlsym with a valid name; the caller is this library, so "next" means after us.
        unsafe { dlsym(NEXT as *mut c_void, name.as_ptr()) }
    };
    NEXT_DLSYM.store(next(c"dlsym"), Relaxed);
    NEXT_DLVSYM.store(next(c"dlvsym"), Relaxed);
    NEXT_DLOPEN.store(next(c"dlopen"), Relaxed);
}

fn is_own(address: usize) -> bool {
    (OWN_START.load(Relaxed)..OWN_END.load(Relaxed)).contains(&address)
}

/// The real `dlsym` for our own look-ups in explicit handles.
///
/// # Safety
/// As dlsym(3): `handle` is a live handle.
pub unsafe fn symbol(handle: *mut c_void, name: &CStr) -> *mut c_void {
    boot();
    // SAFETY: boot() stored libc's dlsym there.
    let dlsym: Dlsym = unsafe { std::mem::transmute(LIBC_DLSYM.load(Relaxed)) };
    // SAFETY: the caller vouches for the handle.
    unsafe { dlsym(handle, name.as_ptr()) }
}

pub use caller::is_driver;

/// Whether the process has a GL library loaded.
pub fn has_gl() -> bool {
    object::any_loaded(|soname| interpose::Library::Gl.provides(soname))
}

/// The DT_SONAME of the object that an address lies in.
pub fn owner(address: *const c_void) -> Option<&'static CStr> {
    object::soname_of(address)
}

/// The answer for a name of the table, or None where the real function must be asked by a jump.
///
/// Ours is given where the real result lies in a library that provides that row, wherever its file is: one name has
/// several real addresses under GLVND, and a private copy of libEGL.so (ANGLE's) has a name of its own.
fn replacement(
    handle: usize,
    name: *const c_char,
    caller: usize,
    real: impl Fn(usize) -> *mut c_void,
) -> Option<*const c_void> {
    if name.is_null() {
        return None;
    }
    // SAFETY: dlsym's caller passes a C string.
    let row: &Row = interpose::find(unsafe { CStr::from_ptr(name) })?;
    if handle == NEXT {
        // A library preloaded before us that looks for the next dlsym *by version* would miss our unversioned one.
        let misses_us = row.library.is_libc() && object::comes_before(caller, OWN_START.load(Relaxed));
        return misses_us.then_some(row.ours);
    }
    let found = real(handle);
    if found.is_null() {
        return None;
    }
    if is_own(found as usize) {
        // A search of the global scope met our export, which hides whether the program has that library at all.
        let exists = row.library.is_libc()
            || !real(NEXT).is_null()
            || object::any_loaded(|soname| row.library.provides(soname));
        return Some(if exists { row.ours } else { std::ptr::null() });
    }
    let owner = object::soname_of(found)?;
    row.library.provides(owner).then_some(row.ours)
}

extern "C" fn decide_dlsym(handle: usize, name: *const c_char, caller: usize) -> Decision {
    boot();
    let libc_dlsym = LIBC_DLSYM.load(Relaxed);
    if is_own(caller) {
        return Decision::jump(libc_dlsym);
    }
    // SAFETY: boot() stored libc's dlsym.
    let dlsym: Dlsym = unsafe { std::mem::transmute(libc_dlsym) };
    // SAFETY: handle and name are the caller's own arguments.
    match replacement(handle, name, caller, |handle| unsafe { dlsym(handle as *mut c_void, name) }) {
        Some(ours) => Decision::answer(ours),
        None => Decision::jump(NEXT_DLSYM.load(Relaxed)),
    }
}

extern "C" fn decide_dlvsym(
    handle: usize,
    name: *const c_char,
    version: *const c_char,
    caller: usize,
) -> Decision {
    boot();
    let next = NEXT_DLVSYM.load(Relaxed);
    if is_own(caller) {
        return Decision::jump(next);
    }
    type Dlvsym = unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> *mut c_void;
    // SAFETY: boot() stored a dlvsym.
    let dlvsym: Dlvsym = unsafe { std::mem::transmute(next) };
    // SAFETY: the arguments are the caller's own.
    match replacement(handle, name, caller, |handle| unsafe { dlvsym(handle as *mut c_void, name, version) })
    {
        Some(ours) => Decision::answer(ours),
        None => Decision::jump(next),
    }
}

/// The flags with which to go on: RTLD_DEEPBIND is cleared for a library whose calls would otherwise bypass us.
extern "C" fn decide_dlopen(file: *const c_char, flags: c_int, caller: usize) -> Decision {
    boot();
    let next = NEXT_DLOPEN.load(Relaxed);
    let mut flags = flags;
    if flags & libc::RTLD_DEEPBIND != 0 && !file.is_null() && !is_own(caller) {
        // SAFETY: dlopen's caller passes a C string.
        if deepbind::bypasses_us(unsafe { CStr::from_ptr(file) }) {
            flags &= !libc::RTLD_DEEPBIND;
        }
    }
    Decision { address: next, answer: flags as usize }
}

#[cfg(target_arch = "x86_64")]
mod trampolines {
    use super::*;
    use std::arch::naked_asm;

    /// dlsym(3).
    #[cfg_attr(not(test), unsafe(no_mangle))]
    #[unsafe(naked)]
    pub unsafe extern "C" fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void {
        naked_asm!(
            "push rdi",
            "push rsi",
            "sub rsp, 8",
            "mov rdx, [rsp + 24]",
            "call {decide}",
            "add rsp, 8",
            "pop rsi",
            "pop rdi",
            "test edx, edx",
            "jnz 2f",
            "jmp rax",
            "2: ret",
            decide = sym decide_dlsym,
        )
    }

    /// dlvsym(3).
    #[cfg_attr(not(test), unsafe(no_mangle))]
    #[unsafe(naked)]
    pub unsafe extern "C" fn dlvsym(
        handle: *mut c_void,
        name: *const c_char,
        version: *const c_char,
    ) -> *mut c_void {
        naked_asm!(
            "push rdi",
            "push rsi",
            "push rdx",
            "mov rcx, [rsp + 24]",
            "call {decide}",
            "mov ecx, edx",
            "pop rdx",
            "pop rsi",
            "pop rdi",
            "test ecx, ecx",
            "jnz 2f",
            "jmp rax",
            "2: ret",
            decide = sym decide_dlvsym,
        )
    }

    /// dlopen(3).
    #[cfg_attr(not(test), unsafe(no_mangle))]
    #[unsafe(naked)]
    pub unsafe extern "C" fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void {
        naked_asm!(
            "push rdi",
            "sub rsp, 16",
            "mov rdx, [rsp + 24]",
            "call {decide}",
            "add rsp, 16",
            "pop rdi",
            "mov esi, edx",
            "jmp rax",
            decide = sym decide_dlopen,
        )
    }
}

#[cfg(target_arch = "aarch64")]
mod trampolines {
    use super::*;
    use std::arch::naked_asm;

    /// dlsym(3).
    #[cfg_attr(not(test), unsafe(no_mangle))]
    #[unsafe(naked)]
    pub unsafe extern "C" fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void {
        naked_asm!(
            "stp x29, x30, [sp, #-32]!",
            "stp x0, x1, [sp, #16]",
            "mov x2, x30",
            "bl {decide}",
            "mov x16, x0",
            "mov x17, x1",
            "ldp x0, x1, [sp, #16]",
            "ldp x29, x30, [sp], #32",
            "cbnz x17, 2f",
            "br x16",
            "2: mov x0, x16",
            "ret",
            decide = sym decide_dlsym,
        )
    }

    /// dlvsym(3).
    #[cfg_attr(not(test), unsafe(no_mangle))]
    #[unsafe(naked)]
    pub unsafe extern "C" fn dlvsym(
        handle: *mut c_void,
        name: *const c_char,
        version: *const c_char,
    ) -> *mut c_void {
        naked_asm!(
            "stp x29, x30, [sp, #-48]!",
            "stp x0, x1, [sp, #16]",
            "str x2, [sp, #32]",
            "mov x3, x30",
            "bl {decide}",
            "mov x16, x0",
            "mov x17, x1",
            "ldp x0, x1, [sp, #16]",
            "ldr x2, [sp, #32]",
            "ldp x29, x30, [sp], #48",
            "cbnz x17, 2f",
            "br x16",
            "2: mov x0, x16",
            "ret",
            decide = sym decide_dlvsym,
        )
    }

    /// dlopen(3).
    #[cfg_attr(not(test), unsafe(no_mangle))]
    #[unsafe(naked)]
    pub unsafe extern "C" fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void {
        naked_asm!(
            "stp x29, x30, [sp, #-32]!",
            "str x0, [sp, #16]",
            "mov x2, x30",
            "bl {decide}",
            "mov x16, x0",
            "ldr x0, [sp, #16]",
            "ldp x29, x30, [sp], #32",
            "br x16",
            decide = sym decide_dlopen,
        )
    }
}

/// The three are rows too: a loader may ask dlvsym for dlsym and must get this one.
pub static ROWS: [Row; 3] = [
    row(c"dlsym", trampolines::dlsym as *const c_void),
    row(c"dlvsym", trampolines::dlvsym as *const c_void),
    row(c"dlopen", trampolines::dlopen as *const c_void),
];

const fn row(name: &'static CStr, ours: *const c_void) -> Row {
    Row {
        name,
        ours,
        library: interpose::Library::C,
        #[cfg(test)]
        signature: interpose::Signature { arguments: &[], returns: "" },
    }
}
