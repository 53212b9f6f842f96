//! What becomes of a value that somebody must end: the variables it is in, and on which ways out of their scope it is ended or goes on to
//! somebody else. What goes where it cannot be followed is no longer this scope's.

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::{Calls, TypeEntry};
use crate::facts::model::*;
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::places::Place;
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::declared::types::Ty;
use crate::index::flow::ways::{Exit, Ways};
use crate::index::flow::{Fate, Taker};
use crate::index::resources::Construction;
use crate::index::resources::releases::Release;

/// Through how many layers, such as guards and handles, a value is looked for what it holds.
const LAYERS: usize = 4;

/// A value in a variable, from where it is bound to where the variable ends.
#[derive(Debug)]
pub struct Obligation {
    /// The variable it is bound to first.
    pub local: LocalId,
    /// That and all variables it is moved or lent to.
    pub locals: Vec<LocalId>,
    /// Where it is bound.
    pub bound: Site,
    /// The ways out of the variable's scope; settled are those on which it was ended or handed on.
    pub ways: Ways,
    /// Calls that end it.
    pub ended: Vec<NodeId>,
    /// Places where it is handed on.
    pub handed_on: Vec<NodeId>,
    /// Places where it becomes part of something that the workspace defines: it lives on, and from there on it is for that to end it.
    pub parts: Vec<NodeId>,
}

impl Obligation {
    /// Whether nothing in its scope ends it or hands it on.
    pub fn is_forgotten(&self) -> bool {
        self.ended.is_empty() && self.handed_on.is_empty()
    }

    /// The ways on which it is always forgotten: ways that are taken with and without an end of it are somebody's decision.
    pub fn missed(&self) -> Vec<(Exit, Option<NodeId>)> {
        let open = self.ways.open().filter(|way| way.exit != Exit::Process && !way.settled);
        open.map(|way| (way.exit, way.node)).collect()
    }
}

/// A resource that is dropped without being ended.
#[derive(Debug)]
pub struct Abandoned {
    pub made: Construction,
    pub how: How,
}

impl Abandoned {
    fn obligation(&self) -> Option<&Obligation> {
        match &self.how {
            How::Forgotten(obligation) | How::Missed(obligation, _) => Some(obligation),
            How::AtOnce | How::Lent(_) => None,
        }
    }

    /// Whether a place of a body is one of the variables that it was in.
    pub fn is_in(&self, body: BodyRef, place: &Place) -> bool {
        let in_body = self.obligation().filter(|obligation| obligation.bound.body == body);
        in_body.is_some_and(|obligation| matches!(place, Place::Local(local) if obligation.locals.contains(local)))
    }

    /// The variable that it was in, by its body.
    fn variable(&self) -> Option<(BodyRef, LocalId)> {
        self.obligation().map(|obligation| (obligation.bound.body, obligation.local))
    }
}

/// How a resource is abandoned.
#[derive(Debug)]
pub enum How {
    /// Nothing ever holds it.
    AtOnce,
    /// Only a call ever has it, to which it is lent as a temporary.
    Lent(Site),
    /// The variable it is in goes out of scope, and nothing ended it or took it over.
    Forgotten(Obligation),
    /// It is ended or taken over on some ways out of its scope, and not on these.
    Missed(Obligation, Vec<(Exit, Option<NodeId>)>),
}

impl Index {
    /// Resources for which a drop is no end, of those that `wanted` accepts, that are dropped without one. In the order of files and places.
    pub fn abandoned(&self, wanted: impl Fn(&TypeEntry) -> bool) -> impl Iterator<Item = &Abandoned> {
        let all = self.abandoned.get_or_init(|| {
            let made = self.constructions(|entry| entry.when_abandoned.is_some());
            let shipped = made.filter(|made| !self.is_test(made.site.body));
            let abandoned =
                shipped.filter_map(|made| Some(Abandoned { how: self.how_abandoned(made)?, made: made.clone() }));
            // What the arms of a choice make for one variable is abandoned once.
            let mut variables = HashSet::default();
            abandoned.filter(|abandoned| abandoned.variable().is_none_or(|of| variables.insert(of))).collect()
        });
        all.iter().filter(move |abandoned| self.resource(abandoned.made.resource).is_some_and(&wanted))
    }

