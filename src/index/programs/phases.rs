//! When code of a program runs: before it serves, and after. The way from `main` to where the program serves or waits for its end parts the two.
//! What is neither known to come before nor after is said to be neither.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use ustr::Ustr;

use crate::catalogue::{Calls, Runs};
use crate::diagnostic::Label;
use crate::facts::model::{Body, NodeId, Op, RegionId, RegionKind};
use crate::index::bodies::infer::Callee;
use crate::index::calls::contexts::{Context, Repeats};
use crate::index::calls::{Call, Site};
use crate::index::declared::defs::*;
use crate::index::programs::Program;
use crate::index::resources::releases::Release;
use crate::index::{Index, Ty};
use crate::source::Span;

/// Through how many calls the place where a program serves is looked for.
const CALLS: usize = 6;

/// The course of one program.
#[derive(Default)]
pub struct Course {
    /// From `main` inwards: in each body the call that leads on, and last the place where the program serves or waits.
    pub spine: Vec<Site>,
    /// Bodies that what comes before serving leads to.
    startup: HashSet<BodyRef>,
    /// Bodies that what comes after serving, or after a signal, leads to, each with its place in the order of the first calls.
    shutdown: HashMap<BodyRef, usize>,
    /// Bodies that only other commands of the program come to, none of which serves.
    commands: HashSet<BodyRef>,
}

/// The course of each program, in their order.
pub fn find(index: &Index) -> Vec<Course> {
    index.programs().iter().map(|program| course(index, program)).collect()
}

fn course(index: &Index, program: &Program) -> Course {
    let spine = spine(index, program);
    let mut course = Course { spine, ..Course::default() };
    let mut before = Vec::new();
    let mut after = Vec::new();
    // What stands further in returns first.
    for at in course.spine.iter().rev() {
        for call in index.calls.callees(at.body) {
            match index.side(*at, call.site.node) {
                Side::Before if index.is_run_in_place(call) => before.push(call.to),
                Side::After => after.push(call.to),
                _ => {}
            }
        }
    }
    if course.spine.is_empty() {
        before.extend(index.defs().body_of(program.main).map(|_| program.main));
    }
    for body in index.reached_bodies(program) {
        let told = index.told_to_stop_at(body);
        for call in index.calls.callees(body) {
            let behind = told.iter().any(|(signal, frame)| index.comes_after(body, *signal, *frame, call.site.node));
            if behind || call.runs == Runs::Shutdown {
                after.push(call.to);
            }
        }
    }
    let begun: HashSet<Site> = course.spine.iter().flat_map(|at| index.commands_beside(*at)).collect();
    if !begun.is_empty() {
        course.commands = index.only_reached_by(program, &|site| begun.contains(&site));
    }
    course.startup = index.reached_by(before, &|call| index.is_run_in_place(call)).into_keys().collect();
    course.shutdown = index.reached_by(after, &|call| index.is_inline(call));
    course
}

/// The shortest way from `main` to a place that keeps the program running; of equally short ones the last.
fn spine(index: &Index, program: &Program) -> Vec<Site> {
    let Some(main) = index.defs().body_of(program.main).filter(|body| index.is_linked(*body)) else {
        return Vec::new();
    };
    let mut level: Vec<(BodyRef, Vec<Site>)> = vec![(main, Vec::new())];
    let mut seen = HashSet::from_iter([main]);
    for _ in 0..CALLS {
        let ends = level.iter().flat_map(|(body, way)| {
            let serving = index.serving_sites(*body).into_iter();
            serving.map(|site| way.iter().copied().chain([site]).collect::<Vec<Site>>())
        });
        if let Some(last) = ends.max_by_key(|way| way.iter().map(|site| site.node).collect::<Vec<NodeId>>()) {
            return last;
        }
        let mut next = Vec::new();
        for (body, way) in level {
            for call in index.calls.callees(body).iter().filter(|call| index.is_inline(call)) {
                let Some(called) = index.defs().body_of(call.to).filter(|body| index.is_linked(*body)) else {
                    continue;
                };
                if seen.insert(called) {
                    next.push((called, way.iter().copied().chain([call.site]).collect()));
                }
            }
        }
        level = next;
    }
    Vec::new()
}

