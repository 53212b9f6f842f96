//! Collections that are filled while a program serves and emptied as a whole, to be written or sent: what is in one when the program ends was accepted
//! and never arrives, unless it is emptied then as well. Where it may be emptied at the end, it is taken to be.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::{Calls, Effect};
use crate::diagnostic::Label;
use crate::facts::model::{Arm, Body, LocalId, LoopKind, NodeId, Op, Pattern, RegionId, RegionKind};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::programs::Program;
use crate::index::programs::kinds::leaves;
use crate::index::resources::keepers::Keeper;
use crate::source::Span;

/// Through how many calls what was in a collection is followed to where it is written.
const CALLS: u32 = 3;

/// A collection that is emptied as a whole to be written, and not at the end of the program.
#[derive(Debug, Clone)]
pub struct Batch {
    pub keeper: Keeper,
    /// A call that adds to it.
    pub added: Site,
    /// Where it is taken out, or read to be saved as it is.
    pub taken: Site,
    pub how: How,
    /// The operation that what was in it goes to, as seen from where it is taken.
    pub written: Site,
    /// The function that takes it.
    pub by: FnId,
    /// The last thing that the program does.
    pub last: Span,
}

/// How a collection is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// All that was in it is taken out and written.
    Emptied,
    /// It is saved to a file as a whole, from time to time and at no other time.
    Saved,
}

/// Places by what keeps the collections they are about.
type Places = BTreeMap<Span, (Option<Keeper>, Vec<Site>)>;

/// What adds to collections, what empties them and what saves them.
#[derive(Default)]
struct Uses {
    added: BTreeMap<Span, Vec<Site>>,
    emptied: Places,
    /// Where one is read in a function that writes files.
    saved: Places,
    /// Calls that empty something that could not be followed, with the names it may have.
    vague: Vec<(Site, BTreeSet<Ustr>)>,
}

