//! One JSON document with everything a run found. Its fields are a promise to programs: `docs/output_formats.md` describes each.
//!
//! Every key is always there; what is not known is `null`. Nothing in it varies from run to run on the same bytes.

use std::io;

use serde::Serialize;

use crate::diagnostic::{Applicability, Confidence, Edit, Fix, Label, Problem};
use crate::report::{Finding, Level, Report, Summary};
use crate::source::{Sources, Span};

/// Grows when a field changes its meaning or goes away, not when one is added.
const SCHEMA_VERSION: u32 = 1;

pub(super) fn write(report: &Report, sources: &Sources, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::new(report, sources))?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    diagnostics: Vec<DiagnosticEntry<'a>>,
    summary: SummaryEntry<'a>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct DiagnosticEntry<'a> {
    rule: &'a str,
    family: &'a str,
    level: Level,
    confidence: Confidence,
    message: &'a str,
    note: Option<&'a str>,
    help: Option<&'a str>,
    path: &'a str,
    item: &'a str,
    range: RangeEntry,
    label: &'a str,
    evidence: Vec<LabelEntry<'a>>,
    fixes: Vec<FixEntry<'a>>,
    fingerprint: &'a str,
}

#[derive(Serialize)]
struct LabelEntry<'a> {
    path: &'a str,
    range: RangeEntry,
    label: &'a str,
}

#[derive(Serialize)]
struct FixEntry<'a> {
    title: &'a str,
    applicability: Applicability,
    edits: Vec<EditEntry<'a>>,
}

#[derive(Serialize)]
struct EditEntry<'a> {
    path: &'a str,
    range: RangeEntry,
    content: &'a str,
}

#[derive(Serialize)]
struct SummaryEntry<'a> {
    files: usize,
    lines: usize,
    findings: Counts,
    suppressed: usize,
    skipped: Vec<SkippedEntry<'a>>,
}

#[derive(Serialize)]
struct Counts {
    deny: usize,
    warn: usize,
}

#[derive(Serialize)]
struct SkippedEntry<'a> {
    path: &'a str,
    message: &'a str,
    consequence: &'a str,
    range: Option<RangeEntry>,
}

/// `end` is the place after the last character.
#[derive(Serialize)]
struct RangeEntry {
    start: PlaceEntry,
    end: PlaceEntry,
}

/// `byte` counts from 0 in the file on disk; `line` and `column` (in characters) from 1.
#[derive(Serialize)]
struct PlaceEntry {
    byte: u32,
    line: u32,
    column: u32,
}

impl<'a> Document<'a> {
    fn new(report: &'a Report, sources: &'a Sources) -> Self {
        Document {
            schema_version: SCHEMA_VERSION,
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            diagnostics: report.findings.iter().map(|finding| DiagnosticEntry::new(finding, sources)).collect(),
            summary: SummaryEntry::new(&report.summary, sources),
        }
    }
}

impl<'a> DiagnosticEntry<'a> {
    fn new(finding: &'a Finding, sources: &'a Sources) -> Self {
        let diagnostic = &finding.diagnostic;
        let LabelEntry { path, range, label } = LabelEntry::new(&diagnostic.primary, sources);
        DiagnosticEntry {
            rule: diagnostic.rule.as_str(),
            family: finding.family.as_str(),
            level: finding.level,
            confidence: diagnostic.confidence,
            message: &diagnostic.message,
            note: diagnostic.note.as_deref(),
            help: diagnostic.help.as_deref(),
            path,
            item: &diagnostic.item,
            range,
            label,
            evidence: diagnostic.evidence.iter().map(|label| LabelEntry::new(label, sources)).collect(),
            fixes: diagnostic.fixes.iter().map(|fix| FixEntry::new(fix, sources)).collect(),
            fingerprint: &finding.fingerprint,
        }
    }
}

impl<'a> LabelEntry<'a> {
    fn new(label: &'a Label, sources: &'a Sources) -> Self {
        let path = &sources.get(label.span.file).display;
        LabelEntry { path, range: RangeEntry::new(label.span, sources), label: &label.text }
    }
}

impl<'a> FixEntry<'a> {
    fn new(fix: &'a Fix, sources: &'a Sources) -> Self {
        FixEntry {
            title: &fix.title,
            applicability: fix.applicability,
            edits: fix.edits.iter().map(|edit| EditEntry::new(edit, sources)).collect(),
        }
    }
}

impl<'a> EditEntry<'a> {
    fn new(edit: &'a Edit, sources: &'a Sources) -> Self {
        let path = &sources.get(edit.span.file).display;
        EditEntry { path, range: RangeEntry::new(edit.span, sources), content: &edit.content }
    }
}

impl<'a> SummaryEntry<'a> {
    fn new(summary: &'a Summary, sources: &Sources) -> Self {
        SummaryEntry {
            files: summary.files,
            lines: summary.lines,
            findings: Counts { deny: summary.denied, warn: summary.warned },
            suppressed: summary.suppressed,
            skipped: summary.problems.iter().map(|problem| SkippedEntry::new(problem, sources)).collect(),
        }
    }
}

impl<'a> SkippedEntry<'a> {
    fn new(problem: &'a Problem, sources: &Sources) -> Self {
        SkippedEntry {
            path: &problem.path,
            message: &problem.message,
            consequence: &problem.consequence,
            range: problem.span.map(|span| RangeEntry::new(span, sources)),
        }
    }
}

impl RangeEntry {
    fn new(span: Span, sources: &Sources) -> Self {
        let file = sources.get(span.file);
        let place = |byte| {
            let at = file.position(byte);
            PlaceEntry { byte, line: at.line, column: at.column }
        };
        RangeEntry { start: place(span.start), end: place(span.end) }
    }
}
