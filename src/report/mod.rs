//! From diagnostics to a verdict: suppress → level → path filter → sort. Knows no rule's logic and no output format.

use crate::diagnostic::{Diagnostic, Problem};
use serde::{Deserialize, Serialize};
use ustr::Ustr;

/// What a finding means for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Not reported.
    Allow,
    /// Reported; does not decide the exit code.
    Warn,
    /// Reported as an error; the run ends with exit code 1.
    Deny,
}

/// A diagnostic that is reported, with what the configuration made of it.
#[derive(Debug, Clone)]
pub struct Finding {
    pub diagnostic: Diagnostic,
    /// The rule's family: `unclosed`, `creation`, `errors`, `shutdown` or `meta`.
    pub family: Ustr,
    pub level: Level,
    /// Sixteen hex digits from rule, item and subject (and their occurrence, counted from the second on); never from a line.
    pub fingerprint: String,
}

/// What a run saw, counted. Nothing in it varies from run to run on the same bytes.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Rust files analysed.
    pub files: usize,
    /// Lines in them.
    pub lines: usize,
    pub denied: usize,
    pub warned: usize,
    /// Findings silenced by a suppression comment.
    pub suppressed: usize,
    /// What could not be read, and what follows from it.
    pub problems: Vec<Problem>,
}

/// All that is shown at the end of a run, in its final order: path, start, rule.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub findings: Vec<Finding>,
    pub summary: Summary,
}
