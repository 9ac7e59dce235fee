//! A long run: do memory, descriptors, threads, shared memory and objects of OpenGL and of both X servers stay flat, and is
//! every frame accounted for?
//!
//! The program is `c/soak.c`, which stops to be looked at.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use x11rb::protocol::res::ConnectionExt as _;

use crate::c;
use crate::program::Program;
use crate::screen::Screen;
use crate::server::XServer;
use crate::stage::Counts;

/// The program, compiled.
pub struct Soaker(TempDir);

impl Soaker {
    /// Compiles it.
    pub fn compile() -> Result<Self> {
        let place = tempfile::tempdir()?;
        c::compile("soak.c", &place.path().join("soak"), &["-l:libGL.so.1", "-l:libX11.so.6", "-lpthread"])?;
        Ok(Self(place))
    }

    /// Runs it to its end by `glxrun`, which has `--stats` among its options, and looks at it and at the servers whenever it
    /// stops. It does `what`, for seconds or a number of times.
    pub fn run(&self, mut glxrun: Command, servers: &[&XServer], what: &str, how_much: &str) -> Result<Soak> {
        let screens = servers.iter().map(|server| Screen::connect(server)).collect::<Result<Vec<_>>>()?;
        glxrun.arg("--").arg(self.0.path().join("soak")).args([what, how_much]);
        let (mut program, mut samples) = (Program::start(glxrun)?, Vec::new());
        loop {
            let line = program.line()?;
            if line == "end" {
                break;
            }
            samples.push(Sample::of(&line, &screens).with_context(|| program.report())?);
            program.say("go on")?;
        }
        let counts = Counts::of_windows(&program.wait()?.success()?.stderr);
        Ok(Soak { samples, counts })
    }
}

/// What a process and the X servers have.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Resident memory in KiB, that shared with the X server included.
    pub memory: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
    /// Mapped segments of shared memory.
    pub segments: u64,
    /// Objects of OpenGL in the program's context.
    pub objects: u64,
    /// Resources of all clients at the X servers: attached segments, windows, contexts, pbuffers.
    pub resources: u64,
}

impl Sample {
    /// Looks at the program that said `look PID OBJECTS`.
    fn of(line: &str, screens: &[Screen]) -> Result<Self> {
        let words: Vec<_> = line.split(' ').collect();
        let ["look", pid, objects] = words[..] else { anyhow::bail!("{line:?} is no look") };
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}"));
        let count = |name: &str| std::fs::read_dir(format!("/proc/{pid}/{name}")).map(Iterator::count);
        let status = read("status")?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
        let is_segment = |line: &&str| line.contains("/memfd:glxrun-frame") || line.contains("/SYSV");
        Ok(Self {
            memory: memory.context("no VmRSS")?.parse()?,
            descriptors: count("fd")? as u64,
            threads: count("task")? as u64,
            segments: read("maps")?.lines().filter(is_segment).count() as u64,
            objects: objects.parse()?,
            resources: screens.iter().map(resources).sum::<Result<u64>>()?,
        })
    }
}

/// How many resources an X server keeps for its clients.
fn resources(screen: &Screen) -> Result<u64> {
    let connection = screen.connection();
    let mut count = 0;
    for client in connection.res_query_clients()?.reply()?.clients {
        // A client may be gone by now.
        if let Ok(reply) = connection.res_query_client_resources(client.resource_base)?.reply() {
            count += reply.types.iter().map(|kind| u64::from(kind.count)).sum::<u64>();
        }
    }
    Ok(count)
}

/// What a run gave.
#[derive(Debug)]
pub struct Soak {
    /// At regular times.
    pub samples: Vec<Sample>,
    /// The frames of each window.
    pub counts: Vec<Counts>,
}

impl Soak {
    /// An error unless nothing grew after the first quarter and all frames are accounted for. Memory may by `slack` KiB.
    pub fn check(&self, slack: u64) -> Result<()> {
        for counts in &self.counts {
            ensure!(counts.rendered == counts.delivered + counts.dropped, "{counts:?} does not add up");
        }
        ensure!(self.counts.iter().any(|counts| counts.delivered > 0), "nothing was delivered");
        ensure!(self.samples.len() >= 8, "only {} looks at the program", self.samples.len());
        let (early, late) = self.samples.split_at(self.samples.len() / 4);
        let most = |samples: &[Sample], what: fn(&Sample) -> u64| samples.iter().map(what).max().unwrap_or(0);
        type What = fn(&Sample) -> u64;
        // Buffers come and go as the server keeps up: a few more say nothing, a leak is one more for each frame or window.
        for (name, what, slack) in [
            ("memory", (|sample| sample.memory) as What, slack),
            ("descriptors", |sample| sample.descriptors, 4),
            ("threads", |sample| sample.threads, 0),
            ("segments", |sample| sample.segments, 4),
            ("OpenGL's objects", |sample| sample.objects, 2),
            ("the X servers' resources", |sample| sample.resources, 6),
        ] {
            let (before, after) = (most(early, what), most(late, what));
            ensure!(
                after <= before + slack,
                "{name} grew from {before} to {after}: {:?} ... {:?}",
                self.samples.first(),
                self.samples.last()
            );
        }
        Ok(())
    }
}