/// Where a node stands as seen from another of the same body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
    /// In the same loop, where each comes after the other.
    Around,
}

/// Whether a node does nothing with a value but wait for it, unwrap it or drop it.
fn is_statement(op: &Op) -> bool {
    matches!(op, Op::Await(_) | Op::Try(_) | Op::Discard(_) | Op::Bind { .. })
}

impl Index {
    /// The call that a mentioned path is the callee of.
    pub fn call_of(&self, site: Site) -> Site {
        let is_callee = |parent: &NodeId| matches!(self.body(site.body).node(*parent).op, Op::Call { callee, .. } if callee == site.node);
        let call = self.info(site.body).parent(site.node).filter(is_callee);
        Site { node: call.unwrap_or(site.node), ..site }
    }

    /// The closure that is given to the call which asks for a signal, to be run when it comes.
    fn handler_of(&self, signal: Site) -> Option<RegionId> {
        let call = self.call_of(signal);
        let (Op::Call { arguments, .. } | Op::Method { arguments, .. }) = &self.node(call).op else { return None };
        arguments.iter().find_map(|argument| match self.node(Site { node: *argument, ..call }).op {
            Op::Closure { region, .. } => Some(region),
            _ => None,
        })
    }

    /// Whether all that comes of a signal is that the process ends, as it would have without: its handler says something at most, and leaves.
    pub fn only_leaves(&self, signal: Site) -> bool {
        let Some(handler) = self.handler_of(signal) else { return false };
        let (call, facts) = (self.call_of(signal), self.body(signal.body));
        let inside = facts.iter().filter(|(_, n)| facts.is_inside(n.region, handler));
        let paths: Vec<Ustr> = inside.filter_map(|(node, _)| self.external(Site { node, ..call })).collect();
        let lists = |list| paths.iter().any(|path| self.catalogue().lists(list, *path));
        lists(Calls::Exits) && !lists(Calls::Orders) && !lists(Calls::Sends) && !self.reaches_out(call)
    }

    /// The course of a program.
    pub fn course(&self, program: &Program) -> &Course {
        let at = self.programs().iter().position(|other| other.krate == program.krate);
        &self.courses[at.expect("a program of this index")]
    }

    /// The calls of a body that a branch keeps apart from one that leads to where the program serves, and that lead to no server themselves.
    fn commands_beside(&self, serving: Site) -> impl Iterator<Item = Site> {
        let calls = self.calls.callees(serving.body).iter().map(|call| call.site);
        let apart = calls.filter(move |site| self.exclusive(serving.body, serving.node, site.node));
        apart.filter(|site| !self.leads_to_a_server(*site))
    }

    /// Whether a body runs in no command of a program but in some that do not serve.
    pub fn is_of_another_command(&self, program: &Program, body: BodyRef) -> bool {
        self.course(program).commands.contains(&body)
    }

    /// Whether a place is only reached before a program serves: it stands on the way there, or is called from what does.
    pub fn runs_at_start(&self, program: &Program, site: Site) -> bool {
        let course = self.course(program);
        match course.spine.iter().find(|at| at.body == site.body) {
            Some(at) => self.side(*at, site.node) == Side::Before && !self.runs_apart(site),
            None => course.startup.contains(&site.body) && !self.runs_apart(site),
        }
    }

    /// The `main` of a service that leads to a place, where that belongs neither to its start alone nor to another of its commands.
    pub fn led_to_by_service(&self, site: Site) -> Option<Label> {
        let program = self.services_reaching(site.body).find(|program| {
            self.main_leads_to(program, site.body)
                && !self.runs_at_start(program, site)
                && !self.is_apart_from_serving(program, site)
        })?;
        let main = self.defs().function(program.main);
        let file = self.defs().functions[program.main.index()].file;
        Some(Label::new(main.name_range.in_file(file), "this program serves, and leads there"))
    }

