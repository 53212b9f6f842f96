//! `shutdown-order`: what tasks use is closed before they are waited for. Sees the course of one function, where tasks are spawned, things are closed and
//! handles are awaited.

use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::resources::words;
use crate::index::tasks::waits::ClosedInUse;

const ID: &str = "shutdown-order";

/// Kinds that tasks work with. Closing others, such as channels and listeners, is how tasks are told to end.
const USED_TO_THE_END: [&str; 9] = [
    "connection-manager",
    "connection-pool",
    "database-client",
    "database-connection",
    "embedded-store",
    "mail-transport",
    "producer",
    "telemetry-exporter",
    "telemetry-provider",
];

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let found = index.closed_in_use(&|entry| entry.kind.is_some_and(|kind| USED_TO_THE_END.contains(&kind.as_str())));
    found.iter().filter_map(|found| diagnose(index, found)).collect()
}

fn diagnose(index: &Index, found: &ClosedInUse) -> Option<Diagnostic> {
    let kind = words(&index.resource(found.resource)?.kind?);
    let diagnostic = Diagnostic::new(
        ID,
        Confidence::Certain,
        format!("the {kind} is closed while a task still uses it"),
        Label::new(index.name_span(found.closed), "closed here"),
    )
    .about(index.item_path(found.closed.body), found.resource.as_str())
    .evidence([
        Label::new(index.span(found.shared), "this task is given it"),
        Label::new(index.name_span(found.waited), "the task is met only here"),
    ])
    .note("what the task does in between fails, and what it was asked to finish is lost")
    .help("first stop what makes work, then wait for the tasks, then close what they use");
    Some(diagnostic)
}
