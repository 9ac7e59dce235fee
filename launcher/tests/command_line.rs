//! The command line: help, bad values, which program runs with which arguments, exit statuses.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::{GLXRUN, Runs, Stage, harmless_library, read};

#[test]
fn help_and_version_go_to_stdout() {
    let stage = Stage::new();
    let help = stage.glxrun().arg("--help").run();
    assert_eq!((help.status, help.stderr.as_str()), (Some(0), ""));
    assert!(help.stdout.contains("-d, --display3d SIDE"), "{}", help.stdout);
    assert_eq!(stage.glxrun().arg("-h").run().stdout, help.stdout);

    let version = stage.glxrun().arg("--version").run();
    assert_eq!(version.status, Some(0));
    assert!(version.stdout.starts_with(concat!("glxrun ", env!("CARGO_PKG_VERSION"))), "{}", version.stdout);
}

#[test]
fn a_bad_value_is_refused_with_the_allowed_ones() {
    let stage = Stage::new();
    for (args, parts) in [
        (&["--size", "big", "true"][..], &["--size big", "WIDTHxHEIGHT"][..]),
        (&["--spoil=maybe", "true"], &["--spoil maybe", "on or off"]),
        (&["--fps", "-1", "true"], &["--fps -1", "0 for no cap"]),
        (&["--refresh-rate", "0", "true"], &["--refresh-rate 0", "above 0"]),
        (&["--transport", "pigeon", "true"], &["--transport pigeon", "auto, memfd, sysv or putimage"]),
        (&["--stats=often", "true"], &["--stats often", "a number of seconds"]),
        (&["--mode", "both", "true"], &["--mode both", "split or direct"]),
        (&["--pause-at-frame", "x", "true"], &["--pause-at-frame x", "whole number"]),
        (&["--shot", "a.jpg", "true"], &["--shot a.jpg", "FILE.png@frame:N"]),
        (&["--shot", "/nowhere/a.png", "true"], &["/nowhere/a.png", "/nowhere is no directory"]),
        (&["--trace", "/nowhere/trace", "true"], &["/nowhere/trace", "No such file"]),
        (&["--trace", "/dev/null", "true"], &["/dev/null", "no regular file", "- for stderr"]),
        (&["--log", "loud", "true"], &["--log loud", "error, warn, info or debug"]),
        (&["-d", "", "true"], &["--display3d", "name of an X display"]),
    ] {
        stage.glxrun().args(args).run().assert_refused(125, parts);
    }
    let refused = stage.glxrun().env("GLXRUN_MODE", "both").arg("true").run();
    refused.assert_refused(125, &["GLXRUN_MODE=both", "split or direct"]);
    stage.assert_clean(&[]);
}

