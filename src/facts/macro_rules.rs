//! `macro_rules!`: from the text of a definition to its rules, and from the tokens of a call to what they expand to. Knows tokens, and
//! nothing of names or of places in a file.

use std::ops::Range;
use std::rc::Rc;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use rustc_hash::FxHashMap as HashMap;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use ustr::Ustr;

use super::offsets::Offsets;
use super::paths;

/// The rules of one macro.
pub struct Rules(Vec<Rule>);

/// `(matcher) => { transcriber }`
pub struct Rule {
    matcher: Vec<Matcher>,
    /// The bytes between the delimiters, in the text of the definition.
    pub transcriber: Range<usize>,
}

/// A part of what a call has to look like.
enum Matcher {
    Token(TokenTree),
    Group(Delimiter, Vec<Matcher>),
    /// `$name:kind`
    Fragment(Ustr, Fragment),
    /// `$( of ) separator op`
    Repeat {
        of: Vec<Matcher>,
        separator: Vec<TokenTree>,
        op: char,
    },
}

#[derive(Clone, Copy)]
enum Fragment {
    Block,
    Expr,
    Ident,
    Item,
    Lifetime,
    Literal,
    Meta,
    Pattern,
    SinglePattern,
    Path,
    TokenTree,
    Type,
    Visibility,
}

/// What a name of a matcher stands for in one call.
#[derive(Clone)]
enum Bound {
    Tokens(TokenStream),
    /// Of a repetition: once for each round.
    Rounds(Vec<Rc<Bound>>),
}

/// What the names of a matcher stand for in one call.
#[derive(Clone, Default)]
pub struct Bindings(HashMap<Ustr, Rc<Bound>>);

impl Rules {
    /// The rules in the text between the outer delimiters of a definition; none where it is not understood in full.
    pub fn parse(text: &str) -> Option<Rules> {
        let offsets = Offsets::new(text, 0);
        let mut rules = Vec::new();
        let mut tokens = text.parse::<TokenStream>().ok()?.into_iter().peekable();
        while let Some(first) = tokens.next() {
            let TokenTree::Group(matcher) = first else { return None };
            let arrow = (tokens.next()?, tokens.next()?);
            let (true, true) = (is_punct(&arrow.0, '='), is_punct(&arrow.1, '>')) else { return None };
            let TokenTree::Group(transcriber) = tokens.next()? else { return None };
            let start = offsets.end(transcriber.span_open()) as usize;
            let end = offsets.start(transcriber.span_close()) as usize;
            rules.push(Rule { matcher: matchers(matcher.stream())?, transcriber: start..end });
            if tokens.peek().is_some_and(|token| is_punct(token, ';')) {
                tokens.next();
            }
        }
        Some(Rules(rules))
    }

    /// The first rule that fits the tokens of a call, as the compiler chooses, and what its names stand for.
    pub fn choose(&self, call: &TokenStream) -> Option<(&Rule, Bindings)> {
        self.0.iter().find_map(|rule| Some((rule, matched_whole(&rule.matcher, call.clone()).ok()?)))
    }
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// `*`, `+` or `?`
fn repetition(token: &TokenTree) -> Option<char> {
    match token {
        TokenTree::Punct(punct) => Some(punct.as_char()).filter(|op| "*+?".contains(*op)),
        _ => None,
    }
}

/// What stands between the parentheses of a repetition and the next token: the separator, and how often.
fn separator(tokens: &mut impl Iterator<Item = TokenTree>) -> Option<(Vec<TokenTree>, char)> {
    let mut separator = Vec::new();
    loop {
        let token = tokens.next()?;
        match repetition(&token) {
            Some(op) => return Some((separator, op)),
            None if separator.len() == LONGEST_TOKEN => return None,
            None => separator.push(token),
        }
    }
}

/// How many characters of punctuation make one token at most: `..=`.
const LONGEST_TOKEN: usize = 3;

fn matchers(tokens: TokenStream) -> Option<Vec<Matcher>> {
    let mut found = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        found.push(match token {
            TokenTree::Group(group) => Matcher::Group(group.delimiter(), matchers(group.stream())?),
            TokenTree::Punct(punct) if punct.as_char() == '$' => match tokens.next()? {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                    let (separator, op) = separator(&mut tokens)?;
                    Matcher::Repeat { of: matchers(group.stream())?, separator, op }
                }
                TokenTree::Ident(name) => match (tokens.next()?, tokens.next()?) {
                    (colon, TokenTree::Ident(kind)) if is_punct(&colon, ':') => {
                        Matcher::Fragment(paths::name(&name), Fragment::named(&kind.to_string())?)
                    }
                    _ => return None,
                },
                _ => return None,
            },
            other => Matcher::Token(other),
        });
    }
    Some(found)
}

