//! The machine that a comparison ran on.

use serde::Serialize;

use super::usage::Gpus;

/// What a reader must know to read the figures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Machine {
    /// The processor, as it names itself, and how many of it.
    pub cpu: String,
    /// How many threads can run at once.
    pub cpus: usize,
    /// Bytes of memory.
    pub memory: u64,
    /// Kernel release.
    pub kernel: String,
    /// NVIDIA's GPUs.
    pub gpus: Vec<String>,
    /// NVIDIA's driver.
    pub driver: Option<String>,
    /// What glxrun this is.
    pub glxrun: String,
    /// Processes that wanted to run in the minute before.
    pub load: f64,
}

impl Machine {
    /// This machine.
    pub fn here(gpus: &Gpus) -> Machine {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model =
            info.lines().find_map(|line| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim()));
        let uname = rustix::system::uname();
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Machine {
            cpu: model.unwrap_or("unknown").to_owned(),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            memory: procfs_memory(),
            kernel: uname.release().to_string_lossy().into_owned(),
            gpus: gpus.names(),
            driver: gpus.driver(),
            glxrun: concat!(env!("CARGO_PKG_VERSION"), env!("GLXRUN_BUILD")).to_owned(),
            load: load.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0.0),
        }
    }

    /// It in a line.
    pub fn line(&self) -> String {
        let gpus = match (&self.gpus[..], &self.driver) {
            ([], _) => "no NVIDIA GPU".to_owned(),
            (gpus, driver) => {
                format!("{}, driver {}", gpus.join(", "), driver.as_deref().unwrap_or("unknown"))
            }
        };
        format!(
            "{} x {}, {:.0} GiB, {gpus}, Linux {}, glxrun {}; load {:.2} before",
            self.cpus,
            self.cpu,
            self.memory as f64 / (1_u64 << 30) as f64,
            self.kernel,
            self.glxrun,
            self.load
        )
    }
}

fn procfs_memory() -> u64 {
    use procfs::Current;
    procfs::Meminfo::current().map_or(0, |memory| memory.mem_total)
}
