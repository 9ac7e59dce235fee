//! The figures of a run. One table names them: what `--fail-if`, JSON, the table and the page show comes from its rows.

use std::collections::BTreeMap;
use std::time::Duration;

use glxrun_contract::records::{Frame, Moment};
use serde::Serialize;

use super::statistics::{median, percentile};
use super::trial::Trial;

/// A row: a figure.
#[derive(Serialize)]
pub struct Row {
    /// Its name in `--fail-if` and JSON.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Its unit, empty for none.
    pub unit: &'static str,
    /// Digits after the decimal point.
    #[serde(skip)]
    pub digits: usize,
    /// Whether more of it is better.
    pub more_is_better: bool,
    /// What it is.
    pub meaning: &'static str,
}

/// The name of the figure that arms are compared by.
pub const MAIN: &str = "fps";

const fn row(
    name: &'static str,
    label: &'static str,
    unit: &'static str,
    digits: usize,
    meaning: &'static str,
) -> Row {
    Row { name, label, unit, digits, more_is_better: false, meaning }
}

/// All figures, in the order in which they are shown.
pub static ROWS: [Row; 23] = [
    Row {
        more_is_better: true,
        ..row("fps", "delivered", "frames/s", 1, "frames put on the window, a second")
    },
    Row {
        more_is_better: true,
        ..row("rendered", "rendered", "frames/s", 1, "frames that the program finished, a second")
    },
    row(
        "p50",
        "frame time, median",
        "ms",
        3,
        "from one swap call to the next: half of the frames took no longer",
    ),
    row("p95", "frame time, 95 %", "ms", 3, "95 of 100 frames took no longer"),
    row("p99", "frame time, 99 %", "ms", 3, "99 of 100 frames took no longer"),
    row("max", "frame time, longest", "ms", 3, "the longest frame"),
    Row {
        more_is_better: true,
        ..row("low", "1 % low", "frames/s", 1, "the rate of the slowest hundredth of the frames")
    },
    row("swap", "in the swap call, median", "ms", 3, "what the program's own thread spends in its swap call"),
    row("swap_p95", "in the swap call, 95 %", "ms", 3, "the same for 95 of 100 frames"),
    row(
        "wait",
        "waiting for room",
        "ms",
        3,
        "from the swap call until there is memory for the frame (median, as all stages)",
    ),
    row("readback", "reading back", "ms", 3, "until the pixels have been read from the 3D side"),
    row("queue", "queued", "ms", 3, "until the posting thread turns to the frame"),
    row("copy", "converting", "ms", 3, "until all is done to the pixels and the X server has been told"),
    row("post", "posting", "ms", 3, "until the X server has put the frame on the window"),
    row(
        "app_cpu",
        "CPU of the program",
        "ms/frame",
        3,
        "CPU time of the program and all it started, per rendered frame",
    ),
    row(
        "server_cpu",
        "CPU of the X servers",
        "ms/frame",
        3,
        "CPU time of the X servers of both sides, per rendered frame",
    ),
    row(
        "app_memory",
        "memory of the program",
        "MiB",
        0,
        "the most resident memory of the program and all it started",
    ),
    row(
        "server_memory",
        "memory of the X servers",
        "MiB",
        0,
        "the most resident memory of the X servers of both sides",
    ),
    row(
        "gpu",
        "GPU busy",
        "%",
        0,
        "how much of the time something ran on the busiest NVIDIA GPU, by whoever",
    ),
    row("gpu_memory", "GPU memory", "MiB", 0, "the most memory in use on it, by whoever"),
    row(
        "startup",
        "start to first frame",
        "ms",
        0,
        "from the program's start until its first frame is on the window",
    ),
    row(
        "latency",
        "input to pixel, median",
        "ms",
        2,
        "from an injected event to a change of the window's pixels (--latency)",
    ),
    row("latency_p95", "input to pixel, 95 %", "ms", 2, "the same for 95 of 100 events"),
];

/// Stages of a frame, by figure, from which moment to which.
pub const STAGES: [(&str, Moment, Moment); 5] = [
    ("wait", Moment::Entered, Moment::Slot),
    ("readback", Moment::Slot, Moment::Read),
    ("queue", Moment::Read, Moment::Taken),
    ("copy", Moment::Taken, Moment::Sent),
    ("post", Moment::Sent, Moment::Done),
];

/// A run's or an arm's figures by name; what could not be told is not there.
pub type Figures = BTreeMap<&'static str, f64>;

