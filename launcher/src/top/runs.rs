//! The runs that there are, and what their windows did between two looks.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Acquire;
use std::time::Instant;

use glxrun_contract::counters::CounterFile;
use glxrun_contract::records::{Frame, Moment, Reader, RecordFile};
use rustix::fs::{FlockOperation, flock};

use crate::scratch;

/// What is known of all runs.
#[derive(Default)]
pub struct Runs {
    runs: BTreeMap<PathBuf, Run>,
}

/// A run.
struct Run {
    program: String,
    counters: CounterFile,
    reader: Reader,
    looked: Instant,
    windows: BTreeMap<(u64, u64), Window>,
}

/// A window, as of the last look.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// Frames since the run began.
    counts: [u64; 3],
    /// Rendered and delivered frames a second since the look before.
    pub rates: [f64; 2],
    /// Frames that were dropped in that time.
    pub dropped: u64,
    /// Means in ms over the frames of that time: in the swap call, reading back, converting, posting.
    pub stages: [Option<f64>; 4],
}

const STAGES: [(Moment, Moment); 4] = [
    (Moment::Entered, Moment::Left),
    (Moment::Slot, Moment::Read),
    (Moment::Taken, Moment::Sent),
    (Moment::Sent, Moment::Done),
];

impl Runs {
    /// Looks for runs that are new or have ended, and at what the others have done.
    pub fn look(&mut self) {
        self.runs.retain(|directory, _| is_alive(directory));
        for directory in directories() {
            if !self.runs.contains_key(&directory)
                && is_alive(&directory)
                && let Some(run) = Run::open(&directory)
            {
                self.runs.insert(directory, run);
            }
        }
        self.runs.values_mut().for_each(Run::look);
    }

    /// Program, process, window and what it did, of each window that has had a frame.
    pub fn windows(&self) -> impl Iterator<Item = (&str, u64, u64, &Window)> {
        self.runs.values().flat_map(|run| {
            run.windows.iter().map(|((pid, window), state)| (run.program.as_str(), *pid, *window, state))
        })
    }

    /// Programs that have not drawn yet.
    pub fn idle(&self) -> impl Iterator<Item = &str> {
        self.runs.values().filter(|run| run.windows.is_empty()).map(|run| run.program.as_str())
    }
}

impl Run {
    /// None if it has just ended, or is another user's.
    fn open(directory: &Path) -> Option<Run> {
        let about = std::fs::read(directory.join(scratch::ABOUT)).ok()?;
        let words: Vec<String> =
            about.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        Some(Run {
            program: words.join(" ").trim_end().to_owned(),
            counters: CounterFile::open(&directory.join(scratch::COUNTERS)).ok()?,
            reader: Reader::new(RecordFile::open(&directory.join(scratch::RECORDS)).ok()?),
            looked: Instant::now(),
            windows: BTreeMap::new(),
        })
    }

    fn look(&mut self) {
        let seconds = self.looked.elapsed().as_secs_f64().max(0.001);
        self.looked = Instant::now();
        let frames = self.reader.read(false);
        for entry in self.counters.entries() {
            let key = (entry.pid.load(Acquire), entry.window.load(Acquire));
            let counts = [&entry.rendered, &entry.delivered, &entry.dropped].map(|count| count.load(Acquire));
            if counts[0] == 0 {
                continue;
            }
            // At the first look the time before it is not known.
            let before = self.windows.get(&key).map_or(counts, |window| window.counts);
            let since = |index: usize| counts[index].saturating_sub(before[index]);
            let of_window: Vec<&Frame> =
                frames.iter().filter(|frame| (frame.pid, frame.window) == key).collect();
            let window = Window {
                counts,
                rates: [since(0) as f64 / seconds, since(1) as f64 / seconds],
                dropped: since(2),
                stages: STAGES.map(|(begin, end)| mean(&of_window, begin, end)),
            };
            self.windows.insert(key, window);
        }
    }
}

fn mean(frames: &[&Frame], begin: Moment, end: Moment) -> Option<f64> {
    let times: Vec<f64> = frames
        .iter()
        .filter_map(|frame| Some(frame.at(end)?.saturating_sub(frame.at(begin)?) as f64 / 1e6))
        .collect();
    (!times.is_empty()).then(|| times.iter().sum::<f64>() / times.len() as f64)
}

/// The private directories of runs, in the places where glxrun makes them.
fn directories() -> Vec<PathBuf> {
    let mut places = vec![std::env::temp_dir(), PathBuf::from("/tmp")];
    places.extend(std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from));
    places.extend(entries(Path::new("/run/user")));
    places.sort();
    places.dedup();
    // What others have put in a public directory is neither ours nor to be trusted.
    let ours = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(scratch::PREFIX))
            && scratch::is_private(path)
    };
    places.iter().flat_map(|place| entries(place)).filter(ours).collect()
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// Whether the glxrun that made the directory still runs: it then holds a lock.
fn is_alive(directory: &Path) -> bool {
    File::open(directory.join(scratch::ABOUT))
        .is_ok_and(|about| flock(&about, FlockOperation::NonBlockingLockShared).is_err())
}
