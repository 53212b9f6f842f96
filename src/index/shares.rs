//! What a task shares with the function that spawns it: reference-counted handles that it is given, and where the same value goes besides. Sees
//! variables of one body; what lies in fields of others is not followed.

use rustc_hash::FxHashSet as HashSet;

use super::Index;
use super::Ty;
use super::calls::Site;
use super::defs::BodyRef;
use super::infer::Callee;
use super::tasks::Task;
use crate::facts::model::*;

/// How far a value is followed through variables and what it is built of.
const FUEL: u32 = 8;

/// A value behind a reference count that a task holds for as long as it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// Where the task is given it.
    pub given: Site,
    /// The variable that the value was bound to first: all clones of it are the same value.
    pub origin: LocalId,
}

impl Index {
    /// The shared values that a task is given, in the order in which it names them.
    pub fn shared_with(&self, task: &Task) -> Vec<Shared> {
        let body = task.spawn.body;
        let (mut found, mut seen) = (Vec::new(), HashSet::default());
        for node in self.handed_to(task.spawn) {
            let Op::Local(local) = self.body(body).node(node).op else { continue };
            if is_shared(self.info(body).local(local)) && self.is_from_outside(task.spawn, local) {
                let origin = self.origin_of(body, local, FUEL);
                if seen.insert(origin) {
                    found.push(Shared { given: Site { body, node }, origin });
                }
            }
        }
        found
    }

    /// Whether a node of the same body is a shared value, a clone of it, or built of one.
    pub fn contains_shared(&self, site: Site, shared: &Shared) -> bool {
        self.is_built_of(site, shared.origin, FUEL)
    }

    /// The method calls on a shared value in the function that spawns the task, the task aside, in evaluation order.
    pub fn calls_on_shared(&self, task: &Task, shared: &Shared) -> Vec<Site> {
        let body = task.spawn.body;
        let within: HashSet<NodeId> = self.handed_to(task.spawn).into_iter().collect();
        let on_it = |node: NodeId, op: &Op| {
            let Op::Method { receiver, .. } = op else { return false };
            let Op::Local(local) = self.body(body).node(*receiver).op else { return false };
            !within.contains(&node) && self.origin_of(body, local, FUEL) == shared.origin
        };
        let nodes = self.body(body).iter().filter(|(node, n)| on_it(*node, &n.op));
        nodes.map(|(node, _)| Site { body, node }).collect()
    }

    /// The nodes of what a spawning call is given, those of closures and async blocks included.
    fn handed_to(&self, spawn: Site) -> Vec<NodeId> {
        let (body, range) = (self.body(spawn.body), self.node(spawn).range);
        let receiver = match &self.node(spawn).op {
            Op::Method { receiver, .. } => Some(body.node(*receiver).range),
            _ => None,
        };
        let inside = |node: &Node| range.contains(node.range) && receiver.is_none_or(|it| !it.contains(node.range));
        body.iter().filter(|(_, node)| inside(node)).map(|(node, _)| node).collect()
    }

    /// Whether a variable is bound outside of what a spawning call is given.
    fn is_from_outside(&self, spawn: Site, local: LocalId) -> bool {
        !self.node(spawn).range.contains(self.body(spawn.body).local(local).range)
    }

    /// The first variable that a value was bound to, through clones and references.
    fn origin_of(&self, body: BodyRef, local: LocalId, fuel: u32) -> LocalId {
        let from = self.init_of(body, local).and_then(|init| self.cloned_from(body, init));
        match from {
            Some(from) if from != local && fuel > 0 && is_shared(self.info(body).local(from)) => {
                self.origin_of(body, from, fuel - 1)
            }
            _ => local,
        }
    }

    /// The variable that an expression is, or is a clone or reference of.
    fn cloned_from(&self, body: BodyRef, node: NodeId) -> Option<LocalId> {
        let mut at = node;
        loop {
            at = match &self.body(body).node(at).op {
                Op::Local(local) => return Some(*local),
                Op::Reference { of, .. } => *of,
                Op::Method { receiver, name, .. } if name == "clone" => *receiver,
                Op::Call { arguments, .. } if self.clones(Site { body, node: at }) => *arguments.first()?,
                _ => return None,
            };
        }
    }

    fn clones(&self, call: Site) -> bool {
        self.external(call).is_some_and(|path| path.ends_with("::clone"))
    }

    fn is_built_of(&self, site: Site, origin: LocalId, fuel: u32) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        let part = |node: NodeId| self.is_built_of(Site { node, ..site }, origin, fuel);
        match &self.node(site).op {
            Op::Local(local) if is_shared(self.info(site.body).local(*local)) => {
                self.origin_of(site.body, *local, FUEL) == origin
            }
            Op::Local(local) => self.init_of(site.body, *local).filter(|init| *init < site.node).is_some_and(part),
            Op::Method { receiver, name, .. } if name == "clone" => part(*receiver),
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

/// Whether a type counts its owners.
fn is_shared(ty: &Ty) -> bool {
    matches!(ty.peeled(), Ty::Ext(path, _) if path == "std::sync::Arc" || path == "std::rc::Rc")
}
