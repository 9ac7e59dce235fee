//! However a run ends, nothing of it stays.

mod common;

use common::{Running, Runs, Stage, assert_no_sockets, state, tool, until};
use rustix::process::{Pid, Signal, kill_process};

/// A program that runs on both of our servers, watching the 2D side's, and its process id and displays.
fn start(stage: &Stage, script: &str) -> (Running, Pid, [String; 2]) {
    let started = start_short(stage, script);
    assert_eq!(stage.servers().len(), 2, "both servers run");
    started
}

/// The same for a program that may have ended by now.
fn start_short(stage: &Stage, script: &str) -> (Running, Pid, [String; 2]) {
    let script = format!("echo $$ $DISPLAY $GLXRUN_DISPLAY3D; {script}");
    let mut run = stage.glxrun().args(["sh", "-c", &script]).start();
    let line = run.line();
    let [pid, two, three] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
    let pid = Pid::from_raw(pid.parse().expect("a process id")).expect("a process");
    (run, pid, [two.to_owned(), three.to_owned()])
}

fn assert_clean(stage: &Stage, displays: &[String; 2]) {
    stage.assert_clean(&[&displays[0], &displays[1]]);
}

#[test]
fn after_an_exit() {
    let stage = Stage::new();
    let (run, _, displays) = start_short(&stage, "exit 4");
    assert_eq!(run.end().status, Some(4));
    assert_clean(&stage, &displays);
}

#[test]
fn after_kill_of_glxrun() {
    let stage = Stage::new();
    let (run, app, displays) = start(&stage, "exec sleep 600");
    run.kill(Signal::TERM);
    assert_eq!(run.end().status, Some(143));
    assert_eq!(state(app.as_raw_pid()), None);
    assert_clean(&stage, &displays);
}

#[test]
fn after_kill_9_of_the_program() {
    let stage = Stage::new();
    let (run, app, displays) = start(&stage, "exec sleep 600");
    kill_process(app, Signal::KILL).expect("the program runs");
    assert_eq!(run.end().status, Some(137));
    assert_clean(&stage, &displays);
}

#[test]
fn after_a_program_that_leaves_clients_behind() {
    tool("xev", "x11-utils");
    let stage = Stage::new();
    let (run, _, displays) =
        start_short(&stage, "xev >/dev/null 2>&1 & until xwininfo -root -tree | grep -q Tester; do :; done");
    assert_eq!(run.end().status, Some(0));
    assert_clean(&stage, &displays);
}

#[test]
fn after_a_server_that_dies_first() {
    for signal in [Signal::KILL, Signal::TERM] {
        for (side, index) in [("2D side", 0), ("3D side", 1)] {
            let stage = Stage::new();
            let (run, app, displays) = start(&stage, "exec sleep 600");
            let server = stage.server(&displays[index]);
            kill_process(server, signal).expect("the server runs");
            until("glxrun has taken note", || state(server.as_raw_pid()).is_none());
            // The program's end decides, and this one needs no display.
            assert!(state(app.as_raw_pid()).is_some());
            kill_process(app, Signal::USR1).expect("the program runs");
            let outcome = run.end();
            assert_eq!(outcome.status, Some(138));
            let news = format!("the {side}'s Xvfb ({}) has ended", displays[index]);
            assert_eq!(outcome.stderr.matches(&news).count(), 1, "{}", outcome.stderr);
            assert_clean(&stage, &displays);
        }
    }
}

#[test]
fn after_a_program_that_ends_with_its_server() {
    tool("xev", "x11-utils");
    let stage = Stage::new();
    let watch =
        "xev >/dev/null 2>&1 & until xwininfo -root -tree | grep -q Tester; do :; done; echo seen; wait $!";
    let (mut run, _, displays) = start(&stage, watch);
    assert_eq!(run.line(), "seen");
    kill_process(stage.server(&displays[0]), Signal::KILL).expect("the server runs");
    let outcome = run.end();
    // Xlib's own ends of a lost connection: 1 when it reads, SIGPIPE when xev is still at writing.
    assert!([Some(1), Some(141)].contains(&outcome.status), "{:?}: {}", outcome.status, outcome.stderr);
    assert!(outcome.stderr.contains("the 2D side's Xvfb"), "{}", outcome.stderr);
    assert_clean(&stage, &displays);
}

#[test]
fn after_a_server_that_is_stopped() {
    let stage = Stage::new();
    let (run, app, displays) = start(&stage, "exec sleep 600");
    kill_process(stage.server(&displays[0]), Signal::STOP).expect("the server runs");
    kill_process(app, Signal::KILL).expect("the program runs");
    assert_eq!(run.end().status, Some(137));
    assert_clean(&stage, &displays);
}

#[test]
fn servers_end_with_a_glxrun_that_is_killed_outright() {
    let stage = Stage::new();
    let (run, app, displays) = start(&stage, "exec sleep 600");
    run.kill(Signal::KILL);
    until("the servers have ended", || stage.servers().is_empty());
    assert_no_sockets(&[&displays[0], &displays[1]]);
    kill_process(app, Signal::KILL).expect("the program is nobody's to end");
    run.end();
}
