//! A whole catalogue text: its entries by kind, checked for what the grammar asks for, and left out where the versions in use are others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use toml::Spanned;
use ustr::{Ustr, ustr};

use super::calls::Calls;
use super::entries::*;
use super::leaks::Leak;
use super::libraries::{Libraries, Versions};
use super::pairs::Pair;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// Lists of calls that show something about the code around them.
    #[serde(default)]
    pub(super) calls: BTreeMap<Calls, Vec<Ustr>>,
    /// Other public paths of the same thing; a prefix stands for all that is below it.
    #[serde(default)]
    pub(super) aliases: BTreeMap<Ustr, Ustr>,
    #[serde(default, rename = "type")]
    pub(super) types: Vec<Spanned<TypeEntry>>,
    #[serde(default, rename = "resource")]
    pub(super) resources: Vec<Spanned<TypeEntry>>,
    #[serde(default, rename = "trait")]
    pub(super) traits: Vec<TraitEntry>,
    #[serde(default, rename = "function")]
    pub(super) functions: Vec<FunctionEntry>,
    #[serde(default, rename = "server")]
    pub(super) servers: Vec<Server>,
    #[serde(default, rename = "signal")]
    pub(super) signals: Vec<Signal>,
    #[serde(default)]
    pub(super) superseded: Vec<Superseded>,
    #[serde(default, rename = "derive")]
    pub(super) derives: Vec<Derive>,
    #[serde(default, rename = "pair")]
    pub(super) pairs: Vec<Pair>,
    #[serde(default, rename = "leak")]
    pub(super) leaks: Vec<Leak>,
    #[serde(default)]
    pub(super) handlers: Handlers,
    #[serde(default)]
    pub(super) entries: Entries,
}

impl Document {
    /// Itself, if it says all that the grammar asks for.
    pub(super) fn checked(self) -> Result<Self, CatalogueError> {
        for entry in &self.resources {
            let TypeEntry { path, kind, .. } = entry.get_ref();
            if kind.is_none() {
                return Err(CatalogueError {
                    message: format!("the resource `{path}` has no `kind`"),
                    help: Some(
                        "a kind is a word such as `connection-pool` or `guard`; what has none is a `type`".into(),
                    ),
                    span: Some(entry.span()),
                });
            }
        }
        let mut described = BTreeSet::new();
        for entry in self.types.iter().chain(&self.resources) {
            let TypeEntry { path, versions, .. } = entry.get_ref();
            if versions.is_none() && !described.insert(*path) {
                return Err(CatalogueError {
                    message: format!("`{path}` is described twice"),
                    help: Some("say all of it in one entry, or to which `versions` each of them applies".into()),
                    span: Some(entry.span()),
                });
            }
        }
        for entry in self.types.iter().chain(&self.resources).map(Spanned::get_ref) {
            let described = |name: &str| name.contains("::") || entry.methods.contains_key(&ustr(name));
            if let Some(unknown) = entry.written_close.iter().find(|name| !described(name.get_ref())) {
                return Err(CatalogueError {
                    message: format!("`{}` has no method `{}` that could end it", entry.path, unknown.get_ref()),
                    help: Some("say in `methods` what it returns".into()),
                    span: Some(unknown.span()),
                });
            }
        }
        Ok(self)
    }

