//! `glxrun session`: what joins it, what ends it, and what becomes of what was started in it.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use common::{Outcome, Running, Runs, Stage, Xvfb, state, until};
use rustix::process::{Pid, Signal, kill_process};

/// glxrun whose sessions are found on this stage only.
fn glxrun(stage: &Stage) -> Command {
    fs::set_permissions(stage.tmpdir(), fs::Permissions::from_mode(0o700)).expect("a mode");
    let mut command = stage.glxrun();
    command.env("XDG_RUNTIME_DIR", stage.tmpdir());
    command
}

/// A session that is up, and its displays.
fn session(stage: &Stage, options: &[&str]) -> (Running, [String; 2]) {
    let mut command = glxrun(stage);
    command.args(["session", "--ready-fd", "1", "--wm", "none", "--size", "320x240"]).args(options);
    let mut session = command.start();
    let displays = displays(&mut session);
    (session, displays)
}

fn displays(session: &mut Running) -> [String; 2] {
    ["DISPLAY=", "GLXRUN_DISPLAY3D="].map(|name| {
        let line = session.line();
        line.strip_prefix(name).unwrap_or_else(|| panic!("{line}")).to_owned()
    })
}

fn sides(stage: &Stage) -> Outcome {
    glxrun(stage).args(["sh", "-c", "echo $DISPLAY $GLXRUN_DISPLAY3D"]).run()
}

fn assert_clean(stage: &Stage, displays: &[String; 2]) {
    stage.assert_clean(&[&displays[0], &displays[1]]);
}

#[test]
fn runs_join_it_and_its_end_leaves_nothing() {
    let stage = Stage::new();
    let (session, shown) = session(&stage, &[]);
    let joined = sides(&stage);
    assert_eq!((joined.stdout.trim(), joined.stderr.as_str()), (shown.join(" ").as_str(), ""));
    assert_eq!(stage.servers().len(), 2, "a joined run starts no servers");
    // Its status is its program's, and the session goes on.
    assert_eq!(glxrun(&stage).args(["sh", "-c", "exit 5"]).run().status, Some(5));
    let mut clients = glxrun(&stage);
    let asks =
        clients.args(["sh", "-c", "xdpyinfo >/dev/null && xdpyinfo -display $GLXRUN_DISPLAY3D >/dev/null"]);
    assert_eq!(asks.run().status, Some(0));

    let apart = glxrun(&stage).args(["--session", "none", "sh", "-c", "echo $DISPLAY"]).run();
    assert_ne!(apart.stdout.trim(), shown[0]);
    let other = Xvfb::without_glx();
    let named = glxrun(&stage).env("DISPLAY", &other.display).args(["sh", "-c", "echo $DISPLAY"]).run();
    assert_eq!(named.stdout.trim(), other.display, "DISPLAY counts");

    session.kill(Signal::TERM);
    let outcome = session.end();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert!(outcome.stderr.lines().all(|line| line.starts_with("glxrun: ")), "{}", outcome.stderr);
    assert_clean(&stage, &shown);
}

#[test]
fn a_run_waits_for_a_session_that_is_coming_up() {
    let stage = Stage::new();
    let mut command = glxrun(&stage);
    let mut session = command.args(["session", "--ready-fd", "1", "--wm", "none"]).start();
    until("the session can be found", || stage.tmpdir().join("glxrun/default.socket").exists());
    let joined = sides(&stage);
    assert_eq!(joined.stdout.trim(), displays(&mut session).join(" "));
}

#[test]
fn sessions_have_names() {
    let stage = Stage::new();
    let (first, one) = session(&stage, &["--session", "one"]);
    let (_second, two) = session(&stage, &["--session", "two"]);
    for (name, shown) in [("one", &one), ("two", &two)] {
        let joined = glxrun(&stage).env("GLXRUN_SESSION", name).args(["sh", "-c", "echo $DISPLAY"]).run();
        assert_eq!(joined.stdout.trim(), shown[0]);
    }
    let again = glxrun(&stage).args(["session", "--session", "one"]).run();
    again.assert_refused(125, &["a session \"one\" is running already"]);
    let missing = glxrun(&stage).args(["--session", "three", "echo", "ran"]).run();
    missing.assert_refused(125, &["no session \"three\"", "glxrun session --session three"]);
    let bad = glxrun(&stage).args(["--session", "../one", "echo", "ran"]).run();
    bad.assert_refused(125, &["--session ../one"]);

    // What a killed one leaves is in nobody's way.
    first.kill(Signal::KILL);
    first.end();
    let (_third, _) = session(&stage, &["--session", "one"]);
}

