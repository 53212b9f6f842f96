//! The messages of `cargo check --message-format=json`, one JSON object per line: what a rust-analyzer check command and the tools
//! around Cargo read.
//!
//! The inner message is a rustc diagnostic. Its envelope names this tool instead of a package: a reader that runs Cargo as well keeps
//! the two apart by it.

use std::io;

use serde::Serialize;

use super::{human, word};
use crate::diagnostic::{Applicability, Edit, Fix, Problem};
use crate::report::{Finding, Report};
use crate::source::{SourceFile, Sources, Span};

pub(super) fn write(report: &Report, sources: &Sources, out: &mut dyn io::Write) -> io::Result<()> {
    for finding in &report.findings {
        let path = &sources.get(finding.diagnostic.primary.span.file).display;
        line(&Envelope::new(path, Message::finding(finding, sources)), out)?;
    }
    for problem in &report.summary.problems {
        line(&Envelope::new(&problem.path, Message::problem(problem, sources)), out)?;
    }
    line(&Finished { reason: "build-finished", success: report.summary.denied == 0 }, out)
}

fn line(message: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, message)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Envelope<'a> {
    reason: &'static str,
    package_id: &'static str,
    manifest_path: &'static str,
    target: Target<'a>,
    message: Message<'a>,
}

#[derive(Serialize)]
struct Target<'a> {
    kind: [&'static str; 1],
    crate_types: [&'static str; 1],
    name: &'static str,
    src_path: &'a str,
    edition: &'static str,
    doc: bool,
    doctest: bool,
    test: bool,
}

#[derive(Serialize)]
struct Finished {
    reason: &'static str,
    success: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    rendered: Option<String>,
    #[serde(rename = "$message_type")]
    message_type: &'static str,
    children: Vec<Message<'a>>,
    code: Option<Code>,
    level: &'static str,
    message: &'a str,
    spans: Vec<SpanEntry<'a>>,
}

#[derive(Serialize)]
struct Code {
    code: String,
    explanation: Option<&'static str>,
}

/// Bytes count from 0 in the file on disk, lines and columns from 1, columns in characters; `end` is the place after the last one.
#[derive(Serialize)]
struct SpanEntry<'a> {
    file_name: &'a str,
    byte_start: u32,
    byte_end: u32,
    line_start: u32,
    line_end: u32,
    column_start: u32,
    column_end: u32,
    is_primary: bool,
    text: Vec<TextEntry<'a>>,
    label: Option<&'a str>,
    suggested_replacement: Option<&'a str>,
    suggestion_applicability: Option<&'static str>,
    expansion: Option<()>,
}

/// A line of the source, the highlight in columns from 1.
#[derive(Serialize)]
struct TextEntry<'a> {
    text: &'a str,
    highlight_start: u32,
    highlight_end: u32,
}

impl<'a> Envelope<'a> {
    fn new(path: &'a str, message: Message<'a>) -> Self {
        let target = Target {
            kind: ["lib"],
            crate_types: ["lib"],
            name: "watertight",
            src_path: path,
            edition: "2021",
            doc: false,
            doctest: false,
            test: false,
        };
        Envelope { reason: "compiler-message", package_id: "watertight", manifest_path: "", target, message }
    }
}

impl<'a> Message<'a> {
    fn new(level: &'static str, message: &'a str) -> Self {
        Message {
            rendered: None,
            message_type: "diagnostic",
            children: Vec::new(),
            code: None,
            level,
            message,
            spans: Vec::new(),
        }
    }

    fn finding(finding: &'a Finding, sources: &'a Sources) -> Self {
        let diagnostic = &finding.diagnostic;
        let notes = diagnostic.note.iter().map(|note| Message::new("note", note));
        let helps = diagnostic.help.iter().map(|help| Message::new("help", help));
        let fixes = diagnostic.fixes.iter().map(|fix| Message::fix(fix, sources));
        let primary = SpanEntry::new(diagnostic.primary.span, sources).labelled(&diagnostic.primary.text).primary();
        let evidence =
            diagnostic.evidence.iter().map(|label| SpanEntry::new(label.span, sources).labelled(&label.text));
        Message {
            rendered: Some(human::plain(finding, sources)),
            children: notes.chain(helps).chain(fixes).collect(),
            code: Some(Code { code: format!("watertight::{}", diagnostic.rule), explanation: None }),
            spans: std::iter::once(primary).chain(evidence).collect(),
            ..Message::new(word(finding.level), &diagnostic.message)
        }
    }

    /// rustc tells a suggestion as a child whose spans are to be replaced, all of them together.
    fn fix(fix: &'a Fix, sources: &'a Sources) -> Self {
        let spans = fix.edits.iter().map(|edit| SpanEntry::edit(edit, fix.applicability, sources)).collect();
        Message { spans, ..Message::new("help", &fix.title) }
    }

    fn problem(problem: &'a Problem, sources: &'a Sources) -> Self {
        Message {
            rendered: Some(human::plain_problem(problem, sources)),
            children: vec![Message::new("note", &problem.consequence)],
            spans: problem.span.map(|span| SpanEntry::new(span, sources).primary()).into_iter().collect(),
            ..Message::new("warning", &problem.message)
        }
    }
}

impl<'a> SpanEntry<'a> {
    fn new(span: Span, sources: &'a Sources) -> Self {
        let file = sources.get(span.file);
        let (start, end) = (file.position(span.start), file.position(span.end));
        SpanEntry {
            file_name: &file.display,
            byte_start: span.start,
            byte_end: span.end,
            line_start: start.line,
            line_end: end.line,
            column_start: start.column,
            column_end: end.column,
            is_primary: false,
            text: (start.line..=end.line).map(|line| TextEntry::new(file, line, span)).collect(),
            label: None,
            suggested_replacement: None,
            suggestion_applicability: None,
            expansion: None,
        }
    }

    fn edit(edit: &'a Edit, applicability: Applicability, sources: &'a Sources) -> Self {
        SpanEntry {
            suggested_replacement: Some(&edit.content),
            suggestion_applicability: Some(rustc_name(applicability)),
            ..SpanEntry::new(edit.span, sources).primary()
        }
    }

    fn labelled(self, label: &'a str) -> Self {
        SpanEntry { label: Some(label), ..self }
    }

    fn primary(self) -> Self {
        SpanEntry { is_primary: true, ..self }
    }
}

impl<'a> TextEntry<'a> {
    /// The part of `span` that lies in `line` (from 1).
    fn new(file: &'a SourceFile, line: u32, span: Span) -> Self {
        let range = file.line_range(line);
        let column = |offset: u32| file.position(offset.clamp(range.start, range.end)).column;
        TextEntry { text: file.slice(range), highlight_start: column(span.start), highlight_end: column(span.end) }
    }
}

fn rustc_name(applicability: Applicability) -> &'static str {
    match applicability {
        Applicability::MachineApplicable => "MachineApplicable",
        Applicability::MaybeIncorrect => "MaybeIncorrect",
        Applicability::HasPlaceholders => "HasPlaceholders",
    }
}
