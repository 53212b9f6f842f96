//! Files that are made durable while what was written last may still be held back above them, or its error is not asked for. Judges no writer that is
//! dropped: that is an obligation's.

use ustr::Ustr;

use crate::catalogue::Calls;
use crate::facts::model::{LocalId, NodeId, Op, RegionId, RegionKind};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::places::Place;
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::declared::types::Ty;
use crate::index::resources::written::writes;

/// A file that is made durable too early.
#[derive(Debug)]
pub struct SyncedEarly {
    pub sync: Site,
    /// The file, or the variable that lies above it.
    pub of: Place,
    /// What was written last before that.
    pub write: Site,
    /// The resource that holds it back, or its error.
    pub holder: Ustr,
}

impl Index {
    /// Where a file is made durable, and the last that was done before with it, or with what lies above it, was to write. In the order of files and places.
    pub fn synced_early(&self) -> Vec<SyncedEarly> {
        self.look(|view, node| (!self.is_test(view.body)).then(|| self.synced_early_at(view.site(node)))?)
    }

    fn synced_early_at(&self, sync: Site) -> Option<SyncedEarly> {
        self.external(sync).filter(|path| self.catalogue().lists(Calls::Syncs, *path))?;
        let Op::Method { receiver, .. } = self.node(sync).op else { return None };
        let file = self.place(Site { node: receiver, ..sync })?;
        let through = self.holder_in(Site { node: receiver, ..sync }).map(|holder| (holder, file.clone()));
        let mut holders = through.into_iter().chain(self.holders_over(sync, &file));
        holders.find_map(|(holder, place)| {
            let write = self.last_use(&place, sync).filter(|step| self.is_a_write(*step))?;
            Some(SyncedEarly { sync, of: place, write, holder })
        })
    }

    /// Whether a call does nothing but write; of one that is not known, by its name: a type of the workspace has such methods from a library's trait.
    fn is_a_write(&self, step: Site) -> bool {
        let by_name = match (&self.node(step).op, self.callee(step)) {
            (Op::Method { name, .. }, Some(Callee::Unknown(_))) => self.catalogue().lists(Calls::Writes, *name),
            _ => false,
        };
        by_name || writes(self.view(step.body), step.node)
    }

    /// The outermost resource that a file is, or is lent out of, and that holds back what it was given. What is taken out of one has been ended by that, or
    /// is told of as its part.
    fn holder_in(&self, file: Site) -> Option<Ustr> {
        let outwards = std::iter::successors(Some(file), |at| match self.node(*at).op {
            Op::Reference { of, .. } | Op::Deref(of) => Some(Site { node: of, ..*at }),
            Op::Method { receiver, .. } if matches!(self.ty(*at), Ty::Ref(_)) => Some(Site { node: receiver, ..*at }),
            _ => None,
        });
        outwards.filter_map(|at| self.holder(self.ty(at))).last()
    }

    /// The resource that a type is, where it holds back what it was given.
    fn holder(&self, ty: &Ty) -> Option<Ustr> {
        let Ty::Ext(path, _) = ty.peeled() else { return None };
        self.holds_back(*path).then_some(*path)
    }

    fn holds_back(&self, resource: Ustr) -> bool {
        self.resource(resource).is_some_and(|entry| entry.when_synced.is_some())
    }

    /// The variables in scope whose value was made around a file that stays with whoever made it, and holds back what it is given.
    fn holders_over(&self, sync: Site, file: &Place) -> Vec<(Ustr, Place)> {
        let facts = self.body(sync.body);
        let around: Vec<RegionId> = facts.outwards(facts.node(sync.node).region).map(|(region, _)| region).collect();
        let locals = (0..facts.locals.len()).map(|at| LocalId(at as u32));
        let made = locals.filter(|local| around.contains(&facts.local(*local).region)).filter_map(|local| {
            let made = Site { node: self.init_of(sync.body, local)?, ..sync };
            let holder = self.callable(made)?.constructs.filter(|it| self.holds_back(*it))?;
            self.is_lent(made, file).then_some((holder, Place::Local(local)))
        });
        made.collect()
    }

    /// Whether a call is given what a place names, or another handle of that.
    fn is_lent(&self, call: Site, place: &Place) -> bool {
        let (Op::Call { arguments, .. } | Op::Method { arguments, .. }) = &self.node(call).op else { return false };
        arguments.iter().any(|node| self.place(Site { node: *node, ..call }).as_ref() == Some(place))
    }

    /// The last that is done with what a place names, or with what that is a part of, before a call of the same body comes to it. A macro that is not read may
    /// do anything.
    fn last_use(&self, place: &Place, before: Site) -> Option<Site> {
        let facts = self.body(before.body);
        let own = facts.node(before.node).range;
        let earlier =
            facts.iter().filter(|(node, n)| *node < before.node && !own.contains(n.range)).map(|(node, _)| node);
        let names = |node: NodeId| self.place(Site { node, ..before }).is_some_and(|named| place.is_within(&named));
        let uses = |node: &NodeId| match &facts.node(*node).op {
            Op::Macro(call) => !call.seen || call.arguments.iter().any(|it| names(*it)),
            op @ (Op::Method { .. } | Op::Call { .. } | Op::Struct { .. } | Op::Tuple(_) | Op::Array(_)) => {
                op.operands().into_iter().any(names)
            }
            // What is stored through a reference does not take the place of what it was got with.
            Op::Assign { place, .. } => !matches!(facts.node(*place).op, Op::Deref(_)) && names(*place),
            _ => false,
        };
        let steps = earlier.filter(uses).filter(|node| self.leads_on_to(before.body, *node, before.node));
        steps.last().map(|node| Site { node, ..before })
    }

    /// Whether a run that comes to a node may come to a later one: they stand in no two branches of one choice, and what follows the first does not leave the
    /// blocks that both stand in.
    fn leads_on_to(&self, body: BodyRef, node: NodeId, later: NodeId) -> bool {
        let facts = self.body(body);
        let common = |region: RegionId| facts.is_inside(facts.node(later).region, region);
        let own = facts.outwards(facts.node(node).region).take_while(|(at, _)| !common(*at));
        let leaves = |it: NodeId| match facts.node(it).op {
            Op::Return(_) => true,
            Op::Break(_) | Op::Continue => facts.jump_target(it).is_some_and(common),
            _ => false,
        };
        let frame = own.take_while(|(_, region)| !matches!(region.kind, RegionKind::Closure | RegionKind::Async));
        let mut after = frame.flat_map(|(_, region)| region.nodes.iter().copied()).filter(|it| *it > node);
        !self.exclusive(body, node, later) && !after.any(leaves)
    }
}
