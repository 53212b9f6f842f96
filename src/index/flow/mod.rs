//! Where values come from and where they go: what becomes of a value, and which statics a value stems from. Judged through the callee
//! where the callee is in the workspace; what goes where it cannot be followed is unknown.

pub mod anew;
pub mod aside;
pub mod commands;
mod datagrams;
pub mod effects;
pub mod errors;
pub mod half_done;
pub mod handed_on;
pub mod handles;
pub mod handshakes;
pub mod hosts;
pub mod in_line;
pub mod lasting;
pub mod makings;
pub mod never;
pub mod nothing;
pub mod presence;
pub mod requests;
pub mod sequences;
pub mod settings;
pub mod shown;
pub mod siblings;
pub mod statements;
pub mod streams;
pub mod time_bounds;
pub mod told;
pub mod vanishing;
pub mod variety;
pub mod ways;

use std::collections::BTreeSet;

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::{Calls, Runs};
use crate::facts::model::*;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::{Index, Ty};

/// What becomes of a value, in the order in which one answer outweighs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It does not outlive the call it is made in.
    Dies,
    /// The caller gets it.
    Returned,
    /// It goes where it cannot be followed.
    Unknown,
    /// It is put into a static, a field or a collection that lives on.
    Kept,
}

/// What takes a value.
#[derive(Debug)]
pub enum Taker<'f> {
    /// The pattern of a `let` or `for`, those of the arms of a `match`, or the parameter of a closure.
    Patterns(Vec<&'f Pattern>),
    /// What it is assigned to.
    Place(NodeId),
    /// The collection it is put into.
    Collection(NodeId),
    /// `return` or `break`.
    Exit,
}

/// How far a value is followed through calls.
const FUEL: u32 = 8;

/// Follows values that own one kind of resource.
struct Follow<'i> {
    index: &'i Index,
    resource: Ustr,
    seen: HashSet<(BodyRef, LocalId)>,
    /// A closure that runs again and again: what it gives back is kept by whoever runs it.
    turn: Option<RegionId>,
}

impl Index {
    /// What becomes of the resource that a site makes.
    pub fn fate(&self, site: Site, resource: Ustr) -> Fate {
        Follow { index: self, resource, seen: HashSet::default(), turn: None }.value(site, FUEL)
    }

    /// Whether the resource that a site makes may outlive a turn of the closure `region` around it: that closure gives it back, or it is kept elsewhere.
    pub fn outlives_turn(&self, site: Site, resource: Ustr, region: RegionId) -> bool {
        let turn = Some(region);
        Follow { index: self, resource, seen: HashSet::default(), turn }.value(site, FUEL) != Fate::Dies
    }

    /// Whether a value of this site leaves the loop `region`: by `break`, by `return`, or in a variable from outside.
    pub fn leaves_loop(&self, site: Site, region: RegionId) -> bool {
        let around = self.info(site.body).region_node(region);
        match self.taker(site, &|_, into| Some(into) != around) {
            Some((_, Taker::Exit)) => true,
            Some((_, Taker::Place(place) | Taker::Collection(place))) => self.is_outside(site.body, place, region),
            Some((_, Taker::Patterns(patterns))) => {
                let bound: Vec<LocalId> = patterns.into_iter().flat_map(Pattern::locals).collect();
                self.locals_leave(site.body, &bound, region)
            }
            None => false,
        }
    }

    fn locals_leave(&self, body: BodyRef, locals: &[LocalId], region: RegionId) -> bool {
        let facts = self.body(body);
        let passes = |from: NodeId, into: NodeId| match &facts.node(into).op {
            Op::Try(_) | Op::Struct { .. } | Op::Tuple(_) | Op::Await(_) => true,
            Op::Call { arguments, .. } => arguments.contains(&from),
            _ => false,
        };
        let mut uses = facts.iter().filter(|(_, node)| matches!(&node.op, Op::Local(local) if locals.contains(local)));
        uses.any(|(node, _)| match self.taker(Site { body, node }, &passes) {
            Some((_, Taker::Exit)) => true,
            Some((_, Taker::Place(place) | Taker::Collection(place))) => self.is_outside(body, place, region),
            _ => false,
        })
    }

