//! Real programs that everybody has: Mesa's demos.

use glxrun_tests::{Image, Program, Result, Stage, ensure};

/// What the first window of a program shows, direct, once the program's second swap has been made, by glxrun's own
/// setting: by then its animation, which follows the clock, has hardly moved.
fn paused(stage: &Stage, mode: &str, program: &[&str]) -> Result<Image> {
    let (mut command, screen) = if mode == "direct" {
        let mut command = glxrun_tests::stage::glxrun()?;
        stage.reference().apply(&mut command);
        command.args(["--mode", "direct"]);
        (command, stage.reference_screen()?)
    } else {
        (stage.glxrun()?, stage.two_d_screen()?)
    };
    command.args(["--pause-at-frame", "2", "--"]).args(program);
    let program = Program::start(command)?;
    let window = screen.first_window()?;
    // Nothing tells from outside when the second frame is there: look until the picture stays.
    let mut last = screen.picture(window)?;
    let start = std::time::Instant::now();
    let mut same = 0;
    while same < 10 {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let now = screen.picture(window)?;
        same = if now == last && !now.is_uniform() { same + 1 } else { 0 };
        last = now;
        ensure!(
            start.elapsed() < glxrun_tests::program::deadline(),
            "no still picture from {}",
            program.report()
        );
    }
    Ok(last)
}

fn looks_as_direct(program: &[&str]) -> Result<()> {
    let stage = Stage::start()?;
    let (direct, split) = (paused(&stage, "direct", program)?, paused(&stage, "split", program)?);
    let ssim = direct.ssim(&split)?;
    if ssim < 0.9 {
        direct.save(&std::env::temp_dir().join(format!("{}-direct.png", program[0])))?;
        split.save(&std::env::temp_dir().join(format!("{}-split.png", program[0])))?;
    }
    ensure!(ssim >= 0.9, "{program:?}: SSIM {ssim:.3}");
    Ok(())
}

#[test]
fn glxgears_shows_gears() -> Result<()> {
    looks_as_direct(&["glxgears"])
}
