//! What known libraries acquire, release and do on drop: the data of `rules/resources/*.toml`, ready for look-ups by canonical path.
//! Knows no Rust source; paths are plain text with `::` between segments. Rules speak of kinds, only this data names libraries.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use ustr::{Ustr, ustr};

/// A type as the catalogue writes it: `async Result<sqlx::Pool>`, `&T`, `(A, B)`, `?` (unknown), `fn` (what a closure argument
/// returns), `arg1` (the type of the first argument), `await arg1` (what awaiting it gives).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TypeExpr {
    Unknown,
    /// `Self` or a generic parameter of the entry.
    Param(Ustr),
    Path(Ustr, Vec<TypeExpr>),
    Ref(Box<TypeExpr>),
    Tuple(Vec<TypeExpr>),
    /// What `.await` unwraps.
    Future(Box<TypeExpr>),
    /// What awaiting a value of the inner type gives; of no use where that is no future.
    Awaited(Box<TypeExpr>),
    /// The return type of the closure or function given as an argument.
    ClosureReturn,
    /// The type of the argument of this number, 1-based, the receiver not counted.
    Argument(u8),
}

/// Where the callable arguments of a function run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runs {
    /// In the caller, at once: the default.
    Inline,
    /// In the caller, once per element.
    Iteration,
    /// As a task of its own.
    Task,
    /// On a thread of its own.
    Thread,
    /// On a thread that may block.
    Blocking,
    /// Once per request, message or event.
    Request,
    /// Once per worker thread of a server.
    Worker,
    /// At most once, lazily.
    Once,
    /// When the program is told to stop.
    Shutdown,
}

/// What an operation touches, and so what is lost when its error vanishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    File,
    Database,
    Network,
    Storage,
    Process,
    /// Flush, commit, close: the last chance to learn that data did not arrive.
    Finish,
    /// Waiting for a task or thread: its panic or error.
    Join,
}

impl Effect {
    /// The effect in words that fit "a … error".
    pub fn noun(self) -> &'static str {
        match self {
            Effect::File => "file system",
            Effect::Database => "database",
            Effect::Network => "network",
            Effect::Storage => "storage",
            Effect::Process => "process",
            Effect::Finish => "flush or close",
            Effect::Join => "task",
        }
    }
}

/// One way to call a function or method, and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callable {
    /// What the call evaluates to.
    pub returns: TypeExpr,
    /// Types of the parameters of a closure argument, in order.
    pub closure: Vec<TypeExpr>,
    pub runs: Runs,
    pub effect: Option<Effect>,
    /// The resource type this call brings into being.
    pub constructs: Option<Ustr>,
    /// What it returns is new and of the type its place asks for: an annotation, a turbofish argument.
    pub fresh: bool,
    /// The resource type this call ends.
    pub closes: Option<Ustr>,
}

/// A type, and, where `kind` is given, what kind of resource it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TypeEntry {
    /// Canonical public path.
    pub path: Ustr,
    /// Names of the generic parameters that matter, in order.
    #[serde(default)]
    pub params: Vec<Ustr>,
    /// Generic parameters whose values live in it: what holds it holds them, what ends it ends them.
    #[serde(default)]
    pub holds: Vec<Ustr>,
    /// What `*value` and method look-up reach.
    pub deref: Option<TypeExpr>,
    /// Methods that are not listed return the receiver's type: builders.
    #[serde(default)]
    pub fluent: bool,
    /// Associated functions.
    #[serde(default)]
    functions: BTreeMap<Ustr, CallableEntry>,
    /// Methods.
    #[serde(default)]
    methods: BTreeMap<Ustr, CallableEntry>,
    /// Catalogued traits whose methods it has.
    #[serde(default)]
    pub traits: Vec<Ustr>,
    /// What its methods touch, where they do not say otherwise.
    pub effect: Option<Effect>,

    /// Kind of resource, kebab-case: `connection-pool`, `http-client`, `guard`, …
    pub kind: Option<Ustr>,
    /// Calls that bring one into being: a bare name is an associated function of the type, a path is that function or method.
    #[serde(default)]
    constructors: BTreeMap<Ustr, CallableEntry>,
    /// Methods that end it.
    #[serde(default)]
    pub close: Vec<Ustr>,
    /// What is lost when it is never ended, as in a static: its presence says that its end matters.
    pub when_unended: Option<String>,
    /// What building it again and again costs: its presence says that it should be built once and shared.
    pub when_repeated: Option<String>,
    /// What stops when the value is dropped too early: its presence says that it is a guard.
    pub when_dropped: Option<String>,
    /// It is meant to live as long as the program: bound in a helper it is dropped too early.
    #[serde(default)]
    pub program_long: bool,
    /// One instance per worker thread is how the library means it.
    #[serde(default)]
    pub per_worker: bool,

    /// Setters that bound how much it opens or how long it waits for one of its own: paths of methods, functions and fields.
    #[serde(default)]
    pub limits: Vec<Ustr>,
    /// What happens where none of `limits` is set: its presence says that the library sets no bound by itself.
    pub when_unlimited: Option<String>,
    /// Setters that bound how long its operations wait for the other side, in the same form.
    #[serde(default)]
    pub timeouts: Vec<Ustr>,
    /// What happens where none of `timeouts` is set: its presence says that the library waits without end by itself.
    pub when_untimed: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum CallableEntry {
    Returns(TypeExpr),
    Full(CallableTable),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallableTable {
    #[serde(default = "unknown")]
    returns: TypeExpr,
    #[serde(default)]
    closure: Vec<TypeExpr>,
    runs: Option<Runs>,
    effect: Option<Effect>,
    #[serde(default)]
    fresh: bool,
}

impl CallableTable {
    fn of(returns: TypeExpr) -> Self {
        CallableTable { returns, closure: Vec::new(), runs: None, effect: None, fresh: false }
    }
}

/// A free function, a macro or a method reached by path only.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FunctionEntry {
    path: Ustr,
    #[serde(default = "unknown")]
    returns: TypeExpr,
    #[serde(default)]
    closure: Vec<TypeExpr>,
    runs: Option<Runs>,
    effect: Option<Effect>,
    #[serde(default)]
    fresh: bool,
}

