//! Placeholder: the renderers replace this file.

use std::io;
use std::time::Duration;

use crate::report::{Level, Report};
use crate::source::Sources;

/// How findings are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Human,
    Short,
    Json,
    RustcJson,
    Github,
}

/// What the place written to can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    pub unicode: bool,
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Style { color: false, unicode: true, width: 100 }
    }
}

/// Writes the findings of a run. Errors are those of `out`.
pub fn render(
    _format: Format,
    report: &Report,
    sources: &Sources,
    _style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for finding in &report.findings {
        let file = sources.get(finding.diagnostic.primary.span.file);
        let at = file.position(finding.diagnostic.primary.span.start);
        let level = if finding.level == Level::Deny { "error" } else { "warning" };
        let (rule, message) = (finding.diagnostic.rule, &finding.diagnostic.message);
        writeln!(out, "{}:{}:{}: {level}[{rule}]: {message}", file.display, at.line, at.column)?;
    }
    Ok(())
}

/// What is told beside the findings: what could not be read, and the summary.
pub fn closing(
    report: &Report,
    _sources: &Sources,
    _style: &Style,
    took: Option<Duration>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let summary = &report.summary;
    for problem in &summary.problems {
        writeln!(out, "warning: {}: {}", problem.path, problem.message)?;
    }
    let found = if summary.denied + summary.warned == 0 { "nothing found" } else { "findings" };
    let took = took.unwrap_or_default().as_secs_f64();
    writeln!(out, "watertight: {found} in {} files; {took:.2} s", summary.files)
}

/// An error that ended the run.
pub fn error(error: &dyn miette::Diagnostic, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = String::new();
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
    let _ = handler.with_width(style.width).render_report(&mut text, error);
    out.write_all(text.as_bytes())
}
