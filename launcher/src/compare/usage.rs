//! What a run uses: CPU time and memory of the program's processes and of the X servers, and the GPU.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use nvml_wrapper::Nvml;
use procfs::WithCurrentSystemInfo;
use procfs::process::{Process, Stat, all_processes};

/// CPU time and memory of a set of processes at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Use {
    /// User and system time so far, with that of children that have ended.
    pub cpu: Duration,
    /// Resident memory, in bytes. Pages that processes share count in each.
    pub memory: u64,
}

/// What both sides of a run use at a moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// CLOCK_MONOTONIC in nanoseconds.
    pub time: u64,
    /// The program and everything it started.
    pub app: Use,
    /// The X servers.
    pub servers: Use,
}

impl Sample {
    /// Looks at the program of process id `app` with its descendants and `others` that its frames came from, and at the X servers.
    pub fn take(app: i32, others: &HashSet<i32>, servers: &[i32]) -> Sample {
        let stats = processes();
        let family = descendants(&stats, app);
        let all = family.iter().chain(others.iter().filter(|pid| !family.contains(pid)));
        Sample {
            time: glxrun_contract::counters::now(),
            app: total(&stats, all.copied()),
            servers: total(&stats, servers.iter().copied()),
        }
    }
}

fn processes() -> HashMap<i32, Stat> {
    let stats =
        all_processes().into_iter().flatten().flatten().filter_map(|process: Process| process.stat().ok());
    stats.map(|stat| (stat.pid, stat)).collect()
}

/// The process and all below it, itself first.
fn descendants(stats: &HashMap<i32, Stat>, root: i32) -> Vec<i32> {
    let mut family = vec![root];
    let mut next = 0;
    while next < family.len() {
        let parent = family[next];
        family.extend(stats.values().filter(|stat| stat.ppid == parent).map(|stat| stat.pid));
        next += 1;
    }
    family
}

/// Whether a process runs: it is neither gone nor a zombie.
pub fn runs(pid: i32) -> bool {
    Process::new(pid).and_then(|process| process.stat()).is_ok_and(|stat| stat.state != 'Z')
}

/// The process and all below it, as things are now.
pub fn family(root: i32) -> Vec<i32> {
    descendants(&processes(), root)
}

fn total(stats: &HashMap<i32, Stat>, pids: impl Iterator<Item = i32>) -> Use {
    let tick = Duration::from_secs(1) / procfs::ticks_per_second() as u32;
    pids.filter_map(|pid| stats.get(&pid)).fold(Use::default(), |sum, stat| {
        let ended = (stat.cutime + stat.cstime).max(0) as u64;
        Use {
            cpu: sum.cpu + tick * (stat.utime + stat.stime + ended) as u32,
            memory: sum.memory + stat.rss_bytes().get(),
        }
    })
}

/// The NVIDIA GPUs, where their management library is installed.
pub struct Gpus(Option<Nvml>);

/// A GPU at a moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct GpuUse {
    /// Percent of the last sampling period in which something ran on it.
    pub busy: f64,
    /// Bytes in use, by whoever.
    pub memory: u64,
}

impl Gpus {
    /// Loads the library; machines without it have no GPUs here.
    pub fn open() -> Gpus {
        Gpus(Nvml::init().ok())
    }

    /// Each GPU's name.
    pub fn names(&self) -> Vec<String> {
        let Some(nvml) = &self.0 else { return Vec::new() };
        let count = nvml.device_count().unwrap_or(0);
        (0..count).filter_map(|index| nvml.device_by_index(index).ok()?.name().ok()).collect()
    }

    /// The driver's version.
    pub fn driver(&self) -> Option<String> {
        self.0.as_ref()?.sys_driver_version().ok()
    }

    /// The busiest one now.
    pub fn busiest(&self) -> Option<GpuUse> {
        let nvml = self.0.as_ref()?;
        let count = nvml.device_count().ok()?;
        let uses = (0..count).filter_map(|index| {
            let device = nvml.device_by_index(index).ok()?;
            let busy = f64::from(device.utilization_rates().ok()?.gpu);
            Some(GpuUse { busy, memory: device.memory_info().ok()?.used })
        });
        uses.max_by(|a, b| a.busy.total_cmp(&b.busy).then(a.memory.cmp(&b.memory)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let pid = std::process::id() as i32;
        let sample = Sample::take(pid, &HashSet::new(), &[]);
        assert!(sample.app.memory > 100_000, "{sample:?}");
        assert_eq!(sample.servers, Use::default());
    }

    #[test]
    fn a_family_is_found_whatever_its_order() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("sleep");
        let family = family(std::process::id() as i32);
        assert!(family.contains(&(child.id() as i32)), "{family:?}");
        child.kill().expect("the child is there");
        child.wait().expect("its end");
    }
}
