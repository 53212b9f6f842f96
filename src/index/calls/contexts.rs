//! In what contexts code runs: per request, per iteration, per worker, in a task, at the end of the program, with the shortest call path as
//! evidence. What is not proved is not said; that code runs only once is proved in `once`.

use std::collections::{BTreeMap, VecDeque};

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::{Calls, Runs};
use crate::diagnostic::Label;
use crate::facts::model::{Attribute, Literal, LoopKind, Node, NodeId, Op, Operator, Region, RegionId, RegionKind};
use crate::index::bodies::infer::Callee;
use crate::index::calls::dispatch::Wanted;
use crate::index::calls::{Call, Site};
use crate::index::declared::defs::*;
use crate::index::declared::linkage::Wholes;
use crate::index::declared::signatures::TraitName;
use crate::index::declared::types::Bound;
use crate::index::programs::kinds::keyword_len;
use crate::index::{Index, Ty};
use crate::source::Range;

/// Through how many calls code is followed that keeps the program running, or that comes last in it.
const CALLS: u32 = 6;

/// Why code runs again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Repeats {
    Request,
    Iteration,
    Worker,
}

impl Repeats {
    /// In words: `for every request`.
    pub fn words(self) -> &'static str {
        match self {
            Repeats::Request => "for every request",
            Repeats::Iteration => "in every iteration",
            Repeats::Worker => "for every worker thread",
        }
    }
}

/// The proof that a site runs again and again.
#[derive(Debug, Clone)]
pub struct Repeated {
    pub repeats: Repeats,
    /// The loop, where it is one.
    pub in_loop: Option<(BodyRef, RegionId)>,
    /// From the site outwards: the calls that lead to it and what repeats them.
    pub evidence: Vec<Label>,
    /// These calls, from the site outwards.
    pub way: Vec<Site>,
    /// The function that is repeated, where it is not the loop around the site itself.
    pub function: Option<FnId>,
    /// A function on the way decides whether it runs at all: it need not run in each turn. What a loop decides is how it hands out work.
    pub on_condition: bool,
}

/// A place on the way from a site outwards.
#[derive(Clone)]
struct Step {
    at: Site,
    evidence: Vec<Label>,
    way: Vec<Site>,
    /// The function around the site itself, once it is left.
    first: Option<FnId>,
    /// What runs for long is called here: a loop around it only restarts it.
    restarts: bool,
    /// Something between here and the site decides if that runs.
    decided: bool,
    /// The programs that all of the way so far can be part of.
    wholes: Wholes,
    /// What the function around here has to be given for the way to lead through it.
    wanted: Option<Wanted>,
}

impl Step {
    /// Out of the function that the site stands in; `on_condition` says whether something inside decides if the site runs.
    fn out_of(self, function: FnId, on_condition: bool) -> Step {
        Step { first: self.first.or(Some(function)), decided: self.decided || on_condition, ..self }
    }

    /// On to a call of the function that was left.
    fn called(self, at: Site, label: Label, restarts: bool, wanted: Option<Wanted>) -> Step {
        let way = self.way.iter().copied().chain([at]).collect();
        Step { at, evidence: self.then(label), way, restarts, wanted, ..self }
    }

    /// The answer where the way ends.
    fn repeated(&self, repeats: Repeats, label: Label, in_loop: Option<(BodyRef, RegionId)>) -> Repeated {
        let evidence = self.then(label);
        let way = self.way.clone();
        Repeated { repeats, in_loop, evidence, way, function: self.first, on_condition: self.decided }
    }

    fn then(&self, label: Label) -> Vec<Label> {
        self.evidence.iter().cloned().chain([label]).collect()
    }
}

/// A search outwards from a site, along the shortest ways first.
struct Search<'i> {
    index: &'i Index,
    counts: &'i dyn Fn(BodyRef, RegionId) -> bool,
    queue: VecDeque<Step>,
    seen: HashSet<(FnId, Wholes, Option<Wanted>)>,
}

