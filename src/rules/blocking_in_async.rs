//! `blocking-in-async`: a call keeps a worker of the async runtime waiting or busy, again and again, so that all other tasks on it stand still.

use crate::catalogue::{Calls, Runs};
use crate::diagnostic::{Confidence, Diagnostic, Label, grouped_by};
use crate::facts::model::{Body, Op, RegionId};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::calls::contexts::Repeats;
use crate::index::calls::workers::OnWorker;
use crate::index::declared::defs::BodyRef;

const ID: &str = "blocking-in-async";

const WAITS: &str = "no other task on this thread moves until it returns";
const INSIDE: &str = "it drives a runtime of its own, which cannot be done inside of another";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let calls = index.bodies().flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }));
    // The same call again in the same function is the same flaw, and so is that of another build: one call leads to both.
    let found = calls.filter_map(|site| diagnose(index, site));
    grouped_by(found.map(|(from, diagnostic)| ((from, diagnostic.subject.clone()), diagnostic)))
}

/// Where a call stands: in an item, or in one of several that stand for each other in different builds, and that the same call leads to.
#[derive(PartialEq, Eq, Hash)]
enum From {
    Item(String),
    Call(Site, String),
}

impl From {
    fn of(index: &Index, site: Site, worker: &OnWorker) -> Self {
        let item = index.item_path(site.body);
        let alternatives = index.function_of(site.body).is_some_and(|function| index.stands_for_another(function));
        match (worker.entry == site, item.rsplit("::").next()) {
            (false, Some(name)) if alternatives => From::Call(worker.entry, name.to_owned()),
            _ => From::Item(item),
        }
    }
}

fn diagnose(index: &Index, site: Site) -> Option<(From, Diagnostic)> {
    let path = index.external(site)?;
    let panics = index.catalogue().lists(Calls::PanicsInAsync, path);
    let long = panics || index.catalogue().lists(Calls::Blocks, path) || index.waits_for_a_peer(site);
    if !(long || index.catalogue().lists(Calls::BlocksBriefly, path))
        || index.is_test(site.body)
        || index.is_intended(index.span(site))
        || index.returns_at_once(site)
    {
        return None;
    }
    let worker = index.on_worker(site)?;
    let (often, repeated) = repeated(index, site, &worker, panics)?;
    // What is done before giving up is done once, and what mends something rarely.
    let confidence = match worker.distance {
        _ if !long || gives_up(index, site) => Confidence::Hint,
        _ if mends(index, site) || clears_up(index, worker.entry) => Confidence::Hint,
        0 => Confidence::Certain,
        _ => Confidence::Likely,
    };
    let from = From::of(index, site, &worker);
    let mut evidence: Vec<Label> = Vec::new();
    for label in worker.evidence.into_iter().chain(repeated) {
        if !evidence.contains(&label) {
            evidence.push(label);
        }
    }
    Some((
        from,
        Diagnostic::new(
            ID,
            confidence,
            format!("`{path}` {} a worker of the async runtime {often}", if panics { "panics on" } else { "blocks" }),
            Label::new(index.name_span(site), if panics { INSIDE } else { WAITS }),
        )
        .about(index.item_path(site.body), path.as_str())
        .evidence(evidence)
        .note("an async runtime has a few threads for all tasks: while one waits outside of `.await`, requests, timers and health checks on it stand still")
        .help("await the async form of it, or hand the work to a thread that may block, as by `spawn_blocking`"),
    ))
}

/// Whether a call stands in a branch that ends the function with an error.
fn gives_up(index: &Index, site: Site) -> bool {
    let body = index.body(site.body);
    let around = body.outwards(body.node(site.node).region).take_while(|(region, _)| *region != Body::ROOT);
    around
        .map(|(region, _)| region)
        .any(|region| index.is_entered_by_error(site.body, region) && index.fails_at_end(site.body, region))
}

/// Whether a call stands in a branch that is entered where an operation has failed, and does more there than to wait before the next round of a loop.
fn mends(index: &Index, site: Site) -> bool {
    let waits = index.external(site).is_some_and(|path| index.catalogue().lists(Calls::Pauses, path));
    let backs_off = waits && !index.loops_around(site).is_empty();
    !backs_off && follows(index, site, &|failed| index.effect(failed).is_some())
}

/// Whether a call stands in a branch that is entered where the time for something is over.
fn clears_up(index: &Index, site: Site) -> bool {
    follows(index, site, &|failed| is_over(index, failed))
}

/// Whether a value is what a deadline gave, perhaps by way of a variable.
fn is_over(index: &Index, value: Site) -> bool {
    match index.node(value).op {
        Op::Await(node) => index.bounds_time(Site { node, ..value }),
        Op::Local(local) => {
            let init = index.init_of(value.body, local).filter(|init| *init < value.node);
            init.is_some_and(|node| is_over(index, Site { node, ..value }))
        }
        _ => false,
    }
}

/// Whether a call stands in a branch of its body that is entered by the error of something that `wanted` accepts.
fn follows(index: &Index, site: Site, wanted: &dyn Fn(Site) -> bool) -> bool {
    let body = index.body(site.body);
    let mut around = body.outwards(body.node(site.node).region).take_while(|(region, _)| *region != Body::ROOT);
    around.any(|(region, _)| index.failed_before(site.body, region).is_some_and(wanted))
}

/// How often the async code comes there, and why: for every request, in a loop that waits for work, or in a task beside others. What a program does once
/// before it serves harms nobody, however often it does it then.
fn repeated(index: &Index, site: Site, worker: &OnWorker, panics: bool) -> Option<(&'static str, Vec<Label>)> {
    let entry = worker.entry;
    let service = || index.services_reaching(entry.body).next().is_some();
    let counts = |body: BodyRef, region: RegionId| {
        let is_endless = || index.loops_around(entry).iter().any(|around| around.region == region && around.endless);
        index.is_work_loop(body, region) || body == entry.body && is_endless()
    };
    if let Some(repeated) = index.repeated_if(entry, &counts) {
        let known = repeated.repeats == Repeats::Request || service();
        return known.then_some((repeated.repeats.words(), repeated.evidence));
    }
    // At the end of a task there is not much beside it; what panics does so there as well.
    let comes_last = || [site, entry].into_iter().any(|at| index.is_teardown(at)) || follows_a_loop(index, entry);
    let in_task = index.runs_in(entry, Runs::Task) && service() && (panics || !comes_last());
    in_task.then(|| ("in a task beside others", Vec::new()))
}

/// Whether a loop stands before a site, in a block around it: what a task is there for has been done.
fn follows_a_loop(index: &Index, site: Site) -> bool {
    let body = index.body(site.body);
    let around: Vec<RegionId> = body.outwards(body.node(site.node).region).map(|(region, _)| region).collect();
    let is_loop = |op: &Op| matches!(op, Op::Loop { .. });
    body.iter().take(site.node.index()).any(|(_, n)| is_loop(&n.op) && around.contains(&n.region))
}
