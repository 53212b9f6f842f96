//! What is begun and ended by two calls on the same thing, with nothing in between that ends it by itself: on which ways out of a function the
//! end is skipped. Where anything else might end it, that is taken for an end.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use ustr::Ustr;

use crate::catalogue::{Calls, First, Pair, PairedCall, Runs};
use crate::facts::model::*;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::places::Place;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::declared::signatures::TraitName;
use crate::index::flow::variety::Variety;
use crate::index::flow::ways::{Exit, Ways};
use crate::index::{Index, Ty};

/// Something that is begun and then ended on some ways out of a function only.
#[derive(Debug)]
pub struct Skipped<'i> {
    pub begin: Site,
    pub pair: &'i Pair,
    /// Calls that end it, in evaluation order.
    pub ends: Vec<NodeId>,
    /// Where the function is left before that, by an error or a return.
    pub left: Vec<(Exit, NodeId)>,
    /// Waits before that: a future that is dropped there ends nothing.
    pub awaits: Vec<NodeId>,
    /// What is left stays: nothing that is begun later takes its place.
    pub piles_up: bool,
}

/// Through how many calls an end is looked for.
const CALLS: u32 = 4;

/// What two calls have to agree in: what they are called on, and their first argument.
#[derive(PartialEq, Eq)]
struct Target {
    receiver: Option<Place>,
    key: Option<Place>,
}

impl Index {
    /// What is begun and ended by calls of a pair in the same function, and not ended on every way out. In the order of files and places.
    pub fn skipped_ends(&self) -> Vec<Skipped<'_>> {
        let drops = &self.drops();
        let begun = self.begun_by_methods();
        let mut found = Vec::new();
        for (body, facts, _) in self.bodies().filter(|(body, ..)| !self.is_test(*body)) {
            for (node, _) in facts.iter() {
                let begin = Site { body, node };
                if let Some(Callee::Workspace(method)) = self.callee(begin) {
                    let inner = begun.get(method).into_iter().flatten();
                    found.extend(inner.filter_map(|(pair, inner)| {
                        Search { index: self, pair, drops }.skipped_through(begin, *inner)
                    }));
                }
                let Some(path) = self.external(begin) else { continue };
                for pair in self.catalogue().pairs(path) {
                    let search = Search { index: self, pair, drops };
                    let further_on = || search.skipped_in_task(begin).or_else(|| search.skipped_in_future(begin));
                    found.extend(search.skipped(begin).or_else(further_on));
                }
            }
        }
        found
    }

    /// The methods that surely begin something of their receiver, do not end it, and give nothing that could.
    fn begun_by_methods(&self) -> HashMap<FnId, Vec<(&Pair, Site)>> {
        let mut found: HashMap<FnId, Vec<(&Pair, Site)>> = HashMap::default();
        for (body, facts, info) in self.bodies().filter(|(body, ..)| !self.is_test(*body)) {
            let Some(method) = self.function_of(body).filter(|id| self.defs().function(*id).receiver.is_some()) else {
                continue;
            };
            if !gives_no_guard(&self.signatures().functions[method.index()].returns) {
                continue;
            }
            for (node, _) in facts.iter().filter(|(_, n)| n.region == Body::ROOT) {
                let begin = Site { body, node };
                let pairs = self.external(begin).into_iter().flat_map(|path| self.catalogue().pairs(path));
                let ends = |pair: &Pair| {
                    let ends = |callee: &Callee| matches!(callee, Callee::External(path) if pair.end.iter().any(|end| end.path == *path));
                    info.callees.values().any(ends)
                };
                found.entry(method).or_default().extend(pairs.filter(|pair| !ends(pair)).map(|pair| (pair, begin)));
            }
        }
        found
    }

    /// What the types of the workspace do when they are dropped.
    pub(in crate::index) fn drops(&self) -> HashMap<TypeId, FnId> {
        let signatures = self.signatures();
        let of_drop = |function: &FnId| {
            let block = self.defs().impl_of(*function)?;
            let of = signatures.impl_traits[block.index()].as_ref()?;
            matches!(of, TraitName::Ext(path) if path == "std::ops::Drop").then_some(())
        };
        let functions = (0..self.defs().functions.len()).map(|at| FnId(at as u32));
        functions.filter(|f| of_drop(f).is_some()).filter_map(|f| Some((self.receiver_type(f)?, f))).collect()
    }
}

