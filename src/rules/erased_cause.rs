//! `erased-cause`: an error of the outside world is replaced by one that does not know why, and nothing logged the first.

use crate::catalogue::Effect;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{Body, LocalId, NodeId, Op, Pattern, PatternKind, RegionId};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::defs::BodyRef;
use crate::index::effects::{Effected, is_result};
use crate::index::infer::BodyInfo;
use crate::index::types::Ty;
use crate::source::Range;

const ID: &str = "erased-cause";

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

impl Looked<'_> {
    fn node(&self, node: NodeId, op: &Op) -> Option<Diagnostic> {
        match op {
            Op::Method { receiver, name, arguments, .. } => match name.as_str() {
                "map_err" | "or_else" => {
                    let region = self.forgetful_closure(*arguments.first()?)?;
                    self.erased(*receiver, self.after_dot(node), Some(region))
                }
                "ok_or" | "ok_or_else" | "context" | "with_context" => {
                    let Op::Method { receiver: failed, name: ok, .. } = &self.facts.node(*receiver).op else {
                        return None;
                    };
                    let names_value = arguments.iter().any(|argument| self.names_a_value(*argument));
                    (ok == "ok" && !names_value).then(|| self.erased(*failed, self.after_dot(*receiver), None))?
                }
                _ => None,
            },
            Op::Match { scrutinee, arms } => {
                let arm =
                    arms.iter().find(|arm| !arm.guarded && ignores_cause(&arm.pattern) && self.fails(arm.region))?;
                self.erased(*scrutinee, arm.range, Some(arm.region))
            }
            Op::If { condition, then, .. } => match &self.facts.node(*condition).op {
                Op::Let { pattern, of } if ignores_cause(pattern) && self.fails(*then) => {
                    self.erased(*of, self.facts.node(*condition).range, Some(*then))
                }
                _ => None,
            },
            Op::Bind { pattern, init: Some(init), otherwise: Some(otherwise), .. }
                if pattern.variant().is_some_and(|name| name == "Ok") && self.fails(*otherwise) =>
            {
                self.erased(*init, self.facts.region(*otherwise).range, Some(*otherwise))
            }
            _ => None,
        }
    }

    fn site(&self, node: NodeId) -> Site {
        Site { body: self.body, node }
    }

    /// From a method's name to the end of its call.
    fn after_dot(&self, node: NodeId) -> Range {
        let span = self.index.name_span(self.site(node));
        Range { start: span.start, end: span.end }
    }

    /// A closure that does not look at the error it is given.
    fn forgetful_closure(&self, argument: NodeId) -> Option<RegionId> {
        let Op::Closure { region, parameters, .. } = &self.facts.node(argument).op else { return None };
        let [parameter] = &parameters[..] else { return None };
        let unused = |local: &LocalId| {
            !self.facts.nodes.iter().any(|node| match &node.op {
                Op::Local(used) => used == local,
                Op::Macro(call) => call.mentions.contains(local),
                _ => false,
            })
        };
        parameter.locals().iter().all(unused).then_some(*region)
    }

    /// Whether a branch gives or returns another error.
    fn fails(&self, region: RegionId) -> bool {
        self.index.fails_at_end(self.body, region)
    }

    /// Whether a message is made with some value of the function.
    fn names_a_value(&self, node: NodeId) -> bool {
        match &self.facts.node(node).op {
            Op::Closure { region, .. } => self.region_names_a_value(*region),
            Op::Local(_) => true,
            Op::Macro(call) => {
                !call.mentions.is_empty() || call.arguments.iter().any(|argument| self.names_a_value(*argument))
            }
            op => {
                let mut named = false;
                op.operands(&mut |operand| named = named || self.names_a_value(operand));
                named
            }
        }
    }

    fn region_names_a_value(&self, region: RegionId) -> bool {
        self.facts.iter().any(|(_, node)| {
            let inside = || self.facts.outwards(node.region).any(|(at, _)| at == region);
            let names = match &node.op {
                Op::Local(_) => true,
                Op::Macro(call) => !call.mentions.is_empty(),
                _ => false,
            };
            names && inside()
        })
    }

    fn erased(&self, failed: NodeId, range: Range, branch: Option<RegionId>) -> Option<Diagnostic> {
        let ty = self.info.ty(failed);
        if !is_result(ty) || !ty.error().is_some_and(|error| self.has_a_cause(error)) {
            return None;
        }
        if branch.is_some_and(|region| self.index.tells(self.body, region) || self.region_names_a_value(region)) {
            return None;
        }
        let effected = self.index.effect(self.site(failed))?;
        if self.error_of(&effected) != ty.error() {
            return None;
        }
        let span = range.in_file(self.body.file);
        if matches!(effected.effect, Effect::Join | Effect::Process)
            || self.index.error_is_seen(self.site(failed))
            || self.index.is_intended(span)
            || self.is_told(&effected)
        {
            return None;
        }
        let effect = effected.effect.noun();
        let stems = effected
            .chain
            .last()
            .map(|at| Label::new(self.index.name_span(*at), format!("the {effect} error stems from here")));
        Some(
            Diagnostic::new(
                ID,
                self.confidence(&effected),
                format!("the cause of the {effect} error is erased"),
                Label::new(span, "the new error does not know what went wrong"),
            )
            .about(self.index.item_path(self.body), effect)
            .evidence(stems)
            .note("whoever reads the log sees that it failed, and never why: no space, no permission, no connection look the same")
            .help("keep the cause: wrap it as the source of the new error, or log it before it is replaced"),
        )
    }

    /// The error that the operation itself gives: that of a deadline or lock around it has no cause to lose.
    fn error_of(&self, effected: &Effected) -> Option<&Ty> {
        match self.index.ty(*effected.chain.first()?) {
            Ty::Future(output) => output.error(),
            output => output.error(),
        }
    }

    /// Whether an error type says more than that it happened: a library's, or one of the workspace with fields.
    fn has_a_cause(&self, error: &Ty) -> bool {
        match error.peeled() {
            Ty::Ext(..) | Ty::Bounded(_) => true,
            Ty::Adt(id, _) => !self.index.defs().type_def(*id).fields.is_empty(),
            _ => false,
        }
    }

    /// Whether the function of the workspace that failed has logged it.
    fn is_told(&self, effected: &Effected) -> bool {
        effected
            .chain
            .first()
            .and_then(|first| self.index.called_directly(*first))
            .is_some_and(|body| self.index.tells_of_its_errors(body))
    }

    /// A look that fails mostly says that there is nothing.
    fn confidence(&self, effected: &Effected) -> Confidence {
        match effected.effect {
            Effect::File | Effect::Network if effected.looks => Confidence::Hint,
            _ => Confidence::Likely,
        }
    }
}

/// `Err(_)`.
fn ignores_cause(pattern: &Pattern) -> bool {
    pattern.ignores_error() && matches!(pattern.kind, PatternKind::TupleStruct { .. })
}