impl Index {
    /// The batches that a service which is told to stop leaves behind, in the order of the files and places that declare them.
    pub fn batches_left_behind(&self) -> Vec<Batch> {
        let uses = self.uses_of_batches();
        let kept = |places: &'_ Places| -> Vec<(Keeper, Vec<Site>)> {
            places.values().filter_map(|(keeper, sites)| Some(((*keeper)?, sites.clone()))).collect()
        };
        let emptied = kept(&uses.emptied).into_iter().map(|(keeper, sites)| (keeper, sites, How::Emptied));
        let saved = kept(&uses.saved).into_iter().map(|(keeper, sites)| (keeper, sites, How::Saved));
        emptied.chain(saved).filter_map(|(keeper, sites, how)| self.left_behind(keeper, &sites, how, &uses)).collect()
    }

    /// How a batch is filled, emptied and written, and where the program ends without that.
    pub fn course_of_batch(&self, batch: &Batch) -> [Label; 4] {
        [
            Label::new(self.name_span(batch.added), "it is filled here"),
            Label::new(
                self.name_span(batch.taken),
                if batch.how == How::Emptied { "emptied here" } else { "read here" },
            ),
            Label::new(self.name_span(batch.written), "and written here"),
            Label::new(batch.last, "the last thing that the program does: nothing writes it then"),
        ]
    }

    fn uses_of_batches(&self) -> Uses {
        let mut uses = Uses::default();
        for (body, facts, _) in self.bodies().filter(|(body, ..)| !self.is_test(*body)) {
            let saves = facts.iter().any(|(node, _)| self.changes(Site { body, node }) == Some(Effect::File));
            for (node, _) in facts.iter() {
                let site = Site { body, node };
                if let Some(keeper) = self.named_keeper(site).filter(|_| saves) {
                    note(&mut uses.saved, self.keeper_span(keeper), keeper, site);
                }
                if let Some(to) = self.added_to(site) {
                    for keeper in self.keepers(to) {
                        uses.added.entry(self.keeper_span(keeper)).or_default().push(site);
                    }
                }
                if let Some(from) = self.emptied_by(site) {
                    let (keepers, open) = self.perhaps_kept_by(from);
                    for keeper in keepers {
                        note(&mut uses.emptied, self.keeper_span(keeper), keeper, site);
                    }
                    uses.vague.push((site, open));
                }
            }
        }
        uses
    }

    /// The static or field with a collection that an expression names.
    fn named_keeper(&self, site: Site) -> Option<Keeper> {
        let named = matches!(self.node(site).op, Op::Field { .. } | Op::Path(_));
        let keeper = self.keepers(site).into_iter().next().filter(|_| named)?;
        self.is_collection(&self.keeper_type(keeper)).then_some(keeper)
    }

    /// The collection that a call takes everything out of.
    fn emptied_by(&self, site: Site) -> Option<Site> {
        let listed = |name: Ustr| self.catalogue().lists(Calls::Empties, name);
        let from = match &self.node(site).op {
            Op::Method { receiver, name, .. } => {
                let own = matches!(self.callee(site), Some(Callee::Workspace(_) | Callee::Trait(_)));
                (!own && listed(*name)).then_some(*receiver)
            }
            Op::Call { arguments, .. } => {
                self.external(site).filter(|path| listed(*path)).and(arguments.first().copied())
            }
            _ => None,
        };
        let from = Site { node: from?, ..site };
        (self.ty(from).peeled().is_unknown() || self.is_collection(self.ty(from))).then_some(from)
    }

    fn left_behind(&self, keeper: Keeper, taken: &[Site], how: How, uses: &Uses) -> Option<Batch> {
        if !self.is_collection(&self.keeper_type(keeper)) {
            return None;
        }
        let program = |at: &Site| self.services_reaching(at.body).find(|program| is_told(program));
        let writes = |site: &Site| self.written_from(*site, how).is_some();
        // What is read and not written says nothing.
        let taken: Vec<Site> = taken.iter().filter(|site| how == How::Emptied || writes(site)).copied().collect();
        let (at, written, service) =
            taken.iter().find_map(|at| Some((*at, self.written_from(*at, how)?, program(at)?)))?;
        let added = uses.added.get(&self.keeper_span(keeper))?;
        if !self.lives_from_start(service, keeper)
            || (how == How::Saved && !taken.iter().all(|site| self.is_left_to_the_clock(service, *site, added)))
        {
            return None;
        }
        let added = self.filled_at(service, added, &taken)?;
        let name = self.keeper_name(keeper);
        let vague = uses.vague.iter().filter(|(_, names)| names.contains(&name)).map(|(site, _)| *site);
        let (by, last) = (self.function_of(at.body)?, self.last_step(service)?);
        let all = taken.into_iter().chain(vague).collect();
        (!self.may_happen_at_end(all)).then_some(Batch { keeper, added, taken: at, how, written, by, last })
    }

    /// Whether loops that let time pass lead to a place, and nothing else does, the start of the program aside: no request, and none of the
    /// functions that change what is saved there.
    fn is_left_to_the_clock(&self, program: &Program, place: Site, changes: &[Site]) -> bool {
        let mut queue = vec![place];
        let mut seen: HashSet<FnId> = HashSet::default();
        let mut is_timed = false;
        while let Some(at) = queue.pop() {
            if self.loops_around(at).iter().any(|around| self.is_timed_loop(at.body, around.region)) {
                is_timed = true;
                continue;
            }
            if self.runs_at_start(program, at) {
                continue;
            }
            let Some(function) = self.function_of(at.body) else { return false };
            let callers = self.calls.callers(function);
            let changing = changes.iter().any(|change| change.body == at.body);
            if changing || callers.is_empty() || self.handler(function).is_some() {
                return false;
            }
            if seen.insert(function) {
                queue.extend(callers.iter().map(|call| call.site).filter(|site| !self.is_test(site.body)));
            }
        }
        is_timed
    }

    /// Whether what keeps a collection is there from the start of a program to its end.
    fn lives_from_start(&self, program: &Program, keeper: Keeper) -> bool {
        let from_start = |site: &Site| self.runs_at_start(program, *site);
        self.stays(keeper)
            && match keeper {
                Keeper::Static(_) => true,
                Keeper::Field(id, _) => self.made_at(id).iter().all(from_start),
            }
    }

    /// The first place that adds to a collection while a program serves; any after its start, where the collection is emptied again and again.
    fn filled_at(&self, program: &Program, added: &[Site], emptied: &[Site]) -> Option<Site> {
        let again = |site: &Site| self.while_serving(*site).is_some();
        let later = |site: &&Site| program.reach.contains(&site.body) && !self.runs_at_start(program, **site);
        let later: Vec<Site> = added.iter().filter(later).copied().collect();
        let first = || later.first().copied().filter(|_| emptied.iter().any(again));
        later.iter().copied().find(again).or_else(first)
    }

    /// Whether one of some places may be come to when a program ends, as far as the calls that lead there tell.
    fn may_happen_at_end(&self, places: Vec<Site>) -> bool {
        let mut queue = places;
        let mut seen: HashSet<FnId> = HashSet::default();
        while let Some(place) = queue.pop() {
            if self.may_be_at_end(place) {
                return true;
            }
            let Some(function) = self.function_of(place.body) else { return true };
            if !seen.insert(function) {
                continue;
            }
            if self.is_destructor(function) {
                return true;
            }
            let callers = self.calls.callers(function).iter().map(|call| call.site);
            queue.extend(
                callers
                    .chain(self.called_by_name(self.defs().function(function).name))
                    .filter(|site| !self.is_test(site.body)),
            );
        }
        false
    }

    fn may_be_at_end(&self, place: Site) -> bool {
        self.services_reaching(place.body).any(|program| self.runs_at_shutdown(program, place))
            || self.is_teardown(place)
            || self.in_stopping_arm(place.body, place.node)
            || (!self.is_on_the_way(place)
                && (self.comes_after_work(place) || self.is_last_turn(place) || self.is_on_command(place)))
    }

    /// Whether a place stands in a function that leads a program from `main` to where it serves, or is only come to before: when it runs is known.
    fn is_on_the_way(&self, place: Site) -> bool {
        self.services_reaching(place.body).any(|program| {
            let spine = &self.course(program).spine;
            spine.iter().any(|at| at.body == place.body) || self.runs_at_start(program, place)
        })
    }

    /// Whether a place comes after a loop that waits for work, in code that is not come to again and again: the work is over.
    fn comes_after_work(&self, place: Site) -> bool {
        let facts = self.body(place.body);
        let around: HashSet<RegionId> = facts.outwards(facts.node(place.node).region).map(|(at, _)| at).collect();
        let is_over = |op: &Op| match op {
            Op::Loop { region, .. } => self.is_work_loop(place.body, *region) && !around.contains(region),
            _ => false,
        };
        facts.nodes.iter().take(place.node.index()).any(|node| is_over(&node.op)) && self.while_serving(place).is_none()
    }

    /// Whether a place stands in a branch that leaves a loop which waits for work.
    fn is_last_turn(&self, place: Site) -> bool {
        let facts = self.body(place.body);
        let around = || facts.outwards(facts.node(place.node).region);
        let in_work = around().any(|(region, r)| {
            let works = || self.is_work_loop(place.body, region) || self.is_timed_loop(place.body, region);
            r.kind == RegionKind::Loop && works() && leaves(facts, region)
        });
        let within = around().take_while(|(_, r)| r.kind != RegionKind::Loop);
        let mut branches = within.filter(|(_, r)| matches!(r.kind, RegionKind::Arm | RegionKind::Branch));
        let left = |region: RegionId| {
            let mut later = facts.nodes.iter().skip(place.node.index());
            later.any(|n| n.region == region && matches!(n.op, Op::Break(_) | Op::Return(_)))
        };
        in_work && branches.any(|(region, _)| left(region))
    }

    /// Whether what a message says decides if a place is come to: who sends it, and when, is not known.
    fn is_on_command(&self, place: Site) -> bool {
        let (facts, info) = (self.body(place.body), self.info(place.body));
        let in_loop = |region: &RegionId| self.is_work_loop(place.body, *region);
        if !facts.outwards(facts.node(place.node).region).any(|(region, _)| in_loop(&region)) {
            return false;
        }
        facts.outwards(facts.node(place.node).region).any(|(region, r)| {
            let owner = info.region_node(region).filter(|_| r.kind == RegionKind::Arm);
            let Some(Op::Match { arms, .. }) = owner.map(|owner| &facts.node(owner).op) else { return false };
            let named = |arm: &Arm| arm.region == region && arm.pattern.names_a_variant() && !arm.pattern.is_success();
            arms.iter().any(named)
        })
    }

    /// Calls of methods by a name, on receivers that are not known.
    pub(in crate::index) fn called_by_name(&self, name: Ustr) -> Vec<Site> {
        let mut found = Vec::new();
        for (body, facts, info) in self.bodies() {
            let unknown = info.callees.iter().filter(|(_, callee)| matches!(callee, Callee::Unknown(_)));
            let named = unknown.filter(
                |(node, _)| matches!(&facts.node(**node).op, Op::Method { name: called, .. } if *called == name),
            );
            found.extend(named.map(|(node, _)| Site { body, node: *node }));
        }
        found.sort_unstable();
        found
    }

    /// The first operation on something outside of the program that what a call gives goes to.
    fn written_from(&self, taken: Site, how: How) -> Option<Site> {
        let mut carried =
            Carried { index: self, body: taken.body, from: Some(taken.node), locals: HashSet::default(), how };
        carried.written(CALLS)
    }
}

