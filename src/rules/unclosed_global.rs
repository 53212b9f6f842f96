//! `unclosed-global`: a static owns something whose end matters, and nothing that runs at the end of the program ends it.

use std::collections::BTreeMap;

use crate::catalogue::TypeEntry;
use crate::diagnostic::{Confidence, Diagnostic, Label, grouped_by};
use crate::facts::model::{Op, StaticKind};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, StaticId};
use crate::index::programs::Program;
use crate::index::resources::batches::Batch;
use crate::index::resources::globals::Global;
use crate::index::resources::keepers::Keeper;
use crate::index::resources::words;
use crate::source::Span;

const ID: &str = "unclosed-global";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let left = index.batches_left_behind();
    let unwritten = left.iter().filter_map(|batch| unwritten(index, batch));
    // What one function makes in several branches is one flaw.
    let kept = index
        .unended_globals()
        .into_iter()
        .filter_map(|global| Some(((global.lost.body, global.resource), kept_by_library(index, global)?)));
    let kept = grouped_by(kept);
    unclosed(index).into_iter().chain(unwritten).chain(kept).collect()
}

/// What a library keeps in a global of its own.
fn kept_by_library(index: &Index, global: Global) -> Option<Diagnostic> {
    let lost = global.lost;
    index.services_reaching(lost.body).next()?;
    let entry = index.resource(global.resource)?;
    let kind = words(&entry.kind?);
    let close = entry.close_name()?;
    let (message, span, label) = if global.is_given {
        ("becomes a global here", index.span(lost), "its library keeps it in a global, which is never dropped")
    } else {
        ("is made here", index.name_span(lost), "only what is made with it has it from here on")
    };
    let made = Label::new(index.name_span(global.made), "it is made here, and nothing in the sources ends it");
    let confidence = if index.hands_on_to_own(global) { Confidence::Hint } else { Confidence::Likely };
    Some(
        Diagnostic::new(
            ID,
            confidence,
            format!("the {kind} that {message} is never closed"),
            Label::new(span, label),
        )
        .about(index.item_path(lost.body), global.resource.as_str())
        .evidence((global.made != lost).then_some(made))
        .note(format!("when the program ends, {}", entry.when_unended.clone()?))
        .help(format!("keep a clone of it, and call `{close}` on that when the program is told to stop, after the server has finished")),
    )
}

fn unclosed(index: &Index) -> Vec<Diagnostic> {
    let candidates: Vec<StaticId> = index.defs().static_ids().filter(|id| resource(index, *id).is_some()).collect();
    let mut ended: BTreeMap<StaticId, Vec<Site>> = BTreeMap::new();
    for release in index.releases() {
        for item in index.origins(Site { node: release.operand, ..release.site }) {
            if resource(index, item).is_some_and(|owned| release.ends(owned)) {
                ended.entry(item).or_default().push(release.site);
            }
        }
    }
    let none = Vec::new();
    candidates.into_iter().filter_map(|id| diagnose(index, id, ended.get(&id).unwrap_or(&none))).collect()
}

/// The first resource the static owns whose end matters.
fn resource(index: &Index, id: StaticId) -> Option<ustr::Ustr> {
    let item = index.defs().static_item(id);
    if item.kind == StaticKind::Const || item.test {
        return None;
    }
    let owned = index.owned_resources(&index.signatures().statics[id.index()]);
    let mut owned: Vec<_> = owned.into_iter().collect();
    owned.sort_by_key(|path| path.as_str());
    owned.into_iter().find(|path| index.resource(*path).is_some_and(|entry| entry.when_unended.is_some()))
}

