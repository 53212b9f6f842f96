//! Where errors lead: what a branch that an error enters does with it, whether anything tells of it, whether code is on its way to failing.

use ustr::Ustr;

use crate::catalogue::{Calls, Runs};
use crate::facts::model::{Body, Literal, Node, NodeId, Op, PatternKind, RegionId, RegionKind};
use crate::index::Index;
use crate::index::bodies::asked::Outcome;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, FnId};
use crate::index::declared::types::Ty;

/// Through how many calls it is looked whether a function tells of its own errors.
const CALLS: u32 = 3;

impl Index {
    /// Whether anything in a region tells people or logs. A macro of the workspace may do so.
    pub fn tells(&self, body: BodyRef, region: RegionId) -> bool {
        self.is_said(body, region, &|_| true)
    }

    /// Whether anything in a region tells that something is wrong, not merely how it goes.
    pub fn warns(&self, body: BodyRef, region: RegionId) -> bool {
        let mentions = |name| self.catalogue().lists(Calls::Mentions, name);
        self.is_said(body, region, &|op| !matches!(op, Op::Macro(call) if mentions(call.path.last())))
    }

    /// Whether a message is logged in a region before a node: not printed, which is done when the call returns.
    pub fn logs_before(&self, node: Site) -> bool {
        let body = self.body(node.body);
        let is_log = |path: &Ustr| self.catalogue().lists(Calls::Tells, *path) && !path.starts_with("std::");
        let earlier = body.iter().take_while(|(id, _)| *id < node.node);
        earlier.filter(|(_, n)| n.region == body.node(node.node).region).any(|(id, n)| {
            let path = self.external(Site { node: id, ..node });
            path.as_ref().is_some_and(is_log) || path.is_none() && matches!(n.op, Op::Macro(_))
        })
    }

    fn is_said(&self, body: BodyRef, region: RegionId, counts: &dyn Fn(&Op) -> bool) -> bool {
        self.body(body).iter().any(|(node, facts)| {
            let site = Site { body, node };
            let inside = || self.body(body).outwards(facts.region).any(|(at, _)| at == region);
            let may_tell = match self.callee(site) {
                Some(Callee::External(path)) => self.may_tell(&facts.op, *path),
                _ => matches!(facts.op, Op::Macro(_)),
            };
            may_tell && counts(&facts.op) && inside()
        })
    }

    /// Whether a call of a library tells, or may: a macro of a log's name that a library nobody described hands on.
    pub(super) fn may_tell(&self, op: &Op, path: Ustr) -> bool {
        let is_level = |name: Ustr| self.catalogue().lists(Calls::Levels, name);
        let handed_on = matches!(op, Op::Macro(call) if is_level(call.path.last()));
        self.catalogue().lists(Calls::Tells, path) || handed_on
    }

    /// Whether an adapter on the way of a value looks at its error: `inspect_err`, or a closure for errors that tells.
    pub fn error_is_seen(&self, value: Site) -> bool {
        let inner = |node: NodeId| self.error_is_seen(Site { node, ..value });
        match &self.node(value).op {
            Op::Method { receiver, name, arguments, .. } => {
                let tells = |argument: &NodeId| match &self.body(value.body).node(*argument).op {
                    Op::Closure { region, .. } => {
                        self.tells(value.body, *region) || self.surely_tells(value.body, *region)
                    }
                    Op::Path(_) => true,
                    _ => false,
                };
                name == "inspect_err" || (takes_errors(name) && arguments.iter().any(tells)) || inner(*receiver)
            }
            Op::Await(of) | Op::Try(of) => inner(*of),
            Op::Local(local) => self.is_told_before(value, *local),
            _ => false,
        }
    }

    /// Whether code stands on a path that fails already: in a region that an error enters, or just before an error is returned.
    pub fn is_on_failing_path(&self, site: Site) -> bool {
        let body = self.body(site.body);
        let mut inside = false;
        for (region, facts) in body.outwards(body.node(site.node).region) {
            if self.fails_at_end(site.body, region) {
                let is_whole = matches!(facts.kind, RegionKind::Function | RegionKind::Async);
                return !(is_whole && inside);
            }
            if self.is_entered_by_error(site.body, region) || self.is_entered_after_error(site.body, region) {
                return true;
            }
            inside = true;
        }
        false
    }

