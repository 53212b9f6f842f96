//! `blocking-in-async`: a call keeps a worker of the async runtime waiting or busy, again and again, so that all other tasks on it stand still.

use ustr::Ustr;

use crate::catalogue::{Calls, Effect, Runs};
use crate::diagnostic::{Confidence, Diagnostic, Label, grouped_by};
use crate::facts::model::{Body, Op, RegionId, RegionKind};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::calls::contexts::{Repeated, Repeats};
use crate::index::calls::workers::OnWorker;
use crate::index::declared::defs::BodyRef;
use crate::source::Span;

const ID: &str = "blocking-in-async";

const WAITS: &str = "no other task on this thread moves until it returns";
const WRITES: &str = "no other task on this thread moves until all is written that a client has sent";
const INSIDE: &str = "it drives a runtime of its own, which cannot be done inside of another";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let calls = index.bodies().flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }));
    grouped_by(calls.filter_map(|site| diagnose(index, site)))
}

/// One flaw: the same call again in the same function, all that one loop calls, and the same in another build, since one call leads to both.
#[derive(PartialEq, Eq, Hash)]
struct Flaw {
    from: From,
    called: Called,
    /// A hint is not shown with what is more than that.
    confidence: Confidence,
}

#[derive(PartialEq, Eq, Hash)]
enum Called {
    Path(Ustr),
    InLoop(Span),
}

/// Through how many plain functions async code is thought to come to what it calls: further away most is done seldom. What keeps its thread for long is a hint
/// one function further in, and what panics as far as it is followed: of ten such findings four were never come to.
const HELPERS: usize = 2;

/// How many ways are looked at until one is found that surely comes along often.
const WAYS: usize = 8;

/// Through how many plain functions another caller than the nearest is looked for: of nine such findings that were further away six were false.
const OTHERS: usize = 1;

/// How long a call keeps its thread.
enum Length {
    Long,
    /// Brief by itself, and one of many that a loop runs.
    Many(Label),
    /// Brief by itself, and as long as there is something that a client has sent.
    Sent,
    Brief,
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

/// A call that may keep its thread.
struct Blocking {
    site: Site,
    path: Ustr,
    /// It cannot be done on a worker at all.
    panics: bool,
    /// It keeps its thread for long by itself.
    long: bool,
    brief: bool,
}

impl Blocking {
    fn at(index: &Index, site: Site) -> Option<Self> {
        let path = index.external(site)?;
        let lists = |list| index.catalogue().lists(list, path);
        let panics = lists(Calls::PanicsInAsync);
        let long = panics || lists(Calls::Blocks) || index.waits_for_a_peer(site);
        let brief = lists(Calls::BlocksBriefly);
        (long || brief || index.writes_a_file(site)).then_some(Self { site, path, panics, long, brief })
    }

