//! Which calls come back at once, though calls of their kind may wait: what they are given or called on says so, or somebody asked before.

use rustc_hash::FxHashSet as HashSet;
use ustr::ustr;

use crate::catalogue::{Calls, Effect, Runs};
use crate::facts::model::{Body, Literal, Node, NodeId, Op, RegionId};
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::{Index, Ty};

/// Through how many calls it is looked for what keeps a thread.
const DEPTH: usize = 3;

impl Index {
    /// Whether the call itself, or the branch it stands in, says that there is nothing to wait for: `lock(file, LockExclusiveNonblock)`, `join()` behind
    /// `is_finished()`, or of a thread that is there for a moment.
    pub fn returns_at_once(&self, site: Site) -> bool {
        self.node(site).op.operands().into_iter().any(|node| self.says_at_once(Site { node, ..site }))
            || self.is_told_not_to_wait(site)
            || self.is_over_before(site)
            || self.joins_what_is_brief(site)
            || self.is_given_no_name(site)
            || self.has_room(site)
    }

    /// Whether a send finds room, or may: of a type of sender that both kinds of channel have, only one known to be of a bounded channel waits, and of
    /// these one that is made again and again is there for few words, as for an answer.
    fn has_room(&self, send: Site) -> bool {
        let Some(path) = self.external(send).filter(|path| self.catalogue().lists(Calls::Sends, *path)) else {
            return false;
        };
        let Op::Method { receiver, .. } = self.node(send).op else { return false };
        let is_for_both = path
            .rsplit_once("::")
            .is_some_and(|(owner, _)| self.kind(ustr(owner)).is_some_and(|kind| kind == "unbounded-sender"));
        let is_bounded = |made: &Site| self.callable(*made).is_some_and(|callable| callable.constructs.is_none());
        let waits = || {
            let made = self.channels_behind(Site { node: receiver, ..send });
            !made.is_empty() && made.iter().all(|made| is_bounded(made) && self.repeated(*made).is_none())
        };
        is_for_both && !waits()
    }

    /// Whether a call that looks a name up is not seen to be given one: an address is there at once, and what is generic may be either.
    fn is_given_no_name(&self, site: Site) -> bool {
        let looks_up = self.external(site).is_some_and(|path| self.catalogue().lists(Calls::LooksUpNames, path));
        let Op::Method { receiver, .. } = self.node(site).op else { return false };
        looks_up
            && match self.ty(Site { node: receiver, ..site }).peeled() {
                Ty::Tuple(parts) => !parts.first().is_some_and(Ty::is_text),
                ty => !ty.is_text(),
            }
    }

    /// Whether a call joins the thread that the same expression or function has started, and nothing that this runs is known to keep it: it is there for
    /// what a thread has of its own, as a namespace or a name.
    fn joins_what_is_brief(&self, join: Site) -> bool {
        let joins = self.callable(join).is_some_and(|callable| callable.effect == Some(Effect::Join));
        let started = self.receivers(join).into_iter().filter(|_| joins).find_map(|call| self.started_by(call));
        started.is_some_and(|closure| !self.keeps_its_thread(join.body, closure))
    }

    /// The closure that a call starts a thread with.
    fn started_by(&self, call: Site) -> Option<RegionId> {
        self.callable(call).filter(|callable| callable.runs == Runs::Thread)?;
        let (Op::Call { arguments, .. } | Op::Method { arguments, .. }) = &self.node(call).op else { return None };
        arguments.iter().find_map(|argument| match self.node(Site { node: *argument, ..call }).op {
            Op::Closure { region, .. } => Some(region),
            _ => None,
        })
    }

    /// Whether something that runs in a closure, or a few calls further in, is known to wait for long, or reaches out again and again.
    fn keeps_its_thread(&self, body: BodyRef, closure: RegionId) -> bool {
        let facts = self.body(body);
        // How often a loop goes round is not known, and what it waits for may be no call.
        let mut loops = facts.iter().filter(|(_, n)| matches!(n.op, Op::Loop { .. }));
        if loops.any(|(_, n)| facts.is_inside(n.region, closure)) {
            return true;
        }
        let mut level: Vec<Site> =
            self.call_sites(body).filter(|site| facts.is_inside(facts.node(site.node).region, closure)).collect();
        let keeps = |site: &Site| {
            let waits = self.external(*site).is_some_and(|path| self.catalogue().lists(Calls::Blocks, path));
            waits || self.effect(*site).is_some() && !self.loops_around(*site).is_empty()
        };
        for _ in 0..=DEPTH {
            if level.iter().any(keeps) {
                return true;
            }
            let called =
                level.iter().flat_map(|site| self.callees_at(site.body, site.node)).filter(|to| self.is_linked(*to));
            level = called.collect::<HashSet<BodyRef>>().into_iter().flat_map(|to| self.call_sites(to)).collect();
        }
        false
    }

