//! `swallowed-error`: the error of an operation that matters vanishes, and what follows goes on as if it had worked.

use ustr::{Ustr, ustr};

use crate::catalogue::{Calls, Effect};
use crate::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Fix, Label};
use crate::facts::model::{Arm, Attribute, Literal, LocalId, MacroCall, NodeId, Op, Operator, Pattern, RegionId};
use crate::index::Index;
use crate::index::bodies::view::View;
use crate::index::declared::defs::{BodyRef, Extern};
use crate::index::declared::types::Ty;
use crate::index::flow::effects::Effected;
use crate::source::{Range, Span};

const ID: &str = "swallowed-error";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let found = index.look(|view, node| {
        let diagnostic = diagnose(view, node).filter(|_| !ends_things(index, view.body))?;
        Some(((view.body, view.facts.node(node).region), diagnostic))
    });
    once_per_block(found)
}

/// An operation that is called several times in one block, each time thrown away in the same way, is one flaw: told at the first call, mended at all.
fn once_per_block(found: Vec<((BodyRef, RegionId), Diagnostic)>) -> Vec<Diagnostic> {
    let mut told: Vec<((BodyRef, RegionId), Diagnostic)> = Vec::new();
    for (block, diagnostic) in found {
        let is_same = |(at, known): &&mut ((BodyRef, RegionId), Diagnostic)| {
            *at == block && known.message == diagnostic.message && known.primary.text == diagnostic.primary.text
        };
        match told.iter_mut().rev().take_while(|(at, _)| at.0 == block.0).find(is_same) {
            Some((_, first)) => {
                first.evidence.push(Label { text: "and here".into(), ..diagnostic.primary });
                let edits = diagnostic.fixes.into_iter().flat_map(|fix| fix.edits);
                first.fixes.iter_mut().for_each(|fix| fix.edits.extend(edits.clone()));
            }
            None => told.push((block, diagnostic)),
        }
    }
    told.into_iter().map(|(_, diagnostic)| diagnostic).collect()
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
    /// `if write().is_ok() { .. }`: only success has consequences.
    Tested,
    /// `.ok()?`, `.ok().flatten()`: from here on an error looks like something that is not there.
    Absent,
    /// `let Ok(..) = .. else { return }`
    Otherwise,
    /// `Err(_) => stand_in()`: something else is taken instead.
    Instead(StandIn),
}

/// What is taken where something failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StandIn {
    /// What a function of the workspace gives: the way is foreseen, and it is worth knowing that it is taken.
    Made,
    Value,
}

/// How a place in the file system is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Local(LocalId),
    Text(Ustr),
}

