//! What known libraries acquire, release and do on drop: the data of `rules/resources/*.toml`, ready for look-ups by canonical path.
//! Knows no Rust source; paths are plain text with `::` between segments. Rules speak of kinds, only this data names libraries.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use toml::Spanned;
use ustr::{Ustr, ustr};

pub use leaks::Leak;
pub use libraries::Libraries;
use libraries::Versions;
pub use pairs::{Pair, PairedCall};

mod leaks;
mod libraries;
mod pairs;

/// A type as the catalogue writes it: `async Result<sqlx::Pool>`, `&T`, `(A, B)`, `?` (unknown), `fn` (what a closure argument
/// returns), `arg1` (the type of the first argument), `await arg1` (what awaiting it gives), `type1` (the first type that the call is
/// given, as in `get::<T>()`).
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
    /// What iterating over a value of the inner type gives.
    Item(Box<TypeExpr>),
    /// The return type of the closure or function given as an argument.
    ClosureReturn,
    /// The type of the argument of this number, 1-based, the receiver not counted.
    Argument(u8),
    /// The type argument of this number that the call is given, 1-based.
    TypeArgument(u8),
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
    /// What it returns is a collection of these, where its place leaves that open.
    pub gathers: TypeExpr,
    /// Types of the arguments, in order, where they tell what the receiver's parameters stand for.
    pub takes: Vec<TypeExpr>,
    /// The resource type this call ends.
    pub closes: Option<Ustr>,
}

impl Callable {
    /// Whether a closure or function that is given to it is known to be run by it, rather than kept.
    pub fn runs_what_it_is_given(&self) -> bool {
        self.runs != Runs::Inline || !self.closure.is_empty() || self.returns.mentions_closure()
    }
}

/// A type, and, where `kind` is given, what kind of resource it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TypeEntry {
    /// Canonical public path.
    pub path: Ustr,
    /// The versions of its library it is true of; of all where there are none.
    versions: Option<Versions>,
    /// How people come by one and end it, as statements of an `async` function that returns a `Result`.
    #[cfg_attr(not(test), expect(dead_code, reason = "read by tests only"))]
    example: Option<String>,
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
    /// Public fields.
    #[serde(default)]
    pub fields: BTreeMap<Ustr, TypeExpr>,
    /// Variants of an enum, with the types of their parts.
    #[serde(default)]
    pub variants: BTreeMap<Ustr, Vec<TypeExpr>>,
    /// What its methods touch, where they do not say otherwise.
    pub effect: Option<Effect>,

    /// Kind of resource, kebab-case: `connection-pool`, `http-client`, `guard`, …
    pub kind: Option<Ustr>,
    /// Calls that bring one into being: a bare name is an associated function of the type, a path is that function or method.
    #[serde(default)]
    constructors: BTreeMap<Ustr, CallableEntry>,
    /// Methods that end it.
    #[serde(skip)]
    pub close: Vec<Ustr>,
    /// The same with their places.
    #[serde(default, rename = "close")]
    written_close: Vec<Spanned<Ustr>>,
    /// What is lost when it is never ended, as in a static: its presence says that its end matters.
    pub when_unended: Option<String>,
    /// What building it again and again costs: its presence says that it should be built once and shared.
    pub when_repeated: Option<String>,
    /// What stops when the value is dropped too early: its presence says that it is a guard.
    pub when_dropped: Option<String>,
    /// What follows where it is dropped without being ended: its presence says that a drop is no end.
    pub when_abandoned: Option<String>,
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

impl TypeEntry {
    /// Whether a name is that of a function without a receiver.
    pub fn is_only_associated(&self, name: Ustr) -> bool {
        self.functions.contains_key(&name) && !self.methods.contains_key(&name)
    }
}

#[derive(Debug, Clone)]
enum CallableEntry {
    Returns(TypeExpr),
    Full(CallableTable),
}

