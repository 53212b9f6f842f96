//! `exit-without-cleanup`: the process is ended while something is alive whose drop would have written, sent or removed what is left, or before the call by
//! which the function itself ends what gathers something, or on a signal beside the way on which `main` ends what it uses.

use std::collections::BTreeMap;

use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, FnId};
use crate::index::flow::ways::Exit;
use crate::index::programs::Program;
use crate::index::resources::obligations::Obligation;
use crate::index::resources::releases::Release;
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

/// Kinds that gather something until a call ends them.
const GATHERING: [&str; 2] = ["producer", "telemetry-provider"];

/// Through how many calls an exit, or what is set up, is looked for.
const CALLS: usize = 6;

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let made = index.constructions(|entry| {
        entry.when_unended.is_some()
            && entry.kind.is_some_and(|kind| KINDS.contains(&kind.as_str()) || GATHERING.contains(&kind.as_str()))
    });
    let made = made.filter(|made| !index.is_test(made.site.body));
    let alive = made.filter_map(|made| diagnose(index, made, index.obligation(made.site, made.resource)?));
    let mains = index.programs().iter().filter_map(|program| index.linked_body(program.main));
    let global = mains.filter(|body| !index.is_test(*body)).filter_map(|body| before_the_end(index, body));
    let services = index.programs().iter().filter(|program| program.is_service());
    let beside = services.filter_map(|program| beside_the_end(index, program));
    alive.chain(global).chain(beside).collect()
}

/// An exit that answers a signal at once, while `main` ends something behind the place where it serves.
fn beside_the_end(index: &Index, program: &Program) -> Option<Diagnostic> {
    let told = program.signals.iter().filter(|at| at.reached && !at.by_server && !index.is_test(at.site.body));
    let (signal, exit) = told.filter_map(|at| Some((at.site, index.answered_by_exit(at.site)?))).min()?;
    let ends = index.ended_behind_serving(program);
    let skipped = |release: &Release| {
        let entry = index.resource(release.resource?)?;
        Some((release.site, words(&entry.kind?), entry.when_unended.clone()?))
    };
    let (end, kind, when_unended) = ends.iter().find_map(skipped)?;
    let diagnostic = Diagnostic::new(
        ID,
        Confidence::Likely,
        format!("a signal ends the process here, and the {kind} is not ended"),
        Label::new(index.name_span(exit), "what `main` does at its end is not come to"),
    )
    .about(index.item_path(exit.body), "signals")
    .evidence([
        Label::new(index.name_span(index.call_of(signal)), "all that is done on this signal"),
        Label::new(
            index.name_span(end),
            format!("`main` comes here when what it serves has ended, and ends the {kind}"),
        ),
    ])
    .note(format!(
        "what is being worked on is cut off where it stands, and where the {kind} is not ended, {when_unended}"
    ))
    .help("tell what serves to stop instead, by a token or a channel, and let `main` come to its end");
    Some(diagnostic)
}

/// An exit of `main` before the call by which it ends what a library keeps for the whole program.
fn before_the_end(index: &Index, body: BodyRef) -> Option<Diagnostic> {
    let mut sites: Vec<Site> = index.info(body).callees.keys().map(|node| Site { body, node: *node }).collect();
    sites.sort_unstable();
    let ended = |site: &Site| index.callable(*site)?.closes.filter(|_| matches!(index.node(*site).op, Op::Call { .. }));
    let (end, resource) = sites.iter().find_map(|site| Some((*site, ended(site)?)))?;
    let entry = index.resource(resource)?;
    let kind = entry.kind.filter(|kind| GATHERING.contains(&kind.as_str()))?;
    let set_up = sites.iter().copied().find(|site| *site < end && leads_to(index, *site, resource))?;
    let between = |site: &&Site| set_up < **site && **site < end && index.frame_of(**site) == index.frame_of(end);
    let mut exits = sites.iter().filter(between).filter(|site| index.ends_the_process(**site));
    let first = *exits.next()?;
    let kind = words(&kind);
    let more = exits.take(3).map(|site| Label::new(index.name_span(*site), "and here"));
    let diagnostic = Diagnostic::new(
        ID,
        Confidence::Certain,
        format!("the process ends here, and the {kind} is not ended"),
        Label::new(index.name_span(first), "what ends it is not come to"),
    )
    .about(index.item_path(body), resource.as_str())
    .evidence([
        Label::new(index.name_span(set_up), format!("the {kind} is set up here")),
        Label::new(index.name_span(end), "and ended here"),
    ])
    .evidence(more)
    .note(format!("where it is not ended, {}", entry.when_unended.clone()?))
    .help("return from `main` through the call that ends it");
    Some(diagnostic)
}

