//! What the `glxrun` launcher and the library it preloads agree on.
//!
//! The two are separate programs that may come from different builds, and only an environment and a file connect
//! them. Both ends of each are therefore written here, once: [`settings`] is the table behind the environment
//! variables, the launcher's flags and help, and `docs/settings.md`; [`counters`] is the file of frame counts
//! that the library writes and the launcher reads, also after the program has ended; [`tap`] is how frames reach a recorder.

pub mod counters;
pub mod settings;
pub mod tap;
