//! `blocking-in-async`: a call keeps a worker of the async runtime waiting or busy, again and again, so that all other tasks on it stand still.

use crate::catalogue::{Calls, Runs};
use crate::diagnostic::{Confidence, Diagnostic, Label, grouped_by};
use crate::facts::model::{NodeId, Op, RegionId};
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
    // The same call again in the same function is the same flaw.
    let found = calls.filter_map(|site| diagnose(index, site));
    grouped_by(found.map(|diagnostic| ((diagnostic.item.clone(), diagnostic.subject.clone()), diagnostic)))
}

fn diagnose(index: &Index, site: Site) -> Option<Diagnostic> {
    let path = index.external(site)?;
    let panics = index.catalogue().lists(Calls::PanicsInAsync, path);
    let long = panics || index.catalogue().lists(Calls::Blocks, path);
    if !(long || index.catalogue().lists(Calls::BlocksBriefly, path))
        || index.is_test(site.body)
        || index.is_intended(index.span(site))
        || returns_at_once(index, site)
    {
        return None;
    }
    let worker = index.on_worker(site)?;
    let (often, repeated) = repeated(index, &worker)?;
    let confidence = match (long, worker.distance) {
        (false, _) => Confidence::Hint,
        (true, 0) => Confidence::Certain,
        (true, _) => Confidence::Likely,
    };
    let mut evidence: Vec<Label> = Vec::new();
    for label in worker.evidence.into_iter().chain(repeated) {
        if !evidence.contains(&label) {
            evidence.push(label);
        }
    }
    Some(
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
    )
}

/// Whether the call itself, or the branch it stands in, says that there is nothing to wait for: `lock(file, LockExclusiveNonblock)`, `join()` behind
/// `is_finished()`.
fn returns_at_once(index: &Index, site: Site) -> bool {
    let (body, info) = (index.body(site.body), index.info(site.body));
    let says_so = |node: &NodeId| match &body.node(*node).op {
        Op::Path(path) => path.last().to_lowercase().contains("nonblock"),
        _ => false,
    };
    let mut operands = Vec::new();
    body.node(site.node).op.operands(&mut |operand| operands.push(operand));
    let is_asked =
        |node: NodeId| index.external(Site { node, ..site }).is_some_and(|path| path.ends_with("::is_finished"));
    let asks_before = |region: RegionId| match info.region_node(region).map(|owner| &body.node(owner).op) {
        Some(Op::If { condition, then, .. }) if *then == region => {
            let asked = body.node(*condition).range;
            body.iter().any(|(node, n)| asked.contains(n.range) && is_asked(node))
        }
        _ => false,
    };
    operands.iter().any(says_so) || body.outwards(body.node(site.node).region).any(|(region, _)| asks_before(region))
}

/// How often the async code comes there, and why: for every request, in a loop that waits for work, or in a task beside others. What a program does once
/// before it serves harms nobody, however often it does it then.
fn repeated(index: &Index, worker: &OnWorker) -> Option<(&'static str, Vec<Label>)> {
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
    let in_task = index.runs_in(entry, Runs::Task) && service();
    in_task.then(|| ("in a task beside others", Vec::new()))
}