fn diagnose(view: View, node: NodeId) -> Option<Diagnostic> {
    match view.op(node) {
        Op::Bind { pattern, init: Some(init), .. } if pattern.is_wild() && view.ty(*init).is_result() => {
            swallowed(view, node, *init, Way::Underscore, view.range(node))
        }
        Op::Discard(of) => match view.op(*of) {
            Op::Method { receiver, name, .. } if name == "ok" && view.ty(*receiver).is_result() => {
                swallowed(view, node, *receiver, Way::Ok, view.range(node))
            }
            _ => None,
        },
        Op::If { condition, then, otherwise: None } => match view.op(asked(view, *condition)) {
            Op::Let { pattern, of } if takes_only_ok(pattern) && view.ty(*of).is_result() && !leaves(view, *then) => {
                let head = Range { start: view.range(node).start, end: view.range(*condition).end };
                swallowed(view, node, *of, Way::IfLet, head)
            }
            Op::Let { pattern, of } if pattern.ignores_error() && does_nothing(view, *then) => {
                swallowed(view, node, *of, Way::Arm, view.range(node))
            }
            Op::Method { receiver, name, .. }
                if name == "is_ok"
                    && view.ty(*receiver).is_result()
                    && !leaves(view, *then)
                    && !remembers(view, *then) =>
            {
                let head = Range { start: view.range(node).start, end: view.range(*condition).end };
                swallowed(view, node, *receiver, Way::Tested, head)
            }
            _ => None,
        },
        Op::If { condition, otherwise: Some(otherwise), .. } => match view.op(*condition) {
            Op::Let { pattern, of }
                if takes_only_ok(pattern) && view.ty(*of).is_result() && becomes_empty(view, *otherwise) =>
            {
                swallowed(view, node, *of, Way::Default, view.facts.region(*otherwise).range)
            }
            _ => None,
        },
        Op::Bind { pattern, init: Some(init), otherwise: Some(otherwise), .. }
            if takes_only_ok(pattern) && view.ty(*init).is_result() && gives_up_silently(view, *otherwise) =>
        {
            let head = Range { start: view.range(node).start, end: view.range(*init).end };
            swallowed(view, node, *init, Way::Otherwise, head)
        }
        Op::Try(of) => swallowed(view, node, fallible_behind_ok(view, *of)?, Way::Absent, view.range(node)),
        Op::Match { scrutinee, arms } if view.ty(*scrutinee).is_result() => {
            // Beside an arm for some errors `_` is for what is left.
            let is_err = |arm: &Arm| arm.pattern.variant().is_some_and(|name| name == "Err");
            let takes_ok = arms.iter().any(|arm| takes_only_ok(&arm.pattern)) && !arms.iter().any(is_err);
            let ignores = arms.iter().find(|arm| ignores_error(view, arm, takes_ok));
            let empty = || arms.iter().find(|arm| empties(view, arm));
            let instead = || arms.iter().find_map(|arm| Some((arm, Way::Instead(taken_instead(view, arm)?))));
            let nothing = ignores.map(|arm| (arm, Way::Arm)).or_else(|| Some((empty()?, Way::Default)));
            let (arm, way) = nothing.or_else(instead)?;
            swallowed(view, node, *scrutinee, way, arm.range)
        }
        Op::Method { receiver, name, arguments, .. } if name == "unwrap_or_else" && view.ty(*receiver).is_result() => {
            let stand_in = arguments.iter().find_map(|argument| made_blindly(view, *argument))?;
            swallowed(view, node, *receiver, Way::Instead(stand_in), view.range(node))
        }
        Op::Method { receiver, name, .. }
            if goes_on_without(name) && fallible_behind_ok(view, *receiver).is_some() && !becomes_error(view, node) =>
        {
            swallowed(view, node, fallible_behind_ok(view, *receiver)?, Way::Absent, view.range(node))
        }
        Op::Method { receiver, name, arguments, .. }
            if view.ty(*receiver).is_result() && (name == "unwrap_or_default" || is_literal(view, name, arguments)) =>
        {
            swallowed(view, node, *receiver, Way::Default, view.range(node))
        }
        _ => None,
    }
}

/// The `Result` that `.ok()` is called on.
fn fallible_behind_ok(view: View, value: NodeId) -> Option<NodeId> {
    match view.op(value) {
        Op::Method { receiver, name, .. } if name == "ok" && view.ty(*receiver).is_result() => Some(*receiver),
        _ => None,
    }
}

/// Whether a method of `Option` goes on as if what is not there had never been.
fn goes_on_without(name: &str) -> bool {
    matches!(name, "flatten" | "and_then" | "unwrap_or_default")
}

/// Whether what is not there is made an error, or a panic, in the same expression: then the cause is gone, but not the failure.
fn becomes_error(view: View, option: NodeId) -> bool {
    let fails = |name: &str| {
        matches!(name, "unwrap" | "expect" | "ok_or" | "ok_or_else" | "context" | "with_context" | "ok_or_eyre")
    };
    let parent = view.info.parent(option);
    parent.is_some_and(|parent| matches!(view.op(parent), Op::Method { name, .. } if fails(name)))
}

/// Whether a region does no more than remember that something works: what was tried was a question.
fn remembers(view: View, region: RegionId) -> bool {
    let sets = |node: &NodeId| match view.op(*node) {
        Op::Assign { value, .. } => matches!(view.op(*value), Op::Literal(Literal::Bool(_))),
        Op::Macro(_) => true,
        Op::Discard(of) => matches!(view.op(*of), Op::Macro(_)),
        _ => false,
    };
    let statements = view.facts.region(region).nodes.iter().filter(|node| view.info.parent(**node).is_none());
    statements.clone().count() > 0 && statements.into_iter().all(sets)
}

