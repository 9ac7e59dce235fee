//! Real programs that everybody has: Mesa's demos. More are in docs/applications.md.

use std::process::Command;

use glxrun_tests::screen::still_picture;
use glxrun_tests::stage::{Counts, Reference, glxrun};
use glxrun_tests::{Program, Result, Stage, ensure};

/// glxgears and glxheads turn with the clock, but from an angle of 0: glxrun holds their first frame. glxdemo draws only
/// one.
const HOLD: [&str; 4] = ["--pause-at-frame", "1", "--spoil", "off"];

fn looks_as_direct(program: &[&str]) -> Result<()> {
    let stage = Stage::start()?;
    let mut direct = glxrun()?;
    stage.apply_reference(&mut direct)?;
    direct.args(["--mode", "direct"]).args(HOLD).arg("--").args(program);
    let (direct, _) = still_picture(direct, &stage.reference_screen()?)?;

    let mut split = stage.glxrun()?;
    split.arg("--stats").args(HOLD).arg("--").args(program);
    let (split, stderr) = still_picture(split, &stage.two_d_screen()?)?;

    let tolerance = Reference::from_env()?.tolerance();
    if !direct.agrees(&split, tolerance) {
        direct.save(&std::env::temp_dir().join(format!("{}-direct.png", program[0])))?;
        split.save(&std::env::temp_dir().join(format!("{}-split.png", program[0])))?;
    }
    direct.ensure_agrees(&split, tolerance)?;
    // Some programs would also draw without our help: only what was delivered proves that the picture came through us.
    let counts = Counts::only_window(&stderr)?;
    ensure!(counts.delivered >= 1 && counts.delivered * 10 >= counts.rendered * 9, "{counts:?}");
    Ok(())
}

#[test]
fn glxgears_shows_gears() -> Result<()> {
    looks_as_direct(&["glxgears"])
}

#[test]
fn glxgears_with_samples_at_an_odd_size() -> Result<()> {
    looks_as_direct(&["glxgears", "-samples", "4", "-geometry", "250x301"])
}

#[test]
fn glxdemo_shows_its_square() -> Result<()> {
    looks_as_direct(&["glxdemo"])
}

#[test]
fn glxheads_shows_its_triangle() -> Result<()> {
    looks_as_direct(&["glxheads"])
}

/// GLX_MESA_query_renderer: both back ends answer as Mesa does direct.
#[test]
fn glxinfo_tells_of_the_renderer() -> Result<()> {
    let stage = Stage::start()?;
    let (direct, split) = (stage.direct("glxinfo")?, stage.split(&[], "glxinfo")?);
    let told = |mut command: Command| -> Result<Vec<String>> {
        let output = Program::run({
            command.arg("-B");
            command
        })?;
        let output = output.success()?.stdout;
        let lines = output.lines().skip_while(|line| !line.contains("GLX_MESA_query_renderer"));
        Ok(lines.take_while(|line| !line.starts_with("OpenGL")).map(str::to_owned).collect())
    };
    let (direct, split) = (told(direct)?, told(split)?);
    ensure!(direct.len() == 12, "the direct run has no GLX_MESA_query_renderer: {direct:?}");
    ensure!(direct == split || Reference::from_env()?.is_other(), "direct: {direct:?}, split: {split:?}");
    Ok(())
}

#[test]
fn glxinfo_tells_of_a_working_glx() -> Result<()> {
    let stage = Stage::start()?;
    let (direct, split) = (stage.direct("glxinfo")?, stage.split(&[], "glxinfo")?);
    let (direct, split) = (Program::run(direct)?.success()?.stdout, Program::run(split)?.success()?.stdout);
    for start in [
        "direct rendering",
        "GLX version",
        "OpenGL vendor",
        "OpenGL renderer",
        "OpenGL version",
        "OpenGL core profile version",
        "OpenGL shading language version",
        "OpenGL ES profile version",
    ] {
        let line = |text: &str| text.lines().find(|line| line.starts_with(start)).map(str::to_owned);
        let same = line(&direct) == line(&split) || Reference::from_env()?.is_other();
        ensure!(same, "direct: {:?}, split: {:?}", line(&direct), line(&split));
    }
    for extension in [
        "GLX_ARB_create_context",
        "GLX_ARB_create_context_profile",
        "GLX_ARB_get_proc_address",
        "GLX_ARB_multisample",
        "GLX_EXT_swap_control",
        "GLX_EXT_visual_info",
        "GLX_EXT_visual_rating",
        "GLX_MESA_swap_control",
        "GLX_SGI_make_current_read",
        "GLX_SGI_swap_control",
        "GLX_SGIX_fbconfig",
        "GLX_SGIX_pbuffer",
    ] {
        let has = split.split([' ', ',', '\n']).any(|word| word == extension);
        ensure!(has, "glxinfo names no {extension}:\n{split}");
    }
    let number = |what: &str| -> u32 {
        let line = split.lines().find(|line| line.contains(what));
        line.and_then(|line| line.split(' ').next()?.parse().ok()).unwrap_or(0)
    };
    ensure!(number(" GLX Visuals") > 0 && number(" GLXFBConfigs") > 0, "no visuals or no configs:\n{split}");
    Ok(())
}