/// A trait whose methods catalogued types have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TraitEntry {
    path: Ustr,
    #[serde(default)]
    methods: BTreeMap<Ustr, CallableEntry>,
    /// What its methods touch, where they do not say otherwise.
    effect: Option<Effect>,
    /// Every type is taken to have it: a blanket implementation, or one that most types derive.
    #[serde(default)]
    everywhere: bool,
}

/// What the calls of a list show about the code around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calls {
    /// They wait for time to pass or for work to come: an endless loop around one is a service.
    Waits,
    /// They serve until the program ends, and are no [`Server`].
    Forever,
    /// They take the next connection: a loop around one is a server written by hand.
    Accepts,
    /// They tell people or log something: an error that reaches one is not swallowed.
    Tells,
    /// They only look: when one fails, nothing that should have happened is missing.
    Looks,
    /// They bound in time what they are given, or what they are laid around.
    BoundsTime,
}

/// The calls of a list: by canonical path, or by the last part of any path.
#[derive(Debug, Default)]
struct CallList {
    paths: HashSet<Ustr>,
    /// Last parts; a trailing `*` stands for any ending.
    names: Vec<Ustr>,
}

impl CallList {
    fn extend(&mut self, calls: Vec<Ustr>) {
        let (paths, names): (Vec<_>, Vec<_>) = calls.into_iter().partition(|call| call.contains("::"));
        self.paths.extend(paths);
        self.names.extend(names);
    }

    fn contains(&self, path: Ustr) -> bool {
        let name = path.rsplit("::").next().unwrap_or(&path);
        let named = |known: &Ustr| match known.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => known == name,
        };
        self.paths.contains(&path) || self.names.iter().any(named)
    }
}

/// A way to run a server, and how it is told to stop.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Server {
    /// Paths of the functions or methods that serve until stopped.
    pub serve: Vec<Ustr>,
    /// Methods or functions that attach a shutdown signal, by path.
    #[serde(default)]
    pub graceful: Vec<Ustr>,
    /// Whether it listens for SIGINT and SIGTERM by itself.
    #[serde(default)]
    pub handles_signals: bool,
    /// Calls that switch its own signal handling off.
    #[serde(default)]
    pub signals_off: Vec<Ustr>,
    /// The call to add, as shown in the help: `.with_graceful_shutdown(signal)`; absent where the library has none.
    pub attach: Option<String>,
    /// Where the addition is a plain method call on the served value: its text with `{signal}` for the future.
    pub suffix: Option<String>,
    /// In words: "axum server".
    pub name: String,
}

/// Code that learns of signals: any mention of `path` says that these are handled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Signal {
    pub path: Ustr,
    /// `interrupt`, `terminate`, `quit`, `hangup`.
    pub signals: Vec<Ustr>,
    /// The Cargo feature without which `terminate` is not included.
    pub terminate_feature: Option<Ustr>,
}

/// How a function is known to run once per request, message or event.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handlers {
    /// Attribute macros on the function.
    #[serde(default)]
    pub attributes: Vec<Ustr>,
    /// Traits whose methods (by path, `Trait::method`; `Trait::*` for all) run per request.
    #[serde(default)]
    pub traits: Vec<Ustr>,
    /// Parameter types only handlers have.
    #[serde(default)]
    pub parameters: Vec<Ustr>,
}

