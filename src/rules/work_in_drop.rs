//! `work-in-drop`: a `Drop` does what a destructor cannot: it blocks, waits for a task, spawns one, makes a future that nobody polls, or panics where an
//! operation fails.

use std::cmp::Reverse;

use crate::catalogue::{Calls, Effect, Runs};
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{NodeId, Op, PatternKind};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::declared::types::Ty;

const ID: &str = "work-in-drop";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let drops = index.defs().fn_ids().filter(|id| index.is_destructor(*id));
    drops.filter_map(|id| diagnose(index, index.defs().body_of(id)?)).collect()
}

/// What in a destructor does not belong there most surely, the first of these; the others are shown with it.
fn diagnose(index: &Index, body: BodyRef) -> Option<Diagnostic> {
    if !index.is_linked(body) || index.is_test(body) || looks_at_the_panic(index, body) {
        return None;
    }
    let mut nodes: Vec<NodeId> = index.info(body).callees.keys().copied().collect();
    nodes.sort_unstable();
    let here = nodes.into_iter().filter(|node| {
        let site = Site { body, node: *node };
        !index.runs_apart(site) || index.steps_aside(site)
    });
    let works: Vec<(Site, Work)> =
        here.map(|node| Site { body, node }).filter_map(|site| Some((site, Work::of(index, site)?))).collect();
    let sure = |(site, work): &(Site, Work)| work.confidence(index, *site);
    let (site, work) = *works.iter().min_by_key(|found| Reverse(sure(found)))?;
    let is_net = || index.function_of(body).is_some_and(|drop| index.only_makes_up_for_a_close(drop));
    if index.is_intended(index.span(site)) || work == Work::Spawns && is_net() {
        return None;
    }
    let others = works.iter().filter(|(at, _)| *at != site);
    let others = others.map(|(at, work)| Label::new(index.name_span(*at), work.label()));
    let diagnostic = Diagnostic::new(
        ID,
        work.confidence(index, site),
        work.message(),
        Label::new(index.name_span(site), work.label()),
    )
    .about(index.item_path(body), work.message())
    .evidence(others)
    .note(work.note())
    .help("give the type a method that ends it, call that, and leave to `Drop` what cannot wait and cannot fail");
    Some(diagnostic)
}

/// What a destructor does that it should not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    BlocksOn,
    /// It holds its thread until a future is done, on whatever thread that is.
    Drives,
    Blocks,
    Spawns,
    /// A future is made and dropped.
    Forgets,
    /// An operation that may fail for reasons outside of the program has to succeed.
    Panics,
}

impl Work {
    fn of(index: &Index, site: Site) -> Option<Work> {
        if forgets(index, site) {
            return Some(Work::Forgets);
        }
        if panics_on_failure(index, site) {
            return Some(Work::Panics);
        }
        let path = index.external(site)?;
        let lists = |list| index.catalogue().lists(list, path);
        if lists(Calls::PanicsInAsync) {
            let work = if index.steps_aside(site) { Work::Drives } else { Work::BlocksOn };
            return (!is_without_runtime(index, site)).then_some(work);
        }
        if index.callable(site).is_some_and(|callable| callable.runs == Runs::Task && callable.constructs.is_some()) {
            return (!asks_for_a_runtime(index, site.body)).then_some(Work::Spawns);
        }
        let drives = || match &index.node(site).op {
            Op::Call { arguments, .. } => {
                arguments.iter().any(|node| matches!(index.ty(Site { node: *node, ..site }), Ty::Future(_)))
            }
            _ => false,
        };
        lists(Calls::Blocks).then(|| if drives() { Work::Drives } else { Work::Blocks })
    }

    fn message(self) -> &'static str {
        match self {
            Work::BlocksOn | Work::Drives => "`drop` waits for a future",
            Work::Blocks => "`drop` blocks its thread",
            Work::Spawns => "`drop` spawns a task",
            Work::Forgets => "`drop` makes a future that is never polled",
            Work::Panics => "`drop` panics when an operation fails",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Work::BlocksOn => "panics on a thread that drives a runtime",
            Work::Drives => "a worker of a runtime stands still here, and may be what the future waits for",
            Work::Blocks => "whoever drops the value waits here",
            Work::Spawns => "needs a runtime, and is cut off when that ends",
            Work::Forgets => "nothing awaits this: it does nothing",
            Work::Panics => "panics on an error",
        }
    }

    fn note(self) -> &'static str {
        match self {
            Work::BlocksOn => {
                "a destructor runs wherever the last owner happens to be, in asynchronous code as well, where waiting is a panic"
            }
            Work::Drives | Work::Blocks => {
                "a destructor runs wherever the last owner happens to be, in asynchronous code as well, where every other task of the thread waits with it"
            }
            Work::Spawns => {
                "without a runtime this panics, and at shutdown the task is dropped before it has done its work"
            }
            Work::Forgets => "an asynchronous close only runs where it is awaited, and a destructor cannot await",
            Work::Panics => {
                "where another panic is being unwound this one aborts the process, and everywhere else what is dropped after it in the destructor is not cleaned up"
            }
        }
    }

    /// A spawned task is mostly a net beside a close that is called, or a courtesy to a peer that does without; what panics because of a child or a channel mostly
    /// cannot fail.
    fn confidence(self, index: &Index, site: Site) -> Confidence {
        match self {
            Work::BlocksOn | Work::Forgets => Confidence::Certain,
            // Who steps aside to wait for tasks of its own knows that they end.
            Work::Drives if index.steps_aside(site) && !works_outside(index, site) => Confidence::Hint,
            Work::Drives if !drives_elsewhere(index, site) => Confidence::Likely,
            // Those that were read were of programs that end with it, or of what cannot fail: none of four was true.
            Work::Drives | Work::Panics | Work::Spawns | Work::Blocks => Confidence::Hint,
        }
    }
}

