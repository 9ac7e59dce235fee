//! What other users can read, write or reach while a program runs, and whose code runs in it.

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use common::{Runs, Stage, harmless_library, tool};
use rustix::process::geteuid;

/// A user that is neither root nor us, by number alone.
const SOMEBODY: u32 = 54321;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
}

/// A copy of the library in two directories of the test's own.
fn library(stage: &Stage) -> [std::path::PathBuf; 3] {
    let (outer, inner) = (stage.path("outer"), stage.path("outer/inner"));
    fs::create_dir_all(&inner).expect("directories");
    let file = inner.join("libglxrun.so");
    fs::copy(harmless_library(), &file).expect("a copy");
    for (path, mode) in [(&outer, 0o755), (&inner, 0o755), (&file, 0o644)] {
        set_mode(path, mode);
    }
    [file, inner, outer]
}

#[test]
fn a_library_that_others_can_write_is_refused() {
    let stage = Stage::new();
    let places = library(&stage);
    let run = |name: &Path| stage.glxrun().arg("--library").arg(name).arg("true").run();
    assert_eq!(run(&places[0]).status, Some(0));
    for place in &places {
        let usual = place.metadata().expect("it is there").mode();
        set_mode(place, usual | 0o002);
        let said = [&*place.to_string_lossy(), "another user can change it", "writable by everybody"];
        run(&places[0]).assert_refused(125, &said);
        set_mode(place, usual);
    }
    // What a link leads to counts, not where the link is.
    let link = stage.path("link.so");
    std::os::unix::fs::symlink(&places[0], &link).expect("a link");
    assert_eq!(run(&link).status, Some(0));
    set_mode(&places[1], 0o777);
    run(&link).assert_refused(125, &["outer/inner is writable by everybody"]);
    // In a sticky directory others cannot replace it.
    set_mode(&places[1], 0o1777);
    assert_eq!(run(&link).status, Some(0));
    stage.assert_clean(&[]);
}

#[test]
fn a_library_that_is_anothers_is_refused() {
    if !geteuid().is_root() {
        eprintln!("only root can give files away: nothing to test as another user");
        return;
    }
    let stage = Stage::new();
    let places = library(&stage);
    for place in &places {
        chown(place, Some(SOMEBODY), None).expect("root may");
        let run = stage.glxrun().arg("--library").arg(&places[0]).arg("true").run();
        run.assert_refused(125, &[&place.to_string_lossy(), "belongs to user 54321"]);
        chown(place, Some(0), Some(SOMEBODY)).expect("root may");
        let usual = place.metadata().expect("it is there").mode();
        set_mode(place, usual | 0o020);
        let run = stage.glxrun().arg("--library").arg(&places[0]).arg("true").run();
        run.assert_refused(125, &[&place.to_string_lossy(), "is writable by group 54321"]);
        chown(place, Some(0), Some(0)).expect("root may");
        assert_eq!(stage.glxrun().arg("--library").arg(&places[0]).arg("true").run().status, Some(0));
        set_mode(place, usual);
    }
}

/// As /usr/local is on older Debian systems: of a group that has nobody in it.
#[test]
fn a_group_without_members_changes_nothing() {
    if !geteuid().is_root() {
        eprintln!("only root can give files away: nothing to test as another user");
        return;
    }
    let stage = Stage::new();
    let places = library(&stage);
    let groups = fs::read_to_string("/etc/group").expect("a list of groups");
    let mut fields = groups.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let staff = fields.find(|fields| fields[0] == "staff").expect("Debian's groups");
    chown(&places[1], Some(0), staff[2].parse().ok()).expect("root may");
    set_mode(&places[1], 0o2775);
    let run = stage.glxrun().arg("--library").arg(&places[0]).arg("true").run();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
}

