//! Whether code runs on a worker of an async runtime, where many tasks share a thread: with the way there as evidence. What runs on a thread of its own, or
//! is handed to something unknown, is not said to.

use std::collections::VecDeque;

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::{Calls, Runs};
use crate::diagnostic::Label;
use crate::facts::model::{NodeId, Op, PatternKind, RegionKind};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::{Call, Site};
use crate::index::declared::defs::*;
use crate::index::declared::types::Ty;

/// Through so many plain functions a site is followed to the async code that calls them.
const CALLS: usize = 6;

/// Through so many functions it is looked whether what runs a future is a thread of its own.
const DRIVERS: u32 = 5;

/// The proof that a site runs on an async worker.
#[derive(Debug, Clone)]
pub struct OnWorker {
    /// From the site outwards: the calls that lead to it, and what is async.
    pub evidence: Vec<Label>,
    /// How many plain functions stand between.
    pub distance: usize,
    /// The place in the async code: the site itself, or the call that leads to it.
    pub entry: Site,
    /// The site and the calls that lead to it, the innermost first: `entry` is the last.
    pub calls: Vec<Site>,
}

/// What is met on the way out of a body.
enum Around {
    Async(Label),
    /// Another thread, or nobody knows where.
    Elsewhere,
    Plain(FnId),
    /// A closure that has a name, and is only called: where that is done.
    Named(Vec<Site>),
}

impl Index {
    /// The async code that is proved to come to a site on a worker of its runtime, the nearest first.
    pub fn workers(&self, site: Site) -> impl Iterator<Item = OnWorker> {
        let start = OnWorker { evidence: Vec::new(), distance: 0, entry: site, calls: Vec::from([site]) };
        let mut queue = VecDeque::from([start]);
        let mut seen: HashSet<FnId> = HashSet::default();
        let mut called: HashSet<Site> = HashSet::default();
        std::iter::from_fn(move || {
            while let Some(mut way) = queue.pop_front() {
                let on_to = |call: Site| [&way.calls[..], &[call]].concat();
                let function = match self.around(way.entry, DRIVERS) {
                    Around::Async(label) => {
                        way.evidence.push(label);
                        return Some(way);
                    }
                    Around::Named(places) => {
                        let new = places.into_iter().filter(|place| called.insert(*place));
                        queue.extend(new.map(|entry| OnWorker { entry, calls: on_to(entry), ..way.clone() }));
                        continue;
                    }
                    Around::Plain(function) if way.distance < CALLS && seen.insert(function) => function,
                    Around::Plain(_) | Around::Elsewhere => continue,
                };
                for call in self.calls.callers(function) {
                    if call.runs != Runs::Inline || !self.is_plain_call(call) || self.is_test(call.site.body) {
                        continue;
                    }
                    let name = self.fn_name(function);
                    let label = Label::new(self.name_span(call.site), format!("`{name}` is called here"));
                    queue.push_back(OnWorker {
                        evidence: [&way.evidence[..], &[label]].concat(),
                        distance: way.distance + 1,
                        entry: call.site,
                        calls: on_to(call.site),
                    });
                }
            }
            None
        })
    }

    /// Whether a site calls a function of the workspace, and does not merely name it or hand it to another.
    fn is_plain_call(&self, call: &Call) -> bool {
        match self.callee(call.site) {
            Some(Callee::Workspace(function)) => self.may_call(call.site, *function).contains(&call.to),
            _ => false,
        }
    }

    fn around(&self, site: Site, fuel: u32) -> Around {
        let (body, info) = (self.body(site.body), self.info(site.body));
        if self.runs_in(site, Runs::Thread) || self.runs_in(site, Runs::Blocking) {
            return Around::Elsewhere;
        }
        for (region, facts) in body.outwards(body.node(site.node).region) {
            let Some(owner) = info.region_node(region) else { break };
            match facts.kind {
                RegionKind::Async if self.is_driven_by_its_thread(Site { node: owner, ..site }, DRIVERS) => {
                    return Around::Elsewhere;
                }
                RegionKind::Async => {
                    let label = Label::new(self.head(site.body, owner), "this block is async");
                    return Around::Async(label);
                }
                RegionKind::Closure if !self.runs_here(Site { node: owner, ..site }) => {
                    if let Some(call) = self.has_called_on_worker(Site { node: owner, ..site }) {
                        let text = "this has it called on a worker of the runtime";
                        return Around::Async(Label::new(self.name_span(call), text));
                    }
                    let calls = self.calls_by_name(Site { node: owner, ..site });
                    return calls.map_or(Around::Elsewhere, Around::Named);
                }
                _ => {}
            }
        }
        match self.function_of(site.body) {
            Some(function) if self.defs().function(function).is_async => self.in_async(function, fuel),
            Some(function) => Around::Plain(function),
            None => Around::Elsewhere,
        }
    }

    /// The call of a library that is given a closure and has it called on a worker.
    fn has_called_on_worker(&self, closure: Site) -> Option<Site> {
        let call = Site { node: self.info(closure.body).parent(closure.node)?, ..closure };
        self.external(call).filter(|path| self.catalogue().lists(Calls::OnWorker, *path)).map(|_| call)
    }

