//! `lost-task-error`: a task or thread ends in an error, and whoever holds its handle never looks.

use crate::catalogue::Calls;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{LocalId, LoopKind, NodeId, Op, Pattern, PatternKind, RegionId, SelectArm};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::view::View;
use crate::index::calls::Site;
use crate::index::declared::types::Ty;
use crate::index::flow::effects::Effected;
use crate::index::flow::errors::only_explains;
use crate::index::tasks::End;
use crate::index::tasks::outcomes::Fallible;
use crate::source::Range;

const ID: &str = "lost-task-error";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    index.look(diagnose)
}

/// How the error gets lost.
#[derive(Clone, Copy)]
enum Way {
    /// The handle is dropped.
    Handle,
    /// The handle is dropped on one way, and waited for on another.
    Branch,
    /// The task is waited for, and what it gave is thrown away.
    Output,
    /// Only a panic is looked at.
    Panic,
    /// The task throws away what ends it.
    Within,
    /// The handle is looked at when the program ends, and not before.
    Late,
}

fn diagnose(view: View, node: NodeId) -> Option<Diagnostic> {
    let range = view.range(node);
    match view.op(node) {
        Op::Discard(of) => statement(view, *of, range),
        Op::Bind { pattern, init: Some(init), .. } if pattern.is_wild() => statement(view, *init, range),
        Op::Bind { otherwise: Some(_), .. } => only_outside(view, node),
        Op::Bind { pattern, init: Some(init), .. } => match pattern.kind {
            PatternKind::Bind { local, of: None } if is_unused(view, local) => statement(view, *init, range),
            PatternKind::Bind { local, of: None } if is_left_on_a_way(view, node, local) => {
                dropped(view, *init, Way::Branch)
            }
            PatternKind::Bind { local, of: None } => seen_late(view, node, local, given_by_block(view, *init)),
            _ => None,
        },
        Op::Let { .. } | Op::Match { .. } | Op::Method { .. } => only_outside(view, node),
        Op::Loop { kind: LoopKind::While, region } => drained(view, *region),
        Op::Select { arms, .. } => arms.iter().find_map(|arm| selected(view, arm)),
        _ => None,
    }
}

/// A value that is thrown away: a handle, or what a task gave.
fn statement(view: View, value: NodeId, range: Range) -> Option<Diagnostic> {
    if let Some(found) = dropped(view, value, Way::Handle) {
        return Some(found);
    }
    let value = match view.op(value) {
        Op::Method { receiver, name, .. } if name == "ok" => *receiver,
        _ => value,
    };
    let site = view.site(value);
    let mut handles = results_of(view, value);
    handles.extend(unwrapped(view, value));
    handles.extend(view.index.all_joined(site).or_else(|| view.index.next_joined(site)));
    if handles.is_empty() { within(view, value, range) } else { lost(view, &handles, Way::Output, range) }
}

/// What a task runs until it is stopped gives a `Result`, and the task throws it away. Where it is known what fails there, that is a
/// swallowed error.
fn within(view: View, value: NodeId, range: Range) -> Option<Diagnostic> {
    let site = view.site(value);
    let Op::Await(call) = *view.op(value) else { return None };
    let Callee::Workspace(function) = *view.index.callee(view.site(call))? else { return None };
    let is_unheard =
        |error: &Ty| matches!(error, Ty::Ext(path, _) if view.index.catalogue().lists(Calls::Unheard, *path));
    let says_something =
        view.ty(value).error().is_some_and(|error| *error != Ty::unit() && !error.is_unknown() && !is_unheard(error));
    let ends_the_task = says_something
        && view.index.runs_apart(site)
        && view.index.works_until_stopped(function)
        && view.index.effect(site).is_none_or(|effected| effected.told)
        && !view.index.error_is_told(site)
        && !view.index.is_teardown(site)
        && !view.index.is_on_failing_path(site);
    let fails = Fallible { started: None, effected: None, tells: false };
    ends_the_task.then(|| diagnostic(view, &[fails], Way::Within, range))?
}

