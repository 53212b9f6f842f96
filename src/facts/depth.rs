//! A cheap bound on how deep the parser and everything after it can recurse. Knows brackets, angle brackets and separators, not grammar.

use crate::source::Range;

/// How deep a file may be.
///
/// Of 25,000 real files (9.5 million lines) all but one stay below 900; the one, at 4,137, is a generated table of Unicode ranges in a
/// single pattern. At this bound the deepest recursion of parser, extraction and drop takes 212 MiB in a debug build, 58 in a release
/// build (`tests/depth.rs` has the shapes), so that it fits a stack of [`STACK_BYTES`] with room for later stages, whose recursion
/// goes by brackets alone.
pub const LIMIT: u32 = 16_000;

/// The stack of every thread that parses or walks facts, in bytes. It is reserved, not used: only deep files touch it.
pub const STACK_BYTES: usize = 512 << 20;

/// What a bracket costs in units of one chained token: the parser goes through several functions for it.
const BRACKET: u32 = 4;

/// What `&` and `*` cost: before a type, each is a whole round through the parser.
const PREFIX: u32 = 4;

/// What stands between an opening bracket and the present place, measured from the inside out.
#[derive(Default)]
struct Level {
    /// A `<` that may be a comparison: it ends where a generic list cannot go on.
    angle: bool,
    /// Depth of the deepest element (between separators) that is complete.
    deepest: u32,
    /// Tokens of the present element.
    chain: u32,
    /// Depth of the deepest bracket of the present element.
    nested: u32,
}

impl Level {
    fn finish_element(&mut self) {
        self.deepest = self.depth();
        (self.chain, self.nested) = (0, 0);
    }

    fn depth(&self) -> u32 {
        self.deepest.max(self.chain + self.nested)
    }
}

/// The place where the text nests or chains deeper than [`LIMIT`], if there is one.
///
/// The depth of an element is the number of its tokens, brackets among them, plus the depth of its deepest bracket; elements end at
/// separators, and at a `}` that ends a statement. So it bounds nesting, chains of operators, calls, `else if` and types alike.
/// Comments cost nothing.
pub fn too_deep(text: &str) -> Option<Range> {
    deeper_than(text, LIMIT)
}

/// Whether a text nests or chains deeper than a bound of its own.
pub fn is_deeper(text: &str, bound: u32) -> bool {
    deeper_than(text, bound).is_some()
}

fn deeper_than(text: &str, bound: u32) -> Option<Range> {
    let bytes = text.as_bytes();
    let mut levels = Levels(vec![Level::default()]);
    let mut after_block = false;
    let mut at = 0;
    while at < bytes.len() {
        let (start, rest) = (at, &bytes[at..]);
        if let Some(end) = blank_end(bytes, at) {
            at = end;
            continue;
        }
        if std::mem::take(&mut after_block) && starts_statement(rest) {
            levels.close_angles();
            levels.last().finish_element();
        }
        at = match rest[0] {
            b'(' | b'[' | b'{' => levels.open(at, false),
            b'<' => levels.open(at, true),
            b')' | b']' | b'}' => {
                levels.close_angles();
                levels.close();
                after_block = rest[0] == b'}';
                at + 1
            }
            b'-' if rest.starts_with(b"->") => levels.token(at + 2),
            b'=' if rest.starts_with(b"=>") => {
                levels.close_angles();
                levels.last().finish_element();
                at + 2
            }
            b'>' => {
                if levels.last().angle {
                    levels.close();
                }
                levels.token(at + 1)
            }
            b';' => {
                levels.close_angles();
                levels.last().finish_element();
                at + 1
            }
            b',' => {
                levels.last().finish_element();
                at + 1
            }
            b'&' | b'*' => levels.costly_token(PREFIX, at + 1),
            b'"' => levels.token(string_end(bytes, at + 1)),
            b'\'' => levels.token(quote_end(bytes, at)),
            b'r' | b'b' | b'c' if raw_string(bytes, at).is_some() => {
                let (hashes, open) = raw_string(bytes, at).unwrap_or_default();
                levels.token(raw_string_end(bytes, open, hashes))
            }
            b if is_word(b) => levels.token(word_end(bytes, at)),
            _ => levels.token(at + 1),
        };
        if levels.last().depth() > bound {
            return Some(Range { start: start as u32, end: at as u32 });
        }
    }
    // What is never closed does not parse, but it is parsed up to there.
    while levels.0.len() > 1 {
        levels.close();
    }
    (levels.last().depth() > LIMIT).then_some(Range { start: 0, end: 0 })
}

/// Open brackets from the outside in; never empty.
struct Levels(Vec<Level>);

