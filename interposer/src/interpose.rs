//! The interposition table: one row per function that the program must reach through us.
//!
//! A row names the function, its C signature and the handler that decides what a call means. From it come the
//! exported symbol (for linked programs), the typed real function (`real::NAME`) and the entry that `dlsym` and
//! `glXGetProcAddress` look up. Handlers are ordinary functions.

use std::cell::Cell;
use std::ffi::{CStr, OsStr, c_void};
use std::marker::PhantomData;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use glxrun_contract::settings::Settings;
use libloading::os::unix::{Library as Handle, RTLD_LAZY, RTLD_LOCAL};

/// The library that provides a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// OpenGL itself.
    Gl,
    /// GLX.
    Glx,
    /// EGL.
    Egl,
    /// Xlib.
    X11,
    /// Xlib's extensions.
    Xext,
    /// Xlib's bridge to XCB.
    X11Xcb,
    /// XCB's core.
    Xcb,
    /// XCB's GLX requests.
    XcbGlx,
    /// The C library's dlopen family.
    C,
}

const GL_SONAMES: [&CStr; 6] = [
    c"libGL.so.1",
    c"libGLX.so.0",
    c"libOpenGL.so.0",
    c"libEGL.so.1",
    c"libGLESv2.so.2",
    c"libGLESv1_CM.so.1",
];

impl Library {
    const ALL: [Self; 9] = [
        Self::Gl,
        Self::Glx,
        Self::Egl,
        Self::X11,
        Self::Xext,
        Self::X11Xcb,
        Self::Xcb,
        Self::XcbGlx,
        Self::C,
    ];

    /// The DT_SONAMEs of the objects in which the real function may lie.
    const fn sonames(self) -> &'static [&'static CStr] {
        match self {
            Self::Gl | Self::Glx => &GL_SONAMES,
            Self::Egl => &[c"libEGL.so.1"],
            Self::X11 => &[c"libX11.so.6"],
            Self::Xext => &[c"libXext.so.6"],
            Self::X11Xcb => &[c"libX11-xcb.so.1"],
            Self::Xcb => &[c"libxcb.so.1"],
            Self::XcbGlx => &[c"libxcb-glx.so.0"],
            Self::C => &[c"libc.so.6", c"libdl.so.2"],
        }
    }

    /// Whether an object with this DT_SONAME provides the library's functions.
    pub fn provides(self, soname: &CStr) -> bool {
        self.sonames().contains(&soname)
    }

    /// Whether any row's functions live in an object with this DT_SONAME.
    pub fn any_provides(soname: &CStr) -> bool {
        Self::ALL.iter().any(|library| library.provides(soname))
    }

    /// Whether this is libc, which every process has.
    pub fn is_libc(self) -> bool {
        self == Self::C
    }

    /// The address of the real function, or null. Opened by bare soname, so that a copy that the program loaded,
    /// wherever its file is, is the one used.
    pub fn symbol(self, name: &CStr) -> *mut c_void {
        let order: &[&CStr] = match self {
            // A program that has only GLES or only libOpenGL gets no libGL loaded for a glFlush.
            Self::Gl => &[c"libGL.so.1", c"libOpenGL.so.0", c"libGLESv2.so.2", c"libGLESv1_CM.so.1"],
            Self::Glx => &[c"libGLX.so.0", c"libGL.so.1"],
            other => other.sonames(),
        };
        let loaded_only = RTLD_LAZY | RTLD_LOCAL | libc::RTLD_NOLOAD;
        for flags in [loaded_only, RTLD_LAZY | RTLD_LOCAL] {
            for soname in order {
                // SAFETY: these libraries' constructors are safe to run; nearly always they are loaded already.
                let Ok(handle) = (unsafe { Handle::open(Some(OsStr::from_bytes(soname.to_bytes())), flags) })
                else {
                    continue;
                };
                // The handle stays open for good: its functions are called from anywhere, at any time.
                // SAFETY: a live handle.
                let found = unsafe { crate::dl::symbol(handle.into_raw(), name) };
                if !found.is_null() {
                    return found;
                }
            }
        }
        std::ptr::null_mut()
    }
}