    /// The last call that is made behind the place where a program serves, in `main` or further in; that place, where there is none.
    pub fn last_step(&self, program: &Program) -> Option<Span> {
        let spine = &self.course(program).spine;
        let last = spine.iter().find_map(|at| self.last_behind(*at)).or_else(|| spine.last().copied());
        last.map(|site| self.name_span(site))
    }

    /// The last call behind a place that is made whenever the place is left by its end.
    fn last_behind(&self, from: Site) -> Option<Site> {
        let facts = self.body(from.body);
        let around: HashSet<RegionId> =
            facts.outwards(facts.node(from.node).region).map(|(region, _)| region).collect();
        let outer = |node: &NodeId| around.contains(&facts.node(*node).region) && *node > from.node;
        let calls = facts.iter().filter(|(_, n)| matches!(n.op, Op::Call { .. } | Op::Method { .. } | Op::Macro(_)));
        let is_own = |node: &NodeId| {
            self.info(from.body).parent(*node).is_none_or(|parent| is_statement(&facts.node(parent).op))
        };
        let says_ok = |node: &NodeId| {
            self.external(Site { node: *node, ..from }).is_some_and(|path| path.starts_with("std::result::"))
        };
        let last = calls.map(|(node, _)| node).filter(|node| outer(node) && is_own(node) && !says_ok(node)).last()?;
        Some(Site { node: last, ..from })
    }

    /// Whether a place runs when a program is told to stop: behind the place where it serves, behind a signal, or called from there.
    pub fn runs_at_shutdown(&self, program: &Program, site: Site) -> bool {
        self.shutdown_order(program, site).is_some()
    }

    /// Whether a place stands behind the place where a program serves, on the way from `main` to it, or behind a wait for a signal in the same frame.
    pub fn stands_where_it_stops(&self, program: &Program, site: Site) -> bool {
        let on_spine = self.course(program).spine.iter().find(|at| at.body == site.body);
        on_spine.is_some_and(|at| self.side(*at, site.node) == Side::After)
            || self
                .told_to_stop_at(site.body)
                .iter()
                .any(|(signal, frame)| self.comes_after(site.body, *signal, *frame, site.node))
    }

    /// When a place runs among those that run at shutdown; of two with the same number, that of the smaller node runs first.
    pub fn shutdown_order(&self, program: &Program, site: Site) -> Option<usize> {
        let course = self.course(program);
        let on_spine = course.spine.iter().rev().position(|at| at.body == site.body);
        if let Some(depth) = on_spine
            && self.side(course.spine[course.spine.len() - 1 - depth], site.node) == Side::After
        {
            return Some(depth);
        }
        let told = self.told_to_stop_at(site.body);
        if told.iter().any(|(signal, frame)| self.comes_after(site.body, *signal, *frame, site.node)) {
            return Some(0);
        }
        course.shutdown.get(&site.body).copied()
    }

    /// Places of a body, in the caller's own course, that serve or wait until the program ends.
    fn serving_sites(&self, body: BodyRef) -> Vec<Site> {
        let mut sites: Vec<Site> = self.info(body).callees.keys().map(|node| Site { body, node: *node }).collect();
        sites.retain(|site| self.keeps_running(*site) && !self.runs_apart(*site));
        sites.sort_unstable();
        sites
    }

    fn is_inline(&self, call: &Call) -> bool {
        call.runs == Runs::Inline && !self.runs_apart(call.site)
    }

    /// Whether a function runs where it is called, before what follows. When something runs that is handed to a function of the project, or kept as a value, is
    /// for that to say: routes are put together in the same way as what is done at once. What an attribute makes a handler is only named by a call.
    fn is_run_in_place(&self, call: &Call) -> bool {
        let is_kept = || match self.callee(call.site) {
            Some(Callee::Workspace(function) | Callee::Trait(function)) => {
                !self.may_call(call.site, *function).contains(&call.to)
            }
            _ => matches!(self.node(call.site).op, Op::Path(_)),
        };
        self.is_inline(call) && !is_kept() && self.handler(call.to).is_none()
    }

