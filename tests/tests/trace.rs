//! `--trace`: what the file holds, however the program and its children end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use glxrun_tests::program::deadline;
use glxrun_tests::stage::glxrun;
use glxrun_tests::{Context, Program, Result, Stage, TwoD, XServer, artifacts, c, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// One line of a trace.
#[derive(Debug)]
struct Call {
    thread: i32,
    /// The function and its arguments.
    call: String,
    /// What it returned; None: it never did.
    outcome: Option<String>,
}

/// A trace, each of whose lines has to be of the documented form.
fn read(path: &Path) -> Result<Vec<Call>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let calls = text
        .lines()
        .map(|line| parse(line).with_context(|| format!("{line:?}")))
        .collect::<Result<Vec<_>>>()?;
    ensure!(!calls.is_empty() && text.ends_with('\n'), "{text:?}");
    Ok(calls)
}

fn parse(line: &str) -> Option<Call> {
    let (time, rest) = line.trim_end().split_once(' ')?;
    let (seconds, fraction) = time.split_once('.')?;
    (seconds.parse::<u64>().is_ok() && fraction.len() == 6).then_some(())?;
    let (thread, rest) = rest.split_once(' ')?;
    let (call, outcome) = rest.split_once(") = ")?;
    let outcome = match outcome {
        "?" => None,
        returned => {
            let (outcome, duration) = returned.rsplit_once(" <")?;
            duration.strip_suffix('>')?.parse::<f64>().ok()?;
            Some(outcome.to_owned())
        }
    };
    Some(Call { thread: thread.parse().ok()?, call: format!("{call})"), outcome })
}

fn of<'a>(calls: &'a [Call], function: &str) -> Vec<&'a Call> {
    calls.iter().filter(|call| call.call.split('(').next() == Some(function)).collect()
}

#[test]
fn each_call_is_a_line() -> Result<()> {
    let place = TempDir::new()?;
    let file = place.path().join("trace");
    let program = place.path().join("linked");
    c::compile("linked.c", &program, &["-l:libGL.so.1", "-l:libX11.so.6"])?;
    let stage = Stage::start()?;
    let mut command = glxrun()?;
    stage.two_d().apply(&mut command);
    // A relative name means the user's directory, and what was in the file is gone.
    fs::write(&file, "old\n".repeat(10_000))?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
    command.current_dir(place.path()).args(["-d", &stage.three_d_name(), "--trace", "trace", "--"]);
    command.args(["sh", "-c", "cd / && exec \"$0\""]).arg(&program);
    Program::run(command)?.success()?;

    ensure!(fs::metadata(&file)?.permissions().mode() & 0o777 == 0o600, "others can read it");
    let calls = read(&file)?;
    let [visual] = of(&calls, "glXChooseVisual")[..] else { panic!("{calls:?}") };
    ensure!(visual.call.ends_with("attribs=[GLX_RGBA, GLX_DOUBLEBUFFER, GLX_RED_SIZE=1])"), "{visual:?}");
    let current = of(&calls, "glXMakeCurrent");
    let outcomes: Vec<_> = current.iter().map(|call| call.outcome.as_deref()).collect();
    ensure!(outcomes == [Some("1"), Some("1")], "{current:?}");
    let [clear] = of(&calls, "glClear")[..] else { panic!("{calls:?}") };
    ensure!(clear.call == "glClear(mask=GL_COLOR_BUFFER_BIT)", "{clear:?}");
    ensure!(of(&calls, "glXSwapBuffers").len() == 1, "{calls:?}");
    let [destroy] = of(&calls, "glXDestroyContext")[..] else { panic!("{calls:?}") };
    ensure!(destroy.outcome.as_deref() == Some("void"), "{destroy:?}");
    Ok(())
}

/// Direct and split, a program makes the same calls; what libGL calls while it answers one is no call of the program's.
#[test]
fn direct_and_split_are_traced_alike() -> Result<()> {
    let place = TempDir::new()?;
    let stage = Stage::start()?;
    let run = |mode: &str| -> Result<Vec<String>> {
        let file = place.path().join(mode);
        let mut command = glxrun()?;
        stage.reference().apply(&mut command);
        let other = XServer::xvfb().start()?;
        let other = if mode == "split" { other.display() } else { String::new() };
        if mode == "split" {
            command.args(["-d", &other]);
        }
        command.args(["--mode", mode]).arg(format!("--trace={}", file.display()));
        command.arg("--").arg(artifacts::program("scene")?).args(["spin", "--frames", "3"]);
        Program::run(command)?.success()?;
        let calls = read(&file)?;
        let names = calls.iter().filter_map(|call| Some(call.call.split_once('(')?.0.to_owned()));
        Ok(names.filter(|name| name.starts_with("gl")).collect())
    };
    let (direct, split) = (run("direct")?, run("split")?);
    ensure!(direct == split, "{direct:?}\n{split:?}");
    Ok(())
}

#[test]
fn dash_is_stderr() -> Result<()> {
    let stage = Stage::start()?;
    let mut command = stage.split(&["--trace", "-"], "scene")?;
    command.args(["spin", "--frames", "3"]);
    let ended = Program::run(command)?.success()?;
    let swaps =
        ended.stderr.lines().filter_map(parse).filter(|call| call.call.starts_with("glXSwapBuffers("));
    ensure!(swaps.count() == 3, "{}", ended.stderr);
    Ok(())
}

