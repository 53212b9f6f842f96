//! What rustc accepts in older editions and syn does not: `Box<Fn(u8) -> u8>`, written without `dyn` until edition 2021.
//! Works on tokens, so that every place stays what it is. Only tried on files that do not parse otherwise.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

/// The same tokens with a `dyn` before every `Fn(…)`, `FnMut(…)` and `FnOnce(…)` that stands where a type begins.
pub fn modernised(tokens: TokenStream) -> TokenStream {
    in_group(tokens, false)
}

/// `is_type`: whether a type begins where the group does.
fn in_group(tokens: TokenStream, is_type: bool) -> TokenStream {
    let mut modern: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let type_begins = begins_type(&modern, is_type);
        match token {
            TokenTree::Group(group) => {
                let inner = in_group(group.stream(), type_begins && group.delimiter() == Delimiter::Parenthesis);
                let mut copy = Group::new(group.delimiter(), inner);
                copy.set_span(group.span());
                modern.push(copy.into());
            }
            TokenTree::Ident(ident)
                if type_begins && is_fn_trait(&ident) && tokens.peek().is_some_and(is_parentheses) =>
            {
                modern.push(Ident::new("dyn", ident.span()).into());
                modern.push(ident.into());
            }
            other => modern.push(other),
        }
    }
    modern.into_iter().collect()
}

/// Whether a type can begin behind these tokens: behind `<`, `=`, `&`, `&mut` and `&'a`.
fn begins_type(before: &[TokenTree], is_type: bool) -> bool {
    let is_punct = |token: &TokenTree, of: &[char]| matches!(token, TokenTree::Punct(p) if of.contains(&p.as_char()));
    match before {
        [] => is_type,
        [.., quote, TokenTree::Ident(_)] if is_punct(quote, &['\'']) => true,
        [.., TokenTree::Ident(ident)] => ident == "mut",
        [.., last] => is_punct(last, &['<', '=', '&']),
    }
}

fn is_fn_trait(ident: &Ident) -> bool {
    ident == "Fn" || ident == "FnMut" || ident == "FnOnce"
}

fn is_parentheses(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
}