/// Whether the `else` of a `let` leaves with nothing in its hands, and without a word: neither an error nor an answer is made there.
fn gives_up_silently(view: View, region: RegionId) -> bool {
    let facts = view.facts;
    let inside = facts.iter().filter(|(_, node)| facts.is_inside(node.region, region));
    inside.into_iter().all(|(node, n)| match &n.op {
        Op::Return(_) | Op::Break(_) | Op::Continue | Op::Local(_) | Op::Literal(_) | Op::Path(_) | Op::Tuple(_) => {
            true
        }
        Op::Discard(of) => matches!(view.op(*of), Op::Return(_) | Op::Break(_) | Op::Continue),
        _ => is_empty(view, node),
    })
}

/// `unwrap_or` with a value that stands there.
fn is_literal(view: View, name: &str, arguments: &[NodeId]) -> bool {
    name == "unwrap_or" && arguments.iter().all(|a| matches!(view.facts.node(*a).op, Op::Literal(_)))
}

/// `Err(_) => {}` and the like: the error is not looked at, and nothing is said or done instead.
fn ignores_error(view: View, arm: &Arm, takes_ok: bool) -> bool {
    let unseen = arm.pattern.ignores_error() || (takes_ok && arm.pattern.is_wild());
    unseen && !arm.guarded && does_nothing(view, arm.region)
}

/// `Err(_) => Vec::new()`: what could not be read looks like something that is empty.
fn empties(view: View, arm: &Arm) -> bool {
    arm.pattern.ignores_error() && !arm.guarded && becomes_empty(view, arm.region)
}

fn becomes_empty(view: View, region: RegionId) -> bool {
    let value = view.facts.region(region).value;
    value.is_some_and(|value| is_empty(view, value)) && !view.index.tells(view.body, region)
}

/// What is asked last in a condition: of `due && let Ok(rows) = load()` the `let`.
fn asked(view: View, condition: NodeId) -> NodeId {
    match view.op(condition) {
        Op::Binary { right, operator: Operator::Truth, .. } => asked(view, *right),
        _ => condition,
    }
}

/// `Err(_) => stand_in()`
fn taken_instead(view: View, arm: &Arm) -> Option<StandIn> {
    let blind = arm.pattern.ignores_error() && !arm.guarded;
    blind.then(|| stand_in(view, arm.region))?
}

/// `|_| stand_in()`
fn made_blindly(view: View, closure: NodeId) -> Option<StandIn> {
    match view.op(closure) {
        Op::Closure { region, parameters, .. } if parameters.iter().all(Pattern::is_wild) => stand_in(view, *region),
        _ => None,
    }
}

/// What a region gives in place of what failed. No stand-in is what answers: a text to be shown, which says that something is not known, a yes or
/// no, an error, another way to the same.
fn stand_in(view: View, region: RegionId) -> Option<StandIn> {
    let value = view.facts.region(region).value?;
    let inside = view.facts.iter().filter(|(_, node)| view.facts.is_inside(node.region, region));
    let fails = |node: NodeId| {
        let diverges = |path| view.index.catalogue().lists(Calls::Diverges, path);
        view.index.is_failure(view.site(node)) || view.index.external(view.site(node)).is_some_and(diverges)
    };
    let goes = |op: &Op| matches!(op, Op::Return(_) | Op::Break(_) | Op::Continue);
    if inside.into_iter().any(|(node, n)| fails(node) || goes(&n.op))
        || view.index.tells(view.body, region)
        || is_text(view, value)
        || matches!(view.op(value), Op::Literal(Literal::Bool(_)))
        || view.ty(value).is_result()
        || !is_given(view, value)
    {
        return None;
    }
    let made = matches!(view.op(value), Op::Call { .. }) && view.index.called_directly(view.site(value)).is_some();
    Some(if made { StandIn::Made } else { StandIn::Value })
}

/// Whether an expression gives something: what only does something, as counting, has looked at the failure.
fn is_given(view: View, value: NodeId) -> bool {
    match view.op(value) {
        Op::Path(_) | Op::Local(_) | Op::Literal(_) | Op::Struct { .. } | Op::Tuple(_) | Op::Macro(_) => true,
        Op::Call { .. } | Op::Method { .. } | Op::Await(_) => {
            !view.ty(value).is_unknown() && *view.ty(value) != Ty::unit()
        }
        _ => false,
    }
}

