//! Many windows, many programs, huge frames: each window shows its last one, and frames add up.

use glxrun_tests::faults::{APIS, Faults, full, wait_for_frame};
use glxrun_tests::stage::Counts;
use glxrun_tests::{Program, Result, Screen, Stage, XServer, ensure};

/// Frames of each window.
fn frames() -> u32 {
    if full() { 60 } else { 10 }
}

/// Where window `index` of a grid is: a place in it.
fn place(index: u32) -> (i16, i16) {
    ((index % 8 * 240 + 100) as i16, (index / 8 * 130 + 50) as i16)
}

/// Has `program` end and checks that it drew to so many windows, frame by frame.
fn adds_up(program: Program, windows: u32) -> Result<()> {
    let ended = program.finish()?.success()?;
    let counts = Counts::of_windows(&ended.stderr);
    ensure!(counts.len() as u32 == windows, "{} windows: {ended:?}", counts.len());
    for count in counts {
        let adds_up = count.rendered == count.delivered + count.dropped;
        ensure!(count.rendered == u64::from(frames()) && count.delivered > 0 && adds_up, "{count:?}");
    }
    Ok(())
}

#[test]
fn sixty_four_windows_at_once() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let (frames, number) = (frames(), frames().to_string());
    for api in APIS {
        let words = [api, &["grid", "64", "0", &number]].concat();
        let mut program = Program::start(faults.split(&stage, &["--stats=60"], &words)?)?;
        program.line_where(|line| line == "drawn")?;
        let screen = stage.two_d_screen()?;
        for index in 0..64 {
            wait_for_frame(&screen, &program, place(index), index + frames - 1)?;
        }
        adds_up(program, 64)?;
    }
    Ok(())
}

#[test]
fn eight_programs_on_one_2d_side() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let frames = frames();
    let start = |row: u32| {
        let words = ["grid", "8", &row.to_string(), &frames.to_string()];
        Program::start(faults.split(&stage, &["--stats=60"], &[APIS[row as usize % 2], &words].concat())?)
    };
    let mut programs = (0..8).map(start).collect::<Result<Vec<_>>>()?;
    let screen = stage.two_d_screen()?;
    for (row, program) in (0..).zip(&mut programs) {
        program.line_where(|line| line == "drawn")?;
        for index in 0..8 {
            wait_for_frame(&screen, program, place(row * 8 + index), index + frames - 1)?;
        }
    }
    programs.into_iter().try_for_each(|program| adds_up(program, 8))
}

#[test]
fn frames_of_4k() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let two_d = XServer::xvfb().without_glx().size(3840, 2160).start()?;
    let screen = Screen::connect(&two_d)?;
    for (api, transport) in APIS.iter().flat_map(|api| ["auto", "sysv", "putimage"].map(|way| (api, way))) {
        let options = ["--stats=60", "--spoil", "off", "--transport", transport];
        let words = [api, &["step", "3840", "2160"][..]].concat();
        let mut program = Program::start(faults.between(&stage.three_d_name(), &two_d, &options, &words)?)?;
        for _ in 0..frames() {
            program.say("frame")?;
            program.line_where(|line| line == "swapped")?;
        }
        for place in [(0, 0), (3839, 0), (0, 2159), (3839, 2159)] {
            wait_for_frame(&screen, &program, place, frames() - 1)?;
        }
        adds_up(program, 1)?;
    }
    Ok(())
}