/// One entry of the table: what `dlsym` and `glXGetProcAddress` need to know.
pub struct Row {
    /// The exported name.
    pub name: &'static CStr,
    /// Our function.
    pub ours: *const c_void,
    /// The library whose function it stands for.
    pub library: Library,
    /// Its types, to be held against the specification's.
    #[cfg(test)]
    pub signature: Signature,
}

/// The types of a row, in Rust.
#[cfg(test)]
pub struct Signature {
    /// Names and types of the parameters.
    pub arguments: &'static [(&'static str, &'static str)],
    /// The type of what it returns.
    pub returns: &'static str,
}

// SAFETY: a row is three constants.
unsafe impl Sync for Row {}

/// All rows, by the folder that handles them.
static TABLE: [&[Row]; 9] = [
    &crate::dl::ROWS,
    &crate::glx::ROWS,
    &crate::egl::ROWS,
    &crate::gl::ROWS,
    &crate::x11::ROWS,
    &crate::x11::SHM_ROWS,
    &crate::x11::XCB_ROWS,
    &crate::xcb::ROWS,
    &crate::xcb::GLX_ROWS,
];

/// The row of an interposed function.
pub fn find(name: &CStr) -> Option<&'static Row> {
    TABLE.iter().flat_map(|rows| rows.iter()).find(|row| row.name == name)
}

/// A real function, resolved at its first use, without locks: every thread that races finds the same address.
pub struct Real<F> {
    address: AtomicPtr<c_void>,
    library: Library,
    name: &'static CStr,
    function: PhantomData<F>,
}

impl<F: Copy> Real<F> {
    /// `F` must be the function's own `unsafe extern "C" fn` type; the `interpose!` macro sees to it.
    pub const fn new(library: Library, name: &'static CStr) -> Self {
        const { assert!(size_of::<F>() == size_of::<*mut c_void>(), "F is a function pointer") };
        Self { address: AtomicPtr::new(std::ptr::null_mut()), library, name, function: PhantomData }
    }

    /// The function, or None where no library of this process or system has it.
    #[inline]
    pub fn get(&self) -> Option<F> {
        let mut address = self.address.load(Ordering::Acquire);
        if address.is_null() {
            address = self.resolve();
        }
        // SAFETY: F is a function pointer (asserted in new) of the type that the named function has.
        (!address.is_null()).then(|| unsafe { std::mem::transmute_copy::<*mut c_void, F>(&address) })
    }

    #[cold]
    fn resolve(&self) -> *mut c_void {
        let mut address = virtualgl(self.name);
        if address.is_null() {
            address = self.library.symbol(self.name);
        }
        if address.is_null() {
            address = match self.library {
                Library::Gl | Library::Glx => proc_address(self.name),
                Library::Egl => egl_proc_address(self.name),
                _ => address,
            };
        }
        self.address.store(address, Ordering::Release);
        address
    }
}

/// VirtualGL's function of that name, or null. In direct mode we may be in front of VirtualGL, to time its swaps
/// (`glxrun compare --arms vglrun`): then the program's calls are for it, not for the driver.
fn virtualgl(name: &CStr) -> *mut c_void {
    if !crate::runtime::is_direct() {
        return std::ptr::null_mut();
    }
    // SAFETY: RTLD_NEXT is a handle; this library asks, so what comes after it is searched.
    let next = unsafe { crate::dl::symbol(libc::RTLD_NEXT, name) };
    let is_its = !next.is_null() && crate::dl::owner(next) == Some(c"libvglfaker.so");
    if is_its { next } else { std::ptr::null_mut() }
}

/// The driver's own answer of glXGetProcAddress: for functions that no library exports.
pub fn proc_address(name: &CStr) -> *mut c_void {
    let real =
        crate::glx::real::glXGetProcAddressARB.get().or_else(|| crate::glx::real::glXGetProcAddress.get());
    let Some(get) = real else { return std::ptr::null_mut() };
    // SAFETY: the real function with a C string.
    unsafe { get(name.as_ptr().cast()) }.map_or(std::ptr::null_mut(), |function| function as *mut c_void)
}

/// The driver's own answer of eglGetProcAddress.
fn egl_proc_address(name: &CStr) -> *mut c_void {
    // That function itself is exported by the library or not there at all.
    if name == c"eglGetProcAddress" {
        return std::ptr::null_mut();
    }
    let Some(get) = crate::egl::real::eglGetProcAddress.get() else { return std::ptr::null_mut() };
    // SAFETY: the real function with a C string.
    unsafe { get(name.as_ptr()) }.map_or(std::ptr::null_mut(), |function| function as *mut c_void)
}