/// ld.so(8): LD_PRELOAD is ignored in secure-execution mode.
#[test]
fn a_program_that_nothing_can_be_preloaded_into_is_told() {
    let stage = Stage::new();
    let program = if geteuid().is_root() {
        let program = stage.path("true");
        fs::copy(tool("true", "coreutils"), &program).expect("a copy");
        // Set-user-ID for a user who can reach it.
        set_mode(stage.path("").as_path(), 0o755);
        chown(&program, Some(SOMEBODY), None).expect("root may");
        set_mode(&program, 0o4755);
        vec![program.into_os_string()]
    } else {
        vec![tool("su", "util-linux").into_os_string(), "--version".into()]
    };
    let run = stage.glxrun().args(program).run();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("set-user-ID") && run.stderr.contains("drops LD_PRELOAD"), "{}", run.stderr);
    let usual = stage.glxrun().arg("true").run();
    assert!(!usual.stderr.contains("LD_PRELOAD"), "{}", usual.stderr);
}

#[test]
fn nobody_else_can_read_what_a_run_makes() {
    let stage = Stage::new();
    // With the most generous umask, and a file of records where the user wants it.
    let records = stage.path("records");
    let look = "find $TMPDIR /dev/shm/glxrun-* -mindepth 0 -printf '%m %y %p\\n' 2>/dev/null; stat -c '%a f %n' \"$0\"";
    let script = format!("umask 000; exec \"$0\" --records {0} sh -c '{look}' {0}", records.display());
    let script = script.replace("'%m %y %p\\n'", "\"%m %y %p\\n\"").replace("'%a f %n'", "\"%a f %n\"");
    let mut command = stage.dress(std::process::Command::new("sh"));
    let run = command.arg("-c").arg(script).arg(common::GLXRUN).run();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let tmpdir = stage.tmpdir().to_string_lossy().into_owned();
    let made: Vec<_> = run.stdout.lines().filter(|line| !line.ends_with(&format!(" {tmpdir}"))).collect();
    for needed in ["/counters", "/records", "auth", "/about"] {
        assert!(made.iter().any(|line| line.contains(needed)), "no {needed} in {made:#?}");
    }
    // What else lies in a directory of mode 0700 is out of reach whatever its own mode is.
    let private = |line: &&&str| {
        let name = line.rsplit('/').next().unwrap_or_default();
        name.starts_with("glxrun-")
            || ["counters", "records", "about"].contains(&name)
            || name.contains("auth")
    };
    for line in made.iter().filter(private) {
        assert!(line.starts_with("700 d") || line.starts_with("600 f"), "{line}");
    }
}

/// A directory in /tmp that looks like a run's, in which a fifo would make whoever opens it wait.
#[test]
fn top_looks_at_no_files_of_others() {
    let stage = Stage::new();
    let plant = |name: &str, mode: u32| {
        let place = stage.tmpdir().join(name);
        fs::create_dir(&place).expect("a directory");
        let fifo = place.join("about");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).expect("a fifo");
        set_mode(&place, mode);
        place
    };
    plant("glxrun-open", 0o755);
    let others = plant("glxrun-others", 0o700);
    if geteuid().is_root() {
        chown(&others, Some(SOMEBODY), None).expect("root may");
    } else {
        set_mode(&others, 0o750);
    }
    let run = stage.glxrun().args(["top", "--once", "--interval", "0.1"]).run();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    for place in ["glxrun-open", "glxrun-others"] {
        fs::remove_dir_all(stage.tmpdir().join(place)).expect("the test's own");
    }
}

#[test]
fn servers_listen_on_no_network_address() {
    let stage = Stage::new();
    let mut run = stage.glxrun().args(["sh", "-c", "echo ready; exec sleep 600"]).start();
    assert_eq!(run.line(), "ready");
    let servers = stage.servers();
    assert_eq!(servers.len(), 2, "both servers run");
    let mut listening = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = fs::read_to_string(table).unwrap_or_default();
        // proc(5): state 0A is LISTEN; the tenth field is the socket's inode.
        listening.extend(text.lines().skip(1).filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            (fields.get(3) == Some(&"0A")).then(|| format!("socket:[{}]", fields[9]))
        }));
    }
    for server in servers {
        let open = fs::read_dir(format!("/proc/{}/fd", server.as_raw_pid())).expect("its descriptors");
        for descriptor in open.flatten() {
            let Ok(target) = fs::read_link(descriptor.path()) else { continue };
            let target = target.to_string_lossy().into_owned();
            assert!(!listening.contains(&target), "server {server:?} listens on TCP: {target}");
        }
    }
    run.kill(rustix::process::Signal::TERM);
    run.end();
}
