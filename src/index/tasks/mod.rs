//! Tasks and threads: where they are spawned, what they run, what becomes of their handle, and what ends them.

pub mod channels;
pub mod given_up;
pub mod halves;
pub mod joined;
pub mod outcomes;
pub mod outlasting;
pub mod peers;
pub mod piles;
pub mod readers;
pub mod shares;
pub mod waits;

use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

use crate::catalogue::{Calls, Effect, Runs};
use crate::diagnostic::Label;
use crate::facts::model::*;
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::declared::types::Ty;
use crate::index::flow::Fate;
use crate::index::programs::kinds::keyword_len;
use crate::source::Range;

/// How deep loops are looked for in what a task calls.
const CALLS: u32 = 3;

/// A task or thread, by where it is spawned.
#[derive(Debug, Clone)]
pub struct Task {
    pub spawn: Site,
    /// `Task`, `Thread` or `Blocking`.
    pub runs: Runs,
    pub work: Vec<Work>,
    pub handle: Handle,
    pub end: End,
}

/// What a task runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A closure or async block of the body that spawns it.
    Region(RegionId),
    Function(FnId),
}

/// What becomes of what `spawn` returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handle {
    /// Dropped: nobody can wait for the task or stop it.
    Dropped,
    /// Waited for or aborted in the same function.
    Ended(Vec<NodeId>),
    /// Returned, stored, or handed to somebody.
    Kept,
    /// A set, tracker or scope knows the task, or the task ends with its handle.
    Tracked,
}

/// What ends a task, from the best known to the least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Its work is done at some time.
    ByItself,
    /// The channel or stream that it reads is closed.
    WithChannel(Label),
    /// A send fails: nobody reads any more. It looks for news from time to time, and as long as there are none it does not learn of that.
    WithReader(Label),
    /// It listens to a token, flag or signal.
    WhenTold(Label),
    /// What it runs could not be followed.
    Unknown,
    /// Nothing but an error of its own, or the end of the process.
    Fails(Label),
    /// Nothing but the end of the process.
    Never(Label),
}

impl End {
    fn rank(&self) -> u8 {
        match self {
            End::ByItself => 0,
            End::WithChannel(_) => 1,
            End::WithReader(_) => 2,
            End::WhenTold(_) => 3,
            End::Unknown => 4,
            End::Fails(_) => 5,
            End::Never(_) => 6,
        }
    }

    /// Of two things that one task does, what ends both.
    fn and(self, other: End) -> End {
        if other.rank() > self.rank() { other } else { self }
    }
}

/// What fails in a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Failing {
    /// Receiving from a channel: it is closed.
    Receive,
    Other,
}

