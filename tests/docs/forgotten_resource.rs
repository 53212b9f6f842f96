//! `forgotten-resource`: a resource whose end matters is handed to `mem::forget`. Sees direct calls only; what is forgotten by a
//! callee is that function's finding.

use watertight::diagnostic::{Confidence, Diagnostic, Label};
use watertight::facts::model::Op;
use watertight::index::Index;
use watertight::index::calls::Site;

/// Every call of `mem::forget` with a resource.
pub fn check(index: &Index) -> Vec<Diagnostic> {
    let sites = index.bodies().flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }));
    sites.filter_map(|site| forgotten(index, site)).collect()
}

fn forgotten(index: &Index, site: Site) -> Option<Diagnostic> {
    index.external(site).filter(|path| *path == "std::mem::forget")?;
    let Op::Call { arguments, .. } = &index.node(site).op else { return None };
    let value = Site { node: *arguments.first()?, ..site };
    let owned = index.owned_resources(index.ty(value));
    let (resource, lost) = owned.iter().find_map(|path| Some((path, index.resource(*path)?.when_unended.as_ref()?)))?;
    Some(
        Diagnostic::new(
            "forgotten-resource",
            Confidence::Certain,
            format!("a `{resource}` is forgotten"),
            Label::new(index.span(site), "never dropped from here on"),
        )
        .evidence(index.ownership_path(index.ty(value), *resource))
        .about(index.item_path(site.body), resource.as_str())
        .note(format!("`forget` ends nothing: {lost}"))
        .help("close it, or let it go out of scope"),
    )
}