    /// Whether a closure or async block around a site runs as a task, on a thread, or for something that comes later.
    pub fn runs_apart(&self, site: Site) -> bool {
        let (body, info) = (self.body(site.body), self.info(site.body));
        let around = body.outwards(body.node(site.node).region);
        around.filter_map(|(region, _)| info.runs.get(&region)).any(|runs| !is_in_flow(*runs))
    }

    /// Whether code runs on the thread of its function although it is handed over: the function only tells the runtime first that it is going to wait.
    pub fn steps_aside(&self, site: Site) -> bool {
        let (body, info) = (self.body(site.body), self.info(site.body));
        let mut around = body.outwards(body.node(site.node).region);
        let apart = around.find(|(region, _)| info.runs.get(region).is_some_and(|runs| !is_in_flow(*runs)));
        let call = apart.and_then(|(region, _)| info.parent(info.region_node(region)?));
        call.map(|node| Site { node, ..site }).is_some_and(|call| {
            let blocks = self.callable(call).is_some_and(|it| it.runs == Runs::Blocking && it.constructs.is_none());
            blocks && !matches!(self.ty(call), Ty::Future(_)) && (!self.runs_apart(call) || self.steps_aside(call))
        })
    }

    fn side(&self, from: Site, node: NodeId) -> Side {
        if self.in_another_arm(from, node) {
            return Side::Around;
        }
        let (body, info) = (self.body(from.body), self.info(from.body));
        let loops = body.outwards(body.node(from.node).region).filter(|(_, r)| r.kind == RegionKind::Loop);
        let fed = || self.fed_without_end(from).map(|turn| turn.around.region);
        let outermost = loops.last().map(|(region, _)| region).or_else(fed);
        let in_loop = outermost.and_then(|region| info.region_node(region).map(|owner| (region, owner)));
        let inside = |region: RegionId| body.outwards(body.node(node).region).any(|(at, _)| at == region);
        match in_loop {
            Some((region, _)) if inside(region) => {
                if self.in_stopping_arm(from.body, node) {
                    Side::After
                } else {
                    Side::Around
                }
            }
            Some((_, owner)) if node > owner => Side::After,
            Some(_) => Side::Before,
            None if node > from.node => Side::After,
            None => Side::Before,
        }
    }

    /// Whether a node stands in an arm of `select!` that runs in the place of the one that waits for `from`.
    fn in_another_arm(&self, from: Site, node: NodeId) -> bool {
        let (body, info) = (self.body(from.body), self.info(from.body));
        let mut at = from.node;
        while let Some(parent) = info.parent(at) {
            if let Op::Select { arms, .. } = &body.node(parent).op {
                let around = |region: RegionId| body.outwards(body.node(node).region).any(|(at, _)| at == region);
                return arms.iter().any(|arm| arm.future != at && around(arm.region));
            }
            at = parent;
        }
        false
    }

    /// Whether a node stands in an arm of `select!` whose future tells that the program is to stop.
    pub(in crate::index) fn in_stopping_arm(&self, body: BodyRef, node: NodeId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        facts.outwards(facts.node(node).region).any(|(region, _)| {
            let owner = info.region_node(region).map(|owner| &facts.node(owner).op);
            let Some(Op::Select { arms, .. }) = owner else { return false };
            arms.iter().any(|arm| arm.region == region && self.tells_to_stop(Site { body, node: arm.future }))
        })
    }

    /// Whether a value is that of a wait for a signal or for the word to stop, directly or through a function that waits for one.
    pub fn tells_to_stop(&self, site: Site) -> bool {
        let mut found = false;
        let mut queue = vec![site.node];
        while let Some(node) = queue.pop() {
            let at = Site { node, ..site };
            found |= self.waits_to_stop(at)
                || match self.callee(at) {
                    Some(Callee::Workspace(function)) => self.defs().body_of(*function).is_some_and(|body| {
                        self.is_linked(body)
                            && self
                                .info(body)
                                .callees
                                .keys()
                                .any(|inner| self.waits_to_stop(Site { body, node: *inner }))
                    }),
                    _ => false,
                };
            match &self.node(at).op {
                Op::Local(local) => queue.extend(self.init_of(site.body, *local).filter(|init| *init < node)),
                op => queue.extend(op.operands()),
            }
        }
        found
    }