/// Whether what a call is given to drive is an operation on something outside of the program, written out there.
fn works_outside(index: &Index, site: Site) -> bool {
    let facts = index.body(site.body);
    let whole = facts.node(site.node).range;
    facts.iter().any(|(node, n)| whole.contains(n.range) && index.effect(Site { node, ..site }).is_some())
}

/// Whether another method of the same type drives a future to its end in the same way: such a type lives on threads that may wait.
fn drives_elsewhere(index: &Index, site: Site) -> bool {
    let type_of = |function| Some(&index.signatures().impl_types[index.defs().impl_of(function)?.index()]);
    let own = index.function_of(site.body);
    let Some(Ty::Adt(dropped, _)) = own.and_then(type_of).map(Ty::peeled) else { return false };
    let path = index.external(site);
    let others = index.defs().fn_ids().filter(|id| Some(*id) != own);
    let of_type = others.filter(|id| matches!(type_of(*id).map(Ty::peeled), Some(Ty::Adt(id, _)) if id == dropped));
    let bodies = of_type.filter_map(|id| index.defs().body_of(id)).filter(|body| index.is_linked(*body));
    bodies.into_iter().any(|body| {
        let mut nodes = index.info(body).callees.keys();
        nodes.any(|node| index.external(Site { body, node: *node }) == path)
    })
}

/// Whether a call insists on the success of something that fails for reasons outside of the program, or because the other end of a channel is gone. That a
/// lock is poisoned or a thread has panicked are panics of somebody else, which are mostly meant to spread.
fn panics_on_failure(index: &Index, site: Site) -> bool {
    let Op::Method { receiver, ref name, .. } = index.node(site).op else { return false };
    let failed = Site { node: receiver, ..site };
    let insists = matches!(name.as_str(), "unwrap" | "expect") && index.ty(failed).is_result();
    let of_channel = |path| [Calls::Sends, Calls::Receives].into_iter().any(|list| index.catalogue().lists(list, path));
    let reaches_out = || index.effect(failed).is_some_and(|effected| effected.effect != Effect::Join);
    insists && (reaches_out() || is_io(index.ty(failed)) || index.external(failed).is_some_and(of_channel))
}

/// Whether the error of a `Result` is that of the system.
fn is_io(result: &Ty) -> bool {
    matches!(result.error(), Some(Ty::Ext(path, _)) if path == "std::io::Error")
}

/// Whether a call makes a future, and the statement around it drops that.
fn forgets(index: &Index, site: Site) -> bool {
    let (facts, info) = (index.body(site.body), index.info(site.body));
    let dropped = info.parent(site.node).is_some_and(|parent| match &facts.node(parent).op {
        Op::Discard(_) => true,
        Op::Bind { pattern, .. } => matches!(pattern.kind, PatternKind::Wild),
        _ => false,
    });
    dropped && matches!(index.ty(site), Ty::Future(_))
}

fn calls_any(index: &Index, body: BodyRef, list: Calls) -> bool {
    let called = index.info(body).callees.keys().map(|node| Site { body, node: *node });
    called.filter_map(|site| index.external(site)).any(|path| index.catalogue().lists(list, path))
}

/// Whether the destructor knows that it may run while a thread panics.
fn looks_at_the_panic(index: &Index, body: BodyRef) -> bool {
    calls_any(index, body, Calls::AsksForPanic)
}

/// Whether code is only come to where there was no runtime to be had: in the `Err` arm of a `match` that asked for one, or behind `else`.
fn is_without_runtime(index: &Index, site: Site) -> bool {
    let (facts, info) = (index.body(site.body), index.info(site.body));
    let asks = |node: NodeId| {
        let whole = facts.node(node).range;
        let within = facts.iter().filter(|(_, n)| whole.contains(n.range));
        let mut paths = within.filter_map(|(node, _)| index.external(Site { node, ..site }));
        paths.any(|path| index.catalogue().lists(Calls::AsksForRuntime, path))
    };
    facts.outwards(facts.node(site.node).region).any(|(region, _)| {
        match info.region_node(region).map(|owner| &facts.node(owner).op) {
            Some(Op::Match { scrutinee, arms }) => {
                let failed = arms.iter().any(|arm| arm.region == region && !arm.pattern.is_success());
                failed && asks(*scrutinee)
            }
            Some(Op::If { condition, then, .. }) => region != *then && asks(*condition),
            _ => false,
        }
    })
}

/// Whether the destructor asks whether there is a runtime.
fn asks_for_a_runtime(index: &Index, body: BodyRef) -> bool {
    calls_any(index, body, Calls::AsksForRuntime)
}
