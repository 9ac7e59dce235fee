//! What doctor found, and how it is told.

use serde::{Deserialize, Serialize};

/// What a finding means for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// A program works, but slower or with less than there could be.
    Warning,
    /// A program would not work.
    Failure,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// A short name that stays the same from version to version, such as `gpu-nodes`.
    pub name: String,
    /// What it means.
    pub verdict: Verdict,
    /// What was seen.
    pub evidence: String,
    /// What to do about it; None where all is well.
    pub fix: Option<String>,
}

impl Check {
    /// All is well.
    pub fn ok(name: &str, evidence: impl Into<String>) -> Check {
        Check { name: name.to_owned(), verdict: Verdict::Ok, evidence: evidence.into(), fix: None }
    }

    /// Less than there could be.
    pub fn warning(name: &str, evidence: impl Into<String>, fix: impl Into<String>) -> Check {
        Check { verdict: Verdict::Warning, fix: Some(fix.into()), ..Check::ok(name, evidence) }
    }

    /// A program would not work.
    pub fn failure(name: &str, evidence: impl Into<String>, fix: impl Into<String>) -> Check {
        Check { verdict: Verdict::Failure, ..Check::warning(name, evidence, fix) }
    }
}

/// All findings.
#[derive(Debug, Serialize)]
pub struct Report {
    /// glxrun's version.
    pub version: String,
    /// Whether a program would work: no check has failed.
    pub works: bool,
    /// In the order in which they were made.
    pub checks: Vec<Check>,
}

/// The column where evidence begins.
const INDENT: usize = 27;

impl Report {
    /// From the checks, in the order in which they were made.
    pub fn new(version: &str, checks: Vec<Check>) -> Report {
        let works = checks.iter().all(|check| check.verdict != Verdict::Failure);
        Report { version: version.to_owned(), works, checks }
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }

    /// For people: a line per check, one more per fix, and the outcome.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for check in &self.checks {
            let verdict = match check.verdict {
                Verdict::Ok => "ok",
                Verdict::Warning => "warning",
                Verdict::Failure => "FAILURE",
            };
            text += &format!("{verdict:<8} {:<17} {}\n", check.name, check.evidence);
            if let Some(fix) = &check.fix {
                text += &format!("{:INDENT$}-> {fix}\n", "");
            }
        }
        let several = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
        let warnings = several(self.count(Verdict::Warning), "warning");
        text += &match self.count(Verdict::Failure) {
            0 => format!("\nA program would work here ({warnings}).\n"),
            failures => {
                format!("\nA program would not work here: {} ({warnings}).\n", several(failures, "failure"))
            }
        };
        text
    }

    /// For machines: one JSON object.
    pub fn json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_leave_a_program_working_and_failures_do_not() {
        let mut checks = vec![Check::ok("one", "seen"), Check::warning("two", "odd", "mend it")];
        let report = Report::new("1.0", checks.clone());
        assert!(report.works);
        let text = report.text();
        assert!(text.contains("warning  two               odd\n"), "{text}");
        assert!(text.contains("\n                           -> mend it\n"), "{text}");
        assert!(text.ends_with("A program would work here (1 warning).\n"), "{text}");
        checks.push(Check::failure("three", "gone", "bring it back"));
        let report = Report::new("1.0", checks);
        assert!(!report.works);
        assert!(report.text().contains("would not work here: 1 failure (1 warning)"));
        let json: serde_json::Value = serde_json::from_str(&report.json().expect("JSON")).expect("JSON");
        assert_eq!(json["works"], false);
        assert_eq!(json["checks"][2]["verdict"], "failure");
        assert_eq!(json["checks"][2]["fix"], "bring it back");
        assert_eq!(json["checks"][0]["fix"], serde_json::Value::Null);
    }
}