/// A text that stands there, perhaps with something put into it.
fn is_text(view: View, value: NodeId) -> bool {
    match view.op(value) {
        Op::Literal(Literal::Text(_)) => true,
        Op::Method { receiver: of, .. } | Op::Reference { of, .. } => is_text(view, *of),
        Op::Call { arguments, .. } => matches!(arguments[..], [only] if is_text(view, only)),
        Op::Macro(call) => call.path.last() == "format",
        _ => false,
    }
}

/// Whether an expression stands for nothing: `None`, a number, a collection that was just made, `Ok(..)` of these.
fn is_empty(view: View, node: NodeId) -> bool {
    match view.op(node) {
        Op::Path(path) => path.last() == "None",
        Op::Literal(Literal::Number(..) | Literal::Fraction(_)) => true,
        Op::Tuple(parts) => !parts.is_empty() && parts.iter().all(|part| is_empty(view, *part)),
        Op::Macro(call) => call.path.last() == "vec" && call.seen && call.arguments.is_empty(),
        Op::Call { arguments, .. } => view.index.external(view.site(node)).is_some_and(|path| match arguments[..] {
            [] => path.ends_with("::new") || path.ends_with("::default"),
            [only] => path == "std::result::Result::Ok" && is_empty(view, only),
            _ => false,
        }),
        _ => false,
    }
}

fn does_nothing(view: View, region: RegionId) -> bool {
    let region = view.facts.region(region);
    region.nodes.iter().all(|node| matches!(view.op(*node), Op::Continue | Op::Tuple(_)))
}

fn leaves(view: View, region: RegionId) -> bool {
    view.facts
        .nodes
        .iter()
        .any(|node| matches!(node.op, Op::Return(_) | Op::Break(_)) && view.facts.is_inside(node.region, region))
}

fn swallowed(view: View, node: NodeId, value: NodeId, way: Way, range: Range) -> Option<Diagnostic> {
    let site = view.site(value);
    if undoes(view, value) || is_used_elsewhere(view, value) || view.index.is_of_task(site) {
        return None;
    }
    let effected = view.index.effect(site)?;
    let turns_away = matches!(way, Way::Tested | Way::Absent | Way::Otherwise | Way::Instead(_));
    let told = || view.index.called_directly(site).is_some_and(|body| view.index.tells_of_its_errors(body));
    if effected.effect == Effect::Join
        || view.index.error_is_seen(site)
        || (turns_away && told())
        || view.index.error_is_told(site)
        || is_logging(view, &effected)
        || view.index.is_on_failing_path(view.site(node))
        || shutting_down(&effected)
        || lets_go(view, node, &effected)
        || says_goodbye(view, value)
        || (matches!(way, Way::Default | Way::Instead(_)) && only_tells_the_time(view, value))
    {
        return None;
    }
    if view.index.is_intended(view.in_file(range)) {
        return None;
    }
    let (effect, how) = (effected.effect.noun(), words(&way));
    let operation = operation(view, &effected);
    let confidence = confidence(view, node, value, &effected, &way);
    let span = view.in_file(range);
    let inside = effected
        .chain
        .iter()
        .skip(1)
        .map(|at| Label::new(view.index.span(*at), format!("the {effect} error stems from here")));
    let success = success_after(view, node).map(|at| Label::new(at, "and success is reported here"));
    let diagnostic = Diagnostic::new(
        ID,
        confidence,
        format!("the {effect} error of `{operation}` is swallowed"),
        Label::new(span, how),
    )
    .about(view.index.item_path(view.body), operation.clone())
    .evidence(inside.chain(success))
    .note("when it fails nothing tells: the data is missing and the log is clean")
    .help("return the error, or log it with what was being done")
    .fix(fix(view, node, value, &way, &operation));
    Some(diagnostic)
}

/// `query("ROLLBACK")`: what is undone was given up before.
fn undoes(view: View, value: NodeId) -> bool {
    let is_rollback = |text: &str| text.trim_start().get(..8).is_some_and(|word| word.eq_ignore_ascii_case("rollback"));
    let whole = view.range(value);
    view.facts.iter().any(|(_, node)| {
        matches!(&node.op, Op::Literal(Literal::Text(text)) if is_rollback(text)) && whole.contains(node.range)
    })
}

