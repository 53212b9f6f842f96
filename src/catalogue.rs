//! What known libraries acquire, release and do on drop: the data of `rules/resources/*.toml`, ready for look-ups by canonical path.
//! Knows no Rust source; paths are plain text with `::` between segments. Rules speak of kinds, only this data names libraries.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use serde::Deserialize;
use ustr::{Ustr, ustr};

use calls::CallList;
pub use calls::Calls;
pub use document::CatalogueError;
use document::Document;
pub use entries::{Callable, Derive, Effect, Handlers, Runs, Server, Signal, Superseded, TypeEntry};
use entries::{CallableEntry, Entries, TraitEntry};
pub use leaks::Leak;
pub use libraries::Libraries;
pub use pairs::{First, Pair, PairedCall};
pub use type_expr::TypeExpr;

mod calls;
mod document;
mod entries;
mod leaks;
mod libraries;
mod pairs;
mod type_expr;

/// A text of `rules/resources/`, as the build script embeds it.
struct CatalogueFile {
    name: &'static str,
    text: &'static str,
    /// Libraries that its entries and aliases are about.
    describes: &'static [&'static str],
    /// Libraries that what it describes leads to.
    names: &'static [&'static str],
}

/// All entries, by canonical path.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// The libraries in use, to which the entries are fitted.
    libraries: Libraries,
    aliases: HashMap<Ustr, Ustr>,
    /// What generators of code write where nobody reads it.
    generated: Vec<Generated>,
    /// Arguments that an alias fills in.
    filled: HashMap<Ustr, Vec<TypeExpr>>,
    /// Parameters of traits.
    trait_params: HashMap<Ustr, Vec<Ustr>>,
    types: HashMap<Ustr, TypeEntry>,
    /// Libraries that something is said of.
    described: HashSet<&'static str>,
    /// Traits that every type is taken to have.
    everywhere: Vec<Ustr>,
    /// By types and traits: the traits whose methods are known by an argument of it.
    known_by: HashMap<Ustr, Vec<Ustr>>,
    callables: HashMap<Ustr, Callable>,
    /// What calls that return an error of this type touch; none where they differ.
    failures: HashMap<Ustr, Option<Effect>>,
    servers: Vec<Server>,
    signals: HashMap<Ustr, Signal>,
    superseded: HashMap<Ustr, Superseded>,
    derives: HashMap<Ustr, Derive>,
    /// By the paths of what begins them.
    pairs: HashMap<Ustr, Vec<Arc<Pair>>>,
    /// By the paths of what gives a value up.
    leaks: HashMap<Ustr, Vec<Arc<Leak>>>,
    handlers: Handlers,
    entries: Entries,
    calls: HashMap<Calls, CallList>,
    /// The canonical paths that any list names in full: asked for each path that nothing else describes.
    listed: HashSet<Ustr>,
}

/// A type that a generator writes into a module of the same name: `greeter_client::GreeterClient`.
#[derive(Debug)]
struct Generated {
    /// How the names of module and type end.
    module: String,
    item: String,
    target: Ustr,
}

impl Generated {
    /// Reads `*_client::*Client`.
    fn parse(pattern: &str, target: Ustr) -> Option<Self> {
        let (module, item) = pattern.split_once("::")?;
        let (module, item) = (module.strip_prefix('*')?.to_owned(), item.strip_prefix('*')?.to_owned());
        Some(Generated { module, item, target })
    }

    fn matches(&self, module: &str, item: &str) -> bool {
        let is_same = || module.chars().filter(|c| *c != '_').eq(item.chars().flat_map(char::to_lowercase));
        module.ends_with(&self.module) && item.ends_with(&self.item) && is_same()
    }
}

include!(concat!(env!("OUT_DIR"), "/catalogue_files.rs"));

impl Catalogue {
    /// The catalogue that comes with the tool, as far as code that uses these libraries can get to it.
    pub fn embedded(libraries: Libraries) -> Self {
        let files = files_for(&libraries);
        let mut catalogue = Catalogue { libraries, ..Catalogue::default() };
        for CatalogueFile { name, text, .. } in files {
            if let Err(error) = catalogue.extend(text) {
                panic!("rules/resources/{name}: {error}");
            }
        }
        catalogue
    }

