//! `dropped-guard`: a value that works only while it lives is dropped at once, or before the program that needs it ends; or one that must be
//! driven never is.

use ustr::Ustr;

use crate::catalogue::{Calls, Runs, TypeEntry};
use crate::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Fix, Label};
use crate::facts::model::{LocalId, NodeId, Op, Pattern, PatternKind, RegionId, RegionKind};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::view::View;
use crate::index::declared::types::Ty;
use crate::index::flow::errors::only_explains;
use crate::index::resources::words;
use crate::source::Span;

const ID: &str = "dropped-guard";

/// Kinds that are also made for a free name alone, or to see whether something can be made there: then they do right to end at once.
const LENDS_ITS_NAME: [&str; 2] = ["temp-dir", "temp-file"];

const KEEP: &str =
    "bind it to a name that starts with an underscore, such as `_guard`, and keep it for as long as it is needed";
const DRIVE: &str = "spawn it, or await it beside what uses it: nothing happens while nobody polls it";

/// Whether it works only while it is polled: living is not enough.
fn is_driver(entry: &TypeEntry) -> bool {
    entry.kind.is_some_and(|kind| kind == "driver")
}

pub fn check(index: &Index) -> Vec<Diagnostic> {
    index.look(diagnose)
}

fn diagnose(view: View, node: NodeId) -> Option<Diagnostic> {
    match view.op(node) {
        Op::Bind { pattern, init: Some(init), .. } => binding(view, node, pattern, *init),
        Op::Discard(of) => statement(view, node, *of),
        Op::Method { receiver, name, .. } => temporary(view, node, *receiver, *name),
        _ => None,
    }
}

/// The guard a value is, behind `Result` and `Option`.
fn guard<'i>(view: View<'i>, ty: &Ty) -> Option<&'i TypeEntry> {
    match ty {
        Ty::Ext(path, _) => match ty.content() {
            Some(inner) => guard(view, inner),
            None => {
                let entry = view.index.resource(*path).filter(|entry| entry.when_dropped.is_some())?;
                (!view.index.is_done_by_hand(view.body, entry)).then_some(entry)
            }
        },
        _ => None,
    }
}

/// `gate.lock();`: a lock with nothing inside, taken and let go again, waits until whoever holds it is through.
fn is_gate(ty: &Ty) -> bool {
    let is_unit = |ty: &Ty| matches!(ty, Ty::Tuple(parts) if parts.is_empty());
    matches!(ty, Ty::Ext(_, parts) if parts.iter().any(is_unit))
}

/// `let _ = readers.write().await`: whoever writes waits until the last of those who read is through; with nothing inside there is nothing to write.
fn is_barrier(ty: &Ty) -> bool {
    is_gate(ty) && matches!(ty, Ty::Ext(path, _) if path.ends_with("WriteGuard"))
}

/// `let _ = variable` drops nothing: only what a call, macro, `?` or `.await` gives is a temporary.
fn is_temporary(view: View, node: NodeId) -> bool {
    match view.op(node) {
        Op::Call { .. } | Op::Method { .. } | Op::Macro(_) | Op::Struct { .. } => true,
        Op::Try(of) | Op::Await(of) => is_temporary(view, *of) || matches!(view.facts.node(*of).op, Op::Local(_)),
        _ => false,
    }
}

/// `let _ = self.permit.take()`, `let _ = streams.remove(&name).ok_or(NotFound)?`: what was kept is taken out to be dropped.
fn is_given_back(view: View, value: NodeId) -> bool {
    let mut at = value;
    loop {
        match view.op(at) {
            // `profiler.lock().take()`: what is taken out of an `Option` comes out of one, whatever lends that.
            Op::Method { receiver, name, arguments, .. } if name == "take" && arguments.is_empty() => {
                let owner = *receiver;
                return view.ty(at).is_option() && !is_temporary(view, owner) || is_given_back(view, owner);
            }
            Op::Method { receiver, name, .. } if name == "unwrap" || only_explains(name) => at = *receiver,
            Op::Try(of) => at = *of,
            Op::Method { name, .. } => return view.index.catalogue().lists(Calls::Shrinks, *name),
            _ => return false,
        }
    }
}

/// `spawn_blocking(move || folder).await?`: what lived until here is handed to where dropping it may take its time.
fn is_dropped_elsewhere(view: View, value: NodeId) -> bool {
    let arguments = match view.op(value) {
        Op::Try(of) | Op::Await(of) => return is_dropped_elsewhere(view, *of),
        Op::Call { arguments, .. } | Op::Method { arguments, .. } => arguments,
        _ => return false,
    };
    arguments.iter().any(|argument| match view.op(*argument) {
        Op::Closure { region, .. } => {
            let given = view.facts.region(*region).value;
            given.is_some_and(|given| match view.op(given) {
                Op::Local(local) => !view.facts.is_inside(view.facts.local(*local).region, *region),
                _ => false,
            })
        }
        _ => false,
    })
}

