//! Calls of the workspace's own `macro_rules!` macros, looked through: which definition a name means, and the tokens that a call stands for.
//!
//! What a macro writes by itself gets places of its own behind the end of the file, one stretch for each call ([`Expansion`]), so that a
//! range tells whose text it is, and names of the macro are told from those of its caller.

use std::rc::Rc;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use ustr::{Ustr, ustr};

use super::depth;
use super::macro_rules::{Rules, transcribed};
use super::macros;
use super::model::Expansion;
use super::offsets::Offsets;
use super::paths;
use crate::source::{FileId, Range};

/// How deep calls in what calls expand to are followed.
const NESTED: usize = 8;

/// How deep one expansion may nest: far below what a file may, since expansions add up.
const DEPTH: u32 = 1_000;

/// How many tokens the expansions of one file may have in all.
const BUDGET: usize = 400_000;

/// The `macro_rules!` macros of all files that other files could call.
#[derive(Default)]
pub struct Macros {
    by_name: HashMap<Ustr, Vec<Declared>>,
    libraries: HashSet<Ustr>,
}

/// Where a file belongs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Home {
    pub file: FileId,
    /// Files with the same number belong to the same package.
    pub package: Option<usize>,
    /// The name in code of the package's library.
    pub library: Option<Ustr>,
}

/// A macro as text.
pub struct MacroText {
    name: Ustr,
    is_exported: bool,
    /// Whether it is compiled for tests only.
    is_test: bool,
    /// Where the text between its delimiters stands.
    range: Range,
}

struct Declared {
    home: Home,
    is_exported: bool,
    is_test: bool,
    at: u32,
    text: String,
}

/// The macros that a file declares outside of functions.
pub fn declared(text: &str) -> Vec<MacroText> {
    if !text.contains("macro_rules!") || depth::too_deep(text).is_some() {
        return Vec::new();
    }
    proc_macro2::extra::invalidate_current_thread_spans();
    let start = super::parse::prefix_len(text);
    let Ok(tokens) = text[start..].parse::<TokenStream>() else { return Vec::new() };
    let mut found = Vec::new();
    declared_in(tokens, &Offsets::new(&text[start..], start as u32), &mut found);
    found
}

fn declared_in(tokens: TokenStream, offsets: &Offsets, found: &mut Vec<MacroText>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let (mut is_exported, mut is_test) = (false, false);
    for (at, token) in tokens.iter().enumerate() {
        match (token, &tokens[at + 1..]) {
            (TokenTree::Ident(word), [TokenTree::Punct(_), TokenTree::Ident(name), TokenTree::Group(body), ..])
                if word == "macro_rules" =>
            {
                let range = Range { start: offsets.end(body.span_open()), end: offsets.start(body.span_close()) };
                found.push(MacroText { name: paths::name(name), is_exported, is_test, range });
                (is_exported, is_test) = (false, false);
            }
            (TokenTree::Ident(word), [TokenTree::Ident(_), TokenTree::Group(body), ..]) if word == "mod" => {
                declared_in(body.stream(), offsets, found);
                (is_exported, is_test) = (false, false);
            }
            (TokenTree::Group(group), _) if group.delimiter() == Delimiter::Bracket => {
                let first = group.stream().into_iter().next();
                is_exported |= matches!(first, Some(TokenTree::Ident(word)) if word == "macro_export");
                is_test |= syn::parse2(group.stream()).is_ok_and(|meta| paths::is_for_tests(&meta));
            }
            (TokenTree::Punct(punct), _) if punct.as_char() == '#' => {}
            _ => (is_exported, is_test) = (false, false),
        }
    }
}

impl Macros {
    pub fn add(&mut self, home: Home, text: &str, declared: Vec<MacroText>) {
        self.libraries.extend(home.library);
        for MacroText { name, is_exported, is_test, range } in declared {
            let text = text[range.start as usize..range.end as usize].to_owned();
            self.by_name.entry(name).or_default().push(Declared { home, is_exported, is_test, at: range.start, text });
        }
    }