/// A variable that is looked at more than once: who looks only for success here may look for the error there.
fn is_used_elsewhere(view: View, value: NodeId) -> bool {
    let mut at = value;
    let local = loop {
        match view.op(at) {
            Op::Reference { of, .. } => at = *of,
            Op::Method { receiver, name, .. } if matches!(name.as_str(), "as_ref" | "as_mut" | "as_deref") => {
                at = *receiver
            }
            Op::Local(local) => break *local,
            _ => return false,
        }
    };
    view.facts.iter().any(|(id, node)| id != at && matches!(node.op, Op::Local(used) if used == local))
}

/// What only looks is often allowed to fail: then the claim needs more than a missing branch. A program that is run and whose exit nobody
/// asks for is at most worth a look, and so is a function that fails as well where there is nothing to be found.
fn confidence(view: View, node: NodeId, value: NodeId, effected: &Effected, way: &Way) -> Confidence {
    let direct = if effected.chain.len() == 1 { Confidence::Certain } else { Confidence::Likely };
    let unused = matches!(way, Way::Underscore | Way::Ok);
    match effected.effect {
        _ if !unused && effected.looks && may_find_nothing(view, effected) => Confidence::Hint,
        _ if is_a_question(way, effected) => Confidence::Hint,
        _ if success_after(view, node).is_some() => direct,
        // Who asks and wants no answer has nothing to miss.
        _ if unused && effected.looks && effected.chain.len() == 1 && has_answer(view, value) => Confidence::Hint,
        Effect::Process => Confidence::Hint,
        _ if unused || !effected.looks => direct,
        Effect::Database => direct,
        Effect::Network if matches!(way, Way::Instead(StandIn::Made)) => Confidence::Likely,
        Effect::File if matches!(way, Way::Default) && writes_back(view, node, value) => Confidence::Likely,
        _ => Confidence::Hint,
    }
}

/// Whether somebody may mean to ask no more than whether something can be done or is there. A statement of a database that is tried may tell what
/// its tables look like; of a file or a peer "not there" and "not reached" are often the same. Rows are there or not, reached or not.
fn is_a_question(way: &Way, effected: &Effected) -> bool {
    match way {
        Way::Absent | Way::Otherwise => effected.effect != Effect::Database,
        Way::Tested => match effected.effect {
            Effect::File | Effect::Storage => effected.looks,
            Effect::Database | Effect::Network => effected.looks || effected.chain.len() == 1,
            _ => true,
        },
        Way::Instead(stand_in) => match effected.effect {
            Effect::Database => false,
            Effect::Network => *stand_in != StandIn::Made,
            _ => true,
        },
        _ => false,
    }
}

/// Whether more comes of success than that it went well.
fn has_answer(view: View, value: NodeId) -> bool {
    let answer = view.ty(value).tried();
    !answer.is_unknown() && answer != Ty::unit()
}

/// Whether the function that failed may have said no more than that nothing is there.
fn may_find_nothing(view: View, effected: &Effected) -> bool {
    let first = effected.chain.first().and_then(|first| view.index.called_directly(*first));
    first.is_some_and(|body| view.index.makes_errors(body))
}

/// Whether the same function writes later to where it read from: what could not be read is written over.
fn writes_back(view: View, node: NodeId, value: NodeId) -> bool {
    let Some(read) = place(view, value) else { return false };
    view.facts.iter().skip(node.index()).any(|(id, _)| {
        let site = view.site(id);
        let Some(path) = view.index.external(site) else { return false };
        let writes = view.index.callable(site).is_some_and(|callable| callable.effect == Some(Effect::File));
        writes && !view.index.catalogue().lists(Calls::Looks, path) && place(view, id) == Some(read)
    })
}

