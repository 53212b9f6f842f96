//! `uncalled-close`: a type owns something whose end matters and offers a method that ends it, and nothing calls the method.

use ustr::Ustr;

use crate::catalogue::Calls;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{Body, Op};
use crate::index::Index;
use crate::index::bodies::infer::{BodyInfo, Callee};
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, FnId, TypeId};
use crate::index::declared::types::Ty;
use crate::index::resources::batches::Batch;
use crate::index::resources::growth::UncalledExpiry;
use crate::index::resources::keepers::Keeper;
use crate::index::resources::words;

const ID: &str = "uncalled-close";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let left = index.batches_left_behind();
    let unwritten = left.iter().filter_map(|batch| unwritten(index, batch));
    let expiries = index.uncalled_expiries();
    let unexpired = expiries.iter().filter_map(|expiry| unexpired(index, expiry));
    index.defs().type_ids().filter_map(|id| diagnose(index, id)).chain(unwritten).chain(unexpired).collect()
}

/// What would take out what has become old is there, and nothing calls it.
fn unexpired(index: &Index, expiry: &UncalledExpiry) -> Option<Diagnostic> {
    let span = index.fn_span(expiry.function);
    if index.is_intended(span) {
        return None;
    }
    let (name, of) = (index.fn_name(expiry.function), index.keeper_words(expiry.keeper));
    let diagnostic = Diagnostic::new(
        ID,
        Confidence::Likely,
        format!("`{name}` is never called"),
        Label::new(span, format!("nothing else takes out of `{of}` what has become old")),
    )
    .about(index.fn_path(expiry.function), &of)
    .evidence([
        Label::new(index.keeper_span(expiry.keeper), "it lives as long as the program"),
        Label::new(index.name_span(expiry.added), "it gets more here"),
    ])
    .note("what was meant to be removed after a while stays in memory until the program ends")
    .help(format!("call `{name}` from time to time, in a task that ends with the program"));
    Some(diagnostic)
}

/// A value that gathers what is written later, and is left behind when the program ends: its method for that is called from elsewhere only.
fn unwritten(index: &Index, batch: &Batch) -> Option<Diagnostic> {
    let Keeper::Field(..) = batch.keeper else { return None };
    let span = index.keeper_span(batch.keeper);
    if index.is_intended(span) {
        return None;
    }
    let (name, by) = (index.keeper_words(batch.keeper), index.fn_name(batch.by));
    let diagnostic = Diagnostic::new(
        ID,
        Confidence::Likely,
        format!("`{by}` is not called at the end: what is left in `{name}` is lost"),
        Label::new(span, "nothing writes it when the program ends"),
    )
    .about(index.fn_path(batch.by), &name)
    .evidence(index.course_of_batch(batch))
    .note("it was accepted, and whoever gave it takes it to be written")
    .help("empty and write it once more when the program is told to stop, after the server has finished");
    Some(diagnostic)
}

fn diagnose(index: &Index, id: TypeId) -> Option<Diagnostic> {
    let closing = index.closing_methods(id);
    let first = *closing.iter().find(|method| index.is_a_close(**method))?;
    if closing.iter().any(|method| is_called(index, id, *method)) {
        return None;
    }
    let (resource, field) = ended(index, id, first)?;
    let entry = index.resource(resource).filter(|_| !is_killed_on_drop(index, id, resource))?;
    let built = built_in_a_service(index, id)?;
    let item = index.defs().type_def(id);
    let span = index.fn_span(first);
    let name = index.fn_name(first);
    let diagnostic = Diagnostic::new(
        ID,
        Confidence::Certain,
        format!("`{name}` is never called"),
        Label::new(span, format!("nothing in the program ends a `{}`", item.name)),
    )
    .about(index.fn_path(first), resource.as_str())
    .evidence([
        Label::new(field, format!("it owns the {}", words(&entry.kind?))),
        Label::new(index.span(built), "one is built here"),
    ])
    .note(format!("when the program ends, {}", entry.when_unended.clone()?))
    .help(format!("call `{name}` when the program is told to stop, after the server has finished"));
    Some(diagnostic)
}

