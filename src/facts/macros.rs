//! Macros whose arguments are Rust are looked into; the rest is recorded as unseen, never guessed. Knows macros by name only.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Token, braced};
use ustr::Ustr;

use super::extents::{self, Extent};
use super::model::StaticKind;
use super::paths;

/// What a macro in a body turned out to be.
pub enum Reading {
    /// Expressions that are evaluated in order; `captured` are names inside a format string.
    Arguments {
        exprs: Vec<syn::Expr>,
        captured: Vec<Ustr>,
        known: bool,
    },
    /// Statements that stand where the macro stands.
    Statements(Vec<syn::Stmt>),
    /// Statements of which the build's configuration picks one group, with the condition of each but an `else`.
    Alternatives(Vec<(Option<syn::Meta>, Vec<syn::Stmt>)>),
    /// Statements that run when the scope ends.
    Deferred(Vec<syn::Stmt>),
    /// Statements of an async stream.
    Stream(Vec<syn::Stmt>),
    Select(Box<Select>),
    /// All words in it.
    Unseen(Vec<Ustr>),
}

/// `select!`.
pub struct Select {
    pub arms: Vec<SelectBranch>,
    pub otherwise: Option<syn::Expr>,
}

/// `pattern = future, if condition => body`.
pub struct SelectBranch {
    pub pattern: syn::Pat,
    pub future: syn::Expr,
    pub condition: Option<syn::Expr>,
    pub body: syn::Expr,
}

/// What a macro among items turned out to be.
pub enum ItemMacro {
    /// `macro_rules! name`.
    Definition(Ustr),
    Statics(StaticKind, Vec<MacroStatic>),
    Items(Vec<syn::Item>),
    /// Items of which the build's configuration picks one group, with the condition of each but an `else`.
    Alternatives(Vec<(Option<syn::Meta>, Items)>),
    Unseen,
}

/// A static inside `lazy_static!` or `thread_local!`.
pub struct MacroStatic {
    pub ident: proc_macro2::Ident,
    pub ty: syn::Type,
    pub init: Option<syn::Expr>,
    pub public: bool,
    pub extent: Extent,
}

/// Macros that evaluate their arguments and keep none of them.
const EVALUATING: &[&str] = &[
    "format",
    "print",
    "println",
    "eprint",
    "eprintln",
    "write",
    "writeln",
    "format_args",
    "panic",
    "todo",
    "unimplemented",
    "unreachable",
    "assert",
    "assert_eq",
    "assert_ne",
    "dbg",
    "vec",
    "matches",
    "error",
    "warn",
    "info",
    "debug",
    "trace",
    "log",
    "event",
    "span",
    "error_span",
    "warn_span",
    "info_span",
    "debug_span",
    "trace_span",
    "anyhow",
    "bail",
    "ensure",
    "eyre",
    "join",
    "try_join",
    "concat",
    "stringify",
    "env",
    "option_env",
    "include_str",
    "include_bytes",
    "file",
    "line",
    "column",
    "module_path",
    "cfg",
    "compile_error",
    "ready",
    "query",
    "query_as",
    "query_scalar",
    "query_file",
    "query_file_as",
    "counter",
    "gauge",
    "histogram",
    "increment_counter",
    "addr_of",
    "addr_of_mut",
    "smallvec",
    "hashmap",
    "btreemap",
    "crit",
    "fatal",
];

/// Macros that evaluate nothing in what is shipped: who only asserts that there is no error tells nobody of one.
const LEFT_OUT: &[&str] = &["debug_assert", "debug_assert_eq", "debug_assert_ne"];

/// Macros that are read in a way of their own.
const READ: &[&str] = &[
    "select",
    "select_biased",
    "pin",
    "pin_mut",
    "defer",
    "defer_on_success",
    "defer_on_unwind",
    "stream",
    "try_stream",
    "cfg_if",
    "paste",
    "lazy_static",
    "thread_local",
    "task_local",
    "macro_rules",
];

/// What a macro is given, with the names that `paste!` puts together in it.
fn written(mac: &syn::Macro) -> TokenStream {
    if last_name(mac) == "paste" { pasted(mac.tokens.clone()) } else { mac.tokens.clone() }
}