    /// Adds the entries of a TOML text in the grammar of `rules/resources/`; an entry for a known path replaces it.
    ///
    /// # Errors
    /// Where the text is not of that grammar, with its place.
    pub fn extend(&mut self, text: &str) -> Result<(), CatalogueError> {
        self.add(toml::from_str(text).map_err(CatalogueError::from)?)
    }

    /// As [`Catalogue::extend`], for a table that is part of a larger text and carries its places.
    ///
    /// # Errors
    /// Where the table is not of that grammar, with its place in the larger text.
    pub fn extend_table(&mut self, table: toml::Spanned<toml::de::DeTable<'_>>) -> Result<(), CatalogueError> {
        self.add(Document::deserialize(toml::Deserializer::from(table)).map_err(CatalogueError::from)?)
    }

    fn add(&mut self, document: Document) -> Result<(), CatalogueError> {
        let document = document.checked()?.fitted_to(&self.libraries);
        self.described.extend(document.libraries());
        self.add_aliases(document.aliases)?;
        for (list, calls) in document.calls {
            self.listed.extend(calls.iter().filter(|call| call.contains("::")));
            self.calls.entry(list).or_default().extend(calls);
        }
        for function in document.functions {
            self.add_callable(function.path, function.callable());
        }
        for entry in document.traits {
            self.add_trait(&entry);
        }
        for entry in document.types.into_iter().chain(document.resources) {
            self.add_type(entry.into_inner());
        }
        self.servers.extend(document.servers);
        self.signals.extend(document.signals.into_iter().map(|s| (s.path, s)));
        self.superseded.extend(document.superseded.into_iter().map(|old| (old.path, old)));
        self.derives.extend(document.derives.into_iter().map(|derive| (derive.path, derive)));
        for pair in document.pairs.into_iter().map(Arc::new) {
            for begin in &pair.begin {
                self.pairs.entry(begin.path).or_default().push(Arc::clone(&pair));
            }
        }
        for leak in document.leaks.into_iter().map(Arc::new) {
            for call in &leak.calls {
                self.leaks.entry(*call).or_default().push(Arc::clone(&leak));
            }
        }
        self.handlers.extend(document.handlers);
        self.entries.extend(document.entries);
        Ok(())
    }

    fn add_aliases(&mut self, aliases: BTreeMap<Ustr, Ustr>) -> Result<(), CatalogueError> {
        for (alias, target) in aliases {
            let parsed =
                TypeExpr::parse(&target).map_err(|message| CatalogueError { message, span: None, help: None })?;
            match parsed {
                _ if alias.contains('*') => self.generated.extend(Generated::parse(&alias, target)),
                TypeExpr::Path(path, arguments) if !arguments.is_empty() => {
                    self.aliases.insert(alias, path);
                    self.filled.insert(alias, arguments);
                }
                _ => {
                    self.aliases.insert(alias, target);
                }
            }
        }
        Ok(())
    }

    fn add_trait(&mut self, entry: &TraitEntry) {
        self.everywhere.extend(entry.everywhere.then_some(entry.path));
        for argument in &entry.known_by {
            self.known_by.entry(*argument).or_default().push(entry.path);
        }
        self.trait_params.insert(entry.path, entry.params.clone());
        self.add_callables(entry.path, &entry.methods, entry.effect);
    }

    fn add_type(&mut self, mut entry: TypeEntry) {
        for setter in entry.limits.iter_mut().chain(&mut entry.timeouts).chain(&mut entry.connect_timeouts) {
            *setter = full_path(entry.path, *setter);
        }
        self.add_callables(entry.path, &entry.functions, entry.effect);
        self.add_callables(entry.path, &entry.methods, entry.effect);
        for (name, constructor) in &entry.constructors {
            let path = full_path(entry.path, *name);
            let mut callable = constructor.callable(entry.effect);
            callable.returns = callable.returns.with_self(entry.path, &entry.params);
            callable.constructs = Some(entry.path);
            self.add_callable(path, callable);
        }
        entry.close = entry.written_close.iter().map(|name| *name.get_ref()).collect();
        for name in &entry.close {
            let path = full_path(entry.path, *name);
            let callable = self.callables.entry(path).or_insert_with(|| Callable {
                returns: TypeExpr::Unknown,
                closure: Vec::new(),
                runs: Runs::Inline,
                effect: Some(Effect::Finish),
                constructs: None,
                fresh: false,
                gathers: TypeExpr::Unknown,
                takes: Vec::new(),
                closes: None,
            });
            callable.closes = Some(entry.path);
        }
        self.types.insert(entry.path, entry);
    }