    /// Whether a call keeps its thread until another program sends something, perhaps by way of a buffer around the stream.
    pub fn waits_for_a_peer(&self, call: Site) -> bool {
        let takes = self.external(call).is_some_and(|path| self.catalogue().lists(Calls::TakesNext, path));
        let Op::Method { receiver, .. } = self.node(call).op else { return false };
        takes && self.is_from_a_peer(self.ty(Site { node: receiver, ..call }))
    }

    fn is_from_a_peer(&self, ty: &Ty) -> bool {
        match ty.peeled() {
            Ty::Ext(path, of) => {
                self.catalogue().lists(Calls::Peers, *path) || of.iter().any(|inner| self.is_from_a_peer(inner))
            }
            _ => false,
        }
    }

    /// Whether a value is a mode or a time in which nothing is waited for: `Duration::ZERO`, `Duration::from_secs(0)`, `O_NONBLOCK`.
    fn says_at_once(&self, value: Site) -> bool {
        match &self.node(value).op {
            Op::Path(path) => self.catalogue().lists(Calls::AtOnce, path.last()),
            Op::Call { callee, arguments } => is_no_time(self.body(value.body), *callee, arguments),
            _ => false,
        }
    }

    /// Whether the variable that a method is called on was told before not to wait: `socket.set_nonblocking(true)`.
    fn is_told_not_to_wait(&self, site: Site) -> bool {
        let body = self.body(site.body);
        let local = |node: NodeId| match body.node(node).op {
            Op::Local(local) => Some(local),
            _ => None,
        };
        let Op::Method { receiver, .. } = self.node(site).op else { return false };
        let tells = |(_, n): (NodeId, &Node)| match &n.op {
            Op::Method { receiver: told, name, arguments, .. } => {
                let unblocks = self.catalogue().lists(Calls::Unblocks, *name);
                unblocks && local(*told) == local(receiver) && arguments.iter().any(|a| is_true(&body.node(*a).op))
            }
            _ => false,
        };
        local(receiver).is_some() && body.iter().take(site.node.index()).any(tells)
    }

    /// Whether a call stands in a branch that is entered where what it would wait for is over.
    fn is_over_before(&self, site: Site) -> bool {
        let (body, info) = (self.body(site.body), self.info(site.body));
        let asks = |node: NodeId| {
            self.external(Site { node, ..site }).is_some_and(|path| self.catalogue().lists(Calls::AsksIfOver, path))
        };
        let asks_before = |region: RegionId| match info.region_node(region).map(|owner| &body.node(owner).op) {
            Some(Op::If { condition, then, .. }) if *then == region => {
                let asked = body.node(*condition).range;
                body.iter().any(|(node, n)| asked.contains(n.range) && asks(node))
            }
            _ => false,
        };
        body.outwards(body.node(site.node).region).any(|(region, _)| asks_before(region))
    }

    /// Whether what is read from was opened so that a read which would have to wait fails instead.
    pub fn never_waits(&self, reader: Site) -> bool {
        let made = self.made_behind(reader, &|_| true);
        !made.is_empty()
            && made.into_iter().all(|making| {
                let (body, whole) = (self.body(making.body), self.node(making).range);
                let mut within = body.iter().filter(|(_, n)| whole.contains(n.range));
                within.any(|(node, n)| matches!(n.op, Op::Path(_)) && self.says_at_once(Site { node, ..making }))
            })
    }
}

/// `Duration::from_secs(0)`
fn is_no_time(body: &Body, callee: NodeId, arguments: &[NodeId]) -> bool {
    let makes_time = matches!(&body.node(callee).op, Op::Path(path) if path.last().starts_with("from_"));
    let is_zero =
        |node: &NodeId| matches!(&body.node(*node).op, Op::Literal(Literal::Number(digits, _)) if digits == "0");
    makes_time && matches!(arguments, [only] if is_zero(only))
}

fn is_true(op: &Op) -> bool {
    matches!(op, Op::Literal(Literal::Bool(true)))
}