    /// Whether a resource is a part of another that is abandoned as well.
    pub fn is_abandoned_in(&self, inner: &Abandoned, outer: &Abandoned) -> bool {
        let (Some(obligation), Some((body, local))) = (inner.obligation(), outer.variable()) else { return false };
        obligation.bound.body == body
            && obligation.locals.contains(&local)
            && self.owns_as_part(self.info(body).local(local), inner.made.resource)
            && outer.made.resource != inner.made.resource
            && inner.made.site < outer.made.site
    }

    fn how_abandoned(&self, made: &Construction) -> Option<How> {
        if self.obligation(made.site, made.resource).is_some() {
            let obligation = self.bare_obligation(made)?;
            let missed = obligation.missed();
            return match (obligation.is_forgotten(), missed.is_empty()) {
                (true, false) => Some(How::Forgotten(obligation)),
                (false, false) => Some(How::Missed(obligation, missed)),
                (_, true) => None,
            };
        }
        if made.fate != Fate::Dies {
            return None;
        }
        let at_once = || made.through.is_empty() && self.is_discarded(made.site, made.resource);
        let ty = self.ty(made.site);
        let bare = is_bare(ty, made.resource) || self.is_known_by_trait(ty, made.resource);
        let lent = self.lent_to(made.site).filter(|_| bare).map(How::Lent);
        lent.or_else(|| at_once().then_some(How::AtOnce))
    }

    /// What becomes of a resource in a variable until it becomes part of something else; none where the variable holds more than the resource: what a
    /// type of the workspace owns is for that type to end.
    pub fn bare_obligation(&self, made: &Construction) -> Option<Obligation> {
        let mut obligation = self.obligation(made.site, made.resource)?;
        if !is_bare(self.info(made.site.body).local(obligation.local), made.resource) {
            return None;
        }
        if !obligation.parts.is_empty() {
            obligation.handed_on.append(&mut obligation.parts);
            let scope = self.body(obligation.bound.body).local(obligation.local).region;
            let settles = |node: NodeId| obligation.ended.contains(&node) || obligation.handed_on.contains(&node);
            obligation.ways = self.ways_out(obligation.bound, scope, &settles);
        }
        Some(obligation)
    }

    /// Calls that are made on a value, or that it is lent to, apart from those that end it. In evaluation order.
    pub fn operations_on(&self, obligation: &Obligation) -> Vec<Site> {
        let body = obligation.bound.body;
        let facts = self.body(body);
        let uses = facts.iter().filter(|(_, n)| matches!(&n.op, Op::Local(local) if obligation.locals.contains(local)));
        let calls = uses.filter_map(|(node, _)| self.operation_with(body, node));
        calls.filter(|call| !obligation.ended.contains(call)).map(|node| Site { body, node }).collect()
    }

    /// From where on something is lost with a value: from its binding, or, of one that holds nothing at first, from the first place where something may be put into
    /// it: what writes into it, or who it is lent to.
    pub fn first_filled(&self, obligation: &Obligation, entry: &TypeEntry) -> Option<NodeId> {
        if !entry.is_empty_at_first() {
            return Some(obligation.bound.node);
        }
        let writes = |path: Ustr| self.catalogue().lists(Calls::Writes, path);
        let fills = |site: &Site| match (&self.node(*site).op, self.callee(*site)) {
            (Op::Macro(call), _) => writes(call.path.last()),
            (_, Some(Callee::External(path))) => writes(*path),
            (_, Some(Callee::Constructor(..))) => false,
            (_, Some(Callee::Workspace(_) | Callee::Trait(_) | Callee::Closure(_))) => true,
            (op, _) => matches!(op, Op::Call { .. }),
        };
        self.operations_on(obligation).into_iter().find(fills).map(|site| site.node)
    }

