//! `--html`: one page that needs nothing else, with graphs and pictures.

use askama::Template;
use base64::Engine;

use super::figures::{ROWS, Row};
use super::images::{Difference, difference_picture};
use super::plots;
use super::report::{ArmReport, Report};
use crate::picture::Picture;

#[derive(Template)]
#[template(path = "compare.html")]
struct Page<'a> {
    report: &'a Report,
    machine: String,
    rows: Vec<(&'static Row, Vec<Cell>)>,
    sentences: Vec<String>,
    frame_times: String,
    histogram: String,
    stages: String,
    rounds: String,
    base_picture: Option<Shown>,
    pictures: Vec<Compared>,
    frame: u64,
}

struct Cell {
    value: String,
    ratio: String,
}

/// A picture as the address of an image.
struct Shown {
    name: String,
    address: String,
    width: u16,
    height: u16,
}

struct Compared {
    own: Shown,
    difference: Option<Shown>,
    words: String,
}

/// The page.
pub fn page(report: &Report, frame: u64) -> anyhow::Result<String> {
    let measured = |row: &&Row| report.arms.iter().any(|arm| arm.figures.contains_key(row.name));
    let cells = |row: &'static Row| (row, report.arms.iter().map(|arm| cell(arm, row)).collect());
    let base = report.arm(&report.base);
    let base_picture = base.and_then(|arm| arm.picture.as_ref());
    let pictures = report
        .arms
        .iter()
        .filter(|arm| arm.arm.name != report.base)
        .filter_map(|arm| compared(arm, base_picture))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let page = Page {
        report,
        machine: report.machine.line(),
        rows: ROWS.iter().filter(measured).map(cells).collect(),
        sentences: report.arms.iter().filter_map(|arm| arm.sentence(&report.base)).collect(),
        frame_times: plots::frame_times(report),
        histogram: plots::histogram(report),
        stages: plots::stages(report),
        rounds: plots::rounds(report),
        base_picture: base_picture.map(|picture| shown(report.base.clone(), picture)).transpose()?,
        pictures,
        frame,
    };
    Ok(page.render()?)
}

fn cell(arm: &ArmReport, row: &Row) -> Cell {
    let value = arm.figures.get(row.name).map_or("–".to_owned(), |value| format!("{value:.*}", row.digits));
    let ratio = arm.ratios.get(row.name).map(|ratio| match ratio.interval {
        Some((low, high)) if high < 100.0 => format!("× {:.2} ({low:.2}–{high:.2})", ratio.mean),
        _ => format!("× {:.2}", ratio.mean),
    });
    Cell { value, ratio: ratio.unwrap_or_default() }
}

fn compared(arm: &ArmReport, base: Option<&Picture>) -> Option<anyhow::Result<Compared>> {
    let own = arm.picture.as_ref()?;
    let name = &arm.arm.name;
    let difference = base.and_then(|base| difference_picture(base, own));
    let words = match base.and_then(|base| Difference::of(base, own)) {
        Some(difference) => difference.words(),
        None => "their sizes differ".to_owned(),
    };
    Some((|| {
        let difference =
            difference.map(|picture| shown(format!("difference of {name}"), &picture)).transpose()?;
        Ok(Compared { own: shown(name.clone(), own)?, difference, words })
    })())
}

fn shown(name: String, picture: &Picture) -> anyhow::Result<Shown> {
    let mut png = Vec::new();
    picture.encode(&mut png)?;
    let data = base64::engine::general_purpose::STANDARD.encode(png);
    Ok(Shown {
        name,
        address: format!("data:image/png;base64,{data}"),
        width: picture.width,
        height: picture.height,
    })
}
