//! From diagnostics to a verdict: suppress → level → path filter → sort. Knows no rule's logic and no output format.

mod fingerprint;
pub mod levels;
pub mod suppress;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use ustr::Ustr;

use crate::diagnostic::{Confidence, Diagnostic, Problem};
use crate::source::{FileId, SourceFile, Sources, display_path};
use crate::suppression::Suppression;
use fingerprint::Fingerprints;
pub use levels::{LevelSetting, Levels, Override, PathSet, RuleInfo, Selector};

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

impl Level {
    /// The word for it in configurations and lists.
    pub fn name(self) -> &'static str {
        match self {
            Level::Allow => "allow",
            Level::Warn => "warn",
            Level::Deny => "deny",
        }
    }
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

/// What decides on what is reported and how.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The folder that globs are relative to: the root of the workspace, absolute.
    pub root: PathBuf,
    pub levels: Levels,
    /// What is less certain is not reported.
    pub min_confidence: Confidence,
    /// Paths that are analysed and not reported.
    pub exclude: PathSet,
    /// Files and folders, absolute, that are reported; where there are none, everything is.
    pub only: Vec<PathBuf>,
}

impl Policy {
    /// The path that globs are matched against.
    fn place(&self, file: &SourceFile) -> String {
        display_path(&file.path, &self.root)
    }

    /// The level at which a diagnostic is reported, and its rule's family; `None` where it is not.
    fn verdict(&self, diagnostic: &Diagnostic, file: &SourceFile) -> Option<(Level, Ustr)> {
        let rule = self.levels.rule(diagnostic.rule)?;
        let place = self.place(file);
        let asked = self.only.is_empty() || self.only.iter().any(|path| file.path.starts_with(path));
        let level = self.levels.level(rule, &place);
        let shown = level > Level::Allow
            && asked
            && diagnostic.confidence >= self.min_confidence
            && !self.exclude.contains(&place);
        shown.then(|| (level, rule.family.into()))
    }
}

impl Report {
    /// From diagnostics in any order, and the suppression comments of all files, to what is shown.
    ///
    /// Comments silence before levels count, so that a comment about a rule that is switched off is not called unused. The
    /// occurrences of equal fingerprints are counted over all diagnostics, so that what is silenced, excluded or not asked for
    /// does not change the fingerprints of the rest. A diagnostic whose rule the policy does not know is not shown.
    ///
    /// `summary` says what was read (`files`, `lines`, `problems`); the rest of it is counted here.
    pub fn new<'a>(
        diagnostics: Vec<Diagnostic>,
        suppressions: impl IntoIterator<Item = (FileId, &'a Suppression)>,
        sources: &Sources,
        policy: &Policy,
        summary: Summary,
    ) -> Report {
        let (silenced, faults) = suppress::suppress(&diagnostics, suppressions, sources, policy);
        let mut all: Vec<(Diagnostic, bool)> = std::iter::zip(diagnostics, silenced).collect();
        all.extend(faults.into_iter().map(|fault| (fault, false)));
        in_order(&mut all, sources);

        let mut report =
            Report { findings: Vec::new(), summary: Summary { denied: 0, warned: 0, suppressed: 0, ..summary } };
        let mut fingerprints = Fingerprints::default();
        for (diagnostic, silenced) in all {
            let fingerprint = fingerprints.next(&diagnostic);
            let file = sources.get(diagnostic.primary.span.file);
            match policy.verdict(&diagnostic, file) {
                None => {}
                Some(_) if silenced => report.summary.suppressed += 1,
                Some((level, family)) => report.add(Finding { diagnostic, family, level, fingerprint }),
            }
        }
        report
    }

    fn add(&mut self, finding: Finding) {
        match finding.level {
            Level::Deny => self.summary.denied += 1,
            Level::Warn => self.summary.warned += 1,
            Level::Allow => {}
        }
        self.findings.push(finding);
    }
}

/// Sorts by path, start and rule, and keeps one of those that say the same of the same place.
fn in_order(all: &mut Vec<(Diagnostic, bool)>, sources: &Sources) {
    fn key<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> impl Ord + 'a {
        let span = diagnostic.primary.span;
        (
            &sources.get(span.file).display,
            span.file,
            span.start,
            diagnostic.rule.as_str(),
            span.end,
            &diagnostic.message,
        )
    }
    all.sort_by(|(a, _), (b, _)| key(a, sources).cmp(&key(b, sources)));
    all.dedup_by(|(a, _), (b, _)| key(a, sources) == key(b, sources));
}

#[cfg(test)]
mod tests;
