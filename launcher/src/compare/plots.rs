//! The page's graphs, as SVG. Colours are the page's, by class: `arm0`, `arm1`, ... and `stage0`, `stage1`, ...

use std::fmt::Write;

use glxrun_contract::records::Frame;

use super::figures::{STAGES, named};
use super::report::{ArmReport, Report};
use super::statistics::percentile;

/// The size of a graph, and of the part within its axes, in its own units.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;

/// Points of a line; more cannot be told apart.
const POINTS: usize = 450;
/// Bars of a histogram.
const BINS: usize = 60;

/// A graph's axes: what is at their ends.
struct Axes {
    x: (f64, f64),
    y: (f64, f64),
}

impl Axes {
    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let part =
            |value: f64, (low, high): (f64, f64)| ((value - low) / (high - low).max(1e-9)).clamp(0.0, 1.0);
        (
            LEFT + part(x, self.x) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - part(y, self.y) * (HEIGHT - TOP - BOTTOM),
        )
    }

    /// The start of a graph: its title for those who do not see it, lines and numbers.
    fn open(&self, title: &str, x_label: &str, y_label: &str) -> String {
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>"
        );
        for value in ticks(self.y, 4) {
            let (x, y) = self.place(self.x.0, value);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT,
                x - 6.0,
                y + 4.0,
                number(value)
            );
        }
        for value in ticks(self.x, 8) {
            let (x, y) = self.place(value, self.y.0);
            let _ = write!(
                svg,
                "<text class=\"tick\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                y + 16.0,
                number(value)
            );
        }
        let _ = write!(
            svg,
            "<text class=\"label\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{x_label}</text>\
             <text class=\"label\" text-anchor=\"middle\" transform=\"translate(14 {:.1}) rotate(-90)\">{y_label}</text>",
            (LEFT + WIDTH) / 2.0,
            HEIGHT - 6.0,
            (HEIGHT - BOTTOM) / 2.0
        );
        svg
    }
}

/// Round numbers between two ends, about `count` of them.
fn ticks((low, high): (f64, f64), count: usize) -> Vec<f64> {
    let rough = ((high - low) / count as f64).max(1e-9);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * power).find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last.min(first + 50)).map(|index| index as f64 * step).collect()
}

fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Frame times of each arm's last run: seconds since the measured part began, and milliseconds.
fn last_runs(report: &Report) -> Vec<(usize, Vec<(f64, f64)>)> {
    let of = |arm: &ArmReport| -> Option<Vec<(f64, f64)>> {
        let run = arm.runs.iter().flatten().rfind(|run| !run.figures.is_empty())?;
        let (from, to) = run.trial.measured;
        let mut entered: Vec<u64> =
            run.trial.main_window().iter().map(|frame: &Frame| frame.times[0]).collect();
        entered.retain(|time| *time > from && *time <= to);
        entered.sort_unstable();
        let times =
            entered.windows(2).map(|pair| ((pair[1] - from) as f64 / 1e9, (pair[1] - pair[0]) as f64 / 1e6));
        Some(times.collect())
    };
    report.arms.iter().enumerate().filter_map(|(index, arm)| Some((index, of(arm)?))).collect()
}

/// What a frame may take to be in sight in graphs of frame times, in ms.
fn tallest(runs: &[(usize, Vec<(f64, f64)>)], percent: f64) -> f64 {
    let of_run = runs.iter().filter_map(|(_, points)| {
        let mut times: Vec<f64> = points.iter().map(|(_, ms)| *ms).collect();
        times.sort_by(f64::total_cmp);
        percentile(&times, percent)
    });
    of_run.fold(0.001, f64::max) * 1.15
}

/// Frame time over time. Where several frames share a point the longest is drawn: it is the one that is felt.
pub fn frame_times(report: &Report) -> String {
    let runs = last_runs(report);
    let seconds = runs.iter().filter_map(|(_, points)| points.last()).map(|(x, _)| *x).fold(0.1, f64::max);
    let axes = Axes { x: (0.0, seconds), y: (0.0, tallest(&runs, 99.9)) };
    let mut svg = axes.open("Frame time over time", "seconds", "ms");
    for (index, points) in &runs {
        let each = points.len().div_ceil(POINTS).max(1);
        let line: Vec<String> = points
            .chunks(each)
            .filter_map(|chunk| chunk.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1)))
            .map(|(x, y)| axes.place(x, y))
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ =
            write!(svg, "<polyline class=\"line arm{}\" points=\"{}\"/>", index % COLOURS, line.join(" "));
    }
    svg + "</svg>"
}

/// Classes of colours that the page has.
pub const COLOURS: usize = 6;

