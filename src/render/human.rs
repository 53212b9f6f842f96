//! Findings for people: rustc's headline, source excerpts with labels, why it matters, what to do, and the fix as changed lines.
//! Also what is told beside the findings, in the same look: what could not be read, how the run ended, why it could not start.

use std::fmt;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use miette::{GraphicalTheme, LabeledSpan, SourceCode};

use super::excerpt::{self, Mark};
use super::patch::{Hunk, hunks};
use super::{Style, printable, word};
use crate::diagnostic::{Applicability, Diagnostic, Fix, Problem};
use crate::report::{Finding, Level, Report, Summary};
use crate::source::{FileId, SourceFile, Sources};

pub(super) fn write(report: &Report, sources: &Sources, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    report.findings.iter().try_for_each(|finding| writeln!(out, "{}", Page::new(sources, style).finding(finding)))
}

/// A finding as a file or pipe can take it.
pub(super) fn plain(finding: &Finding, sources: &Sources) -> String {
    Page::new(sources, &Style::default()).finding(finding)
}

/// A problem as a file or pipe can take it.
pub(super) fn plain_problem(problem: &Problem, sources: &Sources) -> String {
    Page::new(sources, &Style::default()).problem(problem)
}

/// Tells what could not be read and how the run ended; `took` is its time on the clock, the only thing here that varies.
pub fn closing(
    report: &Report,
    sources: &Sources,
    style: &Style,
    took: Option<Duration>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for problem in &report.summary.problems {
        writeln!(out, "{}", Page::new(sources, style).problem(problem))?;
    }
    writeln!(out, "{}", last_line(&report.summary, took))
}

/// Tells why the tool could not do its job: wrong arguments, a wrong configuration, an unreadable folder.
pub fn error(error: &dyn miette::Diagnostic, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let sources = Sources::default();
    let mut page = Page::new(&sources, style);
    page.headline(Level::Deny, "error", &error.to_string());
    excerpt::untitled(&Untitled(error), page.theme.clone(), style, &mut page.text);
    out.write_all(page.text.as_bytes())
}

fn last_line(summary: &Summary, took: Option<Duration>) -> String {
    let some = |number: usize, one: &str, more: &str| (number > 0).then(|| count(number, one, more));
    let found: Vec<String> = [some(summary.denied, "error", "errors"), some(summary.warned, "warning", "warnings")]
        .into_iter()
        .flatten()
        .collect();
    let found = if found.is_empty() { "nothing found".to_string() } else { found.join(", ") };
    let files = count(summary.files, "file", "files");
    let lines = count(summary.lines, "line", "lines");
    let asides = [
        some(summary.suppressed, "suppressed", "suppressed"),
        some(summary.problems.len(), "skipped", "skipped"),
        took.map(|took| format!("{:.2} s", took.as_secs_f64())),
    ];
    let asides: String = asides.into_iter().flatten().map(|aside| format!("; {aside}")).collect();
    format!("watertight: {found} in {files} ({lines}){asides}")
}

fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// The text of one finding, problem or error while it is put together.
struct Page<'a> {
    sources: &'a Sources,
    style: &'a Style,
    theme: GraphicalTheme,
    text: String,
}

impl<'a> Page<'a> {
    fn new(sources: &'a Sources, style: &'a Style) -> Self {
        Page { sources, style, theme: excerpt::theme(style), text: String::new() }
    }

    fn finding(mut self, finding: &Finding) -> String {
        let Finding { diagnostic, level, .. } = finding;
        self.headline(*level, &format!("{}[{}]", word(*level), diagnostic.rule), &diagnostic.message);
        excerpt::draw(&marks(diagnostic), *level, self.sources, self.style, &mut self.text);
        self.told("note", diagnostic.note.as_deref());
        self.told("help", diagnostic.help.as_deref());
        diagnostic.fixes.iter().for_each(|fix| self.fix(fix));
        self.text
    }

    fn problem(mut self, problem: &Problem) -> String {
        self.headline(Level::Warn, "warning", &problem.message);
        match problem.span {
            Some(span) => {
                let mark = Mark { span, text: "", primary: true };
                excerpt::draw(&[mark], Level::Warn, self.sources, self.style, &mut self.text);
            }
            None => self.boxed(&problem.path, 1, |_| {}),
        }
        self.told("note", Some(&problem.consequence));
        self.text
    }

    fn headline(&mut self, level: Level, head: &str, message: &str) {
        let styles = &self.theme.styles;
        let style = if level == Level::Deny { styles.error } else { styles.warning };
        let message = printable(message);
        let _ = writeln!(self.text, "{}: {message}", style.style(head));
    }