/// By hand, since serde tries the variants of an untagged enum one by one and loses what was wrong with each.
impl TypeEntry {
    /// What the methods that end it are called, without their paths.
    pub fn close_names(&self) -> impl Iterator<Item = &str> {
        self.close.iter().map(|path| path.rsplit("::").next().unwrap_or(path))
    }

    /// What the first method that ends it is called: the one to name in a message.
    pub fn close_name(&self) -> Option<&str> {
        self.close_names().next()
    }
}

impl<'de> Deserialize<'de> for CallableEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CallableVisitor)
    }
}

struct CallableVisitor;

impl<'de> Visitor<'de> for CallableVisitor {
    type Value = CallableEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a type that is returned, or a table")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<CallableEntry, E> {
        TypeExpr::parse(text).map(CallableEntry::Returns).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<CallableEntry, A::Error> {
        CallableTable::deserialize(MapAccessDeserializer::new(table)).map(CallableEntry::Full)
    }
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
    #[serde(default = "unknown")]
    gathers: TypeExpr,
    #[serde(default)]
    takes: Vec<TypeExpr>,
}

impl CallableTable {
    fn of(returns: TypeExpr) -> Self {
        CallableTable {
            returns,
            closure: Vec::new(),
            runs: None,
            effect: None,
            fresh: false,
            gathers: TypeExpr::Unknown,
            takes: Vec::new(),
        }
    }
}

/// A free function, a macro or a method reached by path only.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FunctionEntry {
    path: Ustr,
    versions: Option<Versions>,
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
    versions: Option<Versions>,
    /// Names of its generic parameters and associated types, in the order that bounds give them.
    #[serde(default)]
    params: Vec<Ustr>,
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
    /// Of those that wait: they only let time pass. A loop around one that can end is a retry.
    Pauses,
    /// They serve until the program ends, and are no [`Server`].
    Forever,
    /// They wait for what a person enters: a loop around one is a dialogue.
    Asks,
    /// They run a user interface until a person closes it.
    Windows,
    /// They take the next connection: a loop around one is a server written by hand.
    Accepts,
    /// They hold their thread until something else happens or much is computed: on a worker of an async runtime all its tasks wait.
    Blocks,
    /// They panic where an async runtime runs already.
    PanicsInAsync,
    /// They tell people or log something: an error that reaches one is not swallowed.
    Tells,
    /// They end, or make the program end, within the time they are given.
    EndsWithin,
    /// They wait no longer than the time they are given.
    Deadlines,
    /// They keep their thread waiting for a moment, as for a small local file.
    BlocksBriefly,
    /// They only look: when one fails, nothing that should have happened is missing.
    Looks,
    /// They bound in time what they are given, or what they are laid around.
    BoundsTime,
    /// They add something to a collection.
    Grows,
    /// Those of `grows` whose first argument is a key or element that the collection has once.
    GrowsByKey,
    /// They take something away from a collection, or all of it.
    Shrinks,
    /// They take everything out of a collection at once, for somebody to do something with it.
    Empties,
    /// They put what they are given into what they are called on, in place of what was there.
    Keeps,
    /// They take what they are called on or given out of where it is: it ends with whatever is done with what they give.
    TakesOut,
    /// They tell the time, or how much of it has passed.
    Clocks,
    /// They give another value each time.
    Unique,
    /// They end the process, and no destructor runs.
    Exits,
    /// They do not come back, apart from [`Calls::Exits`].
    Diverges,
    /// They return an error from the function around them.
    Bails,
    /// They return an error from the function around them where something does not hold.
    Ensures,
    /// They learn that it is time to stop.
    Stops,
    /// They read a flag, which may be what tells to stop.
    Flags,
    /// They give the word to stop: the other half of [`Calls::Stops`].
    Orders,
    /// They wait for a signal of the system, whichever it is.
    Hears,
    /// They receive from a channel, and end with it.
    Receives,
    /// They put something into a channel.
    Sends,
    /// They make a child process that is meant to live by itself.
    Daemonizes,
    /// They wait for a child process that nobody else has: who gives up the wait gives up the child.
    OwnsChild,
    /// They have a child process killed when it is dropped.
    KillsOnDrop,
    /// They end a process and do not wait until it is gone.
    Kills,
    /// They give another handle of the task they are called on, which ends it as well.
    HandsOut,
    /// They ask whether the thread is panicking.
    AsksForPanic,
    /// They ask whether there is a runtime.
    AsksForRuntime,
    /// They return at once, and what they are called on goes on working until it is stopped.
    Starts,
    /// They write into what they are called on or given.
    Writes,
    /// They wait for the tasks of a collection, or for the next of them to end.
    Joins,
    /// After a failure they fail again at once, for as long as its cause lasts.
    FailsAtOnce,
    /// Derives that let `*` give the only field of a type, or the one that is marked `#[deref]`.
    Dereferences,
    /// Attributes of an enum that implement the traits they name by asking the variant.
    Dispatches,
    /// They give a library something that it keeps in a global of its own.
    SetsGlobal,
    /// They have what is built gather what it is given, and hand it on later.
    Gathers,
    /// They make a runtime that works on the thread that runs it, and starts no workers.
    StaysOnThread,
}