/// The call starts a task, and its handle is dropped.
fn dropped(view: View, value: NodeId, way: Way) -> Option<Diagnostic> {
    let output = view.index.task_output(view.ty(value))?;
    if output.error().is_some_and(|error| view.index.says_nothing(error)) {
        return None;
    }
    // What starts the task may fail to do so.
    let start = match *view.op(value) {
        Op::Try(of) => of,
        _ => value,
    };
    let task = view.index.fallible(view.site(start))?;
    let span = view.index.name_span(view.site(start));
    diagnostic(view, &[task], way, Range { start: span.start, end: span.end })
}

/// What a block ends with, or a value as it is.
fn given_by_block(view: View, value: NodeId) -> NodeId {
    match view.op(value) {
        Op::Block(region) => view.facts.region(*region).value.map_or(value, |inner| given_by_block(view, inner)),
        _ => value,
    }
}

/// `let server = spawn(serve()); ctrl_c().await; server.await?`: what works until it is stopped may fail long before, and the service goes on without it.
fn seen_late(view: View, bind: NodeId, handle: LocalId, start: NodeId) -> Option<Diagnostic> {
    let task = view.index.task_at(view.site(start))?;
    let first_use = view.facts.uses(handle).next()?;
    let is_beside = |node: NodeId| view.facts.node(node).region == view.facts.node(bind).region;
    let mut waits = view.facts.iter().map(|(node, _)| node).filter(|node| *node > bind && *node < first_use);
    let told = waits.find(|node| is_beside(*node) && view.index.waits_for_a_signal(view.site(*node)))?;
    let waited = view.index.waits_for(view.body, handle);
    if waited.is_empty() || view.index.exits(task) || !goes_on(view, view.site(start)) {
        return None;
    }
    let found = dropped(view, start, Way::Late)?;
    let late = [
        Label::new(view.span(told), "the program waits for a signal here"),
        Label::new(view.span(waited[0]), "only then its result is looked at"),
    ];
    Some(found.evidence(late))
}

/// The result about a task is told apart, and the one inside is not looked at: `if let Err(error) = handle.await`, `Some(Ok(_)) => ..`, `handle.await.is_err()`.
fn only_outside(view: View, node: NodeId) -> Option<Diagnostic> {
    let handle = |value: NodeId| view.index.joined(view.site(value));
    let (handle, range) = match view.op(node) {
        // What follows success, or failure, says that there is no more to it.
        Op::Let { pattern, of } if pattern.is_err() || takes_any_success(pattern) => {
            let owner = view.info.parent(node).filter(|owner| matches!(view.op(*owner), Op::If { .. }))?;
            let Op::If { then, otherwise, .. } = view.op(owner) else { return None };
            let entered_by_success = if pattern.is_err() { *otherwise } else { Some(*then) };
            (
                handle(*of).filter(|_| !entered_by_success.is_some_and(|at| view.index.warns(view.body, at)))?,
                pattern.range,
            )
        }
        Op::Bind { pattern, init: Some(init), .. } if takes_any_success(pattern) => (handle(*init)?, pattern.range),
        Op::Method { receiver, name, .. } if name == "is_ok" || name == "is_err" => {
            (handle(*receiver)?, view.range(node))
        }
        Op::Match { scrutinee, arms } => {
            let site = view.site(*scrutinee);
            let (handle, takes): (Site, fn(&Pattern) -> bool) = match handle(*scrutinee) {
                Some(handle) => (handle, takes_any_success),
                None => (view.index.next_joined(site)?, takes_any_next),
            };
            let arm = arms.iter().find(|arm| !arm.guarded && takes(&arm.pattern))?;
            (Some(handle).filter(|_| !view.index.warns(view.body, arm.region))?, arm.pattern.range)
        }
        _ => return None,
    };
    lost(view, &[handle], Way::Panic, range)
}

/// `Ok(_)`
fn takes_any_success(pattern: &Pattern) -> bool {
    pattern.is_ok() && pattern.parts().iter().all(Pattern::is_wild)
}