impl Levels {
    fn last(&mut self) -> &mut Level {
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    fn token(&mut self, end: usize) -> usize {
        self.costly_token(1, end)
    }

    fn costly_token(&mut self, cost: u32, end: usize) -> usize {
        self.last().chain += cost;
        end
    }

    fn open(&mut self, at: usize, angle: bool) -> usize {
        self.0.push(Level { angle, ..Level::default() });
        at + 1
    }

    fn close(&mut self) {
        if self.0.len() > 1 {
            let depth = self.0.pop().map_or(0, |level| level.depth()) + BRACKET;
            let outer = self.last();
            outer.nested = outer.nested.max(depth);
            outer.chain += 1;
        }
    }

    fn close_angles(&mut self) {
        while self.last().angle {
            self.close();
        }
    }
}

/// The end of white space or of a comment that starts here.
fn blank_end(bytes: &[u8], at: usize) -> Option<usize> {
    match (bytes[at], bytes.get(at + 1)) {
        (b' ' | b'\t' | b'\r' | b'\n', _) => Some(at + 1),
        (b'/', Some(b'/')) => Some(line_end(bytes, at)),
        (b'/', Some(b'*')) => Some(block_comment_end(bytes, at)),
        _ => None,
    }
}

/// After `}` a word, an attribute or a label starts a new statement or item, unless the word carries the expression on.
fn starts_statement(rest: &[u8]) -> bool {
    let word = &rest[..word_end(rest, 0)];
    matches!(rest[0], b'#' | b'\'') || (!word.is_empty() && !matches!(word, b"else" | b"as"))
}

fn is_word(b: u8) -> bool {
    b == b'_' || b.is_ascii_alphanumeric() || b >= 0x80
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n)
}

fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut at) = (1, at + 2);
    while at < bytes.len() && depth > 0 {
        match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'*')) => (depth, at) = (depth + 1, at + 2),
            (b'*', Some(b'/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at.min(bytes.len())
}

/// The end of a character literal or of a lifetime's quote.
fn quote_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'\\') {
        let close = bytes[(at + 3).min(bytes.len())..].iter().position(|b| *b == b'\'');
        return close.map_or(bytes.len(), |n| at + 3 + n + 1);
    }
    // A character is at most four bytes long.
    let close = (at + 2..(at + 6).min(bytes.len())).find(|i| bytes[*i] == b'\'');
    match close {
        Some(end) if std::str::from_utf8(&bytes[at + 1..end]).is_ok_and(|s| s.chars().count() == 1) => end + 1,
        _ => at + 1,
    }
}

/// For `r"`, `r#"`, `br##"`, …: the number of hashes and the offset behind the opening quote.
fn raw_string(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let r = if bytes[at] == b'r' { at } else { at + 1 };
    if bytes.get(r) != Some(&b'r') {
        return None;
    }
    let hashes = bytes[r + 1..].iter().take_while(|b| **b == b'#').count();
    let quote = r + 1 + hashes;
    (bytes.get(quote) == Some(&b'"')).then_some((hashes, quote + 1))
}

fn raw_string_end(bytes: &[u8], mut at: usize, hashes: usize) -> usize {
    while at < bytes.len() {
        if bytes[at] == b'"' && bytes[at + 1..].iter().take(hashes).filter(|b| **b == b'#').count() == hashes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    at
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|b| !is_word(*b)).map_or(bytes.len(), |n| at + n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deep(text: &str) -> bool {
        too_deep(text).is_some()
    }

    #[test]
    fn nesting_and_chains_of_every_kind_are_bounded() {
        let n = LIMIT as usize + 1;
        assert!(deep(&"(".repeat(n)));
        assert!(deep(&"a.b()".repeat(n)));
        assert!(deep(&"a+".repeat(n)));
        assert!(deep(&"if a {} else ".repeat(n)));
        assert!(deep(&"&".repeat(n)));
        assert!(deep(&"|x|".repeat(n)));
        assert!(deep(&"F<A, ".repeat(n)));
        assert!(deep(&"impl X { fn f() { ".repeat(n)));
        assert!(deep(&"!".repeat(n)));
        assert!(deep(&format!("{}x{}", "(".repeat(2_000), format!(",){}", ".a".repeat(4)).repeat(2_000))));
        assert!(deep(&"if a {} /* else */ else ".repeat(n)));
        assert!(deep(&format!("x{}", "()".repeat(n))));
        assert!(deep(&format!("x{}", "[0]".repeat(n))));
    }

    #[test]
    fn long_flat_files_are_not_deep() {
        let n = 20_000;
        assert!(!deep(&"let a = b.c(d)?;\n".repeat(n)));
        assert!(!deep(&format!("[{}]", "1, ".repeat(n))));
        assert!(!deep(&"fn f() {}\n".repeat(n)));
        assert!(!deep(&"impl A<B, C> for D { }\n".repeat(n)));
        assert!(!deep(&format!("match x {{ {} }}", "y if y < 5 => z,\n".repeat(n))));
        assert!(!deep(&format!("{{ {} }}", "if a < b { c } // d\n".repeat(n))));
        assert!(!deep(&format!("const A: &str = \"{}\";", "(".repeat(n))));
        assert!(!deep(&format!("const A: &str = r#\"{}\"#;", "\"(".repeat(n))));
        assert!(!deep(&format!("/* {} */", "( ".repeat(n))));
        assert!(!deep(&"let a: &'a str = '(';\n".repeat(n)));
    }
}
