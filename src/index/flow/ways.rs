//! The ways out of a scope: from a place in it to its end, to a `?`, `return`, `break` or `continue`, and what has happened on each of them.
//! Panics are no way out here. Knows regions and nodes; what settles an obligation is asked of others.

use std::collections::BTreeMap;

use crate::catalogue::{Calls, Runs};
use crate::facts::model::*;
use crate::index::Index;
use crate::index::bodies::infer::{BodyInfo, Callee};
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::declared::types::Ty;

/// How a scope is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// At its end.
    End,
    /// With an error: `?`, `bail!`, `return Err(..)`, or an `Err(..)` as the last value.
    Error,
    Return,
    Break,
    Continue,
    /// The process ends here, and no destructor runs.
    Process,
}

/// A way out of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    pub exit: Exit,
    /// The node that leaves; none at the end of the scope.
    pub node: Option<NodeId>,
    /// Whether it can be taken before the obligation is settled.
    pub open: bool,
    /// Whether it can be taken after the obligation is settled.
    pub settled: bool,
}

/// All ways from a place in a scope out of it.
#[derive(Debug, Default)]
pub struct Ways {
    pub all: Vec<Way>,
    /// Waits that are passed before the obligation is settled: a future that is dropped there goes no further.
    pub awaits: Vec<NodeId>,
}

impl Ways {
    /// The ways that can be taken before the obligation is settled.
    pub fn open(&self) -> impl Iterator<Item = &Way> {
        self.all.iter().filter(|way| way.open)
    }

    /// Whether some way is taken only after the obligation is settled.
    pub fn settles_somewhere(&self) -> bool {
        self.all.iter().any(|way| way.settled)
    }
}

/// What can be true at a point: neither means that it is not reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    open: bool,
    settled: bool,
}

impl State {
    const UNREACHED: State = State { open: false, settled: false };
    const OPEN: State = State { open: true, settled: false };

    fn or(self, other: State) -> State {
        State { open: self.open || other.open, settled: self.settled || other.settled }
    }

    fn is_reached(self) -> bool {
        self.open || self.settled
    }
}

/// What jumps to a loop or labelled block carry there.
struct Join {
    region: RegionId,
    breaks: State,
    continues: State,
}

struct Walk<'w> {
    index: &'w Index,
    body: BodyRef,
    facts: &'w Body,
    info: &'w BodyInfo,
    scope: RegionId,
    settles: &'w dyn Fn(NodeId) -> bool,
    joins: Vec<Join>,
    ways: BTreeMap<(Exit, Option<NodeId>), State>,
    awaits: Vec<NodeId>,
}

impl Index {
    /// The ways from behind a node out of a region around it, with nothing settled at first; `settles` tells where the obligation is.
    pub fn ways_out(&self, from: Site, scope: RegionId, settles: &dyn Fn(NodeId) -> bool) -> Ways {
        let (facts, info) = (self.body(from.body), self.info(from.body));
        let mut walk = Walk {
            index: self,
            body: from.body,
            facts,
            info,
            scope,
            settles,
            joins: Vec::new(),
            ways: BTreeMap::new(),
            awaits: Vec::new(),
        };
        walk.start(from.node);
        let way = |((exit, node), state): ((Exit, Option<NodeId>), State)| Way {
            exit,
            node,
            open: state.open,
            settled: state.settled,
        };
        walk.awaits.sort_unstable();
        walk.awaits.dedup();
        Ways { all: walk.ways.into_iter().map(way).collect(), awaits: walk.awaits }
    }

    /// The region that `return` and `?` at a place leave: a closure, an async block or the whole body.
    pub fn frame_of(&self, site: Site) -> RegionId {
        let facts = self.body(site.body);
        let mut around = facts.outwards(facts.node(site.node).region);
        around
            .find(|(_, r)| matches!(r.kind, RegionKind::Closure | RegionKind::Async))
            .map_or(Body::ROOT, |(region, _)| region)
    }

    /// A node as a region around it sees it: what stands in a closure or task happens when that is made. None outside of the region.
    pub fn seen_from(&self, body: BodyRef, node: NodeId, scope: RegionId) -> Option<NodeId> {
        let (facts, info) = (self.body(body), self.info(body));
        let mut seen = node;
        for (region, r) in facts.outwards(facts.node(node).region) {
            if region == scope {
                return Some(seen);
            }
            let deferred = match r.kind {
                RegionKind::Closure => !matches!(info.runs.get(&region), Some(Runs::Iteration)),
                RegionKind::Async => true,
                _ => false,
            };
            if deferred {
                seen = info.region_node(region)?;
            }
        }
        None
    }