/// Whether a call makes a resource, in itself or in what it calls.
fn leads_to(index: &Index, call: Site, resource: ustr::Ustr) -> bool {
    let makes = |site: Site| index.callable(site).and_then(|callable| callable.constructs) == Some(resource);
    let (mut level, mut seen) = (vec![call], BTreeMap::new());
    for _ in 0..CALLS {
        if level.iter().copied().any(makes) {
            return true;
        }
        let called = level.into_iter().filter_map(|site| match index.callee(site)? {
            Callee::Workspace(function) => index.linked_body(*function),
            _ => None,
        });
        let new: Vec<BodyRef> = called.filter(|body| seen.insert(*body, ()).is_none()).collect();
        let calls = new.into_iter().flat_map(|body| index.info(body).callees.keys().map(move |node| (body, *node)));
        level = calls.map(|(body, node)| Site { body, node }).collect();
    }
    false
}

/// An obligation that nothing but a call fulfils: whoever has another handle of what gathers something does not end it.
fn until_ended(index: &Index, mut obligation: Obligation) -> Obligation {
    obligation.handed_on.clear();
    let scope = index.body(obligation.bound.body).local(obligation.local).region;
    obligation.ways = index.ways_out(obligation.bound, scope, &|node| obligation.ended.contains(&node));
    obligation
}

fn diagnose(index: &Index, made: &Construction, obligation: Obligation) -> Option<Diagnostic> {
    let body = made.site.body;
    let entry = index.resource(made.resource)?;
    // Of what gathers something the drop says nothing: only who ends it means it to be ended.
    let is_dropped = entry.kind.is_some_and(|kind| KINDS.contains(&kind.as_str()));
    if !is_dropped && obligation.ended.is_empty() {
        return None;
    }
    let obligation = if is_dropped { obligation } else { until_ended(index, obligation) };
    let filled = index.first_filled(&obligation, entry)?;
    let here = obligation.ways.open().filter(|way| way.exit == Exit::Process).filter_map(|way| way.node);
    let here = here.filter(|node| *node > filled);
    let mut exits: Vec<(Site, Vec<Label>)> = here.map(|node| (Site { body, node }, Vec::new())).collect();
    // Who ends something by a call may have given up on it further in, as where a second Ctrl-C forces the end.
    if is_dropped {
        exits.extend(exits_inside(index, &obligation, filled));
    }
    exits.retain(|(site, _)| !index.is_done_by_hand(site.body, entry));
    let kind = entry.kind?;
    // What a thread of its own writes is lost where the reason for the exit is part of it.
    let loses = |exit: Site| kind != "worker-guard" || index.logs_before(exit);
    let (first, chain) = exits.iter().find(|(exit, _)| loses(*exit)).or(exits.first())?.clone();
    let confidence = match loses(first) {
        true if chain.is_empty() => Confidence::Certain,
        true => Confidence::Likely,
        false => Confidence::Hint,
    };
    let kind = words(&kind);
    let missed = if is_dropped { "dropped" } else { "ended" };
    let bound = Label::new(index.span(made.site), format!("the {kind} is alive from here on"));
    let others = exits.iter().filter(|(site, _)| *site != first).take(3);
    let others = others.map(|(site, _)| Label::new(index.name_span(*site), "and here"));
    let diagnostic = Diagnostic::new(
        ID,
        confidence,
        format!("the process ends here, and the {kind} is not {missed}"),
        Label::new(
            index.name_span(first),
            if is_dropped { "no destructor runs" } else { "what ends it is not come to" },
        ),
    )
    .about(index.item_path(first.body), made.resource.as_str())
    .evidence([bound].into_iter().chain(chain).chain(others))
    .note(format!("where it is not {missed}, {}", entry.when_unended.clone()?))
    .help("return an error or an `ExitCode` from `main` instead, or drop what is alive before the process is ended");
    Some(diagnostic)
}

/// Exits in what is called while the value is alive and `filled`, each with the calls that lead there.
fn exits_inside(index: &Index, obligation: &Obligation, filled: NodeId) -> Vec<(Site, Vec<Label>)> {
    let body = obligation.bound.body;
    let scope = index.body(body).local(obligation.local).region;
    let end = obligation.ended.iter().chain(&obligation.handed_on).min().copied().unwrap_or(NodeId(u32::MAX));
    let alive = |site: &Site| {
        let around = index.body(body).outwards(index.body(body).node(site.node).region);
        site.node >= filled && site.node < end && around.map(|(region, _)| region).any(|at| at == scope)
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
    sites.filter(|site| index.ends_the_process(*site))
}
