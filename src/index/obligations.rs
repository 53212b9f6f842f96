//! What becomes of a value that somebody must end: the variables it is in, and on which ways out of their scope it is ended or goes on to
//! somebody else. What goes where it cannot be followed is no longer this scope's.

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use super::Index;
use super::calls::Site;
use super::defs::BodyRef;
use super::flow::Fate;
use super::ways::{Exit, Ways};
use crate::catalogue::Runs;
use crate::facts::model::*;

/// A value in a variable, from where it is bound to where the variable ends.
#[derive(Debug)]
pub struct Obligation {
    /// The variable it is bound to first.
    pub local: LocalId,
    /// Where it is bound.
    pub bound: Site,
    /// The ways out of the variable's scope; settled are those on which it was ended or handed on.
    pub ways: Ways,
    /// Calls that end it.
    pub ended: Vec<NodeId>,
    /// Places where it is handed on.
    pub handed_on: Vec<NodeId>,
}

impl Obligation {
    /// Whether nothing in its scope ends it or hands it on.
    pub fn is_forgotten(&self) -> bool {
        self.ended.is_empty() && self.handed_on.is_empty()
    }

    /// The ways on which it is forgotten though it is not on others.
    pub fn missed(&self) -> Vec<(Exit, Option<NodeId>)> {
        self.ways.open().filter(|way| way.exit != Exit::Process).map(|way| (way.exit, way.node)).collect()
    }
}

impl Index {
    /// What becomes of a resource that a site makes and that is bound to a variable of the same function; none where it is not.
    pub fn obligation(&self, made: Site, resource: Ustr) -> Option<Obligation> {
        let (bound, local) = self.bound_to(made, resource)?;
        let mut locals = HashSet::from_iter([local]);
        self.add_aliases(made.body, resource, &mut locals);
        let (ended, handed_on) = self.settled(made.body, resource, &locals);
        let settles = |node: NodeId| ended.contains(&node) || handed_on.contains(&node);
        let scope = self.body(made.body).local(local).region;
        let ways = self.ways_out(bound, scope, &settles);
        Some(Obligation { local, bound, ways, ended, handed_on })
    }

    /// The waits that a value is held across, from where it is bound to where it is ended, handed on or goes out of scope.
    pub fn held_across(&self, made: Site, resource: Ustr) -> Vec<NodeId> {
        self.obligation(made, resource).map_or_else(Vec::new, |obligation| obligation.ways.awaits)
    }

    /// The statement that binds what a site makes, and the variable; through `?`, `.await` and methods that pass the value on.
    fn bound_to(&self, made: Site, resource: Ustr) -> Option<(Site, LocalId)> {
        let (facts, info) = (self.body(made.body), self.info(made.body));
        let mut at = made.node;
        loop {
            let parent = match info.parent(at) {
                Some(parent) => parent,
                // The value of a block or branch is that of its node.
                None => {
                    let region = facts.node(at).region;
                    let owner = info.region_node(region).filter(|_| facts.region(region).value == Some(at))?;
                    if matches!(facts.node(owner).op, Op::Closure { .. } | Op::Async(_) | Op::Loop { .. }) {
                        return None;
                    }
                    at = owner;
                    continue;
                }
            };
            match &facts.node(parent).op {
                Op::Bind { pattern, .. } | Op::Let { pattern, .. } => {
                    let local = self.only_owner(made.body, pattern, resource)?;
                    return Some((Site { node: parent, ..made }, local));
                }
                Op::Match { scrutinee, arms } if *scrutinee == at => {
                    let local = arms.iter().find_map(|arm| self.only_owner(made.body, &arm.pattern, resource))?;
                    return Some((Site { node: parent, ..made }, local));
                }
                Op::Assign { place, value } if *value == at => match facts.node(*place).op {
                    Op::Local(local) => return Some((Site { node: parent, ..made }, local)),
                    _ => return None,
                },
                Op::Try(_) | Op::Await(_) => at = parent,
                Op::Method { receiver, .. } if *receiver == at && self.owns(info.ty(parent), resource) => at = parent,
                _ => return None,
            }
        }
    }

