//! libglxrun_vulkan.so: a Vulkan layer that shows the windows of Vulkan programs on the 2D side.
//!
//! Drivers show a Vulkan window by means that a light X server lacks (DRI3, a GPU of its own). The layer answers the
//! functions of window-system integration for Xlib and XCB windows itself, and the driver never hears of them. A swapchain's
//! images are ordinary images of the driver's; a presented one is copied by the GPU into a frame of the display crate's, from
//! where it goes the way that OpenGL's frames go.
//!
//! ```text
//!  program ──vkQueuePresentKHR──▶ copy on the program's queue ──▶ presenter's thread ──▶ frame slot ──▶ X server
//!                                 (image ▶ the slot's memory)     (fence, refresh)
//! ```
//!
//! - [`loader`]: how the Vulkan loader and a layer meet; [`next`]: what is behind us; [`entry`]: which functions are ours;
//! - [`instance`], [`device`], [`physical`], [`extensions`]: what the program makes, what it is told that there is;
//! - [`surface`]: a window, and what can be done with it;
//! - [`swapchain`]: images, and who has which;
//! - [`present`]: from a presented image to a frame; [`presenter`]: when it is shown;
//! - [`copy`], [`host`]: the copy, and memory of the 2D side as the driver's;
//! - [`names`]: names that programs give to surfaces and swapchains;
//! - [`direct`]: frames that the driver shows, counted;
//! - [`runtime`]: what exists once per process.
//!
//! An instance without an Xlib or XCB surface extension is left alone.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod chain;
mod client;
mod copy;
mod device;
mod direct;
mod entry;
mod extensions;
mod features;
mod format;
mod host;
mod instance;
mod loader;
mod names;
mod next;
mod physical;
mod present;
mod presenter;
mod runtime;
mod surface;
mod swapchain;
