//! `exit-without-cleanup`: the process is ended while something is alive whose drop would have written, sent or removed what is left.

use std::collections::BTreeMap;

use crate::catalogue::Calls;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::NodeId;
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, FnId};
use crate::index::flow::ways::Exit;
use crate::index::resources::obligations::Obligation;
use crate::index::resources::{Construction, words};

const ID: &str = "exit-without-cleanup";

/// Kinds whose drop does the work.
const KINDS: [&str; 7] = [
    "flush-guard",
    "self-ending-encoder",
    "self-flushing-writer",
    "sentry-guard",
    "temp-dir",
    "temp-file",
    "worker-guard",
];

/// Through how many calls an exit is looked for.
const CALLS: usize = 6;

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let made = index.constructions(|entry| {
        entry.when_unended.is_some() && entry.kind.is_some_and(|kind| KINDS.contains(&kind.as_str()))
    });
    let made = made.filter(|made| !index.is_test(made.site.body));
    made.filter_map(|made| diagnose(index, made, &index.obligation(made.site, made.resource)?)).collect()
}

fn diagnose(index: &Index, made: &Construction, obligation: &Obligation) -> Option<Diagnostic> {
    let body = made.site.body;
    let here = obligation.ways.open().filter(|way| way.exit == Exit::Process).filter_map(|way| way.node);
    let mut exits: Vec<(Site, Vec<Label>)> = here.map(|node| (Site { body, node }, Vec::new())).collect();
    exits.extend(exits_inside(index, obligation));
    let (first, chain) = exits.first()?.clone();
    let entry = index.resource(made.resource)?;
    let kind = words(&entry.kind?);
    let bound = Label::new(index.span(made.site), format!("the {kind} is alive from here on"));
    let others = exits.iter().skip(1).filter(|(site, _)| *site != first).take(3);
    let others = others.map(|(site, _)| Label::new(index.name_span(*site), "and here"));
    let diagnostic = Diagnostic::new(
        ID,
        if chain.is_empty() { Confidence::Certain } else { Confidence::Likely },
        format!("the process ends here, and the {kind} is not dropped"),
        Label::new(index.name_span(first), "no destructor runs"),
    )
    .about(index.item_path(first.body), made.resource.as_str())
    .evidence([bound].into_iter().chain(chain).chain(others))
    .note(format!("where it is not dropped, {}", entry.when_unended.clone()?))
    .help("return an error or an `ExitCode` from `main` instead, or drop what is alive before the process is ended");
    Some(diagnostic)
}

/// Exits in what is called while the value is alive, each with the calls that lead there.
fn exits_inside(index: &Index, obligation: &Obligation) -> Vec<(Site, Vec<Label>)> {
    let body = obligation.bound.body;
    let scope = index.body(body).local(obligation.local).region;
    let end = obligation.ended.iter().chain(&obligation.handed_on).min().copied().unwrap_or(NodeId(u32::MAX));
    let alive = |site: &Site| {
        let around = index.body(body).outwards(index.body(body).node(site.node).region);
        site.node > obligation.bound.node && site.node < end && around.map(|(region, _)| region).any(|at| at == scope)
    };
    let mut seen: BTreeMap<FnId, ()> = BTreeMap::new();
    let mut found = Vec::new();
    let mut level: Vec<(BodyRef, Vec<Label>)> = vec![(body, Vec::new())];
    for depth in 0..CALLS {
        let mut next = Vec::new();
        for (at, chain) in level {
            let calls = index.calls.callees(at).iter().filter(|call| depth > 0 || alive(&call.site));
            for call in calls.filter(|call| matches!(index.callee(call.site), Some(Callee::Workspace(_)))) {
                let Some(inner) = index.defs().body_of(call.to).filter(|inner| index.is_linked(*inner)) else {
                    continue;
                };
                if seen.insert(call.to, ()).is_some() || index.is_test(inner) {
                    continue;
                }
                let label =
                    Label::new(index.name_span(call.site), format!("`{}` is called here", index.fn_name(call.to)));
                let chain: Vec<Label> = chain.iter().cloned().chain([label]).collect();
                found.extend(exits_in(index, inner).map(|site| (site, chain.clone())));
                next.push((inner, chain));
            }
        }
        level = next;
    }
    found
}

fn exits_in(index: &Index, body: BodyRef) -> impl Iterator<Item = Site> {
    let mut nodes: Vec<NodeId> = index.info(body).callees.keys().copied().collect();
    nodes.sort_unstable();
    let sites = nodes.into_iter().map(move |node| Site { body, node });
    sites.filter(|site| index.external(*site).is_some_and(|path| index.catalogue().lists(Calls::Exits, path)))
}
