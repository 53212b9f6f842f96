//! `spinning-error-loop`: a loop asks again at once for what has just failed, and will fail again as long as the cause lasts.

use crate::catalogue::{Calls, Effect};
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{Arm, LoopKind, NodeId, Op, Pattern, RegionId};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::view::View;
use crate::source::Range;

const ID: &str = "spinning-error-loop";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    index.look(|view, node| diagnose(view, node).or_else(|| skips_the_pause(view, node)))
}

/// A branch that an error enters.
struct Branch {
    region: Option<RegionId>,
    range: Range,
}

fn diagnose(view: View, node: NodeId) -> Option<Diagnostic> {
    let (value, branch) = error_branch(view, node)?;
    let call = asks(view, value)?;
    let (region, head) = loop_around(view, call, node)?;
    if branch.region.is_some_and(|branch| !only_goes_on(view, branch)) || waits_each_time(view, region, call, node) {
        return None;
    }
    let path = view.index.external(view.site(call))?;
    let name = path.rsplit("::").next()?;
    let span = view.in_file(branch.range);
    if view.index.is_intended(span) {
        return None;
    }
    let diagnostic = Diagnostic::new(
        ID,
        confidence(view, call),
        format!("this loop spins when `{name}` keeps failing"),
        Label::new(span, "nothing here waits or leaves the loop"),
    )
    .about(view.index.item_path(view.body), name)
    .evidence([
        Label::new(view.index.name_span(view.site(call)), "fails again at once for as long as the cause lasts"),
        Label::new(view.in_file(head), "asked again in the next round"),
    ])
    .note(if view.index.catalogue().lists(Calls::Accepts, path) {
        "when descriptors run out, every round fails: the loop takes a whole core and fills the log"
    } else {
        "once the other side is gone every round fails: the loop takes a whole core and fills the log"
    })
    .help(
        "wait a little before the next round, growing with each failure, or leave the loop where the error will stay",
    );
    Some(diagnostic)
}

/// Whoever was subscribed by somebody else's method does not know how long the sender lives.
fn confidence(view: View, call: NodeId) -> Confidence {
    let Op::Method { receiver, .. } = view.op(call) else { return Confidence::Likely };
    if is_subscribed(view, *receiver) { Confidence::Hint } else { Confidence::Likely }
}

fn is_subscribed(view: View, receiver: NodeId) -> bool {
    let Op::Local(local) = view.op(receiver) else { return false };
    let sources = view.index.sources(view.body, *local);
    sources.into_iter().filter(|source| *source < receiver).any(|source| match view.op(source) {
        Op::Method { .. } => true,
        _ => is_subscribed(view, source),
    })
}

/// A loop that pauses in each round, but for the rounds that fail: these go on from where they are.
fn skips_the_pause(view: View, node: NodeId) -> Option<Diagnostic> {
    let (value, branch) = error_branch(view, node)?;
    let effected = view.index.effect(view.site(value))?;
    let reaches_out = matches!(effected.effect, Effect::Database | Effect::Network | Effect::Storage);
    let at = branch.region.filter(|_| reaches_out)?;
    let (region, head) = loop_around(view, value, node)?;
    let jump = view.facts.iter().find_map(|(id, n)| {
        let goes_on = n.region == at && matches!(n.op, Op::Continue) && view.facts.jump_target(id) == Some(region);
        goes_on.then_some(id)
    })?;
    let later = |id: NodeId| id > jump && view.facts.node(id).region == region;
    let pause = view.facts.iter().map(|(id, _)| id).find(|id| later(*id) && pauses(view, *id))?;
    let waits_before = view.facts.iter().any(|(id, n)| {
        let other = !view.range(value).contains(n.range) && id < jump && view.is_inside(id, region);
        other && (matches!(n.op, Op::Await(_)) || pauses(view, id))
    });
    let span = view.in_file(branch.range);
    if waits_before || !only_goes_on(view, at) || view.index.is_intended(span) {
        return None;
    }
    let noun = effected.effect.noun();
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            format!("this loop goes on without its pause after a {noun} error"),
            Label::new(view.span(jump), "jumps over the pause"),
        )
        .about(view.index.item_path(view.body), "pause")
        .evidence([
            Label::new(view.span(pause), "the only wait of the loop"),
            Label::new(view.in_file(head), "asked again in the next round"),
        ])
        .note("for as long as the cause lasts every round fails: the loop asks as fast as it can and fills the log")
        .help("wait before `continue` as well, or wait at the start of each round"),
    )
}

/// Whether a call waits for time to pass.
fn pauses(view: View, node: NodeId) -> bool {
    let waits =
        |path| view.index.catalogue().lists(Calls::Pauses, path) || view.index.catalogue().lists(Calls::Waits, path);
    view.index.external(view.site(node)).is_some_and(waits)
}

/// What a node asks for, and the branch that any error of it enters.
fn error_branch(view: View, node: NodeId) -> Option<(NodeId, Branch)> {
    match view.op(node) {
        Op::Match { scrutinee, arms } => {
            let mut errors = arms.iter().filter(|arm| takes_errors(&arm.pattern, arms));
            let (arm, None) = (errors.next()?, errors.next()) else { return None };
            let any = !arm.guarded && (arm.pattern.is_wild() || arm.pattern.parts().iter().all(is_name));
            any.then_some((*scrutinee, Branch { region: Some(arm.region), range: arm.pattern.range }))
        }
        Op::If { condition, then, otherwise } => match view.op(*condition) {
            Op::Let { pattern, of } if is(pattern, "Err") && pattern.parts().iter().all(is_name) => {
                Some((*of, Branch { region: Some(*then), range: pattern.range }))
            }
            Op::Let { pattern, of } if is(pattern, "Ok") => {
                let range = Range { start: view.range(node).start, end: view.range(*condition).end };
                Some((*of, Branch { region: *otherwise, range }))
            }
            _ => None,
        },
        Op::Bind { pattern, init: Some(init), otherwise: Some(otherwise), .. } if is(pattern, "Ok") => {
            Some((*init, Branch { region: Some(*otherwise), range: view.facts.region(*otherwise).range }))
        }
        _ => None,
    }
}

