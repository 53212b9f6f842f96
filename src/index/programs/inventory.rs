//! What is alive when a program is told to stop: where each thing starts, who owns it, what stops it and in which order. Says what is so; whether
//! that is a flaw is for rules to judge, how it is shown for others.

use std::collections::BTreeMap;

use ustr::Ustr;

use crate::catalogue::{Calls, Runs, TypeEntry};
use crate::diagnostic::Label;
use crate::facts::model::{Body, LocalId, NodeId, Op, RegionId, StaticKind};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::declared::types::Ty;
use crate::index::flow::Fate;
use crate::index::programs::Program;
use crate::index::resources::releases::Release;
use crate::index::resources::{Construction, words};
use crate::index::tasks::{End, Handle, Task, Work};
use crate::source::Span;

/// Kinds that tell nothing about the end of a program: values, locks, and handles that are shown as what they are handles of.
const PASSED_OVER: &[&str] = &[
    "cancellation-token",
    "cloud-config",
    "concurrent-map",
    "future-set",
    "lock",
    "permit",
    "rate-limiter",
    "regex",
    "shutdown-hook",
    "task-handle",
    "thread-handle",
    "tls-config",
    "unbounded-sender",
];

/// All that lives in one program.
#[derive(Debug)]
pub struct Inventory {
    /// The target's name.
    pub program: String,
    /// Why it is a service; none for what ends by itself.
    pub service: Option<Label>,
    /// Where it serves or waits for its end.
    pub serves: Option<Span>,
    pub signals: Vec<Signals>,
    /// In the order of the places where they start.
    pub alive: Vec<Living>,
}

impl Inventory {
    /// Moves every place to where it is written.
    fn place(&mut self, written: &dyn Fn(Span) -> Span) {
        let signals = self.signals.iter_mut().map(|signals| &mut signals.at);
        let places = self.service.iter_mut().map(|label| &mut label.span).chain(&mut self.serves).chain(signals);
        let started = self.alive.iter_mut().flat_map(|living| {
            let stop = match &mut living.stop {
                Stop::Call(at) | Stop::Elsewhere(at) => Some(at),
                Stop::Itself(label) => Some(&mut label.span),
                Stop::Dropped | Stop::Unknown | Stop::Nothing => None,
            };
            [&mut living.started].into_iter().chain(stop)
        });
        places.chain(started).for_each(|place| *place = written(*place));
    }
}

/// A place that learns of signals.
#[derive(Debug)]
pub struct Signals {
    pub names: Vec<Ustr>,
    pub at: Span,
}

/// One thing that is alive at exit.
#[derive(Debug)]
pub struct Living {
    /// In words: `connection pool`, `task`.
    pub what: String,
    /// The library's type, or what a task runs.
    pub of: String,
    pub owner: Owner,
    pub started: Span,
    pub stop: Stop,
    /// Its place among all that is stopped, from 1; none for what has no stop of its own.
    pub order: Option<usize>,
    /// What is lost where it is never ended.
    pub lost: Option<String>,
}

/// Who owns a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A static, by its path.
    Static(String),
    /// A field, as `Type.field`.
    Field(String),
    /// A variable, and the function it is in.
    Variable(String, String),
    /// The course of a function that waits for it.
    Function(String),
    /// Somebody it was handed to, who could not be followed.
    HandedOn,
    /// The runtime, and nobody else.
    Detached,
}

/// What stops a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A call that runs when the program is told to stop.
    Call(Span),
    /// A call that ends it, in code that shutdown is not known to lead to.
    Elsewhere(Span),
    /// It is dropped with its variable, when the function that owns it returns.
    Dropped,
    /// It ends by itself; why.
    Itself(Label),
    /// It was handed to somebody who may stop it.
    Unknown,
    Nothing,
}

/// A call that ends something, by what it may end.
struct Ending {
    release: Release,
    statics: Vec<StaticId>,
    field: Option<(TypeId, Ustr)>,
    local: Option<LocalId>,
}

