//! `leaked-handle`: code that runs again and again gives a value up, so that nothing drops it, and nothing takes it back; or code that runs once gives
//! up what was made for its drop.

use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::resources::leaks::Leaked;

const ID: &str = "leaked-handle";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    index.leaked().iter().filter_map(|leaked| diagnose(index, leaked)).collect()
}

fn diagnose(index: &Index, leaked: &Leaked) -> Option<Diagnostic> {
    let Leaked { site, leak } = *leaked;
    if index.is_intended(index.span(site)) {
        return None;
    }
    let (often, evidence) = match index.while_serving(site) {
        Some(repeated) => (format!("given up here, {}", repeated.repeats.words()), repeated.evidence),
        None if leak.even_once => ("given up here".to_owned(), Vec::new()),
        None => return None,
    };
    let path = index.external(site)?;
    let name = short(&path);
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            format!("what `{name}` gives up is never taken back"),
            Label::new(index.name_span(site), often),
        )
        .about(index.item_path(site.body), path.as_str())
        .evidence(evidence)
        .note(leak.when_leaked.clone())
        .help(leak.instead.clone()),
    )
}

/// The last two names of a path: `Box::leak`.
fn short(path: &str) -> String {
    let names: Vec<&str> = path.rsplit("::").take(2).collect();
    names.into_iter().rev().collect::<Vec<_>>().join("::")
}
