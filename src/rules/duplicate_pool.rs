//! `duplicate-pool`: one program builds several of the same kind for the same target, where one shared instance would serve.

use std::collections::BTreeMap;

use ustr::Ustr;

use crate::catalogue::TypeEntry;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyOwner, StaticId};
use crate::index::flow::Fate;
use crate::index::programs::Program;
use crate::index::resources::{Construction, words};
use crate::source::Span;

const ID: &str = "duplicate-pool";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    // What is only compiled holds nothing that runs dry.
    let holds =
        |entry: &TypeEntry| entry.kind.is_some_and(|kind| !matches!(kind.as_str(), "regex" | "tls-config" | "runtime"));
    let constructions = index.constructions(|entry| entry.when_repeated.is_some() && !entry.per_worker && holds(entry));
    let constructions: Vec<&Construction> = constructions.filter(|c| stands_alone(index, c)).collect();
    index
        .programs()
        .iter()
        .filter(|p| p.is_service())
        .flat_map(|program| in_program(index, program, &constructions))
        .collect()
}

/// An instance that lives on, built once, whose builder does not hand it to a caller that is looked at by itself.
fn stands_alone(index: &Index, construction: &Construction) -> bool {
    let lasting = match construction.fate {
        Fate::Returned => false,
        // A local lives long where the function that holds it does.
        Fate::Dies => index.runs_for_long(construction.site.body),
        Fate::Unknown | Fate::Kept => true,
    };
    lasting && !index.is_test(construction.site.body) && index.repeated(construction.site).is_none()
}

fn in_program(index: &Index, program: &Program, constructions: &[&Construction]) -> Vec<Diagnostic> {
    let mut groups: BTreeMap<(String, String), Vec<&Construction>> = BTreeMap::new();
    for construction in constructions.iter().copied().filter(|c| index.main_leads_to(program, c.site.body)) {
        if let Some(target) = target(index, construction) {
            groups.entry((construction.resource.to_string(), target)).or_default().push(construction);
        }
    }
    groups.values().filter_map(|group| diagnose(index, &together(index, program, group))).collect()
}

/// What tells one target from another, where it is known. A pool is known by what it connects to. A client connects to whatever it is given
/// later, and what that is stands elsewhere: only what a static shares with all the program is the same for all.
fn target(index: &Index, construction: &Construction) -> Option<String> {
    let recipe = index.recipe(construction)?;
    let has_address = kind(index, construction)?.ends_with("pool") && recipe.contains(['"', '.']);
    if has_address {
        return Some(recipe);
    }
    let outermost = index.recipe(&Construction { through: Vec::new(), ..construction.clone() })?;
    let own = static_of(index, construction.site).filter(|_| !recipe.contains('#'))?;
    // What a type of the project is made around has one purpose; a bare client has the one that its requests show.
    let asks_anybody = kind(index, construction)?.ends_with("client") && construction.through.is_empty();
    if asks_anybody {
        index.host_asked_through(own).map(|host| format!("{outermost} for {host}"))
    } else {
        Some(outermost)
    }
}

fn kind(index: &Index, construction: &Construction) -> Option<Ustr> {
    index.resource(construction.resource)?.kind
}

/// The static that an instance lives in.
fn static_of(index: &Index, site: Site) -> Option<StaticId> {
    match index.owner(site.body) {
        Some(BodyOwner::Static(id)) => Some(id),
        _ => index.initialises(site),
    }
}

/// The instances that exist beside the first in one run of the program.
fn together<'c>(index: &Index, program: &Program, group: &[&'c Construction]) -> Vec<&'c Construction> {
    let Some((first, rest)) = group.split_first() else { return Vec::new() };
    let beside = rest.iter().filter(|c| index.coexist(program, first.site, c.site));
    [*first].into_iter().chain(beside.copied()).collect()
}

fn diagnose(index: &Index, group: &[&Construction]) -> Option<Diagnostic> {
    let mut places: Vec<(Span, &Construction)> = group.iter().map(|c| (place(index, c, group), *c)).collect();
    places.sort_by_key(|(span, _)| *span);
    places.dedup_by_key(|(span, _)| *span);
    let [(first, _), (second, construction), rest @ ..] = &places[..] else { return None };
    let entry = index.resource(construction.resource)?;
    let kind = words(&entry.kind?);
    let library = construction.resource.as_str();
    let others = rest.iter().map(|(span, _)| Label::new(*span, "another one here"));
    let diagnostic = Diagnostic::new(
        ID,
        Confidence::Likely,
        format!("the program builds {} of the same `{library}`", counted(places.len())),
        Label::new(*second, "builds one more of the same"),
    )
    .about(index.item_path(construction.site.body), library)
    .evidence([Label::new(*first, "the first is built here")].into_iter().chain(others))
    .note(entry.when_repeated.clone()?)
    .help(format!("build one {kind} and share it: pass it in, or keep it in one place that all of them use"));
    Some(diagnostic)
}

fn counted(count: usize) -> String {
    match count {
        2 => "two".into(),
        3 => "three".into(),
        count => count.to_string(),
    }
}

/// The innermost call that is this instance's own; a static is known by its name.
fn place(index: &Index, construction: &Construction, group: &[&Construction]) -> Span {
    let chain: Vec<Site> = construction.through.iter().rev().copied().chain([construction.site]).collect();
    let shared = |site: &Site| {
        group
            .iter()
            .filter(|other| other.site != construction.site)
            .any(|other| other.site == *site || other.through.contains(site))
    };
    let own = chain.iter().find(|site| !shared(site)).copied().unwrap_or(construction.site);
    match static_of(index, own) {
        Some(id) => index.defs().static_item(id).name_range.in_file(index.defs().statics[id.index()].file),
        None => index.span(own),
    }
}