fn note(places: &mut Places, at: Span, keeper: Keeper, site: Site) {
    let known = places.entry(at).or_default();
    known.0 = Some(keeper);
    known.1.push(site);
}

fn is_told(program: &Program) -> bool {
    program.signals.iter().any(|signal| signal.reached)
}

/// What a value goes into, in one body.
struct Carried<'i> {
    index: &'i Index,
    body: BodyRef,
    /// The node that gives the value, where it is none of the variables.
    from: Option<NodeId>,
    locals: HashSet<LocalId>,
    how: How,
}

impl Carried<'_> {
    fn written(&mut self, calls: u32) -> Option<Site> {
        let nodes = self.spread();
        let (index, body) = (self.index, self.body);
        let sites = index.body(body).iter().map(|(node, _)| Site { body, node });
        let given = sites.filter(|site| Some(site.node) != self.from && nodes.contains(&site.node));
        let mut given =
            given.filter(|site| matches!(index.node(*site).op, Op::Call { .. } | Op::Method { .. } | Op::Macro(_)));
        given.find(|site| self.writes(*site) || self.written_inside(*site, &nodes, calls))
    }

    fn writes(&self, site: Site) -> bool {
        let changes = |effect| match self.how {
            How::Emptied => matches!(effect, Effect::File | Effect::Database | Effect::Network | Effect::Storage),
            How::Saved => effect == Effect::File,
        };
        self.index.effect(site).is_some_and(|effected| !effected.looks && changes(effected.effect))
    }

    /// Whether a function of the workspace that is given the value writes it.
    fn written_inside(&self, site: Site, nodes: &HashSet<NodeId>, calls: u32) -> bool {
        let (index, fuel) = (self.index, calls.checked_sub(1));
        let (Some(Callee::Workspace(function)), Some(fuel)) = (index.callee(site), fuel) else { return false };
        let Some(body) = index.defs().body_of(*function).filter(|body| index.is_linked(*body)) else { return false };
        let parameters = &index.body(body).parameters;
        let given = parameters.iter().enumerate().filter(|(at, _)| {
            index.argument_at(site, *function, *at).is_some_and(|argument| nodes.contains(&argument.node))
        });
        let locals: HashSet<LocalId> = given.flat_map(|(_, pattern)| pattern.locals()).collect();
        !locals.is_empty() && Carried { index, body, from: None, locals, how: self.how }.written(fuel).is_some()
    }

    /// All nodes that the value is part of, or that are made of it.
    fn spread(&mut self) -> HashSet<NodeId> {
        let facts = self.index.body(self.body);
        loop {
            let (known, mut nodes) = (self.locals.len(), HashSet::default());
            for (node, n) in facts.iter() {
                if self.carries(facts, &n.op, &nodes) || Some(node) == self.from {
                    nodes.insert(node);
                }
                self.bind(&n.op, &nodes);
            }
            if self.locals.len() == known {
                return nodes;
            }
        }
    }

    fn carries(&self, facts: &Body, op: &Op, nodes: &HashSet<NodeId>) -> bool {
        let mut found = matches!(op, Op::Local(local) if self.locals.contains(local));
        found |= op.operands().iter().any(|operand| nodes.contains(operand));
        if let Op::Macro(call) = op {
            found |= call.mentions.iter().any(|local| self.locals.contains(local));
        }
        op.regions(&mut |region| found |= facts.region(region).value.is_some_and(|value| nodes.contains(&value)));
        found
    }

    /// Variables that get the value or a part of it, or that it is put into.
    fn bind(&mut self, op: &Op, nodes: &HashSet<NodeId>) {
        let mut bound = |pattern: &Pattern| self.locals.extend(pattern.locals());
        match op {
            Op::Bind { pattern, init: Some(of), .. } | Op::Let { pattern, of } if nodes.contains(of) => bound(pattern),
            Op::Match { scrutinee, arms } if nodes.contains(scrutinee) => {
                arms.iter().for_each(|arm| bound(&arm.pattern))
            }
            Op::Loop { kind: LoopKind::For { pattern, iterated }, .. } if nodes.contains(iterated) => bound(pattern),
            Op::Assign { place, value } if nodes.contains(value) => {
                self.locals.extend(self.index.variable_behind(self.body, *place).filter(|local| self.is_own(*local)));
            }
            Op::Method { receiver, arguments, .. } => {
                if nodes.contains(receiver) {
                    let closures =
                        arguments.iter().filter_map(|argument| match &self.index.body(self.body).node(*argument).op {
                            Op::Closure { parameters, .. } => Some(parameters),
                            _ => None,
                        });
                    closures.flatten().for_each(bound);
                }
                if arguments.iter().any(|argument| nodes.contains(argument)) {
                    self.locals
                        .extend(self.index.variable_behind(self.body, *receiver).filter(|local| self.is_own(*local)));
                }
            }
            _ => {}
        }
    }

    /// Whether a variable is the function's own, and no parameter that stands for all its caller has.
    fn is_own(&self, local: LocalId) -> bool {
        self.index.parameter_of(self.body, local).is_none()
    }
}