    /// The call that a value is the receiver of or is lent to.
    fn operation_with(&self, body: BodyRef, used: NodeId) -> Option<NodeId> {
        let (facts, info) = (self.body(body), self.info(body));
        let mut at = used;
        loop {
            at = info.parent(at)?;
            match &facts.node(at).op {
                Op::Call { .. } | Op::Method { .. } | Op::Macro(_) => return Some(at),
                Op::Reference { .. } | Op::Deref(_) | Op::Unary(_) => {}
                _ => return None,
            }
        }
    }

    /// Whether a way out says that all went well: it returns `Ok(..)`, nothing, or something that is no `Result`.
    pub fn succeeds(&self, body: BodyRef, way: (Exit, Option<NodeId>)) -> bool {
        let facts = self.body(body);
        let value = match way {
            (Exit::Return, Some(node)) => match facts.node(node).op {
                Op::Return(value) => value,
                _ => return false,
            },
            (Exit::End, _) => facts.region(Body::ROOT).value,
            _ => return false,
        };
        value.is_none_or(|node| {
            let site = Site { body, node };
            self.is_ok(site) || !(self.ty(site).is_unknown() || self.ty(site).is_result())
        })
    }

    /// Whether nothing is done with what a call gives but waiting for it, unwrapping it, asking whether it failed, and taking a part of it that is not the
    /// resource.
    fn is_discarded(&self, site: Site, resource: Ustr) -> bool {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let holds = |node: NodeId| self.owns(info.ty(node), resource);
        if !self.taken_by_closures(site.body, site.node, resource).is_empty() {
            return false;
        }
        let mut at = site.node;
        loop {
            let Some(parent) = info.parent(at) else { return false };
            match &facts.node(parent).op {
                Op::Discard(_) => return true,
                Op::Bind { pattern, .. } => return matches!(pattern.kind, PatternKind::Wild),
                Op::Let { pattern, .. } => return pattern.is_err(),
                Op::Field { .. } if holds(at) => return !info.ty(parent).is_unknown() && !holds(parent),
                Op::Await(_) | Op::Try(_) => at = parent,
                Op::Method { receiver, name, .. } if *receiver == at => match name.as_str() {
                    "unwrap" | "expect" => at = parent,
                    "is_ok" | "is_err" => return info.ty(at).is_result(),
                    _ if info.ty(at).is_result() && info.ty(parent).is_result() && holds(parent) => at = parent,
                    _ => return false,
                },
                _ => return false,
            }
        }
    }

    /// The call of a library that a temporary is lent to, or that drops it: `copy(&mut source, &mut encoder(sink))`.
    fn lent_to(&self, site: Site) -> Option<Site> {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let made = std::iter::successors(Some(site.node), |at| {
            info.parent(*at).filter(|parent| matches!(facts.node(*parent).op, Op::Try(_) | Op::Await(_)))
        });
        let user = made.last().and_then(|at| info.parent(at))?;
        let is_call = |node: NodeId| matches!(facts.node(node).op, Op::Call { .. });
        let path = |node: NodeId| self.external(Site { node, ..site });
        if matches!(facts.node(user).op, Op::Reference { mutable: true, .. }) {
            let call = info.parent(user).filter(|call| is_call(*call) && path(*call).is_some())?;
            return Some(Site { node: call, ..site });
        }
        let drops = is_call(user) && path(user).is_some_and(|path| self.catalogue().lists(Calls::Drops, path));
        drops.then_some(Site { node: user, ..site })
    }

