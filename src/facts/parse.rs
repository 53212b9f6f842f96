//! From the text of one file to a syn tree, boiled down to facts before it dies. One call, one thread; nothing else is shared.

use proc_macro2::TokenStream;
use ustr::Ustr;

use super::comments;
use super::depth;
use super::editions;
use super::expand::{Expander, Home, Macros};
use super::items::Extractor;
use super::model::FileFacts;
use super::names;
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
    extract_within(text, &Macros::default(), Home::default())
}

/// As [`extract`], for a file at `home` that may call the macros of other files.
///
/// # Errors
/// As [`extract`].
pub fn extract_within(text: &str, macros: &Macros, home: Home) -> Result<FileFacts, Unreadable> {
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
    let (file, mentioned) = parse(&text[offset..]).map_err(|error| unreadable(text, &offsets, &error))?;
    let mut extractor = Extractor::new(offsets, Expander::new(text, macros, home));
    extractor.file(&file);
    let coverable = extractor.written_here();
    let mut facts = extractor.facts;
    facts.mentioned = mentioned;
    facts.expansions = extractor.expander.expansions;
    facts.suppressions = comments::suppressions(text, &coverable);
    facts.intents = comments::intents(text, &coverable);
    let head = comments::head(text);
    facts.for_tests = comments::is_for_tests(&head);
    facts.tries_out = facts.for_tests || comments::tries_out(&head);
    Ok(facts)
}

/// The tree of a text, and the names that its tokens mention.
fn parse(text: &str) -> syn::Result<(syn::File, Vec<Ustr>)> {
    let tokens: TokenStream = syn::parse_str(text)?;
    let mentioned = names::mentioned(tokens.clone());
    let file =
        syn::parse2(tokens.clone()).or_else(|error| syn::parse2(editions::modernised(tokens)).map_err(|_| error))?;
    Ok((file, mentioned))
}

/// Bytes before the first token that are not Rust: byte order mark, shebang, and the manifest of a single-file package.
pub fn prefix_len(text: &str) -> usize {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let rest = &text[mark..];
    // `#![attribute]` is no shebang.
    let shebang = rest.starts_with("#!") && !rest[2..].trim_start().starts_with('[');
    let start = mark + if shebang { rest.find('\n').unwrap_or(rest.len()) } else { 0 };
    start + frontmatter_len(&text[start..])
}

/// Bytes up to the end of a manifest between two lines of dashes; 0 where there is none.
fn frontmatter_len(text: &str) -> usize {
    let start = text.len() - text.trim_start().len();
    let fence_len = text[start..].len() - text[start..].trim_start_matches('-').len();
    if fence_len < 3 {
        return 0;
    }
    let close = format!("\n{}", &text[start..start + fence_len]);
    let end = text[start..].find(&close).map_or(text.len(), |at| start + at + close.len());
    end + text[end..].find('\n').unwrap_or(text.len() - end)
}

fn unreadable(text: &str, offsets: &Offsets, error: &syn::Error) -> Unreadable {
    let message = error.to_string();
    let at_end = message.starts_with(END_OF_INPUT) && error.span().byte_range().is_empty();
    let start = if at_end { text.trim_end().len() } else { offsets.start(error.span()) as usize };
    let found = first_token(&text[start..]);
    let range = Range { start: start as u32, end: (start + found.len()) as u32 };
    Unreadable { message: wording(message, &text[start..], found), range }
}

/// How syn begins its message about a text that ends too early.
const END_OF_INPUT: &str = "unexpected end of input";

/// How syn begins its message about what cannot start an item.
const NOT_AN_ITEM: &str = "expected one of: `fn`, `extern`, `use`";

/// What proc-macro2 says of every text that is not made of tokens.
const NOT_TOKENS: &str = "cannot parse string into token stream";

/// What syn says, in rustc's words where syn's are long or say nothing.
fn wording(message: String, rest: &str, found: &str) -> String {
    if ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|marker| rest.starts_with(marker)) {
        return "encountered diff marker".into();
    }
    if message.starts_with(NOT_AN_ITEM) {
        return format!("expected item, found `{found}`");
    }
    if message != NOT_TOKENS {
        return message;
    }
    match found.chars().next() {
        Some('(' | '[' | '{') => "this file contains an unclosed delimiter".into(),
        Some(')' | ']' | '}') => format!("unexpected closing delimiter: `{found}`"),
        Some('/') => "unterminated block comment".into(),
        Some(c) if c == '"' || c == '\'' || c.is_ascii_alphanumeric() => "invalid or unterminated literal".into(),
        _ => format!("unknown start of token: `{found}`"),
    }
}

/// A word, or one character; nothing at the end.
fn first_token(rest: &str) -> &str {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let length =
        if word > 0 { word } else { rest.chars().next().filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8) };
    &rest[..length]
}