    /// The only macro of this name that a path in some file can mean, those for tests left aside where another one is shipped; `first` is what the path, or that of its import, begins with.
    fn find(&self, name: Ustr, first: Option<Ustr>, from: Home) -> Option<&Declared> {
        let all = self.by_name.get(&name)?;
        let only = |is_meant: &dyn Fn(&Declared) -> bool| {
            let alone = |for_tests: bool| {
                let mut meant = all.iter().filter(|it| is_meant(it) && (for_tests || !it.is_test));
                meant.next().filter(|_| meant.next().is_none())
            };
            alone(true).or_else(|| alone(false))
        };
        match first {
            Some(krate) if !matches!(krate.as_str(), "crate" | "self" | "super") => {
                // What a library of the workspace does not declare it passes on.
                let is_own = |declared: &Declared| declared.is_exported && declared.home.library == Some(krate);
                let is_known = self.libraries.contains(&krate);
                only(&is_own).or_else(|| only(&|declared| declared.is_exported).filter(|_| is_known))
            }
            _ => {
                // What its package does not declare it has from a library, behind `*`, a module of its own or `#[macro_use]`.
                let is_own = |declared: &Declared| declared.home.package == from.package;
                let is_foreign = !all.iter().any(is_own);
                only(&is_own).or_else(|| only(&|declared| declared.is_exported).filter(|_| is_foreign))
            }
        }
    }
}

/// A macro that can be called in the present file.
struct Definition {
    rules: Rules,
    text: String,
    /// The file it stands in, where that is another one.
    file: Option<FileId>,
    /// Where its text begins there.
    at: u32,
    /// What `$crate` is.
    home: Ustr,
    /// Whether it stands in a function, whose locals it can name.
    sees_locals: bool,
}

/// Looks through the macro calls of one file.
pub struct Expander<'t> {
    text: &'t str,
    known: &'t Macros,
    home: Home,
    /// Macros of this file that the present place comes behind, the last one last.
    scope: Vec<(Ustr, Rc<Definition>)>,
    /// Macros of other files that were looked at.
    others: HashMap<(FileId, u32), Option<Rc<Definition>>>,
    /// Paths of imports, by the name they bring in.
    imports: HashMap<Ustr, Vec<Ustr>>,
    nested: usize,
    budget: usize,
    /// How many bodies around the present place are being read.
    bodies: usize,
    /// Of each expansion: whether its macro can name locals around it.
    sees_locals: Vec<bool>,
    pub expansions: Vec<Expansion>,
}

impl<'t> Expander<'t> {
    pub fn new(text: &'t str, known: &'t Macros, home: Home) -> Self {
        Expander {
            text,
            known,
            home,
            scope: Vec::new(),
            others: HashMap::default(),
            imports: HashMap::default(),
            nested: 0,
            budget: BUDGET,
            bodies: 0,
            sees_locals: Vec::new(),
            expansions: Vec::new(),
        }
    }

    /// The imports of a file, wherever they stand outside of functions.
    pub fn note_imports(&mut self, items: &[syn::Item]) {
        for item in items {
            match item {
                syn::Item::Use(import) => self.note_import(&import.tree, &mut Vec::new()),
                syn::Item::Mod(module) => {
                    self.note_imports(module.content.as_ref().map_or(&[], |(_, items)| items));
                }
                _ => {}
            }
        }
    }

