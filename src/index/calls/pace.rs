//! How often code comes to be run: by the pauses of a loop, or by a look at the clock before.

use std::time::Duration;

use ustr::Ustr;

use crate::catalogue::{Calls, Runs};
use crate::facts::model::{NodeId, Op, Operator, RegionId, RegionKind, SelectArm};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::calls::contexts::Repeated;
use crate::index::declared::defs::BodyRef;
use crate::index::programs::kinds::leaving;

/// What runs with more time than this in between leaves nothing behind that the next run could use: connections are not kept idle for long.
const RARELY: Duration = Duration::from_secs(60);

impl Index {
    /// Whether a site that runs again and again may do so rarely: by a loop that lets long enough pass between its turns, or nobody knows how long, or
    /// behind a look at the clock.
    pub fn is_rare(&self, site: Site, repeated: &Repeated) -> bool {
        let several =
            || std::iter::once(site).chain(repeated.way.iter().copied()).any(|at| self.is_for_each(at, repeated));
        repeated.in_loop.is_some_and(|(body, region)| self.may_turn_rarely(body, region)) && !several()
            || std::iter::once(site).chain(repeated.way.iter().copied()).any(|site| self.looks_at_the_clock(site))
    }

    /// Whether a place runs for each of several things in one turn of the loop that repeats it.
    fn is_for_each(&self, at: Site, repeated: &Repeated) -> bool {
        let turn = repeated.in_loop.filter(|(body, _)| *body == at.body).map(|(_, region)| region);
        let over_items = self.loops_around(at).iter().any(|around| Some(around.region) != turn && around.over_items);
        !self.is_implementor_called(at) && (over_items || self.runs_in(at, Runs::Iteration))
    }

    /// Whether a method of a trait is called on one of several things, as a loop or closure goes through them: each implementor builds for itself.
    fn is_implementor_called(&self, call: Site) -> bool {
        let facts = self.body(call.body);
        let Op::Method { receiver, .. } = self.node(call).op else { return false };
        let item = self.variable_behind(call.body, receiver).map(|local| facts.local(local).region);
        let mut around = facts.outwards(facts.node(call.node).region);
        matches!(self.callee(call), Some(Callee::Trait(_)))
            && around.any(|(region, r)| {
                matches!(r.kind, RegionKind::Loop | RegionKind::Closure)
                    && item.is_some_and(|item| facts.is_inside(item, region))
            })
    }

    /// Whether a site is followed, in its body, by a loop that only lets time pass between its turns: what is made before is made for that loop.
    pub fn comes_before_a_heartbeat(&self, site: Site) -> bool {
        let facts = self.body(site.body);
        let later = facts.iter().skip(site.node.index() + 1).filter_map(|(_, node)| match node.op {
            Op::Loop { region, .. } => Some(region),
            _ => None,
        });
        let around = |region: RegionId| facts.outwards(facts.node(site.node).region).any(|(at, _)| at == region);
        later.into_iter().any(|region| {
            !around(region) && self.is_timed_loop(site.body, region) && self.only_lets_time_pass(site.body, region)
        })
    }

    /// Whether nothing but time sets a loop going, and it is not known to pass quickly. Pauses that each turn makes add up; where some turns make none,
    /// one that is not known to be short is enough.
    fn may_turn_rarely(&self, body: BodyRef, region: RegionId) -> bool {
        if !self.only_lets_time_pass(body, region) {
            return false;
        }
        let (facts, info) = (self.body(body), self.info(body));
        let pauses = info.callees.keys().copied().filter(|node| self.is_pause(Site { body, node: *node }, region));
        let (each_turn, in_some): (Vec<_>, Vec<_>) = pauses.partition(|node| facts.node(*node).region == region);
        let length = |node: &NodeId| self.length(Site { body, node: *node });
        if each_turn.is_empty() {
            return in_some.iter().map(length).any(|pause| pause.is_none_or(|pause| pause > RARELY));
        }
        let all: Option<Duration> = each_turn.iter().map(length).sum();
        all.is_none_or(|all| all > RARELY)
    }

    /// Whether a call in a loop lets time pass between its turns: not one that only gives up something else that takes too long.
    fn is_pause(&self, call: Site, region: RegionId) -> bool {
        let facts = self.body(call.body);
        let lists = |call: Site, lists: &[Calls]| {
            let path = self.external(call);
            path.is_some_and(|path| lists.iter().any(|list| self.catalogue().lists(*list, path)))
        };
        let bounds = |by: NodeId| match &facts.node(by).op {
            Op::Select { arms, .. } => arms.iter().any(|arm| {
                let waits_too = lists(Site { node: arm.future, ..call }, &[Calls::Pauses, Calls::Stops]);
                !waits_too && !self.arm_leaves(call.body, arm.region, region)
            }),
            _ => true,
        };
        facts.is_inside(facts.node(call.node).region, region)
            && lists(call, &[Calls::Pauses])
            && !lists(call, &[Calls::BoundsTime])
            && !self.raced_by(call).is_some_and(bounds)
    }

    /// Whether an arm of a `select!` in a loop can end the loop.
    fn arm_leaves(&self, body: BodyRef, arm: RegionId, region: RegionId) -> bool {
        let facts = self.body(body);
        leaving(facts, region).any(|node| facts.is_inside(facts.node(node).region, arm))
    }

