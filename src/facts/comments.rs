//! Suppression comments as facts: what `// watertight: allow(…) -- reason` names and which bytes it covers.
//!
//! Knows neither rules nor levels: whether a name is a rule, and whether anything was suppressed, is for the report to say.
//! Comments are found by a lexer of their own, because syn does not keep them.

use crate::source::Range;
use crate::suppression::{MARKER, Suppression};

/// The suppression comments of a file, in the order of their places.
///
/// `nodes` are the ranges of what a comment can stand before: items, statements, match arms, fields and fields of struct
/// literals, with their attributes, in any order. A comment behind code covers its line and every node that starts on it. A
/// comment on a line of its own covers the outermost node that starts at the next code, or, where none does, that line of code.
pub fn suppressions(text: &str, nodes: &[Range]) -> Vec<Suppression> {
    if !text.contains(MARKER) {
        return Vec::new();
    }
    let file = File { text, tokens: tokens(text), nodes };
    (0..file.tokens.len()).filter_map(|at| file.suppression(at)).collect()
}

/// What a comment says where a failure, or a thing that is never ended, is meant: in lower case.
const INTENTS: &[&str] = &[
    "best-effort",
    "best effort",
    "ok if this fails",
    "okay if this fails",
    "fine if this fails",
    "not worry about",
    "don't worry about",
    "ignore error",
    "ignore the error",
    "ignore failure",
    "ignore the result",
    "ignore result",
    "ignore any error",
    "ignores any",
    "just ignore",
    "defer any error",
    "ignoring error",
    "errors are ignored",
    "errors to none",
    "treat errors as",
    "errors mean",
    "error means",
    "failure is ok",
    "failure is fine",
    "failure is not",
    "failures are",
    "we treat as",
    "silently fail",
    "silently ignore",
    "rather than fail",
    "instead of failing",
    "silently swallow",
    "swallow any error",
    "swallow the error",
    "swallow errors",
    "non-fatal",
    "not fatal",
    "nonfatal",
    "must not kill",
    "don't care",
    "do not care",
    "can ignore that",
    "can be ignored",
    "safe to ignore",
    "don't want to panic",
    "do not want to panic",
    "never dropped",
    "process-lifetime",
    "lives as long as the process",
    "live until the process",
    "lives until the process",
    "for debugging",
    "fail open",
    "fails open",
    "fail-open",
    "fail closed",
    "fails closed",
    "fail-closed",
    "we accept this",
    "we accept that",
    "is acceptable",
    "are acceptable",
];

/// What says so of the statement below. The documentation of a function says it of something else: of what the function returns, of how it works.
const INTENTS_OF_STATEMENTS: &[&str] = &[
    "may fail",
    "might fail",
    "can fail",
    "can only fail",
    "can't fail",
    "cannot fail",
    "can not fail",
    "shouldn't fail",
    "should not fail",
    "must not fail",
    "failure must not",
    "allow this to fail",
    "allowed to fail",
    "intentionally",
    "on purpose",
    "deliberately",
];

/// What comments say is intended: the bytes each such comment stands for, by the same reading as a suppression's. Before a `let` that only prepares,
/// a comment stands for the rest of its paragraph too. Line and doc comments count.
pub fn intents(text: &str, nodes: &[Range]) -> Vec<Range> {
    let file = File { text, tokens: tokens(text), nodes };
    let comments = (0..file.tokens.len()).filter(|at| file.tokens[*at].is_comment());
    let meant = comments.filter(|at| file.tells_an_intent(*at) || file.explains_an_empty_arm(file.tokens[*at]));
    meant.map(|at| file.intended(at)).collect()
}

/// What the documentation of a file says where nothing in it is meant for production: in lower case.
const FOR_TESTS: &[&str] = &[
    "not intended to be run in production",
    "not intended for production",
    "not meant for production",
    "not for production",
    "not production-ready",
    "only for tests",
    "only for testing",
    "for local testing",
    "for local development and testing",
    "for integration testing",
    "for testing and development",
    "for testing only",
    "for testing purposes",
    "for test purposes",
    "standalone fake",
];

