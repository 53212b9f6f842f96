//! From the places that syn knows (lines and columns) to byte offsets of the file on disk. Knows nothing of syntax.
//!
//! proc-macro2 can tell byte offsets too, but grows a search tree with every one it is asked for.

use proc_macro2::{LineColumn, Span};

/// The offsets of one file.
pub struct Offsets {
    /// Bytes before the text that syn saw.
    before: u32,
    /// The first character of every line, counted in characters.
    lines: Vec<u32>,
    /// The byte offset of every character and of the end; none where each is one byte long.
    bytes: Option<Vec<u32>>,
}

impl Offsets {
    /// The offsets of a `text` that stands `before` bytes behind the start of its file.
    pub fn new(text: &str, before: u32) -> Self {
        if text.is_ascii() {
            return Offsets { before, lines: line_starts(text.match_indices('\n').map(|(at, _)| at)), bytes: None };
        }
        let breaks = text.chars().enumerate().filter(|(_, c)| *c == '\n').map(|(at, _)| at);
        let ends = std::iter::once(text.len() as u32);
        let bytes = text.char_indices().map(|(at, _)| at as u32).chain(ends).collect();
        Offsets { before, lines: line_starts(breaks), bytes: Some(bytes) }
    }

    /// The first byte of a span.
    pub fn start(&self, span: Span) -> u32 {
        self.at(span.start())
    }

    /// The byte behind a span.
    pub fn end(&self, span: Span) -> u32 {
        self.at(span.end())
    }

    /// The byte offset of a place; the line counts from 1, the column, in characters, from 0.
    fn at(&self, place: LineColumn) -> u32 {
        let line = self.lines.get(place.line.saturating_sub(1)).copied().unwrap_or(0);
        let character = line + place.column as u32;
        let byte = match &self.bytes {
            Some(bytes) => bytes.get(character as usize).or(bytes.last()).copied().unwrap_or(0),
            None => character,
        };
        self.before + byte
    }
}

/// The first characters of lines that end at `breaks`.
fn line_starts(breaks: impl Iterator<Item = usize>) -> Vec<u32> {
    std::iter::once(0).chain(breaks.map(|at| at as u32 + 1)).collect()
}
