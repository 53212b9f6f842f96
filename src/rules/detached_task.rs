//! `detached-task`: a task or thread that never ends, which nobody holds and nothing can stop. Sees tasks whose handle is dropped where they are
//! spawned; what a handle that is kept is used for is not asked.

use crate::catalogue::Runs;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::contexts::{Repeated, Repeats};
use crate::index::programs::Program;
use crate::index::tasks::{End, Handle, Task};

const ID: &str = "detached-task";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    index.tasks().iter().filter_map(|task| diagnose(index, task)).collect()
}

fn diagnose(index: &Index, task: &Task) -> Option<Diagnostic> {
    let (end, never) = match &task.end {
        End::Never(label) => (label, true),
        End::Fails(label) => (label, false),
        _ => return None,
    };
    let (body, span) = (task.spawn.body, index.name_span(task.spawn));
    if task.handle != Handle::Dropped || index.is_test(body) || index.is_intended(span) {
        return None;
    }
    let program = index.services_reaching(body).next()?;
    // A server that nothing stops is a flaw of its own.
    if index.listens(task) || index.is_server(task) {
        return None;
    }
    let what = if task.runs == Runs::Task { "task" } else { "thread" };
    let report = |confidence, message: String, label: &str| {
        Diagnostic::new(ID, confidence, message, Label::new(span, label))
            .about(index.item_path(body), what)
            .evidence([end.clone()])
    };
    // What fails with its connection or job ends with it.
    if let Some(repeated) = spawned_again(index, task).filter(|_| never) {
        let message = format!("a {what} that never ends is spawned {}", repeated.repeats.words());
        return Some(
            report(Confidence::Certain, message, "spawned here, and its handle is dropped")
                .evidence(repeated.evidence)
                .note("each one stays, with all that it holds, until the process ends")
                .help("let it end with what it is for: give it a token or channel that says so, or keep its handle and abort it"),
        );
    }
    let (shutdown, changed) = (stops_in_order(index, program), index.changes_of(task));
    let (Some(signal), Some((site, effect))) = (shutdown, changed) else {
        let message = format!("nothing can stop this {what}");
        let hint = report(Confidence::Hint, message, "its handle is dropped, and it listens to nothing");
        return Some(hint.help("keep its handle, or give it a token or channel that tells it to stop"));
    };
    let message = format!("this {what} is not told when the program stops");
    Some(
        report(Confidence::Likely, message, "its handle is dropped, and it listens to nothing")
            .evidence([Label::new(
                index.name_span(site),
                format!("its work on the {} may be cut off here", effect.noun()),
            )])
            .evidence([signal])
            .note("the program stops in order, and this work is cut off wherever it stands")
            .help("give it the token or channel that tells the others to stop, and wait for it before `main` returns"),
    )
}

/// The proof that it is spawned for every request, or in every turn of a loop that waits for work: what a `for` sets up is bounded.
fn spawned_again(index: &Index, task: &Task) -> Option<Repeated> {
    let repeated = index.repeated_if(task.spawn, &|body, region| index.is_work_loop(body, region))?;
    (repeated.repeats != Repeats::Worker).then_some(repeated)
}

/// Where a program learns that it has to stop, if it does.
fn stops_in_order(index: &Index, program: &Program) -> Option<Label> {
    let stops = |name: &str| matches!(name, "interrupt" | "terminate");
    let signal = program.signals.iter().find(|at| at.reached && at.names.iter().any(|name| stops(name)))?;
    Some(Label::new(index.name_span(signal.site), "here the program learns that it has to stop"))
}