/// What it says where the program in the file only tries something out: in lower case.
const TRIALS: &[&str] = &[
    "for demonstration",
    "is a demo",
    "simple demo",
    "simple example",
    "example of how",
    "shows how to",
    "mock server",
    "mock of",
    "dummy server",
    "toy ",
];

/// The documentation at the head of a file, in lower case and on one line: the `//!` lines before any code.
pub fn head(text: &str) -> String {
    let head =
        text[code_begin(text)..].lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with("//"));
    let said: Vec<String> =
        head.filter_map(|line| line.strip_prefix("//!")).map(|line| line.trim().to_lowercase()).collect();
    said.join(" ")
}

/// Whether the head of a file says that what is in it is for tests.
pub fn is_for_tests(head: &str) -> bool {
    FOR_TESTS.iter().any(|phrase| head.contains(phrase))
}

/// Whether the head of a file says that it only tries something out.
pub fn tries_out(head: &str) -> bool {
    TRIALS.iter().any(|phrase| head.contains(phrase))
}

/// A file with what is needed to say what a comment in it covers.
struct File<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    nodes: &'a [Range],
}

impl File<'_> {
    /// Whether a comment, read on into a line comment right below it, has a phrase of [`INTENTS`] or [`INTENTS_OF_STATEMENTS`].
    fn tells_an_intent(&self, at: usize) -> bool {
        let comment =
            |token: &Token| self.text[token.start..token.end].trim_start_matches(['/', '!']).trim().to_lowercase();
        let first = self.tokens[at];
        let below = self.tokens.get(at + 1).filter(|next| {
            next.kind == Kind::LineComment && self.text[first.end..next.start].matches('\n').count() == 1
        });
        let said = [Some(comment(&first)), below.map(comment)].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let documents = ["///", "//!", "/**", "/*!"].iter().any(|start| self.text[first.start..].starts_with(start));
        let of_statement = if documents { &[] } else { INTENTS_OF_STATEMENTS };
        !said.contains(MARKER) && INTENTS.iter().chain(of_statement).any(|phrase| said.contains(phrase))
    }

    /// `_ => {} // the daemon is not running`: who leaves an arm empty and says why has thought of it.
    fn explains_an_empty_arm(&self, comment: Token) -> bool {
        let line = self.text[self.line_start(comment.start)..comment.start].trim_end();
        let says = &self.text[comment.start..comment.end];
        // `//~` is a test's expectation, said of the code and not by it.
        !says.contains(MARKER)
            && !says.starts_with("//~")
            && ["=> {}", "=> {},", "=> (),", "=> ()", "=> {", "=> continue,", "=> continue"]
                .iter()
                .any(|empty| line.ends_with(empty))
    }

    /// What a comment speaks of: what it stands before and, where that is a `let` with a name or it speaks of several things, the lines up to the next
    /// empty one. Before a `let _` it speaks of all that follow one another.
    fn intended(&self, comment: usize) -> Range {
        let covered = self.covered(comment);
        let start = self.tokens[comment].start;
        let line = self.line_start(start);
        let code = &self.text[covered.start as usize..];
        let discards = |code: &str| code.starts_with("let _ ");
        let prepares = code.starts_with("let ") && !discards(code);
        let said = self.text[start..self.tokens[comment].end].to_lowercase();
        if !self.text[line..start].trim().is_empty() {
            return covered;
        }
        let of_several = said.contains(" these ");
        if discards(code) && !of_several {
            let mut statements: Vec<&Range> = self.nodes.iter().filter(|node| node.start >= covered.end).collect();
            statements.sort_unstable_by_key(|node| node.start);
            let next = |end: u32| {
                let at = statements.partition_point(|node| node.start < end);
                let next = statements.get(at)?;
                let between = &self.text[end as usize..next.start as usize];
                let follows = between.trim().is_empty() && between.matches('\n').count() == 1;
                (follows && discards(&self.text[next.start as usize..])).then_some(next.end)
            };
            let end = std::iter::successors(Some(covered.end), |end| next(*end)).last().unwrap_or(covered.end);
            return Range { end, ..covered };
        }
        if !(prepares || of_several) {
            return covered;
        }
        let ends = |line: &&str| {
            line.trim().is_empty() || line.len() - line.trim_start().len() < start - self.line_start(start)
        };
        let paragraph =
            self.text[line..].split_inclusive('\n').take_while(|line| !ends(line)).map(str::len).sum::<usize>();
        Range { end: covered.end.max((line + paragraph) as u32), ..covered }
    }

    fn suppression(&self, at: usize) -> Option<Suppression> {
        let token = self.tokens[at];
        if token.kind != Kind::LineComment {
            return None;
        }
        let comment = &self.text[token.start..token.end];
        Suppression::read(comment, token.start, "//", range(0, self.text.len()), || self.covered(at))
    }

    /// The bytes that the comment at a token covers.
    fn covered(&self, comment: usize) -> Range {
        let line = self.line_start(self.tokens[comment].start);
        let before = self.tokens[..comment].iter().rev().find(|token| !token.is_comment());
        match before {
            Some(code) if code.end > line => self.behind_code(line, self.tokens[comment]),
            _ => self.before_code(comment),
        }
    }

    /// For a comment behind code: its line, and whatever begins there.
    fn behind_code(&self, line: usize, comment: Token) -> Range {
        let begins_here = |node: &&Range| {
            (node.start as usize) < comment.start
                && node.end as usize > line
                && self.code_start(**node).is_some_and(|start| (line..comment.start).contains(&start))
        };
        let whole_line = range(line, comment.end);
        self.nodes
            .iter()
            .filter(begins_here)
            .fold(whole_line, |all, node| Range { start: all.start.min(node.start), end: all.end.max(node.end) })
    }

    /// For a comment on a line of its own: the outermost node whose code is the next code, or the line of that code.
    fn before_code(&self, comment: usize) -> Range {
        let Some(code) = self.tokens.get(self.skip_attributes(comment + 1)) else {
            let end = self.tokens[comment].end;
            return range(end, end);
        };
        let begins_there = |node: &&Range| {
            node.start as usize <= code.start
                && code.start < node.end as usize
                && self.code_start(**node) == Some(code.start)
        };
        let outermost = self.nodes.iter().filter(begins_there).max_by_key(|node| node.end - node.start);
        outermost.copied().unwrap_or_else(|| {
            let end = self.text[code.start..].find('\n').map_or(self.text.len(), |length| code.start + length);
            range(self.line_start(code.start), end)
        })
    }

    /// Where a node's own code begins, behind its attributes and comments.
    fn code_start(&self, node: Range) -> Option<usize> {
        let first = self.tokens.partition_point(|token| token.start < node.start as usize);
        self.tokens.get(self.skip_attributes(first)).map(|token| token.start)
    }

    /// The first token from `at` on that belongs to neither a comment nor an attribute.
    fn skip_attributes(&self, mut at: usize) -> usize {
        while let Some(token) = self.tokens.get(at) {
            at = match token.kind {
                Kind::LineComment | Kind::BlockComment => at + 1,
                Kind::Mark('#') if self.is_mark(at + 1, '[') => self.skip_brackets(at + 1),
                Kind::Mark('#') if self.is_mark(at + 1, '!') && self.is_mark(at + 2, '[') => self.skip_brackets(at + 2),
                _ => break,
            };
        }
        at
    }

    /// The token behind the bracket that closes the one at `open`.
    fn skip_brackets(&self, open: usize) -> usize {
        let mut depth = 0;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            match token.kind {
                Kind::Mark('[') => depth += 1,
                Kind::Mark(']') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at + 1;
            }
        }
        self.tokens.len()
    }

    fn is_mark(&self, at: usize, mark: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Mark(mark))
    }

    fn line_start(&self, offset: usize) -> usize {
        self.text[..offset].rfind('\n').map_or(0, |at| at + 1)
    }
}