thread_local! {
    /// How deep this thread is in calls that we make into a driver, libX11 or libxcb.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// While it lives, calls on this thread that come back to our exports are the driver's own and go straight through.
pub struct Inside(());

impl Inside {
    /// Marks a call into the driver.
    #[inline]
    pub fn enter() -> Self {
        DEPTH.with(|depth| depth.set(depth.get() + 1));
        Self(())
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

/// Whether a call on this thread goes straight to the real function: it comes from inside a driver call of ours, or
/// the mode is `direct`, where the program draws by itself.
#[inline]
pub fn passes() -> bool {
    is_inside() || crate::runtime::is_direct()
}

/// Whether a call on this thread may be anything else than one for its handler: it [`passes`], or is to be traced.
#[inline]
pub fn is_special() -> bool {
    is_inside() || SPECIAL.load(Ordering::Relaxed)
}

/// That calls are special wherever they come from: [`passes`] is for all of them, or they are traced.
static SPECIAL: AtomicBool = AtomicBool::new(false);

/// Takes note of the settings. Called by the library's constructor.
pub fn start(settings: &Settings) {
    crate::trace::start(settings.trace.as_deref());
    SPECIAL.store(crate::runtime::is_direct() || settings.trace.is_some(), Ordering::Relaxed);
}

/// Whether this thread is inside a driver call of ours.
#[inline]
pub fn is_inside() -> bool {
    DEPTH.with(Cell::get) > 0
}

/// What a call answers where even the real function is missing.
pub trait Nothing {
    /// Null, zero or the unit.
    const NOTHING: Self;
}

macro_rules! nothing {
    ($($type:ty = $value:expr),* $(,)?) => { $(impl Nothing for $type { const NOTHING: Self = $value; })* };
}
nothing! { () = (), i32 = 0, u32 = 0, i64 = 0, u64 = 0, i8 = 0 }

impl<T> Nothing for *mut T {
    const NOTHING: Self = std::ptr::null_mut();
}

impl<T> Nothing for *const T {
    const NOTHING: Self = std::ptr::null();
}

impl<T> Nothing for Option<T> {
    const NOTHING: Self = None;
}

/// Makes exports, real functions and table entries from rows:
///
/// ```text
/// interpose! {
///     from Library::Glx;
///     fn glXIsDirect(dpy: *mut Display, ctx: GLXContext) -> c_int => context::is_direct;
///     watch fn glXSwapBuffers(dpy: *mut Display, drawable: XID) -> () => swap::swap_buffers;
/// }
/// ```
///
/// A call goes to the real function while [`passes`] holds, else to the handler. A `watch` row always goes to its
/// handler, which asks by itself. With `--trace` either is written down. Exports are named only outside test binaries, which must link the real ones.
macro_rules! interpose {
    (from $library:expr; $($rows:tt)*) => {
        $crate::interpose::interpose!(@exports $library; $($rows)*);
        /// The real functions behind the rows.
        #[allow(non_upper_case_globals, reason = "these are the C names")]
        pub mod real {
            #[allow(unused_imports, reason = "the row types come from the parent")]
            use super::*;
            $crate::interpose::interpose!(@reals $library; $($rows)*);
        }
        $crate::interpose::interpose!(@rows $library; []; $($rows)*);
    };

    (@exports $library:expr;) => {};
    (@exports $library:expr; fn $name:ident($($arg:ident: $type:ty),*) -> $ret:ty => $handler:path; $($rest:tt)*) => {
        /// See the specification of this function; the handler named in the row says what we make of it.
        #[allow(non_snake_case, clippy::missing_safety_doc, clippy::too_many_arguments, reason = "a C export")]
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub unsafe extern "C" fn $name($($arg: $type),*) -> $ret {
            if $crate::interpose::is_special() {
                let pass = || match real::$name.get() {
                    // SAFETY: the caller's own arguments.
                    Some(real) => unsafe { real($($arg),*) },
                    None => <$ret as $crate::interpose::Nothing>::NOTHING,
                };
                if $crate::trace::is_on() {
                    return $crate::interpose::interpose!(@traced $name($($arg: $type),*) -> $ret {
                        if $crate::interpose::passes() {
                            let _inside = $crate::interpose::Inside::enter();
                            pass()
                        } else {
                            // SAFETY: the caller keeps the C function's contract.
                            unsafe { $handler($($arg),*) }
                        }
                    });
                }
                if $crate::interpose::passes() {
                    return pass();
                }
            }
            // SAFETY: the caller keeps the C function's contract.
            unsafe { $handler($($arg),*) }
        }
        $crate::interpose::interpose!(@exports $library; $($rest)*);
    };
    (@exports $library:expr; watch fn $name:ident($($arg:ident: $type:ty),*) -> $ret:ty => $handler:path; $($rest:tt)*) => {
        /// See the specification of this function; the handler named in the row says what we make of it.
        #[allow(non_snake_case, clippy::missing_safety_doc, reason = "a C export")]
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub unsafe extern "C" fn $name($($arg: $type),*) -> $ret {
            if $crate::trace::is_on() {
                // SAFETY: the caller keeps the C function's contract.
                return $crate::interpose::interpose!(@traced $name($($arg: $type),*) -> $ret { unsafe { $handler($($arg),*) } });
            }
            // SAFETY: the caller keeps the C function's contract.
            unsafe { $handler($($arg),*) }
        }
        $crate::interpose::interpose!(@exports $library; $($rest)*);
    };

    (@traced $name:ident($($arg:ident: $type:ty),*) -> $ret:ty $body:block) => {
        $crate::trace::call(
            stringify!($name),
            &[$($crate::trace::Argument {
                name: stringify!($arg),
                kind: stringify!($type),
                value: $crate::trace::Raw::raw($arg),
            }),*],
            stringify!($ret),
            || $body,
        )
    };

    (@reals $library:expr;) => {};
    (@reals $library:expr; $(watch)? fn $name:ident($($arg:ident: $type:ty),*) -> $ret:ty => $handler:path; $($rest:tt)*) => {
        /// The real function.
        pub static $name: $crate::interpose::Real<unsafe extern "C" fn($($type),*) -> $ret> =
            $crate::interpose::Real::new($library, $crate::interpose::c_name!($name));
        $crate::interpose::interpose!(@reals $library; $($rest)*);
    };

    (@rows $library:expr; [$($name:ident($($arg:ident: $type:ty),*) -> $ret:ty,)*];) => {
        /// The entries of this folder.
        pub static ROWS: [$crate::interpose::Row; $crate::interpose::count!($($name)*)] = [$(
            $crate::interpose::Row {
                name: $crate::interpose::c_name!($name),
                ours: $name as *const std::ffi::c_void,
                library: $library,
                #[cfg(test)]
                signature: $crate::interpose::Signature {
                    arguments: &[$((stringify!($arg), stringify!($type))),*],
                    returns: stringify!($ret),
                },
            },
        )*];
    };
    (@rows $library:expr; [$($done:tt)*]; $(watch)? fn $name:ident($($arg:ident: $type:ty),*) -> $ret:ty => $handler:path; $($rest:tt)*) => {
        $crate::interpose::interpose!(@rows $library; [$($done)* $name($($arg: $type),*) -> $ret,]; $($rest)*);
    };
}

/// A function's name as a C string.
macro_rules! c_name {
    ($name:ident) => {
        match std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
            Ok(name) => name,
            Err(_) => panic!("an identifier holds no NUL"),
        }
    };
}

macro_rules! count {
    ($($name:ident)*) => { [$(stringify!($name)),*].len() };
}

pub(crate) use {c_name, count, interpose};

#[cfg(test)]
pub mod khronos;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_name() {
        assert_eq!(find(c"glXSwapBuffers").map(|row| row.library), Some(Library::Glx));
        assert_eq!(find(c"dlsym").map(|row| row.library), Some(Library::C));
        assert!(find(c"glXSwapBuffer").is_none());
    }

    #[test]
    fn no_name_stands_twice() {
        let mut names: Vec<&CStr> = TABLE.iter().flat_map(|rows| rows.iter()).map(|row| row.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn each_library_knows_its_sonames() {
        assert!(Library::Glx.provides(c"libGL.so.1"));
        assert!(!Library::Glx.provides(c"libEGL.so"));
        assert!(Library::any_provides(c"libX11.so.6"));
    }
}
