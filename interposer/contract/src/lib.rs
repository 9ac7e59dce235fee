//! What the `glxrun` launcher and the library it preloads agree on.
//!
//! The two are separate programs that may come from different builds, and only an environment and a file connect
//! them. Both ends of each are therefore written here, once: [`settings`] is the table behind the environment
//! variables, the launcher's flags and help, and `docs/settings.md`; [`counters`] is the file of frame counts
//! that the library writes and the launcher reads, also after the program has ended; [`records`] is the file of what
//! happened to each frame, and when; [`tap`] is how frames reach a recorder.

pub mod counters;
pub mod records;
pub mod settings;
mod table;
pub mod tap;