/// Attributes that make a function the program's entry.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    #[serde(default)]
    attributes: Vec<Ustr>,
    #[serde(default)]
    tests: Vec<Ustr>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    /// Lists of calls that show something about the code around them.
    #[serde(default)]
    calls: BTreeMap<Calls, Vec<Ustr>>,
    /// Other public paths of the same thing; a prefix stands for all that is below it.
    #[serde(default)]
    aliases: BTreeMap<Ustr, Ustr>,
    #[serde(default, rename = "type")]
    types: Vec<TypeEntry>,
    #[serde(default, rename = "resource")]
    resources: Vec<TypeEntry>,
    #[serde(default, rename = "trait")]
    traits: Vec<TraitEntry>,
    #[serde(default, rename = "function")]
    functions: Vec<FunctionEntry>,
    #[serde(default, rename = "server")]
    servers: Vec<Server>,
    #[serde(default, rename = "signal")]
    signals: Vec<Signal>,
    #[serde(default)]
    handlers: Handlers,
    #[serde(default)]
    entries: Entries,
}

/// A catalogue text that cannot be used.
#[derive(Debug, Clone)]
pub struct CatalogueError {
    pub message: String,
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
        CatalogueError { message: error.message().to_owned(), span: error.span() }
    }
}

/// All entries, by canonical path.
#[derive(Debug, Default)]
pub struct Catalogue {
    aliases: HashMap<Ustr, Ustr>,
    types: HashMap<Ustr, TypeEntry>,
    /// Traits that every type is taken to have.
    everywhere: Vec<Ustr>,
    callables: HashMap<Ustr, Callable>,
    servers: Vec<Server>,
    signals: HashMap<Ustr, Signal>,
    handlers: Handlers,
    entries: Entries,
    calls: HashMap<Calls, CallList>,
}

include!(concat!(env!("OUT_DIR"), "/catalogue_files.rs"));

