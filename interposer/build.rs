//! Link options of libglxrun.so.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // -Bsymbolic: another preloaded library must not replace our own internal references.
    // nodelete: worker threads and hooks outlive any dlclose.
    for arg in ["-Wl,-Bsymbolic", "-Wl,-z,nodelete", "-Wl,-soname,libglxrun.so"] {
        println!("cargo::rustc-cdylib-link-arg={arg}");
    }
}
