//! Values that are made when somebody first asks for one: where it is looked whether there is one, where it is made, and where it is put; and
//! whether two callers can be between the look and the store at the same time.

use rustc_hash::FxHashSet as HashSet;

use crate::catalogue::{Calls, TypeEntry};
use crate::facts::model::*;
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::types::Ty;
use crate::index::resources::Construction;
use crate::index::resources::keepers::Keeper;

/// A value that is made and put where it was looked for, with nothing locked in between.
#[derive(Debug)]
pub struct RacyInit {
    pub made: Construction,
    pub keeper: Keeper,
    /// The lock under which it is looked for.
    pub look: Site,
    /// The lock under which it is put there, without another look.
    pub store: Site,
    /// Whether there always is one, and it takes the place of another.
    pub replaces: bool,
}

/// A lock that is taken, on what a static or field keeps.
struct Locked {
    site: Site,
    resource: ustr::Ustr,
    keeper: Option<Keeper>,
}

/// How far a value is followed through expressions and variables.
const FUEL: u32 = 16;

impl Index {
    /// Resources that `wanted` accepts which two callers may each make, one of them for nothing. In the order of files and places.
    pub fn racy_inits(&self, wanted: impl Fn(&TypeEntry) -> bool) -> Vec<RacyInit> {
        let made = self.constructions(wanted).filter(|made| !self.is_test(made.site.body));
        made.filter_map(|made| self.racy_init(made)).collect()
    }

    fn racy_init(&self, made: &Construction) -> Option<RacyInit> {
        let locks = self.locks_in(made.site);
        if self.has_exclusive_receiver(made.site) || locks.iter().any(|lock| self.is_held_at(lock, made.site)) {
            return None;
        }
        let (before, after): (Vec<_>, Vec<_>) = locks.into_iter().partition(|lock| lock.site.node < made.site.node);
        for look in before.iter().rev().filter(|look| self.decides(look.site, made.site)) {
            let Some(keeper) = look.keeper else { continue };
            let stored = after.iter().filter(|store| store.keeper == Some(keeper)).find_map(|store| {
                let values = self.stored_blindly(store, made.site)?;
                Some((store.site, values.iter().any(|value| self.takes_a_place(*value))))
            });
            if let Some((store, replaces)) = stored {
                return Some(RacyInit { look: look.site, store, keeper, made: made.clone(), replaces });
            }
        }
        None
    }

    /// The locks and permits that are taken in the same frame as a site, in evaluation order.
    fn locks_in(&self, site: Site) -> Vec<Locked> {
        let frame = self.frame_of(site);
        let sites = self.body(site.body).iter().map(|(node, _)| Site { node, ..site });
        let taken = sites.filter(|at| self.frame_of(*at) == frame).filter_map(|at| {
            let resource = self.callable(at)?.constructs?;
            let kind = self.resource(resource)?.kind?;
            let Op::Method { receiver, .. } = &self.node(at).op else { return None };
            let keeper = self.keepers(Site { node: *receiver, ..at }).first().copied();
            (kind == "lock" || kind == "permit").then_some(Locked { site: at, resource, keeper })
        });
        taken.collect()
    }

    /// Whether the function around a site has its receiver for itself.
    fn has_exclusive_receiver(&self, site: Site) -> bool {
        let function = self.function_of(site.body).map(|function| self.defs().function(function));
        function.is_some_and(|function| matches!(function.receiver, Some(Receiver::MutableReference)))
    }

    /// Whether a lock that was taken before a site may still be held there.
    fn is_held_at(&self, lock: &Locked, at: Site) -> bool {
        if lock.site.node >= at.node {
            return false;
        }
        let body = self.body(at.body);
        let around: Vec<RegionId> = body.outwards(body.node(at.node).region).map(|(region, _)| region).collect();
        match self.obligation(lock.site, lock.resource) {
            Some(held) => {
                let ended = held.ended.iter().chain(&held.handed_on).any(|node| *node < at.node);
                around.contains(&body.local(held.local).region) && !ended
            }
            None => self.temporary_regions(lock.site).iter().any(|region| around.contains(region)),
        }
    }

    /// The branches in which a lock that is a temporary of the condition is still held: those of `if let` and `match`.
    fn temporary_regions(&self, lock: Site) -> Vec<RegionId> {
        let (body, info) = (self.body(lock.body), self.info(lock.body));
        let mut at = lock.node;
        let mut lets = false;
        while let Some(parent) = info.parent(at) {
            let op = &body.node(parent).op;
            lets |= matches!(op, Op::Let { .. });
            if matches!(op, Op::Match { .. }) || (lets && matches!(op, Op::If { .. })) {
                let mut regions = Vec::new();
                op.regions(&mut |region| regions.push(region));
                return regions;
            }
            at = parent;
        }
        Vec::new()
    }

