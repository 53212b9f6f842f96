//! Files that are made durable while what was written last may still be held back above them, or its error is not asked for. Judges no writer that is
//! dropped: that is an obligation's.

use ustr::Ustr;

use crate::catalogue::{Calls, TypeEntry};
use crate::facts::model::{LocalId, NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::places::Place;
use crate::index::calls::Site;
use crate::index::declared::types::Ty;
use crate::index::resources::written::writes;

/// A file that is made durable too early.
#[derive(Debug)]
pub struct SyncedEarly {
    pub sync: Site,
    /// What it is made durable of: the file, or the variable above it.
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

    /// The outermost resource that a file is got out of, or is itself, and that holds back what it was given.
    fn holder_in(&self, file: Site) -> Option<Ustr> {
        let outwards = std::iter::successors(Some(file), |at| match self.node(*at).op {
            Op::Method { receiver: of, .. } | Op::Reference { of, .. } | Op::Deref(of) => {
                Some(Site { node: of, ..*at })
            }
            _ => None,
        });
        outwards.filter_map(|at| self.holder(self.ty(at))).last()
    }

    /// The resource that a type is, where it holds back what it was given.
    fn holder(&self, ty: &Ty) -> Option<Ustr> {
        let Ty::Ext(path, _) = ty.peeled() else { return None };
        self.holds_back(self.resource(*path)?).then_some(*path)
    }

    fn holds_back(&self, entry: &TypeEntry) -> bool {
        entry.when_synced.is_some()
    }

    /// The variables of a body whose value was made around a file that stays with whoever made it, and holds back what it is given.
    fn holders_over(&self, sync: Site, file: &Place) -> Vec<(Ustr, Place)> {
        let facts = self.body(sync.body);
        let made = (0..facts.locals.len()).map(|at| LocalId(at as u32)).filter_map(|local| {
            let made = Site { node: self.init_of(sync.body, local)?, ..sync };
            let holder =
                self.callable(made)?.constructs.filter(|it| self.resource(*it).is_some_and(|e| self.holds_back(e)))?;
            self.is_lent(made, file).then_some((holder, Place::Local(local)))
        });
        made.collect()
    }

    /// Whether a call is given what a place names, or another handle of that.
    fn is_lent(&self, call: Site, place: &Place) -> bool {
        let (Op::Call { arguments, .. } | Op::Method { arguments, .. }) = &self.node(call).op else { return false };
        arguments.iter().any(|node| self.place(Site { node: *node, ..call }).as_ref() == Some(place))
    }

    /// The last call that is made with what a place names before another call of the same body; nothing that stands in another branch.
    fn last_use(&self, place: &Place, before: Site) -> Option<Site> {
        let facts = self.body(before.body);
        let own = facts.node(before.node).range;
        let earlier =
            facts.iter().filter(|(node, n)| *node < before.node && !own.contains(n.range)).map(|(node, _)| node);
        let names = |node: NodeId| self.place(Site { node, ..before }).as_ref() == Some(place);
        let uses = |node: &NodeId| match &facts.node(*node).op {
            Op::Method { receiver, arguments, .. } => names(*receiver) || arguments.iter().any(|it| names(*it)),
            Op::Call { arguments, .. } => arguments.iter().any(|it| names(*it)),
            Op::Macro(call) => call.arguments.iter().any(|it| names(*it)),
            _ => false,
        };
        let steps = earlier.filter(|node| !self.exclusive(before.body, *node, before.node)).filter(uses);
        steps.last().map(|node| Site { node, ..before })
    }
}
