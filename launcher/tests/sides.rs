//! The two sides: what is started, what the program finds, and what is said of displays that cannot work.

mod common;

use std::fs;
use std::net::TcpStream;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use common::{Runs, Stage, Xvfb, ask, state, tool};

#[test]
fn without_displays_both_sides_are_started() {
    let stage = Stage::new();
    let mut run = {
        let mut command = stage.glxrun();
        command.args(["--size", "801x602", "sh", "-c"]);
        command.arg("echo $DISPLAY $GLXRUN_DISPLAY3D $XAUTHORITY; exec sleep 600").start()
    };
    let line = run.line();
    let [two, three, authority] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
    assert_ne!(two, three);

    let info = |display: &str, tool: &str| {
        let mut command = stage.dress(std::process::Command::new(common::tool(tool, "x11-utils")));
        command.env("XAUTHORITY", authority).args(["-display", display]).run()
    };
    let shown = info(two, "xdpyinfo").stdout;
    assert!(shown.contains("dimensions:    801x602 pixels"), "{shown}");
    assert!(shown.contains("depth of root window:    24 planes"), "{shown}");
    assert!(shown.contains("RANDR") && shown.contains("MIT-SHM"), "{shown}");
    assert!(!shown.contains("GLX"), "the 2D side needs none: {shown}");
    assert!(info(three, "xdpyinfo").stdout.contains("GLX"));

    for display in [two, three] {
        let stranger = ask(&stage, "xdpyinfo", display, &[]);
        assert_ne!(stranger.status, Some(0), "{display} lets in who has no cookie");
        let number: u16 = display[1..].parse().expect("a number");
        assert!(TcpStream::connect(("127.0.0.1", 6000 + number)).is_err(), "{display} listens on TCP");
    }
    run.kill(rustix::process::Signal::TERM);
    let outcome = run.end();
    let told = "glxrun: no 3D side named (-d): rendering in software on a private Xvfb: ";
    assert!(outcome.stderr.starts_with(told) && outcome.stderr.lines().count() == 1, "{}", outcome.stderr);
    stage.assert_clean(&[two, three]);
}

#[test]
fn the_framebuffer_sink_has_a_private_file_that_goes_with_the_run() {
    let stage = Stage::new();
    let mut command = stage.glxrun();
    let look = "stat -c %a $(dirname $GLXRUN_FRAMEBUFFER); head -c 8 $GLXRUN_FRAMEBUFFER | od -An -tx1; echo $GLXRUN_FRAMEBUFFER";
    let outcome = command.args(["--sink", "framebuffer", "sh", "-c", look]).run();
    let [mode, head, file] = outcome.stdout.lines().collect::<Vec<_>>()[..] else {
        panic!("{}", outcome.stdout)
    };
    assert_eq!(mode, "700");
    // An XWD header: its size, and version 7.
    assert!(head.starts_with(" 00 00 00") && head.ends_with("00 00 00 07"), "{head}");
    assert!(fs::metadata(file).is_err(), "{file} is left");
    assert!(fs::metadata(std::path::Path::new(file).parent().expect("a directory")).is_err());

    let plain = stage.glxrun().args(["sh", "-c", "echo ${GLXRUN_FRAMEBUFFER-unset}"]).run();
    assert_eq!(plain.stdout, "unset\n");

    let two = Xvfb::without_glx();
    let mut command = stage.glxrun();
    command.env("DISPLAY", &two.display).args(["--sink", "framebuffer", "true"]);
    let outcome = command.run();
    assert_eq!(outcome.status, Some(0));
    let told = format!(
        "glxrun: --sink framebuffer is for an Xvfb that glxrun starts, but DISPLAY names {}",
        two.display
    );
    assert!(outcome.stderr.contains(&told), "{}", outcome.stderr);
}

#[test]
fn an_empty_display_counts_as_unset() {
    let stage = Stage::new();
    let outcome = stage.glxrun().env("DISPLAY", "").args(["printenv", "DISPLAY"]).run();
    assert!(outcome.stdout.starts_with(':'), "{}", outcome.stdout);
}

