//! One line per finding, `path:line:col: level[rule]: message`: what problem matchers, `grep` and pre-commit read.

use std::io;

use super::{printable, word};
use crate::report::{Finding, Report};
use crate::source::Sources;

pub(super) fn write(report: &Report, sources: &Sources, out: &mut dyn io::Write) -> io::Result<()> {
    report.findings.iter().try_for_each(|finding| line(finding, sources, out))
}

fn line(finding: &Finding, sources: &Sources, out: &mut dyn io::Write) -> io::Result<()> {
    let diagnostic = &finding.diagnostic;
    let file = sources.get(diagnostic.primary.span.file);
    let at = file.position(diagnostic.primary.span.start);
    writeln!(
        out,
        "{}:{}:{}: {}[{}]: {}",
        printable(&file.display),
        at.line,
        at.column,
        word(finding.level),
        diagnostic.rule,
        printable(&diagnostic.message)
    )
}
