//! What known libraries acquire, release and do on drop: the data of `rules/resources/*.toml`, ready for look-ups by canonical path.
//! Knows no Rust source; paths are plain text with `::` between segments. Rules speak of kinds, only this data names libraries.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use ustr::{Ustr, ustr};

/// A type as the catalogue writes it: `async Result<sqlx::Pool>`, `&T`, `(A, B)`, `?` (unknown), `fn` (what a closure argument returns).
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
    /// The return type of the closure or function given as an argument.
    ClosureReturn,
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
    /// One instance per worker thread is how the library means it.
    #[serde(default)]
    pub per_worker: bool,
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
}

/// A trait whose methods catalogued types have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TraitEntry {
    path: Ustr,
    #[serde(default)]
    methods: BTreeMap<Ustr, CallableEntry>,
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
#[serde(deny_unknown_fields)]
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

/// All entries, by canonical path.
#[derive(Debug, Default)]
pub struct Catalogue {
    aliases: HashMap<Ustr, Ustr>,
    types: HashMap<Ustr, TypeEntry>,
    callables: HashMap<Ustr, Callable>,
    servers: Vec<Server>,
    signals: HashMap<Ustr, Signal>,
    handlers: Handlers,
    entries: Entries,
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
        let document: Document =
            toml::from_str(text).map_err(|e| CatalogueError { message: e.message().to_owned(), span: e.span() })?;
        self.aliases.extend(document.aliases);
        for function in document.functions {
            let callable = Callable {
                returns: function.returns,
                closure: function.closure,
                runs: function.runs.unwrap_or(Runs::Inline),
                effect: function.effect,
                constructs: None,
                closes: None,
            };
            self.callables.insert(function.path, callable);
        }
        for entry in document.traits {
            self.add_callables(entry.path, &entry.methods, None);
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

    fn add_type(&mut self, entry: TypeEntry) {
        self.add_callables(entry.path, &entry.functions, entry.effect);
        self.add_callables(entry.path, &entry.methods, entry.effect);
        for (name, constructor) in &entry.constructors {
            let path = if name.contains("::") { *name } else { ustr(&format!("{}::{name}", entry.path)) };
            let mut callable = constructor.callable(entry.effect);
            callable.returns = callable.returns.with_self(entry.path, &entry.params);
            callable.constructs = Some(entry.path);
            self.callables.insert(path, callable);
        }
        for name in &entry.close {
            let path = if name.contains("::") { *name } else { ustr(&format!("{}::{name}", entry.path)) };
            let callable = self.callables.entry(path).or_insert_with(|| Callable {
                returns: TypeExpr::Unknown,
                closure: Vec::new(),
                runs: Runs::Inline,
                effect: Some(Effect::Finish),
                constructs: None,
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

    /// The entry of a type that is a resource.
    pub fn resource(&self, path: Ustr) -> Option<&TypeEntry> {
        self.types.get(&path).filter(|entry| entry.kind.is_some())
    }

    /// A function, macro or `Type::method`, by canonical path.
    pub fn callable(&self, path: Ustr) -> Option<&Callable> {
        self.callables.get(&path)
    }

    /// A method of a type or of one of its catalogued traits: its canonical path and entry.
    pub fn method(&self, owner: Ustr, name: Ustr) -> Option<(Ustr, &Callable)> {
        let traits = self.types.get(&owner).map_or(&[][..], |entry| &entry.traits);
        std::iter::once(&owner).chain(traits).find_map(|place| {
            let path = ustr::existing_ustr(&format!("{place}::{name}"))?;
            self.callables.get(&path).map(|callable| (path, callable))
        })
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
        let (returns, closure, runs, own) = match self {
            CallableEntry::Returns(returns) => (returns.clone(), Vec::new(), None, None),
            CallableEntry::Full(t) => (t.returns.clone(), t.closure.clone(), t.runs, t.effect),
        };
        Callable {
            returns,
            closure,
            runs: runs.unwrap_or(Runs::Inline),
            effect: own.or(effect),
            constructs: None,
            closes: None,
        }
    }
}

fn unknown() -> TypeExpr {
    TypeExpr::Unknown
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
            TypeExpr::Tuple(parts) => TypeExpr::Tuple(parts.into_iter().map(|p| p.map_params(f)).collect()),
            TypeExpr::Unknown | TypeExpr::ClosureReturn => self,
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
    if let Some((_, full)) = SHORT_NAMES.iter().find(|(short, _)| *short == name) {
        return TypeExpr::Path(ustr(full), args);
    }
    let is_param = !name.contains("::") && name.starts_with(|c: char| c.is_uppercase());
    if is_param { TypeExpr::Param(ustr(name)) } else { TypeExpr::Path(ustr(name), args) }
}
