//! What catalogue texts mean, and that the embedded ones are of one piece.

use super::document::library;
use super::libraries::Versions;
use super::*;
use std::collections::BTreeSet;
use toml::Spanned;

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
    assert_eq!(ty("type1"), TypeExpr::TypeArgument(1));
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
    assert!(error.message == "unknown key `kinds`", "{error}");
    assert_eq!(&unknown_key[error.span.expect("a place")], "kinds");
}

#[test]
fn a_resource_needs_a_kind() {
    let error = Catalogue::default().extend("[[resource]]\npath = \"a::Pool\"\n").expect_err("no kind");
    assert_eq!(error.message, "the resource `a::Pool` has no `kind`");
}

#[test]
fn a_type_is_described_once_for_a_version() {
    let twice = |versions: &str| {
        let entry = "[[type]]\npath = \"a::B\"\n";
        Catalogue::default().extend(&format!("{entry}{versions}{entry}{versions}"))
    };
    assert_eq!(twice("").expect_err("two entries").message, "`a::B` is described twice");
    assert!(twice("versions = \">=2\"\n").is_ok());
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
fn what_a_generator_writes_is_known_by_its_names() {
    let catalogue = catalogue("[aliases]\n\"*_client::*Client\" = \"rpc::Generated\"\n\"own\" = \"other\"\n");
    let canonical = |p: &str| catalogue.canonical(ustr(p)).to_string();
    assert_eq!(canonical("proto::v1::greeter_client::GreeterClient"), "rpc::Generated");
    assert_eq!(canonical("proto::meta_rpc_client::MetaRpcClient::connect"), "rpc::Generated::connect");
    for other in ["proto::greeter_client::OtherClient", "proto::greeter_client::greeter", "proto::client::Client"] {
        assert_eq!(canonical(other), other);
    }
    assert_eq!(canonical("own::greeter_client::GreeterClient"), "other::greeter_client::GreeterClient");
    let relative = ["super", "greeter_client", "GreeterClient", "new"];
    assert_eq!(catalogue.generated(&relative), Some(ustr("rpc::Generated::new")));
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
fn what_is_superseded_is_found_from_its_version_on_and_with_all_below_it() {
    let text = r#"
        [aliases]
        "a::Old" = "a::New"
        [[superseded]]
        path = "a::Old"
        by = "`a::New`"
        versions = ">=2"
        [[superseded]]
        path = "b"
        by = "`c`"
        rust = "1.80"
    "#;
    let catalogue = |version: &str| {
        let mut libraries = Libraries::default();
        libraries.add(ustr("a"), Some(version), None);
        let mut catalogue = Catalogue { libraries, ..Catalogue::default() };
        catalogue.extend(text).expect("a good catalogue");
        catalogue
    };
    let (old, new) = (catalogue("1.9.0"), catalogue("2.0.0"));
    let by = |catalogue: &Catalogue, path: &str| catalogue.superseded(ustr(path)).map(|it| it.by.clone());
    assert_eq!(by(&new, "a::Old::open"), Some("`a::New`".to_owned()));
    assert_eq!(by(&old, "a::Old::open"), None);
    assert_eq!(by(&new, "a::Older"), None);
    assert_eq!(by(&old, "b::x::y"), Some("`c`".to_owned()));
    assert_eq!(old.superseded(ustr("b")).and_then(|it| it.rust.clone()), Some("1.80".to_owned()));
}

#[test]
fn embedded_successors_fit_a_sentence() {
    let mut problems = Vec::new();
    for (file, document) in documents() {
        for old in &document.superseded {
            if old.by.ends_with('.') || old.by.starts_with(char::is_uppercase) || !old.by.contains('`') {
                problems.push(format!("{file}: `{}`: use {}", old.path, old.by));
            }
            if old.rust.as_ref().is_some_and(|rust| rust.split('.').any(|part| part.parse::<u32>().is_err())) {
                problems.push(format!("{file}: `{}` asks for the Rust of no version", old.path));
            }
        }
    }
    assert_none(problems);
}

#[test]
fn the_examples_of_the_manual_are_of_the_grammar() {
    let manual = include_str!("../../docs/resources.md");
    let examples: Vec<&str> = manual.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() > 5, "only {} examples", examples.len());
    for example in examples {
        Catalogue::embedded(Libraries::any()).extend(example).unwrap_or_else(|error| panic!("{error} in\n{example}"));
    }
}

/// Calls that look as if they made something expensive, and make handles, wait by themselves or share what is there.
const MAKING_NOTHING: &[&str] = &[
    "redis::Client::open",
    "isahc::get",
    "isahc::post",
    "isahc::send",
    "octocrab::instance",
    "mongodb::Client::database",
    "mongodb::Database::collection",
    "clickhouse::Client::with_database",
    "std::process::Command::output",
    "std::process::Command::status",
    "async_process::Command::output",
    "std::thread::Scope::spawn",
    "tokio::task::JoinSet::spawn",
    "flate2::read::GzEncoder::new",
    "zstd::encode_all",
    "zstd::stream::copy_encode",
    "metrics_exporter_prometheus::PrometheusBuilder::install",
    "flexi_logger::Logger::start",
    "tempfile::tempfile",
];

/// Types whose drop, or whose never being dropped, loses nothing that anybody would miss.
const LOSING_NOTHING: &[&str] = &[
    "std::fs::File",
    "async_process::Child",
    "rusqlite::Connection",
    "mysql::Conn",
    "bb8::Pool",
    "r2d2::Pool",
    "mobc::Pool",
    "mysql::Pool",
    "moka::future::Cache",
    "moka::sync::Cache",
    "reqwest::Client",
    "tide::Server",
    "regex::Regex",
    "dashmap::DashMap",
];

#[test]
fn what_must_not_be_reported_has_nothing_to_be_reported_for() {
    let catalogue = Catalogue::embedded(Libraries::any());
    let mut problems = Vec::new();
    for call in MAKING_NOTHING {
        if catalogue.callable(ustr(call)).is_some_and(|callable| callable.constructs.is_some()) {
            problems.push(format!("`{call}` makes something"));
        }
    }
    for path in LOSING_NOTHING {
        match catalogue.type_entry(ustr(path)) {
            None => problems.push(format!("no entry for `{path}`")),
            Some(entry) if entry.when_unended.is_some() => problems.push(format!("`{path}` loses something")),
            Some(_) => {}
        }
    }
    // Both are meant to be built by each worker.
    for path in ["awc::Client", "mysql_async::Pool"] {
        if !catalogue.resource(ustr(path)).is_some_and(|entry| entry.per_worker) {
            problems.push(format!("`{path}` is built anew for each worker on purpose"));
        }
    }
    // Servers that learn of signals by themselves, and one that cannot be stopped by anybody.
    for server in catalogue.servers() {
        let quiet = match server.name.as_str() {
            "actix-web server" | "rocket server" => server.handles_signals,
            "tide server" => server.graceful.is_empty(),
            _ => true,
        };
        if !quiet {
            problems.push(format!("the {} is asked for what it does or cannot do", server.name));
        }
    }
    assert_none(problems);
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
    let catalogue = Catalogue::embedded(Libraries::any());
    for (written, expected, constructs) in WELL_KNOWN_CALLS {
        let canonical = catalogue.canonical(ustr(written));
        assert_eq!(canonical.as_str(), *expected, "{written}");
        let callable = catalogue.callable(canonical).unwrap_or_else(|| panic!("no entry for {written}"));
        assert_eq!(callable.constructs.map(|path| path.as_str()), *constructs, "{written}");
    }
}

/// Every embedded file, read on its own.
fn documents() -> Vec<(&'static str, Document)> {
    let read = |file: &CatalogueFile| (file.name, toml::from_str(file.text).expect("checked by `embedded`"));
    CATALOGUE_FILES.iter().map(read).collect()
}

/// A callable with its path and the generic parameters its types may name.
struct Described {
    path: Ustr,
    callable: Callable,
    scope: Vec<Ustr>,
    versions: Option<Versions>,
}

impl Document {
    fn all_types(&self) -> impl Iterator<Item = &TypeEntry> {
        self.types.iter().chain(&self.resources).map(Spanned::get_ref)
    }

    fn all_callables(&self) -> Vec<Described> {
        let mut all = Vec::new();
        for entry in self.all_types() {
            let scope: Vec<Ustr> = entry.params.iter().copied().chain([ustr("Self")]).collect();
            for (name, callable) in entry.functions.iter().chain(&entry.methods).chain(&entry.constructors) {
                let (path, versions) = (full_path(entry.path, *name), entry.versions.clone());
                all.push(Described { path, callable: callable.callable(None), scope: scope.clone(), versions });
            }
        }
        for entry in &self.traits {
            for (name, callable) in &entry.methods {
                let scope = entry.params.iter().copied().chain([ustr("Self")]).collect();
                let path = full_path(entry.path, *name);
                let versions = entry.versions.clone();
                all.push(Described { path, callable: callable.callable(None), scope, versions });
            }
        }
        for entry in &self.functions {
            let (path, versions) = (entry.path, entry.versions.clone());
            all.push(Described { path, callable: entry.callable(), scope: Vec::new(), versions });
        }
        all
    }

    /// Every place that names a path, apart from the aliases.
    fn all_paths(&self) -> Vec<Ustr> {
        let mut all = Vec::new();
        for entry in self.all_types() {
            all.push(entry.path);
            all.extend(&entry.traits);
            let setters = entry.limits.iter().chain(&entry.timeouts).chain(&entry.connect_timeouts);
            let named = entry.written_close.iter().map(Spanned::get_ref).chain(setters);
            all.extend(named.filter(|name| name.contains("::")));
            if let Some(deref) = &entry.deref {
                named_types(deref, &mut |path, _| all.push(path));
            }
        }
        for Described { path, callable, .. } in self.all_callables() {
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
        all.extend(self.handlers.services.keys());
        all.extend(&self.handlers.traits);
        all.extend(&self.handlers.parameters);
        all.extend(&self.handlers.shared);
        all.extend(&self.handlers.connects);
        all.extend(&self.handlers.cancelled);
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
        TypeExpr::Ref(inner) | TypeExpr::Future(inner) | TypeExpr::Awaited(inner) | TypeExpr::Item(inner) => {
            named_types(inner, f);
        }
        TypeExpr::Tuple(parts) => parts.iter().for_each(|part| named_types(part, f)),
        TypeExpr::Unknown
        | TypeExpr::Param(_)
        | TypeExpr::ClosureReturn
        | TypeExpr::Argument(_)
        | TypeExpr::TypeArgument(_) => {}
    }
}

/// An entry that is shown at work, and what with.
pub(crate) struct Shown {
    /// As in `sqlx.toml`.
    pub file: &'static str,
    pub entry: Entry,
    pub versions: Option<Versions>,
    pub example: Option<String>,
}

/// What an example shows.
pub(crate) enum Entry {
    /// One of these is made, and ended where there is something that ends it.
    Resource { path: Ustr, ends: bool },
    /// One of these serves.
    Server(Vec<Ustr>),
    /// This is mentioned.
    Signal(Ustr),
}

/// Every embedded resource, server and signal.
pub(crate) fn shown() -> Vec<Shown> {
    documents().into_iter().flat_map(|(file, document)| document.shown(file)).collect()
}

impl Document {
    fn shown(self, file: &'static str) -> Vec<Shown> {
        let show = |entry, versions, example| Shown { file, entry, versions, example };
        let resources = self.resources.into_iter().map(Spanned::into_inner).map(|it| {
            let entry = Entry::Resource { path: it.path, ends: !it.written_close.is_empty() };
            show(entry, it.versions, it.example)
        });
        let servers = self.servers.into_iter().map(|it| show(Entry::Server(it.serve), it.versions, it.example));
        let signals = self.signals.into_iter().map(|it| show(Entry::Signal(it.path), it.versions, it.example));
        resources.chain(servers).chain(signals).collect()
    }
}

fn assert_none(problems: Vec<String>) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn embedded_paths_are_canonical() {
    let catalogue = Catalogue::embedded(Libraries::any());
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
    let catalogue = Catalogue::embedded(Libraries::any());
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

/// Whether two entries may be true of the same version.
fn may_meet(one: Option<&Versions>, other: Option<&Versions>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one.meet(other))
}

#[test]
fn embedded_entries_are_given_once() {
    type Given = (&'static str, Option<Versions>);
    let mut seen: HashMap<(Ustr, &str), Vec<Given>> = HashMap::default();
    let mut problems = Vec::new();
    for (file, document) in documents() {
        let callables = document.all_callables();
        let callables = callables.into_iter().map(|it| ((it.path, "callable"), it.versions));
        let types = document.all_types().map(|it| ((it.path, "type"), it.versions.clone()));
        let traits = document.traits.iter().map(|it| ((it.path, "type"), it.versions.clone()));
        let signals = document.signals.iter().map(|it| ((it.path, "signal"), it.versions.clone()));
        for (key, versions) in types.chain(traits).chain(callables).chain(signals) {
            let others = seen.entry(key).or_default();
            for (first, _) in others.iter().filter(|(_, other)| may_meet(other.as_ref(), versions.as_ref())) {
                problems.push(format!("{} `{}` is in {first} and {file}", key.1, key.0));
            }
            others.push((file, versions));
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
        for Described { path, callable, mut scope, .. } in document.all_callables() {
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
    let catalogue = Catalogue::embedded(Libraries::any());
    let documents = documents();
    let traits: BTreeSet<Ustr> =
        documents.iter().flat_map(|(_, document)| document.traits.iter().map(|entry| entry.path)).collect();
    let callables: BTreeSet<Ustr> =
        documents.iter().flat_map(|(_, document)| document.all_callables()).map(|it| it.path).collect();
    let mut problems = Vec::new();
    for (file, document) in &documents {
        for entry in document.all_types() {
            for name in entry.traits.iter().filter(|name| !traits.contains(name)) {
                problems.push(format!("{file}: no entry for the trait `{name}`"));
            }
            for name in entry.written_close.iter().map(Spanned::get_ref) {
                let path = full_path(entry.path, *name);
                if !callables.contains(&path) {
                    problems.push(format!("{file}: `{path}` closes but returns nothing known"));
                }
                let closes = catalogue.callable(path).and_then(|c| c.closes);
                if closes != Some(entry.path) && entry.versions.is_none() {
                    problems.push(format!("{file}: `{path}` closes something else too"));
                }
            }
        }
    }
    assert_none(problems);
}

#[test]
fn embedded_pairs_are_of_described_calls() {
    let documents = documents();
    let callables: BTreeSet<Ustr> =
        documents.iter().flat_map(|(_, document)| document.all_callables()).map(|it| it.path).collect();
    let pairs = documents.iter().flat_map(|(_, document)| &document.pairs);
    let calls = pairs.flat_map(|pair| pair.begin.iter().chain(&pair.end)).map(|call| call.path);
    assert_none(
        calls.filter(|path| !callables.contains(path)).map(|path| format!("`{path}` is not described")).collect(),
    );
}

#[test]
fn embedded_resources_can_be_acquired() {
    let documents = documents();
    // A driver comes with what it drives, from the constructor of that.
    let mut given = HashSet::default();
    for described in documents.iter().flat_map(|(_, document)| document.all_callables()) {
        named_types(&described.callable.returns, &mut |path, _| given.extend([path]));
    }
    let resources = documents.iter().flat_map(|(_, document)| document.resources.iter().map(Spanned::get_ref));
    let unmade = resources.filter(|entry| entry.constructors.is_empty() && !given.contains(&entry.path));
    assert_none(unmade.map(|entry| format!("nothing constructs `{}`", entry.path)).collect());
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

/// Libraries, each locked in a version.
fn using(locked: &[(&str, &str)]) -> Libraries {
    let mut libraries = Libraries::default();
    locked.iter().for_each(|(library, version)| libraries.add(ustr(library), Some(version), None));
    libraries
}

#[test]
fn only_entries_that_fit_the_versions_in_use_are_read() {
    let text = r#"
        [[type]]
        path = "a::Old"
        versions = "<2"
        [[type]]
        path = "a::New"
        versions = ">=2"
        [[resource]]
        path = "a::Pool"
        versions = "<2"
        kind = "connection-pool"
        constructors = { "a::Builder::build" = "Self" }
        [[resource]]
        path = "a::Pool"
        versions = ">=2"
        kind = "database-client"
        constructors = { open = "Self" }
        [[trait]]
        path = "a::Show"
        versions = "<2"
        everywhere = true
        methods = { show = "String" }
        [[function]]
        path = "a::run"
        versions = "<2"
        [[server]]
        name = "a server"
        versions = "<2"
        serve = ["a::serve"]
        [[signal]]
        path = "a::on_stop"
        versions = "<2"
        signals = ["terminate"]
    "#;
    for (version, old) in [("1.9.3", true), ("2.0.0", false)] {
        let mut catalogue = Catalogue { libraries: using(&[("a", version)]), ..Catalogue::default() };
        catalogue.extend(text).expect("a good catalogue");
        let kind = catalogue.resource(ustr("a::Pool")).and_then(|pool| pool.kind).expect("a pool in any version");
        assert_eq!(kind == "connection-pool", old);
        assert_eq!(catalogue.callable(ustr("a::Builder::build")).is_some(), old);
        assert_eq!(catalogue.callable(ustr("a::Pool::open")).is_none(), old);
        assert_eq!(catalogue.knows(ustr("a::Old")), old);
        assert_eq!(catalogue.knows(ustr("a::New")), !old);
        assert_eq!(catalogue.method(ustr("a::New"), ustr("show")).is_some(), old);
        assert_eq!(catalogue.callable(ustr("a::run")).is_some(), old);
        assert_eq!(catalogue.servers().len(), usize::from(old));
        assert_eq!(catalogue.signal(ustr("a::on_stop")).is_some(), old);
    }
}

#[test]
fn of_several_versions_in_use_one_is_enough_for_what_is_described_once() {
    let text = r#"
        [[resource]]
        path = "a::Client"
        versions = "<1"
        kind = "http-client"
        [[resource]]
        path = "a::Pool"
        versions = "<1"
        kind = "connection-pool"
        [[resource]]
        path = "a::Pool"
        versions = ">=1"
        kind = "database-client"
        [[server]]
        name = "a server"
        versions = "<1"
        serve = ["a::serve"]
        [[superseded]]
        path = "a::old"
        by = "`a::new`"
        versions = ">=1"
    "#;
    let mut catalogue = Catalogue { libraries: using(&[("a", "0.14.32"), ("a", "1.8.1")]), ..Catalogue::default() };
    catalogue.extend(text).expect("a good catalogue");
    assert!(catalogue.resource(ustr("a::Client")).is_some());
    assert!(catalogue.resource(ustr("a::Pool")).is_none());
    assert_eq!(catalogue.servers().len(), 1);
    assert!(catalogue.superseded(ustr("a::old")).is_none());
}

#[test]
fn a_project_without_libraries_reads_the_standard_library_only() {
    let names = |libraries| files_for(&libraries).iter().map(|file| file.name).collect::<Vec<_>>();
    let none = names(Libraries::default());
    assert!(none.contains(&"std.toml") && !none.contains(&"sqlx.toml"), "{none:?}");
    let one = names(using(&[("sqlx", "0.9.0")]));
    assert!(one.contains(&"std.toml") && one.contains(&"sqlx.toml"), "{one:?}");
    assert_eq!(names(Libraries::any()).len(), CATALOGUE_FILES.len());
}

#[test]
fn what_can_be_reached_from_a_file_is_read_with_it() {
    let mut problems = Vec::new();
    for (file, (name, document)) in CATALOGUE_FILES.iter().zip(documents()) {
        let of_file: Vec<_> = file.describes.iter().map(|library| (*library, "1.0.0")).collect();
        let read = files_for(&using(&of_file));
        let aliases = document.aliases.iter().flat_map(|(alias, target)| [*alias, *target]);
        let paths = document.all_paths().into_iter().chain(aliases.filter(|path| !path.contains('*')));
        for path in paths {
            let about = |file: &&CatalogueFile| file.describes.contains(&library(&path));
            let left = CATALOGUE_FILES.iter().filter(about).find(|file| read.iter().all(|it| it.name != file.name));
            problems.extend(left.map(|left| format!("{name} leads to `{path}`, and {} is not read", left.name)));
        }
    }
    assert_none(problems);
}
