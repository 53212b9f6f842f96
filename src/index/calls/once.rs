//! What is proved to run a fixed number of times, however long the program runs: at its start, at its end, or on first use of a static. Nothing is
//! assumed: one caller that is not understood, or a call that may be one, and there is no proof. Code that a macro writes is not seen.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use ustr::Ustr;

use crate::catalogue::{Callable, Runs};
use crate::diagnostic::Label;
use crate::facts::model::{NodeId, Op, PatternKind, Receiver, RegionKind, StaticKind};
use crate::index::Index;
use crate::index::bodies::infer::{Callee, Unknown};
use crate::index::calls::{Call, Site};
use crate::index::declared::defs::*;

/// Functions that are proved to run once, each with the shortest way it is reached by.
pub struct Once {
    functions: HashMap<FnId, Reached>,
}

/// How a function is reached.
#[derive(Debug, Clone, Copy)]
enum Reached {
    /// It is `main`.
    Entry,
    By(Site),
}

/// Where a site runs once in terms of what is around it.
enum Around {
    /// As often as its function is called.
    Function(FnId),
    /// Once, as a static is initialised.
    Static(StaticId),
}

impl Once {
    /// Grows from `main` and the initialisers of statics: a function joins when all its callers have. What calls itself never does.
    pub fn find(index: &Index) -> Self {
        let doubtful = index.doubtful();
        let mut once = Once { functions: HashMap::default() };
        for program in index.programs() {
            if index.calls.callers(program.main).is_empty() {
                once.functions.insert(program.main, Reached::Entry);
            }
        }
        let mut waiting: Vec<FnId> =
            index.defs().fn_ids().filter(|id| is_closed(index, *id) && !doubtful.may_be(index, *id)).collect();
        loop {
            let mut joined = Vec::new();
            waiting.retain(|id| match once.reached(index, *id) {
                Some(call) => {
                    joined.push((*id, Reached::By(call)));
                    false
                }
                None => true,
            });
            if joined.is_empty() {
                return once;
            }
            once.functions.extend(joined);
        }
    }

    /// The first call of a function, where all calls but those of tests are known to run once.
    fn reached(&self, index: &Index, id: FnId) -> Option<Site> {
        let mut calls = index.calls.callers(id).iter().filter(|call| !index.is_test(call.site.body)).peekable();
        let first = calls.peek()?.site;
        calls.all(|call| self.runs_once(index, call)).then_some(first)
    }

    fn runs_once(&self, index: &Index, call: &Call) -> bool {
        let node = &index.node(call.site).op;
        let called = matches!(index.callee(call.site), Some(Callee::Workspace(_) | Callee::Trait(_)));
        let understood = match node {
            Op::Call { .. } | Op::Method { .. } if called && !handed(index, call) => true,
            // Handed to something that is known to run it at most once for each time it is given.
            Op::Call { .. } | Op::Method { .. } => runs_what_it_is_given(index, call.site),
            _ => false,
        };
        index.fills_static(call.site).is_some()
            || (understood && at_most_once(call.runs) && self.holds(index, call.site))
    }

    /// Whether what is around a site runs once.
    fn holds(&self, index: &Index, site: Site) -> bool {
        match around(index, site) {
            Some(Around::Function(id)) => self.functions.contains_key(&id),
            Some(Around::Static(_)) => true,
            None => false,
        }
    }
}

/// Whether a call is one that another function is handed to.
fn handed(index: &Index, call: &Call) -> bool {
    index.info(call.site.body).handed.iter().any(|(at, function, _)| *at == call.site.node && *function == call.to)
}

/// Whether a call is known to run what it is given; one that keeps it may run it at any time.
fn runs_what_it_is_given(index: &Index, call: Site) -> bool {
    index.callable(call).is_some_and(Callable::runs_what_it_is_given)
}

/// Whether what is handed over so runs at most once for each time it is handed over.
fn at_most_once(runs: Runs) -> bool {
    matches!(runs, Runs::Inline | Runs::Task | Runs::Thread | Runs::Blocking | Runs::Once | Runs::Shutdown)
}

