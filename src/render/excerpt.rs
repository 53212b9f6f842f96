//! Source excerpts with labels, drawn by miette. Knows places and texts; what they are about is told by `human`.
//!
//! A mark points into one line: of a longer span, the first line. Marks near each other share an excerpt; excerpts come in the order
//! of the marks, which is the order a reader should follow.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

use super::{Style, printable};
use crate::report::Level;
use crate::source::{FileId, SourceFile, Sources, Span};

/// Lines shown before and after the marked ones.
const CONTEXT: u32 = 1;

/// Marks of one file that are at most this many lines apart are shown in one excerpt.
const NEAR: u32 = 2 * CONTEXT + 2;

/// A place in the sources with what there is to say about it; nothing said draws the underline alone.
pub(super) struct Mark<'a> {
    pub span: Span,
    pub text: &'a str,
    pub primary: bool,
}

/// The look of all that is drawn in `style`.
pub(super) fn theme(style: &Style) -> GraphicalTheme {
    let mut theme = if style.unicode { GraphicalTheme::unicode() } else { GraphicalTheme::ascii() };
    if style.color {
        let styles = &mut theme.styles;
        for style in [&mut styles.error, &mut styles.warning, &mut styles.advice] {
            *style = style.bold();
        }
    } else {
        theme.styles = GraphicalTheme::none().styles;
    }
    theme
}

/// Adds the excerpts for `marks` to `out`; `level` colours the primary mark.
pub(super) fn draw(marks: &[Mark], level: Level, sources: &Sources, style: &Style, out: &mut String) {
    let placed = marks.iter().map(|mark| Placed::new(mark, sources.get(mark.span.file)));
    for group in gathered(placed) {
        let file = sources.get(group[0].file);
        let theme = coloured(theme(style), &group, level);
        untitled(&Excerpt::new(&group, file), theme, style, out);
    }
}

/// Adds `diagnostic` to `out` without its message, which has been said in our own words.
pub(super) fn untitled(diagnostic: &dyn Diagnostic, theme: GraphicalTheme, style: &Style, out: &mut String) {
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_context_lines(CONTEXT as usize)
        .with_width(style.width)
        .without_syntax_highlighting();
    let mut text = String::new();
    handler
        .render_report(&mut text, diagnostic)
        .expect("a String takes all that is written, and every label lies in its excerpt");
    // The first line is miette's own for the message, of which only the icon is left.
    out.push_str(text.split_once('\n').map_or("", |(_, rest)| rest));
}

/// A mark in bytes of its line: `start` and `end` count from the start of the line.
struct Placed {
    file: FileId,
    /// From 1.
    line: u32,
    start: u32,
    end: u32,
    text: String,
    primary: bool,
    /// The excerpt is said to be at its place.
    leads: bool,
}

impl Placed {
    fn new(mark: &Mark, file: &SourceFile) -> Self {
        let line = file.position(mark.span.start).line;
        let range = file.line_range(line);
        let start = mark.span.start.clamp(range.start, range.end) - range.start;
        let end = mark.span.end.clamp(range.start, range.end) - range.start;
        Placed {
            file: mark.span.file,
            line,
            start,
            end: end.max(start),
            text: printable(mark.text),
            primary: mark.primary,
            leads: false,
        }
    }

    fn at(&self) -> (u32, u32) {
        (self.line, self.start)
    }

    fn join(&mut self, other: &Placed) {
        self.end = self.end.max(other.end);
        self.text = [self.text.as_str(), &other.text].join("\n");
        self.primary |= other.primary;
        self.leads |= other.leads;
    }

    fn is_near(&self, other: &Placed) -> bool {
        self.file == other.file && self.line.abs_diff(other.line) <= NEAR
    }
}

/// Marks that are shown together, each group led by the mark that came first.
fn gathered(marks: impl Iterator<Item = Placed>) -> Vec<Vec<Placed>> {
    let mut groups: Vec<Vec<Placed>> = Vec::new();
    for mark in marks {
        match groups.iter_mut().find(|group| group.iter().any(|other| other.is_near(&mark))) {
            Some(group) => group.push(mark),
            None => groups.push(vec![Placed { leads: true, ..mark }]),
        }
    }
    groups.into_iter().map(side_by_side).collect()
}

/// Puts a group in the order of the source, no mark covering another: underlines of one line can only stand side by side.
///
/// Marks that start together become one that says what each says; a mark that reaches into the next one ends where that starts.
fn side_by_side(mut group: Vec<Placed>) -> Vec<Placed> {
    group.sort_by_key(Placed::at);
    group.dedup_by(|later, mark| {
        let together = later.at() == mark.at();
        if together {
            mark.join(later);
        }
        together
    });
    let mut next = (0, 0);
    for mark in group.iter_mut().rev() {
        if mark.line == next.0 {
            mark.end = mark.end.min(next.1);
        }
        next = mark.at();
    }
    group
}

/// miette colours labels by their order; the primary one has the colour of its level, the others another.
fn coloured(mut theme: GraphicalTheme, group: &[Placed], level: Level) -> GraphicalTheme {
    let styles = &theme.styles;
    let main = if level == Level::Deny { styles.error } else { styles.warning };
    theme.styles.highlights = group.iter().map(|mark| if mark.primary { main } else { styles.advice }).collect();
    theme
}

/// The lines around a group of marks, each ended by one line feed, with labels in bytes of that text.
#[derive(Debug)]
struct Excerpt {
    path: String,
    /// The line of the file that the text starts with, from 1.
    first: u32,
    text: String,
    labels: Vec<LabeledSpan>,
}

impl Excerpt {
    fn new(group: &[Placed], file: &SourceFile) -> Self {
        let (top, bottom) = (group[0].line, group[group.len() - 1].line);
        let first = top.saturating_sub(CONTEXT).max(1);
        let last = (bottom + CONTEXT).min(bottom.max(file.lines() as u32));
        let mut text = String::new();
        let mut starts = Vec::new();
        for line in first..=last {
            starts.push(text.len());
            text.push_str(&printable(file.slice(file.line_range(line))));
            text.push('\n');
        }
        let label = |mark: &Placed| {
            let offset = starts[(mark.line - first) as usize] + mark.start as usize;
            let said = (!mark.text.is_empty()).then(|| mark.text.clone());
            let span = (offset, (mark.end - mark.start) as usize);
            if mark.leads {
                LabeledSpan::new_primary_with_span(said, span)
            } else {
                LabeledSpan::new_with_span(said, span)
            }
        };
        let labels = group.iter().map(label).collect();
        Excerpt { path: printable(&file.display), first, text, labels }
    }

    /// Line and column (in characters) of an offset into the text, both from 0, the line as in the file.
    fn place(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..offset];
        let line = before.matches('\n').count();
        let column = before.chars().rev().take_while(|c| *c != '\n').count();
        (self.first as usize - 1 + line, column)
    }
}

impl SourceCode for Excerpt {
    /// The whole excerpt; without context lines, the span alone, from which miette takes the place it names.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let span = if before == 0 { *span } else { (0, self.text.len()).into() };
        let data = &self.text.as_bytes()[span.offset()..span.offset() + span.len()];
        let (line, column) = self.place(span.offset());
        let lines = self.text.lines().count();
        Ok(Box::new(MietteSpanContents::new_named(self.path.clone(), data, span, line, column, lines)))
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Excerpt {}

impl Diagnostic for Excerpt {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
