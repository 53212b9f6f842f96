//! One container or process file as plain data, from its bytes alone: Dockerfiles, compose files, Procfiles, systemd units, and the shell scripts that
//! images start with. Knows no other file and no program of the workspace.

mod comments;
mod compose;
mod dockerfile;
pub mod launch;
pub mod model;
mod procfile;
mod shell;
#[cfg(test)]
mod tests;
mod unit;
mod yaml;

use crate::source::{FileId, Range, Span};
use model::{Description, Kind};

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Lower case, no full stop.
    pub message: String,
    pub range: Range,
}

/// What a file describes.
///
/// # Errors
/// The first place that is not of the file's language.
pub fn read(kind: Kind, file: FileId, text: &str) -> Result<Description, Unreadable> {
    let document = Document { file, text };
    let mut nodes = Vec::new();
    let mut description = Description::default();
    match kind {
        Kind::Dockerfile => description.processes = dockerfile::read(document, &mut nodes)?,
        Kind::Compose => description.processes = compose::read(document, &mut nodes)?,
        Kind::Procfile => description.processes = procfile::read(document),
        Kind::Unit => description.processes = unit::read(document),
        Kind::Script => description.script = shell::script(text, shell::Origin::Verbatim(document.whole())),
    }
    description.suppressions = comments::suppressions(document, &nodes);
    Ok(description)
}

/// A text and the file it is of.
#[derive(Debug, Clone, Copy)]
struct Document<'t> {
    file: FileId,
    text: &'t str,
}

impl<'t> Document<'t> {
    fn whole(self) -> Span {
        self.span(0..self.text.len())
    }

    fn span(self, range: std::ops::Range<usize>) -> Span {
        Span { file: self.file, start: range.start as u32, end: range.end as u32 }
    }

    /// The lines with the bytes they start at, without their breaks.
    fn lines(self) -> impl Iterator<Item = (usize, &'t str)> {
        let starts = self.text.split_inclusive('\n').scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, line.trim_end_matches(['\n', '\r'])))
        });
        starts.into_iter()
    }
}