/// Whether only calls by name lead to a function: no handler, no method that a library calls, no test.
fn is_closed(index: &Index, id: FnId) -> bool {
    let Some(body) = index.defs().body_of(id).filter(|body| index.is_linked(*body)) else { return false };
    !index.is_called_from_outside(id)
        && index.defs().function(id).attributes.iter().all(is_inert)
        && index.handler(id).is_none()
        && !index.is_test(body)
}

/// Whether an attribute leaves a function as it is written, for all that matters here. A macro may call it from code of its own.
pub(super) fn is_inert(attribute: &crate::facts::model::Attribute) -> bool {
    let [name] = &attribute.path[..] else {
        return attribute.path.last().is_some_and(|name| name == "instrument");
    };
    matches!(
        name.as_str(),
        "doc"
            | "allow"
            | "expect"
            | "warn"
            | "deny"
            | "cfg"
            | "must_use"
            | "inline"
            | "cold"
            | "deprecated"
            | "target_feature"
            | "track_caller"
            | "instrument"
    )
}

/// Goes outwards from a site; none where something on the way may run it again or is not understood.
fn around(index: &Index, site: Site) -> Option<Around> {
    let (facts, info) = (index.body(site.body), index.info(site.body));
    let mut at = site.node;
    loop {
        let region = facts.node(at).region;
        let Some(owner) = info.region_node(region) else { break };
        at = match facts.region(region).kind {
            RegionKind::Loop => return None,
            RegionKind::Closure | RegionKind::Async
                if info.runs.get(&region).is_some_and(|runs| !at_most_once(*runs)) =>
            {
                return None;
            }
            RegionKind::Closure => {
                let call = closure_runs_at(index, site.body, owner)?;
                if let Some(item) = index.fills_static(Site { node: call, ..site }) {
                    return Some(Around::Static(item));
                }
                call
            }
            _ => owner,
        };
    }
    match index.owner(site.body)? {
        BodyOwner::Function(id) => Some(Around::Function(id)),
        // A constant is made wherever it is used, a thread's own static for each thread.
        BodyOwner::Static(id) => match index.defs().static_item(id).kind {
            StaticKind::Static | StaticKind::LazyStatic => Some(Around::Static(id)),
            StaticKind::Const | StaticKind::ThreadLocal => None,
        },
    }
}

/// The one call that runs a closure: the known call it is handed to, or the only call of the variable it is bound to.
fn closure_runs_at(index: &Index, body: BodyRef, closure: NodeId) -> Option<NodeId> {
    let (facts, info) = (index.body(body), index.info(body));
    let user = info.parent(closure)?;
    match &facts.node(user).op {
        Op::Call { .. } | Op::Method { .. } => runs_what_it_is_given(index, Site { body, node: user }).then_some(user),
        Op::Bind { pattern, .. } => {
            let PatternKind::Bind { local, .. } = pattern.kind else { return None };
            let mut uses = facts.iter().filter(|(_, node)| matches!(node.op, Op::Local(used) if used == local));
            let (Some((used, _)), None) = (uses.next(), uses.next()) else { return None };
            let call = info.parent(used)?;
            matches!(info.callees.get(&call), Some(Callee::Closure(called)) if *called == closure).then_some(call)
        }
        _ => None,
    }
}

/// Names of calls that lead nobody knows where: each may be a call of a function of that name.
pub(in crate::index) struct Doubtful {
    methods: HashSet<Ustr>,
    /// The last two parts of a path; free functions that are called by a bare name have an empty first part.
    paths: HashSet<(Ustr, Ustr)>,
}

impl Doubtful {
    fn of(index: &Index) -> Self {
        let mut doubtful = Doubtful { methods: HashSet::default(), paths: HashSet::default() };
        for (body, facts, info) in index.bodies().filter(|(body, ..)| !index.is_test(*body)) {
            for (node, callee) in &info.callees {
                match (&facts.node(*node).op, callee) {
                    (Op::Method { name, .. }, Callee::Unknown(Unknown::Receiver)) => {
                        doubtful.methods.insert(*name);
                    }
                    (Op::Call { callee, .. }, Callee::Unknown(Unknown::Path)) => {
                        if let Op::Path(path) = &index.body(body).node(*callee).op {
                            doubtful.paths.insert(last_two(&path.names().collect::<Vec<_>>()));
                        }
                    }
                    _ => {}
                }
            }
        }
        doubtful
    }