    /// Whether it is there for a moment, for tests only, or meant; what is awaited has an asynchronous namesake, and is that.
    fn is_right(&self, index: &Index) -> bool {
        index.is_test(self.site.body)
            || index.is_intended(index.span(self.site))
            || index.returns_at_once(self.site)
            || is_stand_in(index, self.site)
            || index.is_awaited(self.site)
    }
}

fn diagnose(index: &Index, site: Site) -> Option<(Flaw, Diagnostic)> {
    let call = Blocking::at(index, site).filter(|call| !call.is_right(index))?;
    let helpers = if call.long { HELPERS + 1 } else { HELPERS };
    let mut near = index.workers(site).take_while(|worker| call.panics || worker.distance <= helpers);
    let nearest = for_worker(index, &call, near.next()?);
    let sure = |(_, found): &(Flaw, Diagnostic)| found.confidence > Confidence::Hint;
    if nearest.as_ref().is_some_and(sure) {
        return nearest;
    }
    // What the nearest does seldom may be all the work of another.
    let others = near.take(WAYS).take_while(|worker| worker.distance <= OTHERS);
    let mut found = others.filter_map(|worker| for_worker(index, &call, worker));
    found.find(sure).or(nearest)
}

/// The finding that the way from some async code to a call gives by itself.
fn for_worker(index: &Index, call: &Blocking, worker: OnWorker) -> Option<(Flaw, Diagnostic)> {
    if worker.calls.iter().any(|call| index.ends_the_process_after(*call)) {
        return None;
    }
    let (site, path, panics) = (call.site, call.path, call.panics);
    let often = often(index, site, &worker, panics)?;
    let length = if call.long { Length::Long } else { length(index, site, call.brief, &worker, &often)? };
    let confidence = confidence(index, site, path, &length, &worker, &often);
    let from = From::of(index, site, &worker);
    let called = match &length {
        Length::Many(around) => Called::InLoop(around.span),
        _ => Called::Path(path),
    };
    let (label, around) = match length {
        Length::Many(around) => (WAITS, Some(around)),
        Length::Sent => (WRITES, None),
        Length::Long | Length::Brief => (if panics { INSIDE } else { WAITS }, None),
    };
    let mut evidence: Vec<Label> = Vec::new();
    for label in around.into_iter().chain(worker.evidence).chain(often.evidence) {
        if !evidence.contains(&label) {
            evidence.push(label);
        }
    }
    Some((
        Flaw { from, called, confidence: confidence.min(Confidence::Likely) },
        Diagnostic::new(
            ID,
            confidence,
            format!("`{path}` {} a worker of the async runtime {}", if panics { "panics on" } else { "blocks" }, often.words),
            Label::new(index.name_span(site), label),
        )
        .about(index.item_path(site.body), path.as_str())
        .evidence(evidence)
        .note("an async runtime has a few threads for all tasks: while one waits outside of `.await`, requests, timers and health checks on it stand still")
        .help("await the async form of it, or hand the work to a thread that may block, as by `spawn_blocking`"),
    ))
}

/// How sure it is that a worker is held up for long enough, and often enough, to matter.
fn confidence(index: &Index, site: Site, path: Ustr, length: &Length, worker: &OnWorker, often: &Often) -> Confidence {
    match (length, worker.distance) {
        (Length::Brief, _) => Confidence::Hint,
        // Of fourteen loops over files, eight were nothing that anybody would change, but none of those over folders.
        (Length::Many(_), _) if !index.catalogue().lists(Calls::Sweeps, path) => Confidence::Hint,
        (_, distance) if distance > HELPERS => Confidence::Hint,
        _ if often.by_operator || sets_up_anew(index, worker, often, path) => Confidence::Hint,
        (Length::Sent, _) if index.has_a_size_limit(site) => Confidence::Hint,
        _ if worker.calls.iter().any(|call| index.makes_what_is_missing(call.body)) => Confidence::Hint,
        // What is done before giving up is done once, and what mends something rarely.
        _ if gives_up(index, site) || mends(index, site) || clears_up(index, worker.entry) => Confidence::Hint,
        (Length::Long, 0) => Confidence::Certain,
        _ => Confidence::Likely,
    }
}

/// `.build().unwrap_or_else(|_| Client::new())`: what is only done where the same client could not be made is seldom done.
fn is_stand_in(index: &Index, site: Site) -> bool {
    let made = |site: Site| index.callable(site).and_then(|callable| callable.constructs);
    made(site).is_some() && index.stands_in_for(site).is_some_and(|first| made(first) == made(site))
}

/// Whether a loop comes to it as often as it opens something anew: what a database is set up with in a constructor.
fn sets_up_anew(index: &Index, worker: &OnWorker, often: &Often, path: Ustr) -> bool {
    let is_transaction = |owner: Ustr| index.kind(owner).is_some_and(|kind| kind == "transaction");
    let of_database = index.catalogue().callable(path).is_some_and(|callable| {
        callable.effect == Some(Effect::Database) || callable.closes.is_some_and(is_transaction)
    });
    let in_constructor =
        |call: &Site| index.function_of(call.body).is_some_and(|function| index.is_constructor(function));
    of_database && !often.by_request && worker.calls.iter().any(in_constructor)
}

/// How long a call keeps its thread that is brief by itself, or else that only matters for what it writes.
fn length(index: &Index, site: Site, brief: bool, worker: &OnWorker, often: &Often) -> Option<Length> {
    let way: Vec<Site> = worker.calls[1..].iter().chain(&often.way).copied().collect();
    // What runs on a thread of its own further out has made a runtime there, and begins with it.
    let apart = |site: &Site| index.runs_in(*site, Runs::Thread) || index.runs_in(*site, Runs::Blocking);
    let by_size = index.external(site).is_some_and(|path| index.catalogue().lists(Calls::BySize, path));
    let many = || index.one_of_many(&worker.calls).filter(|_| by_size && !way.iter().any(apart)).map(Length::Many);
    let sent = || (often.by_request && index.writes_what_is_sent(site, &way)).then_some(Length::Sent);
    many().or_else(sent).or_else(|| brief.then_some(Length::Brief))
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

/// How often the async code comes to a call, and why.
struct Often {
    words: &'static str,
    evidence: Vec<Label>,
    /// The calls that lead to the async code from what repeats it, the innermost first.
    way: Vec<Site>,
    by_request: bool,
    /// Only for requests by which somebody looks after the program.
    by_operator: bool,
}

/// For every request, in a loop that waits for work, or in a task beside others. What a program does once before it serves harms nobody, however often it
/// does it then.
fn often(index: &Index, site: Site, worker: &OnWorker, panics: bool) -> Option<Often> {
    let entry = worker.entry;
    let service = || index.services_reaching(entry.body).next().is_some();
    let counts = |body: BodyRef, region: RegionId| {
        let is_endless = || index.loops_around(entry).iter().any(|around| around.region == region && around.endless);
        index.body(body).region(region).kind != RegionKind::Loop
            || index.is_work_loop(body, region)
            || body == entry.body && is_endless()
    };
    if let Some(repeated) = usual_way(index, entry, &counts) {
        let by_operator = index.is_asked_by_operator(entry, &repeated);
        let Repeated { repeats, evidence, way, .. } = repeated;
        let by_request = repeats == Repeats::Request;
        return (by_request || service()).then(|| Often {
            words: repeats.words(),
            evidence,
            way,
            by_request,
            by_operator,
        });
    }
    // At the end of a task there is not much beside it; what panics does so there as well.
    let comes_last = || [site, entry].into_iter().any(|at| index.is_teardown(at)) || follows_a_loop(index, entry);
    let in_task = index.runs_in(entry, Runs::Task) && service() && (panics || !comes_last());
    let words = "in a task beside others";
    in_task.then(|| Often { words, evidence: Vec::new(), way: Vec::new(), by_request: false, by_operator: false })
}

/// The shortest way in which a site comes to run again and again for more than an operator, or else for one.
fn usual_way(index: &Index, site: Site, counts: &dyn Fn(BodyRef, RegionId) -> bool) -> Option<Repeated> {
    let mut ways = index.all_repeated_in(site, counts).take(WAYS);
    let shortest = ways.next()?;
    let is_usual = |way: &Repeated| !index.is_asked_by_operator(site, way);
    let usual = if is_usual(&shortest) { None } else { ways.find(is_usual) };
    Some(usual.unwrap_or(shortest))
}

/// Whether a loop stands before a site, in a block around it: what a task is there for has been done.
fn follows_a_loop(index: &Index, site: Site) -> bool {
    let body = index.body(site.body);
    let around: Vec<RegionId> = body.outwards(body.node(site.node).region).map(|(region, _)| region).collect();
    let is_loop = |op: &Op| matches!(op, Op::Loop { .. });
    body.iter().take(site.node.index()).any(|(_, n)| is_loop(&n.op) && around.contains(&n.region))
}
