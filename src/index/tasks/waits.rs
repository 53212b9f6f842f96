//! Where code waits until tasks and threads have ended: for which, within what time, and what was closed before although they use it. Judges no
//! wait: which of them should have a deadline is for rules to say.

use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

use crate::catalogue::{Calls, Effect, TypeEntry};
use crate::facts::model::*;
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::declared::types::Ty;
use crate::index::programs::Program;
use crate::index::resources::releases::Release;

/// A place that waits until a task or thread, or several, have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub site: Site,
    /// The variable that is waited for: a handle, or what knows the tasks; or the variable that these are a part of.
    pub on: Option<LocalId>,
    /// It holds its thread, as joining a thread does.
    pub blocks: bool,
}

/// Something that is closed while a task still uses it.
#[derive(Debug, Clone, Copy)]
pub struct ClosedInUse {
    pub closed: Site,
    pub resource: Ustr,
    /// Where the task is spawned.
    pub spawn: Site,
    /// What the task is given.
    pub shared: Site,
    /// Where the task is waited for or stopped, too late.
    pub waited: Site,
}

impl Index {
    /// The places of a body that wait for tasks and threads, in evaluation order.
    pub fn waits_in(&self, body: BodyRef) -> Vec<Wait> {
        self.body(body).iter().filter_map(|(node, _)| self.wait_at(Site { body, node })).collect()
    }

    fn wait_at(&self, site: Site) -> Option<Wait> {
        let info = self.info(site.body);
        let to = |node: NodeId| Site { node, ..site };
        let joins = |at: Site| self.callable(at).is_some_and(|callable| callable.effect == Some(Effect::Join));
        let (of, blocks) = match &self.node(site).op {
            Op::Await(of) if self.is_task_handle(info.ty(*of)) || joins(to(*of)) => (*of, false),
            Op::Await(of) => (self.joined_handles(to(*of))?, false),
            Op::Method { receiver, .. } if joins(site) && self.is_kind(info.ty(*receiver), "thread-handle") => {
                (*receiver, true)
            }
            _ => return None,
        };
        Some(Wait { site, on: self.variable_behind(site.body, of), blocks })
    }

    /// Whether awaiting a value waits for a task.
    fn is_task_handle(&self, ty: &Ty) -> bool {
        let Ty::Ext(path, _) = ty.peeled() else { return false };
        let awaited = self.catalogue().method(*path, ustr("await"));
        awaited.is_some_and(|(_, callable)| callable.effect == Some(Effect::Join))
    }

    /// The handles that a call of a library makes one future of: `join_all(handles)`.
    fn joined_handles(&self, call: Site) -> Option<NodeId> {
        let Op::Call { arguments, .. } = &self.node(call).op else { return None };
        self.external(call).filter(|path| !self.catalogue().lists(Calls::BoundsTime, *path))?;
        arguments.iter().copied().find(|argument| self.holds_handles(self.info(call.body).ty(*argument)))
    }

