//! Each way of using GLX that the `scene` example knows: same pictures, same output, same exit status, direct and split.

use glxrun_tests::stage::Reference;
use glxrun_tests::{Context, Program, Result, Stage, TwoD, compare_frames, ensure, lockstep};

/// Formats of pbuffers that windows do not have. Mesa's software has no float configs, NVIDIA's EGL neither these nor ten bits.
#[test]
fn pbuffers_of_unusual_formats() -> Result<()> {
    let stage = Stage::start()?;
    let mut command = stage.split(&[], "scene")?;
    command.arg("formats");
    let output = Program::run(command)?.success()?.stdout;
    let told = |line: &str| output.lines().any(|told| told == line);
    for format in ["srgb", "multisampled"] {
        ensure!(told(&format!("format {format}: ok")), "{output}");
    }
    let gpu = Reference::from_env()?.is_other();
    ensure!(told("format ten-bits: ok") || gpu && told("format ten-bits: no config"), "{output}");
    Ok(())
}

fn case(arguments: &[&str]) -> Result<()> {
    compare(&Stage::start()?, arguments)
}

fn compare(stage: &Stage, arguments: &[&str]) -> Result<()> {
    let compared = compare_frames(stage, "scene", arguments)?;
    ensure!(compared > 0, "no frame was compared");
    Ok(())
}