/// `Some(Ok(_))`
fn takes_any_next(pattern: &Pattern) -> bool {
    pattern.is_some() && matches!(pattern.parts(), [only] if takes_any_success(only))
}

/// `handle.await?`, `handle.await.map_err(..)?`, `handle.join().unwrap()`, `try_join_all(handles).await?`, `try_join!(one, other)?`.
fn unwrapped(view: View, value: NodeId) -> Vec<Site> {
    match view.op(value) {
        Op::Try(of) => handles_tried(view, *of),
        Op::Method { receiver, name, .. } if name == "unwrap" || name == "expect" => results_of(view, *receiver),
        _ => Vec::new(),
    }
}

/// The handles whose own error a `?` passes on: behind an `expect` it passes on what the task gave.
fn handles_tried(view: View, value: NodeId) -> Vec<Site> {
    match view.op(value) {
        Op::Method { name, .. } if name == "unwrap" || name == "expect" => Vec::new(),
        Op::Method { receiver, name, .. } if only_explains(name) => handles_tried(view, *receiver),
        _ => results_of(view, value),
    }
}

/// The handles that results were got through.
fn results_of(view: View, value: NodeId) -> Vec<Site> {
    let site = view.site(value);
    view.index.joined(site).map_or_else(|| view.index.joined_together(site), |handle| vec![handle])
}

/// `while let Some(_) = set.join_next().await {}`, `while set.join_next().await.is_some() {}`.
fn drained(view: View, region: RegionId) -> Option<Diagnostic> {
    let nodes = view.facts.region(region).nodes.iter().copied();
    let condition = nodes.filter(|node| view.info.parent(*node).is_none()).find_map(|node| {
        let next = |of: NodeId| view.index.next_joined(view.site(of)).map(|set| (set, view.range(node)));
        match view.op(node) {
            Op::Let { pattern, of } if throws_output_away(pattern) => next(*of),
            Op::Method { receiver, name, .. } if name == "is_some" => next(*receiver),
            _ => None,
        }
    });
    let (set, range) = condition?;
    lost(view, &[set], Way::Output, range)
}

/// An arm of `select!` that waits for a task and does not look at what it gave.
fn selected(view: View, arm: &SelectArm) -> Option<Diagnostic> {
    if view.index.tells(view.body, arm.region) {
        return None;
    }
    let future = view.site(arm.future);
    let handle = match view.index.next_joined(future) {
        Some(set) if throws_output_away(&arm.pattern) => set,
        None if arm.pattern.is_wild() => view.index.task_output(view.ty(arm.future)).map(|_| future)?,
        _ => return None,
    };
    lost(view, &[handle], Way::Output, arm.pattern.range)
}

fn lost(view: View, handles: &[Site], way: Way, range: Range) -> Option<Diagnostic> {
    if handles.iter().any(|handle| view.index.is_teardown(*handle) || view.index.is_on_failing_path(*handle)) {
        return None;
    }
    let tasks: Vec<Fallible> = handles.iter().flat_map(|handle| view.index.fallible_tasks(*handle)).collect();
    diagnostic(view, &tasks, way, range)
}

