//! `erased-cause`: an error of the outside world is replaced by one that does not know why, and nothing logged the first; or all that is told of it is that
//! it happened.

use std::collections::BTreeSet;

use crate::catalogue::{Calls, Effect};
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{Arm, Body, NodeId, Op, Pattern, PatternKind, RegionId, RegionKind, rest_is_errors};
use crate::index::Index;
use crate::index::bodies::asked::Outcome;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::view::View;
use crate::index::declared::defs::BodyRef;
use crate::index::declared::types::Ty;
use crate::index::flow::effects::Effected;
use crate::source::Range;

const ID: &str = "erased-cause";

const WHY: &str =
    "whoever reads the log sees that it failed, and never why: no space, no permission, no connection look the same";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let found = index.look(|view, node| {
        let erased = diagnose(view, node).map(|found| (Some(view.body), found));
        erased.or_else(|| told_without(view, node).map(|found| (None, found)))
    });
    let erasing: BTreeSet<BodyRef> = found.iter().filter_map(|(erased, _)| *erased).collect();
    // Where a function on the way erased the cause there is nothing left to keep: that is its flaw.
    let is_echo = |found: &Found| found.through.iter().any(|body| erasing.contains(body));
    found.into_iter().filter(|(_, found)| !is_echo(found)).map(|(_, found)| found.diagnostic).collect()
}

/// A finding, and the functions of the workspace through which the error came that it is about.
struct Found {
    diagnostic: Diagnostic,
    through: Vec<BodyRef>,
}

fn diagnose(view: View, node: NodeId) -> Option<Found> {
    match view.op(node) {
        Op::Method { receiver, name, arguments, .. } => match name.as_str() {
            "map_err" | "or_else" => {
                let region = forgetful_closure(view, *arguments.first()?)?;
                if name == "or_else" && !fails(view, region) {
                    return None;
                }
                erased(view, *receiver, view.name_range(node), Some(region))
            }
            "or" => {
                let [other] = arguments[..] else { return None };
                let fails = view.index.is_failure(view.site(other)) && !names_a_value(view, other);
                fails.then(|| erased(view, *receiver, view.name_range(node), None))?
            }
            "ok_or" | "ok_or_else" | "context" | "with_context" => {
                let Op::Method { receiver: failed, name: ok, .. } = view.op(*receiver) else {
                    return None;
                };
                let names_value = arguments.iter().any(|argument| names_a_value(view, *argument));
                (ok == "ok" && !names_value).then(|| erased(view, *failed, view.name_range(*receiver), None))?
            }
            _ => None,
        },
        Op::Match { scrutinee, arms } => {
            let fails_else = rest_is_errors(arms);
            let blind = |arm: &&Arm| ignores_cause(&arm.pattern) || fails_else && arm.pattern.is_wild();
            let arm = arms.iter().find(|arm| !arm.guarded && blind(arm) && fails(view, arm.region))?;
            erased(view, *scrutinee, arm.range, Some(arm.region))
        }
        Op::If { condition, then, .. } => match view.op(*condition) {
            Op::Let { pattern, of } if ignores_cause(pattern) && fails(view, *then) => {
                erased(view, *of, view.range(*condition), Some(*then))
            }
            Op::Let { pattern, of } if pattern.is_ok() => fails_but_for_success(view, node, *of),
            _ => match view.asked(*condition)? {
                (of, Outcome::Err) if fails(view, *then) => erased(view, of, view.range(*condition), Some(*then)),
                (of, Outcome::Ok) if !is_looked_at_again(view, of) => fails_but_for_success(view, node, of),
                _ => None,
            },
        },
        Op::Bind { pattern, init: Some(init), otherwise: Some(otherwise), .. }
            if pattern.is_ok() && fails(view, *otherwise) =>
        {
            erased(view, *init, view.facts.region(*otherwise).range, Some(*otherwise))
        }
        _ => None,
    }
}

/// Whether a choice goes on with success alone, and all else fails: in its `else`, or behind it.
fn fails_but_for_success(view: View, node: NodeId, of: NodeId) -> Option<Found> {
    let Op::If { condition, then, otherwise } = view.op(node) else { return None };
    let range = Range { start: view.range(node).start, end: view.range(*condition).end };
    if let Some(otherwise) = otherwise {
        return fails(view, *otherwise).then(|| erased(view, of, range, Some(*otherwise)))?;
    }
    let answers = view.facts.iter().any(|(id, n)| matches!(n.op, Op::Return(_)) && view.is_inside(id, *then));
    (answers && fails_behind(view, node)).then(|| erased(view, of, range, None))?
}