macro_rules! cases {
    ($($name:ident: $($argument:literal)+;)*) => {
        $( #[test] fn $name() -> Result<()> { case(&[$($argument),+]) } )*
    };
}

cases! {
    front_buffer: "front";
    front_buffer_with_alpha: "front" "--alpha" "8" "--visual-depth" "32";
    buffers_by_name: "buffers" "--frames" "12";
    buffers_by_name_with_samples: "buffers" "--frames" "8" "--samples" "4";
    destination_alpha: "destalpha" "--alpha" "8";
    destination_alpha_at_depth_32: "destalpha" "--alpha" "8" "--visual-depth" "32";
    readback: "readback";
    no_alpha_to_be_found: "opaque";
    readback_with_alpha: "readback" "--alpha" "8";
    readback_at_an_odd_size: "readback" "--size" "17x13" "--alpha" "8";
    a_part_of_the_back_buffer: "copysubbuffer" "--frames" "12";
    a_part_of_the_back_buffer_with_alpha: "copysubbuffer" "--frames" "12" "--alpha" "8" "--visual-depth" "32";
    resize: "resize";
    resize_of_a_glx_window: "resize" "--glx-window";
    single_buffer: "singlebuffer";
    stencil: "stencil";
    legacy: "legacy";
    threads_on_one_window: "threads";
    threads_that_come_and_go: "threadrects";
    threads_that_come_and_go_in_opengl_es: "threadrects" "--es";
    threads_on_one_window_in_opengl_es: "threads" "--es";
    samples_in_opengl_es: "spin" "--es" "--samples" "4";
    resize_in_opengl_es: "resize" "--es";
    a_window_drawn_in_opengl_es_by_the_second_thread: "handover" "--es";
    threads_end_with_the_context_current: "endedthreads";
    a_window_drawn_by_the_second_thread: "handover";
    a_loader_thread_on_the_window: "sharedwindow";
    shared_contexts: "sharedctx";
    shared_core_contexts: "sharedctx" "--core";
    text_by_x_fonts: "usexfont";
    pixmap: "pixmap";
    pixmap_with_alpha: "pixmap" "--alpha" "8" "--visual-depth" "32";
    pixmap_as_texture: "texture" "--size" "321x243";
    pixmap_as_texture_with_alpha: "texture" "--alpha" "8" "--visual-depth" "32";
    pixmap_as_texture_in_a_core_profile: "texture" "--core";
    a_compositor: "compositor";
    pbuffer: "pbuffer";
    draw_and_read_drawables_differ: "readdraw";
    subwindow: "subwindow";
    requests_before_a_swap_come_before_its_frame: "unflushed" "--frames" "30";
    three_windows: "multiwindow";
    two_displays: "twodisplays";
    swapped_frames_are_in_x_images_at_once: "getimage" "--frames" "40";
    front_buffer_by_lists_and_popped_attributes: "lists";
    visuals_stay_what_was_asked_for: "visuals";
    a_forked_child_draws_too: "fork";
    a_child_program_draws_too: "exec";
    states_stay: "states" "--size" "31x23";
    states_stay_in_a_core_profile: "states" "--size" "31x23" "--core";
    states_stay_in_opengl_es: "states" "--size" "31x23" "--es";
    states_stay_with_multisampling: "states" "--size" "31x23" "--samples" "4";
    states_stay_in_a_core_profile_with_multisampling: "states" "--size" "31x23" "--core" "--samples" "4";
}

/// Where another driver draws the reference, split only: Mesa refuses to copy contexts, NVIDIA does it; and Mesa's software
/// GLX may die with a window that is destroyed under its context.
fn case_or_split(argument: &str) -> Result<()> {
    let stage = Stage::start()?;
    if !Reference::from_env()?.is_other() {
        return compare(&stage, &[argument]);
    }
    let mut command = stage.split(&[], "scene")?;
    command.arg(argument);
    Program::run(command)?.success().map(drop)
}

#[test]
fn copy_context() -> Result<()> {
    case_or_split("copycontext")
}

#[test]
fn window_destroyed_first() -> Result<()> {
    case_or_split("destroyfirst")
}

/// Split only: a direct run on Mesa's software GLX does not keep this promise.
#[test]
fn the_front_buffer_holds_what_was_swapped() -> Result<()> {
    let stage = Stage::start()?;
    for case in ["frontread", "conditional"] {
        for options in [&["--frames", "5"][..], &["--alpha", "8"], &["--size", "17x13"]] {
            let mut command = stage.split(&[], "scene")?;
            command.arg(case).args(options);
            Program::start(command)?.finish()?.success().with_context(|| format!("{case} {options:?}"))?;
        }
    }
    Ok(())
}

/// Split only, as Mesa's software GLX swaps nothing that is not current in the thread.
#[test]
fn swapped_by_threads_without_the_window() -> Result<()> {
    let stage = Stage::start()?;
    for options in [&[][..], &["--es"], &["--alpha", "8"], &["--size", "17x13"]] {
        let mut command = stage.split(&[], "scene")?;
        command.arg("swapelsewhere").args(options);
        Program::start(command)?.finish()?.success().with_context(|| format!("{options:?}"))?;
    }
    Ok(())
}

macro_rules! depth_16_cases {
    ($($name:ident: $($argument:literal)+;)*) => {
        $( #[test] fn $name() -> Result<()> { compare(&Stage::with_depth(16)?, &[$($argument),+]) } )*
    };
}

depth_16_cases! {
    front_buffer_at_depth_16: "front";
    pixmap_at_depth_16: "pixmap";
    legacy_at_depth_16: "legacy";
    resize_at_depth_16: "resize";
}

/// The cases in which the 2D side takes part most, on the other kinds of 2D side.
fn other_side(two_d: TwoD) -> Result<()> {
    let stage = Stage::on(two_d, 24)?;
    for case in ["spin", "front", "resize", "pixmap", "subwindow", "legacy", "twodisplays"] {
        compare(&stage, &[case])?;
    }
    Ok(())
}

#[test]
fn on_a_2d_side_with_glx() -> Result<()> {
    other_side(TwoD::XvfbGlx)
}

#[test]
fn on_xvnc() -> Result<()> {
    other_side(TwoD::Xvnc)
}

#[test]
fn on_each_of_two_screens() -> Result<()> {
    let stage = Stage::with_two_screens()?;
    for screen in ["0", "1"] {
        for case in ["spin", "legacy"] {
            compare(&stage, &[case, "--screen", screen])?;
        }
    }
    Ok(())
}

/// Windows without alpha that are backed by surfaces with alpha: nobody can tell.
#[test]
fn opaque_windows_with_fast_surfaces() -> Result<()> {
    let stage = Stage::start()?;
    let cases: [&[&str]; 14] = [
        &["spin", "--size", "641x479"],
        &["spin", "--samples", "4"],
        &["spin", "--core"],
        &["front"],
        &["readback"],
        &["readback", "--size", "17x13"],
        &["opaque"],
        &["opaque", "--samples", "4"],
        &["resize"],
        &["singlebuffer"],
        &["pixmap"],
        &["pbuffer"],
        &["readdraw"],
        &["destalpha", "--alpha", "8"],
    ];
    for case in cases {
        lockstep::compare_frames_as(&stage, "scene", case, &["--opaque", "fast"])?;
    }
    Ok(())
}

/// Frames of which only what changed is sent.
#[test]
fn only_what_changed() -> Result<()> {
    let stage = Stage::start()?;
    for case in [
        "spin",
        "front",
        "resize",
        "singlebuffer",
        "stencil",
        "pixmap",
        "subwindow",
        "multiwindow",
        "usexfont",
    ] {
        lockstep::compare_frames_as(&stage, "scene", &[case], &["--damage", "auto"])?;
    }
    Ok(())
}

/// Frames that go straight into the 2D side's screen, with other windows in some cases.
#[test]
fn straight_into_the_screen() -> Result<()> {
    let stage = Stage::on(TwoD::XvfbFramebuffer, 24)?;
    let cases: [&[&str]; 9] = [
        &["spin", "--size", "641x479"],
        &["spin", "--alpha", "8"],
        &["front"],
        &["resize"],
        &["singlebuffer"],
        &["subwindow"],
        &["multiwindow"],
        &["twodisplays"],
        &["destroyfirst"],
    ];
    let mesa_dies_direct = Reference::from_env()?.is_other();
    for case in cases.into_iter().filter(|case| case[0] != "destroyfirst" || !mesa_dies_direct) {
        for options in
            [&["--sink", "framebuffer"][..], &["--sink", "framebuffer", "--damage", "auto", "--spoil", "off"]]
        {
            lockstep::compare_frames_as(&stage, "scene", case, options)?;
        }
    }
    Ok(())
}

/// Frames in parts: the picture of each is whole in the end.
#[test]
fn in_bands() -> Result<()> {
    let stage = Stage::start()?;
    for case in [
        &["spin", "--size", "641x479"][..],
        &["spin", "--size", "641x479", "--alpha", "8"],
        &["spin", "--size", "17x3", "--samples", "4"],
        &["front"],
        &["resize"],
    ] {
        for options in [&["--bands", "7"][..], &["--bands", "64", "--spoil", "off"]] {
            lockstep::compare_frames_as(&stage, "scene", case, options)?;
        }
    }
    Ok(())
}

/// Every way for a frame to reach the X server, and waiting for each delivery.
#[test]
fn every_transport_without_spoiling() -> Result<()> {
    let stage = Stage::start()?;
    for transport in ["memfd", "sysv", "putimage"] {
        for case in [["spin", "--size", "641x479"], ["spin", "--size", "17x13"]] {
            let options = ["--transport", transport, "--spoil", "off"];
            lockstep::compare_frames_as(&stage, "scene", &case, &options)?;
        }
    }
    Ok(())
}