    /// A call of a function of the workspace, or of a static's method, that nothing but the end of a wait for a signal leads to: the wait stands in a task or thread
    /// of its own, and nothing else that the program does at shutdown calls the function.
    pub fn done_only_behind(&self, program: &Program, wait: Site) -> Option<Site> {
        if !self.may_run_beside(wait) {
            return None;
        }
        let frame = self.frame_of(wait);
        let elsewhere = |call: &Call| {
            let mut others = self.calls.callers(call.to).iter().filter(|other| other.site != call.site);
            others.any(|other| self.runs_at_shutdown(program, other.site))
        };
        let calls = self.calls.callees(wait.body).iter().filter(|call| call.runs == Runs::Inline && !elsewhere(call));
        let unknown = self.info(wait.body).callees.iter().filter(|(_, callee)| matches!(callee, Callee::Unknown(_)));
        let unknown = unknown.map(|(node, _)| Site { node: *node, ..wait });
        let on_statics = unknown.filter(|site| self.is_asked_of_static(*site));
        let mut done = calls.map(|call| call.site).chain(on_statics);
        done.find(|site| self.comes_after(wait.body, wait.node, frame, site.node))
    }

    /// Whether a call is that of a method of a static of the workspace.
    fn is_asked_of_static(&self, call: Site) -> bool {
        let Op::Method { receiver, .. } = &self.node(call).op else { return false };
        self.info(call.body).statics.contains_key(receiver)
    }

    fn waits_to_stop(&self, site: Site) -> bool {
        let Some(path) = self.external(site) else { return false };
        self.catalogue().signal(path).is_some() || self.catalogue().lists(Calls::Stops, path)
    }

    /// Whether the process is ended behind a signal, in the same frame or in its handler: what comes there is no orderly stop.
    pub fn exits_after(&self, signal: Site) -> bool {
        self.exits_on(signal).next().is_some()
    }

    /// The places behind a signal, in the same frame or in its handler, that end the process.
    fn exits_on(&self, signal: Site) -> impl Iterator<Item = Site> {
        let frame = self.frame_of(signal);
        let handler = self.handler_of(signal);
        let nodes = self.body(signal.body).iter().map(move |(node, _)| Site { node, ..signal });
        nodes.filter(|at| self.ends_the_process(*at)).filter(move |at| {
            let inside = self.frame_of(*at);
            Some(inside) == handler || (at.node > signal.node && inside == frame)
        })
    }

    /// The exit by which a signal is answered, in a task, on a thread or in a handler, where that is all that is done: no word is given before it, and it is
    /// neither asked first whether it is to be nor waited for a second signal.
    pub fn answered_by_exit(&self, signal: Site) -> Option<Site> {
        let apart = |exit: &Site| self.handler_of(signal).is_some() || self.may_run_beside(*exit);
        self.exits_on(signal).filter(apart).find(|exit| self.is_first_answer(signal, *exit))
    }

    fn is_first_answer(&self, signal: Site, exit: Site) -> bool {
        let (facts, frame) = (self.body(exit.body), self.frame_of(exit));
        let own = facts.iter().take(exit.node.index()).map(|(node, _)| Site { node, ..exit });
        let before: Vec<Site> = own.filter(|at| self.frame_of(*at) == frame).collect();
        if before.iter().any(|at| self.gives_the_word(*at)) {
            return false;
        }
        let at = facts.node(exit.node).region;
        if self.handler_of(signal) == Some(frame) {
            return at == frame;
        }
        let waits = |at: &&Site| matches!(self.node(**at).op, Op::Await(_) | Op::Select { .. });
        let mut waits = before.iter().filter(waits);
        let (Some(wait), None) = (waits.next(), waits.next()) else { return false };
        let arm = match &self.node(*wait).op {
            Op::Select { arms, .. } => arms.iter().any(|arm| arm.region == at),
            _ => false,
        };
        arm || facts.outwards(facts.node(wait.node).region).any(|(around, _)| around == at)
    }