impl Search<'_> {
    /// Goes out of the body that a step stands in: to what repeats it there, or to the callers.
    fn outwards(&mut self, step: Step, found: &mut VecDeque<Repeated>) {
        let index = self.index;
        let (at, inner, restarts) = (step.at, step.first.is_none(), step.restarts);
        // A loop in a caller repeats what it calls only where it is the program's own heartbeat: a `for` over what there is to set up is not.
        let loops = |region| {
            if inner { (self.counts)(at.body, region) } else { !restarts && index.is_heartbeat(at.body, region) }
        };
        match index.outwards(at, inner, &loops) {
            Outwards::Repeats(repeats, label, region) => {
                let is_run = index.is_run_by(at.body, &step.wholes);
                found.extend(is_run.then(|| step.repeated(repeats, label, region.map(|region| (at.body, region)))));
                return;
            }
            Outwards::Once => return,
            Outwards::Function => {}
        }
        let Some(function) = index.function_of(at.body) else { return };
        if !self.seen.insert((function, step.wholes.clone(), step.wanted))
            || index.is_test(at.body)
            || index.is_memoized(function)
        {
            return;
        }
        let whole = step.out_of(function, index.is_on_condition(at));
        match index.handler(function).filter(|_| index.is_run_by(at.body, &whole.wholes)) {
            Some(label) => found.push_back(whole.repeated(Repeats::Request, label, None)),
            None => index.calls.callers(function).iter().for_each(|call| self.go_on_to(&whole, at, call, found)),
        }
    }

    /// Goes on to a call of the function that a step has left; `at` is the place in that function.
    fn go_on_to(&mut self, whole: &Step, at: Site, call: &Call, found: &mut VecDeque<Repeated>) {
        let index = self.index;
        if index.is_test(call.site.body) || index.fills_a_cache(call.site) || index.rules_out(call, at) {
            return;
        }
        let Some(wholes) = whole.wholes.with(index.wholes_of(call.site.body)) else { return };
        if whole.wanted.is_some_and(|wanted| index.gives_another_implementor(call, wanted)) {
            return;
        }
        let label =
            |how: &str| Label::new(index.name_span(call.site), format!("`{}` {how} here", index.fn_name(call.to)));
        match repeats(call.runs) {
            Some(_) if !index.is_run_by(call.site.body, &wholes) => {}
            Some(Repeats::Request) => {
                found.push_back(whole.repeated(Repeats::Request, label("is registered as a handler"), None));
            }
            Some(repeats) => {
                let label = label(&format!("is run {}", repeats.words()));
                found.push_back(whole.repeated(repeats, label, None));
            }
            None if matches!(call.runs, Runs::Once | Runs::Shutdown) => {}
            None => {
                // A loop that restarts what runs for long does not repeat it in any sense that matters.
                let restarts = call.runs == Runs::Inline && index.comes_back_late(at.body);
                let wanted = index.wanted_of_caller(call, whole.wanted);
                let whole = Step { wholes, ..whole.clone() };
                self.queue.push_back(whole.called(call.site, label("is called"), restarts, wanted));
            }
        }
    }
}

/// In what circumstances code runs. One place can have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Only ever at the start or the end of the program, or on first use.
    Once,
    Request,
    Iteration,
    Worker,
    /// In a task of its own.
    Task,
    /// On a thread of its own, or on one that may block.
    Thread,
    /// When the program is told to stop.
    Shutdown,
    /// When a value is dropped.
    Drop,
    /// In test code.
    Test,
}

/// A context with its proof.
#[derive(Debug, Clone)]
pub struct InContext {
    pub context: Context,
    /// From the site outwards, by the shortest way.
    pub evidence: Vec<Label>,
}

impl Context {
    /// The context that being handed to a call makes.
    fn of(runs: Runs) -> Option<Context> {
        match runs {
            Runs::Inline | Runs::Once => None,
            Runs::Iteration => Some(Context::Iteration),
            Runs::Task => Some(Context::Task),
            Runs::Thread | Runs::Blocking | Runs::Change => Some(Context::Thread),
            Runs::Request => Some(Context::Request),
            Runs::Worker => Some(Context::Worker),
            Runs::Shutdown => Some(Context::Shutdown),
        }
    }

