//! Signals reach the program once, and the program finds its signals as glxrun found them.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use common::{GLXRUN, Runs, Stage, Xvfb, read, state, tool, until};
use rustix::process::{Pid, Signal, kill_process};

/// Prints each signal that it gets. `wait` is what a trap interrupts at once.
const LISTENER: &str = "
    for signal in TERM INT HUP QUIT USR1 USR2 ALRM WINCH CONT; do trap \"echo $signal\" $signal; done
    trap 'exit 7' PWR
    echo $$
    while :; do sleep 1 >/dev/null 2>&1 & wait $!; done";

#[test]
fn signals_are_passed_on_and_do_not_end_glxrun() {
    let stage = Stage::new();
    let mut run = stage.glxrun().args(["sh", "-c", LISTENER]).start();
    let app: i32 = run.line().parse().expect("a process id");
    let signals = [
        (Signal::TERM, "TERM"),
        (Signal::INT, "INT"),
        (Signal::HUP, "HUP"),
        (Signal::QUIT, "QUIT"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
        (Signal::ALARM, "ALRM"),
        (Signal::WINCH, "WINCH"),
        (Signal::CONT, "CONT"),
        // A program that ignores the first keeps getting them.
        (Signal::TERM, "TERM"),
    ];
    for (signal, name) in signals {
        run.kill(signal);
        assert_eq!(run.line(), name);
    }
    kill_process(Pid::from_raw(app).expect("a process"), Signal::POWER).expect("the program runs");
    assert_eq!(run.end().status, Some(7));
    stage.assert_clean(&[]);
}

#[test]
fn a_stop_stops_both_and_a_continue_continues_both() {
    let stage = Stage::new();
    // A process group of its own whose parent can continue it: elsewhere the kernel discards such stops.
    let mut run = stage.glxrun().args(["sh", "-c", LISTENER]).process_group(0).start();
    let app: i32 = run.line().parse().expect("a process id");
    let glxrun = run.pid().as_raw_pid();
    for _ in 0..2 {
        run.kill(Signal::TSTP);
        until("both are stopped", || [app, glxrun].map(state) == [Some('T'), Some('T')]);
        run.kill(Signal::CONT);
        assert_eq!(run.line(), "CONT");
        until("both run", || [app, glxrun].map(state).iter().all(|state| *state != Some('T')));
    }
    kill_process(Pid::from_raw(app).expect("a process"), Signal::POWER).expect("the program runs");
    assert_eq!(run.end().status, Some(7));
}

#[test]
fn what_the_terminal_sends_to_all_is_not_sent_twice() {
    let stage = Stage::new();
    let (mut child, mut master) = on_a_terminal(&stage, LISTENER);
    let mut lines = BufReader::new(master.try_clone().expect("a terminal")).lines();
    let mut line = || lines.next().expect("a line").expect("the terminal");
    let app: i32 = line().parse().expect("a process id");

    master.write_all(b"\x03").expect("Ctrl-C");
    assert_eq!(line(), "INT");
    master.write_all(b"\x1c").expect("Ctrl-\\");
    assert_eq!(line(), "QUIT");
    // A second INT or QUIT would have been sent before this.
    let glxrun = Pid::from_child(&child);
    kill_process(glxrun, Signal::USR1).expect("glxrun runs");
    assert_eq!(line(), "USR1");
    // The servers are in no danger from the terminal.
    assert_eq!(stage.servers().len(), 2);
    kill_process(Pid::from_raw(app).expect("a process"), Signal::POWER).expect("the program runs");
    assert_eq!(child.wait().expect("the end").code(), Some(7));
    stage.assert_clean(&[]);
}

#[test]
fn a_hang_up_that_reaches_only_glxrun_is_passed_on() {
    let stage = Stage::new();
    let (mut child, master) =
        on_a_terminal(&stage, "trap 'exit 9' HUP; echo ready; sleep 600 >/dev/null 2>&1 & wait");
    let mut line = String::new();
    BufReader::new(&master).read_line(&mut line).expect("the terminal");
    assert_eq!(line.trim(), "ready");
    drop(master);
    assert_eq!(child.wait().expect("the end").code(), Some(9));
    stage.assert_clean(&[]);
}

/// glxrun with a shell script, leading the session of a terminal whose other end is given too.
fn on_a_terminal(stage: &Stage, script: &str) -> (Child, fs::File) {
    let (master, slave) = pseudo_terminal();
    let mut command = stage.glxrun();
    command.args(["sh", "-c", &format!("stty -echo -onlcr; {script}")]);
    let copy = || slave.try_clone().expect("a descriptor");
    command.stdin(copy()).stdout(copy());
    let start = move || {
        rustix::process::setsid()?;
        rustix::process::ioctl_tiocsctty(&slave)?;
        Ok(())
    };
    // SAFETY: between fork and exec, `start` only makes system calls.
    let child = unsafe { command.pre_exec(start) }.spawn().expect("glxrun");
    (child, master)
}

/// Both ends of a new pseudo-terminal.
fn pseudo_terminal() -> (fs::File, OwnedFd) {
    let (mut master, mut slave) = (0, 0);
    let none = std::ptr::null_mut();
    // SAFETY: the first two point to live integers, the others may be null.
    let result = unsafe { libc::openpty(&mut master, &mut slave, none, none.cast(), none.cast()) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: both descriptors were just made and belong to nobody else.
    let (master, slave) = unsafe { (OwnedFd::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) };
    for fd in [&master, &slave] {
        rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC).expect("a descriptor");
    }
    (master.into(), slave)
}

#[test]
fn the_program_finds_its_signals_as_glxrun_did() {
    let stage = Stage::new();
    let displays = (Xvfb::without_glx(), Xvfb::with_glx());
    let show = ["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"];
    let odd = ["--ignore-signal=PIPE,HUP,USR1", "--block-signal=CHLD,TERM,USR2"];
    let plain = ["--default-signal", "--default-signal=PIPE"];
    for options in [odd, plain] {
        let bare = stage.dress(Command::new("env")).args(options).args(show).run();
        let mut command = stage.dress(Command::new("env"));
        command.env("DISPLAY", &displays.0.display).args(options).args([GLXRUN, "-d", &displays.1.display]);
        let outcome = command.args(show).run();
        assert_eq!(masks(&outcome.stdout), masks(&bare.stdout), "{}", outcome.stderr);
    }
}

/// Signal sets in the text of /proc/self/status, without 32 and 33, which are the C library's own.
fn masks(status: &str) -> Vec<u64> {
    let sets = status.split_whitespace().filter_map(|word| u64::from_str_radix(word, 16).ok());
    let sets: Vec<u64> = sets.map(|set| set & !(3 << 31)).collect();
    assert_eq!(sets.len(), 2, "{status}");
    sets
}

#[test]
fn an_ignored_hang_up_does_not_end_a_run_that_starts() {
    let stage = Stage::new();
    let mut command = stage.dress(Command::new("env"));
    command.args(["--ignore-signal=HUP", GLXRUN, "sh", "-c", "kill -HUP $PPID; kill -HUP $$; echo alive"]);
    assert_eq!(command.run().stdout, "alive\n");
}

#[test]
fn a_signal_while_servers_start_ends_the_run() {
    let stage = Stage::new();
    fs::create_dir(stage.path("bin")).expect("a directory");
    let started = stage.path("started");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &started,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .expect("a named pipe");
    let sleep = tool("sleep", "coreutils");
    let script = format!("#!/bin/sh\necho $$ >{}\nexec {} 600\n", started.display(), sleep.display());
    stage.script("bin/Xvfb", &script);
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let run = stage.glxrun().env("PATH", stage.path("bin")).arg("/bin/true").start();
        let server = read(&started).trim().parse().expect("a process id");
        run.kill(signal);
        let outcome = run.end();
        outcome.assert_refused(status, &["before the program was started"]);
        assert_eq!(state(server), None, "the server is left");
        stage.assert_clean(&[]);
    }
}
