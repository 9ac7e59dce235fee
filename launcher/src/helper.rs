//! Programs beside a 2D side that we start, such as a window manager: started again when they end, in a session.

use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use rustix::process::{Pid, WaitStatus};

use crate::child::{Backoff, Child};

/// Makes the command that starts a helper. It says where standard input comes from.
type Recipe = Box<dyn Fn() -> io::Result<Command>>;

/// A running helper; ended on drop.
pub struct Helper {
    what: String,
    recipe: Recipe,
    log: PathBuf,
    child: Child,
    backoff: Backoff,
}

impl Helper {
    /// Starts it. `what` names it in sentences, `log` gets its output.
    pub fn start(
        what: String,
        log: PathBuf,
        recipe: impl Fn() -> io::Result<Command> + 'static,
    ) -> Result<Helper> {
        let child = spawn(&what, &log, &recipe)?;
        Ok(Helper { what, recipe: Box::new(recipe), log, child, backoff: Backoff::new() })
    }

    /// Its process.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Its process id.
    pub fn process(&self) -> Pid {
        self.child.pid()
    }

    /// Whether it runs, as far as is known.
    pub fn is_running(&self) -> bool {
        !self.child.has_ended()
    }

    /// What it is called in sentences.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Takes note that a process has ended; gives a sentence if it was this one.
    pub fn note_end(&mut self, pid: Pid, status: WaitStatus) -> Option<String> {
        let news = self.child.note_end(pid, status);
        if news.is_some() {
            self.backoff.failed();
        }
        news
    }

    /// When it is to be started again, if it has ended.
    pub fn due(&self) -> Option<Instant> {
        self.backoff.due()
    }

    /// Starts it again, after its end.
    pub fn restart(&mut self) -> Result<()> {
        self.backoff.starts();
        match spawn(&self.what, &self.log, &self.recipe) {
            Ok(child) => self.child = child,
            Err(error) => {
                self.backoff.failed();
                return Err(error);
            }
        }
        Ok(())
    }
}

fn spawn(what: &str, log: &std::path::Path, recipe: &dyn Fn() -> io::Result<Command>) -> Result<Child> {
    let started = recipe().and_then(|command| Child::spawn(command, what.to_owned(), log.to_owned(), None));
    started.with_context(|| format!("cannot start {what}"))
}