    /// A word with what there is to say under it, wrapped and indented past the word.
    fn told(&mut self, word: &str, said: Option<&str>) {
        let indent = word.len() + 4;
        for (at, line) in
            said.iter().flat_map(|said| wrapped(said, self.style.width.saturating_sub(indent))).enumerate()
        {
            let _ = match at {
                0 => writeln!(self.text, "  {}: {line}", self.theme.styles.help.style(word)),
                _ => writeln!(self.text, "{:indent$}{line}", ""),
            };
        }
    }

    fn fix(&mut self, fix: &Fix) {
        let caution = match fix.applicability {
            Applicability::MachineApplicable => "",
            Applicability::MaybeIncorrect => " (look it over: it may not be what you want)",
            Applicability::HasPlaceholders => " (has parts for you to fill in)",
        };
        self.told("fix", Some(&format!("{}{caution}", fix.title)));
        for id in files(fix) {
            let file = self.sources.get(id);
            let edits: Vec<_> = fix.edits.iter().filter(|edit| edit.span.file == id).collect();
            hunks(file, &edits).iter().for_each(|hunk| self.hunk(file, hunk));
        }
    }

    fn hunk(&mut self, file: &SourceFile, hunk: &Hunk) {
        let last = hunk.line as usize + hunk.removed.len().max(hunk.added.len()) - 1;
        let width = last.to_string().len();
        self.boxed(&format!("{}:{}", file.display, hunk.line), width, |page| {
            page.side(hunk.line, width, '-', &hunk.removed);
            page.side(hunk.line, width, '+', &hunk.added);
        });
    }

    /// The lines of one side of a hunk, `first` (from 1) being the number of its first line.
    fn side(&mut self, first: u32, width: usize, sign: char, lines: &[String]) {
        let styles = &self.theme.styles;
        // The last highlight is the green one, where there are colours.
        let style = if sign == '-' { styles.error } else { *styles.highlights.last().unwrap_or(&styles.advice) };
        for (number, line) in (first..).zip(lines) {
            let line = printable(line).replace('\t', "    ");
            let number = styles.linum.style(format!("{number:>width$}"));
            let changed = format!("{sign} {line}");
            let _ = writeln!(self.text, " {number} {}", style.style(changed.trim_end()));
        }
    }

    /// Lines in the frame that excerpts have, under a title; `width` is that of the line numbers in it.
    fn boxed(&mut self, title: &str, width: usize, lines: impl FnOnce(&mut Self)) {
        let draw = self.theme.characters.clone();
        let title = self.theme.styles.link.style(printable(title));
        let indent = width + 2;
        let _ = writeln!(self.text, "{:indent$}{}{}[{title}]", "", draw.ltop, draw.hbar);
        lines(self);
        let _ = writeln!(self.text, "{:indent$}{}{}", "", draw.lbot, draw.hbar.to_string().repeat(4));
    }
}

fn marks(diagnostic: &Diagnostic) -> Vec<Mark<'_>> {
    let primary = Mark { span: diagnostic.primary.span, text: &diagnostic.primary.text, primary: true };
    let evidence = diagnostic.evidence.iter().map(|label| Mark { span: label.span, text: &label.text, primary: false });
    std::iter::once(primary).chain(evidence).collect()
}

/// The files a fix changes, in the order of its edits.
fn files(fix: &Fix) -> Vec<FileId> {
    let mut files = Vec::new();
    for edit in &fix.edits {
        if !files.contains(&edit.span.file) {
            files.push(edit.span.file);
        }
    }
    files
}

/// The words of `text` in lines of at most `width` characters where words allow; its own line breaks stay.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for given in text.lines() {
        let mut line = String::new();
        for word in given.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&printable(word));
        }
        lines.push(line);
    }
    lines
}

/// An error whose message has been said.
#[derive(Debug)]
struct Untitled<'a>(&'a dyn miette::Diagnostic);

impl fmt::Display for Untitled<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Untitled<'_> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl miette::Diagnostic for Untitled<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.0.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        self.0.related()
    }

    fn diagnostic_source(&self) -> Option<&dyn miette::Diagnostic> {
        self.0.diagnostic_source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_whole_and_given_breaks_stay() {
        assert_eq!(wrapped("one two three four", 9), ["one two", "three", "four"]);
        assert_eq!(wrapped("incomprehensibilities a", 5), ["incomprehensibilities", "a"]);
        assert_eq!(wrapped("a\n\nb c", 40), ["a", "", "b c"]);
        assert_eq!(wrapped("a b", 0), ["a", "b"]);
    }

    #[test]
    fn the_last_line_counts_what_there_was() {
        let quiet = Summary { files: 1, lines: 20, ..Summary::default() };
        assert_eq!(last_line(&quiet, None), "watertight: nothing found in 1 file (20 lines)");
        let busy = Summary { files: 14, lines: 2310, denied: 1, warned: 2, suppressed: 3, ..Summary::default() };
        assert_eq!(
            last_line(&busy, Some(Duration::from_millis(418))),
            "watertight: 1 error, 2 warnings in 14 files (2310 lines); 3 suppressed; 0.42 s"
        );
    }
}
