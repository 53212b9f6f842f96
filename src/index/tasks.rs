//! Tasks and threads: where they are spawned, what they run, what becomes of their handle, and what ends them.

use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

use super::Index;
use super::calls::Site;
use super::defs::*;
use super::flow::Fate;
use super::infer::Callee;
use super::programs::keyword_len;
use super::types::Ty;
use crate::catalogue::{Calls, Runs};
use crate::diagnostic::Label;
use crate::facts::model::*;
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
    /// It listens to a token, flag or signal.
    WhenTold(Label),
    /// What it runs could not be followed.
    Unknown,
    /// Nothing but an error, or the end of the process.
    Never(Label),
}

impl End {
    fn rank(&self) -> u8 {
        match self {
            End::ByItself => 0,
            End::WithChannel(_) => 1,
            End::WhenTold(_) => 2,
            End::Unknown => 3,
            End::Never(_) => 4,
        }
    }

    /// Of two things that one task does, what ends both.
    fn and(self, other: End) -> End {
        if other.rank() > self.rank() { other } else { self }
    }
}

impl Index {
    /// All tasks and threads that are spawned, in the order of files and places.
    pub fn tasks(&self) -> Vec<Task> {
        let sites = self.bodies().flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }));
        sites.filter_map(|site| self.task_at(site)).collect()
    }

    /// The task or thread that a call spawns.
    pub fn task_at(&self, site: Site) -> Option<Task> {
        if !matches!(self.node(site).op, Op::Call { .. } | Op::Method { .. }) {
            return None;
        }
        let callable = self.callable(site)?;
        if !matches!(callable.runs, Runs::Task | Runs::Thread | Runs::Blocking) {
            return None;
        }
        let work = self.work_of(site);
        let mut seen = HashSet::default();
        let ends = work.iter().map(|work| match work {
            Work::Region(region) => self.end_of(site.body, *region, CALLS, &mut seen),
            Work::Function(function) => self.end_of_function(*function, CALLS, &mut seen),
        });
        let end = ends.reduce(End::and).unwrap_or(End::Unknown);
        Some(Task { spawn: site, runs: callable.runs, handle: self.handle_of(site), end, work })
    }

    /// What a spawning call is given to run.
    fn work_of(&self, site: Site) -> Vec<Work> {
        let arguments = match &self.node(site).op {
            Op::Call { arguments, .. } | Op::Method { arguments, .. } => arguments.clone(),
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

    fn handle_of(&self, site: Site) -> Handle {
        let Some(resource) = self.callable(site).and_then(|callable| callable.constructs) else {
            return if self.is_tracked(site) { Handle::Tracked } else { Handle::Dropped };
        };
        if self.is_tracked(site) || self.resource(resource).is_some_and(|entry| entry.when_dropped.is_some()) {
            return Handle::Tracked;
        }
        if let Some(obligation) = self.obligation(site, resource) {
            if !obligation.ended.is_empty() {
                return Handle::Ended(obligation.ended);
            }
            let waits = self.waits_for(site.body, obligation.local);
            return match (waits.is_empty(), obligation.handed_on.is_empty()) {
                (false, _) => Handle::Ended(waits),
                (true, false) => Handle::Kept,
                (true, true) => Handle::Dropped,
            };
        }
        let waited = self.info(site.body).parent(site.node).filter(|parent| {
            matches!(self.body(site.body).node(*parent).op, Op::Await(_) | Op::Select { .. } | Op::Macro(_))
        });
        match (waited, self.fate(site, resource)) {
            (Some(wait), _) => Handle::Ended(vec![wait]),
            (None, Fate::Dies) if self.ended_at_once(site) => Handle::Ended(vec![site.node]),
            (None, Fate::Dies) => Handle::Dropped,
            _ => Handle::Kept,
        }
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

    /// Whether the receiver of a spawning method knows the task: a set, a tracker or a scope.
    fn is_tracked(&self, site: Site) -> bool {
        let Op::Method { receiver, .. } = &self.node(site).op else { return false };
        match self.info(site.body).ty(*receiver).peeled() {
            Ty::Ext(path, _) => self
                .catalogue()
                .type_entry(*path)
                .and_then(|entry| entry.kind)
                .is_some_and(|kind| matches!(kind.as_str(), "task-set" | "task-scope" | "task-tracker")),
            _ => false,
        }
    }

    /// Where a variable is awaited: by itself, in `select!` and `join!`.
    fn waits_for(&self, body: BodyRef, local: LocalId) -> Vec<NodeId> {
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
        match self.defs().body_of(function).filter(|body| self.is_linked(*body)) {
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

    fn serves_on(&self, path: Ustr) -> bool {
        self.catalogue().servers().iter().any(|server| server.serve.contains(&path))
            || self.catalogue().lists(Calls::Forever, path)
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
    fn is_told(&self, site: Site) -> bool {
        let info = self.info(site.body);
        let stops = |path: Ustr| self.catalogue().lists(Calls::Stops, path) || self.catalogue().signal(path).is_some();
        let awaited = |node: NodeId| self.tells_once(info.ty(node));
        match &self.node(site).op {
            Op::Await(of) => awaited(*of),
            Op::Select { arms, .. } => arms.iter().any(|arm| awaited(arm.future)),
            Op::Call { .. } => self.external(site).is_some_and(stops),
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
            LoopKind::Loop if !self.can_leave(site.body, region) => End::Never(label("loops without end")),
            LoopKind::Loop => End::ByItself,
            LoopKind::While if self.reads_a_channel(site.body, region) => {
                End::WithChannel(label("ends when the channel is closed"))
            }
            LoopKind::For { iterated, .. } if self.is_receiver(self.info(site.body).ty(*iterated)) => {
                End::WithChannel(label("ends when the channel is closed"))
            }
            LoopKind::While | LoopKind::For { .. } => End::ByItself,
        }
    }

    /// Whether a `break` or `return` ends a loop.
    pub fn can_leave(&self, body: BodyRef, region: RegionId) -> bool {
        super::programs::leaves(self.body(body), region)
    }

    /// Whether the condition of a `while let` receives from a channel.
    fn reads_a_channel(&self, body: BodyRef, region: RegionId) -> bool {
        let facts = self.body(body);
        let conditions = facts.region(region).nodes.iter().filter_map(|node| match &facts.node(*node).op {
            Op::Let { of, .. } => Some(*of),
            _ => None,
        });
        conditions.take(1).any(|condition| {
            let mut at = condition;
            loop {
                at = match &facts.node(at).op {
                    Op::Await(of) | Op::Try(of) => *of,
                    Op::Method { receiver, .. } => {
                        let received = self.external(Site { body, node: at });
                        if received.is_some_and(|path| self.catalogue().lists(Calls::Receives, path)) {
                            return true;
                        }
                        *receiver
                    }
                    _ => return false,
                }
            }
        })
    }

    /// Whether a type is the receiving end of a channel, or a reference to one.
    pub fn is_receiver(&self, ty: &Ty) -> bool {
        match ty.peeled() {
            Ty::Ext(path, _) => self.catalogue().lists(Calls::Receives, ustr(&format!("{path}::recv"))),
            _ => false,
        }
    }
}
