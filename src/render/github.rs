//! GitHub's workflow commands, `::warning file=…,line=…::message`: a run in a workflow becomes annotations on the changed lines.

use std::fmt::Write as _;
use std::io;

use super::word;
use crate::diagnostic::{Diagnostic, Problem};
use crate::report::{Finding, Report};
use crate::source::{Sources, Span};

pub(super) fn write(report: &Report, sources: &Sources, out: &mut dyn io::Write) -> io::Result<()> {
    report.findings.iter().try_for_each(|finding| write_finding(finding, sources, out))?;
    report.summary.problems.iter().try_for_each(|problem| write_problem(problem, sources, out))
}

fn write_finding(finding: &Finding, sources: &Sources, out: &mut dyn io::Write) -> io::Result<()> {
    let Finding { diagnostic, level, .. } = finding;
    let file = property(&sources.get(diagnostic.primary.span.file).display);
    let place = place(diagnostic.primary.span, sources);
    let title = property(&format!("watertight: {}", diagnostic.rule));
    let body = data(&body(diagnostic, sources));
    writeln!(out, "::{} file={file},{place},title={title}::{body}", word(*level))
}

fn write_problem(problem: &Problem, sources: &Sources, out: &mut dyn io::Write) -> io::Result<()> {
    let file = property(&problem.path);
    let place = problem.span.map(|span| format!(",{}", place(span, sources))).unwrap_or_default();
    let body = data(&format!("{}\n{}", problem.message, problem.consequence));
    writeln!(out, "::warning file={file}{place},title=watertight::{body}")
}

/// An annotation that spans lines has no columns: GitHub refuses them.
fn place(span: Span, sources: &Sources) -> String {
    let file = sources.get(span.file);
    let (start, end) = (file.position(span.start), file.position(span.end));
    let lines = format!("line={},endLine={}", start.line, end.line);
    if start.line == end.line { format!("{lines},col={},endColumn={}", start.column, end.column) } else { lines }
}

/// The message, then one line for each thing that makes it true or mends it: an annotation has no other place for them.
fn body(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let mut body = diagnostic.message.clone();
    for label in &diagnostic.evidence {
        let file = sources.get(label.span.file);
        let at = file.position(label.span.start);
        let _ = write!(body, "\n{}:{}:{}: {}", file.display, at.line, at.column, label.text);
    }
    let told = [("note", &diagnostic.note), ("help", &diagnostic.help)];
    for (word, text) in told.into_iter().filter_map(|(word, text)| Some((word, text.as_ref()?))) {
        let _ = write!(body, "\n{word}: {text}");
    }
    for fix in &diagnostic.fixes {
        let _ = write!(body, "\nfix: {}", fix.title);
    }
    body
}

/// Escapes the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
