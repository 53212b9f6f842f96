//! `spinning-error-loop`: a loop asks again at once for what has just failed, and will fail again as long as the cause lasts.

use crate::catalogue::Calls;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{Arm, Body, LoopKind, NodeId, Op, Pattern, RegionId};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::defs::BodyRef;
use crate::index::infer::{BodyInfo, Callee};
use crate::source::Range;

const ID: &str = "spinning-error-loop";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (body, facts, info) in index.bodies() {
        let at = Looked { index, body, facts, info };
        found.extend(facts.iter().filter_map(|(node, n)| at.node(node, &n.op)));
    }
    found
}

struct Looked<'i> {
    index: &'i Index,
    body: BodyRef,
    facts: &'i Body,
    info: &'i BodyInfo,
}

/// A branch that an error enters.
struct Branch {
    region: Option<RegionId>,
    range: Range,
}

impl Looked<'_> {
    fn node(&self, node: NodeId, op: &Op) -> Option<Diagnostic> {
        let (value, branch) = self.error_branch(node, op)?;
        let call = self.asks(value)?;
        let (region, head) = self.loop_around(call, node)?;
        if branch.region.is_some_and(|branch| !self.only_goes_on(branch)) || self.waits_each_time(region, call, node) {
            return None;
        }
        let path = self.index.external(self.site(call))?;
        let name = path.rsplit("::").next()?;
        let span = branch.range.in_file(self.body.file);
        if self.index.is_intended(span) {
            return None;
        }
        let diagnostic = Diagnostic::new(
            ID,
            Confidence::Likely,
            format!("this loop spins when `{name}` keeps failing"),
            Label::new(span, "nothing here waits or leaves the loop"),
        )
        .about(self.index.item_path(self.body), name)
        .evidence([
            Label::new(self.index.name_span(self.site(call)), "fails again at once for as long as the cause lasts"),
            Label::new(head.in_file(self.body.file), "asked again in the next round"),
        ])
        .note(if self.index.catalogue().lists(Calls::Accepts, path) {
            "when descriptors run out, every round fails: the loop takes a whole core and fills the log"
        } else {
            "once the other side is gone every round fails: the loop takes a whole core and fills the log"
        })
        .help("wait a little before the next round, growing with each failure, or leave the loop where the error will stay");
        Some(diagnostic)
    }

    fn site(&self, node: NodeId) -> Site {
        Site { body: self.body, node }
    }

    /// What a node asks for, and the branch that any error of it enters.
    fn error_branch(&self, node: NodeId, op: &Op) -> Option<(NodeId, Branch)> {
        match op {
            Op::Match { scrutinee, arms } => {
                let mut errors = arms.iter().filter(|arm| self.takes_errors(&arm.pattern, arms));
                let (arm, None) = (errors.next()?, errors.next()) else { return None };
                let any = !arm.guarded && (arm.pattern.is_wild() || arm.pattern.parts().iter().all(is_name));
                any.then_some((*scrutinee, Branch { region: Some(arm.region), range: arm.pattern.range }))
            }
            Op::If { condition, then, otherwise } => match &self.facts.node(*condition).op {
                Op::Let { pattern, of } if is(pattern, "Err") && pattern.parts().iter().all(is_name) => {
                    Some((*of, Branch { region: Some(*then), range: pattern.range }))
                }
                Op::Let { pattern, of } if is(pattern, "Ok") => {
                    let range =
                        Range { start: self.facts.node(node).range.start, end: self.facts.node(*condition).range.end };
                    Some((*of, Branch { region: *otherwise, range }))
                }
                _ => None,
            },
            Op::Bind { pattern, init: Some(init), otherwise: Some(otherwise), .. } if is(pattern, "Ok") => {
                Some((*init, Branch { region: Some(*otherwise), range: self.facts.region(*otherwise).range }))
            }
            _ => None,
        }
    }

    fn takes_errors(&self, pattern: &Pattern, arms: &[Arm]) -> bool {
        is(pattern, "Err") || (pattern.is_wild() && arms.iter().any(|arm| is(&arm.pattern, "Ok")))
    }

    /// The call that fails at once when it is repeated. A wrapper such as a deadline delays it, and so is not seen through.
    fn asks(&self, value: NodeId) -> Option<NodeId> {
        let call = match self.facts.node(value).op {
            Op::Await(of) => of,
            // The result of a branch of `select!`, or a variable that was just bound.
            Op::Local(local) => return self.asks_for(local),
            _ => value,
        };
        let path = self.index.external(self.site(call))?;
        let catalogue = self.index.catalogue();
        let fails = catalogue.lists(Calls::FailsAtOnce, path) || catalogue.lists(Calls::Accepts, path);
        fails.then_some(call)
    }

    fn asks_for(&self, local: crate::facts::model::LocalId) -> Option<NodeId> {
        let by_select = self.facts.nodes.iter().find_map(|node| match &node.op {
            Op::Select { arms, .. } => arms.iter().find(|arm| arm.pattern.locals() == [local]).map(|arm| arm.future),
            Op::Loop { kind: LoopKind::For { pattern, iterated }, .. } if pattern.locals() == [local] => {
                Some(*iterated)
            }
            _ => None,
        });
        let whole = || {
            self.facts.nodes.iter().find_map(|node| match &node.op {
                Op::Bind { pattern, init, .. } if is_name(pattern) && pattern.locals() == [local] => *init,
                _ => None,
            })
        };
        let value = by_select.or_else(whole).filter(|value| !matches!(self.facts.node(*value).op, Op::Local(_)))?;
        self.asks(value)
    }

    /// The innermost loop around the branch that asks again: one that does not end by itself.
    fn loop_around(&self, call: NodeId, branch: NodeId) -> Option<(RegionId, Range)> {
        let around = self.index.loops_around(self.site(branch)).into_iter().next()?;
        let owner = self.info.region_node(around.region)?;
        let asks_inside = self.facts.outwards(self.facts.node(call).region).any(|(at, _)| at == around.region);
        let again = match &self.facts.node(owner).op {
            Op::Loop { kind: LoopKind::For { iterated, .. }, .. } => *iterated == call,
            _ => asks_inside,
        };
        again.then_some((around.region, around.head))
    }

    /// Whether a branch does nothing but tell and go on: what is not known may wait or leave.
    fn only_goes_on(&self, branch: RegionId) -> bool {
        self.facts.iter().filter(|(_, node)| self.is_inside(node.region, branch)).all(|(id, node)| match &node.op {
            Op::Break(_)
            | Op::Return(_)
            | Op::Try(_)
            | Op::Await(_)
            | Op::Loop { .. }
            | Op::Select { .. }
            | Op::Unseen => false,
            Op::Assign { .. } => false,
            Op::Macro(_) => match self.index.callee(self.site(id)) {
                Some(Callee::External(path)) => {
                    self.index.catalogue().lists(Calls::Tells, *path) && !is_end(path)
                        || self.index.callable(self.site(id)).is_some()
                }
                _ => false,
            },
            Op::Call { .. } | Op::Method { .. } => self.is_told(id) || self.is_harmless(id),
            _ => true,
        })
    }

    /// What is worked out for a message.
    fn is_told(&self, node: NodeId) -> bool {
        let parents = std::iter::successors(self.info.parent(node), |at| self.info.parent(*at));
        parents.into_iter().any(|at| matches!(self.facts.node(at).op, Op::Macro(_)))
    }

    /// A call of a library that neither waits nor ends anything.
    fn is_harmless(&self, node: NodeId) -> bool {
        let Some(path) = self.index.external(self.site(node)) else { return false };
        let catalogue = self.index.catalogue();
        let waits = catalogue.lists(Calls::Waits, path) || catalogue.lists(Calls::Forever, path);
        !waits && self.index.callable(self.site(node)).is_some() && !path.starts_with("std::process")
    }

    fn is_inside(&self, region: RegionId, outer: RegionId) -> bool {
        self.facts.outwards(region).any(|(at, _)| at == outer)
    }

    /// Whether every round of the loop waits for time to pass, whatever the call gave.
    fn waits_each_time(&self, region: RegionId, call: NodeId, branch: NodeId) -> bool {
        let way: Vec<RegionId> = self
            .facts
            .outwards(self.facts.node(branch).region)
            .map(|(at, _)| at)
            .take_while(|at| *at != region)
            .chain([region])
            .collect();
        self.facts.iter().any(|(id, node)| {
            let on_the_way = way.contains(&node.region) && id != call;
            on_the_way
                && match &node.op {
                    Op::Await(of) => *of != call && !self.is_known_quick(*of),
                    Op::Call { .. } | Op::Method { .. } => self
                        .index
                        .external(self.site(id))
                        .is_some_and(|path| self.index.catalogue().lists(Calls::Waits, path)),
                    _ => false,
                }
        })
    }

    /// Whether what is awaited is a library's and no wait for time: a lock, a permit.
    fn is_known_quick(&self, future: NodeId) -> bool {
        self.index.external(self.site(future)).is_some_and(|path| !self.index.catalogue().lists(Calls::Waits, path))
    }
}

fn is(pattern: &Pattern, name: &str) -> bool {
    pattern.variant().is_some_and(|variant| variant == name)
}

/// A pattern that takes every error: a name, or nothing.
fn is_name(pattern: &Pattern) -> bool {
    use crate::facts::model::PatternKind;
    pattern.is_wild() || matches!(pattern.kind, PatternKind::Bind { of: None, .. })
}

/// Macros that end the thread.
fn is_end(path: &str) -> bool {
    matches!(path.rsplit("::").next(), Some("panic" | "unreachable" | "todo" | "unimplemented"))
}
