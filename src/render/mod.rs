//! What a run found, written for its reader: a person, an editor, a pipeline. Decides nothing: what is shown, at which level and in
//! which order is settled in the report.

mod excerpt;
mod github;
mod human;
pub mod inventory;
mod json;
mod patch;
mod rustc_json;
mod short;

use std::fmt;
use std::io;
use std::str::FromStr;

use crate::report::{Level, Report};
use crate::source::Sources;

pub use human::{closing, error};

/// How findings are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Source excerpts with labels, for people.
    #[default]
    Human,
    /// One line per finding, for problem matchers and `grep`.
    Short,
    /// One document with everything, for programs.
    Json,
    /// Cargo's messages, one JSON object per line, for rust-analyzer and tools around Cargo.
    RustcJson,
    /// Workflow commands that GitHub shows as annotations.
    Github,
}

impl Format {
    pub const ALL: [Format; 5] = [Format::Human, Format::Short, Format::Json, Format::RustcJson, Format::Github];

    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Human => "human",
            Format::Short => "short",
            Format::Json => "json",
            Format::RustcJson => "rustc-json",
            Format::Github => "github",
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Format::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| UnknownFormat(name.to_string()))
    }
}

/// A word that names no format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFormat(String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Format::ALL.map(Format::name).join(", ");
        write!(f, "unknown format `{}`; the formats are {known}", self.0)
    }
}

impl std::error::Error for UnknownFormat {}

/// What the place written to can show. Only what people read depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Colour by ANSI escapes.
    pub color: bool,
    /// Lines drawn with box characters; otherwise ASCII alone.
    pub unicode: bool,
    /// Columns at which notes and help are wrapped; excerpts and messages keep their lines.
    pub width: usize,
}

impl Default for Style {
    /// What any file or pipe can take.
    fn default() -> Self {
        Style { color: false, unicode: true, width: 100 }
    }
}

/// Writes the findings of a run. Errors are those of `out`.
///
/// The formats for programs carry what could not be read as well; for people, [`closing`] tells it beside the findings.
pub fn render(
    format: Format,
    report: &Report,
    sources: &Sources,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, sources, style, out),
        Format::Short => short::write(report, sources, out),
        Format::Json => json::write(report, sources, out),
        Format::RustcJson => rustc_json::write(report, sources, out),
        Format::Github => github::write(report, sources, out),
    }
}

/// rustc's word for a level, which people, editors and problem matchers know.
fn word(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn | Level::Allow => "warning",
    }
}

/// The text with nothing in it that a terminal obeys or that reorders what is read; every character keeps its length in bytes.
///
/// Analysed sources and paths may come from strangers: an escape sequence in them must not reach the terminal.
fn printable(text: &str) -> String {
    let steers = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown = |c: char| match c.len_utf8() {
        _ if c == '\t' || !steers(c) => c,
        1 => '?',
        2 => '¿',
        _ => char::REPLACEMENT_CHARACTER,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_go_by_their_names() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        let unknown = "xml".parse::<Format>().unwrap_err();
        assert_eq!(unknown.to_string(), "unknown format `xml`; the formats are human, short, json, rustc-json, github");
    }

    #[test]
    fn nothing_steers_the_terminal_and_no_offset_moves() {
        let text = "a\tü\u{1b}[2J\u{85}\u{202e}b\n";
        assert_eq!(printable(text), "a\tü?[2J¿\u{fffd}b?");
        assert_eq!(printable(text).len(), text.len());
    }
}
