//! How a program gets the addresses of OpenGL functions. Real programs do it in many ways; each is a value of [`Load`],
//! so that the same program can be tested under all of them.

use std::ffi::{CStr, CString, c_char, c_void};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY, RTLD_LOCAL, RTLD_NOW};

use crate::{Error, Result};

/// A way of finding OpenGL functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// `dlopen("libGL.so.1", RTLD_GLOBAL)` and `dlsym`.
    Dlsym,
    /// `dlopen("libGL.so.1", RTLD_LOCAL | RTLD_DEEPBIND)` and `dlsym`.
    DeepBind,
    /// `glXGetProcAddress` for every name, itself found by `dlsym`: what game engines do.
    ProcAddress,
    /// The same with `glXGetProcAddressARB`.
    ProcAddressArb,
    /// `dlopen` of libGLX.so.0 and libOpenGL.so.0, each asked for its own names; those of GLX extensions, which libGLX.so.0
    /// does not export, by `glXGetProcAddress`.
    Glvnd,
    /// `dlsym` as in [`Load::Dlsym`], but the address of `dlsym` comes from `dlvsym`.
    Dlvsym,
    /// `eglGetProcAddress` for every name: what programs do that use EGL.
    Egl,
}

impl Load {
    /// All ways with GLX, with the names they have on the command line.
    pub const ALL: [(&str, Load); 6] = [
        ("dlsym", Load::Dlsym),
        ("deepbind", Load::DeepBind),
        ("procaddress", Load::ProcAddress),
        ("procaddressarb", Load::ProcAddressArb),
        ("glvnd", Load::Glvnd),
        ("dlvsym", Load::Dlvsym),
    ];

    /// The way called `name`, or an error that lists the names.
    pub fn by_name(name: &str) -> Result<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, load)| *load).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|(known, _)| *known).collect();
            format!("unknown way of loading {name:?}; known: {}", names.join(", ")).into()
        })
    }
}

type GetProcAddress = unsafe extern "C" fn(*const u8) -> *const c_void;
type Dlsym = unsafe extern "C" fn(*mut c_void, *const c_char) -> *const c_void;

/// Opened libraries and the function that looks names up in them. The libraries stay open until the process ends.
pub struct Loader {
    libraries: Vec<*mut c_void>,
    dlsym_first: bool,
    get_proc_address: Option<GetProcAddress>,
    dlsym: Dlsym,
}

// SAFETY: handles of open libraries are valid in every thread.
unsafe impl Send for Loader {}
// SAFETY: as above; looking a name up changes nothing.
unsafe impl Sync for Loader {}

impl Loader {
    /// Opens the libraries that `way` needs.
    pub fn open(way: Load) -> Result<Self> {
        let (names, flags): (&[&str], _) = match way {
            Load::DeepBind => (&["libGL.so.1"], RTLD_NOW | RTLD_LOCAL | libc::RTLD_DEEPBIND),
            Load::Glvnd => (&["libGLX.so.0", "libOpenGL.so.0"], RTLD_LAZY | RTLD_LOCAL),
            Load::ProcAddress | Load::ProcAddressArb => (&["libGL.so.1"], RTLD_LAZY | RTLD_LOCAL),
            Load::Dlsym | Load::Dlvsym => (&["libGL.so.1"], RTLD_LAZY | RTLD_GLOBAL),
            Load::Egl => (&["libEGL.so.1"], RTLD_LAZY | RTLD_LOCAL),
        };
        let mut libraries = Vec::new();
        for name in names {
            // SAFETY: loading the system's OpenGL runs only its ordinary constructors.
            let library = unsafe { Library::open(Some(*name), flags) }?;
            libraries.push(library.into_raw());
        }
        let dlsym = if way == Load::Dlvsym { dlsym_by_dlvsym()? } else { libc_dlsym as Dlsym };
        let mut loader = Self { libraries, dlsym_first: true, get_proc_address: None, dlsym };
        let entry = match way {
            Load::ProcAddress | Load::Glvnd => Some(c"glXGetProcAddress"),
            Load::ProcAddressArb => Some(c"glXGetProcAddressARB"),
            Load::Egl => Some(c"eglGetProcAddress"),
            _ => None,
        };
        if let Some(entry) = entry {
            let address = loader.symbol(entry).ok_or_else(|| missing(entry))?;
            // SAFETY: all entry points have this signature (GLX 1.4 section 3.3.12, EGL 1.5 section 3.11).
            loader.get_proc_address =
                Some(unsafe { std::mem::transmute::<*const c_void, GetProcAddress>(address) });
            loader.dlsym_first = way == Load::Glvnd;
        }
        Ok(loader)
    }

    /// The address of the function called `name`, or `None` if the libraries have none.
    pub fn symbol(&self, name: &CStr) -> Option<*const c_void> {
        let exported = || {
            self.libraries.iter().find_map(|library| {
                // SAFETY: the handle is open and `name` is a C string.
                let address = unsafe { (self.dlsym)(*library, name.as_ptr()) };
                (!address.is_null()).then_some(address)
            })
        };
        let asked = || {
            // SAFETY: `name` is a C string and the function is glXGetProcAddress or eglGetProcAddress.
            let address = self.get_proc_address.map(|get| unsafe { get(name.as_ptr().cast()) });
            address.filter(|address| !address.is_null())
        };
        if self.dlsym_first { exported().or_else(asked) } else { asked() }
    }

    /// As [`Loader::symbol`], with an error that names the function.
    pub fn require(&self, name: &str) -> Result<*const c_void> {
        let name = CString::new(name)?;
        self.symbol(&name).ok_or_else(|| missing(&name))
    }
}

fn missing(name: &CStr) -> Error {
    format!("the OpenGL libraries have no {}", name.to_string_lossy()).into()
}

unsafe extern "C" fn libc_dlsym(library: *mut c_void, name: *const c_char) -> *const c_void {
    // SAFETY: the caller passes an open handle and a C string, as dlsym asks.
    unsafe { libc::dlsym(library, name) }
}

/// `dlsym`'s address as loaders find it that want to step around whoever hooks `dlsym`: under its version's name.
fn dlsym_by_dlvsym() -> Result<Dlsym> {
    // Its version is that of the architecture's first glibc, or 2.34, when it moved into libc.so.6.
    for version in [c"GLIBC_2.34", c"GLIBC_2.17", c"GLIBC_2.2.5"] {
        // SAFETY: both names are C strings.
        let address = unsafe { libc::dlvsym(libc::RTLD_DEFAULT, c"dlsym".as_ptr(), version.as_ptr()) };
        if !address.is_null() {
            // SAFETY: this is dlsym itself.
            return Ok(unsafe { std::mem::transmute::<*mut c_void, Dlsym>(address) });
        }
    }
    Err("dlvsym finds no dlsym in this C library".into())
}
