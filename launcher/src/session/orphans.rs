//! Processes that programs leave behind: a session is their parent from then on, and ends them with itself.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid};

use crate::child::END;

/// Has orphans among our descendants become our children, as they are the first process's in a container anyway.
pub fn adopt() {
    let _ = set_child_subreaper(Some(getpid()));
}

/// Ends all children but these, and those that become ours meanwhile: first kindly.
pub fn end(except: &[Pid]) {
    let deadline = Instant::now() + END;
    let mut asked = HashSet::new();
    loop {
        let mut left = 0;
        for child in children().into_iter().filter(|child| !except.contains(child)) {
            if !matches!(waitpid(Some(child), WaitOptions::NOHANG), Ok(None)) {
                continue;
            }
            left += 1;
            if Instant::now() >= deadline {
                let _ = kill_process(child, Signal::KILL);
            } else if asked.insert(child) {
                let _ = kill_process(child, Signal::TERM);
                // One that is stopped would never hear of it.
                let _ = kill_process(child, Signal::CONT);
            }
        }
        if left == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Our children, zombies included.
fn children() -> Vec<Pid> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ours = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        parent == Some(getpid().as_raw_pid())
    };
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(ours).filter_map(Pid::from_raw).collect()
}
