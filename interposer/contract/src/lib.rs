//! What the `glxrun` launcher and the library it preloads agree on.
//!
//! The two are separate programs that may come from different builds, and only an environment and a file connect
//! them. Both ends of each are therefore written here, once: [`settings`] is the table behind the environment
//! variables, the launcher's flags and help, and `docs/settings.md`; [`counters`] is the file of frame counts
//! that the library writes and the launcher reads, also after the program has ended; [`records`] is the file of what
//! happened to each frame, and when; [`tap`] is how frames reach a recorder; [`vulkan`] describes the Vulkan
//! layer. What the libraries in the program have in common
//! beside that is here too: [`frames`] writes those files, [`clock`] stands in for a screen's refreshes, [`logger`] is how
//! messages look, [`fail`] is for tests of what becomes of panics.

pub mod clock;
pub mod counters;
pub mod fail;
pub mod frames;
pub mod logger;
pub mod records;
pub mod settings;
mod table;
pub mod tap;
pub mod vulkan;