    /// Whether a region runs only after something has failed: the arm for `Err`, the `else` of `let Ok(..)`, a closure for errors.
    pub fn is_entered_by_error(&self, body: BodyRef, region: RegionId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        let Some(owner) = info.region_node(region) else { return false };
        match &facts.node(owner).op {
            Op::Match { arms, .. } => arms.iter().any(|arm| arm.region == region && arm.pattern.is_err()),
            Op::If { condition, then, otherwise } => match &facts.node(*condition).op {
                Op::Let { pattern, .. } if *then == region => pattern.is_err(),
                Op::Let { pattern, .. } if *otherwise == Some(region) => pattern.is_ok(),
                // What stands behind a mere `is_ok()` is often another way to go on.
                _ => *then == region && matches!(self.view(body).asked(*condition), Some((_, Outcome::Err))),
            },
            Op::Bind { pattern, otherwise, .. } => *otherwise == Some(region) && pattern.is_ok(),
            Op::Closure { .. } => info.parent(owner).is_some_and(
                |call| matches!(&facts.node(call).op, Op::Method { name, .. } if name == "inspect_err" || takes_errors(name)),
            ),
            _ => false,
        }
    }

    /// Whether a region runs only where a variable says that something has failed: `if failed { .. }`, where an error leads to whatever sets `failed`.
    fn is_entered_after_error(&self, body: BodyRef, region: RegionId) -> bool {
        let facts = self.body(body);
        let owner = self.info(body).region_node(region).map(|owner| &facts.node(owner).op);
        let Some(Op::If { condition, then, .. }) = owner else { return false };
        let Op::Local(flag) = facts.node(*condition).op else { return false };
        let is_false = |node: NodeId| matches!(facts.node(node).op, Op::Literal(Literal::Bool(false)));
        let after_error = |at: RegionId| facts.outwards(at).any(|(at, _)| self.is_entered_by_error(body, at));
        let mut set = facts.nodes.iter().filter(|n| {
            matches!(&n.op, Op::Assign { place, value, .. }
                if matches!(facts.node(*place).op, Op::Local(of) if of == flag) && !is_false(*value))
        });
        *then == region
            && self.init_of(body, flag).is_some_and(is_false)
            && set.clone().next().is_some()
            && set.all(|n| after_error(n.region))
    }

    /// Whether a function is only called on paths that fail already, also by way of the functions that call it.
    pub fn is_only_called_when_failing(&self, function: FnId) -> bool {
        self.is_called_when_failing(function, CALLS)
    }