/// A branch for an error that is not looked at, in which a line of the log is all that is left of it.
fn told_without(view: View, node: NodeId) -> Option<Found> {
    let (failed, branch, range) = match view.op(node) {
        Op::Match { scrutinee, arms } => {
            let arm = arms.iter().find(|arm| !arm.guarded && ignores_cause(&arm.pattern))?;
            (*scrutinee, arm.region, arm.pattern.range)
        }
        Op::If { condition, then, otherwise } => match view.op(*condition) {
            Op::Let { pattern, of } if ignores_cause(pattern) => (*of, *then, view.range(*condition)),
            Op::Let { pattern, of } if pattern.is_ok() => (*of, (*otherwise)?, view.range(*condition)),
            _ => match view.asked(*condition)? {
                (of, Outcome::Err) => (of, *then, view.range(*condition)),
                (of, Outcome::Ok) => (of, (*otherwise)?, view.range(*condition)),
                _ => return None,
            },
        },
        Op::Bind { pattern, init: Some(init), otherwise: Some(otherwise), .. } if pattern.is_ok() => {
            (*init, *otherwise, Range { start: view.range(node).start, end: view.range(*init).end })
        }
        _ => return None,
    };
    let is_dealt_with = fails(view, branch) || is_looked_at_again(view, failed) || mends(view, branch);
    let warning = warning_in(view, branch).filter(|_| !is_dealt_with)?;
    let effected = lost(view, failed, range)?;
    let effect = effected.effect.noun();
    let confidence = if leaves_with_a_word(view, branch, warning) { Confidence::Hint } else { confidence(&effected) };
    let diagnostic = Diagnostic::new(
        ID,
        confidence,
        format!("the cause of the {effect} error is not told"),
        Label::new(view.in_file(range), "the error itself is not looked at"),
    )
    .about(view.index.item_path(view.body), effect)
    .evidence([Label::new(view.span(warning), "this says that it failed, and not why")])
    .evidence(stem(view, &effected))
    .note(WHY)
    .help("give the error a name, and say it in the message");
    Some(Found { diagnostic, through: through(view, &effected) })
}

/// Whether a command says to whoever called it what it was about, and ends: it is run again by hand.
fn leaves_with_a_word(view: View, branch: RegionId, warning: NodeId) -> bool {
    let lists = |node: NodeId| {
        view.index.external(view.site(node)).is_some_and(|path| view.index.catalogue().lists(Calls::Exits, path))
    };
    let is_printed = view.index.external(view.site(warning)).is_some_and(|path| path.starts_with("std::"));
    let waits = view.index.function_of(view.body).is_some_and(|id| view.index.defs().function(id).is_async);
    is_printed
        && !waits
        && names_a_value(view, warning)
        && view.facts.iter().any(|(node, _)| view.is_inside(node, branch) && lists(node))
}

/// The first message that something is wrong, whatever else is asked in a branch.
fn warning_in(view: View, branch: RegionId) -> Option<NodeId> {
    let catalogue = view.index.catalogue();
    let warns = |node: NodeId| match view.op(node) {
        Op::Macro(call) => {
            let tells = view.index.external(view.site(node)).is_some_and(|path| catalogue.lists(Calls::Tells, path));
            tells && !catalogue.lists(Calls::Mentions, call.path.last())
        }
        _ => false,
    };
    let always = |node: NodeId| {
        let mut around = view.facts.outwards(view.facts.node(node).region).take_while(|(at, _)| *at != branch);
        view.is_inside(node, branch) && around.all(|(_, region)| region.kind == RegionKind::Block)
    };
    view.facts.iter().map(|(node, _)| node).find(|node| warns(*node) && always(*node))
}

/// Whether a branch does something else instead, as far as that is known. To wait before the next attempt is nothing else.
fn mends(view: View, branch: RegionId) -> bool {
    let pauses = |call: NodeId| {
        view.index.external(view.site(call)).is_some_and(|path| view.index.catalogue().lists(Calls::Pauses, path))
    };
    view.facts.iter().any(|(node, n)| {
        let acts = match n.op {
            Op::Await(of) => !pauses(of),
            Op::Try(_) => true,
            Op::Call { .. } | Op::Method { .. } => view.index.effect(view.site(node)).is_some(),
            _ => false,
        };
        acts && view.is_inside(node, branch)
    })
}