    /// The variable of a pattern that gets the resource.
    fn only_owner(&self, body: BodyRef, pattern: &Pattern, resource: Ustr) -> Option<LocalId> {
        let info = self.info(body);
        let bound = pattern.locals();
        let owning: Vec<LocalId> = bound.iter().copied().filter(|l| self.owns(info.local(*l), resource)).collect();
        match (&owning[..], &bound[..]) {
            ([only], _) => Some(*only),
            ([], [only]) if info.local(*only).is_unknown() => Some(*only),
            _ => None,
        }
    }

    /// Variables that the value is moved or lent to.
    fn add_aliases(&self, body: BodyRef, resource: Ustr, locals: &mut HashSet<LocalId>) {
        let (facts, info) = (self.body(body), self.info(body));
        loop {
            let known = locals.len();
            for (node, n) in facts.iter() {
                if !matches!(n.op, Op::Local(local) if locals.contains(&local)) {
                    continue;
                }
                if let Some(pattern) = self.rebound(body, node, resource) {
                    let owning = pattern.locals().into_iter().filter(|local| self.owns(info.local(*local), resource));
                    locals.extend(owning);
                }
            }
            if locals.len() == known {
                return;
            }
        }
    }

    /// The pattern that a use of a variable is bound to, as a whole or behind a wrapper.
    fn rebound(&self, body: BodyRef, used: NodeId, resource: Ustr) -> Option<&Pattern> {
        let (facts, info) = (self.body(body), self.info(body));
        let mut at = used;
        loop {
            let parent = info.parent(at)?;
            match &facts.node(parent).op {
                Op::Bind { pattern, .. } | Op::Let { pattern, .. } => return Some(pattern),
                Op::Match { scrutinee, arms } if *scrutinee == at => {
                    return arms.iter().map(|arm| &arm.pattern).find(|pattern| !pattern.locals().is_empty());
                }
                Op::Reference { .. } | Op::Deref(_) | Op::Try(_) | Op::Await(_) => at = parent,
                Op::Method { receiver, .. } if *receiver == at && self.owns(info.ty(parent), resource) => at = parent,
                _ => return None,
            }
        }
    }

    /// Where one of some variables is ended, and where it is handed on.
    fn settled(&self, body: BodyRef, resource: Ustr, locals: &HashSet<LocalId>) -> (Vec<NodeId>, Vec<NodeId>) {
        let (facts, info) = (self.body(body), self.info(body));
        let releases = self.releases_in(body).iter().filter(|release| {
            let variable = self.variable_behind(body, release.operand);
            release.ends(resource) && variable.is_some_and(|local| locals.contains(&local))
        });
        let ended: Vec<NodeId> = releases.map(|release| self.at_once(body, release.site.node)).collect();
        let mut handed_on = Vec::new();
        for (node, n) in facts.iter() {
            match &n.op {
                Op::Local(local) if locals.contains(local) => {
                    let site = Site { body, node };
                    let outer = self.at_once(body, node);
                    let deferred = outer != node;
                    let goes_on =
                        self.fate(site, resource) != Fate::Dies && self.rebound(body, node, resource).is_none();
                    if deferred || goes_on {
                        handed_on.push(if deferred { outer } else { info.parent(node).unwrap_or(node) });
                    }
                }
                Op::Macro(call) if !call.seen && call.mentions.iter().any(|local| locals.contains(local)) => {
                    handed_on.push(node);
                }
                _ => {}
            }
        }
        (ended, handed_on)
    }

    /// The variable that an operand is, or a part of.
    pub fn variable_behind(&self, body: BodyRef, operand: NodeId) -> Option<LocalId> {
        let facts = self.body(body);
        let mut at = operand;
        loop {
            match &facts.node(at).op {
                Op::Local(local) => return Some(*local),
                Op::Field { base, .. } | Op::Index { base, .. } => at = *base,
                Op::Method { receiver, .. } => at = *receiver,
                Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) => at = *of,
                _ => return None,
            }
        }
    }

    /// A node itself, or the closure or async block around it that runs at another time: what is in there happens when that is made, as far as
    /// the scope around it is concerned.
    fn at_once(&self, body: BodyRef, node: NodeId) -> NodeId {
        let (facts, info) = (self.body(body), self.info(body));
        let deferred = facts.outwards(facts.node(node).region).filter(|(region, r)| match r.kind {
            RegionKind::Closure => !matches!(info.runs.get(region), Some(Runs::Iteration)),
            RegionKind::Async => true,
            _ => false,
        });
        deferred.last().and_then(|(region, _)| info.region_node(region)).unwrap_or(node)
    }
}
