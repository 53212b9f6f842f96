//! Whom a server serves, as far as the code around it tells: the paths it answers, the address it listens on. Judges no server.

use crate::facts::model::{Literal, NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::declared::defs::BodyRef;

/// Through how many functions the routes of a server are looked for.
const CALLS: u32 = 2;

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
const OPERATIONS: [&str; 12] = [
    "debug",
    "heap",
    "log",
    "loglevel",
    "logging",
    "logs",
    "metrics",
    "pprof",
    "profile",
    "statusz",
    "traceconfigz",
    "tracing",
];

impl Index {
    /// Whether all that a server answers is how the program is: by the paths that are routed in a function and those that it calls, or by the function's
    /// own name. Metrics, profiles and switches of the log are part of that only `beside` a program that stops in its own way: a server that does other
    /// things may have no other path in sight.
    pub fn answers_probes_only(&self, body: BodyRef, beside: bool) -> bool {
        let mut paths = Vec::new();
        self.add_routes(body, CALLS, &mut paths);
        let is_probe = |path: &&str| {
            let words = words(path);
            let asks = |word: &String| PROBES.contains(&word.as_str());
            words.last().is_some_and(asks) || beside && words.iter().any(|word| OPERATIONS.contains(&word.as_str()))
        };
        if !paths.is_empty() {
            return paths.iter().all(is_probe);
        }
        let name = self.function_of(body).map(|function| self.fn_name(function));
        name.is_some_and(|name| words(&name).iter().any(|word| PROBES.contains(&word.as_str())))
    }

    /// Whether a function names an address of this machine whose port the system chooses: only who is told of it can connect.
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
            Op::Literal(Literal::Text(text)) => ["127.0.0.1:0", "localhost:0", "[::1]:0"].contains(&text.as_str()),
            Op::Tuple(parts) => matches!(&parts[..], [host, port] if is_own(host) && is_number(port, "0")),
            _ => false,
        })
    }

    fn add_routes<'i>(&'i self, body: BodyRef, calls: u32, paths: &mut Vec<&'i str>) {
        let facts = self.body(body);
        for (node, fact) in facts.iter() {
            if let Op::Method { arguments, .. } = &fact.op
                && let Some(Op::Literal(Literal::Text(path))) = arguments.first().map(|first| &facts.node(*first).op)
                && path.starts_with('/')
            {
                paths.push(path.as_str());
            }
            let Some(fuel) = calls.checked_sub(1) else { continue };
            if let Some(Callee::Workspace(function)) = self.info(body).callees.get(&node)
                && let Some(called) = self.defs().body_of(*function).filter(|called| self.is_linked(*called))
            {
                self.add_routes(called, fuel, paths);
            }
        }
    }
}

/// The words of a path or a name, in lower case.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}