#[test]
fn named_displays_are_used_as_they_are() {
    let stage = Stage::new();
    let (two, three) = (Xvfb::without_glx(), Xvfb::with_glx());
    let mut command = stage.glxrun();
    command.env("DISPLAY", &two.display).args(["-d", &three.display, "sh", "-c"]);
    let outcome = command.arg("echo $DISPLAY $GLXRUN_DISPLAY3D ${XAUTHORITY-unset}").run();
    assert_eq!(outcome.stdout, format!("{} {} unset\n", two.display, three.display));
    assert_eq!(outcome.stderr, "");

    let mut command = stage.glxrun();
    command.env("DISPLAY", &two.display).env("GLXRUN_DISPLAY3D", &three.display);
    let outcome = command.args(["sh", "-c", "echo $GLXRUN_DISPLAY3D"]).run();
    assert_eq!(outcome.stdout.trim(), three.display);
}

#[test]
fn the_users_cookies_still_work_beside_ours() {
    tool("xdpyinfo", "x11-utils");
    let stage = Stage::new();
    let cookies = stage.path("cookies");
    let cookie = "00112233445566778899aabbccddeeff";
    let xauth = |args: &[&str]| {
        let mut command = std::process::Command::new(tool("xauth", "xauth"));
        command.arg("-f").arg(&cookies).args(args).run()
    };
    xauth(&["add", ":0", ".", cookie]);
    let three = Xvfb::start(&["-auth", &cookies.to_string_lossy(), "+extension", "GLX"]);
    xauth(&["add", &three.display, ".", cookie]);

    let mut command = stage.glxrun();
    command.env("XAUTHORITY", &cookies).args(["-d", &three.display, "sh", "-c"]);
    let script = "xdpyinfo >/dev/null && xdpyinfo -display $GLXRUN_DISPLAY3D >/dev/null && echo both";
    let outcome = command.arg(script).run();
    assert_eq!(outcome.stdout, "both\n", "{}", outcome.stderr);
}

#[test]
fn direct_mode_needs_no_3d_side() {
    tool("xdpyinfo", "x11-utils");
    let stage = Stage::new();
    let script = "echo ${GLXRUN_DISPLAY3D-none} $GLXRUN_MODE; xdpyinfo | grep -o GLX";
    let outcome = stage.glxrun().args(["--mode", "direct", "sh", "-c", script]).run();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("none direct\nGLX\n", ""));
}

#[test]
fn a_private_3d_side_has_the_2d_sides_depth() {
    let stage = Stage::new();
    tool("xdpyinfo", "x11-utils");
    for (depth, expected) in [(16, 16), (24, 24), (30, 30)] {
        let two = Xvfb::start(&["-ac", "-screen", "0", &format!("64x64x{depth}"), "-extension", "GLX"]);
        let script = "xdpyinfo -display $GLXRUN_DISPLAY3D | grep 'depth of root'";
        let outcome = stage.glxrun().env("DISPLAY", &two.display).args(["sh", "-c", script]).run();
        assert!(outcome.stdout.contains(&format!(" {expected} planes")), "{depth}: {}", outcome.stdout);
    }
}

#[test]
fn a_3d_side_that_cannot_be_opened_is_told() {
    let stage = Stage::new();
    let two = Xvfb::without_glx();
    for name in [":59000", ":65535", "junk", "localhost:59000", "unix:x"] {
        let outcome = stage.glxrun().env("DISPLAY", &two.display).args(["-d", name, "echo", "ran"]).run();
        outcome.assert_refused(125, &["cannot open the 3D side", name, "-d"]);
    }
    // Ours was started by then and must go again.
    stage.glxrun().args(["-d", ":59000", "echo", "ran"]).run().assert_refused(125, &["3D side"]);
    stage.assert_clean(&[]);
}

#[test]
fn a_3d_side_without_glx_is_told() {
    let stage = Stage::new();
    let three = Xvfb::without_glx();
    let outcome = stage.glxrun().args(["-d", &three.display, "echo", "ran"]).run();
    outcome.assert_refused(125, &[&three.display, "has no GLX extension"]);
}

#[test]
fn the_same_display_on_both_sides_is_told_whatever_its_name() {
    let stage = Stage::new();
    let server = Xvfb::start(&["-ac", "-listen", "tcp", "+extension", "GLX"]);
    let number = &server.display[1..];
    for name in [
        format!(":{number}"),
        format!(":{number}.0"),
        format!("unix:{number}"),
        format!("localhost:{number}"),
    ] {
        let outcome = stage.glxrun().env("DISPLAY", &server.display).args(["-d", &name, "echo", "ran"]).run();
        outcome.assert_refused(125, &[&name, &server.display, "must be two X servers"]);
    }
}

