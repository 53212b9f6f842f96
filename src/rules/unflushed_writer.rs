//! `unflushed-writer`: what buffers, compresses or assembles output is dropped without its last step, and data or the error of it is lost.

use ustr::Ustr;

use crate::catalogue::Calls;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{Literal, LocalId, NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::view::View;
use crate::index::calls::Site;
use crate::index::declared::types::Ty;
use crate::index::flow::ways::Exit;
use crate::index::resources::obligations::{Abandoned, How, Obligation};
use crate::index::resources::synced::SyncedEarly;
use crate::index::resources::words;
use crate::index::resources::written::{Field, WrittenField};

const ID: &str = "unflushed-writer";

/// Through how many functions a writer that is lent is followed.
const HELPERS: u32 = 4;

/// What hands whole lines on as they are written, and keeps back an unfinished one alone.
const BY_LINES: &str = "self-flushing-line-writer";

/// What has something to lose between two writes of the type that has it in a field.
const KEPT: [&str; 5] = ["async-file", "buffered-writer", "encoder", "self-ending-encoder", "self-flushing-writer"];

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let is_writer = |kind: Ustr| KEPT.contains(&kind.as_str()) || kind == BY_LINES || kind == "upload";
    let writers = index.abandoned(|entry| entry.kind.is_some_and(is_writer));
    let early = index.synced_early();
    let diagnosed: Vec<(&Abandoned, Diagnostic)> =
        writers.filter_map(|abandoned| Some((abandoned, diagnose(index, abandoned, &early)?))).collect();
    let mut found: Vec<Diagnostic> = Vec::new();
    for (abandoned, diagnostic) in &diagnosed {
        // A helper may give one of several encoders: one flaw of who forgets its end. So it is of who forgets that of an archive and of the encoder in it.
        let is_known = found.iter().any(|known| known.primary.span == diagnostic.primary.span)
            || diagnosed.iter().any(|(outer, _)| index.is_abandoned_in(abandoned, outer));
        if !is_known {
            found.push(diagnostic.clone());
        }
    }
    let kept = kept(index).into_iter().filter_map(|written| Some((written.field, left_in_field(index, written)?)));
    let kept: Vec<(Field, Diagnostic)> = kept.collect();
    found.extend(kept.iter().map(|(_, diagnostic)| diagnostic.clone()));
    // What is never ended at all is told of where it is made, or written to.
    let is_known = |early: &&SyncedEarly| {
        diagnosed.iter().any(|(abandoned, _)| abandoned.is_in(early.sync.body, &early.of))
            || kept.iter().any(|(field, _)| field_written(index, early.write) == Some(*field))
    };
    found.extend(early.iter().filter(|early| !is_known(early)).filter_map(|early| synced(index, early)));
    found
}

/// Writers in a field to which their owner writes, and which nobody ever ends, one for each field.
fn kept(index: &Index) -> Vec<WrittenField> {
    let written = index.written_fields(&|ty| ends_with_its_owner(index, ty));
    let inside = index.written_fields(&|ty| left_by_what_holds_it(index, ty));
    written.into_iter().chain(inside).collect()
}

/// The field that a call writes into.
fn field_written(index: &Index, write: Site) -> Option<Field> {
    index.node(write).op.operands().into_iter().find_map(|node| index.owning_field(Site { node, ..write }))
}

/// The encoder in what has an end of its own and leaves the encoder open: the trailer of a compressed archive is left to a drop.
fn left_by_what_holds_it(index: &Index, ty: &Ty) -> Option<Ustr> {
    let Ty::Ext(path, arguments) = ty.peeled() else { return None };
    if index.resource(*path).is_none_or(|entry| entry.leaves.is_empty()) {
        return arguments.iter().find_map(|inner| left_by_what_holds_it(index, inner));
    }
    let Ty::Ext(inner, _) = arguments.first()? else { return None };
    let encodes = index.kind(*inner).is_some_and(|kind| kind.ends_with("encoder"));
    (encodes && is_worldly(index, &arguments[0], *inner)).then_some(*inner)
}

/// The resource of a type that is a writer which buffers or assembles what goes out of the program. One that hands whole lines on has
/// nothing to lose between two writes of its owner.
fn ends_with_its_owner(index: &Index, ty: &Ty) -> Option<Ustr> {
    let Ty::Ext(path, arguments) = ty.peeled() else { return None };
    let kind = index.kind(*path);
    let gathers = |kind: Ustr| KEPT.contains(&kind.as_str());
    match kind {
        Some(kind) => (gathers(kind) && is_worldly(index, ty, *path)).then_some(*path),
        // A lock or an option around it.
        None => arguments.iter().find_map(|inner| ends_with_its_owner(index, inner)),
    }
}

