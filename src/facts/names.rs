//! Which names a text mentions, in code, attributes and macros alike, read or unread. Knows tokens only, and nothing of what a name stands for.

use proc_macro2::{Ident, TokenStream, TokenTree};
use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

/// The names that are mentioned in tokens, in ascending order: every identifier but those that `fn` declares, macros with their `!` besides, and the last part of
/// what a string gives as a path, as in `#[serde(default = "port")]`.
pub fn mentioned(tokens: TokenStream) -> Vec<Ustr> {
    let mut names = HashSet::default();
    collect(tokens, &mut names);
    let mut names: Vec<Ustr> = names.iter().map(|name: &String| ustr(name)).collect();
    names.sort_unstable();
    names
}

fn collect(tokens: TokenStream, names: &mut HashSet<String>) {
    let (mut declares, mut last) = (false, String::new());
    for token in tokens {
        let declared = std::mem::take(&mut declares);
        match token {
            TokenTree::Group(group) => collect(group.stream(), names),
            TokenTree::Ident(ident) if ident == "fn" => declares = true,
            TokenTree::Ident(ident) if !declared => {
                last = name(&ident);
                names.insert(last.clone());
            }
            TokenTree::Punct(mark) if mark.as_char() == '!' => {
                names.insert(format!("{last}!"));
            }
            TokenTree::Literal(literal) => names.extend(path_in(&literal.to_string())),
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

fn name(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

/// The last part of a path that a string literal consists of.
fn path_in(literal: &str) -> Option<String> {
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    let is_part = |part: &str| {
        let mut letters = part.chars();
        letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    text.split("::").all(is_part).then(|| text.rsplit("::").next().map(str::to_owned)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<Ustr> {
        mentioned(text.parse().expect("tokens"))
    }

    #[test]
    fn what_is_called_or_named_in_a_macro_or_an_attribute_is_mentioned() {
        let found = names("#[serde(default = \"config::port\")] fn main() { start(); routes![index, r#match] }");
        for name in ["port", "start", "index", "match"] {
            assert!(found.contains(&ustr(name)), "{name}");
        }
    }

    #[test]
    fn what_is_declared_or_said_is_not_mentioned() {
        let found = names("/// see unused\nfn unused() { say(\"not unused\") }");
        assert!(!found.contains(&ustr("unused")), "{found:?}");
    }
}