    fn note_import(&mut self, tree: &syn::UseTree, prefix: &mut Vec<Ustr>) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(paths::name(&path.ident));
                self.note_import(&path.tree, prefix);
                prefix.pop();
            }
            syn::UseTree::Name(name) => self.note_name(paths::name(&name.ident), paths::name(&name.ident), prefix),
            syn::UseTree::Rename(name) => self.note_name(paths::name(&name.rename), paths::name(&name.ident), prefix),
            syn::UseTree::Glob(_) => {}
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.note_import(tree, prefix)),
        }
    }

    fn note_name(&mut self, name: Ustr, last: Ustr, prefix: &[Ustr]) {
        self.imports.insert(name, prefix.iter().copied().chain([last]).collect());
    }

    /// A macro that is defined here; `range` is that of the text between its delimiters. One for tests hides none that is shipped.
    pub fn define(&mut self, name: Ustr, range: Range, is_test: bool) {
        if is_test && self.scope.iter().any(|(known, _)| *known == name) {
            return;
        }
        let Some(text) = self.text.get(range.start as usize..range.end as usize) else { return };
        let home = self.home.library.unwrap_or(ustr("crate"));
        if let Some(rules) = Rules::parse(text) {
            let sees_locals = self.bodies > 0;
            let definition =
                Definition { rules, text: text.to_owned(), file: None, at: range.start, home, sees_locals };
            self.scope.push((name, Rc::new(definition)));
        }
    }

    /// How many macros are defined so far, to be given back to [`Expander::forget`] at the end of a scope.
    pub fn defined(&self) -> usize {
        self.scope.len()
    }

    pub fn forget(&mut self, defined: usize) {
        self.scope.truncate(defined);
    }

    /// As [`Expander::defined`], where a body begins.
    pub fn begin_body(&mut self) -> usize {
        self.bodies += 1;
        self.defined()
    }

    pub fn end_body(&mut self, defined: usize) {
        self.bodies -= 1;
        self.forget(defined);
    }

    /// The number of the expansion that wrote what stands at an offset; 0 for the file's own text.
    pub fn writer(&self, offset: u32) -> usize {
        self.expansions.partition_point(|expansion| expansion.range.start <= offset)
    }

    /// Whether what stands at an offset can name a local that was written at another.
    pub fn sees(&self, offset: u32, local: u32) -> bool {
        let (writer, other) = (self.writer(offset), self.writer(local));
        writer == other || other == 0 && self.sees_locals[writer - 1]
    }

    /// What a call stands for; none where its macro is not known or not understood. `call` is the range of the whole call.
    pub fn expand(&mut self, mac: &syn::Macro, call: Range, offsets: &mut Offsets) -> Option<TokenStream> {
        if self.nested == NESTED {
            return None;
        }
        let definition = self.definition(&mac.path)?;
        let (rule, bindings) = definition.rules.choose(&mac.tokens)?;
        let text = &definition.text[rule.transcriber.clone()];
        let transcriber: TokenStream = text.parse().ok()?;
        let start = offsets.append(text, &transcriber);
        let range = Range { start, end: start + text.len() as u32 };
        let at = definition.at + rule.transcriber.start as u32;
        self.sees_locals.push(definition.sees_locals);
        self.expansions.push(Expansion { range, call, file: definition.file, at });
        let tokens = transcribed(transcriber, &bindings, definition.home, &mut self.budget)?;
        (!depth::is_deeper(&tokens.to_string(), DEPTH)).then_some(tokens)
    }

    /// Enters what a call expanded to.
    pub fn enter(&mut self) {
        self.nested += 1;
    }

    /// Leaves it; gives whether the present place is in what another call expanded to.
    pub fn leave(&mut self) -> bool {
        self.nested -= 1;
        self.nested > 0
    }

    fn definition(&mut self, path: &syn::Path) -> Option<Rc<Definition>> {
        let names: Vec<Ustr> = path.segments.iter().map(|segment| paths::name(&segment.ident)).collect();
        if let [name] = &names[..]
            && let Some((_, definition)) = self.scope.iter().rev().find(|(known, _)| known == name)
        {
            return Some(definition.clone());
        }
        let meant = match &names[..] {
            [name] => match self.imports.get(name) {
                Some(import) => import,
                // A library's macro of the same name is what is meant, unless the file says otherwise.
                None if macros::is_known(name) => return None,
                None => &names,
            },
            _ => &names,
        };
        let first = meant.first().copied().filter(|_| meant.len() > 1);
        let declared = self.known.find(*meant.last()?, first, self.home)?;
        let key = (declared.home.file, declared.at);
        self.others.entry(key).or_insert_with(|| declared.definition().map(Rc::new)).clone()
    }
}

impl Declared {
    fn definition(&self) -> Option<Definition> {
        let rules = Rules::parse(&self.text)?;
        let home = self.home.library.unwrap_or(ustr("crate"));
        Some(Definition {
            rules,
            text: self.text.clone(),
            file: Some(self.home.file),
            at: self.at,
            home,
            sees_locals: false,
        })
    }
}
