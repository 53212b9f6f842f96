//! `unlimited-pool`: a pool is built without the bound that its library does not set by itself, and somebody waits for it without end.

use ustr::ustr;

use crate::catalogue::TypeEntry;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::Op;
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::types::Ty;
use crate::index::resources::{Construction, words};

const ID: &str = "unlimited-pool";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let built = index.constructions(|entry| entry.when_unlimited.is_some());
    let built = built.filter(|c| c.through.is_empty() && !index.is_test(c.site.body));
    let mut told: Vec<(&Construction, Diagnostic)> = Vec::new();
    for construction in built {
        let Some(diagnostic) = diagnose(index, construction) else { continue };
        // The arms of a choice build from the same settings: one flaw.
        let same = |(known, _): &&mut (&Construction, Diagnostic)| {
            known.site.body == construction.site.body && known.resource == construction.resource
        };
        match told.iter_mut().find(same) {
            Some((_, first)) => first.evidence.push(Label { text: "and here".into(), ..diagnostic.primary }),
            None => told.push((construction, diagnostic)),
        }
    }
    told.into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

fn diagnose(index: &Index, construction: &Construction) -> Option<Diagnostic> {
    let site = construction.site;
    let entry = index.resource(construction.resource)?;
    // Nobody else waits for what is built for one call alone.
    let own = index.repeated(site).is_some();
    let of_tests = index.function_of(site.body).is_some_and(|function| index.is_called_by_tests_alone(function));
    if own || of_tests || index.settings(site).may_include(&entry.limits) || index.is_intended(index.span(site)) {
        return None;
    }
    let taken = taken_from(index, site, entry)?;
    let kind = words(&entry.kind?);
    let confidence = if pools_anything(index, site, entry) { Confidence::Hint } else { Confidence::Likely };
    let diagnostic = Diagnostic::new(
        ID,
        confidence,
        format!("a `{}` is built with a bound left open", entry.path),
        Label::new(index.name_span(site), "nothing on the way here sets it"),
    )
    .about(index.item_path(site.body), entry.path.as_str())
    .evidence([Label::new(index.name_span(taken), format!("the {kind} is waited for here"))])
    .note(format!("its library sets none by itself: {}", entry.when_unlimited.clone()?))
    .help(format!("set {}", setters(entry)));
    Some(diagnostic)
}

/// Whether a pool has whatever its manager makes, and that is of no known library: nobody may ever hold it for long.
fn pools_anything(index: &Index, built: Site, entry: &TypeEntry) -> bool {
    let made = index.ty(built).given();
    let manager = match made.content().unwrap_or(made) {
        Ty::Ext(_, given) => given.first(),
        _ => None,
    };
    !entry.params.is_empty() && !matches!(manager, Some(Ty::Ext(..)))
}

/// A place of the same crate that waits for something of the pool without a bound; none where a limit is given there or elsewhere. Where it is known what
/// a place waits for, it has to be this pool.
fn taken_from(index: &Index, built: Site, entry: &TypeEntry) -> Option<Site> {
    let krate = index.crate_of(built.body);
    let bodies = index.bodies().filter(|(body, ..)| index.crate_of(*body) == krate && !index.is_test(*body));
    let calls = bodies.flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }));
    let mut taken = None;
    for site in calls {
        let Some(path) = index.external(site) else { continue };
        let on_it = path.rsplit_once("::").is_some_and(|(owner, _)| ustr(owner) == entry.path);
        if on_it && entry.limits.contains(&path) {
            return None;
        }
        let waits = on_it && index.callable(site).is_some_and(|c| c.effect.is_some() && c.constructs.is_none());
        if taken.is_none() && waits && index.waits_without_end(site) && may_be_of(index, built, site, entry) {
            taken = Some(site);
        }
    }
    taken
}

/// Whether a method may be called on what a site builds.
fn may_be_of(index: &Index, built: Site, operation: Site, entry: &TypeEntry) -> bool {
    let Op::Method { receiver, .. } = index.node(operation).op else { return true };
    let made = index.made_behind(Site { node: receiver, ..operation }, &|made| made.path == entry.path);
    made.is_empty() || made.contains(&built)
}

/// The setters that bound it, by their last two names.
fn setters(entry: &TypeEntry) -> String {
    let short = |path: &ustr::Ustr| {
        let names: Vec<&str> = path.rsplit("::").take(2).collect();
        format!("`{}`", names.into_iter().rev().collect::<Vec<_>>().join("::"))
    };
    entry.limits.iter().take(3).map(short).collect::<Vec<_>>().join(", ")
}