    /// What takes a value on its way outwards, with the node that does: the value may have become part of what other nodes give, where
    /// `passes` says of one of these and the next that the next passes it on.
    pub fn taker(&self, site: Site, passes: &dyn Fn(NodeId, NodeId) -> bool) -> Option<(NodeId, Taker<'_>)> {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut at = site.node;
        loop {
            let region = facts.node(at).region;
            let user = info.parent(at);
            let next = user.or_else(|| info.region_node(region).filter(|_| facts.region(region).value == Some(at)))?;
            let taker = user.and_then(|user| match &facts.node(user).op {
                Op::Bind { pattern, .. } | Op::Let { pattern, .. } => Some(Taker::Patterns(vec![&**pattern])),
                Op::Match { arms, .. } => Some(Taker::Patterns(arms.iter().map(|arm| &arm.pattern).collect())),
                Op::Loop { kind: LoopKind::For { pattern, .. }, .. } => Some(Taker::Patterns(vec![pattern])),
                Op::Assign { place, value } if *value == at => Some(Taker::Place(*place)),
                Op::Return(_) | Op::Break(_) => Some(Taker::Exit),
                Op::Method { receiver, .. } if *receiver != at && self.grows(Site { node: user, ..site }) => {
                    Some(Taker::Collection(*receiver))
                }
                _ => None,
            });
            match taker {
                Some(taker) => return Some((next, taker)),
                None if passes(at, next) => at = next,
                None => return Some((next, self.unwrapping_closure(site.body, at, next)?)),
            }
        }
    }