    /// In words that follow "is": `run for every request`.
    pub fn words(self) -> &'static str {
        match self {
            Context::Once => "run once",
            Context::Request => "run for every request",
            Context::Iteration => "run in every iteration",
            Context::Worker => "run for every worker thread",
            Context::Task => "run as a task of its own",
            Context::Thread => "run on a thread of its own",
            Context::Shutdown => "run at shutdown",
            Context::Drop => "run when a value is dropped",
            Context::Test => "run in tests",
        }
    }
}

/// Whether what is handed on so goes on from where it is handed on. Where a handler is registered says nothing of when it runs.
fn in_flow(runs: Runs) -> bool {
    matches!(runs, Runs::Inline | Runs::Iteration | Runs::Task | Runs::Thread | Runs::Blocking)
}

/// What stands around a site in its body.
struct Surroundings {
    contexts: Vec<(Context, Label)>,
    /// Whether it runs in the flow of its function, and so in the contexts of its callers.
    in_flow: bool,
}

/// What is met on the way out of a body.
enum Outwards {
    Repeats(Repeats, Label, Option<RegionId>),
    /// Runs once, whatever is around it.
    Once,
    /// The start of the function.
    Function,
}

impl Index {
    /// Whether a site is proved to run again and again.
    pub fn repeated(&self, site: Site) -> Option<Repeated> {
        self.repeated_if(site, &|_, _| true)
    }

    /// As [`Index::repeated`]; loops that `counts` refuses are passed by.
    pub fn repeated_if(&self, site: Site, counts: &dyn Fn(BodyRef, RegionId) -> bool) -> Option<Repeated> {
        let is_loop = |body: BodyRef, region: RegionId| self.body(body).region(region).kind == RegionKind::Loop;
        self.repeated_in(site, &|body, region| !is_loop(body, region) || counts(body, region))
    }

    /// As [`Index::repeated`]; loops, and closures that run for each item, are passed by where `counts` refuses them.
    pub fn repeated_in(&self, site: Site, counts: &dyn Fn(BodyRef, RegionId) -> bool) -> Option<Repeated> {
        self.all_repeated_in(site, counts).next()
    }