    /// Learns other names of `std::result::Result`.
    pub fn name_results(&mut self, paths: impl IntoIterator<Item = Ustr>) {
        self.aliases.extend(paths.into_iter().map(|path| (path, ustr("std::result::Result"))));
    }

    fn add_callables(&mut self, owner: Ustr, entries: &BTreeMap<Ustr, CallableEntry>, effect: Option<Effect>) {
        for (name, entry) in entries {
            self.add_callable(ustr(&format!("{owner}::{name}")), entry.callable(effect));
        }
    }

    fn add_callable(&mut self, path: Ustr, callable: Callable) {
        let touched = callable.effect.filter(|effect| *effect != Effect::Finish);
        if let (Some(effect), Some(error)) = (touched, callable.returns.error()) {
            let known = self.failures.entry(error).or_insert(Some(effect));
            *known = known.filter(|known| *known == effect);
        }
        self.callables.insert(path, callable);
    }

    /// The canonical form of a library path: re-exports and renames undone, the longest known prefix first.
    ///
    /// What a library that nobody described re-exports of one that is described is that library's: `common::tokio::spawn`.
    pub fn canonical(&self, path: Ustr) -> Ustr {
        let found = self.unaliased(path);
        let Some((first, rest)) = path.split_once("::") else { return found };
        if self.knows(found) || self.described.contains(first) {
            return found;
        }
        if let Some(generated) = self.generated_in(&path) {
            return generated;
        }
        let inner = ustr::existing_ustr(rest).map(|rest| self.unaliased(rest));
        inner.filter(|inner| rest.contains("::") && self.knows(*inner)).unwrap_or(found)
    }

    /// The canonical form of a path to what a generator wrote, by the names it gives; none where the path has no such names.
    pub fn generated(&self, path: &[impl AsRef<str>]) -> Option<Ustr> {
        self.generated.iter().find_map(|generated| {
            let at = path.windows(2).position(|names| generated.matches(names[0].as_ref(), names[1].as_ref()))?;
            let rest = path[at + 2..].iter().map(|name| format!("::{}", name.as_ref()));
            Some(ustr(&format!("{}{}", generated.target, rest.collect::<String>())))
        })
    }

    fn generated_in(&self, path: &str) -> Option<Ustr> {
        let may_be = self.generated.iter().any(|generated| path.contains(&generated.module));
        may_be.then(|| self.generated(&path.split("::").collect::<Vec<_>>())).flatten()
    }

    fn unaliased(&self, path: Ustr) -> Ustr {
        let mut path = path;
        // An alias may lead to another; a circle in the data ends here.
        for _ in 0..4 {
            match self.rewritten(path) {
                Some(next) if next != path => path = next,
                _ => break,
            }
        }
        path
    }

    /// The arguments that a type alias of a library fills in: `std::io::Error` of `std::io::Result<T>`.
    pub fn filled(&self, path: Ustr) -> Option<&[TypeExpr]> {
        let mut path = path;
        for _ in 0..4 {
            if let Some(arguments) = self.filled.get(&path) {
                return Some(arguments);
            }
            path = self.rewritten(path).filter(|next| *next != path)?;
        }
        None
    }

    fn rewritten(&self, path: Ustr) -> Option<Ustr> {
        let text = path.as_str();
        let mut end = text.len();
        loop {
            if let Some(target) = ustr::existing_ustr(&text[..end]).and_then(|prefix| self.aliases.get(&prefix)) {
                return Some(ustr(&format!("{target}{}", &text[end..])));
            }
            end = text[..end].rfind("::")?;
        }
    }

