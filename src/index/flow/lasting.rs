//! Errors that last: whether what has failed will fail again at once, and which kind of error code asks for.

use ustr::Ustr;

use crate::catalogue::Calls;
use crate::facts::model::{Arm, NodeId, Op, Path, Pattern, PatternKind, RegionId};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::declared::names::{Resolved, Space};
use crate::index::{Index, Ty};

/// Through how many calls an error is followed to the operation that it is of.
const CALLS: u32 = 3;

impl Index {
    /// The call behind another that, once it has failed, fails again at once for as long as its cause lasts: the call itself, or one whose error a
    /// function of the workspace passes on without having waited for anything before.
    pub fn fails_at_once(&self, call: Site) -> Option<Site> {
        self.fails_at_once_within(call, CALLS)
    }

    fn fails_at_once_within(&self, call: Site, fuel: u32) -> Option<Site> {
        if let Some(path) = self.external(call) {
            let lists = |list| self.catalogue().lists(list, path);
            return (lists(Calls::FailsAtOnce) || lists(Calls::Accepts)).then_some(call);
        }
        let (Some(Callee::Workspace(function) | Callee::Trait(function)), Some(fuel)) =
            (self.callee(call), fuel.checked_sub(1))
        else {
            return None;
        };
        let bodies = self.may_call(call, *function).into_iter().filter_map(|id| self.defs().body_of(id));
        let mut passed = bodies.filter(|body| self.is_linked(*body)).flat_map(|body| {
            let nodes = self.passed_on(body).into_iter().chain(self.passed_on_anew(body));
            nodes.map(move |node| self.unawaited(self.unexplained(Site { body, node })))
        });
        passed.find_map(|inner| self.fails_at_once_within(inner, fuel).filter(|_| !self.waits_before(inner)))
    }

    /// What a body asks and whose error it passes on in an arm, as it is or in another one, and does nothing before: `Err(error) => Err(error.into())`.
    fn passed_on_anew(&self, body: BodyRef) -> Vec<NodeId> {
        let facts = self.body(body);
        let is_err =
            |node: NodeId| self.external(Site { body, node }).is_some_and(|path| path == "std::result::Result::Err");
        let passes_on = |arm: &Arm| {
            let failed = arm.pattern.is_err() && !arm.guarded;
            let value = facts.region(arm.region).value.map(|value| match facts.node(value).op {
                Op::Return(Some(of)) => of,
                _ => value,
            });
            let Some(value) = value.filter(|value| failed && is_err(*value)) else { return false };
            let (errors, whole) = (arm.pattern.locals(), facts.node(value).range);
            let inside = || facts.iter().filter(|(_, node)| facts.is_inside(node.region, arm.region));
            let waits = |node: NodeId| {
                let lists =
                    |path| self.catalogue().lists(Calls::Waits, path) || self.catalogue().lists(Calls::Pauses, path);
                self.external(Site { body, node }).is_some_and(lists)
            };
            inside()
                .any(|(_, n)| matches!(n.op, Op::Local(local) if errors.contains(&local)) && whole.contains(n.range))
                && !inside().any(|(node, n)| matches!(n.op, Op::Await(_) | Op::Loop { .. }) || waits(node))
        };
        let asked = facts.nodes.iter().filter_map(|node| match &node.op {
            Op::Match { scrutinee, arms } if arms.iter().any(passes_on) => Some(*scrutinee),
            _ => None,
        });
        asked.collect()
    }

    /// Whether a call asks a pool itself, and so waits until that has a connection to give, for as long as the pool allows: its failure comes after that pause.
    /// What is done over a pool may fail at once where it has got one.
    pub fn waits_for_its_turn(&self, call: Site) -> bool {
        let Op::Method { receiver, .. } = self.node(call).op else { return false };
        self.is_kind(self.ty(Site { node: receiver, ..call }), "connection-pool")
    }

    /// Whether what is asked for waits by itself before it fails, or may: for its turn, for something to come, or for a time. `chain` leads to the operation.
    pub fn may_wait_itself(&self, value: Site, chain: &[Site]) -> bool {
        let waits = |site: Site| {
            let lists = |path| {
                let lists = |list| self.catalogue().lists(list, path);
                [Calls::Waits, Calls::Pauses, Calls::Receives, Calls::BoundsTime, Calls::Forever].into_iter().any(lists)
            };
            self.external(site).is_some_and(lists)
        };
        let way: Vec<Site> =
            chain.iter().copied().chain(chain.last().into_iter().flat_map(|at| self.way_to_operation(*at))).collect();
        let behind = way.last().is_some_and(|last| self.waits_for_its_turn(*last));
        let mut bodies: Vec<_> = way.iter().map(|site| site.body).filter(|body| *body != value.body).collect();
        bodies.dedup();
        let within = |node: &Site| self.node(value).range.contains(self.node(*node).range);
        behind
            || self.call_sites(value.body).filter(within).any(waits)
            || bodies.into_iter().any(|body| self.call_sites(body).any(waits))
    }

