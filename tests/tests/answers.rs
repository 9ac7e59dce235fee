//! Errors that GLX promises for wrong calls, on a 2D side that has no GLX of its own to raise them.

use glxrun_tests::{Program, Result, Stage, TwoD, ensure};

/// After the call's name the error's code, GLX's counted from its base, and what the call returned. From the GLX 1.4
/// specification: 3.3.4 to 3.3.6 and 3.3.7; of a window as a pixmap the core protocol knows best.
const EXPECTED: [&str; 13] = [
    "error glXDestroyWindow pixmap GLX+12",
    "error glXDestroyWindow pbuffer GLX+12",
    "error glXDestroyWindow unknown GLX+12",
    "error glXDestroyPixmap window GLX+3",
    "error glXDestroyPixmap pbuffer GLX+3",
    "error glXDestroyPixmap unknown GLX+3",
    "error glXDestroyPbuffer window GLX+10",
    "error glXDestroyPbuffer pixmap GLX+10",
    "error glXDestroyPbuffer unknown GLX+10",
    "error glXCreatePixmap window X4",
    "error glXCreatePixmap unknown X4",
    "error glXMakeCurrent unknown GLX+2 false",
    "error none",
];

/// Toolkits ask by XCB, which shuts its connection down at a request of an extension that the server lacks.
#[test]
fn queries_by_xcb_are_answered_without_glx_on_the_2d_side() -> Result<()> {
    for two_d in [TwoD::Xvfb, TwoD::XvfbGlx] {
        let stage = Stage::on(two_d, 24)?;
        let mut command = stage.split(&[], "scene")?;
        command.arg("xcb");
        Program::run(command)?.success()?;
    }
    Ok(())
}

#[test]
fn wrong_calls_raise_the_errors_of_the_specification() -> Result<()> {
    let stage = Stage::on(TwoD::Xvfb, 24)?;
    let mut command = stage.split(&[], "scene")?;
    command.arg("errors");
    let output = Program::run(command)?.success()?.stdout;
    let told: Vec<_> = output.lines().filter(|line| line.starts_with("error ")).collect();
    for (expected, told) in EXPECTED.iter().zip(&told) {
        ensure!(told == expected, "{told:?} instead of {expected:?} in:\n{output}");
    }
    ensure!(told.len() == EXPECTED.len(), "{output}");
    Ok(())
}