impl Index {
    /// All tasks and threads that are spawned, in the order of files and places.
    pub fn tasks(&self) -> &[Task] {
        self.tasks.get_or_init(|| {
            let sites =
                self.bodies().flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }));
            sites.filter_map(|site| self.spawned_by(site)).collect()
        })
    }

    /// The task or thread that a call spawns.
    pub fn task_at(&self, site: Site) -> Option<&Task> {
        let tasks = self.tasks();
        tasks.binary_search_by_key(&site, |task| task.spawn).ok().map(|at| &tasks[at])
    }

    fn spawned_by(&self, site: Site) -> Option<Task> {
        if !matches!(self.node(site).op, Op::Call { .. } | Op::Method { .. }) {
            return None;
        }
        let handed = self.spawners.get(&site);
        let by_library = || self.callable(site).map(|callable| callable.runs).filter(Runs::is_apart);
        let runs = handed.map(|handed| handed.runs).or_else(by_library)?;
        let work = self.work_of(site);
        let mut seen = HashSet::default();
        let ends = work.iter().map(|work| match work {
            Work::Region(region) => self.end_of(site.body, *region, CALLS, &mut seen),
            Work::Function(function) => self.end_of_function(*function, CALLS, &mut seen),
        });
        let end = ends.reduce(End::and).filter(|_| handed.is_none_or(|handed| handed.whole)).unwrap_or(End::Unknown);
        Some(Task { spawn: site, runs, handle: self.handle_of(site), end, work })
    }

    /// What runs as part of a task: its own nodes, and those of the functions it calls, through `CALLS` calls. From the outside in.
    pub fn work_sites(&self, task: &Task) -> Vec<Site> {
        let mut level: Vec<(BodyRef, RegionId)> = task
            .work
            .iter()
            .filter_map(|work| match work {
                Work::Region(region) => Some((task.spawn.body, *region)),
                Work::Function(function) => Some((self.linked_body(*function)?, Body::ROOT)),
            })
            .collect();
        let (mut found, mut seen) = (Vec::new(), HashSet::default());
        for _ in 0..=CALLS {
            let mut next = Vec::new();
            for (body, region) in level.into_iter().filter(|at| seen.insert(*at)) {
                let nodes = self.body(body).iter().map(|(node, _)| node);
                found.extend(nodes.filter(|n| self.runs_within(body, region, *n)).map(|node| Site { body, node }));
                let calls = self.calls.callees(body).iter().filter(|call| call.runs == Runs::Inline);
                let inside = calls.filter(|call| self.runs_within(body, region, call.site.node));
                next.extend(inside.filter_map(|call| Some((self.linked_body(call.to)?, Body::ROOT))));
            }
            level = next;
        }
        found
    }

    pub fn linked_body(&self, function: FnId) -> Option<BodyRef> {
        self.defs().body_of(function).filter(|body| self.is_linked(*body))
    }

    /// Whether a task listens, anywhere in what it runs, to something that may tell it to stop, or to a signal of the system.
    pub fn listens(&self, task: &Task) -> bool {
        self.work_sites(task).into_iter().any(|site| self.is_told(site) || self.hears(site))
    }

    /// Whether a call waits for a signal of the system, whichever it is.
    fn hears(&self, site: Site) -> bool {
        self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Hears, path))
    }

    /// Whether a node waits, by itself or in a function of the workspace, for a signal of the system.
    pub fn waits_for_a_signal(&self, site: Site) -> bool {
        let is_signal = |site: Site| self.external(site).is_some_and(|path| self.hears_a_signal(path));
        let inside = |call: Site| self.called_directly(call).into_iter().flat_map(|body| self.call_sites(body));
        let waits_for = |call: Site| is_signal(call) || inside(call).any(is_signal);
        match &self.node(site).op {
            Op::Await(of) => waits_for(Site { node: *of, ..site }),
            Op::Select { arms, .. } => arms.iter().any(|arm| waits_for(Site { node: arm.future, ..site })),
            _ => false,
        }
    }

    /// Whether a task ends the process by itself.
    pub fn exits(&self, task: &Task) -> bool {
        let exits = |path: Ustr| self.catalogue().lists(Calls::Exits, path);
        self.work_sites(task).into_iter().any(|site| self.external(site).is_some_and(exits))
    }

    /// Whether a permit bounds how many of a task there are: one is taken where it is spawned, in what is called there, or in the task itself.
    pub fn is_limited(&self, task: &Task) -> bool {
        let around = self.body(task.spawn.body).iter().map(|(node, _)| Site { node, ..task.spawn });
        let called = self.calls.callees(task.spawn.body).iter().filter_map(|call| self.linked_body(call.to));
        let inside = called.flat_map(|body| self.body(body).iter().map(move |(node, _)| Site { body, node }));
        let is_permit = |site: Site| {
            let made = self.callable(site).and_then(|callable| callable.constructs);
            made.and_then(|path| self.kind(path)).is_some_and(|kind| kind == "permit")
        };
        around.chain(inside).chain(self.work_sites(task)).any(is_permit) || self.counts_before(task.spawn)
    }

    /// Whether the function that spawns compares how many there are of something.
    fn counts_before(&self, spawn: Site) -> bool {
        let (facts, info) = (self.body(spawn.body), self.info(spawn.body));
        facts.iter().any(|(node, n)| {
            let counted = matches!(&n.op, Op::Method { name, .. } if name == "len");
            counted && info.parent(node).is_some_and(|parent| matches!(facts.node(parent).op, Op::Binary { .. }))
        })
    }

    /// Whether a task is spawned into a set or scope that lives no longer than the function that spawns it.
    pub fn is_spawned_into_local(&self, task: &Task) -> bool {
        if self.holder_kind(task.spawn).is_some_and(|kind| kind == "task-scope") {
            return true;
        }
        match &self.node(task.spawn).op {
            Op::Method { receiver, .. } => {
                let local = self.variable_behind(task.spawn.body, *receiver);
                let own = local.and_then(|local| self.init_of(task.spawn.body, local));
                task.handle == Handle::Tracked && own.is_some()
            }
            _ => false,
        }
    }

    /// Whether connections are taken in a region: by calls of libraries, or also by functions of the workspace.
    pub fn accepts_in(&self, body: BodyRef, region: RegionId, by_functions: bool) -> bool {
        let facts = self.body(body);
        let inside = |site: &Site| facts.outwards(facts.node(site.node).region).any(|(at, _)| at == region);
        let counts = |site: &Site| by_functions || self.external(*site).is_some();
        self.call_sites(body).filter(|site| inside(site) && counts(site)).any(|site| self.takes_connection(site))
    }

    /// Whether a task is a server: it takes connections, or runs what serves until it is stopped.
    pub fn is_server(&self, task: &Task) -> bool {
        let paths = self.work_sites(task).into_iter().filter_map(|site| self.external(site));
        paths.into_iter().any(|path| self.takes_or_serves(path))
    }

    fn takes_or_serves(&self, path: Ustr) -> bool {
        self.serves_on(path) || self.catalogue().lists(Calls::Accepts, path)
    }

    /// Whether a function works until it is stopped or fails: it serves, or nothing else ends its loops.
    pub fn works_until_stopped(&self, function: FnId) -> bool {
        let takes = |site: Site| self.external(site).is_some_and(|path| self.takes_or_serves(path));
        let serves = |body: BodyRef| self.call_sites(body).any(takes);
        self.linked_body(function).is_some_and(serves)
            || matches!(self.end_of_function(function, CALLS, &mut HashSet::default()), End::Never(_) | End::Fails(_))
    }

    /// The operations of a task that change something outside of the program, as far as they are known: a file, a database, what a peer has.
    pub fn changes_of(&self, task: &Task) -> Vec<(Site, Effect)> {
        let sites = self.work_sites(task).into_iter();
        sites.filter_map(|site| Some((site, self.changes(site)?))).collect()
    }

    /// Whether a task takes all that was gathered in memory out of where it is kept.
    pub fn empties_what_it_keeps(&self, task: &Task) -> bool {
        let empties = |path: Ustr| self.catalogue().lists(Calls::Empties, path);
        self.work_sites(task).into_iter().any(|site| self.external(site).is_some_and(empties))
    }

    /// What a spawning call is given to run.
    fn work_of(&self, site: Site) -> Vec<Work> {
        let arguments = match (self.spawners.get(&site), &self.node(site).op) {
            (Some(handed), _) => handed.work.clone(),
            (None, Op::Call { arguments, .. } | Op::Method { arguments, .. }) => arguments.clone(),
            _ => Vec::new(),
        };
        arguments.into_iter().filter_map(|argument| self.work_in(Site { node: argument, ..site })).collect()
    }

    fn work_in(&self, site: Site) -> Option<Work> {
        let info = self.info(site.body);
        let mut at = site.node;
        loop {
            match &self.body(site.body).node(at).op {
                Op::Async(region) | Op::Closure { region, .. } => return Some(Work::Region(*region)),
                Op::Path(_) => match info.ty(at) {
                    Ty::Fn(function) => return Some(Work::Function(*function)),
                    _ => return None,
                },
                Op::Call { arguments, .. } => match info.callees.get(&at) {
                    Some(Callee::Workspace(function)) => return Some(Work::Function(*function)),
                    // `Box::pin(future)`
                    _ => at = *arguments.first()?,
                },
                Op::Method { receiver, .. } => match info.callees.get(&at) {
                    Some(Callee::Workspace(function)) => return Some(Work::Function(*function)),
                    _ => at = *receiver,
                },
                Op::Local(local) => at = self.init_of(site.body, *local).filter(|init| *init < at)?,
                Op::Block(region) => at = self.body(site.body).region(*region).value?,
                _ => return None,
            }
        }
    }

    /// The handle that a function of the workspace gives of the task that it spawns.
    fn handle_given(&self, call: Site) -> Option<Ustr> {
        let Ty::Ext(path, _) = self.ty(call) else { return None };
        let kind = self.kind(*path)?;
        matches!(kind.as_str(), "task-handle" | "thread-handle").then_some(*path)
    }

    /// What becomes of the handle of a task in the function of the workspace that spawns it and gives none: what it gives instead tells of the task.
    fn handle_within(&self, call: Site, spawn: Site) -> Handle {
        match self.handle_of(spawn) {
            Handle::Ended(_) => Handle::Ended(vec![call.node]),
            Handle::Dropped if *self.ty(call).given() != Ty::unit() => Handle::Kept,
            handle => handle,
        }
    }

    fn handle_of(&self, site: Site) -> Handle {
        let waited = self.info(site.body).parent(site.node).filter(|parent| {
            matches!(self.body(site.body).node(*parent).op, Op::Await(_) | Op::Select { .. } | Op::Macro(_))
        });
        let handed = self.spawners.get(&site);
        let given = || handed.and_then(|_| self.handle_given(site));
        let made = self.callable(site).and_then(|callable| callable.constructs).or_else(given);
        if let (Some(handed), None) = (handed, made) {
            return self.handle_within(site, handed.by);
        }
        let Some(resource) = made else {
            return match (self.is_tracked(site), waited) {
                (true, _) => Handle::Tracked,
                (false, Some(wait)) => Handle::Ended(vec![wait]),
                // What gives a future gives the caller the end of the task.
                (false, None) if matches!(self.ty(site), Ty::Future(_)) => Handle::Kept,
                (false, None) => Handle::Dropped,
            };
        };
        if self.is_tracked(site) || self.resource(resource).is_some_and(|entry| entry.when_dropped.is_some()) {
            return Handle::Tracked;
        }
        // What is bound behind `.await` is what the task gives, not its handle.
        if let Some(wait) = waited.filter(|wait| matches!(self.body(site.body).node(*wait).op, Op::Await(_))) {
            return Handle::Ended(vec![wait]);
        }
        if let Some(obligation) = self.obligation(site, resource) {
            if !obligation.ended.is_empty() {
                return Handle::Ended(obligation.ended);
            }
            let calls = self.operations_on(&obligation);
            let hands_out =
                |call: &Site| self.external(*call).is_some_and(|path| self.catalogue().lists(Calls::HandsOut, path));
            if calls.iter().any(hands_out) {
                return Handle::Kept;
            }
            let waits = self.waits_for(site.body, obligation.local);
            return match (waits.is_empty(), obligation.handed_on.is_empty()) {
                (false, _) => Handle::Ended(waits),
                (true, false) => Handle::Kept,
                (true, true) => Handle::Dropped,
            };
        }
        match (waited, self.fate(site, resource)) {
            (Some(wait), _) => Handle::Ended(vec![wait]),
            (None, Fate::Dies) if self.ended_at_once(site) => Handle::Ended(vec![site.node]),
            (None, Fate::Dies) if !self.hands_out_at_once(site) => Handle::Dropped,
            _ => Handle::Kept,
        }
    }

    /// `spawn(..).abort_handle()`: what is kept is another handle of the task.
    fn hands_out_at_once(&self, site: Site) -> bool {
        let Some(node) = self.info(site.body).parent(site.node) else { return false };
        let call = Site { node, ..site };
        let on_it = matches!(self.node(call).op, Op::Method { receiver, .. } if receiver == site.node);
        on_it && self.external(call).is_some_and(|path| self.catalogue().lists(Calls::HandsOut, path))
    }

    /// `spawn(..).join()`: a method on the handle ends it.
    fn ended_at_once(&self, site: Site) -> bool {
        let releases = self.releases_in(site.body);
        releases.iter().any(|release| self.passes_on(site.body, release.operand, site.node))
    }

    fn passes_on(&self, body: BodyRef, from: NodeId, to: NodeId) -> bool {
        let mut at = from;
        loop {
            if at == to {
                return true;
            }
            at = match &self.body(body).node(at).op {
                Op::Method { receiver, .. } => *receiver,
                Op::Try(of) | Op::Await(of) | Op::Reference { of, .. } | Op::Deref(of) => *of,
                _ => return false,
            }
        }
    }

    /// Whether the type whose method spawns knows the task: a set, a tracker or a scope, behind whatever guard it is reached.
    fn is_tracked(&self, site: Site) -> bool {
        self.holder_kind(site).is_some_and(|kind| matches!(kind.as_str(), "task-set" | "task-scope" | "task-tracker"))
    }

    /// The kind of the type whose method spawns.
    fn holder_kind(&self, site: Site) -> Option<Ustr> {
        let path = self.external(site)?;
        let (holder, _) = path.as_str().rsplit_once("::")?;
        self.catalogue().type_entry(ustr(holder))?.kind
    }

    /// Where a variable is awaited: by itself, in `select!` and `join!`.
    pub fn waits_for(&self, body: BodyRef, local: LocalId) -> Vec<NodeId> {
        let (facts, info) = (self.body(body), self.info(body));
        let uses = facts.iter().filter(|(_, node)| matches!(node.op, Op::Local(used) if used == local));
        let waits = uses.filter_map(|(node, _)| {
            let mut at = info.parent(node)?;
            while matches!(facts.node(at).op, Op::Reference { .. } | Op::Deref(_)) {
                at = info.parent(at)?;
            }
            matches!(facts.node(at).op, Op::Await(_) | Op::Select { .. } | Op::Macro(_)).then_some(at)
        });
        waits.collect()
    }

    /// What ends a function: its own loops and those of what it calls.
    pub fn end_of_function(&self, function: FnId, fuel: u32, seen: &mut HashSet<BodyRef>) -> End {
        match self.linked_body(function) {
            Some(body) if fuel > 0 && seen.insert(body) => self.end_of(body, Body::ROOT, fuel - 1, seen),
            Some(_) => End::ByItself,
            None => End::Unknown,
        }
    }

    /// What ends a region: where it listens to something that tells it to stop, that does.
    fn end_of(&self, body: BodyRef, region: RegionId, fuel: u32, seen: &mut HashSet<BodyRef>) -> End {
        let (facts, info) = (self.body(body), self.info(body));
        let inside: Vec<NodeId> =
            facts.iter().filter(|(id, _)| self.runs_within(body, region, *id)).map(|(id, _)| id).collect();
        if let Some(told) = inside.iter().find(|node| self.is_told(Site { body, node: **node })) {
            return End::WhenTold(Label::new(self.name_span(Site { body, node: *told }), "this tells it to stop"));
        }
        let mut end = End::ByItself;
        for node in inside {
            let site = Site { body, node };
            end = end.and(match &facts.node(node).op {
                Op::Loop { kind, region } => self.end_of_loop(site, kind, *region),
                Op::Call { .. } | Op::Method { .. } => match info.callees.get(&node) {
                    Some(_) if self.is_raced(site) => End::ByItself,
                    Some(Callee::Workspace(function)) if !info.future_runs.contains_key(&node) => {
                        self.end_of_function(*function, fuel, seen)
                    }
                    Some(Callee::External(path)) if self.serves_on(*path) => {
                        End::Never(Label::new(self.name_span(site), "serves until it is stopped"))
                    }
                    _ => End::ByItself,
                },
                _ => End::ByItself,
            });
        }
        end
    }

    /// Whether a node is given up where something else is done first: it stands in one of several futures of `select!`, or in what is bounded in time.
    fn is_raced(&self, site: Site) -> bool {
        self.raced_by(site).is_some()
    }

    /// The `select!`, or the call that races it or bounds it in time, by which a node is given up where something else is done first.
    pub(in crate::index) fn raced_by(&self, site: Site) -> Option<NodeId> {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut at = site.node;
        loop {
            let parent = info.parent(at);
            match parent.map(|parent| (parent, &facts.node(parent).op)) {
                // A future that is bound first: `let late = sleep(t); select! { _ = late => .. }`.
                Some((_, Op::Bind { pattern, .. })) => {
                    let PatternKind::Bind { local, of: None } = pattern.kind else { return None };
                    let mut uses = facts.uses(local).filter(|used| *used > at);
                    return uses.find_map(|node| self.raced_by(Site { node, ..site }));
                }
                Some((select, Op::Select { arms, .. })) => {
                    let is_one = arms.len() > 1 && arms.iter().any(|arm| arm.future == at);
                    return is_one.then_some(select);
                }
                Some((call, Op::Call { .. } | Op::Method { .. })) => {
                    let ends = [Calls::BoundsTime, Calls::Races];
                    let path = self.external(Site { node: call, ..site });
                    if path.is_some_and(|path| ends.iter().any(|list| self.catalogue().lists(*list, path))) {
                        return Some(call);
                    }
                }
                _ => {}
            }
            let region = facts.node(at).region;
            // What a block, a branch or an async block comes to is what it is waited for as; all that is done in an async block is part of it.
            let is_part = || facts.region(region).kind == RegionKind::Async || facts.region(region).value == Some(at);
            at = parent.or_else(|| info.region_node(region).filter(|_| is_part()))?;
        }
    }

    pub(in crate::index) fn serves_on(&self, path: Ustr) -> bool {
        self.catalogue().server(path).is_some() || self.catalogue().lists(Calls::Forever, path)
    }

    /// Whether a node runs as part of a region: no task, thread or later closure stands between.
    fn runs_within(&self, body: BodyRef, region: RegionId, node: NodeId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        for (at, r) in facts.outwards(facts.node(node).region) {
            if at == region {
                return true;
            }
            let apart = info.runs.get(&at).is_some_and(|runs| !matches!(runs, Runs::Inline | Runs::Iteration));
            if apart && matches!(r.kind, RegionKind::Closure | RegionKind::Async) {
                return false;
            }
        }
        false
    }

    /// Whether a node learns that it is time to stop: by a call, by awaiting what only tells that, or by a channel that carries nothing else.
    pub(in crate::index) fn is_told(&self, site: Site) -> bool {
        let info = self.info(site.body);
        let stops = |path: Ustr| self.catalogue().lists(Calls::Stops, path) || self.catalogue().signal(path).is_some();
        let awaited = |node: NodeId| self.tells_once(info.ty(node));
        match &self.node(site).op {
            Op::Await(of) => awaited(*of),
            Op::Select { arms, .. } => arms.iter().any(|arm| awaited(arm.future)),
            Op::Call { .. } => self.external(site).is_some_and(stops),
            Op::Method { .. } if self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Flags, path)) => {
                self.decides_to_leave(site)
            }
            Op::Method { receiver, .. } => self.external(site).is_some_and(|path| {
                let carries_nothing = || match info.ty(*receiver).peeled() {
                    Ty::Ext(_, arguments) => arguments.first() == Some(&Ty::unit()),
                    _ => false,
                };
                stops(path) || self.catalogue().lists(Calls::Receives, path) && carries_nothing()
            }),
            _ => false,
        }
    }

    /// Whether a flag is what a `while` goes by, or an `if` that breaks or returns.
    fn decides_to_leave(&self, site: Site) -> bool {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut at = site.node;
        while let Some(parent) = info.parent(at) {
            match &facts.node(parent).op {
                Op::If { then, .. } => {
                    return facts.iter().any(|(_, node)| {
                        matches!(node.op, Op::Break(_) | Op::Return(_))
                            && facts.outwards(node.region).any(|(region, _)| region == *then)
                    });
                }
                Op::Unary(_) | Op::Binary { .. } => at = parent,
                _ => return false,
            }
        }
        // The condition of a `while` stands in the region of its loop, and nothing uses its value.
        let owner = info.region_node(facts.node(at).region).map(|owner| &facts.node(owner).op);
        matches!(owner, Some(Op::Loop { kind: LoopKind::While, .. }))
    }

    /// Whether awaiting a value of a type, or what it refers to, gives one word from elsewhere.
    pub fn tells_once(&self, ty: &Ty) -> bool {
        match ty.peeled() {
            Ty::Ext(path, _) => {
                let awaited = ustr(&format!("{path}::await"));
                self.catalogue().lists(Calls::Stops, awaited) || self.catalogue().signal(awaited).is_some()
            }
            _ => false,
        }
    }

    fn end_of_loop(&self, site: Site, kind: &LoopKind, region: RegionId) -> End {
        let facts = self.body(site.body);
        let start = facts.node(site.node).range.start;
        let label =
            |text: &str| Label::new(Range { start, end: start + keyword_len(kind) }.in_file(site.body.file), text);
        match kind {
            LoopKind::Loop if self.ends_with_its_reader(site.body, region) => {
                End::WithReader(label("only a failed send ends this loop"))
            }
            LoopKind::Loop if self.can_leave(site.body, region) => End::ByItself,
            LoopKind::Loop => match self.failing(site.body, region) {
                Some(Failing::Receive) => End::WithChannel(label("ends when the channel is closed")),
                Some(Failing::Other) => End::Fails(label("loops until something fails")),
                None => End::Never(label("loops without end")),
            },
            LoopKind::While if self.reads_a_channel(site.body, region) => {
                End::WithChannel(label("ends when the channel is closed"))
            }
            LoopKind::For { iterated, .. } if self.is_receiver(self.info(site.body).ty(*iterated)) => {
                End::WithChannel(label("ends when the channel is closed"))
            }
            LoopKind::While | LoopKind::For { .. } => End::ByItself,
        }
    }

    /// What ends a loop by failing, a receive first: `?` leaves it, and an error that is unwrapped ends the task.
    fn failing(&self, body: BodyRef, region: RegionId) -> Option<Failing> {
        let facts = self.body(body);
        let tries = facts.iter().filter(|(_, node)| stands_in(facts, node.region, region)).filter_map(|(_, node)| {
            let (of, left) = match &node.op {
                Op::Try(of) => (*of, true),
                Op::Method { receiver, name, .. } if matches!(name.as_str(), "unwrap" | "expect") => (*receiver, false),
                _ => return None,
            };
            let site = Site { body, node: of };
            match self.receives(site) {
                true => Some(Failing::Receive),
                false => (left || self.effect(site).is_some()).then_some(Failing::Other),
            }
        });
        tries.min()
    }

    /// Whether a `break` or `return` ends a loop.
    pub fn can_leave(&self, body: BodyRef, region: RegionId) -> bool {
        crate::index::programs::kinds::leaves(self.body(body), region)
    }

    /// Whether a loop polls, leaves only where a send fails, and has turns in which it sends nothing.
    fn ends_with_its_reader(&self, body: BodyRef, region: RegionId) -> bool {
        let mut leaving = crate::index::programs::kinds::leaving(self.body(body), region).peekable();
        leaving.peek().is_some()
            && leaving
                .all(|leave| self.decided_by(body, leave, region).is_some_and(|node| self.sends(Site { body, node })))
            && self.only_pauses(body, region)
            && !self.sends_in_each_turn(body, region)
    }

    /// What decides whether a node of a loop is come to: the innermost condition around it.
    fn decided_by(&self, body: BodyRef, node: NodeId, outer: RegionId) -> Option<NodeId> {
        let (facts, info) = (self.body(body), self.info(body));
        let between = facts.outwards(facts.node(node).region).take_while(|(region, _)| *region != outer);
        let owners = between.filter_map(|(region, _)| Some((region, &facts.node(info.region_node(region)?).op)));
        owners.into_iter().find_map(|(region, owner)| match owner {
            Op::If { condition, .. } => Some(*condition),
            Op::Match { scrutinee, .. } => Some(*scrutinee),
            Op::Bind { init, otherwise, .. } if *otherwise == Some(region) => *init,
            _ => None,
        })
    }

    /// Whether a loop waits for time to pass and for nothing else.
    fn only_pauses(&self, body: BodyRef, region: RegionId) -> bool {
        let facts = self.body(body);
        let inside = facts.iter().filter(|(_, node)| stands_in(facts, node.region, region));
        let (mut pauses, mut waits) = (false, false);
        for (node, n) in inside {
            let listed =
                |list| self.external(Site { body, node }).is_some_and(|path| self.catalogue().lists(list, path));
            pauses |= listed(Calls::Pauses);
            waits |= matches!(n.op, Op::Select { .. }) || listed(Calls::Receives) || listed(Calls::Accepts);
        }
        pauses && !waits
    }

    /// Whether no turn of a loop goes by without a send, whatever its conditions say.
    fn sends_in_each_turn(&self, body: BodyRef, region: RegionId) -> bool {
        let facts = self.body(body);
        let each = |region: &RegionId| self.sends_in_each_turn(body, *region);
        for node in &facts.region(region).nodes {
            let op = &facts.node(*node).op;
            let sends = match op {
                Op::Block(inner) => each(inner),
                Op::If { then, otherwise: Some(otherwise), .. } => each(then) && each(otherwise),
                Op::Match { arms, .. } => arms.iter().all(|arm| each(&arm.region)),
                _ => self.sends(Site { body, node: *node }),
            };
            if sends {
                return true;
            }
            if self.may_skip_the_rest(body, op) {
                return false;
            }
        }
        false
    }

    /// Whether a `continue` in one of a node's branches goes on with the next turn.
    fn may_skip_the_rest(&self, body: BodyRef, op: &Op) -> bool {
        let facts = self.body(body);
        let mut regions = Vec::new();
        op.regions(&mut |region| regions.push(region));
        let is_loop = matches!(op, Op::Loop { .. });
        !is_loop
            && facts.iter().any(|(_, node)| {
                matches!(node.op, Op::Continue) && regions.iter().any(|region| stands_in(facts, node.region, *region))
            })
    }

    /// Whether a value is what sending into a channel gives, perhaps waited for and looked at.
    fn sends(&self, site: Site) -> bool {
        let mut at = site.node;
        loop {
            at = match &self.body(site.body).node(at).op {
                Op::Await(of) | Op::Try(of) | Op::Unary(of) | Op::Let { of, .. } | Op::Discard(of) => *of,
                Op::Method { receiver, .. } => {
                    let path = self.external(Site { node: at, ..site });
                    if path.is_some_and(|path| self.catalogue().lists(Calls::Sends, path)) {
                        return true;
                    }
                    *receiver
                }
                _ => return false,
            }
        }
    }

    /// Whether the condition of a `while let` receives from a channel.
    fn reads_a_channel(&self, body: BodyRef, region: RegionId) -> bool {
        let facts = self.body(body);
        let conditions = facts.region(region).nodes.iter().filter_map(|node| match &facts.node(*node).op {
            Op::Let { of, .. } => Some(*of),
            _ => None,
        });
        conditions.take(1).any(|condition| self.receives(Site { body, node: condition }))
    }

    /// Whether a value is received from a channel, perhaps waited for and unwrapped.
    fn receives(&self, site: Site) -> bool {
        let mut at = site.node;
        loop {
            at = match &self.body(site.body).node(at).op {
                Op::Await(of) | Op::Try(of) => *of,
                Op::Method { receiver, .. } => {
                    let received = self.external(Site { node: at, ..site });
                    if received.is_some_and(|path| self.catalogue().lists(Calls::Receives, path)) {
                        return true;
                    }
                    *receiver
                }
                _ => return false,
            }
        }
    }

    /// Whether a type is the receiving end of a channel, or a reference to one.
    pub fn is_receiver(&self, ty: &Ty) -> bool {
        match ty.peeled() {
            Ty::Ext(path, _) => self.catalogue().lists(Calls::Receives, ustr(&format!("{path}::recv"))),
            _ => false,
        }
    }
}

/// Whether a region stands in another, in the same closure, async block or function.
fn stands_in(body: &Body, region: RegionId, outer: RegionId) -> bool {
    let frame = body.outwards(region).take_while(|(_, r)| !matches!(r.kind, RegionKind::Closure | RegionKind::Async));
    frame.map(|(at, _)| at).any(|at| at == outer)
}