/// The reading of a macro call in a body.
pub fn read(mac: &syn::Macro) -> Reading {
    let name = last_name(mac);
    let tokens = &mac.tokens;
    let special = match name.as_str() {
        left_out if LEFT_OUT.contains(&left_out) => Some(arguments(Vec::new(), &TokenStream::new(), true)),
        "select" | "select_biased" => parse(Select::parse, tokens).map(|select| Reading::Select(Box::new(select))),
        "matches" => parse(matches_scrutinee, tokens).map(|e| arguments(vec![e], tokens, true)),
        "pin" | "pin_mut" => parse(syn::Block::parse_within, tokens).filter(|s| has_let(s)).map(Reading::Statements),
        "defer" | "defer_on_success" | "defer_on_unwind" => {
            parse(syn::Block::parse_within, tokens).map(Reading::Deferred)
        }
        "stream" | "try_stream" => parse(syn::Block::parse_within, tokens).map(Reading::Stream),
        "paste" => parse(syn::Block::parse_within, &written(mac)).map(|statements| match has_let(&statements) {
            true => Reading::Statements(statements),
            false => Reading::Alternatives(vec![(None, statements)]),
        }),
        "cfg_if" => alternatives(syn::Block::parse_within, tokens).map(Reading::Alternatives),
        _ => None,
    };
    special
        .or_else(|| {
            parse(Arguments::parse, tokens).map(|a| arguments(a.0, tokens, EVALUATING.contains(&name.as_str())))
        })
        .unwrap_or_else(|| Reading::Unseen(words(tokens)))
}

/// Whether a name is that of a library's macro that is read by its name.
pub fn is_known(name: &str) -> bool {
    [EVALUATING, LEFT_OUT, READ].iter().any(|names| names.contains(&name))
}

/// Whether a macro statement declares items rather than computes.
pub fn is_item_macro(mac: &syn::Macro) -> bool {
    matches!(last_name(mac).as_str(), "lazy_static" | "thread_local" | "macro_rules" | "task_local")
}

/// The reading of a macro among items.
pub fn item_macro(ident: Option<&proc_macro2::Ident>, mac: &syn::Macro) -> ItemMacro {
    match (last_name(mac).as_str(), ident) {
        ("macro_rules", Some(ident)) => ItemMacro::Definition(paths::name(ident)),
        ("lazy_static", _) => statics(StaticKind::LazyStatic, &mac.tokens),
        ("thread_local" | "task_local", _) => statics(StaticKind::ThreadLocal, &mac.tokens),
        ("cfg_if", _) => alternatives(Items::parse, &mac.tokens).map_or(ItemMacro::Unseen, ItemMacro::Alternatives),
        _ => parse(Items::parse, &written(mac))
            .filter(|i| !i.0.is_empty())
            .map_or(ItemMacro::Unseen, |i| ItemMacro::Items(i.0)),
    }
}

fn last_name(mac: &syn::Macro) -> Ustr {
    mac.path.segments.last().map_or(Ustr::from(""), |s| paths::name(&s.ident))
}

fn parse<T>(parser: fn(ParseStream) -> syn::Result<T>, tokens: &TokenStream) -> Option<T> {
    parser.parse2(tokens.clone()).ok()
}

fn has_let(statements: &[syn::Stmt]) -> bool {
    statements.iter().any(|s| matches!(s, syn::Stmt::Local(_)))
}

fn arguments(exprs: Vec<syn::Expr>, tokens: &TokenStream, known: bool) -> Reading {
    Reading::Arguments { exprs, captured: captured_names(tokens), known }
}

/// Names that the format strings among the tokens capture: `"{name:?}"`, `"{:width$}"`.
fn captured_names(tokens: &TokenStream) -> Vec<Ustr> {
    let mut names = Vec::new();
    for token in tokens.clone() {
        if let TokenTree::Literal(literal) = token
            && let syn::Lit::Str(text) = syn::Lit::new(literal)
        {
            let text = text.value().replace("{{", "");
            let holes = text.split('{').skip(1).filter_map(|hole| hole.split_once('}'));
            names.extend(holes.flat_map(|(hole, _)| captured_in_hole(hole)));
        }
    }
    names
}

/// The argument of `name:spec`, and the names that its specification takes a width or precision from.
fn captured_in_hole(hole: &str) -> Vec<Ustr> {
    let is_name = |text: &&str| {
        text.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let (argument, spec) = hole.split_once(':').unwrap_or((hole, ""));
    let sizes = spec.split_inclusive('$').filter_map(|part| part.strip_suffix('$'));
    let sizes = sizes.filter_map(|part| part.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next());
    std::iter::once(argument.trim()).chain(sizes).filter(is_name).map(Ustr::from).collect()
}

/// All identifiers in the tokens, nested ones included.
pub fn words(tokens: &TokenStream) -> Vec<Ustr> {
    let mut found = captured_names(tokens);
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(ident) => found.push(paths::name(&ident)),
            TokenTree::Group(group) => found.extend(words(&group.stream())),
            _ => {}
        }
    }
    found
}

/// Items, as they stand in a file.
pub struct Items(pub Vec<syn::Item>);

impl Parse for Items {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut items = Vec::new();
        while !input.is_empty() {
            let item: syn::Item = input.parse()?;
            if matches!(item, syn::Item::Verbatim(_)) {
                return Err(input.error("not an item"));
            }
            items.push(item);
        }
        Ok(Items(items))
    }
}

