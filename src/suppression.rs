//! What a suppression comment says: the grammar of `watertight: allow(rule) -- reason`, the same in every language. Knows neither rules nor
//! levels, nor where a language has its comments.

use serde::{Deserialize, Serialize};
use ustr::Ustr;

use crate::source::Range;

/// What a line comment must start with to be read here; no other comment may.
pub const MARKER: &str = "watertight:";

/// A comment that asks for silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// The comment, from its opener to the end of its line.
    pub range: Range,
    /// The names it lists, with their places; empty where `malformed` says why.
    pub rules: Vec<(Ustr, Range)>,
    /// The text after `--`, where there is any.
    pub reason: Option<String>,
    /// The bytes it covers: a diagnostic that starts in them is meant.
    pub covers: Range,
    /// Whether it is an `allow-file`, which covers the whole file.
    pub file_wide: bool,
    /// Why it could not be read: lower case, no full stop. Such a comment covers nothing.
    pub malformed: Option<String>,
}

impl Suppression {
    /// Whether a diagnostic that starts at `offset` (bytes, 0-based) is meant.
    pub fn covers(&self, offset: u32) -> bool {
        self.covers.start <= offset && offset < self.covers.end
    }

    /// Reads a line comment that starts at a byte of a file, `opener` included; none where it is not addressed to this tool.
    /// `whole` is the file, and `covers` tells what a comment covers that does not speak of the whole file.
    pub fn read(
        comment: &str,
        start: usize,
        opener: &str,
        whole: Range,
        covers: impl FnOnce() -> Range,
    ) -> Option<Suppression> {
        let request = comment.strip_prefix(opener)?.trim_start().strip_prefix(MARKER)?.trim();
        let place = |at: usize, length: usize| {
            let start = (start + at) as u32;
            Range { start, end: start + length as u32 }
        };
        let nothing = Suppression {
            range: place(0, comment.len()),
            rules: Vec::new(),
            reason: None,
            covers: place(0, 0),
            file_wide: false,
            malformed: None,
        };
        Some(match read_request(comment, request) {
            Err(why) => Suppression { malformed: Some(why), ..nothing },
            Ok(request) => Suppression {
                rules: request.names.iter().map(|(name, at)| (Ustr::from(name), place(*at, name.len()))).collect(),
                reason: request.reason.map(str::to_owned),
                covers: if request.file_wide { whole } else { covers() },
                file_wide: request.file_wide,
                ..nothing
            },
        })
    }
}

/// What a well-formed comment asks for.
struct Request<'a> {
    file_wide: bool,
    /// Names with their byte offsets in the comment.
    names: Vec<(&'a str, usize)>,
    reason: Option<&'a str>,
}

/// Reads what stands behind the marker; `request` is the end of `comment`.
fn read_request<'a>(comment: &'a str, request: &'a str) -> Result<Request<'a>, String> {
    let verb_end = request.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').unwrap_or(request.len());
    let (verb, rest) = request.split_at(verb_end);
    let file_wide = match verb {
        "allow" => false,
        "allow-file" => true,
        _ => return Err(format!("expected `allow(rule)` or `allow-file(rule)`, found `{request}`")),
    };
    let listed = rest.trim_start().strip_prefix('(').ok_or_else(|| format!("expected `(` after `{verb}`"))?;
    let (inside, tail) =
        listed.split_once(')').ok_or_else(|| "expected `)` after the names of the rules".to_owned())?;
    let names = names(inside, comment.trim_end().len() - listed.len());
    if names.is_empty() {
        return Err("no rule is named between the parentheses".to_owned());
    }
    let reason = tail.trim().strip_prefix("--").map(str::trim).filter(|reason| !reason.is_empty());
    Ok(Request { file_wide, names, reason })
}

/// The names of a list with their offsets; the list stands `at` bytes behind the start of the comment.
fn names(list: &str, at: usize) -> Vec<(&str, usize)> {
    let mut at = at;
    let mut names = Vec::new();
    for part in list.split(',') {
        let name = part.trim();
        if !name.is_empty() {
            names.push((name, at + part.len() - part.trim_start().len()));
        }
        at += part.len() + 1;
    }
    names
}
