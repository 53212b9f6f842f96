//! A file's text, or what to tell about it. Knows nothing of what the text means.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::source::Range;

/// Larger files, in bytes, are generated tables: reading them costs time and finds nothing.
pub(super) const LARGEST: u64 = 4 * 1024 * 1024;

/// What follows for a file that cannot be read.
pub(super) const SKIPPED: &str = "the file is skipped";

/// Something to tell, before files have ids: a [`crate::diagnostic::Problem`] in the making.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Note {
    /// Absolute.
    pub path: PathBuf,
    pub range: Option<Range>,
    pub message: String,
    pub consequence: String,
}

impl Note {
    pub fn new(path: &Path, message: impl Into<String>, consequence: impl Into<String>) -> Self {
        Note { path: path.to_path_buf(), range: None, message: message.into(), consequence: consequence.into() }
    }

    pub fn at(self, range: Option<Range>) -> Self {
        Note { range, ..self }
    }
}

/// The whole text of a regular file of bearable size; otherwise why not, in words.
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        return Err("not a regular file".to_owned());
    }
    if metadata.len() > LARGEST {
        return Err(format!("larger than {} MiB", LARGEST / 1024 / 1024));
    }
    let bytes = fs::read(path).map_err(|error| unreadable(&error))?;
    String::from_utf8(bytes)
        .map_err(|error| format!("not valid UTF-8 from byte {} on", error.utf8_error().valid_up_to()))
}

/// The words of an operating system's error: lower case, without its number.
pub(super) fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "cannot be read: permission denied".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

/// The path without `.` and `..`, by its letters alone, as cargo and rustc do it.
pub fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut normal, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
        normal
    })
}

/// The first few names, and how many more there are.
pub(super) fn listed(names: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{}`", name.as_ref())).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
