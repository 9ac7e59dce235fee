//! What a run tells: a line a test as it goes, and at the end what differs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Result;

use crate::Outcomes;
use crate::differences::{Differences, folder};
use crate::plan::{BY_EGL, Test};
use crate::run::{Arm, Outcome};

/// Tells of a test that has been run.
pub fn progress(number: usize, count: usize, test: &Test, outcomes: &Outcomes) {
    let told: Vec<String> = outcomes.iter().map(|(arm, outcome)| format!("{arm} {outcome}")).collect();
    println!("[{number}/{count}] {}: {}", test.name, told.join(", "));
}

/// Tells what differs from direct, and whether that is known. With `other_driver` a test in a window of EGL's must also pass
/// direct in one of GLX's.
pub fn judge(
    results: &BTreeMap<String, Outcomes>,
    differences: &Differences,
    arms: &[Arm],
    whole: bool,
    other_driver: bool,
) -> ExitCode {
    let passes = |outcomes: &Outcomes, arm| outcomes.get(&arm) == Some(&Outcome::Pass);
    println!("\n{} tests", results.len());
    for &arm in arms {
        println!("{arm:>8}: {} pass", results.values().filter(|outcomes| passes(outcomes, arm)).count());
    }
    let mut good = true;
    for (name, outcomes) in results.iter().filter(|(_, outcomes)| passes(outcomes, Arm::Direct)) {
        for (&arm, outcome) in outcomes.iter().filter(|(_, outcome)| **outcome != Outcome::Pass) {
            let twin = name.strip_prefix(BY_EGL).and_then(|twin| results.get(twin)).filter(|_| other_driver);
            if differences.has(name, arm) {
                println!("known: {name}: {arm} {outcome}");
            } else if twin.is_some_and(|twin| !passes(twin, Arm::Direct)) {
                println!("the driver's: {name}: {arm} {outcome}, as by its own GLX");
            } else {
                println!("DIFFERS: {name}: direct pass, {arm} {outcome}");
                good = false;
            }
        }
    }
    // A part of the tests does not tell whether a line is needed for good; a whole run does.
    for name in differences.names() {
        let outcomes = results.get(name);
        let differs = outcomes.is_some_and(|outcomes| {
            arms.iter().any(|&arm| differences.has(name, arm) && !passes(outcomes, arm))
        });
        if !differs && (whole || outcomes.is_some()) {
            println!("NO LONGER TRUE: tests/conformance/differences.txt: {name}");
            good &= !whole;
        }
    }
    println!(
        "{}",
        if good { "Nothing that passes direct fails split, but for what is known." } else { "FAILED" }
    );
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes what a full run gave.
pub fn write(results: &BTreeMap<String, Outcomes>) -> Result<()> {
    let mut text = String::from(
        "# What `make conformance` gave, test by test. Made by it: see tests/conformance/README.md.\n#",
    );
    for arm in Arm::ALL {
        write!(text, " {arm:<7}")?;
    }
    text.push_str(" test\n");
    for (name, outcomes) in results {
        text.push(' ');
        for arm in Arm::ALL {
            let outcome = outcomes.get(&arm).map_or_else(|| "-".to_owned(), Outcome::to_string);
            write!(text, " {outcome:<7}")?;
        }
        writeln!(text, " {name}")?;
    }
    Ok(std::fs::write(folder().join("results.txt"), text)?)
}
