//! The harness of the end-to-end tests: real X servers, real programs, glxrun as a user runs it, and pictures to compare.
//!
//! `make test` runs them over both back ends, `make variants` each with a 2D side without GLX and with it.
//!
//! Every test starts its own X servers and ends them, so tests run side by side. Nothing waits without a deadline. What
//! the tests run over can be chosen from outside, with the same tests:
//!
//! | variable | values | meaning |
//! |---|---|---|
//! | `GLXRUN_TEST_BACKEND` | `glx` (default), `egl:software`, `xorg` | the 3D side: an Xvfb with GLX, Mesa's EGL device, or glxrun's `--xorg=dummy` |
//! | `GLXRUN_TEST_2D` | `xvfb` (default), `xvfb-glx`, `xvnc` | the 2D side: an Xvfb without or with GLX, or TigerVNC's Xvnc |
//! | `GLXRUN_TEST_REFERENCE` | `NAME=VALUE ...` | variables that have direct runs drawn by another driver than split ones, such as `__GLX_VENDOR_LIBRARY_NAME=mesa`; pictures may then differ as [`image::Tolerance::OTHER_RASTERISER`] says |
//! | `GLXRUN_TEST_BIN_DIR` | a directory | test the glxrun, library and examples there instead of building them |
//! | `GLXRUN_TEST_FULL` | 1 | tests of faults and load take their full time, as in `make torture` |
//! | `GLXRUN_TEST_DEADLINE` | seconds (default 60) | how long one awaited thing may take before the test fails |

pub mod artifacts;
pub mod browser;
pub mod c;
pub mod faults;
pub mod image;
pub mod lockstep;
pub mod program;
pub mod rfb;
pub mod screen;
pub mod server;
pub mod soak;
pub mod stage;

pub use anyhow::{Context, Result, anyhow, bail, ensure};
pub use image::{Image, Tolerance};
pub use lockstep::compare_frames;
pub use program::Program;
pub use screen::Screen;
pub use server::XServer;
pub use stage::{Backend, Stage, TwoD};