#[test]
fn a_program_in_it_decides_its_end() {
    let stage = Stage::new();
    let script = "echo $$; setsid sleep 600 & echo $!; exit 7";
    let (mut run, shown) = {
        let mut command = glxrun(&stage);
        command.args(["session", "--ready-file"]).arg(stage.path("ready"));
        command
            .args(["--wm", "none", "--", "sh", "-c"])
            .arg(format!("echo $DISPLAY; echo $GLXRUN_DISPLAY3D; {script}"));
        let mut run = command.start();
        let shown = [run.line(), run.line()];
        (run, shown)
    };
    let (_program, orphan): (i32, i32) =
        (run.line().parse().expect("a process id"), run.line().parse().expect("a process id"));
    let outcome = run.end();
    assert_eq!(outcome.status, Some(7), "{}", outcome.stderr);
    assert_eq!(state(orphan), None, "what the program left ends with the session");
    assert!(!stage.path("ready").exists());
    assert_clean(&stage, &shown);

    let (mut run, _) =
        session(&stage, &["--", "sh", "-c", "trap 'exit 9' TERM; echo trapped; sleep 600 & wait"]);
    while run.line() != "trapped" {}
    run.kill(Signal::TERM);
    assert_eq!(run.end().status, Some(9), "the program hears of the signal");
    assert_clean(&stage, &shown);
}

/// It is there when the session says so; how long that takes is told by the waits in `child.rs`, 0.1 s at first.
#[test]
fn a_side_that_dies_comes_back_under_its_number() {
    let stage = Stage::new();
    let ready = stage.path("ready");
    let (mut session, shown) = session(&stage, &["--ready-file", &ready.to_string_lossy()]);
    assert!(common::read(&ready).contains(&format!("DISPLAY={}\n", shown[0])));
    for display in &shown {
        for signal in [Signal::KILL, Signal::TERM] {
            let server = stage.server(display);
            kill_process(server, signal).expect("the server runs");
            session.listen(&format!("Xvfb ({display}) has ended"));
            session.listen(&format!("Xvfb ({display}) has been started again"));
            assert_ne!(stage.server(display), server);
            let joined = sides(&stage);
            assert_eq!(joined.stdout.trim(), shown.join(" "), "{}", joined.stderr);
        }
    }
    until("it is ready again", || ready.exists());
    session.kill(Signal::INT);
    let outcome = session.end();
    assert_eq!(outcome.status, Some(0));
    for (side, display) in ["2D side", "3D side"].iter().zip(&shown) {
        for news in [
            format!("the {side}'s Xvfb ({display}) has ended"),
            format!("the {side}'s Xvfb ({display}) has been started again"),
        ] {
            assert_eq!(outcome.stderr.matches(&news).count(), 2, "{news}: {}", outcome.stderr);
        }
    }
    assert_clean(&stage, &shown);
}

#[test]
fn as_first_process_of_a_container_it_takes_care_of_orphans() {
    let stage = Stage::new();
    let inside = glxrun(&stage);
    let mut command = Command::new(common::tool("unshare", "util-linux"));
    for (name, value) in inside.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // A user namespace where a plain one is not allowed.
    if !rustix::process::getuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args([
        "--pid",
        "--fork",
        "--mount-proc",
        common::GLXRUN,
        "session",
        "--ready-fd",
        "1",
        "--wm",
        "none",
    ]);
    // Orphans that end at once, and one that lasts.
    let script = "for orphan in 1 2 3; do (sleep 0 &); done; (sleep 600 &); echo started; exec sleep 600";
    command.args(["--", "sh", "-c", script]);
    let mut run = command.start();
    let shown = displays(&mut run);
    while run.line() != "started" {}
    let children = || {
        let file = format!("/proc/{0}/task/{0}/children", run.pid().as_raw_pid());
        let first = common::read(Path::new(&file)).trim().parse().expect("the first process");
        let file = format!("/proc/{first}/task/{first}/children");
        (
            first,
            common::read(Path::new(&file))
                .split_whitespace()
                .map(|pid| pid.parse().expect("a process id"))
                .collect(),
        )
    };
    let (first, _): (i32, Vec<i32>) = children();
    until("no zombie is left", || {
        let (_, children): (i32, Vec<i32>) = children();
        // Two servers, the program, the lasting orphan.
        children.len() == 4 && children.iter().all(|child| state(*child) != Some('Z'))
    });
    kill_process(Pid::from_raw(first).expect("a process"), Signal::TERM).expect("it runs");
    let outcome = run.end();
    assert_eq!(outcome.status, Some(143), "the program's end: {}", outcome.stderr);
    assert_clean(&stage, &shown);
}