/// Whether a method of a type runs: the workspace calls it, or a library does through a trait, or something that may be of the type is asked for a
/// method of its name.
fn is_called(index: &Index, id: TypeId, method: FnId) -> bool {
    let name = index.defs().function(method).name;
    let own = index.defs().body_of(method).filter(|body| index.is_linked(*body)).map(|body| index.crate_of(body));
    let may_be = |body: BodyRef, ty: &Ty| match ty.peeled() {
        Ty::Unknown => own == Some(index.crate_of(body)),
        Ty::Ext(_, arguments) => arguments.iter().any(|inner| matches!(inner.peeled(), Ty::Adt(of, _) if *of == id)),
        _ => false,
    };
    let may_call = |body: BodyRef, facts: &Body, info: &BodyInfo| {
        facts.iter().any(|(node, n)| match &n.op {
            Op::Method { receiver, name: called, .. } => {
                let is_known = info.callees.get(&node).is_some_and(|callee| !matches!(callee, Callee::Unknown(_)));
                *called == name && !is_known && may_be(body, info.ty(*receiver))
            }
            _ => false,
        })
    };
    index.is_called_from_outside(method)
        || index.calls.callers(method).iter().any(|call| !index.is_test(call.site.body))
        || index.bodies().any(|(body, facts, info)| may_call(body, facts, info) && !index.is_test(body))
}

/// The first resource whose end matters among the fields that a method ends, and the place of the field.
fn ended(index: &Index, id: TypeId, method: FnId) -> Option<(Ustr, crate::source::Span)> {
    let fields = index.ended_fields(method);
    let item = index.defs().type_def(id);
    item.fields.iter().filter(|field| fields.contains(&field.name)).find_map(|field| {
        let owned = index.owned_resources(index.signatures().fields[id.index()].get(&field.name)?);
        let mut owned: Vec<Ustr> = owned.into_iter().collect();
        owned.sort_by_key(|path| path.as_str());
        let matters = |path: &Ustr| index.resource(*path).is_some_and(|entry| entry.when_unended.is_some());
        let resource = owned.into_iter().find(matters)?;
        Some((resource, field.range.in_file(index.defs().types[id.index()].file)))
    })
}

/// Whether all that the methods of a type make of a resource ends where it is dropped, although others of the kind do not.
fn is_killed_on_drop(index: &Index, id: TypeId, resource: Ustr) -> bool {
    let of_type = |site: &Site| {
        let block = index.function_of(site.body).and_then(|method| index.defs().impl_of(method));
        block.is_some_and(
            |block| matches!(index.signatures().impl_types[block.index()].peeled(), Ty::Adt(of, _) if *of == id),
        )
    };
    let made = index.constructions(|entry| entry.path == resource).map(|made| made.site);
    let mut made = made.filter(|site| !index.is_test(site.body)).filter(of_type).peekable();
    let kills = |site: Site| {
        let settings = index.settings(site);
        settings.set.iter().any(|path| index.catalogue().lists(Calls::KillsOnDrop, *path))
    };
    made.peek().is_some() && made.all(kills)
}

/// A place in a service where a value of the type is put together.
fn built_in_a_service(index: &Index, id: TypeId) -> Option<Site> {
    index.bodies().find_map(|(body, facts, info)| {
        let mut literals = facts.iter().filter(|(node, n)| {
            matches!(n.op, Op::Struct { .. }) && matches!(info.ty(*node), Ty::Adt(built, _) if *built == id)
        });
        let (node, _) = literals.next()?;
        let shipped = !index.is_test(body) && index.services_reaching(body).next().is_some();
        shipped.then_some(Site { body, node })
    })
}