/// Whether a result lies in a variable that is used elsewhere as well: the error may be looked at there.
fn is_looked_at_again(view: View, failed: NodeId) -> bool {
    let whole = view.range(failed);
    let Some(local) = view.index.variable_behind(view.body, failed) else { return false };
    let is_kept = view.facts.uses(local).any(|used| !whole.contains(view.range(used)));
    is_kept && matches!(view.op(failed), Op::Local(_) | Op::Reference { .. })
}

/// A closure that does not look at the error it is given.
fn forgetful_closure(view: View, argument: NodeId) -> Option<RegionId> {
    let Op::Closure { region, parameters, .. } = view.op(argument) else { return None };
    let [parameter] = &parameters[..] else { return None };
    let seen = parameter.locals().into_iter().any(|local| view.facts.is_used(local));
    (!seen).then_some(*region)
}

/// Whether a branch gives or returns another error.
fn fails(view: View, region: RegionId) -> bool {
    view.index.fails_at_end(view.body, region)
}

/// Whether nothing comes behind a node but an error that the function fails with, and that says nothing of what it was about.
fn fails_behind(view: View, node: NodeId) -> bool {
    let body = view.facts.region(Body::ROOT);
    let last = body.value.or_else(|| body.nodes.last().copied());
    let is_statement = |at: &&NodeId| view.info.parent(**at).is_none() || Some(**at) == last;
    let mut later = body.nodes.iter().skip_while(|at| **at != node).skip(1).filter(is_statement);
    later.next().is_some_and(|next| {
        Some(*next) == last && view.index.is_failure(view.site(*next)) && !names_a_value(view, *next)
    })
}

/// Whether a message is made with some value of the function.
fn names_a_value(view: View, node: NodeId) -> bool {
    match view.op(node) {
        Op::Closure { region, .. } => region_names_a_value(view, *region),
        Op::Local(_) => true,
        Op::Macro(call) => {
            !call.mentions.is_empty() || call.arguments.iter().any(|argument| names_a_value(view, *argument))
        }
        op => op.operands().into_iter().any(|operand| names_a_value(view, operand)),
    }
}

fn region_names_a_value(view: View, region: RegionId) -> bool {
    view.facts.iter().any(|(_, node)| {
        let inside = || view.facts.is_inside(node.region, region);
        let names = match &node.op {
            Op::Local(_) => true,
            Op::Macro(call) => !call.mentions.is_empty(),
            _ => false,
        };
        names && inside()
    })
}

fn erased(view: View, failed: NodeId, range: Range, branch: Option<RegionId>) -> Option<Found> {
    // What formats may only say that it could not.
    if view
        .index
        .output(view.body)
        .and_then(Ty::error)
        .is_some_and(|error| *error == Ty::ext("std::fmt::Error", Vec::new()))
    {
        return None;
    }
    if branch.is_some_and(|region| passes_on_an_earlier(view, region)) {
        return None;
    }
    let effected = lost(view, failed, range)?;
    // What was looked for tells why a file or peer is not there. A database answers "not there" by itself, and whatever else fails there has a cause, as
    // does a change of what is far away; who tries something else instead fails of that.
    let has_causes = effected.effect == Effect::Database || is_a_change(&effected);
    let says_enough = |region| region_names_a_value(view, region) && (!has_causes || mends(view, region));
    // Who does not look at the error has no cause to tell, whatever is logged; but one of the functions that it came through may.
    let is_told_further_in = || through(view, &effected).into_iter().any(|body| view.index.tells_of_its_errors(body));
    let tells = |region| {
        view.index.tells(view.body, region) && (!has_causes || is_looked_at_again(view, failed) || is_told_further_in())
    };
    if branch.is_some_and(|region| says_enough(region) || tells(region)) {
        return None;
    }
    let effect = effected.effect.noun();
    let said = branch.and_then(|region| warning_in(view, region));
    let diagnostic = Diagnostic::new(
        ID,
        confidence(&effected),
        format!("the cause of the {effect} error is erased"),
        Label::new(view.in_file(range), "the new error does not know what went wrong"),
    )
    .about(view.index.item_path(view.body), effect)
    .evidence(said.map(|at| Label::new(view.span(at), "this says that it failed, and not why")))
    .evidence(stem(view, &effected))
    .note(WHY)
    .help("keep the cause: wrap it as the source of the new error, or log it before it is replaced");
    Some(Found { diagnostic, through: through(view, &effected) })
}