    /// The entry of a type, by canonical path.
    pub fn type_entry(&self, path: Ustr) -> Option<&TypeEntry> {
        self.types.get(&path)
    }

    /// The names of a type's or trait's parameters.
    pub fn params(&self, path: Ustr) -> &[Ustr] {
        let of_type = self.types.get(&path).map(|entry| &entry.params);
        of_type.or_else(|| self.trait_params.get(&path)).map_or(&[], Vec::as_slice)
    }

    /// Whether anything is known under this canonical path.
    pub fn knows(&self, path: Ustr) -> bool {
        self.types.contains_key(&path)
            || self.callables.contains_key(&path)
            || self.listed.contains(&path)
            || self.derives.contains_key(&path)
            || self.signals.contains_key(&path)
            || self.handlers.attributes.contains(&path)
            || self.handlers.services.contains_key(&path)
            || self.handlers.parameters.contains(&path)
            || self.is_entry_attribute(path)
            || self.is_test_attribute(path)
            || self.is_memoizing_attribute(path)
    }

    /// Whether a function or method is described, or its type is.
    pub fn describes(&self, path: Ustr) -> bool {
        let owner = || path.rsplit_once("::").and_then(|(owner, _)| ustr::existing_ustr(owner));
        self.callable_or_inherited(path).is_some() || owner().is_some_and(|owner| self.types.contains_key(&owner))
    }

    /// The entry of a type that is a resource.
    pub fn resource(&self, path: Ustr) -> Option<&TypeEntry> {
        self.types.get(&path).filter(|entry| entry.kind.is_some())
    }

    /// A function, macro or `Type::method`, by canonical path.
    pub fn callable(&self, path: Ustr) -> Option<&Callable> {
        self.callables.get(&path)
    }

    /// A function or method by path, also where a catalogued trait of the type has it.
    pub fn callable_or_inherited(&self, path: Ustr) -> Option<&Callable> {
        self.callable(path).or_else(|| {
            let (owner, name) = path.rsplit_once("::")?;
            self.method(ustr::existing_ustr(owner)?, ustr(name)).map(|(_, callable)| callable)
        })
    }

    /// A method of a type, of one of its catalogued traits or of one that every type has: its canonical path and entry.
    pub fn method(&self, owner: Ustr, name: Ustr) -> Option<(Ustr, &Callable)> {
        self.declared_method(owner, name).or_else(|| self.universal(name))
    }

    /// A method of a type or of one of its catalogued traits, without what every type has.
    pub fn declared_method(&self, owner: Ustr, name: Ustr) -> Option<(Ustr, &Callable)> {
        let traits = self.types.get(&owner).map_or(&[][..], |entry| &entry.traits);
        self.first_of(std::iter::once(&owner).chain(traits), name)
    }

    /// What the methods of a type that its entry does not name have in common, as those that a generator writes for a service: `owner::*`.
    pub fn any_other_method(&self, owner: Ustr, name: Ustr) -> Option<(Ustr, &Callable)> {
        self.first_of(std::iter::once(&owner), ustr("*")).filter(|_| self.universal(name).is_none())
    }

    /// Whether a method is one of a type's own, not of a trait.
    pub fn has_itself(&self, owner: Ustr, name: Ustr) -> bool {
        self.types.get(&owner).is_some_and(|entry| entry.methods.contains_key(&name))
    }

    /// A method that every type is taken to have.
    pub fn universal(&self, name: Ustr) -> Option<(Ustr, &Callable)> {
        self.first_of(self.everywhere.iter(), name)
    }

    /// The method of this name that its first argument tells, by the type or a trait of that.
    pub fn known_by(&self, argument: Ustr, name: Ustr) -> Option<(Ustr, &Callable)> {
        self.first_of(self.known_by.get(&argument)?.iter(), name)
    }

