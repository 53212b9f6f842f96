//! `swallowed-error`: the error of an operation that matters vanishes, and what follows goes on as if it had worked.

use ustr::{Ustr, ustr};

use crate::catalogue::{Calls, Effect};
use crate::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Fix, Label};
use crate::facts::model::{Arm, Attribute, Body, Literal, LocalId, MacroCall, NodeId, Op, Pattern, RegionId};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::defs::{BodyRef, Extern};
use crate::index::effects::{Effected, is_result};
use crate::index::infer::BodyInfo;
use crate::source::{Range, Span};

const ID: &str = "swallowed-error";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (body, facts, info) in index.bodies() {
        if ends_things(index, body) {
            continue;
        }
        let at = Looked { index, body, facts, info };
        found.extend(facts.iter().filter_map(|(node, n)| at.node(node, &n.op)));
    }
    found
}

/// `drop` has nobody to tell, and what is marked as dead is not run.
fn ends_things(index: &Index, body: BodyRef) -> bool {
    let Some(function) = index.function_of(body) else { return false };
    let is_allowed_dead =
        |a: &Attribute| a.path.last().is_some_and(|n| n == "allow") && a.arguments.contains("dead_code");
    if index.defs().function(function).attributes.iter().any(is_allowed_dead) {
        return true;
    }
    let of_trait =
        index.defs().impl_of(function).is_some_and(|block| index.defs().impl_block(block).trait_path.is_some());
    of_trait && matches!(index.defs().function(function).name.as_str(), "drop" | "async_drop")
}

/// How the error vanishes.
enum Way {
    Underscore,
    Ok,
    IfLet,
    Arm,
    Default,
}

