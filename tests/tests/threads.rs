//! What the library stands on fails under it: the GPU's contexts are lost, a thread of its own panics. The program goes on.

use glxrun_tests::faults::{APIS, Faults, shows_the_last_frame, wait_for_frame};
use glxrun_tests::stage::glxrun;
use glxrun_tests::{Program, Result, Stage, c, ensure};
use tempfile::TempDir;

/// A directory with a libGL.so.1 whose contexts can be lost, and the program that loses them.
fn losing() -> Result<TempDir> {
    let place = TempDir::new()?;
    let real = ["-Wl,--no-as-needed", "-l:libOpenGL.so.0", "-l:libGLX.so.0", "-l:libGL.so.1"];
    let library = [&["-shared", "-fPIC", "-Wl,-soname,libGL.so.1"], &real[..3], &["-ldl"]].concat();
    c::compile("lost_gl.c", &place.path().join("libGL.so.1"), &library)?;
    let program = [&real[3..], &["-l:libEGL.so.1", "-l:libX11.so.6", "-ldl"]].concat();
    c::compile("reset.c", &place.path().join("reset"), &program)?;
    Ok(place)
}

/// The program learns of the reset by its own query; frames of the lost context show nothing new.
#[test]
fn the_gpu_s_contexts_are_lost() -> Result<()> {
    let (stage, place) = (Stage::start()?, losing()?);
    for (api, readback) in APIS.iter().flat_map(|api| ["direct", "pbo"].map(|way| (api, way))) {
        let mut command = glxrun()?;
        stage.two_d().apply(&mut command);
        command.args(["--stats=60", "-d", &stage.three_d_name(), "--readback", readback, "--"]);
        command.arg(place.path().join("reset")).args(*api);
        command.env("LD_LIBRARY_PATH", place.path());
        let mut program = Program::start(command)?;
        program.line_where(|line| line == "status 0")?;
        program.line_where(|line| line == "status 0x8254")?;
        program.line_where(|line| line == "error 0x507")?;
        program.line_where(|line| line == "drawn")?;
        wait_for_frame(&stage.two_d_screen()?, &program, (10, 10), 4)?;
        let ended = program.finish()?.success()?;
        ensure!(!ended.stderr.contains("panicked"), "{readback}: {ended:?}");
    }
    Ok(())
}

/// The thread that posts frames panics: its windows show nothing more, and that is told.
#[test]
fn the_poster_panics() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for (api, spoil) in APIS.iter().flat_map(|api| ["on", "off"].map(|spoil| (api, spoil))) {
        let mut command = faults.split(&stage, &["--spoil", spoil], &[api, &["draw"][..]].concat())?;
        command.env("GLXRUN_FAIL_POINT", "glxrun-2d");
        let mut program = Program::start(command)?;
        program.line_where(|line| line == "drawn")?;
        let ended = program.finish()?.success()?;
        ensure!(ended.stdout == "drawn\nend\n", "{ended:?}");
        // A release build has no fail points.
        let told = ended.stderr.contains("a bug in glxrun: its thread glxrun-2d panicked");
        ensure!(told || std::env::var_os("GLXRUN_TEST_BIN_DIR").is_some(), "{ended:?}");
    }
    Ok(())
}

/// The thread that waits for transfers panics: frames are read in the program's thread from then on.
#[test]
fn the_reader_of_transfers_panics() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for api in APIS {
        let options = ["--stats=60", "--readback", "pbo"];
        let mut command = faults.split(&stage, &options, &[api, &["grid", "1", "0", "60"]].concat())?;
        command.env("GLXRUN_FAIL_POINT", "glxrun-read");
        shows_the_last_frame(&stage.two_d_screen()?, command, 59)?;
    }
    Ok(())
}
