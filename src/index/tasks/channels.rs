//! Channels: where one is made, where something is sent into it, and who receives. An end of a channel is followed back to
//! its making; what cannot be followed belongs to no channel.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

use crate::catalogue::{Calls, Runs, TypeEntry};
use crate::facts::model::{LoopKind, NodeId, Op, RegionId, RegionKind};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::{Index, Ty};

/// A channel, by the call that makes both its ends.
#[derive(Debug, Default)]
pub struct Channel {
    /// The calls that send into it, tests aside, in the order of files and places.
    pub sends: Vec<Site>,
    /// The calls and loops that receive from it.
    pub receives: Vec<Site>,
    /// The calls that put a sending end into a collection, by itself or as part of something.
    pub kept: Vec<Site>,
    /// Somebody asks how much is in it: its length is looked after by hand.
    pub measured: bool,
}

/// Through how many calls the work on a message is followed.
const CALLS: u32 = 3;

/// Through how many types of the workspace it is looked for a sender among fields.
const FIELDS: u32 = 3;

/// What is done with an end of a channel.
#[derive(Clone, Copy)]
enum Use {
    Send,
    Receive,
    Keep,
    Measure,
}

impl Index {
    /// Channels whose sending end is a resource that `wanted` accepts, by the call that makes them.
    pub fn channels(&self, wanted: &dyn Fn(&TypeEntry) -> bool) -> BTreeMap<Site, Channel> {
        let mut channels: BTreeMap<Site, Channel> = BTreeMap::new();
        for (body, facts, _) in self.bodies().filter(|(body, ..)| !self.is_test(*body)) {
            for (node, _) in facts.iter() {
                let site = Site { body, node };
                for (end, used) in self.used_ends(site, wanted) {
                    for made in self.made_behind(end, wanted) {
                        let channel = channels.entry(made).or_default();
                        match used {
                            Use::Send => channel.sends.push(site),
                            Use::Receive => channel.receives.push(site),
                            Use::Keep => channel.kept.push(site),
                            Use::Measure => channel.measured = true,
                        }
                    }
                }
            }
        }
        channels
    }

    /// The ends of channels that something is done with at a node.
    fn used_ends(&self, site: Site, wanted: &dyn Fn(&TypeEntry) -> bool) -> Vec<(Site, Use)> {
        let put = match &self.node(site).op {
            Op::Method { arguments, .. } if self.place_put_into(site).is_some() => arguments.as_slice(),
            Op::Assign { value, .. } if self.place_put_into(site).is_some() => std::slice::from_ref(value),
            _ => &[],
        };
        let put = put.iter().map(|node| Site { node: *node, ..site });
        let kept = put.filter(|part| self.owns_a(self.ty(*part), wanted)).map(|part| (part, Use::Keep));
        self.used_end(site).into_iter().chain(kept).collect()
    }

    /// What a node puts something into: a collection that it adds to, or a value of which it sets a field, such as an entry of one.
    pub fn place_put_into(&self, site: Site) -> Option<Site> {
        match &self.node(site).op {
            Op::Assign { place, .. } => match self.node(Site { node: *place, ..site }).op {
                Op::Field { base, .. } => Some(Site { node: base, ..site }),
                _ => None,
            },
            _ => self.added_to(site),
        }
    }

    /// Whether a value of a type owns a resource that `wanted` accepts.
    fn owns_a(&self, ty: &Ty, wanted: &dyn Fn(&TypeEntry) -> bool) -> bool {
        self.owned_resources(ty).into_iter().filter_map(|path| self.resource(path)).any(wanted)
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
                if self.catalogue().lists(Calls::Forwards, path) {
                    to(*receiver, Use::Receive)
                } else if self.catalogue().lists(Calls::Sends, path) {
                    to(*receiver, Use::Send)
                } else if self.catalogue().lists(Calls::Receives, path) || self.takes_next(site, *receiver, *name) {
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

    /// Whether a call takes the next message out of a receiver that is a stream, whatever trait the method is of.
    fn takes_next(&self, call: Site, receiver: NodeId, name: Ustr) -> bool {
        let Ty::Ext(path, _) = self.ty(Site { node: receiver, ..call }).peeled() else { return false };
        self.catalogue().lists(Calls::Receives, ustr(&format!("{path}::{name}")))
    }

    /// Whether a receiver is a field of a struct that keeps no sender of the same channel: others decide how long there are senders, and the struct
    /// may outlive them.
    pub fn is_left_by_senders(&self, receiver: Site) -> bool {
        let (base, message) = match (&self.node(receiver).op, self.ty(receiver).peeled()) {
            (Op::Field { base, .. }, Ty::Ext(_, arguments)) => (Site { node: *base, ..receiver }, arguments.first()),
            _ => return false,
        };
        let Some(id) = self.struct_behind(self.ty(base)) else { return false };
        !self.signatures().fields[id.index()].values().any(|ty| self.may_send(ty, message, FIELDS))
    }

    /// Whether a type is, or has in it, an end that may send such a message. A watcher sends what it sees into the channel that it was made with.
    fn may_send(&self, ty: &Ty, message: Option<&Ty>, fuel: u32) -> bool {
        let (path, arguments) = match (ty.peeled(), fuel.checked_sub(1)) {
            (Ty::Ext(path, arguments), _) => (path, arguments),
            (Ty::Adt(id, _), Some(fuel)) => {
                return self.signatures().fields[id.index()].values().any(|ty| self.may_send(ty, message, fuel));
            }
            _ => return false,
        };
        if self.kind(*path).is_some_and(|kind| kind == "watcher") {
            return true;
        }
        let known = |of: &&Ty| !of.is_unknown();
        if !self.catalogue().lists_a_member(Calls::Sends, *path) {
            return arguments.iter().any(|inner| self.may_send(inner, message, fuel));
        }
        match (arguments.first().filter(known), message.filter(known)) {
            (Some(sent), Some(received)) => sent == received,
            _ => true,
        }
    }

    /// What is sent through a channel, by the type of one of its ends; none where that is not known.
    pub fn message_of<'t>(&self, end: &'t Ty) -> Option<&'t Ty> {
        match end.peeled() {
            Ty::Ext(_, arguments) if self.is_end(end) => arguments.first().filter(|message| !message.is_unknown()),
            _ => None,
        }
    }

