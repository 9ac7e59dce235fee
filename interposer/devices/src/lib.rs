//! EGL devices: which there are, which one `egl:...` means, and why none can be used.
//!
//! The launcher lists and checks them, the library opens one; both must agree on what a name means, so both ask here.
//! No EGL library is linked: the caller says where its functions are ([`Symbols`]), because the library must
//! reach the real ones past its own exports.

mod choice;
mod diagnosis;
mod egl;
mod probe;

pub use choice::{Choice, Refusal, choose, normal_pci};
pub use diagnosis::{Cause, Machine};
pub use egl::{Device, Display, Egl, Symbols, Unusable};
pub use probe::Description;

/// Whether the name of a 3D side means an EGL device (`egl`, `egl:...`) and not an X display.
pub fn is_egl(name: &str) -> bool {
    name == "egl" || name.starts_with("egl:")
}