fn left_in_field(index: &Index, written: WrittenField) -> Option<Diagnostic> {
    let WrittenField { field: (owner, name), resource, write } = written;
    let entry = index.resource(resource)?;
    let (kind, last) = (words(&entry.kind?), entry.close_name()?);
    let of_field = ends_with_its_owner(index, index.signatures().fields[owner.index()].get(&name)?);
    // What lies around it may well be ended: it takes the name to say what is not.
    let what = if of_field != Some(resource) { format!("`{}`", resource.rsplit("::").next()?) } else { kind };
    let (file, item) = (index.defs().types[owner.index()].file, index.defs().type_def(owner));
    let field = item.fields.iter().find(|field| field.name == name)?;
    if index.is_intended(index.span(write)) {
        return None;
    }
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            format!("nothing ever calls `{last}` on the {what} in `{name}`"),
            Label::new(index.name_span(write), "written here"),
        )
        .about(format!("{}.{name}", item.name), resource.as_str())
        .evidence([Label::new(field.range.in_file(file), "it is dropped with its owner")])
        .note(format!("without it, {}", entry.when_abandoned.clone()?))
        .help(format!("give `{}` a method that calls `{last}`, and call it before it is dropped", item.name)),
    )
}

fn diagnose(index: &Index, abandoned: &Abandoned, early: &[SyncedEarly]) -> Option<Diagnostic> {
    let (site, resource) = (abandoned.made.site, abandoned.made.resource);
    let entry = index.resource(resource)?;
    let is_encoder = entry.kind.is_some_and(|kind| kind == "encoder");
    let (obligation, left) = match &abandoned.how {
        How::AtOnce => return None,
        How::Lent(call) => {
            let matters = is_encoder || (is_worldly(index, index.ty(site), resource) && index.returns_result(site));
            return (matters && is_written_by(index, *call, is_encoder))
                .then(|| found(index, abandoned, *call, None))?;
        }
        How::Forgotten(obligation) => (obligation, None),
        How::Missed(obligation, ways) => {
            let returns = |way: &(Exit, Option<NodeId>)| {
                let well = |node: &NodeId| !index.is_on_failing_path(Site { node: *node, ..site });
                way.1.filter(|node| way.0 == Exit::Return && well(node))
            };
            (obligation, Some(ways.iter().filter(|way| index.succeeds(site.body, **way)).find_map(returns)?))
        }
    };
    let end = left.unwrap_or(NodeId(u32::MAX));
    let by_lines = entry.kind.is_some_and(|kind| kind == BY_LINES);
    let writes = |site: &Site| {
        site.node < end
            && !(by_lines && ends_a_line(index, *site) == Some(true))
            && (is_written_by(index, *site, is_encoder) || is_written_inside(index, *site, resource))
    };
    let write = index.operations_on(obligation).into_iter().find(writes)?;
    if !is_encoder && !reaches_the_world(index, obligation, resource) {
        return None;
    }
    // Where the drop writes the rest itself only the error is lost: that matters to whoever can pass errors on.
    let synced = early.iter().find(|early| abandoned.is_in(early.sync.body, &early.of)).map(|early| early.sync);
    let hides = entry.kind.is_some_and(|kind| kind.starts_with("self-"));
    if hides && synced.is_none() && !index.returns_result(site) {
        return None;
    }
    let mut diagnostic = found(index, abandoned, write, left)?;
    // Whether what it was given last ends a line is mostly not seen.
    if by_lines && ends_a_line(index, write).is_none() {
        diagnostic.confidence = Confidence::Hint;
    }
    let label = |site| Label::new(index.name_span(site), "made durable here, without what the buffer still holds");
    Some(diagnostic.evidence(synced.map(label)))
}

/// Whether a call of a library writes into what it is called on or given. What copies flushes when it is done, which is no end of what is encoded.
fn is_written_by(index: &Index, call: Site, is_encoder: bool) -> bool {
    let is_lent = is_encoder && matches!(index.node(call).op, Op::Call { .. });
    index.external(call).is_some_and(|path| is_lent || index.catalogue().lists(Calls::Writes, path))
}

/// Whether what is written ends a line, where the text says so: `writeln!(..)`, `write!(out, "{name}\n")`. What a value ends in is not seen.
fn ends_a_line(index: &Index, write: Site) -> Option<bool> {
    let Op::Macro(call) = &index.node(write).op else { return None };
    let text = call.arguments.iter().find_map(|argument| match index.body(write.body).node(*argument).op {
        Op::Literal(Literal::Text(text)) => Some(text),
        _ => None,
    });
    match text {
        _ if call.path.last() == "writeln" => Some(true),
        Some(text) if !text.ends_with('}') => Some(text.ends_with('\n')),
        _ => None,
    }
}

/// Whether a function of the workspace does nothing but write into the writer that it is lent.
fn is_written_inside(index: &Index, call: Site, resource: Ustr) -> bool {
    let holds = |given: Site| matches!(index.ty(given).peeled(), Ty::Ext(path, _) if *path == resource);
    only_writes(index, call, &holds, HELPERS)
}

