//! `unbounded-spawn`: one task or thread more for every connection or request, with nothing that bounds how many there are at once. Sees permits of
//! semaphores as bounds; what a proxy, a layer in front, a count of what is open or the number of those who may connect bounds is not known, so that it
//! never says more than a hint.

use crate::catalogue::Runs;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::calls::contexts::{Repeated, Repeats};
use crate::index::tasks::{Handle, Task};

const ID: &str = "unbounded-spawn";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    index.tasks().iter().filter_map(|task| diagnose(index, task)).collect()
}

fn diagnose(index: &Index, task: &Task) -> Option<Diagnostic> {
    let (body, span) = (task.spawn.body, index.name_span(task.spawn));
    // Who waits for a task spawns the next one after it.
    if matches!(task.handle, Handle::Ended(_)) || index.is_test(body) || index.is_intended(span) {
        return None;
    }
    let repeated = from_outside(index, task)?;
    if repeated.repeats == Repeats::Request && (task.handle == Handle::Kept || index.is_spawned_into_local(task)) {
        return None;
    }
    let service = index.services_reaching(body).next()?;
    if index.is_limited(task) {
        return None;
    }
    let what = if task.runs == Runs::Task { "task" } else { "thread" };
    let each = if repeated.repeats == Repeats::Request { "request" } else { "connection" };
    Some(
        Diagnostic::new(
            ID,
            Confidence::Hint,
            format!("a {what} is spawned for every {each}, however many there are"),
            Label::new(span, "nothing bounds how many run at once"),
        )
        .about(index.item_path(body), what)
        .evidence(repeated.evidence)
        .evidence(service.verdict.why.clone())
        .note("whoever sends more than is worked off fills the memory, until all are slow or the process is killed")
        .help("take a permit of a semaphore before the spawn and move it into the task"),
    )
}

/// The proof that others decide how often a task is spawned: per request, or in a loop that takes connections.
fn from_outside(index: &Index, task: &Task) -> Option<Repeated> {
    let repeated = index.repeated_if(task.spawn, &|body, region| index.accepts_in(body, region, true))?;
    match repeated.repeats {
        Repeats::Request => Some(repeated),
        Repeats::Iteration => {
            // Whoever writes a listener of their own may let in only whom they know: what is spawned further in than its loop may be for those alone.
            let by_functions = repeated.way.is_empty();
            let accepts = repeated.in_loop.is_some_and(|(body, region)| index.accepts_in(body, region, by_functions));
            accepts.then_some(repeated)
        }
        Repeats::Worker => None,
    }
}
