//! Channels: where one is made, where something is sent into it, and who receives. An end of a channel is followed back to its making through
//! variables, fields, parameters and what functions return; what cannot be followed belongs to no channel.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet as HashSet;

use super::calls::Site;
use super::defs::*;
use super::infer::Callee;
use super::{Index, Ty};
use crate::catalogue::{Calls, Runs, TypeEntry};
use crate::facts::model::{LocalId, LoopKind, NodeId, Op, RegionId, RegionKind};

/// A channel, by the call that makes both its ends.
#[derive(Debug, Default)]
pub struct Channel {
    /// The calls that send into it, tests aside, in the order of files and places.
    pub sends: Vec<Site>,
    /// The calls and loops that receive from it.
    pub receives: Vec<Site>,
    /// Somebody asks how much is in it: its length is looked after by hand.
    pub measured: bool,
}

/// How far an end is followed back.
const FUEL: u32 = 24;

/// Through how many calls the work on a message is followed.
const CALLS: u32 = 3;

/// What is done with an end of a channel.
#[derive(Clone, Copy)]
enum Use {
    Send,
    Receive,
    Measure,
}

/// A walk from an end of a channel back to where it is made.
struct Back<'i> {
    index: &'i Index,
    wanted: &'i dyn Fn(&TypeEntry) -> bool,
    seen: HashSet<Site>,
    made: BTreeSet<Site>,
}

impl Index {
    /// Channels whose sending end is a resource that `wanted` accepts, by the call that makes them.
    pub fn channels(&self, wanted: &dyn Fn(&TypeEntry) -> bool) -> BTreeMap<Site, Channel> {
        let mut channels: BTreeMap<Site, Channel> = BTreeMap::new();
        for (body, facts, _) in self.bodies().filter(|(body, ..)| !self.is_test(*body)) {
            for (node, _) in facts.iter() {
                let site = Site { body, node };
                let Some((end, used)) = self.used_end(site) else { continue };
                for made in self.made_behind(end, wanted) {
                    let channel = channels.entry(made).or_default();
                    match used {
                        Use::Send => channel.sends.push(site),
                        Use::Receive => channel.receives.push(site),
                        Use::Measure => channel.measured = true,
                    }
                }
            }
        }
        channels
    }

