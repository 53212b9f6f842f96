//! What a program runs only in the background: in tasks and threads whose handle is dropped, so that nobody waits for them. Looked at while
//! programs are judged, before what becomes of values is known.

use crate::catalogue::{Calls, Effect, Runs};
use crate::facts::model::{NodeId, Op, PatternKind};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::declared::types::Ty;

impl Index {
    /// Whether a site runs in a task or thread, of the same body, whose handle is dropped where it is spawned.
    pub(in crate::index) fn is_let_go(&self, site: Site) -> bool {
        self.with_all_around(site).any(|node| self.spawns_and_forgets(node))
    }

    /// Whether a site runs in a task or thread, of the same body, that nobody waits for: its handle is dropped, or lies in a field that nothing uses.
    pub(in crate::index) fn is_left_alone(&self, site: Site) -> bool {
        let lies_unused = |spawn: Site| {
            let handle = self.callable(spawn).filter(|it| matches!(it.runs, Runs::Task | Runs::Thread));
            let field = handle.and_then(|it| self.stored_in(spawn, it.constructs?));
            field.is_some_and(|(owner, field)| self.is_only_asked(owner, field))
        };
        self.is_let_go(site) || self.with_all_around(site).any(lies_unused)
    }

    /// A node and all that it is a part of in its body, from the inside out.
    fn with_all_around(&self, site: Site) -> impl Iterator<Item = Site> {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let outwards = move |at: &NodeId| info.parent(*at).or_else(|| info.region_node(facts.node(*at).region));
        std::iter::successors(Some(site.node), outwards).map(move |node| Site { node, ..site })
    }

    /// Whether a call spawns something, and nothing is done with its handle.
    fn spawns_and_forgets(&self, call: Site) -> bool {
        let Some(callable) = self.callable(call) else { return false };
        let handle = callable.constructs.and_then(|handle| self.resource(handle));
        let is_plain = handle.is_some_and(|entry| entry.when_dropped.is_none() && entry.kind.is_some());
        matches!(callable.runs, Runs::Task | Runs::Thread) && is_plain && self.is_dropped(call)
    }

    /// Whether a value is unwrapped at most, and then dropped: at once, or in a variable that nothing names.
    fn is_dropped(&self, value: Site) -> bool {
        let (facts, info) = (self.body(value.body), self.info(value.body));
        let mut at = value.node;
        loop {
            let Some(parent) = info.parent(at) else { return facts.region(facts.node(at).region).value != Some(at) };
            match &facts.node(parent).op {
                Op::Discard(_) => return true,
                Op::Bind { pattern, .. } => {
                    return match &pattern.kind {
                        PatternKind::Wild => true,
                        PatternKind::Bind { local, .. } => {
                            facts.uses(*local).all(|node| self.only_ends(Site { node, ..value }))
                        }
                        _ => false,
                    };
                }
                Op::Try(_) => at = parent,
                Op::Method { receiver, name, .. }
                    if *receiver == at && matches!(name.as_str(), "unwrap" | "expect") =>
                {
                    at = parent;
                }
                _ => return false,
            }
        }
    }

    /// Whether a handle is used to end the task, and not to wait for it.
    fn only_ends(&self, handle: Site) -> bool {
        let Some(node) = self.info(handle.body).parent(handle.node) else { return false };
        let callable = self.callable(Site { node, ..handle });
        callable.is_some_and(|callable| callable.closes.is_some() && callable.effect != Some(Effect::Join))
    }

    /// Whether a body, in its own course, waits for a word or a message, or for something of which nothing is known.
    pub(in crate::index) fn waits_for_a_word(&self, body: BodyRef) -> bool {
        let waits = |site: Site| match self.node(site).op {
            Op::Await(of) => {
                let ty = self.ty(Site { node: of, ..site });
                self.tells_once(ty) || !self.is_described(ty)
            }
            Op::Call { .. } | Op::Method { .. } => {
                let listed = |list| self.external(site).is_some_and(|path| self.catalogue().lists(list, path));
                listed(Calls::Stops) || listed(Calls::Receives)
            }
            _ => false,
        };
        let sites = self.body(body).iter().map(|(node, _)| Site { body, node });
        sites.into_iter().any(|site| waits(site) && !self.runs_apart(site))
    }

    /// Whether it is known what awaiting a value of a type waits for.
    fn is_described(&self, ty: &Ty) -> bool {
        match ty.peeled() {
            Ty::Unknown | Ty::Param(_) | Ty::Bounded(_) => false,
            Ty::Ext(path, _) => self.catalogue().type_entry(*path).is_some(),
            _ => true,
        }
    }
}