/// How often frames took how long.
pub fn histogram(report: &Report) -> String {
    let runs = last_runs(report);
    let longest = tallest(&runs, 99.0);
    let bins = |points: &[(f64, f64)]| {
        let mut bins = [0.0; BINS];
        for (_, ms) in points.iter().filter(|(_, ms)| *ms < longest) {
            bins[((ms / longest * BINS as f64) as usize).min(BINS - 1)] += 100.0 / points.len() as f64;
        }
        bins
    };
    let all: Vec<_> = runs.iter().map(|(index, points)| (*index, bins(points))).collect();
    let most = all.iter().flat_map(|(_, bins)| bins).fold(1.0_f64, |most, part| most.max(*part));
    let axes = Axes { x: (0.0, longest), y: (0.0, most * 1.05) };
    let mut svg = axes.open("Histogram of frame times", "ms", "% of frames");
    for (index, bins) in &all {
        let mut steps = Vec::new();
        for (bin, part) in bins.iter().enumerate() {
            for edge in [bin, bin + 1] {
                let (x, y) = axes.place(edge as f64 / BINS as f64 * longest, *part);
                steps.push(format!("{x:.1},{y:.1}"));
            }
        }
        let _ =
            write!(svg, "<polyline class=\"line arm{}\" points=\"{}\"/>", index % COLOURS, steps.join(" "));
    }
    svg + "</svg>"
}

/// Delivered frames a second of each round.
pub fn rounds(report: &Report) -> String {
    let fps = |arm: &ArmReport| -> Vec<Option<f64>> {
        arm.runs.iter().map(|run| run.as_ref()?.figures.get("fps").copied()).collect()
    };
    let most = report.arms.iter().flat_map(fps).flatten().fold(1.0_f64, f64::max);
    let axes = Axes { x: (0.5, report.rounds as f64 + 0.5), y: (0.0, most * 1.1) };
    let mut svg = axes.open("Delivered frames a second in each round", "round", "frames/s");
    let arms = report.arms.len() as f64;
    for (index, arm) in report.arms.iter().enumerate() {
        for (round, fps) in fps(arm).into_iter().enumerate().filter_map(|(round, fps)| Some((round, fps?))) {
            let aside = (index as f64 + 0.5 - arms / 2.0) * 0.5 / arms;
            let (x, y) = axes.place(round as f64 + 1.0 + aside, fps);
            let _ = write!(
                svg,
                "<circle class=\"dot arm{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"><title>{} round {}: {fps:.1}</title></circle>",
                index % COLOURS,
                arm.arm.name,
                round + 1
            );
        }
    }
    svg + "</svg>"
}

/// Where a frame's time goes, a bar for each arm: its stages, or the swap call where there are none.
pub fn stages(report: &Report) -> String {
    const BAR: f64 = 26.0;
    const NAME: f64 = 120.0;
    let parts = |arm: &ArmReport| -> Vec<(usize, &'static str, f64)> {
        let staged = STAGES
            .iter()
            .enumerate()
            .filter_map(|(index, (name, ..))| Some((index, named(name)?.label, *arm.figures.get(name)?)));
        let staged: Vec<_> = staged.collect();
        match arm.figures.get("swap") {
            Some(swap) if staged.is_empty() => vec![(STAGES.len(), "in the swap call", *swap)],
            _ => staged,
        }
    };
    let most =
        report.arms.iter().map(|arm| parts(arm).iter().map(|part| part.2).sum::<f64>()).fold(0.001, f64::max);
    let height = report.arms.len() as f64 * (BAR + 14.0) + 34.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Stages of a frame\"><title>Stages of a frame</title>"
    );
    let wide = |ms: f64| ms / most * (WIDTH - NAME - 90.0);
    for (index, arm) in report.arms.iter().enumerate() {
        let y = index as f64 * (BAR + 14.0) + 6.0;
        let _ = write!(
            svg,
            "<text class=\"label\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            NAME - 8.0,
            y + BAR / 2.0 + 4.0,
            arm.arm.name
        );
        let mut x = NAME;
        for (stage, label, ms) in parts(arm) {
            let _ = write!(
                svg,
                "<rect class=\"stage{stage}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\"><title>{label}: {ms:.3} ms</title></rect>",
                wide(ms).max(0.5)
            );
            x += wide(ms).max(0.5);
        }
        let total: f64 = parts(arm).iter().map(|part| part.2).sum();
        let _ = write!(
            svg,
            "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\">{total:.3} ms</text>",
            x + 6.0,
            y + BAR / 2.0 + 4.0
        );
    }
    let mut x = NAME;
    let labels =
        STAGES.iter().filter_map(|(name, ..)| named(name)).map(|row| row.label).chain(["in the swap call"]);
    for (stage, label) in labels.enumerate() {
        let y = height - 18.0;
        let _ = write!(
            svg,
            "<rect class=\"stage{stage}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"12\" height=\"12\"/>\
             <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\">{label}</text>",
            x + 17.0,
            y + 10.0
        );
        x += 34.0 + 7.0 * label.len() as f64;
    }
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks((0.0, 10.0), 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks((0.0, 0.9), 4), [0.0, 0.5]);
        assert!(ticks((0.5, 5.5), 8).iter().all(|tick| (0.5..=5.5).contains(tick)));
        assert!(ticks((0.0, 0.0), 4).len() < 60);
        assert_eq!((number(0.25), number(10.0), number(100.0)), ("0.25".into(), "10".into(), "100".into()));
    }
}