    fn is_called_when_failing(&self, function: FnId, fuel: u32) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        let calls = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body));
        let mut sites = calls.map(|call| call.site).peekable();
        let outer = |body: BodyRef| self.function_of(body).filter(|outer| *outer != function);
        sites.peek().is_some()
            && sites.all(|site| {
                self.is_on_failing_path(site)
                    || outer(site.body).is_some_and(|outer| self.is_called_when_failing(outer, fuel))
            })
    }

    /// Whether a region runs only where nothing came: the arm for `None`, the `else` of `let Some(..)`.
    pub fn is_entered_by_nothing(&self, body: BodyRef, region: RegionId) -> bool {
        let facts = self.body(body);
        let Some(owner) = self.info(body).region_node(region) else { return false };
        match &facts.node(owner).op {
            Op::Match { arms, .. } => arms.iter().any(|arm| {
                arm.region == region && matches!(&arm.pattern.kind, PatternKind::Path(path) if path.last() == "None")
            }),
            Op::If { condition, otherwise, .. } => {
                *otherwise == Some(region)
                    && matches!(&facts.node(*condition).op, Op::Let { pattern, .. } if pattern.is_some())
            }
            Op::Bind { pattern, otherwise, .. } => *otherwise == Some(region) && pattern.is_some(),
            _ => false,
        }
    }

    /// What has failed where a region is entered by an error.
    pub fn failed_before(&self, body: BodyRef, region: RegionId) -> Option<Site> {
        let (facts, info) = (self.body(body), self.info(body));
        let owner = info.region_node(region).filter(|_| self.is_entered_by_error(body, region))?;
        let failed = match &facts.node(owner).op {
            Op::Match { scrutinee, .. } => *scrutinee,
            Op::If { condition, .. } => match facts.node(*condition).op {
                Op::Let { of, .. } => of,
                _ => self.view(body).asked(*condition)?.0,
            },
            Op::Bind { init, .. } => (*init)?,
            Op::Closure { .. } => match facts.node(info.parent(owner)?).op {
                Op::Method { receiver, .. } => receiver,
                _ => return None,
            },
            _ => return None,
        };
        Some(Site { body, node: failed })
    }

    /// Whether a region ends in `return Err(..)`, `Err(..)` or a macro that does as much.
    pub fn fails_at_end(&self, body: BodyRef, region: RegionId) -> bool {
        let facts = self.body(body);
        let region = facts.region(region);
        let statement = || region.nodes.iter().rev().copied().find(|n| !matches!(facts.node(*n).op, Op::Discard(_)));
        region.value.or_else(statement).is_some_and(|node| self.leaves_with_error(Site { body, node }))
    }

    /// Whether an expression leaves its region with an error, or does not come back.
    fn leaves_with_error(&self, site: Site) -> bool {
        match &self.node(site).op {
            Op::Return(Some(value)) => self.is_failure(Site { node: *value, ..site }),
            Op::If { then, otherwise: Some(otherwise), .. } => {
                self.fails_at_end(site.body, *then) && self.fails_at_end(site.body, *otherwise)
            }
            Op::Match { arms, .. } => {
                !arms.is_empty() && arms.iter().all(|arm| self.fails_at_end(site.body, arm.region))
            }
            Op::Macro(_) if self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Diverges, path)) => {
                true
            }
            // What a stream gives its reader.
            Op::Macro(call) if call.path.single().is_some_and(|name| name == "yield") => {
                call.arguments.iter().any(|value| self.is_failure(Site { node: *value, ..site }))
            }
            _ => self.is_failure(site),
        }
    }

    /// Whether a body says so itself when something in it fails: where an error enters, before it returns one, or by an attribute.
    pub fn tells_of_its_errors(&self, body: BodyRef) -> bool {
        self.tells_within(body, Body::ROOT, CALLS)
    }

    /// As [`Index::tells_of_its_errors`], of a closure or async block.
    pub fn tells_of_errors_in(&self, body: BodyRef, region: RegionId) -> bool {
        self.tells_within(body, region, CALLS)
    }

    fn tells_within(&self, body: BodyRef, whole: RegionId, fuel: u32) -> bool {
        let facts = self.body(body);
        // What fails in a task that is not waited for fails there.
        let info = self.info(body);
        let is_waited_for = |region: RegionId| {
            let spawn = info.region_node(region).and_then(|work| info.parent(work));
            spawn.is_some_and(|spawn| info.is_awaited(facts, spawn))
        };
        let is_apart = |region: RegionId| {
            matches!(info.runs.get(&region), Some(Runs::Task | Runs::Thread)) && !is_waited_for(region)
        };
        let inside = |region: RegionId| {
            let mut around = facts.outwards(region).map(|(at, _)| at);
            around.find(|at| *at == whole || is_apart(*at)) == Some(whole)
        };
        let regions = facts.region_ids().filter(|region| inside(*region));
        let fails = |region: RegionId| {
            let entered = self.is_entered_by_error(body, region) && !self.is_of_an_error_that_stays(body, region);
            entered || (region != whole && self.fails_at_end(body, region))
        };
        let sees = |name: &str, arguments: &[NodeId]| {
            let hands_to_teller = |argument: &NodeId| {
                matches!(facts.node(*argument).op, Op::Call { .. }) && self.is_a_teller(Site { body, node: *argument })
            };
            name == "inspect_err" || takes_errors(name) && arguments.iter().any(hands_to_teller)
        };
        let looks = |(id, node): (NodeId, &Node)| {
            matches!(&node.op, Op::Method { name, arguments, .. } if sees(name, arguments))
                && inside(node.region)
                && !self.ends_in_no_error(Site { body, node: id })
        };
        if (whole == Body::ROOT && self.is_instrumented(body))
            || facts.iter().any(looks)
            || regions
                .into_iter()
                .any(|region| fails(region) && (self.tells(body, region) || self.surely_tells(body, region)))
        {
            return true;
        }
        let Some(deeper) = fuel.checked_sub(1) else { return false };
        let passed = self.passed_on_in(body, whole).into_iter();
        let mut called = passed.filter_map(|node| self.called_directly(Site { body, node }));
        called.any(|inner| inner != body && self.tells_within(inner, Body::ROOT, deeper))
    }

    /// Whether a region is a closure that sees an error which goes no further.
    fn is_of_an_error_that_stays(&self, body: BodyRef, region: RegionId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        let closure = info.region_node(region).filter(|owner| matches!(facts.node(*owner).op, Op::Closure { .. }));
        let call = closure.and_then(|closure| info.parent(closure));
        call.is_some_and(|node| self.ends_in_no_error(Site { body, node }))
    }

    /// Whether the error of a value goes nowhere: nothing follows, or what follows asks only for success.
    fn ends_in_no_error(&self, value: Site) -> bool {
        let (facts, info) = (self.body(value.body), self.info(value.body));
        let mut at = value.node;
        loop {
            let Some(parent) = info.parent(at) else { return false };
            match &facts.node(parent).op {
                Op::Await(_) => {}
                Op::Discard(_) => return true,
                Op::Let { pattern, .. } | Op::Bind { pattern, otherwise: Some(_), .. } => return pattern.is_ok(),
                Op::Bind { pattern, .. } => return pattern.is_wild(),
                Op::Match { arms, .. } => {
                    return arms.iter().all(|arm| arm.pattern.is_ok() || arm.pattern.ignores_error());
                }
                Op::Method { receiver, name, .. } if *receiver == at => {
                    if matches!(name.as_str(), "ok" | "is_ok" | "is_err") || name.starts_with("unwrap_or") {
                        return true;
                    }
                }
                _ => return false,
            }
            at = parent;
        }
    }

    /// What the function of a body gives in the end, its future awaited.
    pub fn output(&self, body: BodyRef) -> Option<&Ty> {
        let returns = &self.signatures().functions[self.function_of(body)?.index()].returns;
        Some(if let Ty::Future(output) = returns { output } else { returns })
    }

    /// Whether all that call a function ask whether it went well, and none what went wrong: its error has nobody to go to.
    pub fn only_success_counts(&self, function: FnId) -> bool {
        let calls = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body));
        let mut sites = calls.map(|call| call.site).peekable();
        sites.peek().is_some() && sites.all(|site| self.ends_in_no_error(site))
    }

    /// `#[instrument(err)]`: the attribute logs what the function returns.
    pub(super) fn is_instrumented(&self, body: BodyRef) -> bool {
        let Some(id) = self.function_of(body) else { return false };
        let (file, function) = (self.defs().functions[id.index()].file, self.defs().function(id));
        function.attributes.iter().any(|attribute| {
            let asks = |part: &str| part.trim() == "err" || part.trim().starts_with("err(");
            let path = self.attribute_path(file, function.scope, attribute);
            attribute.arguments.split(',').any(asks)
                && path.is_some_and(|path| self.catalogue().lists(Calls::Tells, path))
        })
    }

    /// A value without the adapters around it that only make another error of its own.
    pub fn unexplained(&self, value: Site) -> Site {
        match &self.node(value).op {
            Op::Method { receiver, name, .. } if only_explains(name) => {
                self.unexplained(Site { node: *receiver, ..value })
            }
            _ => value,
        }
    }

    /// The body of the workspace function that a value comes from, through `.await` and adapters; of a trait's function the first that implements it.
    pub fn called_directly(&self, value: Site) -> Option<BodyRef> {
        if let Some(Callee::Workspace(function) | Callee::Trait(function)) = self.callee(value) {
            let mut candidates =
                self.may_call(value, *function).into_iter().filter(|id| self.may_run_from(value.body, *id));
            return candidates.find_map(|id| self.defs().body_of(id).filter(|body| self.is_linked(*body)));
        }
        match &self.node(value).op {
            Op::Await(of) | Op::Try(of) | Op::Method { receiver: of, .. } => {
                self.called_directly(Site { node: *of, ..value })
            }
            _ => None,
        }
    }
}

/// Methods of `Result` that give the error to a closure.
pub(super) fn takes_errors(name: &str) -> bool {
    matches!(name, "map_err" | "or_else" | "unwrap_or_else")
}

/// Whether a method makes or changes nothing but the error: what it gives where all went well is what it is called on.
pub fn only_explains(name: &str) -> bool {
    matches!(
        name,
        "map_err" | "ok_or" | "ok_or_else" | "expect" | "context" | "with_context" | "wrap_err" | "wrap_err_with"
    )
}