/// Whether it keeps others out, and nothing comes after it in its block that they could be kept out of: then to wait for it was the purpose.
/// So it is where several permits are asked for at once.
fn is_awaited_only(view: View, entry: &TypeEntry, statement: NodeId) -> bool {
    let excludes = entry.kind.is_some_and(|kind| kind == "permit" || kind == "lock");
    let (block, end) = (view.facts.node(statement).region, view.range(statement).end);
    let works = |node: NodeId| match view.op(node) {
        Op::Call { .. } => !is_constructor(view.index.callee(view.site(node))),
        Op::Method { .. } | Op::Await(_) => true,
        _ => false,
    };
    let follows = |node: NodeId| view.range(node).start >= end && view.is_inside(node, block);
    let goes_on = || view.facts.iter().any(|(node, _)| follows(node) && works(node) && !is_told(view, node));
    excludes && (asks_for_all(view, statement) || !goes_on())
}

/// Whether a function of the project that gives a guard changes something by itself: then it may be called for that, and the guard lets a caller look on.
fn does_more(view: View, value: NodeId) -> bool {
    let Some(body) = view.index.called_directly(view.site(value)) else { return false };
    let changes = |body| view.index.body(body).iter().any(|(_, n)| matches!(n.op, Op::Assign { .. }));
    let callees = view.index.calls.callees(body).iter().filter_map(|call| view.index.called_directly(call.site));
    [body].into_iter().chain(callees).any(changes)
}

/// Whether what gives a guard is a function of the project that leads further than to the lock: then it may be called for what it does on the way.
fn goes_further(view: View, value: NodeId) -> bool {
    let called = view.index.called_directly(view.site(value));
    called.is_some_and(|body| !view.index.calls.callees(body).is_empty())
}

/// Whether a statement waits for several permits at once, as after handing out each of them: it waits until all are back.
fn asks_for_all(view: View, statement: NodeId) -> bool {
    let whole = view.range(statement);
    view.facts.iter().any(|(node, n)| {
        let path = || view.index.external(view.site(node));
        whole.contains(n.range) && path().is_some_and(|path| view.index.catalogue().lists(Calls::TakesSeveral, path))
    })
}

/// `Ok(..)`, `Point(..)`: nothing runs.
fn is_constructor(callee: Option<&Callee>) -> bool {
    let is_type = |name: &str| name.starts_with(|first: char| first.is_ascii_uppercase());
    match callee {
        Some(Callee::Constructor(..)) => true,
        Some(Callee::External(path)) => path.rsplit("::").next().is_some_and(is_type),
        _ => false,
    }
}

/// Whether a value is made for a message only.
fn is_told(view: View, node: NodeId) -> bool {
    let mut parents = std::iter::successors(view.info.parent(node), |at| view.info.parent(*at));
    parents.any(|at| matches!(view.op(at), Op::Macro(_)))
}

/// Whether a variable is used in a way that takes its value elsewhere.
fn is_moved(view: View, local: LocalId) -> bool {
    let mut uses = view.facts.iter().filter(|(_, n)| matches!(n.op, Op::Local(used) if used == local));
    uses.any(|(node, n)| {
        let elsewhere = match view.info.parent(node).map(|parent| (parent, view.op(parent))) {
            Some((parent, Op::Method { receiver, .. })) if *receiver == node => hands_on(view, node, parent),
            Some((parent, Op::Macro(_))) => is_gathered(view, node, parent),
            Some((_, Op::Reference { .. } | Op::Field { .. } | Op::Deref(_))) => false,
            _ => true,
        };
        elsewhere || is_in_kept_closure(view, n.region, local)
    })
}

/// Whether a macro makes a value that has the one it is given in it: `vec![guard]`.
fn is_gathered(view: View, guard: NodeId, call: NodeId) -> bool {
    let Ty::Ext(path, _) = view.ty(guard).peeled() else { return false };
    !matches!(view.ty(guard), Ty::Ref(_)) && view.index.owns(view.ty(call), *path)
}

/// Whether a method of a `Result` or `Option` gives the guard in it on: `watcher.map_err(..)`.
fn hands_on(view: View, of: NodeId, call: NodeId) -> bool {
    view.ty(of).content().is_some() && view.ty(call).content().is_some_and(|inner| Some(inner) == view.ty(of).content())
}

