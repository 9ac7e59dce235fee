//! Runs one test in all its ways.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use glxrun_tests::stage::{clean, glxrun};
use glxrun_tests::{Program, XServer};

use crate::plan::Test;
use crate::{Options, Outcomes};

/// A way to run a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arm {
    /// The program draws by itself, on an X server with GLX.
    Direct,
    /// The GLX back end, no GLX on the 2D side.
    Glx,
    /// The GLX back end, GLX on the 2D side too.
    GlxBoth,
    /// The EGL back end, no GLX on the 2D side.
    Egl,
    /// The EGL back end, GLX on the 2D side.
    EglBoth,
}

impl Arm {
    /// All, in the order of running.
    pub const ALL: [Self; 5] = [Self::Direct, Self::Glx, Self::GlxBoth, Self::Egl, Self::EglBoth];

    /// Whether it needs the GLX back end.
    pub fn is_glx(self) -> bool {
        matches!(self, Self::Glx | Self::GlxBoth)
    }
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Direct => "direct",
            Self::Glx => "glx",
            Self::GlxBoth => "glx+2d",
            Self::Egl => "egl",
            Self::EglBoth => "egl+2d",
        })
    }
}

/// What came of it, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// All is as it should be.
    Pass,
    /// Nearly.
    Warn,
    /// The test cannot be run here, as it says.
    Skip,
    /// Something is wrong.
    Fail,
    /// It ended without a result.
    Crash,
    /// It did not end.
    Timeout,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Skip => "skip",
            Self::Fail => "fail",
            Self::Crash => "crash",
            Self::Timeout => "timeout",
        })
    }
}

impl Outcome {
    /// The last result that a piglit test printed: `PIGLIT: {"result": "pass" }`.
    fn of(stdout: &str) -> Self {
        let mut results = stdout.lines().filter_map(|line| line.strip_prefix("PIGLIT: {\"result\": \""));
        match results.next_back().and_then(|rest| rest.split('"').next()) {
            Some("pass") => Self::Pass,
            Some("warn") => Self::Warn,
            Some("skip") => Self::Skip,
            Some("fail") => Self::Fail,
            _ => Self::Crash,
        }
    }
}

/// The X servers of one worker, one test at a time.
pub struct Sides {
    direct: XServer,
    three_d: XServer,
    two_d: XServer,
    two_d_with_glx: XServer,
    egl: String,
    programs: PathBuf,
    limit: Duration,
}

impl Sides {
    /// Starts the servers.
    pub fn start(options: &Options) -> Result<Self> {
        Ok(Self {
            direct: XServer::xvfb().start()?,
            three_d: XServer::xvfb().start()?,
            two_d: XServer::xvfb().without_glx().start()?,
            two_d_with_glx: XServer::xvfb().start()?,
            egl: options.egl.clone(),
            programs: options.programs.clone(),
            limit: Duration::from_secs(options.limit),
        })
    }

    /// Runs a test in these ways; with `quick`, split only if it passes direct. What passes direct and not split is run
    /// once more in both ways, so that a test that fails now and then is not taken for a difference.
    pub fn run(&mut self, test: &Test, arms: &[Arm], quick: bool) -> Result<Outcomes> {
        let mut outcomes = Outcomes::new();
        for &arm in arms {
            let mut outcome = self.outcome(test, arm)?;
            let direct = outcomes.get(&Arm::Direct).copied();
            if direct == Some(Outcome::Pass) && outcome != Outcome::Pass {
                outcome = self.outcome(test, arm)?;
                if outcome != Outcome::Pass {
                    outcomes.insert(Arm::Direct, self.outcome(test, Arm::Direct)?);
                }
            }
            outcomes.insert(arm, outcome);
            if quick && outcomes.get(&Arm::Direct) != Some(&Outcome::Pass) {
                break;
            }
        }
        Ok(outcomes)
    }

    fn outcome(&mut self, test: &Test, arm: Arm) -> Result<Outcome> {
        self.renew()?;
        let ended = Program::start(self.command(test, arm)?)?.finish_within(self.limit)?;
        Ok(ended.map_or(Outcome::Timeout, |ended| Outcome::of(&ended.stdout)))
    }

    /// A test may take its X server down: the next one gets another.
    fn renew(&mut self) -> Result<()> {
        for (server, glx) in [
            (&mut self.direct, true),
            (&mut self.three_d, true),
            (&mut self.two_d, false),
            (&mut self.two_d_with_glx, true),
        ] {
            if !server.is_running()? {
                let options = XServer::xvfb();
                *server = if glx { options } else { options.without_glx() }.start()?;
            }
        }
        Ok(())
    }

    fn command(&self, test: &Test, arm: Arm) -> Result<Command> {
        let program = self.programs.join(&test.program);
        let (server, three_d) = match arm {
            Arm::Direct => {
                let mut command = Command::new(program);
                clean(&mut command);
                self.direct.apply(&mut command);
                command.args(&test.arguments).env("PIGLIT_PLATFORM", test.platform);
                return Ok(command);
            }
            Arm::Glx => (&self.two_d, self.three_d.display()),
            Arm::GlxBoth => (&self.two_d_with_glx, self.three_d.display()),
            Arm::Egl => (&self.two_d, self.egl.clone()),
            Arm::EglBoth => (&self.two_d_with_glx, self.egl.clone()),
        };
        let mut command = glxrun()?;
        server.apply(&mut command);
        command.env("PIGLIT_PLATFORM", test.platform);
        command.args(["-d", &three_d, "--"]).arg(program).args(&test.arguments);
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_result_counts() {
        let printed = "PIGLIT: {\"subtest\": {\"a\" : \"pass\"}}\nPIGLIT: {\"result\": \"fail\" }\n";
        assert_eq!(Outcome::of(printed), Outcome::Fail);
        assert_eq!(Outcome::of("no result"), Outcome::Crash);
    }
}
