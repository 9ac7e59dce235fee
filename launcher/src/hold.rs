//! Pictures of frames by number, of a program that runs: its library holds each of them until it is told to go on.

use std::time::{Duration, Instant};

use glxrun_contract::records::Reader;

use crate::Variable;
use crate::compare::trial::turn;
use crate::failure::Failure;
use crate::launch::Launch;
use crate::picture::Picture;
use crate::signals::Signals;

/// The variable that has the library hold these frames.
pub fn frames(numbers: &[u64]) -> Variable {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    ("GLXRUN_HOLD_FRAMES".into(), numbers.join(",").into())
}

/// Waits for each of the frames, which are in order, and gives its number and picture to `take`. The inner error says in words
/// why it ended before the last one.
pub fn each(
    launch: &mut Launch,
    numbers: &[u64],
    limit: Duration,
    signals: &mut Signals,
    mut take: impl FnMut(u64, Picture) -> anyhow::Result<()>,
) -> Result<Result<(), String>, Failure> {
    let mut reader = Reader::new(launch.records.clone());
    let mut last = (0, 0);
    for number in numbers {
        let deadline = Instant::now() + limit;
        while launch.records.held() < *number {
            let status = turn(launch, signals)?;
            if let Some(newest) = reader.read(true).last() {
                last = (newest.number, newest.window as u32);
            }
            if let Some(status) = status {
                let ended = crate::compare::ended(status);
                return Ok(Err(format!("the program {ended} after frame {}", last.0)));
            }
            if Instant::now() >= deadline {
                return Ok(Err(format!(
                    "it did not come within {} s; the last was {}",
                    limit.as_secs(),
                    last.0
                )));
            }
        }
        // The frame that is held is among the newest.
        let held = reader.read(true).into_iter().rfind(|frame| frame.number == *number);
        let window = held.map_or(last.1, |frame| frame.window as u32);
        let picture = launch
            .sides
            .two()
            .connect()
            .and_then(|connection| Picture::on_screen(&connection, launch.sides.two().screen()?, window));
        let taken = picture.and_then(|picture| take(*number, picture));
        launch.records.release(*number);
        if let Err(error) = taken {
            return Ok(Err(format!("{error:#}")));
        }
    }
    Ok(Ok(()))
}