    /// Whether all that a loop waits for is time, and the word to stop.
    fn only_lets_time_pass(&self, body: BodyRef, region: RegionId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        let catalogue = self.catalogue();
        info.callees.keys().filter(|node| facts.is_inside(facts.node(**node).region, region)).all(|node| {
            let Some(path) = self.external(Site { body, node: *node }) else { return true };
            let waits = [Calls::Waits, Calls::Accepts, Calls::Receives].iter().any(|list| catalogue.lists(*list, path));
            !waits
                || [Calls::Pauses, Calls::Stops].iter().any(|list| catalogue.lists(*list, path))
                || self.is_word_to_stop(Site { body, node: *node }, region)
        })
    }

    /// Whether a loop ends where a wait in it is over: an arm of a `select!` that leaves it.
    fn is_word_to_stop(&self, wait: Site, region: RegionId) -> bool {
        let mut own = self.arms_around(wait).iter().filter(|arm| arm.future == wait.node);
        own.any(|arm| self.arm_leaves(wait.body, arm.region, region))
    }

    /// Whether a loop ends where something else comes before what a call in it waits for: anything but that a time is over.
    pub(in crate::index) fn ends_by_word(&self, wait: Site, region: RegionId) -> bool {
        let passes_time = |future: NodeId| {
            let path = self.external(Site { node: future, ..wait });
            path.is_some_and(|path| self.catalogue().lists(Calls::Pauses, path))
        };
        let other = |arm: &&SelectArm| arm.future != wait.node && !passes_time(arm.future);
        let mut others = self.arms_around(wait).iter().filter(other);
        others.any(|arm| self.arm_leaves(wait.body, arm.region, region))
    }

    /// The arms of the `select!` that a call is waited for in.
    fn arms_around(&self, wait: Site) -> &[SelectArm] {
        match self.raced_by(wait).map(|by| &self.body(wait.body).node(by).op) {
            Some(Op::Select { arms, .. }) => arms,
            _ => &[],
        }
    }

    /// How long a call lets pass: what it is given, or what the interval that it is called on was made with.
    fn length(&self, call: Site) -> Option<Duration> {
        let from = match &self.node(call).op {
            Op::Method { receiver, arguments, .. } if arguments.is_empty() => {
                let Op::Local(local) = self.node(Site { node: *receiver, ..call }).op else { return None };
                Site { node: self.init_of(call.body, local)?, ..call }
            }
            _ => call,
        };
        self.duration_argument(from).or_else(|| self.duration_given(from))
    }

    /// The longest time that a call is given by way of a parameter, where all callers write out theirs.
    fn duration_given(&self, call: Site) -> Option<Duration> {
        let (Op::Call { arguments, .. } | Op::Method { arguments, .. }) = &self.node(call).op else { return None };
        let Op::Local(local) = self.node(Site { node: *arguments.first()?, ..call }).op else { return None };
        let (function, at) = (self.function_of(call.body)?, self.parameter_of(call.body, local)??);
        let callers = self.calls.callers(function).iter().filter(|caller| !self.is_test(caller.site.body));
        let given = callers.map(|caller| self.literal_duration(self.argument_at(caller.site, function, at)?));
        given.collect::<Option<Vec<Duration>>>()?.into_iter().max()
    }

    /// Whether a site only runs where long enough has passed: `if last.elapsed() > DAY`.
    fn looks_at_the_clock(&self, site: Site) -> bool {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut around = facts.outwards(facts.node(site.node).region).filter(|(_, r)| r.kind == RegionKind::Branch);
        around.any(|(region, _)| match info.region_node(region).map(|owner| &facts.node(owner).op) {
            Some(Op::If { condition, then, .. }) => {
                *then == region && self.compares_elapsed(Site { node: *condition, ..site })
            }
            _ => false,
        })
    }

    /// Whether a condition, perhaps worked out before, holds only where long enough has passed, or where a time has come that is not written there.
    fn compares_elapsed(&self, condition: Site) -> bool {
        let at = |node: NodeId| Site { node, ..condition };
        let facts = self.body(condition.body);
        let of_region =
            |region: RegionId| facts.region(region).value.is_some_and(|node| self.compares_elapsed(at(node)));
        match &self.node(condition).op {
            Op::Local(local) => {
                let init = self.init_of(condition.body, *local).filter(|init| *init < condition.node);
                return init.is_some_and(|init| self.compares_elapsed(at(init)));
            }
            Op::Block(region) => return of_region(*region),
            Op::Match { arms, .. } => return arms.iter().any(|arm| of_region(arm.region)),
            _ => {}
        }
        let Op::Binary { left, right, operator: Operator::Truth | Operator::Either | Operator::Both } =
            self.node(condition).op
        else {
            return false;
        };
        let (left, right) = (Site { node: left, ..condition }, Site { node: right, ..condition });
        let elapsed = self.external(left).is_some_and(|path| self.catalogue().lists(Calls::Clocks, path));
        let is_due = || self.tells_the_time(left) && self.literal_duration(right).is_none();
        elapsed && self.literal_duration(right).is_some_and(|least| least >= RARELY)
            || is_due()
            || self.compares_elapsed(left)
            || self.compares_elapsed(right)
    }

    /// Whether a call asks what time it is.
    fn tells_the_time(&self, call: Site) -> bool {
        let is_now = |path: Ustr| path.ends_with("::now") && self.catalogue().lists(Calls::Clocks, path);
        self.external(call).is_some_and(is_now)
    }
}