    fn first_of<'o>(&self, owners: impl Iterator<Item = &'o Ustr>, name: Ustr) -> Option<(Ustr, &Callable)> {
        owners.into_iter().find_map(|owner| {
            let path = ustr::existing_ustr(&format!("{owner}::{name}"))?;
            self.callables.get(&path).map(|callable| (path, callable))
        })
    }

    /// What an error of this type stems from, where all that is known to return one agree: of `sqlx::Error` the database.
    pub fn failure(&self, error: Ustr) -> Option<Effect> {
        self.failures.get(&error).copied().flatten()
    }

    /// Whether a call stands in a list.
    pub fn lists(&self, list: Calls, path: Ustr) -> bool {
        self.calls.get(&list).is_some_and(|calls| calls.contains(path))
    }

    /// Whether a method or function of this type stands in a list, by path.
    pub fn lists_a_member(&self, list: Calls, owner: Ustr) -> bool {
        self.calls.get(&list).is_some_and(|calls| calls.contains_a_member(owner))
    }

    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The server that a call runs.
    pub fn server(&self, serve: Ustr) -> Option<&Server> {
        self.servers.iter().find(|server| server.serve.contains(&serve))
    }

    /// The items that a derive or attribute macro declares beside a type.
    pub fn declared_by(&self, derive: Ustr) -> impl Iterator<Item = (Ustr, Ustr)> {
        self.derives
            .get(&derive)
            .into_iter()
            .flat_map(|derive| derive.declares.iter().map(|(name, path)| (*name, *path)))
    }

    /// The successor of a library's item in the version in use, by the path under which people write it, or of what it is below.
    pub fn superseded(&self, path: Ustr) -> Option<&Superseded> {
        let mut prefixes = std::iter::successors(Some(path.as_str()), |path| Some(path.rsplit_once("::")?.0));
        prefixes.find_map(|prefix| self.superseded.get(&ustr::existing_ustr(prefix)?))
    }

    /// What a call of this path may give up.
    pub fn leaks(&self, call: Ustr) -> impl Iterator<Item = &Leak> {
        self.leaks.get(&call).into_iter().flatten().map(Arc::as_ref)
    }

    /// The pairs that a call of this path may begin.
    pub fn pairs(&self, begin: Ustr) -> impl Iterator<Item = &Pair> {
        self.pairs.get(&begin).into_iter().flatten().map(Arc::as_ref)
    }

    /// The signals that a mention of `path` shows to be handled.
    pub fn signal(&self, path: Ustr) -> Option<&Signal> {
        self.signals.get(&path)
    }

    pub fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    /// Whether an attribute of this path marks the program's entry.
    pub fn is_entry_attribute(&self, path: Ustr) -> bool {
        self.entries.attributes.contains(&path)
    }

    /// Whether an attribute of this path marks a test.
    pub fn is_test_attribute(&self, path: Ustr) -> bool {
        self.entries.tests.contains(&path)
    }

    /// Whether a function with an attribute of this path runs only where its result is not kept from before.
    pub fn is_memoizing_attribute(&self, path: Ustr) -> bool {
        self.entries.memoized.contains(&path)
    }

    /// All resource entries, in the order of their paths.
    pub fn resources(&self) -> Vec<&TypeEntry> {
        let mut all: Vec<_> = self.types.values().filter(|entry| entry.kind.is_some()).collect();
        all.sort_by_key(|entry| entry.path.as_str());
        all
    }
}

/// The embedded files that code can get to which uses these libraries: those that describe one, and those that describe what these name.
fn files_for(libraries: &Libraries) -> Vec<&'static CatalogueFile> {
    let mut reached: HashSet<&str> = HashSet::default();
    reached.insert("std");
    let is_reached = |library: &&str, reached: &HashSet<&str>| reached.contains(library) || libraries.may_use(library);
    let (mut chosen, mut left): (Vec<_>, Vec<_>) = (Vec::new(), CATALOGUE_FILES.iter().collect());
    loop {
        let (more, rest): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|file: &&CatalogueFile| file.describes.iter().any(|name| is_reached(name, &reached)));
        if more.is_empty() {
            break;
        }
        reached.extend(more.iter().flat_map(|file| file.names));
        chosen.extend(more);
        left = rest;
    }
    chosen.sort_by_key(|file| file.name);
    chosen
}

/// A bare name is that of the entry's own member, a path stands for itself.
fn full_path(owner: Ustr, name: Ustr) -> Ustr {
    if name.contains("::") { name } else { ustr(&format!("{owner}::{name}")) }
}

#[cfg(test)]
pub(crate) mod tests;
