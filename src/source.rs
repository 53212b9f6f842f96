//! Source files as text with positions. Knows nothing of Rust: offsets, lines and columns only.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A file of one run, as an index into [`Sources`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A range of bytes in one file: `start` inclusive, `end` exclusive, both 0-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

/// A range of bytes in a file that is known from elsewhere: `start` inclusive, `end` exclusive, both 0-based.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Range {
    pub start: u32,
    pub end: u32,
}

impl Range {
    /// The same range, said of `file`.
    pub fn in_file(self, file: FileId) -> Span {
        Span { file, start: self.start, end: self.end }
    }

    /// Whether `other` lies wholly inside.
    pub fn contains(self, other: Range) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

impl Span {
    /// The range without its file.
    pub fn range(self) -> Range {
        Range { start: self.start, end: self.end }
    }
}

/// A place as people write it: line and column from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// One text file of the run.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Absolute path, as found.
    pub path: PathBuf,
    /// The path people see: relative to the current folder where it lies below it, `/` between components.
    pub display: String,
    /// The whole text, byte order mark and carriage returns included, so that offsets are those of the file on disk.
    pub text: Arc<str>,
    /// Byte offset of the start of every line; the first starts after a byte order mark, which is in no line and no column.
    line_starts: Vec<u32>,
}

impl SourceFile {
    /// A file with its text; `base` is the folder that displayed paths are relative to.
    pub fn new(path: PathBuf, base: &Path, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() as u32 } else { 0 };
        let line_starts = std::iter::once(first)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at as u32 + 1))
            .collect();
        SourceFile { display: display_path(&path, base), path, text, line_starts }
    }

    /// Line and column (both from 1) of a byte offset (0-based); an offset past the end means the end.
    pub fn position(&self, offset: u32) -> Position {
        let offset = offset.max(self.line_starts[0]) as usize;
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start as usize <= offset) - 1;
        let start = self.line_starts[line] as usize;
        let column = self.text.as_bytes()[start..offset].iter().filter(|b| (**b as i8) >= -0x40).count();
        Position { line: line as u32 + 1, column: column as u32 + 1 }
    }

    /// The text of a range; empty where the range does not fit this file.
    pub fn slice(&self, range: Range) -> &str {
        self.text.get(range.start as usize..range.end as usize).unwrap_or("")
    }

    /// The range of a whole line (from 1) without its line break.
    pub fn line_range(&self, line: u32) -> Range {
        let start = self.line_starts[line as usize - 1];
        let end = self.line_starts.get(line as usize).map_or(self.text.len() as u32, |next| next - 1);
        Range { start, end: if self.slice(Range { start, end }).ends_with('\r') { end - 1 } else { end } }
    }

    /// Number of lines, an empty last one not counted.
    pub fn lines(&self) -> usize {
        self.line_starts.len() - usize::from(self.text.is_empty() || self.text.ends_with('\n'))
    }
}

/// All files of a run, in the order of their paths.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    by_path: HashMap<PathBuf, FileId>,
}

impl Sources {
    /// Adds a file and gives its id.
    pub fn add(&mut self, file: SourceFile) -> FileId {
        let id = FileId(self.files.len() as u32);
        self.by_path.insert(file.path.clone(), id);
        self.files.push(file);
        id
    }

    pub fn get(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(at, file)| (FileId(at as u32), file))
    }

    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The file at an absolute path, if it was read.
    pub fn find(&self, path: &Path) -> Option<FileId> {
        self.by_path.get(path).copied()
    }
}

/// `path` relative to `base` where it lies below it, with `/` between components on every platform. Everything lies below the root of a file system: that
/// says nothing, and the path stays absolute.
pub fn display_path(path: &Path, base: &Path) -> String {
    let is_root = base.parent().is_none();
    let shown = path.strip_prefix(base).ok().filter(|_| !is_root).unwrap_or(path);
    let text = shown.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile::new("/p/src/a.rs".into(), Path::new("/p"), text)
    }

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let f = file("aé\r\nb\n");
        assert_eq!(f.position(0), Position { line: 1, column: 1 });
        assert_eq!(f.position(3), Position { line: 1, column: 3 });
        assert_eq!(f.position(5), Position { line: 2, column: 1 });
        assert_eq!(f.position(99), Position { line: 3, column: 1 });
        assert_eq!(f.lines(), 2);
        assert_eq!(f.slice(f.line_range(1)), "aé");
        assert_eq!(f.slice(f.line_range(2)), "b");
    }

    #[test]
    fn a_byte_order_mark_is_in_no_column() {
        let f = file("\u{feff}ab\nc");
        assert_eq!(f.position(0), Position { line: 1, column: 1 });
        assert_eq!(f.position(3), Position { line: 1, column: 1 });
        assert_eq!(f.position(4), Position { line: 1, column: 2 });
        assert_eq!(f.position(6), Position { line: 2, column: 1 });
        assert_eq!(f.slice(f.line_range(1)), "ab");
    }

    #[test]
    fn paths_below_the_base_are_shown_relative() {
        assert_eq!(file("").display, "src/a.rs");
        assert_eq!(display_path(Path::new("/q/a.rs"), Path::new("/p")), "/q/a.rs");
        assert_eq!(display_path(Path::new("/q/a.rs"), Path::new("/")), "/q/a.rs");
    }
}
