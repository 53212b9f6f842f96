//! A fix as the lines it takes away and the lines it puts there. Writes nothing and applies nothing to any file.

use crate::diagnostic::Edit;
use crate::source::{Range, SourceFile};

/// Lines of one place in a file, before and after a fix.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The first line taken away, or the line before which others are put; from 1.
    pub line: u32,
    pub removed: Vec<String>,
    pub added: Vec<String>,
}

/// What `edits` (all of `file`, in any order, not overlapping) change, from top to bottom.
pub(super) fn hunks(file: &SourceFile, edits: &[&Edit]) -> Vec<Hunk> {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|edit| edit.span.range());
    let touches =
        |before: &&Edit, after: &&Edit| file.position(after.span.start).line <= file.position(before.span.end).line + 1;
    edits.chunk_by(|before, after| touches(before, after)).filter_map(|near| hunk(file, near)).collect()
}

/// The lines that `edits`, sorted and on neighbouring lines, really change; `None` if they change nothing.
fn hunk(file: &SourceFile, edits: &[&Edit]) -> Option<Hunk> {
    let (first, last) = (edits.first()?.span, edits.last()?.span);
    let line = file.position(first.start).line;
    let whole = Range {
        start: file.line_range(line).start,
        end: file.line_range(file.position(last.end).line).end.max(last.end),
    };
    let before = lines(file.slice(whole));
    let after = lines(&apply(file, whole, edits));
    let kept = before.iter().zip(&after).take_while(|(old, new)| old == new).count();
    let (removed, added) = (&before[kept..], &after[kept..]);
    let tail = removed.iter().rev().zip(added.iter().rev()).take_while(|(old, new)| old == new).count();
    let hunk = Hunk {
        line: line + kept as u32,
        removed: removed[..removed.len() - tail].to_vec(),
        added: added[..added.len() - tail].to_vec(),
    };
    (!hunk.removed.is_empty() || !hunk.added.is_empty()).then_some(hunk)
}

/// The text of `whole` with `edits` made in it.
fn apply(file: &SourceFile, whole: Range, edits: &[&Edit]) -> String {
    let mut text = String::new();
    let mut at = whole.start;
    for edit in edits {
        text.push_str(file.slice(Range { start: at, end: edit.span.start }));
        text.push_str(&edit.content);
        at = edit.span.end;
    }
    text.push_str(file.slice(Range { start: at, end: whole.end }));
    text
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use std::path::Path;

    /// The hunks as `line -removed +added`, the edits given as (text to replace, new text).
    fn shown(text: &str, changes: &[(&str, &str)]) -> Vec<String> {
        let file = SourceFile::new("/p/a.rs".into(), Path::new("/p"), text);
        let edits: Vec<Edit> = changes
            .iter()
            .map(|(old, new)| {
                let start = text.find(old).expect("the text to replace is in the file") as u32;
                let range = Range { start, end: start + old.len() as u32 };
                Edit { span: range.in_file(FileId(0)), content: new.to_string() }
            })
            .collect();
        hunks(&file, &edits.iter().collect::<Vec<_>>())
            .into_iter()
            .map(|hunk| {
                let removed: String = hunk.removed.iter().map(|line| format!(" -{line}")).collect();
                let added: String = hunk.added.iter().map(|line| format!(" +{line}")).collect();
                format!("{}{removed}{added}", hunk.line)
            })
            .collect()
    }

    #[test]
    fn a_replaced_part_shows_its_line_before_and_after() {
        assert_eq!(shown("a\nlet _ = b;\nc\n", &[("_", "_b")]), ["2 -let _ = b; +let _b = b;"]);
    }

    #[test]
    fn what_stays_is_not_shown() {
        assert_eq!(shown("a\nb\n", &[("a", "new\na")]), ["1 +new"]);
        assert_eq!(shown("a\nb\nc\n", &[("b\n", "")]), ["2 -b"]);
        assert_eq!(shown("a\nb\n", &[("b", "b")]), [""; 0]);
    }

    #[test]
    fn near_edits_are_shown_together_and_far_ones_apart() {
        assert_eq!(shown("a\nb\nc\nd\n", &[("d", "D"), ("b", "B"), ("a", "A")]), ["1 -a -b +A +B", "4 -d +D"]);
    }

    #[test]
    fn carriage_returns_and_byte_order_marks_are_no_change() {
        assert_eq!(shown("\u{feff}a\r\nb\r\n", &[("a", "x\r\na")]), ["1 +x"]);
    }

    #[test]
    fn the_end_of_a_file_can_be_added_to() {
        assert_eq!(shown("a\nb", &[("b", "b\nc\n")]), ["3 +c"]);
    }
}
