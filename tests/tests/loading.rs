//! However a program gets at OpenGL's functions, it gets ours.

use glxrun_tests::{Result, Stage, compare_frames, ensure};

macro_rules! loading {
    ($($name:ident: $way:literal;)*) => {
        $( #[test] fn $name() -> Result<()> {
            let frames = compare_frames(&Stage::start()?, "scene", &["spin", "--load", $way])?;
            ensure!(frames > 0, "no frame was compared");
            Ok(())
        } )*
    };
}

loading! {
    dlopen_and_dlsym: "dlsym";
    dlopen_with_deepbind: "deepbind";
    glx_get_proc_address: "procaddress";
    glx_get_proc_address_arb: "procaddressarb";
    libglx_and_libopengl: "glvnd";
    dlsym_by_dlvsym: "dlvsym";
}