/// The calls of a list: by canonical path, or by the last part of any path.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<Ustr>")]
pub struct CallList {
    paths: HashSet<Ustr>,
    /// Last parts; a trailing `*` stands for any ending.
    names: Vec<Ustr>,
}

impl From<Vec<Ustr>> for CallList {
    fn from(calls: Vec<Ustr>) -> Self {
        let mut list = CallList::default();
        list.extend(calls);
        list
    }
}

impl CallList {
    fn extend(&mut self, calls: Vec<Ustr>) {
        let (paths, names): (Vec<_>, Vec<_>) = calls.into_iter().partition(|call| call.contains("::"));
        self.paths.extend(paths);
        self.names.extend(names);
    }

    /// Whether a call of this canonical path is one of them.
    pub fn contains(&self, path: Ustr) -> bool {
        let name = path.rsplit("::").next().unwrap_or(&path);
        let named = |known: &Ustr| match known.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => known == name,
        };
        self.paths.contains(&path) || self.names.iter().any(named)
    }

    fn contains_a_member(&self, owner: Ustr) -> bool {
        self.paths.iter().any(|path| path.rsplit_once("::").is_some_and(|(of, _)| of == owner.as_str()))
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
    versions: Option<Versions>,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by tests only"))]
    example: Option<String>,
}

/// A part of a library that has a successor in the versions it is said of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Superseded {
    /// As people write it, since it may be an alias of its own successor; what is below it is superseded too.
    pub path: Ustr,
    /// The successor, in words that fit "use …".
    pub by: String,
    versions: Option<Versions>,
    /// The version of Rust that the successor needs, where it is part of the standard library.
    pub rust: Option<String>,
    /// The Cargo feature of its library with which it has no successor.
    pub unless_feature: Option<Ustr>,
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
    versions: Option<Versions>,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by tests only"))]
    example: Option<String>,
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

/// Attributes that say when a function runs: as the program's entry, as a test, or only where its result is not kept from before.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    #[serde(default)]
    attributes: Vec<Ustr>,
    #[serde(default)]
    tests: Vec<Ustr>,
    #[serde(default)]
    memoized: Vec<Ustr>,
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
    types: Vec<Spanned<TypeEntry>>,
    #[serde(default, rename = "resource")]
    resources: Vec<Spanned<TypeEntry>>,
    #[serde(default, rename = "trait")]
    traits: Vec<TraitEntry>,
    #[serde(default, rename = "function")]
    functions: Vec<FunctionEntry>,
    #[serde(default, rename = "server")]
    servers: Vec<Server>,
    #[serde(default, rename = "signal")]
    signals: Vec<Signal>,
    #[serde(default)]
    superseded: Vec<Superseded>,
    #[serde(default, rename = "pair")]
    pairs: Vec<Pair>,
    #[serde(default, rename = "leak")]
    leaks: Vec<Leak>,
    #[serde(default)]
    handlers: Handlers,
    #[serde(default)]
    entries: Entries,
}