/// The search for what ends a pair.
struct Search<'i, 'd> {
    index: &'i Index,
    pair: &'i Pair,
    drops: &'d HashMap<TypeId, FnId>,
}

impl<'i> Search<'i, '_> {
    fn skipped(&self, begin: Site) -> Option<Skipped<'i>> {
        if !self.pair.begin.iter().any(|call| self.is_call(begin, call)) {
            return None;
        }
        let target = self.target(begin)?;
        let outlives = self.outlives(begin, &target, self.index.frame_of(begin));
        outlives.then(|| self.skipped_between(begin, target))?
    }

    /// What a method begins that is called here, and another method ends that is called later on the same value.
    fn skipped_through(&self, begin: Site, inner: Site) -> Option<Skipped<'i>> {
        if !self.pair.begin.iter().any(|call| self.is_call(inner, call)) {
            return None;
        }
        let target = self.target_through(begin, inner)?;
        let is_older = self.is_older(begin, &target, self.index.frame_of(begin));
        let outlives = is_older && (!self.pair.exclusive || self.is_locked(inner) || self.is_locked(begin));
        outlives.then(|| self.skipped_between(begin, target))?
    }

    fn skipped_between(&self, begin: Site, target: Target) -> Option<Skipped<'i>> {
        let frame = self.index.frame_of(begin);
        if self.is_answered(begin) || self.has_guard(begin, &target) {
            return None;
        }
        let facts = self.index.body(begin.body);
        let later = facts.iter().map(|(node, _)| node).filter(|node| *node > begin.node);
        let all_ends: Vec<NodeId> = later.filter(|node| self.ends(Site { node: *node, ..begin }, &target)).collect();
        // Who waits for the closure or block around it ends it.
        if all_ends.iter().any(|node| self.index.seen_from(begin.body, *node, frame).is_none()) {
            return None;
        }
        let ends: Vec<NodeId> = all_ends
            .iter()
            .copied()
            .filter(|node| self.index.seen_from(begin.body, *node, frame) == Some(*node))
            .collect();
        // What is put into a collection and only taken out where something failed is meant to stay.
        let takes_back = |node: &NodeId| self.index.is_on_failing_path(Site { node: *node, ..begin });
        if ends.is_empty() || self.index.added_to(begin).is_some() && ends.iter().all(takes_back) {
            return None;
        }
        let mut settling: HashSet<NodeId> =
            all_ends.iter().filter_map(|node| self.index.seen_from(begin.body, *node, frame)).collect();
        settling.extend(self.perhaps_ending(begin.body, &target));
        let ways = self.index.ways_out(self.begun(begin), frame, &|node| settling.contains(&node));
        let ends_well = |exit: Exit| matches!(exit, Exit::End | Exit::Return);
        let completes = ways.all.iter().any(|way| ends_well(way.exit) && way.settled && !way.open);
        let remains = ways.all.iter().any(|way| way.exit == Exit::End && way.open);
        if remains || !completes {
            return None;
        }
        let missed = ways.open().filter(|way| !way.settled && matches!(way.exit, Exit::Error | Exit::Return));
        let left = missed.filter_map(|way| Some((way.exit, way.node?)));
        let is_one = |node: NodeId| !self.never_began(begin, node, &settling) && !self.finds_it_broken(begin, node);
        let left = left.filter(|(_, node)| is_one(*node)).collect();
        let piles_up = !self.pair.replaces || self.is_ever_another(begin);
        Some(Skipped { begin, pair: self.pair, ends, left, awaits: ways.awaits, piles_up })
    }

    /// What a task is to end that is spawned in the same function, and does not end on every way out of it: an entry for each that is at work.
    fn skipped_in_task(&self, begin: Site) -> Option<Skipped<'i>> {
        if !self.pair.begin.iter().any(|call| self.is_call(begin, call)) {
            return None;
        }
        let target = self.target(begin).filter(|target| target.key.is_some() && target.receiver.is_some())?;
        let facts = self.index.body(begin.body);
        let ends = self.all_ends(begin, &target);
        let task = self.task_of(begin, *ends.first()?)?;
        let in_task = |node: NodeId| facts.is_inside(facts.node(node).region, task);
        if !ends.iter().all(|end| in_task(*end))
            || !self.outlives_turn(begin, &target)
            || self.is_answered(begin)
            || self.is_emptied_elsewhere(begin, &target, &in_task)
        {
            return None;
        }
        let (ways, mut left) = self.ways_of_another(begin, &target, &ends, task);
        let completes = ways.all.iter().any(|way| way.exit == Exit::End && way.settled);
        if ways.all.iter().any(|way| way.exit == Exit::End && way.open) {
            left.push((Exit::End, self.choice_around(begin, *ends.first()?, task, &target)?));
        }
        left.retain(|(_, node)| !self.finds_it_broken(begin, *node));
        let is_found = completes && !left.is_empty();
        is_found.then(|| Skipped { begin, pair: self.pair, ends, left, awaits: Vec::new(), piles_up: true })
    }

    /// What a function begins before it gives a future that is to end it, and that does not on every way out: a request that is counted as at work.
    fn skipped_in_future(&self, begin: Site) -> Option<Skipped<'i>> {
        if !self.pair.begin.iter().any(|call| self.is_call(begin, call)) {
            return None;
        }
        let target = self.target(begin)?;
        let facts = self.index.body(begin.body);
        let ends = self.all_ends(begin, &target);
        let future = self.future_given(begin, *ends.first()?)?;
        let in_future = |end: &NodeId| facts.is_inside(facts.node(*end).region, future);
        if !ends.iter().all(in_future)
            || !self.outlives(begin, &target, self.index.frame_of(begin))
            || self.is_answered(begin)
        {
            return None;
        }
        let (ways, mut left) = self.ways_of_another(begin, &target, &ends, future);
        let completes = ways.all.iter().any(|way| way.exit == Exit::End && way.settled && !way.open);
        let remains = ways.all.iter().any(|way| way.exit == Exit::End && way.open);
        left.retain(|(_, node)| !self.finds_it_broken(begin, *node));
        let piles_up = !self.pair.replaces || self.is_ever_another(begin);
        (completes && !remains).then_some(Skipped { begin, pair: self.pair, ends, left, awaits: ways.awaits, piles_up })
    }

    /// Whether a value that does something when it is dropped was made before, and given the name of what is begun; or is that name itself.
    fn has_guard(&self, begin: Site, target: &Target) -> bool {
        let (facts, info) = (self.index.body(begin.body), self.index.info(begin.body));
        let guards = |made: NodeId| matches!(info.ty(made).peeled(), Ty::Adt(id, _) if self.drops.contains_key(id));
        if let Op::Call { arguments, .. } = &facts.node(begin.node).op
            && arguments.iter().any(|argument| guards(*argument))
        {
            return true;
        }
        let named = |made: NodeId| {
            let mut parts = vec![made];
            while let Some(node) = parts.pop() {
                if target.key.is_some() && self.index.place(Site { node, ..begin }) == target.key {
                    return true;
                }
                parts.extend(facts.node(node).op.operands());
            }
            false
        };
        facts.iter().take(begin.node.index()).any(|(_, node)| match node.op {
            Op::Bind { init: Some(made), .. } => guards(made) && named(made),
            _ => false,
        })
    }

    /// Calls in the same body that end what is begun, in evaluation order.
    fn all_ends(&self, begin: Site, target: &Target) -> Vec<NodeId> {
        let nodes = self.index.body(begin.body).iter().map(|(node, _)| node);
        nodes.filter(|node| self.ends(Site { node: *node, ..begin }, target)).collect()
    }

    /// The ways out of a task or future that is to end what was begun before it, and those of them on which it does not.
    fn ways_of_another(
        &self,
        begin: Site,
        target: &Target,
        ends: &[NodeId],
        region: RegionId,
    ) -> (Ways, Vec<(Exit, NodeId)>) {
        let facts = self.index.body(begin.body);
        let inside = |node: &NodeId| facts.is_inside(facts.node(*node).region, region);
        let mut settling: HashSet<NodeId> =
            ends.iter().filter_map(|node| self.index.seen_from(begin.body, *node, region)).collect();
        settling.extend(self.perhaps_ending(begin.body, target).into_iter().filter(inside));
        let ways = self.index.ways_out(begin, region, &|node| settling.contains(&node));
        let leaves = ways.open().filter(|way| !way.settled && matches!(way.exit, Exit::Error | Exit::Return));
        let left = leaves.filter_map(|way| Some((way.exit, way.node?))).collect();
        (ways, left)
    }

    /// The async block that a place is part of, and that the function or closure around another place gives back: as it is, boxed, or in an adapter.
    fn future_given(&self, outside: Site, inside: NodeId) -> Option<RegionId> {
        let (facts, info) = (self.index.body(outside.body), self.index.info(outside.body));
        let frame = self.index.frame_of(outside);
        let block = facts.outwards(facts.node(inside).region).take_while(|(region, _)| *region != frame).last()?.0;
        let future = info.region_node(block).filter(|node| matches!(facts.node(*node).op, Op::Async(_)))?;
        let bare = |mut node: NodeId| loop {
            node = match &facts.node(node).op {
                Op::Call { arguments, .. } if arguments.len() == 1 => arguments[0],
                Op::Method { receiver, .. } => *receiver,
                _ => return node,
            };
        };
        self.index.passed_on_in(outside.body, frame).into_iter().any(|given| bare(given) == future).then_some(block)
    }

    /// The task that a place is part of, where another is not: the outermost.
    fn task_of(&self, outside: Site, inside: NodeId) -> Option<RegionId> {
        let (facts, info) = (self.index.body(outside.body), self.index.info(outside.body));
        let around: Vec<RegionId> = facts.outwards(facts.node(inside).region).map(|(region, _)| region).collect();
        around.into_iter().rev().find(|region| {
            let is_task = info.runs.get(region).is_some_and(|runs| matches!(runs, Runs::Task | Runs::Thread));
            is_task && !facts.is_inside(facts.node(outside.node).region, *region)
        })
    }

    /// Whether what a call changes is older than the turn of the loop that the call is made in, or than the function.
    fn outlives_turn(&self, begin: Site, target: &Target) -> bool {
        let facts = self.index.body(begin.body);
        let turn = self.index.loops_around(begin).first().map(|around| around.region);
        match target.receiver.as_ref().map(Place::root) {
            Some(Place::Local(local)) if let Some(turn) = turn => {
                !facts.is_inside(facts.local(*local).region, turn) && (!self.pair.exclusive || self.is_locked(begin))
            }
            _ => self.outlives(begin, target, self.index.frame_of(begin)),
        }
    }

    /// Whether something besides a task may take entries out of the same collection. What comes behind the loop that adds to it comes too late.
    fn is_emptied_elsewhere(&self, begin: Site, target: &Target, in_task: &dyn Fn(NodeId) -> bool) -> bool {
        let name = target.receiver.as_ref().and_then(Place::name);
        let is_own = |body: BodyRef| body == begin.body;
        let takes = |site: Site| {
            let Op::Method { receiver, name: called, .. } = &self.index.node(site).op else { return false };
            if !self.index.catalogue().lists(Calls::Shrinks, *called) {
                return false;
            }
            let place = self.index.place(Site { node: *receiver, ..site });
            if is_own(site.body) {
                place.is_none() || place == target.receiver
            } else {
                name.is_some() && place.as_ref().and_then(Place::name) == name
            }
        };
        let facts = self.index.body(begin.body);
        let turns = self.index.loops_around(begin).last().map(|around| around.region);
        let too_late = |node: NodeId| {
            let region = facts.node(node).region;
            turns.is_some_and(|turns| !facts.is_inside(region, turns))
                && self.index.seen_from(begin.body, node, Body::ROOT) == Some(node)
        };
        self.index.bodies().any(|(body, facts, _)| {
            let outside = |node: NodeId| !is_own(body) || !in_task(node) && !too_late(node);
            (is_own(body) || name.is_some())
                && facts.iter().any(|(node, _)| outside(node) && takes(Site { body, node }))
        })
    }

    /// What is asked where a branch of a task leads to an end, where that is of something other than the entry.
    fn choice_around(&self, begin: Site, end: NodeId, task: RegionId, target: &Target) -> Option<NodeId> {
        let (facts, info) = (self.index.body(begin.body), self.index.info(begin.body));
        let inside =
            facts.outwards(facts.node(end).region).map(|(region, _)| region).take_while(|region| *region != task);
        let owners = inside.filter_map(|region| info.region_node(region));
        let choice = owners.last().filter(|owner| matches!(facts.node(*owner).op, Op::If { .. } | Op::Match { .. }))?;
        let asked = match &facts.node(choice).op {
            Op::If { condition, .. } => *condition,
            Op::Match { scrutinee, .. } => *scrutinee,
            _ => return None,
        };
        let whole = facts.node(asked).range;
        let of_entry = |node: NodeId| {
            let place = self.index.place(Site { node, ..begin });
            place.is_none() || place == target.receiver || place == target.key
        };
        let names =
            facts.iter().filter(|(_, n)| whole.contains(n.range) && matches!(n.op, Op::Local(_) | Op::Field { .. }));
        let asks_of_entry = names.into_iter().any(|(node, _)| of_entry(node));
        (!asks_of_entry).then_some(asked)
    }

    /// Whether a way out is taken only where a lock is poisoned or a semaphore closed: no end could be reached through it either.
    fn finds_it_broken(&self, begin: Site, left: NodeId) -> bool {
        let facts = self.index.body(begin.body);
        let Op::Try(mut at) = facts.node(left).op else { return false };
        loop {
            let made = self.index.callable(Site { node: at, ..begin }).and_then(|callable| callable.constructs);
            let kind = made.and_then(|made| self.index.resource(made)?.kind);
            if kind.is_some_and(|kind| kind == "lock" || kind == "permit") {
                return true;
            }
            at = match &facts.node(at).op {
                Op::Await(of) => *of,
                Op::Method { receiver, .. } => *receiver,
                _ => return false,
            };
        }
    }

    /// Whether a call is about something else each time: its first argument stems from a request, or is made up anew.
    fn is_ever_another(&self, begin: Site) -> bool {
        let key = self.operands(begin).1.first();
        key.is_some_and(|key| self.index.variety(self.own_name(Site { node: *key, ..begin })) == Variety::Endless)
    }

    /// Of a path, what tells it apart in its folder: one name in many folders is one place each.
    fn own_name(&self, path: Site) -> Site {
        let mut at = path;
        for _ in 0..CALLS {
            let node = match &self.index.node(at).op {
                Op::Local(local) => match self.index.sources(at.body, *local)[..] {
                    [source] => source,
                    _ => return path,
                },
                Op::Reference { of, .. } => *of,
                Op::Method { name, arguments, .. } if name == "join" && arguments.len() == 1 => {
                    return Site { node: arguments[0], ..at };
                }
                _ => return path,
            };
            at = Site { node, ..at };
        }
        path
    }

    fn is_call(&self, site: Site, call: &PairedCall) -> bool {
        self.index.external(site).is_some_and(|path| path == call.path)
            && call.first.is_none_or(|wanted| {
                let first = self.operands(site).1.first();
                first.and_then(|node| self.first(Site { node: *node, ..site })) == Some(wanted)
            })
    }

    /// The literal that an argument is, as far as it tells what a call does. No number but one with a sign is negated.
    fn first(&self, argument: Site) -> Option<First> {
        let is_one = |node: NodeId| matches!(self.index.node(Site { node, ..argument }).op, Op::Literal(Literal::Number(digits, _)) if digits == "1");
        match self.index.node(argument).op {
            Op::Literal(Literal::Bool(value)) => Some(First::Flag(value)),
            Op::Unary(of) if is_one(of) => Some(First::Down),
            _ => is_one(argument.node).then_some(First::Up),
        }
    }

    /// The receiver and the arguments of a call.
    fn operands(&self, site: Site) -> (Option<NodeId>, &'i [NodeId]) {
        match &self.index.node(site).op {
            Op::Method { receiver, arguments, .. } => (Some(*receiver), arguments),
            Op::Call { arguments, .. } => (None, arguments),
            _ => (None, &[]),
        }
    }

    /// What a call is about; none where that cannot be told.
    fn target(&self, site: Site) -> Option<Target> {
        let place = |node: NodeId| self.index.place(Site { node, ..site });
        let (receiver, arguments) = self.operands(site);
        // What tells of a call what it does does not tell on what.
        let mut calls = self.pair.begin.iter().chain(&self.pair.end);
        let counts = calls.any(|call| matches!(call.first, Some(First::Up | First::Down)));
        let tells = |node: &&NodeId| match self.first(Site { node: **node, ..site }) {
            Some(First::Flag(_)) => false,
            _ => !counts,
        };
        let key = arguments.first().filter(tells).map(|node| place(*node));
        Some(Target {
            receiver: match receiver {
                Some(receiver) => Some(place(receiver)?),
                None => None,
            },
            key: match key {
                Some(key) => Some(key?),
                None => None,
            },
        })
    }

    fn ends(&self, site: Site, target: &Target) -> bool {
        if self.pair.end.iter().any(|call| self.is_call(site, call)) {
            return self.target(site).is_some_and(|other| other == *target);
        }
        if target.receiver.is_none() { self.hands_on(site, target) } else { self.ends_through(site, target) }
    }

    /// Whether a method of the workspace that is called here ends this by way of its receiver.
    fn ends_through(&self, call: Site, target: &Target) -> bool {
        let Some(Callee::Workspace(method)) = self.index.callee(call) else { return false };
        let Some(body) = self.index.linked_body(*method) else { return false };
        let ends = |node: &NodeId| self.pair.end.iter().any(|end| self.is_call(Site { body, node: *node }, end));
        let inner = self.index.body(body).iter().map(|(node, _)| node).filter(ends);
        inner
            .into_iter()
            .any(|node| self.target_through(call, Site { body, node }).is_some_and(|ended| ended == *target))
    }

    /// What a call inside of a method is about, in the words of who calls that method.
    fn target_through(&self, call: Site, inner: Site) -> Option<Target> {
        let Op::Method { receiver, .. } = self.index.node(call).op else { return None };
        let Some(Callee::Workspace(method)) = self.index.callee(call) else { return None };
        let of = self.index.place(Site { node: receiver, ..call })?;
        let outside = |place: &Place| self.seen_by_caller(place, &of, (call, *method), inner.body);
        let Target { receiver, key } = self.target(inner)?;
        let own = receiver.filter(|place| matches!(place.root(), Place::Local(local) if *local == LocalId(0)))?;
        let key = match key {
            Some(key) => Some(outside(&key)?),
            None => None,
        };
        Some(Target { receiver: Some(outside(&own)?), key })
    }

    /// A place of a method as its caller names it.
    fn seen_by_caller(&self, place: &Place, receiver: &Place, call: (Site, FnId), body: BodyRef) -> Option<Place> {
        let all = |of: &[Place]| {
            of.iter().map(|part| self.seen_by_caller(part, receiver, call, body)).collect::<Option<Vec<Place>>>()
        };
        match place {
            Place::Local(local) => match self.index.parameter_of(body, *local)? {
                None => Some(receiver.clone()),
                Some(at) => self.index.place(self.index.argument_at(call.0, call.1, at)?),
            },
            Place::Static(_) | Place::Constant(_) => Some(place.clone()),
            Place::Field(base, name) => {
                Some(Place::Field(Box::new(self.seen_by_caller(base, receiver, call, body)?), *name))
            }
            Place::Got(name, of) => Some(Place::Got(*name, all(of)?)),
            Place::All(of) => Some(Place::All(all(of)?)),
        }
    }

    /// Whether a function of the workspace ends what it is given for one of its parameters, and is given this.
    fn hands_on(&self, call: Site, target: &Target) -> bool {
        let Some(Callee::Workspace(function)) = self.index.callee(call) else { return false };
        let Some(body) = self.index.defs().body_of(*function).filter(|body| self.index.is_linked(*body)) else {
            return false;
        };
        let ends = |node: &NodeId| self.pair.end.iter().any(|end| self.is_call(Site { body, node: *node }, end));
        self.index.body(body).iter().map(|(node, _)| node).filter(ends).any(|node| {
            let key = self.target(Site { body, node }).and_then(|inner| inner.key);
            let Some(Place::Local(local)) = key else { return false };
            let at = self.index.parameter_of(body, local).flatten();
            let given = at.and_then(|at| self.index.argument_at(call, *function, at));
            given.is_some_and(|given| self.index.place(given) == target.key)
        })
    }

    /// Whether what is begun comes with a word to whoever ends it: the sending half of a channel is put there, too.
    fn is_answered(&self, begin: Site) -> bool {
        let mut queue: Vec<NodeId> = self.operands(begin).1.to_vec();
        while let Some(node) = queue.pop() {
            let site = Site { node, ..begin };
            let sends = |path: &Ustr| self.index.catalogue().lists_a_member(Calls::Sends, *path);
            if matches!(self.index.ty(site).peeled(), Ty::Ext(path, _) if sends(path)) {
                return true;
            }
            queue.extend(self.index.node(site).op.operands());
        }
        false
    }

    /// Whether what a call changes is still there when its function has returned.
    fn outlives(&self, begin: Site, target: &Target, frame: RegionId) -> bool {
        let is_own = matches!(target.receiver.as_ref().map(Place::root), Some(Place::Local(_)));
        self.is_older(begin, target, frame) && (!is_own || !self.pair.exclusive || self.is_locked(begin))
    }

    /// Whether what a call is about was there before a frame was entered.
    fn is_older(&self, begin: Site, target: &Target, frame: RegionId) -> bool {
        match target.receiver.as_ref().map(Place::root) {
            None | Some(Place::Static(_) | Place::Got(..)) => true,
            Some(Place::Local(local)) => self.comes_from_outside(begin.body, *local, frame),
            Some(_) => false,
        }
    }

    /// Whether a variable was there before a frame was entered, or is a parameter of the function.
    fn comes_from_outside(&self, body: BodyRef, local: LocalId, frame: RegionId) -> bool {
        let facts = self.index.body(body);
        let variable = facts.local(local);
        variable.name == "self"
            || facts.parameters.iter().any(|parameter| parameter.locals().contains(&local))
            || !facts.outwards(variable.region).any(|(region, _)| region == frame)
    }

    /// Whether what a call is made on is reached through a lock.
    fn is_locked(&self, call: Site) -> bool {
        let index = self.index;
        let mut seen = HashSet::default();
        let mut queue = Vec::from_iter(self.operands(call).0);
        while let Some(at) = queue.pop() {
            if !seen.insert(at) {
                continue;
            }
            if index.is_kind(index.ty(Site { node: at, ..call }), "lock") {
                return true;
            }
            match &index.body(call.body).node(at).op {
                Op::Local(local) => queue.extend(index.sources(call.body, *local)),
                Op::Field { base: of, .. }
                | Op::Method { receiver: of, .. }
                | Op::Reference { of, .. }
                | Op::Deref(of)
                | Op::Try(of)
                | Op::Await(of) => queue.push(*of),
                _ => {}
            }
        }
        false
    }

    /// Where something is known to have begun: behind the `?` and `.await` of the call.
    fn begun(&self, begin: Site) -> Site {
        let (facts, info) = (self.index.body(begin.body), self.index.info(begin.body));
        let mut node = begin.node;
        while let Some(parent) = info.parent(node).filter(|p| matches!(facts.node(*p).op, Op::Try(_) | Op::Await(_))) {
            node = parent;
        }
        Site { node, ..begin }
    }

    /// Whether a place is reached only where nothing was begun: on a branch that what the call gave decides, and on which nothing is ended.
    fn never_began(&self, begin: Site, left: NodeId, settling: &HashSet<NodeId>) -> bool {
        let (facts, info) = (self.index.body(begin.body), self.index.info(begin.body));
        if !self.tells(begin) {
            return false;
        }
        if let Op::Try(of) = facts.node(left).op
            && self.stems_from(begin, of)
        {
            return true;
        }
        if self.is_decided_apart(begin, left, settling) {
            return true;
        }
        let around = facts.outwards(facts.node(left).region);
        around.filter_map(|(region, _)| Some((region, info.region_node(region)?))).any(|(region, owner)| {
            let asked = match &facts.node(owner).op {
                Op::If { condition, .. } => *condition,
                Op::Match { scrutinee, .. } => *scrutinee,
                Op::Bind { init: Some(init), .. } => *init,
                _ => return false,
            };
            let is_inside = |node: &NodeId| facts.outwards(facts.node(*node).region).any(|(at, _)| at == region);
            self.stems_from(begin, asked) && !settling.iter().any(is_inside)
        })
    }

    /// Whether a branch decides whether something was begun, ends it, and a place is on neither of its sides: `if begin().is_ok() { end() }`.
    fn is_decided_apart(&self, begin: Site, place: NodeId, settling: &HashSet<NodeId>) -> bool {
        let facts = self.index.body(begin.body);
        facts.nodes.iter().any(|node| {
            let asked = match &node.op {
                Op::If { condition: asked, .. } | Op::Match { scrutinee: asked, .. } => *asked,
                _ => return false,
            };
            let inside = |inner: NodeId| {
                let mut found = false;
                node.op.regions(&mut |region| found |= facts.is_inside(facts.node(inner).region, region));
                found
            };
            self.stems_from(begin, asked) && !inside(place) && settling.iter().any(|end| inside(*end))
        })
    }

    /// Whether what a call gives says whether something was begun.
    fn tells(&self, begin: Site) -> bool {
        match self.index.ty(begin) {
            Ty::Unknown => true,
            Ty::Future(_) => true,
            Ty::Ext(path, _) => ["bool", "std::result::Result", "std::option::Option"].contains(&path.as_str()),
            _ => false,
        }
    }

    fn stems_from(&self, begin: Site, node: NodeId) -> bool {
        let facts = self.index.body(begin.body);
        let mut seen = HashSet::default();
        let mut queue = vec![node];
        while let Some(at) = queue.pop() {
            if at == begin.node {
                return true;
            }
            // What `?` lets through has begun: what is done with it says nothing of that any more.
            if !seen.insert(at) || matches!(facts.node(at).op, Op::Try(_)) {
                continue;
            }
            if let Op::Local(local) = facts.node(at).op {
                queue.extend(self.index.sources(begin.body, local));
            }
            queue.extend(facts.node(at).op.operands());
        }
        false
    }

    /// Calls of the workspace that may end it, and values that may do so when they are dropped.
    fn perhaps_ending(&self, body: BodyRef, target: &Target) -> Vec<NodeId> {
        let name = target.receiver.as_ref().and_then(Place::name);
        let mut seen = HashSet::default();
        let calls = self.index.calls.callees(body).iter();
        let calling = calls.filter(|call| self.may_end(call.to, name, &mut HashSet::default(), CALLS));
        let mut found: Vec<NodeId> = calling.map(|call| call.site.node).collect();
        for (node, _) in self.index.body(body).iter() {
            if let Ty::Adt(id, _) = self.index.ty(Site { body, node })
                && let Some(drop) = self.drops.get(id)
                && self.may_end(*drop, name, &mut seen, CALLS)
            {
                found.push(node);
                seen.clear();
            }
        }
        found
    }

    /// Whether a function, or what it calls, ends something of this name.
    fn may_end(&self, function: FnId, name: Option<Ustr>, seen: &mut HashSet<FnId>, fuel: u32) -> bool {
        let Some(body) = self.index.defs().body_of(function).filter(|body| self.index.is_linked(*body)) else {
            return false;
        };
        if fuel == 0 || !seen.insert(function) {
            return false;
        }
        let ends = |node: NodeId| {
            let site = Site { body, node };
            self.pair.end.iter().any(|call| self.is_call(site, call)) && {
                let other = self.operands(site).0.and_then(|node| self.index.place(Site { node, ..site }));
                let other = other.as_ref().and_then(Place::name);
                name.is_none() || other.is_none() || other == name
            }
        };
        self.index.body(body).iter().any(|(node, _)| ends(node))
            || self.index.calls.callees(body).iter().any(|call| self.may_end(call.to, name, seen, fuel - 1))
    }
}

/// Whether what a function gives is nothing, an answer or a count: no guard, and nothing that may have one.
fn gives_no_guard(ty: &Ty) -> bool {
    match ty {
        Ty::Future(of) => gives_no_guard(of),
        Ty::Tuple(parts) => parts.iter().all(gives_no_guard),
        Ty::Ext(path, parts) if path == "std::result::Result" || path == "std::option::Option" => {
            parts.first().is_some_and(gives_no_guard)
        }
        Ty::Ext(path, _) => !path.contains("::"),
        _ => false,
    }
}