    /// Whether a value is a handle of a task or holds some.
    pub(super) fn holds_handles(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Ext(_, arguments) => self.is_task_handle(ty) || arguments.iter().any(|of| self.holds_handles(of)),
            Ty::Ref(of) | Ty::Slice(of) => self.holds_handles(of),
            Ty::Tuple(parts) => parts.iter().any(|part| self.holds_handles(part)),
            _ => false,
        }
    }

    /// Whether something of a program ends the process after a while: it sleeps, and exits.
    pub fn has_watchdog(&self, program: &Program) -> bool {
        let listed =
            |site: Site, list: Calls| self.external(site).is_some_and(|path| self.catalogue().lists(list, path));
        // What waits for a given time, not for work.
        let sleeps = |site: Site| match &self.node(site).op {
            Op::Call { arguments, .. } => !arguments.is_empty() && listed(site, Calls::Waits),
            _ => false,
        };
        let barks = |exit: Site| {
            let before = self.body(exit.body).iter().take(exit.node.index()).map(|(node, _)| Site { node, ..exit });
            before.filter(|site| self.frame_of(*site) == self.frame_of(exit)).any(sleeps)
        };
        program.reach.iter().filter(|body| !self.is_test(**body)).any(|body| {
            let sites = self.info(*body).callees.keys().map(|node| Site { body: *body, node: *node });
            sites.filter(|site| self.ends_the_process(*site)).any(barks)
        })
    }

    /// Where a program waits at shutdown for tasks that were begun before, in the order in which it does. What was told to end at once is waited for
    /// no longer than that takes, and is left out.
    pub fn waits_at_shutdown(&self, program: &Program) -> Vec<Wait> {
        let bodies = program.reach.iter().filter(|body| !self.is_test(**body));
        let waits = bodies.flat_map(|body| self.waits_in(*body));
        let placed = waits.filter_map(|wait| Some((self.shutdown_order(program, wait.site)?, wait)));
        let mut found: Vec<(usize, Wait)> =
            placed.filter(|(_, wait)| self.began_before(program, *wait) && !self.is_aborted_before(*wait)).collect();
        found.sort_by_key(|(order, wait)| (*order, wait.site));
        found.into_iter().map(|(_, wait)| wait).collect()
    }

    /// Whether a place is reached only when a program was told to stop, and what it waits for was told so before: a word is given in front of it, or in
    /// front of a call that leads there.
    pub fn follows_an_order(&self, program: &Program, site: Site) -> bool {
        let mut seen = HashSet::default();
        let mut ordered = false;
        self.only_stops(program, site, &mut ordered, &mut seen) && ordered
    }

    /// Whether all that leads to a place stands where a program stops; `ordered` learns whether a word to stop was given on a way.
    fn only_stops(&self, program: &Program, site: Site, ordered: &mut bool, seen: &mut HashSet<FnId>) -> bool {
        let before = self.body(site.body).iter().take(site.node.index()).map(|(node, _)| Site { node, ..site });
        *ordered |= before.filter(|at| self.gives_the_word(*at)).any(|at| self.may_come_to(at, site));
        if self.stands_where_it_stops(program, site) {
            return true;
        }
        let Some(function) = self.function_of(site.body).filter(|function| self.handler(*function).is_none()) else {
            return false;
        };
        if !seen.insert(function) {
            return true;
        }
        let mut calls = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body)).peekable();
        calls.peek().is_some() && calls.all(|call| self.only_stops(program, call.site, ordered, seen))
    }

    /// Whether no branch keeps two places of a body apart.
    pub(in crate::index) fn may_come_to(&self, first: Site, then: Site) -> bool {
        let facts = self.body(first.body);
        let around: HashSet<RegionId> =
            facts.outwards(facts.node(then.node).region).map(|(region, _)| region).collect();
        let decided = facts.outwards(facts.node(first.node).region).filter(|(_, r)| r.kind == RegionKind::Arm);
        decided.map(|(region, _)| region).all(|region| around.contains(&region))
    }

    /// Whether a site gives tasks the word to stop: it cancels a token, sends, sets a flag, or lets go of the sending end of a channel.
    pub(in crate::index) fn gives_the_word(&self, site: Site) -> bool {
        let lets_go =
            |ty: &Ty| self.is_end(ty.content().unwrap_or(ty)) && !self.is_receiver(ty.content().unwrap_or(ty));
        match (&self.node(site).op, self.external(site)) {
            (Op::Method { .. } | Op::Call { .. }, Some(path))
                if [Calls::Orders, Calls::Sends, Calls::Announces]
                    .iter()
                    .any(|list| self.catalogue().lists(*list, path)) =>
            {
                true
            }
            (Op::Method { name, .. }, Some(_)) if name == "take" => lets_go(self.ty(site)),
            _ => self.given_to_drop(site).is_some_and(|given| lets_go(self.ty(Site { node: given, ..site }))),
        }
    }

    /// Whether what is waited for was there before the program was told to stop: nothing of the shutdown itself.
    fn began_before(&self, program: &Program, wait: Wait) -> bool {
        wait.on.is_some_and(|local| self.was_there(program, wait.site.body, local, &mut HashSet::default()))
    }

    fn was_there(&self, program: &Program, body: BodyRef, local: LocalId, seen: &mut HashSet<LocalId>) -> bool {
        let own = |node: NodeId| Site { body, node };
        seen.insert(local)
            && self.sources(body, local).into_iter().all(|source| {
                let inner = self.variable_behind(body, source).filter(|inner| *inner != local);
                !self.runs_at_shutdown(program, own(source))
                    || self.field_behind(own(source)).is_some()
                    || inner.is_some_and(|inner| self.was_there(program, body, inner, seen))
            })
    }

    /// Whether the task that is waited for is aborted before, in the same function.
    fn is_aborted_before(&self, wait: Wait) -> bool {
        let body = wait.site.body;
        let aborts =
            self.releases_in(body).iter().filter(|release| release.site.node < wait.site.node).filter(|release| {
                let kind = release.resource.and_then(|path| self.kind(path));
                kind.is_some_and(|kind| matches!(kind.as_str(), "task-handle" | "task-set"))
            });
        let of_wait = |release: &&Release| {
            wait.on.is_some()
                && self.variable_behind(body, release.operand) == wait.on
                && self.field_behind(Site { body, node: release.operand }) == self.field_behind(wait.site)
        };
        // Waiting for all tasks of a set is an end of it, too.
        aborts.filter(of_wait).any(|release| self.wait_of(release.site).is_none())
    }

    fn wait_of(&self, call: Site) -> Option<Wait> {
        let parent = self.info(call.body).parent(call.node)?;
        self.wait_at(Site { node: parent, ..call })
    }

    /// Resources that are closed before the tasks that use them are waited for or stopped, of those that `wanted` accepts: all in the course of
    /// one function. In the order of files and places.
    pub fn closed_in_use(&self, wanted: &dyn Fn(&TypeEntry) -> bool) -> Vec<ClosedInUse> {
        let bodies = self.bodies().map(|(body, ..)| body).filter(|body| !self.is_test(*body));
        bodies.flat_map(|body| self.closed_in_use_in(body, wanted)).collect()
    }

    fn closed_in_use_in(&self, body: BodyRef, wanted: &dyn Fn(&TypeEntry) -> bool) -> Vec<ClosedInUse> {
        let closes = self.releases_in(body).iter().filter_map(|release| {
            let resource = release.resource.filter(|path| self.resource(*path).is_some_and(wanted))?;
            Some((release, resource, self.variable_behind(body, release.operand)?))
        });
        let closes: Vec<(&Release, Ustr, LocalId)> = closes.collect();
        if closes.is_empty() {
            return Vec::new();
        }
        let spawns: Vec<Site> =
            self.body(body).iter().map(|(node, _)| Site { body, node }).filter(|site| self.spawns(*site)).collect();
        let found = closes.into_iter().filter_map(|(release, resource, local)| {
            let sharing = self.sharing(body, local, resource);
            let used = |spawn: &Site| {
                let shared = self.given_to_task(*spawn, &sharing)?;
                let waited = self.met_behind(*spawn, release.site)?;
                let ended_again = self.releases_in(body).iter().any(|later| {
                    later.site.node > waited.node
                        && later.resource == Some(resource)
                        && self.variable_behind(body, later.operand).is_some_and(|local| sharing.contains(&local))
                });
                (!ended_again).then_some(ClosedInUse { closed: release.site, resource, spawn: *spawn, shared, waited })
            };
            spawns.iter().filter(|spawn| spawn.node < release.site.node).find_map(used)
        });
        found.collect()
    }

    fn spawns(&self, site: Site) -> bool {
        matches!(self.node(site).op, Op::Call { .. } | Op::Method { .. })
            && self.callable(site).is_some_and(|callable| callable.runs.is_apart())
    }

    /// The variables that hold a clone of what a variable holds, or a value that was built with one; and those that it was built with itself.
    fn sharing(&self, body: BodyRef, local: LocalId, resource: Ustr) -> HashSet<LocalId> {
        let info = self.info(body);
        let built: Vec<(LocalId, LocalId)> = self.built_with(body, resource);
        let mut sharing = HashSet::from_iter([local]);
        loop {
            let known = sharing.len();
            for (part, whole) in &built {
                if sharing.contains(part) {
                    sharing.insert(*whole);
                }
                if sharing.contains(whole) && self.owns(info.local(*part), resource) {
                    sharing.insert(*part);
                }
            }
            if sharing.len() == known {
                return sharing;
            }
        }
    }

    /// Which variables are built with which others, moved or cloned.
    fn built_with(&self, body: BodyRef, resource: Ustr) -> Vec<(LocalId, LocalId)> {
        let (facts, info) = (self.body(body), self.info(body));
        let may_hold = |local: LocalId| match info.local(local) {
            ty if self.owns(ty, resource) => true,
            Ty::Ext(path, _) => path.contains("::") && !path.starts_with("std::"),
            ty => ty.is_unknown(),
        };
        let mut found = Vec::new();
        for (node, n) in facts.iter() {
            let Op::Local(part) = n.op else { continue };
            let Some(pattern) = self.built_into(body, node) else { continue };
            found.extend(pattern.locals().into_iter().filter(|whole| may_hold(*whole)).map(|whole| (part, whole)));
        }
        found
    }

    /// The pattern that a value is bound to, by itself, as a clone, or as a part of something.
    fn built_into(&self, body: BodyRef, used: NodeId) -> Option<&Pattern> {
        let (facts, info) = (self.body(body), self.info(body));
        let mut at = used;
        let mut lent = false;
        loop {
            let parent = info.parent(at)?;
            match &facts.node(parent).op {
                Op::Bind { pattern, .. } if !lent => return Some(pattern),
                Op::Reference { .. } => lent = true,
                Op::Method { receiver, .. } if *receiver == at && (at == used || lent) => {
                    self.cloned(Site { body, node: parent })?;
                    lent = false;
                }
                Op::Call { .. } if lent => {
                    self.cloned(Site { body, node: parent })?;
                    lent = false;
                }
                Op::Struct { .. } | Op::Tuple(_) | Op::Array(_) | Op::Try(_) if !lent => {}
                Op::Call { .. } | Op::Method { .. } if !lent && !self.spawns(Site { body, node: parent }) => {}
                _ => return None,
            }
            at = parent;
        }
    }

    /// The variable of some that a task is given, by its first use in what is spawned.
    fn given_to_task(&self, spawn: Site, sharing: &HashSet<LocalId>) -> Option<Site> {
        let (facts, info) = (self.body(spawn.body), self.info(spawn.body));
        let within = |node: NodeId| {
            let outwards = |at: &NodeId| info.parent(*at).or_else(|| info.region_node(facts.node(*at).region));
            std::iter::successors(Some(node), outwards).any(|at| at == spawn.node)
        };
        let mut uses = facts.iter().filter(|(_, n)| matches!(n.op, Op::Local(local) if sharing.contains(&local)));
        let receiver = match &facts.node(spawn.node).op {
            Op::Method { receiver, .. } => Some(*receiver),
            _ => None,
        };
        uses.find(|(node, _)| Some(*node) != receiver && within(*node)).map(|(node, _)| Site { node, ..spawn })
    }

    /// Where a task is first waited for or stopped behind a place in the course of its function; none where it was before.
    fn met_behind(&self, spawn: Site, place: Site) -> Option<Site> {
        let facts = self.body(spawn.body);
        let met = self.met(spawn);
        let raced = |node: NodeId| matches!(facts.node(node).op, Op::Select { .. });
        if met.iter().any(|node| *node > spawn.node && *node <= place.node && !raced(*node)) {
            return None;
        }
        let decided = facts.outwards(facts.node(place.node).region).filter(|(_, r)| r.kind != RegionKind::Block);
        let around: Vec<RegionId> = decided.map(|(region, _)| region).collect();
        let follows = |node: &NodeId| {
            let regions: Vec<RegionId> = facts.outwards(facts.node(*node).region).map(|(region, _)| region).collect();
            *node > place.node
                && around.iter().all(|region| regions.contains(region))
                && self.frame_of(Site { node: *node, ..place }) == self.frame_of(place)
        };
        met.into_iter().find(follows).map(|node| Site { node, ..spawn })
    }

    /// Where the function that spawns a task waits for it, stops it, or gives its handle to a function that may, in evaluation order.
    fn met(&self, spawn: Site) -> Vec<NodeId> {
        let body = spawn.body;
        let (facts, info) = (self.body(body), self.info(body));
        let handles = self.handles_of(spawn);
        let holds = |local: Option<LocalId>| local.is_some_and(|local| handles.contains(&local));
        let waits = self.waits_in(body).into_iter().filter(|wait| holds(wait.on)).map(|wait| wait.site.node);
        let polled = handles.iter().flat_map(|handle| self.waits_for(body, *handle));
        let stops = self.releases_in(body).iter().filter(|release| {
            let tracker = release.resource.and_then(|path| self.kind(path)).is_some_and(|k| k == "task-tracker");
            !tracker && holds(self.variable_behind(body, release.operand))
        });
        let given = facts.iter().filter(|(_, n)| matches!(n.op, Op::Local(local) if handles.contains(&local)));
        let given = given.filter_map(|(node, _)| {
            let call = info.parent(node)?;
            let waits = matches!(info.callees.get(&call), Some(Callee::Workspace(_)));
            (waits || self.bounds_time(Site { body, node: call })).then_some(call)
        });
        let mut met: Vec<NodeId> =
            waits.chain(polled).chain(stops.map(|release| release.site.node)).chain(given).collect();
        met.sort_unstable();
        met.dedup();
        met
    }

    /// The variables that hold the handle of a task, or what knows the task.
    fn handles_of(&self, spawn: Site) -> Vec<LocalId> {
        let (facts, info) = (self.body(spawn.body), self.info(spawn.body));
        let Some(handle) = self.callable(spawn).and_then(|callable| callable.constructs) else {
            return match &facts.node(spawn.node).op {
                Op::Method { receiver, .. } => self.variable_behind(spawn.body, *receiver).into_iter().collect(),
                _ => Vec::new(),
            };
        };
        if let Some(obligation) = self.obligation(spawn, handle) {
            return obligation.locals;
        }
        // One of several, in a collection.
        let mut at = spawn.node;
        while let Some(parent) = info.parent(at) {
            match &facts.node(parent).op {
                Op::Bind { pattern, .. } => return pattern.locals(),
                Op::Method { receiver, .. } if *receiver != at => {
                    let collects = self.holds_handles(info.ty(*receiver));
                    return self.variable_behind(spawn.body, *receiver).filter(|_| collects).into_iter().collect();
                }
                Op::Macro(_) | Op::Array(_) | Op::Tuple(_) => at = parent,
                _ => break,
            }
        }
        Vec::new()
    }
}