impl Document {
    /// Itself, if it says all that the grammar asks for.
    fn checked(self) -> Result<Self, CatalogueError> {
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

    /// Leaves out what is not true of the versions in use.
    fn fitted_to(mut self, libraries: &Libraries) -> Self {
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
        self.types.retain(|entry| fits(&entry.get_ref().path, &entry.get_ref().versions));
        self.resources.retain(|entry| fits(&entry.get_ref().path, &entry.get_ref().versions));
        self.traits.retain(|entry| fits(&entry.path, &entry.versions));
        self.functions.retain(|entry| fits(&entry.path, &entry.versions));
        self.servers.retain(|server| {
            server.serve.iter().all(|path| fits(path, &server.versions)) || server.graceful.iter().any(by_other_name)
        });
        self.signals.retain(|signal| fits(&signal.path, &signal.versions));
        self.superseded.retain(|old| fits(&old.path, &old.versions));
        self
    }
}

/// The library of a path.
fn library(path: &str) -> &str {
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
    /// Arguments that an alias fills in.
    filled: HashMap<Ustr, Vec<TypeExpr>>,
    /// Parameters of traits.
    trait_params: HashMap<Ustr, Vec<Ustr>>,
    types: HashMap<Ustr, TypeEntry>,
    /// Libraries that something is said of.
    described: HashSet<&'static str>,
    /// Traits that every type is taken to have.
    everywhere: Vec<Ustr>,
    callables: HashMap<Ustr, Callable>,
    servers: Vec<Server>,
    signals: HashMap<Ustr, Signal>,
    superseded: HashMap<Ustr, Superseded>,
    /// By the paths of what begins them.
    pairs: HashMap<Ustr, Vec<Arc<Pair>>>,
    /// By the paths of what gives a value up.
    leaks: HashMap<Ustr, Vec<Arc<Leak>>>,
    handlers: Handlers,
    entries: Entries,
    calls: HashMap<Calls, CallList>,
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
        for (alias, target) in document.aliases {
            let parsed =
                TypeExpr::parse(&target).map_err(|message| CatalogueError { message, span: None, help: None })?;
            match parsed {
                TypeExpr::Path(path, arguments) if !arguments.is_empty() => {
                    self.aliases.insert(alias, path);
                    self.filled.insert(alias, arguments);
                }
                _ => {
                    self.aliases.insert(alias, target);
                }
            }
        }
        let aliased = self.aliases.keys().map(|path| library(path.as_str()));
        let functions = document.functions.iter().map(|function| library(function.path.as_str()));
        let traits = document.traits.iter().map(|entry| library(entry.path.as_str()));
        let types =
            document.types.iter().chain(&document.resources).map(|entry| library(entry.get_ref().path.as_str()));
        self.described.extend(aliased.chain(functions).chain(traits).chain(types));
        for (list, calls) in document.calls {
            self.calls.entry(list).or_default().extend(calls);
        }
        for function in document.functions {
            self.callables.insert(function.path, function.callable());
        }
        for entry in document.traits {
            self.everywhere.extend(entry.everywhere.then_some(entry.path));
            self.trait_params.insert(entry.path, entry.params.clone());
            self.add_callables(entry.path, &entry.methods, entry.effect);
        }
        for entry in document.types.into_iter().chain(document.resources) {
            self.add_type(entry.into_inner());
        }
        self.servers.extend(document.servers);
        self.signals.extend(document.signals.into_iter().map(|s| (s.path, s)));
        self.superseded.extend(document.superseded.into_iter().map(|old| (old.path, old)));
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
        self.handlers.attributes.extend(document.handlers.attributes);
        self.handlers.traits.extend(document.handlers.traits);
        self.handlers.parameters.extend(document.handlers.parameters);
        self.entries.attributes.extend(document.entries.attributes);
        self.entries.tests.extend(document.entries.tests);
        self.entries.memoized.extend(document.entries.memoized);
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

    fn add_callables(&mut self, owner: Ustr, entries: &BTreeMap<Ustr, CallableEntry>, effect: Option<Effect>) {
        for (name, entry) in entries {
            self.callables.insert(ustr(&format!("{owner}::{name}")), entry.callable(effect));
        }
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
        let inner = ustr::existing_ustr(rest).map(|rest| self.unaliased(rest));
        inner.filter(|inner| rest.contains("::") && self.knows(*inner)).unwrap_or(found)
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
            || self.signals.contains_key(&path)
            || self.handlers.attributes.contains(&path)
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

    /// A method that every type is taken to have.
    pub fn universal(&self, name: Ustr) -> Option<(Ustr, &Callable)> {
        self.first_of(self.everywhere.iter(), name)
    }

    fn first_of<'o>(&self, owners: impl Iterator<Item = &'o Ustr>, name: Ustr) -> Option<(Ustr, &Callable)> {
        owners.into_iter().find_map(|owner| {
            let path = ustr::existing_ustr(&format!("{owner}::{name}"))?;
            self.callables.get(&path).map(|callable| (path, callable))
        })
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
            gathers: table.gathers,
            takes: table.takes,
            closes: None,
        }
    }
}

