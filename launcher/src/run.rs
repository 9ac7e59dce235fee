//! A program that runs on both sides, and what watches it meanwhile.

use std::path::Path;

use anyhow::Context;
use glxrun_contract::counters::CounterFile;
use glxrun_contract::settings::Settings;
use rustix::process::{Pid, Signal, kill_process};

use crate::cli::Order;
use crate::failure::Failure;
use crate::record::Recording;
use crate::scratch::Scratch;
use crate::shot::Shot;
use crate::sides::Sides;
use crate::signals::Signals;
use crate::stats::Stats;
use crate::{library, program};

/// The program, its counters' readers.
pub struct Running {
    /// The program's process.
    pub app: Pid,
    stats: Option<Stats>,
    shot: Option<Shot>,
    recording: Option<Recording>,
}

impl Running {
    /// Starts the program with the library at this path, and what the settings ask for beside it.
    pub fn start(
        order: Order,
        library: &Path,
        sides: &Sides,
        scratch: &Scratch,
        signals: &Signals,
    ) -> Result<Running, Failure> {
        let Order { settings, flags, program, args } = order;
        let mut variables = flags;
        variables.push(library::preload(library, scratch)?);
        variables.extend(sides.variables());
        variables.extend(scratch.runtime_dir()?);
        let counters = counters(&settings, scratch)?;
        if counters.is_some() {
            variables.push(("GLXRUN_COUNTERS".into(), scratch.counters().into()));
        }
        let mut recording = None;
        if let Some((started, socket)) = Recording::start(&settings, scratch)? {
            variables.push(("GLXRUN_TAP".into(), socket.into()));
            recording = Some(started);
        }
        let app = program::spawn(&program, &args, variables, signals.inherited())?;
        let stats = counters.as_ref().and_then(|counters| Stats::start(&settings, counters));
        let shot = counters.as_ref().and_then(|counters| Shot::start(&settings, counters, sides.two()));
        Ok(Running { app, stats, shot, recording })
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        if let Some(signal) = Signal::from_named_raw(signal) {
            let _ = kill_process(self.app, signal);
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

/// The counters file, where something will read it.
fn counters(settings: &Settings, scratch: &Scratch) -> Result<Option<CounterFile>, Failure> {
    if settings.stats.is_none() && settings.shot.is_none() {
        return Ok(None);
    }
    let path = scratch.counters();
    let file = CounterFile::create(&path);
    Ok(Some(file.with_context(|| format!("cannot make the counters file {}", path.display()))?))
}
