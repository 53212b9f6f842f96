//! Where the next connection is taken: by a call of a library, or by one of a function of the workspace that takes it and comes back; and in which loop
//! that comes again and again.

use rustc_hash::FxHashSet as HashSet;

use crate::catalogue::Calls;
use crate::facts::model::{Body, LoopKind, NodeId, Op, RegionId};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::programs::kinds::Around;

/// A loop that takes one connection in each turn.
pub struct Turn {
    pub around: Around,
    /// Where each turn waits for its connection.
    pub waits: Site,
}

impl Index {
    /// The loop that a call takes connections for until it fails: one around it, or one over the connections that it gives.
    pub fn accept_loop(&self, call: Site) -> Option<Turn> {
        let around = self.loops_around(call).into_iter().find(|around| around.endless);
        around.map(|around| Turn { around, waits: call }).or_else(|| self.fed_without_end(call))
    }

    /// As [`Index::fed_by`], if the loop is left for a failure only.
    pub fn fed_without_end(&self, call: Site) -> Option<Turn> {
        self.fed_by(call).filter(|turn| {
            let region = turn.around.region;
            match turn.around.over_items {
                true => !self.comes_to_an_end(call.body, region),
                false => self.is_left_by_failure_only(call.body, region),
            }
        })
    }

    /// The loop over the connections that a call gives one by one: `for stream in listener.incoming()`, `while let Some(stream) = incoming.next().await`.
    pub fn fed_by(&self, call: Site) -> Option<Turn> {
        if !self.accepts(call) {
            return None;
        }
        let facts = self.body(call.body);
        facts.iter().filter(|(node, _)| *node > call.node).find_map(|(_, n)| {
            let Op::Loop { kind, region, .. } = &n.op else { return None };
            let waits = match kind {
                LoopKind::For { iterated, .. } => self.gives_by_name(call, *iterated).then_some(*iterated),
                _ => self.taken_in_turn(call, *region),
            };
            Some(Turn { around: self.loop_of(call.body, *region)?, waits: Site { node: waits?, ..call } })
        })
    }

    /// The method of what a call gives that gives one more, as long as there is one, in each turn of a loop.
    fn taken_in_turn(&self, call: Site, turn: RegionId) -> Option<NodeId> {
        let facts = self.body(call.body);
        if facts.is_inside(facts.node(call.node).region, turn) {
            return None;
        }
        let called = |node: NodeId| match facts.node(node).op {
            Op::Method { receiver, .. } => {
                self.ty(Site { node, ..call }).given().is_option() && self.gives_by_name(call, receiver)
            }
            _ => false,
        };
        let is_own =
            |node: NodeId| self.loops_around(Site { node, ..call }).first().is_some_and(|around| around.region == turn);
        facts.iter().map(|(node, _)| node).find(|node| called(*node) && is_own(*node))
    }

    /// Whether a value is what a call gives, itself or by name: nothing is made of it on the way.
    fn gives_by_name(&self, call: Site, value: NodeId) -> bool {
        let chain = self.receivers(Site { node: value, ..call });
        let made = chain.iter().take_while(|at| **at != call).any(|at| matches!(self.node(*at).op, Op::Method { .. }));
        chain.contains(&call) && !made
    }

    /// Whether a call of a library takes the next connection, or gives them one by one.
    pub fn accepts(&self, call: Site) -> bool {
        self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Accepts, path))
    }

    /// Whether a call takes the next connection, here or in a function of the workspace that it may go to.
    pub fn takes_connection(&self, call: Site) -> bool {
        match self.callee(call) {
            Some(Callee::External(_)) => self.accepts(call),
            Some(Callee::Workspace(function) | Callee::Trait(function)) => {
                let taking = self.connection_takers();
                !taking.is_empty() && self.may_call(call, *function).iter().any(|to| taking.contains(to))
            }
            _ => false,
        }
    }

    /// The functions that take a connection and come back.
    fn connection_takers(&self) -> &HashSet<FnId> {
        self.taking.get_or_init(|| {
            let shipped = self.bodies().filter(|(body, ..)| !self.is_test(*body)).map(|(body, ..)| body);
            shipped.filter(|body| self.takes_one(*body)).filter_map(|body| self.function_of(body)).collect()
        })
    }

    /// Whether a body itself takes a connection, in no loop, or in one that it leaves again.
    fn takes_one(&self, body: BodyRef) -> bool {
        let itself = |site: &Site| self.is_run_by_body_itself(*site);
        let comes_back = |site: Site| {
            self.loops_around(site).iter().all(|around| !around.over_items && self.can_leave(body, around.region))
        };
        self.call_sites(body).filter(|call| self.accepts(*call)).filter(itself).any(comes_back)
    }

    /// Whether a place is run where its body is, and not in a closure or a future that stands in it.
    pub fn is_run_by_body_itself(&self, site: Site) -> bool {
        let facts = self.body(site.body);
        !facts.is_run_apart(facts.node(site.node).region, Body::ROOT)
    }
}