/// A swap that does not return, and a kill(2) that no process can prepare for.
#[test]
fn the_call_that_a_killed_program_was_in_is_there() -> Result<()> {
    let place = TempDir::new()?;
    let file = place.path().join("trace");
    let stage = Stage::start()?;
    let name = file.to_string_lossy();
    let mut command = stage.split(&["--pause-at-frame", "2", "--trace", &name], "scene")?;
    command.args(["spin", "--frames", "9"]);
    let program = Program::start(command)?;
    let start = Instant::now();
    let last = loop {
        let calls = read(&file).unwrap_or_default();
        let swaps = of(&calls, "glXSwapBuffers").len();
        match calls.into_iter().next_back() {
            Some(last) if swaps == 2 && last.outcome.is_none() => break last,
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
        ensure!(start.elapsed() < deadline(), "{}", program.report());
    };
    kill_process(Pid::from_raw(last.thread).context("no thread")?, Signal::KILL)?;
    let ended = program.wait()?;
    ensure!(ended.status.code() == Some(128 + 9), "{ended:?}");
    let calls = read(&file)?;
    ensure!(calls.iter().filter(|call| call.outcome.is_none()).count() == 1, "{calls:?}");
    ensure!(calls.last().is_some_and(|call| call.call.starts_with("glXSwapBuffers(")), "{calls:?}");
    Ok(())
}

fn python(stage: &Stage, file: &Path, arguments: &[&str]) -> Result<glxrun_tests::program::Ended> {
    let mut command = stage.split(&["--trace", &file.to_string_lossy()], "python3")?;
    command.arg(c::source("odd_calls.py")).args(arguments);
    Program::run(command)
}

#[test]
fn the_call_that_ended_the_program_is_there() -> Result<()> {
    let place = TempDir::new()?;
    let file = place.path().join("trace");
    // Of a 2D side without GLX: its errors are raised by us, in the call.
    let ended = python(&Stage::on(TwoD::Xvfb, 24)?, &file, &["unknown-window"])?;
    ensure!(
        ended.status.code() == Some(1) && ended.stderr.contains("X Error of failed request"),
        "{ended:?}"
    );
    let calls = read(&file)?;
    let last = calls.last().context("no call")?;
    ensure!(
        last.call.starts_with("glXMakeCurrent(") && last.call.contains("drawable=0x1fffffff,"),
        "{last:?}"
    );
    ensure!(last.outcome.is_none(), "{last:?}");
    Ok(())
}

/// A program that closes descriptors which it did not open loses its trace, never its own file.
#[test]
fn a_file_of_the_programs_in_our_descriptors_place_stays_as_it_is() -> Result<()> {
    let place = TempDir::new()?;
    let (file, mine) = (place.path().join("trace"), place.path().join("mine"));
    let ended = python(&Stage::start()?, &file, &["descriptors", &mine.to_string_lossy()])?.success()?;
    ensure!(fs::read(&mine)?.is_empty(), "{}", fs::read_to_string(&mine)?);
    let told = ended.stderr.lines().filter(|line| line.contains("has closed the trace file"));
    ensure!(told.count() == 1, "{ended:?}");
    let calls = read(&file)?;
    ensure!(of(&calls, "glXCreateContext").len() == 1 && of(&calls, "glXIsDirect").is_empty(), "{calls:?}");
    Ok(())
}

/// Processes side by side have files of their own, those that follow each other one.
#[test]
fn processes_do_not_overwrite_each_other() -> Result<()> {
    let place = TempDir::new()?;
    let file = place.path().join("trace");
    let stage = Stage::start()?;
    let mut command = stage.split(&["--trace", &file.to_string_lossy()], "sh")?;
    // The second starts when the first has traced and waits.
    let script = r#""$0" spin --frames 2 <"$1" & exec 3>"$1"; until [ -s "$2" ]; do sleep 0.05; done
                    "$0" spin --frames 3 </dev/null; exec 3>&-; wait; "$0" spin --frames 4 </dev/null"#;
    let pipe = place.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )?;
    command.args(["-c", script]).arg(artifacts::program("scene")?).arg(&pipe).arg(&file);
    Program::run(command)?.success()?;

    let swaps = |path: &Path| -> Result<usize> { Ok(of(&read(path)?, "glXSwapBuffers").len()) };
    ensure!(swaps(&file)? == 2 + 4, "{}", swaps(&file)?);
    let others: Vec<_> = fs::read_dir(place.path())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().contains("trace."))
        .collect();
    let [other] = &others[..] else { panic!("{others:?}") };
    ensure!(swaps(other)? == 3, "{others:?}");
    let pid = other.extension().context("no process id")?.to_string_lossy().into_owned();
    ensure!(read(other)?[0].thread.to_string() == pid, "{others:?}");
    Ok(())
}

/// A forked child that goes on to draw has a file of its own, too.
#[test]
fn a_forked_child_has_its_own_file() -> Result<()> {
    let place = TempDir::new()?;
    let file = place.path().join("trace");
    let stage = Stage::start()?;
    let mut command = stage.split(&["--trace", &file.to_string_lossy()], "scene")?;
    command.arg("fork");
    Program::run(command)?.success()?;
    let files = fs::read_dir(place.path())?.filter_map(|entry| Some(entry.ok()?.path()));
    let traces = files.map(|path| read(&path)).collect::<Result<Vec<_>>>()?;
    ensure!(traces.len() == 2, "{traces:?}");
    for calls in traces {
        ensure!(!of(&calls, "glXSwapBuffers").is_empty(), "{calls:?}");
        ensure!(calls.iter().all(|call| call.outcome.is_some()), "{calls:?}");
    }
    Ok(())
}
