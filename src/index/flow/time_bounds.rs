//! Whether something around a call bounds how long it may take: a call that gives up after a while, another arm of `select!`, a layer around all
//! requests; here, or around what leads here.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::catalogue::{Calls, Runs};
use crate::facts::model::*;
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::contexts::{Repeated, Repeats};
use crate::index::calls::{Call, Site};
use crate::index::declared::defs::*;
use crate::index::declared::types::Ty;
use crate::index::programs::kinds::Around;

/// Around which of the calls that lead to a place something has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// One of them: the place may be bounded.
    Some,
    /// Each of them: the place is bounded.
    All,
}

/// What counts as a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Whatever may give up the wait, be it the end of the program.
    Any,
    /// What may give it up while the program goes on. What gives up all turns of a loop, or all requests of a server, does so for a wait in one of them only
    /// by the clock.
    Sooner,
    /// What gives it up after a while.
    ByClock,
}

impl Bound {
    /// What counts around something that comes again and again.
    fn around_turns(self) -> Bound {
        if self == Bound::Sooner { Bound::ByClock } else { self }
    }
}

/// Through how many callers something around a call is looked for. Further away there is a limit on some way to almost everything.
const CALLERS: u32 = 8;

/// So many ways to a call are looked at until there is one on which nothing gives up.
const WAYS: usize = 8;

impl Index {
    /// Whether something around a call bounds how long it may take.
    pub fn is_bounded_in_time(&self, site: Site, callers: Callers, by: Bound) -> bool {
        self.is_bounded_through(site, (callers, by), &mut HashMap::default(), CALLERS)
    }

