//! The call graph: who calls or hands on whom, and from where. Calls through a trait go to all its implementors that can be part of the same program.

pub mod accepts;
mod at_once;
mod bulk;
mod cancelled;
pub mod changes;
pub mod contexts;
pub(in crate::index) mod dispatch;
mod first_time;
pub mod once;
pub mod pace;
pub(in crate::index) mod spawners;
pub mod teardown;
pub(in crate::index) mod unmentioned;
pub mod workers;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use ustr::Ustr;

use crate::catalogue::Runs;
use crate::facts::model::{NodeId, Op};
use crate::index::Outline;
use crate::index::bodies::infer::{BodyInfo, Callee, Unknown};
use crate::index::declared::defs::*;
use crate::index::declared::types::Ty;
use crate::source::FileId;

/// A node of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    pub body: BodyRef,
    pub node: NodeId,
}

/// One way from a body to a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    pub site: Site,
    pub to: FnId,
    /// How the function runs: `Inline` for a plain call, else what the call that it is handed to does with it.
    pub runs: Runs,
}

/// Calls and mentions of statics, from both ends.
#[derive(Default)]
pub struct CallGraph {
    callers: HashMap<FnId, Vec<Call>>,
    callees: HashMap<BodyRef, Vec<Call>>,
    /// Statics that a body mentions.
    statics: HashMap<BodyRef, Vec<(NodeId, StaticId)>>,
    mentions: HashMap<StaticId, Vec<Site>>,
}

impl CallGraph {
    /// Links the calls of all bodies that are known of.
    pub fn new(outline: &Outline, infos: &HashMap<BodyRef, BodyInfo>) -> Self {
        let mut graph = CallGraph::default();
        for body in outline.defs.bodies.iter().copied() {
            let Some(info) = infos.get(&body) else { continue };
            let mut calls = calls_of(outline, body, info);
            calls.sort_by_key(|call| (call.site.node, call.to));
            calls.dedup();
            for call in &calls {
                graph.callers.entry(call.to).or_default().push(*call);
            }
            graph.callees.insert(body, calls);
            let in_any_build =
                |item: StaticId| std::iter::once(item).chain(outline.tree.alternatives.of_static(item).iter().copied());
            let named = info.statics.iter().flat_map(|(node, item)| in_any_build(*item).map(|item| (*node, item)));
            let mut statics: Vec<_> = named.collect();
            statics.sort_unstable();
            for (node, item) in &statics {
                graph.mentions.entry(*item).or_default().push(Site { body, node: *node });
            }
            graph.statics.insert(body, statics);
        }
        graph.link_private_methods(outline, infos);
        graph
    }

    /// Links the methods that nothing outside of their module can name and that no call is known to lead to: somebody calls one, or the compiler would warn of dead
    /// code. It is the only call in their file of that name on something of unknown type, where no other such method has the name.
    fn link_private_methods(&mut self, outline: &Outline, infos: &HashMap<BodyRef, BodyInfo>) {
        let mut methods: HashMap<(FileId, Ustr), Vec<FnId>> = HashMap::default();
        let uncalled = outline.defs.fn_ids().filter(|id| self.callers(*id).is_empty());
        for id in uncalled.filter(|id| is_private_method(outline, *id)) {
            let file = outline.defs.functions[id.index()].file;
            methods.entry((file, outline.defs.function(id).name)).or_default().push(id);
        }
        let mut unknown: HashMap<(FileId, Ustr), Vec<Site>> = HashMap::default();
        for body in outline.defs.bodies.iter().copied() {
            let callees = infos.get(&body).into_iter().flat_map(|info| &info.callees);
            for (node, _) in callees.filter(|(_, callee)| **callee == Callee::Unknown(Unknown::Receiver)) {
                let Op::Method { name, .. } = &outline.defs.body(body).node(*node).op else { continue };
                unknown.entry((body.file, *name)).or_default().push(Site { body, node: *node });
            }
        }
        for (place, methods) in methods {
            let ([to], Some([site])) = (&methods[..], unknown.get(&place).map(Vec::as_slice)) else { continue };
            if may_call(outline, &infos[&site.body], *site, *to) {
                let runs = infos[&site.body].future_runs.get(&site.node).copied().unwrap_or(Runs::Inline);
                let call = Call { site: *site, to: *to, runs };
                self.callers.entry(*to).or_default().push(call);
                let calls = self.callees.entry(site.body).or_default();
                calls.push(call);
                calls.sort_by_key(|call| (call.site.node, call.to));
            }
        }
    }

    /// Leaves out ways that no call takes.
    pub(in crate::index) fn leave_out(&mut self, untaken: &HashSet<(Site, FnId)>) {
        let all = self.callees.values_mut().chain(self.callers.values_mut());
        all.for_each(|calls| calls.retain(|call| !untaken.contains(&(call.site, call.to))));
    }

    /// Whether a call at a place may lead to a function.
    fn leads(&self, site: Site, to: FnId) -> bool {
        let calls = self.callees(site.body);
        let first = calls.partition_point(|call| call.site.node < site.node);
        calls[first..].iter().take_while(|call| call.site == site).any(|call| call.to == to)
    }

