//! The launcher's files about frames, as a library in the program writes them: counts, records, and the frames that are
//! to be held.

use std::time::Duration;

use crate::counters::{CounterFile, Entry};
use crate::records::RecordFile;
use crate::settings::{Records, Settings};

/// The longest that a frame is held which nobody lets go: whoever looks at it may have ended.
const HOLD: Duration = Duration::from_secs(60);

/// Where a process counts and records its frames.
#[derive(Debug)]
pub struct Frames {
    counters: Option<CounterFile>,
    records: Option<RecordFile>,
    pause_at: u64,
    held: Vec<u64>,
}

impl Frames {
    /// Opens the files that the settings name. One that cannot be opened is told of and done without.
    pub fn open(settings: &Settings) -> Frames {
        let counters = settings.counters.as_ref().and_then(|path| {
            CounterFile::open(path)
                .inspect_err(|error| {
                    let path = path.display();
                    log::warn!("cannot open the counters file {path} ({error}); frames are not counted");
                })
                .ok()
        });
        let records = match &settings.records {
            Records::Auto | Records::Off => None,
            Records::File(path) => RecordFile::open(path)
                .inspect_err(|error| {
                    let path = path.display();
                    log::warn!(
                        "cannot open the file of frame records {path} ({error}); frames are not recorded"
                    );
                })
                .ok(),
        };
        let held = settings.hold_frames.clone();
        Frames { counters, records, pause_at: settings.pause_at_frame, held }
    }

    /// Frame counters for a window: in the launcher's file where there is one.
    pub fn entry(&self, window: u32) -> Entry {
        let claimed = self.counters.as_ref().and_then(|file| file.claim(window));
        claimed.unwrap_or_else(|| Entry::private(window)).recorded_in(self.records.clone())
    }

    /// Whether frame `number` is to stay for a while, or for good.
    pub fn is_held(&self, number: u64) -> bool {
        self.pause_at == number || self.held.contains(&number)
    }

    /// Stops this thread at a frame that is to be held: until the launcher lets it go, or until the process ends.
    pub fn hold(&self, number: u64) {
        if self.pause_at != number {
            if let Some(records) = &self.records {
                records.hold(number, HOLD);
            }
            return;
        }
        loop {
            std::thread::park();
        }
    }
}
