//! A program that runs on both sides, and what watches it meanwhile.

use std::path::Path;

use glxrun_contract::settings::Settings;
use rustix::process::{Pid, Signal, kill_process};

use crate::failure::Failure;
use crate::launch::{Plan, Started};
use crate::record::Recording;
use crate::scratch::Scratch;
use crate::shot::Shot;
use crate::sides::Sides;
use crate::signals::Signals;
use crate::stats::Stats;

/// The program, and those who look at its frames.
pub struct Running {
    started: Started,
    stats: Option<Stats>,
    shot: Option<Shot>,
    recording: Option<Recording>,
}

impl Running {
    /// Starts the program with the library at this path, and what the settings ask for beside it.
    pub fn start(
        settings: &Settings,
        mut plan: Plan,
        library: &Path,
        sides: &Sides,
        scratch: &Scratch,
        signals: &Signals,
    ) -> Result<Running, Failure> {
        let mut recording = None;
        if let Some((begun, socket)) = Recording::start(settings, scratch)? {
            plan.variables.push(("GLXRUN_TAP".into(), socket.into()));
            recording = Some(begun);
        }
        let started = Started::start(settings, plan, library, sides, scratch, signals)?;
        let stats = Stats::start(settings, &started.counters);
        let shot = Shot::start(settings, &started.counters, sides.two());
        Ok(Running { started, stats, shot, recording })
    }

    /// The program's process.
    pub fn app(&self) -> Pid {
        self.started.app
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        if let Some(signal) = Signal::from_named_raw(signal) {
            let _ = kill_process(self.started.app, signal);
        }
    }

    /// To be called after its end.
    pub fn finish(self) {
        if let Some(recording) = self.recording {
            recording.finish();
        }
        if let Some(shot) = self.shot {
            shot.finish();
        }
        if let Some(stats) = self.stats {
            stats.finish();
        }
    }
}
