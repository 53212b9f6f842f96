//! Our own Rust text as tokens: which paths a file names and which words it says. proc-macro2 does the reading, so comments and
//! strings are no code. Knows no file and no table; the tests of a file are passed over.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path as a file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// `crate`, `facts`, `model`: without generic arguments, the groups of a `use` spread out.
    pub segments: Vec<String>,
    /// From 1.
    pub line: usize,
}

/// A string literal among the arguments of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    /// From 1.
    pub line: usize,
}

/// Every path of at least two segments, and every name that is imported, outside of `#[cfg(test)]`.
pub fn paths(text: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    collect_paths(&tokens(text), &[], &mut found);
    found
}

/// The string literals handed to functions and methods of these names, also through a macro such as `format!`, outside of
/// `#[cfg(test)]`.
pub fn said(text: &str, callees: &[&str]) -> Vec<Said> {
    let mut found = Vec::new();
    collect_said(&tokens(text), callees, &mut found);
    found
}

fn tokens(text: &str) -> Vec<TokenTree> {
    let stream: TokenStream = text.parse().expect("our own files are Rust");
    untested(stream)
}

/// Without items that are only compiled for tests.
fn untested(stream: TokenStream) -> Vec<TokenTree> {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut skipping = false;
    for token in stream {
        match &token {
            TokenTree::Group(group) if !skipping && attribute(group) == "cfg (test)" => {
                kept.pop();
                skipping = true;
            }
            TokenTree::Group(group) if skipping => skipping = group.delimiter() != Delimiter::Brace,
            TokenTree::Punct(punct) if skipping => skipping = punct.as_char() != ';',
            _ if skipping => {}
            _ => kept.push(token),
        }
    }
    kept
}

/// What stands in brackets.
fn attribute(group: &Group) -> String {
    if group.delimiter() == Delimiter::Bracket { group.stream().to_string() } else { String::new() }
}

/// `prefix` is what a group of a `use` stands behind; outside of one it is empty.
fn collect_paths(tokens: &[TokenTree], prefix: &[String], found: &mut Vec<Mention>) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Group(group) => collect_paths(&untested(group.stream()), &[], found),
            TokenTree::Ident(ident) => {
                let imported = !prefix.is_empty() || at >= 2 && is_word(&tokens[at - 2], "use");
                if imported && ident == "as" {
                    at += 1;
                    continue;
                }
                let line = ident.span().start().line;
                let mut segments = prefix.to_vec();
                segments.extend((ident != "self" || prefix.is_empty()).then(|| ident.to_string()));
                while let Some(TokenTree::Ident(ident)) = after_colons(tokens, at) {
                    segments.push(ident.to_string());
                    at += 3;
                }
                if let Some(TokenTree::Group(group)) = after_colons(tokens, at) {
                    collect_paths(&untested(group.stream()), &segments, found);
                    at += 3;
                } else if imported || segments.len() > 1 {
                    found.push(Mention { segments, line });
                }
            }
            _ => {}
        }
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_punct(token: Option<&TokenTree>, punct: char) -> bool {
    matches!(token, Some(TokenTree::Punct(it)) if it.as_char() == punct)
}

/// What stands behind a `::` at `at`.
fn after_colons(tokens: &[TokenTree], at: usize) -> Option<&TokenTree> {
    (is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')).then(|| tokens.get(at + 2)).flatten()
}

fn collect_said(tokens: &[TokenTree], callees: &[&str], found: &mut Vec<Said>) {
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let callee = at.checked_sub(1).map(|before| &tokens[before]);
        let inner = untested(group.stream());
        if matches!(callee, Some(TokenTree::Ident(name)) if callees.iter().any(|it| name == it)) {
            literals(&inner, found);
        } else {
            collect_said(&inner, callees, found);
        }
    }
}

fn literals(tokens: &[TokenTree], found: &mut Vec<Said>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => literals(&untested(group.stream()), found),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let inner = text.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"'));
                if let Some((text, _)) = inner {
                    found.push(Said { text: text.to_owned(), line: literal.span().start().line });
                }
            }
            _ => {}
        }
    }
}

#[test]
fn paths_are_read_from_imports_and_from_code_and_nowhere_else() {
    let text = r#"
        //! Speaks of `crate::spoken::of`.
        use crate::{report, facts::{self, model::Body as B}};
        pub use super::items;
        use toml as t;
        /// And of [`crate::documented`].
        fn f() -> crate::source::Range {
            let a = "crate::quoted"; // crate::remarked
            std::fs::read::<Vec<ustr::Ustr>>(a);
            let toml = a.toml;
        }
        #[cfg(test)]
        mod tests {
            use crate::tested;
        }
        fn last() { crate::rules::catalog() }
    "#;
    let named: Vec<String> = paths(text).into_iter().map(|it| it.segments.join("::")).collect();
    let expected = [
        "crate::report",
        "crate::facts",
        "crate::facts::model::Body",
        "super::items",
        "toml",
        "crate::source::Range",
        "std::fs::read",
        "ustr::Ustr",
        "crate::rules::catalog",
    ];
    assert_eq!(named, expected);
    assert_eq!(paths("\n\nuse a::b;")[0].line, 3);
}

#[test]
fn strings_are_read_from_the_calls_asked_for() {
    let text = r##"
        fn f() {
            it.note("one").help(format!("two {}", g("three"))).other("four");
            it.note(r#"five"#);
        }
        #[cfg(test)]
        fn g() { it.note("six") }
    "##;
    let texts: Vec<String> = said(text, &["note", "help"]).into_iter().map(|it| it.text).collect();
    assert_eq!(texts, ["one", "two {}", "three", "five"]);
}
