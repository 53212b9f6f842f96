//! From the places that syn knows (lines and columns) to byte offsets of the file on disk. Knows nothing of syntax.
//!
//! proc-macro2 can tell byte offsets too, but grows a search tree with every one it is asked for.

use proc_macro2::{LineColumn, Span, TokenStream};
use rustc_hash::FxHashMap as HashMap;

/// The offsets of one file.
pub struct Offsets {
    /// Bytes before the text that syn saw.
    before: u32,
    /// How many characters there are.
    characters: u32,
    /// The first character of every line, counted in characters.
    lines: Vec<u32>,
    /// The byte offset of every character and of the end; none where each is one byte long.
    bytes: Option<Vec<u32>>,
    /// The index of the first line of each text that was appended, by the name that proc-macro2 gave it.
    appended: HashMap<String, usize>,
}

impl Offsets {
    /// The offsets of a `text` that stands `before` bytes behind the start of its file.
    pub fn new(text: &str, before: u32) -> Self {
        if text.is_ascii() {
            let lines = line_starts(text.match_indices('\n').map(|(at, _)| at));
            return Offsets { before, characters: text.len() as u32, lines, bytes: None, appended: HashMap::default() };
        }
        let breaks = text.chars().enumerate().filter(|(_, c)| *c == '\n').map(|(at, _)| at);
        let ends = std::iter::once(text.len() as u32);
        let bytes: Vec<u32> = text.char_indices().map(|(at, _)| at as u32).chain(ends).collect();
        let (characters, lines) = (bytes.len() as u32 - 1, line_starts(breaks));
        Offsets { before, characters, lines, bytes: Some(bytes), appended: HashMap::default() }
    }

    /// Gives a text whose tokens were lexed by themselves places of its own behind the end: its first byte.
    pub fn append(&mut self, text: &str, tokens: &TokenStream) -> u32 {
        if let Some(token) = tokens.clone().into_iter().next() {
            self.appended.insert(token.span().file(), self.lines.len());
        }
        if self.bytes.is_none() && !text.is_ascii() {
            self.bytes = Some((0..=self.characters).collect());
        }
        // One character lies between, so that the end of what stands before is no place in this.
        let first = self.characters + 1;
        let start = match &mut self.bytes {
            None => first,
            Some(bytes) => {
                let start = bytes.last().map_or(0, |end| end + 1);
                bytes.extend(text.char_indices().map(|(at, _)| start + at as u32));
                bytes.push(start + text.len() as u32);
                start
            }
        };
        self.lines.push(first);
        let breaks = text.chars().enumerate().filter(|(_, c)| *c == '\n');
        self.lines.extend(breaks.map(|(at, _)| first + at as u32 + 1));
        self.characters = first + text.chars().count() as u32;
        self.before + start
    }

    /// The first byte of a span.
    pub fn start(&self, span: Span) -> u32 {
        self.at(span.start(), span)
    }

    /// The byte behind a span.
    pub fn end(&self, span: Span) -> u32 {
        self.at(span.end(), span)
    }

    /// The byte offset of a place; the line counts from 1, the column, in characters, from 0.
    fn at(&self, place: LineColumn, of: Span) -> u32 {
        let first = if self.appended.is_empty() { None } else { self.appended.get(&of.file()) };
        let line = self.lines.get(first.unwrap_or(&0) + place.line.saturating_sub(1)).copied().unwrap_or(0);
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