    /// What is ended by a call behind the place where a program serves, on the way from `main` to it, in the order in which it is.
    pub fn ended_behind_serving(&self, program: &Program) -> Vec<Release> {
        let spine = self.course(program).spine.iter().rev();
        let ends = spine.flat_map(|at| self.releases_in(at.body).iter().map(move |release| (at, *release)));
        let behind = ends.filter(|(at, release)| {
            self.side(**at, release.site.node) == Side::After
                && !self.runs_apart(release.site)
                && !self.in_stopping_arm(at.body, release.site.node)
        });
        behind.map(|(_, release)| release).collect()
    }

    /// Whether several may be at a place at the same time: it runs for requests, in tasks or threads.
    pub fn may_meet_itself(&self, site: Site) -> bool {
        self.open_contexts(site).contains_key(&Context::Request) || self.may_run_beside(site)
    }

    /// Whether a way leads to a place on which it runs as a task or on a thread of its own.
    fn may_run_beside(&self, site: Site) -> bool {
        let contexts = self.open_contexts(site);
        contexts.contains_key(&Context::Task) || contexts.contains_key(&Context::Thread)
    }

    /// Whether a call ends the process where it stands.
    pub fn ends_the_process(&self, site: Site) -> bool {
        self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Exits, path))
    }

    /// Whether the process is ended behind a call, before its function or a turn of the loop around it is over.
    pub fn ends_the_process_after(&self, call: Site) -> bool {
        let facts = self.body(call.body);
        let ends = |kind: RegionKind| matches!(kind, RegionKind::Loop | RegionKind::Closure | RegionKind::Async);
        let mut around = Vec::new();
        for (region, of) in facts.outwards(facts.node(call.node).region) {
            around.push(region);
            if ends(of.kind) {
                break;
            }
        }
        let later = facts.iter().skip(call.node.index() + 1);
        let mut on_the_way = later.filter(|(_, node)| around.contains(&node.region));
        on_the_way.any(|(node, _)| self.ends_the_process(Site { node, ..call }))
    }

    /// Whether a program goes on for a given time after a signal has told it to stop, and has set a flag that what answers requests reads: who is served has
    /// that time.
    pub fn serves_on_for_a_while(&self, program: &Program) -> bool {
        let told = program.signals.iter().filter(|at| at.reached && !at.by_server);
        let flags: Vec<Ustr> = told.filter_map(|at| self.flag_set_before_a_pause(at.site)).collect();
        let asks = |site: Site| {
            let flag = self.listed_on(site, Calls::Flags).filter(|flag| flags.contains(flag));
            flag.is_some() && self.repeated(site).is_some_and(|again| again.repeats == Repeats::Request)
        };
        !flags.is_empty() && program.reach.iter().any(|body| self.call_sites(*body).any(asks))
    }

    /// The type of the flag that is set behind a signal, where a time goes by after that.
    fn flag_set_before_a_pause(&self, signal: Site) -> Option<Ustr> {
        let frame = self.frame_of(signal);
        let nodes = self.body(signal.body).iter().map(|(node, _)| Site { node, ..signal });
        let mut later = nodes.filter(|site| self.comes_after(signal.body, signal.node, frame, site.node));
        let flag = later.find_map(|site| self.listed_on(site, Calls::Announces))?;
        let pauses = |site: Site| self.listed_on(site, Calls::Pauses).is_some() && self.loops_around(site).is_empty();
        later.any(pauses).then_some(flag)
    }

    /// What a call of a list belongs to by its path: the type of a method, the module of a function.
    fn listed_on(&self, site: Site, list: Calls) -> Option<Ustr> {
        let path = self.external(site).filter(|path| self.catalogue().lists(list, *path))?;
        path.as_str().rsplit_once("::").map(|(holder, _)| Ustr::from(holder))
    }

    /// Whether nothing is done when a signal comes but to log it and leave: it is waited for in the course of `main`, and no other call comes after it. Of a
    /// `select!` that takes whatever comes first only the arms for signals come after.
    pub fn only_waits_for_end(&self, signal: Site) -> bool {
        let frame = self.frame_of(signal);
        let (facts, info) = (self.body(signal.body), self.info(signal.body));
        // `signal(SignalKind::terminate())`: what is given the signal to ask for it.
        let around = std::iter::successors(info.parent(signal.node), |node| info.parent(*node));
        let asking: Vec<NodeId> = around.filter(|node| matches!(facts.node(*node).op, Op::Call { .. })).collect();
        let is_quiet = |node: NodeId| {
            let site = Site { node, ..signal };
            let listed = |path: Ustr| {
                [Calls::Tells, Calls::Waits, Calls::Stops, Calls::Hears]
                    .iter()
                    .any(|list| self.catalogue().lists(*list, path))
            };
            match &facts.node(node).op {
                Op::Call { .. } | Op::Method { .. } => self.external(site).is_some_and(|path| {
                    listed(path) || self.catalogue().signal(path).is_some() || path.starts_with("std::")
                }),
                Op::Loop { .. } => false,
                _ => true,
            }
        };
        let runs_once = |by: &NodeId| {
            matches!(facts.node(*by).op, Op::Select { .. })
                && self.loops_around(Site { node: *by, ..signal }).is_empty()
        };
        let raced = self.raced_by(signal).filter(runs_once);
        let comes_after = |node: NodeId| match raced {
            Some(select) => {
                facts.node(node).range.start >= facts.node(select).range.end || self.in_stopping_arm(signal.body, node)
            }
            None => node > signal.node,
        };
        let mut later = facts.iter().map(|(node, _)| node).filter(|node| comes_after(*node));
        frame == Body::ROOT
            && later.all(|node| asking.contains(&node) || is_quiet(node))
            && self.function_of(signal.body).is_some_and(|function| self.ends_the_program(function))
    }

    /// Waits for signals in a body, each with the closure, async block or body it stands in.
    fn told_to_stop_at(&self, body: BodyRef) -> Vec<(NodeId, RegionId)> {
        let signal = |node: &NodeId| {
            self.external(Site { body, node: *node }).is_some_and(|path| self.catalogue().signal(path).is_some())
        };
        let mut found: Vec<NodeId> = self.info(body).callees.keys().copied().filter(signal).collect();
        found.sort_unstable();
        found.into_iter().map(|node| (node, self.frame_of(Site { body, node }))).collect()
    }

    /// Whether a node comes after a wait in the same frame.
    fn comes_after(&self, body: BodyRef, wait: NodeId, frame: RegionId, node: NodeId) -> bool {
        let in_frame = self.body(body).outwards(self.body(body).node(node).region).any(|(at, _)| at == frame);
        in_frame && self.side(Site { body, node: wait }, node) == Side::After
    }

    fn reached_bodies(&self, program: &Program) -> Vec<BodyRef> {
        let mut bodies: Vec<BodyRef> = program.reach.iter().copied().collect();
        bodies.sort_unstable();
        bodies
    }

    /// All bodies that some functions lead to by calls that count, each with the place of the first that does.
    fn reached_by(&self, from: Vec<FnId>, counts: &dyn Fn(&Call) -> bool) -> HashMap<BodyRef, usize> {
        let mut reached = HashMap::default();
        for (at, function) in from.into_iter().enumerate() {
            let mut queue = vec![function];
            while let Some(function) = queue.pop() {
                let Some(body) = self.defs().body_of(function).filter(|body| self.is_linked(*body)) else { continue };
                if reached.contains_key(&body) {
                    continue;
                }
                // The places on the spine itself come first.
                reached.insert(body, CALLS + at);
                queue.extend(self.calls.callees(body).iter().filter(|call| counts(call)).map(|call| call.to));
            }
        }
        reached
    }
}

/// Whether what is handed over so runs in the flow of the function around it.
fn is_in_flow(runs: Runs) -> bool {
    matches!(runs, Runs::Inline | Runs::Iteration)
}