#[test]
fn a_2d_side_that_refuses_or_is_not_there_is_told() {
    let stage = Stage::new();
    let cookies = stage.path("cookies");
    let mut xauth = std::process::Command::new(tool("xauth", "xauth"));
    xauth.arg("-f").arg(&cookies).args(["add", ":0", ".", "00112233445566778899aabbccddeeff"]).run();
    let two = Xvfb::start(&["-auth", &cookies.to_string_lossy()]);
    let outcome = stage.glxrun().env("DISPLAY", &two.display).args(["echo", "ran"]).run();
    outcome.assert_refused(
        125,
        &["cannot open the 2D side", &two.display, "uthorization required", "XAUTHORITY"],
    );

    let outcome = stage.glxrun().env("DISPLAY", ":59000").args(["echo", "ran"]).run();
    outcome.assert_refused(125, &["cannot open the 2D side", ":59000", "unset DISPLAY"]);
    let outcome = stage.glxrun().env("DISPLAY", ":9.x").args(["echo", "ran"]).run();
    outcome.assert_refused(125, &["cannot open the 2D side", ":9.x"]);
}

#[test]
fn a_server_that_never_answers_does_not_hang_us() {
    let stage = Stage::new();
    // A socket that nobody accepts connections from, as a stopped server's.
    let number = 20_000 + std::process::id() % 30_000;
    let address = SocketAddr::from_abstract_name(format!("/tmp/.X11-unix/X{number}")).expect("an address");
    let _silent = UnixListener::bind_addr(&address).expect("a socket");
    let name = format!(":{number}");
    let outcome = stage.glxrun().env("DISPLAY", &name).args(["echo", "ran"]).run();
    outcome.assert_refused(125, &["cannot open the 2D side", "does not answer within 10 seconds"]);
}

#[test]
fn a_missing_xvfb_is_told_with_its_package() {
    let stage = Stage::new();
    let outcome = stage.glxrun().env("PATH", stage.tmpdir()).arg("/bin/true").run();
    outcome.assert_refused(125, &["2D side", "DISPLAY is unset", "apt-get install xvfb"]);
    let two = Xvfb::without_glx();
    let outcome =
        stage.glxrun().env("PATH", stage.tmpdir()).env("DISPLAY", &two.display).arg("/bin/true").run();
    outcome.assert_refused(125, &["3D side", "-d", "apt-get install xvfb"]);
    stage.assert_clean(&[]);
}

#[test]
fn an_xvfb_that_fails_is_quoted() {
    let stage = Stage::new();
    fs::create_dir(stage.path("bin")).expect("a directory");
    stage.script("bin/Xvfb", "#!/bin/sh\necho first >&2\necho '(EE) no such luck' >&2\nexit 1\n");
    let outcome = stage.glxrun().env("PATH", stage.path("bin")).arg("/bin/true").run();
    outcome.assert_refused(125, &["2D side's Xvfb ended at its start: no such luck"]);
    stage.assert_clean(&[]);
}

#[test]
fn an_xvfb_that_does_not_come_up_is_given_up() {
    let stage = Stage::new();
    fs::create_dir(stage.path("bin")).expect("a directory");
    let pid = stage.path("pid");
    let sleep = tool("sleep", "coreutils");
    let script = format!(
        "#!/bin/sh\necho $$ >{}\necho still trying >&2\nexec {} 600\n",
        pid.display(),
        sleep.display()
    );
    stage.script("bin/Xvfb", &script);
    let outcome = stage.glxrun().env("PATH", stage.path("bin")).arg("/bin/true").run();
    outcome.assert_refused(125, &["did not come up in 15 seconds: still trying"]);
    assert_eq!(state(common::read(&pid).trim().parse().expect("a process id")), None, "it still runs");
    stage.assert_clean(&[]);
}

#[test]
fn many_runs_at_once_get_displays_of_their_own() {
    let stage = Stage::new();
    // All last until each has told its displays: a number is free again once its run has ended.
    let script = "echo $DISPLAY $GLXRUN_DISPLAY3D; exec sleep 600";
    let mut runs: Vec<_> = (0..6).map(|_| stage.glxrun().args(["sh", "-c", script]).start()).collect();
    let mut seen = Vec::new();
    for run in &mut runs {
        seen.extend(run.line().split(' ').map(str::to_owned));
    }
    for run in runs {
        run.kill(rustix::process::Signal::TERM);
        assert_eq!(run.end().signal, None);
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((count, seen.len()), (12, 12), "{seen:?}");
    stage.assert_clean(&seen.iter().map(String::as_str).collect::<Vec<_>>());
}