/// Whether a region lies in a closure, made where the variable lives, that is given to something which is not known to run it at once, or in an async block
/// that the function gives back: what it names moves along.
fn is_in_kept_closure(view: View, region: RegionId, local: LocalId) -> bool {
    let own = view.facts.local(local).region;
    let between = view.facts.outwards(region).take_while(|(at, _)| *at != own);
    let runs_at_once = |at| matches!(view.info.runs.get(&at), Some(Runs::Inline | Runs::Iteration));
    between.into_iter().any(|(at, r)| match r.kind {
        RegionKind::Closure => !runs_at_once(at) && is_given_away(view, at),
        RegionKind::Async => is_given_back_later(view, at),
        _ => false,
    })
}

/// Whether an async block is what the function gives, perhaps in a box: it runs when the function has returned.
fn is_given_back_later(view: View, block: RegionId) -> bool {
    let Some(node) = view.info.region_node(block) else { return false };
    let outwards = std::iter::successors(Some(node), |at| {
        let parent = view.info.parent(*at)?;
        matches!(view.op(parent), Op::Call { .. } | Op::Method { .. } | Op::Return(_)).then_some(parent)
    });
    let given = view.index.returned_values(view.body);
    outwards.into_iter().any(|at| given.contains(&at))
}

/// Whether a closure is an argument, rather than bound to a name and called here.
fn is_given_away(view: View, closure: RegionId) -> bool {
    let parent = view.info.region_node(closure).and_then(|node| view.info.parent(node));
    parent.is_some_and(|parent| matches!(view.op(parent), Op::Call { .. } | Op::Method { .. } | Op::Struct { .. }))
}

fn binding(view: View, node: NodeId, pattern: &Pattern, init: NodeId) -> Option<Diagnostic> {
    let ty = view.ty(init);
    match &pattern.kind {
        PatternKind::Wild if is_temporary(view, init) => {
            dropped_at_once(view, node, guard(view, ty)?, init, Some(pattern))
        }
        PatternKind::Tuple(parts) => {
            let Ty::Tuple(types) = ty else { return None };
            parts.iter().zip(types).find_map(|(part, ty)| match part.kind {
                PatternKind::Wild if is_temporary(view, init) => {
                    dropped_at_once(view, node, guard(view, ty)?, init, Some(part))
                }
                PatternKind::Bind { local, .. } => kept(view, guard(view, ty)?, local),
                _ => None,
            })
        }
        PatternKind::Bind { local, .. } => match view.info.local(*local) {
            Ty::Future(given) => never_taken(view, guard(view, given)?, init, *local),
            ty => kept(view, guard(view, ty)?, *local),
        },
        _ => None,
    }
}

/// What would give a guard is bound in place of it: nothing happens before a future is awaited.
fn never_taken(view: View, entry: &TypeEntry, asked: NodeId, local: LocalId) -> Option<Diagnostic> {
    if is_used(view, local) {
        return None;
    }
    let bound = view.in_file(view.facts.local(local).range);
    let diagnostic = diagnostic(view, entry, "is never taken", Label::new(bound, "holds a future that nobody awaits"))?
        .evidence([Label::new(view.span(asked), "does nothing before it is awaited")])
        .note("nothing is held: what follows runs as if there were no such line")
        .help("await it here");
    Some(diagnostic)
}

/// A guard that has a name: it may live too short a time, and what must be driven may only lie there.
fn kept(view: View, entry: &TypeEntry, local: LocalId) -> Option<Diagnostic> {
    if is_driver(entry) { never_driven(view, entry, local) } else { ends_early(view, entry, local) }
}

fn statement(view: View, node: NodeId, of: NodeId) -> Option<Diagnostic> {
    // A `Result` that is thrown away whole is the compiler's to tell; the guard in it would be too.
    if !is_temporary(view, of) || !matches!(view.ty(of), Ty::Ext(path, _) if view.index.resource(*path).is_some()) {
        return None;
    }
    dropped_at_once(view, node, guard(view, view.ty(of))?, of, None)
}

/// `tempdir()?.path()`: the folder is gone at the end of the statement that asked for its path.
fn temporary(view: View, node: NodeId, receiver: NodeId, name: Ustr) -> Option<Diagnostic> {
    let entry = guard(view, view.ty(receiver))?;
    let is_path = name == "path" && entry.kind.is_some_and(|kind| kind.starts_with("temp-"));
    let mut at = node;
    while let Some(parent) = view.info.parent(at) {
        match view.op(parent) {
            Op::Bind { .. } if is_path && is_temporary(view, receiver) => {
                return dropped_at_once(view, parent, entry, receiver, None);
            }
            Op::Method { receiver, .. } if *receiver == at => at = parent,
            Op::Reference { .. } | Op::Try(_) => at = parent,
            _ => return None,
        }
    }
    None
}