    /// The parameter of a closure that gets what is in a `Result` or `Option`: `.and_then(|child| ..)`.
    fn unwrapping_closure(&self, body: BodyRef, wrapper: NodeId, call: NodeId) -> Option<Taker<'_>> {
        let facts = self.body(body);
        let Op::Method { receiver, name, arguments, .. } = &facts.node(call).op else { return None };
        let unwraps = *receiver == wrapper && matches!(name.as_str(), "map" | "and_then" | "map_or" | "map_or_else");
        let is_wrapper = self.info(body).ty(wrapper).content().is_some();
        let Op::Closure { parameters, .. } = &facts.node(*arguments.last()?).op else { return None };
        (unwraps && is_wrapper).then(|| Taker::Patterns(parameters.iter().collect()))
    }

    /// Whether a call adds something to a collection.
    pub(in crate::index) fn grows(&self, call: Site) -> bool {
        self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Grows, path))
    }

    /// Whether the turns of a loop after the first come only where the one before did not succeed: some way out of it that is no failure comes after
    /// a site in it. Only said of loops over what there is to try.
    pub fn tries_again(&self, site: Site, region: RegionId) -> bool {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let is_for = info
            .region_node(region)
            .is_some_and(|owner| matches!(facts.node(owner).op, Op::Loop { kind: LoopKind::For { .. }, .. }));
        let leaves = |node: NodeId| match &facts.node(node).op {
            Op::Break(_) => facts.jump_target(node) == Some(region),
            Op::Return(value) => !value.is_some_and(|value| self.is_failure(Site { node: value, ..site })),
            _ => false,
        };
        let succeeds = |node: NodeId| !self.is_on_failing_path(Site { node, ..site });
        is_for
            && facts
                .iter()
                .skip(site.node.index())
                .any(|(node, at)| facts.is_inside(at.region, region) && leaves(node) && succeeds(node))
    }

    /// Whether a place is one attempt of several: a loop around it, or around a call of its function, tries the same again or something else until it
    /// succeeds.
    pub fn is_an_attempt(&self, site: Site) -> bool {
        let tries = |site: Site| {
            self.loops_around(site)
                .iter()
                .any(|around| self.is_retry(site.body, around.region) || self.tries_again(site, around.region))
        };
        let callers = self.function_of(site.body).into_iter().flat_map(|function| self.calls.callers(function));
        tries(site) || callers.filter(|call| !self.is_test(call.site.body)).any(|call| tries(call.site))
    }

    fn is_outside(&self, body: BodyRef, place: NodeId, region: RegionId) -> bool {
        let facts = self.body(body);
        match &facts.node(place).op {
            Op::Local(local) => !facts.outwards(facts.local(*local).region).any(|(at, _)| at == region),
            Op::Field { base, .. } | Op::Deref(base) | Op::Index { base, .. } => self.is_outside(body, *base, region),
            _ => true,
        }
    }

    /// Whether what stands before a site returns early with what an earlier call left behind: a static, a field or a map that is looked into first.
    pub fn fills_a_cache(&self, site: Site) -> bool {
        let body = self.body(site.body);
        let kept = |of: NodeId| self.is_part_of_kept(Site { node: of, ..site }, &mut HashSet::default());
        let missed = body.outwards(body.node(site.node).region).any(|(region, r)| {
            let owner = self.info(site.body).region_node(region).filter(|_| r.kind == RegionKind::Arm);
            owner.is_some_and(|owner| match &body.node(owner).op {
                Op::Match { scrutinee, arms } => {
                    kept(*scrutinee) && arms.iter().any(|arm| arm.region == region && is_none(&arm.pattern))
                }
                _ => false,
            })
        });
        missed
            || body.iter().take(site.node.index()).any(|(_, node)| match &node.op {
                Op::If { condition, then, .. } => {
                    let looked = match &body.node(*condition).op {
                        Op::Let { of, .. } => kept(*of),
                        _ => false,
                    };
                    // That what was found is of no use is no answer.
                    let answers = |value: NodeId| !self.is_failure(Site { node: value, ..site });
                    looked
                        && body.nodes.iter().any(|n| match n.op {
                            Op::Return(value) => {
                                value.is_none_or(answers) && body.outwards(n.region).any(|(at, _)| at == *then)
                            }
                            _ => false,
                        })
                }
                _ => false,
            })
    }

    /// Whether a value is got out of a static or of the receiver of the function: by fields and methods, not by handing these to something.
    fn is_part_of_kept(&self, site: Site, seen: &mut HashSet<NodeId>) -> bool {
        if !seen.insert(site.node) {
            return false;
        }
        let mut part = |node: NodeId| self.is_part_of_kept(Site { node, ..site }, seen);
        match &self.node(site).op {
            Op::Method { receiver, .. } => part(*receiver),
            Op::Field { base, .. } | Op::Index { base, .. } => part(*base),
            Op::Await(of) | Op::Try(of) | Op::Reference { of, .. } | Op::Deref(of) => part(*of),
            Op::Local(local) => {
                self.body(site.body).local(*local).name == "self"
                    || self.sources(site.body, *local).into_iter().any(part)
            }
            Op::Path(_) => self.info(site.body).statics.contains_key(&site.node),
            _ => false,
        }
    }

    /// The statics a value stems from: named, bound, got from a getter.
    pub fn origins(&self, site: Site) -> BTreeSet<StaticId> {
        let mut found = BTreeSet::new();
        self.add_origins(site, &mut found, &mut HashSet::default(), FUEL);
        found
    }

    fn add_origins(&self, site: Site, found: &mut BTreeSet<StaticId>, seen: &mut HashSet<Site>, fuel: u32) {
        if fuel == 0 || !seen.insert(site) {
            return;
        }
        let info = self.info(site.body);
        if let Some(item) = info.statics.get(&site.node) {
            found.insert(*item);
            return;
        }
        let mut follow = |node: NodeId| self.add_origins(Site { node, ..site }, found, seen, fuel);
        match &self.node(site).op {
            Op::Local(local) => self.sources(site.body, *local).into_iter().for_each(follow),
            Op::Method { receiver, arguments, .. } => {
                follow(*receiver);
                arguments.iter().for_each(|a| follow(*a));
                self.returned_origins(site, found, seen, fuel);
            }
            Op::Call { arguments, .. } => {
                arguments.iter().for_each(|a| follow(*a));
                self.returned_origins(site, found, seen, fuel);
            }
            Op::Field { base, .. } | Op::Index { base, .. } => follow(*base),
            Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) | Op::Cast { of, .. } => follow(*of),
            Op::Block(region) => self.body(site.body).region(*region).value.into_iter().for_each(follow),
            Op::If { then, otherwise, .. } => {
                let body = self.body(site.body);
                [Some(*then), *otherwise].into_iter().flatten().filter_map(|r| body.region(r).value).for_each(follow);
            }
            Op::Match { scrutinee, arms } => {
                follow(*scrutinee);
                let body = self.body(site.body);
                arms.iter().filter_map(|arm| body.region(arm.region).value).for_each(follow);
            }
            _ => {}
        }
    }

    /// What a workspace function returns stems from where its return values stem from.
    fn returned_origins(&self, site: Site, found: &mut BTreeSet<StaticId>, seen: &mut HashSet<Site>, fuel: u32) {
        let Some(Callee::Workspace(function)) = self.callee(site) else { return };
        let Some(body) = self.defs().body_of(*function).filter(|b| self.is_linked(*b)) else { return };
        for node in self.returned_values(body) {
            self.add_origins(Site { body, node }, found, seen, fuel - 1);
        }
    }

    /// The values a body can return.
    pub fn returned_values(&self, body: BodyRef) -> Vec<NodeId> {
        let facts = self.body(body);
        let returned = facts.nodes.iter().filter_map(|node| match node.op {
            Op::Return(value) => value,
            _ => None,
        });
        facts.region(Body::ROOT).value.into_iter().chain(returned).collect()
    }

    /// What a variable that is named only once was bound to, where that is all it ever is.
    pub fn bound_for_one_use(&self, body: BodyRef, local: LocalId) -> Option<NodeId> {
        let whole = |pattern: &Pattern| pattern.only_binds(local);
        let init = self.body(body).nodes.iter().find_map(|node| match &node.op {
            Op::Bind { pattern, init, .. } if whole(pattern) => *init,
            _ => None,
        });
        init.filter(|_| self.is_named_once(body, local))
    }

    /// Whether a variable is named only once, macros that could not be read included.
    pub fn is_named_once(&self, body: BodyRef, local: LocalId) -> bool {
        let facts = self.body(body);
        let read = |node: &Node| matches!(&node.op, Op::Macro(call) if call.mentions.contains(&local));
        facts.uses(local).count() == 1 && !facts.nodes.iter().any(read)
    }

    /// The values a local is bound or assigned from, through patterns, `if let`, `match` and closures of getters.
    pub fn sources(&self, body: BodyRef, local: LocalId) -> Vec<NodeId> {
        self.info(body).sources[local.index()].clone()
    }
}