    fn is_bounded_through(
        &self,
        site: Site,
        (which, by): (Callers, Bound),
        known: &mut HashMap<(FnId, Bound), bool>,
        fuel: u32,
    ) -> bool {
        if self.is_bounded_here(site, by) {
            return true;
        }
        // What runs as a task of its own goes on when who started it is given up.
        let Some(function) = self.function_of(site.body).filter(|_| fuel > 0 && !self.runs_apart(site)) else {
            return false;
        };
        let by = if self.turns_again_around(site) { by.around_turns() } else { by };
        if let Some(bounded) = known.get(&(function, by)) {
            return *bounded;
        }
        // What calls itself is not bounded by that.
        known.insert((function, by), false);
        let calls = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body));
        let goes_on = |call: &Call| call.runs.is_apart();
        let mut bounded = calls
            .map(|call| match goes_on(call) {
                true => self.is_bounded_here(call.site, by),
                false => {
                    let by = if call.runs == Runs::Request { by.around_turns() } else { by };
                    self.is_bounded_through(call.site, (which, by), known, fuel - 1)
                }
            })
            .peekable();
        let bounded = match which {
            Callers::Some => bounded.any(|bounded| bounded),
            Callers::All => bounded.peek().is_some() && bounded.all(|bounded| bounded),
        };
        known.insert((function, by), bounded);
        bounded
    }

    /// Whether a loop around a site in its body, or around where a closure is called that it stands in, goes on for as long as there is work or nothing
    /// fails.
    fn turns_again_around(&self, site: Site) -> bool {
        let turns = |site: Site| {
            let mut loops = self.loops_around(site).into_iter();
            loops.any(|around| self.goes_on_turning(site.body, &around))
        };
        turns(site) || self.calls_of_closure_around(site).into_iter().any(turns)
    }

    fn goes_on_turning(&self, body: BodyRef, around: &Around) -> bool {
        around.endless || self.is_heartbeat(body, around.region)
    }

    /// Where the closure that a site stands in is named: `let work = || async { .. }; loop { work().await }`.
    fn calls_of_closure_around(&self, site: Site) -> Vec<Site> {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut closures = facts.outwards(facts.node(site.node).region).filter(|(_, r)| r.kind == RegionKind::Closure);
        let bound = closures.find_map(|(region, _)| info.parent(info.region_node(region)?));
        match bound.map(|bound| &facts.node(bound).op) {
            Some(Op::Bind { pattern, .. }) => {
                let named = pattern.locals().into_iter().flat_map(|local| uses(facts, local));
                named.map(|node| Site { node, ..site }).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What gives up a call that takes too long, here or around one of the calls that lead to it: a call that bounds its time, or a `select!`. What runs as
    /// a task of its own goes on when the wait for it is given up.
    pub fn given_up_at(&self, site: Site) -> Option<Site> {
        self.given_up_after(site).map(|(bound, _)| bound)
    }

    /// As [`Index::given_up_at`], with the calls between that lead from there to the site, the innermost first: the fewest there are.
    pub fn given_up_after(&self, site: Site) -> Option<(Site, Vec<Site>)> {
        let mut queue = VecDeque::from([(site, Vec::new())]);
        let mut seen: HashSet<FnId> = HashSet::default();
        while let Some((at, way)) = queue.pop_front() {
            let around = self.bound_or_task(at);
            match around {
                Some(node) if !self.starts_task(Site { node, ..at }) => return Some((Site { node, ..at }, way)),
                Some(_) => continue,
                None => {}
            }
            let far = way.len() >= CALLERS as usize;
            let Some(function) = self.function_of(at.body).filter(|function| !far && seen.insert(*function)) else {
                continue;
            };
            let calls = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body));
            queue.extend(calls.map(|call| (call.site, [&way[..], &[call.site]].concat())));
        }
        None
    }

    /// Whether a call runs what it is given as a task or thread of its own.
    fn starts_task(&self, call: Site) -> bool {
        self.callable(call).is_some_and(|callable| callable.runs.is_apart())
    }

    /// Whether a future is lent to what gives it up, and so is still there afterwards.
    pub fn is_lent_to(&self, bound: Site) -> bool {
        let facts = self.body(bound.body);
        let mut given = facts.node(bound.node).op.operands().into_iter();
        given.any(|node| matches!(facts.node(node).op, Op::Reference { .. }))
    }

    fn is_bounded_here(&self, site: Site, by: Bound) -> bool {
        self.bound_here(site, by).is_some()
    }

    /// Whether another branch of a choice around a call makes the same call in bounded time: whether there is a limit is a setting.
    pub fn is_bounded_by_choice(&self, site: Site) -> bool {
        let Some(path) = self.external(site) else { return false };
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let branches = facts
            .outwards(facts.node(site.node).region)
            .filter(|(_, region)| matches!(region.kind, RegionKind::Branch | RegionKind::Arm))
            .map(|(region, _)| region);
        let mut choices = branches.filter_map(|own| Some((own, facts.node(info.region_node(own)?))));
        choices.any(|(own, choice)| {
            let mut others = Vec::new();
            choice.op.regions(&mut |region| others.extend(Some(region).filter(|region| *region != own)));
            let beside = |node: NodeId| others.iter().any(|other| facts.is_inside(facts.node(node).region, *other));
            let same = |node: NodeId| self.external(Site { node, ..site }) == Some(path);
            facts
                .iter()
                .any(|(node, _)| same(node) && beside(node) && self.is_bounded_here(Site { node, ..site }, Bound::Any))
        })
    }

    /// What bounds a call in the body it stands in.
    fn bound_here(&self, site: Site, by: Bound) -> Option<NodeId> {
        let goes_on = |call: Site| self.outlives_the_wait(call);
        self.bound_or(site, by, &goes_on).filter(|node| !goes_on(Site { node: *node, ..site }))
    }

    /// Whether a call makes a task that is waited for where it is made: it goes on when the wait for it is given up. Who gives it a name may stop it.
    fn outlives_the_wait(&self, call: Site) -> bool {
        let waits = |parent: NodeId| match self.node(Site { node: parent, ..call }).op {
            Op::Await(_) | Op::Select { .. } => true,
            _ => self.bounds_time(Site { node: parent, ..call }),
        };
        self.starts_task(call) && self.info(call.body).parent(call.node).is_some_and(waits)
    }

    /// What bounds a call in the body it stands in, or makes a task of it before that.
    fn bound_or_task(&self, site: Site) -> Option<NodeId> {
        self.bound_or(site, Bound::Any, &|call| self.starts_task(call))
    }

    /// The first around a call that bounds it in the body it stands in, or that is something else that is looked for.
    fn bound_or(&self, site: Site, by: Bound, other: &dyn Fn(Site) -> bool) -> Option<NodeId> {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let (mut at, mut by) = (site.node, by);
        // What somebody has waited for is no future any more.
        let mut is_awaited = false;
        while let Some(around) = info.parent(at).or_else(|| info.region_node(facts.node(at).region)) {
            let bound = match &facts.node(around).op {
                Op::Loop { region, .. } => {
                    let loops = self.loops_around(Site { node: at, ..site });
                    if loops.iter().any(|l| l.region == *region && self.goes_on_turning(site.body, l)) {
                        by = by.around_turns();
                    }
                    None
                }
                _ if other(Site { node: around, ..site }) => Some(around),
                // A future that is made here and polled by name.
                Op::Bind { pattern, .. } if !is_awaited => {
                    pattern.locals().into_iter().find_map(|local| self.polled_in_time(site.body, local, by))
                }
                _ => self.may_give_up(site.body, around, at, by).then_some(around),
            };
            if bound.is_some() {
                return bound;
            }
            is_awaited = match facts.node(around).op {
                Op::Await(_) => true,
                Op::Async(_) | Op::Closure { .. } => false,
                _ => is_awaited,
            };
            at = around;
        }
        None
    }

    /// Whether a node gives up a future among those it is given: it bounds time, or another arm of `select!` may win.
    fn may_give_up(&self, body: BodyRef, node: NodeId, future: NodeId, by: Bound) -> bool {
        match &self.body(body).node(node).op {
            Op::Select { arms, .. } => {
                let others = || arms.iter().map(|arm| arm.future).filter(|other| *other != future);
                let is_raced = others().count() > 0 && arms.iter().any(|arm| arm.future == future);
                let is_sooner = |other: NodeId| !self.lasts_until_the_end(Site { body, node: other });
                let is_late = |other: NodeId| self.is_in_time(Site { body, node: other });
                is_raced
                    && match by {
                        Bound::Any => true,
                        Bound::Sooner => others().any(is_sooner),
                        Bound::ByClock => others().any(is_late),
                    }
            }
            _ => self.bounds_time(Site { body, node }) || self.hands_to_a_bound(Site { body, node }, future),
        }
    }

    /// Whether a future is there after a while, whatever else happens.
    fn is_in_time(&self, future: Site) -> bool {
        match self.future_behind(future) {
            Some(inner) => self.is_in_time(inner),
            None => self.external(future).is_some_and(|path| {
                [Calls::Pauses, Calls::BoundsTime].iter().any(|list| self.catalogue().lists(*list, path))
            }),
        }
    }

    /// The future that an expression hands on: `&mut told`, `told?`, what a variable was bound to before.
    fn future_behind(&self, at: Site) -> Option<Site> {
        let inner = match self.node(at).op {
            Op::Reference { of, .. } | Op::Await(of) | Op::Try(of) | Op::Deref(of) => of,
            Op::Local(local) => self.init_of(at.body, local).filter(|init| *init < at.node)?,
            _ => return None,
        };
        Some(Site { node: inner, ..at })
    }

    /// Whether a future is there before the program ends only where something fails: the word to stop, a server, what works until it is stopped. Who races a
    /// request with that does not bound it.
    fn lasts_until_the_end(&self, future: Site) -> bool {
        let facts = self.body(future.body);
        let mut at = future.node;
        loop {
            let site = Site { node: at, ..future };
            if self.only_tells_to_stop(self.ty(site)) {
                return true;
            }
            if let Some(inner) = self.future_behind(site) {
                at = inner.node;
                continue;
            }
            let callee = self.callee(site);
            at = match &facts.node(at).op {
                Op::Call { .. } | Op::Method { .. } if matches!(callee, Some(Callee::Workspace(_))) => {
                    let Some(Callee::Workspace(function)) = callee else { return false };
                    return self.works_until_stopped(*function) || self.only_waits_to_stop(*function);
                }
                Op::Method { receiver, .. } => match self.waits_for_the_end(site, *receiver) {
                    true => return true,
                    // `server.fuse()`, `stopped().boxed()`
                    false if matches!(self.ty(Site { node: *receiver, ..future }), Ty::Future(_)) => *receiver,
                    false => return false,
                },
                Op::Call { arguments, .. } => match (self.is_listed_end(site), &arguments[..]) {
                    (true, _) => return true,
                    // `Box::pin(server)`
                    (false, [only]) if matches!(self.ty(Site { node: *only, ..future }), Ty::Future(_)) => *only,
                    (false, _) => return false,
                },
                _ => return false,
            };
        }
    }

    /// Whether a function waits for a signal or for the word to stop, and does nothing else that is known of.
    fn only_waits_to_stop(&self, function: FnId) -> bool {
        let Some(body) = self.linked_body(function) else { return false };
        let sites = || self.info(body).callees.keys().map(|node| Site { body, node: *node });
        let ends = |site: Site| match self.node(site).op {
            Op::Method { receiver, .. } => self.waits_for_the_end(site, receiver),
            _ => self.is_listed_end(site),
        };
        let passes_time =
            |site: Site| self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Pauses, path));
        sites().any(ends)
            && !sites().any(|site| self.effect(site).is_some() || self.bounds_time(site) || passes_time(site))
    }

    /// Whether a method waits for a signal, or hears a word on something that is there for nothing else.
    fn waits_for_the_end(&self, call: Site, receiver: NodeId) -> bool {
        let hears = self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Stops, path));
        self.is_listed_end(call) || hears && self.only_tells_to_stop(self.ty(Site { node: receiver, ..call }))
    }

    /// Whether a call of a library waits for a signal, or goes on forever.
    fn is_listed_end(&self, call: Site) -> bool {
        self.external(call).is_some_and(|path| {
            self.catalogue().signal(path).is_some()
                || self.catalogue().lists(Calls::Hears, path)
                || self.serves_on(path)
        })
    }

    /// Whether a function of the workspace gives what it is given for one of its parameters to a call that bounds time, or says so by its name. So does a
    /// method of any future, whoever has given it to all of them.
    fn hands_to_a_bound(&self, call: Site, future: NodeId) -> bool {
        if self.is_method_of_a_future(call, future) {
            return true;
        }
        let Some(Callee::Workspace(function) | Callee::Trait(function)) = self.callee(call) else { return false };
        let is_given = match &self.node(call).op {
            Op::Call { arguments, .. } | Op::Method { arguments, .. } => arguments.contains(&future),
            _ => false,
        };
        if is_given && self.defs().function(*function).name.contains("timeout") {
            return true;
        }
        let Some(body) = self.defs().body_of(*function).filter(|body| self.is_linked(*body)) else { return false };
        let (facts, info) = (self.body(body), self.info(body));
        facts.parameters.iter().enumerate().any(|(at, pattern)| {
            let given = self.argument_at(call, *function, at).is_some_and(|given| given.node == future);
            given && {
                // A future, or a closure that is called for one: `timeout(limit, ask())`.
                let bounds = |used: NodeId| {
                    let parent = info.parent(used)?;
                    let is_called = matches!(facts.node(parent).op, Op::Call { callee, .. } if callee == used);
                    let node = if is_called { info.parent(parent)? } else { parent };
                    Some(self.bounds_time(Site { body, node }))
                };
                pattern.locals().into_iter().any(|local| uses(facts, local).any(|used| bounds(used) == Some(true)))
            }
        })
    }

    /// `ask().timeout(limit)`, `limit.timeout(ask())`
    fn is_method_of_a_future(&self, call: Site, future: NodeId) -> bool {
        match &self.node(call).op {
            Op::Method { receiver, arguments, name, .. } => {
                let is_future = || matches!(self.ty(Site { node: future, ..call }), Ty::Future(_));
                *receiver == future && name.contains("timeout") && is_future()
                    || arguments[..] == [future] && *name == "timeout"
            }
            _ => false,
        }
    }

    /// The call that bounds time, or the `select!` with another arm, that a variable is given to: a future, or what a closure in it gives.
    fn polled_in_time(&self, body: BodyRef, local: LocalId, by: Bound) -> Option<NodeId> {
        let (facts, info) = (self.body(body), self.info(body));
        let polled = |node: NodeId| {
            let (mut future, mut outer) = (node, info.parent(node)?);
            let is_it = |outer: NodeId, future: NodeId| match &facts.node(outer).op {
                Op::Reference { .. } => true,
                Op::Method { receiver, name, .. } => {
                    *receiver == future && matches!(name.as_str(), "boxed" | "boxed_local" | "fuse")
                }
                _ => false,
            };
            while is_it(outer, future) {
                (future, outer) = (outer, info.parent(outer)?);
            }
            match &facts.node(outer).op {
                Op::Call { callee, .. } if *callee == future => self.bound_here(Site { body, node: outer }, by),
                // One of several that somebody waits for.
                Op::Call { .. } => {
                    let around = info.parent(outer).filter(|around| self.may_give_up(body, *around, outer, by));
                    self.may_give_up(body, outer, future, by).then_some(outer).or(around)
                }
                _ => self.may_give_up(body, outer, future, by).then_some(outer),
            }
        };
        uses(facts, local).find_map(polled)
    }

    /// Whether what a call begins is waited for where it stands. A future that is put into a value or given back is somebody else's wait.
    pub fn is_waited_for(&self, site: Site) -> bool {
        !matches!(self.ty(site), Ty::Future(_)) || self.is_polled(site)
    }

    fn is_polled(&self, site: Site) -> bool {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut at = site.node;
        loop {
            let region = facts.node(at).region;
            let outer = info.parent(at).or_else(|| {
                let is_value = facts.region(region).value == Some(at);
                is_value.then(|| info.region_node(region)).flatten()
            });
            let Some(outer) = outer else { return false };
            match &facts.node(outer).op {
                Op::Await(_) | Op::Select { .. } | Op::Macro(_) => return true,
                Op::Closure { .. } | Op::Async(_) | Op::Struct { .. } | Op::Return(_) | Op::Discard(_) => return false,
                Op::Bind { pattern, .. } => {
                    let polled = |node: NodeId| self.is_polled(Site { node, ..site });
                    return pattern.locals().into_iter().any(|local| uses(facts, local).any(polled));
                }
                _ => at = outer,
            }
        }
    }

    /// The call that has given up where a place is come to: the place stands in what its elapsed time leads to.
    pub fn gave_up_before(&self, site: Site) -> Option<Site> {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let around = facts.outwards(facts.node(site.node).region).map(|(region, _)| region);
        around.filter(|region| self.is_entered_by_error(site.body, *region)).find_map(|region| {
            let failed = match &facts.node(info.region_node(region)?).op {
                Op::Match { scrutinee, .. } => *scrutinee,
                Op::Bind { init, .. } => (*init)?,
                Op::If { condition, .. } => match &facts.node(*condition).op {
                    Op::Let { of, .. } | Op::Method { receiver: of, .. } => *of,
                    _ => return None,
                },
                _ => return None,
            };
            let Op::Await(call) = facts.node(failed).op else { return None };
            Some(Site { node: call, ..site }).filter(|call| self.bounds_time(*call))
        })
    }

    /// Whether a call bounds in time what it is given.
    pub fn bounds_time(&self, site: Site) -> bool {
        self.external(site).is_some_and(|path| self.catalogue().lists(Calls::BoundsTime, path))
    }

    /// Whether a call of a service may wait forever: nothing around it gives up.
    pub fn waits_without_end(&self, site: Site) -> bool {
        let layered = || self.is_layered() && self.repeated(site).is_some_and(|r| r.repeats == Repeats::Request);
        let serves = self.services_reaching(site.body).next().is_some();
        serves && !self.is_bounded_in_time(site, Callers::Some, Bound::Sooner) && !layered()
    }

    /// The proof that a call which may wait forever comes again and again while a program serves. What gives up on other ways to the call is no help on the
    /// one that is shown: there nothing does.
    pub fn waits_while_serving(&self, site: Site) -> Option<Repeated> {
        if self.waits_without_end(site) {
            return self.while_serving(site);
        }
        self.services_reaching(site.body).next()?;
        let counts = |body: BodyRef, region: RegionId| {
            self.body(body).region(region).kind != RegionKind::Loop || self.is_heartbeat(body, region)
        };
        let mut ways = self.all_repeated_in(site, &counts).take(WAYS);
        ways.find(|way| self.goes_with_serving(site, way) && self.is_unbounded_on(site, way))
    }

    /// Whether nothing gives up on a way to a call, nor around the loop that it comes from, nor around the same call in another place of its body, which may
    /// be the one of another build.
    fn is_unbounded_on(&self, site: Site, way: &Repeated) -> bool {
        let path = self.external(site);
        let mut alike = self.call_sites(site.body).filter(|other| path.is_some() && self.external(*other) == path);
        if alike.any(|other| self.is_bounded_here(other, Bound::Any)) {
            return false;
        }
        let mut by = Bound::Sooner;
        let mut last = site;
        for step in std::iter::once(&site).chain(&way.way) {
            if self.is_bounded_here(*step, by) || !self.is_polled_where_it_stands(*step) {
                return false;
            }
            if self.turns_again_around(*step) {
                by = by.around_turns();
            }
            last = *step;
        }
        match way.repeats {
            Repeats::Request => !self.is_layered(),
            _ => !self.is_bounded_in_time(last, Callers::Some, by),
        }
    }

    /// Whether the async blocks around a call are waited for where they stand, run as tasks, or are what the function gives for its caller to wait for. What is
    /// put into a value, such as a stream, is polled by whoever reads that.
    fn is_polled_where_it_stands(&self, call: Site) -> bool {
        let (facts, info) = (self.body(call.body), self.info(call.body));
        let gives_it = || {
            self.function_of(call.body).is_some_and(|function| {
                let returns = &self.signatures().functions[function.index()].returns;
                !self.is_of_async_function(call.body) && matches!(returns, Ty::Future(_))
            })
        };
        let polled = |region: RegionId| {
            info.region_node(region).is_some_and(|node| self.is_polled(Site { node, ..call })) || gives_it()
        };
        let mut blocks = facts.outwards(facts.node(call.node).region).filter(|(_, r)| r.kind == RegionKind::Async);
        blocks.all(|(region, _)| info.runs.contains_key(&region) || polled(region))
    }

    /// Whether a layer around a server bounds the time of all its requests.
    fn is_layered(&self) -> bool {
        *self.layered.get_or_init(|| {
            self.bodies().filter(|(body, ..)| !self.is_test(*body)).any(|(body, facts, info)| {
                facts.iter().any(|(node, n)| {
                    let takes_a_future = match &n.op {
                        Op::Call { arguments, .. } | Op::Method { arguments, .. } => {
                            arguments.len() > 1
                                || arguments.iter().any(|argument| matches!(info.ty(*argument), Ty::Future(_)))
                        }
                        _ => true,
                    };
                    !takes_a_future && self.bounds_time(Site { body, node })
                })
            })
        })
    }
}

/// The places where a body names a variable.
fn uses(facts: &Body, local: LocalId) -> impl Iterator<Item = NodeId> {
    facts.iter().filter(move |(_, node)| matches!(node.op, Op::Local(used) if used == local)).map(|(node, _)| node)
}