    /// What becomes of a resource that a site makes and that is bound to a variable of the same function; none where it is not.
    pub fn obligation(&self, made: Site, resource: Ustr) -> Option<Obligation> {
        let (bound, local) = self.bound_to(made, resource)?;
        let mut locals = HashSet::from_iter([local]);
        self.add_aliases(made.body, resource, &mut locals);
        let (ended, handed_on) = self.settled(made, resource, &locals);
        let uses =
            self.body(made.body).iter().filter(|(_, n)| matches!(n.op, Op::Local(local) if locals.contains(&local)));
        let parts = uses.filter_map(|(node, _)| self.made_part(Site { node, ..made }, resource)).collect();
        let settles = |node: NodeId| ended.contains(&node) || handed_on.contains(&node);
        let scope = self.body(made.body).local(local).region;
        let ways = self.ways_out(bound, scope, &settles);
        let mut locals: Vec<LocalId> = locals.into_iter().collect();
        locals.sort_unstable();
        Some(Obligation { local, locals, bound, ways, ended, handed_on, parts })
    }

    /// The waits that a value is held across, from where it is bound to where it is ended, handed on or goes out of scope.
    pub fn held_across(&self, made: Site, resource: Ustr) -> Vec<NodeId> {
        self.obligation(made, resource).map_or_else(Vec::new, |obligation| obligation.ways.awaits)
    }

    /// The statement that binds what a site makes, and the variable; through `?`, `.await` and methods that pass the value on.
    fn bound_to(&self, made: Site, resource: Ustr) -> Option<(Site, LocalId)> {
        let passes = |from: NodeId, into: NodeId| {
            let call = Site { node: into, ..made };
            // `Arc::new(..)` and its like.
            self.gives_on(made.body, from, into, resource)
                || self.wraps(call, resource)
                || self.encloses(call, resource)
        };
        let (by, taker) = self.taker(made, &passes)?;
        let local = match taker {
            Taker::Patterns(patterns) => {
                patterns.into_iter().find_map(|pattern| self.only_owner(made.body, pattern, resource))
            }
            Taker::Place(place) => match self.body(made.body).node(place).op {
                Op::Local(local) => Some(local),
                _ => None,
            },
            Taker::Collection(_) | Taker::Exit => None,
        };
        let (by, local) = (Site { node: by, ..made }, local?);
        let further = self.only_gives_on(by, local).then(|| self.bound_to(by, resource)).flatten();
        Some(further.unwrap_or((by, local)))
    }

    /// Whether a variable of an arm is only there to be what the whole choice gives: `match make() { Ok(it) => it, Err(_) => return }`.
    fn only_gives_on(&self, choice: Site, local: LocalId) -> bool {
        let Op::Match { arms, .. } = &self.node(choice).op else { return false };
        let facts = self.body(choice.body);
        let given = |arm: &Arm| {
            let value = facts.region(arm.region).value;
            arm.pattern.locals() == [local]
                && value.is_some_and(|value| matches!(facts.node(value).op, Op::Local(used) if used == local))
        };
        facts.uses(local).count() == 1 && arms.iter().any(given)
    }

    /// Whether a call of a library puts a resource into something that owns it from then on.
    fn wraps(&self, call: Site, resource: Ustr) -> bool {
        matches!(self.node(call).op, Op::Call { .. })
            && self.external(call).is_some()
            && self.owns(self.ty(call), resource)
            && self.callable(call).is_some_and(|callable| callable.constructs.is_none())
    }

    /// Whether a call makes another resource of a library around one, that has an end of its own: an archive around an encoder.
    fn encloses(&self, call: Site, resource: Ustr) -> bool {
        let outer = self.callable(call).and_then(|callable| callable.constructs).filter(|outer| *outer != resource);
        let ends = outer.and_then(|outer| self.resource(outer)).is_some_and(|entry| entry.when_abandoned.is_some());
        ends && self.owns_as_part(self.ty(call), resource)
    }

    /// Whether a call on what has an end of its own gives a resource that lies in it, or leads to that.
    pub(in crate::index) fn gives_out(&self, receiver: &Ty, given: &Ty, resource: Ustr) -> bool {
        let Ty::Ext(outer, _) = receiver.peeled() else { return false };
        let ends = self.resource(*outer).is_some_and(|entry| entry.when_abandoned.is_some());
        ends && self.owns_as_part(receiver.peeled(), resource) && self.owns(given.given(), resource)
    }

