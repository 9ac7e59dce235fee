//! The page about frames that failed, beside their pictures.

use askama::Template;

use super::Outcome;

#[derive(Template)]
#[template(path = "golden.html")]
struct Page<'a> {
    program: &'a str,
    passed: usize,
    failed: Vec<&'a Outcome>,
}

/// Its text. The pictures lie beside it.
pub fn text(program: &str, outcomes: &[Outcome]) -> anyhow::Result<String> {
    let (failed, passed): (Vec<&Outcome>, Vec<&Outcome>) =
        outcomes.iter().partition(|outcome| outcome.failure.is_some());
    Ok(Page { program, passed: passed.len(), failed }.render()?)
}