fn diagnose(index: &Index, id: StaticId, ended: &[Site]) -> Option<Diagnostic> {
    let path = resource(index, id)?;
    let entry = index.resource(path)?;
    let kind = words(&entry.kind?);
    let ends = |p: &Program| {
        let mut shipped = ended.iter().filter(|site| !index.is_test(site.body));
        shipped.any(|site| p.reach.contains(&site.body) || may_lead_to(index, p, site.body))
    };
    let mut services = index.programs().iter().filter(|p| p.is_service() && !ends(p));
    let used = services.find_map(|p| used_in(index, p, id))?;
    if index.is_intended(span_of(index, id)) || lends(index, id) || index.hands_on_at_once(id, path) {
        return None;
    }
    let item = index.defs().static_item(id);
    let span = span_of(index, id);
    let unreached = ended
        .iter()
        .filter(|site| !index.is_test(site.body))
        .map(|site| Label::new(index.span(*site), "ended here, but nothing that the program runs leads to it"));
    let owning = index.ownership_path(&index.signatures().statics[id.index()], path);
    let used = Label::new(index.span(used), "used here");
    let help = match entry.close_name() {
        Some(close) => format!(
            "end it when the program is told to stop, after the server has finished: take it and call `{close}`"
        ),
        None => "give it an owner in `main`, so that it is dropped before the program ends".to_owned(),
    };
    let diagnostic = Diagnostic::new(
        ID,
        confidence(entry),
        format!("the {kind} in `{}` is never closed", item.name),
        Label::new(span, format!("a static is never dropped, and nothing ends this `{}`", path.rsplit("::").next()?)),
    )
    .about(index.static_path(id), path.as_str())
    .evidence(owning.into_iter().chain([used]).chain(unreached))
    .note(format!("when the program ends, {}", entry.when_unended.clone()?))
    .help(help);
    Some(diagnostic)
}

/// Whether a program calls a method of the name of the one that a body is of, on something that is not known.
fn may_lead_to(index: &Index, program: &Program, body: BodyRef) -> bool {
    let Some(method) = index.function_of(body).map(|id| index.defs().function(id)).filter(|f| f.receiver.is_some())
    else {
        return false;
    };
    program.reach.iter().any(|from| {
        index.info(*from).callees.iter().any(|(node, callee)| {
            let name = &index.body(*from).node(*node).op;
            matches!(callee, Callee::Unknown(_)) && matches!(name, Op::Method { name, .. } if *name == method.name)
        })
    })
}

/// The end of the process stops a runtime's work just as its shutdown does: whether that work may be cut off is not known.
fn confidence(entry: &TypeEntry) -> Confidence {
    if entry.kind.is_some_and(|kind| kind == "runtime") { Confidence::Hint } else { Confidence::Certain }
}

/// A static that gathers what is written later, in part or as a whole, and is left behind when the program ends.
fn unwritten(index: &Index, batch: &Batch) -> Option<Diagnostic> {
    let Keeper::Static(id) = batch.keeper else { return None };
    let span = span_of(index, id);
    if index.is_intended(span) {
        return None;
    }
    let name = index.keeper_words(batch.keeper);
    let diagnostic = Diagnostic::new(
        ID,
        Confidence::Likely,
        format!("what is left in `{name}` is lost when the program ends"),
        Label::new(span, "a static is never dropped, and nothing writes this one at the end"),
    )
    .about(index.static_path(id), "batch")
    .evidence(index.course_of_batch(batch))
    .note("it was accepted, and whoever gave it takes it to be written")
    .help("empty and write it once more when the program is told to stop, after the server has finished");
    Some(diagnostic)
}

fn span_of(index: &Index, id: StaticId) -> Span {
    index.defs().static_item(id).name_range.in_file(index.defs().statics[id.index()].file)
}

/// Whether the static only holds a handle of what another static owns: the obligation is the owner's.
fn lends(index: &Index, id: StaticId) -> bool {
    let owns = |other: &StaticId| *other != id && resource(index, *other).is_some();
    let init = index.defs().init_of(id).filter(|body| index.is_linked(*body));
    init.is_some_and(|body| index.calls.statics(body).iter().any(|(_, other)| owns(other)))
        || index.calls.mentions(id).iter().any(|site| {
            // Filled on first use from another static.
            let filled = index.body(site.body).nodes.len() < 200 && index.initialised_here(*site);
            filled && index.calls.statics(site.body).iter().any(|(_, other)| owns(other))
        })
}

/// Where a program mentions a static, first place first.
fn used_in(index: &Index, program: &Program, id: StaticId) -> Option<Site> {
    let mut bodies: Vec<_> = program.reach.iter().copied().filter(|body| !index.is_test(*body)).collect();
    bodies.sort_unstable();
    bodies.into_iter().find_map(|body| {
        let mention = index.calls.statics(body).iter().find(|(_, item)| *item == id)?;
        Some(Site { body, node: mention.0 })
    })
}
