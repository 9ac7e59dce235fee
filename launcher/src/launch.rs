//! Starting a program on two sides, with what counts and records its frames.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use glxrun_contract::counters::CounterFile;
use glxrun_contract::records::RecordFile;
use glxrun_contract::settings::{Records, Settings};
use rustix::fs::{FlockOperation, flock};
use rustix::process::Pid;

use crate::Variable;
use crate::failure::Failure;
use crate::scratch::Scratch;
use crate::sides::{Origin, Sides};
use crate::signals::Signals;
use crate::{library, program, say, trace, trust, vulkan};

/// What is to be run, beside the settings.
pub struct Plan {
    /// The program as it was named.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// The 2D side's name for [`Launch`]; None: one is started.
    pub display: Option<String>,
    /// Variables for it, beside those that lead it to the sides.
    pub variables: Vec<Variable>,
    /// Where its output goes; None: where ours goes.
    pub output: Option<File>,
    /// Frames that there are to be records of at any time.
    pub records: usize,
}

/// A running program and the files about its frames.
pub struct Started {
    /// The program's process.
    pub app: Pid,
    /// Its frames, counted.
    pub counters: CounterFile,
    /// Its frames, recorded.
    pub records: RecordFile,
    about: File,
}

impl Started {
    /// Runs the program on these sides, with the library at this path.
    pub fn start(
        settings: &Settings,
        plan: Plan,
        library: &Path,
        sides: &Sides,
        scratch: &Scratch,
        signals: &Signals,
    ) -> Result<Started, Failure> {
        let file = program::check(&plan.program)?;
        if let Some(why) = trust::drops_preload(&file) {
            say!(
                "{} {why}, so the system drops LD_PRELOAD for it: it runs without glxrun. If it is to start a program as \
                 another user, let it start glxrun with that program",
                file.display()
            );
        }
        let mut variables = plan.variables;
        variables.push(library::preload(library, scratch)?);
        if settings.vulkan
            && let Some(layer) = vulkan::find(library)?
        {
            variables.extend(vulkan::variables(&layer, scratch)?);
        }
        variables.extend(sides.variables());
        variables.extend(scratch.runtime_dir()?);
        variables.extend(trace::prepare(settings.trace.as_deref())?);
        let counters = scratch.counters();
        let failed = |path: &Path| format!("cannot make the file {}", path.display());
        let counter_file = CounterFile::create(&counters).with_context(|| failed(&counters))?;
        variables.push(("GLXRUN_COUNTERS".into(), counters.into()));
        let records = match &settings.records {
            Records::Auto => scratch.records(),
            Records::File(path) => std::path::absolute(path).context("cannot tell the current directory")?,
            // Nobody is told of this one.
            Records::Off => scratch.file("unused"),
        };
        let room = if settings.records == Records::Off { 1 } else { plan.records };
        let record_file = RecordFile::create(&records, room).with_context(|| failed(&records))?;
        if settings.records != Records::Off {
            variables.push(("GLXRUN_RECORDS".into(), records.into()));
        }
        let about = describe(scratch, &plan.program, &plan.args)?;

        record_file.start();
        let app = program::spawn(&plan.program, &plan.args, variables, plan.output, signals.inherited())?;
        Ok(Started { app, counters: counter_file, records: record_file, about })
    }
}

/// A running program and all that was made for it, which is ended or removed on drop. The program itself is not ended.
pub struct Launch {
    /// The program's process.
    pub app: Pid,
    /// What it runs on.
    pub sides: Sides,
    /// Its frames, recorded.
    pub records: RecordFile,
    // After the sides, whose servers have files in there.
    _about: File,
    _scratch: Scratch,
}

impl Launch {
    /// Finds or starts both sides and runs the program on them.
    pub fn start(settings: &Settings, plan: Plan, signals: &mut Signals) -> Result<Launch, Failure> {
        program::check(&plan.program)?;
        let library = library::find(settings.library.as_deref())?;
        let scratch = Scratch::new()?;
        let origin = plan.display.clone().map_or(Origin::Own, Origin::Named);
        let sides = Sides::prepare(settings, origin, &scratch, signals)?;
        let Started { app, records, about, .. } =
            Started::start(settings, plan, &library, &sides, &scratch, signals)?;
        Ok(Launch { app, sides, records, _about: about, _scratch: scratch })
    }
}

/// Leaves a note for `glxrun top`: the program's words, each ended by a NUL. It is locked while this process lives.
fn describe(scratch: &Scratch, program: &OsStr, args: &[OsString]) -> Result<File> {
    let path = scratch.about();
    let options = File::options().write(true).create_new(true).mode(0o600).open(&path);
    let mut about = options.with_context(|| format!("cannot make {}", path.display()))?;
    flock(&about, FlockOperation::NonBlockingLockExclusive).context("cannot lock a file of our own")?;
    let words = std::iter::once(program).chain(args.iter().map(OsString::as_os_str));
    let words: Vec<u8> = words.flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect();
    about.write_all(&words).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(about)
}
