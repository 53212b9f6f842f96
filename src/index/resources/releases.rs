//! Where values are ended: calls that close, take or drop what they are given, and functions of the workspace that do so with a parameter
//! or with parts of their receiver. Says nothing of when such a call runs.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use ustr::Ustr;

use crate::catalogue::{Calls, TypeEntry};
use crate::facts::model::{Literal, LocalId, NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::{Callee, Unknown};
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::declared::types::Ty;
use crate::index::programs::Program;

/// What a function ends: a parameter, or, as `None`, its receiver or a part of it; and the resource, where the call that ends it names one.
type Ended = (Option<usize>, Option<Ustr>);

/// What functions end.
type Closers = HashMap<FnId, BTreeSet<Ended>>;

/// All calls that end a value.
#[derive(Default)]
pub struct Releases {
    closers: Closers,
    /// By body, in evaluation order.
    sites: HashMap<BodyRef, Vec<Release>>,
}

/// A call that ends a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    pub site: Site,
    /// What is ended.
    pub operand: NodeId,
    /// The resource that is ended; none where it is whatever the operand holds, as with `drop`.
    pub resource: Option<Ustr>,
}

impl Release {
    /// Whether a resource that the operand holds is ended with it.
    pub fn ends(&self, resource: Ustr) -> bool {
        self.resource.is_none_or(|ended| ended == resource)
    }
}

/// Finds what ends values; functions that hand on what they are given to something that ends it end it as well.
pub fn find(index: &Index) -> Releases {
    let closers = index.closers();
    let mut sites: HashMap<BodyRef, Vec<Release>> = HashMap::default();
    for (body, facts, info) in index.bodies() {
        for (node, facts) in facts.iter() {
            let site = Site { body, node };
            for (operand, resource) in index.ended_by(site, &facts.op, info.callees.get(&node), &closers) {
                sites.entry(body).or_default().push(Release { site, operand, resource });
            }
        }
    }
    Releases { closers, sites }
}

impl Index {
    /// What a call of `drop` is given.
    pub fn given_to_drop(&self, call: Site) -> Option<NodeId> {
        let drops = || self.external(call).is_some_and(|path| path == "std::mem::drop");
        match &self.node(call).op {
            Op::Call { arguments, .. } if drops() => arguments.first().copied(),
            _ => None,
        }
    }

    /// Calls that end a value, in the order of files and places.
    pub fn releases(&self) -> impl Iterator<Item = &Release> {
        self.defs().bodies.iter().flat_map(|body| self.releases_in(*body))
    }

    /// Calls of a body that end a value, in evaluation order.
    pub fn releases_in(&self, body: BodyRef) -> &[Release] {
        self.releases.sites.get(&body).map_or(&[], Vec::as_slice)
    }

    /// Whether a method ends its receiver or a part of it.
    pub fn ends_receiver(&self, function: FnId) -> bool {
        self.releases.closers.get(&function).is_some_and(|ended| ended.iter().any(|(parameter, _)| parameter.is_none()))
    }

    /// Whether a program calls something that ends this resource by name, or may: a method that could not be resolved counts by its name.
    pub fn ends_by_name(&self, program: &Program, resource: Ustr) -> bool {
        let close: Vec<Ustr> =
            self.resource(resource).into_iter().flat_map(TypeEntry::close_names).map(Ustr::from).collect();
        let may_end = |site: Site| {
            let Op::Method { name, .. } = &self.node(site).op else { return false };
            let unknown = matches!(self.callee(site), Some(Callee::Unknown(Unknown::Path | Unknown::Receiver)));
            unknown && close.contains(name)
        };
        program.reach.iter().filter(|body| !self.is_test(**body)).any(|body| {
            let body = *body;
            self.releases_in(body).iter().any(|release| release.resource == Some(resource))
                || self.info(body).callees.keys().any(|node| may_end(Site { body, node: *node }))
        })
    }

    /// The methods of a type that end a value of it or parts of it, in the order of files and places.
    pub fn closing_methods(&self, id: TypeId) -> Vec<FnId> {
        let of_type = |function: &FnId| self.receiver_type(*function) == Some(id);
        let mut found: Vec<FnId> =
            self.releases.closers.keys().copied().filter(|f| self.ends_receiver(*f)).filter(of_type).collect();
        found.sort_unstable();
        found
    }