    /// All ways in which a site comes to run again and again, the shortest first. Of the ways through one function the shortest is followed.
    pub fn all_repeated_in<'i>(
        &'i self,
        site: Site,
        counts: &'i dyn Fn(BodyRef, RegionId) -> bool,
    ) -> impl Iterator<Item = Repeated> + 'i {
        let start = Step {
            at: site,
            evidence: Vec::new(),
            way: Vec::new(),
            first: None,
            restarts: false,
            decided: false,
            wholes: self.wholes_of(site.body).clone(),
            wanted: None,
        };
        let mut search = Search { index: self, counts, queue: VecDeque::from([start]), seen: HashSet::default() };
        let mut found = VecDeque::new();
        std::iter::from_fn(move || {
            while found.is_empty() {
                let step = search.queue.pop_front()?;
                search.outwards(step, &mut found);
            }
            found.pop_front()
        })
    }

    /// Whether a body runs in one of some programs. What no program is known to run may run in any.
    fn is_run_by(&self, body: BodyRef, wholes: &Wholes) -> bool {
        let mut running = self.programs.iter().filter(|program| program.reach.contains(&body)).peekable();
        running.peek().is_none() || running.any(|program| wholes.contains(program.krate))
    }

    /// Whether a call gives a flag that keeps a site in the called function from being run: `fetch(url, false)`, and the site stands behind `if fresh`.
    fn rules_out(&self, call: &Call, site: Site) -> bool {
        let (body, info) = (self.body(site.body), self.info(site.body));
        let given = |flag: NodeId| match body.node(flag).op {
            Op::Local(local) => {
                let at = self.parameter_of(site.body, local)??;
                match self.node(self.argument_at(call.site, call.to, at)?).op {
                    Op::Literal(Literal::Bool(value)) => Some(value),
                    _ => None,
                }
            }
            _ => None,
        };
        body.outwards(body.node(site.node).region).any(|(region, _)| {
            let owner = info.region_node(region).map(|owner| &body.node(owner).op);
            let Some(Op::If { condition, then, .. }) = owner else { return false };
            let (value, wanted) = match body.node(*condition).op {
                Op::Unary(of) => (given(of), *then != region),
                _ => (given(*condition), *then == region),
            };
            value.is_some_and(|value| value != wanted)
        })
    }

    /// Whether a branch or arm around a site decides if it runs when its function is called. That something was there or went well decides nothing:
    /// `Some(..)` and `Ok(..)` are how work arrives.
    fn is_on_condition(&self, site: Site) -> bool {
        let (body, info) = (self.body(site.body), self.info(site.body));
        let around: Vec<_> = body.outwards(body.node(site.node).region).collect();
        // A loop of its own hands out work, too.
        if around.iter().any(|(_, r)| r.kind == RegionKind::Loop) {
            return false;
        }
        around.into_iter().filter(|(_, r)| matches!(r.kind, RegionKind::Branch | RegionKind::Arm)).any(|(region, _)| {
            let Some(owner) = info.region_node(region) else { return false };
            match &body.node(owner).op {
                Op::Match { arms, .. } => {
                    arms.iter().any(|arm| arm.region == region && (arm.guarded || !arm.pattern.is_success()))
                }
                Op::If { condition, then, .. } => match &body.node(*condition).op {
                    Op::Let { pattern, .. } => *then != region || !pattern.is_success(),
                    condition => *then != region || !self.asks_for_contents(site.body, condition),
                },
                _ => false,
            }
        })
    }

    /// Whether a condition is that there is something in a collection: `!list.is_empty()`, `list.len() > 0`.
    fn asks_for_contents(&self, body: BodyRef, condition: &Op) -> bool {
        let facts = self.body(body);
        let calls =
            |node: NodeId, wanted: &str| matches!(&facts.node(node).op, Op::Method { name, .. } if name == wanted);
        let is_zero =
            |node: NodeId| matches!(&facts.node(node).op, Op::Literal(Literal::Number(digits, _)) if digits == "0");
        match condition {
            Op::Unary(of) => calls(*of, "is_empty"),
            Op::Binary { left, right, operator: Operator::Truth } => calls(*left, "len") && is_zero(*right),
            _ => false,
        }
    }

    /// All contexts that a site is proved to run in, in their own order, each by the shortest way; none where nothing is known.
    pub fn contexts_of(&self, site: Site) -> Vec<InContext> {
        let once = self.runs_once(site).map(|evidence| (Context::Once, evidence));
        let all = once.into_iter().chain(self.open_contexts(site));
        all.map(|(context, evidence)| InContext { context, evidence }).collect()
    }

    /// All contexts that are met on the way outwards; that a site runs only once is not asked.
    pub(in crate::index) fn open_contexts(&self, site: Site) -> BTreeMap<Context, Vec<Label>> {
        let mut found: BTreeMap<Context, Vec<Label>> = BTreeMap::new();
        let mut queue: VecDeque<(Site, Vec<Label>)> = VecDeque::from([(site, Vec::new())]);
        let mut seen: HashSet<FnId> = HashSet::default();
        while let Some((at, way)) = queue.pop_front() {
            let then = |label: Label| way.iter().cloned().chain([label]).collect::<Vec<_>>();
            let around = self.surroundings(at);
            for (context, label) in around.contexts {
                found.entry(context).or_insert_with(|| then(label));
            }
            let Some(function) = self.function_of(at.body).filter(|_| around.in_flow) else { continue };
            if !seen.insert(function) {
                continue;
            }
            if let Some((context, label)) = self.own_context(at.body, function) {
                found.entry(context).or_insert_with(|| then(label));
            }
            let name = self.fn_name(function);
            for call in self.calls.callers(function) {
                let run = |how: &str| then(Label::new(self.name_span(call.site), format!("`{name}` is {how} here")));
                if let Some(context) = Context::of(call.runs) {
                    found.entry(context).or_insert_with(|| run(context.words()));
                }
                if in_flow(call.runs) {
                    queue.push_back((call.site, run("called")));
                }
            }
        }
        found
    }

    /// What the loops, closures and tasks around a site say in its body.
    fn surroundings(&self, site: Site) -> Surroundings {
        let (body, info) = (self.body(site.body), self.info(site.body));
        let label = |node: NodeId, text: String| Label::new(head(self, site.body, node).in_file(site.body.file), text);
        let mut contexts = Vec::new();
        let mut from = site.node;
        for (region, facts) in body.outwards(body.node(site.node).region) {
            let Some(owner) = info.region_node(region) else { break };
            match (facts.kind, info.runs.get(&region).copied()) {
                (RegionKind::Loop, _) if !is_iterated(&body.node(owner).op, from) => {
                    contexts.push((Context::Iteration, label(owner, "this loop runs it again and again".to_owned())));
                }
                (RegionKind::Closure | RegionKind::Async, Some(runs)) => {
                    if let Some(context) = Context::of(runs) {
                        contexts.push((context, label(owner, format!("this is {}", context.words()))));
                    }
                    if !in_flow(runs) {
                        return Surroundings { contexts, in_flow: false };
                    }
                }
                _ => {}
            }
            from = owner;
        }
        Surroundings { contexts, in_flow: true }
    }

    /// The context that a function has by what it is.
    fn own_context(&self, body: BodyRef, function: FnId) -> Option<(Context, Label)> {
        let span = self.defs().function(function).name_range.in_file(body.file);
        if self.is_test(body) {
            return Some((Context::Test, Label::new(span, "this is test code")));
        }
        if let Some(label) = self.handler(function) {
            return Some((Context::Request, label));
        }
        self.is_destructor(function).then(|| (Context::Drop, Label::new(span, "runs when the value is dropped")))
    }

    /// Whether nothing of a program runs after a function has returned: it is `main`, or all that `main` does at its end.
    pub fn ends_the_program(&self, function: FnId) -> bool {
        self.ends_with(function, CALLS)
    }

    fn ends_with(&self, function: FnId, fuel: u32) -> bool {
        if self.programs.iter().any(|program| program.main == function) {
            return true;
        }
        let callers = self.calls.callers(function);
        fuel > 0
            && !callers.is_empty()
            && callers.iter().filter(|call| !self.is_test(call.site.body)).all(|call| {
                self.is_last(call.site)
                    && self.function_of(call.site.body).is_some_and(|caller| self.ends_with(caller, fuel - 1))
            })
    }

    /// Whether no other call, loop or wait comes after a call in its body, other branches aside.
    fn is_last(&self, site: Site) -> bool {
        let body = self.body(site.body);
        let around: Vec<RegionId> = body.outwards(body.node(site.node).region).map(|(region, _)| region).collect();
        body.iter().skip(site.node.index() + 1).all(|(id, node)| {
            let works = match &node.op {
                Op::Loop { .. } => true,
                Op::Await(of) => *of != site.node,
                Op::Call { .. } | Op::Method { .. } => {
                    matches!(self.callee(Site { node: id, ..site }), Some(Callee::Workspace(_)))
                }
                _ => false,
            };
            !works || !around.contains(&node.region)
        })
    }

    /// Whether one of the chosen nodes of a body keeps the program running: it serves, waits in a loop, or calls a function that does.
    pub fn runs_the_program(&self, body: BodyRef, chosen: &dyn Fn(NodeId) -> bool) -> bool {
        let mut seen: HashSet<BodyRef> = HashSet::default();
        let mut level: Vec<Site> = self.call_sites(body).filter(|site| chosen(site.node)).collect();
        for _ in 0..=CALLS {
            if level.iter().any(|site| self.keeps_running(*site)) {
                return true;
            }
            let called = level.iter().filter_map(|site| self.called_body(*site)).filter(|body| seen.insert(*body));
            level = called.flat_map(|body| self.call_sites(body)).collect();
        }
        false
    }

    pub(in crate::index) fn call_sites(&self, body: BodyRef) -> impl Iterator<Item = Site> {
        self.info(body).callees.keys().map(move |node| Site { body, node: *node })
    }

    /// The body of the one function of the workspace that a site calls.
    fn called_body(&self, site: Site) -> Option<BodyRef> {
        match self.callee(site)? {
            Callee::Workspace(function) => self.defs().body_of(*function).filter(|body| self.is_linked(*body)),
            _ => None,
        }
    }

    /// Whether a call of a library serves, waits for a signal, or waits in a loop.
    pub fn keeps_running(&self, site: Site) -> bool {
        let in_loop = || self.loops_around(site).iter().any(|around| !around.over_items);
        let Some(path) = self.external(site) else { return self.takes_connection(site) && in_loop() };
        let catalogue = self.catalogue();
        let waits = || catalogue.lists(Calls::Waits, path) || catalogue.lists(Calls::Accepts, path);
        let is_iterated = || self.fed_without_end(site).is_some();
        self.serves_forever(site, path) || catalogue.signal(path).is_some() || (waits() && in_loop()) || is_iterated()
    }

    /// Whether a call serves until the program ends. What never does anything does not where something else is waited for along with it, unless that is
    /// the word to stop.
    pub fn serves_forever(&self, site: Site, path: Ustr) -> bool {
        let catalogue = self.catalogue();
        catalogue.server(path).is_some()
            || catalogue.lists(Calls::Forever, path)
                && !(catalogue.lists(Calls::Idles, path) && self.is_left_to_others(site))
    }

    fn is_left_to_others(&self, site: Site) -> bool {
        self.raced_by(site).is_some_and(|by| match &self.body(site.body).node(by).op {
            Op::Select { arms, .. } => !arms.iter().any(|arm| self.tells_to_stop(Site { node: arm.future, ..site })),
            _ => true,
        })
    }

    /// Whether a function serves, or loops without end around something it waits for.
    pub fn function_runs_for_long(&self, function: FnId) -> bool {
        self.defs().body_of(function).is_some_and(|body| self.is_linked(body) && self.runs_for_long(body))
    }

    /// Whether a body serves, or loops without end around something it waits for.
    pub fn runs_for_long(&self, body: BodyRef) -> bool {
        self.call_sites(body).any(|site| self.keeps_running(site))
    }

    /// Whether a call of a body takes as long as the program serves: what it starts as a task or thread does not count.
    pub(in crate::index) fn comes_back_late(&self, body: BodyRef) -> bool {
        self.call_sites(body).any(|site| self.keeps_running(site) && !self.runs_apart(site))
    }

    /// Whether a loop waits for time to pass or for work to come, or never ends.
    pub fn is_work_loop(&self, body: BodyRef, region: RegionId) -> bool {
        self.loops_around_one_of(body, region, &[Calls::Waits, Calls::Accepts])
    }

    /// Whether a loop is the program's heartbeat: it waits for time to pass or for work to come, and does not only try again until it succeeds.
    pub fn is_heartbeat(&self, body: BodyRef, region: RegionId) -> bool {
        self.is_work_loop(body, region) && !self.is_retry(body, region)
    }

    /// Whether a loop takes connections.
    pub fn is_accept_loop(&self, body: BodyRef, region: RegionId) -> bool {
        self.loops_around_one_of(body, region, &[Calls::Accepts])
    }

    /// Whether a loop lets time pass in each turn.
    pub fn is_timed_loop(&self, body: BodyRef, region: RegionId) -> bool {
        self.loops_around_one_of(body, region, &[Calls::Pauses])
    }

    fn loops_around_one_of(&self, body: BodyRef, region: RegionId, lists: &[Calls]) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        let Some(owner) = info.region_node(region) else { return false };
        if let Op::Loop { kind: LoopKind::For { iterated, .. }, .. } = facts.node(owner).op {
            // `for stream in listener.incoming()`: what comes one after the other.
            let mut chain = self.receivers(Site { body, node: iterated }).into_iter();
            return lists.contains(&Calls::Accepts) && chain.any(|site| self.accepts(site));
        }
        info.callees.iter().any(|(node, callee)| {
            let listed = match callee {
                Callee::External(path) => {
                    lists.iter().any(|list| self.catalogue().lists(*list, *path))
                        || self.takes_what_comes(Site { body, node: *node }, lists)
                }
                _ => lists.contains(&Calls::Accepts) && self.takes_connection(Site { body, node: *node }),
            };
            listed && facts.outwards(facts.node(*node).region).any(|(at, _)| at == region)
        })
    }

    /// From a site outwards through loops, closures and async blocks of its body.
    fn outwards(&self, site: Site, inner: bool, counts: &dyn Fn(RegionId) -> bool) -> Outwards {
        if self.is_first_time(site) {
            return Outwards::Once;
        }
        let (body, info) = (self.body(site.body), self.info(site.body));
        let label = |node: NodeId, text: &str| Label::new(head(self, site.body, node).in_file(site.body.file), text);
        let returned = |from: NodeId| {
            let mut around = std::iter::successors(Some(from), |node| info.parent(*node));
            around.any(|node| matches!(body.node(node).op, Op::Return(_)))
        };
        // What comes next in the same block, whatever else is decided there.
        let leaves_next = |from: NodeId, region: &Region| {
            let mut later = region.nodes.iter().skip_while(|node| **node != from).skip(1);
            let leaves = later.find(|node| matches!(body.node(**node).op, Op::Return(_) | Op::Break(_))).copied()?;
            let goes_on = |(node, n): (NodeId, &Node)| matches!(n.op, Op::Continue) && from < node && node < leaves;
            (!body.iter().any(goes_on)).then_some(leaves)
        };
        // The loop that is left, and so all that is passed on the way there.
        let (mut from, mut returns, mut left) = (site.node, false, None);
        for (region, facts) in body.outwards(body.node(site.node).region) {
            let Some(owner) = info.region_node(region) else { break };
            let leaves = leaves_next(from, facts);
            returns |= returned(from) || leaves.is_some_and(|node| matches!(body.node(node).op, Op::Return(_)));
            left = left.or_else(|| leaves.and_then(|node| body.jump_target(node)));
            let is_left = left.is_some();
            left = left.filter(|target| *target != region);
            match facts.kind {
                // What is iterated over is evaluated once, before the loop; what is returned is the last that a loop does, and so is what it is left behind.
                RegionKind::Loop
                    if counts(region) && !returns && !is_left && !is_iterated(&body.node(owner).op, from) =>
                {
                    return Outwards::Repeats(
                        Repeats::Iteration,
                        label(owner, "this loop runs it again and again"),
                        Some(region),
                    );
                }
                RegionKind::Closure | RegionKind::Async => {
                    let runs = info.runs.get(&region).copied().unwrap_or(Runs::Inline);
                    match runs {
                        Runs::Once | Runs::Shutdown => return Outwards::Once,
                        _ => {
                            let counts = |r: &Repeats| *r != Repeats::Iteration || inner && counts(region);
                            if let Some(repeats) = repeats(runs).filter(counts) {
                                let text = format!("this closure is run {}", repeats.words());
                                return Outwards::Repeats(repeats, label(owner, &text), None);
                            }
                        }
                    }
                }
                _ => {}
            }
            returns &= !matches!(facts.kind, RegionKind::Closure | RegionKind::Async);
            from = owner;
        }
        Outwards::Function
    }

    /// Whether a closure or async block around a site is run in this way.
    pub fn runs_in(&self, site: Site, runs: Runs) -> bool {
        let (body, info) = (self.body(site.body), self.info(site.body));
        body.outwards(body.node(site.node).region).any(|(region, _)| info.runs.get(&region) == Some(&runs))
    }

    /// Whether the results of a function are kept: it runs once for each of what it is given, however often it is called.
    fn is_memoized(&self, id: FnId) -> bool {
        self.attribute_of(id, &|path| self.catalogue().is_memoizing_attribute(path)).is_some()
    }

    /// Why a function is known to run per request: its attribute or that of its impl, a trait it implements, or a parameter only handlers have.
    pub fn handler(&self, id: FnId) -> Option<Label> {
        let defs = self.defs();
        let (place, function) = (defs.functions[id.index()], defs.function(id));
        let handlers = self.catalogue().handlers();
        let span = function.name_range.in_file(place.file);
        let around = defs.impl_of(id).into_iter().flat_map(|block| &defs.impl_block(block).attributes);
        for attribute in function.attributes.iter().chain(around) {
            let path = self.attribute_path(place.file, function.scope, attribute);
            if path.is_some_and(|path| handlers.attributes.contains(&path)) {
                return Some(Label::new(span, format!("`#[{}]` makes it a handler", attribute.path.last()?)));
            }
        }
        if let Some(attribute) = self.service_attribute(id) {
            return Some(Label::new(span, format!("`#[{attribute}]` on its trait makes it a handler")));
        }
        let signature = &self.signatures().functions[id.index()];
        let connects = |ty: &Ty| matches!(ty.peeled(), Ty::Ext(path, _) if handlers.connects.contains(path));
        if let Some(path) = self.library_trait(id).filter(|_| !signature.parameters.iter().any(connects)) {
            let full = format!("{path}::{}", function.name);
            let all = format!("{path}::*");
            if handlers.traits.iter().any(|known| *known == full.as_str() || *known == all.as_str()) {
                let name = path.rsplit("::").next().unwrap_or(&path);
                return Some(Label::new(span, format!("implements `{name}`, which is called for every request")));
            }
        }
        let handler_only = |ty: &Ty| match ty.peeled() {
            Ty::Ext(path, _) => handlers.parameters.contains(path),
            Ty::Bounded(bounds) => {
                bounds.iter().any(|bound| matches!(bound, Bound::Ext(path, _) if handlers.parameters.contains(path)))
            }
            _ => false,
        };
        // A method is one where a trait asks for it, as those do that are written from the description of a service.
        let of_trait = || defs.impl_of(id).is_some_and(|block| defs.impl_block(block).trait_path.is_some());
        if signature.parameters.iter().any(handler_only) && (signature.receiver.is_none() || of_trait()) {
            return Some(Label::new(span, "its parameters are those of a request handler"));
        }
        None
    }

    /// The attribute macro by which the methods of the trait that a function implements one of are called for every request.
    fn service_attribute(&self, id: FnId) -> Option<Ustr> {
        let defs = self.defs();
        let TraitName::Trait(of) = self.signatures().impl_traits[defs.impl_of(id)?.index()]? else { return None };
        let (file, item) = (defs.traits[of.index()].file, defs.trait_def(of));
        let services = &self.catalogue().handlers().services;
        let makes_one = |attribute: &&Attribute| {
            self.attribute_path(file, item.scope, attribute).is_some_and(|path| services.contains_key(&path))
        };
        item.attributes.iter().find(makes_one)?.path.last().copied()
    }
}

fn is_iterated(op: &Op, from: NodeId) -> bool {
    matches!(op, Op::Loop { kind: LoopKind::For { iterated, .. }, .. } if *iterated == from)
}

fn repeats(runs: Runs) -> Option<Repeats> {
    match runs {
        Runs::Request => Some(Repeats::Request),
        Runs::Iteration => Some(Repeats::Iteration),
        Runs::Worker => Some(Repeats::Worker),
        _ => None,
    }
}

/// The head of a loop or closure: its keyword, or its parameters.
fn head(index: &Index, body: BodyRef, node: NodeId) -> Range {
    let facts = index.body(body);
    let range = facts.node(node).range;
    let end = match &facts.node(node).op {
        Op::Loop { kind, .. } => range.start + keyword_len(kind),
        Op::Closure { region, .. } => facts.region(*region).range.start.max(range.start + 1),
        _ => range.end,
    };
    Range { start: range.start, end: end.min(range.end) }
}