impl Catalogue {
    /// The catalogue that comes with the tool.
    pub fn embedded() -> Self {
        let mut catalogue = Catalogue::default();
        for (name, text) in CATALOGUE_FILES {
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
        self.aliases.extend(document.aliases);
        for (list, calls) in document.calls {
            self.calls.entry(list).or_default().extend(calls);
        }
        for function in document.functions {
            let callable = Callable {
                returns: function.returns,
                closure: function.closure,
                runs: function.runs.unwrap_or(Runs::Inline),
                effect: function.effect,
                constructs: None,
                fresh: function.fresh,
                closes: None,
            };
            self.callables.insert(function.path, callable);
        }
        for entry in document.traits {
            self.everywhere.extend(entry.everywhere.then_some(entry.path));
            self.add_callables(entry.path, &entry.methods, entry.effect);
        }
        for entry in document.types {
            self.add_type(entry);
        }
        for entry in document.resources {
            if entry.kind.is_none() {
                return Err(CatalogueError { message: format!("resource `{}` has no `kind`", entry.path), span: None });
            }
            self.add_type(entry);
        }
        self.servers.extend(document.servers);
        self.signals.extend(document.signals.into_iter().map(|s| (s.path, s)));
        self.handlers.attributes.extend(document.handlers.attributes);
        self.handlers.traits.extend(document.handlers.traits);
        self.handlers.parameters.extend(document.handlers.parameters);
        self.entries.attributes.extend(document.entries.attributes);
        self.entries.tests.extend(document.entries.tests);
        Ok(())
    }

    fn add_type(&mut self, mut entry: TypeEntry) {
        for setter in entry.limits.iter_mut().chain(&mut entry.timeouts) {
            *setter = full_path(entry.path, *setter);
        }
        self.add_callables(entry.path, &entry.functions, entry.effect);
        self.add_callables(entry.path, &entry.methods, entry.effect);
        for (name, constructor) in &entry.constructors {
            let path = full_path(entry.path, *name);
            let mut callable = constructor.callable(entry.effect);
            callable.returns = callable.returns.with_self(entry.path, &entry.params);
            callable.constructs = Some(entry.path);
            self.callables.insert(path, callable);
        }
        for name in &entry.close {
            let path = full_path(entry.path, *name);
            let callable = self.callables.entry(path).or_insert_with(|| Callable {
                returns: TypeExpr::Unknown,
                closure: Vec::new(),
                runs: Runs::Inline,
                effect: Some(Effect::Finish),
                constructs: None,
                fresh: false,
                closes: None,
            });
            callable.closes = Some(entry.path);
        }
        self.types.insert(entry.path, entry);
    }

    fn add_callables(&mut self, owner: Ustr, entries: &BTreeMap<Ustr, CallableEntry>, effect: Option<Effect>) {
        for (name, entry) in entries {
            self.callables.insert(ustr(&format!("{owner}::{name}")), entry.callable(effect));
        }
    }

    /// The canonical form of a library path: re-exports and renames undone, the longest known prefix first.
    pub fn canonical(&self, path: Ustr) -> Ustr {
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

    /// Whether anything is known under this canonical path.
    pub fn knows(&self, path: Ustr) -> bool {
        self.types.contains_key(&path) || self.callables.contains_key(&path) || self.signals.contains_key(&path)
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
        let traits = self.types.get(&owner).map_or(&[][..], |entry| &entry.traits);
        std::iter::once(&owner).chain(traits).chain(&self.everywhere).find_map(|place| {
            let path = ustr::existing_ustr(&format!("{place}::{name}"))?;
            self.callables.get(&path).map(|callable| (path, callable))
        })
    }

    /// Whether a call stands in a list.
    pub fn lists(&self, list: Calls, path: Ustr) -> bool {
        self.calls.get(&list).is_some_and(|calls| calls.contains(path))
    }

    pub fn servers(&self) -> &[Server] {
        &self.servers
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

    /// All resource entries, in the order of their paths.
    pub fn resources(&self) -> Vec<&TypeEntry> {
        let mut all: Vec<_> = self.types.values().filter(|entry| entry.kind.is_some()).collect();
        all.sort_by_key(|entry| entry.path.as_str());
        all
    }
}

impl CallableEntry {
    fn callable(&self, effect: Option<Effect>) -> Callable {
        let table = match self {
            CallableEntry::Returns(returns) => CallableTable::of(returns.clone()),
            CallableEntry::Full(table) => table.clone(),
        };
        Callable {
            returns: table.returns,
            closure: table.closure,
            runs: table.runs.unwrap_or(Runs::Inline),
            effect: table.effect.or(effect),
            constructs: None,
            fresh: table.fresh,
            closes: None,
        }
    }
}

fn unknown() -> TypeExpr {
    TypeExpr::Unknown
}

/// A bare name is that of the entry's own member, a path stands for itself.
fn full_path(owner: Ustr, name: Ustr) -> Ustr {
    if name.contains("::") { name } else { ustr(&format!("{owner}::{name}")) }
}

/// Short names a catalogue text may use for the types every library returns.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("Result", "std::result::Result"),
    ("Option", "std::option::Option"),
    ("Vec", "std::vec::Vec"),
    ("Box", "std::boxed::Box"),
    ("Arc", "std::sync::Arc"),
    ("String", "std::string::String"),
];

impl TypeExpr {
    /// Reads the text form.
    ///
    /// # Errors
    /// Says what was expected and where the text went wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = TypeParser { rest: text.trim() };
        let parsed = parser.ty()?;
        if parser.rest.is_empty() {
            Ok(parsed)
        } else {
            Err(format!("unexpected `{}` in the type `{text}`", parser.rest))
        }
    }

    /// `Self` replaced by the entry's own path with its parameters.
    pub fn with_self(self, path: Ustr, params: &[Ustr]) -> Self {
        let this = TypeExpr::Path(path, params.iter().map(|p| TypeExpr::Param(*p)).collect());
        self.map_params(&|name| {
            if name == "Self" { this.clone() } else { TypeExpr::Param(name) }
        })
    }

    /// Every parameter replaced by what `f` gives for it.
    pub fn map_params(self, f: &dyn Fn(Ustr) -> TypeExpr) -> Self {
        match self {
            TypeExpr::Param(name) => f(name),
            TypeExpr::Path(path, args) => TypeExpr::Path(path, args.into_iter().map(|a| a.map_params(f)).collect()),
            TypeExpr::Ref(of) => TypeExpr::Ref(Box::new(of.map_params(f))),
            TypeExpr::Future(of) => TypeExpr::Future(Box::new(of.map_params(f))),
            TypeExpr::Awaited(of) => TypeExpr::Awaited(Box::new(of.map_params(f))),
            TypeExpr::Tuple(parts) => TypeExpr::Tuple(parts.into_iter().map(|p| p.map_params(f)).collect()),
            TypeExpr::Unknown | TypeExpr::ClosureReturn | TypeExpr::Argument(_) => self,
        }
    }
}

impl<'de> Deserialize<'de> for TypeExpr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        TypeExpr::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Recursive descent over the text form.
struct TypeParser<'a> {
    rest: &'a str,
}

impl TypeParser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn ty(&mut self) -> Result<TypeExpr, String> {
        if self.eat("async ") {
            return Ok(TypeExpr::Future(Box::new(self.ty()?)));
        }
        if self.eat("await ") {
            return Ok(TypeExpr::Awaited(Box::new(self.ty()?)));
        }
        if self.eat("&") {
            return Ok(TypeExpr::Ref(Box::new(self.ty()?)));
        }
        if self.eat("?") {
            return Ok(TypeExpr::Unknown);
        }
        if self.eat("(") {
            return Ok(TypeExpr::Tuple(self.list(")")?));
        }
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            return Err(format!("expected a type at `{}`", self.rest));
        }
        self.rest = rest.trim_start();
        let args = if self.eat("<") { self.list(">")? } else { Vec::new() };
        Ok(named(name, args))
    }

    fn list(&mut self, close: &str) -> Result<Vec<TypeExpr>, String> {
        let mut parts = Vec::new();
        while !self.eat(close) {
            parts.push(self.ty()?);
            if !self.eat(",") && !self.rest.starts_with(close) {
                return Err(format!("expected `,` or `{close}` at `{}`", self.rest));
            }
        }
        Ok(parts)
    }
}