fn is_none(pattern: &Pattern) -> bool {
    matches!(&pattern.kind, PatternKind::Path(path) if path.last() == "None")
}

impl Follow<'_> {
    fn owns(&self, ty: &Ty) -> bool {
        self.index.owns(ty, self.resource) || self.is_named_by(ty)
    }

    /// Whether a type of which nothing is known is one of an owner, as in `library::Result<Owner>`.
    fn is_named_by(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Ext(path, arguments) if self.index.catalogue().type_entry(*path).is_none() => {
                arguments.iter().any(|argument| self.owns(argument))
            }
            Ty::Ref(of) | Ty::Future(of) => self.is_named_by(of),
            _ => false,
        }
    }

    /// What becomes of a node's value.
    fn value(&mut self, site: Site, fuel: u32) -> Fate {
        let (body, info) = (self.index.body(site.body), self.index.info(site.body));
        let to = |node: NodeId| Site { node, ..site };
        let Some(parent) = info.parent(site.node) else { return self.region_value(site, fuel) };
        match &body.node(parent).op {
            Op::Discard(_) | Op::Binary { .. } | Op::If { .. } => Fate::Dies,
            Op::Bind { pattern, .. } | Op::Let { pattern, .. } => self.pattern(site.body, pattern, fuel),
            Op::Match { arms, .. } => {
                let fates: Vec<Fate> = arms.iter().map(|arm| self.pattern(site.body, &arm.pattern, fuel)).collect();
                fates.into_iter().max().unwrap_or(Fate::Dies)
            }
            Op::Try(_)
            | Op::Await(_)
            | Op::Cast { .. }
            | Op::Unary(_)
            | Op::Struct { .. }
            | Op::Tuple(_)
            | Op::Array(_) => self.value(to(parent), fuel),
            Op::Reference { .. } => self.borrowed(to(parent), fuel),
            Op::Deref(_) | Op::Field { .. } | Op::Index { .. } => self.part(to(parent), fuel),
            Op::Return(_) => self.returned_from(site),
            Op::Break(_) => self.broken(to(parent), fuel),
            Op::Assign { place, value } if *value == site.node => self.assigned(site.body, *place, fuel),
            Op::Assign { .. } => Fate::Dies,
            Op::Macro(call) if call.seen => {
                if self.owns(info.ty(parent)) {
                    self.value(to(parent), fuel)
                } else {
                    Fate::Dies
                }
            }
            Op::Call { .. } => self.argument(to(parent), site.node, fuel),
            Op::Method { receiver, .. } if *receiver == site.node => self.receiver(site.node, to(parent), fuel),
            Op::Method { .. } => self.argument(to(parent), site.node, fuel),
            _ => Fate::Unknown,
        }
    }

    /// A value without a user: it is what its region evaluates to, or it is dropped.
    fn region_value(&mut self, site: Site, fuel: u32) -> Fate {
        let (body, info) = (self.index.body(site.body), self.index.info(site.body));
        let region = body.node(site.node).region;
        if body.region(region).value != Some(site.node) {
            return Fate::Dies;
        }
        let Some(owner) = info.region_node(region) else { return self.returned_from(site) };
        match &body.node(owner).op {
            Op::Closure { .. } if self.turn == Some(region) => Fate::Kept,
            Op::Closure { .. } => match info.runs.get(&region) {
                Some(Runs::Once | Runs::Worker) => Fate::Kept,
                _ => self.closure_result(Site { node: owner, ..site }, fuel),
            },
            Op::Async(_) if matches!(info.runs.get(&region), Some(Runs::Task)) => Fate::Unknown,
            Op::Loop { .. } => Fate::Dies,
            _ => self.value(Site { node: owner, ..site }, fuel),
        }
    }

    /// What a closure returns becomes part of what the call it is given to returns.
    fn closure_result(&mut self, closure: Site, fuel: u32) -> Fate {
        let info = self.index.info(closure.body);
        match info.parent(closure.node) {
            Some(call) if self.owns(info.ty(call)) => self.value(Site { node: call, ..closure }, fuel),
            _ => Fate::Unknown,
        }
    }

    fn returned_from(&self, site: Site) -> Fate {
        match self.index.owner(site.body) {
            Some(BodyOwner::Static(_)) => Fate::Kept,
            _ => Fate::Returned,
        }
    }

    fn broken(&mut self, site: Site, fuel: u32) -> Fate {
        let (body, info) = (self.index.body(site.body), self.index.info(site.body));
        let around = body.outwards(body.node(site.node).region).find(|(_, r)| r.kind == RegionKind::Loop);
        match around.and_then(|(region, _)| info.region_node(region)) {
            Some(owner) => self.value(Site { node: owner, ..site }, fuel),
            None => Fate::Unknown,
        }
    }

    fn pattern(&mut self, body: BodyRef, pattern: &Pattern, fuel: u32) -> Fate {
        let info = self.index.info(body);
        let bound = pattern.locals();
        let owning: Vec<LocalId> = bound.iter().copied().filter(|l| self.owns(info.local(*l))).collect();
        // Where its type is not known the only name is the value.
        let followed =
            if owning.is_empty() && bound.len() == 1 && info.local(bound[0]).is_open() { bound } else { owning };
        followed.into_iter().map(|local| self.local(body, local, fuel)).max().unwrap_or(Fate::Dies)
    }

    fn local(&mut self, body: BodyRef, local: LocalId, fuel: u32) -> Fate {
        if !self.seen.insert((body, local)) {
            return Fate::Dies;
        }
        let facts = self.index.body(body);
        let mut worst = Fate::Dies;
        for (node, facts) in facts.iter() {
            let fate = match &facts.op {
                Op::Local(used) if *used == local => self.value(Site { body, node }, fuel),
                Op::Macro(call) if !call.seen && call.mentions.contains(&local) => Fate::Unknown,
                _ => continue,
            };
            worst = worst.max(fate);
        }
        worst
    }

    /// A part that is taken out of the value.
    fn part(&mut self, site: Site, fuel: u32) -> Fate {
        if self.owns(self.index.ty(site)) { self.value(site, fuel) } else { Fate::Dies }
    }

    /// A reference does not outlive what it borrows; a callee of the workspace may still clone what it refers to.
    fn borrowed(&mut self, site: Site, fuel: u32) -> Fate {
        let info = self.index.info(site.body);
        let Some(parent) = info.parent(site.node) else { return Fate::Dies };
        match &self.index.body(site.body).node(parent).op {
            Op::Call { .. } | Op::Method { .. } => {
                let call = Site { node: parent, ..site };
                match self.index.callee(call) {
                    Some(Callee::Workspace(_)) => self.argument(call, site.node, fuel),
                    _ if self.owns(info.ty(parent)) => self.value(call, fuel),
                    _ => Fate::Dies,
                }
            }
            Op::Bind { pattern, .. } | Op::Let { pattern, .. } => self.pattern(site.body, pattern, fuel),
            Op::Match { arms, .. } => {
                arms.iter().map(|arm| self.pattern(site.body, &arm.pattern, fuel)).max().unwrap_or(Fate::Dies)
            }
            Op::Struct { .. } | Op::Tuple(_) => self.value(site, fuel),
            _ => Fate::Dies,
        }
    }

    fn assigned(&mut self, body: BodyRef, place: NodeId, fuel: u32) -> Fate {
        let facts = self.index.body(body);
        match &facts.node(place).op {
            Op::Local(local) => self.local(body, *local, fuel),
            Op::Field { base, .. } | Op::Index { base, .. } => match &facts.node(*base).op {
                Op::Local(local) if facts.local(*local).name != "self" && !self.is_reference(body, *local) => {
                    self.local(body, *local, fuel)
                }
                Op::Field { .. } => self.assigned(body, *base, fuel),
                _ => Fate::Kept,
            },
            _ => Fate::Kept,
        }
    }

    fn is_reference(&self, body: BodyRef, local: LocalId) -> bool {
        !matches!(self.index.info(body).local(local), Ty::Adt(..) | Ty::Tuple(_))
    }

    /// The value is the receiver of a method.
    fn receiver(&mut self, value: NodeId, call: Site, fuel: u32) -> Fate {
        let info = self.index.info(call.body);
        let result_owns = self.owns(info.ty(call.node));
        match self.index.callee(call) {
            Some(Callee::Workspace(function)) => {
                let by_value = matches!(
                    self.index.defs().function(*function).receiver,
                    Some(Receiver::Value | Receiver::Typed(_))
                );
                let inside = if by_value { self.parameter(*function, None, fuel) } else { Fate::Dies };
                match inside {
                    inside if result_owns => inside.min(Fate::Unknown).max(self.value(call, fuel)),
                    Fate::Returned => self.given_back_as(call),
                    inside => inside,
                }
            }
            Some(Callee::External(_)) if result_owns => self.value(call, fuel),
            // An adapter that is not known passes on what it wraps.
            Some(Callee::External(_)) if info.ty(call.node).is_open() && self.is_wrapper(call) => Fate::Unknown,
            Some(Callee::External(_)) => match self.index.unwrapping_closure(call.body, value, call.node) {
                Some(Taker::Patterns(patterns)) => {
                    patterns.into_iter().map(|p| self.pattern(call.body, p, fuel)).max().unwrap_or(Fate::Dies)
                }
                _ => Fate::Dies,
            },
            Some(Callee::Trait(_)) if result_owns => self.value(call, fuel),
            Some(Callee::Trait(function)) => match self.index.defs().function(*function).receiver {
                Some(Receiver::Value | Receiver::Typed(_)) => self.given_back_as(call),
                _ => Fate::Dies,
            },
            _ if result_owns => self.value(call, fuel),
            _ if self.writes(call) || self.is_only_lent(call.body, value, call.node) => Fate::Dies,
            // A method that is not known may take the value; one on a bare resource only uses it.
            _ => Fate::Unknown,
        }
    }

    /// Whether a method that is not known cannot have taken what it is called on: a reference, or a variable that is used again after it.
    fn is_only_lent(&self, body: BodyRef, value: NodeId, call: NodeId) -> bool {
        let facts = self.index.body(body);
        let Op::Local(local) = facts.node(value).op else { return false };
        if matches!(self.index.info(body).local(local), Ty::Ref(_)) {
            return true;
        }
        let comes_from = |then: NodeId| self.index.may_come_to(Site { body, node: call }, Site { body, node: then });
        facts.uses(local).any(|used| used > call && comes_from(used))
    }

    /// Whether a method says by its name that it writes into what it is called on, as those of extension traits of writers do.
    fn writes(&self, call: Site) -> bool {
        let name = match &self.index.node(call).op {
            Op::Method { name, .. } => *name,
            _ => return false,
        };
        self.index.catalogue().lists(Calls::Writes, name)
    }

    /// What a call has taken and does not give as what it was: it may still be in there, where part of the type is not known.
    fn given_back_as(&self, call: Site) -> Fate {
        if self.index.ty(call).is_open() { Fate::Unknown } else { Fate::Dies }
    }

    /// Whether a method's receiver is a `Result`, an `Option` or a future.
    fn is_wrapper(&self, call: Site) -> bool {
        let Op::Method { receiver, .. } = &self.index.node(call).op else { return false };
        let ty = self.index.info(call.body).ty(*receiver);
        ty.content().is_some() || matches!(ty, Ty::Future(_))
    }

    /// The value is an argument of a call.
    fn argument(&mut self, call: Site, argument: NodeId, fuel: u32) -> Fate {
        let info = self.index.info(call.body);
        let result_owns = self.owns(info.ty(call.node));
        match self.index.callee(call) {
            Some(Callee::Workspace(function)) => {
                // A future that is not awaited here takes its arguments along; so does a function that runs on and on.
                let returns_future = matches!(info.ty(call.node), Ty::Future(_));
                if returns_future && !self.index.is_awaited(call) {
                    return self.value(call, fuel).max(Fate::Unknown);
                }
                if self.index.function_runs_for_long(*function) {
                    return Fate::Kept;
                }
                let at = self.position(call, argument);
                let inside = at.map_or(Fate::Unknown, |at| self.parameter(*function, Some(at), fuel));
                match inside {
                    Fate::Returned if result_owns => self.value(call, fuel),
                    Fate::Returned => self.given_back_as(call),
                    inside => inside,
                }
            }
            Some(Callee::Constructor(..)) => self.value(call, fuel),
            Some(Callee::External(path)) if self.index.catalogue().lists(Calls::Drops, *path) => Fate::Dies,
            Some(Callee::External(path)) if path == "std::mem::replace" => self.takes_the_place(call, argument, fuel),
            Some(Callee::External(path)) if self.index.catalogue().lists(Calls::Keeps, *path) => {
                self.put_into(call, fuel)
            }
            Some(Callee::External(_)) if self.index.grows(call) => self.put_into(call, fuel),
            // What is given away and comes back as a reference lies in what it was given to.
            Some(Callee::External(_)) if self.lends_out(call, argument) => self.put_into(call, fuel).max(Fate::Unknown),
            _ if result_owns => self.value(call, fuel),
            _ => Fate::Unknown,
        }
    }

    /// `mem::replace(&mut place, value)`
    fn takes_the_place(&mut self, call: Site, value: NodeId, fuel: u32) -> Fate {
        let Op::Call { arguments, .. } = &self.index.node(call).op else { return Fate::Unknown };
        match arguments[..] {
            [place, new] if new == value => match &self.index.body(call.body).node(place).op {
                Op::Reference { of, .. } => self.assigned(call.body, *of, fuel),
                _ => Fate::Kept,
            },
            _ => Fate::Unknown,
        }
    }

    /// Whether a method takes a value and gives a reference to one such.
    fn lends_out(&self, call: Site, argument: NodeId) -> bool {
        let info = self.index.info(call.body);
        matches!(self.index.node(call).op, Op::Method { .. })
            && matches!(info.ty(call.node), Ty::Ref(_))
            && !matches!(info.ty(argument), Ty::Ref(_))
            && self.owns(info.ty(call.node))
    }

    /// What is put into a collection that is a variable goes where that goes. Where it ends with its scope, what was taken out of it is not followed.
    fn put_into(&mut self, call: Site, fuel: u32) -> Fate {
        let Op::Method { receiver, .. } = &self.index.node(call).op else { return Fate::Unknown };
        match &self.index.body(call.body).node(*receiver).op {
            Op::Local(local) => match self.index.info(call.body).local(*local) {
                Ty::Ext(..) => match self.local(call.body, *local, fuel) {
                    Fate::Dies => Fate::Unknown,
                    fate => fate,
                },
                _ => Fate::Unknown,
            },
            _ => Fate::Unknown,
        }
    }

    /// The parameter an argument is given to, the receiver not counted.
    fn position(&self, call: Site, argument: NodeId) -> Option<usize> {
        let (arguments, by_path) = match &self.index.node(call).op {
            Op::Call { arguments, .. } => (arguments, true),
            Op::Method { arguments, .. } => (arguments, false),
            _ => return None,
        };
        let at = arguments.iter().position(|a| *a == argument)?;
        let Some(Callee::Workspace(function)) = self.index.callee(call) else { return Some(at) };
        let takes_self = self.index.defs().function(*function).receiver.is_some();
        if by_path && takes_self { at.checked_sub(1) } else { Some(at) }
    }

    /// What a function does with a parameter; `None` is the receiver.
    fn parameter(&mut self, function: FnId, at: Option<usize>, fuel: u32) -> Fate {
        let Some(body) = self.index.defs().body_of(function).filter(|b| self.index.is_linked(*b)) else {
            return Fate::Unknown;
        };
        if fuel == 0 {
            return Fate::Unknown;
        }
        let facts = self.index.body(body);
        let locals = match at {
            None => vec![LocalId(0)],
            Some(at) => facts.parameters.get(at).map(Pattern::locals).unwrap_or_default(),
        };
        locals.into_iter().map(|local| self.local(body, local, fuel - 1)).max().unwrap_or(Fate::Dies)
    }
}