    /// Whether a call comes to the operation whose error it passes on without waiting for anything else before, as far as functions of the workspace lead there.
    pub fn goes_straight_to(&self, call: Site) -> bool {
        // A pool has whoever asks wait until it has something to give, or until its own time is up.
        let is_over_a_pool = |step: Site| {
            let mut given = self.node(step).op.operands().into_iter();
            given.any(|node| self.is_kind(self.ty(Site { node, ..step }), "connection-pool"))
        };
        let way: Vec<Site> = self.way_to_operation(call).collect();
        !way.iter().any(|step| is_over_a_pool(*step)) && way[1..].iter().all(|step| !self.waits_before(*step))
    }

    /// Whether a function of the workspace that is called in async code keeps nobody waiting, as far as its calls can be followed, ends nothing, and sets nothing
    /// that the next round could go by.
    pub fn only_tells(&self, call: Site) -> bool {
        let sets = |body: BodyRef| self.body(body).iter().any(|(_, n)| matches!(n.op, Op::Assign { .. }));
        let (Some(Callee::Workspace(function)), true) = (self.callee(call), self.is_async_code(call)) else {
            return false;
        };
        self.linked_body(*function).is_some_and(|body| !sets(body)) && self.goes_on_at_once(call, CALLS)
    }

    fn goes_on_at_once(&self, call: Site, fuel: u32) -> bool {
        let ends_or_waits = |path: Ustr| {
            let lists = |list| self.catalogue().lists(list, path);
            [Calls::Waits, Calls::Pauses, Calls::Exits, Calls::Diverges, Calls::Forever].into_iter().any(lists)
        };
        match (self.callee(call), fuel.checked_sub(1)) {
            (Some(Callee::External(path)), _) => !ends_or_waits(*path),
            (Some(Callee::Workspace(function) | Callee::Trait(function)), Some(fuel)) => {
                let goes_on = |body: BodyRef| {
                    self.body(body).iter().all(|(node, n)| {
                        !matches!(n.op, Op::Await(_)) && self.goes_on_at_once(Site { body, node }, fuel)
                    })
                };
                let mut called = self.may_call(call, *function).into_iter().filter_map(|id| self.linked_body(id));
                // Which of several implementations it is, nobody knows: that they have nothing in common but to wait is not to be expected.
                match self.callee(call) {
                    Some(Callee::Trait(_)) => called.any(goes_on),
                    _ => called.all(goes_on),
                }
            }
            _ => true,
        }
    }

    /// The future of `future.await`; any other value as it is.
    pub(super) fn unawaited(&self, value: Site) -> Site {
        match self.node(value).op {
            Op::Await(node) => Site { node, ..value },
            _ => value,
        }
    }

    /// Whether a function has waited, or may have, before it comes to a site.
    fn waits_before(&self, site: Site) -> bool {
        let (body, range) = (self.body(site.body), self.node(site).range);
        body.iter().take(site.node.index()).any(|(node, n)| match &n.op {
            Op::Await(of) => *of != site.node && !range.contains(n.range),
            Op::Call { .. } | Op::Method { .. } => self
                .external(Site { node, ..site })
                .is_some_and(|path| node != site.node && self.catalogue().lists(Calls::Waits, path)),
            Op::Loop { .. } | Op::Select { .. } => true,
            _ => false,
        })
    }

    /// Whether a call asks what kind of error of the system another is, itself or in a function of the workspace that says yes or no.
    pub fn asks_for_a_kind(&self, call: Site) -> bool {
        let asks =
            |site: Site| self.external(site).is_some_and(|path| self.catalogue().lists(Calls::AsksForKind, path));
        let Some(Callee::Workspace(function)) = self.callee(call) else { return asks(call) };
        let answers = self.signatures().functions[function.index()].returns == Ty::ext("bool", Vec::new());
        let body = self.defs().body_of(*function).filter(|body| answers && self.is_linked(*body));
        body.is_some_and(|body| self.body(body).iter().any(|(node, _)| asks(Site { body, node })))
    }

    /// Whether a pattern takes some of the errors of a library's type and leaves the others: it names a variant of that, be it within an error of the
    /// workspace.
    pub fn takes_a_kind_of(&self, body: BodyRef, at: RegionId, pattern: &Pattern, error: Ustr) -> bool {
        let named = match &pattern.kind {
            PatternKind::TupleStruct { path, .. } | PatternKind::Struct { path, .. } | PatternKind::Path(path) => {
                self.library_path_of(body, at, path)
            }
            _ => None,
        };
        named.is_some_and(|named| named.rsplit_once("::").is_some_and(|(owner, _)| owner == error))
            || pattern.parts().iter().any(|part| self.takes_a_kind_of(body, at, part, error))
    }

    /// What a path that is written in a body means, where it is a library's.
    fn library_path_of(&self, body: BodyRef, at: RegionId, path: &Path) -> Option<Ustr> {
        let names: Vec<Ustr> = path.names().collect();
        let module = self.outline.names().module(body.file, self.body(body).region(at).scope)?;
        match self.outline.names().resolve(module, &names, path.global, Space::Value) {
            Resolved::External(path) => Some(path),
            _ => None,
        }
    }
}
