//! `reference-cycle`: something owns a closure, value or task that holds an `Arc` or `Rc` of its owner, so that neither is ever dropped.

use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::resources::cycles::{Cycle, Holder};
use crate::index::resources::keepers::Keeper;

const ID: &str = "reference-cycle";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    index.cycles().iter().filter_map(|cycle| diagnose(index, cycle)).collect()
}

fn diagnose(index: &Index, cycle: &Cycle) -> Option<Diagnostic> {
    // A value that lives as long as the program, and whose end does nothing, loses nothing.
    if index.is_intended(index.span(cycle.stored)) || (index.is_made_once(cycle.owner) && !cycle.matters) {
        return None;
    }
    let owner = index.defs().type_def(cycle.owner).name;
    let keeper = Keeper::Field(cycle.owner, cycle.field);
    let field = index.keeper_words(keeper);
    let what = match cycle.holder {
        Holder::Closure => "closure",
        Holder::Value => "value",
        Holder::Task => "task",
    };
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            format!("a {what} in `{field}` keeps alive the `{owner}` that owns it"),
            Label::new(index.name_span(cycle.stored), "put there here"),
        )
        .about(index.item_path(cycle.stored.body), &field)
        .evidence([
            Label::new(index.span(cycle.held), format!("it holds the `{owner}`")),
            Label::new(index.keeper_span(keeper), format!("and the `{owner}` holds it")),
        ])
        .note("each is dropped only after the other: neither ever is, nor what they own")
        .help("let it hold a `Weak` (`Arc::downgrade`), and `upgrade` that where it is used"),
    )
}