fn range(start: usize, end: usize) -> Range {
    Range { start: start as u32, end: end as u32 }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    LineComment,
    BlockComment,
    /// A string, byte string, raw string or character.
    Literal,
    /// An identifier, keyword, number or the name of a lifetime.
    Word,
    /// Any other character.
    Mark(char),
}

/// A token by its bytes, `start` inclusive, `end` exclusive.
#[derive(Debug, Clone, Copy)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
}

impl Token {
    fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::LineComment | Kind::BlockComment)
    }
}

/// The tokens of a Rust file, as far as needed to tell comments and brackets from text that looks like them.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = code_begin(text);
    while let Some(skipped) = text[at..].find(|c: char| !c.is_whitespace()) {
        let start = at + skipped;
        let (kind, length) = token(&text[start..]);
        at = start + length;
        tokens.push(Token { kind, start, end: at });
    }
    tokens
}

/// Where a byte order mark and a `#!` line end.
fn code_begin(text: &str) -> usize {
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    match text[mark..].strip_prefix("#!") {
        Some(rest) if !rest.trim_start().starts_with('[') => mark + line_length(&text[mark..]),
        _ => mark,
    }
}

/// Kind and length in bytes of the token that `rest`, which is not empty, starts with.
fn token(rest: &str) -> (Kind, usize) {
    let first = rest.chars().next().unwrap_or_default();
    match first {
        '/' if rest.starts_with("//") => (Kind::LineComment, line_length(rest)),
        '/' if rest.starts_with("/*") => (Kind::BlockComment, block_length(rest)),
        '"' => (Kind::Literal, 1 + to_closing_quote(&rest[1..], b'"')),
        '\'' => quoted(rest),
        _ if is_word(first) => word(rest),
        _ => (Kind::Mark(first), first.len_utf8()),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the line without its break.
fn line_length(rest: &str) -> usize {
    let end = rest.find('\n').unwrap_or(rest.len());
    rest[..end].trim_end_matches('\r').len()
}

/// Block comments nest.
fn block_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (0, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length up to and with the next `quote` that no backslash stands before.
fn to_closing_quote(rest: &str, quote: u8) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// A character, or the quote of a lifetime or label.
fn quoted(rest: &str) -> (Kind, usize) {
    let mut inner = rest[1..].chars();
    match (inner.next(), inner.next()) {
        (Some('\\'), _) => (Kind::Literal, 1 + to_closing_quote(&rest[1..], b'\'')),
        (Some(c), Some('\'')) if c != '\'' => (Kind::Literal, 2 + c.len_utf8()),
        _ => (Kind::Mark('\''), 1),
    }
}

/// A word, or the raw string that it opens.
fn word(rest: &str) -> (Kind, usize) {
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    let hashes = after.len() - after.trim_start_matches('#').len();
    match after[hashes..].strip_prefix('"') {
        Some(content) if matches!(name, "r" | "br" | "cr") => {
            let close = format!("\"{}", "#".repeat(hashes));
            let content_end = content.find(&close).map_or(content.len(), |at| at + close.len());
            (Kind::Literal, end + hashes + 1 + content_end)
        }
        _ => (Kind::Word, end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that hold `part`, which occurs once.
    fn at(text: &str, part: &str) -> Range {
        assert_eq!(text.matches(part).count(), 1, "`{part}` must occur once");
        let start = text.find(part).unwrap();
        range(start, start + part.len())
    }

    /// What the only suppression covers, as text.
    fn covered<'a>(text: &'a str, nodes: &[&str]) -> &'a str {
        let nodes: Vec<Range> = nodes.iter().map(|node| at(text, node)).collect();
        let all = suppressions(text, &nodes);
        assert_eq!(all.len(), 1, "{all:?}");
        &text[all[0].covers.start as usize..all[0].covers.end as usize]
    }

    fn only(text: &str) -> Suppression {
        let mut all = suppressions(text, &[]);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    fn names(suppression: &Suppression) -> Vec<&str> {
        suppression.rules.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn names_places_and_reason_are_read() {
        let text = "//watertight: allow( rule-a,rule-b , ) -- it is (really) fine -- here  \nfn f() {}\n";
        let read = only(text);
        assert_eq!(names(&read), ["rule-a", "rule-b"]);
        assert_eq!(read.rules[0].1, at(text, "rule-a"));
        assert_eq!(read.rules[1].1, at(text, "rule-b"));
        assert_eq!(read.reason.as_deref(), Some("it is (really) fine -- here"));
        assert_eq!(read.malformed, None);
        assert!(!read.file_wide);
    }

    #[test]
    fn the_head_of_a_file_may_say_that_it_only_tries_something_out() {
        let tries = |text: &str| tries_out(&head(text));
        assert!(tries("//! A mock server\n//! with fixed answers.\nuse std::fs;\n"));
        assert!(!tries("// A mock server.\nfn main() {}\n"), "no documentation");
        assert!(!tries("//! Serves blocks.\nfn main() {}\n//! A mock server.\n"), "not at the head");
        assert!(!tries("//! Serves what `example.toml` names.\nfn main() {}\n"));
        let is_for_tests = |text: &str| is_for_tests(&head(text));
        assert!(is_for_tests("//! Builds blocks. This is NOT intended\n//! to be run in production.\nfn main() {}\n"));
        assert!(!is_for_tests("//! A mock server\nuse std::fs;\n"), "the file may hold more");
    }

    #[test]
    fn a_reason_may_be_missing() {
        for tail in ["", " --", " -- ", " because"] {
            let read = only(&format!("// watertight: allow(rule){tail}\n"));
            assert_eq!((names(&read), read.reason.as_deref()), (vec!["rule"], None), "{tail}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let why = |text: &str| only(text).malformed.unwrap();
        assert_eq!(why("// watertight: alow(x)"), "expected `allow(rule)` or `allow-file(rule)`, found `alow(x)`");
        assert_eq!(why("// watertight: allow x"), "expected `(` after `allow`");
        assert_eq!(why("// watertight: allow(x -- y"), "expected `)` after the names of the rules");
        assert_eq!(why("// watertight: allow() -- y"), "no rule is named between the parentheses");
        assert!(!only("// watertight: allow()").covers(0));
    }

    #[test]
    fn only_line_comments_that_are_no_documentation_count() {
        for text in [
            "/// watertight: allow(a)",
            "//! watertight: allow(a)",
            "//// watertight: allow(a)",
            "/* watertight: allow(a) */",
            "/* /* */ // watertight: allow(a)\n */",
            "// see watertight: allow(a)",
            r#"let s = "// watertight: allow(a)";"#,
            r#"let s = "\" // watertight: allow(a)";"#,
            r###"let s = r#"" // watertight: allow(a)"#;"###,
            r###"let s = br##""# // watertight: allow(a)"##;"###,
            "let s = c\"\n// watertight: allow(a)\n\";",
        ] {
            assert_eq!(suppressions(text, &[]), [], "{text}");
        }
    }

    #[test]
    fn quotes_that_open_no_string_do_not_hide_a_comment() {
        for code in [
            "let c = '\"';",
            "let c = b'\\'';",
            "let c = '\\\\';",
            "let c = '\\u{22}';",
            "fn f<'a>(x: &'a str) {}",
            "'outer: loop {}",
            "let r#type = 1;",
            "let bar = r\"\\\";",
            "let é = 'é';",
            "/* \" */",
        ] {
            let read = only(&format!("{code} // watertight: allow(a) -- b\n"));
            assert_eq!(names(&read), ["a"], "{code}");
        }
    }

    #[test]
    fn broken_text_ends_quietly() {
        for text in
            ["\"// watertight:", "'\\é // watertight:", "/* // watertight: /*", "r#\"// watertight:", "b'", "\"\\"]
        {
            assert_eq!(suppressions(&format!("{text}{MARKER}"), &[]), [], "{text}");
        }
    }

    #[test]
    fn no_part_of_a_text_is_too_broken() {
        let text = "#![a]é'\\''\"\\é\"r##\"é\"#\"##b'\\u{e9}'/*/é*/*///\r\n'a 'é' #[é(\"]\")]x// watertight: allow(é, ) -- é\ny";
        let starts = || text.char_indices().map(|(at, _)| at);
        for start in starts() {
            for end in starts().filter(|end| *end > start) {
                let part = format!("{}\n// watertight: allow(a)", &text[start..end]);
                suppressions(&part, &[range(0, part.len())]);
            }
        }
    }

    #[test]
    fn a_trailing_comment_covers_its_line() {
        let text = "fn f() {\n    a();\n    b(); // watertight: allow(x) -- y\n    c();\n}\n";
        assert_eq!(covered(text, &["a();", "b();", "c();"]), "    b(); // watertight: allow(x) -- y");
    }

    #[test]
    fn a_trailing_comment_covers_the_node_that_begins_on_its_line() {
        let text = "#[entry]\nfn f() { // watertight: allow(x) -- y\n    a();\n}\nfn g() {}\n";
        let whole = "#[entry]\nfn f() { // watertight: allow(x) -- y\n    a();\n}";
        assert_eq!(covered(text, &[whole, "a();", "fn g() {}"]), whole);
    }

    #[test]
    fn a_comment_on_its_own_line_covers_the_outermost_node_below() {
        let text = "// watertight: allow(x) -- y\nlet a = S {\n    b: 1,\n};\nlet c = 2;\n";
        let whole = "let a = S {\n    b: 1,\n};";
        assert_eq!(covered(text, &[whole, "b: 1", "let c = 2;"]), whole);
    }

    #[test]
    fn attributes_and_comments_may_stand_between() {
        let item = "#[a(b = \"]\", c[0])]\n/// Docs.\n#[d]\npub fn f() {\n    g();\n}";
        let text = format!("// watertight: allow(x) -- y\n// and so on\n\n{item}\n");
        assert_eq!(covered(&text, &[item, "g();"]), item);
    }

    #[test]
    fn the_comment_may_stand_behind_the_attributes() {
        let item = "#[a]\n// watertight: allow(x) -- y\nfn f() {\n    g();\n}";
        let text = format!("fn e() {{}}\n{item}\n");
        assert_eq!(covered(&text, &[item, "fn e() {}", "g();"]), item);
    }

    #[test]
    fn without_a_node_the_next_line_of_code_is_covered() {
        let text = "a\n    // watertight: allow(x) -- y\n\n    .b()\n    .c();\n";
        assert_eq!(covered(text, &[]), "    .b()");
    }

    #[test]
    fn a_comment_at_the_end_covers_nothing() {
        assert_eq!(covered("fn f() {}\n// watertight: allow(x) -- y\n", &["fn f() {}"]), "");
    }

    #[test]
    fn a_comment_for_the_file_covers_it_from_anywhere() {
        let text = "fn f() {}\n// watertight: allow-file(x) -- y\n";
        assert_eq!(covered(text, &["fn f() {}"]), text);
        assert!(only(text).file_wide);
    }

    #[test]
    fn line_breaks_may_have_carriage_returns() {
        let text = "// watertight: allow(x) -- y\r\n#[a]\r\nfn f() {}\r\nfn g() {}\r\n";
        let read = only(text);
        assert_eq!(read.reason.as_deref(), Some("y"));
        assert_eq!(read.range, at(text, "// watertight: allow(x) -- y"));
        assert_eq!(covered(text, &["#[a]\r\nfn f() {}", "fn g() {}"]), "#[a]\r\nfn f() {}");
    }

    #[test]
    fn what_stands_before_the_code_is_skipped() {
        let text = "\u{feff}#!/usr/bin/env -S it's\n// watertight: allow(x) -- y\nfn f() {}\n";
        assert_eq!(covered(text, &["fn f() {}"]), "fn f() {}");
        let text = "#![allow(a)]\n// watertight: allow(x) -- y\nfn f() {}\n";
        assert_eq!(covered(text, &["fn f() {}"]), "fn f() {}");
    }

    #[test]
    fn comments_stack() {
        let text = "// watertight: allow(x) -- y\n// watertight: allow(z) -- y\nfn f() {}\n";
        let node = at(text, "fn f() {}");
        let covers: Vec<Range> = suppressions(text, &[node]).iter().map(|read| read.covers).collect();
        assert_eq!(covers, [node, node]);
    }
}
