//! `blocking-in-async`: a call keeps a worker of the async runtime waiting or busy, again and again, so that all other tasks on it stand still.

use crate::catalogue::{Calls, Runs};
use crate::diagnostic::{Confidence, Diagnostic, Label, grouped_by};
use crate::facts::model::{Body, Literal, Node, NodeId, Op, RegionId};
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
    // What is done before giving up is done once.
    let confidence = match worker.distance {
        _ if !long || gives_up(index, site) => Confidence::Hint,
        0 => Confidence::Certain,
        _ => Confidence::Likely,
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
        Op::Path(path) => path.last().to_lowercase().contains("nonblock") || path.last() == "ZERO",
        Op::Call { callee, arguments } => is_no_time(body, *callee, arguments),
        _ => false,
    };
    let receiver = match body.node(site.node).op {
        Op::Method { receiver, .. } => body.node(receiver).op.clone(),
        _ => Op::Unseen,
    };
    let is_told_before = |(at, n): (NodeId, &Node)| match &n.op {
        Op::Method { receiver: of, name, arguments, .. } => {
            let same = match (&receiver, &body.node(*of).op) {
                (Op::Local(used), Op::Local(told)) => used == told,
                _ => false,
            };
            same && at < site.node && name == "set_nonblocking" && arguments.iter().any(|a| is_true(&body.node(*a).op))
        }
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
    operands.iter().any(says_so)
        || body.iter().any(is_told_before)
        || body.outwards(body.node(site.node).region).any(|(region, _)| asks_before(region))
}

/// Whether a call stands in a branch that ends the function with an error.
fn gives_up(index: &Index, site: Site) -> bool {
    let body = index.body(site.body);
    let around = body.outwards(body.node(site.node).region).take_while(|(region, _)| *region != Body::ROOT);
    around
        .map(|(region, _)| region)
        .any(|region| index.is_entered_by_error(site.body, region) && index.fails_at_end(site.body, region))
}

/// `Duration::from_secs(0)`
fn is_no_time(body: &Body, callee: NodeId, arguments: &[NodeId]) -> bool {
    let makes_time = matches!(&body.node(callee).op, Op::Path(path) if path.last().starts_with("from_"));
    let is_zero =
        |node: &NodeId| matches!(&body.node(*node).op, Op::Literal(Literal::Number(digits, _)) if digits == "0");
    makes_time && matches!(arguments, [only] if is_zero(only))
}

fn is_true(op: &Op) -> bool {
    matches!(op, Op::Literal(Literal::Bool(true)))
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