#[test]
fn a_place_that_others_can_enter_is_not_trusted() {
    let stage = Stage::new();
    let place = stage.tmpdir().join("glxrun");
    fs::create_dir(&place).expect("a directory");
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).expect("a mode");
    let refused = glxrun(&stage).arg("session").run();
    refused.assert_refused(125, &["is not a directory of this user alone"]);
    assert_eq!(glxrun(&stage).arg("true").run().status, Some(0), "nothing is looked for there");
}

#[test]
fn without_a_runtime_directory_it_is_found_in_tmp() {
    let stage = Stage::new();
    let name = format!("test-{}", std::process::id());
    let mut command = stage.glxrun();
    let mut session =
        command.args(["session", "--session", &name, "--ready-fd", "1", "--wm", "none"]).start();
    let shown = displays(&mut session);
    let socket = format!("/tmp/glxrun-{}/{name}.socket", rustix::process::getuid().as_raw());
    let directory = Path::new(&socket).parent().expect("a directory");
    assert_eq!(fs::metadata(directory).expect("it").permissions().mode() & 0o777, 0o700);
    let joined = stage.glxrun().args(["--session", &name, "sh", "-c", "echo $DISPLAY"]).run();
    assert_eq!(joined.stdout.trim(), shown[0], "{}", joined.stderr);
    session.kill(Signal::TERM);
    assert_eq!(session.end().status, Some(0));
    assert!(!Path::new(&socket).exists());
    assert_clean(&stage, &shown);
}

#[test]
fn bad_words_are_told() {
    let stage = Stage::new();
    for (words, part) in [
        (&["--ready-fd", "99"][..], "--ready-fd 99: glxrun was started without that descriptor"),
        (&["--ready-file", "/nowhere/x"], "/nowhere is no directory"),
        (&["--session", "none"], "a session cannot be called"),
        (&["--size", "x"], "--size x"),
        (&["--", "/nowhere/program"], "/nowhere/program"),
    ] {
        let refused = glxrun(&stage).arg("session").args(words).run();
        assert!(refused.stderr.contains(part), "{words:?}: {}", refused.stderr);
        assert_eq!(refused.status, Some(if words[0] == "--" { 127 } else { 125 }));
    }
    let help = glxrun(&stage).args(["session", "--help"]).run();
    assert!(help.status == Some(0) && help.stdout.contains("--ready-fd"), "{}", help.stdout);
    stage.assert_clean(&[]);
}

#[test]
fn pictures_of_a_session_and_of_a_display() {
    let stage = Stage::new();
    let picture = |words: &[&str]| {
        let file = stage.path("picture.png");
        let outcome = glxrun(&stage).arg("shot").args(words).arg(&file).run();
        let size =
            fs::read(&file).ok().map(|png| [&png[16..20], &png[20..24]].map(|side| side[2..].to_vec()));
        let _ = fs::remove_file(&file);
        (outcome, size.map(|size| size.map(|side| u16::from_be_bytes([side[0], side[1]]))))
    };
    let (outcome, _) = picture(&[]);
    outcome.assert_refused(125, &["no session is running, and DISPLAY is unset"]);
    let (_session, _) = session(&stage, &[]);
    let (outcome, size) = picture(&[]);
    assert_eq!((outcome.status, size), (Some(0), Some([320, 240])), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("picture.png (320x240)"), "{}", outcome.stderr);

    let other = Xvfb::start(&["-ac", "-screen", "0", "100x50x24"]);
    let (_, size) = picture(&["--display", &other.display]);
    assert_eq!(size, Some([100, 50]));
    let (outcome, _) = picture(&["--display", ":59000"]);
    outcome.assert_refused(125, &["no picture of display :59000"]);
    let (outcome, _) = picture(&["--session", "three"]);
    outcome.assert_refused(125, &["no session \"three\""]);
}