    /// Whether a method is there to end its receiver: it takes nothing else, gives back nothing, and ends a field by the method that its library
    /// has for that.
    pub fn is_a_close(&self, method: FnId) -> bool {
        let signature = &self.signatures().functions[method.index()];
        let returns = signature.returns.given();
        let nothing = match returns {
            Ty::Ext(path, arguments) if path == "std::result::Result" => arguments.first() == Some(&Ty::unit()),
            returns => *returns == Ty::unit(),
        };
        let by_name = self.defs().body_of(method).is_some_and(|body| {
            let mut releases = self.releases_in(body).iter();
            releases.any(|it| it.resource.is_some() && self.field_behind(Site { body, node: it.operand }).is_some())
        });
        signature.parameters.is_empty() && nothing && by_name && !self.defs().function(method).test
    }

    /// The type of the workspace that a method is declared for.
    pub fn receiver_type(&self, function: FnId) -> Option<TypeId> {
        self.defs().function(function).receiver.as_ref()?;
        self.type_around(function)
    }

    /// The type of the workspace whose `impl` a function stands in.
    pub fn type_around(&self, function: FnId) -> Option<TypeId> {
        match self.signatures().impl_types[self.defs().impl_of(function)?.index()].peeled() {
            Ty::Adt(id, _) => Some(*id),
            _ => None,
        }
    }

    /// The fields of its receiver that a method ends, directly or through the methods it calls.
    pub fn ended_fields(&self, function: FnId) -> BTreeSet<Ustr> {
        let mut fields = BTreeSet::new();
        self.add_ended_fields(function, &mut fields, &mut HashSet::default());
        fields
    }

    fn add_ended_fields(&self, function: FnId, fields: &mut BTreeSet<Ustr>, seen: &mut HashSet<FnId>) {
        let Some(body) = self.defs().body_of(function).filter(|b| self.is_linked(*b)) else { return };
        if !seen.insert(function) {
            return;
        }
        for release in self.releases_in(body) {
            let field = self.field_behind(Site { body, node: release.operand });
            match (field, self.callee(release.site)) {
                (Some(field), _) => {
                    fields.insert(field);
                }
                (None, Some(Callee::Workspace(inner))) => self.add_ended_fields(*inner, fields, seen),
                _ => {}
            }
        }
    }

