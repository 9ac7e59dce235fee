//! The table for people.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};

use super::figures::{ROWS, Row};
use super::report::{ArmReport, Report};

/// A line under the heads, and nothing else.
const LINES: TableStyle = TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));

/// Everything that is told on standard output.
pub fn text(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(LINES);
    let names = report.arms.iter().map(|arm| arm.arm.name.as_str());
    table.set_header(
        ["", ""].into_iter().chain(names).map(|name| Cell::new(name).set_alignment(CellAlignment::Right)),
    );
    for row in ROWS.iter().filter(|row| report.arms.iter().any(|arm| arm.figures.contains_key(row.name))) {
        let label =
            if row.unit.is_empty() { row.label.to_owned() } else { format!("{}, {}", row.label, row.unit) };
        let cells =
            report.arms.iter().map(|arm| Cell::new(cell(arm, row)).set_alignment(CellAlignment::Right));
        table.add_row([Cell::new(row.name), Cell::new(label)].into_iter().chain(cells));
    }
    let mut text = format!("{}\n", report.command.join(" "));
    let _ = writeln!(
        text,
        "{}\n{} rounds; of each run counts: {}\n{table}",
        report.machine.line(),
        report.rounds,
        report.span
    );
    for arm in &report.arms {
        let _ = writeln!(text, "{}: {}{}", arm.arm.name, arm.arm.describe(), arm.place);
        for note in &arm.notes {
            let _ = writeln!(text, "    {note}");
        }
        for failure in &arm.failures {
            let _ = writeln!(text, "    FAILED: {failure}");
        }
    }
    for sentence in report.arms.iter().filter_map(|arm| arm.sentence(&report.base)) {
        let _ = writeln!(text, "{sentence}");
    }
    for image in &report.images {
        let mark = if image.passed { "" } else { "FAILED: " };
        let _ = writeln!(
            text,
            "{mark}picture of frame {}, {} and {}: {}",
            image.frame, image.arm, report.base, image.words
        );
    }
    for (condition, holds) in &report.conditions {
        let _ = match holds {
            Some(true) => writeln!(text, "FAILED: {condition}"),
            Some(false) => writeln!(text, "passed: not ({condition})"),
            None => writeln!(text, "UNKNOWN: {condition}"),
        };
    }
    text
}

/// A figure of an arm, and its ratio to the base's.
fn cell(arm: &ArmReport, row: &Row) -> String {
    let Some(value) = arm.figures.get(row.name) else { return "-".to_owned() };
    let mut cell = format!("{value:.*}", row.digits);
    if let Some(ratio) = arm.ratios.get(row.name) {
        let _ = write!(cell, "  x{:.2}", ratio.mean);
    }
    cell
}