    /// Whether a value of a type is an end of a channel, or has one in it, through which such messages are sent.
    pub fn sends_such(&self, ty: &Ty, messages: &dyn Fn(&Ty) -> bool) -> bool {
        self.sends_such_within(ty, messages, FIELDS)
    }

    fn sends_such_within(&self, ty: &Ty, messages: &dyn Fn(&Ty) -> bool, fuel: u32) -> bool {
        match ty.peeled() {
            Ty::Ext(_, arguments) if self.is_end(ty) => arguments.first().is_some_and(messages),
            Ty::Ext(_, parts) | Ty::Tuple(parts) => {
                parts.iter().any(|part| self.sends_such_within(part, messages, fuel))
            }
            Ty::Adt(id, _) if fuel > 0 => {
                let mut fields = self.signatures().fields[id.index()].values();
                fields.any(|field| self.sends_such_within(field, messages, fuel - 1))
            }
            _ => false,
        }
    }

    /// Whether a type is an end of a channel.
    pub(in crate::index) fn is_end(&self, ty: &Ty) -> bool {
        let sends = match ty.peeled() {
            Ty::Ext(path, _) => self.catalogue().lists_a_member(Calls::Sends, *path),
            _ => false,
        };
        sends || self.is_receiver(ty)
    }

    /// An operation outside of memory, or a wait for time, that is done with each message that a site receives.
    pub fn work_per_message(&self, receive: Site) -> Option<Site> {
        let works = |site| match self.callee(site) {
            Some(Callee::External(_)) => self.callable(site).is_some_and(|callable| callable.effect.is_some()),
            _ => false,
        };
        self.done_per_message(receive, &works)
    }

    /// The first call that is done with each message that a site receives and that `wanted` accepts, or that leads to one.
    pub(in crate::index) fn done_per_message(&self, receive: Site, wanted: &dyn Fn(Site) -> bool) -> Option<Site> {
        let region = self.handling_region(receive)?;
        self.done_at_once(receive.body, Some(region), wanted, CALLS, &mut HashSet::default())
    }

    /// Whether something is received from a channel in a region, such as a loop.
    pub fn receives_in(&self, body: BodyRef, region: RegionId) -> bool {
        let facts = self.body(body);
        let mut inside = facts.iter().filter(|(_, node)| facts.is_inside(node.region, region));
        inside.any(|(node, _)| matches!(self.used_end(Site { body, node }), Some((_, Use::Receive))))
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

    /// The first call in a body, or in a region of it, that is wanted or leads to one that is; what is spawned there is no work of whoever spawns it.
    fn done_at_once(
        &self,
        body: BodyRef,
        within: Option<RegionId>,
        wanted: &dyn Fn(Site) -> bool,
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
            let called = match self.callee(site) {
                Some(Callee::Workspace(function)) if fuel > 0 => vec![*function],
                Some(Callee::Trait(function)) if fuel > 0 => self.may_call(site, *function),
                _ => Vec::new(),
            };
            let called: Vec<BodyRef> = called.into_iter().filter_map(|function| self.linked_body(function)).collect();
            let mut leads =
                |body: BodyRef| seen.insert(body) && self.done_at_once(body, None, wanted, fuel - 1, seen).is_some();
            if called.into_iter().any(&mut leads) || wanted(site) {
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
