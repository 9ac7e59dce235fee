//! A program that never uses OpenGL does not notice that it runs under glxrun: same output, no thread, no connection, no
//! message.

use std::process::Command;

use glxrun_tests::{Program, Result, Stage, artifacts, ensure};

/// Runs a command line bare and with the library preloaded, and compares all that it printed.
fn same_output(stage: &Stage, program: &[&str]) -> Result<String> {
    let command = || {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).env_remove("LD_PRELOAD");
        stage.two_d().apply(&mut command);
        command
    };
    let bare = Program::run(command())?.success()?;
    let mut preloaded = command();
    preloaded.env("LD_PRELOAD", artifacts::directory()?.join("libglxrun.so"));
    preloaded.env("GLXRUN_DISPLAY3D", stage.three_d_name());
    let preloaded = Program::run(preloaded)?.success()?;
    ensure!(preloaded.stderr == bare.stderr, "stderr bare:\n{}preloaded:\n{}", bare.stderr, preloaded.stderr);
    ensure!(preloaded.stdout == bare.stdout, "stdout bare:\n{}preloaded:\n{}", bare.stdout, preloaded.stdout);
    Ok(preloaded.stdout)
}

#[test]
fn a_shell_has_no_thread_and_no_descriptor_more() -> Result<()> {
    let stage = Stage::start()?;
    let threads = same_output(&stage, &["sh", "-c", "grep Threads /proc/$$/status; ls /proc/$$/fd"])?;
    ensure!(threads.starts_with("Threads:\t1\n"), "{threads}");
    Ok(())
}

#[test]
fn x_programs_print_the_same() -> Result<()> {
    let stage = Stage::start()?;
    same_output(&stage, &["xwininfo", "-root"])?;
    same_output(&stage, &["xprop", "-root", "-len", "100"])?;
    Ok(())
}

#[test]
fn python_prints_the_same() -> Result<()> {
    let script = "import sys, threading, ctypes; print(sys.version, threading.active_count(), ctypes.CDLL(None).getppid() > 0)";
    same_output(&Stage::start()?, &["python3", "-c", script])?;
    Ok(())
}

#[test]
fn glxrun_adds_nothing_to_the_output_of_a_program_without_opengl() -> Result<()> {
    let stage = Stage::start()?;
    let mut command = stage.split(&[], "sh")?;
    command.args(["-c", "echo out; echo err >&2; exit 7"]);
    let ended = Program::run(command)?;
    ensure!(ended.status.code() == Some(7), "{}", ended.status);
    ensure!((ended.stdout.as_str(), ended.stderr.as_str()) == ("out\n", "err\n"), "{ended:?}");
    Ok(())
}