/// What a call of a file system function works on: its first argument, where that is a variable or a text.
fn place(view: View, call: NodeId) -> Option<Named> {
    let mut at = match view.op(call) {
        Op::Call { arguments, .. } => *arguments.first()?,
        Op::Await(of) | Op::Try(of) | Op::Method { receiver: of, .. } => return place(view, *of),
        _ => return None,
    };
    loop {
        match view.op(at) {
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

fn operation(view: View, effected: &Effected) -> String {
    let Some(first) = effected.chain.first() else { return String::new() };
    match &view.index.node(*first).op {
        Op::Method { name, .. } => name.to_string(),
        Op::Call { callee, .. } => match &view.index.body(first.body).node(*callee).op {
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

/// A line of a log that could not be written has no log to go to.
fn is_logging(view: View, effected: &Effected) -> bool {
    effected.chain.last().is_some_and(|write| view.index.writes_a_log(*write))
}

/// Closing and flushing what is given up anyway.
fn shutting_down(effected: &Effected) -> bool {
    effected.effect == Effect::Finish && effected.chain.len() > 1
}

/// What is said to the other side, or run, while things are being ended.
fn lets_go(view: View, node: NodeId, effected: &Effected) -> bool {
    matches!(effected.effect, Effect::Network | Effect::Process) && view.index.is_teardown(view.site(node))
}

/// `socket.send(Message::Close(..))`: who goes away has nothing to lose.
fn says_goodbye(view: View, value: NodeId) -> bool {
    let is_close = |node: NodeId| match view.op(node) {
        Op::Path(path) => path.last().eq_ignore_ascii_case("close"),
        _ => false,
    };
    let whole = view.range(value);
    view.facts.iter().any(|(node, n)| {
        let callee = match n.op {
            Op::Call { callee, .. } => callee,
            _ => node,
        };
        whole.contains(n.range) && is_close(callee)
    })
}

/// The error of a deadline says that the time is over: a branch for it knows all there is. That of the operation is in the result within.
fn only_tells_the_time(view: View, value: NodeId) -> bool {
    matches!(view.op(value), Op::Await(of) if view.index.bounds_time(view.site(*of)))
}

/// A message about success right after.
fn success_after(view: View, node: NodeId) -> Option<Span> {
    let region = view.facts.region(view.facts.node(node).region);
    let at = region.nodes.iter().position(|n| *n == node)?;
    let decides = |op: &Op| {
        matches!(op, Op::Macro(_) | Op::Bind { .. } | Op::If { .. } | Op::Match { .. } | Op::Loop { .. } | Op::Try(_))
    };
    let next = region.nodes[at + 1..].iter().find(|n| decides(view.op(**n)))?;
    let Op::Macro(call) = view.op(*next) else { return None };
    let says = view.index.catalogue().lists(Calls::Mentions, call.path.last());
    (says && !announces(view, call)).then(|| view.span(*next))
}

/// `info!("loading the service")`: a message about what comes next.
fn announces(view: View, call: &MacroCall) -> bool {
    call.arguments.iter().any(|argument| match view.op(*argument) {
        Op::Literal(Literal::Text(text)) => text.split_whitespace().next().is_some_and(|word| word.ends_with("ing")),
        _ => false,
    })
}

/// `if let Err(error) = ..` around what is thrown away, with the logger the crate has.
fn fix(view: View, node: NodeId, value: NodeId, way: &Way, operation: &str) -> Option<Fix> {
    if !matches!(way, Way::Underscore | Way::Ok) {
        return None;
    }
    let (statement, value) = (view.range(node), view.range(value));
    let krate = &view.index.crates()[view.index.crate_of(view.body).index()];
    let has = |name: &str| matches!(krate.externs.get(&ustr(name)), Some(Extern::Library(_)));
    let log = if has("tracing") {
        format!("tracing::warn!(?error, \"{operation} failed\")")
    } else if has("log") {
        format!("log::warn!(\"{operation} failed: {{error:?}}\")")
    } else {
        format!("eprintln!(\"{operation} failed: {{error:?}}\")")
    };
    let head = Range { start: statement.start, end: value.start }.in_file(view.body.file);
    let tail = Range { start: value.end, end: statement.end }.in_file(view.body.file);
    Some(Fix {
        title: "log the error".into(),
        applicability: Applicability::MaybeIncorrect,
        edits: vec![
            Edit { span: head, content: "if let Err(error) = ".into() },
            Edit { span: tail, content: format!(" {{ {log}; }}") },
        ],
    })
}

fn words(way: &Way) -> &'static str {
    match way {
        Way::Underscore => "the result is bound to `_`",
        Way::Ok => "`.ok()` turns the error into nothing",
        Way::IfLet => "only success is looked at",
        Way::Arm => "the error is thrown away here",
        Way::Default => "an error looks like an empty value from here on",
        Way::Tested => "only success has consequences",
        Way::Absent => "an error looks like something that is not there",
        Way::Instead(_) => "an error is replaced by this, and nothing tells",
        Way::Otherwise => "an error ends this as if there were nothing to do",
    }
}

fn takes_only_ok(pattern: &Pattern) -> bool {
    pattern.variant().is_some_and(|name| name == "Ok")
}
