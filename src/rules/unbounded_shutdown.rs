//! `unbounded-shutdown`: a program that is told to stop waits for tasks, and nothing bounds the wait. One finding per program. Joins of threads are left
//! alone: a thread cannot be waited for within a time.

use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::flow::time_bounds::{Bound, Callers};
use crate::index::programs::Program;
use crate::index::tasks::waits::Wait;

const ID: &str = "unbounded-shutdown";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = index.programs().iter().filter_map(|program| diagnose(index, program)).collect();
    // Programs that share a shutdown share its flaw.
    found.dedup_by_key(|diagnostic| diagnostic.primary.span);
    found
}

fn diagnose(index: &Index, program: &Program) -> Option<Diagnostic> {
    // What cannot be told to stop, and what is killed after a while in any case, waits for nobody.
    if program.signals.is_empty() || index.has_watchdog(program) {
        return None;
    }
    let waits = index.waits_at_shutdown(program);
    let serves = index.course(program).spine.last().copied();
    // A command of the same program that lives for its tasks is another run.
    let follows = |wait: &&Wait| serves.is_none_or(|serves| index.coexist(program, serves, wait.site));
    let bounded = |wait: &&Wait| wait.blocks || index.is_bounded_in_time(wait.site, Callers::All, Bound::Any);
    let told = |wait: &&Wait| index.follows_an_order(program, wait.site);
    let mut open = waits.iter().filter(follows).filter(|wait| !bounded(wait)).filter(told);
    let first: &Wait = open.next()?;
    let more = open.map(|wait| Label::new(index.name_span(wait.site), "and waits here"));
    let diagnostic = Diagnostic::new(
        ID,
        Confidence::Likely,
        "the shutdown waits for a task without a deadline",
        Label::new(index.name_span(first.site), "waits until the task has ended, however long that takes"),
    )
    .about(index.item_path(first.site.body), "wait")
    .evidence(more)
    .note("a task that hangs holds the program until it is killed, and what comes after the wait never runs")
    .help("bound the wait, as with `timeout`, and say what is left behind when it is over");
    Some(diagnostic)
}