    /// The end of a channel that a node sends into, receives from or measures.
    fn used_end(&self, site: Site) -> Option<(Site, Use)> {
        let to = |node: NodeId, used: Use| Some((Site { node, ..site }, used));
        match &self.node(site).op {
            Op::Loop { kind: LoopKind::For { iterated, .. }, .. } => {
                let iterated = Site { node: *iterated, ..site };
                self.is_receiver(self.ty(iterated)).then_some((iterated, Use::Receive))
            }
            Op::Method { receiver, name, .. } => {
                let path = self.external(site)?;
                if self.catalogue().lists(Calls::Sends, path) {
                    to(*receiver, Use::Send)
                } else if self.catalogue().lists(Calls::Receives, path) {
                    to(*receiver, Use::Receive)
                } else if name == "len" && self.is_end(self.ty(Site { node: *receiver, ..site })) {
                    to(*receiver, Use::Measure)
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    /// Whether a type is an end of a channel.
    fn is_end(&self, ty: &Ty) -> bool {
        let sends = match ty.peeled() {
            Ty::Ext(path, _) => self.catalogue().lists_a_member(Calls::Sends, *path),
            _ => false,
        };
        sends || self.is_receiver(ty)
    }

    /// The calls that make what a value stems from, of resources that `wanted` accepts.
    fn made_behind(&self, site: Site, wanted: &dyn Fn(&TypeEntry) -> bool) -> BTreeSet<Site> {
        let mut back = Back { index: self, wanted, seen: HashSet::default(), made: BTreeSet::new() };
        back.value(site, FUEL);
        back.made
    }

    /// An operation outside of memory, or a wait for time, that is done with each message that a site receives.
    pub fn work_per_message(&self, receive: Site) -> Option<Site> {
        let region = self.handling_region(receive)?;
        self.outside_work(receive.body, Some(region), CALLS, &mut HashSet::default())
    }

    /// The region that runs for each message: the arm of a `select!`, or the loop around.
    fn handling_region(&self, receive: Site) -> Option<RegionId> {
        let (facts, info) = (self.body(receive.body), self.info(receive.body));
        if let Op::Loop { region, .. } = &facts.node(receive.node).op {
            return Some(*region);
        }
        let mut at = receive.node;
        while let Some(parent) = info.parent(at) {
            if let Op::Select { arms, .. } = &facts.node(parent).op {
                return arms.iter().find(|arm| arm.future == at).map(|arm| arm.region);
            }
            at = parent;
        }
        let mut around = facts.outwards(facts.node(receive.node).region);
        around.find(|(_, r)| r.kind == RegionKind::Loop).map(|(region, _)| region)
    }

    /// The first call in a body, or in a region of it, that works outside of memory at once; what is spawned there is no work of whoever spawns it.
    fn outside_work(
        &self,
        body: BodyRef,
        within: Option<RegionId>,
        fuel: u32,
        seen: &mut HashSet<BodyRef>,
    ) -> Option<Site> {
        let facts = self.body(body);
        let inside = |node: NodeId| {
            let mut around = facts.outwards(facts.node(node).region);
            within.is_none_or(|within| around.any(|(at, _)| at == within))
        };
        let sites = facts.iter().map(|(node, _)| Site { body, node });
        for site in sites.filter(|site| inside(site.node) && !self.is_deferred(*site, within)) {
            let works = match self.callee(site) {
                Some(Callee::External(_)) => self.callable(site).is_some_and(|callable| callable.effect.is_some()),
                Some(Callee::Workspace(function)) if fuel > 0 => {
                    let called = self.defs().body_of(*function).filter(|body| self.is_linked(*body));
                    let called = called.filter(|body| seen.insert(*body));
                    called.is_some_and(|body| self.outside_work(body, None, fuel - 1, seen).is_some())
                }
                _ => false,
            };
            if works {
                return Some(site);
            }
        }
        None
    }

    /// Whether a site is in a task, thread or closure of its own, seen from a region around it.
    fn is_deferred(&self, site: Site, within: Option<RegionId>) -> bool {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let around = facts.outwards(facts.node(site.node).region);
        let mut between = around.take_while(|(region, _)| Some(*region) != within);
        let own_task = |site: Site| {
            let spawns = |at: NodeId| self.task_at(Site { node: at, ..site }).is_some();
            info.parent(site.node).is_some_and(spawns)
        };
        own_task(site)
            || between.any(|(region, r)| match r.kind {
                RegionKind::Closure | RegionKind::Async => {
                    let at_once = matches!(info.runs.get(&region), None | Some(Runs::Inline | Runs::Iteration));
                    let owner = info.region_node(region);
                    !at_once || owner.is_some_and(|owner| own_task(Site { node: owner, ..site }))
                }
                _ => false,
            })
    }
}

impl Back<'_> {
    fn value(&mut self, site: Site, fuel: u32) {
        let Some(fuel) = fuel.checked_sub(1).filter(|_| self.seen.insert(site)) else { return };
        let index = self.index;
        if let Some(item) = index.info(site.body).statics.get(&site.node) {
            self.static_value(*item, fuel);
            return;
        }
        let to = |node: NodeId| Site { node, ..site };
        match &index.node(site).op {
            Op::Local(local) => self.local(site.body, *local, fuel),
            Op::Field { base, name } => match index.struct_behind(index.ty(to(*base))) {
                Some(id) => self.field(id, *name, fuel),
                None => self.value(to(*base), fuel),
            },
            Op::Call { arguments, .. } => self.call(site, arguments, fuel),
            Op::Method { receiver, arguments, .. } => match index.callee(site) {
                Some(Callee::Workspace(function)) => self.returned(*function, fuel),
                _ => {
                    self.value(to(*receiver), fuel);
                    let given =
                        arguments.iter().filter(|argument| matches!(index.node(to(**argument)).op, Op::Closure { .. }));
                    given.for_each(|argument| self.value(to(*argument), fuel));
                }
            },
            Op::Tuple(parts) => self.parts(site, parts, fuel),
            Op::Struct { fields, .. } => {
                let parts: Vec<NodeId> = fields.iter().map(|(_, node)| *node).collect();
                self.parts(site, &parts, fuel);
            }
            Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) | Op::Index { base: of, .. } => {
                self.value(to(*of), fuel);
            }
            op => {
                let mut values = Vec::new();
                op.regions(&mut |region| values.extend(index.body(site.body).region(region).value));
                values.into_iter().for_each(|node| self.value(to(node), fuel));
            }
        }
    }

    /// Of several parts, those that are ends of channels.
    fn parts(&mut self, site: Site, parts: &[NodeId], fuel: u32) {
        let index = self.index;
        let ends = parts.iter().map(|node| Site { node: *node, ..site }).filter(|part| index.is_end(index.ty(*part)));
        ends.for_each(|part| self.value(part, fuel));
    }

    fn call(&mut self, site: Site, arguments: &[NodeId], fuel: u32) {
        let index = self.index;
        match index.callee(site) {
            Some(Callee::Workspace(function)) => self.returned(*function, fuel),
            Some(Callee::External(_)) => {
                let made = index.callable(site).and_then(|callable| callable.constructs);
                match made.and_then(|resource| index.resource(resource)) {
                    Some(entry) if (self.wanted)(entry) => {
                        self.made.insert(site);
                    }
                    Some(_) => {}
                    None => arguments.iter().for_each(|node| self.value(Site { node: *node, ..site }, fuel)),
                }
            }
            Some(Callee::Constructor(..)) => {
                arguments.iter().for_each(|node| self.value(Site { node: *node, ..site }, fuel));
            }
            _ => {}
        }
    }

    fn returned(&mut self, function: FnId, fuel: u32) {
        let index = self.index;
        let Some(body) = index.defs().body_of(function).filter(|body| index.is_linked(*body)) else { return };
        index.returned_values(body).into_iter().for_each(|node| self.value(Site { body, node }, fuel));
    }

    /// What a static is initialised with, or is filled with later.
    fn static_value(&mut self, item: StaticId, fuel: u32) {
        let index = self.index;
        let body = index.defs().init_of(item).filter(|body| index.is_linked(*body));
        let values = body.map(|body| (body, index.returned_values(body))).into_iter();
        values.for_each(|(body, nodes)| nodes.into_iter().for_each(|node| self.value(Site { body, node }, fuel)));
        for mention in index.calls.mentions(item) {
            let Some(call) = index.info(mention.body).parent(mention.node) else { continue };
            if let Op::Method { receiver, arguments, .. } = &index.body(mention.body).node(call).op
                && *receiver == mention.node
            {
                arguments.iter().for_each(|node| self.value(Site { node: *node, ..*mention }, fuel));
            }
        }
    }

    /// What a field is given wherever a value of its type is made.
    fn field(&mut self, id: TypeId, name: ustr::Ustr, fuel: u32) {
        let index = self.index;
        for made in index.made_at(id) {
            let given = match &index.node(*made).op {
                Op::Struct { fields, .. } => fields.iter().find(|(field, _)| *field == name).map(|(_, node)| *node),
                Op::Call { arguments, .. } => name.parse::<usize>().ok().and_then(|at| arguments.get(at).copied()),
                _ => None,
            };
            given.into_iter().for_each(|node| self.value(Site { node, ..*made }, fuel));
        }
    }

    fn local(&mut self, body: BodyRef, local: LocalId, fuel: u32) {
        let index = self.index;
        let sources = index.sources(body, local);
        if sources.is_empty() {
            self.parameter(body, local, fuel);
        }
        sources.into_iter().for_each(|node| self.value(Site { body, node }, fuel));
    }

    /// What callers give.
    fn parameter(&mut self, body: BodyRef, local: LocalId, fuel: u32) {
        let index = self.index;
        let at = index.body(body).parameters.iter().position(|pattern| pattern.locals().contains(&local));
        let (Some(function), Some(at)) = (index.function_of(body), at) else { return };
        let calls = index.calls.callers(function).iter().filter(|call| !index.is_test(call.site.body));
        calls.filter_map(|call| index.argument_at(call.site, function, at)).for_each(|given| self.value(given, fuel));
    }
}