impl Index {
    /// What is alive at the end of each program that is asked for, in the order of the programs.
    pub fn inventory(&self, asked: &dyn Fn(&Program) -> bool) -> Vec<Inventory> {
        let endings: Vec<Ending> = self.releases().map(|release| self.ending(*release)).collect();
        let unseen = self.made_unseen();
        let made: Vec<&Construction> = self.constructions(is_shown).chain(&unseen).collect();
        let shown = |program| Gathering { index: self, program, endings: &endings }.inventory(&made);
        let mut found: Vec<Inventory> = self.programs().iter().filter(|program| asked(program)).map(shown).collect();
        found.iter_mut().for_each(|inventory| inventory.place(&|span| self.place_written(span)));
        found
    }

    fn ending(&self, release: Release) -> Ending {
        let at = Site { node: release.operand, ..release.site };
        Ending {
            release,
            statics: self.origins(at).into_iter().collect(),
            field: self.owning_field(at),
            local: self.variable_behind(at.body, at.node),
        }
    }

    /// The field of a workspace type that a value is put into, in the same function.
    pub fn stored_in(&self, site: Site, resource: Ustr) -> Option<(TypeId, Ustr)> {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut queue = vec![site.node];
        let mut steps = 0;
        while let Some(at) = queue.pop() {
            steps += 1;
            let Some(parent) = info.parent(at).filter(|_| steps < 64) else { continue };
            match &facts.node(parent).op {
                Op::Struct { fields, .. } => {
                    let (Ty::Adt(id, _), Some((name, _))) =
                        (info.ty(parent).peeled(), fields.iter().find(|(_, value)| *value == at))
                    else {
                        continue;
                    };
                    return Some((*id, *name));
                }
                Op::Assign { place, value } if *value == at => {
                    let found = self.owning_field(Site { node: *place, ..site });
                    if found.is_some() {
                        return found;
                    }
                }
                Op::Method { receiver, arguments, .. }
                    if arguments.contains(&at) && self.adds_at(site.body, parent) =>
                {
                    let found = self.owning_field(Site { node: *receiver, ..site });
                    if found.is_some() {
                        return found;
                    }
                }
                Op::Bind { pattern, .. } | Op::Let { pattern, .. } => {
                    let bound = pattern.locals();
                    let owning = |local: &LocalId| bound.contains(local) && self.owns(info.local(*local), resource);
                    let uses = facts.iter().filter(|(_, n)| matches!(&n.op, Op::Local(local) if owning(local)));
                    queue.extend(uses.map(|(node, _)| node));
                }
                _ if self.owns(info.ty(parent), resource) => queue.push(parent),
                _ => {}
            }
        }
        None
    }
}

impl Index {
    /// Whether a call adds to a collection.
    fn adds_at(&self, body: BodyRef, call: NodeId) -> bool {
        self.external(Site { body, node: call }).is_some_and(|path| self.catalogue().lists(Calls::Grows, path))
    }
}

fn is_shown(entry: &TypeEntry) -> bool {
    entry.kind.is_some_and(|kind| !PASSED_OVER.contains(&kind.as_str()))
}

/// Something that a call makes, as the inventory shows it.
struct Made {
    /// The call that makes it for whoever keeps it.
    called: Site,
    /// The variable that owns it.
    variable: Option<(BodyRef, LocalId)>,
    living: Living,
    at: Option<(usize, Site)>,
}

/// The inventory of one program while it is gathered.
struct Gathering<'i> {
    index: &'i Index,
    program: &'i Program,
    endings: &'i [Ending],
}

