//! Suppression comments behind `#`. All languages read here have such comments on lines of their own; where one may also stand behind code, it covers
//! its line.

use super::Document;
use crate::source::Range;
use crate::suppression::{MARKER, Suppression};

/// The suppression comments of a file. `nodes` are what a comment on a line of its own can stand before; where none begins below it, it covers the next line.
pub fn suppressions(document: Document, nodes: &[Range]) -> Vec<Suppression> {
    if !document.text.contains(MARKER) {
        return Vec::new();
    }
    let lines: Vec<(usize, &str)> = document.lines().collect();
    (0..lines.len()).filter_map(|at| suppression(document, &lines, at, nodes)).collect()
}

fn suppression(document: Document, lines: &[(usize, &str)], at: usize, nodes: &[Range]) -> Option<Suppression> {
    let (start, line) = lines[at];
    let hash = line.find('#').filter(|hash| line[..*hash].is_empty() || line[..*hash].ends_with([' ', '\t']))?;
    let behind_code = !line[..hash].trim().is_empty();
    let covers = || if behind_code { range(start, line) } else { below(&lines[at + 1..], nodes) };
    Suppression::read(&line[hash..], start + hash, "#", document.whole().range(), covers)
}

/// The widest node that begins on the next line with code, or that line.
fn below(lines: &[(usize, &str)], nodes: &[Range]) -> Range {
    let is_code = |line: &&(usize, &str)| !line.1.trim().is_empty() && !line.1.trim_start().starts_with('#');
    let Some((start, line)) = lines.iter().find(is_code) else { return Range::default() };
    let line = range(*start, line);
    let begins_here = |node: &&Range| line.start <= node.start && node.start < line.end;
    nodes.iter().filter(begins_here).max_by_key(|node| node.end - node.start).copied().unwrap_or(line)
}

fn range(start: usize, line: &str) -> Range {
    Range { start: start as u32, end: (start + line.len()) as u32 }
}