    /// The operands that a call ends, each with the resource.
    fn ended_by(&self, site: Site, op: &Op, callee: Option<&Callee>, closers: &Closers) -> Vec<(NodeId, Option<Ustr>)> {
        let (receiver, arguments) = match op {
            Op::Method { receiver, arguments, .. } => (Some(*receiver), arguments),
            Op::Call { arguments, .. } => (None, arguments),
            _ => return Vec::new(),
        };
        match callee {
            Some(Callee::External(path)) => {
                let closes = self.callable(site).and_then(|callable| callable.closes);
                let operand = receiver.or_else(|| arguments.first().copied());
                let ends = closes.is_some() || self.catalogue().lists(Calls::TakesOut, *path);
                operand.filter(|_| ends).map(|operand| (operand, closes)).into_iter().collect()
            }
            Some(Callee::Workspace(function) | Callee::Trait(function)) => {
                let Some(ended) = closers.get(function) else { return Vec::new() };
                let takes_self = self.defs().function(*function).receiver.is_some();
                let operand = |at: &Option<usize>| match (at, receiver, takes_self) {
                    (None, Some(receiver), _) => Some(receiver),
                    (None, None, true) => arguments.first().copied(),
                    (Some(at), None, true) => arguments.get(at + 1).copied(),
                    (Some(at), _, _) => arguments.get(*at).copied(),
                    (None, None, false) => None,
                };
                ended.iter().filter_map(|(at, resource)| Some((operand(at)?, *resource))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Each round learns of the callers of what the last one found.
    fn closers(&self) -> Closers {
        let mut closers = Closers::default();
        let mut round: Vec<FnId> = self.defs().fn_ids().collect();
        while !round.is_empty() {
            let mut grown = Vec::new();
            for id in round {
                let ended = self.ended_parameters(id, &closers);
                for id in [Some(id), self.declared_as(id)].into_iter().flatten() {
                    let known = closers.get(&id).map_or(0, BTreeSet::len);
                    if !ended.is_empty() {
                        closers.entry(id).or_default().extend(&ended);
                    }
                    if closers.get(&id).map_or(0, BTreeSet::len) > known {
                        grown.push(id);
                    }
                }
            }
            let callers = grown.iter().flat_map(|id| self.calls.callers(*id));
            let callers: BTreeSet<FnId> = callers.filter_map(|call| self.function_of(call.site.body)).collect();
            round = callers.into_iter().collect();
        }
        closers
    }

    fn ended_parameters(&self, id: FnId, closers: &Closers) -> BTreeSet<Ended> {
        let Some(body) = self.defs().body_of(id).filter(|b| self.is_linked(*b)) else { return BTreeSet::new() };
        let callees = &self.info(body).callees;
        let ended = self
            .body(body)
            .iter()
            .flat_map(|(node, facts)| self.ended_by(Site { body, node }, &facts.op, callees.get(&node), closers));
        let of_parameters = |(operand, resource): (NodeId, Option<Ustr>)| {
            self.parameters_behind(body, operand).into_iter().map(move |parameter| (parameter, resource))
        };
        ended.flat_map(of_parameters).collect()
    }

    /// The trait function that a method implements.
    fn declared_as(&self, id: FnId) -> Option<FnId> {
        let block = self.defs().impl_of(id)?;
        match self.signatures().impl_traits[block.index()]? {
            crate::index::declared::signatures::TraitName::Trait(of) => {
                self.signatures().trait_functions.get(&(of, self.defs().function(id).name)).copied()
            }
            crate::index::declared::signatures::TraitName::Ext(_) => None,
        }
    }

    /// The parameters a value is a part of; `None` is the receiver.
    fn parameters_behind(&self, body: BodyRef, node: NodeId) -> BTreeSet<Option<usize>> {
        let mut found = BTreeSet::new();
        let mut seen = HashSet::default();
        let mut queue = vec![node];
        let facts = self.body(body);
        while let Some(at) = queue.pop() {
            match &facts.node(at).op {
                Op::Local(local) if seen.insert(*local) => match self.parameter_of(body, *local) {
                    Some(parameter) => {
                        found.insert(parameter);
                    }
                    None => queue.extend(self.sources(body, *local)),
                },
                Op::Field { base, .. } | Op::Index { base, .. } => queue.push(*base),
                Op::Method { receiver, .. } => queue.push(*receiver),
                Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) => queue.push(*of),
                _ => {}
            }
        }
        found
    }

    /// Whether a destructor only ends what nobody has ended before: an asynchronous method that the program calls takes the same fields out of the value.
    pub fn only_makes_up_for_a_close(&self, destructor: FnId) -> bool {
        let own = |id: FnId| self.defs().impl_of(id).map(|block| &self.signatures().impl_types[block.index()]);
        let is_beside = |id: &FnId| match (own(*id), own(destructor)) {
            (Some(Ty::Adt(one, _)), Some(Ty::Adt(other, _))) => *id != destructor && one == other,
            _ => false,
        };
        let is_own = |body: BodyRef| self.function_of(body) == Some(destructor);
        let is_called = |id: &FnId| {
            let mut calls = self.calls.callers(*id).iter().map(|call| call.site.body);
            calls.any(|body| !self.is_test(body) && !is_own(body))
        };
        let takes = self.fields_taken_by(destructor);
        let mut closing = self.defs().fn_ids().filter(|id| self.defs().function(*id).is_async && is_beside(id));
        !takes.is_empty()
            && closing.any(|id| {
                let taken = self.fields_taken_by(id);
                takes.iter().all(|field| taken.contains(field)) && is_called(&id)
            })
    }

    /// The fields that a method takes out of its receiver or turns off: `self.connection.take()`, `self.armed = false`.
    fn fields_taken_by(&self, method: FnId) -> Vec<Ustr> {
        let Some(body) = self.defs().body_of(method).filter(|body| self.is_linked(*body)) else { return Vec::new() };
        let facts = self.body(body);
        let own = |place: NodeId| match &facts.node(place).op {
            Op::Field { base, name } if matches!(facts.node(*base).op, Op::Local(LocalId(0))) => Some(*name),
            _ => None,
        };
        let taken = facts.nodes.iter().filter_map(|node| match &node.op {
            Op::Method { receiver, name, arguments, .. } if name == "take" && arguments.is_empty() => own(*receiver),
            Op::Assign { place, value } if matches!(facts.node(*value).op, Op::Literal(Literal::Bool(_))) => {
                own(*place)
            }
            _ => None,
        });
        taken.collect()
    }

    /// Which parameter a local is; `Some(None)` is the receiver.
    pub fn parameter_of(&self, body: BodyRef, local: LocalId) -> Option<Option<usize>> {
        let function = self.function_of(body)?;
        if self.defs().function(function).receiver.is_some() && local == LocalId(0) {
            return Some(None);
        }
        self.body(body).parameters.iter().position(|p| p.locals().contains(&local)).map(Some)
    }
}
