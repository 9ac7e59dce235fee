//! The extensions about when swaps happen, which Mesa's software GLX lacks: the cases check the answers themselves.

use glxrun_tests::{Program, Result, Stage, TwoD, ensure};

/// Runs a case split, with options for glxrun, on a 2D side without GLX and on one with it.
fn runs(options: &[&str], arguments: &[&str]) -> Result<()> {
    for two_d in [TwoD::Xvfb, TwoD::XvfbGlx] {
        let stage = Stage::on(two_d, 24)?;
        let mut command = stage.split(options, "scene")?;
        command.args(arguments);
        Program::run(command)?.success()?;
    }
    Ok(())
}

#[test]
fn refreshes_and_swaps_can_be_waited_for() -> Result<()> {
    runs(&[], &["synccontrol"])?;
    runs(&["--refresh-rate", "59.94", "--spoil", "off"], &["synccontrol", "--glx-window"])
}

#[test]
fn each_swap_is_told_by_an_event() -> Result<()> {
    runs(&[], &["swapevents", "--frames", "30"])?;
    runs(&["--spoil", "off"], &["swapevents", "--frames", "30", "--glx-window"])
}

#[test]
fn the_back_buffer_holds_the_last_frame() -> Result<()> {
    runs(&[], &["bufferage"])?;
    runs(&[], &["bufferage", "--samples", "4"])?;
    runs(&["--opaque", "fast"], &["bufferage", "--alpha", "0"])
}

/// What is advertised is there, and the other way round.
#[test]
fn each_extension_is_advertised() -> Result<()> {
    let stage = Stage::start()?;
    let output = Program::run(stage.split(&[], "glxinfo")?)?.success()?.stdout;
    for extension in [
        "GLX_EXT_buffer_age",
        "GLX_EXT_swap_control_tear",
        "GLX_INTEL_swap_event",
        "GLX_MESA_copy_sub_buffer",
        "GLX_OML_sync_control",
        "GLX_SGI_video_sync",
    ] {
        let has = output.split([' ', ',', '\n']).any(|word| word == extension);
        ensure!(has, "glxinfo names no {extension}:\n{output}");
    }
    Ok(())
}
