//! `leaked-handle`: code that runs again and again gives a value up, so that nothing drops it, and nothing takes it back.

use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::resources::leaks::Leaked;

const ID: &str = "leaked-handle";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    index.leaked().iter().filter_map(|leaked| diagnose(index, leaked)).collect()
}

fn diagnose(index: &Index, leaked: &Leaked) -> Option<Diagnostic> {
    let Leaked { site, leak } = *leaked;
    let repeated = index.while_serving(site).filter(|_| !index.is_intended(index.span(site)))?;
    let path = index.external(site)?;
    let name = short(&path);
    let often = repeated.repeats.words();
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            format!("what `{name}` gives up is never taken back"),
            Label::new(index.name_span(site), format!("given up here, {often}")),
        )
        .about(index.item_path(site.body), path.as_str())
        .evidence(repeated.evidence)
        .note(leak.when_leaked.clone())
        .help(leak.instead.clone()),
    )
}

/// The last two names of a path: `Box::leak`.
fn short(path: &str) -> String {
    let names: Vec<&str> = path.rsplit("::").take(2).collect();
    names.into_iter().rev().collect::<Vec<_>>().join("::")
}
