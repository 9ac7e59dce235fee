//! What a comparison has found. The table, JSON, CSV, JUnit and the page show this and nothing else.

use std::collections::BTreeMap;

use serde::Serialize;

use super::arms::{Arm, Kind};
use super::figures::{self, Figures, ROWS};
use super::images::Difference;
use super::machine::Machine;
use super::statistics::{Ratio, Verdict};
use super::trial::Trial;

/// All of it.
#[derive(Serialize)]
pub struct Report {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it ran.
    pub machine: Machine,
    /// How many rounds were asked for.
    pub rounds: usize,
    /// What of each run counted, in words.
    pub span: String,
    /// The arms, in the order they were given.
    pub arms: Vec<ArmReport>,
    /// The arm that ratios are to.
    pub base: String,
    /// What the figures are.
    pub definitions: &'static [figures::Row],
    /// Of `--fail-if`: each condition and whether it holds; None if it cannot be told.
    pub conditions: Vec<(String, Option<bool>)>,
    /// Of `--check-images`: each further arm's picture against the base's.
    pub images: Vec<ImageCheck>,
}

/// An arm.
#[derive(Serialize)]
pub struct ArmReport {
    /// Which one.
    pub arm: Arm,
    /// Where it ran and what rendered, in words.
    pub place: String,
    /// The medians of its runs.
    pub figures: Figures,
    /// Each figure's ratio to the base's, from the rounds in which both were measured. Empty for the base.
    pub ratios: BTreeMap<&'static str, Ratio>,
    /// What the ratio of `fps` says.
    pub verdict: Option<Verdict>,
    /// Its runs, by round; None where it was not run any more.
    pub runs: Vec<Option<Run>>,
    /// Why it has no figures, or not those of all rounds.
    pub failures: Vec<String>,
    /// What a reader should know beside.
    pub notes: Vec<String>,
    /// Its picture, if one was taken.
    #[serde(skip)]
    pub picture: Option<crate::picture::Picture>,
}

/// A run of an arm.
#[derive(Serialize)]
pub struct Run {
    /// Its figures; empty if it failed.
    pub figures: Figures,
    /// What counts of it: from, to, in ms since the program's start, as the frames' times in CSV.
    pub measured: (f64, f64),
    #[serde(skip)]
    /// What was seen.
    pub trial: Trial,
}

/// Two arms' pictures of the same frame.
#[derive(Serialize)]
pub struct ImageCheck {
    /// The arm.
    pub arm: String,
    /// The frame.
    pub frame: u64,
    /// How it differs from the base's; None where there were not two pictures of one size.
    pub difference: Option<Difference>,
    /// Whether that is within the tolerance.
    pub passed: bool,
    /// It in words.
    pub words: String,
}

impl Report {
    /// An arm by its name.
    pub fn arm(&self, name: &str) -> Option<&ArmReport> {
        self.arms.iter().find(|arm| arm.arm.name == name)
    }

    /// An arm's figure.
    pub fn figure(&self, arm: &str, name: &str) -> Option<f64> {
        self.arm(arm)?.figures.get(name).copied()
    }

    /// Whether a condition holds, or a picture differs.
    pub fn has_failed(&self) -> bool {
        self.conditions.iter().any(|(_, holds)| *holds == Some(true))
            || self.images.iter().any(|check| !check.passed)
    }

    /// Whether an arm could not be measured as it should, or a condition not be told.
    pub fn is_incomplete(&self) -> bool {
        self.arms.iter().any(|arm| !arm.failures.is_empty())
            || self.conditions.iter().any(|(_, holds)| holds.is_none())
    }

    /// Fills in medians, ratios and verdicts from the runs.
    pub fn conclude(&mut self) {
        let base: Vec<Option<Figures>> = match self.arm(&self.base) {
            Some(base) => base.runs.iter().map(|run| Some(run.as_ref()?.figures.clone())).collect(),
            None => Vec::new(),
        };
        for arm in &mut self.arms {
            let runs: Vec<Figures> = arm.runs.iter().flatten().map(|run| run.figures.clone()).collect();
            arm.figures = figures::medians(&runs);
            if arm.arm.name == self.base {
                continue;
            }
            for row in &ROWS {
                let both = arm.runs.iter().zip(&base).filter_map(|(run, base)| {
                    Some((*run.as_ref()?.figures.get(row.name)?, *base.as_ref()?.get(row.name)?))
                });
                if let Some(ratio) = Ratio::of(&both.collect::<Vec<_>>()) {
                    arm.ratios.insert(row.name, ratio);
                }
            }
            arm.verdict = arm.ratios.get(figures::MAIN).map(Ratio::verdict);
        }
    }
}

impl ArmReport {
    /// An arm without runs.
    pub fn new(arm: Arm) -> ArmReport {
        let notes = match arm.kind {
            Kind::Split => Vec::new(),
            Kind::Direct => {
                vec!["a frame counts as delivered when the driver's swap has returned".to_owned()]
            }
            Kind::VirtualGl => {
                vec!["a frame counts as delivered when VirtualGL's swap has returned".to_owned()]
            }
        };
        ArmReport {
            arm,
            place: String::new(),
            figures: Figures::new(),
            ratios: BTreeMap::new(),
            verdict: None,
            runs: Vec::new(),
            failures: Vec::new(),
            notes,
            picture: None,
        }
    }

    /// What the rounds say about its rate against the base's, in a sentence.
    pub fn sentence(&self, base: &str) -> Option<String> {
        let ratio = self.ratios.get(figures::MAIN)?;
        let name = &self.arm.name;
        let Some(range) = ratio.range() else {
            return Some(format!(
                "{name} delivers {:.2} times the frames of {base} in one round, which says nothing about chance; give more --rounds",
                ratio.mean
            ));
        };
        let percent = (ratio.mean - 1.0) * 100.0;
        Some(match ratio.verdict() {
            Verdict::Higher => format!(
                "{name} delivers {percent:.1} % more frames than {base} (ratio {:.3}, {range})",
                ratio.mean
            ),
            Verdict::Lower => format!(
                "{name} delivers {:.1} % fewer frames than {base} (ratio {:.3}, {range})",
                -percent, ratio.mean
            ),
            Verdict::Same => format!("{name} and {base}: no difference (ratio {:.3}, {range})", ratio.mean),
            Verdict::Noisy | Verdict::Unknown => format!(
                "{name} and {base}: no difference seen, but the rounds vary so much that one may hide (ratio {:.3}, {range}); \
                 a quieter machine or more --rounds would tell",
                ratio.mean
            ),
        })
    }
}