    /// The libraries that something is said of; what generators write belongs to none.
    pub(super) fn libraries(&self) -> impl Iterator<Item = &'static str> {
        let aliases = self.aliases.keys().copied().filter(|alias| !alias.contains('*'));
        let functions = self.functions.iter().map(|function| function.path);
        let traits = self.traits.iter().map(|entry| entry.path);
        let types = self.types.iter().chain(&self.resources).map(|entry| entry.get_ref().path);
        aliases.chain(functions).chain(traits).chain(types).map(|path| library(path.as_str()))
    }

    /// The paths of which one thing is said in some versions, and another in others.
    fn described_twice(&self) -> BTreeSet<Ustr> {
        let types = self.types.iter().map(|entry| (entry.get_ref().path, &entry.get_ref().versions));
        let resources = self.resources.iter().map(|entry| (entry.get_ref().path, &entry.get_ref().versions));
        let traits = self.traits.iter().map(|entry| (entry.path, &entry.versions));
        let functions = self.functions.iter().map(|entry| (entry.path, &entry.versions));
        let signals = self.signals.iter().map(|entry| (entry.path, &entry.versions));
        let serving = self.servers.iter().flat_map(|server| server.serve.iter().map(|path| (*path, &server.versions)));
        let all = types.chain(resources).chain(traits).chain(functions).chain(signals).chain(serving);
        let mut seen = BTreeSet::new();
        all.filter(|(path, versions)| versions.is_some() && !seen.insert(*path)).map(|(path, _)| path).collect()
    }

    /// Leaves out what is not true of the versions in use.
    pub(super) fn fitted_to(mut self, libraries: &Libraries) -> Self {
        // Who uses a library under another one's name alone has it in the versions in which that name was there.
        let by_other_name = |path: &Ustr| {
            let is_below =
                |target: &str| path.strip_prefix(target).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
            let leads_here = |(alias, target): (&Ustr, &Ustr)| {
                library(alias) != library(target) && libraries.uses(library(alias)) && is_below(target)
            };
            !libraries.uses(library(path)) && self.aliases.iter().any(leads_here)
        };
        let fits = |path: &Ustr, versions: &Option<Versions>| {
            versions.as_ref().is_none_or(|versions| libraries.fit(library(path), versions) || by_other_name(path))
        };
        // What is said of a path once is true of all its uses, as there it is only in those versions.
        let twice = self.described_twice();
        let holds = |path: &Ustr, versions: &Option<Versions>| {
            let some = |versions: &Versions| !twice.contains(path) && libraries.some_fit(library(path), versions);
            fits(path, versions) || versions.as_ref().is_some_and(some)
        };
        self.types.retain(|entry| holds(&entry.get_ref().path, &entry.get_ref().versions));
        self.resources.retain(|entry| holds(&entry.get_ref().path, &entry.get_ref().versions));
        self.traits.retain(|entry| holds(&entry.path, &entry.versions));
        self.functions.retain(|entry| holds(&entry.path, &entry.versions));
        for server in &mut self.servers {
            let by_other_name = server.graceful.iter().any(by_other_name);
            server.serve.retain(|path| by_other_name || holds(path, &server.versions));
        }
        self.servers.retain(|server| !server.serve.is_empty());
        self.signals.retain(|signal| holds(&signal.path, &signal.versions));
        self.superseded.retain(|old| fits(&old.path, &old.versions));
        self
    }
}

/// The library of a path.
pub(super) fn library(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

/// A catalogue text that cannot be used.
#[derive(Debug, Clone)]
pub struct CatalogueError {
    pub message: String,
    /// What would have been right, where known.
    pub help: Option<String>,
    /// Bytes of the catalogue text, 0-based, where known.
    pub span: Option<std::ops::Range<usize>>,
}

impl fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CatalogueError {}

impl From<toml::de::Error> for CatalogueError {
    fn from(error: toml::de::Error) -> Self {
        // serde speaks of Rust, and says in one breath what was found and what was expected.
        let (message, help) = match error.message().split_once(", expected ") {
            Some((found, expected)) => (found, Some(format!("expected {expected}"))),
            None => (error.message(), None),
        };
        let ours = [("field", "key"), ("variant", "value")];
        let message = ours
            .iter()
            .find_map(|(theirs, ours)| {
                let (kind, name) = message.split_once(&format!(" {theirs} `"))?;
                ["unknown", "missing", "duplicate"].contains(&kind).then(|| format!("{kind} {ours} `{name}"))
            })
            .unwrap_or_else(|| message.to_owned());
        CatalogueError { message, help, span: error.span() }
    }
}