impl Gathering<'_> {
    fn inventory(&self, made: &[&Construction]) -> Inventory {
        let index = self.index;
        let mut alive: Vec<(Living, Option<(usize, Site)>)> = Vec::new();
        alive.extend(index.defs().static_ids().filter_map(|id| self.global(id)));
        alive.extend(self.made(made));
        alive.extend(self.index.tasks().iter().filter_map(|task| self.task(task)));
        alive.extend(self.servers());
        alive.extend(self.runtimes());
        alive.sort_by_key(|(living, _)| (living.started.file, living.started.start, living.of.clone()));
        alive.dedup_by(|a, b| a.0.started == b.0.started && a.0.of == b.0.of);
        let mut signals: Vec<Signals> = self
            .program
            .signals
            .iter()
            .map(|at| Signals { names: at.names.clone(), at: index.span(at.site) })
            .collect();
        // A call is mentioned by its path, too.
        signals.dedup_by(|a, b| a.names == b.names && a.at.file == b.at.file && a.at.start == b.at.start);
        Inventory {
            program: index.crates()[self.program.krate.index()].name.to_string(),
            service: self.program.is_service().then(|| self.program.verdict.why.clone()).flatten(),
            serves: index.course(self.program).spine.last().map(|site| index.name_span(*site)),
            signals,
            alive: ordered(alive),
        }
    }

    /// Whether code of the program, and not of its tests, stands here.
    fn runs(&self, site: Site) -> bool {
        self.program.reach.contains(&site.body) && !self.index.is_test(site.body)
    }

    fn global(&self, id: StaticId) -> Option<(Living, Option<(usize, Site)>)> {
        let index = self.index;
        let item = index.defs().static_item(id);
        let used = index.calls.mentions(id).iter().any(|site| self.runs(*site));
        if item.kind == StaticKind::Const || item.test || !used {
            return None;
        }
        let owned = index.owned_resources(&index.signatures().statics[id.index()]);
        let shown = owned.into_iter().filter_map(|path| Some((path, index.resource(path).filter(|e| is_shown(e))?)));
        // What is lost without an end says more of a static than what is not.
        let (path, entry) = shown.min_by_key(|(path, entry)| (entry.when_unended.is_none(), path.as_str()))?;
        let (stop, at) = self.stopped(path, &|ending| ending.statics.contains(&id)).unwrap_or((Stop::Nothing, None));
        let living = Living {
            what: words(&entry.kind?),
            of: path.to_string(),
            owner: Owner::Static(index.static_path(id)),
            started: item.name_range.in_file(index.defs().statics[id.index()].file),
            stop,
            order: None,
            lost: entry.when_unended.clone(),
        };
        Some((living, at))
    }

    /// What is made, each where the library is called; what one function makes more than once for another, where it is called.
    fn made(&self, made: &[&Construction]) -> Vec<(Living, Option<(usize, Site)>)> {
        let mut found: Vec<Made> = Vec::new();
        for made in made.iter().filter_map(|made| self.construction(made)) {
            // A variable has one at a time, whatever it is assigned later.
            let same = |other: &Made| other.variable == made.variable && other.living.of == made.living.of;
            if made.variable.is_none() || !found.iter().any(same) {
                found.push(made);
            }
        }
        let places: Vec<(Span, Site)> = found.iter().map(|made| (made.living.started, made.called)).collect();
        for made in &mut found {
            let beside = |(started, called): &(Span, Site)| {
                *started == made.living.started && *called != made.called && self.both_run(*called, made.called)
            };
            if places.iter().any(beside) {
                made.living.started = self.index.span(made.called);
            }
        }
        found.into_iter().map(|made| (made.living, made.at)).collect()
    }

    /// Whether one run of a service comes to both places of a function.
    fn both_run(&self, first: Site, second: Site) -> bool {
        let in_one = first.body == second.body && self.program.is_service();
        in_one && !self.index.exclusive(first.body, first.node, second.node)
    }

    fn construction(&self, made: &Construction) -> Option<Made> {
        let (index, site) = (self.index, made.site);
        let entry = index.resource(made.resource)?;
        let host = self.host(site);
        let global = self.global_of(site);
        let starts = global.is_some() || host.is_some() || index.runs_at_start(self.program, site);
        if !self.runs(site) || !starts || made.fate == Fate::Returned || self.is_shown_as_static(site, made.resource) {
            return None;
        }
        let field = [site].iter().chain(&made.through).find_map(|at| index.stored_in(*at, made.resource));
        let variable = index.obligation(site, made.resource).map(|obligation| obligation.local);
        let (owner, stop) = match (field, variable) {
            _ if let Some(id) = global.filter(|_| made.fate != Fate::Dies) => {
                let stop = self.stopped(made.resource, &|ending| ending.statics.contains(&id));
                (Owner::Static(index.static_path(id)), stop)
            }
            (Some((id, name)), _) => {
                let owner = Owner::Field(format!("{}.{name}", index.defs().type_def(id).name));
                (owner, self.stopped(made.resource, &|ending| ending.field == Some((id, name))))
            }
            (None, Some(local)) if self.spans_serving(site.body, local) => {
                let own = |ending: &Ending| ending.release.site.body == site.body && ending.local == Some(local);
                let dropped = (made.fate == Fate::Dies).then_some((Stop::Dropped, None));
                let stop = self.stopped(made.resource, &own).or_else(|| self.served(site, local)).or(dropped);
                (self.variable(site.body, local), stop)
            }
            (None, Some(local)) if let Some(task) = host.filter(|_| self.spans_settling(site, local)) => {
                let stop = self.served(site, local).unwrap_or_else(|| self.task_stop(task));
                (self.variable(site.body, local), Some(stop))
            }
            (None, Some(local)) if let Some(task) = self.carried_by(site.body, local) => {
                let stop = self.served(site, local).unwrap_or_else(|| self.task_stop(task));
                (self.variable(site.body, local), Some(stop))
            }
            // It does not live until the program is told to stop.
            _ if made.fate == Fate::Dies || host.is_some() || global.is_some() => return None,
            _ => (Owner::HandedOn, variable.and_then(|local| self.served(site, local))),
        };
        let unstopped = if made.fate == Fate::Kept { Stop::Nothing } else { Stop::Unknown };
        let (stop, at) = stop.unwrap_or((unstopped, None));
        let living = Living {
            what: words(&entry.kind?),
            of: made.resource.to_string(),
            started: index.span(made.through.last().copied().unwrap_or(site)),
            stop,
            order: None,
            lost: entry.when_unended.clone(),
            owner,
        };
        let variable = variable.filter(|_| matches!(living.owner, Owner::Variable(..)));
        let variable = variable.map(|local| (site.body, local));
        Some(Made { called: site, variable, living, at })
    }

    fn variable(&self, body: BodyRef, local: LocalId) -> Owner {
        let name = self.index.body(body).local(local).name.to_string();
        Owner::Variable(name, self.name_of_function(body))
    }

    fn name_of_function(&self, body: BodyRef) -> String {
        self.index.function_of(body).map_or_else(String::new, |function| self.index.fn_name(function))
    }

    /// Whether a thing is made for a static, and that static's type says so.
    fn is_shown_as_static(&self, site: Site, resource: Ustr) -> bool {
        let index = self.index;
        match (index.owner(site.body), self.global_of(site).or_else(|| index.initialises(site))) {
            (Some(BodyOwner::Static(_)), _) => true,
            (_, Some(id)) => index.owns(&index.signatures().statics[id.index()], resource),
            _ => false,
        }
    }

    /// The static that a site is part of the making of, on first use, be it in a closure: `POOL.get_or_init(connect)`.
    fn global_of(&self, site: Site) -> Option<StaticId> {
        let (facts, info) = (self.index.body(site.body), self.index.info(site.body));
        let outwards = |at: &NodeId| info.parent(*at).or_else(|| info.region_node(facts.node(*at).region));
        std::iter::successors(Some(site.node), outwards).find_map(|node| self.filled_by(Site { node, ..site }))
    }

    /// The static whose method a call is that makes what is not there yet.
    fn filled_by(&self, site: Site) -> Option<StaticId> {
        let index = self.index;
        let Op::Method { receiver, .. } = index.node(site).op else { return None };
        let fills = index.callable(site).is_some_and(|callable| callable.runs == Runs::Once);
        let holds = |id: &StaticId| match index.signatures().statics[id.index()].peeled() {
            Ty::Ext(path, _) => index.catalogue().type_entry(*path).is_some_and(|entry| !entry.holds.is_empty()),
            _ => false,
        };
        let origins = if fills { index.origins(Site { node: receiver, ..site }) } else { Default::default() };
        origins.into_iter().find(holds)
    }

    /// The task, started before the program serves, that a site stands in: what is made there may live as long as the task.
    fn host(&self, site: Site) -> Option<&Task> {
        let index = self.index;
        let mut tasks = index.tasks().iter().filter(|task| task.end != End::ByItself && self.is_frame_of(task, site));
        tasks.find(|task| index.runs_at_start(self.program, task.spawn))
    }

    /// Whether a variable is still in scope where the function, closure or task it is made in settles down to serve or to wait.
    fn spans_settling(&self, made: Site, local: LocalId) -> bool {
        let (index, facts) = (self.index, self.index.body(made.body));
        let scope = facts.local(local).region;
        let settles = |at: Site| {
            at.node > made.node
                && index.keeps_running(at)
                && index.frame_of(at) == index.frame_of(made)
                && facts.is_inside(facts.node(at.node).region, scope)
        };
        index.call_sites(made.body).any(settles)
    }

    /// Whether a site stands in what a task runs, with no call, closure or task in between.
    fn is_frame_of(&self, task: &Task, site: Site) -> bool {
        let index = self.index;
        task.work.iter().any(|work| match work {
            Work::Region(region) => task.spawn.body == site.body && index.frame_of(site) == *region,
            Work::Function(function) => {
                index.defs().body_of(*function) == Some(site.body) && index.frame_of(site) == Body::ROOT
            }
        })
    }

    /// The task, started before the program serves, that a variable of the function which spawns it is captured by, for as long as the task runs.
    fn carried_by(&self, body: BodyRef, local: LocalId) -> Option<&Task> {
        let (index, facts) = (self.index, self.index.body(body));
        let captured = |region: RegionId| {
            let inside = |node: &NodeId| facts.is_inside(facts.node(*node).region, region);
            let outside = !facts.is_inside(facts.local(local).region, region);
            outside && facts.uses(local).filter(inside).any(|node| self.is_used_for_long(Site { body, node }))
        };
        index.tasks().iter().find(|task| {
            task.spawn.body == body
                && task.end != End::ByItself
                && index.runs_at_start(self.program, task.spawn)
                && task.work.iter().any(|work| matches!(work, Work::Region(region) if captured(*region)))
        })
    }

    /// Whether a value is used again and again, or is part of what a call gets that runs on and on.
    fn is_used_for_long(&self, used: Site) -> bool {
        let (index, info) = (self.index, self.index.info(used.body));
        let around = std::iter::successors(Some(used.node), |at| info.parent(*at));
        let runs_on = |node: NodeId| {
            let at = Site { node, ..used };
            let called = match index.callee(at) {
                Some(Callee::Workspace(function)) => index.function_runs_for_long(*function),
                _ => false,
            };
            called || index.keeps_running(at)
        };
        !index.loops_around(used).is_empty() || around.skip(1).any(runs_on)
    }

    /// Whether a variable is still in scope where the program serves.
    fn spans_serving(&self, body: BodyRef, local: LocalId) -> bool {
        let course = self.index.course(self.program);
        let (facts, scope) = (self.index.body(body), self.index.body(body).local(local).region);
        course
            .spine
            .iter()
            .any(|at| at.body == body && facts.outwards(facts.node(at.node).region).any(|(region, _)| region == scope))
    }

    /// A listener that is handed to a server ends with it.
    fn served(&self, made: Site, local: LocalId) -> Option<(Stop, Option<(usize, Site)>)> {
        let (index, facts) = (self.index, self.index.body(made.body));
        let uses = facts.iter().filter(|(_, node)| matches!(node.op, Op::Local(used) if used == local));
        let mut calls = uses.filter_map(|(node, _)| index.info(made.body).parent(node));
        let serves = |call: &NodeId| {
            let path = index.external(Site { node: *call, ..made });
            path.is_some_and(|path| index.catalogue().server(path).is_some())
        };
        let call = Site { node: calls.find(serves)?, ..made };
        Some((Stop::Itself(Label::new(index.name_span(call), "ends with its server")), None))
    }

    fn task(&self, task: &Task) -> Option<(Living, Option<(usize, Site)>)> {
        let (index, site) = (self.index, task.spawn);
        // What runs what it is given, and waits for it on the spot, is a helper of its callers.
        let is_helper = task.work.is_empty() && matches!(task.handle, Handle::Ended(_));
        if !self.runs(site) || task.end == End::ByItself || is_helper {
            return None;
        }
        let what = if task.runs == Runs::Task { "task" } else { "thread" };
        let field = self.field_of_handle(task).map(|(_, field)| field);
        let (stop, at) = self.task_stop(task);
        let owner = match (&task.handle, field) {
            (_, Some((id, name))) => Owner::Field(format!("{}.{name}", index.defs().type_def(id).name)),
            (Handle::Dropped, _) => Owner::Detached,
            (Handle::Ended(_), _) => Owner::Function(self.name_of_function(site.body)),
            _ => Owner::HandedOn,
        };
        let living = Living {
            what: what.into(),
            of: self.work(task),
            owner,
            started: index.name_span(site),
            stop,
            order: None,
            lost: None,
        };
        Some((living, at))
    }

    /// The field that a task's handle is put into, with what the handle is.
    fn field_of_handle(&self, task: &Task) -> Option<(Ustr, (TypeId, Ustr))> {
        let handle = self.index.callable(task.spawn).and_then(|callable| callable.constructs)?;
        Some((handle, self.index.stored_in(task.spawn, handle)?))
    }

    /// What stops a task, and when.
    fn task_stop(&self, task: &Task) -> (Stop, Option<(usize, Site)>) {
        let site = task.spawn;
        match (&task.end, &task.handle) {
            (End::WithChannel(label) | End::WithReader(label) | End::WhenTold(label), handle) => {
                let waited = match handle {
                    Handle::Ended(nodes) => self.first_stop(nodes.iter().map(|node| Site { node: *node, ..site })).1,
                    _ => None,
                };
                (Stop::Itself(label.clone()), waited)
            }
            (_, Handle::Ended(nodes)) => self.first_stop(nodes.iter().map(|node| Site { node: *node, ..site })),
            (_, Handle::Tracked) => (Stop::Unknown, None),
            (_, Handle::Kept) => self
                .field_of_handle(task)
                .and_then(|(handle, field)| self.stopped(handle, &|ending| ending.field == Some(field)))
                .unwrap_or((Stop::Unknown, None)),
            (End::Fails(_) | End::Never(_), Handle::Dropped) => (Stop::Nothing, None),
            (_, Handle::Dropped) => (Stop::Unknown, None),
        }
    }

    /// What a task runs, as people would call it.
    fn work(&self, task: &Task) -> String {
        let index = self.index;
        let called = |region| {
            let facts: &Body = index.body(task.spawn.body);
            let calls = index.calls.callees(task.spawn.body).iter();
            // What a macro calls, such as a log, is not what the task is for.
            let is_own = |site| index.place_called(index.span(site)) == index.span(site);
            let mut inside = calls
                .filter(|call| facts.outwards(facts.node(call.site.node).region).any(|(at, _)| at == region))
                .filter(|call| is_own(call.site));
            inside.next_back().map(|call| index.fn_name(call.to))
        };
        match task.work.first() {
            Some(Work::Function(function)) => index.fn_name(*function),
            Some(Work::Region(region)) => called(*region).unwrap_or_else(|| index.item_path(task.spawn.body)),
            None => "?".into(),
        }
    }

    fn servers(&self) -> Vec<(Living, Option<(usize, Site)>)> {
        let index = self.index;
        let mut bodies: Vec<BodyRef> =
            self.program.reach.iter().copied().filter(|body| !index.is_test(*body)).collect();
        bodies.sort_unstable();
        let sites = bodies.iter().flat_map(|body| {
            let mut nodes: Vec<NodeId> = index.info(*body).callees.keys().copied().collect();
            nodes.sort_unstable();
            nodes.into_iter().map(|node| Site { body: *body, node })
        });
        let sites: Vec<(Site, Ustr)> = sites.filter_map(|site| Some((site, index.external(site)?))).collect();
        let servers = sites.iter().filter_map(|(site, path)| {
            let server = index.catalogue().server(*path)?;
            let graceful = sites.iter().find(|(_, path)| server.graceful.contains(path));
            let (stop, at) = match graceful {
                Some((stop, _)) => (Stop::Call(index.name_span(*stop)), Some((0, *stop))),
                None if server.handles_signals => {
                    let label = Label::new(index.name_span(*site), "listens for signals by itself");
                    (Stop::Itself(label), None)
                }
                None => (Stop::Nothing, None),
            };
            let living = Living {
                what: "server".into(),
                of: server.name.clone(),
                owner: Owner::Function(self.name_of_function(site.body)),
                started: index.name_span(*site),
                stop,
                order: None,
                lost: None,
            };
            Some((living, at))
        });
        servers.collect()
    }

    /// The runtimes behind `#[tokio::main]` and its like, of a service: of `main`, and of the functions on the way to where it serves.
    fn runtimes(&self) -> Vec<(Living, Option<(usize, Site)>)> {
        let index = self.index;
        let on_the_way = index.course(self.program).spine.iter().filter_map(|at| index.function_of(at.body));
        let mut functions: Vec<FnId> = on_the_way.chain([self.program.main]).collect();
        functions.sort_unstable();
        functions.dedup();
        let runtime = |function: FnId| {
            let of = std::cell::Cell::new(None);
            let is_entry = |path: Ustr| index.catalogue().is_entry_attribute(path) && of.replace(Some(path)).is_none();
            let at = index.attribute_of(function, &is_entry).filter(|_| index.defs().function(function).is_async)?;
            let living = Living {
                what: "runtime".into(),
                of: of.get()?.to_string(),
                owner: Owner::Function(index.fn_name(function)),
                started: at,
                stop: Stop::Itself(Label::new(at, "ends when the function returns")),
                order: None,
                lost: None,
            };
            Some((living, None))
        };
        functions.into_iter().filter(|_| self.program.is_service()).filter_map(runtime).collect()
    }

    /// The call of some releases that stops a thing in this program.
    fn stopped(&self, resource: Ustr, ends: &dyn Fn(&Ending) -> bool) -> Option<(Stop, Option<(usize, Site)>)> {
        // What was got out of a thing, such as a response of a client, is not the thing.
        let is_it = |ending: &Ending| {
            let ty = self.index.info(ending.release.site.body).ty(ending.release.operand);
            ty.peeled().is_unknown() || self.index.owns(ty, resource)
        };
        let fitting =
            self.endings.iter().filter(|ending| ending.release.ends(resource) && ends(ending) && is_it(ending));
        let sites = fitting.map(|ending| ending.release.site);
        let sites: Vec<Site> = sites.filter(|site| self.runs(*site)).collect();
        if sites.is_empty() { None } else { Some(self.first_stop(sites.into_iter())) }
    }

    /// Of some calls that end a thing, the first that runs at shutdown; else any.
    fn first_stop(&self, sites: impl Iterator<Item = Site>) -> (Stop, Option<(usize, Site)>) {
        let placed = sites.map(|site| (self.index.shutdown_order(self.program, site), site));
        match placed.min_by_key(|(order, site)| (order.is_none(), *order, *site)) {
            Some((Some(order), site)) => (Stop::Call(self.index.name_span(site)), Some((order, site))),
            Some((None, site)) => (Stop::Elsewhere(self.index.name_span(site)), None),
            None => (Stop::Nothing, None),
        }
    }
}

/// Numbers what is stopped in the order in which that happens.
fn ordered(alive: Vec<(Living, Option<(usize, Site)>)>) -> Vec<Living> {
    let mut places: Vec<(usize, Site)> = alive.iter().filter_map(|(_, at)| *at).collect();
    places.sort_unstable();
    places.dedup();
    let numbers: BTreeMap<(usize, Site), usize> = places.into_iter().zip(1..).collect();
    let number = |(living, at): (Living, Option<(usize, Site)>)| Living {
        order: at.and_then(|at| numbers.get(&at).copied()),
        ..living
    };
    alive.into_iter().map(number).collect()
}
