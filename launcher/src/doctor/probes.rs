//! Questions that may hang or crash whoever asks: drivers and X servers. A child process asks, with a time limit.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use glxrun_contract::settings::{Audience, TABLE};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use serde::de::DeserializeOwned;

use crate::Variable;
use crate::failure::Failure;
use crate::scratch::Scratch;
use crate::signals::Signals;

/// How long a process may take to end once it was asked to.
const END: Duration = Duration::from_secs(2);

/// Runs probes: this program again, as `glxrun doctor --probe NAME`.
pub struct Probes<'a> {
    pub scratch: &'a Scratch,
    pub signals: &'a mut Signals,
    /// How long one may take.
    pub limit: Duration,
    /// What leads to the 2D side.
    pub variables: Vec<Variable>,
    /// What glxrun said in the last one, without its mark.
    pub said: String,
}

/// What came of a probe: its answer, or in words why there is none.
pub type Answer<T> = Result<T, String>;

impl Probes<'_> {
    /// Asks a probe.
    pub fn ask<T: DeserializeOwned>(&mut self, probe: &str, words: &[&OsStr]) -> Result<Answer<T>, Failure> {
        let command = self.probe(probe)?;
        self.run(command, words)
    }

    /// Runs a probe by glxrun, as a user would run a program, with these options and variables.
    pub fn ask_split<T: DeserializeOwned>(
        &mut self,
        options: &[&str],
        variables: &[Variable],
        probe: &str,
    ) -> Result<Answer<T>, Failure> {
        let inner = self.probe(probe)?;
        let mut command = Command::new(inner.get_program());
        command.args(options).arg("--").arg(inner.get_program()).args(inner.get_args());
        for setting in TABLE {
            // What asks for files, or would hold the probe up.
            let ours = setting.audience == Audience::Launcher && !WANTED.contains(&setting.env);
            if ours || matches!(setting.env, "GLXRUN_PAUSE_AT_FRAME" | "GLXRUN_MODE" | "GLXRUN_DISPLAY3D") {
                command.env_remove(setting.env);
            }
        }
        command.envs(variables.iter().cloned());
        self.run(command, &[])
    }

    fn probe(&self, name: &str) -> Result<Command, Failure> {
        let mut command =
            Command::new(std::env::current_exe().context("cannot tell where glxrun is installed")?);
        command.args(["doctor", "--probe", name]);
        Ok(command)
    }

    fn run<T: DeserializeOwned>(
        &mut self,
        mut command: Command,
        words: &[&OsStr],
    ) -> Result<Answer<T>, Failure> {
        // Files rather than pipes: a driver may have more to say than a pipe holds.
        let [output, messages] = ["probe.out", "probe.err"].map(|name| self.scratch.file(name));
        let create = |path: &std::path::Path| File::create(path).context("cannot make a file");
        command.args(words).envs(self.variables.iter().cloned());
        command.stdin(Stdio::null()).stdout(create(&output)?).stderr(create(&messages)?).process_group(0);
        let parent = rustix::process::getpid();
        let inherited = self.signals.inherited();
        let prepare = move || {
            inherited.restore()?;
            rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
            if rustix::process::getppid() == Some(parent) {
                Ok(())
            } else {
                Err(std::io::ErrorKind::Interrupted.into())
            }
        };
        // SAFETY: between fork and exec, `prepare` only makes system calls.
        unsafe { command.pre_exec(prepare) };
        let mut child = command.spawn().context("cannot start a probe")?;
        let group = Pid::from_child(&child);
        let pidfd = pidfd_open(group, PidfdFlags::empty()).context("cannot watch a probe")?;
        let ended = self.signals.wait_for(pidfd.as_fd(), self.limit);
        if !matches!(ended, Ok(true)) {
            // Kindly first: a glxrun among them has things to put away.
            let _ = kill_process_group(group, Signal::TERM);
            if !matches!(self.signals.wait_for(pidfd.as_fd(), END), Ok(true)) {
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
        let status = child.wait().context("cannot wait for a probe")?;
        if !ended? {
            return Ok(Err(format!("no answer within {} seconds", self.limit.as_secs())));
        }
        let read = |path| std::fs::read(path).map(|text| String::from_utf8_lossy(&text).into_owned());
        let messages = read(&messages).unwrap_or_default();
        self.said = last_line(&messages, "");
        if let Some(signal) = status.signal() {
            return Ok(Err(format!("it was ended by signal {signal}{}", last_line(&messages, ": "))));
        }
        let told = serde_json::from_str(&read(&output).unwrap_or_default());
        Ok(told.map_err(|_| match (last_line(&messages, ""), status.code()) {
            (line, Some(code)) if line.is_empty() => format!("it ended with status {code} and no word"),
            (line, _) => line,
        }))
    }
}

/// Variables of the launcher that say how a program is run, and not what else is to be made of the run.
const WANTED: [&str; 2] = ["GLXRUN_LIBRARY", "GLXRUN_SIZE"];

/// What a child said at its end: the last line of glxrun's, else the last of all.
fn last_line(messages: &str, before: &str) -> String {
    let lines = || messages.lines().filter(|line| !line.trim().is_empty());
    let ours = lines().filter_map(|line| line.strip_prefix("glxrun: ")).next_back();
    ours.or_else(|| lines().next_back()).map(|line| format!("{before}{line}")).unwrap_or_default()
}