    /// Whether what is seen under a lock decides if a site is reached: it is in a branch, or another branch returns.
    fn decides(&self, look: Site, made: Site) -> bool {
        let body = self.body(made.body);
        let around: Vec<RegionId> = body.outwards(body.node(made.node).region).map(|(region, _)| region).collect();
        body.iter().any(|(node, n)| {
            let (Op::If { condition: asked, .. } | Op::Match { scrutinee: asked, .. }) = &n.op else { return false };
            if !around.contains(&n.region)
                || !self.stems_from(Site { node: *asked, ..made }, look, &mut HashSet::default(), FUEL)
            {
                return false;
            }
            let mut branches = Vec::new();
            n.op.regions(&mut |region| branches.push(region));
            let returns = |branch: &RegionId| {
                let mut inside = body.nodes.iter().filter(|n| body.outwards(n.region).any(|(at, _)| at == *branch));
                inside.any(|n| matches!(n.op, Op::Return(_)))
            };
            let is_within = branches.iter().any(|branch| around.contains(branch));
            is_within || (node < made.node && branches.iter().any(returns))
        })
    }

    /// Whether a value is assigned where there always is one: not `Some` of it where there may be none, nor one more of several.
    fn takes_a_place(&self, value: Site) -> bool {
        let assigned = self
            .info(value.body)
            .parent(value.node)
            .is_some_and(|parent| matches!(self.body(value.body).node(parent).op, Op::Assign { .. }));
        assigned && matches!(self.ty(value).peeled(), Ty::Adt(..))
    }

    /// The values that are put in under a lock, if nothing else is done under it: nobody looks whether another one came first.
    fn stored_blindly(&self, lock: &Locked, made: Site) -> Option<Vec<Site>> {
        let (body, info) = (self.body(lock.site.body), self.info(lock.site.body));
        let uses: Vec<NodeId> = match self.obligation(lock.site, lock.resource) {
            Some(held) => {
                let is_use = |n: &Node| matches!(&n.op, Op::Local(local) if held.locals.contains(local));
                let uses = body.iter().filter(|(_, n)| is_use(n)).map(|(node, _)| node);
                uses.filter(|node| !held.ended.iter().any(|end| info.parent(*node) == Some(*end))).collect()
            }
            None => vec![lock.site.node],
        };
        let stored = |node: &NodeId| {
            let value = self.stored_through(Site { node: *node, ..lock.site });
            value.filter(|value| self.stems_from(*value, made, &mut HashSet::default(), FUEL))
        };
        uses.iter().map(stored).collect::<Option<Vec<Site>>>().filter(|values| !values.is_empty())
    }

    /// The value that is assigned to, or added to, what a guard leads to.
    fn stored_through(&self, guard: Site) -> Option<Site> {
        let (body, info) = (self.body(guard.body), self.info(guard.body));
        let mut at = guard.node;
        loop {
            let parent = info.parent(at)?;
            let call = Site { node: parent, ..guard };
            match &body.node(parent).op {
                Op::Assign { place, value } if *place == at => return Some(Site { node: *value, ..guard }),
                Op::Method { arguments, .. }
                    if self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Grows, path)) =>
                {
                    return Some(Site { node: *arguments.last()?, ..guard });
                }
                Op::Await(_) | Op::Try(_) | Op::Deref(_) | Op::Unary(_) | Op::Reference { .. } | Op::Field { .. } => {
                    at = parent
                }
                Op::Method { receiver, name, .. }
                    if *receiver == at && matches!(name.as_str(), "unwrap" | "expect" | "unwrap_or_else") =>
                {
                    at = parent;
                }
                _ => return None,
            }
        }
    }

    /// Whether a value is got from what a site gives, within its body.
    fn stems_from(&self, value: Site, from: Site, seen: &mut HashSet<NodeId>, fuel: u32) -> bool {
        if value.node == from.node {
            return true;
        }
        if fuel == 0 || !seen.insert(value.node) {
            return false;
        }
        let (body, node) = (self.body(value.body), self.node(value));
        let mut parts = match &node.op {
            Op::Local(local) => self.sources(value.body, *local),
            _ => Vec::new(),
        };
        parts.extend(node.op.operands());
        node.op.regions(&mut |region| parts.extend(body.region(region).value));
        parts.into_iter().any(|node| self.stems_from(Site { node, ..value }, from, seen, fuel - 1))
    }
}