impl Fragment {
    fn named(kind: &str) -> Option<Fragment> {
        Some(match kind {
            "block" => Fragment::Block,
            "expr" | "expr_2021" => Fragment::Expr,
            "ident" => Fragment::Ident,
            "item" => Fragment::Item,
            "lifetime" => Fragment::Lifetime,
            "literal" => Fragment::Literal,
            "meta" => Fragment::Meta,
            "pat" => Fragment::Pattern,
            "pat_param" => Fragment::SinglePattern,
            "path" => Fragment::Path,
            "tt" => Fragment::TokenTree,
            "ty" => Fragment::Type,
            "vis" => Fragment::Visibility,
            _ => return None,
        })
    }

    /// Takes the tokens of one such fragment.
    fn take(self, input: ParseStream) -> syn::Result<TokenStream> {
        let behind = input.fork();
        match self {
            Fragment::Block => drop(behind.parse::<syn::Block>()?),
            Fragment::Expr => drop(behind.parse::<syn::Expr>()?),
            Fragment::Ident => drop(behind.call(Ident::parse_any)?),
            Fragment::Item => drop(behind.parse::<syn::Item>()?),
            Fragment::Lifetime => drop(behind.parse::<syn::Lifetime>()?),
            Fragment::Literal => {
                behind.parse::<Option<syn::Token![-]>>()?;
                behind.parse::<syn::Lit>()?;
            }
            Fragment::Meta => drop(behind.parse::<syn::Meta>()?),
            Fragment::Pattern => drop(behind.call(syn::Pat::parse_multi)?),
            Fragment::SinglePattern => drop(behind.call(syn::Pat::parse_single)?),
            Fragment::Path => drop(behind.parse::<syn::Path>()?),
            Fragment::TokenTree => drop(behind.parse::<TokenTree>()?),
            Fragment::Type => drop(behind.parse::<syn::Type>()?),
            Fragment::Visibility => drop(behind.parse::<syn::Visibility>()?),
        }
        let mut taken = Vec::new();
        while input.cursor() != behind.cursor() {
            taken.push(input.parse::<TokenTree>()?);
        }
        Ok(match self {
            // What was one expression stays one, whatever stands around it.
            Fragment::Expr if taken.len() > 1 => {
                let span = taken.first().map_or_else(Span::call_site, TokenTree::span);
                let mut group = Group::new(Delimiter::None, taken.into_iter().collect());
                group.set_span(span);
                TokenTree::Group(group).into()
            }
            _ => taken.into_iter().collect(),
        })
    }
}

/// What the names stand for where the matchers fit all of the tokens.
fn matched_whole(matchers: &[Matcher], tokens: TokenStream) -> syn::Result<Bindings> {
    let parser = |input: ParseStream| {
        let mut bindings = Bindings::default();
        matched(matchers, input, &mut bindings)?;
        Ok(bindings)
    };
    parser.parse2(tokens)
}

fn matched(matchers: &[Matcher], input: ParseStream, bindings: &mut Bindings) -> syn::Result<()> {
    for matcher in matchers {
        match matcher {
            Matcher::Token(wanted) => same_token(wanted, input)?,
            Matcher::Group(delimiter, inner) => match input.parse::<TokenTree>()? {
                TokenTree::Group(group) if group.delimiter() == *delimiter => {
                    bindings.0.extend(matched_whole(inner, group.stream())?.0);
                }
                other => return Err(syn::Error::new(other.span(), "another token")),
            },
            Matcher::Fragment(name, fragment) => {
                bindings.0.insert(*name, Rc::new(Bound::Tokens(fragment.take(input)?)));
            }
            Matcher::Repeat { of, separator, op } => {
                let rounds = rounds(of, separator, *op, input)?;
                let mut names = Vec::new();
                bound_names(of, &mut names);
                for name in names {
                    let all = rounds.iter().filter_map(|round| round.0.get(&name).cloned()).collect();
                    bindings.0.insert(name, Rc::new(Bound::Rounds(all)));
                }
            }
        }
    }
    Ok(())
}

fn same_token(wanted: &TokenTree, input: ParseStream) -> syn::Result<()> {
    let found: TokenTree = input.parse()?;
    let same = match (wanted, &found) {
        (TokenTree::Punct(wanted), TokenTree::Punct(found)) => wanted.as_char() == found.as_char(),
        (TokenTree::Ident(wanted), TokenTree::Ident(found)) => wanted == found,
        (TokenTree::Literal(wanted), TokenTree::Literal(found)) => wanted.to_string() == found.to_string(),
        _ => false,
    };
    if same { Ok(()) } else { Err(syn::Error::new(found.span(), "another token")) }
}