/// Whether a branch fails with the error that something before it gave: what failed now was only asked for on the way to that.
fn passes_on_an_earlier(view: View, region: RegionId) -> bool {
    let last = view.facts.region(region).value.or_else(|| view.facts.region(region).nodes.last().copied());
    let given = last.map(|node| match *view.op(node) {
        Op::Return(Some(of)) => of,
        _ => node,
    });
    let Some(Op::Call { arguments, .. }) = given.map(|given| view.op(given)) else { return false };
    let [Op::Local(error)] = arguments.iter().map(|argument| view.op(*argument)).collect::<Vec<_>>()[..] else {
        return false;
    };
    let before = !view.facts.is_inside(view.facts.local(*error).region, region);
    let gave_it = |node: NodeId| match view.op(node) {
        Op::Match { scrutinee, .. } => view.ty(*scrutinee).is_result(),
        _ => view.ty(node).is_result(),
    };
    before && view.index.sources(view.body, *error).into_iter().any(gave_it)
}

/// The operation behind a result whose error has a cause that nobody else tells.
fn lost(view: View, failed: NodeId, range: Range) -> Option<Effected> {
    let ty = view.ty(failed);
    if !ty.is_result() || !ty.error().is_some_and(|error| has_a_cause(view, error)) {
        return None;
    }
    let effected = view.index.effect(view.site(failed))?;
    // That a peer is not reached is an answer, where nobody asks for more than whether it is.
    let is_asked_for = || {
        let only_success = view.index.function_of(view.body).is_some_and(|id| view.index.only_success_counts(id));
        only_success && view.index.output(view.body).and_then(Ty::error).is_some_and(|error| *error == Ty::unit())
    };
    let is_known = error_of(view, &effected) != ty.error()
        || effected.effect == Effect::Network && is_asked_for()
        || matches!(effected.effect, Effect::Join | Effect::Process)
        || view.index.error_is_seen(view.site(failed))
        || view.index.is_told_on_its_way(view.site(failed))
        || view.index.is_intended(view.in_file(range))
        || is_told(view, &effected);
    (!is_known).then_some(effected)
}

/// Where the error stems from.
fn stem(view: View, effected: &Effected) -> Option<Label> {
    let at = view.index.name_span(*effected.chain.last()?);
    Some(Label::new(at, format!("the {} error stems from here", effected.effect.noun())))
}

/// Whether something far away was to be changed: what was to be written does not say why it was not. Who knows which file it was can look there, and
/// what was looked for is mostly missing.
fn is_a_change(effected: &Effected) -> bool {
    !effected.looks && matches!(effected.effect, Effect::Database | Effect::Storage)
}

/// The function of the workspace that failed: of a trait's the one that the error stems from.
fn called(view: View, effected: &Effected) -> Option<BodyRef> {
    match effected.chain[..] {
        [_, inner, ..] => Some(inner.body),
        _ => view.index.called_directly(*effected.chain.first()?),
    }
}

/// The functions of the workspace that handed the error on, from the one that was called to the one that runs the operation.
fn through(view: View, effected: &Effected) -> Vec<BodyRef> {
    let first = effected.chain.first().copied();
    let inside = first.into_iter().flat_map(|call| view.index.way_to_operation(call).skip(1)).map(|call| call.body);
    called(view, effected).into_iter().chain(inside).collect()
}

/// The error that the operation itself gives: that of a deadline or lock around it has no cause to lose.
fn error_of<'i>(view: View<'i>, effected: &Effected) -> Option<&'i Ty> {
    match view.index.ty(*effected.chain.first()?) {
        Ty::Future(output) => output.error(),
        output => output.error(),
    }
}

/// Whether an error type says more than that it happened: a library's, or one of the workspace with fields.
fn has_a_cause(view: View, error: &Ty) -> bool {
    match error.peeled() {
        Ty::Ext(..) | Ty::Bounded(_) => true,
        Ty::Adt(id, _) => !view.index.defs().type_def(*id).fields.is_empty(),
        _ => false,
    }
}

/// Whether the function of the workspace that failed has logged it; of a trait's each that may have.
fn is_told(view: View, effected: &Effected) -> bool {
    let of_trait = effected.chain.first().filter(|call| matches!(view.index.callee(**call), Some(Callee::Trait(_))));
    called(view, effected).is_some_and(|body| view.index.tells_of_its_errors(body))
        && of_trait.is_none_or(|call| view.index.all_tell_of_their_errors(*call))
}

/// A look that fails mostly says that there is nothing.
fn confidence(effected: &Effected) -> Confidence {
    match effected.effect {
        Effect::File | Effect::Network if effected.looks => Confidence::Hint,
        _ => Confidence::Likely,
    }
}

/// `Err(_)`.
fn ignores_cause(pattern: &Pattern) -> bool {
    pattern.ignores_error() && matches!(pattern.kind, PatternKind::TupleStruct { .. })
}
