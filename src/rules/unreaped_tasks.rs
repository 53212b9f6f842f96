//! `unreaped-tasks`: a set of tasks, or a collection of their handles, gets more in an endless loop or with every request, and nobody takes out those
//! that are done.

use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::tasks::piles::Pile;

const ID: &str = "unreaped-tasks";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    index.piles().iter().filter_map(|pile| diagnose(index, pile)).collect()
}

fn diagnose(index: &Index, pile: &Pile) -> Option<Diagnostic> {
    let added = index.name_span(pile.added);
    if index.is_intended(added) || index.is_intended(pile.span) {
        return None;
    }
    let served = index.services_reaching(pile.added.body).next().is_some();
    let confidence = if served { Confidence::Certain } else { Confidence::Likely };
    let message = format!("`{}` keeps every task that was ever spawned", pile.name);
    let label = format!("one more {}", pile.repeated.repeats.words());
    Some(
        Diagnostic::new(ID, confidence, message, Label::new(added, label))
            .about(index.item_path(pile.added.body), &pile.name)
            .evidence([Label::new(pile.span, "nothing takes out the tasks that are done")])
            .evidence(pile.repeated.evidence.clone())
            .note("a task that is done stays in it with its result: memory grows, and nobody learns of a panic")
            .help("take out what is done in the same loop, or use a tracker that forgets a task when it ends"),
    )
}
