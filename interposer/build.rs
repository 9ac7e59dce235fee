//! Link options of libglxrun.so, and the folder name of this architecture's libraries on Debian and Ubuntu.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // -Bsymbolic: another preloaded library must not replace our own internal references.
    // nodelete: worker threads and hooks outlive any dlclose.
    for arg in ["-Wl,-Bsymbolic", "-Wl,-z,nodelete", "-Wl,-soname,libglxrun.so"] {
        println!("cargo::rustc-cdylib-link-arg={arg}");
    }
    let arch = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    println!("cargo::rustc-env=GLXRUN_MULTIARCH={arch}-linux-gnu");
}
