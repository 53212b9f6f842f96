//! From the text of one file to a syn tree, boiled down to facts before it dies. One call, one thread; nothing else is shared.

use super::comments;
use super::depth;
use super::items::Extractor;
use super::model::{FileFacts, ScopeId};
use super::offsets::Offsets;
use crate::source::Range;

/// Why a file has no facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Lower case, no full stop.
    pub message: String,
    /// Bytes of the file, 0-based.
    pub range: Range,
}

/// The facts of one file.
///
/// The calling thread needs a stack of [`depth::STACK_BYTES`].
///
/// # Errors
/// Where the text is not Rust, or nests deeper than [`depth::LIMIT`].
pub fn extract(text: &str) -> Result<FileFacts, Unreadable> {
    if text.len() >= u32::MAX as usize {
        return Err(Unreadable { message: "the file is larger than four gibibytes".into(), range: Range::default() });
    }
    if let Some(range) = depth::too_deep(text) {
        return Err(Unreadable { message: "too deeply nested to be analysed".into(), range });
    }
    let offset = prefix_len(text);
    // The span table grows with every file that a thread parses; no span of an earlier file is alive here.
    proc_macro2::extra::invalidate_current_thread_spans();
    let offsets = Offsets::new(&text[offset..], offset as u32);
    let file = syn::parse_str::<syn::File>(&text[offset..]).map_err(|error| unreadable(text, &offsets, &error))?;
    let mut extractor = Extractor::new(offsets);
    extractor.items(&file.items, ScopeId(0));
    let mut facts = extractor.facts;
    facts.suppressions = comments::suppressions(text, &extractor.coverable);
    facts.intents = comments::intents(text, &extractor.coverable);
    Ok(facts)
}

/// Bytes before the first token that are not Rust: byte order mark and shebang.
fn prefix_len(text: &str) -> usize {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let rest = &text[mark..];
    // `#![attribute]` is no shebang.
    let shebang = rest.starts_with("#!") && !rest[2..].trim_start().starts_with('[');
    mark + if shebang { rest.find('\n').unwrap_or(rest.len()) } else { 0 }
}

fn unreadable(text: &str, offsets: &Offsets, error: &syn::Error) -> Unreadable {
    let start = offsets.start(error.span());
    let end = text[start as usize..].chars().next().map_or(start, |c| start + c.len_utf8() as u32);
    Unreadable { message: error.to_string(), range: Range { start, end } }
}
