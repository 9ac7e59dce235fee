//! From the program's start to its end: signals are passed on, dead children are collected.

use anyhow::Context;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait};
use signal_hook::consts::{SIGCHLD, SIGTSTP};
use signal_hook::low_level::siginfo::Origin;

use crate::child;
use crate::failure::Failure;
use crate::sides::Sides;
use crate::signals::{Signals, Wake, is_ours_alone, stop_ourselves};

/// Waits for the program and gives the exit status that stands for its end.
pub fn until_exit(app: Pid, sides: &mut Sides, signals: &mut Signals) -> Result<u8, Failure> {
    loop {
        if let Some(status) = reap(Some(app), sides) {
            sides.program_ended();
            return Ok(status);
        }
        if let Wake::Signals(received) = signals.wait(None, None).context("cannot wait for the program")? {
            for origin in received {
                pass_on(app, &origin).context("cannot stop")?;
            }
        }
    }
}

/// Collects every child that has ended; the program's exit status if it is among them.
///
/// As the first process of a container we are also given other processes' orphans.
pub fn reap(app: Option<Pid>, sides: &mut Sides) -> Option<u8> {
    let mut exit = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if Some(pid) == app {
            exit = Some(exit_status(status));
        } else {
            sides.process_ended(pid, status);
            child::collected(pid, status);
        }
    }
    exit
}

fn exit_status(status: WaitStatus) -> u8 {
    match status.terminating_signal() {
        Some(signal) => 128 + signal as u8,
        None => status.exit_status().unwrap_or_default() as u8,
    }
}

/// Has the program get a signal that we got.
pub fn pass_on(app: Pid, origin: &Origin) -> std::io::Result<()> {
    if origin.signal == SIGCHLD {
        return Ok(());
    }
    // The program is not collected yet, so its process id is still its own.
    if is_ours_alone(origin)
        && let Some(signal) = Signal::from_named_raw(origin.signal)
    {
        let _ = kill_process(app, signal);
    }
    if origin.signal == SIGTSTP { stop_ourselves() } else { Ok(()) }
}
