//! Errors that are handed on in so many words, where a branch for one gives it back, and those of what a function of the workspace is given to run.

use crate::catalogue::Calls;
use crate::facts::model::{LocalId, NodeId, Op, RegionId};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, FnId};
use crate::index::flow::errors::only_explains;

/// Through how many expressions what a function gives is followed to what it runs.
const PARTS: u32 = 12;

impl Index {
    /// What has failed where an error is made of the one that it failed with: `Err(error) => Err(error.into())`. With it whether the branch tells of it, or does
    /// something else with it.
    pub(super) fn failed_with(&self, made: Site) -> Option<(Site, bool)> {
        if !self.is_failure(made) {
            return None;
        }
        let facts = self.body(made.body);
        let entered = facts
            .outwards(facts.node(made.node).region)
            .map(|(region, _)| region)
            .find(|region| self.is_entered_by_error(made.body, *region))?;
        let failed = self.failed_before(made.body, entered)?;
        let named = self.errors_named(made.body, entered);
        let is_of_it = self.locals_within(made).iter().any(|local| named.contains(local));
        is_of_it.then(|| (failed, self.tells(made.body, entered) || self.is_used_beside(made, entered, &named)))
    }

    /// Whether a branch for an error does something with it besides making another of it, or counts that it came.
    fn is_used_beside(&self, made: Site, region: RegionId, named: &[LocalId]) -> bool {
        let facts = self.body(made.body);
        let whole = facts.node(made.node).range;
        let counts = |node: NodeId| {
            self.external(Site { node, ..made }).is_some_and(|path| self.catalogue().lists(Calls::Measures, path))
        };
        let uses = |op: &Op| match op {
            Op::Local(local) => named.contains(local),
            Op::Macro(call) => call.mentions.iter().any(|local| named.contains(local)),
            _ => false,
        };
        let mut inside = facts.iter().filter(|(_, n)| facts.is_inside(n.region, region) && !whole.contains(n.range));
        inside.any(|(node, n)| uses(&n.op) || counts(node))
    }

    /// The variables that a branch for an error knows it by.
    fn errors_named(&self, body: BodyRef, region: RegionId) -> Vec<LocalId> {
        let facts = self.body(body);
        match self.info(body).region_node(region).map(|owner| &facts.node(owner).op) {
            Some(Op::Match { arms, .. }) => {
                arms.iter().filter(|arm| arm.region == region).flat_map(|arm| arm.pattern.locals()).collect()
            }
            Some(Op::If { condition, .. }) => match &facts.node(*condition).op {
                Op::Let { pattern, .. } => pattern.locals(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The variables that an expression is made of.
    fn locals_within(&self, site: Site) -> Vec<LocalId> {
        let facts = self.body(site.body);
        let (mut queue, mut found) = (vec![site.node], Vec::new());
        while let Some(node) = queue.pop() {
            match &facts.node(node).op {
                Op::Local(local) => found.push(*local),
                Op::Macro(call) => found.extend(&call.mentions),
                _ => {}
            }
            queue.extend(facts.node(node).op.operands());
        }
        found
    }

    /// What a call of a function of the workspace is given to run, where what that fails with is what the function gives in the end: the closures and
    /// blocks that are written there.
    pub(super) fn given_to_run(&self, call: Site, function: FnId) -> Vec<RegionId> {
        let Some(body) = self.linked_body(function) else { return Vec::new() };
        let written = |at: &usize| match self.node(self.argument_at(call, function, *at)?).op {
            Op::Closure { region, .. } | Op::Async(region) => Some(region),
            _ => None,
        };
        let written = (0..self.body(body).parameters.len()).filter_map(|at| Some((at, written(&at)?)));
        written.filter(|(at, _)| self.gives_what_it_runs(body, *at)).map(|(_, region)| region).collect()
    }

    /// The values whose error leaves a closure or block that is run: where that is a block of its own in a closure, those of the block.
    pub(super) fn leaving_when_run(&self, body: BodyRef, region: RegionId) -> Vec<NodeId> {
        let facts = self.body(body);
        match facts.region(region).value.map(|value| &facts.node(value).op) {
            Some(Op::Async(inner)) => self.leaving_when_run(body, *inner),
            _ => self.passed_on_in(body, region),
        }
    }

    /// Whether what a function gives is what calling, or waiting for, one of its parameters gave.
    fn gives_what_it_runs(&self, body: BodyRef, parameter: usize) -> bool {
        let Some(pattern) = self.body(body).parameters.get(parameter) else { return false };
        let [local] = pattern.locals()[..] else { return false };
        self.passed_on(body).into_iter().any(|node| self.is_run(Site { body, node }, local, PARTS))
    }

    fn is_run(&self, site: Site, parameter: LocalId, fuel: u32) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        let facts = self.body(site.body);
        let part = |node: NodeId| self.is_run(Site { node, ..site }, parameter, fuel);
        let value = |region: &RegionId| facts.region(*region).value.is_some_and(part);
        let is_parameter = |node: NodeId| matches!(facts.node(node).op, Op::Local(local) if local == parameter);
        match &facts.node(site.node).op {
            Op::Call { callee, .. } if is_parameter(*callee) => true,
            Op::Await(of) => is_parameter(*of) || part(*of),
            Op::Try(of) | Op::Reference { of, .. } => part(*of),
            Op::Block(region) | Op::Async(region) => value(region),
            Op::Method { receiver, name, .. } if !self.is_own_call(site) => {
                (only_explains(name) || self.ty(site).is_result() || self.ty(site).is_unknown()) && part(*receiver)
            }
            // `timeout(LIMIT, work)`, `Ok(answer)`
            Op::Call { arguments, .. } if !self.is_own_call(site) => {
                let waits = self.bounds_time(site);
                arguments.iter().any(|argument| waits && is_parameter(*argument) || part(*argument))
            }
            Op::Match { scrutinee, arms } => part(*scrutinee) || arms.iter().any(|arm| value(&arm.region)),
            Op::If { then, otherwise, .. } => value(then) || otherwise.iter().any(value),
            Op::Loop { region, .. } => facts.iter().any(|(node, n)| match n.op {
                Op::Break(Some(of)) => facts.jump_target(node) == Some(*region) && part(of),
                _ => false,
            }),
            Op::Local(local) if *local != parameter => self.sources(site.body, *local).into_iter().any(part),
            _ => false,
        }
    }

    fn is_own_call(&self, call: Site) -> bool {
        matches!(self.callee(call), Some(Callee::Workspace(_) | Callee::Trait(_)))
    }
}