/// Frames that a run must have had for its figures to mean anything.
const FEWEST: usize = 3;

/// The figures of a run; an error says why there are none. A program that draws only when something happens has no rates, but a
/// latency.
pub fn of(trial: &Trial) -> Result<Figures, String> {
    let mut figures = Figures::new();
    let rates = frames(trial, &mut figures);
    used(trial, &mut figures);
    let first = trial.frames.iter().filter_map(|frame| frame.at(Moment::Done)).min();
    put(&mut figures, "startup", first.and_then(|first| first.checked_sub(trial.started)).map(ms));
    match &trial.latencies {
        Some(Ok(latencies)) => {
            let latencies = in_order(latencies.iter().copied());
            put(&mut figures, "latency", percentile(&latencies, 50.0));
            put(&mut figures, "latency_p95", percentile(&latencies, 95.0));
        }
        _ => rates?,
    }
    Ok(figures)
}

fn put(figures: &mut Figures, name: &'static str, value: Option<f64>) {
    if let Some(value) = value.filter(|value| value.is_finite()) {
        figures.insert(name, value);
    }
}

/// Rates and times of the frames that count.
fn frames(trial: &Trial, figures: &mut Figures) -> Result<(), String> {
    let (from, to) = trial.measured;
    let all = trial.main_window();
    let counts = |time: &u64| *time > from && *time <= to;
    let frames: Vec<&Frame> = all.iter().filter(|frame| counts(&frame.times[0])).collect();
    let mut shown: Vec<u64> = all.iter().filter_map(|frame| frame.at(Moment::Done)).filter(counts).collect();
    let seconds = to.saturating_sub(from) as f64 / 1e9;
    if frames.len() < FEWEST {
        return Err(format!(
            "only {} of its frames were rendered in the {seconds:.1} s that count; {FEWEST} are needed",
            frames.len()
        ));
    }
    let mut entered: Vec<u64> = frames.iter().map(|frame| frame.times[0]).collect();
    entered.sort_unstable();
    shown.sort_unstable();
    // Of a few, or none, the time between them tells nothing.
    let few = Some(shown.len() as f64 / seconds);
    put(figures, "fps", if shown.len() < FEWEST { few } else { rate(&shown) });
    put(figures, "rendered", rate(&entered));
    let times = in_order(entered.windows(2).map(|pair| ms(pair[1] - pair[0])));
    for (name, percent) in [("p50", 50.0), ("p95", 95.0), ("p99", 99.0), ("max", 100.0)] {
        put(figures, name, percentile(&times, percent));
    }
    let slowest = &times[times.len() - times.len().div_ceil(100)..];
    put(figures, "low", Some(1e3 * slowest.len() as f64 / slowest.iter().sum::<f64>()));
    let swaps = in_order(between(&frames, Moment::Entered, Moment::Left).into_iter());
    put(figures, "swap", percentile(&swaps, 50.0));
    put(figures, "swap_p95", percentile(&swaps, 95.0));
    for (name, begin, end) in STAGES {
        put(figures, name, median(between(&frames, begin, end)));
    }
    Ok(())
}

/// What was used meanwhile.
fn used(trial: &Trial, figures: &mut Figures) {
    if let Some((begin, end)) = &trial.usage {
        let rendered = trial.main_window();
        let meanwhile =
            rendered.iter().filter(|frame| (begin.time..end.time).contains(&frame.times[0])).count();
        if meanwhile >= FEWEST {
            let each = |begin: Duration, end: Duration| {
                Some(end.saturating_sub(begin).as_secs_f64() * 1e3 / meanwhile as f64)
            };
            put(figures, "app_cpu", each(begin.app.cpu, end.app.cpu));
            put(figures, "server_cpu", each(begin.servers.cpu, end.servers.cpu));
        }
        put(figures, "app_memory", Some(mib(end.app.memory)));
        put(figures, "server_memory", Some(mib(end.servers.memory)).filter(|memory| *memory > 0.0));
    }
    if !trial.gpu.is_empty() {
        put(figures, "gpu", Some(trial.gpu.iter().map(|gpu| gpu.busy).sum::<f64>() / trial.gpu.len() as f64));
        put(figures, "gpu_memory", trial.gpu.iter().map(|gpu| mib(gpu.memory)).max_by(f64::total_cmp));
    }
}

