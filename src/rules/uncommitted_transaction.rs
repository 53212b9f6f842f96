//! `uncommitted-transaction`: a transaction that changes something is neither committed nor rolled back on a way that reports success.

use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::NodeId;
use crate::index::Index;
use crate::index::calls::Site;
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
    let changes = |site: &Site| site.node < end && index.effect(*site).is_some_and(|effected| !effected.looks);
    let change = index.operations_on(obligation).into_iter().find(changes)?;
    let left =
        left.map(|node| Label::new(index.span(Site { node, ..site }), "success is reported here, without a commit"));
    let diagnostic = Diagnostic::new(ID, Confidence::Certain, message, Label::new(index.name_span(site), "begun here"))
        .about(index.item_path(site.body), abandoned.made.resource.as_str())
        .evidence([Label::new(index.name_span(change), "this change is undone")].into_iter().chain(left))
        .note(format!("without a commit, {}", index.resource(abandoned.made.resource)?.when_abandoned.clone()?))
        .help("call `commit` where all has succeeded, and `rollback` where the work is meant to be undone");
    Some(diagnostic)
}

/// The `return` of a way that says that all went well; where an error led there, the transaction is meant to be undone.
fn returns_well(index: &Index, obligation: &Obligation, way: (Exit, Option<NodeId>)) -> Option<NodeId> {
    let body = obligation.bound.body;
    let well = |node: &NodeId| !index.is_on_failing_path(Site { body, node: *node });
    way.1.filter(|_| way.0 == Exit::Return && index.succeeds(body, way)).filter(well)
}