/// Whether the function that is called only writes into the arguments that are `lent`, and lends them to none that does more.
fn only_writes(index: &Index, call: Site, lent: &dyn Fn(Site) -> bool, fuel: u32) -> bool {
    let Some(Callee::Workspace(function)) = index.callee(call) else { return false };
    let Some(body) = index.linked_body(*function).filter(|_| fuel > 0) else { return false };
    let view = index.view(body);
    let parameters = view.facts.parameters.iter().enumerate();
    let is_lent = |at: usize| index.argument_at(call, *function, at).is_some_and(lent);
    let lent: Vec<LocalId> = parameters.filter(|(at, _)| is_lent(*at)).flat_map(|(_, p)| p.locals()).collect();
    let passed = |given: Site| index.variable_behind(body, given.node).is_some_and(|local| lent.contains(&local));
    let writes = |node: NodeId| match view.info.parent(node).map(|user| (user, view.op(user))) {
        Some((_, Op::Method { receiver, name, .. })) if *receiver == node => {
            index.catalogue().lists(Calls::Writes, *name)
        }
        Some((_, Op::Macro(call))) => index.catalogue().lists(Calls::Writes, call.path.last()),
        Some((user, Op::Call { .. } | Op::Method { .. })) => only_writes(index, view.site(user), &passed, fuel - 1),
        _ => false,
    };
    let mut used = view.facts.iter().filter(|(_, n)| matches!(n.op, Op::Local(local) if lent.contains(&local)));
    !lent.is_empty() && used.all(|(node, _)| writes(past_references(view, node)))
}

/// A node, or the outermost reference to it.
fn past_references(view: View, node: NodeId) -> NodeId {
    let is_reference = |parent: &NodeId| matches!(view.op(*parent), Op::Reference { .. });
    std::iter::successors(Some(node), |at| view.info.parent(*at).filter(is_reference)).last().unwrap_or(node)
}

/// What is made durable before what was written last has got there, or has said whether it did.
fn synced(index: &Index, early: &SyncedEarly) -> Option<Diagnostic> {
    let entry = index.resource(early.holder)?;
    let last = entry.close_name()?;
    if index.is_intended(index.span(early.sync)) {
        return None;
    }
    // Who runs a command once sees what came of it.
    let confidence = if index.may_serve(early.sync.body) { Confidence::Likely } else { Confidence::Hint };
    Some(
        Diagnostic::new(
            ID,
            confidence,
            format!("the file is made durable without `{last}` after the last write"),
            Label::new(index.name_span(early.sync), "made durable here"),
        )
        .about(index.item_path(early.sync.body), early.holder.as_str())
        .evidence([Label::new(index.name_span(early.write), "written here last")])
        .note(format!("without it, {}", entry.when_synced.clone()?))
        .help(format!("call `{last}` in between, and pass its error on")),
    )
}

/// What is written by `write` and then dropped, at `left` where that is only one of the ways out.
fn found(index: &Index, abandoned: &Abandoned, write: Site, left: Option<NodeId>) -> Option<Diagnostic> {
    let (site, resource) = (abandoned.made.site, abandoned.made.resource);
    let entry = index.resource(resource)?;
    let kind = words(&entry.kind?);
    let hides = kind.starts_with("self ");
    let last = entry.close_name()?;
    let inside =
        abandoned.made.through.iter().map(|at| Label::new(index.name_span(*at), format!("the {kind} is made here")));
    let left = left.map(|node| Label::new(index.span(Site { node, ..site }), format!("left here without `{last}`")));
    let diagnostic = Diagnostic::new(
        ID,
        if hides { Confidence::Likely } else { Confidence::Certain },
        format!("the {} is dropped without `{last}`", if hides { "buffer" } else { &kind }),
        Label::new(
            index.name_span(site),
            format!("this `{}` is written to and then dropped", resource.rsplit("::").next()?),
        ),
    )
    .about(index.item_path(site.body), resource.as_str())
    .evidence([Label::new(index.name_span(write), "written here")].into_iter().chain(inside).chain(left))
    .note(format!("without it, {}", entry.when_abandoned.clone()?))
    .help(format!("call `{last}` after the last write, and pass its error on"));
    Some(diagnostic)
}

/// Whether what is written into a value leaves the memory of the program, through encoders too.
fn leads_out(index: &Index, writer: &Ty) -> bool {
    let encodes = |path: Ustr| index.kind(path).is_some_and(|kind| KEPT.contains(&kind.as_str()));
    let below = match writer.peeled() {
        Ty::Ext(path, arguments) if encodes(*path) => arguments.first(),
        _ => None,
    };
    index.writer_effect(writer).is_some() || below.is_some_and(|inner| leads_out(index, inner))
}

/// Whether what is written leaves the memory of the program: where the type says what lies below, that does.
fn reaches_the_world(index: &Index, obligation: &Obligation, resource: Ustr) -> bool {
    let ty = index.info(obligation.bound.body).local(obligation.local);
    is_worldly(index, ty, resource)
}

fn is_worldly(index: &Index, ty: &Ty, resource: Ustr) -> bool {
    let opened = ty.tried();
    match ty.peeled() {
        Ty::Ext(path, arguments) if *path == resource => arguments.first().is_none_or(|inner| leads_out(index, inner)),
        Ty::Ext(_, arguments) if arguments.iter().any(|inner| index.owns(inner, resource)) => {
            arguments.iter().any(|inner| is_worldly(index, inner, resource))
        }
        _ => !opened.is_unknown() && is_worldly(index, &opened, resource),
    }
}