    /// Whether one of these calls may be one of a function.
    pub(in crate::index) fn may_be(&self, index: &Index, id: FnId) -> bool {
        let function = index.defs().function(id);
        let by_name = function.receiver.is_some() && self.methods.contains(&function.name);
        let path = index.fn_path(id);
        let parts: Vec<Ustr> = path.split("::").map(Ustr::from).collect();
        let said = [last_two(&parts), (Ustr::from("Self"), function.name), (Ustr::from(""), function.name)];
        by_name || said.iter().any(|said| self.paths.contains(said))
    }
}

fn last_two(parts: &[Ustr]) -> (Ustr, Ustr) {
    match parts {
        [.., owner, name] => (*owner, *name),
        [name] => (Ustr::from(""), *name),
        [] => (Ustr::from(""), Ustr::from("")),
    }
}

impl Index {
    /// The names of calls that lead nobody knows where.
    pub(in crate::index) fn doubtful(&self) -> &Doubtful {
        self.doubtful.get_or_init(|| Doubtful::of(self))
    }

    /// The proof that a site runs a fixed number of times in a run of the program, from the site outwards to `main` or a static; none where that is
    /// not proved.
    pub fn runs_once(&self, site: Site) -> Option<Vec<Label>> {
        if self.is_test(site.body) {
            return None;
        }
        let once = self.once.get_or_init(|| Once::find(self));
        let mut evidence = Vec::new();
        let mut at = site;
        loop {
            let function = match around(self, at)? {
                Around::Function(id) => id,
                Around::Static(id) => {
                    let item = self.defs().static_item(id);
                    let span = item.name_range.in_file(self.defs().statics[id.index()].file);
                    evidence.push(Label::new(span, format!("`{}` is initialised once", item.name)));
                    return Some(evidence);
                }
            };
            let name = self.fn_name(function);
            match once.functions.get(&function)? {
                Reached::Entry => {
                    let span = self.defs().function(function).name_range.in_file(at.body.file);
                    evidence.push(Label::new(span, format!("`{name}` runs once")));
                    return Some(evidence);
                }
                Reached::By(call) => {
                    evidence.push(Label::new(self.name_span(*call), format!("`{name}` is called here")));
                    if let Some(item) = self.fills_static(*call) {
                        let filled = format!("`{}` is filled once", self.defs().static_item(item).name);
                        evidence.push(Label::new(self.name_span(*call), filled));
                        return Some(evidence);
                    }
                    at = *call;
                }
            }
        }
    }

    /// The operation that a site is part of, where that may be called any number of times: an async method of an object that stays, without a loop of its
    /// own, which nothing proves to run once.
    pub fn operation_around(&self, site: Site) -> Option<FnId> {
        let id = self.function_of(site.body)?;
        let function = self.defs().function(id);
        let of_object = matches!(function.receiver, Some(Receiver::Reference | Receiver::MutableReference));
        let facts = self.body(site.body);
        let loops = facts.iter().any(|(_, node)| matches!(node.op, Op::Loop { .. }));
        let is_one = function.is_async && of_object && !loops && !self.is_test(site.body) && !self.is_destructor(id);
        (is_one && self.runs_once(site).is_none()).then_some(id)
    }

    /// The static that a call fills on first use: not one that it fills for each thread.
    fn fills_static(&self, call: Site) -> Option<StaticId> {
        let Op::Method { receiver, .. } = self.node(call).op else { return None };
        let facts = self.body(call.body);
        let of = std::iter::successors(Some(receiver), |at| match facts.node(*at).op {
            Op::Reference { of, .. } | Op::Deref(of) => Some(of),
            _ => None,
        });
        let item = *self.info(call.body).statics.get(&of.last()?)?;
        let shared = self.defs().static_item(item).kind != StaticKind::ThreadLocal;
        (shared && self.callable(call).is_some_and(|callable| callable.runs == Runs::Once)).then_some(item)
    }
}