#[test]
fn unknown_options_and_a_missing_program_are_refused() {
    let stage = Stage::new();
    for args in [&["--bogus", "true"][..], &["-x"], &["--size"], &[], &["--"], &["-d", ":1"]] {
        let outcome = stage.glxrun().args(args).run();
        assert_eq!(outcome.status, Some(125), "{args:?}");
        assert!(
            outcome.stderr.starts_with("glxrun: ") && outcome.stderr.contains("--help"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn the_program_gets_its_arguments_and_streams_untouched() {
    use std::io::Write;
    let stage = Stage::new();
    let args = ["--help", "-d", "--", "--stats", "", "a b"];
    for dashes in [&[][..], &["--"]] {
        let mut command = stage.glxrun();
        command.args(["--fps", "30"]).args(dashes).args(["printf", "<%s>"]).args(args);
        let outcome = command.run();
        assert_eq!(outcome.stdout, "<--help><-d><--><--stats><><a b>", "{}", outcome.stderr);
    }
    let mut command = stage.glxrun();
    command.arg("cat").stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("glxrun");
    child.stdin.take().expect("a pipe").write_all(b"through").expect("written");
    assert_eq!(child.wait_with_output().expect("the end").stdout, b"through");
}

#[test]
fn the_exit_status_is_the_programs() {
    let stage = Stage::new();
    for (script, status) in
        [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -9 $$", 137), ("kill -TERM $$", 143)]
    {
        assert_eq!(stage.glxrun().args(["sh", "-c", script]).run().status, Some(status), "{script}");
    }
    stage.assert_clean(&[]);
}

#[test]
fn programs_that_cannot_run_are_told_apart() {
    let stage = Stage::new();
    let run = |program: &str| stage.glxrun().arg(program).run();
    let path = |name: &str| stage.path(name).to_string_lossy().into_owned();

    run("no-such-program").assert_refused(127, &["no-such-program", "PATH"]);
    run(&path("nothing")).assert_refused(127, &["nothing", "no such file"]);
    run("").assert_refused(127, &["cannot find"]);

    fs::write(stage.path("data"), "hello").expect("a file");
    run(&path("data")).assert_refused(126, &["data", "ermission denied"]);
    run(&path("tmp")).assert_refused(126, &["tmp", "directory"]);
    let listed = stage.glxrun().env("PATH", stage.path("")).arg("data").run();
    listed.assert_refused(126, &["data", "ermission denied"]);

    stage.script("orphan", "#!/nowhere/sh\n");
    run(&path("orphan")).assert_refused(127, &["orphan", "interpreter"]);
    stage.assert_clean(&[]);
}

#[test]
fn scripts_run_with_and_without_a_first_line() {
    let stage = Stage::new();
    for text in ["#!/bin/sh\necho script $1\n", "echo script $1\n"] {
        let script = stage.script("script", text);
        let outcome = stage.glxrun().arg(script).arg("one").run();
        assert_eq!(outcome.stdout, "script one\n", "{}", outcome.stderr);
    }
}

#[test]
fn a_library_that_cannot_be_preloaded_is_refused() {
    let stage = Stage::new();
    let run = |library: &str| stage.glxrun().arg("--library").arg(stage.path(library)).arg("true").run();
    run("missing.so").assert_refused(125, &["missing.so", "No such file"]);
    run("tmp").assert_refused(125, &["tmp", "directory"]);
    fs::write(stage.path("text.so"), "text").expect("a file");
    run("text.so").assert_refused(125, &["text.so", "not an ELF shared object"]);
    let mut elf = fs::read(harmless_library()).expect("the library");
    elf[18] ^= 0xff;
    fs::write(stage.path("other.so"), elf).expect("a file");
    run("other.so").assert_refused(125, &["other.so", "another machine"]);
    let foreign = fs::read_to_string("/proc/self/maps").expect("our own maps");
    let foreign =
        foreign.split_whitespace().find(|word| word.contains("/libc.so.6")).expect("libc is loaded");
    fs::copy(foreign, stage.path("foreign.so")).expect("a copy");
    run("foreign.so").assert_refused(125, &["foreign.so", "another library", "libc.so.6"]);
}

#[test]
fn the_library_is_found_where_glxrun_is_installed() {
    let stage = Stage::new();
    for dir in ["bin", "lib", "lib/glxrun"] {
        fs::create_dir(stage.path(dir)).expect("a directory");
    }
    let glxrun = stage.path("bin/glxrun");
    fs::copy(GLXRUN, &glxrun).expect("a copy");
    let run = || {
        let mut command = stage.dress(std::process::Command::new(&glxrun));
        command.env_remove("GLXRUN_LIBRARY").args(["printenv", "LD_PRELOAD"]).run()
    };
    run().assert_refused(125, &["libglxrun.so", "../lib/glxrun", "--library"]);
    for dir in ["lib", "lib/glxrun", "bin"] {
        let library = stage.path(dir).join("libglxrun.so");
        fs::copy(harmless_library(), &library).expect("a copy");
        let preloaded = fs::canonicalize(run().stdout.trim()).expect("a path");
        assert_eq!(preloaded, fs::canonicalize(library).expect("a path"));
    }
}

#[test]
fn the_library_is_preloaded_first() {
    let stage = Stage::new();
    let library = harmless_library();
    let mut command = stage.glxrun();
    let outcome = command.env("LD_PRELOAD", &library).args(["printenv", "LD_PRELOAD"]).run();
    assert_eq!(outcome.stdout.trim(), format!("{0}:{0}", library.display()));

    // ld.so splits LD_PRELOAD at spaces and colons.
    fs::create_dir(stage.path("a b:c")).expect("a directory");
    fs::copy(&library, stage.path("a b:c/libglxrun.so")).expect("a copy");
    let mut command = stage.glxrun();
    let outcome =
        command.arg("--library").arg(stage.path("a b:c/libglxrun.so")).args(["cat", "/proc/self/maps"]).run();
    assert!(outcome.stdout.contains("/a b:c/libglxrun.so"), "{}", outcome.stderr);
}

#[test]
fn settings_reach_the_library() {
    let stage = Stage::new();
    let mut command = stage.glxrun();
    command.env("GLXRUN_FPS", "10").env("GLXRUN_SPOIL", "on").args(["--fps", "30", "--log", "info", "env"]);
    let outcome = command.run();
    for line in ["GLXRUN_FPS=30", "GLXRUN_SPOIL=on", "GLXRUN_LOG=info"] {
        assert!(outcome.stdout.lines().any(|it| it == line), "{line}: {}", outcome.stdout);
    }
}

#[test]
fn what_the_run_keeps_is_private() {
    let stage = Stage::new();
    let script = "stat -c '%a %n' $TMPDIR/* $TMPDIR/*/* $XDG_RUNTIME_DIR; echo $XDG_RUNTIME_DIR";
    let outcome = stage.glxrun().args(["--stats", "sh", "-c", script]).run();
    let mut lines = outcome.stdout.lines();
    let runtime = lines.next_back().expect("a directory");
    assert!(runtime.starts_with(&*stage.tmpdir().to_string_lossy()), "{runtime}");
    for line in lines.filter(|line| !line.ends_with(".log")) {
        assert!(line.starts_with("700 ") || line.starts_with("600 "), "{line}");
    }

    // A private XDG_RUNTIME_DIR is the better place, and stays the program's own.
    let runtime = stage.path("run");
    fs::create_dir(&runtime).expect("a directory");
    fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).expect("a mode");
    let mut command = stage.glxrun();
    let outcome = command
        .env("XDG_RUNTIME_DIR", &runtime)
        .args(["sh", "-c", "echo $XDG_RUNTIME_DIR $XAUTHORITY"])
        .run();
    let runtime = runtime.to_string_lossy();
    let (dir, authority) = outcome.stdout.split_once(' ').expect("two words");
    assert_eq!(dir, runtime);
    assert!(authority.starts_with(&*runtime), "{authority}");
    assert_eq!(fs::read_dir(&*runtime).expect("the directory").count(), 0, "something is left");
    stage.assert_clean(&[]);
}

#[test]
fn a_tmpdir_that_cannot_be_used_is_told() {
    let stage = Stage::new();
    let outcome = stage.glxrun().env("TMPDIR", "/nowhere").arg("true").run();
    outcome.assert_refused(125, &["/nowhere", "TMPDIR"]);
}

#[test]
fn the_readers_page_lists_every_flag() {
    let stage = Stage::new();
    let page = read(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md"));
    let help = stage.glxrun().arg("help").run().stdout;
    let flags = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2);
    let flags = flags.map(|word| word.split(['[', '=']).next().unwrap_or(word).trim_end_matches('.'));
    for flag in flags.filter(|flag| !matches!(*flag, "--help" | "--version")) {
        assert!(page.contains(flag), "docs/settings.md does not name {flag}");
    }
}
