//! `uncommitted-transaction`: a transaction that changes something is neither committed nor rolled back on a way that reports success.

use crate::catalogue::Calls;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{Literal, NodeId, Op};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::types::Ty;
use crate::index::flow::statements;
use crate::index::flow::ways::Exit;
use crate::index::resources::obligations::{Abandoned, How, Obligation};

const ID: &str = "uncommitted-transaction";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let transactions = index.abandoned(|entry| entry.kind.is_some_and(|kind| kind == "transaction"));
    transactions.filter_map(|abandoned| diagnose(index, abandoned)).collect()
}

fn diagnose(index: &Index, abandoned: &Abandoned) -> Option<Diagnostic> {
    let site = abandoned.made.site;
    let (obligation, message, left) = match &abandoned.how {
        How::AtOnce | How::Lent(_) => return None,
        How::Forgotten(obligation) => {
            let succeeds = obligation.missed().into_iter().any(|way| index.succeeds(site.body, way));
            succeeds.then_some((obligation, "the transaction is never committed", None))?
        }
        How::Missed(obligation, ways) => {
            let left = ways.iter().find_map(|way| returns_well(index, obligation, *way))?;
            (obligation, "the transaction is not committed on every way that succeeds", Some(left))
        }
    };
    let end = left.unwrap_or(NodeId(u32::MAX));
    let changes = |site: &Site| site.node < end && changes(index, *site);
    let change = index.operations_on(obligation).into_iter().find(changes)?;
    // A refusal, or a word that there was nothing to do, may well leave the way by which a change is meant to be undone.
    let is_plain = left.is_none_or(|node| says_it_went_well(index, Site { node, ..site }));
    let confidence = if is_plain && is_seen_to_change(index, change) { Confidence::Certain } else { Confidence::Hint };
    let left =
        left.map(|node| Label::new(index.span(Site { node, ..site }), "success is reported here, without a commit"));
    let diagnostic = Diagnostic::new(ID, confidence, message, Label::new(index.name_span(site), "begun here"))
        .about(index.item_path(site.body), abandoned.made.resource.as_str())
        .evidence([Label::new(index.name_span(change), "this change is undone")].into_iter().chain(left))
        .note(format!("without a commit, {}", index.resource(abandoned.made.resource)?.when_abandoned.clone()?))
        .help("call `commit` where all has succeeded, and `rollback` where the work is meant to be undone");
    Some(diagnostic)
}

/// Whether an operation changes what is stored. One that gives a row may do no more than look for it, where its statement is not seen.
fn changes(index: &Index, site: Site) -> bool {
    let Some(effected) = index.effect(site).filter(|effected| !effected.looks) else { return false };
    let operation = effected.chain.last().and_then(|call| index.external(*call));
    !operation.is_some_and(|path| index.catalogue().lists(Calls::ExpectsOne, path))
        || index.states(site, &|text| text.contains(char::is_whitespace))
}

/// Whether what an operation comes to says by its name, or by the statement that it is given, that it changes something.
fn is_seen_to_change(index: &Index, operation: Site) -> bool {
    let last = index.effect(operation).and_then(|effected| effected.chain.last().copied()).unwrap_or(operation);
    let by_name = |path: ustr::Ustr| path.rsplit("::").next().is_some_and(statements::changes);
    index.external(last).is_some_and(by_name) || index.states(last, &statements::changes)
}

/// Whether a `return` says that all went well, and no more but what came of it: `return Ok(())`, `return Ok(added)`, `return Ok(true)`. A yes or no that is not
/// written out may be either.
fn says_it_went_well(index: &Index, returned: Site) -> bool {
    let to = |node: NodeId| Site { node, ..returned };
    let Op::Return(Some(value)) = index.node(returned).op else { return false };
    let Op::Call { arguments, .. } = &index.node(to(value)).op else { return false };
    let says = |node: NodeId| match &index.node(to(node)).op {
        Op::Local(_) => *index.ty(to(node)) != Ty::ext("bool", Vec::new()),
        Op::Literal(literal) => !matches!(literal, Literal::Bool(false)),
        Op::Tuple(parts) => parts.is_empty(),
        Op::Call { .. } => index.external(to(node)).is_some_and(|path| path == "std::option::Option::Some"),
        _ => false,
    };
    index.is_ok(to(value)) && matches!(arguments[..], [only] if says(only))
}

/// The `return` of a way that says that all went well; where an error led there, the transaction is meant to be undone.
fn returns_well(index: &Index, obligation: &Obligation, way: (Exit, Option<NodeId>)) -> Option<NodeId> {
    let body = obligation.bound.body;
    let well = |node: &NodeId| !index.is_on_failing_path(Site { body, node: *node });
    way.1.filter(|_| way.0 == Exit::Return && index.succeeds(body, way)).filter(well)
}
