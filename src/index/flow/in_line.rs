//! Peers that are served in the loop that takes connections: as long as one of them keeps the program waiting, nobody else is let in.
//! Knows nothing of deadlines around such a wait, only of those that are set within.

use std::collections::BTreeSet;

use crate::facts::model::*;
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::declared::types::Ty;
use crate::index::programs::kinds::{Around, leaving};

/// A peer that is served where the next one is taken.
#[derive(Debug, Clone, Copy)]
pub struct ServedInLine {
    /// What the loop waits for.
    pub service: Site,
    /// Where the connection is taken.
    pub taken: Site,
    /// Where the peer is waited for: in the service, or in what that calls.
    pub wait: Site,
}

impl Index {
    /// Where code that is no test serves one peer after the other that connects over the network.
    pub fn served_in_line(&self) -> Vec<ServedInLine> {
        let shipped = self.bodies().filter(|(body, ..)| !self.is_test(*body)).map(|(body, ..)| body);
        let taking = shipped.filter(|body| self.call_sites(*body).any(|call| self.accepts(call)));
        let sites = taking.flat_map(|body| self.body(body).iter().map(move |(node, _)| Site { body, node }));
        sites.filter_map(|site| self.in_line(site)).collect()
    }

    fn in_line(&self, service: Site) -> Option<ServedInLine> {
        let given = self.given_to_a_service(service)?;
        let around = self.loops_around(service).into_iter().next()?;
        let facts = self.body(service.body);
        if facts.is_run_apart(facts.node(service.node).region, around.region)
            || self.asks_in_its_head(service.body, around.region)
            || self.is_limited_in(service.body, around.region)
        {
            return None;
        }
        let behind: BTreeSet<Site> = given.into_iter().flat_map(|value| self.connections_behind(value)).collect();
        let taken = behind.into_iter().find(|taken| self.is_taken_in_each_turn(*taken, service, &around))?;
        if !self.listens_to_the_network(taken) || self.is_over_with(service, around.region) {
            return None;
        }
        let wait = self.waits_for_peer(service, taken)?;
        Some(ServedInLine { service, taken, wait })
    }

    /// What a call is given that the body waits for and that may serve a peer.
    fn given_to_a_service(&self, service: Site) -> Option<Vec<Site>> {
        let to = |node: NodeId| Site { node, ..service };
        let call = match self.node(service).op {
            Op::Await(of) => to(of),
            // A function that comes back when it is done.
            Op::Call { .. } | Op::Method { .. } if !matches!(self.ty(service), Ty::Future(_)) => service,
            _ => return None,
        };
        if call != service && self.serves_one(call) {
            return Some(vec![call]);
        }
        self.callee(call).filter(|callee| matches!(callee, Callee::Workspace(_)))?;
        match &self.node(call).op {
            Op::Call { arguments, .. } | Op::Method { arguments, .. } => {
                Some(arguments.iter().map(|node| to(*node)).collect())
            }
            _ => None,
        }
    }

    /// Whether a connection is taken anew in each turn of a loop.
    fn is_taken_in_each_turn(&self, taken: Site, service: Site, around: &Around) -> bool {
        let is_fed = || self.fed_by(taken).is_some_and(|turn| turn.around.region == around.region);
        let is_inside = || {
            let innermost = self.loops_around(taken).into_iter().next();
            innermost.is_some_and(|own| own.region == around.region)
        };
        taken.body == service.body && self.accepts(taken) && (is_inside() || is_fed())
    }

    /// Whether a loop goes on for as long as a condition holds, and not for what its head takes: it waits for whoever brings that.
    fn asks_in_its_head(&self, body: BodyRef, turn: RegionId) -> bool {
        let facts = self.body(body);
        let owner = self.info(body).region_node(turn).map(|owner| &facts.node(owner).op);
        let takes = facts.nodes.iter().any(|node| node.region == turn && matches!(node.op, Op::Let { .. }));
        matches!(owner, Some(Op::Loop { kind: LoopKind::While, .. })) && !takes
    }

    /// Whether a limit is set on a socket in a loop.
    fn is_limited_in(&self, body: BodyRef, turn: RegionId) -> bool {
        let facts = self.body(body);
        let mut inside = facts.iter().filter(|(_, n)| facts.is_inside(n.region, turn));
        inside.any(|(node, _)| self.limits_a_socket(Site { body, node }))
    }

    /// Whether the loop may be left after a service, for what that came to: who waits for one peer serves nobody else.
    fn is_over_with(&self, service: Site, turn: RegionId) -> bool {
        let after = leaving(self.body(service.body), turn).filter(|node| *node > service.node);
        after.into_iter().any(|node| !self.exclusive(service.body, node, service.node))
    }

    /// Where a service of a connection waits for the peer, without any limit within.
    fn waits_for_peer(&self, service: Site, taken: Site) -> Option<Site> {
        if let Some(served) = self.served_one(service) {
            return (!self.is_served_in_time(served)).then_some(service);
        }
        let wanted =
            |site: Site| (self.served_one(site).is_some() || self.reads_or_blocks(site)) && self.is_of(site, taken);
        self.waits_for_peer_within(self.called_directly(self.unawaited(service))?, &wanted)
    }

    /// What serves one connection and is awaited.
    fn served_one(&self, site: Site) -> Option<Site> {
        let Op::Await(of) = self.node(site).op else { return None };
        Some(Site { node: of, ..site }).filter(|of| self.serves_one(*of))
    }

    /// Whether the builder of what serves a connection sets a limit.
    fn is_served_in_time(&self, served: Site) -> bool {
        let Ty::Ext(path, _) = self.ty(served) else { return false };
        self.catalogue().type_entry(*path).is_some_and(|entry| self.settings(served).includes(&entry.timeouts))
    }

    /// Whether a place reads, by a call that is awaited or one that blocks until there is something.
    fn reads_or_blocks(&self, site: Site) -> bool {
        let blocks = || match &self.node(site).op {
            Op::Method { name, arguments, .. } => {
                name.starts_with("read") && !arguments.is_empty() && !matches!(self.ty(site), Ty::Future(_))
            }
            _ => false,
        };
        self.reads(site) || blocks()
    }

    /// Whether what is read or served stems from a connection.
    fn is_of(&self, wait: Site, taken: Site) -> bool {
        let call = self.unawaited(wait);
        let from = match self.node(call).op {
            Op::Method { receiver, .. } if !self.serves_one(call) => Site { node: receiver, ..call },
            _ => call,
        };
        self.connections_behind(from).contains(&taken)
    }
}