fn takes_errors(pattern: &Pattern, arms: &[Arm]) -> bool {
    is(pattern, "Err") || (pattern.is_wild() && arms.iter().any(|arm| is(&arm.pattern, "Ok")))
}

/// The call that fails at once when it is repeated. A wrapper such as a deadline delays it, and so is not seen through.
fn asks(view: View, value: NodeId) -> Option<NodeId> {
    let call = match view.facts.node(value).op {
        Op::Await(of) => of,
        // The result of a branch of `select!`, or a variable that was just bound.
        Op::Local(local) => return asks_for(view, local),
        _ => value,
    };
    let path = view.index.external(view.site(call))?;
    let catalogue = view.index.catalogue();
    let fails = catalogue.lists(Calls::FailsAtOnce, path) || catalogue.lists(Calls::Accepts, path);
    fails.then_some(call)
}

fn asks_for(view: View, local: crate::facts::model::LocalId) -> Option<NodeId> {
    let by_select = view.facts.nodes.iter().find_map(|node| match &node.op {
        Op::Select { arms, .. } => arms.iter().find(|arm| arm.pattern.locals() == [local]).map(|arm| arm.future),
        Op::Loop { kind: LoopKind::For { pattern, iterated }, .. } if pattern.locals() == [local] => Some(*iterated),
        _ => None,
    });
    let whole = || {
        view.facts.nodes.iter().find_map(|node| match &node.op {
            Op::Bind { pattern, init, .. } if is_name(pattern) && pattern.locals() == [local] => *init,
            _ => None,
        })
    };
    let value = by_select.or_else(whole).filter(|value| !matches!(view.facts.node(*value).op, Op::Local(_)))?;
    asks(view, value)
}

/// The innermost loop around the branch that asks again: one that does not end by itself.
fn loop_around(view: View, call: NodeId, branch: NodeId) -> Option<(RegionId, Range)> {
    let around = view.index.loops_around(view.site(branch)).into_iter().next()?;
    let owner = view.info.region_node(around.region)?;
    let asks_inside = view.is_inside(call, around.region);
    let again = match view.op(owner) {
        Op::Loop { kind: LoopKind::For { iterated, .. }, .. } => *iterated == call,
        _ => asks_inside,
    };
    again.then_some((around.region, around.head))
}

/// Whether a branch does nothing but tell and go on: what is not known may wait or leave.
fn only_goes_on(view: View, branch: RegionId) -> bool {
    view.facts.iter().filter(|(_, node)| view.facts.is_inside(node.region, branch)).all(|(id, node)| match &node.op {
        Op::Break(_) | Op::Return(_) | Op::Try(_) | Op::Await(_) | Op::Loop { .. } | Op::Select { .. } | Op::Unseen => {
            false
        }
        Op::Assign { .. } => false,
        Op::Macro(_) => match view.index.callee(view.site(id)) {
            Some(Callee::External(path)) => {
                view.index.catalogue().lists(Calls::Tells, *path) && !is_end(path)
                    || view.index.callable(view.site(id)).is_some()
            }
            _ => false,
        },
        Op::Call { .. } | Op::Method { .. } => is_told(view, id) || is_harmless(view, id),
        _ => true,
    })
}

/// What is worked out for a message.
fn is_told(view: View, node: NodeId) -> bool {
    let parents = std::iter::successors(view.info.parent(node), |at| view.info.parent(*at));
    parents.into_iter().any(|at| matches!(view.facts.node(at).op, Op::Macro(_)))
}

/// A call of a library that neither waits nor ends anything.
fn is_harmless(view: View, node: NodeId) -> bool {
    let Some(path) = view.index.external(view.site(node)) else { return false };
    let catalogue = view.index.catalogue();
    let waits = catalogue.lists(Calls::Waits, path) || catalogue.lists(Calls::Forever, path);
    !waits && view.index.callable(view.site(node)).is_some() && !path.starts_with("std::process")
}

/// Whether every round of the loop waits for time to pass, whatever the call gave.
fn waits_each_time(view: View, region: RegionId, call: NodeId, branch: NodeId) -> bool {
    let way: Vec<RegionId> = view
        .facts
        .outwards(view.facts.node(branch).region)
        .map(|(at, _)| at)
        .take_while(|at| *at != region)
        .chain([region])
        .collect();
    view.facts.iter().any(|(id, node)| {
        let on_the_way = way.contains(&node.region) && id != call;
        on_the_way
            && match &node.op {
                Op::Await(of) => *of != call && !is_known_quick(view, *of),
                Op::Call { .. } | Op::Method { .. } => view
                    .index
                    .external(view.site(id))
                    .is_some_and(|path| view.index.catalogue().lists(Calls::Waits, path)),
                _ => false,
            }
    })
}

/// Whether what is awaited is a library's and no wait for time: a lock, a permit.
fn is_known_quick(view: View, future: NodeId) -> bool {
    view.index.external(view.site(future)).is_some_and(|path| !view.index.catalogue().lists(Calls::Waits, path))
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
