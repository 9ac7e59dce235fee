//! Link options of libglxrun_vulkan.so.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // nodelete: worker threads outlive a dlclose by the Vulkan loader.
    for arg in ["-Wl,-Bsymbolic", "-Wl,-z,nodelete", "-Wl,-soname,libglxrun_vulkan.so"] {
        println!("cargo::rustc-cdylib-link-arg={arg}");
    }
}