    /// An async function has its worker for itself where nothing but threads of their own run it.
    fn in_async(&self, function: FnId, fuel: u32) -> Around {
        let own_thread = |site: Site| {
            let driven = self.runs_in(site, Runs::Thread) || self.runs_in(site, Runs::Blocking);
            let deeper = fuel.checked_sub(1).filter(|_| self.is_driven_here(site) && !self.takes_connections(function));
            let beside_workers = || self.is_driven_beside_workers(site) && !self.takes_connections(function);
            driven
                || self.is_given_away_by_main(site)
                || beside_workers()
                || deeper.is_some_and(|fuel| matches!(self.around(site, fuel), Around::Elsewhere))
        };
        if self.is_driven_by_main(function) && !self.takes_connections(function) || self.has_runtime_alone(function) {
            return Around::Elsewhere;
        }
        let callers = self.calls.callers(function);
        if !callers.is_empty() && callers.iter().all(|call| own_thread(call.site)) {
            return Around::Elsewhere;
        }
        let place = self.defs().functions[function.index()].file;
        let name = self.defs().function(function);
        Around::Async(Label::new(name.name_range.in_file(place), format!("`{}` is async", name.name)))
    }

    /// Whether a function is the entry of its program, and its future stays on the thread of `main`, beside the workers.
    fn is_driven_by_main(&self, function: FnId) -> bool {
        self.runtime_arguments(function).any(|given| !stays_on_thread(given))
    }

    /// Whether a function makes a runtime on the thread that calls it, and nothing but its own steps, one after the other, runs on that.
    fn has_runtime_alone(&self, function: FnId) -> bool {
        self.runtime_arguments(function).any(stays_on_thread) && self.goes_step_by_step(function)
    }

    /// Whether `main` gives a future to something unknown, as to a library's own way to run a program: nothing says that this is a worker.
    fn is_given_away_by_main(&self, future: Site) -> bool {
        let of_main = |function: FnId| self.programs().iter().any(|program| program.main == function);
        let plain = self.function_of(future.body).is_some_and(of_main) && !self.has_async_around(future);
        let Some(parent) = self.info(future.body).parent(future.node).filter(|_| plain) else { return false };
        let call = Site { node: parent, ..future };
        match self.callee(call) {
            Some(Callee::External(_) | Callee::Unknown(_)) => {
                self.callable(call).is_none() && matches!(self.node(call).op, Op::Call { .. })
            }
            _ => false,
        }
    }

    /// Whether a site stands in an async block or function, and in no closure there.
    pub fn is_async_code(&self, site: Site) -> bool {
        let facts = self.body(site.body);
        let mut around = facts.outwards(facts.node(site.node).region).map(|(_, region)| region.kind);
        let innermost = around.find(|kind| matches!(kind, RegionKind::Async | RegionKind::Closure));
        innermost.map_or_else(|| self.is_of_async_function(site.body), |kind| kind == RegionKind::Async)
    }

    /// Whether an async block or function is around a site, be it with closures in between.
    fn has_async_around(&self, site: Site) -> bool {
        let facts = self.body(site.body);
        self.is_of_async_function(site.body)
            || facts.outwards(facts.node(site.node).region).any(|(_, region)| region.kind == RegionKind::Async)
    }

    pub(in crate::index) fn is_of_async_function(&self, body: BodyRef) -> bool {
        self.function_of(body).is_some_and(|function| self.defs().function(function).is_async)
    }

    /// What the attributes are given that make the runtime of a function.
    fn runtime_arguments(&self, function: FnId) -> impl Iterator<Item = &str> {
        let (file, item) = (self.defs().functions[function.index()].file, self.defs().function(function));
        let makes = move |path: Ustr| self.catalogue().lists(Calls::KeepsMainApart, path);
        let attributes = item.attributes.iter();
        attributes
            .filter(move |attribute| self.attribute_path(file, item.scope, attribute).is_some_and(makes))
            .map(|attribute| attribute.arguments.as_str())
    }

    /// Whether a function, and all that it calls in the workspace, awaits each future where it is made, and starts and serves nothing that runs beside it
    /// on its runtime.
    fn goes_step_by_step(&self, function: FnId) -> bool {
        let (mut queue, mut seen) = (vec![function], HashSet::from_iter([function]));
        while let Some(function) = queue.pop() {
            let Some(body) = self.defs().body_of(function).filter(|body| self.is_linked(*body)) else { continue };
            if self.body(body).iter().any(|(node, _)| self.runs_beside(Site { body, node })) {
                return false;
            }
            let here =
                self.calls.callees(body).iter().filter(|call| !matches!(call.runs, Runs::Thread | Runs::Blocking));
            queue.extend(here.map(|call| call.to).filter(|to| seen.insert(*to)));
        }
        true
    }

