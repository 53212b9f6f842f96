//! What a catalogue text says, entry by entry, as it is written. Knows no other text, and no look-ups.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use toml::Spanned;
use ustr::Ustr;

use super::libraries::Versions;
use super::type_expr::{TypeExpr, unknown};

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
    /// Now and then, as somebody changes what is watched.
    Change,
    /// Once per worker thread of a server.
    Worker,
    /// At most once, lazily.
    Once,
    /// When the program is told to stop.
    Shutdown,
}

impl Runs {
    /// Whether it runs beside its caller, on its own.
    pub fn is_apart(&self) -> bool {
        matches!(self, Runs::Task | Runs::Thread | Runs::Blocking)
    }
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
    pub(super) versions: Option<Versions>,
    /// How people come by one and end it, as statements of an `async` function that returns a `Result`.
    #[cfg_attr(not(test), expect(dead_code, reason = "read by tests only"))]
    pub(super) example: Option<String>,
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
    pub(super) functions: BTreeMap<Ustr, CallableEntry>,
    /// Methods.
    #[serde(default)]
    pub(super) methods: BTreeMap<Ustr, CallableEntry>,
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
    pub(super) constructors: BTreeMap<Ustr, CallableEntry>,
    /// Methods that end it.
    #[serde(skip)]
    pub close: Vec<Ustr>,
    /// The same with their places.
    #[serde(default, rename = "close")]
    pub(super) written_close: Vec<Spanned<Ustr>>,
    /// What is lost when it is never ended, as in a static: its presence says that its end matters.
    pub when_unended: Option<String>,
    /// What building it again and again costs: its presence says that it should be built once and shared.
    pub when_repeated: Option<String>,
    /// What stops when the value is dropped too early: its presence says that it is a guard.
    pub when_dropped: Option<String>,
    /// Calls that show that its work is done in another way.
    #[serde(default)]
    pub done_by: Vec<Ustr>,
    /// What follows where it is dropped without being ended: its presence says that a drop is no end.
    pub when_abandoned: Option<String>,
    /// What is lost where it, or the file below it, is made durable before it is flushed: its presence says that it holds back what it is given, or the error
    /// of that.
    pub when_synced: Option<String>,
    /// Methods that give what it holds and forget the rest, as if it were dropped.
    #[serde(default)]
    pub taken_apart_by: Vec<Ustr>,
    /// Of the methods that end it, those that leave what it holds as it was: that has an end of its own.
    #[serde(default)]
    pub leaves: Vec<Ustr>,
    /// Of the methods that end it, those that call the method of the same name of what it holds, and do no more to that.
    #[serde(default)]
    pub passes_on: Vec<Ustr>,
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
    /// Setters that bound no more than connecting, in the same form.
    #[serde(default)]
    pub connect_timeouts: Vec<Ustr>,
    /// Setters of a limit on one request, whatever sends it, in the same form.
    #[serde(default)]
    pub request_timeouts: Vec<Ustr>,
    /// What happens where none of `timeouts` is set: its presence says that the library waits without end by itself.
    pub when_untimed: Option<String>,
}

impl TypeEntry {
    /// Whether a name is that of a function without a receiver.
    pub fn is_only_associated(&self, name: Ustr) -> bool {
        self.functions.contains_key(&name) && !self.methods.contains_key(&name)
    }

    /// Whether each instance starts threads of its own.
    pub fn starts_threads(&self) -> bool {
        self.kind.is_some_and(|kind| matches!(kind.as_str(), "runtime" | "thread-pool" | "log-drain"))
    }

    /// Whether each instance is a session of its own, or several, that a server keeps: that is dear however rarely it is opened.
    pub fn is_session(&self) -> bool {
        let ends = |kind: &str| kind.ends_with("pool") || kind.ends_with("connection") || kind.starts_with("database");
        self.kind.is_some_and(|kind| ends(&kind))
    }

    /// Whether it holds nothing until something is put into it: dropped before that, it loses nothing.
    pub fn is_empty_at_first(&self) -> bool {
        self.kind.is_some_and(|kind| matches!(kind.as_str(), "producer" | "self-flushing-writer"))
    }

    /// What the methods that end it are called, without their paths.
    pub fn close_names(&self) -> impl Iterator<Item = &str> {
        self.close.iter().map(|path| path.rsplit("::").next().unwrap_or(path))
    }

    /// What the first method that ends it is called: the one to name in a message.
    pub fn close_name(&self) -> Option<&str> {
        self.close_names().next()
    }
}

#[derive(Debug, Clone)]
pub(super) enum CallableEntry {
    Returns(TypeExpr),
    Full(CallableTable),
}