    /// Whether a value is of another kind and owns a resource as a part: what it only refers to is somebody else's.
    fn owns_as_part(&self, ty: &Ty, resource: Ustr) -> bool {
        let given = ty.given();
        let Ty::Ext(path, parts) = given.content().unwrap_or(given) else { return false };
        *path != resource && parts.iter().any(|part| !matches!(part, Ty::Ref(_)) && self.owns(part, resource))
    }

    /// Whether a node gives the resource that another gives: by `?` and `.await`, as a method of it, or as the `if`, `match` or block around it.
    fn gives_on(&self, body: BodyRef, from: NodeId, into: NodeId, resource: Ustr) -> bool {
        match &self.body(body).node(into).op {
            Op::Try(_) | Op::Await(_) | Op::Match { .. } | Op::Block(_) | Op::Select { .. } => true,
            Op::If { condition, .. } => *condition != from,
            Op::Method { receiver, .. } => *receiver == from && self.owns(self.info(body).ty(into), resource),
            _ => false,
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
                locals.extend(self.assigned_to(body, node, resource));
                locals.extend(self.taken_by_closures(body, node, resource));
            }
            if locals.len() == known {
                return;
            }
        }
    }

    /// The variable that a use of another is assigned to, as a whole or behind a wrapper: `slot = Some(handle)`.
    fn assigned_to(&self, body: BodyRef, used: NodeId, resource: Ustr) -> Option<LocalId> {
        let passes = |from: NodeId, into: NodeId| {
            self.gives_on(body, from, into, resource) || self.packs(Site { body, node: into }, resource)
        };
        match self.taker(Site { body, node: used }, &passes)? {
            (_, Taker::Place(place)) => match self.body(body).node(place).op {
                Op::Local(local) => Some(local),
                _ => None,
            },
            _ => None,
        }
    }

    /// The parameters of closures that get a value, or what it is wrapped in, from the methods called on it: `result.and_then(|child| ..)`.
    fn taken_by_closures(&self, body: BodyRef, used: NodeId, resource: Ustr) -> Vec<LocalId> {
        let (facts, info) = (self.body(body), self.info(body));
        let (mut taken, mut at) = (Vec::new(), used);
        while let Some(parent) = info.parent(at) {
            let Op::Method { receiver, arguments, .. } = &facts.node(parent).op else { break };
            if *receiver != at {
                break;
            }
            let parameters = arguments.iter().flat_map(|argument| match &facts.node(*argument).op {
                Op::Closure { parameters, .. } => &parameters[..],
                _ => &[],
            });
            let locals = parameters.flat_map(Pattern::locals);
            taken.extend(locals.filter(|local| self.owns(info.local(*local), resource)));
            if !self.owns(info.ty(parent), resource) {
                break;
            }
            at = parent;
        }
        taken
    }

    /// The pattern that a use of a variable is bound to, as a whole or behind a wrapper.
    fn rebound(&self, body: BodyRef, used: NodeId, resource: Ustr) -> Option<&Pattern> {
        let lends = |into: NodeId| matches!(self.body(body).node(into).op, Op::Reference { .. } | Op::Deref(_));
        let passes = |from: NodeId, into: NodeId| {
            let call = Site { body, node: into };
            lends(into)
                || self.gives_on(body, from, into, resource)
                || self.packs(call, resource)
                || self.encloses(call, resource)
        };
        match self.taker(Site { body, node: used }, &passes)? {
            (_, Taker::Patterns(patterns)) => match patterns[..] {
                [only] => Some(only),
                _ => patterns.into_iter().find(|pattern| !pattern.locals().is_empty()),
            },
            _ => None,
        }
    }

    /// Whether a node puts a resource into something of no meaning of its own that owns it from then on: a tuple, a list, a box.
    fn packs(&self, into: Site, resource: Ustr) -> bool {
        match &self.node(into).op {
            Op::Tuple(_) | Op::Array(_) => true,
            Op::Macro(call) => call.seen && self.owns(self.ty(into), resource),
            _ => self.wraps(into, resource),
        }
    }

    /// Where a use of a variable makes the value a part of something that the workspace defines.
    fn made_part(&self, used: Site, resource: Ustr) -> Option<NodeId> {
        let mut at = used;
        loop {
            at.node = self.info(used.body).parent(at.node)?;
            match (&self.node(at).op, self.callee(at)) {
                (Op::Struct { .. }, _) | (_, Some(Callee::Constructor(..) | Callee::Workspace(_))) => {
                    return self.owns(self.ty(at), resource).then_some(at.node);
                }
                _ if self.packs(at, resource) => {}
                _ => return None,
            }
        }
    }

    /// Where one of the variables of what a site makes is ended, and where it is handed on, as seen from the function or task that makes it.
    fn settled(&self, made: Site, resource: Ustr, locals: &HashSet<LocalId>) -> (Vec<NodeId>, Vec<NodeId>) {
        let (body, frame) = (made.body, self.frame_of(made));
        let (facts, info) = (self.body(body), self.info(body));
        let seen = |node: NodeId| self.seen_from(body, node, frame).unwrap_or(node);
        let releases = self.releases_in(body).iter().filter(|release| {
            let variable = self.variable_behind(body, release.operand);
            self.ends_all_of(body, release, resource) && variable.is_some_and(|local| locals.contains(&local))
        });
        let ended: Vec<NodeId> = releases.map(|release| seen(release.site.node)).collect();
        let mut handed_on = Vec::new();
        for (node, n) in facts.iter() {
            match &n.op {
                Op::Local(local) if locals.contains(local) => {
                    let site = Site { body, node };
                    let outer = seen(node);
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

    /// Whether a call ends a resource with its operand: it names the resource, or the operand may hold it. `child.stdin.take()` ends no child.
    fn ends_all_of(&self, body: BodyRef, release: &Release, resource: Ustr) -> bool {
        match release.resource {
            Some(ended) => ended == resource || self.ends_what_it_holds(body, release, ended, resource),
            None if self.takes_apart(release.site, resource) => false,
            None => {
                let operand = self.info(body).ty(release.operand);
                let reached = std::iter::successors(Some(operand.clone()), |ty| self.dereferenced(ty));
                reached.take(LAYERS).any(|ty| ty.is_unknown() || self.owns(&ty, resource))
            }
        }
    }

    /// Whether a call takes a resource apart without its last step.
    fn takes_apart(&self, call: Site, resource: Ustr) -> bool {
        match &self.node(call).op {
            Op::Method { name, .. } => self.resource(resource).is_some_and(|entry| entry.taken_apart_by.contains(name)),
            _ => false,
        }
    }

    /// Whether what ends a resource ends another that lies in it: it does not give it out, and does not leave it as it was.
    fn ends_what_it_holds(&self, body: BodyRef, release: &Release, ended: Ustr, inner: Ustr) -> bool {
        let operand = self.info(body).ty(release.operand).peeled();
        let is_outer = matches!(operand, Ty::Ext(path, _) if *path == ended) && self.owns_as_part(operand, inner);
        let Op::Method { name, .. } = &self.node(release.site).op else { return is_outer };
        let ends_too = |outer: &TypeEntry| {
            let has_it = || self.resource(inner).is_some_and(|entry| entry.close_names().any(|close| close == name));
            !outer.leaves.contains(name) && (!outer.passes_on.contains(name) || has_it())
        };
        is_outer && !self.owns(self.ty(release.site), inner) && self.resource(ended).is_none_or(ends_too)
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
}

/// Whether a type is the resource itself, or what a library lays around it.
fn is_bare(ty: &Ty, resource: Ustr) -> bool {
    match ty.peeled() {
        Ty::Ext(path, arguments) => *path == resource || arguments.iter().any(|argument| is_bare(argument, resource)),
        _ => false,
    }
}