/// The parts of an impl.
pub struct ImplItems(pub Vec<syn::ImplItem>);

impl Parse for ImplItems {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut items = Vec::new();
        while !input.is_empty() {
            items.push(input.parse()?);
        }
        Ok(ImplItems(items))
    }
}

/// Statements, as they stand in a block.
pub struct Statements(pub Vec<syn::Stmt>);

impl Parse for Statements {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        input.call(syn::Block::parse_within).map(Statements)
    }
}

/// Expressions separated by `,` or `;`, each with what log and trace macros allow before it: `name =`, `name:`, `%`, `?`.
struct Arguments(Vec<syn::Expr>);

impl Parse for Arguments {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut exprs = Vec::new();
        if input.peek(syn::Ident) && input.peek2(Token![;]) && input.fork().parse::<syn::Ident>()? == "biased" {
            input.parse::<syn::Ident>()?;
            input.parse::<Token![;]>()?;
        }
        while !input.is_empty() {
            argument_name(input)?;
            if input.peek(Token![%]) {
                input.parse::<Token![%]>()?;
            } else if input.peek(Token![?]) {
                input.parse::<Token![?]>()?;
            }
            exprs.push(input.parse::<syn::Expr>()?);
            if input.peek(Token![=>]) {
                input.parse::<Token![=>]>()?;
            } else if input.peek(Token![;]) {
                input.parse::<Token![;]>()?;
            } else if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Arguments(exprs))
    }
}

/// Skips `a.b.c =`, `"a" =` and `a:` where they name an argument.
fn argument_name(input: ParseStream) -> syn::Result<()> {
    let fork = input.fork();
    if fork.peek(syn::LitStr) {
        fork.parse::<syn::LitStr>()?;
    } else {
        if !fork.peek(syn::Ident) && !fork.peek(Token![type]) {
            return Ok(());
        }
        fork.call(<syn::Ident as syn::ext::IdentExt>::parse_any)?;
        while fork.peek(Token![.]) && fork.peek2(syn::Ident) {
            fork.parse::<Token![.]>()?;
            fork.parse::<syn::Ident>()?;
        }
    }
    let names = fork.peek(Token![=]) && !fork.peek(Token![==]) && !fork.peek(Token![=>]);
    let labels = fork.peek(Token![:]) && !fork.peek(Token![::]);
    if !(names || labels) {
        return Ok(());
    }
    while !(input.peek(Token![=]) || input.peek(Token![:])) {
        input.parse::<TokenTree>()?;
    }
    input.parse::<TokenTree>()?;
    Ok(())
}

fn matches_scrutinee(input: ParseStream) -> syn::Result<syn::Expr> {
    let scrutinee = input.parse()?;
    input.parse::<Token![,]>()?;
    input.parse::<TokenStream>()?;
    Ok(scrutinee)
}

impl Select {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut select = Select { arms: Vec::new(), otherwise: None };
        if input.peek(syn::Ident) && input.peek2(Token![;]) {
            input.parse::<syn::Ident>()?;
            input.parse::<Token![;]>()?;
        }
        while !input.is_empty() {
            if input.peek(Token![else]) || (input.peek(syn::Ident) && input.peek2(Token![=>])) {
                input.call(<syn::Ident as syn::ext::IdentExt>::parse_any)?;
                input.parse::<Token![=>]>()?;
                select.otherwise = Some(arm_body(input)?);
                continue;
            }
            let pattern = input.call(syn::Pat::parse_multi)?;
            input.parse::<Token![=]>()?;
            let future = input.parse()?;
            let condition = if input.peek(Token![,]) {
                input.parse::<Token![,]>()?;
                input.parse::<Token![if]>()?;
                Some(input.parse()?)
            } else {
                None
            };
            input.parse::<Token![=>]>()?;
            let body = arm_body(input)?;
            select.arms.push(SelectBranch { pattern, future, condition, body });
        }
        Ok(select)
    }
}

/// A block ends its arm by itself, as in `match`; anything else ends at a comma.
fn arm_body(input: ParseStream) -> syn::Result<syn::Expr> {
    if input.peek(syn::token::Brace) {
        let fork = input.fork();
        fork.parse::<TokenTree>()?;
        if !(fork.peek(Token![.]) || fork.peek(Token![?])) {
            let block: syn::Block = input.parse()?;
            let _ = input.parse::<Option<Token![,]>>()?;
            return Ok(syn::Expr::Block(syn::ExprBlock { attrs: Vec::new(), label: None, block }));
        }
    }
    let body = input.parse()?;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(body)
}

/// Tokens in which `[<get_ $name:snake>]` is the name that it puts together.
fn pasted(tokens: TokenStream) -> TokenStream {
    let token = |token| match token {
        TokenTree::Group(group) => match pasted_name(&group) {
            Some(name) => TokenTree::Ident(name),
            None => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), pasted(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
        },
        token => token,
    };
    tokens.into_iter().map(token).collect()
}