fn named(name: &str, args: Vec<TypeExpr>) -> TypeExpr {
    if name == "fn" {
        return TypeExpr::ClosureReturn;
    }
    if let Some(number) = name.strip_prefix("arg").and_then(|n| n.parse().ok()).filter(|n| *n > 0) {
        return TypeExpr::Argument(number);
    }
    if let Some((_, full)) = SHORT_NAMES.iter().find(|(short, _)| *short == name) {
        return TypeExpr::Path(ustr(full), args);
    }
    let is_param = !name.contains("::") && name.starts_with(|c: char| c.is_uppercase());
    if is_param { TypeExpr::Param(ustr(name)) } else { TypeExpr::Path(ustr(name), args) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn ty(text: &str) -> TypeExpr {
        TypeExpr::parse(text).expect(text)
    }

    fn path(text: &str, args: Vec<TypeExpr>) -> TypeExpr {
        TypeExpr::Path(ustr(text), args)
    }

    fn catalogue(text: &str) -> Catalogue {
        let mut catalogue = Catalogue::default();
        catalogue.extend(text).expect("a good catalogue");
        catalogue
    }

    #[test]
    fn type_expressions_of_every_form_are_read() {
        assert_eq!(ty("?"), TypeExpr::Unknown);
        assert_eq!(ty("fn"), TypeExpr::ClosureReturn);
        assert_eq!(ty("arg2"), TypeExpr::Argument(2));
        assert_eq!(ty("Self"), TypeExpr::Param(ustr("Self")));
        assert_eq!(ty("await arg1"), TypeExpr::Awaited(Box::new(TypeExpr::Argument(1))));
        assert_eq!(ty("()"), TypeExpr::Tuple(Vec::new()));
        assert_eq!(ty("str"), path("str", Vec::new()));
        assert_eq!(
            ty(" async Result < &T , (a::B, ?) > "),
            TypeExpr::Future(Box::new(path(
                "std::result::Result",
                vec![
                    TypeExpr::Ref(Box::new(TypeExpr::Param(ustr("T")))),
                    TypeExpr::Tuple(vec![path("a::B", Vec::new()), TypeExpr::Unknown]),
                ],
            )))
        );
    }

    #[test]
    fn a_path_that_only_begins_like_a_keyword_is_a_path() {
        assert_eq!(ty("async_nats::Client"), path("async_nats::Client", Vec::new()));
        assert_eq!(ty("argon2::Hasher"), path("argon2::Hasher", Vec::new()));
    }

    #[test]
    fn bad_type_expressions_say_what_was_expected() {
        for (text, message) in [
            ("", "expected a type at ``"),
            ("Vec<T", "expected `,` or `>` at ``"),
            ("(A B)", "expected `,` or `)` at `B)`"),
            ("A>", "unexpected `>` in the type `A>`"),
        ] {
            assert_eq!(TypeExpr::parse(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn an_error_points_at_its_place() {
        let text = "[[type]]\npath = \"a::B\"\nmethods = { open = \"Vec<\" }\n";
        let error = Catalogue::default().extend(text).expect_err("a bad type");
        assert!(error.span.is_some(), "{error}");
        let unknown_key = "[[type]]\npath = \"a::B\"\nkinds = \"pool\"\n";
        let error = Catalogue::default().extend(unknown_key).expect_err("an unknown key");
        assert!(error.message.contains("unknown field `kinds`"), "{error}");
        assert_eq!(&unknown_key[error.span.expect("a place")], "kinds");
    }

    #[test]
    fn a_resource_needs_a_kind() {
        let error = Catalogue::default().extend("[[resource]]\npath = \"a::Pool\"\n").expect_err("no kind");
        assert_eq!(error.message, "resource `a::Pool` has no `kind`");
    }

    #[test]
    fn the_longest_alias_wins_and_aliases_lead_on() {
        let catalogue =
            catalogue("[aliases]\n\"a\" = \"b\"\n\"a::c\" = \"d::e\"\n\"d\" = \"f\"\n\"x\" = \"y\"\n\"y\" = \"x\"\n");
        let canonical = |p: &str| catalogue.canonical(ustr(p)).to_string();
        assert_eq!(canonical("a::z"), "b::z");
        assert_eq!(canonical("a::c::z"), "f::e::z");
        assert_eq!(canonical("ab::z"), "ab::z");
        assert!(["x", "y"].contains(&canonical("x").as_str()));
    }

    #[test]
    fn constructors_and_closes_are_found_by_path() {
        let catalogue = catalogue(
            r#"
            [[resource]]
            path = "a::Pool"
            params = ["T"]
            kind = "connection-pool"
            constructors = { open = "Self", "a::Builder::build" = "async Result<Self, a::Error>" }
            close = ["close", "a::shut_all"]
            methods = { close = { returns = "async ()", effect = "finish" }, get = "Option<T>" }
            "#,
        );
        let callable = |p: &str| catalogue.callable(ustr(p)).expect(p);
        let pool = path("a::Pool", vec![TypeExpr::Param(ustr("T"))]);
        assert_eq!(callable("a::Pool::open").returns, pool);
        assert_eq!(callable("a::Builder::build").constructs, Some(ustr("a::Pool")));
        assert_eq!(callable("a::Pool::close").closes, Some(ustr("a::Pool")));
        assert_eq!(callable("a::Pool::close").effect, Some(Effect::Finish));
        assert_eq!(callable("a::shut_all").closes, Some(ustr("a::Pool")));
        assert_eq!(callable("a::Pool::get").constructs, None);
    }

    #[test]
    fn setters_are_known_by_their_full_paths() {
        let catalogue = catalogue(
            r#"
            [[resource]]
            path = "a::Pool"
            kind = "connection-pool"
            limits = ["resize", "a::Builder::max_size"]
            when-unlimited = "it opens as many connections as it is asked for"
            timeouts = ["set_timeout"]
            [calls]
            bounds-time = ["a::within"]
            "#,
        );
        let entry = catalogue.resource(ustr("a::Pool")).expect("a resource");
        assert_eq!(entry.limits, [ustr("a::Pool::resize"), ustr("a::Builder::max_size")]);
        assert_eq!(entry.timeouts, [ustr("a::Pool::set_timeout")]);
        assert!(entry.when_unlimited.is_some() && entry.when_untimed.is_none());
        assert!(catalogue.lists(Calls::BoundsTime, ustr("a::within")));
    }

    #[test]
    fn a_method_is_looked_up_in_the_type_before_its_traits() {
        let catalogue = catalogue(
            r#"
            [[type]]
            path = "a::File"
            traits = ["a::Write"]
            methods = { flush = "()" }
            [[trait]]
            path = "a::Write"
            methods = { flush = "bool", write = "usize" }
            [[trait]]
            path = "a::Show"
            everywhere = true
            methods = { write = "()", show = "String" }
            "#,
        );
        let found = |name: &str| catalogue.method(ustr("a::File"), ustr(name)).map(|(path, _)| path.as_str());
        assert_eq!(found("flush"), Some("a::File::flush"));
        assert_eq!(found("write"), Some("a::Write::write"));
        assert_eq!(found("show"), Some("a::Show::show"));
        assert_eq!(found("read"), None);
    }

    #[test]
    fn a_later_text_replaces_what_it_names_again() {
        let mut catalogue = catalogue("[[resource]]\npath = \"a::Pool\"\nkind = \"pool\"\n");
        catalogue.extend("[[type]]\npath = \"a::Pool\"\n").expect("a good catalogue");
        assert!(catalogue.resource(ustr("a::Pool")).is_none());
        assert!(catalogue.type_entry(ustr("a::Pool")).is_some());
    }

    #[test]
    fn the_examples_of_the_manual_are_of_the_grammar() {
        let manual = include_str!("../docs/resources.md");
        let examples: Vec<&str> =
            manual.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(examples.len() > 5, "only {} examples", examples.len());
        for example in examples {
            Catalogue::embedded().extend(example).unwrap_or_else(|error| panic!("{error} in\n{example}"));
        }
    }

    /// What people write, what it is called in the catalogue, and the resource it brings into being.
    const WELL_KNOWN_CALLS: &[(&str, &str, Option<&str>)] = &[
        ("core::option::Option::map", "std::option::Option::map", None),
        ("Some", "std::option::Option::Some", None),
        ("anyhow::Result::unwrap", "std::result::Result::unwrap", None),
        ("tokio::task::spawn", "tokio::spawn", Some("tokio::task::JoinHandle")),
        ("reqwest::Client::new", "reqwest::Client::new", Some("reqwest::Client")),
        ("reqwest::get", "reqwest::get", Some("reqwest::Client")),
        ("sqlx::PgPool::connect", "sqlx::Pool::connect", Some("sqlx::Pool")),
        ("sqlx::postgres::PgPoolOptions::connect", "sqlx::pool::PoolOptions::connect", Some("sqlx::Pool")),
        ("diesel::r2d2::Pool::new", "r2d2::Pool::new", Some("r2d2::Pool")),
        ("redis::Client::open", "redis::Client::open", None),
        (
            "redis::Client::get_connection_manager",
            "redis::Client::get_connection_manager",
            Some("redis::aio::ConnectionManager"),
        ),
        (
            "tracing_appender::non_blocking",
            "tracing_appender::non_blocking",
            Some("tracing_appender::non_blocking::WorkerGuard"),
        ),
        ("once_cell::sync::Lazy::new", "std::sync::LazyLock::new", None),
        ("futures_util::StreamExt::next", "futures::StreamExt::next", None),
        ("axum::Server::bind", "hyper::Server::bind", None),
        ("octocrab::instance", "octocrab::instance", None),
        ("isahc::get", "isahc::get", None),
    ];

    #[test]
    fn embedded_calls_are_found_as_people_write_them() {
        let catalogue = Catalogue::embedded();
        for (written, expected, constructs) in WELL_KNOWN_CALLS {
            let canonical = catalogue.canonical(ustr(written));
            assert_eq!(canonical.as_str(), *expected, "{written}");
            let callable = catalogue.callable(canonical).unwrap_or_else(|| panic!("no entry for {written}"));
            assert_eq!(callable.constructs.map(|path| path.as_str()), *constructs, "{written}");
        }
    }

    /// Every embedded file, read on its own.
    fn documents() -> Vec<(&'static str, Document)> {
        let read = |(name, text): &(&'static str, &str)| (*name, toml::from_str(text).expect("checked by `embedded`"));
        CATALOGUE_FILES.iter().map(read).collect()
    }

    impl Document {
        fn all_types(&self) -> impl Iterator<Item = &TypeEntry> {
            self.types.iter().chain(&self.resources)
        }

        /// Every callable with its path and the generic parameters its types may name.
        fn all_callables(&self) -> Vec<(Ustr, Callable, Vec<Ustr>)> {
            let mut all = Vec::new();
            for entry in self.all_types() {
                let scope: Vec<Ustr> = entry.params.iter().copied().chain([ustr("Self")]).collect();
                for (name, callable) in entry.functions.iter().chain(&entry.methods).chain(&entry.constructors) {
                    let path = full_path(entry.path, *name);
                    all.push((path, callable.callable(None), scope.clone()));
                }
            }
            for entry in &self.traits {
                for (name, callable) in &entry.methods {
                    let path = full_path(entry.path, *name);
                    all.push((path, callable.callable(None), vec![ustr("Self")]));
                }
            }
            for entry in &self.functions {
                let callable = Callable {
                    returns: entry.returns.clone(),
                    closure: entry.closure.clone(),
                    runs: Runs::Inline,
                    effect: None,
                    constructs: None,
                    fresh: false,
                    closes: None,
                };
                all.push((entry.path, callable, Vec::new()));
            }
            all
        }

        /// Every place that names a path, apart from the aliases.
        fn all_paths(&self) -> Vec<Ustr> {
            let mut all = Vec::new();
            for entry in self.all_types() {
                all.push(entry.path);
                all.extend(&entry.traits);
                let named = entry.close.iter().chain(&entry.limits).chain(&entry.timeouts);
                all.extend(named.filter(|name| name.contains("::")));
                if let Some(deref) = &entry.deref {
                    named_types(deref, &mut |path, _| all.push(path));
                }
            }
            for (path, callable, _) in self.all_callables() {
                all.push(path);
                for part in std::iter::once(&callable.returns).chain(&callable.closure) {
                    named_types(part, &mut |path, _| all.push(path));
                }
            }
            for server in &self.servers {
                all.extend(&server.serve);
                all.extend(&server.graceful);
                all.extend(&server.signals_off);
            }
            all.extend(self.signals.iter().map(|signal| signal.path));
            all.extend(&self.handlers.attributes);
            all.extend(&self.handlers.traits);
            all.extend(&self.handlers.parameters);
            all.extend(&self.entries.attributes);
            all.extend(&self.entries.tests);
            all.extend(self.calls.values().flatten().filter(|call| call.contains("::")));
            all
        }
    }

    /// Calls `f` with every path in a type and the number of its arguments.
    fn named_types(of: &TypeExpr, f: &mut dyn FnMut(Ustr, usize)) {
        match of {
            TypeExpr::Path(path, args) => {
                f(*path, args.len());
                args.iter().for_each(|arg| named_types(arg, f));
            }
            TypeExpr::Ref(inner) | TypeExpr::Future(inner) | TypeExpr::Awaited(inner) => {
                named_types(inner, f);
            }
            TypeExpr::Tuple(parts) => parts.iter().for_each(|part| named_types(part, f)),
            TypeExpr::Unknown | TypeExpr::Param(_) | TypeExpr::ClosureReturn | TypeExpr::Argument(_) => {}
        }
    }

    fn assert_none(problems: Vec<String>) {
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn embedded_paths_are_canonical() {
        let catalogue = Catalogue::embedded();
        let mut problems = Vec::new();
        for (file, document) in documents() {
            for path in document.all_paths() {
                let canonical = catalogue.canonical(path);
                if canonical != path {
                    problems.push(format!("{file}: `{path}` is an alias of `{canonical}`"));
                }
            }
        }
        assert_none(problems);
    }

    #[test]
    fn embedded_aliases_end_within_the_steps_of_a_look_up() {
        let catalogue = Catalogue::embedded();
        let mut problems = Vec::new();
        for alias in catalogue.aliases.keys() {
            let canonical = catalogue.canonical(*alias);
            if catalogue.canonical(canonical) != canonical {
                problems.push(format!("the alias `{alias}` does not end"));
            }
        }
        assert_none(problems);
    }

    #[test]
    fn embedded_aliases_are_given_once() {
        let mut seen = HashMap::default();
        let mut problems = Vec::new();
        for (file, document) in documents() {
            for alias in document.aliases.keys() {
                if let Some(first) = seen.insert(*alias, file) {
                    problems.push(format!("the alias `{alias}` is in {first} and in {file}"));
                }
            }
        }
        assert_none(problems);
    }

    #[test]
    fn embedded_entries_are_given_once() {
        let mut seen = HashMap::default();
        let mut problems = Vec::new();
        for (file, document) in documents() {
            let types = document.all_types().map(|entry| entry.path);
            let traits = document.traits.iter().map(|entry| entry.path);
            let signals = document.signals.iter().map(|s| (s.path, "signal"));
            let callables = document.all_callables();
            let entries = types
                .chain(traits)
                .map(|path| (path, "type"))
                .chain(callables.iter().map(|(path, ..)| (*path, "callable")))
                .chain(signals);
            for key in entries {
                if let Some(first) = seen.insert(key, file) {
                    problems.push(format!("{} `{}` is in {first} and {file}", key.1, key.0));
                }
            }
        }
        assert_none(problems);
    }

    #[test]
    fn embedded_generic_parameters_are_declared() {
        let documents = documents();
        let params: HashMap<Ustr, &[Ustr]> = documents
            .iter()
            .flat_map(|(_, document)| document.all_types())
            .map(|entry| (entry.path, &entry.params[..]))
            .collect();
        let mut problems = Vec::new();
        for (file, document) in &documents {
            for entry in document.all_types() {
                for name in entry.holds.iter().filter(|n| !entry.params.contains(n)) {
                    problems.push(format!("{file}: `{}` holds no `{name}`", entry.path));
                }
            }
            for (path, callable, mut scope) in document.all_callables() {
                let owner = path.rsplit_once("::").map(|(owner, _)| ustr(owner));
                scope.extend(owner.and_then(|o| params.get(&o)).copied().unwrap_or(&[]));
                for part in std::iter::once(&callable.returns).chain(&callable.closure) {
                    part.clone().map_params(&|name| {
                        if !scope.contains(&name) {
                            panic!("{file}: `{path}` names the unknown parameter `{name}`");
                        }
                        TypeExpr::Param(name)
                    });
                    named_types(part, &mut |named, given| {
                        let most = params.get(&named).map_or(usize::MAX, |p| p.len());
                        if given > most {
                            problems.push(format!("{file}: `{path}` gives `{named}` {given} arguments of {most}"));
                        }
                    });
                }
            }
        }
        assert_none(problems);
    }

    #[test]
    fn embedded_traits_and_closes_are_described() {
        let catalogue = Catalogue::embedded();
        let documents = documents();
        let traits: BTreeSet<Ustr> =
            documents.iter().flat_map(|(_, document)| document.traits.iter().map(|entry| entry.path)).collect();
        let callables: BTreeSet<Ustr> =
            documents.iter().flat_map(|(_, document)| document.all_callables()).map(|(path, ..)| path).collect();
        let mut problems = Vec::new();
        for (file, document) in &documents {
            for entry in document.all_types() {
                for name in entry.traits.iter().filter(|name| !traits.contains(name)) {
                    problems.push(format!("{file}: no entry for the trait `{name}`"));
                }
                for name in &entry.close {
                    let path = full_path(entry.path, *name);
                    if !callables.contains(&path) {
                        problems.push(format!("{file}: `{path}` closes but returns nothing known"));
                    }
                    let closes = catalogue.callable(path).and_then(|c| c.closes);
                    if closes != Some(entry.path) {
                        problems.push(format!("{file}: `{path}` closes something else too"));
                    }
                }
            }
        }
        assert_none(problems);
    }

    #[test]
    fn embedded_resources_can_be_acquired() {
        let mut problems = Vec::new();
        for entry in Catalogue::embedded().resources() {
            if entry.constructors.is_empty() {
                problems.push(format!("nothing constructs `{}`", entry.path));
            }
        }
        assert_none(problems);
    }

    #[test]
    fn embedded_texts_are_clauses() {
        let mut problems = Vec::new();
        let documents = documents();
        for entry in documents.iter().flat_map(|(_, document)| document.all_types()) {
            let texts = [
                &entry.when_unended,
                &entry.when_repeated,
                &entry.when_dropped,
                &entry.when_unlimited,
                &entry.when_untimed,
            ];
            for text in texts.into_iter().flatten() {
                let starts_low = text.starts_with(|c: char| c.is_lowercase() || c == '`');
                let second_is_low = !text.chars().nth(1).is_some_and(char::is_uppercase);
                if !starts_low || !second_is_low || text.ends_with('.') {
                    problems.push(format!("`{}`: {text}", entry.path));
                }
            }
        }
        assert_none(problems);
    }
}