/// How a place in the file system is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Local(LocalId),
    Text(Ustr),
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
            Op::Bind { pattern, init: Some(init), .. } if pattern.is_wild() && is_result(self.info.ty(*init)) => {
                self.swallowed(node, *init, Way::Underscore, self.facts.node(node).range)
            }
            Op::Discard(of) => match &self.facts.node(*of).op {
                Op::Method { receiver, name, .. } if name == "ok" && is_result(self.info.ty(*receiver)) => {
                    self.swallowed(node, *receiver, Way::Ok, self.facts.node(node).range)
                }
                _ => None,
            },
            Op::If { condition, then, otherwise: None } => match &self.facts.node(*condition).op {
                Op::Let { pattern, of }
                    if takes_only_ok(pattern) && is_result(self.info.ty(*of)) && !self.leaves(*then) =>
                {
                    let head =
                        Range { start: self.facts.node(node).range.start, end: self.facts.node(*condition).range.end };
                    self.swallowed(node, *of, Way::IfLet, head)
                }
                Op::Let { pattern, of } if pattern.ignores_error() && self.does_nothing(*then) => {
                    self.swallowed(node, *of, Way::Arm, self.facts.node(node).range)
                }
                _ => None,
            },
            Op::Match { scrutinee, arms } if is_result(self.info.ty(*scrutinee)) => {
                // Beside an arm for some errors `_` is for what is left.
                let is_err = |arm: &Arm| arm.pattern.variant().is_some_and(|name| name == "Err");
                let takes_ok = arms.iter().any(|arm| takes_only_ok(&arm.pattern)) && !arms.iter().any(is_err);
                let arm = arms.iter().find(|arm| self.ignores_error(arm, takes_ok))?;
                self.swallowed(node, *scrutinee, Way::Arm, arm.range)
            }
            Op::Method { receiver, name, arguments, .. }
                if is_result(self.info.ty(*receiver))
                    && (name == "unwrap_or_default" || self.is_literal(name, arguments)) =>
            {
                self.swallowed(node, *receiver, Way::Default, self.facts.node(node).range)
            }
            _ => None,
        }
    }

    /// `unwrap_or` with a value that stands there.
    fn is_literal(&self, name: &str, arguments: &[NodeId]) -> bool {
        name == "unwrap_or" && arguments.iter().all(|a| matches!(self.facts.node(*a).op, Op::Literal(_)))
    }

    /// `Err(_) => {}` and the like: the error is not looked at, and nothing is said or done instead.
    fn ignores_error(&self, arm: &Arm, takes_ok: bool) -> bool {
        let unseen = arm.pattern.ignores_error() || (takes_ok && arm.pattern.is_wild());
        unseen && !arm.guarded && self.does_nothing(arm.region)
    }

    fn does_nothing(&self, region: RegionId) -> bool {
        let region = self.facts.region(region);
        region.nodes.iter().all(|node| matches!(&self.facts.node(*node).op, Op::Continue | Op::Tuple(_)))
    }

    fn leaves(&self, region: RegionId) -> bool {
        self.facts.nodes.iter().any(|node| {
            matches!(node.op, Op::Return(_) | Op::Break(_))
                && self.facts.outwards(node.region).any(|(at, _)| at == region)
        })
    }

    fn swallowed(&self, node: NodeId, value: NodeId, way: Way, range: Range) -> Option<Diagnostic> {
        let site = Site { body: self.body, node: value };
        if self.is_used_elsewhere(value) || self.index.is_of_task(site) {
            return None;
        }
        let effected = self.index.effect(site)?;
        if effected.effect == Effect::Join
            || self.index.error_is_seen(site)
            || self.index.is_on_failing_path(Site { body: self.body, node })
            || self.shutting_down(&effected)
            || self.lets_go(node, &effected)
        {
            return None;
        }
        if self.index.is_intended(range.in_file(self.body.file)) {
            return None;
        }
        let (effect, how) = (effected.effect.noun(), words(&way));
        let operation = self.operation(&effected);
        let confidence = self.confidence(node, value, &effected, &way);
        let span = range.in_file(self.body.file);
        let inside = effected
            .chain
            .iter()
            .skip(1)
            .map(|at| Label::new(self.index.span(*at), format!("the {effect} error stems from here")));
        let success = self.success_after(node).map(|at| Label::new(at, "and success is reported here"));
        let diagnostic = Diagnostic::new(
            ID,
            confidence,
            format!("the {effect} error of `{operation}` is swallowed"),
            Label::new(span, how),
        )
        .about(self.index.item_path(self.body), operation.clone())
        .evidence(inside.chain(success))
        .note("when it fails nothing tells: the data is missing and the log is clean")
        .help("return the error, or log it with what was being done")
        .fix(self.fix(node, value, &way, &operation));
        Some(diagnostic)
    }

    /// A variable that is looked at more than once: who looks only for success here may look for the error there.
    fn is_used_elsewhere(&self, value: NodeId) -> bool {
        let mut at = value;
        while let Op::Reference { of, .. } = &self.facts.node(at).op {
            at = *of;
        }
        let Op::Local(local) = self.facts.node(at).op else { return false };
        self.facts.iter().any(|(id, node)| id != at && matches!(node.op, Op::Local(used) if used == local))
    }

    /// What only looks is often allowed to fail: then the claim needs more than a missing branch. A program that is run and whose exit nobody
    /// asks for is at most worth a look, and so is a function that fails as well where there is nothing to be found.
    fn confidence(&self, node: NodeId, value: NodeId, effected: &Effected, way: &Way) -> Confidence {
        let direct = if effected.chain.len() == 1 { Confidence::Certain } else { Confidence::Likely };
        let unused = matches!(way, Way::Underscore | Way::Ok);
        match effected.effect {
            _ if !unused && effected.looks && self.may_find_nothing(effected) => Confidence::Hint,
            _ if self.success_after(node).is_some() => direct,
            Effect::Process => Confidence::Hint,
            _ if unused || !effected.looks => direct,
            Effect::Database => direct,
            Effect::File if matches!(way, Way::Default) && self.writes_back(node, value) => Confidence::Likely,
            _ => Confidence::Hint,
        }
    }

    /// Whether the function that failed may have said no more than that nothing is there.
    fn may_find_nothing(&self, effected: &Effected) -> bool {
        let first = effected.chain.first().and_then(|first| self.index.called_directly(*first));
        first.is_some_and(|body| self.index.makes_errors(body))
    }

    /// Whether the same function writes later to where it read from: what could not be read is written over.
    fn writes_back(&self, node: NodeId, value: NodeId) -> bool {
        let Some(read) = self.place(value) else { return false };
        self.facts.iter().skip(node.index()).any(|(id, _)| {
            let site = Site { body: self.body, node: id };
            let Some(path) = self.index.external(site) else { return false };
            let writes = self.index.callable(site).is_some_and(|callable| callable.effect == Some(Effect::File));
            writes && !self.index.catalogue().lists(Calls::Looks, path) && self.place(id) == Some(read)
        })
    }

    /// What a call of a file system function works on: its first argument, where that is a variable or a text.
    fn place(&self, call: NodeId) -> Option<Named> {
        let mut at = match &self.facts.node(call).op {
            Op::Call { arguments, .. } => *arguments.first()?,
            Op::Await(of) | Op::Try(of) | Op::Method { receiver: of, .. } => return self.place(*of),
            _ => return None,
        };
        loop {
            match &self.facts.node(at).op {
                Op::Reference { of, .. } => at = *of,
                Op::Local(local) => return Some(Named::Local(*local)),
                Op::Literal(Literal::Text(text)) => return Some(Named::Text(*text)),
                Op::Field { name, .. } => return Some(Named::Text(*name)),
                Op::Path(path) => return Some(Named::Text(path.last())),
                Op::Method { receiver, .. } => at = *receiver,
                _ => return None,
            }
        }
    }

    fn operation(&self, effected: &Effected) -> String {
        let Some(first) = effected.chain.first() else { return String::new() };
        match &self.index.node(*first).op {
            Op::Method { name, .. } => name.to_string(),
            Op::Call { callee, .. } => match &self.index.body(first.body).node(*callee).op {
                Op::Path(path) => {
                    let names: Vec<&str> = path.segments.iter().map(|s| s.name.as_str()).collect();
                    names[names.len().saturating_sub(2)..].join("::")
                }
                _ => "call".into(),
            },
            Op::Macro(call) => format!("{}!", call.path.last()),
            _ => "operation".into(),
        }
    }

    /// Closing and flushing what is given up anyway.
    fn shutting_down(&self, effected: &Effected) -> bool {
        effected.effect == Effect::Finish && effected.chain.len() > 1
    }

    /// What is said to the other side, or run, while things are being ended.
    fn lets_go(&self, node: NodeId, effected: &Effected) -> bool {
        matches!(effected.effect, Effect::Network | Effect::Process)
            && self.index.is_teardown(Site { body: self.body, node })
    }

    /// A message about success right after.
    fn success_after(&self, node: NodeId) -> Option<Span> {
        let region = self.facts.region(self.facts.node(node).region);
        let at = region.nodes.iter().position(|n| *n == node)?;
        let decides = |op: &Op| {
            matches!(
                op,
                Op::Macro(_) | Op::Bind { .. } | Op::If { .. } | Op::Match { .. } | Op::Loop { .. } | Op::Try(_)
            )
        };
        let next = region.nodes[at + 1..].iter().find(|n| decides(&self.facts.node(**n).op))?;
        let Op::Macro(call) = &self.facts.node(*next).op else { return None };
        let says = matches!(call.path.last().as_str(), "info" | "debug" | "println");
        (says && !self.announces(call)).then(|| self.facts.node(*next).range.in_file(self.body.file))
    }

    /// `info!("loading the service")`: a message about what comes next.
    fn announces(&self, call: &MacroCall) -> bool {
        call.arguments.iter().any(|argument| match &self.facts.node(*argument).op {
            Op::Literal(Literal::Text(text)) => {
                text.split_whitespace().next().is_some_and(|word| word.ends_with("ing"))
            }
            _ => false,
        })
    }

    /// `if let Err(error) = ..` around what is thrown away, with the logger the crate has.
    fn fix(&self, node: NodeId, value: NodeId, way: &Way, operation: &str) -> Option<Fix> {
        if !matches!(way, Way::Underscore | Way::Ok) {
            return None;
        }
        let (statement, value) = (self.facts.node(node).range, self.facts.node(value).range);
        let krate = &self.index.crates()[self.index.crate_of(self.body).index()];
        let has = |name: &str| matches!(krate.externs.get(&ustr(name)), Some(Extern::Library(_)));
        let log = if has("tracing") {
            format!("tracing::warn!(?error, \"{operation} failed\")")
        } else if has("log") {
            format!("log::warn!(\"{operation} failed: {{error:?}}\")")
        } else {
            format!("eprintln!(\"{operation} failed: {{error:?}}\")")
        };
        let head = Range { start: statement.start, end: value.start }.in_file(self.body.file);
        let tail = Range { start: value.end, end: statement.end }.in_file(self.body.file);
        Some(Fix {
            title: "log the error".into(),
            applicability: Applicability::MaybeIncorrect,
            edits: vec![
                Edit { span: head, content: "if let Err(error) = ".into() },
                Edit { span: tail, content: format!(" {{ {log}; }}") },
            ],
        })
    }
}

fn words(way: &Way) -> &'static str {
    match way {
        Way::Underscore => "the result is bound to `_`",
        Way::Ok => "`.ok()` turns the error into nothing",
        Way::IfLet => "only success is looked at",
        Way::Arm => "the error is thrown away here",
        Way::Default => "an error looks like an empty value from here on",
    }
}

fn takes_only_ok(pattern: &Pattern) -> bool {
    pattern.variant().is_some_and(|name| name == "Ok")
}