    /// Whether something comes to run beside the code around it, on the same runtime: a task, what serves or takes connections, one of several arms, or a
    /// future that is not awaited at once.
    fn runs_beside(&self, site: Site) -> bool {
        let catalogue = self.catalogue();
        let serves = |path: Ustr| catalogue.lists(Calls::Accepts, path) || catalogue.server(path).is_some();
        let runs = self.callable(site).map(|callable| callable.runs);
        matches!(self.node(site).op, Op::Select { .. })
            || matches!(self.ty(site), Ty::Future(_)) && !self.is_awaited(site)
            || matches!(runs, Some(Runs::Task | Runs::Request | Runs::Worker))
            || self.external(site).is_some_and(serves)
    }

    /// Whether a function accepts connections: while its thread is kept, nobody is let in.
    fn takes_connections(&self, function: FnId) -> bool {
        let body = self.defs().body_of(function).filter(|body| self.is_linked(*body));
        body.is_some_and(|body| self.body(body).iter().any(|(node, _)| self.accepts(Site { body, node })))
    }

    /// Whether a future goes no further than where it is made: it is awaited, or driven by the thread.
    fn is_driven_here(&self, future: Site) -> bool {
        self.is_awaited(future) || self.is_driven_by_its_thread(future, DRIVERS)
    }

    /// Whether a future is given to a call that keeps its thread until the future has ended, as `block_on` does, perhaps through functions of the
    /// workspace. That thread has nothing else to do.
    fn is_driven_by_its_thread(&self, future: Site, fuel: u32) -> bool {
        let Some(parent) = self.info(future.body).parent(future.node) else { return false };
        let call = Site { node: parent, ..future };
        let (function, fuel) = match (self.callee(call), fuel.checked_sub(1)) {
            (Some(Callee::External(path)), _) => return self.catalogue().lists(Calls::PanicsInAsync, *path),
            (Some(Callee::Workspace(function)), Some(fuel)) => (*function, fuel),
            _ => return false,
        };
        let Some(body) = self.defs().body_of(function).filter(|body| self.is_linked(*body)) else { return false };
        let facts = self.body(body);
        let is_it = |at: &usize| self.argument_at(call, function, *at) == Some(future);
        let Some(at) = (0..facts.parameters.len()).find(is_it) else { return false };
        let given = facts.parameters[at].locals();
        let mut uses = facts.iter().filter(|(_, n)| matches!(n.op, Op::Local(local) if given.contains(&local)));
        let wraps = matches!(self.ty(call), Ty::Future(_));
        uses.any(|(node, _)| self.is_driven_by_its_thread(Site { body, node }, fuel))
            || (wraps && self.is_driven_by_its_thread(call, fuel))
    }

    /// Whether a thread waits for a future, as by `block_on`, and whatever is started meanwhile runs on workers beside it: the call is made on a runtime
    /// that is not known to stay on the thread.
    fn is_driven_beside_workers(&self, future: Site) -> bool {
        let Some(parent) = self.info(future.body).parent(future.node) else { return false };
        let call = Site { node: parent, ..future };
        let Op::Method { receiver, .. } = self.node(call).op else { return false };
        let settings = self.settings(Site { node: receiver, ..call });
        self.is_driven_by_its_thread(future, 0)
            && !settings.open
            && !settings.set.iter().any(|path| self.catalogue().lists(Calls::StaysOnThread, *path))
    }

    /// Where a closure is called that is bound to a name, and of which nothing else becomes.
    fn calls_by_name(&self, closure: Site) -> Option<Vec<Site>> {
        let (facts, info) = (self.body(closure.body), self.info(closure.body));
        let Op::Bind { pattern, .. } = &facts.node(info.parent(closure.node)?).op else { return None };
        let PatternKind::Bind { local, of: None } = pattern.kind else { return None };
        let called = |used: NodeId| {
            let node = info.parent(used)?;
            matches!(facts.node(node).op, Op::Call { callee, .. } if callee == used).then_some(Site { node, ..closure })
        };
        facts.uses(local).map(called).collect()
    }

    /// Whether a closure is run in place by a call that is known.
    fn runs_here(&self, closure: Site) -> bool {
        let info = self.info(closure.body);
        let Some(parent) = info.parent(closure.node) else { return false };
        let call = Site { node: parent, ..closure };
        let runs = self.callable(call).map(|callable| callable.runs);
        // What a call puts away, as `Box::new` does, somebody else runs.
        let keeps =
            matches!(self.ty(call), Ty::Ext(_, parts) if parts.iter().any(|part| matches!(part, Ty::Closure(_))));
        matches!(runs, Some(Runs::Inline | Runs::Iteration)) && !keeps
    }

    /// The keyword of an async block.
    fn head(&self, body: BodyRef, owner: NodeId) -> crate::source::Span {
        let range = self.body(body).node(owner).range;
        let end = (range.start + "async".len() as u32).min(range.end);
        crate::source::Range { start: range.start, end }.in_file(body.file)
    }
}

/// Whether the arguments of the attribute that makes a runtime keep it on the thread that calls the function.
fn stays_on_thread(arguments: &str) -> bool {
    arguments.contains("current_thread") || arguments.contains("local")
}
