//! EGL on X11: what a program draws by EGL on the 3D side is what its windows on the 2D side show.

use glxrun_tests::screen::still_picture;
use glxrun_tests::stage::{Counts, Reference, glxrun};
use glxrun_tests::{Context, Program, Result, Stage, TwoD, compare_frames, ensure};

/// A case of `eglscene`: same pictures and same output direct and split, and all frames came through glxrun.
fn case(stage: &Stage, arguments: &[&str]) -> Result<()> {
    let compared = compare_frames(stage, "eglscene", arguments)?;
    ensure!(compared > 0, "no frame was compared");
    let mut split = stage.split(&["--stats", "--spoil", "off"], "eglscene")?;
    split.args(arguments);
    let stderr = Program::run(split)?.success()?.stderr;
    let counts = Counts::of_windows(&stderr);
    // Direct on a display without GLX EGL draws in software by itself: only counts prove that it was us.
    let delivered: u64 = counts.iter().map(|window| window.delivered).sum();
    // A window's last frame may be on its way when the program ends.
    let on_the_way = counts.len() as u64;
    ensure!(
        delivered > 0 && delivered + on_the_way >= u64::from(compared),
        "{delivered} frames delivered of {compared}:\n{stderr}"
    );
    Ok(())
}

macro_rules! cases {
    ($($name:ident: $($argument:literal)+;)*) => {
        $( #[test] fn $name() -> Result<()> { case(&Stage::start()?, &[$($argument),+]) } )*
    };
}

cases! {
    desktop_gl: "spin" "--frames" "50";
    es: "spin" "--es" "--frames" "50";
    at_1x1: "spin" "--size" "1x1";
    at_an_odd_size: "spin" "--size" "641x479";
    es_at_an_odd_size: "spin" "--es" "--size" "17x13";
    alpha: "spin" "--alpha" "8";
    samples: "spin" "--samples" "4";
    es_with_samples: "spin" "--es" "--samples" "4";
    native_display_by_default: "spin" "--native" "default";
    native_display_of_the_x11_platform: "spin" "--native" "x11";
    native_display_of_the_xcb_platform: "spin" "--native" "xcb";
    native_display_of_an_xcb_connection: "spin" "--native" "xcbalone";
    resize: "resize";
    front: "front";
    front_with_samples: "front" "--samples" "4";
    buffers: "buffers" "--frames" "8";
    resize_over_xcb: "resize" "--native" "xcb";
    buffer_age: "age";
    swap_intervals: "interval";
    pbuffer: "pbuffer";
    es_pbuffer: "pbuffer" "--es";
    framebuffer_object_bound_at_the_swap: "framebuffer";
    es_framebuffer_object_bound_at_the_swap: "framebuffer" "--es";
    windows_in_two_threads: "windows";
    windows_one_after_another: "oneafter";
    glx_and_egl_in_two_threads: "twoapis";
    glx_and_es_in_two_threads: "twoapis" "--es";
    threads_end_with_the_context_current: "endedthreads";
    es_threads_end_with_the_context_current: "endedthreads" "--es";
    terminated_and_initialised_again: "again";
    connections_closed_and_opened_again: "reopen";
}

#[test]
fn window_destroyed_first() -> Result<()> {
    let stage = Stage::start()?;
    ensure!(compare_frames(&stage, "eglscene", &["destroyfirst"])? > 0, "no frame was compared");
    Ok(())
}

#[test]
fn on_a_2d_side_of_depth_16() -> Result<()> {
    // The program's own checks and the counts: the direct run has configs of five and six bits, an X server of depth 24 as
    // the 3D side has none, so the pictures differ in rounding.
    let stage = Stage::with_depth(16)?;
    for arguments in [&["spin"][..], &["spin", "--es"], &["resize"]] {
        let mut split = stage.split(&["--stats", "--spoil", "off"], "eglscene")?;
        split.args(arguments);
        let stderr = Program::run(split)?.success()?.stderr;
        ensure!(Counts::only_window(&stderr)?.delivered >= 7, "{stderr}");
    }
    Ok(())
}

#[test]
fn on_a_2d_side_with_glx() -> Result<()> {
    let stage = Stage::on(TwoD::XvfbGlx, 24)?;
    for arguments in [&["spin", "--es"][..], &["resize"], &["twoapis"]] {
        case(&stage, arguments)?;
    }
    Ok(())
}

/// GL and X see each other's drawing in a pixmap. Mesa's software EGL does not do that when run direct.
#[test]
fn pixmap() -> Result<()> {
    let stage = Stage::start()?;
    for arguments in [&["pixmap"][..], &["pixmap", "--es"], &["pixmap", "--size", "17x13"]] {
        let mut split = stage.split(&[], "eglscene")?;
        split.args(arguments);
        Program::run(split)?.success()?;
    }
    Ok(())
}

/// Where Mesa's software EGL, run direct, does otherwise: its front buffer does not hold what was swapped, its windows always
/// have two buffers, and eglCopyBuffers swaps. The cases look at the pixels themselves.
#[test]
fn buffers_of_windows() -> Result<()> {
    let stage = Stage::start()?;
    for case in ["frontread", "singlebuffer", "singlebuffer --es", "copybuffers", "copybuffers --es"] {
        let mut split = stage.split(&[], "eglscene")?;
        split.args(case.split(' '));
        Program::run(split)?.success().with_context(|| case)?;
    }
    Ok(())
}

/// es2gears follows the clock; glxrun holds its second frame, by when it has hardly moved.
#[test]
fn es2gears_shows_gears() -> Result<()> {
    const HOLD: [&str; 4] = ["--pause-at-frame", "2", "--spoil", "off"];
    let stage = Stage::start()?;
    let mut direct = glxrun()?;
    stage.apply_reference(&mut direct)?;
    direct.args(["--mode", "direct"]).args(HOLD).args(["--", "es2gears_x11"]);
    let (direct, stderr) = still_picture(direct, &stage.reference_screen()?)?;
    drop(stderr);
    let mut split = stage.glxrun()?;
    split.arg("--stats").args(HOLD).args(["--", "es2gears_x11"]);
    let (split, stderr) = still_picture(split, &stage.two_d_screen()?)?;
    let ssim = direct.ssim(&split)?;
    ensure!(ssim >= 0.9, "SSIM {ssim:.3}");
    ensure!(Counts::only_window(&stderr)?.delivered == 2, "{stderr}");
    Ok(())
}

#[test]
fn es2_info_tells_of_the_3d_side() -> Result<()> {
    let stage = Stage::start()?;
    let (direct, split) = (stage.direct("es2_info")?, stage.split(&[], "es2_info")?);
    let (direct, split) = (Program::run(direct)?.success()?.stdout, Program::run(split)?.success()?.stdout);
    let other = Reference::from_env()?.is_other();
    for start in ["EGL_VERSION", "EGL_VENDOR", "EGL_CLIENT_APIS", "GL_VERSION", "GL_RENDERER"] {
        let line = |text: &str| text.lines().find(|line| line.starts_with(start)).map(str::to_owned);
        let same = line(&direct) == line(&split) || other;
        ensure!(same, "direct: {:?}, split: {:?}", line(&direct), line(&split));
    }
    let has = |name: &str| split.split([' ', ',', '\n']).any(|word| word == name);
    for name in ["EGL_EXT_buffer_age", "EGL_KHR_swap_buffers_with_damage", "EGL_KHR_fence_sync"] {
        ensure!(has(name), "es2_info names no {name}:\n{split}");
    }
    Ok(())
}

#[test]
fn glmark2_runs_to_its_score() -> Result<()> {
    let stage = Stage::start()?;
    let mut split = stage.split(&["--stats", "--spoil", "off"], "glmark2-es2")?;
    split.args([
        "-b",
        ":duration=0.2",
        "-b",
        "build",
        "-b",
        "texture",
        "-b",
        "desktop",
        "-b",
        "refract",
        "--size",
        "300x200",
    ]);
    let output = Program::run(split)?.success()?;
    ensure!(output.stdout.contains("glmark2 Score"), "{}", output.stdout);
    let counts = Counts::only_window(&output.stderr)?;
    ensure!(counts.delivered > 0 && counts.delivered * 10 >= counts.rendered * 9, "{counts:?}");
    Ok(())
}

/// Without a usable 3D side EGL is what it is without us, and that is said once.
#[test]
fn without_a_3d_side_egl_is_the_programs_own() -> Result<()> {
    let stage = Stage::start()?;
    let mut command = stage.direct("eglscene")?;
    stage.two_d().apply(&mut command);
    command.arg("spin");
    command.env("LD_PRELOAD", glxrun_tests::artifacts::program("libglxrun.so")?);
    command.env("GLXRUN_DISPLAY3D", ":61999");
    let stderr = Program::run(command)?.success()?.stderr;
    let told = stderr.lines().filter(|line| line.contains("cannot open the 3D side's display")).count();
    ensure!(told == 1, "told {told} times:\n{stderr}");
    Ok(())
}

/// A device as the 3D side: no X server renders.
#[test]
fn a_device_renders_for_windows() -> Result<()> {
    let stage = Stage::start()?;
    for arguments in [&["spin"][..], &["spin", "--es"], &["resize"], &["pixmap"], &["windows"], &["again"]] {
        let mut command = stage.direct("eglscene")?;
        stage.two_d().apply(&mut command);
        command.args(arguments);
        command.env("LD_PRELOAD", glxrun_tests::artifacts::program("libglxrun.so")?);
        command.env("GLXRUN_DISPLAY3D", "egl:software");
        Program::run(command)?.success().with_context(|| format!("{arguments:?}"))?;
    }
    Ok(())
}
