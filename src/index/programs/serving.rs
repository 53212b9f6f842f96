//! Whom a server serves, as far as the code around it tells: the paths it answers, the address it listens on. Judges no server.

use rustc_hash::FxHashSet as HashSet;

use crate::catalogue::Calls;
use crate::facts::model::{Body, Literal, LocalId, NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::calls::contexts::{Context, Repeated, Repeats};
use crate::index::declared::defs::BodyRef;
use crate::index::flow::aside::words_of;
use crate::index::programs::Program;
use crate::source::Range;

/// Through how many functions the routes of a server are looked for.
const CALLS: u32 = 4;

/// How many names of a path tell what a function is there for: its own, and those of its type and of two modules.
const PLACES: usize = 4;

/// Paths, and words of functions, by which a program is asked how it is.
const PROBES: [&str; 16] = [
    "alive",
    "health",
    "healthcheck",
    "healthy",
    "healthz",
    "live",
    "liveness",
    "livez",
    "ping",
    "probe",
    "readiness",
    "ready",
    "readyz",
    "startup",
    "startupz",
    "started",
];

/// Words of paths by which whoever operates a program looks into it or turns its log up.
const OPERATIONS: [&str; 13] = [
    "debug",
    "heap",
    "log",
    "loglevel",
    "logging",
    "logs",
    "metrics",
    "pprof",
    "profile",
    "prometheus",
    "statusz",
    "traceconfigz",
    "tracing",
];

/// Words of functions that serve what is measured, or tell how a program is.
const MEASURES: [&str; 3] = ["metrics", "prometheus", "status"];

/// Words of handlers that a person asks now and then who looks after a program.
const CARE: [&str; 3] = ["admin", "reload", "test"];

/// Words of types and modules in which what a program is asked is asked by who looks after it, or sets it up.
const CARED_FOR: [&str; 5] = ["admin", "emergency", "maintenance", "setup", "wizard"];

/// How the addresses of a program's own begin, as they are written for a browser; those of hosts of the world are written with TLS.
const OWN_ADDRESSES: [&str; 4] = ["http://{", "http://localhost", "http://127.0.0.1", "http://[::1]"];

/// A path that a server answers.
struct Route {
    /// The words of the path as it is written; none where it is not written there.
    words: Vec<String>,
    /// Only requests that ask for something are answered there.
    only_reads: bool,
}

impl Route {
    fn asks_how_it_is(&self) -> bool {
        self.words.last().is_some_and(|word| PROBES.contains(&word.as_str()))
    }

    fn is_for_operators(&self) -> bool {
        self.words.iter().any(|word| OPERATIONS.contains(&word.as_str()))
    }
}

impl Index {
    /// Whether all that a server answers is how the program is: by the paths that are routed for it, or by the name of its function.
    pub fn answers_probes_only(&self, serve: Site) -> bool {
        let routes = self.routes(serve);
        if !routes.is_empty() {
            return routes.iter().all(Route::asks_how_it_is);
        }
        self.is_named_by(serve.body, &PROBES)
    }

    /// Whether what a program takes connections for is requests, which are cut off in the middle. What else goes over a connection may be made to break off.
    pub fn serves_requests(&self, program: &Program) -> bool {
        program.reach.iter().any(|body| self.call_sites(*body).any(|site| self.serves_one(site)))
    }

    /// Whether a server runs beside what the program is there for, in a task or thread next to it, and only shows what that does: all its paths are asked for
    /// something, or are those of operators; where no path has a name, its function or module says that it serves what is measured. A connection that is
    /// upgraded is asked for, too, and goes on by itself.
    pub fn only_shows_another(&self, program: &Program, serve: Site) -> bool {
        let routes = self.routes(serve);
        let shows = |route: &Route| route.only_reads || route.asks_how_it_is() || route.is_for_operators();
        let unnamed = |route: &Route| route.words.is_empty() && !route.only_reads;
        let only_shows = match routes.iter().all(unnamed) {
            true => self.is_placed_by(serve.body, &MEASURES),
            false => routes.iter().all(shows),
        };
        only_shows && self.serves_aside(program, serve)
    }

    /// Whether the name of a function has one of some words.
    fn is_named_by(&self, body: BodyRef, known: &[&str]) -> bool {
        let name = self.function_of(body).map(|function| self.fn_name(function));
        name.is_some_and(|name| words(&name).iter().any(|word| known.contains(&word.as_str())))
    }

    /// Whether the name of a function, or that of its type or module, has one of some words.
    fn is_placed_by(&self, body: BodyRef, known: &[&str]) -> bool {
        let path = self.item_path(body);
        let mut names = path.rsplit("::").take(PLACES).flat_map(words_of);
        names.any(|word| known.contains(&word.as_str()))
    }

    /// Whether a request that a site runs for is one by which somebody looks after the program, or asks how it is: by what its handler is called, or where
    /// that stands.
    pub fn is_asked_by_operator(&self, site: Site, repeated: &Repeated) -> bool {
        let handler = repeated.way.last().copied().unwrap_or(site).body;
        repeated.repeats == Repeats::Request
            && (self.is_named_by(handler, &CARE)
                || self.is_named_by(handler, &PROBES)
                || self.is_placed_by(handler, &CARED_FOR))
    }

    /// Whether a person looks at what is served, in the browser that the program opens for them at an address of its own, on the way to serving.
    pub fn is_looked_at(&self, serve: Site) -> bool {
        let leading = self.leading_to(serve.body);
        let mut on_the_way = leading.iter().copied().chain([serve.body]).flat_map(|body| self.call_sites(body));
        on_the_way.any(|site| self.opens_a_browser(site))
    }

    /// Whether a call opens a browser at an address of the program's own.
    fn opens_a_browser(&self, call: Site) -> bool {
        let Op::Call { arguments, .. } = &self.node(call).op else { return false };
        let facts = self.body(call.body);
        let is_own = |address: &str| OWN_ADDRESSES.iter().any(|own| address.starts_with(own));
        let names_it = |argument: &NodeId| {
            let given = match facts.node(*argument).op {
                Op::Reference { of, .. } => of,
                _ => *argument,
            };
            let made = match facts.node(given).op {
                Op::Local(local) => self.init_of(call.body, local).unwrap_or(given),
                _ => given,
            };
            let inside = facts.node(made).range;
            facts.iter().any(|(_, n)| match &n.op {
                Op::Literal(Literal::Text(text)) => inside.contains(n.range) && is_own(text),
                _ => false,
            })
        };
        self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Browses, path))
            && arguments.iter().any(names_it)
    }

    /// Whether a server runs in a task or thread of its own, while another function of the program serves as well or keeps it running.
    fn serves_aside(&self, program: &Program, serve: Site) -> bool {
        let contexts = self.open_contexts(serve);
        let serves = |body: BodyRef| {
            let paths = self.call_sites(body).filter_map(|site| Some((site, self.external(site)?)));
            paths
                .into_iter()
                .any(|(site, path)| self.catalogue().lists(Calls::Accepts, path) || self.serves_forever(site, path))
        };
        let kept = || self.course(program).spine.last().is_some_and(|last| last.body != serve.body);
        (contexts.contains_key(&Context::Task) || contexts.contains_key(&Context::Thread))
            && (kept() || program.reach.iter().any(|body| *body != serve.body && serves(*body)))
    }

    /// A call and all calls that its receiver is made of.
    pub fn receivers(&self, site: Site) -> Vec<Site> {
        let mut chain = vec![site];
        let mut at = site;
        loop {
            let next = match &self.node(at).op {
                Op::Method { receiver, .. } => Some(*receiver),
                Op::Await(of) | Op::Try(of) => Some(*of),
                Op::Local(local) => self.init_of(at.body, *local),
                _ => None,
            };
            match next.filter(|next| *next < at.node) {
                Some(next) => at = Site { node: next, ..at },
                None => return chain,
            }
            chain.push(at);
        }
    }

    /// Whether an address is written out in a call that only this machine can reach.
    pub fn names_loopback(&self, bind: Site) -> bool {
        let (Op::Call { arguments, .. } | Op::Method { arguments, .. }) = &self.node(bind).op else { return false };
        let texts = arguments.iter().flat_map(|node| self.texts_behind(Site { node: *node, ..bind }));
        texts.into_iter().any(|text| ["127.", "localhost", "[::1]", "::1"].iter().any(|host| text.starts_with(host)))
    }

    /// Whether a function names an address of this machine, or of a host that it is given, whose port the system chooses: only who is told of it can connect.
    pub fn serves_itself(&self, body: BodyRef) -> bool {
        let facts = self.body(body);
        let is_number = |node: &NodeId, number: &str| matches!(&facts.node(*node).op, Op::Literal(Literal::Number(text, _)) if text == number);
        let is_own = |host: &NodeId| match &facts.node(*host).op {
            Op::Literal(Literal::Text(text)) => ["127.0.0.1", "localhost", "::1"].contains(&text.as_str()),
            Op::Array(parts) => parts.first().is_some_and(|first| is_number(first, "127")),
            Op::Path(path) => path.last() == "LOCALHOST",
            _ => false,
        };
        facts.iter().any(|(_, node)| match &node.op {
            Op::Literal(Literal::Text(text)) => {
                ["127.0.0.1:0", "localhost:0", "[::1]:0"].contains(&text.as_str()) || text.ends_with("}:0")
            }
            Op::Tuple(parts) => matches!(&parts[..], [host, port] if is_own(host) && is_number(port, "0")),
            _ => false,
        })
    }

    /// The paths that a server is given; where these are not in sight, all that are routed in its function and those that it calls.
    fn routes(&self, serve: Site) -> Vec<Route> {
        let mut routes = Vec::new();
        if let Some(given) = self.given_to(serve) {
            self.add_routes(serve.body, &|node| given.contains(&node), CALLS, &mut routes);
        }
        if routes.is_empty() {
            self.add_routes(serve.body, &|_| true, CALLS, &mut routes);
        }
        routes
    }

    /// The parts of what a call is given, through variables that are bound once; none where one of them is changed later.
    fn given_to(&self, call: Site) -> Option<HashSet<NodeId>> {
        let facts = self.body(call.body);
        let changed = |local: LocalId| {
            facts.iter().any(|(_, n)| match n.op {
                Op::Assign { place, .. } => self.variable_behind(call.body, place) == Some(local),
                _ => false,
            })
        };
        let (mut queue, mut parts) = (vec![call.node], HashSet::default());
        while let Some(node) = queue.pop() {
            if !parts.insert(node) {
                continue;
            }
            match facts.node(node).op {
                Op::Local(local) if changed(local) => return None,
                Op::Local(local) => queue.extend(self.init_of(call.body, local)),
                ref op => queue.extend(op.operands()),
            }
        }
        Some(parts)
    }

    fn add_routes(&self, body: BodyRef, wanted: &dyn Fn(NodeId) -> bool, calls: u32, routes: &mut Vec<Route>) {
        let facts = self.body(body);
        for (node, fact) in facts.iter().filter(|(node, _)| wanted(*node)) {
            let site = Site { body, node };
            if let Op::Method { arguments, .. } = &fact.op
                && let Some(first) = arguments.first()
            {
                let written = match &facts.node(*first).op {
                    Op::Literal(Literal::Text(path)) if path.starts_with('/') => Some(path),
                    _ => None,
                };
                let only_reads =
                    arguments.get(1).is_some_and(|answers| self.only_reads(Site { node: *answers, ..site }));
                if written.is_some() || only_reads {
                    routes.push(Route { words: written.map(|path| words(path)).unwrap_or_default(), only_reads });
                }
            }
            if self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Routes, path)) {
                routes.push(Route { words: words(&written_in(facts, fact.range)), only_reads: false });
            }
            let Some(fuel) = calls.checked_sub(1) else { continue };
            if let Some(Callee::Workspace(function)) = self.info(body).callees.get(&node)
                && let Some(called) = self.defs().body_of(*function).filter(|called| self.is_linked(*called))
            {
                self.add_routes(called, &|_| true, fuel, routes);
            }
        }
    }

    /// Whether what answers at a path answers only requests that ask for something.
    fn only_reads(&self, answers: Site) -> bool {
        let reads = self.external(answers).is_some_and(|path| self.catalogue().lists(Calls::Reads, path));
        match &self.node(answers).op {
            Op::Method { receiver, .. } => reads && self.only_reads(Site { node: *receiver, ..answers }),
            _ => reads,
        }
    }
}

/// The texts that are written in a range, as one path: `path!("debug" / "log")`.
fn written_in(facts: &Body, range: Range) -> String {
    let texts = facts.iter().filter_map(|(_, node)| match &node.op {
        Op::Literal(Literal::Text(text)) if range.contains(node.range) => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("/")
}

/// The words of a path or a name, in lower case.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}