/// As many rounds of a repetition as there are.
fn rounds(of: &[Matcher], separator: &[TokenTree], op: char, input: ParseStream) -> syn::Result<Vec<Bindings>> {
    let mut rounds = Vec::new();
    loop {
        let ahead = input.fork();
        let mut round = Bindings::default();
        let before = if rounds.is_empty() { &[] } else { separator };
        let fits = before.iter().try_for_each(|token| same_token(token, &ahead));
        let begins = ahead.cursor();
        if fits.and_then(|()| matched(of, &ahead, &mut round)).is_err() || ahead.cursor() == begins {
            break;
        }
        input.advance_to(&ahead);
        rounds.push(round);
        if op == '?' {
            break;
        }
    }
    if op == '+' && rounds.is_empty() { Err(input.error("nothing to repeat")) } else { Ok(rounds) }
}

/// All names that matchers bind.
fn bound_names(matchers: &[Matcher], found: &mut Vec<Ustr>) {
    for matcher in matchers {
        match matcher {
            Matcher::Token(_) => {}
            Matcher::Group(_, inner) | Matcher::Repeat { of: inner, .. } => bound_names(inner, found),
            Matcher::Fragment(name, _) => found.push(*name),
        }
    }
}

/// The tokens of a transcriber with all that they repeat and stand for; `home` is what `$crate` is.
///
/// None where a name is not used as it was bound, or more than `budget` tokens would come of it.
pub fn transcribed(
    transcriber: TokenStream,
    bindings: &Bindings,
    home: Ustr,
    budget: &mut usize,
) -> Option<TokenStream> {
    let mut written = Vec::new();
    let mut tokens = transcriber.into_iter().peekable();
    while let Some(token) = tokens.next() {
        *budget = budget.checked_sub(1)?;
        match token {
            TokenTree::Group(group) => {
                let inner = transcribed(group.stream(), bindings, home, budget)?;
                let mut copy = Group::new(group.delimiter(), inner);
                copy.set_span(group.span());
                written.push(TokenTree::Group(copy));
            }
            TokenTree::Punct(punct) if punct.as_char() == '$' => match tokens.peek() {
                Some(TokenTree::Ident(name)) if name == "crate" => {
                    written.push(Ident::new(&home, name.span()).into());
                    tokens.next();
                }
                Some(TokenTree::Ident(name)) => match bindings.0.get(&paths::name(name)).map(|bound| &**bound) {
                    Some(Bound::Tokens(stands_for)) => {
                        let count = stands_for.clone().into_iter().count();
                        *budget = budget.checked_sub(count)?;
                        written.extend(stands_for.clone());
                        tokens.next();
                    }
                    Some(Bound::Rounds(_)) => return None,
                    None => written.push(punct.into()),
                },
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                    let of = group.stream();
                    tokens.next();
                    let (separator, _) = separator(&mut tokens)?;
                    for (at, round) in rounds_of(&of, bindings)?.iter().enumerate() {
                        if at > 0 {
                            written.extend(separator.iter().cloned());
                        }
                        written.extend(transcribed(of.clone(), round, home, budget)?);
                    }
                }
                _ => written.push(punct.into()),
            },
            other => written.push(other),
        }
    }
    Some(written.into_iter().collect())
}

/// What the names stand for in each round of a repetition of `tokens`.
fn rounds_of(tokens: &TokenStream, bindings: &Bindings) -> Option<Vec<Bindings>> {
    let mut repeated: HashMap<Ustr, &Vec<Rc<Bound>>> = HashMap::default();
    repeated_names(tokens.clone(), bindings, &mut repeated);
    let count = repeated.values().next()?.len();
    if repeated.values().any(|rounds| rounds.len() != count) {
        return None;
    }
    let round = |at: usize| {
        let mut round = bindings.clone();
        round.0.extend(repeated.iter().map(|(name, rounds)| (*name, rounds[at].clone())));
        round
    };
    Some((0..count).map(round).collect())
}

/// The names among tokens that stand for something else in each round.
fn repeated_names<'b>(tokens: TokenStream, bindings: &'b Bindings, found: &mut HashMap<Ustr, &'b Vec<Rc<Bound>>>) {
    let mut after_dollar = false;
    for token in tokens {
        let named = std::mem::replace(&mut after_dollar, is_punct(&token, '$'));
        match token {
            TokenTree::Group(group) => repeated_names(group.stream(), bindings, found),
            TokenTree::Ident(name) if named => {
                let name = paths::name(&name);
                if let Some(Bound::Rounds(rounds)) = bindings.0.get(&name).map(|bound| &**bound) {
                    found.insert(name, rounds);
                }
            }
            _ => {}
        }
    }
}

/// A parser of all that is left, as one kind of syntax.
pub fn parsed<T: Parse>(tokens: &TokenStream) -> Option<T> {
    syn::parse2(tokens.clone()).ok()
}