/// The figures of an arm: of each the median of its runs.
pub fn medians(runs: &[Figures]) -> Figures {
    let one = |row: &Row| Some((row.name, median(runs.iter().filter_map(|run| run.get(row.name)).copied())?));
    ROWS.iter().filter_map(one).collect()
}

/// The row of a figure.
pub fn named(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// Milliseconds between two moments of the frames that had both.
fn between(frames: &[&Frame], begin: Moment, end: Moment) -> Vec<f64> {
    frames.iter().filter_map(|frame| Some(ms(frame.at(end)?.saturating_sub(frame.at(begin)?)))).collect()
}

/// Events a second between the first and the last.
fn rate(times: &[u64]) -> Option<f64> {
    let span = times.last()? - times.first()?;
    Some((times.len() - 1) as f64 * 1e9 / span as f64)
}

fn in_order(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn ms(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1 << 20) as f64
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::compare::trial::End;

    /// A run of frames at 100 a second, every tenth of which takes twice as long and is dropped.
    fn trial(frames: u64) -> Trial {
        let mut time = 1_000_000_000;
        let frames: Vec<Frame> = (1..=frames)
            .map(|number| {
                let slow = number % 10 == 0;
                time += if slow { 20_000_000 } else { 10_000_000 };
                let mut times =
                    [0, 100_000, 1_100_000, 1_200_000, 1_300_000, 1_800_000, 3_800_000, 0].map(|t| time + t);
                if slow {
                    times[6] = 0
                } else {
                    times[7] = 0
                }
                if slow {
                    times[7] = time + 2_000_000
                }
                Frame { pid: 1, window: 2, number, times }
            })
            .collect();
        Trial {
            end: End::Complete,
            measured: (1_500_000_000, time),
            frames,
            lost: 0,
            started: 800_000_000,
            usage: None,
            gpu: Vec::new(),
            words: Vec::new(),
            latencies: Some(Ok(vec![3.0, 1.0, 2.0])),
        }
    }

    #[test]
    fn figures_are_those_of_the_measured_part() {
        let figures = of(&trial(1000)).expect("figures");
        let near = |name: &str, wanted: f64| {
            let got = figures[name];
            assert!((got - wanted).abs() < 0.01 * wanted, "{name} is {got}, not {wanted}");
        };
        near("rendered", 1000.0 / 11.0);
        near("fps", 900.0 / 11.0);
        for (name, wanted) in [
            ("p50", 10.0),
            ("p95", 20.0),
            ("max", 20.0),
            ("low", 50.0),
            ("swap", 1.2),
            ("wait", 0.1),
            ("readback", 1.0),
            ("queue", 0.2),
            ("copy", 0.5),
            ("post", 2.0),
            ("startup", 213.8),
            ("latency", 2.0),
        ] {
            near(name, wanted);
        }
        assert!(!figures.contains_key("gpu") && !figures.contains_key("app_cpu"));
    }

    proptest! {
        /// Of a program that writes where it should not.
        #[test]
        fn wild_frames_make_finite_figures(
            frames in vec((0..3u64, 0..3u64, any::<u64>(), any::<[u64; 8]>()), 0..40),
            measured in any::<(u64, u64)>(),
            started in any::<u64>(),
        ) {
            let frame = |(pid, window, number, times)| Frame { pid, window, number, times };
            let frames = frames.into_iter().map(frame).collect();
            let figures = of(&Trial { frames, measured, started, latencies: None, ..trial(0) });
            prop_assert!(figures.unwrap_or_default().values().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn too_few_frames_give_no_figures() {
        let mut trial = trial(2);
        let with_latency = of(&trial).expect("it has a latency");
        assert_eq!(with_latency.keys().copied().collect::<Vec<_>>(), ["latency", "latency_p95", "startup"]);
        trial.latencies = None;
        let why = of(&trial).expect_err("two frames tell nothing");
        assert!(why.contains("only 0 of its frames were rendered in"), "{why}");
    }

    #[test]
    fn an_arms_figures_are_the_medians_of_its_runs() {
        let runs = [1.0, 9.0, 2.0].map(|fps| Figures::from([("fps", fps)]));
        assert_eq!(medians(&runs), Figures::from([("fps", 2.0)]));
    }

    #[test]
    fn names_are_unique_and_fit_an_expression() {
        for (index, row) in ROWS.iter().enumerate() {
            assert!(
                row.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
                "{}",
                row.name
            );
            assert!(ROWS[..index].iter().all(|other| other.name != row.name), "{}", row.name);
        }
    }
}
