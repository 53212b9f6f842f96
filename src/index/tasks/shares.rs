//! What a task shares with the function that spawns it: reference-counted handles that it is given, and where the same value goes besides. Sees
//! variables of one body, and fields of these.

use rustc_hash::FxHashSet as HashSet;

use crate::catalogue::{Calls, Runs};
use crate::facts::model::*;
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::flow::handles::is_counted;
use crate::index::tasks::{Task, Work};

/// How far a value is followed through what it is built of.
const FUEL: u32 = 8;

/// A value behind a reference count that a task holds for as long as it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// Where the task is given it.
    pub given: Site,
    /// The variable that the value was bound to first: all clones of it are the same value.
    pub origin: LocalId,
}

/// A thread that sleeps for a time and then acts on what the function that spawned it works with: it is there for the case that this takes too long.
#[derive(Debug, Clone, Copy)]
pub struct Watchdog {
    pub sleep: Site,
    /// Where it acts, once it wakes.
    pub acts: Site,
    /// Where the function goes on with the same value in the meantime.
    pub watched: Site,
}

impl Index {
    /// The watchdog that a thread is: nothing can wake it, so it sleeps its time out when what it watches is long done.
    pub fn watchdog(&self, task: &Task) -> Option<Watchdog> {
        let [Work::Region(region)] = task.work[..] else { return None };
        let (body, facts) = (task.spawn.body, self.body(task.spawn.body));
        let inside: Vec<NodeId> =
            facts.iter().filter(|(_, node)| facts.is_inside(node.region, region)).map(|(node, _)| node).collect();
        if task.runs != Runs::Thread || inside.iter().any(|node| matches!(facts.node(*node).op, Op::Loop { .. })) {
            return None;
        }
        let at = |node: NodeId| Site { body, node };
        let sleeps =
            |node: &NodeId| self.external(at(*node)).is_some_and(|path| self.catalogue().lists(Calls::Pauses, path));
        let sleep = inside.iter().copied().find(sleeps)?;
        let behind = inside.iter().copied().filter(|node| *node > sleep);
        let (acts, watched) = behind.into_iter().find_map(|node| {
            let Op::Local(local) = facts.node(node).op else { return None };
            let original = self.cloned_from(at(self.init_of(body, local)?))?;
            let goes_on = facts.iter().find(|(other, n)| {
                *other > task.spawn.node
                    && matches!(n.op, Op::Local(used) if used == original)
                    && !inside.contains(other)
            });
            Some((node, goes_on?.0))
        })?;
        Some(Watchdog { sleep: at(sleep), acts: at(acts), watched: at(watched) })
    }

    /// The shared values that a task is given, in the order in which it names them.
    pub fn shared_with(&self, task: &Task) -> Vec<Shared> {
        let body = task.spawn.body;
        let (mut found, mut seen) = (Vec::new(), HashSet::default());
        for node in self.handed_to(task.spawn) {
            let Op::Local(local) = self.body(body).node(node).op else { continue };
            if is_counted(self.info(body).local(local)) && self.is_from_outside(task.spawn, local) {
                let Some(origin) = self.first_handle(body, local) else { continue };
                if seen.insert(origin) {
                    found.push(Shared { given: Site { body, node }, origin });
                }
            }
        }
        found
    }

    /// Whether a node of the same body is a shared value, a clone of it, or built of one; also by way of the variable out of whose field it was cloned.
    pub fn contains_shared(&self, site: Site, shared: &Shared) -> bool {
        let owner = self.cloned_out_of(site.body, shared.origin);
        self.is_built_of(site, shared.origin, FUEL) || owner.is_some_and(|owner| self.is_built_of(site, owner, FUEL))
    }

    /// The method calls on a shared value in the function that spawns the task, the task aside, in evaluation order.
    pub fn calls_on_shared(&self, task: &Task, shared: &Shared) -> Vec<Site> {
        let body = task.spawn.body;
        let within: HashSet<NodeId> = self.handed_to(task.spawn).into_iter().collect();
        let on_it = |node: NodeId, op: &Op| {
            let Op::Method { receiver, .. } = op else { return false };
            let Op::Local(local) = self.body(body).node(*receiver).op else { return false };
            !within.contains(&node) && self.first_handle(body, local) == Some(shared.origin)
        };
        let nodes = self.body(body).iter().filter(|(node, n)| on_it(*node, &n.op));
        nodes.map(|(node, _)| Site { body, node }).collect()
    }

    /// The nodes of what a spawning call is given, those of closures and async blocks included.
    pub(in crate::index) fn handed_to(&self, spawn: Site) -> Vec<NodeId> {
        let (body, range) = (self.body(spawn.body), self.node(spawn).range);
        let receiver = match &self.node(spawn).op {
            Op::Method { receiver, .. } => Some(body.node(*receiver).range),
            _ => None,
        };
        let inside = |node: &Node| range.contains(node.range) && receiver.is_none_or(|it| !it.contains(node.range));
        body.iter().filter(|(_, node)| inside(node)).map(|(node, _)| node).collect()
    }

    /// Whether a variable is bound outside of what a spawning call is given.
    pub(in crate::index) fn is_from_outside(&self, spawn: Site, local: LocalId) -> bool {
        !self.node(spawn).range.contains(self.body(spawn.body).local(local).range)
    }

    fn is_built_of(&self, site: Site, origin: LocalId, fuel: u32) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        let part = |node: NodeId| self.is_built_of(Site { node, ..site }, origin, fuel);
        match &self.node(site).op {
            Op::Local(local) if *local == origin => true,
            Op::Local(local) if is_counted(self.info(site.body).local(*local)) => {
                self.first_handle(site.body, *local) == Some(origin)
            }
            Op::Local(local) => self.init_of(site.body, *local).filter(|init| *init < site.node).is_some_and(part),
            Op::Method { .. } => self.cloned(site).is_some_and(part),
            Op::Struct { fields, .. } => fields.iter().any(|(_, value)| part(*value)),
            Op::Tuple(parts) => parts.iter().any(|value| part(*value)),
            Op::Call { arguments, .. } => self.builds(site) && arguments.iter().any(|value| part(*value)),
            Op::Block(region) => self.body(site.body).region(*region).value.is_some_and(part),
            _ => false,
        }
    }

    /// Whether a call puts what it is given into what it returns: a variant or tuple struct, a box, a clone.
    fn builds(&self, call: Site) -> bool {
        match self.callee(call) {
            Some(Callee::Constructor(..)) => true,
            Some(Callee::External(path)) => {
                ["::Ok", "::Some", "::clone", "Arc::new", "Box::new"].iter().any(|end| path.ends_with(end))
            }
            _ => false,
        }
    }
}