fn diagnostic(view: View, tasks: &[Fallible], way: Way, range: Range) -> Option<Diagnostic> {
    let silent: Vec<&Fallible> = tasks.iter().filter(|task| !task.tells).collect();
    let worst = silent.iter().find(|task| task.effected.is_some()).or(silent.first())?;
    let span = view.in_file(range);
    if view.index.is_intended(span) {
        return None;
    }
    let serves_one = |effected: &Effected| effected.chain.last().is_some_and(|future| view.index.serves_one(*future));
    let by_the_way =
        |effected: &Effected| effected.chain.last().is_some_and(|call| view.index.reports_to_its_makers(*call));
    let is_known = worst.effected.as_ref().is_some_and(|effected| !serves_one(effected) && !by_the_way(effected))
        || matches!(way, Way::Within);
    // Who only starts a task mostly says by that that nothing hangs on its end, but for what goes on as long as the program.
    let is_started_alone = matches!(way, Way::Handle) && !worst.started.is_some_and(|start| goes_on(view, start));
    let confidence = if is_known && !is_started_alone { Confidence::Likely } else { Confidence::Hint };
    let (message, label) = match way {
        Way::Handle => {
            ("the error of this task is lost: nobody keeps its handle", "it returns a `Result` that nobody gets")
        }
        Way::Branch => (
            "the error of this task is lost where nobody waits for it",
            "it returns a `Result` that one branch waits for, and the other drops",
        ),
        Way::Output => {
            ("the error of a task is lost: its result is thrown away", "what the task returned is not looked at")
        }
        Way::Late => (
            "the error of this task is not seen before the program ends",
            "it returns a `Result` when it fails, and the service goes on without it",
        ),
        Way::Within => (
            "the error that ends this task is thrown away",
            "this goes on until it is stopped or fails, and nobody looks at the `Result` that it gives",
        ),
        Way::Panic => (
            "the error of a task is lost: only its panic is looked at",
            "this is about the task itself; the `Result` inside is not looked at",
        ),
    };
    let started = worst.started.map(|site| view.index.name_span(site)).filter(|at| at.start != span.start);
    let stems = worst.effected.as_ref().and_then(|effected| {
        let at = view.index.name_span(*effected.chain.last()?);
        Some(Label::new(at, format!("the {} error stems from here", effected.effect.noun())))
    });
    Some(
        Diagnostic::new(ID, confidence, message, Label::new(span, label))
            .about(view.index.item_path(view.body), "task")
            .evidence(started.map(|at| Label::new(at, "the task is started here")).into_iter().chain(stems))
            .note("the task ends, and nothing tells that it did or why")
            .help("log the error inside the task, or wait for the task and look at both results"),
    )
}

/// Whether a task is started once in a service, and works until it fails: it serves, takes work, or turns in a loop.
fn goes_on(view: View, start: Site) -> bool {
    let lasts = view.index.task_at(start).is_some_and(|task| match task.end {
        _ if view.index.is_server(task) => true,
        End::ByItself | End::WithReader(_) | End::Unknown => false,
        // Who only waits for the word to stop has no work until then.
        End::WhenTold(_) => {
            let is_loop = |site: Site| matches!(view.index.node(site).op, Op::Loop { .. });
            view.index.work_sites(task).into_iter().any(is_loop)
        }
        End::WithChannel(_) | End::Fails(_) | End::Never(_) => true,
    });
    lasts && view.index.may_serve(start.body) && view.index.while_serving(start).is_none()
}

/// A variable that is named and never used: `let _task = spawn(..)`.
fn is_unused(view: View, local: LocalId) -> bool {
    view.facts.local(local).name.starts_with('_') && !view.facts.is_used(local)
}

/// `if wait { handle.await } else { Ok(accepted()) }`: whether a handle is used in one branch of an `if` behind it, and nowhere else.
fn is_left_on_a_way(view: View, bind: NodeId, local: LocalId) -> bool {
    let uses: Vec<RegionId> = view.facts.uses(local).map(|used| view.facts.node(used).region).collect();
    let region = view.facts.node(bind).region;
    let all_in = |branch: RegionId| uses.iter().all(|used| view.facts.is_inside(*used, branch));
    let fails = |branch: RegionId| view.index.fails_at_end(view.body, branch);
    !uses.is_empty()
        && view.facts.iter().skip(bind.index()).any(|(_, n)| match n.op {
            Op::If { then, otherwise, .. } if n.region == region => {
                let left =
                    if all_in(then) { otherwise } else { otherwise.filter(|other| all_in(*other)).map(|_| then) };
                left.is_some_and(|left| !fails(left))
            }
            _ => false,
        })
}

/// Whether what a task gave gets no name: `Some(_)`, `Some(Ok(_))`, `Some(Err(error))`, `_`.
fn throws_output_away(pattern: &Pattern) -> bool {
    let [output] = pattern.parts() else { return pattern.is_wild() };
    pattern.is_some()
        && (output.is_wild() || output.is_err() || (output.is_ok() && output.parts().iter().all(Pattern::is_wild)))
}
