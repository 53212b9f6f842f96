//! Whether what a value is made of comes with a request: followed backwards along one way of calls, from the inside out. What all requests share, such as
//! the state of the application, does not.

use rustc_hash::FxHashSet as HashSet;

use crate::catalogue::{Calls, Effect};
use crate::facts::model::{LocalId, NodeId, Op};
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::resources::Construction;
use crate::index::{Index, Ty};

/// Through how many parts of expressions a value is followed.
const PARTS: usize = 512;

/// A walk back along one way.
struct Walk<'i> {
    index: &'i Index,
    seen: HashSet<Site>,
}

impl Index {
    /// Whether what is built is made of what a request or message says, or of what somebody else was asked for it. `way` are the calls that lead from
    /// the request to the construction, the innermost first.
    pub fn comes_with_request(&self, construction: &Construction, way: &[Site]) -> bool {
        let calls = construction.through.iter().rev().copied().chain([construction.site]).chain(way.iter().copied());
        let calls: Vec<Site> = calls.collect();
        let Some((built, outer)) = calls.split_first() else { return false };
        // `reqwest::get(url)` builds a client inside, and not of what it is given.
        if !self.owns(self.ty(*built), construction.resource) {
            return false;
        }
        let mut walk = Walk { index: self, seen: HashSet::default() };
        walk.parts(*built, outer)
            || self.set_behind(*built).into_iter().any(|node| walk.value(Site { node, ..*built }, outer))
    }

    /// Whether a value is made of what a request or message says. `way` are the calls that lead from the request to it, the innermost first.
    pub fn is_made_of_a_request(&self, value: Site, way: &[Site]) -> bool {
        Walk { index: self, seen: HashSet::default() }.value(value, way)
    }

    /// What is given to the methods that are called on what a site makes, one behind the other.
    fn set_behind(&self, site: Site) -> Vec<NodeId> {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let made = info.ty(site.node);
        let is_same = |ty: &Ty| ty == made || *ty == Ty::Unknown;
        let mut given = Vec::new();
        let mut at = site.node;
        while let Some(parent) = info.parent(at) {
            match &facts.node(parent).op {
                Op::Method { receiver, arguments, .. } if *receiver == at && is_same(info.ty(parent)) => {
                    given.extend(arguments);
                }
                _ => break,
            }
            at = parent;
        }
        given
    }

    /// Whether a type is that of what all requests share: the state that a framework hands to each, what is reference-counted, a resource.
    fn is_shared_by_requests(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Ext(path, _) if self.catalogue().handlers().shared.contains(path) => true,
            Ty::Ext(path, _) if ["std::sync::Arc", "std::rc::Rc"].contains(&path.as_str()) => true,
            ty => {
                !self.owned_resources(ty.peeled()).is_empty()
                    || self.struct_behind(ty).is_some_and(|id| self.is_made_at_start(id))
            }
        }
    }
}

impl Walk<'_> {
    /// Whether one of the parts of an expression comes with the request.
    fn parts(&mut self, site: Site, outer: &[Site]) -> bool {
        let (index, body) = (self.index, self.index.body(site.body));
        let op = &index.node(site).op;
        let mut parts: Vec<NodeId> = Vec::new();
        match op {
            // What decides which branch is taken is no part of the value.
            Op::If { .. } | Op::Match { .. } => {}
            op => parts.extend(op.operands()),
        }
        // What a text names in braces is part of it.
        if let Op::Macro(call) = op
            && call.mentions.iter().any(|local| self.local(site.body, *local, outer))
        {
            return true;
        }
        if !matches!(op, Op::Closure { .. }) {
            op.regions(&mut |region| parts.extend(body.region(region).value));
        }
        parts.into_iter().any(|node| self.value(Site { node, ..site }, outer))
    }

    fn value(&mut self, site: Site, outer: &[Site]) -> bool {
        if self.seen.len() > PARTS || !self.seen.insert(site) {
            return false;
        }
        match &self.index.node(site).op {
            _ if self.index.is_shared_by_requests(self.index.ty(site)) => false,
            Op::Local(local) => self.local(site.body, *local, outer),
            Op::Call { .. } | Op::Method { .. } if self.is_asked_for(site) => true,
            _ => self.parts(site, outer),
        }
    }

    /// Whether a call waits for a message, or asks a database or somebody else: each time it may be another answer.
    fn is_asked_for(&self, site: Site) -> bool {
        let index = self.index;
        let waits = |list: Calls| index.external(site).is_some_and(|path| index.catalogue().lists(list, path));
        let asks = |effect: Effect| matches!(effect, Effect::Network | Effect::Database | Effect::Storage);
        let builds = index.callable(site).is_some_and(|callable| callable.constructs.is_some())
            || !index.owned_resources(index.ty(site)).is_empty();
        [Calls::Waits, Calls::Receives].into_iter().any(waits)
            || !builds && index.effect(site).is_some_and(|effected| asks(effected.effect))
    }

    fn local(&mut self, body: BodyRef, local: LocalId, outer: &[Site]) -> bool {
        let index = self.index;
        if index.is_given_by_a_request(body, local) {
            return true;
        }
        if let Some(parameter) = index.parameter_of(body, local) {
            return self.parameter(body, parameter, outer);
        }
        let set = index.set_on(body, local);
        let parts = index.sources(body, local).into_iter().chain(set);
        parts.collect::<Vec<_>>().into_iter().any(|node| self.value(Site { body, node }, outer))
    }

    /// What the call on the way gives for a parameter. Where the way ends, that is the request's own.
    fn parameter(&mut self, body: BodyRef, parameter: Option<usize>, outer: &[Site]) -> bool {
        let index = self.index;
        let Some(function) = index.function_of(body) else { return false };
        match outer.split_first() {
            Some((call, rest)) => {
                let given = index.operand_for(*call, function, parameter);
                given.is_some_and(|node| self.value(Site { node, ..*call }, rest))
            }
            None => parameter.is_some_and(|at| {
                let types = &index.signatures().functions[function.index()].parameters;
                types.get(at).is_some_and(|ty| !index.is_shared_by_requests(ty))
            }),
        }
    }
}
