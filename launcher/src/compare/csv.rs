//! `--csv`: every frame of every run, a line each.

use std::fmt::Write;

use super::report::Report;

/// The columns. Times are milliseconds since the program's start, empty for what did not happen.
const HEADER: &str = "arm,round,pid,window,frame,counts,entered,slot,read,left,taken,sent,done,dropped\n";

/// The text of the file.
pub fn frames(report: &Report) -> String {
    let mut text = HEADER.to_owned();
    for arm in &report.arms {
        for (round, run) in arm.runs.iter().enumerate() {
            let Some(trial) = run.as_ref().map(|run| &run.trial) else { continue };
            let (from, to) = trial.measured;
            for frame in &trial.frames {
                let counts = u8::from(frame.times[0] > from && frame.times[0] <= to);
                let _ = write!(
                    text,
                    "{},{},{},0x{:x},{},{counts}",
                    arm.arm.name,
                    round + 1,
                    frame.pid,
                    frame.window,
                    frame.number
                );
                for time in frame.times {
                    let _ = match time {
                        0 => write!(text, ","),
                        time => write!(
                            text,
                            ",{:.6}",
                            (i128::from(time) - i128::from(trial.started)) as f64 / 1e6
                        ),
                    };
                }
                text.push('\n');
            }
        }
    }
    text
}