/// By hand, since serde tries the variants of an untagged enum one by one and loses what was wrong with each.
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
pub(super) struct CallableTable {
    #[serde(default = "unknown")]
    pub(super) returns: TypeExpr,
    #[serde(default)]
    pub(super) closure: Vec<TypeExpr>,
    pub(super) runs: Option<Runs>,
    pub(super) effect: Option<Effect>,
    #[serde(default)]
    pub(super) fresh: bool,
    #[serde(default = "unknown")]
    pub(super) gathers: TypeExpr,
    #[serde(default)]
    pub(super) takes: Vec<TypeExpr>,
}

impl CallableTable {
    pub(super) fn of(returns: TypeExpr) -> Self {
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
pub(super) struct FunctionEntry {
    pub(super) path: Ustr,
    pub(super) versions: Option<Versions>,
    #[serde(default = "unknown")]
    pub(super) returns: TypeExpr,
    #[serde(default)]
    pub(super) closure: Vec<TypeExpr>,
    pub(super) runs: Option<Runs>,
    pub(super) effect: Option<Effect>,
    #[serde(default)]
    pub(super) fresh: bool,
}

/// A trait whose methods catalogued types have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TraitEntry {
    pub(super) path: Ustr,
    pub(super) versions: Option<Versions>,
    /// Names of its generic parameters and associated types, in the order that bounds give them.
    #[serde(default)]
    pub(super) params: Vec<Ustr>,
    #[serde(default)]
    pub(super) methods: BTreeMap<Ustr, CallableEntry>,
    /// What its methods touch, where they do not say otherwise.
    pub(super) effect: Option<Effect>,
    /// Every type is taken to have it: a blanket implementation, or one that most types derive.
    #[serde(default)]
    pub(super) everywhere: bool,
    /// Types and traits whose values tell, as the first argument of a call, that its method is this trait's, whatever it is called on.
    #[serde(default, rename = "known-by")]
    pub(super) known_by: Vec<Ustr>,
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
    pub(super) versions: Option<Versions>,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by tests only"))]
    pub(super) example: Option<String>,
}

/// A part of a library that has a successor in the versions it is said of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Superseded {
    /// As people write it, since it may be an alias of its own successor; what is below it is superseded too.
    pub path: Ustr,
    /// The successor, in words that fit "use …".
    pub by: String,
    pub(super) versions: Option<Versions>,
    /// The version of Rust that the successor needs, where it is part of the standard library.
    pub rust: Option<String>,
    /// The Cargo feature of its library with which it has no successor.
    pub unless_feature: Option<Ustr>,
}

/// A derive or attribute macro that declares items beside the type it is put on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Derive {
    pub path: Ustr,
    /// The names of these items, and the entries that say what they are.
    pub declares: BTreeMap<Ustr, Ustr>,
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
    pub(super) versions: Option<Versions>,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by tests only"))]
    pub(super) example: Option<String>,
}

/// How a function is known to run once per request, message or event.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handlers {
    /// Attribute macros on the function.
    #[serde(default)]
    pub attributes: Vec<Ustr>,
    /// Attribute macros on a trait whose methods run per request where it is implemented, and the name that it is implemented under: `*Server`, where `*` stands
    /// for its own.
    #[serde(default)]
    pub services: BTreeMap<Ustr, Ustr>,
    /// Traits whose methods (by path, `Trait::method`; `Trait::*` for all) run per request.
    #[serde(default)]
    pub traits: Vec<Ustr>,
    /// Parameter types only handlers have.
    #[serde(default)]
    pub parameters: Vec<Ustr>,
    /// Parameter types with which a method of these traits is called per connection.
    #[serde(default)]
    pub connects: Vec<Ustr>,
    /// Parameter types of frameworks that drop the future of a handler where its client goes away.
    #[serde(default)]
    pub cancelled: Vec<Ustr>,
    /// Parameter types that give a handler what all requests share.
    #[serde(default)]
    pub shared: Vec<Ustr>,
}

/// Attributes that say when a function runs: as the program's entry, as a test, or only where its result is not kept from before.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entries {
    #[serde(default)]
    pub(super) attributes: Vec<Ustr>,
    #[serde(default)]
    pub(super) tests: Vec<Ustr>,
    #[serde(default)]
    pub(super) memoized: Vec<Ustr>,
}

impl Handlers {
    pub(super) fn extend(&mut self, more: Handlers) {
        self.attributes.extend(more.attributes);
        self.services.extend(more.services);
        self.traits.extend(more.traits);
        self.parameters.extend(more.parameters);
        self.connects.extend(more.connects);
        self.cancelled.extend(more.cancelled);
        self.shared.extend(more.shared);
    }
}

impl Entries {
    pub(super) fn extend(&mut self, more: Entries) {
        self.attributes.extend(more.attributes);
        self.tests.extend(more.tests);
        self.memoized.extend(more.memoized);
    }
}

impl CallableEntry {
    pub(super) fn callable(&self, effect: Option<Effect>) -> Callable {
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
    pub(super) fn callable(&self) -> Callable {
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
