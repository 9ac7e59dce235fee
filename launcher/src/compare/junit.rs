//! `--junit`: the outcome as CI servers show it. A case for each arm, condition and picture.

use quick_junit::{NonSuccessKind, Report as File, TestCase, TestCaseStatus, TestSuite};

use super::report::Report;

/// The text of the file.
pub fn text(report: &Report) -> anyhow::Result<String> {
    let mut cases = Vec::new();
    for arm in &report.arms {
        cases.push((format!("{} was measured", arm.arm.name), arm.failures.join("\n")));
    }
    for (condition, holds) in &report.conditions {
        let words = match holds {
            Some(false) => "",
            Some(true) => "the condition holds",
            None => "a figure of it was not measured",
        };
        cases.push((format!("not: {condition}"), words.to_owned()));
    }
    for image in &report.images {
        let words = if image.passed { String::new() } else { image.words.clone() };
        cases.push((format!("frame {} of {} as of {}", image.frame, image.arm, report.base), words));
    }
    self::cases("glxrun compare", cases.iter().map(|(name, words)| (name.clone(), words.as_str())))
}

/// A file of cases: each one's name, and why it failed or nothing.
pub fn cases<'a>(suite: &str, cases: impl Iterator<Item = (String, &'a str)>) -> anyhow::Result<String> {
    let mut tests = TestSuite::new(suite);
    for (name, words) in cases {
        let mut status = TestCaseStatus::success();
        if !words.is_empty() {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(words);
        }
        let mut case = TestCase::new(name, status);
        case.set_classname(suite);
        tests.add_test_case(case);
    }
    let mut file = File::new(suite);
    file.add_test_suite(tests);
    Ok(file.to_string()?)
}