fn dropped_at_once(
    view: View,
    statement: NodeId,
    entry: &TypeEntry,
    value: NodeId,
    pattern: Option<&Pattern>,
) -> Option<Diagnostic> {
    let for_another_end = is_given_back(view, value) || is_dropped_elsewhere(view, value) || does_more(view, value);
    if for_another_end || is_awaited_only(view, entry, statement) {
        return None;
    }
    let span = view.span(statement);
    let made = view.span(value);
    let found =
        diagnostic(view, entry, "is dropped at once", Label::new(span, "dropped at the end of this statement"))?
            .evidence((made != span).then(|| Label::new(made, "made here")))
            .help(if is_driver(entry) { DRIVE } else { KEEP })
            .fix(fix(view, entry, statement, pattern));
    Some(if may_be_meant(view, entry, value, pattern) { found.at_most(Confidence::Hint) } else { found })
}

/// Whether a guard may well be meant to end at once: for its name, for the wait, or for what its maker does besides.
fn may_be_meant(view: View, entry: &TypeEntry, value: NodeId, pattern: Option<&Pattern>) -> bool {
    let is_waited_for = if pattern.is_some() { is_barrier } else { is_gate };
    entry.kind.is_some_and(|kind| LENDS_ITS_NAME.contains(&kind.as_str()))
        || is_waited_for(view.ty(value))
        || goes_further(view, value)
}

/// What does all the work of its companion is bound and never looked at again.
fn never_driven(view: View, entry: &TypeEntry, local: LocalId) -> Option<Diagnostic> {
    if is_used(view, local) {
        return None;
    }
    let bound = view.in_file(view.facts.local(local).range);
    Some(diagnostic(view, entry, "is never driven", Label::new(bound, "neither spawned nor awaited"))?.help(DRIVE))
}

/// A guard that should live as long as the program, bound where the scope ends before the program does.
fn ends_early(view: View, entry: &TypeEntry, local: LocalId) -> Option<Diagnostic> {
    if !entry.program_long || view.index.is_test(view.body) {
        return None;
    }
    let binding = view.facts.local(local);
    let (scope, ends) = scope(view, local)?;
    if lasts(view, scope) || is_moved(view, local) || mentioned(view, local) {
        return None;
    }
    let diagnostic = diagnostic(view, entry, "is dropped too early", Label::new(view.in_file(binding.range), ends))?
        .help("return it to `main` and keep it there until the program ends");
    Some(diagnostic)
}

/// The region that the local lives in, and what its end is called; none where that is the end of the program.
fn scope(view: View, local: LocalId) -> Option<(crate::facts::model::RegionId, String)> {
    let region = view.facts.local(local).region;
    let function = view.index.function_of(view.body)?;
    let is_main = view.index.ends_the_program(function);
    let inner = view.facts.region(region).kind != RegionKind::Function;
    match (inner, is_main) {
        (true, _) => Some((region, "dropped at the end of this block".into())),
        (false, true) => None,
        (false, false) => {
            let name = view.index.fn_name(function);
            Some((region, format!("dropped when `{name}` returns")))
        }
    }
}

/// Whether the scope itself runs for as long as the program: it serves, waits in a loop, or runs all the rest.
fn lasts(view: View, scope: crate::facts::model::RegionId) -> bool {
    let inside = |node: NodeId| view.is_inside(node, scope);
    view.index.runs_the_program(view.body, &inside)
}

fn is_used(view: View, local: LocalId) -> bool {
    view.facts.uses(local).next().is_some()
}

fn mentioned(view: View, local: LocalId) -> bool {
    view.facts.nodes.iter().any(|node| matches!(&node.op, Op::Macro(call) if call.mentions.contains(&local)))
}

fn diagnostic(view: View, entry: &TypeEntry, how: &str, primary: Label) -> Option<Diagnostic> {
    let name = entry.path.rsplit("::").next()?;
    let kind = words(&entry.kind?);
    let diagnostic = Diagnostic::new(ID, Confidence::Certain, format!("the {kind} `{name}` {how}"), primary)
        .about(view.index.item_path(view.body), entry.path.as_str())
        .note(entry.when_dropped.clone()?);
    Some(diagnostic)
}

/// Gives a name to what is bound to `_`, or binds what is not bound at all. A guard that must outlive its function needs a person, and a
/// name drives nothing.
fn fix(view: View, entry: &TypeEntry, statement: NodeId, pattern: Option<&Pattern>) -> Option<Fix> {
    if is_driver(entry) {
        return None;
    }
    let applicability =
        if entry.program_long { Applicability::MaybeIncorrect } else { Applicability::MachineApplicable };
    let span = view.span(statement);
    let edit = match (pattern, view.op(statement)) {
        (Some(pattern), _) => Edit { span: view.in_file(pattern.range), content: "_guard".into() },
        (None, Op::Discard(_)) => Edit { span: Span { end: span.start, ..span }, content: "let _guard = ".into() },
        _ => return None,
    };
    // Inside a `Result` or `Option` the name keeps the guard all the same.
    Some(Fix { title: "keep it in a named variable".into(), applicability, edits: vec![edit] })
}