    /// The calls of a function, in the order of files and places.
    pub fn callers(&self, function: FnId) -> &[Call] {
        self.callers.get(&function).map_or(&[], Vec::as_slice)
    }

    /// Where a static is mentioned, in the order of files and places.
    pub fn mentions(&self, item: StaticId) -> &[Site] {
        self.mentions.get(&item).map_or(&[], Vec::as_slice)
    }

    /// The calls in a body, in evaluation order.
    pub fn callees(&self, body: BodyRef) -> &[Call] {
        self.callees.get(&body).map_or(&[], Vec::as_slice)
    }

    /// The statics a body mentions, in evaluation order.
    pub fn statics(&self, body: BodyRef) -> &[(NodeId, StaticId)] {
        self.statics.get(&body).map_or(&[], Vec::as_slice)
    }
}

/// Whether a function is a method of a type itself that nothing outside of its module can name, and that is not marked as dead.
fn is_private_method(outline: &Outline, id: FnId) -> bool {
    let function = outline.defs.function(id);
    let of_type = outline.defs.impl_of(id).is_some_and(|block| outline.defs.impl_block(block).trait_path.is_none());
    let is_dead = function.attributes.iter().any(|attribute| attribute.arguments.contains("dead_code"));
    of_type && !is_dead && !function.public && !function.test && function.receiver.is_some()
}

/// Whether a call of a method by its name may be one of a function: it gives as much, and waits for what is async alone.
fn may_call(outline: &Outline, info: &BodyInfo, call: Site, to: FnId) -> bool {
    let (facts, function) = (outline.defs.body(call.body), outline.defs.function(to));
    let Op::Method { arguments, .. } = &facts.node(call.node).op else { return false };
    function.parameters.len() == arguments.len()
        && (function.is_async || !info.is_awaited(facts, call.node))
        && outline.can_meet(call.body, to)
}

fn calls_of(outline: &Outline, body: BodyRef, info: &BodyInfo) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut add = |node: NodeId, function: FnId, runs: Runs| {
        let site = Site { body, node };
        for to in targets(outline, function).into_iter().filter(|to| outline.can_meet(body, *to)) {
            calls.push(Call { site, to, runs });
        }
    };
    for (node, callee) in &info.callees {
        if let Callee::Workspace(function) | Callee::Trait(function) = callee {
            add(*node, *function, info.future_runs.get(node).copied().unwrap_or(Runs::Inline));
        }
    }
    for (node, function, runs) in &info.handed {
        add(*node, *function, *runs);
    }
    // A function named as a value and neither called nor handed to a known call: it may run from here.
    let facts = outline.defs.body(body);
    for (node, _) in facts.iter() {
        if let Ty::Fn(function) = info.ty(node) {
            let used = info.parent(node).is_some_and(|parent| {
                info.callees.contains_key(&parent)
                    || info.handed.iter().any(|(at, f, _)| *at == parent && f == function)
            });
            if !used {
                add(node, *function, Runs::Inline);
            }
        }
    }
    calls
}

/// The functions with a body that a call of `function` can reach, in whatever build.
fn targets(outline: &Outline, function: FnId) -> Vec<FnId> {
    let implementors = outline.signatures.implementors.get(&function).map_or(&[][..], Vec::as_slice);
    let mut found = implementors.to_vec();
    if implementors.is_empty() || outline.defs.body_of(function).is_some() {
        found.push(function);
    }
    found.extend(outline.tree.alternatives.of_function(function));
    found
}

impl crate::index::Index {
    /// The functions that the call of a function at a place may run, in whatever build.
    pub fn may_call(&self, site: Site, function: FnId) -> Vec<FnId> {
        let mut found = targets(&self.outline, function);
        found.retain(|to| self.calls.leads(site, *to));
        found
    }

    /// Whether a function may be run where a body is: what is shipped runs nothing that is there for tests.
    pub fn may_run_from(&self, from: BodyRef, function: FnId) -> bool {
        let body = self.defs().body_of(function).filter(|body| self.is_linked(*body));
        body.is_none_or(|body| !self.is_for_tests(body)) || self.is_test(from)
    }

    /// What callers give a function for a parameter, but for tests.
    pub(in crate::index) fn given_for(&self, function: FnId, at: usize) -> impl Iterator<Item = Site> {
        let shipped = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body));
        shipped.filter_map(move |call| self.argument_at(call.site, function, at))
    }

    /// Whether functions of the workspace are known to call a function, and all of them are test code.
    pub fn is_called_by_tests_alone(&self, function: FnId) -> bool {
        let callers = self.calls.callers(function);
        !callers.is_empty() && callers.iter().all(|call| self.is_test(call.site.body))
    }

    /// Whether a place is in a constructor of its type that only tests call.
    pub fn is_built_by_tests_alone(&self, site: Site) -> bool {
        let constructor = self.function_of(site.body).filter(|function| self.is_constructor(*function));
        constructor.is_some_and(|function| self.is_called_by_tests_alone(function))
    }
}