/// The name that `[< .. >]` puts together, with the place of its first part; none where a part is neither a name nor a literal.
fn pasted_name(group: &proc_macro2::Group) -> Option<proc_macro2::Ident> {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let is = |token: &TokenTree, c: char| matches!(token, TokenTree::Punct(p) if p.as_char() == c);
    let [open, parts @ .., close] = &tokens[..] else { return None };
    if group.delimiter() != Delimiter::Bracket || !is(open, '<') || !is(close, '>') {
        return None;
    }
    let mut names: Vec<String> = Vec::new();
    let mut parts = parts.iter();
    while let Some(part) = parts.next() {
        match part {
            TokenTree::Ident(ident) => names.push(paths::name(ident).to_string()),
            TokenTree::Literal(literal) => names.push(literal.to_string().trim_matches('"').to_owned()),
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => names.push(group.stream().to_string()),
            token if is(token, ':') => {
                let Some(TokenTree::Ident(change)) = parts.next() else { return None };
                let changed = in_case(names.last()?, &change.to_string())?;
                *names.last_mut()? = changed;
            }
            _ => return None,
        }
    }
    let name = names.concat();
    let is_name = syn::parse_str::<syn::Ident>(&name).is_ok();
    is_name.then(|| proc_macro2::Ident::new(&name, tokens[1].span()))
}

/// A name in the case that a modifier of `paste!` asks for.
fn in_case(name: &str, case: &str) -> Option<String> {
    match case {
        "lower" => Some(name.to_lowercase()),
        "upper" => Some(name.to_uppercase()),
        "snake" => {
            let mut snake = String::new();
            let mut before = '_';
            for c in name.chars() {
                if c.is_uppercase() && before != '_' {
                    snake.push('_');
                }
                snake.extend(c.to_lowercase());
                before = c;
            }
            Some(snake)
        }
        "camel" => {
            let words = name.split('_').map(|word| {
                let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
                first.to_uppercase() + &rest.to_lowercase()
            });
            Some(words.collect())
        }
        _ => None,
    }
}

/// The blocks of `if #[cfg(..)] { .. } else if #[cfg(..)] { .. } else { .. }`, each with its condition.
fn alternatives<T>(
    parser: fn(ParseStream) -> syn::Result<T>,
    tokens: &TokenStream,
) -> Option<Vec<(Option<syn::Meta>, T)>> {
    let mut blocks = Vec::new();
    let mut condition = None;
    for token in tokens.clone() {
        match token {
            TokenTree::Group(g) if g.delimiter() == Delimiter::Brace => {
                blocks.push((condition.take(), parse(parser, &g.stream())?));
            }
            TokenTree::Group(g) if g.delimiter() == Delimiter::Bracket => {
                let attribute: Option<syn::MetaList> = syn::parse2(g.stream()).ok();
                condition = attribute.and_then(|attribute| attribute.parse_args().ok());
            }
            TokenTree::Ident(i) if i == "if" || i == "else" => {}
            TokenTree::Punct(p) if p.as_char() == '#' => {}
            _ => return None,
        }
    }
    Some(blocks)
}

fn statics(kind: StaticKind, tokens: &TokenStream) -> ItemMacro {
    parse(macro_statics, tokens).map_or(ItemMacro::Unseen, |statics| ItemMacro::Statics(kind, statics))
}

/// `pub static ref NAME: Type = init;` or `static NAME: Type = const { init }`, any number of them.
fn macro_statics(input: ParseStream) -> syn::Result<Vec<MacroStatic>> {
    let mut statics = Vec::new();
    while !input.is_empty() {
        input.call(syn::Attribute::parse_outer)?;
        let visibility: syn::Visibility = input.parse()?;
        let keyword: Token![static] = input.parse()?;
        let _ = input.parse::<Option<Token![ref]>>()?;
        let ident = input.parse()?;
        input.parse::<Token![:]>()?;
        let ty: syn::Type = input.parse()?;
        let init = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(static_init(input)?)
        } else {
            None
        };
        let last = init.as_ref().map_or(extents::ty(&ty).last, |e| extents::spanned(e).last);
        let extent = Extent { first: keyword.span, last };
        let public = !matches!(visibility, syn::Visibility::Inherited);
        statics.push(MacroStatic { ident, ty, init, public, extent });
        if !input.is_empty() {
            input.parse::<Token![;]>()?;
        }
    }
    Ok(statics)
}

fn static_init(input: ParseStream) -> syn::Result<syn::Expr> {
    if input.peek(Token![const]) && input.peek2(syn::token::Brace) {
        input.parse::<Token![const]>()?;
        let content;
        braced!(content in input);
        return content.parse();
    }
    input.parse()
}