    /// Whether a value is `Ok(..)`.
    pub fn is_ok(&self, site: Site) -> bool {
        self.external(site).is_some_and(|path| path == "std::result::Result::Ok")
    }

    /// Whether a value says that something failed: `Err(..)`, or a macro that returns an error.
    pub fn is_failure(&self, site: Site) -> bool {
        match &self.node(site).op {
            Op::Call { .. } => self.external(site).is_some_and(|path| path == "std::result::Result::Err"),
            Op::Macro(_) => self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Bails, path)),
            Op::Method { receiver, name, .. } if name == "into" => self.is_failure(Site { node: *receiver, ..site }),
            _ => false,
        }
    }
}

impl Walk<'_> {
    /// From a node to the end of its region, and on through the regions around it to the end of the scope. A branch or arm whose condition or
    /// pattern the node is a part of is gone through from its start.
    fn start(&mut self, from: NodeId) {
        let start = self.facts.node(from).region;
        if !self.facts.outwards(start).any(|(region, _)| region == self.scope) {
            let end = self.nodes(self.scope, None, State::OPEN);
            let end = self.fails_at_the_end(self.scope, end);
            return self.note(Exit::End, None, end);
        }
        let inside: Vec<RegionId> =
            self.facts.outwards(start).map(|(region, _)| region).take_while(|region| *region != self.scope).collect();
        for region in inside.iter().rev() {
            self.join(*region);
        }
        let (mut region, mut after, mut state) = (start, from, State::OPEN);
        loop {
            state = self.nodes(region, Some(after), state);
            state = self.fails_at_the_end(region, state);
            if region == self.scope {
                break;
            }
            state = self.leave(region, state);
            let Some(owner) = self.info.region_node(region) else { break };
            (region, after) = (self.facts.node(owner).region, owner);
        }
        self.note(Exit::End, None, state);
    }

    fn join(&mut self, region: RegionId) {
        self.joins.push(Join { region, breaks: State::UNREACHED, continues: State::UNREACHED });
    }

    /// What holds behind a region whose end is reached in a state, with the jumps to it.
    fn leave(&mut self, region: RegionId, end: State) -> State {
        let Some(join) = self.joins.pop() else { return end };
        let owner = self.info.region_node(region).map(|owner| &self.facts.node(owner).op);
        match owner {
            Some(Op::Loop { kind: LoopKind::Loop, .. }) => join.breaks,
            Some(Op::Loop { .. }) => end.or(join.continues).or(join.breaks),
            _ => end.or(join.breaks),
        }
    }

    /// A region from its start, entered in a state.
    fn region(&mut self, region: RegionId, state: State) -> State {
        self.join(region);
        let end = self.nodes(region, None, state);
        let end = self.fails_at_the_end(region, end);
        self.leave(region, end)
    }

    /// The body of a loop, as often as it takes to know what later turns begin with.
    fn turns(&mut self, region: RegionId, kind: &LoopKind, state: State) -> State {
        self.join(region);
        let first = self.nodes(region, None, state);
        let again = state.or(first).or(self.joins.last().map_or(State::UNREACHED, |join| join.continues));
        let end = if again == state { first } else { first.or(self.nodes(region, None, again)) };
        let behind = self.leave(region, end);
        // A `while` or `for` may take no turn at all.
        if matches!(kind, LoopKind::Loop) { behind } else { behind.or(state) }
    }

    fn nodes(&mut self, region: RegionId, after: Option<NodeId>, mut state: State) -> State {
        let facts = self.facts;
        let nodes = &facts.region(region).nodes;
        let first = after.and_then(|after| nodes.iter().position(|node| *node == after)).map_or(0, |at| at + 1);
        for node in &nodes[first..] {
            if !state.is_reached() {
                break;
            }
            state = self.node(*node, state);
        }
        state
    }

    fn node(&mut self, id: NodeId, state: State) -> State {
        let facts = self.facts;
        let after = match &facts.node(id).op {
            Op::If { then, otherwise, .. } => {
                let taken = self.region(*then, state);
                taken.or(otherwise.map_or(state, |region| self.region(region, state)))
            }
            Op::Match { arms, .. } => {
                arms.iter().fold(State::UNREACHED, |all, arm| all.or(self.region(arm.region, state)))
            }
            Op::Select { arms, otherwise } => {
                self.wait(id, state);
                let first = arms.iter().fold(State::UNREACHED, |all, arm| all.or(self.region(arm.region, state)));
                first.or(otherwise.map_or(State::UNREACHED, |region| self.region(region, state)))
            }
            Op::Loop { kind, region } => self.turns(*region, kind, state),
            Op::Block(region) => self.region(*region, state),
            Op::Bind { otherwise: Some(otherwise), .. } => {
                self.region(*otherwise, state);
                state
            }
            Op::Await(_) => {
                self.wait(id, state);
                state
            }
            Op::Try(_) => {
                self.note(Exit::Error, Some(id), state);
                state
            }
            Op::Return(value) => {
                let fails = value.is_some_and(|value| self.index.is_failure(self.site(value)));
                self.note(if fails { Exit::Error } else { Exit::Return }, Some(id), state);
                State::UNREACHED
            }
            Op::Break(_) | Op::Continue => self.jump(id, state),
            Op::Call { .. } | Op::Method { .. } | Op::Macro(_) => self.call(id, state),
            _ => state,
        };
        if after.is_reached() && (self.settles)(id) { State { open: false, settled: true } } else { after }
    }

    fn wait(&mut self, id: NodeId, state: State) {
        if state.open {
            self.awaits.push(id);
        }
    }

    fn jump(&mut self, id: NodeId, state: State) -> State {
        let breaks = matches!(self.facts.node(id).op, Op::Break(_));
        let target = self.facts.jump_target(id);
        match self.joins.iter_mut().rev().find(|join| Some(join.region) == target) {
            Some(join) if breaks => join.breaks = join.breaks.or(state),
            Some(join) => join.continues = join.continues.or(state),
            None => self.note(if breaks { Exit::Break } else { Exit::Continue }, Some(id), state),
        }
        State::UNREACHED
    }

    /// Calls that do not come back, or that may return from the function around them.
    fn call(&mut self, id: NodeId, state: State) -> State {
        let path = match self.info.callees.get(&id) {
            Some(Callee::External(path)) => *path,
            Some(Callee::Workspace(function)) => {
                let returns = &self.index.signatures().functions[function.index()].returns;
                return if *returns == Ty::Never { State::UNREACHED } else { state };
            }
            _ => return state,
        };
        let lists = |list| self.index.catalogue().lists(list, path);
        if lists(Calls::Exits) {
            self.note(Exit::Process, Some(id), state);
            return State::UNREACHED;
        }
        if lists(Calls::Diverges) {
            return State::UNREACHED;
        }
        if lists(Calls::Bails) {
            self.note(Exit::Error, Some(id), state);
            return State::UNREACHED;
        }
        if lists(Calls::Ensures) {
            self.note(Exit::Error, Some(id), state);
        }
        state
    }

    /// `Err(..)` as the last value of a branch that is the last value of the function around it.
    fn fails_at_the_end(&mut self, region: RegionId, end: State) -> State {
        let value = self.facts.region(region).value;
        match value {
            Some(value) if self.index.is_failure(self.site(value)) && self.is_tail(region) => {
                self.note(Exit::Error, Some(value), end);
                State::UNREACHED
            }
            _ => end,
        }
    }

    /// Whether a region's value is that of the closure, async block or body around it.
    fn is_tail(&self, region: RegionId) -> bool {
        let mut at = region;
        loop {
            let Some(owner) = self.info.region_node(at) else { return true };
            if matches!(self.facts.region(at).kind, RegionKind::Closure | RegionKind::Async) {
                return true;
            }
            if !matches!(self.facts.node(owner).op, Op::If { .. } | Op::Match { .. } | Op::Block(_) | Op::Select { .. })
            {
                return false;
            }
            let outer = self.facts.node(owner).region;
            if self.facts.region(outer).value != Some(owner) {
                return false;
            }
            at = outer;
        }
    }

    fn note(&mut self, exit: Exit, node: Option<NodeId>, state: State) {
        if state.is_reached() {
            let known = self.ways.entry((exit, node)).or_default();
            *known = known.or(state);
        }
    }

    fn site(&self, node: NodeId) -> Site {
        Site { body: self.body, node }
    }
}
