//! `incomplete-close`: the method that ends a type ends some of what it owns, and forgets a field whose end matters as well.

use std::collections::BTreeSet;

use ustr::Ustr;

use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::Field;
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::defs::{FnId, TypeId};
use crate::index::resources::{Construction, words};

const ID: &str = "incomplete-close";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let closed: Vec<(TypeId, Vec<FnId>)> = index
        .defs()
        .type_ids()
        .map(|id| (id, index.closing_methods(id)))
        .filter(|(_, closing)| !closing.is_empty())
        .collect();
    if closed.is_empty() {
        return Vec::new();
    }
    let made: Vec<&Construction> =
        index.constructions(|entry| entry.when_unended.is_some() && !entry.close.is_empty()).collect();
    let elsewhere: BTreeSet<(TypeId, Ustr)> = index
        .releases()
        .filter_map(|release| index.owning_field(Site { node: release.operand, ..release.site }))
        .collect();
    closed.iter().flat_map(|(id, closing)| diagnose(index, *id, closing, &made, &elsewhere)).collect()
}

fn diagnose(
    index: &Index,
    id: TypeId,
    closing: &[FnId],
    made: &[&Construction],
    elsewhere: &BTreeSet<(TypeId, Ustr)>,
) -> Vec<Diagnostic> {
    let ended: BTreeSet<Ustr> = closing.iter().flat_map(|method| index.ended_fields(*method)).collect();
    let Some(method) = closing.iter().copied().find(|method| closes_in_a_service(index, *method)) else {
        return Vec::new();
    };
    let item = index.defs().type_def(id);
    let forgotten =
        item.fields.iter().filter(|field| !ended.contains(&field.name) && !elsewhere.contains(&(id, field.name)));
    forgotten.filter_map(|field| report(index, id, method, field, made)).collect()
}

/// Whether a method is there to end its type, in a program that runs on.
fn closes_in_a_service(index: &Index, method: FnId) -> bool {
    let Some(body) = index.defs().body_of(method) else { return false };
    // After `Drop::drop` every field is dropped by itself.
    let by_hand = index.library_trait(method).is_none();
    let is_a_close = by_hand && index.is_named_as_end(method) && index.is_a_close(method);
    is_a_close && !index.is_test(body) && index.services_reaching(body).next().is_some()
}

fn report(index: &Index, id: TypeId, method: FnId, field: &Field, made: &[&Construction]) -> Option<Diagnostic> {
    let owned = index.owned_resources(index.signatures().fields[id.index()].get(&field.name)?);
    // What was handed in, or is ended where it was made, belongs to somebody else.
    let ended = |made: &Construction| {
        index.obligation(made.site, made.resource).is_some_and(|obligation| !obligation.ended.is_empty())
    };
    let own = made.iter().find(|made| {
        owned.contains(&made.resource)
            && !ended(made)
            && [made.site]
                .iter()
                .chain(&made.through)
                .any(|at| index.stored_in(*at, made.resource) == Some((id, field.name)))
    })?;
    let entry = index.resource(own.resource)?;
    let close = entry.close_name()?;
    let name = index.fn_name(method);
    let kind = words(&entry.kind?);
    let diagnostic = Diagnostic::new(
        ID,
        Confidence::Certain,
        format!("`{name}` forgets `{}`", field.name),
        Label::new(index.fn_span(method), format!("nothing ends the {kind} in `{}`", field.name)),
    )
    .about(index.fn_path(method), field.name.as_str())
    .evidence([
        Label::new(field.range.in_file(index.defs().types[id.index()].file), format!("the {kind} is owned here")),
        Label::new(index.span(own.site), "and made here"),
    ])
    .note(format!("where it is never ended, {}", entry.when_unended.clone()?))
    .help(format!("call `{close}` on `self.{}` as well", field.name));
    // Where a drop is an end as well, the type's own drop ends what its method forgets. A child that is dropped runs on.
    let drop_ends = entry.when_abandoned.is_none() && entry.kind.is_none_or(|kind| kind != "child-process");
    Some(if drop_ends { diagnostic.at_most(Confidence::Hint) } else { diagnostic })
}