impl FunctionEntry {
    fn callable(&self) -> Callable {
        Callable {
            returns: self.returns.clone(),
            closure: self.closure.clone(),
            runs: self.runs.unwrap_or(Runs::Inline),
            effect: self.effect,
            constructs: None,
            fresh: self.fresh,
            gathers: TypeExpr::Unknown,
            takes: Vec::new(),
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

    /// Whether what a closure argument returns is part of it.
    fn mentions_closure(&self) -> bool {
        match self {
            TypeExpr::ClosureReturn => true,
            TypeExpr::Path(_, parts) | TypeExpr::Tuple(parts) => parts.iter().any(TypeExpr::mentions_closure),
            TypeExpr::Ref(of) | TypeExpr::Future(of) | TypeExpr::Awaited(of) | TypeExpr::Item(of) => {
                of.mentions_closure()
            }
            TypeExpr::Unknown | TypeExpr::Param(_) | TypeExpr::Argument(_) | TypeExpr::TypeArgument(_) => false,
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
            TypeExpr::Item(of) => TypeExpr::Item(Box::new(of.map_params(f))),
            TypeExpr::Tuple(parts) => TypeExpr::Tuple(parts.into_iter().map(|p| p.map_params(f)).collect()),
            TypeExpr::Unknown | TypeExpr::ClosureReturn | TypeExpr::Argument(_) | TypeExpr::TypeArgument(_) => self,
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
        if self.eat("item ") {
            return Ok(TypeExpr::Item(Box::new(self.ty()?)));
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
    let numbered = |prefix: &str| name.strip_prefix(prefix)?.parse().ok().filter(|number| *number > 0);
    if let Some(number) = numbered("arg") {
        return TypeExpr::Argument(number);
    }
    if let Some(number) = numbered("type") {
        return TypeExpr::TypeArgument(number);
    }
    if let Some((_, full)) = SHORT_NAMES.iter().find(|(short, _)| *short == name) {
        return TypeExpr::Path(ustr(full), args);
    }
    let is_param = !name.contains("::") && name.starts_with(|c: char| c.is_uppercase());
    if is_param { TypeExpr::Param(ustr(name)) } else { TypeExpr::Path(ustr(name), args) }
}

#[cfg(test)]
pub(crate) mod tests;
